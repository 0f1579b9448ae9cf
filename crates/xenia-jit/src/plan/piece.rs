//! Planning of a piece of a function: finds the piece that contains an address, and the cold paths
//! to prune from it.
//!
//! The address is one of the following, in this order:
//! 1. code beside a settled piece, from the address to the next known entry;
//! 2. code that the known entries of its piece reach;
//! 3. code of its function that no branch reaches, such as the case of a switch statement: an entry
//!    more;
//! 4. code of a function that a scan of the words before it reveals;
//! 5. the start of a function.

use super::{CodeRequest, Plan, Reached};
use crate::functions::{FunctionPlace, MAX_TIMES, PieceOf};
use crate::shared::ModeCode;
use xenia_lifter::cfg::function_bounds;
use xenia_lifter::cfg::ranges::{AddressRange, AddressRanges};
use xenia_lifter::cfg::region::{self, Fetch, MAX_FUNCTION_LENGTH, Reach, Region};

/// Maximum number of instructions of code compiled beside a settled piece, from a new entry to the
/// next known one.
const MAX_BESIDE: usize = 48;

/// Cold-path pruning: which targets of conditional branches are compiled.
#[derive(Clone, Debug)]
pub(super) enum PathFilter {
    All,
    /// Targets that the interpreter has reached: starts of blocks, in order.
    Reached(Vec<u32>),
    /// For tests: a pseudorandom subset with this seed.
    Some(u64),
}

impl PathFilter {
    /// Whether the branch target `at` of the piece at `start` is compiled.
    fn allows(&self, start: u32, at: u32) -> bool {
        match self {
            Self::All => true,
            Self::Reached(starts) => starts.binary_search(&at).is_ok(),
            Self::Some(seed) => is_chosen(*seed, start, at),
        }
    }
}

/// Whether the branch target `at` is compiled with the piece at `start`: pseudorandomly half of the
/// targets, in half of the pieces.
fn is_chosen(seed: u64, start: u32, at: u32) -> bool {
    // The top bit of the first half of SplitMix64's step.
    let coin = |salt: u64| {
        let mixed = (seed ^ salt).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        (mixed ^ mixed >> 27) >> 63 == 0
    };
    coin(u64::from(start)) || coin(u64::from(at) << 32 | u64::from(start))
}

/// Plans the piece of a function that contains an address; a piece may have any length.
pub(super) struct PiecePlanner<'a> {
    pub(super) code: &'a ModeCode,
    pub(super) wanted: CodeRequest,
    pub(super) reached: Reached<'a>,
    /// The paths to compile between two addresses.
    pub(super) filter: &'a dyn Fn(u32, u32) -> PathFilter,
    /// Inlining of leaves: whether code on a page, given by an address in it, may be read.
    pub(super) may_read: &'a dyn Fn(u32) -> bool,
    /// Number of instructions above which a piece will be split.
    pub(super) limit: usize,
    pub(super) fetch: Fetch<'a>,
}

/// A piece of a function as it was before the requested address.
struct Piece<'a> {
    place: FunctionPlace,
    /// Limits of its region.
    reach: Reach<'a>,
    /// The region that its known entries reach.
    known: Option<Region>,
    /// Address after the last code that is known to be part of the function.
    end_of_code: u32,
    /// Address ranges that its current code covers; empty if it has none.
    covered: AddressRanges,
    filter: PathFilter,
    /// Whether pruned paths are likely: its current code lacks the requested address.
    was_pruned: bool,
}

impl Piece<'_> {
    fn is_known(&self, pc: u32) -> bool {
        self.known.as_ref().is_some_and(|region| region.contains(pc))
    }

    /// The region that `roots` reach, whose cold paths may be pruned. `entries` are the roots that
    /// no branch leads to.
    fn unpruned<'a>(&'a self, region: Region, roots: &'a [u32], entries: Vec<u32>) -> Unpruned<'a> {
        let start = self.place.piece.start;
        let piece = PieceOf { function: self.place.function.start, entries };
        Unpruned {
            region,
            roots,
            reach: &self.reach,
            start,
            piece,
            filter: &self.filter,
            covered: &self.covered,
        }
    }
}

/// A region whose cold paths may be pruned.
struct Unpruned<'a> {
    region: Region,
    /// The roots that it was found from, and its limits.
    roots: &'a [u32],
    reach: &'a Reach<'a>,
    /// Start address of the piece.
    start: u32,
    piece: PieceOf,
    filter: &'a PathFilter,
    /// Address ranges that the piece's current code covers, which stay.
    covered: &'a AddressRanges,
}

impl<'a> PiecePlanner<'a> {
    /// Returns `None` if there is no code.
    pub(super) fn plan(mut self) -> Option<Plan> {
        loop {
            let (place, covered) = {
                let cache = self.code.cache.lock();
                (cache.place(self.wanted.pc), cache.covered_at(self.wanted.pc))
            };
            if place.is_settled && (self.wanted.as_entry || !place.is_covered) {
                return self.plan_beside(&place);
            }
            let piece = self.piece_of(place, covered);
            // A pruned path becomes part of the region, but not an entry.
            self.wanted.as_entry &= !(piece.was_pruned && piece.is_known(self.wanted.pc));
            if self.known_region_decides(&piece) {
                return self.plan_known(piece);
            }
            if let Some(plan) = self.plan_with_entry(&piece) {
                return Some(plan);
            }
            // If it does, the known end has grown, so the next round finds the address before it.
            if !self.reveals_function(&piece) {
                return self.plan_new_function(piece.place.function.end);
            }
        }
    }

    /// The limits of a region: all of `bounds`, with the leaf functions that it calls inlined.
    fn reach(&self, bounds: AddressRange, limit: usize) -> Reach<'a> {
        Reach { leaves: Some(self.may_read), ..Reach::all(bounds, limit) }
    }

    fn discover(&mut self, roots: &[u32], reach: &Reach<'_>) -> Option<Region> {
        region::discover(roots, reach, self.fetch)
    }

    /// Plans the code from the address to the next known entry.
    fn plan_beside(&mut self, place: &FunctionPlace) -> Option<Plan> {
        let entries = &self.code.entries;
        let has_code = |pc| entries.offset(pc) != 0;
        let reach = Reach { skips: &has_code, ..self.reach(place.function, MAX_BESIDE.min(self.limit)) };
        let pc = self.wanted.pc;
        Some(Plan::alone(self.discover(&[pc], &reach)?, pc))
    }

    fn piece_of(&mut self, place: FunctionPlace, covered: AddressRanges) -> Piece<'a> {
        let reach = self.reach(place.piece, MAX_FUNCTION_LENGTH);
        let known = self.discover(&place.roots, &reach);
        let end_of_code = place.end_of_code.max(known.as_ref().map_or(0, Region::end));
        let filter = (self.filter)(place.piece.start, place.piece.end.min(end_of_code));
        let was_pruned =
            matches!(filter, PathFilter::Reached(_)) && !covered.ranges().is_empty() && !place.is_covered;
        // The last compilation includes all paths.
        let filter = if place.times + 1 >= MAX_TIMES { PathFilter::All } else { filter };
        Piece { place, reach, known, end_of_code, covered, filter, was_pruned }
    }

    /// Whether the known region of the piece decides the plan: it has the address, or it is too
    /// long and will be split.
    fn known_region_decides(&self, piece: &Piece<'_>) -> bool {
        let CodeRequest { pc, as_entry } = self.wanted;
        piece.known.as_ref().is_some_and(|region| {
            region.entries.contains(&pc)
                || region.contains(pc) && !as_entry
                || region.instructions > self.limit
        })
    }

    fn plan_known(&mut self, mut piece: Piece<'_>) -> Option<Plan> {
        let region = piece.known.take()?;
        if region.instructions > self.limit {
            piece.filter = PathFilter::All;
        }
        Some(self.prune(piece.unpruned(region, &piece.place.roots, Vec::new())))
    }

    /// Plans the piece with the address as an entry more, if it lies between the start of the
    /// function and its last known address.
    fn plan_with_entry(&mut self, piece: &Piece<'_>) -> Option<Plan> {
        let pc = self.wanted.pc;
        if pc <= piece.place.function.start || pc >= piece.end_of_code {
            return None;
        }
        // Includes all other reached code that is not part of the region yet: the other cases of a
        // switch statement will be hot soon, and each would cost another compilation.
        let bounds = piece.place.piece;
        let others = (self.reached)(bounds.start, bounds.end.min(piece.end_of_code));
        let others = others.into_iter().filter(|&at| at != pc && !piece.is_known(at));
        let entries: Vec<u32> = std::iter::once(pc).chain(others).collect();
        let mut roots = [&piece.place.roots[..], &entries].concat();
        let mut region = self.discover(&roots, &piece.reach).filter(|region| region.entries.contains(&pc))?;
        // The target of a branch is not a case but part of one.
        let followed = region.followed();
        let (parts, mut cases): (Vec<u32>, Vec<u32>) =
            entries.into_iter().partition(|at| *at != pc && followed.contains(at));
        if !parts.is_empty() {
            roots = [&piece.place.roots[..], &cases].concat();
            region = self.discover(&roots, &piece.reach)?;
        }
        // Except for blocks that are reachable only from each other.
        let lost: Vec<u32> = parts.into_iter().filter(|&at| !region.contains(at)).collect();
        if !lost.is_empty() {
            cases.extend(lost);
            roots = [&piece.place.roots[..], &cases].concat();
            region = self.discover(&roots, &piece.reach)?;
        }
        Some(self.prune(piece.unpruned(region, &roots, cases)))
    }

    /// Whether a scan of the code before the address reveals a function that contains it and was
    /// not known to reach so far.
    fn reveals_function(&mut self, piece: &Piece<'_>) -> bool {
        let pc = self.wanted.pc;
        let Some(known) = &piece.known else { return false };
        let bounds = function_bounds::bounds_of(pc, known, piece.place.function.end, self.fetch);
        bounds.is_some_and(|AddressRange { start, end }| {
            start != pc && self.code.cache.lock().functions.reaches(start, end)
        })
    }

    /// Plans a function that starts at the address and ends before `end`.
    fn plan_new_function(&mut self, end: u32) -> Option<Plan> {
        let pc = self.wanted.pc;
        let reach = self.reach(AddressRange { start: pc, end }, MAX_FUNCTION_LENGTH);
        let region = self.discover(&[pc], &reach)?;
        let is_split = region.instructions > self.limit;
        let filter = &if is_split { PathFilter::All } else { (self.filter)(pc, region.end()) };
        let piece = PieceOf { function: pc, entries: Vec::new() };
        let covered = &AddressRanges::default();
        Some(self.prune(Unpruned { region, roots: &[pc], reach: &reach, start: pc, piece, filter, covered }))
    }

    /// Plans a region without its cold paths, or with them if the address lies on one.
    fn prune(&mut self, whole: Unpruned<'_>) -> Plan {
        let CodeRequest { pc, as_entry } = self.wanted;
        let is_part =
            |at: u32| at == pc || whole.filter.allows(whole.start, at) || whole.covered.contains(at);
        let has_it =
            |region: &Region| if as_entry { region.entries.contains(&pc) } else { region.contains(pc) };
        let narrow = if matches!(whole.filter, PathFilter::All) {
            None
        } else {
            let reach = Reach { sides: Some(&is_part), ..*whole.reach };
            self.discover(whole.roots, &reach).filter(has_it)
        };
        let Unpruned { region, start, piece, .. } = whole;
        let (region, whole) = match narrow {
            Some(narrow) => (narrow, Some(region)),
            None => (region, None),
        };
        Plan { region, whole, start, piece: Some(piece) }
    }
}
