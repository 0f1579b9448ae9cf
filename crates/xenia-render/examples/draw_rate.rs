//! Measures the draws per second of the wgpu backend including packets, and those of plain wgpu
//! programs that draw the same: one with constants only in its vertex shader, one with constants in
//! its pixel shader too, like titles' shaders. The latter two differ a lot on Mesa's software
//! driver, which copies a pixel stage's whole state for a draw whose bindings change.
//!
//! `cargo run --release -p xenia-render --example draw_rate [-- DRAWS]`: each program in turn draws
//! a frame of small triangles, each with a separate constant, and waits for it. Prints the least,
//! median and most seconds of five rounds.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use xenia_gpu::draw_state::{DrawCall, ResolveCall};
use xenia_gpu::microcode::assemble;
use xenia_gpu::packets::{opcode, type0, type3};
use xenia_gpu::{Backend, BackendError, CommandProcessor, Config, Frame, PhysicalMemory, PresentCall, Ram};
use xenia_render::backend::{Device, WgpuBackend};

const SIDE: u32 = 640;
const RING: u32 = 0x1000;
const RING_LOG2: u32 = 17;
const VERTICES: u32 = 0x40_0000;
const TURNS: usize = 5;
/// Corners of every triangle: x, y, and a colour.
const CORNERS: [[f32; 5]; 3] =
    [[0.0, 0.0, 1.0, 0.0, 0.0], [4.0, 0.0, 0.0, 1.0, 0.0], [0.0, 4.0, 0.0, 0.0, 1.0]];

/// Position of a triangle.
fn place(draw: u32) -> [f32; 2] {
    [draw * 5 % (SIDE - 8), draw / 126 * 5 % (SIDE - 8)].map(|at| at as f32)
}

/// Frame as a command stream: state, then a constant and a draw for each triangle.
fn commands(draws: u32) -> Vec<u32> {
    let vertex = "vfetch r1.xy01, r0.x, vf0, format=37, stride=5, offset=0
        vfetch r2.xyz1, r0.x, vf0, format=57, stride=5, offset=2
        add r1.xy, r1, c[0]
        alloc position
        max oPos, r1, r1
        alloc interpolators 1
        max o0, r2, r2";
    let pixel = "alloc colors\nmax oC0, r0, r0";
    let mut words = Vec::new();
    for (register, value) in [
        (0x2208, 4),
        (0x2000, SIDE),
        (0x2001, 0),
        (0x200e, 0),
        (0x200f, 8192 | 8192 << 16),
        (0x2080, 0),
        (0x2081, 1 << 31),
        (0x2082, SIDE | SIDE << 16),
        (0x2100, 0xff_ffff),
        (0x2101, 0),
        (0x2102, 0),
        (0x2104, 0xf),
        (0x2182, 0xffff),
        (0x2200, 0),
        (0x2201, 0x0001_0001),
        (0x2204, 1 << 16 | 1 << 19),
        (0x2205, 0),
        (0x2206, 0x300),
        (0x2302, 1),
        (0x2307, 0),
        (0x2308, 256),
        (0x2312, 0xffff),
        (0x4800, VERTICES | 3),
        (0x4801, 2 | 15 << 2),
    ] {
        words.extend([type0(register, 1), value]);
    }
    for (kind, text) in [(0, vertex), (1, pixel)] {
        let code = assemble(text).unwrap_or_else(|error| panic!("{error}"));
        words.extend([type3(opcode::IM_LOAD_IMMEDIATE, code.len() as u32 + 2), kind, code.len() as u32]);
        words.extend(code);
    }
    for draw in 0..draws {
        let [x, y] = place(draw);
        words.extend([type3(opcode::SET_CONSTANT, 5), 0, x.to_bits(), y.to_bits(), 0, 0]);
        words.extend([type3(opcode::DRAW_INDX_2, 1), 4 | 2 << 6 | 3 << 16]);
    }
    words
}

/// Shared backend, which can be waited for while the command processor owns a handle.
struct Shared(Arc<Mutex<WgpuBackend>>);

impl Shared {
    fn inner(&self) -> MutexGuard<'_, WgpuBackend> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Backend for Shared {
    fn name(&self) -> &'static str {
        "wgpu"
    }

    fn draw(&mut self, call: &DrawCall, memory: &dyn PhysicalMemory) -> Result<(), BackendError> {
        self.inner().draw(call, memory)
    }

    fn copy(&mut self, call: &ResolveCall, memory: &dyn PhysicalMemory) -> Result<(), BackendError> {
        self.inner().copy(call, memory)
    }

    fn present(&mut self, call: &PresentCall, memory: &dyn PhysicalMemory) -> Option<Frame> {
        self.inner().present(call, memory)
    }

    fn samples_passed(&mut self) -> Option<u64> {
        None
    }

    fn digest(&mut self, sink: &mut dyn FnMut(&[u8])) {
        self.inner().digest(sink);
    }
}

/// The wgpu backend behind the command processor.
struct Emulated {
    backend: Arc<Mutex<WgpuBackend>>,
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
        let backend = Arc::new(Mutex::new(WgpuBackend::new(device)));
        let config = Config { vblank: false, ..Config::default() };
        let gpu = CommandProcessor::new(memory.clone(), Box::new(Shared(backend.clone())), config);
        Self { backend, memory, gpu, words: commands(draws), now: 0 }
    }

    fn frame(&mut self) -> Duration {
        let bytes: Vec<u8> = self.words.iter().flat_map(|word| word.to_be_bytes()).collect();
        self.memory.write(RING, &bytes);
        let start = Instant::now();
        self.gpu.initialize_ring(RING, RING_LOG2);
        self.gpu.store_register(0x1c5, self.words.len() as u32, self.now);
        while !self.gpu.is_idle() {
            self.now += 1 << 24;
            self.gpu.pump(self.now);
        }
        if let Err(error) = Shared(self.backend.clone()).inner().finish() {
            panic!("{error}");
        }
        start.elapsed()
    }
}

/// Minimal wgpu program that draws only these triangles.
struct Plain {
    device: Device,
    pipeline: wgpu::RenderPipeline,
    group: wgpu::BindGroup,
    uniforms: wgpu::Buffer,
    vertices: wgpu::Buffer,
    target: wgpu::TextureView,
    align: usize,
    draws: u32,
    /// Whether the pixel shader has constants too.
    both: bool,
}

const PLAIN: &str = "
struct Out { @builtin(position) position: vec4<f32>, @location(0) color: vec4<f32> }
@group(0) @binding(0) var<uniform> place: vec4<f32>;
@vertex fn vertex(@location(0) at: vec2<f32>, @location(1) color: vec3<f32>) -> Out {
    let pixel = (at + place.xy) / 320.0;
    return Out(vec4(pixel.x - 1.0, 1.0 - pixel.y, 0.0, 1.0), vec4(color, 1.0));
}
";
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
        let pixel = if both { PLAIN_PIXEL_WITH_CONSTANTS } else { PLAIN_PIXEL };
        let module = gpu.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: None,
            source: wgpu::ShaderSource::Wgsl(format!("{PLAIN}{pixel}").into()),
        });
        let layout = gpu.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label: None,
            entries: &[wgpu::BindGroupLayoutEntry {
                binding: 0,
                visibility: if both {
                    wgpu::ShaderStages::VERTEX_FRAGMENT
                } else {
                    wgpu::ShaderStages::VERTEX
                },
                ty: wgpu::BindingType::Buffer {
                    ty: wgpu::BufferBindingType::Uniform,
                    has_dynamic_offset: true,
                    min_binding_size: None,
                },
                count: None,
            }],
        });
        let pipeline_layout = gpu.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: None,
            bind_group_layouts: &[Some(&layout), both.then_some(&layout)],
            immediate_size: 0,
        });
        let format = wgpu::TextureFormat::Rgba8Unorm;
        let pipeline = gpu.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
            label: None,
            layout: Some(&pipeline_layout),
            vertex: wgpu::VertexState {
                module: &module,
                entry_point: Some("vertex"),
                compilation_options: Default::default(),
                buffers: &[Some(wgpu::VertexBufferLayout {
                    array_stride: 20,
                    step_mode: wgpu::VertexStepMode::Vertex,
                    attributes: &wgpu::vertex_attr_array![0 => Float32x2, 1 => Float32x3],
                })],
            },
            primitive: Default::default(),
            depth_stencil: None,
            multisample: Default::default(),
            fragment: Some(wgpu::FragmentState {
                module: &module,
                entry_point: Some("pixel"),
                compilation_options: Default::default(),
                targets: &[Some(format.into())],
            }),
            multiview_mask: None,
            cache: None,
        });
        let align = gpu.limits().min_uniform_buffer_offset_alignment as usize;
        let buffer = |size: usize, usage| {
            gpu.create_buffer(&wgpu::BufferDescriptor {
                label: None,
                size: size as u64,
                usage: usage | wgpu::BufferUsages::COPY_DST,
                mapped_at_creation: false,
            })
        };
        let uniforms = buffer(align * draws as usize, wgpu::BufferUsages::UNIFORM);
        let vertices = buffer(60, wgpu::BufferUsages::VERTEX);
        let bytes: Vec<u8> = CORNERS.iter().flatten().flat_map(|value| value.to_le_bytes()).collect();
        device.queue().write_buffer(&vertices, 0, &bytes);
        let group = gpu.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &layout,
            entries: &[wgpu::BindGroupEntry {
                binding: 0,
                resource: wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                    buffer: &uniforms,
                    offset: 0,
                    size: std::num::NonZeroU64::new(16),
                }),
            }],
        });
        let target = gpu.create_texture(&wgpu::TextureDescriptor {
            label: None,
            size: wgpu::Extent3d { width: SIDE, height: SIDE, depth_or_array_layers: 1 },
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format,
            usage: wgpu::TextureUsages::RENDER_ATTACHMENT,
            view_formats: &[],
        });
        let target = target.create_view(&Default::default());
        Self { device, pipeline, group, uniforms, vertices, target, align, draws, both }
    }

    fn frame(&self) -> Duration {
        let start = Instant::now();
        let gpu = self.device.wgpu();
        let mut bytes = vec![0; self.align * self.draws as usize];
        let mut encoder = gpu.create_command_encoder(&Default::default());
        {
            let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
                color_attachments: &[Some(wgpu::RenderPassColorAttachment {
                    view: &self.target,
                    depth_slice: None,
                    resolve_target: None,
                    ops: wgpu::Operations { load: wgpu::LoadOp::Load, store: wgpu::StoreOp::Store },
                })],
                ..Default::default()
            });
            if self.both {
                pass.set_bind_group(1, &self.group, &[0]);
            }
            for draw in 0..self.draws {
                let offset = self.align * draw as usize;
                for (to, value) in bytes[offset..].chunks_exact_mut(4).zip(place(draw)) {
                    to.copy_from_slice(&value.to_le_bytes());
                }
                pass.set_pipeline(&self.pipeline);
                pass.set_bind_group(0, &self.group, &[offset as u32]);
                pass.set_vertex_buffer(0, self.vertices.slice(..));
                pass.draw(0..3, 0..1);
            }
        }
        self.device.queue().write_buffer(&self.uniforms, 0, &bytes);
        self.device.queue().submit([encoder.finish()]);
        if let Err(error) = gpu.poll(wgpu::PollType::wait_indefinitely()) {
            panic!("{error}");
        }
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
    let device = Device::open(false).unwrap_or_else(|error| panic!("{error}"));
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
    let [vertex, both, ours] = times;
    let vertex = report("plain wgpu, constants in the vertex shader", draws, vertex);
    let both = report("plain wgpu, constants in both shaders", draws, both);
    let ours = report("the backend", draws, ours);
    println!(
        "ratios {:.2} and {:.2}; problems: {:?}",
        ours / vertex,
        ours / both,
        emulated.gpu.statistics().problems
    );
}
