//! Checks that only xenia-host names a system: its modules, its calls, conditions on it. A
//! processor is named there, too, and in the folders of [`PROCESSORS`].
//!
//! [`KNOWN`] has the files that still do. It only gets shorter: remove the line of a file that is
//! fixed, and add none. [`PORTS`] has those that choose a device's library.

use super::{Source, map};

/// The folder of the crate that may name a system.
const HOME: &str = "crates/xenia-host/";
/// Beginnings of the paths of code that is a processor's, and of the files that choose it.
const PROCESSORS: [&str; 4] = [
    "crates/xenia-memory/src/arch",
    "crates/xenia-lifter/src/arch",
    "crates/xenia-jit/src/arch",
    "crates/xenia-jit/src/baseline",
];
/// Words by which code names a system, or asks for one.
const WORDS: [&str; 6] = ["target_os", "cfg(unix", "cfg(windows", "std::os::", "rustix::", "libc::"];
/// Words by which code names a processor, asks for one, or has its instructions.
const PROCESSOR_WORDS: [&str; 4] = ["target_arch", "std::arch::", "_feature_detected", "sysv64"];
/// Files that have them.
const KNOWN: &[&str] = &["crates/xenia-lab/src/bench/much_code/native.rs"];
/// Ports whose library is one system's: a condition chooses between it and a stand-in.
const PORTS: &[&str] =
    &["crates/xenia-render/src/window/view.rs", "crates/xenia-input/src/lib.rs", "crates/xenia/src/sound.rs"];

/// Compares the list with the sources of the program, in both directions. Tests are not part of it.
pub(super) fn check(sources: &[Source], findings: &mut Vec<String>) {
    let found: Vec<(String, &str)> = sources
        .iter()
        .filter(|source| is_part_of_program(source))
        .filter_map(|source| {
            let path = source.path_text();
            let word = word_in(&path, &source.text)?;
            Some((path, word))
        })
        .collect();
    judge(&found, &[KNOWN, PORTS].concat(), findings);
}

fn judge(found: &[(String, &str)], known: &[&str], findings: &mut Vec<String>) {
    for (path, word) in found.iter().filter(|(path, _)| !known.contains(&path.as_str())) {
        findings.push(format!("{path}: `{word}` outside of the host code"));
    }
    for path in known.iter().filter(|path| found.iter().all(|(other, _)| other != *path)) {
        findings.push(format!(
            "{path} names no system any more: its line in xtask/src/tidy/host_words.rs can go"
        ));
    }
}

fn is_part_of_program(source: &Source) -> bool {
    let path = source.path_text();
    let is_code = path.starts_with("crates/") || path.starts_with("jit-tests/");
    is_code
        && path.contains("/src/")
        && !path.starts_with(HOME)
        && !map::is_test(&source.path)
        && !source.path.ends_with("tests.rs")
}

/// The first word that the file at `path` may not have, in code that is neither a comment nor a
/// test module at the end.
fn word_in(path: &str, text: &str) -> Option<&'static str> {
    let text = text.split("\n#[cfg(test)]\nmod tests").next().unwrap_or(text);
    let code = || text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let is_processor = PROCESSORS.iter().any(|start| path.starts_with(start));
    let words = PROCESSOR_WORDS.iter().filter(|_| !is_processor).chain(&WORDS);
    words.copied().find(|word| text.contains(word) && code().any(|line| line.contains(word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_code_of_the_program_names_a_system() {
        let word_in = |text| word_in("crates/xenia-cpu/src/lib.rs", text);
        assert_eq!(word_in("use std::os::fd::OwnedFd;\n"), Some("std::os::"));
        assert_eq!(word_in("#[cfg(all(target_arch = \"x86_64\"))]\n"), Some("target_arch"));
        assert_eq!(word_in("// libc::mmap\nlet at = libc_of(map);\n"), None);
        assert_eq!(
            word_in("fn f() {}\n\n#[cfg(test)]\nmod tests {\n    use std::os::unix::fs::symlink;\n}"),
            None
        );
    }

    #[test]
    fn folders_of_processors_name_them_but_no_system() {
        let path = "crates/xenia-jit/src/arch/x86_64/enter.rs";
        assert_eq!(word_in(path, "use std::arch::asm;\n"), None);
        assert_eq!(word_in("crates/xenia-lifter/src/emit.rs", "use std::arch::asm;\n"), Some("std::arch::"));
        assert_eq!(word_in(path, "use libc::mmap;\n"), Some("libc::"));
    }

    #[test]
    fn unlisted_files_and_obsolete_exceptions_are_findings() {
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
