//! Triangles, rectangles, quads, lines and points with smooth, flat and centroid attributes,
//! perspective, depth, offsets and clipping, on one to four samples.
//!
//! Corners lie at odd sixteenths of a pixel or up to 15/256 beside them, so that positions are
//! rounded, and no edge passes through a sample.
//!
//! Coverage and stencils are compared exactly; [`bounds`] has the permitted differences of the
//! rest.

mod bounds;

use xenia_gpu::edram::EDRAM_WORDS;
use xenia_gpu::enums::SampleControl;
use xenia_gpu::texture::half_to_single;

use crate::pair::place;
use crate::scene::*;
use crate::{Backends, Choices, SceneDifference, SceneOutcome};

const WIDTH: u32 = 80;
const HEIGHT: u32 = 48;
const DEPTH_BASE: u32 = 1024;
/// Maximum number of corners of a primitive.
const MAX_CORNERS: usize = 4;
const PLACES: [[i32; 2]; MAX_CORNERS] = [[4, 4], [70, 6], [10, 40], [66, 42]];
/// Initial words of colours, and of depth and stencil.
const COLOR: u32 = 0xc3d0_c3d0;
const DEPTH: u32 = 0x8000_0100;

/// Attribute that the pixel shader returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Output {
    First,
    Second,
    Constant,
    Position,
}

/// Corner of a primitive: pixels, depth in 256ths, exponent of w, attributes in 64ths.
#[derive(Clone, Copy, Debug)]
struct Corner {
    x: i32,
    y: i32,
    z: i32,
    w: i32,
    a: i32,
    b: i32,
}

/// Random settings of a draw.
#[derive(Clone, Debug)]
struct Shading {
    primitive: u32,
    corners: Vec<Corner>,
    /// Odd sixteenths of all heights, and 256ths beside all places.
    down: i32,
    fine: i32,
    msaa: Msaa,
    is_flat: bool,
    provoking_last: bool,
    affine: bool,
    centroid: bool,
    at_center: bool,
    cull: i32,
    face: bool,
    compare: i32,
    float_depth: bool,
    slope: i32,
    bias: i32,
    /// Changes of both for back faces.
    behind: [i32; 2],
    line_width: u32,
    point_size: u32,
    output: Output,
    clips: bool,
    offset: [i32; 2],
    viewport: u32,
}

impl Shading {
    fn any(choices: &mut Choices) -> Self {
        let primitive = choices.pick(&[4, 4, 4, 4, 5, 6, 8, 13, 2, 3, 1]);
        let count = match primitive {
            4 | 8 => 3,
            3 | 5 | 6 | 13 => 4,
            2 => 2,
            _ => 1,
        };
        let corner = |choices: &mut Choices, [x, y]: [i32; 2], number: i32| Corner {
            x: choices.maybe(7, 8, x, 2, 77),
            y: choices.maybe(7, 8, y, 2, 45),
            z: choices.maybe(7, 8, 128, 0, 256),
            // Rectangles are not divided by w.
            w: if primitive == 8 { 0 } else { choices.maybe(1, 2, 0, -2, 2) },
            a: choices.maybe(7, 8, number, 0, 63),
            b: choices.maybe(7, 8, 0, 0, 63),
        };
        let yes = |choices: &mut Choices, times: u32, of: u32| choices.chance(times, of);
        let is_sharp = choices.chance(1, 2);
        Self {
            primitive,
            corners: (0..).zip(PLACES).take(count).map(|(i, place)| corner(choices, place, i)).collect(),
            down: choices.between(0, 7),
            // Lines and points have sides of their own, whose places follow from their size.
            fine: if primitive > 3 && is_sharp { choices.between(-15, 15) } else { 0 },
            msaa: choices.pick(&[Msaa::X1, Msaa::X1, Msaa::X4, Msaa::X2]),
            is_flat: yes(choices, 1, 4),
            provoking_last: yes(choices, 1, 4),
            affine: yes(choices, 1, 6),
            centroid: yes(choices, 1, 8),
            at_center: yes(choices, 1, 4),
            cull: choices.maybe(1, 6, 0, 1, 2),
            face: yes(choices, 1, 3),
            compare: choices.maybe(1, 2, -1, 0, 7),
            float_depth: yes(choices, 1, 3),
            slope: choices.maybe(1, 6, 0, -64, 64),
            bias: choices.maybe(1, 6, 0, -64, 1024),
            line_width: choices.maybe(1, 2, 8, 1, 64) as u32,
            point_size: choices.maybe(1, 2, 16, 1, 200) as u32,
            output: choices.pick(&[
                Output::First,
                Output::First,
                Output::Second,
                Output::Constant,
                Output::Position,
            ]),
            clips: yes(choices, 1, 5),
            offset: [0; 2].map(|_: u32| choices.maybe(1, 6, 0, -3, 3)),
            viewport: choices.maybe(1, 4, 0, 1, 3) as u32,
            behind: [0; 2].map(|_: u32| choices.maybe(1, 8, 0, -64, 64)),
        }
    }

    fn vertices(&self) -> Vec<[f32; 7]> {
        let fine = self.fine as f32 / 1024.0;
        let vertex = |(i, corner): (usize, &Corner)| {
            let x = corner.x as f32 + (2 * i + 1) as f32 / 16.0 + fine;
            let y = corner.y as f32 + (2 * self.down + 1) as f32 / 16.0 - fine;
            let [a, b] = [corner.a, corner.b].map(|value| value as f32 / 64.0);
            [x, y, corner.z as f32 / 256.0, a, b, 0.25, 2.0_f32.powi(corner.w)]
        };
        self.corners.iter().enumerate().map(vertex).collect()
    }

    /// Sets the state of rasterisation.
    fn raster(&self, scene: &mut SceneBuilder) {
        let [slope, bias] = self.behind;
        let has_offset = [self.slope, self.bias, slope, bias] != [0; 4];
        scene.write(
            PaSuScModeCntl::with()
                .cull_front(self.cull == 1)
                .cull_back(self.cull == 2)
                .face(self.face)
                .msaa_enable(!self.at_center)
                .provoking_vtx_last(self.provoking_last)
                .persp_corr_dis(self.affine)
                .poly_offset_front_enable(has_offset)
                .poly_offset_back_enable(has_offset)
                .poly_offset_para_enable(has_offset)
                .vtx_window_offset_enable(true),
        );
        let [x, y] = self.offset;
        scene.write(PaScWindowOffset::with().window_x_offset(x).window_y_offset(y));
        for (first, slope, bias) in [
            (PA_SU_POLY_OFFSET_FRONT_SCALE, self.slope, self.bias),
            (PA_SU_POLY_OFFSET_BACK_SCALE, self.slope + slope, self.bias + bias),
        ] {
            scene.floats(first, &[slope as f32 / 16.0, bias as f32 / 1024.0]);
        }
        scene.write(PaSuLineCntl::with().width(self.line_width));
        scene.write(PaSuPointSize::with().width(self.point_size).height(self.point_size));
        scene.write(PaSuPointMinmax::with().min_size(0).max_size(0xffff));
        scene.write(PaClClipCntl::with().clip_disable(!self.clips).dx_clip_space_def(true));
        if self.viewport != 0 {
            let scales = self.viewport & 1 != 0;
            let moves = self.viewport & 2 != 0;
            let control = PaClVteCntl::with().vtx_xy_fmt(true).vtx_z_fmt(true);
            scene.write(control.vport_z_scale_ena(scales).vport_z_offset_ena(moves));
            scene.floats(PA_CL_VPORT_ZSCALE, &[0.5, 0.25]);
        }
    }

    /// Sets targets, interpolators and depth.
    fn outputs(&self, scene: &mut SceneBuilder) {
        scene.write(RbColorInfo::with().color_base(0).color_format(ColorTargetFormat::Rgba16Float));
        let format = if self.float_depth { DepthFormat::D24FS8 } else { DepthFormat::D24S8 };
        scene.write(RbDepthInfo::with().depth_base(DEPTH_BASE).depth_format(format));
        let has_position = self.output == Output::Position;
        scene.write(
            SqProgramCntl::with()
                .vs_resource(true)
                .ps_resource(true)
                .vs_export_count(1)
                .param_gen(has_position),
        );
        let control = if self.centroid { SampleControl::CentroidsOnly } else { SampleControl::CentersOnly };
        scene.write(SqContextMisc::with().param_gen_pos(3).sc_sample_cntl(control));
        scene.write(SqInterpolatorCntl::with().param_shade(if self.is_flat { 0xfffe } else { 0xffff }));
        if self.compare >= 0 {
            scene.write(depth(Compare::from_bits(self.compare as u32)));
        }
    }

    /// Text of the pixel shader.
    fn program(&self) -> String {
        let source = match self.output {
            Output::First => "r0",
            Output::Second => "r1",
            Output::Constant => "c[0]",
            Output::Position => "r3",
        };
        format!("alloc colors\nmax oC0, {source}, {source}")
    }

    /// Compares the words of depth and stencil; returns the number of samples in which the depth
    /// test was a close call.
    fn compare_depth(&self, expected: &[u32], found: &[u32]) -> Result<usize, SceneDifference> {
        let mut close = 0;
        for (at, (e, f)) in expected.iter().zip(found).enumerate().filter(|(_, (e, f))| e != f) {
            let fail = |what: &str| {
                SceneDifference(format!(
                    "{what} at {}: {e:08x} on the reference, {f:08x} on the device",
                    place(at)
                ))
            };
            if e & 0xff != f & 0xff {
                return Err(fail("stencil"));
            }
            let (expected, allowed) = self.depth(*e);
            let (found, _) = self.depth(*f);
            if (expected - found).abs() <= allowed {
                close += usize::from((*e == DEPTH) != (*f == DEPTH));
            } else {
                return Err(fail("depth"));
            }
        }
        Ok(close)
    }

    /// Compares the words of colours, of which `close` samples may be covered on one side only.
    fn compare_colors(&self, expected: &[u32], found: &[u32], close: usize) -> Result<(), SceneDifference> {
        let mut uncovered = 0;
        let moved = self.moved();
        for (at, (e, f)) in expected.iter().zip(found).enumerate().filter(|(_, (e, f))| e != f) {
            let fail = |what: &str| {
                Err(SceneDifference(format!(
                    "{what} at {}: {e:08x} on the reference, {f:08x} on the device",
                    place(at)
                )))
            };
            if (*e == COLOR) != (*f == COLOR) {
                uncovered += 1;
                if uncovered > 2 * close {
                    return fail("coverage");
                }
                continue;
            }
            let is_near = |half: usize| {
                let [e, f] = [e, f].map(|word| half_to_single((word >> (16 * half)) as u16));
                (e - f).abs() <= e.abs().max(0.05) / 250.0 + moved[2 * (at & 1) + half]
            };
            if !(self.has_other_places() || is_near(0) && is_near(1)) {
                return fail("value");
            }
        }
        Ok(())
    }
}

const VERTEX_SHADER: &str = "vfetch r1.xyz1, r0.x, vf0, format=57, stride=7, offset=0
     vfetch r2.xyzw, r0.x, vf0, format=38, stride=7, offset=3
     alloc position
     max oPos.xyz_, r1, r1
     max oPos.___w, r2, r2
     alloc interpolators 2
     max o0, r2, r2
     max o1, r1, r1";

pub(super) fn case(
    backends: &mut Backends<'_>,
    choices: &mut Choices,
) -> Result<SceneOutcome, SceneDifference> {
    let shading = Shading::any(choices);
    if !shading.is_defined() {
        return Ok(SceneOutcome::Skipped);
    }
    let mut words = vec![COLOR; EDRAM_WORDS];
    let depths = (DEPTH_BASE * 1280) as usize;
    words[depths..].fill(DEPTH);
    let mut pair = backends.pair(WIDTH, HEIGHT, shading.msaa, Some(&words))?;
    let vertices = shading.vertices();
    pair.each(choices, |scene, _| {
        shading.outputs(scene);
        shading.raster(scene);
        scene.shader(0, VERTEX_SHADER)?;
        scene.shader(1, &shading.program())?;
        scene.constant(256, [0.5, 0.25, 0.125, 1.0]);
        scene.vertices(&vertices);
        scene.draw(shading.primitive, vertices.len() as u32);
        Ok(())
    })?
    .map_err(|error: xenia_gpu::microcode::AssembleError| SceneDifference(error.to_string()))?;
    let [expected, found] = pair.words()?;
    let note = |SceneDifference(what)| SceneDifference(format!("{what}\n{shading:?}\n{vertices:?}"));
    let close = shading.compare_depth(&expected[depths..], &found[depths..]).map_err(note)?;
    shading.compare_colors(&expected[..depths], &found[..depths], close).map_err(note)?;
    let is_same = expected == words;
    if close == 0 && !shading.may_overlap() {
        pair.compare_samples("").map_err(note)?;
    }
    Ok(if is_same { SceneOutcome::NoEffect } else { SceneOutcome::Same })
}
