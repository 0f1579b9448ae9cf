//! Multi-file formats: a package whose data files lie in a folder beside its header.

use std::io;
use std::sync::Arc;

use crate::read_at::ReadAt;

/// Access to the files beside an opened file.
pub trait Parts {
    /// Opens the data file with this number, counted from 0; `None` if it does not exist.
    ///
    /// # Errors
    /// The file exists, but cannot be opened.
    fn part(&self, number: u32) -> io::Result<Option<Arc<dyn ReadAt>>>;
}

/// A file without further parts.
#[derive(Clone, Copy, Debug)]
pub struct NoParts;

impl Parts for NoParts {
    fn part(&self, _: u32) -> io::Result<Option<Arc<dyn ReadAt>>> {
        Ok(None)
    }
}
