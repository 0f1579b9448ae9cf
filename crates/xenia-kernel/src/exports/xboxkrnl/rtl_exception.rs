//! Raising exceptions (`RtlRaiseException`).

use crate::abi::{Call, Flow, Ptr, Text};
use crate::failure::Fallible;
use xenia_guest::GuestAddr;
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
}
