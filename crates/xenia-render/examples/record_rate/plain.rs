//! A wgpu program that draws only these squares.

use crate::draws::{Kind, TEXTURE_SIDE, indices, vertices};
use crate::squares::{self, PLAIN_VERTEX, SIDE, Uniforms, texture};
use std::fmt::Write as _;
use xenia_render::backend::Device;

/// The program's text: a pixel shader that adds up samples of all textures.
fn shader(textures: u32) -> String {
    let mut text = PLAIN_VERTEX.to_owned();
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
    textures: Option<wgpu::BindGroup>,
    uniforms: Uniforms,
    vertices: wgpu::Buffer,
    indices: wgpu::Buffer,
    target: wgpu::TextureView,
    kind: Kind,
}

impl Plain {
    pub(crate) fn new(device: Device, kind: Kind) -> Self {
        let gpu = device.wgpu();
        let uniforms = Uniforms::new(gpu, kind.draws, wgpu::ShaderStages::VERTEX);
        let (texture_layout, textures) = textures(gpu, kind.textures).unzip();
        let groups = [Some(&uniforms.layout), texture_layout.as_ref()];
        let pipeline = squares::pipeline(gpu, shader(kind.textures), groups);
        let vertices = squares::vertex_buffer(&device, &vertices());
        let bytes: Vec<u8> = indices(kind.indices).iter().flat_map(|index| index.to_le_bytes()).collect();
        let indices = squares::buffer(gpu, bytes.len(), wgpu::BufferUsages::INDEX);
        device.queue().write_buffer(&indices, 0, &bytes);
        let target = texture(gpu, SIDE, wgpu::TextureUsages::RENDER_ATTACHMENT);
        Self { device, pipeline, textures, uniforms, vertices, indices, target, kind }
    }

    /// Draws the frame, and waits for the device.
    pub(crate) fn frame(&self) {
        let begin = |_: &mut wgpu::RenderPass<'_>| {};
        self.uniforms.frame(&self.device, &self.target, begin, |pass, offset| {
            pass.set_pipeline(&self.pipeline);
            pass.set_bind_group(0, &self.uniforms.group, &[offset]);
            if let Some(textures) = &self.textures {
                pass.set_bind_group(1, textures, &[]);
            }
            pass.set_vertex_buffer(0, self.vertices.slice(..));
            pass.set_index_buffer(self.indices.slice(..), wgpu::IndexFormat::Uint16);
            pass.draw_indexed(0..self.kind.indices, 0, 0..1);
        });
    }
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
