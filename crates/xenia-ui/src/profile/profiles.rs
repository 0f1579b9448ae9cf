//! The pages of the profiles themselves: the list, a profile, its name, and the question before it
//! is deleted.

use super::{BEING_READ, ProfileState, ProfileView, command, head};
use crate::page::Outcome;
use crate::typing::TypedText;
use crate::widgets::{entry, row};
use crate::{MenuPage, PageModel, ProfileCommand, StoredProfile};
use egui::{Ui, Vec2};

/// Profiles have no pictures on their page.
const NO_PICTURE: Vec2 = Vec2::ZERO;
/// Names that titles can show: `MAX_NAME_LENGTH` and `NAME_RULE` of xenia-user, on which this crate
/// does not depend.
const NAMES: &str = "Up to 15 letters (A to Z), digits and spaces, with a letter first:";

/// Shows the profiles.
pub(super) fn show(ui: &mut Ui, model: &PageModel, view: &mut ProfileView<'_>) -> Option<Outcome> {
    let Some(profiles) = model.profile.profiles.clone() else {
        head(ui, "Profiles", [BEING_READ]);
        return entry(ui, "Back").then_some(Outcome::Go(MenuPage::Menu));
    };
    head(ui, "Profiles", profiles.failure.as_deref());
    let line = |ui: &mut Ui, profile: &StoredProfile| row(ui, &profile.name, &profile.details);
    let chosen = view.list(ui, &profiles.profiles, NO_PICTURE, |_| None, line);
    let mut outcome = chosen.map(|profile| {
        view.state.profile = Some(profile.clone());
        Outcome::Go(MenuPage::OneProfile)
    });
    if profiles.failure.is_none() && entry(ui, "New profile\u{2026}") {
        outcome = Some(Outcome::Go(MenuPage::NewProfile));
    }
    if entry(ui, "Back") {
        outcome = Some(Outcome::Go(MenuPage::Menu));
    }
    outcome
}

/// The profile that was chosen, as it is now; `None` if it is gone.
fn chosen<'a>(model: &'a PageModel, state: &ProfileState) -> Option<&'a StoredProfile> {
    let xuid = state.profile.as_ref()?.xuid;
    model.profile.profiles.as_ref()?.profiles.iter().find(|profile| profile.xuid == xuid)
}

/// Shows that the profile is gone that was chosen.
fn gone(ui: &mut Ui) -> Option<Outcome> {
    ui.vertical_centered(|ui| ui.label("The profile is gone."));
    entry(ui, "Back").then_some(Outcome::Go(MenuPage::Profiles))
}

/// Shows a profile, and what can be done with it.
pub(super) fn show_one(ui: &mut Ui, model: &PageModel, state: &ProfileState) -> Option<Outcome> {
    let Some(profile) = chosen(model, state) else { return gone(ui) };
    ui.vertical_centered(|ui| ui.heading(&profile.name));
    ui.label(&profile.details);
    ui.label(format!("ID: {:016X}", profile.xuid));
    ui.add_space(8.0);
    let mut outcome = None;
    for (label, page) in [
        ("Rename\u{2026}", MenuPage::RenameProfile),
        ("Delete\u{2026}", MenuPage::AskDeleteProfile),
        ("Back", MenuPage::Profiles),
    ] {
        if entry(ui, label) {
            outcome = Some(Outcome::Go(page));
        }
    }
    outcome
}

/// A page on which a name is typed.
struct NamePage<'a> {
    heading: &'a str,
    /// Label of the button that takes the name.
    done: &'static str,
    /// The page to which "Back" leads.
    parent: MenuPage,
}

impl NamePage<'_> {
    /// Shows the name while it is typed; `change` makes the command of the complete name.
    fn show(
        &self,
        ui: &mut Ui,
        typed: &mut TypedText,
        change: impl FnOnce(String) -> ProfileCommand,
    ) -> Option<Outcome> {
        ui.vertical_centered(|ui| ui.heading(self.heading));
        ui.label(NAMES);
        let is_done = typed.show(ui, self.done);
        let name = typed.text.trim();
        if entry(ui, "Back") {
            return Some(Outcome::Go(self.parent));
        }
        (is_done && !name.is_empty()).then(|| command(change(name.to_owned())))
    }
}

/// Shows the name of a new profile while it is typed.
pub(super) fn type_new(ui: &mut Ui, typed: &mut TypedText) -> Option<Outcome> {
    let page = NamePage { heading: "New profile", done: "Create", parent: MenuPage::Profiles };
    page.show(ui, typed, ProfileCommand::Create)
}

/// Shows the new name of the profile that was chosen while it is typed.
pub(super) fn type_other(
    ui: &mut Ui,
    model: &PageModel,
    state: &ProfileState,
    typed: &mut TypedText,
) -> Option<Outcome> {
    let Some(profile) = chosen(model, state) else { return gone(ui) };
    let heading = format!("Rename {}", profile.name);
    let page = NamePage { heading: &heading, done: "Rename", parent: MenuPage::OneProfile };
    page.show(ui, typed, |name| ProfileCommand::Rename { xuid: profile.xuid, name })
}

/// Asks before a profile is deleted. The first answer is harmless.
pub(super) fn ask_delete(ui: &mut Ui, model: &PageModel, state: &ProfileState) -> Option<Outcome> {
    let profile = chosen(model, state);
    let name = profile.map_or("the profile", |profile| &profile.name);
    ui.vertical_centered(|ui| ui.heading(format!("Delete {name}?")));
    ui.label(profile.map_or("", |profile| &profile.details));
    ui.label("Its saved games, settings and achievements are lost for good.");
    ui.add_space(8.0);
    let mut outcome = None;
    if entry(ui, "Back") {
        outcome = Some(Outcome::Go(MenuPage::OneProfile));
    }
    if entry(ui, "Delete")
        && let Some(profile) = profile
    {
        outcome = Some(command(ProfileCommand::Remove(profile.xuid)));
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Driver;
    use crate::{PageCommand, ProfileModel, ProfilesModel};
    use egui::Key;
    use std::sync::Arc;

    fn model() -> PageModel {
        let profile = |xuid, name: &str| StoredProfile {
            xuid,
            name: name.to_owned(),
            details: "20 G, 3 saved games".to_owned(),
        };
        let profiles = ProfilesModel { profiles: vec![profile(7, "Ada"), profile(8, "Bo")], failure: None };
        let profile = ProfileModel {
            has_profiles: true,
            profiles: Some(Arc::new(profiles)),
            ..ProfileModel::default()
        };
        PageModel { profile, is_home: true, ..PageModel::default() }
    }

    fn does(command: ProfileCommand) -> [PageCommand; 1] {
        [PageCommand::Profile(command)]
    }

    #[test]
    fn a_profile_is_made_and_renamed_with_keys_and_a_pads_letters() {
        let mut driver = Driver::new(MenuPage::Menu, model());
        assert_eq!(driver.click("Profiles"), does(ProfileCommand::ShowProfiles));
        driver.open(MenuPage::Profiles);
        driver.keys(&[Key::ArrowDown, Key::ArrowDown, Key::Enter]);
        assert_eq!(driver.page(), Some(MenuPage::NewProfile));
        assert_eq!(driver.keys(&[Key::Enter]), [], "no name is typed");
        driver.types("C");
        driver.click("y");
        assert_eq!(driver.click("Create"), does(ProfileCommand::Create("Cy".to_owned())));
        driver.keys(&[Key::Escape]);
        assert_eq!(driver.page(), Some(MenuPage::Profiles));

        driver.keys(&[Key::ArrowDown, Key::Enter]);
        assert_eq!(driver.page(), Some(MenuPage::OneProfile));
        assert!(driver.shows("Bo") && driver.shows("ID: 0000000000000008"));
        driver.keys(&[Key::Enter]);
        assert_eq!(driver.page(), Some(MenuPage::RenameProfile));
        driver.types("b");
        let name = "Bob".to_owned();
        assert_eq!(driver.click("Rename"), does(ProfileCommand::Rename { xuid: 8, name }));
        driver.keys(&[Key::Escape, Key::Escape]);
        assert_eq!(driver.page(), Some(MenuPage::Profiles));
        driver.keys(&[Key::Escape]);
        assert_eq!(driver.page(), Some(MenuPage::Menu));
    }

    #[test]
    fn a_profile_is_deleted_after_a_question() {
        let mut driver = Driver::new(MenuPage::Profiles, model());
        driver.keys(&[Key::Enter, Key::ArrowDown, Key::Enter]);
        assert_eq!(driver.page(), Some(MenuPage::AskDeleteProfile));
        assert!(driver.shows("20 G, 3 saved games"));
        assert_eq!(driver.keys(&[Key::Enter]), [], "the harmless answer comes first");
        assert_eq!(driver.page(), Some(MenuPage::OneProfile));
        driver.keys(&[Key::ArrowDown, Key::Enter]);
        assert_eq!(driver.keys(&[Key::ArrowDown, Key::Enter]), does(ProfileCommand::Remove(7)));
        driver.change(|page| page.profile.profiles = Some(Arc::default()));
        assert!(driver.shows("Delete the profile?"));
        driver.keys(&[Key::Escape]);
        assert!(driver.shows("The profile is gone."));
    }

    #[test]
    fn profiles_that_can_not_be_changed_get_no_others() {
        let mut driver = Driver::new(MenuPage::Profiles, model());
        let failure = Some("in memory only".to_owned());
        let profiles = ProfilesModel { failure, ..ProfilesModel::default() };
        driver.change(|page| page.profile.profiles = Some(Arc::new(profiles)));
        assert!(driver.shows("in memory only") && !driver.shows("New profile\u{2026}"));
    }
}
