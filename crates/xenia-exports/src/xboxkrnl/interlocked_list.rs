//! Interlocked singly linked lists (`Interlocked*SList`).

use crate::abi::{Call, Ptr};
use crate::status::failure::Fallible;
use xenia_guest::GuestAddr;
use xenia_kernel_macros::exports;

/// The exports for interlocked lists.
pub struct InterlockedList;

/// Packs a list head: first entry, number of entries, change count.
fn pack(first: GuestAddr, depth: u16, sequence: u16) -> u64 {
    u64::from(first.0) << 32 | u64::from(depth) << 16 | u64::from(sequence)
}

fn unpack(head: u64) -> (GuestAddr, u16, u16) {
    (GuestAddr((head >> 32) as u32), (head >> 16) as u16, head as u16)
}

#[exports(xboxkrnl)]
impl InterlockedList {
    /// Pushes an entry to the front of a list; returns the previous first entry.
    #[export(Done)]
    fn InterlockedPushEntrySList(call: &mut Call, head: Ptr<()>, entry: GuestAddr) -> Fallible<GuestAddr> {
        let memory = call.memory();
        let mut failed = None;
        let old = memory.atomic_u64(head.addr(), |old| {
            let (first, depth, sequence) = unpack(old);
            failed = memory.write(entry, first).err();
            failed.is_none().then(|| pack(entry, depth.wrapping_add(1), sequence.wrapping_add(1)))
        })?;
        match failed {
            Some(fault) => Err(fault.into()),
            None => Ok(unpack(old.unwrap_or_else(|old| old)).0),
        }
    }

    /// Pops the first entry of a list; returns null if the list is empty.
    #[export(Done)]
    fn InterlockedPopEntrySList(call: &mut Call, head: Ptr<()>) -> Fallible<GuestAddr> {
        let memory = call.memory();
        let mut failed = None;
        let old = memory.atomic_u64(head.addr(), |old| {
            let (first, depth, sequence) = unpack(old);
            if first.is_null() {
                return None;
            }
            match memory.read::<GuestAddr>(first) {
                Ok(next) => Some(pack(next, depth.wrapping_sub(1), sequence)),
                Err(fault) => {
                    failed = Some(fault);
                    None
                }
            }
        })?;
        match failed {
            Some(fault) => Err(fault.into()),
            None => Ok(unpack(old.unwrap_or_else(|old| old)).0),
        }
    }

    /// Empties a list; returns its first entry.
    #[export(Done)]
    fn InterlockedFlushSList(call: &mut Call, head: Ptr<()>) -> Fallible<GuestAddr> {
        let old = call.memory().atomic_u64(head.addr(), |old| {
            let (first, _, sequence) = unpack(old);
            (!first.is_null()).then(|| pack(GuestAddr::NULL, 0, sequence))
        })?;
        Ok(unpack(old.unwrap_or_else(|old| old)).0)
    }
}
