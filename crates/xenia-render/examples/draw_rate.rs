//! Measures the draws per second of the wgpu backend including packets, and those of plain wgpu
//! programs that draw the same: one with constants only in its vertex shader, one with constants in
//! its pixel shader too, like titles' shaders. The latter two differ a lot on Mesa's software
//! driver, which copies a pixel stage's whole state for a draw whose bindings change.
//!
//! `cargo run --release -p xenia-render --example draw_rate [-- DRAWS]`: each program in turn draws
//! a frame of small triangles, each with a separate constant, and waits for it. Prints the least,
//! median and most seconds of five rounds.

#[path = "squares/mod.rs"]
mod squares;

use std::sync::Arc;
use std::time::{Duration, Instant};

use squares::{PLAIN_VERTEX, SIDE, Uniforms};
use xenia_gpu::packets::{opcode, type3};
use xenia_gpu::{CommandProcessor, Config, PhysicalMemory, Ram};
use xenia_render::backend::{AdapterChoice, Device, WgpuBackend};
use xenia_scenes::SharedBackend;

const VERTICES: u32 = 0x40_0000;
const TURNS: usize = 5;
/// Corners of every triangle: x, y, and a colour.
const CORNERS: [[f32; 5]; 3] =
    [[0.0, 0.0, 1.0, 0.0, 0.0], [4.0, 0.0, 0.0, 1.0, 0.0], [0.0, 4.0, 0.0, 0.0, 1.0]];

/// Frame as a command stream: state, then a constant and a draw for each triangle.
fn commands(draws: u32) -> Vec<u32> {
    let mut words = squares::state(VERTICES, CORNERS.len() as u32);
    words.extend(squares::shaders("alloc colors\nmax oC0, r0, r0"));
    for draw in 0..draws {
        words.extend(squares::constant(draw));
        words.extend([type3(opcode::DRAW_INDX_2, 1), 4 | 2 << 6 | 3 << 16]);
    }
    words
}

/// The wgpu backend behind the command processor.
struct Emulated {
    backend: SharedBackend<WgpuBackend>,
    memory: Arc<Ram>,
    gpu: CommandProcessor,
    words: Vec<u32>,
    now: u64,
}

impl Emulated {
    fn new(device: Device, draws: u32) -> Self {
        let memory = Arc::new(Ram::new(0x80_0000));
        for (i, value) in (0..).zip(CORNERS.iter().flatten()) {
            memory.write_u32(VERTICES + i * 4, value.to_bits());
        }
        let backend = SharedBackend::new(Box::new(WgpuBackend::new(device)));
        let config = Config { vblank: false, ..Config::default() };
        let gpu = CommandProcessor::new(memory.clone(), Box::new(backend.clone()), config);
        Self { backend, memory, gpu, words: commands(draws), now: 0 }
    }

    fn frame(&mut self) -> Duration {
        squares::write_ring(&*self.memory, &self.words);
        let start = Instant::now();
        squares::run(&mut self.gpu, self.words.len() as u32, &mut self.now);
        squares::finish(&self.backend);
        start.elapsed()
    }
}

/// Minimal wgpu program that draws only these triangles.
struct Plain {
    device: Device,
    pipeline: wgpu::RenderPipeline,
    uniforms: Uniforms,
    vertices: wgpu::Buffer,
    target: wgpu::TextureView,
    /// Whether the pixel shader has constants too.
    both: bool,
}

const PLAIN_PIXEL: &str = "
@fragment fn pixel(in: Out) -> @location(0) vec4<f32> { return in.color; }
";
const PLAIN_PIXEL_WITH_CONSTANTS: &str = "
@group(1) @binding(0) var<uniform> tint: vec4<f32>;
@fragment fn pixel(in: Out) -> @location(0) vec4<f32> { return in.color + tint; }
";

impl Plain {
    fn new(device: Device, draws: u32, both: bool) -> Self {
        let gpu = device.wgpu();
        let (pixel, stages) = if both {
            (PLAIN_PIXEL_WITH_CONSTANTS, wgpu::ShaderStages::VERTEX_FRAGMENT)
        } else {
            (PLAIN_PIXEL, wgpu::ShaderStages::VERTEX)
        };
        let uniforms = Uniforms::new(gpu, draws, stages);
        let groups = [Some(&uniforms.layout), both.then_some(&uniforms.layout)];
        let pipeline = squares::pipeline(gpu, format!("{PLAIN_VERTEX}{pixel}"), groups);
        let vertices = squares::vertex_buffer(&device, &CORNERS);
        let target = squares::texture(gpu, SIDE, wgpu::TextureUsages::RENDER_ATTACHMENT);
        Self { device, pipeline, uniforms, vertices, target, both }
    }

    fn frame(&self) -> Duration {
        let start = Instant::now();
        let begin = |pass: &mut wgpu::RenderPass<'_>| {
            if self.both {
                pass.set_bind_group(1, &self.uniforms.group, &[0]);
            }
        };
        self.uniforms.frame(&self.device, &self.target, begin, |pass, offset| {
            pass.set_pipeline(&self.pipeline);
            pass.set_bind_group(0, &self.uniforms.group, &[offset]);
            pass.set_vertex_buffer(0, self.vertices.slice(..));
            pass.draw(0..3, 0..1);
        });
        start.elapsed()
    }
}

fn report(name: &str, draws: u32, mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    let [least, median, most] =
        [times[0], times[times.len() / 2], times[times.len() - 1]].map(|time| time.as_secs_f64());
    println!("{name}: {least:.4} {median:.4} {most:.4} s, {:.0} draws/s", f64::from(draws) / median);
    median
}

fn main() {
    let draws = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(4000);
    let device = Device::open(AdapterChoice::default()).unwrap_or_else(|error| panic!("{error}"));
    println!("{}, {draws} draws a frame", device.name());
    let mut emulated = Emulated::new(device.clone(), draws);
    let plain = [false, true].map(|both| Plain::new(device.clone(), draws, both));
    // The first frames compile pipelines.
    emulated.frame();
    for plain in &plain {
        plain.frame();
    }
    let mut times = [const { Vec::new() }; 3];
    for _ in 0..TURNS {
        times[0].push(plain[0].frame());
        times[1].push(plain[1].frame());
        times[2].push(emulated.frame());
    }
    let [vertex, both, backend] = times;
    let vertex = report("plain wgpu, constants in the vertex shader", draws, vertex);
    let both = report("plain wgpu, constants in both shaders", draws, both);
    let backend = report("the backend", draws, backend);
    println!(
        "ratios {:.2} and {:.2}; problems: {:?}",
        backend / vertex,
        backend / both,
        emulated.gpu.statistics().problems
    );
}
