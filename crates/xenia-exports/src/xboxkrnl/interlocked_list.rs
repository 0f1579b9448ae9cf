//! Interlocked singly linked lists (`Interlocked*SList`).

use crate::abi::{Call, Ptr};
use crate::status::failure::Fallible;
use xenia_guest::GuestAddr;
use xenia_kernel_macros::exports;

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

    /// The first entry before an attempted change, whether it was made or not.
    fn first_of(old: Result<u64, u64>) -> GuestAddr {
        Self::unpack(old.unwrap_or_else(|old| old)).first
    }
}

#[exports(xboxkrnl)]
impl InterlockedList {
    /// Pushes an entry to the front of a list; returns the previous first entry.
    #[export(Done)]
    fn InterlockedPushEntrySList(call: &mut Call, head: Ptr<()>, entry: GuestAddr) -> Fallible<GuestAddr> {
        let memory = call.memory();
        let mut failed = None;
        let old = memory.atomic_u64(head.addr(), |old| {
            let old = ListHead::unpack(old);
            failed = memory.write(entry, old.first).err();
            let new = ListHead {
                first: entry,
                depth: old.depth.wrapping_add(1),
                sequence: old.sequence.wrapping_add(1),
            };
            failed.is_none().then(|| new.pack())
        })?;
        match failed {
            Some(fault) => Err(fault.into()),
            None => Ok(ListHead::first_of(old)),
        }
    }

    /// Pops the first entry of a list; returns null if the list is empty.
    #[export(Done)]
    fn InterlockedPopEntrySList(call: &mut Call, head: Ptr<()>) -> Fallible<GuestAddr> {
        let memory = call.memory();
        let mut failed = None;
        let old = memory.atomic_u64(head.addr(), |old| {
            let old = ListHead::unpack(old);
            if old.first.is_null() {
                return None;
            }
            match memory.read::<GuestAddr>(old.first) {
                Ok(next) => Some(ListHead { first: next, depth: old.depth.wrapping_sub(1), ..old }.pack()),
                Err(fault) => {
                    failed = Some(fault);
                    None
                }
            }
        })?;
        match failed {
            Some(fault) => Err(fault.into()),
            None => Ok(ListHead::first_of(old)),
        }
    }

    /// Empties a list; returns its first entry.
    #[export(Done)]
    fn InterlockedFlushSList(call: &mut Call, head: Ptr<()>) -> Fallible<GuestAddr> {
        let old = call.memory().atomic_u64(head.addr(), |old| {
            let old = ListHead::unpack(old);
            (!old.first.is_null()).then(|| ListHead { first: GuestAddr::NULL, depth: 0, ..old }.pack())
        })?;
        Ok(ListHead::first_of(old))
    }
}
