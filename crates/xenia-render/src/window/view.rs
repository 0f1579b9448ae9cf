//! View: the open window and its contents.

use super::hotkeys::Hotkeys;
use super::icon::{WINDOW_ICON, icon};
use super::live;
use super::mailbox::{Mail, Mailbox};
use super::osd::{self, Messages, OsdState};
use super::page::{self, Phase};
use super::pages::WindowPages;
use super::scaling::{Filter, Rectangle, place};
use super::size::first_size;
use super::text;
use super::{RenderError, WindowConfig};
use crate::backend::Device;
use crate::backend::presenting::PictureTexture;
use crate::present::{Layer, Presented, Presenter};
use std::any::Any;
use std::sync::Arc;
use std::time::Duration;
use winit::dpi::PhysicalSize;
use winit::event::WindowEvent;
use winit::event_loop::ActiveEventLoop;
use winit::window::{Fullscreen, Icon, Window, WindowAttributes};
use xenia_gpu::SwapPicture;
use xenia_ui::{GUIDE, LiveSetting, MenuPage, PageCommand, PageModel};

/// Pixels between the window's border and text, times the display's scale.
const BORDER: u32 = 8;
/// Title bar of a window without a title.
const HOME_TITLE: &str = "library | xenia-rs";
/// Time limit for the system to make the window full screen.
const FULL_SCREEN_TIME: Duration = Duration::from_secs(1);
/// Pixels by which a full-screen window may be smaller than the screen, because of rounded sizes.
const ROUNDED: u32 = 8;

/// An open window with its [`Presenter`] and texts.
pub(super) struct View {
    window: Arc<Window>,
    presenter: Presenter,
    name: String,
    title: String,
    pub(super) shown: OsdState,
    /// Newest frame and its number, for screenshots.
    pub(super) frame: Option<(u64, SwapPicture)>,
    pub(super) messages: Messages,
    /// Whether the page of keys is shown.
    pub(super) help: bool,
    /// Whether no title is open.
    pub(super) is_home: bool,
    /// Whether the page of a machine that has stopped leads to the library.
    pub(super) returns_home: bool,
    pub(super) pages: WindowPages,
    badges: Vec<&'static str>,
    hotkeys: Hotkeys,
    /// Text of each text layer, and its scale.
    written: [(u32, Vec<String>); Layer::TEXTS.len()],
    /// Deadline of a requested switch to full screen.
    full_screen_by: Option<Duration>,
}

/// Adds the name by which desktops find the program's menu entry for a window (`WM_CLASS`), where
/// windows have one.
fn named(attributes: WindowAttributes) -> WindowAttributes {
    #[cfg(target_os = "linux")]
    let attributes = {
        const PROGRAM: &str = "xenia-rs";
        winit::platform::x11::WindowAttributesExtX11::with_name(attributes, PROGRAM, PROGRAM)
    };
    attributes
}

impl View {
    /// Opens the window.
    pub(super) fn open(event_loop: &ActiveEventLoop, config: &WindowConfig) -> Result<Self, RenderError> {
        let attributes = Window::default_attributes()
            .with_title(&config.title)
            .with_window_icon(Icon::from_rgba(icon(WINDOW_ICON), WINDOW_ICON, WINDOW_ICON).ok())
            .with_inner_size(first_size(event_loop, config.size))
            .with_fullscreen(config.full_screen.then_some(Fullscreen::Borderless(None)));
        let window =
            event_loop.create_window(named(attributes)).map_err(|error| RenderError::no_display(&error))?;
        let window = Arc::new(window);
        let (display, adapter) = (event_loop.owned_display_handle(), config.adapter.clone());
        let presenter = Presenter::new(window.clone(), display, (config.vsync, adapter))?;
        let shown = OsdState {
            window: presenter.size(),
            scaling: config.scaling,
            filter: config.filter,
            appearance: config.appearance,
            vsync: config.vsync,
            overlay: config.overlay,
            adapter: presenter.adapter().to_owned(),
            ..OsdState::default()
        };
        let view = Self {
            window,
            presenter,
            name: config.title.clone(),
            title: config.title.clone(),
            shown,
            frame: None,
            messages: Messages::default(),
            help: false,
            is_home: config.is_library,
            returns_home: config.is_library,
            pages: WindowPages::new(config.hotkeys.uses_button(GUIDE)),
            badges: config.badges.clone(),
            hotkeys: config.hotkeys.clone(),
            written: Default::default(),
            full_screen_by: None,
        };
        view.pointer();
        Ok(view)
    }

    /// Hides the pointer in full screen, unless a page can be operated by it.
    fn pointer(&self) {
        let is_visible = self.window.fullscreen().is_none() || self.pages.page().is_some();
        self.window.set_cursor_visible(is_visible);
    }

    /// Opens a page of the user interface.
    pub(super) fn open_page(&mut self, page: MenuPage) {
        self.pages.open(page, &self.window);
        self.pointer();
        self.window.request_redraw();
    }

    /// Closes the open page.
    pub(super) fn close_page(&mut self) {
        self.pages.close();
        self.presenter.clear_page();
        self.pointer();
        self.window.request_redraw();
    }

    /// Passes an event to the open page.
    pub(super) fn page_event(&mut self, event: &WindowEvent) {
        if self.pages.event(&self.window, event) {
            self.window.request_redraw();
        }
    }

    /// Requests a pass of the open page if one is due.
    pub(super) fn page_due(&mut self, now: Duration) {
        if self.pages.is_due(now) {
            self.window.request_redraw();
        }
    }

    /// Settings that act at once, with their values.
    pub(super) fn settings(&self, volume: live::SoundVolume) -> Vec<LiveSetting> {
        let full_screen = self.window.fullscreen().is_some();
        live::settings(&self.shown, live::Outside { volume, full_screen })
    }

    /// Runs the open page, and returns its commands.
    pub(super) fn run_page(&mut self, model: &PageModel, now: Duration) -> Vec<PageCommand> {
        let Some((shapes, commands)) = self.pages.run(&self.window, model, now) else { return Vec::new() };
        self.presenter.set_page(shapes);
        if !commands.is_empty() {
            // The page shows their effect.
            self.window.request_redraw();
        }
        commands
    }

    /// Name in the title bar.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Sets the name in the title bar.
    pub(super) fn set_name(&mut self, name: String) {
        self.name = name;
    }

    /// Whether the window fills the screen, since the system may refuse a request.
    pub(super) fn is_full_screen(&self) -> bool {
        let size = self.window.inner_size();
        let covers = |screen: PhysicalSize<u32>| {
            size.width + ROUNDED >= screen.width && size.height + ROUNDED >= screen.height
        };
        let screen = self.window.current_monitor().map(|monitor| monitor.size());
        self.window.fullscreen().is_some() && screen.is_none_or(covers)
    }

    /// Requests or leaves full screen.
    pub(super) fn set_full_screen(&mut self, on: bool, now: Duration) {
        self.window.set_fullscreen(on.then_some(Fullscreen::Borderless(None)));
        self.full_screen_by = on.then_some(now + FULL_SCREEN_TIME);
        self.pointer();
    }

    /// Gives up full screen if the system has not granted it in time.
    fn check_full_screen(&mut self, now: Duration) {
        if self.full_screen_by.is_none_or(|by| by > now) {
            return;
        }
        self.full_screen_by = None;
        if self.window.fullscreen().is_some() && !self.is_full_screen() {
            self.window.set_fullscreen(None);
            self.pointer();
            self.messages.say(now, "the window system does not let the window fill the screen".to_owned());
        }
    }

    /// Time of the next change without an event.
    pub(super) fn next_change(&self) -> Option<Duration> {
        let others = self.full_screen_by.into_iter().chain(self.pages.next_change());
        self.messages.next_end().into_iter().chain(others).min()
    }

    /// Handles a change of the window's size.
    pub(super) fn resize(&mut self, width: u32, height: u32) {
        self.presenter.resize(width, height);
        self.shown.window = self.presenter.size();
        // The system may have changed full screen without our request.
        self.pointer();
    }

    /// Turns vertical synchronisation on or off.
    pub(super) fn set_vsync(&mut self, on: bool) {
        self.shown.vsync = on;
        self.presenter.set_vsync(on);
    }

    /// Shows a new frame.
    pub(super) fn take(&mut self, number: u64, frame: SwapPicture, now: Duration) {
        let size = frame.size();
        if !self.show(&frame) {
            let text = format!("a frame of {} by {} pixels can't be shown", size.0, size.1);
            self.messages.say(now, text);
        }
        self.shown.frame = Some((number, size));
        self.frame = Some((number, frame));
        self.window.request_redraw();
    }

    /// Replaces the picture of the frame's layer. Returns false if it can't be shown.
    fn show(&mut self, frame: &SwapPicture) -> bool {
        if let SwapPicture::Device(picture) = frame
            && let Some(texture) = (&**picture as &dyn Any).downcast_ref::<PictureTexture>()
            && self.presenter.set_frame(texture)
        {
            return true;
        }
        let read = frame.read();
        read.is_some_and(|read| self.presenter.set(Layer::Frame, frame.size(), &read.rgba))
    }

    /// The window's graphics device, if a backend can use it.
    pub(super) fn device(&self) -> Option<Device> {
        self.presenter.device().cloned()
    }

    /// Shows the window with another graphics device, after the loss of the last one.
    fn reopen(&mut self) -> Result<(), RenderError> {
        self.presenter.reopen()?;
        let adapter = self.presenter.adapter();
        tracing::warn!(target: "gpu", adapter, "the window's graphics device was lost; reopened");
        adapter.clone_into(&mut self.shown.adapter);
        // Texts and pages are made anew. A frame that was on the lost device is gone.
        self.written = Default::default();
        let page = self.pages.page();
        self.pages = WindowPages::new(self.hotkeys.uses_button(GUIDE));
        if let Some(page) = page {
            self.pages.open(page, &self.window);
        }
        if let Some((_, frame)) = self.frame.clone()
            && matches!(frame, SwapPicture::Bytes(_))
        {
            self.show(&frame);
        }
        self.window.request_redraw();
        Ok(())
    }

    /// Drops the frame of a machine that has ended.
    pub(super) fn forget(&mut self) {
        self.presenter.clear(Layer::Frame);
        self.shown.frame = None;
        self.frame = None;
    }

    /// Updates the texts: title bar, figures, messages, badges, page.
    pub(super) fn refresh(&mut self, mail: &Mail, now: Duration) {
        self.check_full_screen(now);
        let Mail { meter, phase, stopped, dialog, .. } = mail;
        let doing = match (stopped, &self.frame) {
            (Some(_), _) => Some("stopped".to_owned()),
            // While the machine runs, the figures are more informative than the phase.
            (None, None) if !self.shown.paused || *phase != Phase::Running => Some(phase.words()),
            (None, _) => None,
        };
        let title = if self.is_home {
            HOME_TITLE.to_owned()
        } else {
            osd::title(&self.name, meter, &self.shown, doing.as_deref())
        };
        if title != self.title {
            self.window.set_title(&title);
            self.title = title;
        }
        self.messages.expire(now);
        let page = match (stopped, &self.frame) {
            _ if self.pages.page().is_some() => Vec::new(),
            _ if self.help => page::keys(&self.hotkeys, &mail.controller),
            (None, _) if dialog.is_some() => dialog.clone().unwrap_or_default(),
            (Some(why), _) => page::stopped(why, self.returns_home, &self.hotkeys),
            (None, None) => page::start(&self.name, *phase, meter, &self.hotkeys),
            (None, Some(_)) => Vec::new(),
        };
        let (columns, rows) = self.room(1);
        let texts = [
            // The page of a machine that has stopped is not to be covered.
            if stopped.is_some() { Vec::new() } else { osd::lines(meter, &self.shown, columns) },
            self.messages.lines(),
            osd::badges(&self.badges, &self.shown),
            page,
        ];
        for ((layer, lines), index) in Layer::TEXTS.into_iter().zip(texts).zip(0..) {
            // Pages have larger letters, if there is room.
            let (wide, high) = self.room(2);
            let is_short = lines.len() <= high && lines.iter().all(|line| line.chars().count() <= wide);
            let scale = if layer == Layer::Page && is_short { 2 } else { 1 };
            let written = (scale, text::fit(&lines, columns, rows));
            if written != self.written[index] {
                self.write(layer, scale, &written.1);
                self.written[index] = written;
            }
        }
        self.window.request_redraw();
    }

    fn write(&mut self, layer: Layer, scale: u32, lines: &[String]) {
        if lines.is_empty() {
            self.presenter.clear(layer);
        } else {
            let panel = text::panel(lines, self.multiple() * scale);
            self.presenter.set(layer, (panel.width, panel.height), &panel.rgba);
        }
    }

    /// Columns and lines of letters of this scale that fit in the window.
    fn room(&self, scale: u32) -> (usize, usize) {
        let (width, height) = self.presenter.size();
        let around = 2 * (BORDER + text::MARGIN);
        let inside = |side: u32, unit: u32| {
            ((side / (self.multiple() * scale)).saturating_sub(around) / unit) as usize
        };
        (inside(width, text::LETTER_WIDTH), inside(height, text::LINE_HEIGHT))
    }

    /// Display pixels per logical pixel, rounded.
    fn multiple(&self) -> u32 {
        self.window.scale_factor().round().clamp(1.0, 8.0) as u32
    }

    /// Redraws the window. Returns false if the window is gone. The mailbox gets the device that
    /// replaces a lost one.
    pub(super) fn redraw(&mut self, mailbox: &Mailbox) -> bool {
        let window = self.presenter.size();
        let border = BORDER * self.multiple();
        let mut places = Vec::with_capacity(1 + Layer::TEXTS.len());
        if let Some(size) = self.presenter.layer_size(Layer::Frame) {
            places.push((
                Layer::Frame,
                place(size, window, self.shown.scaling, self.shown.appearance.aspect),
                self.shown.filter,
            ));
        }
        for layer in Layer::TEXTS {
            let Some((width, height)) = self.presenter.layer_size(layer) else { continue };
            let (right, bottom) =
                (window.0.saturating_sub(width + border), window.1.saturating_sub(height + border));
            let (x, y) = match layer {
                Layer::Messages => (border, bottom),
                Layer::Badges => (right, border),
                Layer::Page => (window.0.saturating_sub(width) / 2, window.1.saturating_sub(height) / 2),
                Layer::Overlay | Layer::Frame => (border, border),
            };
            places.push((layer, Rectangle { x, y, width, height }, Filter::Nearest));
        }
        let drawn = self.presenter.draw(&places, &self.shown.appearance);
        match drawn {
            Presented::Shown => true,
            Presented::NotReady => {
                self.window.request_redraw();
                true
            }
            Presented::Lost => match self.reopen() {
                Ok(()) => {
                    mailbox.open().device = self.device();
                    true
                }
                Err(error) => {
                    tracing::error!(target: "gpu", %error, "the window's graphics device was lost");
                    false
                }
            },
            Presented::Gone => false,
        }
    }

    /// Whether `id` is this window.
    pub(super) fn is(&self, id: winit::window::WindowId) -> bool {
        self.window.id() == id
    }

    /// Requests that the window is drawn again.
    pub(super) fn request_redraw(&self) {
        self.window.request_redraw();
    }

    /// Shows a message for a while.
    pub(super) fn say(&mut self, mailbox: &Mailbox, text: String) {
        self.messages.say(mailbox.now(), text);
    }
}
