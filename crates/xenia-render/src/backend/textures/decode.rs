//! Texture decoding with compute shaders: uploads guest memory that the device does not have,
//! decodes it to a buffer, and copies that to a host texture.

use std::collections::{BTreeMap, HashMap};

use xenia_gpu::enums::{Dimension, TextureSign};
use xenia_gpu::memory::{Endian, PhysicalMemory};
use xenia_gpu::texture::TextureInfo;
use xenia_gpu::texture::layout::LevelLayout;

use super::super::Device;
use super::super::conversion::{CompiledConversions, Conversion, TEXTURE_DECODE, TEXTURE_DECODE_SCALED};
use super::super::mapping::{device_buffer, filled_buffer};
use super::super::mirror::Piece;
use super::super::scale::Scale;
use super::super::wgsl::wgsl_consts;
use super::formats::{Decoding, Kind, Meaning, Store};
use super::source::LevelSource;

const SHADER: &str = concat!(
    include_str!("decode.wgsl"),
    include_str!("address.wgsl"),
    include_str!("blocks.wgsl"),
    include_str!("fractions.wgsl"),
    include_str!("numbers.wgsl"),
);

// Flags of a level.
const TILED: u32 = 1;
const VOLUME: u32 = 2;
const INTEGER: u32 = 4;

/// Bytes between the parameters of two levels.
const PARAMETERS_STRIDE: usize = 256;
/// Bytes of a level's parameters.
const PARAMETERS_SIZE: usize = 96;
/// Largest result buffer that is kept for the next texture.
const MAX_KEPT_RESULT: u64 = 32 << 20;

/// Destination of a decoding.
pub(super) struct Target<'a> {
    pub(super) texture: &'a wgpu::Texture,
    pub(super) info: &'a TextureInfo,
    pub(super) decoding: &'a Decoding,
    /// Host texels per guest texel. With a scale all pieces of the levels are scaled.
    pub(super) scale: Scale,
}

/// Reason why levels are not decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoDecoding {
    /// A level is too big for the device's buffers.
    TooLarge,
    /// The device has no memory for the texels.
    NoMemory,
}

/// Level to decode.
pub(super) struct LevelJob {
    pub(super) level: u32,
    pub(super) layout: LevelLayout,
    /// Parts of its memory that are on the device.
    pub(super) pieces: Vec<Piece>,
}

/// Pipelines and buffers for decoding textures.
pub(super) struct Decoder {
    /// Scale of textures whose texels are at the host's resolution.
    scale: Scale,
    shader: wgpu::ShaderModule,
    layout: wgpu::BindGroupLayout,
    pipeline_layout: wgpu::PipelineLayout,
    pipelines: HashMap<Conversion, wgpu::ComputePipeline>,
    /// Pipelines that were compiled on demand.
    pub(super) compiled: CompiledConversions,
    result: Option<wgpu::Buffer>,
}

/// Location of a level's texels in the result buffer.
struct LevelResult {
    offset: u64,
    row_bytes: u32,
    /// Size in units of the host format.
    size: [u32; 3],
}

impl LevelResult {
    fn bytes(&self) -> u64 {
        u64::from(self.row_bytes) * u64::from(self.size[1]) * u64::from(self.size[2])
    }

    fn end(&self) -> u64 {
        self.offset + self.bytes()
    }
}

impl Decoder {
    pub(super) fn new(device: &wgpu::Device, scale: Scale) -> Self {
        let shader = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some("texture decoding"),
            source: wgpu::ShaderSource::Wgsl(
                (wgsl_consts!(TILED VOLUME INTEGER; Kind Store Meaning TextureSign Endian) + SHADER).into(),
            ),
        });
        let buffer = |binding, ty, has_dynamic_offset| wgpu::BindGroupLayoutEntry {
            binding,
            visibility: wgpu::ShaderStages::COMPUTE,
            ty: wgpu::BindingType::Buffer { ty, has_dynamic_offset, min_binding_size: None },
            count: None,
        };
        let storage = |read_only| wgpu::BufferBindingType::Storage { read_only };
        let layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label: Some("texture decoding"),
            entries: &[
                buffer(0, wgpu::BufferBindingType::Uniform, false),
                buffer(1, storage(true), false),
                buffer(2, storage(false), false),
            ],
        });
        let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some("texture decoding"),
            bind_group_layouts: &[Some(&layout)],
            immediate_size: 0,
        });
        Self {
            scale,
            shader,
            layout,
            pipeline_layout,
            pipelines: HashMap::new(),
            compiled: CompiledConversions::default(),
            result: None,
        }
    }

    fn pipeline(
        &mut self,
        device: &wgpu::Device,
        decoding: &Decoding,
        scale: Scale,
    ) -> &wgpu::ComputePipeline {
        let constants = decoding.constants();
        let entry = if scale.is_one() { TEXTURE_DECODE } else { TEXTURE_DECODE_SCALED };
        let conversion = Conversion { entry, constants };
        if !self.pipelines.contains_key(&conversion) {
            let mut compiled = std::mem::take(&mut self.compiled);
            let made = compiled.compile(conversion, || self.make(device, &conversion));
            self.compiled = compiled;
            self.add(conversion, made);
        }
        &self.pipelines[&conversion]
    }

    /// Compiles the pipeline of a conversion.
    pub(super) fn make(&self, device: &wgpu::Device, conversion: &Conversion) -> wgpu::ComputePipeline {
        let names = ["KIND", "BLOCK_BYTES", "BLOCK_WIDTH", "BLOCK_HEIGHT", "STORE", "MEANING", "COMPONENTS"];
        let mut constants: Vec<_> = names.into_iter().zip(conversion.constants.map(f64::from)).collect();
        if conversion.entry == TEXTURE_DECODE_SCALED {
            constants.push(("SCALE", f64::from(self.scale.factor())));
        }
        device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some("texture decoding"),
            layout: Some(&self.pipeline_layout),
            module: &self.shader,
            entry_point: Some("decode"),
            compilation_options: wgpu::PipelineCompilationOptions {
                constants: &constants,
                ..Default::default()
            },
            cache: None,
        })
    }

    /// Adds the pipeline of a conversion.
    pub(super) fn add(&mut self, conversion: Conversion, pipeline: wgpu::ComputePipeline) {
        self.pipelines.insert(conversion, pipeline);
    }

    /// Returns a buffer of at least `bytes` bytes; `None` if the device has no memory for it.
    fn result_buffer(&mut self, device: &Device, bytes: u64) -> Option<wgpu::Buffer> {
        if let Some(buffer) = self.result.as_ref().filter(|buffer| buffer.size() >= bytes) {
            return Some(buffer.clone());
        }
        let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC;
        let size = bytes.next_power_of_two();
        let is_kept = size <= MAX_KEPT_RESULT;
        if is_kept {
            // The device need not have memory for both.
            self.result = None;
        }
        let buffer = device_buffer(device, "decoded texels", size, usage)?;
        if is_kept {
            self.result = Some(buffer.clone());
        }
        Some(buffer)
    }

    /// Records the decoding of levels into a texture. `memory` is read before this returns. Returns
    /// the number of bytes read.
    ///
    /// An error records no commands.
    pub(super) fn decode(
        &mut self,
        device: &Device,
        encoder: &mut wgpu::CommandEncoder,
        target: &Target<'_>,
        jobs: &[LevelJob],
        memory: &dyn PhysicalMemory,
    ) -> Result<u64, NoDecoding> {
        let &Target { texture, info, decoding, scale } = target;
        let results = level_results(&device.device.limits(), target, jobs).ok_or(NoDecoding::TooLarge)?;
        let size = results.last().map_or(0, LevelResult::end).max(4);
        let buffer = self.result_buffer(device, size).ok_or(NoDecoding::NoMemory)?;
        let device = &device.device;
        let mut parameters = vec![0; jobs.len() * PARAMETERS_STRIDE];
        for (to, (job, result)) in
            parameters.chunks_exact_mut(PARAMETERS_STRIDE).zip(jobs.iter().zip(&results))
        {
            put_parameters(to, info, decoding, &job.layout, result);
        }
        let usage = wgpu::BufferUsages::UNIFORM;
        let parameters = filled_buffer(device, "texture decoding", &parameters, usage);
        let layout = self.layout.clone();
        let pipeline = self.pipeline(device, decoding, scale);
        // Packed levels share their storage.
        let mut sources = BTreeMap::new();
        let mut sent = 0;
        for job in jobs {
            let layout = &job.layout;
            sources.entry((layout.physical, layout.bytes)).or_insert_with(|| {
                let source = if scale.is_one() {
                    LevelSource::new(device, encoder, layout.physical, layout.bytes, &job.pieces, memory)
                } else {
                    LevelSource::scaled(device, encoder, &job.pieces, scale)
                };
                sent += source.sent;
                source
            });
        }
        {
            // Dropped before the copies, which a pass cannot contain.
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            pass.set_pipeline(pipeline);
            for (i, (job, result)) in jobs.iter().zip(&results).enumerate() {
                let source = &sources[&(job.layout.physical, job.layout.bytes)];
                let bindings = [
                    window(&parameters, (i * PARAMETERS_STRIDE) as u64, PARAMETERS_SIZE as u64),
                    window(&source.buffer, source.range.start, source.range.end - source.range.start),
                    window(&buffer, result.offset, result.bytes()),
                ];
                pass.set_bind_group(0, &bind_group(device, &layout, bindings), &[]);
                let [width, height, slices] = result.size;
                // A workgroup decodes eight times four units across, eight down.
                pass.dispatch_workgroups(width.div_ceil(32), height.div_ceil(8), slices);
            }
        }
        for (job, result) in jobs.iter().zip(&results) {
            copy_to_texture(encoder, &buffer, texture, job.level, result);
        }
        Ok(sent)
    }
}

/// Locations of the levels' texels, one after another; `None` if the device has no buffers of that
/// size.
fn level_results(limits: &wgpu::Limits, target: &Target<'_>, jobs: &[LevelJob]) -> Option<Vec<LevelResult>> {
    let &Target { info, decoding, scale, .. } = target;
    let mut results = Vec::with_capacity(jobs.len());
    let mut end = 0;
    for job in jobs {
        let [width, height, slices] = info.level_size(job.level);
        let [width, height] = scale.size([width, height]);
        let size = decoding.units([width, height, slices]);
        // The alignment of row pitches and offsets in buffer-to-texture copies is 256 bytes.
        let row_bytes = (size[0] * decoding.unit_bytes()).next_multiple_of(256);
        let result = LevelResult { offset: end, row_bytes, size };
        let source = scale.bytes(u64::from(job.layout.bytes), decoding.block_bytes);
        if result.bytes().max(source) > limits.max_storage_buffer_binding_size {
            return None;
        }
        end = result.end();
        results.push(result);
    }
    (end.next_power_of_two() <= limits.max_buffer_size).then_some(results)
}

/// A part of a buffer, to be bound.
fn window(buffer: &wgpu::Buffer, offset: u64, size: u64) -> wgpu::BindingResource<'_> {
    let size = std::num::NonZero::new(size);
    wgpu::BindingResource::Buffer(wgpu::BufferBinding { buffer, offset, size })
}

fn bind_group(
    device: &wgpu::Device,
    layout: &wgpu::BindGroupLayout,
    bindings: [wgpu::BindingResource<'_>; 3],
) -> wgpu::BindGroup {
    let [parameters, source, result] = bindings;
    let entries = [(0, parameters), (1, source), (2, result)]
        .map(|(binding, resource)| wgpu::BindGroupEntry { binding, resource });
    device.create_bind_group(&wgpu::BindGroupDescriptor { label: None, layout, entries: &entries })
}

fn copy_to_texture(
    encoder: &mut wgpu::CommandEncoder,
    from: &wgpu::Buffer,
    texture: &wgpu::Texture,
    mip_level: u32,
    result: &LevelResult,
) {
    let [columns, rows, depth_or_array_layers] = result.size;
    let layout = wgpu::TexelCopyBufferLayout {
        offset: result.offset,
        bytes_per_row: Some(result.row_bytes),
        rows_per_image: Some(rows),
    };
    // Whole blocks, of which a small level has a part.
    let (unit_width, unit_height) = texture.format().block_dimensions();
    let width = columns * unit_width;
    let height = rows * unit_height;
    encoder.copy_buffer_to_texture(
        wgpu::TexelCopyBufferInfo { buffer: from, layout },
        wgpu::TexelCopyTextureInfo { mip_level, ..texture.as_image_copy() },
        wgpu::Extent3d { width, height, depth_or_array_layers },
    );
}

/// Writes the struct `Level` of the shader.
fn put_parameters(
    to: &mut [u8],
    info: &TextureInfo,
    decoding: &Decoding,
    layout: &LevelLayout,
    result: &LevelResult,
) {
    let is_volume = info.dimension == Dimension::D3;
    let flags = [(TILED, info.tiled), (VOLUME, is_volume), (INTEGER, decoding.integer)];
    let flags = flags.into_iter().filter(|(_, holds)| *holds).fold(0, |all, (flag, _)| all | flag);
    let [x, y, z] = layout.origin;
    let [width, height, slices] = result.size;
    let words = [x, y, z, flags, width, height, slices, info.endian as u32]
        .into_iter()
        .chain([layout.pitch, layout.rows, layout.slice_bytes, result.row_bytes / 4])
        .chain(decoding.shifts)
        .chain(decoding.widths)
        .chain(decoding.signs.map(|sign| sign as u32));
    for (to, word) in to.chunks_exact_mut(4).zip(words) {
        to.copy_from_slice(&word.to_le_bytes());
    }
}
