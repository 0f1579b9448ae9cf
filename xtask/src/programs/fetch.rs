//! Downloads of sources: tarballs of Debian source packages, and packages with data, verified by
//! hash and unpacked side by side.
//!
//! apt fetches them with separate package lists under `target/programs`, so that neither root nor
//! the system's list of sources is needed. Files that exist are not fetched again.

use super::catalogue::{Catalogue, LIBRARY, ProgramDescription, SourceTarball};
use crate::apt;
use crate::commands::quietly;
use crate::files;
use anyhow::{Context, Result, bail};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The Debian release of the packages.
const SUITE: &str = "bookworm";
const ARCHIVE: &str = "http://deb.debian.org/debian";
/// File name suffix of binary packages, which are unpacked and not built.
const BINARY: &str = ".deb";
const KEYS: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// The folder of an unpacked package.
pub(crate) fn unpacked(folder: &Path, package: &str) -> PathBuf {
    folder.join("sources").join(package)
}

/// Fetches and unpacks the packages that the programs need.
pub(crate) fn fetch(folder: &Path, catalogue: &Catalogue, programs: &[&ProgramDescription]) -> Result<()> {
    let parts = programs.iter().flat_map(|program| &program.parts);
    let mut packages: BTreeSet<&str> = parts.map(|part| part.name.as_str()).collect();
    packages.insert(LIBRARY);
    fetch_packages(folder, &catalogue.sources, packages)
}

/// Fetches and unpacks missing packages.
pub(crate) fn fetch_packages(
    folder: &Path,
    sources: &BTreeMap<String, SourceTarball>,
    mut packages: BTreeSet<&str>,
) -> Result<()> {
    packages.retain(|package| !unpacked(folder, package).is_dir());
    if packages.is_empty() {
        return Ok(());
    }
    let tarballs = folder.join("tarballs");
    files::create_folder(&tarballs)?;
    files::create_folder(folder.join("sources"))?;
    let file_of = |package: &str| {
        let source = sources.get(package);
        source.with_context(|| format!("guest/programs/sources.toml has no package {package}"))
    };
    let mut missing = Vec::new();
    for package in &packages {
        if !tarballs.join(&file_of(package)?.file).is_file() {
            missing.push(*package);
        }
    }
    if !missing.is_empty() {
        println!("fetching {}", missing.join(" "));
        let (binary, source): (Vec<&str>, Vec<&str>) =
            missing.into_iter().partition(|package| sources[*package].file.ends_with(BINARY));
        download(folder, &tarballs, &source, &binary)?;
    }
    for package in packages {
        let source = file_of(package)?;
        let tarball = tarballs.join(&source.file);
        check_hash(&tarball, &source.sha256)?;
        unpack(&tarball, &unpacked(folder, package))?;
    }
    Ok(())
}

/// Downloads upstream's tarballs of source packages, and complete binary packages, by apt.
fn download(folder: &Path, tarballs: &Path, source: &[&str], binary: &[&str]) -> Result<()> {
    if !apt::has("apt-get") {
        bail!("no apt-get: the sources come from Debian's packages");
    }
    let own = folder.join("apt");
    for name in ["lists/partial", "cache/archives/partial"] {
        files::create_folder(own.join(name))?;
    }
    let keys = if Path::new(KEYS).is_file() { format!("[signed-by={KEYS}] ") } else { String::new() };
    let list = own.join("sources.list");
    files::write(&list, format!("deb-src {keys}{ARCHIVE} {SUITE} main\ndeb {keys}{ARCHIVE} {SUITE} main\n"))?;
    let config = own.join("apt.conf");
    files::write(
        &config,
        format!(
            "Dir::Etc::SourceList \"{}\";\nDir::Etc::SourceParts \"/dev/null\";\nDir::State::Lists \"{}\";\n\
             Dir::Cache \"{}\";\nAPT::Sandbox::User \"root\";\nAcquire::Retries \"3\";\n",
            list.display(),
            own.join("lists").display(),
            own.join("cache").display()
        ),
    )?;
    quietly(Command::new("apt-get").env("APT_CONFIG", &config).args(["-qq", "update"]))?;
    let from_source = ["source", "--only-source", "--tar-only", "--download-only"];
    for (how, packages) in [(&from_source[..], source), (&["download"], binary)] {
        if packages.is_empty() {
            continue;
        }
        let mut fetch = Command::new("apt-get");
        fetch.env("APT_CONFIG", &config).current_dir(tarballs);
        quietly(fetch.arg("-qq").args(how).args(packages))?;
    }
    Ok(())
}

/// Fails if the file does not have the expected hash.
fn check_hash(file: &Path, expected: &str) -> Result<()> {
    let found = files::sha256(file)?;
    if found != expected {
        bail!("{} has the hash {found}, not {expected}", file.display());
    }
    Ok(())
}

/// Unpacks into a temporary folder, which is then renamed, so that an incomplete folder never has
/// the final name.
fn unpack(tarball: &Path, to: &Path) -> Result<()> {
    let partial = to.with_extension("partial");
    files::renew_folder(&partial)?;
    if tarball.to_string_lossy().ends_with(BINARY) {
        quietly(Command::new("dpkg-deb").arg("--extract").arg(tarball).arg(&partial))?;
    } else {
        let mut tar = Command::new("tar");
        tar.arg("xf").arg(tarball).arg("-C").arg(&partial).arg("--strip-components=1");
        quietly(&mut tar)?;
    }
    files::rename(&partial, to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tarball_with_another_hash_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("abc.tar");
        std::fs::write(&file, b"abc").unwrap();
        let right = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert!(check_hash(&file, right).is_ok());
        let error = check_hash(&file, &"0".repeat(64)).unwrap_err().to_string();
        assert!(error.contains(right), "{error}");
        assert!(check_hash(&dir.path().join("missing.tar"), right).is_err());
    }
}
