//! Pictures on the device: textures that the window shows as they are, made from the front buffer's
//! texels by a compute shader.

use std::sync::Arc;

use xenia_gpu::memory::Endian;
use xenia_gpu::{DevicePicture, Frame, FrontBuffer, PixelSize, PixelTable, PresentCall};

use super::super::Device;
use super::super::mapping::{Mapping, filled_buffer};
use super::super::scale::Scale;
use super::super::wgsl::wgsl_consts;

const SHADER: &str = concat!(include_str!("../textures/address.wgsl"), include_str!("picture.wgsl"));

/// Format of images on the device.
pub(crate) const PICTURE_FORMAT: wgpu::TextureFormat = wgpu::TextureFormat::Rgba8Unorm;

/// Maximum number of textures kept for reuse by later pictures: those of queued swaps, of the
/// window, of its mailbox and of the holders of the last picture.
const MAX_TEXTURES: usize = 9;
/// Pixels of a workgroup each way.
const GROUP: u32 = 16;

// Flags of a picture.
const TILED: u32 = 1;
const SCALED: u32 = 2;

/// Picture on the device.
pub(crate) struct PictureTexture {
    device: Device,
    texture: wgpu::Texture,
}

impl PictureTexture {
    /// The texture, if it is one of this device.
    pub(crate) fn texture_on(&self, device: &Device) -> Option<&wgpu::Texture> {
        self.device.is_same(device).then_some(&self.texture)
    }
}

impl DevicePicture for PictureTexture {
    fn size(&self) -> PixelSize {
        PixelSize::new(self.texture.width(), self.texture.height())
    }

    fn read(&self) -> Option<Frame> {
        let PixelSize { width, height } = self.size();
        // The alignment of rows in copies from textures is 256 bytes.
        let row = (width * 4).next_multiple_of(256);
        let size = u64::from(row) * u64::from(height);
        let device = &self.device;
        let back = device.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("picture, read back"),
            size,
            usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let mut encoder = device.device.create_command_encoder(&Default::default());
        let layout =
            wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(row), rows_per_image: None };
        encoder.copy_texture_to_buffer(
            self.texture.as_image_copy(),
            wgpu::TexelCopyBufferInfo { buffer: &back, layout },
            self.texture.size(),
        );
        device.submit([encoder.finish()]);
        let view = Mapping::begin(device, back, size).wait(device).ok()?;
        let lines = view.chunks_exact(row as usize).flat_map(|line| &line[..width as usize * 4]);
        Some(Frame { width, height, rgba: lines.copied().collect() })
    }
}

/// Table of bytes on the device, for the front buffers and ramps that it was made for.
struct Table {
    of: PixelTable,
    buffer: wgpu::Buffer,
}

/// Source of a picture: texels in a buffer, from an offset on.
pub(super) struct PictureSource<'a> {
    pub(super) front: &'a FrontBuffer,
    pub(super) texels: wgpu::BufferBinding<'a>,
    /// Pixels per texel of memory.
    pub(super) scale: Scale,
    /// Whether the buffer has that many texels.
    pub(super) is_scaled: bool,
}

/// Pipeline, table and textures of pictures.
pub(in super::super) struct PictureMaker {
    pipeline: wgpu::ComputePipeline,
    table: Option<Table>,
    textures: Vec<Arc<PictureTexture>>,
}

impl PictureMaker {
    pub(super) fn new(device: &Device) -> Self {
        let constants = wgsl_consts!(TILED SCALED; Endian);
        let module = device.device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some("picture"),
            source: wgpu::ShaderSource::Wgsl((constants + SHADER).into()),
        });
        let pipeline = device.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some("picture"),
            layout: None,
            module: &module,
            entry_point: Some("make"),
            compilation_options: Default::default(),
            cache: None,
        });
        Self { pipeline, table: None, textures: Vec::new() }
    }

    /// Records the making of a picture. `None` if the device has no texture of its size.
    pub(super) fn make(
        &mut self,
        device: &Device,
        encoder: &mut wgpu::CommandEncoder,
        call: &PresentCall,
        source: &PictureSource<'_>,
    ) -> Option<Arc<PictureTexture>> {
        let size = source.scale.size(source.front.size);
        if size[0].max(size[1]) > device.max_texture_side {
            return None;
        }
        let table = self.table(device, source.front.table(call)?);
        let parameters = parameters(source, table);
        let uniforms = filled_buffer(&device.device, "picture", &parameters, wgpu::BufferUsages::UNIFORM);
        let table = table.buffer.clone();
        let picture = self.texture(device, size);
        let view = picture.texture.create_view(&Default::default());
        let resources = [
            uniforms.as_entire_binding(),
            wgpu::BindingResource::Buffer(source.texels.clone()),
            table.as_entire_binding(),
            wgpu::BindingResource::TextureView(&view),
        ];
        let entries: Vec<_> = (0..)
            .zip(resources)
            .map(|(binding, resource)| wgpu::BindGroupEntry { binding, resource })
            .collect();
        let group = device.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("picture"),
            layout: &self.pipeline.get_bind_group_layout(0),
            entries: &entries,
        });
        let mut pass = encoder.begin_compute_pass(&Default::default());
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(0, &group, &[]);
        let [across, down] = size.map(|side| side.div_ceil(GROUP));
        pass.dispatch_workgroups(across, down, 1);
        Some(picture)
    }

    /// The table on the device. Titles change their ramps when they begin, if ever.
    fn table(&mut self, device: &Device, of: PixelTable) -> &Table {
        let fitting = self.table.take().filter(|table| table.of == of);
        self.table.insert(fitting.unwrap_or_else(|| {
            let bytes: Vec<u8> = of.bytes().into_iter().flatten().copied().collect();
            let usage = wgpu::BufferUsages::STORAGE;
            Table { buffer: filled_buffer(&device.device, "picture's table", &bytes, usage), of }
        }))
    }

    /// A texture that is neither shown nor kept.
    fn texture(&mut self, device: &Device, [width, height]: [u32; 2]) -> Arc<PictureTexture> {
        self.textures.retain(|kept| kept.size() == PixelSize::new(width, height));
        // A picture must not change while others hold it.
        if let Some(free) = self.textures.iter().find(|kept| Arc::strong_count(kept) == 1) {
            return free.clone();
        }
        let texture = device.device.create_texture(&wgpu::TextureDescriptor {
            label: Some("picture"),
            size: wgpu::Extent3d { width, height, depth_or_array_layers: 1 },
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: PICTURE_FORMAT,
            usage: wgpu::TextureUsages::STORAGE_BINDING
                | wgpu::TextureUsages::TEXTURE_BINDING
                | wgpu::TextureUsages::COPY_SRC,
            view_formats: &[],
        });
        let made = Arc::new(PictureTexture { device: device.clone(), texture });
        if self.textures.len() < MAX_TEXTURES {
            self.textures.push(made.clone());
        }
        made
    }
}

/// The struct `Picture` of the shader.
fn parameters(source: &PictureSource<'_>, table: &Table) -> Vec<u8> {
    let front = source.front;
    let flags = [(TILED, front.tiled), (SCALED, source.is_scaled)];
    let flags = flags.into_iter().filter(|(_, holds)| *holds).fold(0, |all, (flag, _)| all | flag);
    let [width, height] = source.scale.size(front.size);
    let [columns, rows] = source.scale.size(front.visible);
    let [red, green, blue] = table.of.shifts();
    let outside = u32::from_le_bytes(table.of.outside);
    [width, height, columns, rows, front.pitch, source.scale.factor(), flags, front.endian as u32]
        .into_iter()
        .chain([red, green, blue, outside])
        .flat_map(u32::to_le_bytes)
        .collect()
}
