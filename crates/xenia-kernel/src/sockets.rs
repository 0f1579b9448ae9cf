//! Socket calls of guest threads: the kernel's side of [`xenia_net`]. It applies the effects of
//! changes, sets last errors, and reads the parameters of calls.

use crate::abi::{Arguments, Call, Flow, FromGuest, Handle, ProcessorMode, Show};
use crate::objects::dispatcher::Dispatcher;
use crate::objects::{HeldState, ObjectKind, Objects};
use crate::thread::apc::{Apc, ApcQueues, ApcSource};
use std::fmt::Write;
use std::sync::Arc;
use xenia_guest::{GuestAddr, Win32Error};
use xenia_memory::GuestMemory;
use xenia_net::address::AddressOutput;
use xenia_net::{
    EventHold, HeldEvent, NamedOperation, Net, NetState, Overlapped, SocketCall, SocketCaller, SocketEffect,
    SocketEffects, SocketOperation, WsaError, overlapped_field,
};
use xenia_sched::{Cpu, GuestTicks, WaitTicket};
use xenia_sync::MutexGuard;

/// The result of a socket call that fails: `SOCKET_ERROR`, `INVALID_SOCKET`.
pub(crate) const SOCKET_ERROR: i32 = -1;

/// Converts a result to a call's return value and sets the thread's last error.
pub fn answer(call: &Call, result: Result<i32, WsaError>) -> i32 {
    result.unwrap_or_else(|error| {
        set_last_error(call, error);
        SOCKET_ERROR
    })
}

/// Sets the thread's last error. Winsock's errors are numbered among those of Win32.
pub fn set_last_error(call: &Call, error: WsaError) {
    if let Err(fault) = call.set_last_error(Win32Error(error.0)) {
        tracing::debug!(target: "kernel", "can't store the last error {error:?}: {fault}");
    }
}

/// Sockets, and what their completions signal and call.
#[derive(Clone, Copy)]
pub struct Sockets<'k> {
    pub(crate) memory: &'k GuestMemory,
    pub(crate) net: &'k NetState,
    pub(crate) dispatcher: &'k Dispatcher,
    pub(crate) apcs: ApcQueues<'k>,
}

impl Sockets<'_> {
    /// Signals the events and queues the completion routines of a change.
    pub fn apply(&self, cpu: &mut dyn Cpu, effects: SocketEffects) {
        for effect in effects.0 {
            let result = match effect {
                SocketEffect::Signal { body, held: _held } => {
                    self.dispatcher.set_event(self.memory, cpu, body, 0).map(|_| ())
                }
                SocketEffect::Call { thread_id, routine, args } => {
                    let apc = Apc::new(ApcSource::Socket, routine, args);
                    self.apcs.queue(cpu, thread_id, ProcessorMode::User, apc).map(|_| ())
                }
            };
            if let Err(failure) = result {
                tracing::debug!(target: "kernel", "a socket's event or routine failed: {failure}");
            }
        }
    }

    /// Retries pending requests after a change, releases the lock and applies the effects,
    /// including those in `effects`. Returns whether a further poll is due.
    fn retry_and_apply(
        &self,
        cpu: &mut dyn Cpu,
        net: MutexGuard<'_, Net>,
        effects: SocketEffects,
        now: GuestTicks,
    ) -> bool {
        let (effects, looks) = self.net.retry_and_unlock(net, self.memory, cpu, effects, now);
        self.apply(cpu, effects);
        looks
    }

    /// Like [`Self::retry_and_apply`], for a change outside the polls: the timekeeper is notified
    /// if a poll becomes due.
    fn retry_after_change(
        &self,
        cpu: &mut dyn Cpu,
        net: MutexGuard<'_, Net>,
        effects: SocketEffects,
        now: GuestTicks,
    ) {
        if self.retry_and_apply(cpu, net, effects, now) {
            cpu.notify_time_keeper();
        }
    }

    /// Polls the network, if a poll is due.
    pub fn poll(&self, cpu: &mut dyn Cpu) {
        let now = cpu.now();
        if self.net.next_due().is_none_or(|due| due > now) {
            return;
        }
        let net = self.net.lock();
        self.retry_and_apply(cpu, net, SocketEffects::default(), now);
    }

    /// Handles the expiry of a thread's wait for a socket.
    pub(crate) fn end_wait(&self, cpu: &mut dyn Cpu, ticket: WaitTicket) {
        self.net.lock().end_wait(self.memory, cpu, ticket);
    }

    /// Cancels the overlapped requests of a thread that ends.
    pub(crate) fn end_requests_of(&self, cpu: &mut dyn Cpu, thread_id: u32) {
        let mut net = self.net.lock();
        let Some(effects) = net.cancel_of_thread(self.memory, cpu, thread_id) else { return };
        let now = cpu.now();
        self.retry_after_change(cpu, net, effects, now);
    }
}

/// Runs a socket operation; the thread waits while it would block.
pub fn call(call: &mut Call, name: u32, what: SocketOperation) -> Flow<i32> {
    call_until(call, name, what, None)
}

/// Like [`call`], with a deadline.
pub fn call_until(
    call: &mut Call,
    name: u32,
    what: SocketOperation,
    deadline: Option<GuestTicks>,
) -> Flow<i32> {
    let kernel = call.kernel;
    let now = call.now();
    let kthread = call.kthread().map_err(WsaError::from);
    let caller = SocketCaller { thread: call.thread(), kthread };
    let failure = what.failure();
    let operation = NamedOperation { socket: name, what };
    let mut net = kernel.net.lock();
    let done = net.do_or_wait(&kernel.memory, call.cpu, caller, operation, deadline);
    kernel.sockets().retry_after_change(call.cpu, net, SocketEffects::default(), now);
    match done {
        SocketCall::Done(Ok(result)) => Flow::Return(result),
        SocketCall::Done(Err(error)) => {
            set_last_error(call, error);
            Flow::Return(failure)
        }
        SocketCall::Wait(wait) => Flow::Block(wait),
    }
}

/// Starts an overlapped operation; the structure reports its completion.
pub fn overlapped_call(call: &mut Call, name: u32, what: SocketOperation, overlapped: Overlapped) -> i32 {
    let kernel = call.kernel;
    let now = call.now();
    if let Err(error) = begin(call, &overlapped) {
        return answer(call, Err(error));
    }
    let mut net = kernel.net.lock();
    let mut effects = SocketEffects::default();
    let operation = NamedOperation { socket: name, what };
    let result = net.do_or_leave(&kernel.memory, call.cpu, operation, overlapped, &mut effects);
    kernel.sockets().retry_after_change(call.cpu, net, effects, now);
    answer(call, result)
}

/// Changes the sockets' state and retries the requests that the change may unblock.
pub fn change<R>(call: &mut Call, f: impl FnOnce(&mut Net) -> R) -> R {
    let kernel = call.kernel;
    let now = call.now();
    let mut net = kernel.net.lock();
    let result = f(&mut net);
    kernel.sockets().retry_after_change(call.cpu, net, SocketEffects::default(), now);
    result
}

/// Marks an overlapped structure as in progress and clears its event.
fn begin(call: &Call, overlapped: &Overlapped) -> Result<(), WsaError> {
    let memory = call.memory();
    overlapped.begin(memory)?;
    if let Some((_, body)) = &overlapped.event {
        call.kernel.dispatcher.reset_event(memory, *body)?;
    }
    Ok(())
}

/// Holds an event of a saved state again.
pub(crate) fn hold_event_again(objects: &Arc<Objects>, event: HeldEvent) -> Option<Arc<dyn EventHold>> {
    let held = objects.hold_again(HeldState::without_reference(event.position, event.body));
    held.ok().map(|held| Arc::new(held) as Arc<dyn EventHold>)
}

/// Returns a reference to an event, and its address; `None` if the event is gone.
pub fn hold_event(objects: &Arc<Objects>, body: GuestAddr) -> Option<(Arc<dyn EventHold>, GuestAddr)> {
    objects.hold(body).map(|held| (Arc::new(held) as Arc<dyn EventHold>, body))
}

/// Reads the `WSAOVERLAPPED` at `at` for the calling thread.
pub fn overlapped_of(call: &Call, at: GuestAddr, routine: GuestAddr) -> Result<Overlapped, WsaError> {
    let event: Handle = call.memory().read(at.offset(overlapped_field::EVENT))?;
    let event = if event == Handle::NULL || !routine.is_null() {
        None
    } else {
        let object = call.kernel.objects.resolve_kind(event, ObjectKind::Event)?;
        hold_event(&call.kernel.objects, object.body())
    };
    Ok(Overlapped { at, thread_id: call.thread_id(), routine, event })
}

impl FromGuest for AddressOutput {
    fn from_guest(arguments: &mut Arguments) -> Self {
        Self { at: FromGuest::from_guest(arguments), length: FromGuest::from_guest(arguments) }
    }
}

/// Shown as its two arguments.
impl Show for AddressOutput {
    fn show(&self, _: &GuestMemory, out: &mut String) {
        let _ = write!(out, "{:?}, length={:?}", self.at, self.length);
    }
}
