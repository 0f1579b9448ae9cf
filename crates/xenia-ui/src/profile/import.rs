//! The page on which a package is chosen for import, and the confirmation before it replaces
//! another one.

use super::command;
use crate::page::Outcome;
use crate::typing::TypedText;
use crate::widgets::{entry, row};
use crate::{MenuPage, PageModel, ProfileCommand};
use egui::{ScrollArea, Ui};
use std::path::PathBuf;

/// Height of the list of files in points.
const LIST_HEIGHT: f32 = 240.0;

/// Shows the files that were found, and the path of another one while it is typed.
pub(super) fn show(ui: &mut Ui, model: &PageModel, typed: &mut TypedText) -> Option<Outcome> {
    let saves = model.profile.saves.clone().unwrap_or_default();
    let import = |path: PathBuf| command(ProfileCommand::Import { path, replaces: false });
    ui.vertical_centered(|ui| ui.heading("Import a package"));
    ui.label("Type its path, or drop the file onto the window:");
    let mut outcome = None;
    if typed.show(ui, "Import") && !typed.text.trim().is_empty() {
        outcome = Some(import(PathBuf::from(typed.text.trim())));
    }
    if let Some(folder) = &saves.exports {
        ui.label(format!("In {}:", folder.display()));
        if saves.importable.is_empty() {
            ui.label("no package");
        }
        let list = ScrollArea::vertical().max_height(LIST_HEIGHT).auto_shrink([false, true]);
        list.show(ui, |ui| {
            for file in &saves.importable {
                let name = file.path.strip_prefix(folder).unwrap_or(&file.path);
                if row(ui, &name.display().to_string(), &file.details) {
                    outcome = Some(import(file.path.clone()));
                }
            }
        });
    }
    ui.add_space(8.0);
    if entry(ui, "Back") {
        outcome = Some(Outcome::Go(MenuPage::Saves));
    }
    outcome
}

/// Asks before a package replaces one of the same name. The first answer is harmless.
pub(super) fn ask_replace(ui: &mut Ui, model: &PageModel) -> Option<Outcome> {
    let path = model.profile.conflict.as_ref();
    ui.vertical_centered(|ui| ui.heading("Replace the package of the same name?"));
    ui.label(path.map(|path| path.display().to_string()).unwrap_or_default());
    ui.label("The old one is lost for good.");
    ui.add_space(8.0);
    let mut outcome = None;
    if entry(ui, "Back") {
        outcome = Some(Outcome::Go(MenuPage::Saves));
    }
    if entry(ui, "Replace")
        && let Some(path) = path
    {
        outcome = Some(command(ProfileCommand::Import { path: path.clone(), replaces: true }));
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::super::saves::tests::model;
    use super::*;
    use crate::PageCommand;
    use crate::testing::Driver;
    use egui::Key;

    fn imports(path: &str, replaces: bool) -> [PageCommand; 1] {
        [PageCommand::Profile(ProfileCommand::Import { path: path.into(), replaces })]
    }

    #[test]
    fn a_file_is_chosen_or_its_path_is_typed() {
        let mut driver = Driver::new(MenuPage::Saves, model());
        driver.keys(&[Key::ArrowDown, Key::ArrowDown, Key::Enter]);
        assert_eq!(driver.page(), Some(MenuPage::Import));
        assert_eq!(driver.keys(&[Key::Enter]), [], "no path is typed");
        assert_eq!(driver.keys(&[Key::ArrowDown, Key::Enter]), imports("/e/one.con", false));
        driver.types("/a b.con");
        driver.keys(&[Key::Backspace]);
        driver.click("x");
        assert_eq!(driver.click("Import"), imports("/a b.cox", false), "a pad types, too");
        driver.keys(&[Key::Escape]);
        assert_eq!(driver.page(), Some(MenuPage::Saves));
    }

    #[test]
    fn a_package_replaces_another_one_after_a_question() {
        let mut driver = Driver::new(MenuPage::AskReplace, model());
        driver.change(|model| model.profile.conflict = Some("/e/one.con".into()));
        assert!(driver.shows("/e/one.con"));
        assert_eq!(driver.keys(&[Key::ArrowDown, Key::Enter]), imports("/e/one.con", true));
        driver.keys(&[Key::ArrowUp, Key::Enter]);
        assert_eq!(driver.page(), Some(MenuPage::Saves));
    }
}
