//! Primitives of all types with random vertices: indexed or not, with restart, index offset,
//! culling and flat colours.
//!
//! No edge passes through a sample, because hosts differ on which triangle such a sample belongs
//! to: corners lie at odd sixteenths of a pixel, samples at even ones, and between any two corners
//! the horizontal distance has fewer factors of two than the vertical one.
//!
//! Colours are added, so that double coverage, or another order of corners, is visible.

use std::fmt::Write;
use std::ops::Range;

use rand::Rng;
use xenia_gpu::PhysicalMemory;
use xenia_gpu::microcode::AssembleError;
use xenia_gpu::packets::{opcode, type3};

use crate::scene::*;
use crate::{Backends, Choices, SceneDifference, SceneOutcome};

/// Triangle lists, fans and strips, rectangles, quads, strips of quads, polygons.
const TYPES: &[u32] = &[4, 5, 6, RECTANGLES, 13, 14, 15];
pub(super) const RECTANGLES: u32 = 8;
/// Vertices in the buffer.
pub(super) const VERTEX_COUNT: u32 = 8;

/// Writes the indices of a draw to memory, and draws.
pub(super) fn indexed(
    scene: &mut SceneBuilder,
    rng: &mut Choices,
    primitive: u32,
    restarts: bool,
    note: &mut String,
) {
    let count = rng.random_range(1..40_u32);
    let reset = [0xffff, 0xffff, 3][rng.random_range(0..3)];
    let offset = rng.random_range(0..4);
    let indices: Vec<u32> = (0..count)
        .map(|_| {
            if restarts && rng.random_ratio(1, 8) {
                reset
            } else {
                rng.random_range(0..VERTEX_COUNT - offset.min(3))
            }
        })
        .collect();
    let is_wide = rng.random::<bool>();
    let is_swapped = rng.random::<bool>();
    let mut bytes = Vec::new();
    for &index in &indices {
        match (is_wide, is_swapped) {
            (true, true) => bytes.extend(index.to_be_bytes()),
            (true, false) => bytes.extend(index.to_le_bytes()),
            (false, true) => bytes.extend((index as u16).to_be_bytes()),
            (false, false) => bytes.extend((index as u16).to_le_bytes()),
        }
    }
    scene.memory.write(INDICES, &bytes);
    scene.write(VgtMultiPrimIbResetIndx::with().reset_indx(reset & 0xff_ffff));
    scene.write(VgtIndxOffset::with().indx_offset(offset));
    let endian: u32 = match (is_wide, is_swapped) {
        (_, false) => 0,
        (true, true) => 2,
        (false, true) => 1,
    };
    let initiator = primitive | u32::from(is_wide) << 11 | count << 16;
    scene.words.extend([type3(opcode::DRAW_INDX, 4), 0, initiator, INDICES, endian << 30 | count]);
    let _ =
        write!(note, "reset {reset:x}, offset {offset}, wide: {is_wide}, swapped: {is_swapped}, {indices:?}");
}

fn draw(scene: &mut SceneBuilder, rng: &mut Choices) -> String {
    let width = scene.width;
    let height = scene.height;
    let primitive = rng.pick(TYPES);
    // Within the target: hosts that clip primitives at its border move their edges a little. The
    // fourth corner of a rectangle may lie as far outside of the other three as these are apart.
    let place = |rng: &mut Choices, end: u32, sixteenth: u32| {
        let end = end as i32;
        let inset = if primitive == RECTANGLES { (end - 5) / 3 } else { 0 };
        (rng.random_range(3 + inset..end - 4 - inset) * 16 + sixteenth as i32) as f32 / 16.0
    };
    let down = rng.random_range(0..8) * 2 + 1;
    // A little above a level: hosts that blend need not round to the nearest.
    let level = |rng: &mut Choices| (rng.random_range(0..40_u32) as f32 + 0.25) / 255.0;
    let vertices: Vec<[f32; 7]> = (0..VERTEX_COUNT)
        .map(|vertex| {
            let x = place(rng, width, vertex * 2 + 1);
            let y = place(rng, height, down);
            [x, y, 0.5, level(rng), level(rng), level(rng), level(rng)]
        })
        .collect();
    scene.vertices(&vertices);
    let restarts = rng.random();
    let mode = PaSuScModeCntl::with()
        .cull_front(rng.random_ratio(1, 8))
        .cull_back(rng.random_ratio(1, 8))
        .face(rng.random())
        .msaa_enable(rng.random())
        .provoking_vtx_last(rng.random())
        .multi_prim_ib_ena(restarts)
        .vtx_window_offset_enable(rng.random())
        .done();
    scene.set(PaSuScModeCntl::INDEX, mode.raw());
    let offset = [0; 2].map(|_: u32| rng.random_range(-3..=3));
    scene.write(PaScWindowOffset::with().window_x_offset(offset[0]).window_y_offset(offset[1]));
    let is_centered = rng.random();
    scene.write(PaSuVtxCntl::with().pix_center(is_centered));
    let mut note = format!(
        "primitive {primitive}, mode {:08x}, moved by {offset:?}, centred: {is_centered}, ",
        mode.raw()
    );
    let _ = write!(note, "vertices {:?}, ", vertices.iter().map(|v| [v[0], v[1]]).collect::<Vec<_>>());
    if rng.random() {
        indexed(scene, rng, primitive, restarts, &mut note);
    } else {
        let count = rng.random_range(1..=VERTEX_COUNT);
        let _ = write!(note, "{count} of them");
        scene.write(VgtIndxOffset::with().indx_offset(0));
        scene.draw(primitive, count);
    }
    note
}

pub(super) fn case(
    backends: &mut Backends<'_>,
    choices: &mut Choices,
) -> Result<SceneOutcome, SceneDifference> {
    added_draws(backends, choices, 1..4, |scene, rng| Ok(draw(scene, rng)))
}

/// Makes one to four draws, whose colours are added, on a target of at least `sixteens.start` times
/// 16 rows.
pub(super) fn added_draws(
    backends: &mut Backends<'_>,
    choices: &mut Choices,
    sixteens: Range<u32>,
    draw: impl Fn(&mut SceneBuilder, &mut Choices) -> Result<String, AssembleError>,
) -> Result<SceneOutcome, SceneDifference> {
    let msaa = choices.pick(Msaa::VALUES);
    let width = choices.random_range(1..4) * 40;
    let height = choices.random_range(sixteens) * 16;
    let mut pair = backends.pair(width, height, msaa, None)?;
    pair.each(choices, |scene, _| {
        scene.write(SqInterpolatorCntl::with().param_shade(0xfffe));
        scene.write(blend(BlendFactor::One, BlendFactor::One));
    })?;
    let mut is_drawn = false;
    for _ in 0..choices.between(1, 4) {
        let note = pair.each(choices, &draw)?.map_err(|error| SceneDifference(error.to_string()))?;
        let words = pair.compare(&[], &format!("{msaa:?}, {note}"))?;
        is_drawn = words.iter().any(|word| *word != 0);
    }
    Ok(if is_drawn { SceneOutcome::Same } else { SceneOutcome::NoEffect })
}
