//! Site tables: map a host address to the guest instruction whose code contains it.
//!
//! A unit keeps one byte for each instruction, the length of its host code, and four or five for
//! each block. Faults and arms that do not complete are rare, so a look-up sums the lengths from
//! the start of the unit.
//!
//! ```text
//!  block:  words since the start of the block before │ bytes of code since then
//!          instructions recorded, and whether there is a branch │ bytes in front (each a number)
//!          lengths (u8 each)
//! ```
//! Numbers are of variable length: seven bits in a byte, the lowest ones first. All bytes but the
//! last one have the upper bit set.

use super::leaves::Ending;
use super::unit::Block;

/// A guest instruction of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SiteInUnit {
    /// Index of its word, from the unit's start.
    pub(super) word: u32,
    /// Instructions of its block from it on, itself included, that were charged to the budget.
    pub(super) remaining: u32,
}

/// Begins a block's record. The start of the block before lies `words` words and `bytes` bytes of
/// code in front of its own, and there are `front` bytes before its first instruction.
pub(super) fn begin_block(sites: &mut Vec<u8>, block: &Block, words: usize, bytes: usize, front: usize) {
    let recorded = block.end - block.first - usize::from(block.ending != Ending::Next);
    let counts_branch = block.counted as usize > recorded;
    for value in [words, bytes, 2 * recorded + usize::from(counts_branch), front] {
        put(sites, value);
    }
}

fn put(sites: &mut Vec<u8>, mut value: usize) {
    while value > 0x7F {
        sites.push(0x80 | value as u8);
        value >>= 7;
    }
    sites.push(value as u8);
}

fn take(sites: &mut &[u8]) -> Option<usize> {
    let mut value = 0;
    for shift in (0..usize::BITS).step_by(7) {
        let (&byte, rest) = sites.split_first()?;
        *sites = rest;
        value |= usize::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            break;
        }
    }
    Some(value)
}

/// The instruction whose code covers `offset` bytes into the unit's code.
pub(super) fn find(mut sites: &[u8], offset: u32) -> Option<SiteInUnit> {
    let offset = offset as usize;
    let (mut first, mut start) = (0, 0);
    while !sites.is_empty() {
        first += take(&mut sites)?;
        start += take(&mut sites)?;
        let counts = take(&mut sites)?;
        let mut at = start + take(&mut sites)?;
        let (recorded, branch) = (counts / 2, counts as u32 % 2);
        let (lengths, rest) = sites.split_at_checked(recorded)?;
        for (index, &length) in lengths.iter().enumerate() {
            if (at..at + usize::from(length)).contains(&offset) {
                let remaining = (recorded - index) as u32 + branch;
                return Some(SiteInUnit { word: (first + index) as u32, remaining });
            }
            at += usize::from(length);
        }
        sites = rest;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_any_length_are_read_back() {
        let numbers = [0, 1, 127, 128, 300, 16_383, 16_384, 1 << 21];
        let mut sites = Vec::new();
        for number in numbers {
            put(&mut sites, number);
        }
        let mut rest = &sites[..];
        let read: Vec<_> = std::iter::from_fn(|| take(&mut rest)).collect();
        assert_eq!(read, numbers);
    }

    #[test]
    fn addresses_are_found_in_their_blocks() {
        let block = |first, end, ending, counted| Block {
            first,
            end,
            starts_path: true,
            is_entry: true,
            ending,
            counted,
            path: counted,
        };
        let mut sites = Vec::new();
        begin_block(&mut sites, &block(0, 3, Ending::Conditional, 3), 0, 0, 14);
        sites.extend([4, 9]);
        begin_block(&mut sites, &block(5, 7, Ending::Next, 2), 5, 40, 4);
        sites.extend([6, 0]);
        for (offset, expected) in [
            (13, None),
            (14, Some((0, 3))),
            (18, Some((1, 2))),
            (26, Some((1, 2))),
            (27, None),
            (44, Some((5, 2))),
            (49, Some((5, 2))),
            (50, None),
        ] {
            let found = find(&sites, offset).map(|site| (site.word, site.remaining));
            assert_eq!(found, expected, "{offset}");
        }
        assert_eq!(find(&sites[..sites.len() - 1], 44), None, "cut short");
        assert_eq!(find(&sites[..sites.len() - 3], 44), None, "cut short in front of the lengths");
    }
}
