//! The interpreter: tier 0, and the reference for the other tiers.
//!
//! # How an arm is written
//! [`CpuView`] implements the family traits of `xenia-isa`, one file per family. An arm (handler)
//! - gets the [`Instruction`] and reads operands with its accessors;
//! - accesses registers through `self.ctx` (or `gpr`, `gpr_or_zero`, `set_gpr`, `set_cr`,
//!   `record`);
//! - accesses storage through `self.load_u32(ea)?`, `self.store_u128(ea, v)?` and the like, with
//!   `ea` from `ea_x`, `ea_d`, `ea_ds`. A `u128` is in the order of `PpcContext::vr`, so `lvx` is
//!   `self.load_u128(ea & !15)?`. Any alignment is allowed; aligned accesses are single-copy
//!   atomic;
//! - ends with `Ok(Retirement::Next)`, or with `Err(self.raise(kind))` **before it has changed the
//!   context**, so that the exception sees the state exactly before the instruction;
//! - never panics: any word can occur, with any register contents. Invalid forms have a defined
//!   result, which the arm's comment states (the lifter does the same).
//!
//! Facility checks (MSR\[FP\], MSR\[VEC\]) are made when a block is decoded, not by arms. An
//! enabled floating-point exception whose instruction completed ends with
//! `Ok(Retirement::FloatingPoint)`.
//!
//! # Program counter and budget inside a block
//! When a block is entered, `ctx.pc` and `ctx.budget` are advanced past **all** of it; the run loop
//! moves them back if an instruction in the middle ends the run. So only the arm of a block's
//! *last* instruction may read them: there `ctx.pc` is the next instruction's address (the
//! instruction's address is `ctx.pc - 4`), and `ctx.now()` counts the instruction itself. Branches,
//! `sc`, `isync`, `icbi`, MSR writes and time-base reads are always last.
//!
//! # Blocks
//! See [`blocks`]: straight runs of predecoded instructions within one page, checked against the
//! page's version at each entry. A handler is an arm, or an arm specialized for frequent values of
//! its fixed bits, or two arms fused; `dispatch.rs` chooses, `chain.rs` chains them. All
//! combinations behave like the plain arms; tests compare them.
#![allow(clippy::unnecessary_wraps)] // the arms' common helpers return a `Step`, as the arms do

mod blocks;
mod branch;
mod chain;
mod cpu;
mod dispatch;
mod doubles;
mod float;
mod integer;
mod load_store;
mod logical;
#[cfg(test)]
mod named_registers;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod oracle_fixed;
mod pace;
mod reservations;
mod rotate;
mod system;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod vector;
mod vector128;
mod watched;

use crate::{
    EngineConfig, EngineCounters, ExceptionKind, Execute, Exit, GuestException, PpcContext, ReservationMode,
};
use blocks::{BlockCache, CurrentPage, PredecodedWord};
pub(crate) use chain::{HandlerTable, MAX_HANDLERS, RowHandler, run_one};
pub use cpu::StoredBytes;
pub(crate) use cpu::{CpuView, Plain, Raised, Retirement, Step, StorageAccess};
pub(crate) use dispatch::{
    ChosenHandler, ILLEGAL, UNAVAILABLE, facility, handler_for, handler_of, pair_of, stores,
};
pub(crate) use doubles::double_of;
pub use pace::Warmth;
use pace::{Pace, Steady};
use std::sync::Arc;
pub use watched::{AccessNote, AccessNotes, AccessWatch, WatchedAccess, WatchedRange};
use xenia_guest::GuestAddr;
use xenia_isa::{Instruction, decode};
use xenia_memory::{DeviceQueue, FaultKind, GuestMemory, MemoryFault};

/// The interpreter: an engine that decodes blocks once and interprets their instructions.
pub struct Interpreter {
    memory: Arc<GuestMemory>,
    config: EngineConfig,
    blocks: BlockCache,
    executed: u64,
    store_log: Option<Vec<StoredBytes>>,
    watch: Option<Arc<AccessWatch>>,
}

impl Interpreter {
    /// Creates an interpreter for the machine with this memory.
    pub fn new(memory: Arc<GuestMemory>, config: EngineConfig) -> Self {
        match config.reservations {
            ReservationMode::Context => {}
            ReservationMode::Table => memory.reservations().set_used(),
            ReservationMode::Strict => memory.reservations().set_strict(),
        }
        Self { memory, config, blocks: BlockCache::new(), executed: 0, store_log: None, watch: None }
    }

    /// Empties the block cache, and limits it to `max_pages` pages.
    #[cfg(test)]
    fn limit_pages(&mut self, max_pages: usize) {
        self.blocks = BlockCache::with_limit(max_pages);
    }

    /// Logs the stores of each [`Execute::run`], for [`Self::stores`].
    pub fn log_stores(&mut self) {
        self.store_log = Some(Vec::new());
    }

    /// The stores of the last [`Execute::run`], in order, including device stores. Empty without a
    /// log.
    pub fn stores(&self) -> &[StoredBytes] {
        self.store_log.as_deref().unwrap_or_default()
    }

    /// Notes the accesses to watched bytes from now on.
    pub fn watch_accesses(&mut self, watch: Arc<AccessWatch>) {
        self.watch = Some(watch);
    }

    /// Fetches and runs the instruction at `ctx.pc`, without the block cache. The budget decreases
    /// by 1 if it completes, whatever it was; `None` means that the run continues.
    #[allow(clippy::redundant_closure_for_method_calls)] // the method's path is for one lifetime
    pub fn step(&mut self, ctx: &mut PpcContext, devices: &mut DeviceQueue) -> Option<Exit> {
        self.on_cpu(ctx, devices, |cpu| cpu.step())
    }

    /// Runs `i` as if it had been fetched from `ctx.pc`; otherwise like [`Self::step`].
    pub fn execute(
        &mut self,
        ctx: &mut PpcContext,
        devices: &mut DeviceQueue,
        i: Instruction,
    ) -> Option<Exit> {
        self.on_cpu(ctx, devices, |cpu| cpu.execute(i))
    }

    /// Runs and counts one instruction outside of blocks, without a log.
    fn on_cpu(
        &mut self,
        ctx: &mut PpcContext,
        devices: &mut DeviceQueue,
        run: impl FnOnce(&mut CpuView<'_>) -> Option<Exit>,
    ) -> Option<Exit> {
        let budget = ctx.budget;
        let exit = run(&mut CpuView::new(ctx, &self.memory, devices, self.config));
        self.executed += (budget - ctx.budget) as u64;
        exit
    }

    /// Runs until an exit, or until `pace` pauses the run: `None`.
    fn run_at<P: Pace>(&mut self, ctx: &mut PpcContext, devices: &mut DeviceQueue, pace: &P) -> Option<Exit> {
        let before = ctx.budget;
        self.blocks.choose_facilities(ctx);
        let mut cpu = CpuView::new(ctx, &self.memory, devices, self.config);
        if let Some(log) = &mut self.store_log {
            log.clear();
            cpu.log_stores(log);
        }
        if let Some(watch) = self.watch.as_deref() {
            watch.compare(&self.memory, self.executed, None);
            cpu.watch_stores(watch);
        }
        let exit = loop {
            match run_blocks(&mut self.blocks, &mut cpu, pace) {
                // Blocks are revalidated after the store.
                Some(exit) if holds_code(&exit) => {
                    let executed = self.executed + (before - cpu.ctx.budget) as u64;
                    match cpu.make_refused_store(executed) {
                        None if cpu.ctx.budget > 0 => {}
                        None => break Some(Exit::Budget),
                        exit => break exit,
                    }
                }
                exit => break exit,
            }
        };
        self.executed += (before - ctx.budget) as u64;
        exit
    }
}

/// Whether the exit is a store to a page that holds code, which must be executed as a single
/// instruction.
fn holds_code(exit: &Exit) -> bool {
    matches!(exit, Exit::Exception(GuestException { kind: ExceptionKind::Memory(fault), .. })
        if fault.kind == FaultKind::HoldsCode)
}

impl CpuView<'_> {
    /// Fetches and runs the instruction at pc, like [`Interpreter::step`].
    #[cold]
    fn step(&mut self) -> Option<Exit> {
        match self.memory.fetch_u32(self.ctx.pc) {
            Ok(word) => self.execute(Instruction(word)),
            Err(fault) => Some(fetch_exception(self.ctx.pc, fault)),
        }
    }

    /// Runs `i` as if it had been fetched from pc, like [`Interpreter::execute`]. A store that ends
    /// the watch of a page with code is repeated until it is performed.
    fn execute(&mut self, i: Instruction) -> Option<Exit> {
        let handler = match decode(i.0) {
            None => ILLEGAL,
            Some(op) if facility(op) & !self.ctx.msr != 0 => UNAVAILABLE,
            Some(op) => handler_of(op, i),
        };
        let pc = self.ctx.pc;
        loop {
            self.ctx.pc = pc.wrapping_add(4);
            self.ctx.budget -= 1;
            let exit = match run_one(self, handler, i) {
                Ok(Retirement::Next | Retirement::Msr) => None,
                how => Some(self.exit(pc, how)),
            };
            // The watch has ended. If another thread has watched the page again meanwhile, end that
            // watch, too.
            if !exit.as_ref().is_some_and(holds_code) {
                return exit;
            }
        }
    }

    /// Ends the run at an instruction inside a block that ends before the address `end`: moves pc
    /// and budget back.
    #[cold]
    #[inline(never)]
    fn stop(&mut self, end: u32, how: Step) -> Exit {
        self.ctx.budget += i64::from(self.left);
        self.exit(end.wrapping_sub(4 * (self.left + 1)), how)
    }

    /// Converts the result of the instruction at `pc` to an exit; leaves pc and budget after it, or
    /// at it if it did not complete.
    fn exit(&mut self, pc: u32, how: Step) -> Exit {
        self.ctx.pc = pc.wrapping_add(4);
        match how {
            Ok(Retirement::Syscall) => Exit::Syscall { lev: self.lev },
            Ok(Retirement::Yield | Retirement::Next | Retirement::Msr | Retirement::Watched) => {
                debug_assert_eq!(how, Ok(Retirement::Yield), "the other values continue the run");
                Exit::Yield
            }
            Ok(Retirement::FloatingPoint) => {
                Exit::Exception(GuestException { pc: GuestAddr(pc), kind: ExceptionKind::FloatingPoint })
            }
            Err(_) => {
                self.ctx.budget += 1;
                self.ctx.pc = pc;
                Exit::Exception(GuestException { pc: GuestAddr(pc), kind: self.exception })
            }
        }
    }
}

/// The exit for an instruction fetch that failed at `pc`.
#[cold]
fn fetch_exception(pc: u32, fault: MemoryFault) -> Exit {
    Exit::Exception(GuestException { pc: GuestAddr(pc), kind: ExceptionKind::Fetch(fault) })
}

/// Runs blocks until an exit; `None` if `pace` paused the run.
fn run_blocks<P: Pace>(blocks: &mut BlockCache, cpu: &mut CpuView<'_>, pace: &P) -> Option<Exit> {
    let memory = cpu.memory;
    let mut here = CurrentPage::NOWHERE;
    let mut pc = cpu.ctx.pc;
    let mut place = match blocks.ready(memory, &mut here, pc) {
        Some(place) => place,
        None => match blocks.prepare(memory, &mut here, pc, false) {
            Ok(place) => place,
            Err(fault) => return Some(fetch_exception(pc, fault)),
        },
    };
    loop {
        let block = blocks.block(place);
        let after = cpu.ctx.budget - block.len() as i64;
        if after < 0 {
            return Some(run_part(blocks, block, cpu));
        }
        let end = pc.wrapping_add(4 * block.len() as u32);
        // Moved past the whole block; `stop` moves them back if the run ends inside it.
        cpu.ctx.pc = end;
        cpu.ctx.budget = after;
        let last = place + block.len() - 1;
        let step = blocks.run(block, cpu);
        let msr_changed = step == Ok(Retirement::Msr);
        // A change of MSR is always the last of its block.
        if step != Ok(Retirement::Next) && !msr_changed {
            return Some(cpu.stop(end, step));
        }
        if after == 0 {
            return Some(Exit::Budget);
        }
        pc = cpu.ctx.pc;
        if msr_changed {
            if P::AT_MSR {
                return None;
            }
            // This may empty the cache, and so invalidate `here`.
            blocks.choose_facilities(cpu.ctx);
            here = CurrentPage::NOWHERE;
        }
        place = match blocks.ready(memory, &mut here, pc) {
            Some(next) => next,
            None => match blocks.follow(memory, &mut here, last, end, pc) {
                Ok(next) => next,
                Err(fault) => return Some(fetch_exception(pc, fault)),
            },
        };
        if pace.pauses(blocks, place, pc) {
            return None;
        }
    }
}

/// Runs as many instructions of `block`, which begins at pc, as the budget allows: fewer than all.
#[inline(never)]
fn run_part(blocks: &BlockCache, block: &[PredecodedWord], cpu: &mut CpuView<'_>) -> Exit {
    // Positive, since `run` and its loop end at a budget of 0, and less than the block's length.
    let count = cpu.ctx.budget as usize;
    let end = cpu.ctx.pc.wrapping_add(4 * count as u32);
    cpu.ctx.pc = end;
    cpu.ctx.budget = 0;
    match blocks.run(&block[..count], cpu) {
        Ok(Retirement::Next) => Exit::Budget,
        step => cpu.stop(end, step),
    }
}

impl Execute for Interpreter {
    fn run(&mut self, ctx: &mut PpcContext, devices: &mut DeviceQueue) -> Exit {
        if ctx.budget <= 0 {
            return Exit::Budget;
        }
        if let Some(watch) = self.watch.clone().filter(|watch| watch.has_loads()) {
            return self.run_noting_loads(ctx, devices, &watch);
        }
        // A steady run never pauses.
        self.run_at(ctx, devices, &Steady).unwrap_or(Exit::Budget)
    }

    fn name(&self) -> &'static str {
        "interp"
    }

    fn fork(&self) -> Option<Box<dyn Execute>> {
        if self.watch.is_some() {
            // Its notes count the instructions of one engine.
            return None;
        }
        let mut fork = Self::new(Arc::clone(&self.memory), self.config);
        if self.store_log.is_some() {
            fork.log_stores();
        }
        Some(Box::new(fork))
    }

    fn counters(&self) -> EngineCounters {
        EngineCounters {
            interpreted_instructions: self.executed,
            invalidations: self.blocks.invalidations,
            ..EngineCounters::default()
        }
    }
}
