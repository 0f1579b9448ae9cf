//! Code emission of the baseline tier: writes a unit's blocks in address order, followed by its
//! cold exits.
//!
//! ```text
//!  unit:   [stack check] block block block …  │ exits: budget, unlinked branches, return misses
//!  block:  [compare the budget with the path]  [subtract the charge] │ instructions │ branch
//! ```
//!
//! Most comparisons are the subtraction's ([`slices`](super::slices)).
//!
//! A guest call is a host call, a guest return a host return. After a call the host code compares
//! LR with the return address, so that a return to another address (`longjmp`, a switch of stacks)
//! goes through the table of entries. Instructions without a template call the interpreter's arm.
//!
//! A branch that leaves the unit is a *link*: its distance leads to an exit that requests the
//! target, until `links` patches in the target's code.

mod arms;
mod exits;
mod floats;
mod rows;
mod switch;

use super::call_table;
use super::device_sites::DeviceSites;
use super::encode::{CMP, Condition, Dword, Encoder, HostReg, Imm, RAX, RCX, Rm};
use super::endings::Ending;
use super::map::{BUDGET, BaselineWord, LR, gpr};
use super::sites::{SiteInUnit, SiteWriter};
use super::slices::RESERVE;
use super::templates::{CodeOptions, CodeThunk, RareCase, Templates, WRITTEN};
use super::unit::{Block, Discovery, Word};
use exits::Exit;
use rows::{computes_vectors, constant_pair, overwrites_carry, source_of_ctr, tests_for_zero};
use xenia_isa::Op;
use xenia_lifter::EntryOffset;

/// Flag in the low bits of a guest address in eax when code leaves: the interpreter runs the
/// instruction there.
pub(super) const INTERPRET: u32 = 1;
/// Flag in the low bits of a guest address in eax when the code for it is requested: the address is
/// called.
pub(super) const CALLED: u32 = 1;

/// The register number of rsp.
const STACK: HostReg = 4;
/// Distance in guest words up to which a forward branch is first emitted in its short form.
const SHORT_WORDS: usize = 9;

/// A branch that leaves the unit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    /// Position of its distance, from the start of the unit's code.
    pub(super) field: u32,
    /// Position of the exit that requests its target, from the start of the unit's code.
    pub(super) exit: u32,
    /// The guest address that it leads to.
    pub(super) target: u32,
    pub(super) is_call: bool,
}

/// A call of a thunk.
#[derive(Clone, Copy, Debug)]
pub(super) struct ThunkCall {
    /// Position of its distance, from the start of the unit's code.
    pub(super) field: u32,
    /// The thunk's offset in code memory.
    pub(super) thunk: u32,
}

/// A jump to a block of the unit.
struct BlockJump {
    /// Position of its distance in the code.
    field: usize,
    /// Number of the block in the unit.
    block: usize,
    is_short: bool,
}

/// Why a unit was not emitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotEmitted {
    /// Code memory has no room for a thunk.
    Full,
    /// Code of the tier is missing or has an error: a later attempt gives the same result.
    Unsupported(&'static str),
}

/// Result of an attempt to emit a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Distances {
    Patched,
    /// A short branch or the table is out of range.
    TooLong,
}

/// Emits units; reuses its buffers.
pub(super) struct Emitter {
    pub(super) templates: Templates,
    /// Positions of blocks in the code.
    labels: Vec<u32>,
    jumps: Vec<BlockJump>,
    exits: Vec<(usize, Exit)>,
    /// The jump table of the unit's switches.
    table: Option<switch::Table>,
    pub(super) links: Vec<Link>,
    pub(super) entries: Vec<EntryOffset>,
    pub(super) thunk_calls: Vec<ThunkCall>,
    /// Number of instructions that interpreter arms run, or that compute with vectors.
    pub(super) arms: u32,
    /// Number of instructions that floating-point thunks run.
    pub(super) floats: u32,
    /// The map from code positions to guest instructions ([`super::sites`]).
    pub(super) sites: SiteWriter,
    /// The first word of the block being emitted, and the instructions from there on that are
    /// charged.
    block: SiteInUnit,
    allows_short: bool,
    /// Instructions for which arms are called because they access device registers.
    pub(super) device_sites: DeviceSites,
}

impl Emitter {
    pub(super) fn new(options: CodeOptions) -> Self {
        Self {
            templates: Templates {
                e: Encoder::new(),
                options,
                thunk_call: None,
                rare_case: None,
                left_if: None,
                may_be_left: false,
                has_single: false,
                drops_carry: false,
                carry_in_cl: None,
                written: [None; WRITTEN],
            },
            labels: Vec::new(),
            jumps: Vec::new(),
            exits: Vec::new(),
            table: None,
            links: Vec::new(),
            entries: Vec::new(),
            thunk_calls: Vec::new(),
            arms: 0,
            floats: 0,
            sites: SiteWriter::default(),
            block: SiteInUnit::default(),
            allows_short: true,
            device_sites: DeviceSites::default(),
        }
    }

    /// The unit's code.
    pub(super) fn code(&self) -> &[u8] {
        self.templates.e.code()
    }

    /// Emits the code of `unit`. `thunk` returns the offset of a thunk.
    pub(super) fn emit(
        &mut self,
        unit: &Discovery,
        thunk: &mut impl FnMut(CodeThunk) -> Result<u32, NotEmitted>,
    ) -> Result<(), NotEmitted> {
        self.allows_short = true;
        if self.emit_once(unit, thunk)? == Distances::Patched {
            return Ok(());
        }
        self.allows_short = false;
        match self.emit_once(unit, thunk)? {
            Distances::Patched => Ok(()),
            Distances::TooLong => Err(NotEmitted::Unsupported("a long branch is out of range")),
        }
    }

    fn emit_once(
        &mut self,
        unit: &Discovery,
        thunk: &mut impl FnMut(CodeThunk) -> Result<u32, NotEmitted>,
    ) -> Result<Distances, NotEmitted> {
        self.templates.e.clear();
        self.templates.written = [None; WRITTEN];
        self.templates.carry_in_cl = None;
        self.labels.clear();
        self.jumps.clear();
        self.exits.clear();
        self.table = None;
        self.links.clear();
        self.entries.clear();
        self.thunk_calls.clear();
        self.arms = 0;
        self.floats = 0;
        self.sites.clear();
        let nests = unit.nests();
        for (number, &block) in unit.blocks.iter().enumerate() {
            let start = self.templates.e.len();
            self.labels.push(start as u32);
            // Behind a branch that is not taken, the flags are those before it.
            if block.starts_path || block.is_target {
                self.templates.e.flags = None;
            }
            let pc = unit.address(block.first);
            if block.is_entry {
                self.entries.push(EntryOffset { pc, offset: start as u32 });
            }
            if number == 0 && nests {
                self.templates.e.op64(CMP, STACK, Rm::Ctx(BaselineWord::StackLimit.at()));
                self.exit_if(Condition::CARRY, Exit::Depth(pc));
            }
            self.charge(pc, block);
            self.templates.forget_just_written();
            let remaining = block.counted + block.ahead;
            self.block = SiteInUnit { word: block.first as u32, remaining };
            self.straight(unit, block, thunk)?;
            self.end(unit, number, block);
        }
        Ok(if self.finish(unit) { Distances::Patched } else { Distances::TooLong })
    }

    /// Subtracts the charge of the block at `pc` from the budget, and leaves if the budget is too
    /// small for the path that starts there.
    fn charge(&mut self, pc: u32, block: Block) {
        let Block { charged, starts_path, .. } = block;
        let path = block.path.cast_signed();
        let uncharged = path - charged;
        if starts_path && charged != 0 && uncharged <= RESERVE {
            // The reserve is enough for the rest of the path, so the subtraction compares, too.
            self.templates.e.imm(Dword, Imm::Sub, Rm::Reg(BUDGET), charged);
            let field = self.templates.e.jump_if(Condition::LESS);
            let back = self.templates.e.len() as u32;
            self.exits.push((field, Exit::Reserve { pc, charged, uncharged, back }));
            return;
        }
        if starts_path {
            self.templates.e.imm(Dword, Imm::Cmp, Rm::Reg(BUDGET), path.max(1) - RESERVE);
            self.exit_if(Condition::LESS, Exit::Budget(pc));
        }
        if charged != 0 {
            self.templates.e.imm(Dword, Imm::Sub, Rm::Reg(BUDGET), charged);
        }
    }

    fn exit_if(&mut self, condition: Condition, exit: Exit) {
        let field = self.templates.e.jump_if(condition);
        self.exits.push((field, exit));
    }

    /// Emits the instructions of a block except for the one that ends it.
    fn straight(
        &mut self,
        unit: &Discovery,
        block: Block,
        thunk: &mut impl FnMut(CodeThunk) -> Result<u32, NotEmitted>,
    ) -> Result<(), NotEmitted> {
        let last = block.end - usize::from(block.ending != Ending::Next);
        let words = unit.words(block.first, last);
        let mut index = 0;
        while index < words.len() {
            let pc = unit.address(block.first + index);
            let site = self.device_sites.first_in(pc..unit.address(last));
            // No group of instructions contains the site.
            let end = site.map_or(words.len(), |site| index + ((site - pc) / 4) as usize);
            while index < end {
                let next = self.float_group(&words[..end], index, thunk)?;
                index = if next == index { self.instruction(&words[..end], index, thunk)? } else { next };
            }
            if site.is_some() {
                index = self.device_access(words, index, thunk)?;
            }
        }
        Ok(())
    }

    /// Emits the instruction at `index`, or two that form a constant or test for zero. Returns the
    /// index of the next one.
    #[inline]
    fn instruction(
        &mut self,
        words: &[Word],
        index: usize,
        thunk: &mut impl FnMut(CodeThunk) -> Result<u32, NotEmitted>,
    ) -> Result<usize, NotEmitted> {
        // An invalid word ends its block, and so is not among these.
        let Word { i, op: Some(op) } = words[index] else { return Ok(words.len()) };
        let next = words.get(index + 1);
        let pair = next.and_then(|next| constant_pair(op, i, *next));
        let zero_test = next.filter(|next| tests_for_zero(op, i, **next));
        let shifts = matches!(op, Op::srawix | Op::srawx);
        self.templates.drops_carry = shifts && overwrites_carry(&words[index + 1..]);
        if let Some(value) = pair {
            self.templates.e.constant(gpr(i.rd()), value);
        } else if let Some(last) = zero_test {
            self.templates.is_not_zero(i, last.i);
        } else if self.templates.emit(op, i) {
            self.arms += u32::from(computes_vectors(op));
        } else {
            self.call_arm(op, i, thunk)?;
            self.arms += 1;
        }
        self.end_site(index, thunk)?;
        Ok(index + 1 + usize::from(pair.is_some() || zero_test.is_some()))
    }

    /// Ends the code of the instruction with the index `index` in its block.
    fn end_site(
        &mut self,
        index: usize,
        thunk: &mut impl FnMut(CodeThunk) -> Result<u32, NotEmitted>,
    ) -> Result<(), NotEmitted> {
        if let Some((field, called)) = self.templates.thunk_call.take() {
            self.thunk_calls.push(ThunkCall { field: field as u32, thunk: thunk(called)? });
            if let CodeThunk::Float(group) = called {
                self.floats += group.rows();
            }
        }
        if let Some(RareCase { field, thunk: called, back }) = self.templates.rare_case.take() {
            self.exits.push((field, Exit::RareCase { thunk: thunk(called)?, back: back as u32 }));
        }
        let SiteInUnit { word, remaining } = self.block;
        let index = index as u32;
        let site = SiteInUnit { word: word + index, remaining: remaining - index };
        if let Some(field) = self.templates.left_if.take() {
            self.exits.push((field, Exit::Interpret(site)));
        }
        if std::mem::take(&mut self.templates.may_be_left) {
            self.sites.add(site, self.templates.e.len() as u32);
        }
        Ok(())
    }

    /// Emits the branch that ends a block, and the transfer to the code that follows it.
    fn end(&mut self, unit: &Discovery, number: usize, block: Block) {
        let last = unit.words(block.end - 1, block.end)[0].i;
        let pc = unit.address(block.end - 1);
        let next = pc.wrapping_add(4);
        let target = block.ending.target(pc, last);
        match (block.ending, target) {
            (Ending::Jump, Some(target)) => {
                let follows = unit.block_at(target) == Some(number + 1) && target == next;
                if !follows {
                    self.branch(unit, number, None, target);
                }
            }
            (Ending::Conditional, Some(target)) => {
                let guard = self.templates.count_guard(last);
                let condition = self.templates.branch_condition(last);
                self.branch(unit, number, condition, target);
                if let Some(field) = guard {
                    self.templates.e.land(field);
                }
                if condition.is_none() {
                    return;
                }
            }
            (Ending::Call, Some(target)) => {
                self.link_register(next);
                if target != next {
                    self.templates.e.align_field(1);
                    let field = self.templates.e.call();
                    self.links.push(Link { field: field as u32, exit: 0, target, is_call: true });
                    self.returned(next);
                }
            }
            (Ending::Return, _) => self.templates.e.ret(),
            (Ending::ConditionalReturn, _) => {
                if let Some(condition) = self.templates.branch_condition(last) {
                    let over = self.templates.e.jump_if_short(condition.not());
                    self.templates.e.ret();
                    self.templates.e.land(over);
                }
            }
            (Ending::Indirect, _) => self.jump_to_ctr(unit, block),
            (Ending::IndirectCall, _) => {
                self.link_register(next);
                self.ctr_address(source_of_ctr(unit.words(block.first, block.end - 1)));
                let (miss, back) = call_table::emit_look_up(&mut self.templates.e);
                self.exits.push((miss, Exit::NotInCallTable(back as u32)));
                self.templates.e.call_register(RCX);
                self.returned(next);
            }
            (Ending::Interpreted | Ending::Illegal, _) => {
                self.templates.e.word(RAX, pc | INTERPRET);
                self.templates.e.jump_through(BaselineWord::Leave.at());
            }
            (Ending::Next | Ending::Jump | Ending::Conditional | Ending::Call, _) => {}
        }
        let follows = unit.blocks.get(number + 1).is_some_and(|next| next.first == block.end);
        if block.ending.may_fall_through() && !follows {
            self.leave_by(None, next);
        }
    }

    /// Emits a branch to `target`, in this unit or outside.
    fn branch(&mut self, unit: &Discovery, number: usize, condition: Option<Condition>, target: u32) {
        let Some(to) = unit.block_at(target & !3) else {
            self.leave_by(condition, target & !3);
            return;
        };
        let is_near = if let Some(&label) = self.labels.get(to) {
            // A short jump reaches 128 bytes back from its end.
            self.templates.e.len() - (label as usize) < 120
        } else {
            let words = unit.blocks[to].first - unit.blocks[number].end;
            words <= SHORT_WORDS && !self.places_table(unit, &unit.blocks[number + 1..to])
        };
        let is_short = self.allows_short && is_near;
        let e = &mut self.templates.e;
        let field = match (condition, is_short) {
            (Some(condition), true) => e.jump_if_short(condition),
            (Some(condition), false) => e.jump_if(condition),
            (None, true) => e.jump_short(),
            (None, false) => e.jump(),
        };
        self.jumps.push(BlockJump { field, block: to, is_short });
    }

    /// Whether the unit's table will follow one of these blocks.
    fn places_table(&self, unit: &Discovery, blocks: &[Block]) -> bool {
        let is_next = self.table.is_none() && unit.cases().is_some();
        is_next && blocks.iter().any(|block| block.ending == Ending::Indirect)
    }

    /// Emits a link that is not a call.
    fn leave_by(&mut self, condition: Option<Condition>, target: u32) {
        let e = &mut self.templates.e;
        let field = if let Some(condition) = condition {
            e.align_field(2);
            e.jump_if(condition)
        } else {
            e.align_field(1);
            e.jump()
        };
        self.links.push(Link { field: field as u32, exit: 0, target, is_call: false });
    }

    /// LR = the return address of a call.
    fn link_register(&mut self, next: u32) {
        self.templates.e.word(RAX, next);
        self.templates.e.store(LR, RAX);
    }

    /// Emits the check after a host call: falls through if the guest returned to `next`.
    fn returned(&mut self, next: u32) {
        self.templates.e.imm(Dword, Imm::Cmp, LR, next.cast_signed());
        self.exit_if(Condition::NOT_EQUAL, Exit::Return);
    }
}

#[cfg(test)]
mod tests;
