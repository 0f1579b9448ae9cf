//! Tests of the surfaces that a draw touches: slots and depth that share tiles, scissors without an
//! effect, tests without an effect.

use super::super::scene::*;

/// Pixel shader with the vertex colour in the first slot and green in the second.
const TWO_COLORS: &str = "alloc colors\nmax oC0, r0, r0\nmax oC1.0101, r0, r0";

/// A D24S8 depth surface at this tile.
fn depth_surface(tile: u32) -> With<RbDepthInfo> {
    RbDepthInfo::with().depth_base(tile).depth_format(DepthFormat::D24S8)
}

/// Depth test without depth writes.
fn depth_test(compare: Compare) -> With<RbDepthcontrol> {
    RbDepthcontrol::with().z_enable(true).zfunc(compare)
}

/// The same vertices at this depth.
fn at_depth<const COUNT: usize>(z: f32, vertices: [[f32; 7]; COUNT]) -> [[f32; 7]; COUNT] {
    vertices.map(|mut vertex| {
        vertex[2] = z;
        vertex
    })
}

#[test]
fn the_first_of_two_targets_at_one_tile_is_drawn() {
    let mut scene = Scene::new(80, 32, 0);
    let second = RbColorInfo::with().color_base(0).color_format(ColorTargetFormat::Rgba8);
    scene.write(components(true).write_red1(true).write_green1(true).write_blue1(true).write_alpha1(true));
    scene.set(RB_COLOR1_INFO, second.done().raw());
    scene.set(RB_BLENDCONTROL1, blend(BlendFactor::One, BlendFactor::Zero).done().raw());
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
    scene.write(depth_surface(0));
    scene.write(depth(Compare::Always));
    scene.vertices(&rectangle(0.0, 0.0, 40.0, 32.0, RED));
    scene.draw(8, 3);
    scene.write(RbDepthcontrol::with());
    let frame = scene.show();
    for (x, y) in (0..32).flat_map(|y| (0..40).map(move |x| (x, y))) {
        assert_eq!(pixel(&frame, x, y), [255, 0, 0, 255], "{x} {y}");
    }
}

#[test]
fn the_largest_scissor_keeps_colour_out_of_depth() {
    // 80 x 32 pixels are two tiles; depth follows directly.
    let mut scene = Scene::new(80, 32, 0);
    scene.write(depth_surface(2));
    scene.write(PaScWindowScissorBr::with().br_x(8192).br_y(8192));
    let quad = |z: f32, color| {
        let [a, b, d] = rectangle(0.0, 0.0, 80.0, 32.0, color);
        at_depth(z, [a, b, vertex(80.0, 32.0, color), d])
    };
    scene.write(depth(Compare::Always));
    scene.vertices(&quad(0.5, RED));
    scene.draw(13, 4);
    scene.write(depth(Compare::Less));
    for (z, color) in [(0.75, GREEN), (0.25, BLUE), (0.375, GREEN)] {
        scene.vertices(&quad(z, color));
        scene.draw(13, 4);
    }
    scene.write(RbDepthcontrol::with());
    scene.write(PaScWindowScissorBr::with().br_x(80).br_y(32));
    let frame = scene.show();
    for (x, y) in (0..32).flat_map(|y| (0..80).map(move |x| (x, y))) {
        assert_eq!(pixel(&frame, x, y), [0, 0, 255, 255], "{x} {y}");
    }
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
    scene.write(depth_surface(0));
    scene.write(depth_test(Compare::Always));
    scene.vertices(&rectangle(8.0, 0.0, 16.0, 16.0, BLUE));
    scene.draw(8, 3);
    scene.write(RbDepthcontrol::with());
    let frame = scene.show();
    for (x, expected) in [(4, [255, 0, 0, 255]), (12, [0, 0, 255, 255]), (20, [255, 0, 0, 255])] {
        assert_eq!(pixel(&frame, x, 8), expected, "{x}");
    }
    assert_eq!(pixel(&frame, 60, 8), [0, 255, 0, 255]);
}

#[test]
fn without_colours_there_is_depth_to_draw() {
    let mut scene = Scene::new(80, 16, 0);
    let at = |z: f32, width: f32, color| at_depth(z, rectangle(0.0, 0.0, width, 16.0, color));
    scene.write(depth(Compare::Always));
    scene.vertices(&at(0.75, 80.0, RED));
    scene.draw(8, 3);
    // No component is written; nearer in the left half.
    scene.write(RbColorMask::with());
    scene.vertices(&at(0.25, 40.0, GREEN));
    scene.draw(8, 3);
    scene.write(components(true));
    scene.write(depth_test(Compare::Less));
    scene.vertices(&at(0.5, 80.0, BLUE));
    scene.draw(8, 3);
    scene.write(RbDepthcontrol::with());
    let frame = scene.show();
    assert_eq!([20, 60].map(|x| pixel(&frame, x, 8)), [[255, 0, 0, 255], [0, 0, 255, 255]]);
}

#[test]
fn samples_are_counted_where_nothing_is_written() {
    let mut scene = Scene::new(80, 16, 0);
    let before = scene.gpu.backend().samples_passed();
    assert_eq!(before, Some(0));
    scene.write(RbColorMask::with());
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
        let masks = RbStencilrefmask::with().stencilmask(0xff).stencilwritemask(0xff);
        let replacing = RbDepthcontrol::with()
            .stencil_enable(true)
            .stencilfunc(Compare::Always)
            .stencilfail(StencilOp::Replace)
            .stencilzpass(StencilOp::Replace)
            .stencilzfail(StencilOp::Replace);
        let at = |i: u32| (i % 20, i / 20);
        let count = 120 / msaa.samples() * msaa.samples();
        for number in 0..count {
            let (x, y) = at(number / msaa.samples());
            let sample = number % msaa.samples();
            scene.set(PA_SC_AA_MASK, 0x1111 << sample);
            if kind == Kind::Stencil {
                scene.write(masks.stencilref(number));
                scene.write(replacing);
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
