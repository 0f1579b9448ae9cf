//! Storage port: host folders for data that outlives the machine.

use std::path::PathBuf;
use xenia_user::profile::Xuid;

/// Location of the scratch disks on the host's disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScratchPlace {
    /// Folder with one folder for each title, named by its ID.
    pub folder: PathBuf,
    /// Size of each disk in bytes.
    pub bytes: u64,
}

impl ScratchPlace {
    /// The folder of a title.
    pub fn title_folder(&self, title: u32) -> PathBuf {
        self.folder.join(format!("{title:08X}"))
    }
}

/// Host folders for saves and caches.
pub trait Storage: Send + Sync {
    /// The folder that all titles share as hard disk; `None` if each title has a separate one in
    /// the content folder.
    fn hard_disk(&self) -> Option<PathBuf> {
        None
    }

    /// Folder of profiles, packages and titles' disks; `None` if they are in memory and lost with
    /// the machine.
    fn content(&self) -> Option<PathBuf> {
        None
    }

    /// Location of the scratch disks; `None` if they are in memory and lost with the machine.
    fn scratch(&self) -> Option<ScratchPlace> {
        None
    }

    /// The profile that is the first user's; `None`: the first one of the content folder.
    fn first_user(&self) -> Option<Xuid> {
        None
    }

    /// A practically unique number of this folder, from which XUIDs of new profiles are derived.
    /// `None` if XUIDs are the same in every folder, so that runs are reproducible.
    fn own_number(&self) -> Option<u64> {
        None
    }
}

/// Storage that keeps all data in memory.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoStorage;

impl Storage for NoStorage {}
