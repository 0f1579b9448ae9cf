//! Measures the reference backend on a frame of 1280 x 720 pixels: fast clear, a full-screen
//! textured mesh with a dozen operations per pixel, blended quads, resolve, present. Prints the
//! median wall-clock time of each part, and the CPU time of the drawing thread, which is more
//! reliable on a busy machine.
//!
//! `frame_time [THREADS]`: number of draw threads, one by default.

#![allow(clippy::decimal_bitwise_operands)] // sizes in pixels, two to a register

use std::sync::Arc;
use std::time::{Duration, Instant};

use xenia_gpu::microcode::assemble;
use xenia_gpu::packets::{opcode, swap_commands, type0, type3};
use xenia_gpu::{CommandProcessor, Config, PhysicalMemory, Ram, Reference};

const RING: u32 = 0x1000;
const VERTICES: u32 = 0x10_0000;
const INDICES: u32 = 0x8_0000;
const TEXTURE: u32 = 0x20_0000;
const FRONT: u32 = 0x40_0000;
const RECT: u32 = 0x9_0000;

const VS: &str = "
    vfetch r1.xyz1, r0.x, vf0, format=57, stride=7, offset=0
    vfetch r2.xyzw, r0.x, vf0, format=38, stride=7, offset=3
    alloc position
    max oPos, r1, r1
    alloc interpolators 1
    max o0, r2, r2";
const PS: &str = "
    tfetch2D r1, r0.xy, tf1, mag=linear, min=linear
    mul r2, r1, c[0]
    mad r2, r1, c[1], r2
    dp3 r3.x, r0, c[2]
    + adds r3.y, r0.xy
    max r3, r3, c[3]
    mad r2, r2, r3.x, c[4]
    mad r2, r2, r1, c[4]
    add r2, r2, r0
    mul r2, r2, c[5]
    tfetch2D r4, r0.yx, tf1, mag=linear, min=linear
    mad r2, r4, c[0], r2
    alloc colors
    max oC0, r2, r2";
const CLEAR_PS: &str = "alloc colors\nmax oC0, r0, r0";

/// CPU time of this thread, if the host provides it: it excludes the time of other processes.
fn cpu_time() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}

struct FrameFixture {
    memory: Arc<Ram>,
    gpu: CommandProcessor,
    now: u64,
}

impl FrameFixture {
    /// Runs commands; returns the wall-clock time and this thread's CPU time.
    fn run(&mut self, words: &[u32]) -> [Duration; 2] {
        self.gpu.initialize_ring(RING, 14);
        for (i, &word) in words.iter().enumerate() {
            self.memory.write_u32(RING + i as u32 * 4, word);
        }
        self.gpu.store_register(0x1c5, words.len() as u32, self.now);
        self.now += 1 << 32;
        let start = Instant::now();
        let cpu = cpu_time();
        self.gpu.pump(self.now);
        let wall = start.elapsed();
        [wall, cpu_time().zip(cpu).map_or(wall, |(after, before)| after.saturating_sub(before))]
    }

    fn vertices(&self, at: u32, vertices: &[[f32; 7]]) {
        for (i, value) in vertices.iter().flatten().enumerate() {
            self.memory.write_u32(at + i as u32 * 4, value.to_bits());
        }
    }
}

fn set(words: &mut Vec<u32>, pairs: &[(u32, u32)]) {
    for &(index, value) in pairs {
        words.extend([type0(index, 1), value]);
    }
}

fn shader(words: &mut Vec<u32>, kind: u32, text: &str) {
    let code = assemble(text).expect("the example's shaders assemble");
    words.extend([type3(opcode::IM_LOAD_IMMEDIATE, code.len() as u32 + 2), kind, code.len() as u32]);
    words.extend(code);
}

/// Squares of the mesh, each way.
const COLUMNS: u16 = 60;
const ROWS: u16 = 31;
/// Vertices of the clear's rectangle, and of the text.
const CLEAR_VERTICES: u32 = VERTICES + 0x8_0000;
const TEXT_VERTICES: u32 = VERTICES + 0x9_0000;
/// Measured runs of each part.
const ROUNDS: usize = 11;

/// Registers that no part of the frame changes.
fn setup() -> Vec<u32> {
    let mut words = Vec::new();
    set(
        &mut words,
        &[
            (0x2208, 4),
            (0x2002, 1024),
            (0x200f, 8192 << 16 | 8192),
            (0x2081, 1 << 31),
            (0x2100, 0xff_ffff),
            (0x2104, 0xf),
            (0x2182, 0xffff),
            (0x2204, 1 << 16 | 1 << 19),
            (0x2206, 0x300),
            (0x2302, 1),
            (0x2308, 256),
            (0x2312, 0xffff),
        ],
    );
    let texture = [2 | 8 << 22, 6 | TEXTURE, 255 | 255 << 13, 0x688 << 1, 0, 1 << 9];
    for (i, word) in texture.into_iter().enumerate() {
        set(&mut words, &[(0x4806 + i as u32, word)]);
    }
    for i in 0..24 {
        set(&mut words, &[(0x4400 + i, 0.3_f32.to_bits())]);
    }
    words
}

/// Vertices of a strip of squares over the screen, like a typical mesh.
fn mesh_vertices() -> Vec<[f32; 7]> {
    let vertex = |x: u16, y: u16| {
        let u = f32::from(x) / f32::from(COLUMNS);
        let v = f32::from(y) / f32::from(ROWS);
        [u * 1280.0, v * 720.0, 0.5, u * 3.0, v * 3.0, 0.5, 1.0]
    };
    (0..=ROWS).flat_map(|y| (0..=COLUMNS).map(move |x| vertex(x, y))).collect()
}

/// Indices of the strip.
fn mesh_indices() -> Vec<u16> {
    let mut indices = Vec::new();
    for y in 0..ROWS {
        for x in 0..=COLUMNS {
            indices.extend([y * (COLUMNS + 1) + x, (y + 1) * (COLUMNS + 1) + x]);
        }
    }
    indices
}

/// Writes the vertices and indices of all parts.
fn write_geometry(machine: &FrameFixture, indices: &[u16]) {
    machine.vertices(VERTICES, &mesh_vertices());
    let bytes: Vec<u8> = indices.iter().flat_map(|i| i.to_be_bytes()).collect();
    machine.memory.write(INDICES, &bytes);
    machine.vertices(
        CLEAR_VERTICES,
        &[
            [0.0, 0.0, 1.0, 0.1, 0.2, 0.3, 1.0],
            [640.0, 0.0, 1.0, 0.1, 0.2, 0.3, 1.0],
            [0.0, 360.0, 1.0, 0.1, 0.2, 0.3, 1.0],
        ],
    );
    machine.vertices(
        TEXT_VERTICES,
        &[
            [100.0, 100.0, 0.1, 1.0, 0.2, 0.3, 0.5],
            [400.0, 100.0, 0.1, 1.0, 0.2, 0.3, 0.5],
            [400.0, 200.0, 0.1, 1.0, 0.2, 0.3, 0.5],
            [100.0, 200.0, 0.1, 1.0, 0.2, 0.3, 0.5],
        ],
    );
    for (i, value) in [0.0_f32, 0.0, 1280.0, 0.0, 1280.0, 720.0].into_iter().enumerate() {
        machine.memory.write_u32(RECT + i as u32 * 4, value.to_bits());
    }
}

/// Clears the frame as a target of a quarter of its pixels with four samples each, as titles do.
fn clear() -> Vec<u32> {
    let mut words = Vec::new();
    set(
        &mut words,
        &[(0x2000, 2 << 16 | 640), (0x2082, 360 << 16 | 640), (0x2200, 0x76), (0x2201, 0x1_0001)],
    );
    set(&mut words, &[(0x4800, CLEAR_VERTICES | 3), (0x4801, 2 | 21 << 2)]);
    shader(&mut words, 0, VS);
    shader(&mut words, 1, CLEAR_PS);
    words.extend([type3(opcode::DRAW_INDX_2, 1), 8 | 2 << 6 | 3 << 16]);
    words
}

/// Draws the textured mesh, a strip of `count` indices.
fn mesh(count: u32) -> Vec<u32> {
    let mut words = Vec::new();
    set(&mut words, &[(0x2000, 1280), (0x2082, 720 << 16 | 1280), (0x2200, 0x36)]);
    set(&mut words, &[(0x4800, VERTICES | 3), (0x4801, 2 | 0xf_ffff << 2)]);
    shader(&mut words, 1, PS);
    words.extend([type3(opcode::DRAW_INDX, 4), 0, 6 | count << 16, INDICES, 1 << 30 | count]);
    words
}

/// Draws a blended quad.
fn text() -> Vec<u32> {
    let mut words = Vec::new();
    set(&mut words, &[(0x4800, TEXT_VERTICES | 3), (0x4801, 2 | 28 << 2), (0x2201, 0x0706_0706)]);
    shader(&mut words, 1, CLEAR_PS);
    words.extend([type3(opcode::DRAW_INDX_2, 1), 13 | 2 << 6 | 4 << 16]);
    words
}

/// Resolves the frame to memory.
fn copy() -> Vec<u32> {
    let mut words = Vec::new();
    set(&mut words, &[(0x4800, RECT | 3), (0x4801, 2 | 6 << 2), (0x2208, 6), (0x2318, 1 << 20)]);
    set(&mut words, &[(0x2319, FRONT), (0x231a, 720 << 16 | 1280), (0x231b, 2 | 6 << 7)]);
    words.extend([type3(opcode::DRAW_INDX_2, 1), 8 | 2 << 6 | 3 << 16]);
    set(&mut words, &[(0x2208, 4)]);
    words
}

/// Median wall-clock and CPU time of a part, after a run that warms up.
fn median(machine: &mut FrameFixture, words: &[u32]) -> [Duration; 2] {
    machine.run(words);
    let times: Vec<_> = (0..ROUNDS).map(|_| machine.run(words)).collect();
    [0, 1].map(|kind: usize| {
        let mut times: Vec<_> = times.iter().map(|times| times[kind]).collect();
        times.sort_unstable();
        times[ROUNDS / 2]
    })
}

fn print(name: &str, [wall, cpu]: [Duration; 2]) {
    println!("{name:8} {:8.2} ms {:8.2} ms", wall.as_secs_f64() * 1e3, cpu.as_secs_f64() * 1e3);
}

fn main() {
    let threads = std::env::args().nth(1).map_or(1, |text| text.parse().expect("a number of threads"));
    let memory = Arc::new(Ram::new(0x100_0000));
    let config = Config { vblank: false, capture_all: true, ..Config::default() };
    let gpu = CommandProcessor::new(memory.clone(), Box::new(Reference::with_threads(threads)), config);
    let mut machine = FrameFixture { memory, gpu, now: 0 };
    machine.run(&setup());
    let indices = mesh_indices();
    write_geometry(&machine, &indices);
    let fetch = [2 | 1 << 31 | 40 << 22, 6 | 2 << 6 | FRONT, 0x4ff | 0x2cf << 13, 0x688 << 1, 0, 1 << 9];
    let swap = swap_commands(fetch, FRONT, 1280, 720);
    let mut total = [Duration::ZERO; 2];
    println!("{threads} threads   clock      caller");
    for (name, words) in [
        ("clear", &clear()[..]),
        ("mesh", &mesh(indices.len() as u32)),
        ("text", &text()),
        ("copy", &copy()),
        ("present", &swap),
    ] {
        let [wall, cpu] = median(&mut machine, words);
        total = [total[0] + wall, total[1] + cpu];
        print(name, [wall, cpu]);
    }
    print("frame", total);
    println!("problems: {:?}", machine.gpu.statistics().problems);
}
