//! Lock files of the workspaces beside ours: whether they have the dependencies of our crates.
//!
//! Cargo rewrites a stale one at the next build, or refuses it with `--locked`. Only the direct
//! dependencies of our crates are compared, by name: to resolve them takes packages that are not
//! needed here.

use crate::files;
use anyhow::{Context, Result, bail};
use cargo_metadata::{DependencyKind, MetadataCommand, Package};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Folders of the workspaces.
const FOLDERS: [&str; 2] = ["fuzz", "benches/locks"];

#[derive(Debug, Deserialize)]
struct File {
    package: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
struct Entry {
    name: String,
    source: Option<String>,
    #[serde(default)]
    dependencies: Vec<String>,
}

impl Entry {
    /// Whether it has this dependency: `name`, or `name version` where there are several versions.
    fn has(&self, name: &str) -> bool {
        self.dependencies.iter().any(|dependency| dependency.split(' ').next() == Some(name))
    }
}

/// Fails if a lock file is stale.
pub(super) fn check() -> Result<()> {
    let workspace = needs_of("Cargo.toml")?;
    for folder in FOLDERS {
        let mut needs = workspace.clone();
        needs.extend(needs_of(&format!("{folder}/Cargo.toml"))?);
        let path = format!("{folder}/Cargo.lock");
        let text = files::read_text(&path)?;
        let missing = missing(&text, &needs).with_context(|| path.clone())?;
        if !missing.is_empty() {
            bail!(
                "{path} is stale, `cargo update --workspace --manifest-path {folder}/Cargo.toml` writes it: {}",
                missing.join(", ")
            );
        }
    }
    Ok(())
}

/// The dependencies of each package of a workspace.
fn needs_of(manifest: &str) -> Result<BTreeMap<String, Vec<String>>> {
    let metadata = MetadataCommand::new().manifest_path(manifest).no_deps().exec();
    let packages = metadata.with_context(|| format!("cargo metadata of {manifest}"))?.packages;
    Ok(packages.iter().map(|package| (package.name.to_string(), needed(package))).collect())
}

/// The dependencies that a package always has, but for those of its tests.
fn needed(package: &Package) -> Vec<String> {
    let always = package
        .dependencies
        .iter()
        .filter(|dependency| !dependency.optional && dependency.kind != DependencyKind::Development);
    always.map(|dependency| dependency.name.clone()).collect()
}

/// Dependencies that the entries of our crates lack in a lock file.
fn missing(lock: &str, needs: &BTreeMap<String, Vec<String>>) -> Result<Vec<String>> {
    let file: File = toml::from_str(lock)?;
    let members = file.package.iter().filter(|entry| entry.source.is_none());
    let missing = members.flat_map(|entry| {
        let needed = needs.get(&entry.name).into_iter().flatten();
        let absent = needed.filter(move |name| !entry.has(name));
        absent.map(move |name| format!("{} needs {name}", entry.name))
    });
    Ok(missing.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dependency_that_the_lock_file_lacks_is_found() {
        let lock = "version = 4\n[[package]]\nname = \"a\"\nversion = \"0.1.0\"\ndependencies = [\"b\", \"d 1.0.0\"]\n\
                    [[package]]\nname = \"c\"\nversion = \"1.0.0\"\nsource = \"registry\"\n";
        let needed = ["b", "c", "d"].map(str::to_owned).to_vec();
        let needs = BTreeMap::from([("a".to_owned(), needed.clone()), ("c".to_owned(), needed)]);
        assert_eq!(missing(lock, &needs).unwrap(), ["a needs c"]);
    }
}
