//! Tests that a pad alone changes settings on the pages of all settings, and binds its own triggers
//! on the page of controllers; the settings file has the changes, and its comments.

use super::display::Key;
use super::walk::{change, operate};
use super::{FLICKER, Program, display, make_small, open, wait_for, with_settings};
use anyhow::{Result, ensure};
use std::path::Path;
use xenia_render::LIVE;

/// Settings of a user, with comments.
const MINE: &str = "# mine\n[exec]\nvolume = 70 # quiet\n";

/// Waits until the settings file has this text, and not the other.
fn wait_for_text(file: &Path, what: &str, has: &str, lacks: &str) -> Result<()> {
    wait_for(what, || {
        let text = std::fs::read_to_string(file)?;
        Ok((text.starts_with(MINE) && text.contains(has) && !text.contains(lacks)).then_some(()))
    })
}

#[test]
fn a_pad_changes_all_settings_and_binds_its_trigger() -> Result<()> {
    let Some(display) = display()? else { return Ok(()) };
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("config.toml");
    std::fs::write(&file, MINE)?;
    let words = (&["exec", FLICKER][..], "| xenia-rs");
    let (mut program, window, mut pad) = operate(&display, folder.path(), &file, words)?;
    wait_for("a picture", || Ok(window.title()?.contains(" fps").then_some(())))?;
    pad.press("guide")?;
    wait_for("a pause", || Ok((window.title()? == "flicker | paused | xenia-rs").then_some(())))?;

    // Settings, "All settings", and the first row below the search: antialiasing.
    pad.presses(&["down", "down", "down", "a"])?;
    pad.presses(&["down"; LIVE.len() + 1])?;
    pad.presses(&["a", "down", "right"])?;
    wait_for_text(&file, "a change", "antialiasing = \"fxaa\"", "[title.")?;
    // The first value on the setting's own page, and the reset of its row by Y.
    pad.presses(&["a", "a"])?;
    wait_for_text(&file, "another change", "antialiasing = \"off\"", "fxaa")?;
    pad.presses(&["b", "y"])?;
    wait_for_text(&file, "a reset", "", "antialiasing")?;

    // The controllers: the first part, up, becomes the left trigger.
    pad.presses(&["b", "b", "down", "down", "down", "down"])?;
    let menu = window.look()?;
    pad.press("a")?;
    let parts = change(&window, "the parts", &menu)?;
    pad.press("a")?;
    change(&window, "the wait for a part", &parts)?;
    pad.press("left-trigger")?;
    // "Keep for the next start", the third entry from below.
    pad.presses(&["down"; 40])?;
    pad.presses(&["up", "up"])?;
    pad.press("a")?;
    wait_for_text(&file, "the trigger", "[input.buttons]\nup = \"left-trigger\"", "nothing")?;
    wait_for_text(&file, "the other part", "left-trigger = \"up\"", "nothing")?;
    ensure!(program.is_alive(), "{}", program.messages());
    Ok(())
}

#[test]
fn faults_of_the_settings_are_shown_in_a_window() -> Result<()> {
    let Some(display) = display()? else { return Ok(()) };
    for (text, says) in [
        ("[exec]\nfoo = 1\n", "no flag --foo"),
        ("[exec]\npad-mappings = \"gone.txt\"\n", "config.toml, line 2"),
        ("[exec]\nadapter = \"no such adapter\"\n", "config.toml, line 2"),
        ("[hotkeys]\npause = [\"Bla\"]\n", "`Bla` is not a key"),
    ] {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("config.toml");
        std::fs::write(&file, text)?;
        make_small(folder.path())?;
        let command = with_settings(&file);
        let (mut program, window) = open(&display, folder.path(), command, "| stopped | xenia-rs")?;
        window.press(Key::Escape)?;
        let status = wait_for("the end", || Ok(program.child.try_wait()?))?;
        let messages = program.messages();
        ensure!(status.code() == Some(2) && messages.contains(says), "{status}: {messages}");
    }
    Ok(())
}

#[test]
fn faults_of_settings_without_a_user_open_no_window() -> Result<()> {
    let Some(display) = display()? else { return Ok(()) };
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("config.toml");
    std::fs::write(&file, "[exec]\nbatch = true\nfoo = 1\n")?;
    let mut program = Program::run(&display, folder.path(), with_settings(&file))?;
    let status = wait_for("the end", || Ok(program.child.try_wait()?))?;
    let messages = program.messages();
    ensure!(status.code() == Some(2) && messages.contains("no flag --foo"), "{status}: {messages}");
    Ok(())
}
