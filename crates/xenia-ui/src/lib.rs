//! Pages over the picture: the pause menu, settings, controllers, saved states, the gallery,
//! profiles with their achievements and saves, the machine's internals. The library is the page of
//! a window without a title. Text outside of pages, such as figures and messages, is
//! [`OverlayText`].
//!
//! ```text
//!  PageModel (plain data) ──▶ UserInterface::show ──▶ pages ──▶ Commands
//!  events, PadKeys    ──▶        └──────────▶ shapes, which the window draws
//! ```
//!
//! A page is a function from a [`PageModel`] to an outcome. It does not depend on a window, machine
//! or graphics device, so tests run pages without any of them.
#![forbid(unsafe_code)]

#[cfg(test)]
mod accessibility;
mod all_settings;
mod details;
mod dialog;
mod folders;
mod fonts;
mod gallery;
mod input;
mod interface;
mod internals;
mod library;
mod menu;
mod model;
mod navigation;
mod overlay;
mod pad;
mod page;
mod parts;
mod pictures;
mod profile;
mod settings;
mod states;
mod stopped;
#[cfg(test)]
mod testing;
mod typing;
mod widgets;

pub use dialog::{ConsoleDialog, DialogChoice, DialogPick};
pub use egui;
pub use interface::{PageTheme, UserInterface};
pub use model::{
    AchievementsModel, DataOwner, EarnedRow, FolderModel, GalleryEntry, GalleryModel, GalleryPicture,
    ImportableFile, InputCommand, InputModel, InputPad, InputPart, InternalsPane, LibraryEntry, LibraryModel,
    LibrarySort, LibraryView, LiveSetting, OfferedElement, PackageId, PageCommand, PageFailure, PageModel,
    ProfileChoice, ProfileCommand, ProfileModel, ProfileName, ProfilesModel, SavedSlot, SavesModel,
    SettingControl, SettingEntry, SettingForm, SettingLayer, SettingTarget, SettingValue, SettingsModel,
    StateList, StoppedModel, StoredData, StoredKind, StoredPackage, StoredProfile,
};
pub use overlay::OverlayText;
pub use pad::{GUIDE, PadKeys};
pub use page::MenuPage;
pub use parts::LIST_ROWS;
pub use pictures::LibraryIcon;
