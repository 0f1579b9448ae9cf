//! Hashes the input files and folders of units, each only once.
//!
//! Contents count, and the names in folders; paths and times do not, so equal inputs have equal
//! hashes on any machine. Folders are bounded in number and depth, and links to folders are not
//! followed.

use crate::error::{Error, Result};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use xenia_formats::title_files::{is_default_executable, is_title_candidate, may_hold_titles};
use xenia_formats::{Opens, identify};
use xenia_host::input_pipe::open_stream;

/// Largest number of entries, including subfolders, of a folder that is hashed or searched for
/// titles.
const MAX_ENTRIES: u64 = 200_000;
/// Largest depth of nested folders.
const MAX_DEPTH: usize = 32;

/// Cache of hashes, by path.
#[derive(Debug, Default)]
pub(crate) struct InputHashes(Mutex<BTreeMap<PathBuf, String>>);

impl InputHashes {
    /// BLAKE3 of a file or folder. A file's hash includes the files that belong to it: the data
    /// folder of a package's header, and the update of an executable.
    pub(crate) fn hash(&self, path: &Path) -> Result<String> {
        if let Some(hash) = self.0.lock().expect("no holder panics").get(path) {
            return Ok(hash.clone());
        }
        let data = with_end(path, ".data");
        let update = with_end(path, "p");
        let is_executable = path.extension().is_some_and(|end| end.eq_ignore_ascii_case("xex"));
        let hash = if path.is_dir() {
            folder(path)?
        } else if data.is_dir() {
            blake3::hash(format!("{} {}", file(path)?, folder(&data)?).as_bytes())
        } else if is_executable && update.is_file() {
            blake3::hash(format!("{} {}", file(path)?, file(&update)?).as_bytes())
        } else {
            file(path)?
        };
        let hash = hash.to_hex().to_string();
        self.0.lock().expect("no holder panics").insert(path.to_owned(), hash.clone());
        Ok(hash)
    }
}

/// Appends `end` to the path's file name.
fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut longer = path.as_os_str().to_owned();
    longer.push(end);
    PathBuf::from(longer)
}

/// Opens a file. A named pipe is refused, as its writer would be waited for.
pub(crate) fn open(path: &Path) -> Result<File> {
    open_stream(path).map_err(Error::read(path))
}

fn file(path: &Path) -> Result<blake3::Hash> {
    let mut hasher = blake3::Hasher::new();
    let file = open(path)?;
    if !file.metadata().map_err(Error::read(path))?.is_file() {
        return Err(Error::file(path, "it is neither a file nor a folder"));
    }
    hasher.update_reader(file).map_err(Error::read(path))?;
    Ok(hasher.finalize())
}

/// Hashes the names in a folder, in order, with the length and hash of each file.
fn folder(path: &Path) -> Result<blake3::Hash> {
    let mut hasher = blake3::Hasher::new();
    for name in files(path)? {
        let bytes = name.as_os_str().as_encoded_bytes();
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
        hasher.update(file(&path.join(&name))?.as_bytes());
    }
    Ok(hasher.finalize())
}

/// All files in a folder and its subfolders, relative to it, in order.
pub(crate) fn files(root: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    walk(root, &mut |path, is_folder| {
        if !is_folder {
            found.push(path.strip_prefix(root).unwrap_or(path).to_owned());
        }
        Ok(true)
    })?;
    found.sort();
    Ok(found)
}

/// All titles in a folder, in order: folders with an executable, and files that are titles.
pub(crate) fn titles(root: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    walk(root, &mut |path, is_folder| {
        let may_be = !is_folder || may_hold_titles(path);
        let is_title = may_be && if is_folder { has_default(path)? } else { is_title_file(path)? };
        if is_title {
            found.push(path.to_owned());
        }
        Ok(may_be && !is_title)
    })?;
    found.sort();
    Ok(found)
}

/// Whether a folder is a title: it has a default.xex.
pub(crate) fn has_default(folder: &Path) -> Result<bool> {
    for (number, entry) in (0..).zip(fs::read_dir(folder).map_err(Error::read(folder))?) {
        if number == MAX_ENTRIES {
            return Err(Error::TooMany { path: folder.to_owned(), what: "files", limit: MAX_ENTRIES });
        }
        let path = entry.map_err(Error::read(folder))?.path();
        if is_default_executable(&path) && path.is_file() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a file is a title, by the rule of [`xenia_formats::title_files`]. A file without an
/// extension must have the contents of a readable format.
fn is_title_file(path: &Path) -> Result<bool> {
    let bytes = fs::metadata(path).map_err(Error::read(path))?.len();
    if !is_title_candidate(path, bytes) || path.extension().is_some() {
        return Ok(is_title_candidate(path, bytes));
    }
    let file = File::open(path).map_err(Error::read(path))?;
    let format = identify(&file).map_err(Error::read(path))?;
    Ok(format.is_some_and(|format| !matches!(format.opens, Opens::Unread(_))))
}

/// Calls `each` with every file and folder below `root`; its result says whether to enter a folder.
/// Links to folders are not followed, so that the walk terminates.
fn walk(root: &Path, each: &mut impl FnMut(&Path, bool) -> Result<bool>) -> Result<()> {
    let mut entries = 0;
    let mut folders = vec![(root.to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(Error::read(&folder))? {
            let entry = entry.map_err(Error::read(&folder))?;
            entries += 1;
            if entries > MAX_ENTRIES {
                return Err(Error::TooMany { path: root.to_owned(), what: "files", limit: MAX_ENTRIES });
            }
            let path = entry.path();
            let kind = entry.file_type().map_err(Error::read(&path))?;
            if kind.is_dir() {
                if depth == MAX_DEPTH {
                    return Err(Error::TooMany { path, what: "folders in folders", limit: MAX_DEPTH as u64 });
                }
                if each(&path, true)? {
                    folders.push((path, depth + 1));
                }
            } else if path.is_file() {
                each(&path, false)?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use xenia_formats::title_files::MIN_PACKAGE_SIZE;

    #[test]
    fn folders_are_hashed_by_names_and_bytes() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        for (path, bytes) in [("a/x", "1"), ("a/sub/y", "2"), ("b/sub/y", "2"), ("b/x", "1"), ("c/x", "1")] {
            fs::create_dir_all(at(path).parent().unwrap()).unwrap();
            fs::write(at(path), bytes).unwrap();
        }
        let hash = |name: &str| InputHashes::default().hash(&at(name)).unwrap();
        assert_eq!(hash("a"), hash("b"));
        assert_ne!(hash("a"), hash("c"));
        fs::rename(at("b/x"), at("b/z")).unwrap();
        assert_ne!(hash("a"), hash("b"));
        assert_eq!(hash("c/x"), blake3::hash(b"1").to_hex().as_str());
        let inputs = InputHashes::default();
        let before = inputs.hash(&at("c/x")).unwrap();
        fs::write(at("c/x"), "9").unwrap();
        assert_eq!(inputs.hash(&at("c/x")).unwrap(), before, "read once");
        fs::create_dir(at("c/x.data")).unwrap();
        fs::write(at("c/x.data/Data0000"), "d").unwrap();
        let with_data = hash("c/x");
        fs::write(at("c/x.data/Data0000"), "e").unwrap();
        assert_ne!(hash("c/x"), with_data);
        // An update beside an executable is part of it.
        fs::write(at("c/t.xex"), "t").unwrap();
        let without = hash("c/t.xex");
        fs::write(at("c/t.xexp"), "u").unwrap();
        assert_ne!(hash("c/t.xex"), without);
        assert!(InputHashes::default().hash(&at("nowhere")).is_err());
        #[cfg(unix)]
        assert!(InputHashes::default().hash(Path::new("/dev/zero")).is_err(), "it has no end");
    }

    #[cfg(unix)]
    #[test]
    fn pipes_without_writers_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let pipe = dir.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let read = |_, _: serde_json::Value| Ok(());
        let errors = [
            InputHashes::default().hash(&pipe).err(),
            crate::merge::merge_file(&pipe).err(),
            crate::lines::read(&pipe, crate::lines::Torn::Skipped, read).err(),
            crate::spec::SpecSource::read(&pipe).err(),
        ];
        for error in errors {
            assert!(error.unwrap().to_string().contains("it is a pipe"));
        }
    }

    #[test]
    fn titles_are_found_by_what_they_are() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        for (name, bytes) in [
            ("game/Default.xex", "XEX2"),
            ("game/sub/other.xex", "XEX2"),
            ("more/b.ISO", ""),
            ("more/c.live", ""),
            ("more/package", "LIVE"),
            ("more/readme", "LIV"),
            ("more/cabinet", "MSCF"),
            (".hidden/d.xex", ""),
            ("more/package.data/e.xex", ""),
            ("a.xex", ""),
            ("notes.txt", "CON "),
        ] {
            let mut contents = bytes.as_bytes().to_vec();
            contents.resize(MIN_PACKAGE_SIZE as usize, 1);
            fs::create_dir_all(at(name).parent().unwrap()).unwrap();
            fs::write(at(name), contents).unwrap();
        }
        fs::write(at("more/small"), "LIVE").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(dir.path(), at("more/round")).unwrap();
        let found = titles(dir.path()).unwrap();
        let names: Vec<_> = found.iter().map(|path| path.strip_prefix(dir.path()).unwrap()).collect();
        assert_eq!(names, ["a.xex", "game", "more/b.ISO", "more/c.live", "more/package"].map(Path::new));
    }
}
