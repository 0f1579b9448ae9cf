//! Checks that only xenia-host names a system: its modules, its calls, conditions on it.
//!
//! [`KNOWN`] has the files that still do. It only gets shorter: a file that is mended loses its
//! line, and no other file gets one. [`PORTS`] has those that choose a device's library.

use super::{Source, map};

/// The folder of the crate that may.
const HOME: &str = "crates/xenia-host/";
/// Words by which code names a system, or asks for one.
const WORDS: [&str; 7] =
    ["target_os", "target_arch", "cfg(unix", "cfg(windows", "std::os::", "rustix::", "libc::"];
/// Files that have them.
const KNOWN: &[&str] = &["crates/xenia-lab/src/bench/much_code/native.rs"];
/// Ports whose library is one system's: a condition chooses between it and a stand-in.
const PORTS: &[&str] =
    &["crates/xenia-render/src/window/view.rs", "crates/xenia/src/input.rs", "crates/xenia/src/sound.rs"];

/// Compares the list with the sources of the program, in both directions. Tests are not part of it.
pub(super) fn check(sources: &[Source], findings: &mut Vec<String>) {
    let found: Vec<(String, &str)> = sources
        .iter()
        .filter(|source| is_part_of_program(source))
        .filter_map(|source| Some((source.shown(), word_in(&source.text)?)))
        .collect();
    judge(&found, &[KNOWN, PORTS].concat(), findings);
}

fn judge(found: &[(String, &str)], known: &[&str], findings: &mut Vec<String>) {
    for (path, word) in found.iter().filter(|(path, _)| !known.contains(&path.as_str())) {
        findings.push(format!("{path}: `{word}` outside xenia-host, which knows the host's system"));
    }
    for path in known.iter().filter(|path| found.iter().all(|(other, _)| other != *path)) {
        findings.push(format!(
            "{path} names no system any more: its line in xtask/src/tidy/host_words.rs can go"
        ));
    }
}

fn is_part_of_program(source: &Source) -> bool {
    let path = source.shown();
    let is_code = path.starts_with("crates/") || path.starts_with("jit-tests/");
    is_code
        && path.contains("/src/")
        && !path.starts_with(HOME)
        && !map::is_test(&source.path)
        && !source.path.ends_with("tests.rs")
}

/// The first word in code that is neither a comment nor a test module at the end of the file.
fn word_in(text: &str) -> Option<&'static str> {
    let text = text.split("\n#[cfg(test)]\nmod tests").next().unwrap_or(text);
    let code = || text.lines().filter(|line| !line.trim_start().starts_with("//"));
    WORDS.into_iter().find(|word| code().any(|line| line.contains(word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_code_of_the_program_names_a_system() {
        assert_eq!(word_in("use std::os::fd::OwnedFd;\n"), Some("std::os::"));
        assert_eq!(word_in("#[cfg(all(target_arch = \"x86_64\"))]\n"), Some("target_arch"));
        assert_eq!(word_in("// libc::mmap\nlet at = libc_of(map);\n"), None);
        assert_eq!(
            word_in("fn f() {}\n\n#[cfg(test)]\nmod tests {\n    use std::os::unix::fs::symlink;\n}"),
            None
        );
    }

    #[test]
    fn new_files_and_mended_ones_are_findings() {
        let mut findings = Vec::new();
        judge(
            &[("a.rs".to_owned(), "libc::"), ("b.rs".to_owned(), "rustix::")],
            &["b.rs", "c.rs"],
            &mut findings,
        );
        assert_eq!(findings.len(), 2);
        assert!(findings[0].starts_with("a.rs: `libc::`") && findings[1].starts_with("c.rs names no system"));
    }
}
