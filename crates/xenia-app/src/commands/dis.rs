//! `xenia-rs dis`: guest code as assembler text.

use crate::cli::DisArgs;
use crate::exit::Code;
use crate::say::outln;
use crate::title::Title;
use anyhow::{Context, Result, bail, ensure};
use std::collections::BTreeMap;
use std::sync::Arc;
use xenia_formats::KeyRing;
use xenia_guest::GuestAddr;
use xenia_isa::{Syntax, disassemble};

/// Code to disassemble: bytes at an address, with names for some addresses.
struct Listing {
    base: u32,
    bytes: Vec<u8>,
    start: u32,
    names: BTreeMap<u32, String>,
}

/// Prints `count` instructions from `start`.
pub fn run(args: &DisArgs) -> Result<Code> {
    let code = open(args)?;
    let start = args.start.map_or(Ok(code.start), address)?;
    let syntax = if args.raw { Syntax::Standard } else { Syntax::default() };
    let flag = if args.start.is_some() { "--start" } else { "--base" };
    ensure!(start.is_multiple_of(4), "{flag} {start:#x}: instructions are at multiples of 4");
    let offset = start.checked_sub(code.base).filter(|&offset| (offset as usize) < code.bytes.len());
    let offset = offset.with_context(|| {
        let end = u64::from(code.base) + code.bytes.len() as u64;
        format!(
            "nothing is at {start:#010x}: {} is from {:#010x} to {end:#010x}",
            args.title.display(),
            code.base
        )
    })?;
    let words = code.bytes[offset as usize..].chunks_exact(4).take(args.count as usize);
    for (index, word) in words.enumerate() {
        let pc = start + 4 * index as u32;
        let word = u32::from_be_bytes([word[0], word[1], word[2], word[3]]);
        if let Some(name) = code.names.get(&pc) {
            outln!("{name}:");
        }
        outln!("{pc:08x}  {word:08x}  {}", disassemble(word, pc, syntax));
    }
    Ok(Code::Done)
}

fn open(args: &DisArgs) -> Result<Listing> {
    if let Some(base) = args.base {
        let bytes =
            std::fs::read(&args.title).with_context(|| format!("cannot read {}", args.title.display()))?;
        let base = address(base)?;
        return Ok(Listing { base, bytes, start: base, names: BTreeMap::new() });
    }
    let image = Title::open(&args.title, &KeyRing::development())?.image;
    let named = image.symbols.iter().map(|symbol| (symbol.address.0, symbol.name.clone()));
    let unnamed = image.functions.iter().map(|function| {
        let GuestAddr(start) = function.start;
        (start, format!("sub_{start:08X}"))
    });
    let names = unnamed.chain(named).collect();
    Ok(Listing { base: image.base.0, start: image.entry.0, bytes: Arc::unwrap_or_clone(image).bytes, names })
}

fn address(value: u64) -> Result<u32> {
    match u32::try_from(value) {
        Ok(address) => Ok(address),
        Err(_) => bail!("{value:#x} is no guest address: those have 32 bits"),
    }
}
