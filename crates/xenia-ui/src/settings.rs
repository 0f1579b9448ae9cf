//! Settings that act at once: a control for each, whose change is a command. The window applies it,
//! and the next model has the new value.

use super::page::{MenuPage, Outcome};
use super::widgets::{entry, focus_first, row};
use super::{LiveSetting, PageCommand, PageModel, SettingControl, SettingTarget};
use egui::{Id, Slider, SliderClamping, Ui};

/// Shows the settings.
pub(super) fn show(ui: &mut Ui, model: &PageModel) -> Option<Outcome> {
    ui.vertical_centered(|ui| ui.heading("Settings"));
    ui.add_space(8.0);
    let mut outcome = list(ui, &model.settings);
    ui.add_space(8.0);
    outcome = keep(ui, model).or(outcome);
    if model.has_all_settings && entry(ui, "All settings") {
        let target = if model.is_home { SettingTarget::All } else { SettingTarget::OpenTitle };
        outcome = Some(Outcome::Do(PageCommand::ShowSettings(target)));
    }
    if entry(ui, "Back") {
        outcome = Some(Outcome::Go(MenuPage::Menu));
    }
    outcome
}

/// Shows the entry that keeps changes for the next start, with their number: without it they end
/// with the program.
pub(super) fn keep(ui: &mut Ui, model: &PageModel) -> Option<Outcome> {
    const LABEL: &str = "Keep for the next start";
    if !model.can_keep {
        return None;
    }
    let is_chosen = match model.unkept {
        0 => entry(ui, LABEL),
        1 => row(ui, LABEL, "1 change"),
        count => row(ui, LABEL, &format!("{count} changes")),
    };
    is_chosen.then_some(Outcome::Do(PageCommand::Keep))
}

/// Shows settings with their controls; returns the change of one.
pub(super) fn list(ui: &mut Ui, settings: &[LiveSetting]) -> Option<Outcome> {
    let mut outcome = None;
    egui::Grid::new("settings").num_columns(2).spacing([24.0, 4.0]).show(ui, |ui| {
        for setting in settings {
            let label = ui.label(setting.label).id;
            if let Some(value) = control(ui, setting, label) {
                outcome = Some(Outcome::Do(PageCommand::Set { key: setting.key, value }));
            }
            ui.end_row();
        }
    });
    outcome
}

/// Shows the control of a setting, whose label has this id; returns its new value.
fn control(ui: &mut Ui, setting: &LiveSetting, name: Id) -> Option<String> {
    match &setting.control {
        SettingControl::Switch => {
            let mut on = setting.value == "true";
            let label = if on { "on" } else { "off" };
            let response = ui.checkbox(&mut on, label).labelled_by(name);
            focus_first(&response);
            response.changed().then(|| on.to_string())
        }
        SettingControl::Choice(values) => {
            let mut chosen = None;
            ui.horizontal(|ui| {
                for (value, label) in *values {
                    let response = ui.selectable_label(setting.value == *value, *label);
                    let response = response.accessible_name(format!("{}: {label}", setting.label));
                    focus_first(&response);
                    if response.clicked() {
                        chosen = Some((*value).to_owned());
                    }
                }
            });
            chosen
        }
        SettingControl::Percent { range, step } => {
            let mut value: u16 = setting.value.parse().unwrap_or(*range.start());
            let mut changed = false;
            ui.horizontal(|ui| {
                // Its value is a label: a field to type in would take the focus from a pad.
                let slider = Slider::new(&mut value, range.clone()).step_by(f64::from(*step));
                // A value between the steps, from another source, is not changed by being shown.
                let slider = slider.clamping(SliderClamping::Edits);
                let response = ui.add(slider.show_value(false)).labelled_by(name);
                focus_first(&response);
                changed = response.changed();
                ui.label(format!("{value} %"));
            });
            changed.then(|| value.to_string())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Driver;
    use super::*;
    use egui::{Key, Pos2, Rect, vec2};

    const FILTERS: &[(&str, &str)] = &[("linear", "smooth"), ("nearest", "sharp")];

    fn model() -> PageModel {
        let setting =
            |key, control, value: &str| LiveSetting { key, label: key, control, value: value.to_owned() };
        PageModel {
            settings: vec![
                setting("volume", SettingControl::Percent { range: 0..=200, step: 10 }, "100"),
                setting("mute", SettingControl::Switch, "false"),
                setting("filter", SettingControl::Choice(FILTERS), "linear"),
            ],
            can_keep: true,
            ..PageModel::default()
        }
    }

    fn set(key: &'static str, value: &str) -> PageCommand {
        PageCommand::Set { key, value: value.to_owned() }
    }

    #[test]
    fn settings_are_changed_with_keys_only() {
        let mut driver = Driver::new(MenuPage::Settings, model());
        assert_eq!(driver.keys(&[Key::ArrowRight]), [set("volume", "110")]);
        assert_eq!(driver.keys(&[Key::ArrowLeft]), [set("volume", "90")], "the model is as before");
        assert_eq!(driver.keys(&[Key::ArrowDown, Key::Enter]), [set("mute", "true")]);
        let chosen = driver.keys(&[Key::ArrowDown, Key::ArrowRight, Key::Enter]);
        assert_eq!(chosen, [set("filter", "nearest")]);
        assert_eq!(driver.keys(&[Key::ArrowDown, Key::Enter]), [PageCommand::Keep]);
        driver.keys(&[Key::Escape]);
        assert_eq!(driver.page(), Some(MenuPage::Menu));
    }

    #[test]
    fn a_percentage_between_the_steps_stays_until_it_is_changed() {
        let mut model = model();
        model.settings[0].value = "55".to_owned();
        let mut driver = Driver::new(MenuPage::Settings, model);
        assert_eq!(driver.still(), [], "it is only shown");
        assert_eq!(driver.keys(&[Key::ArrowRight]), [set("volume", "70")]);
    }

    #[test]
    fn the_windows_settings_fit_its_usual_size() {
        let model = model();
        // As many percentages, switches and choices as the window has.
        let kinds = [(0, 5), (1, 4), (2, 6)].into_iter();
        let settings = kinds.flat_map(|(kind, count)| vec![model.settings[kind].clone(); count]).collect();
        let mut driver =
            Driver::new(MenuPage::Settings, PageModel { settings, has_all_settings: true, ..model });
        driver.still();
        let screen = Rect::from_min_size(Pos2::ZERO, vec2(1280.0, 720.0));
        let places = driver.places();
        assert!(places.iter().all(|place| screen.contains_rect(*place)), "{places:?}");
    }

    #[test]
    fn changes_that_are_not_kept_are_counted() {
        let mut driver = Driver::new(MenuPage::Settings, PageModel { unkept: 1, ..model() });
        assert!(driver.shows("1 change"));
        driver.change(|model| model.unkept = 2);
        assert_eq!(driver.click("2 changes"), [PageCommand::Keep]);
        driver.change(|model| model.unkept = 0);
        assert!(!driver.shows("2 changes"));
        driver.change(|model| model.can_keep = false);
        assert!(!driver.shows("Keep for the next start"));
    }

    #[test]
    fn a_mouse_changes_settings() {
        let mut driver = Driver::new(MenuPage::Settings, model());
        assert_eq!(driver.click("sharp"), [set("filter", "nearest")]);
        assert_eq!(driver.click("off"), [set("mute", "true")]);
        assert_eq!(driver.click("Back"), []);
        assert_eq!(driver.page(), Some(MenuPage::Menu));
    }
}
