//! Speed of the command processor without drawing: criterion's elements are words of the command
//! stream, so "Melem/s" is million words a second. The goal is 50 on one core, including the frame
//! benchmark.
#![allow(missing_docs)] // criterion's macros make public items

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::sync::Arc;
use xenia_gpu::packets::{opcode, type0, type3};
use xenia_gpu::registers::cp::CP_RB_WPTR;
use xenia_gpu::{CommandProcessor, Config, NullBackend};
use xenia_memory::{GuestMemory, Heap, Protect};

/// Size of memory in bytes: the ring, then the lists.
const SIZE: u32 = 0x40_0000;
/// Log2 of the ring's quadwords.
const RING_LOG2: u32 = 12;
const LISTS: u32 = 0x1_0000;
/// Guest time in which a stream completes, including draws.
const TICKS: u64 = 100_000_000;

/// A named list, and a function that generates about that many words.
type List = (&'static str, fn() -> Vec<u32>);

const LIST_WORDS: usize = 60_000;

const STREAMS: &[List] = &[
    ("runs of 16 registers", || {
        repeat(|i, words| {
            words.push(type0(0x2100 + i % 16, 16));
            words.extend((0..16).map(|k| i * 3 + k));
        })
    }),
    ("single registers", || {
        repeat(|i, words| words.extend([type0([0x2104, 0x2200, 0x2205, 0x2312][i as usize % 4], 1), i]))
    }),
    ("constants", || {
        repeat(|i, words| {
            words.extend([type3(opcode::SET_CONSTANT, 65), i % 28 * 64]);
            words.extend((0..64).map(|k| (i * k) as f32).map(f32::to_bits));
        })
    }),
    // 97 words per draw, with typical state changes between two draws of a title: state in small
    // pieces, a matrix and some parameters for the vertex shader, a few for the pixel shader,
    // vertices and two textures.
    ("a frame of draws", || {
        repeat(|i, words| {
            if i == 0 {
                for kind in 0..2 {
                    words.extend([type3(opcode::IM_LOAD_IMMEDIATE, 5), kind, 3, 1, 2, 3]);
                }
                words.extend([type0(0x2208, 1), 4, type0(0x2000, 1), 1280, type0(0x2082, 1), 0x02d0_0500]);
                words.extend([type0(0x200f, 1), 8192 | 8192 << 16]);
            }
            words.extend([type0(0x2104, 2), 0xf, i & 1]);
            words.extend([type0(0x2200, 3), 0x0070_0736, 0x0001_0001, i % 3]);
            words.extend([type3(opcode::SET_CONSTANT, 3), 4 << 16 | 0x205, i & 2, 0x300]);
            words.extend([type3(opcode::SET_CONSTANT, 33), i % 4]);
            words.extend((0..32).map(|k| ((i + k) as f32).to_bits()));
            words.extend([type3(opcode::SET_CONSTANT, 17), 0x400]);
            words.extend((0..16).map(|k| ((i * k) as f32).to_bits()));
            words.extend([type3(opcode::SET_CONSTANT, 7), 1 << 16, 0x0010_0003 + i * 64, 0x1002, 0, 0, 0, 0]);
            words.extend([type3(opcode::SET_CONSTANT, 13), 1 << 16 | 6]);
            words.extend((0..12).map(|k| i << 12 | k));
            words.extend([type3(opcode::DRAW_INDX, 4), 0, 4 | 300 << 16, 0x0020_0000, 300 << 1]);
        })
    }),
];

fn repeat(mut part: impl FnMut(u32, &mut Vec<u32>)) -> Vec<u32> {
    let mut words = Vec::new();
    let mut number = 0;
    while words.len() < LIST_WORDS {
        part(number, &mut words);
        number += 1;
    }
    words
}

struct GpuFixture {
    memory: Arc<GuestMemory>,
    base: u32,
    gpu: CommandProcessor,
    write: u32,
    now: u64,
}

impl GpuFixture {
    /// A machine with a list in memory, and another list that calls it in parts.
    fn new(list: &[u32]) -> Self {
        let memory = GuestMemory::new().expect("memory");
        let rights = Protect::READ_WRITE;
        let area =
            memory.alloc_physical(Heap::Physical64K, SIZE, 0x1_0000, 0, u32::MAX, rights).expect("memory");
        let base = xenia_memory::physical(area).expect("a physical address");
        for (i, &word) in list.iter().enumerate() {
            memory.write(area.offset(LISTS + i as u32 * 4), word).expect("memory");
        }
        let config = Config { vblank: false, ..Config::default() };
        let mut gpu = CommandProcessor::new(memory.clone(), Box::new(NullBackend), config);
        gpu.initialize_ring(base, RING_LOG2);
        Self { memory, base, gpu, write: 0, now: 0 }
    }

    /// Calls the list, and waits for its completion.
    fn run(&mut self, words: u32) {
        for word in [type3(opcode::INDIRECT_BUFFER, 2), self.base + LISTS, words] {
            let at = xenia_memory::physical_to_view(self.base + self.write * 4);
            self.memory.write(at, word).expect("memory");
            self.write = (self.write + 1) % (2 << RING_LOG2);
        }
        self.gpu.store_register(CP_RB_WPTR, self.write, self.now);
        self.now += TICKS;
        self.gpu.pump(self.now);
        assert!(self.gpu.is_idle());
    }
}

fn packets(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("packets");
    for (name, list) in STREAMS {
        let list = list();
        let mut machine = GpuFixture::new(&list);
        group.throughput(Throughput::Elements(list.len() as u64 + 3));
        group.bench_function(*name, |bencher| bencher.iter(|| machine.run(list.len() as u32)));
        let statistics = machine.gpu.statistics();
        assert!(statistics.problems.is_empty() && statistics.unknown.is_empty(), "{statistics:?}");
    }
    group.finish();
}

criterion_group!(benches, packets);
criterion_main!(benches);
