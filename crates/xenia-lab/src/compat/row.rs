//! The result of one title: from its process and its report of the run.

use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use xenia_cli::Code;
use xenia_documents::documented;
use xenia_sched::TICKS_PER_SECOND;
use xenia_sweep::EndedProcess;

/// Largest number of missing calls in a row.
const MAX_CALLS: usize = 32;
/// Largest number of missing files in a reason.
const MAX_FILES: usize = 6;
/// Largest length of a reason, in characters.
const MAX_REASON_LENGTH: usize = 300;

/// How far a title gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CompatState {
    /// It shows pictures until its time is over.
    Runs,
    /// It runs until its time is over, without a picture.
    NoPicture,
    /// It ended by itself.
    Ended,
    /// It crashed before its time was over.
    Crashes,
    /// It is deadlocked: no thread can run any more.
    Deadlocks,
    /// It does not end within its time, or takes too much memory, and was stopped.
    Stopped,
    /// It does not load.
    NotLoaded,
    /// The emulator failed.
    Fault,
}

impl CompatState {
    /// Description for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Runs => "runs",
            Self::NoPicture => "no picture",
            Self::Ended => "ended",
            Self::Crashes => "crashes",
            Self::Deadlocks => "deadlocks",
            Self::Stopped => "stopped",
            Self::NotLoaded => "not loaded",
            Self::Fault => "fault",
        }
    }
}

documented! {
    /// How far the titles of a folder get.
    #[derive(Clone, Debug, Serialize)]
    pub struct CompatReport {
        /// Seconds of host time for each title.
        pub seconds: u64,
        /// Whether the titles ran in lockstep.
        pub lockstep: bool,
        /// Number of titles by state.
        pub states: BTreeMap<String, u64>,
        /// Titles that were not run because the command was interrupted.
        pub left_out: u64,
        /// The titles, in the order in which they were found.
        pub titles: Vec<CompatRow>,
    }

    /// How far a title gets.
    #[derive(Clone, Debug, Serialize)]
    pub struct CompatRow {
        /// Its path in the folder.
        pub name: String,
        /// Title id, eight hexadecimal digits; null if it has none.
        pub title_id: Option<String>,
        /// State: `runs`, `no-picture`, `ended`, `crashes`, `deadlocks`, `stopped`, `not-loaded` or
        /// `fault`.
        pub state: CompatState,
        /// Reason of a crash or of another end; null if there is none.
        pub reason: Option<String>,
        /// Exit code of the title; null if it did not end.
        pub exit_code: Option<u64>,
        /// Number of frames that it showed.
        pub frames: u64,
        /// Seconds of the console's time until its first frame; null if it showed none.
        pub first_frame_seconds: Option<f64>,
        /// Frames for each second of host time.
        pub frames_per_second: f64,
        /// Seconds of the console's time for each second of host time.
        pub speed: f64,
        /// Missing functions that it called, and how often; at most 32.
        pub missing_calls: BTreeMap<String, u64>,
        /// Files that it asked for and that are missing, at most 64.
        pub missing_files: Vec<String>,
        /// Largest memory of its process, in MiB.
        pub memory_mib: f64,
        /// Host time of its process, in seconds.
        pub wall_seconds: f64,
        /// Its last frame, small, as a path in the folder of results; null if it showed none.
        pub picture: Option<String>,
        /// Its bug report, as a path in the folder of results; null if it has none.
        pub report: Option<String>,
    }
}

/// A title's process and outputs.
pub(super) struct TitleOutputs<'a> {
    pub(super) name: &'a str,
    pub(super) ended: &'a EndedProcess,
    /// The JSON of the run, if it was written.
    pub(super) run: Option<&'a Value>,
    pub(super) picture: Option<String>,
    pub(super) report: Option<String>,
}

/// Judges a run.
pub(super) fn row(ran: TitleOutputs<'_>) -> CompatRow {
    let TitleOutputs { name, ended, run, picture, report } = ran;
    let number = |key: &str| run.and_then(|run| run[key].as_u64());
    let frames = number("frames").unwrap_or_default();
    let state = state(ended, run, frames);
    let seconds = run.and_then(|run| run["wall_seconds"].as_f64()).unwrap_or_default().max(1e-9);
    let guest_seconds = |ticks: u64| ticks as f64 / TICKS_PER_SECOND as f64;
    let rounded = |value: f64| (value * 100.0).round() / 100.0;
    // The process is sampled, so its own report knows a short peak better.
    let peak_mib = number("peak_resident_bytes").map_or(0.0, |bytes| bytes as f64 / f64::from(1 << 20));
    let calls = run.and_then(|run| run["unimplemented_calls"].as_array());
    let call = |call: &Value| Some((call["name"].as_str()?.to_owned(), call["count"].as_u64()?));
    let files = run.and_then(|run| run["missing_files"].as_array());
    CompatRow {
        name: name.to_owned(),
        title_id: run.and_then(|run| run["title"]["id"].as_str()).map(str::to_owned),
        state,
        reason: reason(state, ended, run),
        exit_code: number("exit_code"),
        frames,
        first_frame_seconds: number("first_frame_ticks").map(|ticks| rounded(guest_seconds(ticks))),
        frames_per_second: rounded(frames as f64 / seconds),
        speed: rounded(guest_seconds(number("guest_ticks").unwrap_or_default()) / seconds),
        missing_calls: calls.into_iter().flatten().filter_map(call).take(MAX_CALLS).collect(),
        missing_files: files.into_iter().flatten().filter_map(|f| f.as_str().map(str::to_owned)).collect(),
        memory_mib: ended.memory_mib.max(peak_mib).round(),
        wall_seconds: rounded(ended.wall_seconds),
        picture,
        report,
    }
}

fn state(ended: &EndedProcess, run: Option<&Value>, frames: u64) -> CompatState {
    if ended.stopped_by.is_some() {
        return CompatState::Stopped;
    }
    let Some(run) = run else {
        return if ended.exit == Code::Unusable as i32 { CompatState::NotLoaded } else { CompatState::Fault };
    };
    if ended.exit == Code::Internal as i32 || ended.exit > 128 {
        return CompatState::Fault;
    }
    match run["exit"].as_str() {
        Some("crash") => CompatState::Crashes,
        Some("deadlock") => CompatState::Deadlocks,
        Some("exit") => CompatState::Ended,
        _ if frames > 0 => CompatState::Runs,
        _ => CompatState::NoPicture,
    }
}

fn reason(state: CompatState, ended: &EndedProcess, run: Option<&Value>) -> Option<String> {
    let crash = run.and_then(|run| run["crash"]["what"].as_str());
    let text = match state {
        CompatState::Runs | CompatState::NoPicture => return None,
        CompatState::Ended => {
            let code = run.and_then(|run| run["exit_code"].as_u64()).unwrap_or_default();
            return (code != 0).then(|| format!("ended with code {code}{}", without_files(run)));
        }
        CompatState::Stopped => {
            return ended.stopped_by.map(|limit| format!("stopped at its limit of {limit}"));
        }
        CompatState::Crashes if crash.is_some() => format!("{}{}", crash?, without_files(run)),
        _ => {
            let mut lines = ended.errors.lines().filter(|line| !line.trim().is_empty());
            let wanted = |line: &&str| ["deadlocked", "panicked", "crashed"].iter().any(|w| line.contains(w));
            let last = ended.errors.lines().rfind(|line| line.starts_with("xenia-rs: "));
            lines.find(wanted).or(last).unwrap_or("it printed no reason").to_owned()
        }
    };
    let text = text.strip_prefix("xenia-rs: ").unwrap_or(&text);
    Some(text.chars().take(MAX_REASON_LENGTH).collect())
}

/// Names the files that the title did not find: a title without its data often gives up.
fn without_files(run: Option<&Value>) -> String {
    let files = run.and_then(|run| run["missing_files"].as_array()).into_iter().flatten();
    let files: Vec<&str> = files.filter_map(Value::as_str).collect();
    let named = files.iter().take(MAX_FILES).copied().collect::<Vec<_>>().join(", ");
    match files.len().saturating_sub(MAX_FILES) {
        _ if files.is_empty() => String::new(),
        0 => format!("; it did not find {named}"),
        more => format!("; it did not find {named} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn ended(exit: i32, errors: &str) -> EndedProcess {
        EndedProcess {
            exit,
            stopped_by: None,
            is_cancelled: false,
            errors: errors.to_owned(),
            wall_seconds: 2.0,
            memory_mib: 100.4,
        }
    }

    fn judged(ended: &EndedProcess, run: Option<&Value>) -> CompatRow {
        row(TitleOutputs { name: "t", ended, run, picture: None, report: None })
    }

    #[test]
    fn a_title_is_judged_by_its_process_and_its_report() {
        let run = json!({
            "exit": "timeout", "frames": 60, "wall_seconds": 2.0, "guest_ticks": 99_750_000u64,
            "first_frame_ticks": 49_875_000u64, "title": { "id": "58410001" },
            "unimplemented_calls": [{ "name": "A", "count": 3 }], "missing_files": ["game:\\x"]
        });
        let row = judged(&ended(0, ""), Some(&run));
        assert_eq!((row.state, row.frames, row.frames_per_second), (CompatState::Runs, 60, 30.0));
        assert_eq!((row.first_frame_seconds, row.speed, row.reason), (Some(1.0), 1.0, None));
        assert_eq!((row.missing_calls["A"], row.missing_files.len(), row.memory_mib), (3, 1, 100.0));
        let of = |value: Value, exit, errors: &str| {
            let row = judged(&ended(exit, errors), Some(&value));
            (row.state, row.reason.unwrap_or_default())
        };
        assert_eq!(of(json!({ "exit": "timeout" }), 0, "").0, CompatState::NoPicture);
        let short = json!({ "exit": "exit", "peak_resident_bytes": 200u64 << 20 });
        assert_eq!(judged(&ended(0, ""), Some(&short)).memory_mib, 200.0);
        let crash = json!({ "exit": "crash", "crash": { "what": "read of 0" } });
        assert_eq!(of(crash, 3, "noise"), (CompatState::Crashes, "read of 0".to_owned()));
        let text = "xenia-rs: x\nthe guest deadlocked: t1\n";
        assert_eq!(of(json!({ "exit": "deadlock" }), 4, text).1, "the guest deadlocked: t1");
        let files = json!({ "exit": "exit", "exit_code": 4, "missing_files": ["game:\\a", "game:\\b"] });
        assert_eq!(of(files, 0, "").1, "ended with code 4; it did not find game:\\a, game:\\b");
        let many = json!({
            "exit": "crash", "crash": { "what": "read of 0" },
            "missing_files": (0..9).map(|number| number.to_string()).collect::<Vec<_>>()
        });
        assert_eq!(of(many, 3, "").1, "read of 0; it did not find 0, 1, 2, 3, 4, 5 and 3 more");
        let exit = json!({ "exit": "exit", "exit_code": 7 });
        assert_eq!(of(exit, 0, ""), (CompatState::Ended, "ended with code 7".to_owned()));
    }

    #[test]
    fn a_title_without_a_report_did_not_load_or_met_a_fault() {
        let row = judged(&ended(2, "xenia-rs: a warning\nxenia-rs: cannot load t: no key\n"), None);
        assert_eq!(
            (row.state, row.reason.as_deref()),
            (CompatState::NotLoaded, Some("cannot load t: no key"))
        );
        let row = judged(&ended(139, ""), None);
        assert_eq!((row.state, row.reason.as_deref()), (CompatState::Fault, Some("it printed no reason")));
        let stopped = EndedProcess { stopped_by: Some("time"), ..ended(143, "") };
        let row = judged(&stopped, Some(&json!({ "exit": "interrupted" })));
        assert_eq!(
            (row.state, row.reason.as_deref()),
            (CompatState::Stopped, Some("stopped at its limit of time"))
        );
    }
}
