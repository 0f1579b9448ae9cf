//! Repository checks beyond the compiler's: the map of the crates is true, documents name items
//! that exist, only xenia-host names a system, the book lists its pages by their headings, comments
//! follow docs/src/style.md, the kernel stays in parts, few modules import each other, each file
//! opens with a module doc and stays short, and the top level holds only the names listed in
//! `tree`.

mod book;
mod dependencies;
mod doc_tests;
mod documents;
mod functions;
mod headings;
mod host_words;
mod imports;
mod kernel_parts;
mod language;
mod map;
mod module_pairs;
mod plain_state;
mod tree;
mod unsafe_modules;

use crate::commands;
use crate::files;
use anyhow::{Result, anyhow, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Source folders to check.
const ROOTS: &[&str] = &["crates", "fuzz/targets", "jit-tests", "benches", "xtask/src"];
/// Folder of the book.
const BOOK: &str = "docs/src";
/// Limit on the length of a file; tables are exempt by name.
const MAX_LINES: usize = 460;
/// Tables, and the item that each of their rows describes.
const TABLES: &[(&str, &str)] = &[
    ("crates/xenia-isa/src/table.rs", "instructions"),
    ("crates/xenia-imports/src/ordinals/xam.rs", "ordinals"),
    ("crates/xenia-imports/src/ordinals/xboxkrnl.rs", "ordinals"),
];

/// A Rust source file.
struct Source {
    path: PathBuf,
    text: String,
}

impl Source {
    fn path_text(&self) -> String {
        self.path.display().to_string()
    }

    fn lines_of_code(&self) -> impl Iterator<Item = &str> {
        self.text.lines().filter(|line| !line.trim_start().starts_with("//"))
    }

    fn uses_unsafe(&self) -> bool {
        let words = ["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern"];
        words.iter().any(|word| self.has_code_with(word, |line| line.contains(word)))
    }

    /// Whether a line of code satisfies a condition that only lines with `word` do. A search of the
    /// whole text is much faster than one of each line.
    fn has_code_with(&self, word: &str, is_wanted: impl FnMut(&str) -> bool) -> bool {
        self.text.contains(word) && self.lines_of_code().any(is_wanted)
    }
}

/// Runs every check and reports all findings at once.
pub(crate) fn run() -> Result<()> {
    let mut sources = Vec::new();
    for root in ROOTS {
        for file in files::below(root, |name| files::has_ending(name, &["rs"]))? {
            let path = Path::new(root).join(file);
            sources.push(Source { text: files::read_text(&path)?, path });
        }
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    let mut findings = std::thread::scope(|scope| {
        // The rules of style take about as long as all others.
        let language = scope.spawn(|| -> Result<Vec<String>> {
            let mut findings = Vec::new();
            language::check(&sources, &mut findings)?;
            Ok(findings)
        });
        let others = check_others(&sources);
        let language = language.join().map_err(|_| anyhow!("the check of the language panicked"))??;
        others.map(|others| [others, language].concat())
    })?;
    for source in &sources {
        check_file(source, &mut findings);
    }
    for (path, of) in TABLES {
        let long = sources.iter().find(|source| source.path == Path::new(path)).is_some_and(is_long);
        if !long {
            findings
                .push(format!("{path}, a table of {of}, is not long: remove its line in xtask/src/tidy.rs"));
        }
    }
    if findings.is_empty() {
        println!("tidy: {} files, no findings", sources.len());
        return Ok(());
    }
    for finding in &findings {
        println!("tidy: {finding}");
    }
    bail!("tidy found {} things to mend", findings.len())
}

/// The findings of all checks but those of the language and of single files.
fn check_others(sources: &[Source]) -> Result<Vec<String>> {
    let mut findings = Vec::new();
    map::check(sources, &mut findings)?;
    dependencies::check(&mut findings)?;
    doc_tests::check(sources, &mut findings)?;
    documents::check(sources, &mut findings)?;
    book::check(&mut findings)?;
    headings::check(&mut findings)?;
    tree::check(&mut findings)?;
    unsafe_modules::check(sources, &mut findings)?;
    plain_state::check(sources, &mut findings);
    kernel_parts::check(sources, &mut findings);
    module_pairs::check(sources, &mut findings)?;
    host_words::check(sources, &mut findings);
    Ok(findings)
}

/// The files that git tracks and that match one of the patterns; all without a pattern.
fn tracked_files(patterns: &[&str]) -> Result<Vec<String>> {
    let listed = commands::printed(Command::new("git").args(["ls-files", "-z", "--"]).args(patterns))?;
    Ok(listed.split('\0').filter(|name| !name.is_empty()).map(str::to_owned).collect())
}

fn is_long(source: &Source) -> bool {
    source.text.lines().count() > MAX_LINES
}

/// Whether a lint is silenced without a reason. The reasons for `unsafe` are in the table of
/// crates.
fn allows_without_reason(line: &str) -> bool {
    let line = line.trim_start().trim_start_matches('#').trim_start_matches('!');
    let silences = line.starts_with("[allow(") || line.starts_with("[expect(");
    silences && !line.contains("unsafe_code") && !line.contains("// ") && !line.contains("reason = ")
}

fn check_file(source: &Source, findings: &mut Vec<String>) {
    let path = source.path_text();
    if !source.text.starts_with("//!") {
        findings.push(format!("{path}: no module doc at the top"));
    }
    if is_long(source) && !TABLES.iter().any(|(table, _)| *table == path) {
        findings.push(format!("{path}: more than {MAX_LINES} lines: move a part to a module of its own"));
    }
    if source.path.ends_with("mod.rs") && !map::is_test(&source.path) {
        findings.push(format!("{path}: a module with files in a folder is folder.rs beside it"));
    }
    for line in source.text.lines().filter(|line| allows_without_reason(line)) {
        findings.push(format!("{path}: `{}` without a reason after it", line.trim()));
    }
    for word in ["todo!(", "unimplemented!(", "dbg!("] {
        if !path.starts_with("xtask") && source.has_code_with(word, |line| line.contains(word)) {
            findings.push(format!("{path}: `{word})` is left from development"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lint_allows_require_a_reason() {
        for bare in ["#[allow(dead_code)]", "    #![allow(clippy::all, missing_docs)]", "#[expect(unused)]"] {
            assert!(allows_without_reason(bare), "{bare}");
        }
        let fine =
            ["#[allow(dead_code)] // why", "#[expect(unused, reason = \"why\")]", "#[allow(unsafe_code)]"];
        for fine in fine.into_iter().chain(["let line = \"#[allow(x)]\";"]) {
            assert!(!allows_without_reason(fine), "{fine}");
        }
    }
}
