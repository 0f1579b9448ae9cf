//! Loss of the host's graphics device in the middle of a run, in lockstep or in parallel mode: a
//! test flag of the program triggers it at given draws.

use super::run::{LOCKSTEP, MODES, TITLE_TIME};
use crate::built::{work_folder, xenia_rs};
use crate::commands::{spawn, wait_within};
use crate::files;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use xenia_testing::Dice;

const TITLE: &str = "guest/bin/demo.xex";
/// Frames of a run.
const FRAMES: u64 = 3;
/// Number of losses after which the software reference draws.
const MAX_LOSSES: usize = 3;
// Messages of the program: without a device, at a loss with another device, at the last loss.
const NO_DEVICE: &str = "no graphics adapter";
const ANOTHER: &str = "the graphics device was lost; reopened";
const SOFTWARE: &str = "drawing continues in software";

/// A finished run.
struct Ran {
    messages: String,
    report: Value,
    picture: Vec<u8>,
}

/// The folder, the number of draws of a run in lockstep, and its last frame.
pub(crate) struct DeviceLossTest {
    folder: PathBuf,
    draws: u64,
    picture: Vec<u8>,
}

impl DeviceLossTest {
    /// Makes a run without losses; `None` if the host has no device.
    pub(crate) fn prepare() -> Result<Option<Self>> {
        let folder = work_folder("faults/device")?;
        let Some(ran) = run(&folder, LOCKSTEP, &[])? else { return Ok(None) };
        let draws = ran.report["gpu"]["draws"].as_u64().filter(|&draws| draws > FRAMES).context("draws")?;
        if ran.messages.contains(ANOTHER) {
            bail!("the device is lost without us:\n{}", ran.messages);
        }
        Ok(Some(Self { folder, draws, picture: ran.picture }))
    }

    /// Loses the device one to three times; returns the injection and the errors found.
    pub(crate) fn strike(&self, dice: &mut Dice) -> Result<(String, Vec<String>)> {
        let mode = MODES[dice.below(MODES.len())];
        let is_lockstep = mode == LOCKSTEP;
        let mut at: Vec<u64> = (0..=dice.below(MAX_LOSSES)).map(|_| 1 + dice.next() % self.draws).collect();
        at.sort_unstable();
        at.dedup();
        let what = format!("{mode} at draws {at:?} of {}", self.draws);
        let ran = run(&self.folder, mode, &at)?.context("there was a device before")?;
        let mut wrong = Vec::new();
        if ran.messages.contains("panicked at") {
            wrong.push(format!("it panicked: {}", ran.messages));
        }
        let frames = ran.report["frames"].as_u64().unwrap_or(0);
        // In parallel mode the machine goes on while its end is noticed.
        let is_whole = if is_lockstep { frames == FRAMES } else { frames >= FRAMES };
        if ran.report["exit"] != "frames" || !is_whole {
            wrong.push(format!("ended by {} after {} frames", ran.report["exit"], ran.report["frames"]));
        }
        let [reopened, in_software] = [ANOTHER, SOFTWARE].map(|text| ran.messages.matches(text).count());
        let losses = reopened + in_software;
        // A loss is noticed at the next wait for the device: two consecutive draws count as one
        // loss, and after the last draw the loss may go unnoticed. In parallel mode no draw of the
        // last frame needs a wait.
        let waited = if is_lockstep { self.draws - 1 } else { self.draws - self.draws.div_ceil(FRAMES) };
        let fewest = usize::from(at.first().is_some_and(|first| *first <= waited));
        if !(fewest..=at.len()).contains(&losses) || in_software != usize::from(losses == MAX_LOSSES) {
            wrong.push(format!("{losses} losses, {in_software} times in software:\n{}", ran.messages));
        }
        // A loss affects only the frame in which it happens. Frames of parallel runs differ.
        let is_early = is_lockstep && at.iter().all(|&draw| draw <= self.draws / FRAMES);
        if is_early && at.len() < MAX_LOSSES && ran.picture != self.picture {
            wrong.push("the last frame is another picture".to_owned());
        }
        Ok((what, wrong))
    }
}

/// Runs the demo in a mode; `None` without a device.
fn run(folder: &Path, mode: &str, lose_at: &[u64]) -> Result<Option<Ran>> {
    let [json, picture, messages] = ["run.json", "last.png", "said.txt"].map(|name| folder.join(name));
    for stale in [&json, &picture] {
        files::remove(stale)?;
    }
    let mut command = xenia_rs()?;
    command.args(["exec", "--headless", mode, "--gpu", "wgpu"]);
    command.args(["--frames", &FRAMES.to_string()]).arg("--cache").arg(folder).arg("--json").arg(&json);
    command.arg("--last-frame").arg(&picture).arg(TITLE).stdin(Stdio::null()).stdout(Stdio::null());
    if !lose_at.is_empty() {
        command.arg("--lose-device").arg(lose_at.iter().map(u64::to_string).collect::<Vec<_>>().join(","));
    }
    let mut child = spawn(command.stderr(File::create(&messages)?))?;
    let status = wait_within(&mut child, TITLE_TIME)?;
    let messages = String::from_utf8_lossy(&files::read(&messages)?).into_owned();
    let Some(status) = status else { bail!("it hangs after {TITLE_TIME:?}: {messages}") };
    if status.code() == Some(2) && messages.contains(NO_DEVICE) {
        return Ok(None);
    }
    if !status.success() {
        bail!("it ended with {status}: {messages}");
    }
    let report = serde_json::from_str(&files::read_text(&json)?)?;
    Ok(Some(Ran { messages, report, picture: files::read(&picture)? }))
}
