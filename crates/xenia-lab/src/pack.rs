//! `xenia-rs pack`: converts a guest ELF to a XEX2.

use crate::args::PackArgs;
use anyhow::{Context, Result};
use xenia::output;
use xenia::say::outln;
use xenia::source;
use xenia::wording::count;
use xenia_cli::Code;
use xenia_formats::Elf;
use xenia_formats::pack::{PackOptions, pack};

/// Reads the ELF and writes the XEX2.
pub fn run(args: &PackArgs) -> Result<Code> {
    let path_name = args.input.display();
    let file = source::open(&args.input).with_context(|| format!("cannot open {path_name}"))?;
    let elf = Elf::read(&file).with_context(|| format!("cannot read {path_name}"))?;
    let name = args.output.file_name().map(|name| name.to_string_lossy().into_owned());
    let bytes = pack(&elf, &PackOptions { name, ..PackOptions::default() })
        .with_context(|| format!("cannot pack {path_name}"))?;
    output::write(&args.output, &bytes)?;
    outln!("{}: {}", args.output.display(), count(bytes.len(), "byte"));
    Ok(Code::Done)
}
