//! Cargo.lock: checksums of package versions.

use crate::files;
use anyhow::{Context, Result};
use serde::Deserialize;
use std::collections::BTreeMap;

const LOCK: &str = "Cargo.lock";

#[derive(Debug, Deserialize)]
struct File {
    package: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
struct Entry {
    name: String,
    version: String,
    checksum: Option<String>,
}

/// SHA-256 of each external package, as hexadecimal digits.
#[derive(Debug)]
pub(super) struct Lock(BTreeMap<(String, String), String>);

impl Lock {
    /// Reads the workspace's lock file.
    pub(super) fn read() -> Result<Self> {
        Self::parse(&files::read_text(LOCK)?).context(LOCK)
    }

    pub(super) fn parse(text: &str) -> Result<Self> {
        let file: File = toml::from_str(text)?;
        let entries = file.package.into_iter();
        Ok(Self(entries.filter_map(|entry| Some(((entry.name, entry.version), entry.checksum?))).collect()))
    }

    /// Checksum of a package version; `None` if it is not from a registry.
    pub(super) fn checksum(&self, name: &str, version: &str) -> Option<&str> {
        self.0.get(&(name.to_owned(), version.to_owned())).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_packages_of_a_registry_have_a_checksum() {
        let text = "version = 4\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nchecksum = \"12\"\n\
                    [[package]]\nname = \"ours\"\nversion = \"0.1.0\"\n";
        let lock = Lock::parse(text).unwrap();
        assert_eq!(lock.checksum("a", "1.0.0"), Some("12"));
        assert_eq!((lock.checksum("a", "1.0.1"), lock.checksum("ours", "0.1.0")), (None, None));
    }
}
