//! A setting as words of the command line: those that a value of the file stands for, and whether
//! the parser takes them.

use anyhow::{Context, Result, bail};
use clap::{Arg, ArgAction, Command};
use std::ffi::OsString;
use toml::Spanned;
use toml::de::DeValue;

/// Flags that name a file or folder to write. Whoever gets a user to try a settings file must not
/// get their files replaced. (`cache` and `screenshots` replace nothing that is not their own.)
pub const WRITTEN: [&str; 18] = [
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
    "keep",
    "samples",
];

/// Whether a setting says what is written.
pub fn is_written_to(name: &str, value: &DeValue<'_>) -> bool {
    // That one also says whether at all.
    let is_off =
        matches!(name, "guest-log" | "code-cache") && matches!(value, DeValue::String(text) if text == "off");
    // And this one may be no file.
    let is_wav = name == "audio" && matches!(value, DeValue::String(text) if text.starts_with("wav:"));
    is_wav || WRITTEN.contains(&name) && !is_off
}

/// The words that a setting stands for.
pub fn words_of(flag: &Arg, name: &str, value: &Spanned<DeValue<'_>>) -> Result<Vec<String>> {
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
        // What is too large for this the parser judges, as on the command line.
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(small) => small.to_string(),
            Err(_) if number.radix() == 10 => number.as_str().to_owned(),
            Err(_) if number.radix() == 16 => format!("0x{}", number.as_str()),
            Err(_) => bail!("it is more than 64 bits hold"),
        },
        DeValue::Float(number) => number.as_str().to_owned(),
        _ => bail!("expected a string or a number"),
    };
    Ok(vec![format!("--{name}={text}")])
}

/// Lets the parser judge a setting by itself, so that the file's line can be named.
pub fn try_out(command: &Command, words: &[OsString]) -> Result<()> {
    let alone = command.clone().mut_args(|arg| arg.required(false)).no_binary_name(true);
    // Every command has the flags of the log, also one that has commands of its own.
    let alone = alone.subcommand_required(false).arg_required_else_help(false);
    match alone.try_get_matches_from(words) {
        Ok(_) => Ok(()),
        Err(error) => bail!("{}", what_is_wrong(&error)),
    }
}

/// What the parser says, and what may be said instead, without advice on the command line.
pub fn what_is_wrong(error: &clap::Error) -> String {
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
