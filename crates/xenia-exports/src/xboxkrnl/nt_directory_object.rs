//! Directories of the object namespace (`Nt*DirectoryObject`).
//!
//! Parameters and the layout of an entry are those of the original Xbox's kernel, whose namespace
//! nxdk's homebrew lists with these calls; xkelib declares the same parameters for this console.

use crate::abi::{AnsiString, Call, GuestStruct, Handle, ObjectAttributes, OptionalOut, Out, Ptr};
use crate::files::{Namespace, absolute_path};
use crate::named_objects::{open_by_path, path_of};
use crate::objects::ObjectKind;
use crate::status::failure::Fallible;
use xenia_guest::{GuestAddr, NtStatus, code_page};
use xenia_kernel_macros::exports;

/// The exports for directories of the object namespace.
pub struct NtDirectoryObject;

/// Size in bytes of a directory's body, whose hash table of 13 words stays empty.
const BODY: u32 = 0x34;
/// Offset of the type in an entry, which follows the string of the name.
const ENTRY_TYPE: u32 = AnsiString::SIZE;
/// Size in bytes of an entry without its name.
const ENTRY: u32 = ENTRY_TYPE + 4;

fn namespace<'k>(call: &'k Call<'_>) -> Namespace<'k> {
    Namespace::new(&call.kernel.objects, &call.kernel.files)
}

#[exports(xboxkrnl)]
impl NtDirectoryObject {
    /// Opens a directory of the object namespace: `\`, `\??`, `\Device`, `\BaseNamedObjects`, or
    /// one that contains names.
    #[export(Done)]
    fn NtOpenDirectoryObject(
        call: &mut Call,
        handle: Out<Handle>,
        attributes: Option<Ptr<ObjectAttributes>>,
    ) -> Fallible<NtStatus> {
        let memory = call.memory();
        let attributes = attributes.ok_or(NtStatus::INVALID_PARAMETER)?.read(memory)?;
        let name = attributes.name(memory)?.unwrap_or_default();
        let root = match attributes.root_directory {
            Handle::NULL => None,
            ObjectAttributes::DOS_DEVICES => Some(r"\??".to_owned()),
            directory => Some(path_of(call, directory, ObjectKind::Directory)?),
        };
        let path = absolute_path(root.as_deref(), &name)?;
        namespace(call).list(&path)?;
        open_by_path(call, ObjectKind::Directory, BODY, path, handle)
    }

    /// Stores the directory's entry at the index in the context, and increments the index. The
    /// name follows the entry, with its terminator; the type is the object's pool tag. The size
    /// that the entry needs is stored also if it does not fit.
    #[export(Done)]
    fn NtQueryDirectoryObject(
        call: &mut Call,
        directory: Handle,
        buffer: GuestAddr,
        length: u32,
        restart: bool,
        context: Ptr<u32>,
        returned: Option<Out<u32>>,
    ) -> Fallible<NtStatus> {
        let memory = call.memory();
        let path = path_of(call, directory, ObjectKind::Directory)?;
        let index = if restart { 0 } else { context.read(memory)? };
        // A directory whose last name has gone meanwhile is empty.
        let entries = namespace(call).list(&path).unwrap_or_default();
        let Some(entry) = entries.get(index as usize) else {
            returned.set(memory, 0)?;
            return Ok(NtStatus::NO_MORE_ENTRIES);
        };
        let mut name = code_page::encode_lossy(&entry.name);
        let name_length = u16::try_from(name.len()).map_err(|_| NtStatus::OBJECT_NAME_INVALID)?;
        name.push(0);
        let needed = ENTRY + u32::from(name_length) + 1;
        returned.set(memory, needed)?;
        if needed > length {
            return Ok(NtStatus::BUFFER_TOO_SMALL);
        }
        let text = buffer.offset(ENTRY);
        memory.write_bytes(text, &name)?;
        let string =
            AnsiString { length: name_length, maximum_length: name_length.saturating_add(1), buffer: text };
        string.write(memory, buffer)?;
        memory.write(buffer.offset(ENTRY_TYPE), entry.kind.tag())?;
        context.write(memory, index + 1)?;
        Ok(NtStatus::SUCCESS)
    }
}
