//! Any words are a shader: it decodes, its text assembles to the same program, and it runs to an
//! end. Any bytes are a shader object, or an error.
//!
//! Input: three words of constants (booleans, a loop, a float), then microcode, all big-endian. A
//! text that is not microcode is passed to the assembler.
#![cfg_attr(fuzzing, no_main)]

use libfuzzer_sys::fuzz_target;
use xenia_gpu::microcode::{
    FetchUnit, LANES, Lanes, Mask, Program, Sampling, ShaderConstants, ShaderInterpreter, ShaderKind,
    ShaderObject, TextureFetch, Vector, VertexFetch, assemble, disassemble,
};

/// Fetches that return part of their operands.
struct Echo;

impl FetchUnit for Echo {
    fn vertex(&mut self, _: &VertexFetch, index: &Lanes, _: Mask) -> Vector {
        [*index; 4]
    }

    fn texture(&mut self, _: &TextureFetch, at: &Sampling<'_>, _: Mask) -> Vector {
        let [x, y, z] = *at.coordinates;
        [x, y, z, *at.lod]
    }
}

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(words) = assemble(text)
    {
        disassemble(ShaderKind::Vertex, &Program::decode(&words));
    }
    let _ = ShaderObject::parse(bytes);
    let words: Vec<u32> = bytes.as_chunks().0.iter().map(|word| u32::from_be_bytes(*word)).collect();
    let [boolean, count, float, microcode @ ..] = words.as_slice() else { return };
    let program = Program::decode(microcode);
    for kind in [ShaderKind::Vertex, ShaderKind::Pixel] {
        let text = disassemble(kind, &program);
        // Clauses that share instructions become separate, and then there may be too many to
        // address.
        if program.instructions.len() + program.controls.len() < 4000 {
            let again = assemble(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
            assert_eq!(Program::decode(&again), program, "{text}");
        }
    }
    let constants = ShaderConstants {
        float: &[[f32::from_bits(*float), 1.0, -0.5, 0.0]; 256],
        boolean: &[*boolean; 8],
        loops: &[*count; 32],
    };
    let mut interpreter = ShaderInterpreter::default();
    for (lane, value) in interpreter.register(0)[0].iter_mut().enumerate() {
        *value = lane as f32 - LANES as f32 / 4.0;
    }
    interpreter.run(&program, constants, Mask::MAX, &mut Echo);
    let short = ShaderConstants { float: &constants.float[(boolean & 0xff) as usize..], ..constants };
    interpreter.run(&program, short, 0x0F0F, &mut Echo);
});
