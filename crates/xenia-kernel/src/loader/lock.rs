//! Loader lock: only one thread at a time loads or unloads modules, including the calls of their
//! entry points.
//!
//! As on the console (`XexpAcquireLoaderLock`) it is a critical section in kernel memory, made on
//! first use, recursive for its owner. A module is therefore complete, or gone, when another thread
//! looks it up for a load or unload. A thread that had to wait repeats its call when it owns the
//! section; a call has no effect before that.

use super::ModuleLoader;
use crate::abi::{Call, Flow};
use crate::objects::critical_section::{initialize_section, leave};
use crate::status::failure::Fallible;
use crate::thread::section_entry::enter;
use xenia_guest::layout::critical_section as section;
use xenia_guest::{GuestAddr, NtStatus};

/// Largest number of loads and unloads that wait for guest code. Those of one thread nest in entry
/// points; a thread that ends inside one leaves its operation behind.
pub(super) const MAX_OPERATIONS: usize = 64;

impl ModuleLoader<'_> {
    fn section(&self) -> Fallible<GuestAddr> {
        let mut modules = self.modules.lock();
        if modules.lock.is_null() {
            let at = self.pool.allocate(section::SIZE)?;
            initialize_section(self.memory, at, 0)?;
            modules.lock = at;
        }
        Ok(modules.lock)
    }
}

/// Runs `f`, which loads or unloads modules, under the lock. The lock is released when no guest
/// code remains to be called; see [`unlock_when_done`].
pub fn locked(call: &mut Call, f: impl FnOnce(&mut Call) -> Fallible<Flow>) -> Fallible<Flow> {
    let at = call.kernel.loader().section()?;
    let id = call.thread_id();
    let handed_over = call.kernel.modules.lock().handed_over.remove(&id);
    if !handed_over {
        // The wake-up restores the thread's first argument in r3, and the thread repeats the call.
        let first = call.ctx().gpr[3];
        if let Some(instead) = enter(call, at, first)? {
            if matches!(instead, Flow::Block(_)) {
                call.kernel.modules.lock().handed_over.insert(id);
                let ctx = call.ctx_mut();
                ctx.pc = ctx.pc.wrapping_sub(4);
            }
            return Ok(instead);
        }
    }
    let flow = if call.kernel.modules.lock().operations.len() < MAX_OPERATIONS {
        f(call)
    } else {
        Err(NtStatus::INSUFFICIENT_RESOURCES.into())
    };
    unlock_when_done(call, flow)
}

/// Releases the lock unless guest code is being called under it.
pub(crate) fn unlock_when_done(call: &mut Call, flow: Fallible<Flow>) -> Fallible<Flow> {
    if !matches!(flow, Ok(Flow::CallGuest(_))) {
        let kernel = call.kernel;
        let at = call.kernel.loader().section()?;
        leave(&kernel.memory, call.cpu, &kernel.sections, at)?;
    }
    flow
}
