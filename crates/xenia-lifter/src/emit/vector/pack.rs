//! Packs and unpacks of integers and pixels.

use super::super::Lifter;
use super::VectorForm;
use cranelift_codegen::ir::{InstBuilder, Type, Value, types};

/// Signedness of a narrowing with saturation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Narrow {
    /// Signed to signed.
    Signed,
    /// Signed to unsigned.
    Unsigning,
    /// Unsigned to unsigned.
    Unsigned,
}

/// Half of a register: `High` has the elements of lower numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum RegisterHalf {
    High,
    Low,
}

impl Lifter<'_> {
    /// The lanes of `high`, then those of `low` (in host order `low` comes first), narrowed to half
    /// the width. Sets SAT if a lane saturated.
    pub(super) fn narrowed(&mut self, low: Value, high: Value, how: Narrow) -> Value {
        let ty = self.b.func.dfg.value_type(low);
        let words = if ty == types::I16X8 {
            [0xFF00_FF00, 0x00FF_00FF, 0x0080_0080]
        } else {
            [0xFFFF_0000, 0x0000_FFFF, 0x0000_8000]
        };
        let [upper, greatest, offset] = words.map(|word| {
            let lanes = self.splat_word(word);
            self.cast(lanes, ty)
        });
        // A lane is cut if it has bits in its upper half; a signed one if it has some when the
        // least result is moved to 0.
        let [first, second] = [low, high]
            .map(|lanes| if how == Narrow::Signed { self.b.ins().iadd(lanes, offset) } else { lanes });
        let bits = self.b.ins().bor(first, second);
        let over = self.b.ins().band(bits, upper);
        self.saturated_where(over);
        match how {
            Narrow::Signed => self.b.ins().snarrow(low, high),
            Narrow::Unsigning => self.b.ins().unarrow(low, high),
            Narrow::Unsigned => {
                // Cut beforehand, since the host's narrowing treats its input as signed.
                let [low, high] = [low, high].map(|lanes| self.b.ins().umin(lanes, greatest));
                self.b.ins().unarrow(low, high)
            }
        }
    }

    /// Packs the lanes of type `ty` of vA and vB to half the width.
    pub(crate) fn pack(&mut self, form: VectorForm, ty: Type, how: Narrow) {
        let [a, b] = self.operands_as(form, ty);
        let result = self.narrowed(b, a, how);
        self.set_vr_as(form.d, result);
    }

    /// Sign-extends the lanes of one half.
    pub(crate) fn unpack(&mut self, d: usize, b: usize, ty: Type, half: RegisterHalf) {
        let b = self.vr_as_lanes(b, ty);
        let result = self.widened(b, half);
        self.set_vr_as(d, result);
    }

    /// The lanes of one half, sign-extended to twice the width.
    fn widened(&mut self, lanes: Value, half: RegisterHalf) -> Value {
        match half {
            RegisterHalf::High => self.b.ins().swiden_high(lanes),
            RegisterHalf::Low => self.b.ins().swiden_low(lanes),
        }
    }

    /// The bits of `mask` in words that are shifted to the right.
    fn shifted_bits(&mut self, words: Value, shift: i64, mask: u32) -> Value {
        let shifted = self.b.ins().ushr_imm_s(words, shift);
        let mask = self.splat_word(mask);
        self.b.ins().band(shifted, mask)
    }

    /// Packs 8:8:8:8 pixels to 1:5:5:5: the first component keeps its last bit, the others their
    /// first five.
    pub(crate) fn pack_pixels(&mut self, form: VectorForm) {
        let [a, b] = [form.a, form.b].map(|n| {
            let words = self.vr_as_lanes(n, types::I32X4);
            // The first component's last bit is in front of the second's five, so they are moved
            // together.
            let mut pixel = self.shifted_bits(words, 9, 0xFC00);
            for (shift, mask) in [(6, 0x03E0), (3, 0x001F)] {
                let part = self.shifted_bits(words, shift, mask);
                pixel = self.b.ins().bor(pixel, part);
            }
            self.cast(pixel, types::I8X16)
        });
        let result = self.pick_bytes(a, b, |k| 4 * (k / 2) + 2 + k % 2);
        self.set_vr(form.d, result);
    }

    /// Unpacks the 1:5:5:5 pixels of one half: the first bit fills a byte, the other components are
    /// zero-extended.
    pub(crate) fn unpack_pixels(&mut self, d: usize, b: usize, half: RegisterHalf) {
        let b = self.vr_as_lanes(b, types::I16X8);
        let words = self.widened(b, half);
        let mask = self.splat_word(0xFF00_0000);
        // The sign extension has filled this byte with the first bit.
        let mut result = self.b.ins().band(words, mask);
        for (shift, mask) in [(6, 0x001F_0000), (3, 0x1F00), (0, 0x1F)] {
            let part = self.b.ins().ishl_imm_s(words, shift);
            let mask = self.splat_word(mask);
            let part = self.b.ins().band(part, mask);
            result = self.b.ins().bor(result, part);
        }
        self.set_vr_as(d, result);
    }
}
