//! Damage by the title to its stack, code and tables, and the kernel calls that read them.

use super::{CODE_SIZE, STACK_SIZE, Stopped};
use std::time::Duration;
use xenia_cpu::{ExceptionKind, GuestException};
use xenia_exports::registry;
use xenia_formats::image::FunctionEntry;
use xenia_guest::GuestAddr;
use xenia_guest::layout::{exception_record, kpcr};
use xenia_imports::Library;
use xenia_kernel::exceptions::flag;
use xenia_limits::Limit;
use xenia_sched::{Disposition, System};
use xenia_testing::thread_time;

/// Time limit of one kernel call, in a build without optimisation.
pub(super) const MAX_TIME: Duration = Duration::from_secs(9);

impl Stopped {
    /// Damages random bytes of a memory range.
    fn damage_memory(&mut self, at: GuestAddr, size: usize) {
        let memory = self.harness.kernel.memory.clone();
        let mut bytes = vec![0; size];
        memory.read_bytes(at, &mut bytes).unwrap();
        let before = bytes.clone();
        for _ in 0..=self.dice.below(8) {
            self.dice.damage(&mut bytes, &before);
        }
        bytes.resize(size, 0);
        memory.write_bytes(at, &bytes).unwrap();
    }

    /// A random number that may be an address, a size or neither.
    fn number(&mut self) -> u32 {
        let stack = self.stack.0;
        match self.dice.below(10) {
            0 => 0,
            1 => u32::MAX,
            2 => self.dice.next() as u32,
            3 => self.harness.kernel.imports.own_stubs.call_return.0,
            4 | 5 => self.code.0 + 4 * self.dice.below(CODE_SIZE as usize / 4) as u32,
            6 => self.entries[self.dice.below(self.entries.len())].gpr[1] as u32,
            7 => stack + STACK_SIZE,
            8 => self.dice.below(64) as u32,
            _ => stack + 8 * self.dice.below(STACK_SIZE as usize / 8) as u32,
        }
    }

    fn damage_table(&mut self) {
        let code = self.code;
        let mut rows = Vec::new();
        for _ in 0..=self.dice.below(4) {
            let start = CODE_SIZE / 4 - 1 - self.dice.below(CODE_SIZE as usize / 4) as u32;
            let size = 4 * (1 + self.dice.below((CODE_SIZE / 4 - start) as usize)) as u32;
            rows.push(FunctionEntry {
                start: code.offset(4 * start),
                size: size.min(CODE_SIZE - 4 * start),
                prologue_size: 4 * self.dice.below(256) as u32,
                has_exception_handler: self.dice.one_in(2),
            });
        }
        let mut modules = self.harness.kernel.modules.lock();
        let functions = &mut modules.find_mut(self.module).unwrap().functions;
        if self.dice.one_in(2) {
            functions.clear();
        }
        functions.extend(rows);
        functions.sort_by_key(|function| function.start);
    }

    /// Makes all of memory one function whose unwinding is slow: each step goes up a few bytes and
    /// decodes many instructions.
    pub(super) fn creep(&mut self) {
        let step = [8_u32, 16, 0x1000][self.dice.below(3)];
        let calls = self.dice.below(250);
        let slot = self.code.offset(4 * calls as u32);
        let routine = (CODE_SIZE - 0x400).wrapping_sub(4 * calls as u32);
        let memory = self.harness.kernel.memory.clone();
        for index in 0..calls as u32 {
            // bl to a routine that saves registers.
            let word = 0x4800_0001 | (routine + 4 * (calls as u32 - index)) & 0x03FF_FFFC;
            memory.write(self.code.offset(4 * index), word).unwrap();
        }
        memory.write(slot, 0x3821_0000_u32 | step.wrapping_neg() & 0xFFFF).unwrap(); // addi 1, 1, -step
        for index in 0..131 {
            let at = slot.offset(routine + 4 * index);
            memory.write(at, 0xF9C1_0008_u32).unwrap(); // std 14, 8(1)
        }
        memory.write(slot.offset(routine + 4 * 131), 0x4E80_0020_u32).unwrap();
        let mut modules = self.harness.kernel.modules.lock();
        modules.find_mut(self.module).unwrap().functions = vec![FunctionEntry {
            start: self.code,
            size: CODE_SIZE,
            prologue_size: 4 * (calls as u32 + 1),
            has_exception_handler: self.dice.one_in(4),
        }];
        drop(modules);
        self.damage_bounds(0, u32::MAX);
        let at = self.code.0 + 4 * (calls as u32 + 2);
        let ctx = self.harness.scheduler.context_mut(self.thread).unwrap();
        ctx.pc = at;
        ctx.lr = u64::from(at + 4);
    }

    pub(super) fn damage_bounds(&mut self, low: u32, high: u32) {
        let ctx = self.harness.scheduler.context_mut(self.thread).unwrap();
        let at = GuestAddr(ctx.gpr[13] as u32);
        for (offset, value) in [(kpcr::STACK_END, low), (kpcr::STACK_BASE, high)] {
            let _ = self.harness.kernel.memory.write(at.offset(offset), value);
        }
    }

    fn damage_registers(&mut self) {
        for _ in 0..=self.dice.below(3) {
            let value = self.number();
            let which = self.dice.below(6);
            let ctx = self.harness.scheduler.context_mut(self.thread).unwrap();
            match which {
                0 | 1 => ctx.gpr[1] = u64::from(value),
                2 => ctx.lr = u64::from(value),
                3 => ctx.gpr[12] = u64::from(value),
                4 => ctx.pc = value & !3,
                _ => ctx.gpr[31] = u64::from(value),
            }
        }
    }

    fn damage(&mut self) {
        match self.dice.below(8) {
            0 | 1 => self.damage_memory(self.code, CODE_SIZE as usize),
            2 | 3 => {
                let low = self.now.gpr[1] as u32;
                let size = self.stack.0 + STACK_SIZE - low;
                self.damage_memory(GuestAddr(low), size as usize);
            }
            4 => self.damage_table(),
            5 => {
                let low = self.number();
                let high = self.number();
                self.damage_bounds(low, high);
            }
            6 if self.dice.one_in(12) => self.creep(),
            _ => self.damage_registers(),
        }
    }

    /// Enters the kernel by a call of an export, a failing instruction, or the return of a function
    /// that the kernel called.
    fn enter_kernel(&mut self) -> Disposition {
        if self.harness.scheduler.thread(self.thread).is_err() {
            return Disposition::Continue;
        }
        let name = match self.dice.below(8) {
            0 | 1 => {
                let pc = GuestAddr(self.harness.scheduler.context_mut(self.thread).unwrap().pc);
                let exception = GuestException { pc, kind: ExceptionKind::IllegalInstruction { word: 0 } };
                return self
                    .harness
                    .act(self.thread, |cpu, running| self.system.exception(cpu, running, exception));
            }
            2 => "RtlRaiseException",
            3 => "RtlUnwind",
            4 => "__C_specific_handler",
            5 => "RtlUnwind2",
            _ => {
                let result = [0, 0, 1, 1, 2, 3, u64::MAX, 0x7FFF_FFFF][self.dice.below(8)];
                return self.guest_returns(result);
            }
        };
        let export = registry().find_by_name(Library::xboxkrnl, name).unwrap();
        let memory = self.harness.kernel.memory.clone();
        let stub = self.harness.kernel.imports.stubs.lock().export_stub(&memory, export).unwrap();
        // Sometimes with the registers of the previous call, as a handler that calls another.
        if !self.dice.one_in(4) {
            for register in 3..9 {
                let value = self.number();
                self.harness.scheduler.context_mut(self.thread).unwrap().gpr[register] = u64::from(value);
            }
        }
        let record = GuestAddr(self.harness.scheduler.context_mut(self.thread).unwrap().gpr[3] as u32);
        if name == "RtlRaiseException" {
            let flags = [0, flag::NONCONTINUABLE, flag::UNWINDING, u32::MAX][self.dice.below(4)];
            let _ = memory.write(record.offset(exception_record::FLAGS), flags);
        }
        self.harness.scheduler.context_mut(self.thread).unwrap().pc = stub.0 + 4;
        self.harness.act(self.thread, |cpu, running| self.system.syscall(cpu, running, 2))
    }

    pub(super) fn run_damaged(&mut self) {
        for _ in 0..=self.dice.below(5) {
            self.damage();
        }
        for _ in 0..24 {
            let start = thread_time();
            let disposition = self.enter_kernel();
            let took = thread_time().saturating_sub(start);
            assert!(took < MAX_TIME, "one call took {took:?}");
            assert!(self.frames() as u64 <= Limit::NestedCalls.row().value);
            if matches!(disposition, Disposition::End(_)) {
                return;
            }
            if self.dice.one_in(6) {
                self.damage();
            }
        }
    }
}
