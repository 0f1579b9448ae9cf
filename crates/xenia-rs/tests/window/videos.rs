//! Tests that a video is complete when the display ends.

use super::display::{Key, TestWindow};
use super::{DEMO, Program, display, wait_for, with_settings};
use anyhow::{Context, Result, ensure};
use std::time::Duration;

#[test]
fn the_end_of_the_display_completes_a_video() -> Result<()> {
    let Some(mut display) = display()? else { return Ok(()) };
    let folder = tempfile::tempdir()?;
    let settings = folder.path().join("keys.toml");
    std::fs::write(&settings, "[hotkeys]\nvideo = 'F6'\n")?;
    let mut command = with_settings(&settings);
    command.args(["exec", DEMO, "--gpu", "reference"]);
    let mut program = Program::run(&display, folder.path(), command)?;
    let window = TestWindow::find(&display, "| xenia-rs", || program.is_alive())?;
    let window = window.with_context(|| program.said())?;
    wait_for("a picture", || Ok(window.title()?.contains(" fps").then_some(())))?;
    window.press(Key::F6)?;
    let videos = folder.path().join("data/xenia-rs/videos");
    let part = videos.join("demo_001.part");
    wait_for("a video", || Ok(part.join("sound.wav").is_file().then_some(())))?;
    std::thread::sleep(Duration::from_secs(3));
    display.end()?;
    let status = wait_for("the end", || Ok(program.child.try_wait()?))?;
    ensure!(status.code() == Some(0), "{status}: {}", program.said());
    // A file where there is ffmpeg, else a folder of pictures.
    let whole =
        ["demo_001.mp4", "demo_001"].map(|name| videos.join(name)).into_iter().find(|path| path.exists());
    ensure!(whole.is_some() && !part.exists(), "{}", program.said());
    Ok(())
}
