//! A folder of the host as a device.
//!
//! Nothing outside the folder can be reached: names have no separators, and a symbolic link of the host is followed
//! only if it ends inside the folder. Only plain files and directories exist for the guest. The host's times, free
//! space, listing order and letter case don't show; the guest's own times and attributes are kept in the folder, see
//! [`super::stamp`]. What is written appears at once and whole, see [`super::draft`].

use super::device::{Device, Entry, FileData, Volume, sort};
use super::draft::{Drafts, Shared, is_draft};
use super::stamp::{Stamps, attributes, is_stamp_file};
use super::{Stamp, VfsError, VfsResult};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// See the module's documentation.
#[derive(Debug)]
pub struct HostFolder {
    /// Canonical.
    root: PathBuf,
    /// Files open for the guest; `None`: the folder is for reading only.
    drafts: Option<Drafts>,
    /// Times and attributes; a folder for reading only has none.
    stamps: Option<Stamps>,
}

/// Whether a name in the folder is none of the guest's.
fn is_hidden(name: &str) -> bool {
    is_draft(name) || is_stamp_file(name)
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
        let drafts = writable.then(|| Drafts::new(&root));
        let stamps = writable.then(|| Stamps::read(&root));
        Ok(Self { root, drafts, stamps })
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
        if is_hidden(name) {
            return Ok(None);
        }
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
        if let Some(path) = found.and_then(|name| self.inside(directory.join(name))) {
            return Ok(Some(path));
        }
        let created =
            self.created_in(directory).into_iter().find(|created| created.eq_ignore_ascii_case(name));
        Ok(created.map(|created| directory.join(created)))
    }

    /// Names of files that the guest has made in a host directory and the host does not have yet.
    fn created_in(&self, directory: &Path) -> Vec<String> {
        self.drafts.as_ref().map(|drafts| drafts.created_in(directory)).unwrap_or_default()
    }

    /// The path is gone.
    fn forget(&self, path: &[String]) {
        if let Some(stamps) = &self.stamps {
            stamps.removed(path);
        }
    }

    /// What is needed for changes.
    fn drafts(&self) -> VfsResult<&Drafts> {
        self.drafts.as_ref().ok_or(VfsError::ReadOnly)
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
        self.drafts()?;
        let Some((name, parent)) = path.split_last() else { return Err(VfsError::Exists) };
        if is_hidden(name) {
            return Err(VfsError::InvalidName);
        }
        match self.host_path(path) {
            Ok(_) => return Err(VfsError::Exists),
            Err(VfsError::NotFound) => {}
            Err(error) => return Err(error),
        }
        let parent = self.host_path(parent).map_err(|_| VfsError::PathNotFound)?;
        if !parent.is_dir() {
            return Err(VfsError::PathNotFound);
        }
        let at = parent.join(name);
        // Something that guests don't see, such as a link that leads outside, may have the name.
        if at.symlink_metadata().is_ok() { Err(VfsError::Exists) } else { Ok(at) }
    }

    /// The entry at a host path, `guest` being its path for the guest.
    fn entry(&self, name: String, path: &Path, guest: &[String]) -> VfsResult<Entry> {
        let read_only = self.drafts.is_none();
        let mut stamp = self.stamps.as_ref().map(|stamps| stamps.get(guest)).unwrap_or_default();
        if let Some(draft) = self.drafts.as_ref().and_then(|drafts| drafts.at(path)) {
            return Ok(Entry { name, directory: false, size: draft.lock().size()?, read_only, stamp });
        }
        let metadata = path.metadata()?;
        let directory = metadata.is_dir();
        // What the host's user has protected is protected.
        if !directory && metadata.permissions().readonly() {
            stamp.attributes |= attributes::READ_ONLY;
        }
        let size = if directory { 0 } else { metadata.len() };
        Ok(Entry { name, directory, size, read_only, stamp })
    }
}

impl Drop for HostFolder {
    fn drop(&mut self) {
        if let Err(error) = self.settle() {
            tracing::error!(target: "vfs", "cannot save the times of {}: {error}", self.root.display());
        }
    }
}

/// The name of a host path, as the guest sees it.
fn name_of(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

impl Device for HostFolder {
    fn volume(&self) -> Volume {
        // A 16 GiB partition in 16 KiB units, half of it free; or a full disc.
        let (file_system, free_units, name_length) =
            if self.drafts.is_some() { ("FATX", 1 << 19, 40) } else { ("GDFX", 0, 255) };
        Volume {
            file_system,
            total_units: 1 << 20,
            free_units,
            sectors_per_unit: 32,
            bytes_per_sector: 512,
            name_length,
            read_only: self.drafts.is_none(),
        }
    }

    fn find(&self, path: &[String]) -> VfsResult<Entry> {
        let at = self.host_path(path)?;
        let name = if path.is_empty() { String::new() } else { name_of(&at) };
        self.entry(name, &at, path)
    }

    fn list(&self, path: &[String]) -> VfsResult<Vec<Entry>> {
        let at = self.host_path(path)?;
        if !at.is_dir() {
            return Err(VfsError::NotDirectory);
        }
        let below = |name: &String| [path, std::slice::from_ref(name)].concat();
        let mut entries = Vec::new();
        for entry in fs::read_dir(&at)? {
            let Ok(name) = entry?.file_name().into_string() else { continue };
            // Guests have one byte per character.
            if is_hidden(&name) || !super::path::is_valid(&name) || name.chars().any(|c| u32::from(c) > 0xFF)
            {
                continue;
            }
            if let Some(path) = self.inside(at.join(&name)) {
                let guest = below(&name);
                entries.push(self.entry(name, &path, &guest)?);
            }
        }
        for name in self.created_in(&at) {
            let (path, guest) = (at.join(&name), below(&name));
            entries.push(self.entry(name, &path, &guest)?);
        }
        sort(&mut entries);
        // Names that differ in case only are one name to a guest, and the first is what opening finds.
        entries.dedup_by(|b, a| a.name.eq_ignore_ascii_case(&b.name));
        Ok(entries)
    }

    fn open(&self, path: &[String], write: bool) -> VfsResult<Box<dyn FileData>> {
        if write {
            self.drafts()?;
        }
        let at = self.host_path(path)?;
        if at.is_dir() {
            return Err(VfsError::IsDirectory);
        }
        let Some(drafts) = &self.drafts else { return Ok(Box::new(HostFile(File::open(at)?))) };
        // A draft would replace what the host's user has protected.
        if write && at.metadata().is_ok_and(|metadata| metadata.permissions().readonly()) {
            return Err(VfsError::ReadOnly);
        }
        Ok(Box::new(Shared { draft: drafts.open(&at)?, write }))
    }

    fn create_file(&mut self, path: &[String]) -> VfsResult<Box<dyn FileData>> {
        let at = self.new_path(path)?;
        Ok(Box::new(Shared { draft: self.drafts()?.create(&at)?, write: true }))
    }

    fn create_directory(&mut self, path: &[String]) -> VfsResult<()> {
        Ok(fs::create_dir(self.new_path(path)?)?)
    }

    fn remove(&mut self, path: &[String]) -> VfsResult<()> {
        let drafts = self.drafts()?;
        if path.is_empty() {
            return Err(VfsError::ReadOnly);
        }
        let at = self.host_path(path)?;
        if at.is_dir() {
            if !drafts.created_in(&at).is_empty() {
                return Err(VfsError::NotEmpty);
            }
            fs::remove_dir(at)?;
            self.forget(path);
            return Ok(());
        }
        match fs::remove_file(&at) {
            // It was only about to be made.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            result => result?,
        }
        drafts.removed(&at);
        self.forget(path);
        Ok(())
    }

    fn rename(&mut self, from: &[String], to: &[String], replace: bool) -> VfsResult<()> {
        self.drafts()?;
        if from.is_empty() {
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
        let drafts = self.drafts()?;
        if source == target {
            return Ok(());
        }
        if source.is_dir() && target.starts_with(&source) {
            return Err(VfsError::InvalidName);
        }
        // The new name must never have the contents that the old one had before it was written.
        drafts.commit_below(&source)?;
        drafts.removed(&target);
        fs::rename(&source, &target)?;
        drafts.moved(&source, &target);
        if let Some(stamps) = &self.stamps {
            stamps.moved(from, to);
        }
        Ok(())
    }

    fn set_stamp(&mut self, path: &[String], stamp: Stamp) -> VfsResult<()> {
        let stamps = self.stamps.as_ref().ok_or(VfsError::ReadOnly)?;
        self.host_path(path)?;
        stamps.set(path, stamp);
        Ok(())
    }

    fn settle(&self) -> VfsResult<()> {
        match &self.stamps {
            Some(stamps) => stamps.save(|path| self.host_path(path).is_ok()),
            None => Ok(()),
        }
    }
}

/// A file of a folder that is for reading only.
struct HostFile(File);

/// Reads at `offset`; fewer bytes than asked for only at the end of the file.
pub(super) fn read_at(file: &File, offset: u64, into: &mut [u8]) -> VfsResult<usize> {
    let mut done = 0;
    while done < into.len() {
        match file.read_at(&mut into[done..], offset.saturating_add(done as u64)) {
            Ok(0) => break,
            Ok(count) => done += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(done)
}

impl FileData for HostFile {
    fn size(&self) -> VfsResult<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> VfsResult<usize> {
        read_at(&self.0, offset, into)
    }

    fn write_at(&mut self, _: u64, _: &[u8]) -> VfsResult<()> {
        Err(VfsError::ReadOnly)
    }

    fn set_size(&mut self, _: u64) -> VfsResult<()> {
        Err(VfsError::ReadOnly)
    }

    fn flush(&mut self) -> VfsResult<()> {
        Ok(())
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
        assert_eq!(device.find(&names(&["D", "F"])).unwrap().size, 6);
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

    fn on_host(folder: &tempfile::TempDir) -> Vec<String> {
        let mut found: Vec<String> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| !is_draft(name))
            .collect();
        found.sort();
        found
    }

    fn listed(device: &HostFolder) -> Vec<String> {
        device.list(&[]).unwrap().into_iter().map(|entry| entry.name).collect()
    }

    #[test]
    fn the_host_has_the_old_contents_until_a_flush_or_the_last_close() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("save");
        fs::write(&path, "old contents").unwrap();
        let device = HostFolder::writable(folder.path()).unwrap();
        let save = names(&["save"]);
        let mut writer = device.open(&save, true).unwrap();
        let reader = device.open(&save, false).unwrap();
        writer.write_at(0, b"new").unwrap();
        let mut seen = [0; 12];
        assert_eq!(reader.read_at(0, &mut seen), Ok(12));
        assert_eq!(&seen, b"new contents", "handles share the file");
        assert_eq!(fs::read(&path).unwrap(), b"old contents");
        writer.flush().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new contents");
        writer.set_size(3).unwrap();
        assert_eq!((device.find(&save).unwrap().size, fs::read(&path).unwrap().len()), (3, 12));
        drop(writer);
        assert_eq!(fs::read(&path).unwrap().len(), 12, "somebody has it open still");
        drop(reader);
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no draft is left");
    }

    #[test]
    fn a_new_file_is_the_guests_at_once_and_the_hosts_when_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let mut device = HostFolder::writable(folder.path()).unwrap();
        let mut file = device.create_file(&names(&["New"])).unwrap();
        file.write_at(0, b"abc").unwrap();
        assert_eq!(listed(&device), ["New"]);
        assert!(on_host(&folder).is_empty());
        assert!(matches!(device.create_file(&names(&["new"])), Err(VfsError::Exists)));
        let again = device.open(&names(&["NEW"]), false).unwrap();
        assert_eq!(again.size(), Ok(3));
        drop((file, again));
        assert_eq!(on_host(&folder), ["New"]);
        assert_eq!(fs::read(folder.path().join("New")).unwrap(), b"abc");
    }

    #[test]
    fn open_files_follow_renames_and_survive_removal() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a"), "1").unwrap();
        fs::write(folder.path().join("b"), "2").unwrap();
        let mut device = HostFolder::writable(folder.path()).unwrap();
        let (a, b) = (names(&["a"]), names(&["b"]));
        let mut first = device.open(&a, true).unwrap();
        let mut second = device.open(&b, true).unwrap();
        first.write_at(0, b"first").unwrap();
        second.write_at(0, b"second").unwrap();
        device.rename(&a, &b, true).unwrap();
        assert_eq!(fs::read(folder.path().join("b")).unwrap(), b"first", "what was written comes along");
        first.write_at(0, b"F").unwrap();
        second.write_at(6, b"!").unwrap();
        let mut seen = [0; 7];
        assert_eq!(second.read_at(0, &mut seen), Ok(7));
        assert_eq!(&seen, b"second!", "a replaced file lives as long as its handle");
        drop((first, second));
        assert_eq!(fs::read(folder.path().join("b")).unwrap(), b"First");
        let made = device.create_file(&names(&["c"])).unwrap();
        device.remove(&names(&["C"])).unwrap();
        assert_eq!(device.find(&names(&["c"])), Err(VfsError::NotFound));
        drop(made);
        assert_eq!(on_host(&folder), ["b"]);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no draft is left");
    }

    #[test]
    fn drafts_are_no_files_of_the_guests_and_do_not_outlive_their_program() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("d")).unwrap();
        // No process has number 0.
        let stale = folder.path().join("d").join(".xenia-draft-0-7");
        fs::write(&stale, "x").unwrap();
        let ours = folder.path().join(format!(".xenia-draft-{}-x", std::process::id()));
        fs::write(&ours, "x").unwrap();
        let mut device = HostFolder::writable(folder.path()).unwrap();
        assert!(!stale.exists() && ours.exists());
        assert_eq!(listed(&device), ["d"]);
        let name = names(&[".Xenia-Draft-1-1"]);
        assert!(matches!(device.create_file(&name), Err(VfsError::InvalidName)));
        assert_eq!(device.find(&name), Err(VfsError::NotFound));
    }

    #[test]
    fn a_protected_file_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p");
        fs::write(&path, "x").unwrap();
        let mut permissions = fs::metadata(&path).unwrap().permissions();
        permissions.set_readonly(true);
        fs::set_permissions(&path, permissions).unwrap();
        let device = HostFolder::writable(folder.path()).unwrap();
        assert!(matches!(device.open(&names(&["p"]), true), Err(VfsError::ReadOnly)));
        assert!(device.open(&names(&["p"]), false).is_ok());
    }
}
