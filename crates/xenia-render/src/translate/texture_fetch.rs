//! Texture fetches through samplers, with an explicit level of detail.
//!
//! The level is computed as the chip does, from derivatives, biases and the register, and handed to
//! the sampler; outside of pixel shaders there are no derivatives, and they count as zero. 1D, 2D,
//! stacked and cube textures are arrays of planes: the cube operation has already chosen the face.
//! Which of a 3D fetch's two textures is meant is the fetch constant's business, so its record says it.

use naga::{
    BinaryOperator as Op, DerivativeAxis, DerivativeControl, Expression, GlobalVariable, Handle,
    MathFunction, ResourceBinding, SampleLevel, ScalarKind, TypeInner,
};
use xenia_gpu::microcode::{ShaderKind, TextureFetch, TextureOp};

use super::builder::Value;
use super::interface::{SamplerSlot, TEXTURE_BINDING, TextureShape, TextureSlot, member};
use super::{Stage, Translator, types};

const PLANE: u8 = 1;
const CUBE: u8 = 3;
const VOLUME: u8 = 2;
/// Parts of a texel that are added to coordinates for the host: a quarter of the chip's step.
const GUARD: f32 = 1.0 / 1024.0;

/// The fields of a texture's record that a fetch uses.
struct Record {
    /// Size in texels: of the base level, or the one in whose texels coordinates are given.
    size: [Value; 3],
    scale: Value,
    lod_bias: Value,
    lowest: Value,
    highest: Value,
    swizzle: Value,
    is_volume: Value,
    /// Axes that are mirrored once, one bit each; from bits 8 and 16 on the exponents of gradients, and 16.
    mirrored: Value,
}

/// A fraction of a texel coordinate within its texel, seen from texel centres.
fn weight(t: &mut Translator<'_>, at: Value) -> Value {
    let half = t.b.float(0.5);
    let at = t.b.binary(Op::Subtract, at, half);
    let floor = t.b.math(MathFunction::Floor, at);
    t.b.binary(Op::Subtract, at, floor)
}

/// Limits a value; NaN gives the lower end.
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
        let (first, second, third) = (row(0), row(1), row(2));
        let mut float = |row: Value, member: u32| {
            let bits = self.b.member(row, member);
            self.b.bitcast(bits, ScalarKind::Float)
        };
        let width_and_height = if fetch.unnormalized && fetch.dimension == PLANE {
            [(second, 3), (third, 3)]
        } else {
            [(first, 0), (first, 1)]
        };
        let [width, height] = width_and_height.map(|(row, member)| float(row, member));
        Record {
            size: [width, height, float(first, 2)],
            scale: float(first, 3),
            lod_bias: float(second, 0),
            lowest: float(second, 1),
            highest: float(second, 2),
            swizzle: self.b.member(third, 0),
            is_volume: self.b.member(third, 1),
            mirrored: self.b.member(third, 2),
        }
    }

    /// The change of a value to the next pixel along an axis.
    fn derivative(&mut self, axis: DerivativeAxis, value: Value) -> Value {
        if !matches!(self.stage, Stage::Pixel { .. }) {
            return self.b.float(0.0);
        }
        self.b.expr(Expression::Derivative { axis, ctrl: DerivativeControl::Coarse, expr: value })
    }

    /// By which the gradient along rows (0) or columns (1) is multiplied.
    fn gradient_factor(&mut self, which: u32, record: &Record) -> Value {
        let (low, mask) = (self.b.uint(8 + 8 * which), self.b.uint(31));
        let exponent = self.b.binary(Op::ShiftRight, record.mirrored, low);
        let exponent = self.b.binary(Op::And, exponent, mask);
        let (bias, place) = (self.b.uint(127 - 16), self.b.uint(23));
        let exponent = self.b.binary(Op::Add, exponent, bias);
        let bits = self.b.binary(Op::ShiftLeft, exponent, place);
        self.b.bitcast(bits, ScalarKind::Float)
    }

    /// The level of detail, with all biases.
    fn level_of_detail(&mut self, fetch: &TextureFetch, at: [Value; 3], record: &Record) -> Value {
        let mut lod = self.b.float(0.0);
        if fetch.computed_lod || fetch.register_gradients {
            let mut lengths = [lod; 2];
            for (i, axis) in [DerivativeAxis::X, DerivativeAxis::Y].into_iter().enumerate() {
                let factor = self.gradient_factor(i as u32, record);
                let gradient = if fetch.register_gradients {
                    let gradient = self.b.load_local(self.gradients[i]);
                    [self.b.member(gradient, 0), self.b.member(gradient, 1)]
                } else {
                    [self.derivative(axis, at[0]), self.derivative(axis, at[1])]
                };
                let mut squares = gradient;
                for (square, size) in squares.iter_mut().zip(record.size) {
                    *square = self.b.binary(Op::Multiply, *square, factor);
                    let texels =
                        if fetch.unnormalized { *square } else { self.b.binary(Op::Multiply, *square, size) };
                    *square = self.b.binary(Op::Multiply, texels, texels);
                }
                lengths[i] = self.b.binary(Op::Add, squares[0], squares[1]);
            }
            let is_first = self.b.binary(Op::GreaterEqual, lengths[0], lengths[1]);
            let longest = self.b.select(is_first, lengths[0], lengths[1]);
            let (zero, half, least) = (self.b.float(0.0), self.b.float(0.5), self.b.float(-16.0));
            let positive = self.b.binary(Op::Greater, longest, zero);
            let level = self.b.math(MathFunction::Log2, longest);
            let level = self.b.binary(Op::Multiply, half, level);
            lod = self.b.select(positive, level, least);
        }
        if fetch.register_lod {
            let register = self.b.load_local(self.lod);
            lod = self.b.binary(Op::Add, lod, register);
        }
        lod = self.b.binary(Op::Add, lod, record.lod_bias);
        let bias = self.b.float(fetch.lod_bias);
        self.b.binary(Op::Add, lod, bias)
    }

    /// The coordinates in texels; faces are counted.
    fn texel_coordinates(&mut self, fetch: &TextureFetch, at: [Value; 3], record: &Record) -> [Value; 3] {
        let mut out = at;
        for (axis, out) in out.iter_mut().enumerate() {
            if fetch.dimension == CUBE && axis < 2 {
                // Cube coordinates come from the cube operation with one added.
                let one = self.b.float(1.0);
                *out = self.b.binary(Op::Subtract, *out, one);
            }
            if axis == 2 && fetch.dimension < VOLUME {
                // Such a fetch has no third coordinate: of a stack it gets the first layer.
                *out = self.b.float(0.0);
                continue;
            }
            // Slices and layers are measured like the rest, faces are counted.
            if (axis < 2 || fetch.dimension == VOLUME) && !fetch.unnormalized {
                *out = self.b.binary(Op::Multiply, *out, record.size[axis]);
            }
            let offset = self.b.float(fetch.offset[axis]);
            let at = self.b.binary(Op::Add, *out, offset);
            *out = self.snapped(at);
        }
        out
    }

    /// A coordinate in texels with eight bits behind the point, as the chip has it.
    fn snapped(&mut self, at: Value) -> Value {
        let (steps, half, step) = (self.b.float(256.0), self.b.float(0.5), self.b.float(1.0 / 256.0));
        let at = self.b.binary(Op::Multiply, at, steps);
        let at = self.b.binary(Op::Add, at, half);
        let at = self.b.math(MathFunction::Floor, at);
        self.b.binary(Op::Multiply, at, step)
    }

    /// Any fetch with a result.
    pub(super) fn texture_fetch(&mut self, fetch: &TextureFetch) {
        let at = fetch.common.source_swizzle.map(|c| self.component(fetch.common.source, c));
        let value = match fetch.operation {
            TextureOp::Gradients => {
                let mut of = |axis, i: usize| self.derivative(axis, at[i]);
                let (x, y) = (DerivativeAxis::X, DerivativeAxis::Y);
                let parts = [of(x, 0), of(y, 0), of(x, 1), of(y, 1)];
                self.b.compose(self.types.vec4, &parts)
            }
            TextureOp::ComputedLod => {
                let record = self.record(fetch);
                let lod = self.level_of_detail(fetch, at, &record);
                self.b.splat(lod)
            }
            TextureOp::Weights => {
                let record = self.record(fetch);
                let lod = self.level_of_detail(fetch, at, &record);
                let level = self.limited_level(lod, &record);
                let texels = self.texel_coordinates(fetch, at, &record);
                let [x, y, z] = texels.map(|at| weight(self, at));
                let floor = self.b.math(MathFunction::Floor, level);
                let mip = self.b.binary(Op::Subtract, level, floor);
                self.b.compose(self.types.vec4, &[x, y, z, mip])
            }
            TextureOp::BorderFraction => {
                let record = self.record(fetch);
                let texels = self.texel_coordinates(fetch, at, &record);
                let (zero, one) = (self.b.float(0.0), self.b.float(1.0));
                let mut inside = self.b.boolean(true);
                for (at, size) in texels.into_iter().zip(record.size).take(2) {
                    let above = self.b.binary(Op::GreaterEqual, at, zero);
                    let below = self.b.binary(Op::LessEqual, at, size);
                    let within = self.b.binary(Op::LogicalAnd, above, below);
                    inside = self.b.binary(Op::LogicalAnd, inside, within);
                }
                let value = self.b.select(inside, zero, one);
                self.b.splat(value)
            }
            // The others set state and have no result.
            _ => self.sampled(fetch, at),
        };
        self.store_fetched(&fetch.common, value);
    }

    fn limited_level(&mut self, lod: Value, record: &Record) -> Value {
        let zero = self.b.float(0.0);
        let level = limit(self, lod, record.lowest, record.highest);
        limit(self, level, zero, record.highest)
    }

    /// A coordinate in texels, brought to the positive side where its axis is mirrored once: hosts only
    /// mirror for ever. Within half a texel of the mirror there is the same texel on both sides.
    fn mirrored_once(&mut self, at: Value, axis: u32, record: &Record) -> Value {
        let (bit, zero, half) = (self.b.uint(1 << axis), self.b.uint(0), self.b.float(0.5));
        let bits = self.b.binary(Op::And, record.mirrored, bit);
        let is_mirrored = self.b.binary(Op::NotEqual, bits, zero);
        let distance = self.b.math(MathFunction::Abs, at);
        let is_beyond = self.b.binary(Op::Greater, distance, half);
        let distance = self.b.select(is_beyond, distance, half);
        self.b.select(is_mirrored, distance, at)
    }

    /// A sample, with the fetch constant's swizzle and exponent.
    fn sampled(&mut self, fetch: &TextureFetch, at: [Value; 3]) -> Value {
        let record = self.record(fetch);
        let lod = self.level_of_detail(fetch, at, &record);
        // The sampler chooses between magnification and minification, be there one level or more; it keeps to
        // the levels that there are by itself, and needs a number for that.
        let (least, most) = (self.b.float(-16.0), self.b.float(16.0));
        let lod = limit(self, lod, least, most);
        let texels = self.texel_coordinates(fetch, at, &record);
        let [u, v, w] = [0, 1, 2].map(|axis| {
            let at = self.mirrored_once(texels[axis], axis as u32, &record);
            // A texel's edge must not be lost where the host multiplies by the size again.
            let guard = self.b.float(GUARD);
            let at = self.b.binary(Op::Add, at, guard);
            self.b.binary(Op::Divide, at, record.size[axis])
        });
        let planes = self.sample_planes(fetch, [u, v], texels[2], &record, lod);
        let stored = if fetch.dimension == VOLUME {
            let volume = self.sample_volume(fetch, [u, v, w], lod);
            let zero = self.b.uint(0);
            let is_volume = self.b.binary(Op::NotEqual, record.is_volume, zero);
            self.b.select(is_volume, volume, planes)
        } else {
            planes
        };
        let scaled = {
            let scale = self.b.splat(record.scale);
            self.b.binary(Op::Multiply, stored, scale)
        };
        let mut parts = Vec::with_capacity(4);
        for component in 0..4 {
            let (shift, seven, three) = (self.b.uint(3 * component), self.b.uint(7), self.b.uint(3));
            let select = self.b.binary(Op::ShiftRight, record.swizzle, shift);
            let select = self.b.binary(Op::And, select, seven);
            let index = self.b.binary(Op::And, select, three);
            let value = self.b.element(scaled, index);
            let five = self.b.uint(5);
            let is_one = self.b.binary(Op::Equal, select, five);
            let (one, zero) = (self.b.float(1.0), self.b.float(0.0));
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
        lod: Value,
    ) -> Value {
        let image = self.texture(fetch.constant, TextureShape::Planes);
        // A 1D texture has one row.
        let v = if fetch.dimension == 0 { self.b.float(0.5) } else { v };
        let coordinate = self.b.compose(self.types.vec2, &[u, v]);
        let (zero, one) = (self.b.float(0.0), self.b.float(1.0));
        let slice = self.b.math(MathFunction::Floor, slice);
        let last = self.b.binary(Op::Subtract, record.size[2], one);
        let slice = limit(self, slice, zero, last);
        let slice = limit(self, slice, zero, last);
        let array_index = Some(self.b.convert(slice, ScalarKind::Sint));
        self.sample(fetch, image, coordinate, array_index, lod)
    }

    fn sample_volume(&mut self, fetch: &TextureFetch, at: [Value; 3], lod: Value) -> Value {
        let image = self.texture(fetch.constant, TextureShape::Volume);
        let coordinate = self.b.compose(self.types.vec3, &at);
        self.sample(fetch, image, coordinate, None, lod)
    }

    fn sample(
        &mut self,
        fetch: &TextureFetch,
        image: Value,
        coordinate: Value,
        array_index: Option<Value>,
        lod: Value,
    ) -> Value {
        let sampler = self.sampler(fetch);
        self.b.expr(Expression::ImageSample {
            image,
            sampler,
            gather: None,
            coordinate,
            array_index,
            offset: None,
            level: SampleLevel::Exact(lod),
            depth_ref: None,
            clamp_to_edge: false,
        })
    }

    fn next_binding(&self) -> u32 {
        TEXTURE_BINDING + (self.interface.textures.len() + self.interface.samplers.len()) as u32
    }

    fn handle(&mut self, name: String, inner: Handle<naga::Type>, binding: u32) -> Handle<GlobalVariable> {
        let binding = ResourceBinding { group: self.interface.group, binding };
        self.resource(name, inner, binding, naga::AddressSpace::Handle)
    }

    fn texture(&mut self, constant: u8, shape: TextureShape) -> Value {
        let wanted = |slot: &TextureSlot| slot.constant == constant && slot.shape == shape;
        let index = self.interface.textures.iter().position(wanted).unwrap_or_else(|| {
            let binding = self.next_binding();
            let ty = types::texture(&mut self.module, shape);
            let global = self.handle(format!("texture_{constant}_{shape:?}").to_lowercase(), ty, binding);
            self.interface.textures.push(TextureSlot { constant, shape, binding });
            self.textures.push(global);
            self.textures.len() - 1
        });
        self.b.global(self.textures[index])
    }

    fn sampler(&mut self, fetch: &TextureFetch) -> Value {
        let (constant, filters) = (fetch.constant, [fetch.mag, fetch.min, fetch.mip]);
        let wanted = |slot: &SamplerSlot| slot.constant == constant && slot.filters == filters;
        let index = self.interface.samplers.iter().position(wanted).unwrap_or_else(|| {
            let binding = self.next_binding();
            let ty = types::insert(&mut self.module, None, TypeInner::Sampler { comparison: false });
            let number = self.samplers.len();
            let global = self.handle(format!("sampler_{constant}_{number}"), ty, binding);
            self.interface.samplers.push(SamplerSlot { constant, filters, binding });
            self.samplers.push(global);
            number
        });
        self.b.global(self.samplers[index])
    }

    /// The kind of shader that is translated.
    pub(super) fn kind(&self) -> ShaderKind {
        match self.stage {
            Stage::Vertex { .. } => ShaderKind::Vertex,
            Stage::Pixel { .. } => ShaderKind::Pixel,
            Stage::Compute { kind, .. } => kind,
        }
    }
}
