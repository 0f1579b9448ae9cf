//! Supply-chain checks: sources, licences and duplicates of dependencies, lock files of the
//! workspaces beside ours, and the list of packages of a build.
//!
//! The rules are cargo-deny's, in its file deny.toml: the step checks licences, duplicates and
//! sources without a tool that newcomers would have to compile for minutes. Advisories need a
//! database from the network, so they are left to cargo-deny itself: `cargo deny check`.

mod lock;
mod rules;
mod sbom;
mod stale_locks;

pub(crate) use sbom::{SbomArgs, sbom};

use anyhow::{Context, Result, bail};
use cargo_metadata::{Metadata, MetadataCommand, Package};
use lock::Lock;
use rules::Rules;
use std::collections::{BTreeMap, BTreeSet};

/// The rules file.
const RULES: &str = "deny.toml";

/// Cargo's metadata of the workspace and its dependencies, for one target.
fn metadata(target: &str) -> Result<Metadata> {
    let platform = format!("--filter-platform={target}");
    let mut command = MetadataCommand::new();
    command.other_options(["--locked".to_owned(), platform]);
    command.exec().context("cargo metadata")
}

/// Checks the other lock files, and all packages by the rules.
pub(crate) fn check() -> Result<()> {
    stale_locks::check()?;
    let rules = Rules::read(RULES)?;
    let lock = Lock::read()?;
    let mut findings = BTreeSet::new();
    let mut packages = BTreeMap::new();
    for target in rules.targets() {
        let all = metadata(target)?;
        // Only packages that the target needs are in the resolved graph.
        let nodes: BTreeSet<_> =
            all.resolve.context("cargo resolved nothing")?.nodes.into_iter().map(|node| node.id).collect();
        packages.extend(
            all.packages
                .into_iter()
                .filter(|package| nodes.contains(&package.id))
                .map(|package| (package.id.clone(), package)),
        );
    }
    let outside: Vec<&Package> = packages.values().filter(|package| package.source.is_some()).collect();
    for package in &outside {
        let name = format!("{}@{}", package.name, package.version);
        if let Err(why) = rules.license(package.license.as_deref()) {
            findings.insert(format!("{name}: {why}"));
        }
        if let Some(source) = &package.source
            && !source.repr.starts_with("registry+")
        {
            findings.insert(format!("{name}: from {source}, not from a registry"));
        }
        if lock.checksum(&package.name, &package.version.to_string()).is_none() {
            findings.insert(format!("{name}: Cargo.lock has no checksum for it"));
        }
    }
    let there = outside.iter().map(|package| (package.name.as_str(), package.version.to_string()));
    findings.extend(rules.duplicates(&there.collect()));
    if !findings.is_empty() {
        let list: Vec<String> = findings.into_iter().collect();
        bail!("{RULES} does not allow:\n  {}", list.join("\n  "));
    }
    println!("supply chain: {} packages from outside, all as {RULES} allows", outside.len());
    println!(
        "supply chain: known vulnerabilities are looked up by `cargo deny check advisories`, over the network"
    );
    Ok(())
}
