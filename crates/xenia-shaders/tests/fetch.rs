//! Differential test of vertex fetches: all formats, byte orders and number formats.

use super::gpu::{self, Resources};
use super::oracle::{constants, interpret, unequal};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use xenia_gpu::draw_state::{Constants, VertexBuffer};
use xenia_gpu::fetch::{Bindings, Fetcher};
use xenia_gpu::memory::{PhysicalMemory, Ram};
use xenia_gpu::microcode::{Program, ShaderKind, assemble};
use xenia_shaders::{Stage, StageConstants, VertexRecord, translate};

const FORMATS: [u32; 16] = [6, 7, 16, 17, 25, 26, 31, 32, 33, 34, 35, 36, 37, 38, 57, 63];
/// Words of the buffer.
const WORDS: u32 = 256;
/// Address of the buffer in guest memory.
const BASE: u32 = 0x1000;

#[test]
fn every_vertex_format_agrees_with_the_interpreter() {
    gpu::with_gpu(|gpu| {
        let mut rng = ChaCha8Rng::seed_from_u64(11);
        let ram = Ram::new(0x4000);
        let words: Vec<u32> = (0..WORDS)
            .map(|i| match i % 4 {
                0 => rng.random(),
                1 => [0, u32::MAX, 0x8080_8080, 0x8000_8000, 0x7fff_7fff, 0x7c00_fc00, 0x0001_8001]
                    [i as usize / 4 % 7],
                // Floats in every byte order, so that the values are not NaNs.
                2 => rng.random_range(-100.0_f32..100.0).to_bits(),
                _ => rng.random_range(-100.0_f32..100.0).to_bits().swap_bytes(),
            })
            .collect();
        for (i, word) in (0_u32..).zip(&words) {
            // Guest memory is big-endian; the buffer has its words without byte swapping.
            ram.write_u32(BASE + 4 * i, word.swap_bytes());
        }
        let indices =
            [-1e20, -1.0, -0.5, 0.0, 0.4, 0.5, 1.0, 2.5, 7.0, 33.3, 60.0, 63.0, 64.0, 300.0, 1e20, f32::NAN];
        let inputs: Vec<Vec<[f32; 4]>> = indices.iter().map(|index| vec![[*index; 4]]).collect();
        for format in FORMATS {
            for variant in 0..8 {
                let mut registers = constants();
                let endian = variant % 4;
                registers.set(0x4800 + 2, BASE | 3);
                registers.set(0x4800 + 3, endian | (WORDS - 6) << 2);
                let flags = [
                    "",
                    ", signed",
                    ", integer",
                    ", signed, integer",
                    ", signed, nozero",
                    ", rounded",
                    ", signed, rounded",
                    ", exp=-3, integer",
                ];
                let text = format!(
                    "vfetch r1, r0.y, vf1, format={format}, stride=4, offset=1{}\nvfetch_mini r2.wx1_, format=6, offset={}\nmax oC0, r1, r1\nmax oC1, r2, r2",
                    flags[variant as usize],
                    variant as i32 * 5 - 9,
                );
                let program = Program::decode(&assemble(&text).unwrap());
                let stage = Stage::Compute { kind: ShaderKind::Pixel, inputs: 1 };
                let translation = translate(&program, stage).unwrap();
                assert!(translation.interface.vertex_data);
                let constants = Constants::capture(&registers);
                let textures = Bindings::default();
                let mut fetch = Fetcher::new(&constants, &ram, &textures);
                let expected = interpret(&program, &constants, &inputs, &mut fetch, &[0, 1]);
                let mut stage_constants =
                    StageConstants::new(&constants, ShaderKind::Vertex, translation.interface.constants);
                stage_constants.set_vertex(
                    1,
                    VertexRecord::new(&VertexBuffer::decode([BASE | 3, endian | (WORDS - 6) << 2]), 0),
                );
                let flat: Vec<[f32; 4]> = inputs.iter().flatten().copied().collect();
                let got = gpu.run(
                    &translation,
                    &Resources { constants: &stage_constants, vertex_data: &words, texture: None },
                    &flat,
                    inputs.len(),
                );
                for (i, (expected, got)) in expected.iter().zip(got.chunks_exact(3)).enumerate() {
                    for (expected, got) in expected.iter().flatten().zip(got.iter().flatten()) {
                        let tiny = expected.is_subnormal() && got.abs() <= f32::MIN_POSITIVE;
                        assert!(
                            tiny || !unequal(*expected, *got),
                            "{text}\nindex {}: {expected} {got}",
                            indices[i]
                        );
                    }
                }
            }
        }
    });
}

#[test]
fn vertex_fetches_past_the_buffer_return_zero() {
    gpu::with_gpu(|gpu| {
        let text = "vfetch r1, r0.x, vf95, format=33, stride=1, offset=0, integer\nmax oC0, r1, r1";
        let program = Program::decode(&assemble(text).unwrap());
        let translation = translate(&program, Stage::Compute { kind: ShaderKind::Pixel, inputs: 1 }).unwrap();
        let constants = Constants::capture(&constants());
        // The record is longer than the buffer, and begins in it or after its end.
        for (first, visible) in [(0, 8.0), (5, 3.0), (8, 0.0), (0x4000_0000, 0.0)] {
            let mut stage_constants =
                StageConstants::new(&constants, ShaderKind::Vertex, translation.interface.constants);
            stage_constants.set_vertex(95, VertexRecord { first, words: 1 << 24, endian: 0 });
            let inputs: Vec<[f32; 4]> = (0..64).map(|i| [i as f32, 0.0, 0.0, 0.0]).collect();
            let got = gpu.run(
                &translation,
                &Resources { constants: &stage_constants, vertex_data: &[7; 8], texture: None },
                &inputs,
                inputs.len(),
            );
            for (i, value) in got.chunks_exact(2).enumerate() {
                let expected = if (i as f32) < visible { 7.0 } else { 0.0 };
                assert_eq!(value[0][0], expected, "word {i} from {first}");
            }
        }
    });
}
