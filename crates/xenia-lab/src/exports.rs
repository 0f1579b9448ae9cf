//! `xenia-rs exports`: lists every kernel export and variable with its status.

mod against;

use crate::args::ExportsArgs;
pub use against::Against;
use anyhow::Result;
use serde::Serialize;
use std::collections::BTreeMap;
use xenia::report::{check_json, write_json};
use xenia::say::outln;
use xenia_cli::Code;
use xenia_documents::documented;
use xenia_exports::registry;
use xenia_kernel::imports::Library;
use xenia_kernel::imports::StatusCounts;

documented! {
    /// Status of every kernel export and variable.
    #[derive(Debug, Serialize)]
    pub struct ExportsReport {
        /// Number of exports by status, for each library.
        #[serde(flatten)]
        libraries: BTreeMap<&'static str, Counts>,
        /// All exports, functions and variables.
        rows: Vec<ExportRow>,
        /// Status of the exports that `--against` names; null without it.
        against: Option<Against>,
    }

    /// Number of exports by status.
    #[derive(Debug, Serialize)]
    pub struct Counts {
        /// Exports that are completely implemented.
        done: usize,
        /// Complete: there is nothing to do in an emulator.
        constant: usize,
        /// Implemented in part.
        partial: usize,
        /// Stubs without any effect.
        stub: usize,
        /// Missing, not implemented.
        missing: usize,
        /// Sum of all statuses.
        total: usize,
    }

    /// A kernel export.
    #[derive(Debug, Serialize)]
    pub struct ExportRow {
        /// Library that exports it.
        library: &'static str,
        /// Its ordinal in the library.
        ordinal: u16,
        /// Name of the export.
        name: &'static str,
        /// Status: `done`, `constant`, `partial`, `stub` or `missing`.
        status: &'static str,
        /// Subsystem that it belongs to.
        area: &'static str,
        /// Kind of value that it returns; null if unknown.
        returns: Option<&'static str>,
        /// Whether the kind of value is a guess.
        returns_guessed: bool,
    }
}

impl From<StatusCounts> for Counts {
    fn from(counts: StatusCounts) -> Self {
        Self {
            done: counts.done,
            constant: counts.constant,
            partial: counts.partial,
            stub: counts.stub,
            missing: counts.missing,
            total: counts.total(),
        }
    }
}

/// Prints counts per library and area; with `--json`, writes every export.
pub fn run(args: &ExportsArgs) -> Result<Code> {
    check_json(args.json.as_deref())?;
    let registry = registry();
    let against = args.against.as_deref().map(Against::read).transpose()?;
    let code = against.as_ref().map_or(Code::Done, Against::code);
    if let Some(path) = &args.json {
        let rows = Library::ALL.iter().flat_map(|&library| {
            library.rows().iter().map(move |row| ExportRow {
                library: library.name(),
                ordinal: row.ordinal.0,
                name: row.name,
                status: registry.status(library, row.ordinal).name(),
                area: row.area,
                returns: row.result.map(|result| result.returns.name()),
                returns_guessed: row.result.is_some_and(|result| result.guessed),
            })
        });
        let libraries =
            Library::ALL.iter().map(|&library| (library.name(), registry.counts(library, None).into()));
        write_json(
            path,
            "exports",
            &ExportsReport { libraries: libraries.collect(), rows: rows.collect(), against },
        )?;
        return Ok(code);
    }
    if let Some(against) = against {
        against.print();
        return Ok(code);
    }
    heading();
    for library in Library::ALL {
        line(library.name(), &registry.counts(library, None).into());
        let areas: std::collections::BTreeSet<_> = library.rows().iter().map(|row| row.area).collect();
        for area in areas {
            let counts = registry.counts(library, Some(area));
            if counts.missing < counts.total() {
                line(&format!("  {area}"), &counts.into());
            }
        }
    }
    Ok(Code::Done)
}

fn heading() {
    outln!(
        "{:<24} {:>6} {:>8} {:>8} {:>6} {:>8} {:>6}",
        "",
        "done",
        "constant",
        "partial",
        "stub",
        "missing",
        "total"
    );
}

fn line(name: &str, counts: &Counts) {
    outln!(
        "{name:<24} {:>6} {:>8} {:>8} {:>6} {:>8} {:>6}",
        counts.done,
        counts.constant,
        counts.partial,
        counts.stub,
        counts.missing,
        counts.total
    );
}
