//! Tests of conditional rendering: draws that depend on whether others would be visible.

use super::super::scene::*;
use xenia_gpu::PhysicalMemory;
use xenia_gpu::packets::{opcode, type3};

/// Flag of a packet: the end of a query, or a draw that depends on one.
const FLAG: u32 = 0x100;
/// Depth tests: always and less or equal, both with writes; none.
const FILL: u32 = 2 | 4 | 7 << 4;
const TEST: u32 = 2 | 4 | 3 << 4;
const OFF: u32 = 0;
/// Depths of surveys, before and behind the left half of the scene.
const NEAR: f32 = 0.25;
const FAR: f32 = 0.75;
const WHITE: [f32; 4] = [1.0; 4];

/// Pixels of a draw: left, top, right, bottom.
type Area = [u32; 4];

/// Scene whose left half is at depth 0.5, the right one at 1; both are black. All packets of a test
/// are one run of the processor.
fn scene(msaa: u32) -> Scene {
    let mut scene = Scene::new(160, 32, msaa);
    scene.set(RbHizcontrol::INDEX, 2);
    scene.set(RbDepthcontrol::INDEX, FILL);
    draw(&mut scene, 0, [0, 0, 160, 32], 1.0, [0.0, 0.0, 0.0, 1.0]);
    draw(&mut scene, 0, [0, 0, 80, 32], 0.5, [0.0, 0.0, 0.0, 1.0]);
    scene
}

/// Draws a rectangle with a token. Draws of a run have vertices of their own, which begin by the
/// number of words before: each draw has at least seven.
fn draw(scene: &mut Scene, token: u32, area: Area, z: f32, color: [f32; 4]) {
    let vertices = VERTICES + 12 * scene.words.len() as u32;
    let [left, top, right, bottom] = area.map(|edge| edge as f32);
    let corners =
        rectangle(left, top, right, bottom, color).map(|[x, y, _, r, g, b, a]| [x, y, z, r, g, b, a]);
    for (address, value) in (vertices..).step_by(4).zip(corners.as_flattened()) {
        scene.memory.write_u32(address, value.to_bits());
    }
    scene.set(FETCH_CONSTANTS, vertices | 3);
    scene.set(FETCH_CONSTANTS + 1, 2 | 21 << 2);
    scene.words.extend([type3(opcode::DRAW_INDX, 2), token, 8 | 2 << 6 | 3 << 16]);
}

fn query(scene: &mut Scene, word: u32) {
    scene.words.extend([type3(opcode::VIZ_QUERY, 1), word]);
}

/// Surveys white rectangles at a depth with a query, and draws them unless `is_culled`.
fn survey(scene: &mut Scene, id: u32, is_culled: bool, areas: &[Area], z: f32) {
    query(scene, id);
    scene.set(RbDepthcontrol::INDEX, TEST);
    let register = PaScVizQuery::with().viz_query_ena(true).viz_query_id(id);
    scene.write(register.kill_pix_post_hi_z(is_culled));
    for area in areas {
        draw(scene, 0, *area, z, WHITE);
    }
    scene.write(PaScVizQuery::with());
    scene.set(RbDepthcontrol::INDEX, OFF);
    query(scene, FLAG | id);
}

/// Draws a green square for each token, and returns which ones appeared.
fn dependent(scene: &mut Scene, tokens: &[u32]) -> Vec<bool> {
    for (x, token) in (0..).step_by(8).zip(tokens) {
        draw(scene, *token, [x, 16, x + 8, 24], 0.0, GREEN);
    }
    scene.set(RbDepthcontrol::INDEX, OFF);
    let frame = scene.show();
    let at = |x: u32| pixel(&frame, x, 20) == [0, 255, 0, 255];
    (0..tokens.len() as u32).map(|place| at(place * 8 + 4)).collect()
}

#[test]
fn draws_are_skipped_if_their_survey_is_invisible() {
    for msaa in 0..3 {
        let mut scene = scene(msaa);
        survey(&mut scene, 1, true, &[[8, 0, 16, 8]], FAR);
        survey(&mut scene, 2, true, &[[8, 0, 16, 8]], NEAR);
        // A column of one pixel is not behind the left half.
        survey(&mut scene, 3, true, &[[72, 0, 81, 8]], FAR);
        survey(&mut scene, 4, true, &[[72, 0, 80, 8]], FAR);
        // The second of two draws.
        survey(&mut scene, 5, true, &[[8, 0, 16, 8], [88, 0, 96, 8]], FAR);
        survey(&mut scene, 63, true, &[], NEAR);
        let tokens = [1, 2, 3, 4, 5, 63, 62].map(|id| FLAG | id);
        let drawn = dependent(&mut scene, &[&tokens[..], &[1]].concat());
        assert_eq!(drawn, [false, true, true, false, true, false, true, true], "{msaa}");
        assert_eq!(scene.gpu.statistics().hidden_draws, 3);
    }
}

#[test]
fn surveys_leave_no_trace_unless_they_are_drawn() {
    for msaa in 0..3 {
        let mut scene = scene(msaa);
        survey(&mut scene, 1, true, &[[8, 0, 16, 8]], NEAR);
        survey(&mut scene, 2, false, &[[8, 0, 16, 4]], NEAR);
        survey(&mut scene, 3, false, &[[24, 0, 32, 8]], FAR);
        // Only the depth of the second query's rectangle is nearer than this.
        scene.set(RbDepthcontrol::INDEX, TEST);
        draw(&mut scene, 0, [0, 0, 40, 8], 0.375, BLUE);
        assert_eq!(dependent(&mut scene, &[1, 2, 3].map(|id| FLAG | id)), [true, true, false]);
        let frame = scene.show();
        for (x, y) in (0..8).flat_map(|y| (0..40).map(move |x| (x, y))) {
            let is_white = (8..16).contains(&x) && y < 4;
            let expected = if is_white { [255; 4] } else { [0, 0, 255, 255] };
            assert_eq!(pixel(&frame, x, y), expected, "{x} {y} at {msaa}");
        }
    }
}

#[test]
fn without_a_hierarchical_buffer_all_that_is_covered_is_visible() {
    let mut scene = scene(0);
    scene.set(RbHizcontrol::INDEX, 0);
    survey(&mut scene, 1, true, &[[8, 0, 16, 8]], FAR);
    survey(&mut scene, 2, true, &[[8, 8, 8, 8]], FAR);
    assert_eq!(dependent(&mut scene, &[FLAG | 1, FLAG | 2]), [true, false]);
}

#[test]
fn surveys_add_no_samples_to_reports() {
    let samples = |is_culled: bool| {
        let mut scene = scene(0);
        scene.run();
        let before = scene.gpu.backend().samples_passed().unwrap();
        survey(&mut scene, 1, is_culled, &[[8, 0, 16, 8]], NEAR);
        scene.run();
        scene.gpu.backend().samples_passed().unwrap() - before
    };
    assert_eq!([true, false].map(samples), [0, 64]);
}

#[test]
fn a_query_is_surveyed_again_and_again() {
    let mut scene = scene(0);
    let mut drawn = Vec::new();
    for round in 0..70 {
        let z = if round % 3 == 0 { FAR } else { NEAR };
        let id = round % 64;
        survey(&mut scene, id, true, &[[8, 0, 16, 8]], z);
        draw(&mut scene, FLAG | id, [round, 16, round + 1, 24], 0.0, GREEN);
        drawn.push(round % 3 != 0);
    }
    let frame = scene.show();
    let found: Vec<_> = (0..70).map(|x| pixel(&frame, x, 20)[1] == 255).collect();
    assert_eq!(found, drawn);
}
