//! The shaders that move bits between the EDRAM, host textures and texels, compiled when first used.

use std::collections::HashMap;

use xenia_gpu::edram::{TILE_HEIGHT, TILE_WIDTH, TILES};
use xenia_gpu::enums::{ColorTargetFormat, DepthFormat};

use super::super::conversion::Conversion;
use super::super::device::Device;
use super::super::wgsl::wgsl_consts;
use super::TargetPlace;
use super::place::DEPTH;
use super::resolve::{FIELDS, HALF, RAW, SINGLE};

/// All of them: places and formats, then what is done with them.
const SHADERS: &str = concat!(
    include_str!("place.wgsl"),
    include_str!("formats.wgsl"),
    include_str!("dump.wgsl"),
    include_str!("load.wgsl"),
    include_str!("resolve.wgsl"),
);

/// The parameters of a call (`Call` in the shaders).
#[derive(Clone, Copy, Default)]
pub(super) struct Parameters {
    pub(super) base: u32,
    pub(super) pitch_tiles: u32,
    pub(super) columns: u32,
    pub(super) rows: u32,
    pub(super) area: [u32; 4],
    pub(super) clear: [u32; 2],
    pub(super) plane: u32,
    pub(super) samples: &'static [u32],
    pub(super) scale: f32,
    pub(super) swaps: bool,
    pub(super) exchange: u32,
}

impl Parameters {
    fn buffer(&self, device: &Device) -> wgpu::Buffer {
        let samples = self.samples.iter().rev().fold(0, |all, sample| all << 4 | sample);
        let mut words = vec![self.base, self.pitch_tiles, self.columns.ilog2(), self.rows.ilog2()];
        words.extend(self.area);
        words.extend(self.clear);
        words.extend([self.plane, self.samples.len() as u32, samples, self.scale.to_bits()]);
        words.extend([u32::from(self.swaps), self.exchange]);
        wgpu::util::DeviceExt::create_buffer_init(
            &device.device,
            &wgpu::util::BufferInitDescriptor {
                label: Some("parameters"),
                contents: &words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<_>>(),
                usage: wgpu::BufferUsages::UNIFORM,
            },
        )
    }
}

/// A compute shader.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kernel {
    /// Host texture to bits.
    DumpColor { multisampled: bool },
    /// Host depth and stencil to bits.
    DumpDepth { multisampled: bool },
    /// Bits to texels.
    Resolve(Texels),
    /// Bits to one value.
    Clear,
}

/// What texels are; see the constants of resolve.wgsl.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Texels {
    pub(super) kind: u32,
    pub(super) widths: [u8; 4],
    pub(super) number: u32,
    /// Bytes of one.
    pub(super) bytes: u32,
}

/// A fragment shader, and what it is drawn to.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Load {
    pub(super) part: Part,
    /// Its format in the EDRAM.
    pub(super) format: u32,
    /// The format of the host's texture.
    pub(super) host: wgpu::TextureFormat,
    /// Its samples per pixel.
    pub(super) samples: u32,
}

impl Load {
    pub(super) fn new(part: Part, place: &TargetPlace, texture: &wgpu::Texture) -> Self {
        Self { part, format: place.format.number(), host: texture.format(), samples: texture.sample_count() }
    }
}

/// Part of a sample.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Part {
    /// Colour.
    Color,
    /// Depth; the stencil becomes zero.
    Depth,
    /// The bit of this value of the stencil.
    Plane(u8),
    /// Colour, the same everywhere.
    FilledColor,
    /// Depth and stencil, the same everywhere.
    FilledDepth,
}

/// The pipelines that were needed so far.
pub(super) struct Pipelines {
    pub(super) module: wgpu::ShaderModule,
    pub(super) compute: HashMap<(Kernel, u32), wgpu::ComputePipeline>,
    pub(super) render: HashMap<Load, wgpu::RenderPipeline>,
    /// Those that were compiled when they were needed.
    pub(super) compiled: Vec<Conversion>,
    /// Layouts of bind groups, by what is bound.
    layouts: HashMap<Vec<wgpu::BindingType>, wgpu::BindGroupLayout>,
}

impl Pipelines {
    pub(super) fn new(device: &Device) -> Self {
        let constants = wgsl_consts!(
            TILE_WIDTH TILE_HEIGHT TILES DEPTH RAW FIELDS HALF SINGLE;
            ColorTargetFormat DepthFormat
        );
        let module = device.device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some("EDRAM"),
            source: wgpu::ShaderSource::Wgsl((constants + SHADERS).into()),
        });
        let (compute, render, layouts) = (HashMap::new(), HashMap::new(), HashMap::new());
        Self { module, compute, render, compiled: Vec::new(), layouts }
    }

    /// The pipeline of a kernel for a format, and the bindings of a call: parameters, then the rest.
    pub(super) fn compute(
        &mut self,
        device: &Device,
        kernel: Kernel,
        format: u32,
        parameters: &Parameters,
        bound: &[wgpu::BindingResource<'_>],
    ) -> (&wgpu::ComputePipeline, wgpu::BindGroup) {
        let layout = self.layouts.entry(bindings(kernel));
        let layout = layout.or_insert_with_key(|rest| layout_of(device, wgpu::ShaderStages::COMPUTE, rest));
        let group = group(device, layout, parameters, bound);
        let pipeline = self.compute.entry((kernel, format)).or_insert_with(|| {
            self.compiled.push(kernel.conversion(format));
            compute_pipeline(device, &self.module, kernel, format)
        });
        (pipeline, group)
    }

    /// The pipeline that draws to a texture, and the bindings of a call.
    pub(super) fn render(
        &mut self,
        device: &Device,
        load: Load,
        parameters: &Parameters,
        edram: &wgpu::Buffer,
    ) -> (&wgpu::RenderPipeline, wgpu::BindGroup) {
        // No kernel has this alone.
        let layout = self.layouts.entry(vec![storage(true)]);
        let layout = layout.or_insert_with_key(|rest| layout_of(device, wgpu::ShaderStages::FRAGMENT, rest));
        let group = group(device, layout, parameters, &[edram.as_entire_binding()]);
        let pipeline = self.render.entry(load).or_insert_with(|| {
            self.compiled.push(load.conversion());
            render_pipeline(device, &self.module, load)
        });
        (pipeline, group)
    }
}

/// The pipeline of a kernel for a format.
pub(super) fn compute_pipeline(
    device: &Device,
    module: &wgpu::ShaderModule,
    kernel: Kernel,
    format: u32,
) -> wgpu::ComputePipeline {
    let layout = layout_of(device, wgpu::ShaderStages::COMPUTE, &bindings(kernel));
    let entry_point = match kernel {
        Kernel::DumpColor { multisampled: false } => "dump_color_single",
        Kernel::DumpColor { multisampled: true } => "dump_color_multi",
        Kernel::DumpDepth { multisampled: false } => "dump_depth_single",
        Kernel::DumpDepth { multisampled: true } => "dump_depth_multi",
        Kernel::Resolve(_) => "resolve",
        Kernel::Clear => "clear",
    };
    let mut constants = vec![("FORMAT", f64::from(format))];
    if let Kernel::Resolve(texels) = kernel {
        constants.extend([
            ("KIND", f64::from(texels.kind)),
            ("WIDTHS", f64::from(u32::from_le_bytes(texels.widths))),
            ("NUMBER", f64::from(texels.number)),
            ("BYTES_LOG2", f64::from(texels.bytes.ilog2())),
        ]);
    }
    device.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: Some(entry_point),
        layout: Some(&pipeline_layout(device, &layout)),
        module,
        entry_point: Some(entry_point),
        compilation_options: options(&constants),
        cache: None,
    })
}

/// The pipeline that draws to a texture.
pub(super) fn render_pipeline(
    device: &Device,
    module: &wgpu::ShaderModule,
    load: Load,
) -> wgpu::RenderPipeline {
    let layout = layout_of(device, wgpu::ShaderStages::FRAGMENT, &[storage(true)]);
    let is_multisampled = load.samples != 1;
    let entry_point = match (load.part, is_multisampled) {
        (Part::Color, false) => "load_color_single",
        (Part::Color, true) => "load_color_multi",
        (Part::Depth, false) => "load_depth_single",
        (Part::Depth, true) => "load_depth_multi",
        (Part::Plane(_), false) => "load_plane_single",
        (Part::Plane(_), true) => "load_plane_multi",
        (Part::FilledColor, _) => "fill_color",
        (Part::FilledDepth, _) => "fill_depth",
    };
    let replace = wgpu::StencilFaceState {
        compare: wgpu::CompareFunction::Always,
        fail_op: wgpu::StencilOperation::Replace,
        depth_fail_op: wgpu::StencilOperation::Replace,
        pass_op: wgpu::StencilOperation::Replace,
    };
    let write_mask = match load.part {
        Part::Plane(plane) => u32::from(plane),
        _ => 0xff,
    };
    let depth_stencil = wgpu::DepthStencilState {
        format: load.host,
        depth_write_enabled: Some(matches!(load.part, Part::Depth | Part::FilledDepth)),
        depth_compare: Some(wgpu::CompareFunction::Always),
        stencil: wgpu::StencilState { front: replace, back: replace, read_mask: 0xff, write_mask },
        bias: Default::default(),
    };
    let is_color = matches!(load.part, Part::Color | Part::FilledColor);
    let constants = [("FORMAT", f64::from(load.format))];
    let color_targets = [Some(load.host.into())];
    device.device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
        label: Some(entry_point),
        layout: Some(&pipeline_layout(device, &layout)),
        vertex: wgpu::VertexState {
            module,
            entry_point: Some("corner"),
            compilation_options: options(&constants),
            buffers: &[],
        },
        primitive: wgpu::PrimitiveState {
            topology: wgpu::PrimitiveTopology::TriangleStrip,
            ..Default::default()
        },
        depth_stencil: (!is_color).then_some(depth_stencil),
        multisample: wgpu::MultisampleState { count: load.samples, ..Default::default() },
        fragment: Some(wgpu::FragmentState {
            module,
            entry_point: Some(entry_point),
            compilation_options: options(&constants),
            targets: if is_color { &color_targets } else { &[] },
        }),
        multiview_mask: None,
        cache: None,
    })
}

fn options<'a>(constants: &'a [(&'a str, f64)]) -> wgpu::PipelineCompilationOptions<'a> {
    wgpu::PipelineCompilationOptions { constants, ..Default::default() }
}

fn storage(read_only: bool) -> wgpu::BindingType {
    let ty = wgpu::BufferBindingType::Storage { read_only };
    wgpu::BindingType::Buffer { ty, has_dynamic_offset: false, min_binding_size: None }
}

/// What a kernel uses from binding 1 on.
fn bindings(kernel: Kernel) -> Vec<wgpu::BindingType> {
    let texture = |sample_type, multisampled| wgpu::BindingType::Texture {
        sample_type,
        view_dimension: wgpu::TextureViewDimension::D2,
        multisampled,
    };
    match kernel {
        Kernel::DumpColor { multisampled } => {
            let float = wgpu::TextureSampleType::Float { filterable: false };
            vec![storage(false), texture(float, multisampled)]
        }
        Kernel::DumpDepth { multisampled } => vec![
            storage(false),
            texture(wgpu::TextureSampleType::Depth, multisampled),
            texture(wgpu::TextureSampleType::Uint, multisampled),
        ],
        Kernel::Resolve(_) => vec![storage(true), storage(false)],
        Kernel::Clear => vec![storage(false)],
    }
}

fn layout_of(
    device: &Device,
    visibility: wgpu::ShaderStages,
    rest: &[wgpu::BindingType],
) -> wgpu::BindGroupLayout {
    let parameters = wgpu::BindingType::Buffer {
        ty: wgpu::BufferBindingType::Uniform,
        has_dynamic_offset: false,
        min_binding_size: None,
    };
    let entries: Vec<_> = (0..)
        .zip(std::iter::once(&parameters).chain(rest))
        .map(|(binding, &ty)| wgpu::BindGroupLayoutEntry { binding, visibility, ty, count: None })
        .collect();
    device
        .device
        .create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: None, entries: &entries })
}

fn pipeline_layout(device: &Device, layout: &wgpu::BindGroupLayout) -> wgpu::PipelineLayout {
    device.device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: None,
        bind_group_layouts: &[Some(layout)],
        immediate_size: 0,
    })
}

fn group(
    device: &Device,
    layout: &wgpu::BindGroupLayout,
    parameters: &Parameters,
    rest: &[wgpu::BindingResource<'_>],
) -> wgpu::BindGroup {
    let parameters = parameters.buffer(device);
    let entries: Vec<_> = (0..)
        .zip(std::iter::once(parameters.as_entire_binding()).chain(rest.iter().cloned()))
        .map(|(binding, resource)| wgpu::BindGroupEntry { binding, resource })
        .collect();
    device.device.create_bind_group(&wgpu::BindGroupDescriptor { label: None, layout, entries: &entries })
}
