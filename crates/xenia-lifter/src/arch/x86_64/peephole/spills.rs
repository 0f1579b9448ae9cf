//! Moves between registers and the stack that change nothing.
//!
//! The register allocator splits live ranges at the ends of blocks, so a value that stays both in a
//! register and in its stack slot is often loaded or stored again. A forward analysis finds which
//! registers hold the value of each slot, over all blocks; a backward one, which slots are read
//! again.

use super::flow::{FunctionCode, HostOp, MAX_PASSES, Successor};
use super::operands::{STACK_POINTER, bit, number};
use iced_x86::{Code, Instruction, Mnemonic, OpKind, Register};
use std::collections::BTreeSet;

/// Limit of slots whose reads are followed.
const MAX_SLOTS: usize = 128;

/// A slot: its displacement from the stack pointer and its size, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Slot {
    at: i64,
    size: u8,
}

impl Slot {
    fn overlaps(self, other: Self) -> bool {
        self.at < other.at + i64::from(other.size) && other.at < self.at + i64::from(self.size)
    }
}

/// A set of general and vector registers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Registers {
    general: u16,
    vector: u32,
}

impl Registers {
    fn one(register: Register) -> Self {
        match number(register) {
            Some(number) => Self { general: bit(number), vector: 0 },
            None => Self { general: 0, vector: 1 << register.number() },
        }
    }

    fn written_by(op: &HostOp) -> Self {
        Self { general: op.usage.writes, vector: op.usage.vector_writes }
    }

    fn is_empty(self) -> bool {
        self == Self::default()
    }

    fn has(self, other: Self) -> bool {
        self.general & other.general != 0 || self.vector & other.vector != 0
    }

    fn and(self, other: Self) -> Self {
        Self { general: self.general & other.general, vector: self.vector & other.vector }
    }

    fn with(self, other: Self) -> Self {
        Self { general: self.general | other.general, vector: self.vector | other.vector }
    }

    fn without(self, other: Self) -> Self {
        Self { general: self.general & !other.general, vector: self.vector & !other.vector }
    }
}

/// How an instruction uses stack slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// A store of a whole register.
    Spill(Slot, Register),
    /// A load of a whole register.
    Reload(Slot, Register),
    /// Another access to a slot.
    Access(Slot),
    /// A copy of a whole register: target and source.
    Copy(Register, Register),
    Other,
}

impl Form {
    /// The slot that is accessed.
    fn slot(self) -> Option<Slot> {
        match self {
            Self::Spill(slot, _) | Self::Reload(slot, _) | Self::Access(slot) => Some(slot),
            Self::Copy(..) | Self::Other => None,
        }
    }
}

fn form(op: &HostOp) -> Form {
    let decoded = &op.decoded;
    if op.is_removed() {
        return Form::Other;
    }
    let whole = match decoded.code() {
        Code::Mov_r64_rm64 | Code::Mov_rm64_r64 => Some(8),
        Code::Movdqu_xmm_xmmm128
        | Code::Movdqu_xmmm128_xmm
        | Code::Movups_xmm_xmmm128
        | Code::Movups_xmmm128_xmm
        | Code::Movaps_xmm_xmmm128
        | Code::Movaps_xmmm128_xmm
        | Code::Movdqa_xmm_xmmm128
        | Code::Movdqa_xmmm128_xmm
        | Code::VEX_Vmovdqu_xmm_xmmm128
        | Code::VEX_Vmovdqu_xmmm128_xmm
        | Code::VEX_Vmovups_xmm_xmmm128
        | Code::VEX_Vmovups_xmmm128_xmm
        | Code::VEX_Vmovaps_xmm_xmmm128
        | Code::VEX_Vmovaps_xmmm128_xmm => Some(16),
        _ => None,
    };
    let kinds = (decoded.op_count() == 2).then(|| (decoded.op0_kind(), decoded.op1_kind()));
    match (whole, kinds, slot(decoded)) {
        (Some(_), Some((OpKind::Register, OpKind::Register)), _) => {
            Form::Copy(decoded.op0_register(), decoded.op1_register())
        }
        (Some(size), Some((OpKind::Memory, OpKind::Register)), Some(slot)) if slot.size == size => {
            Form::Spill(slot, decoded.op1_register())
        }
        (Some(size), Some((OpKind::Register, OpKind::Memory)), Some(slot)) if slot.size == size => {
            Form::Reload(slot, decoded.op0_register())
        }
        (_, _, Some(slot)) => Form::Access(slot),
        _ => Form::Other,
    }
}

/// The slot that an instruction accesses, or computes the address of.
fn slot(decoded: &Instruction) -> Option<Slot> {
    let is_slot = decoded.memory_base() == Register::RSP && decoded.memory_index() == Register::None;
    let size = decoded.memory_size().size() as u8;
    is_slot.then(|| Slot { at: decoded.memory_displacement64().cast_signed(), size })
}

/// Whether slots are accessed as this module expects: by their displacement, never by a pointer.
fn is_plain(op: &HostOp) -> bool {
    let decoded = &op.decoded;
    let names_stack = |register| number(register) == Some(STACK_POINTER);
    let is_address = decoded.mnemonic() == Mnemonic::Lea && names_stack(decoded.memory_base());
    let is_indexed = names_stack(decoded.memory_base()) && decoded.memory_index() != Register::None;
    // The frame pointer is the only copy.
    let is_copy = matches!(form(op), Form::Copy(to, from) if names_stack(from) && to != Register::RBP);
    !is_address && !is_indexed && !is_copy
}

/// Registers with the value of each slot, in the order of slots.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct State(Vec<(Slot, Registers)>);

impl State {
    fn registers(&self, slot: Slot) -> Registers {
        self.0.iter().find(|(known, _)| *known == slot).map_or(Registers::default(), |&(_, found)| found)
    }

    fn set(&mut self, slot: Slot, registers: Registers) {
        match self.0.binary_search_by_key(&slot, |&(slot, _)| slot) {
            Ok(index) => self.0[index].1 = registers,
            Err(index) => self.0.insert(index, (slot, registers)),
        }
    }

    fn forget_overlapping(&mut self, slot: Slot) {
        self.0.retain(|(known, _)| !known.overlaps(slot));
    }

    fn forget_registers(&mut self, registers: Registers) {
        for (_, known) in &mut self.0 {
            *known = known.without(registers);
        }
        self.0.retain(|(_, known)| !known.is_empty());
    }

    /// The state after `op`, which has the form `form`.
    fn step(&mut self, op: &HostOp, form: Form) {
        match op.successor {
            Successor::Call => return self.0.clear(),
            Successor::PreservingCall => return,
            _ if op.usage.writes & bit(STACK_POINTER) != 0 => return self.0.clear(),
            _ => {}
        }
        match form {
            Form::Spill(slot, register) => {
                let one = Registers::one(register);
                if !self.registers(slot).has(one) {
                    self.forget_overlapping(slot);
                    self.set(slot, one);
                }
            }
            Form::Reload(slot, register) => {
                let one = Registers::one(register);
                let known = self.registers(slot);
                if !known.has(one) {
                    self.forget_registers(one);
                    self.set(slot, known.with(one));
                }
            }
            Form::Copy(to, from) => {
                let to = Registers::one(to);
                let from = Registers::one(from);
                if to != from {
                    self.forget_registers(to);
                    for (_, known) in self.0.iter_mut().filter(|(_, known)| known.has(from)) {
                        *known = known.with(to);
                    }
                }
            }
            Form::Access(slot) => {
                self.forget_overlapping(slot);
                self.forget_registers(Registers::written_by(op));
            }
            Form::Other => self.forget_registers(Registers::written_by(op)),
        }
    }

    /// Keeps what holds in both. Returns whether something is lost.
    fn meet(&mut self, other: &Self) -> bool {
        let mut changes = false;
        for (slot, known) in &mut self.0 {
            let both = known.and(other.registers(*slot));
            changes |= both != *known;
            *known = both;
        }
        self.0.retain(|(_, known)| !known.is_empty());
        changes
    }
}

/// Removes needless moves.
pub(super) fn remove(flow: &mut FunctionCode) {
    if !flow.ops.iter().all(is_plain) {
        return;
    }
    let mut forms: Vec<Form> = flow.ops.iter().map(form).collect();
    if !forms.iter().any(|form| matches!(form, Form::Spill(..))) {
        return;
    }
    if let Some(states) = states(flow, &forms) {
        remove_known(flow, states, &mut forms);
    }
    remove_unread(flow, &forms);
}

/// The state at the start of each block. `None` if the limit of passes is reached.
fn states(flow: &FunctionCode, forms: &[Form]) -> Option<Vec<Option<State>>> {
    let mut entries: Vec<Option<State>> = vec![None; flow.blocks.len()];
    // A fault exit is entered from the middle of a block, so nothing is known there.
    let unknown: BTreeSet<u32> = flow.ops.iter().filter_map(|op| op.landing).chain([0]).collect();
    for &block in &unknown {
        entries[block as usize] = Some(State::default());
    }
    for _ in 0..MAX_PASSES {
        let mut changes = false;
        for (number, block) in flow.blocks.iter().enumerate() {
            let Some(mut state) = entries[number].clone() else { continue };
            for at in block.ops.clone() {
                state.step(&flow.ops[at], forms[at]);
            }
            for &to in &block.successors {
                match &mut entries[to as usize] {
                    Some(entry) => changes |= entry.meet(&state),
                    entry => {
                        *entry = Some(state.clone());
                        changes = true;
                    }
                }
            }
        }
        if !changes {
            return Some(entries);
        }
    }
    None
}

/// Removes moves whose target has the value already; a reload from a slot whose value another
/// register has becomes a copy.
fn remove_known(flow: &mut FunctionCode, states: Vec<Option<State>>, forms: &mut [Form]) {
    for (number, state) in states.into_iter().enumerate() {
        let Some(mut state) = state else { continue };
        for at in flow.blocks[number].ops.clone() {
            let form = forms[at];
            let (Form::Spill(slot, register) | Form::Reload(slot, register)) = form else {
                state.step(&flow.ops[at], form);
                continue;
            };
            let holders = state.registers(slot);
            let one = Registers::one(register);
            state.step(&flow.ops[at], form);
            if holders.has(one) {
                flow.ops[at].remove();
                forms[at] = Form::Other;
            } else if let Form::Reload(..) = form
                && let Some(copy) = copy_of(register, holders)
                && flow.workshop.set(&mut flow.ops[at], copy)
            {
                forms[at] = Form::Other;
            }
        }
    }
}

/// A copy of one of `holders` to `register`.
fn copy_of(register: Register, holders: Registers) -> Option<Instruction> {
    let (code, from) = if register.is_gpr() {
        let lowest = holders.general.trailing_zeros();
        (Code::Mov_r64_rm64, (lowest < 16).then(|| Register::RAX + lowest)?)
    } else {
        let lowest = holders.vector.trailing_zeros();
        (Code::Movaps_xmm_xmmm128, (lowest < 16).then(|| Register::XMM0 + lowest)?)
    };
    Instruction::with2(code, register, from).ok()
}

/// Removes spills to slots that are not read again.
fn remove_unread(flow: &mut FunctionCode, forms: &[Form]) {
    let mut slots: Vec<Slot> = forms.iter().filter_map(|form| form.slot()).collect();
    slots.sort_unstable();
    slots.dedup();
    // Slots of other sizes at the same place count as read always, as do those beyond the limit.
    let plain: Vec<Slot> = slots
        .iter()
        .filter(|slot| !slots.iter().any(|other| other != *slot && other.overlaps(**slot)))
        .copied()
        .take(MAX_SLOTS)
        .collect();
    let bit_of = |slot: Slot| plain.binary_search(&slot).map_or(0, |index| 1_u128 << index);
    let mut live_in = vec![0_u128; flow.blocks.len()];
    let before = |at: usize, live: u128, live_in: &[u128]| {
        let live = match forms[at] {
            Form::Spill(slot, _) => live & !bit_of(slot),
            Form::Reload(slot, _) | Form::Access(slot) => live | bit_of(slot),
            _ => live,
        };
        live | flow.ops[at].landing.map_or(0, |block| live_in[block as usize])
    };
    let out = |block: &super::flow::Block, live_in: &[u128]| {
        block.successors.iter().fold(0, |live, &to| live | live_in[to as usize])
    };
    for pass in 0.. {
        if pass == MAX_PASSES {
            return;
        }
        let mut changes = false;
        for (number, block) in flow.blocks.iter().enumerate().rev() {
            let ops = block.ops.clone().rev();
            let live = ops.fold(out(block, &live_in), |live, at| before(at, live, &live_in));
            changes |= live_in[number] != live;
            live_in[number] = live;
        }
        if !changes {
            break;
        }
    }
    let mut unread = Vec::new();
    for block in &flow.blocks {
        let mut live = out(block, &live_in);
        for at in block.ops.clone().rev() {
            if let Form::Spill(slot, _) = forms[at]
                && live & bit_of(slot) == 0
                && bit_of(slot) != 0
            {
                unread.push(at);
            }
            live = before(at, live, &live_in);
        }
    }
    for at in unread {
        flow.ops[at].remove();
    }
}
