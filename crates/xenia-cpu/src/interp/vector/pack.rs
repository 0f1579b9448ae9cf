//! Packs and unpacks of integers and pixels.

use super::lanes::*;

macro_rules! saturating_packs {
    ($($name:ident $split:ident $saturating:ident $half:literal;)*) => { $(
        #[doc = concat!("`", stringify!($name), "`.")]
        pub(crate) fn $name(a: u128, b: u128) -> Saturated {
            let a = $split(a);
            let b = $split(b);
            $saturating(|n| i64::from(if n < $half { a[n] } else { b[n - $half] }))
        }
    )* };
}

saturating_packs! {
    vpkshss split_i16 saturating_i8 8;
    vpkshus split_i16 saturating_u8 8;
    vpkswss split_i32 saturating_i16 4;
    vpkswus split_i32 saturating_u16 4;
    vpkuhus split_u16 saturating_u8 8;
    vpkuwus split_u32 saturating_u16 4;
}

pub(crate) fn vpkuhum(a: u128, b: u128) -> u128 {
    let a = split_u16(a);
    let b = split_u16(b);
    join_u8(std::array::from_fn(|n| if n < 8 { a[n] } else { b[n - 8] } as u8))
}

pub(crate) fn vpkuwum(a: u128, b: u128) -> u128 {
    let a = split_u32(a);
    let b = split_u32(b);
    join_u16(std::array::from_fn(|n| if n < 4 { a[n] } else { b[n - 4] } as u16))
}

/// `vpkpx`: 8:8:8:8 pixels to 1:5:5:5.
pub(crate) fn vpkpx(a: u128, b: u128) -> u128 {
    let a = split_u32(a);
    let b = split_u32(b);
    let pixel = |w: u32| (w >> 9 & 0xFC00 | w >> 6 & 0x03E0 | w >> 3 & 0x001F) as u16;
    join_u16(std::array::from_fn(|n| pixel(if n < 4 { a[n] } else { b[n - 4] })))
}

/// A 1:5:5:5 pixel as 8:8:8:8: the first bit sign-extended, the others zero-extended.
fn unpacked_pixel(pixel: u16) -> u32 {
    let w = u32::from(pixel);
    let first = if w >> 15 != 0 { 0xFF00_0000 } else { 0 };
    first | (w & 0x7C00) << 6 | (w & 0x03E0) << 3 | w & 0x001F
}

pub(crate) fn vupkhpx(b: u128) -> u128 {
    let b = split_u16(b);
    join_u32(std::array::from_fn(|n| unpacked_pixel(b[n])))
}

pub(crate) fn vupklpx(b: u128) -> u128 {
    vupkhpx(b << 64)
}

pub(crate) fn vupkhsb(b: u128) -> u128 {
    let b = split_i8(b);
    join_i16(std::array::from_fn(|n| i16::from(b[n])))
}

pub(crate) fn vupklsb(b: u128) -> u128 {
    vupkhsb(b << 64)
}

pub(crate) fn vupkhsh(b: u128) -> u128 {
    let b = split_i16(b);
    join_i32(std::array::from_fn(|n| i32::from(b[n])))
}

pub(crate) fn vupklsh(b: u128) -> u128 {
    vupkhsh(b << 64)
}
