//! Creation of file objects, and completion of requests: status block, event, APC, completion port.
//!
//! A request that fails within its call writes the status block and signals, too, as in
//! xenia-canary; NT does so only for some synchronous ones, such as a read behind the end. The file
//! is signalled also if the request has an event; NT signals only a synchronous file then. The
//! console's own behaviour is not known. Errors of handles, rights and arguments, of queries of a
//! file or its volume, and of unknown codes of device control are only returned, as Wine's tests of
//! NT (`dlls/ntdll/tests/file.c`) record for offsets.

use super::{
    Completion, FILE_OBJECT, Files, OpenParameters, PortKey, Receiver, RequestTables, Stream, TransferQueue,
};
use crate::abi::{Arguments, FromGuest, Handle, ProcessorMode, Show};
use crate::objects::dispatcher::{Dispatcher, initialize, kind};
use crate::objects::{KernelPool, ObjectKind, ObjectRef, Objects};
use crate::ports::Clock;
use crate::status::failure::Fallible;
use crate::thread::apc::{Apc, ApcQueues, ApcSource};
use serde::{Deserialize, Serialize};
use std::fmt::Write;
use std::sync::Arc;
use xenia_guest::layout::dispatcher_header;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_memory::GuestMemory;
use xenia_sched::{Cpu, WakeResult};
use xenia_sync::Mutex;
use xenia_vfs::OpenAction;

/// A request: its file, and where to report completion.
#[derive(Debug)]
pub struct IoRequest<'a> {
    pub file: ObjectRef<'a>,
    /// Event to signal, if any.
    pub event: Option<ObjectRef<'a>>,
    /// APC routine for the requesting thread, or null. Its lowest bit is a flag.
    pub apc_routine: GuestAddr,
    /// First argument of the APC; also the context for a completion port.
    pub apc_context: u32,
    /// The status block, or null.
    pub status_block: GuestAddr,
}

/// Completion targets of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// Guest thread ID of the requester.
    pub thread_id: u32,
    /// Body of the file object.
    pub file: GuestAddr,
    /// Body of the event to signal.
    pub event: Option<GuestAddr>,
    /// APC routine with a flag in its lowest bit, or null.
    pub apc_routine: GuestAddr,
    /// First argument of the APC; also the context for a completion port.
    pub apc_context: u32,
    /// The status block, or null.
    pub status_block: GuestAddr,
}

impl Reply {
    /// Bodies of the objects to signal.
    pub(super) fn signals(&self) -> impl Iterator<Item = GuestAddr> {
        [Some(self.file), self.event].into_iter().flatten()
    }
}

impl IoRequest<'_> {
    /// Completion targets, if this thread is the requester.
    pub(super) fn reply(&self, thread_id: u32) -> Reply {
        let &Self { apc_routine, apc_context, status_block, .. } = self;
        let event = self.event.as_ref().map(ObjectRef::body);
        Reply { thread_id, file: self.file.body(), event, apc_routine, apc_context, status_block }
    }
}

/// Leading parameters of every request on an open file (`NtReadFile` and similar): the file, and
/// where to report completion.
#[derive(Clone, Copy, Debug)]
pub struct IoArguments {
    file: Handle,
    event: Handle,
    apc_routine: GuestAddr,
    apc_context: u32,
    status_block: GuestAddr,
}

impl FromGuest for IoArguments {
    fn from_guest(arguments: &mut Arguments) -> Self {
        Self {
            file: FromGuest::from_guest(arguments),
            event: FromGuest::from_guest(arguments),
            apc_routine: FromGuest::from_guest(arguments),
            apc_context: FromGuest::from_guest(arguments),
            status_block: FromGuest::from_guest(arguments),
        }
    }
}

impl Show for IoArguments {
    fn show(&self, _: &GuestMemory, out: &mut String) {
        let Self { file, event, apc_routine, apc_context, status_block } = self;
        let _ = write!(
            out,
            "{file:?}, event={event:?}, apc_routine={apc_routine:?}, apc_context={apc_context:#x}, \
             status_block={status_block:?}"
        );
    }
}

impl IoArguments {
    /// The file's handle.
    pub fn file(&self) -> Handle {
        self.file
    }

    /// Completion targets of a request of this thread on a file with this body. The event is kept
    /// by the reference that is returned with them.
    pub fn reply<'k>(
        &self,
        requests: FileRequests<'k>,
        thread_id: u32,
        file: GuestAddr,
    ) -> Fallible<(Reply, Option<ObjectRef<'k>>)> {
        let event = self.event(requests)?;
        let &Self { apc_routine, apc_context, status_block, .. } = self;
        let body = event.as_ref().map(ObjectRef::body);
        Ok((Reply { thread_id, file, event: body, apc_routine, apc_context, status_block }, event))
    }

    fn event<'k>(&self, requests: FileRequests<'k>) -> Fallible<Option<ObjectRef<'k>>> {
        match self.event {
            Handle::NULL => Ok(None),
            handle => requests.objects.resolve_kind(handle, ObjectKind::Event).map(Some),
        }
    }

    /// Resolves the handles.
    pub fn resolve<'k>(&self, requests: FileRequests<'k>) -> Fallible<IoRequest<'k>> {
        let file = requests.resolve(self.file)?;
        let event = self.event(requests)?;
        let &Self { apc_routine, apc_context, status_block, .. } = self;
        Ok(IoRequest { file, event, apc_routine, apc_context, status_block })
    }
}

/// Result of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IoStatus {
    /// Final NT status.
    pub status: NtStatus,
    /// Bytes transferred, or another value that the request defines.
    pub information: u32,
}

impl IoStatus {
    /// The outcome of an operation that returns a count.
    pub fn of(result: Fallible<u32>) -> Self {
        match result {
            Ok(information) => Self { status: NtStatus::SUCCESS, information },
            Err(failure) => Self { status: failure.status(), information: 0 },
        }
    }

    /// Writes the status block at `at`, unless `at` is null. The status comes last, so that a title
    /// that polls it finds the other word complete.
    pub fn write(self, memory: &GuestMemory, at: GuestAddr) -> Fallible<()> {
        if !at.is_null() {
            memory.write(at.offset(4), self.information)?;
            memory.write(at, self.status.0)?;
        }
        Ok(())
    }
}

/// Requests on open files: opening, transfers, and the reports of their ends.
#[derive(Clone, Copy)]
pub struct FileRequests<'k> {
    pub(crate) memory: &'k GuestMemory,
    pub(crate) clock: Clock,
    pub(crate) pool: &'k KernelPool,
    pub(crate) objects: &'k Arc<Objects>,
    pub(crate) dispatcher: &'k Dispatcher,
    pub(crate) files: &'k Mutex<Files>,
    pub(crate) tables: &'k RequestTables,
    pub(crate) transfers: &'k TransferQueue,
    pub(crate) apcs: ApcQueues<'k>,
}

impl<'k> FileRequests<'k> {
    /// Opens a file and makes an object and a handle for it.
    pub fn open(&self, parameters: &OpenParameters) -> Fallible<(Handle, OpenAction)> {
        let (file, action) = self.files.lock().open(parameters)?;
        let body = match self.make_file_object() {
            Ok(body) => body,
            Err(failure) => {
                self.files.lock().close(file);
                return Err(failure);
            }
        };
        self.files.lock().insert(body, file);
        let handle = self.objects.open(body);
        self.objects.dereference(body)?;
        Ok((handle?, action))
    }

    fn make_file_object(&self) -> Fallible<GuestAddr> {
        let body = self.objects.create(self.pool, ObjectKind::File, FILE_OBJECT)?;
        initialize(self.memory, body, kind::MANUAL_EVENT, dispatcher_header::SIZE, 0)?;
        Ok(body)
    }

    /// The file object of a handle.
    pub fn resolve(&self, handle: Handle) -> Fallible<ObjectRef<'k>> {
        self.objects.resolve_kind(handle, ObjectKind::File)
    }

    /// The stream of an open file.
    pub fn stream(&self, file: GuestAddr) -> Fallible<Arc<Stream>> {
        self.tables.stream(file)
    }

    /// Completes a request; one that fails queues no APC and posts nothing to a completion port.
    /// Returns its status.
    pub fn complete(
        &self,
        cpu: &mut dyn Cpu,
        thread_id: u32,
        request: &IoRequest<'_>,
        outcome: IoStatus,
    ) -> Fallible<NtStatus> {
        let reply = request.reply(thread_id);
        outcome.write(self.memory, reply.status_block)?;
        self.signal_completion(cpu, &reply)?;
        if outcome.status.is_error() {
            return Ok(outcome.status);
        }
        self.queue_apc(cpu, &reply)?;
        self.post_to_port(cpu, &reply, outcome)?;
        Ok(outcome.status)
    }

    /// Signals the file object and the event of a completed request.
    pub(super) fn signal_completion(&self, cpu: &mut dyn Cpu, reply: &Reply) -> Fallible<()> {
        for body in reply.signals() {
            self.dispatcher.set_event(self.memory, cpu, body, 0)?;
        }
        Ok(())
    }

    /// Queues the APC of a completed request, if it has one.
    pub(super) fn queue_apc(&self, cpu: &mut dyn Cpu, reply: &Reply) -> Fallible<()> {
        let routine = GuestAddr(reply.apc_routine.0 & !1);
        if routine.is_null() {
            return Ok(());
        }
        let args = [u64::from(reply.apc_context), u64::from(reply.status_block.0), 0];
        let apc = Apc::new(ApcSource::Kernel, routine, args);
        self.apcs.queue(cpu, reply.thread_id, ProcessorMode::User, apc).map(|_| ())
    }

    /// Posts a completed request to the file's completion port, if there is one and the request has
    /// a context.
    pub(super) fn post_to_port(&self, cpu: &mut dyn Cpu, reply: &Reply, outcome: IoStatus) -> Fallible<()> {
        let port = self.tables.stream(reply.file)?.port();
        let (Some(PortKey { port, key }), context @ 1..) = (port, reply.apc_context) else { return Ok(()) };
        let IoStatus { status, information } = outcome;
        self.post_completion(cpu, port, Completion { key, context, status: status.0, information })
    }

    /// Posts a completion to a port, or delivers it to the first waiting thread.
    pub fn post_completion(
        &self,
        cpu: &mut dyn Cpu,
        port: GuestAddr,
        completion: Completion,
    ) -> Fallible<()> {
        // Held until the receiver is awake: it may time out meanwhile, and then the completion
        // stays queued.
        let mut ports = self.tables.ports.lock();
        let Some(receiver) = ports.post(port, completion)? else { return Ok(()) };
        // A receiver with bad pointers gets the error; the poster does not.
        let status = match receiver.deliver(self.memory, completion) {
            Ok(()) => NtStatus::SUCCESS,
            Err(failure) => failure.status(),
        };
        let result = WakeResult::unboosted(status.to_register());
        cpu.wake(receiver.thread, result)?.by_owner(receiver.thread);
        Ok(())
    }
}

impl Receiver {
    /// Writes a completion to the receiver's pointers.
    pub fn deliver(&self, memory: &GuestMemory, completion: Completion) -> Fallible<()> {
        let Completion { key, context, status, information } = completion;
        if !self.key.is_null() {
            memory.write(self.key, key)?;
        }
        if !self.context.is_null() {
            memory.write(self.context, context)?;
        }
        IoStatus { status: NtStatus(status), information }.write(memory, self.status_block)
    }
}
