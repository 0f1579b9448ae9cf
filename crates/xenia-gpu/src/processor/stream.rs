//! Where packets are read from: the ring and indirect buffers, and the words read ahead of them.
//!
//! Reading a packet word by word would ask memory for each. Instead a [`Window`] of words is read
//! at once. It holds what memory held when it was read, so it is emptied whenever that may have
//! changed: at the beginning of a pump, and when the chip writes into it.

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
    fn address(&self, ahead: u32) -> u32 {
        (self.base + ((self.read + ahead) & (self.words - 1)) * 4) & (PHYSICAL_SIZE - 1)
    }

    /// Where its words are.
    pub(super) fn place(&self) -> Place {
        Place::new(self.address(0), self.available(), self.words - self.read)
    }

    /// Reads `count` words behind the header, also where they are not in one piece.
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
    fn address(&self, ahead: u32) -> u32 {
        self.base.wrapping_add((self.next + ahead) * 4) & (PHYSICAL_SIZE - 1)
    }

    /// Where its words are.
    pub(super) fn place(&self) -> Place {
        Place::new(self.address(0), self.available(), u32::MAX)
    }

    /// Reads `count` words behind the header.
    pub(super) fn read_body(&self, memory: &dyn PhysicalMemory, count: u32, into: &mut Vec<u32>) {
        into.resize(count as usize, 0);
        memory.read_words(self.address(1), into);
    }
}

/// Words that can be read.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// Physical address of the first.
    pub(super) address: u32,
    /// How many there are.
    pub(super) available: u32,
    /// How many of them lie in one piece; one at least, if there are any.
    contiguous: u32,
}

impl Place {
    fn new(address: u32, available: u32, until_wrap: u32) -> Self {
        let contiguous = available.min(until_wrap).min((PHYSICAL_SIZE - address) / 4);
        Self { address, available, contiguous }
    }
}

/// Words read ahead.
#[derive(Default)]
pub(super) struct Window {
    words: Vec<u32>,
    /// Physical address of the first.
    address: u32,
    /// How many of them hold what memory holds.
    valid: u32,
}

impl Window {
    /// Most words read ahead.
    const WORDS: u32 = 512;

    /// Nothing is known any more.
    pub(super) fn clear(&mut self) {
        self.valid = 0;
    }

    /// Bytes of memory were written.
    pub(super) fn written(&mut self, physical: u32, length: usize) {
        let end = u64::from(self.address) + u64::from(self.valid) * 4;
        if u64::from(physical) < end && u64::from(physical) + length as u64 > u64::from(self.address) {
            self.clear();
        }
    }

    /// The index of the first word of a place, which has one; reads ahead if it is not here.
    pub(super) fn find(&mut self, memory: &dyn PhysicalMemory, place: Place) -> usize {
        let index = place.address.wrapping_sub(self.address) / 4;
        if index >= self.valid { self.read(memory, place) } else { index as usize }
    }

    /// The index of the first of `count` words of a place, in one piece; `None` if they can't be.
    pub(super) fn find_all(
        &mut self,
        memory: &dyn PhysicalMemory,
        place: Place,
        count: u32,
    ) -> Option<usize> {
        let index = place.address.wrapping_sub(self.address) / 4;
        if index < self.valid && count <= self.valid - index {
            return Some(index as usize);
        }
        (count <= place.contiguous.min(Self::WORDS)).then(|| self.read(memory, place))
    }

    fn read(&mut self, memory: &dyn PhysicalMemory, place: Place) -> usize {
        let count = place.contiguous.min(Self::WORDS);
        self.words.resize(Self::WORDS as usize, 0);
        memory.read_words(place.address, &mut self.words[..count as usize]);
        (self.address, self.valid) = (place.address, count);
        0
    }

    /// Its words, until [`put_back`](Self::put_back).
    pub(super) fn take(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.words)
    }

    pub(super) fn put_back(&mut self, words: Vec<u32>) {
        self.words = words;
    }

    /// One of its words.
    pub(super) fn word(&self, index: usize) -> u32 {
        self.words[index]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Ram;

    fn place(address: u32, available: u32) -> Place {
        Place::new(address, available, u32::MAX)
    }

    #[test]
    fn a_window_is_read_once_until_it_is_written_to() {
        let (memory, mut window) = (Ram::new(0x4000), Window::default());
        memory.write_u32(0x100, 1);
        assert_eq!(window.find(&memory, place(0x100, 4)), 0);
        memory.write_u32(0x10c, 2);
        assert_eq!(window.find(&memory, place(0x10c, 1)), 3);
        assert_eq!((window.word(0), window.word(3)), (1, 0), "as it was when it was read");
        // Beside it, beginning before it and ending in it, its last byte.
        for (physical, length, known) in
            [(0xfc, 4, true), (0x110, 4, true), (0xf0, 0x11, false), (0x10f, 1, false)]
        {
            window.find(&memory, place(0x100, 4));
            window.written(physical, length);
            assert_eq!(window.valid != 0, known, "{physical:#x}");
        }
        assert_eq!(window.find(&memory, place(0x10c, 1)), 0);
        assert_eq!(window.word(0), 2);
    }

    #[test]
    fn what_is_not_in_one_piece_is_not_in_a_window() {
        let (memory, mut window) = (Ram::new(0x4000), Window::default());
        let ring = Place::new(0x100, 12, 4);
        assert_eq!(window.find_all(&memory, ring, 4), Some(0));
        assert_eq!(window.find_all(&memory, ring, 5), None);
        assert_eq!(window.find_all(&memory, place(0, 10_000), Window::WORDS), Some(0));
        assert_eq!(window.find_all(&memory, place(0, 10_000), Window::WORDS + 1), None);
        assert_eq!(window.find_all(&memory, place(PHYSICAL_SIZE - 8, 3), 3), None);
        // The rest of a window is not enough: it is read again from there.
        window.clear();
        assert_eq!(window.find_all(&memory, place(0, 4), 4), Some(0));
        assert_eq!(window.find_all(&memory, place(8, 4), 4), Some(0));
    }
}
