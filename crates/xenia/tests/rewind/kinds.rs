//! Rewind where a machine has more than memory and threads: dialogs and other services, host
//! threads; and over a long way, with any title.

use super::*;
use std::collections::BTreeMap;
use std::path::PathBuf;
use xenia::config::{StartTime, Tier};
use xenia::machine::{MachinePosition, REWIND_INTERVAL, REWIND_MEMORY};
use xenia_sched::{RunEnd, TICKS_PER_SECOND};
use xenia_testing::{PACES, note_repeat};

#[test]
fn dialogs_and_services_are_as_they_were() {
    let maker = Maker::new("console-suite.xex", CpuConfig::default());
    let whole = maker.machine().run(&instruction_limit(40_000_000)).report;
    let mut machine = maker.machine();
    machine.set_rewind(Some(REWIND_MEMORY)).unwrap();
    for count in 1..20_u64 {
        machine.run_until(&instruction_limit(count * 2_000_000));
        // A moment that cannot be saved is passed over, as in a run.
        let _ = machine.make_checkpoint();
        let checkpoints = machine.checkpoints().len();
        if count % 4 == 0 {
            machine.go_back_to(checkpoints.saturating_sub(3)).unwrap();
        }
    }
    assert_same(&machine.run(&instruction_limit(40_000_000)).report, &whole, "after all");
}

#[test]
fn a_parallel_machine_goes_back() {
    let mut failed: Vec<String> = Vec::new();
    for pace in PACES {
        if let Some(why) = failed.last() {
            note_repeat(why);
        }
        match suite_that_goes_back(pace) {
            Ok(()) => return,
            Err(text) => failed.push(format!("steps of {pace} ms: {text}")),
        }
    }
    panic!("{}", failed.join("\n"));
}

/// Runs sync-suite in parallel mode, and goes back ten times; an error with the failed cases.
fn suite_that_goes_back(pace: u32) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let suite = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../guest/bin/sync-suite.xex"));
    std::fs::copy(suite, folder.path().join("default.xex")).unwrap();
    std::fs::write(folder.path().join("pace"), pace.to_string()).unwrap();
    let cpu = CpuConfig {
        tier: Tier::interpreted_if(std::env::var_os("XENIA_REWIND_INTERP").is_some()),
        ..CpuConfig::default()
    };
    let mut maker = Maker::of(folder.path(), GpuKind::None, cpu);
    maker.config.executor.parallel = true;
    maker.config.start_time = Some(StartTime::At(1 << 57));
    let (sender, text) = std::sync::mpsc::channel();
    let mut machine = maker.saying(Box::new(move |part: &[u8]| drop(sender.send(part.to_vec()))));
    machine.set_rewind(Some(REWIND_MEMORY)).unwrap();
    let mut noted = BTreeMap::new();
    let mut returns = 0;
    let end = loop {
        // Two steps and a half.
        let ticks = Some(machine.position().now + u64::from(pace) * TICKS_PER_SECOND / 400);
        match machine.run_until(&Limits { ticks, ..Limits::default() }) {
            RunEnd::Ticks => {}
            end => break end,
        }
        if machine.make_checkpoint().is_err() {
            continue;
        }
        noted.insert(machine.position().now, machine.save_state().unwrap());
        let checkpoints = machine.checkpoints();
        if returns < 10 && checkpoints.len() > 3 {
            returns += 1;
            let to = checkpoints.len() - 3;
            machine.go_back_to(to).unwrap();
            let found = machine.save_state().unwrap();
            let before = &noted[&checkpoints[to].now];
            for (found, before) in found.sections().iter().zip(before.sections()) {
                assert!(found == before, "return {returns}: {}", before.name);
            }
        }
    };
    assert!(matches!(end, RunEnd::Ended(_)) && returns > 3, "{end:?} after {returns} returns");
    if machine.run(&Limits::default()).report.exit_code == Some(0) {
        return Ok(());
    }
    let text: Vec<u8> = text.try_iter().flatten().collect();
    let lines = String::from_utf8_lossy(&text);
    let failed: Vec<&str> = lines.lines().filter(|line| line.contains(" FAIL ")).collect();
    Err(format!("after {returns} returns {failed:?}"))
}

/// Seconds of guest time; `XENIA_REWIND_SECONDS` sets another number, `XENIA_REWIND_TITLE` and
/// `XENIA_REWIND_ARGUMENTS` another title than sync-suite.
const SECONDS: u64 = 2;

#[test]
fn a_title_rewinds_to_every_kept_checkpoint() {
    let variable = |name| std::env::var(name).ok();
    let title = variable("XENIA_REWIND_TITLE").map(PathBuf::from);
    let mut maker = match &title {
        Some(path) => Maker::of(path, GpuKind::Reference, CpuConfig::default()),
        None => Maker::new("sync-suite.xex", CpuConfig::default()),
    };
    let arguments = variable("XENIA_REWIND_ARGUMENTS").unwrap_or_default();
    maker.arguments = arguments.split_whitespace().map(str::to_owned).collect();
    let seconds = variable("XENIA_REWIND_SECONDS").map_or(SECONDS, |text| text.parse().unwrap());
    let mut machine = maker.machine();
    machine.set_rewind(Some(REWIND_MEMORY)).unwrap();
    let mut noted: BTreeMap<u64, (MachinePosition, String)> = BTreeMap::new();
    for number in 1..=seconds * TICKS_PER_SECOND / REWIND_INTERVAL {
        let ticks = Some(number * REWIND_INTERVAL);
        if machine.run_until(&Limits { ticks, ..Limits::default() }) != RunEnd::Ticks {
            break;
        }
        if machine.make_checkpoint().is_ok() {
            let position = machine.position();
            noted.insert(position.now, (position, machine.save_state().unwrap().identity()));
        }
    }
    let kept = machine.checkpoints();
    assert!(kept.len() > 1 && kept.len() <= noted.len(), "{} of {}", kept.len(), noted.len());
    for (index, position) in kept.iter().enumerate().rev() {
        machine.go_back_to(index).unwrap();
        let found = (machine.position(), machine.save_state().unwrap().identity());
        assert_eq!(noted.get(&position.now), Some(&found), "checkpoint {index}");
    }
    println!(
        "{} checkpoints, {} of them kept, in {} bytes",
        noted.len(),
        kept.len(),
        machine.checkpoint_memory()
    );
}
