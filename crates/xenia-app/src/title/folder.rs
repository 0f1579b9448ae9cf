//! Which executable of a folder is the title.

use super::DEFAULT_EXECUTABLE;
use anyhow::{Context, Result, bail};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Names that a message lists.
const LISTED: usize = 12;

/// The default.xex in `folder`, in any case; else its only .xex.
pub(super) fn executable_in(folder: &Path) -> Result<PathBuf> {
    let listing = || format!("cannot list {}", folder.display());
    let mut found: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(listing)? {
        let path = entry.with_context(listing)?.path();
        if path.file_name().is_some_and(|name| name.eq_ignore_ascii_case(DEFAULT_EXECUTABLE)) {
            return Ok(path);
        }
        if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("xex")) && path.is_file() {
            found.push(path);
        }
    }
    found.sort();
    let place = folder.display();
    match &found[..] {
        [] => bail!("{place} has neither {DEFAULT_EXECUTABLE} nor another executable (.xex)"),
        [only] => {
            crate::say::errln!("xenia-rs: {place} has no {DEFAULT_EXECUTABLE}; running {}", name(only));
            Ok(only.clone())
        }
        several => {
            let names: Vec<_> = several.iter().take(LISTED).map(|path| name(path)).collect();
            let more = match several.len().saturating_sub(LISTED) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            bail!("{place} has no {DEFAULT_EXECUTABLE}; name one of {}{more}", names.join(", "))
        }
    }
}

fn name(path: &Path) -> std::borrow::Cow<'_, str> {
    path.file_name().map_or_else(|| path.to_string_lossy(), OsStr::to_string_lossy)
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
        executable_in(folder.path()).map(|path| name(&path).into_owned())
    }

    #[test]
    fn the_default_one_or_the_only_one() {
        assert_eq!(chosen(&["a.xex", "Default.XEX", "b.xex"]).unwrap(), "Default.XEX");
        assert_eq!(chosen(&["readme.txt", "Game.XEX"]).unwrap(), "Game.XEX");
    }

    #[test]
    fn several_are_listed_and_none_is_said() {
        let error = chosen(&["b.xex", "a.xex", "c.txt"]).unwrap_err().to_string();
        assert!(error.ends_with("name one of a.xex, b.xex"), "{error}");
        let many: Vec<String> = (10..30).map(|n| format!("{n}.xex")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let error = chosen(&many).unwrap_err().to_string();
        assert!(error.ends_with("21.xex and 8 more"), "{error}");
        let error = chosen(&["a.txt"]).unwrap_err().to_string();
        assert!(error.contains("neither default.xex nor another"), "{error}");
    }
}
