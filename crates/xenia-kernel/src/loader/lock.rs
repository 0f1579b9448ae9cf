//! The loader's lock: one thread at a time loads or unloads modules, the calls of their entries
//! included.
//!
//! On the console it is a critical section, `XexpAcquireLoaderLock`, and so it is here: in kernel
//! memory, made when it is first needed, nested by its owner. A module is therefore complete, or
//! gone, before another thread's load or unload looks for it. Who waits makes its call again once
//! the section is its own; nothing of the call has happened before.

use crate::Kernel;
use crate::abi::{Call, Flow};
use crate::exports::xboxkrnl::rtl_critical_section::enter;
use crate::layout::critical_section as section;
use crate::objects::critical_section::{initialize_section, leave};
use crate::status::failure::Fallible;
use xenia_guest::{GuestAddr, NtStatus};

/// Loads and unloads that wait for guest code at most. Those of one thread nest in its entries; one
/// that ends in the middle leaves its own behind.
const MAXIMUM_OPERATIONS: usize = 64;

impl Kernel {
    fn loader_section(&self) -> Fallible<GuestAddr> {
        let mut modules = self.modules.lock();
        if modules.lock.is_null() {
            let at = self.pool.allocate(section::SIZE)?;
            initialize_section(&self.memory, at, 0)?;
            modules.lock = at;
        }
        Ok(modules.lock)
    }
}

/// Runs `f`, which loads or unloads modules, under the lock. It is left when no more guest code is
/// to be called; see [`settled`].
pub(crate) fn locked(call: &mut Call, f: impl FnOnce(&mut Call) -> Fallible<Flow>) -> Fallible<Flow> {
    let at = call.kernel.loader_section()?;
    let id = call.thread_id();
    let handed_over = call.kernel.modules.lock().handed_over.remove(&id);
    if !handed_over {
        // What wakes the thread puts its own argument back into r3, and it makes the call again.
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
    let flow = if call.kernel.modules.lock().operations.len() < MAXIMUM_OPERATIONS {
        f(call)
    } else {
        Err(NtStatus::INSUFFICIENT_RESOURCES.into())
    };
    settled(call, flow)
}

/// Leaves the lock unless guest code is called under it.
pub(crate) fn settled(call: &mut Call, flow: Fallible<Flow>) -> Fallible<Flow> {
    if !matches!(flow, Ok(Flow::CallGuest(_))) {
        let (kernel, at) = (call.kernel, call.kernel.loader_section()?);
        leave(&kernel.memory, call.cpu, &kernel.sections, at)?;
    }
    flow
}
