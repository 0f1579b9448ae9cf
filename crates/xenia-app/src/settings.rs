//! Settings from a TOML file: every flag of every command can be set there, under its own name.
//!
//! ```toml
//! [exec]                  # also what runs when no command is named
//! headless = true
//! cross-check = "instr"
//!
//! [bench]
//! runs = 9
//! ```
//!
//! The file is config.toml in the configuration folder, or the one that `--config` names. What the
//! command line or the environment says wins; a setting that contradicts a flag of the command line
//! (`interp` in the file, `--cross-check` typed) gives way to it. All of the file is checked, not
//! only what the command needs: an unknown command, an unknown flag or a bad value is an error that
//! names the line. Commands that run nothing of a guest ([`LOOKING`]) warn of a mistake in the file
//! that is found by itself, and go on without it.
//!
//! One table is no command's: `[input]`, what keys and pads are ([`crate::input::config`]).
//!
//! Settings become words of the command line, put before those that were typed: clap, which knows
//! what every flag is, reads both alike.

mod environment;
mod origin;
mod words;

pub use environment::read as read_environment;
pub use environment::without as without_environment;
pub use origin::origins_in;

use crate::cli::nearest;
use crate::input;
use crate::input::config::InputConfig;
use crate::say::{errln, error_text};
use crate::title::config_folder;
use anyhow::{Context, Result, anyhow, bail};
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command};
use environment::Variables;
use origin::Origin;
use std::ffi::OsString;
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml::de::{DeTable, DeValue};
#[cfg(test)]
use words::WRITTEN;
use words::{is_written_to, try_out, what_is_wrong, words_of};

/// The command whose settings also hold when no command is named.
const DEFAULT_COMMAND: &str = "exec";

/// Commands that only look at files or print what the program knows: a mistake in config.toml
/// doesn't change what they do.
const LOOKING: [&str; 22] = [
    "info",
    "ls",
    "extract",
    "verify",
    "make-iso",
    "make-stfs",
    "exports",
    "dis",
    "asm",
    "pack",
    "diff",
    "shader",
    "completions",
    "man",
    "generate",
    "config",
    "trace diff",
    "trace dump",
    "content list",
    "sweep merge",
    "sweep diff",
    "sweep report",
];

/// Whether the command that is meant is one of those.
fn is_looking(typed: &ArgMatches) -> bool {
    let path = path_of(typed);
    LOOKING
        .iter()
        .any(|name| path.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(' ')))
}

/// The names of the command that is meant, and of those that it belongs to: `trace dump`.
fn path_of(typed: &ArgMatches) -> String {
    let Some((name, below)) = typed.subcommand() else { return String::new() };
    let below = path_of(below);
    if below.is_empty() { name.to_owned() } else { format!("{name} {below}") }
}

/// The file that settings come from, and whether the user has named it.
fn file_named_by(typed: &ArgMatches) -> Option<(bool, PathBuf)> {
    if let Some(path) = typed.get_one::<PathBuf>("config").or_else(|| deepest(typed).get_one("config")) {
        return Some((true, path.clone()));
    }
    default_file().filter(|path| crate::source::is_there(path)).map(|path| (false, path))
}

/// Where settings are looked for when nobody names a file.
pub fn default_file() -> Option<PathBuf> {
    config_folder().map(|folder| folder.join("config.toml"))
}

/// What the settings say of keys and pads; `named` is the file that the command line names.
pub fn input(named: Option<&Path>) -> Result<InputConfig> {
    let path = named.map(Path::to_owned).or_else(|| default_file().filter(|path| path.is_file()));
    let Some(path) = path else { return Ok(InputConfig::default()) };
    let text = crate::source::text(&path).with_context(|| format!("cannot read {}", path.display()))?;
    input::config::parse(&text, &path)
}

/// What a settings file sets.
pub struct Row {
    /// The command, with dots where it is one of another command's.
    pub table: String,
    /// The flag.
    pub key: String,
    /// As it is written there.
    pub value: String,
    /// Where it is written.
    pub line: usize,
}

/// Everything that a settings file sets, by command; all of it is checked.
pub fn read(definition: &Command, path: &Path) -> Result<Vec<Row>> {
    let mut definition = definition.clone();
    definition.build();
    let text = crate::source::text(path).with_context(|| format!("cannot read {}", path.display()))?;
    let file = File { text: &text, path };
    let settings = file.settings(&definition)?;
    let row = |setting: &Setting<'_>| Row {
        table: setting.command.join("."),
        key: setting.flag.get_long().unwrap_or_default().to_owned(),
        value: text.get(setting.value.clone()).unwrap_or_default().to_owned(),
        line: file.line(setting.offset),
    };
    Ok(settings.iter().map(row).collect())
}

/// `words`, the program's name first, with what the environment and the settings file set put in.
/// What is left to be read has no variables any more ([`without_environment`]).
pub fn apply(definition: &Command, words: Vec<OsString>) -> Result<Vec<OsString>> {
    apply_with(definition, words, &|name| std::env::var_os(name))
}

fn apply_with(definition: &Command, words: Vec<OsString>, variables: Variables<'_>) -> Result<Vec<OsString>> {
    let mut bare = environment::without(definition.clone());
    bare.build();
    let words = command_first(&bare, words);
    // A first look, to learn which command and which file are meant; errors are the real parser's.
    let look = |words: &[OsString]| lenient(bare.clone()).try_get_matches_from(words);
    let Ok(typed) = look(&words) else { return Ok(words) };
    let command = typed.subcommand_name().unwrap_or(DEFAULT_COMMAND);
    if command == "config" {
        // It says itself what is wrong with the file and the environment.
        return Ok(words);
    }
    let (words, mut origins) = environment::insert((definition, &bare), &typed, words, variables)?;
    let Ok(given) = look(&words) else { return Ok(words) };
    let words = match file_named_by(&given) {
        None => words,
        Some((explicit, path)) => match with_settings(&bare, &given, &words, explicit, &path) {
            Ok((words, set)) => {
                origins.extend(set);
                words
            }
            Err(error) if !explicit && is_looking(&given) => {
                errln!("xenia-rs: warning: {}; `{command}` goes on without settings", error_text(&error));
                words
            }
            Err(error) => return Err(error),
        },
    };
    origin::keep(origins);
    Ok(words)
}

fn with_settings(
    definition: &Command,
    typed: &ArgMatches,
    words: &[OsString],
    explicit: bool,
    path: &Path,
) -> Result<(Vec<OsString>, Vec<Origin>)> {
    let text = crate::source::lasting_text(path).with_context(|| {
        let said = if explicit { " that --config names" } else { "" };
        format!("cannot read the settings file{said}, {}", path.display())
    })?;
    let (with_settings, origins) = insert(definition, typed, words.to_vec(), &File { text: &text, path })?;
    if with_settings == words {
        return Ok((with_settings, origins));
    }
    let refused = |words: &[OsString]| definition.clone().try_get_matches_from(words).err();
    // Each setting is right by itself, but two may contradict each other. What is wrong without them is
    // the parser's to say.
    if let Some(error) = refused(&with_settings)
        && refused(words).is_none()
    {
        bail!("{}: {}", path.display(), what_is_wrong(&error));
    }
    Ok((with_settings, origins))
}

/// A parser that makes what it can of wrong or incomplete words.
fn lenient(command: Command) -> Command {
    command.ignore_errors(true).mut_subcommands(lenient)
}

/// `--config FILE` may stand before the command, though flags before a command are otherwise
/// `exec`'s.
fn command_first(definition: &Command, mut words: Vec<OsString>) -> Vec<OsString> {
    let length = match words.get(1).and_then(|word| word.to_str()) {
        Some("--config") => 2,
        Some(word) if word.starts_with("--config=") => 1,
        _ => 0,
    };
    let name = words.get(1 + length).and_then(|word| word.to_str());
    if length > 0 && name.is_some_and(|name| definition.find_subcommand(name).is_some()) {
        words[1..2 + length].rotate_right(1);
    }
    words
}

/// The matches of the innermost command.
fn deepest(matches: &ArgMatches) -> &ArgMatches {
    matches.subcommand().map_or(matches, |(_, inner)| deepest(inner))
}

/// The command that is meant, which may be another's.
struct Innermost<'a> {
    /// The names on the way to it.
    names: Vec<&'a str>,
    command: &'a Command,
    matches: &'a ArgMatches,
}

impl<'a> Innermost<'a> {
    fn of(definition: &'a Command, typed: &'a ArgMatches) -> Self {
        let (mut names, mut command, mut matches) = (Vec::new(), definition, typed);
        while let Some((name, inner)) = matches.subcommand()
            && let Some(found) = command.find_subcommand(name)
        {
            names.push(name);
            (command, matches) = (found, inner);
        }
        Self { names, command, matches }
    }

    /// Where among the words its flags may stand.
    fn place_of_words(&self, words: &[OsString]) -> usize {
        let mut at = 1;
        for &name in &self.names {
            at += words[at..].iter().position(|word| word == name).map_or(0, |index| index + 1);
        }
        at
    }

    /// Whether nothing is said about this flag yet, nor about one that contradicts it.
    fn is_open(&self, flag: &Arg) -> bool {
        let mut given = self.command.get_arguments().filter(|arg| is_given(self.matches, arg));
        !given.any(|given| {
            given.get_id() == flag.get_id()
                || self.command.get_arg_conflicts_with(flag).contains(&given)
                || self.command.get_arg_conflicts_with(given).contains(&flag)
        })
    }
}

fn insert(
    definition: &Command,
    typed: &ArgMatches,
    mut words: Vec<OsString>,
    file: &File<'_>,
) -> Result<(Vec<OsString>, Vec<Origin>)> {
    let settings = file.settings(definition)?;
    let meant = Innermost::of(definition, typed);
    let at = meant.place_of_words(&words);
    let wanted = if meant.names.is_empty() { vec![DEFAULT_COMMAND] } else { meant.names.clone() };
    let new: Vec<&Setting<'_>> = settings
        .iter()
        .filter(|setting| setting.command == wanted)
        .filter(|setting| {
            let flag = meant.command.get_arguments().find(|arg| arg.get_id() == setting.flag.get_id());
            flag.is_some_and(|flag| meant.is_open(flag))
        })
        .collect();
    let origins = new.iter().filter_map(|setting| setting.origin(file)).collect();
    words.splice(at..at, new.iter().flat_map(|setting| setting.words.iter().map(OsString::from)));
    Ok((words, origins))
}

/// Whether the words say something about this flag.
fn is_given(matches: &ArgMatches, arg: &Arg) -> bool {
    let source = matches
        .try_contains_id(arg.get_id().as_str())
        .ok()
        .and_then(|_| matches.value_source(arg.get_id().as_str()));
    source == Some(ValueSource::CommandLine)
}

/// One setting, as words of a command line; none for a switch that is off.
struct Setting<'a> {
    command: Vec<&'a str>,
    flag: &'a Arg,
    words: Vec<String>,
    /// Of its key in the file.
    offset: usize,
    /// Of its value.
    value: Range<usize>,
}

impl Setting<'_> {
    fn origin(&self, file: &File<'_>) -> Option<Origin> {
        self.words.first().map(|word| Origin::new(word, file.at(self.offset)))
    }
}

/// The file, for messages.
struct File<'a> {
    text: &'a str,
    path: &'a Path,
}

impl File<'_> {
    fn line(&self, offset: usize) -> usize {
        self.text[..offset.min(self.text.len())].matches('\n').count() + 1
    }

    fn at(&self, offset: usize) -> String {
        format!("{}, line {}", self.path.display(), self.line(offset))
    }

    /// All that it sets.
    fn settings<'a>(&self, definition: &'a Command) -> Result<Vec<Setting<'a>>> {
        let document =
            DeTable::parse(self.text).map_err(|error| anyhow!("{}: {error}", self.path.display()))?;
        let mut settings = Vec::new();
        self.table(document.get_ref(), definition, &mut Vec::new(), &mut settings)?;
        Ok(settings)
    }

    /// The tables of commands in `table`, and the settings of the command that it is of.
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
            if names.is_empty() && name == input::TABLE {
                input::config::parse(self.text, self.path)?;
                continue;
            }
            if names.is_empty() {
                let commands = command.get_subcommands().filter(|command| !command.is_hide_set());
                let tip = tip(name, commands.map(Command::get_name));
                bail!(
                    "{at}: `{name}` is no command{tip}; settings are in a table for each command, such as [exec]"
                );
            }
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
            let parsed: Vec<OsString> = words.iter().map(OsString::from).collect();
            try_out(command, &parsed).with_context(|| format!("{at}: `{name}`"))?;
            settings.push(Setting { command: names.clone(), flag, words, offset, value: value.span() });
        }
        Ok(())
    }
}

/// Whether a flag can be set in a file.
fn is_setting(flag: &Arg) -> bool {
    !flag.is_hide_set() && flag.get_long().is_some_and(|name| !matches!(name, "config" | "help" | "version"))
}

/// What was probably meant by `name`, for the end of a sentence.
fn tip<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> String {
    nearest(name, names).map_or_else(String::new, |meant| format!(" (did you mean `{meant}`?)"))
}

#[cfg(test)]
mod tests;
