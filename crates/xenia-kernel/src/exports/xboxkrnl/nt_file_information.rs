//! Facts about files and volumes (`Nt*Information*File`, `NtQueryFullAttributesFile`, `NtQueryDirectoryFile`).

use super::nt_file::name_of;
use crate::abi::{AnsiString, Call, GuestStruct, Handle, ObjectAttributes, Ptr};
use crate::failure::{Failure, Fallible};
use crate::files::{Files, IoRequest, Outcome, Scan, information};
use crate::objects::ObjectKind;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_kernel_macros::exports;

/// See the module's documentation.
pub struct NtFileInformation;

/// File information classes.
mod class {
    pub(super) const BASIC: u32 = 4;
    pub(super) const STANDARD: u32 = 5;
    pub(super) const INTERNAL: u32 = 6;
    pub(super) const NAME: u32 = 9;
    pub(super) const RENAME: u32 = 10;
    pub(super) const DISPOSITION: u32 = 13;
    pub(super) const POSITION: u32 = 14;
    pub(super) const MODE: u32 = 16;
    pub(super) const ALIGNMENT: u32 = 17;
    pub(super) const ALLOCATION: u32 = 19;
    pub(super) const END_OF_FILE: u32 = 20;
    pub(super) const SECTOR: u32 = 26;
    pub(super) const COMPLETION: u32 = 30;
    pub(super) const IO_PRIORITY: u32 = 32;
    pub(super) const NETWORK_OPEN: u32 = 34;
    pub(super) const ATTRIBUTE_TAG: u32 = 35;
}

/// Volume information classes.
mod volume_class {
    pub(super) const VOLUME: u32 = 1;
    pub(super) const SIZE: u32 = 3;
    pub(super) const DEVICE: u32 = 4;
    pub(super) const ATTRIBUTE: u32 = 5;
}

/// Bytes that a buffer must have for a class; `None`: there is no such class to query.
fn query_minimum(class: u32) -> Option<u32> {
    Some(match class {
        class::BASIC => 0x28,
        class::STANDARD => 0x18,
        class::INTERNAL | class::NAME | class::POSITION | class::ATTRIBUTE_TAG => 8,
        class::MODE | class::ALIGNMENT | class::SECTOR | class::IO_PRIORITY => 4,
        class::NETWORK_OPEN => 0x38,
        _ => return None,
    })
}

/// Bytes that a buffer must have for a class; `None`: there is no such class to set.
fn set_minimum(class: u32) -> Option<u32> {
    Some(match class {
        class::BASIC => 0x28,
        class::RENAME => 0x10,
        class::DISPOSITION => 1,
        class::POSITION | class::ALLOCATION | class::END_OF_FILE | class::COMPLETION => 8,
        class::MODE | class::IO_PRIORITY => 4,
        _ => return None,
    })
}

/// The structure of a class.
fn query(files: &Files, body: GuestAddr, class: u32) -> Fallible<Vec<u8>> {
    let file = files.get(body)?;
    let mut entry = files.vfs.find(&file.location)?;
    if let Some(data) = &file.data {
        entry.size = data.size()?;
    }
    let volume = files.vfs.volume(&file.location)?;
    let name = files.vfs.full_name(&file.location);
    Ok(match class {
        class::BASIC => information::basic(&entry),
        class::STANDARD => information::standard(&entry, &volume, file.delete_on_close),
        class::INTERNAL => information::index_number(&name).to_be_bytes().to_vec(),
        class::NAME => information::name(&name),
        class::POSITION => file.position.to_be_bytes().to_vec(),
        class::SECTOR => (information::index_number(&name) as u32).to_be_bytes().to_vec(),
        class::NETWORK_OPEN => information::network_open(&entry, &volume),
        class::ATTRIBUTE_TAG => [information::attributes_of(&entry).to_be_bytes(), [0; 4]].concat(),
        // Byte alignment, no special mode, normal priority.
        _ => vec![0; 4],
    })
}

/// Writes as much of a structure as there is room for.
fn store(call: &Call, at: GuestAddr, length: u32, bytes: &[u8]) -> Fallible<(NtStatus, u32)> {
    let count = bytes.len().min(length as usize);
    call.memory().write_bytes(at, &bytes[..count])?;
    let status = if count < bytes.len() { NtStatus::BUFFER_OVERFLOW } else { NtStatus::SUCCESS };
    Ok((status, count as u32))
}

fn set(call: &Call, body: GuestAddr, at: GuestAddr, class: u32) -> Fallible<()> {
    let memory = call.memory();
    match class {
        class::RENAME => rename(call, body, at),
        class::DISPOSITION => {
            let delete = memory.read::<u8>(at)? != 0;
            call.kernel.files.lock().set_delete_on_close(body, delete)
        }
        class::POSITION => {
            let position = memory.read(at)?;
            call.kernel.files.lock().get_mut(body)?.position = position;
            Ok(())
        }
        class::END_OF_FILE => {
            let size = memory.read(at)?;
            call.kernel.files.lock().get_mut(body)?.set_size(size)
        }
        class::COMPLETION => {
            let port = Handle(memory.read(at)?);
            let key: u32 = memory.read(at.offset(4))?;
            let mut objects = call.kernel.objects.lock();
            let port = objects.resolve_kind(port, ObjectKind::IoCompletion)?;
            let mut files = call.kernel.files.lock();
            let file = files.get_mut(body)?;
            if file.port.is_some() {
                return Err(NtStatus::INVALID_PARAMETER.into());
            }
            // The file keeps the port until it is closed.
            objects.reference(memory, port)?;
            file.port = Some((port, key));
            Ok(())
        }
        // Times and attributes of files are fixed; allocation, mode and priority change nothing that shows.
        _ => Ok(()),
    }
}

fn rename(call: &Call, body: GuestAddr, at: GuestAddr) -> Fallible<()> {
    let memory = call.memory();
    let replace = memory.read::<u32>(at)? != 0;
    let root = match memory.read(at.offset(4))? {
        Handle::NULL | ObjectAttributes::DOS_DEVICES => None,
        handle => Some(call.kernel.resolve_file(handle)?),
    };
    let name = AnsiString::read(memory, at.offset(8))?.text(memory)?;
    let mut files = call.kernel.files.lock();
    let to = files.resolve(root, &name)?;
    files.rename(body, &to, replace)
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
    if files.get(body)?.scan.is_none() || (restart && pattern.is_some()) {
        let entries = files.vfs.list(&location)?;
        let scan = Scan::new(entries, pattern.unwrap_or_default());
        let nothing = scan.is_empty();
        files.get_mut(body)?.scan = Some(scan);
        if nothing {
            return Err(NtStatus::NO_SUCH_FILE.into());
        }
    }
    let Some(scan) = &mut files.get_mut(body)?.scan else { return Err(NtStatus::NO_MORE_FILES.into()) };
    if restart {
        scan.restart();
    }
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
    /// Facts about an open file. Times are fixed; classes that need more than the virtual file system are refused.
    #[export(Partial)]
    fn NtQueryInformationFile(
        call: &mut Call,
        file: Handle,
        status_block: GuestAddr,
        buffer: GuestAddr,
        length: u32,
        class: u32,
    ) -> Fallible<NtStatus> {
        let Some(minimum) = query_minimum(class) else { return Ok(NtStatus::INVALID_INFO_CLASS) };
        if length < minimum {
            return Ok(NtStatus::INFO_LENGTH_MISMATCH);
        }
        let body = call.kernel.resolve_file(file)?;
        let bytes = query(&call.kernel.files.lock(), body, class)?;
        let (status, information) = store(call, buffer, length, &bytes)?;
        call.kernel.write_status_block(status_block, Outcome { status, information })?;
        Ok(status)
    }

    /// Changes an open file: position, size, name, deletion, completion port. Times and attributes are accepted and not
    /// kept.
    #[export(Partial)]
    fn NtSetInformationFile(
        call: &mut Call,
        file: Handle,
        status_block: GuestAddr,
        buffer: GuestAddr,
        length: u32,
        class: u32,
    ) -> Fallible<NtStatus> {
        let Some(minimum) = set_minimum(class) else { return Ok(NtStatus::INVALID_INFO_CLASS) };
        if length < minimum {
            return Ok(NtStatus::INFO_LENGTH_MISMATCH);
        }
        let body = call.kernel.resolve_file(file)?;
        let outcome = Outcome::of(set(call, body, buffer, class).map(|()| 0));
        call.kernel.write_status_block(status_block, outcome)?;
        Ok(outcome.status)
    }

    /// Facts about a file by name.
    #[export(Done)]
    fn NtQueryFullAttributesFile(
        call: &mut Call,
        attributes: Option<Ptr<ObjectAttributes>>,
        buffer: GuestAddr,
    ) -> Fallible<NtStatus> {
        let (root, path) = name_of(call, attributes)?;
        let bytes = {
            let files = call.kernel.files.lock();
            let location = files.resolve(root, &path)?;
            information::network_open(&files.vfs.find(&location)?, &files.vfs.volume(&location)?)
        };
        call.memory().write_bytes(buffer, &bytes)?;
        Ok(NtStatus::SUCCESS)
    }

    /// The next entry of a directory that matches a pattern, one per call, by name.
    #[export(Done)]
    fn NtQueryDirectoryFile(
        call: &mut Call,
        file: Handle,
        event: Handle,
        apc_routine: GuestAddr,
        apc_context: u32,
        status_block: GuestAddr,
        buffer: GuestAddr,
        length: u32,
        pattern: Option<Ptr<AnsiString>>,
        restart: bool,
    ) -> Fallible<NtStatus> {
        const ENTRY: u32 = 0x48;
        if length < ENTRY {
            return Ok(NtStatus::INFO_LENGTH_MISMATCH);
        }
        let memory = call.memory();
        let body = call.kernel.resolve_file(file)?;
        let event = match event {
            Handle::NULL => None,
            handle => Some(call.kernel.objects.lock().resolve_kind(handle, ObjectKind::Event)?),
        };
        let pattern = pattern.map(|pattern| pattern.read(memory)?.text(memory)).transpose()?;
        let result = next_entry(call, body, buffer, length, pattern.as_deref(), restart);
        let request = IoRequest { file: body, event, apc_routine, apc_context, status_block };
        call.kernel.complete_request(call.scheduler, call.thread_id(), &request, Outcome::of(result))
    }

    /// Facts about the volume that an open file is on. Sizes are constants, whatever the host has.
    #[export(Partial)]
    fn NtQueryVolumeInformationFile(
        call: &mut Call,
        file: Handle,
        status_block: GuestAddr,
        buffer: GuestAddr,
        length: u32,
        class: u32,
    ) -> Fallible<NtStatus> {
        let minimum = match class {
            volume_class::VOLUME | volume_class::SIZE => 0x18,
            volume_class::DEVICE => 8,
            volume_class::ATTRIBUTE => 0x10,
            _ => return Ok(NtStatus::INVALID_INFO_CLASS),
        };
        if length < minimum {
            return Ok(NtStatus::INFO_LENGTH_MISMATCH);
        }
        let body = call.kernel.resolve_file(file)?;
        let volume = {
            let files = call.kernel.files.lock();
            files.vfs.volume(&files.get(body)?.location).map_err(Failure::from)?
        };
        let bytes = match class {
            volume_class::VOLUME => information::volume(0),
            volume_class::SIZE => information::volume_size(&volume),
            volume_class::DEVICE => information::volume_device(),
            _ => information::volume_attributes(&volume),
        };
        let (status, information) = store(call, buffer, length, &bytes)?;
        call.kernel.write_status_block(status_block, Outcome { status, information })?;
        Ok(status)
    }
}
