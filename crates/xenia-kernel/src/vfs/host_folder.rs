//! A folder of the host as a device.
//!
//! Nothing outside the folder can be reached: names have no separators, and a symbolic link of the host is followed
//! only if it ends inside the folder. Only plain files and directories exist for the guest. The host's times, free
//! space, listing order and letter case don't show.

use super::device::{Device, Entry, FileData, Volume, sort};
use super::{VfsError, VfsResult};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// See the module's documentation.
#[derive(Debug)]
pub struct HostFolder {
    /// Canonical.
    root: PathBuf,
    writable: bool,
}

impl HostFolder {
    /// The folder, for reading only.
    pub fn read_only(folder: &Path) -> io::Result<Self> {
        Self::new(folder, false)
    }

    /// The folder, for reading and writing.
    pub fn writable(folder: &Path) -> io::Result<Self> {
        Self::new(folder, true)
    }

    fn new(folder: &Path, writable: bool) -> io::Result<Self> {
        let root = folder.canonicalize()?;
        if !root.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        Ok(Self { root, writable })
    }

    /// The host path of a guest path that exists.
    fn host_path(&self, path: &[String]) -> VfsResult<PathBuf> {
        let mut at = self.root.clone();
        for (index, name) in path.iter().enumerate() {
            let last = index + 1 == path.len();
            let missing = if last { VfsError::NotFound } else { VfsError::PathNotFound };
            at = match self.child(&at, name) {
                Ok(Some(child)) => child,
                Ok(None) => return Err(missing),
                // `at` is not a directory, or vanished.
                Err(VfsError::NotFound | VfsError::PathNotFound) => return Err(missing),
                Err(error) => return Err(error),
            };
        }
        Ok(at)
    }

    /// The entry of a host directory that goes by this name: the exact one, otherwise the first, in byte order,
    /// that differs in case only.
    fn child(&self, directory: &Path, name: &str) -> VfsResult<Option<PathBuf>> {
        if let Some(exact) = self.inside(directory.join(name)) {
            return Ok(Some(exact));
        }
        let mut found: Option<String> = None;
        for entry in fs::read_dir(directory)? {
            let Ok(candidate) = entry?.file_name().into_string() else { continue };
            if candidate.eq_ignore_ascii_case(name) && found.as_ref().is_none_or(|best| candidate < *best) {
                found = Some(candidate);
            }
        }
        Ok(found.and_then(|name| self.inside(directory.join(name))))
    }

    /// The path, with symbolic links followed; `None` if it is not a plain file or directory inside the root.
    fn inside(&self, path: PathBuf) -> Option<PathBuf> {
        let kind = path.symlink_metadata().ok()?.file_type();
        if kind.is_file() || kind.is_dir() {
            return Some(path);
        }
        if !kind.is_symlink() {
            return None;
        }
        let target = path.canonicalize().ok()?;
        let kind = target.symlink_metadata().ok()?.file_type();
        (target.starts_with(&self.root) && (kind.is_file() || kind.is_dir())).then_some(target)
    }

    /// The host path that a new entry gets.
    fn new_path(&self, path: &[String]) -> VfsResult<PathBuf> {
        if !self.writable {
            return Err(VfsError::ReadOnly);
        }
        let Some((name, parent)) = path.split_last() else { return Err(VfsError::Exists) };
        match self.host_path(path) {
            Ok(_) => return Err(VfsError::Exists),
            Err(VfsError::NotFound) => {}
            Err(error) => return Err(error),
        }
        let parent = self.host_path(parent).map_err(|_| VfsError::PathNotFound)?;
        if !parent.is_dir() {
            return Err(VfsError::PathNotFound);
        }
        Ok(parent.join(name))
    }

    fn entry(&self, name: String, path: &Path) -> VfsResult<Entry> {
        let metadata = path.metadata()?;
        Ok(Entry {
            name,
            directory: metadata.is_dir(),
            size: if metadata.is_dir() { 0 } else { metadata.len() },
            read_only: !self.writable,
        })
    }
}

/// The name of a host path, as the guest sees it.
fn name_of(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

impl Device for HostFolder {
    fn volume(&self) -> Volume {
        // A 16 GiB partition in 16 KiB units, half of it free; or a full disc.
        let (file_system, free_units) = if self.writable { ("FATX", 1 << 19) } else { ("GDFX", 0) };
        Volume {
            file_system,
            total_units: 1 << 20,
            free_units,
            sectors_per_unit: 32,
            bytes_per_sector: 512,
            read_only: !self.writable,
        }
    }

    fn find(&self, path: &[String]) -> VfsResult<Entry> {
        let at = self.host_path(path)?;
        let name = if path.is_empty() { String::new() } else { name_of(&at) };
        self.entry(name, &at)
    }

    fn list(&self, path: &[String]) -> VfsResult<Vec<Entry>> {
        let at = self.host_path(path)?;
        if !at.is_dir() {
            return Err(VfsError::NotDirectory);
        }
        let mut entries = Vec::new();
        for entry in fs::read_dir(&at)? {
            let Ok(name) = entry?.file_name().into_string() else { continue };
            // Guests have one byte per character.
            if !super::path::is_valid(&name) || name.chars().any(|c| u32::from(c) > 0xFF) {
                continue;
            }
            if let Some(path) = self.inside(at.join(&name)) {
                entries.push(self.entry(name, &path)?);
            }
        }
        sort(&mut entries);
        // Names that differ in case only are one name to a guest, and the first is what opening finds.
        entries.dedup_by(|b, a| a.name.eq_ignore_ascii_case(&b.name));
        Ok(entries)
    }

    fn open(&self, path: &[String], write: bool) -> VfsResult<Box<dyn FileData>> {
        if write && !self.writable {
            return Err(VfsError::ReadOnly);
        }
        let at = self.host_path(path)?;
        if at.is_dir() {
            return Err(VfsError::IsDirectory);
        }
        Ok(Box::new(HostFile(OpenOptions::new().read(true).write(write).open(at)?)))
    }

    fn create_file(&mut self, path: &[String]) -> VfsResult<Box<dyn FileData>> {
        let at = self.new_path(path)?;
        Ok(Box::new(HostFile(OpenOptions::new().read(true).write(true).create_new(true).open(at)?)))
    }

    fn create_directory(&mut self, path: &[String]) -> VfsResult<()> {
        Ok(fs::create_dir(self.new_path(path)?)?)
    }

    fn remove(&mut self, path: &[String]) -> VfsResult<()> {
        if !self.writable || path.is_empty() {
            return Err(VfsError::ReadOnly);
        }
        let at = self.host_path(path)?;
        if at.is_dir() {
            fs::remove_dir(at)?;
        } else {
            fs::remove_file(at)?;
        }
        Ok(())
    }

    fn rename(&mut self, from: &[String], to: &[String], replace: bool) -> VfsResult<()> {
        if !self.writable || from.is_empty() {
            return Err(VfsError::ReadOnly);
        }
        let source = self.host_path(from)?;
        let target = match self.new_path(to) {
            Err(VfsError::Exists) if replace && !to.is_empty() => {
                let target = self.host_path(to)?;
                if target.is_dir() {
                    return Err(VfsError::Exists);
                }
                target
            }
            result => result?,
        };
        if source.is_dir() && target.starts_with(&source) {
            return Err(VfsError::InvalidName);
        }
        Ok(fs::rename(source, target)?)
    }
}

struct HostFile(File);

impl FileData for HostFile {
    fn size(&self) -> VfsResult<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> VfsResult<usize> {
        let mut done = 0;
        while done < into.len() {
            match self.0.read_at(&mut into[done..], offset.saturating_add(done as u64)) {
                Ok(0) => break,
                Ok(count) => done += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(done)
    }

    fn write_at(&mut self, offset: u64, from: &[u8]) -> VfsResult<()> {
        Ok(self.0.write_all_at(from, offset)?)
    }

    fn set_size(&mut self, size: u64) -> VfsResult<()> {
        Ok(self.0.set_len(size)?)
    }

    fn flush(&mut self) -> VfsResult<()> {
        Ok(self.0.sync_all()?)
    }

    fn host_file(&self) -> Option<&File> {
        Some(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn names(path: &[&str]) -> Vec<String> {
        path.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn case_does_not_matter_and_the_exact_name_wins() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("Media")).unwrap();
        for (name, text) in [("File.XPR", "one"), ("FILE.xpr", "two")] {
            fs::write(folder.path().join("Media").join(name), text).unwrap();
        }
        let device = HostFolder::read_only(folder.path()).unwrap();
        let read = |name: &str| {
            let mut bytes = [0; 8];
            let file = device.open(&names(&["MEDIA", name]), false).unwrap();
            let count = file.read_at(0, &mut bytes).unwrap();
            String::from_utf8_lossy(&bytes[..count]).into_owned()
        };
        assert_eq!(read("File.XPR"), "one");
        assert_eq!(read("file.xpr"), "two", "first in byte order");
        assert_eq!(device.find(&names(&["media"])).unwrap().name, "Media");
        let listed = device.list(&names(&["media"])).unwrap();
        assert_eq!(listed.len(), 1);
        assert_eq!(listed[0].name, "FILE.xpr");
    }

    #[test]
    fn links_and_special_files_lead_nowhere_outside() {
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("secret"), "x").unwrap();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("plain"), "x").unwrap();
        symlink(outside.path(), folder.path().join("out")).unwrap();
        symlink(outside.path().join("secret"), folder.path().join("file")).unwrap();
        symlink("plain", folder.path().join("within")).unwrap();
        symlink("loop", folder.path().join("loop")).unwrap();
        let socket = std::os::unix::net::UnixListener::bind(folder.path().join("socket")).unwrap();
        let mut device = HostFolder::writable(folder.path()).unwrap();
        for path in [&["out"][..], &["out", "secret"], &["file"], &["loop"], &["socket"]] {
            assert!(device.find(&names(path)).is_err(), "{path:?}");
            assert!(device.open(&names(path), true).is_err(), "{path:?}");
        }
        assert!(device.create_file(&names(&["out", "new"])).is_err());
        assert!(device.create_file(&names(&["file"])).is_err());
        assert!(!outside.path().join("new").exists());
        let listed: Vec<_> = device.list(&[]).unwrap().into_iter().map(|entry| entry.name).collect();
        assert_eq!(listed, ["plain", "within"]);
        drop(socket);
    }

    #[test]
    fn a_read_only_folder_refuses_every_change() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a"), "x").unwrap();
        let mut device = HostFolder::read_only(folder.path()).unwrap();
        let (a, b) = (names(&["a"]), names(&["b"]));
        assert!(matches!(device.open(&a, true), Err(VfsError::ReadOnly)));
        assert!(matches!(device.create_file(&b), Err(VfsError::ReadOnly)));
        assert_eq!(device.create_directory(&b), Err(VfsError::ReadOnly));
        assert_eq!(device.remove(&a), Err(VfsError::ReadOnly));
        assert_eq!(device.rename(&a, &b, true), Err(VfsError::ReadOnly));
        assert!(folder.path().join("a").exists());
    }

    #[test]
    fn a_writable_folder_creates_renames_and_removes() {
        let folder = tempfile::tempdir().unwrap();
        let mut device = HostFolder::writable(folder.path()).unwrap();
        device.create_directory(&names(&["d"])).unwrap();
        let mut file = device.create_file(&names(&["d", "f"])).unwrap();
        file.write_at(3, b"abc").unwrap();
        assert_eq!(file.size(), Ok(6));
        file.set_size(4).unwrap();
        assert!(matches!(device.create_file(&names(&["D", "F"])), Err(VfsError::Exists)));
        assert!(matches!(device.create_file(&names(&["x", "f"])), Err(VfsError::PathNotFound)));
        assert_eq!(device.remove(&names(&["d"])), Err(VfsError::NotEmpty));
        assert_eq!(device.rename(&names(&["d"]), &names(&["d", "e"]), false), Err(VfsError::InvalidName));
        device.rename(&names(&["d", "f"]), &names(&["g"]), false).unwrap();
        assert_eq!(fs::read(folder.path().join("g")).unwrap(), b"\0\0\0a");
        device.remove(&names(&["d"])).unwrap();
        assert_eq!(device.remove(&[]), Err(VfsError::ReadOnly));
    }
}
