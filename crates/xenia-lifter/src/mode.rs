//! Modes: machine state that is a constant of compiled code.
//!
//! The computation mode and the floating-point control bits affect nearly every instruction, and
//! each compare copies XER\[SO\], but hardly any program changes them. Code is therefore
//! specialised for a [`Mode`]. Each mode has a separate code cache, and an instruction that changes
//! the mode leaves compiled code. The interpreter runs states that no mode describes, among them
//! those in which floating-point arithmetic may raise an exception: FPSCR enables one, and MSR
//! delivers it.

use xenia_cpu::fpscr::{CONTROL, ENABLES, FEX};
use xenia_cpu::{PpcContext, msr_bit};

/// MSR bits with one fixed value in all compiled code: floating point and vectors available,
/// privileged.
const FIXED_BITS: u64 = msr_bit::FP | msr_bit::VEC | msr_bit::PR;
/// The bits of MSR that deliver floating-point exceptions, if one is set.
pub(crate) const DELIVERY_BITS: u64 = msr_bit::FE0 | msr_bit::FE1;
/// The bits of MSR that compiled code depends on.
pub(crate) const MODE_BITS: u64 = FIXED_BITS | DELIVERY_BITS | msr_bit::SF;

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
        let raises = ctx.msr & DELIVERY_BITS != 0 && ctx.fpscr & (ENABLES | FEX) != 0;
        let fit = ctx.msr & FIXED_BITS == msr_bit::FP | msr_bit::VEC && !raises;
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
        assert_eq!(Mode::of(&PpcContext { msr: ctx.msr | msr_bit::PR, ..ctx.clone() }), None);
        ctx.msr &= !msr_bit::FP;
        assert_eq!(Mode::of(&ctx), None);
    }

    #[test]
    fn exceptions_that_would_be_delivered_are_the_interpreters() {
        for bit in [msr_bit::FE0, msr_bit::FE1, DELIVERY_BITS] {
            let mut ctx = PpcContext::default();
            ctx.msr |= bit;
            assert_eq!(Mode::of(&ctx), Some(Mode::default()), "none is enabled");
            ctx.fpscr = 0xBFFF_F701;
            let mode = Mode { controlled: true, ..Mode::default() };
            assert_eq!(Mode::of(&ctx), Some(mode), "status and a rounding mode");
            for enable in (3..8).map(|n| 1_u32 << n) {
                let raising = PpcContext { fpscr: enable, ..ctx.clone() };
                assert_eq!(Mode::of(&raising), None, "{enable:#x}");
                let quiet = PpcContext { msr: ctx.msr & !DELIVERY_BITS, ..raising };
                assert_eq!(Mode::of(&quiet), Some(mode), "{enable:#x}");
            }
            ctx.fpscr = FEX;
            assert_eq!(Mode::of(&ctx), None, "a summary that no enable explains");
        }
    }
}
