//! Guest instructions to Cranelift IR, one basic block at a time.
//!
//! Guest registers live in the context. Inside a block they are values: loaded at first use, stored
//! before anything that may leave or look (`Lifter::flush`) but loads ([`redo`]), and where the
//! next block is reached from elsewhere too. A block that one edge alone leads to goes on with all
//! that is known, stored or not ([`State`]); innermost loops carry registers as values from turn to
//! turn beside the context (`carried`, and [`copies`] of the others); other blocks get copies of
//! what they read ([`passed`]). So every other block may be an entry; of floating point, [`flow`]
//! says what it takes for granted.
//!
//! # How an arm is written
//! [`Lifter`] implements the family traits of `xenia-isa`, one file per family, from the
//! architecture books. An arm reads registers with `gpr`, `fpr`… and writes them with `set_gpr`…;
//! memory through `host_address` and `load_guest`/`store_guest`, **before** it changes any
//! register, so that a fault finds the state before the instruction. Every row has an arm; what
//! raises an exception says so with `raise`, and the interpreter runs it then. Compiled code takes
//! its [`Mode`] for granted.

mod access;
mod branch;
mod cache;
#[cfg(test)]
mod calls;
mod carried;
mod condition;
mod constants;
mod copies;
mod counted;
mod entries;
mod exits;
mod float;
mod float_checks;
mod float_convert;
mod float_estimates;
mod float_registers;
mod float_status;
mod flow;
mod integer;
mod load_store;
mod logical;
mod overflow;
mod passed;
mod place;
mod redo;
mod reservations;
mod rotate;
mod singles;
mod state;
mod strings;
mod system;
mod vector;
mod vector128;
mod word_pairs;

use crate::fault_exit::LEAVES;
use crate::host::{Leave, displacement};
use crate::loops;
use crate::mode::Mode;
use crate::region::{Guest, Region, Replaced};
use carried::Carrying;
use cranelift_codegen::ir::{self, AbiParam, InstBuilder, MemFlagsData, SigRef, Signature, types};
use cranelift_codegen::isa::CallConv;
use cranelift_frontend::FunctionBuilder;
use entries::Switch;
pub(crate) use float_checks::SINGLE_RESULT;
use flow::Granted;
use passed::{CALLED_WITH, Passed, RETURNED};
use serde::{Deserialize, Serialize};
use state::{FloatMode, State};
use std::collections::{BTreeSet, HashMap};
use std::mem::offset_of;
use std::ops::{Deref, DerefMut};
use xenia_cpu::{PpcContext, ReservationMode};
use xenia_isa::{Semantics, dispatch};

/// What the lifter needs to know about its machine and its orders.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LiftConfig {
    /// The mode that the code runs in.
    pub(crate) mode: Mode,
    /// Registers are exact when an access faults: dirty ones are stored before each store to
    /// memory, and a load that faults is done again.
    pub(crate) precise_faults: bool,
    /// Where guest memory lies, if accesses may name the place themselves; else it's in
    /// [`crate::host::Word::Memory`].
    pub(crate) memory_at: Option<i32>,
    /// Loops store their registers where they are left, and in cold blocks when an access faults.
    pub(crate) sinks: bool,
    /// Whether the host has fused multiply-add.
    pub(crate) has_fma: bool,
    /// Whether the host is x86-64, whose own shuffle of bytes is quicker than what stands for it in
    /// general.
    pub(crate) has_pshufb: bool,
    /// How reservations are kept. In the context alone, they are compiled inline.
    pub(crate) reservations: ReservationMode,
    /// A test's deliberately wrong arm: `addi` adds one more.
    pub(crate) wrong_addi: bool,
}

/// A guest instruction that may fault, by the number in its source location.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Site {
    pub(crate) pc: u32,
    /// Instructions that the budget in the context counts and that had not completed, itself
    /// included; negative where more had.
    pub(crate) remaining: i32,
    /// Bit n: the context holds FPR n as a single's bits when it faults.
    pub(crate) singles: u32,
    /// Bit n: that is so if [`crate::host::Word::Shorts`] names FPR n.
    pub(crate) open: u32,
    /// The instruction for which the context is exact when this one faults, if not for itself.
    pub(crate) from: u32,
    /// How many instructions before this one that is.
    pub(crate) again: u32,
}

/// What lifting gives beside the function.
#[derive(Debug)]
pub(crate) struct Lifted {
    /// By the numbers in source locations.
    pub(crate) sites: Vec<Site>,
    /// Whether the region calls others.
    pub(crate) calls: bool,
}

/// The signature of regions: `(budget, pc, registers) -> (budget, pc | reason << 32, registers)`.
/// In place of pc the region's function gets `-number` for entries that are not its first.
pub(crate) fn region_signature() -> Signature {
    signature(2 + CALLED_WITH.len())
}

/// Of what returns as regions do, with so many parameters.
fn signature(params: usize) -> Signature {
    let mut signature = Signature::new(CallConv::Tail);
    signature.params.extend((0..params).map(|_| AbiParam::new(types::I64)));
    signature.returns.extend([AbiParam::new(types::I64); 2 + RETURNED.len()]);
    signature
}

struct Signatures {
    region: SigRef,
    /// Of the way into a region without registers, and of the way out.
    other: SigRef,
    /// Of hooks, by the number of words that they take beside the context.
    hooks: [SigRef; 5],
    /// Of hooks that preserve all registers.
    cold_hooks: [SigRef; 5],
}

impl Deref for Lifter<'_> {
    type Target = State;

    fn deref(&self) -> &State {
        &self.state
    }
}

impl DerefMut for Lifter<'_> {
    fn deref_mut(&mut self) -> &mut State {
        &mut self.state
    }
}

/// Lifts the blocks of one region into one function.
pub(crate) struct Lifter<'a> {
    b: FunctionBuilder<'a>,
    region: &'a Region,
    config: LiftConfig,
    signatures: Signatures,
    blocks: HashMap<u32, ir::Block>,
    carrying: Carrying,
    /// What is passed to a block after the budget.
    passed: HashMap<u32, Vec<Passed>>,
    /// What each block takes for granted, if anything.
    granted: HashMap<u32, Granted>,
    exit: ir::Block,
    /// Where indirect branches stay in the region.
    switch: Switch,
    sites: Vec<Site>,
    /// How many of the region's own instructions there are so far.
    lifted: usize,
    calls: bool,

    /// Blocks that one edge alone leads to.
    inheriting: BTreeSet<u32>,
    /// What they inherit from the block before.
    inherited: HashMap<u32, State>,

    // Of the block being lifted:
    state: State,
    guest: Guest,
    remaining: u32,
    terminated: bool,
}

impl Semantics for Lifter<'_> {
    type Output = ();
}

/// Flags of accesses to the context and the engine's tables.
const HOST: MemFlagsData = MemFlagsData::trusted();
/// Flags of guest accesses: they may fault and have any alignment.
const GUEST: MemFlagsData = MemFlagsData::new();
/// The same where [`crate::fault_exit`] says how a fault leaves.
const LEAVING: MemFlagsData = MemFlagsData::new().with_trap_code(Some(LEAVES));
/// Where code belongs that is run when an access has faulted: to no instruction.
const AFTER_FAULT: u32 = u32::MAX - 1;

const BUDGET: i32 = displacement(offset_of!(PpcContext, budget));
const PC: i32 = displacement(offset_of!(PpcContext, pc));

/// Instructions of the intermediate form that one region may become, about. Compiling takes longer
/// than in proportion to them where many are entries: this many take 40 to 120 ms, half as many
/// again up to 320 ms. Titles' functions have nine for each guest instruction, so what is cut are
/// the few of more than three thousand.
pub(crate) const MOST_IR: usize = 32_000;

/// How many of a region's `instructions` become three quarters of [`MOST_IR`], if the first
/// `lifted` became `so_far` with what is before all of them, which has `entered` and is mostly for
/// the entries.
fn fitting(instructions: usize, lifted: usize, entered: usize, so_far: usize) -> usize {
    let each = entered * lifted + (so_far - entered) * instructions;
    MOST_IR * 3 / 4 * instructions * lifted / each.max(1)
}

fn reason(leave: Leave, pc: u32) -> i64 {
    i64::from(leave as u32) << 32 | i64::from(pc)
}

impl<'a> Lifter<'a> {
    /// Starts a function for `region`.
    pub(crate) fn new(mut b: FunctionBuilder<'a>, region: &'a Region, config: LiftConfig) -> Self {
        let region_sig = b.import_signature(region_signature());
        let other_sig = b.import_signature(signature(2));
        let mut hook = |arguments: usize, convention, results| {
            let mut signature = Signature::new(convention);
            signature.params.extend((0..=arguments).map(|_| AbiParam::new(types::I64)));
            signature.returns.extend((0..results).map(|_| AbiParam::new(types::I64)));
            b.import_signature(signature)
        };
        let hooks = std::array::from_fn(|arguments| hook(arguments, CallConv::SystemV, 1));
        let cold_hooks = std::array::from_fn(|arguments| hook(arguments, CallConv::PreserveAll, 0));
        let entry = b.create_block();
        b.append_block_params_for_function_params(entry);
        let exit = b.create_block();
        b.append_block_param(exit, types::I64);
        b.append_block_param(exit, types::I64);
        b.set_cold_block(exit);
        let mut blocks = HashMap::new();
        let inheriting = region.reached_by_one_edge();
        let keeps_memory = config.memory_at.is_none();
        let carrying = Carrying::new(&loops::find(&region.blocks, keeps_memory), config.sinks, &mut b);
        let granted = flow::granted(region, &inheriting, config.has_fma, !config.mode.controlled);
        let passed = passed::find(region, &inheriting, keeps_memory, |pc| carrying.has(pc), &granted);
        for &pc in region.blocks.keys() {
            let block = b.create_block();
            if !inheriting.contains(&pc) {
                b.append_block_param(block, types::I64);
                for passed in passed.get(&pc).into_iter().flatten() {
                    b.append_block_param(block, passed.ty());
                }
            }
            blocks.insert(pc, block);
        }
        b.switch_to_block(entry);
        let budget = b.block_params(entry)[0];
        let guest = region.blocks[&region.entries[0]].code[0];
        Self {
            b,
            region,
            config,
            signatures: Signatures { region: region_sig, other: other_sig, hooks, cold_hooks },
            blocks,
            carrying,
            passed,
            granted,
            exit,
            switch: Switch::default(),
            sites: Vec::new(),
            lifted: 0,
            calls: false,
            inheriting,
            inherited: HashMap::new(),
            state: State::new(budget),
            guest,
            remaining: 0,
            terminated: false,
        }
    }

    /// Lifts everything. `Err` is how many of its instructions are not too long together
    /// ([`MOST_IR`]), about.
    pub(crate) fn lift(mut self) -> Result<Lifted, usize> {
        self.prologue();
        let entered = self.length();
        let region = self.region;
        let first = region.blocks.keys().rev().copied();
        let mut work: Vec<u32> = first.filter(|pc| !self.inherits(*pc)).collect();
        while let Some(pc) = work.pop() {
            self.block(pc, entered)?;
            let after = region.blocks[&pc].successors.iter().rev();
            work.extend(after.filter(|to| self.inherited.contains_key(to)));
        }
        self.fill_gates();
        self.fill_exit();
        self.b.seal_all_blocks();
        let frontend = cranelift_codegen::isa::TargetFrontendConfig {
            default_call_conv: CallConv::SystemV,
            pointer_width: target_lexicon::PointerWidth::U64,
            page_size_align_log2: 12,
        };
        self.b.finalize(frontend);
        Ok(Lifted { sites: self.sites, calls: self.calls })
    }

    /// Lifts the block at `pc`.
    fn block(&mut self, pc: u32, entered: usize) -> Result<(), usize> {
        let region = self.region;
        let block = &region.blocks[&pc];
        let ir_block = self.blocks[&pc];
        self.b.switch_to_block(ir_block);
        self.carrying.begin(pc);
        // The first instruction's.
        self.b.set_srcloc(ir::SourceLoc::new(self.sites.len() as u32));
        if let Some(state) = self.inherited.remove(&pc) {
            self.state = state;
        } else {
            let budget = self.b.block_params(ir_block)[0];
            self.state = State::new(budget);
            let granted = self.granted_at(pc);
            for (place, passed) in self.passed_to(pc).into_iter().enumerate() {
                let value = self.b.block_params(ir_block)[1 + place];
                self.take_passed(passed, value);
            }
            self.mode = granted.mode;
            self.cache.floats.begin(granted);
            self.begin_copies(granted);
        }
        if block.is_loop {
            // Keeps loads of memory that other threads write inside the loop.
            self.b.ins().sequence_point();
        }
        if block.check {
            self.check_budget(block);
        }
        self.spent += block.len();
        self.terminated = false;
        for (index, &guest) in block.code.iter().enumerate() {
            self.guest = guest;
            self.remaining = block.len() - index as u32;
            let stored = self.spent_as_stored.unwrap_or(self.spent);
            // Those of blocks after the one that stored the budget have completed beyond it.
            let remaining = i64::from(stored) - i64::from(self.spent) + i64::from(self.remaining);
            self.b.set_srcloc(ir::SourceLoc::new(self.sites.len() as u32));
            let (pc, remaining) = (guest.pc, remaining as i32);
            self.sites.push(Site { pc, remaining, singles: 0, open: 0, from: pc, again: 0 });
            self.begin_instruction();
            match (block.replaced(index), guest.op) {
                (Some(Replaced::Call), _) => self.set_link(),
                (Some(Replaced::Jump | Replaced::Return), _) => {}
                (None, Some(op)) => dispatch(self, op, guest.instruction),
                (None, None) => self.raise(),
            }
            self.end_instruction();
            self.lifted += usize::from(index < block.own().len());
            let so_far = self.length();
            if so_far > MOST_IR {
                return Err(fitting(region.instructions, self.lifted, entered, so_far));
            }
            if self.terminated {
                return Ok(());
            }
        }
        self.goto(block.end());
        Ok(())
    }

    /// Whether the block at `pc` goes on with what is known at the end of the only one that leads
    /// to it.
    fn inherits(&self, pc: u32) -> bool {
        self.inheriting.contains(&pc)
    }

    /// Instructions of the intermediate form so far.
    fn length(&self) -> usize {
        self.b.func.dfg.num_insts()
    }
}
