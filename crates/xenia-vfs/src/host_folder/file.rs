//! Open file of a read-only folder.

use crate::{FileData, VfsError, VfsResult};
use std::fs::File;
use xenia_host::file;

/// An open file of a read-only folder.
pub(super) struct HostFile(pub(super) File);

/// Reads at `offset`; returns fewer bytes than requested only at the end of the file.
pub(crate) fn read_at(file: &File, offset: u64, into: &mut [u8]) -> VfsResult<usize> {
    Ok(file::read_at(file, offset, into)?)
}

impl FileData for HostFile {
    fn size(&self) -> VfsResult<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> VfsResult<usize> {
        read_at(&self.0, offset, into)
    }

    fn write_at(&self, _: u64, _: &[u8]) -> VfsResult<()> {
        Err(VfsError::ReadOnly)
    }

    fn set_size(&self, _: u64) -> VfsResult<()> {
        Err(VfsError::ReadOnly)
    }

    fn flush(&self) -> VfsResult<()> {
        Ok(())
    }

    fn host_file(&self) -> Option<&File> {
        Some(&self.0)
    }
}
