//! State of the dispatcher: wait lists, waits, owned mutants and timers.
//!
//! The shards are not part of it, except for counters that each shard has: which object is in which
//! shard is a function of its address.

#[cfg(test)]
mod tests;

use super::mutant::OwnersState;
use super::shards::{ObjectShard, Waits};
use super::timer::TimersState;
use super::wait_list::{ListedWait, WaitList};
use super::{Dispatcher, MAX_WAIT_OBJECTS, ShardSet, WaitBlock, WaitType};
use crate::sharded::shard_of_thread;
use crate::{HeldState, Objects, check_thread};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use xenia_guest::GuestAddr;
use xenia_sched::{Alertable, GuestTicks, ThreadRef};
use xenia_state::{Impossible, check};

/// State of a [`Dispatcher`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DispatcherState {
    /// Waiting threads by object, in order of arrival.
    lists: BTreeMap<GuestAddr, Vec<ListedWait>>,
    waits: BTreeMap<ThreadRef, WaitBlockState>,
    /// Threads that may have a pending APC or alert.
    asked: BTreeSet<ThreadRef>,
    owners: OwnersState,
    timers: TimersState,
}

/// State of a [`WaitBlock`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitBlockState {
    objects: Vec<GuestAddr>,
    wait_type: WaitType,
    deadline: Option<GuestTicks>,
    alertable: Alertable,
    kthread: GuestAddr,
    held: Vec<HeldState>,
}

impl WaitBlock {
    pub fn state(&self) -> WaitBlockState {
        let Self { objects, wait_type, deadline, alertable, kthread, held } = self;
        WaitBlockState {
            objects: objects.as_slice().to_vec(),
            wait_type: *wait_type,
            deadline: *deadline,
            alertable: *alertable,
            kthread: *kthread,
            held: held.iter().map(crate::HeldObject::state).collect(),
        }
    }
}

impl WaitBlockState {
    /// The wait, which holds its objects in the restored table.
    pub fn restore(self, table: &Arc<Objects>) -> Result<WaitBlock, Impossible> {
        let Self { objects, wait_type, deadline, alertable, kthread, held } = self;
        let count = (1..=MAX_WAIT_OBJECTS as usize).contains(&objects.len());
        check(count, "a wait is for no object, or for too many")?;
        check(held.len() <= objects.len(), "a wait keeps more objects than it is for")?;
        let held = held.into_iter().map(|held| table.hold_again(held)).collect::<Result<_, _>>()?;
        Ok(WaitBlock { objects: objects.into(), wait_type, deadline, alertable, kthread, held })
    }
}

impl Dispatcher {
    pub fn state(&self) -> DispatcherState {
        let Self {
            shards,
            waits: turns,
            owners,
            timers,
            // The machine has them.
            limits: _,
        } = self;
        let mut lists = BTreeMap::new();
        let mut owned = BTreeMap::new();
        let mut set = BTreeMap::new();
        for shard in shards.iter() {
            let shard = shard.lock();
            let ObjectShard { lists: waiting, owned: mutants, timers } = &*shard;
            lists.extend(waiting.iter().map(|(&object, list)| (object, list.state())));
            owned.extend(mutants);
            set.extend(timers);
        }
        let mut waits = BTreeMap::new();
        let mut asked = BTreeSet::new();
        for turn in turns.iter() {
            let turn = turn.lock();
            let Waits { blocks, asked: of_shard } = &*turn;
            waits.extend(blocks.iter().map(|(&thread, block)| (thread, block.state())));
            asked.extend(of_shard);
        }
        DispatcherState { lists, waits, asked, owners: owners.state(owned), timers: timers.lock().state(set) }
    }

    /// Replaces all waits, owned mutants and timers. The objects' table must be restored.
    pub fn restore(&self, objects: &Arc<Objects>, state: DispatcherState) -> Result<(), Impossible> {
        let DispatcherState { lists, waits, asked, owners, timers } = state;
        self.release_all();
        self.restore_waits(objects, lists, waits)?;
        for thread in asked {
            check_thread(thread)?;
            self.waits.at(shard_of_thread(thread)).lock().asked.insert(thread);
        }
        self.restore_owners(owners)?;
        self.restore_timers(timers)
    }

    /// Forgets all waits, and drops the objects that they hold.
    pub fn release_all(&self) {
        for shard in self.shards.iter() {
            *shard.lock() = ObjectShard::default();
        }
        for turn in self.waits.iter() {
            // Its objects are dropped without its lock.
            let _waits = std::mem::take(&mut *turn.lock());
        }
    }

    /// Restores waits and wait lists, which must have the same entries.
    fn restore_waits(
        &self,
        objects: &Arc<Objects>,
        lists: BTreeMap<GuestAddr, Vec<ListedWait>>,
        waits: BTreeMap<ThreadRef, WaitBlockState>,
    ) -> Result<(), Impossible> {
        let mut reaches = BTreeMap::new();
        // How often each thread must be on the list of each object.
        let mut entries = BTreeMap::<(GuestAddr, ThreadRef), u32>::new();
        for (thread, wait) in waits {
            check_thread(thread)?;
            reaches.insert(thread, ShardSet::of(&wait.objects));
            for &object in &wait.objects {
                *entries.entry((object, thread)).or_default() += 1;
            }
            let block = wait.restore(objects)?;
            self.waits.at(shard_of_thread(thread)).lock().blocks.insert(thread, block);
        }
        for (object, listed) in lists {
            check(!listed.is_empty(), "a wait list is empty")?;
            let mut list = WaitList::default();
            for listed in listed {
                let left = entries.get_mut(&(object, listed.thread)).filter(|left| **left > 0);
                *left.ok_or("a thread is on the list of an object for which it does not wait")? -= 1;
                list.restore(listed, reaches.get(&listed.thread).copied().unwrap_or_default());
            }
            self.shards.shard_at(object).lock().lists.insert(object, list);
        }
        check(entries.values().all(|&left| left == 0), "a thread that waits is missing in a list")
    }
}

#[cfg(any(test, feature = "testing"))]
impl WaitBlockState {
    /// The objects that the wait holds.
    pub fn held(&self) -> impl Iterator<Item = HeldState> + '_ {
        self.held.iter().copied()
    }
}

#[cfg(any(test, feature = "testing"))]
impl DispatcherState {
    /// The objects that waits hold.
    pub fn held(&self) -> impl Iterator<Item = HeldState> + '_ {
        self.waits.values().flat_map(WaitBlockState::held)
    }
}
