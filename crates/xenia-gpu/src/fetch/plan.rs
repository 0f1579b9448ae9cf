//! Settings of a texture fetch: its instruction's, or its fetch constant's where the instruction
//! defers.
//!
//! Both backends decide filters, mip levels, coordinates and what lies beyond the edges here, so
//! they cannot disagree on the levels that a fetch may read.

use crate::enums::{Anisotropy, ClampMode, Dimension, TextureFilter};
use crate::microcode::TextureFetch;
use crate::texture::TextureInfo;

/// Resolved settings of a texture fetch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FetchPlan {
    /// Filter of magnified texels.
    pub mag: TextureFilter,
    /// Filter of minified texels.
    pub min: TextureFilter,
    /// Filter between levels; `BaseMap` selects level 0, or the lowest one where that is missing.
    pub mip: TextureFilter,
    /// Filters between slices of volumes and layers of stacks, of magnified and minified ones.
    pub slices: [TextureFilter; 2],
    /// Lowest and highest level that the fetch may read. Both exist.
    pub levels: [u32; 2],
    /// Maximum number of samples along the longer axis of a pixel's footprint: 1 unless all filters
    /// are linear, like on host GPUs.
    pub taps: u32,
}

impl FetchPlan {
    /// Plan for a fetch constant with the filters (magnification, minification, mip) and the
    /// anisotropy that an instruction sets. The filters between slices are the constant's.
    pub fn new(info: &TextureInfo, filters: [TextureFilter; 3], anisotropy: Anisotropy) -> Self {
        let constant = [info.mag, info.min, info.mip];
        let [mag, min, mip] = [0, 1, 2].map(|i: usize| match filters[i] {
            TextureFilter::UseFetchConstant => constant[i],
            filter => filter,
        });
        let [lowest, highest] = info.level_range();
        let are_linear = [mag, min, mip] == [TextureFilter::Linear; 3];
        Self {
            mag,
            min,
            mip,
            slices: info.slices,
            levels: match mip {
                TextureFilter::BaseMap => [if info.has_base() { 0 } else { lowest }; 2],
                _ => [lowest, highest],
            },
            taps: if are_linear { anisotropy.or(info.anisotropy).most() } else { 1 },
        }
    }

    /// Plan of an instruction.
    pub fn of(info: &TextureInfo, fetch: &TextureFetch) -> Self {
        let slices = [0, 1].map(|i: usize| match fetch.slices[i] {
            TextureFilter::UseFetchConstant => info.slices[i],
            filter => filter,
        });
        Self { slices, ..Self::new(info, [fetch.mag, fetch.min, fetch.mip], fetch.anisotropy) }
    }

    /// Level whose texels unnormalised coordinates of a 2D fetch count: 0 for the base map if it is
    /// present.
    pub(crate) fn locked_level(&self, info: &TextureInfo) -> u32 {
        let is_base = self.mip == TextureFilter::BaseMap && info.has_base();
        if is_base { 0 } else { info.locked_level() }
    }

    /// Number of coordinates that a fetch uses of a texture, by the dimension of its instruction;
    /// `None` if it can't fetch from such a texture, and returns zeros. A fetch with one coordinate
    /// from a plane reads its first row, and one without a third coordinate the first layer or
    /// slice. Each face of a plane is the plane.
    pub fn coordinates(texture: Dimension, fetch: Dimension) -> Option<usize> {
        use Dimension::{Cube, D1, D2, D3};
        match (fetch, texture) {
            (D1, D1 | D2 | D3) => Some(1),
            (D2, D1 | D2 | D3) => Some(2),
            (D3, D1 | D2 | D3) | (Cube, D2 | Cube) => Some(3),
            _ => None,
        }
    }

    /// Addressing modes of a fetch whose filter within a level is linear or point. A point filter
    /// has no half-way, and may be set to prefer the nearest texel over the border. A volume's
    /// third axis keeps half-way modes, as it has a filter of its own.
    pub fn clamp(info: &TextureInfo, is_linear: bool) -> [ClampMode; 3] {
        use ClampMode::{ClampToBorder, ClampToHalfway, MirrorClampToBorder, MirrorClampToHalfway};
        if info.dimension == Dimension::Cube {
            // The cube instruction has selected a face, and faces are not filtered across edges.
            return [ClampMode::ClampToEdge; 3];
        }
        [0, 1, 2].map(|axis: usize| match info.clamp[axis] {
            mode if is_linear => mode,
            ClampToHalfway if axis < 2 => ClampMode::ClampToEdge,
            MirrorClampToHalfway if axis < 2 => ClampMode::MirrorClampToEdge,
            ClampToBorder if info.nearest_clamp => ClampMode::ClampToEdge,
            MirrorClampToBorder if info.nearest_clamp => ClampMode::MirrorClampToEdge,
            mode => mode,
        })
    }

    /// Whether a fetch with a number of dimensions mixes no texels, whatever its level is.
    pub(crate) fn is_point(&self, fetch: Dimension) -> bool {
        let slices = if fetch == Dimension::D3 { self.slices } else { [TextureFilter::Point; 2] };
        ![self.mag, self.min, self.mip].iter().chain(&slices).any(|filter| *filter == TextureFilter::Linear)
    }

    /// Axes beyond whose ends a fetch with a linear or point filter within a level has the border.
    pub fn borders(info: &TextureInfo, is_linear: bool) -> [bool; 3] {
        use ClampMode::{ClampToBorder, ClampToHalfway, MirrorClampToBorder, MirrorClampToHalfway};
        let modes = Self::clamp(info, is_linear);
        [0, 1, 2].map(|axis: usize| {
            let is_addressed = axis < 2 || info.dimension == Dimension::D3;
            is_addressed
                && matches!(
                    modes[axis],
                    ClampToBorder | MirrorClampToBorder | ClampToHalfway | MirrorClampToHalfway
                )
        })
    }

    /// Clamps a level of detail to the levels; NaN gives the lowest.
    pub(crate) fn limited(&self, lod: f32) -> f32 {
        let [lowest, highest] = self.levels.map(|level| level as f32);
        // For NaN `max` returns the other number; `clamp` would keep the NaN.
        lod.max(lowest).min(highest)
    }

    /// Filter within a level, for a level of detail before [`limited`](Self::limited). Like host
    /// GPUs, the choice uses the level after the lower limit.
    pub(crate) fn filter_for(&self, lod: f32) -> TextureFilter {
        if self.minifies(lod) { self.min } else { self.mag }
    }

    /// Filter between the slices of a volume, which is chosen as the one within a level.
    pub(crate) fn between_slices(&self, lod: f32) -> TextureFilter {
        self.slices[usize::from(self.minifies(lod))]
    }

    /// Whether a level of detail before [`limited`](Self::limited) selects minification.
    fn minifies(&self, lod: f32) -> bool {
        lod > 0.0 || self.levels[0] > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_map_is_level_0_unless_it_is_missing_and_levels_exist() {
        use TextureFilter::{BaseMap, Linear, Point, UseFetchConstant};
        let plan = |least: u32, most: u32, [base, mips]: [u32; 2], own: TextureFilter| {
            // 8 x 8 texels, the constant's mip filter is `BaseMap`.
            let words = [2, 6 | base, 7 | 7 << 13, 2 << 23, least << 2 | most << 6, 1 << 9 | mips];
            let info = TextureInfo::decode(&words).unwrap();
            FetchPlan::new(&info, [UseFetchConstant, UseFetchConstant, own], Anisotropy::Disabled)
        };
        let both = [0x1000, 0x2000];
        for (least, most, memory, own, expected) in [
            (0, 3, both, UseFetchConstant, [0, 0]),
            (0, 3, both, Linear, [0, 3]),
            (1, 3, both, UseFetchConstant, [0, 0]),
            (0, 3, [0, 0x2000], UseFetchConstant, [1, 1]),
            (2, 3, [0, 0x2000], UseFetchConstant, [2, 2]),
            (1, 3, [0x2000, 0x2000], UseFetchConstant, [1, 1]),
            (1, 3, both, Point, [1, 3]),
            (2, 0, both, Point, [2, 2]),
            (0, 9, both, Linear, [0, 3]),
            (9, 9, both, BaseMap, [0, 0]),
            (9, 9, [0, 0x2000], BaseMap, [3, 3]),
            (2, 3, [0x1000, 0], Linear, [0, 0]),
        ] {
            let plan = plan(least, most, memory, own);
            assert_eq!(plan.levels, expected, "{least} to {most}, {own:?}, {memory:x?}");
            let [lowest, highest] = expected.map(|level| level as f32);
            assert_eq!([f32::NAN, -9.0, 99.0].map(|lod| plan.limited(lod)), [lowest, lowest, highest]);
        }
    }

    #[test]
    fn point_filters_reach_the_border_by_default() {
        use ClampMode::*;
        let modes = |policy: u32, is_linear| {
            [2, 4, 5, 6, 7].map(|mode| {
                let info = TextureInfo::decode(&[2 | mode << 10, 6 | policy << 11, 0, 0, 0, 1 << 9]).unwrap();
                FetchPlan::clamp(&info, is_linear)[0]
            })
        };
        let own = [ClampToEdge, ClampToHalfway, MirrorClampToHalfway, ClampToBorder, MirrorClampToBorder];
        assert_eq!([0, 1].map(|policy| modes(policy, true)), [own; 2]);
        let borders = [ClampToEdge, ClampToEdge, MirrorClampToEdge, ClampToBorder, MirrorClampToBorder];
        assert_eq!(modes(0, false), borders);
        let edges = [ClampToEdge, ClampToEdge, MirrorClampToEdge, ClampToEdge, MirrorClampToEdge];
        assert_eq!(modes(1, false), edges);
    }

    #[test]
    fn a_lowest_level_above_the_base_is_minified() {
        let words = [2, 6 | 0x1000, 7 | 7 << 13, 1 << 21, 1 << 2 | 3 << 6, 1 << 9 | 0x2000];
        let info = TextureInfo::decode(&words).unwrap();
        let filters = [TextureFilter::UseFetchConstant; 3];
        let plan = FetchPlan::new(&info, filters, Anisotropy::Disabled);
        assert_eq!((plan.mag, plan.min), (TextureFilter::Point, TextureFilter::Linear));
        assert_eq!([-1.0, 0.5].map(|lod| plan.filter_for(lod)), [TextureFilter::Linear; 2]);
        let plan =
            FetchPlan { levels: [0, 3], slices: [TextureFilter::Linear, TextureFilter::Point], ..plan };
        assert_eq!(
            [-1.0, 0.5].map(|lod| plan.between_slices(lod)),
            [TextureFilter::Linear, TextureFilter::Point]
        );
        assert_eq!(
            [-1.0, 0.5].map(|lod| plan.filter_for(lod)),
            [TextureFilter::Point, TextureFilter::Linear]
        );
    }
}
