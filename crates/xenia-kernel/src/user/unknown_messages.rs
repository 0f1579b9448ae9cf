//! Messages to the console's applications that have no implementation.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use xenia_state::{Impossible, check};

/// Maximum number of distinct messages that are logged.
const MAX_LOGGED: usize = 256;

/// Messages without a row that titles have sent, by application and number; each is logged once.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct UnknownMessages(BTreeSet<(u32, u32)>);

impl UnknownMessages {
    /// Checks messages that come from a saved state.
    pub(super) fn check_state(&self) -> Result<(), Impossible> {
        let Self(logged) = self;
        check(logged.len() <= MAX_LOGGED, "too many messages without an answer")
    }

    /// Records a message; returns whether it is to be logged.
    pub fn note(&mut self, application: u32, number: u32) -> bool {
        self.0.len() < MAX_LOGGED && self.0.insert((application, number))
    }
}
