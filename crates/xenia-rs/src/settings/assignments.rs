//! The tables of keys and pads as they are written in a settings file.

use super::file::File;
use std::collections::BTreeSet;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use xenia::input;

/// A line of a table of keys or pads.
#[derive(Debug, PartialEq, Eq)]
pub struct AssignmentLine {
    /// The line, without its end.
    pub text: String,
    /// Its number in the file, if a table begins there.
    pub table_at: Option<usize>,
}

/// The lines of the tables of keys and pads, in the order of the file, without empty lines and
/// comments between the assignments.
pub(super) fn lines(file: &File<'_>, document: &DeTable<'_>) -> Vec<AssignmentLine> {
    let mut found = FoundLines { file, all: BTreeSet::new(), tables: BTreeSet::new() };
    for (key, value) in document {
        if input::TABLES.contains(&key.get_ref().as_ref()) {
            found.add(key.span(), value);
        }
    }
    let wanted = (1..).zip(file.text.lines()).filter(|(number, _)| found.all.contains(number));
    let line = |(number, text): (usize, &str)| {
        let is_table = found.tables.contains(&number);
        let text = if is_table { text.trim() } else { text };
        AssignmentLine { text: text.to_owned(), table_at: is_table.then_some(number) }
    };
    wanted.map(line).collect()
}

/// Numbers of the lines that keys and their values are on.
struct FoundLines<'a> {
    file: &'a File<'a>,
    all: BTreeSet<usize>,
    /// Lines that are the head of a table.
    tables: BTreeSet<usize>,
}

impl FoundLines<'_> {
    /// Adds the lines of a key, of its value, and of all keys below it.
    fn add(&mut self, key: Range<usize>, value: &Spanned<DeValue<'_>>) {
        self.add_range(&key);
        self.add_range(&(key.start.min(value.span().start)..value.span().end));
        match value.get_ref() {
            DeValue::Table(table) => self.add_table(&value.span(), table),
            DeValue::Array(elements) => {
                for element in elements {
                    // An element of an array of tables has the span of its head.
                    if let DeValue::Table(table) = element.get_ref() {
                        self.add_table(&element.span(), table);
                    }
                }
            }
            _ => {}
        }
    }

    fn add_table(&mut self, span: &Range<usize>, table: &DeTable<'_>) {
        self.add_range(span);
        // The span of an inline table begins with a brace, that of dotted keys with the key.
        if self.file.text[span.clone()].starts_with('[') {
            self.tables.insert(self.file.line(span.start));
        }
        for (key, value) in table {
            self.add(key.span(), value);
        }
    }

    fn add_range(&mut self, range: &Range<usize>) {
        self.all.extend(self.file.line(range.start)..=self.file.line(range.end));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(text: &str) -> String {
        let file = File { text, path: "c.toml".as_ref() };
        let document = file.document().unwrap();
        let lines = lines(&file, document.get_ref()).into_iter();
        let line = |line: AssignmentLine| match line.table_at {
            Some(number) => format!("{}  # line {number}\n", line.text),
            None => format!("{}\n", line.text),
        };
        lines.map(line).collect()
    }

    #[test]
    fn a_value_that_continues_after_a_bracket_does_not_end_its_table() {
        let text = "[exec]\nmute = true\n[hotkeys]\npause = [\n  \"F5\",\n[\n],\n# more\n]\n\n# keys\nsave = \"F2\"\n";
        let hotkeys = "[hotkeys]  # line 3\npause = [\n  \"F5\",\n[\n],\n# more\n]\nsave = \"F2\"\n";
        assert_eq!(listed(text), hotkeys);
    }

    #[test]
    fn each_form_of_a_table_is_shown() {
        let text =
            "input.rumble = 1\n[ pad . a ] # mine\nx = 1\n[exec]\n[pad.b]\ny = \"\"\"\n[exec]\n\"\"\"\n";
        let tables = "input.rumble = 1\n[ pad . a ] # mine  # line 2\nx = 1\n[pad.b]  # line 5\n";
        assert_eq!(listed(text), format!("{tables}y = \"\"\"\n[exec]\n\"\"\"\n"));
        assert_eq!(listed("pad = { a = { x = 1 } }\n[bench]\n"), "pad = { a = { x = 1 } }\n");
        assert_eq!(listed("[[pad]]\nx = 1\n[[pad]]\n"), "[[pad]]  # line 1\nx = 1\n[[pad]]  # line 3\n");
    }
}
