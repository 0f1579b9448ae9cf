//! Tests of shards whose units are shell scripts that print reports as the program does.
#![cfg(unix)]

use super::*;
use crate::merge::merge_folder;
use crate::unit::{Bounds, UnitInput, UnitKind};

/// Plans units that run the shell script `script`, with the unit's number as $0.
fn plan(folder: &Path, scripts: &[&str]) {
    let build = InputHashes::default().hash(Path::new("/bin/sh")).unwrap();
    let limits = Bounds { seconds: 600, memory_mib: 4096, output_kib: 64 };
    let units: Vec<SweepUnit> = scripts
        .iter()
        .enumerate()
        .map(|(number, script)| {
            let words = ["-c", script, &number.to_string()].map(UnitWord::from).to_vec();
            let name = format!("unit {number}");
            let kind = UnitKind::Title;
            let mut unit = SweepUnit {
                id: String::new(),
                name,
                kind,
                words,
                inputs: vec![],
                expect: None,
                ends: None,
                picture: false,
                limits,
            };
            unit.id = unit.id_under(&build);
            unit
        })
        .collect();
    write(folder, &build, &units);
}

fn write(folder: &Path, build: &str, units: &[SweepUnit]) {
    std::fs::create_dir_all(folder).unwrap();
    lines::write_whole(&folder.join(UNITS), |out| {
        serde_json::to_writer(&mut *out, &UnitsHeader::new("sh", build, folder, units.len()))?;
        for unit in units {
            out.write_all(b"\n")?;
            serde_json::to_writer(&mut *out, unit)?;
        }
        out.write_all(b"\n")
    })
    .unwrap();
}

const GOOD: &str = "echo '{\"exit\":\"exit\",\"digest\":\"'$0'\"}'; echo $0 >> ran";

fn shard(folder: &Path, out: &Path, shard: &str) -> std::result::Result<ShardSummary, String> {
    shard_times(folder, out, shard, 1)
}

fn shard_times(
    folder: &Path,
    out: &Path,
    shard: &str,
    times: u32,
) -> std::result::Result<ShardSummary, String> {
    let config = RunConfig {
        plan: folder,
        out,
        shard: shard.parse().unwrap(),
        jobs: 2,
        times,
        root: None,
        executable: Path::new("/bin/sh"),
        launcher: &[],
    };
    run(&config, &AtomicBool::new(false), &|_| {}).map_err(|error| error.to_string())
}

/// Number of runs of units.
fn ran(folder: &Path) -> usize {
    std::fs::read_to_string(folder.join("ran")).unwrap_or_default().lines().count()
}

#[test]
fn any_number_of_shards_gives_the_same_result() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("plan");
    plan(&folder, &[GOOD; 20]);
    let mut hashes = Vec::new();
    for of in [1, 3, 7] {
        let out = dir.path().join(format!("out{of}"));
        for index in 0..of {
            shard(&folder, &out, &format!("{index}/{of}")).unwrap();
        }
        let merged = merge_folder(&out).unwrap();
        assert_eq!((merged.units, merged.missing, merged.repeated), (20, 0, 0));
        hashes.push(merged.hash);
    }
    hashes.dedup();
    assert_eq!(hashes.len(), 1);
}

#[test]
fn finished_units_are_not_run_again() {
    let dir = tempfile::tempdir().unwrap();
    plan(dir.path(), &[GOOD; 6]);
    let summary = shard(dir.path(), dir.path(), "0/2").unwrap();
    let first = summary.progress.done;
    assert_eq!(summary.progress.runs, first);
    assert_eq!(ran(dir.path()) as u64, first);
    let summary = shard(dir.path(), dir.path(), "0/1").unwrap();
    assert_eq!((summary.progress.found, summary.progress.done), (first, 6 - first));
    assert_eq!(shard(dir.path(), dir.path(), "0/1").unwrap().progress.done, 0);
    assert_eq!(ran(dir.path()), 6);
}

#[test]
fn results_of_an_earlier_plan_are_left_out_and_counted() {
    let dir = tempfile::tempdir().unwrap();
    plan(dir.path(), &[GOOD; 4]);
    shard(dir.path(), dir.path(), "0/1").unwrap();
    let first = merge_folder(dir.path()).unwrap();
    // A new plan with half of the units and one more.
    plan(dir.path(), &[GOOD, GOOD, "exit 1"]);
    assert_eq!(shard(dir.path(), dir.path(), "0/1").unwrap().progress.found, 2);
    let merged = merge_folder(dir.path()).unwrap();
    assert_eq!((merged.units, merged.others, merged.failed.len()), (3, 2, 1));
    assert!(first.failed.is_empty() && first.others == 0);
}

#[test]
fn units_are_run_until_there_are_enough_lines_of_each() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("plan");
    plan(&folder, &[GOOD; 3]);
    let counts = |times| {
        let progress = shard_times(&folder, &folder, "0/1", times).unwrap().progress;
        (progress.runs, progress.found, progress.done)
    };
    assert_eq!(counts(1), (3, 0, 3));
    assert_eq!(counts(3), (9, 3, 6));
    assert_eq!(counts(2), (6, 6, 0));
    let merged = merge_folder(&folder).unwrap();
    assert_eq!((ran(&folder), merged.units, merged.repeated), (9, 3, 6));
    let least = files_of_results(&folder).unwrap().into_iter().flat_map(|file| {
        let text = std::fs::read_to_string(&file).unwrap();
        text.lines().map(|line| serde_json::from_str::<Outcome>(line).unwrap()).collect::<Vec<_>>()
    });
    let least = least.filter(|line| line.id == merged.rows[0].id).map(|line| line.cpu_seconds);
    assert_eq!(least.min_by(f64::total_cmp), Some(merged.rows[0].cpu_seconds));
}

#[test]
fn a_torn_line_is_done_again() {
    let dir = tempfile::tempdir().unwrap();
    plan(dir.path(), &[GOOD; 3]);
    shard(dir.path(), dir.path(), "0/1").unwrap();
    let whole = merge_folder(dir.path()).unwrap();
    let file = files_of_results(dir.path()).unwrap().remove(0);
    let text = std::fs::read(&file).unwrap();
    for cut in [1, 2, 50] {
        std::fs::write(&file, &text[..text.len() - cut]).unwrap();
        assert_eq!(merge_folder(dir.path()).unwrap().missing, 1);
        assert_eq!(shard(dir.path(), dir.path(), "0/1").unwrap().progress.done, 1);
        let merged = merge_folder(dir.path()).unwrap();
        assert_eq!((merged.hash, merged.missing), (whole.hash.clone(), 0));
        for again in files_of_results(dir.path()).unwrap().iter().filter(|other| **other != file) {
            std::fs::remove_file(again).unwrap();
        }
    }
}

#[test]
fn crashes_are_results_with_output_and_kills_are_missing() {
    let dir = tempfile::tempdir().unwrap();
    plan(dir.path(), &[GOOD, "echo oh dear >&2; kill -SEGV $$", "kill -KILL $$"]);
    let summary = shard(dir.path(), dir.path(), "0/1").unwrap();
    assert_eq!((summary.progress.done, summary.progress.bad, summary.progress.lost), (2, 1, 1));
    let merged = merge_folder(dir.path()).unwrap();
    assert_eq!((merged.units, merged.missing, merged.failed.len()), (2, 1, 1));
    let failed = &merged.failed[0];
    assert_eq!((failed.result, failed.said.as_str()), (Verdict::Crash, "signal 11: oh dear"));
    let report = std::fs::read_to_string(dir.path().join(failed.report.as_ref().unwrap())).unwrap();
    assert!(report.contains("unit 1\nexit 139\n") && report.contains("oh dear"), "{report}");
}

#[test]
fn another_plan_another_program_and_other_files_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let one = dir.path().join("one");
    let other = dir.path().join("other");
    let out = dir.path().join("out");
    plan(&one, &[GOOD]);
    plan(&other, &["true"]);
    shard(&one, &out, "0/1").unwrap();
    assert!(shard(&other, &out, "0/1").unwrap_err().contains("another plan's results are here"));
    let file = dir.path().join("input");
    std::fs::write(&file, "1").unwrap();
    let (header, mut units) = unit::read(&one.join(UNITS)).unwrap();
    units[0]
        .inputs
        .push(UnitInput { path: file.clone(), blake3: InputHashes::default().hash(&file).unwrap() });
    units[0].words.push(UnitWord::Input { input: 0 });
    units[0].id = units[0].id_under(&header.build);
    write(&one, &header.build, &units);
    std::fs::write(&file, "2").unwrap();
    let out = dir.path().join("changed");
    assert!(shard(&one, &out, "0/1").unwrap_err().contains("it has changed since the sweep was planned"));
    for unit in &mut units {
        unit.id = unit.id_under("build");
    }
    write(&one, "build", &units);
    assert!(
        shard(&one, &dir.path().join("more"), "0/1").unwrap_err().contains("it is for sh of build build")
    );
}
