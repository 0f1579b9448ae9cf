//! Mount points: devices of a machine, and symbolic links to them.
//!
//! | path | device | links |
//! |---|---|---|
//! | `\Device\Cdrom0` | the title's folder or volume, read-only | `game:`, `d:` |
//! | `\Device\Update` | the package of the title's update, if any, read-only | `update:` |
//! | `\Device\Harddisk0\Partition1` | the title's or the storage port's folder | `hdd:` |
//! | `\Device\Package0` and on | open packages | names chosen by the title |
//! | `\Device\Harddisk0\Cache0`, `Cache1` | scratch disks | `cache:`, `cache0:`, `cache1:` |
//! | `\Device\Harddisk0\Partition0` | the bytes of the scratch disks' disk | |
//!
//! `game:` and `d:` lead to the folder of the executable, or to the one that a launch names.
//! [`super::scratch`] mounts the scratch disks.

use super::{Files, Packages, RequestTables, scratch};
use crate::ports::{Disc, Storage};
use std::io;
use std::path::Path;
use std::sync::Arc;
use xenia_formats as formats;
use xenia_limits::ResourceLimits;
use xenia_vfs::{Container, HostFolder, Vfs, VfsError, path};

/// Device with the title's files.
pub const TITLE: &str = r"\Device\Cdrom0";
/// Device with the files of the title's update, if it is separate from the title's.
pub const UPDATE: &str = r"\Device\Update";
/// Link to the files of the update.
const UPDATE_LINK: &str = "update:";
/// Link to the title's folder.
const GAME: &str = "game:";
/// User partition of the hard disk.
pub const HARD_DISK: &str = r"\Device\Harddisk0\Partition1";
/// Prefix of the devices of open packages, before the number.
pub(super) const PACKAGES: &str = r"\Device\Package";
/// Devices of the scratch disks.
pub const CACHES: [&str; 2] = [r"\Device\Harddisk0\Cache0", r"\Device\Harddisk0\Cache1"];
/// Device of the whole disk, for access to its bytes.
pub(super) const WHOLE_DISK: &str = r"\Device\Harddisk0\Partition0";

const LINKS: [(&str, &str); 6] = [
    (GAME, TITLE),
    ("d:", TITLE),
    ("hdd:", HARD_DISK),
    ("cache:", CACHES[0]),
    ("cache0:", CACHES[0]),
    ("cache1:", CACHES[1]),
];

/// Guest path of a file on the title's device.
pub fn title_path(path: &str) -> String {
    format!(r"{TITLE}\{path}")
}

impl Files {
    /// The devices of a machine before a title is loaded.
    pub(crate) fn with_devices(
        storage: &dyn Storage,
        limits: &Arc<ResourceLimits>,
    ) -> Result<Self, VfsError> {
        let mut vfs = Vfs::default();
        scratch::mount_in_memory(&mut vfs, limits)?;
        let mut has_common_disk = false;
        if let Some(folder) = storage.hard_disk() {
            match HostFolder::writable(&folder, limits.clone()) {
                Ok(disk) => {
                    vfs.mount(HARD_DISK, Box::new(disk))?;
                    has_common_disk = true;
                }
                Err(error) => tracing::warn!(target: "vfs", "no hard disk: {}: {error}", folder.display()),
            }
        }
        for (name, target) in LINKS {
            vfs.link(name, target)?;
        }
        let packages = Packages::new(storage, limits);
        let mut files = Self::default();
        files.vfs = vfs;
        files.tables = Arc::new(RequestTables::new(limits.clone()));
        files.packages = packages;
        files.has_common_disk = has_common_disk;
        files.limits = limits.clone();
        files.scratch = storage.scratch();
        Ok(files)
    }

    /// Makes a title's symbolic link. The links to the scratch disks exist before a title makes
    /// them: they are replaced, or kept if the title's target is a device that does not exist.
    pub fn link(&mut self, name: &str, target: &str) -> Result<(), VfsError> {
        let plain = name.strip_prefix(r"\??\").unwrap_or(name).trim_end_matches('\\');
        let is_scratch =
            |&(own, device): &(&str, &str)| own.eq_ignore_ascii_case(plain) && CACHES.contains(&device);
        match self.vfs.link(name, target) {
            Err(VfsError::Exists) if LINKS.iter().any(is_scratch) => {
                if self.vfs.resolve(target).is_ok() || self.driver_device(target).is_some() {
                    self.vfs.unlink(name)?;
                    self.vfs.link(name, target)?;
                }
                Ok(())
            }
            linked => linked,
        }
    }

    /// Links `game:` and `d:` to the folder of the title's executable, if that is on the medium. A
    /// disc of several titles has a separate folder for each.
    pub(crate) fn link_title(&mut self, executable: &str) -> Result<(), VfsError> {
        self.link_title_folder(executable.rsplit_once('\\').map_or("", |(folder, _)| folder))
    }

    /// Links `game:` and `d:` to a folder, if that is on the medium.
    pub(crate) fn link_title_folder(&mut self, folder: &str) -> Result<(), VfsError> {
        let names = path::split(folder).unwrap_or_default();
        if !path::starts_with(&names, &path::split(TITLE)?) {
            return Ok(());
        }
        for (name, _) in LINKS.iter().filter(|&&(_, device)| device == TITLE) {
            self.vfs.unlink(name)?;
            self.vfs.link(name, folder)?;
        }
        Ok(())
    }

    /// Puts a disc into the drive, in place of the last one. The first disc, from which the title
    /// starts, has no number.
    ///
    /// # Errors
    /// The folder is missing, or the disc cannot be mounted.
    pub fn insert_disc(&mut self, number: Option<u8>, contents: &Disc) -> Result<(), String> {
        match contents {
            Disc::Folder(folder) => self.mount_title_folder(folder).map_err(|error| error.to_string())?,
            Disc::Volume(volume) => {
                self.mount_title_volume(volume.clone()).map_err(|error| error.to_string())?;
            }
        }
        self.disc = number;
        self.discs.insert(number, contents.clone());
        Ok(())
    }

    /// Mounts a host folder read-only as the title's medium.
    pub fn mount_title_folder(&mut self, folder: &Path) -> io::Result<()> {
        let device = HostFolder::read_only(folder)?;
        self.packages.insert_disc(Box::new(HostFolder::read_only(folder)?));
        self.vfs.mount(TITLE, Box::new(device)).map_err(io::Error::other)
    }

    /// Mounts a disc image, package or archive as the title's medium.
    pub fn mount_title_volume(&mut self, volume: Arc<formats::Volume>) -> Result<(), VfsError> {
        self.packages.insert_disc(Box::new(Container(volume.clone())));
        self.vfs.mount(TITLE, Box::new(Container(volume)))
    }

    /// Mounts the package of the title's update read-only; the update is in `folder` of the
    /// package.
    pub fn mount_update(&mut self, volume: Arc<formats::Volume>, folder: &str) -> Result<(), VfsError> {
        self.vfs.mount(UPDATE, Box::new(Container(volume)))?;
        let target = format!(r"{UPDATE}\{folder}");
        self.vfs.link(UPDATE_LINK, target.trim_end_matches('\\'))
    }

    /// Where the update may have a file of the title: below `update:` the same path as on the
    /// medium or, if the update has only the executable's folder, the path in that.
    pub(crate) fn update_path(&self, path: &str) -> Vec<String> {
        let names = |path: &str| {
            let full = self.vfs.full_name(&self.vfs.resolve(path).ok()?);
            path::split(&full).ok()
        };
        let Some(file) = names(path) else { return Vec::new() };
        let folders = [TITLE, GAME].into_iter().filter_map(names);
        let folders = folders.filter(|folder| path::starts_with(&file, folder));
        let mut places: Vec<String> =
            folders.map(|folder| format!(r"{UPDATE_LINK}\{}", file[folder.len()..].join(r"\"))).collect();
        places.dedup();
        places
    }

    /// Links the update to the folder of the executable that it lies beside.
    pub fn link_update(&mut self, folder: &str) -> Result<(), VfsError> {
        self.vfs.link(UPDATE_LINK, folder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::{OpenParameters, access};
    use crate::ports::NoStorage;
    use crate::status::failure::Failure;
    use std::path::PathBuf;
    use xenia_guest::NtStatus;

    #[derive(Debug)]
    struct Folder(PathBuf);
    impl Storage for Folder {
        fn hard_disk(&self) -> Option<PathBuf> {
            Some(self.0.clone())
        }
    }

    /// The size of a file, or the error of opening it.
    fn size_of(files: &mut Files, path: &str, access: u32) -> Result<u64, NtStatus> {
        let parameters = OpenParameters { access, ..OpenParameters::to_read(path, 0) };
        let (file, _) = files.open(&parameters).map_err(Failure::status)?;
        let size = file.data().unwrap().size().unwrap();
        files.close(file);
        Ok(size)
    }

    #[test]
    fn an_update_is_mounted_for_reading() {
        let volume = || {
            let mut volume = formats::Volume::default();
            let disc = volume.add_directory(formats::Volume::ROOT, "disc002").unwrap();
            volume.add_file(formats::Volume::ROOT, "data.bin", Arc::new(vec![0; 10])).unwrap();
            volume.add_file(disc, "data.bin", Arc::new(vec![0; 2])).unwrap();
            Arc::new(volume)
        };
        let made = || Files::with_devices(&NoStorage, &Arc::default()).unwrap();
        let mut files = made();
        let data = r"update:\DATA.bin";
        assert_eq!(size_of(&mut files, data, access::GENERIC_READ), Err(NtStatus::OBJECT_PATH_NOT_FOUND));
        files.mount_update(volume(), "").unwrap();
        assert_eq!(size_of(&mut files, data, access::GENERIC_READ), Ok(10));
        assert!(size_of(&mut files, data, access::GENERIC_WRITE).is_err());
        let mut of_a_disc = made();
        of_a_disc.mount_update(volume(), "disc002").unwrap();
        assert_eq!(size_of(&mut of_a_disc, data, access::GENERIC_READ), Ok(2));
        let mut beside = made();
        beside.link_update(TITLE).unwrap();
        assert!(size_of(&mut beside, data, access::GENERIC_READ).is_err(), "the title has no files");
        beside.mount_title_volume(volume()).unwrap();
        assert_eq!(size_of(&mut beside, data, access::GENERIC_READ), Ok(10));
        // The next title's machine inherits the device, with a different update.
        let mut next = made();
        next.vfs.adopt_devices(std::mem::take(&mut files.vfs));
        assert!(next.vfs.resolve(data).is_err());
        next.mount_update(volume(), "disc002").unwrap();
        assert_eq!(size_of(&mut next, data, access::GENERIC_READ), Ok(2));
    }

    #[test]
    fn the_title_is_the_folder_of_its_executable() {
        let disc = || {
            let mut volume = formats::Volume::default();
            let folder = volume.add_directory(formats::Volume::ROOT, "next").unwrap();
            volume.add_file(formats::Volume::ROOT, "a.bin", Arc::new(vec![0; 1])).unwrap();
            volume.add_file(folder, "a.bin", Arc::new(vec![0; 2])).unwrap();
            Arc::new(volume)
        };
        for (executable, size) in [
            (r"\Device\Cdrom0\default.xex", 1),
            (r"\Device\Cdrom0\Next\b.xex", 2),
            (r"\Device\Cdrom0b\b.xex", 1),
            (r"\Device\Harddisk0\Cache0\b.xex", 1),
            ("b.xex", 1),
        ] {
            let mut files = Files::with_devices(&NoStorage, &Arc::default()).unwrap();
            files.mount_title_volume(disc()).unwrap();
            files.link_title(executable).unwrap();
            for (path, size) in [(r"game:\a.bin", size), (r"D:\a.bin", size), (r"\Device\Cdrom0\a.bin", 1)] {
                assert_eq!(size_of(&mut files, path, access::GENERIC_READ), Ok(size), "{executable} {path}");
            }
        }
    }

    #[test]
    fn a_machine_has_caches_and_a_title_has_a_disk() {
        let mut files = Files::with_devices(&NoStorage, &Arc::default()).unwrap();
        assert!(files.vfs.resolve(r"cache:\x").is_ok() && files.vfs.resolve(r"cache1:\x").is_ok());
        assert_eq!(files.vfs.resolve(r"hdd:\x"), Err(VfsError::NoDevice));
        files.mount_hard_disk(1).unwrap();
        assert!(files.vfs.resolve(r"hdd:\x").is_ok(), "in memory");
        assert_eq!(files.vfs.resolve(r"game:\x"), Err(VfsError::NoDevice));
        let folder = tempfile::tempdir().unwrap();
        let files = Files::with_devices(&Folder(folder.path().to_owned()), &Arc::default()).unwrap();
        assert!(files.vfs.resolve(r"hdd:\x").is_ok());
        let files = Files::with_devices(&Folder(folder.path().join("missing")), &Arc::default()).unwrap();
        assert_eq!(files.vfs.resolve(r"hdd:\x"), Err(VfsError::NoDevice));
    }
}
