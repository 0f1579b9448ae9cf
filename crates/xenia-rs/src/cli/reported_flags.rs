//! The flags of a run as a bug report shows them: without the user's names and paths.

use clap::builder::ValueParser;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};

/// Placeholder for a value that may be a name chosen by the user.
const HIDDEN: &str = "...";

/// The flags that were given, with the values that can't be names: numbers, and words that the
/// program itself defines.
pub fn reported_flags(command: &Command, matches: &ArgMatches) -> Vec<String> {
    let flags = command.get_arguments().filter_map(|arg| Some((arg, arg.get_long()?)));
    flags
        .filter(|(arg, _)| {
            // The program's flags are flattened into groups that `matches` does not have.
            let source = matches.try_contains_id(arg.get_id().as_str()).ok().map(|_| arg.get_id().as_str());
            source.and_then(|id| matches.value_source(id)) == Some(ValueSource::CommandLine)
        })
        .flat_map(|(arg, long)| words(arg, long, matches))
        .collect()
}

fn words(arg: &Arg, long: &str, matches: &ArgMatches) -> Vec<String> {
    if !matches!(arg.get_action(), ArgAction::Set | ArgAction::Append) {
        return vec![format!("--{long}")];
    }
    let values: Vec<_> = matches.get_raw(arg.get_id().as_str()).into_iter().flatten().collect();
    if values.is_empty() {
        return vec![format!("--{long}")];
    }
    let plain = values.into_iter().map(|value| value.to_str().filter(|value| is_plain(arg, value)));
    plain.map(|value| format!("--{long}={}", value.unwrap_or(HIDDEN))).collect()
}

/// Whether a value cannot be a name chosen by the user: a number, a version or a size, a word that
/// the parser defines, or an export.
fn is_plain(arg: &Arg, value: &str) -> bool {
    if arg.get_value_parser().type_id() == ValueParser::path_buf().type_id() {
        return false;
    }
    let is_number = value.starts_with(|c: char| c.is_ascii_digit())
        && value.chars().all(|c| c.is_ascii_digit() || "_.:x@i".contains(c));
    let is_defined = arg.get_possible_values().iter().any(|possible| possible.matches(value, true));
    is_number || is_defined || matches!(arg.get_id().as_str(), "missing" | "limit" | "trace_calls")
}

#[cfg(test)]
mod tests {
    use super::super::Cli;
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn flags_are_listed_without_names_of_files() {
        let words = "xenia-rs exec secret.xex --frames 60 --gpu reference --lockstep --json secret.json \
                     --audio wav:secret.wav --missing zero --patches secret --video-mode 640x480@50 \
                     --log kernel=secret --cross-check --content 7 -- secret";
        let mut definition = Cli::command();
        let matches = definition.try_get_matches_from_mut(words.split_whitespace()).unwrap();
        let (name, matches) = matches.subcommand().unwrap();
        let flags = reported_flags(definition.find_subcommand(name).unwrap(), matches);
        for flag in [
            "--frames=60",
            "--gpu=reference",
            "--lockstep",
            "--json=...",
            "--audio=...",
            "--missing=zero",
            "--patches=...",
            "--video-mode=640x480@50",
            "--content=...",
        ] {
            assert!(flags.iter().any(|given| given == flag), "{flag}: {flags:?}");
        }
        assert!(flags.iter().any(|given| given.starts_with("--cross-check")), "{flags:?}");
        assert!(!flags.join(" ").contains("secret") && !flags.join(" ").contains("exec"), "{flags:?}");
    }
}
