//! What compiled code finds through the context: the words of `PpcContext::host`, and how a region ends.
//!
//! Compiled code knows no absolute host address. The pinned register r15 holds the context; memory's
//! base, tables and hooks are words of `PpcContext::host`, which the engine sets at the start of each
//! run. So one piece of code serves every context, and could serve every machine.

use std::mem::{offset_of, size_of};
use xenia_cpu::PpcContext;

/// A word of `PpcContext::host`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Word {
    /// Host address of guest address 0 in the view for compiled code.
    Memory,
    /// The table of entries: one `u32` per guest word, an offset from [`Word::Code`].
    Entries,
    /// Where code memory starts (executable view). Offset 0 is the stub for "not compiled".
    Code,
    /// The link slots: host addresses of entries, by slot number.
    Slots,
    /// The page versions.
    Versions,
    /// The host stack pointer that an exit out of the middle restores.
    SavedStack,
    /// Guest calls stop nesting on the host's stack below this address.
    StackLimit,
    /// The [`crate::hooks::Run`] of the run in progress.
    Run,
    /// MXCSR of guest code, while it does not run.
    Mxcsr,
    /// Why compiled code was left: a [`Leave`].
    Leave,
    /// [`crate::hooks::move_string`].
    HookString,
    /// Host address of the instruction that faulted.
    FaultCode,
    /// Guest address of the access that faulted, bit 32 if it was a store, and from bit 40 on why.
    FaultAddress,
    /// [`crate::hooks::code_written`].
    HookWritten,
    /// [`crate::hooks::float_in_software`].
    HookFloat,
    /// [`crate::hooks::exact_lanes`].
    HookVector,
    /// [`crate::hooks::scalar_mode`].
    HookScalarMode,
    /// [`crate::hooks::vector_mode`].
    HookVectorMode,
    /// Nonzero while MXCSR is in vector mode: its flags have no meaning, and denormals may be zeros.
    VectorMode,
    /// Flags that scalar arithmetic had raised when vector mode began.
    ScalarFlags,
    /// [`crate::hooks::exact_status`].
    HookStatus,
    /// Address of [`crate::exact_vector::ROOTS`].
    Roots,
    /// [`crate::hooks::reserve`].
    HookReserve,
    /// [`crate::hooks::commit`].
    HookCommit,
    /// [`crate::hooks::stored`].
    HookStored,
}

/// Number of words.
pub(crate) const WORDS: usize = Word::HookStored as usize + 1;

impl Word {
    /// Byte offset from the context.
    pub(crate) const fn offset(self) -> i32 {
        (offset_of!(PpcContext, host) + self as usize * size_of::<u64>()) as i32
    }
}

/// Why a region returned something else than the guest address to go on at: the upper half of the
/// second result, the lower half being the pc.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Leave {
    /// Go on at pc: a guest branch or return. Never seen outside compiled code.
    Branch = 0,
    /// No code for pc.
    Missing = 1,
    /// The budget may end before the next check: the interpreter finishes it.
    Budget = 2,
    /// A page of the region changed.
    Stale = 3,
    /// A hook has put an `Exit` into [`crate::hooks::Run`].
    Exit = 4,
    /// `sc` completed; its LEV is in bits 8.. of the reason.
    Syscall = 5,
    /// The instruction at pc raises an exception; the interpreter says which.
    Raise = 6,
    /// A host fault.
    Fault = 7,
    /// Guest code was changed: unwind all host frames and go on at pc.
    Unwind = 8,
    /// The instruction before pc ended the visit: a hint that others should run, or the last read of the time
    /// base that the visit allows.
    Yield = 9,
}

impl Leave {
    /// The reason in a region's second result.
    pub(crate) fn from_bits(bits: u32) -> Self {
        match bits & 0xFF {
            1 => Self::Missing,
            2 => Self::Budget,
            3 => Self::Stale,
            4 => Self::Exit,
            5 => Self::Syscall,
            6 => Self::Raise,
            7 => Self::Fault,
            8 => Self::Unwind,
            9 => Self::Yield,
            _ => Self::Branch,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_fit_the_context() {
        assert!((Word::Roots as usize) < PpcContext::default().host.len());
    }

    #[test]
    fn reasons_survive_their_encoding() {
        for leave in [
            Leave::Branch,
            Leave::Missing,
            Leave::Budget,
            Leave::Stale,
            Leave::Exit,
            Leave::Syscall,
            Leave::Raise,
            Leave::Fault,
            Leave::Unwind,
            Leave::Yield,
        ] {
            assert_eq!(Leave::from_bits(leave as u32 | 0x200), leave);
        }
    }
}
