//! Pages of the library's folders: a folder to add is chosen among those in a folder, part by part,
//! and one to remove among those of the library.

use super::page::{MenuPage, Outcome};
use super::widgets::{entry, row};
use super::{PageCommand, PageModel, parts};
use egui::{Button, ScrollArea, Ui, vec2};
use std::path::PathBuf;

/// Height of the list of the library's folders in points.
const LIST_HEIGHT: f32 = 400.0;

/// Shows the folders.
pub(super) fn show(ui: &mut Ui, model: &PageModel) -> Option<Outcome> {
    let Some(shown) = model.folders.as_deref() else {
        return entry(ui, "Back").then_some(Outcome::Go(MenuPage::Library));
    };
    let list = |path: &PathBuf, first| Outcome::Do(PageCommand::ShowFolders(Some(path.clone()), first));
    ui.vertical_centered(|ui| ui.heading("Add a folder of titles"));
    ui.vertical_centered(|ui| ui.label(shown.path.display().to_string()));
    let part = shown.before..shown.before + shown.folders.len();
    parts::place(ui, &part, shown.total);
    if let Some(failure) = &shown.failure {
        ui.vertical_centered(|ui| ui.label(failure));
    }
    ui.add_space(8.0);
    let mut outcome = None;
    // The focus begins at the first folder, so that a button pressed twice adds none.
    let wide = |ui: &Ui, label| Button::new(label).min_size(vec2(ui.available_width(), 0.0));
    let add = wide(ui, "Add this folder");
    if ui.add(add).clicked() {
        outcome = Some(Outcome::Do(PageCommand::AddFolder(shown.path.clone())));
    }
    if let Some(parent) = &shown.parent {
        let up = wide(ui, "..");
        if ui.add(up).accessible_name("the folder that it is in").clicked() {
            outcome = Some(list(parent, 0));
        }
    }
    for (name, path) in &shown.folders {
        if row(ui, name, "") {
            outcome = Some(list(path, 0));
        }
    }
    ui.add_space(8.0);
    // The window begins a part at a whole one, so back by fewer rows leads there, too.
    if let Some(first) = parts::turn(ui, &part, shown.total, part.len().max(1)) {
        outcome = Some(list(&shown.path, first));
    }
    if entry(ui, "Type a path") {
        outcome = Some(Outcome::Go(MenuPage::AddFolder));
    }
    if entry(ui, "Back") {
        outcome = Some(Outcome::Go(MenuPage::Library));
    }
    outcome
}

/// Shows the library's folders, of which the chosen one is removed. The first answer is harmless.
pub(super) fn show_removal(ui: &mut Ui, model: &PageModel) -> Option<Outcome> {
    ui.vertical_centered(|ui| ui.heading("Remove a folder from the library"));
    ui.vertical_centered(|ui| ui.label("Its files stay where they are."));
    ui.add_space(8.0);
    let mut outcome = None;
    if entry(ui, "Back") {
        outcome = Some(Outcome::Go(MenuPage::Library));
    }
    let folders = model.library.as_ref().and_then(|library| library.folders.as_deref());
    ScrollArea::vertical().max_height(LIST_HEIGHT).auto_shrink([false, true]).show(ui, |ui| {
        for folder in folders.unwrap_or_default() {
            if row(ui, &folder.display().to_string(), "") {
                outcome = Some(Outcome::Do(PageCommand::RemoveFolder(folder.clone())));
            }
        }
    });
    outcome
}

#[cfg(test)]
mod tests {
    use super::super::testing::Driver;
    use super::*;
    use crate::{FolderModel, LibraryModel};
    use egui::Key;
    use std::sync::Arc;

    fn model(before: usize) -> PageModel {
        let folder = |name: &str| (name.to_owned(), format!("/games/{name}").into());
        let folders = FolderModel {
            path: "/games".into(),
            parent: Some("/".into()),
            folders: ["discs", "packages"].map(folder).to_vec(),
            before,
            total: 5,
            failure: None,
        };
        PageModel { folders: Some(Arc::new(folders)), is_home: true, ..PageModel::default() }
    }

    fn lists(path: &str, first: usize) -> [PageCommand; 1] {
        [PageCommand::ShowFolders(Some(path.into()), first)]
    }

    #[test]
    fn keys_open_folders_and_add_the_one_that_is_shown() {
        let mut driver = Driver::new(MenuPage::ChooseFolder, model(0));
        assert!(driver.shows("/games") && driver.shows("1 to 2 of 5"));
        assert_eq!(driver.keys(&[Key::Enter]), lists("/games/discs", 0));
        assert_eq!(driver.keys(&[Key::ArrowDown, Key::Enter]), lists("/games/packages", 0));
        assert_eq!(driver.keys(&[Key::ArrowUp, Key::ArrowUp, Key::Enter]), lists("/", 0));
        let added = driver.keys(&[Key::ArrowUp, Key::Enter]);
        assert_eq!(added, [PageCommand::AddFolder("/games".into())]);
        driver.keys(&[Key::Escape]);
        assert_eq!(driver.page(), Some(MenuPage::Library));
    }

    #[test]
    fn parts_are_turned_and_a_path_may_be_typed() {
        let mut driver = Driver::new(MenuPage::ChooseFolder, model(2));
        assert!(driver.shows("3 to 4 of 5"));
        assert_eq!(driver.click("Next"), lists("/games", 4));
        assert_eq!(driver.click("Previous"), lists("/games", 0));
        for leave in [Key::Escape, Key::Enter] {
            driver.click("Type a path");
            assert_eq!(driver.page(), Some(MenuPage::AddFolder));
            // The focus is on the entry that adds, below which is the one that leads back.
            driver.keys(&[Key::ArrowDown, leave]);
            assert_eq!(driver.page(), Some(MenuPage::ChooseFolder));
        }
    }

    #[test]
    fn a_folder_without_subfolders_can_be_left_and_added() {
        let empty =
            FolderModel { path: "/".into(), failure: Some("refused".into()), ..FolderModel::default() };
        let model = PageModel { folders: Some(Arc::new(empty)), ..PageModel::default() };
        let mut driver = Driver::new(MenuPage::ChooseFolder, model);
        assert!(driver.shows("refused") && !driver.shows("..") && !driver.shows("Next"));
        assert_eq!(driver.click("Add this folder"), [PageCommand::AddFolder("/".into())]);
        assert_eq!(driver.click("Back"), []);
        assert_eq!(driver.page(), Some(MenuPage::Library));
    }

    #[test]
    fn the_menu_leads_to_the_folders() {
        let mut driver = Driver::new(MenuPage::Menu, model(0));
        assert_eq!(driver.click("Add a folder"), [PageCommand::ShowFolders(None, 0)]);
        assert!(!driver.shows("Remove a folder"), "the library has none");
    }

    #[test]
    fn a_folder_of_the_library_is_removed() {
        let folders = Some(vec!["/games".into(), "/gone".into()]);
        let library = LibraryModel { folders, ..LibraryModel::default() };
        let model = PageModel { library: Some(Arc::new(library)), is_home: true, ..PageModel::default() };
        let mut driver = Driver::new(MenuPage::Menu, model);
        driver.click("Remove a folder");
        assert_eq!(driver.keys(&[Key::Enter]), [], "the harmless answer comes first");
        assert_eq!(driver.page(), Some(MenuPage::Library));
        driver.open(MenuPage::RemoveFolder);
        assert_eq!(driver.click("/gone"), [PageCommand::RemoveFolder("/gone".into())]);
        assert_eq!(driver.keys(&[Key::Escape]), []);
        assert_eq!(driver.page(), Some(MenuPage::Library));
    }
}
