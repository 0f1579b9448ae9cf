//! Sharding by guest address, so that threads that use different objects share neither a lock nor a
//! cache line.

use xenia_guest::GuestAddr;
use xenia_sched::{HW_THREADS, ThreadRef};

/// Number of shards. Models have few, because loom explores each of them every time.
pub(crate) const SHARDS: u32 = if cfg!(feature = "model") { 4 } else { 64 };

/// Aligned to two cache lines: processors prefetch pairs.
#[derive(Debug)]
#[repr(align(128))]
struct Line<T>(T);

/// One `T` for each shard. The shard of an address never changes.
#[derive(Debug)]
pub(crate) struct Sharded<T>(Box<[Line<T>]>);

/// The shard of an address.
pub(crate) fn shard_of(at: GuestAddr) -> usize {
    // Fibonacci hashing: objects are often laid out at regular distances.
    let hash = at.0.wrapping_mul(0x9E37_79B9);
    (hash >> (u32::BITS - SHARDS.trailing_zeros())) as usize
}

/// The shard of a thread: distinct for each thread while there are at most as many threads as
/// shards.
pub(crate) fn shard_of_thread(thread: ThreadRef) -> usize {
    (usize::from(thread.idx) * HW_THREADS + usize::from(thread.hw_id)) % SHARDS as usize
}

impl<T> Sharded<T> {
    /// Creates each shard's value from its number.
    pub(crate) fn new(mut make: impl FnMut(u32) -> T) -> Self {
        Self((0..SHARDS).map(|number| Line(make(number))).collect())
    }

    /// All values, in order of their shards' numbers.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|line| &line.0)
    }

    /// The value of the shard of an address.
    pub(crate) fn shard_at(&self, at: GuestAddr) -> &T {
        self.at(shard_of(at))
    }

    /// The value of a shard.
    pub(crate) fn at(&self, shard: usize) -> &T {
        &self.0[shard].0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn objects_in_rows_are_spread_over_the_shards() {
        let shards = Sharded::new(|number| number);
        assert_eq!(shards.iter().count(), SHARDS as usize);
        for stride in [4, 0x10, 0x1C, 0x40, 0x1000, 0x1_0000] {
            let used: BTreeSet<u32> =
                (0..SHARDS).map(|index| *shards.shard_at(GuestAddr(0x4000_0000 + index * stride))).collect();
            assert!(used.len() >= SHARDS as usize / 4, "{stride:#x}: {}", used.len());
        }
    }

    #[test]
    fn the_first_threads_of_all_slots_are_in_separate_shards() {
        let threads = (0..SHARDS as usize).map(|number| ThreadRef {
            hw_id: (number % HW_THREADS) as u8,
            generation: 7,
            idx: (number / HW_THREADS) as u16,
        });
        let used: BTreeSet<usize> = threads.map(shard_of_thread).collect();
        assert_eq!(used.len(), SHARDS as usize);
    }
}
