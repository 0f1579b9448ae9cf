//! View: the open window and its contents: the newest frame, the open page, texts, figures.
//!
//! It has no access to the machine; [`super::events`] connects both through the mailbox.

mod contents;
mod lost_device;

use super::hotkeys::Hotkeys;
use super::icon::{WINDOW_ICON, icon};
use super::live;
use super::mailbox::{Mail, Mailbox, NumberedPicture};
use super::osd::{self, Messages, OsdState};
use super::page::{self, Phase, Stopped};
use super::pages::WindowPages;
use super::pointer::RestingPointer;
use super::size::first_size;
use super::{WindowConfig, WindowPlace};
use crate::backend::device::WindowDevice;
use crate::backend::presenting::PictureTexture;
use crate::error::RenderError;
use crate::picture::{FramePacing, PictureChange, PictureSettings, place};
use crate::present::{Presented, Presenter};
use contents::ShownContents;
use std::any::Any;
use std::sync::Arc;
use std::time::Duration;
use winit::dpi::PhysicalSize;
use winit::event::WindowEvent;
use winit::event_loop::ActiveEventLoop;
use winit::window::{Fullscreen, Icon, Window, WindowAttributes};
use xenia_gpu::SwapPicture;
use xenia_ui::{GUIDE, LiveSetting, MenuPage, OverlayText, PageCommand, PageModel, StoppedModel};

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
    pub(super) osd: OsdState,
    /// Newest frame, for screenshots.
    pub(super) frame: Option<NumberedPicture>,
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
    /// Whether other windows cover all of it, as far as the system reports.
    is_occluded: bool,
    pointer: RestingPointer,
    /// Deadline of a requested switch to full screen.
    full_screen_by: Option<Duration>,
    /// Upper left corner on the desktop in pixels, once the system has reported it.
    position: Option<(i32, i32)>,
    place: Option<WindowPlace>,
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
    /// Opens the window, whose device backends share.
    pub(super) fn open(
        event_loop: &ActiveEventLoop,
        config: &WindowConfig,
        shared: Arc<WindowDevice>,
    ) -> Result<Self, RenderError> {
        let attributes = Window::default_attributes()
            .with_title(&config.title)
            .with_window_icon(Icon::from_rgba(icon(WINDOW_ICON), WINDOW_ICON, WINDOW_ICON).ok())
            .with_inner_size(first_size(event_loop, config.size))
            .with_fullscreen(config.full_screen.then_some(Fullscreen::Borderless(None)));
        let attributes = match config.place {
            Some(place) => place.apply(event_loop, attributes),
            None => attributes,
        };
        let window =
            event_loop.create_window(named(attributes)).map_err(|error| RenderError::no_display(&error))?;
        let window = Arc::new(window);
        let display = event_loop.owned_display_handle();
        let adapter = config.adapter.clone();
        let presenter = Presenter::new(window.clone(), display, config.pacing, adapter, shared)?;
        let osd = OsdState {
            window: presenter.size(),
            scaling: config.scaling,
            filter: config.filter,
            appearance: config.appearance,
            pacing: config.pacing,
            overlay: config.overlay,
            theme: config.theme,
            adapter: presenter.adapter().to_owned(),
            ..OsdState::default()
        };
        let view = Self {
            window,
            presenter,
            name: config.title.clone(),
            title: config.title.clone(),
            osd,
            frame: None,
            messages: Messages::default(),
            help: false,
            is_home: config.is_library,
            returns_home: config.is_library,
            pages: WindowPages::new(config.hotkeys.uses_button(GUIDE)),
            badges: config.badges.clone(),
            hotkeys: config.hotkeys.clone(),
            is_occluded: false,
            pointer: RestingPointer::default(),
            full_screen_by: None,
            position: None,
            place: None,
        };
        view.show_pointer();
        Ok(view)
    }

    /// Hides the pointer in full screen and while it rests, unless a page or a dialog can be
    /// operated by it.
    fn show_pointer(&self) {
        let is_operated = self.pages.page().is_some() || self.pages.has_dialog();
        let is_used = self.window.fullscreen().is_none() && self.pointer.is_shown();
        self.window.set_cursor_visible(is_used || is_operated);
    }

    /// Notes that the pointer has moved over the window.
    pub(super) fn note_pointer(&mut self, now: Duration) {
        if self.pointer.note_move(now) {
            self.show_pointer();
        }
    }

    /// Opens a page of the user interface.
    pub(super) fn open_page(&mut self, page: MenuPage) {
        self.pages.open(page, &self.window);
        self.show_pointer();
        self.window.request_redraw();
    }

    /// Closes the open page.
    pub(super) fn close_page(&mut self) {
        self.pages.close();
        self.show_pointer();
        self.window.request_redraw();
    }

    /// Passes an event to the open page.
    pub(super) fn page_event(&mut self, event: &WindowEvent) {
        if self.pages.event(&self.window, event) {
            self.window.request_redraw();
        }
    }

    /// Passes an event to the console's dialog, if one is shown.
    pub(super) fn dialog_event(&mut self, event: &WindowEvent) {
        if self.pages.dialog_event(&self.window, event) {
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
        live::settings(&self.osd, live::Outside { volume, full_screen })
    }

    /// Whether the open page or the texts must be redrawn.
    pub(super) fn needs_pass(&self) -> bool {
        self.pages.needs_pass(self.presenter.size(), self.window.scale_factor())
    }

    /// Runs a pass of the open page and of the texts, and returns the page's commands.
    pub(super) fn run_page(&mut self, model: &PageModel, now: Duration) -> Vec<PageCommand> {
        let size = self.presenter.size();
        let (shapes, commands) = self.pages.run(&self.window, size, self.osd.theme, model, now);
        self.presenter.set_page(shapes);
        if !commands.is_empty() {
            // The page shows their effect.
            self.window.request_redraw();
        }
        commands
    }

    /// The page of a machine that has stopped.
    pub(super) fn stopped(&self, why: &Stopped) -> StoppedModel {
        page::stopped(why, self.returns_home, &self.hotkeys)
    }

    /// Last place on the desktop that did not fill the screen; `None` if the system reported none.
    pub(super) fn place(&self) -> Option<WindowPlace> {
        self.place
    }

    /// Notes the window's place, after it has changed.
    fn note_place(&mut self) {
        self.place = WindowPlace::of(&self.window, self.presenter.size(), self.position).or(self.place);
    }

    /// Handles a change of the window's position.
    pub(super) fn note_move(&mut self, x: i32, y: i32) {
        if self.window.fullscreen().is_none() {
            self.position = Some((x, y));
            self.note_place();
        }
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
        self.show_pointer();
    }

    /// Gives up full screen if the system has not granted it in time.
    fn check_full_screen(&mut self, now: Duration) {
        if self.full_screen_by.is_none_or(|by| by > now) {
            return;
        }
        self.full_screen_by = None;
        if self.window.fullscreen().is_some() && !self.is_full_screen() {
            self.window.set_fullscreen(None);
            self.show_pointer();
            self.messages.say(now, "the window system does not let the window fill the screen".to_owned());
        }
    }

    /// Time of the next change without an event.
    pub(super) fn next_change(&self) -> Option<Duration> {
        let others = self.full_screen_by.into_iter().chain(self.pages.next_change());
        let others = others.chain(self.pointer.next_change());
        self.messages.next_end().into_iter().chain(others).min()
    }

    /// Handles a change of the window's size.
    pub(super) fn resize(&mut self, width: u32, height: u32) {
        self.presenter.resize(width, height);
        self.osd.window = self.presenter.size();
        self.note_place();
        // The system may have changed full screen without our request.
        self.show_pointer();
    }

    /// Shows frames by the settings of another title, or of the library.
    pub(super) fn change_picture(&mut self, change: PictureChange) {
        let OsdState { scaling, filter, appearance, pacing, .. } = self.osd;
        let now = change.apply(PictureSettings { scaling, filter, appearance, pacing });
        self.osd.scaling = now.scaling;
        self.osd.filter = now.filter;
        self.osd.appearance = now.appearance;
        if now.pacing != pacing {
            self.set_pacing(now.pacing);
        }
    }

    /// Sets when frames are shown.
    pub(super) fn set_pacing(&mut self, pacing: FramePacing) {
        self.osd.pacing = pacing;
        self.presenter.set_pacing(pacing);
    }

    /// Shows a new frame.
    pub(super) fn take(&mut self, frame: NumberedPicture, now: Duration) {
        let size = frame.picture.size();
        if !self.show(&frame.picture) {
            let text = format!("a frame of {} by {} pixels can't be shown", size.width, size.height);
            self.messages.say(now, text);
        }
        self.osd.frame = Some((frame.number, size));
        self.frame = Some(frame);
        self.window.request_redraw();
    }

    /// Replaces the frame that is shown. Returns false if it can't be shown.
    fn show(&mut self, frame: &SwapPicture) -> bool {
        if let SwapPicture::Device(picture) = frame
            && let Some(texture) = (&**picture as &dyn Any).downcast_ref::<PictureTexture>()
            && self.presenter.set_frame(texture)
        {
            return true;
        }
        let read = frame.read();
        read.is_some_and(|read| self.presenter.set(frame.size(), &read.rgba))
    }

    /// Drops the frame of a machine that has ended.
    pub(super) fn forget(&mut self) {
        self.presenter.clear();
        self.osd.frame = None;
        self.frame = None;
    }

    /// Updates the texts: title bar, figures, messages, badges, page.
    ///
    /// The mailbox is not locked while the window is changed. Where the display has ended, libX11
    /// ends the process in that call, and its end waits for the machine, which may wait for the
    /// mailbox.
    pub(super) fn refresh(&mut self, mailbox: &Mailbox) {
        let now = mailbox.now();
        self.check_full_screen(now);
        self.messages.expire(now);
        if self.pointer.expire(now) {
            self.show_pointer();
        }
        let (title, text) = self.texts(&mailbox.open());
        if title != self.title {
            self.window.set_title(&title);
            self.title = title;
        }
        let had_dialog = self.pages.has_dialog();
        self.pages.set_text(text);
        if self.pages.has_dialog() != had_dialog {
            self.show_pointer();
        }
        self.window.request_redraw();
    }

    /// The text of the title bar, and the texts outside of pages.
    fn texts(&self, mail: &Mail) -> (String, OverlayText) {
        let Mail { meter, phase, stopped, dialog, .. } = mail;
        let is_stopped = stopped.is_some();
        let doing = if is_stopped {
            Some("stopped".to_owned())
        } else {
            // While the machine runs, the figures are more informative than the phase.
            let shows_phase = self.frame.is_none() && (!self.osd.paused || *phase != Phase::Running);
            shows_phase.then(|| phase.words())
        };
        let title = if self.is_home {
            HOME_TITLE.to_owned()
        } else {
            osd::title(&self.name, meter, &self.osd, doing.as_deref())
        };
        let shown = self.shown(mail);
        let middle = match shown {
            ShownContents::Keys => page::keys(&self.hotkeys, &mail.controller),
            ShownContents::Start => page::start(&self.name, *phase, meter, &self.hotkeys),
            ShownContents::Page | ShownContents::Stopped | ShownContents::Dialog | ShownContents::Frame => {
                Vec::new()
            }
        };
        let width = f64::from(self.presenter.size().width) / self.window.scale_factor();
        let text = OverlayText {
            // Figures would cover the page of a stopped machine, or that of the keys.
            figures: if is_stopped || self.help { Vec::new() } else { osd::lines(meter, &self.osd, width) },
            badges: osd::badges(&self.badges, &self.osd),
            middle,
            dialog: dialog.clone().filter(|_| shown == ShownContents::Dialog),
            messages: self.messages.lines(),
        };
        (title, text)
    }

    /// Notes whether other windows cover all of this one: it is not drawn while they do.
    pub(super) fn set_occluded(&mut self, is_occluded: bool) {
        self.is_occluded = is_occluded;
        self.window.request_redraw();
    }

    /// Redraws the window unless it is covered. Returns false if the window is gone.
    pub(super) fn redraw(&mut self) -> bool {
        if self.is_occluded {
            return true;
        }
        let window = self.presenter.size();
        let frame = self
            .presenter
            .frame_size()
            .map(|size| (place(size, window, self.osd.scaling, self.osd.appearance.aspect), self.osd.filter));
        let drawn = self.presenter.draw(frame, &self.osd.appearance);
        match drawn {
            Presented::Shown => true,
            Presented::NotReady => {
                self.window.request_redraw();
                true
            }
            Presented::Failed => {
                self.rebuild();
                true
            }
            Presented::Lost => self.replace_lost_device(),
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
