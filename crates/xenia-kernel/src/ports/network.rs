//! The network that a title's sockets are on, as the kernel sees it.
//!
//! No method waits: what can't be done yet fails with [`WsaError::WOULD_BLOCK`], and the kernel
//! tries again when something has changed. Addresses, lengths and bytes come from the guest as they
//! are; a network refuses what it can't carry.

use crate::limits::Limits;
use crate::net::WsaError;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::Arc;

/// Names a socket of the network's. None is used twice.
pub type SocketId = u32;

/// What a socket carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SocketKind {
    /// Bytes in order, between two.
    Stream,
    /// Messages.
    Datagram,
}

/// What titles set of a socket, as far as it is the network's business.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// It may share its port.
    ReuseAddress(bool),
    /// It may send to everybody.
    Broadcast(bool),
    /// Bytes that it keeps until they are received.
    ReceiveBuffer(u32),
    /// Small pieces are sent at once.
    NoDelay(bool),
}

/// A message or a piece of a stream that was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// Bytes stored. 0 for a stream: it is at its end.
    pub length: usize,
    /// Who has sent it.
    pub from: Option<SocketAddrV4>,
    /// Whether the message was longer; the rest of it is gone.
    pub is_cut: bool,
}

/// What can be done at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ready {
    /// A receive, or an accept of one that listens.
    pub readable: bool,
    /// A send.
    pub writable: bool,
    /// The other side of a stream sends no more, or is gone.
    pub is_ended: bool,
}

/// See the module's documentation.
pub trait Network: Send {
    /// The machine's limits, once, before everything else.
    fn begin(&mut self, _limits: Arc<Limits>) {}

    /// Whether a cable is plugged in.
    fn has_link(&self) -> bool;

    /// The console's address on it.
    fn address(&self) -> Option<Ipv4Addr>;

    /// Whether something comes from outside the machine, so that it has to be looked for.
    fn changes_by_itself(&self) -> bool {
        false
    }

    /// Makes a socket.
    fn open(&mut self, kind: SocketKind) -> Result<SocketId, WsaError>;

    /// Closes one. What was sent and not received yet still arrives.
    fn close(&mut self, id: SocketId);

    /// Changes a socket's setting.
    fn set(&mut self, id: SocketId, setting: Setting) -> Result<(), WsaError>;

    /// Gives a socket an address; port 0 is any that is free.
    fn bind(&mut self, id: SocketId, at: SocketAddrV4) -> Result<(), WsaError>;

    /// A socket's own address, if it has one.
    fn local(&self, id: SocketId) -> Option<SocketAddrV4>;

    /// The address that it is connected to, if it is.
    fn remote(&self, id: SocketId) -> Option<SocketAddrV4>;

    /// Lets a stream socket take connections, so many of which may wait to be accepted.
    fn listen(&mut self, id: SocketId, backlog: usize) -> Result<(), WsaError>;

    /// Takes the oldest connection.
    fn accept(&mut self, id: SocketId) -> Result<(SocketId, SocketAddrV4), WsaError>;

    /// Connects; `WOULD_BLOCK`: [`Self::connected`] says when it is. A datagram socket only
    /// receives from there, and sends there.
    fn connect(&mut self, id: SocketId, to: SocketAddrV4) -> Result<(), WsaError>;

    /// What has become of a connection that was begun.
    fn connected(&mut self, id: SocketId) -> Result<(), WsaError>;

    /// Sends, to where it is connected or to `to`; how many bytes. A message is sent as a whole.
    fn send(&mut self, id: SocketId, bytes: &[u8], to: Option<SocketAddrV4>) -> Result<usize, WsaError>;

    /// Receives; what is only looked at stays.
    fn receive(&mut self, id: SocketId, into: &mut [u8], peek: bool) -> Result<Received, WsaError>;

    /// Ends one direction of a connection, or both.
    fn shutdown(&mut self, id: SocketId, receive: bool, send: bool) -> Result<(), WsaError>;

    /// What can be done at once.
    fn ready(&mut self, id: SocketId) -> Ready;

    /// Bytes that one receive would get.
    fn available(&mut self, id: SocketId) -> usize;

    /// The addresses of a host; `WOULD_BLOCK`: asked again with the same name later.
    fn look_up(&mut self, name: &str) -> Result<Vec<Ipv4Addr>, WsaError>;

    /// What guests could find out about it, as lines in a fixed order; none without sockets.
    fn describe(&self, _line: &mut dyn FnMut(&str)) {}
}
