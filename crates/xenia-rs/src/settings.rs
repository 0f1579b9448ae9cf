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

mod assignments;
mod attendance;
mod definitions;
mod edit;
mod environment;
mod file;
mod forms;
mod insertion;
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

pub use assignments::AssignmentLine;
pub use attendance::is_unattended;
pub use edit::{SettingChange, change, change_together};
pub use environment::read as read_environment;
pub use environment::without_environment;
pub use file::located;
pub use forms::form;
pub use origin::{aside, explained, in_effect};
pub use resolve::{ResolvedSetting, SettingSource, resolve, resolve_without_title};
pub use schema::schema;
pub use scope::Scope;
pub use table::{Audience, table, with_players_help};
pub use template::template;

use anyhow::{Context, Result};
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command};
use definitions::Definitions;
use environment::EnvironmentVariables;
use file::{File, Setting};
use insertion::FileSettings;
use origin::SettingOrigin;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
#[cfg(test)]
use words::WRITTEN;
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
    "pipelines list",
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

/// The settings file of a command line.
struct NamedFile {
    path: PathBuf,
    /// Whether `--config` names it.
    is_explicit: bool,
}

/// The settings file that the words name, or the default one.
fn file_named_by(typed: &ArgMatches) -> Option<NamedFile> {
    if let Some(path) = typed.get_one::<PathBuf>("config").or_else(|| deepest(typed).get_one("config")) {
        return Some(NamedFile { path: path.clone(), is_explicit: true });
    }
    let path = default_file().filter(|path| xenia::source::optional_file_exists(path))?;
    Some(NamedFile { path, is_explicit: false })
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

/// A settings file that has been checked.
pub struct CheckedFile {
    /// All settings, by command.
    pub settings: Vec<SettingRow>,
    /// The tables of keys and pads, which belong to no command.
    pub assignments: Vec<AssignmentLine>,
}

/// Reads and checks a settings file.
pub fn read(definition: &Command, path: &Path) -> Result<CheckedFile> {
    let definition = built(definition.clone());
    let text = xenia::source::text(path).with_context(|| format!("cannot read {}", path.display()))?;
    let file = File { text: &text, path };
    let document = file.document()?;
    let settings = file.settings_in(document.get_ref(), &definition)?;
    let row = |setting: &Setting<'_>| SettingRow {
        table: setting.table(),
        key: setting.flag.get_long().unwrap_or_default().to_owned(),
        value: text.get(setting.value.clone()).unwrap_or_default().to_owned(),
        line: file.line(setting.offset),
    };
    Ok(CheckedFile {
        settings: settings.iter().map(row).collect(),
        assignments: assignments::lines(&file, document.get_ref()),
    })
}

/// Inserts the settings of the environment and the settings file into `words`, of which the first
/// is the program's name. The result is to be parsed without environment variables
/// ([`without_environment`]), with the commands of the scope.
pub fn apply(definition: &Command, words: Vec<OsString>) -> Result<(Vec<OsString>, Scope)> {
    let words = command_first(definition, words);
    let scope = Scope::of(definition, &words);
    let words = apply_with(definition, &scope, words, &|name| std::env::var_os(name))?;
    Ok((words, scope))
}

fn apply_with(
    definition: &Command,
    scope: &Scope,
    words: Vec<OsString>,
    variables: EnvironmentVariables<'_>,
) -> Result<Vec<OsString>> {
    let mut definitions = Definitions::new(definition, scope);
    // A first, lenient pass finds the command and the settings file; errors are left to the real
    // parser.
    let Ok(typed) = definitions.read_loosely(&words) else { return Ok(words) };
    let command = typed.subcommand_name().unwrap_or(DEFAULT_COMMAND);
    if command == "config" {
        // `config` reports errors of the file and the environment itself.
        return Ok(switches::plain(definitions.loose(), &typed, &words));
    }
    let set = environment::read(Innermost::of(definition, &typed).command, variables);
    let (words, mut origins) = environment::insert(definitions.loose(), &typed, words, &set)?;
    let Ok(given) = definitions.read_loosely(&words) else { return Ok(words) };
    let mut parsed = None;
    let words = match file_named_by(&given) {
        None => words,
        Some(named) => match definitions.insert_file(&named, &given, &words) {
            Ok(set) => {
                origins.extend(set.origins);
                parsed = set.parsed;
                set.words
            }
            Err(error) if !named.is_explicit && is_static(&given) => {
                errln!("xenia-rs: warning: {}; `{command}` continues without settings", error_text(&error));
                words
            }
            Err(error) => return Err(error),
        },
    };
    let mut words = switches::plain(definitions.loose(), &given, &words);
    if !origins.is_empty() {
        words = yielding::without_refused(definitions.parser(), parsed, words, &mut origins);
    }
    origin::keep(origins);
    Ok(words)
}

/// Moves `--config FILE` after the command: it may precede it, although flags before a command are
/// otherwise `exec`'s.
pub fn command_first(definition: &Command, mut words: Vec<OsString>) -> Vec<OsString> {
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
        let mut names = Vec::new();
        let mut command = definition;
        let mut matches = typed;
        while let Some((name, inner)) = matches.subcommand()
            && let Some(found) = command.find_subcommand(name)
        {
            names.push(name);
            command = found;
            matches = inner;
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
