//! Tests of resolves that stay on the device, by counters and by what memory has in the end.

use super::*;
use xenia_gpu::packets::{opcode, type3};

/// Resolves the surface, tiled, to 8_8_8_8 texels in big-endian words.
pub(super) fn resolve(scene: &mut Scene, to: u32, pitch: u32) {
    scene.write(all_samples());
    resolve_with(scene, to, pitch);
}

/// Like [`resolve`], with the control that is set.
fn resolve_with(scene: &mut Scene, to: u32, pitch: u32) {
    let height = scene.height;
    scene.copy_rectangle();
    scene.write(RbModecontrol::with().edram_mode(EdramMode::Copy));
    scene.set(RB_COPY_DEST_BASE, to);
    scene.write(RbCopyDestPitch::with().copy_dest_pitch(pitch).copy_dest_height(height));
    scene.write(RbCopyDestInfo::with().copy_dest_endian(2).copy_dest_format(6));
    scene.draw(8, 3);
    scene.write(RbModecontrol::with().edram_mode(EdramMode::ColorDepth));
}

/// Sets a fetch constant to the texture at an address; its size is the surface's.
pub(super) fn set_texture(scene: &mut Scene, constant: u32, from: u32) {
    let pitch = scene.width.div_ceil(32) << 22;
    let size = (scene.width - 1) | (scene.height - 1) << 13;
    scene.texture(constant, [2 | 1 << 31 | pitch, 6 | 2 << 6 | from, size, 0x688 << 1, 0, 1 << 9]);
}

/// Draws a quad with the texture at an address; its size is the surface's.
pub(super) fn draw_texture(scene: &mut Scene, from: u32, [left, top, right, bottom]: [f32; 4]) {
    scene.shader(1, TEXTURED_PS);
    set_texture(scene, 1, from);
    let at = |x, y, u, v| vertex(x, y, [u, v, 0.0, 1.0]);
    scene.vertices(&[
        at(left, top, 0.0, 0.0),
        at(right, top, 1.0, 0.0),
        at(right, bottom, 1.0, 1.0),
        at(left, bottom, 0.0, 1.0),
    ]);
    scene.draw(13, 4);
}

/// Surface with some colours.
fn colored(readback: Readback, [width, height]: [u32; 2]) -> Scene {
    let mut scene = Scene::new(width, height, 0);
    scene.gpu.set_readback(readback);
    for (i, color) in [RED, GREEN, BLUE].into_iter().enumerate() {
        let x = 8.0 + 24.0 * i as f32;
        scene.vertices(&rectangle(x, 8.0, x + 20.0, 40.0, color));
        scene.draw(8, 3);
    }
    scene
}

#[test]
fn a_texture_from_a_resolve_needs_no_wait() {
    // The last rows of tiles are resolved in part, so that memory's bytes are sent for them.
    let counts = worked(|| {
        let mut scene = colored(Readback::None, [96, 80]);
        for _ in 0..3 {
            resolve(&mut scene, TEXTURE, 96);
            draw_texture(&mut scene, TEXTURE, [4.0, 4.0, 52.0, 44.0]);
            draw_texture(&mut scene, TEXTURE, [40.0, 10.0, 90.0, 70.0]);
        }
        scene
    });
    let Some((counters, work)) = counts else { return };
    assert_eq!((work.waits, work.bytes_back, counters.submissions), (0, 0, 0));
    assert_eq!((counters.resolves_on_device, counters.resolves_through_cpu), (3, 0));
    // 96 x 80 texels of four bytes, in rows of tiles of 32.
    assert_eq!(counters.resolved_bytes, 96 * 96 * 4);
    // The second and the third resolve change the texture in place.
    assert_eq!((counters.textures.made, counters.textures.written, counters.textures.reused), (1, 2, 3));
}

#[test]
fn textures_follow_resolves_delivered_or_not() {
    for readback in [Readback::Full, Readback::Lazy, Readback::None] {
        let counters = drawn(|| {
            let mut scene = colored(readback, [96, 80]);
            resolve(&mut scene, TEXTURE, 96);
            draw_texture(&mut scene, TEXTURE, [4.0, 4.0, 52.0, 44.0]);
            // A part of it again, from another address: an image that overlaps the first.
            resolve(&mut scene, TEXTURE + 0x3000, 96);
            draw_texture(&mut scene, TEXTURE, [40.0, 10.0, 90.0, 70.0]);
            draw_texture(&mut scene, TEXTURE + 0x3000, [0.0, 40.0, 60.0, 80.0]);
            resolve(&mut scene, TEXTURE, 96);
            scene
        });
        let Some(counters) = counters else { return };
        assert_eq!((counters.resolves_on_device, counters.textures.made), (3, 2), "{readback:?}");
        // Delivery does not change what the device has.
        assert_eq!(counters.textures.written, 1, "{readback:?}");
    }
}

#[test]
fn writes_after_a_resolve_replace_its_texels() {
    // A packet writes within the resolved range, and then the CPU, if it can have seen the resolve.
    for (readback, written) in [(Readback::Full, 1), (Readback::Lazy, 1), (Readback::None, 0)] {
        let counters = drawn(|| {
            let mut scene = colored(readback, [96, 80]);
            resolve(&mut scene, TEXTURE, 96);
            scene.words.extend([type3(opcode::MEM_WRITE, 3), TEXTURE + 0x1000, 0x0102_0304, 0x0506_0708]);
            draw_texture(&mut scene, TEXTURE, [4.0, 4.0, 52.0, 44.0]);
            if readback != Readback::None {
                scene.memory.write(TEXTURE + 0x2100, &[0x77; 0x80]);
            }
            draw_texture(&mut scene, TEXTURE, [40.0, 10.0, 90.0, 70.0]);
            scene
        });
        let Some(counters) = counters else { return };
        assert_eq!((counters.resolves_on_device, counters.textures.written), (1, written), "{readback:?}");
    }
}

#[test]
fn a_page_that_the_cpu_writes_is_the_cpus() {
    // Without readback, memory never gets the texels of a page that the CPU has written since; the
    // texture has them from the device in the other pages.
    let Some(device) = device() else { return };
    DRAWING.set(Some(Drawing::new(Box::new(WgpuBackend::new(device.clone())))));
    let mut scene = colored(Readback::None, [96, 80]);
    resolve(&mut scene, TEXTURE, 96);
    scene.memory.write(TEXTURE + 0x1004, &[9; 4]);
    scene.gpu.set_readback(Readback::None);
    let mut bytes = vec![0; 0x2000];
    scene.memory.read(TEXTURE, &mut bytes);
    assert!(bytes[..0x1000].iter().any(|byte| *byte != 0), "delivered");
    let mut expected = vec![0; 0x1000];
    expected[4..8].fill(9);
    assert!(bytes[0x1000..] == expected, "the CPU's");
}

#[test]
fn vertices_are_read_after_they_are_resolved() {
    // Texels whose words are floats replace a blue rectangle's corners by one point.
    let grey = [65.0 / 255.0; 4];
    for primitive in [8, 4] {
        let counters = drawn(|| {
            let mut scene = Scene::new(96, 80, 0);
            scene.gpu.set_readback(Readback::None);
            scene.vertices(&rectangle(0.0, 0.0, 96.0, 80.0, grey));
            scene.draw(8, 3);
            scene.vertices(&rectangle(8.0, 8.0, 40.0, 40.0, BLUE));
            scene.write(all_samples().color_clear_enable(true));
            resolve_with(&mut scene, VERTICES, 96);
            scene.set(FETCH_CONSTANTS, VERTICES | 3);
            scene.set(FETCH_CONSTANTS + 1, 2 | 21 << 2);
            scene.draw(primitive, 3);
            scene
        });
        let Some(counters) = counters else { return };
        assert_eq!(counters.resolves_on_device, 1, "{primitive}");
    }
}

#[test]
fn resolves_that_no_image_holds_go_through_the_cpu() {
    // Rows that overlap, and an address within a word.
    for (to, pitch) in [(TEXTURE, 64), (TEXTURE + 2, 96)] {
        let counts = worked(|| {
            let mut scene = colored(Readback::Lazy, [96, 80]);
            resolve(&mut scene, TEXTURE, 96);
            resolve(&mut scene, to, pitch);
            scene
        });
        let Some((counters, work)) = counts else { return };
        assert_eq!((counters.resolves_on_device, work.resolves_through_cpu), (1, 1), "{to:x}");
    }
}

#[test]
fn fences_after_resolves_do_not_wait() {
    const FENCE: u32 = 0x9000;
    let counts = worked(|| {
        let mut scene = colored(Readback::Lazy, [96, 80]);
        scene.gpu.set_concurrent(true);
        for number in 1..6 {
            resolve(&mut scene, TEXTURE, 96);
            scene.words.extend([type3(opcode::EVENT_WRITE_SHD, 3), 3, FENCE | 2, number]);
            draw_texture(&mut scene, TEXTURE, [4.0, 4.0, 52.0, 44.0]);
            draw_texture(&mut scene, TEXTURE, [40.0, 10.0, 90.0, 70.0]);
        }
        scene
    });
    let Some((counters, work)) = counts else { return };
    assert_eq!((counters.resolves_on_device, counters.resolves_through_cpu, work.waits), (5, 0, 0));
    // Delivery does not change what the device has.
    assert_eq!((counters.textures.made, counters.textures.decoded), (1, 5));
}
