//! Tests of mip level selection, of texel edges behind a mirror, and of depths above 1.

use super::super::scene::*;
use xenia_gpu::PhysicalMemory;
use xenia_gpu::texture::layout::tiled_2d;

/// Levels of a texture: the base, then the others.
const MIPS: u32 = TEXTURE + 0x1_0000;
const POINT: &str = "tfetch2D r0, r0.xy, tf1, mag=point, min=point, nolod, unnormalized";
/// Filters of the constant: linear in all three fields, or the base map between levels.
const TRILINEAR: u32 = 1 << 19 | 1 << 21 | 1 << 23;
const BASE_MAP: u32 = 2 << 23;

/// Scene with a texture of 32 x 32 texels: the base level is 0x20 in each component, level 1 0x60,
/// and further levels 0xa0.
fn leveled() -> Scene {
    let scene = Scene::new(80, 16, 0);
    scene.memory.write(TEXTURE, &[0x20; 0x1000]);
    scene.memory.write(MIPS, &[0x60; 0x1000]);
    scene.memory.write(MIPS + 0x1000, &[0xa0; 0x4000]);
    scene
}

/// Words of its fetch constant.
fn constant(filters: u32, lowest: u32, highest: u32) -> [u32; 6] {
    let levels = lowest << 2 | highest << 6;
    [2 | 1 << 31 | 1 << 22, 6 | TEXTURE, 31 | 31 << 13, 0x688 << 1 | filters, levels, 1 << 9 | MIPS]
}

/// Draws a pixel shader's `r0` over the surface; returns a component of a pixel.
fn drawn(scene: &mut Scene, words: [u32; 6], text: &str) -> u8 {
    scene.texture(1, words);
    scene.constant(256, [1.0; 4]);
    scene.shader(1, &format!("max r1, c[0], c[0]\n{text}\nalloc colors\nmax oC0, r0, r0"));
    scene.vertices(&rectangle(0.0, 0.0, 80.0, 16.0, [0.5; 4]));
    scene.draw(8, 3);
    pixel(&scene.show(), 40, 8)[0]
}

#[test]
fn each_fetch_of_a_constant_has_separate_levels() {
    let base = "tfetch2D r2, r0.xy, tf1, mip=base, nolod\n";
    let set = "setTexLOD r1.____, r1.x, tf1\n";
    let levels = "tfetch2D r0, r0.xy, tf1, nolod, reglod";
    let linear = "tfetch2D r0, r0.xy, tf1, mip=linear, nolod, reglod";
    for (text, filters, expected) in [
        (format!("{base}{set}{levels}"), TRILINEAR, 0x60),
        (format!("{set}{linear}"), BASE_MAP, 0x60),
        (format!("{set}{levels}"), BASE_MAP, 0x20),
        (format!("{set}{levels}, mip=base"), TRILINEAR, 0x20),
    ] {
        assert_eq!(drawn(&mut leveled(), constant(filters, 0, 5), &text), expected, "{text}");
    }
}

#[test]
fn the_base_map_is_level_0_or_the_lowest_level_without_it() {
    let fetch = "tfetch2D r0, r0.xy, tf1, nolod";
    for (base, lowest, expected) in [
        (TEXTURE, 0, 0x20),
        (TEXTURE, 1, 0x20),
        (TEXTURE, 2, 0x20),
        (0, 0, 0x60),
        (0, 2, 0xa0),
        (MIPS, 1, 0x60),
        (MIPS, 2, 0xa0),
    ] {
        let mut words = constant(BASE_MAP, lowest, 5);
        words[1] = 6 | base;
        assert_eq!(drawn(&mut leveled(), words, fetch), expected, "{base:#x}, {lowest}");
    }
}

#[test]
fn levels_of_a_small_packed_texture_lie_with_its_base() {
    let last = "tfetch2D r0, r0.xy, tf1, mip=point, nolod";
    let first = format!("setTexLOD r1.____, r1.x, tf1\n{last}, reglod");
    for (text, expected) in [(last, 0x20), (&first, 0x60)] {
        let mut scene = Scene::new(80, 16, 0);
        // Level 0 lies to the right of level 1.
        for (start, side, texel) in [(16, 16, 0x2020_2020), (8, 8, 0x6060_6060)] {
            for (x, y) in (start..start + side).flat_map(|x| (0..side).map(move |y| (x, y))) {
                scene.memory.write_u32(TEXTURE + tiled_2d(x, y, 32, 2), texel);
            }
        }
        let size = 15 | 15 << 13;
        let words = [2 | 1 << 31 | 1 << 22, 6 | TEXTURE, size, 0x688 << 1, 4 << 6, 1 << 9 | 1 << 11];
        assert_eq!(drawn(&mut scene, words, text), expected, "{text}");
    }
}

#[test]
fn levels_of_stacks_have_room_for_a_multiple_of_four_slices() {
    // Six slices of 64 x 64 texels; those of levels 1 and 2 are a tile each. Level 2 of the fourth.
    let mut scene = Scene::new(80, 16, 0);
    scene.memory.write(MIPS + (8 + 3) * 0x1000, &[0x60; 0x1000]);
    let words = [
        2 | 1 << 31 | 2 << 22,
        6 | 1 << 10 | TEXTURE,
        63 | 63 << 13 | 5 << 26,
        0x688 << 1,
        6 << 6,
        1 << 9 | MIPS,
    ];
    let fetch = "setTexLOD r1.____, r1.x, tf1\ntfetch3D r0, r0.xyz, tf1, mip=point, nolod, reglod, bias=1";
    assert_eq!(drawn(&mut scene, words, fetch), 0x60);
}

#[test]
fn constants_of_one_texture_may_have_different_lowest_levels() {
    let mut scene = leveled();
    let fetch = "tfetch2D r0, r0.xy, tf1, mip=point, nolod";
    assert_eq!(drawn(&mut scene, constant(0, 0, 0), fetch), 0x20);
    assert_eq!(drawn(&mut scene, constant(0, 1, 0), fetch), 0x60);
}

#[test]
fn mirrored_texel_edges_belong_to_the_texel_before_them() {
    // Each texel of the only row has its number times 16 in each component.
    for (u, expected) in [(-1.0, 0), (-2.0, 16), (-0.25, 0), (1.0, 16), (-1.5, 16)] {
        for clamp in [3, 5, 7] {
            let mut scene = Scene::new(80, 16, 0);
            for x in 0..8 {
                let at = TEXTURE + tiled_2d(x, 0, 32, 2);
                scene.memory.write_u32(at, x * 0x1010_1010);
            }
            let words =
                [2 | 1 << 31 | 1 << 22 | clamp << 10 | 2 << 13, 6 | TEXTURE, 7, 0x688 << 1, 0, 1 << 9];
            let text = format!("add r0.x, r0.x, c[1].x\n{POINT}");
            scene.constant(257, [u - 0.5, 0.0, 0.0, 0.0]);
            assert_eq!(drawn(&mut scene, words, &text), expected, "{u}, mode {clamp}");
        }
    }
}

#[test]
fn unnormalised_coordinates_are_mirrored_in_texels_of_the_only_level() {
    // Level 1 of a texture of 4 x 1 texels has two.
    for (u, expected) in [(0.5, 0x20), (-0.5, 0x20), (1.5, 0x60), (-1.5, 0x60)] {
        let mut scene = Scene::new(80, 16, 0);
        scene.memory.write_u32(MIPS, 0x2020_2020);
        scene.memory.write_u32(MIPS + 4, 0x6060_6060);
        let words = [
            2 | 1 << 31 | 1 << 22 | 3 << 10 | 2 << 13,
            6 | TEXTURE,
            3,
            0x688 << 1,
            1 << 2 | 1 << 6,
            1 << 9 | MIPS,
        ];
        let text = format!("add r0.x, r0.x, c[1].x\n{POINT}");
        scene.constant(257, [u - 0.5, 0.0, 0.0, 0.0]);
        assert_eq!(drawn(&mut scene, words, &text), expected, "{u}");
    }
}

#[test]
fn unnormalised_coordinates_of_the_base_map_count_its_texels() {
    // The range of levels has only level 1, of two texels.
    let mut scene = Scene::new(80, 16, 0);
    for x in 0..4 {
        scene.memory.write_u32(TEXTURE + tiled_2d(x, 0, 32, 2), (x + 1) * 0x2020_2020);
    }
    let levels = 1 << 2 | 1 << 6;
    let words = [2 | 1 << 31 | 1 << 22, 6 | TEXTURE, 3, 0x688 << 1 | BASE_MAP, levels, 1 << 9 | MIPS];
    scene.constant(257, [2.0, 0.0, 0.0, 0.0]);
    let fetch = "tfetch2D r0, r0.xy, tf1, nolod, unnormalized";
    assert_eq!(drawn(&mut scene, words, &format!("add r0.x, r0.x, c[1].x\n{fetch}")), 0x60);
}

#[test]
fn depths_in_a_volume_select_levels_too() {
    // Eight texels of depth from column to column: level 3.
    let mut scene = Scene::new(80, 16, 0);
    scene.texture(
        1,
        [2 | 1 << 31 | 1 << 22, 6 | TEXTURE, 15 | 15 << 11 | 15 << 22, 0x688 << 1, 4 << 6, 2 << 9 | MIPS],
    );
    scene.constant(256, [25.0 / 255.0; 4]);
    scene.shader(1, "getCompTexLOD3D r0, r0.xyz, tf1\nmul r0, r0, c[0].x\nalloc colors\nmax oC0, r0, r0");
    let corner = |x: f32, y: f32| vertex(x, y, [0.0, 0.0, x * 0.5, 0.0]);
    scene.vertices(&[corner(0.0, 0.0), corner(80.0, 0.0), corner(80.0, 16.0), corner(0.0, 16.0)]);
    scene.draw(13, 4);
    assert_eq!(pixel(&scene.show(), 40, 8)[0], 75);
}

#[test]
fn levels_of_a_cube_do_not_jump_where_faces_meet() {
    // Directions from (1, 0.2, 0.5) to (0.5, 0.2, 1); the faces meet between pixels 8 and 9, which
    // belong to one quad.
    let mut scene = Scene::new(80, 16, 0);
    scene.texture(1, [2 | 1 << 31 | 2 << 22, 6 | TEXTURE, 63 | 63 << 13, 0x688 << 1, 0, 3 << 9]);
    scene.constant(256, [1.5, 50.0 / 255.0, 0.0, 0.0]);
    scene.shader(
        1,
        "cube r1, r0.zzxy, r0.yxzz
         rcp r1.z, r1_abs.z
         mad r1.xy, r1, r1.zzzz, c[0].xxxx
         getCompTexLODCube r0, r1.yxw, tf1
         mul r0, r0, c[0].yyyy
         alloc colors
         max oC0, r0, r0",
    );
    let near = [1.0, 0.2, 0.5, 0.0];
    let far = [0.5, 0.2, 1.0, 0.0];
    scene.vertices(&[
        vertex(1.0, 0.0, near),
        vertex(17.0, 0.0, far),
        vertex(17.0, 16.0, far),
        vertex(1.0, 16.0, near),
    ]);
    scene.draw(13, 4);
    let frame = scene.show();
    // The coordinate changes by 1.5 to 2.7 texels from pixel to pixel.
    for x in 2..16 {
        let level = f32::from(pixel(&frame, x, 8)[0]) / 50.0;
        assert!((0.4..1.7).contains(&level), "{level} at {x}");
    }
}

#[test]
fn float_depths_may_exceed_one_where_nothing_is_clipped() {
    // The first draw leaves a depth of 1.5; of the next two only the nearer one passes.
    let mut scene = Scene::new(80, 16, 0);
    scene.write(RbDepthInfo::with().depth_base(1024).depth_format(DepthFormat::D24FS8));
    for (z, compare, color) in
        [(1.5, Compare::Always, RED), (1.75, Compare::Less, GREEN), (1.25, Compare::Less, BLUE)]
    {
        scene.write(depth(compare));
        let mut vertices = rectangle(0.0, 0.0, if z < 1.5 { 40.0 } else { 80.0 }, 16.0, color);
        for vertex in &mut vertices {
            vertex[2] = z;
        }
        scene.vertices(&vertices);
        scene.draw(8, 3);
    }
    let frame = scene.show();
    assert_eq!([20, 60].map(|x| pixel(&frame, x, 8)), [[0, 0, 255, 255], [255, 0, 0, 255]]);
}

#[test]
fn positions_are_rounded_to_sixteenths_of_a_pixel() {
    // An edge at 8.5 minus 1/64 is rounded to 8.5, where the pixel's centre lies on a left edge.
    for (quantisation, x, is_covered) in
        [(0, 8.5 + 1.0 / 64.0, true), (0, 8.5 + 3.0 / 64.0, false), (3, 8.7, true), (4, 8.6, false)]
    {
        let mut scene = Scene::new(80, 16, 0);
        scene.write(PaSuVtxCntl::with().pix_center(true).quant_mode(quantisation));
        let corners = [[x, 0.0], [40.0, 0.0], [40.0, 16.0], [x, 16.0]];
        scene.vertices(&corners.map(|[x, y]| vertex(x, y, RED)));
        scene.draw(13, 4);
        let expected = if is_covered { 255 } else { 0 };
        assert_eq!(pixel(&scene.show(), 8, 8)[0], expected, "{quantisation}, {x}");
    }
}
