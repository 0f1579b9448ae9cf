//! Paths by which a title has opened symbolic links and directories of the object namespace.

use std::collections::BTreeMap;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_limits::{Limit, ResourceLimits};
use xenia_state::{Impossible, check};

/// Paths of open links and directories by the body of the object.
#[derive(Clone, Debug, Default)]
pub struct OpenPaths {
    paths: BTreeMap<GuestAddr, String>,
    /// Total bytes of all paths.
    bytes: u64,
}

impl OpenPaths {
    /// Adds a path in the title's spelling, which may be as long as a string because of redundant
    /// separators.
    ///
    /// # Errors
    /// All paths together would be longer than the limit on objects' names.
    pub fn insert(&mut self, body: GuestAddr, path: String, limits: &ResourceLimits) -> Result<(), NtStatus> {
        self.remove(body);
        limits.admit_amount(Limit::NameBytes, self.bytes, path.len() as u64)?;
        self.bytes += path.len() as u64;
        self.paths.insert(body, path);
        Ok(())
    }

    /// The path by which a link or directory was opened.
    pub fn get(&self, body: GuestAddr) -> Option<&str> {
        self.paths.get(&body).map(String::as_str)
    }

    /// Removes the path of a link or directory that is closed.
    pub fn remove(&mut self, body: GuestAddr) {
        if let Some(path) = self.paths.remove(&body) {
            self.bytes -= path.len() as u64;
        }
    }

    /// Whether no link or directory is open.
    pub fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }

    /// All paths, for a saved state.
    pub(super) fn state(&self) -> BTreeMap<GuestAddr, String> {
        let Self { paths, bytes: _ } = self;
        paths.clone()
    }

    /// The paths of a saved state.
    pub(super) fn of(
        paths: BTreeMap<GuestAddr, String>,
        limits: &ResourceLimits,
    ) -> Result<Self, Impossible> {
        let bytes = paths.values().map(|path| path.len() as u64).sum();
        check(
            bytes <= limits.value(Limit::NameBytes),
            "the paths of open links and directories are too long",
        )?;
        Ok(Self { paths, bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_open_links_are_bounded() {
        let limits = ResourceLimits::default();
        let most = limits.value(Limit::NameBytes) as usize;
        let mut paths = OpenPaths::default();
        let half = "d".repeat(most / 2);
        for body in [4, 8] {
            assert_eq!(paths.insert(GuestAddr(body), half.clone(), &limits), Ok(()));
        }
        let refused = paths.insert(GuestAddr(12), "d:".to_owned(), &limits);
        assert_eq!(refused, Err(NtStatus::INSUFFICIENT_RESOURCES));
        assert_eq!(limits.hits().keys().copied().collect::<Vec<_>>(), ["object_name_bytes"]);
        let mut read = OpenPaths::of(paths.state(), &limits).unwrap();
        read.remove(GuestAddr(8));
        assert_eq!(read.insert(GuestAddr(12), "d:".to_owned(), &limits), Ok(()));
        assert_eq!((read.get(GuestAddr(12)), read.get(GuestAddr(8))), (Some("d:"), None));
        let mut too_long = paths.state();
        too_long.insert(GuestAddr(12), "d:".to_owned());
        assert!(OpenPaths::of(too_long, &limits).is_err());
        for body in [4, 12] {
            read.remove(GuestAddr(body));
        }
        assert!(read.is_empty() && read.bytes == 0);
    }
}
