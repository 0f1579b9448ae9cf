//! Which of the dispatcher's locks an operation holds: object shards in ascending order, then one
//! thread's turn.

use super::lock::Guard;
use super::{Dispatcher, WaitBlock};
use crate::objects::sharded::{SHARDS, shard_of, shard_of_thread};
use crate::objects::timer::TimerSetting;
use crate::objects::wait_list::WaitList;
use std::collections::{BTreeMap, BTreeSet};
use xenia_guest::GuestAddr;
use xenia_memory::GuestMemory;
use xenia_sched::ThreadRef;

/// A set of shards, a bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::objects) struct ShardSet(u64);

const _: () = assert!(SHARDS <= u64::BITS);

impl ShardSet {
    /// The shards that these objects are in.
    pub(in crate::objects) fn of(objects: &[GuestAddr]) -> Self {
        Self(objects.iter().fold(0, |set, &object| set | 1 << shard_of(object)))
    }

    /// Those of both.
    pub(in crate::objects) fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// How many of the set have a lower number.
    fn below(self, shard: usize) -> usize {
        (self.0 & ((1 << shard) - 1)).count_ones() as usize
    }

    fn iter(self) -> impl Iterator<Item = usize> {
        let mut left = self.0;
        std::iter::from_fn(move || {
            let first = left.trailing_zeros();
            left &= left.wrapping_sub(1);
            (first < u64::BITS).then_some(first as usize)
        })
    }
}

/// What there is to know about the objects of one shard, beside what is in their headers.
#[derive(Debug, Default)]
pub(in crate::objects) struct Shard {
    /// Who waits, by object; no list is empty.
    pub(super) lists: BTreeMap<GuestAddr, WaitList>,
    /// Mutants that have an owner: who, and which of the owner's it is.
    pub(in crate::objects) owned: BTreeMap<GuestAddr, (GuestAddr, u64)>,
    /// Timers that are set, by their serial number.
    pub(in crate::objects) timers: BTreeMap<GuestAddr, (u64, TimerSetting)>,
}

/// What the threads of one shard wait for, and what else their waits must look at.
#[derive(Debug, Default)]
pub(super) struct Waits {
    blocks: BTreeMap<ThreadRef, WaitBlock>,
    /// Threads that may have an APC or alert that ends an alertable wait; no other has one.
    asked: BTreeSet<ThreadRef>,
}

/// Some shards, locked: their objects' states, and who stands on their lists, stay as they are but
/// for the holder.
#[derive(Debug)]
pub struct Held<'a> {
    pub(in crate::objects) dispatcher: &'a Dispatcher,
    set: ShardSet,
    /// That of the lowest number: most sets have one, and no room is made for more.
    first: Option<Guard<'a, Shard>>,
    others: Vec<Guard<'a, Shard>>,
}

/// A thread's turn, locked: the thread begins no wait, and nobody ends one of its waits, but the
/// holder.
#[derive(Debug)]
pub struct Turn<'a> {
    waits: Guard<'a, Waits>,
    thread: ThreadRef,
}

/// A thread's wait, if it has one for objects: the shards of these objects and the thread's turn,
/// locked.
#[derive(Debug)]
pub struct ThreadWait<'a> {
    pub(super) held: Held<'a>,
    /// The turn.
    pub turn: Turn<'a>,
}

impl Dispatcher {
    fn lock(&self, set: ShardSet) -> Held<'_> {
        let mut shards = set.iter().map(|shard| self.shards.at(shard).lock());
        let first = shards.next();
        Held { dispatcher: self, set, first, others: shards.collect() }
    }

    /// Locks what a wait for these objects looks at.
    pub fn hold(&self, objects: &[GuestAddr]) -> Held<'_> {
        self.lock(ShardSet::of(objects))
    }

    /// Locks what a signal of `signalled` may change, and the shards of `objects` with it: all
    /// objects of all waits that stand on the list of what is signalled. Who stands there is
    /// known once its shard is locked. If locks of lower numbers are missing then, all are
    /// given back and taken in order; what has come to be missed meanwhile is added. No try needs
    /// fewer than the one before, so there are at most as many as there are shards, whatever others
    /// do.
    pub fn hold_around(&self, signalled: GuestAddr, objects: &[GuestAddr]) -> Held<'_> {
        let mut set = ShardSet::of(objects).and(ShardSet::of(&[signalled]));
        loop {
            let held = self.lock(set);
            let list = held.shard(signalled).lists.get(&signalled);
            let wider = list.into_iter().flat_map(WaitList::reaches).fold(set, ShardSet::and);
            if wider == set {
                return held;
            }
            set = wider;
        }
    }

    /// Locks a thread's turn. Whoever holds another thread's must not.
    pub fn turn(&self, thread: ThreadRef) -> Turn<'_> {
        Turn { waits: self.waits.at(shard_of_thread(thread)).lock(), thread }
    }

    /// Locks a thread's turn, and the shards of what it waits for, as [`Self::hold_around`] finds
    /// those of a signal.
    pub fn wait_of(&self, thread: ThreadRef) -> ThreadWait<'_> {
        let mut set = ShardSet::default();
        loop {
            let held = self.lock(set);
            let turn = self.turn(thread);
            let wider = turn.block().map_or(set, |block| set.and(ShardSet::of(&block.objects)));
            if wider == set {
                return ThreadWait { held, turn };
            }
            set = wider;
        }
    }
}

impl Held<'_> {
    fn place(&self, object: GuestAddr) -> Option<usize> {
        let shard = shard_of(object);
        let is_held = self.set.0 >> shard & 1 != 0;
        debug_assert!(is_held, "the shard of {object} is not locked");
        self.set.below(shard).checked_sub(1)
    }

    /// The shard of an object, which is one of those that are locked.
    pub(in crate::objects) fn shard(&self, object: GuestAddr) -> &Shard {
        match self.place(object) {
            None => self.first.as_ref().expect("a set with an object has a shard"),
            Some(place) => &self.others[place],
        }
    }

    /// As [`Self::shard`].
    pub(in crate::objects) fn shard_mut(&mut self, object: GuestAddr) -> &mut Shard {
        match self.place(object) {
            None => self.first.as_mut().expect("a set with an object has a shard"),
            Some(place) => &mut self.others[place],
        }
    }

    /// Takes a thread off the lists of the objects that it waited for.
    pub(super) fn leave_lists(&mut self, memory: &GuestMemory, thread: ThreadRef, block: &WaitBlock) {
        for &object in &block.objects {
            let shard = self.shard_mut(object);
            let Some(list) = shard.lists.get_mut(&object) else { continue };
            list.remove(memory, object, thread);
            if list.is_empty() {
                shard.lists.remove(&object);
                self.note_waited_for(object, false);
            }
        }
    }
}

impl Turn<'_> {
    /// What the thread waits for.
    pub(super) fn block(&self) -> Option<&WaitBlock> {
        self.waits.blocks.get(&self.thread)
    }

    pub(super) fn begin(&mut self, block: WaitBlock) {
        self.waits.blocks.insert(self.thread, block);
    }

    pub(super) fn end(&mut self) -> Option<(ThreadRef, WaitBlock)> {
        Some((self.thread, self.waits.blocks.remove(&self.thread)?))
    }

    pub(super) fn thread(&self) -> ThreadRef {
        self.thread
    }

    /// Whether an APC or an alert may have come for the thread that ends an alertable wait. If not,
    /// none comes meanwhile.
    pub fn is_asked(&self) -> bool {
        self.waits.asked.contains(&self.thread)
    }

    /// An APC or an alert has come, which the thread's next alertable wait looks for.
    pub fn ask(&mut self) {
        self.waits.asked.insert(self.thread);
    }

    /// Nothing is left that would end an alertable wait of the thread.
    pub fn has_answered(&mut self) {
        self.waits.asked.remove(&self.thread);
    }

    /// Keeps objects until the thread's wait is over.
    pub fn keep(&mut self, held: Vec<crate::objects::HeldObject>) {
        if let Some(block) = self.waits.blocks.get_mut(&self.thread) {
            block.held = held;
        }
    }
}

/// The dispatcher's shards, but those of some objects and of a thread.
#[cfg(test)]
pub(crate) struct Everything<'a> {
    _shards: Held<'a>,
    _turns: Vec<Guard<'a, Waits>>,
    _owners: Vec<Guard<'a, crate::objects::mutant::Owned>>,
}

#[cfg(test)]
impl Dispatcher {
    /// Whether two addresses are in one shard.
    pub(crate) fn shares(&self, one: GuestAddr, other: GuestAddr) -> bool {
        std::ptr::eq(self.shards.of(one), self.shards.of(other))
    }

    /// Locks everything but the queue of timers, and what these threads need at these objects: the
    /// objects' shards, their own turns, what they own.
    pub(crate) fn hold_all_but(
        &self,
        objects: &[GuestAddr],
        threads: &[(ThreadRef, GuestAddr)],
    ) -> Everything<'_> {
        let all = u64::MAX >> (u64::BITS - SHARDS);
        let shards = self.lock(ShardSet(all & !ShardSet::of(objects).0));
        let is_of = |shard: &usize| threads.iter().all(|&(thread, _)| shard_of_thread(thread) != *shard);
        let turns = (0..SHARDS as usize).filter(is_of).map(|shard| self.waits.at(shard).lock()).collect();
        let owners: Vec<GuestAddr> = threads.iter().map(|&(_, kthread)| kthread).collect();
        Everything { _shards: shards, _turns: turns, _owners: self.owners.hold_all_but(&owners) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_its_shards_in_ascending_order() {
        let objects: Vec<GuestAddr> = (0..40).map(|index| GuestAddr(0x4000_0000 + 0x24 * index)).collect();
        let set = ShardSet::of(&objects);
        let shards: Vec<usize> = set.iter().collect();
        assert!(shards.is_sorted() && shards.len() > 1);
        for (place, &shard) in shards.iter().enumerate() {
            assert_eq!(set.below(shard), place);
        }
        assert!(objects.iter().all(|&object| shards.contains(&shard_of(object))));
        assert_eq!(ShardSet::default().iter().count(), 0);
    }
}
