//! Sockets that are files: not supported, as the standard library has none for Windows.

use std::convert::Infallible;
use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;
use std::time::Duration;

fn unsupported() -> io::Error {
    io::Error::new(ErrorKind::Unsupported, "sockets that are files are not supported on Windows")
}

/// A connection that does not exist.
pub struct SocketFileStream(Infallible);

impl SocketFileStream {
    /// Not supported: an error.
    pub fn connect(_path: &Path) -> io::Result<Self> {
        Err(unsupported())
    }

    /// Cannot be called.
    pub fn try_clone(&self) -> io::Result<Self> {
        match self.0 {}
    }

    /// Cannot be called.
    pub fn set_write_timeout(&self, _limit: Duration) -> io::Result<()> {
        match self.0 {}
    }
}

impl Read for SocketFileStream {
    fn read(&mut self, _into: &mut [u8]) -> io::Result<usize> {
        match self.0 {}
    }
}

impl Write for SocketFileStream {
    fn write(&mut self, _from: &[u8]) -> io::Result<usize> {
        match self.0 {}
    }

    fn flush(&mut self) -> io::Result<()> {
        match self.0 {}
    }
}

/// A listener that does not exist.
pub struct SocketFileListener(Infallible);

impl SocketFileListener {
    /// Not supported: an error.
    pub fn bind(_path: &Path) -> io::Result<Self> {
        Err(unsupported())
    }

    /// Cannot be called.
    pub fn accept(&self) -> io::Result<SocketFileStream> {
        match self.0 {}
    }
}
