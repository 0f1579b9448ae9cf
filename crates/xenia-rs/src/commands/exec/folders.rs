//! Folders of the host, from which the library's page takes one, and the library's own in the
//! settings.

use crate::cli::Cli;
use crate::commands::library::canonical;
use crate::settings;
use anyhow::{Context, Result, bail};
use clap::CommandFactory;
use std::io;
use std::path::{Path, PathBuf};
use xenia::say::visible;
use xenia::user_folders;
use xenia_render::FolderModel;

/// Maximum number of entries examined in a folder.
const MAX_ENTRIES: usize = 20_000;
/// Folders that are shown at a time.
const PART: usize = 7;

/// The folder at a path, with the part of its folders that begins with the one numbered `first`,
/// from 0. Hidden ones are left out.
pub(super) fn folder_model(path: &Path, first: usize) -> FolderModel {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let parent = path.parent().map(Path::to_owned);
    let (mut folders, failure) = match list_folders(&path, MAX_ENTRIES) {
        Ok((folders, false)) => (folders, None),
        Ok((folders, true)) => (folders, Some(format!("Only {MAX_ENTRIES} entries were looked at."))),
        Err(error) => (Vec::new(), Some(format!("It can't be read: {error}"))),
    };
    if parent.is_none() {
        folders.extend(drives().filter(|drive| *drive != path).map(|drive| (name_of(&drive), drive)));
    }
    folders.sort_by_cached_key(|(name, path)| (name.to_lowercase(), path.clone()));
    let total = folders.len();
    let before = first.min(total.saturating_sub(1)) / PART * PART;
    let folders = folders.into_iter().skip(before).take(PART).collect();
    FolderModel { path, parent, folders, before, total, failure }
}

/// The folders in a folder, and whether there are more entries than this.
fn list_folders(path: &Path, most: usize) -> io::Result<(Vec<(String, PathBuf)>, bool)> {
    let mut entries = std::fs::read_dir(path)?;
    let looked_at = entries.by_ref().take(most).flatten().map(|entry| entry.path());
    let named = looked_at.map(|path| (name_of(&path), path));
    // Links may lead to folders, too.
    let folders = named.filter(|(name, path)| !name.starts_with('.') && path.is_dir()).collect();
    Ok((folders, entries.next().is_some()))
}

fn name_of(path: &Path) -> String {
    visible(&path.file_name().unwrap_or(path.as_os_str()).to_string_lossy())
}

/// Drives of the host that are beside each other.
fn drives() -> impl Iterator<Item = PathBuf> {
    let letters = cfg!(windows).then_some('A'..='Z').into_iter().flatten();
    letters.map(|letter| PathBuf::from(format!("{letter}:\\"))).filter(|drive| drive.is_dir())
}

/// The folder that the page begins with: beside the last one of the library, or the user's.
pub(super) fn first(of_library: &[PathBuf], home: Option<PathBuf>) -> PathBuf {
    let beside = of_library.last().and_then(|folder| folder.parent()).map(Path::to_owned);
    let there = [beside, home].into_iter().flatten().find(|folder| folder.is_dir());
    there.unwrap_or_else(|| PathBuf::from(std::path::MAIN_SEPARATOR_STR))
}

/// The folders of the library with another one.
pub(super) fn with_folder(mut of_library: Vec<PathBuf>, path: &Path) -> Result<Vec<PathBuf>> {
    let folder = path.canonicalize().with_context(|| format!("cannot read {}", path.display()))?;
    if !folder.is_dir() {
        bail!("{} is not a folder", path.display());
    }
    if of_library.iter().any(|known| canonical(known.clone()) == folder) {
        bail!("{} is a folder of the library already", folder.display());
    }
    of_library.push(folder);
    Ok(of_library)
}

/// Writes the folders of the library to a settings file. Those that it names stay as it names them,
/// such as relative to it: it may be moved with them.
pub(super) fn keep(file: &Path, of_library: &[PathBuf]) -> Result<()> {
    let named = named(file);
    let beside = file.parent().unwrap_or("".as_ref());
    let mut list = toml_edit::Array::new();
    for folder in of_library {
        let is_named = |text: &&String| settings::located(text, beside, user_folders::home()) == *folder;
        let text = named.iter().find(is_named).map(String::as_str).or_else(|| folder.to_str());
        list.push(text.with_context(|| format!("{} is not UTF-8", folder.display()))?);
    }
    let list = (!of_library.is_empty()).then(|| list.to_string());
    settings::change(&settings::built(Cli::command()), file, "library.folder", list.as_deref())?;
    Ok(())
}

/// Folders of the library as a settings file names them; none if it can't be read.
fn named(file: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let document: toml_edit::DocumentMut = text.parse().unwrap_or_default();
    let folders = document.get("library").and_then(|library| library.get("folder"));
    let one = folders.and_then(toml_edit::Item::as_str);
    let list = folders.and_then(toml_edit::Item::as_array);
    let several = list.into_iter().flatten().filter_map(toml_edit::Value::as_str);
    one.into_iter().chain(several).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(model: &FolderModel) -> Vec<&str> {
        model.folders.iter().map(|(name, _)| name.as_str()).collect()
    }

    #[test]
    fn folders_are_sorted_in_parts_without_files_and_hidden_ones() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a.iso"), "").unwrap();
        for name in [".hidden", "b", "C", "a"] {
            std::fs::create_dir(dir.path().join(name)).unwrap();
        }
        let model = folder_model(dir.path(), 0);
        assert_eq!((names(&model), model.total, model.failure.clone()), (vec!["a", "b", "C"], 3, None));
        assert_eq!(model.parent.as_deref(), dir.path().parent());
        assert_eq!(model.folders[2].1, dir.path().join("C"));
        for number in 0..PART {
            std::fs::create_dir(dir.path().join(format!("d{number}"))).unwrap();
        }
        let whole = folder_model(dir.path(), 0);
        let rest = folder_model(dir.path(), PART);
        assert_eq!((whole.folders.len(), whole.before, whole.total), (PART, 0, PART + 3));
        assert_eq!((names(&rest), rest.before), (vec!["d4", "d5", "d6"], PART));
        assert_eq!(folder_model(dir.path(), 999).before, PART, "the last part");
    }

    #[test]
    fn a_missing_folder_is_reported_with_a_way_back() {
        let dir = tempfile::tempdir().unwrap();
        let gone = folder_model(&dir.path().join("gone"), 0);
        assert!(gone.failure.is_some_and(|text| text.starts_with("It can't be read")));
        assert_eq!(gone.parent.as_deref(), Some(dir.path()));
    }

    #[test]
    fn a_folder_of_many_entries_is_read_in_part() {
        let dir = tempfile::tempdir().unwrap();
        for number in 0..5 {
            std::fs::create_dir(dir.path().join(number.to_string())).unwrap();
        }
        assert!(matches!(list_folders(dir.path(), 4), Ok((folders, true)) if folders.len() == 4));
        assert!(matches!(list_folders(dir.path(), 5), Ok((folders, false)) if folders.len() == 5));
    }

    #[test]
    fn folders_of_the_library_stay_as_the_settings_file_names_them() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("config.toml");
        let new = dir.path().join("new");
        std::fs::write(&file, "[library]\nfolder = [\"games\", \"discs\"]\n").unwrap();
        keep(&file, &[dir.path().join("games"), new.clone()]).unwrap();
        assert_eq!(named(&file), ["games", new.to_str().unwrap()]);
        std::fs::write(&file, "[library]\nfolder = \"games\"\n").unwrap();
        keep(&file, &[new, dir.path().join("games")]).unwrap();
        assert_eq!(named(&file)[1], "games");
    }

    #[test]
    fn the_page_begins_beside_the_last_folder_of_the_library() {
        let dir = tempfile::tempdir().unwrap();
        let home = Some(dir.path().to_owned());
        let games = dir.path().join("games/discs");
        assert_eq!(first(std::slice::from_ref(&games), home.clone()), dir.path());
        std::fs::create_dir(games.parent().unwrap()).unwrap();
        assert_eq!(first(std::slice::from_ref(&games), home), games.parent().unwrap());
        let root = first(&[], None);
        assert!(root.has_root(), "{}", root.display());
    }
}
