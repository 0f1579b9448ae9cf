//! Tests of rectangles, points and lines, by the counters of draws whose vertices the CPU shades.

use std::fmt::Write as _;

use super::*;
use xenia_gpu::packets::{opcode, type3};

/// Number of draws whose vertices the CPU shaded, by the reason.
fn expanded(counters: &WgpuCounters) -> Vec<(&str, u64)> {
    counters.expanded.iter().map(|(reason, count)| (reason.as_str(), *count)).collect()
}

#[test]
fn the_device_expands_rectangles_points_and_lines() {
    for (primitive, count) in [(8, 6), (1, 6), (2, 6), (3, 6), (12, 6)] {
        let counts = worked(|| {
            let mut scene = Scene::new(160, 64, 0);
            scene.write(PaSuPointSize::with().width(64).height(64));
            scene.write(PaSuLineCntl::with().width(8));
            // No edge passes through a sample.
            let places = [
                (8.25, 4.25),
                (40.25, 4.25),
                (40.25, 20.25),
                (100.25, 30.25),
                (140.25, 30.25),
                (140.25, 50.25),
            ];
            scene.vertices(&places.map(|(x, y)| vertex(x, y, RED)));
            scene.draw(primitive, count);
            // In the other order, with indices, over the first.
            let bytes: Vec<u8> = (0..6_u16).rev().flat_map(u16::to_be_bytes).collect();
            scene.memory.write(INDICES, &bytes);
            scene.write(blend(BlendFactor::One, BlendFactor::One));
            scene.vertices(&places.map(|(x, y)| vertex(x, y, BLUE)));
            let initiator = primitive | count << 16;
            scene.words.extend([type3(opcode::DRAW_INDX, 4), 0, initiator, INDICES, 1 << 30 | count]);
            scene.run();
            scene
        });
        let Some((counters, work)) = counts else { return };
        assert_eq!((work.draws, work.expanded_draws, work.fallback_draws), (2, 0, 0), "{primitive}");
        assert_eq!(expanded(&counters), [], "{primitive}");
    }
}

#[test]
fn points_have_the_size_that_the_device_computes() {
    let counts = worked(|| {
        let mut scene = Scene::new(160, 32, 0);
        scene.write(PaSuPointMinmax::with().min_size(24).max_size(96));
        scene.shader(
            0,
            "vfetch r1.xyz1, r0.x, vf0, format=57, stride=7, offset=0
             vfetch r2.xyzw, r0.x, vf0, format=38, stride=7, offset=3
             alloc position
             max oPos, r1, r1
             max oPts.x, r2.x, r2.x
             alloc interpolators 1
             max o0.1111, r1, r1",
        );
        // Below the least size, between the limits, and above the largest one.
        let sizes = [-1.0, 1.0, 5.0, 100.0];
        let points: Vec<_> = (0..4).map(|i| vertex(16.25 + 32.0 * i as f32, 16.25, [sizes[i]; 4])).collect();
        scene.vertices(&points);
        scene.draw(1, 4);
        scene
    });
    let Some((_, work)) = counts else { return };
    assert_eq!((work.draws, work.expanded_draws), (1, 0));
}

#[test]
fn points_have_zeros_in_place_of_exports_that_they_do_not_pass() {
    let reason = "exports that points don't pass";
    // Vertices pass one interpolator, and the place within the point is the third.
    for (export, reasons) in [("", &[][..]), ("max o1, r2, r2", &[(reason, 1)][..])] {
        let counters = drawn(|| {
            let mut scene = Scene::new(80, 64, 0);
            scene.write(PaSuPointSize::with().width(64).height(64));
            scene.write(SqProgramCntl::with().param_gen(true));
            scene.write(SqContextMisc::with().param_gen_pos(2));
            let vertex_shader = COLORED_VS.replace("interpolators 1", "interpolators 2");
            scene.shader(0, &format!("{vertex_shader}\n{export}"));
            scene.shader(1, "add r0, r0, r1\nalloc colors\nmax oC0, r0, r0");
            scene.vertices(&[vertex(24.25, 24.25, [0.25, 0.0, 0.25, 0.5])]);
            scene.draw(1, 1);
            scene
        });
        let Some(counters) = counters else { return };
        assert_eq!((expanded(&counters).as_slice(), fallbacks(&counters)), (reasons, vec![]), "{export}");
    }
}

/// Sets the kill mode of vertex shaders, with a program that kills no vertex.
fn with_kill_flags(scene: &mut Scene) {
    scene.write(SqProgramCntl::with().vs_export_mode(VertexExportMode::Kill));
    scene.shader(
        0,
        "vfetch r1.xyz1, r0.x, vf0, format=57, stride=7, offset=0
         alloc position
         max oPos, r1, r1
         max oPts.z, c[0], c[0]
         alloc interpolators 1
         max o0.1111, r1, r1",
    );
    scene.constant(0, [0.0; 4]);
}

/// State of a scene, its samples, and the reasons of the CPU with their counts.
type Way<'a> = (Change, u32, &'a [(&'a str, u64)]);

#[test]
fn the_cpu_expands_what_the_device_cannot() {
    let ways: [Way; 5] = [
        (|_| {}, 0, &[]),
        (with_kill_flags, 0, &[("vertices that take away their primitive", 1)]),
        (
            |scene| {
                scene.write(RbDepthInfo::with().depth_base(2).depth_format(DepthFormat::D24S8));
                scene.write(depth(Compare::Always));
            },
            0,
            &[("a scissor of more rows than the targets have", 1)],
        ),
        (|scene| scene.scissor([0, 0, 80, 8192]), 0, &[("a scissor of more rows than the targets have", 1)]),
        (|scene| scene.write(PaSuScModeCntl::with()), 2, &[("samples at the centre", 1)]),
    ];
    for (state, msaa, reasons) in ways {
        let counters = drawn(|| {
            let mut scene = Scene::new(80, 64, msaa);
            state(&mut scene);
            scene.vertices(&rectangle(8.0, 8.0, 40.0, 24.0, RED));
            scene.draw(8, 3);
            scene
        });
        let Some(counters) = counters else { return };
        assert_eq!((expanded(&counters).as_slice(), fallbacks(&counters)), (reasons, vec![]));
    }
}

#[test]
fn the_cpu_shades_vertices_by_a_program_without_a_translation() {
    let mut text = String::new();
    for i in 0..300 {
        let _ = write!(text, "l{i}:\nexec\nadd r1, r1, r0\njump l{}, p0\n", (i * 7 + 3) % 300);
    }
    text.push_str(
        "exec
         vfetch r1.xyz1, r0.x, vf0, format=57, stride=7, offset=0
         vfetch r2.xyzw, r0.x, vf0, format=38, stride=7, offset=3
         alloc position
         exec
         max oPos, r1, r1
         alloc interpolators 1
         exec
         max o0, r2, r2",
    );
    let counts = worked(|| {
        let mut scene = Scene::new(80, 64, 0);
        scene.shader(0, &text);
        scene.vertices(&rectangle(8.0, 8.0, 40.0, 40.0, RED));
        scene.draw(8, 3);
        scene
    });
    let Some((counters, work)) = counts else { return };
    let [(reason, 1)] = expanded(&counters)[..] else { panic!("{:?}", counters.expanded) };
    assert!(reason.ends_with("are more than 256"), "{reason}");
    assert_eq!((work.expanded_draws, work.fallback_draws), (1, 0));
}

#[test]
fn lines_are_cut_by_one_plane_after_another() {
    let counts = worked(|| {
        let mut scene = Scene::new(400, 448, 0);
        // The whole viewport transform, and homogeneous positions with a w.
        scene.set(0x2206, 0x43f);
        for (index, value) in (0x210f..).zip([640.0_f32, 640.0, -360.0, 360.0, 1.0, 0.0]) {
            scene.set(index, value.to_bits());
        }
        scene.write(PaClClipCntl::with().dx_clip_space_def(true));
        scene.write(PaSuLineCntl::with().width(12));
        scene.shader(
            0,
            "vfetch r1.xyzw, r0.x, vf0, format=38, stride=7, offset=0
             vfetch r2.xyz1, r0.x, vf0, format=57, stride=7, offset=4
             alloc position
             max oPos, r1, r1
             alloc interpolators 1
             max o0, r2, r2",
        );
        // A horizontal line whose second vertex is behind the eye and the near plane, far away: by
        // the distances of the two vertices alone it would end fifteen pixels further right.
        scene.vertices(&[
            [-1_150.348_5, 482.465_42, 1_286.564_5, 1_286.574_5, 1.0, 0.0, 0.0],
            [1_533.798_8, -643.284_2, -1_715.434_4, -1_715.424_4, 1.0, 0.0, 0.0],
        ]);
        scene.draw(2, 2);
        scene
    });
    let Some((_, work)) = counts else { return };
    assert_eq!((work.draws, work.expanded_draws), (1, 0));
}
