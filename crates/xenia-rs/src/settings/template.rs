//! A commented config.toml: every setting with its documentation, values and default. All of it is
//! a comment, so the unedited file changes nothing.

use super::DEFAULT_COMMAND;
use super::table::{Audience, SettingInfo, SettingKind};
use std::fmt::Write as _;

/// Columns of comments.
const COLUMNS: usize = 80;

const HEAD: &str = "\
# Settings of xenia-rs, which reads this file from its configuration folder
# (`xenia-rs config --paths`). A line `#KEY = VALUE` acts once its `#` is removed;
# what it says is the default. A line `# KEY = VALUE` has no default: its value
# shows the form, and another one takes its place. `xenia-rs config set KEY VALUE`
# changes a line, `xenia-rs config list` shows what holds and where it was set.
# Editors complete and check it with a schema:
# `xenia-rs config schema > config.schema.json`, and
# `#:schema ./config.schema.json` as the first line here.
";
const TAIL: &str = "
# Settings of one title, by its ID (`xenia-rs info TITLE`); they are over those
# of [exec]. All keys above may stand here; the values are examples.
#[title.4D5307D1]
#volume = 80
#patches = [\"60 FPS\"]

# Keys and pads.
#[input]
#dead-zone = 0.1            # of a stick's range, from the middle
#keyboard = 1               # user of the keyboard, 1 to 4; 0: no user

#[input.keys]               # replaces the built-in keys of the parts named
#a = [\"Space\", \"KeyZ\"]

#[hotkeys]                  # keys of the window, by action (F1 shows them)
#pause = [\"Pause\", \"Ctrl+Space\"]
#save-state = [\"F5\", \"pad:guide+right-shoulder\"]
";

/// The template; `all`: with the settings of the workshop.
pub fn template(rows: &[SettingInfo], all: bool) -> String {
    let mut text = format!("{HEAD}\n[{DEFAULT_COMMAND}]\n");
    let mut heading = "";
    for row in rows.iter().filter(|row| all || row.audience == Audience::Players) {
        if row.heading != heading {
            heading = &row.heading;
            let _ = write!(text, "\n# ---- {heading} ----\n");
        }
        text.push('\n');
        for line in wrapped(&row.says) {
            let _ = writeln!(text, "# {line}");
        }
        if let SettingKind::Choice(words) = &row.kind {
            for line in wrapped(&format!("Values: {}.", words.join(", "))) {
                let _ = writeln!(text, "# {line}");
            }
        }
        // A setting without a default has an example value, marked by a space after `#`.
        let _ = match &row.default {
            Some(value) => writeln!(text, "#{} = {}", row.key, row.kind.toml(value)),
            None => writeln!(text, "# {} = {}", row.key, example(&row.kind)),
        };
    }
    text + TAIL
}

/// A value for a setting without a default.
fn example(kind: &SettingKind) -> String {
    match kind {
        SettingKind::Switch => "true".to_owned(),
        SettingKind::Choice(words) => kind.toml(words.first().map_or("", String::as_str)),
        kind => kind.toml(&kind.words().replace(", ...", "").replace(['[', ']'], "")),
    }
}

fn wrapped(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let last = lines.len() - 1;
        let is_full = lines[last].chars().count() + 1 + word.chars().count() > COLUMNS - 2;
        if is_full && !lines[last].is_empty() {
            lines.push(word.to_owned());
        } else {
            let gap = if lines[last].is_empty() { "" } else { " " };
            let _ = write!(lines[last], "{gap}{word}");
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::super::file::File;
    use super::super::table::table;
    use super::*;
    use crate::cli::Cli;
    use crate::settings::built;
    use clap::CommandFactory;
    use std::path::Path;

    #[test]
    fn the_template_sets_nothing_and_each_of_its_lines_can_be_switched_on() {
        let definition = built(Cli::command());
        let rows = table(&definition);
        let settings = |text: &str| {
            let file = File { text, path: Path::new("config.toml") };
            file.settings(&definition).unwrap_or_else(|error| panic!("{text}\n{error:#}")).len()
        };
        for all in [false, true] {
            let text = template(&rows, all);
            assert_eq!(settings(&text), 0);
            assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
            let count = rows.iter().filter(|row| all || row.audience == Audience::Players);
            let (with, without): (Vec<_>, Vec<_>) = count.partition(|row| row.default.is_some());
            let key = |line: &&str| line.starts_with('#') && line.contains(" = ") && !line.starts_with("# ");
            let (body, tail) = text.split_once("\n# Settings of one title").unwrap();
            let (_, tail) = tail.split_once('\n').unwrap();
            assert_eq!(body.lines().filter(key).count(), with.len());
            for row in without {
                assert!(body.contains(&format!("\n# {} = ", row.key)), "{}", row.key);
            }
            let on = |text: &str| -> String {
                text.lines()
                    .filter(|line| !line.starts_with("# "))
                    .fold(String::new(), |all, line| all + line.strip_prefix('#').unwrap_or(line) + "\n")
            };
            assert_eq!(settings(&on(body)), with.len());
            assert_eq!(settings(&on(tail)), 2, "the two of the title; [input] is read elsewhere");
        }
    }
}
