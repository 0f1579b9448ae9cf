//! Opens a file as a volume, together with the files beside it that belong to it.

use crate::source;
use anyhow::Result;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use xenia_formats::{Format, FormatError, Opens, Parts, ReadAt, Volume};

/// Locates the data files of a package: in the folder named as the header file plus `.data`, or
/// beside the file if it is a data file itself.
#[derive(Debug)]
pub struct PackageParts(PathBuf);

impl PackageParts {
    /// Locates the data files that belong to the file at `path`.
    pub fn new(path: &Path) -> Self {
        if is_data(path) {
            return Self(path.with_file_name(""));
        }
        let mut folder = path.as_os_str().to_owned();
        folder.push(".data");
        let folder = PathBuf::from(folder);
        let name = folder.file_name().and_then(|name| name.to_str());
        let other = name.filter(|_| !folder.exists());
        let other = other.and_then(|name| without_case(path.parent()?, name));
        Self(other.unwrap_or(folder))
    }
}

/// Whether a file is named like the first data file.
fn is_data(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().eq_ignore_ascii_case(&name_of(0)))
}

fn name_of(number: u32) -> String {
    format!("Data{number:04}")
}

impl Parts for PackageParts {
    fn part(&self, number: u32) -> io::Result<Option<Arc<dyn ReadAt>>> {
        let file = open_without_case(&self.0.join(name_of(number)))?;
        Ok(file.map(|file| Arc::new(file) as Arc<dyn ReadAt>))
    }
}

/// Opens a file whose name can be in upper or lower case, as consoles have no case; `None` if there
/// is none.
pub(super) fn open_without_case(path: &Path) -> io::Result<Option<File>> {
    let opened = match source::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let name = path.file_name().and_then(|name| name.to_str());
            match name.and_then(|name| without_case(path.parent()?, name)) {
                Some(path) => source::open(&path),
                None => return Ok(None),
            }
        }
        opened => opened,
    };
    opened.map(Some)
}

/// The entry of a folder with this name in upper or lower case.
fn without_case(folder: &Path, name: &str) -> Option<PathBuf> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let is_it = |path: &PathBuf| path.file_name().is_some_and(|found| found.eq_ignore_ascii_case(name));
    std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path()).find(is_it)
}

/// Total size in bytes of all files that a volume of this format consists of.
pub fn size(format: &Format, path: &Path) -> io::Result<u64> {
    let mut size = std::fs::metadata(path)?.len();
    if let Opens::Parts(_) = format.opens {
        let parts = PackageParts::new(path);
        for number in u32::from(is_data(path)).. {
            let Some(part) = parts.part(number)? else { break };
            size = size.saturating_add(part.size()?);
        }
    }
    Ok(size)
}

/// Opens the file as a volume; fails if its format is not a volume's.
pub fn volume(format: &Format, file: File, path: &Path) -> Result<Volume> {
    let opened = match format.opens {
        Opens::Volume(open) => open(Arc::new(file)),
        Opens::Parts(open) => open(Arc::new(file), &PackageParts::new(path)),
        Opens::Executable(_) | Opens::Unread(_) => {
            let reason = xenia_formats::Reason::Unsupported("it contains no files".into());
            Err(FormatError::new(format.description, 0, reason))
        }
    };
    Ok(opened?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_files_are_found_regardless_of_case() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("game.DATA");
        std::fs::create_dir(&data).unwrap();
        std::fs::write(data.join("DATA0000"), "x").unwrap();
        let parts = PackageParts::new(&folder.path().join("GAME"));
        assert_eq!(parts.part(0).unwrap().unwrap().size().unwrap(), 1);
        assert!(parts.part(1).unwrap().is_none());
        assert!(PackageParts::new(&data.join("data0000")).part(0).unwrap().is_some());
        assert!(PackageParts::new(&folder.path().join("other")).part(0).unwrap().is_none());
    }
}
