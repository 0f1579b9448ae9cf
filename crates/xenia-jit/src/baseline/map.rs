//! The fixed register map of the baseline tier, and the places of all other guest state in the
//! context.
//!
//! Ten GPRs, CR0 and the budget are in host registers at every point of baseline code; all other
//! guest state is in the context. So no side tables describe the state between two guest
//! instructions: storing those twelve registers makes any instruction boundary exact (`enter.rs`).
//!
//! ```text
//!  rbp  context + BIAS      r15  CR0             rbx r9   rsi r10   rdx r11   r14 r1   r8  r3
//!  gs   guest memory        rax, rcx  scratch    r9  r4   r10 budget  r13 r6    r11 r7   r12 r8
//!                                                rdi r31
//! ```
//!
//! The console's own compilers use r11, r3, r10, r31, r1 and r9 most: 63 % of the register operands
//! in the sample title's code. gcc prefers r9, r1, r10 and r31. Paths begin and end more often than
//! code names r5, and a subtraction from memory takes four operations of the host.
//!
//! On hosts without a free segment register ([`super::templates::HostFeatures`]), code adds the
//! host address of guest memory from [`BaselineWord::Memory`].
//!
//! One byte of displacement reaches r20 to r31, CR, LR, CTR, XER and f0 to f7.
//! Compilers name r12 to r19 in one operand of a hundred, and f0 to f7 in six of ten that name an
//! FPR.

use super::encode::{HostReg, R8, R9, R10, R11, R12, R13, R14, R15, RBX, RDI, RDX, RSI, Rm};
use std::mem::offset_of;
use xenia_cpu::{HOST_WORDS, PpcContext};
use xenia_lifter::hook::Hook;
use xenia_lifter::host::{WORDS, Word};

/// Distance in bytes from the start of the context to the address in rbp.
pub(super) const BIAS: usize = 288;

/// Guest registers and the host registers that hold them. The most frequent ones have the host
/// registers that need no prefix byte.
pub(super) const MAP: [(usize, HostReg); 10] =
    [(9, RBX), (10, RSI), (11, RDX), (31, RDI), (1, R14), (3, R8), (4, R9), (6, R13), (7, R11), (8, R12)];

/// The host register of CR0.
pub(super) const CR0: HostReg = R15;

/// The host register of the budget, whose upper half means nothing.
pub(super) const BUDGET: HostReg = R10;

/// Displacement from rbp of the field at `offset` in the context.
pub(super) const fn displacement(offset: usize) -> i32 {
    offset as i32 - BIAS as i32
}

/// Displacement from rbp of a context word of the optimizing tier.
pub(super) const fn word(word: Word) -> i32 {
    displacement(offset_of!(PpcContext, host) + word as usize * size_of::<u64>())
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

/// The location of GPR `n`.
#[inline(always)]
pub(super) fn gpr(n: usize) -> Rm {
    GPRS[n & 31]
}

/// The location of CR field `field`.
#[inline(always)]
pub(super) fn cr(field: usize) -> Rm {
    if field == 0 { Rm::Reg(CR0) } else { Rm::Ctx(displacement(offset_of!(PpcContext, cr) + 8 * field)) }
}

/// The location of FPR `n`.
pub(super) fn fpr(n: usize) -> Rm {
    Rm::Ctx(displacement(offset_of!(PpcContext, fpr) + 8 * n))
}

/// The location of the FPR whose number is in a register.
pub(super) fn numbered_fpr(number: HostReg) -> Rm {
    Rm::CtxWord(number, displacement(offset_of!(PpcContext, fpr)))
}

/// The displacement of the low half of vector register `n`; the high half follows.
pub(super) fn vector(n: usize) -> i32 {
    displacement(offset_of!(PpcContext, vr) + 16 * n)
}

pub(super) const LR: Rm = Rm::Ctx(displacement(offset_of!(PpcContext, lr)));
pub(super) const CTR: Rm = Rm::Ctx(displacement(offset_of!(PpcContext, ctr)));
pub(super) const MSR: Rm = Rm::Ctx(displacement(offset_of!(PpcContext, msr)));
pub(super) const CA: Rm = Rm::Ctx(displacement(offset_of!(PpcContext, xer_ca)));

const _: () = assert!(
    displacement(offset_of!(PpcContext, gpr) + 8 * 20) >= -128
        && displacement(offset_of!(PpcContext, fpr) + 8 * 7) <= 127,
    "longer instructions"
);

/// A word of [`PpcContext::host`] that baseline code uses. These words follow those of the
/// optimizing tier ([`xenia_lifter::host::Word`]), some of which have the same names: each tier has
/// its own tables, stack limit and run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(usize)]
pub(super) enum BaselineWord {
    /// The bit of a double that is the half of a single's last place. Whole registers are loaded
    /// from here and from [`Self::SingleBits`]: the words behind them get into upper halves, which
    /// nothing reads.
    Middle = HOST_WORDS - 22,
    /// Instructions from the end of the slice to the next sample ([`super::slices`]).
    ToSample,
    /// Mask of the bits of a double that a single has.
    SingleBits,
    /// Host address of guest address 0 in the view for compiled code.
    Memory,
    /// The table of entries (`entries`).
    Entries,
    /// Where code memory starts (executable view).
    Code,
    /// The stack pointer at entry.
    SavedStack,
    /// Guest calls do not nest further on the host's stack below this address.
    StackLimit,
    /// The `services::BaselineRun` of the run in progress.
    Run,
    /// Why baseline code was left: a `reason::Reason`.
    Reason,
    /// Host address of the instruction that faulted, or the return address of the call of an arm
    /// that did not complete.
    Site,
    /// Instructions from the end of the slice to the end of the visit, and
    /// [`RESERVE`](super::slices::RESERVE).
    Rest,
    /// Instructions left of the slice, less the reserve, while code of the optimizing tier runs.
    Slice,
    /// Two bytes, which thunks write together. The first one says whether MXCSR is the guest's and
    /// holds exception bits that FPSCR lacks. The second one, which is set only with the first, is
    /// [`READY`](super::float_thunks::READY).
    GuestFloat,
    /// Address of the thunk `enter::missing`.
    Missing,
    /// Address of the thunk `enter::slice_over`.
    SliceOver,
    /// Address of the thunk `enter::run_arm`.
    RunArm,
    /// Address of the thunk `enter::run_float_arm`.
    RunFloatArm,
    /// Address of the thunk `enter::leave`.
    Leave,
    /// Address of the thunk `enter::return_miss`.
    ReturnMiss,
    /// Address of the thunk `enter::find_entry`.
    FindEntry,
    /// Address of the thunk `enter::go_to_entry`.
    GoToEntry,
}

const _: () =
    assert!(WORDS + Hook::ALL.len() <= BaselineWord::Middle as usize, "PpcContext::host is too short");
const _: () = assert!(
    BaselineWord::Middle.at() % 16 == 0 && BaselineWord::SingleBits.at() % 16 == 0,
    "operands of xmm instructions are aligned"
);

impl BaselineWord {
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
        let mut hosts: Vec<_> = MAP.iter().map(|row| row.1).chain([CR0, BUDGET, 4, 5, 0, 1]).collect();
        guests.sort_unstable();
        guests.dedup();
        hosts.sort_unstable();
        hosts.dedup();
        assert_eq!((guests.len(), hosts.len()), (10, 16), "and every host register has a use");
    }
}
