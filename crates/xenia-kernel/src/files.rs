//! Open files: state, position and access rights of file handles, and transfers to and from guest
//! memory.
//!
//! The state of a file object is kept here, by the address of its body; in guest memory the body
//! has a dispatcher header that is signalled when a request completes. Requests complete within
//! their calls, in the order of the calls, or on worker threads (`pending.rs`).

mod change;
mod completion;
mod directory;
pub mod drivers;
pub mod information;
mod missing;
pub mod mounts;
mod namespace;
mod open;
mod open_paths;
mod packages;
mod pending;
mod request;
mod request_tables;
mod rights;
mod scratch;
mod sharing;
mod state;
mod stream;
#[cfg(test)]
mod tests;
mod transfer;
mod transfer_queue;

pub use change::BasicChange;
pub use completion::{Completion, CompletionPorts, PortKey, Receiver};
pub use directory::Scan;
use drivers::Drivers;
pub use missing::{MissingFile, MissingFiles};
pub use namespace::{Namespace, NamespaceEntry, absolute_path};
pub use open::OpenParameters;
pub use open_paths::OpenPaths;
use packages::RunEnding;
pub use packages::{PackageAction, PackageMode, Packages, win32_error};
pub use pending::RequestedTransfer;
pub use request::{FileRequests, IoArguments, IoRequest, IoStatus, Reply};
pub use request_tables::RequestTables;
pub use rights::{access, options, share};
pub use sharing::{Claim, SharedFiles, accesses};
pub use state::{ChangedFiles, FilesState};
pub use stream::Stream;
pub use transfer::{Direction, scattered};
pub use transfer_queue::TransferQueue;

use crate::ports::{Disc, ScratchPlace};
use crate::status::failure::Fallible;
use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_limits::ResourceLimits;
use xenia_vfs::{Location, Vfs};

/// Size of a file object's body in bytes.
pub const FILE_OBJECT: u32 = 0x50;

/// An open file, directory or device.
pub struct OpenFile {
    pub location: Location,
    /// Contents, position and rights, used by transfers without the table's lock.
    pub stream: Arc<Stream>,
    /// Priority set by the title. It has no effect: requests complete in order.
    pub priority: u32,
    /// Directory listing in progress, if any.
    pub scan: Option<Scan>,
    claim: Claim,
    /// The disc that was in the drive when it was opened, as [`Files::disc`].
    disc: Option<u8>,
}

impl Deref for OpenFile {
    type Target = Stream;
    fn deref(&self) -> &Stream {
        &self.stream
    }
}

/// All open files, and the file system.
#[derive(Default)]
pub struct Files {
    pub vfs: Vfs,
    /// Streams and completion ports, which requests use without the lock of these files.
    pub tables: Arc<RequestTables>,
    open: BTreeMap<GuestAddr, OpenFile>,
    limits: Arc<ResourceLimits>,
    shared: SharedFiles,
    /// Paths that opens did not find.
    pub missing: MissingFiles,
    /// Saved games and downloads. Declared after the open files, so that it is dropped after them.
    pub packages: Packages,
    /// The end of the last run, if it has ended.
    ending: Option<RunEnding>,
    /// Number of the disc in the drive, if it is not the one the title was started from.
    pub disc: Option<u8>,
    /// Discs that have been in the drive, by their numbers as in `disc`: a machine that goes back
    /// needs them again.
    pub(crate) discs: BTreeMap<Option<u8>, Disc>,
    /// Whether all titles share a host folder as hard disk.
    has_common_disk: bool,
    /// The title's drivers that get requests.
    pub drivers: Drivers,
    /// Names of devices whose files are those of a scratch disk, by the body of the device object.
    device_names: BTreeMap<GuestAddr, String>,
    /// The scratch disk whose raw bytes the title has opened last, as an index of
    /// [`mounts::CACHES`].
    raw_disk: usize,
    /// Whether it has done so since the last device was made for a disk.
    raw_disk_awaits_device: bool,
    /// Location of the titles' scratch disks; `None`: they are in memory.
    scratch: Option<ScratchPlace>,
    /// Number of file blocks that the title lets the system cache.
    pub cached_blocks: u32,
    /// Paths of the symbolic links and of the directories of the object namespace that are open.
    pub open_paths: OpenPaths,
}

impl Files {
    /// Resolves a path, relative to an open directory if one is given.
    pub fn resolve(&self, root: Option<GuestAddr>, path: &str) -> Fallible<Location> {
        let Some(root) = root else { return Ok(self.vfs.resolve(path)?) };
        if path.starts_with(['\\', '/']) {
            return Err(NtStatus::OBJECT_NAME_INVALID.into());
        }
        Ok(self.vfs.resolve_below(&self.get(root)?.location, path)?)
    }

    /// Associates an open file with the body of its object.
    pub fn insert(&mut self, body: GuestAddr, file: OpenFile) {
        self.tables.insert(body, &file.stream);
        self.open.insert(body, file);
    }

    /// The open file with this body.
    pub fn get(&self, body: GuestAddr) -> Fallible<&OpenFile> {
        self.open.get(&body).ok_or_else(|| NtStatus::INVALID_HANDLE.into())
    }

    /// The open file with this body, mutable.
    pub fn get_mut(&mut self, body: GuestAddr) -> Fallible<&mut OpenFile> {
        self.open.get_mut(&body).ok_or_else(|| NtStatus::INVALID_HANDLE.into())
    }

    /// All open files, by address of their bodies.
    pub fn iter(&self) -> impl Iterator<Item = (GuestAddr, &OpenFile)> {
        self.open.iter().map(|(&body, file)| (body, file))
    }

    /// Number of distinct open files.
    #[cfg(any(test, feature = "testing"))]
    pub fn shared_count(&self) -> usize {
        self.shared.count()
    }
}
