//! File information (`Nt*InformationFile`, `NtQueryFullAttributesFile`, `NtQueryDirectoryFile`).
//!
//! Classes and lengths are those in the tables of the console's kernel; others are refused.

use super::driver_file::{self, FileRequest};
use super::driver_request::file_of;
use super::nt_file::name_of;
use crate::abi::{AnsiString, Call, Flow, GuestStruct, Handle, ObjectAttributes, Ptr};
use crate::files::{BasicChange, Files, IoArguments, IoStatus, PortKey, Stream, information, options};
use crate::objects::{ObjectKind, ObjectRef};
use crate::status::failure::Fallible;
use xenia_guest::layout::major;
use xenia_guest::{Buffer, GuestAddr, NtStatus};
use xenia_kernel_macros::exports;
use xenia_memory::GuestMemory;
use xenia_vfs::path::Pattern;
use xenia_vfs::{Existing, FileData};

/// The exports for file information.
pub struct NtFileInformation;

/// File information classes.
pub(super) mod class {
    pub(in super::super) const BASIC: u32 = 4;
    pub(in super::super) const STANDARD: u32 = 5;
    pub(in super::super) const INTERNAL: u32 = 6;
    pub(in super::super) const NAME: u32 = 9;
    pub(in super::super) const RENAME: u32 = 10;
    pub(in super::super) const LINK: u32 = 11;
    pub(in super::super) const DISPOSITION: u32 = 13;
    pub(in super::super) const POSITION: u32 = 14;
    pub(in super::super) const MODE: u32 = 16;
    pub(in super::super) const ALIGNMENT: u32 = 17;
    pub(in super::super) const ALLOCATION: u32 = 19;
    pub(in super::super) const END_OF_FILE: u32 = 20;
    pub(in super::super) const MOUNT_PARTITION: u32 = 23;
    pub(in super::super) const MOUNT_PARTITIONS: u32 = 24;
    pub(in super::super) const SECTOR: u32 = 26;
    pub(in super::super) const XCTD_COMPRESSION: u32 = 27;
    pub(in super::super) const COMPLETION: u32 = 30;
    pub(in super::super) const IO_PRIORITY: u32 = 32;
    pub(in super::super) const NETWORK_OPEN: u32 = 34;
    pub(in super::super) const ATTRIBUTE_TAG: u32 = 35;
}

/// Minimum buffer size in bytes to query a class; `None` if the class can't be queried.
fn query_minimum(class: u32) -> Option<u32> {
    Some(match class {
        class::BASIC => 0x28,
        class::STANDARD => 0x18,
        class::INTERNAL | class::NAME | class::POSITION | class::ALLOCATION | class::ATTRIBUTE_TAG => 8,
        class::MODE | class::ALIGNMENT | class::SECTOR | class::XCTD_COMPRESSION | class::IO_PRIORITY => 4,
        class::NETWORK_OPEN => 0x38,
        _ => return None,
    })
}

/// Minimum buffer size in bytes to set a class; `None` if the class can't be set.
fn set_minimum(class: u32) -> Option<u32> {
    Some(match class {
        class::BASIC => 0x28,
        class::RENAME | class::LINK => 0x10,
        class::MOUNT_PARTITIONS => 0x98,
        class::DISPOSITION => 1,
        class::POSITION
        | class::ALLOCATION
        | class::END_OF_FILE
        | class::MOUNT_PARTITION
        | class::COMPLETION => 8,
        class::MODE | class::IO_PRIORITY => 4,
        _ => return None,
    })
}

/// The information structure of a class that describes the handle by itself; `None` for another
/// class. It needs no lock that opens of other files hold.
fn query_handle(stream: &Stream, class: u32) -> Option<Vec<u8>> {
    match class {
        class::POSITION => Some(stream.position().to_be_bytes().to_vec()),
        class::MODE => Some(stream.mode().to_be_bytes().to_vec()),
        // Buffers for transfers may begin at any byte.
        class::ALIGNMENT => Some(vec![0; 4]),
        _ => None,
    }
}

/// The information structure of another class.
fn query(files: &Files, body: GuestAddr, class: u32) -> Fallible<Vec<u8>> {
    let file = files.get(body)?;
    // Looked up on the host, component by component, so only for classes that need it.
    let entry = || files.entry(body);
    let full_name = || files.vfs.full_name(&file.location);
    Ok(match class {
        class::BASIC => information::basic(&entry()?.0),
        class::STANDARD => {
            let (entry, volume) = entry()?;
            let allocation = files.allocation(body, &entry, &volume)?;
            information::standard(&entry, allocation, files.is_delete_pending(body)?)
        }
        class::INTERNAL => information::index_number(&full_name()).to_be_bytes().to_vec(),
        class::NAME => information::name(&file.location.path()),
        class::ALLOCATION => {
            let (entry, volume) = entry()?;
            files.allocation(body, &entry, &volume)?.to_be_bytes().to_vec()
        }
        class::SECTOR => (information::index_number(&full_name()) as u32).to_be_bytes().to_vec(),
        class::IO_PRIORITY => file.priority.to_be_bytes().to_vec(),
        class::NETWORK_OPEN => {
            let (entry, volume) = entry()?;
            information::network_open(&entry, files.allocation(body, &entry, &volume)?)
        }
        class::ATTRIBUTE_TAG => [entry()?.0.attributes().to_be_bytes(), [0; 4]].concat(),
        // Files are not compressed by the file system.
        _ => return Err(NtStatus::INVALID_PARAMETER.into()),
    })
}

/// Writes as much of a structure as fits into the buffer, and the status block.
pub(super) fn answer(
    call: &Call,
    status_block: GuestAddr,
    buffer: Buffer,
    bytes: &[u8],
) -> Fallible<NtStatus> {
    let count = bytes.len().min(buffer.length as usize);
    call.memory().write_bytes(buffer.at, &bytes[..count])?;
    let status = if count < bytes.len() { NtStatus::BUFFER_OVERFLOW } else { NtStatus::SUCCESS };
    IoStatus { status, information: count as u32 }.write(call.memory(), status_block)?;
    Ok(status)
}

/// Prepares a size change of a long file, one part at a time; returns whether that is complete.
fn prepare(call: &Call, body: GuestAddr, at: GuestAddr, class: u32) -> Fallible<bool> {
    if !matches!(class, class::ALLOCATION | class::END_OF_FILE) {
        return Ok(true);
    }
    let new = call.memory().read::<u64>(at)?;
    let stream = call.kernel.file_requests().stream(body)?;
    let old = stream.data().map_or(Ok(0), FileData::size)?;
    let changes = new > 0 && (new < old || class == class::END_OF_FILE && new > old);
    if changes { stream.prepare() } else { Ok(true) }
}

fn set(call: &Call, body: GuestAddr, at: GuestAddr, class: u32) -> Fallible<()> {
    let memory = call.memory();
    // These need no lock that opens of other files hold.
    if matches!(class, class::POSITION | class::MODE) {
        let stream = call.kernel.file_requests().stream(body)?;
        return match class {
            class::POSITION => set_position(&stream, memory.read(at)?),
            _ => set_mode(&stream, memory.read(at)?),
        };
    }
    let now = call.kernel.clock.system_time(call.now());
    let mut files = call.kernel.files.lock();
    match class {
        class::BASIC => {
            let change = basic_change(memory, at)?;
            files.set_basic(body, &change)
        }
        class::RENAME => {
            drop(files);
            rename(call, body, at, now)
        }
        class::DISPOSITION => files.set_delete(body, memory.read::<u8>(at)? != 0),
        class::ALLOCATION => files.set_allocation(body, memory.read(at)?, now),
        class::END_OF_FILE => {
            let size = memory.read(at)?;
            let stream = files.get(body)?.stream.clone();
            drop(files);
            if stream.resize(size)? {
                call.kernel.files.lock().note_change(body, now);
            }
            Ok(())
        }
        class::COMPLETION => {
            drop(files);
            set_port(call, body, Handle(memory.read(at)?), memory.read(at.offset(4))?)
        }
        class::IO_PRIORITY => {
            files.get_mut(body)?.priority = memory.read(at)?;
            Ok(())
        }
        // The console's file systems have no hard links, and only the system mounts partitions.
        _ => Err(NtStatus::INVALID_PARAMETER.into()),
    }
}

/// The changes in a `FILE_BASIC_INFORMATION`. A time of 0, −1 or −2, or attributes of 0, means no
/// change.
fn basic_change(memory: &GuestMemory, at: GuestAddr) -> Fallible<BasicChange> {
    /// "Keep", "keep from now on" and its inverse, which are the same here: times change only on
    /// request.
    const LEAVE: [u64; 3] = [0, u64::MAX, u64::MAX - 1];
    let time = |offset: u32| -> Fallible<Option<u64>> {
        let time: u64 = memory.read(at.offset(offset))?;
        match time {
            time if LEAVE.contains(&time) => Ok(None),
            time if i64::try_from(time).is_err() => Err(NtStatus::INVALID_PARAMETER.into()),
            time => Ok(Some(time)),
        }
    };
    let attributes: u32 = memory.read(at.offset(0x20))?;
    Ok(BasicChange {
        created: time(0)?,
        accessed: time(8)?,
        written: time(0x10)?,
        attributes: (attributes != 0).then_some(attributes),
    })
}

/// Changes a handle's position.
fn set_position(stream: &Stream, position: u64) -> Fallible<()> {
    if i64::try_from(position).is_err() || !position.is_multiple_of(stream.granularity()) {
        return Err(NtStatus::INVALID_PARAMETER.into());
    }
    stream.set_position(position);
    Ok(())
}

/// Changes a handle's mode where allowed. The handle can't change between synchronous and
/// asynchronous.
fn set_mode(stream: &Stream, mode: u32) -> Fallible<()> {
    const MAY_CHANGE: u32 = options::WRITE_THROUGH | options::SEQUENTIAL_ONLY | options::SYNCHRONOUS;
    let synchronous = mode & options::SYNCHRONOUS;
    if mode & !MAY_CHANGE != 0
        || synchronous == options::SYNCHRONOUS
        || (synchronous != 0) != stream.is_synchronous()
    {
        return Err(NtStatus::INVALID_PARAMETER.into());
    }
    stream.set_mode(stream.mode() & !MAY_CHANGE | mode);
    Ok(())
}

fn set_port(call: &Call, body: GuestAddr, port: Handle, key: u32) -> Fallible<()> {
    keep_port(call, port, |port| {
        // Locked, because a package that is closed replaces the streams of its files.
        call.kernel.files.lock().get(body).and_then(|file| {
            // Synchronous requests don't use a port.
            if file.is_synchronous() || !file.set_port(PortKey { port, key }) {
                return Err(NtStatus::INVALID_PARAMETER.into());
            }
            Ok(())
        })
    })
}

/// Has a file refer to a completion port, which it keeps alive until it is closed. `set` stores the
/// port's body in the file.
pub(super) fn keep_port(
    call: &Call,
    port: Handle,
    set: impl FnOnce(GuestAddr) -> Fallible<()>,
) -> Fallible<()> {
    let port = call.kernel.objects.resolve_kind(port, ObjectKind::IoCompletion)?;
    call.kernel.objects.reference(port.body())?;
    let result = set(port.body());
    if result.is_err() {
        call.kernel.dereference(port.body())?;
    }
    result
}

fn rename(call: &Call, body: GuestAddr, at: GuestAddr, now: u64) -> Fallible<()> {
    let memory = call.memory();
    // A BOOLEAN, followed by bytes that compilers leave unchanged.
    let existing = Existing::of(memory.read::<u8>(at)? != 0);
    let root: Handle = memory.read(at.offset(4))?;
    let directory = match root {
        Handle::NULL | ObjectAttributes::DOS_DEVICES => None,
        handle => Some(call.kernel.file_requests().resolve(handle)?),
    };
    let name = AnsiString::read(memory, at.offset(8))?.path(memory)?;
    let mut files = call.kernel.files.lock();
    // As on NT, a plain name without a root keeps the file in its directory.
    let is_plain = !matches!(&*name, "" | "." | "..") && !name.contains(['\\', '/', ':']);
    let to = if root == Handle::NULL && is_plain {
        let parent = files.get(body)?.location.parent().ok_or(NtStatus::INVALID_PARAMETER)?;
        files.vfs.resolve_below(&parent, &name)?
    } else {
        files.resolve(directory.as_ref().map(ObjectRef::body), &name)?
    };
    files.rename(body, &to, existing)?;
    // The handle may stay open at the end of the run.
    files.note_package_change(body, now);
    Ok(())
}

/// The next entry of a directory's listing, in at most `length` bytes.
fn next_entry(
    call: &Call,
    body: GuestAddr,
    buffer: GuestAddr,
    length: u32,
    pattern: Option<&str>,
    restart: bool,
) -> Fallible<u32> {
    let mut files = call.kernel.files.lock();
    let location = files.get(body)?.location.clone();
    let volume = files.vfs.volume(&location)?;
    let begun = &files.get(body)?.scan;
    if restart || begun.is_none() {
        let is_first = pattern.is_some() || begun.is_none();
        // A restart without a pattern keeps that of the calls before it.
        let pattern = match (pattern, begun) {
            (None, Some(scan)) => scan.pattern().clone(),
            (pattern, _) => {
                Pattern::new(pattern.unwrap_or_default()).map_err(|_| NtStatus::INVALID_PARAMETER)?
            }
        };
        let has_entries = files.start_scan(body, pattern)?;
        if is_first && !has_entries {
            return Err(NtStatus::NO_SUCH_FILE.into());
        }
    }
    let Some(scan) = &mut files.get_mut(body)?.scan else { return Err(NtStatus::NO_MORE_FILES.into()) };
    let Some((index, entry)) = scan.advance() else { return Err(NtStatus::NO_MORE_FILES.into()) };
    let bytes = information::directory_entry(index, entry, &volume);
    if bytes.len() > length as usize {
        scan.step_back();
        return Err(NtStatus::BUFFER_OVERFLOW.into());
    }
    call.memory().write_bytes(buffer, &bytes)?;
    Ok(bytes.len() as u32)
}

#[exports(xboxkrnl)]
impl NtFileInformation {
    /// Queries information about an open file.
    #[export(Done)]
    fn NtQueryInformationFile(
        call: &mut Call,
        file: Handle,
        status_block: GuestAddr,
        buffer: GuestAddr,
        length: u32,
        class: u32,
    ) -> Fallible<Flow<NtStatus>> {
        let Some(minimum) = query_minimum(class) else {
            return Ok(Flow::Return(NtStatus::INVALID_INFO_CLASS));
        };
        if length < minimum {
            return Ok(Flow::Return(NtStatus::INFO_LENGTH_MISMATCH));
        }
        let buffer = Buffer { at: buffer, length };
        if let Some(object) = file_of(call, file) {
            return driver_file::query(call, &object, status_block, buffer, class);
        }
        let object = call.kernel.file_requests().resolve(file)?;
        let stream = call.kernel.file_requests().stream(object.body())?;
        let bytes = match query_handle(&stream, class) {
            Some(bytes) => bytes,
            None => query(&call.kernel.files.lock(), object.body(), class)?,
        };
        answer(call, status_block, buffer, &bytes).map(Flow::Return)
    }

    /// Changes information of an open file: times, attributes, position, mode, size, name, deletion
    /// or completion port.
    #[export(Done)]
    fn NtSetInformationFile(
        call: &mut Call,
        file: Handle,
        status_block: GuestAddr,
        buffer: GuestAddr,
        length: u32,
        class: u32,
    ) -> Fallible<Flow<NtStatus>> {
        let Some(minimum) = set_minimum(class) else { return Ok(Flow::Return(NtStatus::INVALID_INFO_CLASS)) };
        if length < minimum {
            return Ok(Flow::Return(NtStatus::INFO_LENGTH_MISMATCH));
        }
        if let Some(object) = file_of(call, file) {
            return driver_file::set(call, &object, status_block, Buffer { at: buffer, length }, class);
        }
        let object = call.kernel.file_requests().resolve(file)?;
        // An error here occurs again in `set`, where it can be reported.
        if !prepare(call, object.body(), buffer, class).unwrap_or(true) {
            return Ok(Flow::Repeat);
        }
        let outcome = IoStatus::of(set(call, object.body(), buffer, class).map(|()| 0));
        outcome.write(call.memory(), status_block)?;
        Ok(Flow::Return(outcome.status))
    }

    /// Queries information about a file by name.
    #[export(Done)]
    fn NtQueryFullAttributesFile(
        call: &mut Call,
        attributes: Option<Ptr<ObjectAttributes>>,
        buffer: GuestAddr,
    ) -> Fallible<NtStatus> {
        let (root, path) = name_of(call, attributes)?;
        let bytes = {
            let files = call.kernel.files.lock();
            let (entry, allocation) = files.entry_of_path(root.as_ref().map(ObjectRef::body), &path)?;
            information::network_open(&entry, allocation)
        };
        call.memory().write_bytes(buffer, &bytes)?;
        Ok(NtStatus::SUCCESS)
    }

    /// Returns the next entry of a directory that matches a pattern: one entry a call, sorted by
    /// name. A star of the pattern is its end or precedes a dot.
    #[export(Done)]
    fn NtQueryDirectoryFile(
        call: &mut Call,
        file: IoArguments,
        buffer: GuestAddr,
        length: u32,
        pattern: Option<Ptr<AnsiString>>,
        restart: bool,
    ) -> Fallible<Flow<NtStatus>> {
        const ENTRY: u32 = 0x48;
        const RESTART: u8 = 1;
        if length < ENTRY {
            return Ok(Flow::Return(NtStatus::INFO_LENGTH_MISMATCH));
        }
        if let Some(object) = file_of(call, file.file()) {
            let pattern = pattern.map_or(GuestAddr::NULL, Ptr::addr);
            let flags = if restart { RESTART } else { 0 };
            let parameters = [length, pattern.0, 0, 0];
            let buffer = Buffer { at: buffer, length };
            let request = FileRequest { major: major::DIRECTORY_CONTROL, flags, parameters, buffer };
            return driver_file::request(call, file, &object, &request);
        }
        let memory = call.memory();
        let request = file.resolve(call.kernel.file_requests())?;
        let pattern = pattern.map(|pattern| pattern.read(memory)?.text(memory)).transpose()?;
        let result = next_entry(call, request.file.body(), buffer, length, pattern.as_deref(), restart);
        let thread_id = call.thread_id();
        let requests = call.kernel.file_requests();
        requests.complete(call.cpu, thread_id, &request, IoStatus::of(result)).map(Flow::Return)
    }
}
