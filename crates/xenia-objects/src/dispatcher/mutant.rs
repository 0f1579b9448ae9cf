//! Mutants: recursive mutexes with an owner, abandoned if their owner ends, or by a call.
//!
//! A mutant's owner is recorded in the mutant's shard, the mutants of an owner in the owner's
//! shard. Both change under the mutant's shard lock. So a thread that takes and releases a mutant
//! touches no data of another thread.

mod state;

pub(crate) use state::OwnersState;

use crate::dispatcher::{
    CountedLock, Dispatcher, Held, LockCounts, initialize, kind, set_signal_state, signal_state,
};
use crate::failure::Fallible;
use crate::sharded::Sharded;
#[cfg(any(test, feature = "testing"))]
use crate::{
    dispatcher::Guard,
    sharded::{SHARDS, shard_of},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use xenia_guest::layout::kmutant;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_limits::{Limit, ResourceLimits};
use xenia_memory::GuestMemory;
use xenia_sched::Cpu;
use xenia_sync::Level;

/// Number of mutants that a shard of owners reserves from the common quota at a time.
const BATCH: usize = 64;

/// Owner of a mutant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct MutantOwner {
    kthread: GuestAddr,
    /// Serial number of the mutant in the owner's list.
    serial: u64,
}

/// Mutants of the owners of one shard.
#[derive(Debug, Default)]
pub(super) struct Owned {
    /// By owner, in order of acquisition.
    mutants: BTreeMap<MutantOwner, GuestAddr>,
    serial: u64,
    /// Reserved quota that is unused.
    free: usize,
}

/// Mutants by owner, each at most once.
#[derive(Debug)]
pub(super) struct Owners {
    shards: Sharded<CountedLock<Owned>>,
    /// Quota that no shard has reserved. A shard takes from it once every [`BATCH`] mutants, so
    /// threads that use different mutants seldom contend for it. A request may fail while other
    /// shards still have unused quota.
    stock: AtomicUsize,
}

impl Owners {
    /// Creates the lists without any mutant. The shards' locks have ordinals from `first` on.
    pub(super) fn new(first: u32) -> Self {
        Self {
            shards: Sharded::new(|shard| {
                CountedLock::new(Level::Dispatcher, first + shard, Owned::default())
            }),
            stock: AtomicUsize::new(Limit::Mutants.row().value as usize),
        }
    }

    pub(super) fn counts(&self) -> impl Iterator<Item = LockCounts> + '_ {
        self.shards.iter().map(CountedLock::counts)
    }

    /// Locks all shards except those of these owners.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn hold_all_but(&self, owners: &[GuestAddr]) -> Vec<Guard<'_, Owned>> {
        let is_other = |shard: &usize| owners.iter().all(|&owner| shard_of(owner) != *shard);
        (0..SHARDS as usize).filter(is_other).map(|shard| self.shards.at(shard).lock()).collect()
    }

    /// Reserves quota for one more mutant of this owner.
    fn reserve(&self, owner: GuestAddr, limits: &ResourceLimits) -> Fallible<()> {
        let mut owned = self.shards.shard_at(owner).lock();
        if owned.free == 0 {
            let batch = |stock: usize| (stock > 0).then(|| stock - stock.min(BATCH));
            let Ok(stock) = self.stock.fetch_update(Relaxed, Relaxed, batch) else {
                limits.hit(Limit::Mutants);
                return Err(Limit::Mutants.row().status.into());
            };
            owned.free = stock.min(BATCH);
        }
        owned.free -= 1;
        Ok(())
    }

    fn give_back(&self, owned: &mut Owned) {
        owned.free += 1;
        if owned.free >= 2 * BATCH {
            owned.free -= BATCH;
            self.stock.fetch_add(BATCH, Relaxed);
        }
    }

    /// Returns quota that was reserved and not used.
    fn release(&self, owner: GuestAddr) {
        self.give_back(&mut self.shards.shard_at(owner).lock());
    }

    /// Adds a mutant whose quota is reserved.
    fn insert(&self, kthread: GuestAddr, mutant: GuestAddr) -> MutantOwner {
        let mut owned = self.shards.shard_at(kthread).lock();
        owned.serial += 1;
        let owner = MutantOwner { kthread, serial: owned.serial };
        owned.mutants.insert(owner, mutant);
        owner
    }

    fn remove(&self, owner: MutantOwner) {
        let mut owned = self.shards.shard_at(owner.kthread).lock();
        if owned.mutants.remove(&owner).is_some() {
            self.give_back(&mut owned);
        }
    }

    /// The owner's first mutant after the one with serial number `after`.
    fn next(&self, kthread: GuestAddr, after: u64) -> Option<(MutantOwner, GuestAddr)> {
        let owned = self.shards.shard_at(kthread).lock();
        let first = MutantOwner { kthread, serial: after + 1 };
        let last = MutantOwner { kthread, serial: u64::MAX };
        let (&owner, &mutant) = owned.mutants.range(first..=last).next()?;
        Some((owner, mutant))
    }

    /// The serial number of the newest mutant in the shard of this owner.
    fn newest(&self, owner: GuestAddr) -> u64 {
        self.shards.shard_at(owner).lock().serial
    }
}

impl Dispatcher {
    /// Initialises a mutant, owned by `owner` if given.
    pub fn initialize_mutant(
        &self,
        memory: &GuestMemory,
        mutant: GuestAddr,
        owner: Option<GuestAddr>,
    ) -> Fallible<()> {
        self.hold(&[mutant]).initialize_mutant(memory, mutant, owner)
    }

    /// Releases a mutant once, which only its owner may. Returns the previous signal state (1:
    /// free; else 1 minus the number of acquisitions).
    ///
    /// # Errors
    /// `MUTANT_NOT_OWNED`, or `ABANDONED_WAIT_0` if the mutant was abandoned.
    pub fn release_mutant(
        &self,
        memory: &GuestMemory,
        cpu: &mut dyn Cpu,
        mutant: GuestAddr,
        kthread: GuestAddr,
        boost: u8,
    ) -> Fallible<i32> {
        self.hold_around(mutant, &[]).release_mutant(memory, cpu, mutant, kthread, boost)
    }

    /// Abandons a mutant, whichever thread owns it: it becomes free, and its next waiter gets an
    /// abandoned status. Returns the previous signal state.
    pub fn abandon_mutant(
        &self,
        memory: &GuestMemory,
        cpu: &mut dyn Cpu,
        mutant: GuestAddr,
        boost: u8,
    ) -> Fallible<i32> {
        let mut held = self.hold_around(mutant, &[]);
        let before = signal_state(memory, mutant)?;
        held.disown(mutant);
        held.abandon(memory, cpu, mutant, boost)?;
        Ok(before)
    }

    /// The thread object of a mutant's owner, as recorded by the kernel.
    pub fn mutant_owner(&self, mutant: GuestAddr) -> Option<GuestAddr> {
        self.hold(&[mutant]).shard(mutant).owned.get(&mutant).map(|owner| owner.kthread)
    }

    /// Abandons the mutants of a thread that has ended: they become free, and the next waiter of
    /// each gets an abandoned status.
    pub fn abandon_mutants(
        &self,
        memory: &GuestMemory,
        cpu: &mut dyn Cpu,
        kthread: GuestAddr,
    ) -> Fallible<()> {
        let mut result = Ok(());
        // Only mutants taken until now: one taken later in the ended thread's name is kept.
        let newest = self.owners.newest(kthread);
        let mut last = 0;
        while let Some((owner, mutant)) =
            self.owners.next(kthread, last).filter(|(owner, _)| owner.serial <= newest)
        {
            last = owner.serial;
            let mut held = self.hold_around(mutant, &[]);
            if held.shard(mutant).owned.get(&mutant) == Some(&owner) {
                held.disown(mutant);
                // The title may have freed the memory of one mutant; the others still become free.
                let one = held.abandon(memory, cpu, mutant, 0);
                result = result.and(one);
            }
        }
        result
    }

    /// Drops the owner of a mutant whose memory is about to be reused.
    pub fn forget_mutant(&self, mutant: GuestAddr) {
        self.hold(&[mutant]).disown(mutant);
    }
}

impl Held<'_> {
    /// Records the owner of a mutant. A mutant that this thread owns already keeps its place in the
    /// thread's order.
    pub(super) fn own(&mut self, mutant: GuestAddr, owner: GuestAddr) -> Fallible<()> {
        if self.shard(mutant).owned.get(&mutant).is_some_and(|known| known.kthread == owner) {
            return Ok(());
        }
        self.dispatcher.owners.reserve(owner, &self.dispatcher.limits)?;
        self.note_owner(mutant, owner);
        Ok(())
    }

    /// Like [`Self::own`], with quota that is already reserved.
    fn note_owner(&mut self, mutant: GuestAddr, kthread: GuestAddr) {
        self.disown(mutant);
        let owner = self.dispatcher.owners.insert(kthread, mutant);
        self.shard_mut(mutant).owned.insert(mutant, owner);
    }

    /// Clears the mutant's owner.
    fn disown(&mut self, mutant: GuestAddr) {
        if let Some(owner) = self.shard_mut(mutant).owned.remove(&mutant) {
            self.dispatcher.owners.remove(owner);
        }
    }

    fn initialize_mutant(
        &mut self,
        memory: &GuestMemory,
        mutant: GuestAddr,
        owner: Option<GuestAddr>,
    ) -> Fallible<()> {
        let owners = &self.dispatcher.owners;
        if let Some(owner) = owner {
            owners.reserve(owner, &self.dispatcher.limits)?;
        }
        let fields = || -> Fallible<()> {
            initialize(memory, mutant, kind::MUTANT, kmutant::SIZE, i32::from(owner.is_none()))?;
            let list = mutant.offset(kmutant::LIST);
            memory.write(list, list)?;
            memory.write(list.offset(4), list)?;
            memory.write(mutant.offset(kmutant::OWNER), owner.unwrap_or_default())?;
            Ok(memory.write(mutant.offset(kmutant::ABANDONED), 0_u8)?)
        };
        match (fields(), owner) {
            (Ok(()), Some(owner)) => self.note_owner(mutant, owner),
            (Ok(()), None) => self.disown(mutant),
            (Err(error), owner) => {
                if let Some(owner) = owner {
                    owners.release(owner);
                }
                return Err(error);
            }
        }
        Ok(())
    }

    /// Like [`Dispatcher::release_mutant`], with the shards already locked.
    pub fn release_mutant(
        &mut self,
        memory: &GuestMemory,
        cpu: &mut dyn Cpu,
        mutant: GuestAddr,
        kthread: GuestAddr,
        boost: u8,
    ) -> Fallible<i32> {
        let before = signal_state(memory, mutant)?;
        if before > 0 || memory.read::<GuestAddr>(mutant.offset(kmutant::OWNER))? != kthread {
            let is_abandoned = memory.read::<u8>(mutant.offset(kmutant::ABANDONED))? != 0;
            let status = if is_abandoned { NtStatus::ABANDONED_WAIT_0 } else { NtStatus::MUTANT_NOT_OWNED };
            return Err(status.into());
        }
        set_signal_state(memory, mutant, before + 1)?;
        if before + 1 > 0 {
            self.disown(mutant);
            memory.write(mutant.offset(kmutant::OWNER), GuestAddr::NULL)?;
            self.serve(memory, cpu, mutant, boost)?;
        }
        Ok(before)
    }

    fn abandon(
        &mut self,
        memory: &GuestMemory,
        cpu: &mut dyn Cpu,
        mutant: GuestAddr,
        boost: u8,
    ) -> Fallible<()> {
        memory.write(mutant.offset(kmutant::OWNER), GuestAddr::NULL)?;
        memory.write(mutant.offset(kmutant::ABANDONED), 1_u8)?;
        set_signal_state(memory, mutant, 1)?;
        self.serve(memory, cpu, mutant, boost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dispatcher::WaitType;
    use crate::dispatcher::tests::DispatcherHarness;

    #[test]
    fn nested_ownership_is_released_as_often() {
        let mut b = DispatcherHarness::new();
        let mutant = b.allocate(kmutant::SIZE);
        let owner = b.thread(1);
        let other = b.thread(2);
        b.dispatcher.initialize_mutant(&b.memory, mutant, None).unwrap();
        assert_eq!(b.wait(owner, &[mutant], WaitType::Any), Some(NtStatus::SUCCESS));
        assert_eq!(b.wait(owner, &[mutant], WaitType::Any), Some(NtStatus::SUCCESS));
        assert_eq!(b.wait(other, &[mutant], WaitType::Any), None);
        let d = &b.dispatcher;
        let s = &mut b.scheduler;
        let error = d.release_mutant(&b.memory, s, mutant, other.kthread, 0).unwrap_err();
        assert_eq!(error.status(), NtStatus::MUTANT_NOT_OWNED);
        assert_eq!(d.release_mutant(&b.memory, s, mutant, owner.kthread, 0), Ok(-1));
        assert_eq!(d.release_mutant(&b.memory, s, mutant, owner.kthread, 0), Ok(0));
        assert_eq!(b.woken(other), Some(NtStatus::SUCCESS));
        assert_eq!(b.memory.read::<GuestAddr>(mutant.offset(kmutant::OWNER)).unwrap(), other.kthread);
    }

    #[test]
    fn an_ended_owner_abandons() {
        let mut b = DispatcherHarness::new();
        let mutant = b.allocate(kmutant::SIZE);
        let owner = b.thread(1);
        let first = b.thread(2);
        let second = b.thread(3);
        b.dispatcher.initialize_mutant(&b.memory, mutant, Some(owner.kthread)).unwrap();
        b.wait(first, &[mutant], WaitType::Any);
        b.wait(second, &[mutant], WaitType::Any);
        b.dispatcher.abandon_mutants(&b.memory, &mut b.scheduler, owner.kthread).unwrap();
        assert_eq!(b.woken(first), Some(NtStatus::ABANDONED_WAIT_0));
        assert_eq!(b.woken(second), None);
        b.dispatcher.release_mutant(&b.memory, &mut b.scheduler, mutant, first.kthread, 0).unwrap();
        assert_eq!(b.woken(second), Some(NtStatus::SUCCESS), "abandonment is reported once");
    }

    #[test]
    fn an_ended_owner_abandons_in_the_order_in_which_it_has_acquired() {
        let mut b = DispatcherHarness::new();
        let mutants = [(); 3].map(|()| b.allocate(kmutant::SIZE));
        let owner = b.thread(1);
        let waiter = b.thread(2);
        for mutant in mutants {
            b.dispatcher.initialize_mutant(&b.memory, mutant, None).unwrap();
        }
        // Not by address. The second acquisition of the first one changes nothing.
        for index in [1, 2, 0, 1] {
            assert_eq!(b.wait(owner, &[mutants[index]], WaitType::Any), Some(NtStatus::SUCCESS));
        }
        assert_eq!(b.wait(waiter, &mutants, WaitType::Any), None);
        b.dispatcher.abandon_mutants(&b.memory, &mut b.scheduler, owner.kthread).unwrap();
        assert_eq!(b.woken(waiter), Some(NtStatus(NtStatus::ABANDONED_WAIT_0.0 + 1)));
        assert_eq!(b.dispatcher.mutant_owner(mutants[1]), Some(waiter.kthread));
    }

    #[test]
    fn a_mutant_is_recorded_once_and_records_are_limited() {
        let mut b = DispatcherHarness::new();
        let mutant = b.allocate(kmutant::SIZE);
        let owner = GuestAddr(0x1000);
        let another = |n: u32| GuestAddr(0x5000_0000 + 4 * n);
        let count = |b: &DispatcherHarness| -> usize {
            b.dispatcher.owners.shards.iter().map(|shard| shard.lock().mutants.len()).sum()
        };
        for _ in 0..3 {
            b.dispatcher.initialize_mutant(&b.memory, mutant, Some(owner)).unwrap();
        }
        assert_eq!(count(&b), 1);
        b.dispatcher.initialize_mutant(&b.memory, mutant, None).unwrap();
        assert_eq!(count(&b), 0, "made anew without an owner");
        for n in 0..Limit::Mutants.row().value as u32 {
            b.dispatcher.hold(&[another(n)]).own(another(n), owner).unwrap();
        }
        let refused = b.dispatcher.initialize_mutant(&b.memory, mutant, Some(owner)).unwrap_err();
        assert_eq!(refused.status(), NtStatus::INSUFFICIENT_RESOURCES);
        b.dispatcher.forget_mutant(another(0));
        b.dispatcher.initialize_mutant(&b.memory, mutant, Some(owner)).unwrap();
        // Returned quota is available to every owner.
        for n in 1..4 * BATCH as u32 {
            b.dispatcher.forget_mutant(another(n));
        }
        let other = GuestAddr(0x1000 + 0x40);
        assert_ne!(shard_of(owner), shard_of(other));
        b.dispatcher.hold(&[another(1)]).own(another(1), other).unwrap();
        assert_eq!(count(&b), Limit::Mutants.row().value as usize + 1 - (4 * BATCH - 1));
    }

    #[test]
    fn a_failed_initialization_counts_no_mutant() {
        let b = DispatcherHarness::new();
        let owner = GuestAddr(0x1000);
        for _ in 0..3 * BATCH {
            b.dispatcher.initialize_mutant(&b.memory, GuestAddr(0x10), Some(owner)).unwrap_err();
        }
        let stock = b.dispatcher.owners.stock.load(Relaxed);
        assert_eq!(stock + BATCH, Limit::Mutants.row().value as usize, "one batch is the shard's");
    }
}
