//! Texture sampling: selects texels and mip levels, filters, and converts the result.

mod anisotropy;
mod faces;
mod gradients;
mod level;

use super::{Binding, FetchPlan};
use crate::enums::{ClampMode, Dimension, TextureFilter};
use crate::microcode::lanes::{canonical_nan, floor, lanes_of, map, map2, spread, truncate};
use crate::microcode::{LANES, Lanes, Mask, Sampling, TextureFetch, TextureOp, Vector};
use crate::texture::{Texels, TextureInfo, TextureLevel};
use anisotropy::Footprint;
pub(super) use gradients::gradients;
use gradients::{crossed_layers, levels_of_detail, texel_gradients};
use level::{IsLinear, Level, plane_lanes, snap};
use xenia_host::simd;

/// Border colour: black, white, or the black of video (Cr, Y, Cb and Y, Cr, Cb), whose chroma
/// components are zero at the middle of their range.
fn border(info: &TextureInfo) -> [f32; 4] {
    let [x, y, z, w] = match info.border {
        1 => [1.0; 4],
        2 => [0.5, 0.0, 0.5, 0.0],
        3 => [0.0, 0.5, 0.5, 0.0],
        _ => [0.0; 4],
    };
    [x, y, z, if info.opaque_border { 1.0 } else { w }]
}

/// Rounds to a fraction of 16 bits. Exactly half a step rounds down, since 127 / 255 lies just
/// below one and might become a unit too high.
#[inline(always)]
fn short_fraction(value: f32) -> f32 {
    truncate(value * 65_536.0 + 0.499) * (1.0 / 65_536.0)
}

/// Nearest fraction of a component of `width` bits, as the chip has it after a point filter: the
/// bits twice, in units of 1 / 2^2w.
#[inline(always)]
fn repeated_fraction(value: f32, width: u8) -> f32 {
    let steps = (1_u32 << width) as f32;
    floor(value * (steps - 1.0) + 0.5) * (steps + 1.0) / (steps * steps)
}

/// Texture fetch with the settings of its instruction and fetch constant.
struct Lookup<'a> {
    binding: &'a Binding,
    fetch: &'a TextureFetch,
    coordinates: &'a [Lanes; 3],
    /// Texels of the base level, or of the level that unnormalised coordinates refer to.
    size: [f32; 3],
    /// Factor from coordinates to texels.
    scale: [f32; 3],
    plan: FetchPlan,
    /// Lanes whose neighbours are more than a layer of a stack away.
    crossed_layers: Mask,
    border: [f32; 4],
    /// Components with 16 fraction bits, one bit each.
    short: u8,
    /// Widths of the components that are their bits twice; zero for others.
    repeated: [u8; 4],
    /// Factor of the components.
    factor: f32,
}

/// Converts a coordinate from texels of one level to those of another. A rounded ratio of the sides
/// would miss texel edges, and products of large sides have more bits than a float.
#[inline(always)]
fn texel_coordinate(at: f32, base: f32, side: u32) -> f32 {
    let side = side as f32;
    if side == base { at } else { (f64::from(at) * f64::from(side) / f64::from(base)) as f32 }
}

fn is_linear(filter: TextureFilter) -> bool {
    filter == TextureFilter::Linear
}

impl<'a> Lookup<'a> {
    #[inline(always)]
    fn new(binding: &'a Binding, fetch: &'a TextureFetch, coordinates: &'a [Lanes; 3]) -> Self {
        let info = &binding.info;
        let mut plan = FetchPlan::of(info, fetch);
        let counts_texels = fetch.unnormalized && fetch.dimension == Dimension::D2;
        let locked = if counts_texels { plan.locked_level(info) } else { 0 };
        let size = info.level_size(locked).map(|side| side as f32);
        // Levels beyond the draw's limit are missing.
        let bound = binding.levels.len() as u32 - 1;
        plan.levels = plan.levels.map(|level| level.min(bound));
        let is_point = plan.is_point(fetch.dimension);
        Self {
            binding,
            fetch,
            coordinates,
            size,
            scale: match info.dimension {
                _ if fetch.unnormalized => [1.0; 3],
                // Coordinates of stack layers scale like those of slices; faces are numbered.
                Dimension::D3 | Dimension::D2 if fetch.dimension != Dimension::Cube => size,
                _ => [size[0], size[1], 1.0],
            },
            plan,
            crossed_layers: 0,
            border: if fetch.operation == TextureOp::BorderFraction { [1.0; 4] } else { border(info) },
            short: info.short_fractions(),
            repeated: if is_point { info.repeated_fractions() } else { [0; 4] },
            factor: 2.0_f32.powi(info.exponent),
        }
    }

    fn needs_lod(&self) -> bool {
        let FetchPlan { mag, min, slices: [slice_mag, slice_min], levels: [lowest, highest], .. } = self.plan;
        lowest < highest
            // Of different filters the level of detail selects one, even where one level exists.
            || is_linear(mag) != is_linear(min)
            || is_linear(slice_mag) != is_linear(slice_min)
            || matches!(self.fetch.operation, TextureOp::ComputedLod | TextureOp::Weights)
    }

    /// Fetches all lanes of a plain fetch.
    #[inline(always)]
    fn plain(&self, plain: &Plain<'_>) -> Vector {
        let info = &self.binding.info;
        let mut stored = [[0.0; LANES]; 4];
        let mut next = [[0.0; LANES]; 4];
        let mut texels = [[0.0; LANES]; 2];
        for (axis, texels) in texels.iter_mut().enumerate() {
            let scale = self.scale[axis];
            let offset = self.fetch.offset[axis];
            *texels = map(&self.coordinates[axis], |value| snap(value * scale + offset));
        }
        for (image, out) in plain.images.iter().zip([&mut stored, &mut next]).take(plain.levels()) {
            let mut at = texels;
            for (axis, at) in at.iter_mut().enumerate() {
                let side = image.size[axis];
                let base = self.size[axis];
                if side as f32 != base {
                    *at = map(at, |at| texel_coordinate(at, base, side));
                }
            }
            let level = Level { image, clamp: info.clamp, border: self.border };
            plane_lanes(&level, &at[0], &at[1], plain.linear, out);
        }
        if let Some(fractions) = &plain.fractions {
            for (stored, next) in stored.iter_mut().zip(&next) {
                for lane in 0..LANES {
                    stored[lane] =
                        canonical_nan(stored[lane] + (next[lane] - stored[lane]) * fractions[lane]);
                }
            }
        }
        for (c, stored) in stored.iter_mut().enumerate() {
            match self.repeated[c] {
                0 if self.short >> c & 1 != 0 => *stored = map(stored, short_fraction),
                0 => {}
                width => *stored = map(stored, |value| repeated_fraction(value, width)),
            }
        }
        let mut result = [[0.0; LANES]; 4];
        for (result, select) in result.iter_mut().zip(info.swizzle) {
            match select {
                0..=3 => {
                    for (result, value) in result.iter_mut().zip(&stored[select as usize]) {
                        *result = value * self.factor;
                    }
                }
                5 => *result = [1.0; LANES],
                _ => {}
            }
        }
        result
    }

    /// Maximum number of samples that the fetch may average.
    fn max_taps(&self) -> u32 {
        let has_gradients = self.fetch.computed_lod || self.fetch.register_gradients;
        let is_plane = self.fetch.dimension == Dimension::D2 && self.binding.info.dimension == Dimension::D2;
        let is_fetch = self.fetch.operation == TextureOp::Fetch;
        if is_fetch && is_plane && has_gradients { self.plan.taps } else { 1 }
    }

    /// Averages the samples along a lane's pixel footprint.
    fn anisotropic(&self, lane: usize, footprint: &Footprint) -> [f32; 4] {
        let mut sum = [0.0; 4];
        for tap in 0..footprint.taps {
            let stored = self.stored(lane, footprint.lod, self.place(lane, footprint.tap(tap)));
            for (sum, value) in sum.iter_mut().zip(stored) {
                *sum += value;
            }
        }
        // The bits of a single texel stay, whatever they mean.
        let mean = |sum: f32| canonical_nan(sum / footprint.taps as f32);
        self.result(if footprint.taps == 1 { sum } else { sum.map(mean) })
    }

    /// Texel coordinates of a lane, offset by `away` texels.
    fn place(&self, lane: usize, away: [f32; 2]) -> [f32; 3] {
        let dimension = self.binding.info.dimension;
        let fetch = self.fetch.dimension;
        let cube = if fetch == Dimension::Cube { 1.0 } else { 0.0 };
        let mut at = [0, 1, 2].map(|axis| {
            // The cube instruction adds one to its coordinates.
            let value = self.coordinates[axis][lane] - if axis < 2 { cube } else { 0.0 };
            snap(value * self.scale[axis] + self.fetch.offset[axis] + away.get(axis).unwrap_or(&0.0))
        });
        // The middle of the first slice, or the first layer.
        let first = if dimension == Dimension::D3 { 0.5 } else { 0.0 };
        match FetchPlan::coordinates(dimension, fetch) {
            Some(1) => (at[1], at[2]) = (0.5, first),
            Some(2) => at[2] = first,
            // Whole layers of a stack are its faces.
            Some(3) if (fetch, dimension) == (Dimension::Cube, Dimension::D2) => at[2] = at[2].floor() + 0.5,
            _ => {}
        }
        at
    }

    /// Samples one mip level.
    fn sample_level(&self, index: usize, at: [f32; 3], linear: IsLinear) -> [f32; 4] {
        self.sample_image(&self.binding.levels[index.min(self.binding.levels.len() - 1)], at, linear)
    }

    /// Samples the texels of a level.
    fn sample_image(&self, image: &TextureLevel, at: [f32; 3], linear: IsLinear) -> [f32; 4] {
        let info = &self.binding.info;
        let dimension = info.dimension;
        let within = |axis: usize| texel_coordinate(at[axis], self.size[axis], image.size[axis]);
        let clamp = FetchPlan::clamp(info, linear.plane);
        let is_scaled = dimension == Dimension::D3 && self.fetch.dimension == Dimension::D3;
        let w = if is_scaled { within(2) } else { at[2] };
        let level = Level { image, clamp, border: self.border };
        level.sample(dimension, [within(0), within(1), w], linear)
    }

    /// Result of one lane.
    fn lane(&self, lane: usize, lod: f32) -> [f32; 4] {
        let at = self.place(lane, [0.0; 2]);
        match self.fetch.operation {
            TextureOp::Weights => {
                let lod = self.plan.limited(lod);
                let fraction = |axis: usize| {
                    // Weights count from the centre of the texel before.
                    let fraction = (at[axis] - 0.5) - (at[axis] - 0.5).floor();
                    // NaN and infinity have none.
                    if fraction >= 0.0 { fraction } else { 0.0 }
                };
                [fraction(0), fraction(1), fraction(2), lod - lod.floor()]
            }
            TextureOp::BorderFraction => self.border_fraction(lane, lod, at),
            _ => self.result(self.stored(lane, lod, at)),
        }
    }

    /// Weight of the border among the filtered texels; between two levels, of the finer one.
    fn border_fraction(&self, lane: usize, lod: f32, at: [f32; 3]) -> [f32; 4] {
        let linear = self.filters(lane, lod);
        let lod = self.plan.limited(lod);
        // Point filters take the nearest level, linear ones start at the finer one.
        let index = if is_linear(self.plan.mip) { lod } else { lod + 0.5 } as usize;
        let image = &self.binding.levels[index.min(self.binding.levels.len() - 1)];
        // Missing texels are zero, and the border is one.
        let empty = TextureLevel { size: image.size, texels: Texels::Bytes(Vec::new()) };
        self.sample_image(&empty, at, linear)
    }

    /// Filters of a lane at a level of detail.
    fn filters(&self, lane: usize, lod: f32) -> IsLinear {
        let slices = match self.binding.info.dimension {
            Dimension::D3 => self.plan.between_slices(lod),
            _ => self.plan.slices[usize::from(self.crossed_layers >> lane & 1 != 0)],
        };
        IsLinear { plane: is_linear(self.plan.filter_for(lod)), slices: is_linear(slices) }
    }

    /// Filtered components at a position, before rounding, swizzle and exponent.
    fn stored(&self, lane: usize, lod: f32, at: [f32; 3]) -> [f32; 4] {
        let linear = self.filters(lane, lod);
        let lod = self.plan.limited(lod);
        if is_linear(self.plan.mip) && lod > 0.0 {
            let level = lod as usize;
            let low = self.sample_level(level, at, linear);
            let high = self.sample_level(level + 1, at, linear);
            let f = lod - lod.floor();
            [0, 1, 2, 3].map(|i| canonical_nan(low[i] + (high[i] - low[i]) * f))
        } else {
            self.sample_level((lod + 0.5) as usize, at, linear)
        }
    }

    /// Rounds, swizzles and scales filtered components to the fetch's result.
    fn result(&self, mut stored: [f32; 4]) -> [f32; 4] {
        for (c, stored) in stored.iter_mut().enumerate() {
            match self.repeated[c] {
                0 if self.short >> c & 1 != 0 => *stored = short_fraction(*stored),
                0 => {}
                width => *stored = repeated_fraction(*stored, width),
            }
        }
        self.binding.info.swizzle.map(|select| match select {
            0..=3 => stored[select as usize] * self.factor,
            5 => 1.0,
            _ => 0.0,
        })
    }
}

/// Executes a fetch for the lanes of a mask.
pub(super) fn sample(binding: &Binding, fetch: &TextureFetch, at: &Sampling<'_>, mask: Mask) -> Vector {
    simd::dispatch(
        #[inline(always)]
        || sample_lanes(binding, fetch, at, mask),
    )
}

#[inline(always)]
fn sample_lanes(binding: &Binding, fetch: &TextureFetch, at: &Sampling<'_>, mask: Mask) -> Vector {
    let mut lookup = Lookup::new(binding, fetch, at.coordinates);
    let most = lookup.max_taps();
    let mut lods = [0.0; LANES];
    let mut footprints = None;
    if lookup.needs_lod() || most > 1 {
        let mut biases = [0.0; LANES];
        if fetch.register_lod {
            biases = *at.lod;
        }
        lookup.crossed_layers = crossed_layers(fetch, at, lookup.scale[2], &binding.info);
        let gradients = texel_gradients(fetch, at, lookup.scale, &binding.info);
        let levels = gradients.as_ref().map(levels_of_detail);
        if fetch.operation == TextureOp::ComputedLod {
            // The fetch that gets the level adds the biases.
            return [levels.unwrap_or([0.0; LANES]); 4];
        }
        lods = biases;
        if let Some(levels) = &levels {
            lods = map2(&lods, levels, |lod, level| lod + level);
        }
        for lod in lods.iter_mut().chain(&mut biases) {
            *lod += binding.info.lod_bias + fetch.lod_bias;
        }
        footprints = gradients
            .filter(|_| most > 1)
            .map(|gradients| Footprint::all(&gradients, &biases, most))
            .filter(|all| (0..LANES).any(|lane| mask >> lane & 1 != 0 && all[lane].taps > 1));
    }
    if footprints.is_none()
        && let Some(plain) = plain(binding, fetch, &lods, mask, &lookup.plan)
    {
        return lookup.plain(&plain);
    }
    let mut result = [[0.0; LANES]; 4];
    for lane in (0..LANES).filter(|lane| mask >> lane & 1 != 0) {
        let values = match &footprints {
            Some(footprints) => lookup.anisotropic(lane, &footprints[lane]),
            None => lookup.lane(lane, lods[lane]),
        };
        for (result, value) in result.iter_mut().zip(values) {
            result[lane] = value;
        }
    }
    result
}

/// Fast path: a fetch in which all lanes read the same one or two levels of a 2D texture.
struct Plain<'a> {
    /// The selected level and the one after it.
    images: [&'a TextureLevel; 2],
    linear: bool,
    /// Weights of the second level, if the filter blends both.
    fractions: Option<Lanes>,
}

impl Plain<'_> {
    /// Number of levels that are read.
    fn levels(&self) -> usize {
        1 + usize::from(self.fractions.is_some())
    }
}

/// Selects the fast path if the lanes of a mask allow it.
#[inline(always)]
fn plain<'a>(
    binding: &'a Binding,
    fetch: &TextureFetch,
    lods: &Lanes,
    mask: Mask,
    plan: &FetchPlan,
) -> Option<Plain<'a>> {
    let info = &binding.info;
    use ClampMode::{ClampToBorder, ClampToHalfway, MirrorClampToBorder, MirrorClampToHalfway};
    let bordered = |mode: &ClampMode| {
        matches!(mode, ClampToBorder | MirrorClampToBorder | ClampToHalfway | MirrorClampToHalfway)
    };
    if fetch.operation != TextureOp::Fetch
        || matches!(fetch.dimension, Dimension::D1 | Dimension::Cube)
        || info.dimension != Dimension::D2
        || info.size[2] != 1
        || info.clamp[..2].iter().any(bordered)
    {
        return None;
    }
    let last = binding.levels.len() - 1;
    let mixes = is_linear(plan.mip);
    let levels = map(lods, |lod| plan.limited(lod));
    // Levels are not negative.
    let chosen = map(&levels, |level| floor(if mixes { level } else { level + 0.5 }));
    let linear = map(lods, |lod| if is_linear(plan.filter_for(lod)) { 1.0 } else { 0.0 });
    let first = lanes_of(mask).next()?;
    let level = chosen[first];
    let is_linear = linear[first];
    let wanted = spread(mask);
    let mut differ = 0;
    let mut mixed = 0;
    for lane in 0..LANES {
        let choice =
            (chosen[lane].to_bits() ^ level.to_bits()) | (linear[lane].to_bits() ^ is_linear.to_bits());
        differ |= wanted[lane] & choice;
        mixed |= wanted[lane] & u32::from(levels[lane] != level);
    }
    if differ != 0 {
        return None;
    }
    let image = |index: usize| &*binding.levels[index.min(last)];
    let fractions = (mixes && mixed != 0).then(|| map(&levels, |value| value - level));
    let index = level as usize;
    Some(Plain { images: [image(index), image(index + 1)], linear: is_linear != 0.0, fractions })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_of_255_are_the_nearest_of_65536() {
        for level in 0..=255_u32 {
            let nearest = (level * 65_536 * 2 + 255) / (255 * 2);
            for value in [level as f32 / 255.0, level as f32 * (1.0 / 255.0)] {
                assert_eq!(short_fraction(value), nearest as f32 / 65_536.0, "{level}");
            }
        }
        assert_eq!(short_fraction(128.0 / 255.0), 32_897.0 / 65_536.0);
    }

    #[test]
    fn fractions_of_few_bits_are_the_bits_twice() {
        for width in 4..=7 {
            let steps = 1_u32 << width;
            for bits in 0..steps {
                // Hosts store a fraction in 16 bits.
                let value = bits as f32 / (steps - 1) as f32;
                for value in [value, (value * 65_535.0).round() / 65_535.0] {
                    let expected = (bits << width | bits) as f32 / (steps * steps) as f32;
                    assert_eq!(repeated_fraction(value, width), expected, "{bits} of {width} bits");
                }
            }
        }
    }
}
