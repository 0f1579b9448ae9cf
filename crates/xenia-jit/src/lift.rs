//! Guest instructions to Cranelift IR, one basic block at a time.
//!
//! Guest registers live in the context. Inside a block they are values: loaded at first use, stored at
//! the block's end and before anything that may leave (`Lifter::flush`). Between blocks nothing is kept,
//! so every block may be an entry.
//!
//! # How an arm is written
//! [`Lifter`] implements the family traits of `xenia-isa`, one file per family, from the architecture
//! books. An arm reads registers with `gpr`, `fpr`… and writes them with `set_gpr`…; memory through
//! `host_address` and `load_guest`/`store_guest`, **before** it changes any register, so that a fault finds the
//! state before the instruction. Every row has an arm; what raises an exception says so with `raise`, and the
//! interpreter runs it then. Compiled code takes its [`Mode`] for granted.

mod branch;
mod cache;
#[cfg(test)]
mod calls;
mod float;
mod float_checks;
mod float_status;
mod integer;
mod load_store;
mod logical;
mod rotate;
mod system;
mod vector;
mod vector128;

use crate::host::{Leave, WORDS, Word};
use crate::mode::Mode;
use crate::region::{Guest, Region};
use cache::{Cache, Cr};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    self, AbiParam, BlockArg, InstBuilder, MemFlagsData, SigRef, Signature, Type, Value, types,
};
use cranelift_codegen::isa::CallConv;
use cranelift_frontend::FunctionBuilder;
use std::collections::{BTreeMap, HashMap};
use std::mem::offset_of;
use xenia_cpu::{PpcContext, ReservationMode};
use xenia_isa::{Instruction, Semantics, dispatch};

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
    /// Instructions of its block that had not completed, itself included.
    pub(crate) remaining: u32,
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
    /// `(context) -> result`.
    plain: SigRef,
    /// `(context, instruction, a, b, c) -> result`.
    float: SigRef,
    /// `(context, instruction) -> 0`.
    vector: SigRef,
}

/// What MXCSR is set for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FloatMode {
    Scalar,
    Vector,
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
    exit: ir::Block,
    pub(crate) sites: Vec<Site>,

    // Of the block being lifted:
    ctx: Value,
    budget: Value,
    budget_stored: bool,
    /// MXCSR's mode, once the block knows it.
    mode: Option<FloatMode>,
    cache: Cache,
    words: [Option<Value>; WORDS],
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

fn reason(leave: Leave, pc: u32) -> i64 {
    i64::from(leave as u32) << 32 | i64::from(pc)
}

impl<'a> Lifter<'a> {
    /// Starts a function for `region`. `slot_of` gives the link slot for a target. `pages` are the
    /// pages that the region was read from, with their versions.
    pub(crate) fn new(
        mut b: FunctionBuilder<'a>,
        region: &'a Region,
        config: LiftConfig,
        slot_of: &'a mut dyn FnMut(u32) -> u32,
    ) -> Self {
        let region_sig = b.import_signature(region_signature(false));
        let mut hook = |params: usize| {
            let mut signature = Signature::new(CallConv::SystemV);
            signature.params.extend((0..params).map(|_| AbiParam::new(types::I64)));
            signature.returns.push(AbiParam::new(types::I64));
            b.import_signature(signature)
        };
        let (plain, float, vector) = (hook(1), hook(5), hook(2));
        let entry = b.create_block();
        b.append_block_params_for_function_params(entry);
        let exit = b.create_block();
        b.append_block_param(exit, types::I64);
        b.append_block_param(exit, types::I64);
        b.set_cold_block(exit);
        let mut blocks = HashMap::new();
        for &pc in region.blocks.keys() {
            let block = b.create_block();
            b.append_block_param(block, types::I64);
            blocks.insert(pc, block);
        }
        b.switch_to_block(entry);
        let ctx = b.ins().get_pinned_reg(types::I64);
        let budget = b.block_params(entry)[0];
        let guest = region.blocks[&region.entries[0]].code[0];
        Self {
            b,
            region,
            config,
            slot_of,
            signatures: Signatures { region: region_sig, plain, float, vector },
            blocks,
            budget_exits: BTreeMap::new(),
            exit,
            sites: Vec::new(),
            ctx,
            budget,
            budget_stored: false,
            mode: None,
            cache: Cache::default(),
            words: [None; WORDS],
            guest,
            remaining: 0,
            terminated: false,
        }
    }

    /// Lifts everything.
    pub(crate) fn lift(mut self, pages: &[(u32, u32)]) -> Vec<Site> {
        self.prologue(pages);
        let region = self.region;
        for (&pc, block) in &region.blocks {
            let ir_block = self.blocks[&pc];
            self.b.switch_to_block(ir_block);
            self.ctx = self.b.ins().get_pinned_reg(types::I64);
            if block.is_loop {
                // Keeps loads of memory that other threads write inside the loop.
                self.b.ins().sequence_point();
            }
            let before = self.b.block_params(ir_block)[0];
            self.budget = self.b.ins().iadd_imm_s(before, -i64::from(block.len()));
            self.budget_stored = false;
            self.mode = None;
            self.cache = Cache::default();
            self.words = [None; WORDS];
            self.terminated = false;
            for (index, &guest) in block.code.iter().enumerate() {
                self.guest = guest;
                self.remaining = block.len() - index as u32;
                self.b.set_srcloc(ir::SourceLoc::new(self.sites.len() as u32));
                self.sites.push(Site { pc: guest.pc, remaining: self.remaining });
                match guest.op {
                    Some(op) => dispatch(&mut self, op, guest.instruction),
                    None => self.raise(),
                }
                if self.terminated {
                    break;
                }
            }
            if !self.terminated {
                self.flush();
                self.goto(block.end());
            }
        }
        self.fill_exits();
        self.b.seal_all_blocks();
        let frontend = cranelift_codegen::isa::TargetFrontendConfig {
            default_call_conv: CallConv::SystemV,
            pointer_width: target_lexicon::PointerWidth::U64,
            page_size_align_log2: 12,
        };
        self.b.finalize(frontend);
        self.sites
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
        self.budget = budget;
        let entries = self.region.entries.clone();
        for (&pad, &pc) in pads.iter().zip(&entries) {
            self.b.switch_to_block(pad);
            self.goto_inside(pc, budget);
        }
    }
}

/// Leaving, and going on.
impl Lifter<'_> {
    /// Goes to `to` with everything flushed: inside the region, or through its link slot.
    pub(crate) fn goto(&mut self, to: u32) {
        let budget = self.budget;
        if self.blocks.contains_key(&to) {
            self.goto_inside(to, budget);
        } else {
            let target = self.linked(to);
            let pc = self.b.ins().iconst(types::I64, i64::from(to));
            self.b.ins().return_call_indirect(self.signatures.region, target, &[budget, pc]);
        }
    }

    fn goto_inside(&mut self, to: u32, budget: Value) {
        let target = self.blocks[&to];
        let block = &self.region.blocks[&to];
        if block.check {
            let needs = i64::from(block.needs);
            let enough = self.b.ins().icmp_imm_s(IntCC::SignedGreaterThanOrEqual, budget, needs);
            let exit = self.budget_exit(to);
            self.b.ins().brif(enough, target, &[BlockArg::Value(budget)], exit, &[BlockArg::Value(budget)]);
        } else {
            self.b.ins().jump(target, &[BlockArg::Value(budget)]);
        }
    }

    /// The cold block that leaves at `pc` for want of budget; filled at the end.
    fn budget_exit(&mut self, pc: u32) -> ir::Block {
        if let Some(&block) = self.budget_exits.get(&pc) {
            return block;
        }
        let block = self.b.create_block();
        self.b.append_block_param(block, types::I64);
        self.b.set_cold_block(block);
        self.budget_exits.insert(pc, block);
        block
    }

    fn fill_exits(&mut self) {
        let exit = self.exit;
        for (pc, block) in std::mem::take(&mut self.budget_exits) {
            self.b.switch_to_block(block);
            let budget = self.b.block_params(block)[0];
            let why = self.b.ins().iconst(types::I64, reason(Leave::Budget, pc));
            self.b.ins().jump(exit, &[BlockArg::Value(budget), BlockArg::Value(why)]);
        }
        self.b.switch_to_block(exit);
        let results = [self.b.block_params(exit)[0], self.b.block_params(exit)[1]];
        self.b.ins().return_(&results);
    }

    /// Host address in the link slot of a guest address.
    fn linked(&mut self, to: u32) -> Value {
        let slot = (self.slot_of)(to);
        let slots = self.word(Word::Slots);
        self.b.ins().load(types::I64, HOST, slots, slot as i32 * 8)
    }

    /// Host address of the entry for a guest address in a register (32 bits, zero-extended).
    fn looked_up(&mut self, pc: Value) -> Value {
        let entries = self.word(Word::Entries);
        let code = self.word(Word::Code);
        let place = self.b.ins().iadd(entries, pc);
        let offset = self.b.ins().uload32(HOST, place, 0);
        self.b.ins().iadd(code, offset)
    }

    /// Ends the block by leaving the region with `result` (a pc, or a pc and a reason).
    fn leave_with(&mut self, result: Value) {
        let budget = self.budget;
        self.b.ins().return_(&[budget, result]);
        self.terminated = true;
    }

    /// Jumps to the common exit with the current budget.
    fn leave(&mut self, leave: Leave, pc: u32) {
        let why = self.b.ins().iconst(types::I64, reason(leave, pc));
        self.leave_value(why);
    }

    /// Leaves after this instruction; everything is flushed.
    fn leave_after(&mut self, leave: Leave) {
        // Instructions of the block that follow this one are not executed.
        let unspent = self.remaining - 1;
        let budget = self.budget;
        let exact = if unspent == 0 { budget } else { self.b.ins().iadd_imm_s(budget, i64::from(unspent)) };
        let why = self.b.ins().iconst(types::I64, reason(leave, self.guest.pc.wrapping_add(4)));
        let exit = self.exit;
        self.b.ins().jump(exit, &[BlockArg::Value(exact), BlockArg::Value(why)]);
    }

    /// Leaves after this instruction if `condition`; everything is flushed.
    fn leave_after_if(&mut self, leave: Leave, condition: Value) {
        let cold = self.b.create_block();
        let next = self.b.create_block();
        self.b.set_cold_block(cold);
        self.b.ins().brif(condition, cold, &[], next, &[]);
        self.b.switch_to_block(cold);
        self.leave_after(leave);
        self.b.switch_to_block(next);
    }

    fn leave_value(&mut self, why: Value) {
        let budget = self.budget;
        let exit = self.exit;
        self.b.ins().jump(exit, &[BlockArg::Value(budget), BlockArg::Value(why)]);
    }

    /// Guest call: to `target`, a host address, which is guest address `pc`; comes back to `back`.
    /// Everything is flushed.
    fn call_guest(&mut self, target: Value, pc: Value, back: u32) {
        let budget = self.budget;
        // Nesting is bounded by the host stack: beyond, unwind everything and go on at the callee.
        let stack = self.b.ins().get_stack_pointer(types::I64);
        let limit = self.word(Word::StackLimit);
        let deep = self.b.ins().icmp(IntCC::UnsignedLessThan, stack, limit);
        let call = self.b.create_block();
        let exit = self.exit;
        self.b.ins().brif(deep, exit, &[BlockArg::Value(budget), BlockArg::Value(pc)], call, &[]);
        self.b.switch_to_block(call);
        let inst = self.b.ins().call_indirect(self.signatures.region, target, &[budget, pc]);
        let results = self.b.inst_results(inst);
        let (budget, came) = (results[0], results[1]);
        self.budget = budget;
        let back_here = self.b.ins().icmp_imm_s(IntCC::Equal, came, i64::from(back));
        let next = self.b.create_block();
        self.b.ins().brif(back_here, next, &[], exit, &[BlockArg::Value(budget), BlockArg::Value(came)]);
        self.b.switch_to_block(next);
        // Words loaded before the call are still right, but not worth keeping across it.
        self.words = [None; WORDS];
        self.ctx = self.b.ins().get_pinned_reg(types::I64);
        self.goto(back);
        self.terminated = true;
    }

    /// A word of `PpcContext::host`, loaded once per block.
    pub(crate) fn word(&mut self, word: Word) -> Value {
        if let Some(value) = self.words[word as usize] {
            return value;
        }
        let ctx = self.ctx;
        let value = self.b.ins().load(types::I64, HOST, ctx, word.offset());
        self.words[word as usize] = Some(value);
        value
    }
}

/// Calls out of compiled code.
impl Lifter<'_> {
    /// `lswx` or `stswx`, in Rust: stores the state, and goes on with what the context then holds.
    pub(crate) fn call_string(&mut self, i: Instruction) {
        let ea = self.ea_x(i);
        self.flush();
        self.cache = Cache::default();
        let ctx = self.ctx;
        let (pc, remaining) = (self.guest.pc, self.remaining);
        let at = self.b.ins().iconst(types::I32, i64::from(pc as i32));
        self.b.ins().store(HOST, at, ctx, PC);
        let exact = self.b.ins().iadd_imm_s(self.budget, i64::from(remaining));
        let ea = self.b.ins().ishl_imm_s(ea, 32);
        let word = self.const64(u64::from(i.0));
        let word = self.b.ins().bor(ea, word);
        let hook = self.word(Word::HookString);
        let call = self.b.ins().call_indirect(self.signatures.vector, hook, &[ctx, word]);
        let why = self.b.inst_results(call)[0];
        let out = self.b.create_block();
        let next = self.b.create_block();
        self.b.set_cold_block(out);
        self.b.ins().brif(why, out, &[], next, &[]);
        self.b.switch_to_block(out);
        let exit = self.exit;
        self.b.ins().jump(exit, &[BlockArg::Value(exact), BlockArg::Value(why)]);
        self.b.switch_to_block(next);
        self.words = [None; WORDS];
    }

    /// The instruction raises an exception: leaves before it.
    pub(crate) fn raise(&mut self) {
        self.store_dirty();
        let exact = self.b.ins().iadd_imm_s(self.budget, i64::from(self.remaining));
        let why = self.b.ins().iconst(types::I64, reason(Leave::Raise, self.guest.pc));
        let exit = self.exit;
        self.b.ins().jump(exit, &[BlockArg::Value(exact), BlockArg::Value(why)]);
        self.terminated = true;
    }

    /// The instruction raises an exception if `condition`: leaves before it from a cold block.
    pub(crate) fn raise_if(&mut self, condition: Value) {
        let cold = self.b.create_block();
        let next = self.b.create_block();
        self.b.set_cold_block(cold);
        self.b.ins().brif(condition, cold, &[], next, &[]);
        self.b.switch_to_block(cold);
        let (kept, words) = (self.cache.clone(), self.words);
        self.raise();
        self.terminated = false;
        (self.cache, self.words) = (kept, words);
        self.b.switch_to_block(next);
    }
}

/// The host's floating-point mode.
impl Lifter<'_> {
    /// From here on MXCSR is as `mode` wants it.
    fn float_mode(&mut self, mode: FloatMode) {
        if self.mode == Some(mode) {
            return;
        }
        self.mode = Some(mode);
        let ctx = self.ctx;
        let now = self.b.ins().load(types::I64, HOST, ctx, Word::VectorMode.offset());
        let switch = self.b.create_block();
        let next = self.b.create_block();
        self.b.set_cold_block(switch);
        let (hook, yes, no) = match mode {
            FloatMode::Scalar => (Word::HookScalarMode, switch, next),
            FloatMode::Vector => (Word::HookVectorMode, next, switch),
        };
        self.b.ins().brif(now, yes, &[], no, &[]);
        self.b.switch_to_block(switch);
        let hook = self.b.ins().load(types::I64, HOST, ctx, hook.offset());
        self.b.ins().call_indirect(self.signatures.plain, hook, &[ctx]);
        self.b.ins().jump(next, &[]);
        self.b.switch_to_block(next);
    }

    /// From here on MXCSR is in scalar mode.
    pub(crate) fn scalar_mode(&mut self) {
        self.float_mode(FloatMode::Scalar);
    }

    /// From here on MXCSR is in vector mode.
    pub(crate) fn vector_mode(&mut self) {
        self.float_mode(FloatMode::Vector);
    }
}

/// Guest memory.
impl Lifter<'_> {
    /// Prepares for an access that may fault.
    fn before_access(&mut self) {
        if !self.budget_stored {
            let (budget, ctx) = (self.budget, self.ctx);
            self.b.ins().store(HOST, budget, ctx, BUDGET);
            self.budget_stored = true;
        }
        if self.config.precise_faults {
            self.flush();
        }
    }

    /// Loads a value as it lies in memory.
    pub(crate) fn load_guest(&mut self, ty: Type, address: Value, displacement: i32) -> Value {
        self.before_access();
        self.b.ins().load(ty, GUEST, address, displacement)
    }

    /// Stores a value as it is to lie in memory.
    pub(crate) fn store_guest(&mut self, value: Value, address: Value, displacement: i32) {
        self.before_access();
        self.b.ins().store(GUEST, value, address, displacement);
        let bytes = self.b.func.dfg.value_type(value).bytes();
        self.after_store(address, displacement, bytes);
    }

    /// Tells the machine's table of reservations of a store, where it wants to know.
    pub(crate) fn after_store(&mut self, address: Value, displacement: i32, bytes: u32) {
        if self.config.reservations != ReservationMode::Strict {
            return;
        }
        let (ctx, memory) = (self.ctx, self.word(Word::Memory));
        let ea = self.b.ins().isub(address, memory);
        let ea = self.b.ins().iadd_imm_s(ea, i64::from(displacement));
        let ea = self.b.ins().band_imm_s(ea, 0xFFFF_FFFF);
        let word = self.b.ins().bor_imm_s(ea, i64::from(bytes) << 32);
        let hook = self.b.ins().load(types::I64, HOST, ctx, Word::HookStored.offset());
        self.b.ins().call_indirect(self.signatures.vector, hook, &[ctx, word]);
    }

    /// Host address of the 32-bit guest address `ea`, given zero-extended.
    pub(crate) fn host_address(&mut self, ea: Value) -> Value {
        let memory = self.word(Word::Memory);
        self.b.ins().iadd(memory, ea)
    }

    /// Host address of `(RA|0)`, to which a displacement may be added on the host: both ends of the guest's space
    /// are inaccessible, as is what lies beside it, so an address that would wrap faults alike.
    pub(crate) fn base_address(&mut self, ra: usize) -> Value {
        if ra == 0 {
            return self.word(Word::Memory);
        }
        let base = self.gpr_low(ra);
        self.host_address(base)
    }

    /// `(RA|0) + (RB)`, 32 bits zero-extended.
    pub(crate) fn ea_x(&mut self, i: Instruction) -> Value {
        if i.ra() == 0 {
            return self.gpr_low(i.rb());
        }
        let a = self.gpr32(i.ra());
        let b = self.gpr32(i.rb());
        let sum = self.b.ins().iadd(a, b);
        self.b.ins().uextend(types::I64, sum)
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
