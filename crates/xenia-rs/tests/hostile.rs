//! Hostile titles that try to hang the emulator or exhaust the host (`guest/hostile`): each run
//! must end soon, in little memory, and name the limits that were hit.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use xenia_testing::hermetic;

/// Limits of CPU time and memory of a run. CPU time, because a test machine may be busy; twelve
/// times that of the slowest title, because cores that share caches and execution units with other
/// work were seen to need twice the time, and a machine may be slower than ours.
const MAX_SECONDS: f64 = 90.0;
const MAX_MEBIBYTES: u64 = 800;
/// Largest number of lines on standard error.
const MAX_LINES: usize = 400;

/// A title, its flags, and the expected outcome.
struct Row {
    title: &'static str,
    flags: &'static [&'static str],
    /// Exit code of the process.
    code: i32,
    /// Names of the limits that the title hits.
    limits: &'static [&'static str],
    /// Text that the guest prints.
    prints: &'static str,
    /// Text on standard error.
    message: &'static str,
    /// Whether only long runs have it: another title reaches the same limit earlier.
    is_long: bool,
}

const fn row(title: &'static str, limits: &'static [&'static str], prints: &'static str) -> Row {
    Row { title, flags: &[], code: 0, limits, prints, message: "", is_long: false }
}

const HALT: &[&str] = &["--halt-on-deadlock"];
/// For titles that do not end by themselves: one second of host time.
const TIMEOUT: &[&str] = &["--timeout", "1"];
/// The same in usual runs.
const SHORT_TIMEOUT: &[&str] = &["--timeout", "0.5"];

const ROWS: &[Row] = &[
    row("forever", &[], "woken"),
    Row { flags: HALT, code: 4, ..row("forever", &[], "") },
    row("hours", &[], "1000 hours later"),
    row("periodic", &[], "woken"),
    Row { flags: HALT, code: 4, ..row("periodic", &[], "") },
    row("apcs", &["apcs"], "refused 95904"),
    row("timers", &["timers"], "set"),
    Row { is_long: true, ..row("misaligned", &["timers"], "set") },
    row("handles", &["handles"], "refused 34466"),
    row("objects", &["objects"], "refused 34465"),
    row("names", &["object_name_bytes"], "refused 1936"),
    row("completions", &["completions"], "refused 34464"),
    row("mutants", &["owned_mutants"], "taken 100000"),
    row("dpcs", &["dpcs"], "refused"),
    Row { is_long: true, ..row("timer-dpcs", &["timers"], "woken") },
    row("memory", &["memory"], "MiB"),
    row("cache", &["scratch_disk_bytes"], "opened 1000, refused 8"),
    row("files", &["open_files"], "refused 9232"),
    Row { code: 3, message: "the thread's stack of ", ..row("recursion", &[], "") },
    row("logflood", &[], "done"),
    row("heavy-lmw", &[], "done"),
    row("escapes", &[], "owned"),
    row("gputex", &["draw_texture_bytes"], "done"),
    row("gpuloop", &["draw_shader_steps"], "done"),
    Row { flags: TIMEOUT, ..row("endless", &[], "") },
    Row { flags: TIMEOUT, ..row("fills", &[], "") },
    Row { flags: TIMEOUT, ..row("deadlocks", &[], "") },
];

struct Outcome {
    code: Option<i32>,
    seconds: f64,
    mebibytes: u64,
    guest: String,
    stderr: String,
    report: Option<serde_json::Value>,
}

/// Memory of a process, in KiB. Guest memory is mapped twice and counted once.
fn memory_kib(pid: u32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    text.lines().find_map(|line| line.strip_prefix("Pss:")?.split_whitespace().next()?.parse().ok())
}

/// CPU seconds of a process so far; the kernel counts in units of 10 ms.
fn processor_seconds(pid: u32) -> Option<f64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields: Vec<&str> = text.rsplit(')').next()?.split_whitespace().collect();
    let ticks = |index: usize| fields.get(index)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / 100.0)
}

fn run(title: &Path, flags: &[&str]) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let open = |name: &str| Stdio::from(std::fs::File::create(file(name)).unwrap());
    let mut child = hermetic(env!("CARGO_BIN_EXE_xenia-rs"))
        .arg("exec")
        .arg(title)
        .args(["--headless", "--gpu", "reference", "--json"])
        .arg(file("report.json"))
        .arg("--guest-log")
        .arg(file("guest"))
        .args(flags)
        // Hides the user's settings.
        .env("XDG_CONFIG_HOME", folder.path())
        .env("HOME", folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(open("err"))
        .spawn()
        .unwrap();
    let start = Instant::now();
    let mut seconds = 0.0;
    let mut mebibytes = 0;
    let mut next_look = start;
    let code = loop {
        let pid = child.id();
        let status = child.try_wait().unwrap();
        if let Some(status) = status {
            break status.code();
        }
        seconds = processor_seconds(pid).unwrap_or(seconds);
        // The host walks all pages for this, while the process waits for its memory map: it may
        // take a tenth of the time.
        let look = Instant::now();
        if look >= next_look {
            mebibytes = memory_kib(pid).map_or(mebibytes, |kib| mebibytes.max(kib >> 10));
            next_look = Instant::now() + look.elapsed() * 10;
        }
        let over = seconds > MAX_SECONDS || mebibytes > MAX_MEBIBYTES;
        if over || start.elapsed() > Duration::from_mins(10) {
            child.kill().unwrap();
            child.wait().unwrap();
            break None;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let text =
        |name: &str| String::from_utf8_lossy(&std::fs::read(file(name)).unwrap_or_default()).into_owned();
    let report = std::fs::read(file("report.json")).ok();
    let report = report.and_then(|text| serde_json::from_slice(&text).ok());
    Outcome { code, seconds, mebibytes, guest: text("guest"), stderr: text("err"), report }
}

/// Differences between the expected and the actual outcome.
fn complaints(row: &Row, outcome: &Outcome) -> Vec<String> {
    let mut found = Vec::new();
    let mut expect = |holds: bool, what: String| {
        if !holds {
            found.push(what);
        }
    };
    expect(
        outcome.code == Some(row.code),
        format!(
            "ended with {:?} after {:.1} s with {} MiB, not {}",
            outcome.code, outcome.seconds, outcome.mebibytes, row.code
        ),
    );
    expect(outcome.guest.contains(row.prints), format!("printed {:?}", outcome.guest));
    expect(outcome.stderr.contains(row.message), format!("{:?} is missing", row.message));
    if row.flags == TIMEOUT {
        let exit = outcome.report.as_ref().map(|report| &report["exit"]);
        expect(exit.is_some_and(|exit| exit == "timeout"), format!("exit: {exit:?}"));
    }
    let lines = outcome.stderr.lines().count();
    expect(lines <= MAX_LINES, format!("{lines} lines on standard error"));
    let hits: BTreeMap<String, u64> = outcome
        .report
        .as_ref()
        .and_then(|report| serde_json::from_value(report["limits_hit"].clone()).ok())
        .unwrap_or_default();
    expect(hits.keys().eq(row.limits), format!("limits_hit: {hits:?}"));
    for limit in row.limits {
        let reports =
            outcome.stderr.lines().filter(|line| line.contains("limit reached: ") && line.contains(limit));
        let times = reports.count();
        expect(times == 1, format!("{limit} was reported {times} times"));
    }
    found
}

fn titles() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guest/bin/hostile")
}

fn check_all(engine: &str, rows: impl Iterator<Item = &'static Row>) {
    let mut failures = Vec::new();
    let is_long = xenia_testing::is_long();
    for row in rows.filter(|row| is_long || !row.is_long) {
        let mut flags = vec![engine];
        let is_shorter = row.flags == TIMEOUT && !is_long;
        flags.extend_from_slice(if is_shorter { SHORT_TIMEOUT } else { row.flags });
        let outcome = run(&titles().join(row.title).with_extension("xex"), &flags);
        println!("{} {flags:?}: {:.1} s, {} MiB", row.title, outcome.seconds, outcome.mebibytes);
        for complaint in complaints(row, &outcome) {
            failures.push(format!("{} {flags:?}: {complaint}", row.title));
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn every_hostile_title_has_an_expected_end() {
    for entry in std::fs::read_dir(titles()).unwrap() {
        let path = entry.unwrap().path();
        let has_row = ROWS.iter().any(|row| path.file_stem().is_some_and(|name| name == row.title));
        assert!(has_row, "{} has no row", path.display());
    }
}

#[test]
fn every_hostile_title_ends_when_interpreted() {
    // Limits are counted by the kernel, whatever engine calls it.
    check_all("--interp", ROWS.iter().filter(|row| xenia_testing::is_long() || row.limits.is_empty()));
}

#[test]
fn every_hostile_title_ends_when_compiled() {
    check_all("--jit", ROWS.iter());
}
