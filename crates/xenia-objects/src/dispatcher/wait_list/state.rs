//! State of a wait list.

use super::{WaitEntry, WaitList};
use crate::dispatcher::ShardSet;
use serde::{Deserialize, Serialize};
use xenia_guest::GuestAddr;
use xenia_sched::ThreadRef;

/// An entry of a saved wait list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ListedWait {
    pub(crate) thread: ThreadRef,
    /// The wait block in guest memory.
    block: GuestAddr,
}

impl WaitList {
    pub(crate) fn state(&self) -> Vec<ListedWait> {
        let Self(entries) = self;
        let entries = entries.iter().map(|entry| {
            // The reach is that of the thread's wait.
            let WaitEntry { thread, block, reach: _ } = entry;
            ListedWait { thread: *thread, block: *block }
        });
        entries.collect()
    }

    /// Appends an entry of a saved list, without a change of guest memory. `reach` has the shards
    /// of all objects of the wait.
    pub(crate) fn restore(&mut self, listed: ListedWait, reach: ShardSet) {
        let ListedWait { thread, block } = listed;
        self.0.push_back(WaitEntry { thread, block, reach });
    }
}
