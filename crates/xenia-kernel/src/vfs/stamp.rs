//! Times and attributes of files and directories, and the file that a host folder keeps them in.
//!
//! The host's own times and attributes never reach a guest: runs on different days, or on different
//! hosts, must see the same. What no guest has touched has [`Stamp::default`]; what a guest makes,
//! writes or sets is stamped with guest time. A folder keeps its stamps in one hidden text file, a
//! line for each file, so that saves still have their times when the title runs again:
//!
//! ```text
//! 1bf53eb256d4000 1bf53eb256d4000 1bf53eb256d4000 20 profile\save0
//! - profile\save1
//! ```
//! created, accessed, written, attributes, path in lower case; numbers in hexadecimal; `-`: the
//! path is gone, and what was below it. Lines that say something else are dropped, with one
//! warning. What changes is added at the end, where the last line of a path counts; the whole file
//! is written again when most of it is out of date, or when it was damaged.

use super::{VfsResult, draft, path};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};
use xenia_sched::START_FILETIME;
use xenia_sync::{Level, Mutex};

/// Bits of [`Stamp::attributes`].
#[allow(missing_docs)] // the names are NT's
pub mod attributes {
    pub const READ_ONLY: u32 = 1;
    pub const HIDDEN: u32 = 2;
    pub const SYSTEM: u32 = 4;
    pub const DIRECTORY: u32 = 0x10;
    pub const ARCHIVE: u32 = 0x20;
    pub const NORMAL: u32 = 0x80;
    /// What a volume keeps. That something is a directory it knows anyway.
    pub const KEPT: u32 = READ_ONLY | HIDDEN | SYSTEM | ARCHIVE;
}

/// Times and attributes of a file or directory. Times are in units of 100 ns since 1601, as the
/// guest counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// When it was made.
    pub created: u64,
    /// When it was last used. Reading alone does not count, so that reading changes nothing.
    pub accessed: u64,
    /// When its contents were last changed.
    pub written: u64,
    /// Bits of [`attributes::KEPT`].
    pub attributes: u32,
}

impl Default for Stamp {
    /// What no guest has touched: the time at which every machine starts, and no attributes.
    fn default() -> Self {
        Self::new(START_FILETIME, 0)
    }
}

impl Stamp {
    /// Of something made at `now`.
    pub fn new(now: u64, attributes: u32) -> Self {
        Self { created: now, accessed: now, written: now, attributes: attributes & attributes::KEPT }
    }

    /// Of the same file with new contents.
    pub fn written(self, now: u64) -> Self {
        Self { accessed: now, written: now, ..self }
    }
}

/// The name of the file that a folder's stamps are in; guests can't use it.
const FILE: &str = ".xenia-stamps";
/// Bytes of it that are read, and stamps that are kept: what a damaged or foreign file may take.
const MAXIMUM_FILE: u64 = 16 << 20;
const MAXIMUM_STAMPS: usize = 0x2_0000;

/// Whether this is the name of a file with stamps.
pub(super) fn is_stamp_file(name: &str) -> bool {
    name.eq_ignore_ascii_case(FILE)
}

/// The stamps of a folder of the host, by path in lower case.
#[derive(Debug)]
pub(super) struct Stamps {
    file: PathBuf,
    content: Mutex<Content>,
}

#[derive(Debug, Default)]
struct Content {
    stamps: BTreeMap<String, Stamp>,
    /// Whether the host's file has to be written again.
    dirty: bool,
    /// Paths that are gone since it was written, with all below.
    gone: BTreeSet<String>,
    /// Paths whose stamps are to be added to it, after those, and how they were spelled: so the
    /// host finds them soonest.
    changed: BTreeMap<String, Vec<String>>,
    /// Lines in it.
    lines: usize,
}

impl Content {
    /// What the file says, and how many of its lines say something else.
    fn of(text: &[u8]) -> (Self, usize) {
        let mut content = Self::default();
        let mut dropped = 0;
        // A line without an end was cut short, and nothing can be added to it.
        let end = text.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        for line in text[..end].split_inclusive(|&byte| byte == b'\n') {
            content.lines += 1;
            let line = std::str::from_utf8(line).unwrap_or_default().trim_end_matches(['\r', '\n']);
            match parse(line) {
                Some((path, None)) => {
                    content.take(&path);
                }
                Some((path, Some(stamp))) if content.stamps.len() < MAXIMUM_STAMPS => {
                    content.stamps.insert(path, stamp);
                }
                _ => dropped += 1,
            }
        }
        content.dirty = end < text.len() || dropped > 0;
        (content, dropped)
    }

    /// Takes out the stamps of a path and of all below it.
    fn take(&mut self, path: &str) -> Vec<(String, Stamp)> {
        let below = format!("{path}\\");
        let found = self.stamps.range(below.clone()..).take_while(|(other, _)| other.starts_with(&below));
        let found: Vec<_> = found.map(|(other, _)| other.clone()).chain([path.to_owned()]).collect();
        found.into_iter().filter_map(|path| self.stamps.remove_entry(&path)).collect()
    }

    /// A path is gone, and all below it, which this returns.
    fn removed(&mut self, path: String) -> Vec<(String, Stamp)> {
        let taken = self.take(&path);
        for (path, _) in &taken {
            self.changed.remove(path);
        }
        if !taken.is_empty() {
            self.gone.insert(path);
        }
        taken
    }
}

/// Lines of the file that may be out of date, beside as many as are not.
const STALE_LINES: usize = 256;

fn key(path: &[String]) -> String {
    path.join("\\").to_ascii_lowercase()
}

/// The names of a path, all in lower case.
fn names(key: &str) -> Vec<String> {
    key.split('\\').map(str::to_owned).collect()
}

impl Stamps {
    /// Those that were kept in `root`.
    pub(super) fn read(root: &Path) -> Self {
        let file = root.join(FILE);
        let mut text = Vec::new();
        let plain = file.symlink_metadata().is_ok_and(|metadata| metadata.is_file());
        if plain
            && let Err(error) =
                File::open(&file).and_then(|source| source.take(MAXIMUM_FILE + 1).read_to_end(&mut text))
        {
            tracing::warn!(target: "vfs", "cannot read {}: {error}; its times are lost", file.display());
        }
        let content = if text.len() as u64 > MAXIMUM_FILE {
            tracing::warn!(target: "vfs", "{} is too large to be ours; its times are lost", file.display());
            Content { dirty: true, ..Content::default() }
        } else {
            let (content, dropped) = Content::of(&text);
            if dropped > 0 {
                let file = file.display();
                tracing::warn!(target: "vfs", "{dropped} lines of {file} are nobody's times and are left out");
            }
            content
        };
        Self { file, content: Mutex::new(Level::Leaf, content) }
    }

    /// The stamp of a path.
    pub(super) fn get(&self, path: &[String]) -> Stamp {
        self.content.lock().stamps.get(&key(path)).copied().unwrap_or_default()
    }

    /// Changes the stamp of a path.
    pub(super) fn set(&self, path: &[String], stamp: Stamp) {
        let mut content = self.content.lock();
        let key = key(path);
        if content.stamps.insert(key.clone(), stamp) != Some(stamp) {
            content.changed.insert(key, path.to_vec());
        }
    }

    /// The path is gone, and all below it.
    pub(super) fn removed(&self, path: &[String]) {
        self.content.lock().removed(key(path));
    }

    /// What was at `from`, or below, is at `to` now.
    pub(super) fn moved(&self, from: &[String], to: &[String]) {
        let (from, to) = (key(from), key(to));
        if from == to {
            return;
        }
        let mut content = self.content.lock();
        let moved = content.removed(from.clone());
        content.removed(to.clone());
        for (path, stamp) in moved {
            let path = format!("{to}{}", &path[from.len()..]);
            content.changed.insert(path.clone(), names(&path));
            content.stamps.insert(path, stamp);
        }
    }

    /// Brings the host's file up to date: it is replaced at once. Those that `keep` refuses are
    /// dropped.
    pub(super) fn save(&self, keep: impl Fn(&[String]) -> bool) -> VfsResult<()> {
        // The files are looked at without the lock, for that takes others.
        let (whole, mut gone, paths): (bool, BTreeSet<_>, Vec<_>) = {
            let content = self.content.lock();
            if !content.dirty && content.gone.is_empty() && content.changed.is_empty() {
                return Ok(());
            }
            // A link, or what a write would wait at, is replaced.
            let plain = self.file.symlink_metadata().map_or(true, |metadata| metadata.is_file());
            let lines = content.lines + content.gone.len() + content.changed.len();
            let stale = lines > 2 * content.stamps.len() + STALE_LINES;
            let whole = content.dirty || !plain || stale;
            let gone = if whole { BTreeSet::new() } else { content.gone.clone() };
            let paths = if whole {
                content.stamps.keys().map(|path| (path.clone(), names(path))).collect()
            } else {
                content.changed.clone().into_iter().collect()
            };
            (whole, gone, paths)
        };
        let lost: Vec<_> = paths.iter().filter(|(_, names)| !keep(names)).map(|(path, _)| path).collect();
        let mut content = self.content.lock();
        for path in lost {
            content.stamps.remove(path);
            if !whole {
                gone.insert(path.clone());
            }
        }
        let mut text = String::new();
        let mut lines = gone.len();
        // Writing to a String can't fail.
        for path in &gone {
            let _ = writeln!(text, "- {path}");
        }
        for (path, _) in &paths {
            if let Some(Stamp { created, accessed, written, attributes }) = content.stamps.get(path) {
                lines += 1;
                let _ = writeln!(text, "{created:x} {accessed:x} {written:x} {attributes:x} {path}");
            }
        }
        if whole {
            draft::replace(&self.file, |file| file.write_all(text.as_bytes()))?;
            content.lines = lines;
        } else {
            let mut file = OpenOptions::new().create(true).append(true).open(&self.file)?;
            file.write_all(text.as_bytes())?;
            content.lines += lines;
        }
        content.dirty = false;
        content.gone.clear();
        content.changed.clear();
        Ok(())
    }
}

/// One line of the file: a path, and its stamp unless it is gone.
fn parse(line: &str) -> Option<(String, Option<Stamp>)> {
    let names = |text: &str| {
        let names = path::device_names(&path::split(text).ok()?).ok()?;
        (!names.is_empty()).then(|| key(&names))
    };
    if let Some(path) = line.strip_prefix("- ") {
        return Some((names(path)?, None));
    }
    let mut fields = line.splitn(5, ' ');
    let mut number = || u64::from_str_radix(fields.next()?, 16).ok();
    let (created, accessed, written, attributes) = (number()?, number()?, number()?, number()?);
    let attributes = u32::try_from(attributes).ok()? & attributes::KEPT;
    Some((names(fields.next()?)?, Some(Stamp { created, accessed, written, attributes })))
}

#[cfg(test)]
mod tests;
