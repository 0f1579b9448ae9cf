//! The cargo command of all tasks, which lints our crates while it compiles them.

use crate::built::target_folder;
use anyhow::{Context, Result};
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

/// The compiler wrapper for our crates.
pub(crate) const WRAPPER: &str = "xtask/lint-rustc";

/// A cargo command that lints our crates while it compiles them, so that nothing is compiled a
/// second time only for lints. All cargo commands of a run must use the same wrapper, or they would
/// rebuild everything.
pub(crate) fn linting_cargo() -> Result<Command> {
    let wrapper = Path::new(WRAPPER).canonicalize().context(WRAPPER)?;
    let mut command = Command::new("cargo");
    command.env("RUSTC_WORKSPACE_WRAPPER", wrapper).envs(LINTING);
    if is_first_build() {
        command.env("CARGO_INCREMENTAL", "0");
    }
    Ok(command)
}

/// Environment of these commands, which `.ci/run` has, too.
const LINTING: [(&str, &str); 3] = [
    // The way in which `cargo clippy -- --deny warnings` passes options to clippy.
    ("CLIPPY_ARGS", "--deny__CLIPPY_HACKERY__warnings__CLIPPY_HACKERY__"),
    // Line numbers of backtraces take a fifth of a crate's compile time. Because of the wrapper,
    // our crates are compiled apart from those of other cargo commands in any case.
    ("CARGO_PROFILE_DEV_DEBUG", "none"),
    ("CARGO_PROFILE_DEV_BUILD_OVERRIDE_DEBUG", "none"),
];

/// Whether the crates were not yet built when this process started. Data for incremental
/// compilation, a seventh of a build's time, would then be written for nothing in CI.
fn is_first_build() -> bool {
    static FIRST: OnceLock<bool> = OnceLock::new();
    *FIRST.get_or_init(|| {
        let built = std::fs::read_dir(target_folder().join("debug/.fingerprint")).into_iter().flatten();
        !built.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("xenia-kernel-"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ci_builds_with_the_environment_of_the_steps() {
        let ci = include_str!("../../.ci/run");
        let exported: Vec<_> =
            ci.lines().filter_map(|line| line.strip_prefix("export ")?.split_once('=')).collect();
        assert_eq!(exported[..LINTING.len()], LINTING);
        assert!(exported.contains(&("RUSTC_WORKSPACE_WRAPPER", &*format!("$PWD/{WRAPPER}"))));
    }
}
