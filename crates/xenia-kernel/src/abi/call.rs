//! One call of an export: who calls, and what the export may use.

use super::Show;
use crate::Kernel;
use crate::layout::{kpcr, kthread};
use xenia_cpu::PpcContext;
use xenia_guest::GuestAddr;
use xenia_memory::{GuestMemory, MemoryFault};
use xenia_sched::{Cpu, Event, GuestTicks, Running, ThreadRef};

/// A call under way, made by the thread that runs.
pub struct Call<'a> {
    /// The operating system.
    pub kernel: &'a Kernel,
    /// The hardware thread that it is made on.
    pub cpu: &'a mut dyn Cpu,
    running: &'a mut Running,
}

impl<'a> Call<'a> {
    /// A call by `running`.
    pub fn new(kernel: &'a Kernel, cpu: &'a mut dyn Cpu, running: &'a mut Running) -> Self {
        Self { kernel, cpu, running }
    }

    /// Guest memory.
    pub fn memory(&self) -> &'a GuestMemory {
        &self.kernel.memory
    }

    /// Guest time.
    pub fn now(&self) -> GuestTicks {
        self.cpu.now()
    }

    /// The calling thread, with its registers.
    pub fn running(&self) -> &Running {
        self.running
    }

    /// Its name.
    pub fn thread(&self) -> ThreadRef {
        self.running.thread
    }

    /// Its guest thread id.
    pub fn thread_id(&self) -> u32 {
        self.running.id
    }

    /// The hardware thread that it was on when it made the call.
    pub fn hw_id(&self) -> u8 {
        self.running.hw_id
    }

    /// Its registers.
    pub fn ctx(&self) -> &PpcContext {
        &self.running.ctx
    }

    /// Its registers, to be changed.
    pub fn ctx_mut(&mut self) -> &mut PpcContext {
        &mut self.running.ctx
    }

    /// Its processor control region (r13).
    pub fn kpcr(&self) -> GuestAddr {
        GuestAddr(self.ctx().gpr[13] as u32)
    }

    /// Its processor block, inside the control region; what spin locks name as their owner.
    pub fn kprcb(&self) -> GuestAddr {
        self.kpcr().offset(kpcr::PRCB)
    }

    /// Its thread object.
    pub fn kthread(&self) -> Result<GuestAddr, MemoryFault> {
        self.memory().read(self.kpcr().offset(kpcr::CURRENT_THREAD))
    }

    /// Sets the calling thread's last error, as `SetLastError` inside titles does.
    pub fn set_last_error(&self, code: u32) -> Result<(), MemoryFault> {
        self.memory().write(self.kthread()?.offset(kthread::LAST_ERROR), code)
    }

    /// Reports the call to the event log.
    #[inline]
    pub fn trace(&mut self, name: &'static str, arguments: &[(&'static str, &dyn Show)]) {
        if self.cpu.logs_events() {
            self.report(name, arguments);
        }
    }

    #[cold]
    fn report(&mut self, name: &'static str, arguments: &[(&'static str, &dyn Show)]) {
        let mut text = String::new();
        for (index, (label, value)) in arguments.iter().enumerate() {
            if index > 0 {
                text.push_str(", ");
            }
            text.push_str(label);
            text.push('=');
            value.show(self.memory(), &mut text);
        }
        let event = Event::Call { thread: self.thread_id(), hw_id: self.hw_id(), name, arguments: &text };
        self.cpu.emit(&event);
    }
}
