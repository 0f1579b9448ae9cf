//! Updates in the content folder: packages of a type of their own, each with a patch for the title's executable.
//!
//! Of several, the one of the highest version that is for this executable is taken. One that is damaged or is for another is said to be so,
//! and the title runs as it came.

use super::PATCH;
use crate::content::volume::volume_of;
use crate::say::errln;
use std::path::Path;
use std::sync::Arc;
use xenia_formats::{KeyRing, LoadedImage, ReadAt, Xex};
use xenia_kernel::content::ContentStore;
use xenia_kernel::user::profile::Xuid;
use xenia_kernel::vfs::{HostFolder, VfsResult};

/// What packages with updates are.
const UPDATE: u32 = 0xB_0000;
/// Updates of one title that are tried.
const TRIED: usize = 16;

/// A patch, and what its package is called.
struct Update {
    version: u32,
    package: String,
    patch: Arc<dyn ReadAt>,
}

/// The executable as the best update in the folder makes it; `None`: there is none for it.
pub(super) fn apply(folder: &Path, executable: &dyn ReadAt, keys: &KeyRing) -> Option<LoadedImage> {
    // What is no such executable is said when it is loaded.
    let base = Xex::read(executable).ok()?;
    let title = base.execution?.title_id.0;
    let mut updates = match in_folder(folder, title) {
        Ok(updates) => updates,
        Err(error) => {
            errln!("xenia-rs: cannot look for updates in {}: {error}", folder.display());
            return None;
        }
    };
    updates.sort_by(|a, b| b.version.cmp(&a.version).then_with(|| a.package.cmp(&b.package)));
    updates.iter().take(TRIED).find_map(|Update { package, patch, .. }| {
        match base.load_patched(executable, patch, keys) {
            Ok(image) => {
                errln!("xenia-rs: the update {package} is applied{}", super::to_version(&image));
                Some(image)
            }
            Err(error) => {
                errln!("xenia-rs: the update {package} is not applied: {error}");
                None
            }
        }
    })
}

fn in_folder(folder: &Path, title: u32) -> VfsResult<Vec<Update>> {
    let store = ContentStore::new(Box::new(HostFolder::read_only(folder)?), true);
    let mut updates = Vec::new();
    for (name, header) in store.packages(Xuid::NOBODY, title, UPDATE)? {
        let package = name.file().to_owned();
        let volume = match volume_of(&store, &name, &header) {
            Ok(volume) => volume,
            Err(error) => {
                errln!("xenia-rs: the update {package} is not applied: {error:#}");
                continue;
            }
        };
        let Some(patch) = volume.find(&[PATCH]).and_then(|entry| entry.contents).cloned() else {
            errln!("xenia-rs: the update {package} is not applied: it has no {PATCH}");
            continue;
        };
        let version = Xex::read(&patch).ok().and_then(|patch| patch.execution);
        updates.push(Update { version: version.map_or(0, |found| found.version.0), package, patch });
    }
    Ok(updates)
}

#[cfg(test)]
mod tests {
    use super::super::Title;
    use super::*;
    use sha1::{Digest, Sha1};
    use xenia_formats::Volume;
    use xenia_formats::stfs::{self, PackageInfo, Signer};
    use xenia_guest::TitleId;

    /// A title that is not encrypted, with an id.
    const BASE: &[u8] = include_bytes!("../../../../guest/bin/console-suite.xex");
    const TITLE: u32 = 0x5841_0002;
    /// The key of both files, of zeros, under the key of the session that comes of it and the development key: AES-128, by openssl.
    const SOURCE_KEY: u128 = 0x8151_4B42_959A_B1A0_EC68_2945_F49A_3FE2;

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    /// A patch that leaves the headers as they are, and copies a word of the image: reference/xex2_format.md.
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
        let (bodies, security) = (0x18 + 16, 0x18 + 16 + 0x58 + 36);
        let mut file = b"XEX2".to_vec();
        file.extend(words(&[0x41, security + 0x184, 0, security, 2]));
        file.extend(words(&[0x3FF, bodies + 0x58, 0x5FF, bodies]));
        file.extend([descriptor, format].concat());
        file.resize(security as usize + 0x184, 0);
        file.extend(block);
        file
    }

    fn package(patch: Vec<u8>) -> Vec<u8> {
        let mut volume = Volume::default();
        volume.add_file(Volume::ROOT, "default.xexp", Arc::new(patch)).unwrap();
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
        let bytes = |content: Option<&Path>| Title::open_with(&title, &keys, content).unwrap().image.bytes;
        let before = bytes(None);
        assert!(bytes(Some(dir.path())) == before, "there is none");
        // Damaged ones, and one for another executable, hide no other.
        std::fs::write(of_type.join("A"), package(b"noise".to_vec())).unwrap();
        std::fs::write(of_type.join("B"), &package(patch(0, 4))[..0xB800]).unwrap();
        let mut other = patch(0, 4);
        let key = other.windows(16).position(|bytes| bytes == SOURCE_KEY.to_be_bytes()).unwrap();
        other[key] ^= 1;
        std::fs::write(of_type.join("C"), package(other)).unwrap();
        assert!(bytes(Some(dir.path())) == before);
        let at = before.windows(5).position(|bytes| bytes == b"cases").unwrap();
        let (from, to) = (at as u32, at as u32 + 1);
        std::fs::write(of_type.join("D"), package(patch(from, to))).unwrap();
        let mut expected = before.clone();
        expected.copy_within(at..at + 4, at + 1);
        assert!(bytes(Some(dir.path())) == expected && expected != before);
        assert!(bytes(None) == before);
        // What lies beside the executable is meant.
        std::fs::write(dir.path().join("title.xexp"), patch(0, 4)).unwrap();
        assert!(bytes(Some(dir.path())) == bytes(None));
    }
}
