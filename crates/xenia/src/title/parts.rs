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
pub struct Beside(PathBuf);

impl Beside {
    /// Locates the data files that belong to the file at `path`.
    pub fn new(path: &Path) -> Self {
        if is_data(path) {
            return Self(path.with_file_name(""));
        }
        let mut folder = path.as_os_str().to_owned();
        folder.push(".data");
        Self(folder.into())
    }
}

/// Whether a file is named like the first data file.
fn is_data(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().eq_ignore_ascii_case(&name_of(0)))
}

fn name_of(number: u32) -> String {
    format!("Data{number:04}")
}

impl Parts for Beside {
    fn part(&self, number: u32) -> io::Result<Option<Arc<dyn ReadAt>>> {
        match source::open(&self.0.join(name_of(number))) {
            Ok(file) => Ok(Some(Arc::new(file))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Total size in bytes of all files that a volume of this format consists of.
pub fn size(format: &Format, path: &Path) -> io::Result<u64> {
    let mut size = std::fs::metadata(path)?.len();
    if let Opens::Parts(_) = format.opens {
        let beside = Beside::new(path);
        for number in u32::from(is_data(path)).. {
            let Some(part) = beside.part(number)? else { break };
            size = size.saturating_add(part.size()?);
        }
    }
    Ok(size)
}

/// Opens the file as a volume; fails if its format is not a volume's.
pub fn volume(format: &Format, file: File, path: &Path) -> Result<Volume> {
    let opened = match format.opens {
        Opens::Volume(open) => open(Arc::new(file)),
        Opens::Parts(open) => open(Arc::new(file), &Beside::new(path)),
        Opens::Executable(_) | Opens::Unread(_) => {
            let reason = xenia_formats::Reason::Unsupported("no files are in it".into());
            Err(FormatError::new(format.description, 0, reason))
        }
    };
    Ok(opened?)
}
