//! Ranges of the process's sparse memory: readable by a fault handler, so without a lock.

use std::io::{Error, ErrorKind, Result};
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::*};

/// Limit of sparse memories that exist at a time.
const MAX_MEMORIES: usize = 1024;

/// Addresses of one memory. Empty: free.
struct Slot {
    start: AtomicUsize,
    /// Written last when a range is added, and first when it is removed.
    end: AtomicUsize,
}

static SLOTS: [Slot; MAX_MEMORIES] =
    [const { Slot { start: AtomicUsize::new(0), end: AtomicUsize::new(0) } }; MAX_MEMORIES];
/// Slots from this one on were never used.
static USED: AtomicUsize = AtomicUsize::new(0);
static CHANGING: Mutex<()> = Mutex::new(());

/// Adds the addresses of a memory. An error if there are too many memories.
pub(super) fn add(range: Range<usize>) -> Result<()> {
    let _changing = CHANGING.lock().map_err(|_| Error::from(ErrorKind::Other))?;
    let free = SLOTS.iter().position(|slot| slot.end.load(Relaxed) == 0);
    let index = free.ok_or_else(|| Error::other("too many sparse memories"))?;
    SLOTS[index].start.store(range.start, Relaxed);
    SLOTS[index].end.store(range.end, Release);
    USED.fetch_max(index + 1, Release);
    Ok(())
}

/// Removes the memory that starts at an address, if it was added.
pub(super) fn remove(start: usize) {
    let _changing = CHANGING.lock();
    let is_it = |slot: &&Slot| slot.end.load(Relaxed) != 0 && slot.start.load(Relaxed) == start;
    if let Some(slot) = SLOTS.iter().find(is_it) {
        slot.end.store(0, Release);
    }
}

/// Whether an address belongs to a memory. The caller's access keeps that memory alive, so its slot
/// does not change meanwhile.
pub(super) fn contain(address: usize) -> bool {
    let used = USED.load(Acquire);
    SLOTS.iter().take(used).any(|slot| {
        let end = slot.end.load(Acquire);
        address < end && address >= slot.start.load(Relaxed)
    })
}
