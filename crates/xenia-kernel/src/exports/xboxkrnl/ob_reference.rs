//! References to objects, and objects by name (`Ob*`).

use super::ob_handle::named;
use crate::abi::{AnsiString, Call, Handle, ObjectAttributes, OptionalOut, Out, Ptr};
use crate::objects::ObjectRef;
use crate::status::failure::Fallible;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_kernel_macros::exports;

/// See the module's documentation.
pub struct ObReference;

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
