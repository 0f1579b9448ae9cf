//! Doubly linked lists in guest memory (`LIST_ENTRY`).

use crate::status::failure::Fallible;
use xenia_guest::GuestAddr;
use xenia_guest::layout::list_entry::{BLINK, FLINK};
use xenia_memory::GuestMemory;

/// Makes `head` an empty list, which points to itself.
pub(crate) fn initialize(memory: &GuestMemory, head: GuestAddr) -> Fallible<()> {
    memory.write(head.offset(FLINK), head)?;
    memory.write(head.offset(BLINK), head)?;
    Ok(())
}

/// Appends `entry` to the list.
pub(crate) fn insert_tail(memory: &GuestMemory, head: GuestAddr, entry: GuestAddr) -> Fallible<()> {
    let last: GuestAddr = memory.read(head.offset(BLINK))?;
    memory.write(entry.offset(FLINK), head)?;
    memory.write(entry.offset(BLINK), last)?;
    memory.write(last.offset(FLINK), entry)?;
    memory.write(head.offset(BLINK), entry)?;
    Ok(())
}

/// Unlinks `entry` from its list.
pub(crate) fn remove(memory: &GuestMemory, entry: GuestAddr) -> Fallible<()> {
    let next: GuestAddr = memory.read(entry.offset(FLINK))?;
    let previous: GuestAddr = memory.read(entry.offset(BLINK))?;
    memory.write(previous.offset(FLINK), next)?;
    memory.write(next.offset(BLINK), previous)?;
    initialize(memory, entry)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::pool::Pool;

    #[test]
    fn entries_come_and_go() {
        let memory = GuestMemory::new().unwrap();
        let mut pool = Pool::default();
        let at: Vec<_> = (0..3).map(|_| pool.allocate(&memory, 8).unwrap()).collect();
        let flink = |n: usize| memory.read::<GuestAddr>(at[n]).unwrap();
        initialize(&memory, at[0]).unwrap();
        insert_tail(&memory, at[0], at[1]).unwrap();
        insert_tail(&memory, at[0], at[2]).unwrap();
        assert_eq!([flink(0), flink(1), flink(2)], [at[1], at[2], at[0]]);
        remove(&memory, at[1]).unwrap();
        assert_eq!([flink(0), flink(2)], [at[2], at[0]]);
        assert_eq!(memory.read::<GuestAddr>(at[2].offset(BLINK)).unwrap(), at[0]);
    }
}
