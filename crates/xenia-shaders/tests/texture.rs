//! Differential test of texture fetches against the reference's sampling, and fetches in a
//! pipeline.

use super::gpu::{self, Gpu, Resources, Texture};
use super::oracle::{constants, interpret};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;
use xenia_gpu::draw_state::Constants;
use xenia_gpu::fetch::{Bindings, Fetcher};
use xenia_gpu::memory::{PhysicalMemory, Ram};
use xenia_gpu::microcode::{Program, ShaderKind, assemble};
use xenia_gpu::texture::{TextureCache, TextureInfo, TextureLevel};
use xenia_shaders::{Stage, StageConstants, TextureRecord, translate};

const RUNS: usize = 512;

/// Fields of a texture's fetch constant.
struct Described {
    dimension: u32,
    size: [u32; 3],
    /// Highest mip level.
    levels: u32,
    swizzle: [u32; 4],
    exponent: u32,
    /// Addressing mode of all axes.
    clamp: u32,
}

const PLAIN: Described =
    Described { dimension: 1, size: [32, 16, 1], levels: 0, swizzle: [0, 1, 2, 3], exponent: 0, clamp: 0 };

impl Described {
    fn words(&self) -> [u32; 6] {
        let [width, height, depth] = self.size;
        let clamp = self.clamp * 0o111;
        let size = match self.dimension {
            0 => width - 1,
            2 => (width - 1) | (height - 1) << 11 | (depth - 1) << 22,
            _ => (width - 1) | (height - 1) << 13 | (depth - 1) << 26,
        };
        let stacked = u32::from(self.dimension == 1 && depth > 1);
        let swizzle = (0..4).fold(0, |bits, i| bits | self.swizzle[i] << (1 + 3 * i));
        let mips = if self.levels == 0 { 0 } else { 0x20 << 12 };
        [
            2 | clamp << 10 | (width.div_ceil(32)) << 22,
            6 | stacked << 10 | 1 << 12,
            size,
            swizzle | (self.exponent & 63) << 13 | u32::from(self.levels == 0) << 24,
            self.levels << 6,
            self.dimension << 9 | mips,
        ]
    }
}

/// Random texel coordinates that are not near the border of two texels, in the form that the fetch
/// expects.
fn coordinates(rng: &mut ChaCha8Rng, described: &Described, unnormalized: bool) -> [f32; 4] {
    let mut at = [0, 1, 2].map(|axis: usize| {
        let size = described.size[axis] as i32;
        let reach = if described.dimension == 3 { 0 } else { size };
        let texel = rng.random_range(-reach..size + reach) as f32 + rng.random_range(0.1..0.9);
        let counted = axis == 2 && described.dimension != 2;
        let texel = if counted { texel.clamp(0.1, size as f32 - 0.1) } else { texel };
        let at = if unnormalized || counted { texel } else { texel / size as f32 };
        at + if described.dimension == 3 && axis < 2 { 1.0 } else { 0.0 }
    });
    if described.dimension == 0 {
        at[1] = 0.5;
    }
    let level = rng.random_range(-1.0..described.levels as f32 + 1.0);
    [at[0], at[1], at[2], level]
}

/// Runs a fetch from register 0 on both; the level of detail is register 0's w.
fn compare(gpu: &Gpu, described: &Described, fetch: &str, close: f32) {
    let mut rng = ChaCha8Rng::seed_from_u64(21);
    let ram = Ram::new(0x40000);
    let texels: Vec<u8> = (0..0x3f000).map(|_| rng.random()).collect();
    ram.write(0x1000, &texels);
    let words = described.words();
    let mut registers = constants();
    for (i, word) in (0_u32..).zip(words) {
        registers.set(0x4800 + 6 * 3 + i, word);
    }
    let constants = Constants::capture(&registers);
    let text = format!("setTexLOD r0.____, r0.w, tf0\n{fetch}, nolod, reglod\nmax oC0, r1, r1");
    let program = Program::decode(&assemble(&text).unwrap_or_else(|error| panic!("{error}\n{text}")));
    let translation = translate(&program, Stage::Compute { kind: ShaderKind::Pixel, inputs: 1 }).unwrap();
    let unnormalized = fetch.contains("unnormalized");
    let inputs: Vec<Vec<[f32; 4]>> =
        (0..RUNS).map(|_| vec![coordinates(&mut rng, described, unnormalized)]).collect();
    let mut cache = TextureCache::default();
    let bindings = Bindings::new(&program, &constants, &mut cache, &ram, u64::MAX);
    let mut fetcher = Fetcher::new(&constants, &ram, &bindings);
    let expected = interpret(&program, &constants, &inputs, &mut fetcher, &[0]);
    let info = TextureInfo::decode(&words).unwrap();
    let levels: Vec<Arc<TextureLevel>> =
        (0..=info.max_level()).map_while(|level| cache.level(&info, level, &ram)).collect();
    assert_eq!(levels.len() as u32, described.levels + 1, "{fetch}");
    let mut stage_constants =
        StageConstants::new(&constants, ShaderKind::Vertex, translation.interface.constants);
    stage_constants.set_texture(3, &TextureRecord::new(&info));
    let texture = Some(Texture { levels: &levels, repeats: described.clamp == 0 });
    let resources = Resources { constants: &stage_constants, vertex_data: &[], texture };
    let flat: Vec<[f32; 4]> = inputs.iter().flatten().copied().collect();
    let got = gpu.run(&translation, &resources, &flat, inputs.len());
    let mut seen = false;
    for (i, (expected, got)) in expected.iter().zip(got.chunks_exact(2)).enumerate() {
        for (expected, got) in expected[0].iter().zip(got[0]) {
            seen |= *expected != 0.0;
            assert!(
                (expected - got).abs() <= close,
                "{text}\nat {:?}: {expected} expected, {got} came\n{:?}",
                inputs[i],
                expected
            );
        }
    }
    assert!(seen, "{fetch} gave zeros only");
}

#[test]
fn sampled_textures_agree_with_the_interpreter() {
    const POINT: f32 = 1e-6;
    // The driver's filter weights for 8-bit texels have eight bits.
    const LINEAR: f32 = 1.5 / 128.0;
    gpu::with_gpu(|gpu| {
        let point = "mag=point, min=point, mip=base";
        let linear = "mag=linear, min=linear, mip=base";
        for clamp in [0, 2] {
            let plain = Described { clamp, ..PLAIN };
            compare(gpu, &plain, &format!("tfetch2D r1, r0.xy, tf3, {point}"), POINT);
            compare(gpu, &plain, &format!("tfetch2D r1, r0.xy, tf3, {linear}"), LINEAR);
            compare(
                gpu,
                &plain,
                &format!("tfetch2D r1.wzy1, r0.xy, tf3, {point}, offsetx=1, offsety=-3"),
                POINT,
            );
            compare(gpu, &plain, &format!("tfetch2D r1, r0.xy, tf3, {point}, unnormalized"), POINT);
        }
        // The level of detail selects the filter even if there is only one level.
        for (mag, min, close) in [("linear", "point", LINEAR), ("point", "linear", LINEAR)] {
            let fetch = format!("tfetch2D r1, r0.xy, tf3, mag={mag}, min={min}, mip=base");
            compare(gpu, &PLAIN, &fetch, close);
            compare(gpu, &PLAIN, &fetch.replace("base", "point"), close);
        }
        let line = Described { dimension: 0, size: [64, 1, 1], ..PLAIN };
        compare(gpu, &line, &format!("tfetch1D r1, r0.x, tf3, {point}"), POINT);
        // With two coordinates.
        compare(gpu, &line, &format!("tfetch1D r1, r0.xyz, tf3, {point}"), POINT);
        compare(gpu, &PLAIN, &format!("tfetch1D r1, r0.xyz, tf3, {point}"), POINT);
        compare(gpu, &Described { clamp: 6, ..PLAIN }, "getBCF1D r1, r0.xyz, tf3", 2e-5);
        let cube = Described { dimension: 3, size: [16, 16, 6], clamp: 2, ..PLAIN };
        compare(gpu, &cube, &format!("tfetchCube r1, r0.xyz, tf3, {point}"), POINT);
        let stacked = Described { size: [16, 16, 4], ..PLAIN };
        compare(gpu, &stacked, &format!("tfetch3D r1, r0.xyz, tf3, {point}"), POINT);
        let volume = Described { dimension: 2, size: [16, 8, 8], ..PLAIN };
        compare(gpu, &volume, &format!("tfetch3D r1, r0.xyz, tf3, {point}"), POINT);
        compare(gpu, &volume, &format!("tfetch3D r1, r0.xyz, tf3, {linear}"), LINEAR);
        for (plane, slice) in [("point", "linear"), ("linear", "point")] {
            let own = format!("mag={plane}, min={plane}, volmag={slice}, volmin={slice}");
            compare(gpu, &volume, &format!("tfetch3D r1, r0.xyz, tf3, {own}, mip=base"), LINEAR);
            let small = Described { levels: 2, ..volume };
            compare(gpu, &small, &format!("tfetch3D r1, r0.xyz, tf3, {own}, mip=linear"), 2.0 * LINEAR);
            compare(gpu, &stacked, &format!("tfetch3D r1, r0.xyz, tf3, {own}, mip=base"), LINEAR);
        }
        for (swizzle, exponent) in [([2, 1, 0, 5], 0), ([4, 3, 3, 0], 2), ([0, 5, 4, 1], 0x3e)] {
            let other = Described { swizzle, exponent, ..PLAIN };
            compare(gpu, &other, &format!("tfetch2D r1, r0.xy, tf3, {point}"), POINT);
        }
    });
}

#[test]
fn weights_and_levels_agree() {
    gpu::with_gpu(|gpu| {
        compare(gpu, &PLAIN, "getWeights2D r1, r0.xyz, tf3", 2e-5);
        let mips = Described { levels: 3, size: [64, 64, 1], ..PLAIN };
        compare(gpu, &mips, "getWeights2D r1, r0.xyz, tf3", 2e-5);
        let gradients = "setGradientH r0.____, r0.xyz, tf0\nsetGradientV r0.____, r0.yxz, tf0";
        let cube = Described { dimension: 3, size: [16, 16, 6], clamp: 2, ..PLAIN };
        for (described, dimension) in [(&PLAIN, "2D"), (&mips, "2D"), (&cube, "Cube")] {
            let level = format!("getCompTexLOD{dimension} r1, r0.xyz, tf3, bias=0.5, reggrad");
            compare(gpu, described, &format!("{gradients}\n{level}"), 1e-3);
        }
        let volume = Described { dimension: 2, size: [16, 8, 8], ..PLAIN };
        for clamp in 5..8 {
            for filters in ["mag=linear, min=linear", "mag=linear, min=point", "mag=point, min=linear"] {
                let fetch = format!("getBCF2D r1, r0.xy, tf3, {filters}");
                compare(gpu, &Described { clamp, ..PLAIN }, &fetch, 2e-5);
                compare(gpu, &Described { clamp, ..mips }, &format!("{fetch}, mip=linear"), 2e-5);
                compare(gpu, &Described { clamp, ..mips }, &format!("{fetch}, mip=point"), 2e-5);
                let fetch = format!("getBCF3D r1, r0.xyz, tf3, {filters}, volmag=linear, volmin=linear");
                compare(gpu, &Described { clamp, ..volume }, &fetch, 2e-5);
            }
        }
        // Between two levels the driver's weights have eight bits too.
        compare(gpu, &mips, "tfetch2D r1, r0.xy, tf3, mag=linear, min=linear, mip=linear", 4.0 / 128.0);
    });
}
