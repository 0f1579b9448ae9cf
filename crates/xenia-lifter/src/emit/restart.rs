//! Restart points: where the interpreter resumes after a faulting load.
//!
//! Registers must be exact when an access faults. All dirty registers are stored before a store to
//! guest memory, since a store cannot be repeated. A load needs no write-back if the context is
//! exact for an earlier instruction and all instructions since then are [`repeatable`]: if the load
//! faults, the interpreter replays from the earlier instruction (the restart point) and reaches the
//! same fault with exact registers. Replayed loads return the same values, or values that another
//! thread has stored since, which is a legal later execution.

use super::Lifter;
use crate::analysis::assumptions::FprFormats;
use xenia_isa::{Family, Instruction, Op, spr};

/// Maximum number of dirty registers at a load without write-back; more would spill. Those in the
/// host's vector registers are counted apart.
const MAX_DIRTY: u32 = 4;
/// Maximum number of dirty floating-point and vector registers at a load without write-back.
const MAX_DIRTY_VECTORS: u32 = 8;

/// A restart point: an instruction for which the context is exact.
#[derive(Clone, Copy, Debug)]
pub(super) struct RestartPoint {
    pc: u32,
    /// Completed instructions since the budget was last known.
    done: u32,
    /// Formats in which the context holds FPRs.
    formats: FprFormats,
}

/// Whether an instruction, if it is not a store to memory, changes only registers that
/// [`super::cache::Cache`] keeps. `mtvscr` changes more, but ends its block, and the next one is an
/// entry, which needs an exact context.
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
        // Replayed arithmetic has the same results, and sets sticky bits of FPSCR that are set
        // already. So what reads or changes these is not replayed.
        Family::Float => {
            let changes_sticky =
                matches!(op, Op::mcrfs | Op::mffsx | Op::mtfsb0x | Op::mtfsb1x | Op::mtfsfx | Op::mtfsfix);
            !changes_sticky && !i.rc()
        }
        // Lanes that software computes are computed in the context.
        Family::Vector | Family::Vector128 => false,
    }
}

impl Lifter<'_> {
    /// A restart point at the current instruction, for which the context must be exact.
    fn restart_point_here(&self) -> RestartPoint {
        let done = self.state.spent - self.remaining;
        RestartPoint { pc: self.guest.pc, done, formats: self.state.cache.floats.stored_formats() }
    }

    /// Whether more registers are dirty than the host's registers can hold besides temporaries.
    fn is_crowded(&self) -> bool {
        let vectors = self.dirty_vectors();
        self.dirty() - vectors > MAX_DIRTY || vectors > MAX_DIRTY_VECTORS
    }

    fn is_repeatable(&self) -> bool {
        self.guest.op.is_some_and(|op| {
            let computes_in_context = op.row().family == Family::Float && self.config.mode.controlled;
            repeatable(op, self.guest.instruction) && !computes_in_context
        })
    }

    /// Updates the restart point before an instruction is lifted.
    pub(super) fn begin_instruction(&mut self) {
        if self.loop_carried.is_sinking() {
            // The context is never exact in a loop with sunk stores; its accesses have no restart
            // point.
            self.state.restart_point = None;
        } else if self.dirty() == 0 {
            self.state.restart_point = Some(self.restart_point_here());
        } else if !self.is_repeatable() {
            self.state.restart_point = None;
        }
    }

    /// Finishes a lifted instruction.
    pub(super) fn end_instruction(&mut self) {
        self.leave_if_so_changes();
        if !self.is_repeatable() {
            self.state.restart_point = None;
        }
    }

    /// Prepares a load that may fault: writes back dirty registers, or records the restart point.
    pub(super) fn ready_for_load(&mut self) {
        if self.is_crowded() || self.state.restart_point.is_none() {
            self.flush_for_access();
            self.state.restart_point = Some(self.restart_point_here());
        }
        let Some(point) = self.state.restart_point else { return };
        let done = self.state.spent - self.remaining;
        if let Some(site) = self.sites.last_mut() {
            site.from = point.pc;
            site.again = done - point.done;
            site.single_format = point.formats.single;
            site.open_format = point.formats.open;
        }
    }

    /// Prepares a store that may fault: writes back all dirty registers, since stores are not
    /// replayed.
    pub(super) fn ready_for_store(&mut self) {
        self.flush_for_access();
        self.note_singles();
    }
}
