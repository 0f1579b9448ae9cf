//! Interrupt request levels (IRQLs).
//!
//! A thread's level is kept in its control region, where titles see it. At [`DISPATCH_LEVEL`] and
//! above a thread keeps its hardware thread: no other thread and no DPC runs there until the level
//! is lowered, even while the thread waits for a spin lock. A thread that waits for anything else
//! at such a level lets others run; on the console this is fatal.

use crate::abi::Call;
use crate::status::failure::Fallible;
use xenia_guest::GuestAddr;
use xenia_guest::layout::kpcr;
use xenia_memory::GuestMemory;

/// Level at which APCs are blocked.
pub(crate) const APC_LEVEL: u8 = 1;

/// Level of DPCs and of spin lock holders.
pub const DISPATCH_LEVEL: u8 = 2;

impl Call<'_> {
    /// Sets the calling thread's level; returns the previous one.
    pub fn set_level(&mut self, level: u8) -> Fallible<u8> {
        let at = self.kpcr().offset(kpcr::CURRENT_IRQL);
        let before = self.memory().read(at)?;
        self.memory().write(at, level)?;
        let thread = self.thread();
        self.cpu.hold_slot(thread, level >= DISPATCH_LEVEL)?;
        Ok(before)
    }
}

/// Whether a processor control region belongs to this hardware thread.
pub fn is_processor(memory: &GuestMemory, kpcr: GuestAddr, hw_id: u8) -> bool {
    memory.read(kpcr.offset(kpcr::CURRENT_CPU)) == Ok(hw_id)
}
