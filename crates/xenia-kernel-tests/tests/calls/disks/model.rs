//! Model of the disks' contents and open handles, as simple as possible: one map of exact names,
//! and contents as the pages that are not zero. It does not model temporary files, the files for
//! time stamps, or the host.

use super::NtStatus;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use xenia_kernel::files::share;
use xenia_vfs::stamp::attributes;
use xenia_vfs::{Stamp, path};

/// Numbers of the disks: the title's folder, the hard disk, and from here on the scratch disks.
pub(super) const GAME: usize = 0;
pub(super) const HDD: usize = 1;
pub(super) const SCRATCH: usize = 2;
/// Size of an allocation unit in bytes.
const UNIT: u64 = 0x4000;
/// Limits in bytes: what a run may add to the hard disk, the length of one of its files, and the
/// size of a scratch disk.
const DISK_BYTES: u64 = 0x2_0000_0000;
/// Free units that the hard disk reports.
const HDD_FREE_UNITS: u64 = 0x5_FFFF;
const FILE_BYTES: u64 = 0xFFFF_FFFF;
const SCRATCH_BYTES: u64 = 0x1000_0000;

pub(super) type Names = Vec<String>;

pub(super) fn lower(names: &[String]) -> Names {
    names.iter().map(|name| name.to_ascii_lowercase()).collect()
}

/// Rounds up to whole allocation units.
pub(super) fn whole_units(size: u64) -> u64 {
    size.div_ceil(UNIT) * UNIT
}

const PAGE: usize = 512;

/// Contents of a file.
#[derive(Debug, Default)]
pub(super) struct Bytes {
    pub(super) size: u64,
    pages: BTreeMap<u64, [u8; PAGE]>,
}

/// Contents shared by all handles of a file.
pub(super) type Content = Rc<RefCell<Bytes>>;

impl Bytes {
    pub(super) fn of(bytes: &[u8]) -> Content {
        let mut content = Self::default();
        content.write(0, bytes);
        Rc::new(RefCell::new(content))
    }

    pub(super) fn read(&self, offset: u64, length: usize) -> Vec<u8> {
        let length = self.size.saturating_sub(offset).min(length as u64);
        let mut bytes = vec![0; length as usize];
        let mut done = 0;
        while done < bytes.len() {
            let at = offset + done as u64;
            let within = (at % PAGE as u64) as usize;
            let count = (bytes.len() - done).min(PAGE - within);
            if let Some(page) = self.pages.get(&(at / PAGE as u64)) {
                bytes[done..done + count].copy_from_slice(&page[within..within + count]);
            }
            done += count;
        }
        bytes
    }

    pub(super) fn write(&mut self, offset: u64, bytes: &[u8]) {
        let mut done = 0;
        while done < bytes.len() {
            let at = offset + done as u64;
            let within = (at % PAGE as u64) as usize;
            let count = (bytes.len() - done).min(PAGE - within);
            let page = self.pages.entry(at / PAGE as u64).or_insert([0; PAGE]);
            page[within..within + count].copy_from_slice(&bytes[done..done + count]);
            done += count;
        }
        self.size = self.size.max(offset + bytes.len() as u64);
    }

    pub(super) fn resize(&mut self, size: u64) {
        self.pages.split_off(&size.div_ceil(PAGE as u64));
        if let Some(page) = self.pages.get_mut(&(size / PAGE as u64)) {
            page[(size % PAGE as u64) as usize..].fill(0);
        }
        self.size = size;
    }

    /// Returns the offsets of pages that are not zero, and of the ends.
    pub(super) fn landmarks(&self) -> Vec<u64> {
        let pages = self.pages.keys().map(|page| page * PAGE as u64);
        pages.chain([0, self.size.saturating_sub(PAGE as u64)]).collect()
    }
}

/// Kind of a node on a disk.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    Directory,
    File(Content),
    /// A host entry that guests can't see: a link that leads nowhere or out of the disk, or else
    /// something that is not a file.
    Hidden {
        is_link: bool,
    },
    /// A host symbolic link to a node on the same disk, by its exact names.
    Link(Names),
}

/// A disk: its nodes by exact names, without the root.
#[derive(Debug, Default)]
pub(super) struct Disk {
    pub(super) nodes: BTreeMap<Names, Kind>,
    /// Time stamps and attributes, by names in lower case.
    pub(super) stamps: BTreeMap<Names, Stamp>,
    /// Files that the host's user has write-protected.
    pub(super) protected: Vec<Names>,
    /// Bytes that guests have added.
    added: u64,
}

impl Disk {
    fn kind(&self, at: &[String]) -> Option<&Kind> {
        if at.is_empty() { Some(&Kind::Directory) } else { self.nodes.get(at) }
    }

    /// Resolves links; `None` if guests can't see the node.
    fn follow(&self, at: Names) -> Option<Names> {
        match self.kind(&at)? {
            Kind::Hidden { .. } => None,
            Kind::Link(target) => self.follow(target.clone()),
            _ => Some(at),
        }
    }

    /// Returns the names in a directory.
    fn names_in<'a>(&'a self, at: &'a [String]) -> impl Iterator<Item = &'a String> {
        let below = self.nodes.range(at.to_vec()..).take_while(move |(names, _)| names.starts_with(at));
        below.filter(move |(names, _)| names.len() == at.len() + 1).filter_map(|(names, _)| names.last())
    }

    /// Finds the exact name, or else the first in byte order that differs only in case.
    fn child(&self, at: &[String], name: &str) -> Option<Names> {
        let full = |name: &String| [at, std::slice::from_ref(name)].concat();
        let seen = |name: &&String| self.follow(full(name)).is_some();
        let found = self.names_in(at).filter(seen).find(|other| *other == name);
        let found = found.or_else(|| {
            self.names_in(at).filter(seen).find(|other: &&String| other.eq_ignore_ascii_case(name))
        });
        self.follow(full(found?))
    }

    /// Returns the exact names of a path's node.
    pub(super) fn find(&self, names: &[String]) -> Result<Names, NtStatus> {
        let mut at = Names::new();
        for (index, name) in names.iter().enumerate() {
            let last = index + 1 == names.len();
            let missing =
                if last { NtStatus::OBJECT_NAME_NOT_FOUND } else { NtStatus::OBJECT_PATH_NOT_FOUND };
            if !matches!(self.kind(&at), Some(Kind::Directory)) {
                return Err(NtStatus::OBJECT_PATH_NOT_FOUND);
            }
            at = self.child(&at, name).ok_or(missing)?;
        }
        Ok(at)
    }

    /// Lists a directory as guests see it: names, and the nodes that they resolve to.
    pub(super) fn list(&self, at: &[String]) -> Vec<(String, Names)> {
        let plain = |name: &&String| path::is_valid(name) && super::names::encoded(name).is_some();
        let mut found: Vec<(String, Names)> = self
            .names_in(at)
            .filter(plain)
            .filter_map(|name| Some((name.clone(), self.follow([at, std::slice::from_ref(name)].concat())?)))
            .collect();
        found.sort_by_key(|(name, _)| (name.to_ascii_uppercase(), name.clone()));
        found.dedup_by(|b, a| a.0.eq_ignore_ascii_case(&b.0));
        found
    }

    /// Returns whether the host directory is empty except for links that guests can't see, which
    /// are removed with it.
    pub(super) fn is_bare(&self, at: &[String]) -> bool {
        let kind = |name: &String| self.kind(&[at, std::slice::from_ref(name)].concat());
        self.names_in(at).all(|name| matches!(kind(name), Some(Kind::Hidden { is_link: true })))
    }

    /// Resets the count of added bytes for another run.
    pub(super) fn forget_added(&mut self) {
        self.added = 0;
    }

    /// Moves the nodes at `from` and below to `to`.
    pub(super) fn rename(&mut self, from: &[String], to: &[String], guest: (&[String], &[String])) {
        let moved: Vec<_> = self.nodes.extract_if(.., |names, _| names.starts_with(from)).collect();
        for (names, kind) in moved {
            self.nodes.insert([to, &names[from.len()..]].concat(), kind);
        }
        for names in self.protected.iter_mut().filter(|names| names.starts_with(from)) {
            *names = [to, &names[from.len()..]].concat();
        }
        let from = lower(guest.0);
        let to = lower(guest.1);
        let moved: Vec<_> = self.stamps.extract_if(.., |names, _| names.starts_with(&from)).collect();
        self.stamps.retain(|names, _| !names.starts_with(&to));
        for (names, stamp) in moved {
            self.stamps.insert([&to, &names[from.len()..]].concat(), stamp);
        }
    }

    pub(super) fn remove(&mut self, at: &[String], guest: &[String]) {
        self.nodes.retain(|names, _| !names.starts_with(at));
        self.protected.retain(|names| !names.starts_with(at));
        let guest = lower(guest);
        self.stamps.retain(|names, _| !names.starts_with(&guest));
    }
}

/// A place on a disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct At {
    pub(super) disk: usize,
    pub(super) names: Names,
}

/// A place without regard to case.
pub(super) type Key = (usize, Names);

impl At {
    pub(super) fn key(&self) -> Key {
        (self.disk, lower(&self.names))
    }

    pub(super) fn is_root(&self) -> bool {
        self.names.is_empty()
    }
}

/// Properties of a file or directory that guests can query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) directory: bool,
    pub(super) size: u64,
    pub(super) stamp: Stamp,
    pub(super) attributes: u32,
}

/// A directory listing in progress.
#[derive(Debug)]
pub(super) struct Listing {
    pub(super) pattern: &'static str,
    pub(super) entries: Vec<(String, Facts)>,
    pub(super) next: usize,
}

/// An open handle.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) handle: u64,
    pub(super) at: At,
    /// `None` for a directory, or if the contents are unknown.
    pub(super) content: Option<Content>,
    pub(super) rights: u32,
    pub(super) share: u32,
    /// The open options.
    pub(super) mode: u32,
    pub(super) position: u64,
    pub(super) listing: Option<Listing>,
}

/// State shared by all handles of a file.
#[derive(Clone, Debug, Default)]
pub(super) struct Common {
    pub(super) delete_pending: bool,
    pub(super) reserved: u64,
}

/// The disks and the open handles.
#[derive(Debug, Default)]
pub(super) struct Model {
    pub(super) disks: [Disk; 4],
    pub(super) opens: Vec<Open>,
    pub(super) common: BTreeMap<Key, Common>,
    /// The guest's symbolic links: names and targets.
    pub(super) links: BTreeMap<&'static str, At>,
    /// The host's user has changed the hard disk so that its contents are unknown.
    pub(super) hdd_is_unknown: bool,
}

impl Model {
    pub(super) fn is_known(&self, disk: usize) -> bool {
        disk != HDD || !self.hdd_is_unknown
    }

    pub(super) fn find(&self, at: &At) -> Result<Names, NtStatus> {
        self.disks[at.disk].find(&at.names)
    }

    pub(super) fn content(&self, disk: usize, exact: &[String]) -> Option<Content> {
        match self.disks[disk].kind(exact) {
            Some(Kind::File(content)) => Some(content.clone()),
            _ => None,
        }
    }

    /// Returns the properties of the node at exact names; `guest` is the guest's path.
    pub(super) fn facts(&self, disk: usize, exact: &[String], guest: &[String]) -> Facts {
        let content = self.content(disk, exact);
        let it = &self.disks[disk];
        let mut stamp = it.stamps.get(&lower(guest)).copied().unwrap_or_default();
        if it.protected.iter().any(|names| names == exact) {
            stamp.attributes |= attributes::READ_ONLY;
        }
        let directory = content.is_none();
        let mut bits = stamp.attributes;
        bits |= if directory { attributes::DIRECTORY } else { 0 };
        bits |= if disk == GAME && !directory { attributes::READ_ONLY } else { 0 };
        let attributes = if bits == 0 { attributes::NORMAL } else { bits };
        let size = content.map_or(0, |content| content.borrow().size);
        Facts { directory, size, stamp, attributes }
    }

    /// Returns the properties of an open file; `Err` if it was deleted.
    pub(super) fn facts_of(&self, open: &Open) -> Result<Facts, NtStatus> {
        let found = self.find(&open.at).map(|exact| self.facts(open.at.disk, &exact, &open.at.names));
        let Some(content) = &open.content else { return found };
        let read_only = if open.at.disk == GAME { attributes::READ_ONLY } else { attributes::NORMAL };
        let lost = Facts { directory: false, size: 0, stamp: Stamp::default(), attributes: read_only };
        Ok(Facts { size: content.borrow().size, ..found.unwrap_or(lost) })
    }

    pub(super) fn is_pending(&self, key: &Key) -> bool {
        self.common.get(key).is_some_and(|common| common.delete_pending)
    }

    /// Returns whether something at `key` or below it is open, or only below it.
    pub(super) fn is_open(&self, key: &Key, only_below: bool) -> bool {
        let holds = |open: &Key| open.0 == key.0 && open.1.starts_with(&key.1);
        self.opens.iter().map(|open| open.at.key()).any(|open| holds(&open) && !(only_below && open == *key))
    }

    /// Returns whether a new open with this access and sharing is compatible with the existing
    /// ones.
    pub(super) fn agrees(&self, key: &Key, does: u32, allows: u32) -> bool {
        does == 0
            || self.opens.iter().filter(|open| open.at.key() == *key).all(|open| {
                let others = does_of(open.rights);
                others == 0 || does & !open.share == 0 && others & !allows == 0
            })
    }

    /// Returns the bytes used by the files of a scratch disk.
    fn used(&self, disk: usize) -> u64 {
        let nodes = self.disks[disk].nodes.values().filter_map(|kind| match kind {
            Kind::File(content) => Some(content),
            _ => None,
        });
        let open =
            self.opens.iter().filter(|open| open.at.disk == disk).filter_map(|open| open.content.as_ref());
        let mut all: Vec<&Content> = nodes.chain(open).collect();
        all.sort_by_key(|content| Rc::as_ptr(content));
        all.dedup_by(|a, b| Rc::ptr_eq(a, b));
        all.into_iter().map(|content| whole_units(content.borrow().size)).sum()
    }

    pub(super) fn free_units(&self, disk: usize) -> u64 {
        match disk {
            GAME => 0,
            HDD => HDD_FREE_UNITS,
            _ => (SCRATCH_BYTES - self.used(disk)) / UNIT,
        }
    }

    /// Returns whether a file may grow to this size.
    pub(super) fn has_room(&self, disk: usize, old: u64, new: u64) -> bool {
        if disk == HDD {
            new <= old || new <= FILE_BYTES && self.disks[disk].added + (new - old) <= DISK_BYTES
        } else {
            let more = new.div_ceil(UNIT).saturating_sub(old.div_ceil(UNIT));
            new <= old || more <= self.free_units(disk)
        }
    }

    /// Accounts for a change of a file's size from `old` to `new`.
    pub(super) fn account(&mut self, disk: usize, old: u64, new: u64) {
        let added = &mut self.disks[disk].added;
        *added = (*added + new.saturating_sub(old)).saturating_sub(old.saturating_sub(new));
    }

    pub(super) fn stamp(&mut self, at: &At, change: impl FnOnce(&mut Stamp)) {
        let Ok(exact) = self.find(at) else { return };
        let mut stamp = self.facts(at.disk, &exact, &at.names).stamp;
        change(&mut stamp);
        self.disks[at.disk].stamps.insert(lower(&at.names), stamp);
    }
}

/// Returns the access of an open with these rights, as bits of [`share`].
pub(super) fn does_of(rights: u32) -> u32 {
    let mut does = 0;
    for (mask, bit) in [(0x21, share::READ), (6, share::WRITE), (0x1_0000, share::DELETE)] {
        does |= if rights & mask != 0 { bit } else { 0 };
    }
    does
}
