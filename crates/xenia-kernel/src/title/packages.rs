//! Launches of titles in packages on the medium: discs of magazines and collections have those.

use super::{Launch, PackageOnMedium};
use crate::files::mounts::{TITLE, title_path};
use crate::loader::{MAX_FILE, ModuleLoader};
use crate::status::failure::{Failure, Fallible};
use std::sync::Arc;
use xenia_formats::title_files::DEFAULT_EXECUTABLE;
use xenia_formats::{ReadAt, Volume, stfs};
use xenia_guest::NtStatus;
use xenia_vfs::{FileBytes, OpenRequest, VfsError};

impl ModuleLoader<'_> {
    /// Finds and reads an executable in a package on the title's medium. An empty name means the
    /// default executable.
    ///
    /// # Errors
    /// No such package on the medium, or no such executable in it.
    pub fn prepare_package_launch(&self, package: &str, executable: &str) -> Fallible<Launch> {
        let (package, file) = {
            let mut files = self.files.lock();
            let location = files.vfs.resolve(package)?;
            if !files.vfs.volume_name(&location).eq_ignore_ascii_case(TITLE) {
                return Err(VfsError::NotFound.into());
            }
            let opened = files.vfs.open(&location, &OpenRequest::TO_READ)?;
            let path = files.vfs.full_name(&location).split_off(TITLE.len());
            (PackageOnMedium { disc: files.disc, path }, opened.data)
        };
        let file: Arc<dyn ReadAt> = Arc::new(FileBytes(file.ok_or(VfsError::IsDirectory)?));
        let volume = stfs::open(file).map_err(|error| {
            tracing::warn!(target: "vfs", "the package {} can't be launched: {error}", package.path);
            VfsError::Corrupt
        })?;
        let inner = executable.rsplit(':').next().unwrap_or(executable);
        let names = inner.split(['\\', '/']).filter(|name| !name.is_empty());
        let mut names: Vec<String> = names.map(str::to_owned).collect();
        if names.is_empty() {
            names.push(DEFAULT_EXECUTABLE.to_owned());
        }
        let path = title_path(&names.join(r"\"));
        let file = read_in(&volume, &names)?.ok_or(VfsError::NotFound)?;
        if let Some(last) = names.last_mut() {
            last.push('p');
        }
        let patch = read_in(&volume, &names)?;
        let package = Some(package);
        Ok(Launch { path, file: Ok(file), patch, package, folder: None, command_line: String::new() })
    }
}

/// Reads a file of a volume; `None` if it does not exist.
fn read_in(volume: &Volume, path: &[String]) -> Fallible<Option<Vec<u8>>> {
    let found = volume.find(path);
    let Some((size, contents)) = found.and_then(|entry| Some((entry.size, entry.contents?))) else {
        return Ok(None);
    };
    if size > MAX_FILE {
        return Err(NtStatus::INVALID_IMAGE_FORMAT.into());
    }
    let mut bytes = vec![0; size as usize];
    let count = contents.read_at(0, &mut bytes).map_err(|error| Failure::from(VfsError::from(error)))?;
    bytes.truncate(count);
    Ok(Some(bytes))
}
