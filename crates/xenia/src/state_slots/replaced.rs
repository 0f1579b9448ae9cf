//! The state that a save replaces, and its picture: kept as those of a slot of their own.

use super::{PICTURE, StateSlot, StateSlots};
use anyhow::Result;
use std::path::{Path, PathBuf};
use xenia_host::file::rename;

impl StateSlots {
    /// Saves a state to a slot by `save`, which replaces the slot's file. It is called again if it
    /// fails and may have lacked the room of copies. The old state and its picture become those of
    /// the slot [`StateSlot::Replaced`].
    ///
    /// # Errors
    /// The error of `save`.
    pub(crate) fn replacing(&self, slot: StateSlot, save: impl Fn() -> Result<()>) -> Result<()> {
        let keeps = matches!(slot, StateSlot::Player(_)) && self.age(slot).is_some();
        let [mut state, mut picture] = ["state", PICTURE].map(|extension| {
            let old = keeps.then(|| self.path(slot).with_extension(extension));
            ReplacedFile::new(old.as_deref(), self.path(StateSlot::Replaced).with_extension(extension))
        });
        let mut saved = save();
        if saved.is_err() && (state.is_copy || picture.is_copy) {
            // The copies may have taken the room.
            state.discard();
            picture.discard();
            saved = save();
        }
        if saved.is_ok() && state.keep() && !picture.keep() {
            // It is an earlier state's.
            let _ = std::fs::remove_file(&picture.kept);
        }
        state.discard();
        picture.discard();
        saved
    }
}

/// A file of the state that a save replaces.
struct ReplacedFile {
    /// Its path as a file of the slot [`StateSlot::Replaced`].
    kept: PathBuf,
    /// A link to it, or a copy, until the save has succeeded.
    new: PathBuf,
    /// Whether `new` is the whole file.
    is_there: bool,
    /// Whether `new` needs room on the disk.
    is_copy: bool,
}

impl ReplacedFile {
    /// Links the file `old`, if there is one, or copies it.
    fn new(old: Option<&Path>, kept: PathBuf) -> Self {
        let mut new = kept.clone().into_os_string();
        new.push(".new");
        let mut this = Self { kept, new: new.into(), is_there: false, is_copy: false };
        // A run that was killed may have left it. The name is every run's, so that this leaves one
        // file at most; runs of one title that save at the same moment may lose the replaced state.
        this.discard();
        let Some(old) = old else { return this };
        // Saving follows symbolic links, so a link to one would lead to the new state.
        this.is_there = !old.is_symlink() && std::fs::hard_link(old, &this.new).is_ok();
        if !this.is_there {
            // A file system without links. A part of a copy is discarded.
            this.is_there = copy_with_time(old, &this.new).is_ok();
            this.is_copy = this.is_there;
        }
        if !this.is_there {
            this.discard();
        }
        this
    }

    /// Makes it a file of the slot [`StateSlot::Replaced`]. Returns whether it is one.
    fn keep(&self) -> bool {
        self.is_there && rename(&self.new, &self.kept).is_ok()
    }

    /// Removes the link or copy.
    fn discard(&mut self) {
        let _ = std::fs::remove_file(&self.new);
        self.is_there = false;
    }
}

/// Copies a file, and the time of its last change: the age of its state.
fn copy_with_time(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::copy(from, to)?;
    let time = std::fs::metadata(from)?.modified()?;
    std::fs::File::options().write(true).open(to)?.set_modified(time)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output;
    use anyhow::bail;

    /// A slot that a player chooses.
    const SLOT: StateSlot = StateSlot::Player(2);

    #[test]
    fn the_state_that_a_save_replaces_is_kept_with_its_picture() {
        let dir = tempfile::tempdir().unwrap();
        let slots = StateSlots::in_folder(dir.path().to_owned());
        let save = |text: &str| {
            slots.replacing(SLOT, || {
                let new = dir.path().join("temporary");
                std::fs::write(&new, text)?;
                Ok(std::fs::rename(&new, slots.path(SLOT))?)
            })
        };
        save("first").unwrap();
        assert_eq!(slots.age(StateSlot::Replaced), None, "the slot was empty");
        let picture = slots.path(SLOT).with_extension(PICTURE);
        std::fs::write(&picture, "picture").unwrap();
        save("second").unwrap();
        let kept = |extension: &str| {
            std::fs::read_to_string(slots.path(StateSlot::Replaced).with_extension(extension))
        };
        assert_eq!((kept("state").unwrap(), kept(PICTURE).unwrap()), ("first".into(), "picture".into()));
        slots.replacing(SLOT, || bail!("the disk is full")).unwrap_err();
        assert_eq!(kept("state").unwrap(), "first");
        std::fs::remove_file(&picture).unwrap();
        save("third").unwrap();
        assert_eq!(kept("state").unwrap(), "second");
        assert!(kept(PICTURE).is_err(), "the second had none");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_replaced_state_that_cannot_be_kept_leaves_the_one_before() {
        let dir = tempfile::tempdir().unwrap();
        let slots = StateSlots::in_folder(dir.path().to_owned());
        let save = |text: &str| slots.replacing(SLOT, || output::write(&slots.path(SLOT), text.as_bytes()));
        save("first").unwrap();
        save("second").unwrap();
        // Neither a link nor a copy can replace a folder.
        std::fs::create_dir(dir.path().join("replaced.state.new")).unwrap();
        save("third").unwrap();
        assert_eq!(std::fs::read(slots.path(SLOT)).unwrap(), b"third");
        assert_eq!(std::fs::read(slots.path(StateSlot::Replaced)).unwrap(), b"first");
    }

    #[cfg(unix)]
    #[test]
    fn a_slot_that_is_a_symbolic_link_keeps_the_replaced_state() {
        let dir = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        let file = elsewhere.path().join("far.state");
        std::fs::write(&file, "first").unwrap();
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1 << 30);
        std::fs::File::options().write(true).open(&file).unwrap().set_modified(time).unwrap();
        let slots = StateSlots::in_folder(dir.path().to_owned());
        std::os::unix::fs::symlink(&file, slots.path(SLOT)).unwrap();
        slots.replacing(SLOT, || output::write(&slots.path(SLOT), b"second")).unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"second");
        assert_eq!(std::fs::read(slots.path(StateSlot::Replaced)).unwrap(), b"first");
        let kept = slots.path(StateSlot::Replaced).symlink_metadata().unwrap();
        assert!(kept.is_file() && kept.modified().unwrap() == time, "its age is the state's");
    }

    #[cfg(unix)]
    #[test]
    fn a_save_without_room_for_a_copy_is_tried_without_it() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("far");
        std::fs::write(&file, "first").unwrap();
        let slots = StateSlots::in_folder(dir.path().to_owned());
        std::os::unix::fs::symlink(&file, slots.path(SLOT)).unwrap();
        let copy = dir.path().join("replaced.state.new");
        let save = || {
            anyhow::ensure!(!copy.exists(), "the disk is full");
            output::write(&slots.path(SLOT), b"second")
        };
        slots.replacing(SLOT, save).unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"second");
        assert!(!copy.exists());
        assert_eq!(slots.age(StateSlot::Replaced), None);
    }
}
