//! Mutants: locks with an owner that waits may nest, and that end abandoned if their owner does.

use crate::layout::kmutant;
use crate::limits::Limit;
use crate::objects::dispatcher::{Dispatcher, initialize, kind, set_signal_state, signal_state};
use crate::status::failure::Fallible;
use std::collections::BTreeMap;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_memory::GuestMemory;
use xenia_sched::Cpu;

/// Mutants that have an owner, each once; of one owner, in the order in which it got them.
#[derive(Debug, Default)]
pub(super) struct OwnedMutants {
    by_owner: BTreeMap<(GuestAddr, u64), GuestAddr>,
    owners: BTreeMap<GuestAddr, (GuestAddr, u64)>,
    serial: u64,
}

impl OwnedMutants {
    pub(super) fn len(&self) -> usize {
        self.owners.len()
    }

    /// Notes who owns a mutant. One that the same thread owns already stays where it is in that thread's order.
    pub(super) fn insert(&mut self, mutant: GuestAddr, owner: GuestAddr) {
        if self.owners.get(&mutant).is_some_and(|known| known.0 == owner) {
            return;
        }
        self.remove(mutant);
        self.serial += 1;
        self.owners.insert(mutant, (owner, self.serial));
        self.by_owner.insert((owner, self.serial), mutant);
    }

    /// Nobody owns the mutant any more.
    fn remove(&mut self, mutant: GuestAddr) {
        if let Some(key) = self.owners.remove(&mutant) {
            self.by_owner.remove(&key);
        }
    }

    /// Takes out the first mutant of an owner.
    fn take_first(&mut self, owner: GuestAddr) -> Option<GuestAddr> {
        let (&key, &mutant) = self.by_owner.range((owner, 0)..=(owner, u64::MAX)).next()?;
        self.by_owner.remove(&key);
        self.owners.remove(&mutant);
        Some(mutant)
    }
}

impl Dispatcher {
    /// Initialises a mutant, owned by `owner` if given.
    pub fn initialize_mutant(
        &mut self,
        memory: &GuestMemory,
        mutant: GuestAddr,
        owner: Option<GuestAddr>,
    ) -> Fallible<()> {
        if owner.is_some() {
            self.limits.admit(Limit::Mutants, self.owned.len())?;
        }
        initialize(memory, mutant, kind::MUTANT, kmutant::SIZE, i32::from(owner.is_none()))?;
        self.owned.remove(mutant);
        let list = mutant.offset(kmutant::LIST);
        memory.write(list, list)?;
        memory.write(list.offset(4), list)?;
        memory.write(mutant.offset(kmutant::OWNER), owner.unwrap_or_default())?;
        memory.write(mutant.offset(kmutant::ABANDONED), 0_u8)?;
        if let Some(owner) = owner {
            self.owned.insert(mutant, owner);
        }
        Ok(())
    }

    /// The owner releases a mutant once; returns the state before (1: free; else 1 minus the acquisitions).
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
            return Err(NtStatus::MUTANT_NOT_OWNED.into());
        }
        set_signal_state(memory, mutant, before + 1)?;
        if before + 1 > 0 {
            self.owned.remove(mutant);
            memory.write(mutant.offset(kmutant::OWNER), GuestAddr::NULL)?;
            self.serve(memory, cpu, mutant, boost)?;
        }
        Ok(before)
    }

    /// The thread object of a mutant's owner, as the kernel knows it.
    pub fn mutant_owner(&self, mutant: GuestAddr) -> Option<GuestAddr> {
        self.owned.owners.get(&mutant).map(|&(owner, _)| owner)
    }

    /// A thread has ended: the mutants it owned become free, and their next waiter is told.
    pub fn abandon_mutants(
        &mut self,
        memory: &GuestMemory,
        cpu: &mut dyn Cpu,
        kthread: GuestAddr,
    ) -> Fallible<()> {
        let mut result = Ok(());
        while let Some(mutant) = self.owned.take_first(kthread) {
            // The title may have freed the memory of one; the others are free all the same.
            let one = self.abandon(memory, cpu, mutant);
            result = result.and(one);
        }
        result
    }

    fn abandon(&mut self, memory: &GuestMemory, cpu: &mut dyn Cpu, mutant: GuestAddr) -> Fallible<()> {
        memory.write(mutant.offset(kmutant::OWNER), GuestAddr::NULL)?;
        memory.write(mutant.offset(kmutant::ABANDONED), 1_u8)?;
        set_signal_state(memory, mutant, 1)?;
        self.serve(memory, cpu, mutant, 0)
    }

    /// A mutant's memory is about to be reused: nobody owns it any more.
    pub fn forget_mutant(&mut self, mutant: GuestAddr) {
        self.owned.remove(mutant);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::dispatcher::tests::Bench;

    #[test]
    fn nested_ownership_is_released_as_often() {
        let mut b = Bench::new();
        let mutant = b.allocate(kmutant::SIZE);
        let (owner, other) = (b.thread(1), b.thread(2));
        b.dispatcher.initialize_mutant(&b.memory, mutant, None).unwrap();
        assert_eq!(b.wait(owner, &[mutant], false), Some(NtStatus::SUCCESS));
        assert_eq!(b.wait(owner, &[mutant], false), Some(NtStatus::SUCCESS));
        assert_eq!(b.wait(other, &[mutant], false), None);
        let (d, s) = (&mut b.dispatcher, &mut b.scheduler);
        let error = d.release_mutant(&b.memory, s, mutant, other.kthread, 0).unwrap_err();
        assert_eq!(error.status(), NtStatus::MUTANT_NOT_OWNED);
        assert_eq!(d.release_mutant(&b.memory, s, mutant, owner.kthread, 0), Ok(-1));
        assert_eq!(d.release_mutant(&b.memory, s, mutant, owner.kthread, 0), Ok(0));
        assert_eq!(b.woken(other), Some(NtStatus::SUCCESS));
        assert_eq!(b.memory.read::<GuestAddr>(mutant.offset(kmutant::OWNER)).unwrap(), other.kthread);
    }

    #[test]
    fn an_ended_owner_abandons() {
        let mut b = Bench::new();
        let mutant = b.allocate(kmutant::SIZE);
        let (owner, first, second) = (b.thread(1), b.thread(2), b.thread(3));
        b.dispatcher.initialize_mutant(&b.memory, mutant, Some(owner.kthread)).unwrap();
        b.wait(first, &[mutant], false);
        b.wait(second, &[mutant], false);
        b.dispatcher.abandon_mutants(&b.memory, &mut b.scheduler, owner.kthread).unwrap();
        assert_eq!(b.woken(first), Some(NtStatus::ABANDONED_WAIT_0));
        assert_eq!(b.woken(second), None);
        b.dispatcher.release_mutant(&b.memory, &mut b.scheduler, mutant, first.kthread, 0).unwrap();
        assert_eq!(b.woken(second), Some(NtStatus::SUCCESS), "abandonment is told once");
    }

    #[test]
    fn a_mutant_is_in_the_books_once_and_the_books_have_an_end() {
        let mut b = Bench::new();
        let mutant = b.allocate(kmutant::SIZE);
        let owner = GuestAddr(0x1000);
        for _ in 0..3 {
            b.dispatcher.initialize_mutant(&b.memory, mutant, Some(owner)).unwrap();
        }
        assert_eq!(b.dispatcher.owned.len(), 1);
        b.dispatcher.initialize_mutant(&b.memory, mutant, None).unwrap();
        assert_eq!(b.dispatcher.owned.len(), 0, "made anew without an owner");
        for n in 0..Limit::Mutants.row().value as u32 {
            b.dispatcher.owned.insert(GuestAddr(4 * n), owner);
        }
        let refused = b.dispatcher.initialize_mutant(&b.memory, mutant, Some(owner)).unwrap_err();
        assert_eq!(refused.status(), NtStatus::INSUFFICIENT_RESOURCES);
        b.dispatcher.forget_mutant(GuestAddr(0));
        b.dispatcher.initialize_mutant(&b.memory, mutant, Some(owner)).unwrap();
    }
}
