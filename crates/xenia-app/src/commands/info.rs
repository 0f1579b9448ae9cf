//! `xenia-rs info`: what a file is, before one of its instructions runs.

use crate::cli::InfoArgs;
use crate::exit::Code;
use crate::report::{check_json, write_json};
use crate::say::outln;
use crate::title::{Title, key_ring};
use anyhow::Result;
use serde::Serialize;
use xenia_documents::documented;
use xenia_formats::image::{ImageKind, LoadedImage};
use xenia_kernel::exports::Registry;
use xenia_kernel::imports::{Library, ordinals};

documented! {
    /// What a file is, before one of its instructions runs.
    #[derive(Debug, Serialize)]
    pub struct InfoReport {
        /// `xex` or `elf`.
        format: &'static str,
        /// Its number, eight hexadecimal digits.
        title_id: Option<String>,
        /// The name that the file gives itself.
        name: Option<String>,
        /// Address of the first instruction.
        entry: String,
        /// Address of the image.
        image_base: String,
        /// Its bytes.
        image_size: u32,
        /// Functions that its table of functions names.
        functions: usize,
        /// What it asks the kernel for.
        imports: Vec<ImportRow>,
        /// Hashes in the file, and whether they are right.
        digests: Vec<DigestRow>,
    }

    /// An import.
    #[derive(Debug, Serialize)]
    pub struct ImportRow {
        /// Its library.
        library: String,
        /// Its number there.
        ordinal: u16,
        /// Its name; null if the number is unknown.
        name: Option<&'static str>,
        /// `done`, `constant`, `partial`, `stub` or `missing`.
        status: &'static str,
    }

    /// A hash in the file.
    #[derive(Debug, Serialize)]
    pub struct DigestRow {
        /// What it is of.
        what: String,
        /// Whether it is right.
        ok: bool,
    }
}

/// Prints the description; with `--json`, writes it.
pub fn run(args: &InfoArgs) -> Result<Code> {
    check_json(args.json.as_deref())?;
    let title = Title::open(&args.title, &key_ring(args.key_file.as_deref())?)?;
    let report = describe(&title.image);
    if let Some(path) = &args.json {
        write_json(path, "info", &report)?;
    } else {
        print(&report);
    }
    let damaged = report.digests.iter().any(|digest| !digest.ok);
    Ok(if damaged { Code::Mismatch } else { Code::Done })
}

fn describe(image: &LoadedImage) -> InfoReport {
    let imports = image.imports.iter().flat_map(|library| {
        let known = Library::of_file(&library.name);
        library.imports.iter().map(move |import| ImportRow {
            library: library.name.clone(),
            ordinal: import.ordinal.0,
            name: known.and_then(|known| ordinals::find(known.rows(), import.ordinal)).map(|row| row.name),
            status: known.map_or("missing", |known| Registry::get().status(known, import.ordinal).name()),
        })
    });
    InfoReport {
        format: match image.kind {
            ImageKind::Xex => "xex",
            ImageKind::Elf => "elf",
        },
        title_id: image.execution.map(|execution| execution.title_id.to_string()),
        name: image.name.clone(),
        entry: image.entry.to_string(),
        image_base: image.base.to_string(),
        image_size: image.size,
        functions: image.functions.len(),
        imports: imports.collect(),
        digests: image
            .digests
            .iter()
            .map(|check| DigestRow { what: check.what.clone(), ok: check.ok })
            .collect(),
    }
}

fn print(report: &InfoReport) {
    outln!("format      {}", report.format);
    outln!("name        {}", report.name.as_deref().unwrap_or("-"));
    outln!("title id    {}", report.title_id.as_deref().unwrap_or("-"));
    outln!("image       {} bytes at {}, entry {}", report.image_size, report.image_base, report.entry);
    outln!("functions   {} in .pdata", report.functions);
    let ok = report.digests.iter().filter(|digest| digest.ok).count();
    outln!("digests     {ok} of {} match", report.digests.len());
    for digest in report.digests.iter().filter(|digest| !digest.ok) {
        outln!("  WRONG     {}", digest.what);
    }
    outln!("imports     {}", report.imports.len());
    for import in &report.imports {
        outln!(
            "  {:<8} {:<14} {:04X} {}",
            import.status,
            import.library,
            import.ordinal,
            import.name.unwrap_or("(unknown ordinal)")
        );
    }
}
