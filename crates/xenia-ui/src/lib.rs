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
pub use folders::FolderModel;
pub use gallery::{GalleryEntry, GalleryModel, GalleryPicture};
pub use input::{InputCommand, InputModel, InputPad, InputPart};
pub use interface::{PageTheme, UserInterface};
pub use internals::InternalsPane;
pub use library::{LibraryEntry, LibraryModel, LibrarySort, LibraryView};
pub use model::{
    LiveSetting, OfferedElement, PageCommand, PageFailure, PageModel, SavedSlot, SettingControl,
    SettingEntry, SettingForm, SettingLayer, SettingTarget, SettingValue, SettingsModel, StateList,
    StoredData, StoredKind,
};
pub use overlay::OverlayText;
pub use pad::{GUIDE, PadKeys};
pub use page::MenuPage;
pub use parts::LIST_ROWS;
pub use pictures::LibraryIcon;
pub use profile::{
    AchievementsModel, DataOwner, EarnedRow, ImportableFile, PackageId, ProfileChoice, ProfileCommand,
    ProfileModel, ProfileName, ProfilesModel, SavesModel, StoredPackage, StoredProfile,
};
pub use stopped::StoppedModel;
