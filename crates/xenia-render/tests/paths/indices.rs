//! Tests of index lists that the device keeps, by the bytes that are uploaded.

use super::*;
use xenia_gpu::packets::{opcode, type3};

/// Indices of a draw: sixteen triangles, each the left or the right half of a strip of pixels.
const COUNT: u32 = 48;
/// Bytes of its list on the device.
const LIST: u64 = COUNT as u64 * 4;

/// Surface with the corners of triangles (4) or of quads (13) in the vertex buffer, each of a
/// colour.
fn shapes(primitive: u32) -> Scene {
    let mut scene = Scene::new(64, 64, 0);
    let corners = (0..32_u8).flat_map(|i| {
        let y = f32::from(i) * 2.0;
        let color = [f32::from(i * 8) / 255.0, 1.0, 0.0, 1.0];
        let last = [vertex(60.0, y + 2.0, color), vertex(0.0, y + 2.0, color)];
        let last = if primitive == 13 { &last[..] } else { &last[1..] };
        [vertex(0.0, y, color), vertex(60.0, y, color)].into_iter().chain(last.to_vec())
    });
    scene.vertices(&corners.collect::<Vec<_>>());
    scene
}

/// Stores the indices from one on, as big-endian halves.
fn set_indices(scene: &mut Scene, first: u16) {
    let bytes: Vec<u8> = (first..first + COUNT as u16).flat_map(u16::to_be_bytes).collect();
    scene.memory.write(INDICES, &bytes);
}

/// Draws a list of triangles (4) or of quads (13) with the first of the stored indices.
fn draw(scene: &mut Scene, primitive: u32, count: u32) {
    scene.words.extend([type3(opcode::DRAW_INDX, 4), 0, primitive | count << 16, INDICES, 1 << 30 | count]);
    assert!(scene.execute(), "the processor waits");
}

/// Bytes of indices that the device got for draws of a primitive with this number of indices, each
/// after a change of the indices or none.
fn uploaded(primitive: u32, count: u32, changes: &[bool]) -> Option<u64> {
    let counts = worked(|| {
        let mut scene = shapes(primitive);
        let mut first = 0;
        for &changes in changes {
            first = (first + u16::from(changes) * 12) % 48;
            if changes {
                set_indices(&mut scene, first);
            }
            draw(&mut scene, primitive, count);
        }
        scene
    });
    counts.map(|(_, work)| work.index_bytes)
}

#[test]
fn a_list_is_uploaded_twice_and_then_kept_until_its_memory_changes() {
    for (changes, lists) in [
        (&[true][..], 1),
        (&[true, false], 2),
        (&[true, false, false, false, false], 2),
        (&[true, false, false, true], 3),
        (&[true, false, false, true, false, false], 4),
    ] {
        let Some(bytes) = uploaded(4, COUNT, changes) else { return };
        assert_eq!(bytes, lists * LIST, "{changes:?}");
    }
}

#[test]
fn a_short_list_is_kept_from_its_third_draw_on() {
    for (count, lists) in [(9, 5), (12, 3), (45, 3), (48, 2)] {
        let Some(bytes) = uploaded(4, count, &[true, false, false, false, false]) else { return };
        assert_eq!(bytes, lists * u64::from(count) * 4, "{count}");
    }
}

#[test]
fn quads_are_kept_as_their_triangles() {
    let Some(bytes) = uploaded(13, COUNT, &[true, false, false, false]) else { return };
    assert_eq!(bytes, 2 * LIST / 4 * 6);
}

#[test]
fn a_list_that_changes_often_is_not_kept() {
    let mut changes = [true; 8];
    changes[6..].fill(false);
    let Some(bytes) = uploaded(4, COUNT, &changes) else { return };
    assert_eq!(bytes, 8 * LIST);
}
