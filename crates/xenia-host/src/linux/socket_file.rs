//! Sockets that are files.

use std::io::{self, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

/// A connection through a socket file.
pub struct SocketFileStream(UnixStream);

impl SocketFileStream {
    /// Connects to the process that listens at a file.
    pub fn connect(path: &Path) -> io::Result<Self> {
        UnixStream::connect(path).map(Self)
    }

    /// A second handle of the same connection.
    pub fn try_clone(&self) -> io::Result<Self> {
        self.0.try_clone().map(Self)
    }
}

impl Read for SocketFileStream {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into)
    }
}

impl Write for SocketFileStream {
    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        self.0.write(from)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// A socket file that is listened at. The file stays when it is dropped.
pub struct SocketFileListener(UnixListener);

impl SocketFileListener {
    /// Makes a file and listens at it. An error if it exists.
    pub fn bind(path: &Path) -> io::Result<Self> {
        let listener = UnixListener::bind(path)?;
        listener.set_nonblocking(true)?;
        Ok(Self(listener))
    }

    /// Takes a connection whose reads wait; `WouldBlock` if there is none.
    pub fn accept(&self) -> io::Result<SocketFileStream> {
        let (stream, _) = self.0.accept()?;
        stream.set_nonblocking(false)?;
        Ok(SocketFileStream(stream))
    }
}
