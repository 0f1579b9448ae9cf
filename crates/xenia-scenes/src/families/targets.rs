//! Draws of flat colours and depths: target formats, blending, alpha, depth and stencil tests,
//! masks, samples, scissors, culling.
//!
//! Corners lie at sixteenths of a pixel, where both backends cover the same samples. Colours and
//! depths are constant in each primitive, so no value is interpolated.

use std::fmt::Write;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use xenia_gpu::edram::EDRAM_WORDS;
use xenia_gpu::enums::BlendOp;
use xenia_gpu::microcode::AssembleError;

use crate::pair::{TileRegion, TileWords};
use crate::scene::*;
use crate::{Backends, Choices, SceneDifference, SceneOutcome};

/// Random non-empty subrange of 0 to `end`.
pub(super) fn range(rng: &mut Choices, end: u32) -> [u32; 2] {
    if rng.random_ratio(1, 2) {
        return [0, end];
    }
    let start = rng.random_range(0..end);
    [start, rng.random_range(start + 1..=end)]
}

fn any<T: Copy>(rng: &mut Choices, of: &[T]) -> T {
    rng.pick(of)
}

/// Targets of a case.
struct Targets {
    formats: Vec<ColorTargetFormat>,
    depth: DepthFormat,
    msaa: Msaa,
}

/// Steps by which blended colours of hosts may be apart. Some round the source to the format first,
/// by half a step, which both terms have as a factor, then each term.
const BLENDED_STEPS: u32 = 2;

/// Tiles between targets: none overlaps the next.
const APART: u32 = 128;
const DEPTH_BASE: u32 = 1024;

impl Targets {
    fn any(rng: &mut Choices) -> Self {
        Self {
            formats: (0..rng.random_range(1..4)).map(|_| any(rng, ColorTargetFormat::VALUES)).collect(),
            depth: any(rng, DepthFormat::VALUES),
            msaa: any(rng, Msaa::VALUES),
        }
    }

    /// Initial words: random samples of the targets.
    fn words(&self, rng: &mut ChaCha8Rng) -> Vec<u32> {
        let mut words = vec![0_u32; EDRAM_WORDS];
        for (slot, format) in self.formats.iter().enumerate() {
            let start = slot * APART as usize * 1280;
            words[start..start + 40 * 1280].fill_with(|| match format {
                ColorTargetFormat::R32Float | ColorTargetFormat::Rg32Float => {
                    rng.random_range(-4.0_f32..4.0).to_bits()
                }
                ColorTargetFormat::Rg16Float | ColorTargetFormat::Rgba16Float => {
                    rng.random::<u32>() & 0xbfff_bfff
                }
                _ => rng.random(),
            });
        }
        let start = DEPTH_BASE as usize * 1280;
        words[start..start + 40 * 1280]
            .fill_with(|| rng.random_range(0..4) << 30 | rng.random::<u32>() & 0x0000_03ff);
        words
    }

    fn set(&self, scene: &mut SceneBuilder) -> Result<(), AssembleError> {
        scene.write(surface(scene.width, self.msaa));
        scene.write(RbDepthInfo::with().depth_base(DEPTH_BASE).depth_format(self.depth));
        for (slot, format) in self.formats.iter().enumerate() {
            let info = RbColorInfo::with().color_base(slot as u32 * APART).color_format(*format);
            let index = [RbColorInfo::INDEX, RB_COLOR1_INFO, RB_COLOR2_INFO, RB_COLOR3_INFO][slot];
            scene.set(index, info.done().raw());
        }
        let mut text = String::from("alloc colors\n");
        for slot in 0..self.formats.len() {
            let _ = writeln!(text, "max oC{slot}, c[{slot}], c[{slot}]");
        }
        scene.shader(1, &text)
    }

    /// Tiles of the targets; blending needs a tolerance in colours.
    fn regions(&self, blends: bool) -> Vec<TileRegion> {
        let colors = self.formats.iter().enumerate().map(|(slot, format)| {
            let start = slot as u32 * APART;
            TileRegion {
                tiles: start..start + APART,
                words: TileWords::Color(*format),
                steps: if blends { BLENDED_STEPS } else { 0 },
            }
        });
        let depth = TileRegion { tiles: DEPTH_BASE..DEPTH_BASE + APART, words: TileWords::Depth, steps: 0 };
        colors.chain([depth]).collect()
    }
}

fn stencil_operation(rng: &mut Choices) -> StencilOp {
    any(rng, StencilOp::VALUES)
}

/// Sets random depth and stencil tests.
pub(super) fn tests(scene: &mut SceneBuilder, rng: &mut Choices, note: &mut String) {
    let mut control = RbDepthcontrol::with()
        .z_enable(rng.random())
        .z_write_enable(rng.random())
        .zfunc(any(rng, Compare::VALUES))
        .stencil_enable(rng.random());
    let compare = [Compare::Always, any(rng, Compare::VALUES)];
    control = control
        .backface_enable(rng.random())
        .stencilfunc(any(rng, &compare))
        .stencilfunc_bf(any(rng, &compare));
    control = control.stencilfail(stencil_operation(rng)).stencilfail_bf(stencil_operation(rng));
    control = control.stencilzfail(stencil_operation(rng)).stencilzfail_bf(stencil_operation(rng));
    control = control.stencilzpass(stencil_operation(rng)).stencilzpass_bf(stencil_operation(rng));
    let control = control.done().raw();
    scene.set(RbDepthcontrol::INDEX, control);
    let masks = any(rng, &[0xffff_u32, 0xffff, 0x0fff, 0xff0f, 0x3c5a]) << 8;
    let [front, back] = [0; 2].map(|_: u32| masks | any(rng, &[0, 1, 2, 0x80, 0xff]));
    scene.set(RbStencilrefmask::INDEX, front);
    scene.set(RB_STENCILREFMASK_BF, if rng.random_ratio(3, 4) { front } else { back });
    let _ = write!(note, "depth {control:08x}, stencil {front:06x}/{back:06x}; ");
}

fn factor(rng: &mut Choices) -> BlendFactor {
    any(rng, BlendFactor::VALUES)
}

/// Sets random masks, blending and alpha tests; returns whether blending is on.
fn outputs(scene: &mut SceneBuilder, rng: &mut Choices, slots: usize, note: &mut String) -> bool {
    let mask = if rng.random_ratio(2, 3) { 0xffff } else { rng.random::<u32>() & 0xffff };
    scene.set(RbColorMask::INDEX, mask);
    let blends = rng.random_ratio(1, 2);
    let _ = write!(note, "mask {mask:04x}, ");
    for slot in 0..slots {
        let control = if blends && rng.random_ratio(3, 4) {
            RbBlendcontrol::with()
                .color_srcblend(factor(rng))
                .color_destblend(factor(rng))
                .color_comb_fcn(any(rng, BlendOp::VALUES))
                .alpha_srcblend(factor(rng))
                .alpha_destblend(factor(rng))
                .alpha_comb_fcn(any(rng, BlendOp::VALUES))
        } else {
            blend(BlendFactor::One, BlendFactor::Zero)
        };
        let control = control.done();
        let _ = write!(note, "blend {:08x}, ", control.raw());
        let index = [RbBlendcontrol::INDEX, RB_BLENDCONTROL1, RB_BLENDCONTROL2, RB_BLENDCONTROL3][slot];
        scene.set(index, control.raw());
    }
    scene.floats(RB_BLEND_RED, &[0; 4].map(|_: u32| rng.random_range(0..=16) as f32 / 16.0));
    let mut control = RbColorcontrol::with().alpha_func(any(rng, Compare::VALUES));
    control = control.alpha_test_enable(rng.random_ratio(1, 4)).alpha_to_mask_enable(rng.random_ratio(1, 4));
    control =
        control.alpha_to_mask_offset0(rng.random_range(0..4)).alpha_to_mask_offset1(rng.random_range(0..4));
    control =
        control.alpha_to_mask_offset2(rng.random_range(0..4)).alpha_to_mask_offset3(rng.random_range(0..4));
    let control = control.done().raw();
    scene.set(RbColorcontrol::INDEX, control);
    let reference = rng.random_range(0..=8) as f32 / 8.0;
    scene.floats(RB_ALPHA_REF, &[reference]);
    let _ = write!(note, "control {control:08x}, alpha of {reference}; ");
    blends
}

/// Draws random primitives of random colours.
pub(super) fn primitives(
    scene: &mut SceneBuilder,
    rng: &mut Choices,
    slots: usize,
    blends: bool,
    note: &mut String,
) {
    for slot in 0..slots {
        let level = |rng: &mut Choices| rng.random_range(-4..=36) as f32 / 32.0;
        let color = [0; 4].map(|_: u32| level(rng));
        scene.constant(256 + slot as u32, color);
        let _ = write!(note, "{color:?}, ");
    }
    let place = |rng: &mut Choices, end: u32| rng.random_range(0..=end * 16) as f32 / 16.0;
    let width = scene.width;
    let height = scene.height;
    let (primitive, corners) = any(rng, &[(8, 3), (4, 3), (4, 3), (13, 4)]);
    let mut vertices = Vec::new();
    // Between the primitives of a draw the host keeps blended colours in its format, which may have
    // more bits and a larger range than the chip's: only the first primitive is blended equally.
    let count = if blends { 1 } else { rng.random_range(1..4) };
    for _ in 0..count {
        let z = rng.random_range(0..=256) as f32 / 256.0;
        if primitive == 8 || primitive == 13 {
            let [x0, x1, y0, y1] = [width, width, height, height].map(|end| place(rng, end));
            let quad = [[x0, y0], [x1, y0], [x1, y1], [x0, y1]];
            vertices.extend(quad[..corners].iter().map(|[x, y]| [*x, *y, z, 0.0, 0.0, 0.0, 0.0]));
        } else {
            let corner = |rng: &mut Choices| [place(rng, width), place(rng, height), z, 0.0, 0.0, 0.0, 0.0];
            vertices.extend([0; 3].map(|_: u32| corner(rng)));
        }
    }
    scene.vertices(&vertices);
    let _ =
        write!(note, "primitive {primitive} at {:?}", vertices.iter().map(|v| &v[..3]).collect::<Vec<_>>());
    scene.draw(primitive, vertices.len() as u32);
}

/// Sets random culling, sample positions, a sample mask and a scissor.
pub(super) fn coverage(scene: &mut SceneBuilder, rng: &mut Choices, msaa: Msaa, note: &mut String) {
    let mode = PaSuScModeCntl::with()
        .cull_front(rng.random_ratio(1, 8))
        .cull_back(rng.random_ratio(1, 8))
        .face(rng.random())
        .msaa_enable(rng.random_ratio(3, 4))
        .done();
    let _ = write!(note, "mode {:08x}; ", mode.raw());
    scene.set(PaSuScModeCntl::INDEX, mode.raw());
    let samples = if rng.random_ratio(3, 4) { 0xffff } else { rng.random::<u32>() & 0xffff };
    scene.set(PA_SC_AA_MASK, samples);
    let [mut left, right] = range(rng, scene.width);
    let [mut top, bottom] = range(rng, scene.height);
    if msaa != Msaa::X1 {
        // The software driver doesn't clip samples right of a pixel's left side and below its upper
        // one to the scissor.
        [left, top] = [0; 2];
    }
    scene.scissor([left, top, right, bottom]);
    let _ = write!(note, "samples {samples:04x}, scissor {:?}; ", [left, top, right, bottom]);
}

/// Makes one draw; returns whether it blends.
fn draw(scene: &mut SceneBuilder, rng: &mut Choices, targets: &Targets, note: &mut String) -> bool {
    let slots = targets.formats.len();
    tests(scene, rng, note);
    let blends = outputs(scene, rng, slots, note);
    coverage(scene, rng, targets.msaa, note);
    primitives(scene, rng, slots, blends, note);
    blends
}

pub(super) fn case(
    backends: &mut Backends<'_>,
    choices: &mut Choices,
) -> Result<SceneOutcome, SceneDifference> {
    let targets = Targets::any(choices);
    let width = choices.random_range(1..4) * 40;
    let height = choices.random_range(1..4) * 16;
    let begin = targets.words(&mut ChaCha8Rng::seed_from_u64(choices.random()));
    let mut pair = backends.pair(width, height, Msaa::X1, Some(&begin))?;
    pair.each(choices, |scene, _| targets.set(scene))?.map_err(|error| SceneDifference(error.to_string()))?;
    let mut is_same = true;
    for _ in 0..choices.between(1, 4) {
        let (note, blends) = pair.each(choices, |scene, choices| {
            let mut note = format!("{:?} {:?} {:?}: ", targets.formats, targets.depth, targets.msaa);
            let blends = draw(scene, choices, &targets, &mut note);
            (note, blends)
        })?;
        is_same = pair.compare(&targets.regions(blends), &note)? == begin;
    }
    Ok(if is_same { SceneOutcome::NoEffect } else { SceneOutcome::Same })
}
