//! Queries of files, volumes and directories.

use super::calls::{long, word};
use super::model::{Facts, Listing, Open, whole_units};
use super::names::{self, encoded};
use super::{Case, NtStatus, Refusals};
use xenia_kernel::files::access;
use xenia_vfs::stamp::attributes;

/// Patterns for listing directories.
const PATTERNS: &[&str] = &[
    "*",
    "*.*",
    "",
    "*.dat",
    "S*",
    "s*.*",
    "?",
    "a?b",
    "*a*",
    "save.DAT",
    "none",
    "**.*",
    "*?*?*?*?*?*?*",
    "\u{c9}",
    "\\",
    "..",
];

/// Returns whether a name matches a pattern, by recursion on the pattern's first character.
fn matches(pattern: &[char], name: &[char]) -> bool {
    match pattern.split_first() {
        None => name.is_empty(),
        Some(('*', rest)) => (0..=name.len()).any(|from| matches(rest, &name[from..])),
        Some((&first, rest)) => name.split_first().is_some_and(|(&c, name)| {
            (first == '?' || first.eq_ignore_ascii_case(&c)) && matches(rest, name)
        }),
    }
}

impl Case {
    /// Checks the times, allocation, size and attributes in a `FILE_NETWORK_OPEN_INFORMATION`.
    fn check_facts(bytes: &[u8], facts: &Facts, allocation: u64) {
        let stamp = facts.stamp;
        let times = [0, 8, 0x10, 0x18].map(|at| long(bytes, at));
        assert_eq!(times, [stamp.created, stamp.accessed, stamp.written, stamp.written], "times");
        assert_eq!((long(bytes, 0x28), long(bytes, 0x20)), (facts.size, allocation), "size, allocation");
        assert_eq!(word(bytes, 0x30), facts.attributes, "attributes");
    }

    /// Returns the bytes allocated to a handle's file, including reserved ones.
    fn allocation(&self, open: &Open, size: u64) -> u64 {
        whole_units(size.max(self.model.common[&open.at.key()].reserved))
    }

    pub(super) fn query(&mut self) {
        let Some(index) = self.any_open() else { return };
        let class = [4, 5, 9, 14, 34, 19, 35, 6][self.dice.below(8)];
        self.note(format!("query {class} of {}", Self::show(&self.model.opens[index])));
        let (status, bytes) = self.calls.query(self.model.opens[index].handle, class);
        let open = &self.model.opens[index];
        if !self.model.is_known(open.at.disk) {
            return;
        }
        let mut refusals = Refusals::default();
        let facts = self.model.facts_of(open);
        if let Err(status) = &facts {
            refusals.when(true, *status);
        }
        if !refusals.judge(status, NtStatus::SUCCESS) {
            return;
        }
        let facts = facts.unwrap();
        let allocation = self.allocation(open, facts.size);
        match class {
            5 => {
                let pending = self.model.is_pending(&open.at.key());
                assert_eq!((long(&bytes, 0), long(&bytes, 8)), (allocation, facts.size));
                assert_eq!(bytes[0x10..0x16], [0, 0, 0, 1, u8::from(pending), u8::from(facts.directory)]);
            }
            9 => {
                let mut name: String = open.at.names.iter().flat_map(|name| ["\\", name]).collect();
                if open.at.is_root() {
                    name.push('\\');
                }
                let name = encoded(&name).unwrap();
                assert_eq!(word(&bytes, 0) as usize, name.len());
                assert_eq!(bytes[4..4 + name.len()], name);
            }
            14 => assert_eq!(long(&bytes, 0), open.position, "position"),
            19 => assert_eq!(long(&bytes, 0), allocation, "allocation"),
            34 => Self::check_facts(&bytes, &facts, allocation),
            35 => assert_eq!(word(&bytes, 0), facts.attributes),
            _ => {}
        }
    }

    pub(super) fn query_by_name(&mut self) {
        let path = names::path(&mut self.dice, &self.model);
        self.note(format!("query {path}"));
        let (status, bytes) = self.calls.attributes_of(path.root, &path.text);
        let mut refusals = Refusals::default();
        let names_directory = path.ends_with_slash();
        let found = path.to.and_then(|at| {
            if !self.model.is_known(at.disk) {
                return Ok(None);
            }
            let pending = self.model.common.get(&at.key()).is_some_and(|common| common.delete_pending);
            refusals.when(pending, NtStatus::DELETE_PENDING);
            self.model.find(&at).map(|exact| Some(self.model.facts(at.disk, &exact, &at.names)))
        });
        match found {
            Ok(None) => {}
            Ok(Some(facts)) => {
                let is_file = !facts.directory;
                refusals.when(names_directory && is_file, NtStatus::OBJECT_NAME_INVALID);
                if !refusals.0.is_empty() {
                    refusals.judge(status, NtStatus::SUCCESS);
                    return;
                }
                refusals.judge(status, NtStatus::SUCCESS);
                Self::check_facts(&bytes, &facts, whole_units(facts.size));
            }
            Err(why) => {
                refusals.when(true, why);
                refusals.judge(status, NtStatus::SUCCESS);
            }
        }
    }

    pub(super) fn set_basic(&mut self) {
        let Some(index) = self.any_open() else { return };
        let dice = &mut self.dice;
        let mut time = || {
            [0, u64::MAX, u64::MAX - 1, 1, 1 << 62, 1 << 63][if dice.one_in(2) { 0 } else { dice.below(6) }]
        };
        let times = [time(), time(), time(), time()];
        let set = [0, 0, 0x80, 1, 2, 0x20, 0x10, 0x27, 0xFFFF_FFEF][self.dice.below(9)];
        let open = &self.model.opens[index];
        let handle = open.handle;
        let at = open.at.clone();
        let rights = open.rights;
        self.note(format!("set {} {times:x?} {set:#x}", Self::show(&self.model.opens[index])));
        let fields = times.map(u64::to_be_bytes).concat();
        let bytes = [&fields[..], &u32::to_be_bytes(set), &[0; 4]].concat();
        let status = self.calls.set(handle, 4, &bytes);
        if !self.model.is_known(at.disk) {
            return;
        }
        let mut refusals = Refusals::default();
        let leaves = |time: u64| matches!(time, 0 | u64::MAX) || time == u64::MAX - 1;
        let bad = times[..3].iter().any(|&time| !leaves(time) && time >> 63 != 0);
        refusals.when(bad, NtStatus::INVALID_PARAMETER);
        refusals.when(rights & access::WRITE_ATTRIBUTES == 0, NtStatus::ACCESS_DENIED);
        refusals.when(at.disk == super::GAME, NtStatus::ACCESS_DENIED);
        match self.model.find(&at) {
            Ok(exact) => {
                let directory = self.model.facts(at.disk, &exact, &at.names).directory;
                let wrong = set & attributes::DIRECTORY != 0 && !directory;
                refusals.when(wrong || at.is_root(), NtStatus::INVALID_PARAMETER);
            }
            Err(status) => refusals.when(true, status),
        }
        if refusals.judge(status, NtStatus::SUCCESS) {
            self.model.stamp(&at, |stamp| {
                let fields = [&mut stamp.created, &mut stamp.accessed, &mut stamp.written];
                for (field, &time) in fields.into_iter().zip(&times) {
                    *field = if leaves(time) { *field } else { time };
                }
                stamp.attributes = if set == 0 { stamp.attributes } else { set & attributes::KEPT };
            });
        }
    }

    pub(super) fn volume(&mut self) {
        let Some(index) = self.any_open() else { return };
        let open = &self.model.opens[index];
        let handle = open.handle;
        let disk = open.at.disk;
        self.note(format!("volume of {}", Self::show(&self.model.opens[index])));
        let (_, free) = self.calls.volume(handle);
        assert_eq!(free, self.model.free_units(disk), "free units");
    }

    pub(super) fn list(&mut self) {
        let directories = self.model.opens.iter().enumerate().filter(|(_, open)| open.content.is_none());
        let directories: Vec<usize> = directories.map(|(index, _)| index).collect();
        let Some(index) =
            self.dice.pick(&directories).filter(|_| !self.dice.one_in(10)).or_else(|| self.any_open())
        else {
            return;
        };
        for _ in 0..=self.dice.below(5) {
            self.list_once(index);
        }
    }

    fn list_once(&mut self, index: usize) {
        let pattern = if self.dice.one_in(2) { self.dice.pick(PATTERNS) } else { None };
        let restart = self.dice.one_in(4);
        let room = [0x48, 0x50, 0x200, 0x200, 0x200, 0x47][self.dice.below(6)];
        let handle = self.model.opens[index].handle;
        let show = Self::show(&self.model.opens[index]);
        self.note(format!("list {show} {pattern:?} {restart} {room:#x}"));
        let bytes = pattern.and_then(encoded);
        let room_for_any = room >= 0x48;
        if !room_for_any {
            // The call is refused before it writes the status block.
            assert_eq!(self.calls.list_short(handle, room), NtStatus::INFO_LENGTH_MISMATCH);
            return;
        }
        let (status, found) = self.calls.list(handle, room, bytes.as_deref(), restart);
        let open = &self.model.opens[index];
        if !self.model.is_known(open.at.disk) {
            return;
        }
        let mut refusals = Refusals::default();
        let mut began = false;
        if open.listing.is_none() || restart {
            let is_first = open.listing.is_none() || pattern.is_some();
            let begun = open.listing.as_ref().map(|listing| listing.pattern);
            let pattern = pattern.or(begun).unwrap_or_default();
            match self.entries(open, pattern) {
                Ok(entries) => {
                    refusals.when(is_first && entries.is_empty(), NtStatus::NO_SUCH_FILE);
                    began = is_first;
                    self.model.opens[index].listing = Some(Listing { pattern, entries, next: 0 });
                }
                Err(status) => refusals.when(true, status),
            }
        }
        let Some(listing) = &mut self.model.opens[index].listing else {
            refusals.judge(status, NtStatus::SUCCESS);
            return;
        };
        let entry = listing.entries.get(listing.next).cloned();
        let place = listing.next as u32;
        match &entry {
            Some((name, _)) => {
                let long = 0x40 + name.chars().count() > room as usize;
                refusals.when(long, NtStatus::BUFFER_OVERFLOW);
            }
            None if !(began && listing.entries.is_empty()) => refusals.when(true, NtStatus::NO_MORE_FILES),
            None => {}
        }
        if !refusals.judge(status, NtStatus::SUCCESS) {
            return;
        }
        let (name, facts) = entry.unwrap();
        listing.next += 1;
        assert_eq!(word(&found, 4), place, "index");
        let length = word(&found, 0x3C) as usize;
        assert_eq!(found[0x40..0x40 + length], encoded(&name).unwrap(), "name");
        let times = [8, 0x10, 0x18].map(|at| long(&found, at));
        assert_eq!(times, [facts.stamp.created, facts.stamp.accessed, facts.stamp.written], "times");
        assert_eq!((long(&found, 0x28), word(&found, 0x38)), (facts.size, facts.attributes), "{name}");
    }

    /// Returns the entries that a listing started now should have.
    fn entries(&self, open: &Open, pattern: &str) -> Result<Vec<(String, Facts)>, NtStatus> {
        let disk = open.at.disk;
        let names = &open.at.names;
        let characters: Vec<char> = pattern.chars().collect();
        if characters.windows(2).any(|pair| pair[0] == '*' && pair[1] != '.') {
            return Err(NtStatus::INVALID_PARAMETER);
        }
        let exact = self.model.find(&open.at)?;
        if self.model.content(disk, &exact).is_some() {
            return Err(NtStatus::NOT_A_DIRECTORY);
        }
        let all = matches!(pattern, "" | "*.*");
        let found = self.model.disks[disk].list(&exact).into_iter();
        let found = found.filter(|(name, _)| all || matches(&characters, &name.chars().collect::<Vec<_>>()));
        Ok(found
            .map(|(name, exact)| {
                let guest = [names, std::slice::from_ref(&name)].concat();
                let facts = self.model.facts(disk, &exact, &guest);
                (name, facts)
            })
            .collect())
    }
}
