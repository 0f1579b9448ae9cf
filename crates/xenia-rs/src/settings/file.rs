//! Reads the settings in a file, with the line of each.
//!
//! A setting becomes the words of a command line, which the program's own parser checks: a file
//! accepts what the flags accept, and errors name the file's line. Files can't name outputs, and
//! their relative paths begin at the file's folder.

use super::origin::SettingOrigin;
use super::switches::{is_switch, off};
use super::titles::TABLE;
use super::words::{is_written_to, try_out, words_of};
use crate::cli::named_path;
use anyhow::{Context, Result, anyhow, bail};
use clap::builder::ValueParser;
use clap::{Arg, Command};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};
use xenia::input;
use xenia::user_folders;
use xenia::wording::nearest::tip;
use xenia_guest::TitleId;

/// One setting as words of a command line.
pub(super) struct Setting<'a> {
    pub(super) command: Vec<&'a str>,
    /// The title to which the setting applies; `None`: all titles.
    pub(super) title: Option<TitleId>,
    pub(super) flag: &'a Arg,
    pub(super) words: Vec<String>,
    /// Offset of its key in the file.
    pub(super) offset: usize,
    /// Range of its value in the file.
    pub(super) value: Range<usize>,
}

impl Setting<'_> {
    /// Name of the table that it is in.
    pub(super) fn table(&self) -> String {
        self.title.map_or_else(|| self.command.join("."), |id| format!("{TABLE}.{id}"))
    }

    /// The words for the parser of the command line, which has no word for a switch that is off.
    fn parsed(&self) -> Vec<OsString> {
        let name = self.flag.get_long().unwrap_or_default();
        let parsed = self.words.iter().filter(|word| !is_switch(self.flag) || **word != off(name));
        parsed.map(OsString::from).collect()
    }

    pub(super) fn origin(&self, file: &File<'_>) -> Option<SettingOrigin> {
        let title = self.title.map_or_else(String::new, |id| format!(" ([{TABLE}.{id}])"));
        let word = self.words.first();
        word.map(|word| {
            SettingOrigin::new(word, format!("{}{title}", file.place_at(self.offset)), self.title.is_some())
        })
    }
}

/// A settings file and its text, for error messages.
pub(super) struct File<'a> {
    pub(super) text: &'a str,
    pub(super) path: &'a Path,
}

impl File<'_> {
    pub(super) fn line(&self, offset: usize) -> usize {
        self.text[..offset.min(self.text.len())].matches('\n').count() + 1
    }

    pub(super) fn place_at(&self, offset: usize) -> String {
        format!("{}, line {}", self.path.display(), self.line(offset))
    }

    /// The tables of the file.
    pub(super) fn document(&self) -> Result<Spanned<DeTable<'_>>> {
        DeTable::parse(self.text).map_err(|error| anyhow!("{}: {error}", self.path.display()))
    }

    /// All settings of the file.
    pub(super) fn settings<'a>(&self, definition: &'a Command) -> Result<Vec<Setting<'a>>> {
        self.settings_in(self.document()?.get_ref(), definition)
    }

    /// All settings in the tables of the file.
    pub(super) fn settings_in<'a>(
        &self,
        document: &DeTable<'_>,
        definition: &'a Command,
    ) -> Result<Vec<Setting<'a>>> {
        let mut settings = Vec::new();
        self.table(document, definition, &mut Vec::new(), &mut settings)?;
        Ok(settings)
    }

    /// Checks each setting, and that those of a table do not contradict each other.
    pub(super) fn check(&self, definition: &Command) -> Result<()> {
        let settings = self.settings(definition)?;
        let mut tables: BTreeMap<String, Vec<&Setting<'_>>> = BTreeMap::new();
        for setting in &settings {
            tables.entry(setting.table()).or_default().push(setting);
        }
        for own in tables.into_values() {
            let names = own.first().map(|setting| setting.command.as_slice()).unwrap_or_default();
            let command = names.iter().try_fold(definition, |command, name| command.find_subcommand(name));
            let Some(command) = command else { continue };
            let words = own.iter().flat_map(|setting| setting.parsed()).collect::<Vec<_>>();
            if let Err(error) = try_out(command, &words) {
                let message = error.to_string();
                bail!("{}: {message}{}", self.path.display(), self.origins_in(&message, own.into_iter()));
            }
        }
        Ok(())
    }

    /// Lines with the origins of the settings that an error mentions.
    pub(super) fn origins_in<'a>(
        &self,
        error: &str,
        settings: impl Iterator<Item = &'a Setting<'a>>,
    ) -> String {
        let origins = settings.filter_map(|setting| setting.origin(self));
        origins.filter(|origin| origin.is_named_in(error)).map(|origin| origin.note()).collect()
    }

    /// Collects the settings in `table`, and recursively those in its subcommands' tables.
    fn table<'a>(
        &self,
        table: &DeTable<'_>,
        command: &'a Command,
        names: &mut Vec<&'a str>,
        settings: &mut Vec<Setting<'a>>,
    ) -> Result<()> {
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let offset = key.span().start;
            let at = self.place_at(offset);
            if let (DeValue::Table(inner), Some(found)) = (value.get_ref(), command.find_subcommand(name)) {
                names.push(found.get_name());
                self.table(inner, found, names, settings)?;
                names.pop();
                continue;
            }
            if names.is_empty() && input::TABLES.contains(&name) {
                input::config::parse(self.text, self.path)?;
                continue;
            }
            if names.is_empty() && name == TABLE {
                self.titles(value, offset, command, settings)?;
                continue;
            }
            if names.is_empty() {
                if command.find_subcommand(name).is_some() {
                    bail!("{at}: `{name}` is a command; its settings are in a table: [{name}]");
                }
                let commands = command.get_subcommands().filter(|command| !command.is_hide_set());
                let tip = tip(name, commands.map(Command::get_name));
                bail!(
                    "{at}: `{name}` is not a command{tip}; settings are in a table for each command, such as [exec]"
                );
            }
            settings.push(self.setting(command, names, key, value, None)?);
        }
        Ok(())
    }

    /// Resolves the path in a flag's word by [`located`]; keeps words without a path.
    fn located(&self, flag: &Arg, word: String) -> String {
        let begins = word.split_once('=').and_then(|(name, value)| {
            let before = path_begin(flag, value)?;
            Some(name.len() + 1 + before)
        });
        let Some((start, value)) = begins.and_then(|begins| word.split_at_checked(begins)) else {
            return word;
        };
        let path = located(value, self.path.parent().unwrap_or("".as_ref()), user_folders::home());
        path.to_str().map_or_else(|| word.clone(), |path| format!("{start}{path}"))
    }

    /// The setting of a flag. The names are those of the command.
    pub(super) fn setting<'a>(
        &self,
        command: &'a Command,
        names: &[&'a str],
        key: &Spanned<DeString<'_>>,
        value: &Spanned<DeValue<'_>>,
        title: Option<TitleId>,
    ) -> Result<Setting<'a>> {
        let name = key.get_ref().as_ref();
        let offset = key.span().start;
        let at = self.place_at(offset);
        let flag = flag_of(command, names, name).map_err(|error| anyhow!("{at}: {error}"))?;
        if is_written_to(name, value.get_ref()) {
            bail!(
                "{at}: `{name}` names an output, which a settings file may not do; use --{name} on the command line"
            );
        }
        let mut words = words_of(flag, name, value).with_context(|| format!("{at}: `{name}`"))?;
        words = words.into_iter().map(|word| self.located(flag, word)).collect();
        let setting = Setting { command: names.to_vec(), title, flag, words, offset, value: value.span() };
        try_out(command, &setting.parsed()).with_context(|| format!("{at}: `{name}`"))?;
        Ok(setting)
    }
}

/// Offset of the path in a flag's value; `None` without a path. Some flags accept `off` instead of
/// a path.
fn path_begin(flag: &Arg, value: &str) -> Option<usize> {
    let id = flag.get_id().as_str();
    let is_path = flag.get_value_parser().type_id() == ValueParser::path_buf().type_id();
    match id {
        "disc" | "sched_order" => Some(value.len() - named_path(id, value.as_ref())?.as_os_str().len()),
        _ => (is_path && !matches!(value, "off" | "-" | "")).then_some(0),
    }
}

/// The path of a setting: `~` is the user's folder, and a relative path begins at the folder of the
/// settings file, so that it does not depend on where the program is started.
pub fn located(value: &str, folder: &Path, home: Option<PathBuf>) -> PathBuf {
    let below_home = if value == "~" { Some("") } else { value.strip_prefix("~/") };
    match below_home.zip(home) {
        Some((below, home)) => home.join(below),
        None => folder.join(value),
    }
}

/// The flag that the setting `name` of a command sets. `names` are those of the command and its
/// parents.
pub(super) fn flag_of<'a>(command: &'a Command, names: &[&str], name: &str) -> Result<&'a Arg> {
    let flags = || command.get_arguments().filter(|arg| is_setting(arg));
    flags().find(|arg| arg.get_long() == Some(name)).with_context(|| {
        let tip = tip(name, flags().filter_map(Arg::get_long));
        format!("{} has no flag --{name}{tip}", names.join(" "))
    })
}

/// Whether a flag can be set in a file.
pub(super) fn is_setting(flag: &Arg) -> bool {
    !flag.is_hide_set() && flag.get_long().is_some_and(|name| !matches!(name, "config" | "help" | "version"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_begin_at_the_files_folder_or_at_the_users() {
        let at = |value: &str| located(value, "/config".as_ref(), Some("/home/u".into()));
        for (value, path) in [
            ("saves", "/config/saves"),
            ("../saves", "/config/../saves"),
            ("/saves", "/saves"),
            ("~/saves", "/home/u/saves"),
            ("~", "/home/u/"),
            ("~u/saves", "/config/~u/saves"),
        ] {
            assert_eq!(at(value), Path::new(path), "{value}");
        }
        assert_eq!(located("~/a", "/c".as_ref(), None), Path::new("/c/~/a"));
    }
}
