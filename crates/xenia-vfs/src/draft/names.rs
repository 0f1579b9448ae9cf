//! Names of temporary files, and removal of stale ones.

use super::check_in_place;
use crate::VfsResult;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Prefix of temporary files; guests cannot use such names.
const PREFIX: &str = ".xenia-draft-";
/// Prefix of a temporary file that could not replace its file. It belongs to the user and is not
/// removed.
const UNSAVED: &str = ".xenia-unsaved-";

/// Whether this is the name of a temporary or unsaved file.
pub(crate) fn is_draft(name: &str) -> bool {
    begins(name, PREFIX) || begins(name, UNSAVED)
}

fn begins(name: &str, with: &str) -> bool {
    name.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with))
}

/// Makes an empty temporary file in `folder`, locked to mark it as in use.
pub(super) fn make(folder: &Path) -> VfsResult<(PathBuf, File)> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    loop {
        let number = NUMBER.fetch_add(1, Relaxed);
        let path = folder.join(format!("{PREFIX}{}-{number}", std::process::id()));
        let file = match OpenOptions::new().read(true).write(true).create_new(true).open(&path) {
            // Another machine in a separate container can have the same process ID.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            result => result?,
        };
        // A file system without locks has no other program that checks them.
        let _ = file.lock_shared();
        // Another program that swept the folder may have removed it before it was locked.
        if path.symlink_metadata().is_ok() {
            return Ok((path, file));
        }
    }
}

/// Renames a temporary file so that it is not removed when the folder is opened again; returns its
/// path.
pub(super) fn keep(folder: &Path, draft: PathBuf) -> PathBuf {
    let name = draft.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_prefix(PREFIX));
    let Some(name) = name.filter(|_| check_in_place(folder).is_ok()) else { return draft };
    // Process IDs are reused.
    let kept = (0..).map(|number| draft.with_file_name(format!("{UNSAVED}{name}-{number}")));
    let kept = kept.take(usize::from(u8::MAX)).find(|kept| kept.symlink_metadata().is_err());
    match kept {
        Some(kept) if fs::rename(&draft, &kept).is_ok() => kept,
        _ => draft,
    }
}

/// Whether a directory contains only temporary files.
pub(crate) fn holds_only_drafts(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| {
        entries.all(|entry| entry.is_ok_and(|entry| entry.file_name().to_str().is_some_and(is_draft)))
    })
}

/// Removes temporary files whose programs have ended, or that were abandoned.
pub(crate) fn sweep(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let (Ok(kind), Ok(name)) = (entry.file_type(), entry.file_name().into_string()) else { continue };
        if kind.is_dir() {
            sweep(&entry.path());
        } else if kind.is_file() && begins(&name, PREFIX) {
            // A user of the file holds its lock, in whatever container.
            let unused = File::open(entry.path()).is_ok_and(|draft| draft.try_lock().is_ok());
            if unused {
                tracing::warn!(target: "vfs", "removing {}, left by a run that was cut short, or a save that failed", entry.path().display());
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}
