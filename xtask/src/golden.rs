//! Golden digests: each file in golden/ names a title and a limit, and holds the digest that the
//! run must end with under every set of engine flags.

use crate::built::{work_folder, xenia_rs};
use crate::commands::run_all;
use crate::files;
use crate::not_run;
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use xenia_testing::{TITLES, Tool};

/// Folder of golden cases.
const GOLDEN: &str = "golden";
/// Titles that are not ours to ship, so that they may be missing.
const THEIRS: &[&str] = &["dolphin"];

/// Selection of golden runs.
#[derive(Clone, Copy)]
enum Selection {
    /// One run of every case, and all runs of the longest case of each title.
    Usual,
    /// All runs of the other cases.
    Shorter,
    /// A run of each case of our own guest programs, which rewrites its file.
    Bless,
}

/// Compares every golden file with a run, and the longest of each title with runs under each set of
/// engine flags. A lockstep run is the beginning of each longer one of its title.
pub(crate) fn check() -> Result<()> {
    golden(Selection::Usual)
}

/// Compares the golden files that are not their title's longest with runs under each set of engine
/// flags.
pub(crate) fn check_shorter() -> Result<()> {
    golden(Selection::Shorter)
}

/// Rewrites the golden files of our own guest programs.
pub(crate) fn bless() -> Result<()> {
    golden(Selection::Bless)
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
    is_own: bool,
    /// Number of instructions of the run.
    instructions: u64,
}

/// Ends of names of the event logs: of a whole run, and of a relay.
const WHOLE: &str = "whole";
const RELAY: &str = "relay";

impl GoldenCase {
    /// Number of instructions after which a run is cut.
    fn relay(&self) -> u64 {
        self.instructions / RELAY_PARTS + 1
    }

    /// Path of an event log.
    fn log(&self, of: &str) -> Result<PathBuf> {
        let folder = work_folder(GOLDEN)?;
        let stem = self.file.file_stem().context("file name")?.display();
        Ok(folder.join(format!("{stem}.{of}.log")))
    }

    /// Checks that the machines of the relay have written the log of the whole run.
    fn compare_logs(&self) -> Result<()> {
        let [whole, relay] = [self.log(WHOLE)?, self.log(RELAY)?];
        let lines = files::read(&whole)?;
        if lines.is_empty() || lines != files::read(&relay)? {
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
    let mut golden = files::list(GOLDEN)?;
    golden.retain(|file| files::has_ending(file, &["json"]));
    Ok(golden)
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
    let (name, own) = own_title(&stem)?;
    let titles = std::env::var_os(TITLES).map(PathBuf::from);
    let other = titles.map(|folder| folder.join(name).join(format!("{name}.xex")));
    let Some(title) = [Some(own.clone()), other].into_iter().flatten().find(|path| path.is_file()) else {
        let why = format!("no {name} in guest/bin or {TITLES}");
        if !THEIRS.contains(&name) {
            bail!("{}: {why}", file.display());
        }
        not_run::write_down(&file.display().to_string(), Tool::Titles, &why)?;
        return Ok(None);
    };
    let text = files::read_text(file)?;
    let golden: serde_json::Value = serde_json::from_str(&text)?;
    let mut limits = Vec::new();
    for (key, flag) in [("limit_instructions", "-n"), ("limit_frames", "--frames")] {
        if let Some(limit) = golden[key].as_u64() {
            limits.extend([flag.to_owned(), limit.to_string()]);
        }
    }
    let instructions = golden["instructions"].as_u64().unwrap_or_default();
    Ok(Some(GoldenCase { file: file.to_owned(), is_own: title == own, title, limits, instructions }))
}

/// Number of instructions of the longest case of each title.
fn longest(cases: &[GoldenCase]) -> BTreeMap<PathBuf, u64> {
    let mut longest = BTreeMap::<_, u64>::new();
    for case in cases {
        let most = longest.entry(case.title.clone()).or_default();
        *most = case.instructions.max(*most);
    }
    longest
}

/// Runs the selected golden cases, or rewrites their files.
fn golden(selection: Selection) -> Result<()> {
    let mut cases = Vec::new();
    for file in golden_files()? {
        cases.extend(golden_case(&file)?);
    }
    let longest = longest(&cases);
    let mut runs = Vec::new();
    let mut relayed = Vec::new();
    for case in cases {
        let is_longest = longest.get(&case.title) == Some(&case.instructions);
        let (is_selected, has_all_runs) = match selection {
            Selection::Usual => (true, is_longest),
            Selection::Shorter => (!is_longest, true),
            Selection::Bless => (case.is_own, false),
        };
        if !is_selected {
            continue;
        }
        for engine in if has_all_runs { ENGINES } else { &ENGINES[..1] } {
            let mut command = xenia_rs()?;
            command.arg("check").arg(&case.title).args(&case.limits);
            command.arg("--expect").arg(&case.file);
            command.args(*engine);
            if matches!(selection, Selection::Bless) {
                command.arg("--bless");
            } else if has_all_runs && engine.is_empty() {
                command.arg("--event-log").arg(case.log(WHOLE)?);
            }
            runs.push(command);
        }
        if has_all_runs {
            let mut command = xenia_rs()?;
            command.arg("check").arg(&case.title).args(&case.limits);
            command.arg("--expect").arg(&case.file).args(["--relay", &case.relay().to_string()]);
            command.arg("--event-log").arg(case.log(RELAY)?);
            runs.push(command);
            relayed.push(case);
        }
    }
    let checked = runs.len();
    if checked == 0 && !matches!(selection, Selection::Shorter) {
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

    #[test]
    fn a_title_has_the_instructions_of_its_longest_case() {
        let case = |title: &str, instructions| GoldenCase {
            file: PathBuf::new(),
            title: title.into(),
            limits: Vec::new(),
            is_own: true,
            instructions,
        };
        let cases = [case("a", 5), case("b", 7), case("a", 9), case("a", 6)];
        assert_eq!(longest(&cases), BTreeMap::from([(PathBuf::from("a"), 9), (PathBuf::from("b"), 7)]));
    }
}
