//! Menu: opens and closes pages, and carries out their commands.
//!
//! The machine is paused while a page is open, and resumed afterwards only if it ran before. Keys
//! go to the page then, except the window's own function keys.

use super::Events;
use crate::window::keys::KeyAction;
use crate::window::view::View;
use crate::window::{InputClient, KeyEvent};
use std::path::Path;
use std::time::Duration;
use winit::event::WindowEvent;
use winit::event_loop::ActiveEventLoop;
use winit::keyboard::{KeyCode, PhysicalKey};
use xenia_ui::{MenuPage, PageCommand, PageModel};

/// Run time after which the window's close button asks for confirmation before it closes a running
/// title.
const MIN_CONFIRMED_RUN: Duration = Duration::from_mins(1);

impl Events {
    /// The page that is open.
    pub(super) fn page(&self) -> Option<MenuPage> {
        self.view.as_ref().and_then(|view| view.pages.page())
    }

    pub(super) fn is_running(&self) -> bool {
        !self.home.is_open && self.mailbox.open().stopped.is_none()
    }

    /// Opens a page; the machine is paused while one is open.
    pub(super) fn open_page(&mut self, page: MenuPage) {
        // Otherwise each pass of a page would examine the slots' files.
        self.states = self.client.states().filter(|_| self.config.can_restart);
        if self.page().is_none() {
            self.set_turbo(false);
            self.set_rewinding(false);
            // The page gets the releases of keys that are down.
            self.client.key(KeyEvent::Lost);
            self.client.open_menu(true);
            self.resumes_after_menu =
                self.is_running() && self.view.as_ref().is_some_and(|view| !view.osd.paused);
            if self.resumes_after_menu {
                self.set_paused(true);
            }
        }
        if let Some(view) = &mut self.view {
            view.open_page(page);
        }
        self.refresh();
    }

    /// Closes the open page, and resumes the machine.
    pub(super) fn close_page(&mut self) {
        if let Some(view) = &mut self.view {
            view.close_page();
        }
        self.client.open_menu(false);
        if std::mem::take(&mut self.resumes_after_menu) {
            self.set_paused(false);
        }
        self.refresh();
    }

    /// Opens the page of a machine that has stopped, and closes it when another one runs or the
    /// keys are shown.
    pub(super) fn settle_stopped(&mut self) {
        let has_stopped = !self.home.is_open && self.mailbox.open().stopped.is_some();
        let is_wanted = has_stopped && !self.view.as_ref().is_some_and(|view| view.help);
        match self.page() {
            None if is_wanted && self.view.is_some() => self.open_page(MenuPage::Stopped),
            Some(MenuPage::Stopped) if !is_wanted => self.close_page(),
            _ => {}
        }
    }

    /// Opens the menu, or closes the page that is open.
    pub(super) fn toggle_menu(&mut self) {
        if self.home.is_open {
            let is_library = self.page() == Some(MenuPage::Library);
            self.open_page(if is_library { MenuPage::Menu } else { MenuPage::Library });
        } else if self.page().is_some_and(|page| page != MenuPage::Stopped) {
            self.close_page();
        } else {
            self.open_page(MenuPage::Menu);
        }
    }

    /// Whether the window's button asks first.
    pub(super) fn asks_to_close(&self) -> bool {
        let runs_long = self.mailbox.now().saturating_sub(self.machine_started) >= MIN_CONFIRMED_RUN;
        runs_long && self.is_running() && self.page() != Some(MenuPage::AskQuit)
    }

    /// Passes an event to the open page. Returns true if it is the page's alone.
    pub(super) fn page_event(&mut self, event: &WindowEvent) -> bool {
        // A redraw runs a pass, so passes for redraws would request each other for ever.
        if self.is_windows_own(event) || matches!(event, WindowEvent::RedrawRequested) {
            return false;
        }
        if self.takes_key(event) {
            return true;
        }
        let is_key = matches!(event, WindowEvent::KeyboardInput { .. });
        if let Some(view) = &mut self.view
            && !is_held(event)
        {
            view.page_event(event);
        }
        is_key
    }

    /// Whether an event is the window's although a page is open: those of its function keys.
    pub(super) fn is_windows_own(&self, event: &WindowEvent) -> bool {
        let WindowEvent::KeyboardInput { event, .. } = event else { return false };
        let PhysicalKey::Code(key) = event.physical_key else { return false };
        let action = self.config.hotkeys.action(key, self.modifiers, &[]);
        let is_of_stopped = matches!(action, Some(KeyAction::Menu | KeyAction::Again))
            && self.page() == Some(MenuPage::Stopped);
        is_of_stopped || (self.config.hotkeys.stays_in_dialogs(key) && key != KeyCode::Tab)
    }

    /// Draws the window; runs a pass of the open page and of texts before, if one is due.
    pub(super) fn redraw(&mut self, event_loop: &ActiveEventLoop) {
        if self.view.as_ref().is_some_and(View::needs_pass) {
            let model = self.model();
            let now = self.mailbox.now();
            let commands = self.view.as_mut().map(|view| view.run_page(&model, now));
            for command in commands.unwrap_or_default() {
                self.run_page_command(event_loop, command);
            }
        }
        let Some(view) = &mut self.view else { return };
        if !view.redraw() {
            event_loop.exit();
        }
    }

    fn model(&mut self) -> PageModel {
        let profile = self.profile_model();
        let Some(view) = &self.view else { return PageModel::default() };
        let (stopped, internals) = {
            let mail = self.mailbox.open();
            (mail.stopped.as_ref().map(|why| view.stopped(why)), mail.internals.clone())
        };
        let input = self.client.input();
        PageModel {
            has_input: input.is_some(),
            input: input.filter(|_| self.page() == Some(MenuPage::Input)).map(InputClient::model),
            title: view.name().to_owned(),
            can_restart: stopped.as_ref().map_or(self.config.can_restart, |why| why.again.is_some()),
            is_running: self.is_running(),
            can_keep: self.config.can_keep,
            unkept: self.unkept(),
            all_settings: self.all_settings.clone(),
            has_all_settings: self.config.can_keep && self.client.all_settings().is_some(),
            settings: view.settings(self.client.sound()),
            states: self.states.clone(),
            library: self.home.library.clone(),
            folders: self.home.folders.clone(),
            is_home: self.home.is_open,
            stored: self.home.stored.clone(),
            profile,
            has_gallery: self.config.has_gallery,
            gallery: self.gallery.part.clone(),
            picture: self.gallery.picture.clone(),
            video: self.client.video(),
            stopped,
            failure: self.home.failure.clone(),
            internals,
            dropped: self.home.dropped.clone(),
        }
    }

    /// Number of the changes that [`Self::keep_settings`] writes.
    fn unkept(&self) -> usize {
        if !matches!(self.page(), Some(MenuPage::Settings | MenuPage::Input)) {
            return 0;
        }
        self.unsaved_settings.len() + self.client.input().map_or(0, |input| input.changes().len())
    }

    fn run_page_command(&mut self, event_loop: &ActiveEventLoop, command: PageCommand) {
        match command {
            PageCommand::Resume if self.home.is_open => self.open_page(MenuPage::Library),
            PageCommand::Resume => self.close_page(),
            PageCommand::Pick(pick) => self.pick(pick),
            PageCommand::Quit => event_loop.exit(),
            PageCommand::Restart => self.restart(event_loop),
            PageCommand::Open(path) => self.open_title(path),
            PageCommand::Home => self.leave_title(),
            PageCommand::Inspect(path) => self.inspect(path.as_deref()),
            PageCommand::Delete(path, kind) => self.delete(path.as_deref(), kind),
            PageCommand::Rescan => self.rescan(),
            PageCommand::RenewAges => self.renew_ages(),
            PageCommand::ShowLibrary(view) => self.keep_view(view),
            PageCommand::ShowFolders(path, first) => self.show_folders(path.as_deref(), first),
            PageCommand::AddFolder(path) => self.add_folder(&path),
            PageCommand::RemoveFolder(path) => self.remove_folder(&path),
            PageCommand::SaveState(slot) => self.save_to(slot),
            PageCommand::LoadState(slot) => self.load_from(slot),
            PageCommand::LoadReplaced => self.load_replaced(),
            PageCommand::UndoLoad => {
                self.close_page();
                self.load_state(None);
            }
            PageCommand::RequestInternals => self.request_internals(),
            PageCommand::Report => self.act(event_loop, KeyAction::Report),
            PageCommand::CopyReason => self.copy_reason(),
            PageCommand::OpenFile(path) => self.open_file(&path),
            PageCommand::LeaveStopped => self.leave_stopped(event_loop),
            PageCommand::Screenshot => self.screenshot(),
            PageCommand::ToggleVideo => {
                self.close_page();
                self.toggle_video();
            }
            PageCommand::Profile(command) => self.run_profile_command(command),
            PageCommand::ShowGallery(first) => self.show_gallery(first),
            PageCommand::ShowPicture(path) => self.show_picture(&path),
            PageCommand::Input(command) => self.run_input_command(command),
            PageCommand::Keep => self.keep_settings(),
            PageCommand::Set { key, value } if self.page() == Some(MenuPage::Input) => {
                self.change_input(|input| input.set(key, &value));
            }
            PageCommand::Set { key, value } => {
                self.unsaved_settings.insert(key);
                self.set_live(key, &value);
            }
            PageCommand::ShowSettings(target) => self.show_settings(&target),
            PageCommand::Change { key, value } => self.change_setting(&key, value.as_ref()),
            PageCommand::ResetSettings => self.reset_settings(),
        }
        self.refresh();
    }

    fn restart(&mut self, event_loop: &ActiveEventLoop) {
        self.close_page();
        if self.is_running() {
            self.set_paused(false);
            self.client.restart();
        } else {
            self.act(event_loop, KeyAction::Again);
        }
    }

    /// Searches the library's folders again.
    fn rescan(&mut self) {
        self.open_page(MenuPage::Library);
        if let Some(library) = self.client.library() {
            library.rescan();
        }
    }

    fn request_internals(&mut self) {
        self.mailbox.open().internals = None;
        self.client.request_internals();
    }

    /// Saves the state to the slot used last.
    pub(super) fn save_state(&mut self) {
        if !self.is_running() {
            return;
        }
        let Some(view) = &mut self.view else { return };
        let frame = view.frame.as_ref().and_then(|frame| frame.picture.read());
        if let Some(reason) = self.client.save_state(self.state_slot, frame.as_deref()) {
            view.say(&self.mailbox, reason);
        }
    }

    /// Saves the state to a slot, which is the one used last from now on.
    fn save_to(&mut self, slot: u8) {
        self.state_slot = slot;
        self.close_page();
        self.save_state();
    }

    /// Loads the state in a slot, which is the one used last from now on.
    fn load_from(&mut self, slot: u8) {
        self.state_slot = slot;
        self.close_page();
        self.load_state(Some(slot));
    }

    fn load_replaced(&mut self) {
        self.close_page();
        let loaded = self.client.load_replaced();
        self.follow_load(loaded);
    }

    /// Loads the state in a slot, or the one before the last load.
    pub(super) fn load_state(&mut self, slot: Option<u8>) {
        let loaded = self.client.load_state(slot);
        self.follow_load(loaded);
    }

    /// Lets the machine end that a load replaces, or says why there is none.
    fn follow_load(&mut self, loaded: Result<(), String>) {
        match loaded {
            Ok(()) => {
                self.mailbox.open().stopped = None;
                self.set_paused(false);
            }
            Err(reason) => {
                if let Some(view) = &mut self.view {
                    view.say(&self.mailbox, reason);
                }
            }
        }
    }

    /// Copies the reason why the machine has stopped.
    fn copy_reason(&mut self) {
        let text = self.mailbox.open().stopped.as_ref().map(|why| why.excerpt.clone());
        let copied = self.client.copy(&text.unwrap_or_default());
        self.say(copied.map_or_else(|reason| format!("not copied: {reason}"), |()| "copied".to_owned()));
    }

    /// Opens a file in the desktop's program for it.
    fn open_file(&mut self, path: &Path) {
        if let Err(reason) = self.client.open_file(path) {
            self.say(format!("{} is not opened: {reason}", path.display()));
        }
    }

    /// Writes the settings that were changed on the page to the settings file.
    fn keep_settings(&mut self) {
        let Some(view) = &mut self.view else { return };
        let settings = view.settings(self.client.sound()).into_iter();
        let changed = settings.filter(|setting| self.unsaved_settings.contains(setting.key));
        let mut changed: Vec<(String, Option<String>)> =
            changed.map(|setting| (setting.key.to_owned(), Some(setting.value))).collect();
        changed.extend(self.client.input().map(InputClient::changes).unwrap_or_default());
        let text = if changed.is_empty() {
            "nothing was changed here".to_owned()
        } else {
            match self.client.remember(&changed) {
                Ok(file) => {
                    self.unsaved_settings.clear();
                    format!("kept in {file}")
                }
                Err(reason) => format!("not kept: {reason}"),
            }
        };
        view.say(&self.mailbox, text);
    }
}

/// Whether an event repeats a key that acts once: the one that opened a page may be held.
fn is_held(event: &WindowEvent) -> bool {
    let WindowEvent::KeyboardInput { event, .. } = event else { return false };
    let acts_once = [KeyCode::Escape, KeyCode::Enter, KeyCode::NumpadEnter, KeyCode::Space];
    event.repeat && acts_once.iter().any(|key| event.physical_key == PhysicalKey::Code(*key))
}
