//! `cargo xtask frame-times`: times the frames of titles that draw, and writes the book's page
//! about them.
//!
//! Each title runs headless in lockstep with both backends and in parallel mode with wgpu, with and
//! without readback, in turn: once for a few frames and once for more. The difference of the two
//! runs, divided by the frames between, excludes the start and the compilations of the first
//! frames. CPU time is that of the process's threads, from Linux's /proc; the counters are those of
//! `gpu.wgpu` in the report. Besides, a first start measures how long its worst frame waits for
//! pipelines, and the pictures of both backends are compared.

mod case;
mod figures;
mod page;
mod pictures;
mod plot;
mod threads;

use crate::built;
use crate::files;
use anyhow::{Context, Result, bail};
use case::Case;
use clap::Args;
use figures::{Figures, Purpose, Run};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// The page and its picture.
const PAGE: &str = "docs/src/tables/frame-times.md";
const PICTURE: &str = "docs/src/images/frame-times.svg";

/// Seconds of the frames of a long run with wgpu, and how many times as many as usual it may have
/// for that.
const MIN_SECONDS: f64 = 4.0;
const MAX_TIMES: f64 = 50.0;

/// A way to run a title.
struct Way {
    /// Name on the page and in the file of figures.
    name: &'static str,
    /// Value of `--gpu`.
    backend: &'static str,
    /// Flag of the mode.
    mode: &'static str,
    /// Value of `--readback`, if it is not the default.
    readback: Option<&'static str>,
    /// Heading of the counters' column, after the title's name.
    column: &'static str,
}

impl Way {
    /// Flags of `exec`.
    fn flags(&self) -> Vec<&'static str> {
        let mut flags = vec![self.mode, "--gpu", self.backend];
        flags.extend(self.readback.into_iter().flat_map(|readback| ["--readback", readback]));
        flags
    }
}

/// Ways to run each title, in the order of the page.
const WAYS: [Way; 4] = [
    Way { name: "reference", backend: "reference", mode: "--lockstep", readback: None, column: "" },
    Way { name: "wgpu", backend: "wgpu", mode: "--lockstep", readback: None, column: "lockstep" },
    Way { name: "wgpu, parallel", backend: "wgpu", mode: "--parallel", readback: None, column: "parallel" },
    Way {
        name: "wgpu, no readback",
        backend: "wgpu",
        mode: "--parallel",
        readback: Some("none"),
        column: "no readback",
    },
];

/// Arguments of `cargo xtask frame-times`.
#[derive(Debug, Args)]
pub(crate) struct FrameTimesArgs {
    /// Only titles with these names: demo, dolphin, small, medium, large (default: all; dolphin
    /// needs XENIA_TITLES).
    names: Vec<String>,
    /// Number of runs of each title and backend; the page has the medians.
    #[arg(long, value_name = "N", default_value = "3")]
    runs: usize,
    /// Measure this program, such as an older build, instead of a release build of the tree.
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// Run nothing: write the page from the last figures.
    #[arg(long)]
    no_run: bool,
    /// Write the book's page and its picture.
    #[arg(long)]
    bless: bool,
    /// Write the page into this file, and leave the book's page unchanged.
    #[arg(long, value_name = "FILE", conflicts_with = "bless")]
    page: Option<PathBuf>,
}

/// Measures, and writes the requested outputs.
pub(crate) fn run(args: &FrameTimesArgs) -> Result<()> {
    let folder = built::work_folder("frame-times")?;
    let times = folder.join("times.json");
    let picture = folder.join("times.svg");
    if !args.no_run {
        let figures = measure(args, &folder)?;
        files::write(&times, format!("{figures:#}\n"))?;
        println!("the figures are in {}", times.display());
    }
    let text = files::read_text(&times).context("there are no figures")?;
    let figures: Value = serde_json::from_str(&text)?;
    files::write(&picture, plot::svg(&figures)?)?;
    println!("the picture is {}", picture.display());
    if args.bless || args.page.is_some() {
        let page = args.page.as_deref().unwrap_or(Path::new(PAGE));
        files::write(page, page::page(&figures)?)?;
        println!("{} is written", page.display());
    }
    if args.bless {
        files::copy(&picture, PICTURE)?;
        println!("{PICTURE} is written");
    }
    Ok(())
}

/// Runs the titles, in turn, and returns all figures.
fn measure(args: &FrameTimesArgs, folder: &Path) -> Result<Value> {
    if args.runs == 0 {
        bail!("--runs 0 measures nothing");
    }
    let mut cases = case::all(folder)?;
    cases.retain(|case| args.names.is_empty() || args.names.contains(&case.name));
    if cases.is_empty() {
        bail!("there is nothing to time: no title is called {}", args.names.join(" or "));
    }
    let program = match &args.program {
        Some(program) => program.canonicalize().with_context(|| program.display().to_string())?,
        None => built::released_program()?,
    };
    let mut titles = Vec::new();
    let mut adapter = Value::Null;
    for case in &cases {
        let mut row = json!({ "name": case.name, "settings": case.settings });
        for way in &WAYS {
            match measure_way(&program, folder, case, way, args.runs) {
                Ok(figures) => {
                    if let Some(name) = &figures.adapter {
                        adapter = Value::from(name.as_str());
                    }
                    row[way.name] = figures.to_json();
                }
                Err(why) => println!("not timed: {} with {} ({why:#})", case.name, way.name),
            }
        }
        match pictures::compare(&program, folder, case) {
            Ok(compared) => row["picture"] = compared,
            Err(why) => println!("not compared: the pictures of {} ({why:#})", case.name),
        }
        titles.push(row);
    }
    if titles.iter().all(|row| WAYS.iter().all(|way| row[way.name].is_null())) {
        bail!("no title could be timed");
    }
    let host = figures::host();
    let build = figures::build(&program);
    Ok(json!({ "host": host, "adapter": adapter, "build": build, "runs": args.runs, "titles": titles }))
}

/// The figures of one title that is run one way.
fn measure_way(program: &Path, folder: &Path, case: &Case, way: &Way, runs: usize) -> Result<Figures> {
    let [few, mut many] = case.frames;
    let run_for = |purpose, frames| Run { program, folder, case, way, frames, purpose }.measure();
    let run = |frames| run_for(Purpose::Times, frames);
    let mut first_start_ms = None;
    if way.backend == "wgpu" {
        // Pipelines are kept, so that later runs compile none; the second start fills the driver's
        // cache.
        first_start_ms = run_for(Purpose::FirstStart, many)?.worst_ms_in_pipelines();
        run(few)?;
        // On a fast host the start takes longer than some frames, and its time varies more.
        let seconds = run(many)?.seconds() - run(few)?.seconds();
        many = few + (many - few) * (MIN_SECONDS / seconds.max(0.01)).clamp(1.0, MAX_TIMES) as u64;
    }
    let mut pairs = Vec::new();
    for turn in 1..=runs {
        println!("{} with {}: {turn} of {runs}", case.name, way.name);
        pairs.push((run(few)?, run(many)?));
    }
    let mut figures = Figures::of(&pairs)?;
    figures.first_start_ms = first_start_ms;
    Ok(figures)
}
