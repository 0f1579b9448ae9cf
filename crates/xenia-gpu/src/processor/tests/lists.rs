//! Tests of the ring buffer, indirect buffers, predication and statistics.

use super::*;

#[test]
fn indirect_buffers_nest_and_return() {
    let mut m = GpuHarness::new();
    m.list(LIST, &[type3(opcode::INDIRECT_BUFFER, 2), LIST + 0x100, 3, type0(0x2001, 1), 2]);
    m.list(LIST + 0x100, &[type0(0x2001, 1), 1, type0(0x2002, 1)]);
    m.run(&[type3(opcode::INDIRECT_BUFFER, 2), LIST, 5, type0(0x2003, 1), 3]);
    assert_eq!([0x2001, 0x2002, 0x2003].map(|i| m.gpu.registers().get(i)), [2, 0, 3]);
    assert_eq!(
        m.gpu.statistics().problems.keys().collect::<Vec<_>>(),
        ["indirect buffer ends within a packet"]
    );
}

#[test]
fn a_list_that_calls_itself_is_cut_off() {
    let mut m = GpuHarness::new();
    m.list(LIST, &[type3(opcode::INDIRECT_BUFFER, 2), LIST, 4, TYPE2]);
    m.run(&[type3(opcode::INDIRECT_BUFFER, 2), LIST, 4, type0(0x2003, 1), 3]);
    assert!(m.gpu.is_idle());
    assert_eq!(m.gpu.statistics().problems["indirect buffers nested too deeply"], 1);
    // A tail call doesn't increase the depth; only the time is limited.
    m.list(LIST, &[type3(opcode::INDIRECT_BUFFER, 2), LIST, 3]);
    let before = m.gpu.statistics().words;
    m.run(&[type3(opcode::INDIRECT_BUFFER, 2), LIST, 3]);
    assert!(!m.gpu.is_idle());
    assert!(m.gpu.statistics().words - before <= 3 * 1_000_001);
}

#[test]
fn the_ring_wraps_and_the_read_index_is_written_back() {
    let mut m = GpuHarness::new();
    m.gpu.enable_rptr_writeback(DATA, 4); // blocks of 32 words
    for i in 0..40 {
        m.run(&[type0(0x2000, 6), i, i, i, i, i, i + 1, TYPE2, TYPE2]);
        assert_eq!(m.data(0), m.write, "round {i}");
        assert_eq!(m.gpu.registers().get(0x2005), i + 1);
    }
    // A packet that has been announced only in part waits for the rest.
    m.run(&[type0(0x2000, 2), 1]);
    assert!(!m.gpu.is_idle());
    assert_eq!(m.gpu.next_event_time(), None);
    m.run(&[99]);
    assert!(m.gpu.is_idle());
    assert_eq!(m.gpu.registers().get(0x2001), 99);
}

#[test]
fn predicated_packets_follow_the_bins() {
    let mut m = GpuHarness::new();
    m.run(&[
        type3(opcode::SET_BIN_MASK, 2),
        1,
        0,
        type3(opcode::SET_BIN_SELECT, 2),
        0,
        1,
        type3(opcode::INTERRUPT, 1) | 1,
        1,
        type3(opcode::SET_BIN_SELECT_HI, 1),
        1,
        type3(opcode::INTERRUPT, 1) | 1,
        2,
        type3(opcode::SET_BIN_MASK_HI, 1),
        0,
        type3(opcode::SET_BIN_MASK_LO, 1),
        1,
        type3(opcode::INTERRUPT, 1) | 1,
        4,
        type3(opcode::SET_BIN_SELECT_LO, 1),
        0,
        type3(opcode::INTERRUPT, 1) | 1,
        8,
        type3(opcode::INTERRUPT, 1),
        16,
    ]);
    let masks: Vec<_> = m
        .events
        .iter()
        .map(|event| match event {
            GpuEvent::Interrupt { cpu_mask, source: 1 } => *cpu_mask,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(masks, [2, 4, 16]);
    assert_eq!(m.gpu.statistics().predicated_away, 2);
}

#[test]
fn pumping_often_or_rarely_gives_the_same_state() {
    let digest = |step: u64| {
        let mut m = GpuHarness::with_backend(Box::new(Recorder::default()));
        m.list(
            LIST,
            &[type3(opcode::EVENT_WRITE_SHD, 3), 1 << 31, DATA_BE, 0, type3(opcode::INTERRUPT, 1), 3],
        );
        m.put(&[type3(opcode::INDIRECT_BUFFER, 2), LIST, 6]);
        m.put(&swap_commands([0; 6], 0, 8, 8));
        m.kick();
        while m.now < 100_000 {
            m.pass(step);
        }
        let mut bytes = Vec::new();
        m.gpu.digest(&mut |part| bytes.extend_from_slice(part));
        (bytes, m.data(0), m.events)
    };
    let once = digest(100_000);
    for step in [1, 10, 1000] {
        assert!(digest(step) == once, "step {step}");
    }
}

#[test]
fn unsupported_packets_are_counted_by_name() {
    let mut m = GpuHarness::new();
    m.run(&[
        type3(0x7f, 1),
        0,
        type3(opcode::SET_STATE, 1),
        0,
        type3(opcode::WAIT_REG_MEM, 2),
        0,
        0,
        type3(opcode::IM_LOAD_IMMEDIATE, 2),
        0,
        0xffff,
        type3(opcode::DRAW_INDX_2, 1),
        4,
    ]);
    let statistics = m.gpu.statistics();
    assert_eq!(statistics.unknown[&0x7f], 1);
    assert_eq!(statistics.unsupported["SET_STATE"], 1);
    assert_eq!(statistics.problems.len(), 3, "{:?}", statistics.problems);
    assert!(statistics.packets().contains(&("SET_STATE".to_owned(), 1)));
}

#[test]
fn a_ring_at_the_end_of_memory_wraps_there() {
    let mut m = GpuHarness::new();
    m.gpu.initialize_ring(PHYSICAL_SIZE - 8, 2); // two words there, six at the start
    m.list(0, &[type0(0x2000, 1), 7]);
    m.gpu.store_register(cp::CP_RB_WPTR, 4, 0);
    m.pass(1000);
    assert!(m.gpu.is_idle());
    assert_eq!(m.gpu.registers().get(0x2000), 7);
}

#[test]
fn packets_may_write_the_packets_that_follow() {
    let mut m = GpuHarness::new();
    let words = [
        type3(opcode::MEM_WRITE, 2),
        (LIST + 16) | 2,
        7,
        type0(0x2000, 1),
        1,
        // A fence, a scratch register and a stored register invalidate the window, too.
        type3(opcode::EVENT_WRITE_SHD, 3),
        3,
        (LIST + 40) | 2,
        8,
        type0(0x2001, 1),
        1,
        type0(cp::SCRATCH_UMSK, 2),
        1,
        LIST + 68,
        type0(0x578, 1),
        9,
        type0(0x2002, 1),
        1,
        type3(opcode::REG_TO_MEM, 2),
        0x2002,
        (LIST + 88) | 2,
        type0(0x2003, 1),
        1,
    ];
    let check =
        |m: &GpuHarness| assert_eq!([0, 1, 2, 3].map(|i| m.gpu.registers().get(0x2000 + i)), [7, 8, 9, 9]);
    m.list(LIST, &words);
    m.run(&[type3(opcode::INDIRECT_BUFFER, 2), LIST, words.len() as u32]);
    check(&m);
    // The CPU writes in between: words prefetched before a wait are read again.
    let wait = [type3(opcode::WAIT_REG_MEM, 5), 0x13, DATA_BE, 1, u32::MAX, 0, type0(0x2000, 1), 1];
    m.run(&wait);
    m.list(RING + (m.write - 1) * 4, &[5]);
    m.list(DATA, &[1]);
    m.pass(1000);
    assert_eq!(m.gpu.registers().get(0x2000), 5);
}
