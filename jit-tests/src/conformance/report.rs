//! What a run of cases found, in the command line's JSON.

use serde::Serialize;
use xenia_documents::documented;

documented! {
    /// One thing that was not as a case expects.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
    pub struct Failure {
        /// The file.
        pub file: String,
        /// The case; empty if the file itself is at fault.
        pub case: String,
        /// The engine; empty if the file itself is at fault.
        pub engine: String,
        /// Register, `memory` with its address, `run` for a case that did not return, or `file`.
        pub what: String,
        /// The value expected.
        pub expected: String,
        /// The value found, or the reason.
        pub actual: String,
    }

    /// What [`super::run`] found.
    #[derive(Clone, Debug, Default, Serialize)]
    pub struct Report {
        /// Cases run; each counts once, however many engines ran it.
        pub cases: u64,
        /// Cases that were as expected in every engine.
        pub passed: u64,
        /// Everything that was not.
        pub failed: Vec<Failure>,
        /// Rows of the instruction table that no case covers.
        pub uncovered: Vec<String>,
        /// The signal that ended the run before its time; the other figures are of what was run by then.
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
        self.failed.push(Failure {
            file: file.to_owned(),
            case: case.to_owned(),
            engine: engine.to_owned(),
            what: what.to_owned(),
            expected: expected.to_owned(),
            actual: actual.to_owned(),
        });
    }

    /// Whether nothing failed.
    pub fn ok(&self) -> bool {
        self.failed.is_empty()
    }
}
