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
#[inline]
pub(crate) const fn splat(value: f32) -> Lanes {
    [value; LANES]
}

/// Applies a function to each lane.
#[inline(always)]
pub(crate) fn map(a: &Lanes, f: impl Fn(f32) -> f32) -> Lanes {
    let mut out = [0.0; LANES];
    for (out, a) in out.iter_mut().zip(a) {
        *out = f(*a);
    }
    out
}

/// Applies a function to each pair of lanes.
#[inline(always)]
pub(crate) fn map2(a: &Lanes, b: &Lanes, f: impl Fn(f32, f32) -> f32) -> Lanes {
    let mut out = [0.0; LANES];
    for i in 0..LANES {
        out[i] = f(a[i], b[i]);
    }
    out
}

/// Applies a function to each triple of lanes.
#[inline(always)]
pub(crate) fn map3(a: &Lanes, b: &Lanes, c: &Lanes, f: impl Fn(f32, f32, f32) -> f32) -> Lanes {
    let mut out = [0.0; LANES];
    for i in 0..LANES {
        out[i] = f(a[i], b[i], c[i]);
    }
    out
}

/// Returns the lanes for which a condition holds.
#[inline(always)]
pub(crate) fn test2(a: &Lanes, b: &Lanes, f: impl Fn(f32, f32) -> bool) -> Mask {
    let mut mask = 0;
    for i in 0..LANES {
        mask |= Mask::from(f(a[i], b[i])) << i;
    }
    mask
}

/// Overwrites the lanes of a mask.
#[inline(always)]
pub(crate) fn assign(to: &mut Lanes, from: &Lanes, mask: Mask) {
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
pub(crate) fn lanes_of(mut mask: Mask) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        (mask != 0).then(|| {
            let lane = mask.trailing_zeros() as usize;
            mask &= mask - 1;
            lane
        })
    })
}

/// Rounds towards minus infinity; avoids a library call for small values.
#[inline(always)]
pub(crate) fn floor(value: f32) -> f32 {
    let whole = truncate(value);
    whole - if whole > value { 1.0 } else { 0.0 }
}

/// Rounds towards zero. Values without a fraction, infinities and NaN are unchanged.
#[inline(always)]
pub(crate) fn truncate(value: f32) -> f32 {
    let whole = value as i32 as f32;
    if value.abs() < 8_388_608.0 { whole } else { value }
}

/// Multiplies with the rule that zero times anything is +0.
#[inline(always)]
pub(crate) fn multiply(a: f32, b: f32) -> f32 {
    if a == 0.0 || b == 0.0 { 0.0 } else { a * b }
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
    fn masks_select_lanes() {
        let mut to = splat(1.0);
        assign(&mut to, &splat(2.0), 0b101);
        assert_eq!(to[..4], [2.0, 1.0, 2.0, 1.0]);
        assert_eq!(lanes_of(0b1001_0000_0000_0001).collect::<Vec<_>>(), [0, 12, 15]);
    }
}
