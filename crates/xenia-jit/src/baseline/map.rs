//! The fixed register map of the baseline tier, and where the context holds the rest.
//!
//! Eleven GPRs and CR0 live in host registers wherever baseline code runs, the same ones
//! everywhere; all other guest state lives in the context. So the state between two guest
//! instructions needs no description: every instruction boundary is exact once those twelve
//! registers are stored (`enter.rs`).
//!
//! ```text
//!  rbp  context + BIAS      r15  CR0             rbx r9   rsi r10   rdx r11   r14 r1   r8  r3
//!  gs   guest memory        rax, rcx  scratch    r9  r4   r10 r5    r13 r6    r11 r7   r12 r8
//!                                                rdi r31
//! ```
//!
//! r11, r3, r10, r31, r1 and r9 are what the console's own compilers name most (63 % of the
//! registers that code of the sample title names; 79 % are mapped); gcc prefers r9, r1, r10 and
//! r31.
//!
//! Where the host has no segment register to spare ([`super::templates::HostFeatures`]), guest
//! memory's host address is added from [`Slot::Memory`].
//!
//! One byte of displacement reaches r12 to r31, CR, LR, CTR, the budget and the first word of
//! [`PpcContext::host`].

use super::encode::{HostReg, R8, R9, R10, R11, R12, R13, R14, R15, RBX, RDI, RDX, RSI, Rm};
use std::mem::offset_of;
use xenia_cpu::{HOST_WORDS, PpcContext};

/// Bytes from the context's beginning to where rbp points.
pub(super) const BIAS: usize = 224;

/// Guest registers and the host registers that hold them. Those that code names most take the host
/// registers without a prefix byte.
pub(super) const MAP: [(usize, HostReg); 11] = [
    (9, RBX),
    (10, RSI),
    (11, RDX),
    (31, RDI),
    (1, R14),
    (3, R8),
    (4, R9),
    (5, R10),
    (6, R13),
    (7, R11),
    (8, R12),
];

/// The host register of CR0.
pub(super) const CR0: HostReg = R15;

/// Displacement from rbp of what lies `offset` bytes into the context.
pub(super) const fn displacement(offset: usize) -> i32 {
    offset as i32 - BIAS as i32
}

const fn gpr_places() -> [Rm; 32] {
    let mut places = [Rm::Ctx(0); 32];
    let mut n = 0;
    while n < 32 {
        places[n] = Rm::Ctx(displacement(offset_of!(PpcContext, gpr) + 8 * n));
        n += 1;
    }
    let mut row = 0;
    while row < MAP.len() {
        places[MAP[row].0] = Rm::Reg(MAP[row].1);
        row += 1;
    }
    places
}

static GPRS: [Rm; 32] = gpr_places();

/// Where GPR `n` lives.
#[inline(always)]
pub(super) fn gpr(n: usize) -> Rm {
    GPRS[n & 31]
}

/// Where CR field `field` lives.
#[inline(always)]
pub(super) fn cr(field: usize) -> Rm {
    if field == 0 { Rm::Reg(CR0) } else { Rm::Ctx(displacement(offset_of!(PpcContext, cr) + 8 * field)) }
}

/// Where FPR `n` lives.
pub(super) fn fpr(n: usize) -> Rm {
    Rm::Ctx(displacement(offset_of!(PpcContext, fpr) + 8 * n))
}

/// Where the low half of vector register `n` lives; the high half follows.
pub(super) fn vector(n: usize) -> i32 {
    displacement(offset_of!(PpcContext, vr) + 16 * n)
}

pub(super) const LR: Rm = Rm::Ctx(displacement(offset_of!(PpcContext, lr)));
pub(super) const CTR: Rm = Rm::Ctx(displacement(offset_of!(PpcContext, ctr)));
pub(super) const BUDGET: Rm = Rm::Ctx(displacement(offset_of!(PpcContext, budget)));
pub(super) const CA: Rm = Rm::Ctx(displacement(offset_of!(PpcContext, xer_ca)));

const _: () = assert!(displacement(offset_of!(PpcContext, cr) + 56) <= 127 - 7, "longer instructions");

/// A word of [`PpcContext::host`] that baseline code uses. They lie behind those of
/// `crate::host::Word`, so that neither tier overwrites the other's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(usize)]
pub(super) enum Slot {
    /// Host address of guest address 0 in the view for compiled code.
    Memory = HOST_WORDS - 16,
    /// The table of entries: an offset from [`Slot::Code`] for each guest word.
    Entries,
    /// Where code memory starts (executable view).
    Code,
    /// The stack pointer on the way in.
    SavedStack,
    /// Guest calls stop nesting on the host's stack below this address.
    StackLimit,
    /// The `services::BaselineRun` of the run in progress.
    Run,
    /// Why baseline code was left: a `Reason`.
    Reason,
    /// Host address of the instruction that faulted, or behind the call of an arm that did not
    /// complete.
    Site,
    /// Instructions of the visit beyond the slice that the context's budget holds.
    Rest,
    /// Whether MXCSR is the guest's, and FPSCR is owed what it says.
    GuestFloat,
    /// `enter::missing`.
    Missing,
    /// `enter::slice_over`.
    SliceOver,
    /// `enter::run_arm`.
    RunArm,
    /// `enter::run_float_arm`.
    RunFloatArm,
    /// `enter::leave`.
    Leave,
    /// `enter::return_miss`.
    ReturnMiss,
}

impl Slot {
    /// Displacement from rbp.
    pub(super) const fn at(self) -> i32 {
        displacement(offset_of!(PpcContext, host) + self as usize * size_of::<u64>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registers_are_mapped_once() {
        let mut guests: Vec<_> = MAP.iter().map(|row| row.0).collect();
        let mut hosts: Vec<_> = MAP.iter().map(|row| row.1).chain([CR0, 4, 5, 0, 1]).collect();
        guests.sort_unstable();
        guests.dedup();
        hosts.sort_unstable();
        hosts.dedup();
        assert_eq!((guests.len(), hosts.len()), (11, 16), "and every host register has a use");
    }
}
