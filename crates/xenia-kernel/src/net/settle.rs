//! Socket calls from their first attempt to their completion: blocking, overlapped operations,
//! notification and time limits. Retries of pending requests are in `rounds`.

use super::request::{Attempt, Remainder, Request, Requester, clamp};
use super::rounds::returned;
use super::{Net, Overlapped, SOCKET_WAIT, SocketOperation, WsaError};
use crate::Kernel;
use crate::abi::{Call, Flow};
use crate::objects::HeldObject;
use crate::thread::apc::{Apc, ApcSource};
use crate::thread::deferred::Mode;
use std::sync::Arc;
use xenia_guest::GuestAddr;
use xenia_limits::Limit;
use xenia_memory::GuestMemory;
use xenia_sched::{Cpu, GuestTicks, ThreadRef, Wait, WaitTicket, Woken, ticks_from_100ns};
use xenia_sync::MutexGuard;

/// Offsets in a `WSAOVERLAPPED`.
pub(super) mod field {
    /// The result: a Winsock error, 0 on success, or 997 (`WSA_IO_PENDING`) while the operation is
    /// in progress.
    pub(in crate::net) const RESULT: u32 = 0;
    pub(in crate::net) const LENGTH: u32 = 4;
    pub(super) const EVENT: u32 = 0x10;
}

const SOCKET_ERROR: i32 = -1;

/// An effect that is applied after the lock is released.
#[derive(Debug)]
pub(super) enum Effect {
    Signal { body: GuestAddr, _held: Option<Arc<HeldObject>> },
    Call { thread_id: u32, routine: GuestAddr, args: [u64; 3] },
}

/// Effects of a change, to be applied by [`SocketEffects::apply`] after the lock is released.
#[must_use = "the effects must be applied"]
#[derive(Debug, Default)]
pub struct SocketEffects(pub(super) Vec<Effect>);

impl SocketEffects {
    /// Signals the events and queues the completion routines.
    pub fn apply(self, kernel: &Kernel, cpu: &mut dyn Cpu) {
        for effect in self.0 {
            let result = match effect {
                Effect::Signal { body, .. } => {
                    kernel.dispatcher.set_event(&kernel.memory, cpu, body, 0).map(|_| ())
                }
                Effect::Call { thread_id, routine, args } => {
                    let apc = Apc::new(ApcSource::Kernel, routine, args);
                    kernel.queue_apc(cpu, thread_id, Mode::User, apc).map(|_| ())
                }
            };
            if let Err(failure) = result {
                tracing::debug!(target: "kernel", "a socket's event or routine failed: {failure}");
            }
        }
    }
}

/// Guest time at which a call with this time limit gives up; 0 means no limit.
fn deadline_after(now: GuestTicks, milliseconds: u32) -> Option<GuestTicks> {
    (milliseconds != 0).then(|| now.saturating_add(ticks_from_100ns(u64::from(milliseconds) * 10_000)))
}

/// Converts a result to a call's return value and sets the thread's last error.
pub(crate) fn answer(call: &Call, result: Result<i32, WsaError>) -> i32 {
    result.unwrap_or_else(|error| {
        set_last_error(call, error);
        SOCKET_ERROR
    })
}

/// Sets the thread's last error.
pub(crate) fn set_last_error(call: &Call, error: WsaError) {
    if let Err(fault) = call.set_last_error(error.0) {
        tracing::debug!(target: "kernel", "can't store the last error {error:?}: {fault}");
    }
}

impl Kernel {
    /// Retries pending requests after a change, releases the lock and applies the effects,
    /// including those in `effects`. Returns whether a further poll is due.
    fn settle_sockets(
        &self,
        cpu: &mut dyn Cpu,
        mut net: MutexGuard<'_, Net>,
        mut effects: SocketEffects,
        now: GuestTicks,
    ) -> bool {
        effects.0.extend(net.settle(&self.memory, cpu).0);
        let looks = self.net.set_due(&net, now);
        drop(net);
        effects.apply(self, cpu);
        looks
    }

    /// Like [`Self::settle_sockets`], for a change outside the polls: the timekeeper is told if a
    /// poll becomes due.
    fn settle_a_change(
        &self,
        cpu: &mut dyn Cpu,
        net: MutexGuard<'_, Net>,
        effects: SocketEffects,
        now: GuestTicks,
    ) {
        if self.settle_sockets(cpu, net, effects, now) {
            cpu.time_has_more();
        }
    }

    /// Runs a socket operation; the thread waits while it would block.
    pub(crate) fn socket_call(call: &mut Call, name: u32, what: SocketOperation) -> Flow<i32> {
        Self::socket_call_until(call, name, what, None)
    }

    /// Like [`Self::socket_call`], with a deadline.
    pub(crate) fn socket_call_until(
        call: &mut Call,
        name: u32,
        what: SocketOperation,
        deadline: Option<GuestTicks>,
    ) -> Flow<i32> {
        let (kernel, now) = (call.kernel, call.now());
        let caller = (call.thread(), call.kthread().map_err(WsaError::from));
        let failure = what.failure();
        let mut net = kernel.net.lock();
        let flow = net.do_or_wait(&kernel.memory, call.cpu, caller, (name, what), deadline);
        kernel.settle_a_change(call.cpu, net, SocketEffects::default(), now);
        match flow {
            Flow::Return(Err(error)) => {
                set_last_error(call, error);
                Flow::Return(failure)
            }
            flow => flow.map(|result| result.unwrap_or(failure)),
        }
    }

    /// Starts an overlapped operation; the structure reports its completion.
    pub(crate) fn overlapped_call(
        call: &mut Call,
        name: u32,
        mut what: SocketOperation,
        overlapped: Overlapped,
    ) -> i32 {
        let (kernel, now) = (call.kernel, call.now());
        if let Err(error) = begin(call, &overlapped) {
            return answer(call, Err(error));
        }
        let mut net = kernel.net.lock();
        let mut effects = SocketEffects::default();
        let result = match net.attempt_in_order(&kernel.memory, name, &mut what, Remainder::Later) {
            // An immediate failure is reported by the call only, not by the structure.
            Attempt::Over(Err(error)) => Err(error),
            Attempt::Over(Ok(done)) => {
                let request = Request { who: Requester::Overlapped(overlapped), socket: name, what };
                Net::finish(&kernel.memory, call.cpu, request, Ok(done), &mut effects);
                Ok(0)
            }
            // A call never returns `Part`.
            Attempt::Nothing | Attempt::Part => {
                net.leave(Request { who: Requester::Overlapped(overlapped), socket: name, what })
            }
        };
        kernel.settle_a_change(call.cpu, net, effects, now);
        answer(call, result)
    }

    /// Changes the sockets' state and retries the requests that the change may unblock.
    pub(crate) fn change_sockets<R>(call: &mut Call, change: impl FnOnce(&mut Net) -> R) -> R {
        let (kernel, now) = (call.kernel, call.now());
        let mut net = kernel.net.lock();
        let result = change(&mut net);
        kernel.settle_a_change(call.cpu, net, SocketEffects::default(), now);
        result
    }

    /// Polls the network, if a poll is due.
    pub fn poll_sockets(&self, cpu: &mut dyn Cpu) {
        let now = cpu.now();
        if self.net.next_due().is_none_or(|due| due > now) {
            return;
        }
        let net = self.net.lock();
        self.settle_sockets(cpu, net, SocketEffects::default(), now);
    }

    /// Handles the expiry of a thread's wait for a socket.
    pub(crate) fn end_socket_wait(&self, cpu: &mut dyn Cpu, ticket: WaitTicket) {
        self.net.lock().end_wait(&self.memory, cpu, ticket);
    }

    /// Cancels the overlapped requests of a thread that ends.
    pub(crate) fn end_socket_requests_of(&self, cpu: &mut dyn Cpu, thread_id: u32) {
        let mut net = self.net.lock();
        let is_its = |request: &Request| matches!(&request.who, Requester::Overlapped(own) if own.thread_id == thread_id);
        let effects = net.cancel_where(&self.memory, cpu, is_its);
        if effects.0.is_empty() && net.requests.is_empty() {
            return;
        }
        let now = cpu.now();
        self.settle_a_change(cpu, net, effects, now);
    }
}

/// Marks an overlapped structure as in progress and clears its event.
fn begin(call: &Call, overlapped: &Overlapped) -> Result<(), WsaError> {
    let memory = call.memory();
    memory.write(overlapped.at.offset(field::RESULT), WsaError::IO_PENDING.0)?;
    memory.write(overlapped.at.offset(field::LENGTH), 0_u32)?;
    if let Some((_, body)) = &overlapped.event {
        call.kernel.dispatcher.reset_event(memory, *body)?;
    }
    Ok(())
}

impl Overlapped {
    /// Reads the structure at `at` for the calling thread.
    pub(crate) fn of(call: &Call, at: GuestAddr, routine: GuestAddr) -> Result<Self, WsaError> {
        let event: crate::abi::Handle = call.memory().read(at.offset(field::EVENT))?;
        let event = if event == crate::abi::Handle::NULL || !routine.is_null() {
            None
        } else {
            let object = call.kernel.objects.resolve_kind(event, crate::objects::ObjectKind::Event)?;
            call.kernel.objects.hold(object.body()).map(|held| (Arc::new(held), object.body()))
        };
        Ok(Self { at, thread_id: call.thread_id(), routine, event })
    }

    /// Returns the structure's result and byte count.
    pub(crate) fn outcome(memory: &GuestMemory, at: GuestAddr) -> Result<(WsaError, u32), WsaError> {
        Ok((WsaError(memory.read(at.offset(field::RESULT))?), memory.read(at.offset(field::LENGTH))?))
    }
}

impl Net {
    /// Runs a thread's operation, or makes it a pending request and starts the thread's wait.
    pub(super) fn do_or_wait(
        &mut self,
        memory: &GuestMemory,
        cpu: &mut dyn Cpu,
        caller: (ThreadRef, Result<GuestAddr, WsaError>),
        (name, mut what): (u32, SocketOperation),
        deadline: Option<GuestTicks>,
    ) -> Flow<Result<i32, WsaError>> {
        let rest = if self.waits(name) { Remainder::Later } else { Remainder::Never };
        let result = match self.attempt_in_order(memory, name, &mut what, rest) {
            Attempt::Over(result) => Some(result),
            Attempt::Nothing | Attempt::Part => {
                self.refusal_to_wait(memory, (name, &what), deadline, cpu.now())
            }
        };
        if let Some(result) = result {
            return Flow::Return(result);
        }
        match self.park(cpu, caller, (name, what), deadline) {
            Ok(wait) => Flow::Block(wait),
            Err(error) => Flow::Return(Err(error)),
        }
    }

    /// Ends a thread's wait at its deadline, if it still waits.
    pub(super) fn end_wait(&mut self, memory: &GuestMemory, cpu: &mut dyn Cpu, ticket: WaitTicket) {
        let is_its = |request: &Request| matches!(request.who, Requester::Thread { thread, .. } if thread == ticket.thread);
        let Some(index) = self.requests.iter().position(is_its) else { return };
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
        (name, what): (u32, &SocketOperation),
        deadline: Option<GuestTicks>,
        now: GuestTicks,
    ) -> Option<Result<i32, WsaError>> {
        if let SocketOperation::Select(select) = what {
            let is_over = deadline.is_some_and(|deadline| deadline <= now);
            return is_over.then(|| select.store(memory, &[const { Vec::new() }; 3]));
        }
        if matches!(what, SocketOperation::Finish { .. }) {
            return None;
        }
        match self.get(name) {
            Ok(socket) if socket.waits => None,
            Ok(_) => Some(Err(WsaError::WOULD_BLOCK)),
            Err(error) => Some(Err(error)),
        }
    }

    /// Makes a request pending.
    fn leave(&mut self, mut request: Request) -> Result<i32, WsaError> {
        let admitted = self.limits().admit(Limit::SocketRequests, self.requests.len());
        admitted.map_err(|_| WsaError::NO_BUFFERS)?;
        request.what.outlives_its_call();
        self.requests.push_back(request);
        Err(WsaError::IO_PENDING)
    }

    /// Makes a thread's operation pending and starts the thread's wait.
    pub(super) fn park(
        &mut self,
        cpu: &mut dyn Cpu,
        (thread, kthread): (ThreadRef, Result<GuestAddr, WsaError>),
        (name, what): (u32, SocketOperation),
        deadline: Option<GuestTicks>,
    ) -> Result<Wait, WsaError> {
        let options = self.sockets.get(&name).map(|socket| &socket.options);
        let milliseconds = options.map_or(0, |options| match &what {
            SocketOperation::Receive(_) => options.receive_timeout(),
            SocketOperation::Send(_) => options.send_timeout(),
            _ => 0,
        });
        let deadline = deadline.or_else(|| deadline_after(cpu.now(), milliseconds));
        let kthread = kthread?;
        cpu.open_wait(thread, false).map_err(|_| WsaError::NO_BUFFERS)?;
        self.requests.push_back(Request { who: Requester::Thread { thread, kthread }, socket: name, what });
        Ok(Wait { reason: SOCKET_WAIT, deadline, alertable: false })
    }
}
