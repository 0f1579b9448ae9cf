//! Checks that every external dependency has a reason in docs/src/dependencies.md, and every reason
//! a dependency.

use crate::files;
use anyhow::{Context, Result};
use std::collections::BTreeSet;

/// The page with the reasons: a table whose first column names crates.
const REASONS: &str = "docs/src/dependencies.md";
/// The manifest with the versions.
const MANIFEST: &str = "Cargo.toml";

/// Compares the two, in both directions.
pub(super) fn check(findings: &mut Vec<String>) -> Result<()> {
    let manifest = files::read_text(MANIFEST)?;
    let manifest: toml::Table = manifest.parse().context(MANIFEST)?;
    let dependencies = manifest.get("workspace").and_then(|workspace| workspace.get("dependencies"));
    let dependencies = dependencies.and_then(toml::Value::as_table).context("no [workspace.dependencies]")?;
    let outside = dependencies.iter().filter(|(_, dependency)| dependency.get("path").is_none());
    let used: BTreeSet<&str> = outside.map(|(name, _)| name.as_str()).collect();
    let text = files::read_text(REASONS)?;
    let explained: BTreeSet<&str> = explained(&text).collect();
    for name in used.difference(&explained) {
        findings.push(format!("{REASONS}: no reason for {name}"));
    }
    for name in explained.difference(&used) {
        findings.push(format!("{REASONS}: {name} is not a dependency"));
    }
    Ok(())
}

/// The crates in the first column.
fn explained(text: &str) -> impl Iterator<Item = &str> {
    let rows = text.lines().filter(|line| line.starts_with('|')).skip(2);
    rows.filter_map(|line| line.split('|').nth(1)).flat_map(|cell| cell.split(',').map(str::trim))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_column_names_crates() {
        let table = "# T\n\n| crate | for |\n|---|---|\n| aes, cbc | x, y |\n| png | z |\n";
        assert_eq!(explained(table).collect::<Vec<_>>(), ["aes", "cbc", "png"]);
    }
}
