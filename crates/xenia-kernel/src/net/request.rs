//! What is asked of sockets, tried piece by piece until it is over.

use super::address::Place;
use super::{Buffers, Connection, Net, Select, WsaError, noticed};
use crate::limits::Limits;
use crate::objects::HeldObject;
use crate::ports::SocketKind;
use std::net::SocketAddrV4;
use std::sync::Arc;
use xenia_guest::GuestAddr;
use xenia_memory::GuestMemory;
use xenia_sched::ThreadRef;

/// Bytes that are copied at once.
const CHUNK: u32 = 0x1_0000;
/// Looked at, not taken.
const PEEK: u32 = 2;
/// Sent without a router.
const DONT_ROUTE: u32 = 4;
/// Not over before all is there.
pub(super) const WAIT_ALL: u32 = 8;

/// What becomes of a request of which a part alone can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    /// It is done later.
    Later,
    /// The part is the result: the call is one that does not wait.
    Never,
}

/// Something to be received.
#[derive(Clone, Debug)]
pub struct Receive {
    /// Where to.
    pub into: Buffers,
    /// How.
    pub flags: u32,
    /// Where the sender's address goes.
    pub from: Place,
    /// Where it is stored how many bytes they are; null: nowhere.
    pub count: GuestAddr,
    /// Bytes that are there.
    pub done: u64,
    /// Whether the call returns 0 when they are.
    pub returns_zero: bool,
}

/// Something to be sent.
#[derive(Clone, Debug)]
pub struct Send {
    /// What.
    pub bytes: Buffers,
    /// How.
    pub flags: u32,
    /// Where to, if not to where the socket is connected.
    pub to: Option<SocketAddrV4>,
    /// Where it is stored how many bytes were; null: nowhere.
    pub count: GuestAddr,
    /// Bytes that were.
    pub done: u64,
    /// Whether the call returns 0 when they were.
    pub returns_zero: bool,
}

/// What is asked of a socket.
#[derive(Clone, Debug)]
pub enum What {
    /// Something to be received.
    Receive(Receive),
    /// Something to be sent.
    Send(Send),
    /// A connection that somebody else has made, and where its address goes.
    Accept(Place),
    /// The end of a connection's making.
    Connect,
    /// Any of these sockets.
    Select(Select),
    /// The end of what an overlapped structure is of, and where the bytes are counted.
    Finish {
        /// The structure.
        at: GuestAddr,
        /// The count.
        count: GuestAddr,
    },
}

/// What of a socket one request at a time has its turn at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Turn {
    Receive,
    Send,
}

impl What {
    /// What it waits its turn for, if for something.
    pub(super) fn turn(&self) -> Option<Turn> {
        match self {
            Self::Receive(_) => Some(Turn::Receive),
            Self::Send(_) => Some(Turn::Send),
            Self::Accept(_) | Self::Connect | Self::Select(_) | Self::Finish { .. } => None,
        }
    }

    /// What the call returns that fails.
    pub(super) fn failure(&self) -> i32 {
        if matches!(self, Self::Finish { .. }) { 0 } else { -1 }
    }

    /// What a call returns that has done its work.
    pub(super) fn success(&self, result: i32) -> i32 {
        match self {
            Self::Receive(Receive { returns_zero: true, .. })
            | Self::Send(Send { returns_zero: true, .. }) => 0,
            _ => result,
        }
    }

    /// The call that asks is over before it is done: what it counts in is the call's.
    pub(super) fn outlives_its_call(&mut self) {
        if let Self::Receive(Receive { count, .. }) | Self::Send(Send { count, .. }) = self {
            *count = GuestAddr::NULL;
        }
    }
}

/// An overlapped structure, and who hears of its end.
#[derive(Debug)]
pub struct Overlapped {
    /// The structure.
    pub at: GuestAddr,
    /// Thread of the routine.
    pub thread_id: u32,
    /// Called at the end; null: nobody is.
    pub routine: GuestAddr,
    /// Signalled at the end.
    pub event: Option<(Arc<HeldObject>, GuestAddr)>,
}

/// Whose request it is.
#[derive(Debug)]
pub(super) enum Who {
    /// A thread's, which waits.
    Thread { thread: ThreadRef, kthread: GuestAddr },
    /// An overlapped structure's.
    Overlapped(Overlapped),
}

/// A call that is not over.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) who: Who,
    pub(super) socket: u32,
    pub(super) what: What,
}

/// What a try has come to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Tried {
    /// Nothing.
    Nothing,
    /// A part of it.
    Part,
    /// It is over.
    Over(Result<i32, WsaError>),
}

impl Tried {
    /// What a refusal means for a call that has done something already: that is its result.
    fn stopped(error: WsaError, done: u64, before: u64) -> Self {
        match (error, done) {
            (WsaError::WOULD_BLOCK, _) if done > before => Self::Part,
            (WsaError::WOULD_BLOCK, _) => Self::Nothing,
            (error, 0) => Self::Over(Err(error)),
            (_, done) => Self::Over(Ok(clamp(done))),
        }
    }
}

/// A count of bytes as a result.
pub(super) fn clamp(bytes: u64) -> i32 {
    i32::try_from(bytes).unwrap_or(i32::MAX)
}

/// Whether an overlapped structure says that its request is over, and how.
fn finish_of(memory: &GuestMemory, at: GuestAddr, count: GuestAddr) -> Result<Tried, WsaError> {
    let (error, length) = Overlapped::outcome(memory, at)?;
    if error == WsaError::IO_PENDING {
        return Ok(Tried::Nothing);
    }
    if !count.is_null() {
        memory.write(count, length)?;
    }
    Ok(Tried::Over(if error.0 == 0 { Ok(1) } else { Err(error) }))
}

impl Net {
    /// Takes in what has become of a connection that was begun.
    pub(super) fn look_at_connection(&mut self, name: u32) -> Result<(), WsaError> {
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

    /// Begins to connect. Where calls don't wait, a title is told to wait all the same, and finds
    /// out later.
    pub fn connect(&mut self, name: u32, to: SocketAddrV4) -> Result<(), WsaError> {
        self.look_at_connection(name)?;
        let socket = self.get(name)?;
        let (id, kind, waits, listens) = (socket.id, socket.kind, socket.waits, socket.listens);
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
            Err(error @ WsaError::CONNECTION_REFUSED) if !waits => Connection::Failed(error),
            Err(error) => return Err(error),
        };
        self.get_mut(name)?.connection = connection;
        if waits { begun } else { Err(WsaError::WOULD_BLOCK) }
    }

    /// Tries what is asked. Never waits.
    pub(super) fn attempt(&mut self, memory: &GuestMemory, name: u32, what: &mut What, rest: Rest) -> Tried {
        let tried = match what {
            What::Receive(receive) => self.receive(memory, name, receive, rest),
            What::Send(send) => self.send(memory, name, send, rest),
            What::Accept(place) => self.accept(memory, name, *place),
            What::Connect => self.finish_connect(name),
            What::Select(select) => match self.ready_of(select) {
                Ok(Some(ready)) => Ok(Tried::Over(select.store(memory, &ready))),
                Ok(None) => Ok(Tried::Nothing),
                Err(error) => Err(error),
            },
            What::Finish { at, count } => finish_of(memory, *at, *count),
        };
        match tried {
            Ok(Tried::Over(Ok(result))) => Tried::Over(Ok(what.success(result))),
            Ok(tried) => tried,
            Err(error) => Tried::Over(Err(error)),
        }
    }

    fn receive(
        &mut self,
        memory: &GuestMemory,
        name: u32,
        receive: &mut Receive,
        rest: Rest,
    ) -> Result<Tried, WsaError> {
        let socket = self.get(name)?;
        let (id, kind) = (socket.id, socket.kind);
        // Winsock refuses to wait for all where calls don't wait: a part would be taken and nobody would
        // have it.
        let cannot_wait = receive.flags & WAIT_ALL != 0 && rest == Rest::Never;
        if receive.flags & !(PEEK | WAIT_ALL) != 0 || cannot_wait {
            return Err(WsaError::OPERATION_NOT_SUPPORTED);
        }
        receive.from.check(memory)?;
        let (peeks, before) = (receive.flags & PEEK != 0, receive.done);
        let wants_all = kind == SocketKind::Stream && receive.flags & WAIT_ALL != 0 && !peeks;
        loop {
            let room = (receive.into.length() - receive.done).min(u64::from(CHUNK)) as usize;
            let mut bytes = vec![0; room];
            let received = match self.port.receive(id, &mut bytes, peeks) {
                Ok(received) => received,
                Err(error) => return Ok(Tried::stopped(error, receive.done, before)),
            };
            self.forget_told(name, noticed::READ);
            receive.into.store(memory, receive.done, &bytes[..received.length])?;
            receive.done += received.length as u64;
            if let (Some(from), SocketKind::Datagram) = (received.from, kind) {
                receive.from.store(memory, from)?;
            }
            if !receive.count.is_null() {
                memory.write(receive.count, receive.done as u32)?;
            }
            if received.is_cut {
                return Err(WsaError::MESSAGE_SIZE);
            }
            if !wants_all || received.length == 0 || receive.done == receive.into.length() {
                return Ok(Tried::Over(Ok(clamp(receive.done))));
            }
        }
    }

    fn send(
        &mut self,
        memory: &GuestMemory,
        name: u32,
        send: &mut Send,
        rest: Rest,
    ) -> Result<Tried, WsaError> {
        let socket = self.get(name)?;
        let (id, kind) = (socket.id, socket.kind);
        if send.flags & !DONT_ROUTE != 0 {
            return Err(WsaError::OPERATION_NOT_SUPPORTED);
        }
        let before = send.done;
        loop {
            let whole = send.bytes.length();
            if kind == SocketKind::Datagram && whole > super::DATAGRAM_LIMIT as u64 {
                return Err(WsaError::MESSAGE_SIZE);
            }
            let bytes = send.bytes.load(memory, send.done, CHUNK)?;
            let to = send.to.filter(|_| kind == SocketKind::Datagram);
            let sent = match self.port.send(id, &bytes, to) {
                Ok(sent) => sent,
                Err(error) => {
                    if error == WsaError::WOULD_BLOCK {
                        self.forget_told(name, noticed::WRITE);
                        if rest == Rest::Never && send.done > 0 {
                            return Ok(Tried::Over(Ok(clamp(send.done))));
                        }
                    }
                    return Ok(Tried::stopped(error, send.done, before));
                }
            };
            send.done += sent as u64;
            if !send.count.is_null() {
                memory.write(send.count, send.done as u32)?;
            }
            if send.done >= whole || kind == SocketKind::Datagram {
                return Ok(Tried::Over(Ok(clamp(send.done))));
            }
        }
    }

    fn accept(&mut self, memory: &GuestMemory, name: u32, place: Place) -> Result<Tried, WsaError> {
        let socket = self.get(name)?;
        let id = socket.id;
        place.check(memory)?;
        if !socket.listens {
            let is_stream = socket.kind == SocketKind::Stream;
            return Err(if is_stream { WsaError::INVALID } else { WsaError::OPERATION_NOT_SUPPORTED });
        }
        self.forget_told(name, noticed::ACCEPT);
        if !self.port.ready(id).readable {
            return Ok(Tried::Nothing);
        }
        self.check_room()?;
        let (accepted, remote) = match self.port.accept(id) {
            Ok(accepted) => accepted,
            Err(error) => return Ok(Tried::stopped(error, 0, 0)),
        };
        let accepted = self.insert_accepted(name, accepted);
        if let Err(error) = place.store(memory, remote) {
            self.close(accepted)?;
            return Err(error);
        }
        Ok(Tried::Over(Ok(accepted as i32)))
    }

    fn finish_connect(&mut self, name: u32) -> Result<Tried, WsaError> {
        self.look_at_connection(name)?;
        Ok(match self.get(name)?.connection {
            Connection::Begun => Tried::Nothing,
            Connection::Made => Tried::Over(Ok(0)),
            Connection::Failed(error) => {
                self.get_mut(name)?.connection = Connection::None;
                Tried::Over(Err(error))
            }
            Connection::None => Tried::Over(Err(WsaError::NOT_CONNECTED)),
        })
    }

    /// A title that has asked is told again.
    pub(super) fn forget_told(&mut self, name: u32, bits: u32) {
        if let Some(watch) = self.sockets.get_mut(&name).and_then(|socket| socket.watch.as_mut()) {
            watch.told &= !bits;
        }
    }

    /// The limits of the machine.
    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }
}
