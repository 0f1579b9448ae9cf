//! Sessions of gdb on programs: `crates/xenia-rs/tests/gdb.rs` follows the scripts of
//! `golden/gdb/programs` and compares their transcripts. Here a program is laid out for it.

use super::build::{TITLE, folder_of};
use super::catalogue::RealProgram;
use super::run::{ProgramOutcome, provide_files};
use crate::files;
use crate::{commands, linting, not_run, programs};
use anyhow::{Context, Result};
use std::path::Path;
use xenia_testing::Tool;

/// Folder of the scripts, one for each program that has one.
const SCRIPTS: &str = "golden/gdb/programs";

/// Follows the program's script, if there is one.
pub(super) fn compare(folder: &Path, program: &RealProgram, outcome: &mut ProgramOutcome) -> Result<()> {
    let name = &program.name;
    if !Path::new(SCRIPTS).join(format!("{name}.gdb")).is_file() {
        return Ok(());
    }
    if !not_run::need(Tool::Gdb, &format!("{name}'s session of gdb"))? {
        return Ok(());
    }
    let here = folder.join(name);
    let sources = programs::folder()?.join("sources");
    let staged = here.join("gdb");
    files::remove_folder(&staged)?;
    let beside = staged.join(name);
    let runs = program.all_runs(&sources)?;
    provide_files(program, runs.first().context("a program without runs")?, &here, &sources, &beside)?;
    for (from, to) in [
        (here.join("guest").join(name).join(TITLE), "title.xex"),
        (here.join(folder_of("guest")).join(name), "symbols.elf"),
    ] {
        files::copy(&from, beside.join(to))?;
    }
    outcome.runs += 1;
    let test = ["test", "--package", "xenia-rs", "--test", "tests", "--quiet", "gdb_prints"];
    if let Err(error) = commands::run(linting::linting_cargo()?.args(test).env("XENIA_GDB_PROGRAMS", &staged))
    {
        outcome.wrong.push(format!("{name} under gdb: {error:#}"));
    }
    Ok(())
}
