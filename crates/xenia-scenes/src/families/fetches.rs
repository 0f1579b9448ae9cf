//! Vertex fetches: formats, signs, integers, exponents, offsets, strides and byte orders.
//!
//! Each quad of 3 x 3 pixels has the fetched element of a vertex as its flat colour, so the fetch's
//! result itself is compared. The tolerance is a step and a half of the target's halves.

use std::fmt::Write;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use xenia_gpu::PhysicalMemory;
use xenia_gpu::microcode::AssembleError;
use xenia_gpu::texture::Layout;

use super::sampling::{FetchErrors, STORED, compare_halves};
use crate::scene::*;
use crate::{Backends, Choices, SceneDifference, SceneOutcome};

const WIDTH: u32 = 80;
const HEIGHT: u32 = 16;
/// Elements to fetch.
const ELEMENTS: u32 = 0x20_0000;
/// Primitive type that the device draws with the title's vertex shader.
const QUADS: u32 = 13;
/// Words of elements.
const WORDS: u32 = 512;
/// Maximum number of draws.
const MAX_DRAWS: u32 = 3;

/// Numbers of the vertex formats.
fn formats() -> Vec<u32> {
    (0..64).filter(|number| Layout::of_vertices(*number).is_some()).collect()
}

/// Text of the fetch.
fn fetch(choices: &mut Choices, format: u32) -> String {
    let stride = choices.between(1, 9);
    let mut text = format!("vfetch r2.xyzw, r0.x, vf1, format={format}, stride={stride}");
    let _ = write!(text, ", offset={}", choices.maybe(1, 2, 0, 0, 6));
    for (name, times) in [("signed", 2), ("integer", 1), ("nozero", 1), ("rounded", 1)] {
        if choices.chance(times, 4) {
            let _ = write!(text, ", {name}");
        }
    }
    let exponent = choices.maybe(1, 4, 0, -6, 6);
    if exponent != 0 {
        let _ = write!(text, ", exp={exponent}");
    }
    text
}

/// Bytes of a word in memory, by the fetch constant's byte order.
fn stored(word: u32, endian: u32) -> [u8; 4] {
    match endian {
        1 => word.rotate_left(16).to_be_bytes(),
        2 => word.to_be_bytes(),
        3 => word.rotate_left(16).to_le_bytes(),
        _ => word.to_le_bytes(),
    }
}

/// Elements in memory, and their fetch.
struct FetchedElements {
    /// Text of the fetch.
    fetch: String,
    endian: u32,
    /// Words of the buffer.
    words: u32,
    contents: Vec<u32>,
}

impl FetchedElements {
    fn any(choices: &mut Choices) -> Self {
        let format = choices.pick(&formats());
        let layout = Layout::of_vertices(format).unwrap_or(Layout::Unknown);
        let fetch = fetch(choices, format);
        let endian = choices.below(4);
        // Fetches may leave the buffer.
        let words = choices.maybe(1, 3, WORDS as i32, 1, WORDS as i32) as u32;
        let mut rng = ChaCha8Rng::seed_from_u64(u64::from(choices.below(1000)));
        let contents = (0..WORDS)
            .map(|_| match layout {
                Layout::Single(_) => rng.random_range(-8.0_f32..8.0).to_bits(),
                Layout::Half(_) => rng.random::<u32>() & 0xbfff_bfff,
                _ => rng.random(),
            })
            .collect();
        Self { fetch, endian, words, contents }
    }

    /// Vertex shader that returns the element.
    fn program(&self) -> String {
        format!(
            "vfetch r1.xyz1, r0.x, vf0, format=57, stride=7, offset=0\n{}\n\
             alloc position\nmax oPos, r1, r1\nalloc interpolators 1\nmul o0, r2, c[0]",
            self.fetch
        )
    }

    /// Draws quads with the elements of their vertices.
    fn draw(&self, scene: &mut SceneBuilder) -> Result<(), AssembleError> {
        for (address, word) in (ELEMENTS..).step_by(4).zip(&self.contents) {
            scene.memory.write(address, &stored(*word, self.endian));
        }
        scene.write(RbColorInfo::with().color_base(0).color_format(ColorTargetFormat::Rgba16Float));
        scene.write(SqInterpolatorCntl::with().param_shade(0xfffe));
        scene.set(FETCH_CONSTANTS + 2, ELEMENTS | 3);
        scene.set(FETCH_CONSTANTS + 3, self.endian | self.words << 2);
        // Integers of 32 bits exceed a half float.
        let is_large = self.fetch.contains("integer");
        scene.constant(0, [if is_large { 1.0 / 65_536.0 } else { 1.0 }; 4]);
        scene.shader(0, &self.program())?;
        let vertices: Vec<_> = (0..60)
            .flat_map(|i| {
                let x = (i % 20 * 4) as f32;
                let y = (i / 20 * 4) as f32;
                [[x, y], [x + 3.0, y], [x + 3.0, y + 3.0], [x, y + 3.0]].map(|[x, y]| vertex(x, y, [0.0; 4]))
            })
            .collect();
        scene.vertices(&vertices);
        scene.draw(QUADS, vertices.len() as u32);
        Ok(())
    }
}

pub(super) fn case(
    backends: &mut Backends<'_>,
    choices: &mut Choices,
) -> Result<SceneOutcome, SceneDifference> {
    let mut pair = backends.pair(WIDTH, HEIGHT, Msaa::X1, None)?;
    let mut outcome = SceneOutcome::NoEffect;
    // Other draws fetch other elements from the same memory.
    for number in 0..MAX_DRAWS {
        let elements = FetchedElements::any(choices);
        let note = |what: &str| {
            let FetchedElements { endian, words, .. } = elements;
            let text = elements.program();
            SceneDifference(format!("draw {number}: {what}\n{text}\nendian {endian}, {words} words"))
        };
        pair.each(choices, |scene, _| elements.draw(scene))?.map_err(|error| note(&error.to_string()))?;
        let [expected, found] = pair.words()?;
        let errors = FetchErrors { stored: STORED, ..FetchErrors::default() };
        let compared = compare_halves([expected, found], (WIDTH * HEIGHT) as usize, errors)
            .map_err(|SceneDifference(what)| note(&what))?;
        if compared == SceneOutcome::Same {
            outcome = compared;
        }
        if !choices.chance(1, 3) {
            break;
        }
    }
    Ok(outcome)
}
