//! Glue code between a program's exports and the host's pipeline:
//!
//! * positions: undoes divisions already done; applies the viewport transform as a scale and an
//!   offset in the host's clip space ([`HostPosition`](super::HostPosition));
//! * positions are rounded to the chip's steps, which are coarser than the hosts', and then moved;
//! * clipping in the guest's clip space, where its planes differ from the host's, and at user clip
//!   planes;
//! * killed vertices, and primitives that are not drawn: sets their position to NaN;
//! * the alpha test, alpha to mask, and the scale of exported depths;
//! * the scale, range and quantisation of a colour target ([`HostTarget`](super::HostTarget)).

use naga::{
    BinaryOperator as Op, Binding, BuiltIn, Handle, MathFunction, ScalarKind, Statement, Type, UnaryOperator,
};

use super::builder::{Builder, Value};
use super::host_rows::{
    ALPHA_ROW, DIRECT3D_DEPTH, IN_LEVELS, KILLS, MASK_ROW, OFFSET_ROW, PLANE_ROW, PLANES, SCALE_ROW,
    STEP_ROW, TARGET_ROW, W_INVERTED, XY_DIVIDED, Z_DIVIDED,
};
use super::interface::member;
use super::{Translator, types};

/// Largest place in steps that is rounded: floats beyond it have no finer fractions.
const MAX_STEPS: f32 = 4_194_304.0;

/// Output of an entry point.
pub(super) struct EntryOutput {
    /// Name in messages about the shader.
    pub(super) name: String,
    pub(super) ty: Handle<Type>,
    pub(super) binding: Binding,
    pub(super) value: Value,
}

/// Number of clip distances: near, far, and user clip planes.
const CLIP_DISTANCES: u32 = 2 + PLANES;

/// Whether any of these bits is set in a word.
pub(super) fn has_bits(b: &mut Builder, word: Value, bits: u32) -> Value {
    let bits = b.uint(bits);
    let zero = b.uint(0);
    let bits = b.binary(Op::And, word, bits);
    b.binary(Op::NotEqual, bits, zero)
}

impl Translator<'_> {
    /// Row of the host part of the constants, as words.
    pub(super) fn host_row(&self, b: &mut Builder, row: u32) -> Value {
        let constants = b.global(self.constants);
        let rows = b.member(constants, member::HOST);
        let pointer = b.member(rows, row);
        b.load(pointer)
    }

    /// Exported position in the guest's homogeneous clip space, and the flags.
    pub(super) fn homogeneous(&self, b: &mut Builder, position: Value) -> ([Value; 4], Value) {
        let scale = self.host_row(b, SCALE_ROW);
        let flags = b.member(scale, 3);
        let flag = |b: &mut Builder, bit: u32| has_bits(b, flags, bit);
        let [x, y, z, w] = [0, 1, 2, 3].map(|component| b.member(position, component));
        let one = b.float(1.0);
        let inverted = flag(b, W_INVERTED);
        let inverse = b.binary(Op::Divide, one, w);
        let w = b.select(inverted, inverse, w);
        // If x and y need no division, a w that can't be a divisor doesn't matter.
        let xy = flag(b, XY_DIVIDED);
        let zero = b.float(0.0);
        let largest = b.float(f32::MAX);
        let size = b.math(MathFunction::Abs, w);
        let is_finite = b.binary(Op::LessEqual, size, largest);
        let is_some = b.binary(Op::Greater, size, zero);
        let is_usable = b.binary(Op::LogicalAnd, is_finite, is_some);
        let usable = b.select(is_usable, w, one);
        let w = b.select(xy, usable, w);
        let factor = b.select(xy, w, one);
        let x = b.binary(Op::Multiply, x, factor);
        let y = b.binary(Op::Multiply, y, factor);
        let z_divided = flag(b, Z_DIVIDED);
        let factor = b.select(z_divided, w, one);
        let z = b.binary(Op::Multiply, z, factor);
        ([x, y, z, w], flags)
    }

    /// Rounds x or y to the chip's steps, halves to an even one. They are counted from the target's
    /// left or lower side. Vertices behind the eye and far outside of the target keep their place.
    fn stepped(b: &mut Builder, at: Value, w: Value, steps: Value) -> Value {
        let zero = b.float(0.0);
        let most = b.float(MAX_STEPS);
        let divided = b.binary(Op::Divide, at, w);
        let scaled = b.binary(Op::Multiply, divided, steps);
        let place = b.binary(Op::Add, scaled, steps);
        let step = b.math(MathFunction::Round, place);
        let step = b.binary(Op::Subtract, step, steps);
        let rounded = b.binary(Op::Divide, step, steps);
        let rounded = b.binary(Op::Multiply, rounded, w);
        let size = b.math(MathFunction::Abs, place);
        let is_near = b.binary(Op::Less, size, most);
        let is_before = b.binary(Op::Greater, w, zero);
        let has_steps = b.binary(Op::Greater, steps, zero);
        let is_rounded = b.binary(Op::LogicalAnd, is_near, is_before);
        let is_rounded = b.binary(Op::LogicalAnd, is_rounded, has_steps);
        b.select(is_rounded, rounded, at)
    }

    /// Whether an exported kill flag takes the vertex's primitive away.
    pub(super) fn is_killed(&self, b: &mut Builder, flag: Value) -> Value {
        let scale = self.host_row(b, SCALE_ROW);
        let flags = b.member(scale, 3);
        // Any value but zero, of either sign.
        let bits = b.bitcast(flag, ScalarKind::Uint);
        let is_set = has_bits(b, bits, 0x7fff_ffff);
        let counts = has_bits(b, flags, KILLS);
        b.binary(Op::LogicalAnd, is_set, counts)
    }

    /// Entry point outputs for a position in the form that the program exports. `is_gone` says
    /// that its primitive is not drawn.
    pub(super) fn host_position(
        &mut self,
        b: &mut Builder,
        position: Value,
        is_gone: Option<Value>,
        clip: bool,
    ) -> Vec<EntryOutput> {
        let (at, flags) = self.homogeneous(b, position);
        let w = at[3];
        let scale = self.host_row(b, SCALE_ROW);
        let offset = self.host_row(b, OFFSET_ROW);
        let mut out = at;
        for (axis, out) in (0..3).zip(&mut out) {
            let [scale, offset] = [scale, offset].map(|row| {
                let bits = b.member(row, axis);
                b.bitcast(bits, ScalarKind::Float)
            });
            let scaled = b.binary(Op::Multiply, *out, scale);
            let moved = b.binary(Op::Multiply, w, offset);
            *out = b.binary(Op::Add, scaled, moved);
        }
        let row = self.host_row(b, STEP_ROW);
        for (axis, out) in (0..2).zip(&mut out) {
            let [steps, shift] = [axis, axis + 2].map(|component| {
                let bits = b.member(row, component);
                b.bitcast(bits, ScalarKind::Float)
            });
            let rounded = Self::stepped(b, *out, w, steps);
            let moved = b.binary(Op::Multiply, w, shift);
            *out = b.binary(Op::Add, rounded, moved);
        }
        if let Some(is_gone) = is_gone {
            let nan = b.member(offset, 3);
            let nan = b.bitcast(nan, ScalarKind::Float);
            out = out.map(|value| b.select(is_gone, nan, value));
        }
        let vec4 = self.types.vec4;
        let value = b.compose(vec4, &out);
        // Titles draw a surface again with the depth test "equal", with another pixel shader or
        // none, so the position must be invariant.
        let builtin = Binding::BuiltIn(BuiltIn::Position { invariant: true });
        let mut parts = vec![EntryOutput { name: "position".to_owned(), ty: vec4, binding: builtin, value }];
        if clip {
            parts.push(self.clip_distances(b, at, flags));
        }
        parts
    }

    /// Distances of a position from the guest's planes in z and from its user clip planes.
    fn clip_distances(&mut self, b: &mut Builder, at: [Value; 4], flags: Value) -> EntryOutput {
        let [_, _, z, w] = at;
        let from_zero = has_bits(b, flags, DIRECT3D_DEPTH);
        let from_minus_w = b.binary(Op::Add, z, w);
        let near = b.select(from_zero, z, from_minus_w);
        let far = b.binary(Op::Subtract, w, z);
        let mut distances = vec![near, far];
        for plane in 0..PLANES {
            let row = self.host_row(b, PLANE_ROW + plane);
            let mut sum = b.float(0.0);
            for (component, at) in (0..4).zip(at) {
                let factor = b.member(row, component);
                let factor = b.bitcast(factor, ScalarKind::Float);
                let product = b.binary(Op::Multiply, factor, at);
                sum = b.binary(Op::Add, sum, product);
            }
            distances.push(sum);
        }
        let ty = types::array(&mut self.module, self.types.float, Some(CLIP_DISTANCES), 4);
        let value = b.compose(ty, &distances);
        let binding = Binding::BuiltIn(BuiltIn::ClipDistances);
        EntryOutput { name: "clip_distances".to_owned(), ty, binding, value }
    }

    /// Level (0 to 255) nearest to an alpha, by the steps of
    /// [`AlphaTest::level`](xenia_gpu::draw_state::AlphaTest::level).
    fn level(b: &mut Builder, alpha: Value) -> Value {
        let [zero, half, one, steps] = [0.0, 0.5, 1.0, 256.0].map(|value| b.float(value));
        let is_positive = b.binary(Op::Greater, alpha, zero);
        let alpha = b.select(is_positive, alpha, zero);
        let is_below_one = b.binary(Op::Less, alpha, one);
        let alpha = b.select(is_below_one, alpha, one);
        // alpha * 255 is this less alpha; unlike a product with 255, both parts are exact.
        let scaled = b.binary(Op::Multiply, alpha, steps);
        let whole = b.math(MathFunction::Floor, scaled);
        let rest = b.binary(Op::Subtract, scaled, whole);
        let lowered = b.binary(Op::Subtract, rest, half);
        let is_up = b.binary(Op::GreaterEqual, lowered, alpha);
        let least = b.binary(Op::Subtract, alpha, half);
        let is_down = b.binary(Op::Less, rest, least);
        let up = b.select(is_up, one, zero);
        let down = b.select(is_down, one, zero);
        let level = b.binary(Op::Add, whole, up);
        b.binary(Op::Subtract, level, down)
    }

    /// Discards pixels that fail the alpha test.
    pub(super) fn alpha_test(&mut self, b: &mut Builder, color: Value) {
        let row = self.host_row(b, ALPHA_ROW);
        let function = b.member(row, 0);
        let reference = b.member(row, 1);
        let reference = b.bitcast(reference, ScalarKind::Float);
        let alpha = b.member(color, 3);
        let in_levels = has_bits(b, function, IN_LEVELS);
        let level = Self::level(b, alpha);
        let alpha = b.select(in_levels, level, alpha);
        let zero = b.uint(0);
        // In the function's bits, bit 0 passes smaller values, bit 1 equal ones, bit 2 larger ones.
        let mut passes = b.boolean(false);
        for (bit, op) in [(1, Op::Less), (2, Op::Equal), (4, Op::Greater)] {
            let bit = b.uint(bit);
            let bits = b.binary(Op::And, function, bit);
            let wanted = b.binary(Op::NotEqual, bits, zero);
            let holds = b.binary(op, alpha, reference);
            let both = b.binary(Op::LogicalAnd, wanted, holds);
            passes = b.binary(Op::LogicalOr, passes, both);
        }
        // NaN passes "not equal" and "always".
        let five = b.uint(5);
        let bits = b.binary(Op::And, function, five);
        let wanted = b.binary(Op::Equal, bits, five);
        let is_nan = [alpha, reference].map(|value| b.binary(Op::NotEqual, value, value));
        let is_nan = b.binary(Op::LogicalOr, is_nan[0], is_nan[1]);
        let both = b.binary(Op::LogicalAnd, wanted, is_nan);
        passes = b.binary(Op::LogicalOr, passes, both);
        let fails = b.unary(UnaryOperator::LogicalNot, passes);
        b.when(fails, |b| b.statement(Statement::Kill));
    }

    /// Mask of the host samples that alpha lets pass, in the pixel at a position. Pixels without
    /// any are discarded: a target with one sample has no mask.
    pub(super) fn alpha_mask(&mut self, b: &mut Builder, color: Value, place: [Value; 2]) -> Value {
        let alpha = b.member(color, 3);
        let least = self.host_row(b, MASK_ROW);
        let lowered = self.host_row(b, MASK_ROW + 1);
        let lowered = [0, 1, 2, 3].map(|pixel| {
            let bits = b.member(lowered, pixel);
            b.bitcast(bits, ScalarKind::Float)
        });
        let [x_odd, y_odd] = place.map(|at| {
            let at = b.convert(at, ScalarKind::Uint);
            has_bits(b, at, 1)
        });
        let [even, odd] = [0, 2].map(|x: usize| b.select(y_odd, lowered[x + 1], lowered[x]));
        let lowered = b.select(x_odd, odd, even);
        let zero = b.uint(0);
        let mut mask = zero;
        for sample in 0..4 {
            let least = b.member(least, sample);
            let least = b.bitcast(least, ScalarKind::Float);
            let least = b.binary(Op::Subtract, least, lowered);
            let is_drawn = b.binary(Op::GreaterEqual, alpha, least);
            let bit = b.uint(1 << sample);
            let bit = b.select(is_drawn, bit, zero);
            mask = b.binary(Op::InclusiveOr, mask, bit);
        }
        let is_empty = b.binary(Op::Equal, mask, zero);
        b.when(is_empty, |b| b.statement(Statement::Kill));
        mask
    }

    /// Place of a host pixel's middle in guest pixels, whose middles are whole numbers; at least
    /// zero, for the sign has a meaning of its own. `at` is the host pixel's number.
    pub(super) fn guest_place(&mut self, b: &mut Builder, at: Value) -> Value {
        let row = self.host_row(b, ALPHA_ROW);
        let step = b.member(row, 3);
        let step = b.bitcast(step, ScalarKind::Float);
        let half = b.float(0.5);
        let zero = b.float(0.0);
        // (at + 1/2) * step, less the 1/2 by which the middle of guest pixel 0 becomes 0.
        let middle = b.binary(Op::Multiply, step, half);
        let middle = b.binary(Op::Subtract, middle, half);
        let place = b.binary(Op::Multiply, at, step);
        let place = b.binary(Op::Add, place, middle);
        let is_inside = b.binary(Op::Greater, place, zero);
        b.select(is_inside, place, zero)
    }

    /// Converts a depth to the range of the host's target, which not all hosts clamp it to; NaN
    /// becomes zero.
    pub(super) fn host_depth(&mut self, b: &mut Builder, depth: Value) -> Value {
        let row = self.host_row(b, ALPHA_ROW);
        let scale = b.member(row, 2);
        let scale = b.bitcast(scale, ScalarKind::Float);
        let depth = b.binary(Op::Multiply, depth, scale);
        let one = b.float(1.0);
        let zero = b.float(0.0);
        let is_below = b.binary(Op::Less, depth, one);
        let limited = b.select(is_below, depth, one);
        let is_positive = b.binary(Op::Greater, depth, zero);
        b.select(is_positive, limited, zero)
    }

    /// Converts a colour for its target: scaled, clamped to the range of the format, and quantised.
    pub(super) fn host_color(&mut self, b: &mut Builder, target: u32, color: Value) -> Value {
        let first = self.host_row(b, TARGET_ROW + 2 * target);
        let second = self.host_row(b, TARGET_ROW + 2 * target + 1);
        let float = |b: &mut Builder, row: Value, member: u32| {
            let bits = b.member(row, member);
            b.bitcast(bits, ScalarKind::Float)
        };
        let scale = float(b, first, 0);
        let ranges = [(float(b, first, 1), float(b, first, 2)), (float(b, second, 0), float(b, second, 1))];
        let steps = [float(b, second, 2), float(b, second, 3)];
        let zero = b.float(0.0);
        let half = b.float(0.5);
        let least = b.float(f32::MIN);
        let parts = [0, 1, 2, 3].map(|component| {
            let (low, high) = ranges[usize::from(component == 3)];
            let steps = steps[usize::from(component == 3)];
            let value = b.member(color, component);
            let value = b.binary(Op::Multiply, value, scale);
            // NaN becomes zero in a range that has ends.
            let is_low = b.binary(Op::LessEqual, value, low);
            let limited = b.select(is_low, low, zero);
            let above = b.binary(Op::Greater, value, low);
            let limited = b.select(above, value, limited);
            let below = b.binary(Op::Less, limited, high);
            let limited = b.select(below, limited, high);
            let is_bounded = b.binary(Op::GreaterEqual, low, least);
            let value = b.select(is_bounded, limited, value);
            let scaled = b.binary(Op::Multiply, value, steps);
            let moved = b.binary(Op::Add, scaled, half);
            let step = b.math(MathFunction::Floor, moved);
            let rounded = b.binary(Op::Divide, step, steps);
            let rounds = b.binary(Op::Greater, steps, zero);
            b.select(rounds, rounded, value)
        });
        b.compose(self.types.vec4, &parts)
    }
}
