//! Forms of the players' settings on the pages of all settings: facts about values that a flag's
//! definition lacks.

use super::table::{SettingInfo, SettingKind};
use anyhow::{Result, bail};
use xenia_render::SettingForm;

/// Numbers that the pages offer: key, smallest, largest, step. The parser may take others, which
/// can be typed.
const NUMBERS: [(&str, u64, u64, u64); 9] = [
    ("volume", 0, 200, 5),
    ("sharpness", 0, 100, 5),
    ("brightness", 50, 200, 5),
    ("gamma", 50, 300, 5),
    ("overscan", 0, 20, 1),
    ("frame-limit", 15, 240, 5),
    ("scratch-size", 512, 65_536, 512),
    ("rewind-memory", 256, 16_384, 256),
    ("license", 0, 255, 1),
];

/// Words that are common values of texts, paths and lists, or stand for numbers.
const WORDS: [(&str, &[&str]); 9] = [
    ("frame-limit", &["off"]),
    ("aspect-ratio", &["auto", "4:3", "16:9", "16:10", "21:9"]),
    ("audio", &["device", "null"]),
    ("scratch", &["off"]),
    ("patches", &["off"]),
    ("missing", &["fail", "zero", "keep"]),
    ("country", &["US", "CA", "GB", "DE", "FR", "ES", "IT", "JP", "KR", "TW"]),
    (
        "video-mode",
        &["640x480@60", "640x480@50", "1280x720@60", "1280x720@50", "1920x1080@60", "1920x1080i@60"],
    ),
    ("system-version", &["2.0.21119.0"]),
];

/// Texts without common values.
const FREE: [&str; 2] = ["adapter", "user"];

/// Form of a setting. Fails for one whose form is not known here.
pub fn form(info: &SettingInfo) -> Result<SettingForm> {
    let words = WORDS.iter().find(|(key, _)| *key == info.key).map(|(_, words)| *words);
    let words_or_none = || words.unwrap_or_default().iter().map(|word| (*word).to_owned()).collect();
    let number = NUMBERS.iter().find(|(key, ..)| *key == info.key);
    Ok(match &info.kind {
        SettingKind::Switch => SettingForm::Switch,
        SettingKind::Choice(words) => SettingForm::Choice(words.clone()),
        SettingKind::List(_) => SettingForm::List(words_or_none()),
        SettingKind::Value(_) if info.is_path => SettingForm::Path(words_or_none()),
        SettingKind::Value(_) => match number {
            Some(&(_, least, most, step)) => {
                SettingForm::Number { range: least..=most, step, words: words_or_none() }
            }
            None if words.is_some() || FREE.contains(&info.key.as_str()) => {
                SettingForm::Text(words_or_none())
            }
            None => bail!("the pages of settings have no form for {}", info.key),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::super::built;
    use super::super::table::{Audience, table};
    use super::super::words::try_out;
    use super::*;
    use crate::cli::Cli;
    use clap::CommandFactory;

    /// The settings of players, with the definition of `exec`.
    fn players() -> (Vec<SettingInfo>, clap::Command) {
        let definition = built(Cli::command());
        let exec = definition.find_subcommand("exec").unwrap().clone();
        let rows = table(&definition).into_iter().filter(|row| row.audience == Audience::Players);
        (rows.collect(), exec)
    }

    #[test]
    fn each_setting_of_players_has_a_form_and_the_parser_takes_what_it_offers() {
        let (rows, exec) = players();
        for info in &rows {
            let form = form(info).unwrap_or_else(|error| panic!("{error}"));
            let mut offered: Vec<String> = match &form {
                SettingForm::Switch => continue,
                SettingForm::Choice(words) => words.clone(),
                SettingForm::Number { range, step, words } => {
                    assert!(range.start() < range.end() && *step > 0, "{}", info.key);
                    let ends = [range.start(), range.end(), &(range.start() + step)];
                    ends.map(ToString::to_string).into_iter().chain(words.clone()).collect()
                }
                SettingForm::Text(words) | SettingForm::Path(words) | SettingForm::List(words) => {
                    words.clone()
                }
            };
            offered.extend(info.default.clone());
            for value in offered {
                try_out(&exec, &[format!("--{}={value}", info.key).into()])
                    .unwrap_or_else(|error| panic!("{} {value}: {error}", info.key));
            }
            let is_number = info.default.as_ref().is_some_and(|value| value.parse::<u64>().is_ok());
            let has_number = matches!(form, SettingForm::Number { .. } | SettingForm::Choice(_));
            assert!(!is_number || has_number, "{} is a number", info.key);
        }
    }

    #[test]
    fn no_row_is_left_over() {
        let (rows, _) = players();
        let known = NUMBERS.iter().map(|(key, ..)| key).chain(WORDS.iter().map(|(key, _)| key)).chain(&FREE);
        for key in known {
            assert!(rows.iter().any(|row| row.key == *key), "{key} is not a setting of players");
        }
    }
}
