//! The process that the caller counts as part of (`Ke*ProcessType`), and the end of the title's.

use crate::abi::{Call, Flow};
use crate::layout::{kpcr, kthread};
use crate::status::failure::Fallible;
use crate::title;
use xenia_kernel_macros::exports;

/// See the module's documentation.
pub struct KeProcess;

#[exports(xboxkrnl)]
impl KeProcess {
    /// 0 idle, 1 title, 2 system; of the deferred call if one is running.
    #[export(Done)]
    fn KeGetCurrentProcessType(call: &mut Call) -> Fallible<u8> {
        let memory = call.memory();
        if memory.read::<u32>(call.kpcr().offset(kpcr::DPC_ACTIVE))? != 0 {
            return Ok(memory.read(call.kpcr().offset(kpcr::PROCESS_TYPE_IN_DPC))?);
        }
        Ok(memory.read(call.kthread()?.offset(kthread::PROCESS_TYPE))?)
    }

    /// Sets the process type of a running deferred call; without one, nothing.
    #[export(Done)]
    fn KeSetCurrentProcessType(call: &mut Call, kind: u32) -> Fallible<()> {
        let memory = call.memory();
        if memory.read::<u32>(call.kpcr().offset(kpcr::DPC_ACTIVE))? != 0 {
            memory.write(call.kpcr().offset(kpcr::PROCESS_TYPE_IN_DPC), kind as u8)?;
        }
        Ok(())
    }

    /// Ends the title with all its threads. What its parameter means is not known; it is taken for
    /// the exit code.
    #[export(Partial)]
    fn ExTerminateTitleProcess(call: &mut Call, code: u32) -> Flow<()> {
        title::terminate_with(call, code).map(|_| ())
    }
}
