//! SIMD dispatch: runs loops over lanes with the host's wider vectors.
//!
//! The program is built for the least x86-64 processor, whose vectors have four lanes. [`dispatch`]
//! compiles a computation once more for AVX2, whose vectors have eight. Both forms come from one
//! source and have equal results: the compiler neither reorders operations on floats nor fuses
//! multiplications with additions, and FMA is not enabled. Only the bits of a NaN may differ, where
//! an operation has two NaNs to choose from: callers replace such results by one NaN.
//!
//! It follows the Rust reference's chapter on `target_feature`.

/// Runs a computation with the widest vectors of the host.
///
/// Functions that the closure calls should be `#[inline(always)]`: those that stay outside are
/// compiled for the least processor.
#[inline(always)]
pub fn dispatch<R>(work: impl FnOnce() -> R) -> R {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx2")]
        fn wide<R>(work: impl FnOnce() -> R) -> R {
            work()
        }
        if std::arch::is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has AVX2, the only requirement of the function.
            return unsafe { wide(work) };
        }
    }
    work()
}
