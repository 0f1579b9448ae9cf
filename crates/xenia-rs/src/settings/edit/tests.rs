//! Tests of edits: of the text that they leave, and of refusals.

use super::*;
use crate::cli::Cli;
use crate::settings::built;
use clap::CommandFactory;

struct Changed {
    dir: tempfile::TempDir,
    definition: Command,
}

impl Changed {
    fn new(text: &str) -> Self {
        let definition = built(Cli::command());
        let this = Self { dir: tempfile::tempdir().unwrap(), definition };
        if !text.is_empty() {
            std::fs::create_dir_all(this.path().parent().unwrap()).unwrap();
            std::fs::write(this.path(), text).unwrap();
        }
        this
    }

    fn path(&self) -> std::path::PathBuf {
        self.dir.path().join("folder/config.toml")
    }

    fn set(&self, key: &str, value: Option<&str>) -> Result<SettingChange> {
        change(&self.definition, &self.path(), key, value)
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.path()).unwrap_or_default()
    }
}

#[test]
fn an_error_names_no_line_that_the_file_lacks() {
    let refusal = |text: &str| {
        let file = Changed::new(text);
        let message = format!("{:#}", file.set("volume", Some("300")).unwrap_err());
        assert_eq!(file.text(), text);
        message
    };
    for text in ["", "[exec]\n", "[exec]\nvolume = 7\n"] {
        let message = refusal(text);
        assert!(message.starts_with("`volume`: ") && !message.contains("line"), "{text:?}: {message}");
    }
    let message = refusal("[exec]\nframes = \"many\"\n");
    assert!(message.contains("config.toml, line 2: `frames`: "), "{message}");
}

#[cfg(unix)]
#[test]
fn devices_and_folders_are_not_replaced() {
    let definition = built(Cli::command());
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("config.toml");
    std::os::unix::fs::symlink("/dev/null", &link).unwrap();
    let why = change(&definition, &link, "volume", Some("50")).unwrap_err().to_string();
    assert!(why.contains("is not a file that could keep settings"), "{why}");
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
}

#[test]
fn line_ends_and_write_protection_are_kept() {
    let text = "# mine\r\n[exec]\r\nvolume = 70   # quiet\r\n";
    let file = Changed::new(text);
    file.set("volume", Some("80")).unwrap();
    file.set("mute", Some("true")).unwrap();
    assert_eq!(file.text(), "# mine\r\n[exec]\r\nvolume = 80   # quiet\r\nmute = true\r\n");
    file.set("mute", None).unwrap();
    assert_eq!(file.text(), text.replace("70", "80"));
    let path = file.path();
    let mut permissions = std::fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(&path, permissions).unwrap();
    let why = file.set("volume", Some("90")).unwrap_err().to_string();
    assert!(why.contains("is write-protected"), "{why}");
    assert_eq!(file.text(), text.replace("70", "80"));
}

#[test]
fn the_case_of_a_titles_id_does_not_matter() {
    let file = Changed::new("[title.4d5307d1]\nvolume = 5\n");
    file.set("title.4D5307D1.volume", Some("6")).unwrap();
    file.set("title.4D5307d1.mute", Some("true")).unwrap();
    assert_eq!(file.text(), "[title.4d5307d1]\nvolume = 6\nmute = true\n");
    assert_eq!(file.set("title.4D5307D1.volume", None).unwrap(), SettingChange::Removed);
    assert_eq!(file.set("title.4D5307D2.mute", None).unwrap(), SettingChange::WasNotSet);
    assert_eq!(file.text(), "[title.4d5307d1]\nmute = true\n");
}

#[test]
fn the_table_of_a_title_goes_with_its_last_value() {
    let kept = "# mine\n[exec]\nvolume = 5\n\n[title.4D5307D2] # Knot\n";
    let file = Changed::new(&format!("{kept}mute = true\n\n[title.4D5307D1]\nmute = true\n"));
    file.set("title.4D5307D1.mute", None).unwrap();
    assert_eq!(file.text(), format!("{kept}mute = true\n"));
    file.set("title.4D5307D2.mute", None).unwrap();
    assert_eq!(file.text(), kept, "its header has a comment");
    file.set("title.4D5307D1.volume", Some("6")).unwrap();
    file.set("title.4D5307D1.volume", None).unwrap();
    assert_eq!(file.text(), kept, "as before both");
    let file = Changed::new("[title]\n4D5307D1 = { mute = true } # Knot\n");
    file.set("title.4D5307D1.mute", None).unwrap();
    assert!(file.text().contains("# Knot"), "an inline table has it, too: {}", file.text());
}

#[test]
fn a_name_that_is_not_a_flag_is_removed_or_refused() {
    let file = Changed::new("[exec]\nold = 1\n");
    assert_eq!(file.set("old", None).unwrap(), SettingChange::Removed);
    for (key, expected) in [
        ("volumee", "exec has no flag --volumee (did you mean `volume`?)"),
        ("title.4D5307D2.mutee", "exec has no flag --mutee (did you mean `mute`?)"),
        ("trace.diff.xyz", "trace diff has no flag --xyz"),
    ] {
        assert_eq!(file.set(key, None).expect_err(key).to_string(), expected);
    }
    for key in ["volume", "bench.runs", "trace.diff", "title.4D5307D2", "input.keys.a", "hotkeys.a"] {
        assert_eq!(file.set(key, None).unwrap(), SettingChange::WasNotSet, "{key}");
    }
}

#[test]
fn concurrent_changes_are_all_kept() {
    let file = Changed::new("");
    std::thread::scope(|scope| {
        for title in 0..8 {
            let file = &file;
            let key = format!("title.4D5307D{title}.volume");
            scope.spawn(move || file.set(&key, Some("7")).unwrap());
        }
    });
    assert_eq!(file.text().matches("volume = 7").count(), 8, "{}", file.text());
}

#[test]
fn a_value_changes_and_everything_else_stays() {
    let file =
        Changed::new("# mine\n[exec]\n\nvolume = 70   # quiet\nfilter = \"nearest\"\n\n[bench]\nruns = 9\n");
    assert_eq!(file.set("volume", Some("80")).unwrap(), SettingChange::Set("volume = 80".to_owned()));
    assert_eq!(
        file.text(),
        "# mine\n[exec]\n\nvolume = 80   # quiet\nfilter = \"nearest\"\n\n[bench]\nruns = 9\n"
    );
    file.set("mute", Some("true")).unwrap();
    file.set("title.4D5307D1.patches", Some("[\"60 FPS\"]")).unwrap();
    file.set("title.4D5307D1.volume", Some("5")).unwrap();
    file.set("bench.runs", Some("3")).unwrap();
    file.set("input.dead-zone", Some("0.2")).unwrap();
    file.set("input.keys.a", Some("Space")).unwrap();
    file.set("patches", Some("60 FPS")).unwrap();
    assert_eq!(
        file.text(),
        "# mine\n[exec]\n\nvolume = 80   # quiet\nfilter = \"nearest\"\nmute = true\npatches = \"60 FPS\"\n\n\
         [bench]\nruns = 3\n\n[title.4D5307D1]\npatches = [\"60 FPS\"]\nvolume = 5\n\n\
         [input]\ndead-zone = 0.2\n\n[input.keys]\na = \"Space\"\n"
    );
    file.set("controller.own.rumble", Some("0.5")).unwrap();
    file.set("pad.Wheel v1.2", Some("own")).unwrap();
    assert!(file.text().ends_with("[controller.own]\nrumble = 0.5\n\n[pad]\n\"Wheel v1.2\" = \"own\"\n"));
    assert_eq!(file.set("volume", None).unwrap(), SettingChange::Removed);
    assert_eq!(file.set("title.4D5307D1.volume", None).unwrap(), SettingChange::Removed);
    assert!(!file.text().contains("volume") && file.text().starts_with("# mine\n[exec]\n"));
    file.set("volume", None).unwrap();
}

#[test]
fn a_key_of_the_keyboard_moves_in_one_change() {
    let file = Changed::new("[input.keys]\nb = ['Space'] # jump\nx = 'KeyS'\n");
    let change = |key: &str, value: Option<&str>| (key.to_owned(), value.map(str::to_owned));
    let moved = [
        change("input.keys.a", Some("[\"Space\"]")),
        change("input.keys.b", Some("[]")),
        change("input.keys.x", None),
        change("input.buttons.a", Some("b")),
    ];
    assert!(file.set("input.keys.a", Some("Space")).is_err(), "two parts would have it");
    change_together(&file.definition, &file.path(), &moved).unwrap();
    assert_eq!(file.text(), "[input.keys]\nb = [] # jump\na = [\"Space\"]\n\n[input.buttons]\na = \"b\"\n");
    let wrong = [change("volume", Some("80")), change("input.keys.y", Some("[\"Space\"]"))];
    let error = change_together(&file.definition, &file.path(), &wrong).unwrap_err();
    assert!(format!("{error:#}").contains("Space is both"), "{error:#}");
    assert!(!file.text().contains("volume"), "all or nothing");
}

#[test]
fn an_aspect_ratio_is_kept_as_text_and_not_as_a_time() {
    let file = Changed::new("");
    let kept = ("aspect-ratio".to_owned(), Some("16:10".to_owned()));
    change_together(&file.definition, &file.path(), &[kept]).unwrap();
    assert_eq!(file.text(), "[exec]\naspect-ratio = \"16:10\"\n");
    file.set("aspect-ratio", Some("21:10")).unwrap();
    assert_eq!(file.text(), "[exec]\naspect-ratio = \"21:10\"\n");
}

#[test]
fn settings_that_contradict_each_other_are_refused_with_both_lines() {
    for table in ["", "exec.", "title.4D5307D1."] {
        let file = Changed::new("");
        file.set(&format!("{table}lockstep"), Some("true")).unwrap();
        let before = file.text();
        let error = file.set(&format!("{table}parallel"), Some("true")).unwrap_err();
        let message = format!("{error:#}");
        assert!(
            message.contains("config.toml, line 2") && message.contains("config.toml, line 3"),
            "{message}"
        );
        assert_eq!(file.text(), before);
        file.set(&format!("{table}parallel"), Some("false")).unwrap();
    }
    // A title's table overrides the other one.
    let file = Changed::new("[exec]\nlockstep = true\n");
    file.set("title.4D5307D1.parallel", Some("true")).unwrap();
}

#[test]
fn a_file_is_made_and_a_wrong_value_leaves_the_old_one() {
    let file = Changed::new("");
    file.set("osd", Some("full")).unwrap();
    assert_eq!(file.text(), "[exec]\nosd = \"full\"\n");
    for (key, value, expected) in [
        ("volumme", "1", "did you mean `volume`?"),
        ("volume", "loud", "invalid value 'loud'"),
        ("mute", "perhaps", "expected true or false"),
        ("json", "x.json", "names an output"),
        ("title.4D.volume", "1", "eight digits"),
        ("input.keyboard", "9", "users are 1 to 4"),
        ("input", "1", "not a setting"),
        ("exec.", "1", "not a setting"),
        ("nothing.volume", "1", "not a setting"),
    ] {
        let error = file.set(key, Some(value)).expect_err(key);
        assert!(format!("{error:#}").contains(expected), "{key}: {error:#}");
    }
    assert_eq!(file.text(), "[exec]\nosd = \"full\"\n");
    let damaged = Changed::new("[exec\n");
    assert!(format!("{:#}", damaged.set("volume", Some("1")).unwrap_err()).contains("correct it first"));
    assert_eq!(damaged.text(), "[exec\n");
}
