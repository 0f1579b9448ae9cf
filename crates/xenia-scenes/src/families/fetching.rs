//! Description of one texture fetch: constant, instruction and coordinates.

mod queries;
mod text;

use xenia_gpu::enums::{Anisotropy, ClampMode, DepthFormat, TextureFilter};
use xenia_gpu::fetch::FetchPlan;
use xenia_gpu::texture::{Layout, TexelFormat, TextureInfo};

use crate::Choices;

pub(super) use queries::{FetchQuery, QueriedFetch};
pub(super) use text::FetchUnit;

/// Physical address of base levels.
pub(super) const BASE: u32 = 0x20_0000;
/// Physical address of other levels.
pub(super) const MIPS: u32 = 0x40_0000;
/// Gradients that programs set, in texels of the base level: along rows, along columns.
const GRADIENTS: [[f64; 2]; 2] = [[0.75, -0.5], [0.25, 1.25]];

/// Dimensions of textures, as in the constant's field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Line,
    Plane,
    Stack,
    Volume,
    Cube,
}

/// Random settings of a texture and its fetch.
#[derive(Clone, Debug)]
pub(super) struct Fetch {
    pub(super) shape: Shape,
    pub(super) format: &'static TexelFormat,
    size: [u32; 3],
    is_linear: bool,
    pub(super) endian: u32,
    signs: u32,
    is_integer: bool,
    swizzle: u32,
    pub(super) exponent: i32,
    clamp: [u32; 3],
    /// Filters of the constant, and of the instruction (3 defers).
    filters: [u32; 3],
    own_filters: [u32; 3],
    /// Filters between slices of the constant, and of the instruction (3 defers).
    slices: [u32; 2],
    own_slices: [u32; 2],
    /// Point filters take the nearest texel in place of the border.
    is_nearest: bool,
    levels: [u32; 2],
    is_packed: bool,
    /// In 32nds of a level.
    bias: i32,
    /// In 16ths of a level.
    own_bias: i32,
    computes_lod: bool,
    /// Level that the program sets, in 32nds.
    register_lod: Option<i32>,
    register_gradients: bool,
    gradient_exponents: [i32; 2],
    is_unnormalized: bool,
    /// In halves of a texel.
    offset: [i32; 3],
    border: u32,
    is_opaque: bool,
    /// In 64ths of a texel: the step of a pixel, and the place of the first.
    step: [i32; 3],
    at: [i32; 3],
    /// Filter between levels of a fetch of the same constant that comes before.
    before: Option<&'static str>,
    /// Coordinates are products of column and row, so their change differs within a quad.
    is_curved: bool,
}

fn known_formats() -> impl Iterator<Item = &'static TexelFormat> {
    (0..64).filter_map(TexelFormat::from_number).filter(|format| format.layout != Layout::Unknown)
}

fn side(choices: &mut Choices, most: u32) -> u32 {
    let is_power = choices.chance(1, 2);
    let power = 1 << choices.below(most.ilog2() + 1);
    let any = 1 + choices.below(most);
    if is_power { power } else { any }
}

impl Fetch {
    /// Draws the settings.
    pub(super) fn any(choices: &mut Choices) -> Self {
        use Shape::{Cube, Line, Plane, Stack, Volume};
        let shape = choices.pick(&[Plane, Plane, Plane, Stack, Line, Volume, Cube]);
        let formats: Vec<_> = known_formats().collect();
        let is_plain = !choices.chance(2, 3);
        let format = choices.pick(&formats);
        let format = if is_plain { TexelFormat::from_number(6).unwrap_or(format) } else { format };
        let most = if shape == Volume { 16 } else { 64 };
        let size = [side(choices, most), side(choices, most), side(choices, 16)];
        let mut this = Self {
            shape,
            format,
            size,
            is_linear: choices.chance(1, 4),
            endian: choices.maybe(1, 3, 0, 0, 3) as u32,
            signs: choices.maybe(1, 3, 0, 0, 255) as u32,
            is_integer: choices.chance(1, 8),
            swizzle: choices.maybe(1, 3, 0x688, 0, 4095) as u32,
            exponent: choices.maybe(1, 6, 0, -4, 4),
            clamp: [0; 3].map(|_: u32| choices.maybe(2, 3, 0, 0, 7) as u32),
            filters: [
                choices.maybe(1, 2, 0, 0, 1) as u32,
                choices.maybe(1, 2, 0, 0, 1) as u32,
                choices.maybe(2, 3, 2, 0, 2) as u32,
            ],
            own_filters: [
                choices.maybe(1, 4, 3, 0, 1) as u32,
                choices.maybe(1, 4, 3, 0, 1) as u32,
                choices.maybe(1, 4, 3, 0, 2) as u32,
            ],
            slices: [0; 2].map(|_: u32| choices.maybe(1, 2, 0, 0, 1) as u32),
            own_slices: [0; 2].map(|_: u32| choices.maybe(1, 4, 3, 0, 1) as u32),
            is_nearest: choices.chance(1, 4),
            levels: [choices.maybe(1, 4, 0, 1, 3) as u32, choices.maybe(2, 3, 0, 1, 7) as u32],
            is_packed: choices.chance(1, 3),
            bias: choices.maybe(1, 3, 0, -96, 96),
            own_bias: choices.maybe(1, 4, 0, -32, 31),
            computes_lod: choices.chance(1, 2),
            register_lod: None,
            register_gradients: choices.chance(1, 6),
            gradient_exponents: [0; 2].map(|_: u32| choices.maybe(1, 8, 0, -3, 3)),
            is_unnormalized: choices.chance(1, 5),
            offset: [0; 3].map(|_: u32| choices.maybe(1, 5, 0, -4, 4)),
            border: choices.maybe(1, 3, 0, 0, 1) as u32,
            is_opaque: choices.chance(1, 5),
            step: [0; 3].map(|_: u32| choices.maybe(3, 4, 16, -300, 300)),
            at: [0; 3].map(|_: u32| choices.maybe(3, 4, 32, -2000, 2000)),
            before: choices.pick(&[None, None, None, None, None, None, Some("base"), Some("point")]),
            is_curved: choices.chance(1, 6),
        };
        let has_register_lod = choices.chance(1, 4);
        let level = choices.between(-64, 192);
        this.register_lod = has_register_lod.then_some(level);
        this.fit();
        this
    }

    /// Changes settings that the shape or the format excludes.
    fn fit(&mut self) {
        let [width, height, depth] = &mut self.size;
        match self.shape {
            Shape::Line => (*height, *depth) = (1, 1),
            Shape::Plane => *depth = 1,
            Shape::Stack => *depth = 2 + *depth % 3,
            Shape::Volume => {}
            Shape::Cube => (*height, *depth) = (*width, 6),
        }
        if self.format.block[0] == 2 {
            *width = width.next_multiple_of(2);
            if self.shape == Shape::Cube {
                *height = *width;
            }
        }
        self.is_unnormalized &= matches!(self.shape, Shape::Line | Shape::Plane);
        self.is_packed &= self.shape != Shape::Line;
        if self.shape == Shape::Line {
            self.is_curved = false;
        }
    }

    /// Whether the result is defined: for undefined states each backend may give any result.
    pub(super) fn is_defined(&self, lod: f64) -> bool {
        let near = |value: f64, border: f64| (value - border).abs() < 0.02;
        let [mag, min, mip] = self.chosen();
        let [lowest, highest] = self.level_range();
        let limited = lod.clamp(lowest, highest);
        let slices_differ = self.chosen_slices()[0] != self.chosen_slices()[1];
        let differ = mag != min || slices_differ && self.shape == Shape::Volume;
        let changes_filter = differ && near(lod, 0.0) && lowest == 0.0;
        // Layers are minified where the coordinate changes by more than one.
        let layers = f64::from(self.step[2]).abs() / 64.0 * 2.0_f64.powi(self.gradient_exponents[0]);
        let changes_layers = slices_differ && self.shape == Shape::Stack && near(layers, 1.0);
        // A host has one mode for both filters.
        let has_border =
            self.has_mode(ClampMode::ClampToBorder) || self.has_mode(ClampMode::MirrorClampToBorder);
        let is_mixed = self.is_nearest && has_border && mag != min;
        let changes_level = mip == 0 && limited == lod && near(lod - lod.floor(), 0.5);
        // Compressed lines don't exist. In a curve each quad has another level.
        let is_line_of_blocks = self.shape == Shape::Line && self.format.block[1] != 1;
        let is_vague = self.is_curved
            && self.computes_lod
            && !self.register_gradients
            && (mip == 0 || differ || slices_differ);
        !changes_filter && !changes_layers && !is_mixed && !changes_level && !is_line_of_blocks && !is_vague
    }

    /// Number of pixels of a target for which a host that rounds coordinates to 1/256 texel may
    /// choose another texel, with a level of detail for each column. Coordinates lie a little above
    /// edges of texels (below, where modes with odd numbers mirror), but not in levels that are not
    /// the base halved exactly.
    pub(super) fn pixels_at_edges(&self, lod: impl Fn(u32) -> f64, [columns, rows]: [u32; 2]) -> usize {
        const HOST_STEP: f64 = 1.0 / 256.0;
        let has_points = |filters: &[u32]| filters.contains(&TextureFilter::Point.bits());
        let slices = self.shape == Shape::Volume && has_points(&self.chosen_slices());
        let planes = if has_points(&self.chosen()[..2]) { 0..2 } else { 0..0 };
        let axes = planes.chain(if slices { 2..3 } else { 2..2 });
        let [lowest, highest] = self.level_range();
        let [step, at, ..] = self.constants();
        let pixels = (0..rows).flat_map(|row| (0..columns).map(move |column| [column, row]));
        let is_at_edge = |[column, row]: [u32; 2], axis: usize, level: u32| {
            let side = (self.size[axis] >> level).max(1);
            let place = match axis {
                _ if self.is_curved && axis < 2 => column * row,
                1 => row,
                _ => column,
            };
            let size = f64::from(self.size[axis]);
            let base = (f64::from(step[axis]) * f64::from(place) + f64::from(at[axis])) * self.scale(axis)
                + f64::from(self.offset[axis]) / 2.0;
            let texels = base / size * f64::from(side);
            let mirrors = self.shape != Shape::Cube && self.clamp[axis] & 1 != 0;
            (side << level != self.size[axis] || mirrors && !(0.0..=size).contains(&base))
                && (texels - texels.round()).abs() < HOST_STEP
        };
        let is_vague = |pixel: [u32; 2]| {
            let limited = lod(pixel[0]).clamp(lowest, highest);
            let levels = [limited.floor() as u32, limited.ceil() as u32];
            levels.iter().any(|&level| axes.clone().any(|axis| is_at_edge(pixel, axis, level)))
        };
        pixels.filter(|&pixel| is_vague(pixel)).count()
    }

    /// Lowest and highest level that can be chosen.
    fn level_range(&self) -> [f64; 2] {
        let filters = self.chosen().map(TextureFilter::from_bits);
        let levels = |info| FetchPlan::new(&info, filters, Anisotropy::Disabled).levels;
        self.info().map_or([0; 2], levels).map(f64::from)
    }

    /// Filters: the instruction's or the constant's.
    fn chosen(&self) -> [u32; 3] {
        [0, 1, 2].map(|i: usize| if self.own_filters[i] == 3 { self.filters[i] } else { self.own_filters[i] })
    }

    /// Filters between slices: the instruction's or the constant's.
    fn chosen_slices(&self) -> [u32; 2] {
        [0, 1].map(|i: usize| if self.own_slices[i] == 3 { self.slices[i] } else { self.own_slices[i] })
    }

    /// Number of axes along which the host rounds a weight, or adds as much of another level.
    pub(super) fn filtered_axes(&self) -> u32 {
        let [mag, min, mip] = self.chosen();
        let linear = TextureFilter::Linear.bits();
        let planes = 2 - u32::from(self.shape == Shape::Line);
        let is_volume = self.shape == Shape::Volume;
        (if [mag, min].contains(&linear) { planes } else { 0 })
            + u32::from(is_volume && self.chosen_slices().contains(&linear))
            + u32::from(mip == linear)
            + u32::from(is_volume && mag != min && mip == linear)
    }

    /// Largest magnitude of a texel, of those that scenes have; 0 for integers that the target can
    /// hold, as results show their largest.
    pub(super) fn largest_texel(&self) -> f32 {
        let largest = match self.format.layout {
            // Texels that a filter mixes may cancel, while the target holds 131,008 at most.
            Layout::Fields(widths) if self.is_integer => {
                let width = i32::from(widths.into_iter().max().unwrap_or(0));
                if width > 16 { 2.0_f32.powi(width) } else { 0.0 }
            }
            _ if self.is_integer => return 0.0,
            Layout::Single(_) | Layout::Half(_) | Layout::Depth(DepthFormat::D24FS8) => 2.0,
            _ => 1.0,
        };
        largest * 2.0_f32.powi(self.exponent)
    }

    /// Largest difference of a texel that a host decompresses itself, before the constant's
    /// exponent. Direct3D permits 3 % of the difference of a block's end points, and a level of
    /// colours and of DXT5's alpha, or 1/65535 of other components (functional specification of
    /// 11.3, 19.5). The reference rounds alpha and these down to a level; the specification has
    /// fractions.
    pub(super) fn decompression_error(&self) -> f32 {
        const SHARE: f32 = 0.03;
        const LEVEL: f32 = 1.0 / 255.0;
        let levels = match self.format.layout {
            Layout::Dxt1 | Layout::Dxt3 => LEVEL,
            Layout::Dxt5 => 2.0 * LEVEL,
            Layout::Dxt5A | Layout::Dxn if !self.is_opaque => LEVEL + 1.0 / 65535.0,
            _ => return 0.0,
        };
        let [width, height, _] = self.size;
        let is_whole = width.is_multiple_of(4) && height.is_multiple_of(4);
        let may_stay = is_whole && self.signs == 0 && self.shape != Shape::Volume;
        if may_stay { levels + SHARE } else { 0.0 }
    }

    fn info(&self) -> Option<TextureInfo> {
        TextureInfo::decode(&self.words())
    }

    /// Words of the fetch constant.
    pub(super) fn words(&self) -> [u32; 6] {
        let [width, height, depth] = self.size;
        let (size, dimension) = match self.shape {
            Shape::Line => (width - 1, 0),
            Shape::Volume => ((width - 1) | (height - 1) << 11 | (depth - 1) << 22, 2),
            Shape::Cube => ((width - 1) | (height - 1) << 13 | 5 << 26, 3),
            Shape::Plane | Shape::Stack => ((width - 1) | (height - 1) << 13 | (depth - 1) << 26, 1),
        };
        let is_tiled = !self.is_linear && self.shape != Shape::Line;
        let [clamp_x, clamp_y, clamp_z] = self.clamp;
        let [mag, min, mip] = self.filters;
        let [lowest, highest] = self.levels;
        let field = |value: i32, bits: u32| value as u32 & ((1 << bits) - 1);
        [
            2 | self.signs << 2
                | clamp_x << 10
                | clamp_y << 13
                | clamp_z << 16
                | width.div_ceil(32) << 22
                | u32::from(is_tiled) << 31,
            self.format.number
                | self.endian << 6
                | u32::from(self.shape == Shape::Stack) << 10
                | u32::from(self.is_nearest) << 11
                | BASE,
            size,
            u32::from(self.is_integer)
                | self.swizzle << 1
                | field(self.exponent, 6) << 13
                | mag << 19
                | min << 21
                | mip << 23,
            self.slices[0]
                | self.slices[1] << 1
                | lowest << 2
                | highest << 6
                | field(self.bias, 10) << 12
                | field(self.gradient_exponents[0], 5) << 22
                | field(self.gradient_exponents[1], 5) << 27,
            self.border
                | u32::from(self.is_opaque) << 2
                | dimension << 9
                | u32::from(self.is_packed) << 11
                | if lowest > 0 || highest > 0 { MIPS } else { 0 },
        ]
    }

    /// Factor from coordinates to texels of an axis.
    fn scale(&self, axis: usize) -> f64 {
        let is_numbered = self.shape == Shape::Cube && axis == 2 || self.shape == Shape::Line && axis > 0;
        if self.is_unnormalized || is_numbered { 1.0 } else { f64::from(self.size[axis]) }
    }

    /// The five constants of the program.
    pub(super) fn constants(&self) -> [[f32; 4]; 5] {
        let mut step = [0.0_f32; 4];
        let mut at = [0.0_f32; 4];
        for axis in 0..3 {
            let scale = self.scale(axis) as f32;
            step[axis] = self.step[axis] as f32 / 64.0 / scale;
            // A quarter of the chip's step beyond a multiple of it.
            at[axis] = (self.at[axis] as f32 / 64.0 + 1.0 / 1024.0) / scale;
        }
        match self.shape {
            Shape::Cube => {
                (step[2], at[2]) = (0.0, self.at[2].rem_euclid(6) as f32 + 0.25);
                // The instruction that selects a face adds one to the coordinates.
                (at[0], at[1]) = (at[0] + 1.0, at[1] + 1.0);
            }
            Shape::Plane => (step[2], at[2]) = (0.0, 0.0),
            _ => {}
        }
        let level = self.register_lod.unwrap_or(0) as f32 / 32.0;
        let gradient = |side: [f64; 2]| {
            [(side[0] / f64::from(self.size[0])) as f32, (side[1] / f64::from(self.size[1])) as f32, 0.0, 0.0]
        };
        [step, at, [level; 4], gradient(GRADIENTS[0]), gradient(GRADIENTS[1])]
    }

    /// Level of detail of a fetch whose coordinates are not curved.
    pub(super) fn level_of_detail(&self) -> f64 {
        let mut lod = f64::from(self.bias) / 32.0 + f64::from(self.own_bias) / 16.0;
        lod += f64::from(self.register_lod.unwrap_or(0)) / 32.0;
        if !self.register_gradients && !self.computes_lod {
            return lod;
        }
        let [step, ..] = self.constants();
        let scale = [0, 1, 2].map(|axis: usize| match (axis, self.shape) {
            (1 | 2, Shape::Line) | (2, Shape::Plane | Shape::Stack | Shape::Cube) => 0.0,
            _ => self.scale(axis),
        });
        let sides = if self.register_gradients {
            GRADIENTS.map(|side| {
                let part = |axis: usize| side[axis] / f64::from(self.size[axis]) * scale[axis];
                [part(0), part(1), 0.0]
            })
        } else {
            // The third coordinate follows the column, like the first.
            let part = |axis: usize| f64::from(step[axis]) * scale[axis];
            [[part(0), 0.0, part(2)], [0.0, part(1), 0.0]]
        };
        let longest = [0, 1]
            .map(|i: usize| {
                let length = sides[i].iter().map(|part| part * part).sum::<f64>().sqrt();
                length * 2.0_f64.powi(self.gradient_exponents[i])
            })
            .into_iter()
            .fold(0.0, f64::max);
        lod + if longest > 0.0 { longest.log2() } else { -16.0 }
    }

    /// Whether a coordinate may reach the border or the mirror of a mode.
    pub(super) fn has_mode(&self, mode: ClampMode) -> bool {
        self.clamp.contains(&mode.bits())
    }

    /// Whether several levels are blended.
    pub(super) fn blends_levels(&self) -> bool {
        self.chosen()[2] == TextureFilter::Linear.bits() && self.level_range()[1] > 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_decompress_whole_blocks_of_plain_fractions() {
        for (number, shape, width, signs, is_opaque, expected) in [
            (18, Shape::Plane, 8, 0, false, true),
            (52, Shape::Stack, 8, 0, true, true),
            (59, Shape::Cube, 8, 0, false, true),
            (59, Shape::Cube, 8, 0, true, false),
            (20, Shape::Plane, 6, 0, false, false),
            (20, Shape::Plane, 8, 3, false, false),
            (20, Shape::Volume, 8, 0, false, false),
            (58, Shape::Plane, 8, 0, false, false),
            (6, Shape::Plane, 8, 0, false, false),
        ] {
            let format = TexelFormat::from_number(number).unwrap();
            let any = Fetch::any(&mut Choices::of_words(Vec::new()));
            let fetch = Fetch { format, shape, size: [width, 8, 1], signs, is_opaque, ..any };
            assert_eq!(fetch.decompression_error() > 0.0, expected, "{fetch:?}");
        }
    }
}
