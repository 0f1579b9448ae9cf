//! Pairs of top modules of a crate that import each other: neither can be read, tested or moved
//! without the other.
//!
//! Crates that still have some have a budget in `xtask/module-pairs.toml`. A count above its budget
//! is a finding, and so is a count below it, until the budget is lowered: it only falls.

use super::{Source, imports};
use anyhow::{Context, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const BUDGETS: &str = "xtask/module-pairs.toml";

/// Compares the pairs of each crate with its budget.
pub(super) fn check(sources: &[Source], findings: &mut Vec<String>) -> Result<()> {
    let text = std::fs::read_to_string(Path::new(BUDGETS)).with_context(|| format!("reading {BUDGETS}"))?;
    let mut budgets: BTreeMap<String, usize> = toml::from_str(&text).with_context(|| BUDGETS.to_owned())?;
    for folder in imports::crate_folders(sources) {
        let name = imports::crate_name(folder);
        let pairs = pairs(&imports::by_module(sources, folder));
        findings.extend(compare(name, &pairs, budgets.remove(name)));
    }
    findings.extend(budgets.keys().map(|name| format!("{BUDGETS}: there is no crate {name}")));
    Ok(())
}

/// The pairs of modules that import each other, as `a and b`.
fn pairs(imports: &BTreeMap<&str, BTreeSet<String>>) -> Vec<String> {
    let uses = |from: &str, to: &str| imports.get(from).is_some_and(|names| names.contains(to));
    let names: Vec<&str> = imports.keys().copied().collect();
    let pairs = names.iter().enumerate().flat_map(|(at, &a)| names[at + 1..].iter().map(move |&b| (a, b)));
    pairs.filter(|&(a, b)| uses(a, b) && uses(b, a)).map(|(a, b)| format!("{a} and {b}")).collect()
}

/// The finding about a crate, if its pairs are not as many as its budget.
fn compare(name: &str, pairs: &[String], budget: Option<usize>) -> Option<String> {
    let count = pairs.len();
    match budget {
        Some(_) if count == 0 => Some(format!("{BUDGETS}: the line of {name} can go")),
        Some(budget) if count < budget => Some(format!("{BUDGETS}: {name} can be lowered to {count}")),
        budget if count > budget.unwrap_or(0) => Some(format!(
            "{name}: {count} pairs of top modules import each other, of {} in {BUDGETS}: {}",
            budget.unwrap_or(0),
            pairs.join(", ")
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_that_import_each_other_are_found() {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        let imports = BTreeMap::from([
            ("abi", names(&["status"])),
            ("exceptions", names(&["abi"])),
            ("files", names(&["thread", "abi"])),
            ("thread", names(&["files"])),
        ]);
        assert_eq!(pairs(&imports), ["files and thread"]);
    }

    #[test]
    fn a_crate_has_as_many_pairs_as_its_budget() {
        let two = ["a and b".to_owned(), "b and c".to_owned()];
        let fine: [(&[String], Option<usize>); 2] = [(&two, Some(2)), (&[], None)];
        for (pairs, budget) in fine {
            assert_eq!(compare("x", pairs, budget), None, "{budget:?}");
        }
        let found: [(&[String], Option<usize>, &str); 4] = [
            (&two, Some(1), "2 pairs of top modules import each other, of 1"),
            (&two, None, "of 0 in xtask/module-pairs.toml: a and b, b and c"),
            (&two, Some(3), "x can be lowered to 2"),
            (&[], Some(0), "the line of x can go"),
        ];
        for (pairs, budget, text) in found {
            let finding = compare("x", pairs, budget).unwrap();
            assert!(finding.contains(text), "{finding}");
        }
    }
}
