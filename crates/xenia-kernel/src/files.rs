//! Open files: what a file handle names, its position and rights, reading and writing guest memory.
//!
//! The state of a file object is here, by the address of its body; in guest memory it has a
//! dispatcher header that is signalled when a request has completed. Requests complete in their
//! calls, in the order they are made, or on workers (`pending.rs`).

mod change;
mod completion;
mod directory;
pub mod information;
mod missing;
pub mod mounts;
mod open;
mod packages;
mod pending;
mod request;
mod rights;
mod sharing;
mod stream;
#[cfg(test)]
mod tests;
mod transfer;
mod transfer_queue;

pub use change::BasicChange;
pub use completion::{Completion, CompletionPorts, Receiver};
pub use directory::Scan;
pub use missing::{MissingFile, MissingFiles};
pub use open::OpenParameters;
pub use packages::{PackageAction, PackageMode, Packages, win32_error};
pub(crate) use request::COMPLETION_WAIT;
pub use request::{IoArguments, IoRequest, Outcome, Reply};
pub use rights::{access, options, share};
pub use sharing::{Claim, SharedFiles};
pub use stream::Stream;
pub use transfer::{Direction, Piece, scattered};
pub use transfer_queue::TransferQueue;

use crate::limits::Limits;
use crate::status::failure::Fallible;
use crate::vfs::{Location, Vfs};
use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;
use xenia_guest::{GuestAddr, NtStatus};

/// Bytes of a file object's body.
pub const FILE_OBJECT: u32 = 0x50;

/// An open file, directory or device.
pub struct OpenFile {
    /// Where it is.
    pub location: Location,
    /// What is read and written.
    pub stream: Arc<Stream>,
    /// What the title has said about the urgency of its requests; it changes nothing, they are
    /// carried out in order.
    pub priority: u32,
    /// The directory listing under way.
    pub scan: Option<Scan>,
    /// Body of the completion port that requests are reported to, and the key for it.
    pub port: Option<(GuestAddr, u32)>,
    claim: Claim,
}

impl Deref for OpenFile {
    type Target = Stream;
    fn deref(&self) -> &Stream {
        &self.stream
    }
}

/// All open files, and the file system that they are on.
#[derive(Default)]
pub struct Files {
    /// The file system.
    pub vfs: Vfs,
    /// Completion ports.
    pub ports: CompletionPorts,
    open: BTreeMap<GuestAddr, OpenFile>,
    limits: Arc<Limits>,
    shared: SharedFiles,
    /// What was asked for in vain.
    pub missing: MissingFiles,
    /// Saved games and downloads. Gone after the files that are open in them.
    pub packages: Packages,
    /// Number of the disc in the drive, if it is not the one that the title came on.
    pub(crate) disc: Option<u8>,
    /// Whether a folder of the host's is the hard disk of all titles.
    has_common_disk: bool,
    /// Blocks of files that the title lets the system keep in memory.
    pub(crate) cached_blocks: u32,
    /// Symbolic link objects: body to the link's name.
    pub links: BTreeMap<GuestAddr, String>,
}

impl Files {
    /// The location of a path, relative to an open directory if there is one.
    pub fn resolve(&self, root: Option<GuestAddr>, path: &str) -> Fallible<Location> {
        let Some(root) = root else { return Ok(self.vfs.resolve(path)?) };
        if path.starts_with(['\\', '/']) {
            return Err(NtStatus::OBJECT_NAME_INVALID.into());
        }
        Ok(self.vfs.resolve_below(&self.get(root)?.location, path)?)
    }

    /// Says which body an open file's object has.
    pub fn insert(&mut self, body: GuestAddr, file: OpenFile) {
        self.open.insert(body, file);
    }

    /// The open file of a body.
    pub fn get(&self, body: GuestAddr) -> Fallible<&OpenFile> {
        self.open.get(&body).ok_or_else(|| NtStatus::INVALID_HANDLE.into())
    }

    /// The open file of a body.
    pub fn get_mut(&mut self, body: GuestAddr) -> Fallible<&mut OpenFile> {
        self.open.get_mut(&body).ok_or_else(|| NtStatus::INVALID_HANDLE.into())
    }

    /// Open files, by address of their bodies.
    pub fn iter(&self) -> impl Iterator<Item = (GuestAddr, &OpenFile)> {
        self.open.iter().map(|(&body, file)| (body, file))
    }

    /// Files that somebody has open, each counted once.
    #[cfg(test)]
    pub(crate) fn shared_count(&self) -> usize {
        self.shared.count()
    }
}
