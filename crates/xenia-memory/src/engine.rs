//! Memory access for the interpreter and for compiled code's slow paths: guest rights, devices,
//! page versions.
//!
//! The fast path is one read of the page's flags and one host access through the alias view, so the
//! interpreter never takes a host fault. A store reads the flags again *after* the bytes are
//! written, so that it ends watches (`watch.rs` has the protocol), and before it writes as well,
//! because stores to a page that holds code are refused ([`FaultKind::HoldsCode`]). Values are
//! big-endian numbers. These accesses are not mirrored. A fault leaves memory unchanged and names
//! the first byte that was refused.

use crate::device::{DeviceQueue, MmioDevice, QueuedStore};
use crate::error::{Access, AccessKind, FaultKind, MemoryFault};
use crate::host;
use crate::memory::GuestMemory;
use crate::page_table::{DEVICE, READ, WATCHED, WRITE};
use xenia_guest::{GuestAddr, PAGE_SIZE};

/// Result of the fast path of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum TriedStore {
    /// The value is stored.
    Done,
    /// The value is stored, and the page has become watched meanwhile: the caller must call
    /// [`GuestMemory::stored_to_watched`].
    DoneOnWatched,
    /// The store is not of this kind, and was not made. This does not imply a fault.
    NotPlain,
}

macro_rules! scalar_access {
    ($load:ident, $try_load:ident, $store:ident, $try_store:ident, $t:ty) => {
        /// Loads a value with the guest's rights.
        #[inline(always)]
        pub fn $load(&self, addr: u32, dev: &mut DeviceQueue) -> Access<$t> {
            match self.$try_load(addr) {
                Some(value) => Ok(value),
                None => self.load_slowly(addr, size_of::<$t>() as u32, dev).map(|v| v as $t),
            }
        }

        /// Loads a value if this takes one access to one readable page: the fast path of a load.
        /// `None` does not imply a fault.
        #[inline(always)]
        pub fn $try_load(&self, addr: u32) -> Option<$t> {
            const SIZE: u32 = size_of::<$t>() as u32;
            (self.pages.flags(addr) & READ != 0 && addr % PAGE_SIZE <= PAGE_SIZE - SIZE).then(|| {
                // SAFETY: the access stays inside one page that is committed.
                <$t>::from_be(unsafe { host::$load(self.alias.0, addr) })
            })
        }

        /// Stores a value with the guest's rights.
        #[inline(always)]
        pub fn $store(&self, addr: u32, value: $t, dev: &mut DeviceQueue) -> Access<()> {
            match self.$try_store(addr, value) {
                TriedStore::Done => Ok(()),
                TriedStore::DoneOnWatched => {
                    self.stored_to_watched(addr);
                    Ok(())
                }
                TriedStore::NotPlain => self.store_slowly(addr, size_of::<$t>() as u32, value as u128, dev),
            }
        }

        /// Stores a value if this takes one access to one unwatched, writable page: the fast path
        /// of a store.
        #[inline(always)]
        pub fn $try_store(&self, addr: u32, value: $t) -> TriedStore {
            const SIZE: u32 = size_of::<$t>() as u32;
            let is_plain =
                self.pages.flags(addr) & (WRITE | WATCHED) == WRITE && addr % PAGE_SIZE <= PAGE_SIZE - SIZE;
            if !is_plain {
                return TriedStore::NotPlain;
            }
            // SAFETY: the access stays inside one page that is committed.
            unsafe { host::$store(self.alias.0, addr, value.to_be()) };
            // Pairs with the barrier in `watch_run`.
            let is_watched = self.pages.flags(addr) & WATCHED != 0;
            if is_watched { TriedStore::DoneOnWatched } else { TriedStore::Done }
        }
    };
}

macro_rules! compare_exchange {
    ($name:ident, $t:ty) => {
        /// Compare-and-swap: atomically replaces the value at `addr` by `new` if it is `expected`;
        /// returns whether it was. For `stwcx.` and `stdcx.`: needs write rights and natural
        /// alignment; not supported on devices.
        #[inline]
        pub fn $name(&self, addr: u32, expected: $t, new: $t) -> Access<bool> {
            const SIZE: u32 = size_of::<$t>() as u32;
            if !addr.is_multiple_of(SIZE) {
                return Err(MemoryFault {
                    addr: GuestAddr(addr),
                    kind: FaultKind::Misaligned,
                    access: AccessKind::Store,
                });
            }
            if self.pages.flags(addr) & WRITE == 0 {
                return Err(self.fault(addr, AccessKind::Store));
            }
            self.before_store(addr)?;
            let expected = expected.to_be();
            // SAFETY: an aligned access inside one page that is committed.
            let old = unsafe { host::$name(self.alias.0, addr, expected, new.to_be()) };
            // A failed exchange has stored nothing, so the watch may last.
            if old == expected && self.pages.flags(addr) & WATCHED != 0 {
                self.stored_to_watched(addr);
            }
            Ok(old == expected)
        }
    };
}

impl GuestMemory {
    /// Checks that the page of `addr` may be written: before an effect that a store which faults
    /// must not have.
    pub fn check_writable(&self, addr: u32) -> Access<()> {
        if self.pages.flags(addr) & WRITE == 0 { Err(self.fault(addr, AccessKind::Store)) } else { Ok(()) }
    }

    scalar_access!(load_u8, try_load_u8, store_u8, try_store_u8, u8);
    scalar_access!(load_u16, try_load_u16, store_u16, try_store_u16, u16);
    scalar_access!(load_u32, try_load_u32, store_u32, try_store_u32, u32);
    scalar_access!(load_u64, try_load_u64, store_u64, try_store_u64, u64);
    compare_exchange!(compare_exchange_u32, u32);
    compare_exchange!(compare_exchange_u64, u64);

    /// Loads 16 bytes with the guest's rights; the first byte is the most significant. Not atomic
    /// as a whole.
    #[inline(always)]
    pub fn load_u128(&self, addr: u32, dev: &mut DeviceQueue) -> Access<u128> {
        if self.pages.flags(addr) & READ != 0 && addr % PAGE_SIZE <= PAGE_SIZE - 16 {
            // SAFETY: both accesses stay inside one page that is committed.
            let (high, low) =
                unsafe { (host::load_u64(self.alias.0, addr), host::load_u64(self.alias.0, addr + 8)) };
            Ok(u128::from(high.swap_bytes()) << 64 | u128::from(low.swap_bytes()))
        } else {
            self.load_slowly(addr, 16, dev)
        }
    }

    /// Stores 16 bytes with the guest's rights, the most significant first. Not atomic as a whole.
    #[inline(always)]
    pub fn store_u128(&self, addr: u32, value: u128, dev: &mut DeviceQueue) -> Access<()> {
        if self.pages.flags(addr) & (WRITE | WATCHED) == WRITE && addr % PAGE_SIZE <= PAGE_SIZE - 16 {
            // SAFETY: both accesses stay inside one page that is committed.
            unsafe {
                host::store_u64(self.alias.0, addr, ((value >> 64) as u64).swap_bytes());
                host::store_u64(self.alias.0, addr + 8, (value as u64).swap_bytes());
            }
            if self.pages.flags(addr) & WATCHED != 0 {
                self.stored_to_watched(addr);
            }
            Ok(())
        } else {
            self.store_slowly(addr, 16, value, dev)
        }
    }

    /// Loads an instruction word: like a load, but devices hold no code.
    #[inline(always)]
    pub fn fetch_u32(&self, addr: u32) -> Access<u32> {
        if self.pages.flags(addr) & READ != 0 && addr.is_multiple_of(4) {
            // SAFETY: an aligned access inside one page that is committed.
            Ok(u32::from_be(unsafe { host::load_u32(self.alias.0, addr) }))
        } else {
            Err(self.fetch_fault(addr))
        }
    }

    #[cold]
    #[inline(never)]
    fn fetch_fault(&self, addr: u32) -> MemoryFault {
        if addr.is_multiple_of(4) {
            self.fault(addr, AccessKind::Load)
        } else {
            MemoryFault { addr: GuestAddr(addr), kind: FaultKind::Misaligned, access: AccessKind::Load }
        }
    }

    /// Slow path of loads: a device, an access across two pages, or a missing right. `size` ≤ 16.
    #[cold]
    #[inline(never)]
    fn load_slowly(&self, addr: u32, size: u32, dev: &mut DeviceQueue) -> Access<u128> {
        if self.pages.flags(addr) & DEVICE != 0 {
            return self.device_load(addr, size, dev);
        }
        self.check(addr, size, READ, AccessKind::Load)?;
        let mut bytes = [0; 16];
        // SAFETY: the whole range is committed.
        unsafe { host::copy_out(self.alias.0, addr, &mut bytes[16 - size as usize..]) };
        Ok(u128::from_be_bytes(bytes))
    }

    /// Slow path of stores: the cases of [`Self::load_slowly`], and watched pages.
    #[cold]
    #[inline(never)]
    fn store_slowly(&self, addr: u32, size: u32, value: u128, dev: &mut DeviceQueue) -> Access<()> {
        if self.pages.flags(addr) & DEVICE != 0 {
            return self.device_store(addr, size, value, dev);
        }
        self.check(addr, size, WRITE, AccessKind::Store)?;
        // The access may span two pages: check both for code before any byte is stored.
        self.before_store(addr)?;
        self.before_store(addr.wrapping_add(size - 1))?;
        // SAFETY: the whole range is committed.
        unsafe { host::copy_in(self.alias.0, addr, &value.to_be_bytes()[16 - size as usize..]) };
        self.bump_watched(addr, size);
        Ok(())
    }

    /// Loads `size` ≤ 16 bytes of device registers. A range that is not inside one device's block
    /// is unmapped.
    pub fn device_load(&self, addr: u32, size: u32, dev: &mut DeviceQueue) -> Access<u128> {
        dev.load(addr, size, &self.devices).ok_or_else(|| Self::outside_device(addr, size, AccessKind::Load))
    }

    /// Queues a store of `size` ≤ 16 bytes, the low ones of `value`, to device registers.
    pub fn device_store(&self, addr: u32, size: u32, value: u128, dev: &mut DeviceQueue) -> Access<()> {
        match dev.store(addr, size, value, &self.devices) {
            QueuedStore::Queued => Ok(()),
            QueuedStore::Full => Err(MemoryFault {
                addr: GuestAddr(addr),
                kind: FaultKind::DeviceQueueFull,
                access: AccessKind::Store,
            }),
            QueuedStore::NoDevice => Err(Self::outside_device(addr, size, AccessKind::Store)),
        }
    }

    fn outside_device(addr: u32, size: u32, access: AccessKind) -> MemoryFault {
        let first = (addr..addr.saturating_add(size)).find(|&a| MmioDevice::of(GuestAddr(a)).is_none());
        MemoryFault { addr: GuestAddr(first.unwrap_or(addr)), kind: FaultKind::Unmapped, access }
    }
}
