//! Translation of texture fetches to samplers, with an explicit level of detail.
//!
//! The level is computed like on the chip, from derivatives, biases and the register, and passed to
//! the sampler; anisotropic samplers get the gradients instead. Outside of pixel shaders
//! derivatives are zero. 1D, 2D, stacked and cube textures are 2D arrays: the cube instruction has
//! already selected the face. Which of a 3D fetch's two bindings is used depends on the fetch
//! constant, so its record selects one.

mod border;
mod detail;
mod faces;
mod repeated;
mod resources;
mod slices;

use naga::{BinaryOperator as Op, DerivativeAxis, Expression, MathFunction, SampleLevel, ScalarKind};
use xenia_gpu::enums::{Dimension, TextureFilter};
use xenia_gpu::microcode::{ShaderKind, TextureFetch, TextureOp};

use super::builder::Value;
use super::interface::{TextureShape, member};
use super::stage_constants::{BASE_BIT, FETCH_BIT, FRACTION16_BIT, HALF_WAY_BIT, HOST_TEXELS_BIT, MIP_BIT};
use super::{Stage, Translator};

/// Fraction of a texel that is added to coordinates for the host: a quarter of the chip's step.
const GUARD: f32 = 1.0 / 1024.0;

/// Fields of a texture's record that a fetch uses. Texels are the host's.
struct Record {
    /// Size in texels: of the base level, or of the level that unnormalised coordinates refer to.
    size: [Value; 3],
    /// Size of the base level in texels.
    base: [Value; 3],
    scale: Value,
    lod_bias: Value,
    lowest: Value,
    highest: Value,
    /// Bits 11:0: sources of the result's components; above them, the bits that
    /// [`super::stage_constants`] places there.
    swizzle: Value,
    is_volume: Value,
    /// Bits 2:0: axes that are mirrored once; the other fields are where the constants of
    /// [`super::stage_constants`] place them.
    flags: Value,
}

/// Filter weight: fraction of a texel coordinate relative to texel centres. NaN and infinity have
/// none.
fn weight(t: &mut Translator<'_>, at: Value) -> Value {
    let half = t.b.float(0.5);
    let at = t.b.binary(Op::Subtract, at, half);
    let floor = t.b.math(MathFunction::Floor, at);
    let fraction = t.b.binary(Op::Subtract, at, floor);
    let zero = t.b.float(0.0);
    let is_number = t.b.binary(Op::GreaterEqual, fraction, zero);
    t.b.select(is_number, fraction, zero)
}

/// Clamps a value; NaN gives the lower end.
fn limit(t: &mut Translator<'_>, value: Value, low: Value, high: Value) -> Value {
    let above = t.b.binary(Op::Greater, value, low);
    let value = t.b.select(above, value, low);
    let below = t.b.binary(Op::Less, value, high);
    t.b.select(below, value, high)
}

impl Translator<'_> {
    /// Sets the level of detail or a gradient for later fetches.
    pub(super) fn texture_state(&mut self, fetch: &TextureFetch) {
        let [x, y, z] = fetch.common.source_swizzle.map(|c| self.component(fetch.common.source, c));
        match fetch.operation {
            TextureOp::SetLod => self.b.store_local(self.lod, x),
            TextureOp::SetGradientH | TextureOp::SetGradientV => {
                let value = self.b.compose(self.types.vec3, &[x, y, z]);
                let vertical = fetch.operation == TextureOp::SetGradientV;
                self.b.store_local(self.gradients[usize::from(vertical)], value);
            }
            _ => {}
        }
    }

    fn record(&mut self, fetch: &TextureFetch) -> Record {
        let constant = fetch.constant;
        if !self.interface.records.contains(&constant) {
            self.interface.records.push(constant);
        }
        let records = self.constant_member(member::TEXTURE);
        let mut row = |i: u32| {
            let pointer = self.b.member(records, 3 * (constant as u32 & 31) + i);
            self.b.load(pointer)
        };
        let first = row(0);
        let second = row(1);
        let third = row(2);
        let mut float = |row: Value, member: u32| {
            let bits = self.b.member(row, member);
            self.b.bitcast(bits, ScalarKind::Float)
        };
        let base = [0, 1, 2].map(|member| float(first, member));
        let locked = [(second, 3), (third, 3)].map(|(row, member)| float(row, member));
        let mut record = Record {
            size: base,
            base,
            scale: float(first, 3),
            lod_bias: float(second, 0),
            lowest: float(second, 1),
            highest: float(second, 2),
            swizzle: self.b.member(third, 0),
            is_volume: self.b.member(third, 1),
            flags: self.b.member(third, 2),
        };
        if fetch.unnormalized && fetch.dimension == Dimension::D2 {
            let has_base = self.has_bit(record.flags, BASE_BIT);
            let is_base_map = self.has_mip_filter(fetch, TextureFilter::BaseMap, &record);
            let is_base = self.b.binary(Op::LogicalAnd, has_base, is_base_map);
            for (axis, locked) in locked.into_iter().enumerate() {
                record.size[axis] = self.b.select(is_base, base[axis], locked);
            }
        }
        record
    }

    /// Coordinates in texels; faces are numbered.
    fn texel_coordinates(&mut self, fetch: &TextureFetch, at: [Value; 3], record: &Record) -> [Value; 3] {
        let mut out = at;
        for (axis, out) in out.iter_mut().enumerate() {
            if fetch.dimension == Dimension::Cube && axis < 2 {
                // The cube instruction adds one to its coordinates.
                let one = self.b.float(1.0);
                *out = self.b.binary(Op::Subtract, *out, one);
            }
            if axis == 1 && fetch.dimension == Dimension::D1 {
                // Such a fetch has one coordinate: from a plane it reads the first row.
                *out = self.b.float(0.5);
                continue;
            }
            if axis == 2 && fetch.dimension < Dimension::D3 {
                // Such a fetch has no third coordinate: from a stack it reads the first layer.
                *out = self.b.float(0.0);
                continue;
            }
            // Slices and layers are scaled like the other axes, faces are numbered.
            if (axis < 2 || fetch.dimension == Dimension::D3)
                && let Some(texels) = self.texels_per_unit(fetch, axis, record)
            {
                *out = self.b.binary(Op::Multiply, *out, texels);
            }
            let offset = self.b.float(fetch.offset[axis]);
            let at = self.b.binary(Op::Add, *out, offset);
            *out = self.snapped(at);
        }
        out
    }

    /// Texels, slices or layers per unit of a coordinate; `None` where it counts these.
    fn texels_per_unit(&mut self, fetch: &TextureFetch, axis: usize, record: &Record) -> Option<Value> {
        if !fetch.unnormalized {
            return Some(record.size[axis]);
        }
        (axis < 2).then(|| {
            let place = self.b.uint(HOST_TEXELS_BIT);
            let one = self.b.float(1.0);
            let others = self.b.binary(Op::ShiftRight, record.swizzle, place);
            let others = self.b.convert(others, ScalarKind::Float);
            self.b.binary(Op::Add, others, one)
        })
    }

    /// Rounds a texel coordinate to eight fraction bits, like the chip.
    fn snapped(&mut self, at: Value) -> Value {
        let steps = self.b.float(256.0);
        let half = self.b.float(0.5);
        let step = self.b.float(1.0 / 256.0);
        let at = self.b.binary(Op::Multiply, at, steps);
        let at = self.b.binary(Op::Add, at, half);
        let at = self.b.math(MathFunction::Floor, at);
        self.b.binary(Op::Multiply, at, step)
    }

    /// Translates a fetch that has a result.
    pub(super) fn texture_fetch(&mut self, fetch: &TextureFetch) {
        let at = fetch.common.source_swizzle.map(|c| self.component(fetch.common.source, c));
        let value = match fetch.operation {
            TextureOp::Gradients => {
                let mut of = |axis, i: usize| self.derivative(axis, at[i]);
                let x = DerivativeAxis::X;
                let y = DerivativeAxis::Y;
                let parts = [of(x, 0), of(y, 0), of(x, 1), of(y, 1)];
                self.b.compose(self.types.vec4, &parts)
            }
            TextureOp::ComputedLod => {
                // The fetch that gets the level adds the biases.
                let record = self.record(fetch);
                let lod = self.unbiased_level(fetch, at, &record);
                self.b.splat(lod)
            }
            TextureOp::Weights => {
                let record = self.record(fetch);
                let lod = self.level_of_detail(fetch, at, &record);
                let level = self.limited_level(fetch, lod, &record);
                let texels = self.texel_coordinates(fetch, at, &record);
                let [x, y, z] = texels.map(|at| weight(self, at));
                let floor = self.b.math(MathFunction::Floor, level);
                let mip = self.b.binary(Op::Subtract, level, floor);
                self.b.compose(self.types.vec4, &[x, y, z, mip])
            }
            TextureOp::BorderFraction => {
                let record = self.record(fetch);
                let value = self.border_fraction(fetch, at, &record);
                self.b.splat(value)
            }
            // The other operations set state and have no result.
            _ => self.sampled(fetch, at),
        };
        let value = if fetch.operation == TextureOp::Gradients {
            value
        } else {
            // Fetches of another dimension than the texture's find none.
            let record = self.record(fetch);
            let is_possible = self.has_bit(record.flags, FETCH_BIT + fetch.dimension.bits());
            let none = self.b.splat_float(0.0);
            self.b.select(is_possible, value, none)
        };
        self.store_fetched(&fetch.common, value);
    }

    /// Lowest and highest level that the fetch may read: a translated
    /// [`FetchPlan`](xenia_gpu::fetch::FetchPlan).
    fn levels(&mut self, fetch: &TextureFetch, record: &Record) -> [Value; 2] {
        let zero = self.b.float(0.0);
        let has_base = self.has_bit(record.flags, BASE_BIT);
        let base_map = self.b.select(has_base, zero, record.lowest);
        let is_base = self.has_mip_filter(fetch, TextureFilter::BaseMap, record);
        [record.lowest, record.highest].map(|end| self.b.select(is_base, base_map, end))
    }

    /// Clamps a level of detail to the levels that the fetch may read.
    fn limited_level(&mut self, fetch: &TextureFetch, lod: Value, record: &Record) -> Value {
        let [lowest, highest] = self.levels(fetch, record);
        limit(self, lod, lowest, highest)
    }

    /// Whether the fetch has this filter between levels, linear or base map.
    fn has_mip_filter(&mut self, fetch: &TextureFetch, filter: TextureFilter, record: &Record) -> Value {
        match fetch.mip {
            TextureFilter::UseFetchConstant => {
                self.has_bit(record.flags, MIP_BIT + u32::from(filter == TextureFilter::BaseMap))
            }
            own => self.b.boolean(own == filter),
        }
    }

    /// Half a texel of the sampled level on each axis, in texels of the record's size; between two
    /// levels, of the finer one.
    fn half_texel(&mut self, fetch: &TextureFetch, level: SampleLevel, record: &Record) -> [Value; 3] {
        let half = self.b.float(0.5);
        let one = self.b.float(1.0);
        let SampleLevel::Exact(level) = level else { return [half; 3] };
        let level = self.limited_level(fetch, level, record);
        let is_between = self.has_mip_filter(fetch, TextureFilter::Linear, record);
        let nearest = self.b.binary(Op::Add, level, half);
        let level = self.b.select(is_between, level, nearest);
        let level = self.b.math(MathFunction::Floor, level);
        let times = self.b.math(MathFunction::Exp2, level);
        [0, 1, 2].map(|axis: usize| {
            let side = self.b.binary(Op::Divide, record.base[axis], times);
            let side = self.b.math(MathFunction::Floor, side);
            let is_some = self.b.binary(Op::Greater, side, one);
            let side = self.b.select(is_some, side, one);
            let texel = self.b.binary(Op::Divide, record.size[axis], side);
            self.b.binary(Op::Multiply, half, texel)
        })
    }

    /// Whether a bit is set.
    fn has_bit(&mut self, bits: Value, bit: u32) -> Value {
        let mask = self.b.uint(1 << bit);
        let zero = self.b.uint(0);
        let masked = self.b.binary(Op::And, bits, mask);
        self.b.binary(Op::NotEqual, masked, zero)
    }

    /// Rounds to 16 fraction bits, like the reference.
    fn short_fractions(&mut self, values: Value) -> Value {
        let [steps, half, step] = [65_536.0, 0.499, 1.0 / 65_536.0].map(|value| {
            let value = self.b.float(value);
            self.b.splat(value)
        });
        let scaled = self.b.binary(Op::Multiply, values, steps);
        let scaled = self.b.binary(Op::Add, scaled, half);
        let whole = self.b.math(MathFunction::Floor, scaled);
        self.b.binary(Op::Multiply, whole, step)
    }

    /// Reflects a texel coordinate to the positive side if its axis is mirrored once: hosts only
    /// mirror repeatedly. Within `half` a texel of the mirror both sides have the same texel.
    fn mirrored_once(&mut self, at: Value, axis: u32, half: Value, record: &Record) -> Value {
        let is_mirrored = self.has_bit(record.flags, axis);
        let distance = self.b.math(MathFunction::Abs, at);
        let is_beyond = self.b.binary(Op::Greater, distance, half);
        let distance = self.b.select(is_beyond, distance, half);
        self.b.select(is_mirrored, distance, at)
    }

    /// Limits a texel coordinate to the texture if its axis has a half-way mode: a linear filter
    /// mixes the last texel and the border there, and a point filter stays within the texel.
    fn kept_half_way(&mut self, at: Value, axis: usize, is_linear: Value, record: &Record) -> Value {
        let is_kept = self.has_bit(record.flags, HALF_WAY_BIT + axis as u32);
        let zero = self.b.float(0.0);
        let inside = self.b.float(8.0 * GUARD);
        let inside = self.b.select(is_linear, zero, inside);
        let end = self.b.binary(Op::Subtract, record.size[axis], inside);
        let kept = limit(self, at, zero, end);
        self.b.select(is_kept, kept, at)
    }

    /// Level of detail for the host. The sampler uses it to choose between magnification and
    /// minification, even with a single level; it clamps the level by itself, but needs a number
    /// for that.
    fn host_level(&mut self, fetch: &TextureFetch, at: [Value; 3], record: &Record) -> Value {
        let lod = self.level_of_detail(fetch, at, record);
        let least = self.b.float(-16.0);
        let most = self.b.float(16.0);
        limit(self, lod, least, most)
    }

    /// Samples the texture, and applies the fetch constant's swizzle and exponent.
    fn sampled(&mut self, fetch: &TextureFetch, at: [Value; 3]) -> Value {
        let record = self.record(fetch);
        let texels = self.texel_coordinates(fetch, at, &record);
        let level = if self.is_anisotropic(fetch) {
            self.host_gradients(fetch, at, texels, &record)
        } else {
            SampleLevel::Exact(self.host_level(fetch, at, &record))
        };
        let half = self.half_texel(fetch, level, &record);
        let [plane, slice] = match level {
            SampleLevel::Exact(lod) => self.chosen_are_linear(fetch, lod, &record),
            _ => [self.b.boolean(true); 2], // as samplers with anisotropy have it
        };
        let are_linear = [plane, plane, slice];
        let [u, v, w] = [0, 1, 2].map(|axis| {
            // A coordinate on a texel edge must stay there when the host multiplies by the size
            // again. Mirrored edges lie on the other side of their texel, so this comes first.
            let guard = self.b.float(GUARD);
            let at = self.b.binary(Op::Add, texels[axis], guard);
            let at = self.mirrored_once(at, axis as u32, half[axis], &record);
            let at = self.kept_half_way(at, axis, are_linear[axis], &record);
            self.b.binary(Op::Divide, at, record.size[axis])
        });
        let planes = if fetch.dimension == Dimension::D3 {
            self.sample_stack(fetch, at, [u, v, texels[2]], &record, level)
        } else {
            self.sample_planes(fetch, [u, v], texels[2], &record, level)
        };
        let stored = if fetch.dimension == Dimension::D3 {
            let volume = self.sample_volume(fetch, [u, v, w], level, &record);
            let zero = self.b.uint(0);
            let is_volume = self.b.binary(Op::NotEqual, record.is_volume, zero);
            self.b.select(is_volume, volume, planes)
        } else {
            planes
        };
        let stored = self.repeated_fractions(fetch, stored, &record);
        let short = self.short_fractions(stored);
        let scale = self.b.splat(record.scale);
        let [scaled, short] = [stored, short].map(|value| self.b.binary(Op::Multiply, value, scale));
        self.swizzled([scaled, short], record.swizzle, record.flags)
    }

    /// Applies a fetch constant's swizzle. The second values are those of components that are
    /// fractions of 16 bits.
    fn swizzled(&mut self, [scaled, short]: [Value; 2], swizzle: Value, flags: Value) -> Value {
        let mut parts = Vec::with_capacity(4);
        for component in 0..4 {
            let shift = self.b.uint(3 * component);
            let seven = self.b.uint(7);
            let three = self.b.uint(3);
            let select = self.b.binary(Op::ShiftRight, swizzle, shift);
            let select = self.b.binary(Op::And, select, seven);
            let index = self.b.binary(Op::And, select, three);
            let value = {
                let [whole, short] = [scaled, short].map(|value| self.b.element(value, index));
                let is_short = self.has_bit(flags, FRACTION16_BIT + component);
                self.b.select(is_short, short, whole)
            };
            let five = self.b.uint(5);
            let is_one = self.b.binary(Op::Equal, select, five);
            let one = self.b.float(1.0);
            let zero = self.b.float(0.0);
            let constant = self.b.select(is_one, one, zero);
            let is_stored = self.b.binary(Op::LessEqual, select, three);
            parts.push(self.b.select(is_stored, value, constant));
        }
        self.b.compose(self.types.vec4, &parts)
    }

    fn sample_planes(
        &mut self,
        fetch: &TextureFetch,
        [u, v]: [Value; 2],
        slice: Value,
        record: &Record,
        level: SampleLevel,
    ) -> Value {
        let image = self.texture(fetch.constant, TextureShape::Planes);
        let coordinate = self.b.compose(self.types.vec2, &[u, v]);
        let zero = self.b.float(0.0);
        let one = self.b.float(1.0);
        let slice = self.b.math(MathFunction::Floor, slice);
        let last = self.b.binary(Op::Subtract, record.size[2], one);
        let slice = limit(self, slice, zero, last);
        let array_index = Some(self.b.convert(slice, ScalarKind::Sint));
        self.sample(fetch, image, coordinate, array_index, level)
    }

    fn sample(
        &mut self,
        fetch: &TextureFetch,
        image: Value,
        coordinate: Value,
        array_index: Option<Value>,
        level: SampleLevel,
    ) -> Value {
        let sampler = self.sampler(fetch);
        self.b.expr(Expression::ImageSample {
            image,
            sampler,
            gather: None,
            coordinate,
            array_index,
            offset: None,
            level,
            depth_ref: None,
            clamp_to_edge: false,
        })
    }

    /// Kind of the translated shader.
    pub(super) fn kind(&self) -> ShaderKind {
        match self.stage {
            Stage::Vertex { .. } => ShaderKind::Vertex,
            Stage::Pixel { .. } => ShaderKind::Pixel,
            Stage::Compute { kind, .. } => kind,
        }
    }
}
