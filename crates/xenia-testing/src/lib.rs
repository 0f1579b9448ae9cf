//! Test support: external tools that tests need and the reporting of tests without them, randomized
//! cases ([`Cases`]), hermetic runs of the program ([`hermetic`]), a folder for files that are
//! synced ([`fast_folder`]), and the exploration of protocols between threads under a processor's
//! memory order ([`weak_memory`]).
//!
//! Building needs none of these tools, so in a manual run a test without its tool reports that it
//! was not run, and passes. `cargo xtask test` makes sure that tests are not skipped silently: it
//! installs the tools it can, lists those that are present as promised ([`PROMISED`]), and a test
//! that does not find a promised tool fails. Other skipped tests are recorded ([`NOT_RUN`]) and
//! counted in the last line, which also names the tests of which an attempt failed
//! ([`note_repeat`]).
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
//! The rows of the tools ([`TOOLS`]) also list what `cargo xtask test` installs.
#![forbid(unsafe_code)]

mod cases;
mod damage;
mod folder;
mod hermetic;
mod kills;
mod repeats;
mod tools;
pub mod weak_memory;

pub use cases::{Cases, Dice, LONG, is_long, number_in_environment, thread_time};
pub use folder::fast_folder;
pub use hermetic::{hermetic, without_settings};
pub use kills::{kill_or_reap, kills};
pub use repeats::{PACES, REPEATED, note_repeat, record_repeat};
pub use tools::{TOOLS, Tool, ToolPart, ToolRow, find_program};

use std::fmt::Display;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Environment variable with the names of the promised tools, separated by commas.
pub const PROMISED: &str = "XENIA_TESTS_PROMISED";
/// Environment variable with the path of the file that records skipped tests.
pub const NOT_RUN: &str = "XENIA_TESTS_NOT_RUN";
/// Environment variable with the path of the folder of titles, one subfolder each.
pub const TITLES: &str = "XENIA_TITLES";

/// Environment variable that makes drawing tests use the system's best graphics adapter.
pub const ON_GPU: &str = "XENIA_TESTS_ON_GPU";

/// Whether drawing tests use the software Vulkan driver. Results on it do not depend on the
/// machine, so it is the default; a graphics adapter ([`ON_GPU`]) shows what a vendor's driver
/// does.
#[must_use]
pub fn draws_in_software() -> bool {
    std::env::var_os(ON_GPU).is_none()
}

/// Whether the tool is present. Fails the test if the tool is promised but missing.
#[must_use]
pub fn need(tool: Tool) -> bool {
    obtain(tool, tool.row().find()).is_some()
}

/// The result of obtaining something with a tool that cannot be detected otherwise; `None` if that
/// failed and the tool is not promised.
///
/// # Panics
/// If the tool is promised.
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

/// The path of a title's file, given as `NAME/FILE` in the folder of titles.
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

/// All files with one of these extensions in the folder of titles; `None` without such a folder.
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

/// Appends a line `WHAT<tab>TOOL` to the file of skipped tests.
///
/// # Panics
/// If the file is not writable, because the skip would go unnoticed.
pub fn write_down(file: &Path, what: &str, tool: Tool) {
    append(file, what, tool.row().name);
}

/// Appends a line `WHAT<tab>REST` to a record of tests.
fn append(file: &Path, what: &str, rest: &str) {
    let line = format!("{what}\t{rest}\n");
    // A single write per line, so that concurrent tests do not interleave their lines.
    let file = std::fs::OpenOptions::new().create(true).append(true).open(file);
    file.and_then(|mut file| file.write_all(line.as_bytes())).expect("the record is writable");
}

fn is_promised(promised: &str, tool: Tool) -> bool {
    promised.split(',').any(|name| name == tool.row().name)
}

/// Name of the running test: from cargo-nextest, otherwise from its thread.
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
    fn available_tool_result_is_returned() {
        assert_eq!(obtain(Tool::Vulkan, Ok::<_, String>(7)), Some(7));
    }

    #[test]
    fn skipped_tests_are_logged_one_per_line() {
        let file = std::env::temp_dir().join(format!("xenia-testing-{}", std::process::id()));
        write_down(&file, "first", Tool::Qemu);
        write_down(&file, "second", Tool::Vulkan);
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::remove_file(&file).unwrap();
        assert_eq!(text, "first\tqemu\nsecond\tvulkan\n");
    }
}
