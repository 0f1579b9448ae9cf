//! Asynchronous calls of `xam`: the `XOVERLAPPED` structure that reports completion.
//!
//! A call with such a structure does its work at once, marks the structure as pending, and returns
//! `IO_PENDING`. The result is reported [`DELAY`] later, because titles break that find it complete
//! when their call returns. Dialogs report when they are answered.
//!
//! One lock protects the start and the completion of all structures, including their events,
//! completion routines and waiters. So if a title finds its result and uses the structure again,
//! the new event is signalled only by the new call.

mod state;

pub(crate) use state::RequestsState;

use crate::abi::{Call, Flow, Handle, ProcessorMode, WaiterResult};
use crate::objects::dispatcher::Dispatcher;
use crate::objects::{ObjectKind, ObjectRef, Objects};
use crate::status::failure::Fallible;
use crate::thread::apc::{Apc, ApcQueues, ApcSource};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Release};
use xenia_guest::{GuestAddr, HResult, Win32Error};
use xenia_limits::Limit;
use xenia_memory::GuestMemory;
use xenia_sched::{Alertable, BlockReason, Cpu, GuestTicks, TICKS_PER_SECOND, ThreadRef, Wait, WakeResult};
use xenia_sync::{Level, Mutex, MutexGuard};

/// Guest time from a call to its completion: longer than titles need to return from the call and
/// start to wait.
pub const DELAY: GuestTicks = TICKS_PER_SECOND / 1000;
/// `due` while no request is pending.
const NEVER: GuestTicks = GuestTicks::MAX;
/// Length reported for requests that are refused before they start.
const NO_LENGTH: u32 = u32::MAX;

/// Offsets in `XOVERLAPPED`.
mod field {
    pub(super) const RESULT: u32 = 0;
    pub(super) const LENGTH: u32 = 4;
    pub(super) const CONTEXT: u32 = 8;
    pub(super) const EVENT: u32 = 0xC;
    pub(super) const ROUTINE: u32 = 0x10;
    pub(super) const EXTENDED_ERROR: u32 = 0x18;
}

/// Result of an asynchronous call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Completed {
    pub result: Win32Error,
    /// Number of bytes or items.
    pub length: u32,
    /// Reports a failure in two steps: the structure's result is `FUNCTION_FAILED`, the reason its
    /// extended error.
    wraps_failure: bool,
}

impl Completed {
    /// A result without a length.
    pub fn with(result: Win32Error) -> Self {
        Self { result, length: 0, wraps_failure: false }
    }

    /// A result as content, enumerators and profiles report it: the reason for a failure is only in
    /// the extended error.
    pub fn wrapped(result: Win32Error, length: u32) -> Self {
        Self { result, length, wraps_failure: true }
    }

    /// Like [`Self::wrapped`], for a request that is refused before it starts; titles recognise
    /// that by the length.
    pub fn refused(result: Win32Error) -> Self {
        Self::wrapped(result, NO_LENGTH)
    }

    /// Returns the values for all fields of the structure.
    pub fn to_fields(self) -> OverlappedFields {
        let Self { result, length, .. } = self;
        OverlappedFields { result: self.result_field().0, extended: result.to_hresult(), length }
    }

    /// Returns the value of the structure's result field.
    fn result_field(self) -> Win32Error {
        let is_failure = self.result != Win32Error::SUCCESS;
        if self.wraps_failure && is_failure { Win32Error::FUNCTION_FAILED } else { self.result }
    }
}

/// Completes a call through its overlapped structure, or directly if it has none. Returns the
/// call's result.
pub fn complete(
    call: &mut Call,
    overlapped: Option<GuestAddr>,
    completed: Completed,
) -> Fallible<Win32Error> {
    let Some(at) = overlapped else { return Ok(completed.result) };
    finish_later(call, at, completed.to_fields())?;
    Ok(Win32Error::IO_PENDING)
}

/// Fields of an overlapped structure on completion.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct OverlappedFields {
    /// An error code, or an `HRESULT`.
    pub result: u32,
    /// The result as an `HRESULT`, or the reason for the failure.
    pub extended: HResult,
    /// Number of bytes or items.
    pub length: u32,
}

/// A structure that is to be completed.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Pending {
    due: GuestTicks,
    at: GuestAddr,
    thread_id: u32,
    fields: OverlappedFields,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Waiter {
    at: GuestAddr,
    thread: ThreadRef,
    wants: WaiterResult,
}

/// State behind the lock of [`Requests`].
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct OverlappedCalls {
    /// Sorted by due time.
    pending: VecDeque<Pending>,
    /// Threads that wait for structures without an event, each at most once.
    waiters: Vec<Waiter>,
}

/// Pending calls, and the threads that wait for them.
#[derive(Debug)]
pub struct Requests {
    calls: Mutex<OverlappedCalls>,
    /// Due time of the first pending call; written under the lock only.
    due: AtomicU64,
}

impl Requests {
    /// Creates an empty list. Its lock is taken after the listeners' and before the dispatcher's.
    pub(crate) fn new(ordinal: u32) -> Self {
        let calls = Mutex::numbered(Level::Dispatcher, ordinal, OverlappedCalls::default());
        Self { calls, due: AtomicU64::new(NEVER) }
    }

    /// Guest time of the next completion. Takes no lock.
    pub fn next_due(&self) -> Option<GuestTicks> {
        Some(self.due.load(Acquire)).filter(|due| *due != NEVER)
    }

    fn lock(&self) -> MutexGuard<'_, OverlappedCalls> {
        self.calls.lock()
    }

    fn set_due(&self, calls: &OverlappedCalls) {
        self.due.store(calls.pending.front().map_or(NEVER, |first| first.due), Release);
    }

    /// Writes the pending calls for kernel digests; writes no line if there are none.
    pub fn describe(&self, line: &mut dyn FnMut(&str)) {
        let calls = self.lock();
        for Pending { due, at, thread_id, fields } in &calls.pending {
            let OverlappedFields { result, extended, length } = fields;
            // Digests must not change, so the name in them stays.
            let fields = format!("Told {{ result: {result}, extended: {extended:?}, length: {length} }}");
            line(&format!("overlapped {at} {due} {thread_id} {fields}"));
        }
        for Waiter { at, thread, wants } in &calls.waiters {
            line(&format!("overlapped {at} {thread:?} {wants:?}"));
        }
    }
}

/// Fails if a call's overlapped structure has an invalid event. As on the console, calls with
/// effects check this first, because a title assumes that a refused call has had no effect.
pub fn admit(call: &Call, overlapped: Option<GuestAddr>) -> Fallible<()> {
    overlapped.map_or(Ok(()), |at| signalled_event(call, at).map(|_| ()))
}

/// The event that a structure's completion signals.
fn signalled_event<'k>(call: &Call<'k>, at: GuestAddr) -> Fallible<Option<ObjectRef<'k>>> {
    let event = event_of(call, at)?;
    event.map(|event| call.kernel.objects.resolve_kind(event, ObjectKind::Event)).transpose()
}

/// Stores the extended error of a structure whose call is refused.
pub fn set_extended_error(call: &Call, at: GuestAddr, error: u32) -> Fallible<()> {
    Ok(call.memory().write(at.offset(field::EXTENDED_ERROR), error)?)
}

/// Returns the word of a structure that identifies its request: the handle of the thread that made
/// it, or the block of a request that the title's library carries out.
pub fn context_of(call: &Call, at: GuestAddr) -> Option<GuestAddr> {
    call.memory().read(at.offset(field::CONTEXT)).ok()
}

/// Marks a call's overlapped structure as pending and clears its event, which titles reuse.
pub fn begin(call: &Call, at: GuestAddr) -> Fallible<()> {
    let _calls = call.kernel.requests.lock();
    begin_locked(call, at)
}

fn begin_locked(call: &Call, at: GuestAddr) -> Fallible<()> {
    let memory = call.memory();
    let event = signalled_event(call, at)?;
    let context = call.kernel.objects.handle_of(call.kthread()?).unwrap_or(Handle::CURRENT_THREAD);
    memory.write(at.offset(field::CONTEXT), context)?;
    memory.write(at.offset(field::RESULT), Win32Error::IO_PENDING.0)?;
    if let Some(event) = event {
        call.kernel.dispatcher.reset_event(memory, event.body())?;
    }
    Ok(())
}

/// Marks a call's overlapped structure as pending, and schedules its completion.
pub fn finish_later(call: &mut Call, at: GuestAddr, fields: OverlappedFields) -> Fallible<()> {
    let kernel = call.kernel;
    let mut calls = kernel.requests.lock();
    begin_locked(call, at)?;
    let due = call.now().saturating_add(DELAY);
    let thread_id = call.thread_id();
    if kernel.limits.admit(Limit::OverlappedCalls, calls.pending.len()).is_err() {
        // The call's work is done already, so the limit must not make it fail: complete it at once.
        return kernel.overlapped_requests().complete(call.cpu, &mut calls, thread_id, at, fields);
    }
    let place = calls.pending.partition_point(|other| other.due <= due);
    calls.pending.insert(place, Pending { due, at, thread_id, fields });
    kernel.requests.set_due(&calls);
    drop(calls);
    call.cpu.notify_time_keeper();
    Ok(())
}

/// Fills an overlapped structure, signals its event and queues its routine to the thread that made
/// the request, which the structure names; without such a name, to the calling thread.
pub fn finish(call: &mut Call, at: GuestAddr, fields: OverlappedFields) -> Fallible<()> {
    let own = call.thread_id();
    let context = call.memory().read::<Handle>(at.offset(field::CONTEXT));
    let named = context.ok().and_then(|context| call.kernel.thread_life().resolve(context, own).ok());
    let thread_id = named.map_or(own, |(id, _)| id);
    call.kernel.overlapped_requests().finish(call.cpu, thread_id, at, fields)
}

/// Makes the thread wait until a structure is complete; returns the call's result if it is already.
pub fn wait_for(call: &mut Call, at: GuestAddr, wants: WaiterResult) -> Fallible<Flow<Win32Error>> {
    let kernel = call.kernel;
    let mut calls = kernel.requests.lock();
    if is_pending(call, at)? {
        let thread = call.thread();
        call.cpu.open_wait(thread, Alertable::No)?;
        calls.waiters.push(Waiter { at, thread, wants });
        return Ok(Flow::Block(Wait::forever(BlockReason::Overlapped)));
    }
    let (result, length) = outcome(call, at)?;
    let memory = call.memory();
    Ok(Flow::Return(match wants {
        WaiterResult::Result(to) => {
            if let Some(to) = to {
                memory.write(to, length)?;
            }
            result
        }
        WaiterResult::End => Win32Error::SUCCESS,
    }))
}

/// Completion of overlapped structures: their fields, events, routines and waiters.
#[derive(Clone, Copy)]
pub struct OverlappedRequests<'k> {
    pub(crate) memory: &'k GuestMemory,
    pub(crate) requests: &'k Requests,
    pub(crate) objects: &'k Objects,
    pub(crate) dispatcher: &'k Dispatcher,
    pub(crate) apcs: ApcQueues<'k>,
}

impl OverlappedRequests<'_> {
    /// Completes the structures that are due.
    pub(crate) fn poll(&self, cpu: &mut dyn Cpu) {
        let now = cpu.now();
        if self.requests.due.load(Acquire) > now {
            return;
        }
        let mut calls = self.requests.lock();
        let due = calls.pending.partition_point(|pending| pending.due <= now);
        let due: Vec<Pending> = calls.pending.drain(..due).collect();
        for Pending { at, thread_id, fields, .. } in due {
            if let Err(failure) = self.complete(cpu, &mut calls, thread_id, at, fields) {
                tracing::debug!(target: "kernel", "can't complete the overlapped structure at {at}: {failure}");
            }
        }
        self.requests.set_due(&calls);
    }

    /// Like the function [`finish`], for a call that this thread made earlier.
    pub(crate) fn finish(
        &self,
        cpu: &mut dyn Cpu,
        thread_id: u32,
        at: GuestAddr,
        fields: OverlappedFields,
    ) -> Fallible<()> {
        self.complete(cpu, &mut self.requests.lock(), thread_id, at, fields)
    }

    /// Completes a structure and resumes its waiters, even if the structure's memory is gone.
    fn complete(
        &self,
        cpu: &mut dyn Cpu,
        calls: &mut OverlappedCalls,
        thread_id: u32,
        at: GuestAddr,
        fields: OverlappedFields,
    ) -> Fallible<()> {
        let structure = self.store_fields(cpu, thread_id, at, fields);
        for Waiter { thread, wants, .. } in calls.waiters.extract_if(.., |waiter| waiter.at == at) {
            let result = match wants {
                WaiterResult::Result(length) => {
                    if let Some(length) = length
                        && let Err(fault) = self.memory.write(length, fields.length)
                    {
                        tracing::debug!(target: "kernel", "can't store the length of a call: {fault}");
                    }
                    fields.result
                }
                WaiterResult::End => Win32Error::SUCCESS.0,
            };
            if let Err(error) = cpu.wake(thread, WakeResult::unboosted(result.into())) {
                tracing::debug!(target: "kernel", "the thread waiting for a call no longer exists: {error}");
            }
        }
        structure
    }

    /// Writes the result after the other words, so that a title that polls it finds them complete.
    /// Looks the event up before, because a title that finds the result may close the handle.
    fn store_fields(
        &self,
        cpu: &mut dyn Cpu,
        thread_id: u32,
        at: GuestAddr,
        fields: OverlappedFields,
    ) -> Fallible<()> {
        let memory = self.memory;
        let event: Handle = memory.read(at.offset(field::EVENT))?;
        let routine: GuestAddr = memory.read(at.offset(field::ROUTINE))?;
        let event = if event == Handle::NULL {
            Ok(None)
        } else {
            self.objects.resolve_kind(event, ObjectKind::Event).map(Some)
        };
        memory.write(at.offset(field::LENGTH), fields.length)?;
        memory.write(at.offset(field::EXTENDED_ERROR), fields.extended.0)?;
        memory.write(at.offset(field::RESULT), fields.result)?;
        let signalled = event.and_then(|event| match event {
            Some(event) => self.dispatcher.set_event(memory, cpu, event.body(), 0).map(|_| ()),
            None => Ok(()),
        });
        if !routine.is_null() {
            let args = [u64::from(fields.result), u64::from(fields.length), u64::from(at.0)];
            let apc = Apc::new(ApcSource::Kernel, routine, args);
            self.apcs.queue(cpu, thread_id, ProcessorMode::User, apc)?;
        }
        signalled
    }
}

/// Returns whether a structure's call is still pending.
pub fn is_pending(call: &Call, at: GuestAddr) -> Fallible<bool> {
    Ok(call.memory().read::<u32>(at.offset(field::RESULT))? == Win32Error::IO_PENDING.0)
}

/// Returns the event that a structure signals on completion, if it has one.
pub fn event_of(call: &Call, at: GuestAddr) -> Fallible<Option<Handle>> {
    let event: Handle = call.memory().read(at.offset(field::EVENT))?;
    Ok((event != Handle::NULL).then_some(event))
}

/// Returns a structure's extended error.
pub fn extended_error(call: &Call, at: GuestAddr) -> Fallible<HResult> {
    Ok(HResult(call.memory().read(at.offset(field::EXTENDED_ERROR))?))
}

/// Returns a structure's result and length.
pub fn outcome(call: &Call, at: GuestAddr) -> Fallible<(Win32Error, u32)> {
    let result = call.memory().read(at.offset(field::RESULT))?;
    Ok((Win32Error(result), call.memory().read(at.offset(field::LENGTH))?))
}
