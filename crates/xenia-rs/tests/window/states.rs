//! Tests rewind and the state at exit, in a window.

use super::display::{Display, Key, TestWindow};
use super::{FLICKER, Program, display, make_small, screenshot, start, state_of, wait_for};
use anyhow::{Context, Result, ensure};
use std::path::Path;
use std::time::Duration;

/// Time between two looks at a title that goes on: a development build compresses a screenshot
/// slowly, in time that the title may lack.
const BETWEEN_LOOKS: Duration = Duration::from_millis(400);

/// Waits until the window shows a title.
fn wait_for_title(window: &TestWindow) -> Result<()> {
    wait_for("a picture", || Ok(window.title()?.contains(" fps").then_some(())))
}

/// Number of the frame that the window shows.
fn frame(window: &TestWindow, folder: &Path) -> Result<u64> {
    Ok(screenshot(window, &folder.join("screenshots"))?.0)
}

/// Waits until the window shows a frame that the test accepts; returns its number.
fn wait_for_frame(
    what: &str,
    window: &TestWindow,
    folder: &Path,
    is_wanted: impl Fn(u64) -> bool,
) -> Result<u64> {
    wait_for(what, || {
        let frame = Some(frame(window, folder)?).filter(|&frame| is_wanted(frame));
        if frame.is_none() {
            std::thread::sleep(BETWEEN_LOOKS);
        }
        Ok(frame)
    })
}

#[test]
fn a_title_rewinds_while_the_key_is_held() -> Result<()> {
    let Some(display) = display()? else { return Ok(()) };
    let folder = tempfile::tempdir()?;
    let folder = folder.path();
    make_small(folder)?;
    let flags = ["--gpu", "reference", "--rewind"];
    let (mut program, window) = start(&display, folder, FLICKER.as_ref(), &flags)?;
    wait_for_title(&window)?;
    let late = wait_for_frame("a way to go back", &window, folder, |frame| frame >= 12)?;
    window.hold(Key::F10)?;
    let early = wait_for_frame("an earlier frame", &window, folder, |frame| frame < late)?;
    window.release(Key::F10)?;
    wait_for_frame("the title to go on", &window, folder, |frame| frame > early + 3)?;
    // The title goes back again, over frames that it has shown twice.
    window.hold(Key::F10)?;
    wait_for_frame("the first checkpoint", &window, folder, |frame| frame <= early)?;
    window.release(Key::F10)?;
    wait_for_frame("the title to go on", &window, folder, |frame| frame > early + 3)?;
    ensure!(program.is_alive(), "{}", program.messages());
    Ok(())
}

/// Closes the window, and returns the program's messages.
fn close(mut program: Program, window: &TestWindow) -> Result<String> {
    window.close()?;
    let status = wait_for("the end", || Ok(program.child.try_wait()?))?;
    ensure!(status.success(), "{status}: {}", program.messages());
    Ok(program.messages())
}

#[test]
fn a_title_resumes_from_its_exit_state_in_the_window() -> Result<()> {
    let Some(display) = display()? else { return Ok(()) };
    let folder = tempfile::tempdir()?;
    let folder = folder.path();
    make_small(folder)?;
    let begin =
        |display: &Display| start(display, folder, FLICKER.as_ref(), &["--gpu", "reference", "--resume"]);
    let state = |name: &str| state_of("flicker", folder, name);
    let (program, window) = begin(&display)?;
    wait_for_title(&window)?;
    let left = wait_for_frame("some frames", &window, folder, |frame| frame >= 10)?;
    let messages = close(program, &window)?;
    ensure!(messages.contains("saved, to continue from here") && state("exit.state").is_file(), "{messages}");

    let (program, window) = begin(&display)?;
    wait_for_title(&window)?;
    let first = frame(&window, folder)?;
    ensure!(first >= left, "frame {first} follows frame {left}");
    close(program, &window)?;

    // A state that cannot be loaded is kept, and the title starts from the beginning.
    let mut bytes = std::fs::read(state("exit.state"))?;
    if let Some(last) = bytes.last_mut() {
        *last ^= 1;
    }
    std::fs::write(state("exit.state"), &bytes)?;
    let (program, window) = begin(&display)?;
    wait_for_title(&window)?;
    let messages = close(program, &window)?;
    ensure!(messages.contains("--resume: the title starts from the beginning: cannot load "), "{messages}");
    ensure!(std::fs::read(state("exit.refused.state"))? == bytes, "the file is kept");

    // A run that writes files has no states, and reports this.
    std::fs::remove_file(state("exit.state")).ok();
    let json = folder.join("run.json");
    let json = json.to_str().context("a path in UTF-8")?;
    let flags = ["--gpu", "reference", "--resume", "--json", json];
    let (program, window) = start(&display, folder, FLICKER.as_ref(), &flags)?;
    wait_for_title(&window)?;
    let messages = close(program, &window)?;
    ensure!(messages.contains("--resume: no state is kept") && !state("exit.state").exists(), "{messages}");
    Ok(())
}
