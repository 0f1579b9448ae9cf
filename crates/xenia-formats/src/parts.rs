//! The other files of a title that comes in several: a package whose data lies in a folder beside
//! its header.

use std::io;
use std::sync::Arc;

use crate::read_at::ReadAt;

/// Whoever has opened a file, and knows what lies beside it.
pub trait Parts {
    /// The data file of this number, from 0 on; `None`: there is none.
    ///
    /// # Errors
    /// It is there, and can't be opened.
    fn part(&self, number: u32) -> io::Result<Option<Arc<dyn ReadAt>>>;
}

/// Nothing lies beside the file.
#[derive(Clone, Copy, Debug)]
pub struct NoParts;

impl Parts for NoParts {
    fn part(&self, _: u32) -> io::Result<Option<Arc<dyn ReadAt>>> {
        Ok(None)
    }
}
