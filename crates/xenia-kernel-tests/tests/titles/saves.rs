//! Crash safety of saves: after `kill -9` at any moment, the host has either the old contents or
//! the new ones.

use std::path::{Path, PathBuf};
use std::time::Duration;
use xenia_testing::kills;
use xenia_vfs::{CreateDisposition, HostFolder, OpenRequest, Vfs};

/// Environment variable for the process that is killed: the folder to save in.
const FOLDER: &str = "XENIA_TEST_SAVE_FOLDER";
/// Size of a save in bytes; all bytes are equal, and are written in pieces.
const SIZE: usize = 192 << 10;
const PIECE: usize = 4096;
/// Number of times that the folder is opened until it has no temporary files. Windows releases the
/// locks of an ended program at a later time, which it doesn't say (remarks of `UnlockFileEx`).
const TRIES: u32 = if cfg!(windows) { 1000 } else { 1 };
/// Number of processes to kill.
const USUAL_KILLS: u64 = 25;

fn save(vfs: &mut Vfs, name: &str, generation: u8, how: CreateDisposition, flush: bool) {
    let at = vfs.resolve(&format!(r"hdd:\{name}")).unwrap();
    let request = OpenRequest { disposition: how, write: true, ..OpenRequest::TO_READ };
    let data = vfs.open(&at, &request).unwrap().data.unwrap();
    for offset in (0..SIZE).step_by(PIECE) {
        data.write_at(offset as u64, &[generation; PIECE]).unwrap();
    }
    if flush {
        data.flush().unwrap();
    }
}

/// Run as a child process: saves repeatedly until it is killed.
#[test]
fn child_that_saves_for_ever() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let mut vfs = Vfs::default();
    vfs.mount(
        r"\Device\Harddisk0",
        Box::new(HostFolder::writable(Path::new(&folder), std::sync::Arc::default()).unwrap()),
    )
    .unwrap();
    vfs.link("hdd:", r"\Device\Harddisk0").unwrap();
    // An earlier child may have been killed before it removed this file.
    let made = vfs.resolve(r"hdd:\made").unwrap();
    let _ = vfs.remove(&made);
    println!("\nsaving");
    for generation in (1..=u8::MAX).cycle() {
        // A file overwritten in place, one truncated first, and one created again each time.
        save(&mut vfs, "kept", generation, CreateDisposition::OpenOrCreate, true);
        save(&mut vfs, "emptied", generation, CreateDisposition::OverwriteOrCreate, false);
        save(&mut vfs, "made", generation, CreateDisposition::Create, false);
        vfs.remove(&made).unwrap();
    }
}

fn saves_in(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| !path.file_name().unwrap().to_str().unwrap().starts_with('.')).collect()
}

#[test]
fn a_killed_program_leaves_whole_saves() {
    let folder = tempfile::tempdir().unwrap();
    let mut seen = 0;
    for round in 0..kills(USUAL_KILLS) {
        let child = crate::killed::start("saves::child_that_saves_for_ever", FOLDER, folder.path());
        // A different moment each time: up to about 20 ms, in steps that are coprime to a save's
        // duration.
        crate::killed::kill_after(child, Duration::from_micros(round * 7919 % 20_000));
        for path in saves_in(folder.path()) {
            let bytes = std::fs::read(&path).unwrap();
            assert_eq!(bytes.len(), SIZE, "{} in round {round}", path.display());
            assert!(bytes.iter().all(|byte| *byte == bytes[0]), "{} is torn, round {round}", path.display());
            seen += 1;
        }
        let is_swept = || {
            drop(HostFolder::writable(folder.path(), std::sync::Arc::default()).unwrap());
            std::fs::read_dir(folder.path()).unwrap().count() == saves_in(folder.path()).len()
        };
        assert!(
            (0..TRIES).any(|_| is_swept()),
            "round {round}: a temporary file of a killed program is left"
        );
    }
    assert!(seen > 10, "only {seen} saves were there to look at");
}
