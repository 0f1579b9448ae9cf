//! Symbolic links that lead nowhere or out of the content folder: titles cannot see their targets,
//! and packages do not contain them.

use crate::cli::WhichArgs;
use std::fs;
use std::path::{Path, PathBuf};
use xenia_kernel::vfs::host_name;

/// Maximum number of entries examined in a package.
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

/// The folders above packages of the filters (`Content`, of owners, of titles, of types) that are
/// links which lead nowhere or out of `from`.
pub(super) fn above_packages(from: &Path, which: &WhichArgs) -> Vec<PathBuf> {
    let content = host_path(from, &["Content".to_owned()]);
    let mut links = links_out(from, &content, 3);
    links.retain(|link| link.strip_prefix(&content).is_ok_and(|below| can_hold(below, which)));
    links
}

/// Whether a folder, by its path below `Content`, can hold packages of the filters: IDs of the
/// owner, the title and the type are its names.
fn can_hold(below: &Path, which: &WhichArgs) -> bool {
    let owner = which.owner.map(|owner| owner.0);
    let filters = [(16, owner), (8, which.title_id.map(u64::from)), (8, which.kind.map(u64::from))];
    below.iter().zip(filters).all(|(name, (digits, wanted))| {
        let name = name.to_str().unwrap_or_default();
        let is_id = name.len() == digits && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_id && wanted.is_none_or(|wanted| u64::from_str_radix(name, 16) == Ok(wanted))
    })
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

#[cfg(test)]
mod tests {
    #[cfg(unix)]
    #[test]
    fn an_export_is_complete_if_links_hide_no_exported_package() {
        use super::super::tests::{run, save_in};
        use super::*;
        use xenia_cli::Code;

        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
        save_in(&at("one"));
        let content = Path::new(&at("one")).join("Content");
        let owner = fs::read_dir(&content).unwrap().next().unwrap().unwrap().path();
        let export = |to: &str, more: &[&str]| {
            run(&[&["export", &at(to), "--content", &at("one")], more].concat()).unwrap()
        };
        let link = |at: &Path| std::os::unix::fs::symlink(dir.path(), at).unwrap();
        link(&content.join("notes"));
        link(&owner.join(".Trash"));
        assert_eq!(export("a", &[]), Code::Done);
        link(&owner.join("12345678"));
        assert_eq!(export("b", &[]), Code::Unusable);
        assert_eq!(export("c", &["--title-id", "4D5307D1"]), Code::Done);
        assert_eq!(export("d", &["Save 1"]), Code::Done);
        assert_eq!(export("e", &["--title-id", "12345678"]), Code::Unusable);
    }
}
