//! Passes over the pending requests, and their effects: results, events and completion routines.
//!
//! A request never overtakes an older one in the same direction of the same socket. Otherwise the
//! bytes of two sends could be interleaved, and a receive with `MSG_WAITALL` could miss some.

use super::request::{Attempt, Remainder, Request, Requester, SocketDirection};
use super::socket_calls::{SocketEffect, overlapped_field, returned};
use super::{Connection, Net, Overlapped, SocketEffects, SocketOperation, WsaError, network_event};
use crate::network::SocketKind;
use std::collections::BTreeSet;
use xenia_memory::GuestMemory;
use xenia_sched::{Cpu, WakeResult};

/// Maximum number of passes before other work gets its turn. Two requests that transfer much data
/// through a small buffer continue at the next poll.
pub(super) const MAX_PASSES: u32 = 64;

impl Net {
    /// Attempts an operation, unless an older request in its direction is pending.
    pub(super) fn attempt_in_order(
        &mut self,
        memory: &GuestMemory,
        name: u32,
        what: &mut SocketOperation,
        rest: Remainder,
    ) -> Attempt {
        let direction = what.direction();
        let is_first = |request: &Request| request.socket == name && request.what.direction() == direction;
        if direction.is_none() || !self.requests.iter().any(is_first) {
            return self.attempt(memory, name, what, rest);
        }
        let enabled = match direction {
            Some(SocketDirection::Send) => network_event::WRITE,
            Some(SocketDirection::Receive) => network_event::READ,
            None => 0,
        };
        // As an attempt that finds nothing does.
        self.rearm_events(name, enabled);
        Attempt::Nothing
    }

    /// Retries all requests until no request makes progress or [`MAX_PASSES`] passes are over.
    /// Returns the effects to be applied without the lock.
    pub(super) fn retry_requests(&mut self, memory: &GuestMemory, cpu: &mut dyn Cpu) -> SocketEffects {
        let mut effects = SocketEffects::default();
        let mut goes_on = !self.requests.is_empty();
        for _ in 0..MAX_PASSES {
            if !goes_on {
                break;
            }
            goes_on = false;
            let mut blocked = BTreeSet::new();
            let mut left = std::mem::take(&mut self.requests);
            while let Some(mut request) = left.pop_front() {
                let direction = request.what.direction().map(|direction| (request.socket, direction));
                let attempt = if direction.is_some_and(|direction| blocked.contains(&direction)) {
                    Attempt::Nothing
                } else if self.sockets.contains_key(&request.socket)
                    || matches!(request.what, SocketOperation::Select(_) | SocketOperation::Finish { .. })
                {
                    let rest = request.who.remainder();
                    self.attempt(memory, request.socket, &mut request.what, rest)
                } else {
                    // The socket was closed meanwhile.
                    Attempt::Over(Err(match request.who {
                        Requester::Thread { .. } => WsaError::INTERRUPTED,
                        Requester::Overlapped(_) => WsaError::OPERATION_ABORTED,
                    }))
                };
                match attempt {
                    Attempt::Over(result) => {
                        goes_on = true;
                        Self::finish(memory, cpu, request, result, &mut effects);
                    }
                    attempt => {
                        goes_on |= attempt == Attempt::Part;
                        // Even if a part was transferred: a younger request must not transfer
                        // before the rest.
                        blocked.extend(direction);
                        self.requests.push_back(request);
                    }
                }
            }
        }
        self.goes_on = goes_on;
        self.notice(&mut effects);
        for (held, body) in self.xnet.look_up_again(&mut *self.port, memory) {
            effects.0.push(SocketEffect::Signal { body, held: Some(held) });
        }
        let now = cpu.now();
        let Self { xnet, port, quality_socket, .. } = self;
        for (held, body) in xnet.poll_quality(&mut **port, quality_socket, memory, now) {
            effects.0.push(SocketEffect::Signal { body, held: Some(held) });
        }
        effects
    }

    /// Completes a request: resumes its thread or updates its overlapped structure.
    pub(super) fn finish(
        memory: &GuestMemory,
        cpu: &mut dyn Cpu,
        request: Request,
        result: Result<i32, WsaError>,
        effects: &mut SocketEffects,
    ) {
        let Request { who, what, .. } = request;
        match who {
            Requester::Thread { thread, kthread } => {
                let value = returned(memory, kthread, result, what.failure());
                match cpu.wake(thread, WakeResult::unboosted(value)) {
                    Ok(woken) => woken.by_owner(thread),
                    Err(error) => {
                        tracing::error!(target: "kernel", "the thread waiting for a socket no longer exists: {error}");
                    }
                }
            }
            Requester::Overlapped(Overlapped { at, thread_id, routine, event }) => {
                let (error, length) = match result {
                    Ok(length) => (0, length as u32),
                    Err(error) => (error.0, 0),
                };
                let stored = memory
                    .write(at.offset(overlapped_field::LENGTH), length)
                    .and_then(|()| memory.write(at.offset(overlapped_field::RESULT), error));
                if let Err(fault) = stored {
                    tracing::debug!(target: "kernel", "can't complete an overlapped socket request: {fault}");
                }
                if let Some((held, body)) = event {
                    effects.0.push(SocketEffect::Signal { body, held: Some(held) });
                }
                if !routine.is_null() {
                    let args = [u64::from(error), u64::from(length), u64::from(at.0)];
                    effects.0.push(SocketEffect::Call { thread_id, routine, args });
                }
            }
        }
    }

    /// Cancels the overlapped requests of a socket. Returns the effects to be applied without the
    /// lock.
    pub fn cancel(
        &mut self,
        memory: &GuestMemory,
        cpu: &mut dyn Cpu,
        name: u32,
    ) -> Result<SocketEffects, WsaError> {
        self.get(name)?;
        let is_its =
            |request: &Request| request.socket == name && matches!(request.who, Requester::Overlapped(_));
        Ok(self.cancel_where(memory, cpu, is_its))
    }

    /// Ends pending requests with an error.
    pub(super) fn cancel_where(
        &mut self,
        memory: &GuestMemory,
        cpu: &mut dyn Cpu,
        is_meant: impl Fn(&Request) -> bool,
    ) -> SocketEffects {
        let mut effects = SocketEffects::default();
        let (taken, left): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.requests).into_iter().partition(is_meant);
        self.requests = left.into();
        for request in taken {
            Self::finish(memory, cpu, request, Err(WsaError::OPERATION_ABORTED), &mut effects);
        }
        effects
    }

    /// Collects the events of sockets with network events that are new and selected.
    fn notice(&mut self, effects: &mut SocketEffects) {
        let names: Vec<u32> = self.watched.iter().copied().collect();
        for name in names {
            let polled = self.poll_connection(name);
            let Some(socket) = self.sockets.get_mut(&name).filter(|_| polled.is_ok()) else { continue };
            let ready = self.port.ready(socket.id);
            let is_stream = socket.kind == SocketKind::Stream;
            let failed = matches!(socket.connection, Connection::Failed(_));
            let is_connected = !is_stream || socket.connection == Connection::Made;
            let states = [
                (network_event::READ, ready.readable && !socket.listens && is_connected),
                (network_event::WRITE, ready.writable && is_connected),
                (network_event::ACCEPT, ready.readable && socket.listens),
                (network_event::CONNECT, is_stream && (failed || socket.connection == Connection::Made)),
                (network_event::CLOSE, is_stream && is_connected && ready.is_ended),
            ];
            let Some(watch) = &mut socket.watch else { continue };
            let mut now = 0;
            for (bit, is_so) in states {
                if is_so {
                    now |= bit & watch.wanted & !watch.signalled;
                }
            }
            watch.signalled |= now;
            if now != 0 {
                effects.0.push(SocketEffect::Signal { body: watch.body, held: Some(watch.event.clone()) });
            }
        }
    }
}

#[cfg(test)]
mod tests;
