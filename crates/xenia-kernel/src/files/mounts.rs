//! Which devices a machine has, and the names that titles know them by.
//!
//! | path | what | links |
//! |---|---|---|
//! | `\Device\Cdrom0` | the title's folder or volume, read-only | `game:`, `d:` |
//! | `\Device\Harddisk0\Partition1` | a folder of the title's own on the disk of packages, or the storage port's | `hdd:` |
//! | `\Device\Package0` and on | the packages that the title has open | the names that it gave them |
//! | `\Device\Harddisk0\Cache0`, `Cache1` | scratch disks in memory; a title that this one launches finds them as they are | `cache:`, `cache0:`, `cache1:` |

use super::{CompletionPorts, Files, Packages};
use crate::limits::{Limit, Limits};
use crate::ports::Storage;
use crate::vfs::{Container, HostFolder, MemoryDevice, Vfs, VfsError};
use std::io;
use std::path::Path;
use std::sync::Arc;
use xenia_formats as formats;

/// Where the title's files are.
pub const TITLE: &str = r"\Device\Cdrom0";
/// The hard disk's user partition.
pub const HARD_DISK: &str = r"\Device\Harddisk0\Partition1";
/// How the devices of open packages are called, before their number.
pub(super) const PACKAGES: &str = r"\Device\Package";
/// The scratch disks.
pub const CACHES: [&str; 2] = [r"\Device\Harddisk0\Cache0", r"\Device\Harddisk0\Cache1"];

const LINKS: [(&str, &str); 6] = [
    ("game:", TITLE),
    ("d:", TITLE),
    ("hdd:", HARD_DISK),
    ("cache:", CACHES[0]),
    ("cache0:", CACHES[0]),
    ("cache1:", CACHES[1]),
];

impl Files {
    /// The devices of a machine without a title yet.
    pub(crate) fn with_devices(storage: &dyn Storage, limits: &Arc<Limits>) -> Result<Self, VfsError> {
        let mut vfs = Vfs::default();
        for cache in CACHES {
            vfs.mount(cache, Box::new(MemoryDevice::new(Limit::ScratchBytes.row().value, limits.clone())))?;
        }
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
        let ports = CompletionPorts::new(limits.clone());
        let packages = Packages::new(storage, limits);
        let mut files = Self::default();
        (files.vfs, files.ports, files.packages) = (vfs, ports, packages);
        (files.has_common_disk, files.limits) = (has_common_disk, limits.clone());
        Ok(files)
    }

    /// Mounts a folder of the host as the medium that the title came on, for reading only.
    pub fn mount_title_folder(&mut self, folder: &Path) -> io::Result<()> {
        let device = HostFolder::read_only(folder)?;
        self.vfs.mount(TITLE, Box::new(device)).map_err(io::Error::other)
    }

    /// Mounts a disc image, package or archive as that medium.
    pub fn mount_title_volume(&mut self, volume: Arc<formats::Volume>) -> Result<(), VfsError> {
        self.vfs.mount(TITLE, Box::new(Container(volume)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::NoStorage;
    use std::path::PathBuf;

    #[derive(Debug)]
    struct Folder(PathBuf);
    impl Storage for Folder {
        fn hard_disk(&self) -> Option<PathBuf> {
            Some(self.0.clone())
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
