//! The sockets of a title: Winsock over the [`Network`] port.
//!
//! A call tries what it is asked for. What can't be done yet becomes a [`Request`]: of the thread,
//! which waits, or of an overlapped structure, which says when it is over. After each call that
//! changes something all requests are tried again, oldest first, until none gets any further or it
//! was long enough ([`Net::settle`]); then, and where the network changes by itself, that is
//! done each millisecond of guest time, too. So who gets what depends on the order of calls alone,
//! and no host thread ever waits.
//!
//! All of it is behind one lock, under which threads are woken and guest memory is written; events
//! and routines are told of afterwards. Names of sockets are not handles: the console's functions
//! for handles refuse them. Layouts and behaviour follow ../shared/reference/xam_structs.md,
//! section 10, and Winsock's public documentation where that says nothing.

pub mod address;
mod buffers;
mod error;
mod local;
#[cfg(all(test, feature = "model"))]
mod models;
mod options;
mod request;
mod rounds;
mod select;
mod settle;
mod xnet;

pub use buffers::Buffers;
pub use error::WsaError;
pub use local::{BACKLOG_LIMIT, DATAGRAM_LIMIT, LocalNetwork};
pub use options::{OptionValue, is_linger};
pub use request::{Overlapped, Receive, Send, What};
pub use select::{Select, Set};
pub use settle::Told;
pub(crate) use settle::{answer, set_last_error};
pub use xnet::{KeyId, LOOKUP_SIZE, Lookups, PARAMETERS_SIZE, XNADDR_SIZE, XNet, XnAddr, begin_lookup};

use crate::limits::{Limit, Limits};
use crate::objects::HeldObject;
use crate::ports::{Network, SocketId, SocketKind};
use options::Options;
use request::Request;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Release};
use xenia_guest::GuestAddr;
use xenia_sched::{BlockReason, GuestTicks, TICKS_PER_SECOND};
use xenia_sync::{Level, Mutex, MutexGuard};

/// What a thread waits for that waits for a socket.
pub(crate) const SOCKET_WAIT: BlockReason = BlockReason::Other("socket");
/// Guest time between two looks at a network that changes by itself, or at requests that were left
/// ([`rounds::PASSES`]).
const LOOK: GuestTicks = TICKS_PER_SECOND / 1000;
/// Nothing is due.
const NEVER: GuestTicks = GuestTicks::MAX;

/// What a socket tells by an event, in the bits of `WSAEventSelect`.
pub mod noticed {
    /// There is something to receive.
    pub const READ: u32 = 1;
    /// There is room to send.
    pub const WRITE: u32 = 2;
    /// There is a connection to accept.
    pub const ACCEPT: u32 = 8;
    /// A connection was made, or was not.
    pub const CONNECT: u32 = 0x10;
    /// The other side sends no more.
    pub const CLOSE: u32 = 0x20;
}

/// The event of a socket.
#[derive(Debug)]
struct Watch {
    event: Arc<HeldObject>,
    body: GuestAddr,
    wanted: u32,
    /// What it was told of already, and what has not been asked for since.
    told: u32,
}

/// How far a stream socket's connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Connection {
    /// Nobody has asked for one.
    None,
    /// It is being made.
    Begun,
    /// It has been there.
    Made,
    /// It could not be made.
    Failed(WsaError),
}

/// A socket, as far as it is not the network's.
#[derive(Debug)]
struct Socket {
    id: SocketId,
    kind: SocketKind,
    listens: bool,
    waits: bool,
    connection: Connection,
    options: Options,
    watch: Option<Watch>,
}

/// All sockets of a title, what is asked of them, and what `XNet` keeps.
pub struct Net {
    port: Box<dyn Network>,
    sockets: BTreeMap<u32, Socket>,
    last: u32,
    requests: VecDeque<Request>,
    /// Requests that would get further are left for the next look.
    goes_on: bool,
    /// How often Winsock was begun and not ended.
    startups: u32,
    /// Addresses, keys, look-ups.
    pub xnet: XNet,
    limits: Arc<Limits>,
}

/// See [`Net`]: behind its lock, with the time of the next look.
pub struct NetState {
    net: Mutex<Net>,
    /// Changes under the lock.
    due: AtomicU64,
}

impl NetState {
    /// No sockets yet on this network.
    pub(crate) fn new(port: Box<dyn Network>, limits: Arc<Limits>) -> Self {
        Self { net: Mutex::new(Level::Devices, Net::new(port, limits)), due: AtomicU64::new(NEVER) }
    }

    /// The sockets.
    pub fn lock(&self) -> MutexGuard<'_, Net> {
        self.net.lock()
    }

    /// When it is looked at next. Takes no lock.
    pub fn next_due(&self) -> Option<GuestTicks> {
        Some(self.due.load(Acquire)).filter(|due| *due != NEVER)
    }

    /// Kernel state for digests; none without sockets.
    pub fn describe(&self, line: &mut dyn FnMut(&str)) {
        let net = self.lock();
        net.port.describe(line);
        for (name, socket) in &net.sockets {
            let Socket { id, kind, listens, waits, connection, options, watch } = socket;
            let watch = watch.as_ref().map(|watch| (watch.body, watch.wanted, watch.told));
            line(&format!(
                "net {name:#x} {id} {kind:?} {listens} {waits} {connection:?} {options:?} {watch:?}"
            ));
        }
        for request in &net.requests {
            line(&format!("net request {request:?}"));
        }
        net.xnet.describe(line);
    }
}

impl Net {
    fn new(mut port: Box<dyn Network>, limits: Arc<Limits>) -> Self {
        port.begin(limits.clone());
        Self {
            port,
            sockets: BTreeMap::new(),
            last: 0,
            requests: VecDeque::new(),
            goes_on: false,
            startups: 0,
            xnet: XNet::default(),
            limits,
        }
    }

    /// Winsock is begun once more.
    pub fn start(&mut self) {
        self.startups = self.startups.saturating_add(1);
    }

    /// Winsock is ended once; the last time closes all sockets.
    pub fn end(&mut self) -> Result<(), WsaError> {
        self.check_started()?;
        self.startups -= 1;
        if self.startups == 0 {
            for (_, socket) in std::mem::take(&mut self.sockets) {
                self.port.close(socket.id);
            }
        }
        Ok(())
    }

    /// Whether a cable is plugged in.
    pub fn has_link(&self) -> bool {
        self.port.has_link()
    }

    /// The console's address.
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

    /// Makes a socket.
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

    /// Names go up by four, as those of handles do, and begin again before they are negative: one
    /// that was closed is not somebody else's soon.
    fn insert(&mut self, id: SocketId, kind: SocketKind, connection: Connection) -> u32 {
        loop {
            self.last = if self.last >= 0x7FFF_FFF8 { 4 } else { self.last + 4 };
            if !self.sockets.contains_key(&self.last) {
                break;
            }
        }
        let options = Options::default();
        let socket = Socket { id, kind, listens: false, waits: true, connection, options, watch: None };
        self.sockets.insert(self.last, socket);
        self.last
    }

    /// Names a connection that a socket has accepted: it is as that socket is, in all that was said
    /// of it.
    fn insert_accepted(&mut self, listener: u32, id: SocketId) -> u32 {
        let name = self.insert(id, SocketKind::Stream, Connection::Made);
        if let Some(Socket { waits, options, watch, .. }) = self.sockets.get(&listener) {
            let (waits, options) = (*waits, options.clone());
            let watch = watch.as_ref().map(|watch| Watch { event: watch.event.clone(), told: 0, ..*watch });
            if let Some(accepted) = self.sockets.get_mut(&name) {
                (accepted.waits, accepted.options, accepted.watch) = (waits, options, watch);
            }
        }
        name
    }

    /// Closes a socket; who waits for it is told by the next [`Self::settle`].
    pub fn close(&mut self, name: u32) -> Result<(), WsaError> {
        let id = self.get(name)?.id;
        self.sockets.remove(&name);
        self.port.close(id);
        Ok(())
    }

    /// Gives a socket an address.
    pub fn bind(&mut self, name: u32, at: std::net::SocketAddrV4) -> Result<(), WsaError> {
        let id = self.get(name)?.id;
        self.port.bind(id, at)
    }

    /// Lets a socket take connections.
    pub fn listen(&mut self, name: u32, backlog: u32) -> Result<(), WsaError> {
        let id = self.get(name)?.id;
        self.port.listen(id, (backlog as usize).min(BACKLOG_LIMIT))?;
        self.get_mut(name)?.listens = true;
        Ok(())
    }

    /// Ends directions of a connection: 0 receiving, 1 sending, 2 both.
    pub fn shutdown(&mut self, name: u32, how: u32) -> Result<(), WsaError> {
        let id = self.get(name)?.id;
        if how > 2 {
            return Err(WsaError::INVALID);
        }
        self.port.shutdown(id, how != 1, how != 0)
    }

    /// A socket's own address.
    pub fn local(&self, name: u32) -> Result<std::net::SocketAddrV4, WsaError> {
        let id = self.get(name)?.id;
        self.port.local(id).ok_or(WsaError::INVALID)
    }

    /// The address that a socket is connected to.
    pub fn remote(&self, name: u32) -> Result<std::net::SocketAddrV4, WsaError> {
        let id = self.get(name)?.id;
        self.port.remote(id).ok_or(WsaError::NOT_CONNECTED)
    }

    /// Whether calls wait for a socket.
    pub fn set_waits(&mut self, name: u32, waits: bool) -> Result<(), WsaError> {
        let socket = self.get_mut(name)?;
        // One that signals an event never waits.
        if waits && socket.watch.is_some() {
            return Err(WsaError::INVALID);
        }
        socket.waits = waits;
        Ok(())
    }

    /// Whether they do.
    pub fn waits(&self, name: u32) -> bool {
        self.get(name).is_ok_and(|socket| socket.waits)
    }

    /// Whether there is such a socket.
    pub fn check(&self, name: u32) -> Result<(), WsaError> {
        self.get(name).map(|_| ())
    }

    /// Bytes that one receive would get.
    pub fn available(&mut self, name: u32) -> Result<u32, WsaError> {
        let id = self.get(name)?.id;
        Ok(self.port.available(id) as u32)
    }

    /// Lets a socket signal an event; without a wish it does no more. From now on calls don't wait
    /// for it.
    pub fn watch(
        &mut self,
        name: u32,
        event: Option<(Arc<HeldObject>, GuestAddr)>,
        wanted: u32,
    ) -> Result<(), WsaError> {
        let socket = self.get_mut(name)?;
        socket.waits = false;
        socket.watch =
            event.filter(|_| wanted != 0).map(|(event, body)| Watch { event, body, wanted, told: 0 });
        Ok(())
    }

    /// Requests and events that are to be looked after.
    fn is_waited_for(&self) -> bool {
        !self.requests.is_empty()
            || self.sockets.values().any(|socket| socket.watch.is_some())
            || self.xnet.is_waited_for()
    }
}

impl NetState {
    /// Says when the next look is due, for one who has changed something.
    fn set_due(&self, net: &Net, now: GuestTicks) -> bool {
        let due = if net.goes_on || (net.port.changes_by_itself() && net.is_waited_for()) {
            now.saturating_add(LOOK)
        } else {
            NEVER
        };
        self.due.store(due, Release);
        due != NEVER
    }
}
