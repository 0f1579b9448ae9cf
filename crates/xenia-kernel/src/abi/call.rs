//! The context of an export's call: the calling thread and the services that the export may use.

use crate::Kernel;
use xenia_cpu::PpcContext;
use xenia_guest::layout::{kpcr, kthread};
use xenia_guest::{GuestAddr, Win32Error};
use xenia_memory::{GuestMemory, MemoryFault};
use xenia_sched::{Cpu, GuestTicks, Running, ThreadRef};

/// A call of an export in progress, by the running thread.
pub struct Call<'a> {
    /// The kernel that the call is made to.
    pub kernel: &'a Kernel,
    /// The scheduler of the hardware thread on which the call is made.
    pub cpu: &'a mut dyn Cpu,
    running: &'a mut Running,
}

impl<'a> Call<'a> {
    /// Creates the context of a call by the thread `running`.
    #[inline]
    pub fn new(kernel: &'a Kernel, cpu: &'a mut dyn Cpu, running: &'a mut Running) -> Self {
        Self { kernel, cpu, running }
    }

    #[inline]
    pub fn memory(&self) -> &'a GuestMemory {
        &self.kernel.memory
    }

    /// The current guest time.
    #[inline]
    pub fn now(&self) -> GuestTicks {
        self.cpu.now()
    }

    /// The calling thread, with its registers.
    #[inline]
    pub fn running(&self) -> &Running {
        self.running
    }

    /// The calling thread's scheduler reference.
    #[inline]
    pub fn thread(&self) -> ThreadRef {
        self.running.thread
    }

    /// The calling thread's guest ID.
    #[inline]
    pub fn thread_id(&self) -> u32 {
        self.running.id
    }

    /// The hardware thread on which the call was made.
    #[inline]
    pub fn hw_id(&self) -> u8 {
        self.running.hw_id
    }

    /// The calling thread's registers.
    #[inline]
    pub fn ctx(&self) -> &PpcContext {
        &self.running.ctx
    }

    /// The calling thread's registers, mutably.
    #[inline]
    pub fn ctx_mut(&mut self) -> &mut PpcContext {
        &mut self.running.ctx
    }

    /// Address of the calling thread's processor control region (r13). Spin locks store it as their
    /// owner.
    #[inline]
    pub fn kpcr(&self) -> GuestAddr {
        GuestAddr(self.ctx().gpr[13] as u32)
    }

    /// Address of the calling thread's object.
    #[inline]
    pub fn kthread(&self) -> Result<GuestAddr, MemoryFault> {
        self.memory().read(self.kpcr().offset(kpcr::CURRENT_THREAD))
    }

    /// Sets the calling thread's last error, as titles' own `SetLastError` does.
    pub fn set_last_error(&self, error: Win32Error) -> Result<(), MemoryFault> {
        self.memory().write(self.kthread()?.offset(kthread::LAST_ERROR), error.0)
    }
}
