//! Translation of vertex fetches, which read a storage buffer of guest memory words.
//!
//! The fetch constant's record has the first word in the buffer, the number of words, and the byte
//! order. Words outside of the record or the buffer are zero: every index is compared with the
//! buffer's length before a read.

use naga::{
    BinaryOperator as Op, Expression, Function, FunctionArgument, FunctionResult, Handle, MathFunction,
    ScalarKind, Span, Statement,
};
use xenia_gpu::microcode::VertexFetch;
use xenia_gpu::texture::Layout;

use super::Translator;
use super::builder::{Builder, Value};
use super::interface::{VERTEX_BINDING, member};
use super::types;

/// Extracts the number in a field.
fn number(b: &mut Builder, fetch: &VertexFetch, word: Value, low: u32, width: u32) -> Value {
    let right = b.uint(32 - width);
    // The field moves to the top, so that the shift back extends its sign.
    let full = if low + width == 32 {
        word
    } else {
        let left = b.uint(32 - width - low);
        b.binary(Op::ShiftLeft, word, left)
    };
    let full = if fetch.signed { b.bitcast(full, ScalarKind::Sint) } else { full };
    let integer = if width == 32 { full } else { b.binary(Op::ShiftRight, full, right) };
    let value = b.convert(integer, ScalarKind::Float);
    if fetch.integer {
        return value;
    }
    let largest = (u32::MAX >> (32 - width)) as f32;
    if !fetch.signed {
        let largest = b.float(largest);
        return b.binary(Op::Divide, value, largest);
    }
    if fetch.no_zero {
        let two = b.float(2.0);
        let one = b.float(1.0);
        let largest = b.float(largest);
        // All levels are odd, so none of them is zero.
        let odd = b.binary(Op::Multiply, value, two);
        let odd = b.binary(Op::Add, odd, one);
        return b.binary(Op::Divide, odd, largest);
    }
    let largest = b.float((u32::MAX >> (33 - width)) as f32);
    let value = b.binary(Op::Divide, value, largest);
    // The lowest number would be less than -1.
    let least = b.float(-1.0);
    let below = b.binary(Op::Less, value, least);
    b.select(below, least, value)
}

/// Converts the chip's 16-bit float, without infinities and NaN, from the low bits of a word.
fn half(b: &mut Builder, raw: Value) -> Value {
    let [mantissa_bits, exponent_bits, sign_bit] = [0x3ff, 0x1f, 0x8000].map(|mask| b.uint(mask));
    let ten = b.uint(10);
    let thirteen = b.uint(13);
    let sixteen = b.uint(16);
    let twenty_three = b.uint(23);
    let mantissa = b.binary(Op::And, raw, mantissa_bits);
    let exponent = b.binary(Op::ShiftRight, raw, ten);
    let exponent = b.binary(Op::And, exponent, exponent_bits);
    let sign = b.binary(Op::And, raw, sign_bit);
    let sign = b.binary(Op::ShiftLeft, sign, sixteen);
    // 127 - 15, the difference of the exponents' biases.
    let bias = b.uint(112);
    let zero = b.uint(0);
    let high = b.binary(Op::Add, exponent, bias);
    let high = b.binary(Op::ShiftLeft, high, twenty_three);
    let low = b.binary(Op::ShiftLeft, mantissa, thirteen);
    let normal = b.binary(Op::InclusiveOr, high, low);
    // Half-precision denormals, multiples of 2^-24, are normal single-precision numbers.
    let unit = b.float(1.0 / 16_777_216.0);
    let tiny = b.convert(mantissa, ScalarKind::Float);
    let tiny = b.binary(Op::Multiply, tiny, unit);
    let tiny = b.bitcast(tiny, ScalarKind::Uint);
    let is_tiny = b.binary(Op::Equal, exponent, zero);
    let magnitude = b.select(is_tiny, tiny, normal);
    let bits = b.binary(Op::InclusiveOr, sign, magnitude);
    b.bitcast(bits, ScalarKind::Float)
}

impl Translator<'_> {
    /// Function that reads a word; its arguments are the record and the word's number.
    pub(super) fn word_function(&mut self) -> Handle<Function> {
        if let Some(function) = self.word_function {
            return function;
        }
        let words = types::array(&mut self.module, self.types.uint, None, 4);
        let data = self.buffer("vertex_data", words, VERTEX_BINDING, false);
        self.interface.vertex_data = true;
        let mut b = Builder::new("vertex_word");
        for (name, ty) in [("record", self.types.uvec4), ("at", self.types.uint)] {
            b.function().arguments.push(FunctionArgument { name: Some(name.into()), ty, binding: None });
        }
        b.function().result = Some(FunctionResult { ty: self.types.uint, binding: None });
        let record = b.argument(0);
        let at = b.argument(1);
        let data = b.global(data);
        let [first, words, endian] = [0, 1, 2].map(|member| b.member(record, member));
        let index = b.binary(Op::Add, first, at);
        let length = b.expr(Expression::ArrayLength(data));
        let in_record = b.binary(Op::Less, at, words);
        let in_buffer = b.binary(Op::Less, index, length);
        let exists = b.binary(Op::LogicalAnd, in_record, in_buffer);
        let zero = b.uint(0);
        let index = b.select(exists, index, zero);
        let pointer = b.element(data, index);
        let word = b.load(pointer);
        // 1 exchanges the bytes of half words, 2 reverses all four, 3 exchanges the half words.
        let [one, two, eight, sixteen, even] = [1, 2, 8, 16, 0x00ff_00ff].map(|number| b.uint(number));
        let low = b.binary(Op::And, word, even);
        let low = b.binary(Op::ShiftLeft, low, eight);
        let high = b.binary(Op::ShiftRight, word, eight);
        let high = b.binary(Op::And, high, even);
        let exchanged = b.binary(Op::InclusiveOr, low, high);
        let is_one = b.binary(Op::Equal, endian, one);
        let is_two = b.binary(Op::Equal, endian, two);
        let either = b.binary(Op::LogicalOr, is_one, is_two);
        let word = b.select(either, exchanged, word);
        let low = b.binary(Op::ShiftLeft, word, sixteen);
        let high = b.binary(Op::ShiftRight, word, sixteen);
        let rotated = b.binary(Op::InclusiveOr, low, high);
        let exchanges = b.binary(Op::GreaterEqual, endian, two);
        let word = b.select(exchanges, rotated, word);
        let word = b.select(exists, word, zero);
        b.statement(Statement::Return { value: Some(word) });
        let function = self.module.functions.append(b.finish(), Span::UNDEFINED);
        self.word_function = Some(function);
        function
    }

    /// Word number of the vertex that a full fetch reads.
    fn vertex_start(&mut self, fetch: &VertexFetch) -> Value {
        let index = self.component(fetch.common.source, fetch.common.source_swizzle[0]);
        let b = &mut self.b;
        let rounding = b.float(if fetch.rounded { 0.5 } else { 0.0 });
        let index = b.binary(Op::Add, index, rounding);
        let index = b.math(MathFunction::Floor, index);
        // Out-of-range values are clamped to the nearest integer, and NaN gives 0. The largest
        // float below 2^31 is used as the limit.
        let low = b.float(-2_147_483_648.0);
        let high = b.float(2_147_483_520.0);
        let least = b.int(i32::MIN);
        let largest = b.int(i32::MAX);
        let above = b.binary(Op::Greater, index, high);
        let in_range = b.binary(Op::GreaterEqual, index, low);
        let not_above = b.binary(Op::LessEqual, index, high);
        let fits = b.binary(Op::LogicalAnd, in_range, not_above);
        let zero = b.float(0.0);
        let none = b.int(0);
        let number = b.select(fits, index, zero);
        let number = b.convert(number, ScalarKind::Sint);
        let below = b.binary(Op::Less, index, low);
        let number = b.select(below, least, number);
        let number = b.select(above, largest, number);
        let is_number = b.binary(Op::Equal, index, index);
        let number = b.select(is_number, number, none);
        let number = b.bitcast(number, ScalarKind::Uint);
        let stride = b.uint(fetch.stride as u32);
        b.binary(Op::Multiply, number, stride)
    }

    /// Translates a vertex fetch.
    pub(super) fn vertex_fetch(&mut self, fetch: &VertexFetch) {
        let function = self.word_function();
        let start = if fetch.mini {
            self.b.load_local(self.last_vertex)
        } else {
            let start = self.vertex_start(fetch);
            self.b.store_local(self.last_vertex, start);
            start
        };
        let offset = self.b.uint(fetch.offset as u32);
        let at = self.b.binary(Op::Add, start, offset);
        let records = self.constant_member(member::VERTEX);
        let record = self.b.member(records, (fetch.constant as u32).min(95));
        let record = self.b.load(record);
        // Unsupported formats fetch zeros.
        let layout = Layout::of_vertices(u32::from(fetch.format));
        let words: Vec<Value> = (0..layout.map_or(0, Layout::words))
            .map(|i| {
                let i = self.b.uint(i);
                let at = self.b.binary(Op::Add, at, i);
                self.b.call(function, &[record, at])
            })
            .collect();
        let b = &mut self.b;
        let mut values = Vec::with_capacity(4);
        if let Some(layout) = layout {
            for (low, width) in layout.fields().into_iter().take(layout.components() as usize) {
                let word = words[low as usize / 32];
                values.push(match layout {
                    Layout::Single(_) => b.bitcast(word, ScalarKind::Float),
                    Layout::Half(_) => {
                        let shift = b.uint(low % 32);
                        let raw = b.binary(Op::ShiftRight, word, shift);
                        half(b, raw)
                    }
                    _ => number(b, fetch, word, low % 32, width),
                });
            }
        }
        if fetch.exponent != 0 {
            let scale = b.float(2.0_f32.powi(fetch.exponent as i32));
            for value in &mut values {
                *value = b.binary(Op::Multiply, *value, scale);
            }
        }
        values.resize(4, b.float(0.0));
        let value = b.compose(self.types.vec4, &values);
        self.store_fetched(&fetch.common, value);
    }
}
