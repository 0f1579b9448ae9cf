//! Runs translated programs on the software Vulkan driver.

use std::sync::{Mutex, OnceLock};
use wgpu::util::DeviceExt;
use xenia_render::translate::{ENTRY_POINT, StageConstants, Translation};

pub(super) struct Gpu {
    device: wgpu::Device,
    queue: wgpu::Queue,
    layout: wgpu::BindGroupLayout,
}

static GPU: OnceLock<Option<Mutex<Gpu>>> = OnceLock::new();

/// Runs a test with the driver, one test at a time; says so where there is none.
pub(super) fn with(test: impl FnOnce(&Gpu)) {
    let Some(gpu) = GPU.get_or_init(|| Gpu::open().map(Mutex::new)) else {
        println!("no Vulkan driver (Debian package mesa-vulkan-drivers), skipped: shaders on the host's GPU");
        return;
    };
    test(&gpu.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
}

impl Gpu {
    fn open() -> Option<Self> {
        let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
        // The software driver is asked for: the table of errors is its table.
        let adapter = pollster::block_on(instance.request_adapter(&wgpu::RequestAdapterOptions {
            force_fallback_adapter: true,
            ..Default::default()
        }))
        .ok()?;
        let (device, queue) =
            pollster::block_on(adapter.request_device(&wgpu::DeviceDescriptor::default())).ok()?;
        let entry = |binding: u32, ty| wgpu::BindGroupLayoutEntry {
            binding,
            visibility: wgpu::ShaderStages::COMPUTE,
            ty: wgpu::BindingType::Buffer { ty, has_dynamic_offset: false, min_binding_size: None },
            count: None,
        };
        let storage = |read_only| wgpu::BufferBindingType::Storage { read_only };
        let layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label: None,
            entries: &[
                entry(0, wgpu::BufferBindingType::Uniform),
                entry(1, storage(true)),
                entry(2, storage(true)),
                entry(3, storage(false)),
            ],
        });
        Some(Self { device, queue, layout })
    }

    /// Runs a compute translation; for each invocation all its exports and what was discarded.
    pub(super) fn run(
        &self,
        translation: &Translation,
        constants: &StageConstants,
        vertex_data: &[u32],
        inputs: &[[f32; 4]],
        invocations: usize,
    ) -> Vec<[f32; 4]> {
        let device = &self.device;
        let bytes =
            |words: &mut dyn Iterator<Item = u32>| words.flat_map(u32::to_le_bytes).collect::<Vec<u8>>();
        let buffer = |contents: &[u8], usage| {
            device.create_buffer_init(&wgpu::util::BufferInitDescriptor { label: None, contents, usage })
        };
        let constants = buffer(constants.bytes(), wgpu::BufferUsages::UNIFORM);
        let vertices = bytes(&mut vertex_data.iter().copied().chain([0xdead_beef]));
        let vertices = buffer(
            &vertices[..vertices.len() - if vertex_data.is_empty() { 0 } else { 4 }],
            wgpu::BufferUsages::STORAGE,
        );
        let inputs =
            buffer(&bytes(&mut inputs.iter().flatten().map(|f| f.to_bits())), wgpu::BufferUsages::STORAGE);
        let size = (invocations * (translation.interface.exports.len() + 1) * 16) as u64;
        let make = |usage| {
            device.create_buffer(&wgpu::BufferDescriptor {
                label: None,
                size,
                usage,
                mapped_at_creation: false,
            })
        };
        let output = make(wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC);
        let back = make(wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST);
        let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: None,
            source: wgpu::ShaderSource::Naga(std::borrow::Cow::Owned(translation.module.clone())),
        });
        let layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: None,
            bind_group_layouts: &[Some(&self.layout)],
            immediate_size: 0,
        });
        let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: None,
            layout: Some(&layout),
            module: &module,
            entry_point: Some(ENTRY_POINT),
            compilation_options: Default::default(),
            cache: None,
        });
        let buffers = [&constants, &vertices, &inputs, &output];
        let entries: Vec<_> = (0_u32..)
            .zip(buffers)
            .map(|(binding, buffer)| wgpu::BindGroupEntry { binding, resource: buffer.as_entire_binding() })
            .collect();
        let group = device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &self.layout,
            entries: &entries,
        });
        let mut encoder = device.create_command_encoder(&Default::default());
        {
            let mut pass = encoder.begin_compute_pass(&Default::default());
            pass.set_pipeline(&pipeline);
            pass.set_bind_group(0, &group, &[]);
            pass.dispatch_workgroups(invocations.div_ceil(64) as u32, 1, 1);
        }
        encoder.copy_buffer_to_buffer(&output, 0, &back, 0, size);
        self.queue.submit([encoder.finish()]);
        back.map_async(wgpu::MapMode::Read, .., |result| result.unwrap());
        device.poll(wgpu::PollType::wait_indefinitely()).unwrap();
        let view = back.get_mapped_range(..).unwrap();
        view.chunks_exact(16)
            .map(|vector| {
                [0, 4, 8, 12].map(|at| {
                    f32::from_le_bytes([vector[at], vector[at + 1], vector[at + 2], vector[at + 3]])
                })
            })
            .collect()
    }
}
