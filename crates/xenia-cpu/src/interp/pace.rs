//! Interruptible runs, for an engine that compiles warm code.
//!
//! Such an engine interprets until it reaches code that it has compiled, or a block that was
//! reached often enough to be a candidate for compilation. The first block of a run is not counted:
//! a run resumes where the last visit ended, which is unrelated to the program.

use super::blocks::{BlockCache, EntryIndex};
use crate::{Exit, Interpreter, PpcContext};
use xenia_memory::DeviceQueue;

/// A policy that decides, between blocks, whether a run pauses.
pub(super) trait Pace {
    /// Whether the run pauses before the block at `place`, which starts at `pc`.
    fn pauses(&self, blocks: &mut BlockCache, place: EntryIndex, pc: u32) -> bool;
    /// Whether the run pauses after MSR has changed.
    const AT_MSR: bool;
}

/// A pace that never pauses.
pub(super) struct Steady;

impl Pace for Steady {
    const AT_MSR: bool = false;

    #[inline(always)]
    fn pauses(&self, _: &mut BlockCache, _: EntryIndex, _: u32) -> bool {
        false
    }
}

/// Pauses at compiled code, and at a block that has been reached `limit` times.
struct Warming<F> {
    has_code: F,
    limit: u32,
}

impl<F: Fn(u32) -> bool> Pace for Warming<F> {
    const AT_MSR: bool = true;

    #[inline(always)]
    fn pauses(&self, blocks: &mut BlockCache, place: EntryIndex, pc: u32) -> bool {
        (self.has_code)(pc) || blocks.count(place, 1) >= self.limit
    }
}

/// Never pauses between blocks, and passes the address and length of each to `note`.
struct Noting<F> {
    note: F,
}

impl<F: Fn(u32, u32)> Pace for Noting<F> {
    const AT_MSR: bool = true;

    #[inline(always)]
    fn pauses(&self, blocks: &mut BlockCache, place: EntryIndex, pc: u32) -> bool {
        blocks.count(place, 1);
        (self.note)(pc, blocks.block(place).len() as u32);
        false
    }
}

/// How often a block was reached since the last query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Warmth {
    pub reached: u32,
    /// Number of instructions of the block.
    pub length: u32,
    /// Whether compiled code branched to this block, which is not compiled: the block is not among
    /// the known successors of compiled code.
    pub wanted: bool,
}

/// Interface for an engine that compiles.
impl Interpreter {
    /// Like [`Execute::run`](crate::Execute::run), but pauses, with `None`, before a block for
    /// which `has_code`, before one that has been reached `limit` times, and after MSR has changed.
    /// At least one block is run.
    pub fn run_to_code(
        &mut self,
        ctx: &mut PpcContext,
        devices: &mut DeviceQueue,
        limit: u32,
        has_code: impl Fn(u32) -> bool,
    ) -> Option<Exit> {
        if ctx.budget <= 0 {
            return Some(Exit::Budget);
        }
        self.run_at(ctx, devices, &Warming { has_code, limit })
    }

    /// Like [`Execute::run`](crate::Execute::run), but pauses, with `None`, after MSR has changed.
    /// Counts each block but the first as reached, and calls `note` with its address and its number
    /// of instructions.
    pub fn run_noting(
        &mut self,
        ctx: &mut PpcContext,
        devices: &mut DeviceQueue,
        note: impl Fn(u32, u32),
    ) -> Option<Exit> {
        if ctx.budget <= 0 {
            return Some(Exit::Budget);
        }
        self.run_at(ctx, devices, &Noting { note })
    }

    /// Counts the block at `pc` as reached outside of a run, once plus once per block length in
    /// `cost` instructions; `wanted` says that compiled code branched to it.
    pub fn note_reached(&mut self, pc: u32, cost: u32, wanted: bool) {
        if let Ok(place) = self.blocks.find(&self.memory, pc) {
            let length = self.blocks.block(place).len() as u32;
            self.blocks.count(place, 1 + cost / length);
            if wanted {
                self.blocks.want(place);
            }
        }
    }

    /// The warmth of the block at `pc` if it has been reached `limit` times; resets the count.
    pub fn take_warmth(&mut self, pc: u32, limit: u32) -> Option<Warmth> {
        let place = self.blocks.find(&self.memory, pc).ok()?;
        let length = self.blocks.block(place).len() as u32;
        let (reached, wanted) = self.blocks.take_count(place, limit)?;
        Some(Warmth { reached, length, wanted })
    }

    /// Function starts (call targets) found since the last call.
    pub fn take_called(&mut self) -> Vec<u32> {
        self.blocks.take_called()
    }

    /// Starts of blocks in `from..to` that have been reached other than by resuming a visit.
    pub fn reached_between(&self, from: u32, to: u32) -> Vec<u32> {
        self.blocks.reached_between(from, to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interp::testing::*;
    use xenia_isa::Op;

    /// mtctr r5; loop: addi r3; bdnz loop; bl +8; sc 0; (called) blr
    fn words() -> [u32; 6] {
        [
            x(Op::mtspr, 5, 9, 0, 0),
            d(Op::addi, 3, 3, 1),
            d(Op::bcx, 16, 0, -4),
            Op::bx.row().bits | 8 | 1,
            d(Op::sc, 0, 0, 2),
            x(Op::bclrx, 20, 0, 0, 0),
        ]
    }

    fn machine() -> CpuHarness {
        let mut machine = CpuHarness::new();
        machine.put(CODE, &words());
        machine.ctx.gpr[5] = 10;
        machine.ctx.begin_visit(1000, 0, u32::MAX);
        machine
    }

    #[test]
    fn a_run_pauses_at_warm_blocks_and_does_not_count_its_first() {
        let mut m = machine();
        assert_eq!(m.interp.run_to_code(&mut m.ctx, &mut m.devices, 3, |_| false), None);
        assert_eq!((m.ctx.pc, m.ctx.gpr[3]), (CODE + 4, 3));
        assert_eq!(m.interp.reached_between(CODE, CODE + 24), [CODE + 4], "not where the run began");
        let warmth = Warmth { reached: 3, length: 2, wanted: false };
        assert_eq!(m.interp.take_warmth(CODE + 4, 3), Some(warmth));
        assert_eq!(m.interp.take_warmth(CODE + 4, 1), None, "counted anew");
        // The rest of the loop stays below the limit.
        let end = m.interp.run_to_code(&mut m.ctx, &mut m.devices, 100, |_| false);
        assert_eq!((end, m.ctx.gpr[3]), (Some(Exit::Syscall { lev: 0 }), 10));
        assert_eq!(m.interp.take_called(), [CODE, CODE + 20], "the first block, and where the call led");
        m.interp.note_reached(CODE + 4, 20, true);
        let warmth = Warmth { reached: 7 - 1 + 11, length: 2, wanted: true };
        assert_eq!(m.interp.take_warmth(CODE + 4, 1), Some(warmth));
    }

    #[test]
    fn run_noting_reports_each_block_but_the_first() {
        let mut m = machine();
        let noted = std::cell::RefCell::new(Vec::new());
        let note = |pc, length| noted.borrow_mut().push((pc - CODE, length));
        m.ctx.gpr[5] = 3;
        let end = m.interp.run_noting(&mut m.ctx, &mut m.devices, note);
        assert_eq!(end, Some(Exit::Syscall { lev: 0 }));
        assert_eq!(*noted.borrow(), [(4, 2), (4, 2), (12, 1), (20, 1), (16, 1)]);
        assert_eq!(m.interp.take_warmth(CODE + 4, 2).map(|warmth| warmth.reached), Some(2));
        m.ctx.begin_visit(0, 0, u32::MAX);
        let end = m.interp.run_noting(&mut m.ctx, &mut m.devices, |_, _| ());
        assert_eq!(end, Some(Exit::Budget));
    }

    #[test]
    fn run_to_code_stops_at_compiled_code_with_exact_pc_and_budget() {
        let mut m = machine();
        let code = |pc| pc == CODE + 20;
        assert_eq!(m.interp.run_to_code(&mut m.ctx, &mut m.devices, 1000, code), None);
        assert_eq!((m.ctx.pc, m.ctx.executed()), (CODE + 20, 1 + 20 + 1));
        // At least one block is run, to guarantee progress.
        let end = m.interp.run_to_code(&mut m.ctx, &mut m.devices, 1000, code);
        assert_eq!(end, Some(Exit::Syscall { lev: 0 }));
        m.ctx.begin_visit(0, 0, u32::MAX);
        assert_eq!(m.interp.run_to_code(&mut m.ctx, &mut m.devices, 1, code), Some(Exit::Budget));
    }
}
