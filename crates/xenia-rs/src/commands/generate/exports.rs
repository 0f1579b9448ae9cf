//! The table of exports: status, result and callers in tests.

use super::coverage::Coverage;
use super::{canary, heading, line, section};
use anyhow::Result;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use xenia_exports::registry;
use xenia_kernel::imports::ordinals::{OrdinalRow, ResultRow};
use xenia_kernel::imports::{Library, Status, variables};

/// Largest number of callers in a row; the others are counted.
const MAX_SHOWN: usize = 2;

/// The table, with callers from the tests of the repository at `root`.
pub(super) fn table(root: &Path) -> Result<String> {
    let coverage = Coverage::read(root)?;
    let registry = registry();
    let mut out = heading(
        "Exports",
        "Every function and variable of the console's two libraries, by ordinal. *Done* does all that titles can ask of it; \
         *constant* has nothing to do on this machine, or one answer only; *partial* does what stands here and not more; \
         *stub* answers plausibly, without the effect. What is missing fails as its kind of result fails, and is logged at \
         its first call. A question mark stands behind results that were concluded from a name. Who calls an export was \
         found in the tests and the guest programs.",
    );
    section(
        &mut out,
        "How many",
        &["library, and what it has", "done", "constant", "partial", "stub", "missing"],
    );
    for library in Library::ALL {
        let counts = registry.counts(library, None);
        let cells = [counts.done, counts.constant, counts.partial, counts.stub, counts.missing];
        let cells = cells.map(|count| count.to_string());
        let [done, constant, partial, stub, missing] = &cells;
        line(&mut out, &[library.name(), done, constant, partial, stub, missing]);
    }
    beside_canary(&mut out);
    for library in Library::ALL {
        let columns = ["ordinal", "name", "state", "returns", "called by", "what it does"];
        section(&mut out, &format!("In {}", library.name()), &columns);
        for row in
            library.rows().iter().filter(|row| registry.status(library, row.ordinal) != Status::Missing)
        {
            present(&mut out, library, row, &coverage);
        }
        section(
            &mut out,
            &format!("Missing in {}", library.name()),
            &["what it belongs to", "returns", "names"],
        );
        missing(&mut out, library);
    }
    Ok(out)
}

/// Compares each area, and the exports for achievements, with xenia-canary.
fn beside_canary(out: &mut String) {
    let registry = registry();
    section(
        out,
        "By area, beside xenia-canary",
        &[
            "library",
            "area",
            "done",
            "constant",
            "partial",
            "stub",
            "missing",
            "its implemented",
            "its stubs",
            "its missing",
        ],
    );
    for &(library, area, theirs) in canary::AREAS {
        let counts = registry.counts(library, Some(area));
        let counted = [counts.done, counts.constant, counts.partial, counts.stub, counts.missing];
        let numbers =
            counted.map(|count| count.to_string()).into_iter().chain(theirs.map(|count| count.to_string()));
        let numbers: Vec<String> = numbers.collect();
        let cells = [library.name(), area].into_iter().chain(numbers.iter().map(String::as_str));
        line(out, &cells.collect::<Vec<_>>());
    }
    section(out, "Achievements and pictures, beside xenia-canary", &["name", "state", "its state"]);
    for &(library, name, theirs) in canary::ACHIEVEMENTS {
        let status = registry.find_by_name(library, name).map_or(Status::Missing, |export| export.status);
        // Rows here omit the marks of the main table.
        line(out, &[name, status.name(), theirs]);
    }
}

fn present(out: &mut String, library: Library, row: &OrdinalRow, coverage: &Coverage) {
    let registry = registry();
    let doc = match registry.find(library, row.ordinal) {
        Some(export) => export.doc,
        None => variables::find(library, row.ordinal).map_or("", |variable| variable.doc),
    };
    line(
        out,
        &[
            &row.ordinal.to_string(),
            &format!("`{}`", row.name),
            registry.status(library, row.ordinal).name(),
            &returns(row.result),
            &callers(coverage, row.name),
            &doc.replace('\n', " "),
        ],
    );
}

/// Kind of a function's result; variables are marked as variables.
fn returns(result: Option<ResultRow>) -> String {
    match result {
        None => "(variable)".to_owned(),
        Some(result) => format!("{}{}", result.returns.name(), if result.guessed { "?" } else { "" }),
    }
}

fn callers(coverage: &Coverage, name: &str) -> String {
    let all: Vec<&str> = coverage.callers(name).collect();
    let mut text = all.iter().take(MAX_SHOWN).copied().collect::<Vec<_>>().join(", ");
    if let Some(more) = all.len().checked_sub(MAX_SHOWN + 1) {
        let _ = write!(text, ", {} more", more + 1);
    }
    text
}

/// Numbers of missing exports, by subsystem and kind of result.
fn missing(out: &mut String, library: Library) {
    let mut groups: BTreeMap<(&str, String), Vec<&str>> = BTreeMap::new();
    for row in library.rows() {
        if registry().status(library, row.ordinal) == Status::Missing {
            groups.entry((row.area, returns(row.result))).or_default().push(row.name);
        }
    }
    for ((area, returns), names) in groups {
        line(out, &[area, &returns, &names.join(" ")]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn root() -> &'static Path {
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
    }

    #[test]
    fn every_complete_function_is_called_by_a_test_or_a_program() {
        let coverage = Coverage::read(root()).unwrap();
        let registry = registry();
        let mut uncalled = Vec::new();
        for library in Library::ALL {
            for row in library.rows() {
                let done =
                    registry.find(library, row.ordinal).is_some_and(|export| export.status == Status::Done);
                if done && coverage.callers(row.name).next().is_none() {
                    uncalled.push(row.name);
                }
            }
        }
        assert!(uncalled.is_empty(), "no test calls {uncalled:?}");
    }

    #[test]
    fn every_export_is_in_the_table() {
        let text = table(root()).unwrap();
        let words: BTreeSet<&str> = text.split([' ', '\n', '|', '`']).collect();
        let present = text.lines().filter(|line| line.contains("| `") && line.starts_with("| ")).count();
        let mut expected = 0;
        for library in Library::ALL {
            assert!(library.rows().iter().all(|row| words.contains(row.name)));
            expected += library.rows().len() - registry().counts(library, None).missing;
        }
        assert_eq!(present, expected, "a line for each that is here");
    }
}
