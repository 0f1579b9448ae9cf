//! Kernel pool: guest memory for objects, thread blocks, variables and the titles' pool
//! allocations.
//!
//! Blocks are allocated first-fit by address from 64 KiB arenas at the top of the heap of 4 KiB
//! pages, so the same calls return the same addresses. An arena that was made for a large block is
//! freed with its last block. The allocation metadata is on the host, so a guest that overruns its
//! block cannot corrupt it.

mod state;

pub use state::PoolState;

use crate::failure::Fallible;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_limits::{Limit, ResourceLimits};
use xenia_memory::{AllocRequest, GuestMemory, Heap, Protect};

/// Smallest size of an arena in bytes.
const MIN_ARENA_SIZE: u32 = 0x1_0000;
/// Alignment of blocks in bytes.
const ALIGN: u32 = 16;
/// Size from which blocks are aligned to pages, and their alignment.
const PAGE_ALIGN: u32 = 0x1000;
/// Largest size of a block.
const MAX_BLOCK_SIZE: u32 = 0x1000_0000;

/// Owner of a block; a title can only free its own blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Owner {
    /// The kernel: objects, thread blocks, variables.
    Kernel,
    /// The title, through a pool allocation.
    Title,
}

#[derive(Clone, Copy, Debug)]
struct Block {
    length: u32,
    /// Requested size in bytes.
    size: u32,
    owner: Owner,
}

/// Allocator of kernel memory in guest memory.
#[derive(Debug, Default)]
pub struct Pool {
    /// Free ranges, from address to length.
    free: BTreeMap<u32, u32>,
    /// Allocated blocks, by address.
    used: BTreeMap<u32, Block>,
    limits: Arc<ResourceLimits>,
    /// Address and size of each arena; free ranges are not merged across arenas.
    arenas: BTreeMap<u32, u32>,
    /// Addresses at which titles are changing their memory, one for each such call in progress.
    in_change: Vec<GuestAddr>,
}

impl Pool {
    /// An empty pool; refusals are counted in `limits`.
    pub fn new(limits: Arc<ResourceLimits>) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Allocates a zeroed block of `size` bytes for the kernel, aligned to 16 bytes, or to a page
    /// if `size` is at least one page.
    pub fn allocate(&mut self, memory: &GuestMemory, size: u32) -> Fallible<GuestAddr> {
        self.allocate_for(memory, size, Owner::Kernel)
    }

    /// Like [`Self::allocate`], for a given owner.
    pub fn allocate_for(&mut self, memory: &GuestMemory, size: u32, owner: Owner) -> Fallible<GuestAddr> {
        let align = if size >= PAGE_ALIGN { PAGE_ALIGN } else { ALIGN };
        if size > MAX_BLOCK_SIZE {
            return Err(NtStatus::NO_MEMORY.into());
        }
        self.limits.admit(Limit::PoolBlocks, self.used.len())?;
        let length = size.max(1).next_multiple_of(ALIGN);
        let at = if let Some(at) = self.take(length, align) {
            // A reused block has old contents.
            memory.fill(GuestAddr(at), length, 0)?;
            at
        } else {
            // Newly committed memory is zero already.
            self.grow(memory, length)?;
            self.take(length, align).ok_or(NtStatus::NO_MEMORY)?
        };
        self.used.insert(at, Block { length, size, owner });
        Ok(GuestAddr(at))
    }

    fn take(&mut self, length: u32, align: u32) -> Option<u32> {
        let (start, have, at) = self.free.iter().find_map(|(&start, &have)| {
            let at = start.next_multiple_of(align);
            (u64::from(at - start) + u64::from(length) <= u64::from(have)).then_some((start, have, at))
        })?;
        self.free.remove(&start);
        if at > start {
            self.free.insert(start, at - start);
        }
        let rest = have - (at - start) - length;
        if rest > 0 {
            self.free.insert(at + length, rest);
        }
        Some(at)
    }

    fn grow(&mut self, memory: &GuestMemory, length: u32) -> Fallible<()> {
        let size = length.next_multiple_of(MIN_ARENA_SIZE);
        let request = AllocRequest::new(Heap::Virtual4K, size, Protect::READ_WRITE);
        let request = AllocRequest { align: 0x1_0000, top_down: true, ..request };
        let mut refused = Vec::new();
        // Each refused place has another one of these addresses, so there is an end.
        let arena = loop {
            match memory.alloc_with(&request) {
                Ok((at, _)) if self.is_in_change(at, size) => refused.push(at),
                result => break result,
            }
        };
        for at in refused {
            // The change itself may have freed it.
            let _ = memory.free(at);
        }
        let (at, _) = arena?;
        self.arenas.insert(at.0, size);
        self.free.insert(at.0, size);
        Ok(())
    }

    /// Requested size of the block at `at`.
    pub fn size_of(&self, at: GuestAddr) -> Option<u32> {
        self.used.get(&at.0).map(|block| block.size)
    }

    /// Frees a block of the kernel.
    pub fn free(&mut self, memory: &GuestMemory, at: GuestAddr) -> Fallible<()> {
        self.free_of(memory, at, Owner::Kernel)
    }

    /// Frees a block of the given owner.
    pub fn free_of(&mut self, memory: &GuestMemory, at: GuestAddr, owner: Owner) -> Fallible<()> {
        if self.used.get(&at.0).is_none_or(|block| block.owner != owner) {
            return Err(NtStatus::INVALID_PARAMETER.into());
        }
        let Block { mut length, .. } = self.used.remove(&at.0).ok_or(NtStatus::INVALID_PARAMETER)?;
        let mut start = at.0;
        if let Some((&before, &have)) = self.free.range(..start).next_back()
            && before + have == start
            && !self.arenas.contains_key(&start)
        {
            self.free.remove(&before);
            start = before;
            length += have;
        }
        if let Some(&after) = self.free.get(&(start + length))
            && !self.arenas.contains_key(&(start + length))
        {
            self.free.remove(&(start + length));
            length += after;
        }
        if length > MIN_ARENA_SIZE
            && self.arenas.get(&start) == Some(&length)
            && memory.free(GuestAddr(start)).is_ok()
        {
            self.arenas.remove(&start);
        } else {
            self.free.insert(start, length);
        }
        Ok(())
    }

    /// Records that a title begins a change of its memory at `at`: until [`Self::end_change`] the
    /// pool does not grow into this place, even if another thread frees it meanwhile.
    pub(crate) fn begin_change(&mut self, at: GuestAddr) {
        self.in_change.push(at);
    }

    /// Records the end of a change.
    pub(crate) fn end_change(&mut self, at: GuestAddr) {
        if let Some(index) = self.in_change.iter().position(|&other| other == at) {
            self.in_change.swap_remove(index);
        }
    }

    /// Whether a title is changing memory in this range.
    fn is_in_change(&self, start: GuestAddr, size: u32) -> bool {
        self.in_change.iter().any(|at| at.0.checked_sub(start.0).is_some_and(|offset| offset < size))
    }

    /// Whether `at` lies in an arena.
    pub fn holds(&self, at: GuestAddr) -> bool {
        self.arenas.range(..=at.0).next_back().is_some_and(|(&start, &size)| at.0 - start < size)
    }

    /// Address and size of each arena.
    #[cfg(any(test, feature = "testing"))]
    pub fn arenas(&self) -> impl Iterator<Item = (u32, u32)> {
        self.arenas.iter().map(|(&at, &size)| (at, size))
    }

    /// Total size of the arenas in bytes.
    pub fn bytes(&self) -> u32 {
        self.arenas.values().sum()
    }

    /// Number of allocated blocks.
    pub fn blocks(&self) -> usize {
        self.used.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn freed_blocks_grow_together_and_are_reused_zeroed() {
        let memory = GuestMemory::new().unwrap();
        let mut pool = Pool::default();
        let blocks: Vec<_> = (0..4).map(|_| pool.allocate(&memory, 100).unwrap()).collect();
        assert!(blocks.windows(2).all(|pair| pair[1].0 - pair[0].0 == 112));
        memory.write(blocks[1], 0xFFFF_FFFF_u32).unwrap();
        for at in [blocks[1], blocks[3], blocks[2]] {
            pool.free(&memory, at).unwrap();
        }
        let big = pool.allocate(&memory, 300).unwrap();
        assert_eq!(big, blocks[1]);
        assert_eq!(memory.read::<u32>(big).unwrap(), 0);
        assert_eq!(pool.size_of(big), Some(300));
        assert_eq!(pool.blocks(), 2);
    }

    #[test]
    fn large_arenas_are_memory_again() {
        let memory = GuestMemory::new().unwrap();
        let mut pool = Pool::default();
        let small = pool.allocate(&memory, 0x20).unwrap();
        let bytes = pool.bytes();
        let large = pool.allocate(&memory, MAX_BLOCK_SIZE - 0x8000).unwrap();
        let behind = pool.allocate(&memory, 0x7FF0).unwrap();
        assert_eq!(behind, large.offset(MAX_BLOCK_SIZE - 0x8000));
        assert!(pool.holds(large) && pool.holds(behind) && !pool.holds(GuestAddr(large.0 - 1)));
        pool.free(&memory, large).unwrap();
        assert!(pool.bytes() > bytes, "there is another block in it");
        pool.free(&memory, behind).unwrap();
        assert!(!pool.holds(large) && !memory.is_committed(large));
        assert_eq!(pool.bytes(), bytes);
        assert_eq!(memory.committed_bytes(Heap::Virtual4K), bytes);
        pool.free(&memory, small).unwrap();
        assert_eq!(pool.bytes(), bytes, "the smallest arenas stay");
    }

    #[test]
    fn arenas_avoid_memory_that_a_title_is_changing() {
        let memory = GuestMemory::new().unwrap();
        let mut pool = Pool::default();
        let first = pool.allocate(&memory, MIN_ARENA_SIZE).unwrap();
        let next = GuestAddr(first.0 - MIN_ARENA_SIZE);
        let changed = next.offset(0x1234);
        // Two calls, of which one ends.
        pool.begin_change(changed);
        pool.begin_change(changed);
        pool.end_change(changed);
        let second = pool.allocate(&memory, MIN_ARENA_SIZE).unwrap();
        assert_eq!(second, GuestAddr(next.0 - MIN_ARENA_SIZE));
        assert!(!pool.holds(next) && !memory.is_committed(next), "it is free");
        pool.end_change(changed);
        assert_eq!(pool.allocate(&memory, MIN_ARENA_SIZE), Ok(next));
    }

    #[test]
    fn free_ranges_of_neighbouring_arenas_stay_apart() {
        for frees_below_first in [false, true] {
            let memory = GuestMemory::new().unwrap();
            let mut pool = Pool::default();
            let mut blocks = [(); 2].map(|()| pool.allocate(&memory, MIN_ARENA_SIZE).unwrap());
            assert_eq!(blocks[0], blocks[1].offset(MIN_ARENA_SIZE), "from the top down");
            if frees_below_first {
                blocks.reverse();
            }
            for block in blocks {
                pool.free(&memory, block).unwrap();
            }
            let wide = pool.allocate(&memory, 2 * MIN_ARENA_SIZE).unwrap();
            assert!(!blocks.contains(&wide), "{wide}");
            assert_eq!(pool.arenas().count(), 3);
        }
    }

    #[test]
    fn blocks_of_a_page_or_more_are_aligned_to_pages() {
        let memory = GuestMemory::new().unwrap();
        let mut pool = Pool::default();
        let first = pool.allocate(&memory, 0).unwrap();
        assert_eq!(pool.allocate(&memory, PAGE_ALIGN - 1), Ok(first.offset(ALIGN)));
        assert_eq!(pool.allocate(&memory, PAGE_ALIGN), Ok(first.offset(2 * PAGE_ALIGN)));
    }

    #[test]
    fn wild_frees_and_sizes_are_refused() {
        let memory = GuestMemory::new().unwrap();
        let mut pool = Pool::default();
        let at = pool.allocate(&memory, 0x2000).unwrap();
        assert_eq!(at.0 % 0x1000, 0);
        assert!(pool.free(&memory, at.offset(16)).is_err());
        pool.free(&memory, at).unwrap();
        assert!(pool.free(&memory, at).is_err());
        assert!(pool.allocate(&memory, u32::MAX).is_err());
    }

    #[test]
    fn owners_give_back_their_own_blocks_only() {
        let memory = GuestMemory::new().unwrap();
        let mut pool = Pool::default();
        let object = pool.allocate(&memory, 0x40).unwrap();
        let block = pool.allocate_for(&memory, 0x40, Owner::Title).unwrap();
        assert!(pool.free_of(&memory, object, Owner::Title).is_err(), "a title frees an object");
        assert!(pool.free(&memory, block).is_err());
        assert_eq!(pool.blocks(), 2);
        pool.free(&memory, object).unwrap();
        pool.free_of(&memory, block, Owner::Title).unwrap();
        assert_eq!(pool.blocks(), 0);
    }
}
