//! Effects on the frame ([`Appearance`]): edges are smoothed in the frame's own size; sharpness,
//! brightness, gamma and overscan apply where it is drawn to the window.

use super::picture::{Picture, Samplers, fill, pass, pipeline, texture};
use crate::backend::Device;
use crate::backend::presenting::PICTURE_FORMAT;
use crate::picture::{Appearance, Filter, Rectangle};
use xenia_gpu::PixelSize;

/// Bytes of `Appearance` in the shader.
const UNIFORM_BYTES: usize = 48;

/// Pipelines of the effects, and the smoothed frame.
pub(super) struct Effects {
    smooth: wgpu::RenderPipeline,
    adjust: wgpu::RenderPipeline,
    uniforms: wgpu::Buffer,
    samplers: Samplers,
    /// The frame with smooth edges, if that was requested for the last one.
    smoothed: Option<wgpu::Texture>,
}

impl Effects {
    /// Creates the effects for a surface of `format`.
    pub(super) fn new(
        device: &wgpu::Device,
        shader: &wgpu::ShaderModule,
        format: wgpu::TextureFormat,
        samplers: &Samplers,
    ) -> Self {
        Self {
            smooth: pipeline(device, shader, "smoothed", PICTURE_FORMAT),
            adjust: pipeline(device, shader, "adjusted", format),
            uniforms: device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("appearance"),
                size: UNIFORM_BYTES as u64,
                usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
                mapped_at_creation: false,
            }),
            samplers: samplers.clone(),
            smoothed: None,
        }
    }

    /// Prepares the frame for [`Self::paint`], before the pass that draws it.
    pub(super) fn prepare(
        &mut self,
        device: &Device,
        encoder: &mut wgpu::CommandEncoder,
        frame: &Picture,
        appearance: &Appearance,
    ) {
        let size = frame.size();
        device.queue.write_buffer(&self.uniforms, 0, &uniforms(size, appearance));
        if !appearance.smooths_edges {
            self.smoothed = None;
            return;
        }
        let fitting =
            self.smoothed.take().filter(|texture| PixelSize::new(texture.width(), texture.height()) == size);
        let smoothed = fitting.unwrap_or_else(|| {
            let usage = wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::RENDER_ATTACHMENT;
            texture(&device.device, "smoothed", size, usage)
        });
        let view = smoothed.create_view(&Default::default());
        let group = self.group(&device.device, &self.smooth, frame.texture(), Filter::Linear);
        let whole = Rectangle { x: 0, y: 0, width: size.width, height: size.height };
        fill(&mut pass(encoder, "smooth", &view), &self.smooth, &group, whole);
        self.smoothed = Some(smoothed);
    }

    /// Draws the prepared frame to the rectangle `at`.
    pub(super) fn paint(
        &self,
        device: &wgpu::Device,
        pass: &mut wgpu::RenderPass<'_>,
        frame: &Picture,
        at: Rectangle,
        filter: Filter,
    ) {
        let source = self.smoothed.as_ref().unwrap_or_else(|| frame.texture());
        let group = self.group(device, &self.adjust, source, filter);
        fill(pass, &self.adjust, &group, at);
    }

    fn group(
        &self,
        device: &wgpu::Device,
        pipeline: &wgpu::RenderPipeline,
        source: &wgpu::Texture,
        filter: Filter,
    ) -> wgpu::BindGroup {
        let view = source.create_view(&Default::default());
        device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("effect"),
            layout: &pipeline.get_bind_group_layout(0),
            entries: &[
                wgpu::BindGroupEntry { binding: 0, resource: wgpu::BindingResource::TextureView(&view) },
                wgpu::BindGroupEntry {
                    binding: 1,
                    resource: wgpu::BindingResource::Sampler(self.samplers.sampler(filter)),
                },
                wgpu::BindGroupEntry { binding: 2, resource: self.uniforms.as_entire_binding() },
            ],
        })
    }
}

/// The shader's parameters for a frame of this size.
fn uniforms(PixelSize { width, height }: PixelSize, appearance: &Appearance) -> [u8; UNIFORM_BYTES] {
    let cut = f32::from(appearance.overscan) / 100.0;
    let values = [
        cut,
        cut,
        1.0 - 2.0 * cut,
        1.0 - 2.0 * cut,
        1.0 / width as f32,
        1.0 / height as f32,
        f32::from(appearance.sharpness) / 100.0,
        f32::from(appearance.brightness) / 100.0,
        100.0 / f32::from(appearance.gamma.max(1)),
    ];
    let mut bytes = [0; UNIFORM_BYTES];
    for (to, value) in bytes.chunks_exact_mut(4).zip(values) {
        to.copy_from_slice(&value.to_le_bytes());
    }
    bytes
}

#[cfg(test)]
#[path = "effects/tests.rs"]
mod tests;
