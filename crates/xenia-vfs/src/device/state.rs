//! State of a device in a saved state of the file systems.

use super::memory_device::state::MemoryDeviceState;
use super::raw_partition::PartitionState;
use crate::Stamp;
use serde::{Deserialize, Serialize};
use xenia_state::{Impossible, check};

/// State of a device, except for files that are on the host.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeviceState {
    /// It has no state of its own: its files are the host's, or another device's.
    #[default]
    Elsewhere,
    /// A memory device.
    Memory(MemoryDeviceState),
    /// The head of a disk in memory.
    Disk(PartitionState),
    /// Files being written in a folder of the host.
    Folder(FolderState),
}

impl DeviceState {
    /// The error of a device that is in memory in one run and a folder of the host in the other.
    pub(crate) const OTHER_KIND: &'static str = "saves or scratch disks are in memory in one of the runs \
        and in a folder in the other";

    /// Paths of the files that were being written in a folder of the host.
    pub fn written(&self) -> impl Iterator<Item = &[String]> {
        let temporary_files =
            if let Self::Folder(folder) = self { folder.temporary_files.as_slice() } else { &[] };
        temporary_files.iter().map(|file| file.path.as_slice())
    }

    /// Checks that a device has no state of its own.
    pub(crate) fn check_elsewhere(&self) -> Result<(), Impossible> {
        check(*self == Self::Elsewhere, Self::OTHER_KIND)
    }
}

/// State of a folder of the host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FolderState {
    /// Bytes and entries that the run has added.
    pub(crate) used: [u64; 2],
    pub(crate) temporary_files: Vec<TemporaryFileState>,
}

/// A file that is being written in a folder of the host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TemporaryFileState {
    pub(crate) path: Vec<String>,
    pub(crate) size: u64,
    pub(crate) stamp: Stamp,
}
