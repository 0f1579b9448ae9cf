//! Overflow of the queue of device stores.

use xenia_cpu::{ExceptionKind, Exit};
use xenia_memory::FaultKind;

/// Whether an instruction failed only because the queue of device stores is full. That is not an
/// error of the guest: the instruction, none of whose stores were queued, is executed again once
/// the devices have taken the queued stores.
pub(crate) fn are_too_many(exit: Exit) -> bool {
    let Exit::Exception(exception) = exit else { return false };
    matches!(exception.kind, ExceptionKind::Memory(fault) if fault.kind == FaultKind::DeviceQueueFull)
}
