//! Tests of the surfaces that a draw touches: slots and depth that share tiles, scissors without an
//! effect, tests without an effect.

use super::super::scene::*;

/// Pixel shader with the vertex colour in the first slot and green in the second.
const TWO_COLORS: &str = "alloc colors\nmax oC0, r0, r0\nmax oC1.0101, r0, r0";

#[test]
fn the_first_of_two_targets_at_one_tile_is_drawn() {
    let mut scene = Scene::new(80, 32, 0);
    scene.set(0x2104, 0xff);
    scene.set(0x2003, 0);
    scene.set(0x2209, 0x0001_0001);
    scene.shader(1, TWO_COLORS);
    scene.vertices(&rectangle(0.0, 0.0, 40.0, 32.0, RED));
    scene.draw(8, 3);
    // Later draws work, too.
    scene.shader(1, COLORED_PS);
    scene.vertices(&rectangle(40.0, 0.0, 80.0, 32.0, BLUE));
    scene.draw(8, 3);
    let frame = scene.show();
    assert_eq!([20, 60].map(|x| pixel(&frame, x, 16)), [[255, 0, 0, 255], [0, 0, 255, 255]]);
}

#[test]
fn colour_and_depth_at_one_tile_use_opposite_halves() {
    // The halves of a depth tile are exchanged, so the left half of the pixels has its colours in
    // the left half of the tile and its depth in the right one.
    let mut scene = Scene::new(80, 32, 0);
    scene.set(0x2002, 0);
    scene.set(0x2200, 2 | 4 | 7 << 4); // depth: always, write
    scene.vertices(&rectangle(0.0, 0.0, 40.0, 32.0, RED));
    scene.draw(8, 3);
    scene.set(0x2200, 0);
    let frame = scene.show();
    for (x, y) in (0..32).flat_map(|y| (0..40).map(move |x| (x, y))) {
        assert_eq!(pixel(&frame, x, y), [255, 0, 0, 255], "{x} {y}");
    }
}

#[test]
fn the_largest_scissor_keeps_colour_out_of_depth() {
    // 80 x 32 pixels are two tiles; depth follows directly.
    let mut scene = Scene::new(80, 32, 0);
    scene.set(0x2002, 2);
    scene.set(0x2082, 8192 | 8192 << 16);
    let quad = |z: f32, color| {
        let [a, b, d] = rectangle(0.0, 0.0, 80.0, 32.0, color);
        [a, b, vertex(80.0, 32.0, color), d].map(|mut corner| {
            corner[2] = z;
            corner
        })
    };
    scene.set(0x2200, 2 | 4 | 7 << 4); // depth: always, write
    scene.vertices(&quad(0.5, RED));
    scene.draw(13, 4);
    scene.set(0x2200, 2 | 4 | 1 << 4); // depth: less
    for (z, color) in [(0.75, GREEN), (0.25, BLUE), (0.375, GREEN)] {
        scene.vertices(&quad(z, color));
        scene.draw(13, 4);
    }
    scene.set(0x2200, 0);
    scene.set(0x2082, 80 | 32 << 16);
    let frame = scene.show();
    assert!(frame.rgba.chunks_exact(4).all(|pixel| pixel == [0, 0, 255, 255]));
}

#[test]
fn a_depth_test_without_effect_leaves_its_tiles_unchanged() {
    // The depth surface shares the colour surface's tiles: loading and storing it would reorder the
    // colours' samples.
    let mut scene = Scene::new(80, 16, 0);
    for (x, color) in [(0.0, RED), (40.0, GREEN)] {
        scene.vertices(&rectangle(x, 0.0, x + 40.0, 16.0, color));
        scene.draw(8, 3);
    }
    scene.set(0x2002, 0);
    scene.set(0x2200, 2 | 7 << 4); // always, no write
    scene.vertices(&rectangle(8.0, 0.0, 16.0, 16.0, BLUE));
    scene.draw(8, 3);
    scene.set(0x2200, 0);
    let frame = scene.show();
    for (x, expected) in [(4, [255, 0, 0, 255]), (12, [0, 0, 255, 255]), (20, [255, 0, 0, 255])] {
        assert_eq!(pixel(&frame, x, 8), expected, "{x}");
    }
    assert_eq!(pixel(&frame, 60, 8), [0, 255, 0, 255]);
}

#[test]
fn without_colours_there_is_depth_to_draw() {
    let mut scene = Scene::new(80, 16, 0);
    let at = |z: f32, width: f32, color| {
        rectangle(0.0, 0.0, width, 16.0, color).map(|mut corner| {
            corner[2] = z;
            corner
        })
    };
    scene.set(0x2200, 2 | 4 | 7 << 4);
    scene.vertices(&at(0.75, 80.0, RED));
    scene.draw(8, 3);
    // No component is written; nearer in the left half.
    scene.set(0x2104, 0);
    scene.vertices(&at(0.25, 40.0, GREEN));
    scene.draw(8, 3);
    scene.set(0x2104, 0xf);
    scene.set(0x2200, 2 | 1 << 4);
    scene.vertices(&at(0.5, 80.0, BLUE));
    scene.draw(8, 3);
    scene.set(0x2200, 0);
    let frame = scene.show();
    assert_eq!([20, 60].map(|x| pixel(&frame, x, 8)), [[255, 0, 0, 255], [0, 0, 255, 255]]);
}

#[test]
fn samples_are_counted_where_nothing_is_written() {
    let mut scene = Scene::new(80, 16, 0);
    let before = scene.gpu.backend().samples_passed();
    assert_eq!(before, Some(0));
    scene.set(0x2104, 0);
    scene.vertices(&rectangle(0.0, 0.0, 40.0, 16.0, RED));
    scene.draw(8, 3);
    assert_eq!(scene.gpu.backend().samples_passed(), Some(640));
}

/// Contents to draw: 8-bit colour, 64-bit colour, or stencil.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Color,
    WideColor,
    Stencil,
}

#[test]
fn every_sample_lies_where_the_chip_has_it() {
    for (msaa, kind) in [Msaa::X2, Msaa::X4]
        .into_iter()
        .flat_map(|m| [Kind::Color, Kind::WideColor, Kind::Stencil].map(|k| (m, k)))
    {
        let mut scene = Scene::new(80, 16, msaa as u32);
        scene.write(PaSuScModeCntl::with().msaa_enable(true));
        if kind == Kind::WideColor {
            scene.write(RbColorInfo::with().color_base(0).color_format(ColorTargetFormat::Rgba16));
        }
        let at = |i: u32| (i % 20, i / 20);
        let count = 120 / msaa.samples() * msaa.samples();
        for number in 0..count {
            let (x, y) = at(number / msaa.samples());
            let sample = number % msaa.samples();
            scene.set(PA_SC_AA_MASK, 0x1111 << sample);
            if kind == Kind::Stencil {
                scene.set(0x210d, number | 0xff << 8 | 0xff << 16);
                scene.set(0x2200, 1 | 7 << 8 | 2 << 11 | 2 << 14 | 2 << 17); // always, replace
            }
            let red = if kind == Kind::WideColor { number as f32 / 8.0 } else { number as f32 / 255.0 };
            let x = x as f32;
            let y = y as f32;
            scene.vertices(&rectangle(x, y, x + 1.0, y + 1.0, [red, 0.0, 0.0, 1.0]));
            scene.draw(8, 3);
        }
        let words = scene.gpu.backend().edram().unwrap();
        let wide = if kind == Kind::WideColor { 2 } else { 1 };
        let pitch = 80 * msaa.columns() * wide / 80;
        for number in 0..count {
            let (x, y) = at(number / msaa.samples());
            let sample = number % msaa.samples();
            let (u, v) = match msaa {
                Msaa::X4 => ((x & !1) << 1 | x & 1 | (sample & 1) << 1, (y & !1) << 1 | y & 1 | sample & 2),
                _ => (x & !2 | sample << 1, (y & !1) << 1 | y & 1 | x & 2),
            };
            let u = u * wide;
            let column = if kind == Kind::Stencil { (u % 80 + 40) % 80 } else { u % 80 };
            let base = if kind == Kind::Stencil { 1024 } else { 0 };
            let word = words[((base + v / 16 * pitch + u / 80) * 1280 + v % 16 * 80 + column) as usize];
            let value = match kind {
                Kind::Color | Kind::Stencil => word & 0xff,
                Kind::WideColor => ((word & 0xffff) as f32 * 8.0 * 32.0 / 32767.0).round() as u32,
            };
            assert_eq!(value, number, "{msaa:?} {kind:?}: {x} {y} {sample}");
        }
    }
}
