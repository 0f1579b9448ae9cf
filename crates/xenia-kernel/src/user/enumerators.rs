//! Lists that titles read piece by piece (`XamEnumerate`). A list is what was there when it was
//! made.

use crate::limits::{Limit, Limits};
use crate::status::failure::Fallible;
use std::collections::{BTreeMap, VecDeque};
use xenia_guest::GuestAddr;

/// `KENUMERATOR`, the body of an enumerator.
pub mod layout {
    /// The application that answers for it.
    pub const APPLICATION: u32 = 0;
    /// The message that asks for more.
    pub const OPEN_MESSAGE: u32 = 4;
    /// The message at its end.
    pub const CLOSE_MESSAGE: u32 = 8;
    /// The user that it was made for.
    pub const USER: u32 = 0xC;
    /// Most items of one call.
    pub const ITEMS: u32 = 0x10;
    /// Flags.
    pub const FLAGS: u32 = 0x14;
    /// Bytes, before what belongs to its maker.
    pub const SIZE: u32 = 0x18;
}

/// One of the things in a list: its bytes, and the texts that lie behind all items of a call, each
/// with where in the item its address belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its bytes, as many as the list's other items have.
    pub bytes: Vec<u8>,
    /// Offset of the address, and the text with its end.
    pub texts: Vec<(usize, Vec<u8>)>,
}

/// What a call gets: pieces, each at its offset in the caller's buffer, and how many items they
/// are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// By offset.
    pub pieces: Vec<(u32, Vec<u8>)>,
    /// Items.
    pub count: u32,
}

/// A list, and how far it was read.
#[derive(Clone, Debug)]
pub struct Enumerator {
    items: VecDeque<Item>,
    item_size: usize,
    per_call: u32,
    bytes: u64,
}

impl Enumerator {
    /// A list of items of `item_size` bytes, of which a call gets `per_call`.
    pub fn new(items: &[u8], item_size: usize, per_call: u32) -> Self {
        let items = items.chunks_exact(item_size.max(1));
        let items = items.map(|bytes| Item { bytes: bytes.to_vec(), texts: Vec::new() });
        Self::with_texts(items.collect(), item_size, per_call)
    }

    /// A list of items with texts.
    pub fn with_texts(items: Vec<Item>, item_size: usize, per_call: u32) -> Self {
        let texts = |item: &Item| item.texts.iter().map(|(_, text)| text.len()).sum::<usize>();
        let bytes = items.iter().map(|item| (item.bytes.len() + texts(item)) as u64).sum();
        Self { items: items.into(), item_size, per_call, bytes }
    }

    /// The next items, for a buffer at this address.
    fn next(&mut self, buffer: GuestAddr) -> Batch {
        let count = self.items.len().min(self.per_call as usize);
        let mut outside = (self.per_call).saturating_mul(self.item_size as u32);
        let (mut items, mut texts) = (Vec::new(), Vec::new());
        for Item { mut bytes, texts: own } in self.items.drain(..count) {
            for (at, text) in own {
                if let Some(place) = bytes.get_mut(at..at + 4) {
                    place.copy_from_slice(&buffer.offset(outside).0.to_be_bytes());
                }
                outside = outside.saturating_add(text.len() as u32);
                texts.extend(text);
            }
            items.extend(bytes);
        }
        let first = outside.saturating_sub(texts.len() as u32);
        let pieces = [(0, items), (first, texts)];
        let pieces = pieces.into_iter().filter(|(_, bytes)| !bytes.is_empty()).collect();
        Batch { pieces, count: count as u32 }
    }
}

/// All enumerators, by the address of their bodies.
#[derive(Debug, Default)]
pub struct Enumerators {
    all: BTreeMap<GuestAddr, Enumerator>,
    bytes: u64,
}

impl Enumerators {
    /// Adds a list.
    pub fn insert(&mut self, body: GuestAddr, enumerator: Enumerator, limits: &Limits) -> Fallible<()> {
        let bytes = enumerator.bytes;
        limits.admit_amount(Limit::EnumeratorBytes, self.bytes, bytes)?;
        self.bytes += bytes;
        self.all.insert(body, enumerator);
        Ok(())
    }

    /// The next items of a list, for a buffer at this address; none at its end.
    pub fn next(&mut self, body: GuestAddr, buffer: GuestAddr) -> Option<Batch> {
        self.all.get_mut(&body).map(|list| list.next(buffer))
    }

    /// Bytes of the items of a list; `None`: there is no such list.
    pub fn item_size(&self, body: GuestAddr) -> Option<usize> {
        self.all.get(&body).map(|list| list.item_size)
    }

    /// Forgets a list.
    pub fn remove(&mut self, body: GuestAddr) {
        if let Some(gone) = self.all.remove(&body) {
            self.bytes = self.bytes.saturating_sub(gone.bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_to_their_end_and_have_a_limit() {
        let (mut all, limits) = (Enumerators::default(), Limits::default());
        let at = GuestAddr(0x100);
        all.insert(at, Enumerator::new(&[1, 1, 2, 2, 3, 3], 2, 2), &limits).unwrap();
        let buffer = GuestAddr(0x1000);
        let batch = |pieces: &[(u32, &[u8])], count| {
            Some(Batch { pieces: pieces.iter().map(|(at, bytes)| (*at, bytes.to_vec())).collect(), count })
        };
        assert_eq!(all.next(at, buffer), batch(&[(0, &[1, 1, 2, 2])], 2));
        assert_eq!(all.next(at, buffer), batch(&[(0, &[3, 3])], 1));
        assert_eq!(all.next(at, buffer), batch(&[], 0));
        assert_eq!(all.next(GuestAddr(1), buffer), None);
        let largest = vec![0; Limit::EnumeratorBytes.row().value as usize];
        assert!(all.insert(GuestAddr(1), Enumerator::new(&largest, 2, 1), &limits).is_err());
        all.remove(at);
        all.insert(GuestAddr(1), Enumerator::new(&largest, 2, 1), &limits).unwrap();
    }

    #[test]
    fn texts_lie_behind_the_items_that_a_call_has_room_for() {
        let item = |n: u8, texts: &[(usize, &[u8])]| Item {
            bytes: vec![n; 8],
            texts: texts.iter().map(|(at, text)| (*at, text.to_vec())).collect(),
        };
        let mut list = Enumerator::with_texts(
            vec![item(1, &[(0, b"ab"), (4, b"c")]), item(2, &[(4, b"d")]), item(3, &[(0, b"e")])],
            8,
            2,
        );
        assert_eq!(list.bytes, 24 + 5);
        let first = list.next(GuestAddr(0x1000));
        let items = [0, 0, 0x10, 0x10, 0, 0, 0x10, 0x12, 2, 2, 2, 2, 0, 0, 0x10, 0x13];
        assert_eq!(first, Batch { pieces: vec![(0, items.to_vec()), (16, b"abcd".to_vec())], count: 2 });
        let second = list.next(GuestAddr(0x2000));
        let pieces = vec![(0, vec![0, 0, 0x20, 0x10, 3, 3, 3, 3]), (16, b"e".to_vec())];
        assert_eq!(second, Batch { pieces, count: 1 });
    }
}
