//! References to objects, lookup by name and creation by type (`Ob*`).
//!
//! Only objects whose whole state is in their body can be created here: the kernel has records of
//! the others, which their own exports make.

use super::driver_request;
use super::ob_handle::resolve;
use crate::abi::{AnsiString, Call, Flow, Handle, ObjectAttributes, Out, Ptr};
use crate::named_objects::{store_handle, store_object};
use crate::objects::{ObjectKind, ObjectRef};
use crate::status::failure::Fallible;
use xenia_guest::layout::object_header as header;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_kernel_macros::exports;

/// The exports for object references.
pub struct ObReference;

/// Minimum body size of an object that a title creates by type: that of a timer, the largest such
/// type.
const MIN_BODY_SIZE: u32 = xenia_guest::layout::ktimer::SIZE;
const MAX_BODY: u32 = 0x1_0000;

/// Whether the kernel keeps no state of objects of this kind outside their body.
fn is_plain(kind: ObjectKind) -> bool {
    use ObjectKind::{Device, Event, Mutant, Semaphore, Timer};
    matches!(kind, Event | Semaphore | Mutant | Timer | Device)
}

/// Fails if a type is given and the object has another type.
fn check_type(call: &Call, object: &ObjectRef, object_type: Option<GuestAddr>) -> Fallible<()> {
    let fits = object_type.is_none_or(|at| call.kernel.objects.is_of_type(object.kind(), at));
    if fits { Ok(()) } else { Err(NtStatus::OBJECT_TYPE_MISMATCH.into()) }
}

#[exports(xboxkrnl)]
impl ObReference {
    /// Takes a reference to the object of a handle. Fails if the object is not of the given type.
    #[export(Done)]
    fn ObReferenceObjectByHandle(
        call: &mut Call,
        handle: Handle,
        object_type: Option<GuestAddr>,
        object: Option<Out<GuestAddr>>,
    ) -> Fallible<NtStatus> {
        // Without its address, the reference could never be dropped.
        let Some(object) = object else { return Ok(NtStatus::INVALID_PARAMETER) };
        object.set(call.memory(), GuestAddr::NULL)?;
        let found = resolve(call, handle)?;
        check_type(call, &found, object_type)?;
        call.kernel.objects.reference(found.body())?;
        object.set(call.memory(), found.body())?;
        Ok(NtStatus::SUCCESS)
    }

    /// Creates an object with one reference, of a type whose state is in its body only. The caller
    /// must initialise it. The name is ignored, as no later call could enter it.
    #[export(Partial)]
    fn ObCreateObject(
        call: &mut Call,
        object_type: GuestAddr,
        attributes: Option<Ptr<ObjectAttributes>>,
        size: u32,
        object: Out<GuestAddr>,
    ) -> Fallible<NtStatus> {
        let memory = call.memory();
        object.set(memory, GuestAddr::NULL)?;
        let name = attributes.map(|at| at.read(memory)?.name(memory)).transpose()?.flatten();
        if name.is_some_and(|name| name.is_empty() || name.contains("\\\\")) {
            return Ok(NtStatus::OBJECT_NAME_INVALID);
        }
        let kind = call.kernel.objects.kind_of_type(object_type).filter(|kind| is_plain(*kind));
        let (Some(kind), 0..=MAX_BODY) = (kind, size) else { return Ok(NtStatus::INVALID_PARAMETER) };
        let body = call.kernel.objects.create(&call.kernel.pool, kind, size.max(MIN_BODY_SIZE))?;
        let stored = object.set(memory, body);
        if stored.is_err() {
            call.kernel.dereference(body)?;
        }
        Ok(stored.map(|()| NtStatus::SUCCESS)?)
    }

    /// Returns whether an object belongs to the title, not to the system.
    #[export(Done)]
    fn ObIsTitleObject(call: &mut Call, object: GuestAddr) -> Fallible<bool> {
        let flags: u8 =
            call.memory().read(GuestAddr(object.0.wrapping_sub(header::SIZE)).offset(header::FLAGS))?;
        Ok(flags & header::OF_TITLE != 0)
    }

    /// Takes a reference to an object.
    #[export(Done)]
    fn ObReferenceObject(call: &mut Call, object: GuestAddr) -> Fallible<()> {
        call.kernel.objects.reference(object)
    }

    /// Drops a reference to an object.
    #[export(Done)]
    fn ObDereferenceObject(call: &mut Call, object: GuestAddr) -> Fallible<Flow<()>> {
        if object.is_null() {
            return Ok(Flow::Return(()));
        }
        driver_request::dereference(call, object)
    }

    /// Takes a reference to the object with this name.
    #[export(Done)]
    fn ObReferenceObjectByName(
        call: &mut Call,
        name: Ptr<AnsiString>,
        _attributes: u32,
        object_type: Option<GuestAddr>,
        _parse_context: u32,
        object: Out<GuestAddr>,
    ) -> Fallible<NtStatus> {
        let name = name.read(call.memory())?.text(call.memory())?;
        let found = call.kernel.objects.find_name(&name).ok_or(NtStatus::OBJECT_NAME_NOT_FOUND)?;
        check_type(call, &found, object_type)?;
        store_object(call, found.body(), object)?;
        Ok(NtStatus::SUCCESS)
    }

    /// Opens the object with this name.
    #[export(Done)]
    fn ObOpenObjectByName(
        call: &mut Call,
        attributes: Ptr<ObjectAttributes>,
        object_type: Option<GuestAddr>,
        _access: u32,
        handle: Out<Handle>,
    ) -> Fallible<NtStatus> {
        let memory = call.memory();
        let name = attributes.read(memory)?.name(memory)?.ok_or(NtStatus::OBJECT_NAME_INVALID)?;
        let found = call.kernel.objects.find_name(&name).ok_or(NtStatus::OBJECT_NAME_NOT_FOUND)?;
        check_type(call, &found, object_type)?;
        let opened = call.kernel.objects.open(found.body())?;
        store_handle(call, opened, handle)?;
        Ok(NtStatus::SUCCESS)
    }

    /// Opens an object by address.
    #[export(Done)]
    fn ObOpenObjectByPointer(call: &mut Call, object: GuestAddr, handle: Out<Handle>) -> Fallible<NtStatus> {
        let opened = call.kernel.objects.open(object)?;
        store_handle(call, opened, handle)?;
        Ok(NtStatus::SUCCESS)
    }
}
