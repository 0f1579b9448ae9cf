//! Values of several vertices or pixels at once, laid out so that loops over lanes vectorise.

/// Number of vertices or pixels that run together. Pixels form a block of 8 x 2, that is four
/// quads.
pub const LANES: usize = 16;

/// One component of all lanes.
pub type Lanes = [f32; LANES];

/// Four components of all lanes.
pub type Vector = [Lanes; 4];

/// Set of lanes; lane 0 is bit 0.
pub type Mask = u16;

/// Returns the same value in all lanes.
#[inline(always)]
pub const fn splat(value: f32) -> Lanes {
    [value; LANES]
}

/// Applies a function to each lane.
#[inline(always)]
pub fn map(a: &Lanes, f: impl Fn(f32) -> f32) -> Lanes {
    let mut out = [0.0; LANES];
    for (out, a) in out.iter_mut().zip(a) {
        *out = f(*a);
    }
    out
}

/// Applies a function to each pair of lanes.
#[inline(always)]
pub fn map2(a: &Lanes, b: &Lanes, f: impl Fn(f32, f32) -> f32) -> Lanes {
    let mut out = [0.0; LANES];
    for i in 0..LANES {
        out[i] = f(a[i], b[i]);
    }
    out
}

/// Applies a function to each triple of lanes.
#[inline(always)]
pub fn map3(a: &Lanes, b: &Lanes, c: &Lanes, f: impl Fn(f32, f32, f32) -> f32) -> Lanes {
    let mut out = [0.0; LANES];
    for i in 0..LANES {
        out[i] = f(a[i], b[i], c[i]);
    }
    out
}

/// Returns the lanes for which a condition holds.
#[inline(always)]
pub fn test2(a: &Lanes, b: &Lanes, f: impl Fn(f32, f32) -> bool) -> Mask {
    let mut mask = 0;
    for i in 0..LANES {
        mask |= Mask::from(f(a[i], b[i])) << i;
    }
    mask
}

/// Overwrites the lanes of a mask.
#[inline(always)]
pub fn assign(to: &mut Lanes, from: &Lanes, mask: Mask) {
    if mask == Mask::MAX {
        *to = *from;
        return;
    }
    for i in 0..LANES {
        let keep = if mask >> i & 1 != 0 { 0 } else { u32::MAX };
        to[i] = f32::from_bits((to[i].to_bits() & keep) | (from[i].to_bits() & !keep));
    }
}

/// Iterates over the set lanes of a mask, ascending.
#[inline(always)]
pub fn lanes_of(mut mask: Mask) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        (mask != 0).then(|| {
            let lane = mask.trailing_zeros() as usize;
            mask &= mask - 1;
            lane
        })
    })
}

/// Least magnitude without fractions.
const WHOLE: f32 = 8_388_608.0;

/// Rounds to the nearest integer. The magnitude must be below [`WHOLE`]; zeros become +0.
///
/// Conversions to integers would keep loops from being vectorised: they saturate.
#[inline(always)]
fn nearest(value: f32) -> f32 {
    let whole = WHOLE.copysign(value);
    (value + whole) - whole
}

/// Rounds towards minus infinity; zeros become +0. Values without a fraction, infinities and NaN
/// are unchanged.
#[inline(always)]
pub fn floor(value: f32) -> f32 {
    let whole = if value.abs() < WHOLE { nearest(value) } else { value };
    whole - if whole > value { 1.0 } else { 0.0 }
}

/// Rounds towards zero; zeros become +0. Values without a fraction, infinities and NaN are
/// unchanged.
#[inline(always)]
pub fn truncate(value: f32) -> f32 {
    let nearest = nearest(value);
    let excess = if nearest.abs() > value.abs() { 1.0_f32.copysign(value) } else { 0.0 };
    if value.abs() < WHOLE { nearest - excess } else { value }
}

/// Converts a whole number from 0 to below [`WHOLE`] to an integer.
#[inline(always)]
pub fn integer(whole: f32) -> u32 {
    // The sum's mantissa is the number, since WHOLE is 2^23.
    (whole + WHOLE).to_bits() & 0x7f_ffff
}

/// Binary logarithms of all lanes, those of [`libm::log2f`].
#[inline(always)]
pub fn logarithms(values: &Lanes) -> Lanes {
    const LEAST: u32 = f32::MIN_POSITIVE.to_bits();
    const MOST: u32 = f32::MAX.to_bits();
    const ONE: u32 = 1.0_f32.to_bits();
    const TWO: u32 = 2.0_f32.to_bits();
    let unusual = values.iter().fold(0, |any, value| {
        let bits = value.to_bits();
        any | u32::from(!(LEAST..=MOST).contains(&bits))
    });
    if unusual != 0 {
        return map(values, libm::log2f);
    }
    map(values, |value| {
        // The compiler sees that the function gets none of its special cases (denormals, infinities
        // and one), so that its code has no branches.
        let bits = value.to_bits().clamp(LEAST, MOST);
        let logarithm = libm::log2f(f32::from_bits(if bits == ONE { TWO } else { bits }));
        if bits == ONE { 0.0 } else { logarithm }
    })
}

/// All bits of the lanes of a mask.
#[inline(always)]
pub fn spread(mask: Mask) -> [u32; LANES] {
    let mut out = [0; LANES];
    for (lane, out) in out.iter_mut().enumerate() {
        *out = 0_u32.wrapping_sub(u32::from(mask) >> lane & 1);
    }
    out
}

/// Replaces a NaN by one whose bits do not depend on the processor: of two NaNs that an operation
/// has, the compiled code of some processors keeps one, that of others the other, and an operation
/// that has none makes a negative one on x86-64 and a positive one on AArch64.
#[inline(always)]
pub fn canonical_nan(value: f32) -> f32 {
    if value.is_nan() { f32::NAN } else { value }
}

/// Adds two numbers; a NaN becomes canonical.
#[inline(always)]
pub fn add(a: f32, b: f32) -> f32 {
    canonical_nan(a + b)
}

/// Multiplies with the rule that zero times anything is +0.
#[inline(always)]
#[allow(clippy::needless_bitwise_bool)] // a branch would keep loops from being vectorised
pub fn multiply(a: f32, b: f32) -> f32 {
    let product = canonical_nan(a * b);
    if (a == 0.0) | (b == 0.0) { 0.0 } else { product }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_agrees_with_std() {
        for value in [0.0, -0.5, 0.5, 1.0, -1.0, 2.7, -2.7, 8388607.5, -8388607.5, 1e10, -1e30, f32::INFINITY]
        {
            assert_eq!(floor(value), value.floor(), "{value}");
            assert_eq!(truncate(value), value.trunc(), "{value}");
        }
        assert!(floor(f32::NAN).is_nan() && truncate(f32::NAN).is_nan());
        assert_eq!(
            [0.0, 0.5, 1.0, 255.0, 8_388_607.0].map(|value| integer(floor(value))),
            [0, 0, 1, 255, 0x7f_ffff]
        );
    }

    #[test]
    fn rounding_has_the_bits_of_conversions_to_integers() {
        let mut dice = xenia_testing::Dice(1);
        for _ in 0..1_000_000 {
            // All floats, and those of magnitudes that have fractions.
            let any = dice.next() as u32;
            let near = any & 0x80ff_ffff | (0x3e + (any >> 24) % 14) << 24;
            for value in [any, near].map(f32::from_bits) {
                let whole = if value.abs() < WHOLE { value as i32 as f32 } else { value };
                assert_eq!(truncate(value).to_bits(), whole.to_bits(), "{value}");
                let below = whole - if whole > value { 1.0 } else { 0.0 };
                assert_eq!(floor(value).to_bits(), below.to_bits(), "{value}");
            }
        }
    }

    #[test]
    fn logarithms_of_all_lanes_are_those_of_one() {
        let mut dice = xenia_testing::Dice(2);
        let special =
            [1.0, 0.0, f32::from_bits(1), f32::MIN_POSITIVE, f32::MAX, f32::INFINITY, f32::NAN, -1.0];
        for turn in 0..100_000 {
            let mut values: Lanes = std::array::from_fn(|_| f32::from_bits(dice.next() as u32 % 0x7f80_0000));
            values[turn % LANES] = special[turn % special.len()];
            values[(turn + 1) % LANES] = 1.0 + (dice.next() % 9) as f32 * f32::EPSILON;
            let expected = values.map(|value| libm::log2f(value).to_bits());
            let found = logarithms(&values).map(f32::to_bits);
            assert!(found == expected, "{values:?}");
            values =
                values.map(|value| if (f32::MIN_POSITIVE..=f32::MAX).contains(&value) { value } else { 1.0 });
            let expected = values.map(|value| libm::log2f(value).to_bits());
            assert!(logarithms(&values).map(f32::to_bits) == expected, "{values:?}");
        }
    }

    #[test]
    fn zero_wins_over_infinity_and_nan() {
        for other in [f32::INFINITY, f32::NAN, -3.0] {
            assert_eq!(multiply(0.0, other).to_bits(), 0);
            assert_eq!(multiply(other, -0.0).to_bits(), 0);
        }
        assert_eq!(multiply(2.0, 3.0), 6.0);
    }

    #[test]
    fn only_masked_lanes_are_assigned() {
        let mut to = splat(1.0);
        assign(&mut to, &splat(2.0), 0b101);
        assert_eq!(to[..4], [2.0, 1.0, 2.0, 1.0]);
        assert_eq!(spread(0b101)[..4], [u32::MAX, 0, u32::MAX, 0]);
        assert_eq!(lanes_of(0b1001_0000_0000_0001).collect::<Vec<_>>(), [0, 12, 15]);
    }
}
