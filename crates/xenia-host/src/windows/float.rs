//! Arithmetic that the C library computes where the processor has no instruction for it.
//!
//! mingw's `fma` and `fmaf` round twice for a quarter of random operands, so the crate `libm`
//! computes: by the processor's instruction if it has one.

/// a × b + c with one rounding.
#[inline(always)]
pub fn fused_multiply_add(a: f64, b: f64, c: f64) -> f64 {
    libm::fma(a, b, c)
}

/// a × b + c in single precision, with one rounding.
#[inline(always)]
pub fn fused_multiply_add_single(a: f32, b: f32, c: f32) -> f32 {
    libm::fmaf(a, b, c)
}
