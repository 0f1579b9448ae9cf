//! EDRAM tiles that a draw may reach.

use std::ops::Range;

use super::block::surfaces;
use super::raster::GUARD_PIXELS;
use crate::draw_state::{DrawCall, Scissor};
use crate::edram::{EdramSurface, TILE_HEIGHT};
use crate::enums::Msaa;

/// Calls `want` with each tile that a draw may read or change: those within its scissor.
pub(super) fn tiles(call: &DrawCall, want: &mut dyn FnMut(u32)) {
    let Scissor { left, top, right, bottom } = call.scissor;
    let within = |place: i32| place.clamp(0, GUARD_PIXELS as i32) as u32;
    let columns = within(left)..within(right);
    let rows = within(top)..within(bottom);
    if columns.is_empty() || rows.is_empty() {
        return;
    }
    for surface in surfaces(call) {
        of_area(surface, call.msaa, &columns, &rows, want);
    }
}

/// Calls `want` with the tiles of an area of pixels, by whole blocks of 8 x 2 pixels.
fn of_area(
    surface: EdramSurface,
    msaa: Msaa,
    columns: &Range<u32>,
    rows: &Range<u32>,
    want: &mut dyn FnMut(u32),
) {
    let from = (columns.start & !7) * msaa.columns();
    let to = columns.end.next_multiple_of(8) * msaa.columns();
    let height = TILE_HEIGHT / msaa.rows();
    for row in rows.start / height..rows.end.div_ceil(height) {
        surface.tiles(row, from, to).for_each(&mut *want);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edram::{TILE_WORDS, TILES};

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
            of_area(surface, msaa, &columns, &rows, &mut |tile| found[tile as usize] = true);
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
