//! Output files that are written while a run goes: logs, traces of calls, sound.
//!
//! A run that is refused before it writes anything leaves the file of an earlier run as it is.

use crate::interrupt::is_ending;
use crate::say::errln;
use std::cell::Cell;
use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;
use xenia_host::file::{open_descriptor, open_pipe};
use xenia_host::ownership::is_named_pipe;

/// Opens a named pipe to write to it. Waits for its reader, with a message, until the process has
/// to end.
pub(super) fn open_named_pipe(path: &Path) -> io::Result<File> {
    let is_waiting = Cell::new(false);
    open_pipe(path, || {
        if !is_waiting.replace(true) {
            // Also with -q: without it, the program would seem to hang.
            errln!("xenia-rs: {} is a pipe; waiting for a program that reads from it", path.display());
        }
        is_ending()
    })
}

/// A file that is opened at once, and loses its old contents at the first write or flush.
#[derive(Debug)]
pub struct StreamFile {
    file: File,
    /// Whether it still has the previous contents.
    has_old: bool,
}

impl StreamFile {
    /// Opens the file, or makes it. Waits for the reader of a pipe, until the process must end.
    ///
    /// # Errors
    /// The file cannot be created or opened for writing.
    pub fn create(path: &Path) -> io::Result<Self> {
        if let Some(open) = open_descriptor(path) {
            return Ok(Self { file: open?, has_old: false });
        }
        if is_named_pipe(path).unwrap_or(false) {
            return Ok(Self { file: open_named_pipe(path)?, has_old: false });
        }
        let file = File::options().write(true).create(true).truncate(false).open(path)?;
        let has_old = file.metadata()?.is_file();
        Ok(Self { file, has_old })
    }

    /// Opens the file to append to it.
    ///
    /// # Errors
    /// The file cannot be created or opened for writing.
    pub fn append(path: &Path) -> io::Result<Self> {
        let open = open_descriptor(path);
        let file = open.unwrap_or_else(|| File::options().append(true).create(true).open(path))?;
        Ok(Self { file, has_old: false })
    }

    /// Whether it is a regular file, in which earlier bytes can be changed.
    pub fn is_regular(&self) -> bool {
        self.file.metadata().is_ok_and(|found| found.is_file())
    }

    /// A second handle of the same file. Its old contents are gone.
    ///
    /// # Errors
    /// The host is out of file handles, or cannot cut the file.
    pub fn again(&mut self) -> io::Result<Self> {
        self.begin()?;
        Ok(Self { file: self.file.try_clone()?, has_old: false })
    }

    /// Drops the old contents.
    fn begin(&mut self) -> io::Result<()> {
        if self.has_old {
            self.file.set_len(0)?;
            self.has_old = false;
        }
        Ok(())
    }
}

impl Write for StreamFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.begin()?;
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.begin()?;
        self.file.flush()
    }
}

impl Seek for StreamFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_file_is_cut_at_the_first_byte_or_flush_and_not_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        let there = || std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, "of an earlier run").unwrap();
        drop(StreamFile::create(&path).unwrap());
        assert_eq!(there(), "of an earlier run");
        let mut file = StreamFile::create(&path).unwrap();
        file.write_all(b"new").unwrap();
        file.again().unwrap().write_all(b"er").unwrap();
        assert_eq!(there(), "newer");
        StreamFile::append(&path).unwrap().write_all(b" still").unwrap();
        assert_eq!(there(), "newer still");
        StreamFile::create(&path).unwrap().flush().unwrap();
        assert_eq!(there(), "");
        assert!(StreamFile::create(folder.path()).is_err());
        #[cfg(unix)]
        assert!(!StreamFile::create(Path::new("/dev/null")).unwrap().is_regular());
    }
}
