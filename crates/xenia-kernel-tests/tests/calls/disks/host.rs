//! The host folders behind the disks: random trees, changes that the host's user makes meanwhile,
//! and the canary, which is everything beside them and must never change.

use super::model::{Bytes, Content, Disk, GAME, HDD, Kind, Model, Names};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{FileExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tempfile::TempDir;
use xenia_limits::ResourceLimits;
use xenia_testing::{Dice, fast_folder};
use xenia_vfs::{FileDevice, HostFolder, host_name};

/// Names of host files; the last ones are invalid or invisible for guests.
const NAMES: &[&str] = &[
    "a",
    "A",
    "b",
    "Save",
    "SAVE",
    "save.dat",
    "Dir",
    "dir",
    "sub",
    "\u{e9}",
    "\u{c9}",
    "x y",
    "Data.bin",
    "DATA.BIN",
    "default.xex",
    ".hidden",
    "con",
    "a:b",
    "\u{65e5}",
    "t.",
    "back\\slash",
];
/// Larger files are compared at some places only.
const SMALL: u64 = 1 << 20;

/// Contents of a host path.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Seen {
    Directory,
    Link(PathBuf),
    /// Length, modification time, and contents if it is small.
    File(u64, SystemTime, Option<Vec<u8>>),
    Other,
}

type Tree = BTreeMap<PathBuf, Seen>;

/// The host folders and their expected contents.
pub(super) struct Host {
    root: TempDir,
    game: Tree,
    canary: Tree,
    /// Number of changes so far; gives each changed directory a distinct modification time.
    changes: u64,
}

impl Host {
    /// Creates random folders, and the model of the disks over them.
    pub(super) fn new(dice: &mut Dice, model: &mut Model) -> Self {
        // In memory if possible, because saves are synchronised to the disk very often.
        let root = tempfile::tempdir_in(fast_folder(16 << 10)).or_else(|_| tempfile::tempdir()).unwrap();
        for folder in ["game", "hdd", "outside", "outside/dir", "hdd2", "game2"] {
            fs::create_dir(root.path().join(folder)).unwrap();
        }
        for file in
            ["outside/secret", "outside/dir/inner", "outside/.xenia-draft-1-0", "hdd2/a", "game2/a", "beside"]
        {
            fs::write(root.path().join(file), format!("canary of {file}")).unwrap();
        }
        let mut host = Self { root, game: Tree::new(), canary: Tree::new(), changes: 0 };
        for disk in [GAME, HDD] {
            host.grow(dice, disk, &mut model.disks[disk], &[]);
        }
        if dice.one_in(2) {
            fs::write(host.folder(HDD).join(".xenia-draft-1-0"), "left by a run that was cut short").unwrap();
        }
        if dice.one_in(4) {
            host.big_file(&mut model.disks[GAME]);
        }
        host.note();
        host
    }

    pub(super) fn folder(&self, disk: usize) -> PathBuf {
        self.root.path().join(if disk == GAME { "game" } else { "hdd" })
    }

    pub(super) fn path(&self, disk: usize, names: &[String]) -> PathBuf {
        self.folder(disk).join(on_host(names))
    }

    /// Records the state that must not change from here on.
    fn note(&mut self) {
        self.game = tree(&self.folder(GAME), &[]);
        self.canary = tree(self.root.path(), &["game", "hdd"]);
    }

    fn grow(&self, dice: &mut Dice, disk: usize, model: &mut Disk, at: &[String]) {
        let entries = 1 + dice.below(6);
        for _ in 0..entries {
            let mut names = at.to_vec();
            names.push(dice.pick(NAMES).unwrap_or("a").to_owned());
            if dice.one_in(12) {
                names.pop();
                names.push("l".repeat(1 + dice.below(255)));
            }
            let path = self.path(disk, &names);
            if path.symlink_metadata().is_ok() {
                continue;
            }
            // Names that differ only in case may be on a disc, but not on a writable disk.
            let same = |other: &&Names| {
                other.len() == names.len()
                    && other.starts_with(at)
                    && other.last().map(|name| name.to_ascii_lowercase())
                        == names.last().map(|name| name.to_ascii_lowercase())
            };
            let twin =
                model.nodes.iter().any(|(other, kind)| same(&other) && !matches!(kind, Kind::Hidden { .. }));
            let choice = if twin && disk == HDD { 9 } else { dice.below(12) };
            let kind = match choice {
                0..=2 if names.len() < 4 => {
                    fs::create_dir(&path).unwrap();
                    model.nodes.insert(names.clone(), Kind::Directory);
                    self.grow(dice, disk, model, &names);
                    continue;
                }
                8 if disk == GAME => match self.link(dice, model, &path) {
                    Some(target) => Kind::Link(target),
                    None => continue,
                },
                8..=10 => Kind::Hidden { is_link: self.hide(dice, &path) },
                _ => {
                    let bytes = contents(dice);
                    fs::write(&path, &bytes).unwrap();
                    if disk == HDD && dice.one_in(5) {
                        protect(&path);
                        model.protected.push(names.clone());
                    }
                    Kind::File(Bytes::of(&bytes))
                }
            };
            model.nodes.insert(names, kind);
        }
    }

    /// Creates a link to a file or directory on the same disk.
    fn link(&self, dice: &mut Dice, model: &Disk, path: &Path) -> Option<Names> {
        let plain = model.nodes.iter().filter(|(_, kind)| matches!(kind, Kind::Directory | Kind::File(_)));
        let plain: Vec<&Names> = plain.map(|(names, _)| names).collect();
        let target = (*plain.get(dice.below(plain.len()))?).clone();
        symlink(self.path(GAME, &target), path).unwrap();
        Some(target)
    }

    /// Creates something at `path` that guests must not see; returns whether it is a link.
    fn hide(&self, dice: &mut Dice, path: &Path) -> bool {
        let target = match dice.below(9) {
            0 => self.root.path().join("outside"),
            1 => self.root.path().join("outside/secret"),
            // A dangling link.
            2 => self.root.path().join("outside/new"),
            3 => self.root.path().join("hdd2"),
            4 => self.root.path().to_owned(),
            5 => PathBuf::from("/"),
            6 => PathBuf::from("/dev/zero"),
            // A link to itself.
            7 => path.to_owned(),
            _ => {
                // The path may be too long for a socket.
                if UnixListener::bind(path).is_ok() {
                    return false;
                }
                PathBuf::from("/etc/passwd")
            }
        };
        symlink(target, path).unwrap();
        true
    }

    /// Creates a sparse file with a length of more than 32 bits.
    fn big_file(&self, model: &mut Disk) {
        let names = vec!["Big.bin".to_owned()];
        let Ok(file) = OpenOptions::new().write(true).create_new(true).open(self.path(GAME, &names)) else {
            return;
        };
        let mut bytes = Bytes::default();
        for at in [0, (1 << 31) - 4, (1 << 32) - 4, (5 << 30) - 8] {
            file.write_all_at(b"landmark", at).unwrap();
            bytes.write(at, b"landmark");
        }
        model.nodes.insert(names, Kind::File(Content::new(bytes.into())));
    }

    /// Changes the title's folder as the host's user might.
    pub(super) fn change_game(&mut self, dice: &mut Dice, model: &mut Disk) -> String {
        let all: Vec<(Names, Kind)> =
            model.nodes.iter().map(|(names, kind)| (names.clone(), kind.clone())).collect();
        let Some((names, kind)) = all.get(dice.below(all.len())).cloned() else { return String::new() };
        let path = self.path(GAME, &names);
        let parent = path.parent().unwrap().to_owned();
        let what = match (&kind, dice.below(6)) {
            (Kind::File(content), 0..=1) => {
                let size = [0, 1, 600, 70_000][dice.below(4)];
                OpenOptions::new().write(true).open(&path).unwrap().set_len(size).unwrap();
                content.borrow_mut().resize(size);
                "has another length"
            }
            (Kind::File(_), 2) => {
                let bytes = contents(dice);
                let new = self.root.path().join("game/.new");
                fs::write(&new, &bytes).unwrap();
                fs::rename(new, &path).unwrap();
                model.nodes.insert(names.clone(), Kind::File(Bytes::of(&bytes)));
                "is another file"
            }
            (Kind::File(_) | Kind::Hidden { .. } | Kind::Link(_), 3) => {
                fs::remove_file(&path).unwrap();
                model.nodes.remove(&names);
                "is gone"
            }
            (Kind::Directory, 0..=1) => {
                fs::remove_dir_all(&path).unwrap();
                model.nodes.retain(|other, _| !other.starts_with(&names));
                let is_link = self.hide(dice, &path);
                model.nodes.insert(names.clone(), Kind::Hidden { is_link });
                "leads elsewhere"
            }
            (Kind::Directory, 2) => {
                fs::remove_dir_all(&path).unwrap();
                fs::write(&path, "now a file").unwrap();
                model.nodes.retain(|other, _| !other.starts_with(&names));
                model.nodes.insert(names.clone(), Kind::File(Bytes::of(b"now a file")));
                "is a file"
            }
            (Kind::File(_), _) => {
                fs::remove_file(&path).unwrap();
                let is_link = self.hide(dice, &path);
                model.nodes.insert(names.clone(), Kind::Hidden { is_link });
                "leads elsewhere"
            }
            _ => return String::new(),
        };
        // The file system's clock may not advance between two changes.
        self.changes += 1;
        let time = SystemTime::now() + Duration::from_secs(self.changes);
        File::open(parent).unwrap().set_modified(time).unwrap();
        self.note();
        format!("host: game {names:?} {what}")
    }

    /// Changes a file of the hard disk that is not open, as the host's user might.
    pub(super) fn change_hdd(&mut self, dice: &mut Dice, model: &mut Model) -> String {
        let disk = &model.disks[HDD];
        let open = |names: &Names| {
            let exact =
                model.opens.iter().filter(|open| open.at.disk == HDD).map(|open| model.find(&open.at));
            exact.flatten().any(|open| open == *names)
        };
        let files = disk.nodes.iter().filter_map(|(names, kind)| match kind {
            Kind::File(content) if !open(names) => Some((names.clone(), content.clone())),
            _ => None,
        });
        let files: Vec<(Names, Content)> = files.collect();
        let Some((names, content)) = files.get(dice.below(files.len())) else { return String::new() };
        let path = self.path(HDD, names);
        let disk = &mut model.disks[HDD];
        let what = match dice.below(4) {
            0 => {
                fs::remove_file(&path).unwrap();
                disk.nodes.remove(names);
                disk.protected.retain(|other| other != names);
                "is gone"
            }
            1 if !disk.protected.contains(names) => {
                protect(&path);
                disk.protected.push(names.clone());
                "is protected"
            }
            _ => {
                let size = [0, 1, 600, 70_000][dice.below(4)];
                OpenOptions::new().write(true).open(&path).unwrap().set_len(size).unwrap();
                content.borrow_mut().resize(size);
                "has another length"
            }
        };
        format!("host: hdd {names:?} {what}")
    }

    /// Replaces a file of the hard disk by something unsuitable, as the host's user or another
    /// program might.
    pub(super) fn wreck_hdd(&mut self, dice: &mut Dice) -> String {
        let seen: Vec<PathBuf> = tree(&self.folder(HDD), &[]).into_keys().collect();
        let Some(inner) = seen.get(dice.below(seen.len())) else { return String::new() };
        let path = self.folder(HDD).join(inner);
        let choice = dice.below(5);
        // This may also remove a temporary file that is in use.
        let _ = fs::remove_dir_all(&path).or_else(|_| fs::remove_file(&path));
        match choice {
            0 => {}
            1 => fs::create_dir(&path).unwrap(),
            2 => fs::write(&path, "other").unwrap(),
            3 => symlink(self.root.path().join("outside"), &path).unwrap(),
            _ => _ = self.hide(dice, &path),
        }
        format!("host: wrecks {} ({choice})", inner.display())
    }

    /// Checks that the title's folder and everything beside the disks are unchanged.
    pub(super) fn check(&self) {
        assert_eq!(tree(self.root.path(), &["game", "hdd"]), self.canary, "beside the folders");
        assert_eq!(tree(&self.folder(GAME), &[]), self.game, "in the title's folder");
    }

    /// Checks that the host has the contents of the hard disk, after all handles are closed.
    pub(super) fn check_hdd(&self, model: &Model) {
        let disk = &model.disks[HDD];
        let mut found = tree(&self.folder(HDD), &[]);
        found.remove(Path::new(".xenia-stamps"));
        let expected: BTreeSet<PathBuf> = disk.nodes.keys().map(|names| on_host(names)).collect();
        assert_eq!(found.keys().cloned().collect::<BTreeSet<_>>(), expected, "on the host");
        for (names, kind) in &disk.nodes {
            let path = self.path(HDD, names);
            match (kind, &found[&on_host(names)]) {
                (Kind::File(content), Seen::File(size, ..)) => {
                    assert_eq!(*size, content.borrow().size, "{names:?}");
                    compare(&File::open(path).unwrap(), &content.borrow());
                }
                (Kind::Directory, Seen::Directory) | (Kind::Hidden { .. }, Seen::Link(_) | Seen::Other) => {}
                (_, seen) => panic!("{names:?} is {seen:?}"),
            }
        }
        // Another machine finds the disk as this one left it.
        let device = HostFolder::writable(&self.folder(HDD), Arc::new(ResourceLimits::default())).unwrap();
        for names in disk.nodes.keys() {
            let Ok(exact) = disk.find(names) else { continue };
            let facts = model.facts(HDD, &exact, names);
            let entry = device.find(names).unwrap();
            assert_eq!((entry.size, entry.directory), (facts.size, facts.directory), "{names:?}");
            assert_eq!(entry.stamp, facts.stamp, "{names:?}");
        }
    }

    /// Counts the descriptors of this process that are open below the folders.
    pub(super) fn descriptors(&self) -> usize {
        let Ok(all) = fs::read_dir("/proc/self/fd") else { return 0 };
        let targets = all.flatten().filter_map(|entry| fs::read_link(entry.path()).ok());
        targets.filter(|target| target.starts_with(self.root.path())).count()
    }
}

/// Returns the host path of a guest's names below a disk's folder.
fn on_host(names: &[String]) -> PathBuf {
    names.iter().map(|name| host_name(name).into_owned()).collect()
}

fn contents(dice: &mut Dice) -> Vec<u8> {
    let mut bytes = dice.bytes(600);
    if dice.one_in(6) {
        bytes.resize([0x4000, 0x1_0000, 0x1_0001, 70_000][dice.below(4)], 7);
    }
    bytes
}

fn protect(path: &Path) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o444)).unwrap();
}

/// Returns whether a host file has these contents. Small files are compared completely, others at
/// non-zero places and at the ends.
fn compare(file: &File, content: &Bytes) {
    let places = if content.size <= SMALL {
        vec![(0, content.size as usize)]
    } else {
        content.landmarks().into_iter().map(|at| (at, 0x1000)).collect()
    };
    for (at, length) in places {
        let expected = content.read(at, length);
        let mut found = vec![0; expected.len()];
        file.read_exact_at(&mut found, at).unwrap();
        assert!(found == expected, "contents at {at:#x}");
    }
}

/// Returns everything in a folder except below `without`.
fn tree(folder: &Path, without: &[&str]) -> Tree {
    let mut found = Tree::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(at) = folders.pop() {
        for entry in fs::read_dir(&at).unwrap() {
            let path = entry.unwrap().path();
            let inner = path.strip_prefix(folder).unwrap().to_owned();
            if without.iter().any(|name| inner == Path::new(name)) {
                continue;
            }
            let metadata = path.symlink_metadata().unwrap();
            let kind = metadata.file_type();
            let seen = if kind.is_dir() {
                folders.push(path);
                Seen::Directory
            } else if kind.is_symlink() {
                Seen::Link(fs::read_link(path).unwrap())
            } else if kind.is_file() {
                let bytes = (metadata.len() <= SMALL).then(|| fs::read(path).unwrap());
                Seen::File(metadata.len(), metadata.modified().unwrap(), bytes)
            } else {
                Seen::Other
            };
            found.insert(inner, seen);
        }
    }
    found
}
