//! A predecoded instruction, in eight bytes.

use crate::interp::MAX_HANDLERS;
use xenia_isa::Instruction;

/// Flag of a span: a block has been entered here.
const START: u16 = 1 << 15;
/// Mask of a span: number of instructions to the end of the block, 0 in an empty entry.
const LEFT: u16 = START - 1;

/// The entry of a guest word. All zeros if the word is not decoded.
#[derive(Clone, Copy, Default)]
pub(crate) struct PredecodedWord {
    word: u32,
    /// Number of the handler that starts at this instruction.
    handler: u16,
    span: u16,
}

impl PredecodedWord {
    /// An entry for instruction `i` with handler number `handler`. The block's length is not set
    /// yet.
    pub(crate) fn new(i: Instruction, handler: u16) -> Self {
        Self { word: i.0, handler, span: 0 }
    }

    #[inline(always)]
    pub(crate) fn instruction(self) -> Instruction {
        Instruction(self.word)
    }

    /// The handler number.
    #[inline(always)]
    pub(crate) fn handler(self) -> usize {
        // Numbers are below `MAX_HANDLERS`; the remainder spares the check of the table's bounds.
        usize::from(self.handler) % MAX_HANDLERS
    }

    pub(super) fn set_handler(&mut self, handler: u16) {
        self.handler = handler;
    }

    /// Number of instructions from here to the end of the block; 0 if the word is not decoded.
    #[inline(always)]
    pub(crate) fn left(self) -> usize {
        usize::from(self.span & LEFT)
    }

    /// Sets the number of instructions to the end of the block.
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
