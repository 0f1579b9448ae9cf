//! Finds the executable of a title in a folder.

use super::medium::{ChoiceReport, NoExecutable, choose, is_executable, is_image};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use xenia_formats::title_files::DEFAULT_EXECUTABLE;

/// The default.xex in `folder`, in upper or lower case, otherwise its only .xex.
pub(super) fn executable_in(folder: &Path, report: ChoiceReport) -> Result<PathBuf> {
    let listing = || format!("cannot list {}", folder.display());
    let mut found = Vec::new();
    let mut images = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(listing)? {
        let entry = entry.with_context(listing)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = entry.path();
        if name.eq_ignore_ascii_case(DEFAULT_EXECUTABLE) || is_executable(&name) && path.is_file() {
            found.push((name, path));
        } else if is_image(&name) && path.is_file() {
            images.push(name);
        }
    }
    let place = folder.display().to_string();
    match images.iter().min() {
        Some(image) if found.is_empty() => Err(NoExecutable::image(&place, image, "run that").into()),
        _ => choose(found, &place, "name one of", report),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            std::fs::write(folder.path().join(file), "x").unwrap();
        }
        folder
    }

    fn chosen(files: &[&str]) -> Result<String> {
        let folder = folder(files);
        executable_in(folder.path(), ChoiceReport::Nothing)
            .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
    }

    #[test]
    fn the_default_one_or_the_only_one() {
        assert_eq!(chosen(&["a.xex", "Default.XEX", "b.xex"]).unwrap(), "Default.XEX");
        assert_eq!(chosen(&["readme.txt", "Game.XEX"]).unwrap(), "Game.XEX");
        assert_eq!(chosen(&["._a.xex", "a.xex"]).unwrap(), "a.xex");
    }

    #[test]
    fn several_titles_are_listed_and_no_title_is_an_error() {
        let error = chosen(&["b.xex", "a.xex", "c.txt"]).unwrap_err().to_string();
        assert!(error.ends_with("name one of a.xex, b.xex"), "{error}");
        let many: Vec<String> = (10..30).map(|n| format!("{n}.xex")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let error = chosen(&many).unwrap_err().to_string();
        assert!(error.ends_with("21.xex and 8 more"), "{error}");
        let error = chosen(&["b.iso", "a.ISO"]).unwrap_err().to_string();
        assert!(error.ends_with("but a.ISO: run that"), "{error}");
        let error = chosen(&["a.txt"]).unwrap_err().to_string();
        assert!(error.contains("neither default.xex nor another"), "{error}");
    }
}
