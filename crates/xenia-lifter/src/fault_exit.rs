//! Fault exits of loops: where execution resumes if an access in a loop faults.
//!
//! A loop keeps its registers in host registers and does not store them ([`crate::cfg::loops`]). To
//! recover them after a fault, each access in a loop is followed by a branch, never taken, to a
//! cold block that stores them and leaves. Only the target of that branch is needed: [`mark`]
//! replaces it by a no-op whose displacement is the distance to the cold block. [`distance`] reads
//! it for the table of the region's landings (`Tables::landings`), and the peephole pass removes
//! the no-op. After a fault, `Hook::Landing` looks the access up in that table.
//!
//! The cold block reads its values where they are at the branch. That is where they are at the
//! access, except for moves that the register allocator inserted in between, usually of the load's
//! result or its address to the stack. These moves are repeated on the way to the cold block. They
//! are recognized by their encodings, and any other instruction in between is rejected.

pub(crate) use crate::arch::fault_exit::{distance, mark};
use cranelift_codegen::ir::TrapCode;

/// Fault exits of a region's code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FaultExits {
    /// Number of accesses whose branch was replaced by a mark.
    pub marked: u32,
    /// A branch could not be replaced, so the region was compiled again without store sinking.
    pub refused: bool,
}

/// Trap code of accesses that are followed by their branch.
pub(crate) const LEAVES: TrapCode = TrapCode::unwrap_user(1);
