//! Runs a program in the interpreter and on the GPU, and compares the results.

use super::gpu::{Gpu, Resources};
use xenia_gpu::draw_state::Constants;
use xenia_gpu::microcode::{
    FetchUnit, LANES, Lanes, Mask, Program, Sampling, ShaderInterpreter, ShaderKind, TextureFetch, Vector,
    VertexFetch, assemble, disassemble,
};
use xenia_gpu::registers::RegisterFile;
use xenia_shaders::{Stage, StageConstants, translate};

/// Fetch unit without vertices and textures.
pub(super) struct NoFetches;

impl FetchUnit for NoFetches {
    fn vertex(&mut self, _: &VertexFetch, _: &Lanes, _: Mask) -> Vector {
        [[0.0; LANES]; 4]
    }
    fn texture(&mut self, _: &TextureFetch, _: &Sampling<'_>, _: Mask) -> Vector {
        [[0.0; LANES]; 4]
    }
}

/// Registers in which float constant n is (n, n + 1/4, n + 1/2, -n), booleans 1, 33 and 255 are
/// set, and loop constants vary.
pub(super) fn constants() -> RegisterFile {
    let mut registers = RegisterFile::new();
    for n in 0..256 {
        let value = n as f32;
        for (i, value) in (0_u32..).zip([value, value + 0.25, value + 0.5, -value]) {
            registers.set(0x4000 + 4 * n + i, value.to_bits());
        }
    }
    registers.set(0x4900, 1 << 1);
    registers.set(0x4901, 1 << 1);
    registers.set(0x4907, 1 << 31);
    for (i, (count, start, step)) in
        [(3, 5, 2_i32), (0, 1, 1), (1, 250, -7), (4, 0, 1), (255, 60, 3), (2, 255, 127)]
            .into_iter()
            .enumerate()
    {
        registers.set(0x4908 + i as u32, count | start << 8 | (step as u32 & 255) << 16);
    }
    registers
}

/// Interprets the program; returns the exports of every invocation, in ascending order of the
/// program's pixel exports, and the discarded ones.
pub(super) fn interpret(
    program: &Program,
    constants: &Constants,
    inputs: &[Vec<[f32; 4]>],
    fetch: &mut dyn FetchUnit,
    exports: &[u8],
) -> Vec<Vec<[f32; 4]>> {
    let mut interpreter = ShaderInterpreter::default();
    let mut out = Vec::new();
    for group in inputs.chunks(LANES) {
        interpreter.clear(program);
        for (lane, registers) in group.iter().enumerate() {
            for (register, value) in (0_u32..).zip(registers) {
                for (component, value) in value.iter().enumerate() {
                    interpreter.register(register)[component][lane] = *value;
                }
            }
        }
        let mask = (Mask::MAX as u32 >> (LANES - group.len())) as Mask;
        let result = interpreter.run(program, constants.vertex_stage(), mask, fetch);
        for lane in 0..group.len() {
            let mut values: Vec<[f32; 4]> = exports
                .iter()
                .map(|export| [0, 1, 2, 3].map(|c: usize| result.values[*export as usize][c][lane]))
                .collect();
            values.push([f32::from(u8::from(result.killed >> lane & 1 != 0)); 4]);
            out.push(values);
        }
    }
    out
}

/// Runs a text on both; `differs` decides whether a pair of numbers is a mismatch.
pub(super) fn compare(gpu: &Gpu, text: &str, inputs: &[Vec<[f32; 4]>], differs: impl Fn(f32, f32) -> bool) {
    let words = assemble(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    compare_words(gpu, &words, inputs, differs);
}

/// Runs microcode on both.
pub(super) fn compare_words(
    gpu: &Gpu,
    words: &[u32],
    inputs: &[Vec<[f32; 4]>],
    differs: impl Fn(f32, f32) -> bool,
) {
    let program = Program::decode(words);
    let given = inputs.first().map_or(0, Vec::len) as u32;
    let stage = Stage::Compute { kind: ShaderKind::Pixel, inputs: given };
    let translation = translate(&program, stage).unwrap();
    let constants = Constants::capture(&constants());
    let expected = interpret(&program, &constants, inputs, &mut NoFetches, &translation.interface.exports);
    let flat: Vec<[f32; 4]> = inputs.iter().flatten().copied().collect();
    let stage_constants =
        StageConstants::new(&constants, ShaderKind::Vertex, translation.interface.constants);
    let got = gpu.run(
        &translation,
        &Resources { constants: &stage_constants, vertex_data: &[], texture: None },
        &flat,
        inputs.len(),
    );
    let width = translation.interface.exports.len() + 1;
    for (i, (expected, got)) in expected.iter().zip(got.chunks_exact(width)).enumerate() {
        for (slot, (expected, got)) in expected.iter().zip(got).enumerate() {
            for component in 0..4 {
                assert!(
                    !differs(expected[component], got[component]),
                    "{}\ninvocation {i}, inputs {:?}\nslot {slot}: {expected:?} expected, {got:?} came",
                    disassemble(ShaderKind::Pixel, &program),
                    inputs[i]
                );
            }
        }
    }
}

/// Whether numbers differ; NaNs are equal, and so are zeros of both signs.
pub(super) fn unequal(expected: f32, got: f32) -> bool {
    !(expected == got || expected.is_nan() && got.is_nan())
}
