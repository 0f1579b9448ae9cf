//! What a visit's stores to devices mean for the visit.

use xenia_cpu::{ExceptionKind, Exit};
use xenia_memory::{Device, DeviceQueue};

/// Registers that one store may change, with the one that the queue keeps free.
const ONE_STORE: usize = 6;

/// Whether an instruction could not complete only because the visit's stores to devices are as many as their queue holds. The
/// guest has done nothing wrong: the instruction is executed again once the devices have taken them. Engines don't agree on
/// how they call that fault, so it is the queue that is looked at; another fault of the same store comes again with an empty one.
pub(crate) fn are_too_many(exit: Exit, devices: &DeviceQueue) -> bool {
    let Exit::Exception(exception) = exit else { return false };
    let ExceptionKind::Memory(fault) = exception.kind else { return false };
    let has_room = devices.stores().len() + ONE_STORE < DeviceQueue::CAPACITY;
    !has_room && fault.write && Device::of(fault.addr).is_some()
}
