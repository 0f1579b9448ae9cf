//! Files being written, for saved states.

use super::OpenHostFiles;
use crate::{SavedBytes, VfsError};
use std::path::PathBuf;
use xenia_host::file::read_at;
use xenia_state::Unsaveable;

/// Size of the pieces in which a file is read.
pub(crate) const PIECE: u64 = 1 << 20;

impl OpenHostFiles {
    /// The paths and sizes of all files with contents that the host does not have yet. The contents
    /// are put into `bytes`. Files that the title has closed are committed first.
    pub(crate) fn state(&self, bytes: &mut SavedBytes) -> Result<Vec<(PathBuf, u64)>, Unsaveable> {
        // Listings and quota belong to the folder, not to open files.
        let Self { open, quota: _, write_back_errors, closed, listings: _, in_place } = self;
        closed.commit_all();
        if !write_back_errors.is_empty() {
            return Err("a write to the host's disk has failed".into());
        }
        let (named, nameless): (Vec<_>, bool) = {
            let open = open.lock();
            let named = open.named.iter().filter_map(|(path, file)| Some((path.clone(), file.upgrade()?)));
            (named.collect(), open.nameless.iter().any(|file| file.strong_count() > 0))
        };
        if nameless {
            return Err("a file is open that was removed".into());
        }
        let mut files = Vec::new();
        for (path, file) in named {
            let mut file = file.lock();
            let failed = |error: VfsError| format!("a file that is being written: {error}");
            if file.copying.is_some() || file.gap.has_missing_bytes() || file.failure.is_some() {
                return Err("a file is being copied, or could not be written".into());
            }
            if *in_place || !file.is_pending() {
                continue;
            }
            let size = file.size().map_err(failed)?;
            bytes.admit_temporary_file(size)?;
            let mut piece = Vec::new();
            for start in (0..size).step_by(PIECE as usize) {
                piece.resize((size - start).min(PIECE) as usize, 0);
                let count =
                    read_at(&file.content, start, &mut piece).map_err(VfsError::from).map_err(failed)?;
                if count < piece.len() {
                    return Err("a file that is being written is shorter than it was".into());
                }
                bytes.put(&piece);
            }
            files.push((path, size));
        }
        Ok(files)
    }
}
