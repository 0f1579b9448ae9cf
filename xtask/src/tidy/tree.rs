//! Checks file names: the top level of the repository has only the names listed here, and no name
//! looks like the result of a mistyped command.
//!
//! Only files that git tracks are checked.

use super::tracked_files;
use anyhow::Result;

/// All names at the top level.
const TOP: &[&str] = &[
    ".cargo",
    ".ci",
    ".clusterfuzzlite",
    ".devcontainer",
    ".editorconfig",
    ".github",
    ".gitignore",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "SECURITY.md",
    "_typos.toml",
    "benches",
    "clippy.toml",
    "crates",
    "deny.toml",
    "deploy",
    "docs",
    "fuzz",
    "golden",
    "guest",
    "jit-tests",
    "rust-toolchain.toml",
    "rustfmt.toml",
    "xtask",
];
/// Suffixes of files left by editors, merges and profilers.
const LEFTOVERS: &[&str] = &[".bak", ".log", ".orig", ".profraw", ".rej", ".swp", ".tmp"];

/// Checks the list of files from git.
pub(super) fn check(findings: &mut Vec<String>) -> Result<()> {
    let paths = tracked_files(&[])?;
    judge(&paths.iter().map(String::as_str).collect::<Vec<_>>(), findings);
    Ok(())
}

/// Checks both directions: an unused top-level name is a finding, too.
fn judge(paths: &[&str], findings: &mut Vec<String>) {
    let top = |path: &str| path.split('/').next().unwrap_or(path).to_owned();
    for path in paths {
        if !TOP.contains(&top(path).as_str()) {
            findings
                .push(format!("{path:?}: not one of the names at the top that xtask/src/tidy/tree.rs lists"));
        } else if !path.split('/').all(is_plain) {
            findings.push(format!(
                "{path:?}: an odd name: rename it, or remove it if a command made it by mistake"
            ));
        }
    }
    for name in TOP.iter().filter(|name| !paths.iter().any(|path| top(path) == **name)) {
        findings.push(format!("{name} is missing: remove its line in xtask/src/tidy/tree.rs"));
    }
}

/// Whether a name needs no quotes in a shell, is not a flag, and has no leftover suffix.
fn is_plain(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    name.bytes().all(plain) && !name.starts_with('-') && !LEFTOVERS.iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(more: &[&str]) -> Vec<String> {
        let mut findings = Vec::new();
        judge(&[TOP, more].concat(), &mut findings);
        findings
    }

    #[test]
    fn stray_files_are_found() {
        assert_eq!(found(&["docs/src/decisions/0001-a_b.md", "fuzz/.gitignore"]), Vec::<String>::new());
        for odd in
            ["-", "out", "notes/a.md", "docs/-", "docs/a b", "docs/a.md~", "guest/x.c.orig", "golden/é"]
        {
            let findings = found(&[odd]);
            assert!(matches!(&findings[..], [one] if one.starts_with(&format!("{odd:?}"))), "{findings:?}");
        }
        let mut findings = Vec::new();
        judge(&TOP[1..], &mut findings);
        assert_eq!(findings, [".cargo is missing: remove its line in xtask/src/tidy/tree.rs"]);
    }
}
