//! Locations of files: a device, and names below its root.

use serde::{Deserialize, Serialize};

/// A validated path: a mounted device, and names below its root. One from a saved state is to be
/// checked ([`super::Vfs::check_location`]).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    pub(super) mount: u32,
    pub(super) names: Vec<String>,
}

impl Location {
    /// Whether this is the device's root.
    pub fn is_root(&self) -> bool {
        self.names.is_empty()
    }

    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Key that is equal for all locations of a file.
    pub fn key(&self) -> LocationKey {
        let names = self.names.iter().map(|name| name.to_ascii_lowercase()).collect();
        LocationKey { mount: self.mount, names }
    }

    /// The parent directory; `None` for a device.
    pub fn parent(&self) -> Option<Self> {
        let (_, names) = self.names.split_last()?;
        Some(Self { mount: self.mount, names: names.to_vec() })
    }

    /// The path below the device, with a leading backslash.
    pub fn path(&self) -> String {
        if self.is_root() {
            "\\".to_owned()
        } else {
            self.names.iter().flat_map(|name| ["\\", name]).collect()
        }
    }
}

/// A case-insensitive location: equal for two locations of the same file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LocationKey {
    mount: u32,
    names: Vec<String>,
}

impl LocationKey {
    /// Whether `other` is this location or lies below it.
    pub fn holds(&self, other: &Self) -> bool {
        self.mount == other.mount && other.names.starts_with(&self.names)
    }
}
