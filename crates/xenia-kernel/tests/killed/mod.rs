//! Runs one test in a child process, which is to be killed while it saves.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

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
