//! Assembly of points, lines, loops and two-dimensional strips as well as polygons: indices in
//! packets, restarts, killed vertices and user clip planes.
//!
//! Corners lie as in the primitives family. Points and lines have sides at an even number of
//! sixteenths from them, which keeps these sides away from samples. Clip planes are along the axes,
//! at odd sixteenths, and cut squares only: where one meets a diagonal lies an exact sixteenth, and
//! diagonals pass through no sample.

use std::fmt::Write;
use std::ops::Range;

use rand::Rng;
use xenia_gpu::microcode::AssembleError;
use xenia_gpu::packets::{opcode, type3};

use super::primitives::{RECTANGLES, VERTEX_COUNT, added_draws, indexed};
use crate::scene::*;
use crate::{Backends, Choices, SceneDifference, SceneOutcome};

/// All types that can be drawn.
const TYPES: &[u32] = &[4, POINTS, 2, 3, 12, 21, 22, 5, 6, RECTANGLES, QUADS, QUAD_STRIPS, 15];
const POINTS: u32 = 1;
const QUADS: u32 = 13;
const QUAD_STRIPS: u32 = 14;
/// Types of squares, which clip planes may cut.
const SQUARES: &[u32] = &[QUADS, RECTANGLES, POINTS];
/// Depths of vertices that are killed or not.
const DEPTHS: [f32; 2] = [0.5, 0.625];

/// Vertex shader that kills vertices beyond a depth.
const KILLING_VS: &str = "
    vfetch r1.xyz1, r0.x, vf0, format=57, stride=7, offset=0
    vfetch r2.xyzw, r0.x, vf0, format=38, stride=7, offset=3
    sgt r3, r1.zzzz, c[0].xxxx
    alloc position
    max oPos, r1, r1
    max oPts.__z_, r3, r3
    alloc interpolators 1
    max o0, r2, r2";
/// Addition to a vertex shader that exports the size of points.
const SIZES: &str = "\nmax oPts.x, c[1], c[1]";

/// An odd number of sixteenths, within a range of pixels.
fn odd(rng: &mut Choices, pixels: Range<i32>) -> i32 {
    rng.random_range(pixels.start * 8..pixels.end * 8) * 2 + 1
}

/// Place whose diagonal passes through no sample: the coordinates of samples differ by multiples of
/// four sixteenths.
fn place(rng: &mut Choices, columns: Range<i32>, rows: Range<i32>) -> [f32; 2] {
    let x = odd(rng, columns);
    let y = odd(rng, rows);
    let y = if (x - y) % 4 == 0 { y + 2 } else { y };
    [x, y].map(|sixteenths| sixteenths as f32 / 16.0)
}

/// Corners of a square within the target.
fn square(scene: &SceneBuilder, rng: &mut Choices) -> [[f32; 2]; 4] {
    let [width, height] = [scene.width as i32, scene.height as i32];
    let side = rng.random_range(1..width.min(height) - 8);
    let [x, y] = place(rng, 4..width - 4 - side, 4..height - 4 - side);
    let side = side as f32;
    [[x, y], [x + side, y], [x + side, y + side], [x, y + side]]
}

/// Kind of a draw.
#[derive(Clone, Copy, Debug)]
struct AssembledDraw {
    primitive: u32,
    /// Clip planes cut the primitives, which are squares.
    clips: bool,
    restarts: bool,
    /// The vertex shader exports the size of points.
    has_sizes: bool,
}

impl AssembledDraw {
    fn any(rng: &mut Choices) -> Self {
        let any = rng.pick(TYPES);
        let clips = rng.chance(1, 4);
        let square = rng.pick(SQUARES);
        let restarts = rng.random();
        Self { primitive: if clips { square } else { any }, clips, restarts, has_sizes: rng.random() }
    }

    /// Places of vertices.
    fn places(self, scene: &SceneBuilder, rng: &mut Choices) -> Vec<[f32; 2]> {
        let [width, height] = [scene.width as i32, scene.height as i32];
        if self.clips && self.primitive == POINTS {
            return (0..VERTEX_COUNT).map(|_| place(rng, 6..width - 7, 6..height - 7)).collect();
        }
        if self.clips {
            let corners = if self.primitive == RECTANGLES { 3 } else { 4 };
            return (0..2).flat_map(|_| square(scene, rng).into_iter().take(corners)).collect();
        }
        // A rectangle's fourth corner may lie as far outside of the others as they are apart; lines
        // and points are up to six pixels wide.
        let inside = |rng: &mut Choices, end: i32, sixteenth: u32| {
            let inset = if self.primitive == RECTANGLES { 3 + (end - 5) / 3 } else { 6 };
            rng.random_range(inset..end - 1 - inset) as f32 + sixteenth as f32 / 16.0
        };
        let down = rng.random_range(0..8) * 2 + 1;
        let vertices = 0..VERTEX_COUNT;
        vertices.map(|i| [inside(rng, width, i * 2 + 1), inside(rng, height, down)]).collect()
    }

    fn vertices(self, scene: &SceneBuilder, rng: &mut Choices) -> Vec<[f32; 7]> {
        let places = self.places(scene, rng);
        // A little above a level: hosts that blend need not round to the nearest.
        let level = |rng: &mut Choices| (rng.random_range(0..40_u32) as f32 + 0.25) / 255.0;
        let vertex = |[x, y]: [f32; 2]| {
            let depth = DEPTHS[usize::from(rng.chance(1, 8))];
            [x, y, depth, level(rng), level(rng), level(rng), level(rng)]
        };
        places.into_iter().map(vertex).collect()
    }

    /// Draws with indices in the packet.
    fn inline(self, scene: &mut SceneBuilder, rng: &mut Choices, note: &mut String) {
        let count = rng.random_range(1..40_u32);
        let reset = rng.pick(&[0xffff, 3]);
        let offset = rng.random_range(0..4);
        let indices: Vec<u32> = (0..count)
            .map(|_| {
                let index = rng.random_range(0..VERTEX_COUNT - 3);
                if self.restarts && rng.random_ratio(1, 8) { reset } else { index }
            })
            .collect();
        let is_wide = rng.random::<bool>();
        let words: Vec<u32> = if is_wide {
            indices.clone()
        } else {
            indices.chunks(2).map(|pair| pair[0] | pair.get(1).copied().unwrap_or(0) << 16).collect()
        };
        scene.write(VgtMultiPrimIbResetIndx::with().reset_indx(reset));
        scene.write(VgtIndxOffset::with().indx_offset(offset));
        let initiator = self.primitive | 1 << 6 | u32::from(is_wide) << 11 | count << 16;
        scene.words.extend([type3(opcode::DRAW_INDX_2, 1 + words.len() as u32), initiator]);
        scene.words.extend(words);
        let _ = write!(note, "in the packet: reset {reset:x}, offset {offset}, wide: {is_wide}, {indices:?}");
    }

    /// Sets random killing, clipping and sizes.
    fn set_state(
        self,
        scene: &mut SceneBuilder,
        rng: &mut Choices,
        note: &mut String,
    ) -> Result<(), AssembleError> {
        let kills = rng.chance(1, 4);
        let mode = rng.pick(&[VertexExportMode::Kill, VertexExportMode::EdgeKill]);
        let any = rng.random::<bool>();
        let _ = write!(note, "kills: {kills}, by any: {any}, ");
        let mode = if kills { mode } else { VertexExportMode::Position };
        scene.write(SqProgramCntl::with().vs_export_mode(mode));
        scene.shader(0, &format!("{KILLING_VS}{}", if self.has_sizes { SIZES } else { "" }))?;
        scene.constant(0, [f32::midpoint(DEPTHS[0], DEPTHS[1]); 4]);
        let disabled = PaClClipCntl::with().clip_disable(true);
        let control = if self.clips { clip_planes(scene, rng, note) } else { disabled };
        scene.write(control.dx_clip_space_def(true).vtx_kill_or(any));
        let [line, width, height] = [0; 3].map(|_: u32| 2 * rng.between(1, 24) as u32);
        // Points that clip planes cut are squares, too.
        let height = if self.clips { width } else { height };
        scene.write(PaSuLineCntl::with().width(line));
        scene.write(PaSuPointSize::with().width(width).height(height));
        scene.write(PaSuPointMinmax::with().min_size(0).max_size(0xffff));
        scene.constant(1, [width as f32 / 8.0; 4]);
        let _ = write!(note, "half sizes {line}, {width} x {height}, ");
        Ok(())
    }
}

/// Sets random clip planes along the axes.
fn clip_planes(scene: &mut SceneBuilder, rng: &mut Choices, note: &mut String) -> With<PaClClipCntl> {
    let ends = [scene.width as i32, scene.height as i32];
    for plane in 0..2 {
        let axis = rng.below(2) as usize;
        let place = odd(rng, 0..ends[axis]) as f32 / 16.0;
        let sign = rng.pick(&[1.0_f32, -1.0]);
        let mut values = [0.0; 4];
        values[axis] = sign;
        values[3] = -sign * place;
        scene.floats(PA_CL_UCP_0_X + 4 * plane, &values);
        let _ = write!(note, "plane {values:?}, ");
    }
    let is_second = rng.random();
    let culls = rng.random_ratio(1, 8);
    let _ = write!(note, "second: {is_second}, only culls: {culls}, ");
    PaClClipCntl::with().ucp_ena_0(true).ucp_ena_1(is_second).ucp_cull_only_ena(culls)
}

fn draw(scene: &mut SceneBuilder, rng: &mut Choices) -> Result<String, AssembleError> {
    let assembled = AssembledDraw::any(rng);
    let AssembledDraw { primitive, clips, restarts, .. } = assembled;
    let mut note = format!("{assembled:?}, ");
    assembled.set_state(scene, rng, &mut note)?;
    let vertices = assembled.vertices(scene, rng);
    scene.vertices(&vertices);
    let mode = PaSuScModeCntl::with()
        .face(rng.random())
        .msaa_enable(rng.random())
        .provoking_vtx_last(rng.random())
        .multi_prim_ib_ena(restarts)
        .vtx_window_offset_enable(rng.random())
        .done();
    scene.set(PaSuScModeCntl::INDEX, mode.raw());
    let offset = [0; 2].map(|_: u32| rng.random_range(-3..=3));
    scene.write(PaScWindowOffset::with().window_x_offset(offset[0]).window_y_offset(offset[1]));
    let _ = write!(note, "mode {:08x}, moved by {offset:?}, ", mode.raw());
    let _ = write!(note, "vertices {:?}, ", vertices.iter().map(|v| [v[0], v[1], v[2]]).collect::<Vec<_>>());
    match rng.below(3) {
        // Corners of several squares make other shapes.
        1 if !clips => assembled.inline(scene, rng, &mut note),
        2 if !clips => indexed(scene, rng, primitive, restarts, &mut note),
        _ => {
            scene.write(VgtIndxOffset::with().indx_offset(0));
            scene.draw(primitive, vertices.len() as u32);
        }
    }
    Ok(note)
}

pub(super) fn case(
    backends: &mut Backends<'_>,
    choices: &mut Choices,
) -> Result<SceneOutcome, SceneDifference> {
    added_draws(backends, choices, 2..4, draw)
}
