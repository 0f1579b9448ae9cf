//! Installation of the system packages that tests use.
//!
//! Building and running xenia-rs needs none of them; the external reference programs and the guest
//! toolchain do. The tools are the rows of [`xenia_testing::TOOLS`].

use crate::commands;
use anyhow::Result;
use std::process::Command;
use xenia_testing::{TOOLS, find_program};

/// Whether `program` is on the path, or is the full path of a file.
pub(crate) fn has(program: &str) -> bool {
    find_program(program).is_some()
}

/// Installs missing packages, or reports the missing ones and the skipped tests.
pub(crate) fn provide() -> Result<()> {
    let packages: Vec<_> =
        TOOLS.iter().flat_map(xenia_testing::ToolRow::missing).map(|part| part.package).collect();
    if !packages.is_empty() && has("apt-get") && is_root() {
        println!("installing {}", packages.join(" "));
        apt_get(&["update", "-qq"])?;
        apt_get(&[&["install", "-y", "-qq", "--no-install-recommends"][..], &packages].concat())?;
    }
    for row in TOOLS {
        if let Err(why) = row.find() {
            println!("missing: {why}; not tested: {}", row.used_for);
        }
    }
    Ok(())
}

/// Runs apt-get. A failure is only reported: the tools that are still missing are listed with the
/// tests that need them.
fn apt_get(args: &[&str]) -> Result<()> {
    let mut command = Command::new("apt-get");
    let status = commands::status(command.args(args).env("DEBIAN_FRONTEND", "noninteractive"))?;
    if !status.success() {
        println!("{command:?} ended with {status}");
    }
    Ok(())
}

/// Installs cargo-nextest if it is missing; returns whether it is there.
pub(crate) fn provide_nextest() -> Result<bool> {
    if has("cargo-nextest") {
        return Ok(true);
    }
    println!("installing cargo-nextest");
    let mut install = Command::new("cargo");
    let status = commands::status(install.args(["install", "--locked", "--quiet", "cargo-nextest"]))?;
    if !status.success() {
        println!("missing: cargo-nextest; unit tests run through cargo test instead");
    }
    Ok(status.success())
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|out| out.stdout.starts_with(b"0\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn ci_installs_the_packages_of_the_table() {
        let printed = Command::new("../.ci/packages").output().unwrap().stdout;
        let printed: BTreeSet<_> = str::from_utf8(&printed).unwrap().lines().collect();
        let wanted = TOOLS.iter().flat_map(|row| row.parts).map(|part| part.package).collect();
        assert_eq!(printed, wanted);
    }
}
