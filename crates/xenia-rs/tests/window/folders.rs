//! Tests that a controller alone adds a folder to the library.

use super::library::HOME;
use super::walk::operate;
use super::{DEMO, display, wait_for};
use anyhow::{Result, ensure};

#[test]
fn a_pad_chooses_a_folder_among_those_of_the_host() -> Result<()> {
    let Some(display) = display()? else { return Ok(()) };
    let folder = tempfile::tempdir()?;
    let titles = folder.path().join("titles");
    for name in ["known", "more", ".hidden"] {
        std::fs::create_dir_all(titles.join(name))?;
    }
    for name in ["known/second.xex", "more/third.xex"] {
        std::fs::copy(DEMO, titles.join(name))?;
    }
    let settings = folder.path().join("config.toml");
    std::fs::write(&settings, format!("[library]\nfolder = [\"{}\"]\n", titles.join("known").display()))?;
    let (mut program, _window, mut pad) = operate(&display, folder.path(), &settings, (&[], HOME))?;
    let scanned = folder.path().join("cache/xenia-rs/library.json");
    wait_for("the scan", || Ok(scanned.is_file().then_some(())))?;

    // The menu, the folders beside the known one, and the second of them, which contains no
    // folders.
    pad.presses(&["b", "down", "a", "down", "a"])?;
    pad.presses(&["up", "up", "a"])?;
    wait_for("the folder in the settings", || {
        ensure!(program.is_alive(), "{}", program.messages());
        let text = std::fs::read_to_string(&settings)?;
        Ok((text.contains("/titles/known\"") && text.contains("/titles/more\"")).then_some(()))
    })?;
    wait_for("its title", || {
        let text = std::fs::read_to_string(&scanned).unwrap_or_default();
        Ok(text.contains("third.xex").then_some(()))
    })?;
    Ok(())
}
