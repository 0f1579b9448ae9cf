//! Files of cases: the family and the random words, as text.
//!
//! ```text
//! # what differed, for readers
//! family sampling
//! words 00000000 8f31a2c4
//! words 00000001
//! ```

use std::fmt::Write;

use crate::{Choices, SceneFamily};

/// Words in a line of a file.
const LINE: usize = 8;

/// Reason why a file is not a case.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CaseError {
    /// A line that violates the format.
    #[error("line {0}: expected a comment, `family NAME` or `words HEX...`")]
    Line(usize),
    /// A family that doesn't exist.
    #[error("line {0}: no family is named `{1}`")]
    SceneFamily(usize, String),
    /// The family is missing.
    #[error("no line names the family")]
    NoFamily,
}

/// A scene, as its family and its random words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SceneCase {
    pub family: SceneFamily,
    pub words: Vec<u32>,
}

impl SceneCase {
    /// Random choices of the case.
    pub fn choices(&self) -> Choices {
        Choices::of_words(self.words.clone())
    }

    /// Text of a file, with a note for readers.
    pub fn to_text(&self, note: &str) -> String {
        let mut text = String::new();
        for line in note.lines() {
            let _ = writeln!(text, "# {line}");
        }
        let _ = writeln!(text, "family {}", self.family.name());
        for words in self.words.chunks(LINE) {
            text.push_str("words");
            for word in words {
                let _ = write!(text, " {word:08x}");
            }
            text.push('\n');
        }
        text
    }

    /// Parses the text of a file.
    pub fn parse(text: &str) -> Result<Self, CaseError> {
        let mut family = None;
        let mut words = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            let (key, rest) = line.split_once(' ').unwrap_or((line, ""));
            match key {
                "" => {}
                _ if line.starts_with('#') => {}
                "family" => {
                    let name = rest.trim();
                    let found = SceneFamily::of_name(name);
                    family = Some(found.ok_or_else(|| CaseError::SceneFamily(number, name.to_owned()))?);
                }
                "words" => {
                    for word in rest.split_whitespace() {
                        words.push(u32::from_str_radix(word, 16).map_err(|_| CaseError::Line(number))?);
                    }
                }
                _ => return Err(CaseError::Line(number)),
            }
        }
        Ok(Self { family: family.ok_or(CaseError::NoFamily)?, words })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_as_written() {
        let case =
            SceneCase { family: SceneFamily::Copies, words: (0..20).map(|i| i * 0x0101_0101).collect() };
        assert_eq!(SceneCase::parse(&case.to_text("one\ntwo")), Ok(case));
        for (text, expected) in [
            ("", CaseError::NoFamily),
            ("family copies\nwords 1 x", CaseError::Line(2)),
            ("familie copies", CaseError::Line(1)),
            ("\nfamily cups", CaseError::SceneFamily(2, "cups".into())),
        ] {
            assert_eq!(SceneCase::parse(text), Err(expected));
        }
    }
}
