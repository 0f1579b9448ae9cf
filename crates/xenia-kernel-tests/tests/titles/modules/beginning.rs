//! Libraries that a title imports from: they are loaded before its entry point runs.

use super::library::LibraryFile;
use super::{ATTACH, BASE, DETACH, LOG, OTHER_LOG, words};
use crate::machine::{self, Code, DATA, ScriptedVideo, TitleHarness};
use xenia_formats::image::{ImageKind, ImportLibrary, LoadedImage, Version};
use xenia_guest::Ordinal;
use xenia_kernel::AreasState;
use xenia_kernel::loader::LoadError;
use xenia_sched::{EndKind, RunEnd};
use xenia_state::StoredSection;

/// A title that records how often `LOG` was written before its entry, and calls export 1 of each
/// library.
fn title(libraries: &[&str]) -> LoadedImage {
    let mut code = Code::default();
    code.record(3, 0x20).load(12, LOG).read(5, 8, 12).record(5, 0x24);
    for index in 0..libraries.len() as u32 {
        code.load(3, 5).call_ordinal(0x4000 + index as u16).record(3, 0x28 + 4 * index);
    }
    code.end();
    let mut image = code.image(ImageKind::Xex, machine::CODE);
    for (index, &name) in (0..).zip(libraries) {
        let all = std::mem::take(&mut image.imports[0].imports);
        let (mut own, others) = all.into_iter().partition(|import| import.ordinal.0 == 0x4000 + index);
        image.imports[0].imports = others;
        for import in &mut own {
            import.ordinal = Ordinal(1);
        }
        let version = Version(0);
        let minimum_version = Version(0);
        let name = name.to_owned();
        image.imports.push(ImportLibrary { name, id: 0, version, minimum_version, imports: own });
    }
    image
}

/// A machine with a title that imports from `libraries`, with these files in its folder.
fn machine(libraries: &[&str], files: &[(&str, Vec<u8>)]) -> Result<TitleHarness, LoadError> {
    machine_of(&title(libraries), files)
}

/// A machine with a title, with these files in its folder.
fn machine_of(title: &LoadedImage, files: &[(&str, Vec<u8>)]) -> Result<TitleHarness, LoadError> {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    TitleHarness::try_load(title, ScriptedVideo::default(), |kernel| {
        kernel.files.lock().mount_title_folder(folder.path()).unwrap();
    })
}

#[test]
fn libraries_have_come_in_the_order_of_their_needs_before_the_title_begins() {
    for cycle in [false, true] {
        let user = LibraryFile::new(BASE, LOG, 1).export_of("needed.xex", 1);
        let mut needed = LibraryFile::new(BASE + 0x10_0000, LOG, 1).export_adding(0x70);
        if cycle {
            needed = needed.export_of("user.xex", 1);
        }
        let files = [("user.xex", user.bytes()), ("needed.xex", needed.bytes())];
        // It needs both, and the other one first.
        let mut machine = machine(&["user.xex", "needed.xex"], &files).unwrap();
        assert_eq!(machine.go(), RunEnd::Ended(EndKind::Exit { code: 0 }), "{cycle}");
        assert_eq!(words(&machine, DATA + 0x20, 4), [0, 2, 0x75, 0x75], "{cycle}");
        let modules = machine.kernel.modules.lock();
        let of = |name| modules.find_name(name).unwrap();
        assert_eq!(words(&machine, LOG, 2), [of("user.xex").handle.0, ATTACH], "notified last");
        assert!(of("user.xex").attached && of("needed.xex").attached);
        assert_eq!(modules.title().unwrap().dependencies, [of("user.xex").handle, of("needed.xex").handle]);
        assert_eq!(of("user.xex").path, r"\Device\Cdrom0\user.xex");
    }
}

#[test]
fn thunks_work_without_slots() {
    let mut image = title(&["user.xex"]);
    for import in image.imports.iter_mut().flat_map(|library| &mut library.imports) {
        import.slot = None;
    }
    let user = LibraryFile::new(BASE, LOG, 1).export_adding(0x70);
    let mut machine = machine_of(&image, &[("user.xex", user.bytes())]).unwrap();
    assert_eq!(machine.go(), RunEnd::Ended(EndKind::Exit { code: 0 }));
    assert_eq!(words(&machine, DATA + 0x28, 1), [0x75]);
}

#[test]
fn a_library_that_is_missing_or_damaged_is_named() {
    let user = LibraryFile::new(BASE, LOG, 1).export_of("needed.xex", 1).bytes();
    let at_the_title = LibraryFile::new(machine::CODE, LOG, 1).bytes();
    for (files, expected) in [
        (&[][..], "default.xex imports from user.xex, which can't be loaded: \\Device\\Cdrom0\\user.xex: "),
        (
            &[("user.xex", user)],
            "default.xex imports from user.xex, which can't be loaded: \
             user.xex imports from needed.xex, which can't be loaded: \\Device\\Cdrom0\\needed.xex: ",
        ),
        (&[("user.xex", b"noise".to_vec())], "user.xex, which can't be loaded: \\Device\\Cdrom0\\user.xex: "),
        (&[("user.xex", at_the_title)], "user.xex, which can't be loaded: image at 0x82000000"),
    ] {
        let Err(error) = machine(&["user.xex"], files) else { panic!("{expected}") };
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn devkit_imports_are_reported_missing_when_called() {
    let mut machine = machine(&["xbdm.xex"], &[]).unwrap();
    assert_eq!(machine.go(), RunEnd::Ended(EndKind::Exit { code: 0 }));
    assert_eq!(machine.kernel.imports.missing_calls().len(), 1);
    assert_eq!(machine.kernel.modules.lock().iter().count(), 1);
}

#[test]
fn a_title_whose_library_refuses_does_not_begin() {
    let user = LibraryFile::new(BASE, LOG, 0).export_of("needed.xex", 1);
    let needed = LibraryFile::new(BASE + 0x10_0000, OTHER_LOG, 1).export_adding(1);
    let files = [("user.xex", user.bytes()), ("needed.xex", needed.bytes())];
    let mut machine = machine(&["user.xex"], &files).unwrap();
    let end = machine.go();
    let RunEnd::Ended(EndKind::Crash { text, .. }) = &end else { panic!("{end:?}") };
    assert!(text.contains("refuses to be loaded"), "{text}");
    assert_eq!(machine.data(0x28), 0, "the title has not run");
    // The other library was unloaded too.
    assert_eq!(words(&machine, OTHER_LOG, 3)[1..], [DETACH, 2]);
    assert_eq!(machine.kernel.modules.lock().iter().count(), 1);
}

/// The state of the areas, as it is stored.
fn stored(machine: &TitleHarness) -> StoredSection {
    let state = AreasState::of(&machine.kernel).expect("it can be saved");
    StoredSection::encode(&state).expect("it can be encoded")
}

#[test]
fn modules_of_a_state_are_those_of_the_machine_that_saved_it() {
    let user = LibraryFile::new(BASE, LOG, 1).export_of("needed.xex", 1);
    let needed = LibraryFile::new(BASE + 0x10_0000, LOG, 1).export_adding(0x70);
    let files = [("user.xex", user.bytes()), ("needed.xex", needed.bytes())];
    let new = || machine(&["user.xex", "needed.xex"], &files).unwrap();
    let mut saved = new();
    let before = stored(&saved);
    assert_eq!(saved.go(), RunEnd::Ended(EndKind::Exit { code: 0 }));
    let after = stored(&saved);
    assert_ne!(before, after);
    // The libraries of a machine that has not begun are attached, as those of the state are.
    let mut other = new();
    after.decode::<AreasState>().unwrap().restore(&other.kernel, 0).unwrap();
    assert_eq!(stored(&other), after);
    assert!(other.kernel.modules.lock().iter().skip(1).all(|module| module.attached));
    // The state from before the run begins the title.
    before.decode::<AreasState>().unwrap().restore(&other.kernel, 0).unwrap();
    assert_eq!(stored(&other), before);
    assert_eq!(other.go(), RunEnd::Ended(EndKind::Exit { code: 0 }));
    assert_eq!(stored(&other), after);
    assert_eq!(words(&other, DATA + 0x20, 4), [0, 2, 0x75, 0x75]);
}

#[test]
fn the_state_of_another_title_is_refused() {
    let saved = machine(&[], &[]).unwrap();
    let mut image = title(&[]);
    image.size += 0x1_0000;
    let other = TitleHarness::load(&image, ScriptedVideo::default());
    let refused = stored(&saved).decode::<AreasState>().unwrap().restore(&other.kernel, 0).unwrap_err();
    assert_eq!(refused.to_string(), "the title is another one");
}
