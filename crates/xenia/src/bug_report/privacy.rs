//! Removes the user's paths and names from a report.
//!
//! The report has no field for them. This is a second barrier: a title can put a gamertag into the
//! name of a file that is missing, and a message of the host can have a path.

use crate::user_folders;
use serde_json::Value;
use std::path::Path;

/// Shortest name that is removed: shorter ones are found in any text.
const MIN_NAME_LENGTH: usize = 2;
/// Variables with the user's name and the host's; the last two are Windows's.
const NAMES: [&str; 5] = ["USER", "LOGNAME", "HOSTNAME", "USERNAME", "COMPUTERNAME"];

/// Texts that must not be in a report.
#[derive(Clone, Debug, Default)]
pub struct PrivateWords {
    /// Paths: removed wherever they are found.
    paths: Vec<String>,
    /// Names: removed where they are whole words.
    names: Vec<String>,
}

impl PrivateWords {
    /// The user's home folder, name and host, and the current folder.
    pub fn of_the_user() -> Self {
        let mut words = Self::default();
        let home = user_folders::home();
        for path in home.iter().chain(&std::env::current_dir()) {
            words.add_path(path);
        }
        let named = home.as_deref().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
        words.names.extend(named);
        words.names.extend(NAMES.iter().filter_map(|name| std::env::var(name).ok()));
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        words.names.push(host.trim().to_owned());
        words
    }

    /// Adds a path of the user's, as given and in full.
    pub fn add_path(&mut self, path: &Path) {
        let full = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        for path in [path, &full] {
            // The root folder and the current one name nothing.
            if path.components().count() > 1 {
                self.paths.push(path.display().to_string());
            }
        }
    }

    /// Adds the path of a title, and the names of its file and its folder.
    pub fn add_title(&mut self, path: &Path) {
        self.add_path(path);
        let full = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let folder = full.parent().unwrap_or(Path::new(""));
        self.add_path(folder);
        for name in [full.file_name(), full.file_stem(), folder.file_name()].into_iter().flatten() {
            let name = name.to_string_lossy();
            if !name.eq_ignore_ascii_case("default.xex") && !name.eq_ignore_ascii_case("default") {
                self.names.push(name.into_owned());
            }
        }
    }

    /// These words and further names.
    #[must_use]
    pub fn with(&self, names: &[String]) -> Self {
        let mut words = self.clone();
        words.names.extend(names.iter().cloned());
        // The longest first, so that no part of a longer one remains.
        words.paths.sort_by_key(|path| std::cmp::Reverse(path.len()));
        words.names.retain(|name| name.chars().count() >= MIN_NAME_LENGTH);
        words.names.sort_by_key(|name| std::cmp::Reverse(name.len()));
        words
    }

    /// Removes the words from all texts of a JSON value. Keys are names of the emulator's.
    pub fn redact(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.redacted(text),
            Value::Array(values) => values.iter_mut().for_each(|value| self.redact(value)),
            Value::Object(fields) => fields.values_mut().for_each(|value| self.redact(value)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn redacted(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for path in &self.paths {
            if text.contains(path.as_str()) {
                text = text.replace(path.as_str(), "<path>");
            }
        }
        for name in &self.names {
            text = without_word(&text, name);
        }
        text
    }
}

/// Replaces `word` in `text`, ignoring case, where no letter or digit is beside it.
fn without_word(text: &str, word: &str) -> String {
    let is_part = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let mut out = String::new();
    let mut rest = text;
    let mut before = None;
    while let Some(first) = rest.chars().next() {
        let begins = rest.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
        if begins && !is_part(before) && !is_part(rest[word.len()..].chars().next()) {
            out.push_str("<name>");
            before = rest[..word.len()].chars().next_back();
            rest = &rest[word.len()..];
        } else {
            out.push(first);
            before = Some(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths_and_names_are_removed_from_all_texts() {
        let mut words = PrivateWords::default();
        words.add_title(Path::new("/home/anna/games/Fog (mine).iso"));
        words.add_path(Path::new("/home/anna"));
        words.add_path(Path::new("/"));
        let words = words.with(&["Anna 77".to_owned(), "X".to_owned(), "J\u{f6}rg".to_owned()]);
        let mut value = json!({
            "a": ["cannot open /home/anna/games/Fog (mine).iso: no", 7, null],
            "b": { "c": "cache:\\ANNA 77\\save", "d": "Annabel 77x X J\u{f6}rg, J\u{f6}rgs" },
            "e": "/home/anna/other/fog (mine).iso"
        });
        words.redact(&mut value);
        assert_eq!(
            value,
            json!({
                "a": ["cannot open <path>: no", 7, null],
                "b": { "c": "cache:\\<name>\\save", "d": "Annabel 77x X <name>, J\u{f6}rgs" },
                "e": "<path>/other/<name>"
            })
        );
    }
}
