//! Pages of profiles: the profiles themselves, and their data of one title: its achievements, and
//! its saved games and content.
//!
//! The window reads the data in the background, so a page may be open before there is any.

mod achievements;
mod import;
mod profiles;
mod saves;

use super::page::Outcome;
use super::parts::{self, LIST_ROWS};
use super::pictures::{LibraryIcon, Textures, draw, key_of};
use super::typing::TypedText;
use super::widgets::row;
use super::{
    DataOwner, MenuPage, PackageId, PageCommand, PageModel, ProfileChoice, ProfileCommand, StoredProfile,
};
use egui::{Ui, Vec2};
use std::sync::Arc;

/// Text of a page whose data is not there yet.
const BEING_READ: &str = "They are being read\u{2026}";

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
        // A list that has become shorter is shown from its last whole part on.
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
