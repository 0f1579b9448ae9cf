//! Random programs of both stages, with functions and fetches.
//!
//! Fetches are in any control flow, so none has a level of detail that follows from differences
//! between pixels. Their coordinates and indices are fractions in registers that random
//! instructions don't reach: the loop address is at most 14, and their register at most 7.

use rand::Rng;
use xenia_gpu::microcode::ShaderKind;

use super::{
    LAST, PIXEL_EXPORTS, ProgramEnds, Shape, control_flow, encoded, exact, finish, instructions, remove_kills,
};

/// Float constant of a stage by which a fraction becomes an index; a vertex fetch multiplies by it.
pub(crate) const INDEX_FACTOR: u32 = 255;
/// Interpolators that vertex programs export.
pub(crate) const INTERPOLATORS: u32 = 3;

/// Two instructions that prepare a fetch, one that sets its state, and the fetch.
const FETCH: &str = "max r0, r0, r0\nmax r0, r0, r0\nundefined\nundefined\n";
/// Nested loops and jumps, with calls of two functions.
const PIPELINE: Shape = Shape { depth: 2, fetch: FETCH, functions: 2, calling_depth: 1, ..Shape::EXACT };

/// Beginning of vertex programs: position in `r1`, attributes in `r2`.
const FIRST: &str = "vfetch r1.xyz1, r0.x, vf0, format=57, stride=7, offset=0
vfetch r2.xyzw, r0.x, vf0, format=38, stride=7, offset=3
alloc position
max oPos, r1, r1
alloc interpolators 3
";
/// Number of its instructions.
const FIRST_COUNT: usize = 3;

/// One of the texts.
fn any<'a>(rng: &mut impl Rng, texts: &[&'a str]) -> &'a str {
    texts[rng.random_range(0..texts.len())]
}

/// Lines of a vertex or texture fetch, for the instructions of [`FETCH`].
fn fetch(rng: &mut impl Rng, kind: ShaderKind) -> [String; 4] {
    let swizzle = any(rng, &["xyzw", "yxwz", "zzxy", "wxyz"]);
    let fraction = format!("frc_sat r32, r{}.{swizzle}", rng.random_range(0..8));
    let index = format!("mul r33, r32, c[{INDEX_FACTOR}]");
    let predicate = any(rng, &["", "", "(p0) ", "(!p0) "]);
    let components = any(rng, &["", ".wzyx", ".x_y_", ".xyz1", "._x0z"]);
    let to = rng.random_range(0..8);
    let is_relative = rng.random_range(0..8) == 0;
    let to = if is_relative { format!("r[aL+{to}]{components}") } else { format!("r{to}{components}") };
    let state = any(
        rng,
        &[
            "undefined",
            "undefined",
            "setTexLOD r0.____, r32.x, tf0",
            "setGradientH r0.____, r32.xyz, tf0",
            "setGradientV r0.____, r32.zyx, tf0",
        ],
    );
    let is_vertex = rng.random_bool(0.4) && kind == ShaderKind::Vertex;
    let text = if is_vertex {
        let format = any(rng, &["format=38", "format=57", "format=37", "format=6, integer"]);
        let component = any(rng, &["x", "y", "z", "w"]);
        let stride = rng.random_range(0..9);
        let offset = rng.random_range(0..6);
        format!("{predicate}vfetch {to}, r33.{component}, vf1, {format}, stride={stride}, offset={offset}")
    } else {
        let operation = any(
            rng,
            &[
                "tfetch2D $, r32.xy, tf1, nolod",
                "tfetch2D $, r32.wz, tf1, nolod, offsetx=1.5, offsety=-2",
                "tfetch2D $, r32.yz, tf2, nolod",
                "tfetch2D $, r32.xy, tf2, nolod, reglod",
                "tfetch2D $, r32.zx, tf2, nolod, reggrad",
                "tfetch1D $, r32.x, tf1, nolod",
                "tfetch3D $, r32.xyz, tf3, nolod",
                "tfetch3D $, r32.wxz, tf3, nolod, offsetz=0.5",
                "getWeights2D $, r32.xy, tf1, nolod",
            ],
        );
        format!("{predicate}{}", operation.replace('$', &to))
    };
    [fraction, index, state.to_owned(), text]
}

/// Fills placeholders with random instructions and fetches.
fn fill(rng: &mut impl Rng, words: &mut [u32], kind: ShaderKind) {
    let is_vertex = kind == ShaderKind::Vertex;
    let (fixed, exports) = if is_vertex { (FIRST_COUNT, [0, 1, 2, 0]) } else { (0, PIXEL_EXPORTS) };
    let mut all: Vec<(&mut [u32], bool)> = instructions(words).skip(fixed).collect();
    for (instruction, _) in all.iter_mut().filter(|(_, is_fetch)| !is_fetch) {
        exact(rng, instruction, exports);
        // Vertices are not discarded.
        if is_vertex || rng.random_range(0..16) != 0 {
            remove_kills(instruction);
        }
    }
    // Fetches come in pairs, behind two other instructions.
    let fetches: Vec<usize> = (0..all.len()).filter(|at| all[*at].1).step_by(2).collect();
    for at in fetches {
        let lines = fetch(rng, kind);
        let places = all.get_mut(at.saturating_sub(2)..).unwrap_or_default();
        for ((instruction, _), line) in places.iter_mut().zip(&lines) {
            if let Some(words) = encoded(line) {
                instruction.copy_from_slice(&words);
            }
        }
    }
}

/// Generates a vertex program that exports the position of `vf0` and random interpolators.
pub(crate) fn vertex_words(rng: &mut impl Rng) -> Vec<u32> {
    program(rng, ShaderKind::Vertex, FIRST, "o0")
}

/// Generates a pixel program that reads interpolators, and returns up to three colours and a depth.
pub(crate) fn pixel_words(rng: &mut impl Rng) -> Vec<u32> {
    program(rng, ShaderKind::Pixel, "", "oC0")
}

fn program(rng: &mut impl Rng, kind: ShaderKind, first: &str, to: &str) -> Vec<u32> {
    let mut words = control_flow(rng, &PIPELINE, ProgramEnds { first, last: LAST });
    fill(rng, &mut words, kind);
    finish(&mut words, &format!("add {to}, r{}, c[3]", rng.random_range(0..8)));
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use xenia_gpu::microcode::{Control, Destination, Program, ShaderInstruction, Source, VectorOp};

    /// Counts fetches; coordinates and indices must come from fractions.
    fn fetches(program: &Program) -> [usize; 2] {
        let mut counts = [0; 2];
        for instruction in &program.instructions {
            match instruction {
                ShaderInstruction::Texture(fetch) => {
                    assert_eq!(fetch.common.source, Source::Register(32));
                    assert!(!fetch.operation.reads_constant() || !fetch.computed_lod);
                    counts[0] += usize::from(fetch.operation.reads_constant());
                }
                ShaderInstruction::Vertex(fetch) if fetch.constant == 1 => {
                    assert_eq!(fetch.common.source, Source::Register(33));
                    counts[1] += 1;
                }
                ShaderInstruction::Alu(alu) => match alu.vector_to {
                    Destination::Register(32) => assert!(alu.vector == VectorOp::Frc && alu.vector_clamp),
                    Destination::Register(33) => assert_eq!(alu.operands[0].source, Source::Register(32)),
                    Destination::Register(to) => assert!(to < 8),
                    _ => {}
                },
                _ => {}
            }
        }
        counts
    }

    #[test]
    fn programs_call_and_fetch_within_bounds() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let [mut calls, mut textures, mut vertices] = [0; 3];
        for _ in 0..100 {
            let [of_vertices, of_pixels] =
                [vertex_words(&mut rng), pixel_words(&mut rng)].map(|words| Program::decode(&words));
            assert!(of_vertices.writes(Program::POSITION) && of_vertices.writes(0) && of_pixels.writes(0));
            assert!(!of_vertices.kills);
            for program in [of_vertices, of_pixels] {
                let [texture, vertex] = fetches(&program);
                textures += texture;
                vertices += vertex;
                calls +=
                    program.controls.iter().filter(|control| matches!(control, Control::Call(..))).count();
            }
        }
        assert!(calls > 20 && textures > 50 && vertices > 20, "{calls} {textures} {vertices}");
    }
}
