//! Memory objects, and reserved address space that shows parts of them with rights for each page.
//!
//! ```text
//!  MemoryObject   a section of the paging file
//!       │ map, any number of times
//!       ▼
//!  ReservedSpace  placeholder ─► views ─► HostRights per page by `protect`
//! ```
//!
//! Views begin at pages that are not multiples of 64 KiB, which Windows maps into placeholders
//! only. Source: Microsoft, "MapViewOfFile3 function", on `MEM_REPLACE_PLACEHOLDER`.
//!
//! A section's size counts against the host's commit limit from the start; memory for a page is
//! found when it is first touched, and stays until the section ends.
//!
//! # Safety rules
//! - A [`MemoryObject`] owns its section, a [`ReservedSpace`] its addresses: no other code maps
//!   into them, and both are released when their owner drops them.
//! - Mapping and changes of rights are safe: they stay inside the space, so they affect only
//!   accesses through pointers into it, which are `unsafe` at their users.

mod views;

use crate::HostError;
pub use crate::access::HostRights;
use std::ffi::CStr;
use std::ops::Range;
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use views::Views;
use windows_sys::Win32::Foundation::{CloseHandle, HANDLE, INVALID_HANDLE_VALUE};
use windows_sys::Win32::System::Memory::{
    CreateFileMappingW, FILE_MAP, FILE_MAP_WRITE, MEM_PRESERVE_PLACEHOLDER, MEM_RELEASE,
    MEM_REPLACE_PLACEHOLDER, MEM_RESERVE, MEM_RESERVE_PLACEHOLDER, MEMORY_MAPPED_VIEW_ADDRESS, MapViewOfFile,
    MapViewOfFile3, PAGE_NOACCESS, PAGE_PROTECTION_FLAGS, PAGE_READONLY, PAGE_READWRITE, SEC_COMMIT,
    UnmapViewOfFile, UnmapViewOfFile2, VirtualAlloc2, VirtualFree, VirtualProtect,
};
use windows_sys::Win32::System::Threading::GetCurrentProcess;

/// `MEM_COALESCE_PLACEHOLDERS` of winnt.h, which windows-sys lacks.
const MEM_COALESCE_PLACEHOLDERS: u32 = 1;

fn protection(rights: HostRights) -> PAGE_PROTECTION_FLAGS {
    match rights {
        HostRights::None => PAGE_NOACCESS,
        HostRights::Read => PAGE_READONLY,
        HostRights::ReadWrite => PAGE_READWRITE,
    }
}

/// Maximum number of mappings that the host grants to the process: Windows has no limit, and keeps
/// rights for each page.
pub fn mapping_limit() -> u32 {
    u32::MAX
}

/// A section of the paging file, closed on drop. Its views keep it alive.
pub(super) struct SectionHandle(HANDLE);

// SAFETY: a handle belongs to the process, and every thread may use it.
unsafe impl Send for SectionHandle {}
// SAFETY: every thread may use the handle, and the system orders its calls.
unsafe impl Sync for SectionHandle {}

impl SectionHandle {
    /// Creates a section of `size` bytes, all zero; `call` is the purpose in an error.
    pub(super) fn new(
        size: u64,
        protection: PAGE_PROTECTION_FLAGS,
        call: &'static str,
    ) -> Result<Self, HostError> {
        let high = (size >> 32) as u32;
        let low = size as u32;
        let attributes = protection | SEC_COMMIT;
        // SAFETY: creates an object without a name, and touches no memory of ours.
        let section = unsafe {
            CreateFileMappingW(INVALID_HANDLE_VALUE, ptr::null(), attributes, high, low, ptr::null())
        };
        if section.is_null() { Err(HostError::last(call)) } else { Ok(Self(section)) }
    }

    /// Maps all of it at a free address.
    pub(super) fn view(&self, access: FILE_MAP, call: &'static str) -> Result<MappedView, HostError> {
        // SAFETY: a new view, which replaces nothing.
        let view = unsafe { MapViewOfFile(self.0, access, 0, 0, 0) };
        if view.Value.is_null() { Err(HostError::last(call)) } else { Ok(MappedView(view.Value.cast())) }
    }
}

impl Drop for SectionHandle {
    fn drop(&mut self) {
        // SAFETY: the handle is this value's own.
        unsafe { CloseHandle(self.0) };
    }
}

/// A view of a whole section, unmapped on drop.
pub(super) struct MappedView(*mut u8);

// SAFETY: the pointer names a view that the value owns for its whole life.
unsafe impl Send for MappedView {}
// SAFETY: a shared view gives out only the address.
unsafe impl Sync for MappedView {}

impl MappedView {
    /// The first address: the start of a page.
    pub(super) fn start(&self) -> *mut u8 {
        self.0
    }
}

impl Drop for MappedView {
    fn drop(&mut self) {
        // SAFETY: the view is this value's own.
        unsafe { UnmapViewOfFile(MEMORY_MAPPED_VIEW_ADDRESS { Value: self.0.cast() }) };
    }
}

/// Memory that can be mapped at several addresses. It reads as zeros until it is written.
pub struct MemoryObject {
    section: SectionHandle,
    /// All of it, to write zeros.
    whole: MappedView,
    size: u64,
}

impl MemoryObject {
    /// Creates an object of `size` bytes. The name is not used.
    pub fn new(_name: &CStr, size: u64) -> Result<Self, HostError> {
        let section = SectionHandle::new(size, PAGE_READWRITE, "CreateFileMapping of guest memory")?;
        let whole = section.view(FILE_MAP_WRITE, "MapViewOfFile of guest memory")?;
        Ok(Self { section, whole, size })
    }

    /// Makes a range of bytes, whole pages, zero. The host keeps the memory: pages of a section
    /// cannot be given back.
    #[allow(clippy::cast_ptr_alignment)] // views start at a page
    pub fn discard(&self, bytes: Range<u64>) -> Result<(), HostError> {
        let words = bytes.start.min(self.size) / 8..bytes.end.min(self.size) / 8;
        let first = self.whole.start().cast::<AtomicU64>();
        for word in words {
            // SAFETY: inside the view, which is writable and starts at a page. Other threads may
            // use the memory, so these are atomic stores.
            unsafe { &*first.add(word as usize) }.store(0, Relaxed);
        }
        Ok(())
    }

    /// The first byte at or after `from` for which the host may hold data: `from` itself, as
    /// Windows does not report it.
    pub fn next_data(&self, from: u64) -> Option<u64> {
        (from < self.size).then_some(from)
    }

    /// The first range at or after `from` for which the host may hold data: all of the rest, as
    /// Windows does not report it.
    pub fn data_from(&self, from: u64) -> Option<Range<u64>> {
        (from < self.size).then_some(from..self.size)
    }
}

/// Reserved address space, inaccessible where nothing is mapped; released on drop.
pub struct ReservedSpace {
    start: *mut u8,
    len: usize,
    views: Views,
}

// SAFETY: the pointer names address space that the value owns for its whole life; all methods take
// `&self` and end in system calls, which are safe from any thread.
unsafe impl Send for ReservedSpace {}
// SAFETY: methods take `&self` and end in system calls, which are safe from any thread.
unsafe impl Sync for ReservedSpace {}

impl ReservedSpace {
    /// Reserves `len` bytes of address space.
    pub fn new(len: usize) -> Result<Self, HostError> {
        Self::at(ptr::null(), len)
    }

    /// Reserves `len` bytes from `start` on, a multiple of 64 KiB, if all of them are free, else
    /// elsewhere.
    pub fn near(start: usize, len: usize) -> Result<Self, HostError> {
        Self::at(ptr::without_provenance(start), len).or_else(|_| Self::new(len))
    }

    fn at(address: *const core::ffi::c_void, len: usize) -> Result<Self, HostError> {
        let kind = MEM_RESERVE | MEM_RESERVE_PLACEHOLDER;
        // SAFETY: a new placeholder, which replaces nothing.
        let start = unsafe {
            VirtualAlloc2(GetCurrentProcess(), address, len, kind, PAGE_NOACCESS, ptr::null_mut(), 0)
        };
        if start.is_null() {
            return Err(HostError::last("VirtualAlloc2 of address space for guest memory"));
        }
        Ok(Self { start: start.cast(), len, views: Views::default() })
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

    /// Maps `len` bytes of the object, from `from` on, at `offset` of the space. All three are
    /// multiples of the page size. It is an error if something is mapped there already, and if
    /// the space has 64 views.
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
        self.views.add(offset..offset + len, || {
            // SAFETY: splits the placeholder, which belongs to this value. It fails where the piece
            // is one already; the next call then finds it.
            unsafe { VirtualFree(at.cast(), len, MEM_RELEASE | MEM_PRESERVE_PLACEHOLDER) };
            // SAFETY: replaces that piece, to which no pointer is valid yet.
            let view = unsafe {
                MapViewOfFile3(
                    object.section.0,
                    GetCurrentProcess(),
                    at.cast(),
                    from,
                    len,
                    MEM_REPLACE_PLACEHOLDER,
                    PAGE_READWRITE,
                    ptr::null_mut(),
                    0,
                )
            };
            if view.Value.is_null() {
                return Err(HostError::last("MapViewOfFile3 of a view of guest memory"));
            }
            Ok(())
        })?;
        // The view was mapped with all rights, because a later change can't exceed those of the
        // mapping.
        if self.protect(offset, len, rights) {
            Ok(())
        } else {
            Err(HostError::last("VirtualProtect of a view of guest memory"))
        }
    }

    /// Sets the rights of the pages in a range, where something is mapped. Takes no lock and
    /// allocates nothing, so that a fault handler may call it. False if the host refused, or if the
    /// range is not part of the space.
    pub fn protect(&self, offset: usize, len: usize, rights: HostRights) -> bool {
        if self.address_inside(offset, len).is_none() {
            return false;
        }
        let protection = protection(rights);
        self.views.overlapping(offset..offset + len).fold(true, |is_set, part| {
            let at = self.start.wrapping_add(part.start);
            let mut before = 0;
            // SAFETY: inside one view of the space, where losing rights only makes accesses fault
            // and gaining rights only exposes mapped memory.
            let set = unsafe { VirtualProtect(at.cast(), part.len(), protection, &raw mut before) };
            is_set && set != 0
        })
    }
}

impl Drop for ReservedSpace {
    fn drop(&mut self) {
        let start = self.start.cast();
        // SAFETY: views and placeholders of this value, whose owner releases them now. Joining
        // fails if the placeholder was never split.
        unsafe {
            for view in self.views.overlapping(0..self.len) {
                let view = MEMORY_MAPPED_VIEW_ADDRESS { Value: self.start.wrapping_add(view.start).cast() };
                UnmapViewOfFile2(GetCurrentProcess(), view, MEM_PRESERVE_PLACEHOLDER);
            }
            VirtualFree(start, self.len, MEM_RELEASE | MEM_COALESCE_PLACEHOLDERS);
            VirtualFree(start, 0, MEM_RELEASE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: usize = 4096;

    /// An object of 4 pages, pages 1 and 2 of which are mapped at pages 3 and 4 of a space.
    fn mapped() -> (MemoryObject, ReservedSpace) {
        let object = MemoryObject::new(c"test", 4 * PAGE as u64).unwrap();
        let space = ReservedSpace::new(16 * PAGE).unwrap();
        space.map(3 * PAGE, &object, PAGE as u64, 2 * PAGE, HostRights::ReadWrite).unwrap();
        (object, space)
    }

    #[test]
    fn two_spaces_show_the_same_pages() {
        let (object, first) = mapped();
        let second = ReservedSpace::new(16 * PAGE).unwrap();
        second.map(PAGE, &object, 2 * PAGE as u64, PAGE, HostRights::Read).unwrap();
        // SAFETY: mapped readable and writable, and readable.
        unsafe {
            first.start().add(4 * PAGE).write_volatile(7);
            assert_eq!(second.start().add(PAGE).read_volatile(), 7);
        }
        object.discard(2 * PAGE as u64..3 * PAGE as u64).unwrap();
        // SAFETY: the page is still mapped readable; discarding changes its contents only.
        assert_eq!(unsafe { second.start().add(PAGE).read_volatile() }, 0);
    }

    #[test]
    fn rights_change_inside_the_space_only() {
        let (_object, space) = mapped();
        assert!(space.protect(3 * PAGE, 2 * PAGE, HostRights::Read));
        assert!(space.protect(0, 16 * PAGE, HostRights::None), "places without a view are passed over");
        for (offset, len) in [(16 * PAGE, PAGE), (15 * PAGE, 2 * PAGE), (usize::MAX - PAGE + 1, 2 * PAGE)] {
            assert!(!space.protect(offset, len, HostRights::None), "{offset:#x} {len:#x}");
        }
    }

    #[test]
    fn a_place_is_mapped_once_and_views_are_limited() {
        let (object, space) = mapped();
        let map =
            |space: &ReservedSpace, page: usize| space.map(page * PAGE, &object, 0, PAGE, HostRights::None);
        assert!(map(&space, 4).is_err());
        assert!(map(&space, 5).is_ok());
        let many = ReservedSpace::new(80 * PAGE).unwrap();
        assert_eq!((0..80).take_while(|&page| map(&many, page).is_ok()).count(), 64);
    }

    #[test]
    fn a_space_is_placed_elsewhere_if_its_place_is_taken() {
        let first = ReservedSpace::new(64 * PAGE).unwrap();
        let taken = first.range().start + 16 * PAGE;
        let second = ReservedSpace::near(taken, 64 * PAGE).unwrap();
        assert!(second.range().start >= first.range().end || second.range().end <= first.range().start);
    }

    #[test]
    fn released_addresses_are_free_again() {
        let (object, space) = mapped();
        let range = space.range();
        drop(space);
        let again = ReservedSpace::near(range.start, range.len()).unwrap();
        assert_eq!(again.range(), range);
        again.map(0, &object, 0, 4 * PAGE, HostRights::ReadWrite).unwrap();
    }
}
