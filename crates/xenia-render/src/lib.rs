//! Hardware renderer on wgpu: draws with the host's GPU, and shows frames in a window.
//!
//! - [`backend`]: executes draws and resolves, with the EDRAM in one buffer.
//! - `window` handles events, keys and texts, `present` the window's surface; `picture` has the
//!   settings of the picture, which both need.
//!
//! The machine runs on a separate thread and sends finished frames; the window shows the newest
//! one, scaled to fit. In the other direction go the pressed keys, and the requests of the window's
//! hotkeys.
#![forbid(unsafe_code)]

pub mod backend;
mod error;
mod picture;
mod present;
mod window;

pub use error::RenderError;
pub use picture::{
    Appearance, AspectRatio, BRIGHTNESS, Filter, FramePacing, GAMMA, MAX_OVERSCAN, PictureChange,
    PictureSettings, Scaling,
};
pub use window::{
    AchievementsModel, ConsoleDialog, DataOwner, DialogChoice, DialogPick, EarnedRow, ImportableFile,
    PackageId, ProfileChoice, ProfileClient, ProfileName, ProfileNews, ProfilesModel, SavesModel,
    StoredPackage, StoredProfile,
};
pub use window::{
    BINDINGS, Client, ControllerKeys, Figures, FolderModel, FrameSender, GalleryEntry, GalleryModel,
    GalleryPicture, HeldParts, HotkeyError, Hotkeys, InputClient, InputModel, InputPad, InputPart,
    InternalsPane, KeyAction, KeyBinding, KeyEvent, LIST_ROWS, LIVE, LibraryClient, LibraryEntry,
    LibraryIcon, LibraryModel, LibrarySort, LibraryView, LiveSetting, Modifier, OfferedElement, Overlay,
    PadChord, PageFailure, PageTheme, Phase, SavedSlot, SettingControl, SettingEntry, SettingForm,
    SettingLayer, SettingTarget, SettingValue, SettingsClient, SettingsModel, SoundVolume, Sounding,
    StateList, Stopped, StoredData, StoredKind, VolumeChange, WindowConfig, WindowPlace, run,
};
pub use winit::keyboard::KeyCode;
