//! Entries of directories, as titles list them. Of names that a pattern excludes, nothing is looked
//! up on the host.

use super::HostFolder;
use super::host_names::{guest_name, host_name, is_hidden};
use crate::device::sort;
use crate::listings::DirectoryState;
use crate::path::{Pattern, is_valid};
use crate::{Entry, VfsError, VfsResult};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;
use xenia_guest::code_page;
use xenia_host::file;

impl HostFolder {
    /// The sorted entries of a directory that match a pattern; all without a pattern.
    pub(super) fn entries(&self, path: &[String], pattern: Option<&Pattern>) -> VfsResult<Vec<Entry>> {
        let at = self.host_path(path)?;
        if !at.is_dir() {
            return Err(VfsError::NotDirectory);
        }
        let is_wanted = |name: &str| pattern.is_none_or(|pattern| pattern.matches(guest_name(name)));
        let below = |name: &String| [path, std::slice::from_ref(name)].concat();
        let mut entries = Vec::new();
        // Read before the host's names, because a group commit moves names to the host.
        for name in self.created_in(&at, is_wanted) {
            let found = self.made(at.join(&name));
            let name = guest_name(&name).to_owned();
            let guest = below(&name);
            entries.push(self.entry(name, &found, &guest)?);
        }
        let mut names = self.names_in(&at, pattern)?;
        // If two names have the same text, an open finds the one in UTF-8.
        names.sort_by_key(|name| name.to_str().is_none());
        for stored in names {
            let Some(name) = self.shown_text(&stored).filter(|name| is_wanted(name)) else { continue };
            // Guests see only names that the code page can represent.
            if is_hidden(&name) || !is_valid(&name) || code_page::encode(&name).is_none() {
                continue;
            }
            if let Some(found) = self.shown(at.join(&stored)) {
                let name = guest_name(&name).to_owned();
                let guest = below(&name);
                entries.push(self.entry(name, &found, &guest)?);
            }
        }
        sort(&mut entries);
        // Names that differ only in case are one name to a guest; the first is the one that an open
        // finds.
        entries.dedup_by(|b, a| a.name.eq_ignore_ascii_case(&b.name));
        Ok(entries)
    }

    /// The names in a directory of the host; for a pattern without wildcards, from the cached
    /// listing, only those that differ from it in case.
    fn names_in(&self, at: &Path, pattern: Option<&Pattern>) -> VfsResult<Vec<OsString>> {
        if let Some(name) = pattern.and_then(Pattern::name) {
            let change = self.listings.last_change(at);
            let state = DirectoryState { modified: at.metadata()?.modified()?, change };
            let names = self.listings.differing_in_case(at, &host_name(&name), state)?;
            // The listing may have spellings of removed files, by which Windows finds the present
            // file as well.
            let is_stored = |name: &OsString| file::as_stored(at.join(name)) == at.join(name);
            return Ok(names.into_iter().filter(is_stored).collect());
        }
        let names = fs::read_dir(at)?.map(|entry| Ok(entry?.file_name()));
        Ok(names.collect::<io::Result<Vec<_>>>()?)
    }
}
