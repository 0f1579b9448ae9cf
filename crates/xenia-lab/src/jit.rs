//! `xenia-rs jit dump`: prints the compiler's output for the code at an address.

use crate::args::{JitDumpArgs, JitUnit};
use crate::flat::FlatImage;
use anyhow::{Context, Result};
use serde::Serialize;
use xenia::machine::register_functions;
use xenia::report::{check_json, write_json};
use xenia::say::outln;
use xenia::title::{Title, key_ring};
use xenia::wording::count;
use xenia_cli::Code;
use xenia_documents::documented;
use xenia_guest::GuestAddr;
use xenia_isa::{Syntax, disassemble};
use xenia_jit::{Granularity, Jit, JitConfig};

documented! {
    /// Compiler output for the code at an address.
    #[derive(Debug, Serialize)]
    pub struct DumpReport {
        /// Guest address of the code.
        pc: String,
        /// Guest instructions that were compiled.
        guest: Vec<GuestLine>,
        /// Intermediate representation of Cranelift (CLIF).
        clif: String,
        /// Host assembly before the peephole optimisation, as text.
        host: String,
        /// Size of each guest block's code.
        blocks: Vec<BlockLine>,
        /// Host instructions that belong to no block.
        shared_host_instructions: u32,
    }

    /// Code size of a guest block.
    #[derive(Debug, Serialize)]
    pub struct BlockLine {
        /// Address of its first instruction.
        pc: String,
        /// Number of guest instructions.
        guest_instructions: u32,
        /// Number of host instructions generated for it, cold paths included.
        host_instructions: u32,
    }

    /// A guest instruction.
    #[derive(Debug, Serialize)]
    pub struct GuestLine {
        /// Address of the instruction.
        pc: String,
        /// Instruction word in hexadecimal.
        word: String,
        /// Disassembly of the instruction.
        text: String,
    }
}

/// Compiles and prints code as it is in the title's file; does not run it.
pub fn dump(args: &JitDumpArgs) -> Result<Code> {
    check_json(args.json.as_deref())?;
    let pc = args.pc;
    let title = Title::open(&args.title, &key_ring(args.key_file.as_deref())?)?;
    let placed = FlatImage::place(title.image)?;
    let granularity = match args.unit {
        JitUnit::Function => Granularity::Function,
        JitUnit::Block => Granularity::Block,
        JitUnit::Instr => Granularity::Instruction,
    };
    let jit = Jit::new(placed.memory.clone(), JitConfig { granularity, ..JitConfig::default() })?;
    register_functions(&jit, &placed.image.functions);
    let dump = jit.dump(GuestAddr(pc))?;
    let dump = dump.with_context(|| format!("{} has no code at {pc:#010x}", title.name))?;
    if let Some(path) = &args.json {
        let guest = dump.guest.iter().map(|&(pc, word)| GuestLine {
            pc: format!("{pc:#010x}"),
            word: format!("{word:#010x}"),
            text: disassemble(word, pc, Syntax::default()),
        });
        let guest = guest.collect();
        let blocks = dump.cost.blocks.iter().map(|block| BlockLine {
            pc: format!("{:#010x}", block.pc),
            guest_instructions: block.guest,
            host_instructions: block.host,
        });
        let report = DumpReport {
            pc: format!("{pc:#010x}"),
            guest,
            clif: dump.clif,
            host: dump.host,
            blocks: blocks.collect(),
            shared_host_instructions: dump.cost.shared,
        };
        write_json(path, "jit-dump", &report)?;
        return Ok(Code::Done);
    }
    outln!("; guest: {}", count(dump.guest.len(), "instruction"));
    for &(at, word) in &dump.guest {
        let mark = if at == pc { '>' } else { ' ' };
        outln!("{mark}{at:08x}  {word:08x}  {}", disassemble(word, at, Syntax::default()));
    }
    outln!("\n; blocks: guest instructions, host instructions, host for each guest");
    for block in &dump.cost.blocks {
        let each = f64::from(block.host) / f64::from(block.guest.max(1));
        outln!(" {:08x}  {:>4} {:>5} {each:>6.1}", block.pc, block.guest, block.host);
    }
    outln!(" shared         {:>5}", dump.cost.shared);
    outln!("\n; CLIF\n{}\n; host\n{}", dump.clif.trim_end(), dump.host.trim_end());
    Ok(Code::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_shown_in_all_three_forms() {
        let dir = tempfile::tempdir().unwrap();
        let title = dir.path().join("suite.elf");
        let out = dir.path().join("out.json");
        std::fs::write(&title, include_bytes!("../../../guest/bin/cpu-suite.elf")).unwrap();
        let mut args = JitDumpArgs {
            title,
            pc: 0x8201_0000,
            unit: JitUnit::Function,
            json: Some(out.clone()),
            key_file: None,
        };
        assert_eq!(dump(&args).unwrap(), Code::Done);
        let report: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(&out).unwrap()).unwrap();
        assert_eq!(report["guest"][0]["pc"], "0x82010000");
        assert!(report["clif"].as_str().unwrap().contains("block0"));
        assert!(report["host"].as_str().unwrap().lines().count() > 5);
        let first = &report["blocks"][0];
        assert_eq!(first["pc"], "0x82010000");
        assert!(first["host_instructions"].as_u64() >= first["guest_instructions"].as_u64());
        args.unit = JitUnit::Instr;
        dump(&args).unwrap();
        let report: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(&out).unwrap()).unwrap();
        assert_eq!(report["guest"].as_array().unwrap().len(), 1);
        args.pc = 0x1000;
        assert!(dump(&args).unwrap_err().to_string().contains("no code at 0x00001000"));
    }
}
