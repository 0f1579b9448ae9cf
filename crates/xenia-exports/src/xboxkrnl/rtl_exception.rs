//! Raising of exceptions and unwinding (`RtlRaiseException`, `RtlRaiseStatus`, `RtlUnwind`,
//! `__C_specific_handler`); implemented in [`exceptions`].

use crate::abi::{Call, Flow, Ptr, RegisterResult};
use crate::exceptions::{self, UnwindTarget};
use crate::status::failure::Fallible;
use crate::thread::records::MAX_THREAD_NAME;
use xenia_cpu::PpcContext;
use xenia_guest::{GuestAddr, NtStatus, code_page};
use xenia_kernel_macros::exports;

/// The exports for exceptions.
pub struct RtlException;

/// Exception code by which titles name their threads.
const SET_THREAD_NAME: u32 = 0x406D_1388;
/// Thread ID that stands for the caller.
const CURRENT_THREAD: u32 = u32::MAX;

/// Sets the name of a thread, given the exception's parameters. A longer name is cut short: the
/// record of a thread that has ended keeps it until its last handle is closed.
fn name_thread(call: &mut Call, information: Ptr<u32>) -> Fallible<()> {
    let memory = call.memory();
    let name = memory.read_c_string(GuestAddr(information.at(1).read(memory)?), MAX_THREAD_NAME)?;
    let id = match information.at(2).read(memory)? {
        CURRENT_THREAD => call.thread_id(),
        id => id,
    };
    if let Some(record) = call.kernel.threads.lock().get_mut(id) {
        record.name = Some(code_page::decode(&name));
    }
    Ok(())
}

#[exports(xboxkrnl)]
impl RtlException {
    /// Raises the exception in `record`: calls the handlers of the functions on the stack,
    /// innermost first. The exception that names a thread is handled directly.
    #[export(Done)]
    fn RtlRaiseException(call: &mut Call, record: Ptr<u32>) -> Fallible<Flow<RegisterResult>> {
        if record.read(call.memory())? == SET_THREAD_NAME {
            name_thread(call, record.at(5))?;
            return Ok(Flow::Return(RegisterResult(0)));
        }
        Ok(exceptions::raise(call, record.addr())?.map(RegisterResult))
    }

    /// Raises `status` as a noncontinuable exception without parameters; does not return.
    #[export(Done)]
    fn RtlRaiseStatus(call: &mut Call, status: u32) -> Flow<RegisterResult> {
        exceptions::raise_from_call(call, NtStatus(status)).map(RegisterResult)
    }

    /// Unwinds to the function whose establisher frame (r1 on entry) is `frame`: calls the handlers
    /// of the functions that are left, then resumes at `target` with `value` in r3. A null `target`
    /// means the return address of that function's call. A null `frame` unwinds all functions and
    /// ends the machine.
    #[export(Done)]
    fn RtlUnwind(
        call: &mut Call,
        frame: Option<GuestAddr>,
        target: Option<GuestAddr>,
        record: Option<GuestAddr>,
        value: u64,
    ) -> Fallible<Flow<RegisterResult>> {
        Ok(exceptions::unwind(call, UnwindTarget { frame, pc: target, record, value, context: None })?
            .map(RegisterResult))
    }

    /// Like `RtlUnwind`, with a buffer for the registers that handlers see.
    #[export(Done)]
    fn RtlUnwind2(
        call: &mut Call,
        frame: Option<GuestAddr>,
        target: Option<GuestAddr>,
        record: Option<GuestAddr>,
        value: u64,
        context: Option<GuestAddr>,
    ) -> Fallible<Flow<RegisterResult>> {
        Ok(exceptions::unwind(call, UnwindTarget { frame, pc: target, record, value, context })?
            .map(RegisterResult))
    }

    /// Stores the caller's registers, as they are after the call.
    #[export(Done)]
    fn RtlCaptureContext(call: &mut Call, context: Ptr<()>) -> Fallible<()> {
        let ctx = PpcContext { pc: call.ctx().lr as u32 & !3, ..call.ctx().clone() };
        Ok(exceptions::store_context(call.memory(), context.addr(), &ctx)?)
    }

    /// Language handler of C functions: runs the filters or termination handlers in the function's
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
