//! Patches of libraries in the title's update.

use super::library::LibraryFile;
use super::{BASE, LOG, NAME, call, load, mount};
use crate::machine::{self, Code, ScriptedVideo, TitleHarness};
use std::sync::Arc;
use xenia_formats::Volume;
use xenia_formats::image::ImageKind;
use xenia_guest::GuestAddr;
use xenia_kernel::KernelConfig;
use xenia_sched::{EndKind, RunEnd};

/// The key of both files: zeros, encrypted with the session key that follows from it and the
/// development key (AES-128, computed by openssl).
const SOURCE_KEY: u128 = 0x8151_4B42_959A_B1A0_EC68_2945_F49A_3FE2;
/// A change of one word: the image's offsets of its source and of its target, and the SHA-1 of the
/// block that has them (computed by sha1sum).
const FROM: u32 = 0x1_002C;
const TO: u32 = 0x1_0024;
const DIGEST: [u8; 20] = [
    0xE2, 0x4E, 0xCA, 0x4E, 0x41, 0xB8, 0x2E, 0x90, 0x38, 0xCE, 0xC2, 0x48, 0x3A, 0x22, 0x8C, 0x4A, 0x65,
    0xDF, 0xB3, 0x0E,
];

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// A library whose first export adds 5, and its second 9.
fn library() -> LibraryFile {
    LibraryFile::new(BASE, LOG, 1).export_adding(5).export_adding(9)
}

/// A patch that makes the first export add 9; format: xenia-canary's `xex2_info.h`.
fn patch(key: u128) -> Vec<u8> {
    const HEADER: u32 = 0x1000;
    let block = [vec![0; 24], words(&[FROM, TO, 0x4_0001]), vec![0; 12]].concat();
    let format = [words(&[36, 3, 0x8000, block.len() as u32]), DIGEST.to_vec()].concat();
    let sizes = words(&[HEADER, 0, HEADER, 0, 0, 0x3_0000, 0]);
    let descriptor = [words(&[0x58]), vec![0; 28], key.to_be_bytes().to_vec(), sizes, vec![0; 12]].concat();
    let bodies = 0x28;
    let security = 0x28 + 0x58 + 36;
    let mut file = b"XEX2".to_vec();
    file.extend(words(&[0x41, security + 0x184, 0, security, 2]));
    file.extend(words(&[0x3FF, bodies + 0x58, 0x5FF, bodies]));
    file.extend([descriptor, format].concat());
    file.resize(security as usize + 0x184, 0);
    file.extend(block);
    file
}

/// Loads `bin\\a.dll`, with these files in the update's package and beside the library; returns the
/// sum of 30 and the first export's number.
fn sum(name: &str, in_package: &[(&str, Vec<u8>)], beside: Option<Vec<u8>>) -> u32 {
    sum_of("default.xex", name, in_package, beside)
}

/// Like [`sum`], for a title whose executable has this path on the medium.
fn sum_of(image: &str, name: &str, in_package: &[(&str, Vec<u8>)], beside: Option<Vec<u8>>) -> u32 {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("bin")).unwrap();
    std::fs::write(folder.path().join("bin/a.dll"), library().bytes()).unwrap();
    if let Some(patch) = beside {
        std::fs::write(folder.path().join("bin/a.dllp"), patch).unwrap();
    }
    let mut code = Code::default();
    load(&mut code, NAME, 0x10);
    call(&mut code, 1, 30, 0x14);
    code.end();
    let image_path = format!(r"\Device\Cdrom0\{image}");
    let config = KernelConfig { image_path, ..KernelConfig::default() };
    let image = code.image(ImageKind::Xex, machine::CODE);
    let mut machine = TitleHarness::configured(&image, config, ScriptedVideo::default(), |_| ()).unwrap();
    mount(&machine, folder.path());
    machine.kernel.memory.write_bytes(GuestAddr(NAME), name.as_bytes()).unwrap();
    if !in_package.is_empty() {
        let mut volume = Volume::default();
        let bin = volume.add_directory(Volume::ROOT, "BIN").unwrap();
        for (name, bytes) in in_package {
            let folder = if name.starts_with('/') { Volume::ROOT } else { bin };
            volume.add_file(folder, name.trim_start_matches('/'), Arc::new(bytes.clone())).unwrap();
        }
        machine.kernel.files.lock().mount_update(Arc::new(volume), "").unwrap();
    }
    assert_eq!(machine.go(), RunEnd::Ended(EndKind::Exit { code: 0 }));
    assert_eq!([machine.data(0x10), machine.data(0x14)], [0, 0]);
    machine.data(0x18)
}

#[test]
fn the_patch_of_a_library_in_the_update_is_applied() {
    let name = r"game:\bin\a.dll";
    let fitting = || patch(SOURCE_KEY);
    assert_eq!(sum(name, &[], None), 35);
    assert_eq!(sum(name, &[("a.dllp", fitting())], None), 39);
    assert_eq!(sum(r"\Device\Cdrom0\Bin\A.dll", &[("a.dllp", fitting())], None), 39);
    assert_eq!(sum(name, &[("b.dllp", fitting())], None), 35, "another library's");
    assert_eq!(sum(name, &[], Some(fitting())), 39, "beside the library");
    // The package is like the medium, or like the folder of the executable.
    for (image, name, patch) in [
        (r"bin\b.xex", r"game:\a.dll", "a.dllp"),
        (r"bin\b.xex", r"game:\a.dll", "/a.dllp"),
        (r"other\b.xex", r"\Device\Cdrom0\bin\a.dll", "a.dllp"),
    ] {
        assert_eq!(sum_of(image, name, &[(patch, fitting())], None), 39, "{image} {name} {patch}");
    }
    // A patch that does not fit is reported, and the library is loaded as it is.
    for other in [patch(SOURCE_KEY ^ 1), b"noise".to_vec()] {
        assert_eq!(sum(name, &[("a.dllp", other)], None), 35);
    }
}
