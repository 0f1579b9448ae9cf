//! Checks the book's lists: each page once, and decisions by their numbers.
//!
//! Decisions are in two lists: by number in the summary, by subject in their index.

use super::BOOK;
use crate::files;
use anyhow::Result;
use std::path::Path;

/// The list of the book's pages.
pub(super) const SUMMARY: &str = "SUMMARY.md";
const DECISIONS: &str = "decisions";
const INDEX: &str = "index.md";

/// Compares both lists with the files.
pub(super) fn check(findings: &mut Vec<String>) -> Result<()> {
    let book = Path::new(BOOK);
    let mut pages = pages_below(book)?;
    pages.retain(|page| page != SUMMARY);
    let summary = listed(&book.join(SUMMARY))?;
    findings.extend(not_once(&pages, &summary).map(|what| format!("{BOOK}/{SUMMARY}: {what}")));
    let numbered: Vec<_> = summary.iter().filter(|page| is_decision(page)).collect();
    for pair in numbered.windows(2).filter(|pair| pair[0] > pair[1]) {
        findings.push(format!("{BOOK}/{SUMMARY}: {} is listed after {}", pair[1], pair[0]));
    }

    let folder = book.join(DECISIONS);
    let mut decisions = pages_below(&folder)?;
    decisions.retain(|page| page != INDEX);
    let index = listed(&folder.join(INDEX))?;
    findings.extend(not_once(&decisions, &index).map(|what| format!("{}/{INDEX}: {what}", folder.display())));
    Ok(())
}

fn is_decision(page: &str) -> bool {
    page.strip_prefix(DECISIONS).is_some_and(|name| name != format!("/{INDEX}"))
}

/// Pages that a list does not contain exactly once. Missing targets are checked with all links.
fn not_once<'a>(pages: &'a [String], listed: &'a [String]) -> impl Iterator<Item = String> + 'a {
    pages.iter().filter_map(|page| match listed.iter().filter(|other| *other == page).count() {
        0 => Some(format!("{page} is missing")),
        1 => None,
        times => Some(format!("{page} is listed {times} times")),
    })
}

/// Targets of a list's links, in their order.
fn listed(list: &Path) -> Result<Vec<String>> {
    let text = files::read_text(list)?;
    Ok(text.lines().flat_map(super::documents::links).map(str::to_owned).collect())
}

/// The pages below a folder, by their paths relative to it.
fn pages_below(root: &Path) -> Result<Vec<String>> {
    let mut files = Vec::new();
    super::documents::all_files(root, &mut files)?;
    let pages = files.iter().filter(|file| super::documents::is_markdown(file));
    let mut pages: Vec<_> = pages
        .filter_map(|page| page.strip_prefix(root).ok())
        .map(|page| page.display().to_string())
        .collect();
    pages.sort();
    Ok(pages)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_is_missing_or_listed_twice_is_named() {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        let pages = names(&["a.md", "b.md", "c.md"]);
        let listed = names(&["a.md", "c.md", "c.md"]);
        let found: Vec<_> = not_once(&pages, &listed).collect();
        assert_eq!(found, ["b.md is missing", "c.md is listed 2 times"]);
        assert_eq!(not_once(&pages, &pages).count(), 0);
    }

    #[test]
    fn decision_index_is_not_a_decision() {
        assert!(
            is_decision("decisions/0001-x.md") && !is_decision("decisions/index.md") && !is_decision("a.md")
        );
    }
}
