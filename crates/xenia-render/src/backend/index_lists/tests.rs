//! Tests of index lists that are kept on the device.

use std::sync::Arc;

use super::super::device;
use super::*;
use xenia_gpu::Ram;
use xenia_gpu::draw_state::DrawRequest;
use xenia_gpu::enums::EdramMode;
use xenia_gpu::microcode::{Shader, ShaderKind};
use xenia_gpu::registers::vgt::VgtDrawInitiator;
use xenia_gpu::registers::{RegisterFile, rb};

/// Draw of 16 triangles.
fn call(physical: u32) -> DrawCall {
    let mut registers = RegisterFile::new();
    registers.write(rb::RbModecontrol::with().edram_mode(EdramMode::Depth));
    let indices = IndexSource::Buffer { physical, wide: false, endian: Endian::None, length: 48 };
    let request = DrawRequest { initiator: VgtDrawInitiator(4 | 48 << 16), indices };
    let shader = Arc::new(Shader::new(ShaderKind::Vertex, &[]));
    DrawCall::capture(&registers, request, Some(&shader), None, Arc::default()).unwrap()
}

/// Draws once; returns whether the list is kept.
fn draw(lists: &mut IndexLists, device: &Device, memory: &Ram, call: &DrawCall) -> bool {
    let corners = lists.corners(device, call, memory).unwrap();
    let is_kept = matches!(corners, Corners::Kept(_));
    lists.take_back(corners);
    is_kept
}

#[test]
fn lists_of_the_part_that_is_filled_next_make_room() {
    device::tests::with_device(|device| {
        let memory = Ram::new(0x1_0000);
        let calls: Vec<DrawCall> = (1..=5).map(|number| call(number << 12)).collect();
        let mut lists = IndexLists::new(device);
        // A part has one list.
        lists.space = KeptSpace::new(48 * 4);
        let draw = |lists: &mut IndexLists, number: usize| draw(lists, device, &memory, &calls[number]);
        let keep = |lists: &mut IndexLists, number: usize| {
            assert!(!draw(lists, number), "{number}");
            while !draw(lists, number) {
                lists.note_submission();
            }
        };
        (0..KEPT_PARTS).for_each(|number| keep(&mut lists, number));
        assert!((0..KEPT_PARTS).all(|number| draw(&mut lists, number)));
        // Recorded commands read the lists until they are submitted.
        assert!(!draw(&mut lists, 4) && !draw(&mut lists, 4));
        assert!((0..KEPT_PARTS).all(|number| draw(&mut lists, number)));
        lists.note_submission();
        assert!(draw(&mut lists, 4), "in the place of the first");
        assert_eq!([0, 1, 2, 3].map(|number| draw(&mut lists, number)), [false, true, true, true]);
        // A buffer that was looked up since the last turn stays known: one draw keeps its list.
        memory.write(0x8000, &[1]);
        assert!(draw(&mut lists, 1));
        assert!(!draw(&mut lists, 0));
        lists.note_submission();
        assert!(draw(&mut lists, 1));
        // One that was not is forgotten with its list.
        assert!(!draw(&mut lists, 0));
        lists.note_submission();
        assert_eq!((lists.space.part, lists.known.len()), (2, 4));
    });
}

#[test]
fn recent_lists_are_those_of_unwritten_memory() {
    device::tests::with_device(|device| {
        let memory = Ram::new(0x1_0000);
        let calls = [0x1000, 0x2000].map(call);
        let mut lists = IndexLists::new(device);
        let kept = |lists: &mut IndexLists| {
            calls.each_ref().map(|call| {
                let corners = lists.corners(device, call, &memory).unwrap();
                let is_kept = matches!(corners, Corners::Kept(_));
                let bounds = corners.bounds();
                lists.take_back(corners);
                (is_kept, bounds)
            })
        };
        let none = Some([0, 0]);
        assert_eq!(kept(&mut lists), [(false, none); 2]);
        for _ in 0..3 {
            assert_eq!(kept(&mut lists), [(true, none); 2]);
        }
        memory.write(0x1000, &[7]);
        assert_eq!(kept(&mut lists), [(false, Some([0, 7])), (true, none)]);
        assert_eq!(kept(&mut lists), [(true, Some([0, 7])), (true, none)]);
    });
}

#[test]
fn buffers_that_are_not_tracked_make_room() {
    let key = |physical| BufferKey {
        physical,
        wide: false,
        endian: Endian::In16,
        length: 24,
        count: 12,
        primitive: Primitive::TriangleList,
        provoking_last: false,
        restart: None,
        offset: 0,
        bounds: [0, 0xff_ffff],
    };
    let buffers = |tracked: u32| -> HashMap<BufferKey, Known> {
        let known = |version, changes, used| Known { version, epoch: None, changes, list: None, used };
        let buffers = (0..8).map(|i| (key(i * 24), known((i < tracked).then_some(1), 0, u64::from(i))));
        // A buffer that has changed too often is not tracked any more.
        buffers.chain([(key(8 * 24), known(Some(1), MAX_CHANGES + 1, 8))]).collect()
    };
    for (tracked, most, left) in [(0, 10, 0..9), (4, 9, 0..4), (5, 9, 2..5), (8, 9, 4..8)] {
        let mut known = buffers(tracked);
        forget_buffers(&mut known, most);
        let mut times: Vec<u64> = known.into_values().map(|known| known.used).collect();
        times.sort_unstable();
        assert_eq!(times, left.collect::<Vec<_>>(), "{tracked} of {most}");
    }
}
