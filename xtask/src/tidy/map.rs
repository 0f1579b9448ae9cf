//! Compares the table of crates in docs/src/architecture.md with the workspace: the crates, the
//! dependencies between them, and the modules that may contain `unsafe`. In both directions: a row,
//! dependency or module without a use is a finding, too, and so is any dependency of a crate, on
//! whichever package, that none of its sources names.

use super::Source;
use crate::files;
use crate::linting::WRAPPER;
use anyhow::{Context, Result};
use cargo_metadata::{DependencyKind, MetadataCommand, Package};
use std::collections::BTreeMap;
use std::path::Path;

/// The page with the table.
pub(super) const MAP: &str = "docs/src/architecture.md";
/// Header of the table.
const HEADER: &str = "| crate | what it is | may use |";

/// A row of the table.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    name: String,
    may_use: Vec<String>,
    homes: Homes,
}

/// Modules in which a crate may contain `unsafe`.
#[derive(Debug, PartialEq, Eq)]
enum Homes {
    /// None; forbidden for the whole crate: `forbidden`.
    Forbidden,
    /// These modules only: `` denied but in `a`, `b` ``.
    Modules(Vec<String>),
    /// All modules: `its home`.
    Everywhere,
}

/// Compares the table with cargo's metadata and with the sources.
pub(super) fn check(sources: &[Source], findings: &mut Vec<String>) -> Result<()> {
    let text = files::read_text(MAP)?;
    let rows = parse(&text, findings);
    let metadata = MetadataCommand::new().no_deps().exec().context("cargo metadata")?;
    let packages: BTreeMap<&str, &Package> =
        metadata.packages.iter().map(|package| (package.name.as_str(), package)).collect();
    for name in packages.keys().filter(|name| rows.iter().all(|row| row.name != **name)) {
        findings.push(format!("{MAP}: the table has no row for {name}"));
    }
    let wrapper = files::read_text(WRAPPER)?;
    for (index, row) in rows.iter().enumerate() {
        if row.homes != Homes::Forbidden && !wrapper.contains(&row.name) {
            findings.push(format!("{WRAPPER} lets clippy compile {}, which has `unsafe`", row.name));
        }
        let Some(package) = packages.get(row.name.as_str()) else {
            findings.push(format!("{MAP}: there is no crate {}", row.name));
            continue;
        };
        arrows(row, &rows[..index], &used(package, &packages), findings);
        unsafe_code(row, package, &metadata.workspace_root, sources, findings);
    }
    for package in packages.values() {
        unused(package, &metadata.workspace_root, sources, findings);
    }
    Ok(())
}

/// Packages whose library has another name than the package.
const LIBRARY_NAMES: &[(&str, &str)] = &[("md-5", "md5")];
/// Sources that a crate includes from outside of its folder, by the crate's name.
const INCLUDED: &[(&str, &str)] = &[
    ("xenia", "crates/xenia-formats/tests/support"),
    ("xenia-render", "crates/xenia-gpu/tests/scene"),
    ("xenia-rs", "fuzz/targets"),
];

/// Finds dependencies that no source of the crate names.
fn unused(
    package: &Package,
    root: &cargo_metadata::camino::Utf8Path,
    sources: &[Source],
    findings: &mut Vec<String>,
) {
    let Some(folder) = package.manifest_path.parent().and_then(|folder| folder.strip_prefix(root).ok())
    else {
        return;
    };
    let included = INCLUDED.iter().filter(|(name, _)| *name == package.name.as_str());
    let mut folders: Vec<&Path> = included.map(|(_, folder)| Path::new(folder)).collect();
    folders.push(folder.as_std_path());
    let own = sources.iter().filter(|source| folders.iter().any(|folder| source.path.starts_with(folder)));
    let own: Vec<&Source> = own.collect();
    for dependency in &package.dependencies {
        let name = dependency.rename.as_ref().unwrap_or(&dependency.name);
        let library = LIBRARY_NAMES.iter().find(|(package, _)| package == name);
        let library = library.map_or_else(|| name.replace('-', "_"), |(_, library)| (*library).to_owned());
        let is_used = |source: &&Source| source.has_code_with(&library, |line| names_library(line, &library));
        if !own.iter().any(is_used) {
            findings.push(format!("{folder}/Cargo.toml: no source of {} uses {name}", package.name));
        }
    }
}

/// Whether a line of code has a path into this library, or imports it. Its name alone may be a
/// variable, or a word of a text.
fn names_library(line: &str, library: &str) -> bool {
    line.match_indices(library).any(|(at, _)| {
        let before = &line[..at];
        let after = &line[at + library.len()..];
        let is_root = !before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
        let is_import = before.ends_with("use ") && [";", " as "].iter().any(|next| after.starts_with(next));
        is_root && (is_import || after.starts_with("::") || after.starts_with('!'))
    })
}

/// The workspace crates that a crate's code depends on, without its tests.
fn used(package: &Package, packages: &BTreeMap<&str, &Package>) -> Vec<String> {
    let normal = package.dependencies.iter().filter(|dependency| dependency.kind == DependencyKind::Normal);
    let members = normal.filter(|dependency| packages.contains_key(dependency.name.as_str()));
    members.map(|dependency| dependency.name.trim_start_matches("xenia-").to_owned()).collect()
}

fn arrows(row: &Row, above: &[Row], used: &[String], findings: &mut Vec<String>) {
    for name in used {
        if !row.may_use.contains(name) {
            findings.push(format!("{} must not depend on {name}: {MAP} has no such arrow", row.name));
        }
        if above.iter().all(|other| other.name.trim_start_matches("xenia-") != name) {
            findings.push(format!("{MAP}: the arrow from {} to {name} points up", row.name));
        }
    }
    for name in row.may_use.iter().filter(|name| !used.contains(name)) {
        findings.push(format!("{MAP}: nothing uses the arrow from {} to {name}", row.name));
    }
}

fn unsafe_code(
    row: &Row,
    package: &Package,
    root: &cargo_metadata::camino::Utf8Path,
    sources: &[Source],
    findings: &mut Vec<String>,
) {
    let folder = package.manifest_path.parent().and_then(|folder| folder.strip_prefix(root).ok());
    let Some(folder) = folder.map(|folder| folder.join("src")) else { return };
    let inside: Vec<&Source> = sources.iter().filter(|source| source.path.starts_with(&folder)).collect();
    let wanted = match &row.homes {
        Homes::Forbidden => Some("#![forbid(unsafe_code)]"),
        Homes::Modules(_) => Some("#![deny(unsafe_code)]"),
        Homes::Everywhere => None,
    };
    let roots = ["lib.rs", "main.rs"].map(|name| folder.join(name));
    for source in inside.iter().filter(|source| roots.iter().any(|root| source.path == *root)) {
        let found =
            source.text.lines().find(|line| line.starts_with("#![") && line.contains("(unsafe_code)"));
        if found.map(|line| line.split(" //").next().unwrap_or(line)) != wanted {
            findings.push(format!(
                "{}: says {}, but {MAP} {}",
                source.path_text(),
                found.unwrap_or("nothing of unsafe code"),
                wanted.map_or("allows it in all modules".to_owned(), |wanted| format!("requires {wanted}"))
            ));
        }
    }
    if let Homes::Modules(modules) = &row.homes {
        for module in modules {
            let file = folder.join(module).with_extension("rs");
            if !inside.iter().any(|source| source.path == file && source.uses_unsafe()) {
                findings.push(format!("{MAP}: {file} is not a home of `unsafe`"));
            }
        }
        let at_home = |source: &Source| {
            modules.iter().any(|module| {
                let home = folder.join(module);
                source.path.starts_with(&home) || source.path == home.with_extension("rs")
            })
        };
        for source in inside.iter().filter(|source| source.uses_unsafe() && !at_home(source)) {
            findings.push(format!("{}: `unsafe` outside its homes", source.path_text()));
        }
    }
    if row.homes == Homes::Everywhere && !inside.iter().any(|source| source.uses_unsafe()) {
        findings.push(format!("{MAP}: {} has no `unsafe`: it can forbid it", row.name));
    }
}

/// Parses the rows of the table; unreadable rows are findings.
fn parse(text: &str, findings: &mut Vec<String>) -> Vec<Row> {
    let lines = text.lines().skip_while(|line| !line.starts_with(HEADER));
    let rows: Vec<Row> = lines
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .filter_map(|line| {
            let row = row(line);
            if row.is_none() {
                findings.push(format!("{MAP}: not a row of the table: {line}"));
            }
            row
        })
        .collect();
    if rows.is_empty() {
        findings.push(format!("{MAP}: no table that begins with {HEADER:?}"));
    }
    rows
}

fn row(line: &str) -> Option<Row> {
    let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
    let [name, _, may_use, unsafe_code] = cells[..] else { return None };
    let homes = match unsafe_code {
        "forbidden" => Homes::Forbidden,
        "its home" => Homes::Everywhere,
        _ => Homes::Modules(list(&unsafe_code.strip_prefix("denied but in ")?.replace('`', ""))),
    };
    Some(Row {
        name: name.to_owned(),
        may_use: if may_use == "–" { Vec::new() } else { list(may_use) },
        homes,
    })
}

fn list(text: &str) -> Vec<String> {
    text.split(',').map(|word| word.trim().to_owned()).collect()
}

/// Whether a path lies in a folder of tests, examples or benches, which the table does not cover.
pub(super) fn is_test(path: &Path) -> bool {
    path.iter().any(|part| part == "tests" || part == "examples" || part == "benches")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "text\n\n| crate | what it is | may use | `unsafe` |\n|---|---|---|---|\n\
                         | xenia-guest | Words | – | forbidden |\n\
                         | xenia-jit | Code | guest, cpu | denied but in `enter`, `hooks` |\n\n| other | table |\n";

    #[test]
    fn rows_of_the_crate_table_are_read() {
        let mut findings = Vec::new();
        let rows = parse(TABLE, &mut findings);
        assert_eq!(findings, Vec::<String>::new());
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0], Row { name: "xenia-guest".into(), may_use: vec![], homes: Homes::Forbidden });
        assert_eq!(rows[1].may_use, ["guest", "cpu"]);
        assert_eq!(rows[1].homes, Homes::Modules(vec!["enter".into(), "hooks".into()]));
    }

    #[test]
    fn malformed_map_rows_are_reported() {
        let mut findings = Vec::new();
        assert!(parse(&TABLE.replace("denied but in", "little in"), &mut findings).len() == 1);
        assert!(parse("nothing", &mut findings).is_empty());
        assert_eq!(findings.len(), 2);
    }

    #[test]
    fn paths_and_imports_name_a_library() {
        let uses = ["use toml::Table;", "pub use toml;", "let t: toml::Table = x;", "(toml::from_str)(x)"];
        for line in uses.into_iter().chain(["    use toml as t;", "toml!(a = 1)"]) {
            assert!(names_library(line, "toml"), "{line}");
        }
        let others = ["let toml = 1;", "\"a toml file\"", "use crate::toml::Table;", "my_toml::parse(x)"];
        for line in others.into_iter().chain(["use toml_edit::Table;", "if toml != 1 {"]) {
            assert!(!names_library(line, "toml"), "{line}");
        }
    }

    #[test]
    fn arrows_are_compared_both_ways() {
        let rows = parse(TABLE, &mut Vec::new());
        let found = |used: &[&str]| {
            let mut findings = Vec::new();
            let used: Vec<String> = used.iter().map(|name| (*name).to_owned()).collect();
            arrows(&rows[1], &rows[..1], &used, &mut findings);
            findings.join("\n")
        };
        assert!(found(&["guest", "cpu"]).contains("from xenia-jit to cpu points up"));
        assert!(found(&["guest"]).contains("nothing uses the arrow from xenia-jit to cpu"));
        assert!(found(&["guest", "gpu"]).contains("must not depend on gpu"));
    }
}
