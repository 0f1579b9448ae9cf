//! The window's place on the desktop, kept in the state folder for the next start.

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use xenia::output;
use xenia::user_folders;
use xenia_gpu::PixelSize;
use xenia_render::WindowPlace;

/// The file: sizes and positions in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct WindowRecord {
    width: u32,
    height: u32,
    position: Option<(i32, i32)>,
    maximized: bool,
}

/// File of the window's place; `None` if there is no state folder.
pub(super) fn file() -> Option<PathBuf> {
    user_folders::state().map(|state| state.join("window.json"))
}

/// Reads the place at the end of the last run; `None` if there is none, or the file is damaged.
pub(super) fn read(file: &Path) -> Option<WindowPlace> {
    let text = xenia::source::text(file).ok()?;
    let WindowRecord { width, height, position, maximized } = serde_json::from_str(&text).ok()?;
    Some(WindowPlace { size: PixelSize::new(width, height), position, is_maximized: maximized })
}

/// Writes the place for the next start.
pub(super) fn keep(file: &Path, place: WindowPlace) -> Result<()> {
    let WindowPlace { size: PixelSize { width, height }, position, is_maximized } = place;
    let record = WindowRecord { width, height, position, maximized: is_maximized };
    let folder = file.parent().context("a folder")?;
    std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    output::write(file, &serde_json::to_vec(&record)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_round_trips_and_a_damaged_one_is_ignored() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("state/window.json");
        assert_eq!(read(&file), None);
        for position in [None, Some((-30, 7))] {
            let place =
                WindowPlace { size: PixelSize::new(800, 450), position, is_maximized: position.is_none() };
            keep(&file, place).unwrap();
            assert_eq!(read(&file), Some(place));
        }
        for damaged in ["", "{}", "[1,2]", r#"{"width":-1,"height":2,"position":null,"maximized":false}"#] {
            std::fs::write(&file, damaged).unwrap();
            assert_eq!(read(&file), None, "{damaged}");
        }
    }
}
