//! Tests of opens, transfers and changes on a disc and a scratch disk.

mod opening;

use super::*;
use crate::status::failure::Failure;
use std::sync::Arc;
use xenia_memory::{GuestMemory, Heap, Protect};
use xenia_vfs::{CreateDisposition, Existing, HostFolder, MemoryDevice, OpenAction, Stamp, VfsError};

const READ: u32 = access::GENERIC_READ;
const WRITE: u32 = access::GENERIC_READ | access::GENERIC_WRITE;
const NOW: u64 = 1000;
const SYNC: u32 = options::SYNCHRONOUS_IO_NONALERT;

struct Harness {
    memory: Arc<GuestMemory>,
    buffer: GuestAddr,
    files: Files,
    _folder: tempfile::TempDir,
}

fn harness() -> Harness {
    let folder = tempfile::tempdir().unwrap();
    let pattern: Vec<u8> = (0..0x2_8000_u32).map(|n| (n / 3) as u8).collect();
    std::fs::write(folder.path().join("Data.bin"), pattern).unwrap();
    let mut files = Files::default();
    files.vfs.mount(r"\Device\Cdrom0", Box::new(HostFolder::read_only(folder.path()).unwrap())).unwrap();
    files.vfs.mount(r"\Device\Cache0", Box::new(MemoryDevice::new(0x10_0000, Arc::default()))).unwrap();
    files.vfs.link("game:", r"\Device\Cdrom0").unwrap();
    files.vfs.link("cache:", r"\Device\Cache0").unwrap();
    let memory = GuestMemory::new().unwrap();
    let buffer = memory.alloc(Heap::Virtual4K, 0x4_0000, 0x1000, Protect::READ_WRITE).unwrap();
    Harness { memory, buffer, files, _folder: folder }
}

impl Harness {
    fn open(
        &mut self,
        path: &str,
        access: u32,
        disposition: CreateDisposition,
        options: u32,
    ) -> Fallible<OpenFile> {
        let parameters =
            OpenParameters { access, disposition, options, ..OpenParameters::to_read(path, NOW) };
        self.files.open(&parameters).map(|(file, _)| file)
    }

    fn status<T>(result: Fallible<T>) -> Option<NtStatus> {
        result.err().map(Failure::status)
    }
}

#[test]
fn reads_move_the_position_and_stop_at_the_end() {
    let mut b = harness();
    let file = b.open(r"game:\data.BIN", READ, CreateDisposition::Open, SYNC).unwrap();
    assert_eq!(file.read(&b.memory, b.buffer, 0x2_0000, None).unwrap(), 0x2_0000);
    assert_eq!(b.memory.read::<u8>(b.buffer.offset(300)).unwrap(), 100);
    assert_eq!(file.position(), 0x2_0000);
    assert_eq!(file.read(&b.memory, b.buffer, 0x2_0000, None).unwrap(), 0x8000);
    assert_eq!(Harness::status(file.read(&b.memory, b.buffer, 1, None)), Some(NtStatus::END_OF_FILE));
    assert_eq!(file.read(&b.memory, b.buffer, 0, None).unwrap(), 0);
    assert_eq!(file.read(&b.memory, b.buffer, 4, Some(6)).unwrap(), 4);
    assert_eq!(b.memory.read::<u32>(b.buffer).unwrap(), 0x0202_0203);
    assert_eq!(file.position(), 10, "a synchronous handle follows");
    assert_eq!(
        Harness::status(file.read(&b.memory, b.buffer, 4, Some(u64::MAX - 1))),
        None,
        "the reserved offset means the position"
    );
}

#[test]
fn hostile_ranges_are_refused_before_anything_happens() {
    let mut b = harness();
    let host = b.open(r"game:\data.bin", READ, CreateDisposition::Open, SYNC).unwrap();
    let volatile = b.open(r"cache:\x", WRITE, CreateDisposition::Create, SYNC).unwrap();
    volatile.write(&b.memory, b.buffer, 0x100, None).unwrap();
    for (at, length) in [
        (GuestAddr(0), 4),
        (b.buffer.offset(0x3_FFFE), 4),
        (b.buffer, u32::MAX),
        (GuestAddr(0xFFFF_FFF0), 0x20),
        (GuestAddr(0x7FC8_0000), 4),
    ] {
        let violation = Some(NtStatus::ACCESS_VIOLATION);
        assert_eq!(Harness::status(host.read(&b.memory, at, length, Some(0))), violation, "{at} {length:#x}");
        assert_eq!(Harness::status(volatile.read(&b.memory, at, length, Some(0))), violation);
        assert_eq!(Harness::status(volatile.write(&b.memory, at, length, Some(0))), violation);
    }
    for negative in [u64::MAX - 2, 1 << 63] {
        let read = host.read(&b.memory, b.buffer, 0, Some(negative));
        let written = volatile.write(&b.memory, b.buffer, 4, Some(negative));
        assert_eq!([read, written].map(Harness::status), [Some(NtStatus::INVALID_PARAMETER); 2]);
    }
    let end = host.read(&b.memory, b.buffer, 4, Some(u64::MAX));
    assert_eq!(Harness::status(end), Some(NtStatus::INVALID_PARAMETER), "for writes alone");
    let far = Some(i64::MAX as u64);
    assert_eq!(Harness::status(host.read(&b.memory, b.buffer, 4, far)), Some(NtStatus::END_OF_FILE));
    assert_eq!(Harness::status(volatile.write(&b.memory, b.buffer, 4, far)), Some(NtStatus::DISK_FULL));
    assert_eq!(volatile.data().unwrap().size(), Ok(0x100));
}

#[test]
fn scattered_reads_fill_page_by_page() {
    let mut b = harness();
    let file = b.open(r"game:\data.bin", READ, CreateDisposition::Open, 0).unwrap();
    let pages = [b.buffer.offset(0x3000), b.buffer, b.buffer.offset(0x5000)];
    assert_eq!(
        file.transfer(&b.memory, Direction::Read, &scattered(&pages, 0x2100), Some(0)).unwrap(),
        0x2100
    );
    for (page, index) in pages.into_iter().zip(0_u32..) {
        assert_eq!(b.memory.read::<u8>(page).unwrap(), (index * 0x1000 / 3) as u8);
    }
    assert_eq!(b.memory.read::<u8>(pages[2].offset(0x100)).unwrap(), 0);
    assert_eq!(file.position(), 0);
    let copy = b.open(r"cache:\copy", WRITE, CreateDisposition::Create, SYNC).unwrap();
    assert_eq!(copy.transfer(&b.memory, Direction::Write, &scattered(&pages, 0x2100), None).unwrap(), 0x2100);
    assert_eq!(copy.position(), 0x2100);
    let mut start = [0; 4];
    copy.data().unwrap().read_at(0x1000, &mut start).unwrap();
    assert_eq!(start, [0x55, 0x55, 0x56, 0x56]);
    let wild = [pages[0], GuestAddr(4)];
    assert!(copy.transfer(&b.memory, Direction::Write, &scattered(&wild, 0x2000), Some(0)).is_err());
}

#[test]
fn a_write_is_whole_or_not_done() {
    let mut b = harness();
    let file = b.open(r"cache:\f", WRITE, CreateDisposition::Create, SYNC).unwrap();
    file.set_size(0xF_8000).unwrap();
    // The disk has 1 MiB, enough for the first of two pieces.
    let full = Some(NtStatus::DISK_FULL);
    assert_eq!(Harness::status(file.write(&b.memory, b.buffer, 0x1_8000, Some(0xF_8000))), full);
    let pages = [b.buffer; 0x18];
    let gathered = file.transfer(&b.memory, Direction::Write, &scattered(&pages, 0x1_8000), Some(0xF_8000));
    assert_eq!((Harness::status(gathered), file.data().unwrap().size()), (full, Ok(0xF_8000)));
    assert_eq!(
        file.transfer(&b.memory, Direction::Write, &scattered(&pages, 0x1800), Some(u64::MAX)).unwrap(),
        0x1800
    );
    assert_eq!(file.position(), 0xF_9800, "behind what was added at the end");
    let reader = b.open(r"game:\data.bin", READ, CreateDisposition::Open, SYNC).unwrap();
    let denied = reader.transfer(&b.memory, Direction::Write, &scattered(&[], 0), Some(0));
    assert_eq!(Harness::status(denied), Some(NtStatus::ACCESS_DENIED), "even of nothing");
}

#[test]
fn sizes_and_space_set_aside_follow_each_other() {
    let mut b = harness();
    let body = GuestAddr(0x1000);
    let parameters = OpenParameters {
        access: WRITE,
        disposition: CreateDisposition::Create,
        allocation: 0x4001,
        ..OpenParameters::to_read(r"cache:\f", NOW)
    };
    let too_much = OpenParameters { allocation: 0x10_0001, ..parameters };
    assert_eq!(Harness::status(b.files.open(&too_much)), Some(NtStatus::DISK_FULL));
    let (file, _) = b.files.open(&parameters).unwrap();
    b.files.insert(body, file);
    let allocation = |b: &Harness| {
        let (entry, volume) = b.files.entry(body).unwrap();
        b.files.allocation(body, &entry, &volume).unwrap()
    };
    assert_eq!((allocation(&b), b.files.entry(body).unwrap().0.size), (0x8000, 0));
    b.files.set_size(body, 0x9000, NOW).unwrap();
    assert_eq!(allocation(&b), 0xC000);
    b.files.set_allocation(body, 0x10, NOW).unwrap();
    assert_eq!((allocation(&b), b.files.entry(body).unwrap().0.size), (0x4000, 0x10));
    assert_eq!(Harness::status(b.files.set_allocation(body, 0x20_0000, NOW)), Some(NtStatus::DISK_FULL));
    for size in [1 << 63, u64::MAX] {
        assert_eq!(Harness::status(b.files.set_size(body, size, NOW)), Some(NtStatus::INVALID_PARAMETER));
        let set = b.files.set_allocation(body, size, NOW);
        assert_eq!(Harness::status(set), Some(NtStatus::INVALID_PARAMETER));
    }
}

#[test]
fn times_are_the_guests_and_attributes_are_kept() {
    let mut b = harness();
    let body = GuestAddr(0x1000);
    let stamp = |b: &Harness| b.files.entry(body).unwrap().0.stamp;
    let file = b.open(r"cache:\f", WRITE, CreateDisposition::Create, 0).unwrap();
    b.files.insert(body, file);
    assert_eq!(stamp(&b), Stamp::new(NOW, 0));
    b.files.get(body).unwrap().write(&b.memory, b.buffer, 4, None).unwrap();
    b.files.note_change(body, NOW + 1);
    assert_eq!(stamp(&b), Stamp::new(NOW, 0).written(NOW + 1));
    b.files.set_size(body, 4, NOW + 2).unwrap();
    assert_eq!(stamp(&b).written, NOW + 1, "nothing has changed");
    let change = BasicChange { created: Some(5), attributes: Some(0x22), ..BasicChange::default() };
    b.files.set_basic(body, &change).unwrap();
    let expected = Stamp { created: 5, accessed: NOW + 1, written: NOW + 1, attributes: 0x22 };
    assert_eq!(stamp(&b), expected);
    let directory = BasicChange { attributes: Some(0x10), ..BasicChange::default() };
    assert_eq!(Harness::status(b.files.set_basic(body, &directory)), Some(NtStatus::INVALID_PARAMETER));
    b.files.remove(body);
    let reader = b.open(r"cache:\f", READ, CreateDisposition::Open, 0).unwrap();
    b.files.insert(body, reader);
    assert_eq!(stamp(&b), expected);
    assert_eq!(Harness::status(b.files.set_basic(body, &change)), Some(NtStatus::ACCESS_DENIED));
}

#[test]
fn renames_need_the_right_and_a_free_place() {
    let mut b = harness();
    let rights = WRITE | access::DELETE;
    let body = GuestAddr(0x1000);
    let other = GuestAddr(0x2000);
    let file = b.open(r"cache:\a", rights, CreateDisposition::Create, 0).unwrap();
    b.files.insert(body, file);
    let target = b.open(r"cache:\b", READ, CreateDisposition::Create, 0).unwrap();
    let to = b.files.vfs.resolve(r"cache:\b").unwrap();
    let denied = Some(NtStatus::ACCESS_DENIED);
    assert_eq!(Harness::status(b.files.rename(body, &to, Existing::Replace)), denied, "the target is open");
    b.files.close(target);
    let twin = b.open(r"cache:\a", READ, CreateDisposition::Open, 0).unwrap();
    b.files.insert(other, twin);
    assert_eq!(Harness::status(b.files.rename(other, &to, Existing::Replace)), denied, "no right to");
    let collision = Some(NtStatus::OBJECT_NAME_COLLISION);
    assert_eq!(Harness::status(b.files.rename(body, &to, Existing::Refuse)), collision);
    b.files.rename(body, &to, Existing::Replace).unwrap();
    assert_eq!(b.files.get(other).unwrap().location, to, "all who have it open");
    let directory = b.open(r"cache:\d", rights, CreateDisposition::Create, options::DIRECTORY_FILE).unwrap();
    b.files.insert(GuestAddr(0x3000), directory);
    let below = b.open(r"cache:\d\f", READ, CreateDisposition::Create, 0).unwrap();
    let elsewhere = b.files.vfs.resolve(r"cache:\e").unwrap();
    let moved = b.files.rename(GuestAddr(0x3000), &elsewhere, Existing::Refuse);
    assert_eq!(Harness::status(moved), denied, "something in it is open");
    b.files.close(below);
    b.files.rename(GuestAddr(0x3000), &elsewhere, Existing::Refuse).unwrap();
    let doomed = b.open(r"cache:\d", rights, CreateDisposition::Create, options::DIRECTORY_FILE).unwrap();
    b.files.insert(GuestAddr(0x4000), doomed);
    b.files.set_delete(GuestAddr(0x4000), true).unwrap();
    let into = b.files.vfs.resolve(r"cache:\d\a").unwrap();
    let moved = b.files.rename(body, &into, Existing::Refuse);
    assert_eq!(Harness::status(moved), Some(NtStatus::DELETE_PENDING), "the directory is going");
    assert!(b.open(r"cache:\e\f", READ, CreateDisposition::Open, 0).is_ok());
}

#[test]
fn unbuffered_transfers_are_of_whole_sectors() {
    let mut b = harness();
    let unbuffered = options::NO_INTERMEDIATE_BUFFERING | SYNC;
    let file = b.open(r"game:\data.bin", READ, CreateDisposition::Open, unbuffered).unwrap();
    let written = b.open(r"cache:\x", WRITE, CreateDisposition::Create, unbuffered).unwrap();
    let invalid = Some(NtStatus::INVALID_PARAMETER);
    for (length, offset, status) in [
        (0x200, Some(0x200), None),
        (0x800, None, None),
        (0x1FF, Some(0), invalid),
        (0x200, Some(0x100), invalid),
        (0, Some(0), None),
    ] {
        let read = file.read(&b.memory, b.buffer, length, offset);
        assert_eq!(Harness::status(read), status, "{length:#x} at {offset:?}");
        let write = written.write(&b.memory, b.buffer, length, offset);
        assert_eq!(Harness::status(write), status, "{length:#x} at {offset:?}");
    }
    assert_eq!((file.granularity(), file.position()), (0x200, 0));
}

#[test]
fn a_host_folder_keeps_times_and_attributes_from_run_to_run() {
    let folder = tempfile::tempdir().unwrap();
    let run = |now| {
        let mut files = Files::default();
        files
            .vfs
            .mount("hdd:", Box::new(HostFolder::writable(folder.path(), Arc::default()).unwrap()))
            .unwrap();
        let parameters = OpenParameters {
            disposition: CreateDisposition::OpenOrCreate,
            attributes: 0x20,
            ..OpenParameters::to_read(r"hdd:\Save", now)
        };
        let (file, action) = files.open(&parameters).unwrap();
        files.insert(GuestAddr(0x1000), file);
        let stamp = files.entry(GuestAddr(0x1000)).unwrap().0.stamp;
        files.remove(GuestAddr(0x1000));
        let root = files.vfs.resolve("hdd:").unwrap();
        let names: Vec<_> = files.vfs.list(&root).unwrap().into_iter().map(|entry| entry.name).collect();
        assert_eq!(names, ["Save"], "the file with the times is not the guest's");
        let hidden = OpenParameters::to_read(r"hdd:\.Xenia-Stamps", now);
        assert!(files.open(&hidden).is_err());
        (action, stamp)
    };
    assert_eq!(run(NOW), (OpenAction::Created, Stamp::new(NOW, 0x20)));
    assert_eq!(run(NOW + 9), (OpenAction::Opened, Stamp::new(NOW, 0x20)));
}

#[test]
fn the_status_of_a_request_is_written_last() {
    let memory = GuestMemory::new().unwrap();
    let page = memory.alloc(Heap::Virtual4K, 0x1000, 0x1000, Protect::READ_WRITE).unwrap();
    let outcome = IoStatus { status: NtStatus::SUCCESS, information: 7 };
    let pending = NtStatus::PENDING.0;
    let at = page.offset(0xFFC);
    memory.write(at, pending).unwrap();
    assert!(outcome.write(&memory, at).is_err(), "the second word is in a page that is missing");
    assert_eq!(memory.read(at), Ok(pending), "a title that polls it would read the second word");
    memory.write(page, pending).unwrap();
    outcome.write(&memory, page).unwrap();
    assert_eq!((memory.read(page), memory.read(page.offset(4))), (Ok(0_u32), Ok(7_u32)));
}
