//! Network port: the sockets of a title. [`LocalNetwork`] is the machine's own network.
//!
//! Methods are non-blocking: an operation that cannot complete fails with
//! [`WsaError::WOULD_BLOCK`], and [`Net`](super::Net) retries after a change of state. Addresses,
//! lengths and data come from the guest unchecked; implementations must reject invalid ones.

mod local;

pub(crate) use local::RECEIVE_BUFFER;
pub use local::{LocalNetwork, LocalNetworkState, MAX_BACKLOG, MAX_DATAGRAM};

use crate::WsaError;
use serde::{Deserialize, Serialize};
use std::net::{Ipv4Addr, Shutdown, SocketAddrV4};
use std::sync::Arc;
use xenia_limits::ResourceLimits;
use xenia_state::Impossible;

/// Identifies a socket of a network; never reused.
pub type SocketId = u32;

/// Type of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SocketKind {
    /// A reliable byte stream between two sockets.
    Stream,
    /// Messages with preserved boundaries.
    Datagram,
}

/// Socket options that affect the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// `SO_REUSEADDR`: the socket can share its port.
    ReuseAddress(bool),
    /// `SO_BROADCAST`: the socket can send broadcasts.
    Broadcast(bool),
    /// `SO_RCVBUF`: size of the receive buffer in bytes.
    ReceiveBuffer(u32),
    /// `TCP_NODELAY`: small segments are sent at once.
    NoDelay(bool),
}

/// A received message, or part of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// Number of bytes stored; 0 means the end of a stream.
    pub length: usize,
    /// Address of the sender.
    pub from: Option<SocketAddrV4>,
    /// Whether the message was truncated; the rest is discarded.
    pub is_cut: bool,
}

/// Readiness of a socket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ready {
    /// A receive would not block; for a listening socket, an accept.
    pub readable: bool,
    /// A send would not block.
    pub writable: bool,
    /// The peer of a stream has shut down sending, or is gone.
    pub is_ended: bool,
}

/// Network port, with non-blocking sockets.
pub trait Network: Send {
    /// Passes the machine's limits; called once, before all other methods.
    fn begin(&mut self, _limits: Arc<ResourceLimits>) {}

    /// Whether the link is up.
    fn has_link(&self) -> bool;

    /// The console's IP address.
    fn address(&self) -> Option<Ipv4Addr>;

    /// Whether readiness can change through events outside the machine, so that the kernel must
    /// poll.
    fn changes_by_itself(&self) -> bool {
        false
    }

    /// Opens a socket.
    fn open(&mut self, kind: SocketKind) -> Result<SocketId, WsaError>;

    /// Closes a socket. Data that was sent but not received yet still arrives.
    fn close(&mut self, id: SocketId);

    /// Sets a socket option.
    fn set(&mut self, id: SocketId, setting: Setting) -> Result<(), WsaError>;

    /// Binds a socket to an address; port 0 selects a free port.
    fn bind(&mut self, id: SocketId, at: SocketAddrV4) -> Result<(), WsaError>;

    /// The local address of a socket, if it is bound.
    fn local(&self, id: SocketId) -> Option<SocketAddrV4>;

    /// The address of the peer, if the socket is connected.
    fn remote(&self, id: SocketId) -> Option<SocketAddrV4>;

    /// Lets a stream socket accept connections, with up to `backlog` pending ones.
    fn listen(&mut self, id: SocketId, backlog: usize) -> Result<(), WsaError>;

    /// Accepts the oldest pending connection.
    fn accept(&mut self, id: SocketId) -> Result<(SocketId, SocketAddrV4), WsaError>;

    /// Connects a socket; after `WOULD_BLOCK`, [`Self::connected`] reports completion. A connected
    /// datagram socket sends to and receives from that address only.
    fn connect(&mut self, id: SocketId, to: SocketAddrV4) -> Result<(), WsaError>;

    /// Result of a pending connect.
    fn connected(&mut self, id: SocketId) -> Result<(), WsaError>;

    /// Sends to the peer or to `to`; returns the number of bytes. A message is sent as a whole.
    fn send(&mut self, id: SocketId, bytes: &[u8], to: Option<SocketAddrV4>) -> Result<usize, WsaError>;

    /// Receives data that has arrived.
    fn receive(&mut self, id: SocketId, into: &mut [u8]) -> Result<Received, WsaError>;

    /// Like [`Self::receive`], but the data stays in the queue.
    fn peek(&mut self, id: SocketId, into: &mut [u8]) -> Result<Received, WsaError>;

    /// Shuts down one or both directions of a connection.
    fn shutdown(&mut self, id: SocketId, how: Shutdown) -> Result<(), WsaError>;

    /// Readiness of a socket.
    fn ready(&mut self, id: SocketId) -> Ready;

    /// Number of bytes that a receive would return.
    fn available(&mut self, id: SocketId) -> usize;

    /// Resolves a host name; after `WOULD_BLOCK` the kernel calls it again with the same name.
    fn look_up(&mut self, name: &str) -> Result<Vec<Ipv4Addr>, WsaError>;

    /// State for a saved state; `None` for a network outside the machine, whose sockets cannot be
    /// saved.
    fn state(&self) -> Option<LocalNetworkState> {
        None
    }

    /// Replaces the sockets by those of a state.
    ///
    /// # Errors
    /// An impossible state, or one of another network.
    fn restore(&mut self, _state: LocalNetworkState) -> Result<(), Impossible> {
        Err("the state is one of the machine's own network".into())
    }

    /// State visible to guests as lines in a fixed order; no lines without sockets.
    fn describe(&self, _line: &mut dyn FnMut(&str)) {}
}
