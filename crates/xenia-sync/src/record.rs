//! Per-thread records of held and awaited locks, readable by other threads; used by the order
//! checker and the watchdog.
//!
//! Only its thread writes a record, with plain stores. When the thread ends, the record is reused
//! by another one, unless the thread still holds a lock: then the record stays, to name the thread
//! that never released it.

use crate::atomic::per_thread;
use crate::rank::Rank;
use crate::raw::AtomicLocation;
use parking_lot::Mutex;
use std::cell::Cell;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering::Relaxed};
use std::time::Instant;

/// Limit of locks that one thread may hold at a time: a wait for many objects acquires all shards
/// of the dispatcher, and one test acquires every lock.
pub(crate) const MAX_HELD_LOCKS: usize = 256;

/// A held lock: its rank, its address, and where it was acquired.
#[derive(Debug)]
struct Entry {
    rank: AtomicU32,
    lock: AtomicUsize,
    site: AtomicLocation,
}

/// A copy of an entry at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Holding {
    pub(crate) rank: Rank,
    pub(crate) lock: usize,
    pub(crate) site: Option<&'static std::panic::Location<'static>>,
}

/// The lock that a thread waits for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LockWait {
    pub(crate) on: Holding,
    pub(crate) since: Instant,
}

/// The record of one thread.
#[derive(Debug)]
pub(crate) struct LockRecord {
    name: Mutex<String>,
    /// Locked by the thread when a wait begins and ends, and by readers: while a reader has it, the
    /// wait can't end, and the thread's held locks don't change.
    wait: Mutex<Option<LockWait>>,
    count: AtomicUsize,
    /// The first `count` entries are held locks, in the order of their ranks.
    entries: [Entry; MAX_HELD_LOCKS],
}

/// All records, and those of them that are unused.
struct Records {
    all: Vec<&'static LockRecord>,
    free: Vec<&'static LockRecord>,
}

static RECORDS: Mutex<Records> = Mutex::new(Records { all: Vec::new(), free: Vec::new() });

per_thread! {
    static MINE: Cell<Option<&'static LockRecord>> = const { Cell::new(None) };
    static OWNER: Owner = Owner::new();
}

/// Returns the record when the thread ends.
struct Owner(&'static LockRecord);

impl Owner {
    fn new() -> Self {
        let mut records = RECORDS.lock();
        let record = records.free.pop().unwrap_or_else(|| {
            let record: &'static LockRecord = Box::leak(Box::new(LockRecord::new()));
            records.all.push(record);
            record
        });
        let thread = std::thread::current();
        *record.name.lock() = thread.name().map_or_else(|| format!("{:?}", thread.id()), str::to_owned);
        Self(record)
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        // Later destructors of this thread may lock: they must not write a record that another
        // thread reuses.
        let _ = MINE.try_with(|mine| mine.set(None));
        if self.0.count() == 0 {
            RECORDS.lock().free.push(self.0);
        } else {
            self.0.name.lock().push_str(" (ended)");
        }
    }
}

impl LockRecord {
    fn new() -> Self {
        Self {
            name: Mutex::new(String::new()),
            wait: Mutex::new(None),
            count: AtomicUsize::new(0),
            entries: [const {
                Entry { rank: AtomicU32::new(0), lock: AtomicUsize::new(0), site: AtomicLocation::new() }
            }; MAX_HELD_LOCKS],
        }
    }

    /// This thread's record; `None` while the thread's other thread-local data is being dropped.
    #[inline]
    pub(crate) fn mine() -> Option<&'static Self> {
        MINE.with(Cell::get).or_else(Self::first)
    }

    #[cold]
    fn first() -> Option<&'static Self> {
        let record = OWNER.try_with(|owner| owner.0).ok()?;
        MINE.with(|mine| mine.set(Some(record)));
        Some(record)
    }

    /// The records of all threads.
    pub(crate) fn all() -> Vec<&'static Self> {
        RECORDS.lock().all.clone()
    }

    /// The thread's name.
    pub(crate) fn name(&self) -> String {
        self.name.lock().clone()
    }

    /// Number of held locks.
    #[inline]
    pub(crate) fn count(&self) -> usize {
        self.count.load(Relaxed)
    }

    /// The rank of a held lock.
    #[inline]
    pub(crate) fn rank(&self, at: usize) -> Rank {
        Rank::from_bits(self.entries[at].rank.load(Relaxed))
    }

    /// A copy of the entry of a held lock.
    pub(crate) fn holding(&self, at: usize) -> Holding {
        let entry = &self.entries[at];
        Holding { rank: self.rank(at), lock: entry.lock.load(Relaxed), site: entry.site.get() }
    }

    #[inline]
    fn set(&self, at: usize, holding: Holding) {
        let entry = &self.entries[at];
        entry.rank.store(holding.rank.bits(), Relaxed);
        entry.lock.store(holding.lock, Relaxed);
        entry.site.set(holding.site);
    }

    /// Adds a lock, usually the highest.
    #[inline]
    pub(crate) fn push(&self, holding: Holding) {
        let count = self.count();
        if count > 0 && self.rank(count - 1) > holding.rank {
            return self.insert(holding);
        }
        assert!(count < MAX_HELD_LOCKS, "one thread holds more than {MAX_HELD_LOCKS} locks");
        self.set(count, holding);
        self.count.store(count + 1, Relaxed);
    }

    #[cold]
    fn insert(&self, holding: Holding) {
        let count = self.count();
        assert!(count < MAX_HELD_LOCKS, "one thread holds more than {MAX_HELD_LOCKS} locks");
        let at = (0..count).find(|&at| self.rank(at) > holding.rank).unwrap_or(count);
        for from in (at..count).rev() {
            self.set(from + 1, self.holding(from));
        }
        self.set(at, holding);
        self.count.store(count + 1, Relaxed);
    }

    /// Removes a lock, usually the highest.
    #[inline]
    pub(crate) fn remove(&self, lock: usize) {
        let count = self.count();
        if count > 0 && self.entries[count - 1].lock.load(Relaxed) == lock {
            self.count.store(count - 1, Relaxed);
        } else {
            self.remove_from_within(lock);
        }
    }

    #[cold]
    fn remove_from_within(&self, lock: usize) {
        let count = self.count();
        let at = (0..count).rfind(|&at| self.entries[at].lock.load(Relaxed) == lock);
        let Some(at) = at else { return };
        for to in at..count - 1 {
            self.set(to, self.holding(to + 1));
        }
        self.count.store(count - 1, Relaxed);
    }

    /// Publishes the lock that the thread waits for while `wait` runs.
    pub(crate) fn while_waiting<T>(&self, on: Holding, wait: impl FnOnce() -> T) -> T {
        *self.wait.lock() = Some(LockWait { on, since: Instant::now() });
        let result = wait();
        *self.wait.lock() = None;
        result
    }

    /// The lock that the thread waits for, and the locks that it holds. The held locks of a thread
    /// that does not wait may change during the call.
    pub(crate) fn snapshot(&self) -> (Option<LockWait>, Vec<Holding>) {
        let wait = self.wait.lock();
        let held = (0..self.count().min(MAX_HELD_LOCKS)).map(|at| self.holding(at)).collect();
        (*wait, held)
    }
}
