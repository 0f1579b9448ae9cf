//! Memory objects, and reserved address space that shows parts of them with rights for each page.
//!
//! ```text
//!  MemoryObject   bytes without an address; the host keeps those that were written
//!       │ map, any number of times
//!       ▼
//!  ReservedSpace  inaccessible addresses ─► HostRights per page by `protect`
//! ```
//!
//! # Safety rules
//! - A [`MemoryObject`] owns its descriptor, a [`ReservedSpace`] its addresses: no other code maps
//!   into them, and both are released when their owner drops them.
//! - Mapping and changes of rights are safe: they stay inside the space, so they affect only
//!   accesses through pointers into it, which are `unsafe` at their users.

use crate::HostError;
pub use crate::access::HostRights;
use crate::barrier;
use region::Protection;
use std::ffi::CStr;
use std::io;
use std::ops::Range;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr;

fn protection(rights: HostRights) -> Protection {
    match rights {
        HostRights::None => Protection::NONE,
        HostRights::Read => Protection::READ,
        HostRights::ReadWrite => Protection::READ_WRITE,
    }
}

/// The rights as `mmap` flags: the `region` crate's bits are the host's.
fn bits(rights: HostRights) -> i32 {
    protection(rights).bits() as i32
}

/// Maximum number of mappings that the host grants to the process: each change of rights inside a
/// space may split one.
pub fn mapping_limit() -> u32 {
    /// The default of `vm.max_map_count`.
    const DEFAULT: u32 = 65_530;
    let text = std::fs::read_to_string("/proc/sys/vm/max_map_count").ok();
    text.and_then(|text| text.trim().parse().ok()).unwrap_or(DEFAULT)
}

/// Size in bytes of the guest's pages. Rights are the host's, page by page, so its pages must have
/// the same size.
const PAGE: usize = 4096;

/// Refuses a host with pages of `size` bytes: kernels for AArch64 may have 16 or 64 KiB.
fn accept_pages(size: usize) -> Result<(), HostError> {
    if size == PAGE {
        return Ok(());
    }
    let reason =
        format!("this system has pages of {size} bytes; a kernel with pages of {PAGE} bytes is needed");
    let source = io::Error::new(io::ErrorKind::Unsupported, reason);
    Err(HostError { call: "guest memory", source })
}

/// Refuses a host without barriers on all threads: a store and the change of a page's flags could
/// miss each other.
fn accept_barriers(are_supported: bool) -> Result<(), HostError> {
    if are_supported {
        return Ok(());
    }
    let reason = "this system has no memory barriers on all threads (membarrier): Linux 4.14 is needed, \
                  and a container must permit the call";
    let source = io::Error::new(io::ErrorKind::Unsupported, reason);
    Err(HostError { call: "guest memory", source })
}

/// Memory that can be mapped at several addresses. It reads as zeros, and costs nothing, until it
/// is written.
pub struct MemoryObject {
    fd: OwnedFd,
    size: u64,
}

impl MemoryObject {
    /// Creates an object of `size` bytes. Tools that inspect the process show its name. Fails on a
    /// host whose pages are not [`PAGE`] bytes long, and without barriers on all threads: a watch
    /// often begins without a change of rights that would replace them.
    pub fn new(name: &CStr, size: u64) -> Result<Self, HostError> {
        accept_pages(region::page::size())?;
        accept_barriers(barrier::on_all_threads())?;
        // SAFETY: the name is a C string.
        let fd = unsafe { libc::memfd_create(name.as_ptr(), libc::MFD_CLOEXEC) };
        if fd < 0 {
            return Err(HostError::last("memfd_create for guest memory"));
        }
        // SAFETY: a new descriptor that has no other owner.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        // SAFETY: a plain call on a descriptor that this value owns.
        if unsafe { libc::ftruncate(fd.as_raw_fd(), size as i64) } != 0 {
            return Err(HostError::last("ftruncate of guest memory"));
        }
        Ok(Self { fd, size })
    }

    /// Returns a range of bytes, whole pages, to the host; they read as zero afterwards.
    pub fn discard(&self, bytes: Range<u64>) -> Result<(), HostError> {
        let len = bytes.end.saturating_sub(bytes.start);
        // SAFETY: a plain call on a descriptor that this value owns, which keeps its size.
        let result = unsafe {
            libc::fallocate(
                self.fd.as_raw_fd(),
                libc::FALLOC_FL_PUNCH_HOLE | libc::FALLOC_FL_KEEP_SIZE,
                bytes.start as i64,
                len as i64,
            )
        };
        if result == 0 { Ok(()) } else { Err(HostError::last("fallocate of a hole in guest memory")) }
    }

    /// The first byte at or after `from` for which the host holds data, or may hold it; bytes
    /// before it are zero. `None`: no more data.
    pub fn next_data(&self, from: u64) -> Option<u64> {
        self.seek(from, libc::SEEK_DATA).unwrap_or(Some(from))
    }

    /// The first range at or after `from` for which the host holds data, in whole pages; bytes
    /// before it are zero. `None`: no more data.
    pub fn data_from(&self, from: u64) -> Option<Range<u64>> {
        let start = self.next_data(from)?;
        let end = self.seek(start, libc::SEEK_HOLE).ok().flatten();
        Some(start..end.unwrap_or(self.size))
    }

    /// Searches for data or a hole from `at` on; `None` if there is none.
    fn seek(&self, at: u64, whence: i32) -> io::Result<Option<u64>> {
        // SAFETY: moves the offset of a descriptor that this value owns; no read uses the offset.
        let offset = unsafe { libc::lseek(self.fd.as_raw_fd(), at as i64, whence) };
        if let Ok(offset) = u64::try_from(offset) {
            return Ok(Some(offset));
        }
        let error = io::Error::last_os_error();
        if error.raw_os_error() == Some(libc::ENXIO) { Ok(None) } else { Err(error) }
    }
}

/// Reserved address space, inaccessible where nothing is mapped; unmapped on drop.
pub struct ReservedSpace {
    start: *mut u8,
    len: usize,
}

// SAFETY: the pointer names address space that the value owns for its whole life; all methods take
// `&self` and end in system calls, which are safe from any thread.
unsafe impl Send for ReservedSpace {}
// SAFETY: methods take `&self` and end in system calls, which are safe from any thread.
unsafe impl Sync for ReservedSpace {}

impl ReservedSpace {
    /// Reserves `len` bytes of address space.
    pub fn new(len: usize) -> Result<Self, HostError> {
        Self::at(ptr::null_mut(), len, 0)
    }

    /// Reserves `len` bytes from `start` on if all of them are free, else elsewhere.
    pub fn near(start: usize, len: usize) -> Result<Self, HostError> {
        Self::at(ptr::without_provenance_mut(start), len, libc::MAP_FIXED_NOREPLACE)
            .or_else(|_| Self::new(len))
    }

    fn at(address: *mut libc::c_void, len: usize, flags: i32) -> Result<Self, HostError> {
        // The first query of the page size is made here: `protect` runs in signal handlers.
        region::page::size();
        // SAFETY: a new mapping that does not replace another one.
        let at = unsafe {
            libc::mmap(
                address,
                len,
                libc::PROT_NONE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | flags,
                -1,
                0,
            )
        };
        if at == libc::MAP_FAILED {
            return Err(HostError::last("mmap of address space for guest memory"));
        }
        Ok(Self { start: at.cast(), len })
    }

    /// The first address.
    pub fn start(&self) -> *mut u8 {
        self.start
    }

    /// All addresses of the space.
    pub fn range(&self) -> Range<usize> {
        let start = self.start as usize;
        start..start + self.len
    }

    /// The address `offset` bytes in, if `len` bytes from there on are inside.
    fn address_inside(&self, offset: usize, len: usize) -> Option<*mut u8> {
        let is_inside = offset.checked_add(len).is_some_and(|end| end <= self.len);
        is_inside.then(|| self.start.wrapping_add(offset))
    }

    /// Maps `len` bytes of the object, from `from` on, at `offset` of the space, in place of what
    /// was there. All three are multiples of the page size.
    ///
    /// # Panics
    /// If the range does not lie inside the space, which is a bug of the caller.
    pub fn map(
        &self,
        offset: usize,
        object: &MemoryObject,
        from: u64,
        len: usize,
        rights: HostRights,
    ) -> Result<(), HostError> {
        let at = self.address_inside(offset, len).expect("the range is part of the space");
        // SAFETY: the range lies inside this reservation, which has no other user.
        let at = unsafe {
            libc::mmap(
                at.cast(),
                len,
                bits(rights),
                libc::MAP_SHARED | libc::MAP_FIXED | libc::MAP_NORESERVE,
                object.fd.as_raw_fd(),
                from as i64,
            )
        };
        if at == libc::MAP_FAILED { Err(HostError::last("mmap of a view of guest memory")) } else { Ok(()) }
    }

    /// Sets the rights of the pages in a range. Async-signal-safe: the `region` crate queries the
    /// host's page size once, in [`Self::new`], and then only calls mprotect. False if the host
    /// refused, which happens at its limit on mappings, or if the range is not part of the space.
    pub fn protect(&self, offset: usize, len: usize, rights: HostRights) -> bool {
        let Some(at) = self.address_inside(offset, len) else { return false };
        // SAFETY: inside the space, where losing rights only makes accesses fault and gaining
        // rights only exposes mapped memory.
        unsafe { region::protect(at, len, protection(rights)).is_ok() }
    }
}

impl Drop for ReservedSpace {
    fn drop(&mut self) {
        // SAFETY: the range is the one that `at` mapped; its owner releases it now.
        unsafe { libc::munmap(self.start.cast(), self.len) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_with_larger_pages_are_refused_with_both_sizes() {
        assert!(accept_pages(4096).is_ok());
        for size in [16 << 10, 64 << 10] {
            let refused = accept_pages(size).unwrap_err().to_string();
            assert!(refused.contains(&size.to_string()) && refused.contains("4096"), "{refused}");
        }
    }

    #[test]
    fn hosts_without_barriers_are_refused_by_their_name() {
        assert!(accept_barriers(true).is_ok());
        let refused = accept_barriers(false).unwrap_err().to_string();
        assert!(refused.contains("membarrier") && refused.contains("4.14"), "{refused}");
    }

    /// An object of 4 pages, pages 1 and 2 of which are mapped at pages 3 and 4 of a space.
    fn mapped() -> (MemoryObject, ReservedSpace) {
        let object = MemoryObject::new(c"test", 4 * PAGE as u64).unwrap();
        let space = ReservedSpace::new(8 * PAGE).unwrap();
        space.map(3 * PAGE, &object, PAGE as u64, 2 * PAGE, HostRights::ReadWrite).unwrap();
        (object, space)
    }

    #[test]
    fn data_is_found_where_it_was_written_until_it_is_discarded() {
        let (object, space) = mapped();
        assert_eq!(object.data_from(0), None);
        // SAFETY: mapped readable and writable.
        unsafe { space.start().add(4 * PAGE).write(1) };
        let page = PAGE as u64;
        assert_eq!(object.data_from(0), Some(2 * page..3 * page));
        assert_eq!(object.data_from(3 * page), None);
        assert_eq!(object.data_from(9 * page), None);
        assert_eq!(
            [0, 2, 3, 9].map(|at| object.next_data(at * page)),
            [Some(2 * page), Some(2 * page), None, None]
        );
        object.discard(2 * page..3 * page).unwrap();
        assert_eq!(object.data_from(0), None);
        // SAFETY: the page is still mapped readable; discarding changes its contents only.
        assert_eq!(unsafe { space.start().add(4 * PAGE).read() }, 0);
    }

    #[test]
    fn rights_change_inside_the_space_only() {
        let (_object, space) = mapped();
        assert!(space.protect(3 * PAGE, 2 * PAGE, HostRights::Read));
        for (offset, len) in [(8 * PAGE, PAGE), (7 * PAGE, 2 * PAGE), (usize::MAX - PAGE + 1, 2 * PAGE)] {
            assert!(!space.protect(offset, len, HostRights::None), "{offset:#x} {len:#x}");
        }
    }

    #[test]
    fn a_space_is_placed_elsewhere_if_its_place_is_taken() {
        let first = ReservedSpace::new(8 * PAGE).unwrap();
        let taken = first.range().start + 4 * PAGE;
        let second = ReservedSpace::near(taken, 8 * PAGE).unwrap();
        assert!(second.range().start >= first.range().end || second.range().end <= first.range().start);
    }
}
