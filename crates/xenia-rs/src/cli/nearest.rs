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

/// The error message for a command line with a misspelt command: the parser takes the misspelt word
/// for the title, and the next word for a command.
pub fn wrong_words(words: &[OsString], error: &clap::Error) -> Option<String> {
    let second = match error.kind() {
        ErrorKind::ArgumentConflict => error.get(ContextKind::InvalidSubcommand)?,
        ErrorKind::UnknownArgument => error.get(ContextKind::InvalidArg)?,
        _ => return None,
    };
    if second.to_string().starts_with('-') {
        let mut words = words.iter().skip(1).map(Path::new);
        let file =
            words.find(|word| word.as_os_str().as_encoded_bytes().starts_with(b"-") && word.is_file())?;
        let file = file.display();
        return Some(format!("{file} is read as flags; the file of this name is ./{file}"));
    }
    let is_command = |word: &str| Cli::command().find_subcommand(word).is_some();
    if words.get(1)?.to_str().is_some_and(|word| word.starts_with('-'))
        && let Some(command) = words.iter().filter_map(|word| word.to_str()).find(|word| is_command(word))
    {
        return Some(format!("a command comes first, then its flags: xenia-rs {command} …"));
    }
    let after = if words.get(1)? == "exec" { 2 } else { 1 };
    let first = words.get(after)?.to_str().filter(|word| !word.starts_with('-'))?;
    if after == 1 && is_command(first) {
        return None;
    }
    if Path::new(first).exists() {
        return Some(format!(
            "one title at a time: {first} is named, and {second}; what the title itself is to get stands behind two dashes: \
             xenia-rs {first} -- {second}"
        ));
    }
    if after == 2 {
        return None;
    }
    let meant = nearest_command(first).map_or_else(String::new, |name| format!("; did you mean `{name}`?"));
    Some(format!("{first} is neither a command nor a file{meant}"))
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
        let said = |words: &[&str]| {
            let words: Vec<OsString> = ["xenia-rs"].iter().chain(words).map(OsString::from).collect();
            wrong_words(&words, &Cli::try_parse_from(&words).unwrap_err())
        };
        let exce = "exce is neither a command nor a file; did you mean `exec`?";
        assert_eq!(said(&["exce", "demo.xex"]).as_deref(), Some(exce));
        assert_eq!(said(&["game", "demo.xex"]).as_deref(), Some("game is neither a command nor a file"));
        for words in [&["/", "you", "all"][..], &["exec", "/", "you", "all"]] {
            let said = said(words).unwrap();
            assert!(said.starts_with("one title at a time: / is named, and you; "), "{said}");
            assert!(said.ends_with("xenia-rs / -- you"), "{said}");
        }
        for words in [&["--headless", "exec", "demo.xex"][..], &["--json", "o.json", "exec", "demo.xex"]] {
            let first = "a command comes first, then its flags: xenia-rs exec …";
            assert_eq!(said(words).as_deref(), Some(first), "{words:?}");
        }
        for words in [&["exec", "--frmaes"][..], &["extract", "a", "b", "c"], &["pack", "in.elf", "out.xex"]]
        {
            assert_eq!(said(words), None, "the parser knows better");
        }
    }
}
