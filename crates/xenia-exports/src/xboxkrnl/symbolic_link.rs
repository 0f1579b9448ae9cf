//! Symbolic links (`Ob*SymbolicLink`, `Nt*SymbolicLinkObject`).

use crate::abi::{AnsiString, Call, Handle, ObjectAttributes, OptionalOut, Out, Ptr};
use crate::named_objects::{open_by_path, path_of};
use crate::objects::ObjectKind;
use crate::status::failure::Fallible;
use xenia_guest::{NtStatus, code_page};
use xenia_kernel_macros::exports;
use xenia_memory::GuestMemory;

/// The exports for symbolic links.
pub struct SymbolicLink;

/// Size in bytes of a symbolic link's body.
const BODY: u32 = 0xC;

fn path(call: &Call, string: Ptr<AnsiString>) -> Fallible<String> {
    Ok(string.read(call.memory())?.path(call.memory())?)
}

/// Stores a path in the caller's buffer.
fn store_path(memory: &GuestMemory, path: &[u8], target: Ptr<AnsiString>) -> Fallible<NtStatus> {
    let mut string = target.read(memory)?;
    if path.len() > usize::from(string.maximum_length) {
        return Ok(NtStatus::BUFFER_TOO_SMALL);
    }
    memory.write_bytes(string.buffer, path)?;
    string.length = path.len() as u16;
    target.write(memory, string)?;
    Ok(NtStatus::SUCCESS)
}

#[exports(xboxkrnl)]
impl SymbolicLink {
    /// Creates a symbolic link from a name to a path. Links of scratch disks exist already:
    /// creating them again succeeds.
    #[export(Done)]
    fn ObCreateSymbolicLink(
        call: &mut Call,
        name: Ptr<AnsiString>,
        target: Ptr<AnsiString>,
    ) -> Fallible<NtStatus> {
        let name = path(call, name)?;
        let target = path(call, target)?;
        call.kernel.files.lock().link(&name, &target)?;
        Ok(NtStatus::SUCCESS)
    }

    /// Removes a symbolic link.
    #[export(Done)]
    fn ObDeleteSymbolicLink(call: &mut Call, name: Ptr<AnsiString>) -> Fallible<NtStatus> {
        let name = path(call, name)?;
        call.kernel.files.lock().vfs.unlink(&name)?;
        Ok(NtStatus::SUCCESS)
    }

    /// Opens a symbolic link.
    #[export(Done)]
    fn NtOpenSymbolicLinkObject(
        call: &mut Call,
        handle: Out<Handle>,
        attributes: Option<Ptr<ObjectAttributes>>,
    ) -> Fallible<NtStatus> {
        let memory = call.memory();
        let attributes = attributes.ok_or(NtStatus::INVALID_PARAMETER)?.read(memory)?;
        let name = attributes.path(memory)?.ok_or(NtStatus::OBJECT_NAME_INVALID)?;
        call.kernel.files.lock().vfs.link_target(&name)?;
        open_by_path(call, ObjectKind::SymbolicLink, BODY, name, handle)
    }

    /// Stores the target path of a symbolic link, and its length, also if it does not fit.
    #[export(Done)]
    fn NtQuerySymbolicLinkObject(
        call: &mut Call,
        link: Handle,
        target: Ptr<AnsiString>,
        returned: Option<Out<u32>>,
    ) -> Fallible<NtStatus> {
        let memory = call.memory();
        let name = path_of(call, link, ObjectKind::SymbolicLink)?;
        let path = code_page::encode_lossy(call.kernel.files.lock().vfs.link_target(&name)?);
        returned.set(memory, path.len() as u32)?;
        store_path(memory, &path, target)
    }

    /// Stores the path to which a path leads that begins with symbolic links. The file need not
    /// exist.
    #[export(Done)]
    fn ObTranslateSymbolicLink(
        call: &mut Call,
        attributes: Option<Ptr<ObjectAttributes>>,
        target: Ptr<AnsiString>,
    ) -> Fallible<NtStatus> {
        let memory = call.memory();
        let attributes = attributes.ok_or(NtStatus::INVALID_PARAMETER)?.read(memory)?;
        let name = attributes.path(memory)?.ok_or(NtStatus::OBJECT_NAME_INVALID)?;
        let path = {
            let files = call.kernel.files.lock();
            let location = files.vfs.resolve(&name)?;
            files.vfs.full_name(&location)
        };
        store_path(memory, &code_page::encode_lossy(&path), target)
    }
}
