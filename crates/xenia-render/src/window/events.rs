//! Event loop: handles events of the system and the machine, on the main thread.
//!
//! Keys, pads, pages and mail of the machine become calls of the [`Client`] and changes of the
//! [`View`]; the submodules have those of one subject. Invariant: no handler waits for a machine
//! that runs, so the window redraws while the machine computes.

mod actions;
mod dialog;
mod gallery;
mod home;
mod input;
mod menu;
mod profile;
mod settings;

use super::keys::KeyAction;
use super::mailbox::{FrameSender, Mailbox, NewMail, TitleChange, WindowMessage};
use super::osd::MailedText;
use super::view::View;
use super::{Client, KeyEvent, WindowConfig};
use crate::backend::device::WindowDevice;
use crate::error::RenderError;
use gallery::Gallery;
use home::Home;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use winit::application::ApplicationHandler;
use winit::event::{ElementState, StartCause, WindowEvent};
use winit::event_loop::{ActiveEventLoop, ControlFlow, EventLoopProxy};
use winit::keyboard::{KeyCode, ModifiersState, PhysicalKey};
use winit::window::WindowId;
use xenia_ui::{MenuPage, ProfileModel, SettingsModel, StateList};

type Start = Box<dyn FnOnce(FrameSender)>;

/// A change of a key. One that is held down repeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum KeyChange {
    Pressed,
    Repeated,
    Released,
}

/// Handler of window events: owns the [`View`] and calls the [`Client`].
pub(super) struct Events {
    config: WindowConfig,
    client: Box<dyn Client>,
    start: Option<(Start, FrameSender)>,
    mailbox: Mailbox,
    /// The window's device for backends.
    device: Arc<WindowDevice>,
    modifiers: ModifiersState,
    view: Option<View>,
    /// Whether the machine was paused because the window lost the keyboard focus.
    paused_unfocused: bool,
    /// Whether the client was notified of a title that runs unpaused.
    is_noted_running: bool,
    /// Whether the machine resumes when the menu closes.
    resumes_after_menu: bool,
    /// Slot of states used last.
    state_slot: u8,
    /// Whether the machine goes back, as a key is held.
    is_rewinding: bool,
    /// Saved states of the title when a page was opened.
    states: Option<StateList>,
    /// Time when the machine that runs was started.
    machine_started: Duration,
    /// Keys of the settings that were changed on their page or by a hotkey, and are not in the file
    /// yet.
    unsaved_settings: BTreeSet<&'static str>,
    /// All settings at a page's last request.
    all_settings: Option<Arc<SettingsModel>>,
    home: Home,
    gallery: Gallery,
    /// Parts of pads that were held last.
    held_parts: u32,
    /// Time when the present turn of the event loop began: what was sent before has arrived.
    turn_began: Duration,
    /// Achievements, saved games and content of the title that was shown last.
    profile: ProfileModel,
    error: Option<RenderError>,
}

impl Events {
    pub(super) fn new(
        config: WindowConfig,
        client: impl Client + 'static,
        start: impl FnOnce(FrameSender) + 'static,
        proxy: EventLoopProxy<WindowMessage>,
    ) -> Self {
        let mailbox = Mailbox::new();
        let waking = proxy.clone();
        let device = Arc::new(WindowDevice::new(move || {
            // The send fails if the window is closed, which then offers no device.
            let _ = waking.send_event(WindowMessage::DeviceLost);
        }));
        let sender = FrameSender { mailbox: mailbox.clone(), device: device.clone(), proxy };
        let mut client: Box<dyn Client> = Box::new(client);
        let library = client.library().map(|_| Arc::default());
        let home = Home::new(config.is_library, library);
        Self {
            config,
            client,
            start: Some((Box::new(start), sender)),
            mailbox,
            device,
            modifiers: ModifiersState::empty(),
            view: None,
            paused_unfocused: false,
            is_noted_running: false,
            resumes_after_menu: false,
            state_slot: 0,
            is_rewinding: false,
            states: None,
            machine_started: Duration::ZERO,
            unsaved_settings: BTreeSet::new(),
            all_settings: None,
            home,
            gallery: Gallery::default(),
            held_parts: 0,
            turn_began: Duration::ZERO,
            profile: ProfileModel::default(),
            error: None,
        }
    }

    /// Result of the event loop.
    pub(super) fn into_result(self) -> Result<(), RenderError> {
        self.error.map_or(Ok(()), Err)
    }

    /// Updates the title bar and texts.
    fn refresh(&mut self) {
        self.settle_stopped();
        self.note_running();
        let has_video = self.client.video() == Some(true);
        if let Some(view) = &mut self.view {
            view.osd.has_video = has_video;
            view.refresh(&self.mailbox);
        }
    }

    /// Reports to the client whether a title runs unpaused, if that has changed.
    fn note_running(&mut self) {
        let is_paused = self.view.as_ref().is_none_or(|view| view.osd.paused);
        let is_running = !is_paused && self.is_running();
        if std::mem::replace(&mut self.is_noted_running, is_running) != is_running {
            self.client.note_running(is_running);
        }
    }

    fn key(&mut self, event_loop: &ActiveEventLoop, key: KeyCode, change: KeyChange) {
        let action = {
            let mail = self.mailbox.open();
            // A machine that has stopped has no use for its keys.
            let controller = if mail.stopped.is_some() { &[][..] } else { &mail.controller.keys };
            self.config.hotkeys.action(key, self.modifiers, controller)
        };
        let Some(action) = action else {
            match change {
                KeyChange::Pressed => self.client.key(KeyEvent::Pressed(key)),
                // It is down already, or was pressed in the menu.
                KeyChange::Repeated => {}
                KeyChange::Released => self.client.key(KeyEvent::Released(key)),
            }
            return;
        };
        if action.is_held() {
            self.hold(action, change != KeyChange::Released);
        } else if change == KeyChange::Pressed || change == KeyChange::Repeated && action.repeats() {
            self.act(event_loop, action);
        }
        // A key that was pressed without Alt may be released with Alt held.
        if change == KeyChange::Released {
            self.client.key(KeyEvent::Released(key));
        }
    }

    /// Begins or ends an action that lasts while its key is held.
    fn hold(&mut self, action: KeyAction, on: bool) {
        match action {
            KeyAction::Turbo => self.set_turbo(on),
            KeyAction::Rewind => self.set_rewinding(on),
            _ => {}
        }
    }

    /// Carries out what combinations of pad buttons mean, now that pads hold other buttons.
    fn chords(&mut self, event_loop: &ActiveEventLoop, before: u16, now: u16) {
        let is_open = self.page().is_some();
        for (action, begins) in self.config.hotkeys.changes(before, now) {
            match (action.is_held(), begins) {
                (_, true) if is_open => {}
                (true, on) => self.hold(action, on),
                (false, true) => self.act(event_loop, action),
                (false, false) => {}
            }
        }
    }

    /// Handles the window's getting the keyboard focus.
    fn gain_focus(&mut self) {
        self.client.focus(true);
        if std::mem::take(&mut self.paused_unfocused) {
            if self.page().is_some() {
                self.resumes_after_menu = true;
            } else {
                self.set_paused(false);
            }
            self.refresh();
        }
    }

    /// Handles the loss of the keyboard focus.
    fn lose_focus(&mut self) {
        self.set_turbo(false);
        self.set_rewinding(false);
        self.client.key(KeyEvent::Lost);
        self.client.focus(false);
        let runs = self.view.as_ref().is_some_and(|view| !view.osd.paused);
        if self.config.pause_unfocused && runs && self.is_running() {
            self.paused_unfocused = true;
            self.set_paused(true);
            self.refresh();
        }
    }

    fn set_paused(&mut self, paused: bool) {
        let Some(view) = &mut self.view else { return };
        if view.osd.paused != paused {
            view.osd.paused = paused;
            self.mailbox.open().meter.restart();
            self.client.pause(paused);
        }
    }

    fn set_rewinding(&mut self, on: bool) {
        if on == self.is_rewinding || on && !self.is_running() {
            return;
        }
        self.is_rewinding = on;
        let text = self.client.rewind(on);
        if let (Some(text), Some(view)) = (text, &mut self.view) {
            view.say(&self.mailbox, text);
        }
    }

    fn set_turbo(&mut self, on: bool) {
        let Some(view) = &mut self.view else { return };
        if view.osd.turbo != on {
            view.osd.turbo = on;
            self.client.turbo(on);
            self.refresh();
        }
    }

    /// Shows the news that the machine has put into the mailbox.
    fn take_mail(&mut self) {
        let Some(view) = &mut self.view else { return };
        let mail = self.mailbox.take_new();
        let NewMail { frame, has_figures, is_loading, messages, pictures, .. } = mail;
        if is_loading {
            view.forget();
            self.machine_started = self.mailbox.now();
        }
        // A paused machine shows few frames, whose numbers are displayed.
        let shows_number = frame.is_some() && (view.osd.paused || view.frame.is_none());
        let refreshes = has_figures || shows_number || !messages.is_empty() || !pictures.is_empty();
        for change in pictures {
            view.change_picture(change);
        }
        if let Some(frame) = frame {
            view.take(frame, self.mailbox.now());
        }
        for message in messages {
            match message {
                MailedText::Value(text) => view.say(&self.mailbox, text),
                MailedText::Note(text) => view.messages.note(self.mailbox.now(), text),
            }
        }
        if refreshes {
            self.refresh();
        }
        if !mail.profile.is_empty() {
            self.take_profile(mail.profile);
        }
        if mail.library.is_some() {
            self.take_library(mail.library);
        }
        if let Some(stored) = mail.stored {
            self.take_stored(stored);
        }
        match mail.change {
            Some(TitleChange::Open(name)) => self.enter(name),
            Some(TitleChange::Home(failure)) => self.come_home(failure),
            None => {}
        }
    }
}

impl ApplicationHandler<WindowMessage> for Events {
    fn new_events(&mut self, _: &ActiveEventLoop, _: StartCause) {
        self.turn_began = self.mailbox.now();
    }

    fn resumed(&mut self, event_loop: &ActiveEventLoop) {
        if self.view.is_some() {
            return;
        }
        match View::open(event_loop, &self.config, self.device.clone()) {
            Ok(view) => self.view = Some(view),
            Err(error) => {
                self.error = Some(error);
                event_loop.exit();
                return;
            }
        }
        self.refresh();
        if self.home.is_open {
            self.open_page(MenuPage::Library);
        }
        if let Some((start, sender)) = self.start.take() {
            start(sender);
        }
    }

    fn user_event(&mut self, event_loop: &ActiveEventLoop, message: WindowMessage) {
        match message {
            WindowMessage::Mail => self.take_mail(),
            WindowMessage::Pads(held) => self.take_pads(event_loop, held),
            WindowMessage::DeviceLost => {
                if !self.view.as_mut().is_none_or(View::replace_lost_device) {
                    event_loop.exit();
                }
            }
            WindowMessage::Ended => event_loop.exit(),
        }
    }

    fn window_event(&mut self, event_loop: &ActiveEventLoop, id: WindowId, event: WindowEvent) {
        let Some(view) = self.view.as_mut().filter(|view| view.is(id)) else { return };
        view.dialog_event(&event);
        if view.pages.page().is_some() && self.page_event(&event) {
            return;
        }
        if event == WindowEvent::CloseRequested && self.asks_to_close() {
            self.open_page(MenuPage::AskQuit);
            return;
        }
        let Some(view) = &mut self.view else { return };
        match event {
            WindowEvent::CloseRequested | WindowEvent::Destroyed => event_loop.exit(),
            WindowEvent::Resized(size) => {
                view.resize(size.width, size.height);
                self.refresh();
            }
            WindowEvent::Moved(at) => view.note_move(at.x, at.y),
            WindowEvent::CursorMoved { .. } => view.note_pointer(self.mailbox.now()),
            WindowEvent::RedrawRequested => self.redraw(event_loop),
            WindowEvent::Occluded(is_occluded) => view.set_occluded(is_occluded),
            WindowEvent::DroppedFile(path) => self.take_file(path),
            WindowEvent::ModifiersChanged(modifiers) => self.modifiers = modifiers.state(),
            WindowEvent::Focused(true) => self.gain_focus(),
            WindowEvent::Focused(false) => self.lose_focus(),
            // Keys that were down when the window got the focus were meant for another window.
            WindowEvent::KeyboardInput { event, is_synthetic, .. } if !is_synthetic => {
                if let PhysicalKey::Code(key) = event.physical_key {
                    let change = match event.state {
                        ElementState::Released => KeyChange::Released,
                        ElementState::Pressed if event.repeat => KeyChange::Repeated,
                        ElementState::Pressed => KeyChange::Pressed,
                    };
                    let is_release = change == KeyChange::Released;
                    if is_release || !self.dialog_key(key, event.text.as_deref()) {
                        self.key(event_loop, key, change);
                    }
                }
            }
            _ => {}
        }
    }

    fn exiting(&mut self, _: &ActiveEventLoop) {
        // The machine may wait for a device, and the program waits for the machine's end.
        self.device.offer(None);
        if let Some(place) = self.view.as_ref().and_then(View::place) {
            self.client.keep_place(place);
        }
    }

    fn about_to_wait(&mut self, event_loop: &ActiveEventLoop) {
        let now = self.mailbox.now();
        let Some(view) = &mut self.view else { return };
        // Not by the present time: after a slow pass, the release of a button that would repeat may
        // be an event of the next turn.
        let asked = view.pages.tick(self.turn_began);
        view.page_due(now);
        if asked {
            self.toggle_menu();
        }
        let mut end = self.view.as_ref().and_then(View::next_change);
        if end.is_some_and(|end| end <= self.mailbox.now()) {
            self.refresh();
            end = self.view.as_ref().and_then(View::next_change);
        }
        event_loop.set_control_flow(match end {
            Some(end) => ControlFlow::WaitUntil(self.mailbox.start() + end),
            None => ControlFlow::Wait,
        });
    }
}
