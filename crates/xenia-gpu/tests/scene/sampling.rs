//! Tests of texture sampling: coordinates are rounded to eight fraction bits.

use super::super::scene::*;
use xenia_gpu::PhysicalMemory;
use xenia_gpu::texture::layout::tiled_2d;

/// Sets up a row of twelve texels; texel n is grey, of level 20 n + 10.
fn row() -> Scene {
    let scene = Scene::new(160, 16, 0);
    for x in 0..12 {
        scene.memory.write_u32(TEXTURE + tiled_2d(x, 0, 32, 2), 0xff00_0000 | ((x * 20 + 10) * 0x0001_0101));
    }
    scene
}

/// Sets fetch constant 1.
fn bind(scene: &mut Scene, words: [u32; 6]) {
    for (i, word) in words.into_iter().enumerate() {
        scene.set(0x4806 + i as u32, word);
    }
}

fn fetch(scene: &mut Scene, text: &str) {
    let words = [2 | 1 << 31 | 1 << 22 | 2 << 10 | 2 << 13, 6 | 2 << 6 | TEXTURE, 11, 0x688 << 1, 0, 1 << 9];
    bind(scene, words);
    scene.shader(1, &format!("{text}\nalloc colors\nmax oC0, r0, r0"));
}

/// Fetches at one coordinate per column of eight pixels; returns the resulting levels.
fn levels(text: &str, coordinates: &[f32]) -> Vec<u32> {
    let mut scene = row();
    fetch(&mut scene, text);
    for (i, u) in coordinates.iter().enumerate() {
        let x = i as f32 * 8.0;
        scene.vertices(&rectangle(x, 0.0, x + 8.0, 16.0, [*u, 0.5, 0.0, 0.0]));
        scene.draw(8, 3);
    }
    let frame = scene.show();
    (0..coordinates.len()).map(|i| u32::from(pixel(&frame, i as u32 * 8 + 4, 8)[0])).collect()
}

#[test]
fn point_sampling_snaps_coordinates_near_texel_edges() {
    let step = 1.0 / 256.0;
    let texel = |x: u32| x * 20 + 10;
    let point = "tfetch2D r0, r0.xy, tf1, mag=point, min=point, unnormalized";
    let found =
        levels(point, &[3.0, 3.0 - 0.25 * step, 3.0 - 0.75 * step, 3.0 - step, 3.0 + step, 0.0, 11.9]);
    assert_eq!(found, [3, 3, 2, 2, 3, 0, 11].map(texel));
}

#[test]
fn shares_of_a_texture_find_its_edges() {
    // n / 12 is not exact in binary: twelve times it may be below n.
    let coordinates: Vec<f32> = (0..12).map(|x| x as f32 / 12.0).collect();
    let found = levels("tfetch2D r0, r0.xy, tf1, mag=point, min=point", &coordinates);
    assert_eq!(found, (0..12).map(|x| x * 20 + 10).collect::<Vec<_>>());
}

#[test]
fn filters_weigh_by_the_rounded_coordinate() {
    let linear = "tfetch2D r0, r0.xy, tf1, mag=linear, min=linear, unnormalized";
    // Centres, and halfway between two.
    for (found, expected) in levels(linear, &[3.5, 4.0, 4.5]).into_iter().zip([70, 80, 90]) {
        assert!(found.abs_diff(expected) <= 1, "{found} {expected}");
    }
}

#[test]
fn unnormalised_coordinates_are_in_texels_of_the_only_level() {
    // Level 1 of 64 x 32 texels: texel n of its 32 in a row is grey, of level 5 n + 10.
    let mut scene = Scene::new(80, 16, 0);
    for x in 0..32 {
        scene.memory.write_u32(TEXTURE + tiled_2d(x, 0, 32, 2), 0xff00_0000 | ((x * 5 + 10) * 0x0001_0101));
    }
    let size = 63 | 31 << 13;
    let base = 6 | 2 << 6 | (TEXTURE + 0x1_0000);
    for (lowest, expected) in [(0, 0), (1, 20 * 5 + 10)] {
        let words = [
            2 | 1 << 31 | 2 << 22 | 2 << 10 | 2 << 13,
            base,
            size,
            0x688 << 1,
            lowest << 2 | 1 << 6,
            1 << 9 | TEXTURE,
        ];
        bind(&mut scene, words);
        let fetch = "tfetch2D r0, r0.xy, tf1, mag=point, min=point, mip=point, unnormalized";
        scene.shader(1, &format!("{fetch}\nalloc colors\nmax oC0, r0, r0"));
        scene.vertices(&rectangle(0.0, 0.0, 80.0, 16.0, [20.5, 0.5, 0.0, 0.0]));
        scene.draw(8, 3);
        assert_eq!(pixel(&scene.show(), 40, 8)[0], expected, "from level {lowest} on");
    }
}

#[test]
fn edges_of_smaller_levels_are_met() {
    // Level 4 of 41 x 32 texels has two texels in a row, and its edge lies at 20.5; times 2 / 41,
    // rounded, that is less than one.
    let mut scene = Scene::new(80, 16, 0);
    for level in 0..8 {
        let at = TEXTURE + level * 0x1000;
        scene.memory.write_u32(at + tiled_2d(0, 0, 32, 2), 0xff0a_0a0a);
        scene.memory.write_u32(at + tiled_2d(1, 0, 32, 2), 0xff6e_6e6e);
    }
    let base = 6 | 2 << 6 | (TEXTURE + 0x1_0000);
    let levels = 4 << 2 | 4 << 6;
    let words = [
        2 | 1 << 31 | 2 << 22 | 2 << 10 | 2 << 13,
        base,
        40 | 31 << 13,
        0x688 << 1,
        levels,
        1 << 9 | TEXTURE,
    ];
    bind(&mut scene, words);
    let fetch = "tfetch2D r0, r0.xy, tf1, mag=point, min=point, mip=point";
    scene.shader(1, &format!("{fetch}\nalloc colors\nmax oC0, r0, r0"));
    for (u, expected) in [(0.49, 10), (0.5, 110), (0.51, 110)] {
        scene.vertices(&rectangle(0.0, 0.0, 80.0, 16.0, [u, 0.1, 0.0, 0.0]));
        scene.draw(8, 3);
        assert_eq!(pixel(&scene.show(), 40, 8)[0], expected, "{u}");
    }
}

#[test]
fn the_constant_scales_the_gradients_of_rows_and_columns() {
    // Eight texels per pixel select level 3.
    for ([rows, columns], level) in [([0, 0], 3), ([1, 0], 4), ([0, 1], 3), ([-1_i32, 4], 2)] {
        let mut scene = row();
        let fetch = "getCompTexLOD2D r0, r0.xy, tf1, unnormalized";
        self::fetch(&mut scene, &format!("{fetch}\nmul r0, r0, c[0].x"));
        // Its bias is that of the fetch which gets the level.
        let bias = 32 << 12;
        scene.set(0x480a, bias | (rows as u32 & 31) << 22 | (columns as u32 & 31) << 27);
        scene.constant(256, [25.0 / 255.0; 4]);
        let corner = |x: f32, y: f32| vertex(x, y, [x * 8.0, 0.0, 0.0, 0.0]);
        scene.vertices(&[corner(0.0, 0.0), corner(160.0, 0.0), corner(160.0, 16.0), corner(0.0, 16.0)]);
        scene.draw(13, 4);
        assert_eq!(pixel(&scene.show(), 80, 8)[0], level * 25, "2^{rows} and 2^{columns}");
    }
}

#[test]
fn points_of_five_bits_are_less_than_one() {
    // Titles take the column of a page as the whole part of 32 times a component of five bits.
    let bits = |x: u32| 2 * x + 1;
    for (filters, is_point) in [("mag=point, min=point", true), ("mag=linear, min=linear", false)] {
        let mut scene = Scene::new(160, 16, 0);
        for x in 0..16 {
            let texel = bits(x) * (1 | 2 << 5 | 1 << 11);
            scene.memory.write(TEXTURE + tiled_2d(x, 0, 32, 1), &(texel as u16).to_be_bytes());
        }
        let clamp = 2 << 10 | 2 << 13;
        bind(&mut scene, [2 | 1 << 31 | 1 << 22 | clamp, 4 | 1 << 6 | TEXTURE, 15, 0x688 << 1, 0, 1 << 9]);
        scene.shader(
            1,
            &format!(
                "tfetch2D r0, r0.xy, tf1, {filters}, unnormalized
                 mul r1, r0, c[0].y
                 frc r1, r1
                 mul r0, r0, c[0].x
                 floor r0, r0
                 mul r0, r0, c[0].z
                 max r0.y, r1.xxxx, r1.xxxx
                 alloc colors
                 max oC0, r0, r0"
            ),
        );
        scene.constant(256, [32.0, 1024.0, 1.0 / 255.0, 0.0]);
        for x in 0..16 {
            let left = x as f32 * 8.0;
            scene.vertices(&rectangle(left, 0.0, left + 8.0, 16.0, [x as f32 + 0.5, 0.5, 0.0, 0.0]));
            scene.draw(8, 3);
        }
        let frame = scene.show();
        for x in 0..16 {
            let [column, rest, ..] = pixel(&frame, x * 8 + 4, 8);
            let expected = if is_point { bits(x) } else { bits(x) * 32 / 31 };
            assert_eq!(u32::from(column), expected, "{filters}, {x}");
            assert!(!is_point || rest == 0, "{filters}, {x}: {rest}");
        }
    }
}

#[test]
fn fractions_have_16_bits() {
    // Levels in steps of 17, and the middle level. 65,536 times each has no fraction; titles
    // compare the middle with such a value.
    let at = |x: u32| if x == 0 { 128 } else { x * 17 };
    let mut scene = Scene::new(160, 16, 0);
    for x in 0..16 {
        scene.memory.write_u32(TEXTURE + tiled_2d(x, 0, 32, 2), at(x) * 0x0101_0101);
    }
    let point = "tfetch2D r0, r0.xy, tf1, mag=point, min=point, unnormalized";
    fetch(
        &mut scene,
        &format!("{point}\nmul r0, r0, c[0].x\nfrc r1, r0\nadd r0, r0, -c[0].y\nmax r0.x, r1, r1"),
    );
    scene.set(0x4808, 15);
    scene.constant(256, [65_536.0, 32_896.0, 0.0, 0.0]);
    for x in 0..16 {
        let left = x as f32 * 8.0;
        scene.vertices(&rectangle(left, 0.0, left + 8.0, 16.0, [x as f32 + 0.5, 0.5, 0.0, 0.0]));
        scene.draw(8, 3);
    }
    let frame = scene.show();
    for x in 0..16 {
        assert_eq!(pixel(&frame, x * 8 + 4, 8)[0], 0, "level {}", at(x));
    }
    assert_eq!(pixel(&frame, 4, 8)[1], 255, "128 is 32,897 of 65,536");
    assert_eq!(pixel(&frame, 60, 8)[1], 0, "119 is less");
}

#[test]
fn texels_of_a_block_have_its_colours() {
    // DXT1 from red to blue, with all four colours in each row. Direct3D lets a device be off by a
    // level and 3 % of the difference.
    let mut scene = Scene::new(80, 16, 0);
    scene.memory.write(TEXTURE, &[0x00, 0xf8, 0x1f, 0x00, 0xe4, 0xe4, 0xe4, 0xe4]);
    bind(&mut scene, [2 | 1 << 31 | 1 << 22, 18 | TEXTURE, 31 | 31 << 13, 0x688 << 1, 0, 1 << 9]);
    let point = "tfetch2D r0, r0.xy, tf1, mag=point, min=point, unnormalized";
    scene.shader(1, &format!("{point}\nalloc colors\nmax oC0, r0, r0"));
    for x in 0..4 {
        let left = x as f32 * 8.0;
        scene.vertices(&rectangle(left, 0.0, left + 8.0, 16.0, [x as f32 + 0.5, 2.5, 0.0, 0.0]));
        scene.draw(8, 3);
    }
    let frame = scene.show();
    for (x, [red, blue]) in (0..).zip([[255_u8, 0], [0, 255], [170, 85], [85, 170]]) {
        let found = pixel(&frame, x * 8 + 4, 8);
        let is_near = found[0].abs_diff(red) <= 9 && found[2].abs_diff(blue) <= 9;
        assert!(is_near && [found[1], found[3]] == [0, 255], "{x}: {found:?}");
    }
}

#[test]
fn the_border_may_have_a_separate_alpha() {
    // 8_8_8_8, 8 and DXT1; all fetches are beyond the left edge.
    for (format, forced, expected) in
        [6, 2, 18].into_iter().flat_map(|format| [(format, 0, 0), (format, 4, 255)])
    {
        let mut scene = Scene::new(80, 16, 0);
        let clamp = 6 << 10 | 6 << 13;
        let words =
            [2 | 1 << 31 | 1 << 22 | clamp, format | TEXTURE, 31 | 31 << 13, 0x688 << 1, 0, 1 << 9 | forced];
        bind(&mut scene, words);
        scene.shader(1, "tfetch2D r0, r0.xy, tf1, mag=point, min=point\nalloc colors\nmax oC0, r0.xyzw, r0");
        scene.vertices(&rectangle(0.0, 0.0, 80.0, 16.0, [-2.0, 0.5, 0.0, 0.0]));
        scene.draw(8, 3);
        assert_eq!(pixel(&scene.show(), 40, 8), [0, 0, 0, expected], "format {format}");
    }
}

#[test]
fn anisotropic_fetch_keeps_detail_along_shorter_axis() {
    // The gradient is one texel from column to column and eight from row to row. Stripes of four
    // texel columns alternate between black and white, and all smaller levels are grey.
    for (constant, own, is_sharp) in [
        (0, "", false),
        (5, "", true),
        (5, ", aniso=off", false),
        (0, ", aniso=16", true),
        (5, ", mip=point", false),
        (5, ", nolod", true),
    ] {
        let mut scene = Scene::new(80, 16, 0);
        for (x, y) in (0..64).flat_map(|y| (0..64).map(move |x| (x, y))) {
            let texel = if x / 4 % 2 == 0 { 0 } else { u32::MAX };
            scene.memory.write_u32(TEXTURE + tiled_2d(x, y, 64, 2), texel);
        }
        let levels = TEXTURE + 0x1_0000;
        for at in (0..0x1_0000).step_by(4) {
            scene.memory.write_u32(levels + at, 0x8080_8080);
        }
        let filters = 1 << 19 | 1 << 21 | 1 << 23 | constant << 25;
        let words = [
            2 | 1 << 31 | 2 << 22,
            6 | 2 << 6 | TEXTURE,
            63 | 63 << 13,
            0x688 << 1 | filters,
            6 << 6,
            1 << 9 | levels,
        ];
        bind(&mut scene, words);
        scene.shader(1, &format!("tfetch2D r0, r0.xy, tf1{own}\nalloc colors\nmax oC0, r0, r0"));
        let corner = |x: f32, y: f32| vertex(x, y, [x / 64.0, y / 8.0, 0.0, 0.0]);
        scene.vertices(&[corner(0.0, 0.0), corner(80.0, 0.0), corner(80.0, 16.0), corner(0.0, 16.0)]);
        scene.draw(13, 4);
        let frame = scene.show();
        for (x, y) in (4..12).flat_map(|y| (1..9).map(move |x| (8 * x + 1, y))) {
            let [black, white] = [x, x + 4].map(|x| pixel(&frame, x, y)[0]);
            let difference = i32::from(white) - i32::from(black);
            assert_eq!(difference > 96, is_sharp, "{constant}{own} {x} {y}: {black} {white}");
            assert!(is_sharp || difference.abs() < 16, "{constant}{own} {x} {y}: {black} {white}");
        }
    }
}

#[test]
fn a_1d_fetch_with_three_components_has_two_coordinates() {
    for (at, expected) in [("r0.xyz", 0x60), ("r0.yxw", 0x40), ("r0.x", 0x20), ("r0.xy", 0x20)] {
        let mut scene = Scene::new(80, 16, 0);
        for (x, y, texel) in [(0, 0, 0x2020_2020), (2, 0, 0x4040_4040), (0, 2, 0x6060_6060)] {
            scene.memory.write_u32(TEXTURE + tiled_2d(x, y, 32, 2), texel);
        }
        let clamp = 2 << 10 | 2 << 13;
        let words = [2 | 1 << 31 | 1 << 22 | clamp, 6 | 2 << 6 | TEXTURE, 3 | 3 << 13, 0x688 << 1, 0, 1 << 9];
        bind(&mut scene, words);
        let fetch = format!("tfetch1D r0, {at}, tf1, mag=point, min=point");
        scene.shader(1, &format!("{fetch}\nalloc colors\nmax oC0, r0, r0"));
        scene.vertices(&rectangle(0.0, 0.0, 80.0, 16.0, [0.1, 0.6, 0.0, 0.0]));
        scene.draw(8, 3);
        assert_eq!(pixel(&scene.show(), 40, 8)[0], expected, "{at}");
    }
}
