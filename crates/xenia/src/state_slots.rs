//! Slots for saved states: numbered files of a title in the user's data folder.

mod folder;
mod replaced;

use crate::pictures::{IconPicture, MAX_ICON_SIDE, read_icon};
use crate::png_frames::write_png;
use crate::state_origin::StateOrigin;
use crate::title::Title;
use crate::user_folders;
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use xenia_gpu::Frame;
use xenia_host::file::rename;

pub(crate) use folder::is_folder_of;

/// Number of slots that a player chooses from.
pub const SLOTS: u8 = 10;

/// Number of states of a slot that are kept though they can't be loaded.
const MAX_REFUSED: u8 = 9;

/// Extension of the picture of a slot's state.
const PICTURE: &str = "png";
/// Extension of the picture of a state that is not saved yet.
const NEW_PICTURE: &str = "new.png";

/// A slot for a saved state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateSlot {
    /// One of the [`SLOTS`] that a player chooses from, counted from 0.
    Player(u8),
    /// The state before the last load, by which a load is undone.
    Undo,
    /// The state in which the title was left.
    Exit,
    /// The state that was replaced last.
    Replaced,
}

impl StateSlot {
    /// All slots of a title.
    fn all() -> impl Iterator<Item = Self> {
        (0..SLOTS).map(Self::Player).chain([Self::Undo, Self::Exit, Self::Replaced])
    }

    /// The slot's name in files.
    fn name(self) -> String {
        match self {
            Self::Player(index) => format!("slot-{}", u16::from(index) + 1),
            Self::Undo => "undo".to_owned(),
            Self::Exit => "exit".to_owned(),
            Self::Replaced => "replaced".to_owned(),
        }
    }
}

/// The slots of a title.
#[derive(Clone, Debug)]
pub struct StateSlots {
    folder: PathBuf,
}

impl StateSlots {
    /// Slots in the user's data folder; `None` if there is none. States of earlier versions are
    /// moved to the title's folder.
    pub fn new(title: &Title) -> Option<Self> {
        let states = user_folders::data()?.join("states");
        Some(Self { folder: folder::folder_of(&states, title) })
    }

    /// Slots in this folder.
    #[cfg(test)]
    pub(crate) fn in_folder(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The file of a slot, which may be missing.
    pub fn path(&self, slot: StateSlot) -> PathBuf {
        self.folder.join(format!("{}.state", slot.name()))
    }

    /// The slot whose state is in this file.
    pub fn slot_of(&self, path: &Path) -> Option<StateSlot> {
        StateSlot::all().find(|&slot| self.path(slot) == path)
    }

    /// The file of [`StateSlot::Player`] with this index.
    ///
    /// # Errors
    /// The slot is empty; the error names those that are not.
    pub fn filled(&self, index: u8) -> Result<PathBuf> {
        let slot = StateSlot::Player(index);
        if self.age(slot).is_some() {
            return Ok(self.path(slot));
        }
        let filled = (0..SLOTS).filter(|&index| self.age(StateSlot::Player(index)).is_some());
        let filled: Vec<String> = filled.map(|index| (index + 1).to_string()).collect();
        let others = if filled.is_empty() {
            format!("no state in {}", self.folder.display())
        } else {
            format!("states in {}", filled.join(", "))
        };
        bail!("slot {} is empty: the title has {others}", u16::from(index) + 1)
    }

    /// Whether a file is in the folder of the slots.
    pub fn has(&self, path: &Path) -> bool {
        path.parent() == Some(&self.folder)
    }

    /// Makes the folder, and writes the picture of a state that is about to be saved. That of the
    /// previous state is the slot's until [`Self::settle_picture`].
    ///
    /// # Errors
    /// The folder or the picture cannot be written.
    pub fn prepare(&self, slot: StateSlot, picture: Option<&Frame>) -> Result<PathBuf> {
        std::fs::create_dir_all(&self.folder)
            .with_context(|| format!("cannot create {}", self.folder.display()))?;
        let path = self.path(slot);
        let written = picture.map(|frame| write_png(&path.with_extension(NEW_PICTURE), &small(frame)));
        if !matches!(written, Some(Ok(()))) {
            // The state before may lose its picture, but the new one must not have it.
            for extension in [PICTURE, NEW_PICTURE] {
                let _ = std::fs::remove_file(path.with_extension(extension));
            }
        }
        written.transpose()?;
        Ok(path)
    }

    /// Gives a slot the picture of the state that was to be saved, if it is `saved`.
    pub fn settle_picture(&self, slot: StateSlot, saved: &Result<()>) {
        let path = self.path(slot);
        let new = path.with_extension(NEW_PICTURE);
        // The file is missing where no frame had been shown.
        let _ = match saved {
            Ok(()) => rename(&new, &path.with_extension(PICTURE)),
            Err(_) => std::fs::remove_file(new),
        };
    }

    /// The picture of the state in a slot, if there is one.
    pub fn picture(&self, slot: StateSlot) -> Option<IconPicture> {
        read_icon(&self.path(slot).with_extension(PICTURE)).ok()
    }

    /// Origin of the state in a slot.
    ///
    /// # Errors
    /// Errors of reading, and damage of the header.
    pub fn origin(&self, slot: StateSlot) -> Result<StateOrigin> {
        StateOrigin::read(&self.path(slot))
    }

    /// Deletes the state in a slot, if there is one.
    pub fn clear(&self, slot: StateSlot) {
        let path = self.path(slot);
        if let Err(error) = std::fs::remove_file(&path)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!("cannot delete {}: {error}", path.display());
        }
    }

    /// Renames the state in a slot that cannot be loaded, so that the next save does not replace
    /// it. Returns its file. It replaces the oldest of nine such states.
    ///
    /// # Errors
    /// The file cannot be renamed.
    pub fn set_aside(&self, slot: StateSlot) -> Result<PathBuf> {
        let path = self.path(slot);
        let numbered = (2..=MAX_REFUSED).map(|number| format!("refused-{number}.state"));
        let names = std::iter::once("refused.state".to_owned()).chain(numbered);
        // A name that is free has no time, and is before all that have one.
        let saved = |aside: &PathBuf| aside.symlink_metadata().and_then(|file| file.modified()).ok();
        let aside = names.map(|name| path.with_extension(name)).min_by_key(saved);
        let aside = aside.context("no name is free")?;
        rename(&path, &aside).with_context(|| format!("cannot rename {}", path.display()))?;
        Ok(aside)
    }

    /// Age of the state in a slot; `None` if it is empty.
    pub fn age(&self, slot: StateSlot) -> Option<Duration> {
        let modified = self.path(slot).metadata().ok().filter(std::fs::Metadata::is_file)?.modified().ok()?;
        Some(SystemTime::now().duration_since(modified).unwrap_or_default())
    }
}

/// A frame at a fraction of its size, which no side of an icon exceeds.
fn small(frame: &Frame) -> Frame {
    let factor = frame.width.max(frame.height).div_ceil(MAX_ICON_SIDE).max(1);
    let width = (frame.width / factor).max(1);
    let height = (frame.height / factor).max(1);
    let pixel = |x: u32, y: u32| {
        let at = (y.min(frame.height.saturating_sub(1)) * frame.width + x.min(frame.width.saturating_sub(1)))
            as usize
            * 4;
        frame.rgba.get(at..at + 4).unwrap_or(&[0; 4])
    };
    let mut rgba = Vec::with_capacity((width * height * 4) as usize);
    for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y * factor, x * factor))) {
        let mut sums = [0_u32; 4];
        for (across, down) in (0..factor).flat_map(|down| (0..factor).map(move |across| (across, down))) {
            let parts = pixel(x + across, y + down);
            sums.iter_mut().zip(parts).for_each(|(sum, &part)| *sum += u32::from(part));
        }
        rgba.extend(sums.map(|sum| (sum / (factor * factor)) as u8));
    }
    Frame { width, height, rgba }
}

/// An age in the largest unit that fits, such as `5 min ago`.
pub fn age_text(age: Duration) -> String {
    if age.as_secs() < 60 {
        return "just now".to_owned();
    }
    format!("{} ago", length_text(age))
}

/// A length of time in the largest unit that fits, such as `5 min`.
pub fn length_text(length: Duration) -> String {
    let seconds = length.as_secs();
    let (count, unit) = match seconds {
        0..60 => (seconds, "s"),
        60..3600 => (seconds / 60, "min"),
        3600..86_400 => (seconds / 3600, "h"),
        _ => (seconds / 86_400, "days"),
    };
    format!("{count} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A slot that a player chooses.
    const SLOT: StateSlot = StateSlot::Player(2);

    /// A title's slots in a new folder, which is deleted with the first value.
    fn empty() -> (tempfile::TempDir, StateSlots) {
        let dir = tempfile::tempdir().unwrap();
        let slots = StateSlots::in_folder(dir.path().join("states/game"));
        std::fs::create_dir_all(&slots.folder).unwrap();
        (dir, slots)
    }

    /// A frame of one pixel.
    fn frame(byte: u8) -> Frame {
        Frame { width: 1, height: 1, rgba: vec![byte; 4] }
    }

    /// The colour of the picture in [`SLOT`], if there is one.
    fn picture(slots: &StateSlots) -> Option<Vec<u8>> {
        slots.picture(SLOT).map(|picture| picture.rgba)
    }

    #[test]
    fn slots_are_found_by_their_files() {
        let (_dir, slots) = empty();
        for (slot, name) in [
            (StateSlot::Player(0), "slot-1.state"),
            (StateSlot::Player(9), "slot-10.state"),
            (StateSlot::Undo, "undo.state"),
            (StateSlot::Exit, "exit.state"),
            (StateSlot::Replaced, "replaced.state"),
        ] {
            let path = slots.path(slot);
            assert!(path.ends_with(name), "{path:?}");
            assert_eq!(slots.slot_of(&path), Some(slot));
        }
        let refused = slots.folder.join("slot-1.refused.state");
        assert!(slots.has(&refused) && slots.slot_of(&refused).is_none());
        assert_eq!(slots.slot_of(Path::new("slot-1.state")), None, "it is in another folder");
    }

    #[test]
    fn a_slot_is_filled_by_a_state() {
        let (dir, _) = empty();
        // The first save makes the folder.
        let slots = StateSlots::in_folder(dir.path().join("states/another"));
        assert_eq!(slots.age(SLOT), None);
        let path = slots.prepare(SLOT, Some(&frame(9))).unwrap();
        slots.settle_picture(SLOT, &Ok(()));
        assert_eq!(slots.age(SLOT), None, "only the picture is there");
        std::fs::write(&path, b"state").unwrap();
        assert!(slots.age(SLOT).is_some_and(|age| age < Duration::from_mins(5)));
        assert!(slots.origin(SLOT).is_err(), "no state at all");
    }

    #[test]
    fn a_picture_is_the_slots_once_its_state_is_saved() {
        let (_dir, slots) = empty();
        assert_eq!(picture(&slots), None);
        let path = slots.prepare(SLOT, Some(&frame(9))).unwrap();
        assert_eq!(picture(&slots), None, "the state is not saved yet");
        slots.settle_picture(SLOT, &Ok(()));
        assert!(path.with_extension("png").is_file());
        assert_eq!(slots.picture(SLOT).map(|picture| picture.size), Some([1, 1]));
        slots.prepare(SLOT, Some(&frame(7))).unwrap();
        slots.settle_picture(SLOT, &Err(anyhow::anyhow!("the disk is full")));
        assert_eq!(picture(&slots), Some(vec![9; 4]), "the state before is kept");
    }

    #[test]
    fn a_state_has_no_picture_of_the_state_before() {
        let (_dir, slots) = empty();
        slots.prepare(SLOT, Some(&frame(7))).unwrap();
        slots.settle_picture(SLOT, &Ok(()));
        assert_eq!(picture(&slots), Some(vec![7; 4]));
        slots.prepare(SLOT, None).unwrap();
        slots.settle_picture(SLOT, &Ok(()));
        assert_eq!(picture(&slots), None, "no frame had been shown");

        slots.prepare(SLOT, Some(&frame(7))).unwrap();
        slots.settle_picture(SLOT, &Ok(()));
        assert_eq!(picture(&slots), Some(vec![7; 4]));
        // A folder in its place lets the writing fail.
        std::fs::create_dir(slots.path(SLOT).with_extension(NEW_PICTURE)).unwrap();
        assert!(slots.prepare(SLOT, Some(&frame(7))).is_err());
        slots.settle_picture(SLOT, &Ok(()));
        assert_eq!(picture(&slots), None, "the new picture is not there");
    }

    #[test]
    fn an_error_about_an_empty_slot_names_the_filled_ones() {
        let (_dir, slots) = empty();
        let refusal = |index| slots.filled(index).unwrap_err().to_string();
        assert!(refusal(2).contains("has no state in "), "{}", refusal(2));
        for index in [2, 9] {
            std::fs::write(slots.path(StateSlot::Player(index)), b"state").unwrap();
        }
        assert_eq!(slots.filled(2).unwrap(), slots.path(SLOT));
        assert_eq!(refusal(0), "slot 1 is empty: the title has states in 3, 10");
    }

    #[test]
    fn the_first_refused_states_are_kept_side_by_side() {
        let (_dir, slots) = empty();
        assert!(slots.set_aside(SLOT).is_err(), "there is none");
        std::fs::write(slots.path(SLOT), b"state").unwrap();
        let refused = slots.set_aside(SLOT).unwrap();
        assert!(refused.ends_with("slot-3.refused.state") && refused.is_file());
        assert_eq!(slots.age(SLOT), None);
        std::fs::write(slots.path(SLOT), b"a later state").unwrap();
        assert!(slots.set_aside(SLOT).unwrap().ends_with("slot-3.refused-2.state"));
        assert_eq!(std::fs::read(&refused).unwrap(), b"state");
    }

    #[test]
    fn a_further_refused_state_replaces_the_oldest() {
        let (_dir, slots) = empty();
        let set_aside = |seconds| {
            std::fs::write(slots.path(SLOT), b"state").unwrap();
            let file = slots.set_aside(SLOT).unwrap();
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            std::fs::File::options().write(true).open(&file).unwrap().set_modified(time).unwrap();
            file
        };
        // The third is the oldest.
        for (number, seconds) in (1..=MAX_REFUSED).zip([25, 24, 10, 11, 12, 13, 14, 15, 16]) {
            let name = match number {
                1 => "slot-3.refused.state".to_owned(),
                number => format!("slot-3.refused-{number}.state"),
            };
            assert!(set_aside(seconds).ends_with(&name), "{name}");
        }
        assert!(set_aside(17).ends_with("slot-3.refused-3.state"));
    }

    #[test]
    fn a_slot_can_be_cleared_twice() {
        let (_dir, slots) = empty();
        std::fs::write(slots.path(StateSlot::Exit), b"state").unwrap();
        assert!(slots.age(StateSlot::Exit).is_some());
        slots.clear(StateSlot::Exit);
        slots.clear(StateSlot::Exit);
        assert_eq!(slots.age(StateSlot::Exit), None);
    }

    #[test]
    fn large_frames_become_small_pictures() {
        let wide = Frame { width: 1280, height: 720, rgba: [10, 20, 30, 255].repeat(1280 * 720) };
        let picture = small(&wide);
        assert_eq!((picture.width, picture.height), (256, 144));
        assert_eq!(picture.rgba, [10, 20, 30, 255].repeat(256 * 144));
        let line = Frame { width: 600, height: 1, rgba: (0..2400).map(|at| (at / 4 % 3) as u8).collect() };
        let picture = small(&line);
        assert_eq!((picture.width, picture.height), (200, 1));
        assert!(picture.rgba.iter().all(|&part| part == 1), "the mean of 0, 1 and 2");
    }

    #[test]
    fn ages_are_shown_in_one_unit() {
        for (seconds, text) in
            [(0, "just now"), (61, "1 min ago"), (7300, "2 h ago"), (200_000, "2 days ago")]
        {
            assert_eq!(age_text(Duration::from_secs(seconds)), text);
        }
        assert_eq!(length_text(Duration::from_secs(59)), "59 s");
    }
}
