//! What a visit's stores to devices mean for the visit.

use xenia_cpu::{ExceptionKind, Exit};
use xenia_memory::FaultKind;

/// Whether an instruction could not complete only because the visit's stores to devices are as many
/// as their queue holds. The guest has done nothing wrong: the instruction, which has queued no
/// part of its stores, is executed again once the devices have taken what is there.
pub(crate) fn are_too_many(exit: Exit) -> bool {
    let Exit::Exception(exception) = exit else { return false };
    matches!(exception.kind, ExceptionKind::Memory(fault) if fault.kind == FaultKind::DeviceQueueFull)
}
