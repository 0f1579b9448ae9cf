//! Comparisons of all lanes at once.

use crate::enums::Compare;
use crate::microcode::{LANES, Mask};

/// Lanes in which `f` holds.
#[inline(always)]
fn test<T: Copy>(a: &[T; LANES], b: &[T; LANES], f: impl Fn(T, T) -> bool) -> Mask {
    let mut mask = 0;
    for lane in 0..LANES {
        mask |= u32::from(f(a[lane], b[lane])) << lane;
    }
    mask as Mask
}

/// Lanes in which a comparison of `a` with `b` holds, as [`Compare::holds`] defines it. The
/// comparison is chosen once for all lanes.
#[inline(always)]
pub(super) fn lanes<T: PartialOrd + Copy>(compare: Compare, a: &[T; LANES], b: &[T; LANES]) -> Mask {
    match compare {
        Compare::Never => 0,
        Compare::Less => test(a, b, |a, b| a < b),
        Compare::Equal => test(a, b, |a, b| a == b),
        Compare::LessEqual => test(a, b, |a, b| a <= b),
        Compare::Greater => test(a, b, |a, b| a > b),
        Compare::NotEqual => test(a, b, |a, b| a != b),
        Compare::GreaterEqual => test(a, b, |a, b| a >= b),
        Compare::Always => Mask::MAX,
    }
}

/// Lanes in which a comparison of 24-bit numbers holds. Differences have the sign of the
/// comparison, which makes a mask faster than conditions do.
#[inline(always)]
pub(super) fn depths(compare: Compare, a: &[u32; LANES], b: &[u32; LANES]) -> Mask {
    let less = |a: &[u32; LANES], b: &[u32; LANES]| {
        let mut mask = 0;
        for lane in 0..LANES {
            mask |= (a[lane].wrapping_sub(b[lane]) >> 31) << lane;
        }
        mask as Mask
    };
    match compare {
        Compare::Never => 0,
        Compare::Less => less(a, b),
        Compare::Equal => !(less(a, b) | less(b, a)),
        Compare::LessEqual => !less(b, a),
        Compare::Greater => less(b, a),
        Compare::NotEqual => less(a, b) | less(b, a),
        Compare::GreaterEqual => !less(a, b),
        Compare::Always => Mask::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_agree_with_comparisons_of_one_lane() {
        let mut dice = xenia_testing::Dice(48);
        let odd = [0.0, -0.0, 1.0, -1.0, f32::NAN, f32::INFINITY, f32::MIN_POSITIVE];
        for _ in 0..500 {
            let [a, b]: [[u32; LANES]; 2] = std::array::from_fn(|_| {
                // Few bits make equal numbers frequent.
                let mask = if dice.next() & 1 == 0 { 3 } else { 0xff_ffff };
                std::array::from_fn(|_| dice.next() as u32 & mask)
            });
            let floats = [a, b].map(|lanes| lanes.map(|bits| odd[bits as usize % odd.len()]));
            for &compare in Compare::VALUES {
                let of = |holds: &dyn Fn(usize) -> bool| {
                    (0..LANES).fold(0, |mask, lane| mask | Mask::from(holds(lane)) << lane)
                };
                let expected = of(&|lane| compare.holds(a[lane], b[lane]));
                assert_eq!(lanes(compare, &a, &b), expected, "{compare:?}");
                assert_eq!(depths(compare, &a, &b), expected, "{compare:?}");
                let expected = of(&|lane| compare.holds(floats[0][lane], floats[1][lane]));
                assert_eq!(lanes(compare, &floats[0], &floats[1]), expected, "{compare:?}");
            }
        }
    }
}
