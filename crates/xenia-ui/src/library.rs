//! Library: the titles that can be run.

use super::interface::{MenuPage, Outcome, entry, row};
use super::{PageCommand, PageModel};
use egui::{ScrollArea, Ui};

/// Shows the titles.
pub(super) fn show(ui: &mut Ui, model: &PageModel) -> Option<Outcome> {
    ui.vertical_centered(|ui| ui.heading("Library"));
    ui.add_space(8.0);
    let mut outcome = None;
    let room = (ui.ctx().content_rect().height() - 220.0).max(80.0);
    ScrollArea::vertical().max_height(room).show(ui, |ui| {
        for title in model.library.iter().flatten() {
            if row(ui, &title.name, &title.details) {
                outcome = Some(Outcome::Do(PageCommand::Open(title.path.clone())));
            }
        }
    });
    ui.add_space(8.0);
    if entry(ui, "Back") {
        outcome = Some(Outcome::Go(MenuPage::Menu));
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::super::LibraryEntry;
    use super::super::testing::Driver;
    use super::*;
    use egui::Key;

    #[test]
    fn titles_are_chosen_by_keys() {
        let title = |name: &str, path: Option<&str>| LibraryEntry {
            name: name.to_owned(),
            path: path.map(Into::into),
            ..LibraryEntry::default()
        };
        let titles = vec![title("Demo", None), title("Fog", Some("/games/fog.xex"))];
        let mut driver =
            Driver::new(MenuPage::Library, PageModel { library: Some(titles), ..PageModel::default() });
        assert_eq!(driver.keys(&[Key::Enter]), [PageCommand::Open(None)]);
        let second = vec![PageCommand::Open(Some("/games/fog.xex".into()))];
        assert_eq!(driver.keys(&[Key::ArrowDown, Key::Enter]), second);
        assert_eq!(driver.click("Fog"), second);
    }
}
