//! A sequence: units of instructions that stay together, and their initial state.
//!
//! Branches name units, not distances, so that units can be removed. A sequence starts by saving LR
//! in r1 and ends by returning there; both are part of its code.

use xenia_cpu::PpcContext;
use xenia_isa::word::BLR;
use xenia_isa::{Syntax, disassemble};

/// First byte of the sandbox.
pub(super) const SANDBOX: u32 = 0x1000_1800;
/// Size of the sandbox in bytes; it crosses two pages.
pub(super) const SANDBOX_SIZE: usize = 0x1000;
/// Limit on the instructions of a sequence.
pub(super) const MAX_INSTRUCTIONS: i64 = 300;

/// Encoding of `mflr r1`, which saves LR.
pub(super) const MFLR_R1: u32 = 0x7C28_02A6;
/// Encoding of `mtlr r1`, which restores LR.
pub(super) const MTLR_R1: u32 = 0x7C28_03A6;

/// One instruction of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// A fixed word.
    Word(u32),
    /// A relative branch to a unit: the displacement is filled in.
    Branch { word: u32, target: u16 },
    /// The upper or lower half of a unit's address is inserted as the immediate.
    Address { word: u32, target: u16, upper: bool },
    /// A relative branch by `distance` instructions inside the unit.
    Within { word: u32, distance: i16 },
}

/// Instructions that stay together; branches only target the first.
#[derive(Clone, Debug)]
pub(super) struct Unit {
    /// Position in the generated sequence; branch targets refer to it.
    pub(super) id: u16,
    pub(super) items: Vec<Item>,
}

/// A sequence of units with its initial state.
#[derive(Clone, Debug)]
pub(super) struct Sequence {
    pub(super) units: Vec<Unit>,
    /// Initial state; `pc` and `lr` are set for the address at which it runs.
    pub(super) state: Box<PpcContext>,
    pub(super) memory: Box<[u8; SANDBOX_SIZE]>,
}

impl Sequence {
    /// The code for address `base`.
    pub(super) fn words(&self, base: u32) -> Vec<u32> {
        let mut starts = Vec::with_capacity(self.units.len());
        let mut at = base + 4;
        for unit in &self.units {
            starts.push((unit.id, at));
            at += 4 * unit.items.len() as u32;
        }
        let end = at;
        // A removed unit is replaced by the next one.
        let address = |target: u16| {
            let index = starts.partition_point(|&(id, _)| id < target);
            starts.get(index).map_or(end, |&(_, start)| start)
        };
        let mut words = vec![MFLR_R1];
        for item in self.units.iter().flat_map(|unit| &unit.items) {
            let pc = base + 4 * words.len() as u32;
            words.push(match *item {
                Item::Word(word) => word,
                Item::Branch { word, target } => displace(word, address(target).wrapping_sub(pc)),
                Item::Within { word, distance } => displace(word, (4 * i32::from(distance)) as u32),
                Item::Address { word, target, upper: true } => word | address(target) >> 16,
                Item::Address { word, target, upper: false } => word | address(target) & 0xFFFF,
            });
        }
        words.extend([MTLR_R1, BLR]);
        words
    }

    /// Replaces the word at `pc`, in the code for `base`, by a branch to the end; `false` if it is
    /// not a unit's instruction.
    pub(super) fn cut(&mut self, base: u32, pc: u32) -> bool {
        let index = pc.wrapping_sub(base) / 4;
        let mut items = self.units.iter_mut().flat_map(|unit| &mut unit.items);
        // The first word saves LR.
        let item = index.checked_sub(1).and_then(|index| items.nth(index as usize));
        if let Some(item) = item {
            *item = Item::Branch { word: 0x4800_0000, target: u16::MAX };
            return true;
        }
        false
    }

    /// The instructions between entry and return, disassembled.
    pub(super) fn text(&self) -> Vec<String> {
        let base = crate::conformance::CODE_BASE;
        let words = self.words(base);
        let body = &words[1..words.len() - 2];
        (1..).zip(body).map(|(n, &word)| disassemble(word, base + 4 * n, Syntax::Simplified)).collect()
    }
}

/// Encodes a distance into a `b` or `bc`.
fn displace(word: u32, distance: u32) -> u32 {
    let mask = if word >> 26 == 18 { 0x03FF_FFFC } else { 0xFFFC };
    word & !mask | distance & mask
}
