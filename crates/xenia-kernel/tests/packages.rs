//! Packages survive `kill -9` at any moment: the host has the old save, with all its files, or the new one.

mod killed;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use xenia_guest::Win32Error;
use xenia_kernel::content::{PackageHeader, PackageName};
use xenia_kernel::files::PackageMode;
use xenia_kernel::ports::{Ports, Storage};
use xenia_kernel::user::profile::Xuid;
use xenia_kernel::vfs::{Disposition, OpenRequest};
use xenia_kernel::{Kernel, KernelConfig};
use xenia_memory::GuestMemory;

/// Set for the program that is going to be killed: the folder to save in.
const FOLDER: &str = "XENIA_TEST_PACKAGE_FOLDER";
/// How often a program is killed, if not as often as usual.
const KILLS: &str = "XENIA_TEST_KILLS";
const USUAL_KILLS: u64 = 25;
/// The files of a save: all of one generation.
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
    Kernel::new(GuestMemory::new().unwrap(), KernelConfig::default(), ports).unwrap()
}

fn name() -> PackageName {
    PackageName::new(Xuid(0xE030_0000_0000_0001), 0x4D53_07D1, 1, "Save").unwrap()
}

fn open(kernel: &Kernel, mode: PackageMode) -> Result<(), Win32Error> {
    let header = PackageHeader::new(Xuid(0xE030_0000_0000_0001), "A save");
    kernel.files.lock().open_package("save", &name(), mode, header).map(|_| ())
}

fn write(kernel: &Kernel, file: &str, generation: u8) {
    let mut files = kernel.files.lock();
    let at = files.vfs.resolve(&format!(r"save:\{file}")).unwrap();
    let disposition = Disposition::OverwriteOrCreate;
    let request = OpenRequest { disposition, directory: Some(false), write: true, attributes: 0, now: 0 };
    let data = files.vfs.open(&at, &request).unwrap().data.unwrap();
    for offset in (0..SIZE).step_by(PIECE) {
        data.write_at(offset as u64, &[generation; PIECE]).unwrap();
    }
}

/// Not a test by itself: saves over and over until it is killed.
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

/// The generation of a file; `None`: the file is not there.
fn generation(kernel: &Kernel, file: &str) -> Option<u8> {
    let files = kernel.files.lock();
    let at = files.vfs.resolve(&format!(r"save:\{file}")).unwrap();
    files.vfs.find(&at).ok()?;
    drop(files);
    let request = OpenRequest {
        disposition: Disposition::Open,
        directory: Some(false),
        write: false,
        attributes: 0,
        now: 0,
    };
    let data = kernel.files.lock().vfs.open(&at, &request).unwrap().data.unwrap();
    let mut bytes = vec![0; SIZE + 1];
    assert_eq!(data.read_at(0, &mut bytes), Ok(SIZE), "{file}");
    assert!(bytes[..SIZE].iter().all(|byte| *byte == bytes[0]), "{file} is torn");
    Some(bytes[0])
}

#[test]
fn a_killed_program_leaves_the_old_package_or_the_new_one() {
    let folder = tempfile::tempdir().unwrap();
    // The first save is made whole: what is new altogether has nothing old to fall back on.
    let kernel = machine(folder.path());
    open(&kernel, PackageMode::New).unwrap();
    for file in FILES {
        write(&kernel, file, 0);
    }
    drop(kernel);
    let kills = std::env::var(KILLS).ok().and_then(|kills| kills.parse().ok()).unwrap_or(USUAL_KILLS);
    for round in 0..kills {
        let mut child = killed::start("child_that_saves_packages_for_ever", FOLDER, folder.path());
        // Another moment each time: up to some 40 ms, in steps that share no factor with a save's length.
        std::thread::sleep(Duration::from_micros(round * 7919 % 40_000));
        child.kill().unwrap();
        child.wait().unwrap();
        let kernel = machine(folder.path());
        open(&kernel, PackageMode::Existing).unwrap_or_else(|error| panic!("round {round}: {error:?}"));
        let found = FILES.map(|file| generation(&kernel, file));
        assert!(found[0].is_some() && found.iter().all(|it| *it == found[0]), "round {round}: {found:?}");
        // The first one was closed before the program was killed, however slow the host is.
        assert_ne!(found[0], Some(0), "round {round}");
    }
}
