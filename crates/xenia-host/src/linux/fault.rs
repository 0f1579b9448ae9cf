//! The handler of memory faults: one for the process, for SIGSEGV.
//!
//! Faults that the handler refuses, and signals that a process sends, go to the action that was in
//! force before.
//!
//! # Safety rules
//! - Everything that [`on_signal`] calls is async-signal-safe: it does not allocate, lock, or panic
//!   deliberately. [`install`] demands the same of the handler.
//! - It restores errno.

#[cfg(target_arch = "aarch64")]
mod aarch64;
#[cfg(target_arch = "x86_64")]
mod x86_64;

use crate::HostError;
pub use crate::access::HostAccess;
use crate::registers::{Registers, Vectors};
#[cfg(target_arch = "aarch64")]
use aarch64 as processor;
use std::mem;
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicPtr, Ordering::*};
#[cfg(target_arch = "x86_64")]
use x86_64 as processor;

/// A thread that a fault has interrupted.
pub struct Interrupted<'a> {
    context: &'a mut libc::mcontext_t,
    address: usize,
}

impl Interrupted<'_> {
    /// Host address of the faulting instruction, or of its successor after [`Self::set_pc`].
    pub fn pc(&self) -> u64 {
        processor::pc(self.context)
    }

    /// Sets the address at which the thread continues.
    pub fn set_pc(&mut self, pc: u64) {
        processor::set_pc(self.context, pc);
    }

    /// Host address of the access.
    pub fn address(&self) -> usize {
        self.address
    }

    /// Kind of the access.
    pub fn access(&self) -> HostAccess {
        processor::access(self.context)
    }

    /// The general registers.
    pub fn registers(&self) -> Registers {
        processor::registers(self.context)
    }

    /// Sets the general registers.
    pub fn set_registers(&mut self, registers: &Registers) {
        processor::set_registers(self.context, registers);
    }

    /// The vector registers; `None` if the host has not saved them.
    pub fn vectors(&mut self) -> Option<Vectors> {
        processor::vectors(self.context)
    }

    /// Sets the vector registers, if the host has saved them.
    pub fn set_vectors(&mut self, vectors: &Vectors) {
        processor::set_vectors(self.context, vectors);
    }
}

/// Decides about a fault: true to let the thread continue with its registers as they are now,
/// false to leave the fault to the previous action.
pub type FaultHandler = fn(&mut Interrupted<'_>) -> bool;

/// The handler; set before the signal's action is.
static HANDLER: OnceLock<FaultHandler> = OnceLock::new();
/// The previous signal action; leaked, and set before the handler is installed.
static PREVIOUS: AtomicPtr<libc::sigaction> = AtomicPtr::new(ptr::null_mut());

/// Installs the handler, once per process: later calls change nothing.
///
/// # Safety
/// The handler runs in a signal handler: it must not allocate, lock or panic, and may access only
/// memory that is mapped. It may claim only faults of code that can continue with the registers
/// that it leaves.
pub unsafe fn install(handler: FaultHandler) -> Result<(), HostError> {
    static INSTALLED: OnceLock<bool> = OnceLock::new();
    let installed = *INSTALLED.get_or_init(|| {
        HANDLER.get_or_init(|| handler);
        // SAFETY: zero is a value of `sigaction`.
        let mut previous: libc::sigaction = unsafe { mem::zeroed() };
        // SAFETY: only queries the current action.
        if unsafe { libc::sigaction(libc::SIGSEGV, ptr::null(), &raw mut previous) } != 0 {
            return false;
        }
        PREVIOUS.store(Box::into_raw(Box::new(previous)), Release);
        // SAFETY: zero is a value of `sigaction`.
        let mut action: libc::sigaction = unsafe { mem::zeroed() };
        action.sa_sigaction = on_signal as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
        // SAFETY: the handler follows the module's rules and forwards foreign faults.
        unsafe { libc::sigaction(libc::SIGSEGV, &raw const action, ptr::null_mut()) == 0 }
    });
    if installed { Ok(()) } else { Err(HostError::last("sigaction for SIGSEGV")) }
}

/// # Safety
/// Called by the kernel as a signal handler with `SA_SIGINFO`.
unsafe extern "C" fn on_signal(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: the thread's own errno.
    let errno = unsafe { &mut *libc::__errno_location() };
    let saved = *errno;
    // SAFETY: the kernel passes a filled-in siginfo.
    let (code, address) = unsafe { ((*info).si_code, (*info).si_addr() as usize) };
    // SAFETY: the kernel passes a full ucontext of the interrupted thread, ours alone meanwhile.
    let context_of_thread = unsafe { &mut (*context.cast::<libc::ucontext_t>()).uc_mcontext };
    let mut interrupted = Interrupted { context: context_of_thread, address };
    // Faults have positive codes; signals sent by a process do not.
    let is_claimed = code > 0 && HANDLER.get().is_some_and(|handler| handler(&mut interrupted));
    if !is_claimed {
        // SAFETY: set before the handler was installed; leaked, so it stays valid.
        let previous = unsafe { &*PREVIOUS.load(Acquire) };
        // SAFETY: the arguments are those passed by the kernel.
        unsafe { pass_on(previous, signal, info, context) };
    }
    *errno = saved;
}

/// Forwards the signal to the previous action.
///
/// # Safety
/// The arguments are those of a signal handler.
unsafe fn pass_on(
    previous: &libc::sigaction,
    signal: libc::c_int,
    info: *mut libc::siginfo_t,
    context: *mut libc::c_void,
) {
    match previous.sa_sigaction {
        libc::SIG_DFL | libc::SIG_IGN => {
            // A fault cannot be ignored. With the default action in force the instruction faults
            // again and ends the process, as without this handler; a sent signal is raised again.
            // SAFETY: zero is a value of `sigaction`, and means the default.
            let default: libc::sigaction = unsafe { mem::zeroed() };
            // SAFETY: both calls are async-signal-safe.
            unsafe {
                libc::sigaction(signal, &raw const default, ptr::null_mut());
                if (*info).si_code <= 0 {
                    libc::raise(signal);
                }
            }
        }
        handler if previous.sa_flags & libc::SA_SIGINFO != 0 => {
            // SAFETY: with `SA_SIGINFO` set, the registered function has this signature.
            let handler: unsafe extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void) =
                unsafe { mem::transmute(handler) };
            // SAFETY: the handler gets the arguments of its signal.
            unsafe { handler(signal, info, context) };
        }
        handler => {
            // SAFETY: without `SA_SIGINFO`, the registered function has this signature.
            let handler: unsafe extern "C" fn(libc::c_int) = unsafe { mem::transmute(handler) };
            // SAFETY: the handler gets the argument of its signal.
            unsafe { handler(signal) };
        }
    }
}
