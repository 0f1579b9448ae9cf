//! Lists that titles read piece by piece (`XamEnumerate`). A list is a snapshot taken when the
//! enumerator is created.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use xenia_guest::{Buffer, GuestAddr, NtStatus, Win32Error};
use xenia_limits::{Limit, ResourceLimits};
use xenia_state::{Impossible, check};

/// Offsets in `KENUMERATOR`, the body of an enumerator.
pub mod layout {
    /// Application that answers the messages.
    pub const APPLICATION: u32 = 0;
    /// Message that requests items.
    pub const OPEN_MESSAGE: u32 = 4;
    /// Message sent when the enumerator is closed.
    pub const CLOSE_MESSAGE: u32 = 8;
    /// User for whom the list was created.
    pub const USER: u32 = 0xC;
    /// Maximum number of items of one call.
    pub const ITEMS: u32 = 0x10;
    pub const FLAGS: u32 = 0x14;
    /// Size in bytes, without the creator's data that follows.
    pub const SIZE: u32 = 0x18;
}

/// An item of a list: its bytes, and the texts that follow all items of a call, each with the
/// offset in the item at which its address is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    pub bytes: Vec<u8>,
    /// Offset of the address, and the text with its terminator.
    pub texts: Vec<(usize, Vec<u8>)>,
}

impl Item {
    /// Size with the texts.
    fn bytes(&self) -> u64 {
        (self.bytes.len() + self.text_bytes()) as u64
    }

    /// Size of the texts.
    fn text_bytes(&self) -> usize {
        self.texts.iter().map(|(_, text)| text.len()).sum()
    }
}

/// Result of one call: pieces at offsets in the caller's buffer, and the number of items.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    pub pieces: Vec<(u32, Vec<u8>)>,
    pub count: u32,
}

/// A list and the read position in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enumerator {
    items: VecDeque<Item>,
    item_size: usize,
    per_call: u32,
    bytes: u64,
}

impl Enumerator {
    /// Creates a list of items of `item_size` bytes; a call returns at most `per_call` of them.
    pub fn new(items: &[u8], item_size: usize, per_call: u32) -> Self {
        let items = items.chunks_exact(item_size.max(1));
        let items = items.map(|bytes| Item { bytes: bytes.to_vec(), texts: Vec::new() });
        Self::with_texts(items.collect(), item_size, per_call)
    }

    /// Creates a list of items with texts.
    pub fn with_texts(items: Vec<Item>, item_size: usize, per_call: u32) -> Self {
        let bytes = items.iter().map(Item::bytes).sum();
        Self { items: items.into(), item_size, per_call, bytes }
    }

    /// Validates a list that comes from a saved state. Its size is that of all items that it has
    /// had.
    fn is_valid(&self) -> bool {
        let Self { items, item_size, per_call: _, bytes } = self;
        let left: u64 = items.iter().map(Item::bytes).sum();
        let fits =
            |item: &Item| item.bytes.len() == *item_size && item.texts.iter().all(|&(at, _)| at < *item_size);
        left <= *bytes && u32::try_from(*item_size).is_ok() && items.iter().all(fits)
    }

    /// Returns the next items, for this buffer.
    fn next(&self, buffer: Buffer) -> Result<Batch, Win32Error> {
        let count = self.items.len().min(self.per_call as usize);
        if count == 0 {
            return Err(Win32Error::NO_MORE_FILES);
        }
        // Texts follow the room of all items of a call, also if the list has fewer left.
        let first = self.per_call.saturating_mul(self.item_size as u32);
        // Sizes before copies: a title may repeat a call with too small a buffer without end.
        let texts: usize = self.items.range(..count).map(Item::text_bytes).sum();
        // Only items that are returned count, so that the last few still fit into a small buffer.
        let end = if texts == 0 { count * self.item_size } else { first as usize + texts };
        // Some titles pass the number of items as the size: "Broken usage of XamEnumerate" in
        // xenia.
        if (buffer.length as usize) < end && buffer.length != self.per_call {
            return Err(Win32Error::INSUFFICIENT_BUFFER);
        }
        let mut items: Vec<u8> = Vec::new();
        let mut texts: Vec<u8> = Vec::new();
        for Item { bytes, texts: own } in self.items.range(..count) {
            let mut bytes = bytes.clone();
            for (at, text) in own {
                if let Some(place) = bytes.get_mut(*at..*at + 4) {
                    let text_at = buffer.at.offset(first.saturating_add(texts.len() as u32));
                    place.copy_from_slice(&text_at.0.to_be_bytes());
                }
                texts.extend_from_slice(text);
            }
            items.extend(bytes);
        }
        let pieces = [(0, items), (first, texts)];
        let pieces = pieces.into_iter().filter(|(_, bytes)| !bytes.is_empty()).collect();
        Ok(Batch { pieces, count: count as u32 })
    }
}

/// All enumerators, by the address of their bodies.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enumerators {
    all: BTreeMap<GuestAddr, Enumerator>,
    bytes: u64,
}

impl Enumerators {
    /// Checks lists that come from a saved state.
    ///
    /// # Errors
    /// Sizes that do not agree with the lists, or are above the limit.
    pub fn check_state(&self, limits: &ResourceLimits) -> Result<(), Impossible> {
        let Self { all, bytes } = self;
        check(all.values().all(Enumerator::is_valid), "a list does not match its sizes")?;
        let sum = all.values().try_fold(0_u64, |sum, list| sum.checked_add(list.bytes));
        check(sum == Some(*bytes), "the lists do not match their size")?;
        let admitted = limits.admit_amount(Limit::EnumeratorBytes, 0, *bytes);
        check(admitted.is_ok(), "the lists are too large")
    }

    pub fn insert(
        &mut self,
        body: GuestAddr,
        enumerator: Enumerator,
        limits: &ResourceLimits,
    ) -> Result<(), NtStatus> {
        let bytes = enumerator.bytes;
        limits.admit_amount(Limit::EnumeratorBytes, self.bytes, bytes)?;
        self.bytes += bytes;
        self.all.insert(body, enumerator);
        Ok(())
    }

    /// Returns the next items of a list, for this buffer. They stay the next ones until
    /// [`Self::advance`], so that a call that can't store them loses none.
    ///
    /// # Errors
    /// `NO_MORE_FILES` at the end of the list, `INSUFFICIENT_BUFFER` if the items don't fit.
    pub fn next(&self, body: GuestAddr, buffer: Buffer) -> Result<Batch, Win32Error> {
        self.all.get(&body).map_or(Err(Win32Error::NO_MORE_FILES), |list| list.next(buffer))
    }

    /// Removes the first `count` items of a list.
    pub fn advance(&mut self, body: GuestAddr, count: u32) {
        if let Some(list) = self.all.get_mut(&body) {
            let count = list.items.len().min(count as usize);
            // Their bytes count until the list is closed.
            list.items.drain(..count);
        }
    }

    /// Returns the size in bytes of a list's items.
    pub fn item_size(&self, body: GuestAddr) -> Option<usize> {
        self.all.get(&body).map(|list| list.item_size)
    }

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
        let mut all = Enumerators::default();
        let limits = ResourceLimits::default();
        let at = GuestAddr(0x100);
        all.insert(at, Enumerator::new(&[1, 1, 2, 2, 3, 3], 2, 2), &limits).unwrap();
        let buffer = |length| Buffer { at: GuestAddr(0x1000), length };
        let batch = |bytes: &[u8], count| Ok(Batch { pieces: vec![(0, bytes.to_vec())], count });
        assert_eq!(all.next(at, buffer(3)), Err(Win32Error::INSUFFICIENT_BUFFER));
        assert_eq!(all.next(at, buffer(2)), batch(&[1, 1, 2, 2], 2), "the number of items as the size");
        assert_eq!(all.next(at, buffer(4)), batch(&[1, 1, 2, 2], 2), "not stored yet");
        all.advance(at, 2);
        assert_eq!(all.next(at, buffer(1)), Err(Win32Error::INSUFFICIENT_BUFFER));
        assert_eq!(all.next(at, buffer(2)), batch(&[3, 3], 1));
        all.advance(at, 2);
        assert_eq!(all.next(at, buffer(4)), Err(Win32Error::NO_MORE_FILES));
        assert_eq!(all.next(GuestAddr(1), buffer(4)), Err(Win32Error::NO_MORE_FILES));
        let largest = vec![0; Limit::EnumeratorBytes.row().value as usize];
        assert!(all.insert(GuestAddr(1), Enumerator::new(&largest, 0x1000, 1), &limits).is_err());
        all.remove(at);
        all.insert(GuestAddr(1), Enumerator::new(&largest, 0x1000, 1), &limits).unwrap();
    }

    #[test]
    fn texts_follow_the_items_that_fit_the_buffer() {
        let item = |n: u8, texts: &[(usize, &[u8])]| Item {
            bytes: vec![n; 8],
            texts: texts.iter().map(|(at, text)| (*at, text.to_vec())).collect(),
        };
        let list = Enumerator::with_texts(
            vec![item(1, &[(0, b"ab"), (4, b"c")]), item(2, &[(4, b"d")]), item(3, &[(0, b"e")])],
            8,
            2,
        );
        assert_eq!(list.bytes, 24 + 5);
        let at = GuestAddr(0x100);
        let mut all = Enumerators::default();
        all.insert(at, list, &ResourceLimits::default()).unwrap();
        let buffer = |length| Buffer { at: GuestAddr(0x1000), length };
        let items = [0, 0, 0x10, 0x10, 0, 0, 0x10, 0x12, 2, 2, 2, 2, 0, 0, 0x10, 0x13];
        let first = Batch { pieces: vec![(0, items.to_vec()), (16, b"abcd".to_vec())], count: 2 };
        assert_eq!(all.next(at, buffer(19)), Err(Win32Error::INSUFFICIENT_BUFFER), "one text too many");
        assert_eq!(all.next(at, buffer(20)), Ok(first));
        all.advance(at, 2);
        let pieces = vec![(0, vec![0, 0, 0x10, 0x10, 3, 3, 3, 3]), (16, b"e".to_vec())];
        assert_eq!(all.next(at, buffer(17)), Ok(Batch { pieces, count: 1 }));
    }
}
