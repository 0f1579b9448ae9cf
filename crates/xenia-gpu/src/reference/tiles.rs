//! EDRAM tiles that draws may reach.

use std::ops::Range;

use super::block::surfaces;
use super::raster::GUARD_PIXELS;
use crate::draw_state::{DrawCall, Scissor};
use crate::edram::{EdramSurface, EdramTiles, TILE_HEIGHT, TILES};
use crate::enums::Msaa;

/// Area of a draw's surfaces.
pub(super) struct TileRows {
    /// Rows of tiles.
    pub(super) rows: Range<u32>,
    /// Columns of samples.
    pub(super) columns: Range<u32>,
}

impl TileRows {
    /// The area of the whole blocks of 8 x 2 pixels that contain these pixels.
    fn of_pixels(msaa: Msaa, columns: &Range<u32>, rows: &Range<u32>) -> Self {
        let height = TILE_HEIGHT / msaa.rows();
        let columns = columns.start & !7..columns.end.next_multiple_of(8);
        Self {
            rows: rows.start / height..rows.end.div_ceil(height),
            columns: columns.start * msaa.columns()..columns.end * msaa.columns(),
        }
    }

    /// Tiles of a draw's surfaces in the area.
    pub(super) fn tiles(&self, call: &DrawCall) -> EdramTiles {
        let mut tiles = [false; TILES as usize];
        surfaces(call).for_each(|surface| self.add_tiles(surface, &mut tiles));
        tiles
    }

    fn add_tiles(&self, surface: EdramSurface, tiles: &mut EdramTiles) {
        for row in self.rows.clone() {
            for tile in surface.tiles(row, self.columns.start, self.columns.end) {
                tiles[tile as usize] = true;
            }
        }
    }
}

/// Tiles that a draw may read or change: those within its scissor.
pub(super) fn scissor_tiles(call: &DrawCall) -> EdramTiles {
    let Scissor { left, top, right, bottom } = call.scissor;
    let within = |place: i32| place.clamp(0, GUARD_PIXELS as i32) as u32;
    let columns = within(left)..within(right);
    let rows = within(top)..within(bottom);
    if columns.is_empty() || rows.is_empty() {
        return [false; TILES as usize];
    }
    TileRows::of_pixels(call.msaa, &columns, &rows).tiles(call)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edram::TILE_WORDS;

    #[test]
    fn an_area_has_the_tiles_of_its_samples() {
        let mut dice = xenia_testing::Dice(5);
        for round in 0..300 {
            let msaa = [Msaa::X1, Msaa::X2, Msaa::X4][dice.below(3)];
            let [base, pitch] = [TILES as usize, 400].map(|most| dice.below(most) as u32);
            let words = 1 + dice.below(2) as u32;
            let surface = match dice.below(2) {
                0 => EdramSurface::color(base, pitch, msaa.columns(), words),
                _ => EdramSurface::depth(base, pitch, msaa.columns()),
            };
            // Wider than the pitch, too.
            let [columns, rows] = [300, 90].map(|most| {
                let start = dice.below(most) as u32;
                start..start + 1 + dice.below(most) as u32
            });
            let mut found = [false; TILES as usize];
            TileRows::of_pixels(msaa, &columns, &rows).add_tiles(surface, &mut found);
            let mut expected = [false; TILES as usize];
            for y in rows.start & !1..rows.end.next_multiple_of(2) {
                for x in columns.start & !7..columns.end.next_multiple_of(8) {
                    for sample in 0..msaa.samples() {
                        let (column, row) = msaa.cell(x, y, sample);
                        let word = surface.row(column, row).word(0) as u32;
                        expected[(word / TILE_WORDS) as usize] = true;
                    }
                }
            }
            assert!(found == expected, "{round}: {surface:?} {msaa:?} {columns:?} {rows:?}");
        }
    }
}
