//! The window's client: keys, pads, and the menu's requests.
//!
//! It runs on the window's thread, and no call waits for its effect on the machine: requests are
//! flags of [`PaceControl`] or commands in a channel, which the session's thread takes once the
//! machine has ended.

use super::all_settings::AllSettings;
use super::gallery::{self, GalleryFolders};
use super::open_title::{OpenTitle, SharedOpenTitle};
use super::place;
use super::profile_pages::ProfilePages;
use super::remapping::Remapping;
use super::videos::WindowVideos;
use super::window_library::WindowLibrary;
use crate::cli::Cli;
use crate::settings;
use anyhow::{Context, Result};
use clap::CommandFactory;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use xenia::desktop;
use xenia::desktop::screen_saver::ScreenSaver;
use xenia::dialogs::DialogKeys;
use xenia::input::Controllers;
use xenia::interrupt::Interrupt;
use xenia::pace::PaceControl;
use xenia::sound::{VolumeControl, VolumeLevel};
use xenia::state_slots::{SLOTS, StateSlot, StateSlots, age_text, length_text};
use xenia_gpu::Frame;
use xenia_render::{
    Client, ConsoleDialog, DialogPick, GalleryModel, GalleryPicture, InputClient, KeyCode, KeyEvent,
    LibraryClient, LibraryIcon, ProfileClient, SavedSlot, SettingsClient, SoundVolume, StateList,
    VolumeChange, WindowPlace,
};

/// A command of the window to the session, which follows it once the present title has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SessionCommand {
    /// Run it again.
    Restart,
    /// Continue from the state in a slot.
    LoadState(StateSlot),
    /// Open the title in this file, or the demo.
    Open(Option<PathBuf>),
    /// Show the library.
    ShowLibrary,
    /// End the run: its window was closed, or a signal came.
    Close,
}

/// Message for keys that need a title.
pub(super) const NO_TITLE: &str = "there is no title";

/// Input from the window to the machine's thread.
pub(super) struct Player {
    pub(super) controllers: Controllers,
    /// Whether pads act while another window has the keyboard.
    pub(super) background_input: bool,
    /// The desktop's screen saver; `None` if it may begin.
    pub(super) screen_saver: Option<ScreenSaver>,
    pub(super) dialog_keys: DialogKeys,
    pub(super) control: PaceControl,
    /// Screenshots, reports and states of the title that is open.
    pub(super) open_title: SharedOpenTitle,
    pub(super) interrupt: Interrupt,
    pub(super) volume: VolumeControl,
    pub(super) videos: WindowVideos,
    /// Folders of the gallery; screenshots of the title that is open are in its own.
    pub(super) gallery: GalleryFolders,
    /// Achievements, saved games and content.
    pub(super) profile: ProfilePages,
    /// File of the window's place; `None` if it is not kept.
    pub(super) place_file: Option<PathBuf>,
    pub(super) commands: mpsc::Sender<SessionCommand>,
    /// The library; `None` if the window is one of a single title.
    pub(super) library: Option<WindowLibrary>,
    pub(super) remapping: Remapping,
    pub(super) all_settings: AllSettings,
    /// The file in which the menu keeps settings.
    pub(super) settings_file: Option<PathBuf>,
}

impl Client for Player {
    fn key(&mut self, event: KeyEvent) {
        match event {
            KeyEvent::Pressed(key) => self.controllers.keyboard(key, true),
            KeyEvent::Released(key) => self.controllers.keyboard(key, false),
            KeyEvent::Lost => self.controllers.release_keyboard(),
        }
    }

    fn focus(&mut self, has_focus: bool) {
        self.controllers.set_in_background(!has_focus && !self.background_input);
    }

    fn note_running(&mut self, is_running: bool) {
        if let Some(screen_saver) = &mut self.screen_saver {
            screen_saver.hold_off(is_running);
        }
    }

    fn dialog_key(&mut self, key: KeyCode, text: Option<&str>) -> Option<ConsoleDialog> {
        self.dialog_keys.key(key, text)
    }

    fn dialog_pick(&mut self, pick: DialogPick) -> Option<ConsoleDialog> {
        self.dialog_keys.pick(pick)
    }

    fn pause(&mut self, paused: bool) {
        self.controllers.set_still(paused);
        self.control.pause(paused);
    }

    fn step(&mut self) {
        self.control.step();
    }

    fn turbo(&mut self, on: bool) {
        self.control.turbo(on);
    }

    fn rewind(&mut self, on: bool) -> Option<String> {
        let can_rewind = self.open_title.lock().as_ref().is_some_and(|open_title| open_title.can_rewind);
        self.control.rewind(on && can_rewind);
        (on && !can_rewind).then(|| "rewind is off: start with --rewind".to_owned())
    }

    fn again(&mut self) {
        // While a machine runs, no thread receives this.
        let _ = self.commands.send(SessionCommand::Restart);
    }

    fn restart(&mut self) {
        // In this order: the thread forgets the request once it has the command.
        self.control.end_machine();
        let _ = self.commands.send(SessionCommand::Restart);
    }

    fn open_menu(&mut self, open: bool) {
        self.controllers.set_in_menu(open);
    }

    fn sound(&self) -> SoundVolume {
        let VolumeLevel { percent, is_muted } = self.volume.get();
        SoundVolume { percent, muted: is_muted }
    }

    fn set_sound(&mut self, volume: SoundVolume) {
        self.volume.set(VolumeLevel { percent: volume.percent, is_muted: volume.muted });
    }

    fn input(&self) -> Option<&dyn InputClient> {
        Some(&self.remapping)
    }

    fn all_settings(&self) -> Option<&dyn SettingsClient> {
        Some(&self.all_settings)
    }

    fn remember(&mut self, settings: &[(String, Option<String>)]) -> Result<String, String> {
        let settings = self.all_settings.assigned_to_tables(settings);
        let kept = remember(self.settings_file.as_deref(), &settings);
        if kept.is_ok() {
            self.remapping.0.note_kept();
        }
        kept.map(|path| path.display().to_string()).map_err(|error| format!("{error:#}"))
    }

    fn volume(&mut self, change: VolumeChange) -> String {
        match change {
            VolumeChange::Up => self.volume.louder(),
            VolumeChange::Down => self.volume.quieter(),
            VolumeChange::Mute => self.volume.mute(),
        }
    }

    fn keep(&mut self, number: u64, frame: &Frame) -> Result<String, String> {
        let open_title = self.open_title.lock();
        let Some(open_title) = &*open_title else { return Err(NO_TITLE.to_owned()) };
        let kept = open_title.screenshots.keep(number, frame);
        kept.map(|path| path.display().to_string()).map_err(|error| format!("{error:#}"))
    }

    fn video(&self) -> Option<bool> {
        self.open_title.lock().is_some().then(|| self.videos.recorder.is_on())
    }

    fn toggle_video(&mut self) -> String {
        self.videos.toggle(self.open_title.lock().as_ref())
    }

    fn gallery(&self, first: usize) -> Option<GalleryModel> {
        let open_title = self.open_title.lock();
        let own = open_title.as_ref().map(|open_title| open_title.screenshots.folder().to_owned());
        drop(open_title);
        let screenshots = own.unwrap_or_else(|| self.gallery.screenshots.clone());
        Some(GalleryFolders { screenshots, videos: self.gallery.videos.clone() }.part(first))
    }

    fn picture(&self, path: &Path) -> GalleryPicture {
        gallery::picture(path)
    }

    fn profile(&mut self) -> Option<&mut dyn ProfileClient> {
        Some(&mut self.profile)
    }

    fn keep_place(&mut self, place: WindowPlace) {
        let Some(file) = &self.place_file else { return };
        if let Err(error) = place::keep(file, place) {
            tracing::warn!("the window's place is not kept: {error:#}");
        }
    }

    fn states(&self) -> Option<StateList> {
        let open_title = self.open_title.lock();
        let open_title = open_title.as_ref()?;
        let slots = open_title.slots.as_ref().ok()?;
        let list = (0..SLOTS).map(|index| saved_in(slots, StateSlot::Player(index))).collect();
        let can_undo = slots.age(StateSlot::Undo).is_some();
        let replaced = saved_in(slots, StateSlot::Replaced);
        Some(StateList { slots: list, replaced, can_undo, resumes: open_title.resumes })
    }

    fn save_state(&mut self, slot: u8, picture: Option<&Frame>) -> Option<String> {
        let open_title = self.open_title.lock();
        let slots = match slots_of(open_title.as_ref()) {
            Ok(slots) => slots,
            Err(reason) => return Some(format!("no state is saved: {reason}")),
        };
        // The machine reports what becomes of the state; it has no use for a picture.
        if let Err(error) = slots.prepare(StateSlot::Player(slot), picture) {
            tracing::warn!("the state has no picture: {error:#}");
        }
        self.control.save_state(StateSlot::Player(slot));
        None
    }

    fn load_state(&mut self, slot: Option<u8>) -> Result<(), String> {
        self.load(slot.map_or(StateSlot::Undo, StateSlot::Player))
    }

    fn load_replaced(&mut self) -> Result<(), String> {
        self.load(StateSlot::Replaced)
    }

    fn report(&mut self, frame: Option<&Frame>) -> Option<String> {
        let open_title = self.open_title.lock();
        let Some(open_title) = &*open_title else { return Some(format!("no report: {NO_TITLE}")) };
        open_title.reports.by_key(frame, &self.interrupt, &self.control)
    }

    fn copy(&mut self, text: &str) -> Result<(), String> {
        desktop::copy(text).map_err(|error| format!("{error:#}"))
    }

    fn open_file(&mut self, path: &Path) -> Result<(), String> {
        desktop::open(path).map_err(|error| format!("{error:#}"))
    }

    fn request_internals(&mut self) {
        self.control.request_inspection();
    }

    fn library(&mut self) -> Option<&mut dyn LibraryClient> {
        self.library.as_mut().map(|library| library as &mut dyn LibraryClient)
    }
}

impl Player {
    /// Ends the machine, and continues from the state in a slot.
    fn load(&self, slot: StateSlot) -> Result<(), String> {
        let open_title = self.open_title.lock();
        let slots = slots_of(open_title.as_ref())?;
        if slots.age(slot).is_none() {
            return Err(match slot {
                StateSlot::Undo => "there is no load to undo".to_owned(),
                StateSlot::Exit => "the title was not left in a state".to_owned(),
                StateSlot::Replaced => "no save has replaced a state".to_owned(),
                StateSlot::Player(index) => format!("slot {} is empty", index + 1),
            });
        }
        if slot == StateSlot::Undo {
            self.control.end_machine();
        } else {
            self.control.save_and_end(StateSlot::Undo);
        }
        let _ = self.commands.send(SessionCommand::LoadState(slot));
        Ok(())
    }
}

/// The slots of the title that is open, or why there are none.
fn slots_of(open_title: Option<&OpenTitle>) -> Result<&StateSlots, &'static str> {
    open_title.ok_or(NO_TITLE)?.slots.as_ref().map_err(|reason| *reason)
}

/// The state in a slot, as the menu shows it.
fn saved_in(slots: &StateSlots, slot: StateSlot) -> Option<SavedSlot> {
    let age = age_text(slots.age(slot)?);
    let details = match slots.origin(slot) {
        Ok(origin) => format!("{age}, {} played", length_text(origin.played)),
        Err(_) => format!("{age}, damaged"),
    };
    let picture = slots.picture(slot);
    let picture = picture.map(|picture| Arc::new(LibraryIcon { size: picture.size, rgba: picture.rgba }));
    Some(SavedSlot { details, picture })
}

/// Writes settings to their file, and returns it.
fn remember(file: Option<&Path>, values: &[(String, Option<String>)]) -> Result<PathBuf> {
    let file = file.context("there is no configuration folder (HOME is not set)")?;
    settings::change_together(&settings::built(Cli::command()), file, values)?;
    Ok(file.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::window_library::SettingsFiles;
    use super::*;
    use crate::cli::ExecArgs;
    use xenia::input::LiveInput;
    use xenia::input::config::InputConfig;
    use xenia::input::motors::Motors;
    use xenia::input::shape::console_pad;
    use xenia::title::Title;
    use xenia_kernel::ports::{Gamepad, Input};

    /// The client of a window that was opened with these flags.
    fn player(args: &ExecArgs) -> Player {
        let open_title = SharedOpenTitle::default();
        let controllers = Controllers::default();
        Player {
            controllers: controllers.clone(),
            background_input: args.input.background_input,
            screen_saver: None,
            dialog_keys: DialogKeys::default(),
            control: PaceControl::default(),
            interrupt: Interrupt::default(),
            volume: VolumeControl::new(100, false),
            videos: WindowVideos::default(),
            gallery: GalleryFolders { screenshots: PathBuf::new(), videos: PathBuf::new() },
            profile: ProfilePages::new(args, &open_title, None),
            place_file: None,
            commands: mpsc::channel().0,
            library: None,
            remapping: Remapping(LiveInput::new(controllers, InputConfig::default())),
            all_settings: AllSettings::new(args.clone(), SettingsFiles::default(), open_title.clone()),
            settings_file: None,
            open_title,
        }
    }

    #[test]
    fn keys_of_states_explain_missing_states() {
        let mut args = ExecArgs::default();
        args.run.record = Some("r.jsonl".into());
        let mut player = player(&args);
        assert_eq!(player.load_state(Some(0)).unwrap_err(), NO_TITLE);
        *player.open_title.lock() = Some(OpenTitle::new(&args, &Title::demo().unwrap()));
        let reason = "a run that writes files has no slots for states";
        assert_eq!(player.save_state(0, None), Some(format!("no state is saved: {reason}")));
        assert_eq!(player.load_state(Some(0)), Err(reason.to_owned()));
    }

    #[test]
    fn the_gallery_has_the_folder_of_the_open_titles_screenshots() {
        let folder = tempfile::tempdir().unwrap();
        let player = player(&ExecArgs::default());
        let mut args = ExecArgs::default();
        args.window.screenshots = Some(folder.path().to_owned());
        let open_title = player.open_title.open(&args, &Title::demo().unwrap());
        let frame = Frame { width: 1, height: 1, rgba: vec![7; 4] };
        open_title.screenshots.keep(1, &frame).unwrap();
        assert_eq!(player.gallery(0).unwrap().total, 1);
    }

    #[test]
    fn pads_act_in_the_background_as_the_setting_says() {
        for background_input in [true, false] {
            let mut args = ExecArgs::default();
            args.input.background_input = background_input;
            let mut player = player(&args);
            let pad = player.controllers.plug(console_pad(), Motors::default());
            player.focus(false);
            player.controllers.key(pad, 0x130, true);
            let seen = player.controllers.gamepad(0, 0).map(|pad| pad.buttons);
            assert_eq!(seen, Some(if background_input { Gamepad::A } else { 0 }));
            player.controllers.key(pad, 0x130, false);
            player.focus(true);
            player.controllers.key(pad, 0x130, true);
            let seen = player.controllers.gamepad(0, 0).map(|pad| pad.buttons);
            assert_eq!(seen, Some(Gamepad::A));
        }
    }

    #[test]
    fn a_title_rewinds_if_its_settings_allow_it() {
        let mut player = player(&ExecArgs::default());
        assert!(player.rewind(true).is_some(), "there is no title");
        for rewind in [true, false] {
            let mut args = ExecArgs::default();
            args.states.rewind = rewind;
            *player.open_title.lock() = Some(OpenTitle::new(&args, &Title::demo().unwrap()));
            assert_eq!(player.rewind(true).is_none(), rewind);
            assert_eq!(player.rewind(false), None);
        }
    }
}
