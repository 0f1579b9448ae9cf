//! Object types as titles see them: the `OBJECT_TYPE` that each `*ObjectType` variable holds.
//!
//! The type's procedures are for guest code that allocates or frees objects through a type: bodies
//! come from the pool and return to it, and a deleted timer is cancelled first. The other
//! procedures are null, because the kernel itself cleans up closed and deleted objects and looks up
//! names. A type is filled in when a title imports it.

use super::ModuleLoader;
use crate::objects::ObjectKind;
use crate::status::failure::Fallible;
use xenia_guest::GuestAddr;
use xenia_guest::layout::object_type;
use xenia_imports::Library;

/// The kernel functions that a type's procedures point to.
fn procedures(kind: ObjectKind) -> [(u32, &'static str); 3] {
    let deletes = if kind == ObjectKind::Timer { "KeCancelTimer" } else { "" };
    [
        (object_type::ALLOCATE, "ExAllocatePoolTypeWithTag"),
        (object_type::FREE, "ExFreePool"),
        (object_type::DELETE, deletes),
    ]
}

/// Whether objects of a kind begin with a dispatcher header, so that a wait is for the object
/// itself.
fn is_waitable(kind: ObjectKind) -> bool {
    use ObjectKind::{Event, File, Mutant, Semaphore, Thread, Timer};
    matches!(kind, Event | File | Mutant | Semaphore | Thread | Timer)
}

impl ModuleLoader<'_> {
    /// Fills in the object type at `at`, if there is one.
    pub(super) fn complete_object_type(&self, at: GuestAddr) -> Fallible<()> {
        let Some(kind) = self.objects.kind_of_type(at) else { return Ok(()) };
        let memory = self.memory;
        for (offset, name) in procedures(kind) {
            if let Some(export) = self.imports.registry.find_by_name(Library::xboxkrnl, name) {
                let stub = self.imports.stub_of(memory, export)?;
                memory.write(at.offset(offset), stub)?;
            }
        }
        let default_object = at.offset(object_type::DEFAULT_OBJECT);
        if !is_waitable(kind) && memory.read::<GuestAddr>(default_object)?.is_null() {
            memory.write(default_object, self.objects.default_object(self.pool)?)?;
        }
        Ok(())
    }
}
