//! The Debian package, made by `dpkg-deb`.

use super::folder::Folder;
use super::{DESKTOP, VERSION};
use crate::commands::{self, run};
use crate::files;
use anyhow::{Context, Result, ensure};
use object::{Object, ObjectSection};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Makes the package.
pub(super) fn make(folder: &Folder, time: u64) -> Result<PathBuf> {
    let root = folder.as_usr("deb")?;
    let documents = root.join("usr/share/doc/xenia-rs");
    // Debian's name for the licences.
    let mit = files::read_text(documents.join("LICENSE-MIT"))?;
    let apache = files::read_text(documents.join("LICENSE-APACHE"))?;
    files::write(documents.join("copyright"), format!("{mit}\nor\n\n{apache}"))?;
    let mut du = Command::new("du");
    let size = commands::printed(du.args(["-k", "-s", "--apparent-size"]).arg(root.join("usr")))?;
    let kibibytes = size.split_whitespace().next().context("du printed no size")?;
    let template = files::read_text(Path::new(DESKTOP).join("control"))?;
    let glibc = newest_glibc(&files::read(folder.program())?)?;
    let control = control(&template, kibibytes, &glibc)?;
    files::create_folder(root.join("DEBIAN"))?;
    files::write(root.join("DEBIAN/control"), control)?;
    run(Command::new("chmod").args(["-R", "u=rwX,go=rX"]).arg(&root))?;
    let package = folder.out().join(format!("xenia-rs_{VERSION}_amd64.deb"));
    let mut deb = Command::new("dpkg-deb");
    deb.args(["--root-owner-group", "-Zxz", "--build"]).env("SOURCE_DATE_EPOCH", time.to_string());
    run(deb.arg(&root).arg(&package))?;
    files::remove_folder(&root)?;
    Ok(package)
}

/// The control file from its template.
fn control(template: &str, kibibytes: &str, glibc: &str) -> Result<String> {
    let control =
        template.replace("@VERSION@", VERSION).replace("@KIBIBYTES@", kibibytes).replace("@GLIBC@", glibc);
    ensure!(!control.contains('@'), "a word of the control file is not filled in");
    Ok(control)
}

/// The newest version of glibc whose symbols a program uses.
fn newest_glibc(program: &[u8]) -> Result<String> {
    let file = object::File::parse(program)?;
    let strings = file.section_by_name(".dynstr").context("the program is not linked dynamically")?;
    let version = |word: &[u8]| -> Option<Vec<u32>> {
        let numbers = std::str::from_utf8(word).ok()?.strip_prefix("GLIBC_")?;
        numbers.split('.').map(|number| number.parse().ok()).collect()
    };
    let newest = strings.data()?.split(|&byte| byte == 0).filter_map(version).max();
    let newest = newest.context("the program uses no glibc")?;
    Ok(newest.iter().map(u32::to_string).collect::<Vec<_>>().join("."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_control_file_is_complete() {
        let template = fs::read_to_string(Path::new("..").join(DESKTOP).join("control")).unwrap();
        let control = control(&template, "12", "2.34").unwrap();
        assert!(control.contains("\nInstalled-Size: 12\n") && control.contains("libc6 (>= 2.34)"));
        assert!(control.ends_with('\n') && control.lines().all(|line| line.len() <= 200));
    }

    #[test]
    fn the_newest_glibc_is_found_in_a_program() {
        // These tests themselves.
        let program = fs::read(std::env::current_exe().unwrap()).unwrap();
        let version = newest_glibc(&program).unwrap();
        let minor: u32 = version.strip_prefix("2.").unwrap().parse().unwrap();
        assert!((14..100).contains(&minor), "{version}");
        assert!(newest_glibc(include_bytes!("../../../guest/bin/cpu-suite.elf")).is_err());
    }
}
