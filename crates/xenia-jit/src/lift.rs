//! Guest instructions to Cranelift IR, one basic block at a time.
//!
//! Guest registers live in the context. Inside a block they are values: loaded at first use, stored before anything that
//! may leave or look (`Lifter::flush`), and where the next block is reached from elsewhere too. A block that one edge alone leads
//! to goes on with all that is known, stored or not ([`State`]); innermost loops carry registers as values from turn to turn
//! beside the context (`carried`). So every other block may be an entry; of floating point, [`flow`] says what it takes for granted.
//!
//! # How an arm is written
//! [`Lifter`] implements the family traits of `xenia-isa`, one file per family, from the architecture
//! books. An arm reads registers with `gpr`, `fpr`… and writes them with `set_gpr`…; memory through
//! `host_address` and `load_guest`/`store_guest`, **before** it changes any register, so that a fault finds the
//! state before the instruction. Every row has an arm; what raises an exception says so with `raise`, and the
//! interpreter runs it then. Compiled code takes its [`Mode`] for granted.

mod access;
mod branch;
mod cache;
#[cfg(test)]
mod calls;
mod carried;
mod condition;
mod exits;
mod float;
mod float_checks;
mod float_registers;
mod float_status;
mod flow;
mod integer;
mod load_store;
mod logical;
mod reservations;
mod rotate;
mod singles;
mod strings;
mod system;
mod vector;
mod vector128;

use crate::host::{Leave, WORDS, Word};
use crate::loops;
use crate::mode::Mode;
use crate::region::{Block, Guest, Region};
use cache::{Cache, Cr};
use carried::Carrying;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    self, AbiParam, BlockArg, InstBuilder, MemFlagsData, SigRef, Signature, Value, types,
};
use cranelift_codegen::isa::CallConv;
use cranelift_frontend::FunctionBuilder;
pub(crate) use float_checks::SINGLE_RESULT;
use flow::Granted;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::mem::offset_of;
use std::ops::{Deref, DerefMut};
use xenia_cpu::{PpcContext, ReservationMode};
use xenia_isa::{Semantics, dispatch};

/// What the lifter needs to know about its machine and its orders.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LiftConfig {
    /// The mode that the code runs in.
    pub(crate) mode: Mode,
    /// Registers are exact when an access faults: dirty ones are stored before each access.
    pub(crate) precise_faults: bool,
    /// Whether the host has fused multiply-add.
    pub(crate) has_fma: bool,
    /// How reservations are kept. In the context alone, they are compiled inline.
    pub(crate) reservations: ReservationMode,
    /// A test's deliberately wrong arm: `addi` adds one more.
    pub(crate) wrong_addi: bool,
}

/// A guest instruction that may fault, by the number in its source location.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Site {
    pub(crate) pc: u32,
    /// Instructions that the budget in the context counts and that had not completed, itself included; negative where
    /// more had.
    pub(crate) remaining: i32,
    /// Bit n: the context holds FPR n as a single's bits when it faults.
    pub(crate) singles: u32,
}

/// The signature of regions: `(budget, pc[, entry]) -> (budget, pc | reason << 32)`.
pub(crate) fn region_signature(with_entry: bool) -> Signature {
    let mut signature = Signature::new(CallConv::Tail);
    let params = if with_entry { 3 } else { 2 };
    signature.params.extend((0..params).map(|_| AbiParam::new(types::I64)));
    signature.returns.extend([AbiParam::new(types::I64); 2]);
    signature
}

struct Signatures {
    region: SigRef,
    /// Of hooks, by the number of words that they take beside the context.
    hooks: [SigRef; 5],
    /// Of hooks that preserve all registers.
    cold_hooks: [SigRef; 5],
}

/// What MXCSR is set for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FloatMode {
    Scalar,
    Vector,
}

/// What is known at a place of the code. It goes on from a block to one that is reached from there alone.
#[derive(Clone, Debug)]
pub(crate) struct State {
    ctx: Value,
    /// What was left of the budget `spent` instructions before the block's end.
    budget: Value,
    /// Instructions since then, the block's own included.
    spent: u32,
    /// `spent` when the budget was stored, if it was since then.
    spent_as_stored: Option<u32>,
    /// MXCSR's mode, once it is known.
    mode: Option<FloatMode>,
    cache: Cache,
    words: [Option<Value>; WORDS],
}

impl State {
    /// Nothing is known but the budget.
    fn new(ctx: Value, budget: Value) -> Self {
        Self {
            ctx,
            budget,
            spent: 0,
            spent_as_stored: None,
            mode: None,
            cache: Cache::default(),
            words: [None; WORDS],
        }
    }
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
    slot_of: &'a mut dyn FnMut(u32) -> u32,
    signatures: Signatures,
    blocks: HashMap<u32, ir::Block>,
    budget_exits: BTreeMap<u32, ir::Block>,
    carrying: Carrying,
    /// What each block takes for granted, if anything.
    granted: HashMap<u32, Granted>,
    exit: ir::Block,
    pub(crate) sites: Vec<Site>,

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

const BUDGET: i32 = offset_of!(PpcContext, budget) as i32;
const PC: i32 = offset_of!(PpcContext, pc) as i32;

/// Instructions of the intermediate form that one region may become, about. Compiling takes longer than in proportion to
/// them where many are entries: this many take 40 to 120 ms, half as many again up to 320 ms. Titles' functions have
/// nine for each guest instruction, so what is cut are the few of more than three thousand.
pub(crate) const MOST_IR: usize = 32_000;

/// What each budget exit becomes in the end.
const EXIT_IR: usize = 2;

/// How many of a region's `instructions` become three quarters of [`MOST_IR`], if the first `lifted` became `so_far` with
/// what is before all of them, which has `entered` and is mostly for the entries.
fn fitting(instructions: usize, lifted: usize, entered: usize, so_far: usize) -> usize {
    let each = entered * lifted + (so_far - entered) * instructions;
    MOST_IR * 3 / 4 * instructions * lifted / each.max(1)
}

/// Blocks of `region` that are reached by one edge alone, and not from outside.
fn inheriting(region: &Region) -> BTreeSet<u32> {
    let mut edges: HashMap<u32, u32> = HashMap::new();
    for &to in region.blocks.values().flat_map(|block| &block.successors) {
        *edges.entry(to).or_default() += 1;
    }
    let alone =
        |(pc, block): &(&u32, &Block)| edges.get(*pc) == Some(&1) && block.entry.is_none() && !block.is_loop;
    region.blocks.iter().filter(alone).map(|(&pc, _)| pc).collect()
}

fn reason(leave: Leave, pc: u32) -> i64 {
    i64::from(leave as u32) << 32 | i64::from(pc)
}

impl<'a> Lifter<'a> {
    /// Starts a function for `region`. `slot_of` gives the link slot for a target.
    pub(crate) fn new(
        mut b: FunctionBuilder<'a>,
        region: &'a Region,
        config: LiftConfig,
        slot_of: &'a mut dyn FnMut(u32) -> u32,
    ) -> Self {
        let region_sig = b.import_signature(region_signature(false));
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
        let inheriting = inheriting(region);
        for &pc in region.blocks.keys() {
            let block = b.create_block();
            if !inheriting.contains(&pc) {
                b.append_block_param(block, types::I64);
            }
            blocks.insert(pc, block);
        }
        let carrying = Carrying::new(&loops::find(&region.blocks), &mut b);
        b.switch_to_block(entry);
        let ctx = b.ins().get_pinned_reg(types::I64);
        let budget = b.block_params(entry)[0];
        let guest = region.blocks[&region.entries[0]].code[0];
        Self {
            b,
            region,
            config,
            slot_of,
            signatures: Signatures { region: region_sig, hooks, cold_hooks },
            blocks,
            budget_exits: BTreeMap::new(),
            carrying,
            granted: flow::granted(region, config.has_fma, !config.mode.controlled),
            exit,
            sites: Vec::new(),
            inheriting,
            inherited: HashMap::new(),
            state: State::new(ctx, budget),
            guest,
            remaining: 0,
            terminated: false,
        }
    }

    /// Lifts everything. `pages` are the pages that the region was read from, with their versions. `Err` is how
    /// many of its instructions are not too long together ([`MOST_IR`]), about.
    pub(crate) fn lift(mut self, pages: &[(u32, u32)]) -> Result<Vec<Site>, usize> {
        self.prologue(pages);
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
        self.fill_exits();
        self.b.seal_all_blocks();
        let frontend = cranelift_codegen::isa::TargetFrontendConfig {
            default_call_conv: CallConv::SystemV,
            pointer_width: target_lexicon::PointerWidth::U64,
            page_size_align_log2: 12,
        };
        self.b.finalize(frontend);
        Ok(self.sites)
    }

    /// Lifts the block at `pc`.
    fn block(&mut self, pc: u32, entered: usize) -> Result<(), usize> {
        let region = self.region;
        let block = &region.blocks[&pc];
        let ir_block = self.blocks[&pc];
        self.b.switch_to_block(ir_block);
        self.carrying.begin(pc);
        if let Some(state) = self.inherited.remove(&pc) {
            self.state = state;
        } else {
            let ctx = self.b.ins().get_pinned_reg(types::I64);
            let budget = self.b.block_params(ir_block)[0];
            self.state = State::new(ctx, budget);
            let granted = self.granted_at(pc);
            self.mode = granted.mode;
            self.cache.floats.begin(granted.short);
        }
        if block.is_loop {
            // Keeps loads of memory that other threads write inside the loop.
            self.b.ins().sequence_point();
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
            self.sites.push(Site { pc: guest.pc, remaining: remaining as i32, singles: 0 });
            match guest.op {
                Some(op) => dispatch(self, op, guest.instruction),
                None => self.raise(),
            }
            let so_far = self.length();
            if so_far > MOST_IR {
                return Err(fitting(region.instructions, self.sites.len(), entered, so_far));
            }
            if self.terminated {
                return Ok(());
            }
        }
        self.goto(block.end());
        Ok(())
    }

    /// Whether the block at `pc` goes on with what is known at the end of the only one that leads to it.
    fn inherits(&self, pc: u32) -> bool {
        self.inheriting.contains(&pc)
    }

    /// Instructions of the intermediate form so far, and those of the exits that are filled in the end.
    fn length(&self) -> usize {
        self.b.func.dfg.num_insts() + EXIT_IR * self.budget_exits.len()
    }

    /// Checks the pages' versions, then goes to the entry whose number came along.
    fn prologue(&mut self, pages: &[(u32, u32)]) {
        let Some(entry) = self.b.current_block() else { return };
        let [budget, pc, number] =
            <[Value; 3]>::try_from(self.b.block_params(entry)).unwrap_or([self.budget; 3]);
        let stale = self.b.create_block();
        self.b.set_cold_block(stale);
        let versions = self.word(Word::Versions);
        for &(page, version) in pages {
            let address = self.b.ins().iadd_imm_s(versions, i64::from(page) * 4);
            let now = self.b.ins().atomic_load(types::I32, HOST, address);
            let moved = self.b.ins().icmp_imm_s(IntCC::NotEqual, now, i64::from(version as i32));
            let next = self.b.create_block();
            self.b.ins().brif(moved, stale, &[], next, &[]);
            self.b.switch_to_block(next);
        }
        let pads: Vec<ir::Block> = self.region.entries.iter().map(|_| self.b.create_block()).collect();
        if pads.len() == 1 {
            self.b.ins().jump(pads[0], &[]);
        } else {
            let others = self.b.create_block();
            self.b.ins().brif(number, others, &[], pads[0], &[]);
            self.b.switch_to_block(others);
            let mut calls = Vec::new();
            for &pad in &pads {
                calls.push(self.b.func.dfg.block_call(pad, &[]));
            }
            let default = calls[0];
            let table = self.b.create_jump_table(ir::JumpTableData::new(default, &calls));
            let index = self.b.ins().ireduce(types::I32, number);
            self.b.ins().br_table(index, table);
        }
        self.b.switch_to_block(stale);
        let why = self.b.ins().iconst(types::I64, reason(Leave::Stale, 0));
        let result = self.b.ins().bor(why, pc);
        let exit = self.exit;
        self.b.ins().jump(exit, &[BlockArg::Value(budget), BlockArg::Value(result)]);
        let entries = self.region.entries.clone();
        for (&pad, &pc) in pads.iter().zip(&entries) {
            self.b.switch_to_block(pad);
            let ctx = self.ctx;
            self.state = State::new(ctx, budget);
            self.goto_inside(pc);
        }
    }
}

/// Small things that many arms need.
impl Lifter<'_> {
    pub(crate) fn const64(&mut self, value: u64) -> Value {
        self.b.ins().iconst(types::I64, value as i64)
    }

    pub(crate) fn const32(&mut self, value: u32) -> Value {
        self.b.ins().iconst(types::I32, i64::from(value as i32))
    }

    /// The part of a value that computation mode looks at: its low word, or all of it.
    pub(crate) fn counted(&mut self, value: Value) -> Value {
        if self.config.mode.wide { value } else { self.b.ins().ireduce(types::I32, value) }
    }

    /// A constant of the type that [`Self::counted`] gives, sign-extended.
    pub(crate) fn counted_const(&mut self, value: i64) -> Value {
        if self.config.mode.wide { self.const64(value as u64) } else { self.const32(value as u32) }
    }

    /// Records to CR0: `result` compared with 0, as far as computation mode looks at it.
    pub(crate) fn record(&mut self, result: Value) {
        let result = self.counted(result);
        let zero = self.counted_const(0);
        self.set_cr(0, Cr::Compare { a: result, b: zero, signed: true });
    }

    /// As [`Self::record`], for a result that is this word zero-extended.
    pub(crate) fn record32(&mut self, low: Value) {
        if self.config.mode.wide {
            let result = self.b.ins().uextend(types::I64, low);
            self.record(result);
        } else {
            let zero = self.const32(0);
            self.set_cr(0, Cr::Compare { a: low, b: zero, signed: true });
        }
    }
}
