//! Checks that each page of the book begins with the heading that its summary lists.

use super::BOOK;
use super::book::SUMMARY;
use super::documents::links;
use crate::files;
use anyhow::Result;
use std::path::{Path, PathBuf};

/// Compares the first heading of each page with the page's name in the summary.
pub(super) fn check(findings: &mut Vec<String>) -> Result<()> {
    let book = Path::new(BOOK);
    let summary = read(&book.join(SUMMARY))?;
    for (name, page) in summary.lines().filter_map(link) {
        let path = book.join(page);
        // Missing pages are found with all links.
        if path.is_file() {
            let heading = heading_of(&path)?;
            findings.extend(difference(name, &heading).map(|what| format!("{BOOK}/{page}: {what}")));
        }
    }
    Ok(())
}

/// The difference between a page's name and its heading, if there is one.
fn difference(name: &str, heading: &str) -> Option<String> {
    (name != heading).then(|| format!("its heading is {heading:?}, {SUMMARY} lists it as {name:?}"))
}

/// The first heading of a page, or of the generated file that it includes.
fn heading_of(page: &Path) -> Result<String> {
    let text = read(page)?;
    let text = match included(page, &text) {
        Some(file) => read(&file)?,
        None => text,
    };
    Ok(first_heading(&text).unwrap_or_default().to_owned())
}

/// The file that a page includes before any heading.
fn included(page: &Path, text: &str) -> Option<PathBuf> {
    let file = text.lines().next()?.strip_prefix("{{#include ")?.strip_suffix("}}")?;
    Some(page.parent()?.join(file))
}

fn first_heading(text: &str) -> Option<&str> {
    text.lines().find_map(|line| line.strip_prefix("# "))
}

/// Name and target of the link in a line.
fn link(line: &str) -> Option<(&str, &str)> {
    let (_, rest) = line.split_once('[')?;
    let (name, _) = rest.split_once("](")?;
    Some((name, links(line).next()?))
}

fn read(path: &Path) -> Result<String> {
    files::read_text(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heading_that_differs_from_the_summary_is_named() {
        let listed = link("  - [A page](folder/a.md)").unwrap();
        assert_eq!(listed, ("A page", "folder/a.md"));
        assert_eq!(link("# Summary"), None);
        let heading = first_heading("<!-- Written by a program. -->\n# A page\n\n# Another\n").unwrap();
        assert_eq!(difference(listed.0, heading), None);
        let found = difference(listed.0, "Page").unwrap();
        assert!(found.contains("\"Page\"") && found.contains("\"A page\""), "{found}");
    }

    #[test]
    fn a_page_that_includes_a_file_has_its_heading() {
        let page = Path::new("docs/src/tables/a.md");
        let file = page.parent().unwrap().join("../generated/a.md");
        assert_eq!(included(page, "{{#include ../generated/a.md}}\n"), Some(file));
        assert_eq!(included(page, "# A\n{{#include ../generated/a.md}}\n"), None);
    }
}
