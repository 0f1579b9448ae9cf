//! Read/write locks (`ERWLOCK`): many readers or one writer.
//!
//! A writer that waits keeps new readers out; a writer that leaves lets all waiting readers in first. Nobody starves.

use crate::layout::{erwlock, ksemaphore};
use crate::objects::dispatcher::{Dispatcher, initialize, kind};
use crate::status::failure::Fallible;
use xenia_guest::GuestAddr;
use xenia_memory::GuestMemory;
use xenia_sched::Cpu;

/// Largest count of the readers' semaphore.
const READERS: i32 = i32::MAX;

/// The counts of a lock.
struct Counts {
    /// −1 if free; otherwise holders and waiters, less one.
    users: i32,
    writers_waiting: u32,
    readers_waiting: u32,
    readers_inside: u32,
}

impl Counts {
    fn read(memory: &GuestMemory, lock: GuestAddr) -> Fallible<Self> {
        Ok(Self {
            users: memory.read(lock.offset(erwlock::LOCK_COUNT))?,
            writers_waiting: memory.read(lock.offset(erwlock::WRITERS_WAITING))?,
            readers_waiting: memory.read(lock.offset(erwlock::READERS_WAITING))?,
            readers_inside: memory.read(lock.offset(erwlock::READERS_ENTRY))?,
        })
    }

    fn write(&self, memory: &GuestMemory, lock: GuestAddr) -> Fallible<()> {
        memory.write(lock.offset(erwlock::LOCK_COUNT), self.users)?;
        memory.write(lock.offset(erwlock::WRITERS_WAITING), self.writers_waiting)?;
        memory.write(lock.offset(erwlock::READERS_WAITING), self.readers_waiting)?;
        Ok(memory.write(lock.offset(erwlock::READERS_ENTRY), self.readers_inside)?)
    }

    fn admits(&self, writer: bool) -> bool {
        self.users < 0 || (!writer && self.readers_inside > 0 && self.writers_waiting == 0)
    }
}

/// Makes a lock that nobody holds.
pub fn initialize_lock(memory: &GuestMemory, lock: GuestAddr) -> Fallible<()> {
    let free = Counts { users: -1, writers_waiting: 0, readers_waiting: 0, readers_inside: 0 };
    free.write(memory, lock)?;
    initialize(memory, lock.offset(erwlock::WRITER_EVENT), kind::AUTO_EVENT, 0x10, 0)?;
    let semaphore = lock.offset(erwlock::READER_SEMAPHORE);
    initialize(memory, semaphore, kind::SEMAPHORE, ksemaphore::SIZE, 0)?;
    memory.write(semaphore.offset(ksemaphore::LIMIT), READERS)?;
    Ok(memory.write(lock.offset(erwlock::SPIN_LOCK), 0_u32)?)
}

/// Takes the lock if that needs no waiting; says whether it did.
pub fn try_acquire_lock(memory: &GuestMemory, lock: GuestAddr, writer: bool) -> Fallible<bool> {
    let mut counts = Counts::read(memory, lock)?;
    if !counts.admits(writer) {
        return Ok(false);
    }
    counts.users = counts.users.wrapping_add(1);
    counts.readers_inside = counts.readers_inside.wrapping_add(u32::from(!writer));
    counts.write(memory, lock)?;
    Ok(true)
}

/// Takes the lock, or joins its waiters: then the caller must wait for the object that is returned.
pub fn acquire_lock(memory: &GuestMemory, lock: GuestAddr, writer: bool) -> Fallible<Option<GuestAddr>> {
    if try_acquire_lock(memory, lock, writer)? {
        return Ok(None);
    }
    let mut counts = Counts::read(memory, lock)?;
    counts.users = counts.users.wrapping_add(1);
    let object = if writer {
        counts.writers_waiting = counts.writers_waiting.wrapping_add(1);
        erwlock::WRITER_EVENT
    } else {
        counts.readers_waiting = counts.readers_waiting.wrapping_add(1);
        erwlock::READER_SEMAPHORE
    };
    counts.write(memory, lock)?;
    Ok(Some(lock.offset(object)))
}

impl Dispatcher {
    /// A holder leaves the lock; those who may come in are woken.
    pub fn release_lock(&mut self, memory: &GuestMemory, cpu: &mut dyn Cpu, lock: GuestAddr) -> Fallible<()> {
        let mut counts = Counts::read(memory, lock)?;
        counts.users = counts.users.wrapping_sub(1).max(-1);
        let reader = counts.readers_inside > 0;
        counts.readers_inside = counts.readers_inside.saturating_sub(1);
        if counts.readers_inside > 0 {
            return counts.write(memory, lock);
        }
        let readers = counts.readers_waiting;
        if readers > 0 && (!reader || counts.writers_waiting == 0) {
            (counts.readers_inside, counts.readers_waiting) = (readers, 0);
            counts.write(memory, lock)?;
            let semaphore = lock.offset(erwlock::READER_SEMAPHORE);
            self.release_semaphore(memory, cpu, semaphore, readers.cast_signed(), 1)?;
        } else if counts.writers_waiting > 0 {
            counts.writers_waiting -= 1;
            counts.write(memory, lock)?;
            self.set_event(memory, cpu, lock.offset(erwlock::WRITER_EVENT), 1)?;
        } else {
            counts.write(memory, lock)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::dispatcher::Waiter;
    use crate::objects::dispatcher::tests::Bench;

    fn acquire(b: &mut Bench, lock: GuestAddr, waiter: Waiter, writer: bool) -> bool {
        match acquire_lock(&b.memory, lock, writer).unwrap() {
            None => true,
            Some(object) => b.wait(waiter, &[object], false).is_some(),
        }
    }

    fn release(b: &mut Bench, lock: GuestAddr) {
        b.dispatcher.release_lock(&b.memory, &mut b.scheduler, lock).unwrap();
    }

    #[test]
    fn readers_share_and_a_waiting_writer_keeps_new_ones_out() {
        let mut b = Bench::new();
        let lock = b.allocate(erwlock::SIZE);
        initialize_lock(&b.memory, lock).unwrap();
        let threads: Vec<_> = (1..=5).map(|id| b.thread(id)).collect();
        assert!(acquire(&mut b, lock, threads[0], false));
        assert!(acquire(&mut b, lock, threads[1], false));
        assert!(!acquire(&mut b, lock, threads[2], true));
        assert!(!acquire(&mut b, lock, threads[3], false));
        assert!(!try_acquire_lock(&b.memory, lock, false).unwrap());
        release(&mut b, lock);
        assert_eq!(b.woken(threads[2]), None, "a reader is still inside");
        release(&mut b, lock);
        assert!(b.woken(threads[2]).is_some() && b.woken(threads[3]).is_none());
        assert!(!acquire(&mut b, lock, threads[4], true));
        release(&mut b, lock);
        assert!(b.woken(threads[3]).is_some() && b.woken(threads[4]).is_none(), "readers first");
        release(&mut b, lock);
        assert!(b.woken(threads[4]).is_some());
        release(&mut b, lock);
        assert_eq!(b.memory.read::<i32>(lock).unwrap(), -1);
        assert!(try_acquire_lock(&b.memory, lock, true).unwrap());
    }
}
