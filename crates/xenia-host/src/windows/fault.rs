//! The handler of memory faults: one vectored exception handler for the process.
//!
//! It commits pages of [`super::sparse`] memory, and passes other access violations to the handler
//! of [`install`]. Those that it refuses are passed to the system's other handlers.
//!
//! # Safety rules
//! - Everything that [`on_exception`] calls runs in the middle of other code: it does not allocate,
//!   lock, or panic deliberately. [`install`] demands the same of the handler.
//! - It restores the thread's last error.

use super::sparse;
use crate::HostError;
pub use crate::access::HostAccess;
use crate::registers::{Registers, Vectors};
use std::sync::OnceLock;
use windows_sys::Win32::Foundation::{EXCEPTION_ACCESS_VIOLATION, GetLastError, SetLastError};
use windows_sys::Win32::System::Diagnostics::Debug::{
    AddVectoredExceptionHandler, CONTEXT, CONTEXT_FLOATING_POINT_AMD64, EXCEPTION_CONTINUE_EXECUTION,
    EXCEPTION_CONTINUE_SEARCH, EXCEPTION_POINTERS, M128A,
};

/// Kinds of access violations in an exception's first parameter. Source: Microsoft,
/// "EXCEPTION_RECORD structure".
const STORE: usize = 1;
const FETCH: usize = 8;

/// A thread that a fault has interrupted.
pub struct Interrupted<'a> {
    context: &'a mut CONTEXT,
    kind: usize,
    address: usize,
}

impl Interrupted<'_> {
    /// Host address of the faulting instruction, or of its successor after [`Self::set_pc`].
    pub fn pc(&self) -> u64 {
        self.context.Rip
    }

    /// Sets the address at which the thread continues.
    pub fn set_pc(&mut self, pc: u64) {
        self.context.Rip = pc;
    }

    /// Host address of the access.
    pub fn address(&self) -> usize {
        self.address
    }

    /// Kind of the access.
    pub fn access(&self) -> HostAccess {
        match self.kind {
            FETCH => HostAccess::Fetch,
            STORE => HostAccess::Store,
            _ => HostAccess::Load,
        }
    }

    /// The general registers.
    pub fn registers(&self) -> Registers {
        let c = &*self.context;
        [
            c.Rax, c.Rcx, c.Rdx, c.Rbx, c.Rsp, c.Rbp, c.Rsi, c.Rdi, c.R8, c.R9, c.R10, c.R11, c.R12, c.R13,
            c.R14, c.R15,
        ]
    }

    /// Sets the general registers.
    pub fn set_registers(&mut self, registers: &Registers) {
        let c = &mut *self.context;
        [
            c.Rax, c.Rcx, c.Rdx, c.Rbx, c.Rsp, c.Rbp, c.Rsi, c.Rdi, c.R8, c.R9, c.R10, c.R11, c.R12, c.R13,
            c.R14, c.R15,
        ] = *registers;
    }

    /// The save area of the vector registers, if it is filled.
    fn saved(&mut self) -> Option<&mut [M128A; 16]> {
        let is_saved =
            self.context.ContextFlags & CONTEXT_FLOATING_POINT_AMD64 == CONTEXT_FLOATING_POINT_AMD64;
        if !is_saved {
            return None;
        }
        // SAFETY: the flags say that this form of the union was saved; any bytes are values of it.
        Some(unsafe { &mut self.context.Anonymous.FltSave.XmmRegisters })
    }

    /// The vector registers; `None` if the host has not saved them.
    pub fn vectors(&mut self) -> Option<Vectors> {
        let saved = self.saved()?;
        Some(saved.map(|vector| u128::from(vector.Low) | u128::from(vector.High.cast_unsigned()) << 64))
    }

    /// Sets the vector registers, if the host has saved them.
    pub fn set_vectors(&mut self, vectors: &Vectors) {
        let Some(saved) = self.saved() else { return };
        for (vector, saved) in vectors.iter().zip(saved) {
            *saved = M128A { Low: *vector as u64, High: ((vector >> 64) as u64).cast_signed() };
        }
    }
}

/// Decides about a fault: true to let the thread continue with its registers as they are now,
/// false to leave the fault to the system's other handlers.
pub type FaultHandler = fn(&mut Interrupted<'_>) -> bool;

static HANDLER: OnceLock<FaultHandler> = OnceLock::new();

/// Installs the handler, once per process: later calls change nothing.
///
/// # Safety
/// The handler runs in the middle of other code: it must not allocate, lock or panic, and may
/// access only memory that is mapped. It may claim only faults of code that can continue with the
/// registers that it leaves.
pub unsafe fn install(handler: FaultHandler) -> Result<(), HostError> {
    HANDLER.get_or_init(|| handler);
    catch_exceptions()
}

/// Installs the process's exception handler, once.
pub(super) fn catch_exceptions() -> Result<(), HostError> {
    static CATCHES: OnceLock<bool> = OnceLock::new();
    // SAFETY: the handler follows the module's rules and passes on exceptions that are not its own.
    let catches =
        *CATCHES.get_or_init(|| unsafe { !AddVectoredExceptionHandler(1, Some(on_exception)).is_null() });
    if catches { Ok(()) } else { Err(HostError::last("AddVectoredExceptionHandler")) }
}

/// # Safety
/// Called by the system as a vectored exception handler.
unsafe extern "system" fn on_exception(exception: *mut EXCEPTION_POINTERS) -> i32 {
    // SAFETY: the system passes both structures filled in; the thread's context is ours meanwhile.
    let (record, context) = unsafe { (&*(*exception).ExceptionRecord, &mut *(*exception).ContextRecord) };
    if record.ExceptionCode != EXCEPTION_ACCESS_VIOLATION || record.NumberParameters < 2 {
        return EXCEPTION_CONTINUE_SEARCH;
    }
    // SAFETY: the thread's own value.
    let error = unsafe { GetLastError() };
    let kind = record.ExceptionInformation[0];
    let address = record.ExceptionInformation[1];
    let mut interrupted = Interrupted { context, kind, address };
    let is_claimed = kind != FETCH && sparse::commit(address)
        || HANDLER.get().is_some_and(|handler| handler(&mut interrupted));
    // SAFETY: sets the thread's own value back.
    unsafe { SetLastError(error) };
    if is_claimed { EXCEPTION_CONTINUE_EXECUTION } else { EXCEPTION_CONTINUE_SEARCH }
}
