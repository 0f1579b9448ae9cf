//! One texture, one full-screen triangle: a frame on a window's surface.

use crate::window::RenderError;
use std::sync::Arc;
use winit::window::Window;
use xenia_gpu::Frame;

/// Draws the frame's texture over the part of the surface that keeps its aspect ratio.
const SHADER: &str = "
@group(0) @binding(0) var frame: texture_2d<f32>;
@group(0) @binding(1) var smooth_sampler: sampler;

struct Corner {
    @builtin(position) position: vec4<f32>,
    @location(0) uv: vec2<f32>,
}

@vertex
fn corner(@builtin(vertex_index) index: u32) -> Corner {
    let uv = vec2<f32>(f32((index << 1u) & 2u), f32(index & 2u));
    return Corner(vec4<f32>(uv.x * 2.0 - 1.0, 1.0 - uv.y * 2.0, 0.0, 1.0), uv);
}

@fragment
fn pixel(corner: Corner) -> @location(0) vec4<f32> {
    return vec4<f32>(textureSample(frame, smooth_sampler, corner.uv).rgb, 1.0);
}
";

/// A window's surface and what is needed to draw on it.
pub(crate) struct Presenter {
    surface: wgpu::Surface<'static>,
    device: wgpu::Device,
    queue: wgpu::Queue,
    config: wgpu::SurfaceConfiguration,
    pipeline: wgpu::RenderPipeline,
    sampler: wgpu::Sampler,
    shown: Option<Shown>,
}

/// The texture of the newest frame.
struct Shown {
    texture: wgpu::Texture,
    bind_group: wgpu::BindGroup,
    width: u32,
    height: u32,
}

impl Presenter {
    /// Makes a device for `window`.
    pub(crate) fn new(
        window: Arc<Window>,
        display: winit::event_loop::OwnedDisplayHandle,
    ) -> Result<Self, RenderError> {
        let failed = |what: &'static str| move |reason: String| RenderError::Device { what, reason };
        let instance =
            wgpu::Instance::new(wgpu::InstanceDescriptor::new_with_display_handle(Box::new(display)));
        let size = window.inner_size();
        let surface =
            instance.create_surface(window).map_err(|error| failed("no surface")(error.to_string()))?;
        let adapter = pollster::block_on(instance.request_adapter(&wgpu::RequestAdapterOptions {
            compatible_surface: Some(&surface),
            ..Default::default()
        }))
        .map_err(|error| failed("no graphics adapter")(error.to_string()))?;
        let (device, queue) = pollster::block_on(adapter.request_device(&wgpu::DeviceDescriptor::default()))
            .map_err(|error| failed("no graphics device")(error.to_string()))?;
        let capabilities = surface.get_capabilities(&adapter);
        // Guest pixels are display-ready: a surface that converts to sRGB once more would be too bright.
        let format = capabilities
            .formats
            .iter()
            .copied()
            .find(|format| !format.is_srgb())
            .or_else(|| capabilities.formats.first().copied())
            .ok_or_else(|| failed("no surface format")(String::new()))?;
        let mut config = surface
            .get_default_config(&adapter, size.width.max(1), size.height.max(1))
            .ok_or_else(|| failed("surface and adapter do not go together")(String::new()))?;
        config.format = format;
        config.present_mode = wgpu::PresentMode::AutoVsync;
        surface.configure(&device, &config);
        let shader = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some("present"),
            source: wgpu::ShaderSource::Wgsl(SHADER.into()),
        });
        let pipeline = device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
            label: Some("present"),
            layout: None,
            vertex: wgpu::VertexState {
                module: &shader,
                entry_point: Some("corner"),
                compilation_options: Default::default(),
                buffers: &[],
            },
            primitive: Default::default(),
            depth_stencil: None,
            multisample: Default::default(),
            fragment: Some(wgpu::FragmentState {
                module: &shader,
                entry_point: Some("pixel"),
                compilation_options: Default::default(),
                targets: &[Some(format.into())],
            }),
            multiview_mask: None,
            cache: None,
        });
        let sampler = device.create_sampler(&wgpu::SamplerDescriptor {
            mag_filter: wgpu::FilterMode::Linear,
            min_filter: wgpu::FilterMode::Linear,
            ..Default::default()
        });
        Ok(Self { surface, device, queue, config, pipeline, sampler, shown: None })
    }

    /// Follows the window's size.
    pub(crate) fn resize(&mut self, width: u32, height: u32) {
        if width > 0 && height > 0 {
            (self.config.width, self.config.height) = (width, height);
            self.surface.configure(&self.device, &self.config);
        }
    }

    /// Takes over a new frame.
    pub(crate) fn upload(&mut self, frame: &Frame) {
        if self.shown.as_ref().is_none_or(|s| (s.width, s.height) != (frame.width, frame.height)) {
            self.shown = Some(self.texture(frame.width, frame.height));
        }
        let Some(shown) = &self.shown else { return };
        self.queue.write_texture(
            shown.texture.as_image_copy(),
            &frame.rgba,
            wgpu::TexelCopyBufferLayout {
                offset: 0,
                bytes_per_row: Some(frame.width * 4),
                rows_per_image: None,
            },
            shown.texture.size(),
        );
    }

    fn texture(&self, width: u32, height: u32) -> Shown {
        let texture = self.device.create_texture(&wgpu::TextureDescriptor {
            label: Some("frame"),
            size: wgpu::Extent3d { width, height, depth_or_array_layers: 1 },
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: wgpu::TextureFormat::Rgba8Unorm,
            usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
            view_formats: &[],
        });
        let bind_group = self.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("frame"),
            layout: &self.pipeline.get_bind_group_layout(0),
            entries: &[
                wgpu::BindGroupEntry {
                    binding: 0,
                    resource: wgpu::BindingResource::TextureView(&texture.create_view(&Default::default())),
                },
                wgpu::BindGroupEntry { binding: 1, resource: wgpu::BindingResource::Sampler(&self.sampler) },
            ],
        });
        Shown { texture, bind_group, width, height }
    }

    /// Draws the newest frame; a surface that is not ready is skipped, the next redraw tries again.
    pub(crate) fn draw(&mut self) {
        use wgpu::CurrentSurfaceTexture as Current;
        let target = match self.surface.get_current_texture() {
            Current::Success(target) | Current::Suboptimal(target) => target,
            Current::Outdated | Current::Lost => {
                self.surface.configure(&self.device, &self.config);
                return;
            }
            _ => return,
        };
        let view = target.texture.create_view(&Default::default());
        let mut encoder = self.device.create_command_encoder(&Default::default());
        {
            let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
                label: Some("present"),
                color_attachments: &[Some(wgpu::RenderPassColorAttachment {
                    view: &view,
                    depth_slice: None,
                    resolve_target: None,
                    ops: wgpu::Operations {
                        load: wgpu::LoadOp::Clear(wgpu::Color::BLACK),
                        store: wgpu::StoreOp::Store,
                    },
                })],
                ..Default::default()
            });
            if let Some(shown) = &self.shown {
                let (x, y, width, height) =
                    letterbox((shown.width, shown.height), (self.config.width, self.config.height));
                pass.set_viewport(x, y, width, height, 0.0, 1.0);
                pass.set_pipeline(&self.pipeline);
                pass.set_bind_group(0, &shown.bind_group, &[]);
                pass.draw(0..3, 0..1);
            }
        }
        self.queue.submit([encoder.finish()]);
        self.queue.present(target);
    }
}

/// The largest rectangle of the frame's aspect ratio in the middle of the window: x, y, width, height.
fn letterbox(frame: (u32, u32), window: (u32, u32)) -> (f32, f32, f32, f32) {
    let (window_width, window_height) = (window.0 as f32, window.1 as f32);
    let scale = (window_width / frame.0 as f32).min(window_height / frame.1 as f32);
    let (width, height) = (frame.0 as f32 * scale, frame.1 as f32 * scale);
    ((window_width - width) / 2.0, (window_height - height) / 2.0, width, height)
}

#[cfg(test)]
mod tests {
    use super::letterbox;

    #[test]
    fn the_aspect_ratio_is_kept() {
        assert_eq!(letterbox((1280, 720), (1280, 720)), (0.0, 0.0, 1280.0, 720.0));
        assert_eq!(letterbox((1280, 720), (2560, 1600)), (0.0, 80.0, 2560.0, 1440.0));
        assert_eq!(letterbox((640, 480), (1280, 480)), (320.0, 0.0, 640.0, 480.0));
    }
}
