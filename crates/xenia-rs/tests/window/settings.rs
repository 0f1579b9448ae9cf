//! Tests that a pad alone changes settings on the pages of all settings, and binds its own triggers
//! on the page of controllers; the settings file has the changes, and its comments.

use super::display::TestWindow;
use super::walk::Pad;
use super::{DEMO, Program, display, wait_for, with_settings};
use anyhow::{Context, Result, ensure};
use std::path::Path;
use std::process::Command;

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
    let pipe = folder.path().join("pad");
    ensure!(Command::new("mkfifo").arg(&pipe).status()?.success(), "mkfifo");
    let mut command = with_settings(&file);
    command.args(["exec", DEMO, "--gpu", "reference", "--pad-pipe"]).arg(&pipe);
    let mut program = Program::run(&display, folder.path(), command)?;
    let window = TestWindow::find(&display, "| xenia-rs", || program.is_alive())?;
    let window = window.with_context(|| program.said())?;
    let mut pad = Pad::open(&pipe)?;
    wait_for("a picture", || Ok(window.title()?.contains(" fps").then_some(())))?;
    pad.press("guide")?;
    wait_for("a pause", || Ok((window.title()? == "demo | paused | xenia-rs").then_some(())))?;

    // Settings, "All settings", and the first row below the search: antialiasing.
    pad.presses(&["down", "down", "down", "a"])?;
    pad.presses(&["down"; 13])?;
    pad.presses(&["a", "down", "right"])?;
    wait_for_text(&file, "a change", "antialiasing = \"fxaa\"", "[title.")?;
    // The first value on the setting's own page, and the reset of its row by Y.
    pad.presses(&["a", "a"])?;
    wait_for_text(&file, "another change", "antialiasing = \"off\"", "fxaa")?;
    pad.presses(&["b", "y"])?;
    wait_for_text(&file, "a reset", "", "antialiasing")?;

    // The controllers: the first part, up, becomes the left trigger.
    pad.presses(&["b", "b", "down", "down", "down", "down", "a", "a", "left-trigger"])?;
    pad.presses(&["down"; 30])?;
    pad.press("a")?;
    wait_for_text(&file, "the trigger", "[input.buttons]\nup = \"left-trigger\"", "nothing")?;
    wait_for_text(&file, "the other part", "left-trigger = \"up\"", "nothing")?;
    ensure!(program.is_alive(), "{}", program.said());
    Ok(())
}
