//! Tests of draws, resolves and queries.

use super::*;
use crate::registers::{CONTEXT, Register, rb, vgt};

#[test]
fn draws_and_copies_reach_the_backend_in_their_time() {
    let recorder = Recorder::default();
    let mut m = GpuHarness::with_backend(Box::new(recorder.clone()));
    m.run(&[
        type3(opcode::IM_LOAD_IMMEDIATE, 5),
        0,
        3,
        1,
        2,
        3,
        type3(opcode::IM_LOAD, 2),
        DATA | 1,
        3,
        type0(0x2208, 1),
        4,
        type0(0x2104, 1),
        0xf,
    ]);
    m.put(&[
        type3(opcode::DRAW_INDX, 4),
        0,
        4 | 6000 << 16,
        0x5000,
        0x4000_1770,
        type3(opcode::EVENT_WRITE_SHD, 3),
        3,
        DATA_BE,
        1,
    ]);
    m.kick();
    let start = m.now;
    m.pass(1000);
    assert_eq!(recorder.0.lock().unwrap().0.len(), 1);
    assert_eq!(m.data(0), 0, "the fence waits for the draw");
    let due = m.gpu.next_event_time().unwrap();
    assert!(due > start + 4800 && due < start + 5000, "{}", due - start);
    m.pass(due - m.now);
    assert_eq!(m.data(0), 1);
    m.run(&[type0(0x2208, 1), 6, type3(opcode::DRAW_INDX_2, 1), 8 | 2 << 6 | 3 << 16]);
    let seen = recorder.0.lock().unwrap();
    assert_eq!((seen.0.len(), seen.1.len()), (1, 1));
    let draw = &seen.0[0];
    assert_eq!(draw.count, 6000);
    assert_eq!(&*draw.vertex_shader.words, [1, 2, 3]);
    assert_eq!(
        draw.indices,
        crate::draw_state::IndexSource::Buffer {
            physical: 0x5000,
            wide: false,
            endian: crate::memory::Endian::In16,
            length: 6000
        }
    );
}

#[test]
fn rectangles_cost_their_area_once_in_a_pass() {
    let mut m = GpuHarness::with_backend(Box::new(Recorder::default()));
    m.run(&[type3(opcode::IM_LOAD_IMMEDIATE, 3), 0, 1, 1, type3(opcode::IM_LOAD_IMMEDIATE, 3), 1, 1, 1]);
    let everything = 8192 | 8192 << 16;
    m.run(&[type0(0x2208, 1), 4, type0(0x2000, 1), 1280, type0(0x200e, 2), 0, everything]);
    m.run(&[type0(0x2081, 2), 0, everything]);
    let cost = |m: &mut GpuHarness, words: &[u32]| {
        let start = cost::cycles_at(m.now);
        m.run(words);
        m.gpu.cycles - start
    };
    let draw = [type3(opcode::DRAW_INDX_2, 1), 8 | 2 << 6 | 3 << 16];
    let area = 1280 * 720 / 32;
    let flat = cost(&mut m, &draw) - area;
    assert!(flat < 300, "{flat}");
    for _ in 0..3 {
        assert_eq!(cost(&mut m, &draw), flat);
    }
    // Another target or four samples is another pass; a resolve also begins a new one.
    m.run(&[type0(0x2001, 1), 100]);
    assert_eq!([(); 2].map(|()| cost(&mut m, &draw)), [flat + area, flat]);
    m.run(&[type0(0x2000, 1), 0x2_0500]);
    assert_eq!([(); 2].map(|()| cost(&mut m, &draw)), [flat + 1280 * 512 / 32 * 4, flat]);
    m.run(&[type0(0x2000, 1), 1280, type0(0x2208, 1), 6]);
    m.run(&draw);
    m.run(&[type0(0x2208, 1), 4]);
    assert_eq!([(); 2].map(|()| cost(&mut m, &draw)), [flat + area, flat]);
    // A small scissor limits the cost.
    m.run(&[type0(0x2081, 2), 0, 64 | 32 << 16]);
    assert_eq!([(); 2].map(|()| cost(&mut m, &draw)), [flat + 64, flat]);
}

#[test]
fn draws_with_bins_draw_everything() {
    let recorder = Recorder::default();
    let mut m = GpuHarness::with_backend(Box::new(recorder.clone()));
    m.run(&[type3(opcode::IM_LOAD_IMMEDIATE, 3), 0, 1, 1, type3(opcode::IM_LOAD_IMMEDIATE, 3), 1, 1, 1]);
    m.run(&[type0(0x2208, 1), 4, type3(opcode::SET_BIN_BASE_OFFSET, 1), 0x100]);
    m.run(&[type3(opcode::DRAW_INDX_BIN, 6), 0, 4 | 3 << 16, 0x9000, 3, 0x5000, 6]);
    m.run(&[type3(opcode::DRAW_INDX_2_BIN, 5), 4 | 1 << 6 | 3 << 16, 0x9000, 3, 0x0000_0001, 0x0002_0000]);
    let seen = recorder.0.lock().unwrap();
    let source: Vec<_> = seen.0.iter().map(|draw| (draw.count, draw.indices.clone())).collect();
    use crate::draw_state::IndexSource::{Buffer, Inline};
    let endian = crate::memory::Endian::None;
    assert_eq!(
        source,
        [
            (3, Buffer { physical: 0x5000, wide: false, endian, length: 6 }),
            (3, Inline { words: [1, 0x2_0000].into(), wide: false }),
        ]
    );
    assert!(m.gpu.statistics().problems.is_empty());
}

#[test]
fn reports_store_a_counter_that_nothing_resets() {
    let mut m = GpuHarness::with_backend(Box::new(Recorder::default()));
    m.run(&[type3(opcode::IM_LOAD_IMMEDIATE, 3), 0, 1, 1, type3(opcode::IM_LOAD_IMMEDIATE, 3), 1, 1, 1]);
    m.run(&[type0(0x2208, 1), 4]);
    // Ten samples each.
    let draw = [type3(opcode::DRAW_INDX_2, 1), 4 | 2 << 6 | 3 << 16];
    let report = |m: &mut GpuHarness, index: u32| {
        m.run(&[
            type0(rb::RB_SAMPLE_COUNT_ADDR, 1),
            DATA + index * 32,
            type3(opcode::EVENT_WRITE_ZPD, 1),
            0x15,
        ]);
        [0, 1, 2, 4, 5].map(|word| m.data(index * 8 + word).swap_bytes())
    };
    m.run(&draw);
    // Two overlapping queries, and a report in between that belongs to neither.
    assert_eq!(report(&mut m, 0), [5, 5, 0, 5, 5]);
    m.run(&draw);
    assert_eq!(report(&mut m, 1), [10, 10, 0, 10, 10]);
    m.run(&draw);
    m.list(DATA + 2 * 32, &[0xedfe_ffff; 8]);
    assert_eq!(report(&mut m, 2), [15, 15, 0, 15, 15], "since the first began");
    m.list(DATA + 3 * 32, &[0xedfe_ffff; 8]);
    assert_eq!(report(&mut m, 3), [15, 15, 0, 15, 15], "nothing was drawn");
}

#[test]
fn draws_have_registers_in_whatever_way_they_were_written() {
    const OFFSET: u32 = vgt::VgtIndxOffset::INDEX;
    let draw = [type3(opcode::DRAW_INDX_2, 1), 4 | 2 << 6 | 3 << 16];
    let start = [type3(opcode::IM_LOAD_IMMEDIATE, 3), 0, 1, 1, type0(0x2208, 1), 4];
    let recorder = Recorder::default();
    let mut m = GpuHarness::with_backend(Box::new(recorder.clone()));
    m.run(&start);
    m.memory.write_u32(DATA, 5);
    let ways: [&[u32]; 5] = [
        &[type0(OFFSET, 1), 1],
        &[type3(opcode::SET_CONSTANT, 2), 4 << 16 | (OFFSET - CONTEXT), 2],
        &[type3(opcode::SET_CONSTANT2, 2), OFFSET, 3],
        &[type3(opcode::SET_SHADER_CONSTANTS, 2), OFFSET, 4],
        &[type3(opcode::LOAD_ALU_CONSTANT, 3), DATA, 4 << 16 | (OFFSET - CONTEXT), 1],
    ];
    for way in ways {
        m.run(&[way, &draw].concat());
    }
    m.gpu.store_register(OFFSET, 6, m.now);
    m.run(&draw);
    let state = m.gpu.state();
    let mut other = GpuHarness::with_backend(Box::new(recorder.clone()));
    other.run(&[&start[..], &[type0(OFFSET, 1), 9], &draw].concat());
    other.gpu.restore(&state).unwrap();
    other.write = m.write;
    other.now = m.now;
    other.run(&draw);
    let seen = recorder.0.lock().unwrap();
    let offsets: Vec<_> = seen.0.iter().map(|draw| draw.index_offset).collect();
    assert_eq!(offsets, [1, 2, 3, 4, 5, 6, 9, 6]);
}
