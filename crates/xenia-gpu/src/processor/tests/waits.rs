//! Tests of waits and conditional packets.

use super::*;

#[test]
fn an_unsatisfied_wait_suspends_until_memory_changes() {
    let mut m = GpuHarness::new();
    m.run(&[type3(opcode::WAIT_REG_MEM, 5), 0x13, DATA_BE, 5, 0xff, 0x10, type3(opcode::INTERRUPT, 1), 4]);
    assert!(m.events.is_empty() && !m.gpu.is_idle());
    assert_eq!(m.gpu.next_event_time(), None, "only the CPU can end this");
    m.pass(1000);
    assert!(m.events.is_empty());
    m.memory.write_u32(DATA, 0x0105);
    let stored = m.now + 10;
    m.pass(10);
    m.pass(100);
    assert_eq!(m.events, [GpuEvent::Interrupt { cpu_mask: 4, source: 1 }]);
    assert!(m.gpu.is_idle() && cost::ticks(m.gpu.cycles) >= stored);
}

/// Memory into which the CPU stores the ring's eighth word just before a flag at `DATA` is read.
struct StoredBeforeFlag(Ram);

impl PhysicalMemory for StoredBeforeFlag {
    fn read(&self, physical: u32, into: &mut [u8]) {
        if physical == DATA {
            self.0.write_u32(RING + 7 * 4, 9);
        }
        self.0.read(physical, into);
    }
    fn write(&self, physical: u32, from: &[u8]) {
        self.0.write(physical, from);
    }
    fn version(&self, physical: u32, length: u32) -> u64 {
        self.0.version(physical, length)
    }
    fn track(&self, physical: u32, length: u32) -> Option<u64> {
        self.0.track(physical, length)
    }
}

#[test]
fn words_after_a_wait_that_holds_at_once_are_as_the_cpu_left_them() {
    let memory = Arc::new(StoredBeforeFlag(Ram::new(0x10_0000)));
    memory.0.write_u32(DATA, 0x0105);
    let words = [type3(opcode::WAIT_REG_MEM, 5), 0x13, DATA_BE, 5, 0xff, 0x10, type0(0x2000, 1), 7];
    for (word, at) in words.into_iter().zip((RING..).step_by(4)) {
        memory.0.write_u32(at, word);
    }
    let config = Config { vblank: false, concurrent: true, ..Config::default() };
    let mut gpu = CommandProcessor::new(memory, Box::new(NullBackend), config);
    gpu.initialize_ring(RING, 7);
    gpu.store_register(cp::CP_RB_WPTR, 8, 0);
    gpu.pump(1_000_000);
    assert!(gpu.is_idle());
    assert_eq!(gpu.registers().get(0x2000), 9);
}

#[test]
fn a_state_keeps_the_time_of_the_last_poll() {
    let mut m = GpuHarness::new();
    // Later than the clock, as after a poll of a wait that continued.
    m.gpu.last_poll = cost::ticks(m.gpu.cycles) + 1000;
    let state = m.gpu.state();
    let mut restored = GpuHarness::new();
    restored.gpu.restore(&state).unwrap();
    assert_eq!(restored.gpu.last_poll, m.gpu.last_poll);
}

#[test]
fn a_coherency_wait_ends_by_itself() {
    let mut m = GpuHarness::new();
    m.run(&[
        type0(cp::COHER_SIZE_HOST, 3),
        0xffff_ffff,
        0,
        0x0300_0100,
        type3(opcode::WAIT_REG_MEM, 5),
        3,
        0x0a31,
        0,
        0x8000_0000,
        0x10,
    ]);
    assert!(m.gpu.is_idle());
}

#[test]
fn short_waits_poll_a_register() {
    let mut m = GpuHarness::new();
    for (opcode, holds) in
        [(opcode::WAIT_REG_EQ, [false, true, false]), (opcode::WAIT_REG_GTE, [false, true, true])]
    {
        for (value, holds) in [0x104, 0x105, 0x106].into_iter().zip(holds) {
            m.run(&[type0(0x2000, 1), value, type3(opcode, 4), 0x2000, 5, 0xff, 0x10]);
            assert_eq!(m.gpu.is_idle(), holds, "{value:#x} with {opcode:#x}");
            // The CPU can end the wait.
            m.gpu.store_register(0x2000, 5, m.now);
            m.pass(100);
            assert!(m.gpu.is_idle());
        }
    }
}

#[test]
fn each_comparison_holds_for_its_values() {
    for (comparison, holds) in (0..).zip([
        [false; 3],
        [true, false, false],
        [true, true, false],
        [false, true, false],
        [true, false, true],
        [false, true, true],
        [false, false, true],
        [true; 3],
    ]) {
        for (value, holds) in [0x104, 0x105, 0x106].into_iter().zip(holds) {
            let mut m = GpuHarness::new();
            m.run(&[type0(0x2000, 1), value]);
            m.run(&[type3(opcode::WAIT_REG_MEM, 5), comparison, 0x2000, 5, 0xff, 0x10]);
            assert_eq!(m.gpu.is_idle(), holds, "{value:#x} with {comparison}");
        }
    }
}

/// `COND_EXEC` on two words at `DATA` with the reference 5.
fn conditional(words: u32) -> [u32; 5] {
    [type3(opcode::COND_EXEC, 4), DATA >> 2, (DATA + 4) >> 2, 5, words]
}

#[test]
fn conditional_packets_depend_on_memory() {
    for (memory, runs) in [([0, 4], false), ([1, 4], true), ([1, 5], false), ([9, u32::MAX], true)] {
        let mut m = GpuHarness::new();
        m.list(DATA, &memory);
        let mut words = conditional(4).to_vec();
        words.extend([type0(0x2000, 1), 1, type0(0x2001, 1), 1, type0(0x2002, 1), 1]);
        // Once in an indirect buffer, once in the ring buffer.
        m.list(LIST, &words);
        m.run(&[type3(opcode::INDIRECT_BUFFER, 2), LIST, words.len() as u32]);
        let seen = |m: &GpuHarness| [0x2000, 0x2001, 0x2002].map(|i| m.gpu.registers().get(i));
        assert_eq!(seen(&m), [u32::from(runs), u32::from(runs), 1], "{memory:?}");
        m.run(&[type0(0x2000, 3), 0, 0, 0]);
        m.run(&words);
        assert_eq!(seen(&m), [u32::from(runs), u32::from(runs), 1], "{memory:?}");
        assert!(m.gpu.is_idle() && m.gpu.statistics().problems.is_empty());
    }
}

#[test]
fn conditional_skip_covers_words_submitted_later() {
    let mut m = GpuHarness::new();
    m.run(&conditional(4));
    m.run(&[type0(0x2000, 1)]);
    m.run(&[1, type0(0x2001, 1)]);
    m.run(&[1, type0(0x2002, 1), 1]);
    assert_eq!([0x2000, 0x2001, 0x2002].map(|i| m.gpu.registers().get(i)), [0, 0, 1]);
    assert!(m.gpu.is_idle());
}

#[test]
fn conditional_skip_ends_with_its_indirect_buffer() {
    for (words, problems) in [(0, 0), (2, 0), (3, 1), (u32::MAX, 1)] {
        let mut m = GpuHarness::new();
        m.list(LIST, &conditional(words));
        m.list(LIST + 20, &[type0(0x2000, 1), 1]);
        m.run(&[type3(opcode::INDIRECT_BUFFER, 2), LIST, 7, type0(0x2001, 1), 1]);
        assert_eq!(m.gpu.registers().get(0x2000), u32::from(words == 0));
        assert_eq!(m.gpu.registers().get(0x2001), 1);
        assert_eq!(m.gpu.statistics().problems.len(), problems);
        // As the last packet of a buffer it has no words to skip.
        m.run(&[type0(0x2001, 1), 0, type3(opcode::INDIRECT_BUFFER, 2), LIST, 5, type0(0x2001, 1), 1]);
        assert_eq!(m.gpu.registers().get(0x2001), 1);
        assert!(m.gpu.is_idle());
    }
}

/// Processor with 60 vertical blanks per second, and a wait for the line counter in its ring.
fn waits_for_a_line(comparison: u32, line: u32, mask: u32, start: u64) -> CommandProcessor {
    let memory = Arc::new(Ram::new(0x10_0000));
    let mut gpu = CommandProcessor::new(memory.clone(), Box::new(NullBackend), Config::default());
    gpu.initialize_ring(RING, 7);
    let wait = [type3(opcode::WAIT_REG_MEM, 5), comparison, dc::D1MODE_V_COUNTER, line, mask, 0x10];
    for (i, word) in wait.into_iter().enumerate() {
        memory.write_u32(RING + i as u32 * 4, word);
    }
    gpu.pump(start);
    gpu.store_register(cp::CP_RB_WPTR, wait.len() as u32, start);
    gpu
}

#[test]
fn a_wait_for_a_line_ends_at_that_line() {
    for line in [0, 1, 2, 374, 740, 749] {
        for start in [0, 1, 1_000_000, 12_345_678] {
            let mut gpu = waits_for_a_line(5, line, 0xffff, start);
            gpu.pump(start + 1);
            let mut looks = 0;
            while !gpu.is_idle() {
                gpu.pump(gpu.next_event_time().unwrap());
                looks += 1;
                assert!(looks <= 3, "line {line} from {start}");
            }
            let mut seen = cost::ticks(gpu.cycles) % VBLANK_TICKS * LINES / VBLANK_TICKS;
            seen += u64::from(seen < line.into()); // the packet's cost may extend into the next line
            assert!(seen >= line.into(), "{seen} where {line} was waited for");
        }
    }
}

proptest::proptest! {
    #[test]
    fn the_next_event_is_always_ahead(
        comparison in 0_u32..8, line in 0_u32..800, mask in 0_u32..0x400, start in 0_u64..5_000_000,
        steps in proptest::collection::vec(0_u64..100_000, 1..20),
    ) {
        let mut gpu = waits_for_a_line(comparison, line, mask, start);
        let mut now = start;
        for step in steps {
            gpu.pump(now);
            let next = gpu.next_event_time().unwrap();
            proptest::prop_assert!(next > now, "{next} at {now}");
            now = next + step;
        }
    }
}
