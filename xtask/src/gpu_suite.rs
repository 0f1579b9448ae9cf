//! The GPU suite: guest/gpu-suite shows one small picture per feature of the graphics chip, and each is compared,
//! pixel by pixel, with the formula in golden/gpu-suite/NAME/expect.toml.
//!
//! The title runs once and is recorded as a GPU trace; each backend plays the trace. docs/generated/gpu_features.md
//! says what came out, and is compared too, so that a scene that begins to fail, or to pass, is noticed.

mod formula;
mod picture;
mod scene;

use crate::steps::{program, run, target_folder};
use anyhow::{Context, Result, bail};
use clap::Args;
use picture::Picture;
use scene::Scene;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The title.
const TITLE: &str = "guest/bin/gpu-suite.xex";
/// Its scenes in their order, a line `SCENE(name)` each.
const ORDER: &str = "guest/gpu-suite/scenes.inc";
/// A folder for each scene.
const GOLDEN: &str = "golden/gpu-suite";
/// Width and height of every picture, as guest/gpu-suite/scene.h has it.
const SIDE: u32 = 128;
/// What the formula's own picture is called there.
const PICTURE: &str = "picture.png";
/// The table.
const TABLE: &str = "docs/generated/gpu_features.md";
/// Backends, as `xenia-rs trace play --gpu` calls them.
const BACKENDS: &[&str] = &["reference"];

/// `cargo xtask gpu-suite`.
#[derive(Debug, Default, Args)]
pub(crate) struct SuiteArgs {
    /// Only this backend; the table is then neither compared nor written.
    #[arg(long, value_name = "NAME")]
    gpu: Option<String>,
    /// Only scenes whose name contains this; the table is then neither compared nor written.
    #[arg(long, value_name = "PART")]
    only: Option<String>,
    /// Another title than the one in guest/bin.
    #[arg(long, value_name = "FILE")]
    title: Option<PathBuf>,
    /// Write the table and the formulas' pictures.
    #[arg(long)]
    bless: bool,
}

/// What a backend made of the scenes: `None`, or what is wrong.
type Verdicts = BTreeMap<String, Option<String>>;

/// Runs the suite.
pub(crate) fn suite(args: &SuiteArgs) -> Result<()> {
    let scenes = read_scenes()?;
    let work = target_folder().join("gpu-suite");
    std::fs::create_dir_all(&work)?;
    let trace = work.join("suite.trace");
    let title = args.title.as_deref().unwrap_or(Path::new(TITLE));
    run(Command::new(program()?)
        .args(["trace", "record"])
        .arg(title)
        .args(["--frames", &scenes.len().to_string(), "-o"])
        .arg(&trace))?;
    let backends = args.gpu.as_deref().map_or_else(|| BACKENDS.to_vec(), |name| vec![name]);
    for name in &backends {
        play(name, &trace, &work.join(name))?;
    }
    let mut verdicts: Vec<(&str, Verdicts)> =
        backends.into_iter().map(|name| (name, Verdicts::new())).collect();
    for (number, scene) in scenes.iter().enumerate() {
        if args.only.as_ref().is_some_and(|only| !scene.name.contains(only.as_str())) {
            continue;
        }
        let expected = scene.expected(SIDE, SIDE)?;
        check_picture(&scene.name, &expected.picture(), args.bless)?;
        for (name, verdicts) in &mut verdicts {
            let shown = work.join(*name).join(format!("frame{:06}.png", number + 1));
            let verdict = expected.judge(&Picture::read(&shown)?);
            if let Some(wrong) = &verdict {
                println!("{name}: {}: {wrong}; see {}", scene.name, shown.display());
            }
            verdicts.insert(scene.name.clone(), verdict);
        }
    }
    for (name, verdicts) in &verdicts {
        let wrong = verdicts.values().flatten().count();
        println!("{name}: {} scenes pass, {wrong} fail", verdicts.len() - wrong);
    }
    if args.gpu.is_some() || args.only.is_some() {
        let wrong: usize = verdicts.iter().map(|(_, verdict)| verdict.values().flatten().count()).sum();
        return if wrong == 0 { Ok(()) } else { bail!("{wrong} pictures are wrong") };
    }
    compare(Path::new(TABLE), &table(&scenes, &verdicts), args.bless)
}

/// The scenes in their order; a scene without a folder, or a folder without a scene, is an error.
fn read_scenes() -> Result<Vec<Scene>> {
    let order = std::fs::read_to_string(ORDER).with_context(|| format!("reading {ORDER}"))?;
    let names: Vec<&str> = order
        .lines()
        .filter_map(|line| line.strip_prefix("SCENE(").and_then(|rest| rest.strip_suffix(')')))
        .collect();
    for entry in std::fs::read_dir(GOLDEN).with_context(|| format!("listing {GOLDEN}"))? {
        let name = entry?.file_name();
        if !names.iter().any(|other| name == *other) {
            bail!("{GOLDEN}/{} belongs to no scene of {ORDER}", name.display());
        }
    }
    names.iter().map(|name| Scene::read(Path::new(GOLDEN), name)).collect()
}

/// Plays the trace on a backend into a folder.
fn play(backend: &str, trace: &Path, out: &Path) -> Result<()> {
    if out.exists() {
        std::fs::remove_dir_all(out)?;
    }
    let json = out.with_extension("json");
    let mut command = Command::new(program()?);
    command.args(["trace", "play", "--gpu", backend, "--dump-frames"]).arg(out).arg(trace);
    run(command.arg("--json").arg(&json))?;
    let report: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&json)?)?;
    if let Some(problems) = report["problems"].as_object().filter(|problems| !problems.is_empty()) {
        println!("{backend} reports problems: {problems:?}");
    }
    Ok(())
}

/// The picture beside a scene's formula is the formula's.
fn check_picture(scene: &str, described: &Picture, bless: bool) -> Result<()> {
    let path = Path::new(GOLDEN).join(scene).join(PICTURE);
    if bless {
        return described.write(&path);
    }
    if Picture::read(&path)? != *described {
        bail!(
            "{} is not what the formula beside it describes; `cargo xtask gpu-suite --bless` writes it",
            path.display()
        );
    }
    Ok(())
}

/// The table feature × backend.
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
                let passed = verdict.get(&scene.name).is_some_and(Option::is_none);
                out.push_str(if passed { " passes |" } else { " fails |" });
            }
            out.push('\n');
        }
    }
    out
}

/// Compares a generated file with what it should be, or writes it.
fn compare(path: &Path, wanted: &str, bless: bool) -> Result<()> {
    let shown = path.display();
    if bless {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        return std::fs::write(path, wanted).with_context(|| format!("writing {shown}"));
    }
    let found = std::fs::read_to_string(path).with_context(|| format!("reading {shown}"))?;
    for (found, wanted) in found.lines().zip(wanted.lines()) {
        if found != wanted {
            println!("{shown}: {found}\n  should be: {wanted}");
        }
    }
    if found != wanted {
        bail!("{shown} is not what came out; `cargo xtask gpu-suite --bless` writes it");
    }
    Ok(())
}
