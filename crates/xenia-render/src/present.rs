//! Presentation: draws the frame, and pages and text over it, on the window's surface.

mod effects;
mod pages;
mod picture;

use crate::backend::device::WindowDevice;
use crate::backend::presenting::PictureTexture;
use crate::backend::{AdapterChoice, Device, make_instance};
use crate::error::RenderError;
use crate::picture::{Appearance, Filter, FramePacing, Rectangle};
use effects::Effects;
pub(crate) use pages::PageShapes;
use pages::Pages;
use picture::{Painter, Picture};
use std::sync::Arc;
use std::time::Duration;
use winit::window::Window;
use xenia_gpu::PixelSize;

/// Result of a drawing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presented {
    /// The frame is on the window, or the window is hidden.
    Shown,
    /// The surface was not ready, but may be at the next call.
    NotReady,
    /// The device refused a command. The frame, the effects and the pages were dropped: they may
    /// have had no memory. A panic at it takes a second: it may come from a loss that is not known.
    Failed,
    /// The graphics device is lost: another presenter can show the window.
    Lost,
    /// The window is gone, or its device refuses to show it.
    Gone,
}

/// Maximum number of drawings that fail one after another; then the window is given up.
const MAX_FAILED_DRAWINGS: u32 = 10;
/// Time from a refused configuration to the next drawing: the window system may be changing the
/// surface meanwhile.
const REFUSAL_PAUSE: Duration = Duration::from_millis(20);

/// Number of the last drawings that failed, one after another.
#[derive(Default)]
struct FailedDrawings(u32);

impl FailedDrawings {
    /// Notes a drawing; returns whether too many have failed.
    fn note(&mut self, is_drawn: bool) -> bool {
        self.0 = if is_drawn { 0 } else { self.0 + 1 };
        self.0 >= MAX_FAILED_DRAWINGS
    }
}

/// Surface of a window and the resources for drawing on it. The backend may use the same device, so
/// that pictures need no way through memory.
pub(crate) struct Presenter {
    window: Arc<Window>,
    /// Part of the adapter's name, if it was requested by name.
    named: Option<String>,
    instance: wgpu::Instance,
    /// `None` only while another one is made.
    surface: Option<wgpu::Surface<'static>>,
    /// Whether the device has refused to show the window.
    failed: bool,
    /// Error of the surface's last configuration: a device may refuse it while it is busy.
    configured: Result<(), String>,
    failed_drawings: FailedDrawings,
    has_warned: bool,
    device: Device,
    /// Offers the device to backends.
    shared: Arc<WindowDevice>,
    config: wgpu::SurfaceConfiguration,
    pacing: FramePacing,
    painter: Painter,
    shader: wgpu::ShaderModule,
    /// Created when the frame is first drawn with one.
    effects: Option<Effects>,
    /// The machine's frame.
    frame: Option<Picture>,
    /// Created when there is a page or text first.
    pages: Option<Pages>,
    adapter: String,
}

impl Presenter {
    /// Creates a device for `window`.
    pub(crate) fn new(
        window: Arc<Window>,
        display: winit::event_loop::OwnedDisplayHandle,
        pacing: FramePacing,
        named: Option<String>,
        shared: Arc<WindowDevice>,
    ) -> Result<Self, RenderError> {
        let instance = make_instance(wgpu::InstanceDescriptor::new_with_display_handle(Box::new(display)));
        Self::open(window, instance, named, pacing, shared)
    }

    /// Whether the device is lost.
    pub(crate) fn is_lost(&self) -> bool {
        self.device.is_lost()
    }

    /// Offers no device to backends until there is another one.
    pub(crate) fn withdraw(&self) {
        self.shared.offer(None);
    }

    /// Shows the window with another device, after the loss of this one, and offers that to
    /// backends. Drops the frame and the pages.
    pub(crate) fn reopen(&mut self) -> Result<(), RenderError> {
        // A window has one surface at a time, and the lost device may hold an image of this one.
        self.surface = None;
        let window = self.window.clone();
        let instance = self.instance.clone();
        let named = self.named.clone();
        let shared = self.shared.clone();
        *self = Self::open(window, instance, named, self.pacing, shared).inspect_err(|_| self.withdraw())?;
        Ok(())
    }

    fn open(
        window: Arc<Window>,
        instance: wgpu::Instance,
        named: Option<String>,
        pacing: FramePacing,
        shared: Arc<WindowDevice>,
    ) -> Result<Self, RenderError> {
        let size = window.inner_size();
        let surface = instance
            .create_surface(window.clone())
            .map_err(|error| failed("no surface")(error.to_string()))?;
        let choice = AdapterChoice { software: false, name: named.as_deref() };
        let opened = choice
            .find(&instance, Some(&surface))
            .and_then(|adapter| Device::for_window(adapter, choice, &shared))
            .map_err(|error| failed("the window:")(error.to_string()))?;
        let Device { device, adapter, .. } = &opened;
        let capabilities = surface.get_capabilities(adapter);
        let format =
            format_of(&capabilities.formats).ok_or_else(|| failed("no surface format")(String::new()))?;
        let most = device.limits().max_texture_dimension_2d;
        let mut config = surface
            .get_default_config(adapter, size.width.clamp(1, most), size.height.clamp(1, most))
            .ok_or_else(|| failed("surface and adapter do not go together")(String::new()))?;
        config.format = format;
        pacing.apply(&mut config, &capabilities.present_modes);
        let shader = picture::shader(device);
        let painter = Painter::new(device, &shader, format);
        let mut this = Self {
            adapter: adapter.get_info().name,
            window,
            named,
            instance,
            surface: Some(surface),
            failed: false,
            configured: Ok(()),
            failed_drawings: FailedDrawings::default(),
            has_warned: false,
            device: opened,
            shared,
            config,
            pacing,
            painter,
            shader,
            effects: None,
            frame: None,
            pages: None,
        };
        if !this.configure() {
            return Err(failed("no surface")("the window is gone".to_owned()));
        }
        // A device that is lost already is replaced at the first drawing.
        if let Err(error) = &this.configured
            && !this.is_lost()
        {
            return Err(failed("the window's surface is not configured:")(error.clone()));
        }
        this.shared.offer(Some(&this.device).filter(|device| device.can_draw()).cloned());
        Ok(this)
    }

    /// Configures the surface. Returns false if the window is gone, or was given up. An error
    /// counts as a failed drawing, after which the next drawing configures the surface.
    fn configure(&mut self) -> bool {
        let exists =
            |surface: &&wgpu::Surface<'_>| !surface.get_capabilities(&self.device.adapter).formats.is_empty();
        match self.surface.as_ref().filter(exists) {
            // Without a scope, an error (a window that was destroyed) would be the backend's.
            Some(surface) => {
                self.configured = self.device.configure(surface, &self.config);
                if let Err(error) = self.configured.clone()
                    && !self.device.is_lost()
                {
                    tracing::debug!(target: "gpu", "the window's surface is not configured: {error}");
                    if self.failed_drawings.note(false) {
                        self.note(Err(error));
                    }
                }
            }
            None => self.failed = true,
        }
        !self.failed
    }

    /// Notes an error of the device, unless it is lost.
    fn note(&mut self, done: Result<(), String>) {
        if let Err(error) = done
            && !self.device.is_lost()
            && !std::mem::replace(&mut self.failed, true)
        {
            tracing::error!(target: "gpu", "the window's graphics device failed: {error}");
        }
    }

    /// Name of the host's graphics adapter.
    pub(crate) fn adapter(&self) -> &str {
        &self.adapter
    }

    /// Size of the surface.
    pub(crate) fn size(&self) -> PixelSize {
        PixelSize::new(self.config.width, self.config.height)
    }

    /// Resizes the surface with the window.
    pub(crate) fn resize(&mut self, width: u32, height: u32) {
        if width > 0 && height > 0 {
            let most = self.device.device.limits().max_texture_dimension_2d;
            self.config.width = width.min(most);
            self.config.height = height.min(most);
            self.configure();
        }
    }

    /// Sets when frames are shown.
    pub(crate) fn set_pacing(&mut self, pacing: FramePacing) {
        self.pacing = pacing;
        if let Some(surface) = &self.surface {
            let modes = surface.get_capabilities(&self.device.adapter).present_modes;
            pacing.apply(&mut self.config, &modes);
        }
        self.configure();
    }

    /// Replaces the frame: its size, and four bytes per pixel, rows from the top. Returns false,
    /// without a frame, if the device doesn't support the size or has no memory for it.
    pub(crate) fn set(&mut self, size: PixelSize, rgba: &[u8]) -> bool {
        let most = self.device.device.limits().max_texture_dimension_2d;
        if [size.width, size.height].iter().any(|side| !(1..=most).contains(side)) {
            self.frame = None;
            return false;
        }
        let fitting = self.frame.take().filter(|picture| picture.size() == size);
        let made =
            fitting.map_or_else(|| self.device.attempt(|device| self.painter.picture(device, size)), Ok);
        let Ok(picture) = made else { return false };
        picture.write(&self.device.queue, rgba);
        self.frame = Some(picture);
        true
    }

    /// Replaces the frame by a picture on the device. Returns false if that is another device.
    pub(crate) fn set_frame(&mut self, picture: &PictureTexture) -> bool {
        let Some(texture) = picture.texture_on(&self.device) else { return false };
        self.frame = Some(self.painter.picture_of(&self.device.device, texture.clone()));
        true
    }

    /// Removes the frame.
    pub(crate) fn clear(&mut self) {
        self.frame = None;
    }

    /// Size of the frame.
    pub(crate) fn frame_size(&self) -> Option<PixelSize> {
        self.frame.as_ref().map(Picture::size)
    }

    /// Replaces the page and the texts over the frame.
    pub(crate) fn set_page(&mut self, shapes: PageShapes) {
        let pages = match self.pages.take() {
            Some(mut pages) => {
                pages.replace(shapes);
                pages
            }
            None => Pages::new(&self.device.device, self.config.format, shapes),
        };
        self.pages.insert(pages).upload(&self.device.device, &self.device.queue);
    }

    /// Draws the frame at this place and with this appearance, and the layers over it.
    pub(crate) fn draw(&mut self, place: Option<(Rectangle, Filter)>, appearance: &Appearance) -> Presented {
        use wgpu::CurrentSurfaceTexture as Current;
        if self.failed {
            return Presented::Gone;
        }
        if self.device.is_lost() {
            return Presented::Lost;
        }
        if self.configured.is_err() && !self.configure() {
            return Presented::Gone;
        }
        if self.configured.is_err() {
            std::thread::sleep(REFUSAL_PAUSE);
            return Presented::NotReady;
        }
        let Some(surface) = &self.surface else { return Presented::Gone };
        let target = match surface.get_current_texture() {
            Current::Success(target) | Current::Suboptimal(target) => target,
            Current::Outdated | Current::Lost => {
                return if self.configure() { Presented::NotReady } else { Presented::Gone };
            }
            // Hidden, or timed out: the system requests a redraw when the window is visible again.
            _ => return Presented::Shown,
        };
        // The wait for the image may have been long.
        if self.device.is_lost() {
            return Presented::Lost;
        }
        let shared = self.device.clone();
        let drawn = shared.attempt(|_| self.draw_on(target, place, appearance));
        if self.device.is_lost() {
            return Presented::Lost;
        }
        let is_too_much = self.failed_drawings.note(drawn.is_ok());
        let Err(error) = drawn else { return Presented::Shown };
        if is_too_much {
            self.note(Err(error));
            return Presented::Gone;
        }
        if !std::mem::replace(&mut self.has_warned, true) {
            tracing::warn!(target: "gpu", "the window could not be drawn once: {error}");
        }
        self.frame = None;
        self.effects = None;
        self.pages = None;
        // A panic has kept the surface's image: the next drawing makes a swapchain with all of its
        // own.
        self.configured = Err(error);
        Presented::Failed
    }

    /// Draws on the surface's image, and presents it.
    fn draw_on(
        &mut self,
        target: wgpu::SurfaceTexture,
        place: Option<(Rectangle, Filter)>,
        appearance: &Appearance,
    ) {
        let view = target.texture.create_view(&Default::default());
        let Device { device, queue, .. } = &self.device;
        let mut encoder = device.create_command_encoder(&Default::default());
        let mut effects = None;
        if let Some(frame) = &self.frame
            && !appearance.is_plain()
        {
            let samplers = self.painter.samplers();
            let made = self
                .effects
                .get_or_insert_with(|| Effects::new(device, &self.shader, self.config.format, samplers));
            made.prepare(&self.device, &mut encoder, frame, appearance);
            effects = Some(&*made);
        }
        if let Some(pages) = &mut self.pages {
            let size = PixelSize::new(self.config.width, self.config.height);
            pages.prepare(&self.device, &mut encoder, size);
        }
        {
            let mut pass = picture::pass(&mut encoder, "present", &view).forget_lifetime();
            match (&self.frame, place, effects) {
                (Some(frame), Some((at, filter)), Some(effects)) => {
                    effects.paint(device, &mut pass, frame, at, filter);
                }
                (Some(frame), Some((at, filter)), None) => self.painter.paint(&mut pass, frame, at, filter),
                _ => {}
            }
            if let Some(pages) = &self.pages {
                pages.paint(&mut pass);
            }
        }
        queue.submit([encoder.finish()]);
        queue.present(target);
    }
}

/// Format of a surface that has these. Guest pixels are ready for display: a surface with another
/// conversion to sRGB would be too bright.
fn format_of(formats: &[wgpu::TextureFormat]) -> Option<wgpu::TextureFormat> {
    formats.iter().copied().find(|format| !format.is_srgb()).or_else(|| formats.first().copied())
}

/// An error of the device, with the system's reason.
fn failed(what: &'static str) -> impl Fn(String) -> RenderError {
    move |reason| RenderError::Device { what, reason }
}

impl FramePacing {
    /// Sets the mode and the latency of a surface that has these modes.
    fn apply(self, config: &mut wgpu::SurfaceConfiguration, modes: &[wgpu::PresentMode]) {
        config.present_mode = self.mode(modes);
        config.desired_maximum_frame_latency = self.latency(config.present_mode);
    }

    /// Mode of a surface that has these.
    fn mode(self, modes: &[wgpu::PresentMode]) -> wgpu::PresentMode {
        use wgpu::PresentMode::{AutoNoVsync, AutoVsync, Immediate, Mailbox};
        let has = |mode| modes.contains(&mode);
        // Without synchronisation, mailbox is the nearest to frames that are shown at once.
        if self.low_latency && has(Mailbox) && (self.vsync || !has(Immediate)) {
            Mailbox
        } else if self.vsync {
            AutoVsync
        } else {
            AutoNoVsync
        }
    }

    /// Refreshes between the drawing and the showing of a frame in a mode. Mailbox needs three
    /// images: one is shown, one waits, and one is drawn to replace the latter.
    fn latency(self, mode: wgpu::PresentMode) -> u32 {
        if self.low_latency && mode != wgpu::PresentMode::Mailbox { 1 } else { 2 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_failures_in_a_row_give_the_window_up() {
        let mut failures = FailedDrawings::default();
        for is_drawn in [[false; 9], [true; 9], [false; 9]].concat() {
            assert!(!failures.note(is_drawn));
        }
        assert!(failures.note(false));
    }

    #[test]
    fn low_latency_takes_the_newest_frame_where_it_can() {
        use wgpu::PresentMode::{AutoNoVsync, AutoVsync, Fifo, Immediate, Mailbox};
        let modes = [Fifo, Mailbox, Immediate];
        for (vsync, low_latency, modes, expected, latency) in [
            (true, false, &modes[..], AutoVsync, 2),
            (true, true, &modes[..], Mailbox, 2),
            (true, true, &modes[..1], AutoVsync, 1),
            (false, true, &modes[..], AutoNoVsync, 1),
            (false, true, &modes[..2], Mailbox, 2),
            (false, false, &modes[..2], AutoNoVsync, 2),
        ] {
            let pacing = FramePacing { vsync, low_latency };
            assert_eq!((pacing.mode(modes), pacing.latency(expected)), (expected, latency));
        }
    }
}
