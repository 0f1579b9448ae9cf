//! From a host address to the guest instruction whose code it lies in.
//!
//! A unit keeps a byte for each instruction, its length in host code, and seven for each block.
//! Faults and arms that do not complete are rare, so the bytes are added up from the unit's
//! beginning.
//!
//! ```text
//!  block:  first word (u16) │ bytes of code since the block before (u16) │ instructions recorded (u16)
//!          bytes in front, and above them whether the branch is counted, too (u8) │ lengths (u8 each)
//! ```

use super::leaves::Ending;
use super::unit::Block;

/// In a block's last byte: its last instruction is a branch, which is counted and not recorded.
const BRANCH: u8 = 0x80;
/// Bytes that say what a block is.
const HEADER: usize = 7;

/// A guest instruction of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SiteInUnit {
    /// Its word, counted from the unit's start.
    pub(super) word: u32,
    /// Instructions of its block from it on, itself included, that the budget has been charged
    /// with.
    pub(super) remaining: u32,
}

/// Begins a block's record. Its code begins `since` bytes behind the beginning of the block before,
/// and has `front` bytes in front of its first instruction.
pub(super) fn begin_block(sites: &mut Vec<u8>, block: &Block, since: usize, front: usize) {
    let recorded = block.end - block.first - usize::from(block.ending != Ending::Next);
    for value in [block.first, since, recorded] {
        sites.extend((value as u16).to_le_bytes());
    }
    let counts_branch = block.counted as usize > recorded;
    sites.push(front as u8 | if counts_branch { BRANCH } else { 0 });
}

/// The instruction whose code covers `offset` bytes into the unit's code.
pub(super) fn find(mut sites: &[u8], offset: u32) -> Option<SiteInUnit> {
    let offset = offset as usize;
    let mut start = 0;
    while let Some((header, rest)) = sites.split_first_chunk::<HEADER>() {
        let value = |at: usize| usize::from(u16::from_le_bytes([header[at], header[at + 1]]));
        let (first, since, recorded) = (value(0), value(2), value(4));
        let front = usize::from(header[6] & !BRANCH);
        let (lengths, rest) = rest.split_at_checked(recorded)?;
        start += since;
        let mut at = start + front;
        for (index, &length) in lengths.iter().enumerate() {
            if (at..at + usize::from(length)).contains(&offset) {
                let branch = u32::from(header[6] & BRANCH != 0);
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
        begin_block(&mut sites, &block(0, 3, Ending::Conditional, 3), 0, 14);
        sites.extend([4, 9]);
        begin_block(&mut sites, &block(5, 7, Ending::Next, 2), 40, 4);
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
    }
}
