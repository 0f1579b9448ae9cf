//! Generates the conformance cases under `jit-tests/<family>/`, with expected values from
//! independent sources.
//!
//! ```text
//! cargo run -p xenia-jit-tests --bin make-cases -- jit-tests
//! ```
//! Inputs are edge values and seeded random ones; the same program always writes the same files.
//! Expected values come from qemu-ppc64 (`oracle.rs`) or are derived from the book's descriptions
//! here (`book.rs`, `special.rs`, `vmx128.rs`); never from one of our engines. `facts.rs` lists and
//! corrects qemu's known differences from the hardware. Each file names its sources in its first
//! lines.

mod book;
mod case;
mod corpus;
mod facts;
mod generic;
mod oracle;
mod special;
mod values;
mod vmx128;

use case::{Expected, GeneratedCase, Reg};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use xenia_isa::{Family, Op, Row};

fn main() -> anyhow::Result<()> {
    let folder: PathBuf = std::env::args_os().nth(1).unwrap_or_else(|| "jit-tests".into()).into();
    let mut cases = Vec::new();
    for op in Op::all() {
        let before = cases.len();
        if !special::cases(op, &mut cases) && !vmx128::cases(op, &mut cases) {
            generic::cases(op, &mut cases);
        }
        anyhow::ensure!(cases.len() > before, "no case for {op:?}");
    }
    for (cpu, sf) in [("970fx", false), ("970fx", true), ("power7", false)] {
        oracle::answer_questions(&mut cases, cpu, sf)?;
    }
    facts::correct(&mut cases)?;
    let mut files = BTreeMap::<Op, Vec<GeneratedCase>>::new();
    let mut total = 0;
    for case in cases {
        anyhow::ensure!(!case.outs.is_empty(), "{:?} has a case without expectation", case.op);
        total += 1;
        files.entry(case.op).or_default().push(case);
    }
    for (op, cases) in &files {
        let path = path(&folder, op.row());
        std::fs::create_dir_all(path.parent().unwrap_or(&folder))?;
        let row = op.row();
        let title = format!("{}: {}", row.mnemonic, row.doc);
        std::fs::write(&path, text(&title, &identifier(row), cases))?;
    }
    write_corpus(&folder)?;
    println!("{total} cases in {} files", files.len());
    Ok(())
}

/// Writes the fuzzer's seed corpus.
fn write_corpus(folder: &Path) -> anyhow::Result<()> {
    let files = corpus::files();
    let mut cases: Vec<GeneratedCase> = files.iter().map(|file| file.case.clone()).collect();
    oracle::answer_questions(&mut cases, "970fx", false)?;
    let folder = folder.join("corpus");
    std::fs::create_dir_all(&folder)?;
    for (file, mut case) in files.iter().zip(cases) {
        corpus::trim(&mut case);
        anyhow::ensure!(!case.outs.is_empty(), "{} changes nothing", file.name);
        let title = format!("Seed of the fuzzer's corpus: {}.", file.about);
        std::fs::write(folder.join(format!("{}.s", file.name)), text(&title, file.name, &[case]))?;
    }
    Ok(())
}

/// The mnemonic in the form used in file names and labels.
fn identifier(row: &Row) -> String {
    row.mnemonic.replace('.', "_rc")
}

fn path(folder: &Path, row: &Row) -> PathBuf {
    let family = match row.family {
        Family::Integer => "integer",
        Family::Logical => "logical",
        Family::Rotate => "rotate",
        Family::Branch => "branch",
        Family::LoadStore => "load_store",
        Family::Float => "float",
        Family::Vector => "vector",
        Family::Vector128 => "vector128",
        Family::System => "system",
    };
    folder.join(family).join(format!("{}.s", identifier(row)))
}

fn text(title: &str, identifier: &str, cases: &[GeneratedCase]) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "# {title}");
    let mut sources: Vec<&str> = Vec::new();
    for case in cases {
        if !sources.contains(&case.source) {
            sources.push(case.source);
        }
    }
    for source in sources {
        let _ = writeln!(out, "# Expected: {source}");
    }
    let _ = writeln!(out, "# Written by make-cases (jit-tests/src/bin/make-cases).");
    for (index, case) in cases.iter().enumerate() {
        let _ = writeln!(out, "\ntest_{identifier}_{}:", index + 1);
        for (register, value) in &case.ins {
            let _ = writeln!(out, "  #_ REGISTER_IN {register} {}", register.text(*value));
        }
        let bytes =
            |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(" ");
        for (addr, memory) in &case.memory_in {
            let _ = writeln!(out, "  #_ MEMORY_IN {addr:08X} {}", bytes(memory));
        }
        for line in case.code.lines() {
            let line = line.trim();
            let indent = if line.ends_with(':') { "" } else { "  " };
            let _ = writeln!(out, "{indent}{}", line.replace("@N", &(index + 1).to_string()));
        }
        let _ = writeln!(out, "  blr");
        for expected in &case.outs {
            let _ = match expected {
                Expected::Register(register, value) => {
                    writeln!(out, "  #_ REGISTER_OUT {register} {}", register.text(*value))
                }
                Expected::Memory(addr, memory) => {
                    writeln!(out, "  #_ MEMORY_OUT {addr:08X} {}", bytes(memory))
                }
            };
        }
    }
    out
}

/// Registers by number, as cases name them.
fn registers(prefix: fn(u8) -> Reg, numbers: &[u8]) -> Vec<Reg> {
    numbers.iter().map(|&number| prefix(number)).collect()
}
