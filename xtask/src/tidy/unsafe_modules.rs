//! Compares the table of SECURITY.md with the modules that have `unsafe`, in both directions.

use super::Source;
use crate::files;
use anyhow::Result;
use std::collections::BTreeSet;

/// The page with the table.
const PAGE: &str = "SECURITY.md";
/// Header of the table.
const HEADER: &str = "| module | why |";

/// Compares the two. Tests and examples are not part of what users run.
pub(super) fn check(sources: &[Source], findings: &mut Vec<String>) -> Result<()> {
    let text = files::read_text(PAGE)?;
    let documented: BTreeSet<String> = documented(&text).map(str::to_owned).collect();
    let part_of_program = |path: &str| path.starts_with("crates/") && path.contains("/src/");
    let there: BTreeSet<String> = sources
        .iter()
        .filter(|source| source.uses_unsafe())
        .map(Source::path_text)
        .filter(|path| part_of_program(path))
        .collect();
    findings
        .extend(there.difference(&documented).map(|path| format!("{PAGE}: {path} has `unsafe`, and no row")));
    findings.extend(documented.difference(&there).map(|path| format!("{PAGE}: {path} has no `unsafe`")));
    Ok(())
}

/// The modules that the table names.
fn documented(text: &str) -> impl Iterator<Item = &str> {
    let table = text.lines().skip_while(|line| *line != HEADER).skip(2);
    let rows = table.take_while(|line| line.starts_with('|'));
    rows.filter_map(|row| row.split('`').nth(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_own_table_is_read() {
        let text = "| a | b |\n|---|---|\n| `x` | y |\n\n| module | why |\n|---|---|\n| `z.rs` | `w` |\n\n| `v` | u |\n";
        assert_eq!(documented(text).collect::<Vec<_>>(), ["z.rs"]);
    }
}
