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
        // Directories, and the names in them that are dealt with already; `None`: not listed yet.
        let mut left: Vec<(Vec<String>, Option<Vec<String>>)> = vec![(path.to_vec(), None)];
        let mut removed = Ok(());
        while let Some((at, done)) = left.pop() {
            let was_listed = done.is_some();
            if was_listed {
                match device.remove(&at) {
                    Err(VfsError::NotEmpty) => {}
                    result => {
                        result?;
                        continue;
                    }
                }
            }
            let mut entries = match device.list(&at) {
                Ok(entries) => entries,
                Err(VfsError::NotFound | VfsError::PathNotFound) => continue,
                Err(error) => return Err(error),
            };
            // Of names that differ only in case, the device shows the next one now.
            let mut done = done.unwrap_or_default();
            entries.retain(|entry| !done.contains(&entry.name));
            if was_listed && entries.is_empty() {
                removed = Err(VfsError::NotEmpty);
                continue;
            }
            done.extend(entries.iter().map(|entry| entry.name.clone()));
            left.push((at.clone(), Some(done)));
            for entry in entries {
                let below = [&at[..], &[entry.name]].concat();
                let was_link = device.remove_link(&below)?;
                if entry.directory && !was_link {
                    left.push((below, None));
                } else if !was_link {
                    device.remove(&below)?;
                }
            }
        }
        removed
    }
}
