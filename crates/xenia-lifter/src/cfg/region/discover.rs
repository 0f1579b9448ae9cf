//! Region discovery: builds the control-flow graph from the entries, within the bounds of
//! [`Reach`].
//!
//! A `bl` is a call: the block after it is an entry, since the callee may return through the
//! dispatcher. Targets of backward branches are entries as well, so that code that resumes in the
//! middle of the function soon reaches one. A branch out of the bounds is a tail call. Cold-path
//! pruning may leave out targets of conditional branches that were never taken ([`Reach::sides`]);
//! they become region exits.

use super::terminator::{Terminator, end_of};
use super::{BLOCK_LIMIT, Block, Guest, Region, checks};
use crate::transform::inlining::{CallKind, Inliner};
use std::collections::{BTreeMap, BTreeSet};
use xenia_isa::{Instruction, Op, decode};

/// Limits of a region.
pub struct Reach<'a> {
    /// The first address, and the address after the last.
    pub bounds: (u32, u32),
    /// Maximum number of instructions; branches past them leave the region.
    pub limit: usize,
    /// Addresses to leave out, except for roots.
    pub skips: &'a dyn Fn(u32) -> bool,
    /// Cold-path pruning: whether a target of a conditional branch is part of the region. `None`:
    /// all are.
    pub sides: Option<&'a dyn Fn(u32) -> bool>,
    /// Inlining of leaf functions: whether a leaf's page, given by an address in it, may be read.
    /// `None`: no calls are inlined.
    pub leaves: Option<&'a dyn Fn(u32) -> bool>,
}

impl Reach<'static> {
    /// All instructions of `bounds`, with neither pruning nor inlining.
    pub fn all(bounds: (u32, u32), limit: usize) -> Self {
        Self { bounds, limit, skips: &|_| false, sides: None, leaves: None }
    }
}

/// Flags of a word.
mod flag {
    /// The word is part of the region.
    pub(super) const FOUND: u8 = 1;
    /// A block begins at the word.
    pub(super) const LEADER: u8 = 2;
    /// The word is an entry.
    pub(super) const ENTRY: u8 = 4;
}

/// Flags of the words in a region's bounds, allocated up to the last word with a flag: the bounds
/// of a small function may be a mebibyte.
struct Words {
    from: u32,
    /// Number of words in the bounds.
    count: usize,
    flags: Vec<u8>,
}

impl Words {
    fn new((from, to): (u32, u32)) -> Self {
        let from = from & !3;
        Self { from, count: to.saturating_sub(from).div_ceil(4) as usize, flags: Vec::new() }
    }

    /// Whether all of `flags` are set; no flags are set outside the bounds.
    fn has(&self, pc: u32, flags: u8) -> bool {
        let at = pc.wrapping_sub(self.from) / 4;
        self.flags.get(at as usize).is_some_and(|set| set & flags == flags)
    }

    /// Sets `flag`. Returns false if it was already set or `pc` is outside the bounds.
    fn set(&mut self, pc: u32, flag: u8) -> bool {
        let at = (pc.wrapping_sub(self.from) / 4) as usize;
        if at >= self.count {
            return false;
        }
        if at >= self.flags.len() {
            self.flags.resize(at + 1, 0);
        }
        let is_new = self.flags[at] & flag == 0;
        self.flags[at] |= flag;
        is_new
    }
}

/// Discovers the region with all `roots` as entries, the first of which is its start, within
/// `reach`. `fetch` reads a guest word, or returns `None` if it cannot be fetched. `calls` receives
/// the targets of calls. Returns `None` if the first root cannot be fetched.
pub fn discover(
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
    // Visits blocks by their distance from the first root, which matters most. So the limit cuts
    // off one contiguous piece, where the next region begins, and not branch targets all over the
    // function.
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
    let mut pruned_targets: Vec<(u32, u32)> = Vec::new();
    let mut inliner = Inliner::new(reach.leaves);
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
                Terminator::None => {
                    pc = next;
                    continue;
                }
                Terminator::Branch { taken, conditional } => {
                    for to in [conditional.then_some(next), Some(taken)].into_iter().flatten() {
                        // Both sides of a backward branch are followed: a hot loop that has not
                        // ended yet will end.
                        if conditional && taken > pc && reach.sides.is_some_and(|is_part| !is_part(to)) {
                            pruned_targets.push((pc, to));
                        } else {
                            follow(to, false, true);
                        }
                    }
                    if !conditional && !instruction.lk() && !inside(taken) {
                        inliner.take(pc, (taken, CallKind::Jump), fetch);
                    }
                }
                Terminator::Call { target } => {
                    calls.push(target);
                    let is_replaced = op == Some(Op::bx) && inliner.take(pc, (target, CallKind::Call), fetch);
                    follow(next, !is_replaced, true);
                }
                Terminator::Indirect { link, conditional } => {
                    if link || conditional {
                        follow(next, link, true);
                    }
                }
                Terminator::Barrier => follow(next, true, true),
                Terminator::Stop if op.is_some() => follow(next, true, false),
                Terminator::Stop => {}
            }
            break;
        }
    }
    // A pruned target that is part of the region through another edge is not pruned.
    pruned_targets.retain(|&(from, to)| {
        let is_out = !words.has(to, flag::FOUND);
        if !is_out {
            words.set(to, flag::LEADER);
            edges.push((from, to));
        }
        is_out && inside(to)
    });
    let pruned_targets = pruned_targets.into_iter().map(|(_, to)| to).collect();
    guests.sort_unstable_by_key(|guest| guest.pc);
    edges.sort_by_key(|&(from, _)| from);
    // Loop headers become entries, so that code that resumes in the middle of a loop enters the
    // region in the next iteration.
    let backward = edges.iter().filter(|(from, to)| to <= from).map(|&(_, to)| to);
    for header in backward.collect::<BTreeSet<u32>>() {
        if words.set(header, flag::ENTRY) {
            entries.push(header);
        }
    }
    let blocks = cut(&guests, (&words, &edges), &inliner);
    let roots = entries[..roots].iter().filter(|pc| blocks.contains_key(pc)).count();
    entries.retain(|pc| blocks.contains_key(pc));
    let mut region = Region { blocks, entries, roots, instructions: guests.len(), pruned_targets };
    for (number, pc) in region.entries.iter().enumerate() {
        if let Some(block) = region.blocks.get_mut(pc) {
            block.entry = Some(number as u32);
            block.check = true;
        }
    }
    checks::place(&mut region.blocks);
    Some(region)
}

/// Splits the instructions into basic blocks. Instructions and edges must be in order.
fn cut(
    guests: &[Guest],
    (words, edges): (&Words, &[(u32, u32)]),
    inliner: &Inliner<'_>,
) -> BTreeMap<u32, Block> {
    let mut blocks = Vec::new();
    let mut first = 0;
    let mut edges = edges.iter().peekable();
    for (place, &guest) in guests.iter().enumerate() {
        let code = &guests[first..=place];
        let next = guest.pc.wrapping_add(4);
        let ends = !matches!(end_of(guest.pc, guest.op, guest.instruction), Terminator::None);
        let follows = guests.get(place + 1).is_some_and(|g| g.pc == next);
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
                code: [code, inliner.at(guest.pc)].concat(),
                own: code.len(),
                check: false,
                entry: None,
                needs: 0,
                successors,
                is_loop: false,
            };
            blocks.push((block.start(), block));
            first = place + 1;
        }
    }
    BTreeMap::from_iter(blocks)
}
