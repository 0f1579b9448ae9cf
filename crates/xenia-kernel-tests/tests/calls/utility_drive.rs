//! Tests of the steps by which titles' libraries mount a scratch disk: the partition's raw bytes, a
//! task, a device, a link.

use super::*;
use xenia_guest::layout::device_object;
use xenia_kernel::objects::ObjectKind;

const PARTITION: &str = r"\Device\Harddisk0\Cache0";
const SYNCHRONOUS: u64 = 0x20;

/// Opens a path; returns its handle.
fn open(b: &mut Harness, path: &str, options: u64) -> u64 {
    let base = u64::from(b.scratch.0);
    let attributes = b.put_attributes(0x100, path);
    // GENERIC_READ, GENERIC_WRITE.
    let arguments = [base, 0xC010_0000, attributes, base + 8, 7, options];
    assert_eq!(b.status("NtOpenFile", &arguments), NtStatus::SUCCESS, "{path}");
    b.word(0).into()
}

/// Writes or reads 512 bytes at an offset.
fn transfer(b: &mut Harness, name: &str, file: u64, offset: u64) -> NtStatus {
    let base = u64::from(b.scratch.0);
    b.memory().write(b.scratch.offset(0x60), offset).unwrap();
    b.status(name, &[file, 0, 0, 0, base + 8, base + 0x400, 0x200, base + 0x60])
}

#[test]
fn a_partitions_bytes_are_its_own_beside_its_files() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let partition = open(&mut b, PARTITION, SYNCHRONOUS);
    let geometry = [partition, 0, 0, 0, base + 8, 0x7_4004, 0, 0, base + 0x40, 0x10];
    assert_eq!(b.status("NtDeviceIoControlFile", &geometry), NtStatus::SUCCESS);
    let size = u64::from(b.word(0x4C));
    assert_eq!(transfer(&mut b, "NtReadFile", partition, 0), NtStatus::SUCCESS);
    assert_eq!((b.word(12), b.word(0x400)), (0x200, 0));
    b.memory().fill(b.scratch.offset(0x400), 0x200, 0x5A).unwrap();
    for offset in [0, 0x800, size - 0x200] {
        assert_eq!(transfer(&mut b, "NtWriteFile", partition, offset), NtStatus::SUCCESS);
    }
    assert_eq!(transfer(&mut b, "NtWriteFile", partition, size), NtStatus::DISK_FULL);
    b.status("NtClose", &[partition]);
    let again = open(&mut b, PARTITION, SYNCHRONOUS);
    for (offset, word) in [(0, 0x5A5A_5A5A), (0x200, 0), (size - 0x200, 0x5A5A_5A5A)] {
        assert_eq!(transfer(&mut b, "NtReadFile", again, offset), NtStatus::SUCCESS);
        assert_eq!(b.word(0x400), word, "{offset:#x}");
    }
    // The directory on the disk is a separate object, and so is the other partition.
    for (path, options) in
        [("cache:", SYNCHRONOUS), (r"\Device\Harddisk0\Cache0\", SYNCHRONOUS), (PARTITION, SYNCHRONOUS | 1)]
    {
        let directory = open(&mut b, path, options);
        let status = transfer(&mut b, "NtReadFile", directory, 0);
        assert_eq!(status, NtStatus::INVALID_DEVICE_REQUEST, "{path}");
    }
    let other = open(&mut b, r"\Device\Harddisk0\Cache1", SYNCHRONOUS);
    assert_eq!(transfer(&mut b, "NtReadFile", other, 0), NtStatus::SUCCESS);
    assert_eq!(b.word(0x400), 0);
}

/// The steps of the library that titles have for the utility drive, by a published description of
/// them (R-comp, "Xbox 360 hard drive"): the disk's record, the formatter, the volume's allocation
/// unit, and the device that `cache0:` leads to.
#[test]
fn a_titles_library_mounts_the_drive_that_it_has_formatted() {
    const SYNC_ALERT_UNBUFFERED: u64 = 0x18;
    const SPACE_QUERY: u64 = 0x80_0021;
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let disk = open(&mut b, r"\Device\Harddisk0\partition0", 0x22);
    // 1,024 bytes at offset 2,048: the record of the partitions' owners.
    b.memory().write(b.scratch.offset(0x60), 0x800_u64).unwrap();
    let record = [disk, 0, 0, 0, base + 8, base + 0x400, 0x400, base + 0x60];
    assert_eq!(b.status("NtReadFile", &record), NtStatus::SUCCESS);
    assert_eq!((b.word(12), b.word(0x400)), (0x400, 0), "no record yet");
    assert_eq!(b.status("NtWriteFile", &record), NtStatus::SUCCESS);
    let space = |b: &mut Harness, file| {
        let query = [file, base + 8, base + 0x80, 0x18, 3];
        assert_eq!(b.status("NtQueryVolumeInformationFile", &query), NtStatus::SUCCESS);
        (u64::from(b.word(0x84)), b.word(0x90) * b.word(0x94))
    };
    let lengths = |b: &mut Harness, file| {
        for (code, size) in [(0x7_0000, 8), (0x7_4004, 0x10)] {
            let control = [file, 0, 0, 0, base + 8, code, 0, 0, base + 0x40 + size, size];
            assert_eq!(b.status("NtDeviceIoControlFile", &control), NtStatus::SUCCESS);
        }
        // Sectors, bytes of a sector, bytes of the partition.
        (b.word(0x48), b.word(0x4C), b.word(0x5C))
    };
    for unit in [0x1_0000_u32, 0x2000] {
        let partition = open(&mut b, PARTITION, SYNC_ALERT_UNBUFFERED);
        let before = lengths(&mut b, partition);
        assert_eq!((before.0 * before.1, before.1), (before.2, 0x200));
        b.memory().fill(b.scratch.offset(0x400), 0x200, 0).unwrap();
        let header = [&b"XTAF"[..], &[0, 0, 0, 9], &(unit / 0x200).to_be_bytes(), &[0, 0, 0, 1]].concat();
        b.memory().write_bytes(b.scratch.offset(0x400), &header).unwrap();
        assert_eq!(transfer(&mut b, "NtWriteFile", partition, 0), NtStatus::SUCCESS);
        assert_eq!(b.status("IoDismountVolumeByFileHandle", &[partition]), NtStatus::SUCCESS);
        assert_eq!(lengths(&mut b, partition), before, "the partition is as long as before");
        b.status("NtClose", &[partition]);
        let root = open(&mut b, r"\Device\Harddisk0\Cache0\", SPACE_QUERY);
        assert_eq!(space(&mut b, root), (u64::from(before.2 / unit), unit), "as it was formatted");
        b.status("NtClose", &[root]);
    }
    let volume = open(&mut b, PARTITION, 0x28);
    assert_eq!(space(&mut b, volume).1, 0x2000);
    let alignment = [volume, base + 8, base + 0x80, 4, 17];
    assert_eq!(b.status("NtQueryInformationFile", &alignment), NtStatus::SUCCESS);
    assert_eq!(b.word(0x80), 0);
    let name = b.put_string(0x200, r"\Device\cache0");
    assert_eq!(b.status("IoCreateDevice", &[0x8200_1000, 0x40, name, 61, 0, base]), NtStatus::SUCCESS);
    for (link, target) in [(r"\??\cache:", r"\Device\cache0"), (r"\??\cache0:", r"\Device\cache0")] {
        let link = b.put_string(0x300, link);
        let target = b.put_string(0x200, target);
        assert_eq!(b.status("ObCreateSymbolicLink", &[link, target]), NtStatus::SUCCESS);
    }
    let root = open(&mut b, r"cache0:\", SPACE_QUERY);
    assert_eq!(space(&mut b, root).1, 0x2000);
}

#[test]
fn a_drivers_device_is_made_and_deleted_once() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let name = b.put_string(0x100, r"\Device\Own");
    let make = |b: &mut Harness, size, name| {
        let made = b.status("IoCreateDevice", &[0x8200_1000, size, name, 7, 0, base]);
        (made, GuestAddr(b.word(0)))
    };
    let (made, device) = make(&mut b, 13, name);
    assert_eq!(made, NtStatus::SUCCESS);
    let own = device.offset(device_object::SIZE);
    for (offset, word) in [
        (0, 0x0300_005D),
        (device_object::DRIVER, 0x8200_1000),
        (device_object::FLAGS, 0x18),
        (device_object::EXTENSION, own.0),
        (device_object::DEVICE_TYPE, 0x0700_0100),
        (device_object::SIZE, 0),
    ] {
        assert_eq!(b.memory().read::<u32>(device.offset(offset)), Ok(word), "{offset:#x}");
    }
    assert_eq!(make(&mut b, 0x1_0001, 0).0, NtStatus::INSUFFICIENT_RESOURCES);
    assert_eq!(make(&mut b, u64::from(u32::MAX), 0).0, NtStatus::INSUFFICIENT_RESOURCES);
    let (_, plain) = make(&mut b, 0, 0);
    assert_eq!(b.memory().read::<u32>(plain.offset(device_object::EXTENSION)), Ok(0));
    let kind = |b: &Harness, at| b.kernel.objects.by_pointer(at).map(|object| object.kind());
    assert_eq!(kind(&b, device), Some(ObjectKind::Device));
    // Deleted twice, and invalid addresses.
    let event = b.kthread();
    for at in [u64::from(device.0), device.0.into(), event, 0, 0xFFFF_FFFF] {
        b.kernel_call("IoDeleteDevice", &[at]);
    }
    assert_eq!((kind(&b, device), kind(&b, plain)), (None, Some(ObjectKind::Device)));
}

#[test]
fn files_below_the_device_for_a_disk_are_those_of_the_disk() {
    const PACKAGES: u64 = 61;
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let make = |b: &mut Harness, name, device_type| {
        let name = b.put_string(0x100, name);
        let made = b.status("IoCreateDevice", &[0x8200_1000, 0, name, device_type, 0, base]);
        (made, u64::from(b.word(0)))
    };
    let leads_to = |b: &Harness, path: &str| {
        let files = b.kernel.files.lock();
        files.vfs.resolve(path).map(|found| files.vfs.full_name(&found)).ok()
    };
    let is_drivers = |b: &Harness, path: &str| b.kernel.files.lock().driver_device(path).is_some();
    let own = r"\Device\Own\a";
    let disk = |number: u32| Some(format!(r"\Device\Harddisk0\Cache{number}\a"));
    assert_eq!(leads_to(&b, own), None);
    let (made, device) = make(&mut b, r"\Device\Own", PACKAGES);
    assert_eq!((made, leads_to(&b, own)), (NtStatus::SUCCESS, disk(0)));
    assert_eq!(make(&mut b, r"\device\OWN", 7).0, NtStatus::OBJECT_NAME_COLLISION);
    b.kernel_call("IoDeleteDevice", &[device]);
    b.kernel.run_deferred_deletions();
    assert_eq!(leads_to(&b, own), None);
    // The raw bytes that were opened last determine which disk it is, for one device.
    open(&mut b, r"\Device\Harddisk0\Cache1", SYNCHRONOUS);
    open(&mut b, r"\Device\Harddisk0\Partition0", SYNCHRONOUS);
    assert_eq!((make(&mut b, r"\Device\Own", 7).0, leads_to(&b, own)), (NtStatus::SUCCESS, disk(1)));
    let name = b.put_string(0x100, r"\??\util:");
    let target = b.put_string(0x200, r"\Device\Own");
    assert_eq!(b.status("ObCreateSymbolicLink", &[name, target]), NtStatus::SUCCESS);
    assert_eq!(leads_to(&b, r"util:\a"), disk(1));
    assert!(!is_drivers(&b, own));
    let (made, other) = make(&mut b, r"\Device\Other", 7);
    assert_eq!((made, leads_to(&b, r"\Device\Other\a")), (NtStatus::SUCCESS, None));
    assert!(is_drivers(&b, r"\device\other\a") && !is_drivers(&b, r"\Device\Others"));
    assert_eq!(make(&mut b, r"\device\OTHER", 7).0, NtStatus::OBJECT_NAME_COLLISION);
    b.kernel_call("IoDeleteDevice", &[other]);
    assert!(!is_drivers(&b, r"\Device\Other\a"));
    // A name that leads somewhere keeps its meaning.
    assert_eq!(make(&mut b, r"\Device\Harddisk0\Cache0\x", 7).0, NtStatus::SUCCESS);
    assert_eq!(leads_to(&b, r"cache0:\x"), Some(r"\Device\Harddisk0\Cache0\x".to_owned()));
}

/// The calls by which a title's own file system shares a file among its opens.
#[test]
fn a_titles_file_system_shares_files() {
    const READ: u64 = 1;
    const WRITE: u64 = 2;
    const DELETE: u64 = 0x1_0000;
    const ATTRIBUTES: u64 = 0x80;
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let counts = base;
    let files = [base + 0x100, base + 0x200, base + 0x300];
    let bytes = |b: &Harness| {
        let mut bytes = [0; 7];
        b.memory().read_bytes(b.scratch, &mut bytes).unwrap();
        bytes
    };
    let check = |b: &mut Harness, rights, mode, file, update| {
        b.status("IoCheckShareAccess", &[rights, mode, file, counts, update])
    };
    b.kernel_call("IoSetShareAccess", &[READ | WRITE, 1, files[0], counts]);
    assert_eq!(bytes(&b), [1, 1, 1, 0, 1, 0, 0], "one open: reads and writes, shares reading");
    assert_eq!(b.memory().read::<u8>(b.scratch.offset(0x102)), Ok(0x68));
    let refused = NtStatus::SHARING_VIOLATION;
    for (rights, mode, answer) in [
        (WRITE, 3, refused),
        (DELETE, 7, refused),
        (READ, 1, refused),
        (READ, 3, NtStatus::SUCCESS),
        (ATTRIBUTES, 0, NtStatus::SUCCESS),
    ] {
        assert_eq!(check(&mut b, rights, mode, files[1], 0), answer, "{rights:#x} {mode}");
    }
    assert_eq!(bytes(&b), [1, 1, 1, 0, 1, 0, 0], "only checked");
    assert_eq!(check(&mut b, READ, 3, files[1], 1), NtStatus::SUCCESS);
    assert_eq!(check(&mut b, ATTRIBUTES, 0, files[2], 1), NtStatus::SUCCESS);
    assert_eq!(bytes(&b), [2, 2, 1, 0, 2, 1, 0]);
    for file in [files[2], files[0]] {
        b.kernel_call("IoRemoveShareAccess", &[file, counts]);
    }
    assert_eq!(bytes(&b), [1, 1, 0, 0, 1, 1, 0]);
    assert_eq!(check(&mut b, WRITE, 1, files[0], 1), NtStatus::SUCCESS);
    b.kernel_call("IoSetShareAccess", &[ATTRIBUTES, 7, files[2], counts]);
    assert_eq!(bytes(&b), [0; 7]);
    b.memory().write(b.scratch, 0xFF_u8).unwrap();
    assert_eq!(check(&mut b, READ, 7, files[0], 1), refused, "damaged counts");
    assert_eq!(check(&mut b, READ, 7, 0, 1), NtStatus::ACCESS_VIOLATION);
}

/// Memory that a title's driver takes for requests.
#[test]
fn memory_without_a_request_is_unchanged() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    b.memory().fill(b.scratch, 0x100, 0xEE).unwrap();
    let refused = NtStatus::INVALID_DEVICE_REQUEST;
    let synchronous = [0x7_0000, base, 0, 0, base, 8, base + 0x40, 0];
    assert_eq!(b.status("IoSynchronousDeviceIoControlRequest", &synchronous), refused);
    for request in [base, 0, 0xFFFF_FFFF] {
        assert_eq!(b.status("IoInvalidDeviceRequest", &[base + 0x80, request]), refused);
        b.kernel_call("IoCompleteRequest", &[request, 1]);
    }
    assert!((0..0x40).all(|word| b.word(4 * word) == 0xEEEE_EEEE));
}

/// A title's packages of its own: their device would be above a driver.
#[test]
fn no_package_is_mounted_above_a_titles_driver() {
    const CODES: u64 = 6;
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let name = b.put_string(0x200, r"\Device\cache0");
    assert_eq!(b.status("IoCreateDevice", &[0x8200_1000, 0x40, name, 61, 0, base]), NtStatus::SUCCESS);
    let device = u64::from(b.word(0));
    b.memory().fill(b.scratch, 0x100, 0xEE).unwrap();
    for below in [base, device, 0, 0xFFFF_FFFF] {
        assert_eq!(b.status("StfsCreateDevice", &[below, 0, base + 0x80]), NtStatus::NOT_SUPPORTED);
        for code in 0..CODES {
            let control = [below, code, base, 0x24, base, 0x24];
            assert_eq!(b.status("StfsControlDevice", &control), NtStatus::INVALID_DEVICE_REQUEST);
        }
    }
    assert!((0..0x40).all(|word| b.word(4 * word) == 0xEEEE_EEEE));
}

#[test]
fn the_scratch_disks_names_are_the_titles_to_make() {
    let mut b = Harness::new();
    let exists = NtStatus::OBJECT_NAME_COLLISION;
    for (name, target, answer, leads_to) in [
        // A driver's own device has no files, so the name stays unchanged.
        (r"\??\cache0:", r"\Device\Own", NtStatus::SUCCESS, Some(r"\Device\Harddisk0\Cache0\a")),
        ("cache:", r"\Device\Own\", NtStatus::SUCCESS, Some(r"\Device\Harddisk0\Cache0\a")),
        (r"\??\CACHE:", r"\Device\Harddisk0\Cache1", NtStatus::SUCCESS, Some(r"\Device\Harddisk0\Cache1\a")),
        (r"\??\cache:", "cache1:", NtStatus::SUCCESS, Some(r"\Device\Harddisk0\Cache1\a")),
        ("game:", r"\Device\Harddisk0\Cache1", exists, None),
        ("hdd:", r"\Device\Own", exists, None),
    ] {
        let name_at = b.put_string(0x100, name);
        let target_at = b.put_string(0x200, target);
        assert_eq!(b.status("ObCreateSymbolicLink", &[name_at, target_at]), answer, "{name} {target}");
        if let Some(expected) = leads_to {
            let files = b.kernel.files.lock();
            let found = files.vfs.resolve(&format!(r"{name}\a")).unwrap();
            assert_eq!(files.vfs.full_name(&found), expected, "{name} {target}");
        }
    }
}

#[test]
fn a_task_is_a_thread_of_the_systems() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let title = b.kernel.threads.lock().processes.title;
    b.memory().write(title.offset(xenia_guest::layout::kprocess::KERNEL_STACK_SIZE), 0x6_0000_u32).unwrap();
    assert_eq!(b.xam_call("XamTaskSchedule", &[0x8200_4000, 0x1234, 0, base]), 0);
    let handle = u64::from(b.word(0));
    {
        let threads = b.kernel.threads.lock();
        let task = threads.iter().max_by_key(|record| record.id).unwrap();
        let ctx = b.scheduler.thread(task.reference).unwrap().context().unwrap();
        assert_eq!((ctx.pc, ctx.gpr[3]), (0x8200_4000, 0x1234));
        assert_eq!(task.stack.base.0 - task.stack.limit.0, 0x6_0000, "the title's stack size");
        let process_type = task.kthread.offset(xenia_guest::layout::kthread::PROCESS_TYPE);
        assert_eq!(b.memory().read::<u8>(process_type), Ok(2), "the system's");
        let processor = task.kthread.offset(xenia_guest::layout::kthread::CURRENT_CPU);
        assert_eq!(b.memory().read::<u8>(processor), Ok(5), "not its caller's");
    }
    assert_eq!(b.xam_call("XamTaskShouldExit", &[handle]), 0);
    b.xam_call("XamTaskCloseHandle", &[handle]);
    assert_eq!(b.status("NtClose", &[handle]), NtStatus::INVALID_HANDLE, "closed already");
    assert_ne!(
        b.xam_call("XamTaskSchedule", &[0x8200_4000, 0, 0, 0]) as u32 >> 31,
        0,
        "nowhere to put the handle"
    );
}
