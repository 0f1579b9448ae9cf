//! The memory object and its two host mappings.
//!
//! One memfd holds every backing page. It is mapped twice, each time into a separate reservation of
//! 4 GiB with an inaccessible guard on both sides, guest address `a` at `base + a`:
//! - the *guest view*, whose host protection is the guest's rights minus watches. Compiled code
//!   uses it, and a fault in it is meaningful. One guest view at a time lies low enough for 32-bit
//!   displacements;
//! - the *alias view*, readable and writable wherever backing exists, for all code that checks the
//!   page table first.
//!
//! # Safety rules
//! - A [`Mapping`] owns its descriptor and reservations; no other code maps into them.
//! - [`Mapping::protect`] changes host rights inside the guest view's 4 GiB only, so it affects
//!   guest accesses only.

use crate::error::MemoryError;
use crate::layout::{BACKING_PAGES, PAGE_SHIFT, VIEWS};
use region::Protection;
use std::io;
use std::ops::Range;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr;

/// Size of the inaccessible guards before and after each view, in bytes: more than any displacement
/// of an instruction plus the longest access.
pub const GUARD: usize = 16 << 20;
const SPACE: usize = 1 << 32;
/// Preferred base of the guest view, if all of it is free: low enough for host accesses to encode
/// the base in their displacement.
const LOW: usize = 0x1000_0000;

/// Host rights of a guest page in the guest view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HostRights {
    None,
    Read,
    ReadWrite,
}

impl HostRights {
    fn protection(self) -> Protection {
        match self {
            Self::None => Protection::NONE,
            Self::Read => Protection::READ,
            Self::ReadWrite => Protection::READ_WRITE,
        }
    }

    /// The rights as `mmap` flags: the `region` crate's bits are the host's.
    fn bits(self) -> i32 {
        self.protection().bits() as i32
    }
}

/// The last host error, with the name of the failed call.
pub(crate) fn host_error(call: &'static str) -> MemoryError {
    MemoryError::Host { call, source: io::Error::last_os_error() }
}

/// Reserved address space, unmapped on drop.
struct Reservation(*mut u8);

impl Reservation {
    /// Reserves address space with guest address 0 at `base` if it is free, else anywhere.
    fn near(base: usize) -> Result<Self, MemoryError> {
        let there = ptr::without_provenance_mut(base - GUARD);
        Self::at(there, libc::MAP_FIXED_NOREPLACE).or_else(|_| Self::new())
    }

    fn new() -> Result<Self, MemoryError> {
        Self::at(ptr::null_mut(), 0)
    }

    fn at(address: *mut libc::c_void, flags: i32) -> Result<Self, MemoryError> {
        // SAFETY: a new mapping that does not replace another one.
        let at = unsafe {
            libc::mmap(
                address,
                SPACE + 2 * GUARD,
                libc::PROT_NONE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | flags,
                -1,
                0,
            )
        };
        if at == libc::MAP_FAILED {
            return Err(host_error("mmap of a 4 GiB reservation"));
        }
        Ok(Self(at.cast()))
    }

    /// Host address of guest address 0.
    fn base(&self) -> *mut u8 {
        self.0.wrapping_add(GUARD)
    }

    /// Maps every heap's backing pages at their guest addresses.
    fn map_views(&self, fd: &OwnedFd, rights: HostRights) -> Result<(), MemoryError> {
        for view in &VIEWS {
            let pages = view.zone.backing(view.offsets());
            // SAFETY: the range lies inside this reservation, which has no other user.
            let at = unsafe {
                libc::mmap(
                    self.base().add(view.base as usize).cast(),
                    view.size as usize,
                    rights.bits(),
                    libc::MAP_SHARED | libc::MAP_FIXED | libc::MAP_NORESERVE,
                    fd.as_raw_fd(),
                    i64::from(pages.start) << PAGE_SHIFT,
                )
            };
            if at == libc::MAP_FAILED {
                return Err(host_error("mmap of a view of guest memory"));
            }
        }
        Ok(())
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        // SAFETY: the range is the one that `new` mapped; its owner releases it now.
        unsafe { libc::munmap(self.0.cast(), SPACE + 2 * GUARD) };
    }
}

/// Backing memory with its guest view and alias view.
pub(crate) struct Mapping {
    guest: Reservation,
    alias: Reservation,
    fd: OwnedFd,
}

// SAFETY: the pointers name address space that the value owns for its whole life; all methods take
// `&self` and end in system calls, which are safe from any thread.
unsafe impl Send for Mapping {}
// SAFETY: as above.
unsafe impl Sync for Mapping {}

impl Mapping {
    pub(crate) fn new() -> Result<Self, MemoryError> {
        region::page::size();
        // SAFETY: the name is a C string.
        let fd = unsafe { libc::memfd_create(c"guest-memory".as_ptr(), libc::MFD_CLOEXEC) };
        if fd < 0 {
            return Err(host_error("memfd_create for guest memory"));
        }
        // SAFETY: a new descriptor that has no other owner.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        // SAFETY: a plain call on a descriptor that this value owns.
        if unsafe { libc::ftruncate(fd.as_raw_fd(), i64::from(BACKING_PAGES) << PAGE_SHIFT) } != 0 {
            return Err(host_error("ftruncate of guest memory"));
        }
        let guest = Reservation::near(LOW)?;
        guest.map_views(&fd, HostRights::None)?;
        let alias = Reservation::new()?;
        alias.map_views(&fd, HostRights::ReadWrite)?;
        Ok(Self { guest, alias, fd })
    }

    pub(crate) fn guest_base(&self) -> *mut u8 {
        self.guest.base()
    }

    pub(crate) fn alias_base(&self) -> *mut u8 {
        self.alias.base()
    }

    /// Host addresses of the guest view with its guards.
    pub(crate) fn guest_reservation(&self) -> Range<usize> {
        let start = self.guest.0 as usize;
        start..start + SPACE + 2 * GUARD
    }

    /// Sets the host rights of a range of guest pages in the guest view. Async-signal-safe: the
    /// `region` crate queries the host's page size once, which [`Self::new`] triggers, and then
    /// only calls mprotect. False if the host refused, which happens at its limit on mappings.
    pub(crate) fn protect(&self, guest_pages: Range<u32>, rights: HostRights) -> bool {
        let len = guest_pages.len() << PAGE_SHIFT;
        let offset = (guest_pages.start as usize) << PAGE_SHIFT;
        debug_assert!(offset + len <= SPACE);
        // SAFETY: inside the guest view, where losing rights only makes accesses fault and gaining
        // rights only shows backing memory.
        unsafe { region::protect(self.guest.base().add(offset), len, rights.protection()).is_ok() }
    }

    /// Returns backing pages to the host; they read as zero afterwards.
    pub(crate) fn discard(&self, backing_pages: Range<u32>) -> Result<(), MemoryError> {
        // SAFETY: a plain call on a descriptor that this value owns; the range lies inside the
        // object.
        let result = unsafe {
            libc::fallocate(
                self.fd.as_raw_fd(),
                libc::FALLOC_FL_PUNCH_HOLE | libc::FALLOC_FL_KEEP_SIZE,
                i64::from(backing_pages.start) << PAGE_SHIFT,
                (backing_pages.len() as i64) << PAGE_SHIFT,
            )
        };
        if result == 0 { Ok(()) } else { Err(host_error("fallocate of a hole in guest memory")) }
    }

    /// The first range of backing pages at or after `from` for which the host holds data; pages
    /// before it are zero. `None`: no more data.
    pub(crate) fn data_from(&self, from: u32) -> Option<Range<u32>> {
        let seek = |at: u32, whence| {
            // SAFETY: moves the offset of a descriptor that this value owns; no read uses the
            // offset.
            let offset = unsafe { libc::lseek(self.fd.as_raw_fd(), i64::from(at) << PAGE_SHIFT, whence) };
            u32::try_from(offset >> PAGE_SHIFT).ok().filter(|_| offset >= 0)
        };
        if from >= BACKING_PAGES {
            return None;
        }
        let start = seek(from, libc::SEEK_DATA)?;
        let end = seek(start, libc::SEEK_HOLE).unwrap_or(BACKING_PAGES);
        Some(start..end.max(start + 1))
    }
}
