//! Modes: machine state that is a constant of compiled code.
//!
//! The computation mode and the floating-point control bits affect nearly every instruction, and
//! each compare copies XER\[SO\], but hardly any program changes them. Code is therefore
//! specialised for a [`Mode`]. Each mode has a separate code cache, and an instruction that changes
//! the mode leaves compiled code. The interpreter runs states that no mode describes.

use xenia_cpu::fpscr::CONTROL;
use xenia_cpu::{PpcContext, msr_bit};

/// The bits of MSR that compiled code depends on.
pub(crate) const MODE_BITS: u64 =
    msr_bit::SF | msr_bit::FP | msr_bit::VEC | msr_bit::FE0 | msr_bit::FE1 | msr_bit::PR;
/// MSR bits with one fixed value in all compiled code: floating point and vectors available,
/// floating-point exceptions disabled, privileged.
const FIXED_BITS: u64 = MODE_BITS & !msr_bit::SF;

/// A mode, for which code is specialised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Mode {
    /// 64-bit computation mode: MSR\[SF\].
    pub wide: bool,
    /// FPSCR has a rounding mode other than to nearest, or enables exceptions: arithmetic is done
    /// in software.
    pub controlled: bool,
    /// XER\[SO\] is set; compares and record forms copy it.
    pub overflowed: bool,
}

impl Mode {
    /// Number of different modes.
    pub const COUNT: usize = 8;

    /// The mode of a context, or `None` for a state that the interpreter must run.
    #[inline]
    pub fn of(ctx: &PpcContext) -> Option<Self> {
        let fit = ctx.msr & FIXED_BITS == msr_bit::FP | msr_bit::VEC;
        let wide = ctx.sf();
        let controlled = ctx.fpscr & CONTROL != 0;
        fit.then_some(Self { wide, controlled, overflowed: ctx.xer_so != 0 })
    }

    /// A number below [`Self::COUNT`].
    #[inline]
    pub fn index(self) -> usize {
        usize::from(self.wide) | usize::from(self.controlled) << 1 | usize::from(self.overflowed) << 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_has_at_most_one_mode() {
        let mut ctx = PpcContext::default();
        assert_eq!(Mode::of(&ctx), Some(Mode::default()));
        ctx.fpscr = 0x8200_0004;
        assert_eq!(Mode::of(&ctx), Some(Mode::default()), "status and NI change nothing");
        ctx.fpscr = 1;
        ctx.msr |= msr_bit::SF;
        ctx.xer_so = 1;
        let mode = Mode { wide: true, controlled: true, overflowed: true };
        assert_eq!(Mode::of(&ctx), Some(mode));
        assert_eq!(mode.index(), Mode::COUNT - 1);
        for bit in [msr_bit::PR, msr_bit::FE0, msr_bit::FE1] {
            assert_eq!(Mode::of(&PpcContext { msr: ctx.msr | bit, ..ctx.clone() }), None);
        }
        ctx.msr &= !msr_bit::FP;
        assert_eq!(Mode::of(&ctx), None);
    }
}
