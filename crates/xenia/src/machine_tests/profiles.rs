//! Tests of profiles: they do not change the run.

use super::{instructions, poller};
use crate::config::{MachineConfig, VideoConfig};
use crate::machine::{Machine, MachineOptions};
use crate::report::RunReport;
use std::path::Path;

fn run(profile: Option<&Path>) -> RunReport {
    let (engine, picture) = (MachineConfig::default(), VideoConfig::default());
    let options = MachineOptions { profile, ..MachineOptions::new(&engine, &picture) };
    Machine::new(&poller(), options).unwrap().run(&instructions(), None).report
}

#[test]
fn a_profile_does_not_change_the_run() {
    let dir = tempfile::tempdir().unwrap();
    let alone = run(None);
    assert!(alone.digest.is_some());
    for name in ["p.json", "p.json.gz", "p.svg", "p.txt"] {
        let path = dir.path().join(name);
        let profiled = run(Some(&path));
        assert_eq!((&profiled.digest, profiled.instructions), (&alone.digest, alone.instructions));
        assert!(path.metadata().unwrap().len() > 100, "{name}");
    }
    let text = std::fs::read_to_string(dir.path().join("p.txt")).unwrap();
    assert!(text.contains("XamInputGetState"), "{text}");
}
