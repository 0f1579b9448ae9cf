//! Word streams of packets: the ring buffer, indirect buffers, and the prefetch window.
//!
//! Reading a packet word by word would need a memory access for each. Instead a [`Window`] of words
//! is read at once. It may become stale, so it is cleared whenever its memory may have changed: at
//! the beginning of a pump, and when the chip writes into it.

use crate::memory::{PHYSICAL_SIZE, PhysicalMemory};

/// Store of the read index for the processors.
#[derive(Clone, Copy)]
pub(super) struct WriteBack {
    /// Physical address to store to.
    pub(super) address: u32,
    /// The read index.
    pub(super) index: u32,
}

/// Primary ring buffer. All indices are in words.
pub(super) struct Ring {
    pub(super) base: u32,
    /// Size, a power of two.
    pub(super) words: u32,
    /// Index of the next word to read.
    pub(super) read: u32,
    /// Write index: the first word that must not be read yet.
    pub(super) write: u32,
    /// The next packet is incomplete; cleared when the write index moves.
    pub(super) stalled: bool,
    /// Physical address of the read index write-back.
    pub(super) write_back: Option<u32>,
    /// Words between write-backs; a power of two.
    pub(super) block_words: u32,
    /// Words to skip before the next packet.
    pub(super) skip: u32,
}

impl Ring {
    /// `size_log2` is the log2 of the size in quadwords, 1 to 22 (32 MiB).
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

    /// Physical address of the word `ahead` of the read index.
    fn address(&self, ahead: u32) -> u32 {
        (self.base + ((self.read + ahead) & (self.words - 1)) * 4) & (PHYSICAL_SIZE - 1)
    }

    /// Location of the readable words.
    pub(super) fn place(&self) -> WordRange {
        WordRange::new(self.address(0), self.available(), self.words - self.read)
    }

    /// Reads `count` words after the header, even if they wrap around.
    pub(super) fn read_body(&self, memory: &dyn PhysicalMemory, count: u32, into: &mut Vec<u32>) {
        into.resize(count as usize, 0);
        let start = (self.read + 1) & (self.words - 1);
        let first = count.min(self.words - start) as usize;
        memory.read_words(self.address(1), &mut into[..first]);
        memory.read_words(self.base, &mut into[first..]);
    }

    /// Advances the read index. Returns the write-back if one is due.
    pub(super) fn advance(&mut self, count: u32) -> Option<WriteBack> {
        let before = self.read;
        self.read = (self.read + count) & (self.words - 1);
        let crossed = before / self.block_words != self.read / self.block_words;
        self.write_back
            .filter(|_| crossed || self.is_empty())
            .map(|address| WriteBack { address, index: self.read })
    }
}

/// Active indirect buffer. Positions are in words.
pub(super) struct List {
    pub(super) base: u32,
    /// Position of the next word.
    pub(super) next: u32,
    /// Length of the buffer.
    pub(super) end: u32,
}

impl List {
    pub(super) fn available(&self) -> u32 {
        self.end - self.next
    }

    /// Physical address of the word `ahead` of the position.
    fn address(&self, ahead: u32) -> u32 {
        self.base.wrapping_add((self.next + ahead) * 4) & (PHYSICAL_SIZE - 1)
    }

    /// Location of the remaining words.
    pub(super) fn place(&self) -> WordRange {
        WordRange::new(self.address(0), self.available(), u32::MAX)
    }

    /// Reads `count` words after the header.
    pub(super) fn read_body(&self, memory: &dyn PhysicalMemory, count: u32, into: &mut Vec<u32>) {
        into.resize(count as usize, 0);
        memory.read_words(self.address(1), into);
    }
}

/// Location of readable words.
#[derive(Clone, Copy)]
pub(super) struct WordRange {
    /// Physical address of the first word.
    pub(super) address: u32,
    /// Number of words.
    pub(super) available: u32,
    /// Number of contiguous words; at least one if there are any.
    contiguous: u32,
}

impl WordRange {
    fn new(address: u32, available: u32, until_wrap: u32) -> Self {
        let contiguous = available.min(until_wrap).min((PHYSICAL_SIZE - address) / 4);
        Self { address, available, contiguous }
    }
}

/// Window of prefetched words.
#[derive(Default)]
pub(super) struct Window {
    words: Vec<u32>,
    /// Physical address of the first word.
    address: u32,
    /// Number of words that are current.
    valid: u32,
}

impl Window {
    /// Most words to prefetch.
    const MAX_WORDS: u32 = 512;

    /// Invalidates the window.
    pub(super) fn clear(&mut self) {
        self.valid = 0;
    }

    /// Invalidates the window if a write to memory overlaps it.
    pub(super) fn note_write(&mut self, physical: u32, length: usize) {
        let end = u64::from(self.address) + u64::from(self.valid) * 4;
        if u64::from(physical) < end && u64::from(physical) + length as u64 > u64::from(self.address) {
            self.clear();
        }
    }

    /// Index of the first of `count` words of a place, at least one, if all are in the window.
    pub(super) fn index_of(&self, place: WordRange, count: u32) -> Option<usize> {
        // An address before the window gives a large number, which the comparison refuses.
        let index = place.address.wrapping_sub(self.address) / 4;
        (index < self.valid && count <= self.valid - index).then_some(index as usize)
    }

    /// Index of the first word of a place, which must not be empty; prefetches if it isn't in the
    /// window.
    pub(super) fn find(&mut self, memory: &dyn PhysicalMemory, place: WordRange) -> usize {
        self.index_of(place, 1).unwrap_or_else(|| self.read(memory, place))
    }

    /// Index of the first of `count` contiguous words of a place; `None` if the window can't hold
    /// them contiguously.
    pub(super) fn find_all(
        &mut self,
        memory: &dyn PhysicalMemory,
        place: WordRange,
        count: u32,
    ) -> Option<usize> {
        if let Some(index) = self.index_of(place, count) {
            return Some(index);
        }
        (count <= place.contiguous.min(Self::MAX_WORDS)).then(|| self.read(memory, place))
    }

    fn read(&mut self, memory: &dyn PhysicalMemory, place: WordRange) -> usize {
        let count = place.contiguous.min(Self::MAX_WORDS);
        self.words.resize(Self::MAX_WORDS as usize, 0);
        memory.read_words(place.address, &mut self.words[..count as usize]);
        self.address = place.address;
        self.valid = count;
        0
    }

    /// Takes the words, until [`put_back`](Self::put_back).
    pub(super) fn take(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.words)
    }

    pub(super) fn put_back(&mut self, words: Vec<u32>) {
        self.words = words;
    }

    /// Word at an index.
    pub(super) fn word(&self, index: usize) -> u32 {
        self.words[index]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Ram;

    fn place(address: u32, available: u32) -> WordRange {
        WordRange::new(address, available, u32::MAX)
    }

    #[test]
    fn a_window_is_read_once_until_it_is_written_to() {
        let memory = Ram::new(0x4000);
        let mut window = Window::default();
        memory.write_u32(0x100, 1);
        assert_eq!(window.find(&memory, place(0x100, 4)), 0);
        memory.write_u32(0x10c, 2);
        assert_eq!(window.find(&memory, place(0x10c, 1)), 3);
        assert_eq!((window.word(0), window.word(3)), (1, 0), "as it was when it was read");
        // Adjacent, overlapping the beginning, and overlapping the last byte.
        for (physical, length, known) in
            [(0xfc, 4, true), (0x110, 4, true), (0xf0, 0x11, false), (0x10f, 1, false)]
        {
            window.find(&memory, place(0x100, 4));
            window.note_write(physical, length);
            assert_eq!(window.valid != 0, known, "{physical:#x}");
        }
        assert_eq!(window.find(&memory, place(0x10c, 1)), 0);
        assert_eq!(window.word(0), 2);
    }

    #[test]
    fn window_refuses_noncontiguous_and_oversized_reads() {
        let memory = Ram::new(0x4000);
        let mut window = Window::default();
        let ring = WordRange::new(0x100, 12, 4);
        assert_eq!(window.find_all(&memory, ring, 4), Some(0));
        assert_eq!(window.find_all(&memory, ring, 5), None);
        assert_eq!(window.find_all(&memory, place(0, 10_000), Window::MAX_WORDS), Some(0));
        assert_eq!(window.find_all(&memory, place(0, 10_000), Window::MAX_WORDS + 1), None);
        assert_eq!(window.find_all(&memory, place(PHYSICAL_SIZE - 8, 3), 3), None);
        // The rest of the window is too short: it is read again from there.
        window.clear();
        assert_eq!(window.find_all(&memory, place(0, 4), 4), Some(0));
        assert_eq!(window.find_all(&memory, place(8, 4), 4), Some(0));
    }
}
