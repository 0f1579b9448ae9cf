//! Shifts and rotates, of lanes and of whole registers.

use super::lanes::*;

macro_rules! shifts {
    ($($name:ident $zip:ident $method:ident;)*) => { $(
        #[doc = concat!("`", stringify!($name), "`: by the low bits of vB's lane.")]
        pub(crate) fn $name(a: u128, b: u128) -> u128 {
            $zip(a, b, |a, b| a.$method(b as u32))
        }
    )* };
}

// The wrapping shifts take the count modulo the lane's width, as the hardware does.
shifts! {
    vslb zip_u8 wrapping_shl;
    vslh zip_u16 wrapping_shl;
    vslw zip_u32 wrapping_shl;
    vsrb zip_u8 wrapping_shr;
    vsrh zip_u16 wrapping_shr;
    vsrw zip_u32 wrapping_shr;
    vsrab zip_i8 wrapping_shr;
    vsrah zip_i16 wrapping_shr;
    vsraw zip_i32 wrapping_shr;
}

macro_rules! rotates {
    ($($name:ident $zip:ident;)*) => { $(
        #[doc = concat!("`", stringify!($name), "`.")]
        pub(crate) fn $name(a: u128, b: u128) -> u128 {
            $zip(a, b, |a, b| a.rotate_left(u32::from(b)))
        }
    )* };
}

rotates! {
    vrlb zip_u8;
    vrlh zip_u16;
    vrlw zip_u32;
}

/// `vsl`: shifts by the low three bits of vB.
///
/// Unsure: the book requires the same three bits in every byte and leaves other cases undefined.
pub(crate) fn vsl(a: u128, b: u128) -> u128 {
    a << (b & 7)
}

/// `vsr`: see [`vsl`].
pub(crate) fn vsr(a: u128, b: u128) -> u128 {
    a >> (b & 7)
}

/// `vslo`: shifts by the number of bytes in bits 121–124 of vB.
pub(crate) fn vslo(a: u128, b: u128) -> u128 {
    a << (b & 0x78)
}

/// `vsro`: see [`vslo`].
pub(crate) fn vsro(a: u128, b: u128) -> u128 {
    a >> (b & 0x78)
}

/// `vsldoi`: sixteen bytes of vA ‖ vB from byte `by`.
pub(crate) fn vsldoi(a: u128, b: u128, by: usize) -> u128 {
    match by & 15 {
        0 => a,
        by => a << (8 * by) | b >> (128 - 8 * by),
    }
}
