//! `xenia-rs fuzz --scenes` and `--scene`: random scenes, drawn by the reference and by wgpu.

use crate::args::FuzzArgs;
use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use std::cell::RefCell;
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use xenia::interrupt::Interrupt;
use xenia::output::AtomicFile;
use xenia::report::write_json;
use xenia::say::outln;
use xenia::wording::count;
use xenia_cli::Code;
use xenia_documents::documented;
use xenia_gpu::{Backend, Reference};
use xenia_render::backend::{AdapterChoice, BackendTally, Device, WgpuBackend};
use xenia_scenes::{Backends, Finding, SceneCase, SceneFamily, SceneFuzzConfig, SceneFuzzReport};

documented! {
    /// Statistics of random scenes that two GPU backends drew.
    #[derive(Debug, Default, Serialize)]
    pub struct SceneReport {
        /// Graphics adapter that is compared with the reference.
        adapter: String,
        /// Seed of the scenes.
        seed: u64,
        /// Number of the first scene.
        first: u64,
        /// Number of scenes.
        scenes: u64,
        /// Number of scenes that differ.
        mismatches: u64,
        /// Results by family.
        families: Vec<FamilyReport>,
        /// The scenes that differ.
        mismatch_details: Vec<SceneMismatch>,
        /// Signal or limit that ended the run early; null if none did.
        interrupted_by: Option<String>,
        /// Host time, in seconds.
        wall_seconds: f64,
        /// Pipelines that wgpu compiled, for draws and conversions.
        pipelines: u64,
        /// Part of the time in which draws and transfers waited for their pipelines, in seconds.
        pipeline_seconds: f64,
        /// Part of the time in which the CPU waited for the device, in seconds.
        wait_seconds: f64,
        /// Errors of the graphics API, each a bug of the backend.
        validation_errors: u64,
    }
}

impl SceneReport {
    /// Whether the scenes are drawn alike, without an error of the graphics API.
    fn is_right(&self) -> bool {
        self.mismatches == 0 && self.validation_errors == 0
    }
}

documented! {
    /// Scenes of one family.
    #[derive(Debug, Serialize)]
    pub struct FamilyReport {
        /// Name of the family.
        family: String,
        /// Scenes that drew something, alike on both backends.
        same: u64,
        /// Scenes that changed nothing.
        no_effect: u64,
        /// Scenes without a defined result, which were not drawn.
        skipped: u64,
        /// Scenes that differ.
        different: u64,
    }
}

documented! {
    /// Scene that two backends draw differently.
    #[derive(Debug, Serialize)]
    pub struct SceneMismatch {
        /// Name of the family.
        family: String,
        /// Number of the scene.
        number: u64,
        /// First difference, and the scene's state.
        what: String,
        /// Whether the scene differs on new backends, too; else only after the scenes before it.
        alone: bool,
        /// File that the scene was written to; null without --out.
        file: Option<String>,
    }
}

/// Counters of the device's backends, which are recreated from time to time.
#[derive(Default)]
struct Tallies(RefCell<Vec<Arc<BackendTally>>>);

/// Sums over the device's backends.
struct TallySums {
    /// Number of pipelines.
    pipelines: u64,
    /// Seconds of waits for pipelines.
    pipeline_seconds: f64,
    /// Seconds of waits for the device.
    wait_seconds: f64,
}

impl Tallies {
    fn sums(&self) -> TallySums {
        let works: Vec<_> = self.0.borrow().iter().map(|tally| tally.work().total).collect();
        let compiling: u64 = works.iter().map(|work| work.ns_in_pipelines).sum();
        // The backends share the device's counters.
        let waiting = works.iter().map(|work| work.ns_waited + work.ns_held_back).max().unwrap_or(0);
        TallySums {
            pipelines: works.iter().map(|work| work.pipelines_in_play).sum(),
            pipeline_seconds: compiling as f64 / 1e9,
            wait_seconds: waiting as f64 / 1e9,
        }
    }
}

/// The reference and the host's device. Scenes are too small for several threads.
fn backends<'a>(device: &'a Device, tallies: &'a Tallies) -> Backends<'a> {
    let wgpu = || -> Box<dyn Backend> {
        let backend = WgpuBackend::new(device.clone());
        tallies.0.borrow_mut().push(backend.tally());
        Box::new(backend)
    };
    Backends::new(|| Box::new(Reference::with_threads(1)), wgpu)
}

fn device() -> Result<Device> {
    Device::open(AdapterChoice::default()).context("--scenes compares with wgpu, which can't be used")
}

/// Draws random scenes, and writes those that differ.
pub(super) fn run(args: &FuzzArgs, scenes: u64) -> Result<Code> {
    let interrupt = Interrupt::listen(None)?;
    let device = device()?;
    let Ok(seed) = u32::try_from(args.seed) else {
        bail!("--seed {}: scenes have seeds below {}", args.seed, 1_u64 << 32);
    };
    let Some(end) = args.first.checked_add(scenes).filter(|end| *end <= 1 << 32) else {
        bail!("--first {}: scenes have numbers below {}", args.first, 1_u64 << 32);
    };
    let bar = ProgressBar::new(scenes)
        .with_style(ProgressStyle::with_template("{wide_bar} {human_pos}/{human_len} scenes, {eta} left")?);
    let progress_bar = bar.clone();
    let stop = Arc::default();
    interrupt.watch(Arc::clone(&stop), None);
    let config = SceneFuzzConfig {
        families: if args.family.is_empty() { SceneFamily::ALL.to_vec() } else { args.family.clone() },
        seed,
        numbers: args.first..end,
        shrink: args.shrink,
        time: args.seconds.map(Duration::from_secs),
        max_findings: args.max_mismatches as usize,
        stop: Some(stop),
        progress: Some(Box::new(move |done| progress_bar.set_position(done))),
    };
    let start = Instant::now();
    let tallies = Tallies::default();
    let found = xenia_scenes::fuzz(&config, &mut backends(&device, &tallies));
    let TallySums { pipelines, pipeline_seconds, wait_seconds } = tallies.sums();
    bar.finish_and_clear();
    let mismatches = found.findings.iter().map(|finding| mismatch(finding, args.out.as_deref()));
    let report = SceneReport {
        adapter: device.name(),
        seed: args.seed,
        first: args.first,
        scenes: found.cases,
        mismatches: found.findings.len() as u64,
        mismatch_details: mismatches.collect::<Result<_>>()?,
        families: families(&found),
        interrupted_by: interrupt.cause().map(|cause| cause.name().to_owned()),
        wall_seconds: start.elapsed().as_secs_f64(),
        pipelines,
        pipeline_seconds,
        wait_seconds,
        validation_errors: device.validation_errors(),
    };
    if let Some(path) = &args.json {
        write_json(path, "fuzz-scenes", &report)?;
    }
    print(&report);
    Ok(if report.is_right() { interrupt.cause().map_or(Code::Done, Code::from) } else { Code::Mismatch })
}

/// Results by family.
fn families(found: &SceneFuzzReport) -> Vec<FamilyReport> {
    let families = found.families.iter().map(|(family, counts)| FamilyReport {
        family: family.name().to_owned(),
        same: counts.same,
        no_effect: counts.no_effect,
        skipped: counts.skipped,
        different: counts.different,
    });
    families.collect()
}

/// Describes a finding, and writes its file.
fn mismatch(finding: &Finding, folder: Option<&Path>) -> Result<SceneMismatch> {
    let family = finding.case.family.name();
    let mut file = None;
    if let Some(folder) = folder {
        let path = folder.join(format!("{family}-{}.scene", finding.number));
        let temporary = AtomicFile::new(&path)?;
        std::io::Write::write_all(&mut &temporary.file, finding.case.to_text(&finding.difference).as_bytes())
            .with_context(|| format!("cannot write {}", path.display()))?;
        temporary.keep()?;
        file = Some(path.display().to_string());
    }
    Ok(SceneMismatch {
        family: family.to_owned(),
        number: finding.number,
        what: finding.difference.clone(),
        alone: finding.is_alone,
        file,
    })
}

fn print(report: &SceneReport) {
    for SceneMismatch { family, number, what, alone, file } in &report.mismatch_details {
        let after = if *alone { "" } else { " (only after the scenes before it)" };
        outln!("MISMATCH in scene {number}, {family}{after}: {what}");
        if let Some(file) = file {
            outln!("    written to {file}");
        }
    }
    say_errors(report.validation_errors);
    let mut families = String::new();
    for FamilyReport { family, same, no_effect, skipped, different } in &report.families {
        let _ = writeln!(
            families,
            "{family:>10}: {same} alike, {no_effect} without effect, {skipped} undefined, {different} different"
        );
    }
    outln!(
        "{families}{}, {}, {:.1} s, {}",
        count(report.scenes, "scene"),
        count(report.mismatches, "mismatch"),
        report.wall_seconds,
        report.adapter
    );
}

/// Names the errors of the graphics API, if there are any.
fn say_errors(errors: u64) {
    if errors > 0 {
        outln!("MISMATCH: {} of the graphics API", count(errors, "error"));
    }
}

/// Draws the scenes of files.
pub(super) fn replay(args: &FuzzArgs) -> Result<Code> {
    let device = device()?;
    let tallies = Tallies::default();
    let mut backends = backends(&device, &tallies);
    let mut is_same = true;
    for path in &args.scene {
        let text = xenia::source::text(path).with_context(|| format!("reading {}", path.display()))?;
        let case = SceneCase::parse(&text).with_context(|| format!("{}", path.display()))?;
        match case.run(&mut backends) {
            Ok(outcome) => outln!("{}: {outcome:?}", path.display()),
            Err(difference) => {
                is_same = false;
                outln!("MISMATCH in {}: {difference}", path.display());
            }
        }
    }
    let errors = device.validation_errors();
    say_errors(errors);
    Ok(if is_same && errors == 0 { Code::Done } else { Code::Mismatch })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_the_graphics_api_are_wrong_as_well() {
        let report = |mismatches, validation_errors| SceneReport {
            scenes: 9,
            mismatches,
            validation_errors,
            ..SceneReport::default()
        };
        assert_eq!([(0, 0), (1, 0), (0, 1)].map(|(m, e)| report(m, e).is_right()), [true, false, false]);
    }
}
