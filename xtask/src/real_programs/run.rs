//! Runs a program natively and as a title, and compares the results.

use super::build::TITLE;
use super::catalogue::{Extent, ProgramRun, RealProgram};
use crate::commands::{self, quietly};
use crate::files;
use crate::{built, programs};
use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Host time limit of a title, in seconds.
const TIMEOUT: &str = "600";
/// Folder of our titles' disk, below the content folder: they have no title id.
pub(crate) const DISK: &str = "Disk/00000000";

/// A mode of running a title.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProgramMode {
    Jit,
    Interp,
    CrossCheck,
    Parallel,
}

impl ProgramMode {
    fn name(self) -> &'static str {
        match self {
            Self::Jit => "jit",
            Self::Interp => "interp",
            Self::CrossCheck => "cross-check",
            Self::Parallel => "parallel",
        }
    }

    fn flags(self) -> &'static [&'static str] {
        match self {
            Self::Jit => &["--lockstep"],
            Self::Interp => &["--lockstep", "--interp"],
            Self::CrossCheck => &["--lockstep", "--cross-check"],
            Self::Parallel => &["--parallel"],
        }
    }
}

/// Results of all runs of a program.
pub(crate) struct ProgramOutcome {
    pub(crate) runs: usize,
    pub(crate) wrong: Vec<String>,
}

/// Result of one run.
struct Ended {
    code: i64,
    text: Vec<u8>,
    /// Digest of the machine's state, in lockstep.
    digest: Option<String>,
}

/// Makes all runs of a program, natively and in each mode.
pub(crate) fn run(
    folder: &Path,
    program: &RealProgram,
    modes: &[ProgramMode],
    extent: Extent,
) -> Result<ProgramOutcome> {
    let sources = programs::folder()?.join("sources");
    let here = folder.join(&program.name);
    let mut runs = program.all_runs(&sources)?;
    runs.retain(|run| run.is_selected_by(extent));
    let work = here.join("work");
    files::remove_folder(&work)?;
    let native_disk = work.join("native");
    let disk_of = |mode: ProgramMode| work.join(mode.name()).join(DISK);
    let mut outcome = ProgramOutcome { runs: 0, wrong: Vec::new() };
    if runs.is_empty() {
        // Without runs there are no folders to compare.
        return Ok(outcome);
    }
    for run in &runs {
        let what = format!("{} {} {}", program.name, run.program, run.arguments.join(" "));
        provide_files(program, run, &here, &sources, &native_disk)?;
        let native = natively(&here, run, &native_disk).with_context(|| what.clone())?;
        if let Some(line) = missing(&native.text, &run.shows) {
            bail!("{what}: the native program says nothing that begins with {line:?}");
        }
        let mut digests: BTreeMap<String, ProgramMode> = BTreeMap::new();
        for &mode in modes {
            outcome.runs += 1;
            provide_files(program, run, &here, &sources, &disk_of(mode))?;
            let mut say = |text: String| outcome.wrong.push(format!("{what} ({}): {text}", mode.name()));
            let ended = match as_title(&here, run, mode, &work) {
                Ok(ended) => ended,
                Err(error) => {
                    say(format!("{error:#}"));
                    continue;
                }
            };
            let [got, wanted] =
                [&ended, &native].map(|ended| comparable(&ended.text, &program.differs, program.times));
            if let Some(difference) = difference(&got, &wanted) {
                say(difference);
            } else if ended.code != native.code {
                say(format!("exit code {}, not {}", ended.code, native.code));
            }
            digests.extend(ended.digest.map(|digest| (digest, mode)));
        }
        if digests.len() > 1 {
            outcome.wrong.push(format!("{what}: modes end in different digests: {digests:?}"));
        }
    }
    for &mode in modes {
        for name in different_files(&native_disk, &disk_of(mode))? {
            outcome.wrong.push(format!("{} ({}): {name} is another file", program.name, mode.name()));
        }
    }
    Ok(outcome)
}

/// Copies the files of a run into the folder, unless they exist.
pub(crate) fn provide_files(
    program: &RealProgram,
    run: &ProgramRun,
    here: &Path,
    sources: &Path,
    disk: &Path,
) -> Result<()> {
    files::create_folder(disk)?;
    let mut wanted: Vec<PathBuf> = run.own.iter().map(|name| program.folder.join(name)).collect();
    if let Some(package) = &run.from {
        wanted.extend(run.files.iter().map(|name| sources.join(package).join(name)));
    }
    let made = here.join(super::build::folder_of("native")).join("files");
    if made.is_dir() {
        wanted.extend(files::list(made)?);
    }
    for file in wanted {
        let name = file.file_name().context("a file's name")?;
        if !disk.join(name).exists() {
            quietly(Command::new("cp").arg("-rL").arg(&file).arg(disk))?;
        }
    }
    Ok(())
}

fn natively(here: &Path, run: &ProgramRun, disk: &Path) -> Result<Ended> {
    let folder = disk.join(&run.folder);
    let text_path = here.join("native.txt");
    let text = File::create(&text_path)?;
    let mut command = Command::new(here.join("native").join(&run.program));
    command.current_dir(&folder).args(&run.arguments).env_clear();
    for setting in &run.settings {
        let (name, value) = setting.split_once('=').context("a setting is NAME=VALUE")?;
        command.env(name, value);
    }
    command.stderr(text.try_clone()?).stdout(text).stdin(Stdio::null());
    if let Some(input) = &run.input {
        command.stdin(File::open(folder.join(input))?);
    }
    if let Some(output) = &run.output {
        command.stdout(File::create(folder.join(output))?);
    }
    let status = commands::status(&mut command)?;
    let code = status.code().with_context(|| format!("{command:?} ended with {status}"))?;
    Ok(Ended { code: code.into(), text: files::read(&text_path)?, digest: None })
}

/// A command that runs a title with this content folder; its output goes to `text`, its report to
/// `json`.
pub(crate) fn title_command(
    title: &Path,
    flags: &[&str],
    content: &Path,
    [text, json]: [&Path; 2],
) -> Result<Command> {
    let mut command = built::xenia_rs()?;
    command.args(["exec", "--quiet", "--headless"]).args(flags);
    if !flags.contains(&"--gpu") {
        command.args(["--gpu", "none"]);
    }
    command.args(["--timeout", TIMEOUT, "--content"]).arg(content);
    command.arg("--guest-log").arg(text).arg("--json").arg(json).arg(title).arg("--");
    command.stdin(Stdio::null()).stdout(Stdio::null());
    Ok(command)
}

fn as_title(here: &Path, run: &ProgramRun, mode: ProgramMode, work: &Path) -> Result<Ended> {
    let title = here.join("guest").join(&run.program).join(TITLE);
    let content = work.join(mode.name());
    let text = work.join("title.txt");
    let json = work.join("title.json");
    let mut command = title_command(&title, mode.flags(), &content, [&text, &json])?;
    command.arg(format!("PWD=/hdd/{}", run.folder)).args(&run.settings);
    for (name, file) in [("STDIN", &run.input), ("STDOUT", &run.output)] {
        command.args(file.iter().map(|file| format!("{name}={file}")));
    }
    let output = commands::output(command.arg("--").args(&run.arguments))?;
    let messages = String::from_utf8_lossy(&output.stderr).into_owned();
    let report = files::read_text(&json).with_context(|| messages.clone())?;
    let report: Value = serde_json::from_str(&report)?;
    let Some(code) = report["exit_code"].as_i64().filter(|_| report["exit"] == "exit") else {
        bail!("ended by {}: {messages}", report["exit"]);
    };
    let digest = report["digest"].as_str().filter(|_| mode != ProgramMode::Parallel).map(str::to_owned);
    Ok(Ended { code, text: bytes_of(&files::read_text(&text)?), digest })
}

/// Bytes written by a title: the log has one character per byte.
pub(crate) fn bytes_of(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect()
}

/// The comparable lines: without those that may differ, and without times at line ends.
fn comparable(text: &[u8], differs: &[String], times: bool) -> Vec<String> {
    let text = String::from_utf8_lossy(text);
    let lines = text.lines().filter(|line| !differs.iter().any(|start| line.starts_with(start.as_str())));
    lines.map(|line| if times { without_time(line) } else { line }.to_owned()).collect()
}

/// The first of these beginnings that no line has.
fn missing<'a>(text: &[u8], shows: &'a [String]) -> Option<&'a String> {
    let text = String::from_utf8_lossy(text);
    shows.iter().find(|start| !text.lines().any(|line| line.starts_with(start.as_str())))
}

/// The line without a time such as ` 0.123s` at its end.
fn without_time(line: &str) -> &str {
    let Some((start, time)) = line.rsplit_once(' ') else { return line };
    let is_time = time.strip_suffix('s').is_some_and(|number| number.parse::<f64>().is_ok());
    if is_time { start.trim_end() } else { line }
}

/// The first line that differs.
fn difference(got: &[String], wanted: &[String]) -> Option<String> {
    let length = got.len().max(wanted.len());
    let at = (0..length).find(|&at| got.get(at) != wanted.get(at))?;
    Some(format!("line {}: {:?}, not {:?}", at + 1, got.get(at), wanted.get(at)))
}

/// Names of the files that differ between two folders.
fn different_files(native: &Path, title: &Path) -> Result<Vec<String>> {
    let [native, title] = [contents(native)?, contents(title)?];
    let names = native.keys().chain(title.keys().filter(|name| !native.contains_key(*name)));
    Ok(names.filter(|name| native.get(*name) != title.get(*name)).cloned().collect())
}

/// Every file below a folder, but for the emulator's own.
fn contents(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let names = files::below(folder, |name| !name.to_string_lossy().contains(".xenia-"))?;
    names
        .iter()
        .map(|name| Ok((name.to_string_lossy().into_owned(), files::read(folder.join(name))?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_what_differs_are_left_out() {
        let text = b"Total 9\n 100 - inserts.....    0.012s\nof 3 rows\ntakes 5 s\n";
        let lines = comparable(text, &["Total".to_owned()], true);
        assert_eq!(lines, [" 100 - inserts.....", "of 3 rows", "takes 5 s"]);
        assert_eq!(bytes_of("a\u{e4}\u{0}"), [0x61, 0xE4, 0]);
    }

    #[test]
    fn required_lines_are_checked() {
        let shows = ["timed 12 ".to_owned(), "ended".to_owned()];
        assert_eq!(missing(b"begun\ntimed 12 tics\nended\n", &shows), None);
        assert_eq!(missing(b"timed 123 tics\nended\n", &shows), Some(&shows[0]));
        assert_eq!(missing(b"timed 12 tics\nnot ended\n", &shows), Some(&shows[1]));
    }

    #[test]
    fn the_first_different_line_is_found() {
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(difference(&lines("a\nb"), &lines("a\nb")), None);
        assert!(difference(&lines("a\nb"), &lines("a\nc")).unwrap().starts_with("line 2"));
        assert!(difference(&lines("a"), &lines("a\nc")).is_some());
        assert!(difference(&lines("a\nb"), &lines("a")).is_some());
    }

    #[test]
    fn files_are_compared_by_name_and_contents() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        for side in ["a", "b"] {
            std::fs::create_dir_all(root.join(side).join("folder")).unwrap();
            std::fs::write(root.join(side).join("folder/x"), "same").unwrap();
        }
        assert!(different_files(&root.join("a"), &root.join("b")).unwrap().is_empty());
        std::fs::write(root.join("b/folder/x"), "other").unwrap();
        std::fs::write(root.join("b/more"), "").unwrap();
        let different = different_files(&root.join("a"), &root.join("b")).unwrap();
        assert_eq!(different, ["folder/x", "more"]);
    }
}
