//! Images on the device, and the pipeline that draws one to a part of the window.

use crate::backend::presenting::PICTURE_FORMAT;
use crate::picture::{Filter, Rectangle};
use xenia_gpu::PixelSize;

/// Image on the device.
pub(super) struct Picture {
    texture: wgpu::Texture,
    linear: wgpu::BindGroup,
    nearest: wgpu::BindGroup,
}

impl Picture {
    /// Size of the image.
    pub(super) fn size(&self) -> PixelSize {
        PixelSize::new(self.texture.width(), self.texture.height())
    }

    /// The image as a texture.
    pub(super) fn texture(&self) -> &wgpu::Texture {
        &self.texture
    }

    /// Replaces the pixels: four bytes each, rows from the top. Does nothing if the size is wrong.
    pub(super) fn write(&self, queue: &wgpu::Queue, rgba: &[u8]) {
        let PixelSize { width, height } = self.size();
        if rgba.len() as u64 != u64::from(width) * u64::from(height) * 4 {
            return;
        }
        queue.write_texture(
            self.texture.as_image_copy(),
            rgba,
            wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(width * 4), rows_per_image: None },
            self.texture.size(),
        );
    }
}

/// Samplers of both filters.
#[derive(Clone)]
pub(super) struct Samplers {
    linear: wgpu::Sampler,
    nearest: wgpu::Sampler,
}

impl Samplers {
    fn new(device: &wgpu::Device) -> Self {
        let sampler = |filter| {
            device.create_sampler(&wgpu::SamplerDescriptor {
                mag_filter: filter,
                min_filter: filter,
                ..Default::default()
            })
        };
        Self { linear: sampler(wgpu::FilterMode::Linear), nearest: sampler(wgpu::FilterMode::Nearest) }
    }

    /// The sampler of a filter.
    pub(super) fn sampler(&self, filter: Filter) -> &wgpu::Sampler {
        match filter {
            Filter::Linear => &self.linear,
            Filter::Nearest => &self.nearest,
        }
    }
}

/// A pass that draws to a cleared image.
pub(super) fn pass<'a>(
    encoder: &'a mut wgpu::CommandEncoder,
    label: &'static str,
    view: &wgpu::TextureView,
) -> wgpu::RenderPass<'a> {
    encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
        label: Some(label),
        color_attachments: &[Some(wgpu::RenderPassColorAttachment {
            view,
            depth_slice: None,
            resolve_target: None,
            ops: wgpu::Operations {
                load: wgpu::LoadOp::Clear(wgpu::Color::BLACK),
                store: wgpu::StoreOp::Store,
            },
        })],
        ..Default::default()
    })
}

/// An image of [`PICTURE_FORMAT`] on the device.
pub(super) fn texture(
    device: &wgpu::Device,
    label: &'static str,
    PixelSize { width, height }: PixelSize,
    usage: wgpu::TextureUsages,
) -> wgpu::Texture {
    device.create_texture(&wgpu::TextureDescriptor {
        label: Some(label),
        size: wgpu::Extent3d { width, height, depth_or_array_layers: 1 },
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format: PICTURE_FORMAT,
        usage,
        view_formats: &[],
    })
}

/// The shaders of this module.
pub(super) fn shader(device: &wgpu::Device) -> wgpu::ShaderModule {
    device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: Some("present"),
        source: wgpu::ShaderSource::Wgsl(include_str!("present.wgsl").into()),
    })
}

/// A pipeline that draws one image over the viewport with this fragment shader.
pub(super) fn pipeline(
    device: &wgpu::Device,
    shader: &wgpu::ShaderModule,
    fragment: &str,
    format: wgpu::TextureFormat,
) -> wgpu::RenderPipeline {
    let target = wgpu::ColorTargetState {
        format,
        blend: Some(wgpu::BlendState::ALPHA_BLENDING),
        write_mask: wgpu::ColorWrites::ALL,
    };
    device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
        label: Some(fragment),
        layout: None,
        vertex: wgpu::VertexState {
            module: shader,
            entry_point: Some("corner"),
            compilation_options: Default::default(),
            buffers: &[],
        },
        primitive: Default::default(),
        depth_stencil: None,
        multisample: Default::default(),
        fragment: Some(wgpu::FragmentState {
            module: shader,
            entry_point: Some(fragment),
            compilation_options: Default::default(),
            targets: &[Some(target)],
        }),
        multiview_mask: None,
        cache: None,
    })
}

/// Draws an image over a part of the window.
pub(super) fn fill(
    pass: &mut wgpu::RenderPass<'_>,
    pipeline: &wgpu::RenderPipeline,
    group: &wgpu::BindGroup,
    at: Rectangle,
) {
    pass.set_viewport(at.x as f32, at.y as f32, at.width as f32, at.height as f32, 0.0, 1.0);
    pass.set_pipeline(pipeline);
    pass.set_bind_group(0, group, &[]);
    pass.draw(0..3, 0..1);
}

/// Draws images to parts of the window, with alpha blending.
pub(super) struct Painter {
    pipeline: wgpu::RenderPipeline,
    samplers: Samplers,
}

impl Painter {
    /// Creates a painter for a surface of `format`.
    pub(super) fn new(
        device: &wgpu::Device,
        shader: &wgpu::ShaderModule,
        format: wgpu::TextureFormat,
    ) -> Self {
        Self { pipeline: pipeline(device, shader, "pixel", format), samplers: Samplers::new(device) }
    }

    /// The samplers, which effects share.
    pub(super) fn samplers(&self) -> &Samplers {
        &self.samplers
    }

    /// Creates an image.
    pub(super) fn picture(&self, device: &wgpu::Device, size: PixelSize) -> Picture {
        let usage = wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST;
        self.picture_of(device, texture(device, "picture", size, usage))
    }

    /// An image that is a texture on the device.
    pub(super) fn picture_of(&self, device: &wgpu::Device, texture: wgpu::Texture) -> Picture {
        let view = texture.create_view(&Default::default());
        let layout = self.pipeline.get_bind_group_layout(0);
        let group = |sampler| {
            device.create_bind_group(&wgpu::BindGroupDescriptor {
                label: Some("picture"),
                layout: &layout,
                entries: &[
                    wgpu::BindGroupEntry { binding: 0, resource: wgpu::BindingResource::TextureView(&view) },
                    wgpu::BindGroupEntry { binding: 1, resource: wgpu::BindingResource::Sampler(sampler) },
                ],
            })
        };
        let linear = group(&self.samplers.linear);
        let nearest = group(&self.samplers.nearest);
        Picture { texture, linear, nearest }
    }

    /// Draws `picture` to the rectangle `at`.
    pub(super) fn paint(
        &self,
        pass: &mut wgpu::RenderPass<'_>,
        picture: &Picture,
        at: Rectangle,
        filter: Filter,
    ) {
        // Unscaled images need no filter, and avoid its rounding error.
        let group = match filter {
            Filter::Linear if PixelSize::new(at.width, at.height) != picture.size() => &picture.linear,
            _ => &picture.nearest,
        };
        fill(pass, &self.pipeline, group, at);
    }
}
