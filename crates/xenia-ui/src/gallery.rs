//! Gallery: the user's screenshots and videos, the newest first, and the page of one picture.

use super::page::{MenuPage, Outcome};
use super::parts::LIST_ROWS;
use super::pictures::{Textures, draw, key_of};
use super::widgets::{entry, row};
use super::{PageCommand, PageModel};
use egui::{Ui, Vec2, vec2};

/// Size of an entry's picture in points.
const SMALL: Vec2 = vec2(64.0, 36.0);
/// Room for the heading and the entries below a picture in points.
const AROUND: f32 = 240.0;

/// Shows the gallery.
pub(super) fn show(ui: &mut Ui, model: &PageModel, pictures: &mut Textures) -> Option<Outcome> {
    ui.vertical_centered(|ui| ui.heading("Gallery"));
    ui.add_space(8.0);
    let gallery = model.gallery.clone().unwrap_or_default();
    if gallery.entries.is_empty() {
        ui.vertical_centered(|ui| ui.label("There is no screenshot and no video yet."));
    } else {
        let first = gallery.before + 1;
        let last = gallery.before + gallery.entries.len();
        ui.vertical_centered(|ui| ui.label(format!("{first} to {last} of {}", gallery.total)));
    }
    let mut outcome = None;
    for shown in &gallery.entries {
        let chosen = ui.horizontal(|ui| {
            draw(ui, SMALL, shown.small.as_ref(), pictures);
            row(ui, &shown.name, &shown.details)
        });
        if chosen.inner {
            let path = shown.path.clone();
            outcome = Some(Outcome::Do(if shown.is_picture {
                PageCommand::ShowPicture(path)
            } else {
                PageCommand::OpenFile(path)
            }));
        }
    }
    let small = gallery.entries.iter().filter_map(|shown| shown.small.as_ref());
    pictures.keep(&small.map(key_of).collect::<Vec<_>>());
    ui.add_space(8.0);
    let count = gallery.entries.len();
    if gallery.before > 0 && entry(ui, "Newer") {
        // By a whole part: the last one, from which this may lead back, can be shorter.
        outcome = Some(Outcome::Do(PageCommand::ShowGallery(gallery.before.saturating_sub(LIST_ROWS))));
    }
    if gallery.before + count < gallery.total && entry(ui, "Older") {
        outcome = Some(Outcome::Do(PageCommand::ShowGallery(gallery.before + count)));
    }
    for (label, folder) in &gallery.folders {
        if entry(ui, label) {
            outcome = Some(Outcome::Do(PageCommand::OpenFile(folder.clone())));
        }
    }
    if entry(ui, "Back") {
        outcome = Some(Outcome::Go(MenuPage::Menu));
    }
    outcome
}

/// Shows one picture.
pub(super) fn show_picture(ui: &mut Ui, model: &PageModel, pictures: &mut Textures) -> Option<Outcome> {
    let shown = &model.picture;
    ui.vertical_centered(|ui| ui.heading(&shown.name));
    ui.add_space(8.0);
    let height = (ui.ctx().content_rect().height() - AROUND).max(60.0);
    let size = vec2(ui.available_width(), height);
    match &shown.picture {
        Some(picture) => draw(ui, size, Some(picture), pictures),
        None => {
            ui.vertical_centered(|ui| ui.label("The picture can't be read."));
        }
    }
    ui.add_space(8.0);
    let mut outcome = None;
    if entry(ui, "Back") {
        outcome = Some(Outcome::Go(MenuPage::Gallery));
    }
    if entry(ui, "Open in another program") {
        outcome = Some(Outcome::Do(PageCommand::OpenFile(shown.path.clone())));
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::super::testing::Driver;
    use super::*;
    use crate::{GalleryEntry, GalleryModel, GalleryPicture, LibraryIcon};
    use egui::Key;
    use std::sync::Arc;

    fn model() -> PageModel {
        let small = Some(Arc::new(LibraryIcon { size: [2, 1], rgba: vec![9; 8] }));
        let shown = |name: &str, is_picture| GalleryEntry {
            name: name.to_owned(),
            path: name.into(),
            is_picture,
            small: small.clone().filter(|_| is_picture),
            ..GalleryEntry::default()
        };
        let gallery = GalleryModel {
            entries: vec![shown("knot_000007.png", true), shown("knot_001.mp4", false)],
            before: 6,
            total: 11,
            folders: vec![("Open the folder of screenshots", "/shots".into())],
        };
        PageModel { gallery: Some(Arc::new(gallery)), has_gallery: true, ..PageModel::default() }
    }

    #[test]
    fn pictures_are_shown_and_videos_are_opened_in_another_program() {
        let mut driver = Driver::new(MenuPage::Gallery, model());
        assert!(driver.shows("7 to 8 of 11"));
        assert_eq!(driver.pictures(), 1);
        assert_eq!(driver.keys(&[Key::Enter]), [PageCommand::ShowPicture("knot_000007.png".into())]);
        let opened = driver.keys(&[Key::ArrowDown, Key::Enter]);
        assert_eq!(opened, [PageCommand::OpenFile("knot_001.mp4".into())]);
        assert_eq!(driver.click("Newer"), [PageCommand::ShowGallery(0)], "a whole part, from a short one");
        assert_eq!(driver.click("Older"), [PageCommand::ShowGallery(8)]);
        let opened = driver.click("Open the folder of screenshots");
        assert_eq!(opened, [PageCommand::OpenFile("/shots".into())]);
        driver.keys(&[Key::Escape]);
        assert_eq!(driver.page(), Some(MenuPage::Menu));
    }

    #[test]
    fn the_menu_leads_to_the_gallery_and_a_picture_back_to_it() {
        let mut driver = Driver::new(MenuPage::Menu, model());
        assert_eq!(driver.click("Gallery"), [PageCommand::ShowGallery(0)]);
        driver.change(|model| {
            let picture = Some(Arc::new(LibraryIcon { size: [1280, 1], rgba: vec![9; 5120] }));
            model.picture = GalleryPicture { name: "knot".to_owned(), path: "k.png".into(), picture };
        });
        driver.open(MenuPage::Picture);
        assert!(driver.shows("knot"));
        let opened = driver.click("Open in another program");
        assert_eq!(opened, [PageCommand::OpenFile("k.png".into())]);
        driver.keys(&[Key::Escape]);
        assert_eq!(driver.page(), Some(MenuPage::Gallery));
        driver.change(|model| {
            model.gallery = None;
            model.picture = GalleryPicture::default();
        });
        assert!(driver.shows("There is no screenshot and no video yet."));
        driver.open(MenuPage::Picture);
        assert!(driver.shows("The picture can't be read."));
        let mut without = Driver::new(MenuPage::Menu, PageModel::default());
        assert!(!without.shows("Gallery"));
    }
}
