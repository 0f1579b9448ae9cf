//! Arguments of handlers in guest memory: on the thread's stack, below the red zone of its
//! functions.

use super::walk::{Activation, Handler};
use crate::abi::{Call, Flow};
use crate::exception_state::{ActivityKind, HandlerArea};
use crate::status::failure::Fallible;
use xenia_guest::layout::RED_ZONE;
use xenia_guest::layout::{context_record, dispatcher_context, exception_record, function_entry};
use xenia_guest::{GuestAddr, NtStatus};
use xenia_memory::GuestMemory;

/// Offsets in the area. The back chain is at 0.
mod at {
    use super::{context_record, dispatcher_context, exception_record, function_entry};
    pub(super) const DISPATCHER: u32 = 0x10;
    pub(super) const FUNCTION: u32 = DISPATCHER + dispatcher_context::SIZE;
    pub(super) const RECORD: u32 = FUNCTION + function_entry::SIZE;
    pub(super) const CONTEXT: u32 = RECORD + exception_record::SIZE;
    pub(super) const SIZE: u32 = CONTEXT + context_record::SIZE;
}

/// Allocates `size` bytes on a stack, with the back chain in the first word. Returns the new stack
/// pointer.
pub(super) fn take(memory: &GuestMemory, stack_pointer: u64, low: u32, size: u32) -> Fallible<GuestAddr> {
    let old = stack_pointer as u32;
    let new = old.checked_sub(size + RED_ZONE as u32).ok_or(NtStatus::UNSUCCESSFUL)? & !15;
    if new < low {
        return Err(NtStatus::UNSUCCESSFUL.into());
    }
    memory.write(GuestAddr(new), old)?;
    Ok(GuestAddr(new))
}

impl HandlerArea {
    /// Allocates the area below a stack pointer.
    pub(super) fn below(memory: &GuestMemory, stack_pointer: u64, low: u32) -> Fallible<Self> {
        Ok(Self { base: take(memory, stack_pointer, low, at::SIZE)? })
    }

    /// Stack pointer for guest code that is called.
    pub(super) fn stack_pointer(self) -> u64 {
        u64::from(self.base.0)
    }

    /// Space for an `EXCEPTION_RECORD`.
    pub(super) fn record(self) -> GuestAddr {
        self.base.offset(at::RECORD)
    }

    /// Space for a `CONTEXT`.
    pub(super) fn context(self) -> GuestAddr {
        self.base.offset(at::CONTEXT)
    }

    /// Address of the `DISPATCHER_CONTEXT`.
    pub(super) fn dispatcher(self) -> GuestAddr {
        self.base.offset(at::DISPATCHER)
    }

    /// Writes a function activation to the `DISPATCHER_CONTEXT`.
    fn describe(
        self,
        memory: &GuestMemory,
        activation: &Activation,
        handler: Handler,
        control_pc: GuestAddr,
        context: GuestAddr,
    ) -> Fallible<()> {
        let function = activation.function;
        let entry = self.base.offset(at::FUNCTION);
        for (offset, value) in [
            (function_entry::BEGIN, function.start),
            (function_entry::END, function.start.offset(function.size)),
            (function_entry::HANDLER, handler.pc),
            (function_entry::HANDLER_DATA, handler.data),
            (function_entry::PROLOGUE_END, function.start.offset(function.prologue_size)),
        ] {
            memory.write(entry.offset(offset), value)?;
        }
        for (offset, value) in [
            (dispatcher_context::CONTROL_PC, control_pc),
            (dispatcher_context::FUNCTION_ENTRY, entry),
            (dispatcher_context::ESTABLISHER_FRAME, activation.frame),
            (dispatcher_context::CONTEXT, context),
        ] {
            memory.write(self.dispatcher().offset(offset), value)?;
        }
        Ok(())
    }
}

/// Arguments of a handler, all in guest memory.
pub(super) struct HandlerArguments {
    pub(super) area: HandlerArea,
    /// The `EXCEPTION_RECORD`, in the area or in memory of the guest's own.
    pub(super) record: GuestAddr,
    /// Establisher frame of the handler's function.
    pub(super) frame: GuestAddr,
    /// The `CONTEXT`, in the area or in memory of the guest's own.
    pub(super) context: GuestAddr,
}

impl HandlerArguments {
    /// Completes the arguments: the flags of the record, and the `DISPATCHER_CONTEXT`. The rest of
    /// the record and the `CONTEXT` are written before.
    pub(super) fn write(
        &self,
        memory: &GuestMemory,
        flags: u32,
        activation: &Activation,
        handler: Handler,
        control_pc: GuestAddr,
    ) -> Fallible<()> {
        memory.write(self.record.offset(exception_record::FLAGS), flags)?;
        self.area.describe(memory, activation, handler, control_pc, self.context)
    }

    /// Calls the handler below the area; the activity continues with its result.
    pub(super) fn call_handler(self, call: &mut Call, handler: Handler, activity: ActivityKind) -> Flow {
        let Self { area, record, frame, context } = self;
        call.ctx_mut().gpr[1] = area.stack_pointer();
        let args = [record, frame, context, area.dispatcher()].map(|at| u64::from(at.0));
        activity.call_guest(handler.pc, args.to_vec(), frame)
    }
}
