//! The connection to one gdb.
//!
//! A separate thread reads the socket, so that gdb's interrupt reaches a running machine: the
//! machine's stop flag is set while bytes wait. The thread stops reading while [`MAX_CHUNKS`]
//! chunks wait, so a client that only sends takes no memory.

use crate::ServerAddress;
use crate::own_ports::OwnPort;
use parking_lot::{Condvar, Mutex};
use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};
use xenia_host::socket_file::SocketFileListener;

/// Limit of chunks that were read and not yet handled.
const MAX_CHUNKS: usize = 16;

/// Size of a chunk in bytes.
const CHUNK: usize = 4096;

/// How long a client may leave an answer unread, about: the thread that sends it also ends an
/// interrupted run.
const SEND_TIMEOUT: Duration = Duration::from_secs(1);

/// The error of listening on a socket file, with a reason that fits a file.
fn socket_file_error(error: io::Error) -> io::Error {
    match error.kind() {
        kind @ ErrorKind::AddrInUse => {
            io::Error::new(kind, "another program listens there, or the file is not a socket")
        }
        _ => error,
    }
}

enum Socket {
    Tcp(TcpListener),
    Unix(SocketFileListener, PathBuf),
}

/// A socket that waits for gdb. A socket file is removed when it is dropped.
pub struct Listener {
    socket: Socket,
    address: ServerAddress,
    /// Dropped after the socket is closed.
    _port: Option<OwnPort>,
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
                let port = socket.local_addr()?.port();
                let address = ServerAddress::Port(port);
                let own = Some(OwnPort::new(port));
                Self { socket: Socket::Tcp(socket), address, _port: own }
            }
            ServerAddress::Unix(path) => {
                let socket = SocketFileListener::bind(path).map_err(socket_file_error)?;
                Self { socket: Socket::Unix(socket, path.clone()), address: address.clone(), _port: None }
            }
        })
    }

    /// The address, with the port that the host chose.
    pub fn address(&self) -> &ServerAddress {
        &self.address
    }

    /// Waits for gdb, whose bytes will set `stop`. Calls `goes_on` several times a second, and
    /// returns `None` once it returns false.
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
                    stream.set_write_timeout(Some(SEND_TIMEOUT))?;
                    Link::new(stream.try_clone()?, stream, stop.clone())
                }),
                Socket::Unix(socket, _) => socket.accept().and_then(|stream| {
                    stream.set_write_timeout(SEND_TIMEOUT)?;
                    Link::new(stream.try_clone()?, stream, stop.clone())
                }),
            };
            match link {
                Ok(link) => return Ok(Some(link)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
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

/// Bytes that were read and not yet handled.
#[derive(Default)]
struct Inbox {
    waiting: Mutex<Waiting>,
    /// Something has been added or taken.
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    chunks: VecDeque<Vec<u8>>,
    /// Whether gdb has closed the connection.
    is_closed: bool,
    /// Whether the link is gone.
    is_left: bool,
    /// Set while bytes wait.
    stop: Arc<AtomicBool>,
}

impl Inbox {
    /// Adds bytes once there is room, and sets the flag unless they only acknowledge: gdb repeats a
    /// `-` every two seconds while a command such as `monitor writer` runs. Returns `false` if the
    /// link is gone.
    fn add(&self, bytes: &[u8]) -> bool {
        let mut waiting = self.waiting.lock();
        while waiting.chunks.len() >= MAX_CHUNKS && !waiting.is_left {
            self.changed.wait(&mut waiting);
        }
        waiting.chunks.push_back(bytes.to_vec());
        if bytes.iter().any(|byte| !matches!(byte, b'+' | b'-')) {
            waiting.stop.store(true, Relaxed);
        }
        self.changed.notify_all();
        !waiting.is_left
    }

    fn close(&self) {
        let mut waiting = self.waiting.lock();
        waiting.is_closed = true;
        // The machine must notice the end of the connection, too.
        waiting.stop.store(true, Relaxed);
        self.changed.notify_all();
    }
}

/// Whether a write may be repeated. Hosts differ in the error of one whose time is over.
fn is_temporary(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Interrupted | ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

/// A connection to gdb.
pub struct Link {
    out: Box<dyn Write + Send>,
    inbox: Arc<Inbox>,
}

impl Link {
    /// A link over a stream, read by a thread. `stop` is set while bytes wait.
    ///
    /// # Errors
    /// The host can't start a thread.
    pub fn new(
        mut from: impl Read + Send + 'static,
        out: impl Write + Send + 'static,
        stop: Arc<AtomicBool>,
    ) -> io::Result<Self> {
        let inbox = Arc::new(Inbox::default());
        inbox.waiting.lock().stop = stop;
        let link = Self { out: Box::new(out), inbox: inbox.clone() };
        thread::Builder::new().name("gdb".to_owned()).spawn(move || {
            let mut bytes = [0; CHUNK];
            while let Ok(count @ 1..) = from.read(&mut bytes) {
                if !inbox.add(&bytes[..count]) {
                    return;
                }
            }
            inbox.close();
        })?;
        Ok(link)
    }

    /// Sets another flag from now on while bytes wait.
    pub(crate) fn set_stop(&self, stop: Arc<AtomicBool>) {
        let mut waiting = self.inbox.waiting.lock();
        if waiting.is_closed || !waiting.chunks.is_empty() {
            stop.store(true, Relaxed);
        }
        waiting.stop = stop;
    }

    /// Bytes that gdb has sent; `None` if there are none, and waits up to `timeout` for them.
    ///
    /// # Errors
    /// gdb has closed the connection.
    pub(crate) fn receive(&self, timeout: Duration) -> io::Result<Option<Vec<u8>>> {
        let mut waiting = self.inbox.waiting.lock();
        if waiting.chunks.is_empty() && !waiting.is_closed {
            self.inbox.changed.wait_for(&mut waiting, timeout);
        }
        let bytes = waiting.chunks.pop_front();
        if bytes.is_some() && waiting.chunks.is_empty() && !waiting.is_closed {
            waiting.stop.store(false, Relaxed);
        }
        if bytes.is_none() && waiting.is_closed {
            return Err(ErrorKind::ConnectionReset.into());
        }
        self.inbox.changed.notify_all();
        Ok(bytes)
    }

    /// Sends bytes to gdb.
    ///
    /// # Errors
    /// gdb has closed the connection, or does not read.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let start = Instant::now();
        let mut rest = bytes;
        // Not `write_all`: the socket's time limit restarts with each byte that gdb takes.
        while !rest.is_empty() {
            match self.out.write(rest) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => rest = &rest[count..],
                Err(error) if is_temporary(error.kind()) => {}
                Err(error) => return Err(error),
            }
            if !rest.is_empty() && start.elapsed() >= SEND_TIMEOUT {
                return Err(io::Error::new(ErrorKind::TimedOut, "gdb does not read its answers"));
            }
        }
        self.out.flush()
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.inbox.waiting.lock().is_left = true;
        self.inbox.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_file_that_exists_is_kept_and_the_error_says_why() {
        // Tests run in the folder of their crate.
        let address = ServerAddress::Unix("Cargo.toml".into());
        let error = Listener::open(&address).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        assert!(error.to_string().contains("the file is not a socket"), "{error}");
        assert!(std::fs::metadata("Cargo.toml").unwrap().is_file());
    }

    #[test]
    fn acknowledgements_do_not_stop_the_machine() {
        let inbox = Inbox::default();
        let stop = inbox.waiting.lock().stop.clone();
        assert!(inbox.add(b"-") && inbox.add(b"+-"));
        assert!(!stop.load(Relaxed));
        assert!(inbox.add(b"-\x03"));
        assert!(stop.load(Relaxed));
    }
}
