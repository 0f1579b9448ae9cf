//! Microcode encoder: the inverse of the decoder.
//!
//! Some operands can't be combined in one instruction because they share a field: all constants
//! share one absolute-value bit, and the scalar half shares the vector half's third operand.
//! Encodings are therefore verified by decoding them again.

use super::decode::{decode_alu, decode_vertex};
use super::program::*;
use crate::enums::Dimension;

/// Words of a control flow instruction.
#[derive(Clone, Copy)]
pub(super) struct ControlWords {
    /// The low 32 bits.
    pub(super) low: u32,
    /// The high 16 bits.
    pub(super) high: u32,
}

const fn words(low: u32, high: u32) -> ControlWords {
    ControlWords { low, high }
}

fn branch(condition: Condition) -> ControlWords {
    match condition {
        Condition::Always => words(1 << 13, 0),
        Condition::Predicate(value) => words(1 << 14, u32::from(value) << 10),
        Condition::Bool(index, value) => words(0, (index as u32) << 2 | u32::from(value) << 10),
    }
}

/// Encodes a control flow instruction; a clause's `first` is the address of its first instruction,
/// and `fetches` has a bit for each of its instructions that is a fetch.
pub(super) fn control(control: Control, fetches: u32) -> ControlWords {
    match control {
        Control::Nop => words(0, 0),
        Control::Alloc(kind, count) => words(count as u32 & 7, 12 << 12 | (kind as u32 & 3) << 9),
        Control::Exec { first, count, condition, end } => {
            let sequence = (0..6).fold(0, |bits, i| bits | (fetches >> i & 1) << (16 + 2 * i));
            let opcode = match condition {
                Condition::Always => 1,
                Condition::Bool(..) => 3,
                Condition::Predicate(_) => 5,
            };
            let when = branch(condition).high;
            words(first | count << 12 | sequence, (opcode + u32::from(end)) << 12 | when)
        }
        Control::LoopStart { skip, constant, repeat } => {
            words(skip | (constant as u32) << 16 | u32::from(repeat) << 13, 7 << 12)
        }
        Control::LoopEnd { body, constant, break_on } => words(
            body | (constant as u32) << 16 | u32::from(break_on.is_some()) << 21,
            8 << 12 | u32::from(break_on == Some(true)) << 10,
        ),
        Control::Call(target, condition) => {
            let ControlWords { low, high } = branch(condition);
            words(target | low, 9 << 12 | high)
        }
        Control::Return => words(0, 10 << 12),
        Control::Jump(target, condition) => {
            let ControlWords { low, high } = branch(condition);
            words(target | low, 11 << 12 | high)
        }
    }
}

/// One of the three operand fields.
#[derive(Clone, Copy, Default)]
struct Field {
    value: u32,
    is_register: bool,
    swizzle: u32,
    negate: bool,
}

fn swizzle(components: [u8; 4]) -> u32 {
    (0..4).fold(0, |field, i| field | ((components[i as usize] as u32).wrapping_sub(i) & 3) << (2 * i))
}

fn field(operand: &ShaderOperand, swizzle: u32) -> Field {
    let (value, is_register) = match operand.source {
        Source::Register(register) => (register as u32 | u32::from(operand.absolute) << 7, true),
        Source::RegisterLoop(register) => (register as u32 | 0x40 | u32::from(operand.absolute) << 7, true),
        Source::Constant(index) | Source::ConstantAddress(index) | Source::ConstantLoop(index) => {
            (index as u32, false)
        }
    };
    Field { value, is_register, swizzle, negate: operand.negate }
}

/// Third operand field as the scalar half uses it.
fn scalar_field(alu: &Alu) -> Option<Field> {
    let [(a, ca), (b, cb)] = &alu.scalar_operands;
    let first = (*ca as u32).wrapping_sub(3) & 3;
    match alu.scalar.operands() {
        0 => None,
        1 => Some(field(a, first << 6 | *ca as u32 & 3)),
        _ if alu.scalar.takes_constant_and_register() => {
            let Source::Register(register) = b.source else { return None };
            let place = first << 6 | *cb as u32 & 3 | register as u32 & 0x3c;
            Some(Field { is_register: register & 2 != 0, ..field(a, place) })
        }
        _ => Some(field(a, first << 6 | *cb as u32 & 3)),
    }
}

/// Encodes an ALU instruction; `None` if its parts can't be combined.
pub(super) fn alu(alu: &Alu) -> Option<[u32; 3]> {
    let mut words = [0; 3];
    let [a, b, c] = &mut words;
    if let Some(value) = alu.predicate {
        *b |= 1 << 28 | u32::from(value) << 27;
    }
    *a |= ((alu.vector_mask | alu.ones) as u32) << 16 | ((alu.scalar_mask | alu.ones) as u32) << 20;
    *a |= u32::from(alu.vector_clamp) << 24 | u32::from(alu.scalar_clamp) << 25;
    let mut exported = None;
    for (to, low, relative) in [(alu.vector_to, 0, 6), (alu.scalar_to, 8, 14)] {
        match to {
            Destination::Register(register) => *a |= (register as u32 & 63) << low,
            Destination::RegisterLoop(register) => *a |= (register as u32 & 63) << low | 1 << relative,
            Destination::Export(export) => exported = Some(export as u32 & 63),
        }
    }
    if let Some(export) = exported {
        *a = *a & !0x7fff | export | 1 << 15 | u32::from(alu.zeros != 0) << 14;
    }
    let unused = Field { is_register: true, ..Field::default() };
    let mut fields = [unused; 3];
    for (i, operand) in alu.operands.iter().enumerate().take(alu.vector.operands()) {
        fields[i] = field(operand, swizzle(operand.swizzle));
    }
    let mut opcode = alu.scalar as u32;
    if let Some(scalar) = scalar_field(alu) {
        if alu.vector.operands() < 3 {
            fields[2] = scalar;
        }
        if let (true, Source::Register(register)) =
            (alu.scalar.takes_constant_and_register(), alu.scalar_operands[1].0.source)
        {
            opcode = opcode & !1 | register as u32 & 1;
        }
    }
    *a |= opcode << 26;
    *c |= (alu.vector as u32) << 24;
    for (i, field) in (0_u32..).zip(&fields) {
        *c |= field.value << (16 - 8 * i) | u32::from(field.is_register) << (31 - i);
        *b |= field.swizzle << (16 - 8 * i) | u32::from(field.negate) << (26 - i);
    }
    let operands = alu.operands.iter().take(alu.vector.operands());
    let scalars = alu.scalar_operands.iter().take(alu.scalar.operands()).map(|(operand, _)| operand);
    for operand in operands.chain(scalars) {
        let is_constant = !matches!(operand.source, Source::Register(_) | Source::RegisterLoop(_));
        *a |= u32::from(is_constant && operand.absolute) << 7;
        *b |= u32::from(matches!(operand.source, Source::ConstantAddress(_))) << 29;
    }
    // The first constant operand has one address bit, the others share the second.
    let [first, second, third] = alu.operands.map(|operand| operand.source);
    let places = [(0, first), (1, second), (2, third), (2, alu.scalar_operands[0].0.source)];
    for (i, source) in places {
        if matches!(source, Source::ConstantAddress(_) | Source::ConstantLoop(_)) {
            let is_first = fields[..i].iter().all(|field| field.is_register);
            *b |= 1 << if is_first { 31 } else { 30 };
        }
    }
    (decode_alu(words) == *alu).then_some(words)
}

fn common(common: &FetchCommon) -> [u32; 3] {
    let mut words = [0; 3];
    let [a, b, c] = &mut words;
    if let Some(value) = common.predicate {
        *b |= 1 << 31;
        *c |= u32::from(value) << 31;
    }
    *a |= match common.source {
        Source::RegisterLoop(register) => (register as u32 & 63) << 5 | 1 << 11,
        Source::Register(register) => (register as u32 & 63) << 5,
        _ => 0,
    };
    *a |= match common.to {
        Destination::RegisterLoop(register) => (register as u32 & 63) << 12 | 1 << 18,
        Destination::Register(register) | Destination::Export(register) => (register as u32 & 63) << 12,
    };
    for (i, select) in common.select.iter().enumerate() {
        *b |= match select {
            FetchSelect::Component(component) => *component as u32 & 3,
            FetchSelect::Zero => 4,
            FetchSelect::One => 5,
            FetchSelect::Keep => 7,
        } << (3 * i);
    }
    words
}

/// Encodes a vertex fetch.
pub(super) fn vertex(fetch: &VertexFetch) -> [u32; 3] {
    // A mini fetch takes its address fields from the preceding full fetch, so they stay empty.
    let empty = decode_vertex([0; 3]);
    let place = if fetch.mini { &empty } else { fetch };
    let from = FetchCommon { source: place.common.source, ..fetch.common };
    let [mut a, mut b, mut c] = common(&from);
    // Bit 19 must be one.
    a |= 1 << 19 | (place.common.source_swizzle[0] as u32 & 3) << 30;
    a |= (place.constant as u32 / 3) << 20 | (place.constant as u32 % 3) << 25;
    b |= (fetch.format as u32 & 63) << 16 | (fetch.exponent as u32 & 63) << 24;
    b |= u32::from(fetch.signed) << 12 | u32::from(fetch.integer) << 13;
    b |= u32::from(fetch.no_zero) << 14 | u32::from(place.rounded) << 15 | u32::from(fetch.mini) << 30;
    c |= place.stride as u32 | (fetch.offset as u32 & 0x7f_ffff) << 8;
    [a, b, c]
}

/// Encodes a texture fetch.
pub(super) fn texture(fetch: &TextureFetch) -> [u32; 3] {
    let [mut a, mut b, mut c] = common(&fetch.common);
    a |= match fetch.operation {
        TextureOp::Fetch => 1,
        TextureOp::BorderFraction => 16,
        TextureOp::ComputedLod => 17,
        TextureOp::Gradients => 18,
        TextureOp::Weights => 19,
        TextureOp::SetLod => 24,
        TextureOp::SetGradientH => 25,
        TextureOp::SetGradientV => 26,
    };
    a |= (fetch.constant as u32 & 31) << 20 | u32::from(fetch.unnormalized) << 25;
    for (i, component) in fetch.common.source_swizzle.iter().enumerate() {
        a |= (*component as u32 & 3) << (26 + 2 * i);
    }
    b |= (fetch.mag as u32) << 12 | (fetch.min as u32) << 14 | (fetch.mip as u32) << 16;
    if fetch.dimension == Dimension::D3 {
        b |= (fetch.slices[0] as u32) << 24 | (fetch.slices[1] as u32) << 26;
    }
    b |= (fetch.anisotropy as u32) << 18
        | 7 << 21
        | u32::from(fetch.computed_lod) << 28
        | u32::from(fetch.register_lod) << 29;
    c |= u32::from(fetch.register_gradients) | fetch.dimension.bits() << 14;
    c |= ((fetch.lod_bias * 16.0) as i32 as u32 & 127) << 2;
    for (i, offset) in fetch.offset.iter().enumerate() {
        c |= ((offset * 2.0) as i32 as u32 & 31) << (16 + 5 * i);
    }
    [a, b, c]
}

/// Undefined fetch instruction, which has no effect.
pub(super) const UNDEFINED: [u32; 3] = [2, 0, 0];
