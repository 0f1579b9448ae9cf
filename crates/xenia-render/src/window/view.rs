//! The open window: what it shows, and how.

use super::mailbox::Mailbox;
use super::meter::Meter;
use super::osd::{self, Messages, Shown};
use super::scaling::{Filter, Rectangle, place};
use super::text;
use super::{RenderError, WindowConfig};
use crate::present::{Layer, Presenter};
use std::sync::Arc;
use std::time::Duration;
use winit::dpi::LogicalSize;
use winit::event_loop::ActiveEventLoop;
use winit::window::{Fullscreen, Window};
use xenia_gpu::Frame;

/// Pixels between the window's border and what is written, times the display's multiple.
const BORDER: u32 = 8;

/// See the module's documentation.
pub(super) struct View {
    window: Arc<Window>,
    presenter: Presenter,
    name: String,
    title: String,
    pub(super) shown: Shown,
    /// The newest frame and its number, for screenshots.
    pub(super) frame: Option<(u64, Frame)>,
    pub(super) messages: Messages,
    pub(super) overlay: bool,
    overlay_lines: Vec<String>,
    message_lines: Vec<String>,
}

impl View {
    /// Opens the window.
    pub(super) fn open(event_loop: &ActiveEventLoop, config: &WindowConfig) -> Result<Self, RenderError> {
        let attributes = Window::default_attributes()
            .with_title(&config.title)
            .with_inner_size(LogicalSize::new(config.size.0, config.size.1))
            .with_fullscreen(config.full_screen.then_some(Fullscreen::Borderless(None)));
        let window = event_loop
            .create_window(attributes)
            .map_err(|error| RenderError::NoDisplay(error.to_string()))?;
        let window = Arc::new(window);
        let presenter = Presenter::new(window.clone(), event_loop.owned_display_handle(), config.vsync)?;
        let shown = Shown {
            window: presenter.size(),
            scaling: config.scaling,
            filter: config.filter,
            vsync: config.vsync,
            adapter: presenter.adapter().to_owned(),
            ..Shown::default()
        };
        let view = Self {
            window,
            presenter,
            name: config.title.clone(),
            title: config.title.clone(),
            shown,
            frame: None,
            messages: Messages::default(),
            overlay: config.overlay,
            overlay_lines: Vec::new(),
            message_lines: Vec::new(),
        };
        view.pointer();
        Ok(view)
    }

    /// The pointer is no part of a picture that fills the screen.
    fn pointer(&self) {
        self.window.set_cursor_visible(self.window.fullscreen().is_none());
    }

    /// Whether the window fills the screen.
    pub(super) fn is_full_screen(&self) -> bool {
        self.window.fullscreen().is_some()
    }

    /// Fills the screen, or no longer.
    pub(super) fn set_full_screen(&self, on: bool) {
        self.window.set_fullscreen(on.then_some(Fullscreen::Borderless(None)));
        self.pointer();
    }

    /// Follows the window's size.
    pub(super) fn resize(&mut self, width: u32, height: u32) {
        self.presenter.resize(width, height);
        self.shown.window = self.presenter.size();
        // The system may have changed that without being asked by us.
        self.pointer();
    }

    /// Waits for the display, or no longer.
    pub(super) fn set_vsync(&mut self, on: bool) {
        self.shown.vsync = on;
        self.presenter.set_vsync(on);
    }

    /// Shows a new frame.
    pub(super) fn take(&mut self, number: u64, frame: Frame, now: Duration) {
        let size = (frame.width, frame.height);
        if !self.presenter.set(Layer::Frame, size, &frame.rgba) {
            let text = format!("a frame of {} by {} pixels can't be shown", size.0, size.1);
            self.messages.say(now, text);
        }
        self.shown.frame = Some((number, size));
        self.frame = Some((number, frame));
        self.window.request_redraw();
    }

    /// Brings what is written up to date: title bar, overlay, messages.
    pub(super) fn refresh(&mut self, meter: &Meter, now: Duration) {
        let title = osd::title(&self.name, meter, &self.shown);
        if title != self.title {
            self.window.set_title(&title);
            self.title = title;
        }
        let lines = if self.overlay { osd::lines(meter, &self.shown) } else { Vec::new() };
        if lines != self.overlay_lines {
            self.write(Layer::Overlay, &lines);
            self.overlay_lines = lines;
        }
        self.messages.expire(now);
        let lines = self.messages.lines();
        if lines != self.message_lines {
            self.write(Layer::Messages, &lines);
            self.message_lines = lines;
        }
        self.window.request_redraw();
    }

    fn write(&mut self, layer: Layer, lines: &[String]) {
        if lines.is_empty() {
            self.presenter.clear(layer);
        } else {
            let panel = text::panel(lines, self.multiple());
            self.presenter.set(layer, (panel.width, panel.height), &panel.rgba);
        }
    }

    /// Pixels of the display for one of ours.
    fn multiple(&self) -> u32 {
        self.window.scale_factor().round().clamp(1.0, 8.0) as u32
    }

    /// Draws all of it.
    pub(super) fn redraw(&mut self) {
        let window = self.presenter.size();
        let border = BORDER * self.multiple();
        let mut places = Vec::with_capacity(3);
        if let Some(size) = self.presenter.layer_size(Layer::Frame) {
            places.push((Layer::Frame, place(size, window, self.shown.scaling), self.shown.filter));
        }
        if let Some((width, height)) = self.presenter.layer_size(Layer::Overlay) {
            let at = Rectangle { x: border, y: border, width, height };
            places.push((Layer::Overlay, at, Filter::Nearest));
        }
        if let Some((width, height)) = self.presenter.layer_size(Layer::Messages) {
            let y = window.1.saturating_sub(height + border);
            places.push((Layer::Messages, Rectangle { x: border, y, width, height }, Filter::Nearest));
        }
        if !self.presenter.draw(&places) {
            self.window.request_redraw();
        }
    }

    /// Whether `id` is this window.
    pub(super) fn is(&self, id: winit::window::WindowId) -> bool {
        self.window.id() == id
    }

    /// Says something, for a while.
    pub(super) fn say(&mut self, mailbox: &Mailbox, text: String) {
        self.messages.say(mailbox.now(), text);
    }
}
