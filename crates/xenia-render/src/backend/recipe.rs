//! Pipeline recipe: the key of pipelines in memory and on disk, in the guest's terms.
//!
//! A recipe consists of numbers only, and every number is valid, so a recipe from a damaged file
//! makes at worst a useless pipeline or none. The host's formats and features are applied when a
//! pipeline is made, so a recipe is portable between devices.

use bytemuck::{Pod, Zeroable};
use xenia_gpu::draw_state::{Blend, DrawCall, Stencil};
use xenia_gpu::enums::{BlendFactor, BlendOp, ColorTargetFormat, Compare, Primitive, StencilOp};
use xenia_gpu::place_of;

use super::state::{self, DepthClip, DepthState};
use xenia_shaders::{Expansion, Interpolators, PixelsOf, Stage};

/// Colour target of a pipeline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Zeroable, Pod)]
#[repr(C)]
pub(super) struct ColorRecipe {
    /// Format in bits 3:0, write mask in bits 7:4, bit 8 set if the target exists.
    target: u32,
    /// Blend factors and functions as in `RB_BLENDCONTROL`: those of the colour are in the low
    /// half.
    blend: u32,
}

/// Complete key of a pipeline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Zeroable, Pod)]
#[repr(C)]
pub(super) struct Recipe {
    /// Hash of the vertex shader.
    pub(super) vertex: u64,
    /// Hash of the pixel shader, if `HAS_PIXEL` is set.
    pixel: u64,
    /// Flat interpolators in bits 15:0, number of interpolators in bits 20:16, kind of primitive in
    /// bits 22:21, position register in bits 29:24.
    stages: u32,
    flags: u32,
    color: [ColorRecipe; 4],
    /// Depth comparison in bits 2:0, depth write in bit 3, stencil masks in bits 15:8 (read) and
    /// 23:16 (write).
    depth: u32,
    /// Comparison, fail, depth-fail and pass operations in three bits each: the front's from bit 0
    /// on, the back's from bit 16 on.
    stencil: u32,
    /// Bits of the slope-scaled depth bias.
    slope: u32,
    /// Number of host samples in bits 7:0, mask of written samples in bits 15:8.
    samples: u32,
    /// Texture constants of the pixel shader with anisotropic filtering, in bits 31:0.
    anisotropic: u64,
}

const HAS_PIXEL: u32 = 1;
const HAS_DEPTH: u32 = 2;
const HAS_POSITION: u32 = 4;
const AFFINE: u32 = 8;
const CLIP: u32 = 0x10;
const UNCLIPPED: u32 = 0x20;
const ALPHA_TEST: u32 = 0x40;
const CULL_FRONT: u32 = 0x80;
const CULL_BACK: u32 = 0x100;
const CLOCKWISE: u32 = 0x200;
const HAS_STENCIL: u32 = 0x400;
/// The vertex stage makes triangles of rectangles, lines or points.
const EXPANDED: u32 = 0x800;
const ALPHA_TO_MASK: u32 = 0x2000;
const AT_SAMPLES: u32 = 0x4000;
/// Lowest bit of the flags of interpolators with centroid sampling.
const CENTROID_SHIFT: u32 = 16;
/// Lowest bit of the kind of primitive.
const KIND_SHIFT: u32 = 21;
const RECTANGLES: u32 = 1;
const LINES: u32 = 2;
const POINTS: u32 = 3;

/// Number of a kind of primitive; 0 for those that are triangles on the host.
fn kind(primitive: Primitive) -> u32 {
    match primitive {
        Primitive::RectangleList => RECTANGLES,
        Primitive::PointList => POINTS,
        line if line.is_line() => LINES,
        _ => 0,
    }
}

fn blend_bits(blend: Blend) -> u32 {
    (0..2).fold(0, |bits, part: usize| {
        // The fields of RB_BLENDCONTROL: colour in the low half, alpha in the high one.
        let half = blend.source[part] as u32
            | (blend.operation[part] as u32) << 5
            | (blend.destination[part] as u32) << 8;
        bits | half << (16 * part)
    })
}

fn blend_of(bits: u32) -> Blend {
    let part = |part: u32, low: u32, width: u32| bits >> (16 * part + low) & ((1 << width) - 1);
    Blend {
        source: [0, 1].map(|i| BlendFactor::from_bits(part(i, 0, 5))),
        destination: [0, 1].map(|i| BlendFactor::from_bits(part(i, 8, 5))),
        operation: [0, 1].map(|i| BlendOp::from_bits(part(i, 5, 3))),
    }
}

fn stencil_bits(stencil: &Stencil) -> u32 {
    stencil.compare as u32
        | (stencil.fail as u32) << 3
        | (stencil.depth_fail as u32) << 6
        | (stencil.pass as u32) << 9
}

fn stencil_of(bits: u32) -> wgpu::StencilFaceState {
    state::stencil_face(
        Compare::from_bits(bits & 7),
        [3, 6, 9].map(|low| StencilOp::from_bits(bits >> low & 7)),
    )
}

/// Colour target state of a pipeline.
pub(super) struct ColorTarget {
    pub(super) format: ColorTargetFormat,
    pub(super) blend: Option<wgpu::BlendState>,
    pub(super) writes: wgpu::ColorWrites,
}

/// Parts of a recipe that don't depend on the [`DrawCall`] alone.
pub(super) struct Chosen {
    /// Hash of the vertex shader, which may be a pass-through one.
    pub(super) vertex: u64,
    /// Interpolators between the stages.
    pub(super) interpolators: Interpolators,
    /// Whether the vertex stage makes triangles of rectangles, lines or points.
    pub(super) is_expanded: bool,
    pub(super) depth: Option<DepthState>,
    pub(super) culling: Option<wgpu::Face>,
    pub(super) clip: DepthClip,
    /// Host samples per pixel.
    pub(super) samples: u32,
    /// Texture constants with anisotropic filtering, one bit each.
    pub(super) anisotropic: u32,
}

impl Recipe {
    /// Creates the recipe of a draw.
    pub(super) fn new(call: &DrawCall, chosen: &Chosen) -> Self {
        let flag = |is_set: bool, bit: u32| if is_set { bit } else { 0 };
        let Interpolators { count, flat, centroid, at_samples, affine } = chosen.interpolators;
        let mut this = Self {
            vertex: chosen.vertex,
            pixel: call.pixel_shader.as_ref().map_or(0, |shader| shader.hash),
            stages: flat & 0xffff
                | count.min(16) << 16
                | kind(call.primitive) << KIND_SHIFT
                | (call.position_register.unwrap_or(0) & 63) << 24,
            flags: flag(call.pixel_shader.is_some(), HAS_PIXEL)
                | flag(chosen.depth.is_some(), HAS_DEPTH)
                | flag(call.position_register.is_some(), HAS_POSITION)
                | flag(affine, AFFINE)
                | flag(at_samples, AT_SAMPLES)
                | flag(chosen.is_expanded, EXPANDED)
                | centroid << CENTROID_SHIFT
                | flag(chosen.clip.distances, CLIP)
                | flag(chosen.clip.unclipped, UNCLIPPED)
                | flag(call.alpha_test.is_some(), ALPHA_TEST)
                | flag(call.alpha_to_mask.is_some(), ALPHA_TO_MASK)
                | flag(chosen.culling == Some(wgpu::Face::Front), CULL_FRONT)
                | flag(chosen.culling == Some(wgpu::Face::Back), CULL_BACK)
                | flag(call.culling.front_is_clockwise, CLOCKWISE),
            samples: chosen.samples,
            anisotropic: u64::from(chosen.anisotropic),
            ..Self::default()
        };
        for (recipe, target) in this.color.iter_mut().zip(&call.color) {
            if let Some(target) = target {
                // Bit 8 tells a target that nothing is written to from a missing one.
                recipe.target = target.format as u32 | u32::from(target.write_mask & 15) << 4 | 0x100;
                recipe.blend = blend_bits(target.blend);
            }
        }
        if let Some(depth) = chosen.depth {
            this.depth = depth.compare as u32
                | u32::from(depth.write) << 3
                | u32::from(depth.masks[0]) << 8
                | u32::from(depth.masks[1]) << 16;
            this.slope = depth.slope;
            if let Some([front, back]) = depth.stencil {
                this.flags |= HAS_STENCIL;
                this.stencil = stencil_bits(&front) | stencil_bits(&back) << 16;
            }
        }
        this
    }

    /// Returns the recipe with another mask of written host samples, one bit each.
    pub(super) fn drawing(mut self, samples: u32) -> Self {
        self.samples = self.samples & 0xff | (samples & 0xff) << 8;
        self
    }

    /// Place in a table of two to the power of `log2` entries; equal recipes have the same.
    pub(super) fn place(&self, log2: u32) -> usize {
        let words: &[u32; size_of::<Recipe>() / 4] = bytemuck::cast_ref(self);
        place_of(*words, log2)
    }

    fn has(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }

    /// Hash of the pixel shader.
    pub(super) fn pixel_shader(&self) -> Option<u64> {
        self.has(HAS_PIXEL).then_some(self.pixel)
    }

    /// Stages of the two shaders.
    pub(super) fn stages(&self) -> [Stage; 2] {
        let interpolators = Interpolators {
            count: (self.stages >> 16 & 31).min(16),
            flat: self.stages & 0xffff,
            centroid: self.flags >> CENTROID_SHIFT,
            at_samples: self.has(AT_SAMPLES),
            affine: self.has(AFFINE),
        };
        let position_register = self.has(HAS_POSITION).then_some(self.stages >> 24 & 63);
        let kind = self.stages >> KIND_SHIFT & 3;
        let pixels_of = match kind {
            // All pixels are alike then.
            _ if position_register.is_none() => PixelsOf::Polygons,
            RECTANGLES => PixelsOf::Rectangles,
            LINES => PixelsOf::Lines,
            POINTS => PixelsOf::Points,
            _ => PixelsOf::Polygons,
        };
        let expansion = match kind {
            _ if !self.has(EXPANDED) => Expansion::None,
            RECTANGLES => Expansion::Rectangles,
            LINES => Expansion::Lines,
            POINTS => Expansion::Points { place: position_register },
            _ => Expansion::None,
        };
        [
            Stage::Vertex { interpolators, clip: self.has(CLIP), expansion },
            Stage::Pixel {
                interpolators,
                position_register,
                pixels_of,
                alpha_test: self.has(ALPHA_TEST),
                alpha_to_mask: self.has(ALPHA_TO_MASK),
                anisotropic: self.anisotropic as u32,
            },
        ]
    }

    /// State of the colour targets.
    pub(super) fn color(&self) -> [Option<ColorTarget>; 4] {
        self.color.map(|ColorRecipe { target, blend }| {
            (target >> 8 & 1 != 0).then(|| ColorTarget {
                format: ColorTargetFormat::from_bits(target & 15),
                blend: state::blend(blend_of(blend)),
                writes: wgpu::ColorWrites::from_bits_truncate(target >> 4 & 15),
            })
        })
    }

    /// Depth and stencil state.
    pub(super) fn depth(&self) -> Option<wgpu::DepthStencilState> {
        let face = |bits: u32| {
            if self.has(HAS_STENCIL) { stencil_of(bits) } else { wgpu::StencilFaceState::IGNORE }
        };
        self.has(HAS_DEPTH).then(|| wgpu::DepthStencilState {
            format: wgpu::TextureFormat::Depth32FloatStencil8,
            depth_write_enabled: Some(self.depth >> 3 & 1 != 0),
            depth_compare: Some(state::compare(Compare::from_bits(self.depth & 7))),
            stencil: wgpu::StencilState {
                front: face(self.stencil & 0xffff),
                back: face(self.stencil >> 16),
                read_mask: self.depth >> 8 & 0xff,
                write_mask: self.depth >> 16 & 0xff,
            },
            bias: wgpu::DepthBiasState {
                // The shader adds the constant bias, as a part of the position's offset.
                constant: 0,
                // Draws with a slope that is not finite are refused, but a file may contain one.
                slope_scale: Some(f32::from_bits(self.slope))
                    .filter(|slope| slope.is_finite())
                    .unwrap_or(0.0),
                clamp: 0.0,
            },
        })
    }

    /// Rasterisation state of the triangles.
    pub(super) fn primitive(&self, features: wgpu::Features) -> wgpu::PrimitiveState {
        wgpu::PrimitiveState {
            front_face: if self.has(CLOCKWISE) { wgpu::FrontFace::Cw } else { wgpu::FrontFace::Ccw },
            cull_mode: match (self.has(CULL_FRONT), self.has(CULL_BACK)) {
                (true, _) => Some(wgpu::Face::Front),
                (_, true) => Some(wgpu::Face::Back),
                _ => None,
            },
            unclipped_depth: self.has(UNCLIPPED) && features.contains(wgpu::Features::DEPTH_CLIP_CONTROL),
            ..Default::default()
        }
    }

    pub(super) fn multisample(&self) -> wgpu::MultisampleState {
        wgpu::MultisampleState {
            count: if self.samples & 0xff == 4 { 4 } else { 1 },
            mask: u64::from(self.samples >> 8 & 0xff),
            alpha_to_coverage_enabled: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_numbers_are_a_recipe() {
        let mut dice = xenia_testing::Dice(1);
        for _ in 0..1000 {
            let words: [u32; size_of::<Recipe>() / 4] = std::array::from_fn(|_| dice.next() as u32);
            let recipe: Recipe = bytemuck::cast(words);
            recipe.stages();
            recipe.color();
            assert!([1, 8, 16].iter().all(|log2| recipe.place(*log2) < 1 << log2));
            assert!(recipe.depth().is_none_or(|depth| depth.bias.slope_scale.is_finite()));
            assert!([1, 4].contains(&recipe.multisample().count));
        }
    }

    #[test]
    fn only_the_position_register_tells_kinds_of_pixels_apart() {
        let stages = |kind: u32, flags: u32| {
            Recipe { stages: kind << KIND_SHIFT, flags, ..Recipe::default() }.stages()
        };
        for (kind, expansion, pixels) in [
            (0, Expansion::None, PixelsOf::Polygons),
            (RECTANGLES, Expansion::Rectangles, PixelsOf::Rectangles),
            (LINES, Expansion::Lines, PixelsOf::Lines),
            (POINTS, Expansion::Points { place: Some(0) }, PixelsOf::Points),
        ] {
            let [vertex, pixel] = stages(kind, EXPANDED | HAS_POSITION);
            assert!(matches!(vertex, Stage::Vertex { expansion: found, .. } if found == expansion));
            assert!(matches!(pixel, Stage::Pixel { pixels_of, .. } if pixels_of == pixels));
            let [plain, same] = [kind, 0].map(|kind| stages(kind, 0));
            assert_eq!(plain, same, "{kind}");
        }
    }

    #[test]
    fn blending_survives_its_encoding_as_bits() {
        let blend = Blend {
            source: [BlendFactor::SrcAlphaSaturate, BlendFactor::ConstantAlpha],
            destination: [BlendFactor::OneMinusDstColor, BlendFactor::One],
            operation: [BlendOp::RevSubtract, BlendOp::Min],
        };
        assert_eq!(blend_of(blend_bits(blend)), blend);
    }
}
