//! EDRAM locations of the samples in a block of 8 x 2 pixels.

use super::block::BlockPosition;
use super::memory::Edram;
use crate::edram::{EdramSurface, TILE_WIDTH};
use crate::enums::Msaa;
use crate::microcode::lanes::lanes_of;
use crate::microcode::{LANES, Mask};

/// Locations of one sample in each lane, in words of one sample.
struct Cells {
    /// Lanes in the second half of the block's columns have all bits set.
    second: [u32; LANES],
    /// Column within its half.
    column: [u32; LANES],
    /// Words from the block's first row to the lane's.
    row: [u32; LANES],
}

const fn cells(msaa: Msaa, sample: u32) -> Cells {
    let mut cells = Cells { second: [0; LANES], column: [0; LANES], row: [0; LANES] };
    let mut lane = 0;
    while lane < LANES {
        let (column, row) = msaa.cell(lane as u32 & 7, lane as u32 >> 3, sample);
        // Columns are below 16: this is zero or all ones, which `new` uses in place of a branch.
        cells.second[lane] = 0_u32.wrapping_sub(column >> 3);
        cells.column[lane] = column & 7;
        cells.row[lane] = row * TILE_WIDTH;
        lane += 1;
    }
    cells
}

/// Cells of each sample, for one, two and four samples per pixel.
static CELLS: [Cells; 7] = [
    cells(Msaa::X1, 0),
    cells(Msaa::X2, 0),
    cells(Msaa::X2, 1),
    cells(Msaa::X4, 0),
    cells(Msaa::X4, 1),
    cells(Msaa::X4, 2),
    cells(Msaa::X4, 3),
];

/// Locations of the samples with one number in a block's pixels: the index of the first word of
/// each lane's sample.
pub(super) struct Samples([u32; LANES]);

impl Samples {
    #[inline(always)]
    pub(super) fn new(place: EdramSurface, msaa: Msaa, at: BlockPosition, sample: u32) -> Self {
        let x = at.x as u32 * msaa.columns();
        let y = at.y as u32 * msaa.rows();
        let first = place.row(x, y);
        // 64-bit samples of a 4x surface make runs of 32 words, which may cross a tile boundary.
        let is_long = place.words == 2 && msaa == Msaa::X4;
        let halves = [first, if is_long { place.row(x + 8, y) } else { first.ahead(8 * place.words) }];
        // Runs of eight samples from a multiple of eight are contiguous, also in depth targets.
        let [first, second] = halves.map(|half| half.word(0) as u32);
        let samples = msaa.samples();
        // The tables of one, two and four samples start at 0, 1 and 3.
        let cells = &CELLS[(samples - 1 + (sample & (samples - 1))) as usize];
        let mut indices = [0; LANES];
        for (lane, index) in indices.iter_mut().enumerate() {
            let half = (first & !cells.second[lane]) | (second & cells.second[lane]);
            *index = half + cells.row[lane] + cells.column[lane] * place.words;
        }
        Self(indices)
    }

    /// First words of all lanes' samples, and second ones if samples have two (else zeros). Lanes
    /// beside the surface have words of other tiles.
    #[inline(always)]
    pub(super) fn load(&self, edram: &Edram, is_wide: bool) -> [[u32; LANES]; 2] {
        let mut words = [[0; LANES]; 2];
        for (word, index) in words[0].iter_mut().zip(self.0) {
            *word = edram.get(index as usize);
        }
        if is_wide {
            for (word, index) in words[1].iter_mut().zip(self.0) {
                *word = edram.get(index as usize + 1);
            }
        }
        words
    }

    /// Stores the words of a mask's lanes; second ones if samples have two.
    #[inline(always)]
    pub(super) fn store(&self, edram: &Edram, words: &[[u32; LANES]; 2], is_wide: bool, mask: Mask) {
        edram.set_words(lanes_of(mask).map(|lane| (self.index(lane), words[0][lane])));
        if is_wide {
            edram.set_words(lanes_of(mask).map(|lane| (self.index(lane) + 1, words[1][lane])));
        }
    }

    /// Stores the words of a mask's lanes, samples of one word, that differ from the old ones.
    #[inline(always)]
    pub(super) fn store_changed(&self, edram: &Edram, old: &[u32; LANES], words: &[u32; LANES], mask: Mask) {
        let changed = lanes_of(mask).filter(|&lane| words[lane] != old[lane]);
        edram.set_words(changed.map(|lane| (self.index(lane), words[lane])));
    }

    /// Index of the first word of a lane's sample.
    #[inline(always)]
    pub(super) fn index(&self, lane: usize) -> usize {
        self.0[lane] as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_lie_where_the_layout_has_them() {
        for msaa in [Msaa::X1, Msaa::X2, Msaa::X4] {
            for (is_depth, words) in [(false, 1), (true, 1), (false, 2)] {
                let place = EdramSurface { is_depth, ..EdramSurface::color(3, 640, msaa.columns(), words) };
                for at in [[0, 0], [8, 2], [32, 14], [40, 30], [152, 6], [632, 62]] {
                    for sample in 0..msaa.samples() {
                        let samples = Samples::new(place, msaa, BlockPosition { x: at[0], y: at[1] }, sample);
                        for lane in 0..LANES {
                            let x = at[0] as u32 + (lane as u32 & 7);
                            let y = at[1] as u32 + (lane as u32 >> 3);
                            let (column, row) = msaa.cell(x, y, sample);
                            assert_eq!(
                                samples.index(lane),
                                place.row(column, row).word(0),
                                "{msaa:?} {at:?}"
                            );
                        }
                    }
                }
            }
        }
    }
}
