//! Draws that the reference makes for the device, between draws that the device makes: memory
//! exports, tessellated patches, polygons as lines or points, and biases that differ by face; and
//! surveys, with draws that depend on them.
//!
//! Both backends run the same code for the former, so results are equal where the EDRAM was before.
//! The others have flat colours and depths, as in the passes family.

use std::fmt::Write;

use rand::Rng;
use xenia_gpu::microcode::AssembleError;
use xenia_gpu::packets::{opcode, type3};

use super::passes::{PassSurface, contents, draw, prepare};
use super::targets;
use crate::scene::*;
use crate::{Backends, Choices, SceneDifference, SceneOutcome};

/// Memory that shaders write.
const TABLE: u32 = 0x4_0000;
/// Layouts of a stream in big-endian words: four floats or one.
const LAYOUTS: &[u32] = &[38 << 8 | 7 << 16 | 2, 36 << 8 | 7 << 16 | 2];
/// Exponent of floats whose low bits are a stream's fields.
const FIELDS: u32 = 0x4b00_0000;
/// Type of quadrilateral patches.
const PATCHES: u32 = 18;
/// Flag of a packet: the end of a query, or a draw that depends on one.
const FLAG: u32 = 0x100;

/// Vertex shader that draws and exports positions to memory.
const EXPORTING_VS: &str = "
    vfetch r1.xyz1, r0.x, vf0, format=57, stride=7, offset=0
    alloc memory 1
    mad eA, r0.x, c[1], c[0]
    add eM0, r1, c[2]
    alloc position
    max oPos, r1, r1
    alloc interpolators 1
    max o0, r1, r1";
/// Vertex shader that places points u (r0.y), v (r0.z) of patch r0.x beside each other.
const PATCH_VS: &str = "
    mul r5.xy, r0.yzzz, c[0].xyyy
    mad r5.x, r0.x, c[0].x, r5.x
    alloc position
    max oPos.xy01, r5, r5
    alloc interpolators 1
    max o0, r5, r5";

/// Kind of a draw.
#[derive(Clone, Copy, Debug)]
enum FallbackKind {
    Export,
    Patches,
    Fills,
    Biases,
}

/// Draws primitives whose vertices are also written to memory.
fn export(scene: &mut SceneBuilder, rng: &mut Choices, note: &mut String) -> Result<(), AssembleError> {
    let layout = rng.pick(LAYOUTS);
    let count = rng.random_range(1..16);
    let stream = [1 << 30 | TABLE >> 2, FIELDS, FIELDS | layout, FIELDS | count];
    for (register, word) in (FLOAT_CONSTANTS..).zip(stream) {
        scene.set(register, word);
    }
    scene.constant(1, [0.0, 1.0, 0.0, 0.0]);
    scene.constant(2, [0.25, 0.5, 1.0, 2.0]);
    let _ = write!(note, "layout {layout:x}, {count} elements, ");
    scene.shader(0, EXPORTING_VS)?;
    targets::primitives(scene, rng, 1, false, note);
    Ok(())
}

/// Draws tessellated patches.
fn patches(scene: &mut SceneBuilder, rng: &mut Choices, note: &mut String) -> Result<(), AssembleError> {
    let mode = rng.pick(&[TessellationMode::Discrete, TessellationMode::Continuous]);
    let level = rng.between(0, 36) as f32 / 4.0;
    let count = rng.between(1, 3) as u32;
    let color = [0; 4].map(|_: u32| rng.between(0, 32) as f32 / 32.0);
    let _ = write!(note, "{mode:?}, level {level}, {count} patches of {color:?}");
    scene.write(VgtOutputPathCntl::with().path_select(1));
    scene.write(VgtHosCntl::with().tess_mode(mode));
    scene.floats(VGT_HOS_MAX_TESS_LEVEL, &[level]);
    scene.floats(VGT_HOS_MIN_TESS_LEVEL, &[0.0]);
    scene.constant(0, [scene.width as f32 / count as f32, scene.height as f32, 0.0, 0.0]);
    scene.constant(256, color);
    scene.shader(0, PATCH_VS)?;
    scene.draw(PATCHES, count);
    scene.write(VgtOutputPathCntl::with().path_select(0));
    Ok(())
}

/// Draws polygons as lines or points.
fn fills(scene: &mut SceneBuilder, rng: &mut Choices, note: &mut String) {
    let kinds =
        [0; 2].map(|_: u32| rng.pick(&[PolygonFill::Lines, PolygonFill::Points, PolygonFill::Triangles]));
    let mode = PaSuScModeCntl::with()
        .poly_mode(1)
        .polymode_front_ptype(kinds[0])
        .polymode_back_ptype(kinds[1])
        .face(rng.random())
        .msaa_enable(rng.random());
    scene.write(mode);
    let [line, width, height] = [0; 3].map(|_: u32| rng.between(1, 64) as u32);
    scene.write(PaSuLineCntl::with().width(line));
    scene.write(PaSuPointSize::with().width(width).height(height));
    let _ = write!(note, "fills {kinds:?}, half sizes {line}, {width} x {height}, ");
    targets::primitives(scene, rng, 1, false, note);
}

/// Draws with biases that are never those of the other face.
fn biases(scene: &mut SceneBuilder, rng: &mut Choices, note: &mut String) {
    let [front, back] = rng.pick(&[[true, true], [true, false], [false, true]]);
    let mode = PaSuScModeCntl::with()
        .poly_offset_front_enable(front)
        .poly_offset_back_enable(back)
        .face(rng.random())
        .msaa_enable(rng.random());
    scene.write(mode);
    let slopes = [0; 2].map(|_: u32| rng.between(-64, 64) as f32 / 16.0);
    let constant = rng.between(1, 64) as f32 / 1024.0;
    scene.floats(PA_SU_POLY_OFFSET_FRONT_SCALE, &[slopes[0], constant]);
    scene.floats(PA_SU_POLY_OFFSET_BACK_SCALE, &[slopes[1], -constant]);
    let _ = write!(note, "biases: front {front}, back {back}, slopes {slopes:?}, constant {constant}, ");
    targets::primitives(scene, rng, 1, false, note);
}

/// Makes one draw of a kind.
fn fall_back(scene: &mut SceneBuilder, rng: &mut Choices, to: &PassSurface) -> Result<String, AssembleError> {
    use FallbackKind::{Biases, Export, Fills, Patches};
    let kind = rng.pick(&[Export, Patches, Fills, Biases]);
    let mut note = format!("{kind:?} to ");
    prepare(scene, rng, to, &mut note)?;
    match kind {
        Export => export(scene, rng, &mut note)?,
        Patches => patches(scene, rng, &mut note)?,
        Fills => fills(scene, rng, &mut note),
        Biases => biases(scene, rng, &mut note),
    }
    scene.shader(0, COLORED_VS)?;
    Ok(note)
}

/// Makes a draw that a survey asks about, and that may be left out of the target.
fn survey(
    scene: &mut SceneBuilder,
    rng: &mut Choices,
    to: &PassSurface,
    id: u32,
) -> Result<String, AssembleError> {
    let is_culled = rng.random();
    let tests_depth = rng.random::<bool>();
    scene.words.extend([type3(opcode::VIZ_QUERY, 1), id]);
    scene.write(RbHizcontrol::with().hi_z_enable(tests_depth));
    let register = PaScVizQuery::with().viz_query_ena(true).viz_query_id(id);
    scene.write(register.kill_pix_post_hi_z(is_culled));
    let note = draw(scene, rng, to)?;
    // Again after a restart: surveys have the same numbers in each scene, so the first may have the
    // result of another scene.
    let packet = scene.words.split_off(scene.words.len().saturating_sub(2));
    scene.words.extend_from_slice(&packet);
    scene.words.extend([type3(opcode::VIZ_QUERY, 1), id]);
    scene.words.extend(packet);
    scene.write(PaScVizQuery::with());
    scene.words.extend([type3(opcode::VIZ_QUERY, 1), FLAG | id]);
    Ok(format!("survey {id}, culled: {is_culled}, depth: {tests_depth}, {note}"))
}

/// Makes a draw that depends on a survey.
fn dependent(
    scene: &mut SceneBuilder,
    rng: &mut Choices,
    to: &PassSurface,
    id: u32,
) -> Result<String, AssembleError> {
    let note = draw(scene, rng, to)?;
    // In place of the packet, which is the last and has no token.
    let initiator = scene.words.pop().unwrap_or(0);
    scene.words.pop();
    scene.words.extend([type3(opcode::DRAW_INDX, 2), FLAG | id, initiator]);
    Ok(format!("depends on {id}: {note}"))
}

pub(super) fn case(
    backends: &mut Backends<'_>,
    choices: &mut Choices,
) -> Result<SceneOutcome, SceneDifference> {
    let failed = |error: AssembleError| SceneDifference(error.to_string());
    let begin = contents(choices.below(1000));
    let mut pair = backends.pair(80, 16, Msaa::X1, Some(&begin))?;
    let to = PassSurface::any(choices);
    let mut history = String::new();
    for _ in 0..choices.between(2, 5) {
        let note = match choices.below(5) {
            0 | 1 => pair.each(choices, |scene, choices| draw(scene, choices, &to))?.map_err(failed)?,
            2 | 3 => pair.each(choices, |scene, choices| fall_back(scene, choices, &to))?.map_err(failed)?,
            _ => {
                let id = choices.below(64);
                let surveyed =
                    pair.each(choices, |scene, choices| survey(scene, choices, &to, id))?.map_err(failed)?;
                let drawn = pair
                    .each(choices, |scene, choices| dependent(scene, choices, &to, id))?
                    .map_err(failed)?;
                format!("{surveyed}\n{drawn}")
            }
        };
        let _ = writeln!(history, "{note}");
    }
    let is_same = pair.compare(&[], &history)? == begin;
    Ok(if is_same { SceneOutcome::NoEffect } else { SceneOutcome::Same })
}
