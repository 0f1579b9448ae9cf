//! Processes of other programs: errors that name the program and say what to do.

use anyhow::{Error, Result, bail};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output};

/// Starts a command.
pub(crate) fn spawn(command: &mut Command) -> Result<Child> {
    command.spawn().map_err(|reason| cannot_start(command, &reason))
}

/// Runs a command, and returns its status.
pub(crate) fn status(command: &mut Command) -> Result<ExitStatus> {
    command.status().map_err(|reason| cannot_start(command, &reason))
}

/// Runs a command, and returns its status and what it has written.
pub(crate) fn output(command: &mut Command) -> Result<Output> {
    command.output().map_err(|reason| cannot_start(command, &reason))
}

/// Runs a compiler, which must succeed; the error has the first line of its messages.
pub(crate) fn compile(command: &mut Command) -> Result<()> {
    let output = output(command)?;
    if !output.status.success() {
        let program = Path::new(command.get_program());
        let messages = String::from_utf8_lossy(&output.stderr);
        let reason = messages.lines().next().unwrap_or("it gives no reason");
        bail!("{} failed: {reason}", program.display());
    }
    Ok(())
}

/// Error of a command that did not start, with advice if its program is missing on the path.
fn cannot_start(command: &Command, reason: &io::Error) -> Error {
    let program = Path::new(command.get_program());
    let text = format!("cannot start {}: {reason}", program.display());
    if reason.kind() == ErrorKind::NotFound && program.components().count() == 1 {
        return Error::msg(format!("{text}. Install {}, or add its folder to PATH", program.display()));
    }
    Error::msg(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_is_given_for_a_program_that_is_missing_on_the_path() {
        let text = |program: &str, kind: ErrorKind| {
            cannot_start(Command::new(program).arg("argument"), &kind.into()).to_string()
        };
        let missing = ErrorKind::NotFound;
        let advice = "Install qemu-ppc, or add its folder to PATH";
        assert_eq!(text("qemu-ppc", missing), format!("cannot start qemu-ppc: {missing}. {advice}"));
        assert_eq!(text("folder/program", missing), format!("cannot start folder/program: {missing}"));
        let refused = ErrorKind::PermissionDenied;
        assert_eq!(text("qemu-ppc", refused), format!("cannot start qemu-ppc: {refused}"));
    }
}
