//! Profiles of the programs: samples of Linux's `perf`, classified by the code that was running.
//!
//! `xenia-rs bench` runs under `perf record`, one program at a time. Each run of a title is a
//! separate process, so the first processes are the steps of a first start and the following ones
//! those of a second.

use crate::commands;
use crate::files;
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

/// Samples per second of CPU time: a prime, to avoid aliasing with periodic events.
const SAMPLES: &str = "997";
/// Process name of the titles' runs: `bench` starts itself as /proc/PID/exe.
const PROCESS: &str = "exe";

/// Classes of samples, in the order of the page's columns; `Parts` counts by these.
pub(super) const PARTS: [&str; 6] =
    ["compiled code", "compiler", "interpreter", "ways in and out", "the host's kernel", "rest"];
/// Substrings of symbols by class; symbols that match no line are the rest.
const SYMBOLS: &[(&str, &[&str])] = &[
    (
        "compiler",
        &[
            "cranelift",
            "regalloc2",
            "xenia_jit::baseline::emit",
            "xenia_jit::baseline::encode",
            "xenia_jit::baseline::endings",
            "xenia_jit::baseline::function_scan",
            "xenia_jit::baseline::templates",
            "xenia_jit::baseline::unit",
            "xenia_lifter::analysis",
            "xenia_lifter::cfg",
            "xenia_lifter::dead_loads",
            "xenia_lifter::emit",
        ],
    ),
    // The interpreter's function table is called through thunks.
    ("interpreter", &["xenia_cpu::", "FnOnce::call_once"]),
    ("ways in and out", &["xenia_jit::", "xenia_lifter::"]),
];

/// Fails unless `perf` is installed and allowed to count.
pub(super) fn require_perf() -> Result<()> {
    let tried = Command::new("perf").args(["stat", "-e", "cpu-clock", "true"]).output();
    match tried {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => bail!("perf: {}", String::from_utf8_lossy(&output.stderr).trim()),
        Err(why) => bail!("perf (Debian package linux-perf): {why}"),
    }
}

/// The shares of a program, a row of `programs.json`, in percent of the samples of its first start
/// and of its second.
pub(super) fn program_shares(folder: &Path, emulator: &Path, program: &Value) -> Result<Value> {
    let steps = program["steps"].as_array().map_or(0, Vec::len);
    let alone = folder.join("shares");
    files::create_folder(&alone)?;
    files::write(alone.join("programs.json"), json!({ "programs": [program] }).to_string())?;
    let samples = alone.join("perf.data");
    let mut command = Command::new("perf");
    command
        .args(["record", "-q", "-e", "cpu-clock", "-F", SAMPLES, "-o"])
        .arg(&samples)
        .arg("--")
        .arg(emulator);
    // Ignore the user's settings.
    command.args(["--config", "/dev/null", "bench", "--runs=1", "--peers=native"]);
    command.arg(format!("--programs={}", alone.display()));
    commands::run(command.stdout(Stdio::null()))?;
    let mut command = Command::new("perf");
    command.args(["script", "-F", "comm,pid,ip,sym,dso", "-i"]).arg(&samples);
    let text = commands::printed(&mut command)?;
    let [first, second] = starts(&text, steps).context("too few processes were seen")?;
    Ok(json!({ "name": program["name"], "first": first, "second": second }))
}

/// Percentages of each class, for the processes of a first start and of a second, with `steps`
/// processes each.
fn starts(script: &str, steps: usize) -> Option<[Vec<u64>; 2]> {
    let mut order = Vec::new();
    let mut counts: BTreeMap<&str, [u64; PARTS.len()]> = BTreeMap::new();
    for line in script.lines() {
        let Some((process, code)) = sample(line) else { continue };
        if !counts.contains_key(process) {
            order.push(process);
        }
        counts.entry(process).or_default()[part(code)] += 1;
    }
    let start_shares = |from: usize| {
        let processes = order.get(from..from + steps)?;
        let sums = (0..PARTS.len()).map(|part| processes.iter().map(|one| counts[one][part]).sum());
        let sums: Vec<u64> = sums.collect();
        let all = sums.iter().sum::<u64>().max(1);
        Some(sums.into_iter().map(|sum| (sum * 100 + all / 2) / all).collect())
    };
    Some([start_shares(0)?, start_shares(steps)?])
}

/// Process and code of a line `exe 16845 557d1dd95df5 SYMBOL (FILE)`, if it belongs to the
/// emulator.
fn sample(line: &str) -> Option<(&str, &str)> {
    let (name, rest) = line.trim_start().split_once(char::is_whitespace)?;
    let (process, rest) = rest.trim_start().split_once(char::is_whitespace)?;
    let (_, code) = rest.trim_start().split_once(char::is_whitespace)?;
    (name == PROCESS).then_some((process, code))
}

/// The class of `SYMBOL (FILE)`, as an index into [`PARTS`].
fn part(code: &str) -> usize {
    let (symbol, file) = code.rsplit_once(" (/").unwrap_or((code, code));
    // Code memory of the optimizing tier, and of the baseline tier.
    let name = if file.contains("xenia-code") || file.contains("xenia-baseline") {
        "compiled code"
    } else if code.ends_with("([kernel.kallsyms])") {
        "the host's kernel"
    } else {
        let holds = |names: &[&str]| names.iter().any(|name| symbol.contains(name));
        SYMBOLS.iter().find(|(_, names)| holds(names)).map_or("rest", |(part, _)| part)
    };
    PARTS.iter().position(|part| *part == name).unwrap_or(PARTS.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_counted_by_process_and_part() {
        let script = "
         xenia-rs 7 55fa54799950 main (/bin/xenia-rs)
             bash 8 ffffffff81 exec ([kernel.kallsyms])
              exe 9 557d1dde2963 regalloc2::cfg::CFGInfo::init (/bin/xenia-rs)
              exe 9 7f53a2143d38 [unknown] (/memfd:xenia-code (deleted))
              exe 10 7f53a2143d38 [unknown] (/memfd:xenia-code (deleted))
              exe 10 7f53a2143d40 [unknown] (/memfd:xenia-baseline (deleted))
              exe 10 557d1dd95df0 <xenia_jit::baseline::emit::Emitter>::emit (/bin/xenia-rs)
              exe 10 557d1dd95df5 <xenia_cpu::interp::Interpreter as xenia_cpu::execute::Execute>::run (/bin/xenia-rs)
              exe 10 557d1dd95df5 xenia_jit::hooks::Preserving::Conditions (/bin/xenia-rs)
              exe 10 ffffffff8182 exc_page_fault ([kernel.kallsyms])
              exe 11 7f55c7cee9d7 malloc (/usr/lib/libc.so.6)";
        assert_eq!(starts(script, 1), Some([vec![50, 50, 0, 0, 0, 0], vec![33, 17, 17, 17, 17, 0]]));
        assert_eq!(starts(script, 2), None);
        let three = format!("{script}\n exe 12 1 free (/usr/lib/libc.so.6)");
        assert_eq!(starts(&three, 2), Some([vec![38, 25, 13, 13, 13, 0], vec![0, 0, 0, 0, 0, 100]]));
    }
}
