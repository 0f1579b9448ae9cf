//! Finds the titles in folders.

use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use xenia::source;
use xenia_formats::xex::module_flags;
use xenia_formats::{Opens, Xex};

/// Largest number of titles.
const TITLES: usize = 10_000;
/// Largest depth of folders that are searched.
const DEPTH: usize = 8;

/// A title that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FoundTitle {
    /// Its path below the folder that was named, as shown.
    pub(super) name: String,
    pub(super) path: PathBuf,
}

/// The titles in these folders, sorted by name in each.
pub(super) fn titles(folders: &[PathBuf]) -> Result<Vec<FoundTitle>> {
    let mut found = Vec::new();
    for folder in folders {
        if folder.is_dir() {
            search(folder, folder, 0, &mut found)?;
        } else {
            bail!("{} is not a folder; `xenia-rs exec` runs one title", folder.display());
        }
    }
    if found.is_empty() {
        let names: Vec<String> = folders.iter().map(|folder| folder.display().to_string()).collect();
        bail!("there is no title in {}: no executable, image, package or archive", names.join(", "));
    }
    Ok(found)
}

fn search(root: &Path, folder: &Path, depth: usize, found: &mut Vec<FoundTitle>) -> Result<()> {
    let listing = || format!("cannot list {}", folder.display());
    let entries = std::fs::read_dir(folder).with_context(listing)?;
    let mut paths: Vec<PathBuf> =
        entries.map(|entry| Ok(entry.with_context(listing)?.path())).collect::<Result<_>>()?;
    paths.sort();
    let is_default =
        |path: &PathBuf| path.file_name().is_some_and(|name| name.eq_ignore_ascii_case("default.xex"));
    // The other files in the folder of a title are the title's.
    if let Some(path) = paths.iter().find(|path| is_default(path) && path.is_file()) {
        let name = if folder == root { Path::new("default.xex") } else { below(root, folder) };
        return add(found, name, path);
    }
    for path in &paths {
        // Links are not followed into folders, which may be above this one.
        let is_folder = path.symlink_metadata().is_ok_and(|data| data.is_dir());
        if is_folder && depth < DEPTH {
            search(root, path, depth + 1, found)?;
        } else if !is_folder && is_title(path) {
            add(found, below(root, path), path)?;
        }
    }
    Ok(())
}

fn below<'a>(root: &Path, path: &'a Path) -> &'a Path {
    path.strip_prefix(root).unwrap_or(path)
}

fn add(found: &mut Vec<FoundTitle>, name: &Path, path: &Path) -> Result<()> {
    if found.len() >= TITLES {
        bail!("there are more than {TITLES} titles: name folders with fewer");
    }
    found.push(FoundTitle { name: name.display().to_string(), path: path.to_owned() });
    Ok(())
}

/// Whether a file can be a title: an executable that is neither library nor patch, or a volume.
fn is_title(path: &Path) -> bool {
    let Ok(file) = source::open(path) else { return false };
    if !file.metadata().is_ok_and(|data| data.is_file()) {
        return false;
    }
    match xenia_formats::identify(&file) {
        Ok(Some(format)) => match format.opens {
            Opens::Executable(_) => Xex::read(&file)
                .map_or(true, |xex| xex.module_flags & (module_flags::DLL | module_flags::ANY_PATCH) == 0),
            Opens::Volume(_) | Opens::Parts(_) => true,
            Opens::Unread(_) => false,
        },
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELLO: &[u8] = include_bytes!("../../../../guest/bin/hello.xex");

    #[test]
    fn titles_are_found_at_any_depth_and_other_files_are_not() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        for folder in ["b/c", "game/data"] {
            std::fs::create_dir_all(root.join(folder)).unwrap();
        }
        for file in ["z.xex", "b/c/deep.xex", "game/Default.xex", "game/data/other.xex"] {
            std::fs::write(root.join(file), HELLO).unwrap();
        }
        std::fs::write(root.join("a.txt"), "text").unwrap();
        let mut library = HELLO.to_vec();
        library[7] |= module_flags::DLL as u8;
        std::fs::write(root.join("library.xex"), library).unwrap();
        std::os::unix::fs::symlink(root, root.join("b/round")).unwrap();
        let names = |folder: &Path| -> Vec<String> {
            titles(&[folder.to_owned()]).unwrap().into_iter().map(|title| title.name).collect()
        };
        assert_eq!(names(root), ["b/c/deep.xex", "game", "z.xex"]);
        assert_eq!(names(&root.join("game")), ["default.xex"]);
        let said = |path: PathBuf| format!("{:#}", titles(&[path]).unwrap_err());
        assert!(said(root.join("z.xex")).contains("is not a folder"));
        std::fs::create_dir(root.join("empty")).unwrap();
        assert!(said(root.join("empty")).contains("there is no title in"));
    }
}
