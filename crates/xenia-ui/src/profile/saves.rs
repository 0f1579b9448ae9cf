//! The pages of a title's saved games and content: the list, a package, and the question before it
//! is deleted.

use super::{BEING_READ, ProfileState, ProfileView, back, choose, command, head};
use crate::page::Outcome;
use crate::pictures::draw;
use crate::widgets::{entry, row};
use crate::{MenuPage, PageModel, ProfileCommand, SavesModel, StoredPackage};
use egui::{Ui, Vec2, vec2};

/// Size of a package's picture in points.
const PICTURE: Vec2 = vec2(40.0, 40.0);
/// Size of the picture on the package's own page in points.
const LARGE: Vec2 = vec2(96.0, 96.0);

/// Shows the packages.
pub(super) fn show(ui: &mut Ui, model: &PageModel, view: &mut ProfileView<'_>) -> Option<Outcome> {
    let leave = || back(MenuPage::Saves, model);
    let Some(saves) = model.profile.saves.clone() else {
        head(ui, "Saves and content", [BEING_READ]);
        return entry(ui, "Back").then(leave);
    };
    let texts = [&saves.title, &saves.totals].into_iter().chain(&saves.failure).chain(&saves.fixed);
    head(ui, "Saves and content", texts.map(String::as_str));
    let picture = |package: &StoredPackage| package.picture.clone();
    let chosen = view
        .list(ui, &saves.packages, PICTURE, picture, |ui, package| row(ui, &package.name, &package.details));
    let mut outcome = chosen.map(|package| {
        view.state.package = Some(package.id.clone());
        Outcome::Go(MenuPage::Package)
    });
    if saves.fixed.is_none() && entry(ui, "Import\u{2026}") {
        outcome = Some(Outcome::Go(MenuPage::Import));
    }
    outcome = outcome.or(choose(ui, &saves.choice));
    if entry(ui, "Back") {
        outcome = Some(leave());
    }
    outcome
}

/// The package that was chosen, if it still exists.
fn chosen<'a>(model: &'a PageModel, state: &ProfileState) -> Option<(&'a SavesModel, &'a StoredPackage)> {
    let saves = model.profile.saves.as_deref()?;
    let package = saves.packages.iter().find(|package| Some(&package.id) == state.package.as_ref())?;
    Some((saves, package))
}

/// Shows a package, and what can be done with it.
pub(super) fn show_package(ui: &mut Ui, model: &PageModel, view: &mut ProfileView<'_>) -> Option<Outcome> {
    let Some((saves, package)) = chosen(model, view.state) else {
        ui.vertical_centered(|ui| ui.label("The package is gone."));
        return entry(ui, "Back").then_some(Outcome::Go(MenuPage::Saves));
    };
    ui.vertical_centered(|ui| ui.heading(&package.name));
    ui.vertical_centered(|ui| draw(ui, LARGE, package.picture.as_ref(), view.pictures));
    ui.add_space(4.0);
    ui.label(&package.details);
    ui.label(format!("File: {}", package.id.file));
    if package.id.owner == 0 {
        ui.label("It belongs to all profiles.");
    }
    ui.add_space(8.0);
    let mut outcome = None;
    if saves.exports.is_some() && entry(ui, "Export to a file") {
        outcome = Some(command(ProfileCommand::Export(package.id.clone())));
    }
    if saves.fixed.is_none() && entry(ui, "Delete\u{2026}") {
        outcome = Some(Outcome::Go(MenuPage::AskDeletePackage));
    }
    if entry(ui, "Back") {
        outcome = Some(Outcome::Go(MenuPage::Saves));
    }
    outcome
}

/// Asks before a package is deleted. The first answer is harmless.
pub(super) fn ask_delete(ui: &mut Ui, model: &PageModel, state: &ProfileState) -> Option<Outcome> {
    let package = chosen(model, state).map(|(_, package)| package);
    let name = package.map_or("the package", |package| &package.name);
    ui.vertical_centered(|ui| ui.heading(format!("Delete {name}?")));
    ui.label(package.map_or("", |package| &package.details));
    ui.label("It is lost for good.");
    ui.add_space(8.0);
    let mut outcome = None;
    if entry(ui, "Back") {
        outcome = Some(Outcome::Go(MenuPage::Package));
    }
    if entry(ui, "Delete")
        && let Some(package) = package
    {
        outcome = Some(command(ProfileCommand::Delete(package.id.clone())));
    }
    outcome
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::testing::Driver;
    use crate::{DataOwner, ImportableFile, LibraryIcon, PackageId, PageCommand, ProfileModel};
    use egui::Key;
    use std::sync::Arc;

    /// A page of two packages, which can be changed.
    pub(crate) fn model() -> PageModel {
        let package = |owner, name: &str| StoredPackage {
            id: PackageId { owner, title: 1, kind: 1, file: name.to_lowercase() },
            name: name.to_owned(),
            details: "saved game, 12 KiB, 2026-11-28".to_owned(),
            picture: Some(Arc::new(LibraryIcon { size: [1, 1], rgba: vec![9; 4] })),
        };
        let saves = SavesModel {
            title: "Knot".to_owned(),
            totals: "2 packages, 24 KiB".to_owned(),
            packages: vec![package(7, "First"), package(0, "Second")],
            importable: vec![ImportableFile { path: "/e/one.con".into(), details: "12 KiB".to_owned() }],
            exports: Some("/e".into()),
            ..SavesModel::default()
        };
        let of = DataOwner::InLibrary(None);
        let profile = ProfileModel { of, saves: Some(Arc::new(saves)), ..ProfileModel::default() };
        PageModel { profile, is_home: true, ..PageModel::default() }
    }

    fn change(driver: &mut Driver, change: impl FnOnce(&mut SavesModel)) {
        driver.change(|model| change(Arc::make_mut(model.profile.saves.as_mut().unwrap())));
    }

    fn does(command: ProfileCommand) -> [PageCommand; 1] {
        [PageCommand::Profile(command)]
    }

    #[test]
    fn a_package_is_exported_and_deleted_after_confirmation_with_keys_only() {
        let mut driver = Driver::new(MenuPage::Saves, model());
        assert!(driver.shows("2 packages, 24 KiB") && driver.shows("First"));
        assert_eq!(driver.pictures(), 2);
        let id = PackageId { owner: 0, title: 1, kind: 1, file: "second".to_owned() };
        driver.keys(&[Key::ArrowDown, Key::Enter]);
        assert_eq!(driver.page(), Some(MenuPage::Package));
        assert!(driver.shows("File: second") && driver.shows("It belongs to all profiles."));
        assert_eq!(driver.keys(&[Key::Enter]), does(ProfileCommand::Export(id.clone())));
        assert_eq!(driver.keys(&[Key::ArrowDown, Key::Enter]), []);
        assert_eq!(driver.page(), Some(MenuPage::AskDeletePackage));
        assert_eq!(driver.keys(&[Key::Enter]), [], "the harmless answer comes first");
        assert_eq!(driver.page(), Some(MenuPage::Package));
        driver.keys(&[Key::ArrowDown, Key::Enter]);
        assert_eq!(driver.keys(&[Key::ArrowDown, Key::Enter]), does(ProfileCommand::Delete(id)));
        driver.keys(&[Key::Escape, Key::Escape]);
        assert_eq!(driver.page(), Some(MenuPage::Saves));
        assert_eq!(driver.keys(&[Key::Escape]), [PageCommand::Inspect(None)]);
    }

    #[test]
    fn packages_of_a_title_that_runs_stay_as_they_are() {
        let mut driver = Driver::new(MenuPage::Saves, model());
        change(&mut driver, |saves| saves.fixed = Some("close the title first".to_owned()));
        assert!(driver.shows("close the title first") && !driver.shows("Import\u{2026}"));
        driver.keys(&[Key::Enter]);
        assert!(driver.shows("Export to a file") && !driver.shows("Delete\u{2026}"));
        change(&mut driver, |saves| saves.packages.clear());
        assert!(driver.shows("The package is gone."));
        driver.keys(&[Key::Enter]);
        assert_eq!(driver.page(), Some(MenuPage::Saves));
    }
}
