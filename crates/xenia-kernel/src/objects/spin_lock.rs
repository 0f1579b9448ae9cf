//! Spin locks: a word that names the holder's processor block.
//!
//! Nobody spins: a thread that finds the lock taken parks, and releasing hands it to the first waiter.

use crate::status::failure::Fallible;
use std::collections::{BTreeMap, VecDeque};
use xenia_guest::GuestAddr;
use xenia_memory::GuestMemory;
use xenia_sched::{Cpu, ThreadRef};

#[derive(Debug)]
struct Waiter {
    thread: ThreadRef,
    prcb: GuestAddr,
    result: u64,
}

/// Who waits for which spin lock.
#[derive(Debug, Default)]
pub struct SpinLocks {
    waiters: BTreeMap<GuestAddr, VecDeque<Waiter>>,
}

/// Takes a free lock for the holder of `prcb`; `false` if it is taken.
pub fn try_acquire(memory: &GuestMemory, lock: GuestAddr, prcb: GuestAddr) -> Fallible<bool> {
    Ok(memory.atomic_u32(lock, |owner| (owner == 0).then_some(prcb.0))?.is_ok())
}

impl SpinLocks {
    /// Joins the waiters of a taken lock; the caller parks, and has the lock when it is woken, with `result`
    /// as its call's result.
    pub fn enqueue(
        &mut self,
        cpu: &mut dyn Cpu,
        lock: GuestAddr,
        thread: ThreadRef,
        prcb: GuestAddr,
        result: u64,
    ) -> Fallible<()> {
        cpu.open_wait(thread, false)?;
        self.waiters.entry(lock).or_default().push_back(Waiter { thread, prcb, result });
        Ok(())
    }

    /// Releases a lock, to the first waiter if there is one.
    pub fn release(&mut self, memory: &GuestMemory, cpu: &mut dyn Cpu, lock: GuestAddr) -> Fallible<()> {
        let next = self.waiters.get_mut(&lock).and_then(VecDeque::pop_front);
        if self.waiters.get(&lock).is_some_and(VecDeque::is_empty) {
            self.waiters.remove(&lock);
        }
        memory.write(lock, next.as_ref().map_or(GuestAddr::NULL, |waiter| waiter.prcb))?;
        if let Some(waiter) = next {
            cpu.wake(waiter.thread, waiter.result, 0)?.by_owner(waiter.thread);
        }
        Ok(())
    }

    /// Takes a thread off every list.
    pub fn cancel(&mut self, thread: ThreadRef) {
        for waiters in self.waiters.values_mut() {
            waiters.retain(|waiter| waiter.thread != thread);
        }
        self.waiters.retain(|_, waiters| !waiters.is_empty());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::dispatcher::tests::Bench;
    use xenia_guest::NtStatus;
    use xenia_sched::{BlockReason, Wait};

    #[test]
    fn release_hands_the_lock_over() {
        let mut b = Bench::new();
        let lock = b.allocate(16);
        let waiter = b.thread(1);
        assert!(try_acquire(&b.memory, lock, GuestAddr(0x100)).unwrap());
        assert!(!try_acquire(&b.memory, lock, GuestAddr(0x200)).unwrap());
        let locks = &mut b.dispatcher.spin_locks;
        locks.enqueue(&mut b.scheduler, lock, waiter.thread, GuestAddr(0x200), 2).unwrap();
        b.scheduler.park(waiter.thread, Wait::forever(BlockReason::SpinLock { lock: lock.0 })).unwrap();
        let locks = &mut b.dispatcher.spin_locks;
        locks.release(&b.memory, &mut b.scheduler, lock).unwrap();
        assert_eq!(b.memory.read::<u32>(lock).unwrap(), 0x200);
        assert_eq!(b.woken(waiter), Some(NtStatus(2)));
        b.dispatcher.spin_locks.release(&b.memory, &mut b.scheduler, lock).unwrap();
        assert_eq!(b.memory.read::<u32>(lock).unwrap(), 0);
    }
}
