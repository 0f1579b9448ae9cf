//! The host's network, through non-blocking sockets of the host.
//!
//! A guest's sockets may reach everything that the host's user may, except the ports on which this
//! process waits for gdb ([`xenia_gdb::waits_at`]): a debugger may do more than a title.
//!
//! Sent data is not buffered here: the host's kernel holds it, and delivers it even after the
//! socket is closed. Host names are resolved on a few separate threads.

mod errors;
mod messages;

use errors::wsa_error;
use messages::{receive_message, send_message};
use socket2::{Domain, Protocol, SockAddr, SockRef, Socket, Type};
use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, SocketAddrV4, TcpStream, ToSocketAddrs, UdpSocket};
use std::ops::RangeInclusive;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use xenia_host::network::{HOLDS_ENDED_PORTS, ignore_unreachable, is_writable, remove_peer};
use xenia_kernel::net::{MAX_BACKLOG, MAX_DATAGRAM, WsaError};
use xenia_kernel::ports::{Network, Ready, Received, Setting, SocketId, SocketKind};

/// Largest number of bytes reported as available to receive.
const MAX_AVAILABLE: usize = 0x1_0000;
/// Largest number of concurrent name lookups.
const MAX_LOOKUPS: usize = 4;
/// Largest buffer that a title may request for a socket, in bytes.
const MAX_BUFFER: u32 = 256 << 10;
/// Datagram ports that most titles use, which Linux reserves for privileged programs, and the ports
/// of the host in their place.
const TITLE_PORTS: RangeInclusive<u16> = 1000..=1023;
const HOST_PORTS: RangeInclusive<u16> = 31_000..=31_023;

/// A socket of the host. A stream has this type also before it is connected, and while it listens.
enum Socket4 {
    Stream(TcpStream),
    Datagram(UdpSocket),
}

struct Host {
    socket: Socket4,
    /// A connection attempt is in progress.
    connecting: bool,
    connected: bool,
    /// A connection attempt failed.
    failed: bool,
    /// A connection accepted by a poll and not yet taken by the guest.
    found: Option<(Socket, SocketAddrV4)>,
    /// The error that ended a stream. Linux reports it once, to a peek or a send as well.
    error: Option<WsaError>,
    /// It was accepted, and shares its listener's port.
    is_accepted: bool,
    /// The title has set `SO_REUSEADDR`.
    reuses: bool,
}

impl Host {
    /// A new socket, or one that was accepted.
    fn new(socket: Socket4, is_accepted: bool) -> Self {
        Self {
            socket,
            connecting: false,
            connected: is_accepted,
            failed: false,
            found: None,
            error: None,
            is_accepted,
            reuses: false,
        }
    }

    fn any(&self) -> SockRef<'_> {
        match &self.socket {
            Socket4::Stream(stream) => SockRef::from(stream),
            Socket4::Datagram(socket) => SockRef::from(socket),
        }
    }

    fn is_stream(&self) -> bool {
        matches!(self.socket, Socket4::Stream(_))
    }

    fn local(&self) -> Option<SocketAddrV4> {
        let own = self.any().local_addr().ok()?.as_socket_ipv4()?;
        Some(self.exchanged(own)).filter(|own| own.port() != 0)
    }

    fn remote(&self) -> Option<SocketAddrV4> {
        Some(self.exchanged(self.any().peer_addr().ok()?.as_socket_ipv4()?))
    }

    /// Converts an address between the title and the host, either way.
    fn exchanged(&self, at: SocketAddrV4) -> SocketAddrV4 {
        if self.is_stream() { at } else { SocketAddrV4::new(*at.ip(), exchanged_port(at.port())) }
    }

    /// Whether the host can take more data, or has an error to report.
    fn is_writable(&self) -> bool {
        match &self.socket {
            Socket4::Stream(stream) => is_writable(stream),
            Socket4::Datagram(socket) => is_writable(socket),
        }
    }

    /// Polls for an incoming connection.
    fn look_for_connection(&mut self) -> Result<(), WsaError> {
        if self.found.is_none() {
            let (socket, remote) = self.any().accept().map_err(|error| wsa_error(&error))?;
            socket.set_nonblocking(true).map_err(|error| wsa_error(&error))?;
            let remote = remote.as_socket_ipv4().ok_or(WsaError::CONNECTION_ABORTED)?;
            self.found = Some((socket, remote));
        }
        Ok(())
    }

    /// Peeks at received data: bytes, an end of the stream, or an error.
    fn peek(&mut self, into: &mut [u8]) -> Result<usize, WsaError> {
        match &self.socket {
            Socket4::Stream(_) => self.read_stream(into, true),
            Socket4::Datagram(socket) => receive_message(|| socket.peek(into)),
        }
    }

    /// Reads received data of a stream, which stays in the queue if it is a peek.
    fn read_stream(&mut self, into: &mut [u8], peek: bool) -> Result<usize, WsaError> {
        let Socket4::Stream(stream) = &mut self.socket else { return Err(WsaError::NOT_SOCKET) };
        if !self.connected {
            return Err(WsaError::NOT_CONNECTED);
        }
        let received = if peek { stream.peek(into) } else { stream.read(into) };
        let received = received.map_err(|error| wsa_error(&error));
        match (received, self.error) {
            // Data that came before the error is received first.
            (Ok(0), Some(error)) => return Err(error),
            (Err(error), None) if error != WsaError::WOULD_BLOCK => self.error = Some(error),
            _ => {}
        }
        received
    }
}

/// Converts a datagram port between the title and the host. The two ranges change places on every
/// host, so that all hosts agree.
fn exchanged_port(port: u16) -> u16 {
    let distance = HOST_PORTS.start() - TITLE_PORTS.start();
    if TITLE_PORTS.contains(&port) {
        port + distance
    } else if HOST_PORTS.contains(&port) {
        port - distance
    } else {
        port
    }
}

/// The network of `--network host`: the guest's sockets and their host sockets.
pub(super) struct HostNetwork {
    sockets: BTreeMap<SocketId, Host>,
    last: SocketId,
    address: Option<Ipv4Addr>,
    lookups: BTreeMap<String, Receiver<Vec<Ipv4Addr>>>,
}

impl HostNetwork {
    /// A network without sockets.
    pub(super) fn new() -> Self {
        Self { sockets: BTreeMap::new(), last: 0, address: own_address(), lookups: BTreeMap::new() }
    }

    fn get(&mut self, id: SocketId) -> Result<&mut Host, WsaError> {
        self.sockets.get_mut(&id).ok_or(WsaError::NOT_SOCKET)
    }

    fn insert(&mut self, host: Host) -> SocketId {
        loop {
            self.last = self.last.wrapping_add(1);
            if !self.sockets.contains_key(&self.last) {
                self.sockets.insert(self.last, host);
                return self.last;
            }
        }
    }

    /// Whether another stream socket of the title has an address. Where all of them have
    /// `SO_REUSEADDR`, the host refuses only the addresses of those that listen.
    fn is_taken(&self, id: SocketId, at: SocketAddrV4) -> bool {
        let Some(new) = self.sockets.get(&id).filter(|new| HOLDS_ENDED_PORTS && new.is_stream()) else {
            return false;
        };
        self.sockets.iter().any(|(&other, host)| {
            let Some(local) = host.local().filter(|_| other != id && host.is_stream()) else { return false };
            let meets = local.ip().is_unspecified() || at.ip().is_unspecified() || local.ip() == at.ip();
            !host.is_accepted && local.port() == at.port() && meets && !(host.reuses && new.reuses)
        })
    }

    /// Reads received data, which stays in the queue if it is a peek.
    fn read(&mut self, id: SocketId, into: &mut [u8], peek: bool) -> Result<Received, WsaError> {
        let remote = self.remote(id);
        let host = self.get(id)?;
        let is_bound = host.local().is_some();
        match &host.socket {
            Socket4::Stream(_) => {
                let length = host.read_stream(into, peek)?;
                Ok(Received { length, from: remote, is_cut: false })
            }
            Socket4::Datagram(_) if !is_bound => Err(WsaError::INVALID),
            Socket4::Datagram(socket) => {
                // Room for any message: not every host reports the sender of a truncated one.
                let mut room = vec![0; into.len().max(MAX_DATAGRAM) + 1];
                let (whole, from) = receive_message(|| {
                    if peek { socket.peek_from(&mut room) } else { socket.recv_from(&mut room) }
                })?;
                let length = whole.min(into.len());
                into[..length].copy_from_slice(&room[..length]);
                let from = if let SocketAddr::V4(from) = from { Some(host.exchanged(from)) } else { None };
                Ok(Received { length, from, is_cut: whole > into.len() })
            }
        }
    }
}

/// The address that the host would send from. Finding it sends no packet.
fn own_address() -> Option<Ipv4Addr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    // TEST-NET-1 is reserved for documentation; connecting a datagram socket only selects a route.
    let way = socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).and_then(|()| socket.local_addr());
    match way {
        Ok(SocketAddr::V4(own)) if !own.ip().is_unspecified() => Some(*own.ip()),
        _ => Some(Ipv4Addr::LOCALHOST),
    }
}

impl Network for HostNetwork {
    fn has_link(&self) -> bool {
        true
    }

    fn address(&self) -> Option<Ipv4Addr> {
        self.address
    }

    fn changes_by_itself(&self) -> bool {
        true
    }

    fn open(&mut self, kind: SocketKind) -> Result<SocketId, WsaError> {
        let (kind_of, protocol) = match kind {
            SocketKind::Stream => (Type::STREAM, Protocol::TCP),
            SocketKind::Datagram => (Type::DGRAM, Protocol::UDP),
        };
        let socket = Socket::new(Domain::IPV4, kind_of, Some(protocol)).map_err(|error| wsa_error(&error))?;
        socket.set_nonblocking(true).map_err(|error| wsa_error(&error))?;
        let socket = match kind {
            SocketKind::Stream => {
                // The listening socket and those that it accepts need it as well as the next one.
                socket.set_reuse_address(HOLDS_ENDED_PORTS).map_err(|error| wsa_error(&error))?;
                Socket4::Stream(socket.into())
            }
            SocketKind::Datagram => {
                ignore_unreachable(&socket);
                Socket4::Datagram(socket.into())
            }
        };
        Ok(self.insert(Host::new(socket, false)))
    }

    fn close(&mut self, id: SocketId) {
        self.sockets.remove(&id);
    }

    fn set(&mut self, id: SocketId, setting: Setting) -> Result<(), WsaError> {
        let host = self.get(id)?;
        if let Setting::ReuseAddress(on) = setting {
            host.reuses = on;
        }
        let socket = host.any();
        let set = match setting {
            Setting::ReuseAddress(_) if HOLDS_ENDED_PORTS && host.is_stream() => Ok(()),
            Setting::ReuseAddress(on) => socket.set_reuse_address(on),
            Setting::Broadcast(on) => socket.set_broadcast(on),
            Setting::ReceiveBuffer(bytes) => socket.set_recv_buffer_size(bytes.min(MAX_BUFFER) as usize),
            Setting::NoDelay(on) => socket.set_tcp_nodelay(on),
        };
        set.map_err(|error| wsa_error(&error))
    }

    fn bind(&mut self, id: SocketId, at: SocketAddrV4) -> Result<(), WsaError> {
        if self.is_taken(id, at) {
            return Err(WsaError::ADDRESS_IN_USE);
        }
        let host = self.get(id)?;
        host.any().bind(&SockAddr::from(host.exchanged(at))).map_err(|error| wsa_error(&error))
    }

    fn local(&self, id: SocketId) -> Option<SocketAddrV4> {
        self.sockets.get(&id)?.local()
    }

    fn remote(&self, id: SocketId) -> Option<SocketAddrV4> {
        self.sockets.get(&id)?.remote()
    }

    fn listen(&mut self, id: SocketId, backlog: usize) -> Result<(), WsaError> {
        let host = self.get(id)?;
        if !host.is_stream() {
            return Err(WsaError::OPERATION_NOT_SUPPORTED);
        }
        if host.connected {
            return Err(WsaError::IS_CONNECTED);
        }
        host.local().ok_or(WsaError::INVALID)?;
        host.any().listen(backlog.clamp(1, MAX_BACKLOG) as i32).map_err(|error| wsa_error(&error))
    }

    fn accept(&mut self, id: SocketId) -> Result<(SocketId, SocketAddrV4), WsaError> {
        let host = self.get(id)?;
        host.look_for_connection()?;
        let (socket, remote) = host.found.take().ok_or(WsaError::WOULD_BLOCK)?;
        Ok((self.insert(Host::new(Socket4::Stream(socket.into()), true)), remote))
    }

    fn connect(&mut self, id: SocketId, to: SocketAddrV4) -> Result<(), WsaError> {
        let host = self.get(id)?;
        if host.is_stream() && xenia_gdb::waits_at(to) {
            return Err(WsaError::CONNECTION_REFUSED);
        }
        if let (Socket4::Datagram(socket), 0) = (&host.socket, to.port()) {
            return remove_peer(socket).map_err(|error| wsa_error(&error));
        }
        let to = host.exchanged(to);
        let connect =
            |host: &Host| host.any().connect(&SockAddr::from(to)).map_err(|error| wsa_error(&error));
        let mut begun = connect(host);
        // Linux reports once more that the last attempt is over before it starts another.
        if host.failed && begun == Err(WsaError::CONNECTION_ABORTED) {
            begun = connect(host);
        }
        host.failed = false;
        host.error = None;
        host.connecting = begun == Err(WsaError::WOULD_BLOCK) && host.is_stream();
        host.connected = begun.is_ok();
        begun
    }

    fn connected(&mut self, id: SocketId) -> Result<(), WsaError> {
        let host = self.get(id)?;
        if host.connecting {
            if let Ok(Some(error)) = host.any().take_error() {
                host.connecting = false;
                host.failed = true;
                return Err(wsa_error(&error));
            }
            // A stream has a peer only once it is connected.
            if host.any().peer_addr().is_err() {
                return Err(WsaError::WOULD_BLOCK);
            }
            host.connecting = false;
            host.connected = true;
        }
        if host.connected { Ok(()) } else { Err(WsaError::NOT_CONNECTED) }
    }

    fn send(&mut self, id: SocketId, bytes: &[u8], to: Option<SocketAddrV4>) -> Result<usize, WsaError> {
        let host = self.get(id)?;
        if let Socket4::Datagram(socket) = &host.socket {
            return send_message(socket, bytes, to.map(|to| host.exchanged(to)));
        }
        if !host.connected {
            return Err(WsaError::NOT_CONNECTED);
        }
        let Socket4::Stream(stream) = &mut host.socket else { return Err(WsaError::NOT_SOCKET) };
        let sent = stream.write(bytes);
        // Not a broken pipe, which also follows the title's own shutdown.
        if let Err(error) = &sent
            && matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::TimedOut)
        {
            host.error = Some(wsa_error(error));
        }
        sent.map_err(|error| wsa_error(&error))
    }

    fn receive(&mut self, id: SocketId, into: &mut [u8]) -> Result<Received, WsaError> {
        self.read(id, into, false)
    }

    fn peek(&mut self, id: SocketId, into: &mut [u8]) -> Result<Received, WsaError> {
        self.read(id, into, true)
    }

    fn shutdown(&mut self, id: SocketId, how: Shutdown) -> Result<(), WsaError> {
        let host = self.get(id)?;
        host.any().shutdown(how).map_err(|error| wsa_error(&error))
    }

    fn ready(&mut self, id: SocketId) -> Ready {
        let Ok(host) = self.get(id) else { return Ready::default() };
        if host.is_stream() && !host.connected {
            let listens = !host.connecting;
            return Ready { readable: listens && host.look_for_connection().is_ok(), ..Ready::default() };
        }
        let there = host.peek(&mut [0]);
        let readable = there != Err(WsaError::WOULD_BLOCK);
        if !host.is_stream() {
            return Ready { readable, writable: true, is_ended: false };
        }
        Ready { readable, writable: host.is_writable(), is_ended: readable && there != Ok(1) }
    }

    fn available(&mut self, id: SocketId) -> usize {
        self.get(id).and_then(|host| host.peek(&mut vec![0; MAX_AVAILABLE])).unwrap_or(0)
    }

    fn look_up(&mut self, name: &str) -> Result<Vec<Ipv4Addr>, WsaError> {
        if let Some(receiver) = self.lookups.get(name) {
            let found = match receiver.try_recv() {
                Ok(found) => found,
                Err(TryRecvError::Empty) => return Err(WsaError::WOULD_BLOCK),
                Err(TryRecvError::Disconnected) => Vec::new(),
            };
            self.lookups.remove(name);
            return if found.is_empty() { Err(WsaError::HOST_NOT_FOUND) } else { Ok(found) };
        }
        if self.lookups.len() >= MAX_LOOKUPS {
            // Drop finished lookups: a caller that still waits will ask again.
            self.lookups.retain(|_, receiver| receiver.try_recv() == Err(TryRecvError::Empty));
        }
        if self.lookups.len() < MAX_LOOKUPS {
            let (sender, receiver) = channel();
            let asked = name.to_owned();
            let started = std::thread::Builder::new().name("look-up".to_owned()).spawn(move || {
                // The receiver is dropped if the caller is gone.
                let _ = sender.send(addresses_of(&asked));
            });
            started.map_err(|_| WsaError::HOST_NOT_FOUND)?;
            self.lookups.insert(name.to_owned(), receiver);
        }
        Err(WsaError::WOULD_BLOCK)
    }
}

/// The addresses of a host name, as the host's resolver finds them.
fn addresses_of(name: &str) -> Vec<Ipv4Addr> {
    let found = (name, 0).to_socket_addrs();
    let v4 = |address| if let SocketAddr::V4(address) = address { Some(*address.ip()) } else { None };
    found.map(|found| found.filter_map(v4).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
