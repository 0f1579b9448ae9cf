//! Splitting of functions that are too long to compile at once.
//!
//! A piece is an address range, compiled separately once it is hot. Pieces continue in each other
//! through entries: each branch target in another piece is an entry of that piece. All these
//! entries are known at the split, so no piece has to be recompiled for one found later. Splits are
//! placed where few branches cross, that is, between loops rather than inside them.

use crate::functions::Cut;
use xenia_lifter::cfg::region::Region;

/// A part of a block, or all of it if it is short enough.
struct Stretch {
    start: u32,
    length: usize,
    /// Number of branches that cross its start.
    crossed: i32,
}

/// The code of a region in stretches, in order.
struct Stretches {
    stretches: Vec<Stretch>,
    /// Branches: indices of the source and the target.
    edges: Vec<(usize, usize)>,
}

impl Stretches {
    /// Cuts the blocks of a region into stretches of at most `most` instructions.
    fn of(region: &Region, most: usize) -> Self {
        let mut stretches: Vec<Stretch> = Vec::new();
        // Branches: index of the source stretch, target address.
        let mut edges: Vec<(usize, u32)> = Vec::new();
        for block in region.blocks.values() {
            for (number, code) in block.own().chunks(most).enumerate() {
                let start = block.start().wrapping_add((4 * number * most) as u32);
                // A block that is cut continues in its next part.
                if number != 0 {
                    edges.push((stretches.len() - 1, start));
                }
                stretches.push(Stretch { start, length: code.len(), crossed: 0 });
            }
            let last = stretches.len() - 1;
            edges.extend(block.successors.iter().map(|&to| (last, to)));
        }
        let edges = edges
            .into_iter()
            .filter_map(|(from, to)| Some((from, stretches.binary_search_by_key(&to, |s| s.start).ok()?)))
            .collect();
        let mut made = Self { stretches, edges };
        made.count_crossings();
        made
    }

    /// Counts the branches that cross the start of each stretch.
    fn count_crossings(&mut self) {
        for &(from, to) in &self.edges {
            // A branch crosses the starts from after its first end to its second; the prefix sum of
            // these changes is the number of crossings.
            let first = from.min(to) + 1;
            let second = from.max(to) + 1;
            for (at, change) in [(first, 1), (second, -1)] {
                if let Some(stretch) = self.stretches.get_mut(at) {
                    stretch.crossed += change;
                }
            }
        }
        let mut crossed = 0;
        for stretch in &mut self.stretches {
            crossed += stretch.crossed;
            stretch.crossed = crossed;
        }
    }

    /// Index of the stretch at which the piece that begins with the stretch `from` ends; `None` if
    /// it has all that are left. A piece has at most `most` instructions.
    fn end_of_piece(&self, from: usize, most: usize) -> Option<usize> {
        self.stretches.get(from)?;
        let mut length = 0;
        let mut best = None;
        let mut at = from;
        while at < self.stretches.len() && length + self.stretches[at].length <= most {
            length += self.stretches[at].length;
            at += 1;
            let next = self.stretches.get(at)?;
            if 2 * length >= most && best.is_none_or(|(crossed, _)| next.crossed <= crossed) {
                best = Some((next.crossed, at));
            }
        }
        // No stretch reaches half if the following one is long.
        Some(best.map_or(at, |(_, to)| to))
    }
}

/// Splits `region` into pieces of at most `most` instructions and, except for the last, at least
/// half as many.
pub(crate) fn cut(region: &Region, most: usize) -> Cut {
    let most = most.max(1);
    let all = Stretches::of(region, most);
    let mut borders = Vec::new();
    // Piece number of each stretch.
    let mut pieces = vec![0; all.stretches.len()];
    let mut from = 0;
    while let Some(to) = all.end_of_piece(from, most) {
        pieces[from..to].fill(borders.len());
        borders.push(all.stretches[to].start);
        from = to;
    }
    pieces[from..].fill(borders.len());
    let mut entries: Vec<u32> = all
        .edges
        .iter()
        .filter(|&&(from, to)| pieces[from] != pieces[to])
        .map(|&(_, to)| all.stretches[to].start)
        .collect();
    entries.sort_unstable();
    entries.dedup();
    Cut { borders, entries }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xenia_isa::word::BLR;
    use xenia_lifter::cfg::region::{Reach, discover};

    const ADDI: u32 = 0x3863_0001;

    fn cut_words(words: &[u32], most: usize) -> Cut {
        let mut fetch = |pc: u32| words.get(pc as usize / 4).copied();
        let reach = Reach::all(0..words.len() as u32 * 4, usize::MAX);
        cut(&discover(&[0], &reach, &mut fetch).unwrap(), most)
    }

    #[test]
    fn straight_code_is_cut_inside_its_blocks() {
        let mut words = vec![ADDI; 99];
        words.push(BLR);
        assert_eq!(cut_words(&words, 30).borders, [120, 240, 360]);
        assert_eq!(cut_words(&words, 30).entries, [120, 240, 360]);
        assert_eq!(cut_words(&words, 1).borders.len(), 99);
        assert_eq!(cut_words(&words, 100), Cut { borders: vec![], entries: vec![] });
    }

    #[test]
    fn a_cut_lies_between_loops_and_what_crosses_it_is_an_entry() {
        // A `beq` over everything, and two loops of 20 and 10 instructions.
        let mut words = vec![0x4182_0084, ADDI];
        words.extend([ADDI; 19]);
        words.push(0x4200_FFB4);
        words.extend([ADDI; 9]);
        words.push(0x4200_FFDC);
        words.extend([ADDI, BLR]);
        // Between the loops, at 22: only the `beq` crosses there, as it does everywhere.
        let cut = cut_words(&words, 30);
        assert_eq!(cut.borders, [22 * 4]);
        assert_eq!(cut.entries, [22 * 4, 33 * 4]);
    }
}
