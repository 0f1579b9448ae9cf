//! Crash safety of packages: after `kill -9` at any moment, the host has either the whole old save
//! or the whole new one.

mod unsynced;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use xenia_exports::registry;
use xenia_guest::{GuestAddr, NtStatus, Win32Error};
use xenia_kernel::files::{OpenFile, OpenParameters, PackageMode, access};
use xenia_kernel::ports::{Chipset, Devices, Ports, Storage};
use xenia_kernel::{Kernel, KernelConfig};
use xenia_memory::{GuestMemory, Heap, Protect};
use xenia_testing::kills;
use xenia_user::content::{ContentStore, PackageHeader, PackageName};
use xenia_user::profile::Xuid;
use xenia_vfs::{CreateDisposition, FileData, FileDevice, HostFolder, OpenRequest, VfsError};

/// Environment variable for the process that is killed: the folder to save in.
const FOLDER: &str = "XENIA_TEST_PACKAGE_FOLDER";
/// Number of processes to kill.
const USUAL_KILLS: u64 = 25;
/// Files of a save, all of the same generation.
const FILES: [&str; 3] = ["index", "level", "player"];
const SIZE: usize = 24 << 10;
const PIECE: usize = 4096;

#[derive(Debug)]
struct Folder(PathBuf);

impl Storage for Folder {
    fn content(&self) -> Option<PathBuf> {
        Some(self.0.clone())
    }
}

fn machine(folder: &Path) -> Arc<Kernel> {
    let ports = Ports { storage: Box::new(Folder(folder.to_owned())), ..Ports::default() };
    let devices = Arc::new(Devices::new(ports));
    let memory = GuestMemory::new().unwrap();
    Kernel::new(memory, KernelConfig::default(), Chipset::default(), devices, registry()).unwrap()
}

fn name() -> PackageName {
    PackageName::new(Xuid(0xE030_0000_0000_0001), 0x4D53_07D1, 1, "Save").unwrap()
}

fn open(kernel: &Kernel, mode: PackageMode) -> Result<(), Win32Error> {
    let header = PackageHeader::new(Xuid(0xE030_0000_0000_0001), "A save");
    kernel.files.lock().open_package("save", &name(), mode, header).map(|_| ())
}

/// Opens a file of the open package.
fn file(kernel: &Kernel, file: &str, disposition: CreateDisposition) -> Box<dyn FileData> {
    let mut files = kernel.files.lock();
    let at = files.vfs.resolve(&format!(r"save:\{file}")).unwrap();
    let request = OpenRequest { disposition, write: true, ..OpenRequest::TO_READ };
    files.vfs.open(&at, &request).unwrap().data.unwrap()
}

fn write(kernel: &Kernel, name: &str, generation: u8) {
    let data = file(kernel, name, CreateDisposition::OverwriteOrCreate);
    for offset in (0..SIZE).step_by(PIECE) {
        data.write_at(offset as u64, &[generation; PIECE]).unwrap();
    }
}

/// Run as a child process: saves repeatedly until it is killed.
#[test]
fn child_that_saves_packages_for_ever() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let kernel = machine(Path::new(&folder));
    for generation in (1..=u8::MAX).cycle() {
        open(&kernel, PackageMode::Always).unwrap();
        for file in FILES {
            write(&kernel, file, generation);
        }
        kernel.files.lock().close_package("SAVE").unwrap();
        if generation == 1 {
            println!("\nsaving");
        }
    }
}

/// The generation of a file; `None` if the file is missing.
fn generation(kernel: &Kernel, file: &str) -> Option<u8> {
    let files = kernel.files.lock();
    let at = files.vfs.resolve(&format!(r"save:\{file}")).unwrap();
    files.vfs.find(&at).ok()?;
    drop(files);
    let data = kernel.files.lock().vfs.open(&at, &OpenRequest::TO_READ).unwrap().data.unwrap();
    let mut bytes = vec![0; SIZE + 1];
    assert_eq!(data.read_at(0, &mut bytes), Ok(SIZE), "{file}");
    assert!(bytes[..SIZE].iter().all(|byte| *byte == bytes[0]), "{file} is torn");
    Some(bytes[0])
}

#[test]
fn a_killed_program_leaves_the_old_package_or_the_new_one() {
    let folder = tempfile::tempdir().unwrap();
    // The first save must complete, as there is no old one to fall back on.
    let kernel = machine(folder.path());
    open(&kernel, PackageMode::New).unwrap();
    for file in FILES {
        write(&kernel, file, 0);
    }
    drop(kernel);
    for round in 0..kills(USUAL_KILLS) {
        let child =
            crate::killed::start("packages::child_that_saves_packages_for_ever", FOLDER, folder.path());
        // A different moment each time: up to about 40 ms, in steps that are coprime to a save's
        // duration.
        crate::killed::kill_after(child, Duration::from_micros(round * 7919 % 40_000));
        let kernel = machine(folder.path());
        open(&kernel, PackageMode::Existing).unwrap_or_else(|error| panic!("round {round}: {error:?}"));
        let found = FILES.map(|file| generation(&kernel, file));
        assert!(found[0].is_some() && found.iter().all(|it| *it == found[0]), "round {round}: {found:?}");
        // The first save was closed before the process was killed, however slow the host is.
        assert_ne!(found[0], Some(0), "round {round}");
    }
}

fn close(kernel: &Kernel) -> Result<(), Win32Error> {
    kernel.files.lock().close_package("save")
}

/// Writes the files of a generation. The second to last exceeds the maximum file size before it
/// gets its final contents.
fn write_with_a_failure(kernel: &Kernel, generation: u8) -> Box<dyn FileData> {
    write(kernel, "index", generation);
    write(kernel, "player", generation);
    let data = file(kernel, "level", CreateDisposition::OverwriteOrCreate);
    data.write_at(0, &[generation; PIECE]).unwrap();
    assert_eq!(data.write_at(u64::from(u32::MAX), &[generation; PIECE]), Err(VfsError::Full));
    data
}

/// Creates a package and writes all its files.
fn save(kernel: &Kernel, generation: u8) {
    open(kernel, PackageMode::New).unwrap();
    for file in FILES {
        write(kernel, file, generation);
    }
    close(kernel).unwrap();
}

fn assert_is(kernel: &Kernel, expected: u8) {
    open(kernel, PackageMode::Existing).unwrap();
    assert_eq!(FILES.map(|file| generation(kernel, file)), [Some(expected); 3]);
    close(kernel).unwrap();
}

#[test]
fn a_package_that_is_not_whole_does_not_replace_the_old_one() {
    let folder = tempfile::tempdir().unwrap();
    let kernel = machine(folder.path());
    save(&kernel, 1);
    // The title closes everything and ignores errors.
    open(&kernel, PackageMode::Always).unwrap();
    drop(write_with_a_failure(&kernel, 2));
    assert_eq!(kernel.files.lock().flush_package("save"), Err(Win32Error::DISK_FULL));
    assert_eq!(close(&kernel), Err(Win32Error::DISK_FULL));
    assert_is(&kernel, 1);
    // The file is still open when the package is closed.
    open(&kernel, PackageMode::Always).unwrap();
    let left_open = write_with_a_failure(&kernel, 3);
    assert_eq!(close(&kernel), Err(Win32Error::DISK_FULL));
    drop(left_open);
    assert_is(&kernel, 1);
    // The machine ends while the package is open.
    open(&kernel, PackageMode::Always).unwrap();
    drop(write_with_a_failure(&kernel, 4));
    drop(kernel);
    let kernel = machine(folder.path());
    assert_is(&kernel, 1);
    let saves = folder.path().join("Content/E030000000000001/4D5307D1/00000001");
    let names = || std::fs::read_dir(&saves).unwrap().count();
    assert_eq!(names(), 3, "the header, and the files of both");
    open(&kernel, PackageMode::Always).unwrap();
    for file in FILES {
        write(&kernel, file, 5);
    }
    close(&kernel).unwrap();
    assert_eq!(names(), 2, "the header, and one folder of files");
}

/// All files below a folder with their contents.
fn tree(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.append(&mut tree(&path));
        } else {
            files.insert(path.clone(), std::fs::read(path).unwrap());
        }
    }
    files
}

/// Leaves changes of each kind unsaved: a new file and one with other contents in an open package,
/// a package that replaces another, and the time of a file.
fn leave_unsaved(kernel: &Kernel) {
    open(kernel, PackageMode::Existing).unwrap();
    for name in ["level", "new"] {
        let path = format!(r"save:\{name}");
        let parameters = OpenParameters {
            access: access::GENERIC_WRITE | access::GENERIC_READ,
            disposition: CreateDisposition::OpenOrCreate,
            ..OpenParameters::to_read(&path, 0)
        };
        let mut files = kernel.files.lock();
        let file = files.open(&parameters).unwrap().0;
        file.data().unwrap().write_at(0, &[2; PIECE]).unwrap();
        files.insert(GuestAddr(0x4000_0000 + name.len() as u32), file);
    }
    let mut files = kernel.files.lock();
    let at = files.vfs.resolve(r"save:\index").unwrap();
    files.vfs.touch(&at, 0x01DC_0000_0000_0000).unwrap();
    let other = PackageName::new(Xuid(0xE030_0000_0000_0001), 0x4D53_07D1, 1, "Other").unwrap();
    let header = PackageHeader::new(other.owner, "Another save");
    files.open_package("other", &other, PackageMode::Always, header).unwrap();
    let at = files.vfs.resolve(r"other:\level").unwrap();
    let request = OpenRequest { disposition: CreateDisposition::Create, write: true, ..OpenRequest::TO_READ };
    files.vfs.open(&at, &request).unwrap().data.unwrap().write_at(0, &[2; PIECE]).unwrap();
}

#[test]
fn a_discarded_kernel_leaves_the_hosts_files_unchanged() {
    for is_discarded in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let kernel = machine(folder.path());
        save(&kernel, 1);
        let other = PackageName::new(Xuid(0xE030_0000_0000_0001), 0x4D53_07D1, 1, "Other").unwrap();
        let header = PackageHeader::new(other.owner, "Another save");
        kernel.files.lock().open_package("other", &other, PackageMode::New, header).unwrap();
        kernel.files.lock().close_package("other").unwrap();
        drop(kernel);
        let before = tree(folder.path());
        let kernel = machine(folder.path());
        leave_unsaved(&kernel);
        if is_discarded {
            kernel.discard();
        }
        drop(kernel);
        assert_eq!(tree(folder.path()) == before, is_discarded);
        let kernel = machine(folder.path());
        open(&kernel, PackageMode::Existing).unwrap();
        let files = kernel.files.lock();
        let new = files.vfs.resolve(r"save:\new").unwrap();
        assert_eq!(files.vfs.find(&new).is_ok(), !is_discarded);
    }
}

/// Opens a file of the open package as a title does.
fn opened(kernel: &Kernel, path: &str) -> OpenFile {
    let parameters = OpenParameters {
        access: access::GENERIC_WRITE | access::GENERIC_READ,
        disposition: CreateDisposition::OverwriteOrCreate,
        ..OpenParameters::to_read(path, 0)
    };
    kernel.files.lock().open(&parameters).unwrap().0
}

#[test]
fn a_run_that_ends_while_the_title_saves_leaves_the_old_package() {
    let folder = tempfile::tempdir().unwrap();
    for is_open in [true, false] {
        let kernel = machine(folder.path());
        if is_open {
            save(&kernel, 1);
        }
        open(&kernel, PackageMode::Always).unwrap();
        for file in FILES {
            write(&kernel, file, 2);
        }
        let last = opened(&kernel, r"save:\level");
        let mut files = kernel.files.lock();
        if is_open {
            files.insert(GuestAddr(0x4000_0000), last);
        } else {
            files.close(last);
        }
        drop(files);
        kernel.files.lock().note_run_end(true, 0);
        drop(kernel);
        let kernel = machine(folder.path());
        if is_open {
            assert_is(&kernel, 1);
        } else {
            // The title does not close its packages, but it has ended by itself.
            open(&kernel, PackageMode::Existing).unwrap();
            assert_eq!(generation(&kernel, "index"), Some(2));
        }
    }
}

#[test]
fn a_write_that_found_no_room_is_remembered_though_the_file_is_cut_back() {
    let folder = tempfile::tempdir().unwrap();
    let kernel = machine(folder.path());
    save(&kernel, 1);
    let at = kernel.memory.alloc(Heap::Virtual4K, 0x1000, 0x1000, Protect::READ_WRITE).unwrap();
    let fail = |file: &OpenFile| {
        let refused = file.write(&kernel.memory, at, 0x1000, Some(u64::from(u32::MAX))).unwrap_err();
        assert_eq!(refused.status(), NtStatus::DISK_FULL);
    };
    let close_file = |file: OpenFile| kernel.files.lock().close(file);
    open(&kernel, PackageMode::Always).unwrap();
    for name in ["index", "player"] {
        write(&kernel, name, 2);
    }
    let level = opened(&kernel, r"save:\level");
    level.write(&kernel.memory, at, 0x1000, Some(0)).unwrap();
    fail(&level);
    // A smaller write that succeeds does not clear the error.
    level.write(&kernel.memory, at, 0x10, Some(0x1000)).unwrap();
    close_file(level);
    assert_eq!(close(&kernel), Err(Win32Error::DISK_FULL));
    assert_is(&kernel, 1);
    // A title that notices the error and sets the file's size clears it.
    open(&kernel, PackageMode::Always).unwrap();
    let level = opened(&kernel, r"save:\level");
    level.write(&kernel.memory, at, 0x1000, Some(0)).unwrap();
    fail(&level);
    assert!(!level.resize(0x1000).unwrap(), "it is as long already");
    close_file(level);
    assert_eq!(close(&kernel), Ok(()));
}

#[test]
fn recovered_write_failures_do_not_fail_the_package() {
    let folder = tempfile::tempdir().unwrap();
    let kernel = machine(folder.path());
    open(&kernel, PackageMode::New).unwrap();
    drop(write_with_a_failure(&kernel, 0));
    write(&kernel, "level", 0);
    close(&kernel).unwrap();
    assert_is(&kernel, 0);
    // As databases do: roll back and retry.
    open(&kernel, PackageMode::Always).unwrap();
    let data = write_with_a_failure(&kernel, 1);
    assert_eq!(kernel.files.lock().flush_package("save"), Err(Win32Error::DISK_FULL));
    data.set_size(PIECE as u64).unwrap();
    for offset in (0..SIZE).step_by(PIECE) {
        data.write_at(offset as u64, &[1; PIECE]).unwrap();
    }
    assert_eq!(kernel.files.lock().flush_package("save"), Ok(()));
    drop(data);
    close(&kernel).unwrap();
    assert_is(&kernel, 1);
    // The file that did not fit is removed.
    open(&kernel, PackageMode::Always).unwrap();
    for file in FILES {
        write(&kernel, file, 2);
    }
    let extra = file(&kernel, "extra", CreateDisposition::Create);
    assert_eq!(extra.set_size(u64::MAX), Err(VfsError::Full));
    drop(extra);
    {
        let mut files = kernel.files.lock();
        let at = files.vfs.resolve(r"save:\extra").unwrap();
        // It was never created on the disk.
        assert_eq!(files.vfs.remove(&at), Err(VfsError::NotFound));
    }
    assert_eq!(close(&kernel), Err(Win32Error::DISK_FULL), "nobody could give it up");
    assert_is(&kernel, 1);
}

#[test]
fn a_file_of_an_open_package_is_old_or_whole() {
    let folder = tempfile::tempdir().unwrap();
    let kernel = machine(folder.path());
    save(&kernel, 1);
    open(&kernel, PackageMode::Existing).unwrap();
    let data = file(&kernel, "level", CreateDisposition::Open);
    data.write_at(0, &[2; PIECE]).unwrap();
    assert_eq!(data.write_at(u64::from(u32::MAX), &[2; PIECE]), Err(VfsError::Full));
    drop(data);
    assert_eq!(close(&kernel), Err(Win32Error::DISK_FULL), "said once");
    assert_is(&kernel, 1);
}

/// Run as a child process: saves where no file may have more than 64 blocks.
#[test]
fn child_that_has_no_room() {
    let Some(folder) = std::env::var_os(NO_ROOM) else { return };
    let disk = HostFolder::writable(Path::new(&folder), Arc::default()).unwrap();
    let store = ContentStore::new(Box::new(disk));
    let old = store.find(&name()).unwrap().unwrap();
    let new = store.prepare(&name(), Some(&old), PackageHeader::new(name().owner, "New")).unwrap();
    let mut files = store.folder(name().files(new.folder));
    let path = ["level".to_owned()];
    let data = files.create_file(&path).unwrap();
    data.write_at(0, &[2; PIECE]).unwrap();
    let written = data.write_at(PIECE as u64, &vec![2; 1 << 20]);
    assert!(written.is_err(), "{written:?}");
    drop(data);
    assert_eq!(store.commit(&name(), &new), Err(VfsError::Full));
    println!("\nrefused");
}

/// Environment variable for that process: the folder to save in.
const NO_ROOM: &str = "XENIA_TEST_NO_ROOM";

// A shell limits what its child can write.
#[cfg(unix)]
#[test]
fn a_full_disk_leaves_the_old_package() {
    let folder = tempfile::tempdir().unwrap();
    let kernel = machine(folder.path());
    save(&kernel, 1);
    drop(kernel);
    // A write beyond the limit fails as on a full disk: within the save, reported by the host.
    let child = std::process::Command::new("sh")
        .args(["-c", r#"trap "" XFSZ; ulimit -f 64; exec "$@""#, "sh"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "packages::child_that_has_no_room", "--nocapture"])
        .env(NO_ROOM, folder.path())
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&child.stdout);
    assert!(output.contains("refused"), "{output}{}", String::from_utf8_lossy(&child.stderr));
    assert_is(&machine(folder.path()), 1);
}
