//! `vpkd3d128` and `vupkd3d128`: packing and unpacking of vertex formats.
//!
//! The unpacked integers are biased floats: a value `v` is represented as `3.0 + v × 2^-22`, so
//! that packing is clamping and taking low bits, and unpacking is an addition to the pattern of 3.0
//! (or 1.0 for unsigned parts). The most negative integer of a signed part unpacks to a NaN. Halves
//! have no infinities, NaNs or denormals. Sources: the VMX128 notes, and conversions in titles.

use super::lanes::{join_u32, split_u32};

const ONE: u32 = 0x3F80_0000;
const THREE: u32 = 0x4040_0000;
const NAN: u32 = 0x7FC0_0000;

/// Clamps a float to `low..=high` and keeps the bits of `mask`; a NaN counts as `low`.
fn clamped(bits: u32, low: u32, high: u32, mask: u32) -> u128 {
    let value = f32::from_bits(bits);
    let clamped = if value > f32::from_bits(high) {
        high
    } else if value > f32::from_bits(low) {
        bits
    } else {
        low
    };
    u128::from(clamped & mask)
}

/// A signed part of `count` bits.
fn pack_signed(bits: u32, count: u32) -> u128 {
    let half = 1 << (count - 1);
    clamped(bits, THREE - (half - 1), THREE + (half - 1), (1 << count) - 1)
}

/// An unsigned part of `count` bits.
fn pack_unsigned(bits: u32, count: u32) -> u128 {
    let mask = (1 << count) - 1;
    clamped(bits, THREE, THREE + mask, mask)
}

fn unpack_signed(value: u128, count: u32) -> u32 {
    let extended = ((value as u32) << (32 - count)) as i32 >> (32 - count);
    if extended == -1 << (count - 1) { NAN } else { THREE.wrapping_add_signed(extended) }
}

/// Converts a float to a half: truncated, saturated; values that are too small become zero.
fn pack_half(bits: u32) -> u128 {
    let magnitude = bits & 0x7FFF_FFFF;
    // From 131,008, the greatest half, down to 2^-14, the least that is not denormal.
    let half = if magnitude >= 0x47FF_E000 {
        0x7FFF
    } else if magnitude < 0x3880_0000 {
        0
    } else {
        // The exponent's bias falls from 127 to 15, the fraction from 23 bits to 10.
        (magnitude - 0x3800_0000) >> 13
    };
    u128::from(half | bits >> 16 & 0x8000)
}

/// Converts a half to a float; exponent 31 is an ordinary exponent, exponent 0 means zero.
fn unpack_half(value: u128) -> u32 {
    let half = value as u32 & 0xFFFF;
    let sign = (half & 0x8000) << 16;
    if half & 0x7C00 == 0 { sign } else { sign | (((half & 0x7FFF) << 13) + 0x3800_0000) }
}

/// The packed value of `format` (IMM\[4:2\]), at most 64 bits; `None` for the undefined format.
fn packed(b: u128, format: usize) -> Option<u128> {
    let [x, y, z, w] = split_u32(b);
    Some(match format {
        0 => {
            let byte = |bits| pack_unsigned(bits, 8);
            byte(w) << 24 | byte(x) << 16 | byte(y) << 8 | byte(z)
        }
        1 => pack_signed(x, 16) << 16 | pack_signed(y, 16),
        2 => {
            let part = |bits| pack_signed(bits, 10);
            pack_unsigned(w, 2) << 30 | part(z) << 20 | part(y) << 10 | part(x)
        }
        3 => pack_half(x) << 16 | pack_half(y),
        4 => {
            let part = |bits| pack_signed(bits, 16);
            part(x) << 48 | part(y) << 32 | part(z) << 16 | part(w)
        }
        5 => pack_half(x) << 48 | pack_half(y) << 32 | pack_half(z) << 16 | pack_half(w),
        6 => {
            let part = |bits| pack_signed(bits, 20);
            pack_unsigned(w, 4) << 60 | part(z) << 40 | part(y) << 20 | part(x)
        }
        _ => return None,
    })
}

/// `vpkd3d128`: packs vB and inserts 32 or 64 bits of it into vD.
///
/// Unsure: format 7 and the placement IMM\[1:0\] = 0 are not known to exist; they leave vD
/// unchanged.
pub(crate) fn vpkd3d128(d: u128, b: u128, immediate: usize, z: usize) -> u128 {
    let Some(value) = packed(b, immediate >> 2) else {
        return d;
    };
    let shift = 32 * (z & 3);
    let low = 0xFFFF_FFFF << shift;
    let (value, mask) = match (immediate & 3, z & 3) {
        (0, _) => return d,
        (1, _) => (value << shift, low),
        // 64 bits whose lower half goes to word 3 − z. The upper half is dropped for z = 3, except
        // that placement 3 then stores the upper half, at word 3.
        (3, 3) => (value >> 32, 0xFFFF_FFFF),
        (_, 3) => (value << shift, low),
        _ => (value << shift, low | low << 32),
    };
    d & !mask | value & mask
}

/// `vupkd3d128`: unpacks the low 32 or 64 bits of vB; `None` for the undefined format.
pub(crate) fn vupkd3d128(b: u128, immediate: usize) -> Option<u128> {
    Some(join_u32(match immediate >> 2 {
        0 => [16, 8, 0, 24].map(|shift| ONE | (b >> shift) as u32 & 0xFF),
        1 => [unpack_signed(b >> 16, 16), unpack_signed(b, 16), 0, ONE],
        2 => {
            let part = |shift: u32| unpack_signed(b >> shift, 10);
            [part(0), part(10), part(20), ONE + ((b >> 30) as u32 & 3)]
        }
        3 => [unpack_half(b >> 16), unpack_half(b), 0, ONE],
        4 => [48, 32, 16, 0].map(|shift| unpack_signed(b >> shift, 16)),
        5 => [48, 32, 16, 0].map(|shift| unpack_half(b >> shift)),
        6 => {
            let part = |shift: u32| unpack_signed(b >> shift, 20);
            [part(0), part(20), part(40), ONE + ((b >> 60) as u32 & 15)]
        }
        _ => return None,
    }))
}
