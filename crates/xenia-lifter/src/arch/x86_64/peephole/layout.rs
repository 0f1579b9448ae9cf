//! Places of the instructions that are left, and the distances between them.

use super::flow::{Data, FunctionCode, HostOp, MAX_PASSES, Successor};
use crate::peephole::{Moved, Optimized};

/// Byte between instructions and aligned data, which is never executed.
const FILLER: u8 = 0xCC;
/// Alignment in bytes that constants keep, as vector instructions need.
const ALIGNMENT: u32 = 32;
/// Limit of a branch's distance in bytes with eight bits of it, less what alignment may add.
const SHORT: std::ops::RangeInclusive<i64> = -96..=95;

/// Offsets of a function's parts.
struct Layout {
    /// Whether a branch has its short form, by instruction.
    short: Vec<bool>,
    /// New offset of each instruction.
    ops: Vec<u32>,
    /// New offset of each piece of data.
    data: Vec<u32>,
    size: u32,
}

/// Writes the code of `flow`. `None` if a distance does not fit.
pub(super) fn lay_out(flow: &FunctionCode, code: &[u8]) -> Option<Optimized> {
    let mut layout = Layout {
        short: vec![false; flow.ops.len()],
        ops: vec![0; flow.ops.len()],
        data: vec![0; flow.data.len()],
        size: 0,
    };
    let targets = targets(flow)?;
    layout.place(flow);
    // Branches only get shorter, and so does the code that they skip.
    for _ in 0..MAX_PASSES {
        if !layout.shorten(flow, &targets) {
            break;
        }
        layout.place(flow);
    }
    layout.write(flow, &targets, code)
}

/// The instruction to which each branch leads.
fn targets(flow: &FunctionCode) -> Option<Vec<usize>> {
    let target = |op: &HostOp| match op.successor.target() {
        Some(to) => flow.op_at.get(to),
        None => Some(0),
    };
    flow.ops.iter().map(target).collect()
}

/// Size of an instruction.
fn size(op: &HostOp, is_short: bool) -> u32 {
    if is_short { 2 } else { op.length.into() }
}

impl Layout {
    fn place(&mut self, flow: &FunctionCode) {
        let mut at = 0;
        let mut data = flow.data.iter().enumerate().peekable();
        for (index, op) in flow.ops.iter().enumerate() {
            while let Some((number, data)) = data.next_if(|(_, data)| data.before == index) {
                self.data[number] = aligned(at, data);
                at = self.data[number] + data.range.len() as u32;
            }
            self.ops[index] = at;
            at += size(op, self.short[index]);
        }
        for (number, data) in data {
            self.data[number] = aligned(at, data);
            at = self.data[number] + data.range.len() as u32;
        }
        self.size = at;
    }

    /// Gives branches their short form where that reaches. Returns whether there was one.
    fn shorten(&mut self, flow: &FunctionCode, targets: &[usize]) -> bool {
        let mut changes = false;
        for (index, op) in flow.ops.iter().enumerate() {
            if matches!(op.successor, Successor::Branch(_) | Successor::Jump(_)) && !self.short[index] {
                let is_short = SHORT.contains(&self.distance(flow, targets, index));
                self.short[index] = is_short;
                changes |= is_short;
            }
        }
        changes
    }

    /// Distance from the end of the instruction `index` to its target.
    fn distance(&self, flow: &FunctionCode, targets: &[usize], index: usize) -> i64 {
        let end = self.ops[index] + size(&flow.ops[index], self.short[index]);
        i64::from(self.ops[targets[index]]) - i64::from(end)
    }

    fn write(&self, flow: &FunctionCode, targets: &[usize], code: &[u8]) -> Option<Optimized> {
        let mut out = Vec::with_capacity(self.size as usize);
        let mut moved = Vec::with_capacity(flow.ops.len() + flow.data.len() + 1);
        let mut data = 0;
        for index in 0..=flow.ops.len() {
            while let Some(found) = flow.data.get(data).filter(|data| data.before == index) {
                let at = self.data[data];
                // A range that ends in front of the data ends in front of the filler, too.
                moved.push((found.range.start, u32::try_from(out.len()).ok()?));
                out.resize(at as usize, FILLER);
                out.extend_from_slice(code.get(found.range.start as usize..found.range.end as usize)?);
                for (word, to) in found.targets.iter().enumerate() {
                    let to = flow.op_at.get(*to)?;
                    let distance = self.ops[to].wrapping_sub(at);
                    let field = at as usize + 4 * word;
                    out.get_mut(field..field + 4)?.copy_from_slice(&distance.to_le_bytes());
                }
                data += 1;
            }
            let Some(op) = flow.ops.get(index) else { break };
            moved.push((op.at, self.ops[index]));
            self.write_op(flow, targets, index, op, &mut out)?;
        }
        moved.push((u32::try_from(code.len()).ok()?, self.size));
        (out.len() == self.size as usize).then_some(Optimized { code: out, moved: Moved::new(moved) })
    }

    fn write_op(
        &self,
        flow: &FunctionCode,
        targets: &[usize],
        index: usize,
        op: &HostOp,
        out: &mut Vec<u8>,
    ) -> Option<()> {
        let bytes = op.bytes();
        let distance = match (op.successor, op.data_offset) {
            (Successor::Branch(_) | Successor::Jump(_), _) => self.distance(flow, targets, index),
            (_, Some(name)) => {
                let end = self.ops[index] + u32::from(op.length);
                i64::from(self.new_data_offset(flow, name)?) - i64::from(end)
            }
            _ => {
                out.extend_from_slice(bytes);
                return Some(());
            }
        };
        if self.short[index] {
            // `jmp` is one byte in front of its distance, a condition two.
            let first =
                if let Successor::Branch(_) = op.successor { 0x70 | bytes.get(1)? & 0xF } else { 0xEB };
            out.extend([first, i8::try_from(distance).ok()?.cast_unsigned()]);
            return Some(());
        }
        let distance = i32::try_from(distance).ok()?;
        out.extend_from_slice(bytes.get(..bytes.len().checked_sub(4)?)?);
        out.extend_from_slice(&distance.to_le_bytes());
        Some(())
    }

    /// New offset of the data at `offset`.
    fn new_data_offset(&self, flow: &FunctionCode, offset: u32) -> Option<u32> {
        let number = flow.data.iter().position(|data| data.range.contains(&offset))?;
        Some(self.data[number] + (offset - flow.data[number].range.start))
    }
}

/// The first offset from `at` on that is aligned as `data` was. A jump table needs no alignment.
fn aligned(at: u32, data: &Data) -> u32 {
    let is_table = data.range.len() == 4 * data.targets.len();
    if is_table { at } else { at + data.range.start.wrapping_sub(at) % ALIGNMENT }
}
