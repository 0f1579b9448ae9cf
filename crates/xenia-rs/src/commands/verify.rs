//! `xenia-rs verify`: verifies the hashes and checksums in a file.

use super::volume::open_file;
use crate::cli::VerifyArgs;
use anyhow::{Context, Result, bail};
use serde::Serialize;
use std::sync::Arc;
use xenia::report::{check_json, write_json};
use xenia::say::outln;
use xenia::title::key_ring;
use xenia::title::parts::PackageParts;
use xenia::wording::{count, grouped};
use xenia_cli::Code;
use xenia_documents::documented;
use xenia_formats::{Findings, FormatError, Opens};

documented! {
    /// Result of verifying a file's hashes and checksums.
    #[derive(Debug, Serialize)]
    pub struct VerifyReport {
        /// Short name of the format.
        format: &'static str,
        /// Whether no fault was found.
        ok: bool,
        /// Number of hashes, checksums and structures compared.
        checked: u64,
        /// Faults found, at most 1,000.
        faults: Vec<FaultRow>,
        /// Number of further faults.
        more: u64,
    }

    /// A fault in a file.
    #[derive(Debug, Serialize)]
    pub struct FaultRow {
        /// The part of the file with the fault.
        what: String,
        /// Offset in bytes from the start of the file; for an executable's pages, in its image.
        offset: u64,
        /// Description of the fault.
        reason: String,
    }
}

impl FaultRow {
    fn of(fault: &FormatError) -> Self {
        Self { what: fault.what.to_string(), offset: fault.offset, reason: fault.reason.to_string() }
    }
}

/// Verifies the file, and prints or writes its faults.
pub fn run(args: &VerifyArgs) -> Result<Code> {
    check_json(args.json.as_deref())?;
    let keys = key_ring(args.key_file.as_deref())?;
    let name = args.file.display();
    let file = open_file(&args.file)?;
    let format = xenia_formats::identify(&file).with_context(|| format!("cannot read {name}"))?;
    let Some(format) = format else { bail!("cannot read {name}: {}", xenia_formats::unknown(&file)) };
    let Some(verify) = format.verify else {
        let advice =
            if let Opens::Unread(advice) = format.opens { advice } else { "nothing in it can be checked" };
        bail!("cannot check {name}: it is {}; {advice}", format.description)
    };
    let mut findings = Findings::default();
    let end = verify(Arc::new(file), &PackageParts::new(&args.file), &keys, &mut findings).err();
    let mut faults: Vec<FaultRow> = findings.faults().iter().map(FaultRow::of).collect();
    faults.extend(end.as_ref().map(FaultRow::of));
    let checked = findings.count();
    let more = findings.more();
    let report = VerifyReport { format: format.name, ok: faults.is_empty(), checked, faults, more };
    if let Some(path) = &args.json {
        write_json(path, "verify", &report)?;
    } else {
        print(&report);
    }
    Ok(if report.ok { Code::Done } else { Code::Mismatch })
}

fn print(report: &VerifyReport) {
    for FaultRow { what, offset, reason } in &report.faults {
        outln!("WRONG  {what} at offset {offset:#x}: {reason}");
    }
    if report.more > 0 {
        outln!("WRONG  {} more", count(report.more, "place"));
    }
    let wrong = match report.faults.len() as u64 + report.more {
        0 => "all right".to_owned(),
        wrong => format!("{} wrong", grouped(wrong)),
    };
    outln!("{}: {} checked, {wrong}", report.format, grouped(report.checked));
}
