//! Runs guest/drivers, a title with a driver of its own, which counts the faults that it finds in
//! its exit code.

use std::process::{Command, Stdio};
use xenia_testing::hermetic;

const TITLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../guest/bin/drivers.xex");

fn exec(flags: &[&str]) -> Command {
    let mut command = hermetic(env!("CARGO_BIN_EXE_xenia-rs"));
    command.arg("exec").arg(TITLE).args(["--headless", "--gpu", "none", "--fresh"]).args(flags);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command
}

#[test]
fn every_engine_sends_requests_to_a_titles_driver() {
    for flags in
        [&["--lockstep"][..], &["--parallel"], &["--lockstep", "--interp"], &["--parallel", "--interp"]]
    {
        let output = exec(flags).output().unwrap();
        let messages = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && !messages.contains("WRONG"), "{flags:?}: {messages}");
        assert!(messages.contains("201 reads and 201 writes by a driver"), "{flags:?}: {messages}");
    }
}
