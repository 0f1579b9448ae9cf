//! The programs that cargo builds for the tasks, and their folder.

use crate::commands::run;
use anyhow::{Context, Result};
use std::path::PathBuf;
use std::process::Command;
use xenia_testing::hermetic;

/// Where cargo builds.
pub(crate) fn target_folder() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from)
}

/// Path of the program under test, in the development profile.
pub(crate) fn program() -> Result<PathBuf> {
    let path = target_folder().join("debug/xenia-rs");
    path.canonicalize().with_context(|| format!("{} is not built", path.display()))
}

/// The program under test, independent of the user's settings.
pub(crate) fn xenia_rs() -> Result<Command> {
    Ok(hermetic(program()?))
}

/// Path of the release build of the program, which is built first: timings use it.
pub(crate) fn released_program() -> Result<PathBuf> {
    println!("building the program as users do, which takes minutes the first time");
    run(Command::new("cargo").args(["build", "--release", "--package", "xenia-rs"]))?;
    let path = target_folder().join("release/xenia-rs");
    path.canonicalize().with_context(|| format!("{} is missing", path.display()))
}
