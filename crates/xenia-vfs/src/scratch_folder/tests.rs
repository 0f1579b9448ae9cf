//! Tests of scratch disks on the host's disk: persistence, size, formatting, damage.

use super::*;
use crate::VfsError;

const SIZE: u64 = MIN_SIZE;
const UNITS: u64 = SIZE / UNIT;

fn names(path: &str) -> Vec<String> {
    path.split('/').filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

fn open(folder: &Path) -> ScratchDisks {
    ScratchDisks::open(folder, SIZE, Arc::default()).unwrap()
}

#[test]
fn files_and_raw_bytes_are_found_again_and_count_against_the_size() {
    let folder = tempfile::tempdir().unwrap();
    let title = folder.path().join("4D5307D1");
    {
        let disks = open(&title);
        let mut disk = disks.disk("Cache0").unwrap();
        assert_eq!((disk.volume().total_units, disk.volume().free_units), (UNITS, UNITS));
        disk.create_directory(&names("Dir")).unwrap();
        let file = disk.create_file(&names("Dir/Level")).unwrap();
        file.write_at(UNIT, b"level").unwrap();
        disk.set_stamp(&names("Dir/Level"), Stamp::new(7, 0)).unwrap();
        disk.flush_metadata().unwrap();
        assert_eq!(disk.volume().free_units, UNITS - 2);
        disk.partition().unwrap().write_at(3 * UNIT - 1, b"raw").unwrap();
        assert_eq!(disk.volume().free_units, UNITS - 4);
        let whole = disks.whole(vec![disk.partition().unwrap()]).unwrap();
        whole.write_at(0x800, b"head").unwrap();
        // Writes are on the host at once: a run that is killed here loses nothing.
        assert_eq!(fs::read(title.join("Cache0/Dir/Level")).unwrap()[UNIT as usize..], *b"level");
        assert!(matches!(ScratchDisks::open(&title, SIZE, Arc::default()), Err(ScratchError::InUse(_))));
        assert!(matches!(ScratchDisks::remove(&title), Err(ScratchError::InUse(_))));
    }
    let disks = open(&title);
    let mut disk = disks.disk("Cache0").unwrap();
    assert_eq!(disk.volume().free_units, UNITS - 4);
    assert_eq!(disk.find(&names("dir/LEVEL")).unwrap().stamp.written, 7);
    let mut bytes = [0; 4];
    disk.open(&names("Dir/Level"), OpenMode::Write).unwrap().read_at(UNIT + 1, &mut bytes).unwrap();
    assert_eq!(&bytes, b"evel");
    disk.partition().unwrap().read_at(3 * UNIT - 2, &mut bytes).unwrap();
    assert_eq!(&bytes, b"\0raw");
    let whole = disks.whole(vec![disk.partition().unwrap()]).unwrap();
    assert_eq!(whole.read_at(0x800, &mut bytes), Ok(4));
    assert_eq!(&bytes, b"head");
    // The disk has an end, for files and for raw bytes.
    let file = disk.create_file(&names("Large")).unwrap();
    let room = (UNITS - 4) * UNIT;
    assert_eq!((file.set_size(room + 1), file.set_size(room)), (Err(VfsError::Full), Ok(())));
    let partition = disk.partition().unwrap();
    assert_eq!(partition.write_at(8 * UNIT, b"x"), Err(VfsError::Full));
    // A removed file takes room until it is closed.
    disk.remove(&names("Large")).unwrap();
    assert_eq!(disk.volume().free_units, 0);
    drop(file);
    assert_eq!(disk.volume().free_units, UNITS - 4);
    drop((disk, partition, whole, disks));
    ScratchDisks::remove(&title).unwrap();
    assert!(!title.exists());
}

#[test]
fn the_machines_own_limit_of_entries_holds() {
    let folder = tempfile::tempdir().unwrap();
    let limits = ResourceLimits::new(&["scratch_disk_entries=2".parse().unwrap()]);
    let disks = ScratchDisks::open(folder.path(), SIZE, Arc::new(limits)).unwrap();
    let mut disk = disks.disk("Cache0").unwrap();
    disk.create_directory(&names("Dir")).unwrap();
    disk.create_file(&names("Dir/File")).unwrap();
    assert_eq!(disk.create_directory(&names("More")), Err(VfsError::Full));
    disk.remove(&names("Dir/File")).unwrap();
    disk.create_directory(&names("More")).unwrap();
}

#[test]
fn a_changed_header_formats_the_disk_when_raw_access_ends() {
    let folder = tempfile::tempdir().unwrap();
    let disks = open(folder.path());
    let mut disk = disks.disk("Cache1").unwrap();
    for name in ["a", "b"] {
        disk.create_file(&names(name)).unwrap().write_at(0, b"old").unwrap();
    }
    let held = disk.open(&names("a"), OpenMode::Read).unwrap();
    let partition = disk.partition().unwrap();
    partition.write_at(0x1000, b"no header").unwrap();
    disk.end_raw_access().unwrap();
    assert_eq!(disk.list(&[]).unwrap().len(), 2);
    partition.write_at(0, b"STFC").unwrap();
    assert_eq!(disk.list(&[]).unwrap().len(), 2, "until the access ends");
    disk.end_raw_access().unwrap();
    assert!(disk.list(&[]).unwrap().is_empty());
    let mut bytes = [0; 3];
    held.read_at(0, &mut bytes).unwrap();
    assert_eq!(&bytes, b"old", "an open file keeps its contents");
    assert_eq!(disk.volume().free_units, UNITS - 2, "a unit of the partition, and the open file");
    drop(held);
    assert_eq!(disk.volume().free_units, UNITS - 1);
    disk.create_file(&names("c")).unwrap();
    partition.write_at(0, b"STFC").unwrap();
    disk.end_raw_access().unwrap();
    assert_eq!(disk.list(&[]).unwrap().len(), 1, "the same bytes change nothing");
}

#[test]
fn a_format_that_was_cut_short_is_completed() {
    let folder = tempfile::tempdir().unwrap();
    {
        let disks = open(folder.path());
        let mut disk = disks.disk("Cache0").unwrap();
        disk.create_file(&names("old")).unwrap();
        disk.partition().unwrap().write_at(0, b"new header").unwrap();
        // The run ends here.
    }
    let disks = open(folder.path());
    let disk = disks.disk("Cache0").unwrap();
    assert!(disk.list(&[]).unwrap().is_empty());
    let mut bytes = [0; 10];
    disk.partition().unwrap().read_at(0, &mut bytes).unwrap();
    assert_eq!(&bytes, b"new header");
    assert!(!folder.path().join("Cache0.formatting").exists());
}

#[test]
fn a_format_that_finds_no_room_keeps_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let disks = open(folder.path());
    let mut disk = disks.disk("Cache0").unwrap();
    disk.create_file(&names("kept")).unwrap().set_size(SIZE).unwrap();
    assert_eq!(disk.partition().unwrap().write_at(0, b"new header"), Err(VfsError::Full));
    assert!(!folder.path().join("Cache0.formatting").exists());
    disk.end_raw_access().unwrap();
    assert_eq!(disk.list(&[]).unwrap().len(), 1);
}

#[test]
fn a_header_without_its_mark_is_not_written_and_takes_no_room() {
    let folder = tempfile::tempdir().unwrap();
    let disks = open(folder.path());
    let disk = disks.disk("Cache0").unwrap();
    // A folder in the mark's place can't be opened as a file.
    fs::create_dir(folder.path().join("Cache0.formatting")).unwrap();
    let partition = disk.partition().unwrap();
    assert!(partition.write_at(0, b"x").is_err());
    let mut bytes = [1];
    assert_eq!((partition.read_at(0, &mut bytes), bytes), (Ok(1), [0]));
    assert_eq!(disk.volume().free_units, UNITS);
}

#[test]
fn a_damaged_folder_is_refused_with_its_path() {
    for (name, is_folder) in [("Cache0", false), ("Cache0.raw", true)] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        if is_folder {
            fs::create_dir(&path).unwrap();
        } else {
            fs::write(&path, "x").unwrap();
        }
        let error = open(folder.path()).disk("Cache0").err().unwrap().to_string();
        assert!(error.contains(name), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn links_of_disks_lead_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    for name in ["Cache0", "Cache1.raw"] {
        std::os::unix::fs::symlink(outside.path(), folder.path().join(name)).unwrap();
    }
    let disks = open(folder.path());
    assert!(disks.disk("Cache0").is_err() && disks.disk("Cache1").is_err());
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
}
