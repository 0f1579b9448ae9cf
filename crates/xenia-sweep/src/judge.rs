//! Determines the verdict of a unit from its process's end.
//!
//! A title that faults, hangs or has a wrong result gives a verdict, and so does a crash of the
//! program: finding these is the purpose of sweeps. Ends with a cause outside the unit give no
//! verdict, such as signals that the sweep did not send.

use crate::child::{ChildOutcome, Stop};
use crate::unit::{Bounds, SweepUnit, UnitKind};
use crate::verdict::Verdict;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use xenia_documents::documented;

documented! {
    /// Result of a unit, stored as a line of a results file.
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub struct Outcome {
        /// Id of the unit: BLAKE3 of everything that decides its result.
        pub id: String,
        /// Name of the unit, the same under all builds.
        pub name: String,
        /// Kind of unit: `title`, `check`, `conformance` or `fuzz`.
        pub kind: UnitKind,
        /// Verdict: `pass`, `done`, `mismatch`, `guest-fault`, `deadlock`, `refused`, `timeout`,
        /// `memory`, `output` or `crash`.
        pub result: Verdict,
        /// BLAKE3 of the parts of the result that must be the same everywhere; null if there are
        /// none.
        pub digest: Option<String>,
        /// Exit code, or 128 plus the number of the signal that ended the process.
        pub exit: i32,
        /// Explanation of the verdict, in one line.
        pub said: String,
        /// Statistics of the run, by name.
        pub figures: BTreeMap<String, f64>,
        /// Name of the host that ran the unit.
        pub host: String,
        /// Host time, in seconds.
        pub wall_seconds: f64,
        /// CPU time in seconds, counted in hundredths.
        pub cpu_seconds: f64,
        /// Path of the last frame, relative to the folder of results.
        #[serde(default)] pub picture: Option<String>,
        /// Path of the unit's output, relative to the folder of results; only kept for failures.
        #[serde(default)] pub report: Option<String>,
    }
}

impl Outcome {
    /// The parts of the result that must not depend on the host.
    pub(crate) fn fixed(&self) -> (&str, Verdict, Option<&str>, i32) {
        (&self.id, self.result, self.digest.as_deref(), self.exit)
    }
}

/// Largest length of [`Outcome::said`], in bytes.
const MAX_SAID: usize = 400;

/// Verdict of a unit, with its explanation and statistics.
#[derive(Debug, PartialEq)]
pub(crate) struct Judged {
    pub(crate) verdict: Verdict,
    pub(crate) digest: Option<String>,
    pub(crate) said: String,
    pub(crate) figures: BTreeMap<String, f64>,
}

/// Beginnings of lines that say why a process has failed.
const BEGINNINGS: [&str; 3] = ["xenia-rs: ", "error: ", "the guest "];

/// Signals that end processes from outside; the program reports them by exit codes.
const FROM_OUTSIDE: [i32; 4] = [1, 2, 9, 15];

/// Determines the verdict; `None` if the process was ended from outside.
pub(crate) fn judge(unit: &SweepUnit, ended: &ChildOutcome) -> Option<Judged> {
    let report: Option<Value> = serde_json::from_slice(&ended.output).ok();
    let judged = |verdict, message: &str| {
        Some(Judged {
            verdict,
            digest: None,
            said: one_line(message),
            figures: report.as_ref().map(|report| figures(unit.kind, report)).unwrap_or_default(),
        })
    };
    let Bounds { seconds, memory_mib, output_kib } = unit.limits;
    match ended.stop {
        Some(Stop::Sweep) => return None,
        Some(Stop::Time) => return judged(Verdict::Timeout, &format!("not done after {seconds} s")),
        Some(Stop::Memory) => return judged(Verdict::Memory, &format!("more than {memory_mib} MiB")),
        Some(Stop::Output) => return judged(Verdict::Output, &format!("more than {output_kib} KiB")),
        None => {}
    }
    let from_outside = ended.signal.unwrap_or(ended.exit - 128);
    if FROM_OUTSIDE.contains(&from_outside) {
        return None;
    }
    let errors = String::from_utf8_lossy(&ended.errors);
    let last_words = || errors.trim().lines().last().unwrap_or("").to_owned();
    let reason = || reason(errors.trim()).map_or_else(last_words, str::to_owned);
    if let Some(signal) = ended.signal {
        return judged(Verdict::Crash, &format!("signal {signal}: {}", last_words()));
    }
    // A title without a frame leaves no picture, which gives this exit code; everything else was
    // done.
    let only_no_picture = unit.picture
        && ended.exit == 2
        && report.as_ref().is_some_and(|report| report["frames"] == 0 && report["exit"].is_string());
    match (ended.exit, &report) {
        (3, _) => Some(judge_guest(
            unit,
            Verdict::GuestFault,
            report.as_ref(),
            &guest_fault(report.as_ref()).unwrap_or_else(reason),
        )),
        (4, _) => Some(judge_guest(unit, Verdict::Deadlock, report.as_ref(), &reason())),
        (2, _) if !only_no_picture => judged(Verdict::Refused, &reason()),
        (0..=2, Some(report)) => Some(judge_report(unit, ended.exit, report)),
        (0..=2, None) => judged(Verdict::Crash, "it wrote no report"),
        (code, _) => judged(Verdict::Crash, &format!("exit code {code}: {}", last_words())),
    }
}

/// The reason in the messages of a process that ended by itself: their last line that begins as
/// one. Behind it may be the stacks of threads, a tip, or the place of a setting.
fn reason(text: &str) -> Option<&str> {
    text.lines().rfind(|line| BEGINNINGS.iter().any(|begin| line.starts_with(begin)))
}

/// The digest in a run's report, if there is one.
fn digest_of_run(report: &Value) -> Option<String> {
    report["digest"].as_str().map(str::to_owned)
}

/// Verdict on a title that ended by itself: checks the expected end and digest.
fn judge_guest(unit: &SweepUnit, how: Verdict, report: Option<&Value>, message: &str) -> Judged {
    let digest = report.and_then(digest_of_run);
    let expected = unit.ends.is_some_and(|ends| ends.verdict() == how);
    let (verdict, message) = match &unit.expect {
        _ if !expected => (how, message.to_owned()),
        Some(wanted) if digest.as_ref() != Some(wanted) => other_digest(wanted),
        _ => (Verdict::Pass, message.to_owned()),
    };
    let figures = report.map(|report| figures(unit.kind, report)).unwrap_or_default();
    Judged { verdict, digest, said: one_line(&message), figures }
}

fn other_digest(wanted: &str) -> (Verdict, String) {
    (Verdict::Mismatch, format!("the digest is not {wanted}"))
}

fn judge_report(unit: &SweepUnit, exit: i32, report: &Value) -> Judged {
    let digest = match unit.kind {
        UnitKind::Title | UnitKind::Check => digest_of_run(report),
        UnitKind::Conformance | UnitKind::Fuzz => Some(digest(unit.kind, report)),
    };
    let ended = report["exit"].as_str().unwrap_or_default();
    let (verdict, message) = match (unit.kind, &unit.expect) {
        (UnitKind::Title, _) if ended == "deadlock" => {
            return judge_guest(unit, Verdict::Deadlock, Some(report), "");
        }
        (UnitKind::Title, _) if unit.ends.is_some() => {
            let wanted = unit.ends.map_or("", |ends| ends.verdict().name());
            (Verdict::Mismatch, format!("it ends by {ended}, not by {wanted}"))
        }
        (UnitKind::Title, Some(expected)) if digest.as_ref() != Some(expected) => other_digest(expected),
        (UnitKind::Title, Some(_)) => (Verdict::Pass, ended.to_owned()),
        (UnitKind::Title, None) if exit != 1 => (Verdict::Done, ended.to_owned()),
        (UnitKind::Conformance | UnitKind::Fuzz, _) if exit != 0 => {
            (Verdict::Mismatch, first_failure(report))
        }
        (_, _) if exit != 0 => (Verdict::Mismatch, String::new()),
        (_, _) => (Verdict::Pass, String::new()),
    };
    Judged { verdict, digest, said: one_line(&message), figures: figures(unit.kind, report) }
}

/// The first failure in a test report.
fn first_failure(report: &Value) -> String {
    let failed = report["failed"].get(0).map(|failed| {
        let text = |key: &str| failed[key].as_str().unwrap_or_default().to_owned();
        format!("{} on {}: {}", text("case"), text("engine"), text("what"))
    });
    let mismatch = report["mismatch_details"].get(0).map(|mismatch| {
        format!("sequence {}: {}", mismatch["block"], mismatch["what"].as_str().unwrap_or_default())
    });
    failed.or(mismatch).unwrap_or_default()
}

/// Description and location of the guest's fault.
fn guest_fault(report: Option<&Value>) -> Option<String> {
    let crash = report?.get("crash")?;
    let what = crash.get("what")?.as_str()?;
    let pc = crash.get("pc")?.as_str()?;
    Some(if what.contains(pc) { what.to_owned() } else { format!("{what} at {pc}") })
}

/// Statistics of a report, depending on the unit's kind.
fn figures(kind: UnitKind, report: &Value) -> BTreeMap<String, f64> {
    let names: &[&str] = match kind {
        UnitKind::Title | UnitKind::Check => &["instructions", "frames", "mips", "exit_code"],
        UnitKind::Conformance => &["cases", "passed"],
        UnitKind::Fuzz => &["blocks", "instructions", "mismatches"],
    };
    names.iter().filter_map(|&name| Some((name.to_owned(), report[name].as_f64()?))).collect()
}

/// BLAKE3 of the host-independent parts of a test report: no times and no paths.
fn digest(kind: UnitKind, report: &Value) -> String {
    let keys: &[&str] = match kind {
        UnitKind::Fuzz => &["oracle", "blocks", "instructions", "mismatches", "by_instruction"],
        _ => &["cases", "passed"],
    };
    let mut hasher = blake3::Hasher::new();
    for key in keys {
        hasher.update(format!("{key} {}\n", sorted(&report[*key])).as_bytes());
    }
    let failed = report["failed"].as_array().map(Vec::as_slice).unwrap_or_default();
    for failed in failed {
        for key in ["case", "engine", "what", "expected", "actual"] {
            hasher.update(format!("{key} {}\n", failed[key]).as_bytes());
        }
    }
    hasher.finalize().to_hex().to_string()
}

/// Formats an object as text with sorted keys.
fn sorted(value: &Value) -> String {
    match value.as_object() {
        Some(object) => format!("{:?}", object.iter().collect::<BTreeMap<_, _>>()),
        None => value.to_string(),
    }
}

/// Text on one line, without terminal control characters.
fn one_line(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    plain[..plain.floor_char_boundary(MAX_SAID)].to_owned()
}

#[cfg(test)]
mod tests;
