//! References to objects, and objects by name (`Ob*`).

use super::ob_handle::named;
use crate::abi::{AnsiString, Call, Handle, ObjectAttributes, OptionalOut, Out, Ptr};
use crate::layout::object_header as header;
use crate::objects::{ObjectKind, ObjectRef};
use crate::status::failure::Fallible;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_kernel_macros::exports;

/// See the module's documentation.
pub struct ObReference;

/// Flag in an object's header: it is the title's.
const OF_TITLE: u8 = 0x10;
/// Bytes of an object that a title makes by its type: a timer, the largest of those, at least.
const SMALLEST_BODY: u32 = crate::layout::ktimer::SIZE;
const LARGEST_BODY: u32 = 0x1_0000;

/// Whether the kernel keeps nothing of an object of this kind but its body.
fn is_plain(kind: ObjectKind) -> bool {
    use ObjectKind::{Device, Event, Mutant, Semaphore, Timer};
    matches!(kind, Event | Semaphore | Mutant | Timer | Device)
}

/// Fails if a type is asked for and the object has another.
fn check_type(call: &Call, object: &ObjectRef, object_type: Option<GuestAddr>) -> Fallible<()> {
    match object_type.and_then(|variable| call.kernel.objects.kind_of_type(variable)) {
        Some(kind) if object.kind() != kind => Err(NtStatus::OBJECT_TYPE_MISMATCH.into()),
        _ => Ok(()),
    }
}

#[exports(xboxkrnl)]
impl ObReference {
    /// The object of a handle, with a reference. Fails if it is not of the given type.
    #[export(Done)]
    fn ObReferenceObjectByHandle(
        call: &mut Call,
        handle: Handle,
        object_type: Option<GuestAddr>,
        object: Option<Out<GuestAddr>>,
    ) -> Fallible<NtStatus> {
        object.set(call.memory(), GuestAddr::NULL)?;
        let found = named(call, handle)?;
        check_type(call, &found, object_type)?;
        call.kernel.objects.reference(found.body())?;
        object.set(call.memory(), found.body())?;
        Ok(NtStatus::SUCCESS)
    }

    /// Makes an object of a type without a state that the kernel has of it elsewhere, with one
    /// reference. The caller initialises it. A name is not kept: nothing here could enter it
    /// anywhere later.
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
        let (Some(kind), 0..=LARGEST_BODY) = (kind, size) else { return Ok(NtStatus::INVALID_PARAMETER) };
        let body = call.kernel.objects.create(&call.kernel.pool, kind, size.max(SMALLEST_BODY))?;
        let stored = object.set(memory, body);
        if stored.is_err() {
            call.kernel.dereference(body)?;
        }
        Ok(stored.map(|()| NtStatus::SUCCESS)?)
    }

    /// Whether an object is the title's, and not the system's.
    #[export(Done)]
    fn ObIsTitleObject(call: &mut Call, object: GuestAddr) -> Fallible<bool> {
        let flags: u8 =
            call.memory().read(GuestAddr(object.0.wrapping_sub(header::SIZE)).offset(header::FLAGS))?;
        Ok(flags & OF_TITLE != 0)
    }

    /// Takes a reference to an object.
    #[export(Done)]
    fn ObReferenceObject(call: &mut Call, object: GuestAddr) -> Fallible<()> {
        call.kernel.objects.reference(object)
    }

    /// Gives a reference to an object back.
    #[export(Done)]
    fn ObDereferenceObject(call: &mut Call, object: GuestAddr) -> Fallible<()> {
        if object.is_null() {
            return Ok(());
        }
        call.kernel.dereference(object)
    }

    /// The object of a name, with a reference.
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
        call.kernel.objects.reference(found.body())?;
        object.set(call.memory(), found.body())?;
        Ok(NtStatus::SUCCESS)
    }

    /// Opens the object of a name.
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
        handle.set(memory, opened)?;
        Ok(NtStatus::SUCCESS)
    }

    /// Opens an object by pointer.
    #[export(Done)]
    fn ObOpenObjectByPointer(call: &mut Call, object: GuestAddr, handle: Out<Handle>) -> Fallible<NtStatus> {
        let opened = call.kernel.objects.open(object)?;
        handle.set(call.memory(), opened)?;
        Ok(NtStatus::SUCCESS)
    }
}
