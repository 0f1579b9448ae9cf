//! Requests that a driver keeps: their ends reach the caller, and files and devices live as long as
//! requests need them.

use super::*;
use xenia_guest::layout::object_header;
use xenia_kernel::files::drivers::NewFile;

fn event(rig: &mut Rig) -> u64 {
    let at = rig.at(0x20);
    assert_eq!(rig.call("NtCreateEvent", &[at, 0, 0, 0]), Some(NtStatus::SUCCESS));
    rig.b.word(0x20).into()
}

fn is_signalled(rig: &mut Rig, event: u64) -> bool {
    let at = rig.at(0x30);
    assert_eq!(rig.call("NtQueryEvent", &[event, at]), Some(NtStatus::SUCCESS));
    rig.b.word(0x34) != 0
}

#[test]
fn an_asynchronous_request_ends_by_status_block_events_apc_and_port() {
    let mut rig = Rig::new();
    let file = rig.opened(0);
    let body = GuestAddr(rig.seen[0].file);
    let event = event(&mut rig);
    let at = rig.at(0x20);
    let block = rig.at(BLOCK);
    let data = rig.at(DATA);
    assert_eq!(rig.call("NtCreateIoCompletion", &[at, 0, 0, 0]), Some(NtStatus::SUCCESS));
    let port = rig.b.word(0x20);
    rig.b.memory().write(rig.b.scratch.offset(0x24), 0x77_u32).unwrap();
    for status in [NtStatus::SUCCESS, NtStatus::INVALID_PARAMETER] {
        assert_eq!(rig.call("NtSetInformationFile", &[file, block, at, 8, 30]), Some(status));
    }
    rig.keeps = vec![major::READ];
    rig.set_block(9);
    rig.b.memory().write(rig.b.scratch.offset(OFFSET), 0_u64).unwrap();
    let read = [file, event, 0x8200_0001, 0x55, block, data, 0x80, rig.at(OFFSET)];
    assert_eq!(rig.call("NtReadFile", &read), Some(NtStatus::PENDING));
    assert_eq!((rig.block(), is_signalled(&mut rig, event)), ([9, 9], false));
    assert_eq!(rig.read(body.offset(file_object::EVENT + 4)), 0);
    let packet = rig.kept[0];
    assert_eq!(rig.read(GuestAddr(packet).offset(irp::OVERLAY)), 0x8200_0001);
    rig.end = (NtStatus::SUCCESS, 0x66);
    rig.complete(packet);
    assert_eq!((rig.block(), is_signalled(&mut rig, event)), ([0, 0x66], true));
    assert_eq!(rig.read(body.offset(file_object::EVENT + 4)), 1);
    let remove = [u64::from(port), at + 0x10, at + 0x14, at + 0x18, 0];
    assert_eq!(rig.call("NtRemoveIoCompletion", &remove), Some(NtStatus::SUCCESS));
    let words = [0x30, 0x34, 0x38, 0x3C].map(|offset| rig.b.word(offset));
    assert_eq!(words, [0x77, 0x55, 0, 0x66]);
    let id = rig.b.scheduler.thread(rig.b.thread).unwrap().id;
    let apcs =
        rig.b.kernel.threads.lock().get(id).unwrap().apcs.user.iter().map(|apc| apc.args).collect::<Vec<_>>();
    assert_eq!(apcs, [[0x55, block, 0]]);
    // A second completion finds no request.
    rig.set_block(9);
    rig.complete(packet);
    assert_eq!(rig.block(), [9, 9]);
    rig.kinds();
    assert_eq!(rig.call("NtClose", &[file]), Some(NtStatus::SUCCESS));
    assert_eq!(rig.kinds(), [major::CLEANUP, major::CLOSE]);
}

#[test]
fn a_thread_that_the_end_wakes_gets_the_boost_of_the_driver() {
    let mut rig = Rig::new();
    let file = rig.opened(0);
    let event = event(&mut rig);
    rig.keeps = vec![major::READ];
    assert_eq!(rig.transfer("NtReadFile", file, event), Some(NtStatus::PENDING));
    let packet = rig.kept.pop().unwrap();
    let other = rig.b.add_thread();
    let first = rig.b.act_as(other);
    assert_eq!(rig.b.carry_out("NtWaitForSingleObjectEx", &[event, 0, 0, 0]), None);
    rig.b.act_as(first);
    let priority = |rig: &Rig| rig.b.scheduler.thread(other).unwrap().priority();
    let before = priority(&rig);
    assert!(rig.call("IoCompleteRequest", &[packet.into(), 2]).is_some());
    assert_eq!((rig.b.answer(other), priority(&rig)), (Some(0), before + 2));
}

#[test]
fn a_synchronous_call_waits_for_the_end() {
    let mut rig = Rig::new();
    let file = rig.opened(SYNCHRONOUS);
    rig.keeps = vec![major::WRITE];
    assert_eq!(rig.transfer("NtWriteFile", file, 0), None);
    let then = rig.waiting.pop().unwrap();
    // It was woken early: it waits on.
    let flow = rig.b.resume(then, 0);
    assert_eq!(rig.play(flow), None);
    rig.end = (NtStatus::SUCCESS, 0x80);
    let packet = rig.kept.pop().unwrap();
    rig.complete(packet);
    let then = rig.waiting.pop().unwrap();
    let flow = rig.b.resume(then, 0);
    assert_eq!((rig.play(flow), rig.block()), (Some(NtStatus::SUCCESS), [0, 0x80]));
    // A driver that has kept the request may have ended it before its function returns.
    rig.keeps.clear();
    rig.forgets = vec![major::READ];
    rig.end = (NtStatus::SUCCESS, 3);
    assert_eq!(rig.transfer("NtReadFile", file, 0), Some(NtStatus::SUCCESS), "ended by its result");
}

#[test]
fn a_file_is_closed_after_the_requests_that_are_under_way() {
    let mut rig = Rig::new();
    let before = rig.counts();
    let file = rig.opened(0);
    rig.keeps = vec![major::READ];
    for _ in 0..2 {
        assert_eq!(rig.transfer("NtReadFile", file, 0), Some(NtStatus::PENDING));
    }
    rig.kinds();
    assert_eq!(rig.call("NtClose", &[file]), Some(NtStatus::SUCCESS));
    assert_eq!(rig.kinds(), [major::CLEANUP]);
    assert_eq!(rig.transfer("NtReadFile", file, 0), Some(NtStatus::INVALID_HANDLE));
    // The device is deleted meanwhile: no more opens, and it goes with its last file.
    let device = u64::from(rig.device);
    rig.call("IoDeleteDevice", &[device]);
    rig.call("IoDeleteDevice", &[device]);
    assert_ne!(rig.open(r"own:\a", 0), Some(NtStatus::SUCCESS));
    assert_eq!((rig.kinds(), rig.deleted.len()), (vec![], 0));
    for (packet, kinds) in std::mem::take(&mut rig.kept).into_iter().zip([vec![], vec![major::CLOSE]]) {
        rig.complete(packet);
        assert_eq!(rig.kinds(), kinds);
    }
    assert_eq!(rig.deleted, [rig.device]);
    let left: Vec<_> = before.into_iter().filter(|&(_, body)| body.0 != rig.device).collect();
    assert_eq!(rig.counts(), left);
}

#[test]
fn a_wait_for_a_file_keeps_its_memory() {
    let mut rig = Rig::new();
    let file = rig.opened(0);
    let body = GuestAddr(rig.seen[0].file);
    let block = GuestAddr(body.0 - object_header::SIZE);
    let is_allocated = |rig: &Rig| rig.b.kernel.pool.lock().size_of(block).is_some();
    let other = rig.b.add_thread();
    let first = rig.b.act_as(other);
    assert_eq!(rig.b.carry_out("NtWaitForSingleObjectEx", &[file, 0, 0, 0]), None);
    rig.b.act_as(first);
    let device = u64::from(rig.device);
    rig.call("IoDeleteDevice", &[device]);
    rig.kinds();
    assert_eq!(rig.call("NtClose", &[file]), Some(NtStatus::SUCCESS));
    assert_eq!(rig.kinds(), [major::CLEANUP, major::CLOSE]);
    assert_eq!(rig.deleted, [rig.device], "no file is open on it");
    assert!(is_allocated(&rig), "a thread waits for the event in it");
    rig.b.kernel_call("KeSetEvent", &[u64::from(body.offset(file_object::EVENT).0), 0, 0]);
    assert_eq!(rig.b.answer(other), Some(0));
    rig.b.kernel.run_deferred_deletions();
    assert!(!is_allocated(&rig));
}

#[test]
fn references_and_handles_of_a_file_keep_it_open() {
    let mut rig = Rig::new();
    let file = rig.opened(SYNCHRONOUS);
    let body = rig.seen[0].file;
    let at = rig.at(0);
    assert_eq!(rig.call("ObOpenObjectByPointer", &[body.into(), at]), Some(NtStatus::SUCCESS));
    let second = u64::from(rig.b.word(0));
    let type_of_files = {
        let b = &rig.b;
        b.kernel.imports.make_variable(b.memory(), &b.kernel.pool, Library::xboxkrnl, "IoFileObjectType")
    };
    let type_of_files = u64::from(type_of_files.unwrap().0);
    let reference = [second, type_of_files, at];
    assert_eq!(rig.call("ObReferenceObjectByHandle", &reference), Some(NtStatus::SUCCESS));
    assert_eq!(rig.b.word(0), body);
    rig.kinds();
    rig.call("NtClose", &[file]);
    assert!(rig.kinds().is_empty());
    rig.call("NtClose", &[second]);
    assert_eq!(rig.kinds(), [major::CLEANUP]);
    assert_eq!(rig.read(GuestAddr(body)) & 0xFF, 0x31, "cleaned up");
    rig.call("ObDereferenceObject", &[body.into()]);
    assert_eq!(rig.kinds(), [major::CLOSE]);
}

#[test]
fn a_duplication_that_closes_the_last_handle_notifies_the_driver() {
    const CLOSE_SOURCE: u64 = 1;
    let mut rig = Rig::new();
    let before = rig.counts();
    let file = rig.opened(SYNCHRONOUS);
    rig.kinds();
    let at = rig.at(0);
    assert_eq!(rig.call("NtDuplicateObject", &[file, at, CLOSE_SOURCE]), Some(NtStatus::SUCCESS));
    assert!(rig.kinds().is_empty(), "there is another handle");
    let copy = rig.b.word(0).into();
    assert_eq!(rig.call("NtDuplicateObject", &[copy, 0, CLOSE_SOURCE]), Some(NtStatus::SUCCESS));
    assert_eq!(rig.kinds(), [major::CLEANUP, major::CLOSE]);
    assert_eq!(rig.counts(), before);
}

#[test]
fn a_failed_duplication_closes_its_source_and_notifies_the_driver() {
    let mut rig = Rig::new();
    let before = rig.counts();
    let file = rig.opened(SYNCHRONOUS);
    rig.kinds();
    assert_eq!(rig.call("NtDuplicateObject", &[file, 8, 1]), Some(NtStatus::ACCESS_VIOLATION));
    assert_eq!(rig.kinds(), [major::CLEANUP, major::CLOSE], "the source is closed all the same");
    assert_eq!(rig.counts(), before);
}

#[test]
fn a_driver_is_notified_when_xam_closes_its_file() {
    for name in ["CloseHandle", "XamTaskCloseHandle"] {
        let mut rig = Rig::new();
        let before = rig.counts();
        let file = rig.opened(SYNCHRONOUS);
        rig.kinds();
        let flow = rig.b.call(Library::xam, name, &[file]);
        let closed = rig.play(flow);
        assert_eq!(rig.kinds(), [major::CLEANUP, major::CLOSE], "{name}");
        assert_eq!(rig.counts(), before, "{name}");
        if name == "CloseHandle" {
            assert_eq!(closed, Some(NtStatus(1)), "true");
            assert_eq!(rig.b.xam_call(name, &[file]), 0);
        }
    }
}

#[test]
fn cancelled_requests_are_marked_and_their_routines_called() {
    let mut rig = Rig::new();
    let file = rig.opened(0);
    rig.keeps = vec![major::READ];
    for _ in 0..3 {
        assert_eq!(rig.transfer("NtReadFile", file, 0), Some(NtStatus::PENDING));
    }
    let kept = rig.kept.clone();
    for &packet in &kept[..2] {
        rig.b.memory().write(GuestAddr(packet).offset(irp::CANCEL_ROUTINE), CANCEL).unwrap();
    }
    let block = rig.at(BLOCK);
    assert_eq!(rig.call("NtCancelIoFile", &[file, block]), Some(NtStatus::SUCCESS));
    let mut expected = kept[..2].to_vec();
    expected.sort_unstable();
    assert_eq!(rig.cancelled, expected);
    assert_eq!(rig.b.memory().read(GuestAddr(kept[2]).offset(irp::CANCEL)), Ok(1_u8));
    rig.complete(kept[2]);
    rig.kinds();
    rig.call("NtClose", &[file]);
    assert_eq!(rig.kinds(), [major::CLEANUP, major::CLOSE]);
}

#[test]
fn requests_without_a_file_and_refused_ones() {
    let mut rig = Rig::new();
    let device = u64::from(rig.device);
    let data = rig.at(DATA);
    let returned = rig.at(0x20);
    let before = rig.counts();
    rig.end = (NtStatus::SUCCESS, 0x18);
    let control = [0x22_0008, device, data, 4, data + 8, 0x20, returned, 0];
    assert_eq!(rig.call("IoSynchronousDeviceIoControlRequest", &control), Some(NtStatus::SUCCESS));
    assert_eq!(rig.b.word(0x20), 0x18);
    let [seen] = std::mem::take(&mut rig.seen)[..] else { panic!() };
    assert_eq!((seen.parameters, seen.file), ([0x20, data as u32, 4, 0x22_0008], 0));
    assert_eq!(rig.counts(), before);
    assert_eq!(rig.call("IoDismountVolume", &[device]), Some(NtStatus::SUCCESS), "no such function");
    rig.b.memory().write(rig.b.scratch.offset(DRIVER + DISMOUNT_AT), DISMOUNT).unwrap();
    rig.end.0 = NtStatus::DISK_FULL;
    assert_eq!(rig.call("IoDismountVolume", &[device]), Some(NtStatus::DISK_FULL));
    let name = rig.b.put_string(0x100, r"\Device\Own");
    assert_eq!(rig.call("IoDismountVolumeByName", &[name]), Some(NtStatus::DISK_FULL));
    let file = rig.opened(SYNCHRONOUS);
    rig.end.0 = NtStatus::DISK_FULL;
    assert_eq!(rig.call("IoDismountVolumeByFileHandle", &[file]), Some(NtStatus::DISK_FULL));
    // A function that is missing, and the kernel's own that refuses.
    let function = rig.b.scratch.offset(DRIVER + driver_object::MAJOR_FUNCTIONS + 4 * u32::from(major::READ));
    rig.b.memory().write(function, 0_u32).unwrap();
    let refused = NtStatus::INVALID_DEVICE_REQUEST;
    assert_eq!(rig.transfer("NtReadFile", file, 0), Some(refused));
    assert_eq!(rig.block(), [refused.0, 0]);
    rig.keeps = vec![major::WRITE];
    assert_eq!(rig.transfer("NtWriteFile", file, 0), None);
    let packet = rig.kept.pop().unwrap();
    assert_eq!(rig.call("IoInvalidDeviceRequest", &[device, packet.into()]), Some(refused));
    assert_eq!(rig.block(), [refused.0, 0]);
    let then = rig.waiting.pop().unwrap();
    let flow = rig.b.resume(then, 0);
    assert_eq!(rig.play(flow), Some(refused));
}

#[test]
fn an_exclusive_device_has_one_file() {
    let mut rig = Rig::new();
    let device = GuestAddr(rig.device);
    let flags = rig.read(device.offset(device_object::FLAGS)) | device_object::flag::DO_EXCLUSIVE;
    rig.b.memory().write(device.offset(device_object::FLAGS), flags).unwrap();
    let file = rig.opened(SYNCHRONOUS);
    let before = rig.counts();
    assert_eq!(rig.open(r"own:\a", SYNCHRONOUS), Some(NtStatus::ACCESS_DENIED));
    assert_eq!(rig.counts(), before);
    assert_eq!(rig.read(device.offset(device_object::REFERENCE_COUNT)), 1);
    assert_eq!(rig.call("NtClose", &[file]), Some(NtStatus::SUCCESS));
    rig.opened(SYNCHRONOUS);
}

#[test]
fn files_of_a_device_are_counted_on_all_host_threads() {
    let rig = Rig::new();
    let device = GuestAddr(rig.device);
    let kernel = &rig.b.kernel;
    let options = SYNCHRONOUS as u32;
    let new = NewFile { device, access: READ_AND_WRITE as u32, related: GuestAddr::NULL, options };
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..1000 {
                    let file = kernel.file_requests().make_driver_file(new).unwrap();
                    kernel.file_requests().remove_driver_file(file).unwrap();
                    kernel.dereference(file).unwrap();
                }
            });
        }
    });
    kernel.run_deferred_deletions();
    assert_eq!(rig.read(device.offset(device_object::REFERENCE_COUNT)), 0);
}
