//! Data that pages show, and the commands that they give.

use std::ops::RangeInclusive;
use std::path::PathBuf;

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
    /// Settings that act at once.
    pub settings: Vec<LiveSetting>,
    /// Saved states of the title; `None` if it has none to save or load.
    pub states: Option<StateList>,
    /// Titles of the library; `None` without one.
    pub library: Option<Vec<LibraryEntry>>,
}

/// Saved states of the title that runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StateList {
    /// Details of the state in each slot; `None` if the slot is empty.
    pub slots: Vec<Option<String>>,
    /// Whether there is a state before the last load.
    pub can_undo: bool,
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
    /// A number of percent.
    Percent {
        /// Range of the values.
        range: RangeInclusive<u16>,
        /// Difference between two values.
        step: u16,
    },
}

/// A title of the library.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LibraryEntry {
    /// Name of the title.
    pub name: String,
    /// Details in one line.
    pub details: String,
    /// The file that starts it; `None` starts the demo.
    pub path: Option<PathBuf>,
}

/// Command of a page to the window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PageCommand {
    /// Close the pages and let the title go on.
    Resume,
    /// Restart the title.
    Restart,
    /// Run the title at this path, or the demo.
    Open(Option<PathBuf>),
    /// Set a setting of this key to a value, as in config.toml.
    Set {
        /// Key in config.toml.
        key: &'static str,
        /// The value as text.
        value: String,
    },
    /// Write the settings to the settings file.
    Keep,
    /// Save the state to this slot, from 0.
    SaveState(u8),
    /// Load the state in this slot, from 0.
    LoadState(u8),
    /// Load the state before the last load.
    UndoLoad,
    /// Keep the frame as a picture.
    Screenshot,
    /// Close the window.
    Quit,
}
