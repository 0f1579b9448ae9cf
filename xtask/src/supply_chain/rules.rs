//! Reader of deny.toml: licences, duplicates and targets, with cargo-deny's semantics.

use crate::files;
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use spdx::{Expression, Licensee, ParseMode};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Deserialize)]
struct File {
    graph: Graph,
    licenses: Licenses,
    bans: Bans,
}

#[derive(Debug, Deserialize)]
struct Graph {
    targets: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Licenses {
    allow: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Bans {
    skip: Vec<Skip>,
}

/// A version that is allowed besides another.
#[derive(Debug, Deserialize)]
struct Skip {
    /// The package, as `name@version`.
    #[serde(rename = "crate")]
    package: String,
    /// The package that requires it.
    reason: String,
}

/// The rules of deny.toml that the step checks.
#[derive(Debug)]
pub(super) struct Rules {
    targets: Vec<String>,
    allowed: Vec<Licensee>,
    skip: BTreeSet<String>,
}

impl Rules {
    /// Reads the rules from a file.
    pub(super) fn read(path: &str) -> Result<Self> {
        Self::parse(&files::read_text(path)?).with_context(|| path.to_owned())
    }

    fn parse(text: &str) -> Result<Self> {
        let File { graph, licenses, bans } = toml::from_str(text)?;
        let parse = |name: &String| {
            Licensee::parse(name).map_err(|error| anyhow::anyhow!("`{name}` is not a licence: {error}"))
        };
        let allowed = licenses.allow.iter().map(parse).collect::<Result<_>>()?;
        if let Some(bare) = bans.skip.iter().find(|skip| skip.reason.is_empty()) {
            bail!("no reason for {}", bare.package);
        }
        let skip = bans.skip.into_iter().map(|skip| skip.package).collect();
        Ok(Self { targets: graph.targets, allowed, skip })
    }

    /// The targets to check.
    pub(super) fn targets(&self) -> impl Iterator<Item = &str> {
        self.targets.iter().map(String::as_str)
    }

    /// Checks whether a licence is allowed: an expression as in manifests, with `/` for `OR` in old
    /// ones.
    ///
    /// # Errors
    /// The reason why it is not allowed.
    pub(super) fn license(&self, expression: Option<&str>) -> Result<(), String> {
        let text = expression.ok_or("its manifest names no licence")?;
        let parsed = Expression::parse_mode(text, ParseMode::LAX)
            .map_err(|error| format!("`{text}` is not a licence expression: {}", error.reason))?;
        if parsed.evaluate(|wanted| self.allowed.iter().any(|allowed| allowed.satisfies(wanted))) {
            Ok(())
        } else {
            Err(format!("licensed under {text}"))
        }
    }

    /// Packages with several versions, except the newest and the skipped ones; and skip entries
    /// that match nothing.
    pub(super) fn duplicates(&self, there: &BTreeSet<(&str, String)>) -> Vec<String> {
        let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (name, version) in there {
            versions.entry(name).or_default().push(version);
        }
        let mut findings = Vec::new();
        let mut met = BTreeSet::new();
        for (name, versions) in versions.iter().filter(|(_, versions)| versions.len() > 1) {
            let full = versions.iter().map(|version| format!("{name}@{version}"));
            let (skipped, rest): (Vec<_>, Vec<_>) = full.partition(|full| self.skip.contains(full));
            met.extend(skipped);
            if rest.len() > 1 {
                findings.push(format!("{}: in several versions", rest.join(", ")));
            }
        }
        findings
            .extend(self.skip.difference(&met).map(|skip| format!("{skip}: skipped, but not there twice")));
        findings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "[graph]\ntargets = [\"x\"]\n[licenses]\nallow = [\"MIT\", \"Apache-2.0 WITH LLVM-exception\"]\n\
                        [bans]\nskip = [{ crate = \"a@1.0.0\", reason = \"b\" }]\n";

    #[test]
    fn licence_expressions_are_judged_by_the_permitted_ones() {
        let rules = Rules::parse(TEXT).unwrap();
        for good in ["MIT", "MIT/Apache-2.0", "GPL-3.0-only OR MIT", "Apache-2.0 WITH LLVM-exception"] {
            assert_eq!(rules.license(Some(good)), Ok(()), "{good}");
        }
        for bad in ["Apache-2.0", "MIT AND GPL-3.0-only", "no licence", ""] {
            assert!(rules.license(Some(bad)).is_err(), "{bad}");
        }
        assert!(rules.license(None).is_err());
    }

    #[test]
    fn a_second_version_needs_a_line_and_a_line_a_second_version() {
        let rules = Rules::parse(TEXT).unwrap();
        let find = |there: &[(&'static str, &str)]| {
            rules.duplicates(&there.iter().map(|&(name, version)| (name, version.to_owned())).collect())
        };
        assert!(find(&[("a", "1.0.0"), ("a", "2.0.0"), ("b", "1.0.0")]).is_empty());
        assert_eq!(find(&[("a", "2.0.0")]), ["a@1.0.0: skipped, but not there twice"]);
        let three = find(&[("a", "1.0.0"), ("a", "2.0.0"), ("a", "3.0.0")]);
        assert_eq!(three, ["a@2.0.0, a@3.0.0: in several versions"]);
    }

    #[test]
    fn rules_need_reasons_and_known_licences() {
        assert!(Rules::parse(&TEXT.replace("\"b\"", "\"\"")).is_err());
        assert!(Rules::parse(&TEXT.replace("MIT", "no such licence")).is_err());
    }
}
