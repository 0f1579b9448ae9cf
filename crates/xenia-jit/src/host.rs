//! What compiled code finds through the context: the words of `PpcContext::host`, and how a region
//! ends.
//!
//! Compiled code knows no absolute host address. The pinned register r15 points into the context
//! ([`AHEAD`]); memory's base, tables and hooks are words of `PpcContext::host`, which the engine
//! sets at the start of each run. So one piece of code serves every context, and could serve every
//! machine.

use std::mem::{offset_of, size_of};
use xenia_cpu::PpcContext;

/// Bytes from the context's beginning to where r15 points: one-byte displacements reach r1 to r31
/// and CR0, which compiled code names most.
pub(crate) const AHEAD: usize = 136;

/// Displacement from r15 of what lies `offset` bytes into the context.
pub(crate) const fn displacement(offset: usize) -> i32 {
    offset as i32 - AHEAD as i32
}

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
    /// [`Word::Code`] and [`crate::enter::LINKED`].
    LinkedCode,
    /// Where a region goes that doesn't return to its guest caller: `crate::enter`'s
    /// `leave_region`.
    Out,
    /// The host stack pointer that an exit out of the middle restores.
    SavedStack,
    /// Guest calls stop nesting on the host's stack below this address.
    StackLimit,
    /// Below this address of the host's stack, whoever leaves lets go of all frames at once.
    FarStack,
    /// The [`crate::hooks::Run`] of the run in progress.
    Run,
    /// MXCSR of guest code, while it does not run.
    Mxcsr,
    /// Why compiled code was left: a [`Leave`].
    Leave,
    /// Host address of the instruction that faulted.
    FaultCode,
    /// Guest address of the access that faulted, bit 32 if it was a store, and from bit 40 on why.
    FaultAddress,
    /// Nonzero while MXCSR is in vector mode: its flags have no meaning, and denormals may be
    /// zeros.
    VectorMode,
    /// Flags that scalar arithmetic had raised when vector mode began.
    ScalarFlags,
    /// Address of [`xenia_cpu::CR_FIELDS`].
    Fields,
    /// Address of [`xenia_cpu::VRSQRTEFP`].
    Roots,
    /// All bits of a double but its sign.
    Magnitude,
    /// The smallest normal double.
    SmallestDouble,
    /// The smallest normal single.
    SmallestSingle,
    /// Which FPRs the context holds as singles' bits, of those of which code leaves that open
    /// (`lift/flow.rs`).
    Shorts,
    /// The first of three: frA, frB and frC of what [`crate::hooks::Hook::Float`] does, as far as
    /// it has them.
    Operands,
    /// frB.
    SecondOperand,
    /// frC.
    ThirdOperand,
    /// What a hook gave that preserves all registers.
    HookResult,
    /// The first of the hooks' addresses: [`crate::hooks::Hook`].
    Hooks,
}

/// Number of words without the hooks.
pub(crate) const WORDS: usize = Word::Hooks as usize;

impl Word {
    /// Displacement from r15.
    pub(crate) const fn offset(self) -> i32 {
        displacement(offset_of!(PpcContext, host) + self as usize * size_of::<u64>())
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
    /// A hook has put an `Exit` into [`crate::hooks::Run`].
    Exit = 3,
    /// `sc` completed; its LEV is in bits 8.. of the reason.
    Syscall = 4,
    /// The instruction at pc raises an exception; the interpreter says which.
    Raise = 5,
    /// A host fault.
    Fault = 6,
    /// Guest code was changed, or the mode: go on at pc from outside.
    Unwind = 7,
    /// The instruction before pc ended the visit: a hint that others should run, or the last read
    /// of the time base that the visit allows.
    Yield = 8,
    /// Floating-point registers hold no singles where the code at pc takes that for granted.
    Unfit = 9,
    /// The store at pc is to a page that holds code: the interpreter makes it, and code is looked
    /// at again.
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

    /// The reason in a region's second result.
    pub(crate) fn from_bits(bits: u32) -> Self {
        Self::ALL.get((bits & 0xFF) as usize).copied().unwrap_or(Self::Branch)
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
