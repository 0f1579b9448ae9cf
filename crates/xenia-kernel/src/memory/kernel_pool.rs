//! The machine's one pool, shared: what allocates kernel memory takes this, and needs no other part
//! of the kernel.
//!
//! The lock is held for one operation. An object is made with [`KernelPool::lock`] held after the
//! objects' lock.

use super::pool::{Owner, Pool};
use crate::limits::Limits;
use crate::status::failure::Fallible;
use std::sync::Arc;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_memory::GuestMemory;
use xenia_sync::{Level, Mutex, MutexGuard};

/// See the module's documentation.
pub struct KernelPool {
    memory: Arc<GuestMemory>,
    pool: Mutex<Pool>,
}

impl KernelPool {
    /// A pool in `memory` without blocks; what is refused is counted in `limits`.
    pub(crate) fn new(memory: Arc<GuestMemory>, limits: Arc<Limits>) -> Self {
        Self { memory, pool: Mutex::new(Level::Memory, Pool::new(limits)) }
    }

    /// The pool itself.
    pub fn lock(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock()
    }

    /// Kernel memory: a zeroed block.
    pub fn allocate(&self, size: u32) -> Fallible<GuestAddr> {
        self.lock().allocate(&self.memory, size)
    }

    /// Gives back what [`Self::allocate`] gave.
    pub fn release(&self, at: GuestAddr) -> Fallible<()> {
        self.lock().free(&self.memory, at)
    }

    /// Pool memory for the title: a zeroed block.
    pub fn allocate_for_title(&self, size: u32) -> Fallible<GuestAddr> {
        self.lock().allocate_for(&self.memory, size, Owner::Title)
    }

    /// Takes back what [`Self::allocate_for_title`] gave, and nothing else.
    pub fn release_of_title(&self, at: GuestAddr) -> Fallible<()> {
        self.lock().free_of(&self.memory, at, Owner::Title)
    }

    /// Changes memory of the title's at `at`, if that is not the pool's, nor becomes so meanwhile.
    pub(crate) fn change_outside<T>(
        &self,
        at: GuestAddr,
        change: impl FnOnce(&GuestMemory) -> Fallible<T>,
    ) -> Fallible<T> {
        let pool = self.lock();
        if pool.holds(at) { Err(NtStatus::MEMORY_NOT_ALLOCATED.into()) } else { change(&self.memory) }
    }

    /// A name as UTF-16 in kernel memory: its address, and its units without the terminator.
    pub(crate) fn wide_name(&self, name: &str) -> Fallible<(GuestAddr, u16)> {
        let units: Vec<u16> = name.encode_utf16().take(255).collect();
        let at = self.allocate(units.len() as u32 * 2 + 2)?;
        for (index, &unit) in units.iter().enumerate() {
            self.memory.write(at.offset(2 * index as u32), unit)?;
        }
        Ok((at, units.len() as u16))
    }
}
