//! Folders of packages: `OWNER/TITLE/KIND/NAME`, each name but the last a number in hexadecimal.
//! `content export`, xenia-canary and consoles fill such folders; those of xenia have no owners.

use anyhow::{Context, Result, bail};
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use xenia::output::TEMPORARY_PREFIX;
use xenia::say::errln;
use xenia_kernel::user::profile::Xuid;

/// Numbers of digits in the names of the folders above a package.
const DIGITS: [usize; 3] = [16, 8, 8];
/// Depth of the folders of titles, and of those of kinds.
const TITLE: usize = 1;
const KIND: usize = 2;
/// Ids of titles begin with two letters of their publishers, so content types are smaller.
const FIRST_TITLE: u64 = 0x1000_0000;
/// Folder beside the kinds of a title in which xenia keeps what the title stores in profiles.
const SETTINGS: &str = "profile";
/// Content types that are left out: profiles, and installed titles, titles of the first Xbox and
/// Games on Demand, which consist of several files.
const LEFT_OUT: [u64; 4] = [super::PROFILE as u64, 0x4000, 0x5000, 0x7000];

/// Folder of the tree on a console's stick or disk, which has other files beside it.
const ON_A_STICK: &str = "Content";
/// Files and folders that macOS and Windows make on disks.
const OF_DESKTOPS: [&str; 9] = [
    ".DS_Store",
    ".Spotlight-V100",
    ".TemporaryItems",
    ".Trashes",
    ".fseventsd",
    "$RECYCLE.BIN",
    "desktop.ini",
    "System Volume Information",
    "Thumbs.db",
];
/// Beginning of the names of files in which macOS keeps attributes of others.
const ATTRIBUTES: &[u8] = b"._";

/// Whether a file or folder of this name belongs to the desktop of a host.
pub(super) fn is_of_desktop(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(ATTRIBUTES)
        || OF_DESKTOPS.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// A package or folder to import.
pub(super) struct Placed {
    pub(super) path: PathBuf,
    /// Meaning of the folders above it; `None` if the user named it.
    pub(super) ids: Option<PlaceIds>,
}

/// Owner, title and content type that the folders above a package name.
#[derive(Clone, Copy)]
pub(super) struct PlaceIds {
    /// The owner; `None` in a tree without owners.
    pub(super) owner: Option<Xuid>,
    pub(super) title: u32,
    pub(super) kind: u32,
}

/// The number in a folder's name at this depth of the tree.
fn id(name: &str, depth: usize) -> Option<u64> {
    let is_id = name.len() == *DIGITS.get(depth)? && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then(|| u64::from_str_radix(name, 16).ok()).flatten()
}

/// The packages in a folder that is such a tree, one below its root, or the root of a console's
/// stick; none if it is a package itself. Profiles, titles' settings in them, and titles in several
/// files are left out, with a warning.
///
/// # Errors
/// The folder has packages and other files, or only packages that are left out.
pub(super) fn packages_below(path: &Path) -> Result<Vec<Placed>> {
    let on_a_stick = packages_in_tree(&path.join(ON_A_STICK))?;
    if on_a_stick.is_empty() { packages_in_tree(path) } else { Ok(on_a_stick) }
}

/// The packages in a tree, or a part of one.
fn packages_in_tree(path: &Path) -> Result<Vec<Placed>> {
    let mut found = Tree::default();
    if !path.is_dir() {
        return Ok(found.packages);
    }
    let full = path.canonicalize().with_context(|| format!("cannot read {}", path.display()))?;
    let names: Vec<&str> = full.iter().rev().take(DIGITS.len()).filter_map(|name| name.to_str()).collect();
    // The longest part of the tree that the folder's own name and those above it can be.
    let ids_of = |known: usize| -> Option<Vec<Option<u64>>> {
        names[..known].iter().rev().enumerate().map(|(depth, name)| id(name, depth).map(Some)).collect()
    };
    let with_owner = (0..=names.len()).rev().filter_map(ids_of);
    let number = |index: usize, depth| names.get(index).and_then(|name| id(name, depth));
    let kind = number(0, KIND).filter(|&kind| kind < FIRST_TITLE);
    let of_kind = number(1, TITLE).filter(|&title| title >= FIRST_TITLE).zip(kind);
    let of_kind = of_kind.map(|(title, kind)| vec![None, Some(title), Some(kind)]);
    let of_title = number(0, TITLE).map(|title| vec![None, Some(title)]);
    for ids in with_owner.chain(of_kind).chain(of_title).chain([vec![None]]) {
        found = Tree::default();
        found.walk(path, &ids)?;
        if !found.packages.is_empty() || !found.left_out.is_empty() {
            break;
        }
    }
    let Tree { packages, left_out, other } = found;
    match (packages.first(), other.first(), left_out.first()) {
        (Some(package), Some(other), _) => {
            let package = package.path.display();
            let other = other.display();
            bail!("it has packages, such as {package}, and other files, such as {other}: name the packages")
        }
        (None, _, Some(left_out)) => {
            let left_out = left_out.display();
            let path = path.display();
            bail!(
                "profiles, titles' settings and installed titles, such as {left_out}, cannot be imported; \
                 if {path} is one package, rename it"
            )
        }
        _ => {}
    }
    for path in left_out {
        let path = path.display();
        errln!("xenia-rs: warning: {path}: profiles, titles' settings and installed titles are not imported");
    }
    Ok(packages)
}

#[derive(Default)]
struct Tree {
    packages: Vec<Placed>,
    /// Folders of settings, and of content types that are left out.
    left_out: Vec<PathBuf>,
    /// Files and folders that belong to no tree.
    other: Vec<PathBuf>,
}

impl Tree {
    /// Looks into a folder whose name and those above it have the numbers `ids`; the owner can be
    /// unknown.
    fn walk(&mut self, folder: &Path, ids: &[Option<u64>]) -> Result<()> {
        let cannot = || format!("cannot read {}", folder.display());
        let entries = std::fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let mut entries = entries.with_context(cannot)?;
        entries.sort_by_key(std::fs::DirEntry::file_name);
        // Temporary files and folders of a killed export are not packages.
        let is_whole = |name: &OsStr| !name.as_encoded_bytes().starts_with(TEMPORARY_PREFIX.as_bytes());
        let is_of_tree = |name: &OsStr| is_whole(name) && !is_of_desktop(name);
        for entry in entries.into_iter().filter(|entry| is_of_tree(&entry.file_name())) {
            let path = entry.path();
            if let &[owner, Some(title), Some(kind)] = ids {
                let owner = owner.map(Xuid);
                let ids = PlaceIds { owner, title: title as u32, kind: kind as u32 };
                self.packages.push(Placed { path, ids: Some(ids) });
                continue;
            }
            let name = entry.file_name();
            let is_folder = entry.file_type().with_context(cannot)?.is_dir();
            let is_of_title = is_folder && ids.len() == KIND;
            if is_of_title && name.eq_ignore_ascii_case(super::foreign_header::FOLDER) {
                continue;
            }
            if is_of_title && name.eq_ignore_ascii_case(SETTINGS) {
                self.left_out.push(path);
                continue;
            }
            match name.to_str().and_then(|name| id(name, ids.len())) {
                Some(kind) if is_of_title && LEFT_OUT.contains(&kind) => self.left_out.push(path),
                Some(id) if is_folder => self.walk(&path, &[ids, &[Some(id)]].concat())?,
                _ => self.other.push(path),
            }
        }
        Ok(())
    }
}
