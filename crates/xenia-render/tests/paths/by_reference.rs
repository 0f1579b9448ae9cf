//! Tests of draws that the reference makes because the host lacks something.

use super::*;
use std::fmt::Write as _;

/// Draws the borders of quadrilaterals, which the device can't: left, top, right, bottom.
fn draw_borders(scene: &mut Scene, borders: &[[f32; 4]]) {
    let lines = PolygonFill::Lines;
    let mode = PaSuScModeCntl::with().poly_mode(1);
    scene.write(mode.polymode_front_ptype(lines).polymode_back_ptype(lines));
    let mut corners = Vec::new();
    for [left, top, right, bottom] in borders {
        let places = [[left, top], [right, top], [right, bottom], [left, bottom]];
        corners.extend(places.map(|[x, y]| vertex(*x, *y, BLUE)));
    }
    scene.vertices(&corners);
    scene.draw(13, corners.len() as u32);
    scene.write(PaSuScModeCntl::with().msaa_enable(true));
}

/// Draws on all of a surface of 160 x 128 pixels, on the device.
fn filled() -> Scene {
    let mut scene = Scene::new(160, 128, 0);
    scene.write(depth(Compare::Always));
    scene.vertices(&rectangle(0.0, 0.0, 160.0, 128.0, RED));
    scene.draw(8, 3);
    scene
}

#[test]
fn the_reference_gets_the_tiles_of_a_draw_once() {
    for (scissor, tiles) in [([0, 0, 80, 64], 8), ([0, 0, 80, 80], 12), ([0, 0, 160, 32], 4)] {
        let mut read = Vec::new();
        for draws in [1, 3] {
            let counts = worked(|| {
                let mut scene = filled();
                scene.scissor(scissor);
                (0..draws).for_each(|_| draw_borders(&mut scene, &[[4.5, 4.5, 150.5, 120.5]]));
                scene
            });
            let Some((counters, work)) = counts else { return };
            assert_eq!((work.fallback_draws, counters.edram_trips), (draws, draws));
            read.push(work.bytes_back);
        }
        // Of colour and of depth, by fours; a row has two.
        assert_eq!(read, [2 * tiles * 80 * 16 * 4; 2], "{scissor:?}");
    }
}

#[test]
fn the_reference_gets_the_tiles_that_triangles_reach() {
    // Many have more triangles than are drawn together; the later ones lie further down.
    let border = |i: u32| [8.5, 8.5 + i as f32 / 2.0, 100.5, 10.5 + i as f32 / 2.0];
    for (borders, tiles) in [(vec![[4.5, 4.5, 30.5, 12.5]], 4), ((0..200).map(border).collect(), 16)] {
        let counts = worked(|| {
            let mut scene = filled();
            draw_borders(&mut scene, &borders);
            scene
        });
        let Some((_, work)) = counts else { return };
        assert_eq!(work.bytes_back, 2 * tiles * 80 * 16 * 4, "{} borders", borders.len());
    }
}

#[test]
fn draws_by_the_reference_to_several_targets_leave_all_words_exact() {
    let counters = drawn(|| {
        let mut scene = Scene::new(160, 64, 0);
        let target = |base| RbColorInfo::with().color_base(base).color_format(ColorTargetFormat::Rgba8);
        for base in [0, 30, 34] {
            scene.write(target(base));
            scene.vertices(&rectangle(8.0, 8.0, 140.0, 60.0, GREEN));
            scene.draw(8, 3);
        }
        // The second and the third overlap.
        for base in [30, 700, 34] {
            scene.write(target(base));
            draw_borders(&mut scene, &[[4.5, 4.5, 150.5, 50.5]]);
        }
        scene.write(target(30));
        scene.vertices(&rectangle(100.0, 8.0, 140.0, 60.0, RED));
        scene.draw(8, 3);
        draw_borders(&mut scene, &[[90.5, 20.5, 120.5, 30.5]]);
        scene
    });
    let Some(counters) = counters else { return };
    assert_eq!((fallbacks(&counters), counters.edram_trips), (vec![("polygons as lines or points", 4)], 4));
}

#[test]
fn a_program_of_too_many_jumps_is_drawn_by_the_reference() {
    let mut text = String::new();
    for i in 0..300 {
        let _ = write!(text, "l{i}:\nexec\nadd r1, r1, r0\njump l{}, p0\n", (i * 7 + 3) % 300);
    }
    let counts = worked(|| {
        let mut scene = Scene::new(80, 64, 0);
        scene.vertices(&rectangle(8.0, 8.0, 40.0, 40.0, RED));
        scene.draw(8, 3);
        scene.shader(1, &format!("{text}alloc colors\nexec\nmax oC0, r0, r0"));
        scene.draw(8, 3);
        scene
    });
    let Some((counters, work)) = counts else { return };
    let [(reason, 1)] = fallbacks(&counters)[..] else { panic!("{:?}", counters.fallbacks) };
    assert!(reason.ends_with("are more than 256"), "{reason}");
    // The CPU shades the second one's vertices for the reference only.
    assert_eq!((work.expanded_draws, work.fallback_draws), (0, 1));
}

#[test]
fn a_shader_of_too_many_textures_is_drawn_by_the_reference() {
    // Each constant has a sampler, a texture of planes and one of volumes.
    let mut text = String::new();
    for constant in 1..32 {
        let _ = writeln!(text, "tfetch3D r1, r0.xyz, tf{constant}\nadd r0, r0, r1");
    }
    let counters = drawn(|| {
        let mut scene = Scene::new(80, 64, 0);
        scene.shader(1, &format!("{text}alloc colors\nmax oC0, r0, r0"));
        scene.vertices(&rectangle(8.0, 8.0, 40.0, 40.0, RED));
        scene.draw(8, 3);
        scene
    });
    let (Some(counters), Some(device)) = (counters, device()) else { return };
    let limits = device.wgpu().limits();
    let fits =
        limits.max_sampled_textures_per_shader_stage >= 62 && limits.max_samplers_per_shader_stage >= 31;
    let reason = "a shader of more textures or samplers than the host binds has no translation";
    let expected = if fits { vec![] } else { vec![(reason, 1)] };
    assert_eq!(fallbacks(&counters), expected);
}

#[test]
fn a_line_longer_than_the_hosts_textures_is_drawn_by_the_reference() {
    const TEXELS: u32 = 20_000;
    let counters = drawn(|| {
        let mut scene = Scene::new(80, 16, 0);
        for n in 0..TEXELS {
            scene.memory.write_u32(TEXTURE + 4 * n, (n as f32).to_bits());
        }
        // Texels of one 32-bit float, linear, no levels.
        scene.texture(1, [2, 0x24 | 2 << 6 | TEXTURE, TEXELS - 1, 0x688 << 1, 0, 0]);
        let fetch = "tfetch1D r0, r0.x, tf1, mag=point, min=point, unnormalized";
        scene.shader(1, &format!("{fetch}\nmul r0, r0, c[0].xxxx\nalloc colors\nmax oC0, r0, r0"));
        scene.constant(256, [1.0 / TEXELS as f32, 0.0, 0.0, 0.0]);
        for (i, texel) in [0, 8191, 8192, 16_384, TEXELS - 1].into_iter().enumerate() {
            let x = 16.0 * i as f32;
            scene.vertices(&rectangle(x, 0.0, x + 16.0, 16.0, [texel as f32 + 0.5, 0.0, 0.0, 0.0]));
            scene.draw(8, 3);
        }
        let frame = scene.show();
        assert_eq!([8, 24, 40, 56, 72].map(|x| pixel(&frame, x, 8)[0]), [0, 104, 104, 209, 255]);
        scene
    });
    let Some(counters) = counters else { return };
    // Some devices have larger textures.
    let reasons = fallbacks(&counters);
    assert!(reasons.is_empty() || reasons == [("a texture larger than the host's", 5)], "{reasons:?}");
}
