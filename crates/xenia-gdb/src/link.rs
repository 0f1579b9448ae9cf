//! The connection to one gdb.
//!
//! A thread of its own reads the socket, so that gdb's interrupt reaches a machine that runs: it
//! sets the machine's stop flag whenever bytes arrive. It stops reading while [`CHUNKS`] chunks
//! wait, so a client that only sends takes no memory.

use crate::ServerAddress;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

/// Limit of chunks that were read and not yet handled.
const CHUNKS: usize = 16;

/// Size of a chunk in bytes.
const CHUNK: usize = 4096;

enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener, PathBuf),
}

/// A socket that waits for gdb. A socket file is removed when it is dropped.
pub struct Listener {
    socket: Socket,
    address: ServerAddress,
}

impl Listener {
    /// Listens at an address.
    ///
    /// # Errors
    /// The port or the file is in use, or the file can't be made.
    pub fn open(address: &ServerAddress) -> io::Result<Self> {
        Ok(match address {
            ServerAddress::Port(port) => {
                let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, *port))?;
                socket.set_nonblocking(true)?;
                let address = ServerAddress::Port(socket.local_addr()?.port());
                Self { socket: Socket::Tcp(socket), address }
            }
            ServerAddress::Unix(path) => {
                let socket = UnixListener::bind(path)?;
                socket.set_nonblocking(true)?;
                Self { socket: Socket::Unix(socket, path.clone()), address: address.clone() }
            }
        })
    }

    /// The address, with the port that the host chose.
    pub fn address(&self) -> &ServerAddress {
        &self.address
    }

    /// Waits for gdb, whose bytes will set `stop`. Calls `goes_on` several times a second, and
    /// returns `None` if it says no.
    ///
    /// # Errors
    /// The host can't accept a connection or start a thread.
    pub fn accept(
        &self,
        stop: &Arc<AtomicBool>,
        mut goes_on: impl FnMut() -> bool,
    ) -> io::Result<Option<Link>> {
        loop {
            let link = match &self.socket {
                Socket::Tcp(socket) => socket.accept().and_then(|(stream, _)| {
                    stream.set_nonblocking(false)?;
                    stream.set_nodelay(true)?;
                    Link::new(stream.try_clone()?, stream, stop.clone())
                }),
                Socket::Unix(socket, _) => socket.accept().and_then(|(stream, _)| {
                    stream.set_nonblocking(false)?;
                    Link::new(stream.try_clone()?, stream, stop.clone())
                }),
            };
            match link {
                Ok(link) => return Ok(Some(link)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
            if !goes_on() {
                return Ok(None);
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Socket::Unix(_, path) = &self.socket {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// A connection to gdb.
pub struct Link {
    out: Box<dyn Write + Send>,
    read: Receiver<Vec<u8>>,
}

impl Link {
    /// A link over a stream, read by a thread that sets `stop` when bytes arrive.
    ///
    /// # Errors
    /// The host can't start a thread.
    pub fn new(
        mut from: impl Read + Send + 'static,
        out: impl Write + Send + 'static,
        stop: Arc<AtomicBool>,
    ) -> io::Result<Self> {
        let (send, read) = sync_channel(CHUNKS);
        thread::Builder::new().name("gdb".to_owned()).spawn(move || {
            let mut bytes = [0; CHUNK];
            while let Ok(count @ 1..) = from.read(&mut bytes) {
                if send.send(bytes[..count].to_vec()).is_err() {
                    return;
                }
                stop.store(true, Relaxed);
            }
            // The machine must notice the end of the connection, too.
            drop(send);
            stop.store(true, Relaxed);
        })?;
        Ok(Self { out: Box::new(out), read })
    }

    /// Bytes that gdb has sent; `None` if there are none, and waits up to `patience` for them.
    ///
    /// # Errors
    /// gdb has closed the connection.
    pub(crate) fn receive(&self, patience: Duration) -> io::Result<Option<Vec<u8>>> {
        match self.read.recv_timeout(patience) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(io::ErrorKind::ConnectionReset.into()),
        }
    }

    /// Sends bytes to gdb.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.out.flush()
    }
}
