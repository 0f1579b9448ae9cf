//! Compilation planning: selects the region to compile for an address.
//!
//! The region is the function that contains the address, or a piece of it, after cold-path pruning.
//! A function is found by following its branches ([`region`]) from its known entries
//! ([`functions`]), and is split if it is too long ([`pieces`]). Targets of conditional branches
//! that the interpreter has not reached are left out at first. When such a target is reached and
//! becomes hot, the function is compiled again with it; the last compilation includes all paths.
//! See docs/src/decisions/0026-when-code-is-compiled.md.

pub(crate) mod functions;
mod pieces;

use crate::config::Granularity;
use crate::plan::functions::MOST_TIMES;
use crate::runtime::shared::{ModeCode, Shared};
use xenia_guest::GuestAddr;
use xenia_lifter::cfg::function_bounds;
use xenia_lifter::cfg::region::{self, FUNCTION_LIMIT, Reach, Region};
use xenia_memory::GuestMemory;

/// A region to compile, with the data that the code cache records once the decision is made.
pub(crate) struct Plan {
    pub(crate) region: Region,
    /// The region without cold-path pruning, if pruning left paths out.
    whole: Option<Region>,
    /// Start address of the region.
    pub(crate) start: u32,
    /// The function of which it is a piece, if any.
    pub(crate) piece: Option<PieceOf>,
    /// Targets of its calls.
    pub(crate) calls: Vec<u32>,
}

/// The function of which a region is a piece.
pub(crate) struct PieceOf {
    /// Start address of the function.
    pub(crate) function: u32,
    /// Entries beyond those found by following branches.
    entries: Vec<u32>,
}

/// An address that needs compiled code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Wanted {
    pub(crate) pc: u32,
    /// Whether it must be an entry.
    pub(crate) as_entry: bool,
}

/// The starts of blocks between two addresses that the interpreter has reached, in order.
pub(crate) type Reached<'a> = &'a dyn Fn(u32, u32) -> Vec<u32>;

/// Maximum number of instructions of code compiled beside a settled piece, from a new entry to the
/// next known one.
const BESIDE: usize = 48;

/// Handles a `plan` that is too long to compile, of which `fitting` instructions would fit: splits
/// the piece if it can. Returns the new limit of a region's length; the old one is `limit`.
pub(crate) fn split_or_shrink(code: &ModeCode, plan: Plan, fitting: usize, limit: usize) -> usize {
    let fitting = fitting.clamp(1, plan.region.instructions.saturating_sub(1).max(1));
    if plan.cut(code, fitting) { limit } else { fitting.min(limit - 1) }
}

impl Plan {
    /// The function of which it is a piece, if any, and the entries of that function that no branch
    /// leads to.
    pub(crate) fn function(&self) -> Option<(u32, Vec<u32>)> {
        self.piece.as_ref().map(|piece| (piece.function, piece.entries.clone()))
    }

    /// Splits its piece into pieces of at most `most` instructions. Returns false if the piece
    /// stays whole.
    fn cut(self, code: &ModeCode, most: usize) -> bool {
        let Some(PieceOf { function, entries }) = self.piece else { return false };
        let whole = self.whole.as_ref().unwrap_or(&self.region);
        let mut cut = pieces::cut(whole, most);
        cut.entries.extend(entries);
        code.cache.lock().functions.cut(function, self.start, whole.end(), &cut)
    }
}

impl Shared {
    /// Paths to compile between two addresses. All paths are compiled if code is compiled at its
    /// first execution, or ahead of time, since then no path has run yet.
    fn sides(&self, reached: Reached<'_>, from: u32, to: u32) -> PathFilter {
        if let Some(seed) = self.config.left_out {
            return PathFilter::Some(seed);
        }
        let reached = if self.config.warm_up > 1 { reached(from, to) } else { Vec::new() };
        if reached.is_empty() { PathFilter::All } else { PathFilter::Reached(reached) }
    }

    /// Selects the region of at most `limit` instructions for the code at `pc`; `pc` is an entry of
    /// it if `as_entry`. Splits a function that is longer. Returns `None` if there is no code.
    pub(crate) fn plan(
        &self,
        code: &ModeCode,
        wanted: Wanted,
        reached: Reached<'_>,
        limit: usize,
    ) -> Option<Plan> {
        let pc = wanted.pc;
        let mut fetch = |pc: u32| self.memory.fetch_u32(pc).ok();
        let length = match self.config.granularity {
            Granularity::Function => None,
            Granularity::Block => Some(region::block_length(pc, &mut fetch)),
            Granularity::Instruction => Some(1),
        };
        if let Some(length) = length {
            let reach = Reach::all((pc, pc.saturating_add(4 * length)), limit);
            let region = region::discover(&[pc], &reach, &mut Vec::new(), &mut fetch)?;
            return Some(Plan { region, whole: None, start: pc, piece: None, calls: Vec::new() });
        }
        loop {
            let sides = |from, to| self.sides(reached, from, to);
            let may_read = |pc: u32| {
                let page = GuestMemory::page_index(GuestAddr(pc));
                page.is_some_and(|page| !code.cache.lock().is_volatile(page))
            };
            let choice = Choice { sides: &sides, may_read: &may_read };
            let plan = plan_piece(code, wanted, reached, choice, limit, &mut fetch)?;
            if plan.region.instructions <= limit {
                return Some(plan);
            }
            // Below the limit, since a region at the limit is often too long once it is lifted.
            if !plan.cut(code, limit * 3 / 4) {
                let reach = Reach::all((pc, pc.saturating_add(4 * limit as u32)), limit);
                let region = region::discover(&[pc], &reach, &mut Vec::new(), &mut fetch)?;
                return Some(Plan { region, whole: None, start: pc, piece: None, calls: Vec::new() });
            }
        }
    }
}

/// Cold-path pruning: which targets of conditional branches are compiled.
#[derive(Clone, Debug)]
enum PathFilter {
    All,
    /// Those that the interpreter has reached: starts of blocks, in order.
    Reached(Vec<u32>),
    /// For tests: a pseudorandom subset with this seed.
    Some(u64),
}

/// Options of region discovery.
#[derive(Clone, Copy)]
struct Choice<'a> {
    /// The paths to compile between two addresses.
    sides: &'a dyn Fn(u32, u32) -> PathFilter,
    /// Inlining of leaves: whether code on a page, given by an address in it, may be read.
    may_read: &'a dyn Fn(u32) -> bool,
}

impl<'a> Choice<'a> {
    /// All of `bounds`, with the leaf functions that it calls inlined.
    fn all(self, bounds: (u32, u32), limit: usize) -> Reach<'a> {
        Reach { leaves: Some(self.may_read), ..Reach::all(bounds, limit) }
    }
}

/// State of a piece of a function before it is compiled, perhaps again.
struct Before {
    sides: PathFilter,
    /// Address ranges that the piece's current code covers, in order; empty if it has none.
    covered: Vec<(u32, u32)>,
}

impl Before {
    fn is_covered(&self, pc: u32) -> bool {
        let before = self.covered.partition_point(|&(start, _)| start <= pc);
        before.checked_sub(1).is_some_and(|last| pc < self.covered[last].1)
    }

    /// Plans to compile `region`, the whole piece found from `roots`. Cold paths are pruned if the
    /// wanted address is still in it then.
    fn plan(
        &self,
        wanted: Wanted,
        (region, calls): (Region, Vec<u32>),
        (roots, reach): (&[u32], &Reach<'_>),
        (start, piece): (u32, PieceOf),
        fetch: Fetch<'_>,
    ) -> Plan {
        let Wanted { pc, as_entry } = wanted;
        let plan = |region, whole, calls| Plan { region, whole, start, piece: Some(piece), calls };
        let is_side = |at: u32| match &self.sides {
            PathFilter::All => true,
            PathFilter::Reached(starts) => starts.binary_search(&at).is_ok(),
            PathFilter::Some(seed) => is_chosen(*seed, start, at),
        };
        if matches!(self.sides, PathFilter::All) {
            return plan(region, None, calls);
        }
        let is_part = |at: u32| at == pc || is_side(at) || self.is_covered(at);
        let reach = Reach { sides: Some(&is_part), ..*reach };
        let mut fewer = Vec::new();
        let has_it =
            |narrow: &Region| if as_entry { narrow.entries.contains(&pc) } else { narrow.contains(pc) };
        match region::discover(roots, &reach, &mut fewer, fetch).filter(has_it) {
            Some(narrow) => plan(narrow, Some(region), fewer),
            None => plan(region, None, calls),
        }
    }
}

/// Whether the branch target `at` is compiled with the piece at `start`: pseudorandomly half of the
/// targets, in half of the pieces.
fn is_chosen(seed: u64, start: u32, at: u32) -> bool {
    // One step of splitmix64.
    let coin = |salt: u64| {
        let mixed = (seed ^ salt).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        (mixed ^ mixed >> 27) >> 63 == 0
    };
    coin(u64::from(start)) || coin(u64::from(at) << 32 | u64::from(start))
}

/// Reads a guest word; `None` if it cannot be fetched.
type Fetch<'a> = &'a mut dyn FnMut(u32) -> Option<u32>;

/// As [`Shared::plan`], but a piece of a function may have any length.
fn plan_piece(
    code: &ModeCode,
    wanted: Wanted,
    reached: Reached<'_>,
    choice: Choice<'_>,
    limit: usize,
    fetch: Fetch<'_>,
) -> Option<Plan> {
    let pc = wanted.pc;
    let (place, covered) = {
        let cache = code.cache.lock();
        (cache.place(pc), cache.covered_at(pc).to_vec())
    };
    let mut calls = Vec::new();
    if place.is_settled && (wanted.as_entry || !place.is_covered) {
        let has_code = |pc| code.entries.offset(pc) != 0;
        let reach = Reach { skips: &has_code, ..choice.all(place.function, BESIDE.min(limit)) };
        let region = region::discover(&[pc], &reach, &mut calls, fetch)?;
        return Some(Plan { region, whole: None, start: pc, piece: None, calls });
    }
    let (function, start) = (place.function.0, place.piece.0);
    let reach = choice.all(place.piece, FUNCTION_LIMIT);
    let mut roots = place.roots;
    let mut end_of_code = place.end_of_code;
    let known = region::discover(&roots, &reach, &mut calls, fetch);
    end_of_code = end_of_code.max(known.as_ref().map_or(0, Region::end));
    // The last compilation includes all paths.
    let is_last = place.times + 1 >= MOST_TIMES;
    let sides_here = (choice.sides)(start, place.piece.1.min(end_of_code));
    // A pruned path becomes part of the region, but not an entry.
    let was_pruned = matches!(sides_here, PathFilter::Reached(_)) && !covered.is_empty() && !place.is_covered;
    let before = Before { sides: if is_last { PathFilter::All } else { sides_here }, covered };
    let is_known = |at| known.as_ref().is_some_and(|region| region.contains(at));
    let wanted = Wanted { pc, as_entry: wanted.as_entry && !(was_pruned && is_known(pc)) };
    if let Some(region) = &known {
        let is_entry = region.entries.contains(&pc);
        // A region that is too long is split, whether it contains `pc` or not.
        let is_cut = region.instructions > limit;
        if is_entry || region.contains(pc) && !wanted.as_entry || is_cut {
            let piece = PieceOf { function, entries: Vec::new() };
            let before = if is_cut { Before { sides: PathFilter::All, ..before } } else { before };
            return Some(before.plan(wanted, (known?, calls), (&roots, &reach), (start, piece), fetch));
        }
    }
    // The address is part of this function only if it is between its start and its last known
    // address.
    if pc > function && pc < end_of_code {
        let mut entries = vec![pc];
        // Includes all other reached code that is not part of the region yet: the other cases of a
        // switch statement will be hot soon, and each would cost another compilation.
        let others = reached(start, place.piece.1.min(end_of_code));
        entries.extend(others.into_iter().filter(|&at| at != pc && !is_known(at)));
        let known_roots = roots.len();
        let mut whole = |entries: &[u32]| {
            roots.truncate(known_roots);
            roots.extend(entries);
            calls.clear();
            region::discover(&roots, &reach, &mut calls, fetch)
        };
        if let Some(region) = whole(&entries).filter(|region| region.entries.contains(&pc)) {
            // The target of a branch is not a case but part of one.
            let followed = region.followed();
            let (parts, mut cases): (Vec<u32>, Vec<u32>) =
                entries.iter().partition(|&&at| at != pc && followed.contains(&at));
            let mut region = if parts.is_empty() { Some(region) } else { whole(&cases) };
            // Except for blocks that are reachable only from each other.
            let is_in = |at: u32| region.as_ref().is_some_and(|region| region.contains(at));
            let lost: Vec<u32> = parts.into_iter().filter(|&at| !is_in(at)).collect();
            if !lost.is_empty() {
                cases.extend(lost);
                region = whole(&cases);
            }
            let piece = PieceOf { function, entries: cases };
            return Some(before.plan(wanted, (region?, calls), (&roots, &reach), (start, piece), fetch));
        }
    }
    // The address may be in an unknown function after this one.
    let bounds = known.and_then(|known| function_bounds::bounds_of(pc, &known, place.function.1, fetch));
    if let Some((start, end)) = bounds
        && start != pc
        && code.cache.lock().functions.reaches(start, end)
    {
        return plan_piece(code, wanted, reached, choice, limit, fetch);
    }
    // Otherwise it starts a function.
    calls.clear();
    let reach = choice.all((pc, place.function.1), FUNCTION_LIMIT);
    let region = region::discover(&[pc], &reach, &mut calls, fetch)?;
    let sides = if region.instructions > limit { PathFilter::All } else { (choice.sides)(pc, region.end()) };
    let before = Before { sides, covered: Vec::new() };
    let piece = PieceOf { function: pc, entries: Vec::new() };
    Some(before.plan(wanted, (region, calls), (&[pc], &reach), (pc, piece), fetch))
}
