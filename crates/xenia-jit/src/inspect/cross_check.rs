//! Differential testing: runs compiled code on one memory and the interpreter on its mirror.
//!
//! HLE and device writes go to both memories ([`GuestMemory::set_mirror`]); loads and stores of
//! guest code go to their own engine's only. After each unit the contexts are compared, and every
//! byte that the interpreter stored. Once per quantum's worth of instructions, and at the end, all
//! of memory is compared, which also finds stores that only the JIT made. The first difference ends
//! the run and is reported with all state that helps to find its cause.
//!
//! A unit is a visit, a basic block or an instruction. For the smaller ones the JIT compiles
//! regions of that size, because it would leave a budget smaller than a region's path to its own
//! interpreter.

use crate::{Granularity, Jit, JitConfig, JitError};
use std::fmt::Write as _;
use std::sync::Arc;
use xenia_cpu::{
    CrossCheckCounters, EngineCounters, Execute, Exit, Interpreter, PpcContext, RegisterDifference,
};
use xenia_guest::GuestAddr;
use xenia_isa::{Syntax, disassemble};
use xenia_lifter::cfg::region::block_length;
use xenia_memory::{Comparison, DeviceQueue, GuestMemory, MmioDevice, REGISTERS};

/// The unit of comparison.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CheckUnit {
    /// A whole visit.
    #[default]
    Quantum,
    /// One basic block.
    Block,
    /// One guest instruction.
    Instruction,
}

/// Instructions between two comparisons of all memory: the default quantum. The comparison happens
/// at the end of a visit.
const MEMORY_INTERVAL: u64 = 50_000;

/// Differential engine: a JIT and an interpreter with a memory each, compared after each unit.
pub struct CrossCheck {
    jit: Jit,
    interpreter: Interpreter,
    memory: Arc<GuestMemory>,
    mirror: Arc<GuestMemory>,
    unit: CheckUnit,
    queue: DeviceQueue,
    /// The context after the last visit, for differences that are found later.
    last: PpcContext,
    visits: u64,
    units: u64,
    instructions: u64,
    comparison: Option<Comparison>,
    memory_comparisons: u64,
    /// Number of instructions at which all memory is compared next.
    next_comparison: u64,
    stored_bytes: u64,
    divergence: Option<String>,
}

impl CrossCheck {
    /// The [`JitConfig::warm_up`] for a cross-check: nearly all code is compiled, except code that
    /// runs once.
    pub const WARM_UP: u32 = 4;

    /// The [`JitConfig::hot_after`] for a cross-check: low enough to compare both tiers.
    pub const HOT_AFTER: u32 = 1;

    /// Creates an engine for the machine with this memory, which must not have a mirror yet and
    /// must have the contents of a fresh one.
    pub fn new(memory: Arc<GuestMemory>, config: JitConfig, unit: CheckUnit) -> Result<Self, JitError> {
        let mirror = GuestMemory::new_mirror()?;
        memory.set_mirror(Some(Arc::clone(&mirror)));
        let granularity = match unit {
            CheckUnit::Quantum => Granularity::Function,
            CheckUnit::Block => Granularity::Block,
            CheckUnit::Instruction => Granularity::Instruction,
        };
        let config = JitConfig { granularity, ..config };
        let mut interpreter = Interpreter::new(Arc::clone(&mirror), config.engine);
        interpreter.log_stores();
        Ok(Self {
            jit: Jit::new(Arc::clone(&memory), config)?,
            interpreter,
            memory,
            mirror,
            unit,
            queue: DeviceQueue::new(),
            last: PpcContext::default(),
            visits: 0,
            units: 0,
            instructions: 0,
            comparison: None,
            memory_comparisons: 0,
            next_comparison: MEMORY_INTERVAL,
            stored_bytes: 0,
            divergence: None,
        })
    }

    /// The compiling engine, for adding function bounds.
    pub fn jit(&self) -> &Jit {
        &self.jit
    }

    /// Compares all of memory now, and reports a difference as one of the last unit.
    pub fn compare_memory(&mut self, ctx: &PpcContext) {
        if self.divergence.is_some() {
            return;
        }
        self.memory_comparisons += 1;
        let comparison = self
            .comparison
            .get_or_insert_with(|| Comparison::new(Arc::clone(&self.memory), Arc::clone(&self.mirror)));
        if let Some(addr) = comparison.first_difference() {
            let what = format!("memory differs at {:#010x}, seen after visit {}\n", addr.0, self.visits);
            let what = what + &self.both_at(addr);
            self.report(ctx, ctx, ctx, &what);
        }
    }

    /// The 16 bytes around `addr` in both memories.
    fn both_at(&self, addr: GuestAddr) -> String {
        let from = GuestAddr(addr.0 & !15);
        let value = |memory: &GuestMemory| {
            let mut bytes = [0; 16];
            let read = memory.read_bytes(from, &mut bytes);
            format!("{from:?}: {bytes:02x?} ({read:?})")
        };
        format!("  jit         {}\n  interpreter {}\n", value(&self.memory), value(&self.mirror))
    }

    /// The first byte stored by the interpreter's last run that differs in the other memory.
    fn first_wrong_store(&mut self) -> Option<GuestAddr> {
        let memory = &self.memory;
        let mirror = &self.mirror;
        for stored in self.interpreter.stores() {
            self.stored_bytes += u64::from(stored.size);
            let mut a = [0; 16];
            let mut b = [0; 16];
            let size = (stored.size as usize).min(a.len());
            // Addresses that can't be read (devices, a range that wraps at the top) fail in both
            // memories; stores there are compared elsewhere.
            let _ = memory.read_bytes(stored.addr, &mut a[..size]);
            let _ = mirror.read_bytes(stored.addr, &mut b[..size]);
            if let Some(offset) = a.iter().zip(&b).position(|(a, b)| a != b) {
                return Some(stored.addr.offset(offset as u32));
            }
        }
        None
    }

    /// Copies device registers that the devices have changed to the mirror.
    fn copy_device_registers(&self) {
        for device in MmioDevice::ALL {
            let from = self.memory.device_registers(device);
            let to = self.mirror.device_registers(device);
            for index in 0..REGISTERS as u32 {
                to.store(index, from.load(index));
            }
        }
    }

    fn report(&mut self, before: &PpcContext, jit: &PpcContext, interpreter: &PpcContext, what: &str) {
        let mut text = format!("cross-check: {what}");
        let pc = before.pc;
        let _ = writeln!(
            text,
            "unit started at {pc:#010x}, budget {}, thread {}",
            before.budget, before.thread_id
        );
        let length = block_length(pc, &mut |pc| self.memory.fetch_u32(pc).ok()).min(64);
        for n in 0..length {
            let at = pc.wrapping_add(4 * n);
            if let Ok(word) = self.memory.fetch_u32(at) {
                let instruction = disassemble(word, at, Syntax::default());
                let _ = writeln!(text, "  {at:08x}: {word:08x}  {instruction}");
            }
        }
        for (who, ctx) in [("before", before), ("jit", jit), ("interpreter", interpreter)] {
            let _ = writeln!(text, "{who}:");
            let _ = writeln!(
                text,
                "  pc {:08x} lr {:x} ctr {:x} cr {:08x} xer {:08x} fpscr {:08x} vscr {:08x} budget {}",
                ctx.pc,
                ctx.lr,
                ctx.ctr,
                ctx.cr_word(),
                ctx.xer_word(),
                ctx.fpscr,
                ctx.vscr,
                ctx.budget
            );
            for (n, (gpr, fpr)) in ctx.gpr.iter().zip(&ctx.fpr).enumerate() {
                let _ =
                    writeln!(text, "  r{n:<2} {gpr:016x}  f{n:<2} {fpr:016x}  v{n:<2} {:032x}", ctx.vr[n]);
            }
        }
        match self.jit.dump_for(before) {
            Ok(Some(dump)) => {
                let _ = writeln!(text, "CLIF:\n{}\nhost:\n{}", dump.clif, dump.host);
            }
            Ok(None) => {}
            Err(error) => {
                let _ = writeln!(text, "no CLIF: {error}");
            }
        }
        self.divergence.get_or_insert(text);
    }

    /// Runs one unit of at most `budget` instructions on both engines.
    fn unit(&mut self, ctx: &mut PpcContext, devices: &mut DeviceQueue, budget: i64) -> Exit {
        let rest = ctx.budget - budget;
        ctx.with_budget_held(rest, |ctx| self.run_both(ctx, devices))
    }

    /// Runs both engines to the end of the budget, and compares them.
    fn run_both(&mut self, ctx: &mut PpcContext, devices: &mut DeviceQueue) -> Exit {
        let before = ctx.clone();
        let mut other = ctx.clone();
        let expected = self.interpreter.run(&mut other, &mut self.queue);
        let exit = self.jit.run(ctx, devices);
        self.units += 1;
        self.instructions += (before.budget - ctx.budget) as u64;
        let mut what = String::new();
        if let Some(RegisterDifference { name, own, other }) = ctx.first_difference(&other) {
            let _ = writeln!(what, "{name}: jit {own:#x}, interpreter {other:#x}");
        }
        if exit != expected {
            let _ = writeln!(what, "exit: jit {exit:?}, interpreter {expected:?}");
        }
        if ctx.budget != other.budget {
            let _ = writeln!(what, "budget: jit {}, interpreter {}", ctx.budget, other.budget);
        }
        if let Some(addr) = self.first_wrong_store() {
            let _ = writeln!(what, "stored bytes differ at {:#010x}\n{}", addr.0, self.both_at(addr));
        }
        // Not the generation: each memory counts its own.
        let place = |c: &PpcContext| (c.reservation.valid, c.reservation.addr, c.reservation.value);
        if place(ctx) != place(&other) {
            let _ =
                writeln!(what, "reservation: jit {:?}, interpreter {:?}", ctx.reservation, other.reservation);
        }
        if devices.stores() != self.queue.stores() {
            let _ = writeln!(
                what,
                "device stores: jit {:?}, interpreter {:?}",
                devices.stores().last(),
                self.queue.stores().last()
            );
        }
        if !what.is_empty() {
            self.report(&before, ctx, &other, &what);
        }
        exit
    }
}

impl Execute for CrossCheck {
    fn run(&mut self, ctx: &mut PpcContext, devices: &mut DeviceQueue) -> Exit {
        self.visits += 1;
        self.copy_device_registers();
        // The caller has taken the stores of earlier visits.
        if devices.is_empty() {
            self.queue.clear();
        }
        let exit = loop {
            if ctx.budget <= 0 {
                break Exit::Budget;
            }
            let length = match self.unit {
                CheckUnit::Quantum => ctx.budget,
                CheckUnit::Block => i64::from(block_length(ctx.pc, &mut |pc| self.memory.fetch_u32(pc).ok())),
                CheckUnit::Instruction => 1,
            };
            let budget = length.min(ctx.budget);
            let exit = self.unit(ctx, devices, budget);
            if exit != Exit::Budget || self.divergence.is_some() {
                break exit;
            }
        };
        self.last = ctx.clone();
        if self.instructions >= self.next_comparison {
            self.next_comparison = self.instructions + MEMORY_INTERVAL;
            self.compare_memory(ctx);
        }
        exit
    }

    fn finish(&mut self) {
        let ctx = self.last.clone();
        self.compare_memory(&ctx);
    }

    fn name(&self) -> &'static str {
        "cross-check"
    }

    fn counters(&self) -> EngineCounters {
        EngineCounters {
            cross_check: CrossCheckCounters {
                units: self.units,
                instructions: self.instructions,
                differences: u64::from(self.divergence.is_some()),
                stored_bytes: self.stored_bytes,
                memory_comparisons: self.memory_comparisons,
            },
            ..self.jit.counters()
        }
    }

    fn divergence(&self) -> Option<String> {
        self.divergence.clone()
    }
}
