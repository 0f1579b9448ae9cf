//! Builds a program twice with its `build.sh`: with the host's compiler, and with the title
//! compiler.

use super::catalogue::RealProgram;
use crate::commands::quietly;
use crate::files;
use crate::programs::build::{WIDE, hash_folder};
use crate::sdk::{Sdk, cxx};
use anyhow::Result;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

/// File name of a title in its folder.
pub(crate) const TITLE: &str = "default.xex";

/// Build folder of a side.
pub(crate) fn folder_of(side: &str) -> String {
    format!("{side}-build")
}

/// Builds the program unless it is up to date with our files; packages don't change.
pub(crate) fn provide(folder: &Path, sources: &Path, sdk: &Sdk, program: &RealProgram) -> Result<()> {
    let folder = folder.join(&program.name);
    let stamp = folder.join("stamp");
    let mut hasher = DefaultHasher::new();
    hash_folder(&program.folder, &mut hasher)?;
    program.wide.then_some(WIDE).hash(&mut hasher);
    files::read(sdk.compiler.with_file_name("stamp"))?.hash(&mut hasher);
    let made_of = format!("{:016x}\n", hasher.finish());
    if std::fs::read_to_string(&stamp).is_ok_and(|text| text == made_of) {
        return Ok(());
    }
    println!("building {}", program.name);
    let cxx = cxx::driver(&sdk.compiler);
    for (side, compiler, cxx) in
        [("native", Path::new("cc"), Path::new("c++")), ("guest", &sdk.compiler, cxx.as_path())]
    {
        let (work, out) = one_side(&folder, sources, program, side, [compiler, cxx])?;
        for name in programs_of(program) {
            if side == "native" {
                files::copy(work.join(&name), out.join(&name))?;
            } else {
                // One folder each, and the usual name of titles: some look for their executable.
                files::create_folder(out.join(&name))?;
                sdk.pack(&work.join(&name), &out.join(&name).join(TITLE))?;
            }
        }
    }
    files::write(stamp, made_of)
}

/// Also builds the program for qemu-ppc, unless it is up to date. The other builds must exist.
pub(crate) fn provide_for_qemu(
    folder: &Path,
    sources: &Path,
    sdk: &Sdk,
    program: &RealProgram,
) -> Result<()> {
    let folder = folder.join(&program.name);
    let made_of = files::read_text(folder.join("stamp"))?;
    let stamp = folder.join("stamp-qemu");
    if std::fs::read_to_string(&stamp).is_ok_and(|text| text == made_of) {
        return Ok(());
    }
    println!("building {} for qemu", program.name);
    let compiler = sdk.linux_compiler();
    let (work, out) = one_side(&folder, sources, program, "qemu", [&compiler, Path::new("false")])?;
    for name in programs_of(program) {
        files::copy(work.join(&name), out.join(&name))?;
    }
    files::write(stamp, made_of)
}

/// Runs `build.sh` in an empty folder; returns that folder, and an empty one for its output.
fn one_side(
    folder: &Path,
    sources: &Path,
    program: &RealProgram,
    side: &str,
    [compiler, cxx]: [&Path; 2],
) -> Result<(PathBuf, PathBuf)> {
    let work = folder.join(folder_of(side));
    let out = folder.join(side);
    for old in [&work, &out] {
        files::renew_folder(old)?;
    }
    let flags = if program.wide && side == "guest" { WIDE } else { &[] };
    // Each build.sh lets the shell split this into words.
    let with_flags = |compiler: &Path| format!("{} {}", compiler.display(), flags.join(" "));
    let mut command = Command::new("bash");
    command.arg(program.folder.join("build.sh")).current_dir(&work);
    command.env("CC", with_flags(compiler).trim_end()).env("CXX", with_flags(cxx).trim_end());
    command.env("SOURCES", sources).env("HERE", &program.folder).env("SHARED", folder).env("SIDE", side);
    quietly(&mut command)?;
    Ok((work, out))
}

/// The programs that are run, and those that their tests start.
fn programs_of(program: &RealProgram) -> Vec<String> {
    let mut names: Vec<_> = program.runs.iter().map(|run| run.program.clone()).collect();
    names.extend(program.timed.iter().map(|run| run.program.clone()));
    names.extend(program.each.as_ref().map(super::catalogue::Each::program));
    names.extend(program.also.clone());
    names.sort();
    names.dedup();
    names
}
