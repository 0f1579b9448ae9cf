//! Requests to drivers: making of the IRP and of its file object, completion, and the report of the
//! end.

use super::pages::PagedTransfer;
use super::{DriverFile, DriverRequest, FilePhase, RequestProgress, RequestPurpose};
use crate::abi::ProcessorMode;
use crate::files::request::{FileRequests, IoStatus, Reply};
use crate::files::rights::{self, options};
use crate::files::{Completion, PortKey};
use crate::objects::ObjectKind;
use crate::objects::dispatcher::{initialize, kind};
use crate::status::failure::Fallible;
use crate::thread::apc::{Apc, ApcSource};
use xenia_guest::layout::device_object::flag;
use xenia_guest::layout::{
    device_object, dispatcher_header, driver_object, file_object, io_stack_location, irp, list_entry,
};
use xenia_guest::{Buffer, GuestAddr, NtStatus};
use xenia_limits::Limit;
use xenia_memory::MemoryFault;
use xenia_sched::Cpu;

/// Largest number of stack locations of a request.
pub const MAX_STACK: u8 = 16;

/// A request to make.
#[derive(Debug)]
pub struct NewRequest<'a> {
    /// Body of the device object.
    pub device: GuestAddr,
    /// Kind of request ([`xenia_guest::layout::major`]).
    pub major: u8,
    /// Flags of the kind.
    pub flags: u8,
    /// The parameters' words.
    pub parameters: [u32; 4],
    /// Caller's buffer and its length.
    pub buffer: Buffer,
    /// The caller's pages, if it has these instead of a buffer.
    pub pages: &'a [Buffer],
    /// Text whose string the last parameter points to: the rest of an open's name.
    pub name: Option<&'a [u8]>,
    /// Requested size of a new file.
    pub allocation: u64,
    /// Purpose of the request.
    pub purpose: RequestPurpose,
    /// Where the end is reported.
    pub reply: Reply,
    /// Body of the caller's thread object.
    pub kthread: GuestAddr,
}

/// The call of a driver for a request.
#[derive(Clone, Copy, Debug)]
pub struct DriverCall {
    /// The IRP of the request.
    pub packet: GuestAddr,
    /// The driver's function; null if it has none for this kind of request.
    pub function: GuestAddr,
}

/// A file object to make.
#[derive(Clone, Copy, Debug)]
pub struct NewFile {
    /// Body of the device object.
    pub device: GuestAddr,
    /// Rights that the open asks for.
    pub access: u32,
    /// Body of the open directory to which the name is relative, or null.
    pub related: GuestAddr,
    /// Options of the open ([`options`]).
    pub options: u32,
}

/// Next step of the call of a request, after the driver's function has returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DriverProgress {
    /// It waits for this event.
    Wait(GuestAddr),
    /// It returns this status; the driver completes the request later.
    Left(NtStatus),
    /// The request is over.
    Over(DriverAnswer),
}

/// A finished request, which is no longer in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DriverAnswer {
    /// The request, as the table had it.
    pub request: DriverRequest,
    /// Result of the call.
    pub status: NtStatus,
    /// Bytes transferred, or another value that the kind defines.
    pub information: u32,
}

/// Offset in a request's block of the event that its own call waits for.
fn event_at(stack: u8) -> u32 {
    (irp::SIZE + io_stack_location::SIZE * u32::from(stack)).next_multiple_of(8)
}

impl FileRequests<'_> {
    /// Makes the file object of an open on a driver's device, with one reference.
    pub fn make_driver_file(&self, new: NewFile) -> Fallible<GuestAddr> {
        let NewFile { device, access, options, .. } = new;
        rights::check(access, options, true)?;
        self.objects.reference(device)?;
        let body = match self.objects.create(self.pool, ObjectKind::DriverFile, file_object::SIZE) {
            Ok(body) => body,
            Err(failure) => {
                self.objects.dereference(device)?;
                return Err(failure);
            }
        };
        let is_synchronous = options & options::SYNCHRONOUS != 0;
        let file = DriverFile { device, is_synchronous, phase: FilePhase::Opening, port: None };
        let made = self.fill_file(body, new).and_then(|()| self.add_driver_file(body, file));
        if made.is_err() {
            self.objects.dereference(body)?;
            self.objects.dereference(device)?;
        }
        made.map(|()| body)
    }

    /// Adds a file to its device, if that can be opened.
    fn add_driver_file(&self, body: GuestAddr, file: DriverFile) -> Fallible<()> {
        let at = |offset| file.device.offset(offset);
        // Held until the file is counted: another thread may open or close one.
        let mut files = self.files.lock();
        let flags: u32 = self.memory.read(at(device_object::FLAGS))?;
        let opens: u32 = self.memory.read(at(device_object::REFERENCE_COUNT))?;
        if flags & flag::DO_DEVICE_INITIALIZING != 0
            || self.memory.read::<u8>(at(device_object::DELETE_PENDING))? != 0
        {
            return Err(NtStatus::NO_SUCH_DEVICE.into());
        }
        if flags & flag::DO_EXCLUSIVE != 0 && opens > 0 {
            return Err(NtStatus::ACCESS_DENIED.into());
        }
        let limits = files.limits.clone();
        files.drivers.insert_file(&limits, body, file)?;
        let counted = self.memory.write(at(device_object::REFERENCE_COUNT), opens.wrapping_add(1));
        if counted.is_err() {
            files.drivers.remove_file(body);
        }
        Ok(counted?)
    }

    /// Removes a file that is closed or deleted from its device, unless that was done before.
    pub fn remove_driver_file(&self, body: GuestAddr) -> Fallible<()> {
        let mut files = self.files.lock();
        let Some(file) = files.drivers.remove_file(body) else { return Ok(()) };
        let count = file.device.offset(device_object::REFERENCE_COUNT);
        let counted = self.memory.read::<u32>(count);
        note(counted.and_then(|opens| self.memory.write(count, opens.saturating_sub(1))).map_err(Into::into));
        drop(files);
        file.references().try_for_each(|referenced| self.objects.dereference(referenced))
    }

    fn fill_file(&self, body: GuestAddr, new: NewFile) -> Fallible<()> {
        use file_object::flag;
        let NewFile { device, related, options, .. } = new;
        let at = |offset| body.offset(offset);
        let flags = [
            (options::SYNCHRONOUS, flag::SYNCHRONOUS_IO),
            (options::NO_INTERMEDIATE_BUFFERING, flag::NO_INTERMEDIATE_BUFFERING),
            (options::SEQUENTIAL_ONLY, flag::SEQUENTIAL_ONLY),
        ];
        let set = flags.iter().filter(|(option, _)| options & option != 0);
        self.memory.write(body, file_object::TYPE_NUMBER)?;
        self.memory.write(at(file_object::FLAGS), set.fold(0, |flags, (_, flag)| flags | flag))?;
        self.memory.write(at(file_object::DEVICE), device)?;
        self.memory.write(at(file_object::RELATED), related)?;
        initialize(self.memory, at(file_object::LOCK), kind::AUTO_EVENT, dispatcher_header::SIZE, 1)?;
        initialize(self.memory, at(file_object::EVENT), kind::MANUAL_EVENT, dispatcher_header::SIZE, 0)
    }

    /// Makes the IRP of a request and enters it. The caller owns a reference to the file, without
    /// one to the device, which the request takes over.
    pub fn make_driver_request(&self, new: &NewRequest<'_>) -> Fallible<DriverCall> {
        let driver: GuestAddr = self.memory.read(new.device.offset(device_object::DRIVER))?;
        let function = driver.offset(driver_object::MAJOR_FUNCTIONS + 4 * u32::from(new.major));
        let function: GuestAddr = self.memory.read(function)?;
        let stack: u8 = self.memory.read(new.device.offset(device_object::STACK_SIZE))?;
        if stack > MAX_STACK {
            return Err(NtStatus::INSUFFICIENT_RESOURCES.into());
        }
        let stack = stack.max(1);
        let name_at = event_at(stack) + dispatcher_header::SIZE;
        let name_size = new.name.map_or(0, |name| 8 + name.len() as u32);
        {
            let files = self.files.lock();
            files.limits.admit(Limit::PendingTransfers, files.drivers.requests.len())?;
        }
        let packet = self.pool.allocate(name_at + name_size)?;
        let over = packet.offset(event_at(stack));
        let paged = match self.fill_block(packet, new, stack) {
            Ok(paged) => paged,
            Err(failure) => {
                self.pool.release(packet)?;
                return Err(failure);
            }
        };
        let &NewRequest { device, purpose, reply, .. } = new;
        let progress = RequestProgress::UnderWay;
        let request = DriverRequest { device, purpose, reply, over, progress, is_left: false };
        {
            let mut files = self.files.lock();
            files.drivers.requests.insert(packet, request);
            files.drivers.paged.extend(paged.map(|paged| (packet, paged)));
        }
        // A second request on the file loses the signal of the first, as on the console.
        for signal in signals(&request) {
            note(self.dispatcher.reset_event(self.memory, signal).map(|_| ()));
        }
        Ok(DriverCall { packet, function })
    }

    /// Fills the block of a request, and takes a reference to its event. Returns the buffer for its
    /// pages.
    fn fill_block(
        &self,
        packet: GuestAddr,
        new: &NewRequest<'_>,
        stack: u8,
    ) -> Fallible<Option<PagedTransfer>> {
        let paged = self.begin_pages(new)?;
        let at = paged.as_ref().map_or(new.buffer.at, |paged| paged.at);
        let new = NewRequest { buffer: Buffer { at, ..new.buffer }, ..*new };
        let filled = self.fill_request(packet, &new, stack).map_err(Into::into).and_then(|()| {
            let over = packet.offset(event_at(stack));
            initialize(self.memory, over, kind::MANUAL_EVENT, dispatcher_header::SIZE, 0)?;
            new.reply.event.map_or(Ok(()), |event| self.objects.reference(event))
        });
        if filled.is_err()
            && let Some(paged) = &paged
        {
            self.pool.release(paged.at)?;
        }
        filled.map(|()| paged)
    }

    fn fill_request(&self, packet: GuestAddr, new: &NewRequest<'_>, stack: u8) -> Result<(), MemoryFault> {
        let memory = self.memory;
        let at = |offset| packet.offset(offset);
        let size = irp::SIZE + io_stack_location::SIZE * u32::from(stack);
        memory.write(packet, irp::TYPE_NUMBER)?;
        memory.write(at(irp::OBJECT_SIZE), size as u16)?;
        memory.write(at(irp::THREAD_LIST + list_entry::FLINK), at(irp::THREAD_LIST))?;
        memory.write(at(irp::THREAD_LIST + list_entry::BLINK), at(irp::THREAD_LIST))?;
        memory.write(at(irp::STACK_COUNT), stack)?;
        memory.write(at(irp::CURRENT_LOCATION), stack)?;
        memory.write(at(irp::USER_BUFFER), new.buffer.at)?;
        memory.write(at(irp::USER_STATUS_BLOCK), new.reply.status_block)?;
        memory.write(at(irp::USER_EVENT), new.reply.event.unwrap_or_default())?;
        let overlay = match new.purpose {
            RequestPurpose::Transfer => {
                u64::from(new.reply.apc_routine.0) << 32 | u64::from(new.reply.apc_context)
            }
            _ => new.allocation,
        };
        memory.write(at(irp::OVERLAY), overlay)?;
        let flags: u32 = memory.read(new.device.offset(device_object::FLAGS))?;
        if flags & flag::DO_DIRECT_IO != 0 {
            memory.write(at(irp::LOCKED_BUFFER_LENGTH), new.buffer.length)?;
        }
        memory.write(at(irp::THREAD), new.kthread)?;
        memory.write(at(irp::ORIGINAL_FILE), new.reply.file)?;
        let location = at(size - io_stack_location::SIZE);
        memory.write(at(irp::CURRENT_STACK_LOCATION), location)?;
        memory.write(location.offset(io_stack_location::MAJOR), new.major)?;
        memory.write(location.offset(io_stack_location::FLAGS), new.flags)?;
        let mut parameters = new.parameters;
        if let Some(name) = new.name {
            let string = at(event_at(stack) + dispatcher_header::SIZE);
            let length = name.len() as u16;
            memory.write(string, length)?;
            memory.write(string.offset(2), length)?;
            memory.write(string.offset(4), string.offset(8))?;
            memory.write_bytes(string.offset(8), name)?;
            parameters[3] = string.0;
        }
        for (parameter, word) in (0..).zip(parameters) {
            memory.write(location.offset(io_stack_location::PARAMETERS + 4 * parameter), word)?;
        }
        memory.write(location.offset(io_stack_location::DEVICE), new.device)?;
        memory.write(location.offset(io_stack_location::FILE), new.reply.file)
    }

    /// Completes a request, whose driver has stored the end in the IRP; the threads that wait for
    /// it get a priority boost. Returns the body of the object whose reference the caller must
    /// release; `None` if the call of the request releases it, or if no driver has such a request.
    pub fn complete_driver_request(
        &self,
        cpu: &mut dyn Cpu,
        packet: GuestAddr,
        boost: u8,
    ) -> Option<GuestAddr> {
        let status = self.memory.read(packet.offset(irp::IO_STATUS)).map(NtStatus).unwrap_or_default();
        let information = self.memory.read(packet.offset(irp::IO_STATUS + 4)).unwrap_or_default();
        let request = {
            let mut files = self.files.lock();
            let request = files.drivers.requests.get_mut(&packet)?;
            if request.progress != RequestProgress::UnderWay {
                return None;
            }
            request.progress = RequestProgress::Ending;
            *request
        };
        // The pages are filled before anything reports the end.
        self.end_pages(packet, if status.is_error() { 0 } else { information });
        self.report_driver_end(cpu, &request, IoStatus { status, information }, boost);
        note(self.dispatcher.set_event(self.memory, cpu, request.over, boost).map(|_| ()));
        let progress = RequestProgress::Over { status, information };
        self.change_driver_request(packet, |request| request.progress = progress)
    }

    /// Changes a request, and frees it if it is then over and no call waits for it. Returns the
    /// body of the object whose reference the caller must release.
    fn change_driver_request(
        &self,
        packet: GuestAddr,
        change: impl FnOnce(&mut DriverRequest),
    ) -> Option<GuestAddr> {
        let mut files = self.files.lock();
        let request = files.drivers.requests.get_mut(&packet)?;
        change(request);
        let request = *request;
        let RequestProgress::Over { status, .. } = request.progress else { return None };
        if !request.is_left {
            return None;
        }
        // No call opens a handle to the file: its driver gets a close request without a cleanup.
        if matches!(request.purpose, RequestPurpose::Open { .. })
            && status.is_success()
            && let Ok(file) = files.drivers.file_mut(request.reply.file)
        {
            file.phase = FilePhase::CleanedUp;
        }
        drop(files);
        self.forget_driver_request(packet).map(|request| request.owned())
    }

    /// Reports the end of a request to its caller: the status block, the file's and the caller's
    /// event, the APC and the completion port.
    fn report_driver_end(&self, cpu: &mut dyn Cpu, request: &DriverRequest, outcome: IoStatus, boost: u8) {
        let reply = &request.reply;
        if !matches!(request.purpose, RequestPurpose::Transfer | RequestPurpose::Query) {
            return;
        }
        let IoStatus { status, information } = outcome;
        // The steps are independent: a failure of one does not stop the others.
        note(outcome.write(self.memory, reply.status_block));
        note(self.memory.write(reply.file.offset(file_object::FINAL_STATUS), status.0).map_err(Into::into));
        for signal in signals(request) {
            note(self.dispatcher.set_event(self.memory, cpu, signal, boost).map(|_| ()));
        }
        if status.is_error() || request.purpose != RequestPurpose::Transfer {
            return;
        }
        let routine = GuestAddr(reply.apc_routine.0 & !1);
        if !routine.is_null() {
            let args = [u64::from(reply.apc_context), u64::from(reply.status_block.0), 0];
            let apc = Apc::new(ApcSource::Kernel, routine, args);
            note(self.apcs.queue(cpu, reply.thread_id, ProcessorMode::User, apc).map(|_| ()));
        }
        let port = self.files.lock().drivers.file(reply.file).ok().and_then(|file| file.port);
        if let (Some(PortKey { port, key }), context @ 1..) = (port, reply.apc_context) {
            let completion = Completion { key, context, status: status.0, information };
            note(self.post_completion(cpu, port, completion));
        }
    }

    /// Continues the call of a request after the driver's function has returned `returned`, or,
    /// with `None`, after a wait for the end. A function that returns a final status without having
    /// completed the request completes it with that status.
    pub fn after_driver(
        &self,
        cpu: &mut dyn Cpu,
        packet: GuestAddr,
        returned: Option<NtStatus>,
    ) -> Fallible<DriverProgress> {
        let request = self.files.lock().drivers.request(packet).ok_or(NtStatus::INVALID_PARAMETER)?;
        let is_pending = returned.is_none_or(|status| status == NtStatus::PENDING);
        let is_over = matches!(request.progress, RequestProgress::Over { .. });
        if let Some(status) = returned.filter(|_| !is_pending && !is_over) {
            note(self.memory.write(packet.offset(irp::IO_STATUS), status.0).map_err(Into::into));
            self.complete_driver_request(cpu, packet, 0);
        }
        let may_leave = request.purpose == RequestPurpose::Transfer && returned.is_some() && {
            !self.files.lock().drivers.file(request.reply.file)?.is_synchronous
        };
        let request = {
            let mut files = self.files.lock();
            let request = files.drivers.requests.get_mut(&packet).ok_or(NtStatus::INVALID_PARAMETER)?;
            // Left under the lock under which it is not over: another host thread may complete it,
            // and exactly one of both must free it.
            request.is_left |= may_leave && !matches!(request.progress, RequestProgress::Over { .. });
            *request
        };
        let RequestProgress::Over { status: end, information } = request.progress else {
            let left = DriverProgress::Left(NtStatus::PENDING);
            return Ok(if may_leave { left } else { DriverProgress::Wait(request.over) });
        };
        self.forget_driver_request(packet);
        let status = match returned {
            Some(status) if !is_pending => status,
            _ if may_leave => NtStatus::PENDING,
            _ => end,
        };
        Ok(DriverProgress::Over(DriverAnswer { request, status, information }))
    }

    /// Handles the end of a thread, as far as its requests to drivers go.
    pub(in crate::files) fn end_driver_requests_of(&self, thread_id: u32) {
        let over = self.files.lock().drivers.end_of_thread(thread_id);
        for request in over.into_iter().filter_map(|packet| self.forget_driver_request(packet)) {
            note(self.objects.dereference(request.owned()));
        }
    }

    /// Leaves a request to its driver: no call waits for it any more. If it is over already,
    /// returns the body of the object whose reference the caller must release.
    #[must_use]
    pub fn abandon_driver_request(&self, packet: GuestAddr) -> Option<GuestAddr> {
        self.change_driver_request(packet, |request| request.is_left = true)
    }

    /// Removes a finished request, and frees its IRP.
    fn forget_driver_request(&self, packet: GuestAddr) -> Option<DriverRequest> {
        let request = self.files.lock().drivers.requests.remove(&packet)?;
        if let Some(event) = request.reply.event {
            note(self.objects.dereference(event));
        }
        note(self.pool.release(packet));
        Some(request)
    }
}

/// The events that the end of a request signals.
fn signals(request: &DriverRequest) -> impl Iterator<Item = GuestAddr> {
    let file = Some(request.reply.file).filter(|file| !file.is_null());
    let has_file = matches!(request.purpose, RequestPurpose::Transfer | RequestPurpose::Query);
    let file = file.filter(|_| has_file).map(|file| file.offset(file_object::EVENT));
    [file, request.reply.event].into_iter().flatten()
}

/// Logs the failure of one step of a report.
pub(super) fn note(step: Fallible<()>) {
    if let Err(failure) = step {
        tracing::debug!(target: "kernel", "end of a driver's request: {failure}");
    }
}
