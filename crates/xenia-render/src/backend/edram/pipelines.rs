//! Shaders that convert between the EDRAM, host textures and texels, compiled when first used.

use std::collections::HashMap;

use xenia_gpu::edram::{TILE_HEIGHT, TILE_WIDTH, TILES};
use xenia_gpu::enums::{ColorTargetFormat, DepthFormat};

use super::super::conversion::CompiledConversions;
use super::super::device::Device;
use super::super::scale::Scale;
use super::super::wgsl::wgsl_consts;
use super::TargetPlace;
use super::calls::{CALL_BYTES, Calls, Parameters};
use super::groups::TransferGroups;
use super::place::DEPTH;
use super::resolve::{FIELDS, HALF, RAW, SINGLE};

/// Source of all shaders: common parts (places and formats), then the conversions.
const SHADERS: &str = concat!(
    include_str!("place.wgsl"),
    include_str!("../textures/fractions.wgsl"),
    include_str!("formats.wgsl"),
    include_str!("dump.wgsl"),
    include_str!("load.wgsl"),
    include_str!("resolve.wgsl"),
    include_str!("scaled.wgsl"),
    include_str!("../textures/address.wgsl"),
);

/// Compute shader of a conversion.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kernel {
    /// Converts a host texture to bits.
    DumpColor { multisampled: bool },
    /// Converts host depth and stencil to bits.
    DumpDepth { multisampled: bool },
    /// Converts bits to texels.
    Resolve(Texels),
    /// Converts bits to texels at the host's resolution.
    ScaledResolve(Texels),
    /// Fills bits with one value.
    Clear,
    /// Collects the chip's words from the buffer.
    GatherWords,
    /// Sets the chip's words in the buffer.
    SpreadWords,
    /// Converts texels of this size in bytes to the host's resolution.
    SpreadTexels { bytes: u32 },
}

/// Texel format of a resolve; see the constants of resolve.wgsl.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Texels {
    pub(super) kind: u32,
    pub(super) widths: [u8; 4],
    pub(super) number: u32,
    /// Bytes per texel.
    pub(super) bytes: u32,
}

/// Fragment shader of a load, and its render target.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Load {
    pub(super) part: Part,
    /// Format in the EDRAM.
    pub(super) format: u32,
    /// Format of the host texture.
    pub(super) host: wgpu::TextureFormat,
    /// Samples per pixel of the host texture.
    pub(super) samples: u32,
}

impl Load {
    pub(super) fn new(part: Part, place: &TargetPlace, texture: &wgpu::Texture) -> Self {
        Self { part, format: place.format.number(), host: texture.format(), samples: texture.sample_count() }
    }
}

/// Part of a sample that a load draws.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Part {
    Color,
    /// Depth; sets the stencil to zero.
    Depth,
    /// The stencil bit with this value.
    Plane(u8),
    /// One constant colour.
    FilledColor,
    /// Constant depth and stencil.
    FilledDepth,
}

/// The shaders, from which pipelines of one scale are compiled.
pub(super) struct EdramShaders {
    module: wgpu::ShaderModule,
    pub(super) scale: Scale,
}

/// Calls of a kernel, ready to be dispatched: the pipeline, the bind group of their parameters and
/// resources, and the offset of each call's parameters.
pub(super) struct BoundCalls<'a> {
    pub(super) pipeline: &'a wgpu::ComputePipeline,
    pub(super) group: wgpu::BindGroup,
    pub(super) offsets: Vec<u32>,
}

/// Pipelines that have been needed so far.
pub(super) struct Pipelines {
    pub(super) shaders: EdramShaders,
    pub(super) compute: HashMap<(Kernel, u32), wgpu::ComputePipeline>,
    pub(super) render: HashMap<Load, wgpu::RenderPipeline>,
    /// Pipelines that were compiled on demand.
    pub(super) compiled: CompiledConversions,
    /// Parameters of calls.
    calls: Calls,
    groups: TransferGroups,
    /// Bind group layouts, by their bindings.
    layouts: HashMap<Vec<wgpu::BindingType>, wgpu::BindGroupLayout>,
}

impl Pipelines {
    pub(super) fn new(device: &Device, scale: Scale) -> Self {
        let constants = wgsl_consts!(
            TILE_WIDTH TILE_HEIGHT TILES DEPTH RAW FIELDS HALF SINGLE;
            ColorTargetFormat DepthFormat
        );
        let module = device.device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some("EDRAM"),
            source: wgpu::ShaderSource::Wgsl((constants + SHADERS).into()),
        });
        let compute = HashMap::new();
        let render = HashMap::new();
        let layouts = HashMap::new();
        let shaders = EdramShaders { module, scale };
        let compiled = CompiledConversions::default();
        let groups = TransferGroups::default();
        Self { shaders, compute, render, compiled, calls: Calls::new(device), groups, layouts }
    }

    /// Binds some calls of a kernel's pipeline for a format to resources.
    pub(super) fn compute(
        &mut self,
        device: &Device,
        kernel: Kernel,
        format: u32,
        calls: &[Parameters],
        bound: &[wgpu::BindingResource<'_>],
    ) -> BoundCalls<'_> {
        let layout = self.layouts.entry(bindings(kernel));
        let layout = layout.or_insert_with_key(|rest| layout_of(device, wgpu::ShaderStages::COMPUTE, rest));
        let offsets = self.calls.put(device, calls);
        let group = group(device, layout, &self.calls, bound);
        BoundCalls { pipeline: self.pipeline(device, kernel, format), group, offsets }
    }

    /// Binds some calls of a dump's pipeline for a format to a texture and the EDRAM.
    pub(super) fn dump(
        &mut self,
        device: &Device,
        kernel: Kernel,
        format: u32,
        calls: &[Parameters],
        texture: &wgpu::Texture,
        edram: &wgpu::Buffer,
    ) -> BoundCalls<'_> {
        let layout = self.layouts.entry(bindings(kernel));
        let layout = layout.or_insert_with_key(|rest| layout_of(device, wgpu::ShaderStages::COMPUTE, rest));
        let offsets = self.calls.put(device, calls);
        self.groups.renew(self.calls.buffer());
        let calls = &self.calls;
        let group = self.groups.dump(texture, || {
            let view =
                |aspect| texture.create_view(&wgpu::TextureViewDescriptor { aspect, ..Default::default() });
            let views = match kernel {
                Kernel::DumpDepth { .. } => {
                    vec![view(wgpu::TextureAspect::DepthOnly), view(wgpu::TextureAspect::StencilOnly)]
                }
                _ => vec![view(wgpu::TextureAspect::All)],
            };
            let mut bound = vec![edram.as_entire_binding()];
            bound.extend(views.iter().map(wgpu::BindingResource::TextureView));
            group(device, layout, calls, &bound)
        });
        BoundCalls { pipeline: self.pipeline(device, kernel, format), group, offsets }
    }

    /// Drops what keeps host textures alive.
    pub(super) fn forget_textures(&mut self) {
        self.groups.forget_textures();
    }

    /// Returns a kernel's pipeline for a format.
    fn pipeline(&mut self, device: &Device, kernel: Kernel, format: u32) -> &wgpu::ComputePipeline {
        self.compute.entry((kernel, format)).or_insert_with(|| {
            let compile = || self.shaders.compute_pipeline(device, kernel, format);
            self.compiled.compile(kernel.conversion(format), compile)
        })
    }

    /// Returns the bind group of some draws to a texture from the EDRAM, which is always the same
    /// buffer, and the offset of each one's parameters.
    pub(super) fn bind(
        &mut self,
        device: &Device,
        calls: &[Parameters],
        edram: &wgpu::Buffer,
    ) -> (wgpu::BindGroup, Vec<u32>) {
        // No kernel has this binding alone.
        let layout = self.layouts.entry(vec![storage(true)]);
        let layout = layout.or_insert_with_key(|rest| layout_of(device, wgpu::ShaderStages::FRAGMENT, rest));
        let offsets = self.calls.put(device, calls);
        self.groups.renew(self.calls.buffer());
        let calls = &self.calls;
        (self.groups.load(|| group(device, layout, calls, &[edram.as_entire_binding()])), offsets)
    }

    /// Returns the pipeline that draws to a texture.
    pub(super) fn render(&mut self, device: &Device, load: Load) -> &wgpu::RenderPipeline {
        self.render.entry(load).or_insert_with(|| {
            self.compiled.compile(load.conversion(), || self.shaders.render_pipeline(device, load))
        })
    }
}

impl EdramShaders {
    /// Compiles a kernel's pipeline for a format.
    pub(super) fn compute_pipeline(
        &self,
        device: &Device,
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
            Kernel::ScaledResolve(_) => "resolve_scaled",
            Kernel::Clear => "clear",
            Kernel::GatherWords => "gather_words",
            Kernel::SpreadWords => "spread_words",
            Kernel::SpreadTexels { .. } => "spread_texels",
        };
        let mut constants = vec![("FORMAT", f64::from(format)), ("SCALE", f64::from(self.scale.factor()))];
        match kernel {
            Kernel::Resolve(texels) | Kernel::ScaledResolve(texels) => constants.extend([
                ("KIND", f64::from(texels.kind)),
                ("WIDTHS", f64::from(u32::from_le_bytes(texels.widths))),
                ("NUMBER", f64::from(texels.number)),
                ("BYTES_LOG2", f64::from(texels.bytes.ilog2())),
            ]),
            Kernel::SpreadTexels { bytes } => constants.push(("BYTES_LOG2", f64::from(bytes.ilog2()))),
            _ => {}
        }
        device.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(entry_point),
            layout: Some(&pipeline_layout(device, &layout)),
            module: &self.module,
            entry_point: Some(entry_point),
            compilation_options: options(&constants),
            cache: None,
        })
    }

    /// Compiles the pipeline that draws to a texture.
    pub(super) fn render_pipeline(&self, device: &Device, load: Load) -> wgpu::RenderPipeline {
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
        let constants = [("FORMAT", f64::from(load.format)), ("SCALE", f64::from(self.scale.factor()))];
        let color_targets = [Some(load.host.into())];
        device.device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
            label: Some(entry_point),
            layout: Some(&pipeline_layout(device, &layout)),
            vertex: wgpu::VertexState {
                module: &self.module,
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
                module: &self.module,
                entry_point: Some(entry_point),
                compilation_options: options(&constants),
                targets: if is_color { &color_targets } else { &[] },
            }),
            multiview_mask: None,
            cache: None,
        })
    }
}

fn options<'a>(constants: &'a [(&'a str, f64)]) -> wgpu::PipelineCompilationOptions<'a> {
    wgpu::PipelineCompilationOptions { constants, ..Default::default() }
}

fn storage(read_only: bool) -> wgpu::BindingType {
    let ty = wgpu::BufferBindingType::Storage { read_only };
    wgpu::BindingType::Buffer { ty, has_dynamic_offset: false, min_binding_size: None }
}

/// Bindings of a kernel from binding 1 on.
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
        Kernel::Resolve(_) | Kernel::ScaledResolve(_) | Kernel::GatherWords | Kernel::SpreadTexels { .. } => {
            vec![storage(true), storage(false)]
        }
        Kernel::SpreadWords => vec![storage(false), storage(false)],
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
        has_dynamic_offset: true,
        min_binding_size: wgpu::BufferSize::new(CALL_BYTES),
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
    calls: &Calls,
    rest: &[wgpu::BindingResource<'_>],
) -> wgpu::BindGroup {
    let entries: Vec<_> = (0..)
        .zip(std::iter::once(calls.binding()).chain(rest.iter().cloned()))
        .map(|(binding, resource)| wgpu::BindGroupEntry { binding, resource })
        .collect();
    device.device.create_bind_group(&wgpu::BindGroupDescriptor { label: None, layout, entries: &entries })
}
