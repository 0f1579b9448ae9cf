//! `vpkd3d128` and `vupkd3d128`: conversions between packed vertex formats and floats.
//!
//! Components are biased floats: a signed `v` is the bit pattern of 3.0 plus `v`, an unsigned one
//! that of 1.0 plus `v`; the most negative signed value is a NaN. Half floats have no denormals,
//! infinities or NaNs: exponent 0 is zero, and 31 is an ordinary exponent. Components that a format
//! lacks are (0, 0, 0, 1).
//!
//! ```text
//!  format    packed value, the most significant part first
//!  0         w8 x8 y8 z8, unsigned
//!  1, 4      x16 y16, or x16 y16 z16 w16, signed
//!  2         w2 (unsigned) z10 y10 x10
//!  3, 5      x16 y16, or x16 y16 z16 w16, halves
//!  6         w4 (unsigned) z20 y20 x20
//! ```
//! The packed value is in the lowest bits of vB. Packing clamps biased floats to the component's
//! range (a NaN like a value that is too small) and takes their low bits; half floats are
//! truncated, and saturate.

use super::super::Lifter;
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{InstBuilder, Value, types};

const ONE: u32 = 0x3F80_0000;
const THREE: u32 = 0x4040_0000;
const NAN: u32 = 0x7FC0_0000;
/// A float's exponent bias minus a half's, at the exponent's position.
const HALF_BIAS: u32 = 112 << 23;

/// Unpacking to floats.
impl Lifter<'_> {
    /// Unpacks vB into vD. Format 7 is not known to exist and leaves vD unchanged.
    pub(crate) fn unpack_d3d(&mut self, d: usize, b: usize, format: usize) {
        let result = match format {
            0 => self.unpack_color(b),
            1 | 4 => {
                let parts = self.upper_halfwords(b, format == 4);
                let parts = self.b.ins().sshr_imm_s(parts, 16);
                let lowest = self.splat_word(-0x8000_i32 as u32);
                let bias = self.splat_word(THREE);
                let floats = self.biased(parts, bias, lowest);
                self.completed(floats, format == 4)
            }
            3 | 5 => {
                let parts = self.upper_halfwords(b, format == 5);
                let floats = self.halves(parts);
                self.completed(floats, format == 5)
            }
            2 => self.unpack_fields(b, 10),
            6 => self.unpack_fields(b, 20),
            _ => return,
        };
        self.set_vr_as(d, result);
    }

    /// A vector of words, element 0 first.
    fn words_constant(&mut self, words: [u32; 4]) -> Value {
        let bytes = words.map(u32::to_be_bytes);
        self.vector_constant(|k| bytes[usize::from(k / 4)][usize::from(k % 4)])
    }

    fn unpack_color(&mut self, b: usize) -> Value {
        let packed = self.vr(b);
        let ones = self.words_constant([ONE; 4]);
        // Bytes 12 to 15 of vB are w, x, y, z. The other bytes of each word are those of 1.0.
        self.pick_bytes(
            packed,
            ones,
            |k| if k % 4 == 3 { [13, 14, 15, 12][usize::from(k / 4)] } else { 16 + k },
        )
    }

    /// The 16-bit components, two or `four`, in the upper halves of words whose lower halves are 0.
    fn upper_halfwords(&mut self, b: usize, four: bool) -> Value {
        let packed = self.vr(b);
        let zero = self.words_constant([0; 4]);
        let first = if four { 8 } else { 12 };
        let spread = self.pick_bytes(packed, zero, |k| {
            let from = first + 2 * (k / 4) + k % 4;
            if k % 4 < 2 && from < 16 { from } else { 16 }
        });
        self.cast(spread, types::I32X4)
    }

    /// Words plus `bias`; a NaN for those equal to `lowest`.
    fn biased(&mut self, parts: Value, bias: Value, lowest: Value) -> Value {
        let sum = self.b.ins().iadd(parts, bias);
        let is_lowest = self.b.ins().icmp(IntCC::Equal, parts, lowest);
        let nan = self.splat_word(NAN);
        self.b.ins().bitselect(is_lowest, nan, sum)
    }

    /// Floats from half floats in the upper halves of words.
    fn halves(&mut self, parts: Value) -> Value {
        let sign = self.splat_word(0x8000_0000);
        let sign = self.b.ins().band(parts, sign);
        let magnitude = self.splat_word(0x7FFF_0000);
        let magnitude = self.b.ins().band(parts, magnitude);
        let exponent = self.splat_word(0x7C00_0000);
        let exponent = self.b.ins().band(parts, exponent);
        let zero = self.splat_word(0);
        let is_zero = self.b.ins().icmp(IntCC::Equal, exponent, zero);
        // The exponent goes from bits 26 to 30 to those of a float, from 23 on.
        let magnitude = self.b.ins().ushr_imm_s(magnitude, 3);
        let bias = self.splat_word(HALF_BIAS);
        let magnitude = self.b.ins().iadd(magnitude, bias);
        let magnitude = self.b.ins().bitselect(is_zero, zero, magnitude);
        self.b.ins().bor(sign, magnitude)
    }

    /// `floats`, with the last two elements 0 and 1 unless the format has `four` components.
    fn completed(&mut self, floats: Value, four: bool) -> Value {
        let bytes = self.cast(floats, types::I8X16);
        if four {
            return bytes;
        }
        let rest = self.words_constant([0, 0, 0, ONE]);
        self.pick_bytes(bytes, rest, |k| if k < 8 { k } else { 16 + k })
    }

    /// Three signed components of `bits` bits, x lowest, and an unsigned one in the remaining bits
    /// of a word or doubleword.
    fn unpack_fields(&mut self, b: usize, bits: i64) -> Value {
        let (ty, size) = if bits == 10 { (types::I32X4, 32) } else { (types::I64X2, 64) };
        let packed = self.vr_as_lanes(b, ty);
        let packed = self.b.ins().extractlane(packed, 0);
        let mut parts = self.splat_word(0);
        for n in 0..4 {
            // Lane 3 is element 0.
            let part = if n < 3 {
                let top = self.b.ins().ishl_imm_s(packed, size - bits * (n + 1));
                self.b.ins().sshr_imm_s(top, size - bits)
            } else {
                self.b.ins().ushr_imm_s(packed, 3 * bits)
            };
            let part = if size == 64 { self.b.ins().ireduce(types::I32, part) } else { part };
            parts = self.b.ins().insertlane(parts, part, 3 - n as u8);
        }
        let lowest = (-1_i32 << (bits - 1)) as u32;
        // The unsigned component is never negative.
        let lowest = self.words_constant([lowest; 4]);
        let lowest = self.cast(lowest, types::I32X4);
        let bias = self.words_constant([THREE, THREE, THREE, ONE]);
        let bias = self.cast(bias, types::I32X4);
        self.biased(parts, bias, lowest)
    }
}

/// Packing from floats.
impl Lifter<'_> {
    /// Packs vB, and writes 32 or 64 bits of the result to vD, of which word 3 − `z` is the last.
    /// Format 7 and placement 0 are not known to exist and leave vD unchanged.
    pub(crate) fn pack_d3d(&mut self, d: usize, b: usize, immediate: usize, z: u8) {
        let format = immediate >> 2;
        let placement = immediate & 3;
        if placement == 0 {
            return;
        }
        let packed = match format {
            0 => {
                let parts = self.cut_parts(b, [(THREE, THREE + 0xFF); 4]);
                self.gathered(parts, |k| [15, 3, 7, 11].get(usize::from(k.wrapping_sub(12))).copied())
            }
            1 | 4 => {
                let parts = self.cut_parts(b, [signed_range(16); 4]);
                self.gathered_halfwords(parts, format == 4)
            }
            3 | 5 => {
                let halves = self.halves_of(b);
                self.gathered_halfwords(halves, format == 5)
            }
            2 => self.pack_fields(b, 10),
            6 => self.pack_fields(b, 20),
            _ => return,
        };
        let target = self.vr(d);
        // The replaced words of vD, and the packed value's words that replace them.
        let z = z & 3;
        let from = |word: u8| match (placement, z) {
            // Only the lower half fits; with placement 3, the upper half goes to the last word.
            (3, 3) => (word == 3).then_some(2),
            (1, _) | (_, 3) => (word == 3 - z).then_some(3),
            _ => [(2 - z, 2), (3 - z, 3)].into_iter().find(|&(to, _)| to == word).map(|(_, from)| from),
        };
        let result = self.pick_bytes(target, packed, |k| from(k / 4).map_or(k, |word| 16 + 4 * word + k % 4));
        self.set_vr(d, result);
    }

    /// vB's words, each clamped to a range of floats.
    fn cut_parts(&mut self, b: usize, ranges: [(u32, u32); 4]) -> Value {
        let bits = self.vr_as_lanes(b, types::I32X4);
        let [low, high] = [ranges.map(|(low, _)| low), ranges.map(|(_, high)| high)]
            .map(|words| self.words_constant(words));
        let [value, least, greatest] = [bits, low, high].map(|lanes| self.cast(lanes, types::F32X4));
        let [low, high] = [low, high].map(|lanes| self.cast(lanes, types::I32X4));
        let enough = self.b.ins().fcmp(FloatCC::GreaterThan, value, least);
        let cut = self.b.ins().bitselect(enough, bits, low);
        let too_much = self.b.ins().fcmp(FloatCC::GreaterThan, value, greatest);
        self.b.ins().bitselect(too_much, high, cut)
    }

    /// vB's words as half floats, in their lower halves.
    fn halves_of(&mut self, b: usize) -> Value {
        let bits = self.vr_as_lanes(b, types::I32X4);
        let mask = self.splat_word(0x7FFF_FFFF);
        let magnitude = self.b.ins().band(bits, mask);
        let least = self.splat_word(HALF_BIAS + (1 << 23));
        let normal = self.b.ins().icmp(IntCC::SignedGreaterThanOrEqual, magnitude, least);
        let greatest = self.splat_word(HALF_BIAS + (0x7FFF << 13));
        let magnitude = self.b.ins().smin(magnitude, greatest);
        let bias = self.splat_word(HALF_BIAS);
        let half = self.b.ins().isub(magnitude, bias);
        let half = self.b.ins().ushr_imm_s(half, 13);
        let half = self.b.ins().band(half, normal);
        let sign = self.b.ins().ushr_imm_s(bits, 16);
        let mask = self.splat_word(0x8000);
        let sign = self.b.ins().band(sign, mask);
        self.b.ins().bor(half, sign)
    }

    /// Gathers bytes of `parts`; zero where `from` is `None`.
    fn gathered(&mut self, parts: Value, from: impl Fn(u8) -> Option<u8>) -> Value {
        let bytes = self.cast(parts, types::I8X16);
        let zero = self.words_constant([0; 4]);
        self.pick_bytes(bytes, zero, |k| from(k).unwrap_or(16))
    }

    /// The lower halves of the first two, or all `four`, words, at the end of the register.
    fn gathered_halfwords(&mut self, parts: Value, four: bool) -> Value {
        let first = if four { 8 } else { 12 };
        self.gathered(parts, |k| k.checked_sub(first).map(|k| 4 * (k / 2) + 2 + k % 2))
    }

    /// Three signed components of `bits` bits, x lowest, and an unsigned one in the remaining bits
    /// of a word or doubleword.
    fn pack_fields(&mut self, b: usize, bits: u32) -> Value {
        let rest = if bits == 10 { 2 } else { 4 };
        let signed = signed_range(bits);
        let parts = self.cut_parts(b, [signed, signed, signed, (THREE, THREE + (1 << rest) - 1)]);
        let mut all = self.const64(0);
        for n in 0..4 {
            let part = self.b.ins().extractlane(parts, 3 - n);
            let width = if n < 3 { bits } else { rest };
            let part = self.b.ins().band_imm_s(part, (1 << width) - 1);
            let part = self.b.ins().uextend(types::I64, part);
            let part = self.b.ins().ishl_imm_s(part, i64::from(bits) * i64::from(n));
            all = self.b.ins().bor(all, part);
        }
        let zero = self.const64(0);
        let zeros = self.b.ins().splat(types::I64X2, zero);
        let result = self.b.ins().insertlane(zeros, all, 0);
        self.cast(result, types::I8X16)
    }
}

/// Range of biased floats that a signed component of `bits` bits can hold. The most negative
/// integer is excluded.
fn signed_range(bits: u32) -> (u32, u32) {
    let most = (1 << (bits - 1)) - 1;
    (THREE - most, THREE + most)
}
