//! State shared by all opens of a file: sharing claims, pending deletion, and reserved space.
//!
//! The rules are NT's. An open claims its own access (read, write, delete) and the access that it
//! shares. It is refused if it uses an access that another open does not share, or does not share
//! an access that another open uses. Opens with none of the three, for example for attributes, make
//! no claim.

use super::rights::{access, share};
use super::stream::{self, WritersTurn};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use xenia_vfs::LocationKey;

/// The accesses that these specific rights use, in bits of [`share`].
pub fn accesses(rights: u32) -> u32 {
    let bit = |rights_of: u32, bit: u32| if rights & rights_of != 0 { bit } else { 0 };
    bit(access::READ_DATA | access::EXECUTE, share::READ)
        | bit(access::WRITE_DATA | access::APPEND_DATA, share::WRITE)
        | bit(access::DELETE, share::DELETE)
}

/// Access used and shared by one open, in bits of [`share`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    does: u32,
    allows: u32,
}

impl Claim {
    /// The claim of an open with these specific rights.
    pub fn new(rights: u32, allows: u32) -> Self {
        Self { does: accesses(rights), allows }
    }

    fn is_empty(self) -> bool {
        self.does == 0
    }

    /// Validates a claim that comes from a saved state.
    pub(super) fn is_valid(self) -> bool {
        (self.does | self.allows) & !share::ALL == 0
    }
}

/// Shared state of an open file.
#[derive(Debug)]
pub struct SharedFile {
    claims: Vec<Claim>,
    /// Number of opens, including those without a claim.
    opens: u32,
    /// Whether it is deleted when the last handle is closed.
    pub delete_pending: bool,
    /// Bytes reserved beyond its size.
    pub reserved: u64,
    writers: WritersTurn,
}

impl Default for SharedFile {
    fn default() -> Self {
        let writers = stream::writers_turn();
        Self { claims: Vec::new(), opens: 0, delete_pending: false, reserved: 0, writers }
    }
}

/// Shared state of all open files.
#[derive(Debug, Default)]
pub struct SharedFiles(BTreeMap<LocationKey, SharedFile>);

impl SharedFiles {
    /// The state of a file, if it is open.
    pub fn get(&self, key: &LocationKey) -> Option<&SharedFile> {
        self.0.get(key)
    }

    /// The state of a file, if it is open, mutable.
    pub fn get_mut(&mut self, key: &LocationKey) -> Option<&mut SharedFile> {
        self.0.get_mut(key)
    }

    /// Whether the file is marked for deletion.
    pub fn is_delete_pending(&self, key: &LocationKey) -> bool {
        self.get(key).is_some_and(|file| file.delete_pending)
    }

    /// Whether a file at or below `key` is open.
    pub fn is_open_within(&self, key: &LocationKey) -> bool {
        self.0.keys().any(|open| key.holds(open))
    }

    /// Whether a file below `key` is open.
    pub fn is_open_below(&self, key: &LocationKey) -> bool {
        self.0.keys().any(|open| open != key && key.holds(open))
    }

    /// Whether another open with this claim is permitted.
    pub fn allows(&self, key: &LocationKey, claim: Claim) -> bool {
        let compatible = |other: &Claim| claim.does & !other.allows == 0 && other.does & !claim.allows == 0;
        claim.is_empty() || self.get(key).is_none_or(|file| file.claims.iter().all(compatible))
    }

    /// Number of open files.
    #[cfg(any(test, feature = "testing"))]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Adds an open. Returns the lock that serializes the file's writers.
    pub(super) fn join(&mut self, key: LocationKey, claim: Claim) -> WritersTurn {
        let file = self.0.entry(key).or_default();
        file.opens += 1;
        if !claim.is_empty() {
            file.claims.push(claim);
        }
        file.writers.clone()
    }

    /// Removes an open. Returns whether the file has to be deleted now.
    pub fn leave(&mut self, key: &LocationKey, claim: Claim) -> bool {
        let Some(file) = self.0.get_mut(key) else { return false };
        file.opens = file.opens.saturating_sub(1);
        if let Some(index) = file.claims.iter().position(|&other| other == claim) {
            file.claims.swap_remove(index);
        }
        file.opens == 0 && self.0.remove(key).is_some_and(|file| file.delete_pending)
    }

    /// Records a rename of the file.
    pub fn rename(&mut self, from: &LocationKey, to: LocationKey) {
        if let Some(file) = self.0.remove(from) {
            self.0.insert(to, file);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xenia_vfs::{MemoryDevice, Vfs};

    fn key(path: &str) -> LocationKey {
        let mut vfs = Vfs::default();
        vfs.mount("d:", Box::new(MemoryDevice::new(0, std::sync::Arc::default()))).unwrap();
        vfs.resolve(path).unwrap().key()
    }

    #[test]
    fn opens_exclude_each_other_as_on_nt() {
        const R: u32 = access::READ_DATA;
        const W: u32 = access::APPEND_DATA;
        const D: u32 = access::DELETE;
        // Columns: rights and sharing of the first open, of the second, and whether the second is
        // permitted.
        for (first, allows, second, also_allows, may) in [
            (R, 0, R, share::ALL, false),
            (R, share::READ, R, 0, false),
            (R, share::READ, R, share::READ, true),
            (R, share::ALL, W, share::ALL, true),
            (R, share::READ, W, share::ALL, false),
            (W, share::ALL, R, share::READ, false),
            (W, share::READ, R, share::WRITE, true),
            (R | W, share::READ, R, share::READ, false),
            (R, share::READ | share::WRITE, D, share::ALL, false),
            (R, share::DELETE, D, share::READ, true),
            (D, share::ALL, R, share::READ, false),
            (access::EXECUTE, share::WRITE, R, share::ALL, false),
            (access::WRITE_ATTRIBUTES, 0, R | W | D, 0, true),
            (R | W | D, 0, access::SYNCHRONIZE, 0, true),
        ] {
            let mut files = SharedFiles::default();
            let one = Claim::new(first, allows);
            let other = Claim::new(second, also_allows);
            assert!(files.allows(&key(r"d:\f"), one));
            files.join(key(r"d:\f"), one);
            let what = format!("{first:#x}/{allows} then {second:#x}/{also_allows}");
            assert_eq!(files.allows(&key(r"D:\F"), other), may, "{what}");
            assert!(files.allows(&key(r"d:\g"), other), "another file");
            files.leave(&key(r"d:\f"), one);
            assert!(files.allows(&key(r"d:\f"), other), "{what}, closed");
        }
    }

    #[test]
    fn a_file_is_deleted_with_its_last_open_and_keeps_its_state_when_renamed() {
        let mut files = SharedFiles::default();
        let claim = Claim::new(access::DELETE, share::ALL);
        files.join(key(r"d:\a\f"), claim);
        files.join(key(r"d:\a\f"), Claim::default());
        assert!(files.is_open_below(&key(r"d:\a")) && files.is_open_within(&key(r"d:\a\F")));
        assert!(!files.is_open_below(&key(r"d:\a\f")));
        files.get_mut(&key(r"d:\a\f")).unwrap().delete_pending = true;
        files.rename(&key(r"d:\a\f"), key(r"d:\g"));
        assert!(files.is_delete_pending(&key(r"d:\g")) && !files.is_open_within(&key(r"d:\a")));
        assert!(!files.leave(&key(r"d:\g"), claim));
        assert!(files.leave(&key(r"d:\g"), Claim::default()));
        assert!(!files.leave(&key(r"d:\g"), claim), "the file has no open left");
    }
}
