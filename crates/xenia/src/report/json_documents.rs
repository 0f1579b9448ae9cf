//! JSON documents: their envelope and their text.

use crate::{output, say};
use serde::Serialize;
use std::fmt::Write as _;
use std::path::Path;

/// The envelope of every JSON document.
#[derive(Serialize)]
pub(crate) struct JsonDocument<'a, T> {
    /// `xenia-rs/NAME/1`. The number grows if keys are renamed or removed; added keys keep it.
    schema: String,
    program: &'a str,
    #[serde(flatten)]
    body: &'a T,
}

/// Name and version of the program, as in JSON documents.
pub const PROGRAM: &str = concat!("xenia-rs ", env!("CARGO_PKG_VERSION"));

/// Wraps `value` as the document `name`.
pub(crate) fn document<'a, T>(name: &str, value: &'a T) -> JsonDocument<'a, T> {
    JsonDocument { schema: format!("xenia-rs/{name}/1"), program: PROGRAM, body: value }
}

/// Fails early if [`write_json`] to `path` would fail later. If standard output receives JSON, all
/// other output is kept away from it.
pub fn check_json(path: Option<&Path>) -> anyhow::Result<()> {
    match path {
        None => Ok(()),
        Some(path) if path == Path::new("-") => {
            say::claim_output();
            Ok(())
        }
        Some(path) => output::check(path),
    }
}

/// Writes `value` as the JSON document `name` to `path`, or to standard output for `-`.
pub fn write_json(path: &Path, name: &str, value: &impl Serialize) -> anyhow::Result<()> {
    let text = pretty(&document(name, value))?;
    if path == Path::new("-") {
        say::write_bytes(text.as_bytes());
        return Ok(());
    }
    output::write(path, text.as_bytes())
}

/// The text of a JSON document, one value a line.
pub(crate) fn pretty(document: &impl Serialize) -> serde_json::Result<String> {
    Ok(without_controls(&serde_json::to_string_pretty(document)?) + "\n")
}

/// Escapes the control characters that serde_json leaves as they are, U+007F to U+009F: a document
/// may be printed on a terminal, and its strings may come from a title.
fn without_controls(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        // Only the line breaks between values are not escaped yet.
        if c.is_control() && c != '\n' {
            let _ = write!(text, "\\u{:04x}", u32::from(c));
        } else {
            text.push(c);
        }
    }
    text
}

/// Formats `value` as the JSON document `name` on one line.
pub fn json_line(name: &str, value: &impl Serialize) -> anyhow::Result<String> {
    Ok(without_controls(&serde_json::to_string(&document(name, value))?) + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn documents_have_no_control_characters() {
        let value = BTreeMap::from([("name", "a\u{9b}31m\u{7f}\u{1b}é")]);
        let line = json_line("test", &value).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.json");
        write_json(&path, "test", &value).unwrap();
        for text in [line, std::fs::read_to_string(path).unwrap()] {
            assert!(text.contains(r"a\u009b31m\u007f\u001bé") && !text.contains(r"\u000a"), "{text}");
        }
    }
}
