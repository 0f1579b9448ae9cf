//! Watched loads: an interpreter that executes single instructions and records the memory that each
//! one loads.
//!
//! Loads leave no trace in memory, and a check in each load would slow down all runs. So the loaded
//! bytes are computed from the instruction before it is executed.

use super::{AccessWatch, CONDITIONAL_STORE_MADE};
use crate::interp::{CpuView, Interpreter};
use crate::{Exit, PpcContext, StoredBytes};
use xenia_guest::GuestAddr;
use xenia_isa::{Form, Instruction, LoadSize, Op, Operand, decode};
use xenia_memory::DeviceQueue;

/// Bytes that a vector register holds.
const QUADWORD: u32 = 16;

impl CpuView<'_> {
    /// The bytes that an instruction loads if it is executed next; `None` if it loads none.
    fn bytes_loaded(&self, op: Op, i: Instruction) -> Option<StoredBytes> {
        let size = op.load_size()?;
        let row = op.row();
        let updates = row.operands.contains(&Operand::ra);
        let offset = match row.form {
            Form::D => i.disp() as u64,
            Form::DS => i.disp_ds() as u64,
            _ if op == Op::lswi => 0,
            _ => self.gpr(i.rb()),
        };
        let base = if updates { self.gpr(i.ra()) } else { self.gpr_or_zero(i.ra()) };
        let ea = base.wrapping_add(offset) as u32;
        let quadword = ea & !(QUADWORD - 1);
        let (addr, size) = match size {
            LoadSize::Bytes(size) => (ea, size),
            LoadSize::Multiple => (ea, 4 * (32 - i.rd() as u32)),
            LoadSize::StringImmediate if i.nb() == 0 => (ea, 32),
            LoadSize::StringImmediate => (ea, i.nb() as u32),
            LoadSize::StringIndexed => (ea, u32::from(self.ctx.xer_count & 127)),
            LoadSize::Quadword => (quadword, QUADWORD),
            LoadSize::QuadwordLeft => (ea, QUADWORD - ea % QUADWORD),
            LoadSize::QuadwordRight => (quadword, ea - quadword),
        };
        (size > 0).then_some(StoredBytes { addr: GuestAddr(addr), size })
    }
}

impl Interpreter {
    /// Runs single instructions and notes their loads and stores, until an exit.
    pub(crate) fn run_noting_loads(
        &mut self,
        ctx: &mut PpcContext,
        devices: &mut DeviceQueue,
        watch: &AccessWatch,
    ) -> Exit {
        watch.compare(&self.memory, self.executed, None);
        let mut stores = Vec::new();
        loop {
            if ctx.budget <= 0 {
                return Exit::Budget;
            }
            let pc = ctx.pc;
            let budget = ctx.budget;
            let mut cpu = CpuView::new(ctx, &self.memory, devices, self.config);
            let word = Instruction(self.memory.fetch_u32(pc).unwrap_or_default());
            let op = decode(word.0);
            let loaded = op.and_then(|op| cpu.bytes_loaded(op, word));
            stores.clear();
            cpu.log_stores(&mut stores);
            let exit = cpu.step();
            if !matches!(exit, Some(Exit::Exception(_))) {
                if let Some(loaded) = loaded {
                    watch.note_load(self.executed, pc, loaded);
                }
                let is_conditional = matches!(op, Some(Op::stwcx | Op::stdcx));
                if !is_conditional || ctx.cr[0].nibble() & CONDITIONAL_STORE_MADE != 0 {
                    for &stored in &stores {
                        watch.note_store(&self.memory, self.executed, pc, stored);
                    }
                }
            }
            self.executed += (budget - ctx.budget) as u64;
            if let Some(exit) = exit {
                return exit;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{AccessNotes, WatchedAccess, WatchedRange};
    use crate::interp::testing::{CODE, CpuHarness, DATA, d, x};
    use crate::interp::{AccessWatch, CpuView};
    use crate::{EngineConfig, Exit, Interpreter};
    use std::sync::Arc;
    use xenia_guest::GuestAddr;
    use xenia_isa::{Flag, Form, Instruction, Op};

    /// The address behind the tests' data.
    const END: u32 = DATA + 0x1_0000;

    #[test]
    fn the_bytes_are_those_that_the_arms_load() {
        let mut machine = CpuHarness::new();
        let loads = Op::all().filter(|op| op.row().has(Flag::mem) && op.row().name.starts_with('l'));
        let mut count = 0;
        for op in loads {
            count += 1;
            // Left and right forms load the whole quadword and use a part of it.
            let is_part = op.row().name.starts_with("lvl") || op.row().name.starts_with("lvr");
            for at in (DATA - 40..DATA + 40).chain(END - 140..END + 20) {
                if matches!(op, Op::lwarx | Op::ldarx) && !at.is_multiple_of(8) {
                    continue;
                }
                let word = Instruction(op.row().bits | 26 << 21 | 4 << 16 | 6 << 11 & !op.row().mask);
                let offset = match op.row().form {
                    Form::D => word.disp() as u64,
                    Form::DS => word.disp_ds() as u64,
                    _ => 0,
                };
                let name = op.row().name;
                machine.ctx.gpr[4] = u64::from(at).wrapping_sub(offset);
                machine.ctx.gpr[6] = 0;
                machine.ctx.xer_count = 11;
                let mut cpu = CpuView::new(
                    &mut machine.ctx,
                    &machine.memory,
                    &mut machine.devices,
                    EngineConfig::default(),
                );
                let loaded = cpu.bytes_loaded(op, word);
                let exit = cpu.execute(word);
                let is_mapped = loaded.is_none_or(|loaded| {
                    loaded.addr.0 >= DATA
                        && u64::from(loaded.addr.0) + u64::from(loaded.size) <= u64::from(END)
                });
                assert_eq!(exit.is_none(), is_mapped, "{name} at {at:#x}: {loaded:?}, {exit:?}");
                if let Some(loaded) = loaded {
                    assert!(loaded.size <= 128 && (is_part || loaded.size > 0), "{name}");
                }
            }
        }
        assert!(count > 50, "{count}");
    }

    /// Runs the words with r4 = DATA, watching four bytes at DATA + 0x20, and returns the notes.
    fn notes(access: WatchedAccess, words: &[u32]) -> (AccessNotes, CpuHarness) {
        let mut machine = CpuHarness::new();
        let range = WatchedRange { addr: GuestAddr(DATA + 0x20), size: 4, access };
        let watch = Arc::new(AccessWatch::new(&machine.memory, vec![range]));
        machine.interp = Interpreter::new(Arc::clone(&machine.memory), EngineConfig::default());
        machine.interp.watch_accesses(Arc::clone(&watch));
        machine.put(CODE, words);
        machine.ctx.gpr[4] = u64::from(DATA);
        assert_eq!(machine.run(words.len() as i64), Exit::Budget);
        let notes = watch.notes(&machine.memory, words.len() as u64);
        assert!(notes.first_stop.is_none_or(|note| note.watched == range));
        (notes, machine)
    }

    #[test]
    fn loads_are_noted_with_the_instructions_before_them() {
        let words =
            [d(Op::stw, 3, 4, 0x20), d(Op::lwz, 5, 4, 0x1C), d(Op::lbz, 5, 4, 0x24), d(Op::lwz, 4, 4, 0x1D)];
        let place = |note: Option<super::super::AccessNote>| {
            note.map(|note| (note.instructions_before(), note.instructions_through()))
        };
        let (noted, machine) = notes(WatchedAccess::Load, &words);
        assert_eq!((place(noted.first_stop), place(noted.last_stop)), (Some((3, 4)), Some((3, 4))));
        assert_eq!(machine.ctx.gpr[4], 0, "the load has changed its own address");
        let (noted, _) = notes(WatchedAccess::Any, &words);
        assert_eq!(place(noted.first_stop), Some((0, 1)), "a store of the same value");
        assert_eq!(place(noted.last_stop), Some((3, 4)));
        let (noted, _) = notes(WatchedAccess::Change, &words);
        assert_eq!((noted.first_stop, place(noted.last_store)), (None, Some((0, 1))));
    }

    #[test]
    fn a_failed_conditional_store_is_not_an_access() {
        let words = [d(Op::addi, 4, 4, 0x20), x(Op::stwcx, 5, 0, 4, 0)];
        assert_eq!(notes(WatchedAccess::Any, &words).0, AccessNotes::default());
        let words = [d(Op::addi, 4, 4, 0x20), x(Op::lwarx, 3, 0, 4, 0), x(Op::stwcx, 5, 0, 4, 0)];
        assert_eq!(
            notes(WatchedAccess::Any, &words).0.last_stop.map(|note| note.instructions_before()),
            Some(2)
        );
    }
}
