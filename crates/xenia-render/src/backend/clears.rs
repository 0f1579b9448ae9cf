//! Clears of areas of targets, which resolves ask for.

use xenia_gpu::resolve::Rect;

use super::WgpuBackend;
use super::edram::{TargetPlace, TargetTexture};
use super::targets::Target;

impl WgpuBackend {
    /// Fills an area with a sample value: in the host texture that has it and owns its first tile,
    /// or in the buffer.
    pub(super) fn clear(&mut self, place: &TargetPlace, area: Rect, bits: [u32; 2]) {
        let rows = area[1]..area[3];
        if let Some(target) = self.targets.holder(place, &rows) {
            let steps = self.targets.acquire(target, rows.clone());
            self.carry_out(steps);
            let encoder = self.recording.encoder(&self.device);
            let Target { place, texture, .. } = self.targets.get(target);
            self.edram.fill(&self.device, encoder, TargetTexture { place, texture }, area, bits);
            self.targets.drawn(target, rows, bits[0] as u8);
            return;
        }
        let tiles: Vec<_> = place.tiles(area).collect();
        // Tiles that are cleared only in part need their contents.
        let parts = tiles.iter().filter(|(_, is_whole)| !is_whole).map(|(tile, _)| *tile);
        let steps = self.targets.read(parts);
        self.carry_out(steps);
        let encoder = self.recording.encoder(&self.device);
        self.edram.clear(&self.device, encoder, place, area, bits);
        self.targets.note_write(tiles.into_iter().map(|(tile, _)| tile));
    }
}
