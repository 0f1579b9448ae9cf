//! Raising exceptions and unwinding (`RtlRaiseException`, `RtlUnwind`, `__C_specific_handler`).

use crate::abi::{Call, Flow, Ptr, Text};
use crate::failure::Fallible;
use xenia_guest::GuestAddr;
use xenia_kernel_macros::exports;

/// See the module's documentation.
pub struct RtlException;

/// Exception code by which titles name their threads.
const SET_THREAD_NAME: u32 = 0x406D_1388;
/// `ExceptionContinueSearch`.
const CONTINUE_SEARCH: u32 = 1;
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
    /// Raises an exception. Naming a thread is done here; others end the title: handlers are not searched yet.
    #[export(Partial)]
    fn RtlRaiseException(call: &mut Call, record: Ptr<u32>) -> Fallible<Flow<()>> {
        let memory = call.memory();
        let code = record.read(memory)?;
        if code == SET_THREAD_NAME {
            name_thread(call, record.at(5))?;
            return Ok(Flow::Return(()));
        }
        let count = record.at(4).read(memory)?.min(15);
        let parameters: Vec<u32> =
            (0..count).map(|index| record.at(5 + index).read(memory)).collect::<Result<_, _>>()?;
        let at = GuestAddr(call.ctx().lr as u32);
        let text = format!("{at}: exception {code:#x} with {parameters:#x?}");
        Ok(Flow::End(call.kernel.crash(call.scheduler, call.thread(), at, &text)))
    }

    /// Goes on at `target` in the function whose frame is `frame`, with the registers that it had and `value` in
    /// r3; a null `target` means where that function's call returns. Termination handlers of the frames in between
    /// are not called.
    #[export(Partial)]
    fn RtlUnwind(
        call: &mut Call,
        frame: GuestAddr,
        target: Option<GuestAddr>,
        _record: Option<Ptr<u32>>,
        value: u32,
    ) -> Fallible<Flow<u32>> {
        let mut ctx = call.ctx().clone();
        // From the import thunk on: the caller is where the link register points.
        ctx.pc = ctx.lr as u32 & !3;
        call.kernel.unwind_to(&mut ctx, frame)?;
        if let Some(target) = target {
            ctx.pc = target.0;
        }
        let own = call.ctx_mut();
        own.gpr[14..].copy_from_slice(&ctx.gpr[14..]);
        own.fpr[14..].copy_from_slice(&ctx.fpr[14..]);
        (own.gpr[1], own.lr, own.pc) = (ctx.gpr[1], ctx.lr, ctx.pc);
        Ok(Flow::Return(value))
    }

    /// The language's exception handler, called by the dispatcher for each frame. Nothing here dispatches to frames,
    /// so whoever calls it is told to go on searching.
    #[export(Stub)]
    fn __C_specific_handler(
        _call: &mut Call,
        _record: GuestAddr,
        _frame: GuestAddr,
        _context: GuestAddr,
        _dispatcher: GuestAddr,
    ) -> u32 {
        CONTINUE_SEARCH
    }
}
