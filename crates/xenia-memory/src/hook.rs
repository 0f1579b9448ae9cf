//! Hooks for compiled code: what happens when a load or store in it faults and the guest has no
//! right to it.

use crate::error::{FaultKind, MemoryError};
use crate::registry::{Entry, Registry};
use std::ops::Range;
use xenia_guest::GuestAddr;

/// A fault of host code inside a hook's range, with the registers as they were.
#[derive(Clone, Copy, Debug)]
pub struct HostFault {
    /// Address of the instruction that faulted.
    pub rip: u64,
    /// General registers by their numbers in machine code: rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi,
    /// r8…r15.
    pub registers: [u64; 16],
    /// Host address that was accessed.
    pub host_addr: usize,
    /// Guest address that was accessed; `None` if it lies in no guest view.
    pub guest_addr: Option<GuestAddr>,
    /// Why the guest may not access it.
    pub kind: FaultKind,
    /// Whether it was a store.
    pub write: bool,
}

impl HostFault {
    /// The stack pointer.
    pub fn rsp(&self) -> u64 {
        self.registers[4]
    }
}

/// How execution goes on after a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Run the same instruction again, with the registers as the hook left them.
    Retry,
    /// Go on at this address, with the registers as the hook left them.
    Resume(u64),
    /// The fault is not the hook's: the handler that was there before gets it.
    NotMine,
}

/// Asked by the fault handler, on the signal stack of the thread that faulted. Implementations have
/// to be async-signal-safe: no allocation, no lock, no panic.
pub trait FaultHook: Send + Sync {
    /// Decides about a fault that guest rights don't explain away.
    fn on_fault(&self, fault: &mut HostFault) -> Action;

    /// Learns that the access at `rip` reached a device and was emulated, which is slow: the place
    /// may be worth compiling as a call.
    fn on_device_access(&self, _rip: u64) {}
}

impl<F: Fn(&mut HostFault) -> Action + Send + Sync> FaultHook for F {
    fn on_fault(&self, fault: &mut HostFault) -> Action {
        self(fault)
    }
}

/// Ranges of compiled code that can be hooked at a time in one process.
const MAX_HOOKS: usize = 256;
pub(crate) static HOOKS: Registry<Box<dyn FaultHook>, MAX_HOOKS> = Registry::new();

/// Keeps a hook in place; dropping it takes the hook away.
#[derive(Debug)]
pub struct CodeHook {
    entry: Entry,
    hook: *mut Box<dyn FaultHook>,
}

// SAFETY: the pointer owns a box whose contents are Send and Sync.
unsafe impl Send for CodeHook {}
// SAFETY: as above; a shared `CodeHook` gives no access at all.
unsafe impl Sync for CodeHook {}

/// Makes the code at host addresses in `range` one that may use guest views: its accesses to
/// devices are emulated, those to watched pages go on, and `hook` is asked about the others that
/// fault. So until the result is dropped: no earlier than the code runs for the last time. Ranges
/// must not overlap.
pub fn register_code_hook(range: Range<usize>, hook: Box<dyn FaultHook>) -> Result<CodeHook, MemoryError> {
    crate::fault::install()?;
    let hook = Box::into_raw(Box::new(hook));
    match HOOKS.insert(range, hook) {
        Ok(entry) => Ok(CodeHook { entry, hook }),
        Err(error) => {
            // SAFETY: made above, and nobody else has it.
            drop(unsafe { Box::from_raw(hook) });
            Err(error)
        }
    }
}

impl Drop for CodeHook {
    fn drop(&mut self) {
        HOOKS.remove(&self.entry);
        // SAFETY: made by `register_code_hook`; out of the table, and no code of its range runs any more.
        drop(unsafe { Box::from_raw(self.hook) });
    }
}
