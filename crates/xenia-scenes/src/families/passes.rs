//! Passes that share tiles of the EDRAM: draws over the words of targets with another format, pitch
//! or number of samples, resolves of those words, and draws with the resolved texels as a texture.
//!
//! All results are exact. Draws have flat colours and depths and don't blend, and a target shows
//! the texels at their centres, with the levels of its own format. Targets of 32-bit floats are
//! left out: hosts need not keep the words of others there, which may be NaNs and denormals.

use std::fmt::Write;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use xenia_gpu::edram::{EDRAM_WORDS, TILE_WORDS};
use xenia_gpu::enums::ClampMode;
use xenia_gpu::microcode::AssembleError;
use xenia_gpu::texture::layout::MACRO_TILE;

use super::targets;
use crate::scene::*;
use crate::{Backends, Choices, SceneDifference, SceneOutcome};

/// Formats of targets that keep any words.
const FORMATS: &[ColorTargetFormat] = &[
    ColorTargetFormat::Rgba8,
    ColorTargetFormat::Rgba8Gamma,
    ColorTargetFormat::Rgb10A2,
    ColorTargetFormat::Rgb10A2Float,
    ColorTargetFormat::Rg16,
    ColorTargetFormat::Rgba16,
    ColorTargetFormat::Rg16Float,
    ColorTargetFormat::Rgba16Float,
    ColorTargetFormat::Rgb10A2As10,
    ColorTargetFormat::Rgb10A2FloatAs16,
];
/// Destination formats of resolves: four bytes and eight.
const DESTINATIONS: &[u32] = &[6, 6, 7, 14, 25, 26, 31, 32];
/// Tiles of one of the two areas, of which colours have one and depths the other.
const AREA: u32 = 128;
/// Tiles of an area at which targets begin.
const STARTS: &[u32] = &[0, 0, 1, 2, 5];

/// Pixel shader of a flat colour.
const FLAT_PS: &str = "alloc colors\nmax oC0, c[0], c[0]";
/// Pixel shader of the texel at the pixel's place.
const TEXEL_PS: &str = "
    mad r1, r0.xyxw, c[0], c[1]
    tfetch2D r3, r1.xyz, tf1, unnormalized
    alloc colors
    max oC0, r3, r3";

/// Random words of both areas, from a seed.
pub(super) fn contents(seed: u32) -> Vec<u32> {
    let mut rng = ChaCha8Rng::seed_from_u64(u64::from(seed));
    let mut words = vec![0_u32; EDRAM_WORDS];
    words[..(2 * AREA * TILE_WORDS) as usize].fill_with(|| rng.random());
    words
}

/// Size of a surface, and places and formats of its targets.
#[derive(Clone, Copy, Debug)]
pub(super) struct PassSurface {
    pitch: u32,
    height: u32,
    msaa: Msaa,
    color: ColorTargetFormat,
    depth: DepthFormat,
    /// First tiles of the targets.
    color_base: u32,
    depth_base: u32,
}

impl PassSurface {
    pub(super) fn any(choices: &mut Choices) -> Self {
        let [first, second] = [0; 2].map(|_: u32| choices.pick(STARTS));
        let has_colors_first = !choices.chance(1, 3);
        let [color_base, depth_base] =
            if has_colors_first { [first, AREA + second] } else { [AREA + first, second] };
        Self {
            pitch: choices.pick(&[80, 40, 120, 160]),
            height: choices.pick(&[16, 32, 48]),
            msaa: choices.pick(Msaa::VALUES),
            color: choices.pick(FORMATS),
            depth: choices.pick(DepthFormat::VALUES),
            color_base,
            depth_base,
        }
    }

    fn set(&self, scene: &mut SceneBuilder) {
        scene.width = self.pitch;
        scene.height = self.height;
        scene.write(surface(self.pitch, self.msaa));
        scene.write(RbColorInfo::with().color_base(self.color_base).color_format(self.color));
        scene.write(RbDepthInfo::with().depth_base(self.depth_base).depth_format(self.depth));
    }
}

/// Sets a surface, a flat colour, and random tests and coverage.
pub(super) fn prepare(
    scene: &mut SceneBuilder,
    choices: &mut Choices,
    to: &PassSurface,
    note: &mut String,
) -> Result<(), AssembleError> {
    let _ = write!(note, "{to:?}: ");
    to.set(scene);
    scene.write(SqProgramCntl::with());
    scene.shader(1, FLAT_PS)?;
    let mask = choices.maybe(1, 3, 0xf, 0, 0xf) as u32;
    scene.set(RbColorMask::INDEX, mask);
    let _ = write!(note, "mask {mask:x}, ");
    targets::tests(scene, choices, note);
    targets::coverage(scene, choices, to.msaa, note);
    Ok(())
}

/// Draws flat primitives with random tests.
pub(super) fn draw(
    scene: &mut SceneBuilder,
    choices: &mut Choices,
    to: &PassSurface,
) -> Result<String, AssembleError> {
    let mut note = String::new();
    prepare(scene, choices, to, &mut note)?;
    targets::primitives(scene, choices, 1, false, &mut note);
    Ok(note)
}

/// Texture in memory that resolves write.
#[derive(Clone, Copy, Debug)]
struct ResolvedTexture {
    width: u32,
    height: u32,
    format: u32,
    endian: u32,
}

impl ResolvedTexture {
    /// Texture of a surface's size, with the levels of 2_10_10_10 or of 8_8_8_8.
    fn any(choices: &mut Choices, of: &PassSurface) -> Self {
        Self {
            width: of.pitch.next_multiple_of(MACRO_TILE),
            height: of.height,
            format: choices.pick(&[6, 6, 7]),
            endian: choices.below(4),
        }
    }

    /// Format of a target that holds the texels exactly.
    fn target_format(&self) -> ColorTargetFormat {
        if self.format == 7 { ColorTargetFormat::Rgb10A2 } else { ColorTargetFormat::Rgba8 }
    }

    /// Words of the fetch constant: tiled, point filters, one level.
    fn words(&self) -> [u32; 6] {
        let clamp = ClampMode::ClampToEdge.bits();
        [
            2 | clamp << 10 | clamp << 13 | clamp << 16 | self.width.div_ceil(32) << 22 | 1 << 31,
            self.format | self.endian << 6 | FRONT,
            (self.width - 1) | (self.height - 1) << 13,
            0x688 << 1 | 2 << 23,
            0,
            1 << 9,
        ]
    }

    /// Resolves a part of a surface's colours or depths to the texture, and may clear it.
    fn resolve(&self, scene: &mut SceneBuilder, choices: &mut Choices, from: &PassSurface) -> String {
        from.set(scene);
        scene.copy_rectangle();
        let [left, right] = targets::range(choices, from.pitch);
        let [top, bottom] = targets::range(choices, from.height);
        scene.scissor([left, top, right, bottom]);
        scene.write(RbModecontrol::with().edram_mode(EdramMode::Copy));
        let control = RbCopyControl::with()
            .copy_src_select(choices.pick(&[0, 0, 4]))
            .copy_sample_select(choices.below(7))
            .copy_command(choices.pick(&[CopyCommand::Raw, CopyCommand::Convert]))
            .color_clear_enable(choices.chance(1, 4))
            .depth_clear_enable(choices.chance(1, 6))
            .done()
            .raw();
        scene.set(RbCopyControl::INDEX, control);
        for register in [RB_COLOR_CLEAR, RB_COLOR_CLEAR_LO, RB_DEPTH_CLEAR] {
            scene.set(register, choices.random());
        }
        scene.set(RB_COPY_DEST_BASE, FRONT);
        scene.write(RbCopyDestPitch::with().copy_dest_pitch(self.width).copy_dest_height(self.height));
        let destination = choices.pick(DESTINATIONS);
        scene.write(
            RbCopyDestInfo::with()
                .copy_dest_endian(self.endian)
                .copy_dest_format(destination)
                .copy_dest_swap(choices.chance(1, 2)),
        );
        scene.draw(8, 3);
        scene.write(RbModecontrol::with().edram_mode(EdramMode::ColorDepth));
        format!("resolve {control:08x} of {from:?} to format {destination}, {:?}", [left, top, right, bottom])
    }

    /// Draws the texels to a whole surface.
    fn show(&self, scene: &mut SceneBuilder, to: &PassSurface) -> Result<(), AssembleError> {
        to.set(scene);
        scene.write(SqProgramCntl::with().vs_resource(true).ps_resource(true).param_gen(true));
        scene.write(RbDepthcontrol::with().z_enable(false).stencil_enable(false));
        scene.write(PaSuScModeCntl::with().msaa_enable(true));
        scene.set(PA_SC_AA_MASK, 0xffff);
        scene.write(components(true));
        scene.scissor([0, 0, to.pitch, to.height]);
        scene.texture(1, self.words());
        // A quarter of the chip's step beyond the centre.
        let center = 0.5 + 1.0 / 1024.0;
        scene.constant(256, [1.0, 1.0, 0.0, 0.0]);
        scene.constant(257, [center, center, 0.0, 0.0]);
        scene.shader(1, TEXEL_PS)?;
        scene.vertices(&rectangle(0.0, 0.0, to.pitch as f32, to.height as f32, [0.0; 4]));
        scene.draw(8, 3);
        Ok(())
    }
}

pub(super) fn case(
    backends: &mut Backends<'_>,
    choices: &mut Choices,
) -> Result<SceneOutcome, SceneDifference> {
    let failed = |error: AssembleError| SceneDifference(error.to_string());
    let begin = contents(choices.below(1000));
    let mut pair = backends.pair(80, 16, Msaa::X1, Some(&begin))?;
    let mut history = String::new();
    for _ in 0..choices.between(1, 2) {
        let count = choices.between(1, 3);
        let surfaces: Vec<_> = (0..count).map(|_| PassSurface::any(choices)).collect();
        for to in &surfaces {
            let note = pair.each(choices, |scene, choices| draw(scene, choices, to))?.map_err(failed)?;
            history.push_str(&note);
            history.push('\n');
            // A comparison stores the targets in the EDRAM, so most draws go without.
            if choices.chance(1, 4) {
                pair.compare(&[], &history)?;
            }
        }
        let other = PassSurface::any(choices);
        let drawn = choices.pick(&surfaces);
        let from = if choices.chance(1, 4) { other } else { drawn };
        let texture = ResolvedTexture::any(choices, &from);
        let to = PassSurface {
            color: texture.target_format(),
            // The host's two samples lie beside the chip's, and so may the pixel's place.
            msaa: choices.pick(&[Msaa::X1, Msaa::X4]),
            ..PassSurface::any(choices)
        };
        // Both in one run of the processor: memory lacks the texels when they are fetched.
        let step = |scene: &mut SceneBuilder, choices: &mut Choices| {
            let note = texture.resolve(scene, choices, &from);
            texture.show(scene, &to).map(|()| note)
        };
        let note = pair.each(choices, step)?.map_err(failed)?;
        let _ = writeln!(history, "{note}, as {texture:?} to {to:?}");
    }
    let is_same = pair.compare(&[], &history)? == begin;
    Ok(if is_same { SceneOutcome::NoEffect } else { SceneOutcome::Same })
}
