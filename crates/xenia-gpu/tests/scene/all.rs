//! Whole scenes from packets to frames, on the backend of the test crate.
//!
//! Expected colours are derived from the scene, never copied from results.
mod addressing;
mod alike;
mod clipping;
mod levels;
mod memory_export;
mod polygon_fill;
mod resolves;
mod samples;
mod sampling;
mod slices;
mod surveys;
mod targets;
mod tessellation;
mod vertices;

use super::scene::*;
use xenia_gpu::PhysicalMemory;
use xenia_gpu::packets::{opcode, type0, type3};
use xenia_gpu::texture::layout::tiled_2d;
use xenia_testing::Dice;

#[test]
fn a_rectangle_covers_its_pixels_and_no_others() {
    for msaa in 0..3 {
        let mut scene = Scene::new(160, 64, msaa);
        scene.vertices(&rectangle(16.0, 8.0, 48.0, 24.0, RED));
        scene.draw(8, 3);
        let frame = scene.show();
        for y in 0..64 {
            for x in 0..160 {
                let inside = (16..48).contains(&x) && (8..24).contains(&y);
                let expected = if inside { [255, 0, 0, 255] } else { [0; 4] };
                assert_eq!(pixel(&frame, x, y), expected, "{x} {y} at {msaa}");
            }
        }
    }
}

#[test]
fn rectangles_are_drawn_only_within_the_scissor() {
    for primitive in [8, 13] {
        let mut scene = Scene::new(160, 128, 0);
        let [a, b, d] = rectangle(0.0, 0.0, 128.0, 128.0, RED);
        let corners = if primitive == 8 { vec![a, b, d] } else { vec![a, b, vertex(128.0, 128.0, RED), d] };
        for [left, top, right, bottom] in [[8, 16, 64, 48], [80, 72, 104, 96], [64, 64, 64, 120]] {
            scene.scissor([left, top, right, bottom]);
            scene.vertices(&corners);
            scene.draw(primitive, corners.len() as u32);
        }
        scene.scissor([0, 0, 160, 128]);
        let frame = scene.show();
        for (x, y) in (0..128).flat_map(|y| (0..160).map(move |x| (x, y))) {
            let inside = (8..64).contains(&x) && (16..48).contains(&y)
                || (80..104).contains(&x) && (72..96).contains(&y);
            assert_eq!(pixel(&frame, x, y)[0], if inside { 255 } else { 0 }, "{primitive}: {x} {y}");
        }
    }
}

#[test]
fn colors_are_interpolated_between_corners() {
    let mut scene = Scene::new(256, 32, 0);
    let black = [0.0, 0.0, 0.0, 1.0];
    scene.vertices(&[
        vertex(0.0, 0.0, black),
        vertex(256.0, 0.0, RED),
        vertex(0.0, 32.0, black),
        vertex(256.0, 32.0, RED),
    ]);
    scene.draw(6, 4);
    let frame = scene.show();
    for x in 0..256 {
        // At the centre of pixel x the weight of red is (x + 0.5) / 256.
        let expected = ((x as f32 + 0.5) / 256.0 * 255.0 + 0.5) as u8;
        assert!(pixel(&frame, x, 17)[0].abs_diff(expected) <= 1, "{x}");
    }
}

#[test]
fn every_triangle_primitive_fills_the_same_square() {
    let a = vertex(8.0, 8.0, RED);
    let b = vertex(40.0, 8.0, RED);
    let c = vertex(40.0, 24.0, RED);
    let d = vertex(8.0, 24.0, RED);
    for (name, primitive, list) in [
        ("list", 4, vec![a, b, c, a, c, d]),
        ("strip", 6, vec![a, b, d, c]),
        ("fan", 5, vec![a, b, c, d]),
        ("quads", 13, vec![a, b, c, d]),
        ("quad strip", 14, vec![a, d, b, c]),
        ("rectangles", 8, vec![a, b, c]),
        ("polygon", 15, vec![a, b, c, d]),
    ] {
        let mut scene = Scene::new(80, 32, 0);
        // Adding instead of overwriting reveals double coverage too: one third of red each time.
        scene.write(blend(BlendFactor::One, BlendFactor::One));
        let list: Vec<_> = list.iter().map(|v| vertex(v[0], v[1], [1.0 / 3.0, 0.0, 0.0, 1.0])).collect();
        scene.vertices(&list);
        scene.draw(primitive, list.len() as u32);
        let frame = scene.show();
        for y in 0..32 {
            for x in 0..80 {
                let inside = (8..40).contains(&x) && (8..24).contains(&y);
                assert_eq!(pixel(&frame, x, y)[0], if inside { 85 } else { 0 }, "{name} {x} {y}");
            }
        }
    }
}

#[test]
fn the_nearer_triangle_wins_and_stencil_counts() {
    let mut scene = Scene::new(80, 16, 0);
    let at_depth = |z: f32, color| {
        rectangle(0.0, 0.0, 80.0, 16.0, color).map(|mut v| {
            v[2] = z;
            v
        })
    };
    // Always, write: clears depth to 0.5.
    scene.write(depth(Compare::Always));
    scene.vertices(&at_depth(0.5, BLUE));
    scene.draw(8, 3);
    // Less, write; stencil: always, counts up where depth passes.
    let counting = depth(Compare::Less).stencil_enable(true).stencilfunc(Compare::Always);
    scene.write(counting.stencilzpass(StencilOp::IncrementClamp));
    let masks = RbStencilrefmask::with().stencilmask(255).stencilwritemask(255);
    scene.write(masks.stencilref(0));
    let mut left = at_depth(0.25, RED);
    left[1][0] = 40.0;
    scene.vertices(&left);
    scene.draw(8, 3);
    scene.vertices(&at_depth(0.375, GREEN));
    scene.draw(8, 3);
    // Only where the stencil value is 1, whatever the depth: each pixel was touched once.
    scene.write(RbDepthcontrol::with().stencil_enable(true).stencilfunc(Compare::Equal));
    scene.write(masks.stencilref(1));
    scene.write(components(false));
    scene.vertices(&at_depth(0.0, [0.0, 0.0, 0.0, 0.2]));
    scene.draw(8, 3);
    let frame = scene.show();
    assert_eq!(pixel(&frame, 39, 8), [255, 0, 0, 51]);
    assert_eq!(pixel(&frame, 40, 8), [0, 255, 0, 51]);
}

#[test]
fn blending_and_alpha_test_follow_the_registers() {
    let mut scene = Scene::new(80, 16, 0);
    scene.vertices(&rectangle(0.0, 0.0, 80.0, 16.0, BLUE));
    scene.draw(8, 3);
    scene.write(alpha_blending());
    scene.vertices(&rectangle(0.0, 0.0, 40.0, 16.0, [1.0, 0.0, 0.0, 0.4]));
    scene.draw(8, 3);
    scene.write(blend(BlendFactor::One, BlendFactor::Zero));
    scene.write(RbColorcontrol::with().alpha_test_enable(true).alpha_func(Compare::Greater));
    scene.floats(RB_ALPHA_REF, &[0.5]);
    scene.vertices(&rectangle(20.0, 0.0, 80.0, 16.0, [0.0, 1.0, 0.0, 0.5]));
    scene.draw(8, 3);
    let frame = scene.show();
    assert_eq!(pixel(&frame, 30, 3), [102, 0, 153, 194]); // 0.4 * 0.4 + 0.6 = 0.76
    assert_eq!(pixel(&frame, 60, 3), [0, 0, 255, 255]);
}

#[test]
fn alpha_is_tested_as_it_is_stored() {
    let levels = [1, 50, 64, 127, 128, 191, 200, 254_u8];
    let mut scene = Scene::new(80, 16, 0);
    scene.write(RbColorcontrol::with().alpha_test_enable(true).alpha_func(Compare::Equal));
    for (x, level) in (0_u8..).step_by(8).zip(levels) {
        let [x, level] = [x, level].map(f32::from);
        scene.floats(RB_ALPHA_REF, &[level / 255.0]);
        // A texel is fetched as a 65,536th. The lower half has the next level, by a little.
        let fetched = (level / 255.0 * 65536.0).round() / 65536.0;
        for (y, alpha) in [(0.0, fetched), (8.0, (level + 0.51) / 255.0)] {
            scene.vertices(&rectangle(x, y, x + 8.0, y + 8.0, [1.0, 0.0, 0.0, alpha]));
            scene.draw(8, 3);
        }
    }
    let frame = scene.show();
    for (x, level) in (4..).step_by(8).zip(levels) {
        assert_eq!([4, 12].map(|y| pixel(&frame, x, y)), [[255, 0, 0, level], [0; 4]], "{level}");
    }
}

#[test]
fn alpha_is_tested_only_with_the_first_colour() {
    let mut scene = Scene::new(80, 16, 0);
    scene.write(RbDepthInfo::with().depth_base(1024));
    scene.floats(RB_ALPHA_REF, &[0.5]);
    let tested = RbColorcontrol::with().alpha_test_enable(true).alpha_func(Compare::Greater);
    for (control, compare, right, z, text) in [
        (tested, Compare::Always, 40.0, 0.75, "alloc colors\nmax oC1, r0, r0"),
        (RbColorcontrol::with(), Compare::Greater, 80.0, 0.5, COLORED_PS),
    ] {
        scene.write(control);
        scene.write(depth(compare));
        scene.shader(1, text);
        let mut vertices = rectangle(0.0, 0.0, right, 16.0, RED);
        for vertex in &mut vertices {
            vertex[2] = z;
        }
        scene.vertices(&vertices);
        scene.draw(8, 3);
    }
    let frame = scene.show();
    assert_eq!([20, 60].map(|x| pixel(&frame, x, 8)), [[0; 4], [255, 0, 0, 255]]);
}

#[test]
fn textures_are_sampled_where_the_coordinates_say() {
    let mut scene = Scene::new(80, 32, 0);
    // Four texels: red, green / blue, white; tiled, big-endian, 2 x 2.
    for (x, y, color) in
        [(0, 0, 0xff00_00ff_u32), (1, 0, 0xff00_ff00), (0, 1, 0xffff_0000), (1, 1, 0xffff_ffff)]
    {
        scene.memory.write_u32(TEXTURE + tiled_2d(x, y, 32, 2), color);
    }
    let fetch =
        [2 | 1 << 31 | 1 << 22 | 2 << 10 | 2 << 13, 6 | 2 << 6 | TEXTURE, 1 | 1 << 13, 0x688 << 1, 0, 1 << 9];
    for (i, word) in fetch.into_iter().enumerate() {
        scene.set(FETCH_CONSTANTS + 6 + i as u32, word);
    }
    scene.shader(1, TEXTURED_PS);
    let corner = |x: f32, y: f32, u: f32, v: f32| vertex(x, y, [u, v, 0.0, 0.0]);
    scene.vertices(&[
        corner(0.0, 0.0, 0.0, 0.0),
        corner(80.0, 0.0, 1.0, 0.0),
        corner(80.0, 32.0, 1.0, 1.0),
        corner(0.0, 32.0, 0.0, 1.0),
    ]);
    scene.draw(13, 4);
    let frame = scene.show();
    assert_eq!(
        [(10, 5), (60, 5), (10, 20), (60, 20)].map(|(x, y)| pixel(&frame, x, y)),
        [[255, 0, 0, 255], [0, 255, 0, 255], [0, 0, 255, 255], [255; 4]]
    );
    // The title writes another texel; the next draw must see it.
    scene.memory.write_u32(TEXTURE, 0xff00_0000);
    scene.vertices(&[
        corner(0.0, 0.0, 0.0, 0.0),
        corner(80.0, 0.0, 1.0, 0.0),
        corner(80.0, 32.0, 1.0, 1.0),
        corner(0.0, 32.0, 0.0, 1.0),
    ]);
    scene.draw(13, 4);
    assert_eq!(pixel(&scene.show(), 10, 5), [0, 0, 0, 255]);
}

#[test]
fn indices_come_in_both_sizes_with_restarts_and_offsets() {
    let mut scene = Scene::new(80, 32, 0);
    let square = |x: f32| {
        [vertex(x, 0.0, RED), vertex(x + 16.0, 0.0, RED), vertex(x, 32.0, RED), vertex(x + 16.0, 32.0, RED)]
    };
    scene.vertices(&[square(0.0), square(32.0)].concat());
    scene.write(VgtMultiPrimIbResetIndx::with().reset_indx(0xffff));
    scene.write(PaSuScModeCntl::with().multi_prim_ib_ena(true));
    let bytes: Vec<u8> = [0_u16, 1, 2, 3, 0xffff, 4, 5, 6, 7].iter().flat_map(|i| i.to_be_bytes()).collect();
    scene.memory.write(INDICES, &bytes);
    scene.words.extend([type3(opcode::DRAW_INDX, 4), 0, 6 | 9 << 16, INDICES, 1 << 30 | 9]);
    scene.run();
    scene.write(PaSuScModeCntl::with());
    scene.write(VgtIndxOffset::with().indx_offset(0xff_ffff)); // minus one
    let shifted: Vec<u8> = [1_u32, 2, 3].iter().flat_map(|i| i.to_be_bytes()).collect();
    scene.memory.write(INDICES, &shifted);
    scene.vertices(&[vertex(64.0, 0.0, GREEN), vertex(80.0, 0.0, GREEN), vertex(64.0, 32.0, GREEN)]);
    scene.words.extend([type3(opcode::DRAW_INDX, 4), 0, 4 | 1 << 11 | 3 << 16, INDICES, 2 << 30 | 3]);
    scene.run();
    let frame = scene.show();
    for (x, expected) in
        [(8, [255, 0, 0, 255]), (24, [0; 4]), (40, [255, 0, 0, 255]), (56, [0; 4]), (66, [0, 255, 0, 255])]
    {
        assert_eq!(pixel(&frame, x, 4), expected, "{x}");
    }
}

#[test]
fn a_resolve_can_clear_its_source() {
    let mut scene = Scene::new(80, 16, 0);
    scene.vertices(&rectangle(0.0, 0.0, 80.0, 16.0, RED));
    scene.draw(8, 3);
    assert_eq!(pixel(&scene.show(), 0, 0), [255, 0, 0, 255]);
    scene.copy_rectangle();
    scene.set(RB_COLOR_CLEAR, 0xff00_8000);
    scene.write(all_samples().color_clear_enable(true));
    scene.write(RbModecontrol::with().edram_mode(EdramMode::Copy));
    scene.draw(8, 3);
    assert_eq!(pixel(&scene.show(), 79, 15), [0, 128, 0, 255]);
}

#[test]
fn points_have_limits_and_know_where_they_are() {
    let mut scene = Scene::new(80, 32, 0);
    scene.write(PaSuPointMinmax::with().min_size(64).max_size(128)); // diameters of 8 to 16
    // Point sizes come from vertices; r0 receives the position.
    let program =
        SqProgramCntl::with().vs_export_mode(VertexExportMode::Sprite).vs_resource(true).ps_resource(true);
    scene.write(program.param_gen(true));
    scene.shader(
        0,
        "vfetch r1.xyz1, r0.x, vf0, format=57, stride=7, offset=0
         alloc position
         max oPos.xy01, r1, r1
         max oPts, r1.z, r1.z
         alloc interpolators 1
         max o0, r1, r1",
    );
    scene.shader(1, "alloc colors\nmax oC0.xy01, r0.zwww, r0.zwww");
    let point = |x: f32, size: f32| [x, 16.0, size, 0.0, 0.0, 0.0, 0.0];
    scene.vertices(&[point(16.0, 1.0), point(56.0, 100.0)]);
    scene.draw(1, 2);
    let frame = scene.show();
    for x in 0..80 {
        let place = match x {
            12..20 => x as f32 + 0.5 - 12.0,
            48..64 => (x as f32 + 0.5 - 48.0) / 2.0,
            _ => {
                assert_eq!(pixel(&frame, x, 17), [0; 4], "{x}");
                continue;
            }
        };
        let expected = (place / 8.0 * 255.0 + 0.5) as u8;
        assert!(pixel(&frame, x, 17)[0].abs_diff(expected) <= 1, "{x}");
    }
}

#[test]
fn layers_of_a_stack_are_measured_by_fetches_that_know_of_them() {
    for (fetch, layer) in [
        ("tfetch3D r0, r0.xyz, tf1", 2),
        ("tfetch3D r0, r0.xyz, tf1, unnormalized", 0),
        ("tfetch2D r0, r0.xyz, tf1", 0),
    ] {
        let mut scene = Scene::new(80, 16, 0);
        for (layer, color) in [0xff00_0010_u32, 0xff00_0020, 0xff00_0030, 0xff00_0040].into_iter().enumerate()
        {
            scene.memory.write_u32(TEXTURE + layer as u32 * 4096, color);
        }
        // One texel, four layers.
        let words = [2 | 1 << 31 | 1 << 22, 6 | 2 << 6 | 1 << 10 | TEXTURE, 3 << 26, 0x688 << 1, 0, 1 << 9];
        for (i, word) in words.into_iter().enumerate() {
            scene.set(FETCH_CONSTANTS + 6 + i as u32, word);
        }
        scene.shader(1, &format!("{fetch}\nalloc colors\nmax oC0, r0, r0"));
        scene.vertices(&rectangle(0.0, 0.0, 80.0, 16.0, [0.5, 0.5, 0.625, 1.0]));
        scene.draw(8, 3);
        let frame = scene.show();
        assert_eq!(pixel(&frame, 40, 8)[0], 16 + layer * 16, "{fetch}");
    }
}

#[test]
fn random_state_draws_without_a_panic() {
    let mut scene = Scene::new(160, 64, 0);
    scene.vertices(&[
        vertex(0.0, 0.0, RED),
        vertex(100.0, 3.0, GREEN),
        vertex(5.0, 60.0, BLUE),
        vertex(90.0, 50.0, RED),
    ]);
    scene.run();
    let mut dice = Dice(99);
    let mut next = || dice.next() as u32;
    for round in 0..400 {
        let mut words = Vec::new();
        for _ in 0..6 {
            let index = [
                0x2000, 0x2001, 0x2002, 0x2080, 0x2081, 0x2082, 0x2104, 0x2180, 0x2181, 0x2200, 0x2201,
                0x2202, 0x2204, 0x2205, 0x2206, 0x2208, 0x2302, 0x210f, 0x2110, 0x2111, 0x2112, 0x2318,
                0x2319, 0x231a, 0x231b, 0x4800, 0x4801, 0x4806, 0x4807, 0x4808, 0x480b,
            ][next() as usize % 31];
            words.extend([type0(index, 1), next()]);
        }
        if round % 8 == 0 {
            let code: Vec<u32> = (0..30).map(|_| next()).collect();
            words.extend([type3(opcode::IM_LOAD_IMMEDIATE, 32), next() & 1, 30]);
            words.extend(code);
        }
        // Small surfaces: the test is about the state, not the pixels.
        words.extend([
            type0(0x200f, 1),
            64 | 32 << 16,
            type3(opcode::DRAW_INDX_2, 1),
            next() & 0x1f | 2 << 6 | 12 << 16,
        ]);
        for (i, &word) in words.iter().enumerate() {
            scene.memory.write_u32(RING + i as u32 * 4, word);
        }
        scene.gpu.initialize_ring(RING, 12);
        let now = scene.now;
        scene.gpu.store_register(0x1c5, words.len() as u32, now);
        scene.now = now + (1 << 40);
        scene.gpu.pump(now + (1 << 40));
    }
}
