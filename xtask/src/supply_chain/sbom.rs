//! `cargo xtask sbom`: lists all packages that the program is made of, as CycloneDX 1.5 in JSON.
//!
//! The same tree gives the same bytes: no time, no serial number, all lists sorted by name.
//! <https://cyclonedx.org/docs/1.5/json/>

use super::lock::Lock;
use super::{RULES, Rules, metadata};
use crate::files;
use anyhow::{Context, Result};
use cargo_metadata::{DependencyKind, Metadata, Package, PackageId};
use clap::Args;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// Package of the program.
const PROGRAM: &str = "xenia-rs";

/// Arguments of `cargo xtask sbom`.
#[derive(Debug, Args)]
pub(crate) struct SbomArgs {
    /// File to write.
    #[arg(long, value_name = "FILE", value_parser = crate::arguments::output(), default_value = "target/sbom.cdx.json")]
    out: PathBuf,
}

/// Writes the list.
pub(crate) fn sbom(args: &SbomArgs) -> Result<()> {
    let rules = Rules::read(RULES)?;
    let target = rules.targets().next().with_context(|| format!("{RULES} names no target"))?;
    let bill = bill(&metadata(target)?, &Lock::read()?)?;
    let count = bill["components"].as_array().map_or(0, Vec::len);
    let text = serde_json::to_string_pretty(&bill)? + "\n";
    files::write(&args.out, text)?;
    println!("{}: {count} components", args.out.display());
    Ok(())
}

/// The package URL.
fn purl(package: &Package) -> String {
    format!("pkg:cargo/{}@{}", package.name, package.version)
}

fn bill(metadata: &Metadata, lock: &Lock) -> Result<Value> {
    let packages: BTreeMap<&PackageId, &Package> =
        metadata.packages.iter().map(|package| (&package.id, package)).collect();
    let nodes = &metadata.resolve.as_ref().context("cargo resolved nothing")?.nodes;
    // Packages that are compiled into the program or run during the build; not those that only
    // tests use.
    let built: BTreeMap<&PackageId, BTreeSet<&PackageId>> = nodes
        .iter()
        .map(|node| {
            let wanted = node.deps.iter().filter(|dependency| {
                dependency.dep_kinds.iter().any(|kind| kind.kind != DependencyKind::Development)
            });
            (&node.id, wanted.map(|dependency| &dependency.pkg).collect())
        })
        .collect();
    let program = metadata.packages.iter().find(|package| package.name == PROGRAM);
    let program = program.with_context(|| format!("no package {PROGRAM}"))?;
    let mut found = BTreeSet::new();
    let mut open = vec![&program.id];
    while let Some(id) = open.pop() {
        if found.insert(id) {
            open.extend(built.get(id).into_iter().flatten());
        }
    }
    let mut components = BTreeMap::new();
    let mut dependencies = BTreeMap::new();
    for id in found {
        let package = packages.get(id).with_context(|| format!("no package {id}"))?;
        let below: BTreeSet<String> =
            built[id].iter().filter_map(|id| packages.get(id)).map(|package| purl(package)).collect();
        dependencies.insert(purl(package), below);
        if *id != program.id {
            components.insert(purl(package), component(package, "library", lock));
        }
    }
    let dependencies: Vec<Value> =
        dependencies.into_iter().map(|(of, on)| json!({ "ref": of, "dependsOn": on })).collect();
    Ok(json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": { "component": component(program, "application", lock) },
        "components": components.into_values().collect::<Vec<_>>(),
        "dependencies": dependencies,
    }))
}

fn component(package: &Package, kind: &str, lock: &Lock) -> Value {
    let version = package.version.to_string();
    let mut component = json!({
        "type": kind,
        "bom-ref": purl(package),
        "name": package.name.as_str(),
        "version": version,
        "purl": purl(package),
    });
    if let Some(license) = &package.license {
        // Old manifests write `/` where SPDX has `OR`.
        let expression = license.replace(" / ", " OR ").replace('/', " OR ");
        component["licenses"] = json!([{ "expression": expression }]);
    }
    if let Some(sha256) = lock.checksum(&package.name, &version) {
        component["hashes"] = json!([{ "alg": "SHA-256", "content": sha256 }]);
    }
    component
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bill_is_closed_and_without_tests() {
        let lock = std::fs::read_to_string("../Cargo.lock").unwrap();
        let mut command = cargo_metadata::MetadataCommand::new();
        command
            .other_options(["--locked".to_owned(), "--filter-platform=x86_64-unknown-linux-gnu".to_owned()]);
        let bill = bill(&command.exec().unwrap(), &Lock::parse(&lock).unwrap()).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let components = bill["components"].as_array().unwrap();
        let names: BTreeSet<String> = components.iter().map(|one| text(&one["name"])).collect();
        assert!(names.contains("xenia-jit") && names.contains("cranelift-codegen"));
        assert!(!names.contains("proptest") && !names.contains(PROGRAM), "tests, or the program twice");
        let mut known: BTreeSet<String> = components.iter().map(|one| text(&one["bom-ref"])).collect();
        known.insert(text(&bill["metadata"]["component"]["bom-ref"]));
        for dependency in bill["dependencies"].as_array().unwrap() {
            assert!(known.contains(&text(&dependency["ref"])));
            for on in dependency["dependsOn"].as_array().unwrap() {
                assert!(known.contains(&text(on)), "{on}");
            }
        }
        for outside in components.iter().filter(|one| !text(&one["name"]).starts_with("xenia")) {
            assert_eq!(text(&outside["hashes"][0]["content"]).len(), 64, "{outside}");
        }
    }
}
