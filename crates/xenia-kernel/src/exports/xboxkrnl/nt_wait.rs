//! Waiting for objects by handle (`NtWait*`, `NtSignalAndWait*`).

use crate::abi::{Call, Flow, Handle, Ptr};
use crate::exports::waiting::{Timeout, wait};
use crate::objects::ObjectKind;
use crate::objects::dispatcher::MAXIMUM_WAIT_OBJECTS;
use crate::status::failure::Fallible;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_kernel_macros::exports;

/// See the module's documentation.
pub struct NtWait;

/// The object that a wait for a handle is for; the current-thread handle included. One without a state of its own, such as
/// a symbolic link, has its type's default object, which is always signalled.
fn resolve(call: &Call, handle: Handle) -> Fallible<GuestAddr> {
    if handle == Handle::CURRENT_THREAD {
        return Ok(call.kthread()?);
    }
    let (body, kind) = {
        let objects = call.kernel.objects.lock();
        let body = objects.resolve(handle)?;
        (body, objects.kind(body))
    };
    if kind.is_some_and(ObjectKind::begins_with_header) { Ok(body) } else { call.kernel.default_object() }
}

/// Waits for objects of handles, and keeps them from going while it does.
fn wait_holding(
    call: &mut Call,
    objects: &[GuestAddr],
    all: bool,
    alertable: bool,
    timeout: Timeout,
) -> Fallible<Flow<NtStatus>> {
    let flow = wait(call, objects, all, alertable, timeout)?;
    if matches!(flow, Flow::Block(_)) {
        let mut held = Vec::new();
        {
            let mut books = call.kernel.objects.lock();
            for &body in objects {
                // The default object is nobody's, and a body that the guest has freed has no count to raise.
                if books.kind(body).is_some() && books.reference(call.memory(), body).is_ok() {
                    held.push(body);
                }
            }
        }
        call.kernel.dispatcher.lock().hold(call.thread(), held);
    }
    Ok(flow)
}

#[exports(xboxkrnl)]
impl NtWait {
    /// Waits for one object.
    #[export(Done)]
    fn NtWaitForSingleObjectEx(
        call: &mut Call,
        handle: Handle,
        _mode: u32,
        alertable: bool,
        timeout: Timeout,
    ) -> Fallible<Flow<NtStatus>> {
        let object = resolve(call, handle)?;
        wait_holding(call, &[object], false, alertable, timeout)
    }

    /// Waits for all (type 0) or one (type 1) of up to 64 objects; the status is the index of the one.
    #[export(Done)]
    fn NtWaitForMultipleObjectsEx(
        call: &mut Call,
        count: u32,
        handles: Ptr<Handle>,
        wait_type: u32,
        _mode: u32,
        alertable: bool,
        timeout: Timeout,
    ) -> Fallible<Flow<NtStatus>> {
        if count == 0 || count > MAXIMUM_WAIT_OBJECTS {
            return Ok(Flow::Return(NtStatus::INVALID_PARAMETER_1));
        }
        if wait_type > 1 {
            return Ok(Flow::Return(NtStatus::INVALID_PARAMETER_3));
        }
        let mut objects = Vec::new();
        for index in 0..count {
            let handle = handles.at(index).read(call.memory())?;
            objects.push(resolve(call, handle)?);
        }
        wait_holding(call, &objects, wait_type == 0, alertable, timeout)
    }

    /// Signals an event, semaphore or mutant, and waits for another object.
    #[export(Done)]
    fn NtSignalAndWaitForSingleObjectEx(
        call: &mut Call,
        signal: Handle,
        wait_for: Handle,
        alertable: bool,
        _mode: u32,
        timeout: Timeout,
    ) -> Fallible<Flow<NtStatus>> {
        let object = resolve(call, wait_for)?;
        let (signal, kind) = {
            let objects = call.kernel.objects.lock();
            let signal = objects.resolve(signal)?;
            (signal, objects.kind(signal))
        };
        let kthread = call.kthread()?;
        {
            let memory = &call.kernel.memory;
            let mut dispatcher = call.kernel.dispatcher.lock();
            match kind {
                Some(ObjectKind::Event) => {
                    dispatcher.set_event(memory, call.cpu, signal, 1)?;
                }
                Some(ObjectKind::Semaphore) => {
                    let released = dispatcher.release_semaphore(memory, call.cpu, signal, 1, 1)?;
                    if released.is_none() {
                        return Ok(Flow::Return(NtStatus::SEMAPHORE_LIMIT_EXCEEDED));
                    }
                }
                Some(ObjectKind::Mutant) => {
                    dispatcher.release_mutant(memory, call.cpu, signal, kthread, 1)?;
                }
                _ => return Ok(Flow::Return(NtStatus::OBJECT_TYPE_MISMATCH)),
            }
        }
        wait_holding(call, &[object], false, alertable, timeout)
    }
}
