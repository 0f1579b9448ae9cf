//! Shared kernel pool: the allocator for subsystems, usable without the rest of the kernel.
//!
//! The lock is held for one operation. When an object is made, the lock of [`KernelPool::lock`] is
//! taken after that of the objects.

use super::pool::{Owner, Pool};
use crate::failure::Fallible;
use std::sync::Arc;
use xenia_guest::{GuestAddr, NtStatus, utf16};
use xenia_limits::ResourceLimits;
use xenia_memory::GuestMemory;
use xenia_sync::{Level, Mutex, MutexGuard};

/// Maximum length of a name in UTF-16 units, without the terminator.
const MAX_NAME_UNITS: usize = 255;

/// The machine's kernel pool behind its lock.
pub struct KernelPool {
    memory: Arc<GuestMemory>,
    pool: Mutex<Pool>,
}

impl KernelPool {
    /// An empty pool in `memory`; refusals are counted in `limits`.
    pub fn new(memory: Arc<GuestMemory>, limits: Arc<ResourceLimits>) -> Self {
        Self { memory, pool: Mutex::new(Level::Memory, Pool::new(limits)) }
    }

    /// Locks the pool.
    pub fn lock(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock()
    }

    /// Allocates zeroed kernel memory.
    pub fn allocate(&self, size: u32) -> Fallible<GuestAddr> {
        self.lock().allocate(&self.memory, size)
    }

    /// Frees memory from [`Self::allocate`].
    pub fn release(&self, at: GuestAddr) -> Fallible<()> {
        self.lock().free(&self.memory, at)
    }

    /// Allocates zeroed pool memory for the title.
    pub fn allocate_for_title(&self, size: u32) -> Fallible<GuestAddr> {
        self.lock().allocate_for(&self.memory, size, Owner::Title)
    }

    /// Frees memory from [`Self::allocate_for_title`]; refuses other blocks.
    pub fn release_of_title(&self, at: GuestAddr) -> Fallible<()> {
        self.lock().free_of(&self.memory, at, Owner::Title)
    }

    /// Changes the title's memory at `at`, unless it belongs to the pool; the pool cannot grow into
    /// it meanwhile. The host may take long for the change. Until the pool must grow, it stays in
    /// use; growth waits for the lock of the memory's zones.
    pub fn change_outside<T>(
        &self,
        at: GuestAddr,
        change: impl FnOnce(&GuestMemory) -> Fallible<T>,
    ) -> Fallible<T> {
        {
            let mut pool = self.lock();
            if pool.holds(at) {
                return Err(NtStatus::MEMORY_NOT_ALLOCATED.into());
            }
            pool.begin_change(at);
        }
        let changed = change(&self.memory);
        self.lock().end_change(at);
        changed
    }

    /// Copies a name as UTF-16 into kernel memory, and a terminator; returns its address and its
    /// length in units without the terminator. Of a name of more than 255 units, the beginning is
    /// copied.
    pub fn wide_name(&self, name: &str) -> Fallible<(GuestAddr, u16)> {
        let units = utf16::fitting(name, MAX_NAME_UNITS);
        let at = self.allocate(units.len() as u32 * 2 + 2)?;
        let bytes: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
        if let Err(fault) = self.memory.write_bytes(at, &bytes) {
            self.release(at)?;
            return Err(fault.into());
        }
        Ok((at, units.len() as u16))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pool_is_usable_while_a_title_changes_its_memory() {
        let pool = KernelPool::new(GuestMemory::new().unwrap(), Arc::default());
        let own = pool.allocate(0x20).unwrap();
        let made = pool.change_outside(GuestAddr(0x1000_0000), |_| pool.allocate(0x20)).unwrap();
        for at in [own, made] {
            let refused = pool.change_outside(at, |_| Ok(())).unwrap_err();
            assert_eq!(refused.status(), NtStatus::MEMORY_NOT_ALLOCATED);
        }
    }
}
