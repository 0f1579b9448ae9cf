//! `xenia-rs shader`: assembles, disassembles and translates shader microcode.

use crate::args::{ShaderAsmArgs, ShaderDisArgs, ShaderKindChoice, ShaderTranslateArgs};
use anyhow::{Context, Result, bail};
use std::path::Path;
use xenia::say::{out, outln};
use xenia::wording::count;
use xenia_cli::Code;
use xenia_formats::Opens;
use xenia_gpu::draw_state::INTERPOLATORS;
use xenia_gpu::microcode::{Program, ShaderKind, ShaderObject, assemble, disassemble};
use xenia_shaders::{Interpolators, Stage};

/// Words of an instruction: three for a fetch or an ALU instruction, or for two of control flow.
const INSTRUCTION_WORDS: usize = 3;

/// A shader read from a file.
struct Opened {
    kind: ShaderKind,
    object: ShaderObject,
    program: Program,
}

/// Reads a file. If neither the file nor the user gives the kind, a shader that exports a position
/// is a vertex shader.
fn open(path: &Path, kind: Option<ShaderKindChoice>) -> Result<Opened> {
    let bytes = xenia::source::bytes(path).with_context(|| format!("cannot read {}", path.display()))?;
    let object =
        ShaderObject::parse(&bytes).with_context(|| format!("{} is not a shader", path.display()))?;
    // Zeros decode as instructions without effect, so an empty or truncated file would pass as a
    // shader.
    if object.words.len() < INSTRUCTION_WORDS || object.words.iter().all(|&word| word == 0) {
        let words = count(object.words.len(), "word");
        bail!("{} is not a shader: there is no instruction in its {words}", path.display());
    }
    // Raw microcode has no signature, so any file would pass as a shader.
    if object.kind.is_none()
        && let Ok(Some(format)) = xenia_formats::identify(&bytes)
        && !matches!(format.opens, Opens::Unread(_))
    {
        bail!("{} is not a shader: it is {}", path.display(), format.description);
    }
    let program = Program::decode(&object.words);
    let kind = kind.map(ShaderKind::from).or(object.kind).unwrap_or({
        if program.writes(Program::POSITION) { ShaderKind::Vertex } else { ShaderKind::Pixel }
    });
    Ok(Opened { kind, object, program })
}

fn name(kind: ShaderKind) -> &'static str {
    match kind {
        ShaderKind::Vertex => "vertex",
        ShaderKind::Pixel => "pixel",
    }
}

/// Assembles a shader; errors name the line.
pub fn asm(args: &ShaderAsmArgs) -> Result<Code> {
    let name = args.source.display();
    let source = xenia::source::read(&args.source)?;
    let words = assemble(&source).with_context(|| format!("cannot assemble {name}"))?;
    if let Some(output) = &args.output {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        xenia::output::write(output, &bytes)?;
        return Ok(Code::Done);
    }
    for (index, words) in words.chunks(INSTRUCTION_WORDS).enumerate() {
        let words: Vec<String> = words.iter().map(|word| format!("{word:08x}")).collect();
        outln!("{index:4}  {}", words.join(" "));
    }
    Ok(Code::Done)
}

/// Disassembles a shader.
pub fn dis(args: &ShaderDisArgs) -> Result<Code> {
    let Opened { kind, object, program } = open(&args.file, args.kind)?;
    let name = name(kind);
    outln!(
        "; {name} shader, {}, {}",
        count(object.words.len(), "word"),
        count(program.registers, "register")
    );
    for literal in &object.literals {
        let [x, y, z, w] = literal.value;
        outln!("; c[{}] = {x:?}, {y:?}, {z:?}, {w:?}", literal.constant);
    }
    out!("{}", disassemble(kind, &program));
    Ok(Code::Done)
}

/// The pipeline stage that a shader is translated for, without a draw.
fn stage(kind: ShaderKind, program: &Program) -> Stage {
    let interpolators = |count| Interpolators { count, ..Interpolators::default() };
    match kind {
        // Interpolators are the exports from 0 on: as many as the highest one needs.
        ShaderKind::Vertex => Stage::Vertex {
            interpolators: interpolators(INTERPOLATORS - (program.exports as u16).leading_zeros()),
            clip: false,
            expansion: xenia_shaders::Expansion::None,
        },
        ShaderKind::Pixel => Stage::Pixel {
            interpolators: interpolators(program.registers.min(INTERPOLATORS)),
            position_register: None,
            pixels_of: xenia_shaders::PixelsOf::Polygons,
            alpha_test: false,
            alpha_to_mask: false,
            anisotropic: 0,
        },
    }
}

/// Translates a shader, validates the translation, and prints its bindings.
pub fn translate(args: &ShaderTranslateArgs) -> Result<Code> {
    let Opened { kind, program, .. } = open(&args.file, args.kind)?;
    let path_name = args.file.display();
    let translation = xenia_shaders::translate(&program, stage(kind, &program))
        .with_context(|| format!("{path_name} can't be translated"))?;
    translation.validate().with_context(|| format!("the translation of {path_name} is not valid"))?;
    if args.wgsl {
        out!("{}", translation.wgsl()?);
        return Ok(Code::Done);
    }
    let interface = &translation.interface;
    let exports: Vec<String> = interface.exports.iter().map(u8::to_string).collect();
    outln!(
        "{} shader, {}, {}",
        name(kind),
        count(program.instructions.len(), "instruction"),
        count(program.registers, "register")
    );
    outln!("exports {}", exports.join(" "));
    outln!("group {}:", interface.group);
    outln!("  binding {}: constants", xenia_shaders::CONSTANTS_BINDING);
    if interface.vertex_data {
        outln!("  binding {}: vertex data", xenia_shaders::VERTEX_BINDING);
    }
    let textures = interface
        .textures
        .iter()
        .map(|slot| (slot.binding, format!("texture {} as {:?}", slot.constant, slot.shape).to_lowercase()));
    let samplers = interface.samplers.iter().map(|slot| {
        let [mag, min, mip] = slot.filters;
        (slot.binding, format!("sampler {}, filters {mag:?} {min:?} {mip:?}", slot.constant))
    });
    let mut slots: Vec<_> = textures.chain(samplers).collect();
    slots.sort();
    for (binding, text) in slots {
        outln!("  binding {binding}: {text}");
    }
    Ok(Code::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assembled_shaders_reopen_unchanged() {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("a.s");
        let output = folder.path().join("a.bin");
        for (text, kind) in [
            ("dp4 oPos, r0, c[1]\n+ setp_eq r1._, r0.x", ShaderKind::Vertex),
            ("(p0) mul oC0, r0, c[2]", ShaderKind::Pixel),
        ] {
            std::fs::write(&source, text).unwrap();
            asm(&ShaderAsmArgs { source: source.clone(), output: Some(output.clone()) }).unwrap();
            let opened = open(&output, None).unwrap();
            assert_eq!(opened.kind, kind, "{text}");
            assert_eq!(opened.program, Program::decode(&assemble(text).unwrap()));
            let stage = stage(kind, &opened.program);
            xenia_shaders::translate(&opened.program, stage).unwrap().validate().unwrap();
            for wgsl in [false, true] {
                let args = ShaderTranslateArgs { file: output.clone(), kind: None, wgsl };
                assert_eq!(translate(&args).unwrap(), Code::Done);
            }
            let other = open(&output, Some(ShaderKindChoice::Vertex)).unwrap();
            assert_eq!(other.kind, ShaderKind::Vertex);
        }
    }

    #[test]
    fn mistakes_name_file_and_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bad.xvu");
        std::fs::write(&path, [0x10, 0x2a, 0x11, 1, 0, 0]).unwrap();
        let error = format!("{:#}", open(&path, None).err().unwrap());
        assert!(error.contains("bad.xvu is not a shader: offset 0x4: the header's length"), "{error}");
        for empty in [&[0; 4][..], &[0; 48], &[1, 2, 3, 4]] {
            std::fs::write(&path, empty).unwrap();
            let error = open(&path, None).err().unwrap().to_string();
            assert!(error.contains("bad.xvu is not a shader: there is no instruction in its"), "{error}");
        }
        std::fs::write(&path, "\nfoo r0").unwrap();
        let error = format!("{:#}", asm(&ShaderAsmArgs { source: path, output: None }).unwrap_err());
        assert!(error.contains("bad.xvu: line 2: unknown instruction 'foo'"), "{error}");
    }
}
