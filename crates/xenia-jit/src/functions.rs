//! Known guest functions: their bounds, pieces and entries.
//!
//! Starts come from `.pdata` or are call targets. A function ends at the start of the next one,
//! unless its end was given. A function too long to compile at once is split ([`Cut`]); any other
//! is a single piece.
//!
//! # Bound on compilation
//! The total amount of compiled code is proportional to the amount of guest code, regardless of how
//! it is entered:
//! - Each piece is compiled once, with all the entries that branches need.
//! - If an address that was not a known entry is entered (a case of a switch statement, the target
//!   of a `longjmp`), its piece is compiled again with that address and all code reached meanwhile,
//!   [`MAX_TIMES`] times in all. The same happens when a path that cold-path pruning left out is
//!   reached.
//! - After that the piece is *settled*: only a few instructions are compiled beside it, from such
//!   an address to the next entry.
//! - A change of its code, and each device site found in it, lets a piece be compiled anew.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use xenia_lifter::cfg::ranges::AddressRange;

/// Maximum distance in bytes between a function's start and code that is considered part of it.
const MAX_FUNCTION_REACH: u32 = 1 << 20;
/// Maximum number of compilations of a piece.
pub(crate) const MAX_TIMES: u32 = 3;
/// Maximum number of known functions, besides those from outside; no title has as many.
const MAX_FUNCTIONS: usize = 1 << 20;
/// Maximum number of known pieces and entries of all functions together. Without it, code that is
/// rewritten again and again would add them forever. Above it, functions are compiled up to the
/// limit of a region, and no entries are recorded.
const MAX_LEARNED: usize = 1 << 21;

/// A known function.
#[derive(Clone, Debug, Default)]
struct Function {
    /// Its end, if given from outside.
    end: Option<u32>,
    /// Whether it was given from outside.
    given: bool,
    /// Entries beyond those found by following branches.
    entries: BTreeSet<u32>,
    /// Its pieces, keyed by start address; the first piece may be missing.
    pieces: BTreeMap<u32, Piece>,
    /// Address after the last code that is known to be part of it, even if no branch leads there.
    end_of_code: u32,
}

/// A known piece of a function.
#[derive(Clone, Copy, Debug, Default)]
struct Piece {
    /// The region of its last compilation, if any.
    region: Option<u32>,
    /// Number of compilations since its code changed.
    times: u32,
}

/// A split of a region (`plan/pieces.rs`).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Cut {
    /// Start addresses of all pieces but the first, in order.
    pub(crate) borders: Vec<u32>,
    /// Addresses at which one piece enters another.
    pub(crate) entries: Vec<u32>,
}

/// The function that a region is a piece of.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct PieceOf {
    /// Start address of the function.
    pub(crate) function: u32,
    /// Entries beyond those found by following branches.
    pub(crate) entries: Vec<u32>,
}

/// The function and piece that contain an address.
#[derive(Clone, Debug)]
pub(crate) struct FunctionPlace {
    /// Bounds of the function.
    pub(crate) function: AddressRange,
    /// Address after the last code that is known to be part of it, even if no branch leads there.
    pub(crate) end_of_code: u32,
    /// Bounds of the piece.
    pub(crate) piece: AddressRange,
    /// Known entries of the piece; the function's start is first, if the piece contains it.
    pub(crate) roots: Vec<u32>,
    /// Whether the piece's code contains the instruction, though perhaps not as an entry: after a
    /// branch or two, execution is back in compiled code.
    pub(crate) is_covered: bool,
    /// Whether the piece is settled, that is, not compiled again.
    pub(crate) is_settled: bool,
    /// Number of compilations of the piece, if its code still exists.
    pub(crate) times: u32,
}

impl FunctionPlace {
    /// The unit of compilation of the code at `pc`: its piece's start, or `pc` itself if it is
    /// compiled beside a settled piece.
    pub(crate) fn unit(&self, pc: u32) -> u32 {
        if self.is_settled { pc } else { self.piece.start }
    }
}

/// Known functions, keyed by start address.
#[derive(Debug, Default)]
pub(crate) struct Functions {
    by_start: BTreeMap<u32, Function>,
    /// Number of their recorded entries and pieces.
    learned: usize,
}

impl Functions {
    /// Records the start of a function.
    pub(crate) fn add(&mut self, start: u32) {
        if self.by_start.len() < MAX_FUNCTIONS {
            self.by_start.entry(start).or_default();
        }
    }

    /// Records `start` as the function that contains `pc`, if no known one contains either.
    pub(crate) fn add_around(&mut self, start: u32, pc: u32) {
        let is_alone = |at: u32| self.bounds(at).start == at && !self.by_start.contains_key(&at);
        if start < pc && is_alone(start) && is_alone(pc) {
            self.add(start);
        }
    }

    /// Records the bounds of a function given from outside.
    pub(crate) fn set_bounds(&mut self, start: u32, end: Option<u32>) {
        let function = self.by_start.entry(start).or_default();
        function.given = true;
        function.end = end.or(function.end);
    }

    /// The end of the function at `start`, if given from outside.
    pub(crate) fn ends_at(&self, start: u32) -> Option<u32> {
        self.by_start.get(&start)?.end
    }

    /// Bounds of the function that `pc` may belong to. Without a known function nearby, one that
    /// starts at `pc`.
    fn bounds(&self, pc: u32) -> AddressRange {
        let start = match self.by_start.range(..=pc).next_back() {
            Some((&start, _)) if pc - start < MAX_FUNCTION_REACH => start,
            _ => pc,
        };
        let end_of = |start: u32| self.by_start.get(&start).and_then(|function| function.end);
        // Behind a given end lies another function, whose start is not known.
        let start = if end_of(start).is_some_and(|end| pc >= end) { pc } else { start };
        let limit = start.saturating_add(MAX_FUNCTION_REACH);
        let next = self.by_start.range(start.saturating_add(4)..).next().map_or(limit, |(&next, _)| next);
        let end = end_of(start).unwrap_or(next).min(limit).max(pc.saturating_add(4));
        AddressRange { start, end }
    }

    /// Finds the function and piece of `pc`. `covers` returns whether a region covers it, or `None`
    /// if that region no longer exists.
    pub(crate) fn place(&self, pc: u32, covers: impl Fn(u32) -> Option<bool>) -> FunctionPlace {
        let bounds = self.bounds(pc);
        let mut place = FunctionPlace {
            function: bounds,
            end_of_code: 0,
            piece: bounds,
            roots: Vec::new(),
            is_covered: false,
            is_settled: false,
            times: 0,
        };
        let function = self.by_start.get(&bounds.start);
        if let Some(function) = function {
            place.end_of_code = function.end_of_code;
            if let Some((&first, piece)) = function.pieces.range(..=pc).next_back() {
                place.piece.start = first;
                if let Some(covered) = piece.region.and_then(covers) {
                    place.is_covered = covered;
                    place.times = piece.times;
                }
            }
            if let Some((&next, _)) = function.pieces.range(pc.saturating_add(4)..).next() {
                place.piece.end = next.min(bounds.end);
            }
        }
        if place.piece.start == bounds.start {
            place.roots.push(bounds.start);
        }
        let entries = function.iter().flat_map(|f| f.entries.range(place.piece.start..place.piece.end));
        place.roots.extend(entries.filter(|&&at| at != bounds.start));
        place.is_settled = place.times >= MAX_TIMES;
        place
    }

    /// The function at `start`, if the limit allows it another entry or piece.
    fn learn(&mut self, start: u32) -> Option<(&mut Function, &mut usize)> {
        let function = self.by_start.get_mut(&start)?;
        (self.learned < MAX_LEARNED).then_some((function, &mut self.learned))
    }

    /// Records an entry of the function at `start`.
    pub(crate) fn add_entry(&mut self, start: u32, pc: u32) {
        if let Some((function, learned)) = self.learn(start) {
            *learned += usize::from(function.entries.insert(pc));
        }
    }

    /// Splits the piece at `piece` of the function at `start`, whose code ends at `end`. Returns
    /// false if the piece stays whole.
    pub(crate) fn cut(&mut self, start: u32, piece: u32, end: u32, cut: &Cut) -> bool {
        self.add(start);
        let Some((function, learned)) = self.learn(start) else { return false };
        let before = function.entries.len() + function.pieces.len();
        function.pieces.entry(piece).or_default();
        let pieces = function.pieces.len();
        for &border in &cut.borders {
            function.pieces.entry(border).or_default();
        }
        function.entries.extend(&cut.entries);
        function.end_of_code = function.end_of_code.max(end);
        *learned += function.entries.len() + function.pieces.len() - before;
        function.pieces.len() > pieces
    }

    /// Records that the function at `start` has code up to `end`. Returns false if that was known,
    /// or cannot be recorded.
    pub(crate) fn reaches(&mut self, start: u32, end: u32) -> bool {
        self.add(start);
        let Some(function) = self.by_start.get_mut(&start) else { return false };
        let is_new = end > function.end_of_code;
        function.end_of_code = function.end_of_code.max(end);
        is_new
    }

    /// The region of the last compilation of the piece around `pc`.
    pub(crate) fn region_at(&self, pc: u32) -> Option<u32> {
        let function = self.by_start.get(&self.bounds(pc).start)?;
        function.pieces.range(..=pc).next_back()?.1.region
    }

    /// Whether the piece at `piece` of the function at `start` was compiled before.
    pub(crate) fn was_compiled(&self, start: u32, piece: u32) -> bool {
        let piece = self.by_start.get(&start).and_then(|function| function.pieces.get(&piece));
        piece.is_some_and(|piece| piece.region.is_some())
    }

    /// Records the compilation of the piece at `piece` of the function at `start`.
    pub(crate) fn record_compilation(&mut self, start: u32, piece: u32, region: u32) {
        if let Some((function, learned)) = self.learn(start) {
            *learned += usize::from(!function.pieces.contains_key(&piece));
            let piece = function.pieces.entry(piece).or_default();
            piece.region = Some(region);
            piece.times = piece.times.saturating_add(1);
        }
    }

    /// Lets the piece around `pc` be compiled again: its code has changed, or ends elsewhere now.
    pub(crate) fn allow_recompilation(&mut self, pc: u32) {
        let start = self.bounds(pc).start;
        let function = self.by_start.get_mut(&start);
        if let Some((_, piece)) = function.and_then(|f| f.pieces.range_mut(..=pc).next_back()) {
            piece.times = 0;
        }
    }

    /// Forgets learned functions, entries and pieces at addresses that `is_gone` accepts. Otherwise
    /// they would cut the functions that are loaded there next.
    pub(crate) fn forget_at(&mut self, is_gone: &dyn Fn(u32) -> bool) {
        self.learned = 0;
        self.by_start.retain(|&start, function| {
            if !function.given && is_gone(start) {
                return false;
            }
            function.entries.retain(|&pc| !is_gone(pc));
            function.pieces.retain(|&pc, _| !is_gone(pc));
            if is_gone(function.end_of_code.saturating_sub(4)) {
                function.end_of_code = 0;
            }
            self.learned += function.entries.len() + function.pieces.len();
            true
        });
    }

    /// Forgets all functions and data that were not given from outside.
    pub(crate) fn forget(&mut self) {
        self.by_start.retain(|_, function| function.given);
        for function in self.by_start.values_mut() {
            *function = Function { end: function.end, given: true, ..Function::default() };
        }
        self.learned = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Splits the 16 KiB from `start` at every 4 KiB, with an entry at every word.
    fn cut(start: u32) -> Cut {
        let borders = (1..4).map(|n| start + n * 0x1000).collect();
        Cut { borders, entries: (0..0x1000).map(|n| start + 4 * n).collect() }
    }

    #[test]
    fn a_piece_has_the_entries_inside_of_it() {
        let mut functions = Functions::default();
        functions.set_bounds(0x1_0000, Some(0x2_0000));
        assert!(functions.cut(0x1_0000, 0x1_0000, 0x1_4000, &cut(0x1_0000)));
        let place = functions.place(0x1_1004, |_| None);
        assert_eq!(place.function, (0x1_0000..0x2_0000).into());
        assert_eq!(place.piece, (0x1_1000..0x1_2000).into());
        assert_eq!((place.roots.first(), place.roots.len()), (Some(&0x1_1000), 0x400));
        let first = functions.place(0x1_0FFC, |_| None);
        assert_eq!((first.piece, first.roots.len()), ((0x1_0000..0x1_1000).into(), 0x400));
        assert_eq!(functions.place(0x1_FFFC, |_| None).piece, (0x1_3000..0x2_0000).into());
    }

    #[test]
    fn a_function_is_found_around_code_that_none_contains() {
        let start_of = |functions: &Functions, pc| functions.place(pc, |_| None).function.start;
        let mut functions = Functions::default();
        functions.set_bounds(0x1000, Some(0x1100));
        functions.add_around(0x10F0, 0x1140);
        assert_eq!(start_of(&functions, 0x1140), 0x1140, "it would begin inside of another function");
        functions.add_around(0x1120, 0x1140);
        functions.add_around(0x1130, 0x1140);
        assert_eq!(start_of(&functions, 0x1140), 0x1120);
        assert_eq!(start_of(&functions, 0x1134), 0x1120);
        functions.add_around(0, 0x1080);
        assert_eq!(start_of(&functions, 0x1080), 0x1000);
    }

    #[test]
    fn a_piece_is_settled_once_it_was_compiled_often_and_until_its_code_changes() {
        let mut functions = Functions::default();
        functions.add(0x1000);
        let settled = |functions: &Functions, lives: Option<bool>| {
            let place = functions.place(0x1010, |_| lives);
            assert_eq!(place.unit(0x1010), if place.is_settled { 0x1010 } else { 0x1000 });
            place.is_settled
        };
        for region in 0..MAX_TIMES {
            assert!(!settled(&functions, Some(true)));
            functions.record_compilation(0x1000, 0x1000, region);
        }
        assert!(settled(&functions, Some(true)));
        assert!(!settled(&functions, None), "its region is gone");
        functions.allow_recompilation(0x1010);
        assert!(!settled(&functions, Some(true)));
    }

    #[test]
    fn what_was_learned_of_code_that_is_gone_is_forgotten() {
        let mut functions = Functions::default();
        functions.set_bounds(0x1000, None);
        functions.cut(0x1000, 0x1000, 0x5000, &cut(0x1000));
        functions.add(0x1100);
        functions.add(0x1200);
        functions.add_entry(0x1200, 0x2010);
        functions.add(0x6000);
        functions.add_entry(0x6000, 0x6010);
        functions.forget_at(&|pc| pc < 0x6000);
        let place = functions.place(0x1204, |_| None);
        assert_eq!((place.function, place.end_of_code), ((0x1000..0x6000).into(), 0));
        assert_eq!((place.piece, place.roots), ((0x1000..0x6000).into(), vec![0x1000]));
        assert_eq!(functions.place(0x6004, |_| None).roots, [0x6000, 0x6010]);
        assert_eq!(functions.learned, 1);
    }

    #[test]
    fn learned_entries_and_pieces_are_bounded() {
        let mut functions = Functions::default();
        let cuts =
            (0..2000).take_while(|n| functions.cut(n * 0x4000, n * 0x4000, u32::MAX, &cut(n * 0x4000)));
        assert_eq!(cuts.count(), MAX_LEARNED.div_ceil(0x1000 + 4));
        functions.forget();
        assert!(functions.cut(0, 0, u32::MAX, &cut(0)));
    }
}
