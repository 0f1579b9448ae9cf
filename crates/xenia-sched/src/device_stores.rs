//! What a visit's stores to devices mean for the visit.

use xenia_cpu::{ExceptionKind, GuestException};
use xenia_memory::{FaultKind, MemoryFault};

/// Whether an instruction could not complete only because the visit's stores to devices are as many as their queue holds. The
/// guest has done nothing wrong: the instruction is executed again once the devices have taken them.
pub(crate) fn are_too_many(exception: GuestException) -> bool {
    let ExceptionKind::Memory(MemoryFault { kind, .. }) = exception.kind else { return false };
    kind == FaultKind::DeviceQueueFull
}
