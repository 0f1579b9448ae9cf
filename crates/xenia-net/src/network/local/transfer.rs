//! Transfers in the loopback network: sending, receiving and readiness, without blocking.
//! Invariant: a stream takes no more bytes than its receiver's buffer holds, and datagrams without
//! room are dropped.

use super::{LocalNetwork, MAX_DATAGRAM, MAX_MESSAGES, State};
use crate::WsaError;
use crate::network::{Ready, Received, SocketId};
use std::net::{Ipv4Addr, SocketAddrV4};
use xenia_limits::Limit;

/// Effect of a read on received data.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ReadMode {
    /// Removes it from the queue.
    Take,
    /// Leaves it for the next read.
    Peek,
}

impl LocalNetwork {
    pub(super) fn send_message(
        &mut self,
        id: SocketId,
        bytes: &[u8],
        to: Option<SocketAddrV4>,
    ) -> Result<usize, WsaError> {
        let State::Messages(own) = &self.get(id)?.state else {
            return Err(WsaError::OPERATION_NOT_SUPPORTED);
        };
        let may_broadcast = own.may_broadcast;
        let may_send = own.may_send;
        let to = to.or(own.peer).ok_or(WsaError::NOT_CONNECTED)?;
        if !may_send {
            return Err(WsaError::SHUT_DOWN);
        }
        if bytes.len() > MAX_DATAGRAM {
            return Err(WsaError::MESSAGE_SIZE);
        }
        self.check_reachable(to)?;
        if to.ip().is_broadcast() && !may_broadcast {
            return Err(WsaError::ACCESS_DENIED);
        }
        let mut from = self.bind_to_any(id, Ipv4Addr::UNSPECIFIED)?;
        if from.ip().is_unspecified() {
            from.set_ip(Ipv4Addr::LOCALHOST);
        }
        let Self { sockets, queued, limits, .. } = self;
        for socket in sockets.values_mut() {
            if !Self::covers(socket.local, to) {
                continue;
            }
            // The longest datagram fits into any empty buffer.
            let buffer = socket.buffer.max(MAX_DATAGRAM);
            let State::Messages(messages) = &mut socket.state else { continue };
            // A connected socket receives from its peer only.
            if messages.peer.is_some_and(|peer| peer != from) {
                continue;
            }
            let has_room = messages.bytes + bytes.len() <= buffer
                && messages.queue.len() < MAX_MESSAGES
                && messages.may_receive;
            // Datagrams that don't fit are dropped.
            if has_room && limits.admit_amount(Limit::SocketBytes, *queued as u64, bytes.len() as u64).is_ok()
            {
                messages.queue.push_back((from, bytes.to_vec()));
                messages.bytes += bytes.len();
                *queued += bytes.len();
            }
            // One socket gets a datagram, even if several share its port.
            if !to.ip().is_broadcast() {
                break;
            }
        }
        Ok(bytes.len())
    }

    pub(super) fn send_piece(&mut self, id: SocketId, bytes: &[u8]) -> Result<usize, WsaError> {
        let State::Connected(stream) = &self.get(id)?.state else { return Err(WsaError::NOT_CONNECTED) };
        if !stream.may_send {
            return Err(WsaError::SHUT_DOWN);
        }
        let peer = stream.peer.ok_or(WsaError::CONNECTION_RESET)?;
        let Self { sockets, queued, limits, .. } = self;
        let socket = sockets.get_mut(&peer).ok_or(WsaError::CONNECTION_RESET)?;
        let buffer = socket.buffer;
        let State::Connected(other) = &mut socket.state else { return Err(WsaError::CONNECTION_RESET) };
        if !other.may_receive {
            return Err(WsaError::CONNECTION_RESET);
        }
        let room = buffer.saturating_sub(other.incoming.len());
        let total = (Limit::SocketBytes.row().value as usize).saturating_sub(*queued);
        // The limit is hit only if it, not the receiver's buffer, cuts the data.
        if room > total && bytes.len() > total {
            limits.hit(Limit::SocketBytes);
        }
        let count = bytes.len().min(room).min(total);
        // A send of no bytes needs no room.
        if count == 0 && !bytes.is_empty() {
            return Err(WsaError::WOULD_BLOCK);
        }
        other.incoming.extend(&bytes[..count]);
        *queued += count;
        Ok(count)
    }

    /// Copies received data.
    pub(super) fn read(
        &mut self,
        id: SocketId,
        into: &mut [u8],
        mode: ReadMode,
    ) -> Result<Received, WsaError> {
        let socket = self.sockets.get_mut(&id).ok_or(WsaError::NOT_SOCKET)?;
        let is_bound = socket.local.is_some();
        match &mut socket.state {
            State::Idle | State::Listening { .. } => Err(WsaError::NOT_CONNECTED),
            State::Connected(stream) => {
                if !stream.may_receive {
                    return Err(WsaError::SHUT_DOWN);
                }
                let from = Some(stream.remote);
                // Data comes before the end of the stream, also before a reset.
                if stream.incoming.is_empty() {
                    return match (stream.reset, stream.ended || into.is_empty()) {
                        (true, _) => Err(WsaError::CONNECTION_RESET),
                        (_, true) => Ok(Received { length: 0, from, is_cut: false }),
                        _ => Err(WsaError::WOULD_BLOCK),
                    };
                }
                let length = into.len().min(stream.incoming.len());
                for (to, byte) in into.iter_mut().zip(&stream.incoming) {
                    *to = *byte;
                }
                if mode == ReadMode::Take {
                    stream.incoming.drain(..length);
                    self.queued -= length;
                }
                Ok(Received { length, from, is_cut: false })
            }
            State::Messages(messages) => {
                if !is_bound {
                    return Err(WsaError::INVALID);
                }
                if !messages.may_receive {
                    return Err(WsaError::SHUT_DOWN);
                }
                let (from, bytes) = messages.queue.front().ok_or(WsaError::WOULD_BLOCK)?;
                let length = into.len().min(bytes.len());
                let whole = bytes.len();
                let from = *from;
                into[..length].copy_from_slice(&bytes[..length]);
                if mode == ReadMode::Take {
                    messages.queue.pop_front();
                    messages.bytes -= whole;
                    self.queued -= whole;
                }
                Ok(Received { length, from: Some(from), is_cut: length < whole })
            }
        }
    }

    /// Returns the operations that would not block.
    pub(super) fn readiness(&self, id: SocketId) -> Ready {
        let Some(socket) = self.sockets.get(&id) else { return Ready::default() };
        match &socket.state {
            State::Idle => Ready::default(),
            State::Listening { queue, .. } => Ready { readable: !queue.is_empty(), ..Ready::default() },
            State::Messages(messages) => {
                // A receive that fails does not block either.
                let readable = !messages.queue.is_empty() || !messages.may_receive;
                Ready { readable, writable: true, is_ended: false }
            }
            State::Connected(stream) => {
                let is_ended = stream.ended || stream.reset;
                let is_full = self.queued as u64 >= Limit::SocketBytes.row().value;
                // A send that fails doesn't block either, so the socket counts as writable.
                let waits = stream.may_send
                    && stream.peer.and_then(|peer| self.sockets.get(&peer)).is_some_and(|socket| {
                        matches!(&socket.state, State::Connected(other)
                            if other.may_receive && (is_full || other.incoming.len() >= socket.buffer))
                    });
                let readable = !stream.incoming.is_empty() || is_ended || !stream.may_receive;
                Ready { readable, writable: !waits, is_ended }
            }
        }
    }
}
