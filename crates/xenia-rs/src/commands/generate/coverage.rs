//! Finds the callers of each export by scanning the tests and guest programs of this repository.
//!
//! A test calls an export if its function names it in quotation marks and is in a place where such
//! names are calls: in xenia-kernel-tests, and in the tests of xenia-exports that use its test
//! harness. An assembled test program calls the exports that it has labels for; a guest program
//! calls its imports.

use anyhow::{Context, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use xenia::say::slashed;
use xenia::title::{Title, key_ring};
use xenia_kernel::imports::{Library, ordinals};

/// Sources whose test modules may call exports, and those that are entirely tests.
const UNIT_TESTS: &str = "crates/xenia-exports/src";
const CALLS: &str = "crates/xenia-kernel-tests/tests";
/// Guest programs that tests run.
const PROGRAMS: &str = "guest/bin";
/// The text that starts a source's test module.
const TESTS_BEGIN: &str = "#[cfg(test)]\nmod tests {";

/// Names of tests and programs, by export.
#[derive(Debug, Default)]
pub(super) struct Coverage {
    callers: BTreeMap<&'static str, BTreeSet<String>>,
}

impl Coverage {
    /// Scans the sources under `root`.
    pub(super) fn read(root: &Path) -> Result<Self> {
        let mut coverage = Self::default();
        for path in files(&root.join(UNIT_TESTS), "rs")? {
            let text = read(&path)?;
            let tests = text.split(TESTS_BEGIN).nth(1);
            if let Some(tests) = tests.filter(|tests| tests.contains("harness::Harness")) {
                coverage.add_rust(&label(root, &path), tests);
            }
        }
        for path in files(&root.join(CALLS), "rs")? {
            coverage.add_rust(&label(root, &path), &read(&path)?);
        }
        for path in files(&root.join(CALLS), "s")? {
            let text = read(&path)?;
            let labels = text.lines().filter_map(|line| line.split_once(':')).map(|(label, _)| label.trim());
            for name in labels {
                coverage.add(name, label(root, &path));
            }
        }
        for path in files(&root.join(PROGRAMS), "xex")? {
            let title = Title::open(&path, &key_ring(None)?)?;
            for imported in &title.image.imports {
                let Some(library) = Library::of_file(&imported.name) else { continue };
                for import in &imported.imports {
                    if let Some(row) = ordinals::find(library.rows(), import.ordinal) {
                        coverage.add(row.name, label(root, &path));
                    }
                }
            }
        }
        Ok(coverage)
    }

    /// Tests and programs that call an export, in alphabetical order.
    pub(super) fn callers(&self, name: &str) -> impl Iterator<Item = &str> {
        self.callers.get(name).into_iter().flatten().map(String::as_str)
    }

    /// Records the names in the functions of a test source.
    fn add_rust(&mut self, file: &str, text: &str) {
        let mut function = "";
        for line in text.lines() {
            let declared =
                line.trim_start().trim_start_matches("pub").trim_start_matches("(crate)").trim_start();
            if let Some(rest) = declared.strip_prefix("fn ") {
                function = rest.split(['(', '<']).next().unwrap_or_default();
            }
            // Every second part is inside quotation marks.
            for quoted in line.split('"').skip(1).step_by(2) {
                self.add(quoted, format!("{file} {function}"));
            }
        }
    }

    /// Records that `caller` calls `name`, which may be an export.
    fn add(&mut self, name: &str, caller: String) {
        let rows = || Library::ALL.into_iter().flat_map(Library::rows);
        if let Some(row) = rows().find(|row| row.name == name) {
            self.callers.entry(row.name).or_default().insert(caller);
        }
    }
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))
}

/// Files with an extension in a folder and its subfolders, sorted by name.
fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("listing {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path, extension)?);
        } else if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Label of a file in the table: its path without the crate's.
fn label(root: &Path, path: &Path) -> String {
    let path = path.strip_prefix(root).unwrap_or(path);
    let prefixes = [UNIT_TESTS, CALLS];
    slashed(prefixes.into_iter().find_map(|prefix| path.strip_prefix(prefix).ok()).unwrap_or(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_tests_call_count() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for part in [UNIT_TESTS, CALLS, PROGRAMS] {
            std::fs::create_dir_all(root.join(part)).unwrap();
        }
        let write = |path: &str, text: &str| std::fs::write(root.join(path), text).unwrap();
        let call = "fn calls() {\n    b.status(\"NtClose\", &[1]);\n}\n";
        write(
            "crates/xenia-exports/src/a.rs",
            &format!("fn f() {{ say(\"NtSetEvent\") }}\n{TESTS_BEGIN}\nuse harness::Harness;\n{call}"),
        );
        write(
            "crates/xenia-exports/src/b.rs",
            &format!("{TESTS_BEGIN}\nfn f() {{ say(\"NtClearEvent\") }}\n"),
        );
        write("crates/xenia-kernel-tests/tests/c.rs", &call.replace("NtClose", "NtNothing"));
        write("crates/xenia-kernel-tests/tests/d.rs", &call.replace("calls", "more"));
        write("crates/xenia-kernel-tests/tests/e.s", "NtPulseEvent:\n  bl NtCreateEvent\n");
        let coverage = Coverage::read(root).unwrap();
        let callers = |name| coverage.callers(name).collect::<Vec<_>>();
        assert_eq!(callers("NtClose"), ["a.rs calls", "d.rs more"]);
        assert_eq!(callers("NtPulseEvent"), ["e.s"]);
        for name in ["NtSetEvent", "NtClearEvent", "NtNothing", "NtCreateEvent"] {
            assert!(callers(name).is_empty(), "{name}: {:?}", callers(name));
        }
        assert!(Coverage::read(Path::new("/nowhere")).is_err());
    }
}
