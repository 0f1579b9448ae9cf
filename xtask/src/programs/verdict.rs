//! Comparison of the programs' answers: native, under qemu, and in our engines.

use super::catalogue::ProgramDescription;
use crate::commands::printed;
use crate::files;
use anyhow::{Context, Result, bail};
use std::path::Path;
use std::process::Command;
use xenia_testing::hermetic;

/// An engine's name, and its flags of `xenia-rs exec`.
pub(crate) type EngineFlags = (&'static str, &'static [&'static str]);

/// Both engines of the emulator.
pub(crate) const ENGINES: &[EngineFlags] = &[("jit", &[]), ("interp", &["--interp"])];

/// The two sums of a line `answer A exact B`.
fn sums(line: &str) -> Result<(&str, &str)> {
    let sums = line.trim_end().strip_prefix("answer ").and_then(|rest| rest.split_once(" exact "));
    sums.with_context(|| format!("{line:?} is not an answer"))
}

fn native(folder: &Path, program: &ProgramDescription) -> Result<String> {
    let line = printed(&mut Command::new(folder.join(program.native())))?;
    Ok(sums(&line)?.0.to_owned())
}

fn qemu(folder: &Path, program: &ProgramDescription) -> Result<String> {
    printed(Command::new("qemu-ppc").args(["-cpu", "7450"]).arg(folder.join(program.for_qemu())))
}

/// Runs every program on every engine and compares; the error lists all that differ.
pub(crate) fn check(
    folder: &Path,
    xenia: &Path,
    programs: &[&ProgramDescription],
    engines: &[EngineFlags],
) -> Result<()> {
    let mut wrong = Vec::new();
    for program in programs {
        let expected = program.line();
        let mut compare = |who: &str, got: Result<String>, wanted: &str| match got {
            Ok(got) if got == wanted => {}
            Ok(got) => wrong.push(format!("{} by {who}: {got:?}, not {wanted:?}", program.name)),
            Err(error) => wrong.push(format!("{} by {who}: {error:#}", program.name)),
        };
        compare("the host", native(folder, program), &program.answer);
        compare("qemu", qemu(folder, program), &expected);
        for (engine, flags) in engines {
            let mut command = hermetic(xenia);
            command.args(["exec", "--headless", "--lockstep"]).args(*flags);
            compare(engine, printed(command.arg(folder.join(program.title()))), &expected);
        }
    }
    if !wrong.is_empty() {
        bail!("{} wrong answers:\n{}", wrong.len(), wrong.join("\n"));
    }
    let engines: Vec<_> = engines.iter().map(|(name, _)| *name).collect();
    println!(
        "{} programs answer the same natively, under qemu and by {}",
        programs.len(),
        engines.join(", ")
    );
    Ok(())
}

/// Writes the answer that the host and qemu agree on, and qemu's exact answer, into every
/// `program.toml`.
pub(crate) fn bless(folder: &Path, described: &Path, programs: &[&ProgramDescription]) -> Result<()> {
    let mut wrong = Vec::new();
    for program in programs {
        let (native, line) = match (native(folder, program), qemu(folder, program)) {
            (Ok(native), Ok(line)) => (native, line),
            (native, line) => {
                let errors = [native.err(), line.err()].into_iter().flatten();
                wrong.extend(errors.map(|error| format!("{}: {error:#}", program.name)));
                continue;
            }
        };
        let (answer, exact) = sums(&line)?;
        if answer != native {
            wrong.push(format!("{}: the host answers {native}, qemu {answer}", program.name));
            continue;
        }
        let path = described.join(&program.name).join("program.toml");
        let text = files::read_text(&path)?;
        files::write(&path, with_answers(&text, answer, exact))?;
    }
    if !wrong.is_empty() {
        bail!("{} programs without one answer:\n{}", wrong.len(), wrong.join("\n"));
    }
    Ok(())
}

/// The description with these answers after its kind.
fn with_answers(text: &str, answer: &str, exact: &str) -> String {
    let mut out = String::new();
    for line in text.lines().filter(|line| !line.starts_with("answer = ") && !line.starts_with("exact = ")) {
        out.extend([line, "\n"]);
        if line.starts_with("kind = ") {
            out.extend(["answer = \"", answer, "\"\nexact = \"", exact, "\"\n"]);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_answers_replace_the_old_ones() {
        let text = "about = \"x\"\nkind = \"float\"\nanswer = \"1\"\n[[package]]\n";
        let expected = "about = \"x\"\nkind = \"float\"\nanswer = \"a\"\nexact = \"b\"\n[[package]]\n";
        assert_eq!(with_answers(text, "a", "b"), expected);
        assert_eq!(with_answers(expected, "a", "b"), expected);
    }

    #[test]
    fn a_line_has_two_sums() {
        assert_eq!(sums("answer 1 exact 2\n").unwrap(), ("1", "2"));
        assert!(sums("failed: memory\n").is_err());
    }
}
