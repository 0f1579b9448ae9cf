//! Pauses a title in a window, and advances it by one frame.

use super::display::{Key, TestWindow, wait_for};
use super::{Picture, screenshot};
use anyhow::{Result, bail, ensure};
use std::path::Path;
use std::time::Duration;

/// Attempts at a step by one frame.
const ATTEMPTS: u32 = 3;

/// Waits until the machine shows no further frame; returns the number and the picture of its last.
fn last_frame(window: &TestWindow, screenshots: &Path) -> Result<(u64, Picture)> {
    wait_for("the machine to stand still", || {
        let (first, _) = screenshot(window, screenshots)?;
        std::thread::sleep(Duration::from_millis(500));
        let (still, frame) = screenshot(window, screenshots)?;
        Ok((still == first).then_some((first, frame)))
    })
}

/// Waits until a frame is shown, pauses the machine, and advances it by one frame; returns the
/// frame's number and picture.
pub(super) fn pause_and_step(window: &TestWindow, screenshots: &Path) -> Result<(u64, Picture)> {
    wait_for("a picture", || Ok(window.title()?.contains(" fps").then_some(())))?;
    window.press(Key::Pause)?;
    wait_for("the pause", || Ok(window.title()?.ends_with("| paused | xenia-rs").then_some(())))?;
    // A busy host may still draw a frame from before the pause, which is then taken for the step's.
    for _ in 0..ATTEMPTS {
        let (first, before) = last_frame(window, screenshots)?;
        window.press(Key::Period)?;
        // A screenshot of the frame before the step would only take the time that the step needs.
        std::thread::sleep(Duration::from_millis(200));
        wait_for("a step", || Ok((screenshot(window, screenshots)?.0 != first).then_some(())))?;
        let (number, frame) = last_frame(window, screenshots)?;
        ensure!(frame != before, "the title moves");
        if number == first + 1 {
            return Ok((number, frame));
        }
        println!("a step from frame {first} to {number}");
    }
    bail!("no step by one frame in {ATTEMPTS} attempts")
}
