//! Instructions, basic blocks and data of a function, decoded from its code.

use super::operands::{Usage, Workshop, bit, number};
use crate::arch::fault_exit::MARK;
use crate::hook::Hook;
use crate::peephole::Facts;
use iced_x86::{Code, Decoder, DecoderOptions, FlowControl, Instruction, Mnemonic, OpKind, Register};
use std::ops::Range;

/// Limit of passes over a function in each analysis, so that the time for it is linear in its size.
/// Compiled code needs three to five.
pub(super) const MAX_PASSES: usize = 12;

/// Maximum size of an instruction in bytes.
pub(super) const MAX_INSTRUCTION_BYTES: usize = 15;

/// Maximum number of instructions between a call of a hook and the load of its address.
const MAX_LOAD_DISTANCE: usize = 16;

/// The register that holds the context in compiled code (`thunks::CONTEXT_REGISTER`).
pub(super) const CONTEXT: Register = Register::R15;

/// Where execution continues, beside the next instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Successor {
    /// Only at the next instruction.
    Straight,
    /// Behind a call, which may read all registers and change them.
    Call,
    /// As [`Successor::Call`], of a hook that preserves all registers.
    PreservingCall,
    /// At this offset, on a condition.
    Branch(u32),
    /// At this offset, if the access in front of the mark faults.
    Mark(u32),
    /// At this offset.
    Jump(u32),
    /// At an entry of the table that follows.
    Table,
    /// At the caller.
    Return,
    /// In another function.
    Leave,
    /// Nowhere: the instruction traps.
    Trap,
}

impl Successor {
    /// Whether execution may continue at the next instruction.
    pub(super) fn falls_through(self) -> bool {
        !matches!(self, Self::Jump(_) | Self::Table | Self::Return | Self::Leave | Self::Trap)
    }

    /// The offset that its bytes name.
    pub(super) fn target(self) -> Option<u32> {
        match self {
            Self::Branch(to) | Self::Mark(to) | Self::Jump(to) => Some(to),
            _ => None,
        }
    }
}

/// An instruction of the function.
#[derive(Clone, Copy, Debug)]
pub(super) struct HostOp {
    pub(super) decoded: Instruction,
    /// Its bytes; [`Self::length`] of them count.
    pub(super) bytes: [u8; MAX_INSTRUCTION_BYTES],
    pub(super) length: u8,
    /// Offset in the original code.
    pub(super) at: u32,
    pub(super) successor: Successor,
    pub(super) usage: Usage,
    /// The block that runs if this instruction faults, if it has a mark.
    pub(super) landing: Option<u32>,
    /// Offset of the data to which it refers by distance.
    pub(super) data_offset: Option<u32>,
}

impl HostOp {
    /// Removes it from the function.
    pub(super) fn remove(&mut self) {
        self.length = 0;
        self.successor = Successor::Straight;
        self.usage = Usage::default();
    }

    /// Whether it is removed.
    pub(super) fn is_removed(&self) -> bool {
        self.length == 0
    }

    /// The bytes that count.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }
}

/// A basic block: instructions that are executed one after the other.
#[derive(Clone, Debug, Default)]
pub(super) struct Block {
    /// Indices of its instructions.
    pub(super) ops: Range<usize>,
    /// Blocks that may follow.
    pub(super) successors: Vec<u32>,
    /// Registers whose values are needed at its start and at its end, one bit each.
    pub(super) live_in: u16,
    pub(super) live_out: u16,
}

/// Data between instructions: a jump table, or constants.
#[derive(Clone, Debug)]
pub(super) struct Data {
    /// Its offsets in the original code.
    pub(super) range: Range<u32>,
    /// Index of the instruction that follows.
    pub(super) before: usize,
    /// Targets of the jump table at its start: distances from there, four bytes each.
    pub(super) targets: Vec<u32>,
}

/// A function's code.
pub(super) struct FunctionCode {
    pub(super) ops: Vec<HostOp>,
    pub(super) blocks: Vec<Block>,
    pub(super) data: Vec<Data>,
    pub(super) op_at: OpAt,
    pub(super) workshop: Workshop,
}

/// The instruction at each offset of the original code.
pub(super) struct OpAt(Vec<u32>);

impl OpAt {
    fn new(ops: &[HostOp], size: usize) -> Self {
        let mut numbers = vec![u32::MAX; size];
        for (number, op) in ops.iter().enumerate() {
            numbers[op.at as usize] = number as u32;
        }
        Self(numbers)
    }

    /// Index of the instruction at `offset`.
    pub(super) fn get(&self, offset: u32) -> Option<usize> {
        let number = *self.0.get(offset as usize)?;
        (number != u32::MAX).then_some(number as usize)
    }
}

/// Decodes a function.
struct Reader<'a> {
    code: &'a [u8],
    facts: Facts<'a>,
    /// Whether an instruction is known to start at an offset.
    starts: Vec<bool>,
    flow: FunctionCode,
}

impl FunctionCode {
    /// Decodes `code`. `None` if it has anything unknown.
    pub(super) fn decode(code: &[u8], facts: Facts<'_>) -> Option<Self> {
        let mut starts = vec![false; code.len() + 1];
        for &start in facts.blocks.iter().chain(facts.starts).chain([&0]) {
            *starts.get_mut(start as usize)? = true;
        }
        let flow = Self {
            ops: Vec::with_capacity(code.len() / 4),
            blocks: Vec::new(),
            data: Vec::new(),
            op_at: OpAt(Vec::new()),
            workshop: Workshop::new(),
        };
        let mut reader = Reader { code, facts, starts, flow };
        reader.read_all()?;
        let mut flow = reader.flow;
        let op_at = OpAt::new(&flow.ops, code.len());
        flow.end_tables();
        flow.mark_landings(facts.marked, &op_at)?;
        flow.divide(&op_at)?;
        flow.op_at = op_at;
        Some(flow)
    }

    /// Ends jump tables where an instruction refers to data: a constant after a table may have the
    /// bits of a distance.
    fn end_tables(&mut self) {
        let mut used: Vec<u32> = self.ops.iter().filter_map(|op| op.data_offset).collect();
        used.sort_unstable();
        for Data { range, targets, .. } in &mut self.data {
            let after = used.partition_point(|&offset| offset <= range.start);
            if let Some(offset) = used.get(after).filter(|offset| range.contains(offset)) {
                targets.truncate((offset - range.start) as usize / 4);
            }
        }
    }

    /// Notes where execution continues if a marked access faults. Registers are then as they are
    /// before the access: the code there repeats the moves between the access and its mark.
    fn mark_landings(&mut self, marked: &[u32], op_at: &OpAt) -> Option<()> {
        for access in marked {
            let first = op_at.get(*access)?;
            let after = self.ops[first..].iter().find(|op| op.successor != Successor::Straight)?;
            let Successor::Mark(to) = after.successor else { return None };
            // An offset for now; `divide` makes it a block.
            self.ops[first].landing = Some(to);
        }
        Some(())
    }

    /// Divides the instructions into blocks.
    fn divide(&mut self, op_at: &OpAt) -> Option<()> {
        let mut leaders = vec![false; self.ops.len() + 1];
        leaders[0] = true;
        for target in self.ops.iter().filter_map(|op| op.successor.target()) {
            leaders[op_at.get(target)?] = true;
        }
        for target in self.data.iter().flat_map(|data| &data.targets) {
            leaders[op_at.get(*target)?] = true;
        }
        for (index, op) in self.ops.iter().enumerate() {
            if !matches!(
                op.successor,
                Successor::Straight | Successor::Call | Successor::PreservingCall | Successor::Mark(_)
            ) {
                leaders[index + 1] = true;
            }
        }
        let mut block_of = vec![0_u32; self.ops.len()];
        for index in 0..self.ops.len() {
            if leaders[index] {
                self.blocks.push(Block { ops: index..index, ..Block::default() });
            }
            let number = self.blocks.len() as u32 - 1;
            self.blocks.last_mut()?.ops.end = index + 1;
            block_of[index] = number;
        }
        let block_at = |at: u32| op_at.get(at).map(|op| block_of[op]);
        for block in &mut self.blocks {
            let last = &self.ops[block.ops.end - 1];
            if let Successor::Branch(to) | Successor::Jump(to) = last.successor {
                block.successors.push(block_at(to)?);
            }
            if last.successor == Successor::Table {
                let data = self.data.iter().find(|data| data.before == block.ops.end)?;
                for &to in &data.targets {
                    block.successors.push(block_at(to)?);
                }
            }
            if last.successor.falls_through() {
                block.successors.push(*block_of.get(block.ops.end)?);
            }
        }
        for op in &mut self.ops {
            if let Some(at) = op.landing {
                op.landing = Some(block_at(at)?);
            }
            if let Successor::Mark(_) = op.successor {
                // The table of landings has the address of the fault exit.
                op.remove();
            }
        }
        Some(())
    }
}

impl Reader<'_> {
    fn read_all(&mut self) -> Option<()> {
        let size = u32::try_from(self.code.len()).ok()?;
        let code = self.code;
        let mut decoder = Decoder::with_ip(64, code, 0, DecoderOptions::NONE);
        let mut at = 0;
        while at < size {
            let follows = self.flow.ops.last().is_none_or(|op| op.successor.falls_through());
            if !follows && !self.starts[at as usize] {
                at = self.read_data(at, size)?;
                decoder.set_position(at as usize).ok()?;
                decoder.set_ip(at.into());
                continue;
            }
            let decoded = decoder.decode();
            if decoded.is_invalid() {
                return None;
            }
            let op = self.op(&decoder, decoded, at)?;
            if let Some(to) = op.successor.target() {
                *self.starts.get_mut(to as usize)? = true;
            }
            at = decoder.ip() as u32;
            self.flow.ops.push(op);
        }
        // A target within an instruction, or within data that was read before the branch to it,
        // fails when blocks are made.
        self.flow.ops.last().is_none_or(|op| !op.successor.falls_through()).then_some(())
    }

    /// Reads data from `at` to the next known instruction. Returns the offset of that.
    fn read_data(&mut self, at: u32, size: u32) -> Option<u32> {
        let after = self.starts[at as usize..].iter().position(|&is_start| is_start);
        let end = after.map_or(size, |distance| at + distance as u32).min(size);
        let mut targets = Vec::new();
        let last = self.flow.ops.last_mut()?;
        if last.successor == Successor::Leave && names_table(&self.flow.ops, at) {
            let words = self.code.get(at as usize..end as usize)?;
            for word in words.chunks_exact(4) {
                let distance = i32::from_le_bytes(word.try_into().ok()?);
                let target = at.wrapping_add_signed(distance);
                // The table ends at the first word that does not lead to a block.
                if self.facts.blocks.binary_search(&target).is_err() {
                    break;
                }
                targets.push(target);
            }
            self.flow.ops.last_mut()?.successor = Successor::Table;
            if targets.is_empty() {
                return None;
            }
        }
        self.flow.data.push(Data { range: at..end, before: self.flow.ops.len(), targets });
        Some(end)
    }

    fn op(&mut self, decoder: &Decoder<'_>, decoded: Instruction, at: u32) -> Option<HostOp> {
        let length = decoded.len();
        let mut bytes = [0; MAX_INSTRUCTION_BYTES];
        bytes[..length].copy_from_slice(self.code.get(at as usize..at as usize + length)?);
        let successor = self.successor(&decoded, &bytes[..length])?;
        let mut data_offset = None;
        if decoded.is_ip_rel_memory_operand() {
            let offsets = decoder.get_constant_offsets(&decoded);
            // Only an immediate may follow the distance; `layout` takes it to be at the end.
            if offsets.displacement_size() != 4 || offsets.displacement_offset() + 4 != length {
                return None;
            }
            let field = at + offsets.displacement_offset() as u32;
            if !self.facts.references.contains(&field) {
                data_offset = Some(u32::try_from(decoded.ip_rel_memory_address()).ok()?);
            }
        }
        let usage = self.flow.workshop.usage(&decoded);
        let length = length as u8;
        Some(HostOp { decoded, bytes, length, at, successor, usage, landing: None, data_offset })
    }

    fn successor(&self, decoded: &Instruction, bytes: &[u8]) -> Option<Successor> {
        if decoded.mnemonic() == Mnemonic::Nop {
            let Some(distance) = bytes.strip_prefix(&MARK) else {
                return Some(Successor::Straight);
            };
            let distance = u32::from_le_bytes(distance.try_into().ok()?);
            return Some(Successor::Mark(u32::try_from(decoded.next_ip()).ok()?.checked_add(distance)?));
        }
        let near = |to: fn(u32) -> Successor| {
            let target = u32::try_from(decoded.near_branch_target()).ok()?;
            ((target as usize) < self.code.len()).then_some(to(target))
        };
        match decoded.flow_control() {
            FlowControl::Next => Some(Successor::Straight),
            FlowControl::IndirectCall if decoded.op0_kind() == OpKind::Register => {
                Some(if self.preserves(decoded.op0_register()) {
                    Successor::PreservingCall
                } else {
                    Successor::Call
                })
            }
            FlowControl::IndirectCall if !decoded.is_ip_rel_memory_operand() => Some(Successor::Call),
            FlowControl::ConditionalBranch if decoded.is_jcc_near() => near(Successor::Branch),
            // Cranelift writes long branches only, and `layout` counts on a distance of four bytes.
            FlowControl::UnconditionalBranch if decoded.code() == Code::Jmp_rel32_64 => near(Successor::Jump),
            FlowControl::IndirectBranch => Some(Successor::Leave),
            FlowControl::Return => Some(Successor::Return),
            FlowControl::Exception => Some(Successor::Trap),
            _ => None,
        }
    }

    /// Whether the function whose address is in `callee` is a hook that preserves all registers:
    /// the instructions before load its address from the context.
    fn preserves(&self, callee: Register) -> bool {
        // Backwards from the call: first the load of the address, whose offset names the hook, then
        // the copies by which its base is the context.
        let mut wanted = callee;
        let mut hook = None;
        for op in self.flow.ops.iter().rev().take(MAX_LOAD_DISTANCE) {
            let decoded = &op.decoded;
            if wanted == CONTEXT && hook.is_some() {
                break;
            }
            if number(wanted).is_none_or(|number| op.usage.writes & bit(number) == 0) {
                continue;
            }
            let is_move = matches!(decoded.code(), Code::Mov_r64_rm64 | Code::Mov_rm64_r64);
            match (hook, decoded.op1_kind()) {
                (None, OpKind::Memory) if is_move && decoded.memory_index() == Register::None => {
                    let at = decoded.memory_displacement64().cast_signed();
                    let found = Hook::ALL.iter().find(|hook| i64::from(hook.offset()) == at);
                    let Some(found) = found else { return false };
                    hook = Some(found);
                    wanted = decoded.memory_base();
                }
                (Some(_), OpKind::Register) if is_move => wanted = decoded.op1_register(),
                _ => return false,
            }
        }
        wanted == CONTEXT && hook.is_some_and(|hook| hook.is_cold())
    }
}

/// Whether the last instructions jump through a table at `at`, as Cranelift writes it: `lea` of the
/// table, a load from it, a sum and the jump.
fn names_table(ops: &[HostOp], at: u32) -> bool {
    let [.., lea, load, add, jump] = ops else { return false };
    let base = lea.decoded.op0_register();
    lea.decoded.code() == Code::Lea_r64_m
        && lea.data_offset == Some(at)
        && load.decoded.code() == Code::Movsxd_r64_rm32
        && load.decoded.memory_base() == base
        && load.decoded.memory_index_scale() == 4
        && add.decoded.mnemonic() == Mnemonic::Add
        && add.decoded.op0_register() == base
        && jump.decoded.op0_register() == base
        && base != Register::None
}
