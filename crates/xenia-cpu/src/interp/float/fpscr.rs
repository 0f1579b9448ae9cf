//! The bits of the floating-point status and control register, and how they follow from each other.
//!
//! NI (bit 2, non-IEEE mode) can be written and read and changes nothing: hardware of the family does not
//! implement it. VX and FEX are summaries: nothing writes them, [`summarize`] derives them after every change.
//! PowerISA 2.02 book I, 4.2.2.

/// Exception summary: some exception bit went from 0 to 1.
pub(crate) const FX: u32 = 1 << 31;
/// Some enabled exception bit is set.
pub(crate) const FEX: u32 = 1 << 30;
/// Some VX* bit is set.
pub(crate) const VX: u32 = 1 << 29;
/// Overflow.
pub(crate) const OX: u32 = 1 << 28;
/// Underflow.
pub(crate) const UX: u32 = 1 << 27;
/// Zero divide.
pub(crate) const ZX: u32 = 1 << 26;
/// Inexact.
pub(crate) const XX: u32 = 1 << 25;
/// Invalid: signalling NaN.
pub(crate) const VXSNAN: u32 = 1 << 24;
/// Invalid: infinity − infinity.
pub(crate) const VXISI: u32 = 1 << 23;
/// Invalid: infinity ÷ infinity.
pub(crate) const VXIDI: u32 = 1 << 22;
/// Invalid: zero ÷ zero.
pub(crate) const VXZDZ: u32 = 1 << 21;
/// Invalid: infinity × zero.
pub(crate) const VXIMZ: u32 = 1 << 20;
/// Invalid: ordered compare of a NaN.
pub(crate) const VXVC: u32 = 1 << 19;
/// The last result's magnitude was increased by rounding.
pub(crate) const FR: u32 = 1 << 18;
/// The last result is inexact.
pub(crate) const FI: u32 = 1 << 17;
/// Class of the last result, 5 bits; the lower four are FPCC.
pub(crate) const FPRF: u32 = 0x1F << FPRF_SHIFT;
/// FPRF's place.
pub(crate) const FPRF_SHIFT: u32 = 12;
/// FPCC: the compare part of FPRF.
pub(crate) const FPCC: u32 = 0xF << FPRF_SHIFT;
/// Invalid: square root of a negative number.
pub(crate) const VXSQRT: u32 = 1 << 9;
/// Invalid: conversion to integer.
pub(crate) const VXCVI: u32 = 1 << 8;
/// Invalid-operation exceptions enabled.
pub(crate) const VE: u32 = 1 << 7;
/// Overflow exceptions enabled.
pub(crate) const OE: u32 = 1 << 6;
/// Underflow exceptions enabled.
pub(crate) const UE: u32 = 1 << 5;
/// Zero-divide exceptions enabled.
pub(crate) const ZE: u32 = 1 << 4;
/// Inexact exceptions enabled.
pub(crate) const XE: u32 = 1 << 3;
/// Rounding mode, 2 bits: nearest even, toward zero, up, down.
pub(crate) const RN: u32 = 3;

/// VXSOFT: set by software only.
const VXSOFT: u32 = 1 << 10;
/// Every VX* bit.
const VX_ALL: u32 = VXSNAN | VXISI | VXIDI | VXZDZ | VXIMZ | VXVC | VXSOFT | VXSQRT | VXCVI;
/// Every sticky exception bit except FX.
pub(crate) const EXCEPTIONS: u32 = OX | UX | ZX | XX | VX_ALL;
/// What instructions may write: not the summaries, not the bit that does not exist.
pub(crate) const WRITABLE: u32 = !(FEX | VX | 1 << 11);
/// All that makes arithmetic differ from nearest-even IEEE arithmetic without traps.
pub(crate) const CONTROL: u32 = VE | OE | UE | ZE | XE | RN;

/// FPRF codes.
pub(crate) mod class {
    /// Quiet NaN.
    pub(crate) const QNAN: u32 = 0x11;
    /// −infinity.
    pub(crate) const NEGATIVE_INFINITY: u32 = 0x09;
    /// −normalised.
    pub(crate) const NEGATIVE_NORMAL: u32 = 0x08;
    /// −denormalised.
    pub(crate) const NEGATIVE_DENORMAL: u32 = 0x18;
    /// −zero.
    pub(crate) const NEGATIVE_ZERO: u32 = 0x12;
    /// +zero.
    pub(crate) const POSITIVE_ZERO: u32 = 0x02;
    /// +denormalised.
    pub(crate) const POSITIVE_DENORMAL: u32 = 0x14;
    /// +normalised.
    pub(crate) const POSITIVE_NORMAL: u32 = 0x04;
    /// +infinity.
    pub(crate) const POSITIVE_INFINITY: u32 = 0x05;
}

/// Brings VX and FEX in line with the other bits.
#[inline]
pub(crate) fn summarize(fpscr: u32) -> u32 {
    let mut out = fpscr & !(VX | FEX);
    if out & VX_ALL != 0 {
        out |= VX;
    }
    // VX OX UX ZX XX lie 22 bits above VE OE UE ZE XE.
    if out >> 22 & out & (VE | OE | UE | ZE | XE) != 0 {
        out |= FEX;
    }
    out
}

/// Sets exception bits; FX follows if one of them was clear.
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
