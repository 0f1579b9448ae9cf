//! Commands of other programs, and work on several threads.

use anyhow::{Error, Result, bail};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output};
use std::sync::Mutex;
use std::thread::ScopedJoinHandle;
use std::time::{Duration, Instant};
use xenia_testing::TOOLS;

/// Interval between polls of a process with a time limit.
const POLL_INTERVAL: Duration = Duration::from_millis(5);

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

/// Error of a command that did not start. If its program is missing on the path, the error names
/// the package to install.
fn cannot_start(command: &Command, reason: &io::Error) -> Error {
    let program = Path::new(command.get_program());
    let text = format!("cannot start {}: {reason}", program.display());
    if reason.kind() != ErrorKind::NotFound || program.components().count() > 1 {
        return Error::msg(text);
    }
    let mut parts = TOOLS.iter().flat_map(|row| row.parts);
    let advice = match parts.find(|part| Path::new(part.file) == program) {
        Some(part) => format!("Install the Debian package {}", part.package),
        None => format!("Install {}, or add its folder to PATH", program.display()),
    };
    Error::msg(format!("{text}. {advice}"))
}

/// Waits for a process for at most `limit`; then it is killed, and the result is `None`.
pub(crate) fn wait_within(child: &mut Child, limit: Duration) -> Result<Option<ExitStatus>> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if start.elapsed() >= limit {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(POLL_INTERVAL);
    }
}

/// Runs a command; an exit code other than success is an error.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = status(command)?;
    if !status.success() {
        bail!("{command:?} ended with {status}");
    }
    Ok(())
}

/// Runs a command that must succeed; its output is shown only on failure.
pub(crate) fn quietly(command: &mut Command) -> Result<()> {
    let output = output(command)?;
    if !output.status.success() {
        bail!("{command:?} ended with {}:\n{}", output.status, last_lines(&output.stderr));
    }
    Ok(())
}

/// Returns the standard output of a command that must succeed.
pub(crate) fn printed(command: &mut Command) -> Result<String> {
    let output = output(command)?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        bail!("{command:?} ended with {}: {text}{}", output.status, last_lines(&output.stderr));
    }
    Ok(text)
}

/// The last lines of a failed command's output.
fn last_lines(bytes: &[u8]) -> String {
    const COUNT: usize = 12;
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(COUNT)..].join("\n")
}

/// Runs commands on all processors as [`on_threads`] does. The output of each is printed when it
/// ends.
pub(crate) fn run_all(commands: Vec<Command>) -> Result<()> {
    let workers = std::thread::available_parallelism()?.get();
    on_threads(workers, commands.into_iter(), |mut command| {
        let ended = output(&mut command)?;
        let [out, errors] = [&ended.stdout, &ended.stderr].map(|text| String::from_utf8_lossy(text));
        print!("{out}{errors}");
        if !ended.status.success() {
            bail!("{command:?} ended with {}", ended.status);
        }
        Ok(())
    })?;
    Ok(())
}

/// The results of all work, or an error that lists all failures.
pub(crate) fn results_or_failures<R>(all: Vec<Result<R>>) -> Result<Vec<R>> {
    let (results, failures): (Vec<_>, Vec<_>) = all.into_iter().partition(Result::is_ok);
    let failures: Vec<_> =
        failures.into_iter().filter_map(Result::err).map(|why| format!("{why:#}")).collect();
    if failures.is_empty() { results.into_iter().collect() } else { bail!("{}", failures.join("\n")) }
}

/// Does this much work on this many threads, and returns the results in any order. After a failure,
/// work that has not begun is left out; the error lists all failures.
pub(crate) fn on_threads<T, R: Send>(
    workers: usize,
    work: impl Iterator<Item = T> + Send,
    does: impl Fn(T) -> Result<R> + Sync,
) -> Result<Vec<R>> {
    let waiting = Mutex::new(work);
    let next = || waiting.lock().ok()?.next();
    let worker = || -> Result<Vec<R>> {
        let mut results = Vec::new();
        while let Some(item) = next() {
            match does(item) {
                Ok(result) => results.push(result),
                Err(why) => {
                    while next().is_some() {}
                    return Err(why);
                }
            }
        }
        Ok(results)
    };
    std::thread::scope(|scope| {
        let started: Vec<_> = (0..workers).map(|_| scope.spawn(worker)).collect();
        let parts = results_or_failures(started.into_iter().map(join).collect())?;
        Ok(parts.into_iter().flatten().collect())
    })
}

/// Waits for a thread, and returns its result.
pub(crate) fn join<R>(thread: ScopedJoinHandle<'_, Result<R>>) -> Result<R> {
    thread.join().unwrap_or_else(|_| bail!("a thread panicked"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;

    #[test]
    fn a_missing_program_is_reported_with_its_package() {
        let text = |program: &str, kind: ErrorKind| {
            let error = cannot_start(Command::new(program).arg("argument"), &kind.into());
            error.to_string()
        };
        let missing = ["csmith", "no-such-program", "folder/program"];
        let advice = [
            ". Install the Debian package csmith",
            ". Install no-such-program, or add its folder to PATH",
            "",
        ];
        for (program, advice) in missing.into_iter().zip(advice) {
            let expected = format!("cannot start {program}: {}{advice}", ErrorKind::NotFound);
            assert_eq!(text(program, ErrorKind::NotFound), expected);
        }
        let refused = format!("cannot start csmith: {}", ErrorKind::PermissionDenied);
        assert_eq!(text("csmith", ErrorKind::PermissionDenied), refused);
    }

    #[test]
    fn a_process_is_killed_at_its_time_limit() {
        let mut endless = spawn(Command::new("sleep").arg("600")).unwrap();
        assert_eq!(wait_within(&mut endless, Duration::ZERO).unwrap(), None);
        let mut short = spawn(&mut Command::new("true")).unwrap();
        let status = wait_within(&mut short, Duration::from_mins(10)).unwrap();
        assert!(status.is_some_and(|status| status.success()), "{status:?}");
    }

    #[test]
    fn all_failures_are_reported_and_the_rest_is_left_out() {
        let both = Barrier::new(2);
        let names = ["one", "two", "three"].into_iter();
        let failed = on_threads(2, names, |name| -> Result<()> {
            both.wait();
            bail!("{name} failed")
        });
        let text = failed.unwrap_err().to_string();
        let mut lines: Vec<_> = text.lines().collect();
        lines.sort_unstable();
        assert_eq!(lines, ["one failed", "two failed"]);
    }

    #[test]
    fn the_results_of_all_threads_are_returned() {
        let both = Barrier::new(2);
        let mut squares = on_threads(2, 1..=2, |number| {
            both.wait();
            Ok(number * number)
        })
        .unwrap();
        squares.sort_unstable();
        assert_eq!(squares, [1, 4]);
    }
}
