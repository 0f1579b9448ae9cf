//! Remembers which setting each inserted word came from, for later error messages.

use std::cell::RefCell;
use std::ffi::OsString;
use xenia::say::{advice, error_text};

/// Origin of a setting that was inserted into the command line.
pub struct SettingOrigin {
    flag: String,
    /// The value, if it is distinctive enough to be found in an error message.
    value: Option<String>,
    place: String,
    /// Whether a title's table sets it.
    of_title: bool,
}

/// Start of the place of a setting that is not from a file.
pub(super) const ENVIRONMENT: &str = "the environment";

thread_local! {
    /// Origins of the command line that this thread has read last. A window's threads read one for
    /// each title, at the same time.
    static ORIGINS: RefCell<Vec<SettingOrigin>> = const { RefCell::new(Vec::new()) };
}

/// Stores the origins for errors that this thread reports.
pub fn keep(origins: Vec<SettingOrigin>) {
    ORIGINS.set(origins);
}

/// Reads settings that are not the run's: errors of this thread are about the same ones after it.
pub fn aside<T>(read: impl FnOnce() -> T) -> T {
    let kept = ORIGINS.take();
    let result = read();
    ORIGINS.set(kept);
    result
}

/// The settings of files and the environment that are in effect: name of the flag, and a line with
/// the place.
pub fn in_effect() -> Vec<(String, String)> {
    let row = |origin: &SettingOrigin| (origin.name().to_owned(), origin.note());
    ORIGINS.with_borrow(|origins| origins.iter().map(row).collect())
}

/// An error as text, with advice and the origins of the settings that it mentions.
pub fn explained(error: &anyhow::Error) -> String {
    let text = error_text(error);
    let notes: String = ORIGINS.with_borrow(|origins| {
        origins.iter().filter(|origin| origin.is_named_in(&text)).map(SettingOrigin::note).collect()
    });
    format!("{text}{}{notes}", advice(&text))
}

impl SettingOrigin {
    /// Origin of a word of the command line that was set in `place`.
    pub fn new(word: &str, place: String, of_title: bool) -> Self {
        let (flag, value) = word.split_once('=').map_or((word, None), |(flag, value)| (flag, Some(value)));
        // Short texts, numbers and truth values could occur in an error by coincidence.
        let value = value.filter(|value| {
            value.len() > 3 && value.parse::<f64>().is_err() && value.parse::<bool>().is_err()
        });
        Self { flag: flag.to_owned(), value: value.map(str::to_owned), place, of_title }
    }

    /// Name of the flag.
    pub(super) fn name(&self) -> &str {
        self.flag.trim_start_matches('-')
    }

    /// Whether a title's table sets it.
    pub(super) fn is_of_title(&self) -> bool {
        self.of_title
    }

    /// Location of the setting.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    /// Whether an error mentions the setting.
    pub fn is_named_in(&self, error: &str) -> bool {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let named = |(at, _): (usize, &str)| !error[at + self.flag.len()..].starts_with(is_part);
        error.match_indices(&self.flag).any(named)
            || self.value.as_ref().is_some_and(|value| error.contains(value))
    }

    /// The words without this setting's. They have no other of its flag, which would override it.
    pub(super) fn words_without(&self, words: &[OsString]) -> Vec<OsString> {
        let end = words.iter().position(|word| word == "--").unwrap_or(words.len());
        let is_it = |word: &OsString| {
            let word = word.to_str().and_then(|word| word.strip_prefix(&self.flag));
            word.is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
        };
        let kept = words.iter().enumerate().filter(|(at, word)| *at >= end || !is_it(word));
        kept.map(|(_, word)| word.clone()).collect()
    }

    /// A line that reports that the setting is overridden by the command line.
    pub(super) fn has_no_effect(&self) -> String {
        format!("{} has no effect here: it is set in {}", self.flag, self.place)
    }

    /// A line that names the origin.
    pub fn note(&self) -> String {
        format!("\n  {} is set in {}", self.flag, self.place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_are_read_aside_leave_the_origins_of_the_run() {
        keep(vec![SettingOrigin::new("--key-file=/nowhere/k", "config.toml, line 2".to_owned(), false)]);
        // An error there is not about the run's settings, and later errors are not about these.
        let within = aside(|| {
            let before = in_effect();
            keep(vec![SettingOrigin::new("--cache=/nowhere/c", "config.toml, line 9".to_owned(), false)]);
            before
        });
        assert!(within.is_empty(), "{within:?}");
        assert!(!explained(&anyhow::anyhow!("cannot read /nowhere/c")).contains("line 9"));
        let text = explained(&anyhow::anyhow!("cannot read /nowhere/k"));
        assert!(text.ends_with("--key-file is set in config.toml, line 2"), "{text}");
    }
}
