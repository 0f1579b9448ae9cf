//! The units of a cache, by number and by the code memory that they occupy.
//!
//! A sample looks up the units at two addresses while most of this data is in no host cache, so a
//! look-up reads few cache lines: the list of the 8 KiB of code memory that contain the address,
//! then the unit.

use super::BaselineUnit;

/// log2 of the bytes of code memory that have one list.
const SPAN: u32 = 13;

/// A unit's place in a list.
#[derive(Clone, Copy)]
struct Listed {
    offset: u32,
    number: u32,
}

/// The units of a cache. A number is used again once its unit has been removed.
#[derive(Default)]
pub(super) struct Units {
    /// Units by number. Boxed, so that a free place is small.
    all: Vec<Option<Box<BaselineUnit>>>,
    free: Vec<u32>,
    /// The units that overlap each span of code memory.
    lists: Vec<Vec<Listed>>,
}

impl Units {
    /// The number that [`Self::insert`] gives to the next unit.
    pub(super) fn next_number(&self) -> u32 {
        self.free.last().copied().unwrap_or(self.all.len() as u32)
    }

    /// Adds a unit, and returns its number.
    pub(super) fn insert(&mut self, unit: BaselineUnit) -> u32 {
        let number = self.next_number();
        for list in spans(&unit) {
            if list >= self.lists.len() {
                self.lists.resize_with(list + 1, Vec::new);
            }
            self.lists[list].push(Listed { offset: unit.offset, number });
        }
        if self.free.pop().is_some() {
            self.all[number as usize] = Some(Box::new(unit));
        } else {
            self.all.push(Some(Box::new(unit)));
        }
        number
    }

    /// Removes a unit.
    pub(super) fn remove(&mut self, number: u32) -> Option<Box<BaselineUnit>> {
        let unit = self.all.get_mut(number as usize)?.take()?;
        for list in spans(&unit) {
            self.lists[list].retain(|listed| listed.number != number);
        }
        self.free.push(number);
        Some(unit)
    }

    pub(super) fn get(&self, number: u32) -> Option<&BaselineUnit> {
        self.all.get(number as usize)?.as_deref()
    }

    pub(super) fn get_mut(&mut self, number: u32) -> Option<&mut BaselineUnit> {
        self.all.get_mut(number as usize)?.as_deref_mut()
    }

    /// The number of the unit whose code contains an offset in code memory.
    pub(super) fn at(&self, offset: u32) -> Option<u32> {
        let list = self.lists.get((offset >> SPAN) as usize)?;
        let before = list.iter().filter(|listed| listed.offset <= offset);
        let last = before.max_by_key(|listed| listed.offset)?;
        let unit = self.get(last.number)?;
        // Thunks and free ranges lie between units.
        (offset - unit.offset < unit.size).then_some(last.number)
    }

    /// All units with their numbers, in ascending order.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (u32, &mut BaselineUnit)> {
        let all = self.all.iter_mut().zip(0..);
        all.filter_map(|(unit, number)| Some((number, unit.as_deref_mut()?)))
    }

    /// Number of units.
    pub(super) fn len(&self) -> usize {
        self.all.len() - self.free.len()
    }
}

/// Indices of the lists that contain a unit.
fn spans(unit: &BaselineUnit) -> impl Iterator<Item = usize> + use<> {
    let last = unit.offset + unit.size.saturating_sub(1);
    (unit.offset >> SPAN) as usize..=(last >> SPAN) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baseline::cache::{Lists, Work};

    fn unit(offset: u32, size: u32) -> BaselineUnit {
        BaselineUnit {
            start: 0,
            end: 0,
            offset,
            size,
            lists: Lists::new(&[], &[], []),
            sites: Box::default(),
            work: Work::default(),
            serial: 0,
            is_retired: false,
        }
    }

    #[test]
    fn units_are_found_by_their_code_and_numbers_are_used_again() {
        let mut units = Units::default();
        let numbers = [(64, 100), (192, 3 << SPAN), ((3 << SPAN) + 192, 64), (5 << SPAN, 8)]
            .map(|(offset, size)| units.insert(unit(offset, size)));
        assert_eq!(numbers, [0, 1, 2, 3]);
        let at = |units: &Units, offset| units.at(offset);
        for (offset, expected) in [
            (0, None),
            (64, Some(0)),
            (163, Some(0)),
            (164, None),
            (192, Some(1)),
            (2 << SPAN, Some(1)),
            ((3 << SPAN) + 191, Some(1)),
            ((3 << SPAN) + 192, Some(2)),
            ((3 << SPAN) + 256, None),
            (4 << SPAN, None),
            ((5 << SPAN) + 7, Some(3)),
            (9 << SPAN, None),
        ] {
            assert_eq!(at(&units, offset), expected, "{offset}");
        }
        assert!(units.remove(1).is_some_and(|unit| unit.offset == 192));
        assert!(units.remove(1).is_none() && units.len() == 3);
        assert_eq!((at(&units, 192), at(&units, 2 << SPAN)), (None, None));
        assert_eq!((units.next_number(), units.insert(unit(2 << SPAN, 16))), (1, 1));
        assert_eq!((at(&units, 2 << SPAN), units.next_number()), (Some(1), 4));
        assert_eq!(units.iter_mut().map(|(number, _)| number).collect::<Vec<_>>(), [0, 1, 2, 3]);
    }
}
