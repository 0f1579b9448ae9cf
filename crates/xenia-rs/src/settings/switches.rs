//! Switches with a value: `--mute=false` leaves a switch off that a settings file switches on, and
//! `--mute=true` is `--mute`.
//!
//! While settings are inserted, switches take a value ([`with_values`]); the parser of the command
//! line sees them without one ([`plain`]), so that `--headless=false` contradicts no other flag.

use super::Innermost;
use clap::builder::{PossibleValue, ValueParser};
use clap::{Arg, ArgAction, ArgMatches, Command};
use std::ffi::OsString;

/// Whether a flag is a switch.
pub(super) fn is_switch(flag: &Arg) -> bool {
    matches!(flag.get_action(), ArgAction::SetTrue)
}

/// The word that leaves a switch off.
pub(super) fn off(name: &str) -> String {
    format!("--{name}=false")
}

/// A command whose switches take an optional value after `=`.
pub(super) fn with_values(command: Command) -> Command {
    command.mut_args(|flag| {
        if !is_switch(&flag) {
            return flag;
        }
        let flag = flag.action(ArgAction::Set).num_args(0..=1).require_equals(true);
        flag.default_missing_value("true").value_parser(ValueParser::bool())
    })
}

/// Whether a flag is a switch to which [`with_values`] has given a value.
fn is_valued(flag: &Arg) -> bool {
    // Only switches need the equals sign: `--vsync false` is a value like others.
    flag.is_require_equals_set()
        && flag.get_possible_values().iter().map(PossibleValue::get_name).eq(["true", "false"])
}

/// Whether the words leave this flag off, which must not contradict others.
pub(super) fn is_off(matches: &ArgMatches, flag: &Arg) -> bool {
    is_valued(flag) && matches.try_get_one::<bool>(flag.get_id().as_str()).ok().flatten() == Some(&false)
}

/// The words without values of switches; `definition` is that of [`with_values`].
pub(super) fn plain(definition: &Command, typed: &ArgMatches, words: &[OsString]) -> Vec<OsString> {
    let command = Innermost::of(definition, typed).command;
    let end = words.iter().position(|word| word == "--").unwrap_or(words.len());
    let mut plain = Vec::with_capacity(words.len());
    for (at, word) in words.iter().enumerate() {
        let value = word.to_str().filter(|_| at < end).and_then(|word| {
            let (name, value) = word.strip_prefix("--")?.split_once('=')?;
            let flag = command.get_arguments().find(|flag| flag.get_long() == Some(name))?;
            let value: bool = value.parse().ok()?;
            is_valued(flag).then_some((name, value))
        });
        match value {
            Some((_, false)) => {}
            Some((name, true)) => plain.push(format!("--{name}").into()),
            None => plain.push(word.clone()),
        }
    }
    plain
}
