//! Libraries that a title loads at run time.

mod beginning;
pub(crate) mod library;
mod updates;

use crate::machine::{self, Code, DATA, ScriptedVideo, TitleHarness};
use library::LibraryFile;
use std::path::Path;
use xenia_formats::image::{ImageExport, ImageKind, LoadedImage};
use xenia_guest::{GuestAddr, Ordinal};
use xenia_kernel::loader::Identity;
use xenia_memory::{AllocKind, Protect};
use xenia_sched::{EndKind, RunEnd};

/// Addresses at which the libraries' entries log their arguments.
const LOG: u32 = DATA + 0x400;
const OTHER_LOG: u32 = DATA + 0x500;
/// Addresses of the names of the library and of another file.
const NAME: u32 = DATA + 0x800;
const OTHER_NAME: u32 = DATA + 0x900;
/// Addresses for handles and function addresses.
const HANDLE: u32 = DATA + 0x100;
const FUNCTION: u32 = DATA + 0x104;
const BASE: u32 = 0x8800_0000;
/// Address of the first file's contents.
const FILE: u32 = 0x5000_0000;

const ATTACH: u32 = 1;
const DETACH: u32 = 0;

/// Code that loads the library named at `name`, and records the status at `DATA + offset`.
fn load(code: &mut Code, name: u32, offset: u32) {
    code.call("XexLoadImage", &[name, 8, 0, HANDLE]).record(3, offset);
}

/// Code that unloads the library loaded last.
fn unload(code: &mut Code, offset: u32) {
    code.load(3, HANDLE).read(3, 0, 3).call_with_registers("XexUnloadImage").record(3, offset);
}

/// Code that calls export `ordinal` of the library loaded last with `argument`.
fn call(code: &mut Code, ordinal: u32, argument: u32, offset: u32) {
    code.load(3, HANDLE).read(3, 0, 3).load(4, ordinal).load(5, FUNCTION);
    code.call_with_registers("XexGetProcedureAddress").record(3, offset);
    code.load(12, FUNCTION).read(12, 0, 12).word(0x7D89_03A6).load(3, argument); // mtctr r12
    code.word(0x4E80_0421).record(3, offset + 4); // bctrl
}

/// Runs a title with these files in its folder.
fn run(code: &mut Code, files: &[(&str, Vec<u8>)], names: [&str; 2]) -> TitleHarness {
    run_at(code, machine::CODE, files, names)
}

/// Like [`run`], with the entry point given. The first file is also mapped in memory.
fn run_at(code: &mut Code, entry: u32, files: &[(&str, Vec<u8>)], names: [&str; 2]) -> TitleHarness {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    code.end();
    let mut machine = TitleHarness::new(code, ImageKind::Xex, entry, ScriptedVideo::default());
    mount(&machine, folder.path());
    for (at, name) in [NAME, OTHER_NAME].into_iter().zip(names) {
        machine.kernel.memory.write_bytes(GuestAddr(at), name.as_bytes()).unwrap();
    }
    let memory = &machine.kernel.memory;
    memory.alloc_fixed(GuestAddr(FILE), 0x10_0000, AllocKind::ReserveCommit, Protect::READ_WRITE).unwrap();
    memory.write_bytes(GuestAddr(FILE), &files[0].1).unwrap();
    assert_eq!(machine.go(), RunEnd::Ended(EndKind::Exit { code: 0 }));
    machine
}

fn mount(machine: &TitleHarness, folder: &Path) {
    machine.kernel.files.lock().mount_title_folder(folder).unwrap();
}

fn words(machine: &TitleHarness, at: u32, count: u32) -> Vec<u32> {
    (0..count).map(|index| machine.data(at - DATA + 4 * index)).collect()
}

#[test]
fn a_library_is_unloaded_with_its_last_user() {
    let mut code = Code::default();
    load(&mut code, NAME, 0x10);
    call(&mut code, 1, 30, 0x14);
    call(&mut code, 2, 0, 0x1C);
    load(&mut code, NAME, 0x24);
    unload(&mut code, 0x28);
    call(&mut code, 1, 40, 0x2C);
    code.load(12, LOG).read(5, 8, 12).record(5, 0x34);
    unload(&mut code, 0x38);
    unload(&mut code, 0x3C);
    code.call("XexGetModuleHandle", &[NAME, FUNCTION]).record(3, 0x40);
    load(&mut code, OTHER_NAME, 0x44);
    call(&mut code, 1, 30, 0x48);
    let first = LibraryFile::new(BASE, LOG, 1).export_adding(5).export_of(
        "xboxkrnl.exe",
        u32::from(xenia_imports::ordinals::xboxkrnl::number::KeGetCurrentProcessType),
    );
    let second = LibraryFile::new(BASE, OTHER_LOG, 1).export_adding(9);
    let files = [("First.xex", first.bytes()), ("second.dll", second.bytes())];
    let machine = run(&mut code, &files, [r"game:\first.xex", "second.dll"]);
    assert_eq!([machine.data(0x10), machine.data(0x14), machine.data(0x18)], [0, 0, 35]);
    assert_eq!([machine.data(0x1C), machine.data(0x20)], [0, 1], "through an import of the kernel");
    assert_eq!([machine.data(0x24), machine.data(0x28), machine.data(0x30)], [0, 0, 45]);
    assert_eq!(machine.data(0x34), 1, "notified once of the arrival");
    assert_eq!([machine.data(0x38), machine.data(0x3C)], [0, 0xC000_0008], "a handle that was");
    assert_eq!(words(&machine, LOG, 3)[1..], [DETACH, 2]);
    assert_eq!(machine.data(0x40), 0xC000_0135, "not found");
    assert_eq!([machine.data(0x44), machine.data(0x4C)], [0, 39], "other code at the same place");
    assert_eq!(words(&machine, OTHER_LOG, 3), [machine.data(0x100), ATTACH, 1]);
}

#[test]
fn a_loaded_library_is_in_the_lists_of_modules() {
    let mut code = Code::default();
    load(&mut code, NAME, 0x10);
    let library = LibraryFile::new(BASE, LOG, 1).export_adding(1);
    let machine = run(&mut code, &[("a.xex", library.bytes())], [r"game:\A.XEX", ""]);
    let memory = &machine.kernel.memory;
    let handle = machine.data(0x100);
    let modules = machine.kernel.modules.lock();
    let title = modules.title().unwrap().handle;
    let module = modules.find(GuestAddr(handle)).unwrap();
    assert_eq!((module.base, module.name.as_str()), (GuestAddr(BASE), "A.XEX"));
    for list in [0, 8, 0x10] {
        let own = GuestAddr(handle + list);
        for link in [0, 4] {
            assert_eq!(memory.read::<u32>(title.offset(list + link)).unwrap(), own.0);
            assert_eq!(memory.read::<u32>(own.offset(link)).unwrap(), title.0 + list);
        }
    }
    let field = |offset: u32| memory.read::<u32>(GuestAddr(handle + offset)).unwrap();
    assert_eq!([field(0x18), field(0x20), field(0x3C)], [BASE, 0x3_0000, BASE + 0x1_0000]);
    assert_eq!(memory.read::<u16>(GuestAddr(handle + 0x40)).unwrap(), 1, "load count");
    assert_eq!(memory.read::<u32>(GuestAddr(field(0x58))).unwrap(), u32::from_be_bytes(*b"XEX2"));
}

#[test]
fn dependencies_load_before_and_unload_after_their_library() {
    for cycle in [false, true] {
        let mut code = Code::default();
        load(&mut code, NAME, 0x10);
        call(&mut code, 1, 1, 0x14);
        code.load(12, OTHER_LOG).read(5, 4, 12).record(5, 0x20);
        unload(&mut code, 0x24);
        code.call("XexGetModuleHandle", &[OTHER_NAME, FUNCTION]).record(3, 0x28);
        let user = LibraryFile::new(BASE, LOG, 1).export_of("needed.xex", 1);
        let mut needed = LibraryFile::new(BASE + 0x10_0000, OTHER_LOG, 1).export_adding(0x70);
        if cycle {
            needed = needed.export_of("user.xex", 1);
        }
        let files = [("user.xex", user.bytes()), ("needed.xex", needed.bytes())];
        let machine = run(&mut code, &files, [r"game:\user.xex", "needed.xex"]);
        assert_eq!([machine.data(0x10), machine.data(0x14), machine.data(0x18)], [0, 0, 0x71], "{cycle}");
        assert_eq!(machine.data(0x20), ATTACH);
        assert_eq!([machine.data(0x24), machine.data(0x28)], [0, 0xC000_0135], "{cycle}");
        assert_eq!(
            [words(&machine, LOG, 3)[1..].to_vec(), words(&machine, OTHER_LOG, 3)[1..].to_vec()],
            [[DETACH, 2], [DETACH, 2]]
        );
        assert_eq!(machine.kernel.modules.lock().iter().count(), 1);
    }
}

#[test]
fn a_refusing_library_is_unloaded_with_its_dependencies() {
    let mut code = Code::default();
    load(&mut code, NAME, 0x10);
    code.load(12, HANDLE).read(5, 0, 12).record(5, 0x14);
    load(&mut code, NAME, 0x18);
    let user = LibraryFile::new(BASE, LOG, 0).export_of("needed.xex", 1);
    let needed = LibraryFile::new(BASE + 0x10_0000, OTHER_LOG, 1).export_adding(1);
    let files = [("user.xex", user.bytes()), ("needed.xex", needed.bytes())];
    let machine = run(&mut code, &files, [r"game:\user.xex", ""]);
    assert_eq!([machine.data(0x10), machine.data(0x14), machine.data(0x18)], [0xC000_0142, 0, 0xC000_0142]);
    assert_eq!(words(&machine, LOG, 3)[1..], [DETACH, 4]);
    assert_eq!(words(&machine, OTHER_LOG, 3)[1..], [DETACH, 4]);
    assert_eq!(machine.kernel.modules.lock().iter().count(), 1);
}

#[test]
fn a_library_that_refuses_releases_what_was_there_before() {
    let mut code = Code::default();
    load(&mut code, NAME, 0x10);
    for offset in [0x14, 0x18] {
        code.call("XexLoadImage", &[OTHER_NAME, 8, 0, FUNCTION]).record(3, offset);
    }
    unload(&mut code, 0x1C);
    let needed = LibraryFile::new(BASE + 0x10_0000, OTHER_LOG, 1).export_adding(1);
    let user = LibraryFile::new(BASE, LOG, 0).export_of("needed.xex", 1);
    let files = [("needed.xex", needed.bytes()), ("user.xex", user.bytes())];
    let machine = run(&mut code, &files, [r"game:\needed.xex", r"game:\user.xex"]);
    assert_eq!(words(&machine, DATA + 0x10, 4), [0, 0xC000_0142, 0xC000_0142, 0]);
    assert_eq!(words(&machine, OTHER_LOG, 3)[1..], [DETACH, 2]);
    assert_eq!(machine.kernel.modules.lock().iter().count(), 1);
}

#[test]
fn invalid_libraries_are_rejected_without_leftovers() {
    let good = LibraryFile::new(BASE, LOG, 1).export_of("missing.xex", 3);
    let at_the_title = LibraryFile::new(machine::CODE, LOG, 1);
    let in_general_memory = LibraryFile::new(0x2000_0000, LOG, 1);
    let mut damaged = good.bytes();
    damaged[0x1C..0x20].copy_from_slice(&[0, 0, 0xFF, 0xFF]);
    for (what, bytes, status) in [
        ("whole", good.bytes(), 0),
        ("not there", Vec::new(), 0xC000_000F),
        ("noise", b"not an executable".to_vec(), 0xC000_007B),
        ("cut short", good.bytes()[..0x1040].to_vec(), 0xC000_007B),
        ("no headers", good.bytes()[..0x40].to_vec(), 0xC000_007B),
        ("damaged", damaged, 0xC000_007B),
        ("in the way", at_the_title.bytes(), 0xC000_0018),
        ("in general memory", in_general_memory.bytes(), 0xC000_007B),
    ] {
        let mut code = Code::default();
        load(&mut code, NAME, 0x10);
        let name = if bytes.is_empty() { r"game:\nothing.xex" } else { r"game:\lib.xex" };
        let machine = run(&mut code, &[("lib.xex", bytes)], [name, ""]);
        assert_eq!(machine.data(0x10), status, "{what}");
        let loaded = usize::from(status == 0);
        assert_eq!(machine.kernel.modules.lock().iter().count(), 1 + loaded, "{what}");
        assert_eq!(machine.kernel.files.lock().iter().count(), 0, "{what}");
    }
}

/// A small file whose header claims to unpack to `size` bytes, but which does not.
fn packed(size: u32) -> Vec<u8> {
    let mut packed = LibraryFile::new(BASE, LOG, 1).bytes();
    for (at, word) in [(0x104, size), (0x400, 0x24), (0x404, 2), (0x408, 0x8000), (0x40C, 0x40)] {
        packed[at..at + 4].copy_from_slice(&word.to_be_bytes());
    }
    packed
}

/// How often the limit on loaded bytes refused a load. The load itself succeeds: missing imports
/// fail when they are called.
fn refused_bytes(files: &[(&str, Vec<u8>)]) -> Option<u64> {
    let mut code = Code::default();
    load(&mut code, NAME, 0x10);
    let machine = run(&mut code, files, [r"game:\lib.xex", ""]);
    assert_eq!(machine.data(0x10), 0);
    machine.kernel.limits.hits().get("loaded_bytes").copied()
}

#[test]
fn one_load_unpacks_a_gibibyte_and_no_more() {
    let names = ["a.xex", "b.xex", "c.xex", "d.xex"];
    for (count, refused) in [(3, None), (4, Some(1))] {
        let mut library = LibraryFile::new(BASE, LOG, 1);
        library.imports = names[..count].iter().map(|&name| (name, 1)).collect();
        let mut files = vec![("lib.xex", library.bytes())];
        files.extend(names.map(|name| (name, packed(0x1000_0000))));
        assert_eq!(refused_bytes(&files), refused, "{count}");
    }
}

#[test]
fn a_file_of_many_names_counts_each_time_it_is_read() {
    let names = ["a.xex", "b.xex", "c.xex", "d.xex", r"game:\noise.bin", r"game:\.\noise.bin"];
    // These leave four MiB, with the library's own size and the constant cost of each attempt; the
    // file takes two.
    let sizes = [0x1000_0000, 0x1000_0000, 0x1000_0000, 0x0FC0_0000];
    for (count, refused) in [(5, None), (6, Some(1))] {
        let mut library = LibraryFile::new(BASE, LOG, 1);
        library.imports = names[..count].iter().map(|&name| (name, 1)).collect();
        let mut files = vec![("lib.xex", library.bytes()), ("noise.bin", vec![0; 0x1F_0000])];
        files.extend(names.into_iter().zip(sizes).map(|(name, size)| (name, packed(size))));
        assert_eq!(refused_bytes(&files), refused, "{count}");
    }
}

#[test]
fn the_names_and_tables_of_libraries_are_limited() {
    let mut code = Code::default();
    code.end();
    let machine = TitleHarness::new(&code, ImageKind::Xex, machine::CODE, ScriptedVideo::default());
    let mut image = LoadedImage::empty(ImageKind::Xex);
    let export = |ordinal| ImageExport {
        ordinal: Ordinal(ordinal),
        name: Some("x".repeat(256)),
        address: GuestAddr::NULL,
    };
    image.exports = (0..=u16::MAX).map(export).collect();
    let loader = machine.kernel.loader();
    let register = |number: &u32| {
        let name = format!("{number}.xex");
        loader.register(&image, Identity { name: &name, path: &name, is_library: true }).is_ok()
    };
    // Each takes 38 MiB.
    assert_eq!((0..32).take_while(register).count(), 6);
    assert_eq!(machine.kernel.limits.hits().get("library_bytes"), Some(&1));
}

#[test]
fn load_image_accepts_a_null_handle_pointer() {
    let mut code = Code::default();
    code.call("XexLoadImage", &[NAME, 8, 0, 0]).record(3, 0x10);
    code.call("XexGetModuleHandle", &[NAME, HANDLE]).record(3, 0x14);
    unload(&mut code, 0x18);
    let library = LibraryFile::new(BASE, LOG, 1);
    let machine = run(&mut code, &[("a.xex", library.bytes())], [r"game:\a.xex", ""]);
    assert_eq!(words(&machine, DATA + 0x10, 3), [0, 0, 0]);
    assert_eq!(words(&machine, LOG, 3)[1..], [DETACH, 2]);
}

#[test]
fn a_library_is_loaded_from_memory_once_and_by_its_name() {
    let good = LibraryFile::new(BASE, LOG, 1).export_adding(3).export_of("needed.xex", 1).bytes();
    let needed = LibraryFile::new(BASE + 0x10_0000, OTHER_LOG, 1).export_adding(9).bytes();
    let size = good.len() as u32;
    let mut code = Code::default();
    let mut from_memory = |size: u32, name: u32, flags: u32, handle: u32, offset: u32| {
        code.call("XexLoadImageFromMemory", &[FILE, size, name, flags, 0, handle]).record(3, offset);
    };
    from_memory(size, OTHER_NAME, 8, HANDLE, 0x10);
    from_memory(size, NAME, 1, HANDLE, 0x14);
    from_memory(0x1040, NAME, 8, HANDLE, 0x18);
    from_memory(0x4000_0000, NAME, 8, HANDLE, 0x1C);
    from_memory(size, NAME, 8, HANDLE, 0x20);
    from_memory(size, NAME, 8, 0, 0x24);
    call(&mut code, 1, 30, 0x28);
    call(&mut code, 2, 30, 0x30);
    unload(&mut code, 0x38);
    let machine = run(&mut code, &[("other.xex", good), ("needed.xex", needed)], ["a.xex", r"game:\a.xex"]);
    let refused = [0xC000_0039, 0xC000_0022, 0xC000_007B, 0xC000_007B];
    assert_eq!(words(&machine, DATA + 0x10, 4), refused);
    assert_eq!(words(&machine, DATA + 0x20, 7), [0, 0xC000_0035, 0, 33, 0, 39, 0], "beside the title");
    assert_eq!(words(&machine, LOG, 3)[1..], [DETACH, 2]);
    assert_eq!(machine.kernel.modules.lock().iter().count(), 1);
}

/// Code of a thread that runs `calls` and returns 0.
fn thread(code: &mut Code, calls: impl FnOnce(&mut Code)) -> u32 {
    let at = code.here();
    code.word(0x7D88_02A6).copy(31, 12); // mflr r12
    calls(code);
    code.load(3, 0).word(0x7FE8_03A6).ret(); // mtlr r31
    at
}

/// Starts a thread on the second hardware thread and stores its handle at `DATA`.
fn start(code: &mut Code, routine: u32) {
    code.call("ExCreateThread", &[DATA, 0, 0, 0, routine, 0, 0x0200_0000]);
}

fn join(code: &mut Code) {
    code.load(3, DATA).read(3, 0, 3).load(4, 1).load(5, 0).load(6, 0);
    code.call_with_registers("NtWaitForSingleObjectEx");
}

#[test]
fn a_thread_unloads_the_code_that_it_runs() {
    let mut code = Code::default();
    let worker = thread(&mut code, |code| {
        code.load(3, HANDLE).read(3, 0, 3).load(4, 9).call_with_registers("XexUnloadImageAndExitThread");
        code.record(3, 0x14);
    });
    let nothing = thread(&mut code, |code| {
        code.call("XexUnloadImageAndExitThread", &[0, 8]).record(3, 0x14);
    });
    let entry = code.here();
    load(&mut code, NAME, 0x10);
    for routine in [worker, nothing] {
        start(&mut code, routine);
        join(&mut code);
    }
    let files = [("a.xex", LibraryFile::new(BASE, LOG, 1).bytes())];
    let machine = run_at(&mut code, entry, &files, [r"game:\a.xex", ""]);
    assert_eq!(words(&machine, DATA + 0x10, 2), [0, 0], "nothing runs behind it");
    assert_eq!(words(&machine, LOG, 3)[1..], [DETACH, 2]);
    assert_eq!(machine.kernel.modules.lock().iter().count(), 1);
    for exit in ["t2 exit code=0x9", "t3 exit code=0x8"] {
        assert!(machine.events().iter().any(|line| line.contains(exit)), "{exit}");
    }
}

#[test]
fn loads_wait_for_concurrent_load_or_unload_of_same_library() {
    let mut code = Code::default();
    let when = |code: &mut Code, count: u32| {
        let at = code.here();
        code.load(12, LOG).read(5, 8, 12).word(0x2C05_0000 | count); // cmpwi r5
        code.word(0x4082_0000 | at.wrapping_sub(code.here()) & 0xFFFC); // bne
    };
    let handle = DATA + 0x110;
    let function = DATA + 0x114;
    let worker = thread(&mut code, |code| {
        // The entry is notified of the load, then of the unload: two loads in between.
        for (count, offset) in [(1, 0x10), (2, 0x20)] {
            when(code, count);
            code.call("XexLoadImage", &[NAME, 8, 0, handle]).record(3, offset);
            code.load(3, handle).read(3, 0, 3).load(4, 1).load(5, function);
            code.call_with_registers("XexGetProcedureAddress").record(3, offset + 4);
            code.load(12, LOG).read(5, 8, 12).record(5, offset + 8);
            code.load(3, handle).read(3, 0, 3).call_with_registers("XexUnloadImage");
            code.record(3, offset + 12).load(4, 1).record(4, 0x50 + 4 * count);
        }
    });
    let entry = code.here();
    start(&mut code, worker);
    load(&mut code, NAME, 0x30);
    // The other thread has loaded and unloaded it.
    let at = code.here();
    code.load(12, DATA + 0x54).read(5, 0, 12).word(0x2C05_0001);
    code.word(0x4082_0000 | at.wrapping_sub(code.here()) & 0xFFFC);
    unload(&mut code, 0x34);
    join(&mut code);
    let library = LibraryFile::new(BASE, LOG, 1).slow(20_000).export_adding(1);
    let machine = run_at(&mut code, entry, &[("a.xex", library.bytes())], [r"game:\a.xex", ""]);
    assert_eq!(words(&machine, DATA + 0x10, 4), [0, 0, 1, 0], "it has come");
    assert_eq!(words(&machine, DATA + 0x20, 4), [0, 0, 3, 0], "it came again");
    assert_eq!(words(&machine, DATA + 0x30, 2), [0, 0]);
    assert_eq!(words(&machine, LOG, 3)[1..], [DETACH, 4]);
    assert_eq!(machine.kernel.modules.lock().iter().count(), 1);
}
