//! One thing per shard of guest addresses, so that threads at different objects share no lock.

use xenia_guest::GuestAddr;

/// How many shards there are.
const SHARDS: u32 = 64;

/// A `T` for each shard. Which shard an address is in never changes.
#[derive(Debug)]
pub(crate) struct Sharded<T>(Box<[T]>);

impl<T> Sharded<T> {
    /// Each shard's, by its number.
    pub(crate) fn new(make: impl FnMut(u32) -> T) -> Self {
        Self((0..SHARDS).map(make).collect())
    }

    /// All of them, in the order of their numbers.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter()
    }

    /// That of the shard that an address is in.
    pub(crate) fn of(&self, at: GuestAddr) -> &T {
        // Fibonacci hashing: objects stand in rows, at any distance from each other.
        let hash = at.0.wrapping_mul(0x9E37_79B9);
        &self.0[(hash >> (u32::BITS - SHARDS.trailing_zeros())) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn objects_in_rows_are_spread_over_the_shards() {
        let shards = Sharded::new(|number| number);
        assert_eq!(shards.0.len(), SHARDS as usize);
        for stride in [4, 0x10, 0x1C, 0x40, 0x1000, 0x1_0000] {
            let used: BTreeSet<u32> =
                (0..SHARDS).map(|index| *shards.of(GuestAddr(0x4000_0000 + index * stride))).collect();
            assert!(used.len() >= SHARDS as usize / 4, "{stride:#x}: {}", used.len());
        }
    }
}
