//! Where a machine keeps what outlives it.

use std::path::PathBuf;

/// Folders of the host for saves and caches.
pub trait Storage: Send {
    /// A folder that all titles see as the hard disk; `None`: each has one of its own, where
    /// packages are.
    fn hard_disk(&self) -> Option<PathBuf> {
        None
    }

    /// Folder of profiles, packages and titles' disks; `None`: they are in memory, and gone with
    /// the machine.
    fn content(&self) -> Option<PathBuf> {
        None
    }

    /// A number that hardly any other folder of that kind has: ids of profiles that are made in it
    /// come of it. `None`: they are the same ones in every folder, so that a run repeats.
    fn own_number(&self) -> Option<u64> {
        None
    }
}

/// Nothing is kept.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoStorage;

impl Storage for NoStorage {}
