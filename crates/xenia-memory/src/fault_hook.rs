//! Fault hooks for compiled code: called when a load or store in it faults and the guest has no
//! right to the address.

use crate::error::{AccessKind, FaultKind};
use crate::registry::Registry;
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
