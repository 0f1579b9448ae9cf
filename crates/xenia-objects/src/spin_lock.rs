//! Spin locks: a word that holds the owner's processor control region (`KPCR`, its r13), or 0.
//!
//! One atomic operation on that word takes a free lock, and releases one without waiters. Guest
//! code may take a lock the same way. The kernel does not spin: a thread that finds the lock taken
//! parks, and a release hands it to the first waiter. Guest code that releases a lock with a plain
//! store does not wake waiters, so the contended locks are polled from time to time.

use crate::failure::Fallible;
use crate::lock_queue::{ContendedLock, LockQueues, LockWaiter};
use xenia_guest::GuestAddr;
use xenia_memory::GuestMemory;
use xenia_sched::{Alertable, Cpu, WakeResult};

/// Takes a free lock for the owner `kpcr`; returns the current owner if it is taken.
pub fn try_acquire(
    memory: &GuestMemory,
    lock: GuestAddr,
    kpcr: GuestAddr,
) -> Fallible<Result<(), GuestAddr>> {
    let before = memory.atomic_u32(lock, |owner| (owner == 0).then_some(kpcr.0))?;
    Ok(before.map(|_| ()).map_err(GuestAddr))
}

/// Takes a lock that [`try_acquire`] found taken, if it is free by now. Otherwise calls `waits`
/// with the owner, joins the waiters and returns `false`: the caller must park, and has the lock
/// once it is woken.
pub fn acquire_or_join(
    memory: &GuestMemory,
    cpu: &mut dyn Cpu,
    locks: &LockQueues,
    lock: GuestAddr,
    waiter: LockWaiter,
    waits: impl FnOnce(&mut dyn Cpu, GuestAddr) -> Fallible<()>,
) -> Fallible<bool> {
    let place = locks.place(lock);
    let Err(holder) = try_acquire(memory, lock, waiter.owner)? else { return Ok(true) };
    waits(cpu, holder)?;
    cpu.open_wait(waiter.thread, Alertable::No)?;
    place.take(waiter);
    Ok(false)
}

/// Releases a lock, and hands it to the first waiter, if any.
pub fn release(memory: &GuestMemory, cpu: &mut dyn Cpu, locks: &LockQueues, lock: GuestAddr) -> Fallible<()> {
    if !locks.is_waited_for(lock) {
        // The word last, after the writes that the lock protects.
        memory.atomic_u32(lock, |_| Some(0))?.ok();
        if !locks.is_waited_for(lock) {
            return Ok(());
        }
        // A thread arrived meanwhile: it has seen the lock taken, or has taken it.
        let mut queue = locks.queue(lock);
        let Some(next) = queue.first() else { return Ok(()) };
        if try_acquire(memory, lock, next.owner)?.is_ok() {
            queue.pop();
            cpu.wake(next.thread, WakeResult::unboosted(next.result))?.by_owner(next.thread);
        }
        return Ok(());
    }
    let mut queue = locks.queue(lock);
    let next = queue.first();
    memory.atomic_u32(lock, |_| Some(next.map_or(0, |waiter| waiter.owner.0)))?.ok();
    if let Some(next) = next {
        queue.pop();
        cpu.wake(next.thread, WakeResult::unboosted(next.result))?.by_owner(next.thread);
    }
    Ok(())
}

/// Whether a contended lock is free, because its owner released it without a call to the kernel.
pub fn is_one_free(memory: &GuestMemory, locks: &LockQueues) -> bool {
    let mut one_is_free = false;
    locks.look_through(|lock| {
        one_is_free |= memory.read(lock.at) == Ok(0_u32);
        false
    });
    one_is_free
}

/// Hands free locks to their first waiters.
pub fn hand_over_free(memory: &GuestMemory, cpu: &mut dyn Cpu, locks: &LockQueues) -> Fallible<()> {
    let mut result = Ok(());
    locks.look_through(|ContendedLock { at, first }| {
        // A lock whose memory was freed stays taken.
        if !matches!(try_acquire(memory, at, first.owner), Ok(Ok(()))) {
            return false;
        }
        match cpu.wake(first.thread, WakeResult::unboosted(first.result)) {
            Ok(woken) => woken.by_owner(first.thread),
            Err(error) => result = Err(error.into()),
        }
        true
    });
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dispatcher::tests::DispatcherHarness;
    use xenia_guest::NtStatus;
    use xenia_sched::{BlockReason, Wait};

    #[test]
    fn release_hands_the_lock_over() {
        let mut b = DispatcherHarness::new();
        let lock = b.allocate(16);
        let waiter = b.thread(1);
        let locks = LockQueues::new(0);
        assert_eq!(try_acquire(&b.memory, lock, GuestAddr(0x100)).unwrap(), Ok(()));
        assert_eq!(try_acquire(&b.memory, lock, GuestAddr(0x200)).unwrap(), Err(GuestAddr(0x100)));
        let who = LockWaiter { thread: waiter.thread, owner: GuestAddr(0x200), result: 2 };
        let mut holder = GuestAddr::NULL;
        let got = acquire_or_join(&b.memory, &mut b.scheduler, &locks, lock, who, |_, found| {
            holder = found;
            Ok(())
        });
        assert_eq!((got, holder), (Ok(false), GuestAddr(0x100)));
        b.scheduler.park(waiter.thread, Wait::forever(BlockReason::SpinLock { lock: lock.0 })).unwrap();
        release(&b.memory, &mut b.scheduler, &locks, lock).unwrap();
        assert_eq!(b.memory.read::<u32>(lock).unwrap(), 0x200);
        assert_eq!(b.woken(waiter), Some(NtStatus(2)));
        release(&b.memory, &mut b.scheduler, &locks, lock).unwrap();
        assert_eq!(b.memory.read::<u32>(lock).unwrap(), 0);
    }

    #[test]
    fn a_lock_that_guest_code_has_released_by_a_store_goes_to_the_first_waiter() {
        let mut b = DispatcherHarness::new();
        let lock = b.allocate(16);
        let other = b.allocate(16);
        let locks = LockQueues::new(0);
        let threads = [b.thread(1), b.thread(2), b.thread(3)];
        for (thread, (owner, at)) in threads.iter().zip([(0x200, lock), (0x300, lock), (0x400, other)]) {
            b.memory.write(at, 0x100_u32).unwrap();
            let who = LockWaiter { thread: thread.thread, owner: GuestAddr(owner), result: 0 };
            let got = acquire_or_join(&b.memory, &mut b.scheduler, &locks, at, who, |_, _| Ok(()));
            assert_eq!(got, Ok(false));
            let wait = Wait::forever(BlockReason::SpinLock { lock: at.0 });
            b.scheduler.park(thread.thread, wait).unwrap();
        }
        let look = |b: &mut DispatcherHarness| {
            let free = is_one_free(&b.memory, &locks);
            hand_over_free(&b.memory, &mut b.scheduler, &locks).unwrap();
            (free, [lock, other].map(|at| b.memory.read::<u32>(at).unwrap()))
        };
        assert_eq!(look(&mut b), (false, [0x100, 0x100]), "both are taken");
        b.memory.write(lock, 0_u32).unwrap();
        assert_eq!(look(&mut b), (true, [0x200, 0x100]));
        assert_eq!(threads.map(|thread| b.woken(thread).is_some()), [true, false, false]);
        b.memory.write(lock, 0_u32).unwrap();
        b.memory.write(other, 0_u32).unwrap();
        assert_eq!(look(&mut b), (true, [0x300, 0x400]));
        assert!(!locks.has_waiters());
        b.memory.write(lock, 0_u32).unwrap();
        assert_eq!(look(&mut b), (false, [0, 0x400]), "nobody waits");
    }

    #[test]
    fn released_spin_lock_is_acquired_without_waiting() {
        let mut b = DispatcherHarness::new();
        let lock = b.allocate(16);
        let thread = b.thread(1).thread;
        let locks = LockQueues::new(0);
        let who = LockWaiter { thread, owner: GuestAddr(0x200), result: 0 };
        let acquire = |b: &mut DispatcherHarness| {
            acquire_or_join(&b.memory, &mut b.scheduler, &locks, lock, who, |_, holder| {
                panic!("{holder} has it")
            })
        };
        assert_eq!(acquire(&mut b), Ok(true));
        release(&b.memory, &mut b.scheduler, &locks, lock).unwrap();
        assert_eq!(
            b.memory.read::<u32>(lock).unwrap(),
            0,
            "a lock without waiters is free after its release"
        );
    }
}
