//! Messages to the console's applications that have no implementation.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use xenia_state::{Impossible, check};

/// Maximum number of distinct messages that are logged.
const SAID: usize = 256;

/// Messages without a row that titles have sent, by application and number; each is logged once.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Unanswered(BTreeSet<(u32, u32)>);

impl Unanswered {
    /// Checks messages that come from a saved state.
    pub(super) fn check_state(&self) -> Result<(), Impossible> {
        let Self(said) = self;
        check(said.len() <= SAID, "too many messages without an answer")
    }

    /// Records a message; returns whether it is to be logged.
    pub fn note(&mut self, application: u32, number: u32) -> bool {
        self.0.len() < SAID && self.0.insert((application, number))
    }
}
