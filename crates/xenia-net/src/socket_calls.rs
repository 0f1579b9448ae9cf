//! Socket calls from their first attempt to their completion: blocking, overlapped operations,
//! notification and time limits. Retries of pending requests are in `rounds`.

use super::event_hold::EventHold;
use super::request::{Attempt, Remainder, Request, Requester, clamp};
use super::{Net, NetState, Overlapped, SocketOperation, WsaError};
use std::sync::Arc;
use xenia_guest::layout::kthread;
use xenia_guest::{GuestAddr, MILLISECOND_100NS};
use xenia_limits::Limit;
use xenia_memory::GuestMemory;
use xenia_sched::{
    Alertable, BlockReason, Cpu, GuestTicks, ThreadRef, Wait, WaitTicket, Woken, ticks_from_100ns,
};
use xenia_sync::MutexGuard;

/// Offsets in a `WSAOVERLAPPED`.
pub mod overlapped_field {
    /// The result: a Winsock error, 0 on success, or 997 (`WSA_IO_PENDING`) while the operation is
    /// in progress.
    pub const RESULT: u32 = 0;
    /// Number of bytes transferred.
    pub const LENGTH: u32 = 4;
    /// Handle of the event to signal.
    pub const EVENT: u32 = 0x10;
}

/// The thread that makes a socket call.
#[derive(Clone, Copy, Debug)]
pub struct SocketCaller {
    /// Name of the thread.
    pub thread: ThreadRef,
    /// Address of its `KTHREAD`, or the error of a thread without one.
    pub kthread: Result<GuestAddr, WsaError>,
}

/// An operation with the socket that it is for.
#[derive(Debug)]
pub struct NamedOperation {
    /// Name of the socket.
    pub socket: u32,
    /// The operation, with its operands.
    pub what: SocketOperation,
}

/// Outcome of a thread's socket call.
#[derive(Debug)]
pub enum SocketCall {
    /// The operation is complete.
    Done(Result<i32, WsaError>),
    /// The thread waits; the completion provides the result.
    Wait(Wait),
}

/// An effect that is applied after the lock is released.
#[derive(Debug)]
pub enum SocketEffect {
    /// Signals an event, which is held until then.
    Signal { body: GuestAddr, held: Option<Arc<dyn EventHold>> },
    /// Queues a completion routine on a thread.
    Call { thread_id: u32, routine: GuestAddr, args: [u64; 3] },
}

/// Effects of a change, to be applied after the lock is released.
#[must_use = "the effects must be applied"]
#[derive(Debug, Default)]
pub struct SocketEffects(pub Vec<SocketEffect>);

/// Guest time at which a call with this time limit gives up; 0 means no limit.
fn deadline_after(now: GuestTicks, milliseconds: u32) -> Option<GuestTicks> {
    let limit = ticks_from_100ns(u64::from(milliseconds) * MILLISECOND_100NS);
    (milliseconds != 0).then(|| now.saturating_add(limit))
}

/// Stores a call's result in the waiting thread: its last error; returns the value for r3.
pub(super) fn returned(
    memory: &GuestMemory,
    kthread: GuestAddr,
    result: Result<i32, WsaError>,
    failure: i32,
) -> u64 {
    let value = result.unwrap_or_else(|error| {
        if let Err(fault) = memory.write(kthread.offset(kthread::LAST_ERROR), error.0) {
            tracing::debug!(target: "kernel", "can't store the last error {error:?}: {fault}");
        }
        failure
    });
    // Calls return 32-bit integers, which the ABI extends with their sign in r3.
    i64::from(value) as u64
}

impl Overlapped {
    /// Marks the structure as in progress.
    pub fn begin(&self, memory: &GuestMemory) -> Result<(), WsaError> {
        memory.write(self.at.offset(overlapped_field::RESULT), WsaError::IO_PENDING.0)?;
        memory.write(self.at.offset(overlapped_field::LENGTH), 0_u32)?;
        Ok(())
    }

    /// Returns the result and byte count of the structure at `at`.
    pub fn outcome(memory: &GuestMemory, at: GuestAddr) -> Result<(WsaError, u32), WsaError> {
        let error = WsaError(memory.read(at.offset(overlapped_field::RESULT))?);
        Ok((error, memory.read(at.offset(overlapped_field::LENGTH))?))
    }
}

impl NetState {
    /// Retries pending requests after a change, publishes when the next poll is due, and releases
    /// the lock. Returns the effects, after those in `effects`, and whether a further poll is due.
    pub fn retry_and_unlock(
        &self,
        mut net: MutexGuard<'_, Net>,
        memory: &GuestMemory,
        cpu: &mut dyn Cpu,
        mut effects: SocketEffects,
        now: GuestTicks,
    ) -> (SocketEffects, bool) {
        effects.0.extend(net.retry_requests(memory, cpu).0);
        let is_due = self.set_due(&net, now);
        (effects, is_due)
    }
}

impl Net {
    /// Runs a thread's operation, or makes it a pending request and starts the thread's wait.
    pub fn do_or_wait(
        &mut self,
        memory: &GuestMemory,
        cpu: &mut dyn Cpu,
        caller: SocketCaller,
        mut operation: NamedOperation,
        deadline: Option<GuestTicks>,
    ) -> SocketCall {
        let socket = operation.socket;
        let rest = if self.is_blocking(socket) { Remainder::Later } else { Remainder::Never };
        let result = match self.attempt_in_order(memory, socket, &mut operation.what, rest) {
            Attempt::Over(result) => Some(result),
            Attempt::Nothing | Attempt::Part => self.refusal_to_wait(memory, &operation, deadline, cpu.now()),
        };
        if let Some(result) = result {
            return SocketCall::Done(result);
        }
        match self.park(cpu, caller, operation, deadline) {
            Ok(wait) => SocketCall::Wait(wait),
            Err(error) => SocketCall::Done(Err(error)),
        }
    }

    /// Ends a thread's wait at its deadline, if it still waits.
    pub fn end_wait(&mut self, memory: &GuestMemory, cpu: &mut dyn Cpu, ticket: WaitTicket) {
        let is_its = |request: &Request| matches!(request.who, Requester::Thread { thread, .. } if thread == ticket.thread);
        let Some(index) = self.requests.iter().position(is_its) else { return };
        // Otherwise the request is of a later wait than the one whose time is over.
        if !cpu.is_waiting(ticket) {
            return;
        }
        let Some(request) = self.requests.remove(index) else { return };
        let result = match &request.what {
            SocketOperation::Select(select) => select.store(memory, &[const { Vec::new() }; 3]),
            SocketOperation::Send(send) if send.done > 0 => Ok(request.what.success(clamp(send.done))),
            SocketOperation::Receive(receive) if receive.done > 0 => {
                Ok(request.what.success(clamp(receive.done)))
            }
            _ => Err(WsaError::TIMED_OUT),
        };
        if let Requester::Thread { kthread, .. } = request.who {
            let value = returned(memory, kthread, result, request.what.failure());
            match cpu.time_out(ticket, value) {
                Ok(Woken::NotWaiting) => {
                    tracing::error!(target: "kernel", "a pending socket request had no wait");
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::error!(target: "kernel", "timing out a wait for a socket: {error}");
                }
            }
        }
    }

    /// Returns the result of an operation that would block but must not, or `None` if it may wait.
    fn refusal_to_wait(
        &self,
        memory: &GuestMemory,
        operation: &NamedOperation,
        deadline: Option<GuestTicks>,
        now: GuestTicks,
    ) -> Option<Result<i32, WsaError>> {
        if let SocketOperation::Select(select) = &operation.what {
            let is_over = deadline.is_some_and(|deadline| deadline <= now);
            return is_over.then(|| select.store(memory, &[const { Vec::new() }; 3]));
        }
        // The caller of WSAGetOverlappedResult has asked to wait, whatever the socket's mode is.
        if matches!(operation.what, SocketOperation::Finish { .. }) {
            return None;
        }
        match self.get(operation.socket) {
            Ok(socket) if socket.is_blocking => None,
            Ok(_) => Some(Err(WsaError::WOULD_BLOCK)),
            Err(error) => Some(Err(error)),
        }
    }

    /// Runs an overlapped operation, or makes it a pending request. The structure reports its
    /// completion; an immediate failure is reported by the call only.
    pub fn do_or_leave(
        &mut self,
        memory: &GuestMemory,
        cpu: &mut dyn Cpu,
        operation: NamedOperation,
        overlapped: Overlapped,
        effects: &mut SocketEffects,
    ) -> Result<i32, WsaError> {
        let NamedOperation { socket, mut what } = operation;
        let who = Requester::Overlapped(overlapped);
        match self.attempt_in_order(memory, socket, &mut what, who.remainder()) {
            Attempt::Over(Err(error)) => Err(error),
            Attempt::Over(Ok(done)) => {
                Self::finish(memory, cpu, Request { who, socket, what }, Ok(done), effects);
                Ok(0)
            }
            // The structure reports the whole, so a part is pending like nothing.
            Attempt::Nothing | Attempt::Part => self.leave(Request { who, socket, what }),
        }
    }

    /// Cancels the overlapped requests of a thread. `None` if no request has to be retried.
    pub fn cancel_of_thread(
        &mut self,
        memory: &GuestMemory,
        cpu: &mut dyn Cpu,
        thread_id: u32,
    ) -> Option<SocketEffects> {
        let is_its = |request: &Request| matches!(&request.who, Requester::Overlapped(own) if own.thread_id == thread_id);
        let effects = self.cancel_where(memory, cpu, is_its);
        (!effects.0.is_empty() || !self.requests.is_empty()).then_some(effects)
    }

    /// Makes a request pending.
    fn leave(&mut self, mut request: Request) -> Result<i32, WsaError> {
        let admitted = self.limits().admit(Limit::SocketRequests, self.requests.len());
        admitted.map_err(|_| WsaError::NO_BUFFERS)?;
        request.what.detach_from_call();
        self.requests.push_back(request);
        Err(WsaError::IO_PENDING)
    }

    /// Makes a thread's operation pending and starts the thread's wait.
    pub(super) fn park(
        &mut self,
        cpu: &mut dyn Cpu,
        caller: SocketCaller,
        operation: NamedOperation,
        deadline: Option<GuestTicks>,
    ) -> Result<Wait, WsaError> {
        let NamedOperation { socket, what } = operation;
        let options = self.sockets.get(&socket).map(|socket| &socket.options);
        let milliseconds = options.map_or(0, |options| match &what {
            SocketOperation::Receive(_) => options.receive_timeout(),
            SocketOperation::Send(_) => options.send_timeout(),
            _ => 0,
        });
        let deadline = deadline.or_else(|| deadline_after(cpu.now(), milliseconds));
        let kthread = caller.kthread?;
        // Before the request exists: nothing would remove the request of a refused wait.
        cpu.open_wait(caller.thread, Alertable::No).map_err(|_| WsaError::NO_BUFFERS)?;
        let who = Requester::Thread { thread: caller.thread, kthread };
        self.requests.push_back(Request { who, socket, what });
        Ok(Wait { reason: BlockReason::Socket, deadline, alertable: Alertable::No })
    }
}
