//! Contents of files in saved states.

use xenia_state::{Impossible, Unsaveable, check};

/// Largest part of the saved bytes.
const MAX_PART: usize = 32 << 20;
/// Maximum total size in bytes of the host-folder files in a state.
const MAX_TEMPORARY_BYTES: u64 = 64 << 20;

/// Contents of files in a state, stored separately because they are long, and taken in the order in
/// which they were put.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SavedBytes {
    parts: Vec<Vec<u8>>,
    /// The part with the next byte to be taken.
    part: usize,
    /// The offset of that byte in its part.
    offset: usize,
    /// Number of bytes of files in host folders.
    temporary_files: u64,
}

impl SavedBytes {
    /// The saved bytes with these parts.
    pub fn new(parts: Vec<Vec<u8>>) -> Self {
        Self { parts, ..Self::default() }
    }

    /// The parts, each of a bounded length.
    pub fn into_parts(self) -> Vec<Vec<u8>> {
        self.parts
    }

    /// Adds bytes; they do not lie in two parts.
    pub(crate) fn put(&mut self, bytes: &[u8]) {
        match self.parts.last_mut() {
            Some(last) if last.len() + bytes.len() <= MAX_PART => last.extend_from_slice(bytes),
            _ => self.parts.push(bytes.to_vec()),
        }
    }

    /// The next `length` bytes.
    pub(crate) fn take(&mut self, length: usize) -> Result<&[u8], Impossible> {
        // A piece never lies in two parts, because `put` keeps each whole.
        if length > 0 && self.parts.get(self.part).is_some_and(|bytes| bytes.len() == self.offset) {
            self.part += 1;
            self.offset = 0;
        }
        let start = self.offset;
        self.offset = start.saturating_add(length);
        let bytes = self.parts.get(self.part).map(Vec::as_slice).unwrap_or_default();
        bytes.get(start..self.offset).ok_or_else(|| "contents of files are missing".into())
    }

    /// Checks that all bytes were taken.
    ///
    /// # Errors
    /// Some bytes are left.
    pub fn finish(&self) -> Result<(), Impossible> {
        let is_over = match self.parts.get(self.part) {
            Some(bytes) => self.offset == bytes.len() && self.part + 1 == self.parts.len(),
            None => true,
        };
        check(is_over, "there are more contents than files")
    }

    /// Counts the bytes of a file in a host folder that will be stored.
    pub(crate) fn admit_temporary_file(&mut self, size: u64) -> Result<(), Unsaveable> {
        self.temporary_files = self.temporary_files.saturating_add(size);
        let fits = self.temporary_files <= MAX_TEMPORARY_BYTES;
        fits.then_some(()).ok_or_else(|| "the title is writing files of more than 64 MiB".into())
    }
}
