//! Tests of the limit on resolved pages that only the device has, and of the device's loss.

use xenia_gpu::draw_state::{CopyComparison, CopyDestination, CopySource, ResolveCall, Scissor};
use xenia_gpu::edram::EDRAM_WORDS;
use xenia_gpu::enums::{ColorTargetFormat, CopyCommand, Msaa};
use xenia_gpu::{Backend, PhysicalMemory, PhysicalRange, Ram, Readback};

use super::super::{WgpuBackend, device};

const VERTICES: u32 = 0x8000;
/// Bytes of a resolve: 64 x 32 texels.
const BYTES: u32 = 0x2000;

/// Resolve of 64 x 32 pixels to an address.
fn resolve(physical: u32) -> ResolveCall {
    ResolveCall {
        command: CopyCommand::Raw,
        source: CopySource::Color { base: 0, format: ColorTargetFormat::Rgba8 },
        sample_select: 0,
        pitch: 64,
        msaa: Msaa::X1,
        vertices: [VERTICES | 3, 6 << 2 | 2],
        half_pixel: 0.0,
        window_offset: [0; 2],
        scissor: Scissor { left: 0, top: 0, right: 64, bottom: 32 },
        destination: CopyDestination {
            physical,
            pitch: 64,
            height: 32,
            format: 6,
            number: 0,
            endian: 0,
            exponent_bias: 0,
            swap: false,
            slice: None,
        },
        comparison: CopyComparison::default(),
        clear_color: None,
        clear_depth: None,
    }
}

fn memory() -> Ram {
    let ram = Ram::new(0x10_0000);
    for (at, corner) in (VERTICES..).step_by(4).zip([0.0_f32, 0.0, 64.0, 0.0, 64.0, 32.0]) {
        ram.write_u32(at, corner.to_bits());
    }
    ram
}

/// Number of resolves of those at these addresses that memory has.
fn count(ram: &Ram, addresses: &[u32]) -> usize {
    let is_there = |at: &&u32| {
        let mut bytes = vec![0; BYTES as usize];
        ram.read(**at, &mut bytes);
        bytes.iter().all(|byte| *byte == 0x5a)
    };
    addresses.iter().filter(is_there).count()
}

fn backend(device: &device::Device) -> WgpuBackend {
    let mut backend = WgpuBackend::new(device.clone());
    backend.set_readback(Readback::None);
    backend.set_edram(&vec![0x5a5a_5a5a; EDRAM_WORDS]).unwrap();
    backend
}

#[test]
fn the_oldest_pages_make_room_and_are_delivered() {
    device::tests::with_device(|device| {
        let ram = memory();
        let mut backend = backend(device);
        backend.mirror.set_limit(u64::from(2 * BYTES));
        let places = [0x1_0000, 0x2_0000, 0x3_0000, 0x4_0000];
        for (made, place) in (1..).zip(places) {
            backend.resolve(&resolve(place), &ram).unwrap();
            assert_eq!(backend.counters().resolved_bytes, u64::from(BYTES) * made.min(2));
            assert_eq!(count(&ram, &places), made.saturating_sub(2) as usize);
        }
        backend.deliver(Some(PhysicalRange { start: 0x3_0000, length: 1 }), &ram).unwrap();
        assert!(count(&ram, &places[..3]) == 2 && backend.has_pending(), "a page of it");
        backend.deliver(None, &ram).unwrap();
        assert!(count(&ram, &places) == 4 && !backend.has_pending());
    });
}

#[test]
fn a_resolve_without_memory_drops_the_oldest_pages() {
    device::tests::with_device(|device| {
        let ram = memory();
        let mut backend = backend(device);
        let places = [0x1_0000, 0x2_0000, 0x3_0000, 0x4_0000];
        for place in &places[..2] {
            backend.resolve(&resolve(*place), &ram).unwrap();
        }
        assert_eq!((backend.mirror.bytes(), count(&ram, &places)), (u64::from(2 * BYTES), 0));
        backend.mirror.budget = Some(u64::from(2 * BYTES));
        backend.mirror.set_limit(u64::from(BYTES));
        // Through the CPU.
        backend.resolve(&resolve(places[2]), &ram).unwrap();
        assert_eq!((backend.mirror.bytes(), count(&ram, &places)), (u64::from(BYTES), 3));
        assert!(!backend.has_pending());
        backend.resolve(&resolve(places[3]), &ram).unwrap();
        assert!(backend.has_pending(), "the device has memory again");
    });
}

#[test]
fn resolves_are_submitted_before_there_are_too_many() {
    device::tests::with_device(|device| {
        let ram = memory();
        let mut backend = backend(device);
        for _ in 0..=super::MAX_UNSUBMITTED / super::DRAWS_OF_A_COPY {
            backend.resolve(&resolve(0x1_0000), &ram).unwrap();
        }
        assert_eq!(backend.counters().submissions, 1);
        assert_eq!(backend.unsubmitted, 1 + super::DRAWS_OF_A_COPY);
        // One image holds them all.
        assert_eq!(backend.counters().resolved_bytes, u64::from(BYTES));
    });
}

#[test]
fn resolves_that_only_clear_are_submitted_before_there_are_too_many() {
    device::tests::with_device(|device| {
        let ram = memory();
        let mut backend = backend(device);
        let clear =
            ResolveCall { command: CopyCommand::Null, clear_color: Some([0; 2]), ..resolve(0x1_0000) };
        for _ in 0..=super::MAX_UNSUBMITTED {
            backend.resolve(&clear, &ram).unwrap();
        }
        assert_eq!(backend.counters().submissions, 1);
    });
}

#[test]
fn a_lost_device_takes_its_texels_with_it() {
    let Some(device) = device::tests::own() else { return };
    let ram = memory();
    let mut backend = backend(&device);
    backend.resolve(&resolve(0x1_0000), &ram).unwrap();
    device::tests::lose(&backend.device);
    // Memory keeps its old bytes, and nothing waits for others.
    assert_eq!(backend.deliver(None, &ram), Ok(()));
    assert_eq!((backend.counters().losses, backend.has_pending(), count(&ram, &[0x1_0000])), (1, false, 0));
    // The next resolve is made on the next device.
    backend.resolve(&resolve(0x2_0000), &ram).unwrap();
    backend.deliver(None, &ram).unwrap();
    assert_eq!(count(&ram, &[0x2_0000]), 1);
}

/// Polls for a result until it is available.
fn arrive(backend: &mut WgpuBackend, number: u64, ram: &Ram) {
    let start = std::time::Instant::now();
    while backend.poll_result(number, ram).is_none() {
        assert!(start.elapsed().as_secs() < 60);
        std::thread::yield_now();
    }
}

#[test]
fn deliveries_under_way_are_waited_for_where_memory_is_read() {
    device::tests::with_device(|device| {
        let ram = memory();
        let mut backend = backend(&device.with_fresh_counters());
        let places = [0x1_0000, 0x2_0000, 0x3_0000];
        backend.resolve(&resolve(places[0]), &ram).unwrap();
        let first = backend.begin_delivery(&ram).unwrap();
        assert_eq!(backend.begin_delivery(&ram), Some(first), "nothing new");
        backend.resolve(&resolve(places[1]), &ram).unwrap();
        let second = backend.begin_delivery(&ram).unwrap();
        assert!(first < second && backend.has_pending());
        assert_eq!((count(&ram, &places), backend.device.waits()), (0, 0));
        arrive(&mut backend, second, &ram);
        assert_eq!((count(&ram, &places), backend.device.waits(), backend.has_pending()), (2, 0, false));
        // A range that is under way.
        backend.resolve(&resolve(places[2]), &ram).unwrap();
        let third = backend.begin_delivery(&ram).unwrap();
        let word = |start| Some(PhysicalRange { start, length: 4 });
        backend.deliver(word(places[1]), &ram).unwrap();
        assert_eq!((count(&ram, &places), backend.device.waits()), (2, 0));
        backend.deliver(word(places[2] + BYTES - 4), &ram).unwrap();
        assert_eq!((count(&ram, &places), backend.device.waits()), (3, 1));
        assert_eq!(backend.poll_result(third, &ram), Some(0));
        // Nothing of it is decoded from memory again.
        assert!(!backend.mirror.is_torn(0x10..0x40, &ram));
    });
}

#[test]
fn a_resolve_over_pages_under_way_is_delivered_after_them() {
    device::tests::with_device(|device| {
        let ram = memory();
        let mut backend = backend(device);
        // The last page is resolved in part, and the CPU writes beside the texels meanwhile.
        let place = 0x1_0800;
        backend.resolve(&resolve(place), &ram).unwrap();
        let first = backend.begin_delivery(&ram).unwrap();
        backend.set_edram(&vec![0x6b6b_6b6b; EDRAM_WORDS]).unwrap();
        backend.resolve(&resolve(place), &ram).unwrap();
        ram.write_u32(place + BYTES + 8, 0x0102_0304);
        arrive(&mut backend, first, &ram);
        assert!(count(&ram, &[place]) == 1 && backend.has_pending());
        let second = backend.begin_delivery(&ram).unwrap();
        arrive(&mut backend, second, &ram);
        let words = [place, place + BYTES - 4, place + BYTES + 8].map(|at| ram.read_u32(at));
        assert_eq!((words, backend.has_pending()), ([0x6b6b_6b6b, 0x6b6b_6b6b, 0x0102_0304], false));
    });
}

#[test]
fn deliveries_under_way_end_with_their_device() {
    let Some(device) = device::tests::own() else { return };
    let ram = memory();
    let mut backend = backend(&device);
    backend.resolve(&resolve(0x1_0000), &ram).unwrap();
    let number = backend.begin_delivery(&ram).unwrap();
    let report = backend.begin_samples().unwrap();
    device::tests::lose(&backend.device);
    assert!(backend.poll_result(number, &ram).is_some());
    assert_eq!((backend.wait_for_result(report, &ram), backend.counters().losses), (0, 1));
    // Numbers go on.
    assert!(backend.begin_samples() > Some(report) && !backend.has_pending());
}
