//! Whole programs of `bench --programs`: several steps in one folder, with files, arguments and
//! settings, each in a separate process.
//!
//! `cargo xtask program-times` describes them. A time is the CPU time of the processes of all steps
//! including their start, for native, QEMU and the emulator, which is restarted for each step.
//! Compiled code is kept for a second start. A title that ends where `main` would begin measures
//! the time of a start.

use super::Spread;
use crate::processes;
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;
use xenia::config::{Compile, Tier};
use xenia_cli::CpuArgs;
use xenia_documents::documented;

documented! {
    /// Times of a start, from the process's start to the title's `main`.
    #[derive(Clone, Debug, Serialize)]
    pub struct StartReport {
        /// Guest instructions before `main`, plus the few that end the title there.
        pub instructions: u64,
        /// CPU seconds of the first start, with an empty code cache; includes the emulator's start.
        pub first_s: Option<Spread>,
        /// Seconds that the last first start spent compiling, in both tiers.
        pub first_compile_s: f64,
        /// CPU seconds of the second start.
        pub second_s: Option<Spread>,
        /// Seconds that the last second start spent compiling, in both tiers.
        pub second_compile_s: f64,
    }
}

/// Folder of the hard disk of a title without an id, below the content folder.
const DISK: &str = "content/Disk/00000000";
/// Timeout of a step in the emulator, in seconds of host time.
const TIMEOUT: &str = "600";
/// Shell command that runs its arguments and writes their CPU time to a file; their standard error
/// stays separate.
const TIMED: &str = r#"TIMEFORMAT='%U %S'; { time "$@" 2>&3; } 3>&2 2>"$0""#;

/// A program as `programs.json` describes it.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Whole {
    /// A folder with the files that it reads.
    files: Option<PathBuf>,
    steps: Vec<Step>,
    /// Its title, changed to end where `main` would begin.
    to_main: Option<PathBuf>,
}

/// One process of the program.
#[derive(Clone, Debug, Deserialize)]
struct Step {
    native: PathBuf,
    /// The title's code built for qemu-ppc.
    qemu: Option<PathBuf>,
    title: PathBuf,
    #[serde(default)]
    arguments: Vec<String>,
    /// Environment variables as `NAME=VALUE`.
    #[serde(default)]
    settings: Vec<String>,
    /// Working folder, below the folder of files.
    #[serde(default)]
    folder: String,
    /// Files for standard input and output.
    input: Option<String>,
    output: Option<String>,
    /// Required beginnings of output lines.
    #[serde(default)]
    shows: Vec<String>,
}

/// Sums over all steps.
#[derive(Debug, Default)]
pub(super) struct Took {
    pub seconds: f64,
    pub right: bool,
    pub instructions: u64,
    pub compile_seconds: f64,
    pub compiled_instructions: u64,
}

impl Took {
    fn add(&mut self, other: &Self) {
        self.seconds += other.seconds;
        self.right &= other.right;
        self.instructions += other.instructions;
        self.compile_seconds += other.compile_seconds;
        self.compiled_instructions += other.compiled_instructions;
    }
}

/// Results of a first and a second compiled run.
pub(super) struct Starts {
    pub first: Took,
    pub second: Took,
    to_main: Option<[Took; 2]>,
}

/// Starts up to `main`, of several runs.
#[derive(Debug, Default)]
pub(super) struct ToMain {
    first: Vec<f64>,
    second: Vec<f64>,
    instructions: u64,
    compile: [f64; 2],
}

impl ToMain {
    pub(super) fn add(&mut self, starts: &Starts) {
        let Some([first, second]) = &starts.to_main else { return };
        self.first.push(first.seconds);
        self.second.push(second.seconds);
        self.instructions = first.instructions;
        self.compile = [first.compile_seconds, second.compile_seconds];
    }

    /// The report; `None` if no start was measured.
    pub(super) fn report(self) -> Option<StartReport> {
        let [first_compile_s, second_compile_s] = self.compile;
        Some(StartReport {
            instructions: self.instructions,
            first_s: Some(Spread::of(self.first)?),
            first_compile_s,
            second_s: Spread::of(self.second),
            second_compile_s,
        })
    }
}

impl Whole {
    /// Whether each step has a program for QEMU.
    pub(super) fn is_for_qemu(&self) -> bool {
        self.steps.iter().all(|step| step.qemu.is_some())
    }

    /// Runs all steps outside of the emulator.
    pub(super) fn run_on_peer(&self, system: PeerSystem) -> Result<Took> {
        let work = tempfile::tempdir().context("creating a temporary folder for the run")?;
        let disk = self.disk(&work)?;
        let mut all = Took { right: true, ..Took::default() };
        for step in &self.steps {
            all.add(&step.run_on_peer(system, &disk, work.path())?);
        }
        Ok(all)
    }

    /// Runs all steps in the emulator, each in a process; compiled code is kept in `cache`.
    pub(super) fn run_in_emulator(&self, cpu: &CpuArgs, cache: Option<&Path>) -> Result<Took> {
        let work = tempfile::tempdir().context("creating a temporary folder for the run")?;
        self.disk(&work)?;
        let mut all = Took { right: true, ..Took::default() };
        for step in &self.steps {
            all.add(&step.run_in_emulator(&step.title, cpu, cache, work.path())?);
        }
        Ok(all)
    }

    /// Makes a first run, and a second one with its code cache; then the same up to `main`.
    pub(super) fn starts(&self, cpu: &CpuArgs) -> Result<Starts> {
        let cache = tempfile::tempdir().context("creating a temporary folder for compiled code")?;
        let whole = || self.run_in_emulator(cpu, Some(cache.path()));
        let first = whole()?;
        let second = whole()?;
        let Some(title) = &self.to_main else { return Ok(Starts { first, second, to_main: None }) };
        let cache = tempfile::tempdir().context("creating a temporary folder for compiled code")?;
        // A start does not print the lines of a complete run.
        let step =
            Step { shows: Vec::new(), ..self.steps.first().context("a program without steps")?.clone() };
        let start = || {
            let work = tempfile::tempdir().context("creating a temporary folder for the run")?;
            self.disk(&work)?;
            step.run_in_emulator(title, cpu, Some(cache.path()), work.path())
        };
        Ok(Starts { first, second, to_main: Some([start()?, start()?]) })
    }

    /// Copies the files to a new hard disk for the run.
    fn disk(&self, work: &TempDir) -> Result<PathBuf> {
        let disk = work.path().join(DISK);
        std::fs::create_dir_all(&disk).with_context(|| format!("cannot create {}", disk.display()))?;
        if let Some(files) = &self.files {
            let mut copy = Command::new("cp");
            let copied = processes::status(copy.arg("-rL").arg(files.join(".")).arg(&disk))?;
            if !copied.success() {
                bail!("cannot copy {}", files.display());
            }
        }
        Ok(disk)
    }
}

/// System of a run outside of the emulator.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum PeerSystem {
    /// A program of the host.
    Native,
    /// A program of Linux on PowerPC, in QEMU.
    Qemu,
}

impl Step {
    fn run_on_peer(&self, system: PeerSystem, disk: &Path, work: &Path) -> Result<Took> {
        let folder = disk.join(&self.folder);
        let time = work.join("time");
        let output_path = work.join("said");
        let mut command = timed(&time);
        command.current_dir(&folder);
        if system == PeerSystem::Qemu {
            let program = self.qemu.as_ref().context("there is no program for qemu")?;
            command.args(["qemu-ppc", "-cpu", "7450"]);
            // The variables are for the program; the emulator is found without them.
            for setting in &self.settings {
                command.args(["-E", setting]);
            }
            command.arg(program);
        } else {
            command.args(["env", "-i"]).args(&self.settings).arg(&self.native);
        }
        let text = File::create(&output_path).context("a file for the program's output")?;
        command.args(&self.arguments).stdin(Stdio::null()).stderr(text.try_clone()?).stdout(text);
        if let Some(input) = &self.input {
            command.stdin(File::open(folder.join(input)).with_context(|| format!("opening {input}"))?);
        }
        if let Some(output) = &self.output {
            command.stdout(File::create(folder.join(output)).with_context(|| format!("creating {output}"))?);
        }
        let status = processes::status(&mut command)?;
        let text = std::fs::read(&output_path)?;
        let right = status.success() && self.is_shown(&String::from_utf8_lossy(&text));
        Ok(Took { seconds: read_time(&time)?, right, ..Took::default() })
    }

    /// Runs a title: that of the step, or one that starts in the same way.
    fn run_in_emulator(
        &self,
        title: &Path,
        cpu: &CpuArgs,
        cache: Option<&Path>,
        work: &Path,
    ) -> Result<Took> {
        let file = |name: &str| work.join(name);
        let time = file("time");
        let text = file("said");
        let json = file("json");
        let mut command = timed(&time);
        // The running program, even if its file has been rebuilt meanwhile.
        command.arg(format!("/proc/{}/exe", std::process::id()));
        // Override the user's settings.
        command.args([
            "exec",
            "--config",
            "/dev/null",
            "--quiet",
            "--headless",
            "--lockstep",
            "--gpu",
            "none",
        ]);
        command.args(engine(cpu)).args(["--timeout", TIMEOUT, "--content"]).arg(file("content"));
        if let Some(cache) = cache {
            command.arg("--code-cache").arg(cache);
        }
        command.arg("--guest-log").arg(&text).arg("--json").arg(&json).arg(title);
        command.arg("--").arg(format!("PWD=/hdd/{}", self.folder)).args(&self.settings);
        for (name, file) in [("STDIN", &self.input), ("STDOUT", &self.output)] {
            command.args(file.iter().map(|file| format!("{name}={file}")));
        }
        command.arg("--").args(&self.arguments).stdin(Stdio::null()).stdout(Stdio::null());
        let output = processes::output(&mut command)?;
        let messages = String::from_utf8_lossy(&output.stderr);
        let report = std::fs::read(&json).with_context(|| format!("{}: {messages}", title.display()))?;
        let report: Value = serde_json::from_slice(&report)?;
        let text = std::fs::read_to_string(&text).unwrap_or_default();
        let ended = report["exit"] == "exit" && report["exit_code"] == 0;
        let jit = |key: &str| report["jit"][key].as_u64().unwrap_or(0);
        Ok(Took {
            seconds: read_time(&time)?,
            right: ended && self.is_shown(&text),
            instructions: report["instructions"].as_u64().context("the report has no instructions")?,
            compile_seconds: (jit("compile_ns") + jit("baseline_ns")) as f64 / 1e9,
            compiled_instructions: jit("compiled_guest_instructions") + jit("baseline_guest_instructions"),
        })
    }

    fn is_shown(&self, text: &str) -> bool {
        self.shows.iter().all(|start| text.lines().any(|line| line.starts_with(start.as_str())))
    }
}

/// The flags of `exec` for the same engine.
pub(super) fn engine(cpu: &CpuArgs) -> Vec<String> {
    if cpu.tier() == Tier::Interp {
        return vec!["--interp".to_owned()];
    }
    let mut flags = match cpu.tier {
        Tier::Baseline => vec!["--tier=baseline".to_owned()],
        Tier::Function => vec!["--tier=function".to_owned()],
        Tier::Interp | Tier::Auto => Vec::new(),
    };
    let compile = cpu.compile.map(|how| match how {
        Compile::Background => "--compile=background".to_owned(),
        Compile::Wait => "--compile=wait".to_owned(),
    });
    flags.extend(compile);
    flags.extend(cpu.warm_up.map(|n| format!("--warm-up={n}")));
    flags
}

/// A command, without its words, that writes its CPU time to `time`.
pub(super) fn timed(time: &Path) -> Command {
    let mut command = Command::new("bash");
    command.args(["--norc", "--noprofile", "-c", TIMED]).arg(time).env("LC_ALL", "C");
    command
}

/// Reads user plus system seconds.
pub(super) fn read_time(path: &Path) -> Result<f64> {
    let text = std::fs::read_to_string(path).context("reading the time that it took")?;
    // If a signal ended the program, a message precedes the line.
    let line = text.lines().next_back().unwrap_or_default();
    let parts: Option<Vec<f64>> = line.split(' ').map(|part| part.parse().ok()).collect();
    parts.map(|parts| parts.iter().sum()).with_context(|| format!("{text:?} is not a time"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_process_runs_the_requested_tier() {
        let flags = |tier| engine(&CpuArgs { tier, ..CpuArgs::default() });
        assert_eq!(flags(Tier::Interp), ["--interp"]);
        assert_eq!(flags(Tier::Baseline), ["--tier=baseline"]);
        assert_eq!(flags(Tier::Function), ["--tier=function"]);
        assert!(flags(Tier::Auto).is_empty());
    }
}
