//! Symbolic links that lead nowhere or out of the content folder: titles and packages do not have
//! what is behind them.

use std::fs;
use std::path::{Path, PathBuf};
use xenia_kernel::vfs::host_name;

/// Most entries of a package that are looked at.
const MAX_ENTRIES: usize = 0x1_0000;

/// The host's path of `names` below the folder `from`; the case of letters may differ.
pub(in crate::commands) fn host_path(from: &Path, names: &[String]) -> PathBuf {
    names.iter().fold(from.to_owned(), |at, name| {
        let name = &*host_name(name);
        let exact = at.join(name);
        if exact.symlink_metadata().is_ok() {
            return exact;
        }
        let entries = fs::read_dir(&at).into_iter().flatten().flatten().map(|entry| entry.file_name());
        let mut entries =
            entries.filter(|entry| entry.to_str().is_some_and(|e| e.eq_ignore_ascii_case(name)));
        entries.next().map_or(exact, |entry| at.join(entry))
    })
}

/// The folders above packages (`Content`, of owners, of titles, of types) that are links which lead
/// nowhere or out of `from`.
pub(super) fn above_packages(from: &Path) -> Vec<PathBuf> {
    links_out(from, &host_path(from, &["Content".to_owned()]), 3)
}

/// The links at or below `path` that lead nowhere or out of `from`, in the order of their paths.
pub(super) fn that_lead_out(from: &Path, path: &Path) -> Vec<PathBuf> {
    links_out(from, path, u32::MAX)
}

/// As [`that_lead_out`], in at most `depth` levels of folders below `path`.
fn links_out(from: &Path, path: &Path, depth: u32) -> Vec<PathBuf> {
    let Ok(root) = from.canonicalize() else { return Vec::new() };
    let mut links = Vec::new();
    let mut ahead = vec![(path.to_owned(), depth)];
    let mut entries = 0;
    while let Some((path, depth)) = ahead.pop().filter(|_| entries < MAX_ENTRIES) {
        entries += 1;
        let Ok(metadata) = path.symlink_metadata() else { continue };
        if metadata.is_symlink() {
            let is_within = path.canonicalize().is_ok_and(|target| target.starts_with(&root));
            links.extend((!is_within).then_some(path));
        } else if let Some(depth) = depth.checked_sub(1).filter(|_| metadata.is_dir()) {
            let inside = fs::read_dir(&path).into_iter().flatten().flatten();
            ahead.extend(inside.map(|entry| (entry.path(), depth)));
        }
    }
    links.sort();
    links
}
