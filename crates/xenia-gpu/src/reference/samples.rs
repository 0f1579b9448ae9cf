//! EDRAM locations of the samples in a block of 8 x 2 pixels.

use super::block::Surface;
use crate::edram::{Place, Row};
use crate::enums::Msaa;
use crate::microcode::LANES;

/// Column and row of one sample in each lane, relative to the block's first sample.
type Cells = [[u8; 2]; LANES];

const fn cells(msaa: Msaa, sample: u32) -> Cells {
    let mut cells = [[0; 2]; LANES];
    let mut lane = 0;
    while lane < LANES {
        let (column, row) = msaa.cell(lane as u32 & 7, lane as u32 >> 3, sample);
        cells[lane] = [column as u8, row as u8];
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

/// Locations of the samples with one number in a block's pixels.
pub(super) struct Samples {
    /// Rows of the block's first sample and of its ninth sample column, which may lie in another
    /// tile.
    halves: [Row; 2],
    cells: &'static Cells,
    words: u32,
}

impl Samples {
    pub(super) fn new(place: Place, msaa: Msaa, at: Surface, sample: u32) -> Self {
        let (x, y) = (at.x as u32 * msaa.columns(), at.y as u32 * msaa.rows());
        let first = place.row(x, y);
        // 64-bit samples of a 4x surface make runs of 32 words, which may cross a tile boundary.
        let is_long = place.words == 2 && msaa == Msaa::X4;
        let halves = [first, if is_long { place.row(x + 8, y) } else { first.ahead(8 * place.words) }];
        let samples = msaa.samples();
        Self { halves, cells: &CELLS[(samples - 1 + (sample & (samples - 1))) as usize], words: place.words }
    }

    /// Index of the first word of a lane's sample.
    #[inline]
    pub(super) fn index(&self, lane: usize) -> usize {
        let [column, row] = self.cells[lane].map(u32::from);
        self.halves[(column >> 3) as usize].below(row).word((column & 7) * self.words)
    }
}
