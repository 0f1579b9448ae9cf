//! Reasons for which baseline code is left.

/// Why code was left, as the code itself numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum Reason {
    /// The guest continues at pc, in other code or in the interpreter.
    Branch = 0,
    /// The interpreter must run the instruction at pc.
    Interpret = 1,
    /// The budget may be too small for the path from pc: the interpreter uses up the rest.
    Budget = 2,
    /// A memory access was refused.
    Fault = 3,
    /// An interpreter arm did not complete.
    Arm = 4,
    /// Code of the optimizing tier left; `xenia_lifter::host::Leave` has the reason.
    Optimized = 5,
}

impl Reason {
    const ALL: [Self; 6] =
        [Self::Branch, Self::Interpret, Self::Budget, Self::Fault, Self::Arm, Self::Optimized];

    /// The reason in [`super::map::BaselineWord::Reason`]. An unknown one is an error in the code;
    /// execution then continues at pc.
    pub(super) fn from_bits(bits: u64) -> Self {
        let reason = Self::ALL.get(bits as usize).copied();
        debug_assert!(reason.is_some(), "baseline code was left for the unknown reason {bits:#x}");
        reason.unwrap_or(Self::Branch)
    }
}
