//! Top modules of a crate that import each other, in pairs or in circles of three and more: none of
//! them can be read, tested or moved without the others.
//!
//! Budgets by crate are in `xtask/module-pairs.toml`; a crate without one may have none. A count
//! above its budget is a finding, and so is a count below it, until the budget is lowered.
//!
//! A circle is a strongly connected component of the imports, so its number of modules also falls
//! if it breaks into smaller ones, and does not show how many imports hold it together. Circles of
//! the modules within a top module are not found, nor are those that [`imports`] does not see.

use super::{Source, imports};
use crate::files;
use anyhow::{Context, Result};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const BUDGETS: &str = "xtask/module-pairs.toml";

/// The numbers that crates may have, by crate.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ModuleBudgets {
    /// Pairs of modules that import each other.
    pairs: BTreeMap<String, usize>,
    /// Modules in circles of three and more.
    circles: BTreeMap<String, usize>,
}

/// A number of a crate, and its parts for a message.
struct ModuleCount {
    count: usize,
    noun: &'static str,
    parts: Vec<String>,
}

/// Compares the pairs and circles of each crate with its budgets.
pub(super) fn check(sources: &[Source], findings: &mut Vec<String>) -> Result<()> {
    let text = files::read_text(Path::new(BUDGETS))?;
    let mut budgets: ModuleBudgets = toml::from_str(&text).with_context(|| BUDGETS.to_owned())?;
    for folder in imports::crate_folders(sources) {
        let name = imports::crate_name(folder);
        let modules = imports::by_module(sources, folder);
        findings.extend(compare(name, &pairs(&modules), budgets.pairs.remove(name)));
        findings.extend(compare(name, &circles(&modules), budgets.circles.remove(name)));
    }
    let unknown = budgets.pairs.keys().chain(budgets.circles.keys());
    findings.extend(unknown.map(|name| format!("{BUDGETS}: there is no crate {name}")));
    Ok(())
}

/// The pairs of modules that import each other, as `a and b`.
fn pairs(imports: &BTreeMap<&str, BTreeSet<String>>) -> ModuleCount {
    let uses = |from: &str, to: &str| imports.get(from).is_some_and(|names| names.contains(to));
    let names: Vec<&str> = imports.keys().copied().collect();
    let pairs = names.iter().enumerate().flat_map(|(at, &a)| names[at + 1..].iter().map(move |&b| (a, b)));
    let parts: Vec<String> =
        pairs.filter(|&(a, b)| uses(a, b) && uses(b, a)).map(|(a, b)| format!("{a} and {b}")).collect();
    ModuleCount { count: parts.len(), noun: "pairs of top modules", parts }
}

/// The modules in circles of three and more.
fn circles(imports: &BTreeMap<&str, BTreeSet<String>>) -> ModuleCount {
    let reachable: BTreeMap<&str, BTreeSet<&str>> =
        imports.keys().map(|&name| (name, reachable_from(imports, name))).collect();
    let with = |name: &str| -> Vec<&str> {
        reachable[name].iter().copied().filter(|&other| reachable[other].contains(name)).collect()
    };
    let circles: BTreeSet<Vec<&str>> =
        reachable.keys().map(|&name| with(name)).filter(|circle| circle.len() > 2).collect();
    ModuleCount {
        count: circles.iter().map(Vec::len).sum(),
        noun: "top modules in circles of three and more",
        parts: circles.iter().map(|circle| circle.join(" ")).collect(),
    }
}

/// The modules that a module imports, directly or by others; itself too if they import it.
fn reachable_from<'a>(imports: &'a BTreeMap<&str, BTreeSet<String>>, module: &'a str) -> BTreeSet<&'a str> {
    let mut reachable = BTreeSet::new();
    let mut unvisited = vec![module];
    while let Some(module) = unvisited.pop() {
        for name in imports.get(module).into_iter().flatten().map(String::as_str) {
            if imports.contains_key(name) && reachable.insert(name) {
                unvisited.push(name);
            }
        }
    }
    reachable
}

/// The finding about a crate, if its number is not its budget.
fn compare(name: &str, found: &ModuleCount, budget: Option<usize>) -> Option<String> {
    let ModuleCount { count, noun, parts } = found;
    match budget {
        Some(_) if *count == 0 => Some(format!("{BUDGETS}: the line of {name} for {noun} can go")),
        Some(budget) if *count < budget => {
            Some(format!("{BUDGETS}: {name} can be lowered to {count} {noun}"))
        }
        budget if *count > budget.unwrap_or(0) => Some(format!(
            "{name}: {count} {noun} import each other, of {} in {BUDGETS}: {}",
            budget.unwrap_or(0),
            parts.join(", ")
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn pairs_that_import_each_other_are_found() {
        let imports = BTreeMap::from([
            ("abi", names(&["status"])),
            ("exceptions", names(&["abi"])),
            ("files", names(&["thread", "abi"])),
            ("thread", names(&["files"])),
        ]);
        assert_eq!(pairs(&imports).parts, ["files and thread"]);
        assert_eq!(circles(&imports).count, 0);
    }

    #[test]
    fn circles_of_three_and_more_are_found() {
        let imports = BTreeMap::from([
            ("a", names(&["b", "anyhow", "a"])),
            ("b", names(&["c"])),
            ("c", names(&["a", "d"])),
            ("d", names(&["e"])),
            ("e", names(&["f", "d"])),
            ("f", names(&["g"])),
            ("g", names(&["e"])),
            ("h", names(&["a", "g"])),
        ]);
        let found = circles(&imports);
        assert_eq!((found.count, found.parts), (7, vec!["a b c".to_owned(), "d e f g".to_owned()]));
        assert_eq!(pairs(&imports).parts, ["d and e"]);
    }

    #[test]
    fn a_crate_has_as_many_pairs_as_its_budget() {
        let of = |parts: &[&str]| ModuleCount {
            count: parts.len(),
            noun: "pairs",
            parts: parts.iter().map(|&part| part.to_owned()).collect(),
        };
        let two = of(&["a and b", "b and c"]);
        let none = of(&[]);
        for (found, budget) in [(&two, Some(2)), (&none, None)] {
            assert_eq!(compare("x", found, budget), None, "{budget:?}");
        }
        let found: [(&ModuleCount, Option<usize>, &str); 4] = [
            (&two, Some(1), "2 pairs import each other, of 1"),
            (&two, None, "of 0 in xtask/module-pairs.toml: a and b, b and c"),
            (&two, Some(3), "x can be lowered to 2 pairs"),
            (&none, Some(0), "the line of x for pairs can go"),
        ];
        for (found, budget, text) in found {
            let finding = compare("x", found, budget).unwrap();
            assert!(finding.contains(text), "{finding}");
        }
    }
}
