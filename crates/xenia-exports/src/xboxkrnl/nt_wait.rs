//! Waits for objects by handle (`NtWait*`, `NtSignalAndWait*`).

use crate::abi::{Call, Flow, Handle, ProcessorMode, Ptr};
use crate::objects::dispatcher::{Held, MAX_WAIT_OBJECTS, WaitSet, WaitType};
use crate::objects::{ObjectKind, ObjectRef};
use crate::status::failure::Fallible;
use crate::thread::waiting::{KeepAlive, Timeout, WaitRequest, deadline, signal_and_wait, wait};
use xenia_guest::{GuestAddr, NtStatus};
use xenia_kernel_macros::exports;
use xenia_sched::Cpu;

/// The exports for waits for objects by handle.
pub struct NtWait;

/// Status of a wait-all that names an object twice.
const INVALID_PARAMETER_MIX: NtStatus = NtStatus(0xC000_0030);

/// The object to wait for, given a handle or the current-thread pseudo handle. An object without a
/// signal state, such as a symbolic link, is replaced by its type's default object, which is always
/// signalled. The returned reference keeps the object alive until the wait begins.
fn resolve<'a>(call: &Call<'a>, handle: Handle) -> Fallible<(GuestAddr, Option<ObjectRef<'a>>)> {
    if handle == Handle::CURRENT_THREAD {
        return Ok((call.kthread()?, None));
    }
    let object = call.kernel.objects.resolve(handle)?;
    let body = match object.kind().signal_offset() {
        Some(offset) => object.body().offset(offset),
        None => call.kernel.objects.default_object(&call.kernel.pool)?,
    };
    Ok((body, Some(object)))
}

#[exports(xboxkrnl)]
impl NtWait {
    /// Waits for one object.
    #[export(Done)]
    fn NtWaitForSingleObjectEx(
        call: &mut Call,
        handle: Handle,
        mode: u32,
        alertable: bool,
        timeout: Timeout,
    ) -> Fallible<Flow<NtStatus>> {
        let (body, _object) = resolve(call, handle)?;
        let deadline = deadline(call, timeout)?;
        let set = WaitSet::one(&body);
        let alertable = ProcessorMode::of(mode).interruptions(alertable);
        wait(call, WaitRequest { set, alertable, deadline, keep: KeepAlive::Counted })
    }

    /// Waits for all (type 0) or any (type 1) of up to 64 objects. The status of a wait-any is the
    /// index of the object. A wait-all must not name an object twice.
    #[export(Done)]
    fn NtWaitForMultipleObjectsEx(
        call: &mut Call,
        count: u32,
        handles: Ptr<Handle>,
        wait_type: u32,
        mode: u32,
        alertable: bool,
        timeout: Timeout,
    ) -> Fallible<Flow<NtStatus>> {
        if count == 0 || count > MAX_WAIT_OBJECTS {
            return Ok(Flow::Return(NtStatus::INVALID_PARAMETER_1));
        }
        let Some(wait_type) = WaitType::of(wait_type) else {
            return Ok(Flow::Return(NtStatus::INVALID_PARAMETER_3));
        };
        let mut bodies = Vec::new();
        let mut objects = Vec::new();
        for index in 0..count {
            let handle = handles.at(index).read(call.memory())?;
            let (body, object) = resolve(call, handle)?;
            bodies.push(body);
            objects.push(object);
        }
        let comes_twice = |(index, body)| bodies[..index].contains(body);
        if wait_type == WaitType::All && bodies.iter().enumerate().any(comes_twice) {
            return Ok(Flow::Return(INVALID_PARAMETER_MIX));
        }
        let deadline = deadline(call, timeout)?;
        let set = WaitSet { objects: &bodies, wait_type };
        let alertable = ProcessorMode::of(mode).interruptions(alertable);
        wait(call, WaitRequest { set, alertable, deadline, keep: KeepAlive::Counted })
    }

    /// Signals an event, semaphore or mutant, and waits for another object.
    #[export(Done)]
    fn NtSignalAndWaitForSingleObjectEx(
        call: &mut Call,
        signal: Handle,
        wait_for: Handle,
        mode: u32,
        alertable: bool,
        timeout: Timeout,
    ) -> Fallible<Flow<NtStatus>> {
        let (body, _object) = resolve(call, wait_for)?;
        let object = call.kernel.objects.resolve(signal)?;
        let signal = object.body();
        let kthread = call.kthread()?;
        let memory = call.memory();
        let signals = |held: &mut Held<'_>, cpu: &mut dyn Cpu| match object.kind() {
            ObjectKind::Event => held.set_event(memory, cpu, signal, 1).map(|_| ()),
            ObjectKind::Semaphore => {
                let released = held.release_semaphore(memory, cpu, signal, 1, 1)?;
                released.map(|_| ()).ok_or(NtStatus::SEMAPHORE_LIMIT_EXCEEDED.into())
            }
            ObjectKind::Mutant => held.release_mutant(memory, cpu, signal, kthread, 1).map(|_| ()),
            _ => Err(NtStatus::OBJECT_TYPE_MISMATCH.into()),
        };
        let deadline = deadline(call, timeout)?;
        let set = WaitSet::one(&body);
        let alertable = ProcessorMode::of(mode).interruptions(alertable);
        let request = WaitRequest { set, alertable, deadline, keep: KeepAlive::Counted };
        signal_and_wait(call, signal, signals, request)
    }
}
