//! Permutes, merges, splats, and the masks of unaligned access.

use super::lanes::*;

/// `vperm`: each byte of vC selects one of the 32 of vA ‖ vB.
pub(crate) fn vperm(a: u128, b: u128, c: u128) -> u128 {
    // Little-endian, so that byte n of vA ‖ vB is at 31 − n.
    let mut table = [0; 32];
    table[..16].copy_from_slice(&b.to_le_bytes());
    table[16..].copy_from_slice(&a.to_le_bytes());
    u128::from_le_bytes(c.to_le_bytes().map(|n| table[usize::from(31 - (n & 31))]))
}

macro_rules! merges {
    ($($name:ident $split:ident $join:ident $from:literal;)*) => { $(
        #[doc = concat!("`", stringify!($name), "`: interleaves lanes from ", $from, " on.")]
        pub(crate) fn $name(a: u128, b: u128) -> u128 {
            let a = $split(a);
            let b = $split(b);
            $join(std::array::from_fn(|n| if n & 1 == 0 { a[$from + n / 2] } else { b[$from + n / 2] }))
        }
    )* };
}

merges! {
    vmrghb split_u8 join_u8 0;
    vmrghh split_u16 join_u16 0;
    vmrghw split_u32 join_u32 0;
    vmrglb split_u8 join_u8 8;
    vmrglh split_u16 join_u16 4;
    vmrglw split_u32 join_u32 2;
}

/// `vspltb`; upper bits of the index are ignored, here and below.
pub(crate) fn vspltb(b: u128, index: usize) -> u128 {
    join_u8([split_u8(b)[index & 15]; 16])
}

pub(crate) fn vsplth(b: u128, index: usize) -> u128 {
    join_u16([split_u16(b)[index & 7]; 8])
}

pub(crate) fn vspltw(b: u128, index: usize) -> u128 {
    join_u32([split_u32(b)[index & 3]; 4])
}

pub(crate) fn vspltisb(value: i32) -> u128 {
    join_i8([value as i8; 16])
}

pub(crate) fn vspltish(value: i32) -> u128 {
    join_i16([value as i16; 8])
}

pub(crate) fn vspltisw(value: i32) -> u128 {
    join_i32([value; 4])
}

const ASCENDING: u128 = 0x0001_0203_0405_0607_0809_0A0B_0C0D_0E0F;
const ONES: u128 = 0x0101_0101_0101_0101_0101_0101_0101_0101;

/// `lvsl`: bytes `ea % 16`, +1, ….
pub(crate) fn lvsl(ea: u32) -> u128 {
    // No byte carries into its neighbour: all stay below 32, here and in `lvsr`.
    ASCENDING + ONES * u128::from(ea & 15)
}

/// `lvsr`: bytes `16 − ea % 16`, +1, ….
pub(crate) fn lvsr(ea: u32) -> u128 {
    ASCENDING + ONES * u128::from(16 - (ea & 15))
}

/// `vpermwi128`: two selector bits per word, the first word's on top.
pub(crate) fn vpermwi128(b: u128, selectors: usize) -> u128 {
    let b = split_u32(b);
    join_u32(std::array::from_fn(|n| b[selectors >> (6 - 2 * n) & 3]))
}

/// `vrlimi128`: rotates the words of vB left by `rotation` and inserts those selected by `mask`
/// into vD (8 selects the first).
pub(crate) fn vrlimi128(d: u128, b: u128, mask: usize, rotation: usize) -> u128 {
    let d = split_u32(d);
    let b = split_u32(b);
    join_u32(std::array::from_fn(|n| if mask >> (3 - n) & 1 != 0 { b[(n + rotation) & 3] } else { d[n] }))
}
