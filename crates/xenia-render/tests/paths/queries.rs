//! Tests of occlusion queries, by counters and by the reports that memory has in the end.

use super::*;
use xenia_gpu::QueryReports;
use xenia_gpu::packets::{opcode, type3};
use xenia_gpu::registers::rb::RB_SAMPLE_COUNT_ADDR;

const REPORTS: u32 = 0x6_0000;
const FENCE: u32 = 0x6_8000;

fn late(width: u32) -> Scene {
    let mut scene = Scene::new(width, 16, 0);
    scene.gpu.set_concurrent(true);
    scene.gpu.set_queries(QueryReports::Late);
    scene
}

/// Reports samples, with the mark of a query's end.
fn report(scene: &mut Scene, number: u32, ends: bool) {
    let to = REPORTS + number * 32;
    if ends {
        scene.memory.write(to, &[0xff, 0xff, 0xfe, 0xed].repeat(8));
    }
    scene.set(RB_SAMPLE_COUNT_ADDR, to);
    scene.words.extend([type3(opcode::EVENT_WRITE_ZPD, 1), 0x15]);
    scene.words.extend([type3(opcode::EVENT_WRITE_SHD, 3), 3, FENCE | 2, number]);
}

fn draw(scene: &mut Scene, width: u32) {
    scene.vertices(&rectangle(0.0, 0.0, width as f32, 16.0, RED));
    scene.draw(8, 3);
}

#[test]
fn reports_of_queries_wait_for_nothing() {
    let counts = worked(|| {
        let mut scene = late(80);
        for query in 0..10 {
            report(&mut scene, query * 2, false);
            draw(&mut scene, 8 * query);
            report(&mut scene, query * 2 + 1, true);
        }
        draw(&mut scene, 80);
        scene
    });
    let Some((_, work)) = counts else { return };
    // The last draw is not part of a query.
    assert_eq!((work.waits, work.queries, work.draws), (0, 10, 11));
}

/// Samples of a report, whose two halves are counted apart.
fn passed(scene: &Scene, number: u32) -> u32 {
    let half = |at: u32| scene.memory.read_u32(REPORTS + number * 32 + at).swap_bytes();
    half(16) + half(20)
}

/// Samples of queries with draws in between, which only the reference counts.
fn samples() -> Vec<u32> {
    let mut scene = late(80);
    for query in 0..5 {
        draw(&mut scene, 40);
        report(&mut scene, query * 2, false);
        draw(&mut scene, 8 * (query + 1));
        report(&mut scene, query * 2 + 1, true);
    }
    scene.run();
    scene.gpu.set_readback(Readback::Full);
    let passed = |number: u32| passed(&scene, number);
    (0..5).map(|query| passed(query * 2 + 1) - passed(query * 2)).collect()
}

#[test]
fn samples_beside_queries_do_not_matter() {
    let expected = [1, 2, 3, 4, 5].map(|columns| columns * 8 * 16);
    assert_eq!(samples(), expected);
    let device = obtain(
        Tool::Vulkan,
        DEVICE.get_or_init(|| Device::open(AdapterChoice { software: true, name: None })).as_ref(),
    );
    let Some(device) = device else { return };
    DRAWING.set(Some(Drawing::new(Box::new(WgpuBackend::new(device.with_fresh_counters())))));
    assert_eq!(samples(), expected);
}

#[test]
fn many_queries_need_many_sets() {
    let counts = worked(|| {
        let mut scene = late(80);
        report(&mut scene, 0, false);
        for number in 1..3000 {
            draw(&mut scene, 1 + number % 64);
            if number % 1000 == 0 {
                report(&mut scene, number / 1000, false);
            }
        }
        report(&mut scene, 3, true);
        scene.run();
        scene
    });
    let Some((_, work)) = counts else { return };
    assert_eq!((work.waits, work.queries), (0, 2999));
}

#[test]
fn reports_arrive_without_packets() {
    let device = obtain(
        Tool::Vulkan,
        DEVICE.get_or_init(|| Device::open(AdapterChoice { software: true, name: None })).as_ref(),
    );
    let Some(device) = device else { return };
    DRAWING.set(Some(Drawing::new(Box::new(WgpuBackend::new(device.with_fresh_counters())))));
    let mut scene = late(80);
    report(&mut scene, 0, false);
    draw(&mut scene, 40);
    report(&mut scene, 1, true);
    scene.run();
    let mut pumps = 0;
    // Software that polls the mark sees it vanish, and then the fence.
    while scene.memory.read_u32(FENCE) != 1 {
        let now = scene.now;
        scene.gpu.pump(now);
        pumps += 1;
        assert!(pumps < 1 << 24);
    }
    assert_eq!(passed(&scene, 1), 640);
}

#[test]
fn a_fallback_counts_between_the_reports_around_it() {
    let counts = worked(|| {
        let mut scene = late(80);
        report(&mut scene, 0, false);
        draw(&mut scene, 8);
        // Lines of polygons are the reference's.
        scene.set(0x2205, 1 << 3 | 1 << 5 | 1 << 8);
        scene.vertices(&[vertex(4.0, 4.0, RED), vertex(60.0, 4.0, RED), vertex(30.0, 14.0, RED)]);
        scene.draw(4, 3);
        scene.set(0x2205, 0);
        report(&mut scene, 1, false);
        draw(&mut scene, 24);
        report(&mut scene, 2, true);
        report(&mut scene, 3, true);
        scene.run();
        scene
    });
    let Some((counters, _)) = counts else { return };
    assert_eq!(fallbacks(&counters).len(), 1);
}
