//! Pages about a title of the library, a new folder, a failure and a dropped file.

use super::page::{MenuPage, Outcome};
use super::typing::TypedText;
use super::widgets::{entry, entry_if, text_lines};
use super::{DataOwner, LibraryEntry, PageCommand, PageModel, SettingTarget, StoredKind, menu, profile};
use egui::Ui;
use std::path::{Path, PathBuf};

/// Room around the lines of a failure in points.
const AROUND_FAILURE: f32 = 280.0;

/// Shows the known facts about a title and its data on the disk.
pub(super) fn show(ui: &mut Ui, model: &PageModel, title: Option<&LibraryEntry>) -> Option<Outcome> {
    let title = title?;
    ui.vertical_centered(|ui| ui.heading(&title.name));
    ui.add_space(4.0);
    ui.label(&title.kind);
    if let Some(path) = &title.path {
        ui.label(path.display().to_string());
    }
    for line in [title.state, Some(title.played.as_str())].into_iter().flatten() {
        ui.label(line);
    }
    let stored = model.stored.as_ref();
    let caches = stored.and_then(|stored| stored.caches.as_deref());
    let saves = stored.and_then(|stored| stored.saves.as_deref());
    // Each has a line in any case: the focus would move when others are known.
    let missing = if stored.is_some() { "none" } else { "being read\u{2026}" };
    for (kind, text) in [("Caches", caches), ("Saves", saves)] {
        ui.label(text.map_or_else(|| format!("{kind}: {missing}"), str::to_owned));
    }
    ui.add_space(8.0);
    let mut outcome = None;
    if entry(ui, "Start") {
        outcome = Some(Outcome::Do(PageCommand::Open(title.path.clone())));
    }
    if model.has_all_settings && entry(ui, "Settings of this title") {
        let target = SettingTarget::Title(title.path.clone());
        outcome = Some(Outcome::Do(PageCommand::ShowSettings(target)));
    }
    if title.has_id {
        for (label, then) in profile::entries(&DataOwner::InLibrary(title.path.clone())) {
            if entry(ui, label) {
                outcome = Some(then);
            }
        }
    }
    if entry_if(ui, caches.is_some(), "Delete caches") {
        outcome = Some(Outcome::Do(PageCommand::Delete(title.path.clone(), StoredKind::Caches)));
    }
    if entry_if(ui, saves.is_some(), "Delete saves\u{2026}") {
        outcome = Some(Outcome::Go(MenuPage::AskDelete));
    }
    if entry(ui, "Back") {
        outcome = Some(Outcome::Go(MenuPage::Library));
    }
    outcome
}

/// Asks before saves are deleted, and says what is lost.
pub(super) fn ask_delete(ui: &mut Ui, model: &PageModel, title: Option<&LibraryEntry>) -> Option<Outcome> {
    let title = title?;
    ui.vertical_centered(|ui| ui.heading(format!("Delete the saves of {}?", title.name)));
    ui.label(model.stored.as_ref().and_then(|stored| stored.saves.as_deref()).unwrap_or_default());
    ui.label("They are lost for good.");
    ui.add_space(8.0);
    let mut outcome = None;
    if entry(ui, "Back") {
        outcome = Some(Outcome::Go(MenuPage::Title));
    }
    if entry(ui, "Delete") {
        outcome = Some(Outcome::Do(PageCommand::Delete(title.path.clone(), StoredKind::Saves)));
    }
    outcome
}

/// Shows a failure, whose lines leave room for the entry below them.
pub(super) fn failure(ui: &mut Ui, model: &PageModel) -> Option<Outcome> {
    ui.vertical_centered(|ui| ui.heading(&model.failure.heading));
    ui.add_space(4.0);
    let height = (ui.ctx().content_rect().height() - AROUND_FAILURE).max(60.0);
    text_lines(ui, height, &model.failure.lines);
    ui.add_space(8.0);
    entry(ui, "Back").then_some(Outcome::Go(MenuPage::Library))
}

/// Asks before a dropped file takes the place of the title that runs.
pub(super) fn ask_open(ui: &mut Ui, model: &PageModel) -> Option<Outcome> {
    let path = model.dropped.as_deref().unwrap_or(Path::new(""));
    ui.vertical_centered(|ui| ui.heading("Close the title, and start the file that was dropped?"));
    ui.label(path.display().to_string());
    ui.label(menu::effect_of_leaving(model));
    ui.add_space(8.0);
    let mut outcome = None;
    if entry(ui, "Back") {
        outcome = Some(Outcome::Do(PageCommand::Resume));
    }
    if entry(ui, "Start") {
        outcome = Some(Outcome::Do(PageCommand::Open(model.dropped.clone())));
    }
    outcome
}

/// Shows the path of a new folder while it is typed.
pub(super) fn add_folder(ui: &mut Ui, typed: &mut TypedText) -> Option<Outcome> {
    ui.vertical_centered(|ui| ui.heading("Add a folder of titles"));
    ui.label("Type its path, or drop the folder onto the window:");
    let mut outcome = None;
    if typed.show(ui, "Add") && !typed.text.trim().is_empty() {
        outcome = Some(Outcome::Do(PageCommand::AddFolder(PathBuf::from(typed.text.trim()))));
    }
    if entry(ui, "Back") {
        outcome = Some(Outcome::Go(MenuPage::ChooseFolder));
    }
    outcome
}
