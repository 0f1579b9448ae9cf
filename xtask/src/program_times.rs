//! `cargo xtask program-times`: times all third-party programs, and writes the book's page about
//! it.
//!
//! It times the programs of guest/programs, which only compute, and the timed runs of
//! guest/real-programs, which have files and arguments: natively, by the interpreter, by the JIT on
//! a first and a second start, and the same guest code under qemu-ppc. `xenia-rs bench --programs`
//! does the timing; this task builds the programs, reports missing ones, and writes
//! docs/src/tables/program-times.md and its picture. `bench --much-code` measures generated titles
//! as well.

mod much_code;
mod page;
mod shares;
mod to_main;

pub(crate) use page::number;

use crate::files;
use crate::programs::{self, catalogue as described};
use crate::real_programs::catalogue::{ProgramRun, RealProgram};
use crate::real_programs::{self, build};
use crate::{apt, built, commands, sdk::Sdk};
use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use xenia_testing::{Tool, hermetic};

/// The page and its picture.
const PAGE: &str = "docs/src/tables/program-times.md";
const PICTURE: &str = "docs/src/images/program-times.svg";
/// Suffix that distinguishes real programs from those of the same name that only compute.
const SUFFIX: &str = "-title";

/// Arguments of `cargo xtask program-times`.
#[derive(Debug, Args)]
pub(crate) struct TimesArgs {
    /// Only programs and titles with these names: `lua` only computes, `lua-title` is the complete
    /// program, `10000x400:wide` a generated title of `bench --much-code`, of any size (default:
    /// all).
    names: Vec<String>,
    /// Number of runs of each program.
    #[arg(long, value_name = "N", default_value = "3")]
    runs: u32,
    /// Skip the interpreter, which takes most of the time.
    #[arg(long)]
    no_interp: bool,
    /// Also show where the time goes, by Linux's `perf`; otherwise the page keeps the last shares.
    #[arg(long)]
    shares: bool,
    /// Build everything, time nothing; with --bless the page is written from the last figures.
    #[arg(long)]
    no_run: bool,
    /// Write the book's page and its picture.
    #[arg(long)]
    bless: bool,
    /// Write the page into this file, and leave the book's page unchanged.
    #[arg(long, value_name = "FILE", conflicts_with = "bless")]
    page: Option<PathBuf>,
}

/// Files with the figures, which stay for runs that only write the page. They are beside the
/// programs: outputs of `bench` replace no file of a folder that it reads.
struct FigureFiles {
    times: PathBuf,
    picture: PathBuf,
    /// Shares of the parts of the emulator.
    parts: PathBuf,
    much_code: PathBuf,
}

impl FigureFiles {
    /// Makes the folder of the files.
    fn create() -> Result<Self> {
        let folder = built::work_folder("program-figures")?;
        Ok(Self {
            times: folder.join("times.json"),
            picture: folder.join("times.svg"),
            parts: folder.join("shares.json"),
            much_code: folder.join("much-code.json"),
        })
    }
}

/// Builds, times, and writes the requested outputs.
pub(crate) fn run(args: &TimesArgs) -> Result<()> {
    let folder = built::work_folder("program-times")?;
    let rows = provide(args, &folder)?;
    if args.shares {
        shares::require_perf()?;
    }
    let titles = much_code::titles(&args.names);
    if rows.is_empty() && titles.is_empty() {
        bail!("there is nothing to time");
    }
    files::write(folder.join("programs.json"), format!("{:#}\n", json!({ "programs": &rows })))?;
    println!("{} programs are built", rows.len());
    let files = FigureFiles::create()?;
    let interp = if args.no_interp { "" } else { ",interp" };
    if !args.no_run && !rows.is_empty() {
        time(args.runs, &format!("native,qemu{interp}"), &folder, &files)?;
    }
    if !args.no_run && !titles.is_empty() {
        much_code::measure(&titles, args.runs, &format!("native{interp}"), &files.much_code)?;
    }
    if args.shares {
        write_shares(&rows, &folder, &files)?;
    }
    if args.bless || args.page.is_some() {
        write_page(args.page.as_deref().unwrap_or(Path::new(PAGE)), &files)?;
    }
    if args.bless {
        files::copy(&files.picture, PICTURE)?;
        println!("{PICTURE} is written");
    }
    Ok(())
}

/// Builds the wanted programs; returns the row of each, and reports those that cannot be timed.
fn provide(args: &TimesArgs, folder: &Path) -> Result<Vec<Value>> {
    let wanted = |name: &str| args.names.is_empty() || args.names.iter().any(|one| one == name);
    let mut rows = Vec::new();
    for tool in [Tool::Gcc32, Tool::Sources] {
        if let Err(why) = tool.row().find() {
            bail!("nothing can be built: {why}");
        }
    }
    match computing(folder, &wanted) {
        Ok(found) => rows.extend(found),
        Err(why) => println!("not timed: what guest/programs describes ({why:#})"),
    }
    for program in real_programs::select(&[])? {
        if program.timed.is_empty() || !wanted(&format!("{}{SUFFIX}", program.name)) {
            continue;
        }
        match whole(folder, &program) {
            Ok(row) => rows.push(row),
            Err(why) => println!("not timed: {}{SUFFIX} ({why:#})", program.name),
        }
    }
    Ok(rows)
}

/// Times the programs of a folder by `xenia-rs bench`.
fn time(runs: u32, peers: &str, programs: &Path, files: &FigureFiles) -> Result<()> {
    let FigureFiles { times, picture, .. } = files;
    let mut command = hermetic(built::released_program()?);
    command.args(["bench", "--runs", &runs.to_string()]);
    command.arg(format!("--programs={}", programs.display()));
    command.arg(format!("--peers={peers}"));
    commands::run(command.arg("--json").arg(times).arg("--plot").arg(picture))?;
    println!("the figures are in {}, the picture is {}", times.display(), picture.display());
    Ok(())
}

/// Measures the shares of each program.
fn write_shares(rows: &[Value], programs: &Path, files: &FigureFiles) -> Result<()> {
    let emulator = built::released_program()?;
    let shares: Result<Vec<Value>> = rows
        .iter()
        .map(|row| shares::program_shares(programs, &emulator, row).with_context(|| row["name"].to_string()))
        .collect();
    files::write(&files.parts, format!("{:#}\n", Value::from(shares?)))
}

/// Writes the page from the figures.
fn write_page(page: &Path, files: &FigureFiles) -> Result<()> {
    let times = files::read(&files.times).context("there are no figures")?;
    let kept = |path| std::fs::read(path).map_or(Ok(Value::Null), |text| serde_json::from_slice(&text));
    let text = page::page(&serde_json::from_slice(&times)?, &kept(&files.parts)?, &kept(&files.much_code)?)?;
    files::write(page, text)?;
    println!("{} is written", page.display());
    Ok(())
}

/// Rows of the programs that only compute.
fn computing(folder: &Path, wanted: &dyn Fn(&str) -> bool) -> Result<Vec<Value>> {
    let catalogue = described::Catalogue::read(Path::new(programs::DESCRIBED))?;
    let names: Vec<String> =
        catalogue.programs.iter().map(|one| one.name.clone()).filter(|name| wanted(name)).collect();
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let built = programs::provide(&names)?;
    let mut rows = Vec::new();
    for program in catalogue.select(&names)? {
        let to_main = folder.join(format!("{}.elf", program.name));
        let title = built.join(program.title());
        files::write(&to_main, to_main::ends_at_main(&files::read(&title)?, "title_exit")?)?;
        rows.push(json!({
            "name": program.name,
            "kind": program.kind.name(),
            "unseen": program.unseen,
            "wide": program.wide,
            "steps": [{
                "native": built.join(program.native()),
                "qemu": (!program.wide).then(|| built.join(program.for_qemu())),
                "title": title,
                "shows": [format!("answer {} exact ", program.answer)],
            }],
            "to_main": to_main,
        }));
    }
    Ok(rows)
}

/// The row of a program with files.
fn whole(folder: &Path, program: &RealProgram) -> Result<Value> {
    if let Some(tool) = program.needs.as_ref().filter(|tool| !apt::has(tool)) {
        bail!("there is no {tool}");
    }
    let packages = real_programs::fetched(std::slice::from_ref(program))?.join("sources");
    let sdk = Sdk::provide()?;
    let built = real_programs::folder()?;
    build::provide(&built, &packages, &sdk, program)?;
    // qemu-ppc runs no 64-bit instructions.
    let mut for_qemu = !program.wide;
    if for_qemu && let Err(why) = build::provide_for_qemu(&built, &packages, &sdk, program) {
        println!("not timed under qemu: {}{SUFFIX} ({why:#})", program.name);
        for_qemu = false;
    }
    let here = built.join(&program.name);
    let files = folder.join(format!("{}-files", program.name));
    files::remove_folder(&files)?;
    for run in &program.timed {
        real_programs::run::provide_files(program, run, &here, &packages, &files)?;
    }
    let step = |run: &ProgramRun| {
        json!({
            "native": here.join("native").join(&run.program),
            "qemu": for_qemu.then(|| here.join("qemu").join(&run.program)),
            "title": here.join("guest").join(&run.program).join(build::TITLE),
            "arguments": run.arguments,
            "settings": run.settings,
            "folder": run.folder,
            "input": run.input,
            "output": run.output,
            "shows": run.shows,
        })
    };
    let first = program.timed.first().context("nothing of it is timed")?;
    let elf = files::read(here.join(build::folder_of("guest")).join(&first.program))?;
    let short = here.join("to-main.elf");
    let to_main = folder.join(format!("{}{SUFFIX}.xex", program.name));
    files::write(&short, to_main::ends_at_main(&elf, "end_title")?)?;
    sdk.pack(&short, &to_main)?;
    Ok(json!({
        "name": format!("{}{SUFFIX}", program.name),
        "kind": "whole",
        "unseen": false,
        "wide": program.wide,
        "files": files,
        "steps": program.timed.iter().map(step).collect::<Vec<_>>(),
        "to_main": to_main,
    }))
}
