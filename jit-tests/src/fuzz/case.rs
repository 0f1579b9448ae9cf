//! A sequence as an annotated assembler file that [`crate::conformance`] runs.

use super::arena::{Arena, End, Ran};
use super::report::Mismatch;
use super::sequence::{SANDBOX, SANDBOX_SIZE, Sequence};
use crate::conformance::{CODE_BASE, Register, RunError};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use xenia_isa::{Syntax, disassemble};

/// Writes a file for a mismatch and returns its path.
pub(super) fn write(folder: &Path, seed: u64, mismatch: &Mismatch, text: &str) -> Result<String, RunError> {
    let name =
        mismatch.case.as_deref().map_or_else(|| format!("seed{seed}"), |case| case.replace("test_", ""));
    let path: PathBuf = folder.join(format!("{name}_block{}.s", mismatch.block));
    let written = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&path, text));
    written.map_err(|source| RunError::Read { path: path.clone(), source })?;
    Ok(path.display().to_string())
}

/// Registers that a file may set and compare.
fn registers() -> impl Iterator<Item = Register> {
    // LR is the way back, r1 its copy.
    let gprs = (0..32).filter(|&n| n != 1).map(Register::Gpr);
    let others =
        [Register::Cr, Register::Xer, Register::Ctr, Register::Fpscr, Register::Vscr, Register::Vrsave];
    gprs.chain((0..32).map(Register::Fpr)).chain((0..128).map(Register::Vector)).chain(others)
}

/// The number alone: a double's decimal form would be another value.
pub(super) fn number(register: Register, bits: u128) -> String {
    let text = register.text(bits);
    text.split_once(" (").map_or(text.clone(), |(bits, _)| bits.to_owned())
}

/// The file.
pub(super) fn text(arena: &mut Arena<'_>, sequence: &Sequence, seed: u64, mismatch: &Mismatch) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "# Found by the fuzzer: seed {seed}, block {}; {} was {}, and {} in the interpreter.\n\
         # Expected: the interpreter's results. Check them by the book before this file is kept.",
        mismatch.block, mismatch.what, mismatch.actual, mismatch.expected
    );
    let _ = writeln!(out, "test_fuzz_seed{seed}_block{}:", mismatch.block);
    let defaults = xenia_cpu::PpcContext::default();
    let state = &sequence.state;
    for register in registers().chain([Register::Msr]) {
        let bits = register.get(state);
        let bench_sets = matches!(register, Register::Gpr(13));
        if bits != register.get(&defaults) || bench_sets {
            let _ = writeln!(out, "  #_ REGISTER_IN {register} {}", number(register, bits));
        }
    }
    memory(&mut out, "IN", &sequence.memory[..], &[0; SANDBOX_SIZE]);
    for (n, word) in sequence.words(CODE_BASE).into_iter().enumerate() {
        let text = disassemble(word, CODE_BASE + 4 * n as u32, Syntax::Simplified);
        let _ = writeln!(out, "  .long 0x{word:08X} # {text}");
    }
    let entry = arena.load_first(sequence);
    let Ran { ctx: after, memory: after_memory, end } = arena.reference_run(sequence, entry);
    if end != End::Returned {
        let _ = writeln!(out, "  # The sequence doesn't return; only the exit or the count differ.");
        return out;
    }
    for register in registers() {
        let bits = register.get(&after);
        if bits != register.get(state) || mismatch.what == register.to_string() {
            let _ = writeln!(out, "  #_ REGISTER_OUT {register} {}", number(register, bits));
        }
    }
    memory(&mut out, "OUT", &after_memory, &sequence.memory[..]);
    out
}

/// Writes the 16-byte rows in which memory is not as it was.
pub(super) fn memory(out: &mut String, direction: &str, now: &[u8], before: &[u8]) {
    for (row, (now, before)) in now.chunks(16).zip(before.chunks(16)).enumerate() {
        if now != before {
            let _ = write!(out, "  #_ MEMORY_{direction} {:08X}", SANDBOX as usize + 16 * row);
            for byte in now {
                let _ = write!(out, " {byte:02X}");
            }
            let _ = writeln!(out);
        }
    }
}
