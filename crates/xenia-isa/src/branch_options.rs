//! Bits of BO, the conditions of a branch ([`Instruction::bo`](crate::Instruction::bo)).

/// The bit that BI names is not tested.
pub const IGNORES_CONDITION: usize = 0b10000;
/// The branch is taken if that bit is set, otherwise if it is clear.
pub const TAKEN_IF_SET: usize = 0b01000;
/// CTR is neither decremented nor tested.
pub const IGNORES_COUNT: usize = 0b00100;
/// The branch is taken if the decremented CTR is zero, otherwise if it is not.
pub const TAKEN_IF_ZERO: usize = 0b00010;
/// The branch tests nothing.
pub const ALWAYS: usize = IGNORES_CONDITION | IGNORES_COUNT;
