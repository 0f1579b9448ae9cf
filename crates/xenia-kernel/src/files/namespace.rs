//! Directories of the object namespace: kernel objects, devices and symbolic links by name, as one
//! tree.
//!
//! The tree is made for each query, from the tables that own the names: it is never stale, and the
//! work of a listing grows with the square of the number of names, which
//! [`Limit::Objects`](xenia_limits::Limit::Objects) bounds. A directory exists while it contains a
//! name; those of `ROOTS` always exist. Wine's tests of NT (`dlls/ntdll/tests/om.c`) are the source
//! of the statuses.

use super::Files;
use crate::objects::{ObjectKind, Objects};
use std::collections::BTreeMap;
use std::iter;
use xenia_guest::NtStatus;
use xenia_sync::Mutex;
use xenia_vfs::path;

/// Directory of the symbolic links, by the first of its names.
const DOS_DEVICES: &str = path::NAMESPACES[0];
/// Directory of the devices.
const DEVICES: &str = "Device";
/// Directory of the objects whose names give none, as on NT.
const NAMED_OBJECTS: &str = "BaseNamedObjects";
/// Directories that exist without contents.
const ROOTS: [&str; 3] = [DOS_DEVICES, DEVICES, NAMED_OBJECTS];

/// A name in a directory of the object namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamespaceEntry {
    /// The name, without those of the directories above it.
    pub name: String,
    /// Kind of the object.
    pub kind: ObjectKind,
}

/// The object namespace.
#[derive(Clone, Copy)]
pub struct Namespace<'k> {
    /// Named kernel objects.
    objects: &'k Objects,
    /// Devices and symbolic links.
    files: &'k Mutex<Files>,
}

impl<'k> Namespace<'k> {
    /// View of the tables that own the names.
    pub fn new(objects: &'k Objects, files: &'k Mutex<Files>) -> Self {
        Self { objects, files }
    }

    /// Lists a directory, sorted by name without case.
    ///
    /// # Errors
    /// The path of the directory leads nowhere, or to another object.
    pub fn list(&self, directory: &str) -> Result<Vec<NamespaceEntry>, NtStatus> {
        let wanted: Vec<&str> = match directory.strip_prefix('\\').unwrap_or(directory) {
            "" => Vec::new(),
            names => {
                let mut names = names.split('\\');
                names.next().map(root_name).into_iter().chain(names).collect()
            }
        };
        let mut lookup = DirectoryLookup::new(&wanted);
        for root in ROOTS {
            lookup.add(iter::once(root), ObjectKind::Directory);
        }
        self.objects.for_each_name(&mut |name, kind| {
            let mut names = name.split('\\').filter(|name| !name.is_empty());
            let root = if name.starts_with('\\') { names.next().map(root_name) } else { Some(NAMED_OBJECTS) };
            lookup.add(root.into_iter().chain(names), kind);
        });
        let files = self.files.lock();
        for device in files.vfs.mounted().chain(files.drivers.names()) {
            lookup.add(device.iter().map(String::as_str), ObjectKind::Device);
        }
        // A device whose files are a scratch disk's is a link to that disk.
        for name in files.device_names.values() {
            let names = path::split(name).unwrap_or_default();
            lookup.add(names.iter().map(String::as_str), ObjectKind::Device);
        }
        for link in files.vfs.linked() {
            let is_device = link.first().is_some_and(|first| first.eq_ignore_ascii_case(DEVICES));
            let root = if is_device { None } else { Some(DOS_DEVICES) };
            let names = link.iter().map(String::as_str);
            lookup.add(root.into_iter().chain(names), ObjectKind::SymbolicLink);
        }
        lookup.finish()
    }
}

/// Name of a directory below the root, the same for all names of one directory.
fn root_name(name: &str) -> &str {
    if path::NAMESPACES.iter().any(|other| other.eq_ignore_ascii_case(name)) { DOS_DEVICES } else { name }
}

/// Path from the root of the namespace of a name that is relative to an open directory, if one is
/// given.
///
/// # Errors
/// The name is relative without a directory, or absolute with one.
pub fn absolute_path(directory: Option<&str>, name: &str) -> Result<String, NtStatus> {
    match directory {
        None if name.starts_with('\\') => Ok(name.to_owned()),
        Some(directory) if name.is_empty() => Ok(directory.to_owned()),
        Some(directory) if !name.starts_with('\\') => {
            Ok(format!(r"{}\{name}", directory.trim_end_matches('\\')))
        }
        _ => Err(NtStatus::OBJECT_PATH_SYNTAX_BAD),
    }
}

/// A look-up of one directory among the paths of all names.
struct DirectoryLookup<'a> {
    /// Names of the directory's path.
    wanted: &'a [&'a str],
    /// Number of the first of these that are names of directories.
    depth: usize,
    /// Largest number of names before one that is another object's.
    object_at: Option<usize>,
    /// Contents of the directory, by lower-case name.
    entries: BTreeMap<String, NamespaceEntry>,
}

impl<'a> DirectoryLookup<'a> {
    fn new(wanted: &'a [&'a str]) -> Self {
        Self { wanted, depth: 0, object_at: None, entries: BTreeMap::new() }
    }

    /// Adds the path of an object.
    fn add<'p>(&mut self, path: impl Iterator<Item = &'p str>, kind: ObjectKind) {
        let mut names = path.peekable();
        let mut depth = 0;
        for wanted in self.wanted {
            if names.next_if(|name| name.eq_ignore_ascii_case(wanted)).is_none() {
                break;
            }
            if names.peek().is_none() && kind != ObjectKind::Directory {
                self.object_at = self.object_at.max(Some(depth));
                break;
            }
            depth += 1;
        }
        self.depth = self.depth.max(depth);
        if depth == self.wanted.len()
            && let Some(name) = names.next()
        {
            let kind = if names.peek().is_some() { ObjectKind::Directory } else { kind };
            let entry = NamespaceEntry { name: name.to_owned(), kind };
            self.entries.entry(name.to_ascii_lowercase()).or_insert(entry);
        }
    }

    /// The contents of the directory, or the reason why it does not exist.
    fn finish(self) -> Result<Vec<NamespaceEntry>, NtStatus> {
        let Self { wanted, depth, object_at, entries } = self;
        match wanted.get(depth) {
            None => Ok(entries.into_values().collect()),
            Some(&"") => Err(NtStatus::OBJECT_NAME_INVALID),
            Some(_) if object_at == Some(depth) => Err(NtStatus::OBJECT_TYPE_MISMATCH),
            Some(_) if depth + 1 == wanted.len() => Err(NtStatus::OBJECT_NAME_NOT_FOUND),
            Some(_) => Err(NtStatus::OBJECT_PATH_NOT_FOUND),
        }
    }
}
