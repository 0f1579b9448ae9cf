//! Writes a sequence as an annotated assembler file for [`crate::conformance`].

use super::arena::{Arena, End, Layout, Ran};
use super::report::Mismatch;
use super::sequence::{SANDBOX, SANDBOX_SIZE, Sequence};
use crate::conformance::{CODE_BASE, PpcRegister, RunError};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use xenia_isa::{Syntax, disassemble};

/// Writes a file for a mismatch and returns its path.
pub(super) fn write(folder: &Path, seed: u64, mismatch: &Mismatch, text: &str) -> Result<String, RunError> {
    let name =
        mismatch.case.as_deref().map_or_else(|| format!("seed{seed}"), |case| case.replace("test_", ""));
    let path: PathBuf = folder.join(format!("{name}_block{}.s", mismatch.block));
    let written = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&path, text));
    written.map_err(|source| RunError::Write { path: path.clone(), source })?;
    Ok(path.display().to_string())
}

/// Registers that a file may set and compare.
fn registers() -> impl Iterator<Item = PpcRegister> {
    // LR is the return address, r1 its copy.
    let gprs = (0..32).filter(|&n| n != 1).map(PpcRegister::Gpr);
    let others = [
        PpcRegister::Cr,
        PpcRegister::Xer,
        PpcRegister::Ctr,
        PpcRegister::Fpscr,
        PpcRegister::Vscr,
        PpcRegister::Vrsave,
    ];
    gprs.chain((0..32).map(PpcRegister::Fpr)).chain((0..128).map(PpcRegister::Vector)).chain(others)
}

/// The bit pattern only: a double's decimal form would be another value.
pub(super) fn number(register: PpcRegister, bits: u128) -> String {
    let text = register.text(bits);
    text.split_once(" (").map_or(text.clone(), |(bits, _)| bits.to_owned())
}

/// A result of an external oracle that replaces the interpreter's.
pub(super) enum Correction {
    Register(PpcRegister, u128),
    /// Offset in the sandbox, and the byte.
    Memory(usize, u8),
}

/// The text of the file. Its expectations are the interpreter's results, corrected.
pub(super) fn text(
    sequence: &Sequence,
    seed: u64,
    mismatch: &Mismatch,
    corrections: &[Correction],
) -> Result<String, RunError> {
    let mut out = String::new();
    let source = if corrections.is_empty() {
        "the interpreter's results"
    } else {
        "the interpreter's results, and qemu-ppc64's where they differ"
    };
    let _ = writeln!(
        out,
        "# Found by the fuzzer: seed {seed}, block {}; {} was {}, and {} in the reference.\n\
         # Expected: {source}. Check them by the book before this file is kept.",
        mismatch.place(),
        mismatch.what,
        mismatch.actual,
        mismatch.expected
    );
    let _ = writeln!(out, "test_fuzz_seed{seed}_block{}:", mismatch.block);
    let defaults = xenia_cpu::PpcContext::default();
    let state = &sequence.state;
    for register in registers().chain([PpcRegister::Msr]) {
        let bits = register.get(state);
        let bench_sets = matches!(register, PpcRegister::Gpr(13));
        if bits != register.get(&defaults) || bench_sets {
            let _ = writeln!(out, "  #_ REGISTER_IN {register} {}", number(register, bits));
        }
    }
    memory(&mut out, "IN", &sequence.memory[..], &[0; SANDBOX_SIZE]);
    for (n, word) in sequence.words(CODE_BASE).into_iter().enumerate() {
        let text = disassemble(word, CODE_BASE + 4 * n as u32, Syntax::Simplified);
        let _ = writeln!(out, "  .long 0x{word:08X} # {text}");
    }
    // The cases' address, which may differ from where the sequence failed.
    let mut arena = Arena::new(None, Layout::CASES)?;
    let entry = arena.load_first(sequence);
    let Ran { ctx: mut after, memory: mut after_memory, end } = arena.reference_run(sequence, entry);
    if end != End::Returned {
        let _ = writeln!(out, "  # The sequence doesn't return, so a case can't expect its result.");
        return Ok(out);
    }
    for correction in corrections {
        match *correction {
            Correction::Register(register, bits) => register.set(&mut after, bits),
            Correction::Memory(at, byte) => after_memory[at] = byte,
        }
    }
    for register in registers() {
        let bits = register.get(&after);
        let named =
            |correction: &Correction| matches!(correction, Correction::Register(of, _) if *of == register);
        let differs = mismatch.what == register.to_string() || corrections.iter().any(named);
        if bits != register.get(state) || differs {
            let _ = writeln!(out, "  #_ REGISTER_OUT {register} {}", number(register, bits));
        }
    }
    memory(&mut out, "OUT", &after_memory, &sequence.memory[..]);
    Ok(out)
}

/// Writes the 16-byte rows of memory that changed.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{ConformanceEngine, run};
    use crate::fuzz::generate::{self, Choice};

    /// Failures of the interpreter on a file with these corrections.
    fn failures(corrections: &[Correction]) -> Vec<(String, String)> {
        let choice = Choice::only(|op| matches!(op.row().mnemonic, "add" | "xor" | "stw"), Some(false));
        let sequence = generate::sequence(1, 1, &choice);
        let mismatch = Mismatch {
            block: 1,
            state: 0,
            case: None,
            what: String::new(),
            expected: String::new(),
            actual: String::new(),
            instructions: Vec::new(),
            file: None,
        };
        let folder = tempfile::tempdir().unwrap();
        let text = text(&sequence, 1, &mismatch, corrections).unwrap();
        std::fs::write(folder.path().join("a.s"), text).unwrap();
        let report = run(&[folder.path().to_owned()], &[ConformanceEngine::interpreter()], None).unwrap();
        assert_eq!(report.cases, 1);
        report.failed.into_iter().map(|failure| (failure.what, failure.expected)).collect()
    }

    #[test]
    fn a_file_expects_the_interpreters_results_by_default() {
        assert_eq!(failures(&[]), []);
    }

    #[test]
    fn an_oracles_results_are_expected_instead() {
        let found = failures(&[Correction::Register(PpcRegister::Vector(99), 5)]);
        assert_eq!(found, [("v99".to_owned(), "[00000000, 00000000, 00000000, 00000005]".to_owned())]);
        let found = failures(&[Correction::Memory(0x123, 0xA5)]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].0, "memory 10001920");
    }
}
