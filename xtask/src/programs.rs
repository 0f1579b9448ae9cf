//! `cargo xtask programs`: builds the third-party programs of guest/programs for
//! `xenia-rs bench --programs`.
//!
//! The sources are upstream's, fetched as Debian source packages and verified by hash. Ours are a
//! driver for each program (its folder's `main.c`), the configuration that a package's build would
//! generate, and the system layer. Each program is built three times: from the same PowerPC
//! objects, over musl, as a plain-ELF title and for qemu-ppc, which differ only in the system
//! layer; and by the host's compiler. A third of the titles have separate objects with 64-bit
//! instructions, which qemu-ppc cannot run: its program computes the same answer without them, but
//! is not timed. Everything is under `target/programs` and built only once.
//!
//! Each program prints one line: an answer that is the same everywhere, and one that is
//! bit-identical wherever the PowerPC code runs. `program.toml` has both.

pub(crate) mod build;
pub(crate) mod catalogue;
pub(crate) mod fetch;
pub(crate) mod library;
pub(crate) mod verdict;

use crate::files;
use crate::{built, not_run};
use anyhow::{Context, Result};
use build::Builder;
use catalogue::{Catalogue, ProgramDescription};
use clap::Args;
use serde_json::json;
use std::path::{Path, PathBuf};
use xenia_testing::Tool;

/// Folder with the descriptions of programs and packages.
pub(crate) const DESCRIBED: &str = "guest/programs";
/// Programs that CI runs, compiled only: short ones of both kinds.
const SMALL_SET: [&str; 3] = ["png", "qhull", "tommath"];

/// Arguments of `cargo xtask programs`.
#[derive(Debug, Args)]
pub(crate) struct ProgramsArgs {
    /// Only these programs (default: all).
    names: Vec<String>,
    /// Also run each natively, under qemu and in both engines, and compare the answers.
    #[arg(long)]
    check: bool,
    /// Run each natively and under qemu, and write the answers into its program.toml.
    #[arg(long, conflicts_with = "check")]
    bless: bool,
    /// The xenia-rs program for --check (default: the development build).
    #[arg(long, value_name = "FILE", env = "XENIA_RS")]
    program: Option<PathBuf>,
}

/// Builds the programs, then checks or blesses them if requested.
pub(crate) fn run(args: &ProgramsArgs) -> Result<()> {
    Tool::Gcc32.row().find().map_err(anyhow::Error::msg)?;
    let catalogue = Catalogue::read(Path::new(DESCRIBED))?;
    let programs = catalogue.select(&args.names)?;
    let folder = folder()?;
    fetch::fetch(&folder, &catalogue, &programs)?;
    let builder = Builder::new(&folder, Path::new(DESCRIBED))?;
    let built = builder.build(&programs)?;
    println!("{} programs in {}, {built} of them rebuilt", programs.len(), folder.display());
    if args.bless {
        verdict::bless(&folder, Path::new(DESCRIBED), &programs)?;
        return write_list(&folder, &Catalogue::read(Path::new(DESCRIBED))?);
    }
    write_list(&folder, &catalogue)?;
    if args.check {
        let xenia = match &args.program {
            Some(path) => path.canonicalize().with_context(|| format!("no {}", path.display()))?,
            None => built::program()?,
        };
        verdict::check(&folder, &xenia, &programs, verdict::ENGINES)?;
    }
    Ok(())
}

/// A few programs, in CI; prints a message and passes if compiler, qemu or sources are missing.
pub(crate) fn small_set() -> Result<()> {
    for tool in [Tool::Gcc32, Tool::Qemu] {
        if !not_run::need(tool, "programs")? {
            return Ok(());
        }
    }
    let names = SMALL_SET.map(str::to_owned).to_vec();
    let catalogue = Catalogue::read(Path::new(DESCRIBED))?;
    let programs = catalogue.select(&names)?;
    let fetched = fetch::fetch(&folder()?, &catalogue, &programs);
    if let Err(why) = fetched {
        return not_run::write_down("programs", Tool::Sources, &format!("{why:#}"));
    }
    let folder = provide(&names)?;
    verdict::check(&folder, &built::program()?, &programs, &verdict::ENGINES[..1])
}

/// Builds programs by name; returns their folder.
pub(crate) fn provide(names: &[String]) -> Result<PathBuf> {
    run(&ProgramsArgs { names: names.to_vec(), check: false, bless: false, program: None })?;
    folder()
}

/// Folder of the built programs.
pub(crate) fn folder() -> Result<PathBuf> {
    built::work_folder("programs")
}

/// Writes the list that `bench --programs` reads: every program that is built.
fn write_list(folder: &Path, catalogue: &Catalogue) -> Result<()> {
    let built = catalogue.programs.iter().filter(|program| folder.join(program.title()).is_file());
    let rows: Vec<_> = built.map(row).collect();
    let path = folder.join("programs.json");
    files::write(&path, format!("{:#}\n", json!({ "programs": rows })))
}

fn row(program: &ProgramDescription) -> serde_json::Value {
    json!({
        "name": program.name,
        "about": program.about,
        "kind": program.kind.name(),
        "unseen": program.unseen,
        "wide": program.wide,
        "line": program.line(),
        "title": program.title(),
        "qemu": (!program.wide).then(|| program.for_qemu()),
        "native": program.native(),
    })
}
