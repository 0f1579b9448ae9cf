//! Tables that requests on open files use without the lock of [`Files`](super::Files), which opens,
//! listings and closes hold while the host looks for files. Of the transfers, only a write takes
//! that lock, to note the file's time.

use super::{CompletionPorts, Stream};
use crate::status::failure::Fallible;
use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use xenia_guest::{GuestAddr, NtStatus};
use xenia_limits::ResourceLimits;
use xenia_sync::{Level, Mutex, RwLock};

/// The streams of open files, and the completion ports. Shared by the kernel and its file table.
pub struct RequestTables {
    /// Streams by the body of the file object. The file table owns them; it adds and removes each
    /// one with its file.
    streams: RwLock<BTreeMap<GuestAddr, Weak<Stream>>>,
    /// Completion ports. Held while the receiver of a completion is woken.
    pub ports: Mutex<CompletionPorts>,
}

impl Default for RequestTables {
    fn default() -> Self {
        Self::of(CompletionPorts::default())
    }
}

impl RequestTables {
    /// Empty tables; refusals are counted in `limits`.
    pub(super) fn new(limits: Arc<ResourceLimits>) -> Self {
        Self::of(CompletionPorts::new(limits))
    }

    fn of(ports: CompletionPorts) -> Self {
        let streams = RwLock::numbered(Level::Files, 4, BTreeMap::new());
        Self { streams, ports: Mutex::numbered(Level::Files, 5, ports) }
    }

    /// The stream of the open file with this body.
    pub fn stream(&self, body: GuestAddr) -> Fallible<Arc<Stream>> {
        let stream = self.streams.read().get(&body).and_then(Weak::upgrade);
        stream.ok_or_else(|| NtStatus::INVALID_HANDLE.into())
    }

    /// Adds the stream of an open file, or replaces it.
    pub(super) fn insert(&self, body: GuestAddr, stream: &Arc<Stream>) {
        self.streams.write().insert(body, Arc::downgrade(stream));
    }

    /// Removes the stream of a file that is no longer open.
    pub(super) fn remove(&self, body: GuestAddr) {
        self.streams.write().remove(&body);
    }

    /// Removes all streams.
    pub(super) fn clear(&self) {
        self.streams.write().clear();
    }
}
