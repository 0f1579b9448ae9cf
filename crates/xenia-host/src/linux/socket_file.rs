//! Sockets that are files.

use std::io::{self, Read, Write};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::Path;
use std::time::Duration;

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

    /// Limits how long a write waits for the other side to read.
    pub fn set_write_timeout(&self, limit: Duration) -> io::Result<()> {
        self.0.set_write_timeout(Some(limit))
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

/// Whether this is a socket file at which no process listens.
fn is_left(path: &Path) -> bool {
    let is_socket = std::fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket());
    // A listening socket refuses one of another type, too, but with another error, and its program
    // does not notice.
    let tried = UnixDatagram::unbound().and_then(|socket| socket.connect(path));
    is_socket && tried.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
}

/// A socket file that is listened at. The file stays when it is dropped.
pub struct SocketFileListener(UnixListener);

impl SocketFileListener {
    /// Makes a file and listens at it. Replaces one that a killed process has left; an error if
    /// another process listens at it, or if it is another file.
    pub fn bind(path: &Path) -> io::Result<Self> {
        if is_left(path) {
            std::fs::remove_file(path)?;
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_file_is_replaced_if_no_process_listens_at_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gdb");
        let listener = SocketFileListener::bind(&path).unwrap();
        let refused = SocketFileListener::bind(&path).err().unwrap();
        assert_eq!(refused.kind(), io::ErrorKind::AddrInUse);
        assert_eq!(listener.accept().err().unwrap().kind(), io::ErrorKind::WouldBlock, "nobody came");
        drop(listener);
        let listener = SocketFileListener::bind(&path).unwrap();
        SocketFileStream::connect(&path).unwrap();
        listener.accept().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "kept").unwrap();
        assert!(SocketFileListener::bind(&file).is_err());
        assert_eq!(std::fs::read(&file).unwrap(), b"kept");
    }
}
