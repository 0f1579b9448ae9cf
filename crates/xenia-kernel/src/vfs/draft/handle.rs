//! One handle's view of a file: it may be for reading only, and shares the file with all others.

use super::Draft;
use crate::vfs::{FileData, VfsError, VfsResult, host_folder};
use std::ops::Range;
use std::sync::Arc;
use xenia_sync::Mutex;

/// See the module's documentation.
#[derive(Debug)]
pub(in crate::vfs) struct Shared {
    pub(in crate::vfs) draft: Arc<Mutex<Draft>>,
    pub(in crate::vfs) write: bool,
}

impl FileData for Shared {
    fn size(&self) -> VfsResult<u64> {
        self.draft.lock().size()
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> VfsResult<usize> {
        // Read outside the lock: a host that takes its time stops nobody else.
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
        // Between the parts of a long copy others have their turn at the file.
        if self.write { self.draft.lock().prepare() } else { Ok(true) }
    }

    fn missed(&self, bytes: Range<u64>) {
        self.draft.lock().gap.missed(bytes);
    }

    fn flush(&self) -> VfsResult<()> {
        self.draft.lock().commit()
    }
}
