//! Tests of the command `scale` with worker processes: its output, and that a signal ends it and
//! its workers. Thresholds are not tested, because they need an idle host.

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Stdio};
use xenia_testing::hermetic;

fn scale(words: &[&str]) -> Command {
    let mut command = hermetic(env!("CARGO_BIN_EXE_xenia-rs"));
    command.arg("scale").args(words);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn threads_in_lockstep_count_right() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).display().to_string();
    let json = at("s.json");
    let plot = at("s.svg");
    let logs = at("logs");
    let words = ["thread", "--lockstep", "--segments=256", "--runs=2", "--workers=1,2"];
    let status = scale(&words).args(["--json", &json, "--plot", &plot, "--logs", &logs]).status().unwrap();
    let report: Value = serde_json::from_str(&read(json.as_ref())).unwrap();
    // Lockstep is not faster with two threads, but a busy host may make it look so.
    let has_failed = !report["failures"].as_array().unwrap().is_empty();
    assert_eq!(status.code(), Some(has_failed.into()), "{report}");
    assert_eq!(report["schema"], "xenia-rs/scale/1");
    assert_eq!(
        (&report["checksum_ok"], &report["passed"]),
        (&true.into(), &(!has_failed).into()),
        "{report}"
    );
    let two = &report["workers"][1];
    assert_eq!((&two["n"], &two["count"]), (&2.into(), &1_077_871.into()));
    assert_eq!(two["seconds"].as_array().unwrap().len(), 2);
    // A busy host allows no bound.
    assert!(two["speedup"]["median"].is_f64() && report["speedup"]["2"].is_f64());
    assert!(read(plot.as_ref()).starts_with("<svg"));
    let csv = read(&dir.path().join("logs/runs.csv"));
    assert_eq!(csv.lines().count(), 1 + 2 * 2 * 2, "{csv}");
    let answer = read(&dir.path().join("logs/thread-guest-2-run2-0.txt"));
    assert_eq!(answer, "primes 1077871 checksum 7033A40F\n");
    let run: Value =
        serde_json::from_str(&read(&dir.path().join("logs/thread-guest-2-run2-0.json"))).unwrap();
    assert_eq!(run["mode"], "lockstep");
}

#[test]
fn checksums_of_worker_processes_add_up() {
    let dir = tempfile::tempdir().unwrap();
    let json = dir.path().join("s.json");
    let words = ["process", "--lockstep", "--segments=7", "--runs=1", "--workers=1,2,3"];
    let status = scale(&words).arg("--json").arg(&json).status().unwrap();
    // The work is too small to scale.
    assert!(matches!(status.code(), Some(0 | 1)), "{status}");
    let report: Value = serde_json::from_str(&read(&json)).unwrap();
    assert_eq!(report["checksum_ok"], true, "{report}");
    assert_eq!(report["workers"].as_array().unwrap().len(), 3);
}

#[cfg(unix)]
#[test]
fn a_signal_ends_scale_with_a_partial_report() {
    use std::time::{Duration, Instant};
    let dir = tempfile::tempdir().unwrap();
    let json = dir.path().join("s.json");
    let words = ["process", "--lockstep", "--segments=32768", "--runs=1000"];
    let mut child = scale(&words).arg("--json").arg(&json).spawn().unwrap();
    crate::handlers::wait_for_handler(&mut child, 15);
    let signal = Command::new("kill").arg(child.id().to_string()).status().unwrap();
    assert!(signal.success());
    let start = Instant::now();
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(143));
    assert!(start.elapsed() < Duration::from_mins(2), "{:?}", start.elapsed());
    let report: Value = serde_json::from_str(&read(&json)).unwrap();
    assert_eq!((&report["interrupted_by"], &report["runs"]), (&"SIGTERM".into(), &0.into()));
    assert_eq!(report["passed"], false);
}
