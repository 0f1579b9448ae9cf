//! Wait list of one object: the waiting threads in order, and the list of wait blocks that titles
//! see in its header.
//!
//! The kernel writes the list in guest memory and never follows it, as a title may overwrite it.
//! Its entries are `KWAIT_BLOCK`s in the thread objects, in the space where the console saves
//! vector registers of threads that don't run.

mod state;

pub(super) use state::ListedWait;

use super::{ShardSet, WaitType};
use std::collections::VecDeque;
use xenia_guest::GuestAddr;
use xenia_guest::layout::{dispatcher_header, kthread, kwait_block, list_entry};
use xenia_memory::{GuestMemory, MemoryFault};
use xenia_sched::ThreadRef;

/// A thread that waits for the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct WaitEntry {
    thread: ThreadRef,
    /// The thread's `KWAIT_BLOCK` for this object.
    block: GuestAddr,
    /// The shards of all objects that the thread waits for.
    reach: ShardSet,
}

/// The threads that wait for one object, in order of arrival.
#[derive(Debug, Default)]
pub(super) struct WaitList(VecDeque<WaitEntry>);

/// Contents of a wait block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Registration {
    pub(super) thread: ThreadRef,
    /// The thread's object.
    pub(super) kthread: GuestAddr,
    /// Index of this object among those of the wait.
    pub(super) index: usize,
    /// Number of objects of the wait.
    pub(super) count: usize,
    pub(super) wait_type: WaitType,
    /// The shards of all of them.
    pub(super) reach: ShardSet,
}

impl Registration {
    fn block(&self, index: usize) -> GuestAddr {
        self.kthread.offset(kthread::WAIT_BLOCKS).offset(kwait_block::SIZE * index as u32)
    }

    fn write(&self, memory: &GuestMemory, object: GuestAddr) -> Result<(), MemoryFault> {
        let at = self.block(self.index);
        memory.write(at.offset(kwait_block::THREAD), self.kthread)?;
        memory.write(at.offset(kwait_block::OBJECT), object)?;
        memory.write(at.offset(kwait_block::NEXT), self.block((self.index + 1) % self.count))?;
        memory.write(at.offset(kwait_block::KEY), self.index as u16)?;
        memory.write(at.offset(kwait_block::TYPE), self.wait_type as u16)
    }
}

impl WaitList {
    /// The thread at an index.
    pub(super) fn thread(&self, index: usize) -> Option<ThreadRef> {
        self.0.get(index).map(|entry| entry.thread)
    }

    /// The threads, in order of arrival.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn threads(&self) -> impl Iterator<Item = ThreadRef> + '_ {
        self.0.iter().map(|entry| entry.thread)
    }

    /// For each thread, the shards of all objects that it waits for.
    pub(super) fn reaches(&self) -> impl Iterator<Item = ShardSet> + '_ {
        self.0.iter().map(|entry| entry.reach)
    }

    /// Whether no thread waits.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Appends a thread's wait.
    pub(super) fn push(&mut self, memory: &GuestMemory, object: GuestAddr, registration: Registration) {
        let head = object.offset(dispatcher_header::WAIT_LIST);
        let last = self.block_before(self.0.len(), head);
        let block = registration.block(registration.index);
        let Registration { thread, reach, .. } = registration;
        self.0.push_back(WaitEntry { thread, block, reach });
        ignore_fault(registration.write(memory, object));
        ignore_fault(join(memory, last, block));
        ignore_fault(join(memory, block, head));
    }

    /// Removes a thread's wait.
    pub(super) fn remove(&mut self, memory: &GuestMemory, object: GuestAddr, thread: ThreadRef) {
        let head = object.offset(dispatcher_header::WAIT_LIST);
        while let Some(index) = self.0.iter().position(|entry| entry.thread == thread) {
            self.0.remove(index);
            let next = self.0.get(index).map_or(head, |entry| entry.block);
            ignore_fault(join(memory, self.block_before(index, head), next));
        }
    }

    /// The wait block before the given index, or the list head.
    fn block_before(&self, index: usize, head: GuestAddr) -> GuestAddr {
        let before = index.checked_sub(1).and_then(|index| self.0.get(index));
        before.map_or(head, |entry| entry.block)
    }
}

/// Links two entries as neighbours.
fn join(memory: &GuestMemory, first: GuestAddr, second: GuestAddr) -> Result<(), MemoryFault> {
    memory.write(first.offset(list_entry::FLINK), second)?;
    memory.write(second.offset(list_entry::BLINK), first)
}

/// Ignores a fault: the title has freed the memory in which it would have seen the list.
fn ignore_fault(result: Result<(), MemoryFault>) {
    if let Err(fault) = result {
        tracing::debug!(target: "kernel", "wait list: {fault}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xenia_memory::{Heap, Protect};

    #[test]
    fn the_list_in_the_header_is_that_of_the_waiters() {
        let memory = GuestMemory::new().unwrap();
        let at = memory.alloc(Heap::Virtual4K, 0x8000, 0x1000, Protect::READ_WRITE).unwrap();
        let object = at;
        let head = at.offset(dispatcher_header::WAIT_LIST);
        let mut list = WaitList::default();
        let thread = |idx: u16| ThreadRef { hw_id: 0, generation: 0, idx };
        let registration = |idx: u16| Registration {
            thread: thread(idx),
            kthread: at.offset(0x1000 * (1 + u32::from(idx))),
            index: usize::from(idx),
            count: 4,
            wait_type: if idx == 1 { WaitType::All } else { WaitType::Any },
            reach: ShardSet::of(&[object]),
        };
        let check = |list: &WaitList, expected: &[u16]| {
            assert!(list.threads().eq(expected.iter().map(|&idx| thread(idx))));
            let blocks = expected.iter().map(|&idx| registration(idx).block(usize::from(idx)));
            let entries: Vec<GuestAddr> = [head].into_iter().chain(blocks).chain([head]).collect();
            for pair in entries.windows(2) {
                assert_eq!(memory.read(pair[0].offset(list_entry::FLINK)), Ok(pair[1]), "{expected:?}");
                assert_eq!(memory.read(pair[1].offset(list_entry::BLINK)), Ok(pair[0]), "{expected:?}");
            }
        };
        for idx in 0..4 {
            list.push(&memory, object, registration(idx));
        }
        check(&list, &[0, 1, 2, 3]);
        let block = registration(3).block(3);
        assert_eq!(memory.read(block.offset(kwait_block::THREAD)), Ok(registration(3).kthread));
        assert_eq!(memory.read(block.offset(kwait_block::OBJECT)), Ok(object));
        assert_eq!(memory.read(block.offset(kwait_block::NEXT)), Ok(registration(3).block(0)), "round");
        assert_eq!(memory.read::<u16>(block.offset(kwait_block::KEY)), Ok(3));
        let kind = |idx| memory.read(registration(idx).block(usize::from(idx)).offset(kwait_block::TYPE));
        assert_eq!((kind(1), kind(2)), (Ok(0_u16), Ok(1)), "all, any");
        for (idx, left) in [(1, &[0, 2, 3][..]), (3, &[0, 2]), (0, &[2]), (2, &[])] {
            list.remove(&memory, object, thread(idx));
            check(&list, left);
        }
        assert!(list.is_empty());
        // A thread that waits twice, in memory that is freed.
        list.push(&memory, object, registration(0));
        list.push(&memory, object, registration(0));
        memory.free(at).unwrap();
        list.remove(&memory, object, thread(0));
        assert!(list.is_empty());
    }
}
