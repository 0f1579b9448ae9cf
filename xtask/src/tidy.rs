//! Checks what the compiler can't: which crate may use which, that files open with a module doc,
//! that `unsafe` stays where the architecture allows it.

use anyhow::{Context, Result, bail};
use cargo_metadata::{DependencyKind, MetadataCommand};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Crate → workspace crates it may depend on. The table of docs/src/architecture.md; a new arrow
/// costs a row in both.
const ARROWS: &[(&str, &[&str])] = &[
    ("xenia-guest", &[]),
    ("xenia-isa", &["guest"]),
    ("xenia-memory", &["guest"]),
    ("xenia-sync", &[]),
    ("xenia-formats", &["guest"]),
    ("xenia-cpu", &["guest", "isa", "memory"]),
    ("xenia-jit", &["guest", "isa", "memory", "cpu"]),
    ("xenia-sched", &["guest", "memory", "cpu", "sync"]),
    ("xenia-kernel-macros", &[]),
    ("xenia-kernel", &["guest", "memory", "cpu", "sched", "sync", "formats", "kernel-macros"]),
    ("xenia-gpu", &["guest", "memory", "sync"]),
    ("xenia-render", &["guest", "gpu"]),
    ("xenia-jit-tests", &["guest", "isa", "memory", "cpu", "jit"]),
];

/// Files that may contain `unsafe`, by path prefix.
const UNSAFE_HOMES: &[&str] = &[
    "crates/xenia-memory/src/",
    "crates/xenia-sync/src/",
    "crates/xenia-jit/src/code_memory.rs",
    "crates/xenia-jit/src/enter.rs",
    "crates/xenia-jit/src/hooks.rs",
    "crates/xenia-jit/src/hooks/",
    "crates/xenia-render/src/",
];

/// Files longer than this need a reason; tables are exempt by name.
const MAX_LINES: usize = 900;
const LONG_TABLES: &[&str] = &["table.rs", "ordinals", "names.rs"];

/// Runs every check and reports all findings at once.
pub(crate) fn run() -> Result<()> {
    let mut findings = Vec::new();
    check_arrows(&mut findings)?;
    let mut sources = Vec::new();
    for root in ["crates", "fuzz/targets", "jit-tests/src", "benches", "xtask/src"] {
        collect(Path::new(root), &mut sources)?;
    }
    sources.sort();
    for path in &sources {
        let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        check_file(path, &text, &mut findings);
    }
    if findings.is_empty() {
        println!("tidy: {} files, no findings", sources.len());
        return Ok(());
    }
    for finding in &findings {
        println!("tidy: {finding}");
    }
    bail!("tidy found {} things to mend", findings.len())
}

fn check_arrows(findings: &mut Vec<String>) -> Result<()> {
    let metadata = MetadataCommand::new().no_deps().exec().context("cargo metadata")?;
    let allowed: BTreeMap<_, _> = ARROWS.iter().copied().collect();
    for package in &metadata.packages {
        let name = package.name.as_str();
        let Some(allowed) = allowed.get(name) else { continue };
        for dependency in &package.dependencies {
            let Some(target) = dependency.name.strip_prefix("xenia-") else { continue };
            if dependency.kind == DependencyKind::Normal && !allowed.contains(&target) {
                findings.push(format!("{name} must not depend on {}", dependency.name));
            }
        }
    }
    Ok(())
}

fn collect(folder: &Path, into: &mut Vec<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(folder).with_context(|| format!("listing {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, into)?;
        } else if path.extension().is_some_and(|e| e == "rs") {
            into.push(path);
        }
    }
    Ok(())
}

fn check_file(path: &Path, text: &str, findings: &mut Vec<String>) {
    let shown = path.display().to_string();
    if !text.starts_with("//!") {
        findings.push(format!("{shown}: no module doc at the top"));
    }
    let lines = text.lines().count();
    if lines > MAX_LINES && !LONG_TABLES.iter().any(|table| shown.contains(table)) {
        findings.push(format!("{shown}: {lines} lines; which noun is hiding?"));
    }
    let is_code = |line: &str| !line.trim_start().starts_with("//");
    let uses_unsafe = text.lines().any(|line| {
        is_code(line)
            && (line.contains("unsafe {") || line.contains("unsafe fn") || line.contains("unsafe impl"))
    });
    let at_home = UNSAFE_HOMES.iter().any(|home| shown.starts_with(home))
        || shown.contains("/tests/")
        || shown.contains("/examples/");
    if uses_unsafe && !at_home && !shown.starts_with("xtask") {
        findings.push(format!("{shown}: `unsafe` outside its homes"));
    }
    for word in ["todo!(", "unimplemented!(", "dbg!("] {
        if !shown.starts_with("xtask") && text.lines().any(|line| is_code(line) && line.contains(word)) {
            findings.push(format!("{shown}: {word})"));
        }
    }
}
