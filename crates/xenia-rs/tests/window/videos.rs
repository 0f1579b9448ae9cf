//! Tests that a video is complete when the display ends.

use super::display::Key;
use super::{VIDEO_PART, display, is_under_way, make_small, start_with_keys, wait_for, whole_video};
use anyhow::{Result, ensure};

#[test]
fn the_end_of_the_display_completes_a_video() -> Result<()> {
    let Some(mut display) = display()? else { return Ok(()) };
    let folder = tempfile::tempdir()?;
    make_small(folder.path())?;
    let (mut program, window) = start_with_keys(&display, folder.path(), "video = 'F6'\n")?;
    wait_for("a picture", || Ok(window.title()?.contains(" fps").then_some(())))?;
    window.press(Key::F6)?;
    let videos = folder.path().join("data/xenia-rs/videos");
    let part = videos.join(VIDEO_PART);
    wait_for("half a second of a video", || Ok(is_under_way(&part).then_some(())))?;
    display.end()?;
    let status = wait_for("the end", || Ok(program.child.try_wait()?))?;
    ensure!(status.code() == Some(0), "{status}: {}", program.messages());
    ensure!(whole_video(&videos).is_some(), "{}", program.messages());
    Ok(())
}
