//! Lists that titles read piece by piece (`XamEnumerate`). A list is what was there when it was made.

use crate::limits::{Limit, Limits};
use crate::status::failure::Fallible;
use std::collections::BTreeMap;
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

/// A list, and how far it was read.
#[derive(Clone, Debug)]
pub struct Enumerator {
    items: Vec<u8>,
    item_size: usize,
    per_call: usize,
    read: usize,
}

impl Enumerator {
    /// A list of items of `item_size` bytes, of which a call gets `per_call`.
    pub fn new(items: Vec<u8>, item_size: usize, per_call: u32) -> Self {
        Self { items, item_size: item_size.max(1), per_call: per_call as usize, read: 0 }
    }

    /// The next items, and how many they are.
    fn next(&mut self) -> (Vec<u8>, u32) {
        let left = (self.items.len() - self.read) / self.item_size;
        let count = left.min(self.per_call);
        let from = self.read;
        self.read += count * self.item_size;
        (self.items[from..self.read].to_vec(), count as u32)
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
        let bytes = enumerator.items.len() as u64;
        limits.admit_amount(Limit::EnumeratorBytes, self.bytes, bytes)?;
        self.bytes += bytes;
        self.all.insert(body, enumerator);
        Ok(())
    }

    /// The next items of a list, and how many they are; none at its end.
    pub fn next(&mut self, body: GuestAddr) -> Option<(Vec<u8>, u32)> {
        self.all.get_mut(&body).map(Enumerator::next)
    }

    /// Forgets a list.
    pub fn remove(&mut self, body: GuestAddr) {
        if let Some(gone) = self.all.remove(&body) {
            self.bytes = self.bytes.saturating_sub(gone.items.len() as u64);
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
        all.insert(at, Enumerator::new(vec![1, 1, 2, 2, 3, 3], 2, 2), &limits).unwrap();
        assert_eq!(all.next(at), Some((vec![1, 1, 2, 2], 2)));
        assert_eq!(all.next(at), Some((vec![3, 3], 1)));
        assert_eq!(all.next(at), Some((vec![], 0)));
        assert_eq!(all.next(GuestAddr(1)), None);
        let largest = vec![0; Limit::EnumeratorBytes.row().value as usize];
        assert!(all.insert(GuestAddr(1), Enumerator::new(largest.clone(), 2, 1), &limits).is_err());
        all.remove(at);
        all.insert(GuestAddr(1), Enumerator::new(largest, 2, 1), &limits).unwrap();
    }
}
