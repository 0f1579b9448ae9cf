//! Microcode decoder: words to a program.
//!
//! ```text
//!   words:  control pairs (3 words = 2 control instructions of 48 bits) │ instructions (3 words)
//! ```
//!
//! The control flow instructions end where the first clause's instructions begin. Clauses are
//! copied, so two clauses may use the same address in different ways (one as a fetch, one as an ALU
//! instruction). Addresses outside the words decode to nothing: a program never refers to anything
//! outside itself.

use super::ops::{ScalarOp, VectorOp};
use super::program::*;
use crate::enums::{Anisotropy, Dimension, TextureFilter};

const fn bits(word: u32, low: u32, count: u32) -> u32 {
    (word >> low) & ((1 << count) - 1)
}

const fn signed(word: u32, low: u32, count: u32) -> i32 {
    ((word << (32 - low - count)) as i32) >> (32 - count)
}

impl Program {
    pub fn decode(words: &[u32]) -> Self {
        let mut program = Self::default();
        let at = |index: usize| words.get(index).copied().unwrap_or(0);
        let pairs = words.len() / 3;
        let mut end = pairs;
        let mut pair = 0;
        let mut last_vertex = None;
        while pair < end {
            let [a, b, c] = [at(pair * 3), at(pair * 3 + 1), at(pair * 3 + 2)];
            for (low, high) in [(a, b & 0xffff), (b >> 16 | c << 16, c >> 16)] {
                let control = program.control(words, low, high, &mut end, &mut last_vertex);
                program.controls.push(control);
            }
            pair += 1;
        }
        program.registers = program.instructions.iter().map(registers_of).max().unwrap_or(0);
        for source in program.instructions.iter().flat_map(sources) {
            match source {
                Source::Register(register) => program.reads |= 1 << (register & 63),
                Source::RegisterLoop(_) => program.reads = u64::MAX,
                Source::Constant(index) => program.constants.push(index),
                Source::ConstantLoop(_) | Source::ConstantAddress(_) => {}
            }
        }
        program.constants.sort_unstable();
        program.constants.dedup();
        for instruction in &program.instructions {
            if let ShaderInstruction::Texture(fetch) = instruction {
                program.textures |= 1 << (fetch.constant & 31);
            }
        }
        program
    }

    fn control(
        &mut self,
        words: &[u32],
        low: u32,
        high: u32,
        end: &mut usize,
        last_vertex: &mut Option<VertexFetch>,
    ) -> Control {
        let opcode = bits(high, 12, 4);
        let holds = bits(high, 10, 1) != 0;
        let boolean = bits(high, 2, 8) as u8;
        let target = bits(low, 0, 13);
        let branch = || match (bits(low, 13, 1) != 0, bits(low, 14, 1) != 0) {
            (true, _) => Condition::Always,
            (_, true) => Condition::Predicate(holds),
            _ => Condition::Bool(boolean, holds),
        };
        match opcode {
            1..=6 | 13 | 14 => {
                let address = bits(low, 0, 12) as usize;
                *end = (*end).min(address);
                let first = self.instructions.len() as u32;
                // The sequence field has room for six instructions.
                for i in 0..bits(low, 12, 3).min(6) as usize {
                    let start = (address + i) * 3;
                    let Some(&[a, b, c]) = words.get(start..start + 3) else { break };
                    // Of the two bits for each instruction, the lower one marks a fetch.
                    let fetch = bits(low, 16 + 2 * i as u32, 1) != 0;
                    let instruction = self.instruction([a, b, c], fetch, last_vertex);
                    self.instructions.push(instruction);
                }
                let condition = match opcode {
                    1 | 2 => Condition::Always,
                    5 | 6 => Condition::Predicate(holds),
                    _ => Condition::Bool(boolean, holds),
                };
                Control::Exec {
                    first,
                    count: self.instructions.len() as u32 - first,
                    condition,
                    end: matches!(opcode, 2 | 4 | 6 | 14),
                }
            }
            7 => Control::LoopStart {
                skip: target,
                constant: bits(low, 16, 5) as u8,
                repeat: bits(low, 13, 1) != 0,
            },
            8 => Control::LoopEnd {
                body: target,
                constant: bits(low, 16, 5) as u8,
                break_on: (bits(low, 21, 1) != 0).then_some(holds),
            },
            9 => Control::Call(target, branch()),
            10 => Control::Return,
            11 => Control::Jump(target, branch()),
            12 => Control::Alloc(bits(high, 9, 2) as u8, bits(low, 0, 3) as u8),
            _ => Control::Nop,
        }
    }

    fn instruction(
        &mut self,
        words: [u32; 3],
        fetch: bool,
        last_vertex: &mut Option<VertexFetch>,
    ) -> ShaderInstruction {
        if !fetch {
            let alu = decode_alu(words);
            self.kills |= alu.vector.kills() || alu.scalar.kills();
            let vector = alu.vector_mask | alu.zeros | alu.ones;
            for (to, components) in [(alu.vector_to, vector), (alu.scalar_to, alu.scalar_mask)] {
                if let Destination::Export(export) = to {
                    self.exports |= 1 << export;
                    self.point_size |= if export == Program::POINT_SIZE { components } else { 0 };
                }
            }
            return ShaderInstruction::Alu(alu);
        }
        if bits(words[0], 0, 5) == 0 {
            let mut vertex = decode_vertex(words);
            if vertex.mini {
                // A mini fetch without a preceding full fetch uses an all-zero one.
                let full = last_vertex.unwrap_or_else(|| decode_vertex([0; 3]));
                vertex.constant = full.constant;
                vertex.stride = full.stride;
                vertex.rounded = full.rounded;
                vertex.common.source = full.common.source;
                vertex.common.source_swizzle = full.common.source_swizzle;
            } else {
                *last_vertex = Some(vertex);
            }
            return ShaderInstruction::Vertex(vertex);
        }
        decode_texture(words).map_or(ShaderInstruction::Undefined, ShaderInstruction::Texture)
    }
}

/// Sources that an instruction reads.
fn sources(instruction: &ShaderInstruction) -> Vec<Source> {
    match instruction {
        ShaderInstruction::Alu(alu) => {
            let operands = alu.operands[..alu.vector.operands()].iter();
            let scalars = alu.scalar_operands[..alu.scalar.operands()].iter().map(|(operand, _)| operand);
            operands.chain(scalars).map(|operand| operand.source).collect()
        }
        ShaderInstruction::Vertex(VertexFetch { common, .. })
        | ShaderInstruction::Texture(TextureFetch { common, .. }) => vec![common.source],
        ShaderInstruction::Undefined => Vec::new(),
    }
}

/// One more than the highest register that an instruction accesses.
fn registers_of(instruction: &ShaderInstruction) -> u32 {
    let source = |source: Source| match source {
        Source::Register(register) => register as u32 + 1,
        Source::RegisterLoop(_) => 64,
        _ => 0,
    };
    let destination = |to: Destination, written: bool| match to {
        Destination::Register(register) if written => register as u32 + 1,
        Destination::RegisterLoop(_) => 64,
        _ => 0,
    };
    let read = sources(instruction).into_iter().map(source).max().unwrap_or(0);
    match instruction {
        ShaderInstruction::Alu(alu) => {
            let vector = destination(alu.vector_to, alu.vector_mask != 0);
            read.max(vector).max(destination(alu.scalar_to, alu.scalar_mask != 0))
        }
        ShaderInstruction::Vertex(VertexFetch { common, .. })
        | ShaderInstruction::Texture(TextureFetch { common, .. }) => read.max(destination(common.to, true)),
        ShaderInstruction::Undefined => 0,
    }
}

/// Fields of an ALU instruction's operands.
struct OperandFields {
    b: u32,
    c: u32,
    absolute_constants: bool,
}

impl OperandFields {
    fn is_register(&self, i: u32) -> bool {
        bits(self.c, 31 - i, 1) != 0
    }

    /// Whether a constant operand's index is relative. The first constant operand has one address
    /// bit, the others share the second.
    fn is_relative(&self, i: u32) -> bool {
        let earlier_are_registers = (0..i.min(2)).all(|earlier| self.is_register(earlier));
        bits(self.b, if earlier_are_registers { 31 } else { 30 }, 1) != 0
    }

    fn constant(&self, i: u32, index: u8) -> Source {
        let address_relative = bits(self.b, 29, 1) != 0;
        match (self.is_relative(i), address_relative) {
            (false, _) => Source::Constant(index),
            (true, true) => Source::ConstantAddress(index),
            (true, false) => Source::ConstantLoop(index),
        }
    }

    fn operand(&self, i: u32) -> ShaderOperand {
        let field = bits(self.c, 16 - 8 * i, 8) as u8;
        let register = field & 0x3f;
        let source = match (self.is_register(i), field & 0x40 != 0) {
            (true, true) => Source::RegisterLoop(register),
            (true, false) => Source::Register(register),
            (false, _) => self.constant(i, field),
        };
        let absolute = if self.is_register(i) { field & 0x80 != 0 } else { self.absolute_constants };
        let swizzles = bits(self.b, 16 - 8 * i, 8);
        // Each component is stored relative to its own number.
        let swizzle = [0, 1, 2, 3].map(|k| ((swizzles >> (2 * k)) + k) as u8 & 3);
        ShaderOperand { source, swizzle, absolute, negate: bits(self.b, 26 - i, 1) != 0 }
    }
}

pub(super) fn decode_alu([a, b, c]: [u32; 3]) -> Alu {
    let absolute_constants = bits(a, 7, 1) != 0;
    let fields = OperandFields { b, c, absolute_constants };
    let third = fields.operand(2);
    let vector = VectorOp::from_bits(bits(c, 24, 5));
    let scalar = ScalarOp::from_bits(bits(a, 26, 6));
    // A scalar operation's second component is the third operand's x, but its z if the vector
    // operation has three operands (xenia-canary, from a title's shader).
    let second = if vector.operands() == 3 { 2 } else { 0 };
    let scalar_operands = if scalar.takes_constant_and_register() {
        // The register's number is spread over the opcode, the selector and the swizzle.
        let register = (bits(a, 26, 1) | u32::from(fields.is_register(2)) << 1 | bits(b, 0, 8) & 0x3c) as u8;
        let common = ShaderOperand { absolute: absolute_constants, ..third };
        [
            (ShaderOperand { source: fields.constant(2, bits(c, 0, 8) as u8), ..common }, third.swizzle[3]),
            (ShaderOperand { source: Source::Register(register), ..common }, third.swizzle[0]),
        ]
    } else {
        [(third, third.swizzle[3]), (third, third.swizzle[second])]
    };
    let export = bits(a, 15, 1) != 0;
    let vector_mask = bits(a, 16, 4) as u8;
    let scalar_mask = bits(a, 20, 4) as u8;
    let to = |index: u32, relative: bool| {
        if relative { Destination::RegisterLoop(index as u8) } else { Destination::Register(index as u8) }
    };
    let scalar_relative = bits(a, 14, 1) != 0;
    let exported = Destination::Export(bits(a, 0, 6) as u8);
    let mut alu = Alu {
        predicate: (bits(b, 28, 1) != 0).then_some(bits(b, 27, 1) != 0),
        vector,
        operands: [fields.operand(0), fields.operand(1), third],
        vector_to: if export { exported } else { to(bits(a, 0, 6), bits(a, 6, 1) != 0) },
        vector_mask: if export { vector_mask & !scalar_mask } else { vector_mask },
        vector_clamp: bits(a, 24, 1) != 0,
        scalar,
        scalar_operands,
        scalar_to: if export { exported } else { to(bits(a, 8, 6), scalar_relative) },
        scalar_mask: if export { scalar_mask & !vector_mask } else { scalar_mask },
        scalar_clamp: bits(a, 25, 1) != 0,
        // In exports this flag and the overlap of both masks stand for the constants 0 and 1.
        zeros: if export && scalar_relative { !(vector_mask | scalar_mask) & 15 } else { 0 },
        ones: if export { vector_mask & scalar_mask } else { 0 },
    };
    alu.normalize();
    alu
}

fn decode_common([a, b, c]: [u32; 3], source_swizzle: [u8; 3]) -> FetchCommon {
    let register = |low: u32, relative: u32| (bits(a, low, 6) as u8, bits(a, relative, 1) != 0);
    FetchCommon {
        predicate: (bits(b, 31, 1) != 0).then_some(bits(c, 31, 1) != 0),
        source: match register(5, 11) {
            (register, false) => Source::Register(register),
            (register, true) => Source::RegisterLoop(register),
        },
        source_swizzle,
        to: match register(12, 18) {
            (register, false) => Destination::Register(register),
            (register, true) => Destination::RegisterLoop(register),
        },
        select: [0, 1, 2, 3].map(|k| match bits(b, 3 * k, 3) {
            component @ 0..=3 => FetchSelect::Component(component as u8),
            4 => FetchSelect::Zero,
            5 => FetchSelect::One,
            _ => FetchSelect::Keep,
        }),
    }
}

pub(super) fn decode_vertex(words: [u32; 3]) -> VertexFetch {
    let [a, b, c] = words;
    VertexFetch {
        common: decode_common(words, [bits(a, 30, 2) as u8; 3]),
        // Three vertex constants lie in each texture constant; a selector of 3 could pass the last.
        constant: ((bits(a, 20, 5) * 3 + bits(a, 25, 2)) as u8).min(95),
        mini: bits(b, 30, 1) != 0,
        format: bits(b, 16, 6) as u8,
        signed: bits(b, 12, 1) != 0,
        integer: bits(b, 13, 1) != 0,
        no_zero: bits(b, 14, 1) != 0,
        rounded: bits(b, 15, 1) != 0,
        exponent: signed(b, 24, 6) as i8,
        stride: bits(c, 0, 8) as u8,
        offset: signed(c, 8, 23),
    }
}

pub(super) fn decode_texture(words: [u32; 3]) -> Option<TextureFetch> {
    let [a, b, c] = words;
    let operation = match bits(a, 0, 5) {
        1 => TextureOp::Fetch,
        16 => TextureOp::BorderFraction,
        17 => TextureOp::ComputedLod,
        18 => TextureOp::Gradients,
        19 => TextureOp::Weights,
        24 => TextureOp::SetLod,
        25 => TextureOp::SetGradientH,
        26 => TextureOp::SetGradientV,
        _ => return None,
    };
    let half = |low: u32| signed(c, low, 5) as f32 * 0.5;
    let source_swizzle = [0, 2, 4].map(|k| bits(a, 26 + k, 2) as u8);
    let [x, y, z] = source_swizzle;
    // Compilers repeat the only coordinate of a 1D fetch. One with three different components has
    // two: a title fetches all of its interface so, from planes (xenia-canary, pull request 1129).
    let has_two = x != y && y != z && z != x;
    let dimension = match (operation, Dimension::from_bits(bits(c, 14, 2))) {
        (TextureOp::Fetch | TextureOp::BorderFraction, Dimension::D1) if has_two => Dimension::D2,
        (_, own) => own,
    };
    Some(TextureFetch {
        common: decode_common(words, source_swizzle),
        operation,
        constant: bits(a, 20, 5) as u8,
        unnormalized: bits(a, 25, 1) != 0,
        dimension,
        mag: TextureFilter::from_bits(bits(b, 12, 2)),
        min: TextureFilter::from_bits(bits(b, 14, 2)),
        mip: TextureFilter::from_bits(bits(b, 16, 2)),
        slices: [24, 26].map(|low| match dimension {
            Dimension::D3 => TextureFilter::from_bits(bits(b, low, 2)),
            _ => TextureFilter::UseFetchConstant,
        }),
        anisotropy: Anisotropy::from_bits(bits(b, 18, 3)),
        computed_lod: bits(b, 28, 1) != 0,
        register_lod: bits(b, 29, 1) != 0,
        register_gradients: bits(c, 0, 1) != 0,
        lod_bias: signed(c, 2, 7) as f32 / 16.0,
        offset: [half(16), half(21), half(26)],
    })
}
