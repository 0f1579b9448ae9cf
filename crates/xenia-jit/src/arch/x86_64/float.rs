//! The floating-point state of x86-64: MXCSR, whose layout the crate uses for every processor.

use std::arch::asm;
use xenia_lifter::float::float_state::{DEFAULT_MXCSR, FLAGS};

/// Reads the state of guest code and sets Rust's, with the guest's flags: if LDMXCSR changes flags,
/// a STMXCSR in the next hundred instructions takes 60 to 250 ns on Sapphire Rapids, else 4 ns.
/// Rust expects nothing of the flags.
#[inline(always)]
pub(crate) fn exchange_for_rust() -> u32 {
    let mut guest = DEFAULT_MXCSR;
    // SAFETY: stores MXCSR to a local.
    unsafe { asm!("stmxcsr [{}]", in(reg) &raw mut guest, options(nostack)) };
    if guest & !FLAGS != DEFAULT_MXCSR {
        let rust = DEFAULT_MXCSR | guest & FLAGS;
        // SAFETY: loads the modes that Rust expects.
        unsafe { asm!("ldmxcsr [{}]", in(reg) &raw const rust, options(nostack)) };
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

#[cfg(test)]
mod tests {
    use super::*;
    use xenia_lifter::float::float_state::FLUSH_DENORMALS;

    #[test]
    fn rust_has_its_modes_with_the_flags_of_the_guest() {
        for flags in 0..=FLAGS {
            for modes in [0, FLUSH_DENORMALS] {
                let guest = DEFAULT_MXCSR | flags | modes;
                // SAFETY: no bit of `guest` is reserved, and nothing computes until the exchange.
                unsafe { restore(guest) };
                let read = exchange_for_rust();
                let mut rust = 0_u32;
                // SAFETY: stores MXCSR to a local.
                unsafe { asm!("stmxcsr [{}]", in(reg) &raw mut rust, options(nostack)) };
                assert_eq!((read, rust), (guest, DEFAULT_MXCSR | flags));
            }
        }
        // SAFETY: the state is Rust's.
        unsafe { restore(DEFAULT_MXCSR) };
    }
}
