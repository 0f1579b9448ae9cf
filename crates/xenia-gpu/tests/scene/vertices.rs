//! Tests of lines that begin behind the eye, the position register, killed vertices, and centroid
//! interpolation.

use super::super::scene::*;
use xenia_gpu::PhysicalMemory;
use xenia_gpu::enums::SampleControl;
use xenia_gpu::packets::{opcode, type3};

/// Passes four-component positions; all pixels are white.
const PROJECTED: &str = "
    vfetch r1.xyzw, r0.x, vf0, format=38, stride=7, offset=0
    alloc position
    max oPos, r1, r1
    alloc interpolators 1
    max o0.1111, r1, r1";

fn projected(width: u32, height: u32) -> Scene {
    let mut scene = Scene::new(width, height, 0);
    let scaled = PaClVteCntl::with().vport_x_scale_ena(true).vport_y_scale_ena(true).vport_z_scale_ena(true);
    let moved = scaled.vport_x_offset_ena(true).vport_y_offset_ena(true).vport_z_offset_ena(true);
    scene.write(moved.vtx_w0_fmt(true));
    let w = width as f32 / 2.0;
    let h = height as f32 / 2.0;
    scene.floats(PA_CL_VPORT_XSCALE, &[w, w, -h, h, 1.0, 0.0]);
    scene.shader(0, PROJECTED);
    scene
}

#[test]
fn lines_from_behind_the_eye_have_the_usual_width() {
    for is_clip_disabled in [false, true] {
        let mut scene = projected(160, 160);
        scene.write(PaClClipCntl::with().clip_disable(is_clip_disabled).dx_clip_space_def(true));
        scene.write(PaSuLineCntl::with().width(8)); // half a pixel on both sides
        // On the screen x is 80 + 80 x / w and y is 80 - 80 y / w. The first line runs vertically
        // down the middle of column 80 from row 84, the second horizontally along the middle of row
        // 60 from column 100 to the right.
        let corner = |x: f32, y: f32, w: f32| [x * w, y, 0.0, w, 0.0, 0.0, 0.0];
        let across = |x: f32, w: f32| [x, 19.5 / 80.0 * w, 0.0, w, 0.0, 0.0, 0.0];
        scene.vertices(&[
            corner(0.5 / 80.0, -0.05, 1.0),
            corner(0.5 / 80.0, -0.05, -1.0),
            across(-0.25, -3.0),
            across(0.25, 1.0),
        ]);
        scene.draw(2, 4);
        let frame = scene.show();
        for (x, y) in (0..160).flat_map(|y| (0..160).map(move |x| (x, y))) {
            let expected = x == 80 && y >= 84 || y == 60 && x >= 100;
            // At the ends the rounding of a float decides.
            if (x, y) != (80, 83) && (x, y) != (99, 60) {
                let is_drawn = pixel(&frame, x, y)[0] != 0;
                assert_eq!(is_drawn, expected, "{x} {y}, clipping disabled: {is_clip_disabled}");
            }
        }
    }
}

#[test]
fn the_position_register_distinguishes_points_and_lines() {
    // Whether y and z are negative, and w, which holds the place within points. The register is r1,
    // beyond the one interpolator that vertices export.
    let place = (64.5 / 128.0 * 255.0_f32) as u8;
    for (name, primitive, count, expected) in [
        ("point", 1, 1, [255, 0, place]),
        ("line", 2, 2, [0, 255, 0]),
        ("rectangle", 8, 3, [0, 0, 0]),
        ("triangle", 4, 3, [0, 0, 0]),
    ] {
        let mut scene = Scene::new(160, 160, 0);
        scene.write(PaSuPointSize::with().width(1024).height(1024));
        scene.write(PaSuLineCntl::with().width(15));
        scene.write(SqProgramCntl::with().param_gen(true));
        scene.write(SqContextMisc::with().param_gen_pos(1));
        scene.shader(
            1,
            "sgts r2.x, -r1.y
             rcp r3.x, r1.z
             sgts r2.y, -r3.x
             max r2.z, r1.w, r1.w
             alloc colors
             max oC0.xyz1, r2, r2",
        );
        // A point in the centre, or a shape from there to the right.
        scene.vertices(&[vertex(80.0, 80.0, RED), vertex(120.0, 80.5, RED), vertex(80.0, 100.0, RED)]);
        scene.draw(primitive, count);
        let found = pixel(&scene.show(), 84, 80);
        assert!(found.iter().zip(expected).all(|(a, b)| a.abs_diff(b) <= 1), "{name}: {found:?}");
    }
}

#[test]
fn killed_vertices_take_away_their_primitive() {
    // Three shapes: no vertex is killed, one vertex is, all are.
    for (primitive, corners) in [(4, 3), (8, 3), (13, 4), (3, 2), (1, 1)] {
        for (mode, any, expected) in [
            (VertexExportMode::Position, false, [true; 3]),
            (VertexExportMode::Kill, false, [true, true, false]),
            (VertexExportMode::Kill, true, [true, false, false]),
            (VertexExportMode::SpriteKill, true, [true, false, false]),
        ] {
            // Modes without a kill flag, and with a size as well, once each.
            let is_rare = match mode {
                VertexExportMode::Position => primitive != 4,
                VertexExportMode::SpriteKill => primitive != 1,
                _ => false,
            };
            if is_rare {
                continue;
            }
            let mut scene = Scene::new(160, 32, 0);
            scene.write(PaSuPointSize::with().width(64).height(64));
            scene.write(PaSuPointMinmax::with().min_size(0).max_size(0x7fff));
            scene.write(PaSuLineCntl::with().width(15));
            scene.write(SqProgramCntl::with().vs_export_mode(mode));
            let clip = PaClClipCntl::with().clip_disable(true).dx_clip_space_def(true);
            scene.write(clip.vtx_kill_or(any));
            scene.shader(
                0,
                "vfetch r1.xy1w, r0.x, vf0, format=38, stride=7, offset=0
                 vfetch r2.x, r0.x, vf0, format=36, stride=7, offset=2
                 alloc position
                 max oPos.xy01, r1, r1
                 max oPts.x, c[0], c[0]
                 max oPts.z, r2.x, r2.x
                 alloc interpolators 1
                 max o0.1111, r1, r1",
            );
            scene.floats(FLOAT_CONSTANTS, &[16.0]);
            for shape in 0..3 {
                let x = 8.0 + 48.0 * shape as f32;
                let flags = |i: usize| [0.0, if i == 0 { -1.0 } else { 0.0 }, f32::NAN][shape];
                let places = [(x, 8.0), (x + 32.0, 8.0), (x + 32.0, 24.0), (x, 24.0)];
                let list: Vec<_> =
                    (0..corners).map(|i| [places[i].0, places[i].1, flags(i), 0.0, 0.0, 0.0, 0.0]).collect();
                scene.vertices(&list);
                scene.draw(primitive, corners as u32);
            }
            let frame = scene.show();
            let found = [0, 1, 2].map(|shape| pixel(&frame, 11 + 48 * shape, 8)[0] != 0);
            // With one corner there is no case between killed and not killed.
            let is_one = corners == 1 && !any && mode == VertexExportMode::Kill;
            let expected = if is_one { [true, false, false] } else { expected };
            assert_eq!(found, expected, "primitive {primitive}, {mode:?}, any: {any}");
        }
    }
}

#[test]
fn killed_vertices_take_away_triangles_of_quads() {
    // Killed corners, whether one is enough, and whether the triangles with the second and with the
    // fourth corner are drawn.
    for (killed, any, expected) in [
        (0b0010, true, [false, true]),
        (0b1000, true, [true, false]),
        (0b0100, true, [false, false]),
        (0b0111, false, [false, true]),
        (0b1101, false, [true, false]),
        (0b0101, false, [true, true]),
    ] {
        for (primitive, order) in [(13, [0, 1, 2, 3]), (14, [0, 1, 3, 2])] {
            let mut scene = Scene::new(80, 32, 0);
            scene.write(SqProgramCntl::with().vs_export_mode(VertexExportMode::Kill));
            let clip = PaClClipCntl::with().clip_disable(true).dx_clip_space_def(true);
            scene.write(clip.vtx_kill_or(any));
            scene.shader(
                0,
                "vfetch r1.xy1w, r0.x, vf0, format=38, stride=7, offset=0
                 vfetch r2.x, r0.x, vf0, format=36, stride=7, offset=2
                 alloc position
                 max oPos.xy01, r1, r1
                 max oPts.z, r2.x, r2.x
                 alloc interpolators 1
                 max o0.1111, r1, r1",
            );
            let places = [[8.0, 8.0], [72.0, 8.0], [72.0, 24.0], [8.0, 24.0]];
            let corners = order.map(|corner: usize| {
                let [x, y] = places[corner];
                [x, y, (killed >> corner & 1) as f32, 0.0, 0.0, 0.0, 0.0]
            });
            scene.vertices(&corners);
            scene.draw(primitive, 4);
            let frame = scene.show();
            let found = [(68, 10), (12, 21)].map(|(x, y)| pixel(&frame, x, y)[0] != 0);
            assert_eq!(found, expected, "primitive {primitive}, {killed:04b}, any: {any}");
        }
    }
}

#[test]
fn points_that_export_only_flags_have_the_size_of_the_draw() {
    for (export, expected) in
        [("", true), ("max oPts.z, r2.x, r2.x", true), ("max oPts.x, r2.x, r2.x", false)]
    {
        let mut scene = Scene::new(80, 16, 0);
        scene.write(PaSuPointSize::with().width(64).height(64));
        scene.write(PaSuPointMinmax::with().min_size(0).max_size(0x7fff));
        scene.write(SqProgramCntl::with().vs_export_mode(VertexExportMode::Kill));
        scene.write(PaClClipCntl::with().clip_disable(true).dx_clip_space_def(true));
        // The size and the flag are zero.
        scene.shader(
            0,
            &format!(
                "vfetch r1.xy1w, r0.x, vf0, format=38, stride=7, offset=0
                 max r2, c[0], c[0]
                 alloc position
                 max oPos.xy01, r1, r1
                 {export}
                 alloc interpolators 1
                 max o0.1111, r1, r1"
            ),
        );
        scene.floats(FLOAT_CONSTANTS, &[0.0]);
        scene.vertices(&[vertex(40.0, 8.0, RED)]);
        scene.draw(1, 1);
        assert_eq!(pixel(&scene.show(), 42, 10)[0] != 0, expected, "{export}");
    }
}

#[test]
fn vertices_fetch_the_base_level_unless_a_level_is_set() {
    // 32 x 32 texels of red, whose smaller levels are green. The four corners' coordinates are far
    // apart.
    for (fetch, expected) in [
        ("tfetch2D r3, r2.xy, tf1", [255, 0]),
        ("setTexLOD r2.____, r2.z, tf1\ntfetch2D r3, r2.xy, tf1, reglod", [0, 255]),
        ("tfetch2D r3, r2.xy, tf1, bias=1", [0, 255]),
    ] {
        let mut scene = Scene::new(80, 32, 0);
        for at in (0..0x1000).step_by(4) {
            scene.memory.write_u32(TEXTURE + at, 0xff00_00ff);
        }
        let levels = TEXTURE + 0x1_0000;
        for at in (0..0x8000).step_by(4) {
            scene.memory.write_u32(levels + at, 0xff00_ff00);
        }
        let words =
            [2 | 1 << 31 | 1 << 22, 6 | 2 << 6 | TEXTURE, 31 | 31 << 13, 0x688 << 1, 5 << 6, 1 << 9 | levels];
        scene.texture(1, words);
        scene.shader(
            0,
            &format!(
                "vfetch r1.xy1w, r0.x, vf0, format=38, stride=7, offset=0
                 vfetch r2, r0.x, vf0, format=38, stride=7, offset=3
                 {fetch}
                 alloc position
                 max oPos.xy01, r1, r1
                 alloc interpolators 1
                 max o0, r3, r3"
            ),
        );
        let corner = |x: f32, y: f32| vertex(x, y, [x / 90.0, y / 40.0, 1.0, 0.0]);
        scene.vertices(&[corner(0.0, 0.0), corner(80.0, 0.0), corner(80.0, 32.0), corner(0.0, 32.0)]);
        scene.draw(13, 4);
        let frame = scene.show();
        for (x, y) in [(1, 1), (78, 1), (40, 16), (78, 30), (1, 30)] {
            assert_eq!(pixel(&frame, x, y)[..2], expected, "{fetch} at {x} {y}");
        }
    }
}

#[test]
pub(super) fn pixels_that_are_covered_in_part_may_be_interpolated_within() {
    // Red is 0.5 where the shape begins, right of the centre of pixel 8, and grows by a quarter per
    // pixel. One sample of the four of that pixel is covered, three sixteenths further right.
    let begin = 8.0 + 11.0 / 16.0;
    for (name, control, pattern, place) in [
        ("centroids", SampleControl::CentroidsOnly, 0xffff, 14.0 / 16.0),
        ("centres", SampleControl::CentersOnly, 0, 0.5),
        ("centroids by the pattern", SampleControl::CentroidsAndCenters, 0xfffe, 14.0 / 16.0),
        ("centres by the pattern", SampleControl::CentroidsAndCenters, 1, 0.5),
    ] {
        let mut scene = Scene::new(80, 16, 2);
        scene.write(SqContextMisc::with().sc_sample_cntl(control));
        scene.write(SqInterpolatorCntl::with().param_shade(0xffff).sampling_pattern(pattern));
        let corner = |x: f32, y: f32| vertex(x, y, [0.5 + (x - begin) * 0.25, 0.0, 0.0, 1.0]);
        scene.vertices(&[
            corner(begin, 0.0),
            corner(begin + 2.0, 0.0),
            corner(begin + 2.0, 16.0),
            corner(begin, 16.0),
        ]);
        scene.draw(13, 4);
        let frame = scene.show();
        let value = |x: f32| 0.5 + (x - begin) * 0.25;
        let expected = (value(8.0 + place) / 4.0 * 255.0).round() as u8;
        assert!(
            pixel(&frame, 8, 8)[0].abs_diff(expected) <= 1,
            "{name}: {:?}, not {expected}",
            pixel(&frame, 8, 8)
        );
        // Fully covered pixels use their centre.
        let whole = (value(9.5) * 255.0).round() as u8;
        assert!(
            pixel(&frame, 9, 8)[0].abs_diff(whole) <= 1,
            "{name}: {:?}, not {whole}",
            pixel(&frame, 9, 8)
        );
    }
}

#[test]
fn flat_rectangles_and_lines_have_one_vertex_s_colour() {
    for (primitive, count, last) in [(8, 3, BLUE), (2, 2, GREEN)] {
        for (is_last, color) in [(false, RED), (true, last)] {
            let mut scene = Scene::new(80, 16, 0);
            scene.write(SqInterpolatorCntl::with().param_shade(0xfffe)); // the first interpolator is flat
            scene.write(PaSuScModeCntl::with().provoking_vtx_last(is_last));
            scene.write(PaSuLineCntl::with().width(64));
            scene.vertices(&[vertex(0.0, 4.0, RED), vertex(80.0, 4.0, GREEN), vertex(0.0, 16.0, BLUE)]);
            scene.draw(primitive, count);
            let frame = scene.show();
            for x in [1, 20, 40, 60, 78] {
                let expected = color.map(|level| (level * 255.0) as u8);
                assert_eq!(pixel(&frame, x, 5), expected, "primitive {primitive}, {is_last}, {x}");
            }
        }
    }
}

#[test]
fn flat_values_are_a_vertexs_to_the_last_bit() {
    for msaa in [0, 2] {
        let mut scene = Scene::new(80, 16, msaa);
        scene.write(RbColorInfo::with().color_base(0).color_format(ColorTargetFormat::Rg32Float));
        scene.write(SqInterpolatorCntl::with().param_shade(0xfffe));
        let color = [0.1, 1.0 / 3.0, 0.0, 0.0];
        scene.vertices(&[[1.3, 0.7], [78.9, 3.1], [20.2, 15.7]].map(|[x, y]| vertex(x, y, color)));
        scene.draw(4, 3);
        let words = scene.gpu.backend().edram().unwrap();
        let colors: Vec<_> = words[..8 * 1280].chunks_exact(2).filter(|words| *words != [0, 0]).collect();
        assert!(colors.len() > 100, "{msaa}: {} pixels", colors.len());
        assert!(colors.iter().all(|words| *words == [color[0].to_bits(), color[1].to_bits()]), "{msaa}");
    }
}

#[test]
fn vertices_and_indices_may_lie_in_the_second_level_cache() {
    const LOCKED: u32 = 0x7f10_0000;
    let mut scene = Scene::with_memory(0x2010_0000, [80, 16], 0);
    let indices: Vec<u8> = [2_u16, 1, 0].iter().flat_map(|index| index.to_be_bytes()).collect();
    scene.memory.write(LOCKED + 0x1000, &indices);
    for (color, expected) in [(RED, [255, 0, 0, 255]), (GREEN, [0, 255, 0, 255])] {
        scene.vertices(&[vertex(0.0, 0.0, color), vertex(160.0, 0.0, color), vertex(0.0, 32.0, color)]);
        let mut bytes = [0; 3 * 28];
        scene.memory.read(VERTICES, &mut bytes);
        scene.memory.write(LOCKED, &bytes);
        scene.memory.write(VERTICES, &[0; 3 * 28]);
        scene.set(FETCH_CONSTANTS, LOCKED | 3);
        scene.words.extend([type3(opcode::DRAW_INDX, 4), 0, 4 | 3 << 16, LOCKED + 0x1000, 1 << 30 | 3]);
        scene.run();
        assert_eq!(pixel(&scene.show(), 40, 8), expected, "{color:?}");
    }
}
