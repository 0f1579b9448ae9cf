//! Lifter: translates the guest instructions of a [`Region`] into one Cranelift IR function, block
//! by block.
//!
//! Guest registers live in the context ([`PpcContext`](xenia_cpu::PpcContext)) between blocks and
//! in SSA values inside a block: each is loaded at first use and written back lazily. Dirty values
//! are stored (`Lifter::flush`) before the code leaves the region or calls a hook that reads the
//! context, before stores to guest memory (for loads see [`restart`]), and before a jump to a block
//! with several predecessors ([`exits`] lists all ways out of a block). Three mechanisms keep
//! values across block boundaries:
//!
//! * Extended basic blocks: a block with one predecessor edge (`is_ebb_member`) starts with the
//!   complete [`State`] at the end of its predecessor, dirty values included.
//! * Loop-carried registers: innermost loops keep registers in SSA values across iterations
//!   (`loop_carried`), and copies of floating-point and vector registers, and of VSCR
//!   ([`copies`]).
//! * Block parameters: other blocks with several predecessors receive the registers that they read
//!   ([`crate::analysis::block_params`]).
//!
//! Invariant: at each block without an inherited state the context is current, so the block can be
//! an entry. The exceptions, assumptions about floating point, are those of
//! [`crate::analysis::assumptions`].
//!
//! # How to write the lifting of an instruction
//! [`Lifter`] implements the family traits of `xenia-isa`, one file per family, after the
//! architecture books. Each row of the instruction table has an arm. An arm reads registers with
//! `gpr`, `fpr`… and writes them with `set_gpr`…. It accesses memory through `host_address` and
//! `load_guest`/`store_guest` **before** it changes a register, so that a fault sees the state
//! before the instruction. An instruction that raises an exception calls `raise`, which leaves the
//! instruction to the interpreter. The [`Mode`] is a constant of compiled code.

mod access;
mod branch;
mod cache;
mod computation_mode;
mod condition;
mod constants;
mod copies;
mod divide;
mod entries;
mod exits;
mod float;
mod float_checks;
mod float_convert;
mod float_estimates;
mod float_registers;
mod float_status;
pub(crate) mod function_tier;
mod guards;
mod integer;
mod load_store;
mod logical;
mod loop_carried;
mod overflow;
mod params;
mod place;
mod pressure;
mod reservations;
mod restart;
mod rotate;
mod singles;
#[cfg(test)]
mod slow_paths;
mod state;
mod strings;
mod system;
#[cfg(test)]
mod testing;
mod vector;
mod vector128;
mod word_pairs;

use crate::analysis;
use crate::analysis::assumptions::{self, Assumptions, FloatMode, SingleArithmetic};
use crate::analysis::block_params::{self, BlockParam, CALLED_WITH, RETURNED};
use crate::cfg::graph::{BlockId, FlowGraph};
use crate::cfg::region::{Block, Guest, Region, Replaced};
use crate::fault_exit::LEAVES;
use crate::host::Leave;
use crate::mode::Mode;
use cranelift_codegen::ir::{self, AbiParam, InstBuilder, MemFlagsData, SigRef, Signature, types};
use cranelift_codegen::isa::CallConv;
use cranelift_frontend::FunctionBuilder;
use entries::Switch;
pub use float_checks::SINGLE_RESULT;
use loop_carried::LoopCarried;
use serde::{Deserialize, Serialize};
use state::State;
use xenia_cpu::ReservationMode;
use xenia_isa::{Semantics, dispatch};

/// Settings of the lifter: properties of the host and of the engine that change the code.
#[derive(Clone, Copy, Debug)]
pub struct LiftConfig {
    /// The mode that the code runs in.
    pub mode: Mode,
    /// Displacement of guest memory, if accesses may use it as a constant; otherwise the base is in
    /// [`crate::host::Word::Memory`].
    pub memory_at: Option<i32>,
    /// Store sinking: loops store their registers at their exits, and in cold blocks after a
    /// faulting access.
    pub sinks: bool,
    /// Whether the host has fused multiply-add.
    pub has_fma: bool,
    /// Byte shuffles compile to `pshufb`, which x86-64 has and which is faster than the generic
    /// sequence.
    pub has_pshufb: bool,
    /// Whether the host reorders accesses that `lwsync`, `eieio` and `isync` keep in order: these
    /// instructions then become fences.
    pub reorders: bool,
    /// Whether the host raises no inexact exception when it rounds to a whole number.
    pub rounds_silently: bool,
    /// Whether a compare of the host takes an operand from memory.
    pub compares_memory: bool,
    /// How reservations are kept. Reservations in the context alone are compiled inline.
    pub reservations: ReservationMode,
    /// Test only: a deliberately wrong arm, whose `addi` adds one more.
    pub wrong_addi: bool,
}

/// A guest instruction that may fault. Its index in [`Lifted::sites`] is the number in its source
/// location.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Site {
    /// The instruction's address.
    pub pc: u32,
    /// Instructions that the budget in the context counts but that had not completed, including
    /// this one; negative if more had completed.
    pub remaining: i32,
    /// Bit n: at the fault, the context holds FPR n in single format.
    pub single_format: u32,
    /// Bit n: the context holds FPR n in single format if [`crate::host::Word::OpenSingles`]
    /// has the bit.
    pub open_format: u32,
    /// The restart point: the instruction for which the context is exact when this one faults.
    /// Equal to `pc` if the instruction is not replayed.
    pub from: u32,
    /// How many instructions the restart point is before this one.
    pub again: u32,
}

/// Results of lifting beside the IR function.
#[derive(Debug)]
pub(crate) struct Lifted {
    /// Instructions that may fault, indexed by the numbers in source locations.
    pub(crate) sites: Vec<Site>,
    /// Whether the region calls others.
    pub(crate) calls: bool,
}

/// Signature of regions: `(budget, pc, registers) -> (budget, pc | reason << 32, registers)`. Entry
/// number n > 0 is selected by `-n` in place of the pc.
pub(crate) fn region_signature() -> Signature {
    signature(2 + CALLED_WITH.len())
}

/// A region-like signature with `params` parameters.
fn signature(params: usize) -> Signature {
    let mut signature = Signature::new(CallConv::Tail);
    signature.params.extend((0..params).map(|_| AbiParam::new(types::I64)));
    signature.returns.extend([AbiParam::new(types::I64); 2 + RETURNED.len()]);
    signature
}

struct Signatures {
    region: SigRef,
    /// The entry without registers, and the exit.
    other: SigRef,
    /// Hooks, indexed by the number of their arguments beside the context.
    hooks: [SigRef; 5],
    /// Hooks that preserve all registers, with the same indexes.
    cold_hooks: [SigRef; 5],
}

/// Lifts the blocks of one region into one function.
pub(crate) struct Lifter<'a> {
    b: FunctionBuilder<'a>,
    region: &'a Region,
    graph: FlowGraph,
    config: LiftConfig,
    signatures: Signatures,
    /// The IR block of each block, by [`BlockId`].
    blocks: Vec<ir::Block>,
    loop_carried: LoopCarried,
    /// Block parameters of each block, after the budget.
    block_params: Vec<Vec<BlockParam>>,
    /// Assumptions of each block about floating point.
    assumptions: Vec<Assumptions>,
    exit: ir::Block,
    /// Indirect branches that may stay in the region.
    switch: Switch,
    sites: Vec<Site>,
    /// Number of the region's own instructions lifted so far.
    lifted: usize,
    calls: bool,

    /// State at the end of the predecessor, for inheriting blocks that are not lifted yet, by
    /// [`BlockId`].
    inherited: Vec<Option<Box<State>>>,

    // State of the block being lifted:
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
/// Guest accesses whose fault leaves through [`crate::fault_exit`].
const LEAVING: MemFlagsData = MemFlagsData::new().with_trap_code(Some(LEAVES));
/// Source location of code that runs after a faulting access; it belongs to no instruction.
const AFTER_FAULT: u32 = u32::MAX - 1;

/// Approximate limit of IR instructions in one region. Compile time is superlinear in regions with
/// many entries: this many instructions take 40 to 120 ms, half as many again up to 320 ms. Titles'
/// functions have nine IR instructions per guest instruction, so the limit cuts only the few
/// functions of more than three thousand instructions.
pub const MAX_IR: usize = 32_000;

/// Estimates how many of a region's `instructions` fit into three quarters of [`MAX_IR`]. So far
/// `lifted` instructions became `so_far` IR instructions, including `entered` of the prologue,
/// whose size is mostly proportional to the number of entries.
fn fitting(instructions: usize, lifted: usize, entered: usize, so_far: usize) -> usize {
    let each = entered * lifted + (so_far - entered) * instructions;
    MAX_IR * 3 / 4 * instructions * lifted / each.max(1)
}

fn reason(leave: Leave, pc: u32) -> i64 {
    i64::from(leave as u32) << 32 | i64::from(pc)
}

/// Creates the IR blocks of a region, with the budget and their parameters.
fn create_blocks(
    b: &mut FunctionBuilder<'_>,
    graph: &FlowGraph,
    block_params: &[Vec<BlockParam>],
) -> Vec<ir::Block> {
    let mut blocks = Vec::with_capacity(graph.ids().len());
    for id in graph.ids() {
        let block = b.create_block();
        if !graph.is_ebb_member(id) {
            b.append_block_param(block, types::I64);
            for param in &block_params[id.index()] {
                b.append_block_param(block, param.ty());
            }
        }
        blocks.push(block);
    }
    blocks
}

impl<'a> Lifter<'a> {
    /// Starts the IR function of `region`.
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
        let graph = FlowGraph::new(&region.blocks);
        let keeps_memory = config.memory_at.is_none();
        let loops = analysis::loop_carried::find(&region.blocks, &graph, keeps_memory);
        let loop_carried = LoopCarried::new(&loops, graph.ids().len(), config.sinks, &mut b);
        let is_single_precision = !config.mode.controlled;
        let singles = SingleArithmetic { has_fma: config.has_fma, is_single_precision };
        let assumptions = assumptions::find(region, &graph, singles);
        let block_params =
            block_params::find(region, &graph, keeps_memory, |id| loop_carried.has(id), &assumptions);
        let blocks = create_blocks(&mut b, &graph, &block_params);
        b.switch_to_block(entry);
        let budget = b.block_params(entry)[0];
        let guest = region.blocks[&region.entries[0]].code[0];
        let inherited = graph.ids().map(|_| None).collect();
        Self {
            b,
            region,
            graph,
            config,
            signatures: Signatures { region: region_sig, other: other_sig, hooks, cold_hooks },
            blocks,
            loop_carried,
            block_params,
            assumptions,
            exit,
            switch: Switch::default(),
            sites: Vec::new(),
            lifted: 0,
            calls: false,
            inherited,
            state: State::new(budget),
            guest,
            remaining: 0,
            terminated: false,
        }
    }

    /// Lifts all blocks. If the IR exceeds [`MAX_IR`], the error is about how many of the region's
    /// instructions fit.
    pub(crate) fn lift(mut self) -> Result<Lifted, usize> {
        self.prologue();
        let entered = self.length();
        let region = self.region;
        // Ascending order, but an inheriting block follows its predecessor, whose state it needs.
        let blocks: Vec<&Block> = region.blocks.values().collect();
        let first = self.graph.ids().rev();
        let mut work: Vec<BlockId> = first.filter(|id| !self.graph.is_ebb_member(*id)).collect();
        while let Some(id) = work.pop() {
            self.block(id, blocks[id.index()], entered)?;
            let after = self.graph.successors(id).iter().rev();
            // Those that inherit from this block, which has just given them its state.
            work.extend(after.filter(|to| self.inherited[to.index()].is_some()));
        }
        self.fill_gates();
        self.fill_exit();
        // Only now: gates, the exit and entries may get predecessors from every block.
        self.b.seal_all_blocks();
        let frontend = cranelift_codegen::isa::TargetFrontendConfig {
            default_call_conv: CallConv::SystemV,
            pointer_width: target_lexicon::PointerWidth::U64,
            page_size_align_log2: 12,
        };
        self.b.finalize(frontend);
        Ok(Lifted { sites: self.sites, calls: self.calls })
    }

    /// Begins the state of a block that inherits none.
    fn begin_state(&mut self, id: BlockId, ir_block: ir::Block) {
        let budget = self.b.block_params(ir_block)[0];
        self.state = State::new(budget);
        let assumptions = self.assumptions_of(id);
        for (place, param) in self.block_params_of(id).into_iter().enumerate() {
            let value = self.b.block_params(ir_block)[1 + place];
            self.define_block_param(param, value);
        }
        self.state.mode = assumptions.mode;
        self.state.cache.floats.begin(assumptions);
        self.begin_copies(assumptions);
    }

    /// Lifts a block.
    fn block(&mut self, id: BlockId, block: &Block, entered: usize) -> Result<(), usize> {
        let region = self.region;
        let ir_block = self.blocks[id.index()];
        self.b.switch_to_block(ir_block);
        self.loop_carried.begin(id);
        // Code before the block's first instruction belongs to that instruction.
        self.b.set_srcloc(ir::SourceLoc::new(self.sites.len() as u32));
        match self.inherited[id.index()].take() {
            Some(state) => self.state = *state,
            None => self.begin_state(id, ir_block),
        }
        if block.is_loop {
            // Prevents hoisting of loads from memory that other threads write.
            self.b.ins().sequence_point();
        }
        if block.check {
            self.check_budget(id, block);
        }
        self.state.spent += block.len();
        self.terminated = false;
        for (index, &guest) in block.code.iter().enumerate() {
            self.guest = guest;
            self.remaining = block.len() - index as u32;
            let stored = self.state.spent_as_stored.unwrap_or(self.state.spent);
            // Instructions after the block that stored the budget have completed beyond the stored
            // count.
            let remaining = i64::from(stored) - i64::from(self.state.spent) + i64::from(self.remaining);
            self.b.set_srcloc(ir::SourceLoc::new(self.sites.len() as u32));
            let pc = guest.pc;
            let remaining = remaining as i32;
            self.sites.push(Site { pc, remaining, single_format: 0, open_format: 0, from: pc, again: 0 });
            self.relieve_pressure(block, index);
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
            if so_far > MAX_IR {
                return Err(fitting(region.instructions, self.lifted, entered, so_far));
            }
            if self.terminated {
                return Ok(());
            }
        }
        self.goto(block.end());
        Ok(())
    }

    /// Number of IR instructions so far.
    fn length(&self) -> usize {
        self.b.func.dfg.num_insts()
    }
}
