//! Region discovery: builds the control-flow graph from the entries, within the bounds of
//! [`Reach`].
//!
//! A `bl` is a call: the block after it is an entry, since the callee may return through the
//! dispatcher. Targets of backward branches are entries as well, so that code that resumes in the
//! middle of the function soon reaches one. A branch out of the bounds is a tail call. Cold-path
//! pruning may leave out targets of conditional branches that were never taken ([`Reach::sides`]);
//! they become region exits.

use super::inlining::{CallKind, Inliner};
use super::terminator::{Terminator, end_of};
use super::{Block, Guest, MAX_BLOCK_LENGTH, Region, checks};
use crate::cfg::ranges::AddressRange;
use std::collections::{BTreeMap, BTreeSet};
use xenia_isa::{Instruction, Op, decode};

/// Limits of a region.
pub struct Reach<'a> {
    /// The addresses that it may contain.
    pub bounds: AddressRange,
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
    pub fn all(bounds: impl Into<AddressRange>, limit: usize) -> Self {
        Self { bounds: bounds.into(), limit, skips: &|_| false, sides: None, leaves: None }
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
    fn new(bounds: AddressRange) -> Self {
        let from = bounds.start & !3;
        Self { from, count: bounds.end.saturating_sub(from).div_ceil(4) as usize, flags: Vec::new() }
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

/// Reads a guest word; `None` if it cannot be fetched.
pub type Fetch<'a> = &'a mut dyn FnMut(u32) -> Option<u32>;

/// A direct branch, or the step to the next instruction, by the addresses of both instructions.
#[derive(Clone, Copy, Debug)]
struct Edge {
    from: u32,
    to: u32,
}

/// Discovers the region with all `roots` as entries, the first of which is its start, within
/// `reach`. Returns `None` if the first root cannot be fetched.
pub fn discover(roots: &[u32], reach: &Reach<'_>, fetch: Fetch<'_>) -> Option<Region> {
    let mut walk = Walk::new(reach, *roots.first()?);
    for &root in roots {
        walk.add_root(root, fetch);
    }
    if walk.entries.first() != roots.first() {
        return None;
    }
    let roots = walk.entries.len();
    while let Some(distance) = walk.work.pop_first() {
        walk.visit_block(walk.first.wrapping_add(distance), fetch);
    }
    walk.keep_pruned_edges_that_leave();
    walk.guests.sort_unstable_by_key(|guest| guest.pc);
    walk.edges.sort_by_key(|edge| edge.from);
    walk.make_loop_headers_entries();
    Some(walk.into_region(roots))
}

/// A walk over the code that the roots of a region reach.
struct Walk<'a> {
    reach: &'a Reach<'a>,
    /// The first root.
    first: u32,
    words: Words,
    guests: Vec<Guest>,
    entries: Vec<u32>,
    /// Blocks to visit, by their distance from the first root, which matters most. So the limit
    /// cuts off one contiguous piece, where the next region begins, and not branch targets all over
    /// the function.
    work: BTreeSet<u32>,
    edges: Vec<Edge>,
    /// Edges that cold-path pruning does not follow.
    pruned: Vec<Edge>,
    calls: Vec<u32>,
    inliner: Inliner<'a>,
}

impl<'a> Walk<'a> {
    fn new(reach: &'a Reach<'a>, first: u32) -> Self {
        Self {
            reach,
            first,
            words: Words::new(reach.bounds),
            guests: Vec::new(),
            entries: Vec::new(),
            work: BTreeSet::new(),
            edges: Vec::new(),
            pruned: Vec::new(),
            calls: Vec::new(),
            inliner: Inliner::new(reach.leaves),
        }
    }

    /// Whether a branch to `pc` stays in the region.
    fn is_inside(&self, pc: u32) -> bool {
        self.reach.bounds.contains(pc) && !(self.reach.skips)(pc)
    }

    fn add_root(&mut self, root: u32, fetch: Fetch<'_>) {
        let is_code = root.is_multiple_of(4) && self.reach.bounds.contains(root) && fetch(root).is_some();
        if is_code && self.words.set(root, flag::LEADER) {
            self.words.set(root, flag::ENTRY);
            self.entries.push(root);
            self.work.insert(root.wrapping_sub(self.first));
        }
    }

    /// Adds the instructions from `start` to the first terminator, or to one found before.
    fn visit_block(&mut self, start: u32, fetch: Fetch<'_>) {
        let mut pc = start;
        // A root may be an address that the region leaves out otherwise.
        while (pc == start || self.is_inside(pc))
            && self.guests.len() < self.reach.limit
            && !self.words.has(pc, flag::FOUND)
        {
            let Some(word) = fetch(pc) else { return };
            let guest = Guest { pc, instruction: Instruction(word), op: decode(word) };
            self.words.set(pc, flag::FOUND);
            self.guests.push(guest);
            let terminator = end_of(pc, guest.op, guest.instruction);
            if !matches!(terminator, Terminator::None) {
                self.follow_terminator(guest, &terminator, fetch);
                return;
            }
            pc = pc.wrapping_add(4);
        }
    }

    /// Follows the edges of `last`, a block's terminator.
    fn follow_terminator(&mut self, last: Guest, terminator: &Terminator, fetch: Fetch<'_>) {
        let pc = last.pc;
        let next = Edge { from: pc, to: pc.wrapping_add(4) };
        match *terminator {
            Terminator::Branch { taken, conditional: true } => {
                self.follow_side(next, taken);
                self.follow_side(Edge { from: pc, to: taken }, taken);
            }
            Terminator::Branch { taken, conditional: false } => {
                self.follow(Edge { from: pc, to: taken });
                if !last.instruction.lk() && !self.is_inside(taken) {
                    self.inliner.inline(pc, taken, CallKind::Jump, fetch);
                }
            }
            Terminator::Call { target } => {
                self.calls.push(target);
                self.follow(next);
                // Not a conditional call, after which the block may go on without the leaf.
                if last.op != Some(Op::bx) || !self.inliner.inline(pc, target, CallKind::Call, fetch) {
                    self.make_entry(next.to);
                }
            }
            Terminator::Indirect { link: true, .. } | Terminator::Barrier => {
                self.follow(next);
                self.make_entry(next.to);
            }
            Terminator::Indirect { link: false, conditional: true } => self.follow(next),
            // The guest goes on after `sc`, but not after an invalid word.
            Terminator::Stop if last.op.is_some() => {
                self.make_leader(next.to);
                self.make_entry(next.to);
            }
            Terminator::None | Terminator::Stop | Terminator::Indirect { .. } => {}
        }
    }

    /// Follows one side of a conditional branch to `taken`, unless it is pruned. Both sides of a
    /// backward branch are followed: a hot loop that has not ended yet will end.
    fn follow_side(&mut self, side: Edge, taken: u32) {
        if taken > side.from && self.reach.sides.is_some_and(|is_part| !is_part(side.to)) {
            self.pruned.push(side);
        } else {
            self.follow(side);
        }
    }

    fn follow(&mut self, edge: Edge) {
        if self.is_inside(edge.to) {
            self.edges.push(edge);
            self.make_leader(edge.to);
        }
    }

    fn make_leader(&mut self, pc: u32) {
        if self.is_inside(pc) && self.words.set(pc, flag::LEADER) {
            self.work.insert(pc.wrapping_sub(self.first));
        }
    }

    fn make_entry(&mut self, pc: u32) {
        if self.is_inside(pc) && self.words.set(pc, flag::ENTRY) {
            self.entries.push(pc);
        }
    }

    /// Moves pruned edges to code that the region contains by another path to the region's edges.
    fn keep_pruned_edges_that_leave(&mut self) {
        let (found, pruned): (Vec<Edge>, Vec<Edge>) = std::mem::take(&mut self.pruned)
            .into_iter()
            .partition(|edge| self.words.has(edge.to, flag::FOUND));
        for edge in found {
            self.words.set(edge.to, flag::LEADER);
            self.edges.push(edge);
        }
        self.pruned = pruned.into_iter().filter(|edge| self.is_inside(edge.to)).collect();
    }

    /// Makes targets of backward branches entries, so that code that resumes in the middle of a
    /// loop enters the region in the next iteration.
    fn make_loop_headers_entries(&mut self) {
        let backward = self.edges.iter().filter(|edge| edge.to <= edge.from).map(|edge| edge.to);
        for header in backward.collect::<BTreeSet<u32>>() {
            if self.words.set(header, flag::ENTRY) {
                self.entries.push(header);
            }
        }
    }

    /// The region of all that was found, of whose entries the first `roots` are roots.
    /// Instructions and edges must be in order.
    fn into_region(mut self, roots: usize) -> Region {
        let blocks = self.blocks();
        // The limit may have cut off some of them.
        let roots = self.entries[..roots].iter().filter(|pc| blocks.contains_key(pc)).count();
        self.entries.retain(|pc| blocks.contains_key(pc));
        let mut region = Region {
            blocks,
            entries: self.entries,
            roots,
            instructions: self.guests.len(),
            pruned_targets: self.pruned.iter().map(|edge| edge.to).collect(),
            calls: self.calls,
        };
        for (number, pc) in region.entries.iter().enumerate() {
            if let Some(block) = region.blocks.get_mut(pc) {
                block.entry = Some(number as u32);
                block.check = true;
            }
        }
        checks::place(&mut region.blocks);
        region
    }

    /// Splits the instructions into basic blocks.
    fn blocks(&self) -> BTreeMap<u32, Block> {
        let mut blocks = BTreeMap::new();
        let mut first = 0;
        let mut edges = self.edges.iter().peekable();
        for (place, &guest) in self.guests.iter().enumerate() {
            let code = &self.guests[first..=place];
            let next = guest.pc.wrapping_add(4);
            let ends = !matches!(end_of(guest.pc, guest.op, guest.instruction), Terminator::None);
            let follows = self.guests.get(place + 1).is_some_and(|g| g.pc == next);
            let is_last = ends || !follows || self.words.has(next, flag::LEADER);
            if !is_last && code.len() < MAX_BLOCK_LENGTH {
                continue;
            }
            let mut successors = Vec::new();
            while let Some(edge) = edges.next_if(|edge| edge.from == guest.pc) {
                if self.words.has(edge.to, flag::FOUND) {
                    successors.push(edge.to);
                }
            }
            if !ends && follows {
                successors.push(next);
            }
            let block = Block {
                code: [code, self.inliner.code_at(guest.pc)].concat(),
                own: code.len(),
                check: false,
                entry: None,
                needs: 0,
                successors,
                is_loop: false,
            };
            blocks.insert(block.start(), block);
            first = place + 1;
        }
        blocks
    }
}
