//! Words and regions for tests of control flow.

use super::region::{Reach, Region, discover};

/// `addi r3,r3,1`: a register that a loop can carry.
pub(crate) const ADDI: u32 = 0x3863_0001;

/// `b` with a displacement in words.
pub(crate) fn b(words: i32) -> u32 {
    0x4800_0000 | (words * 4) as u32 & 0x03FF_FFFC
}

/// `bl` with a displacement in words.
pub(crate) fn bl(words: i32) -> u32 {
    b(words) | 1
}

/// `beq` with a displacement in words.
pub(crate) fn beq(words: i32) -> u32 {
    0x4182_0000 | (words * 4) as u32 & 0xFFFC
}

/// `bdnz` with a displacement in words.
pub(crate) fn bdnz(words: i32) -> u32 {
    0x4200_0000 | (words * 4) as u32 & 0xFFFC
}

/// The region of a program at address 0.
pub(crate) fn region_of(words: &[u32]) -> Region {
    let mut fetch = |pc: u32| words.get(pc as usize / 4).copied();
    let reach = Reach::all(0..4 * words.len() as u32, words.len());
    discover(&[0], &reach, &mut fetch).unwrap()
}
