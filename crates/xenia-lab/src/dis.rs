//! `xenia-rs dis`: disassembles guest code.

use crate::args::DisArgs;
use anyhow::{Context, Result, ensure};
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::sync::Arc;
use xenia::say::outln;
use xenia::source;
use xenia::title::{Title, key_ring};
use xenia_cli::Code;
use xenia_guest::GuestAddr;
use xenia_isa::{Syntax, disassemble};

/// Code to disassemble: bytes at an address, and names for some addresses.
struct Listing {
    base: u32,
    bytes: Vec<u8>,
    start: u32,
    names: BTreeMap<u32, String>,
}

/// Prints `count` instructions from `start`.
pub fn run(args: &DisArgs) -> Result<Code> {
    let code = open(args)?;
    let start = args.start.unwrap_or(code.start);
    let syntax = if args.raw { Syntax::Standard } else { Syntax::default() };
    let offset = start.checked_sub(code.base).filter(|&offset| (offset as usize) < code.bytes.len());
    let offset = offset.with_context(|| outside_message(args, start, code.base, code.bytes.len() as u64))?;
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
        return flat(args, base);
    }
    let image = Title::open(&args.title, &key_ring(args.key_file.as_deref())?)?.image;
    let named = image.symbols.iter().map(|symbol| (symbol.address.0, symbol.name.clone()));
    let unnamed = image.functions.iter().map(|function| {
        let GuestAddr(start) = function.start;
        (start, format!("sub_{start:08X}"))
    });
    let names = unnamed.chain(named).collect();
    Ok(Listing { base: image.base.0, start: image.entry.0, bytes: Arc::unwrap_or_clone(image).bytes, names })
}

/// Reads the range to show from a flat binary. The rest is not read, because the file may be a dump
/// of all memory, or endless.
fn flat(args: &DisArgs, base: u32) -> Result<Listing> {
    let start = args.start.unwrap_or(base);
    let unreadable = || format!("cannot read {}", args.title.display());
    let mut file = source::stream(&args.title).with_context(unreadable)?;
    let before = u64::from(start.saturating_sub(base));
    let skipped = io::copy(&mut file.by_ref().take(before), &mut io::sink()).with_context(unreadable)?;
    let mut bytes = Vec::new();
    let room = (1 << 32) - u64::from(start);
    let length = args.count.saturating_mul(4).clamp(4, room.max(4));
    file.take(length).read_to_end(&mut bytes).with_context(unreadable)?;
    ensure!(start >= base && !bytes.is_empty(), outside_message(args, start, base, skipped));
    Ok(Listing { base: start, bytes, start, names: BTreeMap::new() })
}

/// The error message for a `start` outside a file of `length` bytes that is loaded at `base`.
fn outside_message(args: &DisArgs, start: u32, base: u32, length: u64) -> String {
    let end = u64::from(base) + length;
    let file = args.title.display();
    format!("nothing is at {start:#010x}: {file} is from {base:#010x} to {end:#010x}, so give --start in it")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{LabCli, LabCommand};
    use clap::Parser;

    fn dis(words: &[&str]) -> Result<Listing> {
        let cli = LabCli::try_parse_from(["xenia-rs", "dis"].iter().chain(words)).unwrap();
        let LabCommand::Dis(args) = cli.command else { panic!("not dis") };
        open(&args)
    }

    /// The endless file is a device of a Unix.
    #[cfg(unix)]
    #[test]
    fn dis_of_endless_file_reads_only_the_requested_count() {
        let code = dis(&["/dev/zero", "--base", "0x8201_0000", "--count", "3"]).unwrap();
        assert_eq!((code.base, code.bytes.len()), (0x8201_0000, 12));
    }

    #[test]
    fn a_flat_file_is_read_from_the_start_that_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), (0..64).collect::<Vec<u8>>()).unwrap();
        let path = file.path().to_str().unwrap();
        let code = dis(&[path, "--base", "0x1000", "--start", "0x1020", "--count", "4"]).unwrap();
        assert_eq!((code.start, code.bytes), (0x1020, (32..48).collect()));
        for start in ["0x1040", "0x2000", "0xFFC"] {
            let refused = dis(&[path, "--base", "0x1000", "--start", start]).err().unwrap().to_string();
            assert!(refused.starts_with("nothing is at"), "{refused}");
        }
        assert!(
            dis(&[path, "--base", "0x1000", "--start", "0x2000"])
                .err()
                .unwrap()
                .to_string()
                .contains("to 0x00001040, so")
        );
    }
}
