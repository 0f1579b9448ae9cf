//! Title updates: patches of executables, and the files that come with them.
//!
//! An update lies beside the executable, or in the content folder as a package of a separate
//! content type. Of several packages for the executable, the one with the highest version is
//! applied. A damaged update, or one for another executable, is reported and ignored. A package for
//! a title of several discs has a folder for each, `disc001` and so on; issue 21 of xenia-canary
//! reports that the console does this.

use super::PATCH;
use crate::content::volume::volume_of;
use crate::say::{errln, remark};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use xenia_formats::image::Version;
use xenia_formats::xex::patched_version;
use xenia_formats::{FormatError, KeyRing, LoadedImage, ReadAt, Volume, Xex};
use xenia_guest::TitleId;
use xenia_kernel::content::ContentStore;
use xenia_kernel::files::{Files, mounts};
use xenia_kernel::title::Launch;
use xenia_kernel::user::profile::Xuid;
use xenia_kernel::vfs::{HostFolder, VfsResult};

/// Content type of packages with updates.
const UPDATE: u32 = 0xB_0000;
/// Largest number of updates that are tried for one title.
const MAX_TRIED: usize = 16;

/// Source of a title's updates, and the update that was applied.
#[derive(Clone, Debug, Default)]
pub struct Updates {
    content: Option<PathBuf>,
    applied: Option<Applied>,
}

/// The update that was applied to a title.
#[derive(Clone, Debug)]
struct Applied {
    title: Option<TitleId>,
    place: Place,
}

/// Location of an update's files.
#[derive(Clone, Debug)]
enum Place {
    /// In the folder of an executable, as a guest path.
    Beside(String),
    /// In this folder of a package.
    Package(Arc<Volume>, String),
}

/// A patch, its location and its package's name.
struct Update {
    version: Version,
    package: String,
    patch: Arc<dyn ReadAt>,
    place: Place,
}

impl Updates {
    /// Updates beside executables and, if given, in a content folder.
    pub(super) fn of(content: Option<&Path>) -> Self {
        Self { content: content.map(Path::to_owned), applied: None }
    }

    /// Reads the title's executable and applies its update: `beside`, the patch beside it,
    /// otherwise one from the content folder.
    pub(super) fn load(
        &mut self,
        file: &dyn ReadAt,
        beside: Option<&dyn ReadAt>,
        keys: &KeyRing,
    ) -> Result<LoadedImage, FormatError> {
        self.load_with(file, beside, mounts::TITLE, &[PATCH], keys)
    }

    /// Reads an executable that the title launched and applies its update. An executable of the
    /// same title keeps the title's update, whether the update has a patch for it or not.
    pub fn load_launched(
        &mut self,
        launch: &Launch,
        file: &dyn ReadAt,
        keys: &KeyRing,
    ) -> Result<LoadedImage, FormatError> {
        let name = launch.path.rsplit('\\').next().unwrap_or_default();
        let below = launch.path.strip_prefix(mounts::TITLE).map(|below| below.trim_start_matches('\\'));
        let patch = below.unwrap_or(name).to_owned() + "p";
        let patch: Vec<&str> = patch.split('\\').collect();
        let beside = launch.patch.as_ref().map(|patch| patch as &dyn ReadAt);
        let folder = launch.path.rsplit_once('\\').map_or(mounts::TITLE, |(folder, _)| folder);
        self.load_with(file, beside, folder, &patch, keys)
    }

    fn load_with(
        &mut self,
        file: &dyn ReadAt,
        beside: Option<&dyn ReadAt>,
        folder: &str,
        name: &[&str],
        keys: &KeyRing,
    ) -> Result<LoadedImage, FormatError> {
        let (image, place) = if let Some(patch) = beside {
            let image = Xex::read(file)?.load_patched(file, patch, keys)?;
            remark!("xenia-rs: the title's update (.xexp) is applied{}", to_version(&image));
            (image, Some(Place::Beside(folder.to_owned())))
        } else {
            match self.content.as_deref().and_then(|folder| apply(folder, file, name, keys)) {
                Some((image, place)) => (image, Some(place)),
                None => (xenia_formats::load(file, keys)?, None),
            }
        };
        let title = image.execution.map(|execution| execution.title_id);
        match place {
            Some(place) => self.applied = Some(Applied { title, place }),
            None => self.applied = self.applied.take().filter(|applied| applied.title == title),
        }
        Ok(image)
    }

    /// Mounts the update's files as `update:`, if an update is applied.
    pub fn mount(&self, files: &mut Files) -> Result<()> {
        let mounted = match self.applied.as_ref().map(|applied| &applied.place) {
            None => Ok(()),
            Some(Place::Beside(folder)) => files.link_update(folder),
            Some(Place::Package(volume, folder)) => files.mount_update(volume.clone(), folder),
        };
        mounted.context("cannot mount the title's update")
    }
}

/// Version after the update, if the image names it.
fn to_version(image: &LoadedImage) -> String {
    let execution = image.execution.as_ref();
    execution.map_or_else(String::new, |execution| format!(", version {}", execution.version))
}

/// Applies the best update in the folder; returns the patched image and the update's location, or
/// `None` if no update fits.
fn apply(
    folder: &Path,
    executable: &dyn ReadAt,
    name: &[&str],
    keys: &KeyRing,
) -> Option<(LoadedImage, Place)> {
    // A file that is not a XEX is reported when it is loaded.
    let base = Xex::read(executable).ok()?;
    let execution = base.execution?;
    let mut updates = match in_folder(folder, execution.title_id, execution.disc_number, name) {
        Ok(updates) => updates,
        Err(error) => {
            errln!("xenia-rs: cannot look for updates in {}: {error}", folder.display());
            return None;
        }
    };
    updates.sort_by(|a, b| b.version.cmp(&a.version).then_with(|| a.package.cmp(&b.package)));
    updates.into_iter().take(MAX_TRIED).find_map(|Update { package, patch, place, .. }| {
        match base.load_patched(executable, &patch, keys) {
            Ok(image) => {
                remark!("xenia-rs: the update {package} is applied{}", to_version(&image));
                Some((image, place))
            }
            Err(error) => {
                errln!("xenia-rs: the update {package} is not applied: {error}");
                None
            }
        }
    })
}

/// The packages in the folder that contain the patch `patch`.
fn in_folder(folder: &Path, title: TitleId, disc: u8, patch: &[&str]) -> VfsResult<Vec<Update>> {
    let store = ContentStore::new(Box::new(HostFolder::read_only(folder)?));
    let mut updates = Vec::new();
    for (name, header) in store.packages(Xuid::NOBODY, title.0, UPDATE)? {
        let package = name.file().to_owned();
        let volume = match volume_of(&store, &name, &header) {
            Ok(volume) => Arc::new(volume),
            Err(error) => {
                errln!("xenia-rs: the update {package} is not applied: {error:#}");
                continue;
            }
        };
        let Some((within, patch)) = find_patch(&volume, disc, patch) else {
            // Updates need not patch each executable that a title launches.
            if patch == [PATCH] {
                errln!("xenia-rs: the update {package} is not applied: it has no {PATCH}");
            }
            continue;
        };
        let version = patched_version(&patch).unwrap_or_default();
        updates.push(Update { version, package, patch, place: Place::Package(volume, within) });
    }
    Ok(updates)
}

/// Finds a package's patch, and the folder that has the update's files. The patch of an executable
/// in a folder has the same path, or only the name.
fn find_patch(volume: &Volume, disc: u8, path: &[&str]) -> Option<(String, Arc<dyn ReadAt>)> {
    let of_disc = format!("disc{disc:03}");
    let name = path.len().checked_sub(1).map(|last| &path[last..])?;
    [("", path), (&of_disc, path), ("", name), (&of_disc, name)].into_iter().find_map(|(folder, path)| {
        let whole: Vec<&str> =
            [folder].into_iter().filter(|name| !name.is_empty()).chain(path.iter().copied()).collect();
        let patch = volume.find(&whole)?.contents.cloned()?;
        Some((folder.to_owned(), patch))
    })
}

#[cfg(test)]
mod tests {
    use super::super::Title;
    use super::*;
    use sha1::{Digest, Sha1};
    use xenia_formats::stfs::{self, PackageInfo, Signer};
    use xenia_kernel::vfs::OpenRequest;

    /// An unencrypted title with an id.
    const BASE: &[u8] = include_bytes!("../../../../guest/bin/console-suite.xex");
    const TITLE: u32 = 0x5841_0002;
    /// The key of both files: zeros, encrypted with the session key that follows from it and the
    /// development key (AES-128, computed by openssl).
    const SOURCE_KEY: u128 = 0x8151_4B42_959A_B1A0_EC68_2945_F49A_3FE2;

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    /// A patch that keeps the headers and copies one word of the image; format:
    /// xenia-canary's `xex2_info.h`.
    fn patch(from: u32, to: u32) -> Vec<u8> {
        let header_size = u32::from_be_bytes(BASE[8..12].try_into().unwrap());
        let image_size = xenia_formats::load(&BASE, &KeyRing::development()).unwrap().size;
        let record = [words(&[from, to]), vec![0, 4, 0, 1]].concat();
        let block = [vec![0; 24], record, vec![0; 12]].concat();
        let format = [words(&[36, 3, 0x8000, block.len() as u32]), Sha1::digest(&block).to_vec()].concat();
        let sizes = words(&[header_size, 0, header_size, 0, 0, image_size, 0]);
        let descriptor =
            [words(&[0x58]), vec![0; 28], SOURCE_KEY.to_be_bytes().to_vec(), sizes, vec![0; 12]].concat();
        assert_eq!(descriptor.len(), 0x58);
        let bodies = 0x18 + 16;
        let security = 0x18 + 16 + 0x58 + 36;
        let mut file = b"XEX2".to_vec();
        file.extend(words(&[0x41, security + 0x184, 0, security, 2]));
        file.extend(words(&[0x3FF, bodies + 0x58, 0x5FF, bodies]));
        file.extend([descriptor, format].concat());
        file.resize(security as usize + 0x184, 0);
        file.extend(block);
        file
    }

    fn package(patch: Vec<u8>) -> Vec<u8> {
        package_of(&[("default.xexp", patch)])
    }

    fn package_of(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
        let mut volume = Volume::default();
        for (name, bytes) in files {
            volume.add_file(Volume::ROOT, name, Arc::new(bytes.clone())).unwrap();
        }
        let info = PackageInfo {
            signer: Signer::Live,
            content_type: UPDATE,
            title_id: TitleId(TITLE),
            ..PackageInfo::default()
        };
        let mut bytes = Vec::new();
        stfs::write(&volume, &info, &mut bytes, &mut |_| ()).unwrap();
        bytes
    }

    #[test]
    fn an_update_in_the_content_folder_is_applied_to_its_title() {
        let dir = tempfile::tempdir().unwrap();
        let of_type = dir.path().join(format!("Content/0000000000000000/{TITLE:08X}/000B0000"));
        std::fs::create_dir_all(&of_type).unwrap();
        let title = dir.path().join("title.xex");
        std::fs::write(&title, BASE).unwrap();
        let keys = KeyRing::development();
        let bytes =
            |content: Option<&Path>| Title::open_with(&title, &keys, content).unwrap().image.bytes.clone();
        let before = bytes(None);
        assert!(bytes(Some(dir.path())) == before, "there is none");
        // Damaged updates, and updates for another executable, do not hide valid ones.
        std::fs::write(of_type.join("A"), package(b"noise".to_vec())).unwrap();
        std::fs::write(of_type.join("B"), &package(patch(0, 4))[..0xB800]).unwrap();
        let mut other = patch(0, 4);
        let key = other.windows(16).position(|bytes| bytes == SOURCE_KEY.to_be_bytes()).unwrap();
        other[key] ^= 1;
        std::fs::write(of_type.join("C"), package(other)).unwrap();
        assert!(bytes(Some(dir.path())) == before);
        let at = before.windows(5).position(|bytes| bytes == b"cases").unwrap();
        let from = at as u32;
        let to = at as u32 + 1;
        std::fs::write(of_type.join("D"), package(patch(from, to))).unwrap();
        let mut expected = before.clone();
        expected.copy_within(at..at + 4, at + 1);
        assert!(bytes(Some(dir.path())) == expected && expected != before);
        assert!(bytes(None) == before);
        // The patch beside the executable takes precedence.
        std::fs::write(dir.path().join("title.xexp"), patch(0, 4)).unwrap();
        assert!(bytes(Some(dir.path())) == bytes(None));
        // The names of consoles have no case.
        let patched = bytes(None);
        std::fs::rename(dir.path().join("title.xexp"), dir.path().join("TITLE.XEXP")).unwrap();
        assert!(bytes(None) == patched && patched != before);
    }

    #[test]
    fn the_update_of_the_highest_version_is_applied() {
        let dir = tempfile::tempdir().unwrap();
        let of_type = dir.path().join(format!("Content/0000000000000000/{TITLE:08X}/000B0000"));
        std::fs::create_dir_all(&of_type).unwrap();
        let keys = KeyRing::development();
        let before = xenia_formats::load(&BASE, &keys).unwrap().bytes;
        let at = before.windows(5).position(|bytes| bytes == b"cases").unwrap();
        let from = at as u32;
        for (name, to, version) in [("A", from + 1, 0x100_u32), ("B", from + 2, 0x200)] {
            let mut patch = patch(from, to);
            // In its descriptor, the first body of an optional header; the others say no version.
            patch[0x2C..0x30].copy_from_slice(&version.to_be_bytes());
            std::fs::write(of_type.join(name), package(patch)).unwrap();
        }
        let image = Updates::of(Some(dir.path())).load(&BASE, None, &keys).unwrap();
        let mut expected = before;
        expected.copy_within(at..at + 4, at + 2);
        assert!(image.bytes == expected);
    }

    /// Contents of a file as the title sees it.
    fn read(updates: &Updates, path: &str) -> Option<Vec<u8>> {
        read_beside(updates, Volume::default(), path)
    }

    /// Contents of a file as a title on this medium sees it.
    fn read_beside(updates: &Updates, medium: Volume, path: &str) -> Option<Vec<u8>> {
        let mut files = Files::default();
        files.mount_title_volume(Arc::new(medium)).unwrap();
        updates.mount(&mut files).unwrap();
        let at = files.vfs.resolve(path).ok()?;
        let data = files.vfs.open(&at, &OpenRequest::TO_READ).ok()?.data?;
        let mut bytes = vec![0; data.size().unwrap() as usize];
        data.read_at(0, &mut bytes).unwrap();
        Some(bytes)
    }

    fn launch(path: &str, patch: Option<Vec<u8>>) -> Launch {
        Launch {
            path: path.to_owned(),
            file: Ok(Vec::new()),
            patch,
            package: None,
            folder: None,
            command_line: String::new(),
        }
    }

    #[test]
    fn the_files_of_an_update_are_the_titles_and_those_that_it_launches() {
        let dir = tempfile::tempdir().unwrap();
        let of_type = dir.path().join(format!("Content/0000000000000000/{TITLE:08X}/000B0000"));
        std::fs::create_dir_all(&of_type).unwrap();
        let content = Some(dir.path());
        let keys = KeyRing::development();
        let file = r"update:\Map.bin";
        let mut updates = Updates::of(content);
        let before = updates.load(&BASE, None, &keys).unwrap().bytes;
        assert_eq!(read(&updates, file), None, "there is none");
        let at = before.windows(5).position(|bytes| bytes == b"cases").unwrap() as u32;
        let files = [("default.xexp", patch(at, at + 1)), ("map.bin", b"map".to_vec())];
        std::fs::write(of_type.join("A"), package_of(&files)).unwrap();
        let first = updates.load(&BASE, None, &keys).unwrap().bytes;
        assert!(first != before);
        assert_eq!(read(&updates, file).unwrap(), b"map");
        // Another executable of the title, which the update does not patch.
        let mut go = |path: &str, patch: Option<Vec<u8>>, file: &[u8]| {
            updates.load_launched(&launch(path, patch), &file, &keys).unwrap().bytes
        };
        assert!(go(r"\Device\Cdrom0\other.xex", None, BASE) == before);
        assert!(go(r"\Device\Cdrom0\Default.xex", None, BASE) == first);
        assert!(go(r"\Device\Cdrom0\other.xex", Some(patch(at, at + 2)), BASE) != before);
        assert_eq!(read(&updates, file), None, "beside the executable are the title's files");
        assert_eq!(updates.load(&BASE, None, &keys).unwrap().bytes.len(), first.len());
        assert_eq!(read(&updates, file).unwrap(), b"map");
        let hello: &[u8] = include_bytes!("../../../../guest/bin/hello.xex");
        updates.load_launched(&launch(r"game:\default.xex", None), &hello, &keys).unwrap();
        assert_eq!(read(&updates, file), None, "another title");
    }

    #[test]
    fn an_update_beside_one_executable_stays_there_for_the_next() {
        let medium = || {
            let mut medium = Volume::default();
            let folder = medium.add_directory(Volume::ROOT, "sub").unwrap();
            medium.add_file(Volume::ROOT, "map.bin", Arc::new(b"root".to_vec())).unwrap();
            medium.add_file(folder, "map.bin", Arc::new(b"sub".to_vec())).unwrap();
            medium
        };
        let map = |updates: &Updates| read_beside(updates, medium(), r"update:\map.bin");
        let keys = KeyRing::development();
        let other = launch(r"\Device\Cdrom0\sub\b.xex", None);
        let mut updates = Updates::default();
        updates.load(&BASE, Some(&patch(0, 4)), &keys).unwrap();
        updates.load_launched(&other, &BASE, &keys).unwrap();
        assert_eq!(map(&updates), Some(b"root".to_vec()));
        let patched = Launch { patch: Some(patch(0, 4)), ..other };
        updates.load_launched(&patched, &BASE, &keys).unwrap();
        updates.load_launched(&launch(r"\Device\Cdrom0\default.xex", None), &BASE, &keys).unwrap();
        assert_eq!(map(&updates), Some(b"sub".to_vec()));
    }

    #[test]
    fn a_package_may_have_a_folder_for_each_disc() {
        let mut volume = Volume::default();
        for (disc, bytes) in [("disc001", b"1"), ("Disc002", b"2")] {
            let directory = volume.add_directory(Volume::ROOT, disc).unwrap();
            volume.add_file(directory, "default.xexp", Arc::new(bytes.to_vec())).unwrap();
        }
        let found = |volume: &Volume, disc| {
            find_patch(volume, disc, &[PATCH]).map(|(folder, patch)| {
                let mut byte = [0];
                patch.read_at(0, &mut byte).unwrap();
                (folder, byte[0])
            })
        };
        assert_eq!(found(&volume, 2), Some(("disc002".to_owned(), b'2')));
        assert_eq!([0, 3].map(|disc| found(&volume, disc)), [None, None]);
        volume.add_file(Volume::ROOT, PATCH, Arc::new(b"0".to_vec())).unwrap();
        assert_eq!(found(&volume, 2), Some((String::new(), b'0')));
        // An executable in a folder.
        let patch_at = |volume: &Volume| {
            let (_, patch) = find_patch(volume, 1, &["bin", PATCH])?;
            let mut byte = [0];
            patch.read_at(0, &mut byte).unwrap();
            Some(byte[0])
        };
        assert_eq!(patch_at(&volume), Some(b'0'));
        let bin = volume.add_directory(Volume::ROOT, "bin").unwrap();
        volume.add_file(bin, PATCH, Arc::new(b"b".to_vec())).unwrap();
        assert_eq!(patch_at(&volume), Some(b'b'));
    }
}
