//! A wgpu program that draws only these squares.

use crate::{Kind, SIDE, TEXTURE_SIDE, indices, place, vertices};
use std::fmt::Write as _;
use xenia_render::backend::Device;

const VERTEX: &str = "
struct Out { @builtin(position) position: vec4<f32>, @location(0) color: vec4<f32> }
@group(0) @binding(0) var<uniform> place: vec4<f32>;
@vertex fn vertex(@location(0) at: vec2<f32>, @location(1) color: vec3<f32>) -> Out {
    let pixel = (at + place.xy) / 320.0;
    return Out(vec4(pixel.x - 1.0, 1.0 - pixel.y, 0.0, 1.0), vec4(color, 1.0));
}
";

/// The program's text: a pixel shader that adds up samples of all textures.
fn shader(textures: u32) -> String {
    let mut text = VERTEX.to_owned();
    let mut sum = "in.color".to_owned();
    for i in 0..textures {
        let _ = writeln!(text, "@group(1) @binding({}) var picture{i}: texture_2d<f32>;", i + 1);
        let _ = write!(sum, " + textureSample(picture{i}, linear, in.color.xy)");
    }
    if textures > 0 {
        text += "@group(1) @binding(0) var linear: sampler;\n";
    }
    text + &format!("@fragment fn pixel(in: Out) -> @location(0) vec4<f32> {{ return {sum}; }}\n")
}

/// Resources of the program.
pub(crate) struct Plain {
    device: Device,
    pipeline: wgpu::RenderPipeline,
    group: wgpu::BindGroup,
    textures: Option<wgpu::BindGroup>,
    uniforms: wgpu::Buffer,
    vertices: wgpu::Buffer,
    indices: wgpu::Buffer,
    target: wgpu::TextureView,
    align: usize,
    kind: Kind,
}

impl Plain {
    pub(crate) fn new(device: Device, kind: Kind) -> Self {
        let gpu = device.wgpu();
        let module = gpu.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: None,
            source: wgpu::ShaderSource::Wgsl(shader(kind.textures).into()),
        });
        let uniform_layout = uniform_layout(gpu);
        let (texture_layout, textures) = textures(gpu, kind.textures).unzip();
        let pipeline = pipeline(gpu, &module, &uniform_layout, texture_layout.as_ref());
        let align = gpu.limits().min_uniform_buffer_offset_alignment as usize;
        let buffer = |size: usize, usage| {
            gpu.create_buffer(&wgpu::BufferDescriptor {
                label: None,
                size: size as u64,
                usage: usage | wgpu::BufferUsages::COPY_DST,
                mapped_at_creation: false,
            })
        };
        let uniforms = buffer(align * kind.draws as usize, wgpu::BufferUsages::UNIFORM);
        let bytes: Vec<u8> = vertices().iter().flatten().flat_map(|value| value.to_le_bytes()).collect();
        let vertices = buffer(bytes.len(), wgpu::BufferUsages::VERTEX);
        device.queue().write_buffer(&vertices, 0, &bytes);
        let bytes: Vec<u8> = indices(kind.indices).iter().flat_map(|index| index.to_le_bytes()).collect();
        let indices = buffer(bytes.len(), wgpu::BufferUsages::INDEX);
        device.queue().write_buffer(&indices, 0, &bytes);
        let group = gpu.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &uniform_layout,
            entries: &[wgpu::BindGroupEntry {
                binding: 0,
                resource: wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                    buffer: &uniforms,
                    offset: 0,
                    size: std::num::NonZeroU64::new(16),
                }),
            }],
        });
        let target = texture(gpu, SIDE, wgpu::TextureUsages::RENDER_ATTACHMENT);
        Self { device, pipeline, group, textures, uniforms, vertices, indices, target, align, kind }
    }

    /// Draws the frame, and waits for the device.
    pub(crate) fn frame(&self) {
        let gpu = self.device.wgpu();
        let mut bytes = vec![0; self.align * self.kind.draws as usize];
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
            for draw in 0..self.kind.draws {
                let offset = self.align * draw as usize;
                for (to, value) in bytes[offset..].chunks_exact_mut(4).zip(place(draw)) {
                    to.copy_from_slice(&value.to_le_bytes());
                }
                pass.set_pipeline(&self.pipeline);
                pass.set_bind_group(0, &self.group, &[offset as u32]);
                if let Some(textures) = &self.textures {
                    pass.set_bind_group(1, textures, &[]);
                }
                pass.set_vertex_buffer(0, self.vertices.slice(..));
                pass.set_index_buffer(self.indices.slice(..), wgpu::IndexFormat::Uint16);
                pass.draw_indexed(0..self.kind.indices, 0, 0..1);
            }
        }
        self.device.queue().write_buffer(&self.uniforms, 0, &bytes);
        self.device.queue().submit([encoder.finish()]);
        if let Err(error) = gpu.poll(wgpu::PollType::wait_indefinitely()) {
            panic!("{error}");
        }
    }
}

fn texture(gpu: &wgpu::Device, side: u32, usage: wgpu::TextureUsages) -> wgpu::TextureView {
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

fn uniform_layout(gpu: &wgpu::Device) -> wgpu::BindGroupLayout {
    gpu.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
        label: None,
        entries: &[wgpu::BindGroupLayoutEntry {
            binding: 0,
            visibility: wgpu::ShaderStages::VERTEX,
            ty: wgpu::BindingType::Buffer {
                ty: wgpu::BufferBindingType::Uniform,
                has_dynamic_offset: true,
                min_binding_size: None,
            },
            count: None,
        }],
    })
}

/// Layout and group of that many textures and a sampler; none without textures.
fn textures(gpu: &wgpu::Device, count: u32) -> Option<(wgpu::BindGroupLayout, wgpu::BindGroup)> {
    if count == 0 {
        return None;
    }
    let entry = |binding, ty| wgpu::BindGroupLayoutEntry {
        binding,
        visibility: wgpu::ShaderStages::FRAGMENT,
        ty,
        count: None,
    };
    let sampled = wgpu::BindingType::Texture {
        sample_type: wgpu::TextureSampleType::Float { filterable: true },
        view_dimension: wgpu::TextureViewDimension::D2,
        multisampled: false,
    };
    let mut entries = vec![entry(0, wgpu::BindingType::Sampler(wgpu::SamplerBindingType::Filtering))];
    entries.extend((1..=count).map(|binding| entry(binding, sampled)));
    let layout =
        gpu.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: None, entries: &entries });
    let sampler = gpu.create_sampler(&wgpu::SamplerDescriptor::default());
    let usage = wgpu::TextureUsages::TEXTURE_BINDING;
    let views: Vec<_> = (0..count).map(|_| texture(gpu, TEXTURE_SIDE, usage)).collect();
    let mut entries =
        vec![wgpu::BindGroupEntry { binding: 0, resource: wgpu::BindingResource::Sampler(&sampler) }];
    entries.extend((1..).zip(&views).map(|(binding, view)| wgpu::BindGroupEntry {
        binding,
        resource: wgpu::BindingResource::TextureView(view),
    }));
    let group =
        gpu.create_bind_group(&wgpu::BindGroupDescriptor { label: None, layout: &layout, entries: &entries });
    Some((layout, group))
}

fn pipeline(
    gpu: &wgpu::Device,
    module: &wgpu::ShaderModule,
    uniforms: &wgpu::BindGroupLayout,
    textures: Option<&wgpu::BindGroupLayout>,
) -> wgpu::RenderPipeline {
    let layout = gpu.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: None,
        bind_group_layouts: &[Some(uniforms), textures],
        immediate_size: 0,
    });
    gpu.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
        label: None,
        layout: Some(&layout),
        vertex: wgpu::VertexState {
            module,
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
            module,
            entry_point: Some("pixel"),
            compilation_options: Default::default(),
            targets: &[Some(wgpu::TextureFormat::Rgba8Unorm.into())],
        }),
        multiview_mask: None,
        cache: None,
    })
}
