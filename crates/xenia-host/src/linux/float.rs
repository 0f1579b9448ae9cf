//! Arithmetic that the C library computes where the processor has no instruction for it.
//!
//! Guest code's results depend on it, so a host whose library rounds wrongly (mingw's `fma` does)
//! has functions of its own.

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
