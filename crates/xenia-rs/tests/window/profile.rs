//! Tests that a controller alone operates the pages of a title's achievements, saved games and
//! content: a save is exported, deleted and imported again. No key is pressed.

use super::display::wait_for;
use super::library::HOME;
use super::walk::{Walk, operate};
use super::{DEMO, display};
use anyhow::{Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use xenia_testing::hermetic;

/// The title with achievements, and its id.
const SUITE: &str = "console-suite.xex";
const ID: &str = "58410002";

/// All files below a folder whose path ends so.
fn files(folder: &Path, end: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            found.extend(files(&entry.path(), end));
        } else if entry.path().ends_with(end) {
            found.push(entry.path());
        }
    }
    found
}

#[test]
fn a_save_is_exported_deleted_and_imported_with_a_pad_only() -> Result<()> {
    let Some(display) = display()? else { return Ok(()) };
    let folder = tempfile::tempdir()?;
    let at = |name: &str| folder.path().join(name);
    for made in ["games", "Save"] {
        fs::create_dir(at(made))?;
    }
    fs::copy(Path::new(DEMO).with_file_name(SUITE), at("games").join(SUITE))?;
    fs::write(at("Save/progress"), [7; 3000])?;
    let settings = at("config.toml");
    fs::write(&settings, format!("[library]\nfolder = [\"{}\"]\n", at("games").display()))?;
    let content = at("data/xenia-rs/content");
    let exports = at("data/xenia-rs/exports");
    let mut import = hermetic(env!("CARGO_BIN_EXE_xenia-rs"));
    import.args(["content", "import"]).arg(at("Save")).args(["--title-id", ID, "--content"]).arg(&content);
    ensure!(import.status()?.success(), "{import:?}");
    let header = || files(&content, "Save=header").len();
    ensure!(header() == 1, "the import");

    let (mut program, window, mut pad) = operate(&display, folder.path(), &settings, (&[], HOME))?;
    let mut walk = Walk::new(window, 20);
    let scanned = at("cache/xenia-rs/library.json");
    wait_for("the scan", || Ok(scanned.is_file().then_some(())))?;
    std::thread::sleep(Duration::from_millis(500));

    pad.presses(&["down", "y"])?;
    let details = walk.step("details", &(0, 0, Vec::new()))?;
    pad.presses(&["down", "down", "a"])?;
    let achievements = walk.step("achievements", &details)?;
    pad.presses(&["b", "down", "down", "down", "a"])?;
    let saves = walk.step("saves", &achievements)?;

    pad.press("a")?;
    let package = walk.step("package", &saves)?;
    pad.press("a")?;
    wait_for("the export", || Ok((files(&exports, "Save").len() == 1).then_some(())))?;
    pad.presses(&["down", "a"])?;
    let question = walk.step("question", &package)?;
    ensure!(header() == 1, "the question deletes nothing");
    pad.presses(&["down", "a"])?;
    wait_for("the deletion", || Ok((header() == 0).then_some(())))?;
    walk.change("the list without the save", &question)?;
    pad.press("a")?;
    walk.step("import", &package)?;
    pad.presses(&["down", "a"])?;
    wait_for("the import", || {
        ensure!(program.is_alive(), "{}", program.messages());
        Ok((header() == 1).then_some(()))
    })?;
    let progress = files(&content, "progress");
    ensure!(progress.len() == 1 && fs::read(&progress[0])? == [7; 3000], "{progress:?}");
    Ok(())
}
