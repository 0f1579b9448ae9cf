//! Mutants: locks with an owner that waits may nest, and that end abandoned if their owner does.

use crate::layout::kmutant;
use crate::objects::dispatcher::{Dispatcher, initialize, kind, set_signal_state, signal_state};
use crate::status::failure::Fallible;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_memory::GuestMemory;
use xenia_sched::Scheduler;

impl Dispatcher {
    /// Initialises a mutant, owned by `owner` if given.
    pub fn initialize_mutant(
        &mut self,
        memory: &GuestMemory,
        mutant: GuestAddr,
        owner: Option<GuestAddr>,
    ) -> Fallible<()> {
        initialize(memory, mutant, kind::MUTANT, kmutant::SIZE, i32::from(owner.is_none()))?;
        let list = mutant.offset(kmutant::LIST);
        memory.write(list, list)?;
        memory.write(list.offset(4), list)?;
        memory.write(mutant.offset(kmutant::OWNER), owner.unwrap_or_default())?;
        memory.write(mutant.offset(kmutant::ABANDONED), 0_u8)?;
        if let Some(owner) = owner {
            self.owned.entry(owner).or_default().push(mutant);
        }
        Ok(())
    }

    /// The owner releases a mutant once; returns the state before (1: free; else 1 minus the acquisitions).
    pub fn release_mutant(
        &mut self,
        memory: &GuestMemory,
        scheduler: &mut Scheduler,
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
            self.disown(memory, mutant, kthread)?;
            self.serve(memory, scheduler, mutant, boost)?;
        }
        Ok(before)
    }

    fn disown(&mut self, memory: &GuestMemory, mutant: GuestAddr, kthread: GuestAddr) -> Fallible<()> {
        memory.write(mutant.offset(kmutant::OWNER), GuestAddr::NULL)?;
        if let Some(owned) = self.owned.get_mut(&kthread) {
            owned.retain(|&other| other != mutant);
            if owned.is_empty() {
                self.owned.remove(&kthread);
            }
        }
        Ok(())
    }

    /// A thread has ended: the mutants it owned become free, and their next waiter is told.
    pub fn abandon_mutants(
        &mut self,
        memory: &GuestMemory,
        scheduler: &mut Scheduler,
        kthread: GuestAddr,
    ) -> Fallible<()> {
        for mutant in self.owned.remove(&kthread).unwrap_or_default() {
            memory.write(mutant.offset(kmutant::OWNER), GuestAddr::NULL)?;
            memory.write(mutant.offset(kmutant::ABANDONED), 1_u8)?;
            set_signal_state(memory, mutant, 1)?;
            self.serve(memory, scheduler, mutant, 0)?;
        }
        Ok(())
    }

    /// A mutant's memory is about to be reused: nobody owns it any more.
    pub fn forget_mutant(&mut self, mutant: GuestAddr) {
        for owned in self.owned.values_mut() {
            owned.retain(|&other| other != mutant);
        }
        self.owned.retain(|_, owned| !owned.is_empty());
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
}
