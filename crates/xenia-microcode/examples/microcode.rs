//! Assembles a pixel shader, decodes its microcode and disassembles it again:
//! `cargo run -p xenia-microcode --example microcode -- FILE` disassembles a compiled shader.

use xenia_microcode::{Program, ShaderKind, ShaderObject, assemble, disassemble};

/// Multiplies the interpolated color by a constant.
const SOURCE: &str = "mul oC0, r0, c[0]\n";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (words, kind) = if let Some(path) = std::env::args_os().nth(1) {
        let object = ShaderObject::parse(&std::fs::read(path)?)?;
        (object.words, object.kind.unwrap_or(ShaderKind::Pixel))
    } else {
        (assemble(SOURCE)?, ShaderKind::Pixel)
    };
    let program = Program::decode(&words);
    println!("{} words, {} registers", words.len(), program.registers);
    print!("{}", disassemble(kind, &program));
    Ok(())
}
