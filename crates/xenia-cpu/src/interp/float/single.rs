//! Bit conversions of `lfs` and `stfs`, between the single format of storage and the double format
//! of registers.
//!
//! Neither direction is an arithmetic conversion: a signalling NaN stays signalling, no rounding
//! happens, and FPSCR does not change. PowerISA 2.02 book I, 4.6.2 and 4.6.3.

/// `lfs`: the double-format bits of a single. Denormal singles become normal doubles.
#[inline(always)]
pub(crate) fn single_to_double(single: u32) -> u64 {
    let sign = u64::from(single >> 31) << 63;
    let exponent = single >> 23 & 0xFF;
    let fraction = u64::from(single & 0x7F_FFFF);
    match exponent {
        0 if fraction == 0 => sign,
        0 => {
            // The leading one moves to the implied position; the exponent follows it.
            let shift = fraction.leading_zeros() - 40;
            let fraction = fraction << shift & 0x7F_FFFF;
            sign | u64::from(897 - shift) << 52 | fraction << 29
        }
        255 => sign | 0x7FF << 52 | fraction << 29,
        _ => sign | u64::from(exponent + 896) << 52 | fraction << 29,
    }
}

/// `stfs`: the single-format bits of a double. Fraction bits beyond the single format are dropped;
/// a value too small for a normal single is denormalised by truncation. Values outside the range of
/// the single format (which the book leaves undefined) take the bits that the normal case selects.
#[inline(always)]
pub(crate) fn double_to_single(double: u64) -> u32 {
    let exponent = (double >> 52 & 0x7FF) as u32;
    if exponent > 896 || double << 1 == 0 {
        // WORD[0:1] <- FRS[0:1], WORD[2:31] <- FRS[5:34]
        ((double >> 32 & 0xC000_0000) | (double >> 29 & 0x3FFF_FFFF)) as u32
    } else if exponent >= 874 {
        let fraction = (1 << 52 | double & ((1 << 52) - 1)) >> (897 - exponent);
        (double >> 32 & 0x8000_0000) as u32 | (fraction >> 29) as u32
    } else {
        // Unsure: below the single format's range the result is undefined; zero is the result of
        // further shifting.
        (double >> 32 & 0x8000_0000) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_of_single_becomes_the_double_of_the_book() {
        for (single, double) in [
            (0x0000_0000, 0x0000_0000_0000_0000),
            (0x8000_0000, 0x8000_0000_0000_0000),
            (0x3F80_0000, 0x3FF0_0000_0000_0000),
            (0xFF7F_FFFF, 0xC7EF_FFFF_E000_0000),
            (0x0080_0000, 0x3810_0000_0000_0000),
            (0x0000_0001, 0x36A0_0000_0000_0000),
            (0x807F_FFFF, 0xB80F_FFFF_C000_0000),
            (0x7F80_0000, 0x7FF0_0000_0000_0000),
            (0x7F80_0001, 0x7FF0_0000_2000_0000),
            (0xFFC0_0000, 0xFFF8_0000_0000_0000),
        ] {
            assert_eq!(single_to_double(single), double, "{single:#010x}");
            assert_eq!(double_to_single(double), single, "{double:#018x}");
        }
    }

    #[test]
    fn singles_survive_the_round_trip_and_equal_the_host_conversion() {
        for step in 0..0x0010_0000_u32 {
            let single = step.wrapping_mul(0x9E37_79B1);
            let double = single_to_double(single);
            assert_eq!(double_to_single(double), single);
            if !f32::from_bits(single).is_nan() {
                assert_eq!(double, f64::from(f32::from_bits(single)).to_bits());
            }
        }
    }

    #[test]
    fn storing_a_double_truncates() {
        for (double, single) in [
            (0x3FF0_0000_1FFF_FFFF, 0x3F80_0000),
            (0x36A0_0000_0000_0000, 0x0000_0001),
            (0x3690_0000_0000_0000, 0x0000_0000),
            (0x0000_0000_0000_0001, 0x0000_0000),
            (0x8000_0000_0000_0001, 0x8000_0000),
            (0x380F_FFFF_FFFF_FFFF, 0x007F_FFFF),
        ] {
            assert_eq!(double_to_single(double), single, "{double:#018x}");
        }
    }
}
