//! Tests of tessellated patches.

use super::super::scene::*;
use TessellationMode::{Adaptive, Continuous, Discrete};
use xenia_gpu::PhysicalMemory;
use xenia_gpu::packets::{opcode, type3};

/// Sets the tessellation mode, and the level of all edges.
fn tessellate(scene: &mut Scene, mode: TessellationMode, level: f32) {
    scene.write(VgtOutputPathCntl::with().path_select(1));
    scene.write(VgtHosCntl::with().tess_mode(mode));
    scene.floats(VGT_HOS_MAX_TESS_LEVEL, &[level]);
    scene.floats(VGT_HOS_MIN_TESS_LEVEL, &[0.0]);
    scene.constant(0, [40.0, 16.0, 1.0, 0.0]);
    // Adding instead of overwriting reveals double coverage too.
    scene.write(blend(BlendFactor::One, BlendFactor::One));
}

/// Piecewise linear approximation of u squared with `parts` equal segments.
fn bent(u: f32, parts: f32) -> f32 {
    let first = (u * parts).floor() / parts;
    let second = (u * parts).floor() / parts + 1.0 / parts;
    first * first + (second * second - first * first) * (u - first) * parts
}

/// Checks both patches of 40 pixels: red is u squared up to the tessellation, green is a fifth
/// everywhere.
fn check(scene: &mut Scene, name: &str, parts: f32) {
    let frame = scene.show();
    for y in 0..16 {
        for x in 0..80 {
            let u = ((x % 40) as f32 + 0.5) / 40.0;
            let [red, green, ..] = pixel(&frame, x, y);
            let expected = (bent(u, parts) * 255.0 + 0.5) as u8;
            assert!(red.abs_diff(expected) <= 1, "{name} {x} {y}: {red}, not {expected}");
            assert_eq!(green, 51, "{name} {x} {y}");
        }
    }
}

/// Positions a patch's point u (r3.x), v (r3.y) of patch r3.z.
const PLACED: &str = "
    mul r4.x, r3.x, r3.x
    mul r5.xy, r3.xy, c[0].xy
    mad r5.x, r3.z, c[0].x, r5.x
    alloc position
    max oPos.xy01, r5, r5
    alloc interpolators 1
    max o0.x001, r4, r4
    add o0.y, c[1].x, c[0].w";

#[test]
pub(super) fn patches_are_cut_into_the_parts_of_their_level() {
    // Discrete levels are rounded up; continuous ones have even numbers of segments.
    for (mode, level, parts) in [
        (Discrete, 0.0, 1.0),
        (Discrete, 2.0, 3.0),
        (Discrete, 2.5, 4.0),
        (Continuous, 0.0, 2.0),
        (Continuous, 5.0, 6.0),
    ] {
        let mut scene = Scene::new(80, 16, 0);
        tessellate(&mut scene, mode, level);
        scene.floats(FLOAT_CONSTANTS + 4, &[0.2]);
        // Patches 3 and 4, the first of which is 3.
        scene.write(VgtIndxOffset::with().indx_offset(3));
        scene.floats(FLOAT_CONSTANTS + 5, &[-3.0]);
        scene.shader(0, &format!("add r3.z, r0.x, c[1].y\nmax r3.xy, r0.yz, r0.yz\n{PLACED}"));
        scene.draw(0x12, 2);
        check(&mut scene, &format!("{mode:?} {level}"), parts);
    }
}

/// Vertex shader that combines the corners. `weights` computes their weights in r6 and their
/// indices in r7.
fn weighed(weights: &str) -> String {
    let fetched = ["x", "y", "z", "w"].map(|c| {
        format!(
            "vfetch r9.xyz0, r7.{c}, vf0, format=57, stride=7, offset=0
             vfetch r10.xyzw, r7.{c}, vf0, format=38, stride=7, offset=3
             mad r11, r6.{c}, r9, r11
             mad r12, r6.{c}, r10, r12\n"
        )
    });
    // Registers start at zero, so the sums do; the fourth weight of triangles stays zero.
    format!(
        "{weights}
         {}
         alloc position
         max oPos.xy01, r11, r11
         alloc interpolators 1
         max o0, r12, r12",
        fetched.concat()
    )
}

/// Computes the weights of a triangle's corners.
const OF_THREE: &str = "
    max r6.xyz, r0.zyx, r0.zyx
    max r7.xyz, r1, r1
    max r7.w, r1.x, r1.x";

#[test]
pub(super) fn strips_and_fans_are_lists() {
    for (name, primitive, corners) in [
        ("strip", 6, vec![(0, 16), (0, 0), (40, 16), (40, 0), (80, 16), (80, 0)]),
        ("fan", 5, vec![(0, 0), (80, 0), (80, 16), (40, 16), (0, 16)]),
    ] {
        // All triangles have the same winding.
        let seen = [false, true].map(|culls_front| {
            let mut scene = Scene::new(80, 16, 0);
            tessellate(&mut scene, Discrete, 3.0);
            scene.write(PaSuScModeCntl::with().cull_front(culls_front).cull_back(!culls_front));
            scene.shader(0, &weighed(OF_THREE));
            let corner = |&(x, y): &(u32, u32)| vertex(x as f32, y as f32, [x as f32 / 80.0, 0.2, 0.0, 1.0]);
            scene.vertices(&corners.iter().map(corner).collect::<Vec<_>>());
            scene.draw(primitive | 1 << 8, corners.len() as u32);
            let frame = scene.show();
            let is_seen = pixel(&frame, 0, 0)[1] != 0;
            for (x, y) in (0..16).flat_map(|y| (0..80).map(move |x| (x, y))) {
                let [red, green, ..] = pixel(&frame, x, y);
                let expected = if is_seen { ((x as f32 + 0.5) / 80.0 * 255.0 + 0.5) as u8 } else { 0 };
                assert!(red.abs_diff(expected) <= 1, "{name} {x} {y}: {red}, not {expected}");
                assert_eq!(green, if is_seen { 51 } else { 0 }, "{name} {x} {y}");
            }
            is_seen
        });
        assert_ne!(seen[0], seen[1], "{name}");
    }
}

#[test]
pub(super) fn corners_of_lists_come_by_index() {
    for (name, primitive, list) in [
        ("triangles", 4, vec![(0, 0), (40, 0), (40, 16), (0, 0), (40, 16), (0, 16)]),
        ("quadrilaterals", 13, vec![(0, 0), (40, 0), (40, 16), (0, 16)]),
    ] {
        let mut scene = Scene::new(80, 16, 0);
        tessellate(&mut scene, Discrete, 3.0);
        let corners: Vec<_> = [0.0, 40.0]
            .into_iter()
            .flat_map(|left| {
                list.iter()
                    .map(move |&(x, y)| vertex(x as f32 + left, y as f32, [x as f32 / 40.0, 0.2, 0.0, 1.0]))
            })
            .collect();
        // The weights of four corners in r6, their indices in r7.
        let weights = match primitive {
            4 => OF_THREE,
            _ => {
                "add r2.xy, c[0].zz, -r0.xy
                 mul r6.x, r2.x, r2.y
                 mul r6.y, r0.x, r2.y
                 mul r6.z, r0.x, r0.y
                 mul r6.w, r2.x, r0.y
                 max r7.x, r0.z, r0.z
                 max r7.yzw, r1.xxyz, r1.xxyz"
            }
        };
        scene.shader(0, &weighed(weights));
        scene.vertices(&corners);
        scene.draw(primitive | 1 << 8, corners.len() as u32);
        let frame = scene.show();
        for y in 0..16 {
            for x in 0..80 {
                let [red, green, ..] = pixel(&frame, x, y);
                let expected = (((x % 40) as f32 + 0.5) / 40.0 * 255.0 + 0.5) as u8;
                assert!(red.abs_diff(expected) <= 1 && green == 51, "{name} {x} {y}: {red} {green}");
            }
        }
    }
}

#[test]
pub(super) fn edges_have_separate_levels() {
    let mut scene = Scene::new(80, 16, 0);
    tessellate(&mut scene, Adaptive, 7.0);
    scene.floats(VGT_HOS_MIN_TESS_LEVEL, &[1.0]);
    scene.floats(FLOAT_CONSTANTS + 4, &[0.2]);
    scene.shader(0, &format!("max r3.z, r0.x, r0.x\nmax r3.xy, r0.yz, r0.yz\n{PLACED}"));
    // Levels are clamped to 1 to 7; those along v don't affect u squared.
    for (i, level) in [3.0, 0.0, 3.0, 99.0, 3.0, f32::NAN, 3.0, -1.0_f32].into_iter().enumerate() {
        scene.memory.write_u32(INDICES + i as u32 * 4, level.to_bits());
    }
    scene.words.extend([type3(opcode::DRAW_INDX, 4), 0, 0x12 | 1 << 11 | 8 << 16, INDICES, 2 << 30 | 8]);
    scene.run();
    let frame = scene.show();
    for y in 0..16 {
        for x in 0..80 {
            let u = ((x % 40) as f32 + 0.5) / 40.0;
            let [red, green, ..] = pixel(&frame, x, y);
            assert_eq!(green, 51, "{x} {y}");
            // Chords between points of the curve lie above it, by at most 1/64 with four segments.
            let over = f32::from(red) / 255.0 - u * u;
            assert!((-0.003..1.0 / 64.0 + 0.003).contains(&over), "{x} {y}: {red}");
            if y == 0 || y == 15 {
                assert!((f32::from(red) / 255.0 - bent(u, 4.0)).abs() < 0.006, "{x} {y}");
            }
        }
    }
}

#[test]
fn unsupported_primitives_are_reported_by_name() {
    for (path, primitive, name) in [
        (0, 7, "primitive TriangleWithFlags"),
        (0, 0x10, "primitive CopyRectList0"),
        (0, 0x12, "primitive CopyRectList2"),
        (0, 0x14, "primitive FillRectList"),
        (1, 0x10, "Discrete tessellation of primitive CopyRectList0"),
        (1, 14 | 1 << 8, "Discrete tessellation of primitive QuadStrip"),
    ] {
        let mut scene = Scene::new(80, 16, 0);
        tessellate(&mut scene, Discrete, 1.0);
        scene.write(VgtOutputPathCntl::with().path_select(path));
        scene.vertices(&rectangle(0.0, 0.0, 80.0, 16.0, RED));
        scene.words.extend([type3(opcode::DRAW_INDX_2, 1), primitive | 2 << 6 | 3 << 16]);
        scene.run_anyway();
        let problem = format!("not supported: {name}");
        assert_eq!(scene.gpu.statistics().problems, [(problem, 1)].into());
    }
}
