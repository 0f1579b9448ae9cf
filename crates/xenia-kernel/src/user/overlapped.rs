//! Asynchronous calls of `xam`: the `XOVERLAPPED` that says when one is complete.
//!
//! Calls complete at once, but for those that ask a user: the structure is filled, its event signalled and its routine queued before the call
//! returns `IO_PENDING`, which is what titles check for.

use crate::Kernel;
use crate::abi::{Call, Handle};
use crate::objects::ObjectKind;
use crate::status::failure::Fallible;
use crate::thread::apc::{Apc, ApcSource};
use crate::thread::deferred::Mode;
use xenia_guest::{GuestAddr, HResult, Win32Error};
use xenia_sched::Cpu;

/// Offsets in the structure.
mod field {
    pub(super) const RESULT: u32 = 0;
    pub(super) const LENGTH: u32 = 4;
    pub(super) const EVENT: u32 = 0xC;
    pub(super) const ROUTINE: u32 = 0x10;
    pub(super) const EXTENDED_ERROR: u32 = 0x18;
}

/// What an asynchronous call came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Completed {
    /// Its result.
    pub result: Win32Error,
    /// Bytes or items.
    pub length: u32,
    /// A failure is told in two steps: the structure's result is `FUNCTION_FAILED`, the reason its extended error.
    wraps_failure: bool,
}

impl Completed {
    /// A result without a length.
    pub fn with(result: Win32Error) -> Self {
        Self { result, length: 0, wraps_failure: false }
    }

    /// As content, enumerators and profiles tell it: the reason for a failure is the extended error alone.
    pub fn wrapped(result: Win32Error, length: u32) -> Self {
        Self { result, length, wraps_failure: true }
    }

    /// All that the structure says.
    pub fn as_told(self) -> Told {
        let Self { result, length, .. } = self;
        Told { result: self.told().0, extended: result.to_hresult(), length }
    }

    /// What the structure has for a result.
    fn told(self) -> Win32Error {
        let is_failure = self.result != Win32Error::SUCCESS;
        if self.wraps_failure && is_failure { Win32Error::FUNCTION_FAILED } else { self.result }
    }
}

/// Completes a call through its overlapped structure, or directly if it has none. Returns what the call returns.
pub fn complete(
    call: &mut Call,
    overlapped: Option<GuestAddr>,
    completed: Completed,
) -> Fallible<Win32Error> {
    let Some(at) = overlapped else { return Ok(completed.result) };
    finish(call, at, completed.as_told())?;
    Ok(Win32Error::IO_PENDING)
}

/// What an overlapped structure says of a call that is over.
#[derive(Clone, Copy, Debug)]
pub struct Told {
    /// An error, or an `HRESULT`.
    pub result: u32,
    /// The same, or the reason for it.
    pub extended: HResult,
    /// Bytes or items.
    pub length: u32,
}

/// A call's overlapped structure says that it is under way: its event, which titles use again and again, is not signalled.
pub fn begin(call: &Call, at: GuestAddr) -> Fallible<()> {
    let memory = call.memory();
    let event: Handle = memory.read(at.offset(field::EVENT))?;
    memory.write(at.offset(field::RESULT), Win32Error::IO_PENDING.0)?;
    if event != Handle::NULL {
        let event = call.kernel.objects.resolve_kind(event, ObjectKind::Event)?;
        call.kernel.dispatcher.reset_event(memory, event.body())?;
    }
    Ok(())
}

/// Fills an overlapped structure, signals its event and queues its routine.
pub fn finish(call: &mut Call, at: GuestAddr, told: Told) -> Fallible<()> {
    let thread_id = call.thread_id();
    finish_of(call.kernel, call.cpu, thread_id, at, told)
}

/// As [`finish`], for a call that this thread has made before.
pub fn finish_of(
    kernel: &Kernel,
    cpu: &mut dyn Cpu,
    thread_id: u32,
    at: GuestAddr,
    told: Told,
) -> Fallible<()> {
    let memory = &kernel.memory;
    let event: Handle = memory.read(at.offset(field::EVENT))?;
    let routine: GuestAddr = memory.read(at.offset(field::ROUTINE))?;
    memory.write(at.offset(field::LENGTH), told.length)?;
    memory.write(at.offset(field::EXTENDED_ERROR), told.extended.0)?;
    memory.write(at.offset(field::RESULT), told.result)?;
    if event != Handle::NULL {
        let event = kernel.objects.resolve_kind(event, ObjectKind::Event)?;
        kernel.dispatcher.set_event(memory, cpu, event.body(), 0)?;
    }
    if !routine.is_null() {
        let args = [u64::from(told.result), u64::from(told.length), u64::from(at.0)];
        let apc = Apc::new(ApcSource::Kernel, routine, args);
        kernel.queue_apc(cpu, thread_id, Mode::User, apc)?;
    }
    Ok(())
}

/// Whether what an overlapped structure is of is still under way.
pub fn is_pending(call: &Call, at: GuestAddr) -> Fallible<bool> {
    Ok(call.memory().read::<u32>(at.offset(field::RESULT))? == Win32Error::IO_PENDING.0)
}

/// The event that an overlapped structure's end signals; `None`: it has none.
pub fn event_of(call: &Call, at: GuestAddr) -> Fallible<Option<Handle>> {
    let event: Handle = call.memory().read(at.offset(field::EVENT))?;
    Ok((event != Handle::NULL).then_some(event))
}

/// The result and the length that an overlapped structure says.
pub fn outcome(call: &Call, at: GuestAddr) -> Fallible<(Win32Error, u32)> {
    let result = call.memory().read(at.offset(field::RESULT))?;
    Ok((Win32Error(result), call.memory().read(at.offset(field::LENGTH))?))
}
