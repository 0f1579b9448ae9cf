//! State of the wait queues of locks.

use super::{LockQueues, LockWaiter, Shard};
use crate::check_thread;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::atomic::Ordering::Relaxed;
use xenia_guest::GuestAddr;
use xenia_state::{Impossible, check};

/// State of [`LockQueues`]: the threads in each queue, the first first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockQueuesState(BTreeMap<GuestAddr, Vec<LockWaiter>>);

impl LockQueues {
    pub fn state(&self) -> LockQueuesState {
        // The number of threads in all queues.
        let Self { shards, parked: _ } = self;
        let mut all = BTreeMap::new();
        for shard in shards.iter() {
            // The number of threads in the queues; none is about to join one.
            let Shard { waiting: _, queues } = shard;
            let queues = queues.lock();
            all.extend(queues.iter().map(|(&at, waiters)| (at, waiters.iter().copied().collect())));
        }
        LockQueuesState(all)
    }

    /// Replaces all queues.
    pub fn restore(&self, state: LockQueuesState) -> Result<(), Impossible> {
        let LockQueuesState(queues) = state;
        for shard in self.shards.iter() {
            shard.queues.lock().clear();
            shard.waiting.store(0, Relaxed);
        }
        self.parked.store(0, Relaxed);
        for (at, waiters) in queues {
            check(!waiters.is_empty(), "a lock has an empty queue")?;
            waiters.iter().try_for_each(|waiter| check_thread(waiter.thread))?;
            let shard = self.shards.shard_at(at);
            shard.waiting.fetch_add(waiters.len(), Relaxed);
            self.parked.fetch_add(waiters.len(), Relaxed);
            shard.queues.lock().insert(at, waiters.into());
        }
        Ok(())
    }
}

#[cfg(test)]
impl LockQueuesState {
    /// State of one queue.
    pub(super) fn of(at: GuestAddr, waiters: &[LockWaiter]) -> Self {
        Self(BTreeMap::from([(at, waiters.to_vec())]))
    }
}
