//! Opening, closing, renaming and deleting.

use super::calls::How;
use super::model::{At, Common, Content, Kind, Names, Open, does_of};
use super::names::{self, Path};
use super::{Case, GAME, HDD, NtStatus, Refusals};
use crate::files::{access, options, share};
use crate::vfs::stamp::attributes;
use crate::vfs::{OpenAction, Stamp};

/// Rights as titles ask for them.
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
/// Options that can't be, or that nobody understands.
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

/// Names that our own files have on the hard disk.
fn is_ours(name: &str) -> bool {
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
            0 => dice.of(ODD_OPTIONS),
            1 => Some(dice.next() as u32 & 0xFF_FFFF),
            _ => dice.of(OPTIONS),
        };
        How {
            access: if dice.one_in(40) { dice.next() as u32 } else { dice.of(ACCESS).unwrap_or(0) },
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
            attributes: if dice.one_in(40) { dice.next() as u32 } else { dice.of(ATTRIBUTES).unwrap_or(0) },
            allocation: if dice.one_in(6) { dice.of(ALLOCATIONS) } else { None },
        }
    }

    /// What speaks against an open whatever it is of.
    fn refuse_request(refusals: &mut Refusals, how: &How) {
        let (rights, has) = (rights_of(how.access), |bits: u32| how.options & bits != 0);
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

    /// What speaks against a new file or directory there.
    fn refuse_new(&self, refusals: &mut Refusals, at: &At) {
        let Some((name, parent)) = at.names.split_last() else { return };
        let disk = &self.model.disks[at.disk];
        refusals.when(at.disk == GAME, NtStatus::ACCESS_DENIED);
        if at.disk == HDD {
            refusals.when(name.len() > 255, NtStatus::OBJECT_NAME_INVALID);
            // Something that guests don't see may have the very name.
            let exact = disk.find(parent).map(|parent| [&parent, std::slice::from_ref(name)].concat());
            let hidden = exact.is_ok_and(|exact| disk.nodes.contains_key(&exact));
            refusals.when(hidden, NtStatus::OBJECT_NAME_COLLISION);
        }
        let ours = at.disk == HDD && is_ours(name);
        refusals.when(ours, NtStatus::OBJECT_NAME_INVALID);
        self.refuse_pending_parent(refusals, at);
    }

    fn refuse_pending_parent(&self, refusals: &mut Refusals, at: &At) {
        let Some((_, parent)) = at.names.split_last() else { return };
        let parent = At { disk: at.disk, names: parent.to_vec() };
        refusals.when(self.model.is_pending(&parent.key()), NtStatus::DELETE_PENDING);
    }

    /// What speaks against opening what is there, or isn't.
    fn refuse_open(
        &self,
        refusals: &mut Refusals,
        path: &Path,
        at: &At,
        how: &How,
        found: &Result<Names, NtStatus>,
    ) {
        let (rights, has) = (rights_of(how.access), |bits: u32| how.options & bits != 0);
        let (empties, key) = (matches!(how.disposition, 0 | 4 | 5), at.key());
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

    /// Rights that a handle gets.
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
        let (path, how) = (names::path(&mut self.dice, &self.model), self.how());
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
                let told = match status {
                    NtStatus::OBJECT_NAME_COLLISION => 4,
                    NtStatus::OBJECT_NAME_NOT_FOUND | NtStatus::OBJECT_PATH_NOT_FOUND => 5,
                    _ => 0,
                };
                assert_eq!(action, told, "information of {status:?}");
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
        let (share, mode) = (how.share, how.options);
        let open = Open { handle, at, content, rights, share, mode, position: 0, listing: None };
        self.model.opens.push(open);
    }

    /// Does what an open does to the disk.
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
        let Some(index) = self.any_open() else { return };
        let open = self.model.opens.swap_remove(index);
        self.note(format!("close {}", Self::show(&open)));
        assert_eq!(self.calls.close(open.handle), NtStatus::SUCCESS);
        if self.dice.one_in(20) {
            assert_eq!(self.calls.close(open.handle), NtStatus::INVALID_HANDLE);
        }
        self.closed(&open.at, open.mode & options::DELETE_ON_CLOSE != 0);
    }

    /// A handle is gone; if it was the last one, the file may be.
    fn closed(&mut self, at: &At, delete: bool) {
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

    /// What speaks against deleting what is at a place.
    fn refuse_delete(&self, refusals: &mut Refusals, at: &At) {
        match self.model.find(at) {
            Ok(exact) => {
                let facts = self.model.facts(at.disk, &exact, &at.names);
                let kept = at.disk == GAME || facts.stamp.attributes & attributes::READ_ONLY != 0;
                refusals.when(kept || at.is_root(), NtStatus::CANNOT_DELETE);
                let full = facts.directory && !self.model.disks[at.disk].list(&exact).is_empty();
                refusals.when(full, NtStatus::DIRECTORY_NOT_EMPTY);
            }
            Err(status) => refusals.when(true, status),
        }
    }

    pub(super) fn set_delete(&mut self) {
        let Some(index) = self.any_open() else { return };
        let open = &self.model.opens[index];
        let (handle, at, rights) = (open.handle, open.at.clone(), open.rights);
        let delete = !self.dice.one_in(5);
        self.note(format!("delete {} {delete}", Self::show(&self.model.opens[index])));
        let status = self.calls.set(handle, 13, &[u8::from(delete)]);
        let mut refusals = Refusals::default();
        refusals.when(rights & access::DELETE == 0, NtStatus::ACCESS_DENIED);
        if !self.model.is_known(at.disk) {
            return;
        }
        if delete {
            self.refuse_delete(&mut refusals, &at);
        }
        if refusals.judge(status, NtStatus::SUCCESS) {
            self.model.common.get_mut(&at.key()).unwrap().delete_pending = delete;
        }
    }

    pub(super) fn delete(&mut self) {
        let path = names::path(&mut self.dice, &self.model);
        self.note(format!("delete {path}"));
        let status = self.calls.delete(path.root, &path.text);
        let mut refusals = Refusals::default();
        let at = match &path.to {
            Ok(at) => at.clone(),
            Err(why) => {
                refusals.when(true, *why);
                refusals.judge(status, NtStatus::SUCCESS);
                return;
            }
        };
        if !self.model.is_known(at.disk) {
            return;
        }
        let how = How {
            access: access::DELETE,
            share: 7,
            disposition: 1,
            options: 0,
            attributes: 0,
            allocation: None,
        };
        let found = self.model.find(&at);
        self.refuse_open(&mut refusals, &path, &at, &how, &found);
        self.refuse_delete(&mut refusals, &at);
        if refusals.judge(status, NtStatus::SUCCESS) {
            self.model.common.entry(at.key()).or_default();
            self.closed(&at, true);
        }
    }

    pub(super) fn rename(&mut self) {
        let Some(index) = self.any_open() else { return };
        let (path, replace) = (names::path(&mut self.dice, &self.model), self.dice.one_in(2));
        let open = &self.model.opens[index];
        let (handle, from, rights) = (open.handle, open.at.clone(), open.rights);
        self.note(format!("rename {} to {path} {replace}", Self::show(&self.model.opens[index])));
        let status = self.calls.rename(handle, path.root, &path.text, replace);
        let mut refusals = Refusals::default();
        refusals.when(rights & access::DELETE == 0, NtStatus::ACCESS_DENIED);
        refusals.when(from.is_root(), NtStatus::INVALID_PARAMETER);
        refusals.when(self.model.is_pending(&from.key()), NtStatus::DELETE_PENDING);
        let to = match &path.to {
            Ok(to) => to.clone(),
            Err(why) => {
                refusals.when(true, *why);
                refusals.judge(status, NtStatus::SUCCESS);
                return;
            }
        };
        if !self.model.is_known(from.disk) {
            if status == NtStatus::SUCCESS {
                self.moved(&from, &to);
            }
            return;
        }
        if !self.model.is_known(to.disk) {
            assert!(!status.is_success(), "onto another disk");
            return;
        }
        self.refuse_rename(&mut refusals, &from, &to, replace);
        if !refusals.judge(status, NtStatus::SUCCESS) {
            return;
        }
        let (source, (name, parent)) = (self.model.find(&from).unwrap(), to.names.split_last().unwrap());
        let parent = self.model.disks[to.disk].find(parent).unwrap();
        if let (Ok(target), true) = (self.model.find(&to), from.key() != to.key()) {
            let size = self.model.content(to.disk, &target).map_or(0, |content| content.borrow().size);
            self.model.account(to.disk, size, 0);
            self.model.disks[to.disk].nodes.remove(&target);
            self.model.disks[to.disk].protected.retain(|names| *names != target);
        }
        let target = [&parent, std::slice::from_ref(name)].concat();
        self.model.disks[to.disk].rename(&source, &target, (&from.names, &to.names));
        self.moved(&from, &to);
    }

    /// All handles of a file follow it.
    fn moved(&mut self, from: &At, to: &At) {
        let (old, new) = (from.key(), to.key());
        if let Some(common) = self.model.common.remove(&old) {
            self.model.common.insert(new, common);
        }
        for open in self.model.opens.iter_mut().filter(|open| open.at.key() == old) {
            open.at = to.clone();
        }
    }

    fn refuse_rename(&self, refusals: &mut Refusals, from: &At, to: &At, replace: bool) {
        let model = &self.model;
        refusals.when(from.disk != to.disk, NtStatus::NOT_SAME_DEVICE);
        refusals.when(from.disk == GAME, NtStatus::ACCESS_DENIED);
        refusals.when(model.is_open(&from.key(), true), NtStatus::ACCESS_DENIED);
        self.refuse_pending_parent(refusals, to);
        let ours = to.disk == HDD && to.names.last().is_some_and(|name| is_ours(name));
        refusals.when(ours, NtStatus::OBJECT_NAME_INVALID);
        let source = model.find(from);
        if let Err(status) = &source {
            refusals.when(true, *status);
        }
        let same = from.key() == to.key();
        // Something that guests don't see is in the way of the very name only.
        if let Some((name, parent)) = to.names.split_last()
            && let Ok(parent) = model.disks[to.disk].find(parent)
        {
            let exact = [&parent, std::slice::from_ref(name)].concat();
            let hidden = matches!(model.disks[to.disk].nodes.get(&exact), Some(Kind::Hidden));
            refusals.when(hidden, NtStatus::OBJECT_NAME_COLLISION);
        }
        match model.find(to) {
            Ok(_) if same => {}
            Ok(exact) => {
                let facts = model.facts(to.disk, &exact, &to.names);
                refusals.when(!replace || facts.directory || to.is_root(), NtStatus::OBJECT_NAME_COLLISION);
                let protected = facts.attributes & attributes::READ_ONLY != 0;
                let denied = replace && (protected || model.is_open(&to.key(), false));
                refusals.when(denied, NtStatus::ACCESS_DENIED);
            }
            Err(NtStatus::OBJECT_NAME_NOT_FOUND) => self.refuse_new(refusals, to),
            Err(status) => refusals.when(true, status),
        }
        let below = !same && to.disk == from.disk && to.key().1.starts_with(&from.key().1);
        let directory = source.is_ok_and(|exact| model.content(from.disk, &exact).is_none());
        refusals.when(below && directory, NtStatus::OBJECT_NAME_INVALID);
    }
}
