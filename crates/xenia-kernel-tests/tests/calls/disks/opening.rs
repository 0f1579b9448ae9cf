//! Operations that open and close files.

use super::calls::How;
use super::model::{At, Common, Content, Kind, Names, Open, does_of};
use super::names::{self, Path};
use super::{Case, GAME, HDD, NtStatus, Refusals};
use xenia_kernel::files::{access, options, share};
use xenia_vfs::is_fatx_name;
use xenia_vfs::stamp::attributes;
use xenia_vfs::{OpenAction, Stamp};

/// Access rights that titles request.
const ACCESS: &[u32] = &[
    access::GENERIC_READ,
    access::GENERIC_READ | access::GENERIC_WRITE,
    access::GENERIC_READ | access::GENERIC_WRITE | access::DELETE,
    access::GENERIC_WRITE,
    access::GENERIC_ALL,
    access::GENERIC_ALL,
    access::MAXIMUM_ALLOWED,
    access::READ_DATA | access::SYNCHRONIZE,
    access::APPEND_DATA | access::SYNCHRONIZE,
    access::WRITE_ATTRIBUTES | access::SYNCHRONIZE,
    access::DELETE | access::SYNCHRONIZE,
    access::DELETE,
    access::SYNCHRONIZE,
    access::GENERIC_EXECUTE,
    0,
];
const OPTIONS: &[u32] =
    &[0x20, 0x20, 0x20, 0x60, 0x60, 0, 0x40, 0x21, 0x21, 1, 0x28, 0x1020, 0x1060, 0x22, 0x10, 0x4021];
/// Invalid or unknown options.
const ODD_OPTIONS: &[u32] = &[0x30, 0x61, 0x2020, 0x100_0000, 0x1000, 0x29, 0x80_0020, 0xFFFF_FFFF];
const ATTRIBUTES: &[u32] = &[0, 0, 0, 0, 0x80, 0x20, 1, 2, 4, 0x10, 0x27, 0x7FB7];
const ALLOCATIONS: &[u64] = &[
    0,
    1,
    0x4000,
    0x4001,
    0x1000_0000,
    0x1000_0001,
    0x2_0000_0000,
    0x2_0000_0001,
    i64::MAX as u64,
    1 << 63,
    u64::MAX,
];

/// Returns whether a name is reserved for the emulator's own files on the hard disk.
pub(super) fn is_ours(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name == ".xenia-stamps" || name.starts_with(".xenia-draft-")
}

fn rights_of(asked: u32) -> u32 {
    let mut rights = asked & 0x0FFF_FFFF;
    for (bit, meaning) in [(31, 0x12_0089), (30, 0x12_0116), (29, 0x12_00A0), (28, 0x1F_01FF)] {
        rights |= if asked >> bit & 1 != 0 { meaning } else { 0 };
    }
    rights
}

impl Case {
    fn how(&mut self) -> How {
        let dice = &mut self.dice;
        let options = match dice.below(30) {
            0 => dice.pick(ODD_OPTIONS),
            1 => Some(dice.next() as u32 & 0xFF_FFFF),
            _ => dice.pick(OPTIONS),
        };
        How {
            access: if dice.one_in(40) { dice.next() as u32 } else { dice.pick(ACCESS).unwrap_or(0) },
            share: match dice.below(30) {
                0 => 8 | dice.next() as u32,
                1..=9 => dice.below(8) as u32,
                _ => share::ALL,
            },
            disposition: if dice.one_in(60) {
                6 + dice.next() as u32 % 7
            } else {
                [0, 1, 1, 2, 3, 3, 4, 5][dice.below(8)]
            },
            options: options.unwrap_or(0),
            attributes: if dice.one_in(40) { dice.next() as u32 } else { dice.pick(ATTRIBUTES).unwrap_or(0) },
            allocation: if dice.one_in(6) { dice.pick(ALLOCATIONS) } else { None },
        }
    }

    /// Collects the rules that forbid an open independent of its path.
    fn refuse_request(refusals: &mut Refusals, how: &How) {
        let rights = rights_of(how.access);
        let has = |bits: u32| how.options & bits != 0;
        let empties = matches!(how.disposition, 0 | 4 | 5);
        let invalid = how.options > 0xFF_FFFF
            || how.options & 0x30 == 0x30
            || has(0x30) && rights & 0x210_0000 == 0
            || has(options::DELETE_ON_CLOSE) && rights & 0x201_0000 == 0
            || has(options::DIRECTORY_FILE) && (how.options & !0x80_5033 != 0 || empties)
            || has(options::NO_INTERMEDIATE_BUFFERING) && how.access & access::APPEND_DATA != 0
            || how.share & !7 != 0
            || how.attributes & !0x7FB7 != 0
            || how.allocation.is_some_and(|size| size >> 63 != 0)
            || how.disposition > 5;
        refusals.when(invalid, NtStatus::INVALID_PARAMETER);
        refusals.when(has(options::OPEN_BY_FILE_ID), NtStatus::NOT_SUPPORTED);
    }

    /// Collects the rules that forbid a new file or directory at a place.
    pub(super) fn refuse_new(&self, refusals: &mut Refusals, at: &At) {
        let Some((name, parent)) = at.names.split_last() else { return };
        let disk = &self.model.disks[at.disk];
        refusals.when(at.disk == GAME, NtStatus::ACCESS_DENIED);
        refusals.when(at.disk != GAME && !is_fatx_name(name), NtStatus::OBJECT_NAME_INVALID);
        if at.disk == HDD {
            // An entry that guests can't see may have this exact name.
            let exact = disk.find(parent).map(|parent| [&parent, std::slice::from_ref(name)].concat());
            let hidden = exact.is_ok_and(|exact| disk.nodes.contains_key(&exact));
            refusals.when(hidden, NtStatus::OBJECT_NAME_COLLISION);
        }
        let is_reserved = at.disk == HDD && is_ours(name);
        refusals.when(is_reserved, NtStatus::OBJECT_NAME_INVALID);
        self.refuse_pending_parent(refusals, at);
    }

    pub(super) fn refuse_pending_parent(&self, refusals: &mut Refusals, at: &At) {
        let Some((_, parent)) = at.names.split_last() else { return };
        let parent = At { disk: at.disk, names: parent.to_vec() };
        refusals.when(self.model.is_pending(&parent.key()), NtStatus::DELETE_PENDING);
    }

    /// Collects the rules that forbid an open of this path.
    pub(super) fn refuse_open(
        &self,
        refusals: &mut Refusals,
        path: &Path,
        at: &At,
        how: &How,
        found: &Result<Names, NtStatus>,
    ) {
        let rights = rights_of(how.access);
        let has = |bits: u32| how.options & bits != 0;
        let empties = matches!(how.disposition, 0 | 4 | 5);
        let key = at.key();
        refusals.when(self.model.is_pending(&key), NtStatus::DELETE_PENDING);
        refusals.when(at.disk == GAME && has(options::DELETE_ON_CLOSE), NtStatus::ACCESS_DENIED);
        let mut added = 0;
        match found {
            Ok(_) if at.is_root() => {
                let opens = matches!(how.disposition, 1 | 3) && !has(options::DELETE_ON_CLOSE);
                refusals.when(!opens, NtStatus::ACCESS_DENIED);
                let as_file = has(options::NON_DIRECTORY_FILE) && path.ends_with_slash();
                refusals.when(as_file, NtStatus::FILE_IS_A_DIRECTORY);
            }
            Ok(exact) => {
                let facts = self.model.facts(at.disk, exact, &at.names);
                added = if how.disposition == 0 {
                    access::DELETE
                } else {
                    u32::from(empties) * access::WRITE_DATA
                };
                if facts.directory {
                    refusals.when(has(options::NON_DIRECTORY_FILE), NtStatus::FILE_IS_A_DIRECTORY);
                } else {
                    refusals.when(has(options::DIRECTORY_FILE), NtStatus::NOT_A_DIRECTORY);
                    refusals.when(path.ends_with_slash(), NtStatus::OBJECT_NAME_INVALID);
                    let writes =
                        (rights | added) & (access::WRITE_DATA | access::APPEND_DATA) != 0 || empties;
                    let denied = writes && facts.attributes & attributes::READ_ONLY != 0;
                    refusals.when(denied, NtStatus::ACCESS_DENIED);
                }
                let taken = how.disposition == 2 || facts.directory && empties;
                refusals.when(taken, NtStatus::OBJECT_NAME_COLLISION);
                let kept =
                    has(options::DELETE_ON_CLOSE) && facts.stamp.attributes & attributes::READ_ONLY != 0;
                refusals.when(kept, NtStatus::CANNOT_DELETE);
                let hidden =
                    facts.attributes & (attributes::HIDDEN | attributes::SYSTEM) & !how.attributes != 0;
                refusals.when(empties && hidden, NtStatus::ACCESS_DENIED);
            }
            Err(NtStatus::OBJECT_NAME_NOT_FOUND) => {
                refusals.when(matches!(how.disposition, 1 | 4), NtStatus::OBJECT_NAME_NOT_FOUND);
                let as_file = path.ends_with_slash() && !has(options::DIRECTORY_FILE);
                refusals.when(as_file, NtStatus::OBJECT_NAME_INVALID);
                let kept = has(options::DELETE_ON_CLOSE) && how.attributes & attributes::READ_ONLY != 0;
                refusals.when(kept, NtStatus::CANNOT_DELETE);
                self.refuse_new(refusals, at);
            }
            Err(status) => refusals.when(true, *status),
        }
        let fresh = found.is_err() || empties;
        let free = self.model.free_units(at.disk) * 0x4000;
        refusals.when(fresh && how.allocation.unwrap_or(0) > free, NtStatus::DISK_FULL);
        let granted = self.granted(at, how, found);
        let agrees = self.model.agrees(&key, does_of(granted | added), how.share);
        refusals.when(!agrees, NtStatus::SHARING_VIOLATION);
    }

    /// Returns the rights that a handle gets.
    fn granted(&self, at: &At, how: &How, found: &Result<Names, NtStatus>) -> u32 {
        let rights = rights_of(how.access);
        if rights & access::MAXIMUM_ALLOWED == 0 {
            return rights;
        }
        let read_only = at.disk == GAME
            || found.as_ref().is_ok_and(|exact| {
                self.model.facts(at.disk, exact, &at.names).attributes & attributes::READ_ONLY != 0
            });
        rights & !access::MAXIMUM_ALLOWED | if read_only { 0x1F_01F9 } else { 0x1F_01FF }
    }

    pub(super) fn open(&mut self) {
        let path = names::path(&mut self.dice, &self.model);
        let how = self.how();
        self.note(format!("open {path} {how:x?}"));
        let (status, handle, action) = self.calls.create(path.root, &path.text, &how);
        let mut refusals = Refusals::default();
        Self::refuse_request(&mut refusals, &how);
        let at = match &path.to {
            Ok(at) => at.clone(),
            Err(why) => {
                refusals.when(true, *why);
                refusals.judge(status, NtStatus::SUCCESS);
                return;
            }
        };
        let found = self.model.find(&at);
        if self.model.is_known(at.disk) {
            self.refuse_open(&mut refusals, &path, &at, &how, &found);
            if !refusals.judge(status, NtStatus::SUCCESS) {
                let expected = match status {
                    NtStatus::OBJECT_NAME_COLLISION => 4,
                    NtStatus::OBJECT_NAME_NOT_FOUND | NtStatus::OBJECT_PATH_NOT_FOUND => 5,
                    _ => 0,
                };
                assert_eq!(action, expected, "information of {status:?}");
                return;
            }
        } else if !status.is_success() {
            return;
        }
        self.note(format!("  {handle:#x}"));
        let rights = self.granted(&at, &how, &found);
        let content =
            if self.model.is_known(at.disk) { self.opened(&at, &how, &found, action) } else { None };
        let common = self.model.common.entry(at.key()).or_default();
        if found.is_err() || matches!(how.disposition, 0 | 4 | 5) {
            common.reserved = how.allocation.unwrap_or(0);
        }
        let share = how.share;
        let mode = how.options;
        let open = Open { handle, at, content, rights, share, mode, position: 0, listing: None };
        self.model.opens.push(open);
    }

    /// Applies the effects of an open to the model.
    fn opened(
        &mut self,
        at: &At,
        how: &How,
        found: &Result<Names, NtStatus>,
        action: u32,
    ) -> Option<Content> {
        let now = self.now();
        let done = match found {
            Ok(_) if how.disposition == 0 => OpenAction::Superseded,
            Ok(_) if matches!(how.disposition, 4 | 5) => OpenAction::Overwritten,
            Ok(_) => OpenAction::Opened,
            Err(_) => OpenAction::Created,
        };
        assert_eq!(action, done as u32, "what was done");
        let exact = if let Ok(exact) = found {
            exact.clone()
        } else {
            let (name, parent) = at.names.split_last().unwrap();
            let parent = self.model.disks[at.disk].find(parent).unwrap();
            [&parent, std::slice::from_ref(name)].concat()
        };
        let new = Stamp::new(now, how.attributes);
        match done {
            OpenAction::Opened => {}
            OpenAction::Created => {
                let directory = how.options & options::DIRECTORY_FILE != 0;
                let kind = if directory { Kind::Directory } else { Kind::File(Content::default()) };
                self.model.disks[at.disk].nodes.insert(exact.clone(), kind);
                self.model.stamp(at, |stamp| *stamp = new);
            }
            OpenAction::Superseded | OpenAction::Overwritten => {
                let content = self.model.content(at.disk, &exact).unwrap();
                let size = content.borrow().size;
                self.model.account(at.disk, size, 0);
                content.borrow_mut().resize(0);
                let keeps = done == OpenAction::Overwritten;
                self.model.stamp(at, |stamp| {
                    *stamp = Stamp { created: if keeps { stamp.created } else { now }, ..new };
                });
            }
        }
        self.model.content(at.disk, &exact)
    }

    pub(super) fn close_any(&mut self) {
        if let Some(index) = self.any_open() {
            self.close(index);
        }
    }

    /// Closes the handle with this index.
    pub(super) fn close(&mut self, index: usize) {
        let open = self.model.opens.swap_remove(index);
        self.note(format!("close {}", Self::show(&open)));
        assert_eq!(self.calls.close(open.handle), NtStatus::SUCCESS);
        if self.dice.one_in(20) {
            assert_eq!(self.calls.close(open.handle), NtStatus::INVALID_HANDLE);
        }
        self.closed(&open.at, open.mode & options::DELETE_ON_CLOSE != 0);
    }

    /// Applies the close of a handle; if it was the last one, a pending deletion takes effect.
    pub(super) fn closed(&mut self, at: &At, delete: bool) {
        let key = at.key();
        if delete && let Some(common) = self.model.common.get_mut(&key) {
            common.delete_pending = true;
        }
        if self.model.opens.iter().any(|open| open.at.key() == key) {
            return;
        }
        let Some(Common { delete_pending: true, .. }) = self.model.common.remove(&key) else { return };
        if !self.model.is_known(at.disk) {
            return;
        }
        let Ok(exact) = self.model.find(at) else { return };
        let content = self.model.content(at.disk, &exact);
        if content.is_none() && !self.model.disks[at.disk].is_bare(&exact) {
            return;
        }
        if let Some(content) = content {
            self.model.account(at.disk, content.borrow().size, 0);
        }
        self.model.disks[at.disk].remove(&exact, &at.names);
    }
}
