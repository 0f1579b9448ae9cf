//! Volumes: the files and directories of a disc image, package or archive.
//!
//! Readers add entries directory by directory. The limits common to all readers are enforced here:
//! invalid names, duplicate names, depth, and number of entries, so a cyclic directory terminates.
//! The contents of a file are a [`ReadAt`] and are only read on demand. Names are case-insensitive
//! and case-preserving.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::Verify;
use crate::error::{Reason, limited};
use crate::read_at::ReadAt;

/// Largest number of files and directories.
const MAX_ENTRIES: usize = 1 << 16;
/// Largest depth of directories.
const MAX_DEPTH: u64 = 64;
/// Longest name of a file or directory, in characters.
pub const MAX_NAME_LENGTH: usize = 255;

/// The files and directories of a disc image, package or archive.
#[derive(Debug)]
pub struct Volume {
    /// The first node is the root; the others are in the order of their addition.
    nodes: Vec<Node>,
    /// Value of [`Self::is_packed`].
    is_packed: bool,
    /// Value of [`Self::verify_contents`].
    verify_contents: Option<Verify>,
}

/// A directory of a volume under construction.
#[derive(Clone, Copy, Debug)]
pub struct Directory {
    node: usize,
    depth: u64,
}

/// A file or directory of a volume.
#[derive(Clone, Copy)]
pub struct VolumeEntry<'a> {
    /// Name as stored; empty for the root.
    pub name: &'a str,
    /// Contents of a file; `None` for a directory.
    pub contents: Option<&'a Arc<dyn ReadAt>>,
    /// Size in bytes; 0 for a directory.
    pub size: u64,
}

#[derive(Debug)]
struct Node {
    name: String,
    kind: Kind,
}

enum Kind {
    /// Nodes by upper-case name, the order of the trees of discs.
    Directory(BTreeMap<String, usize>),
    File(Arc<dyn ReadAt>, u64),
}

impl std::fmt::Debug for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Directory(names) => f.debug_tuple("Directory").field(names).finish(),
            Self::File(_, size) => f.debug_tuple("File").field(size).finish(),
        }
    }
}

impl Default for Volume {
    fn default() -> Self {
        Self {
            nodes: vec![Node { name: String::new(), kind: Kind::Directory(BTreeMap::new()) }],
            is_packed: false,
            verify_contents: None,
        }
    }
}

impl Volume {
    /// The root directory.
    pub const ROOT: Directory = Directory { node: 0, depth: 0 };

    /// Adds an empty directory.
    ///
    /// # Errors
    /// An invalid name or position; the caller adds the structure and offset.
    pub fn add_directory(&mut self, within: Directory, name: &str) -> Result<Directory, Reason> {
        let depth = within.depth + 1;
        limited("the depth of directories", depth, MAX_DEPTH)?;
        let node = self.add(within, name, Kind::Directory(BTreeMap::new()))?;
        Ok(Directory { node, depth })
    }

    /// Adds a file.
    ///
    /// # Errors
    /// As [`Self::add_directory`]; the size of the contents cannot be determined.
    pub fn add_file(
        &mut self,
        within: Directory,
        name: &str,
        contents: Arc<dyn ReadAt>,
    ) -> Result<(), Reason> {
        let size = contents.size()?;
        self.add(within, name, Kind::File(contents, size)).map(drop)
    }

    fn add(&mut self, within: Directory, name: &str, kind: Kind) -> Result<usize, Reason> {
        limited("the length of a name", name.chars().count() as u64, MAX_NAME_LENGTH as u64)?;
        if ["", ".", ".."].contains(&name) || name.contains(['/', '\\', '\0']) {
            return Err(Reason::Invalid(format!("{name:?} is not a valid file name").into()));
        }
        let new = self.nodes.len();
        limited("the number of files and directories", new as u64, MAX_ENTRIES as u64)?;
        match self.nodes.get_mut(within.node).map(|node| &mut node.kind) {
            Some(Kind::Directory(names)) => {
                if names.contains_key(&name.to_ascii_uppercase()) {
                    return Err(Reason::Invalid(format!("there are two entries called {name:?}").into()));
                }
                names.insert(name.to_ascii_uppercase(), new);
            }
            // A directory of another volume.
            _ => return Err(Reason::Invalid("there is no such directory".into())),
        }
        self.nodes.push(Node { name: name.to_owned(), kind });
        Ok(new)
    }

    /// Marks the volume's files as compressed: their total size can exceed the container's, up to
    /// the reader's limit.
    pub(crate) fn set_packed(&mut self) {
        self.is_packed = true;
    }

    /// Whether files are compressed, so that their total size can exceed the container's.
    pub const fn is_packed(&self) -> bool {
        self.is_packed
    }

    /// Marks the volume's checksums as not compared by reads, but by `verify`.
    pub(crate) fn set_unchecked(&mut self, verify: Verify) {
        self.verify_contents = Some(verify);
    }

    /// How to verify the contents of all files, if reads return damaged data without an error
    /// although the container has checksums.
    pub fn verify_contents(&self) -> Option<Verify> {
        self.verify_contents
    }

    /// Replaces the root by its only directory, if the root contains nothing else, as is common in
    /// archives.
    #[must_use]
    pub fn without_outer(self) -> Self {
        let only = match &self.nodes[0].kind {
            Kind::Directory(names) if names.len() == 1 => names.keys().next().cloned(),
            _ => None,
        };
        match only {
            Some(only) => self.rooted_in(&only),
            None => self,
        }
    }

    /// Replaces the root by the directory of this name in it, if there is one.
    #[must_use]
    pub fn rooted_in(mut self, name: &str) -> Self {
        let only = match &self.nodes[0].kind {
            Kind::Directory(names) => names.get(&name.to_ascii_uppercase()).copied(),
            Kind::File(..) => None,
        };
        let directory = only.and_then(|only| match &mut self.nodes.get_mut(only)?.kind {
            // Nodes refer to each other by number, so the directory's own nodes stay where they
            // are.
            Kind::Directory(names) => Some(std::mem::take(names)),
            Kind::File(..) => None,
        });
        if let Some(names) = directory {
            self.nodes[0].kind = Kind::Directory(names);
        }
        self
    }

    /// The file or directory at a path below the root; the empty path is the root.
    pub fn find(&self, path: &[impl AsRef<str>]) -> Option<VolumeEntry<'_>> {
        self.node(path).map(Node::entry)
    }

    /// Lists a directory, sorted by upper-case names; `None` if it is not a directory.
    pub fn list(&self, path: &[impl AsRef<str>]) -> Option<impl Iterator<Item = VolumeEntry<'_>>> {
        match &self.node(path)?.kind {
            Kind::Directory(names) => Some(names.values().map(|&node| self.nodes[node].entry())),
            Kind::File(..) => None,
        }
    }

    fn node(&self, path: &[impl AsRef<str>]) -> Option<&Node> {
        path.iter().try_fold(&self.nodes[0], |at, name| match &at.kind {
            Kind::Directory(names) => {
                names.get(&name.as_ref().to_ascii_uppercase()).map(|&node| &self.nodes[node])
            }
            Kind::File(..) => None,
        })
    }
}

impl Node {
    fn entry(&self) -> VolumeEntry<'_> {
        let (contents, size) = match &self.kind {
            Kind::Directory(_) => (None, 0),
            Kind::File(contents, size) => (Some(contents), *size),
        };
        VolumeEntry { name: &self.name, contents, size }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(text: &str) -> Arc<dyn ReadAt> {
        Arc::new(text.as_bytes().to_vec())
    }

    #[test]
    fn files_are_found_and_listed_without_case() {
        let mut volume = Volume::default();
        volume.add_file(Volume::ROOT, "b.TXT", bytes("four")).unwrap();
        let media = volume.add_directory(Volume::ROOT, "Media").unwrap();
        volume.add_file(media, "x", bytes("")).unwrap();
        volume.add_file(Volume::ROOT, "A.txt", bytes("six")).unwrap();
        let names: Vec<_> = volume.list(&[""; 0]).unwrap().map(|entry| (entry.name, entry.size)).collect();
        assert_eq!(names, [("A.txt", 3), ("b.TXT", 4), ("Media", 0)]);
        let found = volume.find(&["B.txt"]).unwrap();
        let mut read = [0; 8];
        assert_eq!(found.contents.unwrap().read_at(1, &mut read).unwrap(), 3);
        assert_eq!(&read[..3], b"our");
        assert_eq!(volume.find(&["media", "X"]).map(|entry| entry.name), Some("x"));
        assert_eq!(volume.find(&[""; 0]).map(|root| root.contents.is_none()), Some(true));
        for path in [&["media", "y"][..], &["a.txt", "x"], &["nothing"]] {
            assert!(volume.find(path).is_none() && volume.list(path).is_none(), "{path:?}");
        }
        assert!(volume.list(&["a.txt"]).is_none());
    }

    #[test]
    fn a_sole_outer_directory_is_removed() {
        let mut volume = Volume::default();
        let outer = volume.add_directory(Volume::ROOT, "Game").unwrap();
        let media = volume.add_directory(outer, "media").unwrap();
        volume.add_file(media, "x", bytes("1")).unwrap();
        volume.add_file(outer, "default.xex", bytes("22")).unwrap();
        let volume = volume.without_outer();
        let found: Vec<_> = volume.list(&[""; 0]).unwrap().map(|entry| (entry.name, entry.size)).collect();
        assert_eq!(found, [("default.xex", 2), ("media", 0)]);
        assert_eq!(volume.find(&["media", "x"]).unwrap().size, 1);
        assert!(volume.without_outer().find(&["default.xex"]).is_some(), "two are none");
    }

    #[test]
    fn volume_refuses_invalid_names_depth_and_entry_count() {
        let mut volume = Volume::default();
        volume.add_file(Volume::ROOT, "twin", bytes("")).unwrap();
        let long = "x".repeat(256);
        for name in ["", ".", "..", "a/b", "a\\b", "a\0", "TWIN", &long] {
            assert!(volume.add_file(Volume::ROOT, name, bytes("")).is_err(), "{name:?}");
            assert!(volume.add_directory(Volume::ROOT, name).is_err(), "{name:?}");
        }
        let mut at = Volume::ROOT;
        let refused = (1..100).find_map(|depth| match volume.add_directory(at, "d") {
            Ok(deeper) => {
                at = deeper;
                None
            }
            Err(error) => Some((depth, error.to_string())),
        });
        assert_eq!(refused, Some((65, "the depth of directories 0x41 exceeds the limit of 0x40".to_owned())));
        let full = (0..2 * MAX_ENTRIES).find(|n| volume.add_file(at, &n.to_string(), bytes("")).is_err());
        // The other entries are the duplicate and the 64 directories.
        assert_eq!(full, Some(MAX_ENTRIES - 65));
    }
}
