//! Assembles a few instructions and disassembles the words again, or disassembles the words given
//! as arguments: `cargo run -p xenia-isa --example disassemble -- 7c0802a6 4e800020`.

use xenia_isa::{Syntax, assemble, decode, disassemble};

/// Address of the first instruction.
const BASE: u32 = 0x8200_0000;
const SOURCE: &str = "
        mflr    r12
again:  lvx     v1, 0, r4
        vmaddfp v2, v1, v3, v2
        addi    r4, r4, 16
        bdnz    again
        blr
";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words = std::env::args().skip(1).map(|word| u32::from_str_radix(&word, 16));
    let mut words = words.collect::<Result<Vec<u32>, _>>()?;
    if words.is_empty() {
        let bytes = assemble(SOURCE, BASE)?.bytes;
        words = bytes.chunks_exact(4).map(|word| u32::from_be_bytes(word.try_into().unwrap())).collect();
    }
    for (pc, word) in (BASE..).step_by(4).zip(words) {
        let family = decode(word).map(|op| op.row().family);
        println!("{pc:08x}  {word:08x}  {:30} {family:?}", disassemble(word, pc, Syntax::Simplified));
    }
    Ok(())
}
