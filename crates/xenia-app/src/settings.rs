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
//! The file is config.toml in the configuration folder, or the one that `--config` names. What the command line or
//! the environment says wins; a setting that contradicts a flag of the command line (`interp` in the
//! file, `--cross-check` typed) gives way to it. All of the file is checked, not only what the command needs: an
//! unknown command, an unknown flag or a bad value is an error that names the line. Commands that run nothing
//! of a guest ([`LOOKING`]) warn of a mistake in the file that is found by itself, and go on without it.
//!
//! One table is no command's: `[input]`, what keys and pads are ([`crate::input::config`]).
//!
//! Settings become words of the command line, put before those that were typed: clap, which knows what
//! every flag is, reads both alike.

use crate::cli::nearest;
use crate::input;
use crate::input::config::InputConfig;
use crate::say::{errln, error_text};
use crate::title::config_folder;
use anyhow::{Context, Result, anyhow, bail};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};
use std::ffi::OsString;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The command whose settings also hold when no command is named.
const DEFAULT_COMMAND: &str = "exec";

/// Commands that only look at files or print what the program knows: a mistake in config.toml doesn't change what they do.
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

/// A setting that a command line has got, for errors that come of it later.
struct Origin {
    flag: String,
    /// What is set, if that is a text of its own.
    value: Option<String>,
    place: String,
}

static ORIGINS: OnceLock<Vec<Origin>> = OnceLock::new();

/// Where the settings that an error speaks of come from, for its end.
pub fn origins_in(error: &str) -> String {
    let origins = ORIGINS.get().map(Vec::as_slice).unwrap_or_default();
    origins.iter().filter(|origin| origin.is_in(error)).map(Origin::note).collect()
}

impl Origin {
    fn new(file: &File<'_>, setting: &Setting<'_>) -> Option<Self> {
        let word = setting.words.first()?;
        let (flag, value) =
            word.split_once('=').map_or((word.as_str(), None), |(flag, value)| (flag, Some(value)));
        // A number may be that of anything.
        let value = value.filter(|value| value.len() > 3 && value.parse::<f64>().is_err());
        Some(Self { flag: flag.to_owned(), value: value.map(str::to_owned), place: file.at(setting.offset) })
    }

    fn is_in(&self, error: &str) -> bool {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let named = |(at, _): (usize, &str)| !error[at + self.flag.len()..].starts_with(is_part);
        error.match_indices(&self.flag).any(named)
            || self.value.as_ref().is_some_and(|value| error.contains(value))
    }

    fn note(&self) -> String {
        format!("\n  {} is set in {}", self.flag, self.place)
    }
}

/// The file that settings come from, and whether the user has named it.
fn file_named_by(typed: &ArgMatches) -> Option<(bool, PathBuf)> {
    if let Some(path) = typed.get_one::<PathBuf>("config").or_else(|| deepest(typed).get_one("config")) {
        return Some((true, path.clone()));
    }
    default_file().filter(|path| path.is_file()).map(|path| (false, path))
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

/// `words`, the program's name first, with the settings of the file put in.
pub fn apply(definition: &Command, words: Vec<OsString>) -> Result<Vec<OsString>> {
    let mut definition = definition.clone();
    definition.build();
    let words = command_first(&definition, words);
    // A first look, to learn which command and which file are meant; errors are the real parser's.
    let Ok(typed) = lenient(definition.clone()).try_get_matches_from(&words) else {
        return Ok(words);
    };
    let Some((explicit, path)) = file_named_by(&typed) else { return Ok(words) };
    let command = typed.subcommand_name().unwrap_or(DEFAULT_COMMAND);
    if command == "config" {
        // It says itself what is wrong with the file.
        return Ok(words);
    }
    match with_settings(&definition, &typed, &words, explicit, &path) {
        Err(error) if !explicit && is_looking(&typed) => {
            errln!("xenia-rs: warning: {}; `{command}` goes on without settings", error_text(&error));
            Ok(words)
        }
        result => result,
    }
}

fn with_settings(
    definition: &Command,
    typed: &ArgMatches,
    words: &[OsString],
    explicit: bool,
    path: &Path,
) -> Result<Vec<OsString>> {
    let text = crate::source::text(path).with_context(|| {
        let said = if explicit { " that --config names" } else { "" };
        format!("cannot read the settings file{said}, {}", path.display())
    })?;
    let with_settings = insert(definition, typed, words.to_vec(), &File { text: &text, path })?;
    if with_settings == words {
        return Ok(with_settings);
    }
    let refused = |words: &[OsString]| definition.clone().try_get_matches_from(words).err();
    // Each setting is right by itself, but two may contradict each other. What is wrong without them is the parser's to say.
    if let Some(error) = refused(&with_settings)
        && refused(words).is_none()
    {
        bail!("{}: {}", path.display(), what_is_wrong(&error));
    }
    Ok(with_settings)
}

/// What the parser says, and what may be said instead, without advice on the command line.
fn what_is_wrong(error: &clap::Error) -> String {
    let text = error.to_string();
    let mut lines = text.lines().map(str::trim);
    let first = lines.next().unwrap_or_default();
    let mut said = first.strip_prefix("error: ").unwrap_or(first).to_owned();
    for line in
        lines.filter(|line| line.starts_with("[possible values") || line.starts_with("tip: a similar value"))
    {
        said.extend([" ", line]);
    }
    said
}

/// A parser that makes what it can of wrong or incomplete words.
fn lenient(command: Command) -> Command {
    command.ignore_errors(true).mut_subcommands(lenient)
}

/// `--config FILE` may stand before the command, though flags before a command are otherwise `exec`'s.
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

fn insert(
    definition: &Command,
    typed: &ArgMatches,
    mut words: Vec<OsString>,
    file: &File<'_>,
) -> Result<Vec<OsString>> {
    let settings = file.settings(definition)?;
    let (mut names, mut command, mut matches) = (Vec::new(), definition, typed);
    while let Some((name, inner)) = matches.subcommand()
        && let Some(found) = command.find_subcommand(name)
    {
        names.push(name);
        (command, matches) = (found, inner);
    }
    let mut at = 1;
    for &name in &names {
        at += words[at..].iter().position(|word| word == name).map_or(0, |index| index + 1);
    }
    let wanted = if names.is_empty() { vec![DEFAULT_COMMAND] } else { names };
    let given: Vec<&Arg> = command.get_arguments().filter(|arg| is_given(matches, arg)).collect();
    let new = settings.iter().filter(|setting| setting.command == wanted).filter(|setting| {
        command.get_arguments().any(|arg| {
            arg.get_id() == setting.flag.get_id()
                && !given.iter().any(|given| {
                    given.get_id() == arg.get_id()
                        || command.get_arg_conflicts_with(arg).contains(given)
                        || command.get_arg_conflicts_with(given).contains(&arg)
                })
        })
    });
    let new: Vec<&Setting<'_>> = new.collect();
    // Only the first command line of a process is looked at again.
    let _ = ORIGINS.set(new.iter().filter_map(|setting| Origin::new(file, setting)).collect());
    let new: Vec<OsString> =
        new.iter().flat_map(|setting| setting.words.iter().map(OsString::from)).collect();
    words.splice(at..at, new);
    Ok(words)
}

/// Whether the command line or the environment says something about this flag.
fn is_given(matches: &ArgMatches, arg: &Arg) -> bool {
    let source = matches
        .try_contains_id(arg.get_id().as_str())
        .ok()
        .and_then(|_| matches.value_source(arg.get_id().as_str()));
    matches!(source, Some(ValueSource::CommandLine | ValueSource::EnvVariable))
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
            try_out(command, &words).with_context(|| format!("{at}: `{name}`"))?;
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

/// Flags that name a file or folder to write. Whoever gets a user to try a settings file must not get their files replaced.
/// (`cache` and `screenshots` replace nothing that is not their own.)
const WRITTEN: [&str; 17] = [
    // What is in there is run.
    "code-cache",
    "json",
    "event-log",
    "record-contention",
    "record",
    "dump-frames",
    "last-frame",
    "log-file",
    "guest-log",
    "output",
    "out",
    "plot",
    "append",
    "expect",
    "bless",
    "logs",
    "samples",
];

fn is_written_to(name: &str, value: &DeValue<'_>) -> bool {
    // That one also says whether at all.
    let is_off =
        matches!(name, "guest-log" | "code-cache") && matches!(value, DeValue::String(text) if text == "off");
    // And this one may be no file.
    let is_wav = name == "audio" && matches!(value, DeValue::String(text) if text.starts_with("wav:"));
    is_wav || WRITTEN.contains(&name) && !is_off
}

/// The words that a setting stands for.
fn words_of(flag: &Arg, name: &str, value: &Spanned<DeValue<'_>>) -> Result<Vec<String>> {
    let switch = matches!(flag.get_action(), ArgAction::SetTrue);
    let optional = flag.get_num_args().is_some_and(|range| range.min_values() == 0);
    let said = flag.get_possible_values().iter().any(|value| value.get_name() == "true");
    let text = match value.get_ref() {
        // A flag that is told yes or no in words.
        DeValue::Boolean(on) if said && !switch => on.to_string(),
        DeValue::Boolean(on) if switch || optional => {
            return Ok(if *on { vec![format!("--{name}")] } else { Vec::new() });
        }
        _ if switch => bail!("expected true or false"),
        DeValue::Integer(number) if matches!(flag.get_action(), ArgAction::Count) => {
            let times: u8 = number.as_str().parse().context("expected a small number")?;
            return Ok(vec![format!("--{name}"); usize::from(times)]);
        }
        DeValue::Array(values) if matches!(flag.get_action(), ArgAction::Append) => {
            let words: Result<Vec<Vec<String>>> =
                values.iter().map(|value| words_of(flag, name, value)).collect();
            return Ok(words?.concat());
        }
        DeValue::String(text) => text.to_string(),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .with_context(|| format!("{} is out of range", number.as_str()))?
            .to_string(),
        DeValue::Float(number) => number.as_str().to_owned(),
        _ => bail!("expected a string or a number"),
    };
    Ok(vec![format!("--{name}={text}")])
}

/// Lets the parser judge a setting by itself, so that the file's line can be named.
fn try_out(command: &Command, words: &[String]) -> Result<()> {
    let alone = command.clone().mut_args(|arg| arg.required(false)).no_binary_name(true);
    // Every command has the flags of the log, also one that has commands of its own.
    let alone = alone.subcommand_required(false).arg_required_else_help(false);
    match alone.try_get_matches_from(words) {
        Ok(_) => Ok(()),
        Err(error) => bail!("{}", what_is_wrong(&error)),
    }
}

#[cfg(test)]
mod tests;
