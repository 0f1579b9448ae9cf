//! Tests of the internal resolution: what is drawn, resolved, sampled and shown has the host's
//! pixels; memory and the EDRAM's words have the first of each of the guest's.

use super::readback::{draw_texture, resolve, set_texture};
use super::*;
use xenia_gpu::texture::layout::tiled_2d;
use xenia_render::backend::{Options, Scale};

const SIZE: [u32; 2] = [64, 48];

/// Runs `check` with a scene that draws at a scale, if there is a device.
fn scaled(factor: u32, msaa: u32, check: impl FnOnce(&mut Scene)) {
    scaled_and_seen(factor, msaa, |scene, _| check(scene));
}

/// As [`scaled`], with the backend.
fn scaled_and_seen(factor: u32, msaa: u32, check: impl FnOnce(&mut Scene, &Drawing)) {
    let Some(device) = device() else { return };
    let options = Options { scale: Scale::new(factor).unwrap(), ..Options::default() };
    let backend = WgpuBackend::with_options(device.clone(), &options);
    let drawing = Drawing::new(Box::new(backend));
    DRAWING.set(Some(drawing.clone()));
    check(&mut Scene::new(SIZE[0], SIZE[1], msaa), &drawing);
}

/// Fills the surface: red is four levels a pixel to the right, green four a pixel downwards.
fn draw_gradient(scene: &mut Scene) {
    let [width, height] = SIZE.map(|side| side as f32);
    let at = |x: f32, y: f32| vertex(x, y, [x * 4.0 / 255.0, y * 4.0 / 255.0, 0.25, 1.0]);
    scene.vertices(&[at(0.0, 0.0), at(width, 0.0), at(width, height), at(0.0, height)]);
    scene.draw(13, 4);
}

/// Checks red and green of each pixel of a frame, within a level.
fn check_frame(frame: &Frame, factor: u32, expected: impl Fn(u32) -> f32) {
    assert_eq!([frame.width, frame.height], SIZE.map(|side| side * factor));
    for (x, y) in (0..frame.height).flat_map(|y| (0..frame.width).map(move |x| (x, y))) {
        let [red, green, ..] = pixel(frame, x, y).map(f32::from);
        let apart = (red - expected(x)).abs().max((green - expected(y)).abs());
        assert!(apart <= 1.0, "{x} {y}: {red} {green}, not {} {}", expected(x), expected(y));
    }
}

/// Level at the middle of a host's pixel.
fn middle(factor: u32) -> impl Fn(u32) -> f32 {
    move |at| (at as f32 + 0.5) * 4.0 / factor as f32
}

#[test]
fn what_is_drawn_and_sampled_has_the_hosts_pixels() {
    for (factor, msaa) in [(1, 0), (2, 0), (3, 0), (2, 1), (2, 2)] {
        scaled(factor, msaa, |scene| {
            draw_gradient(scene);
            resolve(scene, TEXTURE, SIZE[0]);
            let [width, height] = SIZE.map(|side| side as f32);
            scene.vertices(&rectangle(0.0, 0.0, width, height, BLUE));
            scene.shader(1, COLORED_PS);
            scene.draw(8, 3);
            draw_texture(scene, TEXTURE, [0.0, 0.0, width, height]);
            let frame = scene.swap();
            check_frame(&frame, factor, middle(factor));
            // Memory has the first of each guest pixel's, and so have the EDRAM's words.
            for (x, y) in [(0, 0), (63, 0), (17, 31), (63, 47)] {
                let word = scene.memory.read_u32(FRONT + tiled_2d(x, y, SIZE[0], 2));
                assert_eq!(word.to_le_bytes()[..2], pixel(&frame, x * factor, y * factor)[..2]);
            }
            let words = scene.gpu.backend().edram().unwrap();
            assert_eq!(words[0].to_le_bytes()[..2], pixel(&frame, 0, 0)[..2]);
        });
    }
}

#[test]
fn the_position_of_a_pixel_is_in_guest_pixels() {
    // Four levels a pixel; middles of guest pixels are whole numbers, and none is negative.
    for factor in 1..=3 {
        scaled(factor, 0, |scene| {
            let program = SqProgramCntl::with().param_gen(true);
            scene.write(program);
            scene.shader(1, "mul r0, r0.xyzw, c[0].xxxx\nalloc colors\nmax oC0, r0, r0");
            scene.constant(256, [4.0 / 255.0; 4]);
            let [width, height] = SIZE.map(|side| side as f32);
            let at = |x: f32, y: f32| vertex(x, y, BLUE);
            // A front face: the sign of x marks the others.
            scene.vertices(&[at(0.0, height), at(width, height), at(width, 0.0), at(0.0, 0.0)]);
            scene.draw(13, 4);
            let place = |at: u32| ((at as f32 + 0.5) / factor as f32 - 0.5).max(0.0);
            check_frame(&scene.swap(), factor, |at| 4.0 * place(at));
        });
    }
}

#[test]
fn offsets_weights_and_levels_of_fetches_count_the_hosts_texels() {
    // Coordinates from 0 to 1, then in texels.
    for (coordinates, option) in [("", ""), ("mul r0, r0, c[0]\n", ", unnormalized")] {
        for factor in 1..=3 {
            scaled(factor, 0, |scene| {
                draw_gradient(scene);
                resolve(scene, TEXTURE, SIZE[0]);
                let [width, height] = SIZE.map(|side| side as f32);
                draw_texture(scene, TEXTURE, [0.0, 0.0, width, height]);
                set_texture(scene, 2, TEXTURE);
                // The next texel on both axes, and the weights in the middle of a texel: zero, also
                // those of a constant without a fetch.
                let fetch = format!("tfetch2D r1, r0.xy, tf1, offsetx=1, offsety=1{option}");
                let weights = format!("getWeights2D r2, r0.xy, tf2{option}\nadd r1.xy__, r1, r2");
                // A guest pixel that is four guest texels wide has level 2 at any resolution.
                let level = format!("mul r2, r0, c[1].x\ngetCompTexLOD2D r2, r2.xy, tf1{option}");
                let output = "mul r1.__z_, r2, c[1].y\nalloc colors\nmax oC0, r1, r1";
                scene.shader(1, &format!("{coordinates}{fetch}\n{weights}\n{level}\n{output}"));
                scene.constant(256, [width, height, 0.0, 0.0]);
                scene.constant(257, [4.0, 0.25, 0.0, 0.0]);
                scene.draw(13, 4);
                let frame = scene.swap();
                for at in 0..SIZE[1] * factor - 1 {
                    let [red, green, blue, _] = pixel(&frame, at, at).map(f32::from);
                    let next = middle(factor)(at + 1);
                    let apart = (red - next).abs().max((green - next).abs());
                    assert!(apart <= 1.0, "{factor}{option} {at}: {red} {green}, not {next}");
                    assert!((127.0..=128.0).contains(&blue), "{factor}{option} {at}: {blue}");
                }
            });
        }
    }
}

#[test]
fn samples_are_counted_in_guest_pixels() {
    for factor in 1..=3 {
        scaled(factor, 0, |scene| {
            assert_eq!(scene.gpu.backend().samples_passed(), Some(0));
            scene.vertices(&rectangle(8.0, 8.0, 28.0, 18.0, RED));
            scene.draw(8, 3);
            assert_eq!(scene.gpu.backend().samples_passed(), Some(200), "{factor}");
        });
    }
}

#[test]
fn samples_at_the_centre_are_alike_at_any_scale() {
    // An edge in the middle of a host's pixel at 3x, and between two at 2x.
    for factor in [2, 3] {
        scaled(factor, 2, |scene| {
            scene.write(PaSuScModeCntl::with());
            let [a, b, d] = rectangle(8.5, 0.0, 16.5, 16.0, RED);
            scene.vertices(&[a, b, vertex(16.5, 16.0, RED), d]);
            scene.draw(13, 4);
            let frame = scene.swap();
            // First pixel whose centre is not left of an edge.
            let [left, right] = [8.5_f32, 16.5].map(|edge| (edge * factor as f32 - 0.5).ceil() as u32);
            let red = [left - 1, left, right - 1, right].map(|x| pixel(&frame, x, 3)[0]);
            assert_eq!(red, [0, 255, 255, 0], "{factor}");
        });
    }
}

#[test]
fn memory_written_by_the_cpu_has_guest_resolution() {
    scaled(2, 0, |scene| {
        draw_gradient(scene);
        resolve(scene, TEXTURE, SIZE[0]);
        let word = scene.memory.read_u32(TEXTURE + tiled_2d(5, 3, SIZE[0], 2));
        scene.memory.write_u32(TEXTURE + tiled_2d(5, 3, SIZE[0], 2), word);
        let [width, height] = SIZE.map(|side| side as f32);
        draw_texture(scene, TEXTURE, [0.0, 0.0, width, height]);
        // Each guest pixel is its first host pixel's.
        check_frame(&scene.swap(), 2, |at| middle(2)(at & !1));
    });
}

#[test]
fn tiles_keep_the_hosts_pixels_from_one_target_to_another() {
    // The same tiles as another format and back: the buffer carries all subpixels.
    scaled_and_seen(2, 0, |scene, drawing| {
        draw_gradient(scene);
        scene.write(RbColorInfo::with().color_base(0).color_format(ColorTargetFormat::Rgb10A2));
        scene.vertices(&[100.0, 101.0, 101.0, 100.0].map(|x| vertex(x, x, BLUE)));
        scene.draw(13, 4);
        scene.write(RbColorInfo::with().color_base(0).color_format(ColorTargetFormat::Rgba8));
        scene.draw(13, 4);
        check_frame(&scene.swap(), 2, middle(2));
        let targets = drawing.get().counters().targets;
        assert!(targets.textures == 2 && targets.loaded >= 4, "{targets:?}");
    });
}
