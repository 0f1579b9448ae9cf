//! Requests on open files of a title's drivers: the exports for files send these instead of using
//! this emulator's files.

use super::driver_request::{file_of, plain, send, send_on_file};
use super::nt_file_information::{answer, class, keep_port};
use crate::abi::{
    Call, Continuation, ExportResumption, Flow, GuestCall, Handle, IntoFlow, ObjectAttributes, Out, Ptr,
};
use crate::files::drivers::{NewFile, NewRequest, RequestPurpose};
use crate::files::{IoArguments, IoStatus, PortKey};
use crate::objects::ObjectRef;
use crate::status::failure::{Failure, Fallible};
use xenia_guest::layout::{file_object, irp, major};
use xenia_guest::{Buffer, GuestAddr, NtStatus, code_page};
use xenia_vfs::CreateDisposition;

/// Arguments of an open.
#[derive(Clone, Copy)]
pub(super) struct Open {
    pub(super) handle: Out<Handle>,
    pub(super) attributes: Option<Ptr<ObjectAttributes>>,
    pub(super) status_block: GuestAddr,
    pub(super) access: u32,
    pub(super) share: u32,
    pub(super) disposition: u32,
    pub(super) options: u32,
    pub(super) allocation: Option<Ptr<u64>>,
    pub(super) file_attributes: u32,
}

/// Parameters of a request on an open file.
pub(super) struct FileRequest {
    pub(super) major: u8,
    pub(super) flags: u8,
    pub(super) parameters: [u32; 4],
    pub(super) buffer: Buffer,
}

impl FileRequest {
    /// A request of this kind without parameters.
    pub(super) fn new(major: u8) -> Self {
        Self { major, flags: 0, parameters: [0; 4], buffer: Buffer::default() }
    }
}

/// Opens a file on a driver's device. `None`: the name does not lead to one.
pub(super) fn open(call: &mut Call, request: &Open) -> Fallible<Option<Flow<NtStatus>>> {
    if call.kernel.files.lock().drivers.is_unused() {
        return Ok(None);
    }
    let memory = call.memory();
    let attributes = request.attributes.ok_or(NtStatus::INVALID_PARAMETER)?.read(memory)?;
    let name = attributes.path(memory)?.unwrap_or_default();
    let (device, rest, related) = match attributes.root_directory {
        Handle::NULL | ObjectAttributes::DOS_DEVICES => {
            let found = call.kernel.files.lock().driver_device(&name);
            let Some((device, rest)) = found else { return Ok(None) };
            (device, rest, GuestAddr::NULL)
        }
        handle => {
            let Some(root) = file_of(call, handle) else { return Ok(None) };
            let file = call.kernel.files.lock().drivers.file(root.body())?;
            (file.device, name, root.body())
        }
    };
    match send_open(call, request, device, related, &code_page::encode_lossy(&rest)) {
        Ok(flow) => Ok(Some(flow)),
        Err(failure @ Failure::Fault(_)) => Err(failure),
        Err(Failure::Status(status)) => {
            request.handle.set(memory, Handle::CURRENT_PROCESS)?;
            IoStatus { status, information: 0 }.write(memory, request.status_block)?;
            Ok(Some(Flow::Return(status)))
        }
    }
}

fn send_open(
    call: &mut Call,
    request: &Open,
    device: GuestAddr,
    related: GuestAddr,
    name: &[u8],
) -> Fallible<Flow<NtStatus>> {
    let &Open { access, options, share, file_attributes, .. } = request;
    CreateDisposition::of(request.disposition).ok_or(NtStatus::INVALID_PARAMETER)?;
    let allocation = request.allocation.map(|size| size.read(call.memory())).transpose()?;
    let file = call.kernel.file_requests().make_driver_file(NewFile { device, access, related, options })?;
    let purpose = RequestPurpose::Open { handle: request.handle.addr() };
    let made = plain(call, device, file, major::CREATE, purpose).and_then(|mut new| {
        let choice = request.disposition << 24 | options;
        new.parameters = [access, choice, file_attributes << 16 | share & 0xFFFF, 0];
        new.name = Some(name);
        new.allocation = allocation.unwrap_or_default();
        new.reply.status_block = request.status_block;
        send(call, &new)
    });
    if made.is_err() {
        call.kernel.dereference(file)?;
    }
    made
}

/// The request on a file that `object` is, without the places where its end is reported.
fn on_file<'a>(
    call: &Call,
    object: &ObjectRef,
    request: &FileRequest,
    purpose: RequestPurpose,
) -> Fallible<NewRequest<'a>> {
    let device = call.kernel.files.lock().drivers.file(object.body())?.device;
    let new = plain(call, device, object.body(), request.major, purpose)?;
    let &FileRequest { major: _, flags, parameters, buffer } = request;
    Ok(NewRequest { flags, parameters, buffer, ..new })
}

/// Sends a request whose end is reported as that of a transfer.
pub(super) fn request(
    call: &mut Call,
    arguments: IoArguments,
    object: &ObjectRef,
    request: &FileRequest,
) -> Fallible<Flow<NtStatus>> {
    request_with_pages(call, arguments, object, request, &[])
}

/// Like [`request`], with pages instead of a buffer if there are any.
fn request_with_pages(
    call: &mut Call,
    arguments: IoArguments,
    object: &ObjectRef,
    request: &FileRequest,
    pages: &[Buffer],
) -> Fallible<Flow<NtStatus>> {
    let mut new = on_file(call, object, request, RequestPurpose::Transfer)?;
    let thread_id = call.thread_id();
    let (reply, _event) = arguments.reply(call.kernel.file_requests(), thread_id, object.body())?;
    new.reply = reply;
    new.pages = pages;
    send_on_file(call, &new)
}

/// Sends a request for whose end the call waits.
pub(super) fn wait_for(
    call: &mut Call,
    status_block: GuestAddr,
    object: &ObjectRef,
    request: &FileRequest,
) -> Fallible<Flow<NtStatus>> {
    let mut new = on_file(call, object, request, RequestPurpose::Query)?;
    new.reply.status_block = status_block;
    send_on_file(call, &new)
}

/// Sends a read or a write at an offset, or at the position of a synchronous file.
pub(super) fn transfer(
    call: &mut Call,
    arguments: IoArguments,
    object: &ObjectRef,
    kind: u8,
    buffer: Buffer,
    offset: Option<Ptr<u64>>,
) -> Fallible<Flow<NtStatus>> {
    let parameters = transfer_parameters(call, object, buffer.length, offset)?;
    request(call, arguments, object, &FileRequest { major: kind, flags: 0, parameters, buffer })
}

/// Like [`transfer`], with pages instead of a buffer.
pub(super) fn transfer_pages(
    call: &mut Call,
    arguments: IoArguments,
    object: &ObjectRef,
    kind: u8,
    pages: &[Buffer],
    offset: Option<Ptr<u64>>,
) -> Fallible<Flow<NtStatus>> {
    let length = pages.iter().map(|page| page.length).sum();
    let parameters = transfer_parameters(call, object, length, offset)?;
    let buffer = Buffer { at: GuestAddr::NULL, length };
    let request = FileRequest { major: kind, flags: 0, parameters, buffer };
    request_with_pages(call, arguments, object, &request, pages)
}

fn transfer_parameters(
    call: &Call,
    object: &ObjectRef,
    length: u32,
    offset: Option<Ptr<u64>>,
) -> Fallible<[u32; 4]> {
    let is_synchronous = call.kernel.files.lock().drivers.file(object.body())?.is_synchronous;
    let offset: u64 = match offset {
        Some(offset) => offset.read(call.memory())?,
        None if is_synchronous => call.memory().read(object.body().offset(file_object::POSITION))?,
        None => return Err(NtStatus::INVALID_PARAMETER.into()),
    };
    Ok([length, 0, (offset >> 32) as u32, offset as u32])
}

/// Queries a class of file information.
pub(super) fn query(
    call: &mut Call,
    object: &ObjectRef,
    status_block: GuestAddr,
    buffer: Buffer,
    class: u32,
) -> Fallible<Flow<NtStatus>> {
    if class == class::POSITION && call.kernel.files.lock().drivers.file(object.body())?.is_synchronous {
        let position: u64 = call.memory().read(object.body().offset(file_object::POSITION))?;
        return answer(call, status_block, buffer, &position.to_be_bytes()).map(Flow::Return);
    }
    let parameters = [buffer.length, class, 0, 0];
    let request = FileRequest { major: major::QUERY_INFORMATION, flags: 0, parameters, buffer };
    wait_for(call, status_block, object, &request)
}

/// Changes a class of file information.
pub(super) fn set(
    call: &mut Call,
    object: &ObjectRef,
    status_block: GuestAddr,
    buffer: Buffer,
    class: u32,
) -> Fallible<Flow<NtStatus>> {
    let memory = call.memory();
    let at = buffer.at;
    let own = match class {
        class::POSITION => {
            let position: u64 = memory.read(at)?;
            memory.write(object.body().offset(file_object::POSITION), position).map_err(Into::into)
        }
        class::COMPLETION => set_port(call, object.body(), memory.read(at)?, memory.read(at.offset(4))?),
        _ => {
            let parameters = [buffer.length, class, 0, 0];
            let request = FileRequest { major: major::SET_INFORMATION, flags: 0, parameters, buffer };
            return wait_for(call, status_block, object, &request);
        }
    };
    let outcome = IoStatus::of(own.map(|()| 0));
    outcome.write(memory, status_block)?;
    Ok(Flow::Return(outcome.status))
}

fn set_port(call: &Call, file: GuestAddr, port: Handle, key: u32) -> Fallible<()> {
    keep_port(call, port, |port| {
        call.kernel.files.lock().drivers.file_mut(file).and_then(|file| {
            if file.port.is_some() || file.is_synchronous {
                return Err(NtStatus::INVALID_PARAMETER.into());
            }
            file.port = Some(PortKey { port, key });
            Ok(())
        })
    })
}

/// Cancels the calling thread's requests on a file: marks each, and calls its cancel routine, which
/// the driver may have set. The driver completes the requests.
pub(super) fn cancel(call: &mut Call, file: GuestAddr, status_block: GuestAddr) -> Fallible<Flow<NtStatus>> {
    cancel_after(call, file, status_block, GuestAddr::NULL)
}

/// Continues [`cancel`] after a cancel routine.
pub(crate) fn after_cancel_routine(
    call: &mut Call,
    file: GuestAddr,
    status_block: GuestAddr,
    packet: GuestAddr,
) -> Flow {
    cancel_after(call, file, status_block, packet).into_flow()
}

fn cancel_after(
    call: &mut Call,
    file: GuestAddr,
    status_block: GuestAddr,
    mut last: GuestAddr,
) -> Fallible<Flow<NtStatus>> {
    let memory = call.memory();
    let thread_id = call.thread_id();
    loop {
        let next = {
            let files = call.kernel.files.lock();
            let found = files.drivers.next_pending(thread_id, file, last);
            found.and_then(|packet| Some((packet, files.drivers.request(packet)?.device)))
        };
        let Some((packet, device)) = next else { break };
        last = packet;
        memory.write(packet.offset(irp::CANCEL), 1_u8)?;
        let at = packet.offset(irp::CANCEL_ROUTINE);
        let routine: GuestAddr = memory.read(at)?;
        if !routine.is_null() {
            memory.write(at, GuestAddr::NULL)?;
            let then = Continuation::Export(ExportResumption::DriverCancel { file, status_block, packet });
            let args = vec![u64::from(device.0), u64::from(packet.0)];
            return Ok(Flow::CallGuest(GuestCall { args, ..GuestCall::new(routine, then) }));
        }
    }
    let outcome = IoStatus { status: NtStatus::SUCCESS, information: 0 };
    outcome.write(memory, status_block)?;
    Ok(Flow::Return(outcome.status))
}
