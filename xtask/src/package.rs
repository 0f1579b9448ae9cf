//! `cargo xtask package`: packages of the program for Linux desktops.
//!
//! ```text
//! program ──► folder (bin, share) ─┬─► .tar.zst
//!  its man pages, completions      ├─► .deb
//!  deploy/desktop, icon            ├─► AppDir ─► .AppImage, with a runtime
//!                                  └─► Flatpak manifest
//! ```
//!
//! The same program and commit give the same bytes: files have the commit's time and no owner. A
//! tool that is missing leaves its package out, by name. `SHA256SUMS` lists the results; signing it
//! is the publisher's step (docs/src/packaging.md).

mod app_image;
mod deb;
mod folder;
mod icon;

use crate::apt::has;
use crate::arguments::output;
use crate::built::target_folder;
use crate::commands::{self, run};
use crate::files;
use anyhow::{Context, Result};
use clap::Args;
use folder::Folder;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The program's name for desktops; files of deploy/desktop begin with it.
const ID: &str = "io.github.xenia_rs.xenia_rs";
/// Files that packages are made from.
const DESKTOP: &str = "deploy/desktop";
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Programs that check files of deploy/desktop, and their arguments.
const VALIDATORS: [(&str, &[&str], &str); 2] = [
    ("desktop-file-validate", &[], "desktop"),
    ("appstreamcli", &["validate", "--no-net", "--explain"], "metainfo.xml"),
];

/// Arguments of `cargo xtask package`.
#[derive(Debug, Args)]
pub(crate) struct PackageArgs {
    /// Package this program instead of a release build of this tree.
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// The first part of the AppImage: runtime-x86_64 of a release of AppImage's type2-runtime.
    /// Without it no AppImage is made.
    #[arg(long, value_name = "FILE")]
    runtime: Option<PathBuf>,
    /// Folder for the packages; older ones in it are replaced.
    #[arg(long, value_name = "FOLDER", value_parser = output(), default_value = "target/package")]
    out: PathBuf,
}

/// Makes all packages.
pub(crate) fn package(args: &PackageArgs) -> Result<()> {
    validate()?;
    let program = match &args.program {
        Some(program) => program.clone(),
        None => release()?,
    };
    // It may hold files of the user's: only files made here are replaced.
    files::create_folder(&args.out)?;
    let time = commit_time()?;
    let folder = Folder::make(&program, &args.out)?;
    let mut made = Vec::new();
    if has("zstd") {
        made.push(folder.archive(time)?);
    } else {
        println!("missing: zstd, not made: the archive");
    }
    if has("dpkg-deb") {
        made.push(deb::make(&folder, time)?);
    } else {
        println!("missing: dpkg-deb, not made: the Debian package");
    }
    made.extend(app_image::make(&folder, args.runtime.as_deref(), time)?);
    flatpak(&folder)?;
    let sums = args.out.join("SHA256SUMS");
    files::write(&sums, checksums(&made)?)?;
    for file in made.iter().chain([&sums]) {
        println!("{} ({} KiB)", file.display(), fs::metadata(file)?.len() / 1024);
    }
    Ok(())
}

/// Path of a file of deploy/desktop.
fn desktop_file(kind: &str) -> PathBuf {
    Path::new(DESKTOP).join(format!("{ID}.{kind}"))
}

/// Checks the files of deploy/desktop with the desktop's own tools, where these are installed.
fn validate() -> Result<()> {
    for (validator, flags, kind) in VALIDATORS {
        if has(validator) {
            run(Command::new(validator).args(flags).arg(desktop_file(kind)))?;
        } else {
            println!("missing: {validator}, not checked: {}", desktop_file(kind).display());
        }
    }
    Ok(())
}

/// Builds the program for release, without this task's compiler wrapper.
fn release() -> Result<PathBuf> {
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--release", "--locked", "--package", "xenia-rs"]);
    run(cargo.env_remove("RUSTC_WORKSPACE_WRAPPER"))?;
    Ok(target_folder().join("release/xenia-rs"))
}

/// Time of the newest commit, in seconds since 1970: that of all packaged files.
fn commit_time() -> Result<u64> {
    let time = commands::printed(Command::new("git").args(["log", "-1", "--format=%ct"]))?;
    time.trim().parse().with_context(|| format!("the commit's time: `{}`", time.trim()))
}

/// Writes the Flatpak manifest, which packages the folder.
fn flatpak(folder: &Folder) -> Result<()> {
    let template = files::read_text(desktop_file("flatpak.yml"))?;
    let manifest = template.replace("@FOLDER@", &folder.name());
    files::write(folder.out().join(format!("{ID}.yml")), manifest)
}

/// Lines of a file for `sha256sum --check`.
fn checksums(packages: &[PathBuf]) -> Result<String> {
    let mut lines = String::new();
    for file in packages {
        let name = file.file_name().context("a package has a name")?;
        writeln!(lines, "{}  {}", files::sha256(file)?, name.display())?;
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(kind: &str) -> String {
        fs::read_to_string(Path::new("..").join(desktop_file(kind))).unwrap()
    }

    #[test]
    fn desktop_files_name_each_other_and_the_program() {
        let entry = text("desktop");
        let about = text("metainfo.xml");
        let types = text("mime.xml");
        assert!(entry.contains(&format!("\nIcon={ID}\n")) && entry.contains("\nExec=xenia-rs %f\n"));
        assert!(about.contains(&format!("<id>{ID}</id>")) && about.contains(&format!("{ID}.desktop")));
        let declared: Vec<_> =
            types.split("mime-type type=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        assert_eq!(declared.len(), 2);
        for kind in declared {
            assert!(entry.contains(kind) && about.contains(kind), "{kind}");
        }
        assert!(text("flatpak.yml").contains(&format!("\nid: {ID}\n")));
    }

    #[test]
    fn checksums_are_as_sha256sum_writes_them() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("abc");
        fs::write(&file, "abc").unwrap();
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  abc\n";
        assert_eq!(checksums(&[file]).unwrap(), expected);
    }
}
