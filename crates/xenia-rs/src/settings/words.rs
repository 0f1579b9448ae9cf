//! Converts a setting's value to words of the command line, and checks whether the parser accepts
//! them.

use super::switches::{is_switch, off};
use anyhow::{Context, Result, bail};
use clap::{Arg, ArgAction, Command};
use std::ffi::OsString;
use toml::Spanned;
use toml::de::DeValue;

/// Flags that name an output file or folder. A settings file must not set them, because another
/// user's file could then destroy the user's files. (`cache` and `screenshots` only replace their
/// own files.)
pub const WRITTEN: [&str; 23] = [
    // Code in this folder is executed.
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
    "report",
    "trace-calls-to",
    "profile",
    "save-state",
    "keep-states",
];

/// Whether a setting names an output file or folder.
pub fn is_written_to(name: &str, value: &DeValue<'_>) -> bool {
    // `off` disables these outputs.
    let is_off =
        matches!(name, "guest-log" | "code-cache") && matches!(value, DeValue::String(text) if text == "off");
    // This flag names a file only in one of its forms.
    let is_wav = name == "audio" && matches!(value, DeValue::String(text) if text.starts_with("wav:"));
    is_wav || WRITTEN.contains(&name) && !is_off
}

/// Converts a setting to words of the command line.
pub fn words_of(flag: &Arg, name: &str, value: &Spanned<DeValue<'_>>) -> Result<Vec<String>> {
    // The definition may be the one in which switches take values.
    let optional = flag.get_num_args().is_some_and(|range| range.min_values() == 0);
    let has = |name: &str| flag.get_possible_values().iter().any(|value| value.get_name() == name);
    let switch = is_switch(flag);
    let has_truth_values = has("true");
    let text = match value.get_ref() {
        // A flag whose values are words such as yes and no.
        DeValue::Boolean(on) if has_truth_values && !switch => on.to_string(),
        DeValue::Boolean(true) if switch || optional => return Ok(vec![format!("--{name}")]),
        DeValue::Boolean(false) if switch => return Ok(vec![off(name)]),
        DeValue::Boolean(false) if optional && has("off") => "off".to_owned(),
        DeValue::Boolean(false) if optional => return Ok(Vec::new()),
        _ if switch => bail!("expected true or false"),
        DeValue::Integer(number) if matches!(flag.get_action(), ArgAction::Count) => {
            let times: u8 = number.as_str().parse().context("expected a number from 0 to 255")?;
            return Ok(vec![format!("--{name}"); usize::from(times)]);
        }
        DeValue::Array(values) if matches!(flag.get_action(), ArgAction::Append) => {
            let words: Result<Vec<Vec<String>>> =
                values.iter().map(|value| words_of(flag, name, value)).collect();
            return Ok(words?.concat());
        }
        DeValue::String(text) => text.to_string(),
        // Numbers that overflow go to the parser, which reports the same error as for the command
        // line.
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

/// Parses a setting alone, so that an error can name its line in the file.
pub fn try_out(command: &Command, words: &[OsString]) -> Result<()> {
    let alone = command.clone().mut_args(|arg| arg.required(false)).no_binary_name(true);
    // Every command has the log's flags, including commands that need a subcommand.
    let alone = alone.subcommand_required(false).arg_required_else_help(false).ignore_errors(false);
    match alone.try_get_matches_from(words) {
        Ok(_) => Ok(()),
        Err(error) => bail!("{}", clap_error_summary(&error)),
    }
}

/// The parser's error without advice on the command line.
pub fn clap_error_summary(error: &clap::Error) -> String {
    let text = error.to_string();
    let mut lines = text.lines().map(str::trim);
    let first = lines.next().unwrap_or_default();
    let mut summary = first.strip_prefix("error: ").unwrap_or(first).to_owned();
    for line in
        lines.filter(|line| line.starts_with("[possible values") || line.starts_with("tip: a similar value"))
    {
        summary.extend([" ", line]);
    }
    summary
}
