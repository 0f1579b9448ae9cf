//! The memory object and its two host mappings.
//!
//! One memfd holds every backing page. It is mapped twice, each time into its own reservation of
//! 4 GiB with an inaccessible guard on both sides, guest address `a` at `base + a`:
//! - the *guest view*, whose host protection is the guest's rights minus watches: compiled code
//!   uses it, and a fault there means something; one at a time lies where displacements reach;
//! - the *alias view*, readable and writable wherever backing exists, for everybody who asks the
//!   page table first.
//!
//! # Safety rules
//! - A [`Mapping`] owns its descriptor and reservations; nothing else maps into them.
//! - [`Mapping::protect`] changes host rights inside the guest view's 4 GiB only, so nothing
//!   outside a guest access can be affected.

use crate::error::MemoryError;
use crate::layout::{BACKING_PAGES, PAGE_SHIFT, VIEWS};
use region::Protection;
use std::io;
use std::ops::Range;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr;

/// Inaccessible bytes before and after each view: more than any displacement of an instruction
/// plus the longest access.
pub const GUARD: usize = 16 << 20;
const SPACE: usize = 1 << 32;
/// Where the guest view lies if all of it is free there: so low that an access of the host can name
/// the place in its displacement.
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

    /// As mmap has them: the package's bits are the host's.
    fn bits(self) -> i32 {
        self.protection().bits() as i32
    }
}

/// The last host error, named after the call that failed.
pub(crate) fn host_error(call: &'static str) -> MemoryError {
    MemoryError::Host { call, source: io::Error::last_os_error() }
}

/// Address space that is given back when dropped.
struct Reservation(*mut u8);

impl Reservation {
    /// One whose guest address 0 is at `base` if all of it is free there, else anywhere.
    fn near(base: usize) -> Result<Self, MemoryError> {
        let there = ptr::without_provenance_mut(base - GUARD);
        Self::at(there, libc::MAP_FIXED_NOREPLACE).or_else(|_| Self::new())
    }

    fn new() -> Result<Self, MemoryError> {
        Self::at(ptr::null_mut(), 0)
    }

    fn at(address: *mut libc::c_void, flags: i32) -> Result<Self, MemoryError> {
        // SAFETY: a new mapping in the place of nothing else disturbs nothing.
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

    /// Where guest address 0 lies.
    fn base(&self) -> *mut u8 {
        self.0.wrapping_add(GUARD)
    }

    /// Shows every heap's backing pages at their guest addresses.
    fn map_views(&self, fd: &OwnedFd, rights: HostRights) -> Result<(), MemoryError> {
        for view in &VIEWS {
            let pages = view.zone.backing(view.offsets());
            // SAFETY: the range lies inside this reservation, which nobody else uses.
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
        // SAFETY: the range is the one that `new` mapped; its owner lets go of it now.
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
        // SAFETY: a fresh descriptor that nobody else owns.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        // SAFETY: plain call on our own descriptor.
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
    /// package asks for the host's page size once, which [`Self::new`] has it do, and then only
    /// calls mprotect. False if the host refused, which happens at its limit on mappings.
    pub(crate) fn protect(&self, guest_pages: Range<u32>, rights: HostRights) -> bool {
        let len = guest_pages.len() << PAGE_SHIFT;
        let offset = (guest_pages.start as usize) << PAGE_SHIFT;
        debug_assert!(offset + len <= SPACE);
        // SAFETY: inside the guest view, where losing rights only makes accesses fault and gaining
        // rights only shows backing memory.
        unsafe { region::protect(self.guest.base().add(offset), len, rights.protection()).is_ok() }
    }

    /// Gives backing pages back to the host; they read as zero afterwards.
    pub(crate) fn discard(&self, backing_pages: Range<u32>) -> Result<(), MemoryError> {
        // SAFETY: plain call on our own descriptor; the range lies inside the object.
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

    /// The first range of backing pages at or after `from` that the host holds data for; what lies
    /// between is zero. `None`: no more data.
    pub(crate) fn data_from(&self, from: u32) -> Option<Range<u32>> {
        let seek = |at: u32, whence| {
            // SAFETY: moves the offset of our own descriptor, which nothing reads by.
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
