//! Saved state of a folder of the host: the files that a title is writing there. All others are the
//! host's.

use super::HostFolder;
use super::host_names::guest_name;
use crate::atomic_replace::PIECE;
use crate::device::TemporaryFileState;
use crate::path::is_path;
use crate::{DeviceState, FileData, FileDevice, FolderState, OpenMode, SavedBytes, VfsError};
use std::path::Path;
use xenia_state::{Impossible, Unsaveable, check};

/// Files that were being written in a restored state, kept open until their owners open them again.
#[derive(Default)]
pub(super) struct RestoredFiles(Vec<Box<dyn FileData>>);

impl std::fmt::Debug for RestoredFiles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} files", self.0.len())
    }
}

impl HostFolder {
    /// The folder's state; contents are put into `bytes`.
    pub(super) fn saved(&self, bytes: &mut SavedBytes) -> Result<DeviceState, Unsaveable> {
        let Self {
            // Not saved: the host's path.
            root,
            open_files,
            stamps,
            // Read again.
            listings: _,
            // Empty but during a restore.
            restored: _,
        } = self;
        let Some(open_files) = open_files else { return Ok(DeviceState::Elsewhere) };
        let mut states = Vec::new();
        for (path, size) in open_files.state(bytes)? {
            let path = guest_path(root, &path)
                .ok_or("a file that is being written has a name that is not Unicode")?;
            let stamp = stamps.as_ref().map(|stamps| stamps.get(&path)).unwrap_or_default();
            states.push(TemporaryFileState { path, size, stamp });
        }
        if open_files.is_disk() {
            // A scratch disk counts its contents when it is opened.
            return Ok(DeviceState::Elsewhere);
        }
        Ok(DeviceState::Folder(FolderState { used: open_files.quota.state(), temporary_files: states }))
    }

    /// Makes the files that were being written again, beside the files that the host has.
    pub(super) fn restore_saved(
        &mut self,
        state: DeviceState,
        bytes: &mut SavedBytes,
    ) -> Result<(), Impossible> {
        let DeviceState::Folder(FolderState { used, temporary_files }) = state else {
            let is_folder = self.open_files.as_ref().is_some_and(|open_files| !open_files.is_disk());
            check(!is_folder, DeviceState::OTHER_KIND)?;
            return state.check_elsewhere();
        };
        for TemporaryFileState { path, size, stamp } in temporary_files {
            check(
                !path.is_empty() && is_path(&path),
                "a file that was being written has an impossible name",
            )?;
            check(stamp.is_valid(), "a file that was being written has impossible attributes")?;
            let failed = |error: VfsError| format!("a file that was being written: {error}");
            let file = match self.open(&path, OpenMode::Write) {
                Err(VfsError::NotFound) => self.create_file(&path),
                opened => opened,
            };
            // It is kept before it is filled: if that fails, the folder still has it to discard.
            self.restored.0.push(file.map_err(failed)?);
            let file = self.restored.0.last().ok_or("no file is kept")?;
            fill(&**file, size, bytes)?;
            self.set_stamp(&path, stamp).map_err(failed)?;
        }
        let folder = self.open_files.as_ref().ok_or("a folder of the state can't be written to")?;
        folder.quota.restore(used)
    }
}

/// Gives a file the next `size` of the saved bytes.
fn fill(file: &dyn FileData, size: u64, bytes: &mut SavedBytes) -> Result<(), Impossible> {
    let failed = |error: VfsError| format!("a file that was being written: {error}");
    file.set_size(0).map_err(failed)?;
    for start in (0..size).step_by(PIECE as usize) {
        let piece = bytes.take((size - start).min(PIECE) as usize)?;
        file.write_at(start, piece).map_err(failed)?;
    }
    Ok(())
}

/// The guest's path of a file at `path` below `root`.
fn guest_path(root: &Path, path: &Path) -> Option<Vec<String>> {
    let below = path.strip_prefix(root).ok()?;
    below.iter().map(|name| Some(guest_name(name.to_str()?).to_owned())).collect()
}
