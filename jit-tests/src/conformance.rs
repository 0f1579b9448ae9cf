//! Conformance runner: runs annotated assembler files on engines and compares the final states.
//!
//! ```text
//! test_add_1:                          label: a case begins
//!   #_ REGISTER_IN r4 0x7FFFFFFF       state before
//!   add r3, r4, r4
//!   blr                                returns to the runner: the case ends
//!   #_ REGISTER_OUT r3 0xFFFFFFFE      the only values that are compared
//! ```
//!
//! The format is an established one; `annotation.rs` lists its values, `harness.rs` describes a
//! case's machine.

mod annotation;
mod file;
mod harness;
mod report;

pub(crate) use annotation::Annotation;
pub use annotation::{AnnotationError, PpcRegister, RegisterValue};
pub use file::{Case, CaseFile, FileError};
pub use harness::{
    CODE_BASE, CODE_SIZE, CaseMachine, CaseRunError, DATA_BASE, DATA_SIZE, EXIT_BASE, EXIT_LEVEL,
};
pub use report::{FailedCase, Report};

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use xenia_cpu::{EngineConfig, Execute, Interpreter};
use xenia_isa::{Op, decode};
use xenia_memory::GuestMemory;

/// Limit on the size of a case file, in bytes.
const MAX_SOURCE: u64 = 64 << 20;

/// An engine to test: its name, and a function that creates it for a memory.
pub struct ConformanceEngine<'a> {
    /// Name in reports.
    pub name: &'a str,
    /// Creates the engine.
    #[allow(clippy::type_complexity)] // the written-out type is what callers have to provide
    pub make: Box<dyn Fn(Arc<GuestMemory>) -> anyhow::Result<Box<dyn Execute>> + Send + Sync + 'a>,
}

impl<'a> ConformanceEngine<'a> {
    /// An engine called `name`, created by `make`.
    pub fn new(
        name: &'a str,
        make: impl Fn(Arc<GuestMemory>) -> anyhow::Result<Box<dyn Execute>> + Send + Sync + 'a,
    ) -> Self {
        Self { name, make: Box::new(make) }
    }

    /// The interpreter as an engine to test.
    pub fn interpreter() -> Self {
        Self::new("interp", |memory| Ok(Box::new(Interpreter::new(memory, EngineConfig::default()))))
    }
}

/// Reason why a run produced no report.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A path could not be read.
    #[error("cannot read {path}: {source}")]
    Read { path: PathBuf, source: io::Error },
    /// A path could not be written.
    #[error("cannot write {path}: {source}")]
    Write { path: PathBuf, source: io::Error },
    /// An engine or its memory could not be built.
    #[error("engine {engine}: {reason}")]
    Engine { engine: String, reason: String },
}

/// All `.s` files of the paths (files, or folders with everything below), sorted by name. Links to
/// folders are followed only if they are given directly: links below could form a cycle.
pub fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, RunError> {
    fn walk(path: &Path, given: bool, out: &mut Vec<PathBuf>) -> io::Result<()> {
        if path.is_dir() {
            if !given && path.is_symlink() {
                return Ok(());
            }
            let mut entries: Vec<_> =
                std::fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
            entries.sort();
            for entry in entries {
                walk(&entry, false, out)?;
            }
        } else if given || path.extension().is_some_and(|extension| extension == "s") {
            // A pipe or a device would be waited for.
            if !given && path.exists() && !path.is_file() {
                return Err(io::Error::other(format!("{} is not a regular file", path.display())));
            }
            out.push(path.to_owned());
        }
        Ok(())
    }
    let mut out = Vec::new();
    for path in paths {
        walk(path, true, &mut out).map_err(|source| RunError::Read { path: path.clone(), source })?;
    }
    Ok(out)
}

/// Reads a file of cases. Endless files, and files larger than [`MAX_SOURCE`], are refused.
pub(crate) fn text(path: &Path) -> Result<String, RunError> {
    let read = || {
        let mut text = String::new();
        File::open(path)?.take(MAX_SOURCE + 1).read_to_string(&mut text)?;
        if text.len() as u64 > MAX_SOURCE {
            return Err(io::Error::other("it is larger than 64 MiB"));
        }
        Ok(text)
    };
    read().map_err(|source| RunError::Read { path: path.to_owned(), source })
}

/// Runs every case whose name contains `filter` in every file, on every engine.
///
/// A file that can't be assembled or has a malformed annotation is a failure, and the others still
/// run. `uncovered` lists the rows without a case that has expectations.
pub fn run(
    paths: &[PathBuf],
    engines: &[ConformanceEngine<'_>],
    filter: Option<&str>,
) -> Result<Report, RunError> {
    run_until(paths, engines, filter, &|| false)
}

/// Like [`run`], but starts no case after `is_stopped` returns true.
pub fn run_until(
    paths: &[PathBuf],
    engines: &[ConformanceEngine<'_>],
    filter: Option<&str>,
    is_stopped: &dyn Fn() -> bool,
) -> Result<Report, RunError> {
    let mut report = Report::default();
    let mut covered = BTreeSet::new();
    let mut machines = Vec::new();
    for engine in engines {
        let failed = |reason: String| RunError::Engine { engine: engine.name.to_owned(), reason };
        let machine = CaseMachine::new().map_err(|error| failed(error.to_string()))?;
        let made = (engine.make)(machine.memory()).map_err(|error| failed(format!("{error:#}")))?;
        machines.push((engine.name, machine, made));
    }
    'files: for path in files(paths)? {
        let source = text(&path)?;
        let name = path.display().to_string();
        let file = match CaseFile::parse(&source) {
            Ok(file) => file,
            Err(error) => {
                report.fail(&name, "", "", "file", "cases", &error.to_string());
                continue;
            }
        };
        for case in &file.cases {
            if filter.is_some_and(|filter| !case.name.contains(filter)) {
                continue;
            }
            if is_stopped() {
                break 'files;
            }
            report.cases += 1;
            if case.expects_something() {
                covered.extend(file.code_of(case).filter_map(decode));
            }
            let mut passed = true;
            for (engine, machine, execute) in &mut machines {
                match machine.run(execute.as_mut(), &file, case) {
                    Ok(differences) => {
                        for difference in differences {
                            passed = false;
                            let (what, expected, actual) = difference;
                            report.fail(&name, &case.name, engine, &what, &expected, &actual);
                        }
                    }
                    Err(error) => {
                        passed = false;
                        report.fail(&name, &case.name, engine, "run", "the case returns", &error.to_string());
                    }
                }
            }
            report.passed += u64::from(passed);
        }
    }
    report.uncovered =
        Op::all().filter(|op| !covered.contains(op)).map(|op| op.row().name.to_owned()).collect();
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_case_begins_after_a_stop() {
        let file = tempfile::Builder::new().suffix(".s").tempfile().unwrap();
        std::fs::write(file.path(), "test_a_1:\n  blr\ntest_b_1:\n  blr\n").unwrap();
        for (most, cases) in [(0, 0), (1, 1), (2, 2), (9, 2)] {
            let asked = std::cell::Cell::new(0);
            let is_stopped = || asked.replace(asked.get() + 1) >= most;
            let paths = [file.path().to_owned()];
            let report = run_until(&paths, &[ConformanceEngine::interpreter()], None, &is_stopped).unwrap();
            assert_eq!((report.cases, report.passed), (cases, cases));
        }
    }

    fn run_source(source: &str) -> Report {
        let file = tempfile::Builder::new().suffix(".s").tempfile().unwrap();
        std::fs::write(file.path(), source).unwrap();
        run(&[file.path().to_owned()], &[ConformanceEngine::interpreter()], None).unwrap()
    }

    #[test]
    fn a_right_case_passes_and_covers_its_rows() {
        let report = run_source(
            "test_add_1:\n  #_ REGISTER_IN r4 -1\n  #_ REGISTER_IN r5 0x2\n  add r3, r4, r5\n  blr\n  \
             #_ REGISTER_OUT r3 1\n",
        );
        assert_eq!((report.cases, report.passed, report.failed.len()), (1, 1, 0));
        assert!(!report.uncovered.iter().any(|name| name == "addx"));
        assert!(report.uncovered.iter().any(|name| name == "subfx"));
    }

    #[test]
    fn a_wrong_expectation_fails_with_both_values() {
        let report = run_source(
            "test_a:\n #_ REGISTER_IN r4 1\n add r3,r4,r4\n stw r3,0(r5)\n blr\n #_ REGISTER_IN r5 0x10001000\n \
             #_ REGISTER_OUT r3 3\n #_ MEMORY_OUT 10001000 00000003\n",
        );
        assert_eq!(report.passed, 0);
        let facts: Vec<_> = report
            .failed
            .iter()
            .map(|failure| (failure.what.as_str(), failure.expected.as_str(), failure.actual.as_str()))
            .collect();
        assert_eq!(
            facts,
            [
                ("r3", "0x0000000000000003", "0x0000000000000002"),
                ("memory 10001000", "00 00 00 03", "00 00 00 02"),
            ]
        );
    }

    #[test]
    fn every_kind_of_register_and_memory_goes_in_and_out() {
        let report = run_source(
            "# nothing changes\ntest_identity:\n blr\n\
             #_ REGISTER_IN r31 0xFFFFFFFFFFFFFFFFull\n#_ REGISTER_OUT r31 -1\n\
             #_ REGISTER_IN f1 -1.5\n#_ REGISTER_OUT f1 0xBFF8000000000000\n\
             #_ REGISTER_IN f2 0x3FF0000000000000\n#_ REGISTER_OUT f2 1.0\n\
             #_ REGISTER_IN v127 [00000001, 2, 0x3, FFFFFFFF]\n#_ REGISTER_OUT v127 [1, 2, 3, ffffffff]\n\
             #_ REGISTER_IN v1 (1.0, -2, 0.5, 0)\n#_ REGISTER_OUT v1 [3f800000, c0000000, 3f000000, 0]\n\
             #_ REGISTER_IN cr 0x12345678\n#_ REGISTER_OUT cr 0x0000000012345678\n\
             #_ REGISTER_IN xer 0xE000007F\n#_ REGISTER_OUT xer 0xE000007F\n\
             #_ REGISTER_IN ctr 5\n#_ REGISTER_OUT ctr 5\n\
             #_ REGISTER_IN fpscr 0x10\n#_ REGISTER_OUT fpscr 0x10\n\
             #_ REGISTER_IN vscr 0x1\n#_ REGISTER_OUT vscr 1\n\
             #_ MEMORY_IN 1000FFFE 12 34\n#_ MEMORY_OUT 1000FFFE 1234\n",
        );
        assert_eq!(report.failed, []);
        assert_eq!(report.passed, 1);
    }

    #[test]
    fn calls_inside_a_case_and_cases_after_each_other() {
        let report = run_source(
            "helper:\n addi r3,r3,1\n blr\n\
             test_one:\n mflr r12\n bl helper\n bl helper\n mtlr r12\n stw r3,0(r4)\n blr\n\
             #_ REGISTER_IN r4 0x10001000\n#_ REGISTER_OUT r3 2\n\
             test_two:\n lwz r3,0(r4)\n blr\n#_ REGISTER_IN r4 0x10001000\n#_ REGISTER_OUT r3 0\n\
             #_ REGISTER_OUT r12 0\n",
        );
        assert_eq!(report.failed, []);
        assert_eq!(report.passed, 2);
    }

    #[test]
    fn conformance_cases_that_do_not_return_fail() {
        for (source, actual) in [
            ("test_a:\n b test_a\n", "still running"),
            ("test_a:\n trap\n blr\n", "Trap"),
            ("test_a:\n .long 0\n", "IllegalInstruction"),
            ("test_a:\n lwz r3,0(0)\n blr\n", "Memory"),
        ] {
            let report = run_source(source);
            assert_eq!(report.passed, 0);
            assert!(report.failed[0].actual.contains(actual), "{:?}", report.failed);
        }
    }

    #[cfg(unix)]
    #[test]
    fn folders_that_lead_back_to_themselves_are_read_once() {
        let dir = tempfile::tempdir().unwrap();
        let case = dir.path().join("case.s");
        std::fs::write(&case, "").unwrap();
        for link in ["a", "b"] {
            std::os::unix::fs::symlink(".", dir.path().join(link)).unwrap();
        }
        assert_eq!(files(&[dir.path().to_owned()]).unwrap(), [case]);
        assert_eq!(files(&[dir.path().join("a")]).unwrap(), [dir.path().join("a/case.s")]);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_without_end_is_refused() {
        let error = run(&[PathBuf::from("/dev/zero")], &[], None).unwrap_err();
        assert!(error.to_string().ends_with("larger than 64 MiB"), "{error}");
    }

    #[test]
    fn a_broken_file_is_one_failure() {
        for (source, reason) in [
            ("test_a:\n frob\n", "line 2, column 2: unknown mnemonic `frob`"),
            ("#_ REGISTER_IN r3 1\ntest_a:\n blr\n", "line 1: annotation before the first case"),
            ("test_a:\n blr\n#_ REGISTER_IN q3 1\n", "line 3: unknown register `q3`"),
            ("test_a:\n blr\n#_ REGISTER_IN r3 zwei\n", "line 3: `zwei` is not a value of r3"),
            ("test_a:\n blr\n#_ MEMORY_IN 10001000 1\n", "line 3: `1` is not whole bytes in hexadecimal"),
            ("test_a:\n blr\n#_ MEMORY_IN 10000000 11\n", "line 3: 10000000 with 1 bytes is outside"),
            ("test_a:\n blr\n#_ MEMORY_IN\n", "line 3: `MEMORY_IN` needs a name and a value"),
        ] {
            let report = run_source(source);
            assert_eq!(report.failed.len(), 1, "{source}");
            assert!(report.failed[0].actual.contains(reason), "{}", report.failed[0].actual);
        }
    }
}
