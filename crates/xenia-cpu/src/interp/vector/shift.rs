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

/// `vsl`: shifts each byte by the low three bits of vB's byte; bits of the next byte enter.
///
/// Equal counts, the only ones that the book defines, shift the whole register.
pub(crate) fn vsl(a: u128, b: u128) -> u128 {
    let entering = split_u8(a << 8);
    let counts = split_u8(b);
    let bytes = split_u8(a);
    join_u8(std::array::from_fn(|n| {
        let pair = u16::from_be_bytes([bytes[n], entering[n]]);
        (pair << (counts[n] & 7)).to_be_bytes()[0]
    }))
}

/// `vsr`: see [`vsl`]; bits of the byte before enter.
pub(crate) fn vsr(a: u128, b: u128) -> u128 {
    let entering = split_u8(a >> 8);
    let counts = split_u8(b);
    let bytes = split_u8(a);
    join_u8(std::array::from_fn(|n| {
        let pair = u16::from_be_bytes([entering[n], bytes[n]]);
        (pair >> (counts[n] & 7)).to_be_bytes()[1]
    }))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_register_shifts_take_each_bytes_own_count() {
        // Measured on a console: decision 0004.
        let counts = 0x0001_0203_0405_0607_0809_0A0B_0C0D_0E0F;
        for (value, left, right) in [
            (
                0x1234_5678_8765_4321_1122_3344_5566_7788,
                0x1268_59C4_76A8_C888_1144_CD22_56CE_E200,
                0x121A_15CF_883B_9586_1191_8C68_45AB_99EF,
            ),
            (
                0x8008_1010_808F_0000_7FFF_FFFF_8FFF_FFFF,
                0x8010_4084_08E0_003F_7FFF_FFFC_FFFF_FF80,
                0x8004_0402_0804_3C00_7FFF_FFFF_F87F_FFFF,
            ),
        ] {
            assert_eq!(vsl(value, counts), left, "{value:032x}");
            assert_eq!(vsr(value, counts), right, "{value:032x}");
        }
        let equal = u128::from_be_bytes([0xFD; 16]);
        assert_eq!(vsl(1 << 7, equal), 1 << 12);
        assert_eq!(vsr(1 << 12, equal), 1 << 7);
    }
}
