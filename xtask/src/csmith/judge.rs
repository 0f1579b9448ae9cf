//! Runs a program on both sides and reports differences.

use crate::commands;
use crate::files;
use crate::programs::verdict::EngineFlags;
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use xenia_testing::hermetic;

/// Engines that run every title.
pub(crate) const ENGINES: [EngineFlags; 2] = [("jit", &[]), ("interp", &["--interp"])];
/// Engines that also run one title of every program: with everything compiled before its first
/// execution, since most of such a program runs only once and never gets warm; and a block-by-block
/// cross-check of the interpreter and such code, for every second four seeds of code that is
/// compiled in the baseline tier first. The seed decides, so that a program that is run again
/// alone has the same check.
pub(crate) fn thorough(seed: u64) -> [EngineFlags; 2] {
    let checked: EngineFlags = if (seed / 4).is_multiple_of(2) {
        ("cross-check", &["--cross-check", "--warm-up", "0"])
    } else {
        ("cross-check of both tiers", &["--cross-check"])
    };
    [("jit at once", &["--warm-up", "0"]), checked]
}

/// Result of the reference.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ReferenceOutput {
    /// It printed this and ended.
    Text(String),
    /// It was stopped at its time limit.
    TooLong,
}

/// A title whose output differs from the reference's.
pub(crate) struct CsmithDifference {
    pub(crate) seed: u64,
    pub(crate) level: u8,
    pub(crate) engine: &'static str,
    pub(crate) what: String,
    pub(crate) kept: PathBuf,
}

impl CsmithDifference {
    /// The command that repeats the check.
    pub(crate) fn repeat(&self) -> String {
        format!("cargo xtask csmith 1 --seed {} --levels {}", self.seed, self.level)
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "seed": self.seed,
            "level": self.level,
            "engine": self.engine,
            "what": self.what,
            "repeat": self.repeat(),
        })
    }
}

impl fmt::Display for CsmithDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "program {} at -O{}, {}: {}", self.seed, self.level, self.engine, self.what)?;
        write!(f, "  kept in {}; again: {}", self.kept.display(), self.repeat())
    }
}

/// Result of [`compare`] for one title.
pub(crate) struct TitleDifferences {
    /// Guest instructions of all its runs.
    pub(crate) instructions: u64,
    /// Engine and first difference.
    pub(crate) differences: Vec<(&'static str, String)>,
}

/// Runs `command` with at most `seconds` of CPU time. Wall time would make the result depend on
/// other load of the machine.
fn limited(seconds: u32, command: &Command) -> Result<Output> {
    let script = format!("ulimit -t {seconds}; exec \"$0\" \"$@\"");
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(script).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    commands::output(&mut shell)
}

/// Whether the process was stopped at its CPU time limit.
fn was_stopped(output: &Output) -> bool {
    const SIGKILL: i32 = 9;
    const SIGXCPU: i32 = 24;
    matches!(output.status.signal(), Some(SIGKILL | SIGXCPU))
}

/// Runs the reference program.
pub(crate) fn reference(program: &Path, seconds: u32) -> Result<ReferenceOutput> {
    let output = limited(seconds, Command::new("qemu-ppc").arg(program))?;
    if was_stopped(&output) {
        return Ok(ReferenceOutput::TooLong);
    }
    if !output.status.success() {
        bail!("the reference ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    let text = String::from_utf8(output.stdout)?;
    if !text.contains("checksum = ") {
        bail!("the reference printed no checksum");
    }
    Ok(ReferenceOutput::Text(text))
}

/// Runs `title` on every engine and compares its output with `expected`, and the engines'
/// instruction counts and digests with each other.
pub(crate) fn compare(
    xenia: &Path,
    title: &Path,
    engines: &[EngineFlags],
    expected: &str,
    seconds: u32,
) -> Result<TitleDifferences> {
    let figures = title.with_extension("json");
    let mut found = TitleDifferences { instructions: 0, differences: Vec::new() };
    let mut first: Option<(&'static str, Value)> = None;
    for (engine, flags) in engines {
        let mut command = hermetic(xenia);
        command
            .arg("exec")
            .arg(title)
            .args(["--headless", "--lockstep", "--json"])
            .arg(&figures)
            .args(*flags);
        let output = limited(seconds, &command)?;
        let mut differs = |what: String| found.differences.push((engine, what));
        if was_stopped(&output) {
            differs(format!("no end within {seconds} s"));
            continue;
        }
        if !output.status.success() {
            differs(format!("ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr)));
            continue;
        }
        if let Some(what) = first_difference(expected, &String::from_utf8_lossy(&output.stdout)) {
            differs(what);
            continue;
        }
        let report: Value = serde_json::from_slice(&files::read(&figures)?)?;
        found.instructions += report["instructions"].as_u64().context("no `instructions` in the figures")?;
        let end = json!([report["instructions"], report["digest"]]);
        match &first {
            None => first = Some((engine, end)),
            Some((other, before)) if *before != end => {
                found.differences.push((engine, format!("ends in {end}, {other} in {before}")));
            }
            Some(_) => {}
        }
    }
    Ok(found)
}

/// The first line in which two texts differ.
fn first_difference(expected: &str, actual: &str) -> Option<String> {
    if expected == actual {
        return None;
    }
    let mut lines = actual.lines();
    for (number, wanted) in expected.lines().enumerate() {
        match lines.next() {
            Some(line) if line == wanted => {}
            Some(line) => return Some(format!("line {}: expected `{wanted}`, got `{line}`", number + 1)),
            None => return Some(format!("line {}: expected `{wanted}`, got nothing more", number + 1)),
        }
    }
    Some(lines.next().map_or_else(
        || "line ends differ".to_owned(),
        |line| format!("got `{line}` after what was expected"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_differing_line_is_named() {
        assert_eq!(first_difference("a\nb\n", "a\nb\n"), None);
        for (expected, actual, part) in [
            ("a\nb\n", "a\nc\n", "line 2: expected `b`, got `c`"),
            ("a\nb\n", "a\n", "line 2: expected `b`, got nothing more"),
            ("a\n", "a\nb\n", "got `b` after what was expected"),
            ("a\n", "a", "line ends differ"),
        ] {
            assert_eq!(first_difference(expected, actual).as_deref(), Some(part));
        }
    }

    #[test]
    fn a_program_without_end_is_stopped() {
        let output = limited(1, Command::new("sh").args(["-c", "while :; do :; done"])).unwrap();
        assert!(was_stopped(&output));
        let output = limited(1, &Command::new("true")).unwrap();
        assert!(!was_stopped(&output));
    }
}
