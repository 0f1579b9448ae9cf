//! Interlocked singly linked lists (`Interlocked*SList`).

use crate::abi::{Call, Ptr};
use crate::status::failure::Fallible;
use xenia_guest::GuestAddr;
use xenia_kernel_macros::exports;
use xenia_memory::MemoryFault;

/// The exports for interlocked lists.
pub struct InterlockedList;

/// `SLIST_HEADER`, which changes as a whole.
#[derive(Clone, Copy)]
struct ListHead {
    first: GuestAddr,
    /// Number of entries.
    depth: u16,
    /// Number of entries that were pushed.
    sequence: u16,
}

impl ListHead {
    fn unpack(head: u64) -> Self {
        Self { first: GuestAddr((head >> 32) as u32), depth: (head >> 16) as u16, sequence: head as u16 }
    }

    fn pack(self) -> u64 {
        u64::from(self.first.0) << 32 | u64::from(self.depth) << 16 | u64::from(self.sequence)
    }
}

/// Changes a list as a whole; `None` leaves it as it is. Returns the first entry before.
fn change(
    call: &Call,
    head: Ptr<()>,
    mut change: impl FnMut(ListHead) -> Result<Option<ListHead>, MemoryFault>,
) -> Fallible<GuestAddr> {
    let mut failed = None;
    let old = call.memory().atomic_u64(head.addr(), |old| match change(ListHead::unpack(old)) {
        Ok(new) => new.map(ListHead::pack),
        Err(fault) => {
            failed = Some(fault);
            None
        }
    })?;
    match failed {
        Some(fault) => Err(fault.into()),
        None => Ok(ListHead::unpack(old.unwrap_or_else(|old| old)).first),
    }
}

#[exports(xboxkrnl)]
impl InterlockedList {
    /// Pushes an entry to the front of a list; returns the previous first entry.
    #[export(Done)]
    fn InterlockedPushEntrySList(call: &mut Call, head: Ptr<()>, entry: GuestAddr) -> Fallible<GuestAddr> {
        let memory = call.memory();
        change(call, head, |old| {
            memory.write(entry, old.first)?;
            let depth = old.depth.wrapping_add(1);
            Ok(Some(ListHead { first: entry, depth, sequence: old.sequence.wrapping_add(1) }))
        })
    }

    /// Pops the first entry of a list; returns null if the list is empty.
    #[export(Done)]
    fn InterlockedPopEntrySList(call: &mut Call, head: Ptr<()>) -> Fallible<GuestAddr> {
        let memory = call.memory();
        change(call, head, |old| {
            if old.first.is_null() {
                return Ok(None);
            }
            let first = memory.read(old.first)?;
            Ok(Some(ListHead { first, depth: old.depth.wrapping_sub(1), ..old }))
        })
    }

    /// Empties a list; returns its first entry.
    #[export(Done)]
    fn InterlockedFlushSList(call: &mut Call, head: Ptr<()>) -> Fallible<GuestAddr> {
        change(call, head, |old| {
            let emptied = ListHead { first: GuestAddr::NULL, depth: 0, ..old };
            Ok((!old.first.is_null()).then_some(emptied))
        })
    }
}
