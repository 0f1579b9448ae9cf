//! Presentation: draws the frame and the text layers on the window's surface.

mod effects;
mod pages;
mod picture;

use crate::window::RenderError;
use crate::window::appearance::Appearance;
use crate::window::scaling::{Filter, Rectangle};
use effects::Effects;
pub(crate) use pages::PageShapes;
use pages::Pages;
use picture::{Painter, Picture};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use winit::window::Window;

/// Layers of the window, from bottom to top.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layer {
    /// The machine's frame.
    Frame,
    /// The performance figures.
    Overlay,
    /// Messages of the window.
    Messages,
    /// State of the machine: paused, recording.
    Badges,
    /// Page of text: before the first frame, the list of keys, a crash report.
    Page,
}

impl Layer {
    /// All layers except the frame, from bottom to top.
    pub(crate) const TEXTS: [Self; 4] = [Self::Overlay, Self::Messages, Self::Badges, Self::Page];
    const COUNT: usize = 5;
}

/// Result of a drawing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presented {
    /// The layers are on the window, or the window is hidden.
    Shown,
    /// The surface was not ready, but will be at the next call.
    NotReady,
    /// The window is gone, or its device failed.
    Gone,
}

/// Surface of a window and the resources for drawing on it.
pub(crate) struct Presenter {
    surface: wgpu::Surface<'static>,
    host: wgpu::Adapter,
    /// Whether the device has reported an error.
    failed: Arc<AtomicBool>,
    device: wgpu::Device,
    queue: wgpu::Queue,
    config: wgpu::SurfaceConfiguration,
    painter: Painter,
    shader: wgpu::ShaderModule,
    /// Created when the frame is first drawn with one.
    effects: Option<Effects>,
    layers: [Option<Picture>; Layer::COUNT],
    /// Created when a page is first open.
    pages: Option<Pages>,
    adapter: String,
}

impl Presenter {
    /// Creates a device for `window`.
    pub(crate) fn new(
        window: Arc<Window>,
        display: winit::event_loop::OwnedDisplayHandle,
        vsync: bool,
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
        // Showing images needs few of the device's features, but the largest image size is the
        // device's.
        let descriptor = wgpu::DeviceDescriptor {
            required_limits: wgpu::Limits::downlevel_defaults().using_resolution(adapter.limits()),
            ..Default::default()
        };
        let (device, queue) = pollster::block_on(adapter.request_device(&descriptor))
            .map_err(|error| failed("no graphics device")(error.to_string()))?;
        // Without a handler, an error of the device (a window that was destroyed) is a panic.
        let is_failed = Arc::new(AtomicBool::new(false));
        let fails = is_failed.clone();
        device.on_uncaptured_error(Arc::new(move |error| {
            if !fails.swap(true, Relaxed) {
                tracing::error!(target: "gpu", "the window's graphics device failed: {error}");
            }
        }));
        let capabilities = surface.get_capabilities(&adapter);
        // Guest pixels are ready for display: a surface with another conversion to sRGB would be
        // too bright.
        let format = capabilities
            .formats
            .iter()
            .copied()
            .find(|format| !format.is_srgb())
            .or_else(|| capabilities.formats.first().copied())
            .ok_or_else(|| failed("no surface format")(String::new()))?;
        let most = device.limits().max_texture_dimension_2d;
        let mut config = surface
            .get_default_config(&adapter, size.width.clamp(1, most), size.height.clamp(1, most))
            .ok_or_else(|| failed("surface and adapter do not go together")(String::new()))?;
        config.format = format;
        config.present_mode = present_mode(vsync);
        let shader = picture::shader(&device);
        let painter = Painter::new(&device, &shader, format);
        let name = adapter.get_info().name;
        let mut this = Self {
            surface,
            host: adapter,
            failed: is_failed,
            device,
            queue,
            config,
            painter,
            shader,
            effects: None,
            layers: [const { None }; Layer::COUNT],
            pages: None,
            adapter: name,
        };
        if !this.configure() {
            return Err(failed("no surface")("the window is gone".to_owned()));
        }
        Ok(this)
    }

    /// Configures the surface. Returns false if the window is gone.
    fn configure(&mut self) -> bool {
        if self.surface.get_capabilities(&self.host).formats.is_empty() {
            self.failed.store(true, Relaxed);
        } else {
            self.surface.configure(&self.device, &self.config);
        }
        !self.failed.load(Relaxed)
    }

    /// Name of the host's graphics adapter.
    pub(crate) fn adapter(&self) -> &str {
        &self.adapter
    }

    /// Width and height of the surface.
    pub(crate) fn size(&self) -> (u32, u32) {
        (self.config.width, self.config.height)
    }

    /// Resizes the surface with the window.
    pub(crate) fn resize(&mut self, width: u32, height: u32) {
        if width > 0 && height > 0 {
            let most = self.device.limits().max_texture_dimension_2d;
            (self.config.width, self.config.height) = (width.min(most), height.min(most));
            self.configure();
        }
    }

    /// Turns vertical synchronisation on or off.
    pub(crate) fn set_vsync(&mut self, on: bool) {
        self.config.present_mode = present_mode(on);
        self.configure();
    }

    /// Replaces the image of a layer: width and height, and four bytes per pixel, rows from the
    /// top. Returns false, with an empty layer, if the device doesn't support the size.
    pub(crate) fn set(&mut self, layer: Layer, size: (u32, u32), rgba: &[u8]) -> bool {
        let most = self.device.limits().max_texture_dimension_2d;
        let slot = &mut self.layers[layer as usize];
        if [size.0, size.1].iter().any(|side| !(1..=most).contains(side)) {
            *slot = None;
            return false;
        }
        let fitting = slot.take().filter(|picture| picture.size() == size);
        let picture = fitting.unwrap_or_else(|| self.painter.picture(&self.device, size));
        picture.write(&self.queue, rgba);
        *slot = Some(picture);
        true
    }

    /// Clears a layer.
    pub(crate) fn clear(&mut self, layer: Layer) {
        self.layers[layer as usize] = None;
    }

    /// Width and height of a layer's image.
    pub(crate) fn layer_size(&self, layer: Layer) -> Option<(u32, u32)> {
        self.layers[layer as usize].as_ref().map(Picture::size)
    }

    /// Replaces the page over all layers.
    pub(crate) fn set_page(&mut self, shapes: PageShapes) {
        let pages = match self.pages.take() {
            Some(mut pages) => {
                pages.replace(shapes);
                pages
            }
            None => Pages::new(&self.device, self.config.format, shapes),
        };
        self.pages.insert(pages).upload(&self.device, &self.queue);
    }

    /// Removes the page.
    pub(crate) fn clear_page(&mut self) {
        if let Some(pages) = &mut self.pages {
            pages.clear();
        }
    }

    /// Draws the layers at their positions, and the frame with this appearance.
    pub(crate) fn draw(
        &mut self,
        places: &[(Layer, Rectangle, Filter)],
        appearance: &Appearance,
    ) -> Presented {
        use wgpu::CurrentSurfaceTexture as Current;
        if self.failed.load(Relaxed) {
            return Presented::Gone;
        }
        let target = match self.surface.get_current_texture() {
            Current::Success(target) | Current::Suboptimal(target) => target,
            Current::Outdated | Current::Lost => {
                return if self.configure() { Presented::NotReady } else { Presented::Gone };
            }
            // Hidden, or timed out: the system requests a redraw when the window is visible again.
            _ => return Presented::Shown,
        };
        let view = target.texture.create_view(&Default::default());
        let mut encoder = self.device.create_command_encoder(&Default::default());
        let mut effects = None;
        if let Some(frame) = &self.layers[Layer::Frame as usize]
            && !appearance.is_plain()
        {
            let (device, samplers) = (&self.device, self.painter.samplers());
            let made = self
                .effects
                .get_or_insert_with(|| Effects::new(device, &self.shader, self.config.format, samplers));
            made.prepare((device, &self.queue), &mut encoder, frame, appearance);
            effects = Some(&*made);
        }
        if let Some(pages) = &mut self.pages {
            let size = (self.config.width, self.config.height);
            pages.prepare((&self.device, &self.queue), &mut encoder, size);
        }
        {
            let mut pass = picture::pass(&mut encoder, "present", &view).forget_lifetime();
            let paint = |pass: &mut wgpu::RenderPass<'static>, of_page: bool| {
                for &(layer, at, filter) in places {
                    match (&self.layers[layer as usize], effects) {
                        // Messages are read over a page, too.
                        _ if (layer == Layer::Messages) != of_page => {}
                        (Some(frame), Some(effects)) if layer == Layer::Frame => {
                            effects.paint(&self.device, pass, frame, at, filter);
                        }
                        (Some(picture), _) => self.painter.paint(pass, picture, at, filter),
                        (None, _) => {}
                    }
                }
            };
            paint(&mut pass, false);
            if let Some(pages) = &self.pages {
                pages.paint(&mut pass);
                // Pages leave the area of their last shape.
                pass.set_scissor_rect(0, 0, self.config.width, self.config.height);
            }
            paint(&mut pass, true);
        }
        self.queue.submit([encoder.finish()]);
        self.queue.present(target);
        if self.failed.load(Relaxed) { Presented::Gone } else { Presented::Shown }
    }
}

fn present_mode(vsync: bool) -> wgpu::PresentMode {
    if vsync { wgpu::PresentMode::AutoVsync } else { wgpu::PresentMode::AutoNoVsync }
}
