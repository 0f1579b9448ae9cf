//! Tests of messages to the console's applications, and of asynchronous requests.

mod player;

use super::*;
use xenia_exports::messages::APPLICATIONS;
use xenia_kernel::deployment::{Deployment, TitleOrigin};
use xenia_user::profile::Profile;

const INVALID_ARGUMENT: u32 = 0x8007_0057;
const FAIL: u32 = 0x8000_4005;
const NOT_LOGGED_ON: u32 = 0x8015_1802;
const INVALID_PARAMETER: u64 = 0x57;
const INCOMPLETE: u64 = 0x3E4;
const GAMES: u64 = 0xFB;
const ONLINE: u64 = 0xFC;
const SYSTEM: u64 = 0xFE;
/// Offsets in the scratch memory of a message and of the data that it points to.
const BUFFER: u32 = 0x100;
const RESULT: u32 = 0x200;
const OVERLAPPED: u32 = 0x300;

fn at(b: &Harness, offset: u32) -> u32 {
    b.scratch.offset(offset).0
}

/// Sends a message with these words.
fn send(b: &mut Harness, application: u64, message: u64, words: &[u32]) -> u32 {
    for (index, word) in words.iter().enumerate() {
        b.memory().write(b.scratch.offset(BUFFER + 4 * index as u32), *word).unwrap();
    }
    let buffer = u64::from(at(b, BUFFER));
    b.xam_call("XMsgInProcessCall", &[application, message, buffer, 4 * words.len() as u64]) as u32
}

#[test]
fn contexts_and_properties_are_kept_for_each_user() {
    let mut b = Harness::new();
    let pair = at(&b, RESULT);
    let get = [0, 0, 0, 0, 0, pair, 0, 0];
    b.memory().write(b.scratch.offset(RESULT), 0x8001_u32).unwrap();
    assert_eq!(send(&mut b, GAMES, 0xB_0041, &get), INVALID_ARGUMENT, "never set");
    assert_eq!(send(&mut b, GAMES, 0xB_0006, &[0, 0, 0, 0, 0x8001, 7]), 0);
    assert_eq!((send(&mut b, GAMES, 0xB_0041, &get), b.word(RESULT + 4)), (0, 7));
    // By id.
    let xuid = Profile::made_for(0).xuid.0;
    let by_id = [9, 0, (xuid >> 32) as u32, xuid as u32, 0x8001, 8];
    assert_eq!(send(&mut b, GAMES, 0xB_0006, &by_id), 0);
    assert_eq!((send(&mut b, GAMES, 0xB_0041, &get), b.word(RESULT + 4)), (0, 8));
    for nobody in [1, 4, u32::MAX] {
        assert_eq!(send(&mut b, GAMES, 0xB_0006, &[nobody, 0, 0, 0, 0x8001, 7]), 0x8007_0490);
        assert_eq!(send(&mut b, GAMES, 0xB_0007, &[nobody, 0, 0, 0, 0x1000_0001, 4, pair, 0]), 0x8007_0490);
        assert_eq!(send(&mut b, GAMES, 0xB_0041, &[nobody, 0, 0, 0, 0, pair, 0, 0]), 0x8007_0490);
    }
    let property = at(&b, RESULT + 0x40);
    let get = [0, 0, 0, 0, 0, 0, property, 0];
    for (id, value) in [(0x1000_0001_u32, 4_u32), (0x2000_0002, 8), (0x5000_0003, 4)] {
        b.memory().write(b.scratch.offset(RESULT), 0x0102_0304_0506_0708_u64).unwrap();
        assert_eq!(send(&mut b, GAMES, 0xB_0007, &[0, 0, 0, 0, id, value, pair, 0]), 0);
        b.memory().write(b.scratch.offset(RESULT + 0x40), id).unwrap();
        assert_eq!(send(&mut b, GAMES, 0xB_0041, &get), 0, "{id:#x}");
        let second = if value == 8 { 0x0506_0708 } else { 0 };
        assert_eq!(
            [0x48, 0x50, 0x54].map(|at| b.word(RESULT + at)),
            [(id >> 4 & 0xFF00_0000) | b.word(RESULT + 0x48) & 0xFF_FFFF, 0x0102_0304, second]
        );
    }
    for (size, from) in [(0x3E9, pair), (u32::MAX, pair), (4, 0), (4, 8)] {
        assert_eq!(send(&mut b, GAMES, 0xB_0007, &[0, 0, 0, 0, 1, size, from, 0]), INVALID_ARGUMENT);
    }
    // A text property is refused without the size of its room, and so is an unknown one.
    assert_eq!(send(&mut b, GAMES, 0xB_0007, &[0, 0, 0, 0, 0x4000_0001, 4, pair, 0]), 0);
    for id in [0x4000_0001_u32, 0x1000_0099] {
        b.memory().write(b.scratch.offset(RESULT + 0x40), id).unwrap();
        assert_eq!(send(&mut b, GAMES, 0xB_0041, &get), INVALID_ARGUMENT);
    }
    assert_eq!(send(&mut b, GAMES, 0xB_0041, &[0; 8]), INVALID_ARGUMENT);
    // Text and bytes lie behind the structure.
    let size = at(&b, RESULT + 0x70);
    for (room, answer) in [(0x1B_u32, 0x8007_007A), (0x1C, 0)] {
        b.memory().write(b.scratch.offset(RESULT + 0x40), 0x4000_0001_u32).unwrap();
        b.memory().write(b.scratch.offset(RESULT + 0x70), room).unwrap();
        assert_eq!(send(&mut b, GAMES, 0xB_0041, &[0, 0, 0, 0, size, 0, property, 0]), answer);
        assert_eq!(b.word(RESULT + 0x70), 0x1C);
    }
    assert_eq!(b.word(RESULT + 0x48) >> 24, 4);
    assert_eq!([0x50, 0x54, 0x58].map(|at| b.word(RESULT + at)), [4, property + 0x18, 0x0102_0304]);
}

#[test]
fn contexts_and_properties_that_the_title_does_not_define_are_ignored() {
    let table = |tag: &[u8; 4], count: &[u8], rows: &[u32]| {
        let rows: Vec<u8> = rows.iter().flat_map(|word| word.to_be_bytes()).collect();
        (1, u64::from(u32::from_be_bytes(*tag)), [&tag[..], &[0; 8], count, &rows].concat())
    };
    let database = achievements::built(&[
        table(b"XCXT", &[0, 0, 0, 1], &[5, 0, 3, 0]),
        table(b"XPRP", &[0, 1], &[0x1000_0007, 4]),
    ]);
    let folder = tempfile::tempdir().unwrap();
    let mut b = achievements::harness(folder.path(), &database);
    let pair = at(&b, RESULT);
    let property = at(&b, RESULT + 0x40);
    for (id, value, answer) in
        [(5_u32, 3_u32, 0), (5, 4, 0), (6, 1, INVALID_ARGUMENT), (0x8001, 9, 0), (0x800B, 1, 0)]
    {
        assert_eq!(send(&mut b, GAMES, 0xB_0006, &[0, 0, 0, 0, id, value]), 0, "{id:#x}");
        b.memory().write(b.scratch.offset(RESULT), id).unwrap();
        assert_eq!(send(&mut b, GAMES, 0xB_0041, &[0, 0, 0, 0, 0, pair, 0, 0]), answer, "{id:#x}");
        if answer == 0 {
            assert_eq!(b.word(RESULT + 4), if id == 5 { 3 } else { value }, "{id:#x}");
        }
    }
    for (id, answer) in [(0x1000_0007_u32, 0), (0x1000_0008, INVALID_ARGUMENT), (0x1000_8001, 0)] {
        assert_eq!(send(&mut b, GAMES, 0xB_0007, &[0, 0, 0, 0, id, 4, pair, 0]), 0, "{id:#x}");
        b.memory().write(b.scratch.offset(RESULT + 0x40), id).unwrap();
        assert_eq!(send(&mut b, GAMES, 0xB_0041, &[0, 0, 0, 0, 0, 0, property, 0]), answer, "{id:#x}");
    }
}

#[test]
fn contexts_of_a_user_are_limited() {
    let mut b = Harness::new();
    for id in 0..1000 {
        assert_eq!(send(&mut b, GAMES, 0xB_0006, &[0, 0, 0, 0, id, id]), 0);
    }
    let pair = at(&b, RESULT);
    for (id, answer) in [(255_u32, 0), (256, INVALID_ARGUMENT)] {
        b.memory().write(b.scratch.offset(RESULT), id).unwrap();
        assert_eq!(send(&mut b, GAMES, 0xB_0041, &[0, 0, 0, 0, 0, pair, 0, 0]), answer, "{id}");
    }
}

#[test]
fn the_online_service_is_not_there() {
    let mut b = Harness::new();
    let result = u64::from(at(&b, RESULT));
    assert_eq!(b.xam_call("XMsgInProcessCall", &[ONLINE, 0x5_8004, result, 4]), 0);
    assert_eq!(b.word(RESULT), 1);
    let buffer = u64::from(at(&b, BUFFER));
    assert_eq!(b.xam_call("XMsgInProcessCall", &[ONLINE, 0x5_800E, buffer, result]), 0);
    assert_eq!(b.word(RESULT), 0, "the player is not muted");
    for (message, answer) in [
        (0x5_8003, 0x0015_10F1),
        (0x5_8006, NOT_LOGGED_ON),
        (0x5_8007, NOT_LOGGED_ON),
        (0x5_8020, FAIL),
        (0x5_8023, FAIL),
        (0x5_8037, 0),
        (0x5_8046, 0),
    ] {
        let found = b.xam_call("XMsgSystemProcessCall", &[ONLINE, message, result, 4]);
        assert_eq!(found, answer as i32 as i64 as u64, "{message:#x}");
    }
    assert_eq!(send(&mut b, GAMES, 0xB_0021, &[0; 7]), NOT_LOGGED_ON);
    assert_eq!(send(&mut b, GAMES, 0xB_003D, &[0; 4]), FAIL);
    assert_eq!(send(&mut b, GAMES, 0xB_0099, &[]), FAIL, "no such message");
    assert_eq!(send(&mut b, 0x99, 0xB_0006, &[]), INVALID_ARGUMENT, "no such application");
    let thread = GuestAddr(b.kthread() as u32);
    assert_eq!(b.memory().read::<u32>(thread.offset(0x160)).unwrap(), 0x490);
}

/// Sends `XStorageBuildServerPath`; returns the answer and the path.
fn storage_path(b: &mut Harness, facility: u32, owner: [u32; 2], file: u32) -> (u32, String) {
    let path = at(b, 0x800);
    let length = at(b, RESULT);
    let words = [0, 0, owner[0], owner[1], facility, 0, 0, file, path, length];
    let answer = send(b, ONLINE, 0x5_8035, &words);
    let built = b.memory().read_wide_string(GuestAddr(path), 255).unwrap();
    (answer, String::from_utf16(&built).unwrap())
}

#[test]
fn a_path_in_the_services_storage_needs_no_connection() {
    let mut b = Harness::new();
    let file = b.put_wide_text(0x400, "a.bin") as u32;
    for (facility, file, answer) in [(2, 0, INVALID_ARGUMENT), (9, file, 0x8015_C009)] {
        assert_eq!(storage_path(&mut b, facility, [0; 2], file).0, answer, "{facility} {file:#x}");
    }
    let user = Profile::made_for(0).xuid.0;
    for (facility, owner, folder) in [
        (1, [0; 2], "title/00000000/storage/clips".to_owned()),
        (2, [0; 2], "title/00000000/storage".to_owned()),
        (3, [0; 2], format!("user/{user:016x}/title/00000000/storage")),
        (3, [0x0009_0000, 5], "user/0009000000000005/title/00000000/storage".to_owned()),
    ] {
        let built = format!("//{folder}/a.bin");
        let length = built.len() as u32 + 1;
        assert_eq!(storage_path(&mut b, facility, owner, file), (0, built));
        assert_eq!(b.word(RESULT), length);
    }
    // The folder takes 25 units, and the terminator one of 255.
    for (length, answer) in [(229, 0), (230, 0x8007_007A)] {
        let file = b.put_wide_text(0x400, &"x".repeat(length)) as u32;
        assert_eq!(storage_path(&mut b, 2, [0; 2], file).0, answer, "{length}");
    }
}

#[test]
fn system_messages_report_the_device_of_a_root() {
    let mut b = Harness::new();
    let result = at(&b, RESULT);
    assert_eq!((send(&mut b, SYSTEM, 0x2_2005, &[result, 0]), b.word(RESULT)), (0, 0));
    assert_eq!(send(&mut b, SYSTEM, 0x2_2005, &[0, 0]), INVALID_ARGUMENT);
    assert_eq!(send(&mut b, SYSTEM, 0x2_1012, &[1]), 0);
    for (root, kind) in
        [("game", Some(4)), ("D:", Some(4)), ("cache", Some(1)), ("hdd", Some(1)), ("x", None), ("", None)]
    {
        let mut words = [0; 19];
        for (word, bytes) in words.iter_mut().zip(root.as_bytes().chunks(4)) {
            let mut whole = [0; 4];
            whole[..bytes.len()].copy_from_slice(bytes);
            *word = u32::from_be_bytes(whole);
        }
        words[17] = result;
        words[18] = at(&b, OVERLAPPED);
        b.memory().fill(b.scratch.offset(OVERLAPPED), 0x1C, 0).unwrap();
        let found = send(&mut b, SYSTEM, 0x2_0021, &words);
        assert_eq!((found == 0).then(|| b.word(RESULT)), kind, "{root}");
    }
    // A message whose event is invalid stores nothing.
    b.memory().write(b.scratch.offset(OVERLAPPED + 0xC), 8_u32).unwrap();
    b.memory().write(b.scratch.offset(RESULT), 9_u32).unwrap();
    let overlapped = at(&b, OVERLAPPED);
    assert_eq!((send(&mut b, SYSTEM, 0x2_2005, &[result, overlapped]), b.word(RESULT)), (FAIL, 9));
}

#[test]
fn a_structure_in_a_system_message_completes_with_success() {
    const PENDING: u32 = 0x3E5;
    let mut b = Harness::new();
    let result = at(&b, RESULT);
    let overlapped = at(&b, OVERLAPPED);
    let fields = |b: &Harness| [0, 4, 0x18].map(|field| b.word(OVERLAPPED + field));
    let mut device = [0; 19];
    device[0] = u32::from_be_bytes(*b"game");
    device[17] = result;
    device[18] = overlapped;
    for (message, words) in [(0x2_2005, &[result, overlapped][..]), (0x2_0021, &device[..])] {
        b.memory().fill(b.scratch.offset(OVERLAPPED), 0x1C, 0).unwrap();
        b.memory().write(b.scratch.offset(OVERLAPPED + 4), 7_u32).unwrap();
        assert_eq!((send(&mut b, SYSTEM, message, words), fields(&b)), (0, [PENDING, 7, 0]), "{message:#x}");
        b.end_background_calls();
        assert_eq!(fields(&b), [0, 0, 0], "{message:#x}");
    }
    // The call reports a refusal itself.
    device[0] = u32::from_be_bytes(*b"none");
    assert_eq!(send(&mut b, SYSTEM, 0x2_0021, &device), INVALID_ARGUMENT);
    assert_eq!((fields(&b), b.kernel.requests.next_due()), ([0, 0, 0], None));
}

#[test]
fn a_title_in_a_package_has_its_license_and_is_on_the_hard_disk() {
    for (origin, license) in
        [(TitleOrigin::Disc, Some(1)), (TitleOrigin::Installed, Some(0)), (TitleOrigin::Download, None)]
    {
        let deployment = Deployment { origin, license };
        let config = KernelConfig { deployment, ..KernelConfig::default() };
        let mut b = Harness::with_config(config, Ports::default());
        let result = at(&b, RESULT);
        assert_eq!(send(&mut b, SYSTEM, 0x2_2005, &[result, 0]), 0);
        assert_eq!(b.word(RESULT), origin as u32);
        let mut words = [0; 19];
        words[0] = u32::from_be_bytes(*b"game");
        words[17] = result;
        assert_eq!(send(&mut b, SYSTEM, 0x2_0021, &words), 0);
        assert_eq!(b.word(RESULT), if origin == TitleOrigin::Disc { 4 } else { 1 });
        b.memory().write(b.scratch.offset(RESULT), 9_u32).unwrap();
        let status = if license.is_some() { 0 } else { 0x65B };
        assert_eq!(b.xam_call("XamContentGetLicenseMask", &[u64::from(result), 0]), status);
        assert_eq!(b.word(RESULT), license.unwrap_or(0));
        assert_eq!(b.xam_call("XamContentGetLicenseMask", &[0, 0]), INVALID_PARAMETER);
    }
}

#[test]
fn asynchronous_requests_complete_with_their_results() {
    let mut b = Harness::new();
    let buffer = u64::from(at(&b, BUFFER));
    let overlapped = u64::from(at(&b, OVERLAPPED));
    let fields = |b: &Harness| [0, 4, 0x18].map(|field| b.word(OVERLAPPED + field));
    let result = u64::from(at(&b, RESULT));
    b.memory().write(b.scratch.offset(BUFFER), result as u32).unwrap();
    b.memory().write(b.scratch.offset(BUFFER + 4), 0_u32).unwrap();
    for (name, more) in [("XMsgStartIORequest", &[][..]), ("XMsgStartIORequestEx", &[0][..])] {
        let arguments = |message, overlapped| [&[SYSTEM, message, overlapped, buffer, 8], more].concat();
        assert_eq!(b.xam_call(name, &arguments(0x2_2005, 0)), 0);
        assert_eq!(b.xam_call(name, &arguments(0x2_FFFF, 0)), u64::from(FAIL));
        b.call_in_background(name, &arguments(0x2_2005, overlapped));
        assert_eq!(fields(&b), [0, 0, 0]);
        b.call_in_background(name, &arguments(0x2_FFFF, overlapped));
        assert_eq!(fields(&b), [FAIL, 0, FAIL]);
    }
    assert_eq!(b.xam_call("XamGetOverlappedResult", &[overlapped, result, 0]), u64::from(FAIL));
    b.memory().write(b.scratch.offset(OVERLAPPED), 0x3E5_u32).unwrap();
    assert_eq!(b.xam_call("XamGetOverlappedResult", &[overlapped, result, 0]), INCOMPLETE);
    assert_eq!(b.xam_call("XMsgCompleteIORequest", &[overlapped, 5, 0x8007_0005, 9]), 0);
    assert_eq!(fields(&b), [5, 9, 0x8007_0005]);
    assert_eq!((b.xam_call("XamGetOverlappedResult", &[overlapped, result, 1]), b.word(RESULT)), (5, 9));
    assert_eq!(b.xam_call("XMsgCancelIORequest", &[overlapped, 1]), 0);
    assert_eq!(b.xam_call("XamGetOverlappedResult", &[0, result, 1]), INVALID_PARAMETER);
    assert_eq!(b.xam_call("XMsgCompleteIORequest", &[0, 0, 0, 0]), INVALID_PARAMETER);
}

#[test]
fn requests_that_are_not_asynchronous_clear_the_last_error_when_they_succeed() {
    let mut b = Harness::new();
    let buffer = u64::from(at(&b, BUFFER));
    let words = [at(&b, RESULT), 0];
    for (place, word) in [BUFFER, BUFFER + 4].into_iter().zip(words) {
        b.memory().write(b.scratch.offset(place), word).unwrap();
    }
    for (message, result, error) in [(0x2_2005, 0, 0), (0x2_FFFF, u64::from(FAIL), 2)] {
        b.xam_call("SetLastError", &[2]);
        assert_eq!(b.xam_call("XMsgStartIORequest", &[SYSTEM, message, 0, buffer, 8]), result);
        assert_eq!(b.xam_call("GetLastError", &[]), error);
    }
}

#[test]
fn request_result_wait_calls_the_kernel_wait() {
    let mut b = Harness::new();
    let result = u64::from(at(&b, RESULT));
    let overlapped = u64::from(at(&b, OVERLAPPED));
    assert_eq!(b.status("NtCreateEvent", &[result, 0, 1, 0]), NtStatus::SUCCESS);
    let event = b.word(RESULT);
    for (field, word) in [(0, 0x3E5_u32), (4, 0), (0xC, event), (0x10, 0), (0x18, 0)] {
        b.memory().write(b.scratch.offset(OVERLAPPED + field), word).unwrap();
    }
    let arguments = [overlapped, result, 1];
    let Flow::CallGuest(wait) = b.call(Library::xam, "XamGetOverlappedResult", &arguments) else {
        panic!("it does not wait")
    };
    let export = registry().find_by_name(Library::xboxkrnl, "NtWaitForSingleObjectEx").unwrap();
    let stub = b.kernel.imports.stub_of(b.memory(), export).unwrap();
    assert_eq!((wait.pc, wait.args), (stub, vec![u64::from(event), 1, 0, 0]));
    assert_eq!(b.xam_call("XMsgCompleteIORequest", &[overlapped, 5, 0x8007_0005, 9]), 0);
    let kernel = b.kernel.clone();
    b.act(b.thread, |cpu, running| {
        let mut call = Call::new(&kernel, cpu, running);
        let flow = Harness::resume_call(&mut call, wait.then, 0);
        kernel.apply(&mut call, flow)
    });
    assert_eq!((b.answer(b.thread), b.word(RESULT)), (Some(5), 9));
}

#[test]
fn messages_survive_invalid_arguments() {
    let mut b = Harness::new();
    for application in APPLICATIONS {
        for message in application.messages {
            for buffer in [0, 1, 0xFFFF_FFFC, u64::from(b.scratch.0) + 0x1_FFFC] {
                let arguments = [u64::from(application.id), u64::from(message.number), buffer, 0xFFFF_FFFF];
                b.xam_call("XMsgInProcessCall", &arguments);
            }
            // Each field is an invalid address.
            let wild = [0xFFFF_FFF0; 24];
            send(&mut b, u64::from(application.id), u64::from(message.number), &wild);
        }
    }
}
