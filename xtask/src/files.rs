//! Operations on files and folders, whose errors say what was tried on which path.

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// Reads a file.
pub(crate) fn read(path: impl AsRef<Path>) -> Result<Vec<u8>> {
    let path = path.as_ref();
    fs::read(path).with_context(|| format!("reading {}", path.display()))
}

/// Reads a file of text.
pub(crate) fn read_text(path: impl AsRef<Path>) -> Result<String> {
    let path = path.as_ref();
    fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))
}

/// The SHA-256 of a file, as hexadecimal digits.
pub(crate) fn sha256(path: impl AsRef<Path>) -> Result<String> {
    let mut digits = String::new();
    Sha256::digest(read(path)?).iter().try_for_each(|byte| write!(digits, "{byte:02x}"))?;
    Ok(digits)
}

/// Writes a file, in place of an earlier one.
pub(crate) fn write(path: impl AsRef<Path>, contents: impl AsRef<[u8]>) -> Result<()> {
    let path = path.as_ref();
    fs::write(path, contents).with_context(|| format!("writing {}", path.display()))
}

/// Copies a file, in place of an earlier one.
pub(crate) fn copy(from: impl AsRef<Path>, to: impl AsRef<Path>) -> Result<()> {
    let from = from.as_ref();
    let to = to.as_ref();
    fs::copy(from, to).with_context(|| format!("copying {} to {}", from.display(), to.display()))?;
    Ok(())
}

/// Renames a file or a folder.
pub(crate) fn rename(from: impl AsRef<Path>, to: impl AsRef<Path>) -> Result<()> {
    let from = from.as_ref();
    let to = to.as_ref();
    fs::rename(from, to).with_context(|| format!("renaming {} to {}", from.display(), to.display()))
}

/// Removes a file that may be missing.
pub(crate) fn remove(path: impl AsRef<Path>) -> Result<()> {
    let path = path.as_ref();
    unless_missing(fs::remove_file(path)).with_context(|| format!("removing {}", path.display()))
}

/// Creates a folder and those above it, as far as they are missing.
pub(crate) fn create_folder(path: impl AsRef<Path>) -> Result<()> {
    let path = path.as_ref();
    fs::create_dir_all(path).with_context(|| format!("creating {}", path.display()))
}

/// Removes a folder that may be missing, with its contents.
pub(crate) fn remove_folder(path: impl AsRef<Path>) -> Result<()> {
    let path = path.as_ref();
    unless_missing(fs::remove_dir_all(path)).with_context(|| format!("removing {}", path.display()))
}

/// Makes an empty folder, in place of an earlier one.
pub(crate) fn renew_folder(path: impl AsRef<Path>) -> Result<()> {
    remove_folder(&path)?;
    create_folder(path)
}

/// The paths of a folder's files and folders, in order.
pub(crate) fn list(folder: impl AsRef<Path>) -> Result<Vec<PathBuf>> {
    let folder = folder.as_ref();
    let entries = fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let entries = entries.with_context(|| format!("listing {}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries.iter().map(fs::DirEntry::path).collect();
    paths.sort();
    Ok(paths)
}

/// The files below a folder that are wanted, in order, by their paths relative to it.
pub(crate) fn below(folder: impl AsRef<Path>, is_wanted: impl Fn(&Path) -> bool) -> Result<Vec<PathBuf>> {
    let root = folder.as_ref();
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for path in list(&folder)? {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(root)?;
            if is_wanted(name) {
                found.push(name.to_owned());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Whether a name ends with a dot and one of these endings.
pub(crate) fn has_ending(name: &Path, endings: &[&str]) -> bool {
    name.extension().is_some_and(|ending| endings.iter().any(|one| ending == *one))
}

fn unless_missing(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_operation_and_the_path() {
        let dir = tempfile::tempdir().unwrap();
        let missing = dir.path().join("missing");
        let text = missing.display().to_string();
        let to = dir.path().join("to");
        let errors = [
            ("reading", read(&missing).err()),
            ("reading", read_text(&missing).err()),
            ("writing", write(missing.join("x"), "").err()),
            ("copying", copy(&missing, &to).err()),
            ("renaming", rename(&missing, &to).err()),
            ("listing", list(&missing).err()),
        ];
        for (operation, error) in errors {
            let error = error.unwrap().to_string();
            assert!(error.starts_with(&format!("{operation} {text}")), "{operation}: {error}");
        }
    }

    #[test]
    fn missing_files_and_folders_can_be_removed_and_renewed() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("a/b");
        remove_folder(&folder).unwrap();
        remove(folder.join("x")).unwrap();
        for _ in 0..2 {
            renew_folder(&folder).unwrap();
            assert!(list(&folder).unwrap().is_empty());
            write(folder.join("x"), "").unwrap();
        }
        assert!(remove(&folder).is_err(), "a folder is not a file");
    }

    #[test]
    fn files_below_a_folder_are_relative_to_it_and_in_order() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["z.c", "a/b.c", "a/c.h", "m.s"] {
            let path = dir.path().join(name);
            create_folder(path.parent().unwrap()).unwrap();
            write(path, "").unwrap();
        }
        let found = below(dir.path(), |name| has_ending(name, &["c", "s"])).unwrap();
        assert_eq!(found, ["a/b.c", "m.s", "z.c"].map(PathBuf::from));
    }
}
