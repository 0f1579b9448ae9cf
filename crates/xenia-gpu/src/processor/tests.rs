//! Whole command streams through the processor: packets, waits, fences, interrupts, hostile streams.

use std::sync::Mutex;

use proptest::prelude::*;

use super::*;
use crate::backend::{BackendError, NullBackend};
use crate::draw_state::{CopyCall, DrawCall};
use crate::memory::Ram;
use crate::packets::{TYPE2, opcode, swap_commands, type0, type3};

const RING: u32 = 0x1000;
const LIST: u32 = 0x4000;
const DATA: u32 = 0x8000;
/// Physical address as packets give it, with big-endian words.
const DATA_BE: u32 = DATA | 2;

struct Machine {
    memory: Arc<Ram>,
    gpu: CommandProcessor,
    write: u32,
    now: u64,
    events: Vec<GpuEvent>,
}

impl Machine {
    fn with_backend(backend: Box<dyn Backend>) -> Self {
        let memory = Arc::new(Ram::new(0x10_0000));
        let config = Config { vblank: false, capture_all: true, ..Config::default() };
        let mut gpu = CommandProcessor::new(memory.clone(), backend, config);
        gpu.initialize_ring(RING, 7); // 256 words
        Self { memory, gpu, write: 0, now: 0, events: Vec::new() }
    }

    fn new() -> Self {
        Self::with_backend(Box::new(NullBackend))
    }

    fn put(&mut self, words: &[u32]) {
        for &word in words {
            self.memory.write_u32(RING + self.write * 4, word);
            self.write = (self.write + 1) % 256;
        }
    }

    fn kick(&mut self) {
        self.gpu.store_register(cp::CP_RB_WPTR, self.write, self.now);
    }

    fn pass(&mut self, ticks: u64) {
        self.now += ticks;
        self.events.extend(self.gpu.pump(self.now));
    }

    fn run(&mut self, words: &[u32]) {
        self.put(words);
        self.kick();
        self.pass(1_000_000);
    }

    fn list(&self, address: u32, words: &[u32]) {
        for (i, &word) in words.iter().enumerate() {
            self.memory.write_u32(address + i as u32 * 4, word);
        }
    }

    fn data(&self, index: u32) -> u32 {
        self.memory.read_u32(DATA + index * 4)
    }
}

#[test]
fn all_ways_to_write_registers() {
    let mut m = Machine::new();
    m.memory.write_u32(DATA, 0x11);
    m.memory.write_u32(DATA + 4, 0x12);
    m.run(&[
        type0(0x2000, 2),
        1,
        2,
        type0(0x2010, 3) | 0x8000,
        3,
        4,
        5,
        0x4000_0000 | 0x21 << 11 | 0x20,
        6,
        7,
        TYPE2,
        type3(opcode::SET_CONSTANT, 3),
        0x0004_0020,
        8,
        9,
        type3(opcode::SET_CONSTANT, 2),
        0x0000_0005,
        10,
        type3(opcode::SET_CONSTANT, 2),
        0x0001_0006,
        11,
        type3(opcode::SET_CONSTANT, 2),
        0x0002_0001,
        12,
        type3(opcode::SET_CONSTANT, 2),
        0x0003_0002,
        13,
        type3(opcode::SET_CONSTANT2, 2),
        0x2030,
        14,
        type3(opcode::SET_SHADER_CONSTANTS, 2),
        0x4100,
        15,
        type3(opcode::LOAD_ALU_CONSTANT, 3),
        DATA,
        0x0000_0040,
        2,
        type3(opcode::REG_RMW, 3),
        0x20,
        0,
        0xf0,
        type3(opcode::REG_RMW, 3),
        0xc000_0030,
        0x20,
        0x21,
    ]);
    for (index, value) in [
        (0x2000, 1),
        (0x2001, 2),
        (0x30, 7),
        (0x2010, 5),
        (0x20, 0xf0),
        (0x21, 7),
        (0x2020, 8),
        (0x2021, 9),
        (0x4005, 10),
        (0x4806, 11),
        (0x4901, 12),
        (0x490a, 13),
        (0x2030, 14),
        (0x4100, 15),
        (0x4040, 0x11),
        (0x4041, 0x12),
    ] {
        assert_eq!(m.gpu.registers().get(index), value, "{index:#x}");
    }
    assert!(m.gpu.is_idle());
    assert_eq!(m.gpu.statistics().total_packets(), 14);
    assert!(m.gpu.statistics().problems.is_empty());
}

#[test]
fn all_ways_to_write_memory() {
    let mut m = Machine::new();
    m.list(DATA + 0x40, &[7]);
    m.run(&[
        type3(opcode::MEM_WRITE, 3),
        DATA_BE,
        1,
        2,
        type3(opcode::MEM_WRITE, 2),
        DATA + 8,
        0x0102_0304,
        type3(opcode::MEM_WRITE, 2),
        (DATA + 12) | 1,
        0x0102_0304,
        type0(0x2000, 1),
        0x77,
        type3(opcode::REG_TO_MEM, 2),
        0x2000,
        DATA_BE + 16,
        type3(opcode::EVENT_WRITE_SHD, 3),
        3,
        DATA_BE + 20,
        0x55,
        type3(opcode::COND_WRITE, 6),
        0x113,
        (DATA + 0x40) | 2,
        7,
        u32::MAX,
        DATA_BE + 24,
        0x66,
        type3(opcode::COND_WRITE, 6),
        0x114,
        (DATA + 0x40) | 2,
        7,
        u32::MAX,
        DATA_BE + 28,
        0x66,
        type3(opcode::COND_WRITE, 6),
        0x003,
        0x2000,
        0x70,
        0xf0,
        0x2001,
        0x88,
        type3(opcode::EVENT_WRITE_EXT, 2),
        0x1a,
        (DATA + 32) | 1,
        type0(cp::SCRATCH_UMSK, 2),
        2,
        DATA + 64,
        type0(0x578, 2),
        9,
        10,
    ]);
    assert_eq!(
        [0, 1, 2, 3, 4, 5, 6, 7].map(|i| m.data(i)),
        [1, 2, 0x0403_0201, 0x0304_0102, 0x77, 0x55, 0x66, 0]
    );
    assert_eq!([8, 9, 10].map(|i| m.data(i)), [1024, 1024, 1]);
    assert_eq!([16, 17].map(|i| m.data(i)), [7, 10], "only the second scratch register is repeated");
    assert_eq!(m.gpu.registers().get(0x2001), 0x88);
    assert_eq!(m.gpu.registers().get(EVENT_INITIATOR_INDEX), 0x1a);
}

const EVENT_INITIATOR_INDEX: u32 = 0x21f9;

#[test]
fn an_unsatisfied_wait_suspends_until_memory_changes() {
    let mut m = Machine::new();
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

#[test]
fn a_coherency_wait_ends_by_itself() {
    let mut m = Machine::new();
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
fn indirect_buffers_nest_and_return() {
    let mut m = Machine::new();
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
    let mut m = Machine::new();
    m.list(LIST, &[type3(opcode::INDIRECT_BUFFER, 2), LIST, 4, TYPE2]);
    m.run(&[type3(opcode::INDIRECT_BUFFER, 2), LIST, 4, type0(0x2003, 1), 3]);
    assert!(m.gpu.is_idle());
    assert_eq!(m.gpu.statistics().problems["indirect buffers nested too deeply"], 1);
    // Without anything behind the call there is no depth to run out of, only time.
    m.list(LIST, &[type3(opcode::INDIRECT_BUFFER, 2), LIST, 3]);
    let before = m.gpu.statistics().words;
    m.run(&[type3(opcode::INDIRECT_BUFFER, 2), LIST, 3]);
    assert!(!m.gpu.is_idle());
    assert!(m.gpu.statistics().words - before <= 3 * 1_000_001);
}

#[test]
fn the_ring_wraps_and_the_read_index_is_written_back() {
    let mut m = Machine::new();
    m.gpu.enable_rptr_writeback(DATA, 4); // blocks of 32 words
    for i in 0..40 {
        m.run(&[type0(0x2000, 6), i, i, i, i, i, i + 1, TYPE2, TYPE2]);
        assert_eq!(m.data(0), m.write, "round {i}");
        assert_eq!(m.gpu.registers().get(0x2005), i + 1);
    }
    // A packet that has only been announced in part waits for the rest.
    m.run(&[type0(0x2000, 2), 1]);
    assert!(!m.gpu.is_idle());
    assert_eq!(m.gpu.next_event_time(), None);
    m.run(&[99]);
    assert!(m.gpu.is_idle());
    assert_eq!(m.gpu.registers().get(0x2001), 99);
}

#[test]
fn predicated_packets_follow_the_bins() {
    let mut m = Machine::new();
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
fn the_time_between_vertical_blanks_can_be_set() {
    let memory = Arc::new(Ram::new(0x1000));
    let mut gpu = CommandProcessor::new(memory, Box::new(NullBackend), Config::default());
    let fifty_hertz = TICKS_PER_SECOND / 50;
    let mut now = VBLANK_TICKS;
    for (asked, period) in
        [(fifty_hertz, fifty_hertz), (0, TICKS_PER_SECOND / 240), (u64::MAX, TICKS_PER_SECOND / 20)]
    {
        gpu.set_vblank_period(asked);
        assert_eq!(gpu.next_event_time(), Some(now), "the next one stays where it is");
        assert_eq!(gpu.pump(now).len(), 1);
        assert_eq!(gpu.next_event_time(), Some(now + period));
        let mut line = None;
        gpu.refresh_registers(now + period * 3 / 4, |index, value| {
            if index == dc::D1MODE_V_COUNTER {
                line = Some(value);
            }
        });
        assert!(line.is_none_or(|line| (561..=562).contains(&line)), "{line:?}");
        now += period;
    }
}

#[test]
fn vertical_blanks_come_at_sixty_hertz_in_order_with_packets() {
    let memory = Arc::new(Ram::new(0x1000));
    let mut gpu = CommandProcessor::new(memory, Box::new(NullBackend), Config::default());
    assert_eq!(gpu.next_event_time(), Some(VBLANK_TICKS));
    assert!(gpu.pump(VBLANK_TICKS - 1).is_empty());
    assert_eq!(gpu.pump(VBLANK_TICKS), [GpuEvent::Interrupt { cpu_mask: 4, source: 0 }]);
    assert_eq!(gpu.pump(TICKS_PER_SECOND).len(), 59);
    let mut line = None;
    gpu.refresh_registers(TICKS_PER_SECOND + VBLANK_TICKS / 2, |index, value| {
        if index == dc::D1MODE_V_COUNTER {
            line = Some(value);
        }
    });
    assert_eq!(line, Some(375));
}

/// A backend that keeps what it was given.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<(Vec<DrawCall>, Vec<CopyCall>)>>);

impl Backend for Recorder {
    fn name(&self) -> &'static str {
        "recorder"
    }
    fn draw(&mut self, call: &DrawCall, _: &dyn PhysicalMemory) -> Result<(), BackendError> {
        self.0.lock().unwrap().0.push(call.clone());
        Ok(())
    }
    fn copy(&mut self, call: &CopyCall, _: &dyn PhysicalMemory) -> Result<(), BackendError> {
        self.0.lock().unwrap().1.push(call.clone());
        Ok(())
    }
    fn present(&mut self, call: &PresentCall, _: &dyn PhysicalMemory) -> Option<Frame> {
        Some(Frame { width: call.width, height: call.height, rgba: vec![call.fetch[1] as u8] })
    }
    fn samples_passed(&self) -> Option<u64> {
        Some(self.0.lock().unwrap().0.len() as u64 * 10)
    }
    fn digest(&self, _: &mut dyn FnMut(&[u8])) {}
}

#[test]
fn draws_and_copies_reach_the_backend_in_their_time() {
    let recorder = Recorder::default();
    let mut m = Machine::with_backend(Box::new(recorder.clone()));
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
fn occlusion_queries_report_what_passed_in_between() {
    let recorder = Recorder::default();
    let mut m = Machine::with_backend(Box::new(recorder));
    let draw = [type3(opcode::DRAW_INDX_2, 1), 4 | 2 << 6 | 3 << 16];
    m.run(&[type3(opcode::IM_LOAD_IMMEDIATE, 3), 0, 1, 1, type3(opcode::IM_LOAD_IMMEDIATE, 3), 1, 1, 1]);
    m.run(&[type0(0x2208, 1), 4, type0(0x2325, 1), DATA]);
    m.run(&draw);
    m.run(&[type3(opcode::EVENT_WRITE_ZPD, 1), 21]);
    m.run(&draw);
    m.run(&draw);
    m.list(DATA + 16, &[0xffff_feed, 0xffff_feed]);
    m.run(&[type3(opcode::EVENT_WRITE_ZPD, 1), 21]);
    assert_eq!([0, 4, 5].map(|i| m.data(i).swap_bytes()), [20, 20, 0]);
}

#[test]
fn a_swap_is_counted_and_pictured() {
    let mut m = Machine::with_backend(Box::new(Recorder::default()));
    m.run(&swap_commands([2, 0x42, 0, 0, 0, 0], 0x0123_4000, 1280, 720));
    assert_eq!(m.events, [GpuEvent::Swap { physical: 0x0123_4000, width: 1280, height: 720, number: 1 }]);
    let frame = m.gpu.take_frame().unwrap();
    assert_eq!((frame.width, frame.height, frame.rgba[0]), (1280, 720, 0x42));
    assert!(m.gpu.take_frame().is_none());
    m.run(&[type3(opcode::XE_SWAP, 4), 1, 2, 3, 4]);
    assert_eq!(m.gpu.statistics().swaps, 1);
}

#[test]
fn what_cannot_be_done_is_counted_by_name() {
    let mut m = Machine::new();
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
fn pumping_often_or_rarely_gives_the_same_state() {
    let digest = |step: u64| {
        let mut m = Machine::with_backend(Box::new(Recorder::default()));
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn random_streams_neither_panic_nor_hang(
        words in proptest::collection::vec(prop_oneof![
            any::<u32>(),
            (0u8..128, 1u32..8).prop_map(|(opcode, count)| type3(opcode, count)),
            (0usize..crate::packets::ROWS.len(), 1u32..8).prop_map(|(row, count)| type3(crate::packets::ROWS[row].0, count)),
            0u32..0x1000,
            Just(RING), Just(LIST), Just(DATA_BE),
        ], 1..256),
        size_log2 in any::<u32>(),
        write in any::<u32>(),
    ) {
        let mut m = Machine::new();
        m.list(LIST, &words);
        m.gpu.initialize_ring(RING, size_log2);
        m.gpu.enable_rptr_writeback(write, size_log2);
        m.put(&words);
        m.gpu.store_register(cp::CP_RB_WPTR, write % 300, 0);
        for _ in 0..4 {
            m.pass(5_000);
        }
        crate::packets::disassemble(&words);
    }
}
