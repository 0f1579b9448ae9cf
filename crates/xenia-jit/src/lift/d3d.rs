//! `vupkd3d128`: vertex formats to floats.
//!
//! Parts arrive as biased floats: a signed `v` as the pattern of 3.0 plus `v`, an unsigned one as that of
//! 1.0 plus `v`; the most negative signed value as a NaN. Halves have neither denormals nor infinities nor NaNs:
//! exponent 0 is zero, and 31 an exponent like others. Elements that a format lacks are (0, 0, 0, 1).
//!
//! ```text
//!  format    packed value, the most significant part first
//!  0         w8 x8 y8 z8, unsigned
//!  1, 4      x16 y16, or x16 y16 z16 w16, signed
//!  2         w2 (unsigned) z10 y10 x10
//!  3, 5      x16 y16, or x16 y16 z16 w16, halves
//!  6         w4 (unsigned) z20 y20 x20
//! ```
//! It lies in the lowest bits of vB.

use super::Lifter;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Value, types};

const ONE: u32 = 0x3F80_0000;
const THREE: u32 = 0x4040_0000;
const NAN: u32 = 0x7FC0_0000;
/// A float's exponent bias less a half's, in place.
const HALF_BIAS: u32 = 112 << 23;

impl Lifter<'_> {
    /// Unpacks vB into vD. Format 7 is not known to exist, and leaves vD alone.
    pub(super) fn unpack_d3d(&mut self, d: usize, b: usize, format: usize) {
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

    /// The parts of 16 bits, two or `four` of them, in the upper halves of words whose lower halves are 0.
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

    /// Words plus `bias`; a NaN for those that equal `lowest`.
    fn biased(&mut self, parts: Value, bias: Value, lowest: Value) -> Value {
        let sum = self.b.ins().iadd(parts, bias);
        let is_lowest = self.b.ins().icmp(IntCC::Equal, parts, lowest);
        let nan = self.splat_word(NAN);
        self.b.ins().bitselect(is_lowest, nan, sum)
    }

    /// Floats from halves in the upper halves of words.
    fn halves(&mut self, parts: Value) -> Value {
        let sign = self.splat_word(0x8000_0000);
        let sign = self.b.ins().band(parts, sign);
        let magnitude = self.splat_word(0x7FFF_0000);
        let magnitude = self.b.ins().band(parts, magnitude);
        let exponent = self.splat_word(0x7C00_0000);
        let exponent = self.b.ins().band(parts, exponent);
        let zero = self.splat_word(0);
        let is_zero = self.b.ins().icmp(IntCC::Equal, exponent, zero);
        let magnitude = self.b.ins().ushr_imm_s(magnitude, 3);
        let bias = self.splat_word(HALF_BIAS);
        let magnitude = self.b.ins().iadd(magnitude, bias);
        let magnitude = self.b.ins().bitselect(is_zero, zero, magnitude);
        self.b.ins().bor(sign, magnitude)
    }

    /// `floats`, whose last two elements are 0 and 1 unless the format has them.
    fn completed(&mut self, floats: Value, four: bool) -> Value {
        let bytes = self.cast(floats, types::I8X16);
        if four {
            return bytes;
        }
        let rest = self.words_constant([0, 0, 0, ONE]);
        self.pick_bytes(bytes, rest, |k| if k < 8 { k } else { 16 + k })
    }

    /// Three signed parts of `bits` bits, x lowest, and an unsigned one in what is left of a word or doubleword.
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
        // The unsigned part is never negative.
        let lowest = self.words_constant([lowest; 4]);
        let lowest = self.cast(lowest, types::I32X4);
        let bias = self.words_constant([THREE, THREE, THREE, ONE]);
        let bias = self.cast(bias, types::I32X4);
        self.biased(parts, bias, lowest)
    }
}
