//! A frame of small shapes with one colour target, for the examples that measure draws: its command
//! stream, and the objects of a plain wgpu program that draws the same.

use xenia_gpu::microcode::assemble;
use xenia_gpu::packets::{opcode, type0, type3};
use xenia_gpu::registers::cp::CP_RB_WPTR;
use xenia_gpu::{CommandProcessor, PhysicalMemory};
use xenia_render::backend::{Device, WgpuBackend};
use xenia_scenes::SharedBackend;

/// Width and height of the target, in pixels.
pub(crate) const SIDE: u32 = 640;
/// Address of the ring buffer, and the base-2 logarithm of its size in quadwords.
pub(crate) const RING: u32 = 0x1000;
const RING_LOG2: u32 = 17;
/// Floats of a vertex: x, y, and a colour.
pub(crate) const VERTEX_FLOATS: u32 = 5;

/// Position of a draw's shape.
pub(crate) fn place(draw: u32) -> [f32; 2] {
    [draw * 5 % (SIDE - 8), draw / 126 * 5 % (SIDE - 8)].map(|at| at as f32)
}

/// Commands for the state that stays the same, with this many vertices at an address.
pub(crate) fn state(vertex_buffer: u32, vertices: u32) -> Vec<u32> {
    let registers = [
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
        (0x4800, vertex_buffer | 3),
        (0x4801, 2 | (vertices * VERTEX_FLOATS) << 2),
    ];
    registers.into_iter().flat_map(|(register, value)| [type0(register, 1), value]).collect()
}

/// Commands that load the vertex shader, which adds a constant to positions, and a pixel shader.
pub(crate) fn shaders(pixel: &str) -> Vec<u32> {
    let vertex = "vfetch r1.xy01, r0.x, vf0, format=37, stride=5, offset=0
        vfetch r2.xyz1, r0.x, vf0, format=57, stride=5, offset=2
        add r1.xy, r1, c[0]
        alloc position
        max oPos, r1, r1
        alloc interpolators 1
        max o0, r2, r2";
    let mut words = Vec::new();
    for (stage, text) in [(0, vertex), (1, pixel)] {
        let code = assemble(text).unwrap_or_else(|error| panic!("{error}"));
        words.extend([type3(opcode::IM_LOAD_IMMEDIATE, code.len() as u32 + 2), stage, code.len() as u32]);
        words.extend(code);
    }
    words
}

/// Commands that set the constant of a draw.
pub(crate) fn constant(draw: u32) -> [u32; 6] {
    let [x, y] = place(draw);
    [type3(opcode::SET_CONSTANT, 5), 0, x.to_bits(), y.to_bits(), 0, 0]
}

/// Writes the commands of a frame to the ring's memory.
pub(crate) fn write_ring(memory: &dyn PhysicalMemory, words: &[u32]) {
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
    memory.write(RING, &bytes);
}

/// Runs this many words of the ring.
pub(crate) fn run(gpu: &mut CommandProcessor, words: u32, now: &mut u64) {
    gpu.initialize_ring(RING, RING_LOG2);
    gpu.store_register(CP_RB_WPTR, words, *now);
    while !gpu.is_idle() {
        *now += 1 << 24;
        gpu.pump(*now);
    }
}

/// Waits for the device of a backend.
pub(crate) fn finish(backend: &SharedBackend<WgpuBackend>) {
    if let Err(error) = backend.get().finish() {
        panic!("{error}");
    }
}

/// Start of the plain program's text: its vertex shader.
pub(crate) const PLAIN_VERTEX: &str = "
struct Out { @builtin(position) position: vec4<f32>, @location(0) color: vec4<f32> }
@group(0) @binding(0) var<uniform> place: vec4<f32>;
@vertex fn vertex(@location(0) at: vec2<f32>, @location(1) color: vec3<f32>) -> Out {
    let pixel = (at + place.xy) / 320.0;
    return Out(vec4(pixel.x - 1.0, 1.0 - pixel.y, 0.0, 1.0), vec4(color, 1.0));
}
";

/// Constants of the plain program's draws, in one buffer with dynamic offsets.
pub(crate) struct Uniforms {
    pub(crate) layout: wgpu::BindGroupLayout,
    pub(crate) group: wgpu::BindGroup,
    buffer: wgpu::Buffer,
    /// Distance of two draws' constants in bytes.
    align: usize,
    draws: u32,
}

impl Uniforms {
    pub(crate) fn new(gpu: &wgpu::Device, draws: u32, stages: wgpu::ShaderStages) -> Self {
        let layout = gpu.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label: None,
            entries: &[wgpu::BindGroupLayoutEntry {
                binding: 0,
                visibility: stages,
                ty: wgpu::BindingType::Buffer {
                    ty: wgpu::BufferBindingType::Uniform,
                    has_dynamic_offset: true,
                    min_binding_size: None,
                },
                count: None,
            }],
        });
        let align = gpu.limits().min_uniform_buffer_offset_alignment as usize;
        let buffer = buffer(gpu, align * draws as usize, wgpu::BufferUsages::UNIFORM);
        let group = gpu.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &layout,
            entries: &[wgpu::BindGroupEntry {
                binding: 0,
                resource: wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                    buffer: &buffer,
                    offset: 0,
                    size: std::num::NonZeroU64::new(16),
                }),
            }],
        });
        Self { layout, group, buffer, align, draws }
    }

    /// Draws a frame to the target, and waits for the device. `draw` records a draw whose constants
    /// are at an offset; `begin` records what precedes all draws.
    pub(crate) fn frame(
        &self,
        device: &Device,
        target: &wgpu::TextureView,
        begin: impl FnOnce(&mut wgpu::RenderPass<'_>),
        draw: impl Fn(&mut wgpu::RenderPass<'_>, u32),
    ) {
        let gpu = device.wgpu();
        let mut bytes = vec![0; self.align * self.draws as usize];
        let mut encoder = gpu.create_command_encoder(&Default::default());
        {
            let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
                color_attachments: &[Some(wgpu::RenderPassColorAttachment {
                    view: target,
                    depth_slice: None,
                    resolve_target: None,
                    ops: wgpu::Operations { load: wgpu::LoadOp::Load, store: wgpu::StoreOp::Store },
                })],
                ..Default::default()
            });
            begin(&mut pass);
            for number in 0..self.draws {
                let offset = self.align * number as usize;
                for (to, value) in bytes[offset..].chunks_exact_mut(4).zip(place(number)) {
                    to.copy_from_slice(&value.to_le_bytes());
                }
                draw(&mut pass, offset as u32);
            }
        }
        device.queue().write_buffer(&self.buffer, 0, &bytes);
        device.queue().submit([encoder.finish()]);
        if let Err(error) = gpu.poll(wgpu::PollType::wait_indefinitely()) {
            panic!("{error}");
        }
    }
}

/// A buffer to copy to.
pub(crate) fn buffer(gpu: &wgpu::Device, size: usize, usage: wgpu::BufferUsages) -> wgpu::Buffer {
    gpu.create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: size as u64,
        usage: usage | wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    })
}

/// A buffer with these vertices.
pub(crate) fn vertex_buffer(device: &Device, vertices: &[[f32; VERTEX_FLOATS as usize]]) -> wgpu::Buffer {
    let bytes: Vec<u8> = vertices.iter().flatten().flat_map(|value| value.to_le_bytes()).collect();
    let buffer = buffer(device.wgpu(), bytes.len(), wgpu::BufferUsages::VERTEX);
    device.queue().write_buffer(&buffer, 0, &bytes);
    buffer
}

/// A square texture in the target's format.
pub(crate) fn texture(gpu: &wgpu::Device, side: u32, usage: wgpu::TextureUsages) -> wgpu::TextureView {
    let texture = gpu.create_texture(&wgpu::TextureDescriptor {
        label: None,
        size: wgpu::Extent3d { width: side, height: side, depth_or_array_layers: 1 },
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format: wgpu::TextureFormat::Rgba8Unorm,
        usage,
        view_formats: &[],
    });
    texture.create_view(&Default::default())
}

/// The pipeline of a text with the functions `vertex` and `pixel`.
pub(crate) fn pipeline(
    gpu: &wgpu::Device,
    text: String,
    groups: [Option<&wgpu::BindGroupLayout>; 2],
) -> wgpu::RenderPipeline {
    let module = gpu.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: None,
        source: wgpu::ShaderSource::Wgsl(text.into()),
    });
    let layout = gpu.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: None,
        bind_group_layouts: &groups,
        immediate_size: 0,
    });
    gpu.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
        label: None,
        layout: Some(&layout),
        vertex: wgpu::VertexState {
            module: &module,
            entry_point: Some("vertex"),
            compilation_options: Default::default(),
            buffers: &[Some(wgpu::VertexBufferLayout {
                array_stride: u64::from(VERTEX_FLOATS) * 4,
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
            targets: &[Some(wgpu::TextureFormat::Rgba8Unorm.into())],
        }),
        multiview_mask: None,
        cache: None,
    })
}
