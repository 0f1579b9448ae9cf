//! Interrupt request levels: what a thread at a raised level keeps away from its hardware thread.
//!
//! The level is kept where titles see it, in the control region. From [`DISPATCH_LEVEL`] on a
//! thread keeps its hardware thread: neither other threads nor deferred calls run there before the
//! level is lowered, not even while it waits for a spin lock. A thread that waits for anything else
//! at such a level, which the console does not survive, lets others run.

use crate::abi::Call;
use crate::layout::kpcr;
use crate::status::failure::Fallible;
use xenia_guest::GuestAddr;
use xenia_memory::GuestMemory;

/// Level at which no APC runs.
pub(crate) const APC_LEVEL: u8 = 1;

/// Level of deferred calls and spin locks.
pub(crate) const DISPATCH_LEVEL: u8 = 2;

impl Call<'_> {
    /// Sets the calling thread's level; returns the one before.
    pub(crate) fn set_level(&mut self, level: u8) -> Fallible<u8> {
        let at = self.kpcr().offset(kpcr::CURRENT_IRQL);
        let before = self.memory().read(at)?;
        self.memory().write(at, level)?;
        let thread = self.thread();
        self.cpu.hold_slot(thread, level >= DISPATCH_LEVEL)?;
        Ok(before)
    }
}

/// Whether a processor block is that of this hardware thread.
pub(crate) fn is_processor(memory: &GuestMemory, prcb: GuestAddr, hw_id: u8) -> bool {
    memory.read(prcb.offset(kpcr::CURRENT_CPU - kpcr::PRCB)) == Ok(hw_id)
}
