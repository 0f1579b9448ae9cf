//! Removal of directory trees.

use super::ContentStore;
use xenia_vfs::{VfsError, VfsResult};

impl ContentStore {
    /// Removes a directory tree, but not the targets of links in it; a missing directory is not an
    /// error. [`VfsError::NotEmpty`]: what the device does not show is left.
    pub(super) fn remove_tree(&self, path: &[String]) -> VfsResult<()> {
        let mut device = self.device().lock();
        if device.remove_link(path)? {
            return Ok(());
        }
        // Directories, and whether their contents are removed already.
        let mut left = vec![(path.to_vec(), false)];
        let mut removed = Ok(());
        while let Some((at, is_empty)) = left.pop() {
            if is_empty {
                match device.remove(&at) {
                    Err(VfsError::NotEmpty) => removed = Err(VfsError::NotEmpty),
                    result => result?,
                }
                continue;
            }
            let entries = match device.list(&at) {
                Ok(entries) => entries,
                Err(VfsError::NotFound | VfsError::PathNotFound) => continue,
                Err(error) => return Err(error),
            };
            left.push((at.clone(), true));
            for entry in entries {
                let below = [&at[..], &[entry.name]].concat();
                let was_link = device.remove_link(&below)?;
                if entry.directory && !was_link {
                    left.push((below, false));
                } else if !was_link {
                    device.remove(&below)?;
                }
            }
        }
        removed
    }
}
