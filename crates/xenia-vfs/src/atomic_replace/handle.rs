//! A handle to a file: read-only or read-write, sharing the file with all other handles.

use super::{ClosedFiles, OpenHostFile};
use crate::{FileData, VfsError, VfsResult};
use std::ops::Range;
use std::sync::Arc;
use xenia_host::file::read_at;
use xenia_sync::Mutex;

/// A handle to a shared file.
#[derive(Debug)]
pub(crate) struct HostFileHandle {
    pub(crate) file: Arc<Mutex<OpenHostFile>>,
    pub(crate) write: bool,
    /// Closed files of its folder.
    pub(crate) closed: Arc<ClosedFiles>,
}

impl Drop for HostFileHandle {
    fn drop(&mut self) {
        // If another handle is dropped at the same time, the file is committed without a group.
        if Arc::strong_count(&self.file) == 1 {
            self.closed.close(&self.file);
        }
    }
}

impl FileData for HostFileHandle {
    fn size(&self) -> VfsResult<u64> {
        self.file.lock().size()
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> VfsResult<usize> {
        // Read outside the lock, so that a slow host does not block other threads.
        let content = self.file.lock().content.clone();
        Ok(read_at(&content, offset, into)?)
    }

    fn write_at(&self, offset: u64, from: &[u8]) -> VfsResult<()> {
        if !self.write {
            return Err(VfsError::ReadOnly);
        }
        self.file.lock().write_at(offset, from)
    }

    fn set_size(&self, size: u64) -> VfsResult<()> {
        if !self.write {
            return Err(VfsError::ReadOnly);
        }
        self.file.lock().set_size(size)
    }

    fn make_room(&self, size: u64) -> VfsResult<()> {
        if !self.write {
            return Err(VfsError::ReadOnly);
        }
        self.file.lock().resize(size)
    }

    fn prepare(&self) -> VfsResult<bool> {
        // Other threads can use the file between the parts of a long copy.
        if self.write { self.file.lock().prepare() } else { Ok(true) }
    }

    fn note_missed(&self, bytes: Range<u64>) {
        self.file.lock().gap.note_missed(bytes);
    }

    fn flush(&self) -> VfsResult<()> {
        // Files that were closed before reach the disk before this one.
        self.closed.commit_all();
        self.file.lock().commit()
    }
}
