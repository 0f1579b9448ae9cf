//! Tests of system services: objects by their types, failed assertions, data for the dashboard, and
//! events of devices.

use super::*;
use std::sync::Barrier;
use xenia_guest::layout::{ldr, list_entry};
use xenia_kernel::loader::Identity;
use xenia_kernel::objects::ObjectKind;

/// Returns the address of a type's variable.
fn type_of(b: &Harness, name: &str) -> u64 {
    let imports = &b.kernel.imports;
    let pool = &b.kernel.pool;
    u64::from(imports.make_variable(b.memory(), pool, Library::xboxkrnl, name).unwrap().0)
}

#[test]
fn objects_are_made_by_their_types() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    for (name, kind) in [
        ("ExEventObjectType", ObjectKind::Event),
        ("ExSemaphoreObjectType", ObjectKind::Semaphore),
        ("ExMutantObjectType", ObjectKind::Mutant),
        ("ExTimerObjectType", ObjectKind::Timer),
        ("IoDeviceObjectType", ObjectKind::Device),
    ] {
        let types = type_of(&b, name);
        assert_eq!(b.status("ObCreateObject", &[types, 0, 0x10, base]), NtStatus::SUCCESS, "{name}");
        let at = GuestAddr(b.word(0));
        assert_eq!(b.kernel.objects.by_pointer(at).map(|object| object.kind()), Some(kind));
        assert_eq!(b.kernel_call("ObIsTitleObject", &[u64::from(at.0)]), 1);
        b.kernel_call("ObDereferenceObject", &[u64::from(at.0)]);
        assert!(b.kernel.objects.by_pointer(at).is_none(), "one reference");
    }
    // The created object is used like any other.
    let types = type_of(&b, "ExEventObjectType");
    let attributes = b.put_attributes(0x100, "Own");
    assert_eq!(b.status("ObCreateObject", &[types, attributes, 0x10, base]), NtStatus::SUCCESS);
    let event = u64::from(b.word(0));
    b.kernel_call("KeInitializeEvent", &[event, 0, 0]);
    b.kernel_call("KeSetEvent", &[event, 0, 0]);
    assert_eq!(b.status("ObOpenObjectByPointer", &[event, base + 4]), NtStatus::SUCCESS);
    let handle = u64::from(b.word(4));
    assert_eq!(b.status("NtWaitForSingleObjectEx", &[handle, 0, 0, 0]), NtStatus::SUCCESS);
    // Arguments: not a type, a type whose objects have more than a body, too large, an invalid
    // name, no address for the handle.
    let thread = type_of(&b, "ExThreadObjectType");
    let invalid = NtStatus::INVALID_PARAMETER;
    for arguments in [[0, 0, 0x10, base], [base, 0, 0x10, base], [thread, 0, 0x10, base]] {
        assert_eq!(b.status("ObCreateObject", &arguments), invalid);
        assert_eq!(b.word(0), 0);
    }
    for size in [0x1_0001, 0xFFFF_FFFF] {
        assert_eq!(b.status("ObCreateObject", &[types, 0, size, base]), invalid);
    }
    let attributes = b.put_attributes(0x100, r"a\\b");
    assert_eq!(b.status("ObCreateObject", &[types, attributes, 0x10, base]), NtStatus::OBJECT_NAME_INVALID);
    for (attributes, object) in [(0, 0), (0x10, base)] {
        let status = b.status("ObCreateObject", &[types, attributes, 0x10, object]);
        assert_eq!(status, NtStatus::ACCESS_VIOLATION);
    }
    b.memory().fill(b.scratch.offset(0x200), 0x20, 0).unwrap();
    assert_eq!(b.kernel_call("ObIsTitleObject", &[base + 0x218]), 0);
    assert!(matches!(b.call(Library::xboxkrnl, "ObIsTitleObject", &[0]), Flow::Fault(_)));
}

#[test]
fn a_failed_assertion_is_logged() {
    let mut b = Harness::new();
    let function = b.put_text(0x100, "Draw");
    let expression = b.put_text(0x200, "count < 3");
    b.kernel_call("RtlRip", &[function, expression, 0]);
    assert_eq!(*b.text.lock().unwrap(), "RIP: Draw count < 3\n");
    assert!(matches!(b.call(Library::xboxkrnl, "RtlRip", &[0x10, 0, 0]), Flow::Fault(_)));
}

#[test]
fn the_system_management_controller_answers() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    for (command, words) in [
        (0x01_u8, [0x0111_0000, 0, 0, 0]),
        (0x07, [0x0700_3200, 0x3200_2D00, 0x2800_0000, 0]),
        (0x0A, [0x0A62_0000, 0, 0, 0]),
        (0x0F, [0x0F1F_0000, 0, 0, 0]),
        (0x99, [0x9900_0000, 0, 0, 0]),
    ] {
        b.memory().fill(b.scratch, 0x20, 0xEE).unwrap();
        b.memory().write(b.scratch, command).unwrap();
        b.kernel_call("HalSendSMCMessage", &[base, base + 0x10]);
        assert_eq!([0x10, 0x14, 0x18, 0x1C].map(|at| b.word(at)), words, "{command:#x}");
    }
    let mut clock = |now| {
        b.scheduler.set_now(now);
        b.memory().write(b.scratch, 4_u8).unwrap();
        b.kernel_call("HalSendSMCMessage", &[base, base + 0x10]);
        let bytes = b.memory().read::<u64>(b.scratch.offset(0x10)).unwrap().to_be_bytes();
        let mut milliseconds = [0; 8];
        milliseconds[..5].copy_from_slice(&bytes[1..6]);
        u64::from_le_bytes(milliseconds)
    };
    let start = clock(0);
    assert_eq!((start > 0, clock(TICKS_PER_SECOND) - start), (true, 1000));
    b.kernel_call("HalSendSMCMessage", &[base, 0]);
    b.memory().write(b.scratch, 0x82_u8).unwrap();
    assert!(matches!(b.call(Library::xboxkrnl, "HalSendSMCMessage", &[base, 0]), Flow::End(_)));
    b.kernel_call("HalOpenCloseODDTray", &[1]);
    assert_eq!(b.xam_call("XamLoaderGetDvdTrayState", &[]), 4, "closed, with a disc");
}

#[test]
fn the_system_s_own_answers() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    assert_eq!(b.xam_call("XamGetDashContext", &[]), 0);
    let listener = b.xam_call("XamNotifyCreateListener", &[1, 0]);
    b.xam_call("XamSetDashContext", &[0x1234_5678]);
    assert_eq!(b.xam_call("XamGetDashContext", &[]), 0x1234_5678);
    assert_eq!(b.xam_call("XNotifyGetNext", &[listener, 0x8000_000C, base, base + 4]), 1);
    assert_eq!((b.word(0), b.word(4)), (0x8000_000C, 0));
    let schema = b.xam_call("XamGetOnlineSchema", &[]);
    assert_eq!(b.xam_call("XamGetOnlineSchema", &[]), schema, "made once");
    let words: [u32; 5] =
        [0, 4, 8, 0x14, 0x30].map(|at| b.memory().read(GuestAddr(schema as u32).offset(at)).unwrap());
    assert_eq!(words, [schema as u32 + 8, 0x2C, 0, 0x2C, 0x18]);
    assert_eq!(b.kernel_call("HalGetCurrentAVPack", &[]), b.xam_call("XGetAVPack", &[]));
    assert_eq!(b.status("XeKeysGetConsoleType", &[base]), NtStatus::SUCCESS);
    assert_eq!(b.word(0), 2);
    assert_eq!(b.status("XeKeysGetConsoleType", &[0]), NtStatus::ACCESS_VIOLATION);
    let name = b.put_text(0x100, "game:\\other.xex");
    assert_eq!(b.status("XexLoadExecutable", &[name, 0, 0, base]), NtStatus::ACCESS_DENIED);
    b.memory().fill(b.scratch, 0x18, 0xEE).unwrap();
    assert_eq!(b.xam_call("XamContentGetDeviceSerialNumber", &[1, base, 20]), 0);
    assert_eq!([0, 0x10, 0x14].map(|at| b.word(at)), [0x3030_3030, 0x3030_3030, 0xEEEE_EEEE]);
    assert_eq!(b.xam_call("XamContentGetDeviceSerialNumber", &[2, base, 20]), 0x48F);
    assert_eq!(b.xam_call("XamContentGetDeviceSerialNumber", &[1, 0, 20]), 0x57);
    let text = b.put_wide_text(0x100, "Well done");
    assert_eq!(b.xam_call("XNotifyQueueUI", &[0, 0, 0, text, 0]), 0);
    assert_eq!(b.xam_call("XNotifyQueueUI", &[0, 0, 0, 0, 0]), 0);
    assert_eq!(b.xam_call("XNotifyQueueUI", &[0, 0, 0, 0x10, 0]), 0x57);
    b.memory().write(b.scratch, 0xEEEE_EEEE_u32).unwrap();
    assert_eq!(b.xam_call("XamVoiceCreate", &[0, 4, base]), 0xFFFF_FFFF_8007_0005, "negative");
    assert_eq!(b.word(0), 0);
    assert_eq!(b.xam_call("XamVoiceCreate", &[0, 4, 0]), 0xFFFF_FFFF_8007_0057);
    b.xam_call("XamVoiceClose", &[0]);
    for (user, context, result) in
        [(0, 0, 0), (0xFF, 0xFF, 0), (1, 0, 0xFFFF_FFFF_8007_048F), (4, 0, 0xFFFF_FFFF_8007_048F)]
    {
        b.memory().fill(b.scratch, 4, 0xEE).unwrap();
        assert_eq!(b.xam_call("XamUserGetDeviceContext", &[user, 0, base]), result);
        assert_eq!(b.word(0), context, "{user}");
    }
    assert_eq!(b.xam_call("XamUserGetDeviceContext", &[0, 0, 0]), 0xFFFF_FFFF_8007_0057);
}

#[test]
fn volumes_stay_where_they_are() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    assert_eq!(b.kernel_call("FscGetCacheElementCount", &[0]), 0);
    assert_eq!(b.status("FscSetCacheElementCount", &[0, 64]), NtStatus::SUCCESS);
    assert_eq!(b.kernel_call("FscGetCacheElementCount", &[0]), 64);
    assert_eq!(b.status("IoCreateDevice", &[0x8200_1000, 0, 0, 7, 0, base]), NtStatus::SUCCESS);
    let device = u64::from(b.word(0));
    assert_eq!(b.status("IoDismountVolume", &[device]), NtStatus::SUCCESS);
    for other in [0, base, b.kthread()] {
        assert_eq!(b.status("IoDismountVolume", &[other]), NtStatus::INVALID_PARAMETER);
    }
    let attributes = b.put_attributes(0x100, r"\Device\Harddisk0\Cache0\");
    let arguments = [base, 0x8010_0000, attributes, base + 8, 7, SYNCHRONOUS | 1];
    assert_eq!(b.status("NtOpenFile", &arguments), NtStatus::SUCCESS);
    let folder = u64::from(b.word(0));
    assert_eq!(b.status("IoDismountVolumeByFileHandle", &[folder]), NtStatus::SUCCESS);
    assert_eq!(b.status("NtCreateEvent", &[base, 0, 1, 0]), NtStatus::SUCCESS);
    let event = u64::from(b.word(0));
    assert_eq!(b.status("IoDismountVolumeByFileHandle", &[event]), NtStatus::OBJECT_TYPE_MISMATCH);
    assert_eq!(b.status("IoDismountVolumeByFileHandle", &[8]), NtStatus::INVALID_HANDLE);
    let name = b.put_string(0x200, r"\Device\Harddisk0\Cache0");
    assert_eq!(b.status("IoDismountVolumeByName", &[name]), NtStatus::SUCCESS);
    let name = b.put_string(0x200, r"\Device\Nowhere");
    assert_eq!(b.status("IoDismountVolumeByName", &[name]), NtStatus::OBJECT_PATH_NOT_FOUND);
}

#[test]
fn modules_and_settings_answer() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let name = b.put_text(0x100, "xam.xex");
    assert_eq!(b.kernel_call("XexGetModuleHandle", &[name, base]), 0);
    let xam = u64::from(b.word(0));
    let input = u64::from(xenia_imports::ordinals::xam::number::XamInputGetState);
    assert_eq!(b.status("XexGetProcedureAddress", &[xam, input, base]), NtStatus::SUCCESS);
    assert_eq!(
        b.memory().read::<u32>(GuestAddr(b.word(0))).unwrap(),
        xenia_kernel::imports::thunks::SYSTEM_CALL
    );
    assert_eq!(
        b.status("XexGetProcedureAddress", &[xam, 0xFFFF, base]),
        NtStatus::DRIVER_ENTRYPOINT_NOT_FOUND
    );
    assert_eq!(b.status("XexGetProcedureAddress", &[base, 1, base]), NtStatus::INVALID_HANDLE);
    let missing = b.put_text(0x100, r"game:\other.xex");
    assert_eq!(b.status("XexLoadImage", &[missing, 0, 0, base]), NtStatus::NO_SUCH_FILE);
    assert_eq!(b.status("ExGetXConfigSetting", &[3, 9, base, 4, base + 8]), NtStatus::SUCCESS);
    assert_eq!((b.word(0), b.word(8) >> 16), (1, 4));
    assert_eq!(b.status("ExGetXConfigSetting", &[3, 9, base, 3, 0]), NtStatus::BUFFER_TOO_SMALL);
    assert_eq!(b.xam_call("XGetLanguage", &[]), 1);
}

#[test]
fn a_module_that_cant_be_listed_leaves_nothing() {
    let mut b = Harness::new();
    b.kernel.load_title(&mut b.scheduler, &title_image(1)).unwrap();
    let title = b.kernel.modules.lock().title().unwrap().handle;
    let [first, second, last] = ldr::LISTS.map(|list| title.offset(list));
    let good: GuestAddr = b.memory().read(last.offset(list_entry::BLINK)).unwrap();
    b.memory().write(last.offset(list_entry::BLINK), 0x10_u32).unwrap();
    let library = LoadedImage { headers: vec![1; 0x40], ..title_image(2) };
    let identity = Identity { name: "lib.xex", path: r"game:\lib.xex", is_library: true };
    let blocks = b.kernel.pool.lock().blocks();
    assert!(b.kernel.loader().register(&library, identity).is_err());
    assert_eq!(b.kernel.pool.lock().blocks(), blocks);
    for list in [first, second] {
        assert_eq!(b.memory().read::<GuestAddr>(list).unwrap(), list, "the title is alone in it");
        assert_eq!(b.memory().read::<GuestAddr>(list.offset(list_entry::BLINK)).unwrap(), list);
    }
    b.memory().write(last.offset(list_entry::BLINK), good).unwrap();
    let handle = b.kernel.loader().register(&library, identity).unwrap();
    let next: GuestAddr = b.memory().read(last).unwrap();
    assert_eq!(next.0 - handle.0, last.0 - title.0);
}

#[test]
fn the_next_event_of_a_busy_graphics_chip_is_due_at_once() {
    let mut b = Harness::new();
    b.kernel_call("VdSetGraphicsInterruptCallback", &[0x8200_0000, 0]);
    let system = KernelSystem::new(b.kernel.clone());
    assert_eq!(system.next_device_event(), Some(831_250));
    let started = Barrier::new(2);
    let ended = Barrier::new(2);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let _working = b.kernel.chips.video.lock();
            started.wait();
            ended.wait();
        });
        started.wait();
        let next = system.next_device_event();
        ended.wait();
        assert_eq!(next, Some(0), "without a wait for its thread");
    });
}
