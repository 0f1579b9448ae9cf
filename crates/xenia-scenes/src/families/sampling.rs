//! Texture fetches of any format, shape, levels, filters, modes, biases and gradients, at
//! coordinates that both backends compute exactly: products of the pixel's place and dyadic
//! fractions.
//!
//! Tolerances are shares of a component's largest value M. The target has 11 significant bits, and
//! each backend rounds once: 1.5 steps of 2^-10. A host rounds each filter weight to a multiple of
//! 2^-8, so a weight is off by less than that, between texels that differ by at most twice the
//! largest one: 2^-7 for each axis. The blend of levels is one more axis. [`STORED`] and
//! [`Fetch::decompression_error`] come on top, by the constant's exponent.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use xenia_gpu::PhysicalMemory;
use xenia_gpu::enums::{ClampMode, DepthFormat};
use xenia_gpu::texture::{Layout, half_to_single};

use super::fetching::{BASE, Fetch, MIPS};
use crate::pair::place;
use crate::scene::*;
use crate::{Backends, Choices, SceneDifference, SceneOutcome};

/// Rounding error of a texel that a host stores as signed 16-bit fraction.
pub(super) const STORED: f32 = 0.5 / 32767.0;
pub(super) const WIDTH: u32 = 80;
pub(super) const HEIGHT: u32 = 16;
/// Bytes of texels at each address.
const TEXEL_BYTES: usize = 0x10_0000;

/// Texels that are numbers in every format, from a seed.
pub(super) fn contents(seed: u32, fetch: &Fetch) -> Vec<u8> {
    let mut rng = ChaCha8Rng::seed_from_u64(u64::from(seed));
    let mut bytes = vec![0_u8; TEXEL_BYTES];
    for word in bytes.chunks_exact_mut(4) {
        let bits = match fetch.format.layout {
            Layout::Single(_) => rng.random_range(-2.0_f32..2.0).to_bits(),
            Layout::Half(_) => rng.random::<u32>() & 0xbfff_bfff,
            Layout::Depth(DepthFormat::D24FS8) => rng.random::<u32>() & 0xefff_ffff,
            _ => rng.random(),
        };
        let bits = match fetch.endian {
            1 => (bits & 0x00ff_00ff) << 8 | bits >> 8 & 0x00ff_00ff,
            2 => bits.swap_bytes(),
            3 => bits.rotate_left(16),
            _ => bits,
        };
        word.copy_from_slice(&bits.to_le_bytes());
    }
    bytes
}

/// Components of the target's pixels, from the words of a 64-bit half float target. The chip's
/// halves have no infinities and NaNs.
pub(super) fn halves(words: &[u32], pixels: usize) -> Vec<f32> {
    words[..pixels * 2]
        .iter()
        .flat_map(|word| [*word, word >> 16].map(|bits| half_to_single(bits as u16)))
        .collect()
}

/// Rounding errors of fetched components.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct FetchErrors {
    /// Axes along which the host rounds a weight.
    pub(super) axes: u32,
    /// Largest texel that is possible; more where components have larger values.
    pub(super) texel: f32,
    /// Error of a texel.
    pub(super) stored: f32,
    /// Samples that may have another texel.
    pub(super) vague: usize,
}

/// Compares components with a tolerance: one and a half steps of the component's largest value, and
/// errors of texels and their weights.
pub(super) fn compare_halves(
    [expected, found]: [&[u32]; 2],
    pixels: usize,
    errors: FetchErrors,
) -> Result<SceneOutcome, SceneDifference> {
    let words = expected;
    let expected = halves(expected, pixels);
    let found = halves(found, pixels);
    let mut largest = [1e-6_f32; 4];
    for (i, value) in expected.iter().enumerate() {
        largest[i & 3] = largest[i & 3].max(value.abs());
    }
    let wrong: Vec<_> = (0..expected.len())
        .filter(|&i| {
            let weights = largest[i & 3].max(errors.texel) * errors.axes as f32 / 128.0;
            (expected[i] - found[i]).abs() > largest[i & 3] * 1.5 / 1024.0 + weights + errors.stored
        })
        .collect();
    if wrong.len() > errors.vague * 4
        && let Some(&first) = wrong.first()
    {
        return Err(SceneDifference(format!(
            "{} of {} components, first component {} at {}: {} on the reference, {} on the device",
            wrong.len(),
            expected.len(),
            first & 3,
            place(first / 2),
            expected[first],
            found[first],
        )));
    }
    let is_drawn = words[..pixels * 2].iter().any(|word| *word != 0);
    Ok(if is_drawn { SceneOutcome::Same } else { SceneOutcome::NoEffect })
}

/// Whether a mirror is before a border, and levels are mixed: a host keeps half a texel of the
/// finer level from the mirror (docs: internals/gpu.md, differences).
pub(super) fn mixes_mirrors(fetch: &Fetch) -> bool {
    let is_mirrored =
        fetch.has_mode(ClampMode::MirrorClampToBorder) || fetch.has_mode(ClampMode::MirrorClampToHalfway);
    is_mirrored && fetch.blends_levels()
}

/// Errors of texels, with the level of detail of each column, on a target of so many samples a
/// pixel.
pub(super) fn errors(fetch: &Fetch, level: impl Fn(u32) -> f64, samples: usize) -> FetchErrors {
    FetchErrors {
        axes: fetch.filtered_axes(),
        texel: fetch.largest_texel(),
        stored: (STORED + fetch.decompression_error()) * 2.0_f32.powi(fetch.exponent),
        vague: fetch.pixels_at_edges(level, [WIDTH, HEIGHT]) * samples,
    }
}

/// Sets a target of halves, and the pixel's place as the only input of the pixel shader.
pub(super) fn set_up(scene: &mut SceneBuilder) {
    scene.write(RbColorInfo::with().color_base(0).color_format(ColorTargetFormat::Rgba16Float));
    scene.write(SqProgramCntl::with().vs_resource(true).ps_resource(true).param_gen(true));
}

/// Scene that fetches from a texture for each pixel, into a target of halves.
pub(super) struct FetchScene<'a> {
    /// Seed of the texture's bytes.
    pub(super) seed: u32,
    pub(super) msaa: Msaa,
    pub(super) fetch: &'a Fetch,
    /// Program of the pixels.
    pub(super) text: &'a str,
    /// Constants of this program.
    pub(super) constants: &'a [[f32; 4]],
}

impl FetchScene<'_> {
    /// Draws the scene, and compares the components of the pixels.
    pub(super) fn compare(
        &self,
        backends: &mut Backends<'_>,
        choices: &mut Choices,
        errors: FetchErrors,
        note: &str,
    ) -> Result<SceneOutcome, SceneDifference> {
        let bytes = contents(self.seed, self.fetch);
        let mut pair = backends.pair(WIDTH, HEIGHT, self.msaa, None)?;
        let is_assembled = pair.each(choices, |scene, _| {
            scene.memory.write(BASE, &bytes);
            scene.memory.write(MIPS, &bytes);
            set_up(scene);
            scene.texture(1, self.fetch.words());
            for (number, value) in (256..).zip(self.constants) {
                scene.constant(number, *value);
            }
            let assembled = scene.shader(1, self.text);
            scene.vertices(&rectangle(0.0, 0.0, WIDTH as f32, HEIGHT as f32, [0.0; 4]));
            scene.draw(8, 3);
            assembled
        })?;
        is_assembled.map_err(|error| SceneDifference(format!("{error}\n{}", self.text)))?;
        let pixels = (WIDTH * HEIGHT * self.msaa.samples()) as usize;
        compare_halves(pair.words()?, pixels, errors)
            .map_err(|SceneDifference(what)| SceneDifference(format!("{what}\n{note}")))
    }
}

pub(super) fn case(
    backends: &mut Backends<'_>,
    choices: &mut Choices,
) -> Result<SceneOutcome, SceneDifference> {
    let seed = choices.below(1000);
    let msaa = choices.pick(&[Msaa::X1, Msaa::X1, Msaa::X1, Msaa::X4]);
    let fetch = Fetch::any(choices);
    if !fetch.is_defined(fetch.level_of_detail()) || mixes_mirrors(&fetch) {
        return Ok(SceneOutcome::Skipped);
    }
    let text = fetch.program();
    let note = format!("{fetch:?}, level {}\n{text}\n{:?}", fetch.level_of_detail(), fetch.constants());
    let errors = errors(&fetch, |_| fetch.level_of_detail(), msaa.samples() as usize);
    let scene = FetchScene { seed, msaa, fetch: &fetch, text: &text, constants: &fetch.constants() };
    scene.compare(backends, choices, errors, &note)
}
