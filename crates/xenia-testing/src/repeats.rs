//! Repeated attempts of tests in parallel mode, which are recorded: a rare fault of the product
//! fails one attempt only, as a busy host does.

use crate::{append, test_name};
use std::path::Path;

/// Environment variable with the path of the file that records repeated tests.
pub const REPEATED: &str = "XENIA_TESTS_REPEATED";

/// Milliseconds of the suites' steps in parallel mode, in turn while cases fail: guest time is the
/// host's clock, and a busy host may delay a thread by longer than a case permits.
pub const PACES: [u32; 3] = [20, 160, 1280];

/// Records that an attempt of the running test has failed, before the next one.
pub fn note_repeat(why: &str) {
    let test = test_name();
    println!("{test} is repeated: {why}");
    if let Some(file) = std::env::var_os(REPEATED) {
        record_repeat(Path::new(&file), &test, why);
    }
}

/// Appends a line `WHAT<tab>WHY` to the file of repeated tests.
///
/// # Panics
/// If the file is not writable, because the failed attempt would go unnoticed.
pub fn record_repeat(file: &Path, what: &str, why: &str) {
    append(file, what, &why.replace(['\n', '\t'], " "));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_tests_are_logged_one_per_line() {
        let file = std::env::temp_dir().join(format!("xenia-testing-repeats-{}", std::process::id()));
        record_repeat(&file, "first", "two\nlines");
        record_repeat(&file, "second", "one");
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::remove_file(&file).unwrap();
        assert_eq!(text, "first\ttwo lines\nsecond\tone\n");
    }
}
