//! Pipelines of random programs: vertex programs, fetches of vertices and textures in any control
//! flow, functions, several textures and draws.
//!
//! As in the programs family, all operations are exact. Interpolators are flat, so that pixel
//! programs get the values that vertex programs export. Textures have one level, sides that are
//! powers of two, point filters and repeated coordinates: there a host that rounds coordinates to
//! 1/256 texel finds the same texel. Texels are floats, or fractions of 8 bits, which both sides
//! round to 16 bits.

use std::fmt::Write;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use xenia_gpu::PhysicalMemory;
use xenia_gpu::enums::SampleControl;
use xenia_gpu::microcode::{Program, ShaderKind, disassemble};
use xenia_gpu::packets::type0;

use super::programs::{HEIGHT, WIDTH, compare, constants, targets};
use crate::programs::pipelines::{INDEX_FACTOR, INTERPOLATORS, pixel_words, vertex_words};
use crate::scene::*;
use crate::{Backends, Choices, SceneDifference, SceneOutcome};

/// Elements of vertex fetches.
const ELEMENTS: u32 = 0x8_0000;
/// Words of elements.
const WORDS: u32 = 128;
/// Texels of the first texture.
const TEXELS: u32 = 0x20_0000;
/// Bytes between textures.
const APART: u32 = 0x2_0000;
/// Width and height of the quads that cover the target.
const QUAD: [u32; 2] = [16, 8];
const QUADS: u32 = 13;

/// Format, dimension and size of a texture.
struct TexelLayout {
    format: u32,
    dimension: u32,
    size: [u32; 3],
}

/// Textures from `tf1` on: two planes and a volume.
const TEXTURES: [TexelLayout; 3] = [
    TexelLayout { format: 6, dimension: 1, size: [16, 16, 1] },
    TexelLayout { format: 32, dimension: 1, size: [32, 8, 1] },
    TexelLayout { format: 38, dimension: 2, size: [8, 8, 4] },
];

/// Random settings of a draw.
struct PipelineDraw {
    vertex: Vec<u32>,
    pixel: Vec<u32>,
    alpha_test: i32,
    swizzles: [u32; 3],
    /// Byte order of the first texture.
    endian: u32,
    /// Seed of the vertices' attributes.
    seed: u32,
}

impl PipelineDraw {
    fn any(choices: &mut Choices) -> Self {
        Self {
            alpha_test: choices.maybe(1, 4, -1, 0, 7),
            swizzles: [0; 3].map(|_: u32| choices.maybe(1, 3, 0x688, 0, 4095) as u32),
            endian: choices.below(4),
            seed: choices.below(1000),
            vertex: vertex_words(choices),
            pixel: pixel_words(choices),
        }
    }

    /// Words of the fetch constants of textures: tiled, base map.
    fn textures(&self) -> [[u32; 6]; 3] {
        [0, 1, 2].map(|number: usize| {
            let TexelLayout { format, dimension, size: [width, height, depth] } = TEXTURES[number];
            let rows =
                if dimension == 2 { (height - 1) << 11 | (depth - 1) << 22 } else { (height - 1) << 13 };
            let endian = if number == 0 { self.endian } else { 0 };
            [
                2 | 1 << 22 | 1 << 31,
                format | endian << 6 | (TEXELS + APART * number as u32),
                (width - 1) | rows,
                self.swizzles[number] << 1 | 2 << 23,
                0,
                dimension << 9,
            ]
        })
    }

    /// Corners of quads, each with attributes of its own.
    fn vertices(&self) -> Vec<[f32; 7]> {
        let mut rng = ChaCha8Rng::seed_from_u64(u64::from(self.seed));
        let [width, height] = QUAD;
        let places = (0..HEIGHT / height).flat_map(|row| (0..WIDTH / width).map(move |column| [column, row]));
        let corners = places.flat_map(|[column, row]| {
            [[0, 0], [1, 0], [1, 1], [0, 1]].map(|[x, y]| [(column + x) * width, (row + y) * height])
        });
        corners
            .map(|[x, y]| {
                let attributes = [0; 4].map(|_: u32| rng.random_range(-64..=64) as f32 / 16.0);
                vertex(x as f32, y as f32, attributes)
            })
            .collect()
    }

    /// Draws with the vertex program that is loaded.
    fn make(&self, scene: &mut SceneBuilder) {
        let tests = self.alpha_test >= 0;
        let function = Compare::from_bits(self.alpha_test as u32);
        scene.write(RbColorcontrol::with().alpha_test_enable(tests).alpha_func(function));
        scene.floats(RB_ALPHA_REF, &[0.5]);
        for (number, words) in (1..).zip(self.textures()) {
            scene.texture(number, words);
        }
        scene.shader_words(1, &self.pixel);
        let vertices = self.vertices();
        scene.vertices(&vertices);
        scene.draw(QUADS, vertices.len() as u32);
    }

    fn describe(&self, note: &mut String) {
        let programs = [(ShaderKind::Vertex, &self.vertex), (ShaderKind::Pixel, &self.pixel)];
        let [vertex, pixel] = programs.map(|(kind, words)| disassemble(kind, &Program::decode(words)));
        let _ = writeln!(
            note,
            "alpha test {}, swizzles {:03x?}, endian {}, attributes {}\n{vertex}\n{pixel}",
            self.alpha_test, self.swizzles, self.endian, self.seed
        );
    }
}

/// Writes elements and texels from a seed, which are numbers in every format.
fn contents(scene: &mut SceneBuilder, seed: u32) {
    let mut rng = ChaCha8Rng::seed_from_u64(u64::from(seed) + 1000);
    for address in (ELEMENTS..).step_by(4).take(WORDS as usize) {
        scene.memory.write_u32(address, (rng.random_range(-64..=64) as f32 / 16.0).to_bits());
    }
    for (address, TexelLayout { format, .. }) in (TEXELS..).step_by(APART as usize).zip(&TEXTURES) {
        let bytes: Vec<u8> = (0..APART / 4)
            .flat_map(|_| {
                let bits = match format {
                    38 => (rng.random_range(-64..=64) as f32 / 16.0).to_bits(),
                    // Halves below two.
                    32 => rng.random::<u32>() & 0xbfff_bfff,
                    _ => rng.random(),
                };
                bits.to_le_bytes()
            })
            .collect();
        scene.memory.write(address, &bytes);
    }
}

/// Sets targets, constants and elements.
fn set_up(scene: &mut SceneBuilder, seed: u32) {
    targets(scene);
    scene.write(
        SqProgramCntl::with()
            .vs_resource(true)
            .ps_resource(true)
            .vs_export_count(INTERPOLATORS - 1)
            .param_gen(true),
    );
    scene
        .write(SqContextMisc::with().param_gen_pos(INTERPOLATORS).sc_sample_cntl(SampleControl::CentersOnly));
    scene.write(SqInterpolatorCntl::with().param_shade(0xffff << INTERPOLATORS & 0xffff));
    constants(scene, seed);
    for stage in [0, 256] {
        scene.constant(stage + INDEX_FACTOR, [32.0; 4]);
    }
    scene.set(FETCH_CONSTANTS + 2, ELEMENTS | 3);
    scene.set(FETCH_CONSTANTS + 3, 2 | WORDS << 2);
}

pub(super) fn case(
    backends: &mut Backends<'_>,
    choices: &mut Choices,
) -> Result<SceneOutcome, SceneDifference> {
    let seed = choices.below(1000);
    let msaa = choices.pick(Msaa::VALUES);
    let mut pair = backends.pair(WIDTH, HEIGHT, msaa, None)?;
    pair.each(choices, |scene, _| {
        let mut rng = ChaCha8Rng::seed_from_u64(u64::from(seed) + 2000);
        scene.words.push(type0(FLOAT_CONSTANTS, 1024));
        scene.words.extend((0..1024).map(|_| (rng.random_range(-64..=64) as f32 / 16.0).to_bits()));
        contents(scene, seed);
    })?;
    pair.each(choices, |scene, _| set_up(scene, seed))?;
    let mut note = format!("{msaa:?}, constants {seed}\n");
    for _ in 0..choices.between(1, 2) {
        let draw = PipelineDraw::any(choices);
        draw.describe(&mut note);
        // A run of the processor has room for one of two long programs.
        pair.each(choices, |scene, _| scene.shader_words(0, &draw.vertex))?;
        pair.each(choices, |scene, _| draw.make(scene))?;
    }
    compare(&mut pair, (WIDTH * HEIGHT * msaa.samples()) as usize, &note)
}
