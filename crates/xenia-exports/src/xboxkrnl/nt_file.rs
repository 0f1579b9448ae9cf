//! File access: opening, reading, writing and flushing (`NtCreateFile`, `NtOpenFile`, `NtRead*`,
//! `NtWrite*`, `NtFlushBuffersFile`).
//!
//! A request completes before the call returns, or later. On completion, the event is signalled,
//! then the APC queued, then the completion port notified. Unbuffered transfers on a handle that
//! was not opened for synchronous access get `PENDING` in both cases ([`crate::files`]).

use super::driver_file::{self, FileRequest, Open};
use super::driver_request;
use crate::abi::{Call, Flow, Handle, ObjectAttributes, Out, Ptr};
use crate::files::{Direction, IoArguments, IoStatus, OpenParameters, Reply, RequestedTransfer, scattered};
use crate::named_objects::store_handle;
use crate::objects::ObjectRef;
use crate::status::failure::{Failure, Fallible};
use xenia_guest::layout::major;
use xenia_guest::{Buffer, GuestAddr, NtStatus, PAGE_SIZE};
use xenia_kernel_macros::exports;
use xenia_vfs::CreateDisposition;

/// The exports for file access.
pub struct NtFile;

/// Maximum size in bytes of a scatter/gather transfer.
const MAX_SCATTER_SIZE: u32 = 0x2000_0000;

/// A file's name, and the open directory to which it is relative.
pub(super) fn name_of<'a>(
    call: &Call<'a>,
    attributes: Option<Ptr<ObjectAttributes>>,
) -> Fallible<(Option<ObjectRef<'a>>, String)> {
    let memory = call.memory();
    let attributes = attributes.ok_or(NtStatus::INVALID_PARAMETER)?.read(memory)?;
    let name = attributes.path(memory)?.unwrap_or_default();
    let root = match attributes.root_directory {
        Handle::NULL | ObjectAttributes::DOS_DEVICES => None,
        handle => Some(call.kernel.file_requests().resolve(handle)?),
    };
    Ok((root, name))
}

/// `IO_STATUS_BLOCK.Information` after a failed open.
fn failed_information(status: NtStatus) -> u32 {
    const EXISTS: u32 = 4;
    const DOES_NOT_EXIST: u32 = 5;
    match status {
        NtStatus::OBJECT_NAME_COLLISION => EXISTS,
        NtStatus::OBJECT_NAME_NOT_FOUND | NtStatus::OBJECT_PATH_NOT_FOUND => DOES_NOT_EXIST,
        _ => 0,
    }
}

fn open(call: &mut Call, request: Open) -> Fallible<Flow<NtStatus>> {
    if let Some(flow) = driver_file::open(call, &request)? {
        return Ok(flow);
    }
    let attempt = || {
        let (root, path) = name_of(call, request.attributes)?;
        let disposition = CreateDisposition::of(request.disposition).ok_or(NtStatus::INVALID_PARAMETER)?;
        let allocation = request.allocation.map(|size| size.read(call.memory())).transpose()?;
        call.kernel.file_requests().open(&OpenParameters {
            root: root.as_ref().map(ObjectRef::body),
            path: &path,
            access: request.access,
            share: request.share,
            disposition,
            options: request.options,
            allocation: allocation.unwrap_or_default(),
            attributes: request.file_attributes,
            now: call.kernel.clock.system_time(call.now()),
        })
    };
    let (handle, outcome) = match attempt() {
        Ok((handle, action)) => (handle, IoStatus { status: NtStatus::SUCCESS, information: action as u32 }),
        // A bad pointer is an error of the caller, not of the file.
        Err(failure @ Failure::Fault(_)) => return Err(failure),
        Err(Failure::Status(status)) => {
            (Handle::CURRENT_PROCESS, IoStatus { status, information: failed_information(status) })
        }
    };
    if outcome.status.is_success() {
        store_handle(call, handle, request.handle)?;
    } else {
        request.handle.set(call.memory(), handle)?;
    }
    outcome.write(call.memory(), request.status_block)?;
    Ok(Flow::Return(outcome.status))
}

/// Starts a transfer, which completes at once or later.
fn transfer(
    call: &mut Call,
    file: IoArguments,
    direction: Direction,
    offset: Option<Ptr<u64>>,
    pieces: impl FnOnce(&Call) -> Fallible<Vec<Buffer>>,
) -> Fallible<Flow<NtStatus>> {
    let request = file.resolve(call.kernel.file_requests())?;
    let offset = offset.map(|offset| offset.read(call.memory())).transpose()?;
    let pieces = pieces(call)?;
    if direction == Direction::Write
        && !call.kernel.file_requests().prepare_write(call.cpu, request.file.body(), offset, &pieces)?
    {
        return Ok(Flow::Repeat);
    }
    let thread_id = call.thread_id();
    let transfer = RequestedTransfer { direction, offset, pieces };
    call.kernel.file_requests().transfer(call.cpu, thread_id, &request, transfer).map(Flow::Return)
}

/// The number of a driver's function for transfers.
fn function_of(direction: Direction) -> u8 {
    match direction {
        Direction::Read => major::READ,
        Direction::Write => major::WRITE,
    }
}

/// The segments of a scatter/gather transfer.
fn segments(call: &Call, array: Ptr<GuestAddr>, length: u32) -> Fallible<Vec<Buffer>> {
    if length > MAX_SCATTER_SIZE {
        return Err(NtStatus::INVALID_PARAMETER.into());
    }
    let pages = (0..length.div_ceil(PAGE_SIZE)).map(|index| Ok(array.at(index).read(call.memory())?));
    Ok(scattered(&pages.collect::<Fallible<Vec<_>>>()?, length))
}

#[exports(xboxkrnl)]
impl NtFile {
    /// Opens or creates a file, directory or device.
    #[export(Done)]
    fn NtCreateFile(
        call: &mut Call,
        handle: Out<Handle>,
        access: u32,
        attributes: Option<Ptr<ObjectAttributes>>,
        status_block: GuestAddr,
        allocation: Option<Ptr<u64>>,
        file_attributes: u32,
        share: u32,
        disposition: u32,
        options: u32,
    ) -> Fallible<Flow<NtStatus>> {
        let request = Open {
            handle,
            attributes,
            status_block,
            access,
            share,
            disposition,
            options,
            allocation,
            file_attributes,
        };
        open(call, request)
    }

    /// Opens an existing file, directory or device.
    #[export(Done)]
    fn NtOpenFile(
        call: &mut Call,
        handle: Out<Handle>,
        access: u32,
        attributes: Option<Ptr<ObjectAttributes>>,
        status_block: GuestAddr,
        share: u32,
        options: u32,
    ) -> Fallible<Flow<NtStatus>> {
        let request = Open {
            handle,
            attributes,
            status_block,
            access,
            share,
            disposition: 1,
            options,
            allocation: None,
            file_attributes: 0,
        };
        open(call, request)
    }

    /// Reads from a file at an offset, or at the handle's position.
    #[export(Done, NtReadFile, Direction::Read)]
    /// Writes to a file at an offset, or at the handle's position.
    #[export(Done, NtWriteFile, Direction::Write)]
    fn transfer_buffer(
        call: &mut Call,
        direction: Direction,
        file: IoArguments,
        buffer: GuestAddr,
        length: u32,
        offset: Option<Ptr<u64>>,
    ) -> Fallible<Flow<NtStatus>> {
        let buffer = Buffer { at: buffer, length };
        // Files of a title's own device are its driver's.
        let Some(object) = driver_request::file_of(call, file.file()) else {
            return transfer(call, file, direction, offset, |_| Ok(vec![buffer]));
        };
        driver_file::transfer(call, file, &object, function_of(direction), buffer, offset)
    }

    /// Reads from a file into an array of pages (scatter). A title's own driver gets one buffer.
    #[export(Done, NtReadFileScatter, Direction::Read)]
    /// Writes an array of pages to a file (gather). A title's own driver gets one buffer.
    #[export(Done, NtWriteFileGather, Direction::Write)]
    fn transfer_pages(
        call: &mut Call,
        direction: Direction,
        file: IoArguments,
        pages: Ptr<GuestAddr>,
        length: u32,
        offset: Option<Ptr<u64>>,
    ) -> Fallible<Flow<NtStatus>> {
        let Some(object) = driver_request::file_of(call, file.file()) else {
            return transfer(call, file, direction, offset, |call| segments(call, pages, length));
        };
        let pages = segments(call, pages, length)?;
        driver_file::transfer_pages(call, file, &object, function_of(direction), &pages, offset)
    }

    /// Cancels the calling thread's pending requests on a file, and waits for a request that has
    /// already begun.
    #[export(Done)]
    fn NtCancelIoFile(call: &mut Call, file: Handle, status_block: GuestAddr) -> Fallible<Flow<NtStatus>> {
        if let Some(object) = driver_request::file_of(call, file) {
            return driver_file::cancel(call, object.body(), status_block);
        }
        let object = call.kernel.file_requests().resolve(file)?;
        let thread_id = call.thread_id();
        let body = object.body();
        let which = |reply: &Reply| reply.thread_id == thread_id && reply.file == body;
        call.kernel.file_requests().cancel(call.cpu, which);
        let outcome = IoStatus { status: NtStatus::SUCCESS, information: 0 };
        outcome.write(call.memory(), status_block)?;
        Ok(Flow::Return(outcome.status))
    }

    /// Flushes written data to permanent storage.
    #[export(Done)]
    fn NtFlushBuffersFile(
        call: &mut Call,
        file: Handle,
        status_block: GuestAddr,
    ) -> Fallible<Flow<NtStatus>> {
        if let Some(object) = driver_request::file_of(call, file) {
            return driver_file::wait_for(
                call,
                status_block,
                &object,
                &FileRequest::new(major::FLUSH_BUFFERS),
            );
        }
        let object = call.kernel.file_requests().resolve(file)?;
        let (stream, location) = {
            let files = call.kernel.files.lock();
            let file = files.get(object.body())?;
            (file.stream.clone(), file.location.clone())
        };
        let flushed =
            stream.flush().and_then(|()| Ok(call.kernel.files.lock().vfs.flush_metadata(&location)?));
        let outcome = IoStatus::of(flushed.map(|()| 0));
        outcome.write(call.memory(), status_block)?;
        Ok(Flow::Return(outcome.status))
    }

    /// Deletes a file by name.
    #[export(Done)]
    fn NtDeleteFile(call: &mut Call, attributes: Option<Ptr<ObjectAttributes>>) -> Fallible<NtStatus> {
        let (root, path) = name_of(call, attributes)?;
        let root = root.as_ref().map(ObjectRef::body);
        call.kernel.files.lock().delete(root, &path, call.kernel.clock.system_time(call.now()))?;
        Ok(NtStatus::SUCCESS)
    }
}
