//! Messages to the console's applications that have no implementation.

use std::collections::BTreeSet;

/// Maximum number of distinct messages that are logged.
const SAID: usize = 256;

/// Messages without a row that titles have sent, by application and number; each is logged once.
#[derive(Debug, Default)]
pub struct Unanswered(BTreeSet<(u32, u32)>);

impl Unanswered {
    /// Records a message; returns whether it is to be logged.
    pub fn note(&mut self, application: u32, number: u32) -> bool {
        self.0.len() < SAID && self.0.insert((application, number))
    }
}
