//! Commands of other programs, and work on several threads.

use anyhow::{Context, Result, bail};
use std::process::Command;
use std::sync::Mutex;

/// Runs a command; an exit code other than success is an error.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start {command:?}"))?;
    if !status.success() {
        bail!("{command:?} ended with {status}");
    }
    Ok(())
}

/// Runs a command that must succeed; its output is shown only on failure.
pub(crate) fn quietly(command: &mut Command) -> Result<()> {
    let output = command.output().with_context(|| format!("cannot start {command:?}"))?;
    if !output.status.success() {
        bail!("{command:?} ended with {}:\n{}", output.status, last_lines(&output.stderr));
    }
    Ok(())
}

/// Returns the standard output of a command that must succeed.
pub(crate) fn printed(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("cannot start {command:?}"))?;
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
        let ended = command.output().with_context(|| format!("cannot start {command:?}"))?;
        let [out, errors] = [&ended.stdout, &ended.stderr].map(|text| String::from_utf8_lossy(text));
        print!("{out}{errors}");
        if !ended.status.success() {
            bail!("{command:?} ended with {}", ended.status);
        }
        Ok(())
    })
}

/// Does this much work on this many threads. After a failure, work that has not begun is left out;
/// the error lists all failures.
pub(crate) fn on_threads<T>(
    workers: usize,
    work: impl Iterator<Item = T> + Send,
    does: impl Fn(T) -> Result<()> + Sync,
) -> Result<()> {
    let waiting = Mutex::new(work);
    let next = || waiting.lock().ok()?.next();
    let worker = || -> Result<()> {
        while let Some(item) = next() {
            if let Err(why) = does(item) {
                while next().is_some() {}
                return Err(why);
            }
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let started: Vec<_> = (0..workers).map(|_| scope.spawn(worker)).collect();
        let failures = started.into_iter().filter_map(|thread| join(thread).err());
        let failures: Vec<String> = failures.map(|why| format!("{why:#}")).collect();
        if !failures.is_empty() {
            bail!("{}", failures.join("\n"));
        }
        Ok(())
    })
}

/// Waits for a thread, and returns its result.
pub(crate) fn join(thread: std::thread::ScopedJoinHandle<'_, Result<()>>) -> Result<()> {
    thread.join().unwrap_or_else(|_| bail!("a thread panicked"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;

    #[test]
    fn all_failures_are_reported_and_the_rest_is_left_out() {
        let both = Barrier::new(2);
        let names = ["one", "two", "three"].into_iter();
        let failed = on_threads(2, names, |name| {
            both.wait();
            bail!("{name} failed")
        });
        let text = failed.unwrap_err().to_string();
        let mut lines: Vec<_> = text.lines().collect();
        lines.sort_unstable();
        assert_eq!(lines, ["one failed", "two failed"]);
    }
}
