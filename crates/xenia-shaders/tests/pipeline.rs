//! Tests of both stages in a pipeline: interpolators, positions, derivatives, discards, depth.

use super::gpu::{self, Gpu, Resources, SIDE};
use super::oracle::constants;
use xenia_gpu::draw_state::Constants;
use xenia_gpu::microcode::{Program, ShaderKind, assemble};
use xenia_shaders::{
    Expansion, HostPosition, HostTarget, Interpolators, PixelsOf, Stage, StageConstants, Translation,
    VertexRecord, translate,
};

/// Square over the whole image as two triangles, front faces: x, y.
const FRONT: [[f32; 2]; 6] = [[-1.0, 1.0], [1.0, 1.0], [-1.0, -1.0], [-1.0, -1.0], [1.0, 1.0], [1.0, -1.0]];

/// The same triangles as back faces.
const BACK: [[f32; 2]; 6] = [FRONT[5], FRONT[4], FRONT[3], FRONT[2], FRONT[1], FRONT[0]];

fn translated(text: &str, stage: Stage) -> Translation {
    let words = assemble(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let translation = translate(&Program::decode(&words), stage).unwrap();
    translation.validate().unwrap();
    translation
}

/// Stage of pixels whose position is in register 3.
fn pixel_stage(interpolators: Interpolators) -> Stage {
    Stage::Pixel {
        interpolators,
        position_register: Some(3),
        pixels_of: PixelsOf::Polygons,
        alpha_test: false,
        alpha_to_mask: false,
        anisotropic: 0,
    }
}

/// Draws host vertices, of which fetch constant 2 has the positions.
fn draw_with(
    gpu: &Gpu,
    shaders: [&Translation; 2],
    constants: &Constants,
    positions: &[[f32; 2]],
    count: u32,
) -> Vec<[f32; 4]> {
    let words: Vec<u32> = positions.iter().flatten().map(|value| value.to_bits().swap_bytes()).collect();
    let [mut for_vertices, mut for_pixels] =
        shaders.map(|shader| StageConstants::new(constants, ShaderKind::Vertex, shader.interface.constants));
    for_vertices.set_position(&HostPosition {
        xy_divided: false,
        z_divided: false,
        w_inverted: false,
        direct3d_depth: true,
        kills: false,
        scale: [1.0; 3],
        offset: [0.0; 3],
        steps: [0.0; 2],
        shift: [0.0; 2],
    });
    for_pixels.set_pixel(1.0, 1);
    let ranges = [(f32::NEG_INFINITY, f32::INFINITY); 2];
    for_pixels.set_target(0, &HostTarget { scale: 1.0, ranges, steps: [0.0; 2] });
    for_vertices.set_vertex(2, VertexRecord { first: 0, words: words.len() as u32, endian: 2 });
    let vertex = Resources { constants: &for_vertices, vertex_data: &words, texture: None };
    let pixel = Resources { constants: &for_pixels, vertex_data: &[], texture: None };
    gpu.draw(shaders, [&vertex, &pixel], count)
}

/// Draws the square; interpolator 0 is (column + 1/2, row + 1/2, 1/4, 1), interpolator 1 the number
/// of the triangle's vertex.
fn draw(gpu: &Gpu, pixel: &str, square: [[f32; 2]; 6], flat: u32) -> Vec<[f32; 4]> {
    let vertex = "vfetch r1.xy01, r0.x, vf2, format=37, stride=2, offset=0\n\
                  max oPos, r1, r1\n\
                  mad o0.xy, r1, c[0].xy, c[1].x\nmax o0.zw, c[2], c[2]\nmax o1, r0.x, r0.x";
    let mut constants = Constants::capture(&constants());
    // Converts -1..1 to pixels, with y downwards.
    constants.float[0] = [8.0, -8.0, 0.0, 0.0];
    constants.float[1] = [8.0; 4];
    constants.float[2] = [0.0, 0.0, 0.25, 1.0];
    constants.float[4] = [f32::NAN, -1.0, f32::INFINITY, 1.0];
    let interpolators = Interpolators { count: 2, flat, ..Interpolators::default() };
    let vertex_stage = Stage::Vertex { interpolators, clip: false, expansion: Expansion::None };
    let shaders = [translated(vertex, vertex_stage), translated(pixel, pixel_stage(interpolators))];
    draw_with(gpu, shaders.each_ref(), &constants, &square, 6)
}

/// Checks every pixel against a formula of its column and row.
fn check(picture: &[[f32; 4]], what: &str, formula: impl Fn(f32, f32) -> [f32; 4]) {
    for (i, got) in (0_u32..).zip(picture) {
        let x = (i % SIDE) as f32;
        let y = (i / SIDE) as f32;
        let expected = formula(x, y);
        let near = expected.iter().zip(got).all(|(expected, got)| (expected - got).abs() < 1e-3);
        assert!(near, "{what}: at {x}, {y} {expected:?} expected, {got:?} came");
    }
}

#[test]
fn both_stages_draw_what_formulas_of_each_pixel_give() {
    gpu::with_gpu(|gpu| {
        let plain = draw(gpu, "max oC0, r0, r0", FRONT, 0);
        check(&plain, "interpolators", |x, y| [x + 0.5, y + 0.5, 0.25, 1.0]);
        let place = "max oC0.xy01, r3, r3";
        check(&draw(gpu, place, FRONT, 0), "position", |x, y| [x, y, 0.0, 1.0]);
        check(&draw(gpu, place, BACK, 0), "position of back faces", |x, y| [-x, y, 0.0, 1.0]);
        let slopes =
            "getGradients r1, r0.xy, tf0\nmul r2, r0, r0\ngetGradients r2, r2.zw, tf0\nmad oC0, r2, r1, r1";
        check(&draw(gpu, slopes, FRONT, 0), "derivatives", |_, _| [1.0, 0.0, 0.0, 1.0]);
        let background = [-1.0; 4];
        let kills = "add r1.x, r0, -c[1]\nkills_gt r1.y, r1.x\nmax oC0, r0, r0";
        let picture = draw(gpu, kills, FRONT, 0);
        check(&picture, "discards", |x, y| if x < 8.0 { [x + 0.5, y + 0.5, 0.25, 1.0] } else { background });
        let depth = "mul oDepth.x, r0, c[3].x\nmax oC0, r0, r0";
        // Constant 3 is 3, so depths are at least 1.5 and no pixel is in front. Then a sixteenth of
        // that.
        check(&draw(gpu, depth, FRONT, 0), "depth", |_, _| background);
        let depth = "rcp r1.x, c[16].x\nmul oDepth.x, r0, r1.x\nmax oC0, r0, r0";
        let picture = draw(gpu, depth, FRONT, 0);
        check(&picture, "depth", |x, y| if x < 8.0 { [x + 0.5, y + 0.5, 0.25, 1.0] } else { background });
        // Depths beyond the range, and the one of NaN, which is 0.
        for (component, is_in_front) in [("x", true), ("y", true), ("z", false)] {
            let depth = format!("max oDepth.x, c[4].{component}, c[4].{component}\nmax oC0, r0, r0");
            let expected_at =
                |x: f32, y: f32| if is_in_front { [x + 0.5, y + 0.5, 0.25, 1.0] } else { background };
            check(&draw(gpu, &depth, FRONT, 0), component, expected_at);
        }
        let flat = draw(gpu, "max oC0, r1, r1", FRONT, 0b10);
        check(&flat, "flat interpolators", |x, y| {
            if x + y < 15.0 {
                [0.0; 4]
            } else if x + y > 15.0 {
                [3.0; 4]
            } else {
                flat[(x + y * 16.0) as usize]
            }
        });
    });
}

#[test]
fn the_vertices_of_a_rectangle_share_the_steps_of_an_invocation() {
    gpu::with_gpu(|gpu| {
        // Each run counts its rounds in the interpolator: 255 times 255 times 255 without a bound.
        let vertex = "vfetch r1.xy01, r0.x, vf2, format=37, stride=2, offset=0\nmax oPos, r1, r1\n\
                      loop i4, a\nb:\nloop i4, c\nd:\nloop i4, e\nf:\nexec\nadd r2.x, r2, c[1].x\n\
                      endloop i4, f\ne:\nendloop i4, d\nc:\nendloop i4, b\na:\nexec\nmax o0, r2.x, r2.x";
        let interpolators = Interpolators { count: 1, ..Interpolators::default() };
        let vertex_stage = Stage::Vertex { interpolators, clip: false, expansion: Expansion::Rectangles };
        let pixel = translated("max oC0, r0, r0", pixel_stage(interpolators));
        let shaders = [translated(vertex, vertex_stage), pixel];
        let constants = Constants::capture(&constants());
        let picture = draw_with(gpu, shaders.each_ref(), &constants, &FRONT[..3], Expansion::CORNERS);
        // The first vertex is at the top left, the second at the top right.
        let [first, second] = [picture[0][0], picture[SIDE as usize - 1][0]];
        assert!(first > 10_000.0 && second < 2.0, "{first} {second}");
    });
}
