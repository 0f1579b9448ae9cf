//! Deferred procedure calls (`Ke*Dpc`).

use crate::abi::{Call, Ptr};
use crate::status::failure::Fallible;
use xenia_guest::GuestAddr;
use xenia_guest::layout::kdpc;
use xenia_kernel_macros::exports;

/// The exports for DPCs.
pub struct KeDpc;

#[exports(xboxkrnl)]
impl KeDpc {
    /// Initialises a DPC object with its routine and the routine's second argument.
    #[export(Done)]
    fn KeInitializeDpc(call: &mut Call, dpc: Ptr<()>, routine: GuestAddr, context: u32) -> Fallible<()> {
        let memory = call.memory();
        let at = dpc.addr();
        memory.write(at.offset(kdpc::TYPE), kdpc::TYPE_DPC)?;
        memory.write(at.offset(kdpc::SELECTED_CPU), 0_u8)?;
        memory.write(at.offset(kdpc::DESIRED_CPU), 0_u8)?;
        memory.write(at.offset(kdpc::ROUTINE), routine)?;
        memory.write(at.offset(kdpc::CONTEXT), context)?;
        Ok(())
    }

    /// Queues `routine(dpc, context, arg1, arg2)` on the hardware thread that the object names, or
    /// on the caller's; returns false if it is queued already.
    #[export(Done)]
    fn KeInsertQueueDpc(call: &mut Call, dpc: Ptr<()>, arg1: u32, arg2: u32) -> Fallible<bool> {
        let hw_id = call.hw_id();
        call.kernel.services().queue_dpc(call.cpu, dpc.addr(), arg1, arg2, hw_id)
    }

    /// Removes a DPC from its queue; returns false if it is not queued.
    #[export(Done)]
    fn KeRemoveQueueDpc(call: &mut Call, dpc: Ptr<()>) -> Fallible<bool> {
        call.kernel.threads.lock().take_back_dpc(call.memory(), dpc.addr())
    }
}
