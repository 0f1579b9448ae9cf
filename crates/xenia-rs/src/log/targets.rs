//! Targets: the names of parts of the log, for `--log`.
//!
//! Log statements without an explicit target, including those of libraries, have the name of their
//! module (`xenia_jit::code::store`).

use super::LIBRARIES;
use anyhow::{Result, bail};
use tracing_subscriber::filter::Targets;
use xenia::wording::nearest::nearest;

/// Explicit targets, and a description of each.
pub const TARGETS: [(&str, &str); 11] = [
    ("achievements", "unlocked achievements"),
    ("dialog", "messages of the console's dialogs"),
    ("gpu", "the graphics chip, and its backend"),
    ("guest", "the title's text"),
    ("kernel", "kernel calls, limits, missing functions"),
    ("memory", "host memory that could not be allocated"),
    ("pads", "controllers"),
    ("popups", "the title's pop-ups"),
    ("sched", "threads, deadlocks"),
    ("vfs", "files, disks, saves, packages"),
    ("watchdog", "machines that make no progress"),
];

/// Prefix of this project's crates.
const CRATES: &str = "xenia";
/// Libraries that log, in addition to those limited to errors.
const OTHERS: [&str; 9] = [
    "calloop",
    "gpu_allocator",
    "mio",
    "pulseaudio",
    "smithay_client_toolkit",
    "wayland_sys",
    "wgpu",
    "wgpu_types",
    "xkbcommon_dl",
];

/// Refuses a filter with an unknown target, which would have no effect.
pub fn check(filter: &Targets) -> Result<()> {
    for (target, _) in filter {
        let root = target.split("::").next().unwrap_or(target);
        let mut names = TARGETS.iter().map(|(name, _)| *name);
        if root.starts_with(CRATES) || names.any(|name| name == root) {
            continue;
        }
        if LIBRARIES.contains(&root) || OTHERS.contains(&root) {
            continue;
        }
        let names = || TARGETS.iter().map(|(name, _)| *name);
        let meant =
            nearest(root, names()).map_or_else(String::new, |name| format!(" (did you mean {name}?)"));
        let all = names().collect::<Vec<_>>().join(", ");
        bail!(
            "nothing is logged as {target:?}{meant}; there are {all}, and modules such as xenia_jit::code::store"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::{Path, PathBuf};

    fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, into);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                into.push(path);
            }
        }
    }

    #[test]
    fn the_table_has_the_targets_of_the_sources_and_the_book_has_the_table() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut files = Vec::new();
        for entry in std::fs::read_dir(root.join("crates")).unwrap() {
            sources(&entry.unwrap().path().join("src"), &mut files);
        }
        let mut used = BTreeSet::from([crate::log::GUEST.to_owned(), crate::log::ACHIEVEMENTS.to_owned()]);
        for file in &files {
            let text = std::fs::read_to_string(file).unwrap();
            let named = text.split("target: \"").skip(1).filter_map(|rest| rest.split('"').next());
            used.extend(named.filter(|name| !name.is_empty()).map(str::to_owned));
        }
        let listed: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(used, listed);
        let book = std::fs::read_to_string(root.join("docs/src/using/running.md")).unwrap();
        for (name, what) in TARGETS {
            assert!(book.contains(&format!("| `{name}` | {what} |")), "{name} in running.md");
        }
    }

    #[test]
    fn unknown_log_targets_are_rejected() {
        let checked = |text: &str| check(&text.parse().unwrap()).map_err(|error| error.to_string());
        for known in
            ["kernel=debug", "debug", "xenia_jit::code::store=trace,winit=warn", "wgpu_core::device=info"]
        {
            assert_eq!(checked(known), Ok(()), "{known}");
        }
        let wrong = checked("kernal=debug").unwrap_err();
        assert!(wrong.contains("(did you mean kernel?)") && wrong.contains("watchdog"), "{wrong}");
        assert!(
            checked("gpu=off,nosuch=debug").unwrap_err().starts_with("nothing is logged as \"nosuch\"; ")
        );
    }
}
