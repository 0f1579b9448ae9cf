//! The page of a title's achievements.

use super::{BEING_READ, ProfileView, back, choose, head};
use crate::page::Outcome;
use crate::widgets::{entry, focus_first};
use crate::{EarnedRow, MenuPage, PageModel};
use egui::{Button, RichText, Ui, Vec2, vec2};

/// Size of an achievement's picture in points.
const PICTURE: Vec2 = vec2(48.0, 48.0);

/// Shows the achievements.
pub(super) fn show(ui: &mut Ui, model: &PageModel, view: &mut ProfileView<'_>) -> Option<Outcome> {
    let leave = || back(MenuPage::Achievements, model);
    let Some(achievements) = model.profile.achievements.clone() else {
        head(ui, "Achievements", [BEING_READ]);
        return entry(ui, "Back").then(leave);
    };
    let texts = [&achievements.title, &achievements.totals].into_iter().chain(&achievements.failure);
    head(ui, "Achievements", texts.map(String::as_str));
    let picture = |row: &EarnedRow| row.picture.clone();
    view.list(ui, &achievements.rows, PICTURE, picture, |ui, achievement| {
        line(ui, achievement);
        false
    });
    let mut outcome = choose(ui, &achievements.choice);
    if entry(ui, "Back") {
        outcome = Some(leave());
    }
    outcome
}

/// An achievement beside its picture. It takes the focus, so that it can be read out.
fn line(ui: &mut Ui, achievement: &EarnedRow) {
    let EarnedRow { name, description, details, is_earned, .. } = achievement;
    ui.vertical(|ui| {
        let text = RichText::new(name);
        let text = if *is_earned { text.strong() } else { text.weak() };
        let button = Button::new(text).right_text(details).truncate();
        let response = ui.add(button.min_size(vec2(ui.available_width(), 0.0)));
        let parts = [name, description, details].map(String::as_str);
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        let response = response.accessible_name(parts.join(", "));
        focus_first(&response);
        ui.add(egui::Label::new(RichText::new(description).size(15.0).weak()).truncate());
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Driver;
    use crate::{
        AchievementsModel, DataOwner, LibraryIcon, PageCommand, ProfileChoice, ProfileCommand, ProfileModel,
        ProfileName,
    };
    use egui::Key;
    use std::sync::Arc;

    fn model(of: DataOwner, count: usize) -> PageModel {
        let picture = Some(Arc::new(LibraryIcon { size: [1, 1], rgba: vec![9; 4] }));
        let row = |number: usize| EarnedRow {
            name: format!("Number {number}"),
            description: format!("Text {number}"),
            details: "20 G".to_owned(),
            is_earned: number == 1,
            picture: picture.clone(),
        };
        let profile = |xuid, name: &str| ProfileName { xuid, name: name.to_owned() };
        let achievements = AchievementsModel {
            title: "Knot".to_owned(),
            choice: ProfileChoice { profiles: vec![profile(7, "Ada"), profile(8, "Bo")], chosen: 0 },
            totals: "1 of 8".to_owned(),
            rows: (1..=count).map(row).collect(),
            failure: None,
        };
        let profile =
            ProfileModel { of, achievements: Some(Arc::new(achievements)), ..ProfileModel::default() };
        PageModel { profile, ..PageModel::default() }
    }

    #[test]
    fn achievements_are_paged_with_keys_only() {
        let mut driver = Driver::new(MenuPage::Achievements, model(DataOwner::Running, 8));
        assert!(driver.shows("Number 1") && driver.shows("Text 6") && !driver.shows("Number 7"));
        assert!(driver.shows("1 to 6 of 8") && driver.shows("1 of 8"));
        assert_eq!(driver.pictures(), 1, "they share it");
        let mut keys = vec![Key::ArrowDown; 6];
        keys.push(Key::Enter);
        assert_eq!(driver.keys(&keys), []);
        assert!(driver.shows("Number 7") && driver.shows("7 to 8 of 8") && !driver.shows("Number 1"));
        driver.click("Previous");
        assert!(driver.shows("Number 1"));
        driver.keys(&[Key::Escape]);
        assert_eq!(driver.page(), Some(MenuPage::Menu));
    }

    #[test]
    fn another_profile_is_chosen_and_a_shorter_list_has_no_empty_part() {
        let of = DataOwner::InLibrary(Some("a.xex".into()));
        let mut driver = Driver::new(MenuPage::Achievements, model(of, 8));
        driver.click("Next");
        assert_eq!(driver.click("Profile"), [PageCommand::Profile(ProfileCommand::Choose(8))]);
        driver.change(|page| *page = model(page.profile.of.clone(), 2));
        assert!(driver.shows("Number 2"));
        let left = driver.keys(&[Key::Escape]);
        assert_eq!(left, [PageCommand::Inspect(Some("a.xex".into()))], "back to the title's details");
    }

    #[test]
    fn a_page_without_data_has_a_notice_and_can_be_closed() {
        let mut driver = Driver::new(MenuPage::Achievements, PageModel::default());
        assert!(driver.shows("They are being read\u{2026}"));
        driver.keys(&[Key::Enter]);
        assert_eq!(driver.page(), Some(MenuPage::Menu));
        let mut none = Driver::new(MenuPage::Achievements, model(DataOwner::Running, 0));
        assert!(none.shows("Profile") && !none.shows("Next") && !none.shows("1 to 0 of 0"));
    }
}
