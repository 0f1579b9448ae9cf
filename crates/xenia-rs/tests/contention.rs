//! Tests that recorded contention makes later runs contend at the same points.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use xenia_sched::{Contention, ContentionManifest};
use xenia_testing::{hermetic, is_long};

/// Instructions of a run, enough for the suite's cases of critical sections.
const INSTRUCTIONS: &str = "40_000_000";

/// Runs the suite in lockstep, and returns its event log.
fn run(dir: &Path, words: &[&str]) -> String {
    let suite = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guest/bin/sync-suite.xex");
    let log = dir.join("events");
    let output = hermetic(env!("CARGO_BIN_EXE_xenia-rs"))
        .arg("exec")
        .arg(suite)
        .args(["--headless", "--gpu", "none", "--lockstep", "-n", INSTRUCTIONS])
        .args(words)
        .arg("--event-log")
        .arg(&log)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    std::fs::read_to_string(log).unwrap()
}

/// Each thread's attempts to enter a critical section.
fn attempts(log: &str) -> BTreeMap<u32, Vec<&str>> {
    let mut attempts: BTreeMap<u32, Vec<&str>> = BTreeMap::new();
    for line in log.lines() {
        let words: Vec<&str> = line.splitn(5, ' ').collect();
        if let [_, thread, _, "call", call] = words[..]
            && call.starts_with("RtlEnterCriticalSection(")
        {
            attempts.entry(thread[1..].parse().unwrap()).or_default().push(call);
        }
    }
    attempts
}

/// Asserts that each recorded attempt is made twice: it contends as recorded, and succeeds after
/// the owner has left.
fn contends_at(points: &[Contention], log: &str) {
    let attempts = attempts(log);
    let mut before: BTreeMap<u32, usize> = BTreeMap::new();
    for point in points {
        let calls = &attempts[&point.tid];
        let contended = before.entry(point.tid).or_default();
        let at = point.peek_idx as usize + *contended;
        assert_eq!(calls.get(at), calls.get(at + 1), "{point:?}");
        assert!(calls[at].contains(&format!("{:#010x}", point.object)), "{point:?}: {}", calls[at]);
        *contended += 1;
    }
}

fn lines(points: &[Contention]) -> String {
    points.iter().map(|point| serde_json::to_string(point).unwrap() + "\n").collect()
}

#[test]
fn replays_contend_at_the_recorded_points() {
    let dir = tempfile::tempdir().unwrap();
    let [manifest, again, shorter] = ["manifest", "again", "shorter"].map(|name| dir.path().join(name));
    let path = |path: &Path| path.to_str().unwrap().to_owned();
    run(dir.path(), &["--sched-order", "seeded:7", "--record-contention", &path(&manifest)]);
    let text = std::fs::read_to_string(&manifest).unwrap();
    let points: Vec<Contention> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(points.len() > 1, "the suite does not contend: {text:?}");
    assert!(points.iter().all(|point| point.owner_tid != 0 && point.owner_tid != point.tid), "{text}");
    assert_eq!(ContentionManifest::parse(&text).unwrap().remaining(), points.len());

    let replay = ["--contention-manifest".to_owned(), path(&manifest)];
    let replay: Vec<&str> = replay.iter().map(String::as_str).collect();
    let first = run(dir.path(), &replay);
    contends_at(&points, &first);
    for _ in 1..if is_long() { 3 } else { 2 } {
        assert!(first == run(dir.path(), &replay), "two runs with one manifest differ");
    }
    // A run that records while it reproduces is the same run.
    let again = path(&again);
    let recorded = [&replay[..], &["--record-contention", &again]].concat();
    assert!(first == run(dir.path(), &recorded), "recording changes the run");
    // Each line matters: leaving out any of them changes the run.
    let middle = points.len() / 2;
    for left_out in if is_long() { vec![0, middle, points.len() - 1] } else { vec![middle] } {
        let mut fewer = points.clone();
        fewer.remove(left_out);
        std::fs::write(&shorter, lines(&fewer)).unwrap();
        let log = run(dir.path(), &["--contention-manifest", &path(&shorter)]);
        assert!(log != first, "line {left_out} changes nothing");
        contends_at(&fewer, &log);
    }
}
