//! Pair of equal scenes on the reference and on the device, and the comparison of their results.

use rand_chacha::ChaCha8Rng;
use xenia_gpu::PhysicalMemory;
use xenia_gpu::edram::{EDRAM_WORDS, TILE_WORDS};

use crate::alike::ON_DEVICE;
use crate::alike::scene::*;

/// Contents of some tiles.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Words {
    /// Colours of a format, and which of two words is a sample's first.
    Color(ColorTargetFormat),
    /// Words of depth and stencil.
    Depth,
}

/// Tiles, and the allowed difference of their fields in steps.
#[derive(Clone, Debug)]
pub(crate) struct Region {
    pub tiles: std::ops::Range<u32>,
    pub words: Words,
    pub steps: u32,
}

/// Rank of a float in the order of floats.
fn order(bits: u32, width: u32) -> i64 {
    let sign = 1 << (width - 1);
    let magnitude = i64::from(bits & (sign - 1));
    if bits & sign == 0 { magnitude } else { -magnitude }
}

impl Words {
    /// Largest difference of two words' fields, in steps.
    fn apart(self, a: u32, b: u32) -> u64 {
        use ColorTargetFormat::*;
        let plain = |fields: &[(u32, u32)]| {
            let of = |word: u32, low: u32, width: u32| u64::from(word >> low) & ((1 << width) - 1);
            fields
                .iter()
                .map(|&(low, width)| of(a, low, width).abs_diff(of(b, low, width)))
                .max()
                .unwrap_or(0)
        };
        let halves = |of: fn(u32) -> i64| {
            [0, 16]
                .map(|low| of(a >> low & 0xffff).abs_diff(of(b >> low & 0xffff)))
                .into_iter()
                .max()
                .unwrap_or(0)
        };
        match self {
            Self::Color(Rgba8 | Rgba8Gamma) => plain(&[(0, 8), (8, 8), (16, 8), (24, 8)]),
            Self::Color(Rgb10A2 | Rgb10A2As10 | Rgb10A2Float | Rgb10A2FloatAs16) => {
                plain(&[(0, 10), (10, 10), (20, 10), (30, 2)])
            }
            Self::Color(Rg16 | Rgba16) => halves(|bits| i64::from(bits as i16)),
            Self::Color(Rg16Float | Rgba16Float) => halves(|bits| order(bits, 16)),
            Self::Color(R32Float | Rg32Float) => order(a, 32).abs_diff(order(b, 32)),
            // Stencils are not rounded.
            Self::Depth if a & 0xff != b & 0xff => u64::MAX,
            Self::Depth => plain(&[(8, 24)]),
        }
    }
}

/// The reference's scene and the device's.
pub(crate) struct Pair {
    scenes: [Scene; 2],
    /// Words of both EDRAMs at the last comparison.
    before: Vec<u32>,
}

impl Pair {
    pub(crate) fn new(width: u32, height: u32, msaa: u32) -> Self {
        KEEPS.set(false);
        let scene = |on_device| {
            ON_DEVICE.set(on_device);
            let scene = Scene::new(width, height, msaa);
            ON_DEVICE.set(false);
            scene
        };
        let mut scenes = [scene(false), scene(true)];
        for scene in &mut scenes {
            // The device counts samples only after the first request.
            assert_eq!(scene.gpu.backend().samples_passed(), Some(0));
        }
        Self { scenes, before: vec![0; EDRAM_WORDS] }
    }

    /// Runs a step on both scenes; `step` gets the same random numbers in both.
    pub(crate) fn each(&mut self, rng: &mut ChaCha8Rng, step: impl Fn(&mut Scene, &mut ChaCha8Rng)) {
        let start = rng.clone();
        for scene in &mut self.scenes {
            rng.clone_from(&start);
            step(scene, rng);
            scene.run();
        }
    }

    /// Sets both EDRAMs to these words.
    pub(crate) fn set_edram(&mut self, words: &[u32]) {
        for scene in &mut self.scenes {
            scene.gpu.backend().set_edram(words).unwrap();
        }
        self.before = words.to_vec();
    }

    /// Whether resolves have written to the beginning of the front buffer.
    pub(crate) fn has_written(&self) -> bool {
        let mut bytes = [0; 4096];
        self.scenes[0].memory.read(FRONT, &mut bytes);
        bytes != [0; 4096]
    }

    /// Compares the results of both scenes, and makes them equal. Tiles outside of the regions must
    /// have equal words. Returns the words.
    pub(crate) fn compare(&mut self, regions: &[Region], what: &str) -> Vec<u32> {
        let [expected, found] = self.scenes.each_mut().map(|scene| scene.gpu.backend().edram().unwrap());
        let mut is_same = true;
        let tiles = expected.chunks(TILE_WORDS as usize).zip(found.chunks(TILE_WORDS as usize));
        let differing = tiles.enumerate().filter(|(_, (expected, found))| expected != found);
        let words =
            differing.flat_map(|(tile, _)| tile * TILE_WORDS as usize..(tile + 1) * TILE_WORDS as usize);
        for at in words.filter(|&at| expected[at] != found[at]) {
            is_same = false;
            let (tile, within) = (at as u32 / TILE_WORDS, at as u32 % TILE_WORDS);
            let region = regions.iter().find(|region| region.tiles.contains(&tile));
            let apart = region.map_or(u64::MAX, |region| region.words.apart(expected[at], found[at]));
            assert!(
                region.is_some_and(|region| apart <= u64::from(region.steps)),
                "{what}\ntile {tile}, column {}, row {}: {:08x} became {:08x} on the reference, {:08x} on the device, in \
                 {region:?}",
                within % 80,
                within / 80,
                self.before[at],
                expected[at],
                found[at],
            );
        }
        let [expected_memory, found_memory] = self.scenes.each_ref().map(|scene| {
            let mut bytes = vec![0; MEMORY];
            scene.memory.read(0, &mut bytes);
            bytes
        });
        if expected_memory != found_memory {
            let at = (0..MEMORY).find(|&at| expected_memory[at] != found_memory[at]).unwrap();
            let count = (0..MEMORY).filter(|&at| expected_memory[at] != found_memory[at]).count();
            let at = at & !15;
            panic!(
                "{what}\n{count} bytes of memory, first at {at:x}: the reference has {:02x?}, the device {:02x?}",
                &expected_memory[at..at + 16],
                &found_memory[at..at + 16],
            );
        }
        let [expected_samples, found_samples] =
            self.scenes.each_mut().map(|scene| scene.gpu.backend().samples_passed());
        assert_eq!(expected_samples, found_samples, "{what}\nsamples that passed");
        if !is_same {
            self.scenes[1].gpu.backend().set_edram(&expected).unwrap();
        }
        self.before.clone_from(&expected);
        expected
    }
}
