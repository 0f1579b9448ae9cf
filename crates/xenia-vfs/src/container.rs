//! Read-only device for a disc image, package or archive.
//!
//! Names that guests cannot request ([`super::path::is_valid`]) are not listed. All times are the
//! default, [`Stamp::default`], whatever the container has.

use super::device::{Entry, FileData, FileDevice, OpenMode, VolumeProperties};
use super::path::Pattern;
use super::{Stamp, VfsError, VfsResult};
use std::io;
use std::sync::Arc;
use xenia_formats as formats;
use xenia_formats::ReadAt;
use xenia_formats::volume::VolumeEntry;
use xenia_guest::code_page;

/// Device for the files of a disc image, package or archive.
#[derive(Debug)]
pub struct Container(pub Arc<formats::Volume>);

impl Container {
    fn found(&self, path: &[String]) -> VfsResult<VolumeEntry<'_>> {
        self.0.find(path).ok_or_else(|| match path.split_last() {
            Some((_, parent)) if self.0.list(parent).is_some() => VfsError::NotFound,
            _ => VfsError::PathNotFound,
        })
    }

    /// The entries of a directory that guests can request, of those that are `wanted`.
    fn entries(&self, path: &[String], wanted: impl Fn(&str) -> bool) -> VfsResult<Vec<Entry>> {
        self.found(path)?;
        let listed = self.0.list(path).ok_or(VfsError::NotDirectory)?;
        let is_valid = |name: &str| super::path::is_valid(name) && code_page::encode(name).is_some();
        Ok(listed.filter(|found| wanted(found.name) && is_valid(found.name)).map(entry).collect())
    }
}

fn entry(found: VolumeEntry<'_>) -> Entry {
    Entry {
        name: found.name.to_owned(),
        directory: found.contents.is_none(),
        size: found.size,
        read_only: true,
        stamp: Stamp::default(),
    }
}

impl FileDevice for Container {
    fn volume(&self) -> VolumeProperties {
        VolumeProperties::DISC
    }

    fn find(&self, path: &[String]) -> VfsResult<Entry> {
        self.found(path).map(entry)
    }

    fn list(&self, path: &[String]) -> VfsResult<Vec<Entry>> {
        self.entries(path, |_| true)
    }

    fn list_matching(&self, path: &[String], pattern: &Pattern) -> VfsResult<Vec<Entry>> {
        self.entries(path, |name| pattern.matches(name))
    }

    fn open(&self, path: &[String], mode: OpenMode) -> VfsResult<Box<dyn FileData>> {
        if mode == OpenMode::Write {
            return Err(VfsError::ReadOnly);
        }
        let found = self.found(path)?;
        let contents = found.contents.ok_or(VfsError::IsDirectory)?;
        Ok(Box::new(Contents { bytes: contents.clone(), size: found.size }))
    }
}

/// Contents of an open file.
struct Contents {
    bytes: Arc<dyn ReadAt>,
    size: u64,
}

impl FileData for Contents {
    fn size(&self) -> VfsResult<u64> {
        Ok(self.size)
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> VfsResult<usize> {
        let wanted = self.size.saturating_sub(offset).min(into.len() as u64);
        let got = self.bytes.read_at(offset, into)?;
        if (got as u64) < wanted {
            // The image was truncated since it was opened. If an end of file were reported to a
            // title here, it would take the file for complete.
            return Err(
                io::Error::new(io::ErrorKind::UnexpectedEof, "the image is shorter than it was").into()
            );
        }
        Ok(got)
    }

    fn write_at(&self, _: u64, _: &[u8]) -> VfsResult<()> {
        Err(VfsError::ReadOnly)
    }

    fn set_size(&self, _: u64) -> VfsResult<()> {
        Err(VfsError::ReadOnly)
    }

    fn flush(&self) -> VfsResult<()> {
        Ok(())
    }
}

/// Adapter from [`FileData`] to the `ReadAt` of the format readers.
pub struct FileBytes(pub Box<dyn FileData>);

impl ReadAt for FileBytes {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read_at(offset, buffer).map_err(io::Error::other)
    }

    fn size(&self) -> io::Result<u64> {
        self.0.size().map_err(io::Error::other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{HostFolder, path};

    /// The same files as a volume and as a folder.
    fn twins(folder: &std::path::Path) -> [Box<dyn FileDevice>; 2] {
        let mut volume = formats::Volume::default();
        let media = volume.add_directory(formats::Volume::ROOT, "Media").unwrap();
        std::fs::create_dir(folder.join("Media")).unwrap();
        for (within, place, name) in
            [(formats::Volume::ROOT, folder.to_owned(), "b.bin"), (media, folder.join("Media"), "Track 1")]
        {
            volume.add_file(within, name, Arc::new(name.as_bytes().to_vec())).unwrap();
            std::fs::write(place.join(name), name).unwrap();
        }
        // Names that guests cannot request appear in neither.
        volume.add_file(media, "a:b", Arc::new(vec![1])).unwrap();
        std::fs::write(folder.join("Media/a:b"), "x").unwrap();
        [Box::new(Container(Arc::new(volume))), Box::new(HostFolder::read_only(folder).unwrap())]
    }

    #[cfg(unix)]
    #[test]
    fn an_image_has_files_with_the_names_of_a_host_s_devices() {
        let folder = tempfile::tempdir().unwrap();
        let mut volume = formats::Volume::default();
        for name in ["aux.bin", "con"] {
            volume.add_file(formats::Volume::ROOT, name, Arc::new(vec![1])).unwrap();
            std::fs::write(folder.path().join(name), "x").unwrap();
        }
        let mut vfs = crate::Vfs::default();
        vfs.mount(r"\disc", Box::new(Container(Arc::new(volume)))).unwrap();
        vfs.mount(r"\host", Box::new(HostFolder::read_only(folder.path()).unwrap())).unwrap();
        let names = |path: &str| -> Vec<String> {
            let entries = vfs.list(&vfs.resolve(path).unwrap()).unwrap();
            entries.into_iter().map(|entry| entry.name).collect()
        };
        assert_eq!(names(r"\disc"), ["aux.bin", "con"]);
        assert_eq!(names(r"\host"), [""; 0], "hosts open devices by these names");
        assert!(vfs.find(&vfs.resolve(r"\disc\AUX.bin").unwrap()).is_ok());
        assert_eq!(vfs.find(&vfs.resolve(r"\host\aux.bin").unwrap()), Err(VfsError::NotFound));
    }

    #[test]
    fn names_are_listed_in_the_order_of_the_trees_of_discs() {
        let folder = tempfile::tempdir().unwrap();
        let mut volume = formats::Volume::default();
        for name in ["a_b", "abc"] {
            volume.add_file(formats::Volume::ROOT, name, Arc::new(vec![1])).unwrap();
            std::fs::write(folder.path().join(name), "x").unwrap();
        }
        let folder = HostFolder::read_only(folder.path()).unwrap();
        let devices: [&dyn FileDevice; 2] = [&Container(Arc::new(volume)), &folder];
        for device in devices {
            let names = device.list(&[]).unwrap().into_iter().map(|entry| entry.name);
            assert_eq!(names.collect::<Vec<_>>(), ["abc", "a_b"]);
        }
    }

    #[test]
    fn an_image_that_is_shortened_gives_an_error_and_not_an_end() {
        let image = tempfile::NamedTempFile::new().unwrap();
        image.as_file().set_len(100).unwrap();
        let bytes: Arc<dyn ReadAt> = Arc::new(image.reopen().unwrap());
        let mut volume = formats::Volume::default();
        volume.add_file(formats::Volume::ROOT, "a", bytes).unwrap();
        let file = Container(Arc::new(volume)).open(&["a".to_owned()], OpenMode::Read).unwrap();
        let mut into = [0; 60];
        assert_eq!(file.read_at(80, &mut into), Ok(20));
        image.as_file().set_len(50).unwrap();
        assert_eq!(file.read_at(0, &mut into[..50]), Ok(50));
        for offset in [0, 60, 99] {
            let shortened = Err(VfsError::Host(io::ErrorKind::UnexpectedEof));
            assert_eq!(file.read_at(offset, &mut into), shortened, "{offset}");
        }
        assert_eq!(file.read_at(100, &mut into), Ok(0));
    }

    #[test]
    fn a_container_behaves_like_a_folder_with_the_same_files() {
        let folder = tempfile::tempdir().unwrap();
        let [container, folder] = twins(folder.path());
        assert_eq!(container.volume(), folder.volume());
        for place in ["", "B.BIN", "media", r"MEDIA\track 1", "no", r"no\no", r"b.bin\no", r"media\no\no"] {
            let path = path::split(place).unwrap();
            assert_eq!(container.find(&path), folder.find(&path), "{place}");
            assert_eq!(container.list(&path), folder.list(&path), "{place}");
            for mode in [OpenMode::Read, OpenMode::Write] {
                let read = |device: &dyn FileDevice| -> VfsResult<_> {
                    let file = device.open(&path, mode)?;
                    let mut into = [0; 4];
                    let counts = [file.read_at(0, &mut into)?, file.read_at(3, &mut into)?];
                    let changes = [file.write_at(0, b"x"), file.set_size(0)];
                    Ok((counts, into, file.size()?, changes, file.read_at(1 << 40, &mut into)?))
                };
                assert_eq!(read(&*container), read(&*folder), "{place} {mode:?}");
            }
        }
        assert_eq!(container.list(&["media".to_owned()]).unwrap().len(), 1);
    }
}
