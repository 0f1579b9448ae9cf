//! Files in host memory: a scratch disk that lasts as long as the machine.

use super::device::{Device, Entry, FileData, Volume, sort};
use super::{Stamp, VfsError, VfsResult};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Files and directories that a device may hold.
const MAXIMUM_ENTRIES: usize = 0x1_0000;
/// Bytes of an allocation unit: 32 sectors of 512 bytes.
const UNIT: u64 = 0x4000;

/// Bytes in use on a device, and how many there may be.
#[derive(Debug)]
struct Space {
    used: u64,
    limit: u64,
}

impl Space {
    /// Accounts for a file that was `old` bytes long and becomes `new`.
    fn resize(&mut self, old: u64, new: u64) -> VfsResult<()> {
        let used = self.used - old.min(self.used);
        let used = used.checked_add(new).filter(|&used| used <= self.limit).ok_or(VfsError::Full)?;
        self.used = used;
        Ok(())
    }
}

type Contents = Arc<Mutex<Vec<u8>>>;

#[derive(Debug)]
struct Node {
    name: String,
    /// `None`: a directory.
    contents: Option<Contents>,
    stamp: Stamp,
}

/// See the module's documentation.
#[derive(Debug)]
pub struct MemoryDevice {
    /// By path in lower case; the root has no node.
    nodes: BTreeMap<Vec<String>, Node>,
    space: Arc<Mutex<Space>>,
}

fn key(path: &[String]) -> Vec<String> {
    path.iter().map(|name| name.to_ascii_lowercase()).collect()
}

impl MemoryDevice {
    /// An empty device for at most `limit` bytes of file contents.
    pub fn new(limit: u64) -> Self {
        Self { nodes: BTreeMap::new(), space: Arc::new(Mutex::new(Space { used: 0, limit })) }
    }

    fn node(&self, path: &[String]) -> VfsResult<&Node> {
        let key = key(path);
        match self.nodes.get(&key) {
            Some(node) => Ok(node),
            None => Err(self.missing(&key)),
        }
    }

    /// Why a path that has no node has none.
    fn missing(&self, key: &[String]) -> VfsError {
        match key.split_last() {
            Some((_, [])) | None => VfsError::NotFound,
            Some((_, parent)) => match self.nodes.get(parent) {
                Some(Node { contents: None, .. }) => VfsError::NotFound,
                _ => VfsError::PathNotFound,
            },
        }
    }

    fn insert(&mut self, path: &[String], contents: Option<Contents>) -> VfsResult<()> {
        let key = key(path);
        let Some(name) = path.last() else { return Err(VfsError::Exists) };
        if self.nodes.contains_key(&key) {
            return Err(VfsError::Exists);
        }
        if self.missing(&key) != VfsError::NotFound {
            return Err(VfsError::PathNotFound);
        }
        if self.nodes.len() >= MAXIMUM_ENTRIES {
            return Err(VfsError::Full);
        }
        self.nodes.insert(key, Node { name: name.clone(), contents, stamp: Stamp::default() });
        Ok(())
    }

    fn children(&self, parent: &[String]) -> impl Iterator<Item = &Node> {
        let (parent, depth) = (key(parent), parent.len() + 1);
        self.nodes
            .range(parent.clone()..)
            .take_while(move |(path, _)| path.starts_with(&parent))
            .filter(move |(path, _)| path.len() == depth)
            .map(|(_, node)| node)
    }

    fn data(&self, contents: &Contents) -> Box<dyn FileData> {
        Box::new(MemoryFile { contents: contents.clone(), space: self.space.clone() })
    }
}

fn entry(node: &Node) -> Entry {
    Entry {
        name: node.name.clone(),
        directory: node.contents.is_none(),
        size: node.contents.as_ref().map_or(0, |contents| contents.lock().len() as u64),
        read_only: false,
        stamp: node.stamp,
    }
}

impl Device for MemoryDevice {
    fn volume(&self) -> Volume {
        let space = self.space.lock();
        Volume {
            file_system: "FATX",
            total_units: space.limit / UNIT,
            free_units: (space.limit - space.used) / UNIT,
            sectors_per_unit: 32,
            bytes_per_sector: 512,
            name_length: 40,
            read_only: false,
        }
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
        if !path.is_empty() && self.node(path)?.contents.is_some() {
            return Err(VfsError::NotDirectory);
        }
        let mut entries: Vec<_> = self.children(path).map(entry).collect();
        sort(&mut entries);
        Ok(entries)
    }

    fn open(&self, path: &[String], _write: bool) -> VfsResult<Box<dyn FileData>> {
        if path.is_empty() {
            return Err(VfsError::IsDirectory);
        }
        let contents = self.node(path)?.contents.as_ref().ok_or(VfsError::IsDirectory)?;
        Ok(self.data(contents))
    }

    fn create_file(&mut self, path: &[String]) -> VfsResult<Box<dyn FileData>> {
        let contents = Contents::default();
        self.insert(path, Some(contents.clone()))?;
        Ok(self.data(&contents))
    }

    fn create_directory(&mut self, path: &[String]) -> VfsResult<()> {
        self.insert(path, None)
    }

    fn remove(&mut self, path: &[String]) -> VfsResult<()> {
        if path.is_empty() {
            return Err(VfsError::ReadOnly);
        }
        let node = self.node(path)?;
        match &node.contents {
            // Open handles keep the contents, but no longer count.
            Some(contents) => {
                let size = contents.lock().len() as u64;
                self.space.lock().resize(size, 0)?;
            }
            None if self.children(path).next().is_some() => return Err(VfsError::NotEmpty),
            None => {}
        }
        self.nodes.remove(&key(path));
        Ok(())
    }

    fn set_stamp(&mut self, path: &[String], stamp: Stamp) -> VfsResult<()> {
        let key = key(path);
        let missing = self.missing(&key);
        self.nodes.get_mut(&key).ok_or(missing)?.stamp = stamp;
        Ok(())
    }

    fn rename(&mut self, from: &[String], to: &[String], replace: bool) -> VfsResult<()> {
        let directory = self.node(from)?.contents.is_none();
        let (source, target) = (key(from), key(to));
        let Some(name) = to.last() else { return Err(VfsError::Exists) };
        if directory && target.starts_with(&source) && target != source {
            return Err(VfsError::InvalidName);
        }
        if target != source {
            match self.nodes.get(&target) {
                Some(node) if !replace || node.contents.is_none() => return Err(VfsError::Exists),
                Some(_) => self.remove(to)?,
                None if self.missing(&target) != VfsError::NotFound => return Err(VfsError::PathNotFound),
                None => {}
            }
        }
        let moved: Vec<_> = self.nodes.keys().filter(|path| path.starts_with(&source)).cloned().collect();
        for path in moved {
            if let Some(mut node) = self.nodes.remove(&path) {
                let mut new = target.clone();
                new.extend_from_slice(&path[source.len()..]);
                if path.len() == source.len() {
                    node.name.clone_from(name);
                }
                self.nodes.insert(new, node);
            }
        }
        Ok(())
    }
}

struct MemoryFile {
    contents: Contents,
    space: Arc<Mutex<Space>>,
}

impl FileData for MemoryFile {
    fn size(&self) -> VfsResult<u64> {
        Ok(self.contents.lock().len() as u64)
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> VfsResult<usize> {
        let contents = self.contents.lock();
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(contents.len());
        let count = into.len().min(contents.len() - start);
        into[..count].copy_from_slice(&contents[start..start + count]);
        Ok(count)
    }

    fn write_at(&mut self, offset: u64, from: &[u8]) -> VfsResult<()> {
        let end = offset.checked_add(from.len() as u64).ok_or(VfsError::Full)?;
        if end > self.size()? {
            self.set_size(end)?;
        }
        let start = offset as usize;
        self.contents.lock()[start..start + from.len()].copy_from_slice(from);
        Ok(())
    }

    fn set_size(&mut self, size: u64) -> VfsResult<()> {
        let mut contents = self.contents.lock();
        self.space.lock().resize(contents.len() as u64, size)?;
        contents.resize(usize::try_from(size).map_err(|_| VfsError::Full)?, 0);
        Ok(())
    }

    fn flush(&mut self) -> VfsResult<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(path: &[&str]) -> Vec<String> {
        path.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn files_grow_with_zeros_and_handles_share_contents() {
        let mut device = MemoryDevice::new(0x1_0000);
        let mut first = device.create_file(&names(&["A.bin"])).unwrap();
        first.write_at(2, b"xy").unwrap();
        let second = device.open(&names(&["a.BIN"]), false).unwrap();
        let mut bytes = [9; 8];
        assert_eq!(second.read_at(0, &mut bytes), Ok(4));
        assert_eq!(&bytes[..4], b"\0\0xy");
        assert_eq!(second.read_at(u64::MAX, &mut bytes), Ok(0));
        assert_eq!(device.find(&names(&["a.bin"])).unwrap().name, "A.bin");
    }

    #[test]
    fn the_limit_holds_for_writes_lengths_and_overflows() {
        let mut device = MemoryDevice::new(100);
        let mut file = device.create_file(&names(&["a"])).unwrap();
        assert_eq!(file.write_at(90, b"0123456789A"), Err(VfsError::Full));
        assert_eq!(file.set_size(u64::MAX), Err(VfsError::Full));
        assert_eq!(file.write_at(u64::MAX, b"0"), Err(VfsError::Full));
        file.set_size(100).unwrap();
        let mut other = device.create_file(&names(&["b"])).unwrap();
        assert_eq!(other.write_at(0, b"0"), Err(VfsError::Full));
        device.remove(&names(&["a"])).unwrap();
        other.write_at(0, b"0").unwrap();
    }

    #[test]
    fn directories_hold_their_children_and_move_with_them() {
        let mut device = MemoryDevice::new(0x1_0000);
        device.create_directory(&names(&["d"])).unwrap();
        device.create_file(&names(&["d", "z"])).unwrap();
        device.create_file(&names(&["d", "B"])).unwrap();
        device.create_file(&names(&["dd"])).unwrap();
        assert!(matches!(device.create_file(&names(&["x", "y"])), Err(VfsError::PathNotFound)));
        assert!(matches!(device.create_file(&names(&["dd", "y"])), Err(VfsError::PathNotFound)));
        let listed = |device: &MemoryDevice, path: &[&str]| -> Vec<String> {
            device.list(&names(path)).unwrap().into_iter().map(|entry| entry.name).collect()
        };
        assert_eq!(listed(&device, &["D"]), ["B", "z"]);
        assert_eq!(listed(&device, &[]), ["d", "dd"]);
        assert_eq!(device.remove(&names(&["d"])), Err(VfsError::NotEmpty));
        assert_eq!(device.rename(&names(&["d"]), &names(&["d", "e"]), true), Err(VfsError::InvalidName));
        device.rename(&names(&["d"]), &names(&["E"]), false).unwrap();
        assert_eq!(listed(&device, &["e"]), ["B", "z"]);
        assert_eq!(device.rename(&names(&["dd"]), &names(&["e", "z"]), false), Err(VfsError::Exists));
        device.rename(&names(&["dd"]), &names(&["e", "z"]), true).unwrap();
        assert_eq!(listed(&device, &[]), ["E"]);
    }
}
