//! The floating-point state of AArch64: FPCR and FPSR, translated from and to MXCSR's word.
//!
//! Of the modes only flushing of denormals changes. FPCR\[FZ\] flushes operands and results, as
//! MXCSR's two bits together do. FPSR's IDC (a denormal operand was flushed) has the place that IXC
//! of the same operation would have. Arm Architecture Reference Manual, C5.2.8 and C5.2.10.

use std::arch::asm;
use xenia_lifter::float::float_state::{DEFAULT_MXCSR, FLUSH_DENORMALS};

/// The bit FPCR\[FZ\].
const FLUSH: u64 = 1 << 24;

/// FPSR's IOC, DZC, OFC, UFC, IXC and IDC, as MXCSR's IE, ZE, OE, UE, PE and DE.
const FLAGS: [(u32, u32); 6] = [(0, 0), (1, 2), (2, 3), (3, 4), (4, 5), (7, 1)];

/// FPCR, with FPSR in the upper half, for a word of MXCSR.
pub(crate) fn to_host(mxcsr: u32) -> u64 {
    let control = if mxcsr & FLUSH_DENORMALS != 0 { FLUSH } else { 0 };
    FLAGS.iter().fold(control, |state, &(bit, flag)| state | u64::from(mxcsr >> flag & 1) << (32 + bit))
}

/// The word of MXCSR for such a state.
pub(crate) fn from_host(state: u64) -> u32 {
    let control = DEFAULT_MXCSR | if state & FLUSH != 0 { FLUSH_DENORMALS } else { 0 };
    FLAGS.iter().fold(control, |mxcsr, &(bit, flag)| mxcsr | ((state >> (32 + bit)) as u32 & 1) << flag)
}

/// Reads the state of guest code and sets Rust's.
#[inline(always)]
pub(crate) fn exchange_for_rust() -> u32 {
    let (control, status): (u64, u64);
    // SAFETY: reads both registers, and sets the values that Rust expects.
    unsafe {
        asm!("mrs {}, fpcr", "mrs {}, fpsr", "msr fpcr, xzr", "msr fpsr, xzr",
            out(reg) control, out(reg) status, options(nostack));
    }
    from_host(control & 0xFFFF_FFFF | status << 32)
}

/// Sets the state of guest code again.
///
/// # Safety
/// `state` is what [`exchange_for_rust`] returned, perhaps with changed flags or modes. Only
/// compiled code runs until the state is exchanged again.
#[inline(always)]
pub(crate) unsafe fn restore(state: u32) {
    let state = to_host(state);
    // SAFETY: the caller guarantees that `state` is that of guest code, which alone runs with it.
    unsafe {
        asm!("msr fpcr, {}", "msr fpsr, {}", in(reg) state & 0xFFFF_FFFF, in(reg) state >> 32, options(nostack));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xenia_lifter::float::float_state;

    #[test]
    fn states_survive_the_translation() {
        for flags in 0..=float_state::FLAGS {
            for modes in [0, FLUSH_DENORMALS] {
                let mxcsr = DEFAULT_MXCSR | flags | modes;
                assert_eq!(from_host(to_host(mxcsr)), mxcsr);
            }
        }
        assert_eq!(to_host(DEFAULT_MXCSR), 0);
    }
}
