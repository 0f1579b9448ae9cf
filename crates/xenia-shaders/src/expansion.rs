//! Expansion of rectangles, points and lines to triangles in the vertex stage: hosts lack
//! rectangles, and cover other pixels by points and lines.
//!
//! Each host vertex is one of the six corners of a primitive's two triangles. It runs the program
//! for all guest vertices of its primitive, and finds its corner by the steps of xenia-gpu's
//! `geometry`, in the same order.

mod lines;

use std::collections::BTreeMap;

use naga::{
    BinaryOperator as Op, Block, Function, Handle, LocalVariable, ScalarKind, Statement, UnaryOperator,
};
use xenia_gpu::draw_state::INTERPOLATORS;
use xenia_gpu::microcode::Program;

use super::builder::{Builder, Value};
use super::host::has_bits;
use super::{Expansion, Interpolators, Translator, host_rows, types};

/// Sets of corners, one bit each. The triangles of a rectangle are its three vertices, and the two
/// ends of its longest side with the fourth corner in between. Those of points and lines share
/// their first corner.
mod corners {
    /// Lower corners of points; corners at the second end of lines.
    pub(super) const SECOND: u32 = 0b11_0100;
    /// Right corners of points; corners of lines on the side of larger coordinates.
    pub(super) const LARGER: u32 = 0b01_0110;
}

/// Vertex in the form that the program exports.
pub(super) struct VertexResult {
    pub(super) position: Value,
    pub(super) interpolators: Vec<Value>,
    /// Whether the vertex's primitive is not drawn, if that is possible.
    pub(super) is_gone: Option<Value>,
}

/// Place of a host vertex.
struct Place {
    /// Number of the primitive.
    primitive: Value,
    /// Number of the corner, below [`Expansion::CORNERS`].
    corner: Value,
}

/// Exports of a primitive's vertices: an array for each export that the program writes.
struct Exports(BTreeMap<u8, Handle<LocalVariable>>);

impl Exports {
    /// Export of a vertex; zero if the program doesn't write it.
    fn value_of(&self, translator: &Translator<'_>, b: &mut Builder, export: u8, vertex: Value) -> Value {
        let Some(array) = self.0.get(&export) else { return b.zero(translator.types.vec4) };
        let array = b.local_pointer(*array);
        let pointer = b.element(array, vertex);
        b.load(pointer)
    }
}

/// Whether a number is in a set.
fn is_in_set(b: &mut Builder, set: u32, number: Value) -> Value {
    let set = b.uint(set);
    let bits = b.binary(Op::ShiftRight, set, number);
    has_bits(b, bits, 1)
}

/// Value or its negation.
fn with_sign(b: &mut Builder, value: Value, is_positive: Value) -> Value {
    let negative = b.unary(UnaryOperator::Negate, value);
    b.select(is_positive, value, negative)
}

impl Place {
    /// Place of the host vertex with a number.
    fn of(b: &mut Builder, number: Value) -> Self {
        let corners = b.uint(Expansion::CORNERS);
        let primitive = b.binary(Op::Divide, number, corners);
        let corner = b.binary(Op::Modulo, number, corners);
        Self { primitive, corner }
    }
}

impl Translator<'_> {
    /// Vertex with a number: the guest's, or a corner of a primitive.
    pub(super) fn vertex(
        &mut self,
        b: &mut Builder,
        shader: Handle<Function>,
        number: Value,
        interpolators: Interpolators,
        expansion: Expansion,
    ) -> VertexResult {
        match expansion {
            Expansion::None => self.guest_vertex(b, shader, number, interpolators),
            Expansion::Rectangles => self.rectangle(b, shader, number, interpolators),
            Expansion::Points { place } => self.point(b, shader, number, interpolators, place),
            Expansion::Lines => self.line(b, shader, number, interpolators),
        }
    }

    /// Floats of a row of the host's parameters.
    fn float_row(&self, b: &mut Builder, row: u32) -> [Value; 4] {
        let row = self.host_row(b, row);
        [0, 1, 2, 3].map(|component| {
            let bits = b.member(row, component);
            b.bitcast(bits, ScalarKind::Float)
        })
    }

    /// Whether a flag of exported positions is set.
    fn has_form(&self, b: &mut Builder, flag: u32) -> Value {
        let row = self.host_row(b, host_rows::SCALE_ROW);
        let flags = b.member(row, 3);
        has_bits(b, flags, flag)
    }

    /// Whether a flag of the expansion is set.
    fn has_option(&self, b: &mut Builder, flag: u32) -> Value {
        let row = self.host_row(b, host_rows::LIST_ROW);
        let flags = b.member(row, 3);
        has_bits(b, flags, flag)
    }

    /// Index of a vertex by its number in the draw.
    fn index(&mut self, b: &mut Builder, number: Value) -> Value {
        let word = self.word_function();
        let record = self.host_row(b, host_rows::LIST_ROW);
        let listed = b.call(word, &[record, number]);
        let has_list = self.has_option(b, host_rows::HAS_LIST);
        b.select(has_list, listed, number)
    }

    /// Runs the program for a primitive's vertices.
    fn vertices(
        &mut self,
        b: &mut Builder,
        shader: Handle<Function>,
        primitive: Value,
        count: u32,
        interpolators: Interpolators,
    ) -> Exports {
        let array = types::array(&mut self.module, self.types.vec4, Some(count), 16);
        let passed = |export: u8| export == Program::POSITION || u32::from(export) < interpolators.count;
        let numbers = self.exports.keys().copied().filter(|export| passed(*export));
        let exports: BTreeMap<u8, _> =
            numbers.map(|export| (export, b.local(&format!("exports_{export}"), array))).collect();
        let counter = b.local("vertex", self.types.uint);
        let count = b.uint(count);
        let first = b.binary(Op::Multiply, primitive, count);
        b.begin();
        let vertex = b.load_local(counter);
        let is_left = b.binary(Op::Less, vertex, count);
        let mut leave = Block::new();
        leave.push(Statement::Break, Default::default());
        b.statement(Statement::If { condition: is_left, accept: Block::new(), reject: leave });
        let number = b.binary(Op::Add, first, vertex);
        let index = self.index(b, number);
        // Exports that a vertex doesn't write are zero, not the previous vertex's.
        let zero = b.zero(self.types.vec4);
        for global in self.exports.values() {
            let pointer = b.global(*global);
            b.store(pointer, zero);
        }
        self.run_vertex(b, shader, index);
        for (export, array) in &exports {
            let value = self.exported(b, *export);
            let array = b.local_pointer(*array);
            let pointer = b.element(array, vertex);
            b.store(pointer, value);
        }
        let one = b.uint(1);
        let next = b.binary(Op::Add, vertex, one);
        b.store_local(counter, next);
        let body = b.end();
        b.statement(Statement::Loop { body, continuing: Block::new(), break_if: None });
        Exports(exports)
    }

    /// Corner of a rectangle. The fourth corner is opposite to the longest side of the others'
    /// triangle.
    fn rectangle(
        &mut self,
        b: &mut Builder,
        shader: Handle<Function>,
        number: Value,
        interpolators: Interpolators,
    ) -> VertexResult {
        let Place { primitive, corner } = Place::of(b, number);
        let exports = self.vertices(b, shader, primitive, 3, interpolators);
        let this = &*self;
        let [zero, one, two, three, four] = [0, 1, 2, 3, 4].map(|number| b.uint(number));
        let ends = [zero, one, two].map(|vertex| exports.value_of(this, b, Program::POSITION, vertex));
        let [first, second, third] = [[0, 1], [1, 2], [2, 0]].map(|side: [usize; 2]| {
            let [x, y] = [0, 1].map(|axis| {
                let [from, to] = side.map(|end| b.member(ends[end], axis));
                let difference = b.binary(Op::Subtract, from, to);
                b.binary(Op::Multiply, difference, difference)
            });
            b.binary(Op::Add, x, y)
        });
        let is_second = b.binary(Op::Greater, second, first);
        let longer = b.select(is_second, second, first);
        let is_third = b.binary(Op::Greater, third, longer);
        // By the longest side: its ends, and the vertex opposite to it.
        let [from, to, opposite] =
            [[zero, one, two], [one, two, zero], [two, zero, one]].map(|[first, second, third]| {
                let other = b.select(is_second, second, first);
                b.select(is_third, third, other)
            });
        let is_given = b.binary(Op::Less, corner, three);
        let is_from = b.binary(Op::Equal, corner, three);
        let is_fourth = b.binary(Op::Equal, corner, four);
        let end = b.select(is_from, from, to);
        let own = b.select(is_given, corner, end);
        let is_last = this.has_option(b, host_rows::PROVOKING_LAST);
        let provoking = b.select(is_last, two, zero);
        let value = |b: &mut Builder, export: u8| {
            let [from, to, opposite, own] =
                [from, to, opposite, own].map(|vertex| exports.value_of(this, b, export, vertex));
            let sum = b.binary(Op::Add, from, to);
            // It completes the parallelogram.
            let fourth = b.binary(Op::Subtract, sum, opposite);
            b.select(is_fourth, fourth, own)
        };
        let position = value(b, Program::POSITION);
        let interpolators = this.passed(b, &exports, interpolators, provoking, value);
        VertexResult { position, interpolators, is_gone: None }
    }

    /// Interpolators of a corner: flat ones are the provoking vertex's, `value` has the others.
    fn passed(
        &self,
        b: &mut Builder,
        exports: &Exports,
        interpolators: Interpolators,
        provoking: Value,
        mut value: impl FnMut(&mut Builder, u8) -> Value,
    ) -> Vec<Value> {
        let passed = (0..interpolators.count.min(INTERPOLATORS)).map(|i| {
            if interpolators.flat >> i & 1 != 0 {
                exports.value_of(self, b, i as u8, provoking)
            } else {
                value(b, i as u8)
            }
        });
        passed.collect()
    }

    /// Divisor that x and y of a position still need.
    fn screen_w(&self, b: &mut Builder, position: Value) -> Value {
        let one = b.float(1.0);
        let w = b.member(position, 3);
        let inverse = b.binary(Op::Divide, one, w);
        let is_inverted = self.has_form(b, host_rows::W_INVERTED);
        let w = b.select(is_inverted, inverse, w);
        let is_divided = self.has_form(b, host_rows::XY_DIVIDED);
        b.select(is_divided, one, w)
    }

    /// Position moved by pixels on the screen.
    fn moved(&self, b: &mut Builder, position: Value, by: [Value; 2]) -> Value {
        let w = self.screen_w(b, position);
        let [_, _, scale_x, scale_y] = self.float_row(b, host_rows::SIZE_ROW);
        let zero = b.float(0.0);
        let mut out = [0, 1, 2, 3].map(|component| b.member(position, component));
        for ((out, by), scale) in out.iter_mut().zip(by).zip([scale_x, scale_y]) {
            let change = b.binary(Op::Multiply, by, w);
            let change = b.binary(Op::Divide, change, scale);
            let is_zero = b.binary(Op::Equal, scale, zero);
            let change = b.select(is_zero, zero, change);
            *out = b.binary(Op::Add, *out, change);
        }
        b.compose(self.types.vec4, &out)
    }

    /// Half the width and height of a point, whose program has run.
    fn half_size(&self, b: &mut Builder) -> [Value; 2] {
        let [width, height, ..] = self.float_row(b, host_rows::SIZE_ROW);
        // The same export has flags, which may be written alone.
        if self.program.point_size & 1 == 0 {
            return [width, height];
        }
        let row = self.host_row(b, host_rows::LIMIT_ROW);
        let [least, most] = [0, 1].map(|component| {
            let bits = b.member(row, component);
            b.bitcast(bits, ScalarKind::Sint)
        });
        // The bits are clamped as integers, so that a NaN becomes one of the limits.
        let size = self.exported(b, Program::POINT_SIZE);
        let size = b.member(size, 0);
        let bits = b.bitcast(size, ScalarKind::Sint);
        let is_more = b.binary(Op::Greater, bits, least);
        let bits = b.select(is_more, bits, least);
        let is_less = b.binary(Op::Less, bits, most);
        let bits = b.select(is_less, bits, most);
        let size = b.bitcast(bits, ScalarKind::Float);
        let half = b.float(0.5);
        [b.binary(Op::Multiply, size, half); 2]
    }

    /// Corner of a point.
    fn point(
        &mut self,
        b: &mut Builder,
        shader: Handle<Function>,
        number: Value,
        interpolators: Interpolators,
        place: Option<u32>,
    ) -> VertexResult {
        let Place { primitive, corner } = Place::of(b, number);
        let index = self.index(b, primitive);
        self.run_vertex(b, shader, index);
        let center = self.exported(b, Program::POSITION);
        let [is_right, is_lower] = [corners::LARGER, corners::SECOND].map(|set| is_in_set(b, set, corner));
        let [width, height] = self.half_size(b);
        let x = with_sign(b, width, is_right);
        let y = with_sign(b, height, is_lower);
        let position = self.moved(b, center, [x, y]);
        let zero = b.float(0.0);
        let one = b.float(1.0);
        let passed = (0..interpolators.count.min(INTERPOLATORS)).map(|i| {
            let value = self.exported(b, i as u8);
            if place != Some(i) {
                return value;
            }
            let [first, second] = [0, 1].map(|component| b.member(value, component));
            let [x, y] = [is_right, is_lower].map(|is_one| b.select(is_one, one, zero));
            b.compose(self.types.vec4, &[first, second, x, y])
        });
        VertexResult { position, interpolators: passed.collect(), is_gone: None }
    }
}
