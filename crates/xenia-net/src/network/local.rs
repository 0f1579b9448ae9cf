//! Loopback network: a title's sockets reach each other only.
//!
//! The network is part of the machine and depends on neither the host nor its clock, so data
//! arrives at once and each run is the same. A connection is established when it is requested, if
//! the address has a listener with room in its backlog. A datagram is delivered whole or dropped,
//! and only if a socket is bound to its port.
//!
//! Without a cable sockets can be created but reach no socket, not even themselves.

mod ports;
mod state;
mod transfer;

pub use state::LocalNetworkState;

use super::{Network, Ready, Received, Setting, SocketId, SocketKind};
use crate::WsaError;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use std::net::{Ipv4Addr, Shutdown, SocketAddrV4};
use std::sync::Arc;
use transfer::ReadMode;
use xenia_limits::ResourceLimits;
use xenia_state::Impossible;

/// Maximum backlog of connections to be accepted, whatever the title asks for.
pub const MAX_BACKLOG: usize = 64;
/// Length in bytes of the longest datagram: 64 KiB less the IPv4 and UDP headers.
pub const MAX_DATAGRAM: usize = 65_507;
/// Maximum number of datagrams queued at one socket.
const MAX_MESSAGES: usize = 256;
/// Default size in bytes of a socket's receive buffer, as on the console.
pub(crate) const RECEIVE_BUFFER: usize = 16 << 10;
/// Minimum size in bytes of a receive buffer: transfers of single bytes would cost the host more
/// than they help the title.
const MIN_RECEIVE_BUFFER: usize = 1 << 10;
/// Maximum size in bytes of a receive buffer.
const MAX_RECEIVE_BUFFER: usize = 256 << 10;
/// First ephemeral port.
const FIRST_PORT: u16 = 49_152;
/// The console's host name.
const HOST_NAME: &str = "localhost";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Stream {
    /// The peer; `None` once it is closed.
    peer: Option<SocketId>,
    remote: SocketAddrV4,
    incoming: VecDeque<u8>,
    /// The peer has stopped sending.
    ended: bool,
    /// The peer was closed with unread data.
    reset: bool,
    may_send: bool,
    may_receive: bool,
}

/// How a peer's close ends a stream.
#[derive(Clone, Copy, PartialEq, Eq)]
enum StreamEnd {
    /// All data was read.
    Orderly,
    /// Data was left unread, or the connection was never accepted.
    Reset,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Messages {
    queue: VecDeque<(SocketAddrV4, Vec<u8>)>,
    bytes: usize,
    peer: Option<SocketAddrV4>,
    may_broadcast: bool,
    may_send: bool,
    may_receive: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum State {
    /// A stream socket that is neither connected nor listening.
    Idle,
    Listening {
        backlog: usize,
        queue: VecDeque<SocketId>,
    },
    Connected(Stream),
    Messages(Messages),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Socket {
    local: Option<SocketAddrV4>,
    /// The socket was accepted and shares its listener's port.
    is_accepted: bool,
    reuses: bool,
    buffer: usize,
    state: State,
}

impl Socket {
    fn new(state: State) -> Self {
        Self { local: None, is_accepted: false, reuses: false, buffer: RECEIVE_BUFFER, state }
    }

    fn is_datagram(&self) -> bool {
        matches!(self.state, State::Messages(_))
    }
}

/// A network with the title's own sockets only (see [the module](self)).
#[derive(Debug)]
pub struct LocalNetwork {
    has_cable: bool,
    sockets: BTreeMap<SocketId, Socket>,
    last: SocketId,
    next_port: u16,
    /// Total bytes in all receive queues.
    queued: usize,
    limits: Arc<ResourceLimits>,
}

impl LocalNetwork {
    /// Creates a network with a cable and no other console.
    pub fn isolated() -> Self {
        Self {
            has_cable: true,
            sockets: BTreeMap::new(),
            last: 0,
            next_port: FIRST_PORT,
            queued: 0,
            limits: Arc::default(),
        }
    }

    /// Creates a network without a cable.
    pub fn without_cable() -> Self {
        Self { has_cable: false, ..Self::isolated() }
    }

    fn get(&self, id: SocketId) -> Result<&Socket, WsaError> {
        self.sockets.get(&id).ok_or(WsaError::NOT_SOCKET)
    }

    fn get_mut(&mut self, id: SocketId) -> Result<&mut Socket, WsaError> {
        self.sockets.get_mut(&id).ok_or(WsaError::NOT_SOCKET)
    }

    fn stream_mut(&mut self, id: SocketId) -> Option<&mut Stream> {
        match &mut self.sockets.get_mut(&id)?.state {
            State::Connected(stream) => Some(stream),
            _ => None,
        }
    }

    fn insert(&mut self, socket: Socket) -> SocketId {
        loop {
            self.last = self.last.wrapping_add(1);
            if !self.sockets.contains_key(&self.last) {
                self.sockets.insert(self.last, socket);
                return self.last;
            }
        }
    }

    /// Notes in a stream that its peer was closed.
    fn hang_up(&mut self, peer: SocketId, end: StreamEnd) {
        if let Some(stream) = self.stream_mut(peer) {
            stream.peer = None;
            stream.ended = true;
            // The close of a listener comes here twice, and the second, orderly end must not undo
            // the reset.
            stream.reset |= end == StreamEnd::Reset;
        }
    }
}

impl Network for LocalNetwork {
    fn begin(&mut self, limits: Arc<ResourceLimits>) {
        self.limits = limits;
    }

    fn has_link(&self) -> bool {
        self.has_cable
    }

    fn address(&self) -> Option<Ipv4Addr> {
        self.has_cable.then_some(Ipv4Addr::LOCALHOST)
    }

    fn open(&mut self, kind: SocketKind) -> Result<SocketId, WsaError> {
        Ok(self.insert(Socket::new(match kind {
            SocketKind::Stream => State::Idle,
            SocketKind::Datagram => State::Messages(Messages {
                queue: VecDeque::new(),
                bytes: 0,
                peer: None,
                may_broadcast: false,
                may_send: true,
                may_receive: true,
            }),
        })))
    }

    fn close(&mut self, id: SocketId) {
        let Some(socket) = self.sockets.remove(&id) else { return };
        match socket.state {
            State::Idle => {}
            State::Listening { queue, .. } => {
                for waiting in queue {
                    if let Some(Stream { peer: Some(peer), .. }) = self.stream_mut(waiting) {
                        let peer = *peer;
                        // First, because `close` alone would let the peer's stream end in order.
                        self.hang_up(peer, StreamEnd::Reset);
                    }
                    // Not deeper than one level: connections that wait do not listen.
                    self.close(waiting);
                }
            }
            State::Connected(stream) => {
                self.queued -= stream.incoming.len();
                if let Some(peer) = stream.peer {
                    let is_read = stream.incoming.is_empty();
                    self.hang_up(peer, if is_read { StreamEnd::Orderly } else { StreamEnd::Reset });
                }
            }
            State::Messages(messages) => self.queued -= messages.bytes,
        }
    }

    fn set(&mut self, id: SocketId, setting: Setting) -> Result<(), WsaError> {
        let socket = self.get_mut(id)?;
        match (setting, &mut socket.state) {
            (Setting::ReuseAddress(on), _) => socket.reuses = on,
            (Setting::Broadcast(on), State::Messages(messages)) => messages.may_broadcast = on,
            (Setting::Broadcast(_), _) => return Err(WsaError::NO_PROTOCOL_OPTION),
            (Setting::ReceiveBuffer(bytes), _) => {
                socket.buffer = (bytes as usize).clamp(MIN_RECEIVE_BUFFER, MAX_RECEIVE_BUFFER);
            }
            (Setting::NoDelay(_), _) => {}
        }
        Ok(())
    }

    fn bind(&mut self, id: SocketId, mut at: SocketAddrV4) -> Result<(), WsaError> {
        if self.get(id)?.local.is_some() {
            return Err(WsaError::INVALID);
        }
        if !at.ip().is_unspecified() && !at.ip().is_loopback() {
            return Err(WsaError::ADDRESS_NOT_AVAILABLE);
        }
        if at.port() == 0 {
            at.set_port(self.free_port()?);
        } else if self.is_taken(id, at) {
            return Err(WsaError::ADDRESS_IN_USE);
        }
        self.get_mut(id)?.local = Some(at);
        Ok(())
    }

    fn local(&self, id: SocketId) -> Option<SocketAddrV4> {
        self.sockets.get(&id)?.local
    }

    fn remote(&self, id: SocketId) -> Option<SocketAddrV4> {
        match &self.sockets.get(&id)?.state {
            State::Connected(stream) => Some(stream.remote),
            State::Messages(messages) => messages.peer,
            _ => None,
        }
    }

    fn listen(&mut self, id: SocketId, wanted: usize) -> Result<(), WsaError> {
        let socket = self.get_mut(id)?;
        let is_bound = socket.local.is_some();
        let wanted = wanted.clamp(1, MAX_BACKLOG);
        match &mut socket.state {
            State::Idle if is_bound => {
                socket.state = State::Listening { backlog: wanted, queue: VecDeque::new() };
            }
            State::Listening { backlog, .. } => *backlog = wanted,
            State::Idle => return Err(WsaError::INVALID),
            State::Connected(_) => return Err(WsaError::IS_CONNECTED),
            State::Messages(_) => return Err(WsaError::OPERATION_NOT_SUPPORTED),
        }
        Ok(())
    }

    fn accept(&mut self, id: SocketId) -> Result<(SocketId, SocketAddrV4), WsaError> {
        let accepted = match &mut self.get_mut(id)?.state {
            State::Listening { queue, .. } => queue.pop_front().ok_or(WsaError::WOULD_BLOCK)?,
            State::Messages(_) => return Err(WsaError::OPERATION_NOT_SUPPORTED),
            _ => return Err(WsaError::INVALID),
        };
        let remote = self.remote(accepted).ok_or(WsaError::CONNECTION_ABORTED)?;
        Ok((accepted, remote))
    }

    fn connect(&mut self, id: SocketId, to: SocketAddrV4) -> Result<(), WsaError> {
        match &self.get(id)?.state {
            State::Messages(_) => {
                // As in Winsock, a connect to a null address ends the association.
                let to = if to.port() == 0 { None } else { Some(to) };
                if let Some(to) = to {
                    self.check_reachable(to)?;
                    self.bind_to_any(id, Ipv4Addr::UNSPECIFIED)?;
                }
                if let State::Messages(messages) = &mut self.get_mut(id)?.state {
                    messages.peer = to;
                }
                return Ok(());
            }
            State::Connected(_) => return Err(WsaError::IS_CONNECTED),
            State::Listening { .. } => return Err(WsaError::INVALID),
            State::Idle => {}
        }
        self.check_reachable(to)?;
        // Reachable for datagrams only.
        if to.ip().is_broadcast() {
            return Err(WsaError::ADDRESS_NOT_AVAILABLE);
        }
        // Sockets with `SO_REUSEADDR` may share the address: one with room takes the connection.
        let listener = self.sockets.iter().find_map(|(&listener, socket)| match &socket.state {
            State::Listening { backlog, queue }
                if Self::covers(socket.local, to) && queue.len() < *backlog =>
            {
                Some((listener, socket.buffer))
            }
            _ => None,
        });
        let (listener, buffer) = listener.ok_or(WsaError::CONNECTION_REFUSED)?;
        let mut from = self.bind_to_any(id, Ipv4Addr::LOCALHOST)?;
        // A connection has one address, even if its socket is bound to all.
        if from.ip().is_unspecified() {
            from.set_ip(Ipv4Addr::LOCALHOST);
        }
        let stream = |peer, remote| Stream {
            peer: Some(peer),
            remote,
            incoming: VecDeque::new(),
            ended: false,
            reset: false,
            may_send: true,
            may_receive: true,
        };
        let mut accepted = Socket::new(State::Connected(stream(id, from)));
        accepted.local = Some(to);
        accepted.is_accepted = true;
        accepted.buffer = buffer;
        let accepted = self.insert(accepted);
        if let State::Listening { queue, .. } = &mut self.get_mut(listener)?.state {
            queue.push_back(accepted);
        }
        let socket = self.get_mut(id)?;
        socket.local = Some(from);
        socket.state = State::Connected(stream(accepted, to));
        Ok(())
    }

    fn connected(&mut self, id: SocketId) -> Result<(), WsaError> {
        match self.get(id)?.state {
            State::Connected(_) | State::Messages(_) => Ok(()),
            _ => Err(WsaError::NOT_CONNECTED),
        }
    }

    fn send(&mut self, id: SocketId, bytes: &[u8], to: Option<SocketAddrV4>) -> Result<usize, WsaError> {
        if self.get(id)?.is_datagram() {
            self.send_message(id, bytes, to)
        } else {
            self.send_piece(id, bytes)
        }
    }

    fn receive(&mut self, id: SocketId, into: &mut [u8]) -> Result<Received, WsaError> {
        self.read(id, into, ReadMode::Take)
    }

    fn peek(&mut self, id: SocketId, into: &mut [u8]) -> Result<Received, WsaError> {
        self.read(id, into, ReadMode::Peek)
    }

    fn shutdown(&mut self, id: SocketId, how: Shutdown) -> Result<(), WsaError> {
        let keeps_receiving = how == Shutdown::Write;
        let keeps_sending = how == Shutdown::Read;
        let socket = self.sockets.get_mut(&id).ok_or(WsaError::NOT_SOCKET)?;
        match &mut socket.state {
            State::Idle | State::Listening { .. } => return Err(WsaError::NOT_CONNECTED),
            State::Messages(messages) => {
                messages.may_receive &= keeps_receiving;
                messages.may_send &= keeps_sending;
            }
            State::Connected(stream) => {
                stream.may_receive &= keeps_receiving;
                stream.may_send &= keeps_sending;
                if let Some(peer) = stream.peer.filter(|_| !keeps_sending)
                    && let Some(other) = self.stream_mut(peer)
                {
                    other.ended = true;
                }
            }
        }
        Ok(())
    }

    fn ready(&mut self, id: SocketId) -> Ready {
        self.readiness(id)
    }

    fn available(&mut self, id: SocketId) -> usize {
        match self.sockets.get(&id).map(|socket| &socket.state) {
            Some(State::Connected(stream)) => stream.incoming.len(),
            Some(State::Messages(messages)) => messages.queue.front().map_or(0, |(_, bytes)| bytes.len()),
            _ => 0,
        }
    }

    fn look_up(&mut self, name: &str) -> Result<Vec<Ipv4Addr>, WsaError> {
        if !self.has_cable {
            return Err(WsaError::HOST_NOT_FOUND);
        }
        match name.parse() {
            Ok(address) => Ok(vec![address]),
            Err(_) if name.eq_ignore_ascii_case(HOST_NAME) => Ok(vec![Ipv4Addr::LOCALHOST]),
            Err(_) => Err(WsaError::HOST_NOT_FOUND),
        }
    }

    fn state(&self) -> Option<LocalNetworkState> {
        Some(self.saved())
    }

    fn restore(&mut self, state: LocalNetworkState) -> Result<(), Impossible> {
        self.replace(state)
    }

    fn describe(&self, line: &mut dyn FnMut(&str)) {
        for (id, socket) in &self.sockets {
            line(&format!("socket {id} {socket:?}"));
        }
    }
}

#[cfg(test)]
mod tests;
