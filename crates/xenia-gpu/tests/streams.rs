//! Fuzz test with random command streams and ring buffer states: no panic, no hang, no access
//! outside guest memory.
//!
//! Each stream has a number, which is its seed and is named in failures. `XENIA_RANDOM_STREAMS`
//! sets their number, `XENIA_FIRST_STREAM` the first one.
#![allow(unreachable_pub)] // the crate is a test's own

mod generate;
mod guard;

use std::hash::{DefaultHasher, Hasher};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use generate::{AREA, Generator};
use guard::{Guarded, Small};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use xenia_gpu::packets::disassemble;
use xenia_gpu::processor::MAX_WORDS_PER_PUMP;
use xenia_gpu::replay::Player;
use xenia_gpu::trace::{Reader, Recorder};
use xenia_gpu::{Backend, CommandProcessor, Config, NullBackend, PhysicalMemory, Ram, Reference};
use xenia_memory::{GuestMemory, Heap, Protect};

/// Number of streams by default, in usual and in long runs.
const STREAMS: [u64; 2] = [3000, 6000];
/// One of this many streams draws, one is recorded and played, one runs on a machine's memory.
const DRAWN: u64 = 8;
const PLAYED: u64 = 512;
const ON_A_MACHINE: u64 = 16;
/// Streams that share a reference backend.
const SHARED: u64 = 1000;
/// Maximum number of words in a packet, including its header.
const MAX_PACKET: u64 = 0x4001;
const CANARY: u8 = 0xc5;

/// A machine's memory: the area that streams use lies between areas that the chip can't access.
struct StreamHarness {
    memory: Arc<GuestMemory>,
    base: u32,
    canaries: Vec<xenia_guest::GuestAddr>,
}

impl StreamHarness {
    fn new() -> Self {
        let memory = GuestMemory::new().unwrap();
        let rights = Protect::READ_WRITE;
        let area = memory.alloc_physical(Heap::Physical64K, AREA, 0x1_0000, 0, u32::MAX, rights).unwrap();
        let mut canaries = Vec::new();
        for heap in [Heap::Virtual4K, Heap::Virtual64K] {
            let at = memory.alloc(heap, 0x1_0000, 0x1_0000, rights).unwrap();
            memory.write_bytes(at, &vec![CANARY; 0x1_0000]).unwrap();
            canaries.push(at);
        }
        Self { base: xenia_memory::physical(area).unwrap(), memory, canaries }
    }

    fn check(&self) {
        let mut bytes = vec![0; 0x1_0000];
        for &at in &self.canaries {
            self.memory.read_bytes(at, &mut bytes).unwrap();
            assert!(bytes.iter().all(|&byte| byte == CANARY));
        }
    }
}

/// Prints the number of a stream that fails.
struct Name(u64);

impl Drop for Name {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("stream {} (XENIA_FIRST_STREAM={0} XENIA_RANDOM_STREAMS=1)", self.0);
        }
    }
}

#[derive(Clone, Default)]
struct Bytes(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Bytes {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Words read, packets, draws and resolves.
type Done = [u64; 4];

/// Memory and backend of a stream.
struct Setting {
    memory: Arc<dyn PhysicalMemory>,
    base: u32,
    backend: Box<dyn Backend>,
    inline: bool,
}

/// Runs one stream: its initial state, then a few rounds of elapsed time, CPU stores and checks of
/// the processor. Returns the counts, and a digest of the processor and memory.
fn run(number: u64, setting: Setting) -> (Done, u64) {
    let Setting { memory, base, backend, inline } = setting;
    let mut rng = ChaCha8Rng::seed_from_u64(number);
    let stream = Generator::new(&mut rng, base).stream();
    for (at, words) in &stream.memory {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        memory.write(base + at, &bytes);
    }
    let guarded = Arc::new(Guarded::new(memory.clone()));
    let config = Config {
        vblank: rng.random_ratio(1, 2),
        capture_all: rng.random_ratio(1, 4),
        inline,
        short_pumps: number.is_multiple_of(3),
        ..Config::default()
    };
    let mut gpu = CommandProcessor::new(guarded.clone(), backend, config);
    let trace = number.is_multiple_of(PLAYED).then(Bytes::default);
    if let Some(trace) = &trace {
        gpu.record(Recorder::new(Box::new(trace.clone()), 0, u64::MAX));
    }
    let (ring, size_log2) = stream.ring;
    gpu.initialize_ring(if stream.ring_is_offset { base + ring } else { ring }, size_log2);
    if let Some((address, block)) = stream.write_back {
        gpu.enable_rptr_writeback(address, block);
    }
    let mut now = rng.random_range(0..1000);
    gpu.store_register(0x01c5, stream.write, now);
    for _ in 0..rng.random_range(1..6) {
        // Occasionally there is a vertical blank.
        let longest = if rng.random_ratio(1, 32) { 900_000 } else { 8000 };
        let ticks = rng.random_range(1..longest);
        now += ticks;
        let before = gpu.statistics().words;
        let events = gpu.pump(now);
        // Each word costs at least a cycle, and a tick has ten.
        let walked = gpu.statistics().words - before;
        assert!(walked <= (now * 10 + MAX_PACKET).min(MAX_WORDS_PER_PUMP + MAX_PACKET), "{walked} words");
        assert!(events.len() as u64 <= walked + 100);
        gpu.refresh_registers(now, |_, _| {});
        let mut generator = Generator::new(&mut rng, base);
        let register = generator.register() & 0x3fff;
        let value = generator.value();
        match rng.random_range(0..4) {
            0 => gpu.store_register(register, value, now),
            1 => gpu.store_register(0x01c5, value, now),
            2 => memory.write(base + rng.random_range(0..AREA / 4) * 4, &value.to_be_bytes()),
            _ => gpu.capture_next(),
        }
        let _ = (gpu.next_event_time(), gpu.is_idle(), gpu.take_frame(1));
    }
    let mut hasher = DefaultHasher::new();
    gpu.digest(&mut |part| hasher.write(part));
    let mut area = vec![0; AREA as usize];
    memory.read(base, &mut area);
    hasher.write(&area);
    disassemble(&stream.memory[0].1);
    if let Some(trace) = trace {
        gpu.finish_recording().unwrap().unwrap();
        let bytes = trace.0.lock().unwrap();
        let player = Player::new(Reader::open(&bytes[..]).unwrap(), Box::new(NullBackend)).unwrap();
        let same_end = player.run(&mut |_, _| {}).unwrap().same_end;
        assert_eq!(same_end, (gpu.backend().name() == "none").then_some(true), "playing ends otherwise");
    }
    let statistics = gpu.statistics();
    assert!(guarded.reads.load(Ordering::Relaxed) > 0 || statistics.words == 0);
    let done = [statistics.words, statistics.type3.iter().sum(), statistics.draws, statistics.resolves];
    (done, hasher.finish())
}

#[test]
fn random_streams_end_and_stay_in_guest_memory() {
    let first = xenia_testing::number_in_environment("XENIA_FIRST_STREAM", 0);
    let count = xenia_testing::number_in_environment(
        "XENIA_RANDOM_STREAMS",
        STREAMS[usize::from(xenia_testing::is_long())],
    );
    let machine = StreamHarness::new();
    // One draws on a separate thread, one on the processor's thread, one on a machine.
    let new_references = || [(); 3].map(|()| Small(Arc::new(Mutex::new(Reference::with_threads(1)))));
    let mut references = new_references();
    let mut total = Done::default();
    for number in first..first + count {
        let name = Name(number);
        if number.is_multiple_of(SHARED) {
            assert_eq!(references[0].edram(), references[1].edram(), "drawn on another thread");
            references = new_references();
        }
        let is_drawn = number % DRAWN == 1;
        let backend = |inline: bool| -> Box<dyn Backend> {
            if is_drawn { Box::new(references[usize::from(inline)].clone()) } else { Box::new(NullBackend) }
        };
        let on_ram = |inline| {
            let memory = Arc::new(Ram::new(AREA as usize));
            run(number, Setting { memory, base: 0, backend: backend(inline), inline })
        };
        let done = if number % ON_A_MACHINE < 2 {
            // This memory keeps the contents from stream to stream.
            let memory = machine.memory.clone();
            let base = machine.base;
            run(number, Setting { memory, base, backend: Box::new(references[2].clone()), inline: false }).0
        } else {
            let (done, digest) = on_ram(true);
            if is_drawn {
                assert_eq!(on_ram(false), (done, digest), "drawn on another thread");
            }
            done
        };
        for (total, done) in total.iter_mut().zip(done) {
            *total += done;
        }
        if number.is_multiple_of(SHARED) {
            machine.check();
        }
        drop(name);
    }
    machine.check();
    let [words, packets, draws, copies] = total;
    println!("{count} streams: {words} words, {packets} commands, {draws} draws, {copies} copies");
    // The streams must have some effect.
    assert!(count < 1000 || total.iter().all(|&done| done > count / 10), "{total:?}");
}
