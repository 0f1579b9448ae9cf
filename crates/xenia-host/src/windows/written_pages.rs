//! Written pages: Windows does not report which pages of a section's views were written.

use std::convert::Infallible;
use std::ops::Range;

/// A tracker that does not exist.
pub struct WrittenPages(Infallible);

impl WrittenPages {
    /// Not supported: `None`.
    pub fn start(_ranges: &[Range<usize>]) -> Option<Self> {
        None
    }

    /// Cannot be called.
    pub fn take(&mut self, _among: Range<usize>, _f: impl FnMut(Range<usize>)) -> bool {
        match self.0 {}
    }
}
