//! Drivers and callers that damage structures from the kernel.

use super::*;
use xenia_limits::Limit;

impl Rig {
    /// Ends the thread that has made the calls so far; another one makes the next.
    fn end_caller(&mut self) {
        let other = self.b.add_thread();
        let ended = self.b.act_as(other);
        let id = self.b.scheduler.thread(ended).unwrap().id;
        let kernel = self.b.kernel.clone();
        self.b.with_call(|call| kernel.end_thread(call.cpu, id, 0).unwrap());
    }
}

#[test]
fn damaged_devices_and_pointers_are_errors_of_the_call() {
    let mut rig = Rig::new();
    let before = rig.counts();
    let device = GuestAddr(rig.device);
    let field = |rig: &Rig, offset: u32, value: u32| {
        let old = rig.read(device.offset(offset));
        rig.b.memory().write(device.offset(offset), value).unwrap();
        old
    };
    for wild in [0, 4, 0xFFFF_FFF0, 0x7FFF_0000] {
        let old = field(&rig, device_object::DRIVER, wild);
        assert!(rig.open(r"own:\a", SYNCHRONOUS).is_some_and(NtStatus::is_error), "{wild:#x}");
        let returned = rig.at(0x20);
        let control = [0, device.0.into(), 0, 0, 0, 0, returned, 0];
        let sent = rig.call("IoSynchronousDeviceIoControlRequest", &control);
        assert!(sent.is_some_and(NtStatus::is_error), "{wild:#x}");
        field(&rig, device_object::DRIVER, old);
    }
    let old = field(&rig, device_object::DEVICE_TYPE, 0x2200_FF00);
    assert_eq!(rig.open(r"own:\a", SYNCHRONOUS), Some(NtStatus::INSUFFICIENT_RESOURCES), "255 locations");
    field(&rig, device_object::DEVICE_TYPE, old);
    for options in [0x30, 0x0100_0020] {
        assert!(rig.open(r"own:\a", options).is_some_and(NtStatus::is_error), "{options:#x}");
    }
    assert_eq!((rig.counts(), rig.seen.len()), (before.clone(), 0));
    // The open succeeds, but its results can't be stored.
    let attributes = rig.b.put_attributes(0x100, r"own:\a");
    let block = rig.at(BLOCK);
    let arguments = [0xFFFF_FFF0, READ_AND_WRITE, attributes, block, 3, SYNCHRONOUS];
    assert_eq!(rig.call("NtOpenFile", &arguments), Some(NtStatus::ACCESS_VIOLATION));
    assert_eq!(rig.kinds(), [major::CREATE, major::CLEANUP, major::CLOSE]);
    assert_eq!(rig.counts(), before, "the file is closed again");
    let file = rig.opened(SYNCHRONOUS);
    let data = rig.at(DATA);
    for arguments in [[file, 0, 0, 0, 0xFFFF_FFF0, data, 1, 0], [file, 0xFFF0, 0, 0, block, data, 1, 0]] {
        assert!(rig.call("NtReadFile", &arguments).is_some());
    }
    for (name, count) in [("NtReadFileScatter", 8), ("NtWriteFileGather", 8)] {
        let arguments = [file, 0, 0, 0, block, data, 0x1000, 0];
        assert!(rig.call(name, &arguments[..count]).is_some_and(NtStatus::is_error), "{name}");
    }
}

#[test]
fn a_driver_that_overwrites_its_requests_harms_only_itself() {
    let mut rig = Rig::new();
    let before = rig.counts();
    let file = rig.opened(0);
    let body = rig.seen[0].file;
    rig.keeps = vec![major::READ];
    assert_eq!(rig.transfer("NtReadFile", file, 0), Some(NtStatus::PENDING));
    let packet = rig.kept.pop().unwrap();
    rig.b.memory().fill(GuestAddr(packet), irp::SIZE + io_stack_location::SIZE + 0x10, 0xEE).unwrap();
    rig.b.memory().fill(GuestAddr(body), file_object::SIZE, 0xEE).unwrap();
    for at in [packet + 8, packet - 4, body, 0, u32::MAX] {
        assert!(rig.call("IoCompleteRequest", &[at.into(), 0]).is_some());
    }
    assert!(rig.call("IoCompleteRequest", &[packet.into(), 0]).is_some());
    assert_eq!(rig.block(), [0xEEEE_EEEE; 2]);
    rig.kinds();
    assert_eq!(rig.call("NtClose", &[file]), Some(NtStatus::SUCCESS));
    assert_eq!(rig.kinds(), [major::CLEANUP, major::CLOSE]);
    assert_eq!(rig.counts(), before);
}

#[test]
fn a_device_takes_no_names_of_others_and_devices_have_a_limit() {
    let mut rig = Rig::new();
    let driver = rig.at(DRIVER);
    let at = rig.at(0);
    let make = |rig: &mut Rig, name: &str| {
        let name = rig.b.put_string(0x100, name);
        rig.call("IoCreateDevice", &[driver, 0, name, 0x22, 0, at])
    };
    let is_drivers = |rig: &Rig, path: &str| rig.b.kernel.files.lock().driver_device(path).is_some();
    for name in ["", r"\Device", r"\Device\Harddisk0", "cache:", r"\Device\Harddisk0\Cache0"] {
        assert_eq!(make(&mut rig, name), Some(NtStatus::SUCCESS), "{name}");
    }
    for path in [r"cache:\a", r"cache:\a*b", r"\Device\Harddisk0\Cache0\x?", r"\Device\Other\x"] {
        assert!(!is_drivers(&rig, path), "{path}");
    }
    for number in 1..256 {
        assert_eq!(make(&mut rig, &format!(r"\Device\Own{number}")), Some(NtStatus::SUCCESS));
    }
    assert_eq!(make(&mut rig, r"\Device\OneMore"), Some(NtStatus::INSUFFICIENT_RESOURCES));
    assert!(is_drivers(&rig, r"\Device\Own255\x"));
}

#[test]
fn the_requests_of_a_driver_have_a_limit() {
    let mut rig = Rig::new();
    let file = rig.opened(0);
    rig.keeps = vec![major::READ];
    let limit = Limit::PendingTransfers.row().value;
    for _ in 0..limit {
        assert_eq!(rig.transfer("NtReadFile", file, 0), Some(NtStatus::PENDING));
        rig.seen.clear();
    }
    assert_eq!(rig.transfer("NtReadFile", file, 0), Some(NtStatus::INSUFFICIENT_RESOURCES));
    // Cleanup would be one more: the handle is closed nevertheless.
    assert_eq!(rig.call("NtClose", &[file]), Some(NtStatus::SUCCESS));
    for packet in std::mem::take(&mut rig.kept) {
        rig.complete(packet);
    }
    assert_eq!(rig.kinds(), [major::CLOSE]);
}

#[test]
fn opens_and_ended_requests_of_a_thread_that_ends_are_given_up() {
    let mut rig = Rig::new();
    let before = rig.counts();
    // One request waits for its driver, the other has ended and its call has not seen it.
    rig.keeps = vec![major::CREATE];
    for _ in 0..2 {
        assert_eq!(rig.open(r"own:\a", SYNCHRONOUS), None);
    }
    rig.end = (NtStatus::SUCCESS, 1);
    let first = rig.kept.remove(0);
    rig.complete(first);
    rig.end_caller();
    rig.kinds();
    let second = rig.kept.pop().unwrap();
    rig.complete(second);
    assert_eq!(rig.kinds(), [major::CLOSE]);
    let files = |objects: Vec<(ObjectKind, GuestAddr)>| {
        objects.into_iter().filter(|(kind, _)| *kind == ObjectKind::DriverFile).count()
    };
    assert_eq!((files(rig.counts()), files(before)), (0, 0));
}

#[test]
fn the_end_of_a_thread_leaves_its_requests_without_a_reader() {
    let mut rig = Rig::new();
    let file = rig.opened(0);
    rig.keeps = vec![major::READ];
    assert_eq!(rig.transfer("NtReadFile", file, 0), Some(NtStatus::PENDING));
    rig.set_block(9);
    rig.end_caller();
    let packet = rig.kept.pop().unwrap();
    rig.complete(packet);
    assert_eq!(rig.block(), [9, 9]);
    rig.kinds();
    assert_eq!(rig.call("NtClose", &[file]), Some(NtStatus::SUCCESS));
    assert_eq!(rig.kinds(), [major::CLEANUP, major::CLOSE]);
}

#[test]
fn the_end_of_a_thread_drops_the_devices_of_its_requests() {
    let mut rig = Rig::new();
    let device = GuestAddr(rig.device);
    let counts = |rig: &Rig| rig.b.kernel.objects.counts(device);
    let before = counts(&rig);
    rig.keeps = vec![major::DEVICE_CONTROL];
    let control = [0x22_0008, device.0.into(), 0, 0, 0, 0, 0, 0];
    for _ in 0..2 {
        assert_eq!(rig.call("IoSynchronousDeviceIoControlRequest", &control), None);
    }
    // One ends before the thread, the other after it.
    let [first, second] = rig.kept[..] else { panic!("{:?}", rig.kept) };
    rig.complete(first);
    assert_ne!(counts(&rig), before);
    rig.end_caller();
    rig.complete(second);
    assert_eq!(counts(&rig), before);
}

#[test]
fn a_wait_that_fails_frees_a_request_that_is_over() {
    let mut rig = Rig::new();
    let before = rig.counts();
    rig.keeps = vec![major::CREATE];
    assert_eq!(rig.open(r"own:\a", SYNCHRONOUS), None);
    rig.end = (NtStatus::SUCCESS, 1);
    let packet = rig.kept.pop().unwrap();
    rig.complete(packet);
    rig.kinds();
    let then = rig.waiting.pop().unwrap();
    let flow = rig.b.resume(then, NtStatus::INVALID_PARAMETER.to_register());
    assert_eq!(rig.play(flow), Some(NtStatus::INVALID_PARAMETER));
    assert_eq!(rig.kinds(), [major::CLOSE]);
    assert_eq!(rig.counts(), before);
}
