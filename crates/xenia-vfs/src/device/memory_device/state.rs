//! Saved state of a memory device: its directories, and the contents of its files, including open
//! files that have lost their names.

use super::{Contents, MemoryDevice, Node, SharedContents, key};
use crate::device::raw_partition::{PartitionState, are_units};
use crate::path::is_path;
use crate::space::{UNIT, taken};
use crate::{SavedBytes, Stamp};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use xenia_state::{Impossible, check};

/// Largest number of a file in a state, so that a device never gets to the end of them.
const MAX_NUMBER: u64 = 1 << 62;

/// A memory device, as it is saved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryDeviceState {
    nodes: Vec<NodeState>,
    files: Vec<ContentsState>,
    next_number: u64,
    partition: PartitionState,
}

/// A file or directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct NodeState {
    /// Its path, as it was written.
    path: Vec<String>,
    /// Number of its contents; `None` for a directory.
    contents: Option<u64>,
    stamp: Stamp,
}

/// Contents of a file. The bytes of its units are among the saved bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct ContentsState {
    number: u64,
    size: u64,
    units: Vec<u64>,
}

#[cfg(test)]
impl MemoryDeviceState {
    /// Numbers of the files that have a name.
    pub(crate) fn named(&self) -> impl Iterator<Item = u64> {
        self.nodes.iter().filter_map(|node| node.contents)
    }

    /// The state with another number for the next file.
    pub(crate) fn numbered_from(self, next_number: u64) -> Self {
        Self { next_number, ..self }
    }
}

impl MemoryDevice {
    /// Contents of files without a name that are open.
    fn nameless(&self) -> impl Iterator<Item = SharedContents> {
        self.nameless.iter().filter_map(Weak::upgrade)
    }

    /// The device's state; contents are put into `bytes`.
    pub(super) fn saved(&self, bytes: &mut SavedBytes) -> MemoryDeviceState {
        let Self {
            nodes,
            // Counted again.
            path_bytes: _,
            space: _,
            nameless: _,
            // Empty but during a restore.
            restored: _,
            next_number,
            partition,
            // A setting.
            limits: _,
        } = self;
        let node = |(key, node): (&Vec<String>, &Node)| {
            let mut path = key.clone();
            if let Some(last) = path.last_mut() {
                last.clone_from(&node.name);
            }
            let contents = node.contents.as_ref().map(|contents| contents.lock().number);
            NodeState { path, contents, stamp: node.stamp }
        };
        let named = nodes.values().filter_map(|node| node.contents.clone());
        let files: BTreeMap<u64, SharedContents> =
            named.chain(self.nameless()).map(|contents| (contents.lock().number, contents.clone())).collect();
        let file = |contents: &SharedContents| {
            let contents = contents.lock();
            contents.units.values().for_each(|unit| bytes.put(unit));
            let units = contents.units.keys().copied().collect();
            ContentsState { number: contents.number, size: contents.size, units }
        };
        MemoryDeviceState {
            files: files.values().map(file).collect(),
            nodes: nodes.iter().map(node).collect(),
            next_number: *next_number,
            partition: partition.state(bytes),
        }
    }

    /// Replaces all files. Those without a name are kept until [`crate::FileDevice::end_restore`].
    pub(super) fn restore_saved(
        &mut self,
        state: MemoryDeviceState,
        bytes: &mut SavedBytes,
    ) -> Result<(), Impossible> {
        let MemoryDeviceState { nodes, files, next_number, partition } = state;
        check(next_number <= MAX_NUMBER, "a memory device has had an impossible number of files")?;
        // Contents that are dropped here release their space before the state's is set.
        self.nodes.clear();
        self.restored.clear();
        self.path_bytes = 0;
        self.next_number = next_number;
        let mut contents = BTreeMap::new();
        let mut used = 0_u64;
        for ContentsState { number, size, units } in files {
            check(number < next_number, "a file of a memory device has an impossible number")?;
            let fits = self.space.lock().holds(taken(size));
            check(fits && are_units(&units, size), "a file of a memory device has an impossible size")?;
            used = used.saturating_add(taken(size));
            let units = units.into_iter().map(|unit| Ok((unit, bytes.take(UNIT)?.into())));
            let file = Contents {
                number,
                size,
                units: units.collect::<Result<_, Impossible>>()?,
                space: self.space.clone(),
            };
            let before = contents.insert(number, SharedContents::new(Mutex::new(file)));
            check(before.is_none(), "two files of a memory device have one number")?;
        }
        used = used.saturating_add(self.partition.restore(partition, bytes)?);
        self.space.lock().restore(used)?;
        for node in nodes {
            self.add_restored(node, &mut contents)?;
        }
        // No path has taken these: they belong to open files without a name.
        self.nameless = contents.values().map(Arc::downgrade).collect();
        self.restored = contents.into_values().collect();
        Ok(())
    }

    /// Adds a file or directory, whose contents are taken from `contents`. A directory comes before
    /// its contents.
    fn add_restored(
        &mut self,
        node: NodeState,
        contents: &mut BTreeMap<u64, SharedContents>,
    ) -> Result<(), Impossible> {
        let NodeState { path, contents: number, stamp } = node;
        let contents = match number {
            Some(number) => {
                Some(contents.remove(&number).ok_or("a file of a memory device has no contents")?)
            }
            None => None,
        };
        check(
            is_path(&path) && stamp.is_valid(),
            "a file of a memory device has a name or attributes that none can have",
        )?;
        self.insert(&path, contents).map_err(|error| format!("a file of a memory device: {error}"))?;
        if let Some(node) = self.nodes.get_mut(&key(&path)) {
            node.stamp = stamp;
        }
        Ok(())
    }
}
