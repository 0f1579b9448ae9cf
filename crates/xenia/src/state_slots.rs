//! Slots for saved states: numbered files of a title in the user's data folder.

use crate::frames::write_png;
use crate::screenshots::file_name;
use crate::title::{Title, data_folder};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use xenia_gpu::Frame;

/// Number of slots that a player chooses from.
pub const SLOTS: u8 = 10;
/// Slot of the state before the last load, by which a load is undone.
pub const UNDO: u8 = SLOTS;

/// The slots of a title.
#[derive(Clone, Debug)]
pub struct StateSlots {
    folder: PathBuf,
}

impl StateSlots {
    /// Slots in the user's data folder; `None` if there is none.
    pub fn new(title: &Title) -> Option<Self> {
        let id = title.image.execution.map(|execution| execution.title_id.to_string());
        // Executables without an id are told apart by their names.
        let name = id.unwrap_or_else(|| file_name(&title.short_name()));
        Some(Self { folder: data_folder()?.join("states").join(name) })
    }

    /// The file of a slot, which may be missing.
    pub fn path(&self, slot: u8) -> PathBuf {
        self.folder.join(format!("{}.state", Self::name(slot)))
    }

    /// Whether a file is one of a slot.
    pub fn has(&self, path: &Path) -> bool {
        path.parent() == Some(&self.folder)
    }

    /// The slot's name in files and messages.
    fn name(slot: u8) -> String {
        if slot == UNDO { "undo".to_owned() } else { format!("slot-{}", slot + 1) }
    }

    /// Makes the folder, and writes the picture of a state that is about to be saved.
    ///
    /// # Errors
    /// The folder or the picture cannot be written.
    pub fn prepare(&self, slot: u8, picture: Option<&Frame>) -> Result<PathBuf> {
        std::fs::create_dir_all(&self.folder)
            .with_context(|| format!("cannot create {}", self.folder.display()))?;
        let path = self.path(slot);
        if let Some(frame) = picture {
            write_png(&path.with_extension("png"), frame)?;
        }
        Ok(path)
    }

    /// Age of the state in a slot; `None` if it is empty.
    pub fn age(&self, slot: u8) -> Option<Duration> {
        let modified = self.path(slot).metadata().ok().filter(std::fs::Metadata::is_file)?.modified().ok()?;
        Some(SystemTime::now().duration_since(modified).unwrap_or_default())
    }
}

/// An age in the largest unit that fits, such as `5 min ago`.
pub fn age_text(age: Duration) -> String {
    let seconds = age.as_secs();
    let (count, unit) = match seconds {
        0..60 => return "just now".to_owned(),
        60..3600 => (seconds / 60, "min"),
        3600..86_400 => (seconds / 3600, "h"),
        _ => (seconds / 86_400, "days"),
    };
    format!("{count} {unit} ago")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_a_file_with_a_picture() {
        let dir = tempfile::tempdir().unwrap();
        let slots = StateSlots { folder: dir.path().join("states/game") };
        assert_eq!(slots.age(0), None);
        let frame = Frame { width: 1, height: 1, rgba: vec![9; 4] };
        let path = slots.prepare(2, Some(&frame)).unwrap();
        assert!(path.ends_with("slot-3.state") && path.with_extension("png").is_file());
        assert_eq!(slots.age(2), None, "only the picture is there");
        std::fs::write(&path, b"state").unwrap();
        assert!(slots.age(2).is_some_and(|age| age < Duration::from_mins(5)));
        assert!(slots.path(UNDO).ends_with("undo.state"));
    }

    #[test]
    fn ages_have_one_unit() {
        for (seconds, text) in
            [(0, "just now"), (61, "1 min ago"), (7300, "2 h ago"), (200_000, "2 days ago")]
        {
            assert_eq!(age_text(Duration::from_secs(seconds)), text);
        }
    }
}
