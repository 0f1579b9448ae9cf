//! The examples in doc comments.

use crate::commands;
use crate::linting::linting_cargo;
use crate::test_summary::passed_tests;
use anyhow::{Result, bail};
use std::process::Stdio;

/// Part of the name of each doc test, `FILE - ITEM (line N)`, and of no other test.
const NAMED: &str = "(line";

/// Runs the doc tests. `cargo test --doc` would have rustdoc analyse all crates, also those with
/// `doctest = false`.
pub(super) fn run() -> Result<()> {
    let mut command = linting_cargo()?;
    command.args(["test", "--workspace", "--quiet", "--", NAMED]).stderr(Stdio::inherit());
    let ended = commands::output(&mut command)?;
    let text = String::from_utf8_lossy(&ended.stdout);
    if !ended.status.success() {
        bail!("{text}{command:?} ended with {}", ended.status);
    }
    match passed_tests(&text) {
        0 => bail!("no test has `{NAMED}` in its name"),
        count => println!("doc tests: {count} passed"),
    }
    Ok(())
}
