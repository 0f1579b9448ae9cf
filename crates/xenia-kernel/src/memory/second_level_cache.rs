//! Locks of the second-level cache: memory ranges that are pinned in ways of the cache.
//!
//! The cache has eight ways of 128 KiB. A title has two locks: lock 0, used by Direct3D for data
//! that processors produce for the graphics chip, and lock 1 for the title. Each has two ways, bits
//! `2 * index` and `2 * index + 1` of the masks. The range may be larger than the ways: it selects
//! the memory that is confined to them. A lock affects when memory is written back, never its
//! contents, so only the allocation state is kept here. The exception is a range in the cache
//! alone, without memory behind it: [`Heap::Cache`], where Direct3D places its lock. It exists,
//! zeroed, while the lock is held, and fits in the ways; the graphics chip reads vertices and
//! indices there at the same addresses.

use crate::status::failure::Fallible;
use serde::{Deserialize, Serialize};
use xenia_guest::{GuestAddr, NtStatus, PAGE_SIZE};
use xenia_memory::{AllocKind, GuestMemory, Heap, Protect};
use xenia_state::{Impossible, check};

/// Number of locks of a title.
const LOCKS: usize = 2;
/// Size of a way in bytes.
const WAY: u32 = 0x2_0000;
/// Number of ways of a lock.
const WAYS: u32 = 2;
/// Largest size of a range in bytes: the console's memory.
const MAX_RANGE: u32 = 0x2000_0000;

/// A locked range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// First address of the range.
    pub start: GuestAddr,
    /// Size in bytes.
    pub size: u32,
    /// Masks of ways: those reserved for the range, and those not replaced for other memory.
    pub ways: [u32; 2],
}

impl Lock {
    fn is_cache_only(&self) -> bool {
        Heap::of(self.start) == Some(Heap::Cache)
    }

    /// Last address of the range; `None` if no range has its size.
    fn last(&self) -> Option<u32> {
        let largest = if self.is_cache_only() { WAY * WAYS } else { MAX_RANGE };
        let size = self.size.checked_sub(1).filter(|&last| last < largest)?;
        self.start.0.checked_add(size)
    }

    fn first_page(&self) -> GuestAddr {
        GuestAddr(self.start.0 / PAGE_SIZE * PAGE_SIZE)
    }
}

/// Locks of the second-level cache.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct SecondLevelCache {
    locks: [Option<Lock>; LOCKS],
}

impl SecondLevelCache {
    /// Checks locks that come from a saved state.
    pub(crate) fn check_state(&self) -> Result<(), Impossible> {
        let Self { locks } = self;
        for lock in locks.iter().flatten() {
            check(
                lock.last().is_some(),
                "the range of a lock of the cache is empty, too large or past the end of memory",
            )?;
        }
        Ok(())
    }

    /// Locks a range. Fails if the index, the size or the ways are invalid, the lock is in use, or
    /// the range is not memory.
    pub fn lock(&mut self, memory: &GuestMemory, index: u32, lock: Lock) -> Fallible<()> {
        let slot = self.locks.get_mut(index as usize).ok_or(NtStatus::INVALID_PARAMETER)?;
        let own_ways = ((1 << WAYS) - 1) << (WAYS * index);
        let last = lock.last().ok_or(NtStatus::INVALID_PARAMETER_3)?;
        if lock.ways.iter().any(|ways| ways & !own_ways != 0) {
            return Err(NtStatus::INVALID_PARAMETER.into());
        }
        if slot.is_some() {
            return Err(NtStatus::UNSUCCESSFUL.into());
        }
        if lock.is_cache_only() {
            let first = lock.first_page();
            let kind = AllocKind::ReserveCommit;
            memory.alloc_fixed(first, last - first.0 + 1, kind, Protect::READ_WRITE)?;
        }
        let mut pages = (lock.start.0 / PAGE_SIZE..=last / PAGE_SIZE).map(|page| GuestAddr(page * PAGE_SIZE));
        if !pages.all(|page| memory.is_committed(page)) {
            return Err(NtStatus::INVALID_PARAMETER_2.into());
        }
        *slot = Some(lock);
        Ok(())
    }

    /// Releases a lock; returns it if it was held.
    pub fn unlock(&mut self, memory: &GuestMemory, index: u32) -> Option<Lock> {
        let lock = self.locks.get_mut(index as usize)?.take()?;
        if lock.is_cache_only() {
            // The title may have freed the range itself.
            let _ = memory.free(lock.first_page());
        }
        Some(lock)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::failure::Failure;
    use xenia_memory::{Heap, Protect};

    #[test]
    fn ranges_are_checked_and_locked_once() {
        let memory = GuestMemory::new().unwrap();
        let at = memory.alloc(Heap::Virtual64K, 16 * WAY, 0x1_0000, Protect::READ_WRITE).unwrap();
        let mut cache = SecondLevelCache::default();
        let lock = |start: GuestAddr, size, ways: [u32; 2]| Lock { start, size, ways };
        for (index, wanted, failure) in [
            (2, lock(at, WAY, [0, 0]), NtStatus::INVALID_PARAMETER),
            (u32::MAX, lock(at, WAY, [0, 0]), NtStatus::INVALID_PARAMETER),
            (0, lock(at, WAY, [4, 0]), NtStatus::INVALID_PARAMETER),
            (1, lock(at, WAY, [4, 1]), NtStatus::INVALID_PARAMETER),
            (0, lock(at, 0, [1, 1]), NtStatus::INVALID_PARAMETER_3),
            (0, lock(at, MAX_RANGE + 1, [3, 3]), NtStatus::INVALID_PARAMETER_3),
            (0, lock(Heap::Cache.base(), 2 * WAY + 1, [3, 3]), NtStatus::INVALID_PARAMETER_3),
            (0, lock(GuestAddr(u32::MAX), 2, [3, 3]), NtStatus::INVALID_PARAMETER_3),
            (0, lock(at.offset(1), 16 * WAY, [3, 3]), NtStatus::INVALID_PARAMETER_2),
            (0, lock(GuestAddr(0x7F00_0000), WAY, [1, 1]), NtStatus::INVALID_PARAMETER_2),
        ] {
            let failed = cache.lock(&memory, index, wanted).map_err(Failure::status);
            assert_eq!(failed, Err(failure), "{index} {wanted:?}");
            assert_eq!(cache.unlock(&memory, index), None);
        }
        // A sample of the XDK confines 2 MiB to one way.
        let first = lock(at, 1, [0, 3]);
        let second = lock(at, 16 * WAY, [4, 4]);
        cache.lock(&memory, 0, first).unwrap();
        cache.lock(&memory, 1, second).unwrap();
        assert_eq!(cache.lock(&memory, 0, first).unwrap_err().status(), NtStatus::UNSUCCESSFUL);
        let mut read = crate::kernel::round_trip(&cache);
        assert_eq!((read.check_state(), read.unlock(&memory, 1)), (Ok(()), Some(second)));
        read.locks[1] = Some(lock(GuestAddr(u32::MAX), 2, [3, 3]));
        assert!(read.check_state().is_err());
        assert_eq!([cache.unlock(&memory, 0), cache.unlock(&memory, 0)], [Some(first), None]);
        assert_eq!(cache.unlock(&memory, 1), Some(second));
    }

    #[test]
    fn cache_range_is_accessible_only_while_locked() {
        let memory = GuestMemory::new().unwrap();
        let mut cache = SecondLevelCache::default();
        let at = Heap::Cache.base();
        let lock = Lock { start: at, size: 2 * WAY, ways: [3, 3] };
        for _ in 0..2 {
            assert!(memory.read::<u32>(at).is_err());
            cache.lock(&memory, 0, lock).unwrap();
            let last = at.offset(2 * WAY - 4);
            assert_eq!((memory.read(at), memory.read(last)), (Ok(0_u32), Ok(0_u32)));
            assert!(memory.read::<u32>(at.offset(2 * WAY)).is_err());
            memory.write(last, 7_u32).unwrap();
            // Another lock of the same range is refused and does not change the first.
            assert!(cache.lock(&memory, 1, Lock { ways: [0xC, 0xC], ..lock }).is_err());
            assert_eq!(memory.read(last), Ok(7_u32));
            assert_eq!(cache.unlock(&memory, 0), Some(lock));
        }
        let beyond = Lock { start: GuestAddr(0x7F1F_F000), size: 0x2000, ways: [3, 3] };
        assert!(cache.lock(&memory, 0, beyond).is_err());
    }
}
