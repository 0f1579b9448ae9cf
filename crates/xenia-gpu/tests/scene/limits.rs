//! Draws that would take too long are stopped, always at the same point.

use std::cell::Cell;

use super::scene::*;
use xenia_gpu::limits::{COPY_ROWS, DrawLimits, SHADER_STEPS};
use xenia_gpu::packets::{opcode, type3};

thread_local! {
    /// Cost limits of the scenes' draws.
    pub(crate) static LIMITS: Cell<DrawLimits> = Cell::new(DrawLimits::default());
}

/// Limits the costs of this thread's scenes while the result exists.
pub(crate) fn limited(limits: DrawLimits) -> SceneSetting<DrawLimits> {
    SceneSetting::new(&LIMITS, limits)
}

/// Exports the colour, then runs two nested loops that take all the steps of a run: 131,072.
const ENDLESS: &str = "
    alloc colors
    max oC0, r0, r0
    loop i0, out
    around:
    loop i0, done
    again:
    add r1, r1, r0
    endloop i0, again
    done:
    endloop i0, around
    out:
    nop";

/// Four rows of tiles, with pixels that use up all steps.
fn endless_scene() -> Scene {
    let mut scene = Scene::new(320, 64, 0);
    scene.set(0x4908, 255);
    scene.shader(1, ENDLESS);
    scene
}

/// Draws and returns the names and numbers of the problems.
fn draw(scene: &mut Scene, primitive: u32, count: u32) -> Vec<(String, u64)> {
    scene.words.extend([type3(opcode::DRAW_INDX_2, 1), primitive | 2 << 6 | count << 16]);
    scene.run_anyway();
    // Results of a draw on another thread are known once it has been waited for.
    scene.gpu.backend().edram();
    scene.gpu.statistics().problems.iter().map(|(name, count)| (name.clone(), *count)).collect()
}

/// Returns a function that returns whether a pixel of a surface of 320 pixels was drawn.
fn drawn(scene: &mut Scene) -> impl Fn(u32, u32) -> bool {
    let words = scene.gpu.backend().edram().unwrap();
    move |x, y| words[((x / 80 + y / 16 * 4) * 1280 + x % 80 + y % 16 * 80) as usize] != 0
}

#[test]
fn pixels_end_in_the_same_place_with_any_number_of_threads() {
    // Enough for two groups of eight by two pixels in each row of tiles.
    let _limits = limited(DrawLimits { band_steps: 1 << 18, ..DrawLimits::default() });
    for threads in [1, 3, 2] {
        let _threads = SceneSetting::new(&THREADS, threads);
        let mut scene = endless_scene();
        scene.vertices(&rectangle(0.0, 0.0, 320.0, 64.0, RED));
        let problems = draw(&mut scene, 8, 3);
        assert_eq!(problems, [(format!("limit reached: {SHADER_STEPS}"), 1)]);
        assert_eq!(scene.gpu.statistics().limits.get(SHADER_STEPS), Some(&1));
        let drawn = drawn(&mut scene);
        for (x, y) in (0..64).flat_map(|y| (0..320).map(move |x| (x, y))) {
            assert_eq!(drawn(x, y), x < 16 && y % 16 < 2, "{x} {y} with {threads} threads");
        }
    }
}

#[test]
fn draw_step_limit_is_split_over_tile_rows_of_each_batch() {
    // Enough for one group of pixels in each of four rows of tiles. The second batch, whose
    // triangles are all in the last row, gets no steps.
    let _limits = limited(DrawLimits { draw_steps: 1 << 19, ..DrawLimits::default() });
    for threads in [1, 3, 2] {
        let _threads = SceneSetting::new(&THREADS, threads);
        let mut scene = endless_scene();
        // A rectangle is two triangles; a batch has 1,024, of which the first two cover everything.
        let mut list = rectangle(0.0, 0.0, 320.0, 64.0, RED).to_vec();
        for _ in 0..511 {
            list.extend(rectangle(0.0, 0.0, 1.0, 1.0, RED));
        }
        list.extend(rectangle(160.0, 48.0, 176.0, 64.0, RED));
        scene.vertices(&list);
        let count = list.len() as u32;
        assert_eq!(draw(&mut scene, 8, count), [(format!("limit reached: {SHADER_STEPS}"), 1)]);
        let drawn = drawn(&mut scene);
        for (x, y) in (0..64).flat_map(|y| (0..320).map(move |x| (x, y))) {
            assert_eq!(drawn(x, y), x < 8 && y % 16 < 2, "{x} {y} with {threads} threads");
        }
    }
}

#[test]
fn vertex_programs_end_at_the_step_limit() {
    // The first group of sixteen uses the only step.
    let _limits = limited(DrawLimits { vertex_steps: 1, ..DrawLimits::default() });
    let mut scene = Scene::new(320, 16, 0);
    scene.set(0x2280, 64 | 64 << 16);
    let points: Vec<_> = (0..20).map(|i| vertex(i as f32 * 16.0 + 4.0, 8.0, RED)).collect();
    scene.vertices(&points);
    assert_eq!(draw(&mut scene, 1, 20), [(format!("limit reached: {SHADER_STEPS}"), 1)]);
    let drawn = drawn(&mut scene);
    for point in 0..20 {
        assert_eq!(drawn(point * 16 + 4, 8), point < 16, "{point}");
    }
}

#[test]
fn cancelled_backend_draws_nothing() {
    let mut scene = Scene::new(320, 16, 0);
    scene.gpu.cancel().unwrap().set();
    scene.vertices(&rectangle(0.0, 0.0, 320.0, 16.0, RED));
    assert_eq!(draw(&mut scene, 8, 3), []);
    assert!(!drawn(&mut scene)(8, 8));
}

#[test]
fn cancelled_backend_resolves_nothing() {
    let mut scene = Scene::new(80, 16, 0);
    scene.gpu.cancel().unwrap().set();
    scene.copy_rectangle();
    scene.set(RB_COLOR_CLEAR, 0xff00_8000);
    scene.write(RbCopyControl::with().copy_command(CopyCommand::Null).color_clear_enable(true));
    scene.write(RbModecontrol::with().edram_mode(EdramMode::Copy));
    assert_eq!(draw(&mut scene, 8, 3), []);
    assert!(!drawn(&mut scene)(8, 8));
}

#[test]
fn a_resolve_goes_once_around_the_edram() {
    // 102 adjacent tiles: 21 rows of them exceed the EDRAM, and so do 168 rows of pixels with four
    // samples.
    for (msaa, rows) in [(0, 336), (2, 168)] {
        let width = if msaa == 0 { 8160 } else { 4080 };
        let mut scene = Scene::new(width, rows + 8, msaa);
        for (height, problems) in
            [(rows, vec![]), (rows + 8, vec![(format!("limit reached: {COPY_ROWS}"), 1)])]
        {
            scene.height = height;
            scene.copy_rectangle();
            scene.set(RB_COLOR_CLEAR, 0xff00_8000);
            scene.write(RbCopyControl::with().copy_command(CopyCommand::Null).color_clear_enable(true));
            scene.write(RbModecontrol::with().edram_mode(EdramMode::Copy));
            assert_eq!(draw(&mut scene, 8, 3), problems, "{height}");
            let words = scene.gpu.backend().edram().unwrap();
            assert!(words.iter().all(|&word| word == 0xff00_8000), "it is all of it");
        }
    }
}
