//! `xenia-rs precompile`: compiles a title's code ahead of its first run.

use crate::cli::PrecompileArgs;
use anyhow::{Context, Result, bail};
use serde::Serialize;
use std::path::Path;
use std::time::Instant;
use xenia::code_ahead;
use xenia::code_store;
use xenia::config::{CpuConfig, ExecutorConfig, MachineConfig, TitleConfig, VideoConfig};
use xenia::interrupt::Interrupt;
use xenia::machine::{Machine, MachineOptions, jit_config, register_functions};
use xenia::report::{check_json, write_json};
use xenia::say::outln;
use xenia::title::Title;
use xenia::wording::{count, grouped};
use xenia_cli::Code;
use xenia_documents::documented;
use xenia_jit::{Jit, JitConfig};

documented! {
    /// Result of ahead-of-time compilation.
    #[derive(Debug, Serialize)]
    pub struct PrecompileReport {
        /// Number of functions found.
        functions: u64,
        /// Number of functions examined before the end.
        functions_done: u64,
        /// Number of examined functions left to the baseline tier, in which they run as fast.
        functions_left_to_baseline: u64,
        /// Number of regions compiled.
        regions: u64,
        /// Guest instructions in compiled regions.
        guest_instructions: u64,
        /// Number of regions that were in the cache already.
        regions_known: u64,
        /// Number of regions that could not be compiled.
        regions_failed: u64,
        /// Number of files rejected because they failed verification.
        rejected: u64,
        /// Size of the cache file in bytes; 0 if there was no new code.
        file_bytes: u64,
        /// Number of host threads.
        threads: u64,
        /// Host time, in seconds.
        wall_seconds: f64,
    }
}

/// Loads the title as for a run, and compiles the reachable code that is worth it; does not run it.
pub fn run(args: &PrecompileArgs) -> Result<Code> {
    check_json(args.json.as_deref())?;
    let interrupt = Interrupt::listen(args.timeout)?;
    let start = Instant::now();
    let mode = ExecutorConfig { parallel: !args.lockstep, ..ExecutorConfig::default() };
    let config = MachineConfig { cpu: CpuConfig::interpreted(), ..MachineConfig::default() };
    // The executable is that of the run: with the same update and patches.
    let open = TitleConfig {
        key_file: args.key_file.clone(),
        patches: (&args.patches).into(),
        repeats: args.lockstep,
        ..TitleConfig::default()
    };
    let title = Title::open_or_demo(Some(&args.title), &open)?;
    let Some(folder) = code_store::folder(args.code_cache.as_deref()) else {
        bail!("there is no folder to keep compiled code in: --code-cache DIR names one");
    };
    // Compile from a machine's memory, where imports are resolved as in a run.
    let machine = Machine::new(&title, MachineOptions::new(&config, &VideoConfig::default()))?;
    let jit = jit_with_store(&title, &mode, &folder, &machine)?;
    let threads = code_ahead::threads(args.threads);
    let done = code_ahead::compile(&jit.ahead(), &title.image, threads, &|_, _, _| {}, &interrupt);
    let tally = jit.store().map(|store| {
        store.save();
        store.tally()
    });
    let tally = tally.unwrap_or_default();
    let is_kept = done.regions == 0 || tally.bytes > 0;
    let report = PrecompileReport {
        functions: done.functions,
        functions_done: done.done,
        functions_left_to_baseline: done.left,
        regions: done.regions,
        guest_instructions: done.instructions,
        regions_known: done.known,
        regions_failed: done.failed,
        rejected: tally.rejected,
        file_bytes: tally.bytes,
        threads: threads as u64,
        wall_seconds: start.elapsed().as_secs_f64(),
    };
    if let Some(path) = &args.json {
        write_json(path, "precompile", &report)?;
    }
    print(&report);
    if let Some(cause) = interrupt.cause() {
        outln!("ended by {} before all was done", cause.name());
    }
    if !is_kept {
        bail!("the code could not be written to {}", folder.display());
    }
    Ok(interrupt.cause().map_or(Code::Done, Code::from))
}

/// The compiler of the title's runs, which keeps its code in `folder`.
fn jit_with_store(title: &Title, mode: &ExecutorConfig, folder: &Path, machine: &Machine) -> Result<Jit> {
    let config = JitConfig { background: false, ..jit_config(&CpuConfig::default(), mode) };
    let store = code_store::options(folder, title, config.engine.reservations);
    let store = store.context("compiled code can't be kept")?;
    let jit = Jit::with_store(machine.memory().clone(), config, Some(store))?;
    register_functions(&jit, &title.image.functions);
    Ok(jit)
}

fn print(report: &PrecompileReport) {
    outln!(
        "{}, {} left to the baseline tier: {} compiled ({}), {} there already, {} not compiled, in {:.1} s on {}",
        count(report.functions_done, "function"),
        grouped(report.functions_left_to_baseline),
        count(report.regions, "region"),
        count(report.guest_instructions, "instruction"),
        grouped(report.regions_known),
        grouped(report.regions_failed),
        report.wall_seconds,
        count(report.threads, "thread"),
    );
}
