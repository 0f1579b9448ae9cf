//! What is known of guest functions: where they begin and end, their pieces, and what enters them.
//!
//! Starts come from outside (`.pdata`) or are where calls lead; a function ends where the next one
//! starts, if nobody said where. One that is too long to be compiled at once is cut
//! ([`crate::pieces`]); one that isn't is a single piece.
//!
//! # How much is compiled
//! No more than in proportion to how much code there is, whoever enters it where:
//! - Each piece is compiled once, with all the entries that branches need.
//! - Where an address turns up that nothing said was an entry (a case of a switch, the target of a
//!   `longjmp`), its piece is compiled again with that and all that was reached of it meanwhile,
//!   [`MOST_TIMES`] times in all. So it is where a side of a branch is reached that was left out,
//!   as nobody had taken it.
//! - Then the piece is *settled*, and a few instructions are compiled beside it, from such an
//!   address to the next entry.

use crate::pieces::Cut;
use std::collections::{BTreeMap, BTreeSet};

/// Guest bytes between a function's start and code that is taken for part of it.
const FUNCTION_REACH: u32 = 1 << 20;
/// How often a piece is compiled.
pub(crate) const MOST_TIMES: u32 = 3;
/// Functions that are known at most, beside those that came from outside: more than any title has.
const MOST_FUNCTIONS: usize = 1 << 20;
/// Pieces and entries that are known at most, of all functions together. Code that is rewritten
/// again and again could make ever more; beyond, functions are compiled as far as a region goes,
/// and no entry is kept.
const MOST_LEARNED: usize = 1 << 21;

/// What is known of a function.
#[derive(Clone, Debug, Default)]
struct Function {
    /// Its end, if that came from outside.
    end: Option<u32>,
    /// Whether it came from outside.
    given: bool,
    /// Entries that it needs beyond those found by following branches.
    entries: BTreeSet<u32>,
    /// Its pieces by their first addresses; the first need not be there.
    pieces: BTreeMap<u32, Piece>,
    /// After the last address that is known to be part of it though no branch may lead there.
    end_of_code: u32,
}

/// What is known of a piece of a function.
#[derive(Clone, Copy, Debug, Default)]
struct Piece {
    /// The region that it was compiled to last, if any.
    region: Option<u32>,
    /// How often it was compiled since its code changed.
    times: u32,
}

/// Where an address belongs.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// Where its function starts, and what is after that.
    pub(crate) function: (u32, u32),
    /// After the last address that is known to be part of it though no branch may lead there.
    pub(crate) end_of_code: u32,
    /// Bounds of its piece.
    pub(crate) piece: (u32, u32),
    /// Known entries of the piece; the function's start first, if it is in it.
    pub(crate) roots: Vec<u32>,
    /// Whether the instruction is part of the piece's code, though perhaps no entry of it: the next
    /// branch or two lead back into compiled code.
    pub(crate) is_covered: bool,
    /// Whether the piece isn't compiled again.
    pub(crate) is_settled: bool,
    /// How often the piece was compiled, if its code is still there.
    pub(crate) times: u32,
}

impl Place {
    /// What the code at `pc` is compiled with: its piece, by its start, or itself if it's compiled
    /// beside that.
    pub(crate) fn unit(&self, pc: u32) -> u32 {
        if self.is_settled { pc } else { self.piece.0 }
    }
}

/// Functions by their starts.
#[derive(Debug, Default)]
pub(crate) struct Functions {
    by_start: BTreeMap<u32, Function>,
    /// How many entries and pieces they have.
    learned: usize,
}

impl Functions {
    /// Notes that a function starts at `start`.
    pub(crate) fn add(&mut self, start: u32) {
        if self.by_start.len() < MOST_FUNCTIONS {
            self.by_start.entry(start).or_default();
        }
    }

    /// Notes the bounds of a function that came from outside.
    pub(crate) fn give(&mut self, start: u32, end: Option<u32>) {
        let function = self.by_start.entry(start).or_default();
        function.given = true;
        function.end = end.or(function.end);
    }

    /// Where the function at `start` ends, if that came from outside.
    pub(crate) fn ends_at(&self, start: u32) -> Option<u32> {
        self.by_start.get(&start)?.end
    }

    /// The function that `pc` may belong to, and where it ends. With none known nearby, one that
    /// starts at `pc`.
    fn bounds(&self, pc: u32) -> (u32, u32) {
        let start = match self.by_start.range(..=pc).next_back() {
            Some((&start, _)) if pc - start < FUNCTION_REACH => start,
            _ => pc,
        };
        let end_of = |start: u32| self.by_start.get(&start).and_then(|function| function.end);
        let start = if end_of(start).is_some_and(|end| pc >= end) { pc } else { start };
        let limit = start.saturating_add(FUNCTION_REACH);
        let next = self.by_start.range(start.saturating_add(4)..).next().map_or(limit, |(&next, _)| next);
        (start, end_of(start).unwrap_or(next).min(limit).max(pc.saturating_add(4)))
    }

    /// Where `pc` belongs. `covers` says whether a region covers it, `None` if that region is no
    /// more.
    pub(crate) fn place(&self, pc: u32, covers: impl Fn(u32) -> Option<bool>) -> Place {
        let (start, end) = self.bounds(pc);
        let (mut from, mut to) = (start, end);
        let (mut is_covered, mut times) = (false, 0);
        let mut roots = Vec::new();
        let function = self.by_start.get(&start);
        if let Some(function) = function {
            if let Some((&first, piece)) = function.pieces.range(..=pc).next_back() {
                from = first;
                if let Some(covered) = piece.region.and_then(covers) {
                    (is_covered, times) = (covered, piece.times);
                }
            }
            if let Some((&next, _)) = function.pieces.range(pc.saturating_add(4)..).next() {
                to = next.min(end);
            }
        }
        if from == start {
            roots.push(start);
        }
        roots.extend(function.iter().flat_map(|f| f.entries.range(from..to)).filter(|&&at| at != start));
        let end_of_code = function.map_or(0, |function| function.end_of_code);
        let is_settled = times >= MOST_TIMES;
        Place { function: (start, end), end_of_code, piece: (from, to), roots, is_covered, is_settled, times }
    }

    /// The function at `start`, if what is learned of it can be kept.
    fn learn(&mut self, start: u32) -> Option<(&mut Function, &mut usize)> {
        let function = self.by_start.get_mut(&start)?;
        (self.learned < MOST_LEARNED).then_some((function, &mut self.learned))
    }

    /// Notes that the function at `start` is also entered at `pc`.
    pub(crate) fn add_entry(&mut self, start: u32, pc: u32) {
        if let Some((function, learned)) = self.learn(start) {
            *learned += usize::from(function.entries.insert(pc));
        }
    }

    /// Cuts the piece of the function at `start` which begins at `piece`, and whose code ends with
    /// `end`. False if it stays whole.
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

    /// Notes that the function which begins at `start` has code up to `end`. False if that was
    /// known, or can't be kept.
    pub(crate) fn reaches(&mut self, start: u32, end: u32) -> bool {
        self.add(start);
        let Some(function) = self.by_start.get_mut(&start) else { return false };
        let is_new = end > function.end_of_code;
        function.end_of_code = function.end_of_code.max(end);
        is_new
    }

    /// The region that the piece around `pc` was compiled to last.
    pub(crate) fn region_at(&self, pc: u32) -> Option<u32> {
        let function = self.by_start.get(&self.bounds(pc).0)?;
        function.pieces.range(..=pc).next_back()?.1.region
    }

    /// Whether the piece of the function at `start` which begins at `piece` has been a region
    /// before.
    pub(crate) fn was_compiled(&self, start: u32, piece: u32) -> bool {
        let piece = self.by_start.get(&start).and_then(|function| function.pieces.get(&piece));
        piece.is_some_and(|piece| piece.region.is_some())
    }

    /// Notes that the piece of the function at `start` which begins at `piece` has become a region.
    pub(crate) fn compiled(&mut self, start: u32, piece: u32, region: u32) {
        if let Some((function, learned)) = self.learn(start) {
            *learned += usize::from(!function.pieces.contains_key(&piece));
            let piece = function.pieces.entry(piece).or_default();
            (piece.region, piece.times) = (Some(region), piece.times.saturating_add(1));
        }
    }

    /// Notes that the code around `pc` has changed: what it is now may need other entries.
    pub(crate) fn changed(&mut self, pc: u32) {
        let (start, _) = self.bounds(pc);
        let function = self.by_start.get_mut(&start);
        if let Some((_, piece)) = function.and_then(|f| f.pieces.range_mut(..=pc).next_back()) {
            piece.times = 0;
        }
    }

    /// Forgets what did not come from outside.
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

    /// A cut of the 16 KiB from `start` on at every 4 KiB, and with an entry at every word.
    fn cut(start: u32) -> Cut {
        let borders = (1..4).map(|n| start + n * 0x1000).collect();
        Cut { borders, entries: (0..0x1000).map(|n| start + 4 * n).collect() }
    }

    #[test]
    fn a_piece_has_the_entries_inside_of_it() {
        let mut functions = Functions::default();
        functions.give(0x1_0000, Some(0x2_0000));
        assert!(functions.cut(0x1_0000, 0x1_0000, 0x1_4000, &cut(0x1_0000)));
        let place = functions.place(0x1_1004, |_| None);
        assert_eq!((place.function, place.piece), ((0x1_0000, 0x2_0000), (0x1_1000, 0x1_2000)));
        assert_eq!((place.roots.first(), place.roots.len()), (Some(&0x1_1000), 0x400));
        let first = functions.place(0x1_0FFC, |_| None);
        assert_eq!((first.piece, first.roots.len()), ((0x1_0000, 0x1_1000), 0x400));
        assert_eq!(functions.place(0x1_FFFC, |_| None).piece, (0x1_3000, 0x2_0000));
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
        for region in 0..MOST_TIMES {
            assert!(!settled(&functions, Some(true)));
            functions.compiled(0x1000, 0x1000, region);
        }
        assert!(settled(&functions, Some(true)));
        assert!(!settled(&functions, None), "its region is gone");
        functions.changed(0x1010);
        assert!(!settled(&functions, Some(true)));
    }

    #[test]
    fn what_is_learned_is_bounded() {
        let mut functions = Functions::default();
        let cuts =
            (0..2000).take_while(|n| functions.cut(n * 0x4000, n * 0x4000, u32::MAX, &cut(n * 0x4000)));
        assert_eq!(cuts.count(), MOST_LEARNED.div_ceil(0x1000 + 4));
        functions.forget();
        assert!(functions.cut(0, 0, u32::MAX, &cut(0)));
    }
}
