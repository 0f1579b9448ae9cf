//! Tests sweeps of the program: limits that processes set for themselves, killed shards, tasks of a
//! Slurm array, and equal results.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};
use xenia_testing::hermetic;
#[cfg(unix)]
use xenia_testing::without_settings;

const PROGRAM: &str = env!("CARGO_BIN_EXE_xenia-rs");

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn sweep(words: &[&str]) -> Output {
    hermetic(PROGRAM).arg("sweep").args(words).output().unwrap()
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Plans these tables; returns the plan's folder.
fn plan(folder: &Path, tables: &str) -> String {
    let spec = folder.join("sweep.toml");
    std::fs::write(&spec, format!("root = '{}'\n{tables}", root().display())).unwrap();
    let out = folder.join("sweep").display().to_string();
    let planned = sweep(&["plan", spec.to_str().unwrap(), "--out", &out]);
    assert!(planned.status.success(), "{}", text(&planned));
    out
}

fn merged(folder: &str) -> serde_json::Value {
    let file = format!("{folder}/merged.json");
    let output = sweep(&["merge", folder, "--json", &file]);
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", text(&output));
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

const SMALL: &str = "[[title]]\npath = \"guest/bin/hello.xex\"\ninstructions = 100\nengines = [\"interp\", \"jit\"]\n\
                     [[conformance]]\npath = \"jit-tests/branch\"\nbatch = 8\n\
                     [[fuzz]]\nseeds = \"1..6\"\nblocks = 3\nbatch = 2\n";

/// Starts a shard, and kills it as soon as there is a result, or part of one. Returns whether it
/// was still at work.
fn is_killed_at_work(folder: &str, out: &str) -> bool {
    let mut child = hermetic(PROGRAM)
        .args(["sweep", "run", folder, "--out", out])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let written = || {
        let files = std::fs::read_dir(format!("{out}/results")).into_iter().flatten().flatten();
        files.map(|file| file.metadata().map_or(0, |metadata| metadata.len())).sum::<u64>() > 0
    };
    let start = Instant::now();
    while !written() && child.try_wait().unwrap().is_none() {
        assert!(start.elapsed() < Duration::from_mins(5), "no result");
        std::thread::sleep(Duration::from_millis(1));
    }
    let _ = child.kill();
    let status = child.wait().unwrap();
    // Elsewhere the exit code is that of the kill.
    !cfg!(unix) || status.code().is_none()
}

#[test]
fn a_killed_shard_resumes_with_the_same_result() {
    let dir = tempfile::tempdir().unwrap();
    let folder = plan(dir.path(), SMALL);
    let one = format!("{folder}/one");
    let killed = format!("{folder}/killed");
    let run = |out: &str, shard: &str| {
        let output = sweep(&["run", &folder, "--out", out, "--shard", shard]);
        assert!(output.status.success(), "{}", text(&output));
    };
    run(&one, "0/1");
    // It may end by itself if this thread gets no time.
    let is_killed = (0..20).any(|_| {
        let _ = std::fs::remove_dir_all(&killed);
        is_killed_at_work(&folder, &killed)
    });
    assert!(is_killed, "the shard always ended by itself");
    for shard in ["1/3", "2/3", "3/3"] {
        run(&killed, shard);
    }
    let one = merged(&one);
    let killed = merged(&killed);
    assert_eq!(one["units"], 2 + 2 + 3);
    assert_eq!((&one["missing"], &one["failed"]), (&0.into(), &serde_json::json!([])), "{one}");
    assert_eq!(
        (&killed["hash"], &killed["missing"], &killed["repeated"]),
        (&one["hash"], &0.into(), &0.into())
    );
}

/// Without Slurm: the two tasks of an array that begins at 7.
#[cfg(unix)]
#[test]
fn tasks_of_a_slurm_array_run_all_shards() {
    use std::process::Command;
    let dir = tempfile::tempdir().unwrap();
    let folder = plan(dir.path(), SMALL);
    let one = format!("{folder}/one");
    let array = format!("{folder}/array");
    let whole = sweep(&["run", &folder, "--out", &one]);
    assert!(whole.status.success(), "{}", text(&whole));
    for task in ["7", "8"] {
        let mut script = Command::new("bash");
        without_settings(&mut script);
        script.arg(root().join("deploy/slurm.sh")).args([&folder, &array]);
        script.envs([("XENIA_RS", PROGRAM), ("XENIA_CODE_CACHE", "off"), ("XENIA_SCRATCH", "off")]);
        script.envs([("SLURM_ARRAY_TASK_MIN", "7"), ("SLURM_ARRAY_TASK_COUNT", "2")]);
        script.env("SLURM_ARRAY_TASK_ID", task).env("SLURM_CPUS_PER_TASK", "1");
        let output = script.env("XDG_CONFIG_HOME", dir.path()).output().unwrap();
        assert!(output.status.success(), "{}", text(&output));
    }
    let one = merged(&one);
    let array = merged(&array);
    assert_eq!((&array["hash"], &array["missing"], &array["repeated"]), (&one["hash"], &0.into(), &0.into()));
}

/// A child process of `parent`.
#[cfg(unix)]
fn child_of(parent: u32) -> Option<u32> {
    std::fs::read_dir("/proc").unwrap().flatten().find_map(|entry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        // After the name, which may contain anything, come the state and the parent.
        let is_its = stat.rsplit_once(')')?.1.split_whitespace().nth(1)? == parent.to_string();
        is_its.then_some(pid)
    })
}

/// Finds the unit in /proc, and kills it.
#[cfg(unix)]
#[test]
fn a_sweep_with_killed_units_exits_with_the_restart_code() {
    use std::process::Command;
    const UNFINISHED: i32 = 75;
    let dir = tempfile::tempdir().unwrap();
    let folder =
        plan(dir.path(), "[[title]]\npath = \"guest/bin/demo.xex\"\ninstructions = 100_000_000_000\n");
    let mut shard = hermetic(PROGRAM)
        .args(["sweep", "run", &folder])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let start = Instant::now();
    let unit = loop {
        if let Some(unit) = child_of(shard.id()) {
            break unit;
        }
        assert!(shard.try_wait().unwrap().is_none() && start.elapsed() < Duration::from_mins(5), "no unit");
        std::thread::sleep(Duration::from_millis(1));
    };
    assert!(Command::new("kill").args(["-9", &unit.to_string()]).status().unwrap().success());
    let ended = shard.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(UNFINISHED), "{}", text(&ended));
    assert!(text(&ended).contains("1 unit ended by a signal from outside"), "{}", text(&ended));
    assert_eq!(merged(&folder)["missing"], 1);
    // The manifest must stop only on the exit code for wrong usage.
    let manifest = std::fs::read_to_string(root().join("deploy/kubernetes/sweep.yaml")).unwrap();
    let (_, rule) = manifest.split_once("action: FailIndex").unwrap();
    let codes: Vec<&str> = rule.lines().filter_map(|line| line.trim().strip_prefix("values: ")).collect();
    assert_eq!(codes, ["[2]"]);
    let wrong = sweep(&["run", "/nowhere"]);
    assert_eq!(wrong.status.code(), Some(2), "{}", text(&wrong));
}

#[test]
fn sweep_reports_units_over_memory_or_time_limits() {
    let dir = tempfile::tempdir().unwrap();
    // One MiB is less than the program's own pages.
    let tables = "[[title]]\npath = \"guest/bin/demo.xex\"\ninstructions = 100_000_000_000\nlimits.memory-mib = 1\n\
                  [[title]]\npath = \"guest/bin/demo.xex\"\ninstructions = 100_000_000_000\nlimits.seconds = 1\n";
    let folder = plan(dir.path(), tables);
    let output = sweep(&["run", &folder]);
    assert!(output.status.success(), "{}", text(&output));
    let merged = merged(&folder);
    assert_eq!(merged["results"], serde_json::json!({"memory": 1, "timeout": 1}), "{merged}");
    let report = merged["failed"][0]["report"].as_str().unwrap();
    assert!(Path::new(&folder).join(report).is_file());
}

#[test]
fn guest_fault_is_not_counted_as_an_emulator_crash() {
    let dir = tempfile::tempdir().unwrap();
    let of = |more: &str| {
        let title = "[[title]]\npath = \"guest/bin/hostile/recursion.xex\"\ninstructions = 1_000_000\n";
        let folder = plan(dir.path(), &format!("{title}{more}"));
        let results = format!("{folder}{}", more.len());
        let output = sweep(&["run", &folder, "--out", &results]);
        assert!(output.status.success(), "{}", text(&output));
        merged(&results)
    };
    let unstated = of("");
    let stated = of("ends = { \"recursion.xex\" = \"guest-fault\" }\n");
    assert_eq!(unstated["results"], serde_json::json!({"guest-fault": 1}), "{unstated}");
    assert_eq!(stated["results"], serde_json::json!({"pass": 1}), "{stated}");
    let digest = |merged: &serde_json::Value| merged["rows"][0]["digest"].as_str().map(str::to_owned);
    assert!(digest(&unstated).is_some(), "where it ended is the same each time");
    assert_eq!(digest(&unstated), digest(&stated));
}

#[test]
fn orphaned_sweep_unit_exits_without_running() {
    let output = sweep(&["unit", "--memory", "1", "--parent", "1", "--", "exports"]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    assert!(text(&output).contains("the process that started this one has ended"), "{}", text(&output));
}
