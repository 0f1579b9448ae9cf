//! Shadow of a machine, in pages: its state as of the last checkpoint, and differences between two
//! checkpoints.
//!
//! Everything is pages: memory, then EDRAM, then the sections of the rest. So a difference is the
//! pages that differ, each as the exclusive or of both contents, and two differences that follow
//! each other are merged without the states around them.

use std::collections::BTreeMap;
use xenia_guest::PAGE_SIZE;
use xenia_memory::PageBytes;
use xenia_state::{Packed, StateError, exclusive_or};

const LENGTH: usize = PAGE_SIZE as usize;
static ZEROS: PageBytes = [0; LENGTH];

/// First page of the EDRAM, after all pages of memory.
pub(super) const EDRAM: u32 = 1 << 24;
/// First page of the sections.
const SECTIONS: u32 = 1 << 25;
/// Pages for each section: as many as its longest content has.
const SECTION_PAGES: u32 = (xenia_state::MAX_SECTION / PAGE_SIZE as u64) as u32;

/// First page of the section with this index.
pub(super) fn section_page(index: usize) -> u32 {
    SECTIONS + index as u32 * SECTION_PAGES
}

/// The pages in which two states differ.
#[derive(Clone, Debug, Default)]
pub(super) struct Delta {
    pages: Vec<u32>,
    /// The exclusive or of both contents of each page.
    bytes: Vec<u8>,
}

impl Delta {
    fn add(&mut self, page: u32, one: &PageBytes, other: &PageBytes) {
        self.pages.push(page);
        let start = self.bytes.len();
        self.bytes.extend_from_slice(one);
        exclusive_or(&mut self.bytes[start..], other);
    }

    fn iter(&self) -> impl Iterator<Item = (u32, &[u8])> {
        self.pages.iter().copied().zip(self.bytes.chunks_exact(LENGTH))
    }

    /// Combines two consecutive differences: one ends where the other begins.
    pub(super) fn merged(&self, other: &Self) -> Self {
        let mut others: BTreeMap<u32, &[u8]> = other.iter().collect();
        let bytes = Vec::with_capacity(self.bytes.len() + other.bytes.len());
        let mut both = Self { pages: Vec::new(), bytes };
        for (page, bytes) in self.iter() {
            let start = both.bytes.len();
            both.bytes.extend_from_slice(bytes);
            if let Some(other) = others.remove(&page) {
                exclusive_or(&mut both.bytes[start..], other);
                if both.bytes[start..] == ZEROS {
                    both.bytes.truncate(start);
                    continue;
                }
            }
            both.pages.push(page);
        }
        for (page, bytes) in others {
            both.pages.push(page);
            both.bytes.extend_from_slice(bytes);
        }
        both
    }

    /// Bytes of memory that it takes.
    pub(super) fn size(&self) -> usize {
        self.bytes.len() + 4 * self.pages.len()
    }

    pub(super) fn pack(self) -> PackedDelta {
        PackedDelta { bytes: Packed::new(&self.bytes), pages: self.pages }
    }
}

/// A compressed [`Delta`].
#[derive(Debug)]
pub(super) struct PackedDelta {
    pages: Vec<u32>,
    bytes: Packed,
}

impl PackedDelta {
    /// Bytes of memory that it takes.
    pub(super) fn size(&self) -> usize {
        self.bytes.size() + 4 * self.pages.len()
    }

    pub(super) fn unpack(&self) -> Result<Delta, StateError> {
        Ok(Delta { pages: self.pages.clone(), bytes: self.bytes.unpack()? })
    }
}

/// Pages of one state. Those that it lacks are zero.
#[derive(Default)]
pub(super) struct Shadow(BTreeMap<u32, Box<PageBytes>>);

impl Shadow {
    /// The content of a page.
    pub(super) fn get(&self, page: u32) -> &PageBytes {
        self.0.get(&page).map_or(&ZEROS, |content| content)
    }

    /// Replaces a page, and adds the difference to `delta`.
    pub(super) fn replace(&mut self, page: u32, content: &PageBytes, delta: &mut Option<Delta>) {
        let before = self.get(page);
        if before == content {
            return;
        }
        if let Some(delta) = delta {
            delta.add(page, before, content);
        }
        if *content == ZEROS {
            self.0.remove(&page);
        } else if let Some(own) = self.0.get_mut(&page) {
            **own = *content;
        } else {
            self.0.insert(page, Box::new(*content));
        }
    }

    /// Replaces `count` pages by bytes, followed by zeros.
    pub(super) fn replace_bytes(&mut self, first: u32, count: u32, bytes: &[u8], delta: &mut Option<Delta>) {
        let mut chunks = bytes.chunks(LENGTH);
        for page in first..first + count {
            let mut content = ZEROS;
            let chunk = chunks.next().unwrap_or_default();
            content[..chunk.len()].copy_from_slice(chunk);
            self.replace(page, &content, delta);
        }
    }

    /// The first `length` bytes from a page on.
    pub(super) fn bytes(&self, first: u32, length: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(length.next_multiple_of(LENGTH));
        for page in first..first + pages_of(length) {
            bytes.extend_from_slice(self.get(page));
        }
        bytes.truncate(length);
        bytes
    }

    /// Goes over to the state at the other side of a difference; passes the changed pages to
    /// `changed`.
    pub(super) fn apply(&mut self, delta: &Delta, mut changed: impl FnMut(u32)) {
        for (page, bytes) in delta.iter() {
            let content = self.0.entry(page).or_insert_with(|| Box::new(ZEROS));
            exclusive_or(&mut **content, bytes);
            if **content == ZEROS {
                self.0.remove(&page);
            }
            changed(page);
        }
    }

    /// Bytes of memory that it takes.
    pub(super) fn size(&self) -> usize {
        self.0.len() * LENGTH
    }
}

/// Number of pages for these bytes.
pub(super) fn pages_of(length: usize) -> u32 {
    length.div_ceil(LENGTH) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(byte: u8) -> PageBytes {
        [byte; LENGTH]
    }

    /// A shadow, and its pages from 0 to 3 after each of some steps.
    fn steps() -> (Shadow, Vec<[u8; 4]>, Vec<Delta>) {
        let mut shadow = Shadow::default();
        let mut seen = vec![[0; 4]];
        let mut deltas = Vec::new();
        for changes in [vec![(0, 1), (2, 5)], vec![(0, 2), (2, 0)], vec![(0, 0), (3, 9)], vec![(0, 1)]] {
            let mut delta = Some(Delta::default());
            for (number, byte) in changes {
                shadow.replace(number, &page(byte), &mut delta);
            }
            seen.push(std::array::from_fn(|number| shadow.get(number as u32)[7]));
            deltas.extend(delta);
        }
        (shadow, seen, deltas)
    }

    fn seen(shadow: &Shadow) -> [u8; 4] {
        std::array::from_fn(|number| shadow.get(number as u32)[7])
    }

    #[test]
    fn differences_restore_earlier_contents() {
        let (mut shadow, expected, mut deltas) = steps();
        for expected in expected.iter().rev().skip(1) {
            let delta = deltas.pop().unwrap().pack().unpack().unwrap();
            shadow.apply(&delta, |_| ());
            assert_eq!(seen(&shadow), *expected);
        }
        assert_eq!(shadow.size(), 0);
    }

    #[test]
    fn merged_differences_lead_back_over_both() {
        let (mut shadow, expected, deltas) = steps();
        let merged = deltas[1].merged(&deltas[2]).merged(&deltas[3]);
        let mut changed = Vec::new();
        shadow.apply(&merged, |page| changed.push(page));
        assert_eq!(seen(&shadow), expected[1]);
        assert_eq!(changed, [2, 3], "page 0 is as it was");
    }

    #[test]
    fn shorter_bytes_leave_no_remainder() {
        let mut shadow = Shadow::default();
        let mut delta = None;
        let long: Vec<u8> = (0..9000).map(|index| index as u8 | 1).collect();
        shadow.replace_bytes(10, 3, &long, &mut delta);
        assert_eq!(shadow.bytes(10, 9000), long);
        shadow.replace_bytes(10, 3, &long[..5000], &mut delta);
        assert_eq!(shadow.bytes(10, 9000)[..5000], long[..5000]);
        assert!(shadow.bytes(10, 9000)[5000..].iter().all(|&byte| byte == 0));
    }
}
