//! Tests the menu, driven by keys.

use super::display::Key;
use super::{FLICKER, Picture, VIDEO_PART, display, is_under_way, make_small, press, start};
use super::{start_with_keys, state_of, wait_for, whole_video};
use anyhow::{Result, ensure};
use std::time::Duration;

/// Colour of a page.
const PANEL: [u8; 3] = [27; 3];

#[test]
fn the_menu_pauses_the_title_and_is_driven_by_keys() -> Result<()> {
    let Some(display) = display()? else { return Ok(()) };
    let folder = tempfile::tempdir()?;
    make_small(folder.path())?;
    let flags = ["--gpu", "reference"];
    let (mut program, window) = start(&display, folder.path(), FLICKER.as_ref(), &flags)?;
    let runs = |what| wait_for(what, || Ok(window.title()?.contains(" fps").then_some(())));
    let paused =
        || wait_for("a pause", || Ok((window.title()? == "flicker | paused | xenia-rs").then_some(())));
    let press = |keys: &[Key]| press(&window, keys);
    runs("a picture")?;
    window.press(Key::Escape)?;
    paused()?;
    let panel = |picture: &Picture| picture.2.chunks_exact(4).filter(|pixel| pixel[..3] == PANEL).count();
    wait_for("the menu", || Ok((panel(&window.look()?) > 5_000).then_some(())))?;
    press(&[Key::Escape])?;
    runs("the title to go on")?;

    // Restart, after a question.
    press(&[Key::Escape])?;
    paused()?;
    press(&[Key::Down, Key::Down, Key::Enter, Key::Down, Key::Enter])?;
    runs("another run")?;
    wait_for("the summary of the first", || Ok(program.messages().contains("frames in").then_some(())))?;
    ensure!(program.is_alive(), "{}", program.messages());

    // A state is saved to the first slot, with the picture that is shown by then, and loaded. The
    // window may still show the first run: a state from before the second run's first picture has
    // none, and is saved again.
    let slot = |name: &str| state_of("flicker", folder.path(), name);
    wait_for("a state with a picture", || {
        runs("a picture of the second run")?;
        press(&[Key::Escape])?;
        paused()?;
        press(&[Key::Down, Key::Enter, Key::Enter])?;
        wait_for("a state", || Ok(slot("slot-1.state").is_file().then_some(())))?;
        let has_picture = slot("slot-1.png").is_file();
        if !has_picture {
            std::fs::remove_file(slot("slot-1.state"))?;
        }
        Ok(has_picture.then_some(()))
    })?;

    // It is replaced after a question, and kept.
    runs("the title to go on")?;
    press(&[Key::Escape])?;
    paused()?;
    press(&[Key::Down, Key::Enter, Key::Enter, Key::Down, Key::Enter])?;
    wait_for("the replaced state", || Ok(slot("replaced.state").is_file().then_some(())))?;
    runs("the title to go on")?;
    press(&[Key::Escape])?;
    paused()?;
    press(&[Key::Down, Key::Down, Key::Enter, Key::Enter])?;
    wait_for("the state before the load", || Ok(slot("undo.state").is_file().then_some(())))?;
    wait_for("the summary of the second", || {
        Ok((program.messages().matches("frames in").count() == 2).then_some(()))
    })?;
    runs("the title to go on")?;

    // The machine's internals: a page wider than the menu.
    press(&[Key::Escape])?;
    paused()?;
    let menu = panel(&window.look()?);
    press(&[Key::Down; 9])?;
    press(&[Key::Enter])?;
    wait_for("the inside", || Ok((panel(&window.look()?) > 2 * menu).then_some(())))?;
    press(&[Key::Escape, Key::Escape])?;
    runs("the title to go on")?;

    // Quit, after a question, of which the first answer is harmless.
    press(&[Key::Escape])?;
    paused()?;
    press(&[Key::Down; 11])?;
    press(&[Key::Enter, Key::Enter])?;
    ensure!(program.is_alive(), "{}", program.messages());
    press(&[Key::Down; 11])?;
    press(&[Key::Enter, Key::Down, Key::Enter])?;
    let status = wait_for("the end", || Ok(program.child.try_wait()?))?;
    ensure!(status.success(), "{status}: {}", program.messages());
    Ok(())
}

#[test]
fn the_settings_give_an_action_another_key() -> Result<()> {
    let Some(display) = display()? else { return Ok(()) };
    let folder = tempfile::tempdir()?;
    make_small(folder.path())?;
    let keys = "pause = 'F6'\nrestart = 'Pause'\n";
    let (mut program, window) = start_with_keys(&display, folder.path(), keys)?;
    wait_for("a picture", || Ok(window.title()?.contains(" fps").then_some(())))?;
    window.press(Key::F6)?;
    wait_for("a pause", || Ok((window.title()? == "flicker | paused | xenia-rs").then_some(())))?;
    // The built-in key has another meaning, and asks first. On a busy host a direction may arrive
    // before the question is drawn; it then answers no.
    let mut asked = 0;
    while !program.messages().contains("frames in") {
        ensure!(asked < 20 && program.is_alive(), "{}", program.messages());
        asked += 1;
        press(&window, &[Key::Pause])?;
        ensure!(window.title()? == "flicker | paused | xenia-rs" || asked > 1, "{}", program.messages());
        press(&window, &[Key::Down, Key::Enter])?;
        std::thread::sleep(Duration::from_secs(2));
    }
    wait_for("another run", || Ok(window.title()?.contains(" fps").then_some(())))?;
    ensure!(program.is_alive(), "{}", program.messages());
    Ok(())
}

#[test]
fn a_video_of_the_title_is_begun_and_ended_by_the_menu() -> Result<()> {
    let Some(display) = display()? else { return Ok(()) };
    let folder = tempfile::tempdir()?;
    make_small(folder.path())?;
    let (mut program, window) = start(&display, folder.path(), FLICKER.as_ref(), &["--gpu", "reference"])?;
    let choose_video = || -> Result<()> {
        wait_for("a picture", || Ok(window.title()?.contains(" fps").then_some(())))?;
        window.press(Key::Escape)?;
        wait_for("a pause", || Ok((window.title()? == "flicker | paused | xenia-rs").then_some(())))?;
        press(&window, &[Key::Down; 6])?;
        press(&window, &[Key::Enter])
    };
    let videos = folder.path().join("data/xenia-rs/videos");
    choose_video()?;
    let part = videos.join(VIDEO_PART);
    wait_for("half a second of a video", || Ok(is_under_way(&part).then_some(())))?;
    choose_video()?;
    wait_for("the whole video", || {
        ensure!(program.is_alive(), "{}", program.messages());
        Ok(whole_video(&videos))
    })?;
    Ok(())
}
