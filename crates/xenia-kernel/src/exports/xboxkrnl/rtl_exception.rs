//! Raising exceptions and unwinding (`RtlRaiseException`, `RtlRaiseStatus`, `RtlUnwind`,
//! `__C_specific_handler`): see [`exceptions`].

use crate::abi::{Call, Flow, Ptr, Register, Text};
use crate::exceptions::{self, Target};
use crate::status::failure::Fallible;
use xenia_cpu::PpcContext;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_kernel_macros::exports;

/// See the module's documentation.
pub struct RtlException;

/// Exception code by which titles name their threads.
const SET_THREAD_NAME: u32 = 0x406D_1388;
/// Thread id that means the caller.
const CURRENT_THREAD: u32 = u32::MAX;

/// Gives a thread the name that the exception's parameters hold.
fn name_thread(call: &mut Call, information: Ptr<u32>) -> Fallible<()> {
    let memory = call.memory();
    let name = Text(GuestAddr(information.at(1).read(memory)?)).text(memory)?;
    let id = match information.at(2).read(memory)? {
        CURRENT_THREAD => call.thread_id(),
        id => id,
    };
    if let Some(record) = call.kernel.threads.lock().get_mut(id) {
        record.name = Some(name);
    }
    Ok(())
}

#[exports(xboxkrnl)]
impl RtlException {
    /// Raises the exception that `record` describes: the handlers of the functions on the stack are
    /// asked, innermost first. Naming a thread is done here.
    #[export(Done)]
    fn RtlRaiseException(call: &mut Call, record: Ptr<u32>) -> Fallible<Flow<Register>> {
        if record.read(call.memory())? == SET_THREAD_NAME {
            name_thread(call, record.at(5))?;
            return Ok(Flow::Return(Register(0)));
        }
        Ok(exceptions::raise(call, record.addr())?.map(Register))
    }

    /// Raises `status` as an exception without parameters that nobody may continue from; it doesn't
    /// return.
    #[export(Done)]
    fn RtlRaiseStatus(call: &mut Call, status: u32) -> Flow<Register> {
        exceptions::raise_from_call(call, NtStatus(status)).map(Register)
    }

    /// Leaves every function up to the one whose establisher frame (r1 at its entry) is `frame`,
    /// calling their handlers, and goes on at `target` in that one with `value` in r3; a null
    /// `target` means where that function's call returns. With a null `frame` every function is
    /// left, and the machine ends, as nobody is there to go on.
    #[export(Done)]
    fn RtlUnwind(
        call: &mut Call,
        frame: Option<GuestAddr>,
        target: Option<GuestAddr>,
        record: Option<GuestAddr>,
        value: u64,
    ) -> Fallible<Flow<Register>> {
        Ok(exceptions::unwind(call, Target { frame, pc: target, record, value, context: None })?
            .map(Register))
    }

    /// `RtlUnwind` with room for the registers that handlers see.
    #[export(Partial)]
    fn RtlUnwind2(
        call: &mut Call,
        frame: Option<GuestAddr>,
        target: Option<GuestAddr>,
        record: Option<GuestAddr>,
        value: u64,
        context: Option<GuestAddr>,
    ) -> Fallible<Flow<Register>> {
        Ok(exceptions::unwind(call, Target { frame, pc: target, record, value, context })?.map(Register))
    }

    /// Stores the caller's registers, as they are after the call.
    #[export(Done)]
    fn RtlCaptureContext(call: &mut Call, context: Ptr<()>) -> Fallible<()> {
        let ctx = PpcContext { pc: call.ctx().lr as u32 & !3, ..call.ctx().clone() };
        Ok(exceptions::store_context(call.memory(), context.addr(), &ctx)?)
    }

    /// The C language's handler: runs the filters or the termination handlers of the function's
    /// scope table.
    #[export(Done)]
    fn __C_specific_handler(
        call: &mut Call,
        record: GuestAddr,
        frame: GuestAddr,
        context: GuestAddr,
        dispatcher: GuestAddr,
    ) -> Flow<u64> {
        exceptions::handle_c_scopes(call, record, frame, context, dispatcher)
    }
}
