//! Site tables: map a host address to the guest instruction whose code contains it.
//!
//! A unit keeps one byte for each instruction, the length of its host code, and seven for each
//! block. Faults and arms that do not complete are rare, so a look-up sums the lengths from the
//! start of the unit.
//!
//! ```text
//!  block:  first word (u16) │ bytes of code since the block before (u16)
//!          instructions recorded (u16) │ bytes in front, with the flag BRANCH (u8)
//!          lengths (u8 each)
//! ```

use super::leaves::Ending;
use super::unit::Block;

/// Flag in a block's last header byte: its last instruction is a branch, which is counted but not
/// recorded.
const BRANCH: u8 = 0x80;
/// Size of a block's header in bytes.
const HEADER: usize = 7;

/// A guest instruction of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SiteInUnit {
    /// Index of its word, from the unit's start.
    pub(super) word: u32,
    /// Instructions of its block from it on, itself included, that were charged to the budget.
    pub(super) remaining: u32,
}

/// Begins a block's record. Its code begins `since` bytes after the start of the block before, and
/// has `front` bytes before its first instruction.
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
