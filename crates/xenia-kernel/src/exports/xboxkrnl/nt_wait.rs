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

/// The object behind a handle; the current-thread handle included.
fn resolve(call: &Call, handle: Handle) -> Fallible<GuestAddr> {
    if handle == Handle::CURRENT_THREAD {
        return Ok(call.kthread()?);
    }
    call.kernel.objects.lock().resolve(handle)
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
        wait(call, &[object], false, alertable, timeout)
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
        if count == 0 || count > MAXIMUM_WAIT_OBJECTS || wait_type > 1 {
            return Ok(Flow::Return(NtStatus::INVALID_PARAMETER));
        }
        let mut objects = Vec::new();
        for index in 0..count {
            let handle = handles.at(index).read(call.memory())?;
            objects.push(resolve(call, handle)?);
        }
        wait(call, &objects, wait_type == 0, alertable, timeout)
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
        let (signal, kind, object) = {
            let objects = call.kernel.objects.lock();
            let signal = objects.resolve(signal)?;
            (signal, objects.kind(signal), objects.resolve(wait_for)?)
        };
        let kthread = call.kthread()?;
        {
            let memory = &call.kernel.memory;
            let mut dispatcher = call.kernel.dispatcher.lock();
            match kind {
                Some(ObjectKind::Event) => {
                    dispatcher.set_event(memory, call.scheduler, signal, 1)?;
                }
                Some(ObjectKind::Semaphore) => {
                    let released = dispatcher.release_semaphore(memory, call.scheduler, signal, 1, 1)?;
                    if released.is_none() {
                        return Ok(Flow::Return(NtStatus::SEMAPHORE_LIMIT_EXCEEDED));
                    }
                }
                Some(ObjectKind::Mutant) => {
                    dispatcher.release_mutant(memory, call.scheduler, signal, kthread, 1)?;
                }
                _ => return Ok(Flow::Return(NtStatus::OBJECT_TYPE_MISMATCH)),
            }
        }
        wait(call, &[object], false, alertable, timeout)
    }
}
