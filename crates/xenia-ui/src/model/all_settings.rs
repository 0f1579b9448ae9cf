//! Data of the pages of all settings.

use std::ops::RangeInclusive;
use std::path::PathBuf;

/// Word of a list that excludes all other elements.
pub(crate) const OFF: &str = "off";

/// Table of the settings file that the pages change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SettingTarget {
    /// The table of all titles.
    #[default]
    All,
    /// The table of the open title.
    OpenTitle,
    /// The table of the title in this file, or of the demo.
    Title(Option<PathBuf>),
}

/// All settings, as they hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SettingsModel {
    /// The table that is changed.
    pub target: SettingTarget,
    /// The table, in words.
    pub name: String,
    /// The other table that may be changed; `None` if there is none.
    pub other: Option<SettingTarget>,
    /// The settings, by heading.
    pub entries: Vec<SettingEntry>,
    /// Why there are none.
    pub failure: Option<String>,
}

/// A setting with the values that its sources give it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SettingEntry {
    /// The key in config.toml.
    pub key: String,
    /// Heading of its group.
    pub heading: String,
    /// Documentation of the flag.
    pub says: String,
    /// Form of its values.
    pub form: SettingForm,
    /// Elements of a list that are known, to be switched by their names.
    pub offered: Vec<OfferedElement>,
    /// The values that hold: none if it is unset, several of a list.
    pub values: Vec<String>,
    /// The source whose values hold, in a word.
    pub source: String,
    /// Each source that gives values, with them, from the weakest to the one that holds.
    pub layers: Vec<SettingLayer>,
    /// Whether a change acts at once.
    pub is_live: bool,
    /// Whether a change acts at the program's next start only.
    pub is_of_start: bool,
    /// Whether the table of the title gives the values that hold.
    pub is_of_title: bool,
    /// Whether the table that is changed sets it.
    pub is_set: bool,
}

/// A known element of a list, such as a patch of a title.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OfferedElement {
    /// Name of the element, as in the list.
    pub name: String,
    /// Whether it is in effect while the setting has no values.
    pub is_default: bool,
}

/// A source of a setting, and the values that it gives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SettingLayer {
    /// The source, with its file and line if it has any.
    pub source: String,
    /// The values as text.
    pub values: String,
}

/// Form of a setting's values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SettingForm {
    /// `true` or `false`.
    #[default]
    Switch,
    /// One of these words.
    Choice(Vec<String>),
    /// A number, or one of these words.
    Number {
        /// Numbers that the page offers.
        range: RangeInclusive<u64>,
        /// Difference between two of them.
        step: u64,
        /// Words in place of a number.
        words: Vec<String>,
    },
    /// A text; these are common.
    Text(Vec<String>),
    /// A file or a folder, or one of these words.
    Path(Vec<String>),
    /// Texts; these are common ones.
    List(Vec<String>),
}

/// New value of a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingValue {
    /// A single one, as on the command line.
    One(String),
    /// All of a list.
    Many(Vec<String>),
}

impl SettingForm {
    /// Whether the left and right arrows go through the values.
    fn is_stepped(&self) -> bool {
        matches!(self, Self::Switch | Self::Choice(_) | Self::Number { .. })
    }

    /// The words that may be chosen.
    pub(crate) fn words(&self) -> Vec<&str> {
        match self {
            Self::Switch => vec!["true", "false"],
            Self::Choice(words)
            | Self::Number { words, .. }
            | Self::Text(words)
            | Self::Path(words)
            | Self::List(words) => words.iter().map(String::as_str).collect(),
        }
    }

    /// The value after this one, or before it; `None` if there is none. Words of a number come
    /// before its smallest value.
    pub(crate) fn step(&self, value: Option<&str>, forward: bool) -> Option<String> {
        if !self.is_stepped() {
            return None;
        }
        let words = self.words();
        let at = words.iter().position(|word| Some(*word) == value);
        if let Self::Number { range, step, .. } = self {
            let number = value.and_then(|value| value.parse::<u64>().ok());
            return match (number, at, forward) {
                (Some(number), _, true) if number >= *range.end() => None,
                (Some(number), _, true) => {
                    Some((number + step).clamp(*range.start(), *range.end()).to_string())
                }
                (Some(number), _, false) if number > *range.start() => {
                    Some(number.saturating_sub(*step).clamp(*range.start(), *range.end()).to_string())
                }
                (Some(_), _, false) => words.last().map(|word| (*word).to_owned()),
                (None, Some(at), false) => at.checked_sub(1).map(|before| words[before].to_owned()),
                (None, Some(at), true) if at + 1 < words.len() => Some(words[at + 1].to_owned()),
                (None, _, _) => Some(range.start().to_string()),
            };
        }
        // Words go round, so that one button reaches all of them.
        let count = words.len();
        let to = match (at, forward) {
            (Some(at), true) => (at + 1) % count,
            (Some(at), false) => (at + count - 1) % count,
            (None, _) => 0,
        };
        words.get(to).map(|word| (*word).to_owned())
    }
}

/// A value in words.
pub(crate) fn worded<'a>(form: &SettingForm, value: &'a str) -> &'a str {
    match (form, value) {
        (SettingForm::Switch, "true") => "on",
        (SettingForm::Switch, "false") => "off",
        (_, value) => value,
    }
}

impl SettingEntry {
    /// Label on the pages, from the key: `Frame limit`.
    pub(crate) fn label(&self) -> String {
        let words = self.key.replace('-', " ");
        let mut letters = words.chars();
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        first.into_iter().chain(letters).collect()
    }

    /// Whether a page's text for the setting contains all of these words.
    pub(crate) fn has(&self, search: &str) -> bool {
        let text = format!("{} {} {} {}", self.key, self.label(), self.heading, self.says).to_lowercase();
        search.to_lowercase().split_whitespace().all(|word| text.contains(word))
    }
}
