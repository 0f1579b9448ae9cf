//! What tests need from outside the repository and what becomes of a test without it; random cases
//! ([`Cases`]); runs of the program that see nothing of whoever runs the tests ([`hermetic`]).
//!
//! Building needs none of these tools, so by hand a test without one says that it was not run, and
//! passes. But a test that passes has tested something wherever that can be had: `cargo xtask test`
//! installs the tools it can, promises to its tests those that are there ([`PROMISED`]), and a test
//! that doesn't get what was promised fails. What nobody promised is written down ([`NOT_RUN`]) and
//! counted in the last line.
//!
//! ```
//! use xenia_testing::{Tool, need};
//!
//! fn agrees_with_qemu() {
//!     if !need(Tool::Qemu) {
//!         return;
//!     }
//!     // From here on a failure of qemu is a failure of the test.
//! }
//! ```
//!
//! The tools' rows ([`TOOLS`]) also say what `cargo xtask test` installs.
#![forbid(unsafe_code)]

mod cases;
mod damage;
mod hermetic;
mod kills;
mod tools;

pub use cases::{Cases, Dice, LONG, is_long, thread_time};
pub use hermetic::hermetic;
pub use kills::kills;
pub use tools::{Part, Row, TOOLS, Tool};

use std::fmt::Display;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The environment variable that lists the promised tools by name, with commas between them.
pub const PROMISED: &str = "XENIA_TESTS_PROMISED";
/// The environment variable that names the file in which tests that were not run are written down.
pub const NOT_RUN: &str = "XENIA_TESTS_NOT_RUN";
/// The environment variable that names the folder of titles, a folder each.
pub const TITLES: &str = "XENIA_TITLES";

/// Whether the test can go on: the tool is there. Fails the test where it was promised and isn't.
#[must_use]
pub fn need(tool: Tool) -> bool {
    obtain(tool, tool.row().find()).is_some()
}

/// What a test obtained by a tool; `None` where it can't be had and nobody promised it. For tools
/// that can only be tried.
///
/// # Panics
/// Where the tool was promised.
#[must_use]
pub fn obtain<T, E: Display>(tool: Tool, found: Result<T, E>) -> Option<T> {
    let why = match found {
        Ok(found) => return Some(found),
        Err(why) => why,
    };
    let promised = std::env::var(PROMISED).unwrap_or_default();
    assert!(!is_promised(&promised, tool), "{} was promised to this test: {why}", tool.row().name);
    let test = test_name();
    println!("{test} was not run: {why}");
    if let Some(file) = std::env::var_os(NOT_RUN) {
        write_down(Path::new(&file), &test, tool);
    }
    None
}

/// A file of a title, as `NAME/FILE` in the folder of titles.
#[must_use]
pub fn title(file: &str) -> Option<PathBuf> {
    let path = std::env::var_os(TITLES).map(|folder| Path::new(&folder).join(file));
    let found = match path {
        None => Err(format!("{TITLES} is not set")),
        Some(path) if !path.exists() => Err(format!("{} is not there", path.display())),
        Some(path) => Ok(path),
    };
    obtain(Tool::Titles, found)
}

/// Every file with one of these extensions in the folder of titles; `None` without such a folder.
#[must_use]
pub fn files_of_titles(extensions: &[&str]) -> Option<Vec<PathBuf>> {
    let mut folders = vec![title("")?];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in
            std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        {
            let path = entry.unwrap_or_else(|error| panic!("{}: {error}", folder.display())).path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| extensions.iter().any(|wanted| found == *wanted)) {
                files.push(path);
            }
        }
    }
    files.sort();
    let found =
        if files.is_empty() { Err(format!("no file of a title ends in {extensions:?}")) } else { Ok(files) };
    obtain(Tool::Titles, found)
}

/// Adds a line `WHAT<tab>TOOL` to the file of what was not run.
///
/// # Panics
/// Where the file can't be written: then nobody would know.
pub fn write_down(file: &Path, what: &str, tool: Tool) {
    let line = format!("{what}\t{}\n", tool.row().name);
    // One write of one line, so that tests which run at the same time don't mix theirs.
    let file = std::fs::OpenOptions::new().create(true).append(true).open(file);
    file.and_then(|mut file| file.write_all(line.as_bytes())).expect("the file of what was not run");
}

fn is_promised(promised: &str, tool: Tool) -> bool {
    promised.split(',').any(|name| name == tool.row().name)
}

/// What the running test is called: by cargo-nextest, else by its thread.
fn test_name() -> String {
    std::env::var("NEXTEST_TEST_NAME")
        .ok()
        .or_else(|| std::thread::current().name().map(str::to_owned))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn promises_are_whole_names() {
        assert!(is_promised("vulkan,qemu", Tool::Qemu));
        assert!(!is_promised("vulkan,qemu-user", Tool::Qemu));
        assert!(!is_promised("", Tool::Qemu));
    }

    #[test]
    fn what_is_there_goes_on() {
        assert_eq!(obtain(Tool::Vulkan, Ok::<_, String>(7)), Some(7));
    }

    #[test]
    fn what_was_not_run_is_written_down_line_by_line() {
        let file = std::env::temp_dir().join(format!("xenia-testing-{}", std::process::id()));
        write_down(&file, "first", Tool::Qemu);
        write_down(&file, "second", Tool::Vulkan);
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::remove_file(&file).unwrap();
        assert_eq!(text, "first\tqemu\nsecond\tvulkan\n");
    }
}
