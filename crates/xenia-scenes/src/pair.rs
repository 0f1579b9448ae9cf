//! Pair of equal scenes on two backends, and the comparison of their results.

use std::collections::BTreeSet;

use xenia_gpu::edram::{EDRAM_WORDS, TILE_WORDS};
use xenia_gpu::texture::{float10_to_single, half_to_single};
use xenia_gpu::{Backend, PhysicalMemory};

use crate::Choices;
use crate::outcome::SceneDifference;
use crate::scene::{ColorTargetFormat, Msaa, SceneBuilder};
use crate::side::{SceneSide, page_words};

/// Makes a backend.
type Make<'a> = Box<dyn Fn() -> Box<dyn Backend> + 'a>;

/// The two backends, which are used by one case after the other.
pub struct Backends<'a> {
    make: [Make<'a>; 2],
    /// Both sides, and the words of both EDRAMs at the last comparison.
    made: Option<(Box<[SceneSide; 2]>, Vec<u32>)>,
    zeros: Vec<u32>,
    /// Number of cases since they were made.
    cases: u32,
}

/// Number of cases after which both backends are made anew, which bounds their caches.
const CASES_PER_BACKEND: u32 = 512;

impl<'a> Backends<'a> {
    /// Two backends: the reference and the one to compare with it.
    pub fn new(
        reference: impl Fn() -> Box<dyn Backend> + 'a,
        device: impl Fn() -> Box<dyn Backend> + 'a,
    ) -> Self {
        let make: [Make<'a>; 2] = [Box::new(reference), Box::new(device)];
        Self { make, made: None, zeros: vec![0; EDRAM_WORDS], cases: 0 }
    }

    /// Drops the backends: the next case gets new ones.
    pub fn renew(&mut self) {
        self.made = None;
    }

    /// Makes a pair of scenes with the words `begin`, or zeros, in both EDRAMs, and with zeroed
    /// memory.
    pub(crate) fn pair(
        &mut self,
        width: u32,
        height: u32,
        msaa: Msaa,
        begin: Option<&[u32]>,
    ) -> Result<Pair<'_>, SceneDifference> {
        self.cases += 1;
        if self.cases > CASES_PER_BACKEND {
            self.made = None;
            self.cases = 1;
        }
        let (sides, before) = self.made.get_or_insert_with(|| {
            let sides = self.make.each_ref().map(|make| SceneSide::new(make()));
            (Box::new(sides), vec![0; EDRAM_WORDS])
        });
        let scenes = sides.each_mut().map(|side| side.scene(width, height, msaa));
        let mut pair = Pair { scenes, sides, before, samples: [0; 2] };
        pair.set_edram(begin.unwrap_or(&self.zeros))?;
        pair.samples = pair.samples()?;
        Ok(pair)
    }
}

/// Contents of some tiles.
#[derive(Clone, Copy, Debug)]
pub(crate) enum TileWords {
    /// Colours of a format, and which of two words is a sample's first.
    Color(ColorTargetFormat),
    /// Words of depth and stencil.
    Depth,
}

/// Tiles, and the allowed difference of their fields in steps. With steps, floats may also differ
/// as blending rounds.
#[derive(Clone, Debug)]
pub(crate) struct TileRegion {
    pub(crate) tiles: std::ops::Range<u32>,
    pub(crate) words: TileWords,
    pub(crate) steps: u32,
}

/// Rank of a float in the order of floats.
fn order(bits: u32, width: u32) -> i64 {
    let sign = 1 << (width - 1);
    let magnitude = i64::from(bits & (sign - 1));
    if bits & sign == 0 { magnitude } else { -magnitude }
}

impl TileWords {
    /// Whether two results of blending with a colour up to 1.125 differ by no more than a
    /// step or the rounding of its terms. A sum that cancels is off by many steps of its own.
    fn is_blended_alike(self, before: u32, a: u32, b: u32) -> bool {
        use ColorTargetFormat::*;
        let is_near = |[before, a, b]: [f32; 3], step: f32| {
            let source = 1.125_f32.max(before.abs());
            (a - b).abs() <= step * source * source
        };
        let narrow = |lows: &[u32], mask: u32, value: fn(u32) -> f32| {
            lows.iter().all(|low| {
                let [before, a, b] = [before, a, b].map(|bits| bits >> low & mask);
                a.abs_diff(b) <= 1 || is_near([before, a, b].map(value), 1.0 / 1024.0)
            })
        };
        match self {
            Self::Color(R32Float | Rg32Float) => is_near([before, a, b].map(f32::from_bits), f32::EPSILON),
            Self::Color(Rg16Float | Rgba16Float) => {
                narrow(&[0, 16], 0xffff, |bits| half_to_single(bits as u16))
            }
            // Hosts blend them as halves, with an alpha of thirds that halves round, too.
            Self::Color(Rgb10A2Float | Rgb10A2FloatAs16) => {
                a >> 30 == b >> 30 && narrow(&[0, 10, 20], 0x3ff, float10_to_single)
            }
            _ => false,
        }
    }

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
pub struct Pair<'a> {
    scenes: [SceneBuilder; 2],
    sides: &'a mut [SceneSide; 2],
    /// Words of both EDRAMs at the last comparison.
    before: &'a mut Vec<u32>,
    /// Samples counted before the first step.
    samples: [u64; 2],
}

impl Pair<'_> {
    /// Runs a step on both scenes; `step` gets the same choices in both.
    pub(crate) fn each<T>(
        &mut self,
        choices: &mut Choices,
        step: impl Fn(&mut SceneBuilder, &mut Choices) -> T,
    ) -> Result<T, SceneDifference> {
        let start = choices.position();
        let [reference, device] = &mut self.scenes;
        run(reference, choices, &step)?;
        choices.rewind(start);
        run(device, choices, &step)
    }

    /// Sets both EDRAMs to these words.
    fn set_edram(&mut self, words: &[u32]) -> Result<(), SceneDifference> {
        for side in &mut *self.sides {
            side.set_edram(words)?;
        }
        self.before.copy_from_slice(words);
        Ok(())
    }

    /// Whether a range of memory of the first scene has other bytes than zero.
    pub(crate) fn has_written(&self, start: u32, length: usize) -> bool {
        let mut bytes = vec![0; length];
        self.scenes[0].memory.read(start, &mut bytes);
        bytes.iter().any(|byte| *byte != 0)
    }

    /// The words of both EDRAMs.
    pub(crate) fn words(&mut self) -> Result<[&[u32]; 2], SceneDifference> {
        for side in &mut *self.sides {
            side.read_edram(&mut BTreeSet::new())?;
        }
        Ok(self.sides.each_ref().map(SceneSide::edram))
    }

    fn samples(&mut self) -> Result<[u64; 2], SceneDifference> {
        let [expected, found] = self.scenes.each_mut().map(|scene| scene.gpu.backend().samples_passed());
        match (expected, found) {
            (Some(expected), Some(found)) => Ok([expected, found]),
            _ => Err(SceneDifference("a backend does not count samples".into())),
        }
    }

    /// Compares the results of both scenes, and makes them equal. Tiles outside of the regions must
    /// have equal words. Returns the words.
    pub(crate) fn compare(&mut self, regions: &[TileRegion], note: &str) -> Result<&[u32], SceneDifference> {
        let mut pages = BTreeSet::new();
        for side in &mut *self.sides {
            side.read_edram(&mut pages)?;
        }
        let mut is_same = true;
        let [expected, found] = self.sides.each_ref().map(SceneSide::edram);
        // Pages that neither backend has changed are equal as before.
        for page in pages.iter().map(|page| page_words(*page)) {
            if expected[page.clone()] == found[page.clone()] {
                continue;
            }
            is_same = false;
            for at in page.filter(|at| expected[*at] != found[*at]) {
                let tile = at as u32 / TILE_WORDS;
                let region = regions.iter().find(|region| region.tiles.contains(&tile));
                let apart = region.map_or(u64::MAX, |region| region.words.apart(expected[at], found[at]));
                let is_alike = |region: &TileRegion| {
                    apart <= u64::from(region.steps)
                        || region.steps > 0
                            && region.words.is_blended_alike(self.before[at], expected[at], found[at])
                };
                if !region.is_some_and(is_alike) {
                    return Err(SceneDifference(format!(
                        "{}: {:08x} became {:08x} on the reference, {:08x} on the device, in {region:?}\n{note}",
                        place(at),
                        self.before[at],
                        expected[at],
                        found[at],
                    )));
                }
            }
        }
        self.compare_memory(note)?;
        self.compare_samples(note)?;
        let [reference, device] = &mut *self.sides;
        for page in pages.into_iter().map(page_words) {
            self.before[page.clone()].copy_from_slice(&reference.edram()[page]);
        }
        // Where words are equal, a host's target may still have more bits and a larger range, with
        // which a later draw would blend.
        if !is_same || !regions.is_empty() {
            device.set_edram(self.before)?;
        }
        Ok(self.before)
    }

    /// Compares the bytes of memory in pages that either scene has written.
    fn compare_memory(&self, note: &str) -> Result<(), SceneDifference> {
        let [expected, found] = &*self.sides;
        let pages: BTreeSet<u32> = expected.written_pages().chain(found.written_pages()).collect();
        let mut first = None;
        let mut count = 0;
        for page in pages {
            let [expected, found] = [expected, found].map(|side| side.page(page));
            for (at, (e, f)) in (page..).step_by(16).zip(expected.chunks(16).zip(found.chunks(16))) {
                if e != f {
                    count += 1;
                    first.get_or_insert_with(|| {
                        format!("first at {at:x}: the reference has {e:02x?}, the device {f:02x?}")
                    });
                }
            }
        }
        let Some(first) = first else { return Ok(()) };
        Err(SceneDifference(format!("{count} pieces of 16 bytes of memory, {first}\n{note}")))
    }

    /// Compares the samples that passed since the first step.
    pub(crate) fn compare_samples(&mut self, note: &str) -> Result<(), SceneDifference> {
        let now = self.samples()?;
        let [expected, found] = [0, 1].map(|i: usize| now[i] - self.samples[i]);
        if expected == found {
            return Ok(());
        }
        Err(SceneDifference(format!(
            "{expected} samples passed on the reference, {found} on the device\n{note}"
        )))
    }
}

/// Name of a word's place in the EDRAM.
pub(crate) fn place(at: usize) -> String {
    let tile = at / TILE_WORDS as usize;
    let within = at % TILE_WORDS as usize;
    format!("tile {tile}, column {}, row {}", within % 80, within / 80)
}

/// Runs a step on one scene; problems of the processor count as differences.
fn run<T>(
    scene: &mut SceneBuilder,
    choices: &mut Choices,
    step: &impl Fn(&mut SceneBuilder, &mut Choices) -> T,
) -> Result<T, SceneDifference> {
    let made = step(scene, choices);
    if !scene.execute() {
        return Err(SceneDifference("the command processor waits".into()));
    }
    match scene.gpu.statistics().problems.iter().next() {
        Some(problem) => Err(SceneDifference(format!("a problem of the processor: {problem:?}"))),
        None => Ok(made),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_that_cancels_may_differ_by_its_terms_and_no_more() {
        let words = TileWords::Color(ColorTargetFormat::R32Float);
        // -0.124 minus most of it; results of two backends, 29 steps apart.
        let [before, a, b] = [0xbdfe_db80, 0xba24_7300, 0xba24_731d];
        assert_eq!(words.apart(a, b), 29);
        assert!(words.is_blended_alike(before, a, b));
        assert!(!words.is_blended_alike(before, a, 0xba24_8300));
        assert!(!TileWords::Depth.is_blended_alike(before, a, b));
        let halves = TileWords::Color(ColorTargetFormat::Rgba16Float);
        assert!(halves.is_blended_alike(0xbd06_0000, 0xa6f4_0000, 0xa6f6_0000));
        assert!(!halves.is_blended_alike(0xbd06_0000, 0xa6f4_0000, 0x3c00_0000));
        // Blue is 0.656 times -28.5, plus 29.5 times an alpha of two thirds.
        let tens = TileWords::Color(ColorTargetFormat::Rgb10A2Float);
        assert!(tens.is_blended_alike(0xbec2_66d4, 0x1771_9a8d, 0x1751_9a8d));
        // Green is a step apart, and small.
        assert!(tens.is_blended_alike(0xbb82_9fbb, 0x0351_0af9, 0x0371_0efa));
        assert!(!tens.is_blended_alike(0xbec2_66d4, 0x1771_9a8d, 0x2f51_9a8d));
        assert!(!tens.is_blended_alike(0xbec2_66d4, 0x1771_9a8d, 0x5771_9a8d));
    }
}
