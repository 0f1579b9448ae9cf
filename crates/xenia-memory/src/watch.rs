//! Watches on pages, and how a page changes hands.
use crate::error::MemoryError;
use crate::layout::guest_pages;
use crate::mapping::{HostRights, host_error};
use crate::memory::GuestMemory;
use crate::page_table::{READ, WATCHED, WRITE};
use std::ops::Range;

/// Host rights of a page with these flags.
pub(crate) fn host_rights(flags: u8) -> HostRights {
    match flags {
        f if f & READ == 0 => HostRights::None,
        f if f & WRITE == 0 || f & WATCHED != 0 => HostRights::Read,
        _ => HostRights::ReadWrite,
    }
}

impl GuestMemory {
    /// Gives backing pages new flags.
    pub(crate) fn remap(&self, pages: Range<u32>, flags: u8) -> Result<(), MemoryError> {
        for page in pages.clone() {
            self.pages.change_flags(page, flags, !flags);
            self.bump(page);
        }
        for guest in guest_pages(&pages) {
            if !guest.is_empty() && !self.mapping.protect(guest, host_rights(flags)) {
                return Err(host_error("mprotect of guest memory"));
            }
        }
        if flags == 0 { self.mapping.discard(pages) } else { Ok(()) }
    }

    /// A store went to a page that is watched.
    #[cold]
    #[inline(never)]
    pub(crate) fn stored_to_watched(&self, addr: u32) {
        if let Some(page) = crate::layout::backing_page(addr) {
            self.bump(page);
        }
    }
}
