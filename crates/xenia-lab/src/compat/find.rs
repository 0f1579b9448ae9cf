//! Names of the titles in folders, as the library finds them.

use anyhow::{Result, bail};
use std::path::{Path, PathBuf};
use xenia::library::{self, FolderTitles};
use xenia::say::{errln, slashed, visible};
use xenia_formats::title_files::is_default_executable;

/// Largest number of titles.
const MAX_TITLES: usize = 10_000;

/// A title that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FoundTitle {
    /// Its path below the folder that was named, as shown.
    pub(super) name: String,
    pub(super) path: PathBuf,
}

/// The titles in these folders, by path. Folders that can't be read are
/// reported on standard error.
pub(super) fn titles(folders: &[PathBuf]) -> Result<Vec<FoundTitle>> {
    if let Some(file) = folders.iter().find(|folder| !folder.is_dir()) {
        bail!("{} is not a folder; `xenia-rs exec` runs one title", file.display());
    }
    let FolderTitles { files: found, failures } = library::titles(folders);
    for failure in failures {
        errln!("xenia-rs: {}", visible(&failure));
    }
    if found.is_empty() {
        let names: Vec<String> = folders.iter().map(|folder| folder.display().to_string()).collect();
        bail!("there is no title in {}: no executable, image, package or archive", names.join(", "));
    }
    if found.len() > MAX_TITLES {
        bail!("there are more than {MAX_TITLES} titles: name folders with fewer");
    }
    Ok(found.into_iter().map(|path| FoundTitle { name: name(folders, &path), path }).collect())
}

/// The path below the folder that was named; a title's default.xex is called as its folder.
fn name(folders: &[PathBuf], path: &Path) -> String {
    let below = folders.iter().find_map(|folder| path.strip_prefix(folder).ok()).unwrap_or(path);
    let is_default = is_default_executable(below);
    let folder = below.parent().filter(|folder| is_default && !folder.as_os_str().is_empty());
    slashed(folder.unwrap_or(below))
}

#[cfg(test)]
mod tests {
    use super::*;
    use xenia_formats::xex::module_flags;

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
        // It begins as an image of a package and ends there.
        std::fs::write(root.join("torn.live"), "LIVE").unwrap();
        let names = |folder: &Path| -> Vec<String> {
            titles(&[folder.to_owned()]).unwrap().into_iter().map(|title| title.name).collect()
        };
        assert_eq!(names(root), ["b/c/deep.xex", "game", "torn.live", "z.xex"]);
        assert_eq!(names(&root.join("game")), ["Default.xex"]);
        let refusal = |path: PathBuf| format!("{:#}", titles(&[path]).unwrap_err());
        assert!(refusal(root.join("z.xex")).contains("is not a folder"));
        std::fs::create_dir(root.join("empty")).unwrap();
        assert!(refusal(root.join("empty")).contains("there is no title in"));
    }
}
