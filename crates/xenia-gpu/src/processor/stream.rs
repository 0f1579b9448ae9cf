//! Where packets are read from: the ring and indirect buffers.

use crate::memory::{PHYSICAL_SIZE, PhysicalMemory};

/// The primary ring buffer. All indices are in words.
pub(super) struct Ring {
    /// Physical address.
    pub(super) base: u32,
    /// Size; a power of two.
    pub(super) words: u32,
    /// Next word to be read.
    pub(super) read: u32,
    /// First word not to be read yet.
    pub(super) write: u32,
    /// The next packet is incomplete; cleared when the write index moves.
    pub(super) stalled: bool,
    /// Physical address of the copy of the read index.
    pub(super) write_back: Option<u32>,
    /// Words between updates of that copy; a power of two.
    pub(super) block_words: u32,
    /// Words to be gone over before the next packet.
    pub(super) skip: u32,
}

impl Ring {
    /// `size_log2`: the log2 of the size in quadwords, 1 to 22 (32 MiB).
    pub(super) fn new(base: u32, size_log2: u32) -> Self {
        Self {
            base: base & (PHYSICAL_SIZE - 1) & !3,
            words: 2 << size_log2.clamp(1, 22),
            read: 0,
            write: 0,
            stalled: false,
            write_back: None,
            block_words: 16,
            skip: 0,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.read == self.write
    }

    /// Words that may be read.
    pub(super) fn available(&self) -> u32 {
        self.write.wrapping_sub(self.read) & (self.words - 1)
    }

    /// The physical address of the word so far ahead.
    pub(super) fn address(&self, ahead: u32) -> u32 {
        (self.base + ((self.read + ahead) & (self.words - 1)) * 4) & (PHYSICAL_SIZE - 1)
    }

    /// Reads `count` words behind the header.
    pub(super) fn read_body(&self, memory: &dyn PhysicalMemory, count: u32, into: &mut Vec<u32>) {
        into.resize(count as usize, 0);
        let start = (self.read + 1) & (self.words - 1);
        let first = count.min(self.words - start) as usize;
        memory.read_words(self.address(1), &mut into[..first]);
        memory.read_words(self.base, &mut into[first..]);
    }

    /// Moves on; where the read index is to be written then, and what it is, if it is.
    pub(super) fn advance(&mut self, count: u32) -> Option<(u32, u32)> {
        let before = self.read;
        self.read = (self.read + count) & (self.words - 1);
        let crossed = before / self.block_words != self.read / self.block_words;
        self.write_back.filter(|_| crossed || self.is_empty()).map(|address| (address, self.read))
    }
}

/// An indirect buffer being walked. Positions are in words.
pub(super) struct List {
    /// Physical address.
    pub(super) base: u32,
    /// Next word.
    pub(super) next: u32,
    /// Length.
    pub(super) end: u32,
}

impl List {
    pub(super) fn available(&self) -> u32 {
        self.end - self.next
    }

    /// The physical address of the word so far ahead.
    pub(super) fn address(&self, ahead: u32) -> u32 {
        self.base.wrapping_add((self.next + ahead) * 4) & (PHYSICAL_SIZE - 1)
    }
}
