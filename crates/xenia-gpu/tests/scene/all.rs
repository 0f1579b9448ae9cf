//! Whole scenes from packets to pictures, on whatever backend the test crate has.
//!
//! Expected colours follow from the scene by reasoning, never from what came out first.
mod copies;
mod memory_export;
mod polygon_fill;
mod sampling;
mod targets;
mod tessellation;
mod vertices;

use crate::scene::*;
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
fn scissors_cut_rectangles() {
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
    let (a, b, c, d) =
        (vertex(8.0, 8.0, RED), vertex(40.0, 8.0, RED), vertex(40.0, 24.0, RED), vertex(8.0, 24.0, RED));
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
        // Counting instead of overwriting shows double coverage as well: one third of red each time.
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
    // Only where the stencil value is 1, whatever the depth: everything was touched once.
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
    scene.write(over());
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
fn alpha_to_mask_draws_as_many_samples_as_alpha_says() {
    // Samples per pixel, offsets, alpha, and the share of samples drawn in pixels with x and y even, y
    // odd, x odd, and both odd.
    for (msaa, offsets, alpha, expected) in [
        (0, [0; 4], 1.0, [255, 255, 255, 255]),
        (0, [0; 4], 0.99, [0, 0, 0, 0]),
        (0, [0, 1, 2, 3], 0.6, [0, 0, 255, 255]),
        (1, [0; 4], 0.5, [128, 128, 128, 128]),
        (1, [0, 3, 0, 2], 0.75, [128, 255, 128, 255]),
        (2, [0; 4], 0.0, [0, 0, 0, 0]),
        (2, [0; 4], 0.6, [128, 128, 128, 128]),
        (2, [2, 0, 0, 0], 0.7, [191, 128, 128, 128]),
    ] {
        let mut scene = Scene::new(80, 16, msaa);
        let [a, b, c, d] = offsets;
        let control = RbColorcontrol::with().alpha_func(Compare::Always).alpha_to_mask_enable(true);
        let control = control.alpha_to_mask_offset0(a).alpha_to_mask_offset1(b);
        scene.write(control.alpha_to_mask_offset2(c).alpha_to_mask_offset3(d));
        scene.vertices(&rectangle(0.0, 0.0, 80.0, 16.0, [1.0, 0.0, 0.0, alpha]));
        scene.draw(8, 3);
        let frame = scene.show();
        let found = [(20, 6), (20, 7), (21, 6), (21, 7)].map(|(x, y)| pixel(&frame, x, y)[0]);
        assert_eq!(found, expected, "{msaa} {offsets:?} {alpha}");
    }
}

#[test]
fn clip_planes_of_the_title_cut_or_take_away() {
    let draw = |control: With<PaClClipCntl>| {
        let mut scene = Scene::new(80, 16, 0);
        // Plane 1: x of at least 20; plane 5: x of at most 50. Plane 0, which is off, leaves nothing.
        for (plane, values) in
            [(0, [0.0, 0.0, 0.0, -1.0]), (1, [1.0, 0.0, 0.0, -20.0]), (5, [-1.0, 0.0, 0.0, 50.0])]
        {
            scene.floats(PA_CL_UCP_0_X + plane * 4, &values);
        }
        scene.write(control.dx_clip_space_def(true));
        let mut vertices = rectangle(0.0, 0.0, 40.0, 16.0, RED).to_vec();
        vertices.extend(rectangle(30.0, 0.0, 80.0, 16.0, RED));
        scene.vertices(&vertices);
        scene.draw(4, 6);
        let frame = scene.show();
        // Of two triangles, each the upper left half of a rectangle.
        [2, 19, 20, 49, 50, 70].map(|x| pixel(&frame, x, 1)[0] != 0)
    };
    let (two, none) =
        (PaClClipCntl::with().ucp_ena_1(true).ucp_ena_5(true), PaClClipCntl::with().ucp_ena_0(true));
    assert_eq!(draw(two), [false, false, true, true, false, false]);
    assert_eq!(draw(two.ucp_cull_only_ena(true)), [true; 6]);
    assert_eq!(draw(none.ucp_cull_only_ena(true)), [false; 6]);
    assert_eq!(draw(none.clip_disable(true)), [true; 6], "clipping is off");
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
    // The title writes another texel: the next draw sees it.
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

/// Positions are Direct3D's, clipped, and shown on 160 x 80 pixels.
fn clipped_to_a_viewport(scene: &mut Scene) {
    scene.write(PaClClipCntl::with().dx_clip_space_def(true));
    let scales = PaClVteCntl::with().vport_x_scale_ena(true).vport_y_scale_ena(true).vport_z_scale_ena(true);
    let all = scales.vport_x_offset_ena(true).vport_y_offset_ena(true).vport_z_offset_ena(true);
    scene.write(all.vtx_w0_fmt(true));
    scene.floats(PA_CL_VPORT_XSCALE, &[80.0, 80.0, -40.0, 40.0, 1.0, 0.0]);
}

#[test]
fn perspective_and_clipping_in_front_of_the_eye() {
    let mut scene = Scene::new(160, 80, 0);
    clipped_to_a_viewport(&mut scene);
    scene.shader(
        0,
        "vfetch r1.xyzw, r0.x, vf0, format=38, stride=7, offset=0
         vfetch r2.xyz1, r0.x, vf0, format=57, stride=7, offset=4
         alloc position
         max oPos, r1, r1
         alloc interpolators 1
         max o0, r2, r2",
    );
    // A floor from w = 1 to w = 3, and one corner far behind the eye.
    let floor = |x: f32, w: f32, t: f32| [x, -w.min(1.0), 0.5 * w, w, t, 0.0, 0.0];
    scene.vertices(&[
        floor(-1.0, 1.0, 0.0),
        floor(1.0, 1.0, 0.0),
        floor(-3.0, 3.0, 1.0),
        floor(3.0, 3.0, 1.0),
    ]);
    scene.draw(6, 4);
    let frame = scene.show();
    // On the screen the floor spans y = 80 (w = 1) to 53.3 (w = 3); halfway, 1/w is 2/3 and so t is
    // ((0 * 1 + 1 * 1/3) / 2) / (2/3) = 1/4.
    let t = pixel(&frame, 80, 66)[0] as f32 / 255.0;
    assert!((t - 0.25).abs() < 0.02, "{t}");
    assert_eq!(pixel(&frame, 80, 50), [0; 4]);
    let mut behind = Scene::new(160, 80, 0);
    clipped_to_a_viewport(&mut behind);
    behind.shader(0, "vfetch r1.xyzw, r0.x, vf0, format=38, stride=7, offset=0\nalloc position\nmax oPos, r1, r1\nalloc interpolators 1\nmax o0.1111, r1, r1");
    let v = |x: f32, y: f32, w: f32| [x, y, 0.5 * w, w, 0.0, 0.0, 0.0];
    behind.vertices(&[v(-1.0, 0.0, 1.0), v(1.0, 0.0, 1.0), v(0.0, 4.0, -1.0)]);
    behind.draw(4, 3);
    let frame = behind.show();
    assert_eq!(pixel(&frame, 80, 20), [255; 4], "the visible part reaches up to the horizon");
    assert_eq!(pixel(&frame, 80, 60), [0; 4]);
}

#[test]
fn a_fast_clear_through_four_samples_fills_single_samples() {
    // Titles clear a 1x surface as a 4x one of half the size: the samples are the same words.
    let mut scene = Scene::new(160, 64, 0);
    scene.write(surface(80, Msaa::X4));
    scene.scissor([0, 0, 80, 32]);
    scene.vertices(&rectangle(0.0, 0.0, 80.0, 32.0, GREEN));
    scene.draw(8, 3);
    scene.write(surface(160, Msaa::X1));
    scene.scissor([0, 0, 160, 64]);
    let frame = scene.show();
    assert!(frame.rgba.chunks_exact(4).all(|pixel| pixel == [0, 255, 0, 255]));
}

#[test]
fn a_copy_can_clear_behind_itself() {
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
        // Small surfaces: the point is the state, not the pixels.
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
        scene.gpu.store_register(0x1c5, words.len() as u32, scene.now);
        scene.now += 1 << 40;
        scene.gpu.pump(scene.now);
    }
}

/// Thousands of blended triangles of random place, depth and colour over a large surface, and a
/// depth surface that starts at a tile. The state is whatever `change` makes of it.
fn crowd(msaa: u32, depth_tile: u32, change: impl Fn(&mut Scene)) {
    let (width, height) = (320, 192);
    let mut scene = Scene::new(width, height, msaa);
    scene.write(RbDepthInfo::with().depth_base(depth_tile));
    scene.write(depth(Compare::GreaterEqual));
    scene.write(over());
    change(&mut scene);
    let mut dice = Dice(5);
    let mut next = |limit: u32| (dice.next() >> 48) as f32 / 65536.0 * limit as f32;
    // More than fit into one batch, and each batch covers much.
    for _ in 0..2 {
        let vertices: Vec<_> = (0..2001)
            .map(|i| {
                let (x, y) = (next(48), next(40));
                [x + (i * 7 % 290) as f32, y + (i / 12) as f32, next(1), next(1), next(1), next(1), next(1)]
            })
            .collect();
        scene.vertices(&vertices);
        scene.draw(4, 2001);
    }
    scene.draw(6, 2001);
    scene.show();
}

/// Scenes that other tests run again.
const SCENES: &[fn()] = &[
    a_rectangle_covers_its_pixels_and_no_others,
    colors_are_interpolated_between_corners,
    every_triangle_primitive_fills_the_same_square,
    the_nearer_triangle_wins_and_stencil_counts,
    blending_and_alpha_test_follow_the_registers,
    alpha_to_mask_draws_as_many_samples_as_alpha_says,
    clip_planes_of_the_title_cut_or_take_away,
    textures_are_sampled_where_the_coordinates_say,
    indices_come_in_both_sizes_with_restarts_and_offsets,
    perspective_and_clipping_in_front_of_the_eye,
    a_fast_clear_through_four_samples_fills_single_samples,
    a_copy_can_clear_behind_itself,
    random_state_draws_without_a_panic,
    memory_export::vertices_write_a_table_and_draw_nothing,
    memory_export::lanes_export_what_they_have_written,
    memory_export::pixels_export_in_the_order_they_are_drawn_in,
    memory_export::the_next_draw_reads_what_was_written,
    polygon_fill::lines_are_drawn_where_a_polygon_has_its_border,
    tessellation::edges_have_levels_of_their_own,
    vertices::pixels_that_are_covered_in_part_may_be_interpolated_within,
];

#[test]
fn what_was_recorded_plays_alike() {
    RECORD.set(true);
    for inline in [true, false] {
        INLINE.set(inline);
        for scene in SCENES {
            scene();
        }
        crowd(2, 9, |_| {});
    }
    INLINE.set(true);
    RECORD.set(false);
}

#[test]
fn who_draws_changes_nothing() {
    let crowds = || {
        for msaa in 0..3 {
            crowd(msaa, 1024, |_| {});
            // The depth surface lies under later rows of the colour surface.
            crowd(msaa, 9, |_| {});
            // The surface is wider than its pitch, or ends where the EDRAM does.
            crowd(msaa, 1024, |scene| scene.write(surface(160, Msaa::from_bits(msaa))));
            crowd(msaa, 2040, |scene| scene.write(RbColorInfo::with().color_base(2030)));
            // A stencil that counts, 16_16_16_16 colours, alpha tested.
            crowd(msaa, 1024, |scene| {
                scene.write(RbColorInfo::with().color_format(ColorTargetFormat::Rgba16));
                let counting = depth(Compare::GreaterEqual).stencil_enable(true).stencilfunc(Compare::Always);
                scene.write(counting.stencilzpass(StencilOp::IncrementClamp));
                scene.write(RbColorcontrol::with().alpha_test_enable(true).alpha_func(Compare::Greater));
                scene.floats(RB_ALPHA_REF, &[0.25]);
            });
        }
    };
    let mut expected = Vec::new();
    for &(threads, inline) in crate::WAYS {
        THREADS.set(threads);
        INLINE.set(inline);
        LEFT.take();
        for scene in SCENES {
            scene();
        }
        crowds();
        let left = LEFT.take();
        assert!(left.len() > 25);
        if expected.is_empty() {
            expected = left;
        } else {
            assert_eq!(left, expected, "{threads} threads, inline: {inline}");
        }
    }
    INLINE.set(true);
}

#[test]
fn positions_too_far_apart_to_clip_draw_nothing_outside() {
    let mut scene = Scene::new(80, 32, 0);
    // Where the second edge meets the guard band, a float is off by more than the band is wide.
    let corners = [(1.0, 0.0), (2.0, 8.601_719e27), (3.0, -1.899_245e35)];
    scene.vertices(&corners.map(|(x, y)| vertex(x, y, RED)));
    scene.draw(4, 3);
    let frame = scene.show();
    let untouched = Scene::new(80, 32, 0).show();
    // Within the picture both long edges are upright, at 1 and at 2.
    for (x, y) in (0..80).flat_map(|x| (0..32).map(move |y| (x, y))).filter(|(x, _)| *x != 1) {
        assert_eq!(pixel(&frame, x, y), pixel(&untouched, x, y), "{x}, {y}");
    }
}

#[test]
fn points_have_limits_and_know_where_they_are() {
    let mut scene = Scene::new(80, 32, 0);
    scene.write(PaSuPointMinmax::with().min_size(64).max_size(128)); // diameters of 8 to 16
    // Sizes from vertices; r0 gets the place.
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
fn four_samples_lie_where_the_pixels_of_a_larger_surface_do() {
    let mut scene = Scene::new(80, 16, 2);
    // The right samples of pixel 8 and all of pixels 9 to 15.
    scene.vertices(&rectangle(8.5, 0.0, 16.0, 16.0, RED));
    scene.draw(8, 3);
    scene.write(surface(160, Msaa::X1));
    scene.width = 160;
    scene.scissor([0, 0, 160, 16]);
    let frame = scene.show();
    for x in 0..160 {
        // In blocks of four: the left samples of two pixels, then their right ones.
        let (column, is_right) = (x / 4 * 2 + x % 2, x / 2 % 2 == 1);
        let is_red = (9..16).contains(&column) || column == 8 && is_right;
        let expected = if is_red { 255 } else { 0 };
        assert_eq!(pixel(&frame, x, 3)[0], expected, "{x}");
    }
}

#[test]
fn planes_of_the_title_clip_unless_clipping_is_off() {
    for off in [false, true] {
        let mut scene = Scene::new(80, 16, 0);
        scene.write(PaClClipCntl::with().dx_clip_space_def(true).ucp_ena_1(true).clip_disable(off));
        scene.floats(PA_CL_UCP_1_X, &[-1.0, 0.0, 0.0, 40.0]); // x is at most 40
        scene.vertices(&rectangle(0.0, 0.0, 80.0, 16.0, RED));
        scene.draw(8, 3);
        let frame = scene.show();
        assert_eq!([39, 40].map(|x| pixel(&frame, x, 8)[0]), [255, if off { 255 } else { 0 }]);
    }
}
