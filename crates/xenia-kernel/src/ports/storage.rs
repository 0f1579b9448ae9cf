//! Where a machine keeps what outlives it.

use std::path::PathBuf;

/// Folders of the host for saves and caches.
pub trait Storage: Send {
    /// Folder of the guest's hard disk; `None`: there is no disk.
    fn hard_disk(&self) -> Option<PathBuf>;
}

/// Nothing is kept.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoStorage;

impl Storage for NoStorage {
    fn hard_disk(&self) -> Option<PathBuf> {
        None
    }
}
