//! Updates beside executables, and in content folders.

use super::super::Title;
use super::*;
use sha1::{Digest, Sha1};
use xenia_formats::stfs::{self, PackageInfo, Signer};
use xenia_kernel::vfs::OpenRequest;

/// An unencrypted title with an id.
const BASE: &[u8] = include_bytes!("../../../../../guest/bin/console-suite.xex");
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
    // A patch that does not fit hides neither the title nor the package.
    std::fs::write(dir.path().join("TITLE.XEXP"), b"noise").unwrap();
    assert!(bytes(None) == before && bytes(Some(dir.path())) == expected);
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
    let image = Updates::of(Some(dir.path())).load("t.xex", &BASE, None, &keys).unwrap();
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
    let before = updates.load("t.xex", &BASE, None, &keys).unwrap().bytes;
    assert_eq!(read(&updates, file), None, "there is none");
    let at = before.windows(5).position(|bytes| bytes == b"cases").unwrap() as u32;
    let files = [("default.xexp", patch(at, at + 1)), ("map.bin", b"map".to_vec())];
    std::fs::write(of_type.join("A"), package_of(&files)).unwrap();
    let first = updates.load("t.xex", &BASE, None, &keys).unwrap().bytes;
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
    assert_eq!(updates.load("t.xex", &BASE, None, &keys).unwrap().bytes.len(), first.len());
    assert_eq!(read(&updates, file).unwrap(), b"map");
    let hello: &[u8] = include_bytes!("../../../../../guest/bin/hello.xex");
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
    updates.load("t.xex", &BASE, Some(&patch(0, 4)), &keys).unwrap();
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
