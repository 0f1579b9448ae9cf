//! Runs translated programs on the software Vulkan driver: as compute shaders, and in a pipeline.

use std::borrow::Cow;
use std::sync::{Mutex, OnceLock};
use wgpu::util::DeviceExt;
use xenia_gpu::enums::TextureFilter;
use xenia_gpu::texture::TextureLevel;
use xenia_shaders::{ENTRY_POINT, Interface, StageConstants, TextureShape, Translation};
use xenia_testing::{Tool, obtain};

/// Width and height of the image that [`Gpu::draw`] draws.
pub(super) const SIDE: u32 = 16;

pub(super) struct Gpu {
    device: wgpu::Device,
    queue: wgpu::Queue,
}

static GPU: OnceLock<Result<Mutex<Gpu>, String>> = OnceLock::new();

/// Runs a test with the driver, one test at a time; prints a message if there is no driver.
pub(super) fn with_gpu(test: impl FnOnce(&Gpu)) {
    // Every test reports separately that it was not run.
    let gpu = GPU.get_or_init(|| Gpu::open().map(Mutex::new));
    if let Some(gpu) = obtain(Tool::Vulkan, gpu.as_ref()) {
        test(&gpu.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
    }
}

/// Inputs of a shader: constants, words for vertex fetches, and the texture of all its fetches.
pub(super) struct Resources<'a> {
    pub(super) constants: &'a StageConstants,
    pub(super) vertex_data: &'a [u32],
    pub(super) texture: Option<Texture<'a>>,
}

/// Texture with its levels and addressing mode.
pub(super) struct Texture<'a> {
    pub(super) levels: &'a [std::sync::Arc<TextureLevel>],
    /// Repeats coordinates outside of it; else they are clamped.
    pub(super) repeats: bool,
}

/// Bindings of one stage.
struct Group {
    layout: wgpu::BindGroupLayout,
    group: wgpu::BindGroup,
}

fn bytes(words: impl Iterator<Item = u32>) -> Vec<u8> {
    words.flat_map(u32::to_le_bytes).collect()
}

fn filter(filter: TextureFilter) -> (wgpu::FilterMode, wgpu::MipmapFilterMode) {
    match filter {
        TextureFilter::Linear => (wgpu::FilterMode::Linear, wgpu::MipmapFilterMode::Linear),
        _ => (wgpu::FilterMode::Nearest, wgpu::MipmapFilterMode::Nearest),
    }
}

impl Gpu {
    fn open() -> Result<Self, String> {
        let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
        // The software driver is requested, because the tolerances are measured on it.
        let adapter = pollster::block_on(instance.request_adapter(&wgpu::RequestAdapterOptions {
            force_fallback_adapter: true,
            ..Default::default()
        }))
        .map_err(|error| error.to_string())?;
        let (device, queue) = pollster::block_on(adapter.request_device(&wgpu::DeviceDescriptor::default()))
            .map_err(|error| error.to_string())?;
        Ok(Self { device, queue })
    }

    fn buffer(&self, contents: &[u8], usage: wgpu::BufferUsages) -> wgpu::Buffer {
        self.device.create_buffer_init(&wgpu::util::BufferInitDescriptor { label: None, contents, usage })
    }

    fn empty(&self, size: u64, usage: wgpu::BufferUsages) -> wgpu::Buffer {
        let descriptor = wgpu::BufferDescriptor { label: None, size, usage, mapped_at_creation: false };
        self.device.create_buffer(&descriptor)
    }

    fn module(&self, translation: &Translation) -> wgpu::ShaderModule {
        self.device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: None,
            source: wgpu::ShaderSource::Naga(Cow::Owned(translation.module.clone())),
        })
    }

    fn texture(&self, levels: &[std::sync::Arc<TextureLevel>], shape: TextureShape) -> wgpu::TextureView {
        let [width, height, depth] = levels[0].size;
        let dimension = match shape {
            TextureShape::Planes => wgpu::TextureDimension::D2,
            TextureShape::Volume => wgpu::TextureDimension::D3,
        };
        let texture = self.device.create_texture(&wgpu::TextureDescriptor {
            label: None,
            size: wgpu::Extent3d { width, height, depth_or_array_layers: depth },
            mip_level_count: levels.len() as u32,
            sample_count: 1,
            dimension,
            format: wgpu::TextureFormat::Rgba8Unorm,
            usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
            view_formats: &[],
        });
        for (mip_level, level) in (0_u32..).zip(levels) {
            let [width, height, depth] = level.size;
            let texels = (0..(width * height * depth) as usize)
                .flat_map(|i| level.texels.get(i).map(|value| (value * 255.0).round() as u8));
            self.queue.write_texture(
                wgpu::TexelCopyTextureInfo { mip_level, ..texture.as_image_copy() },
                &texels.collect::<Vec<u8>>(),
                wgpu::TexelCopyBufferLayout {
                    offset: 0,
                    bytes_per_row: Some(4 * width),
                    rows_per_image: Some(height),
                },
                wgpu::Extent3d { width, height, depth_or_array_layers: depth },
            );
        }
        let dimension = match shape {
            TextureShape::Planes => wgpu::TextureViewDimension::D2Array,
            TextureShape::Volume => wgpu::TextureViewDimension::D3,
        };
        texture.create_view(&wgpu::TextureViewDescriptor { dimension: Some(dimension), ..Default::default() })
    }

    /// Bindings of a stage; `buffers` are its storage buffers from binding 1 on, with a flag for
    /// written ones.
    fn group(
        &self,
        interface: &Interface,
        resources: &Resources<'_>,
        visibility: wgpu::ShaderStages,
        others: &[(&wgpu::Buffer, bool)],
    ) -> Group {
        let constants = self.buffer(resources.constants.bytes(), wgpu::BufferUsages::UNIFORM);
        let words = if resources.vertex_data.is_empty() { &[0xdead_beef] } else { resources.vertex_data };
        let words = self.buffer(&bytes(words.iter().copied()), wgpu::BufferUsages::STORAGE);
        let buffer = |ty| wgpu::BindingType::Buffer { ty, has_dynamic_offset: false, min_binding_size: None };
        let storage = |written: bool| buffer(wgpu::BufferBindingType::Storage { read_only: !written });
        let mut kinds = vec![(0, buffer(wgpu::BufferBindingType::Uniform)), (1, storage(false))];
        let mut bound = vec![constants.as_entire_binding(), words.as_entire_binding()];
        for (binding, (other, written)) in (2..).zip(others) {
            kinds.push((binding, storage(*written)));
            bound.push(other.as_entire_binding());
        }
        let mut views = Vec::new();
        let mut samplers = Vec::new();
        if let Some(texture) = &resources.texture {
            for slot in &interface.textures {
                let is_volume = slot.shape == TextureShape::Volume;
                views.push(self.texture(texture.levels, slot.shape));
                let view_dimension = if is_volume {
                    wgpu::TextureViewDimension::D3
                } else {
                    wgpu::TextureViewDimension::D2Array
                };
                let sample_type = wgpu::TextureSampleType::Float { filterable: true };
                kinds.push((
                    slot.binding,
                    wgpu::BindingType::Texture { sample_type, view_dimension, multisampled: false },
                ));
            }
            for slot in &interface.samplers {
                let mode =
                    if texture.repeats { wgpu::AddressMode::Repeat } else { wgpu::AddressMode::ClampToEdge };
                let [mag, min, mip] = slot.filters.map(filter);
                samplers.push(self.device.create_sampler(&wgpu::SamplerDescriptor {
                    address_mode_u: mode,
                    address_mode_v: mode,
                    address_mode_w: mode,
                    mag_filter: mag.0,
                    min_filter: min.0,
                    mipmap_filter: mip.1,
                    ..Default::default()
                }));
                kinds.push((slot.binding, wgpu::BindingType::Sampler(wgpu::SamplerBindingType::Filtering)));
            }
        }
        bound.extend(views.iter().map(wgpu::BindingResource::TextureView));
        bound.extend(samplers.iter().map(wgpu::BindingResource::Sampler));
        let entries: Vec<_> = kinds
            .iter()
            .map(|(binding, ty)| wgpu::BindGroupLayoutEntry {
                binding: *binding,
                visibility,
                ty: *ty,
                count: None,
            })
            .collect();
        let layout = self
            .device
            .create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: None, entries: &entries });
        let entries: Vec<_> = kinds
            .iter()
            .zip(bound)
            .map(|((binding, _), resource)| wgpu::BindGroupEntry { binding: *binding, resource })
            .collect();
        let group = self.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &layout,
            entries: &entries,
        });
        Group { layout, group }
    }

    fn layout(&self, groups: &[&Group]) -> wgpu::PipelineLayout {
        let layouts: Vec<_> = groups.iter().map(|group| Some(&group.layout)).collect();
        self.device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: None,
            bind_group_layouts: &layouts,
            immediate_size: 0,
        })
    }

    /// Submits the commands, and reads a buffer of vectors.
    fn read(&self, encoder: wgpu::CommandEncoder, back: &wgpu::Buffer) -> Vec<[f32; 4]> {
        self.queue.submit([encoder.finish()]);
        back.map_async(wgpu::MapMode::Read, .., |result| result.unwrap());
        self.device.poll(wgpu::PollType::wait_indefinitely()).unwrap();
        let view = back.get_mapped_range(..).unwrap();
        let float = |bytes: &[u8]| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        view.chunks_exact(16).map(|vector| [0, 4, 8, 12].map(|at| float(&vector[at..]))).collect()
    }

    /// Runs a compute translation; returns all exports of each invocation, and the discarded ones.
    pub(super) fn run(
        &self,
        translation: &Translation,
        resources: &Resources<'_>,
        inputs: &[[f32; 4]],
        invocations: usize,
    ) -> Vec<[f32; 4]> {
        let inputs = bytes(inputs.iter().flatten().map(|value| value.to_bits()));
        let inputs = self.buffer(&inputs, wgpu::BufferUsages::STORAGE);
        let size = (invocations * (translation.interface.exports.len() + 1) * 16) as u64;
        let output = self.empty(size, wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC);
        let back = self.empty(size, wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST);
        let others = [(&inputs, false), (&output, true)];
        let group = self.group(&translation.interface, resources, wgpu::ShaderStages::COMPUTE, &others);
        let pipeline = self.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: None,
            layout: Some(&self.layout(&[&group])),
            module: &self.module(translation),
            entry_point: Some(ENTRY_POINT),
            compilation_options: Default::default(),
            cache: None,
        });
        let mut encoder = self.device.create_command_encoder(&Default::default());
        {
            let mut pass = encoder.begin_compute_pass(&Default::default());
            pass.set_pipeline(&pipeline);
            pass.set_bind_group(0, &group.group, &[]);
            pass.dispatch_workgroups(invocations.div_ceil(64) as u32, 1, 1);
        }
        encoder.copy_buffer_to_buffer(&output, 0, &back, 0, size);
        self.read(encoder, &back)
    }

    /// Draws a triangle list; returns colour 0 of an image that was cleared to -1, with a depth of
    /// 0.5 that pixels must be in front of. Clockwise triangles (as seen) are front faces.
    pub(super) fn draw(
        &self,
        shaders: [&Translation; 2],
        resources: [&Resources<'_>; 2],
        vertices: u32,
    ) -> Vec<[f32; 4]> {
        let size = wgpu::Extent3d { width: SIDE, height: SIDE, depth_or_array_layers: 1 };
        let target = |format, usage| {
            self.device.create_texture(&wgpu::TextureDescriptor {
                label: None,
                size,
                mip_level_count: 1,
                sample_count: 1,
                dimension: wgpu::TextureDimension::D2,
                format,
                usage: wgpu::TextureUsages::RENDER_ATTACHMENT | usage,
                view_formats: &[],
            })
        };
        let format = wgpu::TextureFormat::Rgba32Float;
        let depth_format = wgpu::TextureFormat::Depth32Float;
        let color = target(format, wgpu::TextureUsages::COPY_SRC);
        let depth = target(depth_format, wgpu::TextureUsages::empty());
        let back = self
            .empty((SIDE * SIDE * 16) as u64, wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST);
        let visibility = [wgpu::ShaderStages::VERTEX, wgpu::ShaderStages::FRAGMENT];
        let groups =
            [0, 1].map(|i: usize| self.group(&shaders[i].interface, resources[i], visibility[i], &[]));
        let modules = shaders.map(|shader| self.module(shader));
        let pipeline = self.device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
            label: None,
            layout: Some(&self.layout(&[&groups[1], &groups[0]])),
            vertex: wgpu::VertexState {
                module: &modules[0],
                entry_point: Some(ENTRY_POINT),
                compilation_options: Default::default(),
                buffers: &[],
            },
            primitive: wgpu::PrimitiveState { front_face: wgpu::FrontFace::Cw, ..Default::default() },
            depth_stencil: Some(wgpu::DepthStencilState {
                format: depth_format,
                depth_write_enabled: Some(true),
                depth_compare: Some(wgpu::CompareFunction::Less),
                stencil: Default::default(),
                bias: Default::default(),
            }),
            multisample: Default::default(),
            fragment: Some(wgpu::FragmentState {
                module: &modules[1],
                entry_point: Some(ENTRY_POINT),
                compilation_options: Default::default(),
                targets: &[Some(format.into())],
            }),
            multiview_mask: None,
            cache: None,
        });
        let mut encoder = self.device.create_command_encoder(&Default::default());
        {
            let color = color.create_view(&Default::default());
            let depth = depth.create_view(&Default::default());
            let clear = wgpu::Color { r: -1.0, g: -1.0, b: -1.0, a: -1.0 };
            let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
                color_attachments: &[Some(wgpu::RenderPassColorAttachment {
                    view: &color,
                    depth_slice: None,
                    resolve_target: None,
                    ops: wgpu::Operations { load: wgpu::LoadOp::Clear(clear), store: wgpu::StoreOp::Store },
                })],
                depth_stencil_attachment: Some(wgpu::RenderPassDepthStencilAttachment {
                    view: &depth,
                    depth_ops: Some(wgpu::Operations {
                        load: wgpu::LoadOp::Clear(0.5),
                        store: wgpu::StoreOp::Discard,
                    }),
                    stencil_ops: None,
                }),
                ..Default::default()
            });
            pass.set_pipeline(&pipeline);
            pass.set_bind_group(0, &groups[1].group, &[]);
            pass.set_bind_group(1, &groups[0].group, &[]);
            pass.draw(0..vertices, 0..1);
        }
        encoder.copy_texture_to_buffer(
            color.as_image_copy(),
            wgpu::TexelCopyBufferInfo {
                buffer: &back,
                layout: wgpu::TexelCopyBufferLayout {
                    offset: 0,
                    bytes_per_row: Some(16 * SIDE),
                    rows_per_image: None,
                },
            },
            size,
        );
        self.read(encoder, &back)
    }
}
