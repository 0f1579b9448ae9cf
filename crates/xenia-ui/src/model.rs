//! Data that pages show, and the commands that they give.
//!
//! All of it is plain data: pages neither read files nor access a machine, and the window carries
//! the commands out.

mod all_settings;
mod gallery;
mod input;
mod library;
mod profile;

pub use all_settings::{
    OfferedElement, SettingEntry, SettingForm, SettingLayer, SettingTarget, SettingValue, SettingsModel,
};
pub use gallery::{GalleryEntry, GalleryModel, GalleryPicture};
pub use input::{InputCommand, InputModel, InputPad, InputPart};
pub use library::{FolderModel, LibraryEntry, LibraryModel, LibrarySort, LibraryView};
pub use profile::{
    AchievementsModel, DataOwner, EarnedRow, ImportableFile, PackageId, ProfileChoice, ProfileCommand,
    ProfileModel, ProfileName, ProfilesModel, SavesModel, StoredPackage, StoredProfile,
};

pub(super) use all_settings::{OFF, worded};

use super::dialog::DialogPick;
use super::pictures::LibraryIcon;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;

/// Data of the pages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageModel {
    /// Name of the title that runs.
    pub title: String,
    /// Whether the title can be restarted.
    pub can_restart: bool,
    /// Whether a title runs, so that closing it loses something.
    pub is_running: bool,
    /// Whether settings can be written to the settings file.
    pub can_keep: bool,
    /// Number of changes of settings and controllers that are not written to it.
    pub unkept: usize,
    /// Settings that take effect immediately.
    pub settings: Vec<LiveSetting>,
    /// All settings, once a page has asked for them.
    pub all_settings: Option<Arc<SettingsModel>>,
    /// Whether there are pages of all settings.
    pub has_all_settings: bool,
    /// Whether there are controllers to be set up.
    pub has_input: bool,
    /// Controllers, while their page is open.
    pub input: Option<InputModel>,
    /// Saved states of the title; `None` if it has none to save or load.
    pub states: Option<StateList>,
    /// Titles of the library; `None` without one.
    pub library: Option<Arc<LibraryModel>>,
    /// The folder that was shown last, to be added to the library.
    pub folders: Option<Arc<FolderModel>>,
    /// Whether no title is open, so that the library is the page below all others.
    pub is_home: bool,
    /// Data that the title on the page of details has left on the disk; `None` while it is being
    /// read.
    pub stored: Option<StoredData>,
    /// Achievements, saved games and content of a title.
    pub profile: ProfileModel,
    /// Whether there is a gallery of screenshots and videos.
    pub has_gallery: bool,
    /// The part of the gallery that is shown.
    pub gallery: Option<Arc<GalleryModel>>,
    /// The picture of the gallery that was chosen last.
    pub picture: GalleryPicture,
    /// Whether a video of the title is being recorded; `None` if none can be.
    pub video: Option<bool>,
    /// Why the machine has stopped, if it has.
    pub stopped: Option<StoppedModel>,
    /// Failure to be shown.
    pub failure: PageFailure,
    /// The machine's internals at the last request; `None` if they have not arrived yet.
    pub internals: Option<Arc<Vec<InternalsPane>>>,
    /// A file that was dropped onto the window while a title runs.
    pub dropped: Option<PathBuf>,
}

/// Why a machine has stopped, and what can be done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoppedModel {
    /// Short description of the cause.
    pub heading: String,
    /// Details, the most useful first.
    pub lines: Vec<String>,
    /// The key that restarts the title, maybe none; `None` if it can't be restarted.
    pub again: Option<String>,
    /// The key that writes a bug report, maybe none; `None` if there is none to write.
    pub report: Option<String>,
    /// The key that leaves the title, maybe none.
    pub leave: String,
    /// Whether there is a text to copy.
    pub can_copy: bool,
    /// Folder of the report; `None` if there is none.
    pub folder: Option<PathBuf>,
    /// Whether leaving leads to the library. Otherwise it closes the window.
    pub has_library: bool,
}

/// A pane of the machine's internals.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InternalsPane {
    /// Name that chooses it.
    pub name: String,
    /// Description, with the number of rows.
    pub title: String,
    /// Names of the columns, if it has any.
    pub heading: Option<String>,
    /// The rows, in letters of equal width.
    pub rows: Vec<String>,
}

/// Descriptions of the data that a title has left on the disk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredData {
    /// Caches, which can be rebuilt; `None` if there are none.
    pub caches: Option<String>,
    /// Saved games and states, which are lost if they are deleted; `None` if there are none.
    pub saves: Option<String>,
}

/// A failure, such as that of a title's start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageFailure {
    /// Short description of the failure.
    pub heading: String,
    /// The reason, line by line.
    pub lines: Vec<String>,
}

/// Kind of the data that a title has left on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoredKind {
    /// Caches, which can be rebuilt.
    Caches,
    /// Saved games and states.
    Saves,
}

/// A saved state in a slot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SavedSlot {
    /// Age and time of play, as text.
    pub details: String,
    /// The picture that was shown; `None` if there is none.
    pub picture: Option<Arc<LibraryIcon>>,
}

/// Saved states of the title that runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StateList {
    /// The state in each slot; `None` if the slot is empty.
    pub slots: Vec<Option<SavedSlot>>,
    /// The state that was replaced last; `None` if there is none.
    pub replaced: Option<SavedSlot>,
    /// Whether there is a state before the last load.
    pub can_undo: bool,
    /// Whether the state is saved when the title is left, and loaded at its next start.
    pub resumes: bool,
}

impl StateList {
    /// Whether there is a state to load.
    pub(super) fn has_any(&self) -> bool {
        self.can_undo || self.slots.iter().chain([&self.replaced]).any(Option::is_some)
    }
}

/// A setting with its present value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveSetting {
    /// The key in config.toml.
    pub key: &'static str,
    /// Label on the page.
    pub label: &'static str,
    /// How it is changed.
    pub control: SettingControl,
    /// The value as in config.toml.
    pub value: String,
}

/// Control that changes a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingControl {
    /// `true` or `false`.
    Switch,
    /// One of these values; each with its label.
    Choice(&'static [(&'static str, &'static str)]),
    /// A value in percent.
    Percent {
        /// Range of the values.
        range: RangeInclusive<u16>,
        /// Difference between two values.
        step: u16,
    },
}

/// Command of a page to the window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PageCommand {
    /// Close the pages and resume the title.
    Resume,
    /// Restart the title.
    Restart,
    /// Run the title at this path, or the demo.
    Open(Option<PathBuf>),
    /// End the title, and show the library.
    Home,
    /// Look up the data that a title has left, and show it.
    Inspect(Option<PathBuf>),
    /// Delete data that a title has left.
    Delete(Option<PathBuf>, StoredKind),
    /// Scan the folders of the library again.
    Rescan,
    /// Bring the ages of the titles' last runs up to date.
    RenewAges,
    /// Show the library in this way, now and at the next start.
    ShowLibrary(LibraryView),
    /// Show the subfolders of a folder, from this index on. `None` shows a likely first folder.
    ShowFolders(Option<PathBuf>, usize),
    /// Add a folder to the library.
    AddFolder(PathBuf),
    /// Remove a folder from the library; its files stay.
    RemoveFolder(PathBuf),
    /// Set a setting of this key to a value, as in config.toml.
    Set {
        /// Key in config.toml.
        key: &'static str,
        /// The value as text.
        value: String,
    },
    /// Show all settings, and change those of this table.
    ShowSettings(SettingTarget),
    /// Set a setting in the table that is shown, and write it to the settings file.
    Change {
        /// Key in config.toml.
        key: String,
        /// The new value; `None` removes the key.
        value: Option<SettingValue>,
    },
    /// Remove all settings of players from the table that is shown.
    ResetSettings,
    /// Change the assignment of controllers, or try their motors.
    Input(InputCommand),
    /// Write the settings to the settings file.
    Keep,
    /// Save the state to this slot, from 0.
    SaveState(u8),
    /// Load the state in this slot, from 0.
    LoadState(u8),
    /// Load the state that was replaced last.
    LoadReplaced,
    /// Load the state before the last load.
    UndoLoad,
    /// Request the state of the machine's parts.
    RequestInternals,
    /// Write a bug report.
    Report,
    /// Copy the reason why the machine has stopped to the clipboard.
    CopyReason,
    /// Open a file or a folder in the desktop's program for it.
    OpenFile(PathBuf),
    /// Leave the machine that has stopped.
    LeaveStopped,
    /// Keep the frame as a picture.
    Screenshot,
    /// Begin a video of the title, or end it.
    ToggleVideo,
    /// Show the gallery, from the entry with this index on.
    ShowGallery(usize),
    /// Show or change the data that profiles have of a title.
    Profile(ProfileCommand),
    /// Show a picture of the gallery.
    ShowPicture(PathBuf),
    /// Choose a part of the console's dialog.
    Pick(DialogPick),
    /// Close the window.
    Quit,
}
