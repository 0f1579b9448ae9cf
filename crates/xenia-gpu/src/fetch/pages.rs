//! Pages of memory that a draw has read, for its vertex fetches.

use std::collections::HashMap;

use crate::memory::{PAGE_SIZE, PhysicalMemory};

/// Maximum number of pages (16 MiB) that are kept; then all are dropped.
pub(super) const MAX_PAGES: usize = 4096;

/// Contents of a page.
type Bytes = [u8; PAGE_SIZE as usize];

/// Page with its number.
struct ReadPage {
    number: u32,
    bytes: Box<Bytes>,
}

/// Pages that were read, each once if there are no more than [`MAX_PAGES`].
#[derive(Default)]
pub(super) struct ReadPages {
    pages: Vec<ReadPage>,
    /// Places in the list by the page's number.
    places: HashMap<u32, usize>,
    /// Place of the last page: the next word mostly lies in it, too.
    last: usize,
}

impl ReadPages {
    /// A page by its number, which is read if it is not known.
    #[inline]
    pub(super) fn get(&mut self, number: u32, memory: &dyn PhysicalMemory) -> &Bytes {
        if self.pages.get(self.last).is_none_or(|page| page.number != number) {
            self.last = self.place(number, memory);
        }
        &self.pages[self.last].bytes
    }

    fn place(&mut self, number: u32, memory: &dyn PhysicalMemory) -> usize {
        if let Some(place) = self.places.get(&number) {
            return *place;
        }
        if self.pages.len() >= MAX_PAGES {
            self.pages.clear();
            self.places.clear();
        }
        let mut bytes = Box::new([0; PAGE_SIZE as usize]);
        memory.read(number * PAGE_SIZE, &mut bytes[..]);
        let place = self.pages.len();
        self.places.insert(number, place);
        self.pages.push(ReadPage { number, bytes });
        place
    }

    /// Number of pages.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.pages.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Ram;

    #[test]
    fn pages_are_read_once_until_there_are_too_many() {
        let memory = Ram::new(0x4000);
        let mut pages = ReadPages::default();
        for number in 0..4 {
            memory.write(number * PAGE_SIZE, &[number as u8 + 1]);
        }
        let first = |pages: &mut ReadPages, number| pages.get(number, &memory)[0];
        for number in [2, 2, 0, 3, 2, 0, 1] {
            assert_eq!(first(&mut pages, number), number as u8 + 1);
        }
        memory.write(2 * PAGE_SIZE, &[9]);
        assert_eq!((first(&mut pages, 2), pages.len()), (3, 4));
        for number in 4..=MAX_PAGES as u32 {
            pages.get(number, &memory);
        }
        assert_eq!((first(&mut pages, 2), pages.len()), (9, 2), "the others were dropped");
    }
}
