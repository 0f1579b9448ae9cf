//! Patches of a title and of its libraries.

use crate::machine::{CODE, Code, DATA, ScriptedVideo, TitleHarness};
use crate::modules::library::LibraryFile;
use std::path::Path;
use std::sync::Arc;
use xenia_formats::image::{ImageKind, LoadedImage};
use xenia_formats::{KeyRing, Xex};
use xenia_guest::{GuestAddr, NtStatus};
use xenia_kernel::KernelConfig;
use xenia_kernel::loader::LoadError;
use xenia_patches::{ExecutableHash, PatchSet, PatchWrite, SwitchedOn, executable_hash};
use xenia_sched::{EndKind, RunEnd};

/// Address of a library.
const LIBRARY: u32 = 0x8800_0000;
/// `li r3, 7`, and `li r3, 0; blr`.
const SEVEN: u32 = 0x3860_0007;
const NOTHING: [u32; 2] = [0x3860_0000, 0x4E80_0020];

fn patch(name: &str, hash: ExecutableHash, address: u32, words: &[u32]) -> SwitchedOn {
    let bytes = words.iter().flat_map(|word| word.to_be_bytes()).collect();
    SwitchedOn {
        name: name.to_owned(),
        place: format!("{name}.patch.toml, line 1"),
        hashes: vec![hash],
        writes: vec![PatchWrite { address: GuestAddr(address), bytes }],
    }
}

/// Loads a title with a folder, which has the files.
fn load(image: &LoadedImage, patches: Vec<SwitchedOn>, folder: &Path) -> Result<TitleHarness, LoadError> {
    let config = KernelConfig { patches: Arc::new(PatchSet::new(patches)), ..KernelConfig::default() };
    TitleHarness::configured(image, config, ScriptedVideo::default(), |kernel| {
        kernel.files.lock().mount_title_folder(folder).unwrap();
    })
}

/// A title that records 5, and the irql that a call of the kernel returns.
fn title() -> Code {
    let mut code = Code::default();
    code.word(0x3860_0005).record(3, 0).call("KeRaiseIrqlToDpcLevel", &[]).record(3, 4).end();
    code
}

#[test]
fn the_first_instruction_that_runs_is_patched_and_so_is_an_import() {
    let image = title().image(ImageKind::Xex, CODE);
    let hash = executable_hash(&image).unwrap();
    let thunk = image.imports[0].imports[0].thunk.unwrap();
    let value = patch("seven", hash, CODE, &[SEVEN]);
    // A patch may replace the thunk of an import, which the loader has written before.
    let import = patch("no call", hash, thunk.0, &NOTHING);
    let data = patch("data", hash, DATA + 8, &[0x1234]);
    let other = patch("other", ExecutableHash(!hash.0), CODE, &[0]);
    let mut machine = load(&image, vec![value, import, data, other], Path::new(".")).unwrap();
    assert_eq!(machine.go(), RunEnd::Ended(EndKind::Exit { code: 0 }));
    assert_eq!([0, 4, 8].map(|offset| machine.data(offset)), [7, 0, 0x1234]);
    let modules = machine.kernel.modules.lock();
    assert_eq!(modules.title().unwrap().patches, ["seven", "no call", "data"]);
}

#[test]
fn a_patch_outside_of_the_title_is_refused_by_name() {
    let image = title().image(ImageKind::Xex, CODE);
    let hash = executable_hash(&image).unwrap();
    for address in [DATA + 0xFFFC, CODE - 4, 0x4000_0000, 0xFFFF_FFF8] {
        let Err(error) = load(&image, vec![patch("seven", hash, address, &[0; 2])], Path::new(".")) else {
            panic!("{address:#x} is accepted")
        };
        let message = error.to_string();
        assert!(message.starts_with("patch `seven` (seven.patch.toml, line 1): 8 bytes at 0x"), "{message}");
        assert_eq!(error.status(), NtStatus::INVALID_IMAGE_FORMAT, "{address:#x}");
    }
}

#[test]
fn a_library_is_patched_when_it_is_loaded() {
    let name = DATA + 0x800;
    let mut code = Code::default();
    code.call("XexLoadImage", &[name, 8, 0, DATA + 0x100]).record(3, 0).end();
    let mut image = code.image(ImageKind::Xex, CODE);
    let text = b"user.xex";
    image.bytes[(name - CODE) as usize..][..text.len()].copy_from_slice(text);
    let file = LibraryFile::new(LIBRARY, DATA + 0x400, 0).bytes();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("user.xex"), &file).unwrap();
    let library = Xex::read(&file).unwrap().load(&file, &KeyRing::development()).unwrap();
    let hash = executable_hash(&library).unwrap();
    // The library's entry refuses the load by returning 0, in its eighth instruction.
    let at = LIBRARY + 0x1_0000 + 4 * 7;
    for (patches, status) in [
        (vec![], NtStatus::DLL_INIT_FAILED),
        (vec![patch("answer", hash, at, &[SEVEN])], NtStatus::SUCCESS),
        (vec![patch("outside", hash, CODE, &[SEVEN])], NtStatus::INVALID_IMAGE_FORMAT),
    ] {
        let label = patches.first().map_or("no patch", |patch| patch.name.as_str()).to_owned();
        let mut machine = load(&image, patches, folder.path()).unwrap();
        assert_eq!(machine.go(), RunEnd::Ended(EndKind::Exit { code: 0 }), "{label}");
        assert_eq!(NtStatus(machine.data(0)), status, "{label}");
    }
}
