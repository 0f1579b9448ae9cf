//! Compares resolves with the reference backend: the bits in memory and in the EDRAM must be equal.

use rand::Rng;
use xenia_gpu::draw_state::{CopyComparison, CopyDestination, CopySource, DepthClear, ResolveCall, Scissor};
use xenia_gpu::enums::CopyCommand;
use xenia_gpu::texture::{Layout, TexelFormat};
use xenia_gpu::{Backend, PhysicalMemory, Ram, Reference};

use super::*;
use xenia_testing::is_long;

/// Bytes of memory. The rectangle's vertices lie at its end.
const MEMORY: usize = 0x8_0000;
const VERTICES: u32 = MEMORY as u32 - 0x100;

/// Destination formats that titles use most: 8_8_8_8, 2_10_10_10, 5_6_5, 16_16_16_16 as fractions
/// and floats, and 32-bit floats.
const DESTINATIONS: [u32; 6] = [6, 7, 4, 26, 32, 38];
/// All other destination formats, and one that is not supported.
const OTHER_DESTINATIONS: [u32; 13] = [2, 3, 10, 15, 16, 17, 20, 24, 25, 30, 31, 36, 62];

/// Destination formats to test with a source format. Each pair is a separate shader, so not all are
/// tested.
fn destinations(format: TargetFormat) -> Vec<u32> {
    let mut all = DESTINATIONS.to_vec();
    match format {
        TargetFormat::Color(ColorTargetFormat::Rgba16Float) => all.extend(OTHER_DESTINATIONS),
        TargetFormat::Color(_) => {}
        TargetFormat::Depth(_) => all.truncate(1),
    }
    all
}

/// Memory with random contents, and a rectangle for resolves.
fn memory(area: Rect) -> Ram {
    let ram = Ram::new(MEMORY);
    ram.write(0, &(0..MEMORY).map(|at| (at * 7 + at / 256) as u8).collect::<Vec<_>>());
    set_rectangle(&ram, area);
    ram
}

/// Stores a rectangle at the address that [`resolve_of`] uses.
pub(super) fn set_rectangle(ram: &Ram, [left, top, right, bottom]: Rect) {
    let corners = [left, top, right, top, right, bottom];
    for (address, corner) in (VERTICES..).step_by(4).zip(corners) {
        ram.write_u32(address, (corner as f32).to_bits());
    }
}

fn contents(ram: &Ram) -> Vec<u8> {
    let mut bytes = vec![0; MEMORY];
    ram.read(0, &mut bytes);
    bytes
}

/// Resolve to 8_8_8_8 of samples that begin at the last tiles.
pub(super) fn resolve_of(format: TargetFormat, msaa: Msaa) -> ResolveCall {
    let base = 2040;
    ResolveCall {
        command: CopyCommand::Convert,
        source: match format {
            TargetFormat::Color(format) => CopySource::Color { base, format },
            TargetFormat::Depth(format) => CopySource::Depth { base, format },
        },
        sample_select: 0,
        pitch: 160,
        msaa,
        vertices: [VERTICES | 3, 6 << 2 | 2],
        half_pixel: 0.0,
        window_offset: [0; 2],
        scissor: Scissor { left: 0, top: 0, right: 160, bottom: 160 },
        destination: CopyDestination {
            physical: 0x1000,
            pitch: 160,
            height: 160,
            format: 6,
            number: 0,
            endian: 0,
            exponent_bias: 0,
            swap: false,
            slice: None,
        },
        comparison: CopyComparison::default(),
        clear_color: None,
        clear_depth: None,
    }
}

/// Both backends with the same words.
struct Pair {
    reference: Reference,
    edram: Edram,
}

impl Pair {
    fn new(device: &Device) -> Self {
        Self { reference: Reference::with_threads(1), edram: Edram::new(device, Scale::ONE) }
    }

    fn set_words(&mut self, device: &Device, words: &[u32]) {
        self.reference.set_edram(words).unwrap();
        self.edram.set_words(device, words, 0..EDRAM_WORDS);
    }

    /// Memory after a resolve by ours and by the reference.
    fn run(&mut self, device: &Device, call: &ResolveCall, area: Rect) -> [Vec<u8>; 2] {
        let by_device = memory(area);
        let by_reference = memory(area);
        let result = Resolve::new(call, &by_device).and_then(|resolve| {
            resolve.map_or(Ok(()), |resolve| self.edram.resolve(device, &resolve, &by_device))
        });
        assert_eq!(result, self.reference.resolve(call, &by_reference), "{call:?}");
        [contents(&by_device), contents(&by_reference)]
    }
}

#[test]
fn comparisons_pack_the_references_bits() {
    with_device(|device| {
        let mut pair = Pair::new(device);
        pair.set_words(device, &random_words(9));
        let formats = [ColorTargetFormat::Rgba8, ColorTargetFormat::Rgba8Gamma];
        for (round, (format, msaa)) in
            (0..).zip(formats.into_iter().flat_map(|format| MSAA.map(|msaa| (format, msaa))))
        {
            let mut call = resolve_of(TargetFormat::Color(format), msaa);
            call.command = CopyCommand::Compare;
            call.sample_select = round;
            call.comparison =
                CopyComparison { functions: 0x1352_4671, reference: 0x8040_c060, mask: 0xf0ff_7ffe };
            call.destination.format = 61;
            call.destination.endian = round;
            call.destination.swap = round % 2 != 0;
            let area = [8, 24, 144, 72];
            let [by_device, by_reference] = pair.run(device, &call, area);
            assert!(by_device == by_reference && by_device != contents(&memory(area)), "{call:?}");
        }
    });
}

/// Words whose 32-bit floats are finite and of modest size.
fn modest_words(seed: u64) -> Vec<u32> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    (0..EDRAM_WORDS).map(|_| random.random_range(-4.0_f32..4.0).to_bits()).collect()
}

/// Largest difference of components in units of the last place, between texels at multiples of
/// their size.
fn distance(by_device: &[u8], by_reference: &[u8], format: &TexelFormat) -> u64 {
    let widths = match format.layout {
        Layout::Fields(widths) => widths,
        Layout::Half(_) => [16; 4],
        _ => [32; 4],
    };
    let bytes = format.bytes as usize;
    let texel = |texel: &[u8]| texel.iter().rev().fold(0, |bits, &byte| bits << 8 | u128::from(byte));
    let of_texels = |(by_device, by_reference)| {
        let mut by_device: u128 = texel(by_device);
        let mut by_reference: u128 = texel(by_reference);
        let mut largest = 0;
        for width in widths {
            let mask = (1 << width) - 1;
            largest = largest.max((by_device & mask).abs_diff(by_reference & mask) as u64);
            by_device >>= width;
            by_reference >>= width;
        }
        largest
    };
    by_device.chunks_exact(bytes).zip(by_reference.chunks_exact(bytes)).map(of_texels).max().unwrap_or(0)
}

#[test]
fn resolves_leave_what_the_reference_leaves() {
    with_device(|device| {
        let mut pair = Pair::new(device);
        let mut random = ChaCha8Rng::seed_from_u64(2);
        let formats = FORMATS.into_iter().enumerate();
        for (_, format) in formats.filter(|(at, _)| is_long() || at % 3 == 0) {
            use ColorTargetFormat::{R32Float, Rg32Float, Rgba8Gamma};
            let has_singles = [R32Float, Rg32Float].map(TargetFormat::Color).contains(&format);
            let is_gamma = format == TargetFormat::Color(Rgba8Gamma);
            pair.set_words(device, &if has_singles { modest_words(3) } else { random_words(3) });
            for (msaa, number) in MSAA
                .into_iter()
                .flat_map(|msaa| destinations(format).into_iter().map(move |number| (msaa, number)))
            {
                let destination = TexelFormat::from_number(number).unwrap();
                for _ in 0..if is_long() { 2 } else { 1 } {
                    let call = random_resolve(&mut random, format, msaa, number, !is_gamma);
                    let [left, top] = [(); 2].map(|()| random.random_range(0..8) * 8);
                    let [width, height] = [(); 2].map(|()| random.random_range(1..9) * 8);
                    let [by_device, by_reference] =
                        pair.run(device, &call, [left, top, left + width, top + height]);
                    // The reference's gamma curve is off in the last place for half of the 256
                    // levels. This is visible if the result is not rounded, and if means and scaled
                    // values are ties.
                    let allowed = match destination.layout {
                        _ if !is_gamma => 0,
                        Layout::Single(_) => 4,
                        _ => 1,
                    };
                    let distance = distance(&by_device, &by_reference, destination);
                    assert!(distance <= allowed, "{distance} units off in {call:?}");
                }
            }
        }
    });
}

/// Random resolve with this format and these samples.
fn random_resolve(
    random: &mut ChaCha8Rng,
    format: TargetFormat,
    msaa: Msaa,
    destination: u32,
    may_swap_bytes: bool,
) -> ResolveCall {
    let mut call = resolve_of(format, msaa);
    call.sample_select = random.random_range(0..7);
    call.destination.format = destination;
    // Not random, because each is a separate shader.
    call.destination.number = (format.number() + destination) % 5;
    call.destination.endian = if may_swap_bytes { random.random_range(0..6) } else { 0 };
    call.destination.exponent_bias = [0, 0, -2, 3][random.random_range(0..4)];
    call.destination.swap = random.random();
    call.destination.slice = [None, Some(2)][random.random_range(0..2)];
    call
}

#[test]
fn floats_that_are_only_copied_keep_their_bits() {
    with_device(|device| {
        let mut pair = Pair::new(device);
        use ColorTargetFormat::{R32Float, Rg16Float, Rg32Float, Rgba16Float};
        // Among them denormals and zeros, then infinities and NaNs.
        for (format, destination) in [(Rg16Float, 31), (Rgba16Float, 32), (R32Float, 36), (Rg32Float, 37)] {
            for special in [0, 0x7f80_0000] {
                let words = random_words(4);
                let word = |word: u32| if word & 0x300 == 0 { word & 0x807f_ffff | special } else { word };
                let words: Vec<_> = words.into_iter().map(word).collect();
                pair.set_words(device, &words);
                let mut call = resolve_of(TargetFormat::Color(format), Msaa::X2);
                call.destination.format = destination;
                let [by_device, by_reference] = pair.run(device, &call, [0, 0, 160, 32]);
                assert!(by_device == by_reference, "{format:?}");
                // Minus zero in the first pixel, and a signalling NaN or another minus zero.
                let first = [0x8000_8000_u32, 0x7fa0_0001];
                let mut words = words;
                words[2040 * 1280..][..2].copy_from_slice(&first);
                pair.set_words(device, &words);
                let [by_device, by_reference] =
                    pair.run(device, &resolve_to(format, destination), [0, 0, 160, 32]);
                let expected = first.map(u32::to_le_bytes);
                let bytes = if format.is_64_bit() { 8 } else { 4 };
                for found in [by_device, by_reference] {
                    assert_eq!(found[0x1000..][..bytes], expected.as_flattened()[..bytes], "{format:?}");
                }
            }
        }
    });
}

/// Resolve of a single-sampled target to a format.
fn resolve_to(format: ColorTargetFormat, destination: u32) -> ResolveCall {
    let mut call = resolve_of(TargetFormat::Color(format), Msaa::X1);
    call.destination.format = destination;
    call
}

#[test]
fn a_sample_that_is_only_widened_keeps_denormals_and_payloads() {
    with_device(|device| {
        let mut pair = Pair::new(device);
        let mut words = modest_words(4);
        words[2040 * 1280..][..2].copy_from_slice(&[0x8000_0001, 0x7fa0_0001]);
        pair.set_words(device, &words);
        let call = resolve_to(ColorTargetFormat::Rg32Float, 38);
        // The NaN is quiet.
        let expected = [0x8000_0001_u32, 0x7fe0_0001, 0, 0x3f80_0000].map(u32::to_le_bytes);
        for found in pair.run(device, &call, [0, 0, 160, 32]) {
            assert_eq!(found[0x1000..][..16], *expected.as_flattened());
        }
    });
}

#[test]
fn resolves_clear_what_the_reference_clears() {
    with_device(|device| {
        let mut pair = Pair::new(device);
        pair.set_words(device, &random_words(5));
        for (round, format) in FORMATS.into_iter().enumerate() {
            let mut call = resolve_of(format, MSAA[round % 3]);
            call.command = if round % 2 == 0 { CopyCommand::Null } else { CopyCommand::Raw };
            call.clear_color = Some([0x1234_5678, 0x9abc_def0]);
            call.clear_depth = Some(DepthClear { base: 1000, word: 0x8765_4321 });
            let [by_device, by_reference] = pair.run(device, &call, [8, 8, 144, 72]);
            assert_eq!(by_device, by_reference);
            assert_eq!(pair.edram.all_words(device), pair.reference.words(), "{format:?}");
        }
    });
}

#[test]
fn large_resolves_are_made_in_parts() {
    with_device(|device| {
        let mut pair = Pair::new(device);
        pair.set_words(device, &modest_words(6));
        let mut call = resolve_of(FORMATS[10], Msaa::X1);
        call.pitch = 1280;
        call.scissor.right = 1280;
        call.scissor.bottom = 1024;
        call.destination.pitch = 1280;
        call.destination.height = 1024;
        call.destination.format = 38;
        call.destination.physical = 0x10_0000;
        let run = |backend: &mut dyn FnMut(&Ram)| {
            let ram = Ram::new(24 << 20);
            set_rectangle(&ram, [8, 8, 1272, 1016]);
            backend(&ram);
            let mut bytes = vec![0; 24 << 20];
            ram.read(0, &mut bytes);
            bytes
        };
        let by_reference = run(&mut |ram| pair.reference.resolve(&call, ram).unwrap());
        let by_device = run(&mut |ram| {
            let resolve = Resolve::new(&call, ram).unwrap().unwrap();
            pair.edram.resolve(device, &resolve, ram).unwrap();
        });
        assert!(by_device == by_reference);
    });
}

#[test]
fn random_rectangles_and_places_are_the_references() {
    with_device(|device| {
        let mut pair = Pair::new(device);
        pair.set_words(device, &random_words(7));
        let mut random = ChaCha8Rng::seed_from_u64(8);
        let mut done = 0;
        for _ in 0..150 {
            let mut call =
                resolve_of(FORMATS[[0, 5, 12][random.random_range(0..3)]], MSAA[random.random_range(0..3)]);
            let base = random.random_range(0..4096);
            match &mut call.source {
                CopySource::Color { base: place, .. } | CopySource::Depth { base: place, .. } => {
                    *place = base;
                }
            }
            call.command = CopyCommand::from_bits(random.random_range(0..4));
            call.pitch = random.random_range(0..300);
            call.half_pixel = [0.0, 0.5][random.random_range(0..2)];
            call.window_offset = [(); 2].map(|()| random.random_range(-40..40));
            let [left, top] = [(); 2].map(|()| random.random_range(0..100));
            let [width, height] = [(); 2].map(|()| random.random_range(0..200));
            call.scissor = Scissor { left, top, right: left + width, bottom: top + height };
            call.destination.physical = random.random_range(0..0x4_0000);
            call.destination.pitch = random.random_range(0..300);
            call.destination.height = random.random_range(0..300);
            call.destination.slice = [None, Some(random.random_range(0..8))][random.random_range(0..2)];
            call.destination.format = [4, 6, 20, 26][random.random_range(0..4)];
            call.destination.endian = random.random_range(0..8);
            call.clear_color = random.random::<bool>().then(|| [random.random(), random.random()]);
            call.clear_depth = random
                .random::<bool>()
                .then(|| DepthClear { base: random.random_range(0..4096), word: random.random() });
            call.vertices[0] = [VERTICES | 3, VERTICES][usize::from(random.random_ratio(1, 20))];
            let area = [(); 4].map(|()| random.random_range(0..200));
            let [by_device, by_reference] = pair.run(device, &call, area);
            assert!(by_device == by_reference, "{call:?} {area:?}");
            done += u32::from(by_device != contents(&memory(area)));
        }
        assert!(done > 30, "{done} resolves wrote anything");
        assert!(pair.edram.all_words(device) == pair.reference.words());
    });
}
