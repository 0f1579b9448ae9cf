//! Fused multiply-add is rounded once, on every system.

use std::hint::black_box;
use xenia_host::float::{fused_multiply_add, fused_multiply_add_single};

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
