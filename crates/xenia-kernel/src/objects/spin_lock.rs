//! Spin locks: a word that names the holder's processor block, or 0.
//!
//! A free lock is taken, and one that nobody waits for is given back, by an operation on that word alone. Guest code may take
//! one like that, too. Nobody spins here: a thread that finds the lock taken parks, and releasing hands it to the first
//! waiter.

use crate::objects::lock_queue::{LockQueues, LockWaiter};
use crate::status::failure::Fallible;
use xenia_guest::GuestAddr;
use xenia_memory::GuestMemory;
use xenia_sched::Cpu;

/// Takes a free lock for the holder of `prcb`; the holder if it is taken.
pub fn try_acquire(
    memory: &GuestMemory,
    lock: GuestAddr,
    prcb: GuestAddr,
) -> Fallible<Result<(), GuestAddr>> {
    let before = memory.atomic_u32(lock, |owner| (owner == 0).then_some(prcb.0))?;
    Ok(before.map(|_| ()).map_err(GuestAddr))
}

/// Takes a lock that [`try_acquire`] found taken if it is free by now, or joins its waiters: `false`, and the caller parks;
/// it has the lock when it is woken. Before that `waits` hears of the holder.
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
    cpu.open_wait(waiter.thread, false)?;
    place.take(waiter);
    Ok(false)
}

/// Releases a lock, to the first waiter if there is one.
pub fn release(memory: &GuestMemory, cpu: &mut dyn Cpu, locks: &LockQueues, lock: GuestAddr) -> Fallible<()> {
    if !locks.is_waited_for(lock) {
        // The word last, after what the lock has kept from others.
        memory.atomic_u32(lock, |_| Some(0))?.ok();
        if !locks.is_waited_for(lock) {
            return Ok(());
        }
        // Somebody came meanwhile, and has seen the lock taken, or has it.
        let mut queue = locks.queue(lock);
        let Some(next) = queue.first() else { return Ok(()) };
        if try_acquire(memory, lock, next.owner)?.is_ok() {
            queue.pop();
            cpu.wake(next.thread, next.result, 0)?.by_owner(next.thread);
        }
        return Ok(());
    }
    let mut queue = locks.queue(lock);
    let next = queue.first();
    memory.atomic_u32(lock, |_| Some(next.map_or(0, |waiter| waiter.owner.0)))?.ok();
    if let Some(next) = next {
        queue.pop();
        cpu.wake(next.thread, next.result, 0)?.by_owner(next.thread);
    }
    Ok(())
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
    fn a_lock_that_was_released_meanwhile_is_taken_and_nobody_waits() {
        let mut b = Bench::new();
        let lock = b.allocate(16);
        let thread = b.thread(1).thread;
        let locks = LockQueues::new(0);
        let who = LockWaiter { thread, owner: GuestAddr(0x200), result: 0 };
        let acquire = |b: &mut Bench| {
            acquire_or_join(&b.memory, &mut b.scheduler, &locks, lock, who, |_, holder| {
                panic!("{holder} has it")
            })
        };
        assert_eq!(acquire(&mut b), Ok(true));
        release(&b.memory, &mut b.scheduler, &locks, lock).unwrap();
        assert_eq!(b.memory.read::<u32>(lock).unwrap(), 0, "to nobody");
    }
}
