//! Suggestions for misspelt commands, flags and values.

use super::Cli;
use clap::CommandFactory;
use clap::error::{ContextKind, ErrorKind};
use std::ffi::OsString;
use std::path::Path;
use xenia::wording::nearest::nearest;

/// The command closest to `word`.
pub fn nearest_command(word: &str) -> Option<String> {
    let commands = Cli::command();
    let names = commands.get_subcommands().filter(|command| !command.is_hide_set());
    nearest(word, names.map(clap::Command::get_name)).map(str::to_owned)
}

/// The error message for a command line of which the parser has misread a word; `None` if the
/// parser's own message helps. It misreads
///
/// - a file whose name begins with a dash: as flags;
/// - a command after flags: as the title;
/// - a second title, or an argument for the title without two dashes: as a command;
/// - a misspelt command: as the title, and the next word as a command.
pub fn misread_words(words: &[OsString], error: &clap::Error) -> Option<String> {
    let second = match error.kind() {
        ErrorKind::ArgumentConflict => error.get(ContextKind::InvalidSubcommand)?,
        ErrorKind::UnknownArgument => error.get(ContextKind::InvalidArg)?,
        _ => return None,
    };
    if second.to_string().starts_with('-') {
        let file = file_with_dash(words)?.display();
        return Some(format!("{file} is read as flags; the file of this name is ./{file}"));
    }
    if let Some(command) = command_after_flags(words) {
        return Some(format!("a command comes first, then its flags: xenia-rs {command} …"));
    }
    let has_exec = words.get(1)? == "exec";
    let title = words.get(if has_exec { 2 } else { 1 })?.to_str().filter(|word| !word.starts_with('-'))?;
    if !has_exec && is_command(title) {
        return None;
    }
    if Path::new(title).exists() {
        return Some(format!(
            "one title at a time, not {title} and {second}; arguments for the title follow two dashes: \
             xenia-rs {title} -- {second}"
        ));
    }
    if has_exec {
        return None;
    }
    let meant = nearest_command(title).map_or_else(String::new, |name| format!("; did you mean `{name}`?"));
    Some(format!("{title} is neither a command nor a file{meant}"))
}

/// The first argument that begins with a dash and is the name of a file.
fn file_with_dash(words: &[OsString]) -> Option<&Path> {
    let mut words = words.iter().skip(1).map(Path::new);
    words.find(|word| word.as_os_str().as_encoded_bytes().starts_with(b"-") && word.is_file())
}

/// The first command of a line that begins with a flag.
fn command_after_flags(words: &[OsString]) -> Option<&str> {
    words.get(1)?.to_str().filter(|word| word.starts_with('-'))?;
    words.iter().filter_map(|word| word.to_str()).find(|word| is_command(word))
}

fn is_command(word: &str) -> bool {
    Cli::command().find_subcommand(word).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[test]
    fn misspelled_commands_are_recognized() {
        for (word, meant) in
            [("exce", "exec"), ("chek", "check"), ("exports2", "exports"), ("benhc", "bench")]
        {
            assert_eq!(nearest_command(word).as_deref(), Some(meant));
        }
        for word in ["game.xex", "x", "hello", "generat"] {
            assert_eq!(nearest_command(word), None, "{word}");
        }
    }

    #[test]
    fn a_misspelt_command_is_named_and_so_are_two_titles() {
        let advice = |words: &[&str]| {
            let words: Vec<OsString> = ["xenia-rs"].iter().chain(words).map(OsString::from).collect();
            misread_words(&words, &Cli::try_parse_from(&words).unwrap_err())
        };
        let exce = "exce is neither a command nor a file; did you mean `exec`?";
        assert_eq!(advice(&["exce", "demo.xex"]).as_deref(), Some(exce));
        assert_eq!(advice(&["game", "demo.xex"]).as_deref(), Some("game is neither a command nor a file"));
        for words in [&["/", "you", "all"][..], &["exec", "/", "you", "all"]] {
            let message = advice(words).unwrap();
            assert!(message.starts_with("one title at a time, not / and you; "), "{message}");
            assert!(message.ends_with("xenia-rs / -- you"), "{message}");
        }
        for words in [&["--headless", "exec", "demo.xex"][..], &["--json", "o.json", "exec", "demo.xex"]] {
            let first = "a command comes first, then its flags: xenia-rs exec …";
            assert_eq!(advice(words).as_deref(), Some(first), "{words:?}");
        }
        for words in [&["exec", "--frmaes"][..], &["extract", "a", "b", "c"], &["pack", "in.elf", "out.xex"]]
        {
            assert_eq!(advice(words), None, "the parser knows better");
        }
    }
}
