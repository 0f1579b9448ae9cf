//! One run with a fault, and the run that checks its saves.

use super::table::{FaultPlace, FaultTableRow, Length, Strikes};
use crate::built::program;
use crate::commands::{self, spawn, wait_within};
use crate::files;
use anyhow::{Context, Result, bail};
use std::fs::File;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use xenia_testing::{Dice, hermetic};

const TITLE: &str = "guest/bin/faults.xex";
const SHIM: &str = "xtask/faults/shim.c";
/// Rounds of the title in a run.
const ROUNDS: &str = "6";
/// Number of words in the file whose contents the title checks.
const WORDS: u32 = 16 * 65536 / 4;
/// A word of that file is its number times this, as in guest/faults/faults.c.
const WORD_FACTOR: u32 = 2_654_435_761;
/// Flag of the executor that gives the same run each time.
pub(crate) const LOCKSTEP: &str = "--lockstep";
const PARALLEL: &str = "--parallel";
/// Executors, used in turn.
pub(crate) const MODES: [&str; 2] = [LOCKSTEP, PARALLEL];
/// Timeout of a run, which usually takes a second; the host may be busy.
pub(crate) const TITLE_TIME: Duration = Duration::from_mins(10);
/// Pause of a stopped process.
const STANDSTILL: Duration = Duration::from_secs(1);

/// Files that all runs share.
pub(crate) struct Ground {
    program: PathBuf,
    shim: PathBuf,
    /// Disc image with the title.
    image: PathBuf,
    /// Disc image with the title and the setting that has it check saves.
    checking_image: PathBuf,
    /// Folder of the initial saves.
    saves: PathBuf,
    /// Working folder of one run.
    work: PathBuf,
}

/// Result of a run.
#[derive(Debug)]
pub(crate) struct FaultRunOutcome {
    /// The injected fault.
    pub(crate) injection: String,
    /// Exit status; `None` if the run hung.
    pub(crate) status: Option<ExitStatus>,
    /// All output of the run.
    pub(crate) messages: String,
    /// Errors that the title received, as far as it has reported them.
    pub(crate) errors: u64,
    pub(crate) came_to_its_end: bool,
    /// Output of the run that checks the saves.
    pub(crate) found: String,
    /// Number of initial saves.
    pub(crate) before: u64,
}

impl Ground {
    /// Builds the library, the discs, and the initial saves.
    pub(crate) fn prepare(folder: &Path) -> Result<Self> {
        files::create_folder(folder)?;
        let folder = folder.canonicalize()?;
        let at = |name: &str| folder.join(name);
        let ground = Self {
            program: program()?,
            shim: at("shim.so"),
            image: at("game.iso"),
            checking_image: at("checking.iso"),
            saves: at("saves"),
            work: at("work"),
        };
        let mut compiler = Command::new("cc");
        compiler
            .args(["-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", SHIM, "-o"])
            .arg(&ground.shim);
        commands::run(&mut compiler)?;
        let words: Vec<u8> = (0..WORDS).flat_map(|n| n.wrapping_mul(WORD_FACTOR).to_be_bytes()).collect();
        for (image, setting) in
            [(&ground.image, ("rounds", ROUNDS)), (&ground.checking_image, ("check", "1"))]
        {
            let disc = at("disc");
            files::renew_folder(&disc)?;
            files::copy(TITLE, disc.join("default.xex"))?;
            files::write(disc.join("data.bin"), &words)?;
            files::write(disc.join(setting.0), setting.1)?;
            let mut make = Command::new(&ground.program);
            commands::run(
                make.args(["make-iso", "--config", "/dev/null"]).arg(&disc).arg(image).stdout(Stdio::null()),
            )?;
        }
        files::renew_folder(&ground.saves)?;
        let messages = ground.plain(&ground.image, &ground.saves)?;
        if !messages.contains("errors 0") || last_number(&messages, "committed ") != ROUNDS.parse().ok() {
            bail!("without a fault the title says:\n{messages}");
        }
        Ok(ground)
    }

    fn command(&self, image: &Path, saves: &Path, mode: &str) -> Command {
        let mut command = hermetic(&self.program);
        command.args(["exec", "--headless", "--gpu", "none", mode]);
        command.arg("--content").arg(saves).arg(image).stdin(Stdio::null()).stdout(Stdio::null());
        command
    }

    /// A run without a fault, which must succeed; returns its output.
    fn plain(&self, image: &Path, saves: &Path) -> Result<String> {
        let output = commands::output(&mut self.command(image, saves, LOCKSTEP))?;
        let messages = String::from_utf8_lossy(&output.stderr).into_owned();
        if !output.status.success() {
            bail!("without a fault: {}\n{messages}", output.status);
        }
        Ok(messages)
    }

    /// Creates the saves and disc of a run; returns their paths.
    fn fresh(&self) -> Result<(PathBuf, PathBuf)> {
        files::renew_folder(&self.work)?;
        let image = self.work.join("game.iso");
        let saves = self.work.join("saves");
        files::copy(&self.image, &image)?;
        copy_folder(&self.saves, &saves)?;
        Ok((image, saves))
    }

    /// Number of calls that can fail in a run without a fault, or its milliseconds.
    pub(crate) fn count(&self, row: &FaultTableRow, mode: &str) -> Result<u64> {
        let (image, saves) = self.fresh()?;
        let mut command = self.command(&image, &saves, mode);
        let count = self.work.join("count");
        if let Strikes::Calls { group, place, .. } = row.strikes {
            self.preload(&mut command, group, place, &image, &saves);
            command.env("FAULT_OUT", &count);
        }
        let begun = Instant::now();
        let output = commands::output(&mut command)?;
        if !output.status.success() {
            bail!("with nothing but a count: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
        }
        match row.strikes {
            Strikes::Calls { .. } => Ok(files::read_text(&count)?.trim().parse()?),
            _ => Ok(begun.elapsed().as_millis() as u64),
        }
    }

    fn preload(&self, command: &mut Command, group: &str, place: FaultPlace, image: &Path, saves: &Path) {
        let under = match place {
            FaultPlace::Image => image,
            FaultPlace::Saves => saves,
            FaultPlace::Everywhere => Path::new(""),
        };
        command.env("LD_PRELOAD", &self.shim).env("FAULT_CALLS", group).env("FAULT_UNDER", under);
    }

    /// Runs with a fault at a random point; `most` is the result of [`count`](Self::count) for each
    /// mode.
    pub(crate) fn run(&self, row: &FaultTableRow, most: &[u64], dice: &mut Dice) -> Result<FaultRunOutcome> {
        let modes: Vec<usize> = (0..MODES.len()).filter(|&mode| most[mode] > 0).collect();
        let mode = dice.pick(&modes).context("no mode has a call to fail")?;
        let at = 1 + dice.next() % most[mode];
        let (image, saves) = self.fresh()?;
        let mut command = self.command(&image, &saves, MODES[mode]);
        let mut injection = format!("{} at {at} of {}", MODES[mode], most[mode]);
        if let Strikes::Calls { group, place, hows, length } = row.strikes {
            let how = dice.pick(hows).context("no way to strike")?;
            self.preload(&mut command, group, place, &image, &saves);
            let length = if length == Length::Once { 1 } else { u64::MAX };
            command
                .env("FAULT_AT", at.to_string())
                .env("FAULT_FOR", length.to_string())
                .env("FAULT_HOW", how);
            injection = format!("{injection}, {how}");
        }
        let messages = self.work.join("said.txt");
        let mut child = spawn(command.stderr(File::create(&messages)?))?;
        match row.strikes {
            Strikes::Kill => {
                std::thread::sleep(Duration::from_millis(at));
                child.kill()?;
            }
            Strikes::Stop => {
                std::thread::sleep(Duration::from_millis(at));
                signal(&child, "STOP")?;
                std::thread::sleep(STANDSTILL);
                signal(&child, "CONT")?;
            }
            Strikes::Calls { .. } | Strikes::Device => {}
        }
        let status = wait_within(&mut child, TITLE_TIME)?;
        let messages = String::from_utf8_lossy(&files::read(&messages)?).into_owned();
        let found = self.plain(&self.checking_image, &saves).context("checking the saves")?;
        let end = last_number(&messages, "guest: errors ");
        let failed = messages
            .lines()
            .filter(|line| line.contains("guest: ") && line.contains(" failed with "))
            .count() as u64;
        Ok(FaultRunOutcome {
            injection,
            status,
            errors: end.unwrap_or(failed),
            came_to_its_end: end.is_some(),
            messages,
            found,
            before: ROUNDS.parse()?,
        })
    }
}

/// The number after the last occurrence of `words`.
pub(crate) fn last_number(text: &str, words: &str) -> Option<u64> {
    text.rsplit(words).find_map(|rest| rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok())
}

/// Sends a signal; a process that has ended already is not an error.
fn signal(child: &Child, name: &str) -> Result<()> {
    let mut kill = Command::new("kill");
    commands::status(kill.arg(format!("-{name}")).arg(child.id().to_string()).stderr(Stdio::null()))?;
    Ok(())
}

/// The signal that ended a process.
pub(crate) fn signal_of(status: ExitStatus) -> Option<i32> {
    status.signal()
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    files::create_folder(to)?;
    for path in files::list(from)? {
        let target = to.join(path.file_name().context("a file has a name")?);
        if path.is_dir() {
            copy_folder(&path, &target)?;
        } else {
            files::copy(path, target)?;
        }
    }
    Ok(())
}
