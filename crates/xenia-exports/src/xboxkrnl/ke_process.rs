//! The caller's process type (`Ke*ProcessType`), and termination of the title's process.

use crate::abi::{Call, Flow};
use crate::status::failure::Fallible;
use crate::title;
use xenia_guest::layout::{kpcr, kthread};
use xenia_kernel_macros::exports;

/// The exports for processes.
pub struct KeProcess;

#[exports(xboxkrnl)]
impl KeProcess {
    /// Returns the caller's process type: 0 idle, 1 title, 2 system. During a DPC it is that of the
    /// DPC.
    #[export(Done)]
    fn KeGetCurrentProcessType(call: &mut Call) -> Fallible<u8> {
        let memory = call.memory();
        if memory.read::<u32>(call.kpcr().offset(kpcr::DPC_ACTIVE))? != 0 {
            return Ok(memory.read(call.kpcr().offset(kpcr::PROCESS_TYPE_IN_DPC))?);
        }
        Ok(memory.read(call.kthread()?.offset(kthread::PROCESS_TYPE))?)
    }

    /// Sets the process type of the running DPC; without one, does nothing.
    #[export(Done)]
    fn KeSetCurrentProcessType(call: &mut Call, kind: u32) -> Fallible<()> {
        let memory = call.memory();
        if memory.read::<u32>(call.kpcr().offset(kpcr::DPC_ACTIVE))? != 0 {
            memory.write(call.kpcr().offset(kpcr::PROCESS_TYPE_IN_DPC), kind as u8)?;
        }
        Ok(())
    }

    /// Terminates the title with all its threads. The parameter is assumed to be the exit code,
    /// which no title can see.
    #[export(Done)]
    fn ExTerminateTitleProcess(call: &mut Call, code: u32) -> Flow<()> {
        title::terminate_with(call, code).map(|_| ())
    }
}
