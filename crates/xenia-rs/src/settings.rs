//! Settings from a TOML file, in which every flag of every command can be set under its name.
//!
//! ```toml
//! [exec]                  # also applies when no command is named
//! headless = true
//! cross-check = "instr"
//!
//! [bench]
//! runs = 9
//! ```
//!
//! The file is config.toml in the configuration folder, or the one that `--config` names. The
//! command line and the environment override it; a setting that contradicts a flag on the command
//! line (`interp` in the file, `--cross-check` typed) is ignored. The whole file is checked, not
//! only the current command's table: an unknown command, an unknown flag or a bad value is an error
//! that names the line. The commands of [`STATIC_COMMANDS`] only warn of mistakes in the default
//! file, and continue without it.
//!
//! Three tables belong to no command: `[input]` and `[hotkeys]`, the assignments of keys and pads
//! ([`xenia::input::config`]), and `[title.ID]`, the flags of `exec` for one title ([`titles`]),
//! which override the command's table.
//!
//! Settings become words of the command line, inserted before the typed ones, so that clap parses
//! both in the same way. A switch that a table or a word leaves off (`mute = false`,
//! `--mute=false`) stays off whatever is set with less precedence ([`switches`]).

mod edit;
mod environment;
mod file;
mod forms;
mod origin;
mod resolve;
mod schema;
mod scope;
mod switches;
mod table;
mod template;
mod titles;
mod words;
mod yielding;

pub use edit::{SettingChange, change, change_together};
pub use environment::read as read_environment;
pub use environment::without as without_environment;
pub use forms::form;
pub use origin::{in_effect, origins_in};
pub use resolve::{ResolvedSetting, SettingSource, resolve, resolve_without_title};
pub use schema::schema;
pub use scope::Scope;
pub use table::{Audience, table, with_players_help};
pub use template::template;

use anyhow::{Context, Result, bail};
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command};
use environment::EnvironmentVariables;
use file::{File, Setting};
use origin::SettingOrigin;
use std::cell::LazyCell;
use std::ffi::OsString;
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
#[cfg(test)]
use words::WRITTEN;
use words::clap_error_summary;
use xenia::input;
use xenia::input::config::InputConfig;
use xenia::say::{errln, error_text};
use xenia::user_folders;

/// The command whose settings also apply when no command is named.
const DEFAULT_COMMAND: &str = "exec";

/// Commands that only inspect or convert files or print static information: a mistake in
/// config.toml does not stop them.
const STATIC_COMMANDS: &[&str] = &[
    "info",
    "library",
    "patches",
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

/// Whether the command is one of [`STATIC_COMMANDS`].
fn is_static(typed: &ArgMatches) -> bool {
    let path = path_of(typed);
    STATIC_COMMANDS
        .iter()
        .any(|name| path.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(' ')))
}

/// The command's full name, with its parents: `trace dump`.
fn path_of(typed: &ArgMatches) -> String {
    let Some((name, below)) = typed.subcommand() else { return String::new() };
    let below = path_of(below);
    if below.is_empty() { name.to_owned() } else { format!("{name} {below}") }
}

/// The settings file, and whether the user named it.
fn file_named_by(typed: &ArgMatches) -> Option<(bool, PathBuf)> {
    if let Some(path) = typed.get_one::<PathBuf>("config").or_else(|| deepest(typed).get_one("config")) {
        return Some((true, path.clone()));
    }
    default_file().filter(|path| xenia::source::is_there(path)).map(|path| (false, path))
}

/// The default settings file.
pub fn default_file() -> Option<PathBuf> {
    user_folders::config().map(|folder| folder.join("config.toml"))
}

/// The settings of keys and pads; `named` is the file from the command line.
pub fn input(named: Option<&Path>) -> Result<InputConfig> {
    let path = named.map(Path::to_owned).or_else(|| default_file().filter(|path| path.is_file()));
    let Some(path) = path else { return Ok(InputConfig::default()) };
    let text = xenia::source::text(&path).with_context(|| format!("cannot read {}", path.display()))?;
    input::config::parse(&text, &path)
}

/// A setting in a settings file.
pub struct SettingRow {
    /// The command; subcommands are separated by dots.
    pub table: String,
    /// Name of the flag.
    pub key: String,
    /// The value, as written in the file.
    pub value: String,
    /// Line number in the file.
    pub line: usize,
}

/// A definition that is complete: with the flags that its commands share.
pub fn built(mut definition: Command) -> Command {
    definition.build();
    definition
}

/// Reads and checks all settings of a file, by command.
pub fn read(definition: &Command, path: &Path) -> Result<Vec<SettingRow>> {
    let definition = built(definition.clone());
    let text = xenia::source::text(path).with_context(|| format!("cannot read {}", path.display()))?;
    let file = File { text: &text, path };
    let settings = file.settings(&definition)?;
    let row = |setting: &Setting<'_>| SettingRow {
        table: setting.table(),
        key: setting.flag.get_long().unwrap_or_default().to_owned(),
        value: text.get(setting.value.clone()).unwrap_or_default().to_owned(),
        line: file.line(setting.offset),
    };
    Ok(settings.iter().map(row).collect())
}

/// Inserts the settings of the environment and the settings file into `words`, of which the first
/// is the program's name. The result is to be parsed without environment variables
/// ([`without_environment`]), with the commands of the scope.
pub fn apply(definition: &Command, words: Vec<OsString>) -> Result<(Vec<OsString>, Scope)> {
    let words = command_first(definition, words);
    let scope = Scope::of(definition, &words);
    let words = apply_with((definition, &scope), words, &|name| std::env::var_os(name))?;
    Ok((words, scope))
}

fn apply_with(
    (definition, scope): (&Command, &Scope),
    words: Vec<OsString>,
    variables: EnvironmentVariables<'_>,
) -> Result<Vec<OsString>> {
    // Only settings need these. The second parses words alone, so it is not completed for commands
    // that they do not name.
    let plain = LazyCell::new(|| plain(definition));
    let mut parser = LazyCell::new(|| scope.change(definition.clone(), without_environment));
    // The parser completes the commands that it looks at.
    let mut bare = loose(definition, scope);
    // A first, lenient pass finds the command and the settings file; errors are left to the real
    // parser.
    let Ok(typed) = bare.try_get_matches_from_mut(&words) else { return Ok(words) };
    let command = typed.subcommand_name().unwrap_or(DEFAULT_COMMAND);
    if command == "config" {
        // `config` reports errors of the file and the environment itself.
        return Ok(switches::plain(&bare, &typed, &words));
    }
    let (words, mut origins) = environment::insert((definition, &bare), &typed, words, variables)?;
    let Ok(given) = bare.try_get_matches_from_mut(&words) else { return Ok(words) };
    let mut parsed = None;
    let words = match file_named_by(&given) {
        None => words,
        Some((explicit, path)) => {
            match with_settings((&bare, &plain, &mut parser), &given, &words, explicit, &path) {
                Ok(set) => {
                    origins.extend(set.origins);
                    parsed = set.parsed;
                    set.words
                }
                Err(error) if !explicit && is_static(&given) => {
                    errln!("xenia-rs: warning: {}; `{command}` goes on without settings", error_text(&error));
                    words
                }
                Err(error) => return Err(error),
            }
        }
    };
    let mut words = switches::plain(&bare, &given, &words);
    if !origins.is_empty() {
        words = yielding::without_refused(&mut parser, parsed, words, &mut origins);
    }
    origin::keep(origins);
    Ok(words)
}

/// Words in which the settings of a file are.
struct SettledWords {
    words: Vec<OsString>,
    /// The settings that were inserted.
    origins: Vec<SettingOrigin>,
    /// The words as the parser reads them, without values of switches, if it had to.
    parsed: Option<ArgMatches>,
}

/// Inserts the settings of a file; the definitions are with switches that take values, without, and
/// the one that parses words. An empty file does not need the last two.
fn with_settings(
    (definition, plain, parser): (
        &Command,
        &impl Deref<Target = Command>,
        &mut impl DerefMut<Target = Command>,
    ),
    typed: &ArgMatches,
    words: &[OsString],
    explicit: bool,
    path: &Path,
) -> Result<SettledWords> {
    let text = xenia::source::lasting_text(path).with_context(|| {
        let said = if explicit { " that --config names" } else { "" };
        format!("cannot read the settings file{said}, {}", path.display())
    })?;
    let file = File { text: &text, path };
    let document = file.document()?;
    if document.get_ref().is_empty() {
        return Ok(SettledWords { words: words.to_vec(), origins: Vec::new(), parsed: None });
    }
    let settings = file.settings_in(document.get_ref(), plain)?;
    let (with_settings, origins) = insert(definition, typed, words.to_vec(), (&file, &settings));
    if with_settings == words {
        return Ok(SettledWords { words: with_settings, origins, parsed: None });
    }
    let mut parse =
        |words: &[OsString]| parser.try_get_matches_from_mut(switches::plain(definition, typed, words));
    // Each setting is valid alone, but two may contradict each other. Errors that also occur
    // without the settings are left to the parser.
    let parsed = match parse(&with_settings) {
        Ok(parsed) => Some(parsed),
        Err(error) if parse(words).is_ok() => {
            let said = clap_error_summary(&error);
            let notes: String =
                origins.iter().filter(|origin| origin.is_in(&said)).map(SettingOrigin::note).collect();
            bail!("{}: {said}{notes}", path.display());
        }
        Err(_) => None,
    };
    Ok(SettledWords { words: with_settings, origins, parsed })
}

/// The definition without variables, complete.
fn plain(definition: &Command) -> Command {
    built(Scope::All.change(definition.clone(), without_environment))
}

/// The definition that settings are inserted with: it reads no variables, its switches take values,
/// and it accepts wrong or incomplete words as far as possible.
fn loose(definition: &Command, scope: &Scope) -> Command {
    scope.change(definition.clone(), |command| {
        switches::with_values(without_environment(command)).ignore_errors(true)
    })
}

/// Moves `--config FILE` behind the command: it may precede it, although flags before a command are
/// otherwise `exec`'s.
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

/// The words of `exec` in a command line, without the program's name and the command's.
pub fn exec_words(definition: &Command, words: Vec<OsString>) -> Vec<OsString> {
    let mut words: Vec<OsString> = command_first(definition, words).into_iter().skip(1).collect();
    if words.first().is_some_and(|word| word == DEFAULT_COMMAND) {
        words.remove(0);
    }
    words
}

/// The matches of the innermost subcommand.
fn deepest(matches: &ArgMatches) -> &ArgMatches {
    matches.subcommand().map_or(matches, |(_, inner)| deepest(inner))
}

/// The innermost subcommand on the command line.
struct Innermost<'a> {
    /// Names of the subcommand and its parents.
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

    /// Index in `words` at which flags of the subcommand may be inserted.
    fn place_of_words(&self, words: &[OsString]) -> usize {
        let mut at = 1;
        for &name in &self.names {
            at += words[at..].iter().position(|word| word == name).map_or(0, |index| index + 1);
        }
        at
    }

    /// Whether neither this flag nor one that contradicts it is given.
    fn is_open(&self, flag: &Arg) -> bool {
        let mut given = self.command.get_arguments().filter(|arg| is_given(self.matches, arg));
        !given.any(|given| {
            if given.get_id() == flag.get_id() || switches::is_off(self.matches, given) {
                return given.get_id() == flag.get_id();
            }
            self.command.get_arg_conflicts_with(flag).contains(&given)
                || self.command.get_arg_conflicts_with(given).contains(&flag)
        })
    }
}

/// Inserts the title's settings, and then those of the command that they leave open; the definition
/// is [`loose`].
fn insert(
    definition: &Command,
    typed: &ArgMatches,
    mut words: Vec<OsString>,
    (file, settings): (&File<'_>, &[Setting<'_>]),
) -> (Vec<OsString>, Vec<SettingOrigin>) {
    let mut origins = Vec::new();
    if let Some(id) = titles::meant(Innermost::of(definition, typed).matches, settings) {
        let own = settings.iter().filter(|setting| setting.title == Some(id));
        origins.extend(insert_open(definition, typed, &mut words, own, file));
    }
    let Ok(given) = definition.clone().try_get_matches_from(&words) else {
        return (words, origins);
    };
    let meant = Innermost::of(definition, &given);
    let wanted = if meant.names.is_empty() { vec![DEFAULT_COMMAND] } else { meant.names };
    let of_command = settings.iter().filter(|setting| setting.title.is_none() && setting.command == wanted);
    origins.extend(insert_open(definition, &given, &mut words, of_command, file));
    (words, origins)
}

/// Inserts the settings whose flags the command has, and that no word gives or contradicts.
fn insert_open<'a>(
    definition: &Command,
    given: &ArgMatches,
    words: &mut Vec<OsString>,
    settings: impl Iterator<Item = &'a Setting<'a>>,
    file: &File<'_>,
) -> Vec<SettingOrigin> {
    let meant = Innermost::of(definition, given);
    let at = meant.place_of_words(words);
    let is_open = |setting: &&Setting<'_>| {
        let flag = meant.command.get_arguments().find(|arg| arg.get_id() == setting.flag.get_id());
        flag.is_some_and(|flag| meant.is_open(flag))
    };
    let new: Vec<&Setting<'_>> = settings.filter(is_open).collect();
    words.splice(at..at, new.iter().flat_map(|setting| setting.words.iter().map(OsString::from)));
    new.iter().filter_map(|setting| setting.origin(file)).collect()
}

/// Whether the words give this flag.
fn is_given(matches: &ArgMatches, arg: &Arg) -> bool {
    let source = matches
        .try_contains_id(arg.get_id().as_str())
        .ok()
        .and_then(|_| matches.value_source(arg.get_id().as_str()));
    source == Some(ValueSource::CommandLine)
}

#[cfg(test)]
mod tests;
