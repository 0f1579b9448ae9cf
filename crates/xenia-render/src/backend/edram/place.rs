//! Render target locations: a run of EDRAM tiles in one format, and its host texture.

use std::ops::Range;

use xenia_gpu::edram::{TILE_HEIGHT, TILE_WIDTH, TILES, pitch_tiles};
use xenia_gpu::enums::{ColorTargetFormat, DepthFormat, Msaa};
use xenia_gpu::reference::alpha_mask::Thresholds;
use xenia_gpu::resolve::Rect;

use super::super::device::Device;

/// First number of depth formats in the shaders; they follow those of colours.
pub(super) const DEPTH: u32 = 16;
/// Format of a render target's samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum TargetFormat {
    /// Format of a colour target.
    Color(ColorTargetFormat),
    /// Format of the depth target.
    Depth(DepthFormat),
}

impl TargetFormat {
    /// Number of the format in the shaders (`FORMAT`).
    pub(super) fn number(self) -> u32 {
        match self {
            Self::Color(format) => format as u32,
            Self::Depth(format) => DEPTH + format as u32,
        }
    }

    /// Returns the format with a number.
    pub(super) fn of(number: u32) -> Option<Self> {
        let color = ColorTargetFormat::VALUES.iter().copied().map(Self::Color);
        let depth = DepthFormat::VALUES.iter().copied().map(Self::Depth);
        color.chain(depth).find(|format| format.number() == number)
    }

    /// Words per sample: 1 or 2.
    pub(crate) fn words(self) -> u32 {
        match self {
            Self::Color(format) if format.is_64_bit() => 2,
            _ => 1,
        }
    }
}

/// Location and format of a render target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct TargetPlace {
    /// First EDRAM tile.
    pub(crate) base: u32,
    /// Pixels from one row to the next.
    pub(crate) pitch: u32,
    /// Samples per pixel.
    pub(crate) msaa: Msaa,
    pub(crate) format: TargetFormat,
}

impl TargetPlace {
    /// Tiles from one row of tiles to the next.
    pub(crate) fn pitch_tiles(&self) -> u32 {
        pitch_tiles(self.pitch, self.msaa.columns(), self.format.words())
    }

    /// Height of a tile in pixels.
    pub(crate) fn tile_height(&self) -> u32 {
        TILE_HEIGHT / self.msaa.rows()
    }

    /// Tiles that an area of pixels touches, and whether it covers each tile completely.
    pub(crate) fn tiles(
        &self,
        [left, top, right, bottom]: Rect,
    ) -> impl Iterator<Item = (u32, bool)> + use<> {
        let base = self.base;
        let pitch_tiles = self.pitch_tiles();
        let height = self.tile_height();
        let words = self.msaa.columns() * self.format.words();
        let from = left * words;
        let to = (right * words).min(pitch_tiles * TILE_WIDTH);
        let columns = from / TILE_WIDTH..to.div_ceil(TILE_WIDTH);
        (top / height..bottom.div_ceil(height)).flat_map(move |row| {
            let whole_row = row * height >= top && (row + 1) * height <= bottom;
            columns.clone().map(move |column| {
                let whole = whole_row && column * TILE_WIDTH >= from && (column + 1) * TILE_WIDTH <= to;
                (base.wrapping_add(row.wrapping_mul(pitch_tiles)).wrapping_add(column) % TILES, whole)
            })
        })
    }

    /// Pixels of a run of tiles, counted from the first, as rectangles (left, top, right, bottom)
    /// within a texture: the rest of a row of tiles, whole rows, the beginning of a row.
    pub(crate) fn areas(&self, tiles: Range<u32>, [width, height]: [u32; 2]) -> Vec<Rect> {
        let pitch = self.pitch_tiles().max(1);
        let tile_height = self.tile_height();
        let tile_width = TILE_WIDTH / self.format.words() / self.msaa.columns();
        let mut out = Vec::new();
        let mut next = tiles.start;
        while next < tiles.end {
            let row = next / pitch;
            let column = next % pitch;
            // Whole rows of tiles make one area; parts of a row before and after them make others.
            let (rows, columns) = match (column, tiles.end - next) {
                (0, left) if left >= pitch => (left / pitch, pitch),
                (_, left) => (1, left.min(pitch - column)),
            };
            let right = ((column + columns) * tile_width).min(width);
            let bottom = ((row + rows) * tile_height).min(height);
            if column * tile_width < right && row * tile_height < bottom {
                out.push([column * tile_width, row * tile_height, right, bottom]);
            }
            next += if rows == 1 { columns } else { rows * pitch };
        }
        out
    }

    /// Samples per pixel of the host texture: 1 or 4. Two samples are the host's samples 0 and 3.
    pub(crate) fn host_samples(&self) -> u32 {
        host_samples(self.msaa)
    }

    /// Host sample for each of the chip's. With four the order is the same; with two the other host
    /// samples are not drawn, so that sample counts are right.
    fn samples_on_host(&self) -> &'static [u32] {
        match self.msaa {
            Msaa::X1 => &[0],
            Msaa::X2 => &[0, 3],
            Msaa::X4 => &[0, 1, 2, 3],
        }
    }

    /// Converts a mask of the chip's samples to host samples.
    pub(crate) fn host_sample_mask(&self, mask: u32) -> u32 {
        let host = self.samples_on_host();
        host.iter().enumerate().fold(0, |all, (sample, host)| all | (mask >> sample & 1) << host)
    }

    /// Converts alpha-to-mask thresholds from the chip's samples to host samples.
    pub(crate) fn host_thresholds(&self, chips: Thresholds) -> Thresholds {
        let mut samples = [f32::INFINITY; 4];
        for (&host, least) in self.samples_on_host().iter().zip(chips.samples) {
            samples[host as usize & 3] = least;
        }
        Thresholds { samples, ..chips }
    }

    /// Format of the host texture.
    ///
    /// Each format except the last alternatives represents the chip's values exactly. 8_8_8_8_GAMMA
    /// is stored as linear components, so that blending is linear. The chip's floats have no
    /// infinities and a larger range than the host's of the same size. Floating-point depth is
    /// halved to 0..1, because it extends to 2 and depth attachments don't.
    pub(crate) fn host_format(&self, device: &Device) -> wgpu::TextureFormat {
        self.format.host(device, self.msaa)
    }
}

impl TargetFormat {
    /// [`TargetPlace::host_format`] of a target with this multisampling mode.
    pub(crate) fn host(self, device: &Device, msaa: Msaa) -> wgpu::TextureFormat {
        use ColorTargetFormat::*;
        use wgpu::TextureFormat as Host;
        let (best, last) = match self {
            TargetFormat::Depth(_) => return Host::Depth32FloatStencil8,
            TargetFormat::Color(Rgba8) => return Host::Rgba8Unorm,
            TargetFormat::Color(Rgb10A2 | Rgb10A2As10) => return Host::Rgb10a2Unorm,
            TargetFormat::Color(Rgb10A2Float | Rgb10A2FloatAs16) => return Host::Rgba16Float,
            TargetFormat::Color(Rgba8Gamma) => (Host::Rgba16Unorm, Host::Rgba16Float),
            TargetFormat::Color(Rg16 | Rg16Float | Rg32Float) => (Host::Rg32Float, Host::Rg16Float),
            TargetFormat::Color(Rgba16 | Rgba16Float) => (Host::Rgba32Float, Host::Rgba16Float),
            TargetFormat::Color(R32Float) => (Host::R32Float, Host::R16Float),
        };
        if is_drawable(device, best, host_samples(msaa)) { best } else { last }
    }
}

fn host_samples(msaa: Msaa) -> u32 {
    // wgpu guarantees no other numbers of samples.
    if msaa == Msaa::X1 { 1 } else { 4 }
}

/// Whether the device can render to a format with blending and this number of samples.
fn is_drawable(device: &Device, format: wgpu::TextureFormat, samples: u32) -> bool {
    if !device.features.contains(format.required_features()) {
        return false;
    }
    let specific = device.features.contains(wgpu::Features::TEXTURE_ADAPTER_SPECIFIC_FORMAT_FEATURES);
    let features = if specific {
        device.adapter.get_texture_format_features(format)
    } else {
        format.guaranteed_format_features(device.features)
    };
    let uses = wgpu::TextureUsages::RENDER_ATTACHMENT | wgpu::TextureUsages::TEXTURE_BINDING;
    features.allowed_usages.contains(uses)
        && features.flags.contains(wgpu::TextureFormatFeatureFlags::BLENDABLE)
        && features.flags.sample_count_supported(samples)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_of_an_area_wrap_and_know_whether_they_are_whole() {
        let color = TargetFormat::Color(ColorTargetFormat::Rgba8);
        let place = TargetPlace { base: 2046, pitch: 160, msaa: Msaa::X1, format: color };
        assert_eq!((place.pitch_tiles(), place.tile_height()), (2, 16));
        let tiles: Vec<_> = place.tiles([0, 8, 88, 32]).collect();
        assert_eq!(tiles, [(2046, false), (2047, false), (0, true), (1, false)]);
        let wide = TargetPlace {
            msaa: Msaa::X4,
            format: TargetFormat::Color(ColorTargetFormat::Rgba16Float),
            ..place
        };
        assert_eq!((wide.pitch_tiles(), wide.tile_height()), (8, 8));
        assert_eq!(wide.tiles([0, 0, 20, 8]).collect::<Vec<_>>(), [(2046, true)]);
        assert_eq!([0xffff, 1, 2, 4, 8].map(|mask| wide.host_sample_mask(mask)), [15, 1, 2, 4, 8]);
        let two = TargetPlace { msaa: Msaa::X2, ..place };
        assert_eq!([0xffff, 1, 2].map(|mask| two.host_sample_mask(mask)), [9, 1, 8]);
    }

    #[test]
    fn runs_of_tiles_are_rectangles() {
        let format = TargetFormat::Color(ColorTargetFormat::Rgba8);
        let place = TargetPlace { base: 3, pitch: 320, msaa: Msaa::X2, format };
        assert_eq!(place.areas(2..13, [320, 1000]), [[160, 0, 320, 8], [0, 8, 320, 24], [0, 24, 80, 32]]);
        assert_eq!(place.areas(5..6, [320, 1000]), [[80, 8, 160, 16]]);
        assert_eq!(place.areas(4..8, [300, 12]), [[0, 8, 300, 12]]);
        let wide = TargetPlace { format: TargetFormat::Color(ColorTargetFormat::Rgba16), ..place };
        assert_eq!(wide.areas(0..1, [320, 1000]), [[0, 0, 40, 8]]);
    }
}
