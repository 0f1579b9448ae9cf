//! The interface of compiled code: the words of `PpcContext::host`, and the reasons for leaving a
//! region.
//!
//! Compiled code contains no absolute host addresses. A pinned register ([`CONTEXT_REGISTER`]; r15
//! on x86-64) points into the context ([`AHEAD`]); the addresses of memory, tables and hooks are
//! words of `PpcContext::host`, which the engine sets at the start of each run. So the same code
//! works with any context, and would with any machine.
//!
//! [`CONTEXT_REGISTER`]: crate::thunks::CONTEXT_REGISTER

pub mod field;

use std::mem::{offset_of, size_of};
use xenia_cpu::PpcContext;

/// Distance in bytes from the start of the context to the address in that register. On x86-64,
/// one-byte displacements then reach r1 to r31 and CR0, which compiled code uses most.
pub const AHEAD: usize = 136;

/// Displacement from the pinned register of the field at `offset` in the context.
pub const fn displacement(offset: usize) -> i32 {
    offset as i32 - AHEAD as i32
}

/// A word of `PpcContext::host`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Word {
    /// Host address of guest address 0 in the view for compiled code.
    Memory,
    /// The table of entries: one `u32` per guest word, an offset from [`Word::Code`].
    Entries,
    /// Start of code memory (executable view). Offset 0 is the stub for "not compiled".
    Code,
    /// [`Word::Code`] plus [`crate::thunks::LINKED`].
    LinkedCode,
    /// Target of regions that don't return to their guest caller: `leave_region` of xenia-jit.
    Out,
    /// Target of branches and calls to an address without code of the optimizing tier:
    /// `leave_missing` of xenia-jit, or `run_baseline` of its baseline tier.
    Missing,
    /// The host stack pointer that is restored when code leaves from nested calls.
    SavedStack,
    /// Guest calls do not nest further on the host's stack below this address.
    StackLimit,
    /// Below this address of the host's stack, an exit drops all frames at once.
    FarStack,
    /// The `Run` of the run in progress (`runtime/hooks.rs` of xenia-jit).
    Run,
    /// MXCSR of guest code, saved while guest code does not run.
    Mxcsr,
    /// The reason why compiled code was left: a [`Leave`].
    Leave,
    /// Host address of the instruction that faulted.
    FaultCode,
    /// Guest address of the access that faulted; bit 32 is set for a store, and bits from 40 on
    /// hold the kind of fault.
    FaultAddress,
    /// Nonzero while MXCSR is in vector mode: its flags are meaningless, and denormals may be
    /// treated as zeros.
    VectorMode,
    /// Flags that scalar arithmetic had raised when vector mode began.
    ScalarFlags,
    /// Address of [`xenia_cpu::CR_FIELDS`].
    Fields,
    /// Address of [`xenia_cpu::ESTIMATE_TABLES`].
    Estimates,
    /// Mask of all bits of a double except its sign.
    Magnitude,
    /// First of three words, a mask for `vpshufb`: it reverses the low eight bytes and clears the
    /// others ([`BYTE_SWAP`]). Its bytes from 4 on do that to the low four.
    ByteSwap,
    /// Second word of the mask.
    ByteSwapZeros,
    /// Third word of the mask.
    ByteSwapEnd,
    /// The smallest normal double.
    SmallestDouble,
    /// The smallest normal single.
    SmallestSingle,
    /// Bit set of the FPRs that the context holds as the bits of singles, among those for which
    /// that is not known statically (`analysis/assumptions.rs`).
    OpenSingles,
    /// frA, the first of the three operands of [`crate::hook::Hook::Float`]; frB and frC
    /// follow.
    Operands,
    /// Second operand, frB.
    SecondOperand,
    /// Third operand, frC.
    ThirdOperand,
    /// Result of a hook that preserves all registers.
    HookResult,
    /// First of the addresses of hooks ([`crate::hook::Hook`]).
    Hooks,
}

/// The words from [`Word::ByteSwap`] on.
pub const BYTE_SWAP: [u64; 3] = [0x0001_0203_0405_0607, 0x8080_8080_8080_8080, 0x8080_8080_8080_8080];

/// Number of words without the hooks.
pub const WORDS: usize = Word::Hooks as usize;

impl Word {
    /// Displacement of the word from the pinned register.
    pub const fn offset(self) -> i32 {
        displacement(offset_of!(PpcContext, host) + self as usize * size_of::<u64>())
    }
}

/// The reason for which a region returns, in the upper half of its second result; the lower half is
/// the pc.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Leave {
    /// A guest branch or return: continue at pc. Never visible outside of compiled code.
    Branch = 0,
    /// There is no code for pc.
    Missing = 1,
    /// The budget may end before the next check: the interpreter uses up the rest.
    Budget = 2,
    /// A hook has stored an `Exit` in its `Run`.
    Exit = 3,
    /// `sc` completed; its LEV is in bits 8 and up of the reason.
    Syscall = 4,
    /// The interpreter runs the instruction at pc: it raises an exception, or may.
    Raise = 5,
    /// A host fault occurred.
    Fault = 6,
    /// Guest code or the mode has changed: re-enter at pc from the engine.
    Unwind = 7,
    /// The instruction before pc ended the visit: a yield hint, or the last read of the time base
    /// that the visit allows.
    Yield = 8,
    /// Floating-point registers do not hold singles where the code at pc assumes them.
    Unfit = 9,
    /// The store at pc is to a page that holds code: the interpreter makes it, and changed code is
    /// withdrawn.
    Alone = 10,
}

impl Leave {
    /// Every reason, by its number.
    const ALL: [Self; 11] = [
        Self::Branch,
        Self::Missing,
        Self::Budget,
        Self::Exit,
        Self::Syscall,
        Self::Raise,
        Self::Fault,
        Self::Unwind,
        Self::Yield,
        Self::Unfit,
        Self::Alone,
    ];

    /// The reason in a region's second result. An unknown one is an error in the code; execution
    /// then continues at pc.
    #[inline]
    pub fn from_bits(bits: u32) -> Self {
        let leave = Self::ALL.get((bits & 0xFF) as usize).copied();
        debug_assert!(leave.is_some(), "a region was left for the unknown reason {bits:#x}");
        leave.unwrap_or(Self::Branch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_survive_their_encoding() {
        for (number, leave) in Leave::ALL.into_iter().enumerate() {
            assert_eq!(leave as usize, number);
            assert_eq!(Leave::from_bits(leave as u32 | 0x200), leave);
        }
    }
}
