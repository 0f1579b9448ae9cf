//! Processing of a block of covered pixels: depth test, shading, alpha tests, output.

use super::budget::{BLOCK_STEPS, Budget, Meter};
use super::color::ColorPlace;
use super::depth::DepthTest;
use super::memory::Edram;
use super::raster::{Setup, sample_positions};
use super::{alpha_mask, blend, compare};
use crate::draw_state::{AlphaTest, DrawCall};
use crate::edram::EdramSurface;
use crate::enums::Primitive;
use crate::fetch::Fetcher;
use crate::microcode::lanes::{canonical_nan, map, splat};
use crate::microcode::{LANES, Lanes, Mask, Program, ShaderInterpreter, Vector};

/// Centroid of each pixel of a block, in 1/16 from its top left. For a partly covered pixel it is
/// the first covered sample; all samples are equally far from the centre.
fn centroids(call: &DrawCall, coverage: &[Mask; 4]) -> [[i64; 2]; LANES] {
    let positions = sample_positions(call);
    let coverage = &coverage[..positions.len()];
    std::array::from_fn(|lane| {
        let mut covered = coverage.iter().zip(positions).filter(|(mask, _)| **mask >> lane & 1 != 0);
        let is_whole = coverage.iter().all(|mask| mask >> lane & 1 != 0);
        covered.next().filter(|_| !is_whole).map_or(CENTER, |(_, position)| *position)
    })
}

/// Barycentric weights of the three corners at the centres of a block's pixels, or at other
/// positions in them.
#[inline(always)]
fn weights(setup: &Setup, at: BlockPosition, places: Option<&[[i64; 2]; LANES]>) -> [Lanes; 3] {
    let [second, third] = setup.weights.map(|plane| {
        let mut values = plane.block(at.x, at.y);
        for (value, place) in values.iter_mut().zip(places.into_iter().flatten()) {
            *value += plane.change_to(*place);
        }
        values
    });
    let mut weights = [[0.0; LANES]; 3];
    for lane in 0..LANES {
        weights[0][lane] = 1.0 - second[lane] - third[lane];
        weights[1][lane] = second[lane];
        weights[2][lane] = third[lane];
    }
    if let Some([w0, w1, w2]) = setup.inverse_w {
        for lane in 0..LANES {
            let products = [weights[0][lane] * w0, weights[1][lane] * w1, weights[2][lane] * w2];
            // Attributes divided by w are linear on the screen; the sum of weights undoes the
            // division.
            let inverse = 1.0 / (products[0] + products[1] + products[2]);
            for (weight, product) in weights.iter_mut().zip(products) {
                weight[lane] = product * inverse;
            }
        }
    }
    weights
}

/// Interpolates an attribute in each lane, from the first corner on. A value that all corners share
/// stays exact, whatever the weights: titles compare it for equality.
#[inline(always)]
fn interpolate(register: &mut Vector, [a, b, c]: [[f32; 4]; 3], weights: &[Lanes; 3]) {
    for (component, out) in register.iter_mut().enumerate() {
        let [a, b, c] = [a, b, c].map(|corner| corner[component]);
        // By their bits: the sum of zeros would lose their sign.
        if [b, c].map(f32::to_bits) == [a.to_bits(); 2] {
            *out = splat(canonical_nan(a));
            continue;
        }
        let to_b = b - a;
        let to_c = c - a;
        if to_b.is_finite() && to_c.is_finite() {
            for lane in 0..LANES {
                out[lane] = canonical_nan(a + to_b * weights[1][lane] + to_c * weights[2][lane]);
            }
        } else {
            // A corner is infinite, or the difference too large: the weighted sum is still defined.
            for lane in 0..LANES {
                out[lane] = canonical_nan(a * weights[0][lane] + b * weights[1][lane] + c * weights[2][lane]);
            }
        }
    }
}

/// Location of the depth target, if a draw tests depth or stencil.
fn depth_surface(call: &DrawCall) -> Option<EdramSurface> {
    let is_tested = call.depth.compare.is_some() || call.depth.stencil.is_some();
    is_tested.then(|| EdramSurface::depth(call.depth.base, call.pitch, call.msaa.columns()))
}

/// Colour targets that a draw's shader exports to, with their numbers.
fn color_places(call: &DrawCall) -> impl Iterator<Item = (usize, ColorPlace)> {
    let exports = exports(call);
    call.color.iter().enumerate().filter_map(move |(i, target)| {
        let target = target.filter(|_| exports >> i & 1 != 0)?;
        Some((i, ColorPlace::new(&target, call)))
    })
}

/// Exports of a draw's pixel shader, one bit each.
fn exports(call: &DrawCall) -> u64 {
    call.pixel_shader.as_ref().map_or(0, |shader| shader.program.exports)
}

/// Surfaces that a draw's blocks read or write.
pub(super) fn surfaces(call: &DrawCall) -> impl Iterator<Item = EdramSurface> {
    depth_surface(call).into_iter().chain(color_places(call).map(|(_, color)| color.place))
}

/// Position of a block's top left pixel.
#[derive(Clone, Copy)]
pub(super) struct BlockPosition {
    pub(super) x: i32,
    pub(super) y: i32,
}

/// Centre of a pixel, in 1/16.
const CENTER: [i64; 2] = [8, 8];

/// Pipeline state of one draw for its blocks.
pub(super) struct BlockPipeline<'a> {
    call: &'a DrawCall,
    edram: &'a Edram,
    interpreter: &'a mut ShaderInterpreter,
    fetch: Fetcher<'a>,
    meter: Meter<'a>,
    depth: Option<DepthTest>,
    colors: Vec<(usize, ColorPlace)>,
    /// Early depth test: the shader can't change which samples pass.
    early: bool,
    writes_depth: bool,
    /// Registers that interpolators are put into, one bit each.
    interpolators: u64,
    /// All pixels have the same exports: the shader reads no register and fetches nothing.
    is_uniform: bool,
    /// Steps of the run whose exports the interpreter has, if all pixels have them.
    uniform_steps: Option<u64>,
    samples_passed: u64,
}

impl<'a> BlockPipeline<'a> {
    pub(super) fn new(
        call: &'a DrawCall,
        edram: &'a Edram,
        interpreter: &'a mut ShaderInterpreter,
        fetch: Fetcher<'a>,
        budget: &'a Budget<'a>,
    ) -> Self {
        let program = call.pixel_shader.as_ref().map(|shader| &shader.program);
        let writes_depth = exports(call) >> Program::DEPTH & 1 != 0;
        Self {
            colors: color_places(call).collect(),
            depth: depth_surface(call).map(|place| DepthTest::new(call.depth, place, call.msaa)),
            early: !writes_depth
                && call.alpha_test.is_none()
                && call.alpha_to_mask.is_none()
                // Whether hidden pixels export memory isn't known; Direct3D lets them write.
                && !program.is_some_and(|program| program.kills || program.exports_memory()),
            writes_depth,
            interpolators: (1 << call.interpolators.min(16)) - 1,
            is_uniform: program.is_some_and(Program::is_uniform),
            uniform_steps: None,
            call,
            edram,
            interpreter,
            fetch,
            meter: budget.meter(),
            samples_passed: 0,
        }
    }

    pub(super) fn samples_passed(&self) -> u64 {
        self.samples_passed
    }

    /// Whether a row of `blocks` at pixel row `y` may be tested; charges the budget for it.
    pub(super) fn try_spend_row(&mut self, y: i32, blocks: u64) -> bool {
        let is_left = self.meter.is_left(y);
        if is_left {
            self.meter.spend(y, blocks);
        }
        is_left
    }

    /// Draws a block: `coverage` has the lanes of each sample.
    #[inline(always)]
    pub(super) fn draw_block(&mut self, setup: &Setup, at: BlockPosition, coverage: [Mask; 4]) {
        if !self.meter.is_left(at.y) {
            return;
        }
        self.meter.spend(at.y, BLOCK_STEPS);
        let covered = coverage;
        let mut coverage = coverage;
        let positions = sample_positions(self.call);
        let z = setup.z.block(at.x, at.y);
        let sample_depth = |sample: usize| {
            let offset = setup.z.change_to(positions[sample]);
            map(&z, |z| z + offset)
        };
        if self.early && self.depth.is_some() {
            for sample in 0..positions.len() {
                self.test_depth(setup, at, sample, &sample_depth(sample), &mut coverage);
            }
        }
        let mut any = coverage.iter().fold(0, |any, mask| any | mask);
        // After an early test a shader without targets has no effect left.
        if any != 0 && self.call.pixel_shader.is_some() && (!self.early || !self.colors.is_empty()) {
            self.shade(setup, at, &covered, any);
            let exports = self.interpreter.exports();
            let mut lost = exports.killed;
            if let Some(AlphaTest { compare, reference, in_levels }) = self.call.alpha_test {
                let alpha = &exports.values[0][3];
                let levels = if in_levels { map(alpha, AlphaTest::level) } else { *alpha };
                lost |= !compare::lanes(compare, &levels, &splat(reference));
            }
            for mask in &mut coverage {
                *mask &= !lost;
            }
            if let Some(steps) = self.call.alpha_to_mask {
                let drawn = alpha_mask::drawn(self.call.msaa, steps, at, &exports.values[0][3]);
                coverage.iter_mut().zip(drawn).for_each(|(mask, drawn)| *mask &= drawn);
            }
            if !self.early && self.depth.is_some() {
                let exported = self.writes_depth.then(|| exports.values[Program::DEPTH as usize][0]);
                for sample in 0..positions.len() {
                    let depth = exported.unwrap_or_else(|| sample_depth(sample));
                    self.test_depth(setup, at, sample, &depth, &mut coverage);
                }
            }
            any = coverage.iter().fold(0, |any, mask| any | mask);
            if any != 0 {
                for (index, place) in &self.colors {
                    let color: &Vector = &self.interpreter.exports().values[*index];
                    blend::write(place, self.edram, at, &coverage, color, self.call);
                }
            }
        }
        self.samples_passed += coverage.iter().map(|mask| u64::from(mask.count_ones())).sum::<u64>();
    }

    #[inline(always)]
    fn test_depth(
        &mut self,
        setup: &Setup,
        at: BlockPosition,
        sample: usize,
        depth: &Lanes,
        coverage: &mut [Mask; 4],
    ) {
        if let Some(test) = &self.depth
            && coverage[sample] != 0
        {
            coverage[sample] =
                test.run(self.edram, at, sample as u32, depth, coverage[sample], setup.is_back);
        }
    }

    /// Sets the register of generated positions; `centers` are the weights at the pixels' centres.
    #[inline(always)]
    fn put_positions(&mut self, register: u32, setup: &Setup, at: BlockPosition, centers: &[Lanes; 3]) {
        let is_point = self.call.primitive == Primitive::PointList;
        let is_line = self.call.primitive.is_line();
        let corners = [0, 1, 2].map(|i: usize| setup.corners[i].attributes[register as usize & 15]);
        let register = self.interpreter.register(register);
        for lane in 0..LANES {
            let x = (at.x + (lane & 7) as i32) as f32;
            let y = (at.y + (lane >> 3) as i32) as f32;
            // Signs mark the facing, points and lines.
            register[0][lane] = if setup.is_back { -x } else { x };
            register[1][lane] = if is_point { -y } else { y };
            register[2][lane] = if is_line { -0.0 } else { 0.0 };
            register[3][lane] = 0.0;
            if is_point {
                for component in 2..4 {
                    let value: f32 = corners.iter().zip(centers).map(|(c, w)| c[component] * w[lane]).sum();
                    register[component][lane] = value.clamp(0.0, 1.0);
                }
            }
        }
    }

    /// Interpolates attributes and runs the pixel shader for the whole block; `coverage` is the
    /// triangle's coverage.
    #[inline(always)]
    fn shade(&mut self, setup: &Setup, at: BlockPosition, coverage: &[Mask; 4], covered: Mask) {
        let Some(shader) = &self.call.pixel_shader else { return };
        let program = &shader.program;
        if let Some(steps) = self.uniform_steps {
            self.meter.spend(at.y, steps);
            return;
        }
        let centers = weights(setup, at, None);
        let centroids =
            (self.call.centroid != 0).then(|| weights(setup, at, Some(&centroids(self.call, coverage))));
        // Registers that the program doesn't read need no values.
        self.interpreter.clear_registers(program.reads & !self.interpolators);
        let mut left = program.reads & self.interpolators;
        while left != 0 {
            let interpolator = left.trailing_zeros() as usize;
            left &= left - 1;
            let [a, b, c] = [0, 1, 2].map(|i: usize| setup.corners[i].attributes[interpolator]);
            let register = self.interpreter.register(interpolator as u32);
            if self.call.flat >> interpolator & 1 != 0 {
                // Exactly one vertex's value: the weights add up to one only up to rounding.
                *register = a.map(splat);
                continue;
            }
            let is_centroid = self.call.centroid >> interpolator & 1 != 0;
            // Two calls: the compiler would otherwise choose between the weights lane by lane.
            match &centroids {
                Some(centroids) if is_centroid => interpolate(register, [a, b, c], centroids),
                _ => interpolate(register, [a, b, c], &centers),
            }
        }
        if let Some(register) = self.call.position_register {
            self.put_positions(register, setup, at, &centers);
        }
        // Quads run completely, so that differences within them are defined.
        let rows = covered | covered >> 8 | covered << 8;
        let columns = (rows & 0x5555) << 1 | (rows & 0xaaaa) >> 1;
        self.fetch.start(rows | columns, covered);
        let constants = &self.call.constants;
        let before = self.interpreter.steps();
        self.interpreter.run(program, constants.pixel_stage(), Mask::MAX, &mut self.fetch);
        let steps = self.interpreter.steps() - before;
        self.meter.spend(at.y, steps);
        self.uniform_steps = self.is_uniform.then_some(steps);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attribute_that_all_corners_share_is_exact() {
        // With the first weights, the weighted sum of 0.1 is below 0.1; pixels beside the triangle
        // have negative ones.
        for [second, third] in [[3.0 / 16.0, 1.0 / 32.0], [-0.25, 0.5]] {
            let weights = [1.0 - second - third, second, third].map(splat);
            let value = [0.1, -1.0, f32::INFINITY, -0.0];
            let mut register = [[0.0; LANES]; 4];
            interpolate(&mut register, [value; 3], &weights);
            let bits = |lanes: Lanes| lanes.map(f32::to_bits);
            assert_eq!(register.map(bits), value.map(|value| bits(splat(value))));
        }
    }

    #[test]
    fn corners_without_a_finite_difference_have_a_weighted_sum() {
        let weights = [0.5, 0.25, 0.25].map(splat);
        let corners = [
            [f32::INFINITY, 1.0, f32::MAX, 1.0],
            [1.0, f32::INFINITY, -f32::MAX, 1.0],
            [1.0, 1.0, -f32::MAX, 2.0],
        ];
        let mut register = [[0.0; LANES]; 4];
        interpolate(&mut register, corners, &weights);
        assert_eq!(register, [f32::INFINITY, f32::INFINITY, 0.0, 1.25].map(splat));
    }
}
