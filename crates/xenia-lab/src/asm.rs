//! `xenia-rs asm`: assembles PowerPC source to a flat binary or a listing.

use crate::args::AsmArgs;
use anyhow::{Context, Result};
use xenia::say::outln;
use xenia_cli::Code;
use xenia_isa::{Syntax, assemble, disassemble};

/// Assembles a file; errors name line and column.
pub fn run(args: &AsmArgs) -> Result<Code> {
    let shown = args.source.display();
    let source = xenia::source::read(&args.source)?;
    let base = args.base;
    let assembly = assemble(&source, base).with_context(|| format!("cannot assemble {shown}"))?;
    if let Some(output) = &args.output {
        xenia::output::write(output, &assembly.bytes)?;
        return Ok(Code::Done);
    }
    let mut labels: Vec<_> = assembly.labels.iter().map(|(name, at)| (*at, name)).collect();
    labels.sort();
    for (index, bytes) in assembly.bytes.chunks(4).enumerate() {
        let pc = base.wrapping_add(4 * index as u32);
        for (_, name) in labels.iter().filter(|(at, _)| *at == pc) {
            outln!("{name}:");
        }
        match <[u8; 4]>::try_from(bytes) {
            Ok(word) => {
                let word = u32::from_be_bytes(word);
                outln!("{pc:08x}  {word:08x}  {}", disassemble(word, pc, Syntax::default()));
            }
            Err(_) => outln!("{pc:08x}  {bytes:02x?}"),
        }
    }
    Ok(Code::Done)
}
