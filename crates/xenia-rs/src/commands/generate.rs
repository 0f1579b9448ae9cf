//! `xenia-rs generate`: Markdown tables for `docs/generated`, made from the tables that the
//! emulator uses.
//!
//! To add a table, write a function and a row in [`KINDS`]; `cargo xtask docs --bless` then writes
//! `docs/generated/NAME.md`, and `cargo xtask test` compares it from then on. A table may only
//! depend on the sources: not on the host, the time, or the order of a hash map.

mod canary;
mod coverage;
mod exports;
mod json;
mod messages;
mod settings;

pub use json::documents;

use crate::cli::GenerateArgs;
use crate::documents;
use anyhow::{Result, bail};
use std::fmt::Write as _;
use std::path::Path;
use xenia::say::{out, outln};
use xenia_cli::Code;
use xenia_gpu::{packets, registers};
use xenia_isa::{Family, Flag, ROWS, Row};

/// A table that can be generated.
struct Kind {
    /// Name on the command line and of the file.
    name: &'static str,
    /// Writes the file's contents below the line that names the generator. Its argument is the
    /// repository's folder.
    write: fn(&Path) -> Result<String>,
}

/// All tables, in order.
const KINDS: &[Kind] = &[
    Kind { name: "exports", write: exports::table },
    Kind { name: "json", write: |_| Ok(documents::page(&documents())) },
    Kind { name: "messages", write: |_| Ok(messages::table()) },
    Kind { name: "opcodes", write: |_| Ok(opcodes()) },
    Kind { name: "packets", write: |_| Ok(packets()) },
    Kind { name: "registers", write: |_| Ok(registers()) },
    Kind { name: "settings", write: |_| Ok(settings::table()) },
];

/// Prints a table, or the names of all tables.
pub fn run(args: &GenerateArgs) -> Result<Code> {
    let Some(wanted) = &args.kind else {
        for kind in KINDS {
            outln!("{}", kind.name);
        }
        return Ok(Code::Done);
    };
    let Some(kind) = KINDS.iter().find(|kind| kind.name == wanted) else {
        let names: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
        bail!("no table {wanted:?}: there are {}", names.join(", "));
    };
    out!("<!-- Written by `cargo xtask docs --bless`. -->\n{}", (kind.write)(Path::new("."))?);
    Ok(Code::Done)
}

/// The page's heading and introduction.
fn heading(title: &str, about: &str) -> String {
    format!("# {title}\n\n{about}\n")
}

/// Starts a section with an empty table.
fn section(out: &mut String, title: &str, columns: &[&str]) {
    let _ = write!(out, "\n## {title}\n\n| {} |\n|{}\n", columns.join(" | "), "---|".repeat(columns.len()));
}

/// Appends a row to a table.
fn line(out: &mut String, cells: &[&str]) {
    for cell in cells {
        let _ = write!(out, "| {} ", cell_text(cell));
    }
    out.push_str("|\n");
}

/// Converts a doc comment to a table cell: removes links into the code, and escapes bars.
fn cell_text(text: &str) -> String {
    text.replace("[`", "`").replace("`]", "`").replace('|', "\\|")
}

/// Instruction families in the table's order, with the titles of their sections.
const FAMILIES: &[(Family, &str)] = &[
    (Family::Integer, "Integer"),
    (Family::Logical, "Logical"),
    (Family::Rotate, "Rotate and shift"),
    (Family::Branch, "Branch and condition register"),
    (Family::LoadStore, "Load and store"),
    (Family::Float, "Floating point"),
    (Family::Vector, "Vector"),
    (Family::Vector128, "VMX128"),
    (Family::System, "System"),
];

/// Properties that readers look for, in the notation of the manuals.
const VARIANTS: &[(Flag, &str)] = &[
    (Flag::oe, "o"),
    (Flag::rc, "."),
    (Flag::vrc, "."),
    (Flag::vrc128, "."),
    (Flag::lk, "l"),
    (Flag::sets_cr0, "records"),
    (Flag::mem, "memory"),
    (Flag::privileged, "privileged"),
];

fn opcodes() -> String {
    let mut out = heading(
        "Instructions",
        &format!(
            "The {} rows of `crates/xenia-isa/src/table.rs`. A word is an instruction's where `word & mask` equals \
             `match`. Variants: `o` may set overflow, `.` may record to the condition register, `l` may write LR; \
             `records` always does.",
            ROWS.len()
        ),
    );
    for (family, title) in FAMILIES {
        section(
            &mut out,
            title,
            &["mnemonic", "form", "match", "mask", "operands", "variants", "what it does"],
        );
        for row in ROWS.iter().filter(|row| row.family == *family) {
            opcode(&mut out, row);
        }
    }
    out
}

fn opcode(out: &mut String, row: &Row) {
    let operands: Vec<String> = row.operands.iter().map(|operand| format!("{operand:?}")).collect();
    let variants: Vec<&str> =
        VARIANTS.iter().filter(|(flag, _)| row.has(*flag)).map(|(_, text)| *text).collect();
    line(
        out,
        &[
            &format!("`{}`", row.mnemonic),
            &format!("{:?}", row.form),
            &format!("{:08X}", row.bits),
            &format!("{:08X}", row.mask),
            &operands.join(" "),
            &variants.join(" "),
            row.doc,
        ],
    );
}

fn packets() -> String {
    let mut out = heading(
        "Type-3 packets",
        &format!(
            "The {} rows of `crates/xenia-gpu/src/packets.rs`. A packet with fewer body words than it needs is \
             reported and skipped.",
            packets::ROWS.len()
        ),
    );
    section(&mut out, "By opcode", &["opcode", "name", "words at least", "what it does"]);
    for row in packets::ROWS {
        line(
            &mut out,
            &[&format!("{:02X}", row.opcode), &format!("`{}`", row.name), &row.words.to_string(), row.doc],
        );
    }
    out
}

fn registers() -> String {
    let mut out = heading(
        "Registers of the graphics chip",
        &format!(
            "The {} rows of `crates/xenia-gpu/src/registers`. The index is the byte offset in the device's window \
             divided by four; from {:04X} on lie the shader constants, which have no rows because they differ only by \
             number. Fields are `name high:low`; only those that something reads or shows are listed.",
            registers::rows().count(),
            registers::FLOAT_CONSTANTS
        ),
    );
    for unit in registers::UNITS {
        section(&mut out, unit.name, &["index", "name", "fields", "what it holds"]);
        let mut rows: Vec<&registers::RegisterRow> = unit.rows().collect();
        rows.sort_by_key(|row| row.index);
        for row in rows {
            let fields: Vec<String> = row.fields.iter().map(field).collect();
            let name = format!("`{}`", row.name);
            line(&mut out, &[&format!("{:04X}", row.index), &name, &fields.join(", "), row.doc]);
        }
    }
    out
}

fn field(field: &registers::Field) -> String {
    if field.low == field.high {
        return format!("`{} {}`", field.name, field.low);
    }
    format!("`{} {}:{}`", field.name, field.high, field.low)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// The rows of a table in a text.
    fn rows(text: &str) -> Vec<&str> {
        let is_row = |line: &&str| line.starts_with("| ") && !line.contains("what it ");
        text.lines().filter(is_row).collect()
    }

    #[test]
    fn every_row_has_a_line() {
        assert_eq!(rows(&opcodes()).len(), ROWS.len());
        assert_eq!(rows(&registers()).len(), registers::rows().count());
        assert_eq!(rows(&packets()).len(), packets::ROWS.len());
    }

    #[test]
    fn lines_say_what_the_rows_say() {
        let opcodes = opcodes();
        assert!(opcodes.contains("| `add` | XO | 7C000214 | FC0003FE | rd ra rb | o . | Add. |\n"));
        let registers = registers();
        assert!(
            registers.contains("| 2100 | `VGT_MAX_VTX_INDX` | `max_indx 23:0` | Upper bound that"),
            "{registers}"
        );
        assert!(packets().contains("| 3C | `WAIT_REG_MEM` | 4 | Waits until a register or a word of memory"));
    }

    #[test]
    fn every_line_has_its_sections_columns() {
        for kind in KINDS {
            let mut columns = 0;
            let mut tables = 0;
            let text = (kind.write)(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))).unwrap();
            for line in text.lines() {
                let bars = line.replace("\\|", "").matches('|').count();
                match line {
                    _ if line.starts_with("|---") => (columns, tables) = (bars, tables + 1),
                    _ if !line.starts_with('|') => columns = 0,
                    // The header row comes before the number of columns is known.
                    _ => assert!(columns == 0 || bars == columns, "{}: {line}", kind.name),
                }
            }
            assert!(tables > 0, "{} has no table", kind.name);
        }
    }

    #[test]
    fn generator_names_are_unique() {
        let names: BTreeSet<&str> = KINDS.iter().map(|kind| kind.name).collect();
        assert_eq!(names.len(), KINDS.len());
        assert!(run(&GenerateArgs { kind: Some("nothing".to_owned()) }).is_err());
    }
}
