//! Tests of traces of calls: they do not change the run.

use super::{DATA, instructions, poller};
use crate::call_trace::TracedCalls;
use crate::config::{MachineConfig, VideoConfig};
use crate::machine::{Machine, MachineOptions};
use crate::report::RunReport;

fn run(traced_calls: Option<TracedCalls<'_>>) -> RunReport {
    let engine = MachineConfig::default();
    let picture = VideoConfig::default();
    let options = MachineOptions { traced_calls, ..MachineOptions::new(&engine, &picture) };
    Machine::new(&poller(), options).unwrap().run(&instructions()).report
}

#[test]
fn a_trace_does_not_change_the_run() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("trace");
    let filter = "xam:*".parse().unwrap();
    let traced = run(Some(TracedCalls { filter: &filter, file: Some(&path) }));
    let alone = run(None);
    assert!(traced.digest.is_some());
    assert_eq!((traced.digest, traced.instructions), (alone.digest, alone.instructions));
    let text = std::fs::read_to_string(&path).unwrap();
    let state = format!("state={:#010x}", DATA + 0x100);
    let calls = text.lines().filter(|line| line.contains("XamInputGetState(") && line.contains(&state));
    assert_eq!(calls.count(), text.lines().count(), "{text}");
    assert!(text.lines().count() > 1000);
}
