//! Presents the files of a package in the content folder as a volume, to list, copy or inspect
//! them.

use anyhow::{Context, Result};
use std::io;
use std::sync::Arc;
use xenia_formats::volume::Directory;
use xenia_formats::{ReadAt, Volume};
use xenia_kernel::content::{ContentStore, PackageHeader, PackageName};
use xenia_kernel::vfs::{FileDevice, OpenMode, SharedDevice, SubFolder};

/// Builds the volume of a package.
pub fn volume_of(store: &ContentStore, name: &PackageName, header: &PackageHeader) -> Result<Volume> {
    let mut volume = Volume::default();
    let device = if header.is_packed {
        let device = store.device_of(name, header);
        let device = device.with_context(|| format!("cannot read {}", name.file()))?;
        SubFolder::new(SharedDevice::new(device), Vec::new())
    } else {
        store.folder(name.files(header.folder))
    };
    let device = Arc::new(device);
    add(&mut volume, Volume::ROOT, &device, &[]).with_context(|| format!("cannot read {}", name.file()))?;
    Ok(volume)
}

fn add(volume: &mut Volume, within: Directory, device: &Arc<SubFolder>, path: &[String]) -> Result<()> {
    for entry in device.list(path)? {
        let below = [path, std::slice::from_ref(&entry.name)].concat();
        if entry.directory {
            let directory = volume.add_directory(within, &entry.name)?;
            add(volume, directory, device, &below)?;
        } else {
            let file = StoredFile { device: device.clone(), path: below, size: entry.size };
            volume.add_file(within, &entry.name, Arc::new(file))?;
        }
    }
    Ok(())
}

/// A package's file, opened for each access, because a package may have more files than a process
/// may open.
struct StoredFile {
    device: Arc<SubFolder>,
    path: Vec<String>,
    size: u64,
}

impl ReadAt for StoredFile {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let file = self.device.open(&self.path, OpenMode::Read).map_err(io::Error::other)?;
        file.read_at(offset, buffer).map_err(io::Error::other)
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.size)
    }
}
