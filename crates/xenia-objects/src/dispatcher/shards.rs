//! Lock sets: the dispatcher locks that an operation holds, which are object shards in ascending
//! order, then one thread's turn.
//!
//! Operations ask a [`Held`] only for objects in its shards, so the `expect` of `Held::shard` can't
//! fail: a wait for those of `hold`, a signal for those of the waits that `hold_around` has found,
//! the end of a wait for those of `wait_of`. Wait lists change only under their shards, so no other
//! object is added while these are held.

use super::lock::Guard;
use super::mutant::MutantOwner;
use super::timer::SetTimer;
use super::wait_list::WaitList;
use super::{Dispatcher, WaitBlock};
use crate::sharded::{SHARDS, shard_of, shard_of_thread};
use std::collections::{BTreeMap, BTreeSet};
use xenia_guest::GuestAddr;
use xenia_memory::GuestMemory;
use xenia_sched::ThreadRef;

/// A set of shards, as a bit mask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ShardSet(u64);

const _: () = assert!(SHARDS <= u64::BITS);

impl ShardSet {
    /// The shards of these objects.
    pub(crate) fn of(objects: &[GuestAddr]) -> Self {
        Self(objects.iter().fold(0, |set, &object| set | 1 << shard_of(object)))
    }

    /// The union of both sets.
    pub(crate) fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Number of shards in the set below `shard`.
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

/// State of one shard's objects that is not in their headers.
#[derive(Debug, Default)]
pub(crate) struct ObjectShard {
    /// Wait lists by object; empty lists are removed.
    pub(super) lists: BTreeMap<GuestAddr, WaitList>,
    /// Owned mutants, with their owners.
    pub(crate) owned: BTreeMap<GuestAddr, MutantOwner>,
    /// Timers that are set.
    pub(crate) timers: BTreeMap<GuestAddr, SetTimer>,
}

/// Current waits of the threads of one shard, and their pending interruptions.
#[derive(Debug, Default)]
pub(super) struct Waits {
    pub(super) blocks: BTreeMap<ThreadRef, WaitBlock>,
    /// Threads that may have a pending APC or alert that ends an alertable wait. No other thread
    /// has one.
    pub(super) asked: BTreeSet<ThreadRef>,
}

/// Guard of some object shards: the signal states and wait lists of their objects change only
/// through the holder.
#[derive(Debug)]
pub struct Held<'a> {
    pub(crate) dispatcher: &'a Dispatcher,
    set: ShardSet,
    /// The shard with the lowest number. Most sets have one shard, which needs no allocation here.
    first: Option<Guard<'a, ObjectShard>>,
    others: Vec<Guard<'a, ObjectShard>>,
}

/// Guard of a thread's turn: only the holder begins or ends a wait of this thread.
#[derive(Debug)]
pub struct Turn<'a> {
    waits: Guard<'a, Waits>,
    thread: ThreadRef,
}

/// Guard of a thread's turn and of the shards of the objects that it waits for, if it waits for
/// objects.
#[derive(Debug)]
pub struct ThreadWait<'a> {
    pub(super) held: Held<'a>,
    pub turn: Turn<'a>,
}

impl Dispatcher {
    fn lock(&self, set: ShardSet) -> Held<'_> {
        let mut shards = set.iter().map(|shard| self.shards.at(shard).lock());
        let first = shards.next();
        Held { dispatcher: self, set, first, others: shards.collect() }
    }

    /// Locks the shards that a wait for these objects reads.
    pub fn hold(&self, objects: &[GuestAddr]) -> Held<'_> {
        self.lock(ShardSet::of(objects))
    }

    /// Locks the shards that signalling `signalled` may change, and those of `objects`: the shards
    /// of every object of every wait on the wait list of `signalled`.
    ///
    /// The wait list is known only once its shard is locked. If shards turn out to be missing, all
    /// are released and the wider set is locked in ascending order, and the list is read again. The
    /// set only grows, so there are at most as many attempts as shards, whatever other threads do.
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

    /// Locks a thread's turn. The caller must not hold another thread's turn.
    pub fn turn(&self, thread: ThreadRef) -> Turn<'_> {
        Turn { waits: self.waits.at(shard_of_thread(thread)).lock(), thread }
    }

    /// Locks a thread's turn and the shards of the objects that it waits for, by the same retry
    /// loop as [`Self::hold_around`].
    pub fn wait_of(&self, thread: ThreadRef) -> ThreadWait<'_> {
        let mut set = ShardSet::default();
        loop {
            let held = self.lock(set);
            let turn = self.turn(thread);
            let wider = turn.block().map_or(set, |block| set.and(ShardSet::of(block.objects.as_slice())));
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

    /// The shard of an object, which must be in the locked set.
    pub(crate) fn shard(&self, object: GuestAddr) -> &ObjectShard {
        match self.place(object) {
            None => self.first.as_ref().expect("a set with an object has a shard"),
            Some(place) => &self.others[place],
        }
    }

    /// Like [`Self::shard`], mutably.
    pub(crate) fn shard_mut(&mut self, object: GuestAddr) -> &mut ObjectShard {
        match self.place(object) {
            None => self.first.as_mut().expect("a set with an object has a shard"),
            Some(place) => &mut self.others[place],
        }
    }

    /// Removes a thread from the wait lists of the objects that it waited for.
    pub(super) fn leave_lists(&mut self, memory: &GuestMemory, thread: ThreadRef, block: &WaitBlock) {
        for &object in block.objects.as_slice() {
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
    /// The thread's current wait for objects.
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

    /// Whether an APC or alert that ends an alertable wait may be pending. If `false`, none arrives
    /// while the turn is held.
    pub fn is_interruption_requested(&self) -> bool {
        self.waits.asked.contains(&self.thread)
    }

    /// Records a pending APC or alert, which the thread's next alertable wait checks.
    pub fn request_interruption(&mut self) {
        self.waits.asked.insert(self.thread);
    }

    /// Records that no APC or alert is pending that would end an alertable wait of the thread.
    pub fn clear_interruption(&mut self) {
        self.waits.asked.remove(&self.thread);
    }

    /// Keeps references to objects until the thread's wait is over.
    pub fn keep(&mut self, held: Vec<crate::HeldObject>) {
        if let Some(block) = self.waits.blocks.get_mut(&self.thread) {
            block.held = held;
        }
    }
}

/// Guard of all of the dispatcher's shards except those of some objects and threads.
#[cfg(any(test, feature = "testing"))]
pub struct Everything<'a> {
    _shards: Held<'a>,
    _turns: Vec<Guard<'a, Waits>>,
    _owners: Vec<Guard<'a, super::mutant::Owned>>,
}

#[cfg(any(test, feature = "testing"))]
impl Dispatcher {
    /// Whether two addresses are in the same shard.
    pub fn shares(&self, one: GuestAddr, other: GuestAddr) -> bool {
        std::ptr::eq(self.shards.shard_at(one), self.shards.shard_at(other))
    }

    /// Locks everything except the timer queue and the locks that `threads` need for `objects`: the
    /// objects' shards, the threads' turns and their owner shards.
    pub fn hold_all_but(&self, objects: &[GuestAddr], threads: &[(ThreadRef, GuestAddr)]) -> Everything<'_> {
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
