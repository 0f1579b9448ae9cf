//! Pending socket requests: each attempt transfers as much as possible until the request is
//! complete.

use super::address::AddressOutput;
use super::event_hold::EventHold;
use super::{Buffers, Connection, Net, Select, WsaError, network_event};
use crate::network::SocketKind;
use serde::{Deserialize, Serialize};
use std::net::SocketAddrV4;
use std::sync::Arc;
use xenia_guest::GuestAddr;
use xenia_limits::ResourceLimits;
use xenia_memory::GuestMemory;
use xenia_sched::ThreadRef;

/// Maximum number of bytes copied at once.
const MAX_CHUNK: u32 = 0x1_0000;
/// `MSG_PEEK`: the data stays in the queue.
const PEEK: u32 = 2;
/// `MSG_DONTROUTE`: sends without a router.
const DONT_ROUTE: u32 = 4;
/// `MSG_WAITALL`: completes only when the buffer is full.
pub(super) const WAIT_ALL: u32 = 8;

/// Treatment of a request that can be done in part only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Remainder {
    /// The rest stays pending.
    Later,
    /// The rest stays pending. An error that ends a send is its whole result; a receive has the
    /// bytes before it.
    LaterOrFail,
    /// The call is non-blocking, so the partial count is its result.
    Never,
}

/// A receive operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receive {
    pub into: Buffers,
    /// The `MSG_*` flags.
    pub flags: u32,
    /// Receives the sender's address.
    pub from: AddressOutput,
    /// Address at which the byte count is stored; null if not wanted.
    pub count: GuestAddr,
    /// Bytes received so far.
    pub done: u64,
    /// Whether success is reported as 0 instead of as the byte count.
    pub returns_zero: bool,
}

/// A send operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Send {
    pub bytes: Buffers,
    /// The `MSG_*` flags.
    pub flags: u32,
    /// Destination; `None` is the connected peer.
    pub to: Option<SocketAddrV4>,
    /// Address at which the byte count is stored; null if not wanted.
    pub count: GuestAddr,
    /// Bytes sent so far.
    pub done: u64,
    /// Whether success is reported as 0 instead of as the byte count.
    pub returns_zero: bool,
}

/// Operations of a socket that can be pending, with their parameters and progress.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SocketOperation {
    Receive(Receive),
    Send(Send),
    /// Accepts a connection and stores the peer's address.
    Accept(AddressOutput),
    /// Waits until the connection attempt has ended.
    Connect,
    /// Waits until one of these sockets is ready.
    Select(Select),
    /// Waits for the completion of an overlapped operation.
    Finish {
        /// Address of the `WSAOVERLAPPED`.
        at: GuestAddr,
        /// Address at which the byte count is stored.
        count: GuestAddr,
    },
}

/// Directions of a socket in which requests are served in order, one at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SocketDirection {
    Receive,
    Send,
}

impl SocketOperation {
    /// Validates an operation that comes from a saved state.
    pub(super) fn is_valid(&self) -> bool {
        match self {
            Self::Receive(Receive { into: buffers, done, flags: _, from: _, count: _, returns_zero: _ })
            | Self::Send(Send { bytes: buffers, done, flags: _, to: _, count: _, returns_zero: _ }) => {
                buffers.is_valid() && *done <= buffers.length()
            }
            Self::Select(select) => select.is_valid(),
            Self::Accept(_) | Self::Connect | Self::Finish { .. } => true,
        }
    }

    /// Returns the direction in which the operation is queued, if it is.
    pub(super) fn direction(&self) -> Option<SocketDirection> {
        match self {
            Self::Receive(_) => Some(SocketDirection::Receive),
            Self::Send(_) => Some(SocketDirection::Send),
            Self::Accept(_) | Self::Connect | Self::Select(_) | Self::Finish { .. } => None,
        }
    }

    /// Returns the call's result on failure.
    pub fn failure(&self) -> i32 {
        if matches!(self, Self::Finish { .. }) { 0 } else { -1 }
    }

    /// Converts the result of a successful operation to the call's result.
    pub(super) fn success(&self, result: i32) -> i32 {
        match self {
            Self::Receive(Receive { returns_zero: true, .. })
            | Self::Send(Send { returns_zero: true, .. }) => 0,
            _ => result,
        }
    }

    /// Detaches an operation from the call that started it: the byte count's address is valid only
    /// during the call.
    pub(super) fn detach_from_call(&mut self) {
        if let Self::Receive(Receive { count, .. }) | Self::Send(Send { count, .. }) = self {
            *count = GuestAddr::NULL;
        }
    }
}

/// An overlapped structure and the receivers of its completion.
#[derive(Debug)]
pub struct Overlapped {
    /// Address of the `WSAOVERLAPPED`.
    pub at: GuestAddr,
    /// Thread that runs the completion routine.
    pub thread_id: u32,
    /// Completion routine; null if there is none.
    pub routine: GuestAddr,
    /// Event to signal on completion.
    pub event: Option<(Arc<dyn EventHold>, GuestAddr)>,
}

/// Owner of a request.
#[derive(Debug)]
pub(super) enum Requester {
    /// A thread that waits in the call.
    Thread { thread: ThreadRef, kthread: GuestAddr },
    /// An overlapped operation.
    Overlapped(Overlapped),
}

impl Requester {
    /// Treatment of what remains after an attempt. A title can't learn the error of an overlapped
    /// send from the next call: Winsock reports it in the structure, also after a part was sent.
    pub(super) fn remainder(&self) -> Remainder {
        match self {
            Self::Thread { .. } => Remainder::Later,
            Self::Overlapped(_) => Remainder::LaterOrFail,
        }
    }
}

/// A pending socket operation.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) who: Requester,
    pub(super) socket: u32,
    pub(super) what: SocketOperation,
}

/// Result of one attempt.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Attempt {
    /// The attempt made no progress.
    Nothing,
    /// Some bytes were transferred.
    Part,
    /// The operation is complete.
    Over(Result<i32, WsaError>),
}

impl Attempt {
    /// Maps an error to the result of an attempt: if bytes were transferred already, their count is
    /// the result.
    fn stopped(error: WsaError, done: u64, before: u64) -> Self {
        match (error, done) {
            (WsaError::WOULD_BLOCK, _) if done > before => Self::Part,
            (WsaError::WOULD_BLOCK, _) => Self::Nothing,
            (error, 0) => Self::Over(Err(error)),
            (_, done) => Self::Over(Ok(clamp(done))),
        }
    }
}

/// Converts a byte count to a call's result.
pub(super) fn clamp(bytes: u64) -> i32 {
    i32::try_from(bytes).unwrap_or(i32::MAX)
}

/// Returns whether an overlapped operation is complete, and its result.
fn finish_of(memory: &GuestMemory, at: GuestAddr, count: GuestAddr) -> Result<Attempt, WsaError> {
    let (error, length) = Overlapped::outcome(memory, at)?;
    if error == WsaError::IO_PENDING {
        return Ok(Attempt::Nothing);
    }
    if error.0 != 0 {
        return Err(error);
    }
    if !count.is_null() {
        memory.write(count, length)?;
    }
    Ok(Attempt::Over(Ok(1)))
}

impl Net {
    /// Updates the state of a connection attempt.
    pub(super) fn poll_connection(&mut self, name: u32) -> Result<(), WsaError> {
        let socket = self.get(name)?;
        if socket.connection == Connection::Begun {
            let made = match self.port.connected(socket.id) {
                Ok(()) => Connection::Made,
                Err(WsaError::WOULD_BLOCK) => Connection::Begun,
                Err(error) => Connection::Failed(error),
            };
            self.get_mut(name)?.connection = made;
        }
        Ok(())
    }

    /// Starts a connection attempt. A non-blocking socket reports `WSAEWOULDBLOCK` even if the
    /// connection is made at once, as Winsock does; the title gets the outcome later.
    pub fn connect(&mut self, name: u32, to: SocketAddrV4) -> Result<(), WsaError> {
        self.poll_connection(name)?;
        let socket = self.get(name)?;
        let id = socket.id;
        let kind = socket.kind;
        let is_blocking = socket.is_blocking;
        let listens = socket.listens;
        if listens {
            return Err(WsaError::INVALID);
        }
        match socket.connection {
            _ if kind == SocketKind::Datagram => return self.port.connect(id, to),
            Connection::Begun => return Err(WsaError::ALREADY),
            Connection::Made => return Err(WsaError::IS_CONNECTED),
            Connection::None | Connection::Failed(_) => {}
        }
        let begun = self.port.connect(id, to);
        let connection = match begun {
            Ok(()) => Connection::Made,
            Err(WsaError::WOULD_BLOCK) => Connection::Begun,
            // The title learns of it later, by an event, `select` or `SO_ERROR`.
            Err(error @ WsaError::CONNECTION_REFUSED) if !is_blocking => Connection::Failed(error),
            Err(error) => return Err(error),
        };
        self.get_mut(name)?.connection = connection;
        // Success and failure are one event, which a second attempt must signal again.
        self.rearm_events(name, network_event::CONNECT);
        self.xnet.connect(*to.ip());
        if is_blocking { begun } else { Err(WsaError::WOULD_BLOCK) }
    }

    /// Attempts an operation. Never blocks.
    pub(super) fn attempt(
        &mut self,
        memory: &GuestMemory,
        name: u32,
        what: &mut SocketOperation,
        rest: Remainder,
    ) -> Attempt {
        let attempt = match what {
            SocketOperation::Receive(receive) => self.receive(memory, name, receive, rest),
            SocketOperation::Send(send) => self.send(memory, name, send, rest),
            SocketOperation::Accept(place) => self.accept(memory, name, *place),
            SocketOperation::Connect => self.finish_connect(name),
            SocketOperation::Select(select) => match self.ready_of(select) {
                Ok(Some(ready)) => Ok(Attempt::Over(select.store(memory, &ready))),
                Ok(None) => Ok(Attempt::Nothing),
                Err(error) => Err(error),
            },
            SocketOperation::Finish { at, count } => finish_of(memory, *at, *count),
        };
        match attempt {
            Ok(Attempt::Over(Ok(result))) => Attempt::Over(Ok(what.success(result))),
            Ok(attempt) => attempt,
            Err(error) => Attempt::Over(Err(error)),
        }
    }

    fn receive(
        &mut self,
        memory: &GuestMemory,
        name: u32,
        receive: &mut Receive,
        rest: Remainder,
    ) -> Result<Attempt, WsaError> {
        self.poll_connection(name)?;
        let socket = self.get(name)?;
        let id = socket.id;
        let kind = socket.kind;
        // Winsock refuses `MSG_WAITALL` on a non-blocking socket: the bytes of a partial receive
        // would be lost.
        let cannot_wait = receive.flags & WAIT_ALL != 0 && rest == Remainder::Never;
        if receive.flags & !(PEEK | WAIT_ALL) != 0 || cannot_wait {
            return Err(WsaError::OPERATION_NOT_SUPPORTED);
        }
        receive.from.check(memory)?;
        let peeks = receive.flags & PEEK != 0;
        let before = receive.done;
        let waits_for_all = kind == SocketKind::Stream && receive.flags & WAIT_ALL != 0 && !peeks;
        loop {
            // A chunk holds any datagram whole.
            let room = (receive.into.length() - receive.done).min(u64::from(MAX_CHUNK)) as usize;
            let mut bytes = vec![0; room];
            let received =
                if peeks { self.port.peek(id, &mut bytes) } else { self.port.receive(id, &mut bytes) };
            // As in Winsock, also a receive that finds nothing. A broken connection stays readable.
            if matches!(received, Ok(_) | Err(WsaError::WOULD_BLOCK)) {
                self.rearm_events(name, network_event::READ);
            }
            let received = match received {
                Ok(received) => received,
                Err(error) => return Ok(Attempt::stopped(error, receive.done, before)),
            };
            receive.into.store(memory, receive.done, &bytes[..received.length])?;
            receive.done += received.length as u64;
            if !peeks {
                self.xnet.traffic.received.add(kind, received.length as u64);
            }
            if let (Some(from), SocketKind::Datagram) = (received.from, kind) {
                self.note_sender(*from.ip());
                receive.from.store(memory, from)?;
            }
            if !receive.count.is_null() {
                memory.write(receive.count, receive.done as u32)?;
            }
            if received.is_cut {
                return Err(WsaError::MESSAGE_SIZE);
            }
            if !waits_for_all || received.length == 0 || receive.done == receive.into.length() {
                return Ok(Attempt::Over(Ok(clamp(receive.done))));
            }
        }
    }

    fn send(
        &mut self,
        memory: &GuestMemory,
        name: u32,
        send: &mut Send,
        rest: Remainder,
    ) -> Result<Attempt, WsaError> {
        self.poll_connection(name)?;
        let socket = self.get(name)?;
        let id = socket.id;
        let kind = socket.kind;
        if send.flags & !DONT_ROUTE != 0 {
            return Err(WsaError::OPERATION_NOT_SUPPORTED);
        }
        let before = send.done;
        loop {
            let whole = send.bytes.length();
            if kind == SocketKind::Datagram && whole > super::MAX_DATAGRAM as u64 {
                return Err(WsaError::MESSAGE_SIZE);
            }
            let bytes = send.bytes.load(memory, send.done, MAX_CHUNK)?;
            let to = send.to.filter(|_| kind == SocketKind::Datagram);
            let sent = match self.port.send(id, &bytes, to) {
                Ok(sent) => sent,
                Err(error) => {
                    if error == WsaError::WOULD_BLOCK {
                        self.rearm_events(name, network_event::WRITE);
                        if rest == Remainder::Never && send.done > 0 {
                            return Ok(Attempt::Over(Ok(clamp(send.done))));
                        }
                    }
                    return if error != WsaError::WOULD_BLOCK && rest == Remainder::LaterOrFail {
                        Err(error)
                    } else {
                        Ok(Attempt::stopped(error, send.done, before))
                    };
                }
            };
            send.done += sent as u64;
            self.xnet.traffic.sent.add(kind, sent as u64);
            if !send.count.is_null() {
                memory.write(send.count, send.done as u32)?;
            }
            if kind == SocketKind::Datagram
                && let Some(peer) = to.or_else(|| self.port.remote(id))
            {
                self.xnet.connect(*peer.ip());
            }
            if send.done >= whole || kind == SocketKind::Datagram {
                return Ok(Attempt::Over(Ok(clamp(send.done))));
            }
        }
    }

    fn accept(&mut self, memory: &GuestMemory, name: u32, place: AddressOutput) -> Result<Attempt, WsaError> {
        let socket = self.get(name)?;
        let id = socket.id;
        place.check(memory)?;
        if !socket.listens {
            let is_stream = socket.kind == SocketKind::Stream;
            return Err(if is_stream { WsaError::INVALID } else { WsaError::OPERATION_NOT_SUPPORTED });
        }
        self.rearm_events(name, network_event::ACCEPT);
        if !self.port.ready(id).readable {
            return Ok(Attempt::Nothing);
        }
        // Checked first: a connection that was taken and has no room would be lost.
        self.check_room()?;
        let (accepted, remote) = match self.port.accept(id) {
            Ok(accepted) => accepted,
            Err(error) => return Ok(Attempt::stopped(error, 0, 0)),
        };
        let accepted = self.insert_accepted(name, accepted);
        if let Err(error) = place.store(memory, remote) {
            self.close(accepted)?;
            return Err(error);
        }
        Ok(Attempt::Over(Ok(accepted as i32)))
    }

    fn finish_connect(&mut self, name: u32) -> Result<Attempt, WsaError> {
        self.poll_connection(name)?;
        Ok(match self.get(name)?.connection {
            Connection::Begun => Attempt::Nothing,
            Connection::Made => Attempt::Over(Ok(0)),
            Connection::Failed(error) => {
                self.get_mut(name)?.connection = Connection::None;
                Attempt::Over(Err(error))
            }
            Connection::None => Attempt::Over(Err(WsaError::NOT_CONNECTED)),
        })
    }

    /// Re-enables network events, so that they are signalled again.
    pub(super) fn rearm_events(&mut self, name: u32, bits: u32) {
        if let Some(watch) = self.sockets.get_mut(&name).and_then(|socket| socket.watch.as_mut()) {
            watch.signalled &= !bits;
        }
    }

    pub(super) fn limits(&self) -> &ResourceLimits {
        &self.limits
    }
}
