//! Window: shows the machine's frames, and passes input to the machine's owner.
//!
//! ```text
//!  machine's thread                         main thread
//!  FrameSender ──newest frame, figures──▶ mailbox ──▶ events ──▶ view ──▶ presenter
//!                                                       └─ Client: keys, pause, step, turbo
//! ```
//!
//! The machine never waits for the window: a new frame replaces the last one if that has not been
//! shown yet.

mod events;
mod hotkeys;
mod icon;
mod keys;
mod live;
mod mailbox;
mod meter;
mod osd;
mod page;
mod pages;
mod place;
mod pointer;
mod profile;
mod size;
mod view;

pub use hotkeys::{HotkeyError, Hotkeys, PadChord};
pub use keys::{BINDINGS, KeyAction, KeyBinding, Modifier};
pub use live::{LIVE, SoundVolume};
pub use mailbox::{FrameSender, HeldParts};
pub use meter::{Figures, Sounding};
pub use osd::Overlay;
pub use page::{Phase, Stopped};
pub use place::WindowPlace;
pub use profile::{ProfileClient, ProfileNews};

use crate::error::RenderError;
use crate::picture::{Appearance, Filter, FramePacing, Scaling};
use mailbox::WindowMessage;
use std::path::{Path, PathBuf};
use winit::event_loop::EventLoop;
use winit::keyboard::KeyCode;
use xenia_gpu::{Frame, PixelSize};
pub use xenia_ui::{
    AchievementsModel, DataOwner, EarnedRow, ImportableFile, PackageId, ProfileChoice, ProfileName,
    ProfilesModel, SavesModel, StoredPackage, StoredProfile,
};
pub use xenia_ui::{ConsoleDialog, DialogChoice, DialogPick};
pub use xenia_ui::{
    FolderModel, GalleryEntry, GalleryModel, GalleryPicture, InputModel, InputPad, InputPart, InternalsPane,
    LIST_ROWS, LibraryEntry, LibraryIcon, LibraryModel, LibrarySort, LibraryView, LiveSetting,
    OfferedElement, PageFailure, PageTheme, SavedSlot, SettingControl, SettingEntry, SettingForm,
    SettingLayer, SettingTarget, SettingValue, SettingsModel, StateList, StoredData, StoredKind,
};

/// Initial configuration of the window.
#[derive(Clone, Debug)]
pub struct WindowConfig {
    /// Name in the title bar.
    pub title: String,
    /// Size in logical pixels.
    pub size: PixelSize,
    /// Its last place, which comes before `size`; `None`: the system chooses one.
    pub place: Option<WindowPlace>,
    /// Whether it fills the screen.
    pub full_screen: bool,
    /// Part of the name of the graphics adapter that shows it; `None`: the system's best.
    pub adapter: Option<String>,
    /// When frames are shown.
    pub pacing: FramePacing,
    /// Scaling of frames to the window.
    pub scaling: Scaling,
    /// Filter of scaled frames.
    pub filter: Filter,
    /// Changes to the picture on its way to the window.
    pub appearance: Appearance,
    /// Performance figures shown over the frame.
    pub overlay: Overlay,
    /// Colours of the menu and other pages.
    pub theme: PageTheme,
    /// Keys of the window.
    pub hotkeys: Hotkeys,
    /// Permanent badges in a corner, such as for a recording.
    pub badges: Vec<&'static str>,
    /// Whether the machine pauses while the window has not the keyboard focus.
    pub pause_unfocused: bool,
    /// Whether the menu offers to restart the title.
    pub can_restart: bool,
    /// Whether settings of the menu can be kept ([`Client::remember`]).
    pub can_keep: bool,
    /// Whether the menu has a gallery ([`Client::gallery`]).
    pub has_gallery: bool,
    /// Whether the window opens with the library, and without a title.
    pub is_library: bool,
}

/// Keys of the machine's controller.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ControllerKeys {
    /// Heading of the rows: whose keys they are.
    pub heading: String,
    /// Labels of keys and the parts that they press, for the page of keys.
    pub rows: Vec<(String, String)>,
    /// The keys. A key of the window among them that is not reserved ([`KeyBinding::is_reserved`])
    /// is the controller's.
    pub keys: Vec<KeyCode>,
}

/// Change of the sound's volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VolumeChange {
    /// A step louder.
    Up,
    /// A step quieter.
    Down,
    /// Muted, or as loud as before.
    Mute,
}

/// Event of the keyboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyEvent {
    /// A key went down, or repeats.
    Pressed(KeyCode),
    /// A key went up.
    Released(KeyCode),
    /// The window lost the keyboard focus: later key releases are not received.
    Lost,
}

/// Callbacks to the machine's owner, on the main thread.
pub trait Client {
    /// Called for keys that are not in [`BINDINGS`].
    fn key(&mut self, event: KeyEvent);

    /// Called when the window gets the keyboard focus, or loses it.
    fn focus(&mut self, _has_focus: bool) {}

    /// Called when a title begins to run or is resumed, and when it is paused or no longer runs.
    fn note_running(&mut self, _is_running: bool) {}

    /// Passes a key and its text to the machine's dialog. Returns the dialog as it is now; `None`
    /// if none is open.
    fn dialog_key(&mut self, key: KeyCode, text: Option<&str>) -> Option<ConsoleDialog>;

    /// Chooses a part of the machine's dialog, as the mouse does. Returns the dialog as it is now;
    /// `None` if none is open.
    fn dialog_pick(&mut self, _pick: DialogPick) -> Option<ConsoleDialog> {
        None
    }

    /// Pauses or resumes the machine.
    fn pause(&mut self, paused: bool);

    /// Runs the paused machine until it has shown a frame.
    fn step(&mut self);

    /// Turns running without a speed limit on or off.
    fn turbo(&mut self, on: bool);

    /// Lets the machine go back for as long as this is on. Returns a message if it can't.
    fn rewind(&mut self, _on: bool) -> Option<String> {
        None
    }

    /// Restarts the machine that has stopped.
    fn again(&mut self);

    /// Ends the machine that runs, and starts the title again.
    fn restart(&mut self);

    /// Called when the menu opens or closes: while it is open, pads operate it.
    fn open_menu(&mut self, open: bool);

    /// The volume now.
    fn sound(&self) -> SoundVolume;

    /// Sets the volume.
    fn set_sound(&mut self, volume: SoundVolume);

    /// Writes settings, by key and value, to the settings file; `None` removes a key. Returns the
    /// file.
    fn remember(&mut self, settings: &[(String, Option<String>)]) -> Result<String, String>;

    /// The controllers; `None` if there is no page for them.
    fn input(&self) -> Option<&dyn InputClient> {
        None
    }

    /// All settings; `None` if there are no pages for them.
    fn all_settings(&self) -> Option<&dyn SettingsClient> {
        None
    }

    /// Changes the volume; returns a message.
    fn volume(&mut self, change: VolumeChange) -> String;

    /// Saves a frame with the given number; returns the location, or an error message.
    fn keep(&mut self, number: u64, frame: &Frame) -> Result<String, String>;

    /// Whether a video of the title is being recorded; `None` if none can be.
    fn video(&self) -> Option<bool> {
        None
    }

    /// Begins a video of the title, or ends it. Returns a message; another one is sent later
    /// ([`FrameSender::message`]).
    fn toggle_video(&mut self) -> String {
        "no video: there is no title".to_owned()
    }

    /// Part of the gallery that begins with this entry; `None` if there is no gallery.
    fn gallery(&self, _first: usize) -> Option<GalleryModel> {
        None
    }

    /// A picture of the gallery.
    fn picture(&self, path: &Path) -> GalleryPicture {
        GalleryPicture { path: path.to_owned(), ..GalleryPicture::default() }
    }

    /// Takes the window's place when the window closes, for the next start.
    fn keep_place(&mut self, _place: WindowPlace) {}

    /// Saved states of the title; `None` if it has none to save or load.
    fn states(&self) -> Option<StateList> {
        None
    }

    /// Saves the state to a slot, from 0, with this picture. A message is sent later
    /// ([`FrameSender::message`]), or returned if there is no slot.
    fn save_state(&mut self, _slot: u8, _picture: Option<&Frame>) -> Option<String> {
        None
    }

    /// Ends the machine that runs or has stopped, and continues from the state in a slot; `None`:
    /// from the state before the last load. Returns a message if there is no such state.
    fn load_state(&mut self, _slot: Option<u8>) -> Result<(), String> {
        Err("there is no state".to_owned())
    }

    /// As [`Self::load_state`], from the state that was replaced last.
    fn load_replaced(&mut self) -> Result<(), String> {
        Err("there is no state".to_owned())
    }

    /// Copies a text to the desktop's clipboard. Returns a message if it can't.
    fn copy(&mut self, _text: &str) -> Result<(), String> {
        Err("there is no clipboard".to_owned())
    }

    /// Opens a file or a folder in the desktop's program for it. Returns a message if it can't.
    fn open_file(&mut self, _path: &Path) -> Result<(), String> {
        Err("there is no desktop".to_owned())
    }

    /// Requests the machine's internals, which are delivered by [`FrameSender::internals`].
    fn request_internals(&mut self) {}

    /// The library; `None` if the window is for a single title.
    fn library(&mut self) -> Option<&mut dyn LibraryClient> {
        None
    }

    /// The data of profiles; `None` if there are no pages for it.
    fn profile(&mut self) -> Option<&mut dyn ProfileClient> {
        None
    }

    /// Writes a bug report with this picture. Returns a message, or sends it later
    /// ([`FrameSender::message`]).
    fn report(&mut self, frame: Option<&Frame>) -> Option<String>;
}

/// Requests of the page of controllers, on the main thread. Parts of a controller have their names
/// in settings. Changes return the keys for the page of keys, or why they can't be made.
pub trait InputClient {
    /// The page's data.
    fn model(&self) -> InputModel;

    /// Assigns a key to a part.
    fn bind_key(&self, part: &str, key: KeyCode) -> Result<ControllerKeys, String>;

    /// Binds the first of the parts that were pressed on a pad ([`HeldParts::parts`]) to a part of
    /// the controller.
    fn bind_parts(&self, part: &str, pressed: u32) -> Result<ControllerKeys, String>;

    /// Gives the pad with this number on the page the next named assignment.
    fn next_pad_assignment(&self, number: usize) -> Result<ControllerKeys, String>;

    /// Takes all keys from a part.
    fn unbind(&self, part: &str) -> Result<ControllerKeys, String>;

    /// Sets a setting of the page.
    fn set(&self, key: &str, value: &str) -> Result<ControllerKeys, String>;

    /// Uses the next named assignment.
    fn next_assignment(&self) -> Result<ControllerKeys, String>;

    /// Restores the built-in assignment.
    fn reset(&self) -> Result<ControllerKeys, String>;

    /// Runs the motors of all pads, or stops them.
    fn try_motors(&self, on: bool);

    /// Changes that are not written to the settings file, as for [`Client::remember`].
    fn changes(&self) -> Vec<(String, Option<String>)>;
}

/// Requests of the pages of all settings, on the main thread. Changes are written to the settings
/// file, or return why not.
pub trait SettingsClient {
    /// All settings, for changes of this table.
    fn settings(&self, target: &SettingTarget) -> SettingsModel;

    /// Sets a setting in a table; `None` removes it.
    fn change(&self, target: &SettingTarget, key: &str, value: Option<&SettingValue>) -> Result<(), String>;

    /// Removes all settings from a table.
    fn reset(&self, target: &SettingTarget) -> Result<(), String>;
}

/// Requests of the library's pages, on the main thread.
pub trait LibraryClient {
    /// Ends the title that is open, if any, and opens the one in this file, or the demo.
    /// [`FrameSender::title`] or [`FrameSender::home`] follows.
    fn open(&mut self, path: Option<PathBuf>);

    /// Ends the title that is open. [`FrameSender::home`] follows.
    fn go_home(&mut self);

    /// Scans the folders again.
    fn rescan(&mut self);

    /// Brings the ages of the titles' last runs up to date.
    fn renew_ages(&mut self);

    /// Keeps for the next start how titles are shown.
    fn keep_view(&mut self, view: LibraryView) -> Result<(), String>;

    /// Whether a path is a folder that can be added to the library, and not a title.
    fn is_folder(&self, path: &Path) -> bool;

    /// A folder with the part of its folders that begins with this one, from 0; of `None`, a likely
    /// first folder.
    fn folders(&self, path: Option<&Path>, first: usize) -> FolderModel;

    /// Adds a folder, and scans it. Returns a message.
    fn add_folder(&mut self, path: &Path) -> Result<String, String>;

    /// Removes a folder, and scans the others. Returns a message.
    fn remove_folder(&mut self, path: &Path) -> Result<String, String>;

    /// Reads the data that a title has left on the disk. [`FrameSender::stored`] follows.
    fn read_stored(&mut self, path: Option<&Path>);

    /// Deletes data that a title has left. Returns a message.
    fn delete(&mut self, path: Option<&Path>, kind: StoredKind) -> Result<String, String>;
}

/// Opens a window, calls `start` with the sender for frames, and runs until the window is closed or
/// [`FrameSender::end`] is called. `start` is called only once the window is open. Must run on the
/// main thread.
pub fn run(
    config: WindowConfig,
    client: impl Client + 'static,
    start: impl FnOnce(FrameSender) + 'static,
) -> Result<(), RenderError> {
    let event_loop = EventLoop::<WindowMessage>::with_user_event()
        .build()
        .map_err(|error| RenderError::no_display(&error))?;
    let mut events = events::Events::new(config, client, start, event_loop.create_proxy());
    event_loop.run_app(&mut events).map_err(|error| RenderError::no_display(&error))?;
    events.into_result()
}
