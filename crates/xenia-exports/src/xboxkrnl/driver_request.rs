//! Calls of a title's drivers: a request is passed to the driver's function. The call that made the
//! request continues when the function has returned, and again after a wait for completion.
//!
//! A completed request first calls the completion routines of the drivers that have passed it on
//! ([`super::irp_stack`]). Each may keep the request, by `MORE_PROCESSING_REQUIRED`.
//!
//! A file is closed in two steps, as on NT: the driver gets a cleanup request with the last handle,
//! and a close request with the last reference. Requests that are under way have references, so the
//! close request may be sent from the driver's own call of `IoCompleteRequest`.
//!
//! A request owns a reference to its file, without a file to its device. `send` hands it over,
//! `finish` takes it back and passes it to `release`; if the call has left, `complete` does. If the
//! call's wait fails, the later of both does. The steps of a call:
//!
//! | `DriverStep` | the guest runs | the step owns | next |
//! |---|---|---|---|
//! | `Function` | the driver's function | nothing | `proceed`: leave, `Wait` or `finish` |
//! | `Wait` | a wait for the end | nothing | `proceed`: `finish` |
//! | `Completion` | a completion routine | nothing | `complete`: the next one, or the report |
//! | `Deletion` | the driver's function for a deleted device | the device | it is dropped |
//! | `Result` | any other function of the driver | nothing | its result is that of the call |

use super::irp_stack::{self, CompletionStep};
use crate::abi::{Call, Continuation, DriverStep, ExportResumption, Flow, GuestCall, Handle, IntoFlow, Out};
use crate::files::IoStatus;
use crate::files::Reply;
use crate::files::drivers::{
    DriverAnswer, DriverCall, DriverProgress, FilePhase, NewRequest, RequestPurpose,
};
use crate::kernel_function::kernel_function;
use crate::objects::{ObjectKind, ObjectRef};
use crate::status::failure::{Failure, Fallible};
use xenia_guest::layout::{device_object, driver_object, file_object, irp, major};
use xenia_guest::{Buffer, GuestAddr, NtStatus};

/// Result of a completion routine that keeps the request.
const MORE_PROCESSING_REQUIRED: NtStatus = NtStatus(0xC000_0016);

/// Whether a device's driver may be called: a scratch disk's never is.
pub(super) fn is_callable(call: &Call, device: GuestAddr) -> bool {
    let object = call.kernel.objects.by_pointer(device);
    object.is_some_and(|object| object.kind() == ObjectKind::Device)
        && !call.kernel.files.lock().is_disk_device(device)
}

/// The driver's file that a handle names, if it names one.
pub(super) fn file_of<'a>(call: &Call<'a>, handle: Handle) -> Option<ObjectRef<'a>> {
    let object = call.kernel.objects.resolve(handle).ok()?;
    (object.kind() == ObjectKind::DriverFile).then_some(object)
}

/// A request without parameters, whose end is reported nowhere.
pub(super) fn plain<'a>(
    call: &Call,
    device: GuestAddr,
    file: GuestAddr,
    major: u8,
    purpose: RequestPurpose,
) -> Fallible<NewRequest<'a>> {
    let reply = Reply {
        thread_id: call.thread_id(),
        file,
        event: None,
        apc_routine: GuestAddr::NULL,
        apc_context: 0,
        status_block: GuestAddr::NULL,
    };
    Ok(NewRequest {
        device,
        major,
        flags: 0,
        parameters: [0; 4],
        buffer: Buffer::default(),
        pages: &[],
        name: None,
        allocation: 0,
        purpose,
        reply,
        kthread: call.kthread()?,
    })
}

/// Sends a request to the driver. The caller owns a reference to the file, or for an internal
/// request to the device, which the request takes over if it is made.
pub(super) fn send(call: &mut Call, new: &NewRequest<'_>) -> Fallible<Flow<NtStatus>> {
    let DriverCall { packet, function } = call.kernel.file_requests().make_driver_request(new)?;
    if function.is_null() {
        return proceed(call, packet, Some(NtStatus::INVALID_DEVICE_REQUEST));
    }
    let args = vec![u64::from(new.device.0), u64::from(packet.0)];
    Ok(guest_call(function, args, DriverStep::Function { packet }))
}

/// Sends a request without a file to a device; takes the reference that it needs.
pub(super) fn send_to_device(call: &mut Call, new: &NewRequest<'_>) -> Fallible<Flow<NtStatus>> {
    call.kernel.objects.reference(new.device)?;
    let sent = send(call, new);
    if sent.is_err() {
        call.kernel.dereference(new.device)?;
    }
    sent
}

/// Sends a request on an open file; takes the reference that it needs.
pub(super) fn send_on_file(call: &mut Call, new: &NewRequest<'_>) -> Fallible<Flow<NtStatus>> {
    let file = new.reply.file;
    call.kernel.objects.reference(file)?;
    let sent = send(call, new);
    if sent.is_err() {
        call.kernel.dereference(file)?;
    }
    sent
}

fn guest_call<T>(function: GuestAddr, args: Vec<u64>, step: DriverStep) -> Flow<T> {
    let then = Continuation::Export(ExportResumption::DriverRequest(step));
    Flow::CallGuest(GuestCall { args, ..GuestCall::new(function, then) })
}

/// Continues a call after a driver's function, or a wait, has returned `result`.
pub(crate) fn after_guest_call(call: &mut Call, step: DriverStep, result: u64) -> Flow {
    let returned = NtStatus(result as u32);
    match step {
        DriverStep::Function { packet } => proceed(call, packet, Some(returned)).into_flow(),
        // The title has damaged the event: nothing would ever end the wait.
        DriverStep::Wait { packet } if returned.is_error() => {
            match call.kernel.file_requests().abandon_driver_request(packet) {
                Some(owned) => release_object(call, owned, returned).into_flow(),
                None => returned.into_flow(),
            }
        }
        DriverStep::Wait { packet } => proceed(call, packet, None).into_flow(),
        DriverStep::Deletion { device, result } => {
            call.kernel.dereference(device).map(|()| result).into_flow()
        }
        DriverStep::Completion { result, .. } if returned == MORE_PROCESSING_REQUIRED => result.into_flow(),
        DriverStep::Completion { packet, boost, result } => complete(call, packet, boost, result).into_flow(),
        DriverStep::Result => returned.into_flow(),
    }
}

/// Completes a request with the end in its IRP, then returns `result`. The threads that wait for it
/// get a priority boost. Memory that is neither a request of the kernel nor one made by a driver is
/// not touched.
pub(super) fn complete(
    call: &mut Call,
    packet: GuestAddr,
    boost: u8,
    result: NtStatus,
) -> Fallible<Flow<NtStatus>> {
    // A driver may have written anything into the IRP: then no routine is called.
    let step = irp_stack::ascend(call.memory(), packet).unwrap_or(CompletionStep::NoRequest);
    if let CompletionStep::Call(routine) = step {
        let args = [routine.device.0, packet.0, routine.context].map(u64::from).to_vec();
        return Ok(guest_call(routine.pc, args, DriverStep::Completion { packet, boost, result }));
    }
    if call.kernel.files.lock().drivers.request(packet).is_some() {
        return match call.kernel.file_requests().complete_driver_request(call.cpu, packet, boost) {
            Some(owned) => release_object(call, owned, result),
            None => Ok(Flow::Return(result)),
        };
    }
    if step == CompletionStep::Top
        && let Err(failure) = irp_stack::report_end(call, packet, boost)
    {
        tracing::debug!(target: "kernel", "the end of a driver's own request {packet}: {failure}");
    }
    Ok(Flow::Return(result))
}

/// Ends a request that a driver does not handle.
pub(super) fn refuse(call: &mut Call, packet: GuestAddr) -> Fallible<Flow<NtStatus>> {
    let status = NtStatus::INVALID_DEVICE_REQUEST;
    let is_kernels = call.kernel.files.lock().drivers.request(packet).is_some();
    if is_kernels || irp_stack::is_on_its_way(call.memory(), packet) {
        call.memory().write(packet.offset(irp::IO_STATUS), status.0)?;
        call.memory().write(packet.offset(irp::IO_STATUS + 4), 0_u32)?;
    }
    complete(call, packet, 0, status)
}

/// Calls a driver's function for a request that a driver passes on; its result is that of the call.
pub(super) fn pass(function: GuestAddr, device: GuestAddr, packet: GuestAddr) -> Flow<NtStatus> {
    guest_call(function, vec![device.0.into(), packet.0.into()], DriverStep::Result)
}

fn proceed(call: &mut Call, packet: GuestAddr, returned: Option<NtStatus>) -> Fallible<Flow<NtStatus>> {
    match call.kernel.file_requests().after_driver(call.cpu, packet, returned)? {
        DriverProgress::Left(status) => Ok(Flow::Return(status)),
        DriverProgress::Over(answer) => finish(call, answer),
        DriverProgress::Wait(event) => {
            let wait = kernel_function(call, "KeWaitForSingleObject")?;
            let args = vec![u64::from(event.0), 0, 0, 0, 0];
            Ok(guest_call(wait, args, DriverStep::Wait { packet }))
        }
    }
}

/// Ends the call of a request that is over.
fn finish(call: &mut Call, answer: DriverAnswer) -> Fallible<Flow<NtStatus>> {
    let DriverAnswer { request, status, information } = answer;
    let file = request.reply.file;
    match request.purpose {
        RequestPurpose::Open { handle } => finish_open(call, Out::new(handle), answer),
        RequestPurpose::Transfer | RequestPurpose::Query => release(call, file, status),
        RequestPurpose::Internal { returned } => {
            call.kernel.dereference(request.device)?;
            if status.is_success() && !returned.is_null() {
                call.memory().write(returned, information)?;
            }
            Ok(Flow::Return(status))
        }
        RequestPurpose::Cleanup { result } => {
            set_flag(call, file, file_object::flag::CLEANUP_COMPLETE);
            release(call, file, result)
        }
        RequestPurpose::Close { result } => finish_close(call, request.device, file, result),
    }
}

fn set_flag(call: &Call, file: GuestAddr, flag: u8) {
    let at = file.offset(file_object::FLAGS);
    if let Ok(flags) = call.memory().read::<u8>(at) {
        // The body is kernel memory, which can be written as long as the object exists.
        let _ = call.memory().write(at, flags | flag);
    }
}

fn set_phase(call: &Call, file: GuestAddr, phase: FilePhase) -> Fallible<()> {
    call.kernel.files.lock().drivers.file_mut(file)?.phase = phase;
    Ok(())
}

/// Ends an open: stores the handle and the status block.
fn finish_open(call: &mut Call, out: Out<Handle>, answer: DriverAnswer) -> Fallible<Flow<NtStatus>> {
    let DriverAnswer { request, status, information } = answer;
    let file = request.reply.file;
    let mut outcome = IoStatus { status, information };
    let mut opened = None;
    if status.is_success() {
        set_phase(call, file, FilePhase::Open)?;
        match call.kernel.objects.open(file) {
            Ok(made) => {
                opened = Some(made);
                set_flag(call, file, file_object::flag::HANDLE_CREATED);
            }
            Err(failure) => {
                // The driver has opened the file: it is notified of the close, without a handle.
                set_phase(call, file, FilePhase::CleanedUp)?;
                outcome = IoStatus { status: failure.status(), information: 0 };
            }
        }
    }
    let stored = out.set(call.memory(), opened.unwrap_or(Handle::CURRENT_PROCESS)).map_err(Failure::from);
    match (stored, opened) {
        (Err(failure), Some(handle)) => {
            // The handle has a separate reference, and the title has not received it.
            call.kernel.dereference(file)?;
            close(call, handle, failure.status())
        }
        (stored, _) => {
            let written = stored.and_then(|()| outcome.write(call.memory(), request.reply.status_block));
            release(call, file, written.map_or_else(Failure::status, |()| outcome.status))
        }
    }
}

/// Drops a reference to a driver's file. If it is the last one, and the driver has the file open,
/// the driver is notified first. The call then returns `result`.
pub(super) fn release(call: &mut Call, file: GuestAddr, result: NtStatus) -> Fallible<Flow<NtStatus>> {
    if file.is_null() || call.kernel.objects.dereference_unless_last(file)? {
        call.kernel.run_deferred_deletions();
        return Ok(Flow::Return(result));
    }
    let device = {
        let mut files = call.kernel.files.lock();
        let found = files.drivers.file_mut(file).ok().filter(|found| found.phase == FilePhase::CleanedUp);
        found.map(|found| {
            found.phase = FilePhase::Closed;
            found.device
        })
    };
    let Some(device) = device else {
        call.kernel.dereference(file)?;
        return Ok(Flow::Return(result));
    };
    let sent = plain(call, device, file, major::CLOSE, RequestPurpose::Close { result })
        .and_then(|new| send(call, &new));
    match sent {
        Ok(flow) => Ok(flow),
        Err(failure) => {
            tracing::debug!(target: "kernel", "a driver was not notified that its file is closed: {failure}");
            finish_close(call, device, file, result)
        }
    }
}

/// Destroys a file, and its device if that was deleted in the meantime.
fn finish_close(
    call: &mut Call,
    device: GuestAddr,
    file: GuestAddr,
    result: NtStatus,
) -> Fallible<Flow<NtStatus>> {
    call.kernel.objects.reference(device)?;
    // A wait for the file keeps only its memory.
    if let Err(failure) = call.kernel.file_requests().remove_driver_file(file) {
        tracing::debug!(target: "kernel", "a closed file had lost an object: {failure}");
    }
    call.kernel.dereference(file)?;
    let is_deleted = call.memory().read::<u8>(device.offset(device_object::DELETE_PENDING)).unwrap_or(0) != 0;
    if is_deleted && !call.kernel.files.lock().drivers.has_files_on(device) {
        return delete(call, device, result);
    }
    call.kernel.dereference(device)?;
    Ok(Flow::Return(result))
}

/// Drops a reference to a device that is deleted and has no open files, after its driver is
/// notified.
fn delete(call: &mut Call, device: GuestAddr, result: NtStatus) -> Fallible<Flow<NtStatus>> {
    match function_of(call, device, driver_object::DELETE_DEVICE) {
        Some(function) => {
            let step = DriverStep::Deletion { device, result };
            Ok(guest_call(function, vec![u64::from(device.0)], step))
        }
        None => call.kernel.dereference(device).map(|()| Flow::Return(result)),
    }
}

/// A function of a device's driver, if there is one.
fn function_of(call: &Call, device: GuestAddr, offset: u32) -> Option<GuestAddr> {
    let driver: GuestAddr = call.memory().read(device.offset(device_object::DRIVER)).ok()?;
    call.memory().read(driver.offset(offset)).ok().filter(|function: &GuestAddr| !function.is_null())
}

/// Calls a function of a device's driver with the device; its result is that of the call, or
/// success if there is no such function.
pub(super) fn call_driver(call: &Call, device: GuestAddr, offset: u32) -> Flow<NtStatus> {
    match function_of(call, device, offset) {
        Some(function) => guest_call(function, vec![u64::from(device.0)], DriverStep::Result),
        None => Flow::Return(NtStatus::SUCCESS),
    }
}

/// Closes a handle, which may be that of a driver's file. The call then returns `result`.
pub(crate) fn close(call: &mut Call, handle: Handle, result: NtStatus) -> Fallible<Flow<NtStatus>> {
    let object = call.kernel.objects.resolve(handle).ok().map(|object| (object.kind(), object.body()));
    let Some((ObjectKind::DriverFile, body)) = object else {
        if let Some((ObjectKind::File, body)) = object {
            let now = call.kernel.clock.system_time(call.now());
            call.kernel.files.lock().note_package_change(body, now);
        }
        call.kernel.close(handle)?;
        return Ok(Flow::Return(result));
    };
    call.kernel.objects.reference(body)?;
    if let Err(failure) = call.kernel.close(handle) {
        call.kernel.dereference(body)?;
        return Err(failure);
    }
    let has_handles = call.kernel.objects.counts(body).is_some_and(|counts| counts.handles > 0);
    let device = {
        let mut files = call.kernel.files.lock();
        let found = files.drivers.file_mut(body).ok();
        let found = found.filter(|found| !has_handles && found.phase == FilePhase::Open);
        found.map(|found| {
            found.phase = FilePhase::CleanedUp;
            found.device
        })
    };
    let sent = match device {
        Some(device) => plain(call, device, body, major::CLEANUP, RequestPurpose::Cleanup { result })
            .and_then(|new| send(call, &new)),
        None => return release(call, body, result),
    };
    match sent {
        Ok(flow) => Ok(flow),
        Err(_) => release(call, body, result),
    }
}

/// Drops a reference to an object, which may be a driver's file. The call then returns `result`.
fn release_object(call: &mut Call, object: GuestAddr, result: NtStatus) -> Fallible<Flow<NtStatus>> {
    let kind = call.kernel.objects.by_pointer(object).map(|object| object.kind());
    if kind == Some(ObjectKind::DriverFile) {
        return release(call, object, result);
    }
    call.kernel.dereference(object).map(|()| Flow::Return(result))
}

/// Drops a title's reference to an object, which may be a driver's file.
pub(super) fn dereference(call: &mut Call, object: GuestAddr) -> Fallible<Flow<()>> {
    Ok(release_object(call, object, NtStatus::SUCCESS)?.map(|_| ()))
}

/// Deletes a device: at once, or after its last file is closed.
pub(super) fn delete_device(call: &mut Call, device: GuestAddr) -> Fallible<Flow<NtStatus>> {
    let (is_drivers, has_files) = {
        let mut files = call.kernel.files.lock();
        let is_disk = files.is_disk_device(device);
        files.drivers.unname_device(device);
        (!is_disk, files.drivers.has_files_on(device))
    };
    let pending = device.offset(device_object::DELETE_PENDING);
    if is_drivers && call.memory().read::<u8>(pending)? != 0 {
        return Ok(Flow::Return(NtStatus::SUCCESS));
    }
    call.memory().write(pending, 1_u8)?;
    if is_drivers && !has_files {
        return delete(call, device, NtStatus::SUCCESS);
    }
    call.kernel.dereference(device).map(|()| Flow::Return(NtStatus::SUCCESS))
}
