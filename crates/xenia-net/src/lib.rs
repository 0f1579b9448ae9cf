//! The sockets of a title: Winsock over the [`Network`] port.
//!
//! An operation that would block becomes a pending [`Request`] of the calling thread, which waits,
//! or of an overlapped structure, which reports the completion. After each call that changes
//! something all requests are retried, oldest first, until no request makes progress or the limit
//! of passes is reached ([`Net::retry_requests`]). In the latter case, and if the network changes
//! by itself, requests are also polled each millisecond of guest time. So the results depend only
//! on the order of calls, and no host thread ever blocks.
//!
//! One lock protects all sockets; threads are woken and guest memory is written under it. Events
//! are signalled and completion routines queued after it is released. Socket descriptors are not
//! handles: the console's handle functions refuse them. Layouts and behaviour follow
//! xkelib's headers, the netplay fork of xenia-canary, and Winsock's public documentation.
//!
//! - [`Net`], [`NetState`]: the sockets of a machine, and the lock around them.
//! - [`Network`]: the port below them; [`LocalNetwork`] is the machine's own network.
//! - [`SocketOperation`]: the operation of a call, run by [`Net::do_or_wait`] or
//!   [`Net::do_or_leave`].
//! - [`XNet`]: addresses and keys of consoles.
//!
//! Invariants: the crate does not depend on the kernel, only on the [`Cpu`](xenia_sched::Cpu) of a
//! call and guest memory; the kernel's events are references that it keeps ([`EventHold`]) and
//! effects that its caller applies ([`SocketEffects`]).
#![forbid(unsafe_code)]

pub mod address;
mod buffers;
mod error;
mod event_hold;
#[cfg(all(test, feature = "model"))]
mod models;
mod network;
mod options;
mod request;
mod rounds;
mod saved_events;
mod select;
mod socket_calls;
mod state;
mod traffic;
mod xnet;

pub use buffers::Buffers;
pub use error::WsaError;
pub use event_hold::{EventHold, HeldEvent};
pub use network::{
    LocalNetwork, LocalNetworkState, MAX_BACKLOG, MAX_DATAGRAM, Network, Ready, Received, Setting, SocketId,
    SocketKind,
};
pub use options::{OptionValue, is_linger};
pub use request::{Overlapped, Receive, Send, SocketOperation};
pub use saved_events::HoldEvent;
pub use select::{Select, Set};
pub use socket_calls::{
    NamedOperation, SocketCall, SocketCaller, SocketEffect, SocketEffects, overlapped_field,
};
pub use state::SocketsState;
pub use traffic::{NetTraffic, TrafficCount};
pub use xnet::{
    KeyId, LOOKUP_SIZE, Lookups, PARAMETERS_SIZE, QualityLookup, QualityTarget, XNADDR_SIZE, XNet, XnAddr,
    begin_lookup,
};

use options::Options;
use request::Request;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::Shutdown;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Release};
use xenia_guest::GuestAddr;
use xenia_limits::{Limit, ResourceLimits};
use xenia_sched::{GuestTicks, TICKS_PER_SECOND};
use xenia_sync::{Level, Mutex, MutexGuard};

/// Guest time between polls of a network that changes by itself, or of requests that remain after
/// [`rounds::MAX_PASSES`] passes.
const POLL_INTERVAL: GuestTicks = TICKS_PER_SECOND / 1000;
/// [`NetState::due`]: no poll is due.
const NEVER: GuestTicks = GuestTicks::MAX;

/// Network events that a socket can signal: the bits (`FD_*`) of `WSAEventSelect`.
pub mod network_event {
    /// Data can be received.
    pub const READ: u32 = 1;
    /// There is room to send.
    pub const WRITE: u32 = 2;
    /// A connection can be accepted.
    pub const ACCEPT: u32 = 8;
    /// A connection attempt succeeded or failed.
    pub const CONNECT: u32 = 0x10;
    /// The peer has stopped sending.
    pub const CLOSE: u32 = 0x20;
}

/// The event that a socket signals (`WSAEventSelect`).
#[derive(Debug)]
struct Watch {
    event: Arc<dyn EventHold>,
    body: GuestAddr,
    wanted: u32,
    /// Network events that were signalled already and that no call has re-enabled since.
    signalled: u32,
}

/// State of a stream socket's connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Connection {
    /// `connect` was not called.
    None,
    /// The attempt is in progress.
    Begun,
    /// The connection was established; it may have ended since.
    Made,
    /// The attempt failed.
    Failed(WsaError),
}

/// The part of a socket's state that the [`Network`] port does not keep.
#[derive(Debug)]
struct Socket {
    id: SocketId,
    kind: SocketKind,
    listens: bool,
    is_blocking: bool,
    connection: Connection,
    options: Options,
    watch: Option<Watch>,
}

/// All sockets of a title, their pending requests and the state of `XNet`.
pub struct Net {
    port: Box<dyn Network>,
    sockets: BTreeMap<u32, Socket>,
    /// The sockets that signal an event. Each call polls them, so others must cost nothing.
    watched: BTreeSet<u32>,
    last: u32,
    requests: VecDeque<Request>,
    /// Requests that can still make progress were left for the next poll.
    goes_on: bool,
    /// Calls of `WSAStartup` without a matching `WSACleanup`.
    startups: u32,
    /// `XNet`'s addresses, keys and name look-ups.
    pub xnet: XNet,
    /// The socket for quality-of-service probes, which does not belong to the title.
    quality_socket: Option<SocketId>,
    limits: Arc<ResourceLimits>,
}

/// A lock around [`Net`], with the time of the next poll.
pub struct NetState {
    net: Mutex<Net>,
    /// Guest time of the next poll, or [`NEVER`]. Written under the lock only.
    due: AtomicU64,
}

impl NetState {
    /// Creates the state for this network, without sockets.
    pub fn new(port: Box<dyn Network>, limits: Arc<ResourceLimits>) -> Self {
        Self { net: Mutex::new(Level::Devices, Net::new(port, limits)), due: AtomicU64::new(NEVER) }
    }

    pub fn lock(&self) -> MutexGuard<'_, Net> {
        self.net.lock()
    }

    /// Guest time of the next poll. Takes no lock.
    pub fn next_due(&self) -> Option<GuestTicks> {
        Some(self.due.load(Acquire)).filter(|due| *due != NEVER)
    }

    /// Writes the sockets' state for kernel digests; writes no line if there are no sockets.
    pub fn describe(&self, line: &mut dyn FnMut(&str)) {
        let net = self.lock();
        net.port.describe(line);
        for (name, socket) in &net.sockets {
            let Socket { id, kind, listens, is_blocking, connection, options, watch } = socket;
            let watch = watch.as_ref().map(|watch| (watch.body, watch.wanted, watch.signalled));
            line(&format!(
                "net {name:#x} {id} {kind:?} {listens} {is_blocking} {connection:?} {options:?} {watch:?}"
            ));
        }
        for request in &net.requests {
            line(&format!("net request {request:?}"));
        }
        net.xnet.describe(line);
    }
}

impl Net {
    fn new(mut port: Box<dyn Network>, limits: Arc<ResourceLimits>) -> Self {
        port.begin(limits.clone());
        Self {
            port,
            sockets: BTreeMap::new(),
            watched: BTreeSet::new(),
            last: 0,
            requests: VecDeque::new(),
            goes_on: false,
            startups: 0,
            xnet: XNet::default(),
            quality_socket: None,
            limits,
        }
    }

    /// `WSAStartup`: counts one more user.
    pub fn start(&mut self) {
        self.startups = self.startups.saturating_add(1);
    }

    /// `WSACleanup`: counts one user less; the last one closes all sockets.
    pub fn end(&mut self) -> Result<(), WsaError> {
        self.check_started()?;
        self.startups -= 1;
        if self.startups == 0 {
            self.watched.clear();
            for (_, socket) in std::mem::take(&mut self.sockets) {
                self.port.close(socket.id);
            }
        }
        Ok(())
    }

    /// Returns whether a network cable is plugged in.
    pub fn has_link(&self) -> bool {
        self.port.has_link()
    }

    /// Returns the console's IP address.
    pub fn address(&self) -> Option<std::net::Ipv4Addr> {
        self.port.address()
    }

    fn check_started(&self) -> Result<(), WsaError> {
        if self.startups == 0 { Err(WsaError::NOT_INITIALISED) } else { Ok(()) }
    }

    fn get(&self, name: u32) -> Result<&Socket, WsaError> {
        self.check_started()?;
        self.sockets.get(&name).ok_or(WsaError::NOT_SOCKET)
    }

    fn get_mut(&mut self, name: u32) -> Result<&mut Socket, WsaError> {
        self.check_started()?;
        self.sockets.get_mut(&name).ok_or(WsaError::NOT_SOCKET)
    }

    /// Creates a socket.
    pub fn open(&mut self, kind: SocketKind) -> Result<u32, WsaError> {
        self.check_started()?;
        self.check_room()?;
        let id = self.port.open(kind)?;
        Ok(self.insert(id, kind, Connection::None))
    }

    fn check_room(&self) -> Result<(), WsaError> {
        let admitted = self.limits.admit(Limit::Sockets, self.sockets.len());
        admitted.map_err(|_| WsaError::TOO_MANY_SOCKETS)
    }

    /// Registers a socket under a new descriptor. Descriptors grow by four, as handles do, and wrap
    /// before they become negative, so that a closed descriptor is not reused soon.
    fn insert(&mut self, id: SocketId, kind: SocketKind, connection: Connection) -> u32 {
        loop {
            self.last = if self.last >= 0x7FFF_FFF8 { 4 } else { self.last + 4 };
            if !self.sockets.contains_key(&self.last) {
                break;
            }
        }
        let options = Options::default();
        let socket = Socket { id, kind, listens: false, is_blocking: true, connection, options, watch: None };
        self.sockets.insert(self.last, socket);
        self.last
    }

    /// Registers a connection that a listener has accepted; it inherits the listener's options,
    /// blocking mode and event.
    fn insert_accepted(&mut self, listener: u32, id: SocketId) -> u32 {
        let name = self.insert(id, SocketKind::Stream, Connection::Made);
        if let Some(Socket { is_blocking, options, watch, .. }) = self.sockets.get(&listener) {
            let is_blocking = *is_blocking;
            let options = options.clone();
            let watch =
                watch.as_ref().map(|watch| Watch { event: watch.event.clone(), signalled: 0, ..*watch });
            if let Some(accepted) = self.sockets.get_mut(&name) {
                accepted.is_blocking = is_blocking;
                accepted.options = options;
                if watch.is_some() {
                    self.watched.insert(name);
                }
                accepted.watch = watch;
            }
        }
        name
    }

    /// Closes a socket; the next [`Self::retry_requests`] ends the requests that wait for it.
    pub fn close(&mut self, name: u32) -> Result<(), WsaError> {
        let id = self.get(name)?.id;
        self.sockets.remove(&name);
        self.watched.remove(&name);
        self.port.close(id);
        Ok(())
    }

    /// Binds a socket to an address.
    pub fn bind(&mut self, name: u32, at: std::net::SocketAddrV4) -> Result<(), WsaError> {
        let id = self.get(name)?.id;
        self.port.bind(id, at)
    }

    /// Makes a socket listen for connections.
    pub fn listen(&mut self, name: u32, backlog: u32) -> Result<(), WsaError> {
        let id = self.get(name)?.id;
        self.port.listen(id, (backlog as usize).min(MAX_BACKLOG))?;
        self.get_mut(name)?.listens = true;
        Ok(())
    }

    /// Shuts down directions of a connection: 0 receiving, 1 sending, 2 both.
    pub fn shutdown(&mut self, name: u32, how: u32) -> Result<(), WsaError> {
        let id = self.get(name)?.id;
        let how = match how {
            0 => Shutdown::Read,
            1 => Shutdown::Write,
            2 => Shutdown::Both,
            _ => return Err(WsaError::INVALID),
        };
        self.port.shutdown(id, how)
    }

    /// Returns a socket's local address (`getsockname`).
    pub fn local(&self, name: u32) -> Result<std::net::SocketAddrV4, WsaError> {
        let id = self.get(name)?.id;
        self.port.local(id).ok_or(WsaError::INVALID)
    }

    /// Returns the address of a socket's peer (`getpeername`).
    pub fn remote(&self, name: u32) -> Result<std::net::SocketAddrV4, WsaError> {
        let id = self.get(name)?.id;
        self.port.remote(id).ok_or(WsaError::NOT_CONNECTED)
    }

    /// Sets whether calls block on a socket (`FIONBIO`).
    pub fn set_blocking(&mut self, name: u32, is_blocking: bool) -> Result<(), WsaError> {
        let socket = self.get_mut(name)?;
        // A socket with an event is always non-blocking.
        if is_blocking && socket.watch.is_some() {
            return Err(WsaError::INVALID);
        }
        socket.is_blocking = is_blocking;
        Ok(())
    }

    /// Returns whether calls block on a socket.
    pub fn is_blocking(&self, name: u32) -> bool {
        self.get(name).is_ok_and(|socket| socket.is_blocking)
    }

    /// Checks that the descriptor names an open socket.
    pub fn check(&self, name: u32) -> Result<(), WsaError> {
        self.get(name).map(|_| ())
    }

    /// Returns the number of bytes that one receive would return (`FIONREAD`).
    pub fn available(&mut self, name: u32) -> Result<u32, WsaError> {
        self.poll_connection(name)?;
        let id = self.get(name)?.id;
        Ok(self.port.available(id) as u32)
    }

    /// Sets the event that a socket signals, or removes it if no network event is wanted. The
    /// socket becomes non-blocking.
    pub fn watch(
        &mut self,
        name: u32,
        event: Option<(Arc<dyn EventHold>, GuestAddr)>,
        wanted: u32,
    ) -> Result<(), WsaError> {
        let socket = self.get_mut(name)?;
        // As in Winsock, also if no event is wanted, which ends the association.
        socket.is_blocking = false;
        socket.watch =
            event.filter(|_| wanted != 0).map(|(event, body)| Watch { event, body, wanted, signalled: 0 });
        if socket.watch.is_some() {
            self.watched.insert(name);
        } else {
            self.watched.remove(&name);
        }
        Ok(())
    }

    /// Returns whether a request, a socket's event, a look-up or a probe has to be polled.
    fn is_waited_for(&self) -> bool {
        !self.requests.is_empty() || !self.watched.is_empty() || self.xnet.is_waited_for()
    }
}

impl NetState {
    /// Publishes when the next poll is due; callers that change something call this before they
    /// unlock.
    fn set_due(&self, net: &Net, now: GuestTicks) -> bool {
        let due = if net.goes_on || (net.port.changes_by_itself() && net.is_waited_for()) {
            now.saturating_add(POLL_INTERVAL)
        } else {
            NEVER
        };
        self.due.store(due, Release);
        due != NEVER
    }
}
