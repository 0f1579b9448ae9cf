//! The memory object and its two host mappings.
//!
//! One memory object holds every backing page. It is mapped twice, each time into a separate
//! reservation of 4 GiB with an inaccessible guard on both sides, guest address `a` at `base + a`:
//! - the *guest view*, whose host protection is the guest's rights minus watches. Compiled code
//!   uses it, and a fault in it is meaningful. One guest view at a time lies low enough for 32-bit
//!   displacements;
//! - the *alias view*, readable and writable wherever backing exists, for all code that checks the
//!   page table first.
//!
//! [`Mapping::protect`] changes host rights inside the guest view's 4 GiB only, so it affects guest
//! accesses only.

use crate::error::MemoryError;
use crate::layout::{BACKING_PAGES, PAGE_SHIFT, VIEWS};
use std::ops::Range;
use xenia_host::section::{HostRights, MemoryObject, ReservedSpace};

/// Size of the inaccessible guards before and after each view, in bytes: more than any displacement
/// of an instruction plus the longest access.
pub const GUARD: usize = 16 << 20;
const SPACE: usize = 1 << 32;
/// Preferred base of the guest view, if all of it is free: low enough for host accesses to encode
/// the base in their displacement.
const LOW: usize = 0x1000_0000;

/// Offset of a backing page in the memory object.
fn offset(page: u32) -> u64 {
    u64::from(page) << PAGE_SHIFT
}

/// Host address of guest address 0 in a view.
fn base(view: &ReservedSpace) -> *mut u8 {
    view.start().wrapping_add(GUARD)
}

/// Maps every heap's backing pages at their guest addresses.
fn map_views(space: &ReservedSpace, object: &MemoryObject, rights: HostRights) -> Result<(), MemoryError> {
    for view in &VIEWS {
        let pages = view.zone.backing(view.offsets());
        space.map(GUARD + view.base as usize, object, offset(pages.start), view.size as usize, rights)?;
    }
    Ok(())
}

/// Backing memory with its guest view and alias view.
pub(crate) struct Mapping {
    guest: ReservedSpace,
    alias: ReservedSpace,
    object: MemoryObject,
}

impl Mapping {
    pub(crate) fn new() -> Result<Self, MemoryError> {
        let object = MemoryObject::new(c"guest-memory", offset(BACKING_PAGES))?;
        let guest = ReservedSpace::near(LOW - GUARD, SPACE + 2 * GUARD)?;
        map_views(&guest, &object, HostRights::None)?;
        let alias = ReservedSpace::new(SPACE + 2 * GUARD)?;
        map_views(&alias, &object, HostRights::ReadWrite)?;
        Ok(Self { guest, alias, object })
    }

    pub(crate) fn guest_base(&self) -> *mut u8 {
        base(&self.guest)
    }

    pub(crate) fn alias_base(&self) -> *mut u8 {
        base(&self.alias)
    }

    /// Host addresses of the guest view with its guards.
    pub(crate) fn guest_reservation(&self) -> Range<usize> {
        self.guest.range()
    }

    /// Host addresses of the 4 GiB of both views, without guards.
    pub(crate) fn views(&self) -> [Range<usize>; 2] {
        [&self.guest, &self.alias].map(|view| base(view) as usize..base(view) as usize + SPACE)
    }

    /// Sets the host rights of a range of guest pages in the guest view. Async-signal-safe. False
    /// if the host refused, which happens at its limit on mappings.
    pub(crate) fn protect(&self, guest_pages: Range<u32>, rights: HostRights) -> bool {
        let len = guest_pages.len() << PAGE_SHIFT;
        let offset = (guest_pages.start as usize) << PAGE_SHIFT;
        debug_assert!(offset + len <= SPACE);
        self.guest.protect(GUARD + offset, len, rights)
    }

    /// Returns backing pages to the host; they read as zero afterwards.
    pub(crate) fn discard(&self, backing_pages: Range<u32>) -> Result<(), MemoryError> {
        Ok(self.object.discard(offset(backing_pages.start)..offset(backing_pages.end))?)
    }

    /// The first backing page at or after `from` for which the host may hold data. Cheaper than
    /// [`Self::data_from`], which searches for the end of the data, too.
    pub(crate) fn next_held(&self, from: u32) -> Option<u32> {
        self.object.next_data(offset(from)).map(|at| (at >> PAGE_SHIFT) as u32)
    }

    /// The first range of backing pages at or after `from` for which the host holds data; pages
    /// before it are zero. `None`: no more data.
    pub(crate) fn data_from(&self, from: u32) -> Option<Range<u32>> {
        if from >= BACKING_PAGES {
            return None;
        }
        let data = self.object.data_from(offset(from))?;
        let [start, end] = [data.start, data.end].map(|offset| (offset >> PAGE_SHIFT) as u32);
        Some(start..end.max(start + 1))
    }
}
