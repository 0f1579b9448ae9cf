//! Results of cases.

use std::fmt;

/// Result of a case without a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SceneOutcome {
    /// Both backends left the same, and something changed.
    Same,
    /// Both backends have the same result, and nothing changed.
    NoEffect,
    /// The state has no defined result, so nothing was drawn.
    Skipped,
}

/// Description of the first difference between two backends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SceneDifference(pub String);

impl fmt::Display for SceneDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
