//! The report of a run: the JSON of `exec` and `check`.
//!
//! Scripts depend on the keys: new ones may be added, existing ones are never renamed or removed.

mod json_documents;

use crate::digest::ImageDigest;
pub use json_documents::{PROGRAM, check_json, json_line, write_json};
pub(crate) use json_documents::{document, pretty};
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use std::collections::BTreeMap;
use xenia_cpu::{Counters, CrossCheckCounters, EngineCounters, Figure};
use xenia_documents::documented;
use xenia_sched::SchedulerCounters;

/// Reason why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum End {
    /// The number of swaps given by `--frames` was reached.
    Frames,
    /// The number of instructions given by `-n` was executed.
    Instructions,
    /// The title ended.
    Exit,
    /// The guest crashed, or the engines diverged in a cross-check.
    Crash,
    /// Deadlock: no guest thread could run any more.
    Deadlock,
    /// A signal arrived, or the window was closed.
    Interrupted,
    /// The time given by `--timeout` elapsed.
    Timeout,
    /// The replayed recording has no more input, but the title requested some.
    Recording,
}

impl End {
    /// Description for messages.
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
    /// Report of a run (`exec --json`, `check --json`).
    #[derive(Clone, Debug, Serialize)]
    pub struct RunReport {
        /// Engine that ran the guest: `interp`, `jit` or `cross-check`.
        pub engine: String,
        /// Executor of the run: `lockstep` or `parallel`.
        pub mode: String,
        /// Guest instructions executed by all hardware threads.
        pub instructions: u64,
        /// Guest time at the end, in ticks of 49.875 MHz.
        pub guest_ticks: u64,
        /// Number of frames presented.
        pub frames: u64,
        /// Number of swaps that presented a frame: the same as `frames`.
        pub swaps: u64,
        /// Guest time of the first frame, in ticks of 49.875 MHz; null if there was none.
        pub first_frame_ticks: Option<u64>,
        /// BLAKE3 hash of the guest-visible state; null if the run is not deterministic or ended
        /// while draws were pending.
        pub digest: Option<String>,
        /// Reason of the end: `frames`, `instructions`, `exit`, `crash`, `deadlock`, `interrupted`,
        /// `timeout` or `recording`.
        pub exit: End,
        /// Exit code of the title; null if it did not end.
        pub exit_code: Option<u32>,
        /// Cause of an interruption: `SIGINT`, `SIGTERM`, `SIGHUP` or `window`; otherwise null.
        pub interrupted_by: Option<String>,
        /// The title that ran.
        pub title: TitleReport,
        /// Location of the guest's crash; null if it did not crash.
        pub crash: Option<CrashReport>,
        /// Guest paths of missing files that the title tried to open; at most 64.
        pub missing_files: Vec<String>,
        /// Number of titles that other titles launched; all other values are those of the last
        /// title.
        pub launches: u64,
        /// Position at which this process began to run the title: zeros, or that of the state that
        /// it loaded.
        pub began_at: PositionReport,
        /// SHA-256 of the image as loaded, before its first instruction; of an ELF, only the part
        /// that the file fills.
        pub image_loaded_sha256: ImageDigest,
        /// Hashes of the digest's parts, by name.
        pub digest_parts: BTreeMap<String, String>,
        /// Unimplemented kernel functions that the title called.
        pub unimplemented_calls: Vec<NameCount>,
        /// Number of times that a resource limit refused a request, by the limit's name.
        pub limits_hit: BTreeMap<String, u64>,
        /// Locks of this process, which may run other machines, for which a host thread waited for
        /// five seconds, with their holders, at most 16; found only in builds with debug
        /// assertions, as a release keeps no record of holders.
        pub stuck_locks: Vec<String>,
        /// Counters of the scheduler.
        #[serde(serialize_with = "counters")]
        pub scheduler: SchedulerCounters,
        /// Counters of the JIT.
        #[serde(serialize_with = "counters")]
        pub jit: EngineCounters,
        /// Size of all compiled code at the end, in bytes.
        pub code_bytes: u64,
        /// Use of the persistent code cache; null without one (--code-cache).
        pub code_cache: Option<CodeCacheReport>,
        /// Counters of `--cross-check`.
        #[serde(serialize_with = "counters")]
        pub cross_check: CrossCheckCounters,
        /// Counters of guest memory.
        pub memory: MemoryReport,
        /// Counters of the GPU's command processor.
        pub gpu: GpuReport,
        /// Counters of sound.
        pub audio: AudioReport,
        /// Peak resident memory of the process so far, in bytes; null if the host does not report
        /// it. Linux counts compiled code twice, because it is mapped twice.
        pub peak_resident_bytes: Option<u64>,
        /// Host time of the run in this process, in seconds.
        pub wall_seconds: f64,
        /// Guest instructions since `began_at` per microsecond of host time.
        pub mips: f64,
    }

    /// A position of a run, counted from the title's start.
    #[derive(Clone, Debug, Default, Serialize)]
    pub struct PositionReport {
        /// Guest instructions executed.
        pub instructions: u64,
        /// Guest time, in ticks of 49.875 MHz.
        pub guest_ticks: u64,
        /// Number of frames presented.
        pub frames: u64,
    }

    /// Identity of the title that ran.
    #[derive(Clone, Debug, Default, Serialize)]
    pub struct TitleReport {
        /// Its file, or its guest path if another title launched it.
        pub name: String,
        /// Title id, eight hexadecimal digits; null if the file has none.
        pub id: Option<String>,
        /// Host folder, disc image or package that the title sees as game:\; null if there is none.
        /// Of titles that another launched, followed by the package and the folder in it.
        pub folder: Option<String>,
        /// Names of the patches that were applied to its executable.
        pub patches: Vec<String>,
    }

    /// A crash of the guest.
    #[derive(Clone, Debug, Serialize)]
    pub struct CrashReport {
        /// Cause of the crash, in one line.
        pub what: String,
        /// Id of the guest thread that crashed.
        pub thread: u32,
        /// Address of the instruction, as 0x and eight digits, like all addresses of this object.
        pub pc: String,
        /// Value of the link register.
        pub lr: String,
        /// Kind of the failed memory access: `read`, `write` or `fetch`; otherwise null.
        pub access: Option<String>,
        /// Address of the failed memory access; otherwise null.
        pub address: Option<String>,
        /// Return addresses on the stack, innermost first.
        pub stack: Vec<String>,
        /// Registers of the thread, and the state of the others, as lines of text.
        pub details: Vec<String>,
    }

    /// A name and the number of its occurrences.
    #[derive(Clone, Debug, Serialize)]
    pub struct NameCount {
        /// Name of the item.
        pub name: String,
        /// Number of occurrences.
        pub count: u64,
    }

    /// Counters of guest memory.
    #[derive(Clone, Debug, Default, Serialize)]
    pub struct MemoryReport {
        /// Writes by the kernel and by devices.
        pub writes_total: u64,
        /// Stores to a watched page.
        pub watch_faults: u64,
        /// Accesses to device registers that cost compiled code a host fault.
        pub device_faults: u64,
        /// Increments of page versions.
        pub page_version_bumps: u64,
    }

    /// Counters of the GPU's command processor.
    #[derive(Clone, Debug, Default, Serialize)]
    pub struct GpuReport {
        /// Backend that drew: `reference`, `wgpu` or `none`.
        pub backend: String,
        /// The host's graphics adapter; null if none is used.
        pub adapter: Option<String>,
        /// Number of draws executed.
        pub draws: u64,
        /// Number of packets, by name.
        pub packets: BTreeMap<String, u64>,
        /// Number of operations that could not be done, by reason.
        pub problems: BTreeMap<String, u64>,
        /// Counters of host pipelines; null for backends without pipelines.
        pub pipelines: Option<PipelinesReport>,
        /// Work of the wgpu backend; null for other backends.
        pub wgpu: Option<WgpuReport>,
    }

    /// Work of the wgpu backend. Times are the host's.
    #[derive(Clone, Debug, Default, Serialize)]
    pub struct WgpuReport {
        /// Number of frames presented.
        pub frames: u64,
        /// Sums since the start.
        pub total: WgpuCounts,
        /// The largest value of each counter in any frame.
        pub most_in_a_frame: WgpuCounts,
        /// Draws made by the CPU, by the feature that the host lacks.
        pub fallbacks: BTreeMap<String, u64>,
    }

    /// Counters of the wgpu backend.
    #[derive(Clone, Copy, Debug, Default, Serialize)]
    pub struct WgpuCounts {
        /// Number of draws.
        pub draws: u64,
        /// Number of render passes of these draws.
        pub passes: u64,
        /// Number of command submissions.
        pub submissions: u64,
        /// Number of waits for results of the device.
        pub waits: u64,
        /// Time of these waits in milliseconds.
        pub ms_waited: f64,
        /// Number of waits because the device was too far behind.
        pub held_back: u64,
        /// Time of the waits for a device that was behind, in milliseconds.
        pub ms_held_back: f64,
        /// Bytes read back from the device.
        pub bytes_back: u64,
        /// Bytes sent to the device.
        pub bytes_up: u64,
        /// Bind groups created for draws.
        pub groups_made: u64,
        /// Host textures created for guest textures.
        pub textures_made: u64,
        /// Levels of guest textures decoded.
        pub levels_decoded: u64,
        /// Host textures dropped at the limit of their cache.
        pub textures_dropped: u64,
        /// Bytes of index lists.
        pub index_bytes: u64,
        /// Uses of a texture that compared memory versions, because memory had been written.
        pub epoch_misses: u64,
        /// Pipelines compiled since the start.
        pub pipelines_in_play: u64,
        /// Time that draws and transfers waited for their pipelines, in milliseconds.
        pub ms_in_pipelines: f64,
        /// Pipelines whose compilation began before a draw needed them: a new shader was loaded.
        pub pipelines_predicted: u64,
        /// Predicted pipelines that a draw used.
        pub predictions_used: u64,
        /// Draws made by the CPU.
        pub fallback_draws: u64,
        /// Draws by the CPU that could reach tiles of EDRAM. Tiles that the device has written are
        /// read back.
        pub edram_trips: u64,
        /// Draws whose vertices the CPU shaded: rectangles, points and lines.
        pub expanded_draws: u64,
        /// Resolves whose texels the CPU tiled.
        pub resolves_through_cpu: u64,
        /// Number of occlusion queries.
        pub queries: u64,
        /// Number of waits for the results of visibility queries.
        pub survey_waits: u64,
        /// Tiles transferred from host textures to the EDRAM buffer.
        pub tiles_dumped: u64,
        /// Tiles transferred from the EDRAM buffer to host textures.
        pub tiles_loaded: u64,
        /// Errors of the graphics API, each a bug of the backend.
        pub validation_errors: u64,
    }

    /// Use of the persistent code cache.
    #[derive(Clone, Copy, Debug, Default, Serialize)]
    pub struct CodeCacheReport {
        /// Compiled regions in the cache file at the start.
        pub regions_found: u64,
        /// Regions restored from the cache instead of compiled.
        pub regions_restored: u64,
        /// Guest instructions in restored regions.
        pub restored_guest_instructions: u64,
        /// Regions added to the cache file.
        pub regions_stored: u64,
        /// Files and regions rejected because they failed verification.
        pub rejected: u64,
        /// Size of the file as written, in bytes; 0 if there was no new code.
        pub file_bytes: u64,
    }

    /// Counters of sound.
    #[derive(Clone, Debug, Default, Serialize)]
    pub struct AudioReport {
        /// Output of sound: `null`, `wav` or `device`.
        pub output: String,
        /// Frames (256 samples) whose guest time came while the title made sound.
        pub frames_played: u64,
        /// Frames that the title submitted.
        pub frames_submitted: u64,
        /// Number of frames requested from the title.
        pub callbacks: u64,
        /// Number of requests skipped because the title had not answered the previous one.
        pub callbacks_lost: u64,
        /// Frames that the title submitted too late; they are silent.
        pub underruns: u64,
        /// Samples clipped because they exceeded full scale.
        pub clipped_samples: u64,
        /// Number of times that a context of the XMA decoder was started.
        pub xma_passes: u64,
        /// Frames decoded by the XMA decoder.
        pub xma_frames: u64,
        /// Frames that the XMA decoder could not decode; they are silent.
        pub xma_frames_failed: u64,
        /// Accesses of the XMA decoder to unmapped memory.
        pub xma_faults: u64,
        /// Starts of the XMA decoder refused because the title had requested too many at one
        /// moment.
        pub xma_refused: u64,
        /// The sound device; null if sound does not go to one.
        pub device: Option<DeviceReport>,
    }

    /// Counters of the host's sound device.
    #[derive(Clone, Copy, Debug, Default, Serialize)]
    pub struct DeviceReport {
        /// Number of times that the device got silence because no samples were ready; pauses count
        /// too.
        pub underruns: u64,
        /// Samples, of each speaker, dropped because they arrived faster than the device plays
        /// them.
        pub dropped_samples: u64,
        /// Latency from a sample's guest time to its playback in milliseconds, as far as it is
        /// known.
        pub latency_ms: f64,
    }

    /// Pipelines of the host's GPU.
    #[derive(Clone, Copy, Debug, Default, Serialize)]
    pub struct PipelinesReport {
        /// Pipelines compiled before the title ran, from the caches of earlier runs.
        pub compiled_at_start: u64,
        /// Pipelines compiled while the title ran.
        pub compiled_in_play: u64,
        /// Draws skipped because their pipeline was not ready (--async-pipelines).
        pub draws_left_out: u64,
    }
}

/// Serializes counters as an object, with a key for each counter.
fn counters<S: Serializer>(of: &impl Counters, to: S) -> Result<S::Ok, S::Error> {
    prefixed("", of, to)
}

/// Serializes counters as an object, with a prefix before each key.
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
