//! The stamps of a host folder, and the file that stores them.
//!
//! A folder stores its stamps in one hidden text file with a line per file, so that saves keep
//! their times across runs:
//!
//! ```text
//! 1bf53eb256d4000 1bf53eb256d4000 1bf53eb256d4000 20 profile\save0
//! - profile\save1
//! ```
//! created, accessed, written, attributes, path in lower case; numbers in hexadecimal; `-` marks
//! the removal of a path with its subtree. Malformed lines are dropped with one warning. Changes
//! are appended, and the last line of a path wins; the file is rewritten when most of it is stale,
//! or when it was damaged.

use super::stamp::{Stamp, attributes};
use super::stamp_file::NAME;
use super::{VfsResult, atomic_replace, path};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use xenia_sync::{Level, Mutex};

/// Largest size of a folder's stamp file, and largest number of stamps, to bound a damaged or
/// foreign file.
const MAX_FILE: u64 = 16 << 20;
const MAX_STAMPS: usize = 0x2_0000;

/// The stamps of a host folder, by lower-case path.
#[derive(Debug)]
pub(super) struct Stamps {
    file: PathBuf,
    content: Mutex<Content>,
}

#[derive(Debug, Default)]
struct Content {
    stamps: BTreeMap<String, Stamp>,
    /// Whether the file must be rewritten.
    dirty: bool,
    /// Paths removed since the last save, with their subtrees.
    gone: BTreeSet<String>,
    /// Paths with stamps to append, after the removals, with their original spelling, which the
    /// host finds fastest.
    changed: BTreeMap<String, Vec<String>>,
    /// Number of lines in the file.
    lines: usize,
}

impl Content {
    /// Parses the file; also returns the number of malformed lines.
    fn of(text: &[u8]) -> (Self, usize) {
        let mut content = Self::default();
        let mut dropped = 0;
        // A line without an end was cut short; nothing can be appended to it.
        let end = text.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        for line in text[..end].split_inclusive(|&byte| byte == b'\n') {
            content.lines += 1;
            let line = std::str::from_utf8(line).unwrap_or_default().trim_end_matches(['\r', '\n']);
            match parse(line) {
                Some((path, None)) => {
                    content.take(&path);
                }
                Some((path, Some(stamp))) if content.stamps.len() < MAX_STAMPS => {
                    content.stamps.insert(path, stamp);
                }
                _ => dropped += 1,
            }
        }
        content.dirty = end < text.len() || dropped > 0;
        (content, dropped)
    }

    /// Removes the stamps of a subtree.
    fn take(&mut self, path: &str) -> Vec<(String, Stamp)> {
        // Not the bare path, with which also names begin that are only longer.
        let below = format!("{path}\\");
        let found = self.stamps.range(below.clone()..).take_while(|(other, _)| other.starts_with(&below));
        let found: Vec<_> = found.map(|(other, _)| other.clone()).chain([path.to_owned()]).collect();
        found.into_iter().filter_map(|path| self.stamps.remove_entry(&path)).collect()
    }

    /// Appends lines to the file. If that fails, the file may have a part of them, and the next
    /// save rewrites the file.
    fn append(&mut self, file: io::Result<impl Write>, lines: &str) -> io::Result<()> {
        let appended = file.and_then(|mut file| file.write_all(lines.as_bytes()));
        self.dirty |= appended.is_err();
        appended
    }

    /// Records the removal of a subtree; returns its stamps.
    fn remove(&mut self, path: String) -> Vec<(String, Stamp)> {
        let taken = self.take(&path);
        for (path, _) in &taken {
            self.changed.remove(path);
        }
        // A file that is rewritten anyway needs no lines for removals.
        if !taken.is_empty() && !self.dirty {
            self.gone.insert(path);
        }
        taken
    }

    /// Whether most lines would be stale after the changes are appended.
    fn is_stale(&self) -> bool {
        self.lines + self.gone.len() + self.changed.len() > 2 * self.stamps.len() + STALE_LINES
    }

    /// Drops the removals if the next save rewrites the file, which needs none. A title can rename
    /// an open file without end, and only a close saves.
    fn limit_removals(&mut self) {
        if !self.gone.is_empty() && self.is_stale() {
            self.dirty = true;
            self.gone.clear();
        }
    }
}

/// Number of stale lines tolerated in addition to the number of current lines.
const STALE_LINES: usize = 256;

fn key(path: &[String]) -> String {
    path.join("\\").to_ascii_lowercase()
}

/// The names of a lower-case path.
fn names(key: &str) -> Vec<String> {
    key.split('\\').map(str::to_owned).collect()
}

impl Stamps {
    /// Reads the stamps of a folder.
    pub(super) fn read(root: &Path) -> Self {
        let file = root.join(NAME);
        let mut text = Vec::new();
        let plain = file.symlink_metadata().is_ok_and(|metadata| metadata.is_file());
        if plain
            && let Err(error) =
                File::open(&file).and_then(|source| source.take(MAX_FILE + 1).read_to_end(&mut text))
        {
            tracing::warn!(target: "vfs", "cannot read {}: {error}; file times are reset", file.display());
        }
        let content = if text.len() as u64 > MAX_FILE {
            tracing::warn!(target: "vfs", "{} exceeds {MAX_FILE} bytes; file times are reset", file.display());
            Content { dirty: true, ..Content::default() }
        } else {
            let (content, dropped) = Content::of(&text);
            if dropped > 0 {
                let file = file.display();
                tracing::warn!(target: "vfs", "{file}: {dropped} invalid lines are ignored");
            }
            content
        };
        Self { file, content: Mutex::new(Level::Leaf, content) }
    }

    pub(super) fn get(&self, path: &[String]) -> Stamp {
        self.content.lock().stamps.get(&key(path)).copied().unwrap_or_default()
    }

    pub(super) fn set(&self, path: &[String], stamp: Stamp) {
        let mut content = self.content.lock();
        let key = key(path);
        if content.stamps.insert(key.clone(), stamp) != Some(stamp) {
            content.changed.insert(key, path.to_vec());
        }
    }

    /// Discards all stamps, as their file is removed.
    pub(super) fn clear(&self) {
        *self.content.lock() = Content::default();
    }

    /// Records the removal of a subtree.
    pub(super) fn remove(&self, path: &[String]) {
        let mut content = self.content.lock();
        content.remove(key(path));
        content.limit_removals();
    }

    /// Moves the stamps of `from` and its subtree to `to`.
    pub(super) fn rename(&self, from: &[String], to: &[String]) {
        let from = key(from);
        let to = key(to);
        if from == to {
            return;
        }
        let mut content = self.content.lock();
        let moved = content.remove(from.clone());
        // The stamps of the files that the renamed one replaces must not stay.
        content.remove(to.clone());
        for (path, stamp) in moved {
            let path = format!("{to}{}", &path[from.len()..]);
            content.changed.insert(path.clone(), names(&path));
            content.stamps.insert(path, stamp);
        }
        content.limit_removals();
    }

    /// Saves the stamps: appends to the file, or replaces it atomically. Stamps that `keep` refuses
    /// are dropped.
    pub(super) fn save(&self, keep: impl Fn(&[String]) -> bool) -> VfsResult<()> {
        // `keep` is called without the lock, because it takes other locks.
        let (whole, mut gone, paths): (bool, BTreeSet<_>, Vec<_>) = {
            let content = self.content.lock();
            if !content.dirty && content.gone.is_empty() && content.changed.is_empty() {
                return Ok(());
            }
            // A link, or a file that a write could block on, is replaced.
            let plain = self.file.symlink_metadata().map_or(true, |metadata| metadata.is_file());
            let whole = content.dirty || !plain || content.is_stale();
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
        // Writing to a `String` cannot fail.
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
            atomic_replace::replace(&self.file, |file| file.write_all(text.as_bytes()))?;
            content.lines = lines;
        } else {
            content.append(OpenOptions::new().create(true).append(true).open(&self.file), &text)?;
            content.lines += lines;
        }
        content.dirty = false;
        content.gone.clear();
        content.changed.clear();
        Ok(())
    }
}

/// Parses a line: a path, and its stamp unless it was removed.
fn parse(line: &str) -> Option<(String, Option<Stamp>)> {
    let names = |text: &str| {
        let names = path::device_names(&path::split(text).ok()?).ok()?;
        (!names.is_empty()).then(|| key(&names))
    };
    if let Some(path) = line.strip_prefix("- ") {
        return Some((names(path)?, None));
    }
    // The path is the rest of the line, as it may contain spaces.
    let mut fields = line.splitn(5, ' ');
    let mut number = || u64::from_str_radix(fields.next()?, 16).ok();
    let created = number()?;
    let accessed = number()?;
    let written = number()?;
    let attributes = number()?;
    let attributes = u32::try_from(attributes).ok()? & attributes::KEPT;
    Some((names(fields.next()?)?, Some(Stamp { created, accessed, written, attributes })))
}

#[cfg(test)]
mod tests;
