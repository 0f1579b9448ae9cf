//! Creation of objects that can have a name.
//!
//! Invariants: a name becomes visible only with an initialised object; a handle or reference whose
//! place in the title's memory can't be written is released, as the title could not do so.

use crate::abi::{Call, Handle, ObjectAttributes, Out, Ptr};
use crate::objects::ObjectKind;
use crate::status::failure::Fallible;
use xenia_guest::{GuestAddr, NtStatus};

/// Creates an object for a handle, or opens the existing one with the name (`OBJECT_NAME_EXISTS`)
/// if the attributes say so. The name becomes visible only after the object is initialised. Without
/// a place for the handle, it is closed.
pub(crate) fn create_object(
    call: &mut Call,
    handle: Option<Out<Handle>>,
    attributes: Option<Ptr<ObjectAttributes>>,
    kind: ObjectKind,
    size: u32,
    initialize: impl FnMut(&mut Call, GuestAddr) -> Fallible<()>,
) -> Fallible<NtStatus> {
    let made = make_object(call, attributes, kind, size, initialize)?;
    match handle {
        Some(out) => store_handle(call, made.handle, out)?,
        None => call.kernel.close(made.handle)?,
    }
    Ok(if made.existed { NtStatus::OBJECT_NAME_EXISTS } else { NtStatus::SUCCESS })
}

/// Creates an object without a name; returns its handle.
pub(crate) fn make_nameless(
    call: &mut Call,
    kind: ObjectKind,
    size: u32,
    initialize: impl FnMut(&mut Call, GuestAddr) -> Fallible<()>,
) -> Fallible<Handle> {
    Ok(make_object(call, None, kind, size, initialize)?.handle)
}

/// Makes the object of an open symbolic link or directory, which is known by its path, and stores
/// its handle.
pub(crate) fn open_by_path(
    call: &Call,
    kind: ObjectKind,
    size: u32,
    path: String,
    handle: Out<Handle>,
) -> Fallible<NtStatus> {
    let body = call.kernel.objects.create(&call.kernel.pool, kind, size)?;
    let named = call.kernel.files.lock().open_paths.insert(body, path, &call.kernel.limits);
    let opened = named.map_err(Into::into).and_then(|()| call.kernel.objects.open(body));
    call.kernel.dereference(body)?;
    store_handle(call, opened?, handle)?;
    Ok(NtStatus::SUCCESS)
}

/// Path by which [`open_by_path`] has opened an object of the kind.
pub(crate) fn path_of(call: &Call, handle: Handle, kind: ObjectKind) -> Fallible<String> {
    let object = call.kernel.objects.resolve_kind(handle, kind)?;
    let files = call.kernel.files.lock();
    Ok(files.open_paths.get(object.body()).ok_or(NtStatus::INVALID_HANDLE)?.to_owned())
}

/// Stores a new handle for the title; closes it if that fails, since no other copy of it exists.
pub(crate) fn store_handle(call: &Call, handle: Handle, out: Out<Handle>) -> Fallible<()> {
    let stored = out.set(call.memory(), handle);
    if stored.is_err() {
        call.kernel.close(handle)?;
    }
    Ok(stored?)
}

/// Stores an object for the title, with a reference; drops the reference if the address can't be
/// stored.
pub(crate) fn store_object(call: &Call, object: GuestAddr, out: Out<GuestAddr>) -> Fallible<()> {
    call.kernel.objects.reference(object)?;
    let stored = out.set(call.memory(), object);
    if stored.is_err() {
        call.kernel.dereference(object)?;
    }
    Ok(stored?)
}

/// An object that was created, or found by its name.
struct MadeObject {
    handle: Handle,
    existed: bool,
}

/// Creates an object or finds the existing one with the name.
fn make_object(
    call: &mut Call,
    attributes: Option<Ptr<ObjectAttributes>>,
    kind: ObjectKind,
    size: u32,
    mut initialize: impl FnMut(&mut Call, GuestAddr) -> Fallible<()>,
) -> Fallible<MadeObject> {
    let memory = call.memory();
    let attributes = attributes.map(|at| at.read(memory)).transpose()?.unwrap_or_default();
    let name = attributes.name(memory)?;
    let name = name.as_deref().filter(|name| !name.is_empty());
    let objects = &call.kernel.objects;
    let (body, existed) = loop {
        if let Some(name) = name
            && let Some(body) = objects.reference_named(name, kind, attributes.existing())?
        {
            break (body, true);
        }
        let body = objects.create(&call.kernel.pool, kind, size)?;
        let named = initialize(call, body).and_then(|()| match name {
            Some(name) => objects.claim_name(body, name),
            None => Ok(true),
        });
        if matches!(named, Ok(true)) {
            break (body, false);
        }
        // Another thread has created an object of that name meanwhile, or the name can't be
        // inserted.
        call.kernel.dereference(body)?;
        named?;
    };
    let handle = objects.open(body);
    call.kernel.dereference(body)?;
    Ok(MadeObject { handle: handle?, existed })
}
