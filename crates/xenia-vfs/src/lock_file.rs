//! Lock files: one process at a time uses a folder.
//!
//! The system releases a lock when its process ends, however that ends, so a lock file that is left
//! behind is free. On a file system without locks other processes are not noticed; the log reports
//! this.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use xenia_host::file::no_follow;

/// Takes the lock, whose file is made if it is missing, and holds it until the result is dropped.
/// `None`: it is held already.
///
/// # Errors
/// The file cannot be made.
pub fn try_lock(path: &Path) -> io::Result<Option<File>> {
    let file = open(path)?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => return Ok(None),
        Err(TryLockError::Error(error)) => warn(path, &error),
        Ok(()) => {}
    }
    Ok(Some(file))
}

/// As [`try_lock`], but waits until the lock is free.
///
/// # Errors
/// The file cannot be made.
pub fn lock(path: &Path) -> io::Result<File> {
    let file = open(path)?;
    loop {
        match file.lock() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => break warn(path, &error),
            Ok(()) => break,
        }
    }
    Ok(file)
}

/// Opens the lock file for writing, as network file systems demand it of exclusive locks. The
/// folder's files may come from others: no link is followed, and no pipe waited for.
fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let file = no_follow(options.create(true).truncate(false).write(true)).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::ErrorKind::InvalidInput.into()) }
}

fn warn(path: &Path, error: &io::Error) {
    tracing::warn!(target: "vfs", "cannot lock {}, so other processes are not noticed: {error}", path.display());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_held_once_and_a_stale_file_is_ignored() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let held = try_lock(&path).unwrap().unwrap();
        assert!(try_lock(&path).unwrap().is_none());
        drop(held);
        assert!(path.exists());
        drop(lock(&path).unwrap());
        assert!(try_lock(&path).unwrap().is_some());
        assert!(try_lock(&folder.path().join("nowhere/lock")).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_lock_file_must_not_be_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("link");
        let target = folder.path().join("target");
        std::os::unix::fs::symlink(&target, &link).unwrap();
        assert!(try_lock(&link).is_err() && !target.exists());
    }
}
