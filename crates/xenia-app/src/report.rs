//! What a run reports: the JSON of `exec` and `check`.
//!
//! Keys are a contract with scripts: they are added to, never renamed or removed.

use crate::digest::ImageDigest;
use crate::output;
use crate::say;
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use std::collections::BTreeMap;
use std::path::Path;
use xenia_cpu::{Counters, CrossCheckCounters, EngineCounters, Figure};
use xenia_documents::documented;
use xenia_sched::SchedulerCounters;

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum End {
    /// `--frames` swaps were seen.
    Frames,
    /// `-n` instructions were executed.
    Instructions,
    /// The title ended.
    Exit,
    /// The guest crashed, or the engines diverged.
    Crash,
    /// Nothing could run any more.
    Deadlock,
    /// A signal, or the window's closing.
    Interrupted,
    /// `--timeout` was over.
    Timeout,
    /// The title asked for more than the recording that it followed has.
    Recording,
}

impl End {
    /// For people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Frames => "frame limit",
            Self::Instructions => "instruction limit",
            Self::Exit => "the title's own exit",
            Self::Crash => "crash",
            Self::Deadlock => "deadlock",
            Self::Interrupted => "interrupted",
            Self::Timeout => "timeout",
            Self::Recording => "the recording's end",
        }
    }
}

documented! {
    /// The whole report.
    #[derive(Clone, Debug, Serialize)]
    pub struct RunReport {
        /// `interp`, `jit` or `cross-check`.
        pub engine: String,
        /// `lockstep` or `parallel`.
        pub mode: String,
        /// Guest instructions executed, all hardware threads.
        pub instructions: u64,
        /// Guest time at the end, in ticks of 49.875 MHz.
        pub guest_ticks: u64,
        /// Frames presented.
        pub frames: u64,
        /// Swaps the command processor executed.
        pub swaps: u64,
        /// BLAKE3 over guest-visible state; null where the run is not deterministic, or ended in the midst of draws.
        pub digest: Option<String>,
        /// Why the run ended: `frames`, `instructions`, `exit`, `crash`, `deadlock`, `interrupted`, `timeout` or `recording`.
        pub exit: End,
        /// What the title returned, if it ended.
        pub exit_code: Option<u32>,
        /// What interrupted it: `SIGINT`, `SIGTERM`, `SIGHUP` or `window`.
        pub interrupted_by: Option<String>,
        /// The title.
        pub title: TitleReport,
        /// Where the guest crashed, if it did.
        pub crash: Option<CrashReport>,
        /// Guest paths of files that the title asked for and that were not there; the first 64.
        pub missing_files: Vec<String>,
        /// Titles that were launched by the one before; all other figures are the last one's.
        pub launches: u64,
        /// SHA-256 of the image as loaded, before its first instruction, as far as an ELF's file fills it.
        pub image_loaded_sha256: ImageDigest,
        /// The digest's parts by name.
        pub digest_parts: BTreeMap<String, String>,
        /// Unimplemented kernel functions that were called.
        pub unimplemented_calls: Vec<NameCount>,
        /// What the title was refused more of, and how often, by the limit's name.
        pub limits_hit: BTreeMap<String, u64>,
        /// Scheduler figures.
        #[serde(serialize_with = "counters")]
        pub scheduler: SchedulerCounters,
        /// Figures of the compiled engine.
        #[serde(serialize_with = "counters")]
        pub jit: EngineCounters,
        /// What became of code that is kept from one start to the next; null where none is (--code-cache).
        pub code_cache: Option<CodeCacheReport>,
        /// Figures of `--cross-check`.
        #[serde(serialize_with = "counters")]
        pub cross_check: CrossCheckCounters,
        /// Figures of guest memory.
        pub memory: MemoryReport,
        /// Figures of the command processor.
        pub gpu: GpuReport,
        /// Figures of sound.
        pub audio: AudioReport,
        /// The most bytes of host memory that the process had resident so far; null where the host doesn't say.
        pub peak_resident_bytes: Option<u64>,
        /// Host time of the run.
        pub wall_seconds: f64,
        /// Guest instructions per microsecond of host time.
        pub mips: f64,
    }

    /// The title that ran.
    #[derive(Clone, Debug, Default, Serialize)]
    pub struct TitleReport {
        /// Its file, or its guest path if another title launched it.
        pub name: String,
        /// Its number, eight hexadecimal digits; null where the file has none.
        pub id: Option<String>,
        /// The host folder, or the disc image or package, that the title sees as game:\; null if there is none.
        pub folder: Option<String>,
    }

    /// A crash of the guest.
    #[derive(Clone, Debug, Serialize)]
    pub struct CrashReport {
        /// What happened, in a line.
        pub what: String,
        /// Guest thread id.
        pub thread: u32,
        /// Address of the instruction, as 0x and eight digits, like all addresses here.
        pub pc: String,
        /// The link register.
        pub lr: String,
        /// `read`, `write` or `fetch`, if an access to memory failed.
        pub access: Option<String>,
        /// Where to.
        pub address: Option<String>,
        /// Return addresses, innermost first.
        pub stack: Vec<String>,
    }

    /// A name and how often.
    #[derive(Clone, Debug, Serialize)]
    pub struct NameCount {
        /// The name.
        pub name: String,
        /// How often.
        pub count: u64,
    }

    /// Figures of guest memory.
    #[derive(Clone, Debug, Default, Serialize)]
    pub struct MemoryReport {
        /// Writes by kernel and devices.
        pub writes_total: u64,
        /// Stores that hit a watched page.
        pub watch_faults: u64,
        /// Page versions moved.
        pub page_version_bumps: u64,
    }

    /// Figures of the command processor.
    #[derive(Clone, Debug, Default, Serialize)]
    pub struct GpuReport {
        /// What drew: `reference`, `wgpu` or `none`.
        pub backend: String,
        /// The host's graphics adapter; null where none is used.
        pub adapter: Option<String>,
        /// Draws executed.
        pub draws: u64,
        /// Packets by name.
        pub packets: BTreeMap<String, u64>,
        /// What could not be done, by reason.
        pub problems: BTreeMap<String, u64>,
        /// Pipelines, where what draws has some.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub pipelines: Option<PipelinesReport>,
    }

    /// Code that is kept from one start of a title to the next.
    #[derive(Clone, Copy, Debug, Default, Serialize)]
    pub struct CodeCacheReport {
        /// Regions that the file had at the start.
        pub regions_found: u64,
        /// Regions that were taken from what is kept instead of being compiled.
        pub regions_restored: u64,
        /// Guest instructions of these.
        pub restored_guest_instructions: u64,
        /// Regions that are new in the file.
        pub regions_stored: u64,
        /// Files and regions that were not what they ought to be, and were not used.
        pub rejected: u64,
        /// Bytes of the file as it was written; 0 if nothing was new.
        pub file_bytes: u64,
    }

    /// Figures of sound.
    #[derive(Clone, Debug, Default, Serialize)]
    pub struct AudioReport {
        /// Where it goes: `null`, `wav` or `device`.
        pub output: String,
        /// Frames of 256 samples whose guest time came while the title made sound.
        pub frames_played: u64,
        /// Frames that the title handed over.
        pub frames_submitted: u64,
        /// Times that the title was asked for one.
        pub callbacks: u64,
        /// Times that it was not, because it still answered.
        pub callbacks_lost: u64,
        /// Frames that the title was too late for: they are silent.
        pub underruns: u64,
        /// Samples that were too loud and are clipped.
        pub clipped_samples: u64,
        /// Times that a context of the XMA decoder was started.
        pub xma_passes: u64,
        /// Frames that it decoded.
        pub xma_frames: u64,
        /// Frames that it could not decode: they are silent.
        pub xma_frames_failed: u64,
        /// Times that it met memory that is not there.
        pub xma_faults: u64,
        /// Starts that were ignored because the title had asked for too much at one moment.
        pub xma_refused: u64,
        /// The device, if sound goes to one.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub device: Option<DeviceReport>,
    }

    /// How a sound device was served.
    #[derive(Clone, Copy, Debug, Default, Serialize)]
    pub struct DeviceReport {
        /// Times that it got silence because nothing was there; a pause is one, too.
        pub underruns: u64,
        /// Samples of each speaker that were dropped because they came faster than they were played.
        pub dropped_samples: u64,
        /// Milliseconds from a sample's guest time to its playing, as far as they are known.
        pub latency_ms: f64,
    }

    /// Pipelines of the host's GPU.
    #[derive(Clone, Copy, Debug, Default, Serialize)]
    pub struct PipelinesReport {
        /// Compiled before the title ran, out of what earlier runs have left.
        pub compiled_at_start: u64,
        /// Compiled while it ran.
        pub compiled_in_play: u64,
        /// Draws that were left out because their pipeline was not there yet (--async-pipelines).
        pub draws_left_out: u64,
    }
}

/// Counters as an object: a key for each row.
fn counters<S: Serializer>(of: &impl Counters, to: S) -> Result<S::Ok, S::Error> {
    prefixed("", of, to)
}

/// The same, with something before each key.
pub fn prefixed<S: Serializer>(prefix: &str, of: &impl Counters, to: S) -> Result<S::Ok, S::Error> {
    let mut object = to.serialize_map(None)?;
    for (row, figure) in of.figures() {
        let key = format!("{prefix}{}", row.name);
        match figure {
            Figure::Total(total) => object.serialize_entry(&key, &total)?,
            Figure::ByName(by_name) => object.serialize_entry(&key, by_name)?,
        }
    }
    object.end()
}

/// A JSON document of ours.
#[derive(Serialize)]
struct Document<'a, T> {
    /// `xenia-rs/NAME/1`: keys are added within a number, never renamed.
    schema: String,
    program: &'a str,
    #[serde(flatten)]
    body: &'a T,
}

/// The program and its version, as documents have it.
pub const PROGRAM: &str = concat!("xenia-rs ", env!("CARGO_PKG_VERSION"));

/// `value` as the document `name`.
fn document<'a, T>(name: &str, value: &'a T) -> Document<'a, T> {
    Document { schema: format!("xenia-rs/{name}/1"), program: PROGRAM, body: value }
}

/// An error now if [`write_json`] to `path` would fail later. Where standard output is for JSON,
/// nothing else goes there.
pub fn check_json(path: Option<&Path>) -> anyhow::Result<()> {
    match path {
        None => Ok(()),
        Some(path) if path == Path::new("-") => {
            say::claim_output();
            Ok(())
        }
        Some(path) => output::check(path),
    }
}

/// Writes `value` as the JSON document `name` to `path`, or to standard output for `-`.
pub fn write_json(path: &Path, name: &str, value: &impl Serialize) -> anyhow::Result<()> {
    let text = serde_json::to_string_pretty(&document(name, value))? + "\n";
    if path == Path::new("-") {
        say::write_bytes(text.as_bytes());
        return Ok(());
    }
    output::write(path, text.as_bytes())
}

/// `value` as the JSON document `name`, in one line.
pub fn json_line(name: &str, value: &impl Serialize) -> anyhow::Result<String> {
    Ok(serde_json::to_string(&document(name, value))? + "\n")
}
