//! State of the kernel pool: its arenas and blocks. The free ranges are the gaps between blocks.

use super::{ALIGN, Block, MAX_BLOCK_SIZE, MIN_ARENA_SIZE, Owner, PAGE_ALIGN, Pool};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use xenia_guest::GuestAddr;
use xenia_limits::Limit;
use xenia_memory::Heap;
use xenia_state::{Impossible, check};

/// State of a [`Pool`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolState {
    /// In the order of their addresses.
    arenas: Vec<ArenaState>,
    /// In the order of their addresses.
    blocks: Vec<BlockState>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct ArenaState {
    at: u32,
    size: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct BlockState {
    at: u32,
    /// Requested size, from which the length follows.
    size: u32,
    owner: Owner,
}

impl ArenaState {
    /// Validates an arena from a saved state; the arena before it ends at `after`.
    fn is_valid(self, after: u32) -> bool {
        let Self { at, size } = self;
        let last = size.checked_sub(1).and_then(|rest| at.checked_add(rest));
        let is_whole = at.is_multiple_of(MIN_ARENA_SIZE) && size.is_multiple_of(MIN_ARENA_SIZE);
        let is_in_heap = |at| Heap::of(GuestAddr(at)) == Some(Heap::Virtual4K);
        at >= after && is_whole && is_in_heap(at) && last.is_some_and(is_in_heap)
    }
}

impl Pool {
    /// The pool's state.
    pub fn state(&self) -> PoolState {
        // The machine's limits are its configuration. No call is in progress.
        let Self { free: _, used, limits: _, arenas, in_change: _ } = self;
        let arenas = arenas.iter().map(|(&at, &size)| ArenaState { at, size });
        let blocks =
            used.iter().map(|(&at, &Block { length: _, size, owner })| BlockState { at, size, owner });
        PoolState { arenas: arenas.collect(), blocks: blocks.collect() }
    }

    /// Replaces the pool's content by a state. Memory has the blocks' contents already.
    pub fn restore(&mut self, state: PoolState) -> Result<(), Impossible> {
        let PoolState { arenas, blocks } = state;
        check(blocks.len() as u64 <= Limit::PoolBlocks.row().value, "too many blocks of the pool")?;
        let mut free = BTreeMap::new();
        let mut used = BTreeMap::new();
        let mut all = BTreeMap::new();
        let mut blocks = blocks.into_iter().peekable();
        // Nothing is at the null address.
        let mut after = MIN_ARENA_SIZE;
        for arena in arenas {
            check(
                arena.is_valid(after),
                "an arena of the pool is unaligned, overlaps another or is outside of the heap",
            )?;
            let ArenaState { at: mut from, size } = arena;
            after = from + size;
            all.insert(from, size);
            while let Some(BlockState { at, size, owner }) = blocks.next_if(|block| block.at < after) {
                let align = if size >= PAGE_ALIGN { PAGE_ALIGN } else { ALIGN };
                check(
                    at >= from && at.is_multiple_of(align) && size <= MAX_BLOCK_SIZE,
                    "a block of the pool is misplaced",
                )?;
                let length = size.max(1).next_multiple_of(ALIGN);
                check(length <= after - at, "a block of the pool is too long")?;
                if at > from {
                    free.insert(from, at - from);
                }
                used.insert(at, Block { length, size, owner });
                from = at + length;
            }
            if from < after {
                free.insert(from, after - from);
            }
        }
        check(blocks.next().is_none(), "a block of the pool is in no arena")?;
        self.free = free;
        self.used = used;
        self.arenas = all;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use xenia_memory::GuestMemory;

    /// A pool with blocks of many sizes, some freed.
    fn used_pool(memory: &GuestMemory) -> (Pool, Vec<GuestAddr>) {
        let mut pool = Pool::default();
        let sizes = [1, 16, 0x20, 0x1000, 0x1234, 0x50, 0x2_0001, 0xFFF, 0, 0x9000, 0x30];
        let mut blocks: Vec<GuestAddr> = (0..40)
            .map(|index| {
                let owner = if index % 3 == 0 { Owner::Title } else { Owner::Kernel };
                pool.allocate_for(memory, sizes[index % sizes.len()], owner).expect("there is room")
            })
            .collect();
        for at in blocks.extract_if(.., |at| at.0 >> 4 & 1 != 0) {
            let owner = pool.used[&at.0].owner;
            pool.free_of(memory, at, owner).expect("it is a block");
        }
        (pool, blocks)
    }

    #[test]
    fn a_restored_pool_has_the_same_gaps_and_gives_the_same_addresses() {
        let memory = GuestMemory::new().expect("memory");
        let (mut pool, blocks) = used_pool(&memory);
        let mut other = Pool::new(Arc::default());
        other.allocate(&memory, 0x40).expect("it is replaced");
        other.restore(pool.state()).expect("a pool's state");
        assert_eq!((&other.free, &other.arenas, other.state()), (&pool.free, &pool.arenas, pool.state()));
        assert!(pool.free.len() > 5, "{:?}", pool.free);
        for size in [8, 0x1000, 0x20, 0x3_0000, 0x300] {
            let at = pool.allocate(&memory, size).expect("there is room");
            // The arena that the first pool has made is not free for the second.
            if size < 0x3_0000 {
                assert_eq!(other.allocate(&memory, size).expect("there is room"), at, "{size:#x}");
            }
        }
        let at = blocks[0];
        assert_eq!(other.size_of(at), pool.size_of(at));
        assert!(other.free_of(&memory, at, Owner::Kernel).is_err(), "it is the title's");
        assert!(other.free_of(&memory, at, Owner::Title).is_ok());
    }

    #[test]
    fn impossible_pool_states_are_refused() {
        let arena = |at, size| ArenaState { at, size };
        let block = |at, size| BlockState { at, size, owner: Owner::Title };
        let first = arena(0x3000_0000, 0x1_0000);
        let refused = [
            (vec![arena(0x3000_0000, 0)], vec![]),
            (vec![arena(0x3000_1000, 0x1_0000)], vec![]),
            (vec![arena(0x3000_0000, 0x1001)], vec![]),
            (vec![arena(0x3FFF_0000, 0x2_0000)], vec![]),
            (vec![arena(0x8000_0000, 0x1_0000)], vec![]),
            (vec![arena(0, 0x1_0000)], vec![]),
            (vec![first, first], vec![]),
            (vec![first], vec![block(0x3001_0000, 1)]),
            (vec![first], vec![block(0x2FFF_0000, 1)]),
            (vec![first], vec![block(0x3000_0008, 1)]),
            (vec![first], vec![block(0x3000_0010, 0x1000)]),
            (vec![first], vec![block(0x3000_0000, 0x1_0001)]),
            (vec![first], vec![block(0x3000_0000, u32::MAX)]),
            (vec![first], vec![block(0x3000_0000, 0x11), block(0x3000_0010, 1)]),
            (vec![first], vec![block(0x3000_0010, 1), block(0x3000_0000, 1)]),
        ];
        for (arenas, blocks) in refused {
            let state = PoolState { arenas, blocks };
            assert!(Pool::default().restore(state.clone()).is_err(), "{state:?}");
        }
        let whole = PoolState { arenas: vec![first], blocks: vec![block(0x3000_0000, 0x1_0000)] };
        assert_eq!(Pool::default().restore(whole), Ok(()));
    }
}
