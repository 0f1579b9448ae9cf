//! Reads the settings of a file, with their lines.

use super::origin::SettingOrigin;
use super::switches::{is_switch, off};
use super::titles::TABLE;
use super::words::{is_written_to, try_out, words_of};
use anyhow::{Context, Result, anyhow, bail};
use clap::{Arg, Command};
use std::ffi::OsString;
use std::ops::Range;
use std::path::Path;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};
use xenia::input;
use xenia::nearest::tip;
use xenia_guest::TitleId;

/// One setting as words of a command line.
pub(super) struct Setting<'a> {
    pub(super) command: Vec<&'a str>,
    /// The title that it is for; `None`: any.
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

    pub(super) fn origin(&self, file: &File<'_>) -> Option<SettingOrigin> {
        let title = self.title.map_or_else(String::new, |id| format!(" ([{TABLE}.{id}])"));
        let word = self.words.first();
        word.map(|word| {
            SettingOrigin::new(word, format!("{}{title}", file.at(self.offset)), self.title.is_some())
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

    pub(super) fn at(&self, offset: usize) -> String {
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

    /// Collects the settings in `table`, and recursively those in its subcommands' tables.
    fn table<'a>(
        &self,
        table: &DeTable<'_>,
        command: &'a Command,
        names: &mut Vec<&'a str>,
        settings: &mut Vec<Setting<'a>>,
    ) -> Result<()> {
        for (key, value) in table {
            let (name, offset) = (key.get_ref().as_ref(), key.span().start);
            let at = self.at(offset);
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
                let commands = command.get_subcommands().filter(|command| !command.is_hide_set());
                let tip = tip(name, commands.map(Command::get_name));
                bail!(
                    "{at}: `{name}` is not a command{tip}; settings are in a table for each command, such as [exec]"
                );
            }
            settings.push(self.setting(command, names, (key, value), None)?);
        }
        Ok(())
    }

    /// The setting of a flag. The names are those of the command.
    pub(super) fn setting<'a>(
        &self,
        command: &'a Command,
        names: &[&'a str],
        (key, value): (&Spanned<DeString<'_>>, &Spanned<DeValue<'_>>),
        title: Option<TitleId>,
    ) -> Result<Setting<'a>> {
        let (name, offset) = (key.get_ref().as_ref(), key.span().start);
        let at = self.at(offset);
        let flags = || command.get_arguments().filter(|arg| is_setting(arg));
        let flag = flags().find(|arg| arg.get_long() == Some(name)).with_context(|| {
            let tip = tip(name, flags().filter_map(Arg::get_long));
            format!("{at}: {} has no flag --{name}{tip}", names.join(" "))
        })?;
        if is_written_to(name, value.get_ref()) {
            bail!(
                "{at}: `{name}` names what is written, which a settings file may not; say --{name} on the command line"
            );
        }
        let words = words_of(flag, name, value).with_context(|| format!("{at}: `{name}`"))?;
        // The parser of the command line knows no word for a switch that is off.
        let parsed = words.iter().filter(|word| !is_switch(flag) || **word != off(name));
        let parsed: Vec<OsString> = parsed.map(OsString::from).collect();
        try_out(command, &parsed).with_context(|| format!("{at}: `{name}`"))?;
        Ok(Setting { command: names.to_vec(), title, flag, words, offset, value: value.span() })
    }
}

/// Whether a flag can be set in a file.
pub(super) fn is_setting(flag: &Arg) -> bool {
    !flag.is_hide_set() && flag.get_long().is_some_and(|name| !matches!(name, "config" | "help" | "version"))
}
