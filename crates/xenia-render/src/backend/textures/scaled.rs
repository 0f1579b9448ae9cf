//! Textures at the host's resolution: those whose only level was written by resolves.

use xenia_gpu::enums::Dimension;
use xenia_gpu::memory::Endian;
use xenia_gpu::texture::TextureInfo;

use super::decode::{LevelJob, NoDecoding};
use super::formats::Decoding;
use super::host::{create, view};
use super::source::texel_bytes;
use super::{HostTexture, TextureInputs, Textures};
use crate::backend::Device;
use crate::backend::scale::Scale;
use xenia_shaders::{EncodedTexture, TextureRecord, TextureShape};

impl Textures {
    /// Scale at which the levels of a texture are decoded. It is that of render targets if all
    /// texels are available at that scale: one level of a 2D texture, with texels as the resolves
    /// wrote them.
    pub(super) fn scale_of(
        &self,
        device: &Device,
        info: &TextureInfo,
        decoding: &Decoding,
        jobs: &[LevelJob],
    ) -> Scale {
        let [LevelJob { level: 0, layout, pieces }] = jobs else { return Scale::ONE };
        let bytes = decoding.block_bytes;
        // Other byte orders exchange texels.
        let is_by_texel =
            bytes >= 4 || info.endian == Endian::None || bytes == 2 && info.endian == Endian::In16;
        let side = self.scale.size([info.size[0], info.size[1]]);
        let fits = side[0].max(side[1]) <= device.max_texture_side;
        let is_scaled = !self.scale.is_one()
            && fits
            && may_be_scaled(info)
            && decoding.block == [1, 1]
            && is_by_texel
            && texel_bytes(pieces, layout.bytes) == Some(bytes);
        if is_scaled { self.scale } else { Scale::ONE }
    }

    /// Record of a fetch constant whose texture is only queried. Weights and levels count the
    /// host's texels, as fetches from the texture by another constant do. As the draw does not bind
    /// the texture, it takes no room of the draw, and may be too large.
    pub(crate) fn query_record(
        &mut self,
        with: &mut TextureInputs<'_>,
        words: &[u32; 6],
        info: &TextureInfo,
    ) -> EncodedTexture {
        if self.scale.is_one() || !may_be_scaled(info) {
            return TextureRecord::new(info).encode();
        }
        // A query reads no texels, so it must not count for the draw's limits.
        let of_draw = (self.drawn, self.left_out, self.is_oversized);
        let found = self.get(with, words, TextureShape::Planes);
        (self.drawn, self.left_out, self.is_oversized) = of_draw;
        found.map_or_else(|| TextureRecord::new(info).encode(), |texture| texture.record)
    }

    /// Creates a texture with the next id, at a scale, without contents. `None` if it is too large
    /// for the device, or for its free memory.
    pub(super) fn make(
        &mut self,
        device: &Device,
        scale: Scale,
        info: &TextureInfo,
        shape: TextureShape,
        decoding: &Decoding,
    ) -> Option<HostTexture> {
        let [width, height, slices] = info.size;
        let [width, height] = scale.size([width, height]);
        let levels = info.max_level() + 1;
        let format = decoding.host_format();
        let made = device.attempt(|device| create(device, [width, height, slices], levels, shape, format));
        let texture = self.created(made)?;
        let components = decoding.components as u8;
        let (used, current) = Default::default();
        let id = self.next_id;
        Some(HostTexture { id, view: view(&texture), texture, scale, components, used, current })
    }

    /// Notes whether a texture was created.
    fn created(&mut self, made: Result<Option<wgpu::Texture>, String>) -> Option<wgpu::Texture> {
        let texture = made.unwrap_or_else(|error| {
            // The device has less memory than others of its kind.
            if std::mem::take(&mut self.frame_bytes) > 0 {
                tracing::warn!(target: "gpu", "the device can't create a texture; fewer are kept now: {error}");
            }
            None
        });
        self.is_oversized |= texture.is_none();
        texture
    }

    /// Notes a texture that could not be decoded.
    pub(super) fn note_undecoded(&mut self, reason: NoDecoding) {
        let made = match reason {
            NoDecoding::TooLarge => Ok(None),
            NoDecoding::NoMemory => Err("no memory for its texels".to_owned()),
        };
        self.created(made);
    }
}

/// Whether a texture may have the scale of render targets, as far as its constant determines that.
fn may_be_scaled(info: &TextureInfo) -> bool {
    info.dimension == Dimension::D2 && info.size[2] == 1 && info.max_level() == 0 && info.tiled
}
