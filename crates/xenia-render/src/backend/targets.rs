//! Render targets: host textures that cache parts of the EDRAM.
//!
//! A target's key is its first tile, its width in tiles, its samples and its format; a draw with
//! the same key finds the texture again. All targets of one width and sample count have the same
//! height, so that any of them can be combined in a pass: the rows of the narrowest format that fit
//! in the EDRAM, at most 8192.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::Range;

use xenia_gpu::draw_state::DrawCall;
use xenia_gpu::edram::{TILE_HEIGHT, TILE_WIDTH, TILES, pitch_tiles};
use xenia_gpu::enums::{ColorTargetFormat, DepthFormat, Msaa};

use super::Device;
use super::edram::{Edram, TargetFormat, TargetPlace};
use super::ownership::{Ownership, Step, TargetId};
use super::recording::Attachments;
use super::scale::Scale;

/// Height of the chip's largest surface.
const MAX_HEIGHT: u32 = 8192;
/// Maximum number of host textures; when reached, the half used least recently is dropped.
const MAX_TARGETS: usize = 96;
/// Maximum total size in bytes of host textures, times the factor of the scale; when it is
/// exceeded, those used last stay, up to half of it.
const MAX_BYTES: u64 = 2 << 30;

/// Host texture and the EDRAM area that it caches.
pub(super) struct Target {
    pub(super) place: TargetPlace,
    pub(super) texture: wgpu::Texture,
    pub(super) view: wgpu::TextureView,
    /// Bits that may be set in the stencil.
    stencil: u8,
    /// Time of the last [`Targets::find`].
    used: u64,
}

/// Places with equal keys share a host texture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct TargetKey {
    /// First EDRAM tile.
    base: u32,
    /// Width in tiles.
    pitch_tiles: u32,
    msaa: Msaa,
    /// Number of the [format](format_number).
    format: u32,
}

impl TargetKey {
    fn of(place: &TargetPlace) -> Self {
        Self {
            base: place.base,
            pitch_tiles: place.pitch_tiles(),
            msaa: place.msaa,
            format: format_number(place.format),
        }
    }
}

/// Counters of transfers between EDRAM and host textures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TargetCounters {
    /// Tiles transferred from host textures to the buffer.
    pub dumped: u64,
    /// Tiles transferred from the buffer to host textures.
    pub loaded: u64,
    /// Host textures created.
    pub textures: u64,
}

/// Targets and rows that a draw owns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) attachments: Attachments,
    /// Rows of pixels.
    pub(super) rows: Range<u32>,
    /// Stencil bits that are written; `None` if the draw writes neither depth nor stencil.
    pub(super) stencil: Option<u8>,
}

/// All render targets.
#[derive(Default)]
pub(super) struct Targets {
    scale: Scale,
    made: Vec<Target>,
    by_key: BTreeMap<TargetKey, TargetId>,
    ownership: Ownership,
    /// Claim of the last draw, if it is still valid.
    claim: Option<Claim>,
    /// Bytes of the host textures.
    bytes: u64,
    /// Number of calls of [`find`](Self::find).
    clock: u64,
    counters: TargetCounters,
}

/// Height in guest pixels of the largest target on a device.
pub(super) fn max_height(device: &Device, scale: Scale) -> u32 {
    MAX_HEIGHT.min(device.max_texture_side / scale.factor())
}

/// Size of a target in guest pixels, at most `max_height` pixels high.
pub(super) fn size(pitch: u32, msaa: Msaa, max_height: u32) -> [u32; 2] {
    let columns = msaa.columns();
    let tiles = pitch_tiles(pitch, columns, 1).max(1);
    let rows = (TILES / tiles).max(1) * TILE_HEIGHT / msaa.rows();
    [tiles * TILE_WIDTH / columns, rows.min(max_height)]
}

/// Bytes of a target's texture on the device.
fn bytes(texture: &wgpu::Texture) -> u64 {
    // Depth and stencil together have no size in copies: four bytes, and one in four.
    let pixel = texture.format().block_copy_size(None).unwrap_or(8);
    let pixels = u64::from(texture.width()) * u64::from(texture.height());
    pixels * u64::from(texture.sample_count()) * u64::from(pixel)
}

/// Tiles that contain these rows of pixels, counted from the target's first tile.
pub(super) fn tiles(place: &TargetPlace, rows: Range<u32>) -> Range<u32> {
    let first = rows.start / place.tile_height();
    let last = rows.end.div_ceil(place.tile_height());
    let pitch = place.pitch_tiles();
    first * pitch..last.max(first) * pitch
}

/// Number that is equal for formats with the same bits.
fn format_number(format: TargetFormat) -> u32 {
    match format {
        TargetFormat::Color(format) => match format {
            ColorTargetFormat::Rgb10A2As10 => ColorTargetFormat::Rgb10A2 as u32,
            ColorTargetFormat::Rgb10A2FloatAs16 => ColorTargetFormat::Rgb10A2Float as u32,
            other => other as u32,
        },
        TargetFormat::Depth(format) => 0x100 | format as u32,
    }
}

/// Number of rows from the top in which the targets of a draw don't overlap. Draws are often
/// allowed more rows than their targets are meant to have. Targets that begin at the same tile, or
/// within a row of tiles of each other, are meant to overlap.
pub(super) fn rows_apart(places: impl Iterator<Item = TargetPlace> + Clone) -> u32 {
    let mut least = u32::MAX;
    for place in places.clone() {
        for other in places.clone() {
            let rows = (other.base.wrapping_sub(place.base) % TILES) / place.pitch_tiles().max(1);
            if rows != 0 {
                least = least.min(rows * place.tile_height());
            }
        }
    }
    least
}

/// Location of a draw's colour target.
pub(super) fn color_place(call: &DrawCall, base: u32, format: ColorTargetFormat) -> TargetPlace {
    TargetPlace { base, pitch: call.pitch, msaa: call.msaa, format: TargetFormat::Color(format) }
}

/// Location of a draw's depth target.
pub(super) fn depth_place(call: &DrawCall) -> TargetPlace {
    TargetPlace {
        base: call.depth.base,
        pitch: call.pitch,
        msaa: call.msaa,
        format: TargetFormat::Depth(call.depth.format),
    }
}

/// Value of depth 1 in a host texture, whose range is 0 to 1: the floating-point format extends to
/// 2.
pub(super) fn deepest(format: DepthFormat) -> f32 {
    match format {
        DepthFormat::D24S8 => 1.0,
        DepthFormat::D24FS8 => 0.5,
    }
}

impl Targets {
    /// No targets, for a scale.
    pub(super) fn new(scale: Scale) -> Self {
        Self { scale, ..Self::default() }
    }

    pub(super) fn counters(&self) -> TargetCounters {
        self.counters
    }

    pub(super) fn get(&self, target: TargetId) -> &Target {
        &self.made[target]
    }

    /// Limit on the bytes of host textures.
    fn max_bytes(&self) -> u64 {
        MAX_BYTES * u64::from(self.scale.factor())
    }

    /// Whether the host textures have reached a limit.
    pub(super) fn is_crowded(&self) -> bool {
        self.made.len() >= MAX_TARGETS || self.bytes > self.max_bytes()
    }

    /// Drops the host textures used least recently until half of each limit is left. The buffer
    /// must own all tiles, and no recorded command may name a target.
    pub(super) fn drop_older(&mut self) {
        self.keep_newest(MAX_TARGETS / 2, self.max_bytes() / 2);
    }

    /// Keeps the host textures used last, at most `most` of `most_bytes` bytes.
    fn keep_newest(&mut self, most: usize, most_bytes: u64) {
        self.claim = None;
        let mut newest: Vec<TargetId> = (0..self.made.len()).collect();
        newest.sort_unstable_by_key(|target| Reverse(self.made[*target].used));
        let mut is_kept = vec![false; self.made.len()];
        self.bytes = 0;
        for target in newest.into_iter().take(most) {
            let size = bytes(&self.made[target].texture);
            if self.bytes + size > most_bytes {
                break;
            }
            self.bytes += size;
            is_kept[target] = true;
        }
        self.ownership.retain_targets(|target| is_kept[target]);
        let mut kept = is_kept.into_iter();
        self.made.retain(|_| kept.next() == Some(true));
        let ids = self.made.iter().enumerate().map(|(id, target)| (TargetKey::of(&target.place), id));
        self.by_key = ids.collect();
    }

    /// Finds the target of a place, in either depth format, that has all of these rows of pixels
    /// and owns the first tile of the first one. A target ends before the EDRAM does if its height
    /// is limited, or if a row of its tiles doesn't divide the EDRAM.
    pub(super) fn holder(&self, place: &TargetPlace, rows: &Range<u32>) -> Option<TargetId> {
        let formats = match place.format {
            TargetFormat::Depth(_) => [DepthFormat::D24S8, DepthFormat::D24FS8].map(TargetFormat::Depth),
            color @ TargetFormat::Color(_) => [color; 2],
        };
        formats.into_iter().find_map(|format| {
            let target = *self.by_key.get(&TargetKey::of(&TargetPlace { format, ..*place }))?;
            let tiles = tiles(place, rows.clone());
            let height = self.made[target].texture.height() / self.scale.factor();
            let has_all = rows.end <= height && tiles.end <= self.ownership.tile_count(target);
            (has_all && self.ownership.has_newest(target, tiles.start)).then_some(target)
        })
    }

    /// Whether the last draw claimed the same or more rows, and its claim is still valid.
    pub(super) fn is_claimed(&self, claim: &Claim) -> bool {
        let Claim { attachments, rows, stencil } = claim;
        self.claim.as_ref().is_some_and(|last| {
            let has_rows = last.rows.start <= rows.start && rows.end <= last.rows.end;
            has_rows && last.attachments == *attachments && last.stencil == *stencil
        })
    }

    /// Records the claim of a draw after all its transfers.
    pub(super) fn set_claim(&mut self, claim: Claim) {
        self.claim = Some(claim);
    }

    /// Finds or creates the host texture of a place.
    pub(super) fn find(&mut self, device: &Device, place: TargetPlace) -> TargetId {
        let key = TargetKey::of(&place);
        self.clock += 1;
        if let Some(&target) = self.by_key.get(&key) {
            self.made[target].used = self.clock;
            return target;
        }
        let guest = size(place.pitch, place.msaa, max_height(device, self.scale));
        let [width, height] = self.scale.size(guest);
        let texture = device.device.create_texture(&wgpu::TextureDescriptor {
            label: Some(&format!("target at tile {} of {:?}", place.base, place.format)),
            size: wgpu::Extent3d { width, height, depth_or_array_layers: 1 },
            mip_level_count: 1,
            sample_count: place.host_samples(),
            dimension: wgpu::TextureDimension::D2,
            format: place.host_format(device),
            usage: wgpu::TextureUsages::RENDER_ATTACHMENT
                | wgpu::TextureUsages::TEXTURE_BINDING
                | wgpu::TextureUsages::COPY_SRC,
            view_formats: &[],
        });
        self.counters.textures += 1;
        self.bytes += bytes(&texture);
        let rows = guest[1].div_ceil(place.tile_height());
        let target = self.ownership.add(place.base, rows * place.pitch_tiles());
        let view = texture.create_view(&Default::default());
        self.made.push(Target { place, texture, view, stencil: 0, used: self.clock });
        self.by_key.insert(key, target);
        target
    }

    /// Returns the transfers to execute before a target is drawn to.
    pub(super) fn acquire(&mut self, target: TargetId, rows: Range<u32>) -> Vec<Step> {
        self.claim = None;
        let tiles = tiles(&self.made[target].place, rows);
        self.ownership.acquire(target, tiles)
    }

    /// Records a draw to a target, which may have set these stencil bits.
    pub(super) fn drawn(&mut self, target: TargetId, rows: Range<u32>, stencil: u8) {
        self.claim = None;
        self.made[target].stencil |= stencil;
        let tiles = tiles(&self.made[target].place, rows);
        self.ownership.drawn(target, tiles);
    }

    /// Returns the transfers to execute before tiles are read from the buffer.
    pub(super) fn read(&mut self, tiles: impl Iterator<Item = u32>) -> Vec<Step> {
        self.claim = None;
        self.ownership.read(tiles)
    }

    /// Records a write to tiles of the buffer.
    pub(super) fn note_write(&mut self, tiles: impl Iterator<Item = u32>) {
        self.claim = None;
        self.ownership.note_write(tiles);
    }

    /// Newest versions of all tiles.
    pub(super) fn versions(&self) -> &[u64] {
        self.ownership.versions()
    }

    /// Executes the transfers.
    pub(super) fn carry_out(
        &mut self,
        steps: Vec<Step>,
        device: &Device,
        edram: &mut Edram,
        encoder: &mut wgpu::CommandEncoder,
    ) {
        for step in steps {
            let (Step::Dump(target, tiles) | Step::Load(target, tiles)) = &step;
            let Target { place, texture, stencil, .. } = &mut self.made[*target];
            let size = [texture.width(), texture.height()].map(|side| side / self.scale.factor());
            let areas = place.areas(tiles.clone(), size);
            match &step {
                Step::Dump(..) => edram.dump(device, encoder, place, texture, &areas, *stencil),
                Step::Load(..) => *stencil |= edram.load(device, encoder, place, texture, &areas),
            }
            match step {
                Step::Dump(_, tiles) => self.counters.dumped += tiles.len() as u64,
                Step::Load(_, tiles) => self.counters.loaded += tiles.len() as u64,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_end_where_others_begin() {
        let place = |base, format| TargetPlace { base, pitch: 1280, msaa: Msaa::X1, format };
        let color = |base| place(base, TargetFormat::Color(ColorTargetFormat::Rgba8));
        let wide = |base| place(base, TargetFormat::Color(ColorTargetFormat::Rgba16));
        let depth = |base| place(base, TargetFormat::Depth(DepthFormat::D24S8));
        // 1280 pixels are 16 tiles.
        for (places, expected) in [
            (vec![color(0)], u32::MAX),
            (vec![color(0), depth(720)], 720),
            (vec![color(720), depth(0)], 720),
            (vec![wide(0), depth(1440)], 608),
            (vec![color(0), depth(0)], u32::MAX),
            (vec![color(0), depth(9)], 16 * (2039 / 16)),
            (vec![color(2000), depth(32)], 80),
        ] {
            assert_eq!(rows_apart(places.into_iter()), expected);
        }
    }

    #[test]
    fn targets_are_limited_in_bytes() {
        crate::backend::device::tests::with(|device| {
            for factor in [1, 2] {
                let mut targets = Targets::new(Scale::new(factor).unwrap());
                let format = TargetFormat::Color(ColorTargetFormat::Rgba8);
                let place = TargetPlace { base: 0, pitch: 640, msaa: Msaa::X4, format };
                let target = targets.find(device, place);
                let size = u64::from(factor * factor) * 640 * 1024 * 4 * 4;
                assert_eq!((bytes(&targets.get(target).texture), targets.bytes), (size, size));
                // The device need not have all of it.
                let most = MAX_BYTES * u64::from(factor);
                targets.bytes = most / size * size;
                assert!(!targets.is_crowded());
                targets.find(device, TargetPlace { base: 1, ..place });
                assert!(targets.is_crowded());
                targets.drop_older();
                assert!(!targets.is_crowded());
            }
        });
    }

    #[test]
    fn targets_used_last_stay() {
        crate::backend::device::tests::with(|device| {
            let mut targets = Targets::new(Scale::ONE);
            let format = TargetFormat::Color(ColorTargetFormat::Rgba8);
            let place = |base| TargetPlace { base, pitch: 80, msaa: Msaa::X1, format };
            for base in [0, 1, 2, 3, 1] {
                targets.find(device, place(base));
            }
            let textures = [1, 3].map(|target| targets.get(target).texture.clone());
            targets.keep_newest(2, u64::MAX);
            let found = [1, 3].map(|base| targets.find(device, place(base)));
            assert_eq!(found.map(|target| targets.get(target).texture.clone()), textures);
            assert_eq!(targets.counters().textures, 4);
            let size = bytes(&textures[0]);
            assert_eq!((targets.made.len(), targets.bytes), (2, 2 * size));
            targets.keep_newest(2, 2 * size - 1);
            assert_eq!((targets.made.len(), targets.bytes), (1, size));
            assert_eq!(targets.get(0).place.base, 3);
            targets.find(device, place(1));
            assert_eq!(targets.counters().textures, 5);
        });
    }

    #[test]
    fn targets_of_one_width_are_equally_high() {
        let size = |pitch, msaa| size(pitch, msaa, MAX_HEIGHT);
        assert_eq!(size(1280, Msaa::X1), [1280, 2048]);
        assert_eq!(size(1280, Msaa::X4), [1280, 512]);
        assert_eq!(size(1, Msaa::X1), [80, 8192]);
        assert_eq!(size(100, Msaa::X4), [120, 16 * 682 / 2]);
        assert_eq!(size(16383, Msaa::X4)[1], 32);
    }
}
