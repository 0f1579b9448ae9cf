//! Shader disassembler: programs as text in the assembler's language.
//!
//! Assembling the text of a program gives an equal program, though not always the same words:
//! fields without a meaning are lost, and overlapping clauses are separated.

use std::fmt::Write;

use super::ShaderKind;
use super::program::*;
use crate::enums::{Anisotropy, Dimension, TextureFilter};

/// Disassembles a program.
pub fn disassemble(kind: ShaderKind, program: &Program) -> String {
    let mut text = String::new();
    let controls = &program.controls;
    let mut is_target = vec![false; controls.len()];
    for target in controls.iter().filter_map(Control::target) {
        if let Some(target) = is_target.get_mut(target as usize) {
            *target = true;
        }
    }
    if !controls.iter().any(|control| matches!(control, Control::Exec { end: true, .. })) {
        text.push_str(".open\n");
    }
    let label = |at: u32| {
        if (at as usize) < controls.len() { format!("l{at}") } else { format!("@{at}") }
    };
    for (i, control) in controls.iter().enumerate() {
        if is_target[i] {
            let _ = writeln!(text, "l{i}:");
        }
        match *control {
            // The assembler adds the filler of the last pair.
            Control::Nop if i + 1 == controls.len() && i % 2 == 1 && !is_target[i] => {}
            Control::Nop => text.push_str("nop\n"),
            Control::Alloc(kind_of, count) => {
                let what = match (kind_of, kind) {
                    (0, _) => "none",
                    (1, _) => "position",
                    (3, _) => "memory",
                    (_, ShaderKind::Vertex) => "interpolators",
                    (_, ShaderKind::Pixel) => "colors",
                };
                let _ = writeln!(text, "alloc {what} {}", count + 1);
            }
            Control::Exec { first, count, condition: when, end } => {
                let name = if end { "exece" } else { "exec" };
                let _ = writeln!(text, "{name}{}", spaced(when));
                for instruction in &program.instructions[first as usize..(first + count) as usize] {
                    let _ = writeln!(text, "{}", instruction_text(kind, instruction));
                }
            }
            Control::LoopStart { skip, constant, repeat } => {
                let repeat = if repeat { ", repeat" } else { "" };
                let _ = writeln!(text, "loop i{constant}, {}{repeat}", label(skip));
            }
            Control::LoopEnd { body, constant, break_on } => {
                let when = break_on.map_or(Condition::Always, Condition::Predicate);
                let _ = writeln!(text, "endloop i{constant}, {}{}", label(body), listed(when));
            }
            Control::Call(at, when) => {
                let _ = writeln!(text, "call {}{}", label(at), listed(when));
            }
            Control::Jump(at, when) => {
                let _ = writeln!(text, "jump {}{}", label(at), listed(when));
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

fn operand_text(operand: &ShaderOperand, components: &[u8]) -> String {
    let sign = if operand.negate { "-" } else { "" };
    format!("{sign}{}.{}", source_text(operand.source, operand.absolute), letters(components.iter().copied()))
}

/// Destination with its components; constant zeros and ones are written in the components'
/// positions.
fn destination_text(kind: ShaderKind, to: Destination, mask: u8, zeros: u8, ones: u8) -> String {
    let name = match to {
        Destination::Register(register) => format!("r{register}"),
        Destination::RegisterLoop(register) => format!("r[aL+{register}]"),
        Destination::Export(62) => "oPos".into(),
        Destination::Export(63) => "oPts".into(),
        Destination::Export(61) => "oDepth".into(),
        Destination::Export(32) => "eA".into(),
        Destination::Export(export @ 33..=37) => format!("eM{}", export - 33),
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

fn instruction_text(kind: ShaderKind, instruction: &ShaderInstruction) -> String {
    match instruction {
        ShaderInstruction::Alu(alu) => alu_text(kind, alu),
        ShaderInstruction::Vertex(fetch) => vertex_text(fetch),
        ShaderInstruction::Texture(fetch) => texture_text(fetch),
        ShaderInstruction::Undefined => "undefined".into(),
    }
}

fn alu_text(kind: ShaderKind, alu: &Alu) -> String {
    let mut text = predicate_text(alu.predicate).to_owned();
    let has_scalar = alu.has_scalar();
    if alu.has_vector() || !has_scalar {
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
    text
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

/// Suffixes of the mnemonics of texture fetches, by dimension ([`Dimension`]).
pub(super) const DIMENSIONS: [&str; 4] = ["1D", "2D", "3D", "Cube"];

/// Mnemonics of texture fetches, without their dimension.
pub(super) const TEXTURE_OPERATIONS: &[(TextureOp, &str)] = &[
    (TextureOp::Fetch, "tfetch"),
    (TextureOp::BorderFraction, "getBCF"),
    (TextureOp::ComputedLod, "getCompTexLOD"),
    (TextureOp::Gradients, "getGradients"),
    (TextureOp::Weights, "getWeights"),
    (TextureOp::SetLod, "setTexLOD"),
    (TextureOp::SetGradientH, "setGradientH"),
    (TextureOp::SetGradientV, "setGradientV"),
];

fn texture_text(fetch: &TextureFetch) -> String {
    let mut text = predicate_text(fetch.common.predicate).to_owned();
    for (operation, name) in TEXTURE_OPERATIONS {
        if *operation == fetch.operation {
            text.push_str(name);
        }
    }
    // Operations without a texture have no dimension, unless the microcode gives one.
    let samples = matches!(
        fetch.operation,
        TextureOp::Fetch | TextureOp::BorderFraction | TextureOp::ComputedLod | TextureOp::Weights
    );
    if samples || fetch.dimension != Dimension::D1 {
        text.push_str(DIMENSIONS[fetch.dimension as usize]);
    }
    let source = source_text(fetch.common.source, false);
    let at = letters(fetch.common.source_swizzle);
    let _ = write!(text, " {}, {source}.{at}, tf{}", select_text(&fetch.common), fetch.constant);
    if fetch.unnormalized {
        text.push_str(", unnormalized");
    }
    let [volmag, volmin] = fetch.slices;
    for (name, filter) in
        [("mag", fetch.mag), ("min", fetch.min), ("mip", fetch.mip), ("volmag", volmag), ("volmin", volmin)]
    {
        let filter = match filter {
            TextureFilter::Point => "point",
            TextureFilter::Linear => "linear",
            TextureFilter::BaseMap => "base",
            TextureFilter::UseFetchConstant => continue,
        };
        let _ = write!(text, ", {name}={filter}");
    }
    match fetch.anisotropy {
        Anisotropy::UseFetchConstant => {}
        Anisotropy::Disabled => text.push_str(", aniso=off"),
        own => _ = write!(text, ", aniso={}", own.most()),
    }
    for (set, name) in [
        (!fetch.computed_lod, "nolod"),
        (fetch.register_lod, "reglod"),
        (fetch.register_gradients, "reggrad"),
    ] {
        if set {
            let _ = write!(text, ", {name}");
        }
    }
    let [x, y, z] = fetch.offset;
    for (value, name) in [(fetch.lod_bias, "bias"), (x, "offsetx"), (y, "offsety"), (z, "offsetz")] {
        if value != 0.0 {
            let _ = write!(text, ", {name}={value}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::asm::assemble;
    use super::*;
    use proptest::prelude::*;

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
            assert_eq!(back, program, "\n{again}");
        }
    }

    /// Random words whose first ones resemble clauses with nearby addresses, so that instructions
    /// are decoded.
    fn words() -> impl Strategy<Value = Vec<u32>> {
        (1_usize..8, proptest::collection::vec(any::<u32>(), 24..160)).prop_map(|(pairs, mut words)| {
            for (i, word) in words.iter_mut().take(pairs * 3).enumerate() {
                *word &= [0xffff_f01f, 0xf01f_ffff, 0xffff_ffff][i % 3];
            }
            words
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

        #[test]
        fn any_program_assembles_to_itself(words in words(), is_vertex in any::<bool>()) {
            let kind = if is_vertex { ShaderKind::Vertex } else { ShaderKind::Pixel };
            let program = Program::decode(&words);
            let text = disassemble(kind, &program);
            let back = assemble(&text).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
            prop_assert_eq!(&Program::decode(&back), &program, "\n{}", text);
        }
    }
}
