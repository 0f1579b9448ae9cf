//! Times and attributes of files and directories, and the file that a host folder keeps them in.
//!
//! The host's own times and attributes never reach a guest: runs on different days, or on different hosts, must see
//! the same. What no guest has touched has [`Stamp::default`]; what a guest makes, writes or sets is stamped with guest
//! time. A folder keeps its stamps in one hidden text file, a line for each file, so that saves still have their times
//! when the title runs again:
//!
//! ```text
//! 1bf53eb256d4000 1bf53eb256d4000 1bf53eb256d4000 20 profile\save0
//! ```
//! created, accessed, written, attributes, path in lower case; numbers in hexadecimal. Lines that say something else
//! are dropped. What changes is added at the end, where the last line of a path counts; the whole file is written again
//! when something was removed or moved, or when most of it is out of date.

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

/// Times and attributes of a file or directory. Times are in units of 100 ns since 1601, as the guest counts them.
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
/// Bytes of it that are read; more is none of ours.
const MAXIMUM_FILE: u64 = 64 << 20;

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
    stamps: BTreeMap<Vec<String>, Stamp>,
    /// Whether the host's file has to be written again.
    dirty: bool,
    /// Paths whose stamps are to be added to it.
    changed: BTreeSet<Vec<String>>,
    /// Lines in it.
    lines: usize,
}

/// Lines of the file that may be out of date, beside as many as are not.
const STALE_LINES: usize = 256;

fn key(path: &[String]) -> Vec<String> {
    path.iter().map(|name| name.to_ascii_lowercase()).collect()
}

impl Stamps {
    /// Those that were kept in `root`.
    pub(super) fn read(root: &Path) -> Self {
        let file = root.join(FILE);
        let mut text = Vec::new();
        let plain = file.symlink_metadata().is_ok_and(|metadata| metadata.is_file());
        if plain
            && let Err(error) =
                File::open(&file).and_then(|source| source.take(MAXIMUM_FILE).read_to_end(&mut text))
        {
            tracing::warn!(target: "vfs", "cannot read {}: {error}; its times are lost", file.display());
        }
        // A line without an end was cut short.
        text.truncate(text.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1));
        let text = String::from_utf8_lossy(&text);
        let content = Content {
            stamps: text.lines().filter_map(parse).collect(),
            lines: text.lines().count(),
            ..Content::default()
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
            content.changed.insert(key);
        }
    }

    /// The path is gone, and all below it.
    pub(super) fn removed(&self, path: &[String]) {
        let mut content = self.content.lock();
        let (key, before) = (key(path), content.stamps.len());
        content.stamps.retain(|path, _| !path.starts_with(&key));
        content.dirty |= content.stamps.len() != before;
    }

    /// What was at `from`, or below, is at `to` now.
    pub(super) fn moved(&self, from: &[String], to: &[String]) {
        let mut content = self.content.lock();
        let (from, to) = (key(from), key(to));
        let moved: Vec<_> = content.stamps.extract_if(.., |path, _| path.starts_with(&from)).collect();
        if from != to {
            content.stamps.retain(|path, _| !path.starts_with(&to));
        }
        content.dirty |= !moved.is_empty();
        for (path, stamp) in moved {
            content.stamps.insert(to.iter().chain(&path[from.len()..]).cloned().collect(), stamp);
        }
    }

    /// Brings the host's file up to date: it is replaced at once. Those that `keep` refuses are dropped.
    pub(super) fn save(&self, keep: impl Fn(&[String]) -> bool) -> VfsResult<()> {
        // A link, or what a write would wait at, is replaced.
        let plain = self.file.symlink_metadata().map_or(true, |metadata| metadata.is_file());
        // The files are looked at without the lock, for that takes others.
        let (whole, paths): (bool, Vec<_>) = {
            let content = self.content.lock();
            let lines = content.lines + content.changed.len();
            let whole = content.dirty || !plain || lines > 2 * content.stamps.len() + STALE_LINES;
            let paths = if whole {
                content.stamps.keys().cloned().collect()
            } else {
                content.changed.iter().cloned().collect()
            };
            (whole, paths)
        };
        if paths.is_empty() && !whole {
            return Ok(());
        }
        let gone: Vec<_> = paths.iter().filter(|path| !keep(path)).collect();
        let mut content = self.content.lock();
        for path in gone {
            content.stamps.remove(path);
        }
        let mut text = String::new();
        let mut lines = 0;
        for path in &paths {
            if let Some(Stamp { created, accessed, written, attributes }) = content.stamps.get(path) {
                lines += 1;
                // Writing to a String can't fail.
                let _ =
                    writeln!(text, "{created:x} {accessed:x} {written:x} {attributes:x} {}", path.join("\\"));
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
        content.changed.clear();
        Ok(())
    }
}

/// One line of the file.
fn parse(line: &str) -> Option<(Vec<String>, Stamp)> {
    let mut fields = line.splitn(5, ' ');
    let mut number = || u64::from_str_radix(fields.next()?, 16).ok();
    let (created, accessed, written, attributes) = (number()?, number()?, number()?, number()?);
    let names = path::device_names(&path::split(fields.next()?).ok()?).ok()?;
    let attributes = u32::try_from(attributes).ok()? & attributes::KEPT;
    (!names.is_empty()).then(|| (key(&names), Stamp { created, accessed, written, attributes }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn names(path: &str) -> Vec<String> {
        path.split('\\').map(str::to_owned).collect()
    }

    #[test]
    fn stamps_outlive_the_program_and_follow_renames() {
        let folder = tempfile::tempdir().unwrap();
        let stamps = Stamps::read(folder.path());
        assert_eq!(stamps.get(&names("a")), Stamp::default());
        stamps.save(|_| true).unwrap();
        assert!(!folder.path().join(FILE).exists(), "nothing to keep, no file");
        let stamp = Stamp { created: 1, accessed: 2, written: 3, attributes: attributes::HIDDEN };
        stamps.set(&names(r"D\Save one"), stamp);
        stamps.set(&names("gone"), stamp);
        stamps.set(&names("kept not"), stamp);
        stamps.removed(&names("GONE"));
        stamps.moved(&names("d"), &names("E"));
        stamps.save(|path| path != ["kept not"]).unwrap();
        let again = Stamps::read(folder.path());
        assert_eq!(again.get(&names(r"e\SAVE one")), stamp);
        for gone in [r"d\save one", "gone", "kept not"] {
            assert_eq!(again.get(&names(gone)), Stamp::default(), "{gone}");
        }
        let text = fs::read_to_string(folder.path().join(FILE)).unwrap();
        assert_eq!(text, "1 2 3 2 e\\save one\n");
    }

    #[test]
    fn a_link_in_the_files_place_is_replaced_and_not_followed() {
        let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let target = outside.path().join("secret");
        std::os::unix::fs::symlink(&target, folder.path().join(FILE)).unwrap();
        let stamps = Stamps::read(folder.path());
        stamps.set(&names("a"), Stamp::new(1, 0));
        stamps.save(|_| true).unwrap();
        assert!(!target.exists());
        assert_eq!(fs::read_to_string(folder.path().join(FILE)).unwrap(), "1 1 1 0 a\n");
    }

    #[test]
    fn lines_that_are_no_stamps_are_dropped() {
        for line in [
            "",
            "1 2 3",
            "1 2 3 4",
            "1 2 3 4 ",
            "x 2 3 4 a",
            "1 2 3 4 ..\\a",
            "1 2 3 4 a:b",
            "1 2 3 4 con",
            "10000000000000000 0 0 0 a",
            "0 0 0 100000000 a",
        ] {
            assert_eq!(parse(line), None, "{line}");
        }
        let (path, stamp) = parse(r"1 2 3 ff A\B c").unwrap();
        assert_eq!((path, stamp.attributes), (names(r"a\b c"), attributes::KEPT));
    }

    #[test]
    fn changes_are_added_and_a_file_of_old_lines_is_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(FILE);
        let stamp = |n| Stamp { created: n, accessed: n, written: n, attributes: 0 };
        let stamps = Stamps::read(folder.path());
        let lines = || fs::read_to_string(&file).unwrap().lines().count();
        for n in 0..STALE_LINES as u64 + 2 {
            stamps.set(&names("a"), stamp(n));
            stamps.save(|_| true).unwrap();
            assert_eq!(lines(), n as usize + 1, "one line for one change");
        }
        stamps.set(&names("a"), stamp(999));
        stamps.save(|_| true).unwrap();
        assert_eq!(lines(), 1, "most was out of date");
        stamps.set(&names("b"), stamp(1000));
        stamps.save(|_| true).unwrap();
        let again = Stamps::read(folder.path());
        assert_eq!([again.get(&names("a")), again.get(&names("b"))], [stamp(999), stamp(1000)]);
        // Cut short in the middle of the last line, by a crash: that line says nothing.
        let text = fs::read(&file).unwrap();
        fs::write(&file, &text[..text.len() - 1]).unwrap();
        assert_eq!(Stamps::read(folder.path()).get(&names("b")), Stamp::default());
    }
}
