//! Memory device: a scratch disk that lasts as long as the machine.
//!
//! Only allocation units that were written are stored. The disk's limit counts all units of a
//! file's length, as long as the file or a handle to it exists, so the host never stores more than
//! the limit.

mod contents;
pub(super) mod state;

use super::raw_partition::RawPartition;
use super::{DeviceState, Entry, Existing, FileData, FileDevice, OpenMode, VolumeProperties, sort};
use crate::path::{MAX_FATX_NAME, MAX_NAMES, Pattern};
use crate::space::{Space, UNIT};
use crate::{SavedBytes, Stamp, VfsError, VfsResult};
use contents::{Contents, SharedContents};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use xenia_limits::{Limit, ResourceLimits};
use xenia_state::{Impossible, Unsaveable};

#[derive(Debug)]
struct Node {
    name: String,
    /// `None` for a directory.
    contents: Option<SharedContents>,
    stamp: Stamp,
}

/// A device with files in host memory.
#[derive(Debug)]
pub struct MemoryDevice {
    /// Files and directories by lower-case path; the root has no node.
    nodes: BTreeMap<Vec<String>, Node>,
    /// Host memory taken by all paths.
    path_bytes: u64,
    space: Arc<Mutex<Space>>,
    /// Files that were removed while open. Some may be closed already.
    nameless: Vec<Weak<Mutex<Contents>>>,
    /// Restored files without a name, until their users reopen them.
    restored: Vec<SharedContents>,
    /// Number of the next file.
    next_number: u64,
    /// The raw partition.
    partition: RawPartition,
    limits: Arc<ResourceLimits>,
}

/// Approximate host memory taken by a path: each name is a separate allocation.
fn cost(path: &[String]) -> u64 {
    path.iter().map(|name| (name.len() + 2 * size_of::<String>()) as u64).sum()
}

fn key(path: &[String]) -> Vec<String> {
    path.iter().map(|name| name.to_ascii_lowercase()).collect()
}

impl MemoryDevice {
    /// An empty device for at most `limit` bytes, counted in allocation units; refusals are counted
    /// in `limits`.
    pub fn new(limit: u64, limits: Arc<ResourceLimits>) -> Self {
        let space = Arc::new(Mutex::new(Space::new(limit, limits.clone())));
        let partition = RawPartition::new(limit, space.clone());
        Self {
            nodes: BTreeMap::new(),
            path_bytes: 0,
            space,
            nameless: Vec::new(),
            restored: Vec::new(),
            next_number: 0,
            partition,
            limits,
        }
    }

    fn node(&self, path: &[String]) -> VfsResult<&Node> {
        let key = key(path);
        match self.nodes.get(&key) {
            Some(node) => Ok(node),
            None => Err(self.missing(&key)),
        }
    }

    /// The error for a path without a node.
    fn missing(&self, key: &[String]) -> VfsError {
        match key.split_last() {
            Some((_, [])) | None => VfsError::NotFound,
            Some((_, parent)) => match self.nodes.get(parent) {
                Some(Node { contents: None, .. }) => VfsError::NotFound,
                _ => VfsError::PathNotFound,
            },
        }
    }

    fn insert(&mut self, path: &[String], contents: Option<SharedContents>) -> VfsResult<()> {
        let key = key(path);
        let Some(name) = path.last() else { return Err(VfsError::Exists) };
        if self.nodes.contains_key(&key) {
            return Err(VfsError::Exists);
        }
        // `NotFound` means that only the last name is missing, and its directory exists.
        if self.missing(&key) != VfsError::NotFound {
            return Err(VfsError::PathNotFound);
        }
        self.limits.admit(Limit::ScratchEntries, self.nodes.len()).map_err(|_| VfsError::Full)?;
        self.admit_paths(cost(&key))?;
        self.path_bytes += cost(&key);
        self.nodes.insert(key, Node { name: name.clone(), contents, stamp: Stamp::default() });
        Ok(())
    }

    /// Keeps track of a node that was removed, if its file is open.
    fn note_removed(&mut self, node: Node) {
        self.nameless.retain(|contents| contents.strong_count() > 0);
        self.nameless.extend(node.contents.as_ref().map(Arc::downgrade));
    }

    /// Checks the limit on the host memory taken by paths.
    fn admit_paths(&self, more: u64) -> VfsResult<()> {
        self.limits.admit_amount(Limit::ScratchPathBytes, self.path_bytes, more).map_err(|_| VfsError::Full)
    }

    fn children(&self, parent: &[String]) -> impl Iterator<Item = &Node> {
        let depth = parent.len() + 1;
        let parent = key(parent);
        self.nodes
            .range(parent.clone()..)
            // Paths are ordered by their names, so all below `parent` follow it.
            .take_while(move |(path, _)| path.starts_with(&parent))
            .filter(move |(path, _)| path.len() == depth)
            .map(|(_, node)| node)
    }

    /// Fails unless a path is that of a directory.
    fn check_directory(&self, path: &[String]) -> VfsResult<()> {
        let is_file = !path.is_empty() && self.node(path)?.contents.is_some();
        if is_file { Err(VfsError::NotDirectory) } else { Ok(()) }
    }
}

fn entry(node: &Node) -> Entry {
    Entry {
        name: node.name.clone(),
        directory: node.contents.is_none(),
        size: node.contents.as_ref().map_or(0, |contents| contents.lock().size),
        read_only: false,
        stamp: node.stamp,
    }
}

impl FileDevice for MemoryDevice {
    fn volume(&self) -> VolumeProperties {
        // The lock ends here: writers of the partition take it under the partition's own.
        let (limit, used) = {
            let space = self.space.lock();
            (space.limit, space.used)
        };
        let volume = VolumeProperties {
            file_system: VolumeProperties::FATX,
            total_units: limit / UNIT as u64,
            free_units: limit.saturating_sub(used) / UNIT as u64,
            name_length: MAX_FATX_NAME as u32,
            read_only: false,
            ..VolumeProperties::DISC
        };
        volume.formatted_as(&self.partition)
    }

    fn find(&self, path: &[String]) -> VfsResult<Entry> {
        if path.is_empty() {
            return Ok(Entry {
                name: String::new(),
                directory: true,
                size: 0,
                read_only: false,
                stamp: Stamp::default(),
            });
        }
        self.node(path).map(entry)
    }

    fn list(&self, path: &[String]) -> VfsResult<Vec<Entry>> {
        self.check_directory(path)?;
        let mut entries: Vec<_> = self.children(path).map(entry).collect();
        sort(&mut entries);
        Ok(entries)
    }

    fn list_matching(&self, path: &[String], pattern: &Pattern) -> VfsResult<Vec<Entry>> {
        self.check_directory(path)?;
        let matching = self.children(path).filter(|node| pattern.matches(&node.name));
        let mut entries: Vec<_> = matching.map(entry).collect();
        sort(&mut entries);
        Ok(entries)
    }

    fn partition(&self) -> Option<Box<dyn FileData>> {
        Some(Box::new(self.partition.clone()))
    }

    fn end_raw_access(&mut self) -> VfsResult<()> {
        if self.partition.take_formatted() {
            // Open handles keep the contents and their space.
            for node in std::mem::take(&mut self.nodes).into_values() {
                self.note_removed(node);
            }
            self.path_bytes = 0;
        }
        Ok(())
    }

    fn open(&self, path: &[String], _mode: OpenMode) -> VfsResult<Box<dyn FileData>> {
        if path.is_empty() {
            return Err(VfsError::IsDirectory);
        }
        let contents = self.node(path)?.contents.as_ref().ok_or(VfsError::IsDirectory)?;
        Ok(Box::new(MemoryFile(contents.clone())))
    }

    fn create_file(&mut self, path: &[String]) -> VfsResult<Box<dyn FileData>> {
        let number = self.next_number;
        let space = self.space.clone();
        let contents = Contents { number, size: 0, units: BTreeMap::new(), space };
        let contents = SharedContents::new(Mutex::new(contents));
        self.insert(path, Some(contents.clone()))?;
        // Only after the insertion, so that a refused file takes no number.
        self.next_number += 1;
        Ok(Box::new(MemoryFile(contents)))
    }

    fn create_directory(&mut self, path: &[String]) -> VfsResult<()> {
        self.insert(path, None)
    }

    fn remove(&mut self, path: &[String]) -> VfsResult<()> {
        if path.is_empty() {
            return Err(VfsError::ReadOnly);
        }
        if self.node(path)?.contents.is_none() && self.children(path).next().is_some() {
            return Err(VfsError::NotEmpty);
        }
        // Open handles keep the contents and their space.
        let key = key(path);
        if let Some(node) = self.nodes.remove(&key) {
            self.path_bytes -= cost(&key);
            self.note_removed(node);
        }
        Ok(())
    }

    fn set_stamp(&mut self, path: &[String], stamp: Stamp) -> VfsResult<()> {
        let key = key(path);
        let missing = self.missing(&key);
        self.nodes.get_mut(&key).ok_or(missing)?.stamp = stamp;
        Ok(())
    }

    fn rename(&mut self, from: &[String], to: &[String], existing: Existing) -> VfsResult<()> {
        let directory = self.node(from)?.contents.is_none();
        let source = key(from);
        let target = key(to);
        let Some(name) = to.last() else { return Err(VfsError::Exists) };
        if directory && target.starts_with(&source) && target != source {
            return Err(VfsError::InvalidName);
        }
        let moved: Vec<_> = self.nodes.keys().filter(|path| path.starts_with(&source)).cloned().collect();
        let deepest = moved.iter().map(Vec::len).max().unwrap_or_default();
        // Entries below the new name must stay within reach of guests' paths.
        if target.len() + (deepest - source.len().min(deepest)) > MAX_NAMES {
            return Err(VfsError::InvalidName);
        }
        // The replaced path frees its memory only after its removal.
        let more = cost(&target).saturating_sub(cost(&source));
        self.admit_paths(more.saturating_mul(moved.len() as u64))?;
        // Otherwise only the letter case changes.
        if target != source {
            match self.nodes.get(&target) {
                Some(node) if existing == Existing::Refuse || node.contents.is_none() => {
                    return Err(VfsError::Exists);
                }
                Some(_) => self.remove(to)?,
                None if self.missing(&target) != VfsError::NotFound => return Err(VfsError::PathNotFound),
                None => {}
            }
        }
        for path in moved {
            if let Some(mut node) = self.nodes.remove(&path) {
                let mut new = target.clone();
                new.extend_from_slice(&path[source.len()..]);
                self.path_bytes = self.path_bytes - cost(&path) + cost(&new);
                if path.len() == source.len() {
                    node.name.clone_from(name);
                }
                self.nodes.insert(new, node);
            }
        }
        Ok(())
    }

    fn state(&self, bytes: &mut SavedBytes) -> Result<DeviceState, Unsaveable> {
        Ok(DeviceState::Memory(self.saved(bytes)))
    }

    fn restore(&mut self, state: DeviceState, bytes: &mut SavedBytes) -> Result<(), Impossible> {
        match state {
            DeviceState::Memory(state) => self.restore_saved(state, bytes),
            _ => Err(DeviceState::OTHER_KIND.into()),
        }
    }

    fn end_restore(&mut self) {
        self.restored.clear();
    }

    fn number_of(&self, file: &MemoryFile) -> Option<u64> {
        let contents = file.0.lock();
        Arc::ptr_eq(&contents.space, &self.space).then_some(contents.number)
    }

    fn open_number(&self, number: u64) -> Option<Box<dyn FileData>> {
        let named = self.nodes.values().filter_map(|node| node.contents.as_ref());
        let contents = named.chain(&self.restored).find(|contents| contents.lock().number == number)?;
        Some(Box::new(MemoryFile(contents.clone())))
    }
}

/// An open file of a memory device.
pub struct MemoryFile(SharedContents);

impl FileData for MemoryFile {
    fn memory_file(&self) -> Option<&MemoryFile> {
        Some(self)
    }

    fn size(&self) -> VfsResult<u64> {
        Ok(self.0.lock().size)
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> VfsResult<usize> {
        Ok(self.0.lock().read_at(offset, into))
    }

    fn write_at(&self, offset: u64, from: &[u8]) -> VfsResult<()> {
        self.0.lock().write_at(offset, from)
    }

    fn set_size(&self, size: u64) -> VfsResult<()> {
        self.0.lock().set_size(size)
    }

    fn flush(&self) -> VfsResult<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
