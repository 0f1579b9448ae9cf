//! The calls of guest code that a thread is in, and how many there are in all threads: a call that
//! has to look whether its own thread has left some takes no lock where nobody is in any, which is
//! how titles are most of the time.

use crate::abi::Continuation;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Guest code that an export called, and where the thread goes on after it.
#[derive(Clone, Debug)]
pub struct Frame {
    /// pc of the thread in the export's stub.
    pub pc: u32,
    /// Its link register.
    pub lr: u64,
    /// Its stack pointer.
    pub stack_pointer: u64,
    /// What the export does with the result.
    pub then: Continuation,
}

/// How many calls there are in all threads. A thread that asks sees its own.
#[derive(Clone, Debug, Default)]
pub struct FrameCount(Arc<AtomicUsize>);

impl FrameCount {
    /// Whether no thread is in any.
    pub fn is_zero(&self) -> bool {
        self.0.load(Relaxed) == 0
    }
}

/// One thread's, the innermost last.
#[derive(Debug)]
pub struct Frames {
    list: Vec<Frame>,
    all: FrameCount,
}

impl Frames {
    /// None yet; they are counted in `all`.
    pub fn new(all: &FrameCount) -> Self {
        Self { list: Vec::new(), all: all.clone() }
    }

    /// The thread calls guest code.
    pub fn push(&mut self, frame: Frame) {
        self.list.push(frame);
        self.all.0.fetch_add(1, Relaxed);
    }

    /// The innermost call has returned.
    pub fn pop(&mut self) -> Option<Frame> {
        let frame = self.list.pop()?;
        self.all.0.fetch_sub(1, Relaxed);
        Some(frame)
    }

    /// Forgets calls that can't return any more: those made with a stack pointer from `low` to
    /// `stack_pointer`. What such a call runs lies below that, and the thread has come out of
    /// it in another way, such as `longjmp`. Calls made on another stack are not touched.
    pub fn forget(&mut self, low: u32, stack_pointer: u32) {
        let before = self.list.len();
        self.list.retain(|frame| !(low..=stack_pointer).contains(&(frame.stack_pointer as u32)));
        self.all.0.fetch_sub(before - self.list.len(), Relaxed);
    }

    /// Forgets all of them.
    pub fn clear(&mut self) {
        self.all.0.fetch_sub(self.list.len(), Relaxed);
        self.list.clear();
    }
}

impl Drop for Frames {
    fn drop(&mut self) {
        self.clear();
    }
}

impl Deref for Frames {
    type Target = [Frame];
    fn deref(&self) -> &[Frame] {
        &self.list
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::Flow;

    fn frame(stack_pointer: u64) -> Frame {
        let then = Continuation::Export { name: "", run: |_, value, _| Flow::Return(value), state: [0; 4] };
        Frame { pc: 0, lr: 0, stack_pointer, then }
    }

    #[test]
    fn the_count_is_that_of_all_threads() {
        let all = FrameCount::default();
        let (mut first, mut second) = (Frames::new(&all), Frames::new(&all));
        for at in [0x500, 0x400, 0x300, 0x900] {
            first.push(frame(at));
            second.push(frame(at));
        }
        assert!(second.pop().is_some_and(|frame| frame.stack_pointer == 0x900));
        second.forget(0x300, 0x400);
        assert_eq!(second.iter().map(|frame| frame.stack_pointer).collect::<Vec<_>>(), [0x500]);
        assert_eq!(all.0.load(Relaxed), 5);
        first.clear();
        assert!(first.pop().is_none() && !all.is_zero());
        drop(second);
        assert!(all.is_zero());
    }
}
