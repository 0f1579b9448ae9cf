//! Read/write locks (`ERWLOCK`): many readers or one writer.
//!
//! A waiting writer keeps new readers out; a writer that leaves admits all waiting readers first.
//! So neither side starves.
//!
//! The first of a lock's four words counts holders and waiters and changes by atomic operations
//! only: a writer takes a free lock, and leaves an uncontended one, by that word alone. The other
//! three words change under a kernel lock per shard of addresses; so does the first where it
//! depends on them. Admitted threads are woken through the lock's event or semaphore. These keep
//! the signal for a thread that has counted itself as a waiter and does not wait there yet.

use super::sharded::Sharded;
use crate::dispatcher::{Dispatcher, initialize, kind};
use crate::failure::Fallible;
use xenia_guest::GuestAddr;
use xenia_guest::layout::{dispatcher_header, erwlock, ksemaphore};
use xenia_memory::GuestMemory;
use xenia_sched::Cpu;
use xenia_sync::{Level, Mutex};

/// Limit of the readers' semaphore.
const MAX_READERS: i32 = i32::MAX;

/// Kernel locks that guard the words of read/write locks, by address. A saved state does not
/// contain them: the words are guest memory, and no thread is inside a call.
#[derive(Debug)]
pub struct ReadWriteLocks(Sharded<Mutex<()>>);

/// How a thread holds a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockMode {
    /// As one of its readers.
    Shared,
    /// As its writer.
    Exclusive,
}

/// The words of a lock that change under its shard's lock.
struct Counts {
    writers_waiting: u32,
    readers_waiting: u32,
    readers_inside: u32,
}

impl Counts {
    fn read(memory: &GuestMemory, lock: GuestAddr) -> Fallible<Self> {
        Ok(Self {
            writers_waiting: memory.read(lock.offset(erwlock::WRITERS_WAITING))?,
            readers_waiting: memory.read(lock.offset(erwlock::READERS_WAITING))?,
            readers_inside: memory.read(lock.offset(erwlock::READERS_ENTRY))?,
        })
    }

    fn write(&self, memory: &GuestMemory, lock: GuestAddr) -> Fallible<()> {
        memory.write(lock.offset(erwlock::WRITERS_WAITING), self.writers_waiting)?;
        memory.write(lock.offset(erwlock::READERS_WAITING), self.readers_waiting)?;
        Ok(memory.write(lock.offset(erwlock::READERS_ENTRY), self.readers_inside)?)
    }

    /// Whether a lock with user count `users` (the number of users less one) admits another at
    /// once.
    fn admits(&self, users: u32, mode: LockMode) -> bool {
        let joins_readers = mode == LockMode::Shared && self.readers_inside > 0 && self.writers_waiting == 0;
        (users as i32) < 0 || joins_readers
    }
}

/// The threads that a release admits.
enum Next {
    Readers(i32),
    Writer,
}

/// Initialises a free lock.
pub fn initialize_lock(memory: &GuestMemory, lock: GuestAddr) -> Fallible<()> {
    memory.write(lock.offset(erwlock::LOCK_COUNT), -1_i32)?;
    Counts { writers_waiting: 0, readers_waiting: 0, readers_inside: 0 }.write(memory, lock)?;
    initialize(memory, lock.offset(erwlock::WRITER_EVENT), kind::AUTO_EVENT, dispatcher_header::SIZE, 0)?;
    let semaphore = lock.offset(erwlock::READER_SEMAPHORE);
    initialize(memory, semaphore, kind::SEMAPHORE, ksemaphore::SIZE, 0)?;
    memory.write(semaphore.offset(ksemaphore::LIMIT), MAX_READERS)?;
    Ok(memory.write(lock.offset(erwlock::SPIN_LOCK), 0_u32)?)
}

impl ReadWriteLocks {
    /// The shards' locks have ordinals from `first` on.
    pub fn new(first: u32) -> Self {
        Self(Sharded::new(|shard| Mutex::numbered(Level::Dispatcher, first + shard, ())))
    }

    /// Takes the lock if no wait is needed; returns whether it did.
    pub fn try_acquire(&self, memory: &GuestMemory, lock: GuestAddr, mode: LockMode) -> Fallible<bool> {
        let users = lock.offset(erwlock::LOCK_COUNT);
        let another = |users: u32| Some(users.wrapping_add(1));
        if mode == LockMode::Exclusive {
            let free = |users: u32| if (users as i32) < 0 { another(users) } else { None };
            return Ok(memory.atomic_u32(users, free)?.is_ok());
        }
        let _counts = self.0.shard_at(lock).lock();
        let mut counts = Counts::read(memory, lock)?;
        let admitted =
            |users: u32| if counts.admits(users, LockMode::Shared) { another(users) } else { None };
        if memory.atomic_u32(users, admitted)?.is_err() {
            return Ok(false);
        }
        counts.readers_inside = counts.readers_inside.wrapping_add(1);
        counts.write(memory, lock)?;
        Ok(true)
    }

    /// Takes the lock, or joins its waiters and returns the object that the caller must wait for.
    pub fn acquire(
        &self,
        memory: &GuestMemory,
        lock: GuestAddr,
        mode: LockMode,
    ) -> Fallible<Option<GuestAddr>> {
        if mode == LockMode::Exclusive && self.try_acquire(memory, lock, mode)? {
            return Ok(None);
        }
        let _counts = self.0.shard_at(lock).lock();
        let mut counts = Counts::read(memory, lock)?;
        // One more user, either as a holder or as a waiter.
        let users =
            memory.atomic_u32(lock.offset(erwlock::LOCK_COUNT), |users| Some(users.wrapping_add(1)))?;
        let (Ok(users) | Err(users)) = users;
        let object = match (counts.admits(users, mode), mode) {
            (true, LockMode::Exclusive) => return Ok(None),
            (true, LockMode::Shared) => {
                counts.readers_inside = counts.readers_inside.wrapping_add(1);
                None
            }
            (false, LockMode::Exclusive) => {
                counts.writers_waiting = counts.writers_waiting.wrapping_add(1);
                Some(erwlock::WRITER_EVENT)
            }
            (false, LockMode::Shared) => {
                counts.readers_waiting = counts.readers_waiting.wrapping_add(1);
                Some(erwlock::READER_SEMAPHORE)
            }
        };
        counts.write(memory, lock)?;
        Ok(object.map(|object| lock.offset(object)))
    }

    /// Releases one hold of the lock, and wakes the threads that may enter.
    pub fn release(
        &self,
        dispatcher: &Dispatcher,
        memory: &GuestMemory,
        cpu: &mut dyn Cpu,
        lock: GuestAddr,
    ) -> Fallible<()> {
        match self.leave(memory, lock)? {
            Some(Next::Readers(count)) => {
                let semaphore = lock.offset(erwlock::READER_SEMAPHORE);
                dispatcher.release_semaphore(memory, cpu, semaphore, count, 1)?;
            }
            Some(Next::Writer) => {
                dispatcher.set_event(memory, cpu, lock.offset(erwlock::WRITER_EVENT), 1)?;
            }
            None => {}
        }
        Ok(())
    }

    /// Drops one hold of the lock; returns the threads that may enter.
    fn leave(&self, memory: &GuestMemory, lock: GuestAddr) -> Fallible<Option<Next>> {
        let users = lock.offset(erwlock::LOCK_COUNT);
        // A leaving reader is inside, so it reads a count of at least 1 here.
        let is_writer = memory.read::<u32>(lock.offset(erwlock::READERS_ENTRY))? == 0;
        if is_writer && memory.atomic_u32(users, |users| (users == 0).then_some(u32::MAX))?.is_ok() {
            return Ok(None);
        }
        let _counts = self.0.shard_at(lock).lock();
        let mut counts = Counts::read(memory, lock)?;
        let less = |users: u32| Some((users as i32).wrapping_sub(1).max(-1).cast_unsigned());
        memory.atomic_u32(users, less)?.ok();
        let reader = counts.readers_inside > 0;
        counts.readers_inside = counts.readers_inside.saturating_sub(1);
        let mut next = None;
        if counts.readers_inside == 0 {
            let readers = counts.readers_waiting;
            if readers > 0 && (!reader || counts.writers_waiting == 0) {
                counts.readers_inside = readers;
                counts.readers_waiting = 0;
                next = Some(Next::Readers(readers.cast_signed()));
            } else if counts.writers_waiting > 0 {
                counts.writers_waiting -= 1;
                next = Some(Next::Writer);
            }
        }
        counts.write(memory, lock)?;
        Ok(next)
    }
}
