//! The data that a title has left on the user's disk: caches, which can be rebuilt, and saves.
//!
//! | kind | where | found by |
//! |---|---|---|
//! | compiled code | `code` in the cache folder | the name of the title's file |
//! | pipelines | `pipelines` in the cache folder | title id, else the executable's hash |
//! | scratch disks | `scratch` in the cache folder | title id |
//! | saved games, the title's hard disk | `content` in the data folder | title id |
//! | saved states | `states` in the data folder | title id, else the executable's hash |

use super::LibraryTitle;
use crate::code_store::{after_hash, is_code_of};
use crate::content;
use crate::digest::file_name_digits;
use crate::screenshots::file_name;
use crate::state_slots::is_folder_of;
use crate::title::short_name;
use crate::wording::{bytes_text, count};
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use xenia_guest::TitleId;
use xenia_kernel::content::{ContentStore, SAVED_GAME};
use xenia_kernel::vfs::{HostFolder, ScratchDisks};

/// Maximum number of files whose sizes are added up.
const MAX_FILES: usize = 100_000;
/// Maximum number of saved games listed by name.
const MAX_NAMED_SAVES: usize = 6;

/// Folders with data of titles; `None`: there is none.
#[derive(Clone, Debug, Default)]
pub struct StoredPlaces {
    /// Folder of compiled code.
    pub code: Option<PathBuf>,
    /// Folder of the pipelines of the host's GPU.
    pub pipelines: Option<PathBuf>,
    /// Scratch disks, a folder for each title.
    pub scratch: Option<PathBuf>,
    /// Saved games and titles' hard disks.
    pub content: Option<PathBuf>,
    /// Saved states, a folder for each title.
    pub states: Option<PathBuf>,
}

/// A title, as far as its data is concerned.
#[derive(Clone, Debug)]
pub struct StoredTitle {
    /// Short name of its file.
    pub name: String,
    /// The title's id; `None` if it has none.
    pub id: Option<TitleId>,
    /// SHA-256 of the loaded executable in hexadecimal, `None` if unknown. Titles without an id of
    /// their own may share a name.
    pub image: Option<String>,
}

impl From<&LibraryTitle> for StoredTitle {
    fn from(title: &LibraryTitle) -> Self {
        Self { name: short_name(&title.path), id: title.described.id, image: None }
    }
}

impl StoredTitle {
    /// The title's id, unless it is zero, which many titles share.
    pub fn own_id(&self) -> Option<TitleId> {
        self.id.filter(|id| id.0 != 0)
    }

    /// Name of the stores of the title's pipelines. With an id, it is the same wherever the title's
    /// file is.
    pub fn pipelines_name(&self) -> String {
        self.own_id().map_or_else(|| file_name(&self.name), |id| id.to_string())
    }
}

impl StoredPlaces {
    fn code_files(&self, title: &StoredTitle) -> Vec<PathBuf> {
        files_in(self.code.as_deref(), |name| is_code_of(name, &title.name))
    }

    fn pipeline_files(&self, title: &StoredTitle) -> Vec<PathBuf> {
        let id = title.own_id().map(|id| id.to_string());
        let ending = title.image.as_deref().map(|image| format!("-{}.pipelines", file_name_digits(image)));
        let is_meant = |file: &str| match &id {
            Some(id) => after_hash(file, id) == Some(".pipelines"),
            // Others may have its name, and an imported store has another one.
            None => ending.as_ref().is_some_and(|ending| file.ends_with(ending)),
        };
        files_in(self.pipelines.as_deref(), is_meant)
    }

    /// The title's folder in a folder that has one for each id.
    fn by_id(folder: Option<&PathBuf>, title: &StoredTitle) -> Option<PathBuf> {
        let id = title.own_id()?;
        Some(folder?.join(id.to_string())).filter(|folder| folder.is_dir())
    }

    fn disk(&self, title: &StoredTitle) -> Option<PathBuf> {
        let disks = self.content.as_ref().map(|content| content.join("Disk"));
        Self::by_id(disks.as_ref(), title)
    }

    /// Folders of the title's states. Those of a title without an id are found by its executable
    /// alone: others may have its name.
    fn states(&self, title: &StoredTitle) -> Vec<PathBuf> {
        let is_meant = |folder: &str| match title.own_id() {
            Some(id) => folder == id.to_string(),
            None => title.image.as_ref().is_some_and(|image| is_folder_of(folder, image)),
        };
        let mut folders = files_in(self.states.as_deref(), is_meant);
        folders.retain(|folder| folder.is_dir());
        folders
    }

    /// The caches of a title in words; `None` if there are none.
    pub fn caches_text(&self, title: &StoredTitle) -> Option<String> {
        let sum = |files: Vec<PathBuf>| files.iter().map(|path| size(path)).sum::<u64>();
        let [code, pipelines] = [self.code_files(title), self.pipeline_files(title)].map(sum);
        let scratch = Self::by_id(self.scratch.as_ref(), title).map_or(0, |folder| size(&folder));
        let rows = [(code, "compiled code"), (pipelines, "pipelines"), (scratch, "scratch disks")];
        let parts = rows.into_iter().filter(|(bytes, _)| *bytes > 0);
        let parts: Vec<String> =
            parts.map(|(bytes, what)| format!("{} of {what}", bytes_text(bytes))).collect();
        (!parts.is_empty()).then(|| format!("Caches: {}", parts.join(", ")))
    }

    /// Deletes the caches of a title.
    ///
    /// # Errors
    /// Some can't be deleted; the others are.
    pub fn delete_caches(&self, title: &StoredTitle) -> Result<()> {
        let mut result = Ok(());
        let mut note = |path: &Path, done: Result<()>| {
            if let Err(error) = done.with_context(|| format!("cannot delete {}", path.display()))
                && result.is_ok()
            {
                result = Err(error);
            }
        };
        for path in self.code_files(title).into_iter().chain(self.pipeline_files(title)) {
            note(&path, fs::remove_file(&path).map_err(Into::into));
        }
        if let Some(folder) = Self::by_id(self.scratch.as_ref(), title) {
            note(&folder, ScratchDisks::remove(&folder).map_err(Into::into));
        }
        result
    }

    /// The store of saved games.
    fn store(&self) -> Option<ContentStore> {
        let folder = self.content.as_ref().filter(|folder| folder.is_dir())?;
        let device = HostFolder::writable(folder, Arc::default()).ok()?;
        Some(ContentStore::new(Box::new(device)))
    }

    /// The saves of a title in words: the data lost if they are deleted. `None` if there are none.
    pub fn saves_text(&self, title: &StoredTitle) -> Option<String> {
        let mut parts = Vec::new();
        let names = self.saved_games(title);
        if !names.is_empty() {
            let more = if names.len() > MAX_NAMED_SAVES { ", \u{2026}" } else { "" };
            let named: Vec<&str> = names.iter().take(MAX_NAMED_SAVES).map(String::as_str).collect();
            parts.push(format!("{} ({}{more})", count(names.len(), "saved game"), named.join(", ")));
        }
        if let Some((store, id)) = self.store().zip(title.own_id())
            && let Ok(number @ 1..) = store.count_set_aside(id.0, SAVED_GAME)
        {
            parts.push(format!("{} set aside", count(number, "saved game")));
        }
        if let Some(bytes) = self.disk(title).map(|folder| size(&folder)).filter(|bytes| *bytes > 0) {
            parts.push(format!("{} on the title's hard disk", bytes_text(bytes)));
        }
        let files = self.states(title).into_iter().filter_map(|folder| fs::read_dir(folder).ok());
        let files = files.flatten().flatten().take(MAX_FILES);
        let states = files.filter(|file| Path::new(&file.file_name()).extension() == Some("state".as_ref()));
        parts.extend(Some(states.count()).filter(|number| *number > 0).map(|n| count(n, "saved state")));
        (!parts.is_empty()).then(|| format!("Saves: {}", parts.join(", ")))
    }

    /// Names of the title's saved games.
    fn saved_games(&self, title: &StoredTitle) -> Vec<String> {
        let Some((store, id)) = self.store().zip(title.own_id()) else { return Vec::new() };
        let packages = store.every_package().unwrap_or_default().into_iter();
        let games = packages.filter(|(name, _)| name.title == id.0 && name.kind == SAVED_GAME);
        games.map(|(_, header)| header.display_name().to_owned()).collect()
    }

    /// Deletes the saves of a title.
    ///
    /// # Errors
    /// Some can't be deleted, or another process uses the content folder.
    pub fn delete_saves(&self, title: &StoredTitle) -> Result<()> {
        let folder = self.content.as_deref().filter(|folder| folder.is_dir());
        let _lock = folder.map(content::lock).transpose()?;
        if let Some((store, id)) = self.store().zip(title.own_id()) {
            for (name, header) in store.every_package().context("cannot read the saved games")? {
                if name.title == id.0 && name.kind == SAVED_GAME {
                    let failed = || format!("cannot delete {}", header.display_name());
                    store.remove(&name, &header).with_context(failed)?;
                }
            }
            let removed = store.remove_set_aside(id.0, SAVED_GAME);
            removed.context("cannot delete the saved games that are set aside")?;
        }
        for folder in self.disk(title).into_iter().chain(self.states(title)) {
            fs::remove_dir_all(&folder).with_context(|| format!("cannot delete {}", folder.display()))?;
        }
        Ok(())
    }
}

/// The files in a folder whose names are meant.
fn files_in(folder: Option<&Path>, is_meant: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let entries = folder.and_then(|folder| fs::read_dir(folder).ok()).into_iter().flatten().flatten();
    let meant = entries.filter(|entry| is_meant(&entry.file_name().to_string_lossy()));
    meant.map(|entry| entry.path()).collect()
}

/// Bytes of a file, or of the files in a folder.
fn size(path: &Path) -> u64 {
    let mut bytes = 0;
    let mut ahead = vec![path.to_owned()];
    let mut files = 0;
    while let Some(path) = ahead.pop().filter(|_| files < MAX_FILES) {
        files += 1;
        let Ok(metadata) = fs::symlink_metadata(&path) else { continue };
        if metadata.is_dir() {
            ahead.extend(fs::read_dir(&path).into_iter().flatten().flatten().map(|entry| entry.path()));
        } else {
            bytes += metadata.len();
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_of_a_title_is_listed_and_deleted_and_that_of_others_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let files = [
            "code/fog-0123456789abcdef-context.code",
            "code/fog-0123456789abcdef-table.code",
            "code/fog-of-war-0123456789abcdef-context.code",
            "pipelines/4D5307D1-1123456789abcdef.pipelines",
            "pipelines/4D5307D2-0123456789abcdef.pipelines",
            "pipelines/fog-0123456789abcdef.pipelines",
            "pipelines/fog-of-war-0123456789abcdef.pipelines",
            "scratch/4D5307D1/0",
            "scratch/4D5307D2/0",
            "content/Disk/4D5307D1/deep/file",
            "states/4D5307D1/slot-1.state",
            "states/4D5307D1/slot-1.png",
            "states/fog/slot-1.state",
            "states/fog-0123456789abcdef/slot-1.state",
            "states/fog-1123456789abcdef/slot-1.state",
            "states/00000000/slot-1.state",
        ];
        for file in files {
            fs::create_dir_all(at(file).parent().unwrap()).unwrap();
            fs::write(at(file), [0; 2048]).unwrap();
        }
        let places = StoredPlaces {
            code: Some(at("code")),
            pipelines: Some(at("pipelines")),
            scratch: Some(at("scratch")),
            content: Some(at("content")),
            states: Some(at("states")),
        };
        let id = Some(TitleId(0x4D53_07D1));
        let title = StoredTitle { name: "fog".to_owned(), id, image: None };
        let caches = places.caches_text(&title).unwrap();
        let expected = "4 KiB of compiled code, 2 KiB of pipelines, 2 KiB of scratch disks";
        assert!(caches.contains(expected), "{caches}");
        let saves = places.saves_text(&title).unwrap();
        assert!(saves.contains("2 KiB on the title's hard disk, 1 saved state"), "{saves}");
        places.delete_caches(&title).unwrap();
        assert_eq!(places.caches_text(&title), None);
        assert!(places.saves_text(&title).is_some(), "caches only");
        let held = content::lock(&at("content")).unwrap();
        let refused = places.delete_saves(&title).unwrap_err().to_string();
        assert!(refused.contains("in use") && places.saves_text(&title).is_some(), "{refused}");
        drop(held);
        places.delete_saves(&title).unwrap();
        assert_eq!(places.saves_text(&title), None);
        let left: Vec<&str> = files.into_iter().filter(|file| at(file).exists()).collect();
        assert_eq!(
            left,
            [
                "code/fog-of-war-0123456789abcdef-context.code",
                "pipelines/4D5307D2-0123456789abcdef.pipelines",
                "pipelines/fog-0123456789abcdef.pipelines",
                "pipelines/fog-of-war-0123456789abcdef.pipelines",
                "scratch/4D5307D2/0",
                "states/fog/slot-1.state",
                "states/fog-0123456789abcdef/slot-1.state",
                "states/fog-1123456789abcdef/slot-1.state",
                "states/00000000/slot-1.state",
            ]
        );
        let other = StoredTitle { name: "fog".to_owned(), id: None, image: None };
        assert_eq!((places.caches_text(&other), places.saves_text(&other)), (None, None));
        // A program without an id does not own what titles without one have in common.
        let none = StoredTitle { name: "x".to_owned(), id: Some(TitleId(0)), image: None };
        assert_eq!((places.caches_text(&none), places.saves_text(&none)), (None, None));
        assert_eq!(StoredPlaces::default().saves_text(&title), None);
    }

    #[test]
    fn an_imported_store_of_a_title_without_an_id_is_its_own() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(format!("{name}.pipelines"));
        for name in ["imported-0123456789abcdef", "imported-1123456789abcdef", "game-2123456789abcdef"] {
            fs::write(at(name), [0; 2048]).unwrap();
        }
        let places = StoredPlaces { pipelines: Some(dir.path().to_owned()), ..StoredPlaces::default() };
        let image = Some("0123456789abcdef0000".to_owned());
        let title = StoredTitle { name: "game".to_owned(), id: None, image };
        assert_eq!(places.caches_text(&title).unwrap(), "Caches: 2 KiB of pipelines");
        places.delete_caches(&title).unwrap();
        assert!(!at("imported-0123456789abcdef").exists() && at("imported-1123456789abcdef").exists());
        assert!(at("game-2123456789abcdef").exists(), "of another executable");
    }

    #[test]
    fn saves_that_are_set_aside_are_counted_and_deleted() {
        let dir = tempfile::tempdir().unwrap();
        let saves = dir.path().join("Content/0000000000000001/4D5307D1/00000001");
        fs::create_dir_all(saves.join("Save=2")).unwrap();
        fs::write(saves.join("Save=header=unsaved-1-2"), "").unwrap();
        let places = StoredPlaces { content: Some(dir.path().to_owned()), ..StoredPlaces::default() };
        let id = Some(TitleId(0x4D53_07D1));
        let title = StoredTitle { name: "fog".to_owned(), id, image: None };
        assert_eq!(places.saves_text(&title).unwrap(), "Saves: 1 saved game set aside");
        places.delete_saves(&title).unwrap();
        assert_eq!(fs::read_dir(&saves).unwrap().count(), 0);
    }

    #[test]
    fn states_of_a_title_without_an_id_are_those_of_its_executable() {
        for id in [None, Some(TitleId(0))] {
            let dir = tempfile::tempdir().unwrap();
            let folders = ["game", "game-0123456789abcdef", "game-1123456789abcdef", "game-2123456789abcdef"];
            for folder in folders {
                fs::create_dir(dir.path().join(folder)).unwrap();
                fs::write(dir.path().join(folder).join("slot-1.state"), "").unwrap();
            }
            let places = StoredPlaces { states: Some(dir.path().to_owned()), ..StoredPlaces::default() };
            let unknown = StoredTitle { name: "game".to_owned(), id, image: None };
            let title = |digits: &str| {
                let image = Some(format!("{digits}0000"));
                StoredTitle { name: "renamed".to_owned(), id, image }
            };
            let [game, other] = ["0123456789abcdef", "1123456789abcdef"].map(title);
            assert_eq!(places.saves_text(&game).unwrap(), "Saves: 1 saved state");
            places.delete_saves(&unknown).unwrap();
            places.delete_saves(&game).unwrap();
            assert_eq!((places.saves_text(&game), places.saves_text(&unknown)), (None, None));
            assert!(places.saves_text(&other).is_some());
            let left = folders.into_iter().filter(|folder| dir.path().join(folder).exists());
            assert_eq!(left.collect::<Vec<_>>(), ["game", "game-1123456789abcdef", "game-2123456789abcdef"]);
        }
    }
}
