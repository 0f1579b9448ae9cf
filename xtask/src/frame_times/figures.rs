//! Runs of a title, and the figures of a frame that follow from them.

use super::Way;
use super::case::Case;
use super::threads::Sampled;
use crate::commands::spawn;
use crate::files;
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};
use xenia_testing::hermetic;

/// Interval between samples of a process's threads.
const SAMPLE_INTERVAL: Duration = Duration::from_millis(5);
/// Seconds after which a run is given up.
const TIMEOUT: &str = "1200";
/// Variables that disable the pipeline caches of Mesa and of NVIDIA's driver.
const NO_DRIVER_CACHES: [(&str, &str); 2] =
    [("MESA_SHADER_CACHE_DISABLE", "true"), ("__GL_SHADER_DISK_CACHE", "0")];

/// The purpose of a run.
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose<'a> {
    /// To wait for pipelines: neither our cache nor the driver's has any.
    FirstStart,
    /// To take the times of frames.
    Times,
    /// To write the last frame to a file.
    Picture(&'a Path),
}

/// A run to be made.
pub(super) struct Run<'a> {
    pub(super) program: &'a Path,
    pub(super) folder: &'a Path,
    pub(super) case: &'a Case,
    pub(super) way: &'a Way,
    pub(super) frames: u64,
    pub(super) purpose: Purpose<'a>,
}

/// A run that was made.
pub(super) struct Measured {
    frames: u64,
    wall: f64,
    threads: BTreeMap<String, f64>,
    report: Value,
}

impl Measured {
    /// Seconds of the whole run.
    pub(super) fn seconds(&self) -> f64 {
        self.wall
    }

    /// Milliseconds that the worst frame waited for pipelines.
    pub(super) fn worst_ms_in_pipelines(&self) -> Option<f64> {
        self.report["gpu"]["wgpu"]["most_in_a_frame"]["ms_in_pipelines"].as_f64()
    }
}

impl Run<'_> {
    /// Runs the title to its last frame.
    pub(super) fn measure(&self) -> Result<Measured> {
        let json = self.folder.join("run.json");
        let cache = self.folder.join("cache");
        let messages = self.folder.join("said.txt");
        files::remove(&json)?;
        let mut command = hermetic(self.program);
        command.arg("exec").arg(&self.case.title).args(["--headless", "--fresh"]).args(self.way.flags());
        command.args(["--frames", &self.frames.to_string(), "--timeout", TIMEOUT]);
        match self.purpose {
            Purpose::Times => {}
            Purpose::FirstStart => {
                files::remove_folder(&cache)?;
                command.envs(NO_DRIVER_CACHES);
            }
            Purpose::Picture(file) => {
                command.arg("--last-frame").arg(file);
            }
        }
        command.arg("--cache").arg(cache).arg("--json").arg(&json);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(std::fs::File::create(&messages)?);
        let start = Instant::now();
        let mut child = spawn(&mut command)?;
        let process = Path::new("/proc").join(child.id().to_string());
        let mut sampled = Sampled::default();
        let status = loop {
            sampled.sample(&process);
            if let Some(status) = child.try_wait()? {
                break status;
            }
            std::thread::sleep(SAMPLE_INTERVAL);
        };
        let wall = start.elapsed().as_secs_f64();
        let text = std::fs::read_to_string(&json).unwrap_or_default();
        let report: Value = serde_json::from_str(&text).unwrap_or_default();
        if report["exit"] != "frames" {
            let messages = std::fs::read_to_string(&messages).unwrap_or_default();
            bail!("it ended with {status}: {}", messages.lines().last().unwrap_or("nothing was said"));
        }
        Ok(Measured { frames: self.frames, wall, threads: sampled.seconds(), report })
    }
}

/// Figures of a frame.
#[derive(Debug, Default)]
pub(super) struct Figures {
    /// The host's adapter, if the backend has one.
    pub(super) adapter: Option<String>,
    /// Seconds of a frame.
    wall: f64,
    /// CPU seconds of a frame, by thread.
    threads: BTreeMap<String, f64>,
    /// Draws of a frame.
    draws: f64,
    /// Counters of the wgpu backend, of a frame.
    counters: BTreeMap<String, f64>,
    /// Milliseconds that the worst frame of a first start waited for pipelines.
    pub(super) first_start_ms: Option<f64>,
}

impl Figures {
    /// The medians of pairs of a short and a long run.
    pub(super) fn of(pairs: &[(Measured, Measured)]) -> Result<Self> {
        let each: Vec<Self> = pairs.iter().map(|(few, many)| Self::between(few, many)).collect();
        let first = each.first().context("no run was made")?;
        let names = |of: fn(&Self) -> &BTreeMap<String, f64>| -> Vec<String> {
            let mut names: Vec<_> = each.iter().flat_map(|one| of(one).keys().cloned()).collect();
            names.sort();
            names.dedup();
            names
        };
        let by_name = |of: fn(&Self) -> &BTreeMap<String, f64>| {
            let middle =
                |name: &str| median(each.iter().map(|one| of(one).get(name).copied().unwrap_or(0.0)));
            names(of).into_iter().map(|name| (name.clone(), middle(&name))).collect()
        };
        Ok(Self {
            adapter: first.adapter.clone(),
            wall: median(each.iter().map(|one| one.wall)),
            threads: by_name(|one| &one.threads),
            draws: median(each.iter().map(|one| one.draws)),
            counters: by_name(|one| &one.counters),
            first_start_ms: None,
        })
    }

    /// The difference of two runs, for one frame.
    fn between(few: &Measured, many: &Measured) -> Self {
        let frames = (many.frames - few.frames).max(1) as f64;
        let number = |run: &Measured, name: &str| run.report["gpu"][name].as_f64().unwrap_or(0.0);
        let none = serde_json::Map::new();
        let totals = |run: &'_ Measured| run.report["gpu"]["wgpu"]["total"].clone();
        let before = totals(few);
        let after = totals(many);
        let counters = after.as_object().unwrap_or(&none).iter().map(|(name, value)| {
            let [from, to] = [&before[name.as_str()], value].map(|value| value.as_f64().unwrap_or(0.0));
            (name.clone(), ((to - from) / frames).max(0.0))
        });
        let seconds = |name: &String| few.threads.get(name).copied().unwrap_or(0.0);
        let threads =
            many.threads.iter().map(|(name, s)| (name.clone(), (s - seconds(name)).max(0.0) / frames));
        Self {
            adapter: many.report["gpu"]["adapter"].as_str().map(str::to_owned),
            wall: (many.wall - few.wall) / frames,
            threads: threads.collect(),
            draws: (number(many, "draws") - number(few, "draws")) / frames,
            counters: counters.collect(),
            first_start_ms: None,
        }
    }

    /// As an object of the file of figures.
    pub(super) fn to_json(&self) -> Value {
        json!({
            "wall_s": self.wall,
            "threads_s": self.threads,
            "draws": self.draws,
            "counters": self.counters,
            "first_start_ms": self.first_start_ms,
        })
    }
}

/// The median; of an even number, the lower one of the two in the middle.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len().saturating_sub(1) / 2).copied().unwrap_or(0.0)
}

/// Name and number of the host's processors.
pub(super) fn host() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    format!("{}, {cores} cores", name.map_or("an unknown processor", |(_, name)| name))
}

/// The kind of build that a program is, by the folder that cargo gives it.
pub(super) fn build(program: &Path) -> &'static str {
    match program.parent().and_then(Path::file_name).and_then(|folder| folder.to_str()) {
        Some("release") => "a release build",
        Some("debug") => "a development build (CPU times are several times those of a release)",
        _ => "a build from elsewhere",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(frames: u64, wall: f64, draws: u64, waits: u64) -> Measured {
        let threads = BTreeMap::from([("draws".to_owned(), wall / 2.0)]);
        let most = json!({ "ms_in_pipelines": 12.5 });
        let wgpu = json!({ "total": { "waits": waits }, "most_in_a_frame": most });
        let report = json!({ "gpu": { "adapter": "a", "draws": draws, "wgpu": wgpu } });
        Measured { frames, wall, threads, report }
    }

    #[test]
    fn a_frame_is_the_difference_without_the_start() {
        let pairs =
            [(run(2, 10.0, 20, 5), run(4, 12.0, 40, 11)), (run(2, 10.0, 20, 5), run(4, 16.0, 40, 11))];
        let figures = Figures::of(&pairs).unwrap();
        assert_eq!((figures.wall, figures.draws, figures.counters["waits"]), (1.0, 10.0, 3.0));
        assert_eq!((figures.threads["draws"], figures.adapter.as_deref()), (0.5, Some("a")));
        assert!(Figures::of(&[]).is_err());
        assert_eq!(pairs[0].0.worst_ms_in_pipelines(), Some(12.5));
    }

    #[test]
    fn a_build_is_recognized_by_its_folder() {
        assert_eq!(build(Path::new("target/release/xenia-rs")), "a release build");
        assert!(build(Path::new("target/debug/xenia-rs")).starts_with("a development build"));
        assert_eq!(build(Path::new("xenia-rs")), "a build from elsewhere");
    }

    #[test]
    fn medians_are_in_the_middle() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), 2.0);
        assert_eq!(median([2.0, 1.0].into_iter()), 1.0);
        assert_eq!(median(std::iter::empty()), 0.0);
    }
}
