//! Per-priority FIFO run queues of one slot. Finding the next thread takes constant time; removing
//! a thread from the middle searches the queue of its priority.

use crate::ThreadRef;
use crate::priority::MAX_PRIORITY;
use std::collections::VecDeque;

const LEVELS: usize = MAX_PRIORITY as usize + 1;

/// End of its priority's queue at which a thread becomes ready.
#[derive(Clone, Copy, Debug)]
pub(crate) enum QueueEnd {
    /// Runs before the threads of equal priority, as a preempted thread with quantum left does.
    Front,
    Back,
}

/// Ready threads by priority, first in, first out; a bit mask marks the queues that are not empty.
#[derive(Debug)]
pub(crate) struct RunQueues {
    levels: [VecDeque<ThreadRef>; LEVELS],
    non_empty: u32,
}

impl Default for RunQueues {
    fn default() -> Self {
        Self { levels: std::array::from_fn(|_| VecDeque::new()), non_empty: 0 }
    }
}

impl RunQueues {
    /// Whether no thread is ready.
    pub(crate) fn is_empty(&self) -> bool {
        self.non_empty == 0
    }

    /// The highest priority that has a ready thread.
    pub(crate) fn highest(&self) -> Option<u8> {
        (self.non_empty != 0).then(|| self.non_empty.ilog2() as u8)
    }

    /// Adds a thread before or after threads of equal priority.
    pub(crate) fn push(&mut self, priority: u8, thread: ThreadRef, end: QueueEnd) {
        let level = &mut self.levels[usize::from(priority)];
        match end {
            QueueEnd::Front => level.push_front(thread),
            QueueEnd::Back => level.push_back(thread),
        }
        self.non_empty |= 1 << priority;
    }

    /// Clears the bit of a queue that a removal has left empty.
    fn note_removal(&mut self, priority: u8) {
        if self.levels[usize::from(priority)].is_empty() {
            self.non_empty &= !(1 << priority);
        }
    }

    /// The first thread of the highest priority.
    pub(crate) fn first(&self) -> Option<ThreadRef> {
        self.levels[usize::from(self.highest()?)].front().copied()
    }

    /// Removes and returns the first thread of the highest priority.
    pub(crate) fn pop(&mut self) -> Option<ThreadRef> {
        let priority = self.highest()?;
        let thread = self.levels[usize::from(priority)].pop_front();
        self.note_removal(priority);
        thread
    }

    /// Removes this thread if it is the first of that priority.
    pub(crate) fn pop_if_first(&mut self, priority: u8, thread: ThreadRef) -> bool {
        let level = &mut self.levels[usize::from(priority)];
        let is_first = level.pop_front_if(|first| *first == thread).is_some();
        self.note_removal(priority);
        is_first
    }

    /// Removes a thread from any place; returns `false` if it isn't queued at that priority.
    pub(crate) fn remove(&mut self, priority: u8, thread: ThreadRef) -> bool {
        let level = &mut self.levels[usize::from(priority)];
        let Some(at) = level.iter().position(|&queued| queued == thread) else { return false };
        level.remove(at);
        self.note_removal(priority);
        true
    }

    /// All ready threads, highest priority first, in the order they would run.
    pub(crate) fn iter(&self) -> impl Iterator<Item = ThreadRef> + '_ {
        self.levels.iter().rev().flatten().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thread(idx: u16) -> ThreadRef {
        ThreadRef { hw_id: 0, generation: 0, idx }
    }

    #[test]
    fn highest_priority_first_then_fifo() {
        let mut queues = RunQueues::default();
        for (priority, idx) in [(8, 1), (8, 2), (10, 3), (0, 4), (31, 5)] {
            queues.push(priority, thread(idx), QueueEnd::Back);
        }
        queues.push(8, thread(6), QueueEnd::Front);
        assert_eq!(queues.iter().count(), 6);
        let order: Vec<_> = std::iter::from_fn(|| queues.pop()).map(|t| t.idx).collect();
        assert_eq!(order, [5, 3, 6, 1, 2, 4]);
        assert!(queues.is_empty());
        assert_eq!(queues.highest(), None);
    }

    #[test]
    fn removal_keeps_the_bitset_right() {
        let mut queues = RunQueues::default();
        queues.push(8, thread(1), QueueEnd::Back);
        queues.push(8, thread(2), QueueEnd::Back);
        assert!(!queues.remove(9, thread(1)));
        assert!(queues.remove(8, thread(1)));
        assert_eq!(queues.highest(), Some(8));
        assert!(queues.remove(8, thread(2)));
        assert!(queues.is_empty() && queues.pop().is_none());
        queues.push(8, thread(1), QueueEnd::Back);
        queues.push(8, thread(2), QueueEnd::Back);
        assert!(!queues.pop_if_first(8, thread(2)) && !queues.pop_if_first(7, thread(1)));
        assert!(queues.pop_if_first(8, thread(1)) && queues.highest() == Some(8));
        assert!(queues.pop_if_first(8, thread(2)) && queues.is_empty());
    }
}
