//! Bookkeeping of skipped and repeated tests: promises installed tools to the tests of
//! `cargo xtask test`, and records those skipped for lack of a tool and those of which an attempt
//! failed.

use crate::built::target_folder;
use crate::files;
use anyhow::Result;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;
use xenia_testing::{NOT_RUN, PROMISED, REPEATED, TOOLS, Tool};

/// File in which skipped tests and steps are recorded.
const SKIPPED_FILE: &str = "not-run.txt";
/// File in which failed attempts of tests and suites are recorded.
const REPEATED_FILE: &str = "repeated.txt";

/// Path of a record.
fn file(name: &str) -> Result<PathBuf> {
    let folder = target_folder();
    files::create_folder(&folder)?;
    // Tests run in other folders, so the path must be absolute.
    Ok(folder.canonicalize()?.join(name))
}

/// Clears the records of the last run.
pub(crate) fn forget() -> Result<()> {
    for name in [SKIPPED_FILE, REPEATED_FILE] {
        files::remove(file(name)?)?;
    }
    Ok(())
}

/// Records that a run of a suite has failed, before the next one.
pub(crate) fn record_repeat(suite: &str, why: &str) -> Result<()> {
    xenia_testing::record_repeat(&file(REPEATED_FILE)?, suite, why);
    Ok(())
}

/// Whether a step can run, because the tool is installed. Otherwise the step is recorded as
/// skipped.
pub(crate) fn need(tool: Tool, step: &str) -> Result<bool> {
    let Err(why) = tool.row().find() else { return Ok(true) };
    write_down(step, tool, &why)?;
    Ok(false)
}

/// Records a skipped test or step.
pub(crate) fn write_down(what: &str, tool: Tool, why: &str) -> Result<()> {
    println!("not run: {what} ({why})");
    xenia_testing::write_down(&file(SKIPPED_FILE)?, what, tool);
    Ok(())
}

/// Passes the names of the available tools to the tests that a command runs. The contents of a
/// titles folder are unknown, so titles are never promised.
pub(crate) fn promise(command: &mut Command) -> Result<&mut Command> {
    let there = TOOLS.iter().filter(|row| row.tool != Tool::Titles && row.find().is_ok());
    let names: Vec<&str> = there.map(|row| row.name).collect();
    command.env(PROMISED, names.join(",")).env(NOT_RUN, file(SKIPPED_FILE)?);
    Ok(command.env(REPEATED, file(REPEATED_FILE)?))
}

/// Skipped tests, counted by missing tool, and the repeated ones; empty if everything ran once.
pub(crate) fn summary() -> Result<String> {
    Ok(sum_up(&recorded(SKIPPED_FILE)?) + &repeated_names(&recorded(REPEATED_FILE)?))
}

/// Text of a record; empty if nothing was recorded.
fn recorded(name: &str) -> Result<String> {
    let file = file(name)?;
    if !file.exists() {
        return Ok(String::new());
    }
    files::read_text(&file)
}

/// Names of the repeated tests; their record has the reasons.
fn repeated_names(text: &str) -> String {
    let names: BTreeSet<&str> =
        text.lines().filter_map(|line| line.split_once('\t')).map(|(what, _)| what).collect();
    if names.is_empty() {
        return String::new();
    }
    let list: Vec<&str> = names.iter().copied().collect();
    format!("; {} tests repeated ({REPEATED_FILE} has the reasons): {}", list.len(), list.join(", "))
}

/// A test that needs several tools, or one tool twice, counts once.
fn sum_up(text: &str) -> String {
    let mut by_tool: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (what, tool) in text.lines().filter_map(|line| line.split_once('\t')) {
        by_tool.entry(tool).or_default().insert(what);
    }
    let all: BTreeSet<&str> = by_tool.values().flatten().copied().collect();
    if all.is_empty() {
        return String::new();
    }
    let lacking: Vec<String> =
        by_tool.iter().map(|(tool, tests)| format!("{tool} {}", tests.len())).collect();
    format!("; {} tests not run for lack of a tool: {}", all.len(), lacking.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_test_is_counted_once() {
        assert_eq!(sum_up(""), "");
        let text = "a\tqemu\nb\tvulkan\na\tqemu\na\tgcc64\n";
        assert_eq!(sum_up(text), "; 2 tests not run for lack of a tool: gcc64 1, qemu 1, vulkan 1");
    }

    #[test]
    fn repeated_tests_are_named_once() {
        assert_eq!(repeated_names(""), "");
        let names = repeated_names("b\tlate\na\tlate\nb\tlate again\n");
        assert!(names.starts_with("; 2 tests repeated") && names.ends_with(": a, b"), "{names}");
    }
}
