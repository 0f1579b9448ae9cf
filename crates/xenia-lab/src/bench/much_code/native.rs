//! Builds the program's C sources and runs them on the host.

use super::super::whole::{read_time, timed};
use super::measure::MuchCodeRun;
use crate::processes;
use anyhow::{Context, Result};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use tempfile::TempDir;

/// `-O1` is as fast as `-O2` on these programs, which have nothing to hoist or inline, and compiles
/// in half the time.
const FLAGS: &[&str] = &["-O1", "-ffp-contract=off", "-fno-math-errno", "-fno-strict-aliasing"];

/// A native program.
#[derive(Debug)]
pub(super) struct Native {
    folder: TempDir,
}

/// Compiles the files, as many at once as there are processors. The error names missing tools.
pub(super) fn build(files: &[(String, String)]) -> Result<Native> {
    let folder = tempfile::tempdir().context("a folder for the build")?;
    write(folder.path(), files)?;
    let next = AtomicUsize::new(0);
    let compile = || -> Result<()> {
        while let Some((name, _)) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            cc(folder.path(), &["-c", name])?;
        }
        Ok(())
    };
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..workers).map(|_| scope.spawn(compile)).collect();
        all.into_iter().try_for_each(|one| one.join().expect("a compiling thread ends"))
    })?;
    let objects: Vec<_> = files.iter().map(|(name, _)| name.replace(".c", ".o")).collect();
    let mut arguments = vec!["-o", "program"];
    arguments.extend(objects.iter().map(String::as_str));
    arguments.extend(["-lm", "-pthread"]);
    cc(folder.path(), &arguments)?;
    Ok(Native { folder })
}

/// Writes the sources to a folder.
pub(super) fn write(folder: &Path, files: &[(String, String)]) -> Result<()> {
    for (name, text) in files {
        let path = folder.join(name);
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// Compiles multiply-add to an instruction if the processor has one, otherwise to a call.
fn processor_flags() -> &'static [&'static str] {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("fma") {
        return &["-mfma"];
    }
    &[]
}

fn cc(folder: &Path, arguments: &[&str]) -> Result<()> {
    let mut command = Command::new("cc");
    command.current_dir(folder).args(FLAGS).args(processor_flags()).args(arguments).stdin(Stdio::null());
    processes::compile(&mut command).context("compiling the title's C (Debian: gcc)")
}

impl Native {
    /// Runs the program for a number of rounds.
    pub(super) fn run(&self, rounds: u32) -> Result<MuchCodeRun> {
        let time = self.folder.path().join("time");
        let mut command = timed(&time);
        command.arg(self.folder.path().join("program")).arg(rounds.to_string()).stdin(Stdio::null());
        let output = processes::output(&mut command)?;
        let text = String::from_utf8_lossy(&output.stdout);
        let parsed = text
            .trim()
            .split_once(' ')
            .and_then(|(checksum, kibibytes)| Some((checksum.parse().ok()?, kibibytes.parse::<u64>().ok()?)));
        let (checksum, kibibytes) =
            parsed.with_context(|| format!("{text:?} is not a checksum and a size"))?;
        let peak_bytes = (kibibytes > 0).then_some(kibibytes * 1024);
        Ok(MuchCodeRun { seconds: read_time(&time)?, checksum, peak_bytes, ..MuchCodeRun::default() })
    }
}
