//! What one compilation covers: basic blocks of one guest function, found from its entries.
//!
//! Blocks are followed through direct branches inside the function's bounds. A `bl` is a call: the block
//! after it is an entry, since the callee's return may come from the dispatcher. So are targets of backward branches:
//! whoever goes on in the middle of the function comes to an entry soon. Bounds come from
//! outside where they are known (`.pdata`), else from the targets of calls seen so far; a branch
//! out of them is a tail call.
//!
//! Sides of conditional branches that were never taken may be left out ([`Reach::sides`]); they are ways out of the region then.
//!
//! # Checks of the budget
//! Each block subtracts its instructions. *Check points* compare the budget with [`Block::needs`], the most
//! that any path from there to the next check points can subtract, so it never becomes negative:
//! entries, targets of backward branches, and blocks in between wherever a path would grow longer
//! than [`PATH_LIMIT`]. Every cycle has a backward branch, so the paths between checks are finite.

use std::collections::{BTreeMap, BTreeSet};
use xenia_guest::PAGE_SIZE;
use xenia_isa::{Flag, Instruction, Op, decode};

/// Instructions between two checks of the budget, about: what the interpreter has to finish at most at
/// the end of a visit (more only where one block is longer).
const PATH_LIMIT: u32 = 48;
/// Instructions of one region at most.
pub(crate) const REGION_LIMIT: usize = 4096;
/// Instructions that are looked at as one function: no title has a longer one.
pub(crate) const FUNCTION_LIMIT: usize = 1 << 17;
/// Instructions of one block at most.
const BLOCK_LIMIT: usize = 128;

/// A guest instruction of a region.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Guest {
    pub(crate) pc: u32,
    pub(crate) instruction: Instruction,
    /// `None`: no instruction.
    pub(crate) op: Option<Op>,
}

/// A basic block.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    pub(crate) code: Vec<Guest>,
    /// Whether it begins with a compare of the budget.
    pub(crate) check: bool,
    /// Number of this block as an entry from outside.
    pub(crate) entry: Option<u32>,
    /// See the module's doc.
    pub(crate) needs: u32,
    /// Direct successors inside the region.
    pub(crate) successors: Vec<u32>,
    /// Whether a successor in address order or before it branches back to here.
    pub(crate) is_loop: bool,
}

impl Block {
    /// Address of the first instruction.
    pub(crate) fn start(&self) -> u32 {
        self.code[0].pc
    }

    /// Address after the last instruction.
    pub(crate) fn end(&self) -> u32 {
        self.start().wrapping_add(4 * self.code.len() as u32)
    }

    /// Number of instructions.
    pub(crate) fn len(&self) -> u32 {
        self.code.len() as u32
    }
}

/// The blocks of one compilation, by address.
#[derive(Clone, Debug)]
pub(crate) struct Region {
    pub(crate) blocks: BTreeMap<u32, Block>,
    /// Entries by number; the first is the one the region was made for.
    pub(crate) entries: Vec<u32>,
    /// How many of them, from the first, are wanted by others than this code's own branches and calls.
    pub(crate) roots: usize,
    pub(crate) instructions: usize,
    /// Sides of conditional branches that are no part of it for now.
    pub(crate) left_out: BTreeSet<u32>,
}

impl Region {
    /// Whether the instruction at `pc` is part of it.
    pub(crate) fn contains(&self, pc: u32) -> bool {
        self.blocks.range(..=pc).next_back().is_some_and(|(_, block)| pc < block.end())
    }

    /// The instruction at `pc`, if it is part of it.
    pub(crate) fn word(&self, pc: u32) -> Option<u32> {
        let (&start, block) = self.blocks.range(..=pc).next_back()?;
        Some(block.code.get((pc - start) as usize / 4)?.instruction.0)
    }

    /// The pages that its instructions lie in.
    pub(crate) fn pages(&self) -> BTreeSet<u32> {
        let guests = self.blocks.values().flat_map(|block| &block.code);
        guests.map(|guest| guest.pc & !(PAGE_SIZE - 1)).collect()
    }

    /// Blocks that others of it go on at.
    pub(crate) fn followed(&self) -> BTreeSet<u32> {
        let edges =
            self.blocks.iter().flat_map(|(&from, block)| block.successors.iter().map(move |&to| (from, to)));
        edges.filter(|(from, to)| from != to).map(|(_, to)| to).collect()
    }

    /// Address after the last instruction.
    pub(crate) fn end(&self) -> u32 {
        self.blocks.values().next_back().map_or(0, Block::end)
    }
}

/// How a block's last instruction goes on.
pub(crate) enum End {
    /// Not a terminator.
    None,
    /// Goes to `taken`, or (if conditional) to the next instruction.
    Branch { taken: u32, conditional: bool },
    /// Calls `target`, comes back to the next instruction.
    Call { target: u32 },
    /// Goes to an address in a register; may go on at the next instruction if conditional.
    Indirect { link: bool, conditional: bool },
    /// Ends the block only: the next instruction follows, but state that blocks assume may change.
    Barrier,
    /// Leaves the region after it (or raises).
    Stop,
}

/// Target of an immediate branch.
fn target(pc: u32, i: Instruction, displacement: i64) -> u32 {
    let base = if i.aa() { 0 } else { pc };
    base.wrapping_add(displacement as u32) & !3
}

/// Classifies an instruction's effect on the flow.
pub(crate) fn end_of(pc: u32, op: Option<Op>, i: Instruction) -> End {
    let Some(op) = op else { return End::Stop };
    let always = i.bo() & 0x14 == 0x14;
    match op {
        Op::bx | Op::bcx => {
            let (taken, conditional) =
                if op == Op::bx { (target(pc, i, i.li()), false) } else { (target(pc, i, i.bd()), !always) };
            // A link to the next instruction only fetches the address: no return will match it.
            if i.lk() && taken != pc.wrapping_add(4) {
                End::Call { target: taken }
            } else {
                End::Branch { taken, conditional }
            }
        }
        Op::bclrx | Op::bcctrx => End::Indirect { link: i.lk(), conditional: !always },
        Op::sc => End::Stop,
        // Time base through mfspr, and whatever else a special register may do.
        Op::mfspr if !matches!(i.spr(), 1 | 8 | 9) => End::Barrier,
        Op::mtspr if !matches!(i.spr(), 1 | 8 | 9) => End::Barrier,
        Op::orx if i.is_yield_hint() => End::Barrier,
        _ if op.row().has(Flag::last) => End::Barrier,
        _ => End::None,
    }
}

/// Instructions from `pc` to the end of its basic block, as far as they can be fetched.
pub(crate) fn block_length(pc: u32, fetch: &mut dyn FnMut(u32) -> Option<u32>) -> u32 {
    for count in 0..BLOCK_LIMIT as u32 {
        let at = pc.wrapping_add(4 * count);
        let Some(word) = fetch(at) else { return count.max(1) };
        if !matches!(end_of(at, decode(word), Instruction(word)), End::None) {
            return count + 1;
        }
    }
    BLOCK_LIMIT as u32
}

/// Where a region may lie.
pub(crate) struct Reach<'a> {
    /// The first address, and the one after the last.
    pub(crate) bounds: (u32, u32),
    /// Instructions at most; branches beyond them leave the region.
    pub(crate) limit: usize,
    /// What is left out of it all the same, unless it is a root.
    pub(crate) skips: &'a dyn Fn(u32) -> bool,
    /// Which sides of conditional branches are part of it; `None`: all.
    pub(crate) sides: Option<&'a dyn Fn(u32) -> bool>,
}

impl Reach<'static> {
    /// All of `bounds`.
    pub(crate) fn all(bounds: (u32, u32), limit: usize) -> Self {
        Self { bounds, limit, skips: &|_| false, sides: None }
    }
}

/// What is known of a word.
mod flag {
    /// It is part of the region.
    pub(super) const FOUND: u8 = 1;
    /// A block begins there.
    pub(super) const LEADER: u8 = 2;
    /// It is an entry.
    pub(super) const ENTRY: u8 = 4;
}

/// Flags of the words in a region's bounds.
struct Words {
    from: u32,
    flags: Vec<u8>,
}

impl Words {
    fn new((from, to): (u32, u32)) -> Self {
        let from = from & !3;
        Self { from, flags: vec![0; to.saturating_sub(from).div_ceil(4) as usize] }
    }

    /// Whether all of `flags` are set; none is outside.
    fn has(&self, pc: u32, flags: u8) -> bool {
        let at = pc.wrapping_sub(self.from) / 4;
        self.flags.get(at as usize).is_some_and(|set| set & flags == flags)
    }

    /// Sets `flag`. False if it was set, or `pc` is outside.
    fn set(&mut self, pc: u32, flag: u8) -> bool {
        let at = pc.wrapping_sub(self.from) / 4;
        let Some(flags) = self.flags.get_mut(at as usize) else { return false };
        let is_new = *flags & flag == 0;
        *flags |= flag;
        is_new
    }
}

/// Finds the region that starts at `roots[0]` and has all `roots` as entries, inside of `reach`. `fetch` reads a guest
/// word, `None` where nothing can be fetched. `None` if not even the first instruction can be.
pub(crate) fn discover(
    roots: &[u32],
    reach: &Reach<'_>,
    calls: &mut Vec<u32>,
    fetch: &mut dyn FnMut(u32) -> Option<u32>,
) -> Option<Region> {
    let (from, to) = reach.bounds;
    let inside = |pc: u32| pc >= from && pc < to && !(reach.skips)(pc);
    let mut words = Words::new(reach.bounds);
    let mut guests: Vec<Guest> = Vec::new();
    let mut entries: Vec<u32> = Vec::new();
    // By distance from the first root, which matters most: what the limit cuts off is one piece, in which the next region
    // begins, and not the other sides of branches all over the function.
    let mut work: BTreeSet<u32> = BTreeSet::new();
    let first = roots.first().copied().unwrap_or_default();
    for &root in roots {
        let is_code = root.is_multiple_of(4) && root >= from && root < to && fetch(root).is_some();
        if is_code && words.set(root, flag::LEADER) {
            words.set(root, flag::ENTRY);
            entries.push(root);
            work.insert(root.wrapping_sub(first));
        }
    }
    if entries.is_empty() || entries.first() != roots.first() {
        return None;
    }
    let roots = entries.len();
    let mut edges: Vec<(u32, u32)> = Vec::new();
    let mut left_out: Vec<(u32, u32)> = Vec::new();
    while let Some(distance) = work.pop_first() {
        let start = first.wrapping_add(distance);
        let mut pc = start;
        while (pc == start || inside(pc)) && guests.len() < reach.limit && !words.has(pc, flag::FOUND) {
            let Some(word) = fetch(pc) else { break };
            let instruction = Instruction(word);
            let op = decode(word);
            words.set(pc, flag::FOUND);
            guests.push(Guest { pc, instruction, op });
            let next = pc.wrapping_add(4);
            let mut follow = |to: u32, entry: bool, edge: bool| {
                if !inside(to) {
                    return;
                }
                if edge {
                    edges.push((pc, to));
                }
                if words.set(to, flag::LEADER) {
                    work.insert(to.wrapping_sub(first));
                }
                if entry && words.set(to, flag::ENTRY) {
                    entries.push(to);
                }
            };
            match end_of(pc, op, instruction) {
                End::None => {
                    pc = next;
                    continue;
                }
                End::Branch { taken, conditional } => {
                    for to in [conditional.then_some(next), Some(taken)].into_iter().flatten() {
                        // A loop that is warm before it has ever ended will end.
                        if conditional && taken > pc && reach.sides.is_some_and(|is_part| !is_part(to)) {
                            left_out.push((pc, to));
                        } else {
                            follow(to, false, true);
                        }
                    }
                }
                End::Call { target } => {
                    calls.push(target);
                    follow(next, true, true);
                }
                End::Indirect { link, conditional } => {
                    if link || conditional {
                        follow(next, link, true);
                    }
                }
                End::Barrier => follow(next, true, true),
                End::Stop if op.is_some() => follow(next, true, false),
                End::Stop => {}
            }
            break;
        }
    }
    // What is part of it otherwise is no side that is left out.
    left_out.retain(|&(from, to)| {
        let is_out = !words.has(to, flag::FOUND);
        if !is_out {
            words.set(to, flag::LEADER);
            edges.push((from, to));
        }
        is_out && inside(to)
    });
    let left_out = left_out.into_iter().map(|(_, to)| to).collect();
    guests.sort_unstable_by_key(|guest| guest.pc);
    edges.sort_by_key(|&(from, _)| from);
    // So that whoever comes into the middle of a loop gets into it in its next turn.
    let backward = edges.iter().filter(|(from, to)| to <= from).map(|&(_, to)| to);
    for header in backward.collect::<BTreeSet<u32>>() {
        if words.set(header, flag::ENTRY) {
            entries.push(header);
        }
    }
    let blocks = cut(&guests, &words, &edges);
    let roots = entries[..roots].iter().filter(|pc| blocks.contains_key(pc)).count();
    entries.retain(|pc| blocks.contains_key(pc));
    let mut region = Region { blocks, entries, roots, instructions: guests.len(), left_out };
    for (number, pc) in region.entries.iter().enumerate() {
        if let Some(block) = region.blocks.get_mut(pc) {
            block.entry = Some(number as u32);
            block.check = true;
        }
    }
    place_checks(&mut region.blocks);
    Some(region)
}

/// Cuts the instructions into blocks. They and the edges between them are in order.
fn cut(guests: &[Guest], words: &Words, edges: &[(u32, u32)]) -> BTreeMap<u32, Block> {
    let mut blocks = Vec::new();
    let mut code: Vec<Guest> = Vec::new();
    let mut iter = guests.iter().peekable();
    let mut edges = edges.iter().peekable();
    while let Some(&guest) = iter.next() {
        code.push(guest);
        let next = guest.pc.wrapping_add(4);
        let ends = !matches!(end_of(guest.pc, guest.op, guest.instruction), End::None);
        let follows = iter.peek().is_some_and(|g| g.pc == next);
        if ends || !follows || words.has(next, flag::LEADER) || code.len() >= BLOCK_LIMIT {
            let mut successors = Vec::new();
            while let Some(&(_, to)) = edges.next_if(|(from, _)| *from == guest.pc) {
                if words.has(to, flag::FOUND) {
                    successors.push(to);
                }
            }
            if !ends && follows {
                successors.push(next);
            }
            let block = Block {
                code: std::mem::take(&mut code),
                check: false,
                entry: None,
                needs: 0,
                successors,
                is_loop: false,
            };
            blocks.push((block.start(), block));
        }
    }
    BTreeMap::from_iter(blocks)
}

/// Decides where the budget is compared; see the module's doc.
fn place_checks(blocks: &mut BTreeMap<u32, Block>) {
    let backward: Vec<u32> = blocks
        .values()
        .flat_map(|block| block.successors.iter().copied().filter(|&to| to <= block.start()))
        .collect();
    for to in backward {
        if let Some(block) = blocks.get_mut(&to) {
            block.check = true;
            block.is_loop = true;
        }
    }
    let order: Vec<u32> = blocks.keys().rev().copied().collect();
    for pc in order {
        let block = &blocks[&pc];
        let beyond = block
            .successors
            .iter()
            .filter_map(|to| blocks.get(to))
            .filter(|to| !to.check)
            .map(|to| to.needs)
            .max()
            .unwrap_or(0);
        let needs = block.len() + beyond;
        if let Some(block) = blocks.get_mut(&pc) {
            block.needs = needs;
            block.check |= needs > PATH_LIMIT;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(words: &[u32], roots: &[u32]) -> Region {
        let end = words.len() as u32 * 4;
        let mut fetch = |pc: u32| words.get(pc as usize / 4).copied();
        discover(roots, &Reach::all((0, end), REGION_LIMIT), &mut Vec::new(), &mut fetch).unwrap()
    }

    const ADDI: u32 = 0x3863_0001;
    const BLR: u32 = 0x4E80_0020;

    #[test]
    fn a_loop_header_is_a_check_point_and_splits_its_block() {
        // addi; L: addi; addi; bdnz L; blr
        let r = region(&[ADDI, ADDI, ADDI, 0x4200_FFF8, BLR], &[0]);
        assert_eq!(r.blocks.keys().copied().collect::<Vec<_>>(), [0, 4, 16]);
        assert!(r.blocks[&4].check && r.blocks[&4].is_loop);
        assert_eq!(r.blocks[&4].needs, 4, "three and the blr");
        assert_eq!(r.blocks[&0].needs, 1);
        assert!(!r.blocks[&16].check);
    }

    #[test]
    fn the_instruction_after_a_call_is_an_entry() {
        // bl +8; addi; (target) blr
        let mut calls = Vec::new();
        let words = [0x4800_0009, BLR, BLR];
        let mut fetch = |pc: u32| words.get(pc as usize / 4).copied();
        let r = discover(&[0], &Reach::all((0, 8), REGION_LIMIT), &mut calls, &mut fetch).unwrap();
        assert_eq!(r.entries, [0, 4]);
        assert_eq!(calls, [8]);
        assert!(r.blocks[&4].check);
    }

    #[test]
    fn long_paths_get_checks_in_between() {
        // 40 blocks of addi; beq +8 … none longer than the limit.
        let mut words = Vec::new();
        for _ in 0..40 {
            words.extend([ADDI, ADDI, 0x4182_0008, ADDI]);
        }
        words.push(BLR);
        let r = region(&words, &[0]);
        assert!(r.blocks.values().all(|b| b.needs <= PATH_LIMIT + b.len()));
        assert!(r.blocks.values().filter(|b| b.check).count() > 2);
    }

    #[test]
    fn sides_are_left_out_but_where_a_loop_ends() {
        // L: beq +12; addi; addi; beq +8; addi; bdnz L; addi; blr
        let words = [0x4182_000C, ADDI, ADDI, 0x4182_0008, ADDI, 0x4200_FFEC, ADDI, BLR];
        let mut fetch = |pc: u32| words.get(pc as usize / 4).copied();
        let is_part = |pc: u32| pc == 12 || pc == 20;
        let reach = Reach { sides: Some(&is_part), ..Reach::all((0, 32), REGION_LIMIT) };
        let r = discover(&[0], &reach, &mut Vec::new(), &mut fetch).unwrap();
        assert_eq!(r.blocks.keys().copied().collect::<Vec<_>>(), [0, 12, 20, 24]);
        assert_eq!(r.left_out.iter().copied().collect::<Vec<_>>(), [4, 16]);
        assert_eq!(r.blocks[&0].successors, [12]);
        // As above, but the first two lead to what the third comes to.
        let words = [0x4182_0010, ADDI, ADDI, 0x4182_0008, ADDI, 0x4200_FFEC, ADDI, BLR];
        let mut fetch = |pc: u32| words.get(pc as usize / 4).copied();
        let reach = Reach { sides: Some(&|pc| pc == 4 || pc == 16), ..Reach::all((0, 32), REGION_LIMIT) };
        let r = discover(&[0], &reach, &mut Vec::new(), &mut fetch).unwrap();
        assert_eq!(r.blocks.keys().copied().collect::<Vec<_>>(), [0, 4, 16, 20, 24]);
        assert_eq!(r.blocks[&4].successors, [16, 20]);
        assert!(r.left_out.is_empty());
    }

    #[test]
    fn what_the_limit_leaves_out_is_one_piece() {
        // 40 of beq +8; addi, a loop around them.
        let mut words: Vec<u32> = [0x4182_0008, ADDI].repeat(40);
        words.extend([0x4200_FEC0, BLR]);
        let end = words.len() as u32 * 4;
        let mut fetch = |pc: u32| words.get(pc as usize / 4).copied();
        for (root, covered) in [(0, 0..20), (40 * 4, 40..60), (75 * 4, 75..82)] {
            let r = discover(&[root], &Reach::all((0, end), 20), &mut Vec::new(), &mut fetch).unwrap();
            let places = r.blocks.values().flat_map(|block| block.code.iter().map(|guest| guest.pc / 4));
            let ahead: Vec<u32> = places.filter(|&at| at >= root / 4).collect();
            assert_eq!(ahead, covered.collect::<Vec<_>>(), "from {root}, as far as its end");
            assert_eq!(r.instructions, 20, "then from the loop's start");
        }
    }

    #[test]
    fn unfetchable_code_ends_a_region_and_is_no_entry() {
        let r = region(&[ADDI, ADDI], &[0]);
        assert_eq!(r.instructions, 2);
        assert!(r.blocks[&0].successors.is_empty());
        let mut nothing = |_| None;
        assert!(discover(&[0], &Reach::all((0, 8), REGION_LIMIT), &mut Vec::new(), &mut nothing).is_none());
    }
}
