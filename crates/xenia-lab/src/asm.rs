//! `xenia-rs asm`: assembles PowerPC source to a flat binary or a listing.

use crate::args::AsmArgs;
use anyhow::{Context, Result};
use xenia::say::outln;
use xenia_cli::Code;
use xenia_isa::{Assembly, Syntax, assemble, disassemble};

/// Assembles a file; errors name line and column.
pub fn run(args: &AsmArgs) -> Result<Code> {
    let name = args.source.display();
    let source = xenia::source::read(&args.source)?;
    let base = args.base;
    let assembly = assemble(&source, base).with_context(|| format!("cannot assemble {name}"))?;
    if let Some(output) = &args.output {
        xenia::output::write(output, &assembly.bytes)?;
        return Ok(Code::Done);
    }
    list(&assembly, base, |line| outln!("{line}"));
    Ok(Code::Done)
}

/// Prints a listing: a line for each word, after those of the labels in it.
fn list(assembly: &Assembly, base: u32, mut print: impl FnMut(String)) {
    let labels = assembly.labels.iter().map(|(name, at)| (at.wrapping_sub(base) as usize, name));
    let mut labels: Vec<_> = labels.collect();
    labels.sort();
    let mut labels = labels.into_iter().peekable();
    let label_text = |(offset, name): (usize, &String)| match offset % 4 {
        0 => format!("{name}:"),
        _ => format!("{name}:  # {:08x}", base.wrapping_add(offset as u32)),
    };
    for (index, bytes) in assembly.bytes.chunks(4).enumerate() {
        let start = 4 * index;
        while let Some(label) = labels.next_if(|(offset, _)| *offset < start + bytes.len()) {
            print(label_text(label));
        }
        let pc = base.wrapping_add(start as u32);
        print(match <[u8; 4]>::try_from(bytes) {
            Ok(word) => {
                let word = u32::from_be_bytes(word);
                format!("{pc:08x}  {word:08x}  {}", disassemble(word, pc, Syntax::default()))
            }
            Err(_) => format!("{pc:08x}  {bytes:02x?}"),
        });
    }
    labels.map(label_text).for_each(print);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_has_labels_within_words_and_at_the_end() {
        let source = "a: .byte 1\nb: .byte 2\nc: .half 3\nd: .long 4\ne: .byte 5\nend:\n";
        let base = 0x8200_0000;
        let mut labels = Vec::new();
        list(&assemble(source, base).unwrap(), base, |line| {
            if line.contains(':') {
                labels.push(line);
            }
        });
        let expected = ["a:", "b:  # 82000001", "c:  # 82000002", "d:", "e:", "end:  # 82000009"];
        assert_eq!(labels, expected);
    }
}
