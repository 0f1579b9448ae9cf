//! Queueing deferred calls; alerts, and what else ends an alertable wait.

use crate::Kernel;
use crate::abi::Flow;
use crate::layout::kdpc;
use crate::status::failure::Fallible;
use crate::thread::records::Threads;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_memory::GuestMemory;
use xenia_sched::{Cpu, Woken};

/// A processor mode, as titles name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// The kernel's.
    Kernel = 0,
    /// Everybody else's.
    User = 1,
}

impl Mode {
    /// What an argument means.
    pub(crate) fn of(argument: u32) -> Self {
        if argument as u8 == 0 { Self::Kernel } else { Self::User }
    }
}

impl Kernel {
    /// Queues a deferred call with these last two arguments; `false` if it is queued already.
    pub(crate) fn queue_dpc(
        &self,
        cpu: &mut dyn Cpu,
        dpc: GuestAddr,
        arg1: u32,
        arg2: u32,
        hw_id: u8,
    ) -> Fallible<bool> {
        if self.threads.lock().interrupts.has_dpc(dpc) {
            return Ok(false);
        }
        self.memory.write(dpc.offset(kdpc::ARG1), arg1)?;
        self.memory.write(dpc.offset(kdpc::ARG2), arg2)?;
        self.post_dpc(cpu, dpc, hw_id)?;
        Ok(true)
    }

    /// Alerts a thread: its alertable wait, this or the next, ends with `ALERTED`. Returns whether it was alerted already.
    pub(crate) fn alert(&self, cpu: &mut dyn Cpu, thread_id: u32, mode: Mode) -> Fallible<bool> {
        // Held until the wait is on no list, or the next one finds the alert.
        let mut dispatcher = self.dispatcher.lock();
        let (reference, before) = {
            let mut threads = self.threads.lock();
            let record = threads.get_mut(thread_id).ok_or(NtStatus::INVALID_PARAMETER)?;
            (record.reference, record.alerted[mode as usize])
        };
        if before {
            return Ok(true);
        }
        if dispatcher.interrupt_alertable(&self.memory, cpu, reference, NtStatus::ALERTED, &mut |_| ())?
            == Woken::NotWaiting
            && let Some(record) = self.threads.lock().get_mut(thread_id)
        {
            record.alerted[mode as usize] = true;
        }
        Ok(false)
    }
}

impl Threads {
    /// Uses up a thread's alert of one mode; says whether there was one.
    pub(crate) fn take_alert(&mut self, thread_id: u32, mode: Mode) -> bool {
        self.get_mut(thread_id).is_some_and(|record| std::mem::take(&mut record.alerted[mode as usize]))
    }

    /// What ends an alertable wait of the calling thread before it begins: an alert, or an APC.
    pub(crate) fn interruption(
        &mut self,
        memory: &GuestMemory,
        thread_id: u32,
    ) -> Fallible<Option<Flow<NtStatus>>> {
        if self.take_alert(thread_id, Mode::User) {
            return Ok(Some(Flow::Return(NtStatus::ALERTED)));
        }
        if let Some(apc) = self.next_apc(memory, thread_id)? {
            return Ok(Some(Flow::CallGuest(apc)));
        }
        let alerted = self.take_alert(thread_id, Mode::Kernel);
        Ok(alerted.then_some(Flow::Return(NtStatus::ALERTED)))
    }
}
