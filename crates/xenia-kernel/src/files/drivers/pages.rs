//! Transfers between a driver and pages of its caller (scatter, gather). The driver gets one
//! buffer, to which the pages are copied before a write, and from which they are filled after a
//! read.

use super::NewRequest;
use super::request::note;
use crate::files::request::FileRequests;
use crate::status::failure::Fallible;
use serde::{Deserialize, Serialize};
use xenia_guest::layout::major;
use xenia_guest::{Buffer, GuestAddr, PAGE_SIZE};
use xenia_memory::{GuestMemory, MemoryFault};

/// Maximum number of pages of a saved request.
const MAX_PAGES: usize = 0x2_0000;

/// The buffer between a driver and the pages of its caller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PagedTransfer {
    /// Block of the kernel's pool, as long as all pages.
    pub(super) at: GuestAddr,
    pages: Vec<Buffer>,
    /// Whether the pages are filled.
    reads: bool,
}

fn copy(memory: &GuestMemory, from: GuestAddr, to: GuestAddr, length: u32) -> Result<(), MemoryFault> {
    let mut bytes = vec![0; length as usize];
    memory.read_bytes(from, &mut bytes)?;
    memory.write_bytes(to, &bytes)
}

impl PagedTransfer {
    /// Whether a machine can have such a transfer.
    pub(super) fn is_possible(&self) -> bool {
        self.pages.len() <= MAX_PAGES && self.pages.iter().all(|page| page.length <= PAGE_SIZE)
    }

    /// The places of the pages in the buffer, and the pages.
    fn places(&self) -> impl Iterator<Item = (GuestAddr, Buffer)> {
        let starts = (0..).step_by(PAGE_SIZE as usize).map(|start| self.at.offset(start));
        starts.zip(self.pages.iter().copied())
    }

    /// Prepares the buffer. A page that is missing is an error of the call, also for a read.
    fn gather(&self, memory: &GuestMemory) -> Result<(), MemoryFault> {
        for (at, page) in self.places() {
            if self.reads {
                memory.read::<u8>(page.at)?;
            } else {
                copy(memory, page.at, at, page.length)?;
            }
        }
        Ok(())
    }

    /// Fills the pages with the bytes that the driver has read.
    fn scatter(&self, memory: &GuestMemory, count: u32) -> Result<(), MemoryFault> {
        let mut left = if self.reads { count } else { 0 };
        for (at, page) in self.places() {
            if left == 0 {
                break;
            }
            let length = page.length.min(left);
            copy(memory, at, page.at, length)?;
            left -= length;
        }
        Ok(())
    }
}

impl FileRequests<'_> {
    /// Makes the buffer for the pages of a request; `None` if it has none.
    pub(super) fn begin_pages(&self, new: &NewRequest<'_>) -> Fallible<Option<PagedTransfer>> {
        if new.pages.is_empty() {
            return Ok(None);
        }
        let at = self.pool.allocate(new.buffer.length)?;
        let paged = PagedTransfer { at, pages: new.pages.to_vec(), reads: new.major == major::READ };
        if let Err(fault) = paged.gather(self.memory) {
            self.pool.release(at)?;
            return Err(fault.into());
        }
        Ok(Some(paged))
    }

    /// Ends the use of the buffer of a request, if it has one, after `count` bytes were
    /// transferred.
    pub(super) fn end_pages(&self, packet: GuestAddr, count: u32) {
        let Some(paged) = self.files.lock().drivers.take_paged(packet) else { return };
        note(paged.scatter(self.memory, count).map_err(Into::into));
        note(self.pool.release(paged.at));
    }
}
