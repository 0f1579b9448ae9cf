//! Tests of texture addressing: coordinates that a fetch uses of each kind of texture, and what
//! lies beyond a texture's edges.

use super::super::scene::*;
use xenia_gpu::PhysicalMemory;
use xenia_gpu::texture::layout::{MACRO_TILE, tiled_2d, tiled_3d};

/// Texel whose components are each one more than a coordinate.
fn texel(at: [u32; 3]) -> u32 {
    0xff00_0000 | (at[2] + 1) << 16 | (at[1] + 1) << 8 | (at[0] + 1)
}

/// Textures of 32 x 32 texels, and of four layers, slices or faces.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Line,
    Plane,
    Stack,
    Volume,
    Cube,
}

fn bind(scene: &mut Scene, kind: Kind) {
    for z in 0..4 {
        for (x, y) in (0..MACRO_TILE).flat_map(|y| (0..MACRO_TILE).map(move |x| (x, y))) {
            let at = match kind {
                Kind::Line => x * 4,
                Kind::Volume => tiled_3d(x, y, z, MACRO_TILE, MACRO_TILE, 2),
                _ => tiled_2d(x, y, MACRO_TILE, 2) + z * 4096,
            };
            if !matches!(kind, Kind::Line) || (y, z) == (0, 0) {
                scene.memory.write_u32(TEXTURE + at, texel([x, y, z]));
            }
        }
    }
    let (size, stacked, dimension) = match kind {
        Kind::Line => (31, 0, 0),
        Kind::Plane => (31 | 31 << 13, 0, 1),
        Kind::Stack => (31 | 31 << 13 | 3 << 26, 1, 1),
        Kind::Volume => (31 | 31 << 11 | 3 << 22, 0, 2),
        Kind::Cube => (31 | 31 << 13 | 5 << 26, 0, 3),
    };
    let tiled = u32::from(!matches!(kind, Kind::Line));
    let words = [
        2 | tiled << 31 | 1 << 22,
        6 | 2 << 6 | stacked << 10 | TEXTURE,
        size,
        0x688 << 1 | 2 << 23,
        0,
        dimension << 9,
    ];
    scene.texture(1, words);
}

#[test]
fn fetches_find_what_their_dimension_can_of_each_texture() {
    let row = Some([9, 0, 0]);
    let plane = Some([9, 19, 0]);
    let layer = Some([9, 19, 2]);
    for (kind, expected) in [
        (Kind::Line, [row, row, row, None]),
        (Kind::Plane, [row, plane, plane, plane]),
        (Kind::Stack, [row, plane, layer, layer]),
        (Kind::Volume, [row, plane, layer, None]),
        (Kind::Cube, [None, None, None, layer]),
    ] {
        for (fetch, expected) in ["1D", "2D", "3D", "Cube"].into_iter().zip(expected) {
            let mut scene = Scene::new(80, 16, 0);
            bind(&mut scene, kind);
            let from = if fetch == "1D" { "r0.x" } else { "r0.xyz" };
            scene.shader(1, &format!("tfetch{fetch} r0, {from}, tf1\nalloc colors\nmax oC0, r0, r0"));
            // The cube instruction adds one to its coordinates, and numbers faces.
            let at = if fetch == "Cube" { [1.3, 1.6, 2.0, 0.0] } else { [0.3, 0.6, 0.6, 0.0] };
            scene.vertices(&rectangle(0.0, 0.0, 80.0, 16.0, at));
            scene.draw(8, 3);
            let expected = expected.map_or([0; 4], |at| texel(at).to_le_bytes());
            assert_eq!(pixel(&scene.show(), 40, 8), expected, "{fetch} of a {kind:?}");
        }
    }
}

#[test]
fn a_constant_without_a_type_is_a_texture() {
    let mut scene = Scene::new(80, 16, 0);
    bind(&mut scene, Kind::Plane);
    scene.set(FETCH_CONSTANTS + 6, 1 << 31 | 1 << 22);
    scene.shader(1, "tfetch2D r0, r0.xy, tf1\nalloc colors\nmax oC0, r0, r0");
    scene.vertices(&rectangle(0.0, 0.0, 80.0, 16.0, [0.3, 0.6, 0.0, 0.0]));
    scene.draw(8, 3);
    assert_eq!(pixel(&scene.show(), 40, 8), texel([9, 19, 0]).to_le_bytes());
}

#[test]
fn nan_coordinates_have_no_weights() {
    let mut scene = Scene::new(80, 16, 0);
    bind(&mut scene, Kind::Plane);
    let program = "getWeights2D r0, r0.xy, tf1\nadd r0, c[0], -r0\nalloc colors\nmax oC0, r0, r0";
    scene.shader(1, program);
    scene.constant(256, [1.0; 4]);
    scene.vertices(&rectangle(0.0, 0.0, 80.0, 16.0, [f32::NAN, f32::INFINITY, 0.0, 0.0]));
    scene.draw(8, 3);
    assert_eq!(pixel(&scene.show(), 40, 8)[..2], [255; 2]);
}

#[test]
fn the_level_of_a_fetch_with_one_coordinate_follows_that_one() {
    for (fetch, level) in [("getCompTexLOD1D", 1), ("getCompTexLOD2D", 4)] {
        let mut scene = Scene::new(80, 16, 0);
        bind(&mut scene, Kind::Plane);
        let program = "r0, r0.xy, tf1, unnormalized\nmul r0, r0, c[0].x\nalloc colors\nmax oC0, r0, r0";
        scene.shader(1, &format!("{fetch} {program}"));
        scene.constant(256, [25.0 / 255.0; 4]);
        let corner = |x: f32, y: f32| vertex(x, y, [x * 2.0, y * 16.0, 0.0, 0.0]);
        scene.vertices(&[corner(0.0, 0.0), corner(80.0, 0.0), corner(80.0, 16.0), corner(0.0, 16.0)]);
        scene.draw(13, 4);
        assert_eq!(pixel(&scene.show(), 40, 8)[0], level * 25, "{fetch}");
    }
}

/// Levels at coordinates in texels of a white texture of four texels with a black border.
fn sampled_levels(mode: u32, policy: u32, filter: &str, coordinates: &[f32]) -> Vec<u8> {
    let mut scene = Scene::new(80, 16, 0);
    for x in 0..4 {
        scene.memory.write_u32(TEXTURE + tiled_2d(x, 0, 32, 2), u32::MAX);
    }
    let words = [
        2 | 1 << 31 | 1 << 22 | mode << 10 | 2 << 13,
        6 | 2 << 6 | policy << 11 | TEXTURE,
        3,
        0x688 << 1 | 2 << 23,
        0,
        1 << 9,
    ];
    scene.texture(1, words);
    let program = format!("tfetch2D r0, r0.xy, tf1, mag={filter}, min={filter}, unnormalized");
    scene.shader(1, &format!("{program}\nalloc colors\nmax oC0, r0, r0"));
    for (i, u) in coordinates.iter().enumerate() {
        let x = i as f32 * 8.0;
        scene.vertices(&rectangle(x, 0.0, x + 8.0, 16.0, [*u, 0.5, 0.0, 0.0]));
        scene.draw(8, 3);
    }
    let frame = scene.show();
    (0..coordinates.len()).map(|i| pixel(&frame, i as u32 * 8 + 4, 8)[0]).collect()
}

#[test]
fn half_way_modes_reach_half_of_the_border() {
    let at = [-9.0, -0.25, 0.5, 2.0, 3.75, 9.0];
    for (mode, filter, expected) in [
        (4, "linear", [128, 128, 255, 255, 191, 128]),
        (5, "linear", [128, 255, 255, 255, 191, 128]),
        (4, "point", [255; 6]),
        (5, "point", [255; 6]),
        (6, "linear", [0, 64, 255, 255, 191, 0]),
    ] {
        let found = sampled_levels(mode, 0, filter, &at);
        let is_near = found.iter().zip(expected).all(|(found, expected)| found.abs_diff(expected) <= 2);
        assert!(is_near, "mode {mode}, {filter}: {found:?}, not {expected:?}");
    }
}

#[test]
fn point_filters_may_prefer_the_nearest_texel_over_the_border() {
    let at = [-2.0, 1.5, 6.0];
    for (mode, policy, filter, expected) in [
        (6, 0, "point", [0, 255, 0]),
        (6, 1, "point", [255; 3]),
        (6, 1, "linear", [0, 255, 0]),
        (7, 0, "point", [255, 255, 0]),
        (7, 1, "point", [255; 3]),
    ] {
        assert_eq!(sampled_levels(mode, policy, filter, &at), expected, "mode {mode}, {policy}, {filter}");
    }
}
