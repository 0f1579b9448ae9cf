//! Units of the baseline tier: the guest words that are compiled together, their basic blocks, and
//! the instruction budget for each path through them.
//!
//! A unit is found from its first address along all branches that stay within [`MAX_EXTENT`] words
//! ahead, both sides of conditional ones, with calls stepped over. It ends where other code of the
//! tier begins. Cold paths are not pruned: an instruction that never runs costs 0.08 µs and a dozen
//! bytes once.
//!
//! # Switches
//! Compilers put the cases of a switch after its `bctr`, and the end of the switch, or its default
//! case, after the cases. So unreached code between a `bctr` and the furthest target of the unit's
//! branches is assumed to be cases, up to a word that looks like the start of a function. The cases
//! of a switch in a loop may end with branches back to the loop instead, so code beyond that target
//! that runs into such a branch is a case, too. A missed case becomes a separate unit when it is
//! reached.
//!
//! # Budget
//! The budget is compared only where a *path* begins (the entry, loop heads, return sites, after an
//! instruction that the interpreter runs, after a loop of one block), with the length of the
//! longest path from there to the next such place. Every cycle contains one, because backward
//! branches lead to one. The blocks of a path subtract what has run at its end ([`charges`]).

mod charges;

use super::endings::{self, Ending};
use charges::FollowerGroups;
use xenia_isa::{Instruction, Op, decode};
use xenia_lifter::cfg::function_bounds::makes_a_frame;

/// Limit of a unit's extent in words of guest code: 64 KiB.
pub(super) const MAX_EXTENT: usize = 1 << 14;
/// Limit of a unit's length in instructions.
pub(super) const MAX_INSTRUCTIONS: usize = 2000;
/// Limit of words that are searched for the branch back to a loop at the end of a case.
const MAX_CASE: usize = 1024;

/// Mark of a word: it was visited.
const VISITED: u8 = 1;
/// Mark: a basic block begins here.
const LEADER: u8 = 2;
/// Mark: a path begins here, so the budget is compared.
const PATH: u8 = 4;
/// Mark: the block gets an entry in the table of entries.
const ENTRY: u8 = 8;

/// A guest word.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word {
    pub(super) i: Instruction,
    pub(super) op: Option<Op>,
}

/// A basic block, as a range of the unit's words.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block {
    pub(super) first: usize,
    /// End of its words, exclusive.
    pub(super) end: usize,
    pub(super) starts_path: bool,
    pub(super) is_entry: bool,
    /// Whether a branch on its path leads to it.
    pub(super) is_target: bool,
    /// How its last instruction ends it.
    pub(super) ending: Ending,
    /// Instructions that its code runs, without the interpreter's.
    pub(super) counted: u32,
    /// Instructions on the longest path from here to the next comparison of the budget.
    pub(super) path: u32,
    /// Instructions that it subtracts from the budget.
    pub(super) charged: i32,
    /// Instructions of later blocks that are subtracted already where it ends.
    pub(super) ahead: u32,
}

/// Limits of a unit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reach {
    /// Extent in words from its start.
    pub(super) words: usize,
    pub(super) instructions: usize,
}

impl Reach {
    /// The limits of units of whole functions.
    pub(super) const FUNCTION: Self = Self { words: MAX_EXTENT, instructions: MAX_INSTRUCTIONS };
}

/// Access to guest code for the discovery of units.
pub(super) trait Source {
    /// The word at `pc`; `None` if it can't be compiled.
    fn fetch(&mut self, pc: u32) -> Option<u32>;
    /// Whether the block at `pc` already has other code.
    fn is_elsewhere(&self, pc: u32) -> bool;
}

/// Discovers units; reuses its tables.
pub(super) struct Discovery {
    start: u32,
    /// Marks, by word.
    marks: Vec<u8>,
    words: Vec<Word>,
    /// Block numbers, by the block's first word.
    numbers: Vec<u16>,
    /// Number of words from the unit's start on that may have marks.
    touched: usize,
    work: Vec<usize>,
    /// Index of the word after the first `bctr`.
    behind_switch: Option<usize>,
    /// Indices of the words of the first case of a switch and the last one.
    cases: Option<(usize, usize)>,
    pub(super) blocks: Vec<Block>,
    /// First and last block of each plain loop: a loop without calls, switches and instructions
    /// that the interpreter runs.
    loops: Vec<(usize, usize)>,
    groups: FollowerGroups,
    /// Number of instructions found.
    pub(super) instructions: usize,
}

impl Discovery {
    pub(super) fn new() -> Self {
        let none = Word { i: Instruction(0), op: None };
        Self {
            start: 0,
            marks: vec![0; MAX_EXTENT + 1],
            words: vec![none; MAX_EXTENT + 1],
            numbers: vec![0; MAX_EXTENT + 1],
            touched: 0,
            work: Vec::new(),
            behind_switch: None,
            cases: None,
            blocks: Vec::new(),
            loops: Vec::new(),
            groups: FollowerGroups::default(),
            instructions: 0,
        }
    }

    /// Address of the word with this index.
    pub(super) fn address(&self, index: usize) -> u32 {
        self.start.wrapping_add(4 * index as u32)
    }

    /// The words of a block.
    pub(super) fn words(&self, first: usize, end: usize) -> &[Word] {
        &self.words[first..end]
    }

    /// End of the unit's words, exclusive.
    pub(super) fn end(&self) -> usize {
        self.blocks.last().map_or(0, |block| block.end)
    }

    /// The number of the block that begins at `pc`, if it belongs to this unit.
    pub(super) fn block_at(&self, pc: u32) -> Option<usize> {
        let index = self.index(pc, self.touched)?;
        (self.marks[index] & (VISITED | LEADER) == VISITED | LEADER).then(|| self.numbers[index].into())
    }

    fn index(&self, pc: u32, words: usize) -> Option<usize> {
        let index = (pc.wrapping_sub(self.start) / 4) as usize;
        (pc >= self.start && index < words).then_some(index)
    }

    /// Discovers the unit at `start`. Returns false if there is no code.
    pub(super) fn find(&mut self, start: u32, reach: Reach, source: &mut impl Source) -> bool {
        self.marks[..self.touched].fill(0);
        self.touched = 0;
        self.blocks.clear();
        self.instructions = 0;
        self.start = start;
        // A unit does not wrap around the end of the address space.
        let words = reach.words.min(((u32::MAX - start) / 4) as usize);
        self.mark(0, LEADER | PATH | ENTRY);
        self.behind_switch = None;
        self.cases = None;
        self.work.push(0);
        self.walk_all(words, reach.instructions, source);
        self.find_cases(words, reach.instructions, source);
        if self.marks[0] & VISITED == 0 {
            return false;
        }
        self.make_blocks();
        self.end_paths_with_loops();
        self.measure_paths();
        self.distribute_charges();
        self.find_plain_loops();
        true
    }

    fn mark(&mut self, index: usize, marks: u8) {
        self.marks[index] |= marks;
        self.touched = self.touched.max(index + 1);
    }

    fn walk_all(&mut self, words: usize, most: usize, source: &mut impl Source) {
        while let Some(first) = self.work.pop() {
            self.walk(first, words, most, source);
        }
    }

    /// Finds the cases of switches.
    fn find_cases(&mut self, words: usize, most: usize, source: &mut impl Source) {
        let Some(behind) = self.behind_switch else { return };
        let mut index = behind;
        while index < self.touched || self.leads_back(index, words, source) {
            if self.marks[index] & (VISITED | LEADER) == 0 {
                let pc = self.address(index);
                let is_code =
                    self.instructions < most && source.fetch(pc).is_some_and(|word| decode(word).is_some());
                if !is_code || makes_a_frame(pc, &mut |pc| source.fetch(pc)) {
                    return;
                }
                self.lead(index, PATH | ENTRY, source);
                // Other code exists for the word.
                if self.work.is_empty() {
                    return;
                }
                self.cases = Some((self.cases.map_or(index, |(first, _)| first), index));
                self.walk_all(words, most, source);
            }
            index += 1;
        }
    }

    /// Whether the words from `index` on run into a branch back into the unit, after its start: a
    /// branch to the start would be another function's tail call.
    fn leads_back(&self, index: usize, words: usize, source: &mut impl Source) -> bool {
        for at in index..words.min(index + MAX_CASE) {
            let pc = self.address(at);
            let Some(word) = source.fetch(pc) else { return false };
            let i = Instruction(word);
            let ending = endings::ending(decode(word), i);
            if ending == Ending::Jump {
                let target = ending.target(pc, i).and_then(|target| self.index(target, index));
                return target.is_some_and(|target| target != 0 && self.marks[target] & VISITED != 0);
            }
            if !ending.may_fall_through() {
                return false;
            }
        }
        false
    }

    /// Indices of the words of the first case of a switch and the last one, if cases were found.
    pub(super) fn cases(&self) -> Option<(usize, usize)> {
        self.cases
    }

    /// Marks the words from `first` to the end of its basic block, or to the first word that is
    /// marked already.
    fn walk(&mut self, first: usize, words: usize, most: usize, source: &mut impl Source) {
        let mut index = first;
        while index < words && self.marks[index] & VISITED == 0 && self.instructions < most {
            let pc = self.address(index);
            // The first word is the unit's start, or `lead` has checked it.
            if index != first && source.is_elsewhere(pc) {
                return;
            }
            let Some(word) = source.fetch(pc) else { return };
            let i = Instruction(word);
            let op = decode(word);
            self.words[index] = Word { i, op };
            self.mark(index, VISITED);
            self.instructions += 1;
            index += 1;
            let ending = endings::ending(op, i);
            if ending == Ending::Next {
                continue;
            }
            if ending == Ending::Indirect {
                self.behind_switch = Some(self.behind_switch.map_or(index, |behind| behind.min(index)));
            }
            if let Some(target) = ending.target(pc, i)
                && !ending.calls()
                && let Some(target) = self.index(target, words)
            {
                let back = if target < index { PATH | ENTRY } else { 0 };
                self.lead(target, back, source);
            }
            let returns = match ending {
                Ending::Conditional | Ending::ConditionalReturn => Some(0),
                Ending::Call => (ending.target(pc, i) != Some(pc.wrapping_add(4))).then_some(PATH | ENTRY),
                Ending::IndirectCall | Ending::Interpreted => Some(PATH | ENTRY),
                Ending::Next | Ending::Jump | Ending::Return | Ending::Indirect | Ending::Illegal => None,
            };
            // `bl` to the next instruction reads its own address, and execution continues there.
            let returns = returns.or((ending == Ending::Call).then_some(0));
            if let Some(marks) = returns
                && index < words
            {
                self.lead(index, marks, source);
            }
            return;
        }
    }

    /// Marks the start of a basic block at `index`, unless other code exists for it.
    fn lead(&mut self, index: usize, marks: u8, source: &impl Source) {
        if self.marks[index] & VISITED == 0 && source.is_elsewhere(self.address(index)) {
            return;
        }
        self.mark(index, LEADER | marks);
        if self.marks[index] & VISITED == 0 {
            self.work.push(index);
        }
    }

    /// Whether the unit's code, or code that it links to, may call. Without calls and links the
    /// host's stack does not grow.
    pub(super) fn nests(&self) -> bool {
        self.blocks.iter().enumerate().any(|(number, block)| {
            let pc = self.address(block.end - 1);
            let last = self.words[block.end - 1].i;
            let follows = self.blocks.get(number + 1).is_some_and(|next| next.first == block.end);
            let falls_out = block.ending.may_fall_through() && !follows;
            let jumps_out = match block.ending {
                Ending::Call | Ending::IndirectCall | Ending::Indirect => true,
                Ending::Jump | Ending::Conditional => {
                    block.ending.target(pc, last).is_none_or(|target| self.block_at(target & !3).is_none())
                }
                _ => false,
            };
            falls_out || jumps_out
        })
    }

    fn make_blocks(&mut self) {
        let mut index = 0;
        while index < self.touched {
            if self.marks[index] & VISITED == 0 {
                index += 1;
                continue;
            }
            // A visited word that is not a leader here follows a block that ended at the limit.
            let first = index;
            let marks = self.marks[first];
            let mut ending = Ending::Next;
            while index < self.touched
                && self.marks[index] & VISITED != 0
                && (index == first || self.marks[index] & LEADER == 0)
                && ending == Ending::Next
            {
                let Word { i, op } = self.words[index];
                ending = endings::ending(op, i);
                index += 1;
            }
            let is_interpreted = matches!(ending, Ending::Interpreted | Ending::Illegal);
            self.numbers[first] = self.blocks.len() as u16;
            self.blocks.push(Block {
                first,
                end: index,
                starts_path: marks & PATH != 0,
                is_entry: marks & ENTRY != 0,
                is_target: false,
                ending,
                counted: (index - first) as u32 - u32::from(is_interpreted),
                path: 0,
                charged: 0,
                ahead: 0,
            });
        }
    }

    /// Lets a path begin after each loop of one block. The loop's path is then its block, whose
    /// subtraction compares the budget, too: one comparison less in each round.
    fn end_paths_with_loops(&mut self) {
        for number in 1..self.blocks.len() {
            let before = self.blocks[number - 1];
            let repeats =
                before.ending == Ending::Conditional && self.branch_target(before) == Some(number - 1);
            let block = &mut self.blocks[number];
            if repeats && block.first == before.end {
                block.starts_path = true;
                block.is_entry = true;
            }
        }
    }

    fn measure_paths(&mut self) {
        // Backwards, as a block's path depends on those after it.
        for number in (0..self.blocks.len()).rev() {
            let [falls, taken] = [self.falls_on_path(number), self.branches_on_path(number)]
                .map(|next| next.map_or(0, |next| self.blocks[next].path));
            let block = &mut self.blocks[number];
            block.path = block.counted + falls.max(taken);
        }
    }

    /// The block that follows a block without a branch on the same path.
    fn falls_on_path(&self, number: usize) -> Option<usize> {
        let block = self.blocks[number];
        let next = self.blocks.get(number + 1).filter(|next| next.first == block.end)?;
        (block.ending.may_fall_through() && !next.starts_path).then_some(number + 1)
    }

    /// The block on the same path to which the branch at the end of a block leads. Backward
    /// branches lead to the start of a path.
    fn branches_on_path(&self, number: usize) -> Option<usize> {
        let target = self.branch_target(self.blocks[number])?;
        (target > number && !self.blocks[target].starts_path).then_some(target)
    }

    /// The block of this unit to which the branch at the end of `block` leads.
    fn branch_target(&self, block: Block) -> Option<usize> {
        let pc = self.address(block.end - 1);
        let last = self.words[block.end - 1].i;
        match block.ending {
            Ending::Jump | Ending::Conditional => self.block_at(block.ending.target(pc, last)?),
            _ => None,
        }
    }

    fn find_plain_loops(&mut self) {
        self.loops.clear();
        // The first of the plain blocks that end with the current one.
        let mut first_plain = 0;
        for (number, &block) in self.blocks.iter().enumerate() {
            let is_plain = matches!(
                block.ending,
                Ending::Next | Ending::Jump | Ending::Conditional | Ending::ConditionalReturn
            );
            if !is_plain {
                first_plain = number + 1;
            }
            if let Some(head) = self.branch_target(block)
                && (first_plain..=number).contains(&head)
            {
                self.loops.push((head, number));
            }
        }
        self.loops.sort_unstable();
    }

    /// Number of instructions in plain loops.
    pub(super) fn in_plain_loops(&self) -> usize {
        let mut instructions = 0;
        let mut counted = 0;
        for &(head, last) in &self.loops {
            // Loops may be nested, and a block counts once; of a loop inside of another none is
            // left.
            let blocks = self.blocks.get(head.max(counted)..=last).unwrap_or_default();
            instructions += blocks.iter().map(|block| block.end - block.first).sum::<usize>();
            counted = counted.max(last + 1);
        }
        instructions
    }

    /// Number of instructions in basic blocks of `length` instructions or more.
    pub(super) fn in_blocks_of(&self, length: usize) -> usize {
        let lengths = self.blocks.iter().map(|block| block.end - block.first);
        lengths.filter(|&of_block| of_block >= length).sum()
    }
}

#[cfg(test)]
mod tests;
