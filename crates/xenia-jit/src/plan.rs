//! What is compiled together: the function that an address is in, or a piece of it, without what
//! has never run.
//!
//! A function is found by following its branches ([`crate::region`]) from what is known to enter it
//! ([`crate::functions`]), and is cut if it's long ([`crate::pieces`]). Sides of conditional
//! branches that the interpreter has not reached are left out at first; where such
//! a side is reached and warm, the function is compiled again with it, the last time whole. See
//! docs/src/decisions/0094-sides-that-were-never-taken.md.

use crate::config::Granularity;
use crate::functions::MOST_TIMES;
use crate::pieces;
use crate::region::{self, FUNCTION_LIMIT, Reach, Region};
use crate::shared::{ModeCode, Shared};
use crate::starts;
use xenia_guest::GuestAddr;
use xenia_memory::GuestMemory;

/// A region to compile, and what the code cache learns from it once that is decided.
pub(crate) struct Plan {
    pub(crate) region: Region,
    /// The same with all sides of its branches, if some are left out for now.
    whole: Option<Region>,
    /// Where it begins.
    pub(crate) start: u32,
    /// What it is a piece of, if it is.
    pub(crate) piece: Option<PieceOf>,
    /// Addresses that it calls.
    pub(crate) calls: Vec<u32>,
}

/// That a region is a piece of a function.
pub(crate) struct PieceOf {
    /// Where the function starts.
    pub(crate) function: u32,
    /// Entries that it needs beyond those found by following branches.
    entries: Vec<u32>,
}

/// An address that is to have code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Wanted {
    pub(crate) pc: u32,
    /// Whether it has to be an entry.
    pub(crate) as_entry: bool,
}

/// Which starts of blocks between two addresses the interpreter has reached, in order.
pub(crate) type Reached<'a> = &'a dyn Fn(u32, u32) -> Vec<u32>;

/// Instructions of what is compiled beside a piece: from one entry that turned up to the next.
const BESIDE: usize = 48;

/// `plan` is too long to be compiled, of which `fitting` instructions are not: cuts it if it's a
/// piece of a function. How long a region may be now, if it might be `limit` before.
pub(crate) fn shorten(code: &ModeCode, plan: Plan, fitting: usize, limit: usize) -> usize {
    let fitting = fitting.clamp(1, plan.region.instructions.saturating_sub(1).max(1));
    if plan.cut(code, fitting) { limit } else { fitting.min(limit - 1) }
}

impl Plan {
    /// The function that it is a piece of, if it is, and entries of that which no branch leads to.
    pub(crate) fn function(&self) -> Option<(u32, Vec<u32>)> {
        self.piece.as_ref().map(|piece| (piece.function, piece.entries.clone()))
    }

    /// Cuts the piece that it's for into some of `most` instructions at most. False if it stays
    /// whole.
    fn cut(self, code: &ModeCode, most: usize) -> bool {
        let Some(PieceOf { function, entries }) = self.piece else { return false };
        let whole = self.whole.as_ref().unwrap_or(&self.region);
        let mut cut = pieces::cut(whole, most);
        cut.entries.extend(entries);
        code.cache.lock().functions.cut(function, self.start, whole.end(), &cut)
    }
}

impl Shared {
    /// Which sides of the branches between two addresses are compiled. What is compiled at once has
    /// not been run before; of what nobody has run, as when it's compiled ahead, all.
    fn sides(&self, reached: Reached<'_>, from: u32, to: u32) -> Sides {
        if let Some(seed) = self.config.left_out {
            return Sides::Some(seed);
        }
        let reached = if self.config.warm_up > 1 { reached(from, to) } else { Vec::new() };
        if reached.is_empty() { Sides::All } else { Sides::Reached(reached) }
    }

    /// The region of `limit` instructions at most that is compiled for the code at `pc`; an entry
    /// of it if `as_entry`. `None` if there is nothing. A function that is longer is cut on the
    /// way.
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
                page.is_some_and(|page| !code.cache.lock().is_restless(page))
            };
            let choice = Choice { sides: &sides, may_read: &may_read };
            let plan = plan_piece(code, wanted, reached, choice, limit, &mut fetch)?;
            if plan.region.instructions <= limit {
                return Some(plan);
            }
            // Not quite as long as possible: what comes to the limit is often too long once it's lifted.
            if !plan.cut(code, limit * 3 / 4) {
                let reach = Reach::all((pc, pc.saturating_add(4 * limit as u32)), limit);
                let region = region::discover(&[pc], &reach, &mut Vec::new(), &mut fetch)?;
                return Some(Plan { region, whole: None, start: pc, piece: None, calls: Vec::new() });
            }
        }
    }
}

/// Which sides of conditional branches are compiled.
#[derive(Clone, Debug)]
enum Sides {
    All,
    /// Those that the interpreter has reached: starts of blocks, in order.
    Reached(Vec<u32>),
    /// Some, chosen by this number.
    Some(u64),
}

/// What is compiled of what is found.
#[derive(Clone, Copy)]
struct Choice<'a> {
    /// Which sides of the branches between two addresses.
    sides: &'a dyn Fn(u32, u32) -> Sides,
    /// Whether code on a page, by an address in it, may be part of it for the sake of a leaf.
    may_read: &'a dyn Fn(u32) -> bool,
}

impl<'a> Choice<'a> {
    /// All of `bounds`, with the leaves that it calls.
    fn all(self, bounds: (u32, u32), limit: usize) -> Reach<'a> {
        Reach { leaves: Some(self.may_read), ..Reach::all(bounds, limit) }
    }
}

/// What is known of a piece of a function before it's compiled, again perhaps.
struct Before {
    sides: Sides,
    /// What the piece's code covers, if it is there: starts and ends, in order.
    covered: Vec<(u32, u32)>,
}

impl Before {
    fn is_covered(&self, pc: u32) -> bool {
        let before = self.covered.partition_point(|&(start, _)| start <= pc);
        before.checked_sub(1).is_some_and(|last| pc < self.covered[last].1)
    }

    /// The plan to compile `region`, all of a piece from `roots` on: without the sides of branches
    /// that were never taken, if what is wanted is in it then.
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
            Sides::All => true,
            Sides::Reached(starts) => starts.binary_search(&at).is_ok(),
            Sides::Some(seed) => is_chosen(*seed, start, at),
        };
        if matches!(self.sides, Sides::All) {
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

/// Whether a side of a branch at `at` is compiled with the piece that begins at `start`: half of
/// them, of half of the pieces.
fn is_chosen(seed: u64, start: u32, at: u32) -> bool {
    // A step of splitmix64.
    let coin = |salt: u64| {
        let mixed = (seed ^ salt).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        (mixed ^ mixed >> 27) >> 63 == 0
    };
    coin(u64::from(start)) || coin(u64::from(at) << 32 | u64::from(start))
}

/// Reads a guest word; `None` where nothing can be fetched.
type Fetch<'a> = &'a mut dyn FnMut(u32) -> Option<u32>;

/// As [`Shared::plan`], of any length if it is a piece of a function.
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
    // What is compiled for the last time is compiled whole.
    let is_last = place.times + 1 >= MOST_TIMES;
    let sides_here = (choice.sides)(start, place.piece.1.min(end_of_code));
    // A side of a branch that was left out is part of it from now on, but no entry.
    let was_left_out = matches!(sides_here, Sides::Reached(_)) && !covered.is_empty() && !place.is_covered;
    let before = Before { sides: if is_last { Sides::All } else { sides_here }, covered };
    let is_known = |at| known.as_ref().is_some_and(|region| region.contains(at));
    let wanted = Wanted { pc, as_entry: wanted.as_entry && !(was_left_out && is_known(pc)) };
    if let Some(region) = &known {
        let is_entry = region.entries.contains(&pc);
        // What is too long is cut, whether `pc` is in it or not.
        let is_cut = region.instructions > limit;
        if is_entry || region.contains(pc) && !wanted.as_entry || is_cut {
            let piece = PieceOf { function, entries: Vec::new() };
            let before = if is_cut { Before { sides: Sides::All, ..before } } else { before };
            return Some(before.plan(wanted, (known?, calls), (&roots, &reach), (start, piece), fetch));
        }
    }
    // Part of that function only if it lies between its start and the last address that it reaches.
    if pc > function && pc < end_of_code {
        let mut entries = vec![pc];
        // What else has been reached of it and is no part of it yet comes along: the other cases of a
        // switch will be warm soon, and each would have it compiled again.
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
            // What a branch leads to is no case, but part of one.
            let followed = region.followed();
            let (parts, mut cases): (Vec<u32>, Vec<u32>) =
                entries.iter().partition(|&&at| at != pc && followed.contains(&at));
            let mut region = if parts.is_empty() { Some(region) } else { whole(&cases) };
            // But for those that lead to each other alone.
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
    // Of one behind it that nobody named.
    let bounds = known.and_then(|known| starts::bounds_of(pc, &known, place.function.1, fetch));
    if let Some((start, end)) = bounds
        && start != pc
        && code.cache.lock().functions.reaches(start, end)
    {
        return plan_piece(code, wanted, reached, choice, limit, fetch);
    }
    // A function of its own.
    calls.clear();
    let reach = choice.all((pc, place.function.1), FUNCTION_LIMIT);
    let region = region::discover(&[pc], &reach, &mut calls, fetch)?;
    let sides = if region.instructions > limit { Sides::All } else { (choice.sides)(pc, region.end()) };
    let before = Before { sides, covered: Vec::new() };
    let piece = PieceOf { function: pc, entries: Vec::new() };
    Some(before.plan(wanted, (region, calls), (&[pc], &reach), (pc, piece), fetch))
}
