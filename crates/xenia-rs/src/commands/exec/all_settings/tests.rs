//! Tests that the pages have all settings, write each of them, and show which source holds.

use super::super::open_title::OpenTitle;
use super::*;
use std::ffi::OsString;
use xenia::title::Title;
use xenia_render::{LIVE, SettingForm};

const SUITE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../guest/bin/console-suite.xex");

/// Settings with a file, for these words of the command line.
struct Pages {
    dir: tempfile::TempDir,
    settings: AllSettings,
}

impl Pages {
    fn new(text: &str, words: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("config.toml");
        std::fs::write(&file, text).unwrap();
        let typed: Vec<OsString> = ["xenia-rs"].iter().chain(words).map(OsString::from).collect();
        let own = ExecArgs { typed, ..ExecArgs::default() };
        let settings = AllSettings::new(
            own,
            SettingsFiles { named: Some(file.clone()), kept: Some(file) },
            SharedOpenTitle::default(),
        );
        Self { dir, settings }
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("config.toml")).unwrap()
    }

    fn entry(&self, target: &SettingTarget, key: &str) -> SettingEntry {
        let model = self.settings.settings(target);
        assert_eq!(model.failure, None);
        model.entries.into_iter().find(|entry| entry.key == key).unwrap_or_else(|| panic!("{key}"))
    }
}

fn suite() -> SettingTarget {
    SettingTarget::Title(Some(SUITE.into()))
}

#[test]
fn each_player_setting_is_on_the_page_once() {
    let pages = Pages::new("", &[]);
    let model = pages.settings.settings(&SettingTarget::All);
    assert_eq!((model.failure, model.name.as_str(), model.other), (None, "all titles", None));
    let keys: Vec<&str> = model.entries.iter().map(|entry| entry.key.as_str()).collect();
    let players = settings::table(pages.settings.definition());
    let players: Vec<&str> =
        players.iter().filter(|row| row.audience == Audience::Players).map(|row| row.key.as_str()).collect();
    assert_eq!(keys, players);
    assert!(keys.len() > 45 && LIVE.iter().all(|key| keys.contains(key)), "{keys:?}");
    assert_eq!(model.entries.iter().filter(|entry| entry.is_of_start).count(), OF_START.len());
    assert!(model.entries.iter().all(|entry| !entry.heading.is_empty() && !entry.says.is_empty()));
}

/// A value of this form that is not the present one.
fn another(entry: &SettingEntry) -> SettingValue {
    let present = entry.values.first();
    let word = |words: &[String]| words.iter().find(|word| Some(*word) != present).cloned();
    SettingValue::One(match &entry.form {
        SettingForm::Switch => (present.map(String::as_str) != Some("true")).to_string(),
        SettingForm::Choice(words) => word(words).unwrap(),
        SettingForm::Number { range, .. } => {
            let ends = [range.end().to_string(), range.start().to_string()];
            word(&ends).unwrap()
        }
        SettingForm::Text(words) => word(words).unwrap_or_else(|| "some text".to_owned()),
        // Relative paths of settings become absolute ones.
        SettingForm::Path(_) => if cfg!(unix) { "/some/where" } else { "C:/some/where" }.to_owned(),
        SettingForm::List(words) => {
            let own = match entry.key.as_str() {
                "limit" => "open_files=99",
                "disc" if cfg!(unix) => "2=/a.iso",
                "disc" => "2=C:/a.iso",
                _ if cfg!(unix) => "/a",
                _ => "C:/a",
            };
            return SettingValue::Many(vec![word(words).unwrap_or_else(|| own.to_owned())]);
        }
    })
}

#[test]
fn each_setting_is_changed_found_again_and_reset_in_both_tables() {
    let id = id_of(Some(SUITE.as_ref())).unwrap();
    let title = format!("title.{id}");
    for (target, table) in [(SettingTarget::All, GLOBAL), (suite(), title.as_str())] {
        let pages = Pages::new("# mine\n[bench]\nruns = 9\n", &[]);
        for before in pages.settings.settings(&target).entries {
            let key = &before.key;
            assert!(!before.is_set, "{key}");
            let value = another(&before);
            pages
                .settings
                .change(&target, key, Some(&value))
                .unwrap_or_else(|error| panic!("{key}: {error}"));
            assert!(pages.text().starts_with("# mine\n") && pages.text().contains(&format!("[{table}]")));
            let after = pages.entry(&target, key);
            let expected = match value {
                SettingValue::One(value) => vec![value],
                SettingValue::Many(values) => values,
            };
            assert_eq!((after.values, after.is_set), (expected, true), "{key}: {}", pages.text());
            pages.settings.change(&target, key, None).unwrap();
            assert_eq!(pages.entry(&target, key), before);
        }
    }
}

#[test]
fn the_winner_is_shown_with_its_source_and_those_below() {
    let id = id_of(Some(SUITE.as_ref())).unwrap();
    let text =
        format!("[exec]\nvolume = 70 # quiet\nmute = true\nfilter = 'nearest'\n[title.{id}]\nvolume = 60\n");
    let pages = Pages::new(&text, &["--config", "/dev/null", "exec", "--filter", "linear"]);
    let resolved = |target: &SettingTarget, key: &str| {
        let entry = pages.entry(target, key);
        let layers: Vec<String> =
            entry.layers.iter().map(|layer| format!("{}: {}", layer.source, layer.values)).collect();
        (entry.values.join(" "), entry.source, layers)
    };
    let of_title = format!("[title.{id}], line 6: 60");
    let (value, source, layers) = resolved(&suite(), "volume");
    assert_eq!((value.as_str(), source.as_str()), ("60", "title"));
    assert_eq!(layers, ["default: 100", "[exec], line 2: 70", &of_title]);
    let (value, source, layers) = resolved(&SettingTarget::All, "volume");
    assert_eq!((value.as_str(), source.as_str(), layers.len()), ("70", "all titles", 2));
    let (value, source, layers) = resolved(&suite(), "filter");
    assert_eq!((value.as_str(), source.as_str()), ("linear", "flag"));
    assert_eq!(layers, ["default: linear", "[exec], line 4: nearest", "flag --filter: linear"]);
    let mute = pages.entry(&suite(), "mute");
    assert_eq!((mute.source.as_str(), mute.is_set), ("all titles", false), "the title's table is changed");
    assert!(pages.entry(&SettingTarget::All, "mute").is_set);
}

#[test]
fn a_reset_resets_only_the_settings_of_one_table() {
    let id = id_of(Some(SUITE.as_ref())).unwrap();
    let text = format!(
        "# mine\n[exec]\nvolume = 70\nquantum = 7\n\n[title.{id}]\nmute = true\n\n[input]\ndead-zone = 0.2\n"
    );
    let pages = Pages::new(&text, &[]);
    pages.settings.reset(&suite()).unwrap();
    assert_eq!(pages.text(), text.replace(&format!("\n[title.{id}]\nmute = true\n"), ""));
    pages.settings.reset(&SettingTarget::All).unwrap();
    assert!(!pages.text().contains("volume") && pages.text().contains("quantum = 7"));
    assert!(pages.settings.reset(&SettingTarget::All).unwrap_err().contains("nothing is set"));
}

#[test]
fn patches_of_a_title_are_offered_by_name() {
    let id = id_of(Some(SUITE.as_ref())).unwrap();
    let pages = Pages::new("[exec]\npatch-folder = 'folder'\n", &[]);
    let folder = pages.dir.path().join("folder");
    std::fs::create_dir(&folder).unwrap();
    for (number, (title, name, is_enabled, value)) in [
        (id, "Skip intro", true, "1"),
        (id, "60 FPS", false, "1"),
        (id, "Faulty", false, "'x'"),
        (id, "Faulty", false, "1"),
        (TitleId(7), "x", true, "1"),
    ]
    .into_iter()
    .enumerate()
    {
        let text = format!(
            "title_name = 'T'\ntitle_id = '{title}'\nhash = '0000000000000001'\n[[patch]]\nname = '{name}'\n\
             is_enabled = {is_enabled}\n[[patch.be32]]\naddress = 0x82000000\nvalue = {value}\n"
        );
        std::fs::write(folder.join(format!("{number}.patch.toml")), text).unwrap();
    }
    let offered = |target: &SettingTarget| {
        let offered = pages.entry(target, "patches").offered.into_iter();
        offered.map(|element| (element.name, element.is_default)).collect::<Vec<_>>()
    };
    assert_eq!(offered(&suite()), [("60 FPS".to_owned(), false), ("Skip intro".to_owned(), true)]);
    assert!(offered(&SettingTarget::All).is_empty());
}

#[test]
fn wrong_values_and_files_are_refused_in_words() {
    let pages = Pages::new("[exec]\nfresh = true\n", &[]);
    let refused = |key: &str, value: &str| {
        let value = SettingValue::One(value.to_owned());
        pages.settings.change(&SettingTarget::All, key, Some(&value)).unwrap_err()
    };
    assert!(refused("volume", "300").contains("not in 0..=200"));
    assert!(refused("portable", "true").contains("--fresh"), "they contradict each other");
    assert!(refused("aspect-ratio", "wide").contains("not an aspect ratio"));
    assert_eq!(pages.text(), "[exec]\nfresh = true\n");
    let damaged = Pages::new("[exec\n", &[]);
    let failure = damaged.settings.settings(&SettingTarget::All).failure.unwrap();
    assert!(failure.contains("line 1"), "{failure}");
    let missing = SettingTarget::Title(Some("/nowhere.xex".into()));
    assert!(pages.settings.settings(&missing).failure.unwrap().contains("has no ID"));
    // Without a title that is open, the table of all titles is shown.
    assert_eq!(pages.settings.settings(&SettingTarget::OpenTitle).target, SettingTarget::All);
}

#[test]
fn titles_have_all_live_settings_but_three_of_the_window() {
    assert!(OF_TITLES.iter().all(|key| LIVE.contains(key)), "{OF_TITLES:?}");
    let of_window: Vec<&str> = LIVE.into_iter().filter(|key| !OF_TITLES.contains(key)).collect();
    assert_eq!(of_window, ["fullscreen", "osd", "theme"]);
}

#[test]
fn settings_of_the_window_are_saved_to_the_effective_table() {
    let id = id_of(Some(SUITE.as_ref())).unwrap();
    let text = format!("[title.{id}]\nvolume = 60\naspect-ratio = '4:3'\ntheme = 'dark'\n");
    let mut pages = Pages::new(&text, &[]);
    let changes =
        ["volume", "mute", "aspect-ratio", "theme"].map(|key| (key.to_owned(), Some("x".to_owned())));
    let keys = |pages: &Pages| {
        let kept = pages.settings.assigned_to_tables(&changes);
        kept.into_iter().map(|(key, _)| key).collect::<Vec<_>>()
    };
    assert_eq!(keys(&pages), ["volume", "mute", "aspect-ratio", "theme"], "no title is open");
    let mut open_title = OpenTitle::new(&pages.settings.own, &Title::demo().unwrap());
    open_title.file = Some(SUITE.into());
    *pages.settings.open_title.lock() = Some(open_title);
    let [volume, aspect, theme] = ["volume", "aspect-ratio", "theme"].map(|key| format!("title.{id}.{key}"));
    let kept = [volume.as_str(), "mute", aspect.as_str(), "theme"];
    assert_eq!(keys(&pages), kept, "the library's window has its own colours");
    pages.settings.own.title = Some(SUITE.into());
    assert_eq!(keys(&pages), [volume.as_str(), "mute", aspect.as_str(), theme.as_str()]);
}
