//! Edits a settings file: sets or removes values, and keeps all other text, comments included.
//!
//! The new text is checked as a whole, then replaces the file atomically, so a wrong value or a
//! full disk leaves the old file.

use super::DEFAULT_COMMAND;
use super::file::{File, flag_of};
use super::titles::TABLE as TITLES;
use anyhow::{Context, Error, Result, anyhow, bail};
use clap::Command;
use std::path::Path;
use toml_edit::{DocumentMut, Item, Table, TableLike, Value};
use xenia::input::TABLES as INPUT;
use xenia::output;
use xenia_kernel::vfs::lock_file;

/// Result of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingChange {
    /// The key is set by this line.
    Set(String),
    Removed,
    /// The key was to be removed, but was missing.
    WasNotSet,
}

/// Sets `key` to a value, or removes it, in the file at `path`, which is made if it is missing.
pub fn change(definition: &Command, path: &Path, key: &str, value: Option<&str>) -> Result<SettingChange> {
    let _lock = lock(path)?;
    let old = text_of(path)?;
    let names = names(definition, key)?;
    let document = || parsed(&old, path);
    let Some(value) = value else {
        let mut document = document()?;
        if !remove(document.as_table_mut(), &names) {
            check_flag(definition, &names)?;
            return Ok(SettingChange::WasNotSet);
        }
        write(path, &old, &document.to_string())?;
        return Ok(SettingChange::Removed);
    };
    // The setting decides whether a word such as `true` or `1` is a TOML value or a string.
    let forms = value.parse::<Value>().ok().into_iter().chain([Value::from(value)]);
    let mut refused = None;
    for form in forms {
        let mut document = document()?;
        set(document.as_table_mut(), &names, form.clone())?;
        let text = document.to_string();
        match (File { text: &text, path }).check(definition) {
            Ok(()) => {
                write(path, &old, &text)?;
                return Ok(SettingChange::Set(format!("{key} = {}", form.to_string().trim())));
            }
            Err(error) => {
                // The first form is the likelier one, so its error is reported.
                refused.get_or_insert_with(|| without_new_line(error, path, &old, &text));
            }
        }
    }
    Err(refused.unwrap_or_else(|| anyhow!("{value} is not a value")))
}

/// Drops the position of an error in a line that only the changed text contains: at that line the
/// user's file has other text, or none.
fn without_new_line(error: Error, path: &Path, old: &str, changed: &str) -> Error {
    let said = format!("{error:#}");
    let start = format!("{}, line ", path.display());
    let Some((number, rest)) = said.strip_prefix(&start).and_then(|rest| rest.split_once(": ")) else {
        return error;
    };
    let index = number.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
    let line = |text: &str| index.and_then(|index| text.lines().nth(index)).map(str::to_owned);
    if line(old) == line(changed) { error } else { anyhow!("{rest}") }
}

/// Sets or removes several keys in one change, since the file might contradict itself between two
/// changes. Values are TOML, or else strings.
pub fn change_together(
    definition: &Command,
    path: &Path,
    changes: &[(String, Option<String>)],
) -> Result<()> {
    let _lock = lock(path)?;
    let old = text_of(path)?;
    let mut document = parsed(&old, path)?;
    for (key, value) in changes {
        let names = names(definition, key)?;
        match value {
            Some(value) => {
                let value = value.parse::<Value>().unwrap_or_else(|_| Value::from(value.as_str()));
                set(document.as_table_mut(), &names, value)?;
            }
            None => _ = remove(document.as_table_mut(), &names),
        }
    }
    let text = document.to_string();
    File { text: &text, path }.check(definition)?;
    write(path, &old, &text)
}

/// Locks a settings file against changes by other processes, from its reading to its replacement,
/// by a file beside it: the settings file itself is replaced.
fn lock(path: &Path) -> Result<Option<std::fs::File>> {
    make_folder(path)?;
    let Some(name) = path.file_name().filter(|_| is_replaceable(path)) else { return Ok(None) };
    let beside = path.with_file_name(format!(".{}.lock", name.to_string_lossy()));
    // A failure to lock is ignored: in a read-only folder the change itself fails, and without
    // support for locks no other process has one.
    Ok(lock_file::lock(&beside).ok())
}

/// Whether the path is free or a file's. Replacing a device such as /dev/null would harm the host.
fn is_replaceable(path: &Path) -> bool {
    std::fs::metadata(path).map_or(true, |found| found.is_file())
}

/// Makes the folder of a settings file if it is missing.
fn make_folder(path: &Path) -> Result<()> {
    let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) else { return Ok(()) };
    std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))
}

/// Text of a settings file; empty if that is missing.
fn text_of(path: &Path) -> Result<String> {
    let there = xenia::source::optional_file_exists(path);
    let old = if there { xenia::source::text(path) } else { Ok(String::new()) };
    old.with_context(|| format!("cannot read {}", path.display()))
}

fn parsed(text: &str, path: &Path) -> Result<DocumentMut> {
    text.parse().map_err(|error| anyhow!("{}: {error}; correct it first", path.display()))
}

/// The tables and the name of a key. A name alone is a flag of `exec`.
fn names<'a>(definition: &Command, key: &'a str) -> Result<Vec<&'a str>> {
    // Names of pads may have dots.
    let most = if key.starts_with("pad.") { 2 } else { usize::MAX };
    let names: Vec<&str> = key.splitn(most, '.').collect();
    if names.iter().any(|name| name.is_empty()) {
        bail!("`{key}` is not a setting: use a name such as volume, or title.4D5307D1.volume");
    }
    let first = names.first().copied().unwrap_or_default();
    if names.len() == 1 && !INPUT.contains(&first) && first != TITLES {
        return Ok(vec![DEFAULT_COMMAND, first]);
    }
    let is_table = INPUT.contains(&first) || first == TITLES || definition.find_subcommand(first).is_some();
    if !is_table || names.len() == 1 {
        bail!("`{key}` is not a setting: use a name such as volume, or title.4D5307D1.volume");
    }
    Ok(names)
}

/// Refuses the name of a flag that its command does not have.
fn check_flag(definition: &Command, names: &[&str]) -> Result<()> {
    let (command, name) = match names {
        [first, _, name] if *first == TITLES => (&[DEFAULT_COMMAND][..], name),
        [command @ .., name] if !command.is_empty() => (command, name),
        _ => return Ok(()),
    };
    let found = command.iter().try_fold(definition, |found, name| found.find_subcommand(name));
    let Some(found) = found.filter(|found| found.find_subcommand(name).is_none()) else { return Ok(()) };
    flag_of(found, command, name).map(drop)
}

/// Sets a value in nested tables, and creates missing ones. Keeps the comments around an old value.
fn set(table: &mut Table, names: &[&str], value: Value) -> Result<()> {
    let Some((name, rest)) = names.split_first() else { return Ok(()) };
    if *name == TITLES
        && let [id, rest @ ..] = rest
        && let Some(Item::Table(titles)) = table.get_mut(name)
        && let Some(known) = spelling(titles, id)
    {
        return set(titles, &[&[known.as_str()], rest].concat(), value);
    }
    if rest.is_empty() {
        match table.get_mut(name).and_then(Item::as_value_mut) {
            Some(old) => {
                let decor = old.decor().clone();
                *old = value;
                *old.decor_mut() = decor;
            }
            None => {
                table.insert(name, Item::Value(value));
            }
        }
        return Ok(());
    }
    let inner = table.entry(name).or_insert_with(|| {
        let mut made = Table::new();
        // A table of tables needs no header of its own.
        made.set_implicit(rest.len() > 1);
        Item::Table(made)
    });
    match inner {
        Item::Table(inner) => set(inner, rest, value),
        Item::Value(Value::InlineTable(inner)) if rest.len() == 1 => {
            inner.insert(rest[0], value);
            Ok(())
        }
        _ => bail!("`{name}` is not a table in this file; edit it by hand"),
    }
}

/// The title's id as it is written in the file, whose digits may have another case.
fn spelling(titles: &dyn TableLike, id: &str) -> Option<String> {
    titles.iter().map(|(known, _)| known).find(|known| known.eq_ignore_ascii_case(id)).map(str::to_owned)
}

/// Removes a value from nested tables. Returns whether it existed.
fn remove(table: &mut dyn TableLike, names: &[&str]) -> bool {
    match names {
        [] => false,
        [name] => table.remove(name).is_some(),
        [name, id, rest @ ..] if *name == TITLES => {
            table.get_mut(name).and_then(Item::as_table_like_mut).is_some_and(|titles| {
                let known = spelling(titles, id);
                known.is_some_and(|known| remove(titles, &[&[known.as_str()], rest].concat()))
            })
        }
        [name, rest @ ..] => {
            table.get_mut(name).and_then(Item::as_table_like_mut).is_some_and(|inner| remove(inner, rest))
        }
    }
}

/// Replaces the file; keeps the line endings of the old text.
fn write(path: &Path, old: &str, text: &str) -> Result<()> {
    if !is_replaceable(path) {
        bail!("{} is not a file that could keep settings; name another one with --config", path.display());
    }
    if std::fs::metadata(path).is_ok_and(|found| found.permissions().readonly()) {
        bail!("{} is write-protected; name another file with --config", path.display());
    }
    // The parser drops the carriage returns.
    let has_returns = old.contains("\r\n") && old.matches('\n').count() == old.matches("\r\n").count();
    let returned = has_returns.then(|| text.replace("\r\n", "\n").replace('\n', "\r\n"));
    output::write(path, returned.as_deref().unwrap_or(text).as_bytes())
}

#[cfg(test)]
mod tests {
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
            let said = format!("{:#}", file.set("volume", Some("300")).unwrap_err());
            assert_eq!(file.text(), text);
            said
        };
        for text in ["", "[exec]\n", "[exec]\nvolume = 7\n"] {
            let said = refusal(text);
            assert!(said.starts_with("`volume`: ") && !said.contains("line"), "{text:?}: {said}");
        }
        let said = refusal("[exec]\nframes = \"many\"\n");
        assert!(said.contains("config.toml, line 2: `frames`: "), "{said}");
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
    fn a_name_that_is_not_a_flag_is_removed_or_refused() {
        let file = Changed::new("[exec]\nold = 1\n");
        assert_eq!(file.set("old", None).unwrap(), SettingChange::Removed);
        for (key, said) in [
            ("volumee", "exec has no flag --volumee (did you mean `volume`?)"),
            ("title.4D5307D2.mutee", "exec has no flag --mutee (did you mean `mute`?)"),
            ("trace.diff.xyz", "trace diff has no flag --xyz"),
        ] {
            assert_eq!(file.set(key, None).expect_err(key).to_string(), said);
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
        let file = Changed::new(
            "# mine\n[exec]\n\nvolume = 70   # quiet\nfilter = \"nearest\"\n\n[bench]\nruns = 9\n",
        );
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
        assert_eq!(
            file.text(),
            "[input.keys]\nb = [] # jump\na = [\"Space\"]\n\n[input.buttons]\na = \"b\"\n"
        );
        let wrong = [change("volume", Some("80")), change("input.keys.y", Some("[\"Space\"]"))];
        let error = change_together(&file.definition, &file.path(), &wrong).unwrap_err();
        assert!(format!("{error:#}").contains("Space is both"), "{error:#}");
        assert!(!file.text().contains("volume"), "all or nothing");
    }

    #[test]
    fn settings_that_contradict_each_other_are_refused_with_both_lines() {
        for table in ["", "exec.", "title.4D5307D1."] {
            let file = Changed::new("");
            file.set(&format!("{table}lockstep"), Some("true")).unwrap();
            let before = file.text();
            let error = file.set(&format!("{table}parallel"), Some("true")).unwrap_err();
            let said = format!("{error:#}");
            assert!(said.contains("config.toml, line 2") && said.contains("config.toml, line 3"), "{said}");
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
        for (key, value, said) in [
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
            assert!(format!("{error:#}").contains(said), "{key}: {error:#}");
        }
        assert_eq!(file.text(), "[exec]\nosd = \"full\"\n");
        let damaged = Changed::new("[exec\n");
        assert!(format!("{:#}", damaged.set("volume", Some("1")).unwrap_err()).contains("correct it first"));
        assert_eq!(damaged.text(), "[exec\n");
    }
}
