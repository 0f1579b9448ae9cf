//! Names by which a title has opened symbolic links.

use std::collections::BTreeMap;
use xenia_guest::{GuestAddr, NtStatus};
use xenia_limits::{Limit, Limits};
use xenia_state::{Impossible, check};

/// Link names by the body of the symbolic link object.
#[derive(Clone, Debug, Default)]
pub struct LinkNames {
    names: BTreeMap<GuestAddr, String>,
    /// Total bytes of all names.
    bytes: u64,
}

impl LinkNames {
    /// Adds a name in the title's spelling, which may be as long as a string because of redundant
    /// separators.
    ///
    /// # Errors
    /// All names together would be longer than the limit on objects' names.
    pub fn insert(&mut self, body: GuestAddr, name: String, limits: &Limits) -> Result<(), NtStatus> {
        self.remove(body);
        limits.admit_amount(Limit::NameBytes, self.bytes, name.len() as u64)?;
        self.bytes += name.len() as u64;
        self.names.insert(body, name);
        Ok(())
    }

    /// The name by which a link was opened.
    pub fn get(&self, body: GuestAddr) -> Option<&str> {
        self.names.get(&body).map(String::as_str)
    }

    /// Removes the name of a link that is closed.
    pub fn remove(&mut self, body: GuestAddr) {
        if let Some(name) = self.names.remove(&body) {
            self.bytes -= name.len() as u64;
        }
    }

    /// Whether no link is open.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// All names, for a saved state.
    pub(super) fn state(&self) -> BTreeMap<GuestAddr, String> {
        let Self { names, bytes: _ } = self;
        names.clone()
    }

    /// The names of a saved state.
    pub(super) fn of(names: BTreeMap<GuestAddr, String>, limits: &Limits) -> Result<Self, Impossible> {
        let bytes = names.values().map(|name| name.len() as u64).sum();
        check(bytes <= limits.value(Limit::NameBytes), "the names of open links are too long")?;
        Ok(Self { names, bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_open_links_are_bounded() {
        let limits = Limits::default();
        let most = limits.value(Limit::NameBytes) as usize;
        let mut names = LinkNames::default();
        let half = "d".repeat(most / 2);
        for body in [4, 8] {
            assert_eq!(names.insert(GuestAddr(body), half.clone(), &limits), Ok(()));
        }
        let refused = names.insert(GuestAddr(12), "d:".to_owned(), &limits);
        assert_eq!(refused, Err(NtStatus::INSUFFICIENT_RESOURCES));
        assert_eq!(limits.hits().keys().copied().collect::<Vec<_>>(), ["object_name_bytes"]);
        let mut read = LinkNames::of(names.state(), &limits).unwrap();
        read.remove(GuestAddr(8));
        assert_eq!(read.insert(GuestAddr(12), "d:".to_owned(), &limits), Ok(()));
        assert_eq!((read.get(GuestAddr(12)), read.get(GuestAddr(8))), (Some("d:"), None));
        let mut too_long = names.state();
        too_long.insert(GuestAddr(12), "d:".to_owned());
        assert!(LinkNames::of(too_long, &limits).is_err());
        for body in [4, 12] {
            read.remove(GuestAddr(body));
        }
        assert!(read.is_empty() && read.bytes == 0);
    }
}
