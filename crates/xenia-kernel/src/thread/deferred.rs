//! Deferred procedure calls (DPCs): queueing; and alerts of threads.

use crate::abi::{Flow, ProcessorMode};
use crate::status::failure::Fallible;
use crate::thread::interrupts::{ServiceCall, ServiceKind};
use crate::thread::records::Threads;
use xenia_guest::layout::kdpc;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_memory::GuestMemory;
use xenia_sched::{Alertable, HW_THREADS};

impl Threads {
    /// Queues a DPC; returns its hardware thread, or `None` if it is queued already. The fields of
    /// its object that titles see change together with the queue.
    pub(super) fn push_dpc(
        &mut self,
        memory: &GuestMemory,
        dpc: GuestAddr,
        [arg1, arg2]: [u32; 2],
        hw_id: u8,
    ) -> Fallible<Option<u8>> {
        if self.interrupts.has_dpc(dpc) {
            return Ok(None);
        }
        memory.write(dpc.offset(kdpc::ARG1), arg1)?;
        memory.write(dpc.offset(kdpc::ARG2), arg2)?;
        let desired: u8 = memory.read(dpc.offset(kdpc::DESIRED_CPU))?;
        let named = desired.checked_sub(1).filter(|&hw_id| usize::from(hw_id) < HW_THREADS);
        let hw_id = named.unwrap_or(hw_id);
        let context: u32 = memory.read(dpc.offset(kdpc::CONTEXT))?;
        let call = ServiceCall {
            kind: ServiceKind::Dpc(dpc),
            pc: memory.read(dpc.offset(kdpc::ROUTINE))?,
            args: [dpc.0, context, arg1, arg2].map(u64::from),
        };
        memory.write(dpc.offset(kdpc::SELECTED_CPU), hw_id + 1)?;
        let pushed = self.interrupts.push(hw_id, call);
        if pushed != Ok(true) {
            memory.write(dpc.offset(kdpc::SELECTED_CPU), 0_u8)?;
        }
        Ok(pushed?.then_some(hw_id))
    }

    /// Removes a DPC from its queue; returns `false` if it is not queued.
    pub fn take_back_dpc(&mut self, memory: &GuestMemory, dpc: GuestAddr) -> Fallible<bool> {
        let found = self.interrupts.remove_dpc(dpc);
        if found {
            memory.write(dpc.offset(kdpc::SELECTED_CPU), 0_u8)?;
        }
        Ok(found)
    }

    /// Consumes a thread's alert of one mode; returns whether there was one.
    pub fn take_alert(&mut self, thread_id: u32, mode: ProcessorMode) -> bool {
        self.get_mut(thread_id).is_some_and(|record| std::mem::take(&mut record.alerted[mode as usize]))
    }

    /// The alert or APC that ends an alertable wait of the calling thread before it begins.
    pub(crate) fn interruption(
        &mut self,
        memory: &GuestMemory,
        thread_id: u32,
        alertable: Alertable,
    ) -> Fallible<Option<Flow<NtStatus>>> {
        if alertable == Alertable::InUserMode {
            if self.take_alert(thread_id, ProcessorMode::User) {
                return Ok(Some(Flow::Return(NtStatus::ALERTED)));
            }
            if let Some(apc) = self.next_apc(memory, thread_id)? {
                return Ok(Some(Flow::CallGuest(apc)));
            }
        }
        let alerted = self.take_alert(thread_id, ProcessorMode::Kernel);
        Ok(alerted.then_some(Flow::Return(NtStatus::ALERTED)))
    }
}
