//! Folder of a title's slots, by the title's id. An executable without an id of its own has a
//! folder by its hash.

use super::{PICTURE, StateSlot, StateSlots};
use crate::digest::{file_name_digits, sha256};
use crate::screenshots::file_name;
use crate::state_origin::StateOrigin;
use crate::title::Title;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use xenia_host::file::rename;

/// The folder of a title's slots in the folder of all states.
pub(super) fn folder_of(states: &Path, title: &Title) -> PathBuf {
    let name = file_name(&title.short_name());
    // Earlier versions had this folder for all executables with the same name, or with id 0.
    let shared = match title.image.execution.map(|execution| execution.title_id) {
        Some(id) if id.0 != 0 => return states.join(id.to_string()),
        Some(id) => id.to_string(),
        None => name.clone(),
    };
    let image = sha256(&title.image.bytes);
    let folder = folder_of_image(states, &name, &image);
    if !folder.exists() {
        let shared = StateSlots { folder: states.join(shared) };
        let own = StateSlots { folder: folder.clone() };
        let from = shared.folder.display();
        match move_states(&shared, &own, &image) {
            Ok(0) => {}
            Ok(left) => tracing::info!(
                "{left} states of other executables, maybe of some that the title launched, stay in {from}"
            ),
            Err(error) => tracing::warn!("cannot move states from {from}: {error}"),
        }
    }
    folder
}

/// Whether a folder's name is that of the slots of an executable without an id of its own, by the
/// SHA-256 of its loaded image in hexadecimal.
pub(crate) fn is_folder_of(folder: &str, image: &str) -> bool {
    folder.strip_suffix(file_name_digits(image)).is_some_and(|name| name.ends_with('-'))
}

/// The folder for an executable, whatever its file was called before.
fn folder_of_image(states: &Path, name: &str, image: &str) -> PathBuf {
    let is_of_image = |path: &PathBuf| {
        path.file_name().is_some_and(|name| is_folder_of(&name.to_string_lossy(), image)) && path.is_dir()
    };
    let entries = fs::read_dir(states).into_iter().flatten().flatten();
    let found = entries.map(|entry| entry.path()).filter(is_of_image).min();
    found.unwrap_or_else(|| states.join(format!("{name}-{}", file_name_digits(image))))
}

/// Moves the states of an executable, with their pictures, to a new folder. Returns the number of
/// other states: for one that was saved after a launch, the first title is unknown.
fn move_states(from: &StateSlots, to: &StateSlots, image: &str) -> io::Result<usize> {
    let mut left = 0;
    for slot in StateSlot::all() {
        let path = from.path(slot);
        let Ok(origin) = StateOrigin::read(&path) else { continue };
        if origin.image == image {
            fs::create_dir_all(&to.folder)?;
            let target = to.path(slot);
            rename(&path, &target)?;
            // A state that was saved before the first frame has no picture.
            let _ = rename(&path.with_extension(PICTURE), &target.with_extension(PICTURE));
        } else {
            left += 1;
        }
    }
    Ok(left)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::sync::Arc;
    use xenia_formats::image::{ExecutionInfo, Version};
    use xenia_guest::{MediaId, TitleId};
    use xenia_state::{StateFile, StateHeader};

    /// The demo with this id.
    fn title(id: Option<u32>) -> Title {
        let mut title = Title::demo().unwrap();
        Arc::make_mut(&mut title.image).execution = id.map(|id| ExecutionInfo {
            media_id: MediaId(0),
            version: Version(0),
            base_version: Version(0),
            title_id: TitleId(id),
            platform: 0,
            executable_type: 0,
            disc_number: 1,
            disc_count: 1,
            savegame_id: 0,
        });
        title
    }

    #[test]
    fn executables_without_an_id_have_their_own_slots_and_earlier_ones() {
        let first = StateSlot::Player(0);
        let second = StateSlot::Player(1);
        for (id, shared) in [(None, "demo"), (Some(0), "00000000")] {
            let dir = tempfile::tempdir().unwrap();
            let states = dir.path();
            let title = title(id);
            let image = sha256(&title.image.bytes);
            let shared = StateSlots::in_folder(states.join(shared));
            fs::create_dir(&shared.folder).unwrap();
            for (slot, image) in [(first, image.as_str()), (second, "of another")] {
                let mut header = StateHeader::default();
                header.conditions.insert("image_loaded_sha256".to_owned(), image.into());
                StateFile::new(header).write(File::create(shared.path(slot)).unwrap()).unwrap();
            }
            fs::write(shared.path(first).with_extension(PICTURE), "picture").unwrap();
            let digits = file_name_digits(&image);
            let folder = folder_of(states, &title);
            assert_eq!(folder, states.join(format!("demo-{digits}")));
            let own = StateSlots::in_folder(folder.clone());
            assert!(own.age(first).is_some() && own.path(first).with_extension(PICTURE).is_file());
            assert!(own.age(second).is_none() && shared.age(first).is_none() && shared.age(second).is_some());
            let renamed = states.join(format!("another-name-{digits}"));
            fs::rename(folder, &renamed).unwrap();
            assert_eq!(folder_of(states, &title), renamed);
        }
        let states = Path::new("states");
        assert_eq!(folder_of(states, &title(Some(0x4D53_07D1))), states.join("4D5307D1"));
    }
}
