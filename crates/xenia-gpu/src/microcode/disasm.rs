//! Programs as text, in the language of the assembler.
//!
//! What the assembler can say comes out so that assembling it again gives an equal program; what it
//! has no words for (loop-relative registers, filter overrides beyond the three names) is written
//! as a comment behind the line.

use std::fmt::Write;

use super::ShaderKind;
use super::decode::*;
use super::ops::{ScalarOp, VectorOp};
use crate::enums::TextureFilter;

/// The text of a program.
pub fn disassemble(kind: ShaderKind, program: &Program) -> String {
    let mut text = String::new();
    let mut condition = Condition::Always;
    for (i, control) in program.controls.iter().enumerate() {
        let is_target = program.controls.iter().any(|control| match *control {
            Control::LoopStart { skip: at, .. }
            | Control::LoopEnd { body: at, .. }
            | Control::Call(at, _)
            | Control::Jump(at, _) => at as usize == i,
            _ => false,
        });
        if is_target {
            let _ = writeln!(text, "l{i}:");
        }
        match *control {
            Control::Nop => {}
            Control::Alloc(kind_of, count) => {
                let what = match (kind_of, kind) {
                    (1, _) => "position",
                    (3, _) => "memory",
                    (_, ShaderKind::Vertex) => "interpolators",
                    (_, ShaderKind::Pixel) => "colors",
                };
                let _ = writeln!(text, "alloc {what} {}", count + 1);
            }
            Control::Exec { first, count, condition: when, end } => {
                if when != condition || is_target {
                    condition = when;
                    let _ = writeln!(text, "exec{}", spaced(when));
                }
                for instruction in &program.instructions[first as usize..(first + count) as usize] {
                    let _ = writeln!(text, "{}", instruction_text(kind, instruction));
                }
                if end && (when != Condition::Always || i + 2 < program.controls.len()) {
                    text.push_str("; the shader ends here\n");
                }
            }
            Control::LoopStart { skip, constant, repeat } => {
                let note = if repeat { " ; keeps the loop address" } else { "" };
                let _ = writeln!(text, "loop i{constant}, l{skip}{note}");
            }
            Control::LoopEnd { body, constant, break_on } => {
                let note = break_on.map_or(String::new(), |value| format!(" ; leaves where p0 is {value}"));
                let _ = writeln!(text, "endloop i{constant}, l{body}{note}");
            }
            Control::Call(at, when) => {
                let _ = writeln!(text, "call l{at}{}", listed(when));
            }
            Control::Jump(at, when) => {
                let _ = writeln!(text, "jump l{at}{}", listed(when));
            }
            Control::Return => text.push_str("ret\n"),
        }
    }
    text
}

fn condition_text(condition: Condition) -> Option<String> {
    let not = |value: bool| if value { "" } else { "!" };
    match condition {
        Condition::Always => None,
        Condition::Bool(index, value) => Some(format!("{}b{index}", not(value))),
        Condition::Predicate(value) => Some(format!("{}p0", not(value))),
    }
}

fn spaced(condition: Condition) -> String {
    condition_text(condition).map_or(String::new(), |text| format!(" {text}"))
}

fn listed(condition: Condition) -> String {
    condition_text(condition).map_or(String::new(), |text| format!(", {text}"))
}

const LETTERS: [char; 4] = ['x', 'y', 'z', 'w'];

fn letters(components: impl IntoIterator<Item = u8>) -> String {
    components.into_iter().map(|component| LETTERS[component as usize & 3]).collect()
}

fn source_text(source: Source, absolute: bool) -> String {
    let abs = if absolute { "_abs" } else { "" };
    match source {
        Source::Register(register) => format!("r{register}{abs}"),
        Source::RegisterLoop(register) => format!("r[aL+{register}]{abs}"),
        Source::Constant(index) => format!("c[{index}]{abs}"),
        Source::ConstantAddress(index) => format!("c[a0+{index}]{abs}"),
        Source::ConstantLoop(index) => format!("c[aL+{index}]{abs}"),
    }
}

fn operand_text(operand: &Operand, components: &[u8]) -> String {
    let sign = if operand.negate { "-" } else { "" };
    format!("{sign}{}.{}", source_text(operand.source, operand.absolute), letters(components.iter().copied()))
}

/// A destination with its components; those set to constants stand in their places.
fn destination_text(kind: ShaderKind, to: Destination, mask: u8, zeros: u8, ones: u8) -> String {
    let name = match to {
        Destination::Register(register) => format!("r{register}"),
        Destination::RegisterLoop(register) => format!("r[aL+{register}]"),
        Destination::Export(62) => "oPos".into(),
        Destination::Export(63) => "oPts".into(),
        Destination::Export(61) => "oDepth".into(),
        Destination::Export(export) if kind == ShaderKind::Pixel && export < 4 => format!("oC{export}"),
        Destination::Export(export) => format!("o{export}"),
    };
    let component = |i: usize| match (mask >> i & 1, zeros >> i & 1, ones >> i & 1) {
        (1, ..) => LETTERS[i],
        (_, 1, _) => '0',
        (.., 1) => '1',
        _ => '_',
    };
    format!("{name}.{}", (0..4).map(component).collect::<String>())
}

fn predicate_text(predicate: Option<bool>) -> &'static str {
    match predicate {
        None => "",
        Some(true) => "(p0) ",
        Some(false) => "(!p0) ",
    }
}

fn instruction_text(kind: ShaderKind, instruction: &Instruction) -> String {
    match instruction {
        Instruction::Alu(alu) => alu_text(kind, alu),
        Instruction::Vertex(fetch) => vertex_text(fetch),
        Instruction::Texture(fetch) => texture_text(fetch),
        Instruction::Undefined => "; undefined".into(),
    }
}

fn alu_text(kind: ShaderKind, alu: &Alu) -> String {
    let mut text = predicate_text(alu.predicate).to_owned();
    let has_scalar = alu.scalar != ScalarOp::RetainPrev || alu.scalar_mask != 0;
    let vector_works = alu.vector_mask | alu.zeros | alu.ones != 0 || alu.vector.changes_state();
    if vector_works || !has_scalar {
        let saturate = if alu.vector_clamp { "_sat" } else { "" };
        let to = destination_text(kind, alu.vector_to, alu.vector_mask, alu.zeros, alu.ones);
        let _ = write!(text, "{}{saturate} {to}", alu.vector.name());
        for operand in &alu.operands[..alu.vector.operands()] {
            let _ = write!(text, ", {}", operand_text(operand, &operand.swizzle));
        }
        if has_scalar {
            text.push_str("\n+ ");
        }
    }
    if has_scalar {
        let saturate = if alu.scalar_clamp { "_sat" } else { "" };
        let name = alu
            .scalar
            .name()
            .trim_end_matches(|c: char| c.is_ascii_digit() && alu.scalar.takes_constant_and_register());
        let to = destination_text(kind, alu.scalar_to, alu.scalar_mask, 0, 0);
        let _ = write!(text, "{name}{saturate} {to}");
        let [(a, ca), (b, cb)] = &alu.scalar_operands;
        if alu.scalar.takes_constant_and_register() {
            let _ = write!(text, ", {}, {}", operand_text(a, &[*ca]), operand_text(b, &[*cb]));
        } else if alu.scalar.operands() == 2 {
            let _ = write!(text, ", {}", operand_text(a, &[*ca, *cb]));
        } else if alu.scalar.operands() == 1 {
            let _ = write!(text, ", {}", operand_text(a, &[*ca]));
        }
    }
    // The vector operation that does nothing needs no words.
    if text.is_empty() { VectorOp::Max.name().into() } else { text }
}

fn select_text(common: &FetchCommon) -> String {
    let register = match common.to {
        Destination::RegisterLoop(register) => format!("r[aL+{register}]"),
        Destination::Register(register) | Destination::Export(register) => format!("r{register}"),
    };
    let select = common.select.iter().map(|select| match select {
        FetchSelect::Component(component) => LETTERS[*component as usize & 3],
        FetchSelect::Zero => '0',
        FetchSelect::One => '1',
        FetchSelect::Keep => '_',
    });
    format!("{register}.{}", select.collect::<String>())
}

fn vertex_text(fetch: &VertexFetch) -> String {
    let mut text = predicate_text(fetch.common.predicate).to_owned();
    let to = select_text(&fetch.common);
    if fetch.mini {
        let _ = write!(text, "vfetch_mini {to}");
    } else {
        let index = letters([fetch.common.source_swizzle[0]]);
        let source = source_text(fetch.common.source, false);
        let _ = write!(text, "vfetch {to}, {source}.{index}, vf{}, stride={}", fetch.constant, fetch.stride);
    }
    let _ = write!(text, ", format={}, offset={}", fetch.format, fetch.offset);
    if fetch.exponent != 0 {
        let _ = write!(text, ", exp={}", fetch.exponent);
    }
    for (set, name) in [
        (fetch.signed, "signed"),
        (fetch.integer, "integer"),
        (fetch.no_zero, "nozero"),
        (fetch.rounded && !fetch.mini, "rounded"),
    ] {
        if set {
            let _ = write!(text, ", {name}");
        }
    }
    text
}

fn texture_text(fetch: &TextureFetch) -> String {
    let mut text = predicate_text(fetch.common.predicate).to_owned();
    let name = match fetch.operation {
        TextureOp::Fetch => ["tfetch1D", "tfetch2D", "tfetch3D", "tfetchCube"][fetch.dimension as usize & 3],
        TextureOp::BorderFraction => "; getBCF",
        TextureOp::ComputedLod => "; getCompTexLOD",
        TextureOp::Gradients => "; getGradients",
        TextureOp::Weights => "; getWeights",
        TextureOp::SetLod => "; setTexLOD",
        TextureOp::SetGradientH => "; setGradientH",
        TextureOp::SetGradientV => "; setGradientV",
    };
    let source = source_text(fetch.common.source, false);
    let at = letters(fetch.common.source_swizzle);
    let _ = write!(text, "{name} {}, {source}.{at}, tf{}", select_text(&fetch.common), fetch.constant);
    if fetch.unnormalized {
        text.push_str(", unnormalized");
    }
    for (name, filter) in [("mag", fetch.mag), ("min", fetch.min), ("mip", fetch.mip)] {
        let filter = match filter {
            TextureFilter::Point => "point",
            TextureFilter::Linear => "linear",
            TextureFilter::BaseMap => "base",
            TextureFilter::UseFetchConstant => continue,
        };
        let _ = write!(text, ", {name}={filter}");
    }
    if fetch.lod_bias != 0.0 || fetch.offset != [0.0; 3] || fetch.register_lod || fetch.register_gradients {
        let _ = write!(text, " ; bias {} offset {:?}", fetch.lod_bias, fetch.offset);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::asm::assemble;
    use super::*;

    /// The program without what clauses happen to look like: addresses of instructions.
    fn shape(program: &Program) -> (Vec<Control>, Vec<Instruction>, u64) {
        let controls = program.controls.iter().copied().filter(|control| *control != Control::Nop);
        (controls.collect(), program.instructions.clone(), program.exports)
    }

    #[test]
    fn text_assembles_to_the_same_program() {
        for (kind, text) in [
            (
                ShaderKind::Vertex,
                "vfetch r1.xyz1, r0.x, vf0, format=57, stride=7, offset=0\n\
                 vfetch_mini r2.zyx_, format=6, offset=3, signed, integer\n\
                 alloc position\n\
                 dp4 oPos.x, r1, c[0]\n\
                 mad_sat r3.xz, -r1_abs.wzyx, c[7].y, c[a0+200]\n\
                 + retain_prev r4.w\n\
                 alloc interpolators 2\n\
                 max o0.xy01, r2, r2\n\
                 (!p0) add r1, r1, c[3]\n\
                 + mulsc r5.x, c[9].w, r6.y",
            ),
            (
                ShaderKind::Pixel,
                "jump end, !b7\ntop:\nexec p0\ntfetch2D r0.xyz1, r0.yx, tf5, mag=linear, mip=base, unnormalized\n\
                 loop i3, done\nbody:\nexec\nadds r1.y, -r0.zw\nendloop i3, body\ndone:\ncall sub, p0\n\
                 exec\nmax r2, r0, r0\n+ setp_gt r1._, r0.x\njump end\nsub:\nexec\nadd r1, r1, r1\nret\nend:\nexec\nmax oC1, r1, r1",
            ),
        ] {
            let program = Program::decode(&assemble(text).unwrap());
            let again = disassemble(kind, &program);
            let back = Program::decode(&assemble(&again).unwrap_or_else(|error| panic!("{error}\n{again}")));
            assert_eq!(shape(&back), shape(&program), "\n{again}");
        }
    }

    #[test]
    fn any_program_has_a_text() {
        let mut state = 77_u64;
        for _ in 0..500 {
            let words: Vec<u32> = (0..48)
                .map(|_| {
                    state =
                        state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    (state >> 32) as u32 & 0xffff_f01f
                })
                .collect();
            disassemble(ShaderKind::Pixel, &Program::decode(&words));
        }
    }
}
