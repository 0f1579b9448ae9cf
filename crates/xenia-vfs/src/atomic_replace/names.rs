//! Names of temporary files, and removal of stale ones.
//!
//! A temporary file is locked while a program uses it, so another program removes only those whose
//! program has ended. Invariant: guests cannot use these names, and unsaved files are never
//! removed.

use super::{check_in_place, sync_folder, unsaved};
use crate::stamp_file::is_stamp_file;
use crate::{VfsError, VfsResult};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use xenia_host::file::{is_unused, mark_in_use, read_at, rename};

/// Prefix of temporary files; guests cannot use such names.
const PREFIX: &str = ".xenia-draft-";
/// Prefix of a temporary file that could not replace its file. It belongs to the user and is not
/// removed.
const UNSAVED: &str = ".xenia-unsaved-";
/// Largest count of numbers that are tried after the name of an unsaved file.
const MAX_UNSAVED_NUMBERS: usize = 255;

/// Prefix of a closed file, before the digest, a hyphen and the name of the file that it replaces.
const CLOSED: &str = ".xenia-closed-";
/// Digits of the digest.
const DIGITS: usize = 32;
/// Largest size of a closed file in bytes.
pub(super) const MAX_CLOSED_BYTES: u64 = 0x1_0000;
/// Longest name on the host in bytes.
const MAX_HOST_NAME: usize = 255;

/// Whether this is the name of a temporary, closed or unsaved file.
pub(crate) fn is_temporary(name: &str) -> bool {
    begins(name, PREFIX) || begins(name, CLOSED) || begins(name, UNSAVED)
}

fn begins(name: &str, with: &str) -> bool {
    name.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with))
}

/// A name of a temporary file that this process has not used.
fn new_name() -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    format!("{PREFIX}{}-{}", std::process::id(), NUMBER.fetch_add(1, Relaxed))
}

/// Makes an empty temporary file in `folder`, marked as in use.
pub(super) fn make(folder: &Path) -> VfsResult<(PathBuf, File)> {
    loop {
        let path = folder.join(new_name());
        let file = match OpenOptions::new().read(true).write(true).create_new(true).open(&path) {
            // Another machine in a separate container can have the same process ID.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            result => result?,
        };
        // A file system without locks has no other program that checks them.
        let _ = mark_in_use(&file);
        // Another program that swept the folder may have removed it before it was locked.
        if path.symlink_metadata().is_ok() {
            return Ok((path, file));
        }
    }
}

/// Removes a file that may be open. Its name is free at once, which a removal alone does not do on
/// every host: the file has the name of a temporary file for as long as it is open.
pub(crate) fn remove_open(path: &Path) -> io::Result<()> {
    let aside = path.with_file_name(new_name());
    let renamed = aside.symlink_metadata().is_err() && fs::rename(path, &aside).is_ok();
    fs::remove_file(if renamed { &aside } else { path })
}

/// Renames a temporary file so that it is not removed when the folder is opened again; returns its
/// path.
pub(super) fn keep(folder: &Path, temporary: PathBuf) -> PathBuf {
    let name = temporary.file_name().and_then(|name| name.to_str());
    let name = name.and_then(|name| name.strip_prefix(PREFIX).or_else(|| closed_target(name)));
    let Some(name) = name.filter(|_| check_in_place(folder).is_ok()) else { return temporary };
    // Process IDs are reused.
    let kept = (0..).map(|number| temporary.with_file_name(format!("{UNSAVED}{name}-{number}")));
    let kept = kept.take(MAX_UNSAVED_NUMBERS).find(|kept| kept.symlink_metadata().is_err());
    match kept {
        Some(kept) if rename(&temporary, &kept).is_ok() => kept,
        _ => temporary,
    }
}

/// Like [`keep`], for a closed file whose commit failed, perhaps after it replaced `target`: only
/// the sync of the directory can fail then.
fn keep_or_target(folder: &Path, closed: &Path, target: &Path) -> PathBuf {
    let is_there = closed.symlink_metadata().is_ok();
    if is_there { keep(folder, closed.to_owned()) } else { target.to_owned() }
}

/// The digest of a small file's contents; `None` if it is larger.
fn digest_of(file: &File) -> io::Result<Option<String>> {
    // One more byte shows that a file is larger.
    let mut bytes = vec![0; MAX_CLOSED_BYTES as usize + 1];
    let count = read_at(file, 0, &mut bytes)?;
    let contents = bytes.get(..count).filter(|_| count as u64 <= MAX_CLOSED_BYTES);
    Ok(contents.map(|contents| blake3::hash(contents).to_hex()[..DIGITS].to_owned()))
}

/// The name of the closed file with these contents that is to replace `target`; `None` if there can
/// be none.
///
/// # Errors
/// The contents cannot be read.
pub(super) fn closed_name(contents: &File, target: &Path) -> io::Result<Option<String>> {
    let Some(target) = target.file_name().and_then(|name| name.to_str()) else { return Ok(None) };
    let name = digest_of(contents)?.map(|digest| format!("{CLOSED}{digest}-{target}"));
    Ok(name.filter(|name| name.len() <= MAX_HOST_NAME))
}

/// The name of the file that a closed file is to replace.
fn closed_target(name: &str) -> Option<&str> {
    let (digest, target) = name.strip_prefix(CLOSED)?.split_once('-')?;
    // A file from elsewhere must not be given one of the emulator's own names.
    (digest.len() == DIGITS && !target.is_empty() && !is_temporary(target) && !is_stamp_file(target))
        .then_some(target)
}

/// Commits a closed file of a run that was cut short; if that fails, it becomes an unsaved file.
/// Returns false if its contents are not whole.
///
/// # Errors
/// The file cannot be opened or read, so nothing is known of its contents.
fn complete(closed: &Path, folder: &Path, name: &str) -> io::Result<bool> {
    let Some(target) = closed_target(name) else { return Ok(false) };
    // Not every system syncs a file that was opened to be read.
    let file = File::options().read(true).write(true).open(closed)?;
    let target = folder.join(target);
    if closed_name(&file, &target)?.is_none_or(|expected| expected != name) {
        return Ok(false);
    }
    let committed = file
        .sync_all()
        .and_then(|()| rename(closed, &target))
        .map_err(VfsError::from)
        .and_then(|()| sync_folder(folder));
    if let Err(error) = committed {
        let kept = keep_or_target(folder, closed, &target);
        tracing::error!(target: "vfs", "{}", unsaved(&target, error, &kept));
    }
    Ok(true)
}

/// Removes temporary files whose programs have ended, or that were abandoned, and commits closed
/// files of such programs.
pub(crate) fn sweep(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let (Ok(kind), Ok(name)) = (entry.file_type(), entry.file_name().into_string()) else { continue };
        if kind.is_dir() {
            sweep(&entry.path());
        } else if kind.is_file() && (begins(&name, PREFIX) || begins(&name, CLOSED)) {
            // A user of the file has marked it, in whatever container.
            let path = entry.path();
            if !File::open(&path).is_ok_and(|temporary| is_unused(&temporary)) {
                continue;
            }
            match complete(&path, folder, &name) {
                Ok(true) => {}
                Ok(false) => {
                    tracing::warn!(target: "vfs", "removing {}, left by a run that was cut short, or a save that failed", path.display());
                    let _ = fs::remove_file(path);
                }
                Err(error) => tracing::error!(
                    target: "vfs",
                    "{}, left by a run that was cut short, cannot be read and is kept: {error}",
                    path.display()
                ),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_of_a_failed_commit_are_where_the_message_says() {
        let made = tempfile::tempdir().unwrap();
        let folder = made.path().canonicalize().unwrap();
        let at = |name: &str| folder.join(name);
        let digits = "0".repeat(DIGITS);
        let closed = at(&format!("{CLOSED}{digits}-save"));
        let target = at("save");
        fs::write(&closed, "new").unwrap();
        let kept = keep_or_target(&folder, &closed, &target);
        assert_eq!(kept, at(&format!("{UNSAVED}save-0")));
        assert!(kept.exists() && !closed.exists());
        // As after a rename whose directory could not be synced.
        assert_eq!(keep_or_target(&folder, &closed, &target), target);
    }

    #[test]
    fn a_closed_file_that_cannot_be_read_is_not_taken_for_damaged() {
        let made = tempfile::tempdir().unwrap();
        let name = format!("{CLOSED}{}-save", "0".repeat(DIGITS));
        let closed = made.path().join(&name);
        assert!(complete(&closed, made.path(), &name).is_err(), "it is not there");
        fs::write(&closed, "new").unwrap();
        assert!(!complete(&closed, made.path(), &name).unwrap(), "the digest is another's");
        assert!(!complete(&closed, made.path(), CLOSED).unwrap(), "it names no target");
    }
}
