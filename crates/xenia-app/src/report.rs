//! What a run reports: the JSON of `exec` and `check`.
//!
//! Keys are a contract with scripts: they are added to, never renamed or removed.

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

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
}

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
    /// BLAKE3 over guest-visible state; null where the run is not deterministic.
    pub digest: Option<String>,
    /// Why the run ended.
    pub exit: End,
    /// What the title returned, if it ended.
    pub exit_code: Option<u32>,
    /// Titles that were launched by the one before; all other figures are the last one's.
    pub launches: u64,
    /// SHA-256 of the image as loaded, before its first instruction.
    pub image_loaded_sha256: String,
    /// The digest's parts by name.
    pub digest_parts: BTreeMap<String, String>,
    /// Unimplemented kernel functions that were called.
    pub unimplemented_calls: Vec<NameCount>,
    /// Scheduler figures.
    pub scheduler: SchedulerReport,
    /// Figures of the compiled engine.
    pub jit: JitReport,
    /// Figures of `--cross-check`.
    pub cross_check: CrossCheckReport,
    /// Figures of guest memory.
    pub memory: MemoryReport,
    /// Figures of the command processor.
    pub gpu: GpuReport,
    /// Host time of the run.
    pub wall_seconds: f64,
    /// Guest instructions per microsecond of host time.
    pub mips: f64,
}

/// A name and how often.
#[derive(Clone, Debug, Serialize)]
pub struct NameCount {
    /// The name.
    pub name: String,
    /// How often.
    pub count: u64,
}

/// Scheduler figures.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SchedulerReport {
    /// Threads created.
    pub spawn_ok: u64,
    /// Thread creations refused.
    pub spawn_rejected: u64,
    /// Context switches.
    pub switches: u64,
    /// Deadlocks that were broken.
    pub deadlock_recoveries: u64,
    /// Deadlocks that ended the run.
    pub deadlock_halts: u64,
}

/// Figures of the compiled engine.
#[derive(Clone, Debug, Default, Serialize)]
pub struct JitReport {
    /// Guest functions compiled.
    pub functions: u64,
    /// Guest loops compiled.
    pub loops: u64,
    /// Guest instructions compiled.
    pub compiled_guest_instructions: u64,
    /// Host time spent compiling.
    pub compile_ns: u64,
    /// Instructions the interpreter ran because nothing was compiled for them yet.
    pub interpreted_instructions: u64,
    /// Instructions compiled code gave to the interpreter for want of a lifter arm.
    pub fallback_instructions: u64,
    /// Calls from compiled code into Rust.
    pub helper_calls: BTreeMap<String, u64>,
    /// Compiled regions dropped because their page changed.
    pub invalidations: u64,
    /// Regions taken from the persistent cache.
    pub cache_hits: u64,
}

/// Figures of `--cross-check`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CrossCheckReport {
    /// Units compared.
    pub units: u64,
    /// Instructions compared.
    pub instructions: u64,
    /// Differences found.
    pub differences: u64,
    /// Bytes stored by guest code, each compared after its unit.
    pub stored_bytes: u64,
    /// Comparisons of all memory.
    pub memory_comparisons: u64,
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
    pub backend: &'static str,
    /// The host's graphics adapter, where one drew.
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

/// Writes `value` as JSON to `path`, or to standard output for `-`.
pub fn write_json(path: &Path, value: &impl Serialize) -> Result<()> {
    let text = serde_json::to_string_pretty(value)? + "\n";
    if path == Path::new("-") {
        print!("{text}");
        return Ok(());
    }
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}
