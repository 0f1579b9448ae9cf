//! The GPU suite: guest/gpu-suite renders one small picture per feature of the GPU, and each is
//! compared, pixel by pixel, with the formula in golden/gpu-suite/NAME/expect.toml.
//!
//! The title runs once and is recorded as a GPU trace; each backend plays the trace. The results
//! are compared with docs/generated/gpu_features.md, so that a scene that begins to fail, or to
//! pass, is noticed.

mod formula;
pub(crate) mod picture;
mod scene;

use crate::built::{work_folder, xenia_rs};
use crate::commands::{self, on_threads, results_or_failures, run};
use crate::files;
use crate::{generated, not_run};
use anyhow::{Context, Result, bail};
use clap::Args;
use picture::RgbPicture;
use scene::{DrawnBy, Scene};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use xenia_testing::Tool;

/// The suite's title.
const TITLE: &str = "guest/bin/gpu-suite.xex";
/// The list of scenes in order, one line `SCENE(name)` each.
const ORDER: &str = "guest/gpu-suite/scenes.inc";
/// Parent of the scenes' folders.
const GOLDEN: &str = "golden/gpu-suite";
/// Width and height of every picture, as in guest/gpu-suite/scene.h.
const SIDE: u32 = 128;
/// File name of the picture rendered from the formula.
const PICTURE: &str = "picture.png";
/// The table of results.
pub(crate) const TABLE: &str = "docs/generated/gpu_features.md";
/// Backends, by their names for `xenia-rs trace play --gpu`.
const BACKENDS: &[&str] = &["reference", DEVICE_BACKEND];
/// The backend that draws with the host's device.
const DEVICE_BACKEND: &str = "wgpu";
/// The software Vulkan driver. If it is installed, the table is about it.
pub(crate) const DRIVER: &str = "/usr/share/vulkan/icd.d/lvp_icd.x86_64.json";
/// Setting under which that driver compiles shaders without optimizing them: for pictures as small
/// as those of tests, that takes longer than drawing them.
pub(crate) const QUICK_SHADERS: (&str, &str) = ("GALLIVM_PERF", "nopt");
/// Setting under which that driver draws on one thread: by default each device has one for each
/// processor, and to share a small picture among them takes longer than to draw it.
pub(crate) const ONE_DRAW_THREAD: (&str, &str) = ("LP_NUM_THREADS", "1");
/// Reasons for which scenes on that driver are drawn by the reference instead, so that they show
/// nothing about the device.
const LEFT_TO_THE_REFERENCE: [&str; 3] = [
    "two constant biases for the two faces",
    "two stencil references or masks for the two faces",
    "the minimum or maximum of products",
];
/// The program's message if the host has no device for a backend.
pub(crate) const NO_DEVICE: &str = "can't be used";

/// Arguments of `cargo xtask gpu-suite`.
#[derive(Debug, Default, Args)]
pub(crate) struct GpuSuiteArgs {
    /// Run only this backend; the table is then neither compared nor written.
    #[arg(long, value_name = "NAME")]
    gpu: Option<String>,
    /// Run only scenes whose name contains this text; the table is then neither compared nor
    /// written.
    #[arg(long, value_name = "PART")]
    only: Option<String>,
    /// A title to run instead of the one in guest/bin.
    #[arg(long, value_name = "FILE")]
    title: Option<PathBuf>,
    /// Write the table and the formulas' pictures.
    #[arg(long)]
    bless: bool,
}

/// Whether a backend's picture is right, by scene name.
type Verdicts = BTreeMap<String, bool>;

/// Runs the GPU suite.
pub(crate) fn suite(args: &GpuSuiteArgs) -> Result<()> {
    let scenes = read_scenes()?;
    let work = work_folder("gpu-suite")?;
    let trace = work.join("suite.trace");
    let title = args.title.as_deref().unwrap_or(Path::new(TITLE));
    run(xenia_rs()?
        .args(["trace", "record"])
        .arg(title)
        .args(["--frames", &scenes.len().to_string(), "-o"])
        .arg(&trace))?;
    let backends = args.gpu.as_deref().map_or_else(|| BACKENDS.to_vec(), |name| vec![name]);
    let mut played: Vec<(&str, Verdicts)> = Vec::new();
    // Results of backends that the host does not have are taken from the table.
    let mut kept: Vec<(&str, Verdicts)> = Vec::new();
    for name in backends {
        if play(name, &trace, &work.join(name))? {
            played.push((name, Verdicts::new()));
        } else if args.gpu.is_some() || Tool::Vulkan.row().find().is_ok() {
            bail!("{name} {NO_DEVICE}");
        } else {
            not_run::write_down(&format!("gpu suite on {name}"), Tool::Vulkan, "no device")?;
            kept.push((name, recorded(&files::read_text(TABLE)?, name)));
        }
    }
    let chosen: Vec<(usize, &Scene)> = scenes
        .iter()
        .enumerate()
        .filter(|(_, scene)| args.only.as_ref().is_none_or(|only| scene.name.contains(only.as_str())))
        .collect();
    let folders: Vec<(&str, PathBuf)> = played.iter().map(|(name, _)| (*name, work.join(name))).collect();
    for (scene, passes) in judge_all(&chosen, &folders, args.bless)? {
        for ((_, verdicts), passes) in played.iter_mut().zip(passes) {
            verdicts.insert(scene.clone(), passes);
        }
    }
    let wrong = |verdicts: &Verdicts| verdicts.values().filter(|passes| !**passes).count();
    for (name, verdicts) in &played {
        println!("{name}: {} scenes pass, {} fail", verdicts.len() - wrong(verdicts), wrong(verdicts));
    }
    if args.gpu.is_some() || args.only.is_some() {
        let wrong: usize = played.iter().map(|(_, verdicts)| wrong(verdicts)).sum();
        return if wrong == 0 { Ok(()) } else { bail!("{wrong} pictures are wrong") };
    }
    let columns: Vec<(&str, Verdicts)> = played.into_iter().chain(kept).collect();
    let table = table(&scenes, &columns);
    if args.bless {
        generated::write(Path::new(TABLE), &table)
    } else {
        generated::compare(Path::new(TABLE), &table, "cargo xtask gpu-suite --bless")
    }
}

/// Judges each scene's picture of each backend, on all processors: evaluating the formulas takes
/// most of the suite's time. Returns the scenes' names with a verdict for each backend. A scene
/// that can't be judged does not keep the others from it; the error lists all.
fn judge_all(
    scenes: &[(usize, &Scene)],
    backends: &[(&str, PathBuf)],
    bless: bool,
) -> Result<Vec<(String, Vec<bool>)>> {
    let workers = std::thread::available_parallelism()?.get();
    let judged = on_threads(workers, scenes.iter(), |&(number, scene)| {
        Ok(judge(number, scene, backends, bless).with_context(|| scene.name.clone()))
    })?;
    results_or_failures(judged)
}

/// Judges the pictures of one scene, given with its number from 0; prints those that are wrong.
fn judge(
    number: usize,
    scene: &Scene,
    backends: &[(&str, PathBuf)],
    bless: bool,
) -> Result<(String, Vec<bool>)> {
    let expected = scene.expected(SIDE, SIDE)?;
    check_picture(&scene.name, &expected.picture(), bless)?;
    let mut passes = Vec::new();
    for (name, folder) in backends {
        let path = folder.join(format!("frame{:06}.png", number + 1));
        let drawn_by = if *name == DEVICE_BACKEND { DrawnBy::Device } else { DrawnBy::Software };
        let verdict = expected.judge(&RgbPicture::read(&path)?, drawn_by);
        if let Some(wrong) = &verdict {
            println!("{name}: {}: {wrong}; see {}", scene.name, path.display());
        }
        passes.push(verdict.is_none());
    }
    Ok((scene.name.clone(), passes))
}

/// The scenes in order; a scene without a folder, or a folder without a scene, is an error.
fn read_scenes() -> Result<Vec<Scene>> {
    let order = files::read_text(ORDER)?;
    let names: Vec<&str> = order
        .lines()
        .filter_map(|line| line.strip_prefix("SCENE(").and_then(|rest| rest.strip_suffix(')')))
        .collect();
    for folder in files::list(GOLDEN)? {
        if !names.iter().any(|name| folder.ends_with(name)) {
            bail!("{} belongs to no scene of {ORDER}", folder.display());
        }
    }
    names.iter().map(|name| Scene::read(Path::new(GOLDEN), name)).collect()
}

/// Plays the trace on a backend into a folder; false if the host has no device for it.
fn play(backend: &str, trace: &Path, out: &Path) -> Result<bool> {
    files::remove_folder(out)?;
    let json = out.with_extension("json");
    let mut command = xenia_rs()?;
    command.args(["trace", "play", "--gpu", backend, "--dump-frames"]).arg(out).arg(trace);
    command.arg("--json").arg(&json);
    let is_on_driver = Path::new(DRIVER).exists();
    if is_on_driver {
        command.envs([("VK_DRIVER_FILES", DRIVER), QUICK_SHADERS]);
    }
    let output = commands::output(&mut command)?;
    let messages = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        if messages.contains(NO_DEVICE) {
            return Ok(false);
        }
        bail!("{command:?} ended with {}:\n{messages}", output.status);
    }
    let report: serde_json::Value = serde_json::from_str(&files::read_text(&json)?)?;
    if let Some(problems) = report["problems"].as_object().filter(|problems| !problems.is_empty()) {
        println!("{backend} reports problems: {problems:?}");
    }
    let errors = api_errors(&report)?;
    if errors > 0 {
        bail!("{backend}: {errors} errors of the graphics API, each a bug of the backend");
    }
    if is_on_driver && let Some(reason) = unknown_fallback(&report)? {
        bail!("{backend} leaves draws to the reference: {reason}");
    }
    Ok(true)
}

/// The wgpu backend's work in a report; `None` if another backend played.
fn work(report: &serde_json::Value) -> Result<Option<&serde_json::Value>> {
    let work = report.get("wgpu").context("the report has no `wgpu`")?;
    Ok((!work.is_null()).then_some(work))
}

/// Number of errors that the graphics API reported.
fn api_errors(report: &serde_json::Value) -> Result<u64> {
    let Some(work) = work(report)? else { return Ok(0) };
    work["total"]["validation_errors"].as_u64().context("the report has no number of `validation_errors`")
}

/// A reason, other than the known ones, for which draws were left to the reference.
fn unknown_fallback(report: &serde_json::Value) -> Result<Option<&str>> {
    let Some(work) = work(report)? else { return Ok(None) };
    let reasons = work["fallbacks"].as_object().context("the report has no `fallbacks`")?;
    Ok(reasons.keys().map(String::as_str).find(|reason| !LEFT_TO_THE_REFERENCE.contains(reason)))
}

/// Compares the picture beside a scene's formula with the formula, or writes it.
fn check_picture(scene: &str, described: &RgbPicture, bless: bool) -> Result<()> {
    let path = Path::new(GOLDEN).join(scene).join(PICTURE);
    if bless {
        return described.write(&path);
    }
    if RgbPicture::read(&path)? != *described {
        bail!(
            "{} is not what the formula beside it describes; `cargo xtask gpu-suite --bless` writes it",
            path.display()
        );
    }
    Ok(())
}

/// The table of features by backends.
fn table(scenes: &[Scene], verdicts: &[(&str, Verdicts)]) -> String {
    let mut out = String::from("<!-- Written by `cargo xtask gpu-suite --bless`. -->\n## What passes\n");
    let mut areas: Vec<&str> = Vec::new();
    for scene in scenes {
        if !areas.contains(&scene.area.as_str()) {
            areas.push(&scene.area);
        }
    }
    for area in areas {
        let names: Vec<&str> = verdicts.iter().map(|(name, _)| *name).collect();
        let _ = write!(out, "\n### {area}\n\n| feature | scene | {} |\n|---|---|", names.join(" | "));
        out.push_str(&"---|".repeat(names.len()));
        out.push('\n');
        for scene in scenes.iter().filter(|scene| scene.area == area) {
            let _ = write!(out, "| {} | {} |", scene.feature, scene.name);
            for (_, verdict) in verdicts {
                let passes = verdict.get(&scene.name).is_some_and(|passes| *passes);
                out.push_str(if passes { PASSES } else { " fails |" });
            }
            out.push('\n');
        }
    }
    out
}

/// The table's cell for a correct picture.
const PASSES: &str = " passes |";

/// The column of a backend, from a table.
fn recorded(table: &str, backend: &str) -> Verdicts {
    let mut column = None;
    let mut out = Verdicts::new();
    for line in table.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, first, scene, ..] = cells[..] else { continue };
        if first == "feature" {
            column = cells.iter().position(|cell| *cell == backend);
        } else if let Some(cell) = column.and_then(|column| cells.get(column)) {
            out.insert(scene.to_owned(), *cell == "passes");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recorded_results_are_read_from_the_table() {
        let table = "## Lines\n\n| feature | scene | reference | wgpu |\n|---|---|---|---|\n\
                     | one | first | passes | fails |\n| two | second | fails | passes |\n";
        let found = recorded(table, "wgpu");
        assert_eq!([found["first"], found["second"]], [false, true]);
        assert_eq!(recorded(table, "other").len(), 0);
    }

    #[test]
    fn only_known_reasons_leave_draws_to_the_reference() {
        let report = |reason: &str| serde_json::json!({ "wgpu": { "fallbacks": { reason: 2 } } });
        assert_eq!(unknown_fallback(&report(LEFT_TO_THE_REFERENCE[0])).unwrap(), None);
        assert_eq!(unknown_fallback(&report("no vertex fetch")).unwrap(), Some("no vertex fetch"));
        assert_eq!(unknown_fallback(&serde_json::json!({ "wgpu": null })).unwrap(), None);
        assert!(unknown_fallback(&serde_json::json!({ "wgpu": {} })).is_err());
    }

    #[test]
    fn errors_of_the_graphics_api_are_found() {
        let report =
            |errors: u64| serde_json::json!({ "wgpu": { "total": { "validation_errors": errors } } });
        assert_eq!([0, 3].map(|errors| api_errors(&report(errors)).unwrap()), [0, 3]);
        assert_eq!(api_errors(&serde_json::json!({ "wgpu": null })).unwrap(), 0);
        for renamed in [serde_json::json!({}), serde_json::json!({ "wgpu": { "total": {} } })] {
            assert!(api_errors(&renamed).is_err(), "{renamed}");
        }
    }
}
