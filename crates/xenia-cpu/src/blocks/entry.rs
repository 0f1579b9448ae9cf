//! An instruction ready to run, in eight bytes.

use crate::interp::THREADS;
use xenia_isa::Instruction;

/// In a span: its block may be entered here, as it has been before.
const START: u16 = 1 << 15;
/// In a span: instructions up to the end of the block, 0 in an entry that is not filled.
const LEFT: u16 = START - 1;

/// The entry of a guest word. All zero where nothing is known of the word.
#[derive(Clone, Copy, Default)]
pub(crate) struct Entry {
    word: u32,
    /// The number of the thread that begins here.
    thread: u16,
    span: u16,
}

impl Entry {
    /// The instruction `i`, whose thread has the number `thread`. How far its block goes is not
    /// known yet.
    pub(crate) fn new(i: Instruction, thread: u16) -> Self {
        Self { word: i.0, thread, span: 0 }
    }

    #[inline(always)]
    pub(crate) fn instruction(self) -> Instruction {
        Instruction(self.word)
    }

    /// The number of its thread.
    #[inline(always)]
    pub(crate) fn thread(self) -> usize {
        usize::from(self.thread) % THREADS
    }

    pub(super) fn set_thread(&mut self, thread: u16) {
        self.thread = thread;
    }

    /// Instructions of the block from here on; 0 if nothing is known of the word.
    #[inline(always)]
    pub(crate) fn left(self) -> usize {
        usize::from(self.span & LEFT)
    }

    /// The block ends `left` instructions on.
    pub(super) fn set_left(&mut self, left: usize) {
        self.span = self.span & START | left as u16 & LEFT;
    }

    /// Whether a block has been entered here.
    #[inline(always)]
    pub(super) fn is_start(self) -> bool {
        self.span & START != 0
    }

    pub(super) fn mark_start(&mut self) {
        self.span |= START;
    }
}
