//! Runs one test in a child process, which is to be killed while it saves.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Starts the test `name` (with its module) with `variable` set to `folder`, and waits until it
/// prints that it is saving.
pub(crate) fn start(name: &str, variable: &str, folder: &Path) -> Child {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(variable, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let begun = lines.map_while(Result::ok).any(|line| line.contains("saving"));
    assert!(begun, "the child ended early");
    child
}

/// Kills the child after this time. It must have been saving until then.
pub(crate) fn kill_after(mut child: Child, time: Duration) {
    std::thread::sleep(time);
    let ended = child.try_wait().unwrap();
    assert!(ended.is_none(), "the child ended by itself: {ended:?}");
    child.kill().unwrap();
    child.wait().unwrap();
}
