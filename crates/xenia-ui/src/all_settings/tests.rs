//! Tests of the pages of all settings, driven by the keys that pads press.

use super::*;
use crate::testing::Driver;
use crate::{LiveSetting, OfferedElement, SettingControl, SettingForm, SettingLayer};
use egui::Key;
use std::sync::Arc;

fn entry(key: &str, form: SettingForm, values: &[&str]) -> SettingEntry {
    SettingEntry {
        key: key.to_owned(),
        heading: "Sound".to_owned(),
        says: format!("Says of {key}."),
        form,
        values: values.iter().map(|value| (*value).to_owned()).collect(),
        source: "default".to_owned(),
        ..SettingEntry::default()
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn model() -> PageModel {
    let limit = SettingForm::Number { range: 10..=200, step: 10, words: words(&["off"]) };
    let entries = vec![
        entry("mute", SettingForm::Switch, &["false"]),
        entry("scaling", SettingForm::Choice(words(&["aspect", "integer", "stretch"])), &["aspect"]),
        SettingEntry { is_set: true, ..entry("frame-limit", limit, &["60"]) },
        entry("country", SettingForm::Text(words(&["US", "DE"])), &[]),
        entry("cache", SettingForm::Path(Vec::new()), &["/a"]),
        entry("patches", SettingForm::List(words(&["off"])), &["60 FPS", "a, b"]),
        entry("missing", SettingForm::List(words(&["fail", "zero", "keep"])), &["zero", "XamX=1"]),
    ];
    let settings = SettingsModel {
        name: "all titles".to_owned(),
        other: Some(SettingTarget::OpenTitle),
        entries,
        ..SettingsModel::default()
    };
    PageModel { all_settings: Some(Arc::new(settings)), has_all_settings: true, ..PageModel::default() }
}

fn set(key: &str, value: Option<SettingValue>) -> PageCommand {
    PageCommand::Change { key: key.to_owned(), value }
}

fn one(key: &str, value: &str) -> PageCommand {
    set(key, Some(SettingValue::One(value.to_owned())))
}

/// The list, with the focus on the row of this number.
fn at(row: usize) -> Driver {
    let mut driver = Driver::new(MenuPage::AllSettings, model());
    // Table and search are above the rows.
    driver.keys(&vec![Key::ArrowDown; row + 2]);
    driver
}

#[test]
fn left_and_right_go_through_the_values_of_a_row() {
    assert_eq!(at(0).keys(&[Key::ArrowRight]), [one("mute", "true")]);
    assert_eq!(at(1).keys(&[Key::ArrowRight]), [one("scaling", "integer")]);
    assert_eq!(at(1).keys(&[Key::ArrowLeft]), [one("scaling", "stretch")]);
    assert_eq!(at(2).keys(&[Key::ArrowRight]), [one("frame-limit", "70")]);
    assert_eq!(at(3).keys(&[Key::ArrowRight]), [], "a text has its own page");
    assert_eq!(at(2).keys(&[Key::Delete]), [set("frame-limit", None)]);
    assert_eq!(at(0).keys(&[Key::Delete]), [], "it is not set");
}

#[test]
fn numbers_stay_in_their_range_and_words_come_before_it() {
    let form = SettingForm::Number { range: 10..=25, step: 10, words: words(&["off"]) };
    let steps = |value: &str, forward| form.step(Some(value), forward);
    assert_eq!(steps("20", true).as_deref(), Some("25"));
    assert_eq!(steps("25", true), None);
    assert_eq!(steps("10", false).as_deref(), Some("off"));
    assert_eq!(steps("off", true).as_deref(), Some("10"));
    assert_eq!(steps("off", false), None);
    assert_eq!(form.step(None, true).as_deref(), Some("10"));
    assert_eq!(SettingForm::Choice(words(&["a"])).step(None, false).as_deref(), Some("a"));
    assert_eq!(SettingForm::List(Vec::new()).step(Some("a"), true), None);
}

#[test]
fn each_kind_is_changed_on_its_page_with_keys_only() {
    let mut driver = at(0);
    assert_eq!(driver.keys(&[Key::Enter, Key::Enter]), [one("mute", "true")]);
    assert_eq!(driver.page(), Some(MenuPage::OneSetting));
    let mut driver = at(1);
    assert_eq!(driver.keys(&[Key::Enter, Key::ArrowDown, Key::Enter]), [one("scaling", "integer")]);
    let mut driver = at(2);
    assert_eq!(driver.keys(&[Key::Enter, Key::ArrowRight]), [one("frame-limit", "70")]);
    assert_eq!(driver.click("off"), [one("frame-limit", "off")]);
    assert_eq!(driver.click("Reset"), [set("frame-limit", None)]);
    // A text by letters on the page: the row above the button that ends it has z on the left.
    let mut driver = at(3);
    driver.keys(&[Key::Enter, Key::ArrowDown, Key::ArrowDown, Key::Enter]);
    assert_eq!(driver.page(), Some(MenuPage::TypeSetting));
    driver.click("f");
    driver.click("Shift");
    driver.click("R");
    driver.keys(&[Key::Delete]);
    driver.click("X");
    assert_eq!(driver.click("Done"), [one("country", "fX")]);
    assert_eq!(driver.page(), Some(MenuPage::TypeSetting), "it may be refused");
    // A path by a keyboard.
    let mut driver = at(4);
    driver.keys(&[Key::Enter, Key::Enter]);
    driver.types("/my games");
    assert_eq!(driver.keys(&[Key::Enter]), [one("cache", "/a/my games")]);
}

#[test]
fn a_number_between_the_steps_stays_until_it_is_changed() {
    let limit = SettingForm::Number { range: 15..=240, step: 5, words: Vec::new() };
    for typed in ["144", "301", "7"] {
        let settings = SettingsModel {
            entries: vec![entry("frame-limit", limit.clone(), &[typed])],
            ..SettingsModel::default()
        };
        let model = PageModel { all_settings: Some(Arc::new(settings)), ..PageModel::default() };
        let mut driver = Driver::new(MenuPage::AllSettings, model);
        driver.click("Frame limit");
        assert_eq!(driver.page(), Some(MenuPage::OneSetting));
        assert_eq!(driver.still(), [], "{typed} is only shown");
        if typed == "144" {
            assert_eq!(driver.keys(&[Key::ArrowRight]), [one("frame-limit", "150")]);
        }
    }
}

#[test]
fn letters_on_the_page_are_reached_by_arrows() {
    let mut driver = at(3);
    driver.click("Country");
    driver.click("Type it");
    assert_eq!(driver.keys(&[Key::Enter]), [set("country", None)], "the focus is on what ends the text");
    driver.keys(&[Key::ArrowUp, Key::Enter]);
    let typed = driver.keys(&[Key::ArrowDown, Key::ArrowDown]);
    assert_eq!(typed, []);
    let commands = driver.click("Done");
    let [PageCommand::Change { value: Some(SettingValue::One(text)), .. }] = &commands[..] else {
        panic!("{commands:?}")
    };
    assert_eq!(text.chars().count(), 1, "{text}");
}

#[test]
fn a_list_is_changed_element_by_element() {
    let many = |values: &[&str]| [set("patches", Some(SettingValue::Many(words(values))))];
    let mut driver = at(5);
    driver.keys(&[Key::Enter, Key::ArrowDown, Key::Enter]);
    driver.types("c");
    assert_eq!(driver.keys(&[Key::Enter]), many(&["60 FPS", "a, bc"]));
    driver.keys(&[Key::Escape]);
    assert_eq!(driver.page(), Some(MenuPage::OneSetting));
    driver.click("Type another one");
    driver.types("new");
    assert_eq!(driver.keys(&[Key::Enter]), many(&["60 FPS", "a, b", "new"]));
    driver.keys(&[Key::Escape, Key::Enter, Key::Backspace, Key::Backspace, Key::Backspace]);
    driver.keys(&[Key::Backspace; 3]);
    assert_eq!(driver.keys(&[Key::Enter]), many(&["a, b"]), "an empty element is removed");
    driver.keys(&[Key::Escape]);
    assert_eq!(driver.click("off"), many(&["off"]), "it excludes the others");
    driver.click("a, b");
    driver.keys(&[Key::Backspace; 4]);
    driver.types("off");
    assert_eq!(driver.keys(&[Key::Enter]), many(&["off"]), "a typed one excludes them, too");
    driver.keys(&[Key::Escape]);
    driver.change(|model| {
        let settings = Arc::make_mut(model.all_settings.as_mut().unwrap());
        settings.entries[5].values = words(&["off"]);
    });
    driver.click("Type another one");
    assert_eq!(driver.keys(&[Key::Enter]), many(&["off"]), "an empty element is none");
    driver.keys(&[Key::Escape]);
    driver.click("Type another one");
    driver.types("new");
    assert_eq!(driver.keys(&[Key::Enter]), many(&["new"]));
}

#[test]
fn words_of_a_list_exclude_each_other() {
    let mut driver = at(6);
    driver.keys(&[Key::Enter]);
    let values = words(&["XamX=1", "keep"]);
    assert_eq!(driver.click("keep"), [set("missing", Some(SettingValue::Many(values)))]);
}

#[test]
fn known_elements_of_a_list_are_switched_by_name() {
    let many = |values: &[&str]| [set("patches", Some(SettingValue::Many(words(values))))];
    let change = |driver: &mut Driver, change: fn(&mut SettingEntry)| {
        driver.change(|model| {
            change(&mut Arc::make_mut(model.all_settings.as_mut().unwrap()).entries[5]);
        });
    };
    let mut driver = Driver::new(MenuPage::AllSettings, model());
    change(&mut driver, |shown| {
        let offered = |name: &str, is_default| OfferedElement { name: name.to_owned(), is_default };
        shown.offered = vec![offered("60 FPS", false), offered("Skip intro", true)];
    });
    driver.click("Patches");
    assert_eq!(driver.click("Skip intro"), many(&["60 FPS", "a, b", "Skip intro"]));
    assert_eq!(driver.click("60 FPS"), many(&["a, b"]));
    change(&mut driver, |shown| shown.values.clear());
    assert_eq!(driver.click("60 FPS"), many(&["Skip intro", "60 FPS"]), "its file switches one on");
    assert_eq!(driver.click("Skip intro"), many(&["off"]), "no value would be the default");
    change(&mut driver, |shown| shown.values = words(&["off"]));
    assert_eq!(driver.click("Skip intro"), many(&["Skip intro"]));
}

#[test]
fn letters_search_and_escape_ends_the_search() {
    let mut driver = Driver::new(MenuPage::AllSettings, model());
    assert!(driver.shows("Mute") && driver.shows("Frame limit"));
    driver.types("says limit");
    assert!(!driver.shows("Mute") && driver.shows("Frame limit"));
    assert_eq!(driver.keys(&[Key::ArrowRight]), [one("frame-limit", "70")], "it has the focus");
    driver.types("x");
    assert!(driver.shows("No setting has these words."));
    driver.keys(&[Key::Escape]);
    assert!(driver.shows("Mute"));
    driver.keys(&[Key::Escape]);
    assert_eq!(driver.page(), Some(MenuPage::Settings));
    // By letters on a page, for a pad.
    driver.open(MenuPage::AllSettings);
    driver.click("Search");
    driver.types("mute");
    driver.click("Done");
    assert!(driver.shows("Mute") && !driver.shows("Frame limit"));
}

#[test]
fn the_source_that_holds_is_shown_with_those_below() {
    let mut driver = at(0);
    assert!(driver.shows("off  (default)"));
    driver.change(|model| {
        let settings = Arc::make_mut(model.all_settings.as_mut().unwrap());
        let layer = |source: &str, values: &str| SettingLayer {
            source: source.to_owned(),
            values: values.to_owned(),
        };
        settings.entries[0].layers = vec![layer("default", "false"), layer("config.toml, line 3", "true")];
        settings.entries[1].is_live = true;
        model.settings = vec![LiveSetting {
            key: "scaling",
            label: "Scaling",
            control: SettingControl::Switch,
            value: "integer".to_owned(),
        }];
    });
    assert!(driver.shows("integer  (this window)"), "a key has changed it");
    driver.keys(&[Key::Enter]);
    assert!(driver.shows("config.toml, line 3") && driver.shows("on  (holds)"));
    assert!(driver.shows("A change acts when a title is started or restarted."));
    driver.keys(&[Key::Escape]);
    assert_eq!(driver.keys(&[Key::ArrowRight]), [one("mute", "true")], "the row has the focus again");
    driver.change(|model| {
        Arc::make_mut(model.all_settings.as_mut().unwrap()).target = SettingTarget::Title(None);
    });
    assert!(driver.shows("aspect  (default)"), "another title's settings do not act here");
}

#[test]
fn the_page_of_a_setting_says_when_a_change_acts() {
    let mut driver = at(0);
    driver.keys(&[Key::Enter]);
    let mut after = |change: fn(&mut SettingsModel), text: &str| {
        driver.change(|model| change(Arc::make_mut(model.all_settings.as_mut().unwrap())));
        assert!(driver.shows(text), "{text}");
    };
    after(|settings| settings.entries[0].is_live = true, "A change acts at once.");
    let others = "The title has its own: a change acts on others.";
    after(|settings| settings.entries[0].is_of_title = true, others);
    let later = "A change acts when the title is started.";
    after(|settings| settings.target = SettingTarget::Title(None), later);
    let with_title = "A change acts when xenia-rs is started with the title.";
    after(|settings| settings.entries[0].is_of_start = true, with_title);
    after(|settings| settings.target = SettingTarget::OpenTitle, with_title);
    let again = "A change acts when xenia-rs is started again.";
    after(|settings| settings.target = SettingTarget::All, again);
}

#[test]
fn the_list_of_another_table_begins_at_its_top() {
    let mut driver = Driver::new(MenuPage::AllSettings, model());
    let change = |driver: &mut Driver, change: fn(&mut SettingsModel)| {
        driver.change(|model| change(Arc::make_mut(model.all_settings.as_mut().unwrap())));
    };
    change(&mut driver, |settings| {
        let switch = |number: i32| entry(&format!("setting-{number}"), SettingForm::Switch, &["true"]);
        settings.entries.extend((0..40).map(switch));
    });
    driver.keys(&[Key::ArrowDown, Key::ArrowDown, Key::End]);
    driver.passes_until_still(100);
    assert!(driver.shows("Setting 39") && !driver.shows("Mute"));
    change(&mut driver, |settings| settings.name = "Knot".to_owned());
    driver.open(MenuPage::AllSettings);
    assert!(driver.shows("Mute") && !driver.shows("Setting 39"));
}

#[test]
fn all_settings_are_reset_after_confirmation() {
    let mut driver = Driver::new(MenuPage::AllSettings, model());
    driver.click("Reset all\u{2026}");
    assert_eq!(driver.page(), Some(MenuPage::AskReset));
    assert!(driver.shows("These are removed from the settings file: frame-limit."));
    driver.keys(&[Key::Enter]);
    assert_eq!(driver.page(), Some(MenuPage::AllSettings), "the harmless answer comes first");
    driver.open(MenuPage::AskReset);
    assert_eq!(driver.keys(&[Key::ArrowDown, Key::Enter]), [PageCommand::ResetSettings]);
}

#[test]
fn the_table_of_a_title_is_reached_from_the_settings_and_from_its_details() {
    let mut driver = Driver::new(MenuPage::AllSettings, model());
    let show = |target: SettingTarget| [PageCommand::ShowSettings(target)];
    assert_eq!(driver.keys(&[Key::Enter]), show(SettingTarget::OpenTitle));
    driver.open(MenuPage::Settings);
    assert_eq!(driver.click("All settings"), show(SettingTarget::OpenTitle));
    driver.change(|model| model.is_home = true);
    assert_eq!(driver.click("All settings"), show(SettingTarget::All));
    driver.change(|model| {
        Arc::make_mut(model.all_settings.as_mut().unwrap()).target = SettingTarget::Title(None);
    });
    driver.open(MenuPage::AllSettings);
    driver.keys(&[Key::Escape]);
    assert_eq!(driver.page(), Some(MenuPage::Title));
    driver.change(|model| {
        Arc::make_mut(model.all_settings.as_mut().unwrap()).failure = Some("it has no ID".to_owned());
    });
    driver.open(MenuPage::AllSettings);
    assert!(driver.shows("it has no ID"));
    driver.click("Back");
    assert_eq!(driver.page(), Some(MenuPage::Title));
}
