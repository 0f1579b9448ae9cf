//! Names of guest threads: 4-byte generational references, checked on every use.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Names a guest thread: the slot whose table has it, its position there, and the generation
/// of the position.
///
/// Migration does not change it: `hw_id` is the slot on which the thread was spawned, not where it
/// runs. The generation has 8 bits and wraps, so holders of a stored reference must count it
/// ([`crate::Scheduler::retain`]); a position with counted references is not reused. A stale
/// reference is an error, never another thread.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(C)]
pub struct ThreadRef {
    /// The slot whose table holds the thread.
    pub hw_id: u8,
    /// Generation of the position.
    pub generation: u8,
    /// Position in the table.
    pub idx: u16,
}

const _: () = assert!(size_of::<ThreadRef>() == 4);

impl fmt::Debug for ThreadRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}.{}", self.hw_id, self.idx, self.generation)
    }
}
