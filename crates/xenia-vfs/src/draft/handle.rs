//! A handle to a file: read-only or read-write, sharing the file with all other handles.

use super::{ClosedFiles, Draft};
use crate::{FileData, VfsError, VfsResult, host_folder};
use std::ops::Range;
use std::sync::Arc;
use xenia_sync::Mutex;

/// A handle to a shared file.
#[derive(Debug)]
pub(crate) struct SharedDraft {
    pub(crate) draft: Arc<Mutex<Draft>>,
    pub(crate) write: bool,
    /// Closed files of its folder.
    pub(crate) closed: Arc<ClosedFiles>,
}

impl Drop for SharedDraft {
    fn drop(&mut self) {
        // If another handle is dropped at the same time, the file is committed without a group.
        if Arc::strong_count(&self.draft) == 1 {
            self.closed.close(&self.draft);
        }
    }
}

impl FileData for SharedDraft {
    fn size(&self) -> VfsResult<u64> {
        self.draft.lock().size()
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> VfsResult<usize> {
        // Read outside the lock, so that a slow host does not block other threads.
        let content = self.draft.lock().content.clone();
        host_folder::read_at(&content, offset, into)
    }

    fn write_at(&self, offset: u64, from: &[u8]) -> VfsResult<()> {
        if !self.write {
            return Err(VfsError::ReadOnly);
        }
        self.draft.lock().write_at(offset, from)
    }

    fn set_size(&self, size: u64) -> VfsResult<()> {
        if !self.write {
            return Err(VfsError::ReadOnly);
        }
        self.draft.lock().set_size(size)
    }

    fn make_room(&self, size: u64) -> VfsResult<()> {
        if !self.write {
            return Err(VfsError::ReadOnly);
        }
        self.draft.lock().resize(size)
    }

    fn prepare(&self) -> VfsResult<bool> {
        // Other threads can use the file between the parts of a long copy.
        if self.write { self.draft.lock().prepare() } else { Ok(true) }
    }

    fn missed(&self, bytes: Range<u64>) {
        self.draft.lock().gap.missed(bytes);
    }

    fn flush(&self) -> VfsResult<()> {
        // Files that were closed before reach the disk before this one.
        self.closed.commit_all();
        self.draft.lock().commit()
    }
}
