//! Golden digests: each file in golden/ names a title and a limit, and holds the digest that the
//! run must end with under every set of engine flags.

use crate::not_run;
use crate::steps::{run_all, target_folder, xenia_rs};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use xenia_testing::{TITLES, Tool};

/// Folder of golden cases.
const GOLDEN: &str = "golden";
/// Titles that are not ours to ship, so that they may be missing.
const THEIRS: &[&str] = &["dolphin"];

/// Compares every golden file with a run, under each set of engine flags.
pub(crate) fn check() -> Result<()> {
    golden(false)
}

/// Rewrites the golden files of our own guest programs.
pub(crate) fn bless() -> Result<()> {
    golden(true)
}

/// Machines of a relay: each starts from the saved state of the previous one.
const RELAY_PARTS: u64 = 3;

/// Engine flags that must all give the same digest.
const ENGINES: &[&[&str]] = &[
    &[],
    &["--interp"],
    &["--gpu-inline"],
    &["--reservations-table", "--warm-up", "4"],
    &["--gpu-inline", "--reservations-table"],
    // Next to nothing of a short run is compiled otherwise; and code turns up at any time.
    &["--warm-up", "4", "--compile", "background"],
    &["--cross-check"],
];

/// A golden file, and the run that it expects.
pub(crate) struct GoldenCase {
    /// The golden file.
    pub(crate) file: PathBuf,
    pub(crate) title: PathBuf,
    /// Flags of the run's end.
    pub(crate) limits: Vec<String>,
    ours: bool,
    /// Number of instructions after which a run is cut.
    relay: u64,
}

/// Ends of names of the event logs: of a whole run, and of a relay.
const WHOLE: &str = "whole";
const RELAY: &str = "relay";

impl GoldenCase {
    /// Path of an event log.
    fn log(&self, of: &str) -> Result<PathBuf> {
        let folder = target_folder().join(GOLDEN);
        std::fs::create_dir_all(&folder)?;
        let stem = self.file.file_stem().context("file name")?.display();
        Ok(folder.join(format!("{stem}.{of}.log")))
    }

    /// Checks that the machines of the relay have written the log of the whole run.
    fn compare_logs(&self) -> Result<()> {
        let [whole, relay] = [self.log(WHOLE)?, self.log(RELAY)?];
        let lines = std::fs::read(&whole).with_context(|| format!("reading {}", whole.display()))?;
        if lines.is_empty() || lines != std::fs::read(&relay)? {
            bail!("{} and {} differ; `xenia-rs diff` says where", whole.display(), relay.display());
        }
        Ok(())
    }
}

/// The title's name in the name of a golden file (without extension), and the path of our own title
/// with that name.
fn own_title(stem: &str) -> Result<(&str, PathBuf)> {
    let (name, _) = stem.rsplit_once('_').with_context(|| format!("{stem}: expected NAME_LIMIT.json"))?;
    Ok((name, PathBuf::from(format!("guest/bin/{name}.xex"))))
}

/// The golden files, in the order of their names.
fn golden_files() -> Result<Vec<PathBuf>> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(GOLDEN)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    Ok(files)
}

/// The golden cases of our own guest programs.
pub(crate) fn our_cases() -> Result<Vec<GoldenCase>> {
    let mut cases = Vec::new();
    for file in golden_files()? {
        let stem = file.file_stem().context("file name")?.to_string_lossy().into_owned();
        if own_title(&stem)?.1.is_file() {
            cases.extend(golden_case(&file)?);
        }
    }
    Ok(cases)
}

/// `golden/NAME_LIMIT.json` is about `guest/bin/NAME.xex`, or `NAME/NAME.xex` in XENIA_TITLES; the
/// limits are in the file. `None` where the title is missing.
fn golden_case(file: &Path) -> Result<Option<GoldenCase>> {
    let stem = file.file_stem().context("file name")?.to_string_lossy().into_owned();
    let (name, ours) = own_title(&stem)?;
    let titles = std::env::var_os(TITLES).map(PathBuf::from);
    let theirs = titles.map(|folder| folder.join(name).join(format!("{name}.xex")));
    let Some(title) = [Some(ours.clone()), theirs].into_iter().flatten().find(|path| path.is_file()) else {
        let why = format!("no {name} in guest/bin or {TITLES}");
        if !THEIRS.contains(&name) {
            bail!("{}: {why}", file.display());
        }
        not_run::write_down(&file.display().to_string(), Tool::Titles, &why)?;
        return Ok(None);
    };
    let text = std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    let golden: serde_json::Value = serde_json::from_str(&text)?;
    let mut limits = Vec::new();
    for (key, flag) in [("limit_instructions", "-n"), ("limit_frames", "--frames")] {
        if let Some(limit) = golden[key].as_u64() {
            limits.extend([flag.to_owned(), limit.to_string()]);
        }
    }
    let relay = golden["instructions"].as_u64().unwrap_or_default() / RELAY_PARTS + 1;
    Ok(Some(GoldenCase { file: file.to_owned(), ours: title == ours, title, limits, relay }))
}

/// Runs every golden case with every set of engine flags; or rewrites those of our own programs.
fn golden(bless: bool) -> Result<()> {
    let mut runs = Vec::new();
    let mut relayed = Vec::new();
    for file in golden_files()? {
        let Some(case) = golden_case(&file)? else { continue };
        if bless && !case.ours {
            continue;
        }
        for engine in if bless { &ENGINES[..1] } else { ENGINES } {
            let mut command = xenia_rs()?;
            command.arg("check").arg(&case.title).args(&case.limits);
            command.arg("--expect").arg(&case.file);
            command.args(*engine);
            if bless {
                command.arg("--bless");
            } else if engine.is_empty() {
                command.arg("--event-log").arg(case.log(WHOLE)?);
            }
            runs.push(command);
        }
        if !bless {
            let mut command = xenia_rs()?;
            command.arg("check").arg(&case.title).args(&case.limits);
            command.arg("--expect").arg(&case.file).args(["--relay", &case.relay.to_string()]);
            command.arg("--event-log").arg(case.log(RELAY)?);
            runs.push(command);
            relayed.push(case);
        }
    }
    let checked = runs.len();
    if checked == 0 {
        bail!("no golden file was checked");
    }
    run_all(runs)?;
    for case in &relayed {
        case.compare_logs()?;
    }
    println!("{checked} golden runs");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_golden_file_whose_title_is_not_there_is_wrong() {
        let why = golden_case(Path::new("golden/no-such-title_n1k.json")).err().map(|why| why.to_string());
        assert!(why.unwrap().contains("no no-such-title in guest/bin"));
    }
}
