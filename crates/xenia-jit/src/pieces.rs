//! Where a function is cut that is too long to be compiled at once.
//!
//! A piece is a range of addresses, and is compiled by itself once it is warm. Pieces go on in each
//! other through their entries, so whatever a branch in one leads to in another is an entry of
//! that: all are known when the function is cut, and no piece has to be compiled again for one that
//! turns up later. A cut is made where few branches cross it, which is between loops rather than in
//! them.

use crate::region::Region;

/// How a region is cut.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Cut {
    /// First addresses of all pieces but the first, in order.
    pub(crate) borders: Vec<u32>,
    /// What one piece enters another at.
    pub(crate) entries: Vec<u32>,
}

/// A part of a block, all of it if that is short enough.
struct Stretch {
    start: u32,
    length: usize,
    /// How many branches lead over its start.
    crossed: i32,
}

/// Cuts `region` into pieces of `most` instructions at most, and, but for the last, half as many at
/// least.
pub(crate) fn cut(region: &Region, most: usize) -> Cut {
    let most = most.max(1);
    let mut stretches: Vec<Stretch> = Vec::new();
    // Indices of stretches: what goes on where.
    let mut edges: Vec<(usize, u32)> = Vec::new();
    for block in region.blocks.values() {
        for (number, code) in block.own().chunks(most).enumerate() {
            let start = block.start().wrapping_add((4 * number * most) as u32);
            if number != 0 {
                edges.push((stretches.len() - 1, start));
            }
            stretches.push(Stretch { start, length: code.len(), crossed: 0 });
        }
        let last = stretches.len() - 1;
        edges.extend(block.successors.iter().map(|&to| (last, to)));
    }
    let edges: Vec<(usize, usize)> = edges
        .into_iter()
        .filter_map(|(from, to)| Some((from, stretches.binary_search_by_key(&to, |s| s.start).ok()?)))
        .collect();
    for &(from, to) in &edges {
        // From after the first of the two to the second: a prefix sum of these is what crosses.
        let (first, second) = (from.min(to) + 1, from.max(to) + 1);
        for (at, change) in [(first, 1), (second, -1)] {
            if let Some(stretch) = stretches.get_mut(at) {
                stretch.crossed += change;
            }
        }
    }
    let mut crossed = 0;
    for stretch in &mut stretches {
        crossed += stretch.crossed;
        stretch.crossed = crossed;
    }
    let mut borders = Vec::new();
    // Piece of each stretch.
    let mut pieces = vec![0; stretches.len()];
    let mut from = 0;
    loop {
        let mut length = 0;
        let mut best = None;
        let mut at = from;
        while at < stretches.len() && length + stretches[at].length <= most {
            length += stretches[at].length;
            at += 1;
            let Some(next) = stretches.get(at) else { break };
            if 2 * length >= most && best.is_none_or(|(crossed, _)| next.crossed <= crossed) {
                best = Some((next.crossed, at));
            }
        }
        if at == stretches.len() {
            pieces[from..].fill(borders.len());
            break;
        }
        // None reaches half if what follows is long.
        let to = best.map_or(at, |(_, to)| to);
        pieces[from..to].fill(borders.len());
        borders.push(stretches[to].start);
        from = to;
    }
    let mut entries: Vec<u32> = edges
        .iter()
        .filter(|&&(from, to)| pieces[from] != pieces[to])
        .map(|&(_, to)| stretches[to].start)
        .collect();
    entries.sort_unstable();
    entries.dedup();
    Cut { borders, entries }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::region::{Reach, discover};

    const ADDI: u32 = 0x3863_0001;
    const BLR: u32 = 0x4E80_0020;

    fn cut_words(words: &[u32], most: usize) -> Cut {
        let mut fetch = |pc: u32| words.get(pc as usize / 4).copied();
        let reach = Reach::all((0, words.len() as u32 * 4), usize::MAX);
        cut(&discover(&[0], &reach, &mut Vec::new(), &mut fetch).unwrap(), most)
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
        // Two loops of 20 and 10, and a branch from before the first to after the second: beq.
        let mut words = vec![0x4182_0084, ADDI];
        words.extend([ADDI; 19]);
        words.push(0x4200_FFB4);
        words.extend([ADDI; 9]);
        words.push(0x4200_FFDC);
        words.extend([ADDI, BLR]);
        // Between the loops, at 22: the branch crosses, too, as everywhere.
        let cut = cut_words(&words, 30);
        assert_eq!(cut.borders, [22 * 4]);
        assert_eq!(cut.entries, [22 * 4, 33 * 4]);
    }
}
