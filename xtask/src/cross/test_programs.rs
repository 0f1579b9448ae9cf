//! The programs of our crates' tests, built for another system.

use super::target::Target;
use crate::commands;
use anyhow::{Context, Result, bail};
use cargo_metadata::Message;
use std::path::PathBuf;
use std::process::Stdio;

/// A program of tests.
pub(super) struct TestProgram {
    /// Name of the check: the crate's, and that of the program beside its own tests.
    pub(super) name: String,
    pub(super) path: PathBuf,
    /// The crate's folder, where its tests run.
    pub(super) folder: PathBuf,
    /// Arguments: names of tests that are run, or left out.
    pub(super) words: &'static [&'static str],
}

/// Builds the programs of a target's tests, and runs none of them.
pub(super) fn build(target: &Target) -> Result<Vec<TestProgram>> {
    let mut programs = Vec::new();
    for wanted in target.tests {
        let mut command = target.cargo()?;
        command.args(["test", "--no-run", "--quiet", "--message-format=json-render-diagnostics"]);
        command.args(["--target", target.triple]).args(*wanted).stderr(Stdio::inherit());
        let output = commands::output(&mut command)?;
        if !output.status.success() {
            bail!("{command:?} ended with {}", output.status);
        }
        for message in Message::parse_stream(&output.stdout[..]) {
            let Message::CompilerArtifact(artifact) = message? else { continue };
            let Some(path) = artifact.executable.filter(|_| artifact.profile.test) else { continue };
            let folder = artifact.manifest_path.parent().context("a manifest lies in no folder")?;
            let package = folder.file_name().context("a package has no name")?;
            let name = match &artifact.target {
                of_tests if of_tests.is_test() => format!("tests {package} {}", of_tests.name),
                _ => format!("tests {package}"),
            };
            let words = target.test_arguments(&name);
            programs.push(TestProgram { name, path: path.into(), folder: folder.into(), words });
        }
    }
    programs.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(programs)
}
