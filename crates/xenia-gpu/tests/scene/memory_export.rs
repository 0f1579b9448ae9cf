//! Tests of shaders that write to memory (memexport).

use super::super::scene::*;
use xenia_gpu::PhysicalMemory;

const TABLE: u32 = 0x4_0000;
/// 32_32_32_32_FLOAT, in big-endian words.
const FLOAT4: u32 = 38 << 8 | 7 << 16 | 2;
/// 32_FLOAT, in big-endian words.
const FLOAT1: u32 = 36 << 8 | 7 << 16 | 2;
/// Initial contents of the memory.
const NOTHING: u32 = 0xdead_beef;

/// Sets the float constant that begins at this register to a stream at [`TABLE`], and the next one
/// to the factors that add an index to it.
fn stream(scene: &mut Scene, constant: u32, layout: u32, count: u32) {
    let words = [1 << 30 | TABLE >> 2, 0x4b00_0000, 0x4b00_0000 | layout, 0x4b00_0000 | count];
    for (i, word) in (0..).zip(words.into_iter().chain([0, 1.0_f32.to_bits(), 0, 0])) {
        scene.set(constant + i, word);
    }
}

fn prepare(scene: &Scene, words: u32) {
    (0..words).for_each(|i| scene.memory.write_u32(TABLE + i * 4, NOTHING));
}

fn float(scene: &Scene, index: u32) -> Option<f32> {
    let word = scene.memory.read_u32(TABLE + index * 4);
    (word != NOTHING).then(|| f32::from_bits(word))
}

/// Draws points whose vertices only write to memory.
fn table(scene: &mut Scene, count: u32) {
    scene.shader(
        0,
        "alloc memory 2
         mad eA, r0.x, c[1], c[0]
         mul eM0, r0.x, c[2]
         add eM1, r0.x, c[2]",
    );
    scene.draw(1, count);
}

#[test]
pub(super) fn vertices_write_a_table_and_draw_nothing() {
    // Also with draws ignored, which need no pixel shader.
    for mode in [EdramMode::ColorDepth, EdramMode::Depth, EdramMode::Ignore] {
        let mut scene = Scene::new(80, 16, 0);
        scene.write(RbModecontrol::with().edram_mode(mode));
        // Two elements for each vertex; the stream ends inside the last vertex but one.
        stream(&mut scene, FLOAT_CONSTANTS, FLOAT4, 73);
        scene.floats(FLOAT_CONSTANTS + 5, &[2.0]);
        scene.constant(2, [1.0, 2.0, 3.0, 4.0]);
        prepare(&scene, 400);
        table(&mut scene, 38);
        for i in 0..100 {
            for component in 0..4 {
                let vertex = (i / 2) as f32;
                let c = component as f32 + 1.0;
                let expected = if i % 2 == 0 { vertex * c } else { vertex + c };
                let expected = (i < 73).then_some(expected);
                assert_eq!(float(&scene, i * 4 + component), expected, "{i} {component}");
            }
        }
        scene.write(RbModecontrol::with().edram_mode(EdramMode::ColorDepth));
        assert!(scene.show().rgba.iter().all(|byte| *byte == 0));
    }
}

#[test]
pub(super) fn lanes_export_what_they_have_written() {
    let mut scene = Scene::new(80, 16, 0);
    stream(&mut scene, FLOAT_CONSTANTS, FLOAT1, 100);
    scene.constant(2, [0.5; 4]);
    scene.constant(3, [40.0; 4]);
    prepare(&scene, 100);
    // Odd lanes write nothing at first; then all write 40 elements further, in another export.
    scene.shader(
        0,
        "mul r1, r0.x, c[2]
         frc r1, r1
         setp_eq r2.x, r1.x
         add r3, r0.x, c[3]
         alloc memory 1
         mad eA, r0.x, c[1], c[0]
         (p0) max eM0, r0.x, r0.x
         alloc memory 1
         mad eA, r3, c[1], c[0]
         mul eM0, r0.x, c[2]
         alloc position
         max oPos, r0.x, r0.x",
    );
    scene.draw(1, 20);
    for i in 0..100 {
        let expected = match i {
            0..20 => (i % 2 == 0).then_some(i as f32),
            40..60 => Some((i - 40) as f32 / 2.0),
            _ => None,
        };
        assert_eq!(float(&scene, i), expected, "{i}");
    }
}

#[test]
pub(super) fn pixels_export_in_the_order_they_are_drawn_in() {
    let width = 160_u32;
    let height = 96_u32;
    let mut scene = Scene::new(width, height, 0);
    // Only the right part is drawn: the rest has at most helper lanes.
    scene.scissor([3, 0, width, height]);
    stream(&mut scene, FLOAT_CONSTANTS + 0x400, FLOAT1, width * height);
    scene.floats(FLOAT_CONSTANTS + 0x408, &[width as f32, 90.0, 50.0]);
    prepare(&scene, width * height);
    // The colour holds a pixel's position, and in z the value to write. Rows from 90 on are killed
    // before they write, columns from 50 on after the first write.
    scene.shader(
        1,
        "floor r1, r0
         mad r1.x, r1.y, c[2].x, r1.x
         kill_ge r2, r0.y, c[2].y
         alloc memory 1
         mad eA, r1.x, c[1], c[0]
         max eM0, r0.z, r0.z
         kill_ge r2, r0.x, c[2].z
         alloc colors
         max oC0.xyz1, r0.z, r0.z",
    );
    // Many triangles over the whole area, later ones over earlier ones.
    let corners = |z: f32| {
        [(0, 0), (width, 0), (0, height), (width, 0), (width, height), (0, height)]
            .map(|(x, y)| vertex(x as f32, y as f32, [x as f32, y as f32, z, 0.0]))
    };
    let list: Vec<_> = (1..=4).flat_map(|z| corners(z as f32 / 4.0)).collect();
    scene.vertices(&list);
    scene.draw(4, list.len() as u32);
    let frame = scene.show();
    for y in 0..height {
        for x in 0..width {
            let written = (x >= 3 && y < 90).then_some(4);
            // In quarters, because the barycentric weights don't add up to one exactly.
            let found = float(&scene, y * width + x).map(|value| (value * 4.0).round() as u32);
            assert_eq!(found, written, "{x} {y}");
            let drawn = written.is_some() && x < 50;
            assert_eq!(pixel(&frame, x, y)[0], if drawn { 255 } else { 0 }, "{x} {y}");
        }
    }
}

#[test]
pub(super) fn next_draw_reads_exported_memory() {
    let mut scene = Scene::new(80, 16, 0);
    for (left, color) in [(0.0, RED), (40.0, GREEN)] {
        // A shader exports the corners of a rectangle to the memory from which the next draw
        // fetches.
        scene.vertices(&rectangle(left, 0.0, left + 40.0, 16.0, color));
        stream(&mut scene, FLOAT_CONSTANTS, FLOAT1, 21);
        scene.floats(FLOAT_CONSTANTS + 5, &[7.0]);
        let lines = |first: u32, count: u32| {
            (0..count).fold(String::new(), |text, i| {
                let from = first + i;
                let register = 1 + from / 3;
                let component = [".x", ".y", ".z", ".w"][from as usize % 3];
                text + &format!("max eM{i}, r{register}{component}, r{register}{component}\n")
            })
        };
        scene.shader(
            0,
            &format!(
                "vfetch r1.xyz0, r0.x, vf0, format=57, stride=7, offset=0
                 vfetch r2.xyz0, r0.x, vf0, format=57, stride=7, offset=3
                 vfetch r3.x000, r0.x, vf0, format=36, stride=7, offset=6
                 alloc memory 5
                 mad eA, r0.x, c[1], c[0]
                 {}alloc memory 2
                 mad eA, r0.x, c[1], c[2]
                 {}",
                lines(0, 5),
                lines(5, 2)
            ),
        );
        // The stream starts at element five: the integer is in a mantissa, so a plain float would
        // not do.
        for (i, word) in
            (0..).zip([1 << 30 | TABLE >> 2, 0x4b00_0005, 0x4b00_0000 | FLOAT1, 0x4b00_0000 | 21])
        {
            scene.set(FLOAT_CONSTANTS + 8 + i, word);
        }
        scene.draw(1, 3);
        scene.shader(0, COLORED_VS);
        scene.set(FETCH_CONSTANTS, TABLE | 3);
        scene.draw(8, 3);
    }
    let frame = scene.show();
    for x in 0..80 {
        assert_eq!(pixel(&frame, x, 8), if x < 40 { [255, 0, 0, 255] } else { [0, 255, 0, 255] }, "{x}");
    }
}
