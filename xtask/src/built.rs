//! The programs that cargo builds for the tasks, and their folder.

use crate::commands::run;
use crate::files;
use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use std::process::Command;
use xenia_testing::hermetic;

/// Where cargo builds.
pub(crate) fn target_folder() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from)
}

/// The absolute path of a task's folder in [`target_folder`], which is made if it is missing.
pub(crate) fn work_folder(name: &str) -> Result<PathBuf> {
    let folder = target_folder().join(name);
    files::create_folder(&folder)?;
    Ok(folder.canonicalize()?)
}

/// Path of the program under test, in the development profile.
pub(crate) fn program() -> Result<PathBuf> {
    let path = target_folder().join("debug/xenia-rs");
    path.canonicalize().with_context(|| format!("{} is not built: run `cargo build`", path.display()))
}

/// Refuses a program under test that is older than one of its sources, since results of the former
/// sources would pass, or be written, for those of today's.
pub(crate) fn require_current_program() -> Result<()> {
    let path = program()?;
    let built = path.metadata()?.modified()?;
    // Cargo writes this file beside each program that it builds.
    let list = target_folder().join("debug/xenia-rs.d");
    let list = files::read_text(&list)?;
    for source in sources(&list) {
        let is_newer = source.metadata().and_then(|data| data.modified()).is_ok_and(|time| time > built);
        if is_newer {
            bail!("{} is older than {}: run `cargo build`", path.display(), source.display());
        }
    }
    Ok(())
}

/// The sources in a file of dependencies: `program: source source…`, with spaces in names escaped.
fn sources(list: &str) -> Vec<PathBuf> {
    const SPACE: &str = "\0";
    let list = list.trim_end().replace("\\ ", SPACE);
    let (_, sources) = list.split_once(": ").unwrap_or_default();
    sources
        .split(' ')
        .filter(|name| !name.is_empty())
        .map(|name| PathBuf::from(name.replace(SPACE, " ")))
        .collect()
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

#[cfg(test)]
mod tests {
    use super::sources;
    use std::path::PathBuf;

    #[test]
    fn sources_of_a_program_may_have_spaces_in_their_names() {
        let list = "/t/debug/xenia-rs: /a/lib.rs /my\\ tree/main.rs\n";
        assert_eq!(sources(list), ["/a/lib.rs", "/my tree/main.rs"].map(PathBuf::from));
        assert!(sources("/t/debug/xenia-rs: \n").is_empty());
    }
}
