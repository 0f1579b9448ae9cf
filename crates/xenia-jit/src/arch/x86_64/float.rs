//! The floating-point state of x86-64: MXCSR, whose layout the crate uses for every processor.

use std::arch::asm;
use xenia_lifter::float::float_state::DEFAULT_MXCSR;

/// Reads the state of guest code and sets Rust's.
#[inline(always)]
pub(crate) fn exchange_for_rust() -> u32 {
    let mut guest = DEFAULT_MXCSR;
    // SAFETY: stores MXCSR to a local and loads the value that Rust expects.
    unsafe {
        asm!("stmxcsr [{}]", "ldmxcsr [{}]", in(reg) &raw mut guest, in(reg) &DEFAULT_MXCSR, options(nostack));
    }
    guest
}

/// Sets the state of guest code again.
///
/// # Safety
/// `state` is what [`exchange_for_rust`] returned, perhaps with changed flags or modes: no reserved
/// bit is set. Only compiled code runs until the state is exchanged again.
#[inline(always)]
pub(crate) unsafe fn restore(state: u32) {
    // SAFETY: the caller guarantees that `state` has no reserved bit, and that only guest code runs
    // with it.
    unsafe { asm!("ldmxcsr [{}]", in(reg) &raw const state, options(nostack)) };
}
