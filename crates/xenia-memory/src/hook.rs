//! Fault hooks for compiled code: called when a load or store in it faults and the guest has no
//! right to the address.

use crate::error::{AccessKind, FaultKind, MemoryError};
use crate::registry::{Registry, RegistrySlot};
use std::ops::Range;
use xenia_guest::GuestAddr;
use xenia_host::registers::Registers;

/// A fault of host code inside a hook's range, with the interrupted registers.
#[derive(Clone, Copy, Debug)]
pub struct HostFault {
    /// Address of the faulting instruction.
    pub pc: u64,
    /// General registers, indexed by the names of [`xenia_host::registers`].
    pub registers: Registers,
    /// Host address of the access.
    pub host_addr: usize,
    /// Guest address of the access; `None` if it lies in no guest view.
    pub guest_addr: Option<GuestAddr>,
    /// Reason why the guest may not access it.
    pub kind: FaultKind,
    /// Kind of the access.
    pub access: AccessKind,
}

/// How execution continues after a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Execute the same instruction again, with the registers as set by the hook.
    Retry,
    /// Continue at this address, with the registers as set by the hook.
    Resume(u64),
    /// The fault is not the hook's: forward it to the previous handler.
    NotMine,
}

/// Callback of the fault handler, on the signal stack of the faulting thread. Implementations have
/// to be async-signal-safe: no allocation, no lock, no panic.
pub trait FaultHook: Send + Sync {
    /// Decides how to continue after a fault that the guest has no right to make.
    fn on_fault(&self, fault: &mut HostFault) -> Action;
}

impl<F: Fn(&mut HostFault) -> Action + Send + Sync> FaultHook for F {
    fn on_fault(&self, fault: &mut HostFault) -> Action {
        self(fault)
    }
}

/// Limit on hooked ranges of compiled code in a process at a time.
const MAX_HOOKS: usize = 256;
pub(crate) static HOOKS: Registry<Box<dyn FaultHook>, MAX_HOOKS> = Registry::new();

/// Registration of a hook; dropping it removes the hook.
#[derive(Debug)]
pub struct CodeHook {
    entry: RegistrySlot,
    hook: *mut Box<dyn FaultHook>,
}

// SAFETY: the pointer owns a box whose contents are Send and Sync.
unsafe impl Send for CodeHook {}
// SAFETY: a shared `CodeHook` gives no access to the box.
unsafe impl Sync for CodeHook {}

/// Registers the host code in `range` as code that may use guest views. Its accesses to devices are
/// emulated, those to watched pages continue, and `hook` decides about its other faults. The
/// registration lasts until the result is dropped, which must not happen before the code has run
/// for the last time. Ranges must not overlap.
pub fn register_code_hook(range: Range<usize>, hook: Box<dyn FaultHook>) -> Result<CodeHook, MemoryError> {
    crate::fault::install()?;
    let hook = Box::into_raw(Box::new(hook));
    match HOOKS.insert(range, hook) {
        Ok(entry) => Ok(CodeHook { entry, hook }),
        Err(error) => {
            // SAFETY: created above, and not shared.
            drop(unsafe { Box::from_raw(hook) });
            Err(error)
        }
    }
}

impl Drop for CodeHook {
    fn drop(&mut self) {
        HOOKS.remove(&self.entry);
        // SAFETY: created by `register_code_hook`; no longer in the table, and no code of its range
        // runs any more.
        drop(unsafe { Box::from_raw(self.hook) });
    }
}
