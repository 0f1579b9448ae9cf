//! Shared code of the sanitizer steps: the compiler's runtime libraries, and running packages'
//! tests. The latter is used for Miri, too.
//!
//! The stable compiler includes the sanitizers, but as unstable features, so RUSTC_BOOTSTRAP=1 is
//! set. The standard library is the precompiled one, without instrumentation, so its sources are
//! not needed.

use crate::commands::{self, run};
use crate::files;
use crate::test_summary::passed_tests;
use anyhow::{Result, bail, ensure};
use clap::Args;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// The host target of the sanitizers; explicit, so that build scripts are compiled without them.
pub(crate) const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Exit code of a program in which a sanitizer found an error.
pub(crate) const FOUND: i32 = 66;

/// Selection of tests to run.
#[derive(Debug, Args)]
pub(crate) struct SanitizerArgs {
    /// Only these packages' tests.
    #[arg(long, value_name = "NAME")]
    package: Vec<String>,
    /// Only tests whose name contains this text.
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
}

/// Folder of the compiler's runtime libraries, including that of the sanitizer (`asan`, `tsan`).
pub(crate) fn libraries(sanitizer: &str) -> Result<PathBuf> {
    let sysroot = commands::printed(Command::new("rustc").args(["--print", "sysroot"]))?;
    let sysroot = PathBuf::from(sysroot.trim());
    let libraries = sysroot.join("lib/rustlib").join(TARGET).join("lib");
    if find(&libraries, "librustc", &format!("_rt.{sanitizer}.a"))?.is_none() {
        bail!("this compiler came without `{sanitizer}` for {TARGET}");
    }
    Ok(libraries)
}

/// The file in a folder whose name begins and ends with these texts.
pub(crate) fn find(folder: &Path, start: &str, end: &str) -> Result<Option<PathBuf>> {
    let is_it = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with(start) && name.ends_with(end)
    };
    Ok(files::list(folder)?.into_iter().find(is_it))
}

/// Compiles a program and runs each of its modes, which must exit with the given code: errors that
/// the sanitizer must detect, and correct code that it must accept.
pub(crate) fn check(
    out: &Path,
    source: &Path,
    flags: &[String],
    ways: &[(&str, i32)],
    sanitized: impl Fn(&OsStr) -> Result<Command>,
) -> Result<()> {
    let program = out.join("check");
    let mut compile = sanitized("rustc".as_ref())?;
    compile.args(["--edition", "2024", "-g", "--target", TARGET]).args(flags);
    run(compile.arg(source).arg("-o").arg(&program))?;
    for &(way, expected) in ways {
        let output = commands::output(sanitized(program.as_os_str())?.arg(way))?;
        if output.status.code() != Some(expected) {
            let report = String::from_utf8_lossy(&output.stderr);
            bail!("{report}\n`{way}` ended with {} instead of {expected}", output.status);
        }
    }
    Ok(())
}

/// A test suite under a sanitizer.
pub(crate) struct Suite<'a> {
    pub(crate) name: &'a str,
    /// Description of the errors that it finds, for messages.
    pub(crate) finds: &'a str,
    /// Compiler flags of the sanitizer.
    pub(crate) flags: &'a [String],
    /// Cargo's arguments that select a package's tests.
    pub(crate) tests: &'a [&'a str],
    /// Tests that cannot run under the sanitizer, and why.
    pub(crate) left_out: &'a [(&'a str, &'a str)],
    /// Creates the cargo command, with the sanitizer's environment.
    pub(crate) command: &'a dyn Fn() -> Result<Command>,
}

impl Suite<'_> {
    /// Builds, in `out`, the requested tests, by default those of `packages`, and runs them.
    pub(crate) fn run(&self, out: &Path, packages: &[&str], args: &SanitizerArgs) -> Result<()> {
        let packages = match args.package.as_slice() {
            [] => packages.to_vec(),
            some => some.iter().map(String::as_str).collect(),
        };
        for (name, why) in self.left_out {
            println!("left out: {name} ({why})");
        }
        let mut tests = 0;
        let start = Instant::now();
        for package in packages {
            let mut command = (self.command)()?;
            command.arg("test").args(self.tests).args(["--no-fail-fast", "--target", TARGET]);
            command.args(["--package", package, "--target-dir"]).arg(out);
            command.env("RUSTC_BOOTSTRAP", "1").env("CARGO_INCREMENTAL", "0");
            command.env("CARGO_ENCODED_RUSTFLAGS", self.flags.join("\u{1f}"));
            command.arg("--").args(&args.only);
            command.args(self.left_out.iter().flat_map(|(name, _)| ["--skip", name]));
            let output = commands::output(command.stderr(Stdio::inherit()))?;
            let text = String::from_utf8_lossy(&output.stdout);
            if !output.status.success() {
                println!("{text}");
                bail!("{package}: {}, or a test that fails", self.finds);
            }
            let passed = passed_tests(&text);
            println!("{package}: {passed} tests");
            tests += passed;
        }
        ensure!(tests > 0, "no test was run");
        println!("{}: {tests} tests, nothing found, {:.0} s", self.name, start.elapsed().as_secs_f64());
        Ok(())
    }
}
