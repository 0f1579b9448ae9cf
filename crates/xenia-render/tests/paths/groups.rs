//! Tests of bind groups that a draw takes over from earlier draws.

use super::*;

/// Size of the textures.
const SIDE: u32 = 32;
/// Bytes of a texture.
const BYTES: u32 = SIDE * SIDE * 4;

/// Sets the texture constant 1: a texture by its number, with a clamp mode.
fn set_texture(scene: &mut Scene, number: u32, clamp: u32) {
    let from = TEXTURE + number * BYTES;
    let size = (SIDE - 1) | (SIDE - 1) << 13;
    scene.texture(
        1,
        [2 | clamp << 10 | 1 << 31 | (SIDE / 32) << 22, 6 | 2 << 6 | from, size, 0x688 << 1, 0, 1 << 9],
    );
}

/// Fills a texture with one colour.
fn fill(scene: &mut Scene, number: u32, byte: u8) {
    scene.memory.write(TEXTURE + number * BYTES, &[byte; BYTES as usize]);
}

/// Sets a quad of the whole surface, with a texture.
fn textured_quad(scene: &mut Scene) {
    scene.shader(1, TEXTURED_PS);
    let at = |x, y, u, v| vertex(x, y, [u, v, 0.0, 1.0]);
    let quad = [at(0.0, 0.0, 0.0, 0.0), at(64.0, 0.0, 1.0, 0.0), at(64.0, 32.0, 1.0, 1.0)];
    scene.vertices(&[quad[0], quad[1], quad[2], at(0.0, 32.0, 0.0, 1.0)]);
}

/// Draws the quad of the whole surface into the next column.
fn draw(scene: &mut Scene, column: &mut u32) {
    scene.scissor([*column * 4, 0, *column * 4 + 4, 32]);
    scene.draw(13, 4);
    *column += 1;
}

#[test]
fn a_draw_reuses_a_bind_group_until_a_binding_changes() {
    let counts = worked(|| {
        let mut scene = Scene::new(64, 32, 0);
        textured_quad(&mut scene);
        for (number, byte) in [(0, 0x20), (1, 0x60)] {
            fill(&mut scene, number, byte);
        }
        set_texture(&mut scene, 0, 0);
        let column = &mut 0;
        draw(&mut scene, column);
        draw(&mut scene, column);
        // Another texture, and the first one again.
        set_texture(&mut scene, 1, 0);
        draw(&mut scene, column);
        set_texture(&mut scene, 0, 0);
        draw(&mut scene, column);
        draw(&mut scene, column);
        // New texels behind the same words.
        fill(&mut scene, 0, 0xa0);
        draw(&mut scene, column);
        draw(&mut scene, column);
        // Another sampler.
        set_texture(&mut scene, 0, 2);
        draw(&mut scene, column);
        // A constant that describes no texture.
        scene.texture(1, [0; 6]);
        draw(&mut scene, column);
        draw(&mut scene, column);
        set_texture(&mut scene, 1, 0);
        draw(&mut scene, column);
        scene
    });
    let Some((counters, work)) = counts else { return };
    // The vertex shader has one. The pixel shader has one each for two textures, for the first
    // one's new texels, these with the other sampler, and none. New texels are decoded to another
    // texture, because commands that read the old ones are recorded.
    assert_eq!((counters.textures.made, counters.textures.written), (3, 1));
    assert_eq!(work.groups_made, 6);
}

#[test]
fn groups_are_renewed_when_more_of_the_vertex_buffer_is_used() {
    let counts = worked(|| {
        let mut scene = Scene::new(64, 32, 0);
        for column in 0..40_u32 {
            let [left, right] = [column, column + 1].map(|x| x as f32);
            let at = |x, y| vertex(x, y, [0.0, left / 255.0, 1.0, 1.0]);
            scene.vertices(&[at(left, 0.0), at(right, 0.0), at(right, 32.0), at(left, 32.0)]);
            // To memory that shares no allocation of 64 KiB with that of other draws.
            let mut bytes = [0; 4 * 28];
            scene.memory.read(VERTICES, &mut bytes);
            let place = 0x20_0000 + column * 0x1_0000;
            scene.memory.write(place, &bytes);
            scene.set(FETCH_CONSTANTS, place | 3);
            scene.draw(13, 4);
        }
        scene
    });
    let Some((_, work)) = counts else { return };
    // Both stages' for 1, 2 and 4 MiB.
    assert_eq!(work.groups_made, 6);
}

#[test]
fn the_buffer_of_constants_grows_when_it_is_full() {
    let counters = drawn(|| {
        let mut scene = Scene::new(64, 32, 0);
        scene.shader(
            0,
            "vfetch r1.xyz1, r0.x, vf0, format=57, stride=7, offset=0\nalloc position\nmax oPos, r1, r1\n\
             alloc interpolators 1\nmax o0, c[255], c[255]",
        );
        let corners = [[0.0, 0.0], [64.0, 0.0], [64.0, 32.0], [0.0, 32.0]];
        scene.vertices(&corners.map(|[x, y]| vertex(x, y, RED)));
        for cell in 0..500_u32 {
            let [x, y] = [cell % 32 * 2, cell / 32 * 2];
            scene.scissor([x, y, x + 2, y + 2]);
            let color = [cell & 0xff, cell >> 8, 0, 255].map(|byte| byte as f32 / 255.0);
            scene.floats(FLOAT_CONSTANTS + 255 * 4, &color);
            scene.draw(13, 4);
        }
        scene
    });
    let Some(counters) = counters else { return };
    // Each draw has more than 4 KiB: the first ones fill 1 MiB, and 2 MiB hold all others.
    assert_eq!(counters.submissions, 1);
}

#[test]
fn textures_are_decoded_before_the_draws_of_an_encoder_that_is_handed_over() {
    let counters = drawn(|| {
        let mut scene = Scene::new(64, 32, 0);
        textured_quad(&mut scene);
        fill(&mut scene, 0, 0x60);
        set_texture(&mut scene, 0, 0);
        // More draws than are finished where they were recorded.
        for column in 0..32 {
            scene.scissor([column * 2, 0, column * 2 + 2, 32]);
            scene.draw(13, 4);
        }
        scene
    });
    let Some(counters) = counters else { return };
    assert_eq!(counters.submissions, 0, "all are submitted together, when the EDRAM is read");
}
