//! Arithmetic that the C library computes where the processor has no instruction for it.
//!
//! Guest code's results depend on it, so a host whose library rounds wrongly (mingw's `fma` does)
//! needs functions of its own here.

/// a × b + c with one rounding.
#[inline(always)]
pub fn fused_multiply_add(a: f64, b: f64, c: f64) -> f64 {
    a.mul_add(b, c)
}

/// a × b + c in single precision, with one rounding.
#[inline(always)]
pub fn fused_multiply_add_single(a: f32, b: f32, c: f32) -> f32 {
    a.mul_add(b, c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hint::black_box;

    #[test]
    fn the_sum_is_rounded_once() {
        // A product halfway between two neighbours, and a little more: a rounding to any finite
        // precision in between loses it.
        let little = black_box(2_f64.powi(-60));
        let sum = fused_multiply_add(black_box(321.0), black_box(28_059_810_762_433.0), little);
        assert_eq!(sum, 2_f64.powi(53) + 2.0);
        let little = black_box(2_f32.powi(-60));
        let sum = fused_multiply_add_single(black_box(257.0), black_box(65_281.0), little);
        assert_eq!(sum, 2_f32.powi(24) + 2.0);
        // The error of a product.
        let x = black_box(1.0 + 2_f64.powi(-30));
        assert_eq!(fused_multiply_add(x, x, -(x * x)), 2_f64.powi(-60));
    }
}
