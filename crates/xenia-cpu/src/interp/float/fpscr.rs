//! Dependencies between the bits of the floating-point status and control register.
//!
//! VX and FEX are summaries that no instruction writes: [`summarize`] derives them after every
//! change. PowerISA 2.02 book I, 4.2.2.

pub(crate) use crate::fpscr::*;

/// Recomputes VX and FEX from the other bits.
#[inline]
pub(crate) fn summarize(fpscr: u32) -> u32 {
    let mut out = fpscr & !(VX | FEX);
    if out & INVALID != 0 {
        out |= VX;
    }
    // VX OX UX ZX XX lie 22 bits above VE OE UE ZE XE.
    if out >> 22 & out & ENABLES != 0 {
        out |= FEX;
    }
    out
}

/// Sets exception bits, and FX if one of them was clear.
#[inline]
pub(crate) fn raise(fpscr: u32, exceptions: u32) -> u32 {
    let fresh = exceptions & !fpscr & EXCEPTIONS != 0;
    summarize(fpscr | exceptions | if fresh { FX } else { 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fx_follows_only_a_bit_that_was_clear() {
        assert_eq!(raise(0, XX), FX | XX);
        assert_eq!(raise(XX, XX), XX);
        assert_eq!(raise(XX, XX | UX), FX | XX | UX);
    }

    #[test]
    fn summaries_follow_bits_and_enables() {
        assert_eq!(raise(0, VXCVI), 0xA000_0100);
        assert_eq!(raise(VE, VXSNAN), FX | FEX | VX | VXSNAN | VE);
        assert_eq!(summarize(FEX | VX), 0);
        for (exception, enable) in [(OX, OE), (UX, UE), (ZX, ZE), (XX, XE)] {
            assert_eq!(summarize(exception | enable), FEX | exception | enable);
            assert_eq!(summarize(exception | (CONTROL & !RN & !enable)) & FEX, 0);
        }
    }
}
