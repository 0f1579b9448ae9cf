//! Inserts the settings of a file into the words of a command line.

use super::file::{File, Setting};
use super::origin::SettingOrigin;
use super::{DEFAULT_COMMAND, Innermost, titles};
use clap::{ArgMatches, Command};
use std::ffi::OsString;

/// The settings of a file.
pub(super) struct FileSettings<'f, 'd> {
    pub(super) file: &'f File<'f>,
    pub(super) settings: Vec<Setting<'d>>,
}

impl FileSettings<'_, '_> {
    /// Inserts the title's settings, and then those of the command that they leave open; the
    /// definition is [`loose`](super::definitions::loose).
    pub(super) fn insert(
        &self,
        definition: &Command,
        typed: &ArgMatches,
        mut words: Vec<OsString>,
    ) -> (Vec<OsString>, Vec<SettingOrigin>) {
        let mut origins = Vec::new();
        if let Some(id) = titles::meant(Innermost::of(definition, typed).matches, &self.settings) {
            let is_own = |setting: &Setting<'_>| setting.title == Some(id);
            origins.extend(self.insert_open(definition, typed, &mut words, is_own));
        }
        let Ok(given) = definition.clone().try_get_matches_from(&words) else {
            return (words, origins);
        };
        let meant = Innermost::of(definition, &given);
        let wanted = if meant.names.is_empty() { vec![DEFAULT_COMMAND] } else { meant.names };
        let is_of_command = |setting: &Setting<'_>| setting.title.is_none() && setting.command == wanted;
        origins.extend(self.insert_open(definition, &given, &mut words, is_of_command));
        (words, origins)
    }

    /// Inserts the wanted settings whose flags the command has, and that no word gives or
    /// contradicts.
    fn insert_open(
        &self,
        definition: &Command,
        given: &ArgMatches,
        words: &mut Vec<OsString>,
        is_wanted: impl Fn(&Setting<'_>) -> bool,
    ) -> Vec<SettingOrigin> {
        let meant = Innermost::of(definition, given);
        let at = meant.place_of_words(words);
        let is_open = |setting: &&Setting<'_>| {
            let flag = meant.command.get_arguments().find(|arg| arg.get_id() == setting.flag.get_id());
            flag.is_some_and(|flag| meant.is_open(flag))
        };
        let wanted = self.settings.iter().filter(|setting| is_wanted(setting));
        let new: Vec<&Setting<'_>> = wanted.filter(is_open).collect();
        words.splice(at..at, new.iter().flat_map(|setting| setting.words.iter().map(OsString::from)));
        new.iter().filter_map(|setting| setting.origin(self.file)).collect()
    }
}
