//! Writes output files by temporary file and atomic rename: a file is complete, or the command
//! reports an error. Open files (`/dev/stdout`, `/dev/fd/5`), pipes and devices are written
//! directly.

mod stream;

pub use stream::StreamFile;

use crate::lock_order;
use anyhow::{Context, Result};
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::{NamedTempFile, TempPath};
use xenia_host::file::{open_descriptor, rename, usual_permissions};
use xenia_host::ownership::is_named_pipe;
use xenia_sync::{Level, Mutex};

/// Whether `path` cannot be replaced by renaming, because it is a pipe, a terminal or another
/// device.
fn is_special(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file())
}

/// Beginning of the names of temporary files and folders, which a run that is killed may leave.
pub const TEMPORARY_PREFIX: &str = ".xenia-rs-";
/// Largest number of symbolic links to follow, as in the host's kernel.
const MAX_LINKS: usize = 40;

/// The file that `path` leads to through symbolic links, so that a rename does not replace a link.
/// It may be missing.
fn target(path: &Path) -> PathBuf {
    if let Ok(path) = path.canonicalize() {
        return path;
    }
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        let Ok(next) = path.read_link() else { break };
        path = path.parent().unwrap_or("".as_ref()).join(next);
    }
    path
}

/// An error without the temporary file's name, which means nothing to the user.
pub fn without_name(error: std::io::Error) -> std::io::Error {
    match error.to_string().split_once(" at path \"") {
        Some((message, _)) => std::io::Error::new(error.kind(), message),
        None => error,
    }
}

fn temporary_file(path: &Path) -> std::io::Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(".".as_ref());
    // A missing folder, or a file in its place, is always an error.
    std::fs::metadata(folder.join("."))?;
    let mut temporary = tempfile::Builder::new();
    let before = std::fs::metadata(path).map(|found| found.permissions());
    if let Some(permissions) = before.ok().or_else(usual_permissions) {
        temporary.permissions(permissions);
    }
    temporary.prefix(TEMPORARY_PREFIX).tempfile_in(folder).map_err(without_name)
}

/// Whether the folder refuses new files, although existing files in it may be writable.
fn refuses_new_files(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem)
}

/// Fails if `path` could not be written later; changes nothing.
pub fn check(path: &Path) -> Result<()> {
    if path.is_dir() {
        anyhow::bail!("cannot write {}: it is a folder", path.display());
    }
    if is_special(path) {
        // Opening a pipe would wait for its reader.
        return Ok(());
    }
    if let Some(open) = open_descriptor(path) {
        return open.map(drop).with_context(|| format!("cannot write {}", path.display()));
    }
    let path = target(path);
    let cannot = || format!("cannot write {}", path.display());
    match temporary_file(&path) {
        Err(error) if refuses_new_files(&error) && path.is_file() => {
            File::options().append(true).open(&path).map(drop).with_context(cannot)
        }
        result => result.map(drop).with_context(cannot),
    }
}

/// Writes a file atomically: readers see either the old or the complete new contents. Devices and
/// pipes are written directly.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    write_by(path, |file| Ok(file.write_all(bytes)?))
}

/// As [`write`], with the bytes that `fill` writes. If `fill` fails, the file is unchanged, except
/// if the folder refuses new files.
pub fn write_by(path: &Path, fill: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<()> {
    let mut temporary = AtomicFile::new(path)?;
    let cannot = || format!("cannot write {}", temporary.path.display());
    fill(&mut temporary.file).and_then(|()| Ok(temporary.file.flush()?)).with_context(cannot)?;
    temporary.keep()
}

/// A file that is written piece by piece, and replaces the file at its path when it is kept. If it
/// is dropped instead, the old file is unchanged, unless the folder refuses new files or the path
/// is a device or a pipe; in these cases the path is written directly.
pub struct AtomicFile {
    path: PathBuf,
    /// The temporary file, or the file itself.
    pub file: File,
    /// Path of the temporary file.
    temporary: Option<TempPath>,
}

impl AtomicFile {
    /// Starts writing to `path`. Waits for the reader of a pipe, until the process must end.
    pub fn new(path: &Path) -> Result<Self> {
        let open = match open_descriptor(path) {
            Some(open) => open,
            None if is_named_pipe(path).unwrap_or(false) => stream::open_named_pipe(path),
            // Its name may be one that only the host's kernel resolves.
            None if is_special(path) => File::options().write(true).open(path),
            None => return Self::of_file(target(path)),
        };
        let file = open.with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self { path: path.to_owned(), file, temporary: None })
    }

    fn of_file(path: PathBuf) -> Result<Self> {
        let cannot = || format!("cannot write {}", path.display());
        let (file, temporary) = match temporary_file(&path) {
            Ok(temporary) => {
                let (file, temporary) = temporary.into_parts();
                (file, Some(temporary))
            }
            Err(error) if !refuses_new_files(&error) || !path.is_file() => {
                return Err(error).with_context(cannot);
            }
            Err(_) => (File::options().write(true).truncate(true).open(&path).with_context(cannot)?, None),
        };
        Ok(Self { path, file, temporary })
    }

    /// Waits until the content is on the disk, if it goes to a temporary file. After
    /// [`Self::keep`] the path then has the old content or the new one, even if the host crashes.
    pub fn sync(&self) -> std::io::Result<()> {
        if self.temporary.is_some() { self.file.sync_all() } else { Ok(()) }
    }

    /// Renames the temporary file to its final path.
    pub fn keep(self) -> Result<()> {
        let Some(temporary) = self.temporary else { return Ok(()) };
        rename_over(temporary, &self.path).with_context(|| format!("cannot write {}", self.path.display()))
    }
}

/// Gives a temporary file its final path, which may be another file's; removes it if that fails.
fn rename_over(temporary: TempPath, path: &Path) -> std::io::Result<()> {
    // Not by `persist`, which on Windows fails while a virus scanner has the new file open.
    let made = temporary.keep().map_err(|error| error.error)?;
    rename(&made, path).inspect_err(|_| drop(std::fs::remove_file(&made)))
}

/// Writes a new file; returns false if it exists.
pub fn write_new(path: &Path, bytes: &[u8]) -> Result<bool> {
    write_new_by(path, |file| Ok(file.write_all(bytes)?))
}

/// As [`write_new`], with the bytes that `fill` writes.
pub fn write_new_by(path: &Path, fill: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<bool> {
    let cannot = || format!("cannot write {}", path.display());
    let mut temporary = temporary_file(path).with_context(cannot)?;
    fill(temporary.as_file_mut()).and_then(|()| Ok(temporary.as_file_mut().flush()?)).with_context(cannot)?;
    match temporary.persist_noclobber(path) {
        Ok(_) => Ok(true),
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Ok(false),
        // Not every file system supports a rename that does not replace.
        Err(error) if path.symlink_metadata().is_err() => {
            rename_over(error.file.into_temp_path(), path).with_context(cannot)?;
            Ok(true)
        }
        Err(error) => Err(error.error).with_context(cannot),
    }
}

/// Write-back errors of requested outputs; clones share one list.
#[derive(Clone, Debug)]
pub struct WriteErrors(Arc<Mutex<Vec<String>>>);

impl Default for WriteErrors {
    fn default() -> Self {
        Self(Arc::new(Mutex::numbered(Level::Leaf, lock_order::WRITE_ERRORS, Vec::new())))
    }
}

impl WriteErrors {
    /// Records and reports an error. Each writer calls this once, then stops writing.
    pub fn note(&self, what: String) {
        super::say::errln!("xenia-rs: {what}{}", super::say::advice(&what));
        self.0.lock().push(what);
    }

    /// Whether there was no error.
    pub fn is_empty(&self) -> bool {
        self.0.lock().is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn files_are_written_whole_through_links_and_with_their_permissions() {
        use std::fs::Permissions;
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.json");
        let link = dir.path().join("link");
        write(&file, b"one").unwrap();
        std::fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        check(&link).unwrap();
        write(&link, b"two").unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"two");
        assert!(link.is_symlink());
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2, "no temporary file is left");
    }

    #[cfg(unix)]
    #[test]
    fn a_dangling_link_is_followed() {
        let dir = tempfile::tempdir().unwrap();
        let link = dir.path().join("link");
        std::os::unix::fs::symlink("new.json", &link).unwrap();
        write(&link, b"one").unwrap();
        assert!(link.is_symlink());
        assert_eq!(std::fs::read(dir.path().join("new.json")).unwrap(), b"one");
    }

    #[test]
    fn errors_name_the_requested_file() {
        let dir = tempfile::tempdir().unwrap();
        let nowhere = dir.path().join("nowhere");
        let error = tempfile::Builder::new().tempfile_in(&nowhere).unwrap_err();
        assert!(error.to_string().contains("nowhere"), "{error}");
        let error = without_name(error);
        let plain = std::fs::write(nowhere.join("a"), "").unwrap_err();
        assert_eq!((error.to_string(), error.kind()), (plain.to_string(), plain.kind()));
    }

    #[test]
    fn new_files_replace_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.png");
        assert!(write_new(&file, b"one").unwrap());
        assert!(!write_new(&file, b"two").unwrap());
        assert_eq!(std::fs::read(&file).unwrap(), b"one");
    }

    #[test]
    fn an_abandoned_temporary_file_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.trace");
        write(&file, b"one").unwrap();
        for kept in [false, true] {
            let mut temporary = AtomicFile::new(&file).unwrap();
            temporary.file.write_all(b"two").unwrap();
            assert_eq!(std::fs::read(&file).unwrap(), b"one");
            if kept {
                temporary.keep().unwrap();
            }
        }
        assert_eq!(std::fs::read(&file).unwrap(), b"two");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "no temporary file is left");
        assert!(AtomicFile::new(&dir.path().join("nowhere/a")).is_err());
    }

    #[test]
    fn unwritable_outputs_are_detected_in_advance() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("new.json");
        check(&file).unwrap();
        assert!(!file.exists(), "looking writes nothing");
        let nowhere = dir.path().join("nowhere/new.json");
        let message = format!("{:#}", check(&nowhere).unwrap_err());
        let why = message.strip_prefix(&format!("cannot write {}: ", nowhere.display())).unwrap_or(&message);
        assert!(!why.contains(['/', '\\']), "the temporary file is named: {message}");
        assert!(check(dir.path()).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn devices_are_written_in_place() {
        AtomicFile::new(Path::new("/dev/null")).unwrap().keep().unwrap();
        assert!(write(Path::new("/dev/full"), b"x").unwrap_err().to_string().contains("/dev/full"));
    }
}
