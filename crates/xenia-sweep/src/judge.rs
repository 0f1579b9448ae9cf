//! What a unit's end means.
//!
//! A title that is ended by its own fault, hangs or is not what it should be is a result, and so is
//! a crash of the program itself: sweeps are made to find them. No result is what comes from
//! outside: a signal that we haven't sent says nothing about the unit.

use crate::child::{Ended, Stop};
use crate::unit::{Bounds, Kind, Unit};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use xenia_documents::documented;

/// What came of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It is as it must be.
    Pass,
    /// It ended as it should; nothing says in what.
    Done,
    /// It is not as it must be.
    Mismatch,
    /// The title's own fault ended it, which nobody expected.
    GuestFault,
    /// The guest deadlocked, which nobody expected.
    Deadlock,
    /// The program refused it: it can't be read, or the words are wrong.
    Refused,
    /// Its time was over.
    Timeout,
    /// It used more memory than it may.
    Memory,
    /// It printed more than it may.
    Output,
    /// The program itself crashed.
    Crash,
}

impl Verdict {
    /// All, the best first.
    pub const ALL: [Self; 10] = [
        Self::Pass,
        Self::Done,
        Self::Mismatch,
        Self::GuestFault,
        Self::Deadlock,
        Self::Refused,
        Self::Timeout,
        Self::Memory,
        Self::Output,
        Self::Crash,
    ];

    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Done => "done",
            Self::Mismatch => "mismatch",
            Self::GuestFault => "guest-fault",
            Self::Deadlock => "deadlock",
            Self::Refused => "refused",
            Self::Timeout => "timeout",
            Self::Memory => "memory",
            Self::Output => "output",
            Self::Crash => "crash",
        }
    }

    /// Whether nothing is wrong.
    pub fn is_good(self) -> bool {
        matches!(self, Self::Pass | Self::Done)
    }
}

documented! {
    /// What came of a unit: a line of results.
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub struct Outcome {
        /// BLAKE3 of what decides the result.
        pub id: String,
        /// What people call the unit.
        pub name: String,
        /// `title`, `check`, `conformance` or `fuzz`.
        pub kind: Kind,
        /// `pass`, `done`, `mismatch`, `guest-fault`, `deadlock`, `refused`, `timeout`, `memory`, `output` or `crash`.
        pub result: Verdict,
        /// BLAKE3 of what must be the same everywhere; null where there is nothing of that kind.
        pub digest: Option<String>,
        /// The exit code, or 128 and the number of the signal that ended it.
        pub exit: i32,
        /// Why the result is what it is, in a line.
        pub said: String,
        /// Figures, by name.
        pub figures: BTreeMap<String, f64>,
        /// The host that ran it.
        pub host: String,
        /// Host time.
        pub wall_seconds: f64,
        /// Processors' time, counted in hundredths.
        pub cpu_seconds: f64,
        /// Its last frame, relative to the folder of results.
        #[serde(default)] pub picture: Option<String>,
        /// What it printed, relative to the folder of results; kept where something is wrong.
        #[serde(default)] pub report: Option<String>,
    }
}

impl Outcome {
    /// What must not depend on where it ran.
    pub(crate) fn fixed(&self) -> (&str, Verdict, Option<&str>, i32) {
        (&self.id, self.result, self.digest.as_deref(), self.exit)
    }
}

/// Bytes of [`Outcome::said`], at most.
const LONGEST_SAID: usize = 400;

/// What is known of a unit's end beside what everybody knows.
#[derive(Debug, PartialEq)]
pub(crate) struct Judged {
    pub(crate) verdict: Verdict,
    pub(crate) digest: Option<String>,
    pub(crate) said: String,
    pub(crate) figures: BTreeMap<String, f64>,
}

/// Signals by which processes are ended from outside, and the exit codes by which the program tells
/// of them.
const FROM_OUTSIDE: [i32; 4] = [1, 2, 9, 15];

/// Judges a unit's end; `None` if it was ended from outside.
pub(crate) fn judge(unit: &Unit, ended: &Ended) -> Option<Judged> {
    let report: Option<Value> = serde_json::from_slice(&ended.output).ok();
    let said = |verdict, said: &str| {
        Some(Judged {
            verdict,
            digest: None,
            said: one_line(said),
            figures: report.as_ref().map(|report| figures(unit.kind, report)).unwrap_or_default(),
        })
    };
    let Bounds { seconds, memory_mib, output_kib } = unit.limits;
    match ended.stop {
        Some(Stop::Sweep) => return None,
        Some(Stop::Time) => return said(Verdict::Timeout, &format!("not done after {seconds} s")),
        Some(Stop::Memory) => return said(Verdict::Memory, &format!("more than {memory_mib} MiB")),
        Some(Stop::Output) => return said(Verdict::Output, &format!("more than {output_kib} KiB")),
        None => {}
    }
    let from_outside = ended.signal.unwrap_or(ended.exit - 128);
    if FROM_OUTSIDE.contains(&from_outside) {
        return None;
    }
    let last_words = || String::from_utf8_lossy(&ended.errors).trim().lines().last().unwrap_or("").to_owned();
    if let Some(signal) = ended.signal {
        return said(Verdict::Crash, &format!("signal {signal}: {}", last_words()));
    }
    // A title without a frame leaves no picture, which the program says with this code; all else was
    // done.
    let only_no_picture = unit.picture
        && ended.exit == 2
        && report.as_ref().is_some_and(|report| report["frames"] == 0 && report["exit"].is_string());
    match (ended.exit, &report) {
        (3, _) => Some(judge_guest(
            unit,
            Verdict::GuestFault,
            report.as_ref(),
            &guest_fault(report.as_ref()).unwrap_or_else(last_words),
        )),
        (4, _) => Some(judge_guest(unit, Verdict::Deadlock, report.as_ref(), &last_words())),
        (2, _) if !only_no_picture => said(Verdict::Refused, &last_words()),
        (0..=2, Some(report)) => Some(judge_report(unit, ended.exit, report)),
        (0..=2, None) => said(Verdict::Crash, "it wrote no report"),
        (code, _) => said(Verdict::Crash, &format!("exit code {code}: {}", last_words())),
    }
}

/// The digest of a run, if its report has one.
fn digest_of_run(report: &Value) -> Option<String> {
    report["digest"].as_str().map(str::to_owned)
}

/// A title that ended itself in this way: right if that is how it must end, with the digest that it
/// must have.
fn judge_guest(unit: &Unit, how: Verdict, report: Option<&Value>, said: &str) -> Judged {
    let digest = report.and_then(digest_of_run);
    let expected = unit.ends.is_some_and(|ends| ends.verdict() == how);
    let (verdict, said) = match &unit.expect {
        _ if !expected => (how, said.to_owned()),
        Some(wanted) if digest.as_ref() != Some(wanted) => other_digest(wanted),
        _ => (Verdict::Pass, said.to_owned()),
    };
    let figures = report.map(|report| figures(unit.kind, report)).unwrap_or_default();
    Judged { verdict, digest, said: one_line(&said), figures }
}

fn other_digest(wanted: &str) -> (Verdict, String) {
    (Verdict::Mismatch, format!("the digest is not {wanted}"))
}

fn judge_report(unit: &Unit, exit: i32, report: &Value) -> Judged {
    let digest = match unit.kind {
        Kind::Title | Kind::Check => digest_of_run(report),
        Kind::Conformance | Kind::Fuzz => Some(digest(unit.kind, report)),
    };
    let ended = report["exit"].as_str().unwrap_or_default();
    let (verdict, said) = match (unit.kind, &unit.expect) {
        // Without `--halt-on-deadlock` that is no exit code of its own.
        (Kind::Title, _) if ended == "deadlock" => {
            return judge_guest(unit, Verdict::Deadlock, Some(report), "");
        }
        (Kind::Title, _) if unit.ends.is_some() => {
            let wanted = unit.ends.map_or("", |ends| ends.verdict().name());
            (Verdict::Mismatch, format!("it ends by {ended}, not by {wanted}"))
        }
        (Kind::Title, Some(expected)) if digest.as_ref() != Some(expected) => other_digest(expected),
        (Kind::Title, Some(_)) => (Verdict::Pass, ended.to_owned()),
        (Kind::Title, None) if exit != 1 => (Verdict::Done, ended.to_owned()),
        (Kind::Conformance | Kind::Fuzz, _) if exit != 0 => (Verdict::Mismatch, first_failure(report)),
        (_, _) if exit != 0 => (Verdict::Mismatch, String::new()),
        (_, _) => (Verdict::Pass, String::new()),
    };
    Judged { verdict, digest, said: one_line(&said), figures: figures(unit.kind, report) }
}

/// The first thing that failed, of a report on tests.
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

/// What the title did wrong, and where.
fn guest_fault(report: Option<&Value>) -> Option<String> {
    let crash = report?.get("crash")?;
    let (what, pc) = (crash.get("what")?.as_str()?, crash.get("pc")?.as_str()?);
    Some(if what.contains(pc) { what.to_owned() } else { format!("{what} at {pc}") })
}

/// Figures of a report, by what it is of.
fn figures(kind: Kind, report: &Value) -> BTreeMap<String, f64> {
    let names: &[&str] = match kind {
        Kind::Title | Kind::Check => &["instructions", "frames", "mips", "exit_code"],
        Kind::Conformance => &["cases", "passed"],
        Kind::Fuzz => &["blocks", "instructions", "mismatches"],
    };
    names.iter().filter_map(|&name| Some((name.to_owned(), report[name].as_f64()?))).collect()
}

/// BLAKE3 of what a report on tests says that is the same on every host: no times, no paths.
fn digest(kind: Kind, report: &Value) -> String {
    let keys: &[&str] = match kind {
        Kind::Fuzz => &["oracle", "blocks", "instructions", "mismatches", "by_instruction"],
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

/// An object with its keys in order, as text.
fn sorted(value: &Value) -> String {
    match value.as_object() {
        Some(object) => format!("{:?}", object.iter().collect::<BTreeMap<_, _>>()),
        None => value.to_string(),
    }
}

/// Text in one line that commands no terminal.
fn one_line(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    plain[..plain.floor_char_boundary(LONGEST_SAID)].to_owned()
}

#[cfg(test)]
mod tests;
