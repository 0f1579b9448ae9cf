//! Pages of profiles: the profiles themselves, and their data of one title: its achievements, and
//! its saved games and content.
//!
//! The window reads the data in the background, so a page may be open before there is any.

mod achievements;
mod import;
mod profiles;
mod saves;

pub use achievements::{AchievementsModel, EarnedRow};
pub use import::ImportableFile;
pub use profiles::{ProfilesModel, StoredProfile};
pub use saves::{PackageId, SavesModel, StoredPackage};

use super::page::Outcome;
use super::parts::{self, LIST_ROWS};
use super::pictures::{LibraryIcon, Textures, draw, key_of};
use super::typing::TypedText;
use super::widgets::row;
use super::{MenuPage, PageCommand, PageModel};
use egui::{Ui, Vec2};
use std::path::PathBuf;
use std::sync::Arc;

/// Text of a page whose data is not there yet.
const BEING_READ: &str = "They are being read\u{2026}";

/// The title whose data is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum DataOwner {
    /// The title that runs.
    #[default]
    Running,
    /// A title of the library, by its file; `None`: the demo.
    InLibrary(Option<PathBuf>),
}

/// A profile, to be chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfileName {
    /// The profile's id.
    pub xuid: u64,
    /// The user's name.
    pub name: String,
}

/// The profiles and the chosen one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfileChoice {
    /// All profiles, by id.
    pub profiles: Vec<ProfileName>,
    /// Index of the one whose data is shown.
    pub chosen: usize,
}

impl ProfileChoice {
    /// The profile whose data is shown.
    pub fn chosen(&self) -> Option<&ProfileName> {
        self.profiles.get(self.chosen)
    }

    /// The profile after the chosen one; `None` if there is no other.
    fn next(&self) -> Option<&ProfileName> {
        let next = (self.chosen + 1).checked_rem(self.profiles.len())?;
        self.profiles.get(next).filter(|_| next != self.chosen)
    }
}

/// Data of the pages of profiles.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfileModel {
    /// Whether the title that runs can have such data.
    pub has_title: bool,
    /// Whether profiles can be shown without a title.
    pub has_profiles: bool,
    /// The profiles; `None` while they are being read.
    pub profiles: Option<Arc<ProfilesModel>>,
    /// The title whose data is shown.
    pub of: DataOwner,
    /// Its achievements; `None` while they are being read.
    pub achievements: Option<Arc<AchievementsModel>>,
    /// Its saved games and content; `None` while they are being read.
    pub saves: Option<Arc<SavesModel>>,
    /// A file whose package exists already.
    pub conflict: Option<PathBuf>,
}

/// Command of a page of profiles. Those about a title mean the one whose data is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProfileCommand {
    /// Read and show the profiles.
    ShowProfiles,
    /// Make a profile with this name.
    Create(String),
    /// Give a profile another name.
    Rename {
        /// The profile's id.
        xuid: u64,
        /// The new name.
        name: String,
    },
    /// Remove the profile with this id, and all of its data.
    Remove(u64),
    /// Read and show the achievements of this title.
    ShowAchievements(DataOwner),
    /// Read and show the saved games and content of this title.
    ShowSaves(DataOwner),
    /// Show the data of the profile with this id, on the page that is open.
    Choose(u64),
    /// Delete a package.
    Delete(PackageId),
    /// Write a package to a file.
    Export(PackageId),
    /// Take a package in.
    Import {
        /// File of the package.
        path: PathBuf,
        /// Whether a package of the same name is replaced.
        replaces: bool,
    },
}

/// State of the pages.
#[derive(Debug, Default)]
pub(super) struct ProfileState {
    /// First row that is shown.
    first: usize,
    /// The package that was chosen.
    package: Option<PackageId>,
    /// The profile that was chosen, as it was then.
    profile: Option<StoredProfile>,
}

impl ProfileState {
    /// The text with which a page begins on which one is typed.
    pub(super) fn first_text(&self, page: MenuPage) -> &str {
        let profile = self.profile.as_ref().filter(|_| page == MenuPage::RenameProfile);
        profile.map_or("", |profile| &profile.name)
    }

    /// Shows lists from their beginning when a page is entered from elsewhere.
    pub(super) fn enter(&mut self, page: MenuPage) {
        if matches!(page, MenuPage::Title | MenuPage::Menu) {
            *self = Self::default();
        }
    }
}

/// State of these pages, and the pictures that they draw.
pub(super) struct ProfileView<'a> {
    pub(super) state: &'a mut ProfileState,
    pub(super) pictures: &'a mut Textures,
}

impl ProfileView<'_> {
    /// Shows the part of a list that is on the page, and turns to others. A row is a picture of
    /// this size, and what `line` shows; returns the row for which that returns true.
    fn list<'a, T>(
        &mut self,
        ui: &mut Ui,
        rows: &'a [T],
        size: Vec2,
        picture: impl Fn(&T) -> Option<Arc<LibraryIcon>>,
        line: impl Fn(&mut Ui, &T) -> bool,
    ) -> Option<&'a T> {
        let first = self.state.first.min(rows.len().saturating_sub(1) / LIST_ROWS * LIST_ROWS);
        let shown = first..(first + LIST_ROWS).min(rows.len());
        parts::place(ui, &shown, rows.len());
        ui.add_space(8.0);
        let mut chosen = None;
        let mut drawn = Vec::new();
        for row in &rows[shown.clone()] {
            let picture = picture(row);
            let is_chosen = ui.horizontal(|ui| {
                draw(ui, size, picture.as_ref(), self.pictures);
                line(ui, row)
            });
            chosen = is_chosen.inner.then_some(row).or(chosen);
            drawn.extend(picture.as_ref().map(key_of));
        }
        self.pictures.keep(&drawn);
        ui.add_space(8.0);
        self.state.first = parts::turn(ui, &shown, rows.len(), LIST_ROWS).unwrap_or(first);
        chosen
    }
}

/// The outcome that gives a command to the window.
fn command(command: ProfileCommand) -> Outcome {
    Outcome::Do(PageCommand::Profile(command))
}

/// Result of leaving one of these pages.
pub(super) fn back(page: MenuPage, model: &PageModel) -> Outcome {
    match (page, &model.profile.of) {
        (MenuPage::Profiles, _) => Outcome::Go(MenuPage::Menu),
        (MenuPage::OneProfile | MenuPage::NewProfile, _) => Outcome::Go(MenuPage::Profiles),
        (MenuPage::RenameProfile | MenuPage::AskDeleteProfile, _) => Outcome::Go(MenuPage::OneProfile),
        (MenuPage::Package | MenuPage::Import | MenuPage::AskReplace, _) => Outcome::Go(MenuPage::Saves),
        (MenuPage::AskDeletePackage, _) => Outcome::Go(MenuPage::Package),
        (_, DataOwner::Running) => Outcome::Go(MenuPage::Menu),
        // The details are read again: packages may be gone.
        (_, DataOwner::InLibrary(path)) => Outcome::Do(PageCommand::Inspect(path.clone())),
    }
}

/// Shows one of these pages.
pub(super) fn show(
    ui: &mut Ui,
    page: MenuPage,
    model: &PageModel,
    view: &mut ProfileView<'_>,
    typed: &mut TypedText,
) -> Option<Outcome> {
    match page {
        MenuPage::Profiles => profiles::show(ui, model, view),
        MenuPage::OneProfile => profiles::show_one(ui, model, view.state),
        MenuPage::NewProfile => profiles::type_new(ui, typed),
        MenuPage::RenameProfile => profiles::type_other(ui, model, view.state, typed),
        MenuPage::AskDeleteProfile => profiles::ask_delete(ui, model, view.state),
        MenuPage::Achievements => achievements::show(ui, model, view),
        MenuPage::Saves => saves::show(ui, model, view),
        MenuPage::Package => saves::show_package(ui, model, view),
        MenuPage::AskDeletePackage => saves::ask_delete(ui, model, view.state),
        MenuPage::Import => import::show(ui, model, typed),
        MenuPage::AskReplace => import::ask_replace(ui, model),
        _ => None,
    }
}

/// Entry of the library's menu that leads to the profiles; `None` if they can't be shown.
pub(super) fn entry_of_profiles(model: &PageModel) -> Option<(&'static str, Outcome)> {
    model.profile.has_profiles.then(|| ("Profiles", command(ProfileCommand::ShowProfiles)))
}

/// Entries of a title's menu that lead to these pages.
pub(super) fn entries(of: &DataOwner) -> [(&'static str, Outcome); 2] {
    [
        ("Achievements", command(ProfileCommand::ShowAchievements(of.clone()))),
        ("Saves and content", command(ProfileCommand::ShowSaves(of.clone()))),
    ]
}

/// Shows the chosen profile where there are several.
fn choose(ui: &mut Ui, choice: &ProfileChoice) -> Option<Outcome> {
    let next = choice.next()?;
    let name = choice.chosen().map_or("", |profile| &profile.name);
    row(ui, "Profile", name).then(|| command(ProfileCommand::Choose(next.xuid)))
}

/// Shows the head of a list: the heading, and texts below it.
fn head<'a>(ui: &mut Ui, heading: &str, texts: impl IntoIterator<Item = &'a str>) {
    ui.vertical_centered(|ui| ui.heading(heading));
    for text in texts {
        ui.vertical_centered(|ui| ui.label(text));
    }
}
