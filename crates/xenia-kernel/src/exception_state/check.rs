//! Checks of exceptions in progress that come from a saved state: counts and indices are such that
//! the algorithms which advance them end.

use super::{ActivityKind, Dispatch, ExceptionActivity, MAX_SCOPES, MAX_WORK, Scopes, Unwind, Walk};
use xenia_state::{Impossible, check};

impl ExceptionActivity {
    /// Checks an activity of a saved state.
    pub(crate) fn check(&self) -> Result<(), Impossible> {
        match &self.0 {
            ActivityKind::Dispatch(Dispatch { start, walk, .. })
            | ActivityKind::Unwind(Unwind { start, walk, .. }) => {
                start.check()?;
                walk.check()
            }
            ActivityKind::Scopes(scopes) => scopes.check(),
        }
    }
}

impl Walk {
    fn check(&self) -> Result<(), Impossible> {
        check(self.work <= MAX_WORK, "a stack walk has too large a budget")?;
        // Each step takes some of the budget.
        check(self.level <= MAX_WORK, "a stack walk has too many frameless functions")
    }
}

impl Scopes {
    fn check(&self) -> Result<(), Impossible> {
        check(self.count <= MAX_SCOPES, "a scope table is too long")?;
        check(self.index < self.count, "a scope is outside of its table")?;
        let kept = self.kept.len() <= self.count as usize && self.kept.is_sorted();
        check(kept, "an unwind keeps too many scopes, or keeps them out of order")
    }
}
