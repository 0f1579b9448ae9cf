//! Bits of the floating-point status and control register: PowerISA 2.02 book I, 4.2.2.
//!
//! NI (bit 2, non-IEEE mode) can be written and read but has no effect: hardware of the family does
//! not implement it. How the bits are set is up to each engine.

/// Exception summary: an exception bit went from 0 to 1.
pub const FX: u32 = 1 << 31;
/// Summary: an enabled exception bit is set.
pub const FEX: u32 = 1 << 30;
/// Summary: a VX* bit is set.
pub const VX: u32 = 1 << 29;
/// An overflow exception occurred.
pub const OX: u32 = 1 << 28;
/// An underflow exception occurred.
pub const UX: u32 = 1 << 27;
/// A zero-divide exception occurred.
pub const ZX: u32 = 1 << 26;
/// An inexact exception occurred.
pub const XX: u32 = 1 << 25;
/// Invalid: signalling NaN.
pub const VXSNAN: u32 = 1 << 24;
/// Invalid: infinity − infinity.
pub const VXISI: u32 = 1 << 23;
/// Invalid: infinity ÷ infinity.
pub const VXIDI: u32 = 1 << 22;
/// Invalid: zero ÷ zero.
pub const VXZDZ: u32 = 1 << 21;
/// Invalid: infinity × zero.
pub const VXIMZ: u32 = 1 << 20;
/// Invalid: ordered compare of a NaN.
pub const VXVC: u32 = 1 << 19;
/// The last result's magnitude was increased by rounding.
pub const FR: u32 = 1 << 18;
/// The last result is inexact.
pub const FI: u32 = 1 << 17;
/// Class of the last result, 5 bits; the lower four are FPCC.
pub const FPRF: u32 = 0x1F << FPRF_SHIFT;
pub const FPRF_SHIFT: u32 = 12;
/// C: the class descriptor, FPRF's first bit.
pub const CLASS: u32 = 1 << 16;
/// FPCC: the compare part of FPRF.
pub const FPCC: u32 = 0xF << FPRF_SHIFT;
/// Invalid: square root of a negative number.
pub const VXSQRT: u32 = 1 << 9;
/// Invalid: conversion to integer.
pub const VXCVI: u32 = 1 << 8;
/// Invalid-operation exceptions enabled.
pub const VE: u32 = 1 << 7;
/// Overflow exceptions enabled.
pub const OE: u32 = 1 << 6;
/// Underflow exceptions enabled.
pub const UE: u32 = 1 << 5;
/// Zero-divide exceptions enabled.
pub const ZE: u32 = 1 << 4;
/// Inexact exceptions enabled.
pub const XE: u32 = 1 << 3;
/// Non-IEEE mode, without effect.
pub const NI: u32 = 1 << 2;
/// Rounding mode, 2 bits: nearest even, toward zero, up, down.
pub const RN: u32 = 3;

/// Invalid: set by software only.
pub const VXSOFT: u32 = 1 << 10;
/// Every VX* bit.
pub const INVALID: u32 = VXSNAN | VXISI | VXIDI | VXZDZ | VXIMZ | VXVC | VXSOFT | VXSQRT | VXCVI;
/// Every sticky exception bit except FX.
pub const EXCEPTIONS: u32 = OX | UX | ZX | XX | INVALID;
/// Bits that instructions can write: all except the summaries and the unimplemented bit.
pub const WRITABLE: u32 = !(FEX | VX | 1 << 11);
/// Enables of exceptions, which MSR\[FE0\] and MSR\[FE1\] deliver.
pub const ENABLES: u32 = VE | OE | UE | ZE | XE;
/// Control bits that make arithmetic differ from nearest-even IEEE arithmetic without traps.
pub const CONTROL: u32 = ENABLES | RN;

/// Result-class codes of FPRF.
pub mod class {
    /// A quiet NaN.
    pub const QNAN: u32 = 0x11;
    /// Infinity below 0.
    pub const NEGATIVE_INFINITY: u32 = 0x09;
    /// A normal number below 0.
    pub const NEGATIVE_NORMAL: u32 = 0x08;
    /// A denormal number below 0.
    pub const NEGATIVE_DENORMAL: u32 = 0x18;
    /// Zero of negative sign.
    pub const NEGATIVE_ZERO: u32 = 0x12;
    /// Zero of positive sign.
    pub const POSITIVE_ZERO: u32 = 0x02;
    /// A denormal number above 0.
    pub const POSITIVE_DENORMAL: u32 = 0x14;
    /// A normal number above 0.
    pub const POSITIVE_NORMAL: u32 = 0x04;
    /// Infinity above 0.
    pub const POSITIVE_INFINITY: u32 = 0x05;
}
