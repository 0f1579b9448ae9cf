//! Folders that `content export` has filled: `OWNER/TITLE/KIND/NAME`, each name but the last a
//! number in hexadecimal.

use anyhow::{Context, Result, bail};
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use xenia::output::DRAFT_PREFIX;
use xenia_kernel::user::profile::Xuid;

/// Numbers of digits in the names of the folders above a package.
const DIGITS: [usize; 3] = [16, 8, 8];

/// A package or folder to import.
pub(super) struct Placed {
    pub(super) path: PathBuf,
    /// Meaning of the folders above it; `None` if the user named it.
    pub(super) ids: Option<PlaceIds>,
}

/// Owner, title and content type that the folders above a package name.
#[derive(Clone, Copy)]
pub(super) struct PlaceIds {
    pub(super) owner: Xuid,
    pub(super) title: u32,
    pub(super) kind: u32,
}

/// The number in a folder's name at this depth of the tree.
fn id(name: &str, depth: usize) -> Option<u64> {
    let is_id = name.len() == *DIGITS.get(depth)? && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then(|| u64::from_str_radix(name, 16).ok()).flatten()
}

/// The packages in a folder that is such a tree, or one below its root; none if it is a package
/// itself.
///
/// # Errors
/// The folder has packages and other files.
pub(super) fn packages_below(path: &Path) -> Result<Vec<Placed>> {
    let mut found = Tree::default();
    if !path.is_dir() {
        return Ok(found.packages);
    }
    let full = path.canonicalize().with_context(|| format!("cannot read {}", path.display()))?;
    let names: Vec<&str> = full.iter().rev().take(DIGITS.len()).filter_map(|name| name.to_str()).collect();
    // The longest part of the tree that the folder's own name and those above it can be.
    for known in (0..=names.len()).rev() {
        let above = names[..known].iter().rev().enumerate();
        let Some(ids) = above.map(|(depth, name)| id(name, depth)).collect() else { continue };
        found = Tree::default();
        found.walk(path, &ids)?;
        if !found.packages.is_empty() {
            break;
        }
    }
    match found.other.first() {
        Some(other) if !found.packages.is_empty() => {
            let other = other.display();
            let package = found.packages[0].path.display();
            bail!("it has packages, such as {package}, and other files, such as {other}: name the packages")
        }
        _ => Ok(found.packages),
    }
}

#[derive(Default)]
struct Tree {
    packages: Vec<Placed>,
    /// Files and folders that belong to no tree.
    other: Vec<PathBuf>,
}

impl Tree {
    /// Looks into a folder whose name and those above it have the numbers `ids`.
    fn walk(&mut self, folder: &Path, ids: &Vec<u64>) -> Result<()> {
        let cannot = || format!("cannot read {}", folder.display());
        let entries = std::fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let mut entries = entries.with_context(cannot)?;
        entries.sort_by_key(std::fs::DirEntry::file_name);
        // A temporary file or folder of an export that was killed is none of its packages.
        let is_whole = |name: &OsStr| !name.as_encoded_bytes().starts_with(DRAFT_PREFIX.as_bytes());
        for entry in entries.into_iter().filter(|entry| is_whole(&entry.file_name())) {
            let path = entry.path();
            if let &[owner, title, kind] = ids.as_slice() {
                let ids = PlaceIds { owner: Xuid(owner), title: title as u32, kind: kind as u32 };
                self.packages.push(Placed { path, ids: Some(ids) });
                continue;
            }
            let is_folder = entry.file_type().with_context(cannot)?.is_dir();
            match entry.file_name().to_str().and_then(|name| id(name, ids.len())) {
                Some(id) if is_folder => self.walk(&path, &[&ids[..], &[id]].concat())?,
                _ => self.other.push(path),
            }
        }
        Ok(())
    }
}
