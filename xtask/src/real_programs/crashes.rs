//! Database tests: a large database, and a program that is killed while it writes.

use super::run::title_command;
use crate::commands;
use crate::files;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// The database file of all tests.
const FILE: &str = "grow.db";
/// Milliseconds from the first transaction to a kill: each time a step later, below a maximum that
/// has no common factor with the step.
const KILL_STEP_MS: u32 = 37;
const MAX_KILL_MS: u32 = 101;
/// Timeout for the first transaction.
const TIMEOUT: Duration = Duration::from_mins(1);

/// Runs the title to its end; returns its output.
fn run(folder: &Path, title: &Path, content: &Path, words: &[&str]) -> Result<String> {
    let text = folder.join("grow.txt");
    let json = folder.join("grow.json");
    let mut command = title_command(title, &["--parallel"], content, [&text, &json])?;
    let output = commands::output(command.arg("PWD=/hdd").arg("--").arg(FILE).args(words))?;
    let messages = std::fs::read_to_string(&text).unwrap_or_default();
    let report: Value = serde_json::from_str(&files::read_text(&json).context("no report was written")?)?;
    if report["exit"] != "exit" || report["exit_code"] != 0 {
        let errors = String::from_utf8_lossy(&output.stderr);
        bail!("{words:?}: ended by {} with {}: {messages}{errors}", report["exit"], report["exit_code"]);
    }
    Ok(messages)
}

/// Creates a database of this many MB, and checks it in a second run.
pub(crate) fn large(folder: &Path, title: &Path, size: u32) -> Result<()> {
    let content = folder.join("large");
    files::remove_folder(&content)?;
    let begun = Instant::now();
    let made = run(folder, title, &content, &["make", &size.to_string()])?;
    let made_in = begun.elapsed().as_secs_f64();
    let output = run(folder, title, &content, &["check"])?;
    let bytes = std::fs::metadata(content.join(super::run::DISK).join(FILE))?.len();
    let rows = |text: &str| text.split_whitespace().rev().find_map(|word| word.parse::<u64>().ok());
    if !output.contains("integrity ok")
        || rows(&output) != made.split(' ').nth(1).and_then(|n| n.parse().ok())
    {
        bail!("made: {made}found: {output}");
    }
    if bytes < u64::from(size) << 20 {
        bail!("the database has {bytes} bytes");
    }
    let all = begun.elapsed().as_secs_f64();
    println!(
        "a database of {bytes} bytes: made in {made_in:.1} s, all of it in {all:.1} s; {}",
        output.trim()
    );
    files::remove_folder(&content)
}

/// Kills the writing program repeatedly; each time the database must be intact, and have every
/// transaction reported as committed.
pub(crate) fn kills(folder: &Path, title: &Path, times: u32) -> Result<()> {
    let content = folder.join("kills");
    files::remove_folder(&content)?;
    run(folder, title, &content, &["check"])?;
    let mut last = 0;
    let mut most = 0;
    for time in 0..times {
        let committed = write_until_killed(folder, title, &content, time)?;
        let output =
            run(folder, title, &content, &["check"]).with_context(|| format!("after kill {time}"))?;
        let found = output
            .lines()
            .find_map(|line| line.strip_prefix("last ")?.split(' ').next()?.parse::<u64>().ok())
            .with_context(|| output.clone())?;
        if found < committed || found < last {
            bail!(
                "after kill {time}: {committed} was committed, {last} was there before, and the last is {found}"
            );
        }
        most = most.max(found - last);
        last = found;
    }
    println!(
        "{times} times ended by force: the database was whole each time; {last} transactions, at most {most} at a time"
    );
    if last < u64::from(times) {
        bail!("too few transactions to have been in the middle of any");
    }
    files::remove_folder(&content)
}

/// Lets the title write for some time after its first transaction and kills it; returns the last
/// transaction reported as committed.
fn write_until_killed(folder: &Path, title: &Path, content: &Path, time: u32) -> Result<u64> {
    let json = folder.join("killed.json");
    let mut command = title_command(title, &["--parallel"], content, [Path::new("/dev/stdout"), &json])?;
    command.args(["PWD=/hdd", "--", FILE, "write", "600"]).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = commands::spawn(&mut command)?;
    let output = child.stdout.take().context("standard output")?;
    let (sender, lines) = std::sync::mpsc::channel();
    let reader = std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if let Some(number) =
                line.strip_prefix("committed ").and_then(|number| number.parse::<u64>().ok())
                && sender.send(number).is_err()
            {
                return;
            }
        }
    });
    let first = lines.recv_timeout(TIMEOUT);
    // A different point within the next transactions each time.
    std::thread::sleep(Duration::from_millis(u64::from(time * KILL_STEP_MS % MAX_KILL_MS)));
    kill(&mut child)?;
    reader.join().map_err(|_| anyhow::anyhow!("the reader ended badly"))?;
    let first = first.context("nothing was committed")?;
    Ok(lines.iter().last().unwrap_or(first))
}

/// Kills with SIGKILL, and waits.
fn kill(child: &mut Child) -> Result<()> {
    child.kill()?;
    child.wait()?;
    Ok(())
}
