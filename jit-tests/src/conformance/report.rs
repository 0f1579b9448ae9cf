//! Results of a conformance run, as in the command line's JSON.

use serde::Serialize;
use xenia_documents::documented;

documented! {
    /// A difference from a case's expectations.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
    pub struct FailedCase {
        /// File of the case.
        pub file: String,
        /// Name of the case; empty if the file itself is at fault.
        pub case: String,
        /// Name of the engine; empty if the file itself is at fault.
        pub engine: String,
        /// Register, `memory` with its address, `run` for a case that did not return, or `file`.
        pub what: String,
        /// The value expected.
        pub expected: String,
        /// The value found, or the reason.
        pub actual: String,
    }

    /// Results of [`super::run`].
    #[derive(Clone, Debug, Default, Serialize)]
    pub struct Report {
        /// Cases run; each counts once, on however many engines it ran.
        pub cases: u64,
        /// Cases that met their expectations on every engine.
        pub passed: u64,
        /// All differences from expectations.
        pub failed: Vec<FailedCase>,
        /// Rows of the instruction table that no case covers.
        pub uncovered: Vec<String>,
        /// The signal that ended the run early; the other figures cover what was run by then.
        pub interrupted_by: Option<String>,
    }
}

impl Report {
    pub(super) fn fail(
        &mut self,
        file: &str,
        case: &str,
        engine: &str,
        what: &str,
        expected: &str,
        actual: &str,
    ) {
        self.failed.push(FailedCase {
            file: file.to_owned(),
            case: case.to_owned(),
            engine: engine.to_owned(),
            what: what.to_owned(),
            expected: expected.to_owned(),
            actual: actual.to_owned(),
        });
    }

    /// Whether no case failed.
    pub fn ok(&self) -> bool {
        self.failed.is_empty()
    }
}
