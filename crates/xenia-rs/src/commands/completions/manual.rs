//! The manual pages, one for each command, generated from the parser's definition.
//!
//! clap_mangen would merge everything after the options into one paragraph; here examples, keys,
//! files and exit codes become sections with their lines kept.

use crate::cli::Cli;
use clap::{Command, CommandFactory};
use clap_mangen::Man;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use xenia_render::BINDINGS;

/// Files that the program reads and writes by default.
const FILES: &[(&str, &str)] = &[
    ("$XDG_CONFIG_HOME/xenia-rs/config.toml", "Settings: a table for each command, a key for each flag."),
    ("$XDG_CONFIG_HOME/xenia-rs/keys.toml", "The user's own keys."),
    (
        "$XDG_CACHE_HOME/xenia-rs/pipelines/",
        "What titles draw with on the host's GPU, a file for each executable.",
    ),
    ("$XDG_DATA_HOME/xenia-rs/content/", "Profiles, saved games, what titles write to the hard disk."),
    ("$XDG_DATA_HOME/xenia-rs/screenshots/", "Screenshots."),
    ("$XDG_STATE_HOME/xenia-rs/crashes/", "Of each title, the results of its last crash in a window."),
    ("portable", "Beside the program: all of these folders are in xenia-rs-data there."),
];

/// Environment variables without a corresponding flag.
const VARIABLES: &[(&str, &str)] = &[
    ("DISPLAY, WAYLAND_DISPLAY", "Where a window may open; without either, frames become files."),
    (
        "XDG_CONFIG_HOME, XDG_CACHE_HOME, XDG_DATA_HOME, XDG_STATE_HOME",
        "The user's folders; else .config, .cache, .local/share and .local/state in HOME.",
    ),
    ("RUST_LOG", "What is logged: targets and levels, such as gpu=debug,kernel=info."),
];

/// All pages as file name and text; the program's page comes first.
pub fn pages() -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut root = Cli::command().disable_help_subcommand(true);
    root.build();
    let variables = variables(&root);
    let mut pages = Vec::new();
    collect(&root, &variables, &mut pages)?;
    Ok(pages)
}

fn collect(
    command: &Command,
    variables: &BTreeMap<String, String>,
    pages: &mut Vec<(String, Vec<u8>)>,
) -> io::Result<()> {
    let page = Man::new(command.clone());
    let mut text = Vec::new();
    page.render_title(&mut text)?;
    page.render_name_section(&mut text)?;
    page.render_synopsis_section(&mut text)?;
    page.render_description_section(&mut text)?;
    if command.get_arguments().any(|arg| !arg.is_hide_set()) {
        page.render_options_section(&mut text)?;
    }
    let is_root = pages.is_empty();
    if command.has_subcommands() {
        page.render_subcommands_section(&mut text)?;
    }
    text.extend(own_sections(command, is_root, variables).into_bytes());
    if is_root {
        page.render_version_section(&mut text)?;
    } else {
        text.extend(b".SH \"SEE ALSO\"\n.BR xenia\\-rs (1)\n");
    }
    pages.push((page.get_filename(), text));
    for inner in command.get_subcommands().filter(|inner| !inner.is_hide_set()) {
        collect(inner, variables, pages)?;
    }
    Ok(())
}

/// The sections for examples, keys, files, environment and exit status.
fn own_sections(command: &Command, is_root: bool, variables: &BTreeMap<String, String>) -> String {
    let mut text = String::new();
    let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let (examples, codes) = after.split_once("Exit codes:").unwrap_or((&after, ""));
    let examples = examples.trim_start_matches("Examples:").trim_start_matches("Example:");
    lines(&mut text, "EXAMPLES", examples);
    if is_root || command.get_name() == "exec" {
        let width = BINDINGS.iter().map(|binding| binding.label.len()).max().unwrap_or_default();
        let keys: String = BINDINGS.iter().fold(String::new(), |mut keys, binding| {
            let _ = writeln!(keys, "{:width$}  {}", binding.label, binding.action.meaning());
            keys
        });
        lines(&mut text, "KEYS", &keys);
    }
    if is_root {
        terms(&mut text, "FILES", FILES.iter().copied());
        let flags = variables.iter().map(|(name, help)| (name.as_str(), help.as_str()));
        terms(&mut text, "ENVIRONMENT", VARIABLES.iter().copied().chain(flags));
        let codes = codes.replace('\n', " ");
        let codes = codes
            .trim()
            .trim_end_matches('.')
            .split("; ")
            .map(|code| code.split_at(code.find(char::is_alphabetic).unwrap_or(code.len())))
            .map(|(numbers, meaning)| (numbers.trim_end(), meaning));
        terms(&mut text, "EXIT STATUS", codes);
    }
    text
}

/// Environment variables of flags, in all commands.
fn variables(command: &Command) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for arg in command.get_arguments() {
        if let (Some(name), Some(flag)) = (arg.get_env(), arg.get_long()) {
            found.insert(name.to_string_lossy().into_owned(), format!("The same as --{flag}."));
        }
    }
    for inner in command.get_subcommands() {
        found.extend(variables(inner));
    }
    found
}

/// A section whose line breaks are kept.
fn lines(text: &mut String, title: &str, body: &str) {
    let body = body.trim_matches('\n');
    if body.trim().is_empty() {
        return;
    }
    let _ = writeln!(text, ".SH {title}\n.nf");
    for line in body.lines() {
        let _ = writeln!(text, "{}", escaped(line.strip_prefix("  ").unwrap_or(line)));
    }
    text.push_str(".fi\n");
}

/// A section of terms and their meanings.
fn terms<'a>(text: &mut String, title: &str, terms: impl Iterator<Item = (&'a str, &'a str)>) {
    let _ = writeln!(text, ".SH \"{title}\"");
    for (term, meaning) in terms.filter(|(term, _)| !term.is_empty()) {
        let _ = writeln!(text, ".TP\n{}\n{}", escaped(term), escaped(meaning));
    }
}

/// Escapes text for roff.
fn escaped(line: &str) -> String {
    let line = line.replace('\\', "\\e").replace('-', "\\-");
    if line.starts_with(['.', '\'']) { format!("\\&{line}") } else { line }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(name: &str) -> String {
        let pages = pages().unwrap();
        let (_, text) =
            pages.into_iter().find(|(file, _)| file == name).unwrap_or_else(|| panic!("no {name}"));
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn the_first_page_has_the_sections_that_manuals_have() {
        let text = page("xenia-rs.1");
        let mut at = 0;
        for section in [
            ".SH NAME",
            ".SH SYNOPSIS",
            ".SH DESCRIPTION",
            ".SH OPTIONS",
            ".SH EXAMPLES",
            ".SH KEYS",
            ".SH \"FILES\"",
            ".SH \"ENVIRONMENT\"",
            ".SH \"EXIT STATUS\"",
            ".SH VERSION",
        ] {
            let found =
                text[at..].find(section).unwrap_or_else(|| panic!("{section} is missing or out of order"));
            at += found;
        }
        assert!(!text.contains(".SH EXTRA"));
        let signals = ".TP\n129, 130, 143\nended by SIGHUP, SIGINT, SIGTERM";
        assert_eq!(text.split_once("EXIT STATUS").unwrap().1.matches(".TP").count(), 8, "{text}");
        for line in [".TP\n3\nguest crashed\n", signals, ".TP\nXENIA_CACHE\nThe same as \\-\\-cache.\n"] {
            assert!(text.contains(line), "{line}");
        }
        assert!(text.lines().any(|line| line.starts_with("F12   ")), "keys keep their columns");
        assert!(text.lines().any(|line| line == "xenia\\-rs exec game/default.xex             run a title"));
    }

    #[test]
    fn every_command_has_a_page_with_its_examples() {
        let pages = pages().unwrap();
        for inner in Cli::command().get_subcommands().filter(|inner| !inner.is_hide_set()) {
            assert!(pages.iter().any(|(file, _)| *file == format!("xenia-rs-{}.1", inner.get_name())));
        }
        assert!(page("xenia-rs-exec.1").contains("swap\\-timeout"));
        assert!(page("xenia-rs-trace-play.1").contains(".SH EXAMPLES\n.nf\nxenia\\-rs trace play"));
    }

    #[test]
    fn text_is_taken_as_it_is() {
        assert_eq!(escaped(".a -b \\c"), "\\&.a \\-b \\ec");
    }
}
