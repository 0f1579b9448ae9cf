//! Tests of saved file systems.

use super::*;
use crate::stamp::attributes;
use crate::{
    Existing, HostFolder, MemoryDevice, OpenRequest, RawDisk, SharedDevice, Stamp, SubFolder, VfsError,
    WantedKind, make_directories,
};
use std::sync::Arc;
use xenia_state::{StateSection, StoredSection};
use xenia_testing::Dice;

const PACKAGES: &str = r"\Device\Package";
const SIZE: u64 = 0x10_0000;

#[derive(Debug, Serialize, Deserialize)]
struct Saved(VfsState);

impl StateSection for Saved {
    const NAME: &'static str = "test/vfs";
    const VERSION: u16 = 1;
}

fn saved(vfs: &Vfs) -> (StoredSection, Vec<Vec<u8>>) {
    let mut bytes = SavedBytes::default();
    let state = vfs.state(&mut bytes).unwrap();
    (StoredSection::encode(&Saved(state)).unwrap(), bytes.into_parts())
}

/// Restores a state, without the end of the restore.
fn restored(mut vfs: Vfs, (state, parts): &(StoredSection, Vec<Vec<u8>>)) -> Result<Vfs, Impossible> {
    let Saved(state) = state.decode().unwrap();
    let mut bytes = SavedBytes::new(parts.clone());
    vfs.restore(state, &mut bytes, PACKAGES)?;
    bytes.finish()?;
    Ok(vfs)
}

fn in_memory() -> Vfs {
    let mut vfs = Vfs::default();
    let disk = MemoryDevice::new(SIZE, Arc::default());
    let whole = RawDisk::in_memory(disk.partition().into_iter().collect(), Arc::default()).unwrap();
    vfs.mount(r"\Device\Cache0", Box::new(disk)).unwrap();
    vfs.mount(r"\Device\Whole", Box::new(whole)).unwrap();
    vfs.link("cache:", r"\Device\Cache0").unwrap();
    vfs
}

fn at(vfs: &Vfs, path: &str) -> Location {
    vfs.resolve(path).unwrap()
}

fn open(vfs: &mut Vfs, path: &str, disposition: crate::CreateDisposition) -> VfsResult<Box<dyn FileData>> {
    let location = at(vfs, path);
    let request = OpenRequest {
        disposition,
        kind: WantedKind::Any,
        write: true,
        attributes: attributes::ARCHIVE,
        now: 77,
    };
    vfs.open(&location, &request)?.data.ok_or(VfsError::IsDirectory)
}

fn contents(file: &dyn FileData) -> Vec<u8> {
    let mut bytes = vec![0; file.size().unwrap() as usize];
    file.read_at(0, &mut bytes).unwrap();
    bytes
}

/// A random operation on one of a few names.
fn operate(vfs: &mut Vfs, open_files: &mut Vec<Box<dyn FileData>>, dice: &mut Dice) -> String {
    let name = |dice: &mut Dice| {
        let folder = ["", r"Sub\", r"sub\Deep\"][dice.below(3)];
        format!("cache:\\{folder}{}", ["a", "B", "long name.bin"][dice.below(3)])
    };
    let path = name(dice);
    let location = at(vfs, &path);
    let index = dice.below(open_files.len());
    let outcome = match dice.below(12) {
        0..3 => open(vfs, &path, crate::CreateDisposition::OpenOrCreate).map(|file| open_files.push(file)),
        3 if !open_files.is_empty() => {
            open_files.swap_remove(index);
            Ok(())
        }
        4 => vfs.remove(&location),
        5 => vfs.rename(&location, &at(vfs, &name(dice)), Existing::of(dice.next().is_multiple_of(2))),
        6 => vfs.set_stamp(&location, Stamp::new(dice.next() % 1000, attributes::HIDDEN)),
        7 => {
            let folder = at(vfs, [r"cache:\Sub", r"cache:\sub\Deep"][dice.below(2)]);
            let request = OpenRequest {
                disposition: crate::CreateDisposition::OpenOrCreate,
                kind: WantedKind::Directory,
                ..OpenRequest::TO_READ
            };
            vfs.open(&folder, &request).map(|_| ())
        }
        8 => {
            let part = at(vfs, [r"\Device\Cache0", r"\Device\Whole"][dice.below(2)]);
            let raw = vfs.partition(&part).unwrap().unwrap();
            raw.write_at(dice.next() % (2 * SIZE), &[dice.next() as u8; 9])
        }
        9 if dice.below(20) == 0 => vfs.end_raw_access(),
        _ => match open_files.get(index) {
            Some(file) if dice.next().is_multiple_of(3) => file.set_size(dice.next() % 0x2_0000),
            Some(file) => file.write_at(dice.next() % 0x2_0000, &[dice.next() as u8; 100]),
            None => Ok(()),
        },
    };
    format!("{outcome:?}")
}

/// Everything that a title can see.
fn seen(vfs: &Vfs, open_files: &[Box<dyn FileData>]) -> Vec<String> {
    let mut text = vec![format!("{vfs:?} {:?}", vfs.volume(&at(vfs, "cache:")))];
    let mut folders = vec![at(vfs, "cache:")];
    while let Some(folder) = folders.pop() {
        for entry in vfs.list(&folder).unwrap() {
            let below = vfs.resolve_below(&folder, &entry.name).unwrap();
            text.push(format!("{entry:?}"));
            match vfs.reopen(&below, OpenMode::Read) {
                Ok(file) => text.push(format!("{:x?}", blake3::hash(&contents(&*file)))),
                Err(_) => folders.push(below),
            }
        }
    }
    for file in open_files {
        text.push(format!("{:x?}", blake3::hash(&contents(&**file))));
    }
    for raw in [r"\Device\Cache0", r"\Device\Whole"] {
        let raw = vfs.partition(&at(vfs, raw)).unwrap().unwrap();
        text.push(format!("{:x?}", blake3::hash(&contents(&*raw))));
    }
    text
}

/// Numbers of the files that have a name.
fn named_files(state: &StoredSection) -> Vec<u64> {
    let Saved(VfsState { mounts, .. }) = state.decode().unwrap();
    let memory = mounts.into_iter().filter_map(|mount| match mount.device {
        DeviceState::Memory(state) => Some(state),
        _ => None,
    });
    memory.flat_map(|state| state.named().collect::<Vec<_>>()).collect()
}

#[test]
fn a_restored_disk_in_memory_continues_as_the_saved_one() {
    // Most of the time goes to the contents of files.
    let steps_between = if xenia_testing::is_long() { 1 } else { 6 };
    let mut nameless = 0;
    for seed in 0..40 {
        let mut dice = Dice(seed);
        let mut vfs = in_memory();
        let mut open_files = Vec::new();
        for _ in 0..60 {
            operate(&mut vfs, &mut open_files, &mut dice);
        }
        let state = saved(&vfs);
        let mut again = restored(in_memory(), &state).unwrap();
        let numbers: Vec<_> = open_files.iter().map(|file| vfs.number_of(&**file).unwrap()).collect();
        let mut again_open: Vec<_> =
            numbers.iter().map(|&(mount, number)| again.open_number(mount, number).unwrap()).collect();
        again.end_restore();
        assert!(saved(&again) == state, "seed {seed}");
        let mut same_dice = Dice(dice.0);
        for step in 0..60_u32 {
            if step.is_multiple_of(steps_between) {
                assert_eq!(seen(&vfs, &open_files), seen(&again, &again_open), "seed {seed}");
            }
            let [one, other] = [
                operate(&mut vfs, &mut open_files, &mut dice),
                operate(&mut again, &mut again_open, &mut same_dice),
            ];
            assert_eq!(one, other, "seed {seed}");
        }
        drop((open_files, again_open));
        assert!(saved(&vfs) == saved(&again), "seed {seed}");
        let named: Vec<_> = named_files(&state.0);
        nameless += usize::from(numbers.iter().any(|(_, number)| !named.contains(number)));
    }
    assert!(nameless > 5, "{nameless} of 40 have files without a name");
}

#[test]
fn a_file_that_is_not_reopened_is_removed() {
    let mut vfs = in_memory();
    let file = open(&mut vfs, r"cache:\gone", crate::CreateDisposition::Create).unwrap();
    file.write_at(0, b"contents").unwrap();
    let free = vfs.volume(&at(&vfs, "cache:")).unwrap().free_units;
    vfs.remove(&at(&vfs, r"cache:\gone")).unwrap();
    let mut again = restored(in_memory(), &saved(&vfs)).unwrap();
    assert_eq!(again.volume(&at(&again, "cache:")).unwrap().free_units, free);
    let (mount, number) = vfs.number_of(&*file).unwrap();
    assert_eq!(contents(&*again.open_number(mount, number).unwrap()), b"contents");
    again.end_restore();
    assert!(again.open_number(mount, number).is_none());
    assert_eq!(again.volume(&at(&again, "cache:")).unwrap().free_units, free + 1);
}

#[test]
fn a_changed_disk_in_memory_is_refused_or_works() {
    let mut dice = Dice(5);
    let mut vfs = in_memory();
    let mut open_files = Vec::new();
    for _ in 0..60 {
        operate(&mut vfs, &mut open_files, &mut dice);
    }
    let (state, parts) = saved(&vfs);
    let mut worked = 0;
    let mut refused = 0;
    for at in 0..state.bytes.len() {
        for change in [1, 2, 0x80] {
            let mut changed = state.clone();
            changed.bytes[at] ^= change;
            if changed.decode::<Saved>().is_err() {
                continue;
            }
            match restored(in_memory(), &(changed, parts.clone())) {
                Ok(mut vfs) => {
                    vfs.end_restore();
                    let mut dice = Dice(6);
                    let mut open_files = Vec::new();
                    for _ in 0..20 {
                        if vfs.resolve("cache:").is_ok() && vfs.resolve(r"\Device\Whole").is_ok() {
                            operate(&mut vfs, &mut open_files, &mut dice);
                        }
                    }
                    worked += 1;
                }
                Err(_) => refused += 1,
            }
        }
    }
    assert!(worked > 50 && refused > 50, "{worked} worked, {refused} were refused");
    let short = vec![parts[0][1..].to_vec()];
    assert!(restored(in_memory(), &(state.clone(), short)).is_err(), "contents are missing");
    let long = [parts, vec![vec![1]]].concat();
    assert!(restored(in_memory(), &(state, long)).is_err(), "contents are left");
    let mut other = in_memory();
    other.mount(r"\Device\More", Box::new(NoDevice)).unwrap();
    assert!(restored(other, &saved(&in_memory())).is_err(), "the machine has another device");
    let folder = tempfile::tempdir().unwrap();
    let kept = HostFolder::writable(folder.path(), Arc::default()).unwrap();
    let mut other = Vfs::default();
    other.mount(r"\Device\Cache0", Box::new(kept)).unwrap();
    for (run, state) in [(in_memory(), saved(&other)), (other, saved(&in_memory()))] {
        let why = format!("{:?}", restored(run, &state).unwrap_err());
        assert!(why.contains("saves or scratch disks are in memory in one of the runs"), "{why}");
    }
}

#[test]
fn devices_stay_when_one_refuses_its_state() {
    let mut vfs = in_memory();
    let own = saved(&vfs);
    let folder = tempfile::tempdir().unwrap();
    let mut other = Vfs::default();
    let kept = HostFolder::writable(folder.path(), Arc::default()).unwrap();
    other.mount(r"\Device\Cache0", Box::new(kept)).unwrap();
    let Saved(state) = saved(&other).0.decode().unwrap();
    assert!(vfs.restore(state, &mut SavedBytes::default(), PACKAGES).is_err());
    assert!(restored(vfs, &own).is_ok());
}

#[test]
fn a_disk_in_memory_that_has_no_numbers_left_is_refused() {
    let mut bytes = SavedBytes::default();
    let state = MemoryDevice::new(SIZE, Arc::default()).state(&mut bytes).unwrap();
    let DeviceState::Memory(state) = state else { panic!("{state:?}") };
    for (next, fits) in [(1 << 62, true), (u64::MAX, false)] {
        let mut device = MemoryDevice::new(SIZE, Arc::default());
        let state = DeviceState::Memory(state.clone().numbered_from(next));
        assert_eq!(device.restore(state, &mut bytes).is_ok(), fits);
        assert!(device.create_file(&["a".to_owned()]).is_ok());
    }
}

/// A title's disk in a folder of the host.
fn on_the_host(folder: &std::path::Path) -> Vfs {
    let mut vfs = Vfs::default();
    let disk = HostFolder::writable(folder, Arc::default()).unwrap();
    vfs.mount(r"\Device\Disk", Box::new(disk)).unwrap();
    vfs.link("hdd:", r"\Device\Disk").unwrap();
    vfs
}

#[test]
fn files_being_written_on_the_host_are_written_on() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("old"), "old contents").unwrap();
    std::fs::write(folder.path().join("read"), "only read").unwrap();
    let mut vfs = on_the_host(folder.path());
    let old = open(&mut vfs, r"hdd:\old", crate::CreateDisposition::Open).unwrap();
    let new = open(&mut vfs, r"hdd:\new", crate::CreateDisposition::Create).unwrap();
    let read = open(&mut vfs, r"hdd:\read", crate::CreateDisposition::Open).unwrap();
    old.write_at(4, b"written").unwrap();
    new.write_at(0, &vec![3; 3 << 20]).unwrap();
    let stamp = vfs.find(&at(&vfs, r"hdd:\new")).unwrap().stamp;
    let state = saved(&vfs);
    // The machine that continued is discarded: the host's files are unchanged.
    vfs.discard();
    drop((old, new, read, vfs));
    assert_eq!(std::fs::read(folder.path().join("old")).unwrap(), b"old contents");
    assert!(!folder.path().join("new").exists());
    let mut again = restored(on_the_host(folder.path()), &state).unwrap();
    let reopen = |vfs: &Vfs, path: &str| vfs.reopen(&at(vfs, path), OpenMode::Write).unwrap();
    let [old, new] = [r"hdd:\old", r"hdd:\new"].map(|path| reopen(&again, path));
    again.end_restore();
    assert!(saved(&again) == state);
    assert_eq!(again.find(&at(&again, r"hdd:\new")).unwrap().stamp, stamp);
    assert!(!folder.path().join("new").exists(), "it is still being written");
    new.write_at(0, b"end").unwrap();
    drop((old, new, again));
    assert_eq!(std::fs::read(folder.path().join("old")).unwrap(), b"old writtens");
    let written = std::fs::read(folder.path().join("new")).unwrap();
    assert!(written.len() == 3 << 20 && written.starts_with(b"end\x03"));
}

#[test]
fn what_cannot_be_saved_on_the_host_is_refused_with_its_device() {
    let folder = tempfile::tempdir().unwrap();
    let reason = |vfs: &Vfs| vfs.state(&mut SavedBytes::default()).unwrap_err().to_string();
    let mut vfs = on_the_host(folder.path());
    let file = open(&mut vfs, r"hdd:\a", crate::CreateDisposition::Create).unwrap();
    vfs.remove(&at(&vfs, r"hdd:\a")).unwrap();
    assert_eq!(reason(&vfs), r"\Device\Disk: a file is open that was removed");
    drop(file);
    let file = open(&mut vfs, r"hdd:\b", crate::CreateDisposition::Create).unwrap();
    file.set_size((64 << 20) + 1).unwrap();
    assert_eq!(reason(&vfs), r"\Device\Disk: the title is writing files of more than 64 MiB");
    file.set_size(1).unwrap();
    assert!(vfs.state(&mut SavedBytes::default()).is_ok());
}

#[test]
fn a_part_of_another_device_has_no_separate_state() {
    let mut disk: Box<dyn FileDevice> = Box::new(MemoryDevice::new(SIZE, Arc::default()));
    make_directories(&mut *disk, &["part".to_owned()]).unwrap();
    let mut vfs = Vfs::default();
    let part = SubFolder::new(SharedDevice::new(disk), vec!["part".to_owned()]);
    vfs.mount(r"\Device\Package0", Box::new(part)).unwrap();
    let again = restored(Vfs::default(), &saved(&vfs)).unwrap();
    let place = at(&again, r"\Device\Package0\x");
    assert_eq!(again.find(&place), Err(VfsError::NoDevice), "a place for a package");
    vfs.mount(r"\Device\Other", Box::new(NoDevice)).unwrap();
    assert!(restored(Vfs::default(), &saved(&vfs)).is_err());
}
