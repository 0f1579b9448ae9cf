//! The examples in doc comments.

use crate::commands;
use crate::linting::linting_cargo;
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
    match passed(&text) {
        0 => bail!("no test has `{NAMED}` in its name"),
        count => println!("doc tests: {count} passed"),
    }
    Ok(())
}

/// Number of tests that passed, from the summaries of test programs.
fn passed(text: &str) -> usize {
    let counts = text.lines().filter_map(|line| {
        let (count, _) = line.strip_prefix("test result: ok. ")?.split_once(" passed;")?;
        count.parse::<usize>().ok()
    });
    counts.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passed_tests_of_all_programs_are_counted() {
        let summary = |count| format!("\ntest result: ok. {count} passed; 0 failed; 0 ignored\n");
        let text = [0, 4, 0, 1].map(summary).concat();
        assert_eq!((passed(&text), passed("running 2 tests\n")), (5, 0));
    }
}
