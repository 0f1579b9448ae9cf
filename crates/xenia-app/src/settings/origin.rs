//! Where the settings of a command line come from, for errors that come of them later.

use std::sync::OnceLock;

/// A setting that a command line has got.
pub struct Origin {
    flag: String,
    /// What is set, if that is a text of its own.
    value: Option<String>,
    place: String,
}

static ORIGINS: OnceLock<Vec<Origin>> = OnceLock::new();

/// Remembers them. Only the first command line of a process is looked at again.
pub fn keep(origins: Vec<Origin>) {
    let _ = ORIGINS.set(origins);
}

/// Where the settings that an error speaks of come from, for its end.
pub fn origins_in(error: &str) -> String {
    let origins = ORIGINS.get().map(Vec::as_slice).unwrap_or_default();
    origins.iter().filter(|origin| origin.is_in(error)).map(Origin::note).collect()
}

impl Origin {
    /// Of a word of the command line, set at this place.
    pub fn new(word: &str, place: String) -> Self {
        let (flag, value) = word.split_once('=').map_or((word, None), |(flag, value)| (flag, Some(value)));
        // A number may be that of anything.
        let value = value.filter(|value| value.len() > 3 && value.parse::<f64>().is_err());
        Self { flag: flag.to_owned(), value: value.map(str::to_owned), place }
    }

    /// Whether an error speaks of it.
    pub fn is_in(&self, error: &str) -> bool {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let named = |(at, _): (usize, &str)| !error[at + self.flag.len()..].starts_with(is_part);
        error.match_indices(&self.flag).any(named)
            || self.value.as_ref().is_some_and(|value| error.contains(value))
    }

    /// A line that says so.
    pub fn note(&self) -> String {
        format!("\n  {} is set in {}", self.flag, self.place)
    }
}
