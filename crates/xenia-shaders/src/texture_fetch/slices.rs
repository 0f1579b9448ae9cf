//! Fetches with a third coordinate: the filter between slices of a volume or layers of a stack is
//! independent of that within a plane, but samplers of hosts have one for all axes.

use naga::{BinaryOperator as Op, MathFunction, SampleLevel, Statement};
use xenia_gpu::enums::TextureFilter;
use xenia_gpu::microcode::TextureFetch;

use super::super::Translator;
use super::super::builder::Value;
use super::super::interface::TextureShape;
use super::super::stage_constants::{PLANE_BITS, SLICE_BITS};
use super::{Record, limit};

/// Level at which the host minifies, but still reads the base level: the least that its fixed-point
/// levels can tell from zero.
const MINIFIED: f32 = 1.0 / 256.0;

/// Sampling of a volume whose filter between slices differs from that within them.
struct SliceSampling {
    /// Level of detail.
    lod: Value,
    /// Whether the base level is sampled as a minified one.
    is_marked: Value,
    /// Whether the filter between slices is linear.
    is_linear: Value,
}

impl Translator<'_> {
    /// Whether a filter is linear: the instruction's, or the constant's, of which the record has a
    /// bit.
    fn is_linear(&mut self, own: TextureFilter, bit: u32, record: &Record) -> Value {
        match own {
            TextureFilter::UseFetchConstant => self.has_bit(record.flags, bit),
            own => self.b.boolean(own == TextureFilter::Linear),
        }
    }

    /// Whether the filters between slices of magnified and minified ones are linear.
    pub(super) fn slices_are_linear(&mut self, fetch: &TextureFetch, record: &Record) -> [Value; 2] {
        [0, 1].map(|i| self.is_linear(fetch.slices[i], SLICE_BITS[i], record))
    }

    /// Whether the filters within a plane of magnified and minified texels are linear.
    pub(super) fn planes_are_linear(&mut self, fetch: &TextureFetch, record: &Record) -> [Value; 2] {
        [(fetch.mag, PLANE_BITS[0]), (fetch.min, PLANE_BITS[1])]
            .map(|(own, bit)| self.is_linear(own, bit, record))
    }

    /// Whether a level of detail selects minification.
    fn is_minified(&mut self, fetch: &TextureFetch, lod: Value, record: &Record) -> Value {
        let zero = self.b.float(0.0);
        let is_smaller = self.b.binary(Op::Greater, lod, zero);
        let [lowest, _] = self.levels(fetch, record);
        let is_above_base = self.b.binary(Op::Greater, lowest, zero);
        self.b.binary(Op::LogicalOr, is_smaller, is_above_base)
    }

    /// Whether the filters that a level of detail selects are linear: within a plane, and between
    /// slices of a volume.
    pub(super) fn chosen_are_linear(
        &mut self,
        fetch: &TextureFetch,
        lod: Value,
        record: &Record,
    ) -> [Value; 2] {
        let planes = self.planes_are_linear(fetch, record);
        let slices = self.slices_are_linear(fetch, record);
        let is_minified = self.is_minified(fetch, lod, record);
        [planes, slices].map(|[mag, min]| self.b.select(is_minified, min, mag))
    }

    /// Slice below a coordinate in slices, and the weight of the next one.
    fn split_slices(&mut self, at: Value, is_linear: Value) -> (Value, Value) {
        let zero = self.b.float(0.0);
        let half = self.b.float(0.5);
        let one = self.b.float(1.0);
        let shift = self.b.select(is_linear, half, zero);
        let at = self.b.binary(Op::Subtract, at, shift);
        let below = self.b.math(MathFunction::Floor, at);
        let weight = self.b.binary(Op::Subtract, at, below);
        let weight = limit(self, weight, zero, one);
        (below, self.b.select(is_linear, weight, zero))
    }

    /// Mixes two vectors.
    fn mixed(&mut self, [near, far]: [Value; 2], weight: Value) -> Value {
        let difference = self.b.binary(Op::Subtract, far, near);
        let weight = self.b.splat(weight);
        let change = self.b.binary(Op::Multiply, difference, weight);
        self.b.binary(Op::Add, near, change)
    }

    /// Samples a stack at two normalised coordinates and one in layers. Whether layers are minified
    /// depends on the gradient along them.
    pub(super) fn sample_stack(
        &mut self,
        fetch: &TextureFetch,
        at: [Value; 3],
        [u, v, layer]: [Value; 3],
        record: &Record,
        level: SampleLevel,
    ) -> Value {
        if fetch.slices == [TextureFilter::Point; 2] {
            return self.sample_planes(fetch, [u, v], layer, record, level);
        }
        let [mag, min] = self.slices_are_linear(fetch, record);
        let has_gradients = fetch.computed_lod || fetch.register_gradients;
        let is_linear = if has_gradients && mag != min {
            let zero = self.b.float(0.0);
            let one = self.b.float(1.0);
            let steps = [0, 1].map(|which| {
                let [.., layers] = self.scaled_gradient(fetch, at, record, which);
                let steps = self.b.math(MathFunction::Abs, layers);
                let is_crossed = self.b.binary(Op::Greater, steps, one);
                self.b.select(is_crossed, one, zero)
            });
            let crossed = self.b.binary(Op::Add, steps[0], steps[1]);
            let is_minified = self.b.binary(Op::Greater, crossed, zero);
            self.b.select(is_minified, min, mag)
        } else {
            mag
        };
        let (below, weight) = self.split_slices(layer, is_linear);
        let one = self.b.float(1.0);
        let above = self.b.binary(Op::Add, below, one);
        let layers = [below, above].map(|layer| self.sample_planes(fetch, [u, v], layer, record, level));
        self.mixed(layers, weight)
    }

    /// Samples a volume at normalised coordinates.
    pub(super) fn sample_volume(
        &mut self,
        fetch: &TextureFetch,
        at: [Value; 3],
        level: SampleLevel,
        record: &Record,
    ) -> Value {
        let SampleLevel::Exact(lod) = level else { return self.sample_box(fetch, at, level) };
        let filters = [fetch.mag, fetch.min, fetch.slices[0], fetch.slices[1]];
        let is_known = filters[0] != TextureFilter::UseFetchConstant;
        if is_known && filters.iter().all(|filter| *filter == filters[0]) {
            return self.sample_box(fetch, at, level);
        }
        let planes = self.planes_are_linear(fetch, record);
        let is_minified = self.is_minified(fetch, lod, record);
        let [plane, slice] = self.chosen_are_linear(fetch, lod, record);
        let condition = self.b.binary(Op::Equal, plane, slice);
        let result = self.b.local("volume", self.types.vec4);
        self.b.begin();
        let value = self.sample_box(fetch, at, level);
        self.b.store_local(result, value);
        let accept = self.b.end();
        self.b.begin();
        let differ = self.b.binary(Op::NotEqual, planes[0], planes[1]);
        let is_marked = self.b.binary(Op::LogicalAnd, differ, is_minified);
        let sampling = SliceSampling { lod, is_marked, is_linear: slice };
        let value = self.sample_slices(fetch, at, &sampling, record);
        self.b.store_local(result, value);
        let reject = self.b.end();
        self.b.statement(Statement::If { condition, accept, reject });
        self.b.load_local(result)
    }

    /// Samples a volume with the sampler's filter on all axes.
    fn sample_box(&mut self, fetch: &TextureFetch, at: [Value; 3], level: SampleLevel) -> Value {
        let image = self.texture(fetch.constant, TextureShape::Volume);
        let coordinate = self.b.compose(self.types.vec3, &at);
        self.sample(fetch, image, coordinate, None, level)
    }

    /// Samples the centres of slices, where the sampler's filter has no effect along them, and
    /// mixes these and levels.
    fn sample_slices(
        &mut self,
        fetch: &TextureFetch,
        [u, v, w]: [Value; 3],
        sampling: &SliceSampling,
        record: &Record,
    ) -> Value {
        let SliceSampling { lod, is_marked, is_linear } = *sampling;
        let zero = self.b.float(0.0);
        let half = self.b.float(0.5);
        let one = self.b.float(1.0);
        let level = self.limited_level(fetch, lod, record);
        let is_between = self.has_mip_filter(fetch, TextureFilter::Linear, record);
        let lower = self.b.math(MathFunction::Floor, level);
        let nearest = self.b.binary(Op::Add, level, half);
        let nearest = self.b.math(MathFunction::Floor, nearest);
        let first = self.b.select(is_between, lower, nearest);
        let second = self.b.binary(Op::Add, first, one);
        let fraction = self.b.binary(Op::Subtract, level, lower);
        let fraction = self.b.select(is_between, fraction, zero);
        let levels = [first, second].map(|level| {
            let times = self.b.math(MathFunction::Exp2, level);
            let depth = self.b.binary(Op::Divide, record.base[2], times);
            let depth = self.b.math(MathFunction::Floor, depth);
            let is_some = self.b.binary(Op::Greater, depth, one);
            let depth = self.b.select(is_some, depth, one);
            let place = self.b.binary(Op::Multiply, w, depth);
            let (below, weight) = self.split_slices(place, is_linear);
            let is_base = self.b.binary(Op::Equal, level, zero);
            let is_marked = self.b.binary(Op::LogicalAnd, is_base, is_marked);
            let mark = self.b.float(MINIFIED);
            let level = SampleLevel::Exact(self.b.select(is_marked, mark, level));
            let slices = [0.5, 1.5].map(|centre| {
                let centre = self.b.float(centre);
                let centre = self.b.binary(Op::Add, below, centre);
                let w = self.b.binary(Op::Divide, centre, depth);
                self.sample_box(fetch, [u, v, w], level)
            });
            self.mixed(slices, weight)
        });
        self.mixed(levels, fraction)
    }
}
