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
use super::edram::{Edram, TargetFormat, TargetPlace, TargetTexture};
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
/// The limit is never lowered below this, times the factor of the scale, when the device has no
/// memory: with a limit near zero, each draw would drop all targets.
const MIN_LIMIT: u64 = MAX_BYTES / 8;

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

/// The device has too little memory for a target.
#[derive(Debug)]
pub(super) struct NoTargetMemory;

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
    /// Limit on these; lower once the device has had no memory for a target.
    limit: u64,
    /// Number of calls of [`find`](Self::find).
    clock: u64,
    counters: TargetCounters,
    /// Whether the device has had too little memory for a target.
    has_warned: bool,
    /// Bytes that the device of a test has for host textures.
    #[cfg(test)]
    pub(super) budget: Option<u64>,
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
        Self { scale, limit: MAX_BYTES * u64::from(scale.factor()), ..Self::default() }
    }

    pub(super) fn counters(&self) -> TargetCounters {
        self.counters
    }

    pub(super) fn get(&self, target: TargetId) -> &Target {
        &self.made[target]
    }

    /// Whether the host textures have reached a limit.
    pub(super) fn is_crowded(&self) -> bool {
        self.made.len() >= MAX_TARGETS || self.bytes > self.limit
    }

    /// Drops the host textures used least recently until half of each limit is left. The buffer
    /// must own all tiles, and no recorded command may name a target.
    pub(super) fn drop_older(&mut self) {
        self.keep_newest(MAX_TARGETS / 2, self.limit / 2);
    }

    /// Drops all host textures, under the same conditions as [`drop_older`](Self::drop_older).
    pub(super) fn drop_all(&mut self) {
        self.keep_newest(0, 0);
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
            // The depth format of `Resolve::cleared` may be an assumption.
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
    pub(super) fn find(&mut self, device: &Device, place: TargetPlace) -> Result<TargetId, NoTargetMemory> {
        let key = TargetKey::of(&place);
        self.clock += 1;
        if let Some(&target) = self.by_key.get(&key) {
            self.made[target].used = self.clock;
            return Ok(target);
        }
        let guest = size(place.pitch, place.msaa, max_height(device, self.scale));
        let texture = self.create(device, &place, self.scale.size(guest))?;
        self.counters.textures += 1;
        self.bytes += bytes(&texture);
        let rows = guest[1].div_ceil(place.tile_height());
        let target = self.ownership.add(place.base, rows * place.pitch_tiles());
        let view = texture.create_view(&Default::default());
        self.made.push(Target { place, texture, view, stencil: 0, used: self.clock });
        self.by_key.insert(key, target);
        Ok(target)
    }

    /// Creates the host texture of a place.
    fn create(
        &mut self,
        device: &Device,
        place: &TargetPlace,
        [width, height]: [u32; 2],
    ) -> Result<wgpu::Texture, NoTargetMemory> {
        let label = format!("target at tile {} of {:?}", place.base, place.format);
        let descriptor = wgpu::TextureDescriptor {
            label: Some(&label),
            size: wgpu::Extent3d { width, height, depth_or_array_layers: 1 },
            mip_level_count: 1,
            sample_count: place.host_samples(),
            dimension: wgpu::TextureDimension::D2,
            format: place.host_format(device),
            usage: wgpu::TextureUsages::RENDER_ATTACHMENT
                | wgpu::TextureUsages::TEXTURE_BINDING
                | wgpu::TextureUsages::COPY_SRC,
            view_formats: &[],
        };
        // A pass to a texture without memory would make its whole submission invalid.
        let made = device.attempt(|device| device.create_texture(&descriptor));
        #[cfg(test)]
        let made = made.and_then(|texture| self.within_budget(texture));
        made.map_err(|error| {
            let least = MIN_LIMIT * u64::from(self.scale.factor());
            self.limit = self.limit.min(self.bytes).max(least);
            if !std::mem::replace(&mut self.has_warned, true) {
                let bytes = self.bytes;
                tracing::warn!(target: "gpu", bytes, "no memory for a render target; others go: {error}");
            }
            NoTargetMemory
        })
    }

    /// Refuses a texture that is beyond the budget of a test.
    #[cfg(test)]
    fn within_budget(&self, texture: wgpu::Texture) -> Result<wgpu::Texture, String> {
        let fits = self.budget.is_none_or(|budget| self.bytes + bytes(&texture) <= budget);
        if fits { Ok(texture) } else { Err("beyond the budget".to_owned()) }
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
            let count = tiles.len() as u64;
            let host = TargetTexture { place, texture };
            match &step {
                Step::Dump(..) => {
                    edram.dump(device, encoder, host, &areas, *stencil);
                    self.counters.dumped += count;
                }
                Step::Load(..) => {
                    *stencil |= edram.load(device, encoder, host, &areas);
                    self.counters.loaded += count;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
