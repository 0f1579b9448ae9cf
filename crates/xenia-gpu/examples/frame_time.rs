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

fn main() {
    let threads = std::env::args().nth(1).map_or(1, |text| text.parse().expect("a number of threads"));
    let memory = Arc::new(Ram::new(0x100_0000));
    let config = Config { vblank: false, capture_all: true, ..Config::default() };
    let gpu = CommandProcessor::new(memory.clone(), Box::new(Reference::with_threads(threads)), config);
    let mut machine = FrameFixture { memory, gpu, now: 0 };
    let mut setup = Vec::new();
    set(
        &mut setup,
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
        set(&mut setup, &[(0x4806 + i as u32, word)]);
    }
    for i in 0..24 {
        set(&mut setup, &[(0x4400 + i, 0.3_f32.to_bits())]);
    }
    machine.run(&setup);
    // A strip of 60 x 31 squares over the screen, like a typical mesh.
    let columns = 60;
    let rows = 31;
    let mut mesh = Vec::new();
    for y in 0..=rows {
        for x in 0..=columns {
            let u = x as f32 / columns as f32;
            let v = y as f32 / rows as f32;
            mesh.push([u * 1280.0, v * 720.0, 0.5, u * 3.0, v * 3.0, 0.5, 1.0]);
        }
    }
    machine.vertices(VERTICES, &mesh);
    let mut indices = Vec::new();
    for y in 0..rows {
        for x in 0..=columns {
            indices.extend([(y * (columns + 1) + x) as u16, ((y + 1) * (columns + 1) + x) as u16]);
        }
    }
    let bytes: Vec<u8> = indices.iter().flat_map(|i| i.to_be_bytes()).collect();
    machine.memory.write(INDICES, &bytes);
    machine.vertices(
        VERTICES + 0x8_0000,
        &[
            [0.0, 0.0, 1.0, 0.1, 0.2, 0.3, 1.0],
            [640.0, 0.0, 1.0, 0.1, 0.2, 0.3, 1.0],
            [0.0, 360.0, 1.0, 0.1, 0.2, 0.3, 1.0],
        ],
    );
    machine.vertices(
        VERTICES + 0x9_0000,
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
    let mut clear = Vec::new();
    set(
        &mut clear,
        &[(0x2000, 2 << 16 | 640), (0x2082, 360 << 16 | 640), (0x2200, 0x76), (0x2201, 0x1_0001)],
    );
    set(&mut clear, &[(0x4800, (VERTICES + 0x8_0000) | 3), (0x4801, 2 | 21 << 2)]);
    shader(&mut clear, 0, VS);
    shader(&mut clear, 1, CLEAR_PS);
    clear.extend([type3(opcode::DRAW_INDX_2, 1), 8 | 2 << 6 | 3 << 16]);
    let mut mesh = Vec::new();
    set(&mut mesh, &[(0x2000, 1280), (0x2082, 720 << 16 | 1280), (0x2200, 0x36)]);
    set(&mut mesh, &[(0x4800, VERTICES | 3), (0x4801, 2 | 0xf_ffff << 2)]);
    shader(&mut mesh, 1, PS);
    let count = indices.len() as u32;
    mesh.extend([type3(opcode::DRAW_INDX, 4), 0, 6 | count << 16, INDICES, 1 << 30 | count]);
    let mut text = Vec::new();
    set(&mut text, &[(0x4800, (VERTICES + 0x9_0000) | 3), (0x4801, 2 | 28 << 2), (0x2201, 0x0706_0706)]);
    shader(&mut text, 1, CLEAR_PS);
    text.extend([type3(opcode::DRAW_INDX_2, 1), 13 | 2 << 6 | 4 << 16]);
    let mut copy = Vec::new();
    set(&mut copy, &[(0x4800, RECT | 3), (0x4801, 2 | 6 << 2), (0x2208, 6), (0x2318, 1 << 20)]);
    set(&mut copy, &[(0x2319, FRONT), (0x231a, 720 << 16 | 1280), (0x231b, 2 | 6 << 7)]);
    copy.extend([type3(opcode::DRAW_INDX_2, 1), 8 | 2 << 6 | 3 << 16]);
    set(&mut copy, &[(0x2208, 4)]);
    let fetch = [2 | 1 << 31 | 40 << 22, 6 | 2 << 6 | FRONT, 0x4ff | 0x2cf << 13, 0x688 << 1, 0, 1 << 9];
    let swap = swap_commands(fetch, FRONT, 1280, 720);
    let rounds = 11;
    let mut total = [Duration::ZERO; 2];
    let print = |name: &str, [wall, cpu]: [Duration; 2]| {
        println!("{name:8} {:8.2} ms {:8.2} ms", wall.as_secs_f64() * 1e3, cpu.as_secs_f64() * 1e3);
    };
    println!("{threads} threads   clock      caller");
    for (name, words) in
        [("clear", &clear[..]), ("mesh", &mesh), ("text", &text), ("copy", &copy), ("present", &swap)]
    {
        machine.run(words);
        let times: Vec<_> = (0..rounds).map(|_| machine.run(words)).collect();
        let median = [0, 1].map(|kind: usize| {
            let mut times: Vec<_> = times.iter().map(|times| times[kind]).collect();
            times.sort_unstable();
            times[rounds / 2]
        });
        total = [total[0] + median[0], total[1] + median[1]];
        print(name, median);
    }
    print("frame", total);
    println!("problems: {:?}", machine.gpu.statistics().problems);
}
