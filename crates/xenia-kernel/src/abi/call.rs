//! One call of an export: who calls, and what the export may use.

use super::Show;
use crate::Kernel;
use crate::layout::{kpcr, kthread};
use xenia_cpu::PpcContext;
use xenia_guest::GuestAddr;
use xenia_memory::{GuestMemory, MemoryFault};
use xenia_sched::{Event, GuestTicks, Scheduler, ThreadRef};

/// A call under way, made by the thread that runs.
pub struct Call<'a> {
    /// The operating system.
    pub kernel: &'a Kernel,
    /// Threads and slots.
    pub scheduler: &'a mut Scheduler,
    thread: ThreadRef,
    thread_id: u32,
    hw_id: u8,
}

impl<'a> Call<'a> {
    /// A call by `thread`; `None` if there is no such thread.
    pub fn new(kernel: &'a Kernel, scheduler: &'a mut Scheduler, thread: ThreadRef) -> Option<Self> {
        let (thread_id, hw_id) = scheduler.thread(thread).map(|t| (t.id, t.slot())).ok()?;
        Some(Self { kernel, scheduler, thread, thread_id, hw_id })
    }

    /// Guest memory.
    pub fn memory(&self) -> &'a GuestMemory {
        &self.kernel.memory
    }

    /// Guest time.
    pub fn now(&self) -> GuestTicks {
        self.scheduler.now()
    }

    /// The calling thread.
    pub fn thread(&self) -> ThreadRef {
        self.thread
    }

    /// Its guest thread id.
    pub fn thread_id(&self) -> u32 {
        self.thread_id
    }

    /// The hardware thread that it was on when it made the call.
    pub fn hw_id(&self) -> u8 {
        self.hw_id
    }

    /// Its registers.
    pub fn ctx(&self) -> &PpcContext {
        match self.scheduler.thread(self.thread) {
            Ok(thread) => &thread.ctx,
            Err(error) => unreachable!("the caller lives as long as its call: {error}"),
        }
    }

    /// Its registers, to be changed.
    pub fn ctx_mut(&mut self) -> &mut PpcContext {
        match self.scheduler.context_mut(self.thread) {
            Ok(ctx) => ctx,
            Err(error) => unreachable!("the caller lives as long as its call: {error}"),
        }
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
    pub fn trace(&mut self, name: &'static str, arguments: &[(&'static str, &dyn Show)]) {
        if !self.scheduler.events_enabled() {
            return;
        }
        let mut text = String::new();
        for (index, (label, value)) in arguments.iter().enumerate() {
            if index > 0 {
                text.push_str(", ");
            }
            text.push_str(label);
            text.push('=');
            value.show(self.memory(), &mut text);
        }
        let event = Event::Call { thread: self.thread_id, hw_id: self.hw_id, name, arguments: &text };
        self.scheduler.emit(&event);
    }
}
