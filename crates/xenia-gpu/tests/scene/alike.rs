//! Results must not depend on the number of draw threads, or on whether a scene is drawn or played
//! from a trace.

use super::super::scene::*;
use super::*;
use xenia_testing::{Dice, is_long};

/// Draws thousands of blended triangles of random position, depth and colour over a large surface,
/// with a depth surface that starts at a tile. `change` modifies the state.
fn crowd(msaa: u32, depth_tile: u32, change: impl Fn(&mut Scene)) {
    let width = 320;
    let height = 192;
    let mut scene = Scene::new(width, height, msaa);
    scene.write(RbDepthInfo::with().depth_base(depth_tile));
    scene.write(depth(Compare::GreaterEqual));
    scene.write(alpha_blending());
    change(&mut scene);
    let mut dice = Dice(5);
    let mut next = |limit: u32| (dice.next() >> 48) as f32 / 65536.0 * limit as f32;
    // More triangles than fit into one batch, and each batch covers a large area.
    for _ in 0..2 {
        let vertices: Vec<_> = (0..2001)
            .map(|i| {
                let x = next(48);
                let y = next(40);
                [x + (i * 7 % 290) as f32, y + (i / 12) as f32, next(1), next(1), next(1), next(1), next(1)]
            })
            .collect();
        scene.vertices(&vertices);
        scene.draw(4, 2001);
    }
    scene.draw(6, 2001);
    scene.show();
}

/// Step between the scenes that a normal run draws.
const USUAL: usize = 4;

/// Number of combinations of threads and modes that a normal run tests.
const USUAL_WAYS: usize = 4;

/// Every scene in a long run, one in [`USUAL`] otherwise.
fn scenes() -> impl Iterator<Item = &'static fn()> {
    SCENES.iter().step_by(if is_long() { 1 } else { USUAL })
}

/// Scenes of other tests to run again.
const SCENES: &[fn()] = &[
    a_rectangle_covers_its_pixels_and_no_others,
    colors_are_interpolated_between_corners,
    every_triangle_primitive_fills_the_same_square,
    the_nearer_triangle_wins_and_stencil_counts,
    blending_and_alpha_test_follow_the_registers,
    samples::alpha_to_mask_draws_samples_in_proportion_to_alpha,
    clipping::clip_planes_of_the_title_cut_or_take_away,
    textures_are_sampled_where_the_coordinates_say,
    indices_come_in_both_sizes_with_restarts_and_offsets,
    clipping::perspective_and_clipping_in_front_of_the_eye,
    samples::a_fast_clear_through_four_samples_fills_single_samples,
    a_resolve_can_clear_its_source,
    random_state_draws_without_a_panic,
    memory_export::vertices_write_a_table_and_draw_nothing,
    memory_export::lanes_export_what_they_have_written,
    memory_export::pixels_export_in_the_order_they_are_drawn_in,
    memory_export::next_draw_reads_exported_memory,
    polygon_fill::lines_are_drawn_where_a_polygon_has_its_border,
    tessellation::edges_have_separate_levels,
    vertices::pixels_that_are_covered_in_part_may_be_interpolated_within,
];

#[test]
fn recorded_scenes_replay_identically() {
    let _record = SceneSetting::new(&RECORD, true);
    for inline in [true, false] {
        let _inline = SceneSetting::new(&INLINE, inline);
        for scene in scenes() {
            scene();
        }
        if is_long() || !inline {
            crowd(2, 9, |_| {});
        }
    }
}

#[test]
fn rendering_is_independent_of_draw_threads() {
    let changes: [&dyn Fn(u32); 5] = [
        &|msaa| crowd(msaa, 1024, |_| {}),
        // The depth surface lies under later rows of the colour surface.
        &|msaa| crowd(msaa, 9, |_| {}),
        // The surface is wider than its pitch, or ends where the EDRAM does.
        &|msaa| crowd(msaa, 1024, |scene| scene.write(surface(160, Msaa::from_bits(msaa)))),
        &|msaa| crowd(msaa, 2040, |scene| scene.write(RbColorInfo::with().color_base(2030))),
        // A counting stencil, 16_16_16_16 colours, alpha test.
        &|msaa| {
            crowd(msaa, 1024, |scene| {
                scene.write(RbColorInfo::with().color_format(ColorTargetFormat::Rgba16));
                let counting = depth(Compare::GreaterEqual).stencil_enable(true).stencilfunc(Compare::Always);
                scene.write(counting.stencilzpass(StencilOp::IncrementClamp));
                scene.write(RbColorcontrol::with().alpha_test_enable(true).alpha_func(Compare::Greater));
                scene.floats(RB_ALPHA_REF, &[0.25]);
            });
        },
    ];
    // A usual run has each change with one number of samples.
    let crowds = || {
        for (change, number) in changes.iter().zip(0..) {
            (0..3).filter(|&msaa| is_long() || number % 3 == msaa).for_each(change);
        }
    };
    let mut expected = Vec::new();
    let every = super::super::WAYS.len().min(if is_long() { usize::MAX } else { USUAL_WAYS });
    for &(threads, inline) in &super::super::WAYS[..every] {
        let _threads = SceneSetting::new(&THREADS, threads);
        let _inline = SceneSetting::new(&INLINE, inline);
        LEFT.set(Some(Vec::new()));
        for scene in scenes() {
            scene();
        }
        crowds();
        let left = LEFT.take().unwrap();
        assert!(left.len() > if is_long() { 25 } else { 5 }, "{}", left.len());
        if expected.is_empty() {
            expected = left;
        } else {
            assert_eq!(left, expected, "{threads} threads, inline: {inline}");
        }
    }
}
