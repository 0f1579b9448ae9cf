//! Numbers in integer fields of vertices and texels.

/// Scale of the number in a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FieldScale {
    /// Integers without a scale.
    Integers,
    /// Fractions of the highest value; the lowest signed one is -1, like the one above it.
    Fractions,
    /// Like [`Self::Fractions`], but signed values are odd multiples of half a step: none is zero.
    FractionsWithoutZero,
}

/// Format of the number in a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FieldNumber {
    pub(crate) is_signed: bool,
    pub(crate) scale: FieldScale,
}

impl FieldNumber {
    /// Value of the low `width` bits, 1 to 32, of a word.
    #[inline]
    pub(crate) fn value(self, raw: u32, width: u32) -> f32 {
        let highest = u32::MAX >> (32 - width);
        if !self.is_signed {
            let value = (raw & highest) as f32;
            return match self.scale {
                FieldScale::Integers => value,
                FieldScale::Fractions | FieldScale::FractionsWithoutZero => value / highest as f32,
            };
        }
        let value = (((raw << (32 - width)) as i32) >> (32 - width)) as f32;
        match self.scale {
            FieldScale::Integers => value,
            // A field of one bit has no positive value.
            FieldScale::Fractions => (value / (highest >> 1).max(1) as f32).max(-1.0),
            FieldScale::FractionsWithoutZero => (value * 2.0 + 1.0) / highest as f32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_all_widths_have_the_ends_of_their_range() {
        use FieldScale::{Fractions, FractionsWithoutZero, Integers};
        for width in [2_u32, 4, 5, 6, 8, 10, 11, 16, 24, 32] {
            let highest = u32::MAX >> (32 - width);
            let lowest = 1_u32 << (width - 1);
            let step = 1.0 / highest as f32;
            for (is_signed, scale, expected) in [
                (false, Integers, [0.0, highest as f32, lowest as f32]),
                (false, Fractions, [0.0, 1.0, lowest as f32 / highest as f32]),
                (false, FractionsWithoutZero, [0.0, 1.0, lowest as f32 / highest as f32]),
                (true, Integers, [0.0, -1.0, -(lowest as f32)]),
                (true, Fractions, [0.0, -1.0 / (lowest - 1) as f32, -1.0]),
                (true, FractionsWithoutZero, [step, -step, -1.0]),
            ] {
                let number = FieldNumber { is_signed, scale };
                let values = [0, highest, lowest].map(|raw| number.value(raw, width));
                assert_eq!(values, expected, "{number:?}, {width}");
                let above = [0, highest, lowest].map(|raw| number.value(raw | !highest, width));
                assert_eq!(above, expected, "{number:?}, {width}: bits above the field");
            }
        }
    }
}
