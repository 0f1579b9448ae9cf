//! From where a load that faults is done again.
//!
//! Registers have to be exact when an access faults. A store is preceded by stores of everything
//! dirty, for it can't be taken back. A load is not, as long as the context is exact for some
//! instruction before it and nothing has happened since that may not happen twice ([`repeatable`]):
//! should it fault, the interpreter goes on from there, and comes to the same fault with exact
//! registers. Loads that it repeats give what they gave, or what another thread has stored
//! meanwhile, as if they had been made later.

use super::Lifter;
use xenia_isa::{Family, Instruction, Op, spr};

/// Registers that are dirty at a load at most: beyond, keeping them all takes the host's registers.
const MOST_DIRTY: u32 = 4;

/// An instruction for which the context is exact.
#[derive(Clone, Copy, Debug)]
pub(super) struct Exact {
    pc: u32,
    /// Instructions that had completed since the budget was last known.
    done: u32,
    /// FPRs that the context holds as singles, and of which that is open.
    singles: (u32, u32),
}

/// Whether an instruction changes nothing but registers that [`super::cache::Cache`] keeps, unless
/// it is a store to memory.
fn repeatable(op: Op, i: Instruction) -> bool {
    match op.row().family {
        Family::Integer | Family::Logical | Family::Rotate | Family::Branch => true,
        Family::LoadStore => !matches!(
            op,
            Op::dcbz
                | Op::dcbz128
                | Op::lwarx
                | Op::ldarx
                | Op::stwcx
                | Op::stdcx
                | Op::lswi
                | Op::lswx
                | Op::stswi
                | Op::stswx
        ),
        Family::System => match op {
            Op::mfspr | Op::mtspr => matches!(i.spr(), spr::LR | spr::CTR),
            Op::mfcr | Op::mtcrf | Op::dcbt | Op::dcbtst => true,
            _ => false,
        },
        Family::Float | Family::Vector | Family::Vector128 => false,
    }
}

impl Lifter<'_> {
    /// This instruction, if the context is exact for it.
    fn exact_here(&self) -> Exact {
        let done = self.spent - self.remaining;
        Exact { pc: self.guest.pc, done, singles: self.cache.floats.stored_as_singles() }
    }

    fn is_repeatable(&self) -> bool {
        self.guest.op.is_some_and(|op| repeatable(op, self.guest.instruction))
    }

    /// Before an instruction is lifted.
    pub(super) fn begin_instruction(&mut self) {
        if self.carrying.is_sinking() {
            // The context is exact nowhere in such a loop, and none of its accesses is done again.
            self.exact = None;
        } else if self.dirty() == 0 {
            self.exact = Some(self.exact_here());
        } else if !self.is_repeatable() {
            self.exact = None;
        }
    }

    /// After an instruction was lifted.
    pub(super) fn end_instruction(&mut self) {
        self.leave_if_so_changes();
        if !self.is_repeatable() {
            self.exact = None;
        }
    }

    /// Everything is ready for a load that may fault.
    pub(super) fn ready_for_load(&mut self) {
        if !self.config.precise_faults {
            self.note_singles();
            return;
        }
        if self.dirty() > MOST_DIRTY || self.exact.is_none() {
            self.flush_for_access();
            self.exact = Some(self.exact_here());
        }
        let Some(exact) = self.exact else { return };
        let done = self.spent - self.remaining;
        if let Some(site) = self.sites.last_mut() {
            (site.from, site.again) = (exact.pc, done - exact.done);
            (site.singles, site.open) = exact.singles;
        }
    }

    /// Everything is ready for a store that may fault, and may not be done again.
    pub(super) fn ready_for_store(&mut self) {
        if self.config.precise_faults {
            self.flush_for_access();
        }
        self.note_singles();
    }
}
