//! Samplers for texture fetch constants.
//!
//! Shaders implement mirroring once, so the sampler only clamps at the far end, and the limit of
//! half-way modes, beyond which the sampler has the border. Modes that the host lacks are replaced
//! by the nearest available: borders of video colours, whose values have not been measured, are
//! black, and a host without borders has the edge. Anisotropic filtering requires linear filters,
//! as hosts do.

use std::collections::HashMap;
use std::sync::Arc;

use wgpu::{AddressMode, FilterMode, MipmapFilterMode, SamplerBorderColor};
use xenia_gpu::draw_state::DrawCall;
use xenia_gpu::enums::{Anisotropy, ClampMode, TextureFilter};
use xenia_gpu::fetch::FetchPlan;
use xenia_gpu::texture::TextureInfo;

/// Sampler of the host.
pub(crate) struct HostSampler {
    /// Unique during the backend's lifetime, also among textures.
    pub(crate) id: u64,
    pub(crate) sampler: wgpu::Sampler,
}

/// Filters of a fetch: magnification, minification, mip.
pub(super) type Filters = [TextureFilter; 3];

/// Key of a sampler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct SamplerKey {
    modes: [AddressMode; 3],
    mag: FilterMode,
    min: FilterMode,
    mip: MipmapFilterMode,
    /// Only the lowest level is read.
    base_only: bool,
    lowest_level: u8,
    border: SamplerBorderColor,
    anisotropy: u16,
}

impl SamplerKey {
    /// Key for a fetch constant with the filters (magnification, minification, mip) that a fetch
    /// sets.
    pub(super) fn new(
        info: &TextureInfo,
        filters: Filters,
        anisotropy: Anisotropy,
        features: wgpu::Features,
    ) -> Self {
        let FetchPlan { mag, min, mip, levels, taps, .. } = FetchPlan::new(info, filters, anisotropy);
        let within = |filter| match filter {
            TextureFilter::Linear => FilterMode::Linear,
            _ => FilterMode::Nearest,
        };
        let has_linear = [mag, min].contains(&TextureFilter::Linear);
        let modes = FetchPlan::clamp(info, has_linear).map(|mode| address_mode(mode, features));
        Self {
            modes,
            mag: within(mag),
            min: within(min),
            mip: match mip {
                TextureFilter::Linear => MipmapFilterMode::Linear,
                _ => MipmapFilterMode::Nearest,
            },
            base_only: mip == TextureFilter::BaseMap,
            lowest_level: levels[0] as u8,
            border: match (info.border, info.opaque_border) {
                // A colour that is not used must not make keys differ.
                _ if !modes.contains(&AddressMode::ClampToBorder) => SamplerBorderColor::TransparentBlack,
                (1, _) => SamplerBorderColor::OpaqueWhite,
                (_, true) => SamplerBorderColor::OpaqueBlack,
                (_, false) => SamplerBorderColor::TransparentBlack,
            },
            anisotropy: taps as u16,
        }
    }

    fn descriptor(&self) -> wgpu::SamplerDescriptor<'static> {
        let lowest = f32::from(self.lowest_level);
        wgpu::SamplerDescriptor {
            label: None,
            address_mode_u: self.modes[0],
            address_mode_v: self.modes[1],
            address_mode_w: self.modes[2],
            mag_filter: self.mag,
            min_filter: self.min,
            mipmap_filter: self.mip,
            lod_min_clamp: lowest,
            // A quarter of a level is enough to select minification or magnification, but stays in
            // the lowest level.
            lod_max_clamp: if self.base_only { lowest + 0.25 } else { 32.0 },
            compare: None,
            anisotropy_clamp: self.anisotropy,
            border_color: self.modes.contains(&AddressMode::ClampToBorder).then_some(self.border),
        }
    }
}

/// Texture constants, one bit each, that a draw's pixel shader fetches with anisotropic filtering.
/// `forced` is in place of the anisotropy of constants whose filters are linear.
pub(super) fn anisotropic(call: &DrawCall, forced: Option<Anisotropy>) -> u32 {
    let asks = |constant: u32| {
        let words = &call.constants.fetch[constant as usize & 31];
        let forced = forced.filter(|_| TextureInfo::decode_is_linear(words));
        let own = TextureInfo::decode_anisotropy(words);
        own.is_some_and(|own| forced.unwrap_or(own).most() > 1)
    };
    let mut left = call.pixel_shader.as_ref().map_or(0, |shader| shader.program.textures);
    let mut found = 0;
    while left != 0 {
        let constant = left.trailing_zeros();
        left &= left - 1;
        found |= u32::from(asks(constant)) << constant;
    }
    found
}

fn address_mode(mode: ClampMode, features: wgpu::Features) -> AddressMode {
    match mode {
        ClampMode::Repeat => AddressMode::Repeat,
        ClampMode::MirroredRepeat => AddressMode::MirrorRepeat,
        ClampMode::ClampToBorder
        | ClampMode::MirrorClampToBorder
        | ClampMode::ClampToHalfway
        | ClampMode::MirrorClampToHalfway
            if features.contains(wgpu::Features::ADDRESS_MODE_CLAMP_TO_BORDER) =>
        {
            AddressMode::ClampToBorder
        }
        _ => AddressMode::ClampToEdge,
    }
}

/// Maximum number of cached samplers; when reached, all are dropped. Hosts support some 4,000 at a
/// time, of the 32,768 that constants can describe.
const MAX_SAMPLERS: usize = 2048;

/// Cache of samplers. Titles use a few dozen.
#[derive(Default)]
pub(super) struct Samplers {
    made: HashMap<SamplerKey, Arc<HostSampler>>,
    /// Whether samplers were dropped since [`Self::take_dropped`].
    has_dropped: bool,
}

impl Samplers {
    /// Returns the sampler of a key; `id` is called only for a new one.
    pub(super) fn get(
        &mut self,
        device: &wgpu::Device,
        key: SamplerKey,
        id: impl FnOnce() -> u64,
    ) -> Arc<HostSampler> {
        if self.made.len() >= MAX_SAMPLERS && !self.made.contains_key(&key) {
            self.made.clear();
            self.has_dropped = true;
        }
        let make = || Arc::new(HostSampler { id: id(), sampler: device.create_sampler(&key.descriptor()) });
        self.made.entry(key).or_insert_with(make).clone()
    }

    /// Whether samplers were dropped since the last call.
    pub(super) fn take_dropped(&mut self) -> bool {
        std::mem::take(&mut self.has_dropped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::device;

    fn info(clamp: u32, border: u32, dimension: u32) -> TextureInfo {
        let words = [2 | clamp << 10 | clamp << 13 | clamp << 16, 6, 0, 2 << 23, 0, border | dimension << 9];
        TextureInfo::decode(&words).unwrap()
    }

    #[test]
    fn every_mode_has_a_sampler() {
        let filters = [TextureFilter::UseFetchConstant; 3];
        let anisotropy = Anisotropy::UseFetchConstant;
        let all = wgpu::Features::ADDRESS_MODE_CLAMP_TO_BORDER;
        let mode =
            |clamp, dimension| SamplerKey::new(&info(clamp, 0, dimension), filters, anisotropy, all).modes[0];
        use AddressMode::*;
        assert_eq!(
            [0, 1, 2, 3, 4, 5, 6, 7].map(|clamp| mode(clamp, 1)),
            [
                Repeat,
                MirrorRepeat,
                ClampToEdge,
                ClampToEdge,
                ClampToEdge,
                ClampToEdge,
                ClampToBorder,
                ClampToBorder
            ]
        );
        assert_eq!([0, 6].map(|clamp| mode(clamp, 3)), [ClampToEdge; 2]);
        let linear = [TextureFilter::Linear; 3];
        let half_way =
            [4, 5].map(|clamp| SamplerKey::new(&info(clamp, 0, 1), linear, anisotropy, all).modes[0]);
        assert_eq!(half_way, [ClampToBorder; 2]);
        use SamplerBorderColor::*;
        let without = SamplerKey::new(&info(6, 1, 1), filters, anisotropy, wgpu::Features::empty());
        assert_eq!((without.modes[0], without.border), (ClampToEdge, TransparentBlack));
        let border = |border| SamplerKey::new(&info(6, border, 1), filters, anisotropy, all).border;
        assert_eq!(
            [0, 1, 2, 4, 5, 6].map(border),
            [TransparentBlack, OpaqueWhite, TransparentBlack, OpaqueBlack, OpaqueWhite, OpaqueBlack]
        );
        let filtered = SamplerKey::new(
            &info(0, 0, 1),
            [TextureFilter::Linear, TextureFilter::Point, filters[0]],
            anisotropy,
            all,
        );
        assert_eq!((filtered.mag, filtered.min), (FilterMode::Linear, FilterMode::Nearest));
        assert!(filtered.base_only);
        let words = [2, 6, 0, 1 << 19 | 1 << 21 | 1 << 23 | 5 << 25, 0, 1 << 9];
        let sharp = TextureInfo::decode(&words).unwrap();
        let clamp = |filters, own| SamplerKey::new(&sharp, filters, own, all).anisotropy;
        assert_eq!(
            [Anisotropy::UseFetchConstant, Anisotropy::Disabled, Anisotropy::Max4]
                .map(|own| clamp(filters, own)),
            [16, 1, 4]
        );
        assert_eq!(
            clamp([TextureFilter::Linear, TextureFilter::Linear, TextureFilter::Point], anisotropy),
            1
        );
        device::tests::with_device(|device| {
            let mut samplers = Samplers::default();
            let mut ids = 0_u64..;
            for i in 0..64 {
                let key = SamplerKey::new(
                    &info(i & 7, i >> 3 & 3, 1 + i / 32),
                    filters,
                    anisotropy,
                    device.features,
                );
                let sampler = samplers.get(&device.device, key, || ids.next().unwrap());
                let again = samplers.get(&device.device, key, || unreachable!());
                assert_eq!(sampler.id, again.id);
            }
        });
    }

    #[test]
    fn dropped_samplers_are_reported_once() {
        device::tests::with_device(|device| {
            let filters = [TextureFilter::UseFetchConstant; 3];
            let anisotropy = Anisotropy::UseFetchConstant;
            let own = SamplerKey::new(&info(0, 0, 1), filters, anisotropy, device.features);
            let modes = [AddressMode::Repeat, AddressMode::MirrorRepeat, AddressMode::ClampToEdge];
            let mut samplers = Samplers::default();
            for i in 0..=MAX_SAMPLERS {
                assert!(!samplers.take_dropped(), "{i}");
                let modes = [modes[i >> 8 & 1], modes[i >> 9 & 1], modes[(i >> 10) % 3]];
                samplers.get(&device.device, SamplerKey { modes, lowest_level: i as u8, ..own }, || i as u64);
            }
            assert_eq!(
                (samplers.made.len(), samplers.take_dropped(), samplers.take_dropped()),
                (1, true, false)
            );
        });
    }
}
